"""The board: two slots, a boot counter, and a bootloader that rolls back when an image does not start.

Written from Espressif's image layout, independently of the integration's own parser.
"""

from dataclasses import asdict, dataclass, field, fields
import hashlib
import json
from pathlib import Path
import struct

_CHIP_IDS = {"esp32": 0, "esp32s2": 2, "esp32c3": 5, "esp32s3": 9, "esp32c6": 13}


class BadImageError(Exception):
    """The board rejects an image."""


@dataclass(slots=True)
class Board:
    """Persistent state and installed version of the board."""

    chip: str
    product: str
    version: str
    boots: int = 1
    slot: int = 0
    image_sha256: str | None = None
    alive: bool = True
    pending: str | None = None
    """The update whose success is reported after the start (DDI)."""
    log: list[str] = field(default_factory=list)

    @classmethod
    def load(cls, flash: Path, board: Board) -> Board:
        """Return the board with the flash memory in a file; a new or damaged one is the given board's."""
        try:
            stored = json.loads(flash.read_text("utf-8"))
            return cls(**{item.name: stored[item.name] for item in fields(cls)})
        except FileNotFoundError, ValueError, KeyError, TypeError:
            return board

    def save(self, flash: Path) -> None:
        """Write the flash memory to a file."""
        flash.parent.mkdir(parents=True, exist_ok=True)
        temporary = flash.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(self)), "utf-8")
        temporary.replace(flash)

    def check(self, image: bytes) -> str:
        """Check an image as the bootloader does and return its version.

        Raises:
            BadImageError: The bootloader would not start it.
        """
        if self.chip not in _CHIP_IDS:
            return ""  # no descriptor in this chip's images
        if len(image) < 320 or image[0] != 0xE9:
            raise BadImageError("no image")
        if struct.unpack_from("<H", image, 12)[0] != _CHIP_IDS[self.chip]:
            raise BadImageError("for another chip")
        if hashlib.sha256(image[:-32]).digest() != image[-32:]:
            raise BadImageError("hash mismatch")
        return image[48:80].split(b"\0")[0].decode("ascii", "replace")

    def install(self, image: bytes, version: str) -> None:
        """Write the other slot and start it."""
        self.slot = 1 - self.slot
        self.image_sha256 = hashlib.sha256(image).hexdigest()
        self.version = version
        self.restart()

    def restart(self) -> None:
        """Restart the board."""
        self.boots += 1
        self.log.append(f"boot {self.boots}: {self.version}")
