"""Export and import of the configuration: no secrets, and only the changes that the diff lists."""

from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import yaml

from custom_components.proof_of_heat.config_transfer import redact_url
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.diagnostics import async_get_config_entry_diagnostics
from simulators.framework import running
from simulators.viessmann_cloud.cloud import ViessmannCloud

from .flow import accept, begin, device, go_on
from .ha import HEATER, OUTDOOR, ROOM, idle, source, start, system, thermometer, zone

URL = "https://user:hunter2@price.example/v1?days=1&api_key=hunter2"
HEATING = {"entity": HEATER, "source_kind": "direct_electric", "number_is": "power", "nominal_power": 800.0}


@pytest.fixture(autouse=True)
async def ready(hass: HomeAssistant, socket_enabled: None) -> None:
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 3.0)
    hass.states.async_set(HEATER, "off", {"friendly_name": "Heater"})
    assert await async_setup_component(hass, DOMAIN, {})


async def action(hass: HomeAssistant, name: str, entry: MockConfigEntry, **data: Any) -> Any:
    return await hass.services.async_call(
        DOMAIN, name, {"config_entry_id": entry.entry_id, **data}, blocking=True, return_response=True
    )


async def export(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, Any]:
    text = (await action(hass, "export_configuration", entry))["yaml"]
    return {key: value for key, value in yaml.safe_load(text).items() if key != "checksum"}


async def take(hass: HomeAssistant, entry: MockConfigEntry, body: dict[str, Any]) -> list[str]:
    """Import and return the changes; a dry run reports the same changes and applies none."""
    text = yaml.safe_dump(body)
    before = await export(hass, entry)
    dry = await action(hass, "import_configuration", entry, yaml=text)
    assert await export(hass, entry) == before
    done = await action(hass, "import_configuration", entry, yaml=text, dry_run=False)
    assert (dry["applied"], done["applied"]) == (False, bool(done["changes"]))
    assert dry["changes"] == done["changes"]
    await hass.async_block_till_done()
    assert (await action(hass, "import_configuration", entry, yaml=text))["changes"] == []
    return [line for line in done["changes"] if line[0] in "+-" and line[:3] not in ("+++", "---")]


async def test_import_changes_settings_and_a_source_and_keeps_omitted_ones(hass: HomeAssistant) -> None:
    entry = system(zone(), await source(hass, "entity", HEATING))
    await start(hass, entry)
    body = await export(hass, entry)
    (row,) = body["sources"]
    new = {
        "format": 1,
        "domain": DOMAIN,
        "system": {**body["system"], "emitter": "radiator", "name": "Another"},
        "sources": [{**row, "title": "Big heater", "nominal_power": 1200.0}],
    }
    assert await take(hass, entry, new) == [
        "-  nominal_power: 800.0",
        "+  nominal_power: 1200.0",
        "-  title: Heater",
        "+  title: Big heater",
        "-  emitter: underfloor",
        "+  emitter: radiator",
    ]
    running_now = entry.runtime_data
    assert (running_now.config.emitter, running_now.config.max_flow_c) == ("radiator", 60.0)
    (unit,) = running_now.sources.values()
    assert (unit.name, unit.config.nominal_power_w) == ("Big heater", 1200.0)
    assert (entry.title, entry.data["name"]) == ("Home", "Home"), "an entry keeps its name"
    assert len(running_now.config.zones) == 1
    assert entry.options["price"]["fixed_price"] == 0.25


@pytest.mark.parametrize("days", ["Mon-Fri", "Mo\u2013Fr", "ma-pe", "\u043f\u043d-\u043f\u0442"])
async def test_the_week_of_a_zone_is_exported_and_imported(hass: HomeAssistant, days: str) -> None:
    """Day names may be those of the person's language; English ones are stored, as the card writes them."""
    week = [{"day": "Sat,Sun", "slots": ["08:00-23:00"]}]
    entry = system(zone(week=week))
    await start(hass, entry)
    body = await export(hass, entry)
    assert body["zones"][0]["week"] == week
    row = {**body["zones"][0], "week": [{"day": days, "slots": ["6.30-9.30"]}]}
    assert await take(hass, entry, {"format": 1, "domain": DOMAIN, "zones": [row]})
    (stored,) = entry.subentries.values()
    assert stored.data["week"] == [{"day": "Mon-Fri", "slots": ["06:30-09:30"]}]


async def test_advanced_settings_of_system_price_and_presence_are_moved(hass: HomeAssistant) -> None:
    window = {"months": ["jan"], "days": ["mon"], "start": "07:00:00", "end": "22:00:00", "price": 0.06}
    basics = {"override_hours": 6, "frost_room": 10, "fallback_flow": 35}
    options = {
        "price": {"fixed_price": 0.25, "fees": 0.02, "advanced": {"fee_windows": [window]}},
        "presence": {"persons": ["person.anna"], "advanced": {"away_delay": 30}},
    }
    entry = system(zone(), options=options, advanced=basics)
    await start(hass, entry)
    body, before = await export(hass, entry), entry.runtime_data.config
    plain = {key: body[key] for key in ("format", "domain")} | {
        "system": {key: value for key, value in body["system"].items() if key != "advanced"},
        "options": {"price": {"fixed_price": 0.25, "fees": 0.02}, "presence": {"persons": ["person.anna"]}},
    }
    assert await take(hass, entry, plain)
    assert entry.runtime_data.config != before
    assert await take(hass, entry, body)
    assert (entry.data["advanced"], dict(entry.options)) == (basics, options)
    assert entry.runtime_data.config == before


async def test_configuration_is_moved_to_another_home_assistant(hass: HomeAssistant) -> None:
    """Everything comes back; the heat pump asks for its credentials and heats again with them."""
    async with running(ViessmannCloud, ["--port", "0"]) as cloud:
        values = {
            "client_id": "demo-client",
            "username": "demo@example.com",
            "password": "demo",
            "day_limit": 1000,
            "host": f"http://127.0.0.1:{cloud.port}",
        }
        old = system(zone(), await source(hass, "entity", HEATING), await source(hass, "viessmann", values))
        await start(hass, old)
        body = await export(hass, old)
        assert "demo@example.com" not in str(body)
        await idle(old)
        await hass.config_entries.async_remove(old.entry_id)
        new = MockConfigEntry(
            domain=DOMAIN, title="New", data={"name": "New", "weather": "weather.x", "emitter": "radiator"}
        )
        await start(hass, new)
        assert await take(hass, new, body)
        settings = new.runtime_data.config
        assert (settings.name, settings.outdoor, settings.emitter) == ("New", OUTDOOR, "underfloor")
        assert [item.name for item in settings.zones] == ["Living room"]
        assert [unit.name for unit in new.runtime_data.sources.values()] == ["Heater"], (
            "the heat pump waits for its secret"
        )
        (flow,) = hass.config_entries.flow.async_progress()
        assert flow["step_id"] == "reauth_choice"
        await hass.config_entries.flow.async_configure(flow["flow_id"], {"next_step_id": "reauth_confirm"})
        secret = {"username": "demo@example.com", "password": "demo"}
        result = await hass.config_entries.flow.async_configure(flow["flow_id"], secret)
        assert result["reason"] == "reauth_successful"
        await hass.async_block_till_done()
        assert new.state is ConfigEntryState.LOADED
        assert [unit.type_key for unit in new.runtime_data.sources.values()] == ["entity", "viessmann"]
        pump = next(unit for unit in new.runtime_data.sources.values() if unit.type_key == "viessmann")
        assert (await pump.source.refresh()).health == "ok"
        assert pump.budget is not None
        assert pump.budget.state().limit_day == 1000
        await idle(new)
        await hass.config_entries.async_unload(new.entry_id)


@pytest.mark.slow
async def test_meter_and_boiler_are_restored(hass: HomeAssistant, loopback: Any, tmp_path: Path) -> None:
    entry = system()
    await start(hass, entry)
    async with device("modbus", loopback) as (_, values):
        result = await go_on(hass, await begin(hass, entry, "source"), {"next_step_id": "modbus"})
        await accept(hass, await go_on(hass, result, values))
        await hass.async_block_till_done()
        body = await export(hass, entry)
        body["meters"] = [
            {"id": "AABBCCDDEEFF", "title": "Grid", "name": "Grid", "host": "127.0.0.9", "port": 9, "scan_interval": 30}
        ]
        assert "+- host: 127.0.0.9" in await take(hass, entry, body)
        (meter,) = entry.runtime_data.meters
        assert (meter.title, meter.last_update_success) == ("Grid", False)
        body["sources"][0]["template"] = "gone"
        with pytest.raises(Exception, match=r"import_invalid|template"):
            await take(hass, entry, body)
        folder = Path(hass.config.path(DOMAIN, "templates"))
        hass.config.config_dir = str(tmp_path)
        folder = tmp_path / DOMAIN / "templates"
        folder.mkdir(parents=True)
        (folder / "mine.yaml").write_text("format: 2", "utf-8")
        with pytest.raises(Exception, match=r"import_invalid|mine"):
            await take(hass, entry, body)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_key_in_a_url_is_redacted_and_kept(hass: HomeAssistant) -> None:
    options = {"price": {"fixed_price": 0.3, "hashprice_url": URL, "hashprice_factor": 1.0}}
    entry = system(zone(), options=options)
    await start(hass, entry)
    body = await export(hass, entry)
    for output in (body, await async_get_config_entry_diagnostics(hass, entry)):
        assert "hunter2" not in str(output)
        assert "price.example/v1?days=1" in str(output)
    body["options"]["price"]["fixed_price"] = 0.2
    assert await take(hass, entry, body) == ["-    fixed_price: 0.3", "+    fixed_price: 0.2"]
    assert entry.options["price"]["hashprice_url"] == URL


@pytest.mark.parametrize(
    ("address", "redacted"),
    [
        ("https://a.b/c?x=1", "https://a.b/c?x=1"),
        ("http://a.b/c?Token=abc&x=1", "http://a.b/c?Token=***&x=1"),
        ("http://u:p@a.b/", "http://u:***@a.b/"),
        ("http://[", "***"),
    ],
)
def test_redact_url(address: str, redacted: str) -> None:
    assert redact_url(address) == redacted


HEAD = "format: 1\ndomain: proof_of_heat\n"
DEVICE = "id: x, title: X, kind: miner, capabilities: {kind: miner}"
ZONE = "{name: Bath, temperature: sensor.room, comfort: 23, eco: 20, away: 16}"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[", "invalid YAML"),
        ("format: 2", "must be a configuration"),
        ("{format: 1, domain: x}", "must be a configuration"),
        ("[" * 20_000, "nested deeper"),
        (HEAD + "options: " + "{a: " * 500 + "}" * 500, "nested deeper"),
        (HEAD + "\n".join(" " * depth + "a:" for depth in range(500)), "nested deeper"),
        (HEAD + "a: &a [*a]", "contains itself"),
        (HEAD + "checksum: x\n1: x", "put it in quotes"),
        (HEAD + "options: 5", "options: must be a mapping"),
        (HEAD + "options: {wheel: {}}", "options: unknown key wheel"),
        (HEAD + "options: {curve: {slope: steep}}", "options.curve"),
        (HEAD + "options: {price: {tariff_windows: [{start: '22:00:00', end: '06:00:00', price: 0.1}]}}", "base_price"),
        (HEAD + "options: {price: {hashprice_url: 'file:///etc/passwd'}}", "options.price.hashprice_url"),
        (HEAD + "options: {limits: {quiet_from: '22:00:00'}}", "options.limits.quiet_to"),
        (HEAD + "zones: 5", "zones: must be a list"),
        (HEAD + "zones: [5]", "zones: must be a list"),
        (HEAD + "system: {name: Home, emitter: radiator}", "system.outdoor: outdoor_missing"),
        (HEAD + "system: {name: Home, emitter: stove}", "system: "),
        (
            HEAD + "system: {name: Home, weather: weather.x, emitter: radiator, advanced: {frost_room: 30}}",
            "frost_room",
        ),
        (HEAD + "options: {presence: {advanced: {away_delay: long}}}", "away_delay"),
        (HEAD + "options: {price: {advanced: {fee_windows: [{start: 1}]}}}", "fee_windows"),
        (
            HEAD + "options: {price: {advanced: {fee_windows: [{start: '07:00:00', end: '07:00:00', price: 1}]}}}",
            "options.price.base: fee_windows_invalid",
        ),
        (HEAD + "sources: [{title: X}]", "sources[0].id: is required"),
        (HEAD + "sources: [{id: x, title: ' '}]", "sources[0].title: is required"),
        (HEAD + "sources: [{id: x, title: X, token: t}]", "sources[0]: must not contain secrets: token"),
        (HEAD + "sources: [{id: x, title: X}, {id: x, title: Y}]", "sources: duplicate x"),
        (HEAD + "sources: [{id: x, title: X, kind: stove}]", "sources[0].kind"),
        (HEAD + "sources: [{id: x, title: X, kind: hiveos}]", "sources[0].capabilities"),
        (HEAD + f"sources: [{{{DEVICE}, info: 5}}]", "sources[0].info"),
        (HEAD + f"sources: [{{{DEVICE}, address: h, port: many}}]", "sources[0].port"),
        (HEAD + f"sources: [{{{DEVICE}}}]", "sources[0].address: is required"),
        (HEAD + "meters: [{id: x, title: X, name: X, host: h, scan_interval: 1000}]", "meters[0].scan_interval"),
        (HEAD + "meters: [{id: x, title: X, name: X}]", "meters[0].host: is required"),
        (HEAD + "options: {price: {hashprice_url: 'https://a.b/?key=***', hashprice: 5}}", "hashprice_url: its key"),
        (HEAD + "zones: [{name: Bath}]", "zones[0]"),
        (HEAD + f"zones: [{ZONE.replace('20', '25')}]", "zones[0].eco"),
        (HEAD + f"zones: [{ZONE}, {ZONE}]", "zones: duplicate Bath"),
        (HEAD + f"zones: [{ZONE}, {ZONE.replace('Bath', 'BATH')}]", "zones: duplicate BATH, Bath"),
        (HEAD + f"zones: [{ZONE[:-1]}, week: 5}}]", "zones[0].week: "),
        (HEAD + f"zones: [{ZONE[:-1]}, week: [{{day: Mon, slots: ['6-9']}}]}}]", "zones[0].week[0].slots[0]: "),
    ],
)
async def test_rejected_import_names_the_path(hass: HomeAssistant, text: str, place: str) -> None:
    entry = system(zone())
    await start(hass, entry)
    with pytest.raises(ServiceValidationError) as caught:
        await action(hass, "import_configuration", entry, yaml=text, dry_run=False)
    assert caught.value.translation_key == "import_invalid"
    assert place in (caught.value.translation_placeholders or {})["error"]
