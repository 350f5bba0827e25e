"""The energy flow and the house report over the WebSocket API, from the statistics of a real recorder."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.db_schema import Statistics, StatisticsShortTerm
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.proof_of_heat.cards.energy_flow import Period, bounds, site_energy
from custom_components.proof_of_heat.cards.house import drift
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.engine.learning import learn
from custom_components.proof_of_heat.engine.model.history import History

from .engine.homes import lived_history
from .ha import HEATER, OUTDOOR, ROOM, idle, source, start, system, thermometer, zone

NOW = datetime(2026, 1, 15, 10, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)

type Ask = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: Recorder, enable_custom_integrations: None) -> None:
    """The recorder has to be there before Home Assistant."""


@pytest.fixture
async def entry(hass: HomeAssistant, freezer: FrozenDateTimeFactory, socket_enabled: None) -> Any:
    """A home with an electric heater on a switch."""
    freezer.move_to(NOW)
    await hass.config.async_set_time_zone("UTC")
    assert await async_setup_component(hass, DOMAIN, {})
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"heater": {}}})
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 0.0)
    data = {"entity": HEATER, "source_kind": "direct_electric", "number_is": "power", "nominal_power": 2000}
    made = system(zone(), await source(hass, "entity", data))
    await start(hass, made)
    yield made
    if hasattr(made, "runtime_data"):
        await idle(made)


@pytest.fixture
def ask(hass: HomeAssistant, hass_ws_client: WebSocketGenerator) -> Ask:
    async def send(command: str, **message: Any) -> dict[str, Any]:
        client = await hass_ws_client(hass)
        await client.send_json_auto_id({"type": f"proof_of_heat/{command}/get", **message})
        answer: dict[str, Any] = await client.receive_json()
        return answer

    return send


async def record(
    hass: HomeAssistant,
    statistic_id: str,
    begin: datetime,
    values: list[float],
    *,
    unit: str = "kWh",
    step: timedelta = HOUR,
) -> None:
    """Write a counter's growth, or means, into the statistics."""
    is_energy = unit == "kWh"
    meta: Any = {
        "statistic_id": statistic_id,
        "source": "recorder",
        "name": None,
        "unit_of_measurement": unit,
        "unit_class": "energy" if is_energy else None,
        "has_sum": is_energy,
        "mean_type": StatisticMeanType.NONE if is_energy else StatisticMeanType.ARITHMETIC,
    }
    rows: Any = []
    total = 0.0
    for index, value in enumerate(values):
        total += value
        shown = {"state": total, "sum": total} if is_energy else {"mean": value, "min": value, "max": value}
        rows.append({"start": begin + index * step, **shown})
    get_instance(hass).async_import_statistics(meta, rows, Statistics if step == HOUR else StatisticsShortTerm)
    await async_wait_recording_done(hass)


async def heater_entity(hass: HomeAssistant, key: str, owner: str) -> str:
    """Register a sensor as the integration would: its statistics are found by the unique id."""
    from homeassistant.helpers import entity_registry as er

    registry = er.async_get(hass)
    if found := registry.async_get_entity_id("sensor", DOMAIN, f"{owner}_{key}"):
        return found
    return registry.async_get_or_create(
        "sensor", DOMAIN, f"{owner}_{key}", suggested_object_id=f"heater_{key}"
    ).entity_id


async def test_a_day_of_a_heater(hass: HomeAssistant, entry: MockConfigEntry, ask: Ask) -> None:
    [managed] = entry.runtime_data.sources.values()
    entity_id = await heater_entity(hass, "electricity", managed.subentry_id)
    midnight = NOW.replace(hour=0, minute=0)
    # The first row is before the day: a change needs one.
    await record(hass, entity_id, midnight - HOUR, [5.0, *[0.5] * 10])
    await record(
        hass, entity_id, NOW.replace(minute=0) - timedelta(minutes=5), [10.0, 0.1, 0.2], step=timedelta(minutes=5)
    )
    shown = (await ask("energy_flow"))["result"]
    assert (shown["available"], shown["period"], shown["recorded"]) == (True, "day", True)
    assert (shown["begin"], shown["end"]) == ("2026-01-15T00:00:00+00:00", "2026-01-16T00:00:00+00:00")
    assert shown["recorded_from"] == "2026-01-15T00:00:00+00:00"
    source_id = managed.source.source_id
    flows = {(each["from"], each["to"]): each["kwh"] for each in shown["flows"]}
    assert flows == {("electricity", source_id): pytest.approx(5.3), (source_id, "rooms"): pytest.approx(5.3)}
    assert [(node["id"], node["column"]) for node in shown["nodes"]] == [
        ("electricity", 0),
        (source_id, 1),
        ("rooms", 2),
    ]
    assert shown["nodes"][1]["name"] == managed.name
    assert (shown["unknown"], shown["revenue"]) == ([], [])
    hour = (await ask("energy_flow", period="hour"))["result"]
    assert sum(each["kwh"] for each in hour["flows"] if each["to"] == "rooms") == pytest.approx(0.3)
    before = (await ask("energy_flow", period="hour", offset=1))["result"]
    assert sum(each["kwh"] for each in before["flows"] if each["to"] == "rooms") == pytest.approx(0.5)
    assert (await ask("energy_flow", offset=3))["result"]["flows"] == []


async def test_a_source_without_statistics_is_unknown(entry: MockConfigEntry, ask: Ask) -> None:
    [managed] = entry.runtime_data.sources.values()
    shown = (await ask("energy_flow", period="month"))["result"]
    assert (shown["flows"], shown["nodes"], shown["unknown"]) == ([], [], [managed.name])
    assert (shown["cost"], shown["recorded_from"]) == (None, None)


async def test_the_origin_by_the_energy_dashboard(hass: HomeAssistant, entry: MockConfigEntry, ask: Ask) -> None:
    from homeassistant.components.energy.data import async_get_manager

    hass.config.components.add("energy")
    manager = await async_get_manager(hass)
    grid = {"type": "grid", "stat_energy_from": "sensor.grid", "stat_energy_to": None, "cost_adjustment_day": 0}
    solar = {"type": "solar", "stat_energy_from": "sensor.sun", "config_entry_solar_forecast": None}
    await manager.async_update({"energy_sources": [grid, solar]})  # type: ignore[typeddict-item]
    [managed] = entry.runtime_data.sources.values()
    entity_id = await heater_entity(hass, "electricity", managed.subentry_id)
    midnight = NOW.replace(hour=0, minute=0)
    await record(hass, entity_id, midnight - HOUR, [0.0, *[1.0] * 10])
    await record(hass, "sensor.grid", midnight - HOUR, [0.0, *[3.0] * 10])
    unknown = (await ask("energy_flow"))["result"]
    assert {each["from"] for each in unknown["flows"]} == {"electricity", managed.source.source_id}, (
        "the sun has no row"
    )
    await record(hass, "sensor.sun", midnight - HOUR, [0.0, *[1.0] * 10])
    shown = (await ask("energy_flow"))["result"]
    flows = {each["from"]: each for each in shown["flows"]}
    assert (flows["grid"]["kwh"], flows["grid"]["estimated"]) == (pytest.approx(7.5), True)
    assert (flows["solar"]["kwh"], flows["solar"]["estimated"]) == (pytest.approx(2.5), True)


async def test_invalid_requests_are_refused(hass: HomeAssistant, entry: MockConfigEntry, ask: Ask) -> None:
    wrong = [{"period": "year"}, {"offset": -1}, {"offset": 401}, {"offset": 1.5}, {"period": "day", "extra": 1}]
    for message in wrong:
        answer = await ask("energy_flow", **message)
        assert (answer["success"], answer["error"]["code"]) == (False, "invalid_format"), message
    for command in ("energy_flow", "house"):
        assert (await ask(command, entry_id="other"))["error"]["code"] == "not_found"
    await idle(entry)
    await hass.config_entries.async_unload(entry.entry_id)
    for command in ("energy_flow", "house"):
        assert (await ask(command))["result"] == {"entry_id": entry.entry_id, "available": False}


@pytest.mark.parametrize(
    ("period", "offset", "zone_name", "begin", "end"),
    [
        (Period.HOUR, 0, "UTC", "2026-01-15T10:00", "2026-01-15T11:00"),
        (Period.HOUR, 11, "UTC", "2026-01-14T23:00", "2026-01-15T00:00"),
        (Period.DAY, 0, "Europe/Berlin", "2026-01-14T23:00", "2026-01-15T23:00"),
        (Period.DAY, 0, "America/New_York", "2026-01-15T05:00", "2026-01-16T05:00"),
        (Period.MONTH, 0, "UTC", "2026-01-01T00:00", "2026-02-01T00:00"),
        (Period.MONTH, 1, "UTC", "2025-12-01T00:00", "2026-01-01T00:00"),
        (Period.MONTH, 10, "Europe/Berlin", "2025-02-28T23:00", "2025-03-31T22:00"),
        (Period.MONTH, 25, "UTC", "2023-12-01T00:00", "2024-01-01T00:00"),
    ],
)
async def test_periods_are_local(
    hass: HomeAssistant, period: Period, offset: int, zone_name: str, begin: str, end: str
) -> None:
    await hass.config.async_set_time_zone(zone_name)
    found = [each.isoformat()[:16] for each in bounds(period, offset, NOW)]
    assert found == [begin, end]


def test_meters_of_a_role_are_added() -> None:
    site = site_energy({"grid": ["a", "b"], "export": ["c"]}, {"a": {0: 1.0}, "b": {0: 2.0, 1: 1.0}, "c": {}})
    assert (site.grid, site.export, site.solar) == ({0: 3.0, 1: 1.0}, {}, None)
    assert site_energy({"grid": ["a"], "solar": ["gone"]}, {"a": {0: 1.0}}).grid is None


@pytest.mark.slow
async def test_the_report_before_and_after_learning(hass: HomeAssistant, entry: MockConfigEntry, ask: Ask) -> None:
    shown = (await ask("house"))["result"]
    assert shown["values"] == {"loss_w_k": None, "time_constant_h": None, "solar_gain_m2": None}
    assert (shown["drift"], shown["backtest"], shown["learning"]["learned"]) == (None, [], False)
    history = History()
    for row in lived_history(10):
        history.add(row)
    learned = learn(history.series(), None, 0.8)
    entry.runtime_data.engine.learned = replace(learned, trusted=True)
    entity_id = await heater_entity(hass, "heat_loss", entry.entry_id)
    begin = NOW.replace(hour=0, minute=0) - timedelta(days=30)
    for week, loss in enumerate((200.0, 202.0, 204.0, 240.0)):
        await record(hass, entity_id, begin + timedelta(days=8 * week), [loss] * 48, unit="W/K")
    shown = (await ask("house"))["result"]
    loss = shown["values"]["loss_w_k"]
    assert loss["value"] > 0
    assert loss["sd"] > 0
    assert [each["hours"] for each in shown["backtest"]] == [3, 6, 12]
    assert all(each["unchanged_k"] > 0 for each in shown["backtest"])
    assert [round(value) for _, value in shown["loss_history"]] == [200, 200, 202, 202, 204, 204, 240, 240]
    assert (shown["drift"]["days"], shown["drift"]["change_w_k"]) == (25, 40.0)
    importer = entry.runtime_data.history_import
    importer._state = replace(importer._state, since=begin + timedelta(days=20))
    shown = (await ask("house"))["result"]
    assert [round(value) for _, value in shown["loss_history"]] == [240, 240], "since another meter was linked"
    assert shown["drift"] is None


def test_a_drift_is_significant_beyond_its_uncertainty() -> None:
    days = [(day * 86400.0, 200.0 if day < 15 else 230.0) for day in range(30)]
    found = drift(days, 5.0)
    assert found == {"days": 29, "change_w_k": 30.0, "percent": 15.0, "significant": True}
    for sd in (15.0, None):
        assert (drift(days, sd) or {})["significant"] is False
    assert drift(days[:20], 5.0) is None
    assert drift([], 5.0) is None
    assert drift([(at, 0.0) for at, _ in days], 5.0) is None
