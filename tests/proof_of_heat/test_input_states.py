"""Readings out of states: numbers with their age, never one taken for another."""

from datetime import timedelta
import math

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.proof_of_heat._lib.publish_rules import Pace
from custom_components.proof_of_heat.inputs.states import (
    any_on,
    energy_kwh,
    known,
    number_of,
    power_w,
    temperature,
)
from custom_components.proof_of_heat.runtime.site_power import METER_RULE


@pytest.mark.parametrize(
    ("state", "unit", "watts"),
    [
        ("1500", "W", 1500),
        ("1.5", "kW", 1500),
        ("-0.002", "MW", -2000),
        ("1500", None, 1500),
        ("1500", "kWh", None),
        ("1500", "VA", None),
        ("unknown", "W", None),
        ("nan", "W", None),
        ("inf", "W", None),
        ("many", "W", None),
    ],
)
async def test_power(hass: HomeAssistant, state: str, unit: str | None, watts: float | None) -> None:
    hass.states.async_set("sensor.power", state, {"unit_of_measurement": unit})
    assert power_w(hass, "sensor.power") == (None if watts is None else pytest.approx(watts))


async def test_power_of_a_plug_that_reports_changes_only(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """A constant load is not reported again for minutes (zigbee2mqtt#32454); hours are too long."""
    hass.states.async_set("sensor.power", "1503", {"unit_of_measurement": "W"})
    freezer.tick(timedelta(minutes=7))
    assert power_w(hass, "sensor.power") == 1503
    freezer.tick(timedelta(hours=2))
    assert power_w(hass, "sensor.power") == 1503
    freezer.tick(timedelta(hours=1))
    assert power_w(hass, "sensor.power") is None
    hass.states.async_set("sensor.power", "1503", {"unit_of_measurement": "W"})  # the same again is a report
    assert power_w(hass, "sensor.power") == 1503
    hass.states.async_set("sensor.power", "unavailable", {"unit_of_measurement": "W"})
    assert power_w(hass, "sensor.power") is None
    assert power_w(hass, None) is None


async def test_idle_power_has_no_age(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    hass.states.async_set("sensor.power", "0.0", {"unit_of_measurement": "kW"})
    freezer.tick(timedelta(days=3))
    assert power_w(hass, "sensor.power") == 0


@pytest.mark.parametrize(
    ("state", "unit", "kwh"),
    [("2.5", "kWh", 2.5), ("2500", "Wh", 2.5), ("9", "MJ", 2.5), ("5", "W", None), ("x", "kWh", None)],
)
async def test_counter(hass: HomeAssistant, state: str, unit: str, kwh: float | None) -> None:
    hass.states.async_set("sensor.energy", state, {"unit_of_measurement": unit, "device_class": "energy"})
    assert energy_kwh(hass, "sensor.energy") == pytest.approx(kwh)


@pytest.mark.parametrize(
    ("entity_id", "state", "attributes", "celsius"),
    [
        ("sensor.a", "20.5", {"unit_of_measurement": "°C"}, 20.5),
        ("sensor.a", "68", {"unit_of_measurement": "°F"}, 20.0),
        ("sensor.a", "293.15", {"unit_of_measurement": "K"}, 20.0),
        ("sensor.a", "nan", {"unit_of_measurement": "°C"}, None),
        ("climate.a", "heat", {"current_temperature": 21.0}, 21.0),
        ("climate.a", "heat", {"current_temperature": None}, None),
        ("climate.a", "heat", {"current_temperature": math.nan}, None),
        ("water_heater.a", "eco", {"current_temperature": 50}, 50.0),
        ("weather.a", "sunny", {"temperature": 50, "temperature_unit": "°F"}, 10.0),
        ("weather.a", "unavailable", {"temperature": 5}, None),
    ],
)
async def test_temperature(
    hass: HomeAssistant, entity_id: str, state: str, attributes: dict[str, object], celsius: float | None
) -> None:
    hass.states.async_set(entity_id, state, attributes)
    reading = temperature(hass, entity_id)
    assert reading.known is (celsius is not None)
    if celsius is not None:
        assert reading.value == pytest.approx(celsius)
    assert not temperature(hass, "sensor.nobody").known


async def test_age_counts_from_the_last_report(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    hass.states.async_set("sensor.a", "20", {"unit_of_measurement": "°C"})
    freezer.tick(90)
    assert temperature(hass, "sensor.a").age_s == pytest.approx(90)
    hass.states.async_set("sensor.a", "20", {"unit_of_measurement": "°C"})
    assert temperature(hass, "sensor.a").age_s == pytest.approx(0)


async def test_windows_and_unknown_states(hass: HomeAssistant) -> None:
    hass.states.async_set("binary_sensor.a", "off")
    hass.states.async_set("binary_sensor.b", "unavailable")
    assert not any_on(hass, ["binary_sensor.a", "binary_sensor.b", "binary_sensor.none"])
    hass.states.async_set("binary_sensor.b", "on")
    assert any_on(hass, ["binary_sensor.a", "binary_sensor.b"])
    assert known(hass, "binary_sensor.none") is None
    assert number_of(None) is None


def test_a_meter_of_ours_that_reads_the_same_is_never_taken_for_silent() -> None:
    """It is written at the first reading after the longest pause; the slowest meter is read once a minute."""
    assert Pace().max_interval_s + 60 < METER_RULE.usual_s
