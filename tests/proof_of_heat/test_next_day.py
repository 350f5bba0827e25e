"""The next 24 hours of the overview card."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from custom_components.proof_of_heat.cards.overview import next_day
from custom_components.proof_of_heat.engine import Engine, EngineConfig

from .engine.homes import Home, snapshot


def test_there_is_no_next_day_before_the_first_cycle() -> None:
    data = SimpleNamespace(snapshot=snapshot(Home()))
    system: Any = SimpleNamespace(engine=Engine(EngineConfig(sources=())), coordinator=SimpleNamespace(data=data))
    assert next_day(system, datetime(2027, 1, 4, tzinfo=UTC)) is None
