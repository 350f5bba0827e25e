"""Stored data of an account: energy counters, and whether surplus charging is turned on.

A counter is shown only after it was stored, so that it never decreases after a power failure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from .._lib.retried_store import RetriedStore
from ..api.counters import MonotonicCounter, PowerIntegrator
from ..const import DOMAIN

STORAGE_VERSION: Final = 1


@dataclass(slots=True)
class DeviceCounters:
    """The energy counters of a device: integrated from power, and its own ones without decreases."""

    integrated: dict[str, PowerIntegrator] = field(default_factory=dict)
    filtered: dict[str, MonotonicCounter] = field(default_factory=dict)
    # The totals in kWh that are stored and can be shown.
    stored: dict[str, float] = field(default_factory=dict)

    def totals(self) -> dict[str, float]:
        """Return the current total of each counter in kWh."""
        return {key: round(counter.kwh, 6) for key, counter in self.integrated.items()} | {
            key: round(counter.shown, 6) for key, counter in self.filtered.items()
        }

    def as_dict(self) -> dict[str, Any]:
        """Return the counters in their stored form."""
        return {
            "integrated": {key: counter.kwh for key, counter in self.integrated.items()},
            "filtered": {key: counter.as_dict() for key, counter in self.filtered.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DeviceCounters:
        """Return the counters from their stored form."""
        counters = cls(
            {key: PowerIntegrator(float(kwh)) for key, kwh in data.get("integrated", {}).items()},
            {key: MonotonicCounter.from_dict(stored) for key, stored in data.get("filtered", {}).items()},
        )
        counters.stored = counters.totals()
        return counters


class EcoflowStore:
    """The storage file of an account; while it cannot be written, a repair issue is shown and writing is retried."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Prepare the store; `async_load` reads the file."""
        self._store = RetriedStore(hass, STORAGE_VERSION, f"{DOMAIN}.{entry_id}", self._data, domain=DOMAIN)
        self.counters: dict[str, DeviceCounters] = {}
        self.surplus_enabled: dict[str, bool] = {}

    async def async_load(self) -> None:
        """Read the file."""
        data = await self._store.async_load() or {}
        self.counters = {sn: DeviceCounters.from_dict(stored) for sn, stored in data.get("counters", {}).items()}
        self.surplus_enabled = dict(data.get("surplus_enabled", {}))
        if self._store.is_failing:
            # The data of the last unload is not on disk yet.
            for counters in self.counters.values():
                counters.stored = {}

    def device_counters(self, sn: str) -> DeviceCounters:
        """Return the counters of a device, new ones for a new device."""
        return self.counters.setdefault(sn, DeviceCounters())

    async def async_save_counters(self) -> list[tuple[str, str]]:
        """Store the counters that changed; returns (serial number, key) of each counter to publish.

        After a failed write the shown counters keep their last stored totals until a write succeeds.
        """
        totals_by_sn = {sn: counters.totals() for sn, counters in self.counters.items()}
        if not (changed := self._changed_counters()):
            return []
        try:
            await self._store.async_commit()
        except HomeAssistantError:  # logged, reported as a repair issue, and retried by the store
            return []
        for sn, totals in totals_by_sn.items():
            if sn in self.counters:
                self.counters[sn].stored = totals
        return changed

    async def async_apply_surplus_enabled(self, subentry_id: str, enabled: bool) -> None:
        """Turn surplus charging on or off, regardless of the disk: what cannot be stored is stored later."""
        self.surplus_enabled[subentry_id] = enabled
        await self._store.async_save_or_retry()

    async def async_close(self) -> None:
        """Save before an unload; data that cannot be written is kept for the next load."""
        if self._store.is_failing or self._changed_counters():
            await self._store.async_close()

    async def async_remove(self) -> None:
        """Delete the file."""
        await self._store.async_remove()

    def _changed_counters(self) -> list[tuple[str, str]]:
        return [
            (sn, key)
            for sn, counters in self.counters.items()
            for key, kwh in counters.totals().items()
            if kwh != counters.stored.get(key)
        ]

    def _data(self) -> dict[str, Any]:
        return {
            "counters": {sn: counters.as_dict() for sn, counters in self.counters.items()},
            "surplus_enabled": self.surplus_enabled,
        }
