"""Sensors of sources without a value."""

from dataclasses import replace
import math
from types import SimpleNamespace
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.proof_of_heat.engine.decision_record import SourceShare
from custom_components.proof_of_heat.prices.provider_actions import fetch_prices
from custom_components.proof_of_heat.sensors import source as sensors

from .ha import HEATER, OUTDOOR, ROOM, source, start, system, thermometer, zone


async def test_heat_price_is_that_of_the_last_decision(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 0.0)
    hass.states.async_set(HEATER, "off")
    entry = system(zone(), await source(hass, "entity", {"entity": HEATER, "nominal_power": 1000}))
    await start(hass, entry)
    (managed,) = entry.runtime_data.sources.values()
    cycle = entry.runtime_data.coordinator.cycle

    def decided(*shares: tuple[str, float]) -> Any:
        record = entry.runtime_data.coordinator.data.decision.record
        mix = tuple(SourceShare(key, 1000.0, 1000.0, price) for key, price in shares)
        return SimpleNamespace(record=replace(record, mix=mix))

    snapshot = entry.runtime_data.coordinator.data.snapshot
    cycle._record("one", decided(("other", 0.08), (managed.source.source_id, 0.11)), snapshot)
    assert managed.heat_price_kwh == 0.11
    cycle._record("two", decided((managed.source.source_id, math.nan)), snapshot)
    assert managed.heat_price_kwh == 0.25, "what it would cost"
    cycle._record("three", decided(("other", 0.08)), snapshot)
    assert managed.heat_price_kwh == 0.25
    cycle._record("four", decided(), replace(snapshot, price_kwh=math.nan))
    assert managed.heat_price_kwh is None, "without a price of electricity"


def test_a_source_without_a_call_budget_has_no_calls() -> None:
    without: Any = SimpleNamespace(budget=None)
    assert sensors._windows(without) == {}
    assert sensors._left(without) is None


async def test_a_removed_price_sensor_is_named(hass: HomeAssistant) -> None:
    with pytest.raises(ValueError, match=r"sensor\.gone was removed"):
        await fetch_prices(hass, "sensor.gone")
