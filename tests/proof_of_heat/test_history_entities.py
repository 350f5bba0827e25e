"""Which entities a home is learned from, and what of their samples belongs to which source."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from custom_components.proof_of_heat._lib.heat_source import SourceKind
from custom_components.proof_of_heat.engine.config import SourceConfig
from custom_components.proof_of_heat.learning.history_entities import HomeEntities, SourceEntities, standard_time_s
from custom_components.proof_of_heat.learning.quantity import Quantity

ROOM, OUTDOOR, WEATHER, METER = "sensor.room", "sensor.outdoor", "weather.home", "sensor.meter"
PUMP = SourceEntities(
    SourceConfig(source_id="pump", kind=SourceKind.HEAT_PUMP),
    power="sensor.pump_power",
    heat="sensor.pump_heat",
    flow="sensor.pump_flow",
    returned="sensor.pump_return",
)
MINER = SourceEntities(SourceConfig(source_id="miner", kind=SourceKind.MINER), meter=METER, power="sensor.miner_power")


def test_everything_of_a_home_is_read() -> None:
    home = HomeEntities((ROOM,), OUTDOOR, WEATHER, (PUMP,))
    assert list(home.readings()) == [
        (ROOM, Quantity.TEMPERATURE),
        (OUTDOOR, Quantity.TEMPERATURE),
        (WEATHER, Quantity.CLOUDS),
        ("sensor.pump_power", Quantity.POWER),
        ("sensor.pump_power", Quantity.ENERGY),
        ("sensor.pump_heat", Quantity.ENERGY),
        ("sensor.pump_flow", Quantity.TEMPERATURE),
        ("sensor.pump_return", Quantity.TEMPERATURE),
    ]


def test_the_weather_replaces_the_outdoor_sensor() -> None:
    home = HomeEntities((ROOM,), None, WEATHER, ())
    assert (WEATHER, Quantity.TEMPERATURE) in home.readings()
    series = home.series({(WEATHER, Quantity.TEMPERATURE): [(0.0, 3.0)], (WEATHER, Quantity.CLOUDS): [(0.0, 0.5)]})
    assert (series.outdoor_c, series.clouds) == ([(0.0, 3.0)], [(0.0, 0.5)])


def test_home_without_outdoor_temperature_and_weather_reads_its_rooms() -> None:
    home = HomeEntities((ROOM,), None, None, ())
    assert list(home.readings()) == [(ROOM, Quantity.TEMPERATURE)]
    assert home.series({(ROOM, Quantity.TEMPERATURE): [(0.0, 20.0)]}).outdoor_c == []


def test_the_meter_is_preferred_to_the_sensor_of_the_source() -> None:
    assert MINER.electric == (METER,)
    assert replace(MINER, meter=None).electric == ("sensor.miner_power",)
    assert replace(MINER, meter=None, power=None).electric == ()


@pytest.mark.parametrize(
    ("home", "measured"),
    [
        (HomeEntities((ROOM,), OUTDOOR, None, (PUMP, MINER)), True),
        (HomeEntities((ROOM,), OUTDOOR, None, (replace(PUMP, power=None),)), True),
        (HomeEntities((ROOM,), OUTDOOR, None, (PUMP, replace(MINER, meter=None, power=None))), False),
        (HomeEntities((ROOM,), OUTDOOR, None, ()), False),
        (HomeEntities((), OUTDOOR, None, (PUMP,)), False),
    ],
    ids=["all", "by heat", "a source without meter", "no source", "no room"],
)
def test_rooms_and_all_sources_have_to_be_measured(home: HomeEntities, measured: bool) -> None:
    assert home.is_measured is measured


def test_sources_on_one_meter_get_equal_parts() -> None:
    other = replace(MINER, config=SourceConfig(source_id="other", kind=SourceKind.MINER))
    home = HomeEntities((ROOM,), OUTDOOR, None, (PUMP, MINER, other))
    series = home.series(
        {
            (METER, Quantity.POWER): [(0.0, 3000.0)],
            (METER, Quantity.ENERGY): [(0.0, 8.0)],
            ("sensor.pump_power", Quantity.POWER): [(0.0, 1200.0)],
            ("sensor.pump_heat", Quantity.ENERGY): [(0.0, 40.0)],
            ("sensor.pump_flow", Quantity.TEMPERATURE): [(0.0, 35.0)],
            ("sensor.pump_return", Quantity.TEMPERATURE): [(0.0, 30.0)],
        }
    )
    pump, first, second = series.sources
    assert (pump.power_w, pump.heat_kwh) == ([(0.0, 1200.0)], [(0.0, 40.0)])
    assert (pump.flow_c, pump.return_c) == ([(0.0, 35.0)], [(0.0, 30.0)])
    assert first.power_w == second.power_w == [(0.0, 1500.0)]
    assert first.energy_kwh == second.energy_kwh == [(0.0, 4.0)]
    assert first.heat_kwh == []


def test_standard_time_does_not_jump_with_the_clock() -> None:
    zone = ZoneInfo("Europe/Rome")
    before, after = (datetime(2027, 3, 28, hour, 30, tzinfo=UTC).astimezone(zone) for hour in (0, 1))
    assert after.hour - before.hour == 2
    assert standard_time_s(after) - standard_time_s(before) == 3600
    assert standard_time_s(before) - before.timestamp() == 3600
