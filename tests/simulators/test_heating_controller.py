"""The simulated heating controller against Home Assistant's real HTTP server."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.iot_heating.protocol.commands import CommandName, status_of
from custom_components.iot_heating.runtime.key_rotation import async_request_rotation
from custom_components.iot_heating.storage.device_store import DEVICE_STORE
from simulators.framework import parser_of, running
from simulators.heating_controller.controller import HeatingController
from simulators.heating_controller.firmware import Settings, burner, flow_setpoint, room_target
from tests.iot_heating import add_controller, building_entry, device_record


@pytest.fixture
async def building(hass: HomeAssistant, tmp_path: Path) -> MockConfigEntry:
    hass.config.config_dir = str(tmp_path)
    entry = building_entry()
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    return entry


@pytest.fixture
async def controller(
    hass: HomeAssistant, building: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator
) -> AsyncGenerator[HeatingController]:
    key = await add_controller(hass, building)
    client = await hass_client_no_auth()
    async with heating_controller(str(client.make_url("/")).rstrip("/"), key) as device:
        yield device


@pytest.fixture
async def modern(
    hass: HomeAssistant, building: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator
) -> AsyncGenerator[HeatingController]:
    """A controller of protocol 2."""
    key = await add_controller(hass, building)
    client = await hass_client_no_auth()
    async with heating_controller(str(client.make_url("/")).rstrip("/"), key, "--protocol", "2") as device:
        yield device


@asynccontextmanager
async def heating_controller(url: str, key: str, *more: str) -> AsyncGenerator[HeatingController]:
    # Silent when its own time comes, so that it calls only on request of the test.
    arguments = ["--url", url, "--device-id", "ESP32-001", "--key", key, "--period", "100000", "--fault", "silent"]
    arguments += more
    async with running(HeatingController, arguments) as device:
        await asyncio.sleep(0)
        device.faults.clear("silent")
        yield device


async def test_home_assistant_knows_what_it_measured(
    hass: HomeAssistant, building: MockConfigEntry, controller: HeatingController
) -> None:
    assert await controller.poll() == 200
    seen = building.runtime_data.hub.controllers["ESP32-001"]
    truth = controller.state()
    assert seen.heating is truth["heating"]
    assert seen.outdoor_c == pytest.approx(truth["outdoor_c"], abs=0.3)
    assert seen.flow_c == pytest.approx(truth["flow_c"], abs=0.6)


async def test_it_obeys_the_configuration(building: MockConfigEntry, controller: HeatingController) -> None:
    schedule = [{"day": "Daily", "slots": ["00:00-24:00"], "target": "23C", "mode": "Auto"}]
    await building.runtime_data.building.async_patch_profile(
        {"curve_value": 90, "min_external_temp": -10, "schedule": schedule}
    )
    await controller.poll()
    assert (controller.settings.curve_value, controller.settings.min_external_temp) == (90, -10)
    assert room_target(controller.settings, datetime(2026, 1, 5, 3, tzinfo=UTC)) == 23
    await building.runtime_data.building.async_patch_profile({"iot_enabled": False})
    await controller.poll()
    controller.live_until_now()
    assert not controller.house.heating


async def test_its_flow_setpoint_is_the_one_home_assistant_computes(
    building: MockConfigEntry, controller: HeatingController
) -> None:
    """Two independent implementations of the documented curve agree."""
    for value, coldest in ((0, -15), (50, -15), (100, -30), (72, 8), (60, 30)):
        await building.runtime_data.building.async_patch_profile({"curve_value": value, "min_external_temp": coldest})
        await controller.poll()
        for outdoor in (-35, -20, -5, 0, 8.5, 19, 25):
            ours = building.runtime_data.building.profile.curve.flow_c(outdoor)
            assert flow_setpoint(controller.settings, outdoor) == pytest.approx(ours)


@pytest.mark.parametrize(
    ("fault", "value", "status"),
    [
        ("wrong_key", True, 401),
        ("not_json", True, 400),
        ("nan", True, 200),
        ("outdoor_c", -127, 200),
        ("outdoor_c", 85, 200),
        ("text_number", True, 200),
        ("huge", 100_000, 413),
        ("unknown_fields", True, 200),
        ("error", "E42", 200),
    ],
)
async def test_a_fault_is_answered_and_clears(
    building: MockConfigEntry, controller: HeatingController, fault: str, value: object, status: int
) -> None:
    controller.faults.set(fault, value)
    assert await controller.poll() == status
    assert controller.replies == {status: 1}
    controller.faults.clear(fault)
    assert await controller.poll() == 200


async def test_an_error_is_reported(building: MockConfigEntry, controller: HeatingController) -> None:
    controller.faults.set("error", "E42")
    await controller.poll()
    assert building.runtime_data.hub.controllers["ESP32-001"].errors == ("E42",)


async def test_do_poll(controller: HeatingController) -> None:
    assert await controller.do("poll", {}) == 200
    with pytest.raises(KeyError):
        await controller.do("jump", {})


def settings(**changes: object) -> Settings:
    made = Settings()
    made.schedule = [
        {"day": "Mon-Fri", "slots": ["06:30-09:30"], "target": "22C"},
        {"day": "Fri-Mon", "slots": ["22:00-02:00"], "target": "68F"},
    ]
    for name, value in changes.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("local", "target"),
    [
        (datetime(2026, 1, 5, 7, 0, tzinfo=UTC), 22),  # Monday
        (datetime(2026, 1, 5, 9, 30, tzinfo=UTC), 17),
        (datetime(2026, 1, 10, 7, 0, tzinfo=UTC), 17),  # Saturday
        (datetime(2026, 1, 10, 23, 0, tzinfo=UTC), 20),
        (datetime(2026, 1, 6, 1, 59, tzinfo=UTC), 20),  # Tuesday, in Monday's slot
        (datetime(2026, 1, 9, 1, 0, tzinfo=UTC), 17),  # Friday, Thursday has no slot
    ],
)
def test_the_schedule_in_the_controller(local: datetime, target: float) -> None:
    assert room_target(settings(), local) == pytest.approx(target)


def test_a_two_point_burner_has_hysteresis() -> None:
    assert burner(False, 30, 40, 18, 20)
    assert burner(True, 42, 40, 18, 20), "inside the band it continues"
    assert not burner(False, 38, 40, 18, 20), "inside the band it stays off"
    assert not burner(True, 43.1, 40, 18, 20)
    assert not burner(True, 30, 40, 20.4, 20), "the room is warm"


def test_a_controller_in_real_weather_keeps_the_house_warm(socket_enabled: None) -> None:
    """Two winter days at the device's own settings, without any server."""
    args = parser_of(HeatingController).parse_args(
        ["--url", "http://127.0.0.1:1", "--device-id", "a", "--key", "k", "--world-start", "2026-01-15T00:00:00"]
    )
    device = HeatingController(args)
    device.settings = settings(curve_value=90.0, schedule=[{"day": "Daily", "slots": ["00:00-24:00"], "target": "20C"}])
    start = device.house.now
    device._offset += timedelta(days=2)
    device.live_until_now()
    assert device.house.now - start >= timedelta(days=2)
    assert 18.5 < device.house.room_c < 21
    assert 20 < device.house.heat_j / 3.6e6 < 500


def command_of(building: MockConfigEntry) -> str:
    """How far the newest command is."""
    return status_of(device_record(building).commands[-1]).value


async def send(building: MockConfigEntry, name: str, **args: float) -> None:
    runtime = building.runtime_data
    await runtime.commands.async_send(runtime.hub.controllers["ESP32-001"], CommandName(name), args)


@pytest.mark.parametrize("force", ["on", "off"])
async def test_a_protocol_1_controller_is_forced_by_its_configuration(
    building: MockConfigEntry, controller: HeatingController, force: str
) -> None:
    await controller.poll()
    await send(building, f"force_{force}")
    await controller.poll()
    controller.live_until_now()
    controller.house.flow_c = 20.0
    controller._offset += timedelta(minutes=1)
    controller.live_until_now()
    assert controller.house.heating is (force == "on")
    await controller.poll()
    assert command_of(building) == "confirmed"


async def test_protocol_2_commands_are_done_once_and_acknowledged(
    building: MockConfigEntry, modern: HeatingController, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.iot_heating.protocol.commands.RETRY_AFTER_S", 0.0)
    await modern.poll()
    for name in ("identify", "reboot"):
        await send(building, name)
    modern.faults.set("lost_reply")
    await modern.poll()
    modern.faults.clear("lost_reply")
    assert (modern.identified, modern.boot_count) == (0, 1)
    await modern.poll()
    assert (modern.identified, modern.boot_count) == (1, 2)
    await modern.poll()
    statuses = [status_of(c).value for c in device_record(building).commands]
    assert statuses == ["confirmed", "confirmed"]


async def test_protocol_2_forces_and_falls_back_when_the_lease_is_over(
    building: MockConfigEntry, modern: HeatingController
) -> None:
    await modern.poll()
    await send(building, "force_off")
    await modern.poll()
    await modern.poll()
    assert modern.settings.force == "off"
    assert command_of(building) == "confirmed"
    modern._answered_s -= 1000
    modern._offset += timedelta(seconds=30)
    modern.live_until_now()
    assert modern.settings.force == "auto"


async def test_protocol_2_can_refuse(building: MockConfigEntry, modern: HeatingController) -> None:
    await modern.poll()
    await send(building, "set_curve", value=80)
    modern.faults.set("refuse", "not now")
    await modern.poll()
    await modern.poll()
    command = device_record(building).commands[-1]
    assert (status_of(command).value, command.reason) == ("failed", "not now")


async def test_protocol_2_rotates_its_key_itself(
    hass: HomeAssistant, building: MockConfigEntry, modern: HeatingController
) -> None:
    await modern.poll()
    old = modern.key
    await async_request_rotation(hass.data[DEVICE_STORE], building.runtime_data.hub.controllers["ESP32-001"])
    modern.faults.set("lost_reply")
    assert await modern.poll() == 200
    modern.faults.clear("lost_reply")
    assert await modern.poll() == 200
    assert modern.key != old
    assert await modern.poll() == 200
    assert device_record(building).keys.previous is None


async def test_without_a_schedule_it_is_always_comfort_time() -> None:
    assert room_target(Settings(), datetime(2026, 1, 5, 3, tzinfo=UTC)) == 20


def test_where_entries_overlap_the_last_one_counts() -> None:
    made = settings()
    made.schedule.append({"day": "Mon", "slots": ["07:00-08:00"], "target": 25})
    assert room_target(made, datetime(2026, 1, 5, 7, 30, tzinfo=UTC)) == 25
