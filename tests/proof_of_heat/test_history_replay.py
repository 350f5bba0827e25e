"""Would have saved on the first evening: control is simulated over what the recorder has."""

from collections.abc import Callable
from datetime import datetime, timedelta
import logging
import math
from types import SimpleNamespace
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.proof_of_heat.cards.overview import savings
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.data import HeatingSystem
from custom_components.proof_of_heat.learning import history_import, history_replay
from custom_components.proof_of_heat.learning.history_replay import ReplayStatus
from custom_components.proof_of_heat.learning.past_states import _hours, _price, async_read_switched
from custom_components.proof_of_heat.runtime.savings_report import report_data

from .ha import HEATER, real_pause, source, start, system, zone
from .test_history_import import METER, NOW, finished, lived, write_states, write_statistics
from .test_shadow_mode import simulated_days

PRICE = "sensor.price"
DAYS = 6
STATE_DAYS = 2
CHEAP, EXPENSIVE = 18.0, 38.0


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: Recorder, enable_custom_integrations: None) -> None:
    """The recorder has to be there before Home Assistant."""


def cents(when: datetime) -> float:
    """The price of a quarter of an hour that ends then."""
    return EXPENSIVE if 16 <= (when - timedelta(minutes=8)).hour < 21 else CHEAP


def write_price_statistics(hass: HomeAssistant, whens: list[datetime], unit: str | None = "ct/kWh") -> None:
    meta: Any = {
        "has_sum": False,
        "mean_type": StatisticMeanType.ARITHMETIC,
        "name": None,
        "source": "recorder",
        "statistic_id": PRICE,
        "unit_class": None,
        "unit_of_measurement": unit,
    }
    begins = sorted({when.replace(minute=0) for when in whens if when.minute != 0})
    rows: Any = [{"start": begin, "mean": cents(begin + timedelta(minutes=15))} for begin in begins]
    async_import_statistics(hass, meta, rows)


@pytest.fixture
async def record(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """A home that was recorded for some days."""
    monkeypatch.setattr(history_import, "DAYS", DAYS)
    monkeypatch.setattr(history_replay, "DAYS", DAYS)
    await hass.config.async_set_time_zone("UTC")
    hass.config.currency = "EUR"
    hass.loop.set_debug(False)
    hass.states.async_set(HEATER, "off")

    async def write(price: Callable[[datetime], str] | None = None, unit: str = "ct/kWh") -> None:
        readings = lived(DAYS)
        for when, values in readings[-STATE_DAYS * 96 :]:
            freezer.move_to(when)
            write_states(hass, values)
            # What is shown at the end of a step is the price of the next one.
            shown = cents(when + timedelta(minutes=15))
            text = f"{shown}" if price is None else price(when)
            hass.states.async_set(PRICE, text, {"unit_of_measurement": unit})
        write_statistics(hass, readings)
        if price is None:
            write_price_statistics(hass, [when for when, _ in readings])
        freezer.move_to(NOW)
        await async_wait_recording_done(hass)

    return write


async def set_up(hass: HomeAssistant, price: dict[str, Any] | None = None, **data: Any) -> MockConfigEntry:
    values = {"entity": HEATER, "source_kind": "heat_pump", "number_is": "power", "meter": METER, **data}
    pump = await source(hass, "entity", {key: value for key, value in values.items() if value is not None})
    prices = {"price_entity": PRICE, "fees": 0.0, "tax": 0.0} if price is None else price
    entry = system(zone(comfort=20.6, eco=20.6), pump, options={"price": prices})
    await start(hass, entry)
    return entry


async def simulated(hass: HomeAssistant, entry: MockConfigEntry) -> HeatingSystem:
    found = await finished(hass, entry)
    while found.history_replay.is_running:
        await real_pause()
    return found


def shown(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> Any:
    entity_id = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{entry.entry_id}_{key}")
    assert entity_id is not None
    return hass.states.get(entity_id)


@pytest.mark.slow
async def test_saving_of_the_recorded_days_is_shown_on_the_first_evening(
    record: Callable[..., Any], hass: HomeAssistant, hass_storage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    calls: list[Any] = []
    await record()
    entry = await set_up(hass)
    hass.bus.async_listen("call_service", calls.append)
    found = await simulated(hass, entry)
    await hass.async_block_till_done()
    assert found.history_replay.status is ReplayStatus.DONE
    assert found.history_replay.days_read == DAYS
    percent, money = shown(hass, entry, "simulated_savings_percent"), shown(hass, entry, "simulated_savings")
    assert percent.attributes["from_history"] is money.attributes["from_history"] is True
    assert percent.attributes["simulated"] is True
    assert percent.attributes["days"] == DAYS - 1, "whole days only"
    assert 0 < percent.attributes["low"] < float(percent.state) < percent.attributes["high"] < 60
    assert shown(hass, entry, "learning_progress").attributes["simulation"] == "done"
    card = savings(found)
    assert card is not None
    assert (card["simulated"], card["from_history"]) == (True, True)
    assert card["low"] < card["saved"] < card["high"]
    report = report_data(found.engine, found.shadow, 7)
    assert report is not None
    assert (report["from_history"], report["offer"]) == (True, False)
    assert calls == [], "nothing was commanded"
    assert "days of history, control would have saved" in caplog.text
    assert await hass.config_entries.async_reload(entry.entry_id)
    again = await simulated(hass, entry)
    assert again.history_replay.report() == found.history_replay.report(), "stored, not simulated again"
    assert again.history_replay.days_read == 0
    again.shadow.home.days = simulated_days(1)
    await again.coordinator.async_refresh()
    await hass.async_block_till_done()
    percent = shown(hass, entry, "simulated_savings_percent")
    assert (percent.attributes["from_history"], percent.attributes["days"]) == (False, 1), "never mixed"
    key = f"{DOMAIN}.replay.{entry.entry_id}"
    assert key in hass_storage
    await hass.config_entries.async_remove(entry.entry_id)
    assert key not in hass_storage


@pytest.mark.slow
@pytest.mark.parametrize(
    ("price", "status"),
    [
        ({"fees": 0.0, "tax": 0.0}, ReplayStatus.NO_PRICE),
        ({"price_source": "energy_charts", "price_area": "DE-LU", "fees": 0.0}, ReplayStatus.NO_PRICE),
        ({"price_entity": "sensor.never_recorded", "fixed_price": 0.3}, ReplayStatus.TOO_SHORT),
    ],
    ids=["none", "not recorded by anybody", "of a sensor without history"],
)
async def test_without_prices_of_the_past_nothing_is_guessed(
    record: Callable[..., Any], hass: HomeAssistant, price: dict[str, Any], status: ReplayStatus
) -> None:
    await record()
    entry = await set_up(hass, price)
    found = await simulated(hass, entry)
    assert found.history_replay.status is status
    assert found.history_replay.report() is None
    assert savings(found) is None
    assert shown(hass, entry, "learning_progress").attributes["simulation"] == str(status)


@pytest.mark.slow
async def test_home_without_a_meter_is_not_simulated(record: Callable[..., Any], hass: HomeAssistant) -> None:
    await record()
    entry = await set_up(hass, meter=None)
    found = await simulated(hass, entry)
    assert found.history_replay.status is ReplayStatus.NOT_MEASURED


@pytest.mark.slow
async def test_sensor_that_lies_is_left_out(record: Callable[..., Any], hass: HomeAssistant) -> None:
    """A price of 1800 EUR per kWh: cents that are labelled as whole money."""
    await record(lambda when: f"{1e5 * cents(when)}", "EUR/kWh")
    entry = await set_up(hass)
    found = await simulated(hass, entry)
    assert found.history_replay.status is ReplayStatus.TOO_SHORT
    assert found.history_replay.report() is None


@pytest.mark.parametrize(
    ("text", "unit", "selected", "price"),
    [
        ("31.4", "ct/kWh", None, 0.314),
        ("0.314", "EUR/kWh", None, 0.314),
        ("314", "EUR/MWh", None, 0.314),
        ("31,4", "Cent/kWh", None, 0.314),
        ("31.4", None, "cent_kwh", 0.314),
        ("31.4", None, None, None),
        ("31.4", "W", None, None),
        ("unavailable", "EUR/kWh", None, None),
        ("99999", "EUR/kWh", None, None),
    ],
)
def test_prices_are_read_in_the_unit_of_their_time(
    text: str, unit: str | None, selected: str | None, price: float | None
) -> None:
    state: Any = SimpleNamespace(entity_id=PRICE, state=text, attributes={"unit_of_measurement": unit} if unit else {})
    found = _price(state, selected, "EUR")
    assert found == pytest.approx(price) if price is not None else math.isnan(found)


@pytest.mark.parametrize(
    ("unit", "selected", "price"),
    [
        ("ct/kWh", None, 0.18),
        ("W", None, None),
        (None, "cent_kwh", 0.18),
        (None, None, None),
        ("EUR/kWh", None, math.nan),
    ],
)
async def test_statistics_are_prices_in_a_known_unit_only(
    hass: HomeAssistant, unit: str | None, selected: str | None, price: float | None
) -> None:
    begin = NOW - timedelta(hours=5)
    write_price_statistics(hass, [begin + timedelta(minutes=15 * step) for step in range(1, 4)], unit)
    await async_wait_recording_done(hass)
    found = await hass.async_add_executor_job(_hours, hass, PRICE, selected, begin - timedelta(hours=2), NOW)
    assert [at for at, _ in found] == ([] if price is None else [begin.timestamp()])
    assert price is None or found[0][1] == pytest.approx(price, nan_ok=True)


async def test_states_of_schedules_are_read(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    for hour, state in enumerate(("off", "on", "unavailable")):
        freezer.move_to(NOW + timedelta(hours=hour))
        hass.states.async_set("calendar.home", state)
    await async_wait_recording_done(hass)
    found = await async_read_switched(hass, {"calendar.home"}, NOW - timedelta(hours=1), NOW + timedelta(hours=4))
    values = [value for _, value in found["calendar.home"]]
    assert values[:2] == [0.0, 1.0]
    assert math.isnan(values[2])
    assert await async_read_switched(hass, (), NOW, NOW) == {}
