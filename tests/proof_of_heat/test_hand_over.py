"""The end of control: the user's settings come back, however often that fails, and in any order of the ends."""

import asyncio
from collections.abc import Callable
import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.proof_of_heat._lib.heat_source import Command, Outcome
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.drivers.device_settings import FOLLOW_UP_S
from custom_components.proof_of_heat.repairs import async_create_fix_flow
from custom_components.proof_of_heat.sources import control_records, releaser

from . import ha

THERMOSTAT = "climate.hall"
USERS = {"state": "auto", "temperature": 19.5, "preset_mode": "eco"}
STORE = f"{DOMAIN}.control"


class Thermostat:
    """A thermostat as its integration shows it. A setpoint ends its preset, a preset brings its own setpoint."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.hass = hass
        self.failures = 0
        self.calls: list[str] = []
        self.show(**USERS)

    def register(self) -> None:
        """Take the actions over from the climate integration, which the zones load."""
        for service in ("set_hvac_mode", "set_temperature", "set_preset_mode"):
            self.hass.services.async_register("climate", service, self._act)

    def show(self, *, state: str, **values: Any) -> None:
        known = self.hass.states.get(THERMOSTAT)
        attributes = {"hvac_modes": ["off", "heat", "auto"], "min_temp": 5, "max_temp": 30, "target_temp_step": 0.5}
        self.hass.states.async_set(THERMOSTAT, state, {**(known.attributes if known else attributes), **values})

    async def _act(self, call: ServiceCall) -> None:
        self.calls.append(call.service)
        if self.failures:
            self.failures -= 1
            raise HomeAssistantError("no radio contact")
        values = {key: value for key, value in call.data.items() if key != "entity_id"}
        state = values.pop("hvac_mode", self.settings["state"])
        if "temperature" in values:
            values["preset_mode"] = "none"
        elif values.get("preset_mode") == "eco":
            values["temperature"] = 19.5
        self.show(state=state, **values)

    @property
    def settings(self) -> dict[str, Any]:
        """What the device shows of what a user can set."""
        state = self.hass.states.get(THERMOSTAT)
        assert state is not None
        return {"state": state.state, **{key: state.attributes[key] for key in ("temperature", "preset_mode")}}


@pytest.fixture
async def thermostat(hass: HomeAssistant) -> Thermostat:
    ha.thermometer(hass, ha.ROOM, 17.0)
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    return Thermostat(hass)


async def controlled(hass: HomeAssistant, thermostat: Thermostat, freezer: FrozenDateTimeFactory) -> MockConfigEntry:
    """A system whose thermostat was commanded."""
    assert await async_setup_component(hass, DOMAIN, {})
    data = {"entity": THERMOSTAT, "source_kind": "boiler", "number_is": "power", "nominal_heat": 5000.0}
    entry = ha.system(ha.zone(), await ha.source(hass, "entity", {**data, "fuel_price": 0.1}))
    await ha.start(hass, entry)
    thermostat.register()
    await entry.runtime_data.user.async_set_active(True)
    assert await command(hass, freezer, entry, Command(id="a", on=True, room_c=26.0)) == Outcome.APPLIED
    assert thermostat.settings == {"state": "auto", "temperature": 26.0, "preset_mode": "none"}
    thermostat.calls.clear()
    return entry


async def command(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, entry: MockConfigEntry, wanted: Command
) -> Outcome:
    """Send a command; its verification waits on the test's clock."""
    (managed,) = entry.runtime_data.sources.values()
    task = asyncio.get_running_loop().create_task(managed.source.apply(wanted))
    while not task.done():
        await passes(hass, freezer, 0.3, step=0.3)
    return task.result().outcome


async def passes(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float, step: float = 5.0) -> None:
    """Let time pass, so that retries are made."""
    left = seconds
    while left > 0:
        freezer.tick(step)
        left -= step
        async_fire_time_changed(hass)
        await ha.cycles_end(hass)


def forget_memory(hass: HomeAssistant) -> None:
    """What a kill of Home Assistant loses."""
    known = hass.data.pop(releaser._RELEASER)
    for task in list(known._tasks.values()):
        task.cancel()
    hass.data.pop(control_records._RECORDS)


def issues(hass: HomeAssistant) -> list[str]:
    return [issue_id for _, issue_id in ir.async_get(hass).issues if issue_id.startswith("not_released_")]


async def turn_off(_: HomeAssistant, entry: MockConfigEntry) -> None:
    await entry.runtime_data.user.async_set_active(False)


async def remove(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.async_create_background_task(hass.config_entries.async_remove(entry.entry_id), "removal")  # it waits a while


async def disable(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)


async def remove_source(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    (source,) = (item for item in entry.subentries.values() if item.subentry_type == "source")
    hass.config_entries.async_remove_subentry(entry, source.subentry_id)


END = pytest.mark.parametrize("end", [turn_off, remove, disable, remove_source])
type End = Callable[[HomeAssistant, MockConfigEntry], Any]


@END
async def test_the_users_settings_come_back_when_control_ends(
    hass: HomeAssistant,
    thermostat: Thermostat,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
    end: End,
) -> None:
    entry = await controlled(hass, thermostat, freezer)
    assert hass_storage[STORE]["data"]["devices"], "on disk before the first write"
    await end(hass, entry)
    await passes(hass, freezer, 30)
    assert thermostat.settings == USERS
    assert not issues(hass)
    assert not hass_storage.get(STORE, {"data": {"devices": {}}})["data"]["devices"]


@END
async def test_the_release_is_repeated_until_the_device_confirms_it(
    hass: HomeAssistant, thermostat: Thermostat, freezer: FrozenDateTimeFactory, end: End
) -> None:
    entry = await controlled(hass, thermostat, freezer)
    thermostat.failures = 3
    await end(hass, entry)
    await passes(hass, freezer, 20)
    assert len(issues(hass)) == 1
    await passes(hass, freezer, 300)
    assert thermostat.settings == USERS
    assert not issues(hass)
    calls = len(thermostat.calls)
    await passes(hass, freezer, 1000, step=60)
    assert len(thermostat.calls) == calls, "once confirmed, nothing more is written"


async def test_a_restart_in_the_middle_of_a_release_does_not_end_it(
    hass: HomeAssistant, thermostat: Thermostat, freezer: FrozenDateTimeFactory
) -> None:
    entry = await controlled(hass, thermostat, freezer)
    thermostat.failures = 1000
    await turn_off(hass, entry)
    await passes(hass, freezer, 60)
    await hass.config_entries.async_unload(entry.entry_id)
    forget_memory(hass)
    thermostat.failures = 1
    await hass.config_entries.async_setup(entry.entry_id)
    await passes(hass, freezer, 120)
    assert thermostat.settings == USERS
    assert not issues(hass)


@pytest.mark.parametrize("end", [remove, disable, remove_source])
async def test_a_restart_during_the_release_of_a_removed_source_does_not_end_it(
    hass: HomeAssistant, thermostat: Thermostat, freezer: FrozenDateTimeFactory, end: End
) -> None:
    entry = await controlled(hass, thermostat, freezer)
    thermostat.failures = 1000
    await end(hass, entry)
    await passes(hass, freezer, 60)
    assert thermostat.settings["temperature"] == 26.0
    assert len(issues(hass)) == 1
    forget_memory(hass)
    thermostat.failures = 2
    await releaser.releaser(hass).async_resume()
    await passes(hass, freezer, 180)
    assert thermostat.settings == USERS
    assert not issues(hass)


async def test_a_disabled_source_that_is_enabled_again_is_released_once(
    hass: HomeAssistant, thermostat: Thermostat, freezer: FrozenDateTimeFactory
) -> None:
    entry = await controlled(hass, thermostat, freezer)
    thermostat.failures = 1000
    await disable(hass, entry)
    await passes(hass, freezer, 60)
    thermostat.failures = 0
    thermostat.calls.clear()
    await hass.config_entries.async_set_disabled_by(entry.entry_id, None)
    await passes(hass, freezer, 60)
    assert thermostat.settings["preset_mode"] == "none", "control was on, and continues"
    await turn_off(hass, entry)
    await passes(hass, freezer, 60)
    assert thermostat.settings == USERS
    assert not issues(hass)


async def test_a_reload_and_a_restart_keep_the_last_command(
    hass: HomeAssistant, thermostat: Thermostat, freezer: FrozenDateTimeFactory
) -> None:
    entry = await controlled(hass, thermostat, freezer)
    await hass.config_entries.async_reload(entry.entry_id)
    await passes(hass, freezer, 30)
    await hass.config_entries.async_unload(entry.entry_id)
    forget_memory(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await passes(hass, freezer, 30)
    assert not thermostat.calls
    assert thermostat.settings["temperature"] == 26.0
    await turn_off(hass, entry)
    await passes(hass, freezer, 20)
    assert thermostat.settings == USERS


async def test_control_that_is_turned_on_again_ends_the_release(
    hass: HomeAssistant, thermostat: Thermostat, freezer: FrozenDateTimeFactory
) -> None:
    entry = await controlled(hass, thermostat, freezer)
    thermostat.failures = 1000
    await turn_off(hass, entry)
    await passes(hass, freezer, 20)
    assert issues(hass)
    await entry.runtime_data.user.async_set_active(True)
    thermostat.failures = 0
    thermostat.calls.clear()
    await passes(hass, freezer, 40)
    assert not issues(hass)
    assert thermostat.settings["temperature"] == 26.0
    await turn_off(hass, entry)
    await passes(hass, freezer, 40)
    assert thermostat.settings == USERS, "those from before the first control period"


async def test_what_the_user_changes_during_control_is_restored(
    hass: HomeAssistant, thermostat: Thermostat, freezer: FrozenDateTimeFactory
) -> None:
    entry = await controlled(hass, thermostat, freezer)
    (managed,) = entry.runtime_data.sources.values()
    await managed.source.refresh()
    thermostat.show(state="heat", temperature=22.0, preset_mode="none")
    await managed.source.refresh()
    managed.source._written_at = -1e9
    assert await command(hass, freezer, entry, Command(id="b", on=True, room_c=25.0)) == Outcome.APPLIED
    managed.source._settings.clock = lambda: time.monotonic() + FOLLOW_UP_S
    thermostat.show(state="heat", preset_mode="sleep")
    await managed.source.refresh()
    await turn_off(hass, entry)
    await passes(hass, freezer, 30)
    assert thermostat.settings == {"state": "heat", "temperature": 22.0, "preset_mode": "sleep"}


async def test_a_source_that_was_never_commanded_is_left_alone(
    hass: HomeAssistant, thermostat: Thermostat, freezer: FrozenDateTimeFactory
) -> None:
    entry = await controlled(hass, thermostat, freezer)
    await turn_off(hass, entry)
    await passes(hass, freezer, 20)
    thermostat.show(state="heat", temperature=23.0, preset_mode="none")
    thermostat.calls.clear()
    await turn_off(hass, entry)
    await passes(hass, freezer, 20)
    assert not thermostat.calls


@pytest.mark.parametrize("choice", ["retry", "forget"])
async def test_the_repair_tries_again_or_leaves_it_to_the_user(
    hass: HomeAssistant, thermostat: Thermostat, freezer: FrozenDateTimeFactory, choice: str
) -> None:
    entry = await controlled(hass, thermostat, freezer)
    thermostat.failures = 1000
    await remove(hass, entry)
    await passes(hass, freezer, 600, step=30)
    (issue_id,) = issues(hass)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    assert issue is not None
    assert issue.is_persistent
    assert "no radio contact" in (issue.translation_placeholders or {})["error"]
    flow = await async_create_fix_flow(hass, issue_id, issue.data)
    flow.hass, flow.handler, flow.issue_id = hass, DOMAIN, issue_id
    menu = await flow.async_step_init()
    assert menu["menu_options"] == ["retry", "forget"]
    thermostat.failures = 0
    thermostat.calls.clear()
    await getattr(flow, f"async_step_{choice}")()
    await passes(hass, freezer, 3)
    assert (thermostat.settings == USERS) is (choice == "retry")
    assert not issues(hass)
    await passes(hass, freezer, 1000, step=60)
    assert bool(thermostat.calls) is (choice == "retry")


async def test_a_full_disk_keeps_the_settings_in_memory(
    hass: HomeAssistant, thermostat: Thermostat, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise HomeAssistantError("no space left on device")

    monkeypatch.setattr(control_records.control_records(hass)._store, "async_save_durably", full)
    entry = await controlled(hass, thermostat, freezer)
    await turn_off(hass, entry)
    await passes(hass, freezer, 20)
    assert thermostat.settings == USERS


async def test_a_removed_source_that_cannot_be_set_up_is_tried_again(
    hass: HomeAssistant, thermostat: Thermostat, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failures = releaser.async_create_source, [RuntimeError("no such device"), OSError()]

    async def create(*args: Any) -> Any:
        if failures:
            raise failures.pop()
        return await real(*args)

    entry = await controlled(hass, thermostat, freezer)
    monkeypatch.setattr(releaser, "async_create_source", create)
    await remove_source(hass, entry)
    await passes(hass, freezer, 10)
    assert len(issues(hass)) == 1
    await passes(hass, freezer, 300)
    assert thermostat.settings == USERS
    assert not issues(hass)


async def test_a_start_leaves_configured_sources_to_their_entry_and_reports_others(
    hass: HomeAssistant, thermostat: Thermostat, freezer: FrozenDateTimeFactory, hass_storage: dict[str, Any]
) -> None:
    entry = await controlled(hass, thermostat, freezer)
    await releaser.releaser(hass).async_resume()
    assert not issues(hass), "its entry is loaded"
    await hass.config_entries.async_unload(entry.entry_id)
    forget_memory(hass)
    await releaser.releaser(hass).async_resume()
    assert not issues(hass), "its entry is going to be loaded"
    devices = hass_storage[STORE]["data"]["devices"]
    devices["another_device"] = devices.pop(next(iter(devices)))
    forget_memory(hass)
    await releaser.releaser(hass).async_resume()
    assert len(issues(hass)) == 1, "nothing else would release it"
    assert not thermostat.calls


async def test_a_second_end_of_control_replaces_the_first(
    hass: HomeAssistant, thermostat: Thermostat, freezer: FrozenDateTimeFactory
) -> None:
    entry = await controlled(hass, thermostat, freezer)
    thermostat.failures = 1000
    await turn_off(hass, entry)
    await passes(hass, freezer, 20)
    await remove_source(hass, entry)
    await passes(hass, freezer, 20)
    assert len(issues(hass)) == 1
    thermostat.failures = 0
    await passes(hass, freezer, 120)
    assert thermostat.settings == USERS


async def test_stored_control_periods_that_cannot_be_read(
    hass: HomeAssistant, hass_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {"a": "x", "b": {"period": []}, "c": {"period": {}, "title": "Boiler", "detached": 5}}
    hass_storage[STORE] = {"version": 1, "minor_version": 1, "key": STORE, "data": {"devices": rows}}
    records = control_records.ControlRecords(hass)
    await records.async_load()
    await records.async_load()
    assert records.get("a") is None
    assert records.get("b") is None
    record = records.get("c")
    assert record is not None
    assert (record.title, record.detached) == ("Boiler", None)
    await records.async_detach("unknown", {})
    await records.async_forget("unknown")

    async def unreadable() -> None:
        raise HomeAssistantError("damaged")

    records = control_records.ControlRecords(hass)
    monkeypatch.setattr(records._store, "async_load", unreadable)
    await records.async_load()
    assert records.controlled == ()
