"""The flow: system, zones, every kind of source against its simulator, options, reauth, reconfigure."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat.const import DOMAIN
from simulators.bitaxe.miner import Bitaxe
from simulators.framework import running
from simulators.shelly_pro3em.meter import ShellyPro3Em

from .flow import accept, begin, change, device, go_on
from .ha import OUTDOOR, ROOM, idle, source, start, system, thermometer

SYSTEM = {"name": "Home", "outdoor": OUTDOOR, "emitter": "underfloor"}
ZONE = {"name": "Bath", "temperature": ROOM, "comfort": 23.0, "eco": 20.0, "away": 16.0}


@pytest.fixture(autouse=True)
async def ready(hass: HomeAssistant, socket_enabled: None) -> None:
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 3.0)
    assert await async_setup_component(hass, DOMAIN, {})


@pytest.fixture
async def entry(hass: HomeAssistant) -> MockConfigEntry:
    made = system()
    await start(hass, made)
    return made


# --- the system -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({**SYSTEM, "name": " "}, {"name": "name_empty"}),
        ({"name": "Home", "emitter": "radiator"}, {"outdoor": "outdoor_missing"}),
    ],
)
async def test_system_is_made_after_an_error_was_mended(
    hass: HomeAssistant, wrong: dict[str, Any], error: dict[str, str]
) -> None:
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "user")
    result = await hass.config_entries.flow.async_configure(result["flow_id"], wrong)
    assert result["errors"] == error
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {**SYSTEM, "name": " Home "})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert (result["title"], result["data"]) == ("Home", SYSTEM)


async def test_same_name_twice_is_refused(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await hass.config_entries.flow.async_configure(result["flow_id"], SYSTEM)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_system_cannot_take_the_name_of_another(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    MockConfigEntry(domain=DOMAIN, title="Cabin", data={**SYSTEM, "name": "Cabin"}).add_to_hass(hass)
    result = await entry.start_reconfigure_flow(hass)
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {**SYSTEM, "name": "Cabin"})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_system_is_changed(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    result = await entry.start_reconfigure_flow(hass)
    assert result["step_id"] == "reconfigure"
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {**SYSTEM, "name": ""})
    assert result["errors"] == {"name": "name_empty"}
    changed = {**SYSTEM, "name": "Cabin", "emitter": "radiator"}
    result = await hass.config_entries.flow.async_configure(result["flow_id"], changed)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert (entry.title, entry.data) == ("Cabin", changed)
    # The change is in force.
    assert entry.runtime_data.config.emitter == "radiator"


@pytest.mark.parametrize(
    ("subject", "values"),
    [
        ("curve", {"slope": 0.8, "level": 2.0, "max_flow": 45.0}),
        ("price", {"fixed_price": 0.31, "fees": 0.1, "tax": 22.0}),
        ("mining", {"hashprice": 0.05, "hashprice_factor": 1.0, "pool_fee": 1.0}),
        ("presence", {"persons": ["person.me"], "way_zones": ["zone.station"], "away_calendar": "calendar.away"}),
        ("limits", {"site_power": 6000.0, "quiet_from": "22:00:00", "quiet_to": "06:00:00", "quiet_level": 40}),
    ],
)
async def test_options(hass: HomeAssistant, entry: MockConfigEntry, subject: str, values: dict[str, Any]) -> None:
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["type"] is FlowResultType.MENU
    result = await hass.config_entries.options.async_configure(result["flow_id"], {"next_step_id": subject})
    assert result["step_id"] == subject
    result = await hass.config_entries.options.async_configure(result["flow_id"], values)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert values.items() <= entry.options["price" if subject == "mining" else subject].items()
    assert entry.options["price"]["fixed_price"], "what another form holds stays"


def shown(result: Any) -> dict[str, Any]:
    """What a form shows in its fields, outside of the advanced section."""
    keys = [key for key in result["data_schema"].schema if key != "advanced"]
    return {str(key): (key.description or {}).get("suggested_value", key.default) for key in keys}


@pytest.mark.parametrize(("emitter", "limit"), [("underfloor", 40.0), ("radiator", 60.0)])
async def test_curve_form_shows_the_limit_that_counts(hass: HomeAssistant, emitter: str, limit: float) -> None:
    """Who changes the slope alone must not get another limit with it."""
    made = system(emitter=emitter)
    await start(hass, made)
    result = await options(hass, made, "curve")
    assert shown(result) == {"slope": 0.6, "level": 0.0, "max_flow": limit}
    await configure(hass, result, {**shown(result), "slope": 0.9})
    await hass.async_block_till_done()
    settings = made.runtime_data.config
    assert (settings.slope, settings.max_flow_c) == (0.9, limit)


async def test_quiet_hours_are_quiet_without_a_share(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    result = await options(hass, entry, "limits")
    await configure(hass, result, {"quiet_from": "22:00:00", "quiet_to": "06:00:00"})
    await hass.async_block_till_done()
    assert entry.runtime_data.config.quiet_level == 0.5


async def test_pool_fee_reaches_the_engine(hass: HomeAssistant) -> None:
    hass.states.async_set("switch.rig", "off")
    rig = await source(hass, "entity", {"entity": "switch.rig", "source_kind": "miner", "number_is": "power"})
    made = system(rig)
    await start(hass, made)
    (before,) = made.runtime_data.engine.config.sources
    assert before.pool_fee == 0.02
    await configure(hass, await options(hass, made, "mining"), {"hashprice": 50.0, "pool_fee": 1.5})
    await hass.async_block_till_done()
    (after,) = made.runtime_data.engine.config.sources
    assert after.pool_fee == pytest.approx(0.015)


async def options(hass: HomeAssistant, entry: MockConfigEntry, form: str) -> Any:
    result = await hass.config_entries.options.async_init(entry.entry_id)
    return await hass.config_entries.options.async_configure(result["flow_id"], {"next_step_id": form})


async def configure(hass: HomeAssistant, result: Any, values: dict[str, Any]) -> Any:
    return await hass.config_entries.options.async_configure(result["flow_id"], values)


NIGHT = {"days": ["mon", "tue"], "start": "22:00:00", "end": "06:00:00", "price": 0.12}


async def test_tariff_by_the_clock(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    result = await options(hass, entry, "tariff")
    result = await configure(hass, result, {"tariff_windows": [NIGHT]})
    assert result["errors"] == {"base_price": "base_price_missing"}
    wrong = {"base_price": 0.3, "tariff_windows": [{**NIGHT, "end": "22:00:00"}]}
    result = await configure(hass, result, wrong)
    assert result["errors"] == {"tariff_windows": "tariff_invalid"}
    values = {"base_price": 0.3, "tariff_windows": [NIGHT]}
    result = await configure(hass, result, values)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert values.items() <= entry.options["price"].items()
    tariff = entry.runtime_data.config.tariff
    assert tariff is not None
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    assert [tariff.at(monday.replace(hour=hour)) for hour in (12, 23)] == [0.3, 0.12]
    # Taken out again.
    result = await configure(hass, await options(hass, entry, "tariff"), {})
    await hass.async_block_till_done()
    assert "tariff_windows" not in entry.options["price"]
    assert entry.runtime_data.config.tariff is None


async def test_hash_price_from_an_address_is_tried_out(
    hass: HomeAssistant, entry: MockConfigEntry, aiohttp_server: Any
) -> None:
    async def price(_: web.Request) -> web.Response:
        return web.json_response({"data": [{"hashprice": 0.052}]})

    app = web.Application()
    app.router.add_get("/price", price)
    server = await aiohttp_server(app)
    values = {
        "hashprice_url": str(server.make_url("/price")),
        "hashprice_path": "data.0.hashprice",
        "hashprice_factor": 1000,
    }
    result = await options(hass, entry, "mining")
    result = await configure(hass, result, {**values, "hashprice_url": "ftp://example.com/price"})
    assert result["errors"] == {"hashprice_url": "url_invalid"}
    result = await configure(hass, result, {**values, "hashprice_url": "http://127.0.0.1:1/price"})
    assert result["errors"] == {"hashprice_url": "cannot_connect"}
    result = await configure(hass, result, {**values, "hashprice_path": "data.1.hashprice"})
    assert result["errors"] == {"hashprice_path": "path_invalid"}
    result = await configure(hass, result, values)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert values.items() <= entry.options["price"].items()


@pytest.mark.parametrize(("given", "missing"), [("quiet_from", "quiet_to"), ("quiet_to", "quiet_from")])
async def test_quiet_hours_have_two_ends(hass: HomeAssistant, entry: MockConfigEntry, given: str, missing: str) -> None:
    result = await options(hass, entry, "limits")
    result = await configure(hass, result, {given: "22:00:00", "quiet_level": 50})
    assert result["errors"] == {missing: "quiet_incomplete"}


# --- zones ------------------------------------------------------------------------------------------------


async def test_zone_is_made_and_changed(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    result = await begin(hass, entry, "zone")
    assert result["step_id"] == "user"
    result = await go_on(hass, result, {**ZONE, "name": " "})
    assert result["errors"] == {"name": "name_empty"}
    result = await go_on(hass, result, {**ZONE, "eco": 25.0})
    assert result["errors"] == {"eco": "temperatures_disordered"}
    result = await go_on(hass, result, ZONE)
    assert (result["type"], result["title"]) == (FlowResultType.CREATE_ENTRY, "Bath")
    await hass.async_block_till_done()
    assert hass.states.get("climate.bath") is not None
    assert entry.runtime_data.config.zones[0].week is None
    for name in ("Bath", "BATH", " bath ", "\uff22ath"):
        result = await go_on(hass, await begin(hass, entry, "zone"), {**ZONE, "name": name, "temperature": "sensor.b"})
        assert result["errors"] == {"name": "name_used"}, name
    result = await change(hass, entry, "zone")
    assert result["step_id"] == "reconfigure"
    result = await go_on(hass, result, {**ZONE, "away": 24.0})
    assert result["errors"] == {"away": "temperatures_disordered"}
    result = await go_on(hass, result, {**ZONE, "name": "BATH", "comfort": 24.0})
    assert result["reason"] == "reconfigure_successful", "its own name in capitals"
    await hass.async_block_till_done()
    assert entry.runtime_data.config.zones[0].targets.comfort == 24.0


async def test_the_week_is_the_cards_and_survives_the_form(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Also a week that the card saves while the form is open."""
    result = await begin(hass, entry, "zone")
    assert "week" not in result["data_schema"].schema
    await go_on(hass, result, ZONE)
    subentry = next(iter(entry.subentries.values()))
    result = await change(hass, entry, "zone")
    assert "week" not in result["data_schema"].schema
    week = [{"day": "Mon-Fri", "slots": ["06:00-09:00"]}]
    hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, "week": week})
    result = await go_on(hass, result, {**ZONE, "comfort": 24.0})
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    stored = entry.subentries[subentry.subentry_id].data
    assert (stored["week"], stored["comfort"]) == (week, 24.0)
    assert entry.runtime_data.config.zones[0].week is not None


# --- sources ----------------------------------------------------------------------------------------------


ADDRESSED_BY = {
    "miner": "address",
    "viessmann": "client_id",
    "modbus": "address",
    "ebusd": "address",
    "nicehash": "api_key",
    "hiveos": "token",
}
KINDS = ["miner", "viessmann", "modbus", "ebusd", "nicehash", "hiveos"]


@pytest.mark.parametrize("kind", KINDS)
async def test_source_is_tried_out_and_added(
    hass: HomeAssistant, entry: MockConfigEntry, loopback: Callable[[], str], kind: str
) -> None:
    async with device(kind, loopback) as (simulator, values):
        result = await begin(hass, entry, "source")
        assert result["type"] is FlowResultType.MENU
        result = await go_on(hass, result, {"next_step_id": kind})
        assert result["step_id"] == kind
        simulator.faults.set("refused")
        result = await go_on(hass, result, values)
        assert result["errors"] == {ADDRESSED_BY[kind]: "cannot_connect"}
        simulator.faults.clear("refused")
        result = await accept(hass, await go_on(hass, result, values))
        assert result["type"] is FlowResultType.CREATE_ENTRY, result
        await hass.async_block_till_done()
        unit = next(iter(entry.runtime_data.sources.values()))
        assert (await unit.source.refresh()).health == "ok", unit.source.state
        data = entry.subentries[unit.subentry_id].data
        assert data["capabilities"]["controls"]
        if kind == "viessmann":
            assert "password" not in data
            assert "username" not in data
        # The same once more is refused.
        result = await begin(hass, entry, "source")
        result = await go_on(hass, result, {"next_step_id": kind})
        result = await go_on(hass, result, values)
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
        # Changed: tried out again.
        result = await change(hass, entry, "source")
        assert result["step_id"] == "reconfigure"
        result = await go_on(hass, result, values)
        assert result["reason"] == "reconfigure_successful"
        await hass.async_block_till_done()
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("viessmann", {"password": "no"}),
        ("nicehash", {"api_secret": "no"}),
        ("hiveos", {"token": "no"}),
    ],
)
async def test_wrong_secret_is_named(
    hass: HomeAssistant, entry: MockConfigEntry, loopback: Callable[[], str], kind: str, wrong: dict[str, str]
) -> None:
    async with device(kind, loopback) as (_, values):
        result = await begin(hass, entry, "source")
        result = await go_on(hass, result, {"next_step_id": kind})
        result = await go_on(hass, result, {**values, **wrong})
        assert result["errors"] == {next(iter(wrong)): "invalid_auth"}


async def test_account_without_a_rig_that_can_be_commanded(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with device("nicehash", lambda: "") as (_, values):
        monkeypatch.setattr("custom_components.proof_of_heat.drivers.cloud.nicehash.decode_rig", lambda row: None)
        result = await begin(hass, entry, "source")
        result = await go_on(hass, result, {"next_step_id": "nicehash"})
        result = await go_on(hass, result, values)
        assert result["reason"] == "nothing_found"


async def test_account_with_several_rigs_asks_which(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    from custom_components.proof_of_heat.drivers.cloud import hiveos

    decode = hiveos.decode_worker

    def two(farm_id: int, row: dict[str, Any], profiles: dict[str, int]) -> Any:
        rig = decode(farm_id, row, profiles)
        two_rows.append(rig)
        return rig

    two_rows: list[Any] = []
    async with device("hiveos", lambda: "") as (cloud, values):
        workers = cloud._workers

        async def doubled(request: Any) -> Any:
            import json

            from aiohttp import web

            reply = json.loads((await workers(request)).body)
            reply["data"].append({**reply["data"][0], "id": 4712, "name": "rig2"})
            return web.json_response(reply)

        cloud._runner.app.router._resources[2]._routes["GET"]._handler = doubled
        result = await begin(hass, entry, "source")
        result = await go_on(hass, result, {"next_step_id": "hiveos"})
        result = await go_on(hass, result, values)
        assert result["step_id"] == "choose"
        result = await go_on(hass, result, {"choice": "hiveos_7/4712"})
        assert (result["type"], result["title"]) == (FlowResultType.CREATE_ENTRY, "rig2")
        await hass.async_block_till_done()
        await hass.config_entries.async_unload(entry.entry_id)


async def test_entity_source(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    values = {"entity": "input_boolean.heater", "source_kind": "direct_electric", "number_is": "power"}
    result = await begin(hass, entry, "source")
    result = await go_on(hass, result, {"next_step_id": "entity"})
    result = await go_on(hass, result, values)
    assert result["errors"] == {"entity": "entity_gone"}
    hass.states.async_set("input_boolean.heater", "off", {"friendly_name": "Heater"})
    result = await go_on(hass, result, values)
    assert (result["type"], result["title"]) == (FlowResultType.CREATE_ENTRY, "Heater")
    await hass.async_block_till_done()


async def test_another_device_at_the_address_is_not_taken_for_the_first(
    hass: HomeAssistant, entry: MockConfigEntry, loopback: Callable[[], str], port_80: None
) -> None:
    async with device("miner", loopback) as (_, values):
        result = await begin(hass, entry, "source")
        result = await go_on(hass, result, {"next_step_id": "miner"})
        result = await go_on(hass, result, values)
        await hass.async_block_till_done()
        await hass.config_entries.async_unload(entry.entry_id)
    other = loopback()
    async with running(Bitaxe, ["--host", other]):
        result = await change(hass, entry, "source")
        result = await go_on(hass, result, {**values, "address": other})
        assert result["reason"] == "wrong_device"


# --- credentials that are refused ------------------------------------------------------------------------


async def test_reauth_asks_for_the_secret_only_and_takes_it(
    hass: HomeAssistant, entry: MockConfigEntry, loopback: Callable[[], str]
) -> None:
    async with device("viessmann", loopback) as (cloud, values):
        result = await begin(hass, entry, "source")
        result = await go_on(hass, result, {"next_step_id": "viessmann"})
        await go_on(hass, result, values)
        await hass.async_block_till_done()
        unit = next(iter(entry.runtime_data.sources.values()))
        cloud.faults.set("expired")
        cloud.faults.set("revoked")
        unit.source._asked_at = -1e12
        await unit.source.refresh()
        await hass.async_block_till_done()
        flows = hass.config_entries.flow.async_progress()
        assert [flow["step_id"] for flow in flows] == ["reauth_choice"]
        cloud.faults.clear("expired")
        cloud.faults.clear("revoked")
        flow_id = flows[0]["flow_id"]
        await hass.config_entries.flow.async_configure(flow_id, {"next_step_id": "reauth_confirm"})
        before = entry.subentries[unit.subentry_id].data["refresh_token"]
        result = await hass.config_entries.flow.async_configure(
            flow_id, {"username": "demo@example.com", "password": "no"}
        )
        assert result["errors"] == {"password": "invalid_auth"}
        result = await hass.config_entries.flow.async_configure(
            flow_id, {"username": "demo@example.com", "password": "demo"}
        )
        assert result["reason"] == "reauth_successful"
        await hass.async_block_till_done()
        assert entry.subentries[unit.subentry_id].data["refresh_token"] != before
        assert "password" not in entry.subentries[unit.subentry_id].data
        after = next(iter(entry.runtime_data.sources.values()))
        assert after is not unit, "what runs takes the new token"
        assert (await after.source.refresh()).health == "ok"
        await idle(entry)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_reauth_of_a_source_that_was_removed(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    entry.async_start_reauth(hass, data={"subentry_id": "gone"})
    await hass.async_block_till_done()
    assert not hass.config_entries.flow.async_progress()


async def test_reauth_with_another_account(
    hass: HomeAssistant, entry: MockConfigEntry, loopback: Callable[[], str]
) -> None:
    async with device("hiveos", loopback) as (_, values):
        result = await begin(hass, entry, "source")
        result = await go_on(hass, result, {"next_step_id": "hiveos"})
        await go_on(hass, result, values)
        await hass.async_block_till_done()
        subentry = next(iter(entry.subentries.values()))
        hass.config_entries.async_update_subentry(entry, subentry, unique_id="hiveos_1/1")
        await hass.async_block_till_done()
        entry.async_start_reauth(hass, data={"subentry_id": subentry.subentry_id})
        await hass.async_block_till_done()
        flow_id = hass.config_entries.flow.async_progress()[0]["flow_id"]
        result = await hass.config_entries.flow.async_configure(flow_id, {"token": "demo-token"})
        assert result["reason"] == "wrong_device"
        await hass.config_entries.async_unload(entry.entry_id)


# --- meters -----------------------------------------------------------------------------------------------


async def test_meter_is_tried_out_added_changed_and_shown(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    async with running(ShellyPro3Em, ["--port", "0", "--load", "2000", "--password", "s3"]) as shelly:
        values = {
            "name": "Grid",
            "host": "127.0.0.1",
            "port": shelly.port,
            "password": "no",
            "scan_interval": 2,
            "inverted": False,
        }
        result = await begin(hass, entry, "meter")
        result = await go_on(hass, result, {**values, "name": " "})
        assert result["errors"] == {"name": "name_empty"}
        result = await go_on(hass, result, values)
        assert result["errors"] == {"password": "invalid_auth"}
        result = await go_on(hass, result, {**values, "password": "s3"})
        assert (result["type"], result["title"]) == (FlowResultType.CREATE_ENTRY, "Grid")
        await hass.async_block_till_done()
        shown = hass.states.get("sensor.grid_power")
        assert shown is not None
        assert float(shown.state) == pytest.approx(shelly.state()["total_w"], abs=5)
        again = await begin(hass, entry, "meter")
        again = await go_on(hass, again, {**values, "password": "s3"})
        assert again["reason"] == "already_configured"
        result = await change(hass, entry, "meter")
        assert result["step_id"] == "reconfigure"
        result = await go_on(hass, result, {**values, "password": "s3", "inverted": True})
        assert result["reason"] == "reconfigure_successful"
        await hass.async_block_till_done()
        assert float(hass.states.get("sensor.grid_power").state) < -2000
        meter = entry.runtime_data.meters[0]
        shelly.faults.set("refused")
        await meter.async_refresh()
        assert not meter.last_update_success
    async with running(ShellyPro3Em, ["--port", "0", "--mac", "0200000000FF"]) as other:
        result = await change(hass, entry, "meter")
        result = await go_on(hass, result, {**values, "port": other.port})
        assert result["reason"] == "wrong_device"
