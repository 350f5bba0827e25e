"""Discovery of unregistered controllers that call Home Assistant, so that they can be added without a reflash."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import discovery_flow
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .._lib.device_keys import MAX_KEY_LENGTH, hash_key
from ..const import CONF_DEVICE_ID, DOMAIN, EVENT_DISCOVERED
from ..protocol.device_id import is_valid_device_id

MAX_DISCOVERIES: Final = 20
_MAX_AGE: Final = timedelta(days=1)
_FLOW_INTERVAL: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class DiscoveredController:
    """An unregistered controller.

    Attributes:
        key_hash: Of the first key that it presented; adding the controller accepts this key.
        address: IP address of its last call.
        flow_started: When a config flow was last started for it.
        other_keys: How many calls used the same device ID with another key.
    """

    device_id: str
    key_hash: str
    address: str
    first_seen: datetime
    last_seen: datetime
    flow_started: datetime
    calls: int = 1
    other_keys: int = 0

    @property
    def fingerprint(self) -> str:
        """Start of the hash, to compare with the one that the controller shows."""
        return self.key_hash[:16]


class ControllerDiscovery:
    """The unregistered controllers of the last day: the first 20."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self.controllers: dict[str, DiscoveredController] = {}

    @callback
    def add(self, device_id: str, key: str | None, address: str | None) -> None:
        """Add an unregistered controller whose call was rejected, and start a config flow for it."""
        if not key or len(key) > MAX_KEY_LENGTH or not is_valid_device_id(device_id):
            return
        now, key_hash = dt_util.utcnow(), hash_key(key)
        found, start_flow = self.controllers.get(device_id), False
        if found is None:
            self._remove_old(now)
            if len(self.controllers) >= MAX_DISCOVERIES:
                return
            found, start_flow = DiscoveredController(device_id, key_hash, address or "", now, now, now), True
            self._hass.bus.async_fire(EVENT_DISCOVERED, {CONF_DEVICE_ID: device_id, "address": found.address})
        elif found.key_hash != key_hash:
            found = replace(found, last_seen=now, other_keys=found.other_keys + 1)
        else:
            # The user may have closed the flow, or registered the device ID and removed it again.
            start_flow = now - found.flow_started >= _FLOW_INTERVAL
            found = replace(
                found,
                last_seen=now,
                calls=found.calls + 1,
                address=address or found.address,
                flow_started=now if start_flow else found.flow_started,
            )
        self.controllers[device_id] = found
        if start_flow:
            self._start_flow(found)

    @callback
    def restart_flows(self) -> None:
        """Start a config flow with the next call of each controller: a building was added."""
        self.controllers = {
            device_id: replace(found, flow_started=found.flow_started - _FLOW_INTERVAL)
            for device_id, found in self.controllers.items()
        }

    def _remove_old(self, now: datetime) -> None:
        for found in [found for found in self.controllers.values() if now - found.last_seen > _MAX_AGE]:
            del self.controllers[found.device_id]

    def _start_flow(self, found: DiscoveredController) -> None:
        discovery_flow.async_create_flow(
            self._hass,
            DOMAIN,
            context={"source": SOURCE_INTEGRATION_DISCOVERY},
            data={CONF_DEVICE_ID: found.device_id},
        )


DISCOVERY: HassKey[ControllerDiscovery] = HassKey(f"{DOMAIN}_discoveries")
