"""Meters that are polled directly: Shelly energy meters, at their own interval."""

from datetime import timedelta
import logging
from typing import Any, Final, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_SCAN_INTERVAL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .._lib.last_messages import LastMessages
from .._lib.publish_rules import Pace
from .._lib.publisher import Publisher
from .._lib.slices import slice_length_s
from ..const import DOMAIN
from ..drivers.errors import AuthError, DriverError
from ..drivers.meter.reading import MeterReading
from ..drivers.meter.shelly import ShellyMeter
from ..drivers.meter.shelly_websocket import ShellyWebSocket
from .net_balance import NetBalance, NetCounters

_LOGGER = logging.getLogger(__name__)

CONF_INVERTED: Final = "inverted"
CONF_NET_BALANCING: Final = "net_balancing"
DEFAULT_INTERVAL_S: Final = 10
_ENERGY_INTERVALS: Final = 6


def create_meter(hass: HomeAssistant, data: Any) -> ShellyMeter:
    """Return the meter of a subentry's or form's data."""
    return ShellyMeter(
        async_get_clientsession(hass),
        data[CONF_HOST],
        port=int(data.get(CONF_PORT, 80)),
        password=data.get(CONF_PASSWORD),
    )


class MeterCoordinator(DataUpdateCoordinator[MeterReading]):
    """One meter: it pushes its readings, and is polled after an interval without one.

    Counters change slowly: they are read in every sixth poll.
    """

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry, net_counters: NetCounters
    ) -> None:
        interval_s = float(subentry.data.get(CONF_SCAN_INTERVAL, DEFAULT_INTERVAL_S))
        interval = timedelta(seconds=interval_s)
        super().__init__(hass, _LOGGER, config_entry=entry, name=f"{DOMAIN} {subentry.title}", update_interval=interval)
        self.publisher: Publisher | None = None
        """Its own publisher where its interval is shorter than that of other states."""
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
        self.messages = LastMessages(channels=8, total_bytes=131_072)
        """Its last raw replies and notifications."""
        self._meter = create_meter(hass, subentry.data)
        self._inverted = bool(subentry.data.get(CONF_INVERTED, False))
        self._net: NetBalance | None = None
        if subentry.data.get(CONF_NET_BALANCING):
            self._net = net_counters.of(subentry.subentry_id)
        self._turn = 0
        self._pushing = False

    @property
    def model(self) -> str | None:
        """The name of the model; None before the meter has answered."""
        return self._meter.model

    @callback
    def _start_push(self) -> None:
        """Receive its notifications until the entry is unloaded."""
        data = self._subentry_data
        push = ShellyWebSocket(
            async_get_clientsession(self.hass),
            data[CONF_HOST],
            self._on_push,
            port=int(data.get(CONF_PORT, 80)),
            password=data.get(CONF_PASSWORD),
        )
        with self.messages.recording():
            self._entry.async_create_background_task(self.hass, push.run(), f"{DOMAIN} push of {self.title}")

    @callback
    def _on_push(self, reading: MeterReading) -> None:
        self.async_set_updated_data(self._as_configured(reading))

    def _as_configured(self, reading: MeterReading) -> MeterReading:
        """Return a reading in the direction, and with the counters, that are configured."""
        if self._inverted:
            reading = reading.inverted()
        return reading if self._net is None else self._net.balanced(reading)

    def _start_reauth(self) -> None:
        entry = self._entry
        if next(entry.async_get_active_flows(self.hass, {SOURCE_REAUTH}), None) is None:
            entry.async_start_reauth(self.hass, data={"subentry_id": self.subentry_id})

    @override
    async def _async_update_data(self) -> MeterReading:
        energy = self._turn % _ENERGY_INTERVALS == 0
        try:
            with self.messages.recording():
                reading = await self._meter.read(energy=energy)
        except DriverError as err:
            if isinstance(err, AuthError):
                self._start_reauth()
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="meter_failed",
                translation_placeholders={"name": self.title, "error": str(err)},
            ) from err
        self._turn += 1
        if not self._pushing and self._meter.can_push:  # only a meter that answers can push
            self._pushing = True
            self._start_push()
        reading = self._as_configured(reading)
        if reading.counted_at is not None or self.data is None:
            return reading
        counters = self.data if self._net is None else reading
        return MeterReading(
            at=reading.at,
            power_w=reading.power_w,
            phases_w=reading.phases_w,
            imported_kwh=counters.imported_kwh,
            exported_kwh=counters.exported_kwh,
            counted_at=self.data.counted_at,
        )
