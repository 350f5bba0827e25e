"""The limits hold in any sequence of faults: ten thousand random sequences of faults, and the rules one by one."""

from dataclasses import replace
import json
import math
import random

import numpy as np
import pytest

from custom_components.proof_of_heat.engine import (
    ComfortBand,
    ControlMode,
    Decision,
    Engine,
    EngineConfig,
    Forecast,
    SafetyLimits,
    SensorReading,
    SiteLimits,
    Snapshot,
    SourceConfig,
    SourceKind,
    SourceSnapshot,
    Steering,
    ZoneSnapshot,
)
from custom_components.proof_of_heat.engine.messages import MessageCode, message

from .homes import Home, live, new_engine

pytestmark = pytest.mark.slow  # left out by scripts/test --quick

SEQUENCES = 10_000
CYCLES = (*(5,) * 15, 40)
"""Most sequences are short; some continue long enough for starts to be counted."""
RESTARTS = 0.05
SLACK_W = 1.0
NAN = math.nan
BAD = (NAN, math.inf, -math.inf, -127.0, 85.0, 1e9, -300.0)
SITE_W = 6500.0
LIMITS = SafetyLimits(max_flow_c=45.0)
SOURCES = (
    SourceConfig(
        source_id="pump",
        kind=SourceKind.HEAT_PUMP,
        steering=Steering.LEVEL,
        nominal_heat_w=9000,
        nominal_power_w=3000,
        quiet_level=0.5,
        phase=0,
    ),
    SourceConfig(
        source_id="miner",
        kind=SourceKind.MINER,
        steering=Steering.STEPS,
        steps_w=(1200.0, 2200.0, 3300.0),
        efficiency=0.95,
        efficiency_j_th=(18.0, 20.0, 24.0),
        reboot_s=300,
        quiet_level=0.0,
        phase=1,
    ),
    SourceConfig(
        source_id="boiler",
        kind=SourceKind.BOILER,
        steering=Steering.SWITCH,
        nominal_heat_w=15000,
        nominal_power_w=60,
        fuel_kwh_price=0.11,
    ),
    SourceConfig(
        source_id="rod",
        kind=SourceKind.DIRECT_ELECTRIC,
        steering=Steering.LEVEL,
        nominal_heat_w=3000,
        nominal_power_w=3000,
        min_modulation=0.1,
        max_starts_h=2,
        phase=1,
    ),
)
PHASE_W = 4600.0
CONFIG = EngineConfig(sources=SOURCES, safety=LIMITS, site=SiteLimits(power_w=SITE_W, phase_w=PHASE_W))


def _temperature(rng: random.Random, low: float, high: float) -> float:
    return rng.choice(BAD) if rng.random() < 0.2 else rng.uniform(low, high)


def _source(rng: random.Random, source_id: str) -> SourceSnapshot:
    return SourceSnapshot(
        source_id=source_id,
        available=rng.random() < 0.85,
        on=rng.choice([True, False, None]),
        level=_temperature(rng, 0, 1),
        power_w=_temperature(rng, 0, 4000),
        heat_w=_temperature(rng, 0, 12000),
        flow_c=_temperature(rng, 10, 60),
        return_c=_temperature(rng, 0, 50),
        circuit_c=_temperature(rng, 10, 60) if rng.random() < 0.3 else NAN,
        hot_water=rng.random() < 0.1,
        settled=rng.random() < 0.8,
    )


def _any_snapshot(rng: random.Random, now_s: float) -> Snapshot:
    steps = 192
    lower = np.full(steps, rng.uniform(5, 23))
    forecast = None
    if rng.random() < 0.5:
        forecast = Forecast(
            step_s=rng.choice([300, 900, 3600]),
            outdoor_c=[_temperature(rng, -20, 20) for _ in range(rng.randint(0, 6))],
            solar_w_m2=[_temperature(rng, 0, 500) for _ in range(rng.randint(0, 6))],
            price_kwh=[rng.choice([NAN, rng.uniform(-0.3, 0.6)]) for _ in range(rng.randint(0, 6))],
        )
    return Snapshot(
        now_s=now_s,
        local_s=now_s,
        zones=tuple(
            ZoneSnapshot(
                zone_id=f"z{i}",
                room=SensorReading(_temperature(rng, 3, 28), rng.choice([0.0, 60.0, 1e5])),
                target_c=rng.uniform(5, 24),
                window_open=rng.random() < 0.2,
                wants_heat=rng.random() < 0.9,
                band=ComfortBand(lower + rng.uniform(-3, 3), lower + 4) if rng.random() < 0.4 else None,
                weight=rng.choice([1.0, 1.0, 30.0, 0.0, NAN]),
            )
            for i in range(rng.randint(0, 3))
        ),
        outdoor=SensorReading(_temperature(rng, -20, 20), rng.choice([0.0, 600.0, 1e5])),
        solar=SensorReading(_temperature(rng, 0, 800)),
        people=rng.choice([0.0, 2.0]),
        band=ComfortBand(lower, lower + 3),
        sources=tuple(_source(rng, source.source_id) for source in SOURCES if rng.random() < 0.9),
        price_kwh=rng.choice([NAN, rng.uniform(-0.3, 0.6)]),
        forecast=forecast,
        surplus_w=rng.choice([0.0, 3000.0, NAN]),
        surplus_price_kwh=rng.choice([0.0, 0.08, NAN]),
        other_load_w=rng.uniform(0, 9000),
        other_phase_load_w=(rng.uniform(0, 6000), rng.uniform(0, 3000), 0.0),
        quiet=rng.random() < 0.3,
        hashprice_ph_day=rng.choice([NAN, 45.0]),
    )


class _Watch:
    """Follows the commands and judges every one."""

    def __init__(self) -> None:
        self.on = dict.fromkeys((s.source_id for s in SOURCES), False)
        self.changed = dict.fromkeys(self.on, -math.inf)
        self.starts: dict[str, list[float]] = {name: [] for name in self.on}

    def judge(self, decision: Decision, snapshot: Snapshot) -> None:
        readings = {source.source_id: source for source in snapshot.sources}
        drawn, phases = 0.0, [0.0, 0.0, 0.0]
        bound = False
        for command in decision.commands:
            assert all(map(math.isfinite, (command.level, command.flow_c, command.power_w, command.heat_w)))
            assert 0 <= command.level <= 1
            assert command.on == (command.level > 0)
            assert command.flow_c <= LIMITS.max_flow_c
            assert 0 < command.lease_s <= LIMITS.lease_s
            if command.hold:
                continue
            reading = readings.get(command.source_id, SourceSnapshot(source_id=command.source_id))
            circuit = reading.circuit_c if math.isfinite(reading.circuit_c) else reading.flow_c
            too_hot = not reading.hot_water and math.isfinite(circuit) and circuit >= LIMITS.max_flow_c
            assert not (too_hot and command.on)
            bound |= self._times(command.source_id, snapshot.now_s, command.on, too_hot)
            drawn += command.power_w
            source = next(s for s in SOURCES if s.source_id == command.source_id)
            for phase in range(3):
                phases[phase] += command.power_w * (1 / 3 if source.phase is None else float(source.phase == phase))
            if snapshot.quiet and command.on and decision.record.control_mode is not ControlMode.FROST:
                assert command.level <= source.quiet_level + 1e-6 or self._bound(command.source_id, snapshot.now_s)
        assert bound or drawn <= max(0.0, SITE_W - snapshot.other_load_w) + SLACK_W
        for taken, other_w in zip(phases, snapshot.other_phase_load_w, strict=True):
            assert bound or taken <= max(0.0, PHASE_W - other_w) + SLACK_W

    def _bound(self, name: str, now_s: float) -> bool:
        return now_s - self.changed[name] < 600.0

    def _times(self, name: str, now_s: float, on: bool, too_hot: bool) -> bool:
        """Minimum times and starts; whether the source was bound to run on."""
        must = self.on[name] and self._bound(name, now_s)
        if on and not self.on[name]:
            assert not self._bound(name, now_s), f"{name} rested only {now_s - self.changed[name]} s"
            self.starts[name] = [start for start in self.starts[name] if now_s - start < 3600] + [now_s]
            assert len(self.starts[name]) <= next(s.max_starts_h for s in SOURCES if s.source_id == name)
        if self.on[name] and not on:
            assert too_hot or not self._bound(name, now_s), f"{name} ran only {now_s - self.changed[name]} s"
        if on != self.on[name]:
            self.changed[name], self.on[name] = now_s, on
        return must


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("sequences", "seed"),
    [
        pytest.param(SEQUENCES, 4711, marks=pytest.mark.slow, id="ten_thousand"),
        pytest.param(500, 12, id="five_hundred"),
    ],
)
def test_no_limit_is_ever_broken_in_random_fault_sequences(sequences: int, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(sequences):
        engine, watch = Engine(CONFIG), _Watch()
        now_s = 1.7e9
        engine.safety.started_s = now_s - rng.choice([0.0, 1000.0])
        for _ in range(rng.choice(CYCLES)):
            now_s += rng.choice([10.0, 60.0, 300.0, 900.0, 4000.0])
            if rng.random() < RESTARTS:
                engine = _restarted(engine)
            snapshot = _any_snapshot(rng, now_s)
            engine.observe(snapshot)
            watch.judge(engine.decide(snapshot), snapshot)


def _restarted(engine: Engine) -> Engine:
    """What kill -9 leaves: only what was stored."""
    again = Engine(CONFIG)
    again.restore(json.loads(json.dumps(engine.dump())))
    return again


def test_no_limit_is_broken_by_a_predicting_engine_among_faults() -> None:
    engine = new_engine()
    live(engine, Home(), 3)
    assert engine.predicting
    rng = random.Random(815)
    learned, plan = engine.learned, engine.plan
    for _ in range(300):
        faulty, watch = Engine(CONFIG), _Watch()
        faulty.learned, faulty.plan, now_s = learned, plan, 1.75e9 + 3 * 86400
        for _ in range(rng.choice(CYCLES)):
            now_s += rng.choice([60.0, 300.0, 900.0])
            snapshot = _any_snapshot(rng, now_s)
            faulty.observe(snapshot)
            while (job := faulty.job(snapshot)) is not None:
                faulty.adopt(job())
            watch.judge(faulty.decide(snapshot), snapshot)


def _calm(now_s: float = 1.7e9, **changes: object) -> Snapshot:
    band = ComfortBand(np.full(192, 20.0), np.full(192, 24.0))
    values: dict[str, object] = {
        "now_s": now_s,
        "local_s": now_s,
        "zones": (ZoneSnapshot(zone_id="home", room=SensorReading(19.0), target_c=21.0),),
        "outdoor": SensorReading(0.0),
        "band": band,
        "price_kwh": 0.3,
        "sources": tuple(SourceSnapshot(source_id=s.source_id, on=False) for s in SOURCES),
    }
    return Snapshot(**(values | changes))  # type: ignore[arg-type]


def _decided(engine: Engine, snapshot: Snapshot) -> Decision:
    engine.observe(snapshot)
    return engine.decide(snapshot)


def _ready(config: EngineConfig = CONFIG) -> Engine:
    engine = Engine(config)
    engine.safety.started_s = 0.0
    return engine


def test_nothing_is_written_in_the_first_minute() -> None:
    engine = Engine(CONFIG)
    assert all(command.hold for command in _decided(engine, _calm(1.7e9)).commands)
    assert all(command.hold for command in _decided(engine, _calm(1.7e9 + 59)).commands)
    assert not any(command.hold for command in _decided(engine, _calm(1.7e9 + 61)).commands)


def test_a_cold_room_is_heated_in_every_profile() -> None:
    cold = (ZoneSnapshot(zone_id="home", room=SensorReading(5.0), target_c=5.0, window_open=True),)
    decision = _decided(_ready(), _calm(zones=cold))
    assert decision.record.control_mode is ControlMode.FROST
    assert any(command.on for command in decision.commands)


def test_frost_protection_overrides_noise_limits_but_not_the_breaker() -> None:
    cold = (ZoneSnapshot(zone_id="home", room=SensorReading(5.0), target_c=5.0),)
    heater = replace(SOURCES[0], quiet_level=0.0)
    config = replace(CONFIG, sources=(heater,))
    quiet = _decided(_ready(config), _calm(zones=cold, quiet=True))
    assert quiet.command("pump").on
    full = _decided(_ready(config), _calm(zones=cold, other_load_w=SITE_W))
    assert not full.command("pump").on
    assert message(MessageCode.FROST_ALONE) in full.record.limits


def test_freezing_water_starts_heat_and_keeps_it_until_warmer() -> None:
    engine = _ready()
    water = (SourceSnapshot(source_id="pump", on=False, flow_c=4.0, return_c=3.0),)
    none = (ZoneSnapshot(zone_id="home", room=SensorReading(22.0), target_c=18.0),)
    assert (
        _decided(engine, _calm(1.7e9, zones=none, sources=water, outdoor=SensorReading(0.5))).record.control_mode
        is ControlMode.FROST
    )
    warmer = (SourceSnapshot(source_id="pump", on=True, flow_c=20.0, return_c=7.0),)
    assert (
        _decided(engine, _calm(1.7e9 + 60, zones=none, sources=warmer, outdoor=SensorReading(2.5))).record.control_mode
        is ControlMode.FROST
    )
    after = (SourceSnapshot(source_id="pump", on=True, flow_c=30.0, return_c=25.0),)
    assert (
        _decided(engine, _calm(1.7e9 + 120, zones=none, sources=after, outdoor=SensorReading(2.5))).record.control_mode
        is not ControlMode.FROST
    )


@pytest.mark.parametrize(("flow_c", "highest"), [(40.0, 1.0), (43.5, 0.65), (45.0, 0.0), (60.0, 0.0)])
def test_hot_flow_takes_the_level_back_and_stops_at_the_limit(flow_c: float, highest: float) -> None:
    hot = (SourceSnapshot(source_id="pump", on=True, level=1.0, flow_c=flow_c),)
    config = replace(CONFIG, sources=SOURCES[:1])
    cold = (ZoneSnapshot(zone_id="home", room=SensorReading(12.0), target_c=21.0),)
    command = _decided(_ready(config), _calm(zones=cold, outdoor=SensorReading(-15.0), sources=hot)).command("pump")
    assert command.level <= highest
    assert command.on == (highest > 0)


def _hydronic(**readings: object) -> Decision:
    """A heat pump and a miner that earns money, in a cold home."""
    pump = SourceSnapshot(source_id="pump", on=True, level=1.0, **readings)  # type: ignore[arg-type]
    cold = (ZoneSnapshot(zone_id="home", room=SensorReading(12.0), target_c=21.0),)
    sources = (pump, SourceSnapshot(source_id="miner", on=True))
    config = replace(CONFIG, sources=SOURCES[:2], site=SiteLimits(), commission=False)
    calm = _calm(zones=cold, outdoor=SensorReading(-15.0), sources=sources, hashprice_ph_day=150.0)
    return _decided(_ready(config), calm)


@pytest.mark.parametrize(
    "readings",
    [
        {"flow_c": 56.0, "circuit_c": 34.0},
        {"flow_c": 56.0, "hot_water": True},
        {"flow_c": 56.0, "circuit_c": 55.5, "hot_water": True},
    ],
    ids=["own sensor of the circuit", "direct circuit", "direct circuit with a sensor"],
)
def test_hot_water_stops_neither_the_heat_pump_nor_the_miner(readings: dict[str, object]) -> None:
    decision = _hydronic(**readings)
    assert decision.command("pump").on
    assert decision.command("miner").on
    assert MessageCode.FLOW_LIMIT not in {limit.code for limit in decision.record.limits}


@pytest.mark.parametrize("readings", [{"flow_c": 56.0}, {"flow_c": 30.0, "circuit_c": 45.0}])
def test_a_hot_circuit_stops_its_own_source_only(readings: dict[str, object]) -> None:
    decision = _hydronic(**readings)
    assert not decision.command("pump").on
    assert decision.command("miner").on


def test_fixed_flow_and_reduced_heat_without_both_temperatures() -> None:
    gone = (ZoneSnapshot(zone_id="home", room=SensorReading(), target_c=21.0),)
    decision = _decided(_ready(), _calm(zones=gone, outdoor=SensorReading()))
    assert decision.record.control_mode is ControlMode.BLIND
    assert decision.record.flow_c == LIMITS.fallback_flow_c
    assert any(command.on for command in decision.commands)


@pytest.mark.parametrize(("steerable", "why"), [(True, MessageCode.NO_ANSWER), (False, MessageCode.ONLY_READ)])
def test_a_source_that_cannot_be_commanded_counts_as_drawing(*, steerable: bool, why: MessageCode) -> None:
    site = replace(CONFIG, site=SiteLimits(power_w=3500.0), sources=SOURCES[:2])
    miner = SourceSnapshot(source_id="miner", available=False, steerable=steerable)
    silent = (miner, SourceSnapshot(source_id="pump", on=False))
    cold = (ZoneSnapshot(zone_id="home", room=SensorReading(15.0), target_c=21.0),)
    decision = _decided(_ready(site), _calm(zones=cold, sources=silent, outdoor=SensorReading(-10.0)))
    assert decision.command("pump").power_w <= 3500.0 - 3300.0 + 1e-6
    assert message(why, source="miner") in decision.record.limits
