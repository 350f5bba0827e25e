"""A linked power meter and what a cloud reports of the compressor minutes later: the measured power is the truth."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
import math

import pytest

from custom_components.proof_of_heat._lib.heat_source import Capabilities, Control, Health, SourceKind, SourceState
from custom_components.proof_of_heat.engine.config import SourceConfig
from custom_components.proof_of_heat.engine.delivery import _one
from custom_components.proof_of_heat.engine.snapshot import SourceSnapshot
from custom_components.proof_of_heat.sources.managed_source import ManagedSource

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


class Pump:
    """A heat pump as its cloud reports it."""

    source_id = "pump"
    capabilities = Capabilities(kind=SourceKind.HEAT_PUMP, controls=frozenset({Control.CURVE}), reads_power=False)

    def __init__(self, active: bool | None) -> None:
        extra = {} if active is None else {"compressor_active": active}
        power_w = 0.0 if active is False else None
        self.state = SourceState(at=NOW, health=Health.OK, on=True, power_w=power_w, extra=extra)


def managed_pump(active: bool | None, meter_w: float | None, *, share: float = 1.0) -> ManagedSource:
    return ManagedSource(
        subentry_id="s",
        name="Pump",
        type_key="viessmann",
        source=Pump(active),  # type: ignore[arg-type]
        config=SourceConfig(source_id="pump", kind=SourceKind.HEAT_PUMP, nominal_power_w=3000.0),
        poller=None,  # type: ignore[arg-type]
        meter="sensor.pump",
        meter_power_w=lambda: meter_w,
        meter_share=share,
    )


def seen(active: bool | None, meter_w: float | None, *, share: float = 1.0) -> SourceSnapshot:
    return managed_pump(active, meter_w, share=share).snapshot(NOW)


@pytest.mark.parametrize(
    ("active", "meter_w", "running"),
    [
        (False, 1800.0, None),  # it has started since: its meter shows it
        (True, 12.0, None),  # it has stopped since
        (False, 12.0, False),
        (False, 100.0, False),  # pumps and electronics
        (True, 1800.0, True),
        (True, 100.0, True),  # at its lowest speed
        (True, None, True),
        (False, None, False),
        (None, 1800.0, None),
    ],
)
def test_the_measured_power_beats_the_flag(active: bool | None, meter_w: float | None, running: bool | None) -> None:
    assert seen(active, meter_w).running is running


def test_the_part_of_a_shared_meter_is_not_a_proof() -> None:
    assert seen(False, 3600.0, share=0.5).running is False


def test_the_heat_of_a_pump_that_started_since_the_last_poll() -> None:
    config = SourceConfig(source_id="pump", kind=SourceKind.HEAT_PUMP, nominal_power_w=3000.0)
    delivered = _one(config, replace(seen(False, 1800.0), flow_c=35.0), 0.0, None)
    assert delivered.is_heating
    assert delivered.heat.watts > 1800.0
    stopped = _one(config, replace(seen(True, 12.0), flow_c=35.0), 0.0, None)
    assert not stopped.is_heating
    assert stopped.heat.watts == 0.0


@pytest.mark.parametrize(
    ("active", "meter_w", "counted_heat_w"),
    [
        (True, None, math.nan),  # it has just started
        (None, 1500.0, math.nan),  # its power shows that
        (True, 1500.0, math.nan),
        (False, None, 0.0),
        (None, None, 0.0),
        (None, 20.0, 0.0),
        (False, 1500.0, math.nan),  # a cloud reports its start later
    ],
)
def test_a_heat_counter_that_has_not_moved_shows_nothing_of_a_pump_that_runs(
    active: bool | None, meter_w: float | None, counted_heat_w: float
) -> None:
    managed = managed_pump(active, meter_w)
    for minutes in (90, 10, 5, 0):
        managed.own_heat.feed(NOW - timedelta(minutes=minutes), 3000.0 if minutes == 90 else 3000.1)
    for minutes in (70, 0):
        managed.own_heat.feed(NOW + timedelta(minutes=80 - minutes), 3000.1)
    managed.source.state = replace(managed.source.state, at=NOW + timedelta(minutes=80))  # type: ignore[misc]
    found = managed.snapshot(NOW + timedelta(minutes=80))
    assert found.counted_heat_w == pytest.approx(counted_heat_w, nan_ok=True)
    assert not found.counted_heat_enough
    managed.own_heat.feed(NOW + timedelta(minutes=85), 3000.6)
    assert managed.snapshot(NOW + timedelta(minutes=85)).counted_heat_w > 300
