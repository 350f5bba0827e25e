"""What limits a source is named while it limits: minimum times, deferred writes, a device that was not read yet."""

from dataclasses import replace

import pytest

from custom_components.proof_of_heat.engine import EngineConfig, SourceSnapshot
from custom_components.proof_of_heat.engine.input_validation import InputValidator
from custom_components.proof_of_heat.engine.messages import MessageCode
from custom_components.proof_of_heat.engine.short_cycle import RunLocks
from custom_components.proof_of_heat.engine.source_selection import SourceSelector

from .test_source_constraints import ROD, seen

OFF = SourceSnapshot(source_id="rod", on=False)
ON = SourceSnapshot(source_id="rod", on=True, power_w=2000.0)


def limits(reading: SourceSnapshot, heat_w: float, lock: RunLocks | None = None) -> set[MessageCode]:
    config, snapshot = EngineConfig(sources=(ROD,)), seen((reading,), {"home": 20.0})
    inputs = InputValidator(config.safety).validate(snapshot)
    locks = {} if lock is None else {"rod": lock}
    selection = SourceSelector(config).choose(snapshot, inputs, heat_w, learned=None, state=None, locks=locks)
    return {limit.code for limit in selection.limits if limit.values.get("source") == "rod"}


@pytest.mark.parametrize(
    ("reading", "heat_w", "lock", "named"),
    [
        (OFF, 2000.0, RunLocks(must_rest=True), {MessageCode.MUST_REST}),
        (OFF, 0.0, RunLocks(must_rest=True), set()),
        (OFF, 2000.0, None, set()),
        (ON, 0.0, RunLocks(must_run=True), {MessageCode.MUST_RUN}),
        (ON, 2000.0, RunLocks(must_run=True), set()),
        (replace(ON, write_deferred=True), 2000.0, None, {MessageCode.WRITE_DEFERRED}),
        (replace(OFF, available=False), 2000.0, None, {MessageCode.NO_ANSWER}),
        (replace(OFF, available=False, steerable=False), 2000.0, None, {MessageCode.ONLY_READ}),
        (replace(OFF, available=False, was_read=False), 2000.0, None, {MessageCode.NOT_READ}),
    ],
)
def test_limits(reading: SourceSnapshot, heat_w: float, lock: RunLocks | None, named: set[MessageCode]) -> None:
    assert limits(reading, heat_w, lock) == named


@pytest.mark.parametrize(
    ("reading", "is_named"),
    [
        (replace(OFF, available=False), True),
        (replace(OFF, available=False, steerable=False), True),
        (replace(OFF, available=False, was_read=False), False),
    ],
)
def test_a_shortage_is_named_once_all_sources_were_read(reading: SourceSnapshot, is_named: bool) -> None:
    config, snapshot = EngineConfig(sources=(ROD,)), seen((reading,), {"home": 20.0})
    inputs = InputValidator(config.safety).validate(snapshot)
    selection = SourceSelector(config).choose(snapshot, inputs, 5500.0, learned=None, state=None, locks={})
    assert (MessageCode.SOURCES_SHORT in {limit.code for limit in selection.limits}) is is_named
