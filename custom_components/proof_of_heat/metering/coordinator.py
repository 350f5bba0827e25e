"""Meters that are asked directly: a Shelly Pro 3EM, at a pace of its own."""

from datetime import timedelta
import logging
from typing import Any, Final, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_SCAN_INTERVAL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .._lib.publish_rules import Pace
from .._lib.publisher import Publisher
from .._lib.slices import slice_length_s
from ..const import DOMAIN
from ..drivers.errors import AuthError, DriverError
from ..drivers.meter.reading import MeterReading
from ..drivers.meter.shelly import ShellyMeter
from ..drivers.meter.shelly_websocket import ShellyWebSocket

_LOGGER = logging.getLogger(__name__)

CONF_INVERTED: Final = "inverted"
DEFAULT_INTERVAL_S: Final = 10
_ENERGY_EVERY: Final = 6


def meter_of(hass: HomeAssistant, data: Any) -> ShellyMeter:
    """The meter of a subentry's (or a form's) data."""
    return ShellyMeter(
        async_get_clientsession(hass),
        data[CONF_HOST],
        port=int(data.get(CONF_PORT, 80)),
        password=data.get(CONF_PASSWORD),
    )


class MeterCoordinator(DataUpdateCoordinator[MeterReading]):
    """One meter: what it pushes, and asked where it says nothing for an interval.

    Counters change slowly: they are read at every sixth turn.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry) -> None:
        interval_s = float(subentry.data.get(CONF_SCAN_INTERVAL, DEFAULT_INTERVAL_S))
        interval = timedelta(seconds=interval_s)
        super().__init__(hass, _LOGGER, config_entry=entry, name=f"{DOMAIN} {subentry.title}", update_interval=interval)
        self.publisher: Publisher | None = None
        """Its own where the user wants it quicker than states are written elsewhere."""
        if interval_s < Pace().min_interval_s:
            self.publisher = Publisher(
                hass.loop, pace=Pace(min_interval_s=interval_s), slice_s=slice_length_s(hass.data)
            )
            entry.async_on_unload(self.publisher.close)
        self._entry = entry
        self.subentry_id = subentry.subentry_id
        self.title = subentry.title
        self.mac = subentry.unique_id
        self._subentry_data = subentry.data
        self._meter = meter_of(hass, subentry.data)
        self._inverted = bool(subentry.data.get(CONF_INVERTED, False))
        self._turn = 0
        self._pushing = False

    @callback
    def _listen(self) -> None:
        """Hear its notifications too; ends with the entry."""
        data = self._subentry_data
        push = ShellyWebSocket(
            async_get_clientsession(self.hass),
            data[CONF_HOST],
            self._pushed,
            port=int(data.get(CONF_PORT, 80)),
            password=data.get(CONF_PASSWORD),
        )
        self._entry.async_create_background_task(self.hass, push.run(), f"{DOMAIN} push of {self.title}")

    @callback
    def _pushed(self, reading: MeterReading) -> None:
        self.async_set_updated_data(reading.inverted() if self._inverted else reading)

    def _ask_for_password(self) -> None:
        entry = self._entry
        if not any(True for _ in entry.async_get_active_flows(self.hass, {SOURCE_REAUTH})):
            entry.async_start_reauth(self.hass, data={"subentry_id": self.subentry_id})

    @override
    async def _async_update_data(self) -> MeterReading:
        energy = self._turn % _ENERGY_EVERY == 0
        try:
            reading = await self._meter.read(energy=energy)
        except DriverError as err:
            if isinstance(err, AuthError):
                self._ask_for_password()
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="meter_failed",
                translation_placeholders={"name": self.title, "error": str(err)},
            ) from err
        self._turn += 1
        if not self._pushing:  # it answers: now it is worth while to listen
            self._pushing = True
            self._listen()
        if self._inverted:
            reading = reading.inverted()
        if energy or self.data is None:
            return reading
        return MeterReading(
            at=reading.at,
            power_w=reading.power_w,
            phases_w=reading.phases_w,
            imported_kwh=self.data.imported_kwh,
            exported_kwh=self.data.exported_kwh,
        )
