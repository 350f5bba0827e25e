"""The fleet contract's own test: it accepts a right provider and catches each wrong one."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
import hmac
import itertools

from homeassistant.core import HomeAssistant
import pytest

from lib.fleet import Fleet, FleetDevice, FleetListener, FleetOffer, Unsubscribe
from tests.fleet_contract import assert_fleet_contract

KEYS = {"dev-1": "k1-" + "a" * 40, "dev-2": "k2-" + "b" * 40}


class ExampleFleet:
    """The smallest right fleet."""

    domain = "example"
    name = "Example"

    def __init__(self) -> None:
        self._devices = {
            name: FleetDevice(
                device_id=name,
                name=name,
                product="p",
                chip="esp32",
                last_seen=datetime(2026, 1, 1, tzinfo=UTC),
            )
            for name in KEYS
        }
        self._listeners: set[FleetListener] = set()
        self._versions = itertools.count(1)

    def devices(self) -> Mapping[str, FleetDevice]:
        return dict(self._devices)

    def authenticate(self, device_id: str, key: str) -> bool:
        known = KEYS.get(device_id, "")
        return bool(known) and hmac.compare_digest(known.encode(), key.encode())

    def subscribe(self, listener: FleetListener) -> Unsubscribe:
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def offer(self, device_id: str, offer: FleetOffer | None) -> None:
        """Ignore the offer."""

    def change(self) -> None:
        self._devices["dev-1"] = replace(self._devices["dev-1"], installed_version=f"1.{next(self._versions)}")
        self.announce()

    def announce(self) -> None:
        for listener in list(self._listeners):
            listener(frozenset({"dev-1"}))


class PrefixKey(ExampleFleet):
    """Accepts the beginning of a key."""

    def authenticate(self, device_id: str, key: str) -> bool:
        return device_id in KEYS and KEYS[device_id].startswith(key)


class SharedKey(ExampleFleet):
    """Accepts any device's key."""

    def authenticate(self, device_id: str, key: str) -> bool:
        return device_id in KEYS and key in KEYS.values()


class Silent(ExampleFleet):
    """Forgets to announce."""

    def announce(self) -> None:
        """Forgets to."""


class Early(ExampleFleet):
    """Announces before the change is visible."""

    def change(self) -> None:
        self.announce()
        super().change()

    def announce(self) -> None:
        if not hasattr(self, "_told"):
            self._told = True
            super().announce()


class Live(ExampleFleet):
    """Hands out its own dict."""

    def devices(self) -> Mapping[str, FleetDevice]:
        return self._devices


class Deaf(ExampleFleet):
    """Does not unsubscribe."""

    def subscribe(self, listener: FleetListener) -> Unsubscribe:
        super().subscribe(listener)
        return lambda: None


class OddId(ExampleFleet):
    """Has an id that escapes from a path."""

    def __init__(self) -> None:
        super().__init__()
        self._devices["../x"] = replace(self._devices["dev-1"], device_id="../x")


class OddChip(ExampleFleet):
    """Names a chip that does not exist."""

    def __init__(self) -> None:
        super().__init__()
        self._devices["dev-2"] = replace(self._devices["dev-2"], chip="esp33")


class Ghost(ExampleFleet):
    """Names a registry device that does not exist."""

    def __init__(self) -> None:
        super().__init__()
        self._devices["dev-2"] = replace(self._devices["dev-2"], device_registry_id="nothing")


class Provider:
    """A module `<domain>/ota.py`."""

    def __init__(self, make: Callable[[], Fleet]) -> None:
        self.fleet = make()

    async def async_get_fleet(self, hass: HomeAssistant) -> Fleet:
        return self.fleet


async def test_a_right_fleet_passes(hass: HomeAssistant) -> None:
    fleet = ExampleFleet()
    assert await assert_fleet_contract(hass, Provider(lambda: fleet), keys=KEYS, change=fleet.change) is fleet


@pytest.mark.parametrize("wrong", [PrefixKey, SharedKey, Silent, Early, Live, Deaf, OddId, OddChip, Ghost])
async def test_a_wrong_fleet_is_caught(hass: HomeAssistant, wrong: type[ExampleFleet]) -> None:
    fleet = wrong()
    with pytest.raises(AssertionError):
        await assert_fleet_contract(hass, Provider(lambda: fleet), keys=KEYS, change=fleet.change)


async def test_a_fleet_that_is_new_at_each_call_is_caught(hass: HomeAssistant) -> None:
    class Fresh:
        async def async_get_fleet(self, hass: HomeAssistant) -> Fleet:
            return ExampleFleet()

    with pytest.raises(AssertionError, match="one fleet object"):
        await assert_fleet_contract(hass, Fresh(), keys=KEYS, change=lambda: None)
