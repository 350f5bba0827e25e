"""Promises that hold in a running Home Assistant: what cannot be turned off, and a plan that cannot be calculated."""

from dataclasses import replace
from functools import partial
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import numpy as np
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.engine.planning import linear_program
from custom_components.proof_of_heat.engine.planning.linear_program import LinearProgram, solve

from . import ha
from .test_init import advance

PLAIN = LinearProgram(np.array([1.0]), np.array([5.0]), np.array([[1.0]]), np.array([3.0]), np.array([10.0]))


async def home(hass: HomeAssistant, data: dict[str, Any], room_c: float) -> Any:
    """A home with a source, under control."""
    assert await async_setup_component(hass, DOMAIN, {})
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    ha.thermometer(hass, ha.ROOM, room_c)
    entry = ha.system(ha.zone(), await ha.source(hass, "entity", data))
    await ha.start(hass, entry)
    await entry.runtime_data.user.async_set_active(True)
    return entry.runtime_data


@pytest.mark.parametrize("modes", [["heat"], ["off", "heat"]])
async def test_a_thermostat_without_off_is_turned_down_and_one_with_it_off(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, modes: list[str]
) -> None:
    thermostat = {"hvac_modes": modes, "supported_features": 1, "min_temp": 7, "max_temp": 30, "temperature": 21.0}
    hass.states.async_set("climate.boiler", "heat", {**thermostat, "current_temperature": 24.0})
    data = {"entity": "climate.boiler", "source_kind": "boiler", "nominal_heat": 8000.0, "fuel_price": 0.1}
    system = await home(hass, {**data, "number_is": "power"}, 24.0)
    setpoints = async_mock_service(hass, "climate", "set_temperature")
    switched = async_mock_service(hass, "climate", "set_hvac_mode")
    await advance(hass, freezer, 200)
    (managed,) = system.sources.values()
    if "off" in modes:
        assert {call.data["hvac_mode"] for call in switched} == {"off"}
        assert setpoints == []
    else:
        assert switched == [], "it has no off"
        assert {call.data["temperature"] for call in setpoints} == {15.0}
    assert managed.config.can_stop, "turned down as far as this, it does not heat"


@pytest.mark.parametrize(("lowest_w", "runs_on"), [(500, True), (0, False)])
async def test_a_heater_without_off_is_planned_at_its_lowest_power(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, lowest_w: int, runs_on: bool
) -> None:
    """It keeps heating in a home that is too warm, and the decision shows that it does."""
    number = {"min": lowest_w, "max": 3000, "step": 100, "unit_of_measurement": "W"}
    hass.states.async_set("number.heater", "2000", number)
    data = {"entity": "number.heater", "source_kind": "direct_electric", "number_is": "power", "nominal_power": 3000.0}
    system = await home(hass, data, 24.0)
    calls = async_mock_service(hass, "number", "set_value")
    await advance(hass, freezer, 200)
    assert {call.data["value"] for call in calls} == {lowest_w}
    snapshot = system.coordinator.data.snapshot
    assert bool(system.engine.source_selector.unstoppable(snapshot)) is runs_on
    shares = [share.heat_w for share in system.coordinator.data.decision.record.mix]
    assert sum(shares) == pytest.approx(lowest_w)


async def test_a_plan_with_an_invalid_number_is_refused_and_logged_and_control_continues(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, caplog: pytest.LogCaptureFixture
) -> None:
    hass.states.async_set(ha.HEATER, "off")
    data = {"entity": ha.HEATER, "source_kind": "direct_electric", "number_is": "power", "nominal_power": 3000.0}
    system = await home(hass, data, 17.0)
    jobs = [partial(solve, replace(PLAIN, low=np.array([np.nan])))]
    system.engine.job = lambda _: jobs.pop() if jobs else None
    await advance(hass, freezer, 200)
    assert jobs == []
    assert "linear program: low is not finite" in caplog.text
    assert system.coordinator.data.decision.record.state == "heating"
    assert system.coordinator.data.decision.record.control_mode == "curve"


async def test_a_plan_that_does_not_converge_is_logged(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """In the thread in which Home Assistant calculates plans; at the level that is logged by default."""
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr(linear_program, "MAX_ITERATIONS", 1)
    found = await hass.async_add_executor_job(solve, PLAIN)
    assert not found.converged
    assert "did not converge in 1 iterations" in caplog.text
