"""Stored data of an account: energy counters, and whether surplus charging is turned on.

A counter is shown only after it was stored, so that it never decreases after a power failure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
import logging
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from .._lib.durable_store import DurableStore
from ..api.counters import MonotonicCounter, PowerIntegrator
from ..const import DOMAIN

_LOGGER = logging.getLogger(__name__)

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
    """The storage file of an account."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Prepare the store; `async_load` reads the file."""
        self._store: DurableStore[dict[str, Any]] = DurableStore(
            hass, STORAGE_VERSION, f"{DOMAIN}.{entry_id}", domain=DOMAIN
        )
        self.counters: dict[str, DeviceCounters] = {}
        self.surplus_enabled: dict[str, bool] = {}
        # Called with the error of a failed save, and with None when saving works again.
        self.on_result: Callable[[str | None], None] = lambda _error: None
        self._failed = False
        # A setting that applies but is not on disk yet.
        self._unsaved = False

    async def async_load(self) -> None:
        """Read the file."""
        data = await self._store.async_load() or {}
        self.counters = {sn: DeviceCounters.from_dict(stored) for sn, stored in data.get("counters", {}).items()}
        self.surplus_enabled = dict(data.get("surplus_enabled", {}))

    def device_counters(self, sn: str) -> DeviceCounters:
        """Return the counters of a device, new ones for a new device."""
        return self.counters.setdefault(sn, DeviceCounters())

    async def async_save_counters(self) -> list[tuple[str, str]]:
        """Store the counters that changed; returns (serial number, key) of each counter to publish."""
        totals_by_sn = {sn: counters.totals() for sn, counters in self.counters.items()}
        changed = [
            (sn, key)
            for sn, totals in totals_by_sn.items()
            for key, kwh in totals.items()
            if kwh != self.counters[sn].stored.get(key)
        ]
        if not (changed or self._unsaved or self._failed) or not await self._async_try_save():
            return []
        for sn, totals in totals_by_sn.items():
            if sn in self.counters:
                self.counters[sn].stored = totals
        return changed

    async def _async_try_save(self) -> bool:
        """Save the file; a failure is reported once and keeps the shown counters at their last stored totals."""
        try:
            await self._async_save()
        except HomeAssistantError as err:
            if not self._failed:
                _LOGGER.warning("Storing energy counters failed; they are not updated until it succeeds: %s", err)
            self._failed = True
            return False
        if self._failed:
            _LOGGER.info("Energy counters are stored again")
        self._failed = False
        return True

    async def _async_save(self) -> None:
        """Save the file and report the result; raises HomeAssistantError."""
        try:
            await self._store.async_save_durably(self._data())
        except HomeAssistantError as err:
            self.on_result(str(err.__cause__ or err))
            raise
        self._unsaved = False
        self.on_result(None)

    async def async_set_surplus_enabled(self, subentry_id: str, enabled: bool) -> None:
        """Store whether surplus charging is turned on; raises HomeAssistantError if that fails."""
        before = dict(self.surplus_enabled)
        self.surplus_enabled[subentry_id] = enabled
        try:
            await self._async_save()
        except HomeAssistantError:
            self.surplus_enabled = before
            raise

    async def async_apply_surplus_enabled(self, subentry_id: str, enabled: bool) -> None:
        """Turn surplus charging on or off, whatever the disk does: what cannot be stored is stored later."""
        try:
            await self.async_set_surplus_enabled(subentry_id, enabled)
        except HomeAssistantError as err:
            _LOGGER.warning("Storing a setting failed; it applies and is stored later: %s", err)
            self.surplus_enabled[subentry_id] = enabled
            self._unsaved = True

    async def async_remove(self) -> None:
        """Delete the file."""
        await self._store.async_remove()

    def _data(self) -> dict[str, Any]:
        return {
            "counters": {sn: counters.as_dict() for sn, counters in self.counters.items()},
            "surplus_enabled": self.surplus_enabled,
        }
