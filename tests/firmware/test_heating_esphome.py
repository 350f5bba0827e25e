"""The compiled heating controller and the iot_heating integration in a real Home Assistant."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.entity import Entity
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.iot_heating._lib.device_keys import KeyRing
from firmware.sim.host_program import HostProgram, powered
from firmware.sim.native_api import native_api
from firmware.sim.network import Network, network
from tests.iot_heating import add_controller, building_entry, controller_subentry, device_record, entity_id

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), pytest.mark.xdist_group("esphome host")]

HOUR_S = 3600.0
SCHEDULE = [{"day": "Daily", "slots": ["06:00-22:00"], "target": "22C"}]


class Installation:
    """A building in Home Assistant with one controller, and the network between them."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry, device: HostProgram, net: Network) -> None:
        self.hass = hass
        self.entry = entry
        self.device = device
        self.network = net

    def state(self, platform: str, key: str) -> str:
        """Return the state of an entity of the controller."""
        owner = controller_subentry(self.entry).subentry_id
        found = self.hass.states.get(entity_id(self.hass, platform, owner, key))
        return found.state if found else ""

    async def becomes(self, platform: str, key: str, value: str) -> None:
        """Wait until an entity of the controller has a state."""
        await self.device.until(lambda: self.state(platform, key) == value, f"{key} is not {value}")

    async def shows(self, name: str, value: str) -> None:
        """Wait until an entity of the device has a state; its clock continues."""
        await self.device.until(lambda: self.device.states.get(name) == value, f"{name} is not {value}")

    async def reported(self) -> None:
        """Let the device report twice: the second report follows from the first reply."""
        for _ in range(2):
            await self.device.settle()  # the last reply is handled
            count = self.network.connections
            async with asyncio.timeout(150):
                while self.network.connections == count:
                    self.device.pass_time(40)
                    await self.device.settle()
            number = self.network.connections
            await self.device.until(lambda: self.network.exchanges >= number, "no reply")  # noqa: B023 - called at once
        await self.device.settle()
        await self.hass.async_block_till_done()

    async def control(self, option: str) -> None:
        """Select the control mode of the controller."""
        owner = controller_subentry(self.entry).subentry_id
        target = entity_id(self.hass, "select", owner, "control")
        await self.hass.services.async_call(
            "select", "select_option", {"entity_id": target, "option": option}, blocking=True
        )

    async def set_curve(self, value: float) -> None:
        """Set the curve value of the building."""
        target = entity_id(self.hass, "number", self.entry.entry_id, "curve_value")
        await self.hass.services.async_call("number", "set_value", {"entity_id": target, "value": value}, blocking=True)

    @property
    def keys(self) -> KeyRing:
        """Return the keys of the controller that Home Assistant accepts."""
        return device_record(self.entry).keys


@pytest.fixture
async def home(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    program: Path,
    tmp_path: Path,
    socket_enabled: None,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[Installation]:
    """A controller that has synchronized once."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)
    hass.config.config_dir = str(tmp_path)
    entry = building_entry()
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    key = await add_controller(hass, entry)
    client = await hass_client_no_auth()
    assert client.server.port is not None
    async with network(client.server.port) as net:
        device = HostProgram(
            program, tmp_path / "device", SUITE_URL=net.url, SUITE_DEVICE_ID="ESP32-001", SUITE_KEY=key
        )
        device.set_sensor("outdoor", -5.0)
        device.set_sensor("room", 20.0)
        async with powered(device):
            installation = Installation(hass, entry, device, net)
            await installation.becomes("sensor", "outdoor_temperature", "-5.0")
            yield installation


async def test_readings_and_configuration_are_exchanged(home: Installation) -> None:
    await home.shows("connected", "1.0")
    await home.shows("control_mode", "setpoint")
    await home.becomes("sensor", "firmware_version", "1.0.0")
    values = home.entry.runtime_data.hub.controllers["ESP32-001"].values
    assert (values["firmware_version"], values["product"], values["chip"]) == ("1.0.0", "suite.host", "generic")
    assert (values["room_temp"], values["boot_count"]) == (20.0, 1)
    home.device.set_sensor("outdoor", None)
    home.device.set_sensor("supply", 44.5)
    await home.device.settle()
    await home.reported()
    await home.becomes("sensor", "supply_temperature", "44.5")
    await home.becomes("sensor", "outdoor_temperature", STATE_UNKNOWN)


async def test_a_changed_curve_reaches_the_device(home: Installation) -> None:
    await home.set_curve(20)
    await home.reported()
    low = float(home.device.states["flow_setpoint"])
    await home.set_curve(90)
    await home.reported()
    await home.device.until(lambda: float(home.device.states["flow_setpoint"]) > low + 5, "no other setpoint")


async def test_commands_are_executed_and_acknowledged(home: Installation) -> None:
    owner = controller_subentry(home.entry).subentry_id
    await home.control("on")
    await home.reported()
    await home.shows("control_mode", "forced_on")
    await home.becomes("select", "control", "on")
    await home.becomes("sensor", "command", "confirmed")
    await home.control("off")
    await home.reported()
    await home.shows("control_mode", "forced_off")
    await home.shows("heating", "0.0")
    await home.becomes("select", "control", "off")
    await home.control("auto")
    for key in ("identify", "reboot"):
        target = entity_id(home.hass, "button", owner, key)
        await home.hass.services.async_call("button", "press", {"entity_id": target}, blocking=True)
    await home.reported()
    await home.shows("identify", "1.0")
    await home.device.until(lambda: home.device.starts == 2, "no restart")
    await home.device.until(
        lambda: home.entry.runtime_data.hub.controllers["ESP32-001"].values["boot_count"] == 2, "no report"
    )


async def test_a_heating_that_does_not_follow_its_command_is_reported(home: Installation) -> None:
    home.device.set_sensor("stuck", 1)
    await home.device.settle()
    await home.reported()
    await home.reported()
    record = home.entry.runtime_data.hub.controllers["ESP32-001"]
    await home.device.until(
        lambda: "heating does not follow its command" in str(record.values.get("errors")), "no error"
    )


async def test_it_heats_by_curve_and_schedule_for_a_day_without_home_assistant(home: Installation) -> None:
    await home.set_curve(60)
    await home.entry.runtime_data.building.async_patch_profile({"schedule": SCHEDULE})
    await home.reported()
    await home.network.down()
    seen: dict[float, int] = {}
    for hour in range(24):
        home.device.pass_time(HOUR_S)
        await home.shows("control_mode", "curve")
        await home.device.settle()
        setpoint = float(home.device.states["flow_setpoint"])
        seen[setpoint] = seen.get(setpoint, 0) + 1
        if hour == 11:
            # A power outage: the configuration comes from the flash, the time is unknown until the next contact.
            home.device.states.clear()
            await home.device.cut_power()
            await home.shows("control_mode", "curve")
            await home.device.settle()
            home.device.pass_time(2)
            await home.device.settle()
            seen.clear()
    assert len(seen) == 1  # 20 degC as the time is unknown
    await home.network.up()
    home.device.pass_time(HOUR_S)
    await home.shows("connected", "1.0")
    await home.shows("control_mode", "setpoint")
    assert home.entry.runtime_data.hub.controllers["ESP32-001"].values["boot_count"] == 2


async def test_the_schedule_continues_without_home_assistant_and_frost_protection_too(home: Installation) -> None:
    await home.set_curve(60)
    await home.entry.runtime_data.building.async_patch_profile({"schedule": SCHEDULE})
    await home.reported()
    await home.network.down()
    setpoints = set()
    for _ in range(24):
        home.device.pass_time(HOUR_S)
        await home.shows("control_mode", "curve")
        await home.device.settle()
        setpoints.add(float(home.device.states["flow_setpoint"]))
    assert len(setpoints) == 2, setpoints  # day and night
    home.device.set_sensor("room", 4.0)
    home.device.set_sensor("outdoor", 15.0)
    await home.device.settle()
    home.device.pass_time(5)
    await home.device.until(lambda: float(home.device.states["flow_setpoint"]) >= 30.0, "no frost protection")


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b'{"config": {"iot_enabled": tru',
        b"<html>502 Bad Gateway</html>",
        b"[" * 40,
        b'{"config": {}}',
        b"x" * 20_000,
    ],
    ids=["empty", "truncated", "html", "too deep", "no configuration", "oversized"],
)
async def test_a_reply_that_cannot_be_used_keeps_the_configuration(home: Installation, reply: bytes) -> None:
    await home.shows("control_mode", "setpoint")
    home.network.reply = reply
    await home.reported()
    assert home.device.states["control_mode"] == "setpoint"
    assert home.device.states["connected"] == "1.0"  # its lease holds
    home.network.reply = None
    await home.reported()
    assert home.device.starts == 1


async def test_a_rotated_key_is_used_and_survives_a_power_outage(home: Installation) -> None:
    owner = controller_subentry(home.entry).subentry_id
    before = home.keys
    target = entity_id(home.hass, "button", owner, "rotate_key")
    await home.hass.services.async_call("button", "press", {"entity_id": target}, blocking=True)
    await home.reported()
    await home.reported()
    assert home.keys != before
    assert not home.keys.previous, "the new key is used"
    await home.device.cut_power()
    await home.device.until(
        lambda: home.entry.runtime_data.hub.controllers["ESP32-001"].values["boot_count"] == 2, "no report"
    )


async def test_with_a_refused_key_it_heats_by_its_curve(home: Installation) -> None:
    registry = dr.async_get(home.hass)
    owner = controller_subentry(home.entry).subentry_id
    device = registry.async_get_device_by_identifier(("iot_heating", owner), home.entry.entry_id)
    assert device is not None
    await home.hass.services.async_call("iot_heating", "revoke_key", {"device_id": device.id}, blocking=True)
    for _ in range(3):
        await home.reported()
    home.device.pass_time(HOUR_S)
    await home.shows("connected", "0.0")
    await home.shows("control_mode", "curve")
    assert any("refuses the key" in line for line in home.device.output)


async def test_the_native_api_shows_the_controller_and_cannot_take_its_relay(home: Installation) -> None:
    await home.set_curve(60)
    await home.reported()
    await home.device.until(home.device.api_port, "the native API does not listen")
    port = home.device.api_port()
    assert port is not None
    async with native_api(port) as api:
        assert api.info == {"name": "suite-host", "project": "suite.host", "version": "1.0.0"}
        shown: dict[str, str] = dict(api.entities.values())
        assert shown["Flow temperature setpoint"] == shown["Online outlets"] == "Sensor"
        assert shown["Heating"] == shown["Heating connected"] == shown["CCU connected"] == "BinarySensor"
        assert (shown["Control mode"], shown["Heat demand"], shown["Supply voltage"]) == (
            "TextSensor",
            "Switch",
            "Number",
        )
        await home.device.until(lambda: {"Heat demand", "Control mode"} <= api.states.keys(), "no states")
        await home.device.until(lambda: "Heating connected" in api.states, "no states")
        assert api.states["Control mode"] == ["setpoint"]
        assert api.states["Heating"] == api.states["Heat demand"] == api.states["Heating connected"] == [True]
        setpoint = api.states["Flow temperature setpoint"][-1]
        assert setpoint == pytest.approx(float(home.device.states["flow_setpoint"]), abs=0.06)
        # Any other command is reversed: frost protection relies on the relay.
        relay = api.states["Heat demand"]
        for _ in range(20):
            if False in relay:
                break
            # A busy device reports only the state at the end.
            seen = len(relay)
            await api.command("Heat demand", switch=False)
            await home.device.until(lambda: len(relay) > seen and relay[-1], "it is not switched back")  # noqa: B023
        assert False in relay
        assert api.states["Heating"] == [True]
        await api.command("Supply voltage", number=12.5)
        await home.device.until(lambda: api.states["Supply voltage"][-1] == 12.5, "the number is not set")
        await home.device.settle()
        await home.reported()
        assert home.entry.runtime_data.hub.controllers["ESP32-001"].values["voltage"] == 12.5
