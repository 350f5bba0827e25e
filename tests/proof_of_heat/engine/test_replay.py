"""Shadow mode over the past: savings with an interval on the first evening, by models of other days."""

from dataclasses import replace
import math

import numpy as np
import pytest

from custom_components.proof_of_heat.engine import EngineConfig
from custom_components.proof_of_heat.engine.arrays import Array
from custom_components.proof_of_heat.engine.learning import LearnedModel
from custom_components.proof_of_heat.engine.model.history import Row, Series
from custom_components.proof_of_heat.engine.shadow import replay as module
from custom_components.proof_of_heat.engine.shadow.home import ShadowEngine
from custom_components.proof_of_heat.engine.shadow.replay import (
    BAND_STEPS,
    REPLAY_DAYS,
    PastHome,
    PastSource,
    PastZone,
    Replay,
    TooFewDaysError,
)
from custom_components.proof_of_heat.engine.shadow.savings import ShadowReport

from .homes import DAY_S, PUMP, Home, comfort, pump_config, tariff
from .test_shadow import STEP_S, Thermostat

CONFIG = EngineConfig(sources=(pump_config(),))


class OnOffControl:
    """What is best with a constant price and setpoint: full load, at which this heat pump is most efficient."""

    target_c = 20.0

    def __init__(self) -> None:
        self.on = False

    def level(self, home: Home) -> float:
        self.on = home.air_c < self.target_c + (0.25 if self.on else 0.1)
        return float(self.on)


def past(days: int, control: Thermostat | OnOffControl, *, price: float | None = None) -> tuple[PastHome, list[Row]]:
    """A home that was heated by its own control; ``price``: a constant one, else cheap nights."""
    home, rows = Home(), list[Row]()
    columns: list[tuple[float, ...]] = []
    for _ in range(days * 96):
        before = Home(**vars(home))
        home.run(control.level(home), STEP_S)
        rows.append(row := home.row(before))
        paid = tariff(home.time_s - STEP_S / 2) if price is None else price
        returned_c = home.flow_c - home.heat_w / 2100
        columns.append(
            (row.outdoor_c, row.solar_w_m2, paid, home.air_c, home.power_w, home.heat_w, home.flow_c, returned_c)
        )
    outdoor, solar, prices, room, power, heat, flow, returned = (
        np.array(values) for values in zip(*columns, strict=True)
    )
    local_s = STEP_S * np.arange(1, len(rows) + 1)
    moments = STEP_S * np.arange(1, len(rows) + 1 + BAND_STEPS) + 1
    if isinstance(control, OnOffControl):
        target: Array = np.full(len(moments), control.target_c)
    else:
        target = np.array([comfort(moment) for moment in moments.tolist()])
    return PastHome(
        time_s=1.75e9 + local_s,
        local_s=local_s,
        outdoor_c=outdoor,
        solar_w_m2=solar,
        price_kwh=prices,
        known_steps=np.full(len(rows), BAND_STEPS),
        zones=(PastZone(zone_id="home", room_c=room, target_c=target),),
        sources=(PastSource(source_id=PUMP, power_w=power, heat_w=heat, flow_c=flow, return_c=returned),),
        below_k=0.0,
        above_k=3.0,
        quiet=np.zeros(0),
        has_forecast=True,
    ), rows


@pytest.fixture
def without_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control by the heating curve only."""
    monkeypatch.setattr(ShadowEngine, "job", lambda self, snapshot: None)


def replayed(home: PastHome, rows: list[Row]) -> Replay:
    replay = Replay(CONFIG, home, rows)
    for block in replay.blocks:
        replay.run(block)
    return replay


def found(replay: Replay) -> ShadowReport:
    report = replay.result().report()
    assert report is not None
    return report


@pytest.fixture(scope="module")
def thermostat() -> tuple[PastHome, list[Row]]:
    return past(5, Thermostat())


@pytest.mark.slow
def test_cheap_hours_are_a_saving_whose_interval_excludes_zero(thermostat: tuple[PastHome, list[Row]]) -> None:
    report = found(replayed(*thermostat))
    assert report.days == 4, "the first day shows the state of the house"
    assert 0 < report.percent_low < report.percent < report.percent_high < 50
    home = thermostat[0]
    later = home.local_s > DAY_S
    cost = float((home.sources[0].power_w * home.price_kwh)[later].sum() * STEP_S / 3.6e6)
    assert report.real_cost == pytest.approx(cost, rel=0.01), "what the home really spent"
    assert report.below_kh < report.real_below_kh
    assert not report.estimated


@pytest.mark.slow
def test_constant_price_and_the_best_control_leave_nothing_to_save() -> None:
    report = found(replayed(*past(4, OnOffControl(), price=0.3)))
    assert report.percent_low < 0 < report.percent_high
    assert abs(report.percent) < 8


def test_models_are_learned_from_other_days(
    thermostat: tuple[PastHome, list[Row]], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, rows = thermostat
    seen: list[Series] = []

    def learn(series: Series, *args: object, **options: object) -> LearnedModel:
        seen.append(series)
        raise ValueError("nothing can be learned")

    monkeypatch.setattr(module, "learn", learn)
    replay = Replay(CONFIG, home, rows)
    for block in replay.blocks:
        replay.run(block)
        begin_s, end_s = block[0] * DAY_S, (block[-1] + 1) * DAY_S
        assert not np.any((seen[-1].time_s > begin_s) & (seen[-1].time_s <= end_s))
        assert len(seen[-1]) == len(rows) - 96 * len(block)
    assert sorted(day for block in replay.blocks for day in block) == [0, 1, 2, 3, 4]
    assert (replay.untrusted_blocks, replay.result().report()) == (2, None)


@pytest.mark.slow
def test_time_without_a_price_is_left_out_with_its_day(
    thermostat: tuple[PastHome, list[Row]], without_plans: None
) -> None:
    home, rows = thermostat
    price = home.price_kwh.copy()
    price[2 * 96 + 40 : 2 * 96 + 44] = math.nan
    replay = replayed(replace(home, price_kwh=price), rows)
    assert [day.day for day in replay.result().days] == [1, 3, 4]
    assert found(replay).days == 3


@pytest.mark.parametrize("missing", ["price", "room", "outdoor", "heat", "surplus", "setpoint"])
def test_what_is_not_measured_is_not_simulated(thermostat: tuple[PastHome, list[Row]], missing: str) -> None:
    home, rows = thermostat
    gap = np.where(np.arange(len(home)) % 96 < 2, math.nan, 0.0)
    zone, source = home.zones[0], home.sources[0]
    later = np.concatenate([gap, np.zeros(BAND_STEPS)])
    changed = {
        "price": {"price_kwh": home.price_kwh + gap},
        "room": {"zones": (replace(zone, room_c=zone.room_c + gap),)},
        "outdoor": {"outdoor_c": home.outdoor_c + gap},
        "heat": {"sources": (replace(source, heat_w=source.heat_w + gap),)},
        "surplus": {"surplus_w": gap},
        "setpoint": {"zones": (replace(zone, target_c=zone.target_c + later),)},
    }[missing]
    with pytest.raises(TooFewDaysError, match="0 days"):
        Replay(CONFIG, replace(home, **changed), rows)  # type: ignore[arg-type]


def test_too_short_history_is_refused() -> None:
    home, rows = past(3, Thermostat())
    with pytest.raises(TooFewDaysError, match="3 days"):
        Replay(CONFIG, home, rows)


def test_blocks_cover_the_newest_month(thermostat: tuple[PastHome, list[Row]], monkeypatch: pytest.MonkeyPatch) -> None:
    home, rows = thermostat
    monkeypatch.setattr(PastHome, "whole_days", lambda self: list(range(60)))
    blocks = Replay(CONFIG, home, rows).blocks
    assert [day for block in blocks for day in block] == list(range(60 - REPLAY_DAYS, 60))
    assert max(len(block) for block in blocks) <= module.BLOCK_DAYS


def test_snapshots_show_what_was_known_then(thermostat: tuple[PastHome, list[Row]]) -> None:
    home = thermostat[0]
    price, outdoor = home.price_kwh.copy(), home.outdoor_c.copy()
    price[104], outdoor[103] = math.nan, math.nan
    changed = replace(
        home,
        price_kwh=price,
        outdoor_c=outdoor,
        known_steps=np.full(len(home), 8),
        quiet=np.ones(len(home) + BAND_STEPS),
        surplus_w=np.full(len(home), 300.0),
        surplus_price_kwh=0.08,
    )
    (first,) = changed.snapshots(90, 91)
    assert first.forecast is not None
    assert len(first.forecast.price_kwh) == 8
    assert (first.price_kwh, first.paid_kwh) == (home.price_kwh[91], home.price_kwh[90])
    assert len(first.forecast.outdoor_c) == 12
    assert (first.quiet, first.surplus_w, first.surplus_price_kwh, first.active) == (True, 300.0, 0.08, False)
    (later,) = changed.snapshots(100, 101)
    assert later.forecast is not None
    assert len(later.forecast.price_kwh) == 3, "up to the first unknown price"
    (blind,) = replace(changed, has_forecast=False).snapshots(100, 101)
    assert blind.forecast is not None
    assert len(blind.forecast.outdoor_c) == 0
    (last,) = home.snapshots(len(home) - 1, len(home))
    assert last.price_kwh == home.price_kwh[-1]
