"""Any entity as a heat source, against Home Assistant's own helpers and entities with real actions."""

from collections.abc import AsyncGenerator
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
from homeassistant.util.unit_system import US_CUSTOMARY_SYSTEM
import pytest

from custom_components.proof_of_heat.drivers.source_parts import Timing
from custom_components.proof_of_heat.sources.ha_entity import EntityOptions, EntitySource, capabilities_of
from lib.heat_source import Command, Control, Health, Outcome, SourceKind

QUICK = Timing(read_s=5.0, write_s=15.0, fresh_s=0.0, verify_s=0.1, verify_step_s=0.02)


MADE: list[EntitySource] = []


@pytest.fixture(autouse=True)
async def closed() -> AsyncGenerator[None]:
    """Leases end with the test."""
    yield
    while MADE:
        await MADE.pop().close()


def source(hass: HomeAssistant, entity_id: str, **options: Any) -> EntitySource:
    entity_options = EntityOptions(entity_id=entity_id, **options)
    state = hass.states.get(entity_id)
    assert state is not None
    made = EntitySource(hass, "proof_of_heat:e", "Entity", entity_options, capabilities_of(hass, state, entity_options))
    made.timing = QUICK
    MADE.append(made)
    return made


@pytest.fixture
async def helpers(hass: HomeAssistant) -> None:
    """Helpers of every kind, really set up."""
    number = {"min": 0, "max": 3000, "step": 1, "initial": 0}
    water = {"min": 25, "max": 55, "step": 0.5, "initial": 30}
    assert await async_setup_component(hass, "input_number", {"input_number": {"watts": number, "flow": water}})
    options = {"options": ["off", "eco", "boost"], "initial": "off"}
    assert await async_setup_component(hass, "input_select", {"input_select": {"mode": options}})
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"heater": {"initial": False}}})
    await hass.async_block_till_done()


@pytest.mark.usefixtures("helpers")
async def test_number_of_watts(hass: HomeAssistant) -> None:
    heater = source(hass, "input_number.watts", nominal_w=3000.0)
    assert heater.capabilities.controls == {Control.POWER}
    assert heater.capabilities.max_power_w == 3000
    assert (await heater.apply(Command(id="a", power_w=1200.0))).outcome == Outcome.APPLIED
    assert hass.states.get("input_number.watts").state == "1200.0"
    assert (await heater.apply(Command(id="b", power_w=1200.4))).outcome == Outcome.UNCHANGED
    assert heater.state.power_limit_w == 1200
    assert heater.state.on is True


@pytest.mark.usefixtures("helpers")
async def test_number_without_a_switch_is_off_at_its_lowest(hass: HomeAssistant) -> None:
    heater = source(hass, "input_number.watts")
    await heater.apply(Command(id="a", power_w=2000.0))
    heater._written_at = -1e9
    assert (await heater.apply(Command(id="b", on=False))).outcome == Outcome.APPLIED
    assert hass.states.get("input_number.watts").state == "0.0"
    assert heater.state.on is False
    assert heater.state.power_w == 0


@pytest.mark.usefixtures("helpers")
async def test_number_of_a_flow_temperature(hass: HomeAssistant) -> None:
    boiler = source(hass, "input_number.flow", kind=SourceKind.BOILER, number_is=Control.FLOW, fuel="fuel")
    hass.states.async_set("sensor.flow", "41.5", {"unit_of_measurement": "°C"})
    boiler._options = EntityOptions(entity_id="input_number.flow", number_is=Control.FLOW, flow_entity="sensor.flow")
    assert (await boiler.apply(Command(id="a", on=True, flow_c=44.0))).outcome == Outcome.APPLIED
    assert hass.states.get("input_number.flow").state == "44.0"
    assert (boiler.state.flow_setpoint_c, boiler.state.flow_c) == (44.0, 41.5)
    boiler._written_at = -1e9
    await boiler.apply(Command(id="b", flow_c=90.0))
    assert hass.states.get("input_number.flow").state == "55.0", "never above the entity's own limit"


@pytest.mark.usefixtures("helpers")
async def test_switch_with_its_meter(hass: HomeAssistant) -> None:
    hass.states.async_set("sensor.power", "2.9", {"unit_of_measurement": "kW"})
    heater = source(hass, "input_boolean.heater", power_entity="sensor.power")
    assert (await heater.apply(Command(id="a", on=True, power_w=500.0, room_c=21.0))).outcome == Outcome.APPLIED
    assert hass.states.get("input_boolean.heater").state == "on"
    assert heater.state.power_w == pytest.approx(2900)
    assert heater.state.heat_w == pytest.approx(2900)
    assert (await heater.release()).outcome == Outcome.APPLIED
    assert hass.states.get("input_boolean.heater").state == "off"


@pytest.mark.usefixtures("helpers")
async def test_select_of_modes(hass: HomeAssistant) -> None:
    stove = source(hass, "input_select.mode")
    assert stove.capabilities.modes == ("off", "eco", "boost")
    assert (await stove.apply(Command(id="a", mode="eco"))).outcome == Outcome.APPLIED
    assert (stove.state.mode, stove.state.on) == ("eco", True)
    assert (await stove.apply(Command(id="b", mode="turbo"))).outcome == Outcome.REFUSED
    assert (await stove.release()).outcome == Outcome.APPLIED
    assert hass.states.get("input_select.mode").state == "off", "as before"


def acts(hass: HomeAssistant, domain: str, entity_id: str) -> list[tuple[str, dict[str, Any]]]:
    """Actions of a domain that change the entity's state as its integration would."""
    calls: list[tuple[str, dict[str, Any]]] = []

    async def act(call: ServiceCall) -> None:
        data = {key: value for key, value in call.data.items() if key != "entity_id"}
        calls.append((call.service, data))
        state = hass.states.get(entity_id)
        assert state is not None
        on = {"turn_on": "heat", "turn_off": "off"}.get(call.service, state.state)
        for name in ("hvac_mode", "operation_mode", "option", "value"):
            on = str(data.get(name, on))
        hass.states.async_set(entity_id, on, {**state.attributes, **data})

    for service in (
        *("turn_on", "turn_off", "set_temperature", "set_humidity"),
        *("set_hvac_mode", "set_operation_mode", "set_value", "select_option"),
    ):
        hass.services.async_register(domain, service, act)
    return calls


async def test_thermostat(hass: HomeAssistant) -> None:
    hass.states.async_set("climate.hall", "off", {"temperature": 18.0})
    calls = acts(hass, "climate", "climate.hall")
    room = source(hass, "climate.hall")
    assert room.capabilities.controls == {Control.ON_OFF, Control.ROOM}
    assert (await room.apply(Command(id="a", on=True, room_c=21.0))).outcome == Outcome.APPLIED
    assert calls == [("turn_on", {}), ("set_temperature", {"temperature": 21.0})]
    assert room.state.room_setpoint_c == 21.0
    calls.clear()
    assert (await room.release()).outcome == Outcome.APPLIED
    assert calls == [("set_temperature", {"temperature": 18.0}), ("set_hvac_mode", {"hvac_mode": "off"})], "as before"


async def test_air_conditioner_is_set_to_heat_never_to_cool(hass: HomeAssistant) -> None:
    modes = {"hvac_modes": ["off", "cool", "heat_cool", "heat"], "min_temp": 16, "max_temp": 30, "target_temp_step": 1}
    hass.states.async_set("climate.split", "cool", {"temperature": 24, **modes})
    calls = acts(hass, "climate", "climate.split")
    split = source(hass, "climate.split", nominal_w=900.0)
    report = await split.refresh()
    assert (report.on, report.power_w) == (False, None), "cooling: no heat, and its power is unknown"
    assert (await split.apply(Command(id="a", on=False))).outcome == Outcome.UNCHANGED, "cooling is left alone"
    assert (await split.apply(Command(id="b", on=True, room_c=20.4))).outcome == Outcome.APPLIED
    assert calls == [("set_hvac_mode", {"hvac_mode": "heat"}), ("set_temperature", {"temperature": 20.0})]
    split._written_at = -1e9
    assert (await split.apply(Command(id="c", on=False))).outcome == Outcome.APPLIED
    assert calls[-1] == ("set_hvac_mode", {"hvac_mode": "off"})
    assert split.state.power_w == 0


async def test_thermostat_in_fahrenheit(hass: HomeAssistant) -> None:
    hass.config.units = US_CUSTOMARY_SYSTEM
    hass.states.async_set("climate.hall", "heat", {"temperature": 68, "hvac_modes": ["off", "heat"], "max_temp": 77})
    calls = acts(hass, "climate", "climate.hall")
    room = source(hass, "climate.hall")
    assert (await room.refresh()).room_setpoint_c == pytest.approx(20.0)
    assert (await room.apply(Command(id="a", room_c=22.0))).outcome == Outcome.APPLIED
    assert calls == [("set_temperature", {"temperature": pytest.approx(71.6)})]
    room._written_at = -1e9
    await room.apply(Command(id="b", room_c=40.0))
    assert calls[-1] == ("set_temperature", {"temperature": 77.0}), "never above the entity's own limit"


async def test_water_heater_takes_the_flow_temperature(hass: HomeAssistant) -> None:
    limits = {"min_temp": 30.0, "max_temp": 60.0, "temperature": 45.0, "current_temperature": 41.0}
    operations = {"operation_list": ["off", "gas", "eco"]}
    hass.states.async_set("water_heater.boiler", "eco", {**limits, **operations})
    calls = acts(hass, "water_heater", "water_heater.boiler")
    boiler = source(hass, "water_heater.boiler", kind=SourceKind.BOILER, fuel="fuel")
    assert boiler.capabilities.controls == {Control.ON_OFF, Control.FLOW}
    assert (boiler.capabilities.min_flow_c, boiler.capabilities.max_flow_c) == (30, 60)
    report = await boiler.refresh()
    assert (report.on, report.flow_c, report.flow_setpoint_c) == (True, 41.0, 45.0)
    # The wish for a room has nothing to do with the water.
    assert (await boiler.apply(Command(id="a", room_c=21.0, flow_c=52.0))).outcome == Outcome.APPLIED
    assert calls == [("set_temperature", {"temperature": 52.0})]
    for on, operation in ((False, "off"), (True, "eco")):
        boiler._written_at = -1e9
        assert (await boiler.apply(Command(id="b", on=on))).outcome == Outcome.APPLIED
        assert calls[-1] == ("set_operation_mode", {"operation_mode": operation}), "on is what it was"


async def test_water_heater_without_a_switch_is_off_at_its_lowest(hass: HomeAssistant) -> None:
    hass.states.async_set("water_heater.tank", "gas", {"min_temp": 30.0, "max_temp": 60.0, "temperature": 45.0})
    calls = acts(hass, "water_heater", "water_heater.tank")
    tank = source(hass, "water_heater.tank", kind=SourceKind.BOILER)
    assert tank.capabilities.controls == {Control.FLOW}
    assert (await tank.apply(Command(id="a", on=False))).outcome == Outcome.APPLIED
    assert (calls, tank.state.on) == ([("set_temperature", {"temperature": 30.0})], False)


@pytest.mark.parametrize(
    ("unit", "nominal", "value", "power_w"),
    [("kW", None, 1.5, 1500.0), ("%", 2000.0, 75.0, 1500.0), ("W", None, 1500.0, 1500.0)],
)
async def test_number_in_its_own_unit(
    hass: HomeAssistant, unit: str, nominal: float | None, value: float, power_w: float
) -> None:
    limits = {"kW": (0, 3, 0.5), "%": (0, 100, 5), "W": (0, 3000, 100)}[unit]
    number = dict(zip(("min", "max", "step"), limits, strict=True)) | {"unit_of_measurement": unit}
    hass.states.async_set("number.power", "0", number)
    calls = acts(hass, "number", "number.power")
    heater = source(hass, "number.power", nominal_w=nominal)
    assert (await heater.apply(Command(id="a", power_w=power_w + 10))).outcome == Outcome.APPLIED, "in its steps"
    assert calls == [("set_value", {"value": value})]
    assert (heater.state.power_limit_w, heater.state.on) == (power_w, True)


@pytest.mark.parametrize("unit", ["%", "°C"])
async def test_number_without_a_power_unit_is_not_commanded(hass: HomeAssistant, unit: str) -> None:
    hass.states.async_set("number.x", "5", {"min": 0, "max": 100, "unit_of_measurement": unit})
    assert source(hass, "number.x").capabilities.controls == set()


async def test_flow_temperature_in_fahrenheit(hass: HomeAssistant) -> None:
    number = {"min": 77, "max": 131, "step": 1, "unit_of_measurement": "°F"}
    hass.states.async_set("number.opentherm", "95", number)
    calls = acts(hass, "number", "number.opentherm")
    boiler = source(hass, "number.opentherm", kind=SourceKind.BOILER, number_is=Control.FLOW)
    assert boiler.capabilities.min_flow_c == pytest.approx(25.0)
    assert (await boiler.refresh()).flow_setpoint_c == pytest.approx(35.0)
    assert (await boiler.apply(Command(id="a", flow_c=45.0))).outcome == Outcome.APPLIED
    assert calls == [("set_value", {"value": 113.0})]


async def test_select_whose_options_say_their_watts_goes_in_steps(hass: HomeAssistant) -> None:
    hass.states.async_set("select.heater", "Off", {"options": ["Off", "Boost 1,5 kW", "Eco 700 W"]})
    calls = acts(hass, "select", "select.heater")
    heater = source(hass, "select.heater")
    assert heater.capabilities.power_steps_w == (700.0, 1500.0)
    for power_w, option in ((900.0, "Eco 700 W"), (1500.0, "Boost 1,5 kW"), (100.0, "Eco 700 W")):
        heater._written_at = -1e9
        assert (await heater.apply(Command(id="a", on=True, power_w=power_w))).outcome == Outcome.APPLIED
        assert calls[-1] == ("select_option", {"option": option})
    assert (heater.state.on, heater.state.power_w) == (True, 700)
    heater._written_at = -1e9
    assert (await heater.apply(Command(id="b", on=False))).outcome == Outcome.APPLIED
    assert (calls[-1], heater.state.power_w) == (("select_option", {"option": "Off"}), 0)


@pytest.mark.usefixtures("helpers")
async def test_select_is_switched_off_and_on_as_it_was(hass: HomeAssistant) -> None:
    stove = source(hass, "input_select.mode")
    assert Control.ON_OFF in stove.capabilities.controls
    await stove.apply(Command(id="a", mode="boost"))
    for on, option in ((False, "off"), (True, "boost")):
        stove._written_at = -1e9
        assert (await stove.apply(Command(id="b", on=on))).outcome == Outcome.APPLIED
        assert hass.states.get("input_select.mode").state == option


async def test_humidifier_in_percent_of_the_nominal_power(hass: HomeAssistant) -> None:
    hass.states.async_set("humidifier.miner", "on", {"humidity": 50, "min_humidity": 30, "max_humidity": 100})
    calls = acts(hass, "humidifier", "humidifier.miner")
    assert source(hass, "humidifier.miner").capabilities.controls == {Control.ON_OFF}, "percent of nothing known"
    miner = source(hass, "humidifier.miner", kind=SourceKind.MINER, nominal_w=3000.0)
    assert (miner.capabilities.min_power_w, miner.capabilities.max_power_w) == (900, 3000)
    assert (await miner.refresh()).power_limit_w == 1500
    assert (await miner.apply(Command(id="a", power_w=2400.0))).outcome == Outcome.APPLIED
    assert calls == [("set_humidity", {"humidity": 80})]


async def test_humidifier_as_a_power_limit(hass: HomeAssistant) -> None:
    entity_id = "humidifier.miner"
    hass.states.async_set(entity_id, "off", {"humidity": 1000, "min_humidity": 800, "max_humidity": 3200})
    calls = acts(hass, "humidifier", entity_id)
    miner = source(hass, entity_id, kind=SourceKind.MINER)
    assert (miner.capabilities.min_power_w, miner.capabilities.max_power_w) == (800, 3200)
    assert (await miner.apply(Command(id="a", on=True, power_w=5000.0))).outcome == Outcome.APPLIED
    assert calls == [("turn_on", {}), ("set_humidity", {"humidity": 3200})]
    assert miner.state.power_limit_w == 3200


@pytest.mark.parametrize("state", ["unavailable", "unknown", None])
async def test_missing_entity_is_failing_and_reports_the_reason(hass: HomeAssistant, state: str | None) -> None:
    hass.states.async_set("switch.heater", "on")
    heater = source(hass, "switch.heater", nominal_w=1000.0)
    assert (await heater.refresh()).power_w == 1000
    if state is None:
        hass.states.async_remove("switch.heater")
    else:
        hass.states.async_set("switch.heater", state)
    report = await heater.refresh()
    assert (report.health, report.power_w) == (Health.FAILING, None)
    assert "switch.heater" in report.detail
    assert (await heater.apply(Command(id="a", on=True))).outcome == Outcome.FAILED


async def test_action_that_is_refused(hass: HomeAssistant) -> None:
    async def refuse(_: ServiceCall) -> None:
        raise HomeAssistantError("locked")

    hass.services.async_register("switch", "turn_on", refuse)
    hass.states.async_set("switch.heater", "off")
    heater = source(hass, "switch.heater")
    result = await heater.apply(Command(id="a", on=True))
    assert (result.outcome, "locked" in result.detail) == (Outcome.REFUSED, True)
    assert not heater.leased


async def test_group_is_switched_by_home_assistant_itself(hass: HomeAssistant) -> None:
    calls: list[str] = []

    async def switch(call: ServiceCall) -> None:
        calls.append(call.service)
        hass.states.async_set("group.heaters", "on")

    hass.services.async_register("homeassistant", "turn_on", switch)
    hass.states.async_set("group.heaters", "off")
    heaters = source(hass, "group.heaters")
    assert (await heaters.apply(Command(id="a", on=True))).outcome == Outcome.APPLIED
    assert calls == ["turn_on"]


async def test_number_that_shows_nothing_is_neither_on_nor_off(hass: HomeAssistant) -> None:
    hass.states.async_set("number.watts", "much", {"min": 0, "max": 100})
    report = await source(hass, "number.watts", nominal_w=100.0).refresh()
    assert (report.on, report.power_w) == (None, None)


async def test_heat_pump_s_heat_is_not_its_power(hass: HomeAssistant) -> None:
    hass.states.async_set("switch.pump", "on")
    hass.states.async_set("sensor.heat", "6", {"unit_of_measurement": "kW"})
    pump = source(hass, "switch.pump", kind=SourceKind.HEAT_PUMP, nominal_w=2000.0, heat_entity="sensor.heat")
    report = await pump.refresh()
    assert (report.power_w, report.heat_w) == (2000, 6000)
    plain = source(hass, "switch.pump", kind=SourceKind.HEAT_PUMP, nominal_w=2000.0)
    assert (await plain.refresh()).heat_w is None


@pytest.mark.parametrize(
    ("state", "attributes", "expected"),
    [
        (
            "heat_cool",
            {"target_temp_low": 19.0, "target_temp_high": 25.0},
            {"target_temp_low": 22.0, "target_temp_high": 25.0},
        ),
        (
            "heat_cool",
            {"target_temp_low": 19.0, "target_temp_high": 22.5},
            {"target_temp_low": 22.0, "target_temp_high": 24.0},
        ),
        (
            "heat_cool",
            {"target_temp_low": 19.0, "target_temp_high": None},
            {"target_temp_low": 22.0, "target_temp_high": 24.0},
        ),
        (
            "heat_cool",
            {"target_temp_low": 19.0, "target_temp_high": 21.0, "max_temp": 23.0},
            {"target_temp_low": 22.0, "target_temp_high": 23.0},
        ),
        (
            "heat_cool",
            {"supported_features": 2, "target_temp_low": None},
            {"target_temp_low": 22.0, "target_temp_high": 24.0},
        ),
        (
            "auto",
            {"supported_features": 3, "target_temp_low": 19.0},
            {"target_temp_low": 22.0, "target_temp_high": 24.0},
        ),
        ("heat", {"supported_features": 3, "temperature": 20.0, "target_temp_low": None}, {"temperature": 22.0}),
        ("heat", {"supported_features": 1, "temperature": None}, {"temperature": 22.0}),
        ("heat", {"temperature": 20.0}, {"temperature": 22.0}),
    ],
)
async def test_a_thermostat_with_a_range_is_controlled_by_its_lower_setpoint(
    hass: HomeAssistant, state: str, attributes: dict[str, Any], expected: dict[str, float]
) -> None:
    modes = {"hvac_modes": ["off", "heat", "auto", "heat_cool"], "min_temp": 5, "max_temp": 30}
    hass.states.async_set("climate.hall", state, {**modes, **attributes})
    calls = acts(hass, "climate", "climate.hall")
    hall = source(hass, "climate.hall", kind=SourceKind.BOILER)
    assert (await hall.apply(Command(id="a", on=True, room_c=22.0))).outcome == Outcome.APPLIED
    assert calls == [("set_temperature", expected)]
    assert hall.state.room_setpoint_c == 22.0


async def test_a_thermostat_that_is_turned_on_gets_the_setpoint_of_its_new_mode(hass: HomeAssistant) -> None:
    """Off, both kinds of setpoint are absent: with "heat" it has a single one, with "heat_cool" alone a range."""
    for modes, expected in (
        (["off", "heat", "heat_cool"], {"temperature": 22.0}),
        (["off", "heat_cool"], {"target_temp_low": 22.0, "target_temp_high": 24.0}),
    ):
        attributes = {
            "hvac_modes": modes,
            "min_temp": 5,
            "max_temp": 30,
            "supported_features": 387,
            "temperature": None,
        }
        hass.states.async_set("climate.hall", "off", attributes)
        calls = acts(hass, "climate", "climate.hall")
        hall = source(hass, "climate.hall", kind=SourceKind.BOILER)
        await hall.apply(Command(id="a", on=True, room_c=22.0))
        assert calls == [("set_hvac_mode", {"hvac_mode": modes[1]}), ("set_temperature", expected)]
