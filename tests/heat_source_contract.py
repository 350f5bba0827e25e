"""The conformance test of the heat-source contract: every provider's tests call `assert_keeps_contract`."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import fields
import math

from lib.heat_source import (
    Capabilities,
    Command,
    CommandResult,
    Control,
    Health,
    HeatSource,
    Outcome,
    SourceState,
)

_TIMEOUT_S = 120.0


def assert_state(state: SourceState) -> None:
    """Check that a report has a time and a known health, finite numbers, and 0 W when off."""
    assert state.at.tzinfo is not None
    assert state.health in set(Health)
    for spec in fields(SourceState):
        value = getattr(state, spec.name)
        if isinstance(value, float):
            assert math.isfinite(value), spec.name
    if state.on is False and state.health == Health.OK:
        assert state.power_w is not None
    assert state.power_w is None or state.power_w >= 0


def assert_capabilities(capabilities: Capabilities) -> None:
    """Check that limits are ordered and that a source with a mode control lists its modes."""
    assert capabilities.controls <= set(Control)
    assert capabilities.controls, "a source without commands cannot be dispatched"
    assert list(capabilities.power_steps_w) == sorted(capabilities.power_steps_w)
    for low, high in (
        ("min_power_w", "max_power_w"),
        ("min_flow_c", "max_flow_c"),
        ("min_slope", "max_slope"),
    ):
        lower, upper = getattr(capabilities, low), getattr(capabilities, high)
        assert lower is None or upper is None or lower <= upper
    if Control.MODE in capabilities.controls:
        assert capabilities.modes


async def assert_keeps_contract(
    source: HeatSource, command: Command, *, settle: Callable[[], Awaitable[None]] | None = None
) -> CommandResult:
    """Refresh `source`, send the same command twice, release it, and check the contract at each step."""
    assert isinstance(source, HeatSource)
    assert ":" in source.source_id
    assert source.name
    assert_capabilities(source.capabilities)
    assert_state(source.state)
    notices: list[SourceState] = []
    unsubscribe = source.subscribe(lambda: notices.append(source.state))
    async with asyncio.timeout(_TIMEOUT_S):
        assert_state(await source.refresh())
        first = await source.apply(command)
    assert first.command_id == command.id
    assert first.outcome in (Outcome.APPLIED, Outcome.UNCHANGED, Outcome.PENDING), first
    if settle is not None:
        await settle()
    async with asyncio.timeout(_TIMEOUT_S):
        await source.refresh()
        again = await source.apply(command)
        assert again.outcome == Outcome.UNCHANGED, f"the same command was written twice: {again}"
        released = await source.release()
    assert released.outcome != Outcome.REFUSED
    unsubscribe()
    seen = len(notices)
    assert seen, "no change notice for a first report"
    await source.refresh()
    assert len(notices) == seen, "notice after unsubscribe"
    return first
