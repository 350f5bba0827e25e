"""What outlives Home Assistant: energy counters and whether surplus charging is on.

A counter is shown only after it is on disk, so that even a power cut lets it never jump back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
import logging
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from ._lib.durable_store import DurableStore
from .api.energy import EnergyCounter, RisingFilter
from .const import DOMAIN

_LOGGER = logging.getLogger(__name__)

STORAGE_VERSION: Final = 1


@dataclass(slots=True)
class DeviceCounters:
    """A device's counters: integrated from power, and the device's own kept from falling."""

    integrated: dict[str, EnergyCounter] = field(default_factory=dict)
    filtered: dict[str, RisingFilter] = field(default_factory=dict)
    # What is on disk, and may be shown.
    shown: dict[str, float] = field(default_factory=dict)

    def now(self) -> dict[str, float]:
        """Return all counters as they stand, in kWh."""
        return {key: round(counter.kwh, 6) for key, counter in self.integrated.items()} | {
            key: round(counter.shown, 6) for key, counter in self.filtered.items()
        }

    def as_dict(self) -> dict[str, Any]:
        """Return what is written down."""
        return {
            "integrated": {key: counter.kwh for key, counter in self.integrated.items()},
            "filtered": {
                key: {"shown": counter.shown, "raw": counter.raw, "offset": counter.offset}
                for key, counter in self.filtered.items()
            },
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DeviceCounters:
        """Return counters as they were written down."""
        counters = cls(
            {key: EnergyCounter(float(kwh)) for key, kwh in data.get("integrated", {}).items()},
            {
                key: RisingFilter(float(kept["shown"]), kept["raw"], float(kept["offset"]))
                for key, kept in data.get("filtered", {}).items()
            },
        )
        counters.shown = counters.now()
        return counters


class EcoflowStore:
    """The file of one account."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Nothing is read yet."""
        self._store: DurableStore[dict[str, Any]] = DurableStore(
            hass, STORAGE_VERSION, f"{DOMAIN}.{entry_id}", domain=DOMAIN
        )
        self.counters: dict[str, DeviceCounters] = {}
        self.surplus_enabled: dict[str, bool] = {}
        self._failed = False

    async def async_load(self) -> None:
        """Read what the last run left."""
        data = await self._store.async_load() or {}
        self.counters = {sn: DeviceCounters.from_dict(kept) for sn, kept in data.get("counters", {}).items()}
        self.surplus_enabled = dict(data.get("surplus_enabled", {}))

    def of(self, sn: str) -> DeviceCounters:
        """Return a device's counters, new ones for a new device."""
        return self.counters.setdefault(sn, DeviceCounters())

    async def async_save_counters(self) -> list[tuple[str, str]]:
        """Write counters down if any rose; returns (serial number, key) of those that may now be shown anew."""
        after = {sn: counters.now() for sn, counters in self.counters.items()}
        risen = [
            (sn, key)
            for sn, values in after.items()
            for key, kwh in values.items()
            if kwh != self.counters[sn].shown.get(key)
        ]
        if not risen or not await self._async_save():
            return []
        for sn, values in after.items():
            if sn in self.counters:
                self.counters[sn].shown = values
        return risen

    async def _async_save(self) -> bool:
        """Save; a disk that refuses is told once and leaves the counters where they were."""
        try:
            await self._store.async_save_durably(self._data())
        except HomeAssistantError as err:
            if not self._failed:
                _LOGGER.warning("Energy counters cannot be stored and stand still: %s", err)
            self._failed = True
            return False
        if self._failed:
            _LOGGER.info("Energy counters are stored again")
        self._failed = False
        return True

    async def async_set_surplus_enabled(self, subentry_id: str, enabled: bool) -> None:
        """Remember a switch; raises HomeAssistantError when it cannot be written down."""
        before = dict(self.surplus_enabled)
        self.surplus_enabled[subentry_id] = enabled
        try:
            await self._store.async_save_durably(self._data())
        except HomeAssistantError:
            self.surplus_enabled = before
            raise

    async def async_remove(self) -> None:
        """Delete the file."""
        await self._store.async_remove()

    def _data(self) -> dict[str, Any]:
        return {
            "counters": {sn: counters.as_dict() for sn, counters in self.counters.items()},
            "surplus_enabled": self.surplus_enabled,
        }
