"""How far uploads are, for clients and people who wait: those under way, and the last ones that ended."""

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
import re
import secrets
from typing import Any, Final

from .rollout.errors import OtaError, ReleaseError
from .rollout.models import Release

KEPT: Final = 32
UPLOAD_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Phase(StrEnum):
    """Where an upload stands."""

    RECEIVING = "receiving"
    CHECKING = "checking"
    STORED = "stored"
    REFUSED = "refused"


@dataclass(slots=True, kw_only=True)
class Progress:
    """One upload."""

    upload_id: str
    received: int = 0
    size: int | None = None
    phase: Phase = Phase.RECEIVING
    release_id: str | None = None
    error: str | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more happens."""
        return self.phase in (Phase.STORED, Phase.REFUSED)

    def as_dict(self) -> dict[str, Any]:
        """What the API says."""
        percent = None if not self.size else min(100, self.received * 100 // self.size)
        return {
            "upload": self.upload_id,
            "phase": self.phase.value,
            "received": self.received,
            "size": self.size,
            "percent": percent,
            "release_id": self.release_id,
            "error": self.error,
        }

    async def counted(self, chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        """The same chunks, counted."""
        async for chunk in chunks:
            self.received += len(chunk)
            yield chunk
        self.phase = Phase.CHECKING

    def stored(self, release: Release) -> None:
        """It is a release now."""
        self.phase, self.release_id = Phase.STORED, release.release_id

    def refused(self, err: BaseException) -> None:
        """It came to nothing."""
        self.phase, self.error = Phase.REFUSED, err.code if isinstance(err, OtaError) else "upload_broken"


class Uploads:
    """All of them, by id; the oldest that ended are forgotten first."""

    def __init__(self) -> None:
        """Begin with none."""
        self._known: dict[str, Progress] = {}

    def begin(self, upload_id: str | None, size: int | None = None) -> Progress:
        """Begin an upload, under the id that its client chose, or one of ours.

        Raises:
            ReleaseError: `bad_upload_id`; `upload_exists` while one with this id is under way.
        """
        if upload_id is None:
            upload_id = secrets.token_hex(8)
        if not UPLOAD_ID.fullmatch(upload_id):
            raise ReleaseError("bad_upload_id")
        before = self._known.get(upload_id)
        if before is not None and not before.ended:
            raise ReleaseError("upload_exists")
        self._known.pop(upload_id, None)
        progress = self._known[upload_id] = Progress(upload_id=upload_id, size=size)
        ended = [known.upload_id for known in self._known.values() if known.ended]
        for old in ended[: max(0, len(self._known) - KEPT)]:
            del self._known[old]
        return progress

    def get(self, upload_id: str) -> Progress | None:
        """One of them."""
        return self._known.get(upload_id)

    def all(self) -> list[Progress]:
        """The oldest first."""
        return list(self._known.values())
