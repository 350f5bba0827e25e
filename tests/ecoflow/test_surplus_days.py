"""Surplus charging over days: a house with solar in simulated weather, a station and the controller."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import random

import pytest

from custom_components.ecoflow.api.surplus_controller import SurplusController, SurplusInputs, SurplusSettings
from simulators.ecoflow_cloud.plant import Plant
from simulators.world.weather import weather_at

STEP_S = 10
# A command reaches the station this much later, and its values come back as late.
LATENCY_S = 10
SETTINGS = SurplusSettings(min_power_w=200, max_power_w=2000, margin_w=30, reserve_level=10)


@dataclass
class Day:
    """The results in Wh."""

    surplus: float = 0.0
    charged: float = 0.0
    bought: float = 0.0
    writes: int = 0


def clouds(rng: random.Random, cover: float) -> float:
    """Return the remaining share of the sun for a cloud cover."""
    return rng.uniform(0.15, 0.5) if rng.random() < cover else 1.0


def run(start: datetime, days: int, cover: float, pausable: bool) -> Day:
    rng = random.Random(3)
    controller, total = SurplusController(SETTINGS), Day()
    # A battery that the day cannot fill, so that the controller alone decides.
    plant = Plant(capacity_wh=600_000, soc=50, solar_peak_w=0, load_w=0, charge_setting_w=200, charge_ceiling_w=2900)
    plant.paused = pausable
    sky, pending = 1.0, None
    seen_charge_w = 0.0
    for step in range(days * 86_400 // STEP_S):
        now = step * STEP_S
        if step % 12 == 0:
            sky = clouds(rng, cover)
        pv_w = weather_at(start + timedelta(seconds=now)).solar_w_m2 * 5.0 * sky
        house_w = 350 + (2000 if rng.random() < 0.02 else 0)
        if pending is not None and now >= pending[0]:
            _, power_w, pause = pending
            plant.charge_setting_w = power_w if power_w is not None else plant.charge_setting_w
            plant.paused = pause if pause is not None else plant.paused
            pending = None
        plant.step(STEP_S, 0, 0)
        free_w = max(0.0, pv_w - house_w)
        hours = STEP_S / 3600
        total.surplus += min(free_w, SETTINGS.max_power_w) * hours
        total.charged += min(plant.charge_w, free_w) * hours
        total.bought += max(0.0, plant.charge_w - free_w) * hours
        situation = SurplusInputs(
            grid_w=house_w - pv_w + plant.charge_w,
            grid_age_s=1,
            charge_w=seen_charge_w,
            level=plant.soc,
            setpoint_w=plant.charge_setting_w,
            paused=plant.paused if pausable else None,
            device_fresh=True,
            low_tariff=False,
        )
        seen_charge_w = plant.charge_w
        decision = controller.decide(now, situation)
        if decision.has_writes and pending is None:
            pending = (now + LATENCY_S, decision.write_power_w, decision.write_pause)
            controller.write_succeeded(now)
            total.writes += 1
    return total


@pytest.mark.parametrize(("cover", "share", "bought"), [(0.0, 0.88, 0.05), (0.3, 0.85, 0.10), (0.7, 0.78, 0.15)])
def test_most_surplus_is_used_with_little_import(cover: float, share: float, bought: float) -> None:
    """From a clear sky to clouds that change every two minutes."""
    days = 3
    got = run(datetime(2025, 6, 20, tzinfo=UTC), days, cover, pausable=True)
    assert got.surplus > 10_000
    assert got.charged > share * got.surplus
    assert got.bought < bought * got.charged
    assert got.writes < days * 600, "clouds cause few writes"


def test_a_station_that_can_pause_draws_nothing_at_night() -> None:
    got = run(datetime(2025, 12, 20, 17, tzinfo=UTC), 1, 0.0, pausable=True)
    assert got.writes < 60
    night = run(datetime(2025, 12, 20, 18, tzinfo=UTC), 1, 1.0, pausable=True)
    assert night.bought < 0.1 * 200 * 24


def test_a_station_that_cannot_pause_draws_the_minimum_at_night() -> None:
    """As documented for the DELTA Pro."""
    got = run(datetime(2025, 12, 20, 18, tzinfo=UTC), 1, 1.0, pausable=False)
    assert got.bought > 0.5 * 200 * 14
