"""Readings that a source of its size cannot have."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
import math
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.proof_of_heat._lib.heat_source import Health, SourceKind, SourceState
from custom_components.proof_of_heat.drivers.source_size import PowerBound, SourceSize
from custom_components.proof_of_heat.drivers.value_ranges import reading_in_range
from custom_components.proof_of_heat.engine.config import SourceConfig
from custom_components.proof_of_heat.metering.cop import CopCalculator
from custom_components.proof_of_heat.metering.energy import (
    max_electric_kw,
    max_heat_kw,
    rated_heat_w,
    rated_power_w,
)

from . import ha

AT = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
METER = "sensor.pump_power"
SMALL = {"nominal_power_w": 2500.0, "nominal_heat_w": 8000.0}


def _config(kind: SourceKind = SourceKind.HEAT_PUMP, **sizes: Any) -> SourceConfig:
    return SourceConfig(source_id="s", kind=kind, **sizes)


def _size(config: SourceConfig) -> SourceSize:
    size = SourceSize()
    size.set_rated(rated_power_w(config), rated_heat_w(config))
    return size


def _state(minutes: float = 0.0, **values: Any) -> SourceState:
    return SourceState(at=AT + timedelta(minutes=minutes), health=Health.OK, **values)


@pytest.mark.parametrize(
    ("sizes", "values", "kept"),
    [
        (SMALL, {"power_w": 60_000.0}, False),
        (SMALL, {"power_w": 199_000.0}, False),
        (SMALL, {"power_w": -65_000.0}, False),
        (SMALL, {"power_w": 2600.0}, True),
        (SMALL, {"power_w": 11_500.0}, True),  # with its heater rod
        (SMALL, {"heat_w": 65_535.0}, False),
        (SMALL, {"heat_w": 12_000.0}, True),
        (SMALL, {"heat_w": -6000.0}, True),  # a defrost
        (SMALL, {"extra": {"power_heating": 80_000.0}}, False),
        (SMALL, {"extra": {"power_dhw": 3000.0}}, True),
        (SMALL, {"extra": {"heat_power_dhw": 90_000.0}}, False),
        (SMALL, {"extra": {"inverter_power": 120_000.0}}, False),
        (SMALL, {"extra": {"volume_flow": 65_535.0}}, False),
        (SMALL, {"extra": {"volume_flow": 1800.0}}, True),
        (SMALL, {"extra": {"compressor_load": 6553.5}}, False),
        (SMALL, {"extra": {"system_pressure": 32.7}}, False),
        (SMALL, {"extra": {"spf_total": 655.35}}, False),
        ({"nominal_heat_w": 8000.0}, {"power_w": 60_000.0}, False),
        ({"nominal_power_w": 2500.0}, {"heat_w": 190_000.0}, False),
        ({"nominal_power_w": 60_000.0, "nominal_heat_w": 200_000.0}, {"heat_w": 180_000.0}, True),
        ({}, {"power_w": 100_000.0}, False),
        ({}, {"power_w": 16_000.0}, True),
    ],
)
def test_reading_is_bound_by_the_size(sizes: dict[str, float], values: dict[str, Any], kept: bool) -> None:
    state = _state(**values)
    found = _size(_config(**sizes)).checked(state)
    assert found == (state if kept else replace(state, **_emptied(values)))


def _emptied(values: dict[str, Any]) -> dict[str, Any]:
    return {key: dict.fromkeys(value) if isinstance(value, dict) else None for key, value in values.items()}


@pytest.mark.parametrize(
    ("kind", "sizes", "watts"),
    [
        (SourceKind.MINER, {"steps_w": (1500.0, 3000.0)}, 33_000.0),
        (SourceKind.DIRECT_ELECTRIC, {"nominal_power_w": 9000.0}, 72_000.0),
        (SourceKind.BOILER, {"nominal_heat_w": 18_000.0}, 130_000.0),
        (SourceKind.CONTROLLER, {"nominal_heat_w": 12_000.0}, 65_535.0),
    ],
)
def test_every_kind_of_source_has_a_bound(kind: SourceKind, sizes: dict[str, Any], watts: float) -> None:
    checked = _size(_config(kind, **sizes)).checked(_state(power_w=watts, heat_w=watts))
    assert (checked.power_w, checked.heat_w) == (None, None)


@pytest.mark.parametrize(
    ("reports", "accepted"),
    [
        ([(0, 90e3), (1, 4e3), (20, 90e3)], [False, True, False]),  # single ones
        ([(0, 90e3), (5, 90e3), (10, 90e3), (11, 90e3)], [False, False, True, True]),  # a large machine
        ([(0, 90e3), (0, 90e3), (0, 90e3)], [False, False, False]),  # the same report again
        ([(30, 90e3), (0, 90e3), (10, 90e3)], [False, False, True]),  # the clock was set back
        ([(0, 90e3), (10, 90e3), (11, 195e3), (12, 350e3)], [False, True, True, False]),
    ],
)
def test_unknown_size_is_learned_from_what_lasts(reports: list[tuple[int, float]], accepted: list[bool]) -> None:
    bound = PowerBound()
    assert [bound.accept(watts, AT + timedelta(minutes=minute)) for minute, watts in reports] == accepted


@pytest.mark.parametrize(
    ("value", "unit", "kept"),
    [
        (52.0, "Hz", True),
        (655.35, "Hz", False),
        (110.0, "rps", True),
        (3276.7, "rps", False),
        (6500.0, "rpm", True),
        (65_535.0, "rpm", False),
        (45.0, "bar", True),
        (327.67, "bar", False),
        (math.nan, "Hz", False),
    ],
)
def test_speeds_and_pressures(value: float, unit: str, kept: bool) -> None:
    assert (reading_in_range("hot_gas", value, unit) is not None) is kept


@pytest.mark.parametrize("grown", [20.0, 60.0])
def test_heat_counter_of_a_small_heat_pump_does_not_jump(grown: float) -> None:
    """The growth of an hour is bound by the size of the pump, not of a house connection."""
    ledger, config = CopCalculator(UTC), _config(**SMALL)
    ledger.limit(max_electric_kw(config), max_heat_kw(config))
    for minute in range(0, 121, 5):
        at = AT + timedelta(minutes=minute)
        ledger.feed_electricity(at, 100 + 2.0 * minute / 60)
        ledger.feed_heat(at, 500 + 7.0 * minute / 60 + (grown if minute == 60 else 0.0))
    day = ledger.day(AT.date())
    assert day.heat == pytest.approx(14.0, abs=0.7)
    assert day.cop == pytest.approx(3.5, abs=0.1)


@pytest.mark.parametrize(("watts", "shown"), [(2000.0, 2000.0), (150_000.0, None), (64_000.0, None), (9000.0, 9000.0)])
async def test_linked_meter_of_a_small_heater(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, watts: float, shown: float | None
) -> None:
    freezer.move_to(AT)
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    ha.thermometer(hass, ha.ROOM, 20.0)
    hass.states.async_set(ha.HEATER, "on")
    hass.states.async_set(METER, str(watts / 1000), {"unit_of_measurement": "kW", "device_class": "power"})
    data = {"entity": ha.HEATER, "source_kind": "direct_electric", "nominal_power": 2000.0, "meter": METER}
    entry = ha.system(ha.zone(), await ha.source(hass, "entity", data))
    await ha.start(hass, entry)
    managed = next(iter(entry.runtime_data.sources.values()))
    await entry.runtime_data.coordinator.async_refresh()
    drawn = entry.runtime_data.coordinator.data.delivery.sources[0].power
    assert (drawn.watts if drawn.known and not drawn.estimated else None) == shown
    assert managed.power_w(AT) == shown
