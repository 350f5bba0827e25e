# Generated from lib/fleet.py by scripts/build: edit that file, not this one.
"""How an integration offers its devices to the `ota` integration for firmware updates.

An integration that has devices with firmware has a module `ota.py` next to its `__init__.py` with one
function, `async_get_fleet(hass)` (see `FleetProvider`). Home Assistant's integration platforms bring the two
together; neither imports the other. A provider vendors this module (`_lib/fleet.py`); because every
integration has its own copy, the consumer never tests with `isinstance` against these classes: the protocol
is structural, and `FleetDevice` is read by its field names.

All calls are made in Home Assistant's event loop and must return at once: no I/O, no waiting.
The contract is documented in docs/ota-fleets.md; tests/fleet_contract.py is the test every provider passes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
import re
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

CONTRACT_VERSION: Final = 1

DEVICE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
"""Pattern of a device ID in a fleet: it is used in URLs and file names."""

CHIPS: Final = frozenset(
    {
        "esp32",
        "esp32s2",
        "esp32s3",
        "esp32c2",
        "esp32c3",
        "esp32c5",
        "esp32c6",
        "esp32c61",
        "esp32h2",
        "esp32h4",
        "esp32h21",
        "esp32p4",
        "esp32s31",
        "esp32e22",
        "esp8266",
        "bk7231n",
        "bk7231t",
        "generic",
    }
)
"""Chips that images are built for; `generic` is anything whose image cannot be checked (a Linux box)."""

type FleetListener = Callable[[frozenset[str]], None]
type Unsubscribe = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetDevice:
    """What is known of one device now. A new value replaces the old one; nothing is changed in place."""

    device_id: str
    """Stable and unique in the fleet, of the form `DEVICE_ID`."""
    name: str
    product: str
    """The firmware's project, as in the image's app descriptor: only releases of this product are offered."""
    chip: str
    """One of `CHIPS`."""
    model: str | None = None
    installed_version: str | None = None
    """Version that the device reports; None until it has reported one."""
    group: str | None = None
    """Rollouts can be limited to groups, for example a building."""
    zone: str | None = None
    """Devices of one zone never restart at the same time (a heating zone)."""
    tags: frozenset[str] = frozenset()
    metadata: Mapping[str, str] = field(default_factory=dict)
    last_seen: datetime | None = None
    """Time, with zone, of the last authenticated sign of life."""
    boot_count: int | None = None
    """Rises by one with every restart; None where the device does not count."""
    busy: str | None = None
    """Why a restart now would do harm, such as `heat_demand`; None when it may restart."""
    device_registry_id: str | None = None
    """The device in Home Assistant's registry, which the update entity joins."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Numbers to compare two releases by, such as `free_heap` or `sync_gap_s`."""
    slots: tuple[str | None, ...] = ()
    """SHA-256 of the image in each firmware slot; None: no valid image. Empty: the device reports no slots."""
    running_slot: int | None = None
    can_roll_back: bool | None = None
    """Whether its bootloader returns to the other image if a new one does not work; None: not reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetOffer:
    """What the device is offered at the moment; a provider may send it over its own channel."""

    job_id: str
    version: str
    size: int
    sha256: str
    path: str
    """Where the image is served to this device (path on this Home Assistant; needs the device's key)."""
    slot: int | None = None
    """Slot of the device that contains this image already: it starts it without a download."""


@runtime_checkable
class Fleet(Protocol):
    """All devices of one integration. One object per domain, alive as long as Home Assistant runs.

    While no config entry of the domain is loaded, `devices()` is empty.
    """

    @property
    def domain(self) -> str:
        """Domain of the integration."""

    @property
    def name(self) -> str:
        """What users call this fleet."""

    def devices(self) -> Mapping[str, FleetDevice]:
        """The devices by `device_id`, as a value that later changes do not touch."""

    def authenticate(self, device_id: str, key: str) -> bool:
        """Whether `key` is valid for this device now.

        Compared in constant time; False for an unknown device, an empty key, a part of a key: never an error.
        """

    def subscribe(self, listener: FleetListener) -> Unsubscribe:
        """Call `listener` with the ids of devices that came, went or changed, after the change is visible.

        The returned function ends it, and does nothing when called again.
        """

    def offer(self, device_id: str, offer: FleetOffer | None) -> None:
        """Note what the device is offered (None: nothing any more). Unknown devices are ignored."""


class FleetProvider(Protocol):
    """The module `<domain>/ota.py`."""

    async def async_get_fleet(self, hass: HomeAssistant) -> Fleet:
        """Return the domain's fleet; the same object at every call."""
