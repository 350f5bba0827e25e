"""The devices that a driver supports, as data: what is read, what is commanded, and what proves it.

Each driver lists its devices in `SUPPORTED`; templates of Modbus devices carry the same facts. docs/devices.md is
generated from them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .._lib.heat_source import Control


class Evidence(StrEnum):
    """What proves that a device is read and commanded correctly."""

    CAPTURE = "capture"
    """Replies of a real device, read by the tests."""
    DOCUMENT = "document"
    """The manufacturer's own document."""
    EXPERIMENTAL = "experimental"
    """Neither: another public program that supports the device, or reports of users."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportedDevice:
    """Devices of one manufacturer that are read and commanded in the same way."""

    key: str
    maker: str
    models: tuple[str, ...]
    reads: tuple[str, ...]
    """Keys of the readings."""
    commands: tuple[str, ...] = ()
    """Controls, or keys of other commands."""
    evidence: Evidence = Evidence.DOCUMENT
    sources: tuple[str, ...] = ()
    """Documents with title and version, captures, or public repositories with a path."""

    @property
    def is_experimental(self) -> bool:
        """Return whether neither a capture nor a document proves it."""
        return self.evidence is Evidence.EXPERIMENTAL


COMMAND_NAMES: Final[Mapping[str, str]] = {
    Control.ON_OFF: "on and off",
    Control.POWER: "power",
    Control.FLOW: "flow temperature",
    Control.ROOM: "room setpoint",
    Control.CURVE: "heating curve",
    Control.MODE: "mode",
    "preset": "tuning preset",
    "reboot": "restart",
    "restart_mining": "restart of mining",
    "locate": "locate light",
    "boards": "single boards",
    "identify": "identify",
}
