"""What is known for good of a building and of a controller, and its form on disk."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from ._lib.device_keys import KeyRing
from .protocol.commands import Command, Queue
from .protocol.control import NO_OVERRIDE, Override
from .protocol.profile import Profile


class Rotation(StrEnum):
    """How far the rotation of a key by protocol 2 is."""

    NONE = "none"
    WANTED = "wanted"
    HANDED_OUT = "handed_out"
    """The new key was in a reply; the old one stays valid until the new one is used."""


class Kind(StrEnum):
    """What a controller is."""

    ESP32 = "esp32"
    """Calls the device-sync API."""
    LINKED = "linked"
    """An entity of Home Assistant; its device id is the entity's registry id."""


@dataclass(frozen=True, slots=True)
class BuildingRecord:
    """A building, by its config entry. ``building_id`` is never used again."""

    entry_id: str
    building_id: int
    profile: Profile

    def as_dict(self) -> dict[str, Any]:
        """For storage."""
        return {"building_id": self.building_id, "profile": self.profile.as_dict()}

    @classmethod
    def from_dict(cls, entry_id: str, data: dict[str, Any]) -> Self:
        """From storage."""
        return cls(entry_id, data["building_id"], Profile.from_dict(data["profile"]))


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """A controller, by the id it calls itself.

    Attributes:
        number: The integer of the user API, never used again.
        confirmed: Home Assistant has had the time to write the subentry down. Config entries are saved a second
            late: a controller whose key was shown just before a power cut is there without its subentry.
        config: The subentry's settings, to restore it in that case.
        rotation: A protocol 2 controller gets a new key with each reply until it uses one.
    """

    device_id: str
    entry_id: str
    number: int
    name: str
    keys: KeyRing
    created: datetime
    confirmed: bool = False
    kind: Kind = Kind.ESP32
    override: Override = NO_OVERRIDE
    commands: Queue = ()
    rotation: Rotation = Rotation.NONE
    config: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For storage; holds no key, only hashes."""
        return {
            "entry_id": self.entry_id,
            "number": self.number,
            "name": self.name,
            "keys": self.keys.as_dict(),
            "created": self.created.isoformat(),
            "confirmed": self.confirmed,
            "kind": self.kind.value,
            "override": self.override.as_dict(),
            "commands": [command.as_dict() for command in self.commands],
            "rotation": self.rotation.value,
            "config": self.config,
        }

    @classmethod
    def from_dict(cls, device_id: str, data: dict[str, Any]) -> Self:
        """From storage."""
        return cls(
            device_id,
            data["entry_id"],
            data["number"],
            data["name"],
            KeyRing.from_dict(data["keys"]),
            datetime.fromisoformat(data["created"]),
            data["confirmed"],
            Kind(data["kind"]),
            Override.from_dict(data["override"]),
            tuple(Command.from_dict(command) for command in data["commands"]),
            Rotation(data["rotation"]),
            data["config"],
        )


def migrated(minor_version: int, data: dict[str, Any]) -> dict[str, Any]:
    """Stored data of an older minor version in today's form."""
    if minor_version < 2:
        for device in data["devices"].values():
            device |= {
                "kind": Kind.ESP32.value,
                "override": NO_OVERRIDE.as_dict(),
                "commands": [],
                "rotation": Rotation.NONE.value,
                "config": {},
            }
    return data
