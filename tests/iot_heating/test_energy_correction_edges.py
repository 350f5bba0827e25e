"""Where the right energy of a session comes from: states or hours of a real recorder, of a meter or a power."""

from datetime import datetime, timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.iot_heating._lib.counters import DEFAULT_MAX_PER_HOUR
from custom_components.iot_heating.protocol.session_correction import SessionCorrection
from custom_components.iot_heating.protocol.session_tracker import Session
from custom_components.iot_heating.runtime.energy import EnergyConfig
from custom_components.iot_heating.runtime.energy_correction import _corrections, max_kw
from tests.energy_history import HOUR, START, import_rows

METER = "sensor.meter"
POWER = "sensor.power"


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: None, enable_custom_integrations: None) -> None:
    """As in all tests; the recorder starts before Home Assistant."""


async def corrected(hass: HomeAssistant, config: EnergyConfig, start: datetime, hours: float) -> SessionCorrection:
    """The correction of a session that was billed with 240 kWh."""
    end = start + hours * HOUR
    session = Session(start=start, seen=end, end=end, energy_kwh=240.0, cost=72.0, id=1)
    (correction,) = await get_instance(hass).async_add_executor_job(_corrections, hass, config, [session], 20.0)
    return correction


async def set_states(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, entity: str, unit: str, states: list[tuple[int, str]]
) -> None:
    """Record states, each at its minute of the first day."""
    for minute, state in states:
        freezer.move_to(START + timedelta(minutes=minute))
        hass.states.async_set(entity, state, {"unit_of_measurement": unit})
        await hass.async_block_till_done()
    await async_wait_recording_done(hass)


async def hours_of_both(hass: HomeAssistant) -> None:
    """Six hours with 2 kW, by a meter and a power."""
    readings = [{"state": 240.0 + 2 * i, "sum": 2.0 * i} for i in range(6)]
    await import_rows(hass, METER, "kWh", readings, HOUR, "energy")
    await import_rows(hass, POWER, "kW", [{"mean": 2.0, "min": 2.0, "max": 2.0}] * 6, HOUR, "power")


@pytest.mark.parametrize(
    ("config", "source"),
    [
        (EnergyConfig(500.0, POWER, METER), "meter"),
        (EnergyConfig(500.0, POWER), "power"),
        (EnergyConfig(2000.0), "rated_power"),
        (EnergyConfig(2000.0, "sensor.unknown", "sensor.unknown"), "rated_power"),
    ],
)
@pytest.mark.parametrize("later", [timedelta(days=20), timedelta(hours=7)], ids=["long ago", "no states"])
async def test_without_states_the_hours_give_the_energy(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, config: EnergyConfig, source: str, later: timedelta
) -> None:
    freezer.move_to(START + later)
    await hours_of_both(hass)
    correction = await corrected(hass, config, START + 1.5 * HOUR, 2.0)
    assert correction.as_dict()["taken_from"] == source
    assert correction.energy_kwh == pytest.approx(4.0)
    assert correction.cost == pytest.approx(1.2)


async def test_a_session_that_nothing_knows_has_no_energy(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    freezer.move_to(START + timedelta(days=20))
    await hours_of_both(hass)
    for config in (EnergyConfig(), EnergyConfig(None, POWER, METER)):
        correction = await corrected(hass, config, START + 12 * HOUR, 2.0)
        assert (correction.energy_kwh, correction.cost, correction.source) == (None, None, None)


async def test_the_states_of_a_power_are_more_exact_than_its_hours(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """3 kW for ten minutes, then 1 kW for twenty; what is not a power is passed over."""
    states = [(59, "3"), (70, "unavailable"), (70, "1"), (90, "0")]
    await set_states(hass, freezer, POWER, "kW", states)
    await hours_of_both(hass)
    correction = await corrected(hass, EnergyConfig(500.0, POWER), START + HOUR, 0.5)
    assert correction.as_dict()["taken_from"] == "power"
    assert correction.energy_kwh == pytest.approx(3 / 6 + 1 / 3, abs=0.01)


async def test_the_states_of_a_meter_are_more_exact_than_its_hours(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await set_states(hass, freezer, METER, "Wh", [(59, "240000"), (75, "240300"), (80, "0"), (90, "240700")])
    await hours_of_both(hass)
    correction = await corrected(hass, EnergyConfig(500.0, POWER, METER), START + HOUR, 0.5)
    assert correction.as_dict()["taken_from"] == "meter"
    assert correction.energy_kwh == pytest.approx(0.7, abs=0.03)


async def test_a_running_session_counts_up_to_its_last_report(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(START + timedelta(hours=7))
    await hours_of_both(hass)
    session = Session(start=START + HOUR, seen=START + 2 * HOUR, energy_kwh=240.0)
    right = Session(start=START + HOUR, seen=START + 2 * HOUR, energy_kwh=2.0)
    (correction,) = await get_instance(hass).async_add_executor_job(
        _corrections, hass, EnergyConfig(None, POWER), [session, right], 20.0
    )
    assert correction.session is session
    assert correction.energy_kwh == pytest.approx(2.0)


def test_the_most_that_can_be_consumed() -> None:
    assert max_kw(EnergyConfig(2000.0), 1500.0) == 1.5
    assert max_kw(EnergyConfig(2000.0), None) == 6.0
    assert max_kw(EnergyConfig(None, POWER), None) == DEFAULT_MAX_PER_HOUR
