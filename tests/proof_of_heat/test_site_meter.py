"""The meter of the home: the power limit holds in all of its faults, and a silent one is reported."""

from dataclasses import replace
import time

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat._lib.heat_source import Health
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.drivers.base import SourceBase
from custom_components.proof_of_heat.engine.messages import MessageCode

from .ha import HEATER, OUTDOOR, ROOM, source, start, system, thermometer, zone
from .test_init import advance

METER, LIMIT_W = "sensor.site", 6000.0


def meter(hass: HomeAssistant, value: float | str, unit: str = "W") -> None:
    hass.states.async_set(METER, str(value), {"unit_of_measurement": unit, "device_class": "power"}, force_update=True)


@pytest.fixture
async def entry(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> MockConfigEntry:
    """A cold room, a heater of 3 kW, a limit of 6 kW."""
    # Drivers measure with the machine's clock; here that is the test's.
    monkeypatch.setitem(SourceBase.__init__.__kwdefaults__, "clock", time.monotonic)
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"heater": {"name": "Heater"}}})
    assert await async_setup_component(hass, DOMAIN, {})
    thermometer(hass, ROOM, 17.0)
    thermometer(hass, OUTDOOR, 0.0)
    heat = await source(
        hass,
        "entity",
        {"entity": HEATER, "source_kind": "direct_electric", "nominal_power": 3000.0, "number_is": "power"},
    )
    return system(zone(), heat, options={"limits": {"site_meter": METER, "site_power": LIMIT_W}})


async def minutes(hass: HomeAssistant, freezer: FrozenDateTimeFactory, count: int, load_w: float | None = None) -> None:
    """Let minutes pass; a meter that lives reports in each of them."""
    for _ in range(count):
        if load_w is not None:
            meter(hass, load_w + (3000.0 if hass.states.is_state(HEATER, "on") else 0.0))
        await advance(hass, freezer, 61)


def is_on(hass: HomeAssistant) -> bool:
    return hass.states.is_state(HEATER, "on")


def issue_names(hass: HomeAssistant) -> set[str]:
    return {key[1].rpartition("_")[0] for key in ir.async_get(hass).issues if key[0] == DOMAIN}


async def running(hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory) -> None:
    """A day in which the load was 4 kW once, and the heater on."""
    meter(hass, 4000.0)
    await start(hass, entry)
    await entry.runtime_data.user.async_set_active(True)
    await minutes(hass, freezer, 5, load_w=4000.0)
    assert not is_on(hass), "4 kW and 3 kW are more than the limit"
    await minutes(hass, freezer, 15, load_w=500.0)
    assert is_on(hass)


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["unavailable", "unknown", "nan", "silent", "removed", "energy"])
async def test_limit_holds_while_the_meter_is_lost(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory, lost: str
) -> None:
    await running(hass, entry, freezer)
    if lost == "removed":
        hass.states.async_remove(METER)
    elif lost == "energy":
        meter(hass, 5.0, "kWh")
    elif lost != "silent":
        meter(hass, lost)
    await minutes(hass, freezer, 22)
    assert not is_on(hass), "the load may be 4 kW again"
    record = entry.runtime_data.coordinator.data.decision.record
    assert MessageCode.SITE_METER_LOST in {limit.code for limit in record.limits}
    assert issue_names(hass) == {"site_meter_lost"}
    await minutes(hass, freezer, 15, load_w=500.0)
    assert is_on(hass)
    assert issue_names(hass) == set()


async def test_limit_holds_after_a_restart_without_the_meter(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await running(hass, entry, freezer)
    meter(hass, "unavailable")
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    await minutes(hass, freezer, 15)
    assert not is_on(hass)
    codes = {limit.code for limit in entry.runtime_data.coordinator.data.decision.record.limits}
    assert MessageCode.SITE_METER_LOST in codes


async def test_meter_that_never_reported_leaves_no_power(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await start(hass, entry)
    await entry.runtime_data.user.async_set_active(True)
    await minutes(hass, freezer, 15)
    assert not is_on(hass)
    assert issue_names(hass) == {"site_meter_lost"}


async def test_old_power_of_a_limited_source_hides_no_load(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A cloud that refuses calls leaves the last power: the source may be off since, and the load another's."""
    meter(hass, 3200.0)
    await start(hass, entry)
    (managed,) = entry.runtime_data.sources.values()
    state = managed.source.state
    managed.source._state = replace(state, health=Health.LIMITED, power_w=3000.0)
    snapshot = await entry.runtime_data.coordinator.cycle.async_run(state.at)
    assert snapshot.snapshot.other_load_w == 3200.0
    managed.source._state = replace(state, health=Health.OK, on=True, power_w=3000.0)
    snapshot = await entry.runtime_data.coordinator.cycle.async_run(state.at)
    assert snapshot.snapshot.other_load_w == pytest.approx(200.0)


async def test_repair_selects_another_meter(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    assert await async_setup_component(hass, REPAIRS, {})
    await start(hass, entry)
    await minutes(hass, freezer, 7)
    flows = hass.data[REPAIRS]["flow_manager"]
    issue = f"site_meter_lost_{entry.entry_id}"
    form = await flows.async_init(DOMAIN, data={"issue_id": issue})
    form = await flows.async_configure(form["flow_id"], {"site_meter": METER})
    assert form["errors"] == {"site_meter": "no_power"}
    hass.states.async_set("sensor.other", "800", {"unit_of_measurement": "W", "device_class": "power"})
    done = await flows.async_configure(form["flow_id"], {"site_meter": "sensor.other"})
    assert done["type"] == "create_entry"
    await hass.async_block_till_done()
    assert entry.options["limits"] == {"site_meter": "sensor.other", "site_power": LIMIT_W}
    assert entry.runtime_data.config.site_meter == "sensor.other"
    assert issue_names(hass) == set()


async def test_repair_of_a_removed_system_ends(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, REPAIRS, {})
    assert await async_setup_component(hass, DOMAIN, {})
    ir.async_create_issue(
        hass,
        DOMAIN,
        "site_meter_lost_gone",
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key="site_meter_lost",
        data={"entry_id": "gone"},
    )
    result = await hass.data[REPAIRS]["flow_manager"].async_init(DOMAIN, data={"issue_id": "site_meter_lost_gone"})
    assert result["reason"] == "gone"
