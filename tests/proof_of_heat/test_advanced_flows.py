"""Advanced settings through the forms to the decision and the plan, and their export."""

from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    async_fire_time_changed,
    mock_integration,
    mock_platform,
)

from custom_components.proof_of_heat.config_transfer import ConfigTransferError, check_devices, export, validate
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.engine.model.history import COLUMNS
from custom_components.proof_of_heat.inputs.emissions import emission_kg_kwh
from custom_components.proof_of_heat.inputs.presence import people_home
from custom_components.proof_of_heat.inputs.pv_forecast import attributes_forecast, surplus_w
from custom_components.proof_of_heat.inputs.states import requests_heat

from .engine.homes import lived_history
from .flow import add, begin, change, go_on
from .ha import OUTDOOR, ROOM, cycles_end, source, start, system, thermometer, zone

COLD_C = -9.0
NOW = datetime(2026, 1, 21, 12, 0, tzinfo=UTC)
HEATERS = ("input_boolean.one", "input_boolean.two")


@pytest.fixture
async def home(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> MockConfigEntry:
    """Two heaters that are switched, of which one is enough, under control."""
    freezer.move_to(NOW)
    thermometer(hass, ROOM, 19.0)
    thermometer(hass, OUTDOOR, COLD_C)
    assert await async_setup_component(hass, DOMAIN, {})
    heaters = []
    for entity_id in HEATERS:
        hass.states.async_set(entity_id, "off", {"friendly_name": entity_id[-3:]})
        data = {"entity": entity_id, "number_is": "power", "nominal_power": 6000.0, "source_kind": "direct_electric"}
        heaters.append(await source(hass, "entity", data))
    made = system(zone(), *heaters)
    await start(hass, made)
    await made.runtime_data.user.async_set_active(True)
    return made


async def cycle(hass: HomeAssistant, freezer: FrozenDateTimeFactory, minutes: int = 2, outdoor_c: float = 10.0) -> None:
    for _ in range(minutes):
        freezer.tick(60)
        for entity_id, value in ((ROOM, 19.0), (OUTDOOR, outdoor_c)):
            thermometer(hass, entity_id, value)
        async_fire_time_changed(hass)
        await cycles_end(hass)


async def set_advanced(hass: HomeAssistant, entry: MockConfigEntry, index: int, advanced: dict[str, Any]) -> None:
    """Enter advanced settings of a heater in its form."""
    subentry_id = [key for key, item in entry.subentries.items() if item.subentry_type == "source"][index]
    result = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "source"), context={"source": "reconfigure", "subentry_id": subentry_id}
    )
    shown = result["data_schema"]
    assert shown is not None
    stored = entry.subentries[subentry_id].data
    values = {key: stored[key] for key in ("entity", "number_is", "nominal_power", "source_kind")}
    result = await go_on(hass, result, {**values, "advanced": advanced})
    assert result["reason"] == "reconfigure_successful", result
    await hass.async_block_till_done()


def heating(entry: MockConfigEntry) -> list[int]:
    """Which heaters are commanded to heat."""
    commands = entry.runtime_data.coordinator.data.decision.commands
    return [index for index, command in enumerate(commands) if command.on]


@pytest.mark.parametrize("preferred", [0, 1])
async def test_priority_selects_the_source(
    hass: HomeAssistant, home: MockConfigEntry, freezer: FrozenDateTimeFactory, preferred: int
) -> None:
    await set_advanced(hass, home, preferred, {"priority": 0.05})
    await cycle(hass, freezer, 5, COLD_C)
    assert heating(home) == [preferred]


async def test_minimum_on_time_of_the_form_is_kept(
    hass: HomeAssistant, home: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await set_advanced(hass, home, 0, {"priority": 0.05, "min_on": 30})
    await cycle(hass, freezer, 5, COLD_C)
    assert heating(home) == [0]
    for _ in range(15):
        freezer.tick(60)
        thermometer(hass, ROOM, 24.0)
        async_fire_time_changed(hass)
        await cycles_end(hass)
    assert heating(home) == [0], "15 minutes in a warm room: still within 30 minutes"
    for _ in range(16):
        freezer.tick(60)
        thermometer(hass, ROOM, 24.0)
        async_fire_time_changed(hass)
        await cycles_end(hass)
    assert heating(home) == []


async def test_advanced_settings_stay_when_the_form_is_opened_again(hass: HomeAssistant, home: MockConfigEntry) -> None:
    await set_advanced(hass, home, 0, {"priority": 0.05, "phase": "l2"})
    result = await change(hass, home, "source")
    (section,) = [value for key, value in result["data_schema"].schema.items() if key == "advanced"]
    suggested = {str(key): (key.description or {}).get("suggested_value") for key in section.schema.schema}
    assert (suggested["priority"], suggested["phase"], suggested["ramp"]) == (0.05, "l2", None)
    assert section.options["collapsed"]
    assert section.schema.schema["priority"].config["unit_of_measurement"] == "EUR/kWh"
    await set_advanced(hass, home, 0, {})
    assert "advanced" not in next(item for item in home.subentries.values() if item.subentry_type == "source").data


async def test_export_contains_them_and_import_checks_them(hass: HomeAssistant, home: MockConfigEntry) -> None:
    await set_advanced(hass, home, 0, {"priority": 0.05})
    body = export(home)
    row = next(row for row in body["sources"] if "advanced" in row)
    assert row["advanced"] == {"priority": 0.05}
    await check_devices(hass, validate(body))
    for wrong, reason in (
        ({"priority": 7}, "priority"),
        ({"colour": 1}, "unknown key colour"),
        ([], "must be a mapping"),
    ):
        row["advanced"] = wrong
        with pytest.raises(ConfigTransferError, match=reason):
            await check_devices(hass, {"sources": [row]})


async def options(hass: HomeAssistant, entry: MockConfigEntry, form: str, values: dict[str, Any]) -> Any:
    result = await hass.config_entries.options.async_init(entry.entry_id)
    result = await hass.config_entries.options.async_configure(result["flow_id"], {"next_step_id": form})
    result = await hass.config_entries.options.async_configure(result["flow_id"], values)
    await hass.async_block_till_done()
    return result


async def test_curve_by_points_determines_the_flow_temperature(
    hass: HomeAssistant, home: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    points = [{"outdoor": -15.0, "flow": 45.0}, {"outdoor": 15.0, "flow": 25.0}]
    advanced = {"curve_type": "points", "curve_points": points, "room_correction": 0.0}
    result = await options(hass, home, "curve", {"slope": 0.6, "level": 0.0, "max_flow": 50.0, "advanced": advanced})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await cycle(hass, freezer, outdoor_c=COLD_C)
    assert home.runtime_data.coordinator.data.decision.record.flow_c == pytest.approx(25 + 24 / 30 * 20, abs=0.1)


@pytest.mark.parametrize(
    ("advanced", "error"),
    [
        ({"curve_type": "points"}, "curve_points_invalid"),
        ({"curve_type": "points", "curve_points": [{"outdoor": 0.0, "flow": 30.0}]}, "curve_points_invalid"),
        ({"curve_type": "radiator", "design_flow": 40, "design_return": 45}, "design_disordered"),
    ],
)
async def test_impossible_curve_is_an_error(
    hass: HomeAssistant, home: MockConfigEntry, advanced: dict[str, Any], error: str
) -> None:
    result = await options(hass, home, "curve", {"slope": 0.6, "level": 0.0, "max_flow": 50.0, "advanced": advanced})
    assert result["errors"] == {"base": error}


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ("curve", {"slope": 0.6, "level": 0.0, "max_flow": 50.0, "advanced": {"curve_points": [1]}}),
        ("price", {"fixed_price": 0.3, "advanced": {"fee_windows": ["x"]}}),
        ("tariff", {"base_price": 0.3, "tariff_windows": [[0]]}),
    ],
)
async def test_row_that_is_not_an_object_is_an_error_of_the_form(
    hass: HomeAssistant, home: MockConfigEntry, form: str, values: dict[str, Any]
) -> None:
    with pytest.raises(InvalidData):
        await options(hass, home, form, values)


@pytest.mark.parametrize("entity", ["light.hall", "binary_sensor.window"])
async def test_temperature_of_an_entity_without_one_is_an_error(
    hass: HomeAssistant, home: MockConfigEntry, entity: str
) -> None:
    values = {"name": "Attic", "temperature": entity, "comfort": 21.0, "eco": 19.0, "away": 16.0, "advanced": {}}
    with pytest.raises(InvalidData):
        await go_on(hass, await begin(hass, home, "zone"), values)


async def test_the_system_does_not_follow_its_own_entities(hass: HomeAssistant, home: MockConfigEntry) -> None:
    own = {item.domain: item.entity_id for item in er.async_entries_for_config_entry(er.async_get(hass), home.entry_id)}
    for domain in ("switch", "select", "climate"):
        values = {"entity": own[domain], "source_kind": "direct_electric", "advanced": {}}
        result = await add(hass, home, "entity", values)
        assert result["errors"] == {"entity": "own_entity"}, domain
    values = {"name": "Attic", "comfort": 21.0, "eco": 19.0, "away": 16.0, "advanced": {}}
    result = await begin(hass, home, "zone")
    for field in ("temperature", "heat_request"):
        result = await go_on(hass, result, {"temperature": ROOM, **values, field: own["climate"]})
        assert result["errors"] == {field: "own_entity"}
    # A sensor of a device of this integration is a measured value.
    result = await go_on(hass, result, {"temperature": own["sensor"], **values})
    assert result["type"] is FlowResultType.CREATE_ENTRY


def pv_sensor(hass: HomeAssistant, entity_id: str = "sensor.pv") -> None:
    rows = [
        {"period_start": NOW + timedelta(minutes=30 * index), "pv_estimate": 5.4 if 2 <= index < 6 else 0.0}
        for index in range(40)
    ]
    hass.states.async_set(entity_id, "10.8", {"detailedForecast": rows, "unit_of_measurement": "kWh"})


async def test_solar_power_reaches_the_snapshot_and_the_costs(
    hass: HomeAssistant, home: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    pv_sensor(hass)
    hass.states.async_set("sensor.export", "2.5", {"device_class": "power", "unit_of_measurement": "kW"})
    values = {"export_meter": "sensor.export", "pv_forecast": ["sensor.pv"], "feed_in_price": 0.08, "usual_load": 400.0}
    result = await options(hass, home, "solar", values)
    assert result["type"] is FlowResultType.CREATE_ENTRY, result
    await cycle(hass, freezer, 3)
    data = home.runtime_data.coordinator.data
    assert (data.snapshot.surplus_w, data.snapshot.surplus_price_kwh) == (2500.0, 0.08)
    assert data.snapshot.forecast.surplus_w[0] == 2500.0, "the measured one comes first"
    assert max(data.snapshot.forecast.surplus_w[1:]) == 5000.0, "after the usual load"
    assert home.runtime_data.shadow.is_on is False


async def test_grid_meter_with_the_opposite_sign_measures_the_surplus(
    hass: HomeAssistant, home: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set("sensor.grid", "-3000", {"device_class": "power", "unit_of_measurement": "W"})
    await options(hass, home, "limits", {"site_meter": "sensor.grid", "quiet_level": 50})
    await cycle(hass, freezer, 1)
    assert home.runtime_data.coordinator.data.snapshot.surplus_w == 0.0, "its price is not known"
    await options(hass, home, "solar", {"feed_in_price": 0.08, "usual_load": 400.0})
    await cycle(hass, freezer, 1)
    assert home.runtime_data.coordinator.data.snapshot.surplus_w == 3000.0


async def test_sensor_without_a_forecast_is_an_error(hass: HomeAssistant, home: MockConfigEntry) -> None:
    hass.states.async_set("sensor.pv", "3")
    values = {"pv_forecast": ["sensor.pv"], "feed_in_price": 0.0, "usual_load": 400.0}
    assert (await options(hass, home, "solar", values))["errors"] == {"pv_forecast": "no_solar_forecast"}


async def test_integration_of_the_energy_dashboard_is_asked(
    hass: HomeAssistant, home: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """As Forecast.Solar offers it: no attribute, energy by the hour through the platform `energy`."""

    class Platform:
        @staticmethod
        async def async_get_solar_forecast(hass: HomeAssistant, config_entry_id: str) -> dict[str, Any]:
            return {"wh_hours": {(NOW + timedelta(hours=hour)).isoformat(): 1900.0 for hour in range(4)}}

    mock_integration(hass, MockModule("sunny"))
    mock_platform(hass, "sunny.energy", Platform)
    owner = MockConfigEntry(domain="sunny")
    owner.add_to_hass(hass)
    entity = er.async_get(hass).async_get_or_create("sensor", "sunny", "today", config_entry=owner)
    hass.states.async_set(entity.entity_id, "7.6")
    values = {"pv_forecast": [entity.entity_id], "feed_in_price": 0.0, "usual_load": 400.0}
    assert (await options(hass, home, "solar", values))["type"] is FlowResultType.CREATE_ENTRY
    await cycle(hass, freezer, 3)
    assert max(home.runtime_data.coordinator.data.snapshot.forecast.surplus_w) == 1500.0


async def test_planning_reaches_the_engine_and_co2_the_decision(
    hass: HomeAssistant, home: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set("sensor.co2", "400", {"unit_of_measurement": "gCO2eq/kWh"})
    values = {
        "comfort_weight": 55,
        "peak_policy": "none",
        "start_cost": 0.2,
        "co2_entity": "sensor.co2",
        "co2_price": 0.2,
        "measure": False,
    }
    assert (await options(hass, home, "planning", values))["type"] is FlowResultType.CREATE_ENTRY
    await cycle(hass, freezer, 1)
    engine = home.runtime_data.engine
    assert (engine.config.weights.discomfort_weight, engine.config.weights.peak) == (55.0, "none")
    assert engine.config.commission is False
    assert home.runtime_data.coordinator.data.snapshot.emission_kg_kwh == 0.4


async def test_sensor_without_a_co2_intensity_is_an_error(hass: HomeAssistant, home: MockConfigEntry) -> None:
    hass.states.async_set("sensor.co2", "400", {"unit_of_measurement": "ppm"})
    values = {"comfort_weight": 27, "peak_policy": "none", "start_cost": 0.12, "co2_price": 0.2, "measure": True}
    result = await options(hass, home, "planning", {**values, "co2_entity": "sensor.co2"})
    assert result["errors"] == {"co2_entity": "no_co2_intensity"}


async def test_zone_whose_actuator_is_closed_needs_no_heat(
    hass: HomeAssistant, home: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set("binary_sensor.actuator", "off")
    result = await change(hass, home, "zone")
    values = {"name": "Living room", "temperature": ROOM, "comfort": 21.0, "eco": 18.5, "away": 16.0}
    advanced = {"heat_request": "binary_sensor.actuator", "advanced": {"area": 40.0}}
    result = await go_on(hass, result, {**values, **advanced})
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    await cycle(hass, freezer, 5, COLD_C)
    assert heating(home) == []
    (shown,) = home.runtime_data.coordinator.data.snapshot.zones
    assert (shown.wants_heat, shown.weight) == (False, 40.0)
    hass.states.async_set("binary_sensor.actuator", "on")
    await cycle(hass, freezer, 5, COLD_C)
    assert heating(home)


@pytest.mark.parametrize(
    ("state", "attributes", "expected"),
    [
        ("heat", {"hvac_action": "heating"}, True),
        ("heat", {"hvac_action": "idle"}, False),
        ("off", {}, False),
        ("unavailable", {}, True),
    ],
)
async def test_thermostat_requests_heat(
    hass: HomeAssistant, state: str, attributes: dict[str, Any], expected: bool
) -> None:
    hass.states.async_set("climate.room", state, attributes)
    assert requests_heat(hass, "climate.room") is expected
    assert requests_heat(hass, None)


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        ("400", "gCO2eq/kWh", 0.4),
        ("0.4", "kg/kWh", 0.4),
        ("400", "kg CO2/MWh", 0.4),
        ("400", "g/kWh", 0.4),
        ("400", "ppm", 0.0),
        ("400", None, 0.0),
        ("unknown", "g/kWh", 0.0),
        ("-5", "g/kWh", 0.0),
        ("400", "kg/kWh", 0.0),
    ],
)
async def test_units_of_the_co2_intensity(hass: HomeAssistant, value: str, unit: str | None, expected: float) -> None:
    hass.states.async_set("sensor.co2", value, {"unit_of_measurement": unit} if unit else {})
    assert emission_kg_kwh(hass, "sensor.co2") == pytest.approx(expected)


async def test_people_of_the_form_reach_the_thermal_model(
    hass: HomeAssistant, home: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    for name in ("a", "b"):
        hass.states.async_set(f"person.{name}", "home")
    await options(hass, home, "presence", {"persons": ["person.a", "person.b"]})
    await cycle(hass, freezer, 1)
    assert home.runtime_data.coordinator.data.snapshot.people == 2.0


async def test_people_at_home_are_counted(hass: HomeAssistant) -> None:
    for name, state in (("a", "home"), ("b", "not_home"), ("c", "home")):
        hass.states.async_set(f"person.{name}", state)
    assert people_home(hass, ["person.a", "person.b", "person.c", "person.missing"]) == 2.0


AT = dt_util.parse_datetime("2026-06-01T10:00:00+00:00")
FORMATS: list[tuple[dict[str, Any], list[float]]] = [
    ({"detailedHourly": [{"period_start": "2026-06-01T10:00:00+00:00", "pv_estimate": 2.0}]}, [1600.0] * 4),
    ({"watts": {"2026-06-01T10:00:00+00:00": 2000, "2026-06-01T10:30:00+00:00": 1000}}, [1600.0] * 2 + [600.0] * 4),
    (
        {"wh_period": {"2026-06-01T10:00:00+00:00": 1000, "2026-06-01T10:30:00+00:00": 500}},
        [1600.0] * 2 + [600.0] * 2,
    ),
    ({"wh_hours": {"2026-06-01T12:00:00+02:00": 2000}}, [1600.0] * 4),
]


@pytest.mark.parametrize(("attributes", "expected"), FORMATS, ids=[next(iter(item[0])) for item in FORMATS])
def test_formats_of_solar_forecasts(attributes: dict[str, Any], expected: list[float]) -> None:
    assert AT is not None
    found = surplus_w([attributes_forecast(attributes)], 400.0, AT, 192)
    assert found[: len(expected)] == pytest.approx(expected)
    assert sum(found) == pytest.approx(sum(expected))


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"watts": None},
        {"watts": {"yesterday": 5}},
        {"watts": {"2026-06-01T10:00:00+00:00": -1}},
        {"detailedForecast": [None, {"period_start": None, "pv_estimate": 1}, {"pv_estimate": 1}]},
        {"detailedForecast": "x", "wh_hours": []},
    ],
)
def test_broken_forecasts_are_none(broken: dict[str, Any]) -> None:
    assert AT is not None
    assert attributes_forecast(broken) == {}
    assert surplus_w([], 0.0, AT, 192) == []


async def planned(hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory) -> dict[str, float]:
    """The plan of a home whose model is learned from a history: energy in kWh, in all and between 13 and 15 o'clock."""
    rows = lived_history(4)
    shift_s = dt_util.utcnow().timestamp() - rows[-1].time_s
    engine = entry.runtime_data.engine
    engine.history.restore([[row.time_s + shift_s, *(getattr(row, name) for name in COLUMNS[1:])] for row in rows])
    engine.job_failed()  # learning is due by the length of the history
    engine._learn_at_h = 0.0
    for _ in range(3):
        freezer.tick(60)
        thermometer(hass, ROOM, 21.1)
        thermometer(hass, OUTDOOR, COLD_C)
        await entry.runtime_data.coordinator.async_refresh()
        await hass.async_block_till_done()
    plan = engine.plan
    assert plan is not None
    cells, kwh = plan.plan.grid, plan.plan.power_w * plan.plan.grid.hours / 1000
    begins = [NOW + timedelta(seconds=float(step) * 900) for step in cells.begin]
    noon = [begin.hour in {13, 14} and begin.day == NOW.day for begin in begins]
    return {"all": float(kwh.sum()), "noon": float(kwh[noon].sum()), "cap": plan.cap_w}


@pytest.mark.slow
async def test_forms_change_the_plan(
    hass: HomeAssistant, home: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    usual = await planned(hass, home, freezer)
    freezer.move_to(NOW)
    values = {"comfort_weight": 1, "peak_policy": "reference", "start_cost": 0.12, "co2_price": 0.0, "measure": True}
    await options(hass, home, "planning", values)
    colder = await planned(hass, home, freezer)
    assert colder["all"] < 0.9 * usual["all"], "comfort counts less"
    freezer.move_to(NOW)
    await options(hass, home, "planning", {**values, "comfort_weight": 27})
    pv_sensor(hass)
    await options(hass, home, "solar", {"pv_forecast": ["sensor.pv"], "feed_in_price": 0.0, "usual_load": 400.0})
    sunny = await planned(hass, home, freezer)
    assert sunny["noon"] > usual["noon"] + 2.5, "heating is moved to the surplus"
