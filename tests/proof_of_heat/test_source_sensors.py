"""What sensors of sources say where there is nothing to say."""

from types import SimpleNamespace
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.proof_of_heat.prices.provider_actions import ask_prices
from custom_components.proof_of_heat.sensors import source as sensors


def system(*parts: tuple[str, float]) -> Any:
    """A system whose last decision has these sources and prices in its mix."""
    mix = [SimpleNamespace(source_id=source_id, price_kwh=price) for source_id, price in parts]
    return SimpleNamespace(data=SimpleNamespace(decision=SimpleNamespace(record=SimpleNamespace(mix=mix))))


def unit(source_id: str, **more: Any) -> Any:
    """A source."""
    return SimpleNamespace(source=SimpleNamespace(source_id=source_id), **more)


def test_the_price_of_heat_is_the_one_of_the_mix() -> None:
    assert sensors._price(system(("pump", 0.08), ("miner", 0.11)), unit("miner")) == 0.11


def test_a_source_that_the_decision_left_out_has_no_price() -> None:
    assert sensors._price(system(("pump", 0.08)), unit("miner")) is None


def test_a_source_without_a_call_budget_tells_none() -> None:
    assert sensors._windows(unit("pump", budget=None)) == {}
    assert sensors._left(system(), unit("pump", budget=None)) is None


async def test_a_price_sensor_that_is_gone_is_named(hass: HomeAssistant) -> None:
    with pytest.raises(ValueError, match=r"sensor\.gone is gone"):
        await ask_prices(hass, "sensor.gone")
