"""The counters of sources and meters reach the COP calculation."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.proof_of_heat.engine.config import SourceConfig
from custom_components.proof_of_heat.inputs.states import power_w
from custom_components.proof_of_heat.metering.cop import CopCalculator
from custom_components.proof_of_heat.metering.cop_feed import feed_heat, feed_meter, feed_source
from custom_components.proof_of_heat.metering.system_cop import SystemCop
from custom_components.proof_of_heat.sources.managed_source import ManagedSource
from lib.heat_source import Capabilities, Control, Health, SourceKind, SourceState

METER = "sensor.pump_energy"
BEGIN = datetime(2027, 1, 13, 9, 0, tzinfo=UTC)


class Pump:
    """A heat pump whose state a test sets."""

    source_id = name = "pump"

    def __init__(self, *, reads_power: bool = False) -> None:
        self.capabilities = Capabilities(
            kind=SourceKind.HEAT_PUMP, controls=frozenset({Control.CURVE}), reads_power=reads_power
        )
        self.state = SourceState(at=BEGIN, health=Health.OK, on=True)


def managed_source(
    pump: Pump, hass: HomeAssistant | None = None, *, meter: str | None = METER, **config: Any
) -> ManagedSource:
    source_config = SourceConfig(source_id="pump", kind=pump.capabilities.kind, nominal_power_w=3000.0, **config)
    parts: dict[str, Any] = {"source": pump, "poller": None, "meter": meter}
    if hass is not None:
        parts["meter_power_w"] = partial(power_w, hass, meter)
    return ManagedSource(subentry_id="s", name="Pump", type_key="viessmann", config=source_config, **parts)


def count(hass: HomeAssistant, kwh: float) -> None:
    hass.states.async_set(METER, f"{kwh:.3f}", {"unit_of_measurement": "kWh", "device_class": "energy"})


@pytest.mark.parametrize("split", [True, False])
async def test_cop_of_two_hours_of_heating(hass: HomeAssistant, freezer: FrozenDateTimeFactory, split: bool) -> None:
    """Heat every five minutes from the device, electricity every minute from the meter: 6 kW out of 2 kW."""
    freezer.move_to(BEGIN)
    pump, calculator = Pump(), CopCalculator(ZoneInfo("Europe/Rome"))
    managed = managed_source(pump, hass)
    for minute in range(150):
        now = BEGIN + timedelta(minutes=minute)
        freezer.move_to(now)
        count(hass, 100 + 2 * minute / 60)
        if minute % 5 == 0:
            heat = 500 + 6 * minute / 60
            extra = {"heat_heating_year": heat, "heat_dhw_year": 50.0} if split else {}
            pump.state = SourceState(at=now, health=Health.OK, on=True, heat_kwh=heat + 50, extra=extra)
            feed_heat(calculator, pump.state)
        feed_meter(hass, calculator, managed)
    window = calculator.window(now, timedelta(hours=2))
    assert window is not None
    assert window.cop == pytest.approx(3.0, abs=0.05)
    seen = managed.snapshot(now)
    assert seen.power_w == pytest.approx(2000, rel=0.05)
    assert seen.level == pytest.approx(2 / 3, rel=0.05)


async def test_power_comes_from_the_meter_only_where_the_source_does_not_measure(hass: HomeAssistant) -> None:
    hass.states.async_set("sensor.power", "1500", {"unit_of_measurement": "W"})
    pump = Pump(reads_power=True)
    pump.state = SourceState(at=BEGIN, health=Health.OK, on=True, power_w=900.0)
    assert managed_source(pump, hass, meter="sensor.power").snapshot(BEGIN).power_w == 900
    cloud = Pump()
    cloud.state = SourceState(at=BEGIN, health=Health.OK, on=True, power_w=0.0)  # minutes old
    assert managed_source(cloud, hass, meter="sensor.power").snapshot(BEGIN).power_w == 1500
    assert managed_source(cloud, hass, meter="sensor.gone").snapshot(BEGIN).power_w == 0
    assert managed_source(cloud, hass, meter=None).snapshot(BEGIN).power_w == 0


async def test_burner_level_follows_its_heat(hass: HomeAssistant) -> None:
    boiler = Pump()
    boiler.state = SourceState(at=BEGIN, health=Health.OK, on=True, heat_w=5500.0)
    seen = managed_source(boiler, hass, fuel_kwh_price=0.1, nominal_heat_w=11_000.0).snapshot(BEGIN)
    assert seen.level == 0.5
    boiler.state = SourceState(at=BEGIN, health=Health.OK, on=False)
    assert managed_source(boiler, hass, fuel_kwh_price=0.1).snapshot(BEGIN).level == 0


async def test_rate_limited_cloud_counts_for_another_hour(hass: HomeAssistant) -> None:
    pump = Pump()
    pump.capabilities = Capabilities(kind=SourceKind.HEAT_PUMP, controls=frozenset({Control.CURVE}))
    pump.state = SourceState(at=BEGIN, health=Health.LIMITED, on=True)
    assert managed_source(pump).snapshot(BEGIN + timedelta(minutes=59)).available
    assert not managed_source(pump).snapshot(BEGIN + timedelta(minutes=61)).available


async def test_meter_without_a_value_is_ignored(hass: HomeAssistant) -> None:
    calculator = CopCalculator(ZoneInfo("Europe/Rome"))
    hass.states.async_set(METER, "unknown")
    managed = managed_source(Pump())
    feed_meter(hass, calculator, managed)
    assert managed.counter_power.power_w(BEGIN) is None


def test_a_read_only_source_is_not_planned(hass: HomeAssistant) -> None:
    pump = Pump()
    pump.capabilities = Capabilities(kind=SourceKind.HEAT_PUMP, controls=frozenset())
    seen = managed_source(pump, hass).snapshot(BEGIN)
    assert (seen.available, seen.steerable, seen.on) == (False, False, True)
    pump.capabilities = Capabilities(kind=SourceKind.HEAT_PUMP, controls=frozenset({Control.MODE}))
    assert not managed_source(pump, hass).snapshot(BEGIN).available
    pump.capabilities = Capabilities(kind=SourceKind.HEAT_PUMP, controls=frozenset({Control.CURVE}))
    assert managed_source(pump, hass).snapshot(BEGIN).available


def run(book: SystemCop, manageds: dict[str, tuple[ManagedSource, Any, float, float]], minutes: int = 150) -> datetime:
    """Heat pumps that count for themselves: kW of heat and of electricity, read every five minutes."""
    now = BEGIN
    for minute in range(0, minutes, 5):
        now = BEGIN + timedelta(minutes=minute)
        for key, (managed, pump, heat, electricity) in manageds.items():
            hours = minute / 60
            pump.state = SourceState(
                at=now, health=Health.OK, heat_kwh=500 + heat * hours, electricity_kwh=100 + electricity * hours
            )
            feed_source(book.of(key), managed)
    return now


def test_two_heat_pumps_with_own_counters_share_one_cop() -> None:
    """A linked meter is not needed; their counters are not mixed up: 6 kW out of 2 kW, 2 kW out of 1 kW."""
    book = SystemCop(ZoneInfo("Europe/Rome"))
    one, two = Pump(), Pump()
    now = run(
        book,
        {"a": (managed_source(one, meter=None), one, 6.0, 2.0), "b": (managed_source(two, meter=None), two, 2.0, 1.0)},
    )
    window = book.window(now, timedelta(hours=2))
    assert window is not None
    assert window.cop == pytest.approx(8 / 3, abs=0.02)
    day = now.date()
    assert book.of("a").day(day).cop == pytest.approx(3.0, abs=0.02)
    again = SystemCop(ZoneInfo("Europe/Rome"))
    again.load(book.dump())
    for sums in (again.day(day), again.month(day), again.season(day)):
        assert sums.cop == book.day(day).cop == pytest.approx(8 / 3, abs=0.02)
    assert again.window(now, timedelta(hours=2)) is None


def test_stored_calculator_of_an_earlier_version_is_migrated() -> None:
    calculator = CopCalculator(ZoneInfo("Europe/Rome"))
    calculator.feed_electricity(BEGIN, 1.0)
    calculator.feed_heat(BEGIN, 10.0)
    calculator.feed_electricity(BEGIN + timedelta(minutes=10), 2.0)
    calculator.feed_heat(BEGIN + timedelta(minutes=10), 14.0)
    book = SystemCop(ZoneInfo("Europe/Rome"))
    book.load(calculator.dump())
    book.load({"ledgers": {"x": "rubbish"}})
    assert book.day(BEGIN.date()).cop == 4.0


def test_only_heat_pumps_have_a_cop() -> None:
    """A boiler's heat by its pump's electricity would be a fine figure."""
    book = SystemCop(ZoneInfo("Europe/Rome"))
    boiler, silent = Pump(), Pump()
    boiler.capabilities = Capabilities(kind=SourceKind.BOILER, controls=frozenset())
    now = run(book, {"boiler": (managed_source(boiler, meter=None), boiler, 6.0, 0.1)})
    assert book.day(now.date()).cop is None
    silent.state = SourceState(at=BEGIN, health=Health.OK, heat_kwh=5.0)
    feed_source(book.of("silent"), managed_source(silent, meter=None))
    assert book.dump() == {"ledgers": {}}


async def test_heat_of_the_device_and_electricity_of_its_own_meter_make_the_cop(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The device's own electricity counter, of half the value, is not used where a meter of its own is linked."""
    book, pump = SystemCop(ZoneInfo("Europe/Rome")), Pump()
    managed = managed_source(pump, hass)
    for minute in range(0, 150, 5):
        now = BEGIN + timedelta(minutes=minute)
        freezer.move_to(now)
        hours = minute / 60
        count(hass, 100 + 2 * hours)
        pump.state = SourceState(at=now, health=Health.OK, heat_kwh=500 + 6 * hours, electricity_kwh=50 + hours)
        feed_source(book.of("a"), managed)
        feed_meter(hass, book.of("a"), managed)
    assert book.day(BEGIN.date()).cop == pytest.approx(3.0, abs=0.05)


async def test_a_shared_meter_is_not_the_electricity_of_one_heat_pump(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The meter counts 6 kW of two heat pumps; this one counts 2 kW itself, and has a third of the meter's power."""
    book, pump = SystemCop(ZoneInfo("Europe/Rome")), Pump()
    managed = managed_source(pump, hass)
    managed.meter_share = 1 / 3
    for minute in range(0, 150, 5):
        now = BEGIN + timedelta(minutes=minute)
        freezer.move_to(now)
        hours = minute / 60
        count(hass, 50 + 6 * hours)
        read_at = now - timedelta(seconds=20)
        pump.state = SourceState(at=read_at, health=Health.OK, heat_kwh=500 + 6 * hours, electricity_kwh=50 + 2 * hours)
        feed_source(book.of("a"), managed)
        feed_meter(hass, book.of("a"), managed)
    assert book.day(BEGIN.date()).cop == pytest.approx(3.0, abs=0.05)
    assert managed.counter_power.power_w(now) == pytest.approx(2000, rel=0.05)


@pytest.mark.parametrize(
    ("kind", "heat_kwh", "share"),
    [(SourceKind.HEAT_PUMP, None, 1.0), (SourceKind.BOILER, 500.0, 1.0), (SourceKind.HEAT_PUMP, 500.0, 0.5)],
)
async def test_a_meter_of_a_source_without_a_cop_gives_its_power_only(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, kind: SourceKind, heat_kwh: float | None, share: float
) -> None:
    """It counts no heat, is not a heat pump, or shares its meter and does not count its electricity itself."""
    calculator, pump = CopCalculator(ZoneInfo("Europe/Rome")), Pump()
    nothing = calculator.dump()
    pump.capabilities = Capabilities(kind=kind, controls=frozenset())
    managed = managed_source(pump, hass)
    managed.meter_share = share
    for minute in range(0, 60, 5):
        now = BEGIN + timedelta(minutes=minute)
        freezer.move_to(now)
        count(hass, 100 + 2 * minute / 60)
        pump.state = SourceState(at=now, health=Health.OK, on=True, heat_kwh=heat_kwh)
        if heat_kwh is None:
            feed_heat(calculator, pump.state)
        feed_source(calculator, managed)
        feed_meter(hass, calculator, managed)
    assert managed.counter_power.power_w(now) == pytest.approx(2000 * share, rel=0.05)
    assert calculator.dump() == nothing
