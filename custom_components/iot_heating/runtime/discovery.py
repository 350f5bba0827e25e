"""Discovery of unregistered controllers that call Home Assistant, so that they can be added without a reflash.

Anyone on the network can call with any device ID. The list of discovered controllers is short, so entries that are
probably not controllers give way to others: first those that the user has dismissed, then those that did not call
again, most of all where one address has many. A call that finds no place is remembered: calling again, as controllers
do, makes it one.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_INTEGRATION_DISCOVERY, ConfigFlowResult
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import discovery_flow
from homeassistant.util.hass_dict import HassKey

from .._lib.device_http import RateLimiter
from .._lib.device_keys import MAX_KEY_LENGTH, hash_key
from .._lib.steady_clock import SteadyClock
from ..const import CONF_DEVICE_ID, DOMAIN, EVENT_DISCOVERED
from ..protocol.device_id import is_valid_device_id

MAX_DISCOVERIES: Final = 20
MAX_PER_ADDRESS: Final = 5
"""An address with more entries than this gives way to others."""
MAX_WAITING: Final = 2048
_MAX_AGE: Final = timedelta(days=1)
_FLOW_INTERVAL: Final = timedelta(minutes=5)
# Controllers call every 30 to 60 seconds.
_REPEATS_WITHIN: Final = timedelta(minutes=3)
_REPEATS_AFTER: Final = timedelta(seconds=5)


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


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A call that found no place in the list."""

    key_hash: str
    group: str
    first_seen: datetime


class ControllerDiscovery:
    """The unregistered controllers of the last day, at most 20."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._clock = SteadyClock()
        # New device IDs of one address that are listed at once; after that, only controllers that call again are.
        self._limiter = RateLimiter(rate=1 / 60, burst=2 * MAX_DISCOVERIES)
        self._waiting: dict[str, _Waiting] = {}
        self.controllers: dict[str, DiscoveredController] = {}

    @callback
    def add(self, device_id: str, key: str | None, address: str | None) -> None:
        """Add an unregistered controller whose call was rejected, and start a config flow for it."""
        if not key or len(key) > MAX_KEY_LENGTH or not is_valid_device_id(device_id):
            return
        if self._is_ignored(device_id):
            self.controllers.pop(device_id, None)
            return
        now, key_hash = datetime.fromtimestamp(self._clock(), UTC), hash_key(key)
        if (found := self.controllers.get(device_id)) is None:
            self._add_new(device_id, key_hash, address or "", now)
        elif found.key_hash != key_hash:
            self.controllers[device_id] = replace(found, last_seen=now, other_keys=found.other_keys + 1)
        else:
            # The user may have closed the flow, or registered the device ID and removed it again.
            start_flow = now - found.flow_started >= _FLOW_INTERVAL
            self.controllers[device_id] = found = replace(
                found,
                last_seen=now,
                calls=found.calls + 1,
                address=address or found.address,
                flow_started=now if start_flow else found.flow_started,
            )
            if start_flow:
                self._start_flow(found)

    @callback
    def restart_flows(self) -> None:
        """Start a config flow with the next call of each controller: a building was added."""
        self.controllers = {
            device_id: replace(found, flow_started=found.flow_started - _FLOW_INTERVAL)
            for device_id, found in self.controllers.items()
        }

    def _add_new(self, device_id: str, key_hash: str, address: str, now: datetime) -> None:
        group = _address_group(address)
        waiting = self._waiting.get(device_id)
        repeats = waiting is not None and waiting.key_hash == key_hash and now - waiting.first_seen >= _REPEATS_AFTER
        self._remove_old(now)
        has_room = len(self.controllers) < MAX_DISCOVERIES
        may_be_listed = repeats or not self._limiter.take(group)
        if not may_be_listed or not (has_room or self._make_room(group, now, repeats=repeats)):
            if waiting is None:
                self._wait(device_id, _Waiting(key_hash, group, now))
            return
        self._waiting.pop(device_id, None)
        found = DiscoveredController(device_id, key_hash, address, now, now, now, calls=2 if repeats else 1)
        self.controllers[device_id] = found
        self._hass.bus.async_fire(EVENT_DISCOVERED, {CONF_DEVICE_ID: device_id, "address": address})
        self._start_flow(found)

    def _wait(self, device_id: str, waiting: _Waiting) -> None:
        """Remember a call; the address with the most calls forgets its oldest one if there are too many."""
        self._waiting[device_id] = waiting
        if len(self._waiting) > MAX_WAITING:
            ((busiest, _),) = Counter(other.group for other in self._waiting.values()).most_common(1)
            del self._waiting[next(key for key, other in self._waiting.items() if other.group == busiest)]

    def _make_room(self, group: str, now: datetime, *, repeats: bool) -> bool:
        """Remove the entry that is least likely a controller; returns whether there was one.

        Args:
            group: Of the address that calls.
            now: The time.
            repeats: Whether it has called before.
        """
        active = {flow["context"].get("unique_id") for flow in self._flows()}
        dismissed = [found for found in self.controllers.values() if found.device_id not in active]
        if dismissed and active:
            self._remove(dismissed[0])
            return True
        counts = Counter(_address_group(found.address) for found in self.controllers.values())

        def holds_many(found: DiscoveredController) -> bool:
            return counts[_address_group(found.address)] > MAX_PER_ADDRESS

        def size(found: DiscoveredController) -> int:
            return counts[_address_group(found.address)]

        once = [
            found
            for found in self.controllers.values()
            if found.calls == 1 and (holds_many(found) or now - found.first_seen > _REPEATS_WITHIN)
        ]
        if once:
            most = max(map(size, once))
            of_largest = [found for found in once if size(found) == most]
            # One address that calls with ever new device IDs replaces its own last entry only.
            is_own = not repeats and _address_group(of_largest[0].address) == group
            self._remove(of_largest[-1 if is_own else 0])
            return True
        others = [found for found in self.controllers.values() if holds_many(found) and counts[group] < size(found)]
        if not others:
            return False
        self._remove(min(others, key=lambda found: (-size(found), found.last_seen)))
        return True

    def _remove(self, found: DiscoveredController) -> None:
        del self.controllers[found.device_id]
        for flow in self._flows():
            if flow["context"].get("unique_id") == found.device_id:
                self._hass.config_entries.flow.async_abort(flow["flow_id"])

    def _remove_old(self, now: datetime) -> None:
        for found in [found for found in self.controllers.values() if now - found.last_seen > _MAX_AGE]:
            self._remove(found)
        for found in [found for found in self.controllers.values() if self._is_ignored(found.device_id)]:
            self._remove(found)

    def _flows(self) -> list[ConfigFlowResult]:
        return self._hass.config_entries.flow.async_progress_by_handler(
            DOMAIN, include_uninitialized=True, match_context={"source": SOURCE_INTEGRATION_DISCOVERY}
        )

    def _is_ignored(self, device_id: str) -> bool:
        """Whether the user has dismissed the controller for good."""
        entry = self._hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, device_id)
        return entry is not None and entry.source == SOURCE_IGNORE

    def _start_flow(self, found: DiscoveredController) -> None:
        discovery_flow.async_create_flow(
            self._hass,
            DOMAIN,
            context={"source": SOURCE_INTEGRATION_DISCOVERY},
            data={CONF_DEVICE_ID: found.device_id},
        )


def _address_group(address: str) -> str:
    """Return what counts as one address: an IPv6 host has a whole /64 network."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((int(parsed) >> 64 << 64, 64)))
    return address


DISCOVERY: HassKey[ControllerDiscovery] = HassKey(f"{DOMAIN}_discoveries")
