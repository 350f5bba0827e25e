"""Values that heat pumps, boilers, miners, meters and their neighbors report without measuring them."""

from datetime import UTC, datetime
import math
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.proof_of_heat._lib.heat_source import (
    Capabilities,
    Command,
    Control,
    Health,
    SourceKind,
    SourceState,
)
from custom_components.proof_of_heat.climate import ZoneClimate
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.drivers.base import SourceBase
from custom_components.proof_of_heat.drivers.cloud.account import Rig
from custom_components.proof_of_heat.drivers.errors import BadReplyError
from custom_components.proof_of_heat.drivers.meter.shelly import decode_status
from custom_components.proof_of_heat.drivers.miner.antminer import _mode_of
from custom_components.proof_of_heat.drivers.miner.braiins import decode_rest
from custom_components.proof_of_heat.drivers.miner.models import MinerReading
from custom_components.proof_of_heat.drivers.miner.whatsminer import decode_state_v3, decode_status_v2
from custom_components.proof_of_heat.drivers.modbus.registers import Register
from custom_components.proof_of_heat.drivers.modbus.word_order import WordOrder
from custom_components.proof_of_heat.drivers.value_ranges import reading_in_range, state_in_range
from custom_components.proof_of_heat.drivers.viessmann.features import ELECTRICITY, decode
from custom_components.proof_of_heat.engine.config import SourceConfig
from custom_components.proof_of_heat.inputs.states import drawn_w, power, temperature
from custom_components.proof_of_heat.inputs.weather import parse_forecast
from custom_components.proof_of_heat.runtime.site_power import SitePower
from custom_components.proof_of_heat.sources.external import DIRECTORY, ExternalSource
from custom_components.proof_of_heat.sources.ha_entity import EntityOptions, capabilities_of
from custom_components.proof_of_heat.sources.source_snapshot import source_snapshot

from .ha import OUTDOOR, ROOM, start, system, thermometer, zone

NOW = datetime(2027, 1, 10, 12, tzinfo=UTC)
NO_SENSOR_C = (327.67, -327.68, 3276.7, -3276.8, 655.35, 6553.5, -127.0, 128.0, 255.0, 999.0, -999.9, float("inf"))


def state(**values: Any) -> SourceState:
    return SourceState(at=NOW, health=Health.OK, **values)


class Device(SourceBase):
    """A device that reports what it is given."""

    def __init__(self, report: SourceState) -> None:
        super().__init__("x", "X", Capabilities(kind=SourceKind.BOILER, controls=frozenset()))
        self.report = report

    async def _read(self) -> SourceState:
        return self.report

    async def _write(self, wanted: Command, state: SourceState) -> None:
        raise AssertionError


@pytest.mark.parametrize("name", ["flow_c", "return_c", "circuit_c", "flow_setpoint_c", "outdoor_c", "room_setpoint_c"])
@pytest.mark.parametrize("value", NO_SENSOR_C)
async def test_a_missing_sensor_of_any_driver_is_unknown(name: str, value: float) -> None:
    """Also of a source of another integration, whose driver does not know this."""
    good = {"power_w": 1500.0, "outdoor_c": 3.0, "flow_c": 40.0}
    given = state(**{**good, name: value})
    for seen in (await Device(given).refresh(), state_in_range(given)):
        assert getattr(seen, name) is None
        assert all(getattr(seen, key) == good[key] for key in good if key != name), "the rest is used"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("power_w", 4_294_967_295.0),
        ("power_w", float("nan")),
        ("heat_w", -1e9),
        ("electricity_kwh", -1.0),
        ("heat_kwh", 4_294_967_295.0),
    ],
)
def test_powers_and_counters_out_of_any_range(name: str, value: float) -> None:
    assert getattr(state_in_range(state(**{name: value})), name) is None


def test_further_readings() -> None:
    given = {
        "dhw_temperature": 327.67,
        "flue_gas_temperature": 180.0,
        "fault": 65535,
        "mode": "dhw",
        "x_temperature": True,
    }
    assert state_in_range(state(extra=given)).extra == {**given, "dhw_temperature": None}
    assert reading_in_range("compressor_speed", 6553.5, "rps") is None
    assert reading_in_range("anything", float("inf")) is None
    assert reading_in_range("starts", 70_000) == 70_000


async def test_a_source_of_another_integration_is_validated(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    other = Device(state())
    other._state = state(flow_c=3276.7, return_c=30.0)
    hass.data[DIRECTORY]._sources["x"] = other
    proxy = ExternalSource(hass, "x", "X", other.capabilities)
    assert (proxy.state.flow_c, proxy.state.return_c) == (None, 30.0)
    await proxy.close()


# --- Viessmann -----------------------------------------------------------------------------------------------------


def feature(name: str, **properties: Any) -> dict[str, Any]:
    return {"feature": name, "properties": {key: {"value": value} for key, value in properties.items()}}


@pytest.mark.parametrize("value", [327.67, -3276.8, 6553.5, 127.5])
def test_a_cloud_temperature_that_is_a_placeholder(value: float) -> None:
    rows = [
        feature("heating.sensors.temperature.outside", value=value, status="connected"),
        feature("heating.dhw.sensors.temperature.dhwCylinder", value=value),
        feature("heating.dhw.sensors.temperature.hotWaterStorage", value=48.5),
    ]
    reading = decode({"data": rows})
    assert reading.number("outdoor_temperature") is None
    assert reading.number("dhw_temperature") == 48.5, "another sensor of the same quantity"


def consumption(part: str, year: float | None) -> dict[str, Any]:
    return feature(f"heating.power.consumption.summary.{part}", currentDay=1.0, currentYear=year)


def test_a_year_without_one_of_its_parts_is_unknown() -> None:
    whole = decode({"data": [consumption("heating", 2500.0), consumption("dhw", 700.0)]})
    part = decode({"data": [consumption("heating", 2500.0), consumption("dhw", None)]})
    alone = decode({"data": [consumption("heating", 2500.0)]})
    assert whole.electricity_kwh == 3200.0
    assert part.electricity_kwh is None, "not 2500 of 3200 kWh"
    assert alone.electricity_kwh == 2500.0, "a heat pump without hot water"
    assert alone.total(ELECTRICITY, {"electricity_dhw_year"}) is None, "it had hot water before"


# --- Modbus --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [[0x8000, 0], [0, 0x8000], [0x7FFF, 0xFFFF], [0xFFFF, 0x7FFF], [0xFFFF, 0xFFFF]])
@pytest.mark.parametrize("data_type", ["int32", "uint32"])
def test_a_placeholder_is_not_evidence_of_the_word_order(words: list[int], data_type: str) -> None:
    order = WordOrder()
    register = Register(key="heat", address=0, data_type=data_type, scale=0.001, any_word_order=True, minimum=0.0)
    assert register.decode(words, low_word_first=order.judge("heat", words)) is None
    assert order.judge("heat", [64, 5696]) is False, "4,200 kWh with the high word first"
    assert order.judge("heat", words) is False


# --- miners --------------------------------------------------------------------------------------------------------


def test_a_miner_that_hashes_draws_power() -> None:
    assert MinerReading(mining=True, hashrate_ths=1.2, power_w=0.0).power_w is None
    assert MinerReading(mining=True, hashrate_ths=0.0, power_w=0.0).power_w == 0.0, "it starts"
    assert MinerReading(mining=False, power_w=0.0).power_w == 0.0
    assert Rig(id="a", name="A", mining=True, online=True, hashrate_ths=1.0, power_w=0.0).power_w is None
    assert Rig(id="a", name="A", mining=False, online=True, power_w=0.0).power_w == 0.0


@pytest.mark.parametrize(("rate", "mining"), [(95_000.0, True), (0.0, None), (None, None)])
@pytest.mark.parametrize("status", [0, 9])
def test_an_unknown_status_is_not_guessed(status: int, rate: float | None, mining: bool | None) -> None:
    stats = {"miner_stats": {"real_hashrate": {"last_1m": {"gigahash_per_second": rate}}}}
    assert decode_rest({"status": status}, stats, {}).mining is mining


@pytest.mark.parametrize(
    ("flag", "off"), [("true", True), ("False", False), (True, True), (False, False), ("TRUE", True)]
)
def test_flags_as_text_and_as_truth_values(flag: Any, off: bool) -> None:
    assert decode_status_v2({"Msg": {"mineroff": flag}})[0] is not off
    assert decode_state_v3({"msg": {"miner": {"working": flag}}}) is off
    with pytest.raises(BadReplyError):
        decode_state_v3({"msg": {"miner": {"working": "maybe"}}})


def test_an_empty_work_mode_is_in_the_other_key() -> None:
    assert _mode_of({"bitmain-work-mode": "", "miner-mode": 1}) == 1


# --- meters --------------------------------------------------------------------------------------------------------

CHANNEL = {"act_power": 500.0}
PHASES = {"total_act_power": 900.0, "a_act_power": 300.0, "b_act_power": 300.0, "c_act_power": 300.0}


@pytest.mark.parametrize(
    "status",
    [
        {"em1:0": {**CHANNEL, "errors": ["power_meter_failure"]}},
        {"em1:0": CHANNEL, "em1:1": {**CHANNEL, "errors": ["out_of_range:act_power"]}},
        {"em:0": {**PHASES, "errors": ["power_meter_failure"]}},
        {"em:0": {**PHASES, "b_errors": ["out_of_range:b_act_power"]}},
    ],
)
def test_a_meter_that_fails_has_no_power(status: dict[str, Any]) -> None:
    with pytest.raises(BadReplyError, match="failure of its measurement"):
        decode_status(status, NOW)


def test_errors_that_do_not_concern_the_power() -> None:
    status = {"em:0": {**PHASES, "errors": ["phase_sequence"], "a_errors": ["out_of_range:a_voltage"]}}
    assert decode_status(status, NOW).power_w == 900.0
    counters = {"total_act": 5000.0, "total_act_ret": 0, "errors": ["database_error"]}
    reading = decode_status({**status, "emdata:0": counters}, NOW)
    assert (reading.power_w, reading.imported_kwh, reading.exported_kwh) == (900.0, None, None)


# --- entities of Home Assistant ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "unit", "known"),
    [
        (327.67, "°C", False),
        (-3276.8, "°C", False),
        (6553.5, "°C", False),
        (6553.5, "°F", False),
        (0.0, "K", False),
        (68.0, "°F", True),
        (-20.0, "°C", True),
        (90.0, "°C", True),
    ],
)
def test_temperatures_of_other_integrations(hass: HomeAssistant, value: float, unit: str, known: bool) -> None:
    hass.states.async_set("sensor.t", str(value), {"unit_of_measurement": unit})
    assert temperature(hass, "sensor.t").known is known


@pytest.mark.parametrize(
    ("value", "unit", "known"),
    [
        ("65535", "W", False),
        ("32767", "W", False),
        ("-32768", "W", False),
        ("4294967.295", "kW", False),
        ("-3276.8", "kW", False),
        ("1503", "W", True),
        ("-4200", "W", True),
        ("9.5", "kW", True),
        ("nan", "W", False),
        ("1503", "kWh", False),
    ],
)
def test_powers_of_other_integrations(hass: HomeAssistant, value: str, unit: str, known: bool) -> None:
    hass.states.async_set("sensor.p", value, {"unit_of_measurement": unit})
    assert power(hass, "sensor.p").known is known
    load = SitePower(hass, "sensor.p", ()).other_load_w(NOW, 0.0)
    assert math.isfinite(load) is known, "an unknown load is not 0: the limit holds with the recent maximum"


@pytest.mark.parametrize(
    ("value", "drawn"), [("1500", 1500.0), ("-1500", None), ("-4", 0.0), ("0", 0.0), ("65535", None), ("unknown", None)]
)
def test_a_heat_source_draws_power(hass: HomeAssistant, value: str, drawn: float | None) -> None:
    """A clamp in the opposite direction shows what is not a power of a heater: it is unknown, and not 0 W."""
    hass.states.async_set("sensor.p", value, {"unit_of_measurement": "W"})
    assert drawn_w(hass, "sensor.p") == drawn


async def test_a_room_sensor_without_a_sensor_is_shown_as_unknown(hass: HomeAssistant) -> None:
    thermometer(hass, ROOM, 327.67)
    thermometer(hass, OUTDOOR, -3276.8)
    assert await async_setup_component(hass, DOMAIN, {})
    entry = system(zone())
    await start(hass, entry)
    climate = hass.states.get("climate.living_room")
    assert climate is not None
    assert climate.attributes["current_temperature"] is None
    record = entry.runtime_data.coordinator.data.decision.record
    assert -60 <= record.outdoor_c <= 60


# --- forecasts -----------------------------------------------------------------------------------------------------


def rows(*temperatures: Any, **more: Any) -> dict[str, Any]:
    begin = datetime(2027, 1, 10, 6, tzinfo=UTC)
    found = [
        {"datetime": begin.replace(hour=6 + index).isoformat(), "temperature": value, **more}
        for index, value in enumerate(temperatures)
    ]
    return {"w": {"forecast": found}}


@pytest.mark.parametrize("missing", [999, -999.9, 9999, 327.67, None, "n/a"])
def test_hours_of_a_forecast_without_a_temperature(missing: Any) -> None:
    assert parse_forecast(rows(1.0, 2.0, missing, 4.0), "w").temperatures_c == (1.0, 2.0), "it ends at the gap"
    assert parse_forecast(rows(missing, missing), "w").temperatures_c == ()


def test_a_forecast_in_fahrenheit_with_placeholders() -> None:
    found = parse_forecast(rows(32.0, 50.0, 1832.0), "w", "°F").temperatures_c
    assert found == pytest.approx((0.0, 10.0))


def test_a_forecast_of_wind_only() -> None:
    begin = datetime(2027, 1, 10, 6, tzinfo=UTC)
    winds = [{"datetime": begin.isoformat(), "wind_speed": 12.0, "condition": "windy"}]
    assert parse_forecast({"w": {"forecast": winds}}, "w").temperatures_c == ()


# --- sources that are off ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "on", "power_w", "estimated"),
    [
        (SourceKind.BOILER, False, 0.0, False),
        (SourceKind.BOILER, True, 90.0, True),
        (SourceKind.DIRECT_ELECTRIC, False, 0.0, False),
        (SourceKind.HEAT_PUMP, False, 0.0, True),
        (SourceKind.MINER, False, 12.0, True),
    ],
)
def test_no_power_of_what_is_off_is_not_an_estimate(
    kind: SourceKind, on: bool, power_w: float, estimated: bool
) -> None:
    """Else the power of the whole home would be one. A heat pump in standby draws some power."""
    device = Device(state())
    device._state = state(on=on, power_w=power_w)
    config = SourceConfig(source_id="x", kind=kind)
    assert source_snapshot(device, config, NOW).power_estimated is estimated


# --- targets that cannot be set ------------------------------------------------------------------------------------

LIMITS = {"min_temp": 7, "max_temp": 30}


@pytest.mark.parametrize(
    ("entity_id", "attributes", "controls"),
    [
        ("climate.a", {**LIMITS, "hvac_modes": ["off", "heat"], "supported_features": 1}, {"on_off", "room"}),
        ("climate.a", {**LIMITS, "hvac_modes": ["off", "heat_cool"], "supported_features": 2}, {"on_off", "room"}),
        ("climate.a", {**LIMITS, "hvac_modes": ["off", "heat"], "supported_features": 0}, {"on_off"}),
        ("climate.a", {**LIMITS, "hvac_modes": ["heat"], "supported_features": 16}, set()),
        ("climate.a", {**LIMITS, "hvac_modes": ["off", "cool", "dry"], "supported_features": 1}, set()),
        ("water_heater.a", {**LIMITS, "operation_list": ["off", "gas"], "supported_features": 2}, {"on_off"}),
        ("water_heater.a", {**LIMITS, "supported_features": 1}, {"flow"}),
        ("number.a", {"min": 40, "max": 40, "unit_of_measurement": "°C"}, set()),
        ("number.a", {"min": 20, "max": 40, "unit_of_measurement": "bar"}, set()),
    ],
)
def test_only_what_can_be_set_is_a_control(
    hass: HomeAssistant, entity_id: str, attributes: dict[str, Any], controls: set[str]
) -> None:
    hass.states.async_set(entity_id, "heat", attributes)
    found = hass.states.get(entity_id)
    assert found is not None
    options = EntityOptions(entity_id=entity_id, number_is=Control.FLOW)
    assert {str(item) for item in capabilities_of(hass, found, options).controls} == controls


def test_the_climate_entity_has_the_names_of_the_next_home_assistant() -> None:
    """Home Assistant 2026.11 deprecates the names without "native"."""
    own = vars(ZoneClimate)
    assert {"native_current_temperature", "native_target_temperature"} <= own.keys()
    assert not {"current_temperature", "target_temperature", "temperature_unit", "_attr_temperature_unit"} & own.keys()
