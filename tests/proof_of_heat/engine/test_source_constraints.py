"""Sources without an off are planned with their lowest heat, sources of single rooms for these rooms only."""

from dataclasses import replace

import numpy as np
import pytest

from custom_components.proof_of_heat._lib.heat_source import SourceKind
from custom_components.proof_of_heat.engine import (
    ComfortBand,
    Decision,
    Engine,
    EngineConfig,
    SensorReading,
    SiteLimits,
    Snapshot,
    SourceConfig,
    SourceSnapshot,
    Steering,
    ZoneSnapshot,
)
from custom_components.proof_of_heat.engine.input_validation import InputValidator
from custom_components.proof_of_heat.engine.messages import MessageCode
from custom_components.proof_of_heat.engine.planning.commitment import make_plan
from custom_components.proof_of_heat.engine.short_cycle import RunLocks
from custom_components.proof_of_heat.engine.source_selection import SourceSelector

from .test_planner import SOURCE, _horizon, _request

CURVE = SourceConfig(
    source_id="pump",
    kind=SourceKind.HEAT_PUMP,
    steering=Steering.LEVEL,
    nominal_heat_w=8000.0,
    nominal_power_w=2400.0,
    can_stop=False,
)
ROD = SourceConfig(
    source_id="rod", kind=SourceKind.DIRECT_ELECTRIC, nominal_power_w=2000.0, nominal_heat_w=2000.0, min_on_s=0.0
)
RUNS = SourceSnapshot(source_id="pump", on=True)


def seen(readings: tuple[SourceSnapshot, ...], rooms: dict[str, float], **changes: object) -> Snapshot:
    values: dict[str, object] = {
        "now_s": 1.7e9,
        "local_s": 0.0,
        "zones": tuple(ZoneSnapshot(zone_id=name, room=SensorReading(at), target_c=20.0) for name, at in rooms.items()),
        "outdoor": SensorReading(0.0),
        "band": ComfortBand(np.full(192, 19.0), np.full(192, 23.0)),
        "price_kwh": 0.3,
        "sources": readings,
        **changes,
    }
    return Snapshot(**values)  # type: ignore[arg-type]


def decided(
    sources: tuple[SourceConfig, ...],
    readings: tuple[SourceSnapshot, ...],
    rooms: dict[str, float],
    site_w: float = np.inf,
    **changes: object,
) -> Decision:
    engine = Engine(EngineConfig(sources=sources, site=SiteLimits(power_w=site_w)))
    engine.safety.started_s = 0.0
    snapshot = seen(readings, rooms, **changes)
    engine.observe(snapshot)
    return engine.decide(snapshot)


def chosen(
    sources: tuple[SourceConfig, ...], readings: tuple[SourceSnapshot, ...], rooms: dict[str, float], heat_w: float
) -> set[str]:
    """The sources that are to make this heat."""
    config, snapshot = EngineConfig(sources=sources), seen(readings, rooms)
    inputs = InputValidator(config.safety).validate(snapshot)
    selection = SourceSelector(config).choose(snapshot, inputs, heat_w, learned=None, state=None, locks={})
    return {part.source_id for part in selection.parts if part.level > 0}


@pytest.mark.parametrize(
    ("reading", "runs_on"),
    [
        (RUNS, True),
        (replace(RUNS, on=None), True),
        (replace(RUNS, running=True), True),
        (replace(RUNS, on=False), False),
        (replace(RUNS, running=False), False),
    ],
)
def test_what_has_no_off_counts_with_its_lowest_heat_while_it_runs(reading: SourceSnapshot, *, runs_on: bool) -> None:
    """A room that is far too warm needs no heat, and the heat pump has only its curve."""
    decision = decided((CURVE,), (reading,), {"home": 23.0})
    share = decision.record.mix[0]
    assert not decision.command("pump").on, "its curve is lowered as far as possible"
    assert (share.heat_w, share.power_w) == ((2000.0, 600.0) if runs_on else (0.0, 0.0))
    assert (MessageCode.CANNOT_STOP in {limit.code for limit in decision.record.limits}) is runs_on


@pytest.mark.parametrize(("can_stop", "running"), [(True, {"rod"}), (False, {"pump"})])
def test_the_others_make_what_remains(running: set[str], *, can_stop: bool) -> None:
    """2.4 kW are needed, the rod is preferred; a heat pump that continues anyway makes 2 kW of them."""
    rod = replace(ROD, nominal_power_w=2400.0, nominal_heat_w=2400.0)
    sources = (replace(CURVE, can_stop=can_stop, priority=-1.0), rod)
    assert chosen(sources, (RUNS, SourceSnapshot(source_id="rod", on=False)), {"home": 20.0}, 2400.0) == running


def test_its_power_is_taken_from_the_limit_of_the_home() -> None:
    """2.5 kW: both would exceed it, although the heat pump counts as off."""
    warm = ZoneSnapshot(zone_id="home", room=SensorReading(17.0), target_c=20.0)
    bound = replace(CURVE, priority=-10.0)
    readings = (RUNS, SourceSnapshot(source_id="rod", on=False))
    decision = decided((bound, ROD), readings, {"home": 17.0}, site_w=2500.0, zones=(warm,))
    drawn = sum(share.power_w for share in decision.record.mix)
    assert drawn <= 2500.0
    assert decision.record.mix[0].power_w >= 600.0


def test_it_continues_in_quiet_hours_in_which_others_are_off() -> None:
    decision = decided((replace(CURVE, quiet_level=0.0),), (RUNS,), {"home": 18.0}, quiet=True)
    assert decision.record.mix[0].heat_w == 2000.0


def test_a_plan_has_it_run_now() -> None:
    """A warm house: without need the plan waits, with a source that cannot stop it does not."""
    warm = _horizon(18.0)
    free = make_plan(_request(warm, room_c=22.0))
    bound = make_plan(_request(warm, room_c=22.0, unstoppable=frozenset({"pump"})))
    assert (free.levels["pump"], free.heat_w) == (0.0, 0.0)
    assert bound.levels["pump"] == pytest.approx(SOURCE.min_modulation, abs=0.01)
    assert bound.heat_w > 1000


def test_a_plan_has_it_run_although_it_was_just_commanded_off() -> None:
    locks = {"pump": RunLocks(must_rest=True)}
    assert make_plan(_request(locks=locks, unstoppable=frozenset({"pump"}))).levels["pump"] > 0


_STEPS = replace(ROD, steering=Steering.STEPS, steps_w=(200.0, 1000.0, 2000.0))
HALL = replace(_STEPS, source_id="hall", zones=frozenset({"hall"}))
BATH = replace(_STEPS, source_id="bath", zones=frozenset({"bath"}))
BOTH_OFF = (SourceSnapshot(source_id="hall", on=False), SourceSnapshot(source_id="bath", on=False))


def running(decision: Decision) -> set[str]:
    return {command.source_id for command in decision.commands if command.on}


def test_a_heater_of_one_room_does_not_heat_for_another() -> None:
    """The bath is cold: the heater in the hall, which is warm, does not help it."""
    assert running(decided((HALL, BATH), BOTH_OFF, {"hall": 21.5, "bath": 16.0})) == {"bath"}
    assert running(decided((HALL, BATH), BOTH_OFF, {"hall": 16.0, "bath": 21.5})) == {"hall"}
    rooms = {"hall": 21.5, "bath": 10.0}
    assert chosen((replace(HALL, zones=frozenset()), BATH), BOTH_OFF, rooms, 4000.0) == {"hall", "bath"}
    assert chosen((HALL, BATH), BOTH_OFF, rooms, 4000.0) == {"bath"}


@pytest.mark.parametrize("change", [{"window_open": True}, {"wants_heat": False}])
def test_an_open_window_or_a_closed_valve_stops_the_heater_of_this_room(change: dict[str, bool]) -> None:
    def zone(name: str, **more: bool) -> ZoneSnapshot:
        return ZoneSnapshot(zone_id=name, room=SensorReading(16.0), target_c=20.0, **more)

    zones = (zone("hall", **change), zone("bath"))
    assert running(decided((HALL, BATH), BOTH_OFF, {}, zones=zones)) == {"bath"}


def test_frost_protection_uses_every_heater() -> None:
    assert "hall" in running(decided((HALL,), BOTH_OFF[:1], {"hall": 22.0, "bath": 3.0}))


def test_a_plan_does_not_count_on_a_heater_whose_room_needs_nothing() -> None:
    config = EngineConfig(sources=(HALL, BATH))
    inputs = InputValidator(config.safety).validate(seen(BOTH_OFF, {"hall": 23.0, "bath": 18.0}))
    assert SourceSelector(config).needed(inputs) == {"bath"}
