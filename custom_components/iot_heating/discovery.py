"""Controllers that call but are not registered: listed, so that they can be approved without a reflash."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import discovery_flow
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ._lib.device_keys import MAX_KEY_LENGTH, hash_key
from .const import CONF_DEVICE_ID, DOMAIN, EVENT_DISCOVERED
from .device_id import is_device_id

MAX_DISCOVERIES: Final = 20
_FORGET_AFTER: Final = timedelta(days=1)
_AGAIN_AFTER: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Discovery:
    """A stranger.

    Attributes:
        key_hash: Of the key that it presented first; approving adopts this key.
        address: Where it calls from.
        told: When a flow was last started for it.
        other_keys: How often the same id came with another key.
    """

    device_id: str
    key_hash: str
    address: str
    first: datetime
    last: datetime
    told: datetime
    calls: int = 1
    other_keys: int = 0

    @property
    def fingerprint(self) -> str:
        """The beginning of the hash, to compare with what a device shows."""
        return self.key_hash[:16]


class Discoveries:
    """The strangers of the last day; a bounded number, the first come first."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self.known: dict[str, Discovery] = {}

    @callback
    def note(self, device_id: str, key: str | None, address: str | None) -> None:
        """A stranger called and was refused."""
        if not key or len(key) > MAX_KEY_LENGTH or not is_device_id(device_id):
            return
        now, key_hash = dt_util.utcnow(), hash_key(key)
        found, tell = self.known.get(device_id), False
        if found is None:
            self._drop_old(now)
            if len(self.known) >= MAX_DISCOVERIES:
                return
            found, tell = Discovery(device_id, key_hash, address or "", now, now, now), True
            self._hass.bus.async_fire(EVENT_DISCOVERED, {CONF_DEVICE_ID: device_id, "address": found.address})
        elif found.key_hash != key_hash:
            found = replace(found, last=now, other_keys=found.other_keys + 1)
        else:
            # The flow may have been closed, or the id was registered and removed again.
            tell = now - found.told >= _AGAIN_AFTER
            found = replace(
                found,
                last=now,
                calls=found.calls + 1,
                address=address or found.address,
                told=now if tell else found.told,
            )
        self.known[device_id] = found
        if tell:
            self._start_flow(found)

    @callback
    def ask_again(self) -> None:
        """There is a building now: tell of whom is known with the next call."""
        self.known = {
            device_id: replace(found, told=found.told - _AGAIN_AFTER) for device_id, found in self.known.items()
        }

    def _drop_old(self, now: datetime) -> None:
        for device_id in [d.device_id for d in self.known.values() if now - d.last > _FORGET_AFTER]:
            del self.known[device_id]

    def _start_flow(self, found: Discovery) -> None:
        data: dict[str, Any] = {CONF_DEVICE_ID: found.device_id}
        discovery_flow.async_create_flow(
            self._hass, DOMAIN, context={"source": SOURCE_INTEGRATION_DISCOVERY}, data=data
        )


DISCOVERIES: HassKey[Discoveries] = HassKey(f"{DOMAIN}_discoveries")
