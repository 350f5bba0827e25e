"""Stored records of buildings and controllers."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from .._lib.device_keys import KeyRing
from ..protocol.commands import ClockConversion, Queue, command_as_dict, command_from_dict
from ..protocol.configuration import NO_OVERRIDE, Override
from ..protocol.profile import Profile


class KeyRotation(StrEnum):
    """Progress of a key rotation that the controller carries out itself (protocol 2)."""

    NONE = "none"
    REQUESTED = "wanted"
    ISSUED = "handed_out"
    """A reply contained the new key. The old one stays valid until the new one is used."""


class ControllerKind(StrEnum):
    """Type of a controller."""

    ESP32 = "esp32"
    """Uses the device-sync API."""
    LINKED = "linked"
    """A linked entity; its device ID is the entity's registry ID."""


@dataclass(frozen=True, slots=True)
class BuildingRecord:
    """A building. ``building_id`` is never reused."""

    entry_id: str
    building_id: int
    profile: Profile

    def as_dict(self) -> dict[str, Any]:
        """Return the stored form."""
        return {"building_id": self.building_id, "profile": self.profile.as_dict()}

    @classmethod
    def from_dict(cls, entry_id: str, data: dict[str, Any]) -> Self:
        """Restore a record from its stored form."""
        return cls(entry_id, data["building_id"], Profile.from_dict(data["profile"]))


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """A controller.

    Attributes:
        number: Integer ID of the user API; never reused.
        confirmed: The subentry is on disk. Home Assistant saves config entries with a delay of a second: after a
            crash a controller whose key was already shown can be registered without its subentry.
        config: Data of the subentry, to restore it in that case.
        rotation: Progress of a key rotation. Until it ends, each reply contains a new key.
    """

    device_id: str
    entry_id: str
    number: int
    name: str
    keys: KeyRing
    created: datetime
    confirmed: bool = False
    kind: ControllerKind = ControllerKind.ESP32
    override: Override = NO_OVERRIDE
    commands: Queue = ()
    rotation: KeyRotation = KeyRotation.NONE
    config: dict[str, Any] = field(default_factory=dict)

    def as_dict(self, to_wall: ClockConversion) -> dict[str, Any]:
        """Return the stored form, which contains hashes of keys only."""
        return {
            "entry_id": self.entry_id,
            "number": self.number,
            "name": self.name,
            "keys": self.keys.as_dict(),
            "created": self.created.isoformat(),
            "confirmed": self.confirmed,
            "kind": self.kind.value,
            "override": self.override.as_dict(),
            "commands": [command_as_dict(command, to_wall) for command in self.commands],
            "rotation": self.rotation.value,
            "config": self.config,
        }

    @classmethod
    def from_dict(cls, device_id: str, data: dict[str, Any], from_wall: ClockConversion) -> Self:
        """Restore a record from its stored form."""
        return cls(
            device_id,
            data["entry_id"],
            data["number"],
            data["name"],
            KeyRing.from_dict(data["keys"]),
            datetime.fromisoformat(data["created"]),
            data["confirmed"],
            ControllerKind(data["kind"]),
            Override.from_dict(data["override"]),
            tuple(command_from_dict(command, from_wall) for command in data["commands"]),
            KeyRotation(data["rotation"]),
            data["config"],
        )


def migrate(minor_version: int, data: dict[str, Any]) -> dict[str, Any]:
    """Migrate stored data of an older minor version."""
    if minor_version < 2:
        for device in data["devices"].values():
            device |= {
                "kind": ControllerKind.ESP32.value,
                "override": NO_OVERRIDE.as_dict(),
                "commands": [],
                "rotation": KeyRotation.NONE.value,
                "config": {},
            }
    return data
