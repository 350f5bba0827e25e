"""Polling of an account: devices that do not report by MQTT, and the broker connection."""

from datetime import timedelta
import logging
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util.hass_dict import HassKey

from . import repairs
from .api.client import EcoflowClient
from .api.errors import SIGNATURE_WRONG, EcoflowError, InvalidKeysError, RateLimitedError
from .api.mqtt import ConnectionState
from .const import CONF_POLL_INTERVAL, CONF_USE_MQTT, DEFAULT_POLL_INTERVAL, DOMAIN
from .repairs import SharedKeyMonitor
from .runtime.device_manager import DeviceManager

_LOGGER = logging.getLogger(__name__)

# The cloud refuses a correct signature now and then: new keys are requested only after this many refusals in a row,
# across setups.
REFUSALS_BEFORE_REAUTH: Final = 3
REFUSALS: Final[HassKey[dict[str, int]]] = HassKey(f"{DOMAIN}_refusals")


class EcoflowCoordinator(DataUpdateCoordinator[None]):
    """Polls an account and keeps its broker connection up."""

    config_entry: ConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        client: EcoflowClient,
        devices: DeviceManager,
        shared_key: SharedKeyMonitor,
    ) -> None:
        """Poll at the interval of the entry's options."""
        interval = timedelta(seconds=entry.options.get(CONF_POLL_INTERVAL, DEFAULT_POLL_INTERVAL))
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title, update_interval=interval)
        self._client = client
        self._devices = devices
        self._shared_key = shared_key
        self._entry_id = entry.entry_id
        self._use_mqtt: bool = entry.options.get(CONF_USE_MQTT, True)

    @property
    def is_mqtt_connected(self) -> bool:
        """Whether values arrive by MQTT; otherwise they are polled."""
        mqtt = self._client.mqtt
        return mqtt is not None and mqtt.state is ConnectionState.CONNECTED

    @override
    async def _async_update_data(self) -> None:
        self._client.check_listening()
        try:
            await self._client.poll()
        except InvalidKeysError as err:
            refusals = self.hass.data.setdefault(REFUSALS, {})
            refusals[self._entry_id] = refusals.get(self._entry_id, 0) + 1
            if err.code != SIGNATURE_WRONG or refusals[self._entry_id] >= REFUSALS_BEFORE_REAUTH:
                del refusals[self._entry_id]
                raise ConfigEntryAuthFailed(translation_domain=DOMAIN, translation_key="invalid_keys") from err
            raise _update_failed(err) from err
        except RateLimitedError as err:
            raise UpdateFailed(
                translation_domain=DOMAIN, translation_key="rate_limited", retry_after=err.retry_after_s
            ) from err
        except EcoflowError as err:
            raise _update_failed(err) from err
        self.hass.data.get(REFUSALS, {}).pop(self._entry_id, None)
        repairs.async_check_clock(self.hass, self.config_entry, self._client.rest.clock_offset_s)
        self._devices.sync()
        await self._ensure_connected()

    async def _ensure_connected(self) -> None:
        if not self._use_mqtt:
            return
        try:
            await self._client.ensure_connected()
        except EcoflowError as err:
            # Polling continues; the client increases the delay before each new attempt.
            _LOGGER.debug("Broker credentials are not available: %s", err)

    @callback
    def async_start(self) -> None:
        """Keep polling until the entry is unloaded, with or without entities that listen."""
        self.config_entry.async_on_unload(self.async_add_listener(self._polled))

    @callback
    def _polled(self) -> None:
        self._devices.check_freshness()
        self._shared_key.check(connected=self.is_mqtt_connected)

    @callback
    def connection_changed(self, state: ConnectionState) -> None:
        """Publish a change of the broker connection."""
        if state is ConnectionState.TAKEN_OVER:
            self._shared_key.session_taken_over()
        self.async_update_listeners()


def _update_failed(err: EcoflowError) -> UpdateFailed:
    return UpdateFailed(
        translation_domain=DOMAIN, translation_key="update_failed", translation_placeholders={"error": str(err)}
    )
