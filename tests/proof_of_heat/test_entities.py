"""Entities, actions, triggers and diagnostics of a system with a miner and a heat pump on their real wires."""

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
import json
from types import SimpleNamespace
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.diagnostics import REDACTED
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import probatio as vol
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser, async_capture_events

from custom_components.proof_of_heat.comfort.profiles import Override, Profile
from custom_components.proof_of_heat.config_transfer import checksum, export, parse
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.diagnostics import async_get_config_entry_diagnostics
from custom_components.proof_of_heat.engine.messages import MessageCode, message
from custom_components.proof_of_heat.support import bundle
from scripts.tooling import decode
from simulators.framework import running
from simulators.viessmann_cloud.cloud import ViessmannCloud
from simulators.whatsminer.miner import Whatsminer

from .ha import OUTDOOR, ROOM, idle, source, start, system, thermometer, zone

BATH = """
format: 1
domain: proof_of_heat
zones: [{name: Bath, temperature: sensor.room, comfort: 23, eco: 20, away: 16}]
"""
Heated = tuple[MockConfigEntry, Whatsminer, ViessmannCloud]


@pytest.fixture
async def heated(hass: HomeAssistant, loopback: Callable[[], str]) -> AsyncGenerator[Heated]:
    """A home with a miner and a heat pump."""
    thermometer(hass, ROOM, 19.0)
    thermometer(hass, OUTDOOR, -2.0)
    assert await async_setup_component(hass, DOMAIN, {})
    host = loopback()
    async with (
        running(Whatsminer, ["--host", host, "--boot-s", "0"]) as miner,
        running(ViessmannCloud, ["--port", "0"]) as cloud,
    ):
        sources = [
            await source(hass, "miner", {"address": host, "password": "admin", "port": 80, "efficiency_j_th": 26.0}),
            await source(
                hass,
                "viessmann",
                {
                    "client_id": "demo-client",
                    "username": "demo@example.com",
                    "password": "demo",
                    "day_limit": 1450,
                    "nominal_heat": 8000.0,
                    "nominal_power": 2500.0,
                    "host": f"http://127.0.0.1:{cloud.port}",
                },
            ),
        ]
        entry = system(zone(), *sources)
        await start(hass, entry)
        for unit in entry.runtime_data.sources.values():
            await unit.source.refresh()
        await entry.runtime_data.coordinator.async_refresh()
        await hass.async_block_till_done()
        yield entry, miner, cloud
        await idle(entry)
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


def state(hass: HomeAssistant, domain: str, owner: str, key: str) -> Any:
    entity_id = er.async_get(hass).async_get_entity_id(domain, DOMAIN, f"{owner}_{key}")
    assert entity_id is not None, key
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found


def owner(entry: MockConfigEntry, kind: str) -> str:
    return next(unit.subentry_id for unit in entry.runtime_data.sources.values() if unit.type_key == kind)


async def test_readings_of_both_sources_are_entities(hass: HomeAssistant, heated: Heated) -> None:
    entry, miner, cloud = heated
    own = owner(entry, "miner")
    assert float(state(hass, "sensor", own, "power").state) == pytest.approx(miner.machine.power_w, abs=5)
    assert float(state(hass, "sensor", own, "hashrate").state) == pytest.approx(miner.machine.hash_ths, abs=1)
    assert state(hass, "sensor", own, "health").state == "ok"
    assert state(hass, "binary_sensor", own, "running").state == "on"
    pump = owner(entry, "viessmann")
    assert float(state(hass, "sensor", pump, "flow_temperature").state) == pytest.approx(
        cloud.pump.flow_c + 0.2, abs=0.2
    )
    assert float(state(hass, "sensor", pump, "api_calls_used").state) >= 1
    assert float(state(hass, "sensor", pump, "electricity").state) > 1500
    assert float(state(hass, "sensor", pump, "dhw_temperature").state) == pytest.approx(cloud.pump.dhw_c, abs=0.5)
    total = float(state(hass, "sensor", entry.entry_id, "power").state)
    assert total >= miner.machine.power_w - 5


async def test_units_and_money(hass: HomeAssistant, heated: Heated) -> None:
    entry, _, _ = heated
    assert state(hass, "sensor", entry.entry_id, "electricity_price").attributes["unit_of_measurement"] == "EUR/kWh"
    assert float(state(hass, "sensor", entry.entry_id, "electricity_price").state) == 0.25
    assert state(hass, "sensor", entry.entry_id, "way").state == "starting"


async def test_devices_hang_below_the_system(hass: HomeAssistant, heated: Heated) -> None:
    entry, _, _ = heated
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    top = next(device for device in devices if (DOMAIN, entry.entry_id) in device.identifiers)
    assert len(devices) == 4
    assert all(device.via_device_id == top.id for device in devices if device is not top)
    assert {device.manufacturer for device in devices} >= {"MicroBT", "Viessmann"}


async def test_every_entity_has_a_name_of_its_own(hass: HomeAssistant, heated: Heated) -> None:
    entry, _, _ = heated
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert len(entities) > 50
    for entity in entities:
        assert entity.translation_key
        assert entity.unique_id.endswith(f"_{entity.translation_key}")


async def test_miner_that_dies_leaves_the_other_alone(hass: HomeAssistant, heated: Heated) -> None:
    entry, miner, _ = heated
    miner.faults.set("refused")
    unit = next(unit for unit in entry.runtime_data.sources.values() if unit.type_key == "miner")
    await unit.source.refresh()
    await hass.async_block_till_done()
    assert state(hass, "sensor", unit.subentry_id, "power").state == "unavailable"
    assert state(hass, "sensor", unit.subentry_id, "health").state == "failing"
    assert state(hass, "sensor", owner(entry, "viessmann"), "health").state == "ok"


async def test_climate_sets_and_clears_an_override(hass: HomeAssistant, heated: Heated) -> None:
    entry, _, _ = heated
    climate = hass.states.async_all("climate")[0].entity_id

    async def call(service: str, **data: Any) -> Any:
        await hass.services.async_call("climate", service, {"entity_id": climate, **data}, blocking=True)
        await hass.async_block_till_done()
        return hass.states.get(climate)

    assert (await call("set_temperature", temperature=23.5)).attributes["temperature"] == 23.5
    assert state(hass, "binary_sensor", entry.entry_id, "override_active").state == "on"
    assert (await call("set_preset_mode", preset_mode="away")).attributes["temperature"] == 16.0
    assert (await call("set_preset_mode", preset_mode="auto")).attributes["temperature"] == 21.0
    await entry.runtime_data.user.async_override(
        Override(until=dt_util.utcnow() + timedelta(hours=1), profile=Profile.COMFORT)
    )
    await entry.runtime_data.user.async_set_profile(Profile.ECO)
    assert hass.states.get(climate).attributes["temperature"] == 21.0
    taken_back = await call("set_preset_mode", preset_mode="auto")
    assert (taken_back.attributes["temperature"], taken_back.attributes["preset_mode"]) == (18.5, "eco"), (
        "the home's boost continues without this zone"
    )
    assert (await call("turn_on")).state == "heat"
    both = await call("set_temperature", temperature=19.5, hvac_mode="off")
    assert (both.state, both.attributes["preset_mode"]) == ("off", "antifreeze"), "a temperature would heat"
    warm = await call("set_temperature", temperature=19.0, hvac_mode="heat")
    assert (warm.state, warm.attributes["temperature"]) == ("heat", 19.0)
    with pytest.raises(ServiceValidationError, match="nan is not valid"):
        await call("set_temperature", temperature="nan")
    assert hass.states.get(climate).attributes["temperature"] == 19.0


async def test_turning_a_zone_off_keeps_the_system_active(hass: HomeAssistant, heated: Heated) -> None:
    entry, _, _ = heated
    climate = hass.states.async_all("climate")[0].entity_id

    async def call(service: str, **data: Any) -> Any:
        await hass.services.async_call("climate", service, {"entity_id": climate, **data}, blocking=True)
        await hass.async_block_till_done()
        return hass.states.get(climate)

    await entry.runtime_data.user.async_set_active(True)
    off = await call("turn_off")
    assert (off.state, off.attributes["hvac_action"]) == ("off", "off")
    assert off.attributes["temperature"] == 7.0, "frost protection stays"
    assert entry.runtime_data.user.active, "the house is more than this room"
    on = await call("turn_on")
    assert (on.state, on.attributes["temperature"], on.attributes["preset_mode"]) == ("heat", 21.0, "auto")
    assert (await call("set_preset_mode", preset_mode="antifreeze")).state == "off"
    assert (await call("set_hvac_mode", hvac_mode="heat")).state == "heat"
    await entry.runtime_data.user.async_set_active(False)
    await hass.async_block_till_done()
    assert hass.states.get(climate).state == "off"
    assert (await call("turn_on")).state == "heat"
    assert entry.runtime_data.user.active


async def test_profile_select_numbers_and_buttons(hass: HomeAssistant, heated: Heated) -> None:
    entry, _, _ = heated
    select = state(hass, "select", entry.entry_id, "profile").entity_id
    await hass.services.async_call("select", "select_option", {"entity_id": select, "option": "eco"}, blocking=True)
    await hass.async_block_till_done()
    assert hass.states.get(select).state == "eco"
    assert hass.states.async_all("climate")[0].attributes["temperature"] == 18.5
    for key, count in (("boost", 1), ("clear_override", 0)):
        button = state(hass, "button", entry.entry_id, key).entity_id
        await hass.services.async_call("button", "press", {"entity_id": button}, blocking=True)
        assert len(entry.runtime_data.user.comfort.overrides) == count
    number = state(hass, "number", entry.entry_id, "slope").entity_id
    await hass.services.async_call("number", "set_value", {"entity_id": number, "value": 0.9}, blocking=True)
    await hass.async_block_till_done()
    assert entry.runtime_data.config.slope == 0.9
    assert hass.states.get(number).state == "0.9"
    stored = entry.options
    for key in ("slope", "level", "max_flow", "power_limit"):
        number = state(hass, "number", entry.entry_id, key).entity_id
        with pytest.raises(ServiceValidationError, match=f"nan for {number} is outside"):
            await hass.services.async_call("number", "set_value", {"entity_id": number, "value": "nan"}, blocking=True)
    assert entry.options == stored


# --- actions ----------------------------------------------------------------------------------------------


@contextmanager
def refused(key: str) -> Generator[None]:
    """The action is refused with this text, whether or not its translation is loaded."""
    with pytest.raises(ServiceValidationError) as caught:
        yield
    assert caught.value.translation_key == key


async def action(hass: HomeAssistant, name: str, data: dict[str, Any] | None = None, **options: Any) -> Any:
    return await hass.services.async_call(DOMAIN, name, data or {}, blocking=True, return_response=True, **options)


async def test_actions_return_a_response(hass: HomeAssistant, heated: Heated) -> None:
    entry, _, _ = heated
    climate = hass.states.async_all("climate")[0].entity_id
    assert await action(hass, "set_profile", {"profile": "away"}) == {"profile": "away", "before": "auto"}
    answer = await action(hass, "override", {"entity_id": climate, "temperature": 22, "duration": {"hours": 1}})
    assert answer["until"]
    await hass.async_block_till_done()
    assert hass.states.async_all("climate")[0].attributes["temperature"] == 22.0
    assert await action(hass, "clear_override", {"entity_id": climate}) == {"cleared": 1}
    decisions = (await action(hass, "get_decisions", {"count": 5}))["decisions"]
    assert decisions
    assert {"words", "mix", "id"} <= set(decisions[-1])
    plan = await action(hass, "get_plan")
    assert [source["reason"] for source in plan.pop("heat_prices")] == ["control_off", "control_off"]
    assert plan == {
        "control_mode": "starting",
        "followed": False,
        "plan": None,
        "reason": "Simulation only, nothing is controlled: the thermal model is not accurate enough yet, "
        "the heating curve is used",
        "active": False,
        "simulated": True,
        "savings": None,
    }
    assert entry.runtime_data.user.comfort.profile == "away"


async def test_plan_contains_its_times(hass: HomeAssistant, heated: Heated, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    from custom_components.proof_of_heat.engine.planning.time_grid import time_grid

    entry, _, _ = heated
    cells = time_grid(192)
    series = np.linspace(0.0, 4000.0, len(cells))
    plan = SimpleNamespace(
        grid=cells, heat_w=series, power_w=series / 4, room_c=20.0 + series / 4000, heat_value_kwh=np.float64(0.081234)
    )
    made = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
    said = (message(MessageCode.PLAN, hours=48.0, heat_kwh=31.4), message(MessageCode.PLAN_BEGINS, begin_h=2.0))
    monkeypatch.setattr(
        entry.runtime_data.engine, "plan", SimpleNamespace(made_s=made.timestamp(), messages=said, plan=plan)
    )
    answer = await action(hass, "get_plan")
    assert (answer["made"], answer["worth_kwh"]) == (made.isoformat(), 0.0812)
    assert (
        answer["words"]
        == "Simulation only, nothing is controlled: cheapest plan for 48 h with 31 kWh of heat, heating starts in 2 h"
    )
    starts = [datetime.fromisoformat(text) for text in answer["start"]]
    assert starts[0] == made
    assert starts[1] - made == timedelta(minutes=15 * int(cells.begin[1]))
    assert len({len(answer[key]) for key in ("start", "heat_w", "power_w", "room_c")}) == 1
    assert (answer["heat_w"][-1], answer["power_w"][-1], answer["room_c"][-1]) == (4000, 1000, 21.0)


async def test_actions_reject_invalid_values(hass: HomeAssistant, heated: Heated) -> None:
    with refused("override_empty"):
        await action(hass, "override", {"duration": {"hours": 1}})
    for duration in ({"seconds": 0}, {"days": 5000}):
        with pytest.raises(vol.Invalid):
            await action(hass, "override", {"temperature": 20, "duration": duration})
    with refused("not_a_zone"):
        await action(hass, "override", {"entity_id": ROOM, "temperature": 20, "duration": {"hours": 1}})
    with pytest.raises(ServiceValidationError):
        await action(hass, "set_profile", {"config_entry_id": "nobody", "profile": "eco"})


async def test_read_only_users_cannot_change_anything(
    hass: HomeAssistant, heated: Heated, hass_read_only_user: MockUser
) -> None:
    context = Context(user_id=hass_read_only_user.id)
    assert (await action(hass, "get_decisions", context=context))["decisions"]
    for name, data in (
        ("set_profile", {"profile": "eco"}),
        ("clear_override", {}),
        ("export_configuration", {}),
        ("import_configuration", {"yaml": "x"}),
    ):
        with pytest.raises(Unauthorized):
            await action(hass, name, data, context=context)


async def test_export_contains_no_secret_and_imports_unchanged(hass: HomeAssistant, heated: Heated) -> None:
    entry, _, _ = heated
    answer = await action(hass, "export_configuration")
    for secret in (
        "refresh_token",
        "password",
        "admin",
        entry.subentries[owner(entry, "viessmann")].data["refresh_token"],
    ):
        assert secret not in answer["yaml"]
    assert parse(answer["yaml"])["checksum"] == answer["checksum"] == checksum(export(entry))
    same = await action(hass, "import_configuration", {"yaml": answer["yaml"], "dry_run": False})
    assert same == {"changes": [], "applied": False}


async def test_import_shows_a_diff_and_applies_on_request(hass: HomeAssistant, heated: Heated) -> None:
    entry, _, _ = heated
    text = (await action(hass, "export_configuration"))["yaml"]
    changed = text.replace("comfort: 21.0", "comfort: 22.5")
    with refused("import_invalid"):
        await action(hass, "import_configuration", {"yaml": changed})
    changed = "\n".join(line for line in changed.splitlines() if not line.startswith("checksum"))
    dry = await action(hass, "import_configuration", {"yaml": changed})
    assert dry["applied"] is False
    assert [line for line in dry["changes"][3:] if line[0] in "+-"] == ["-  comfort: 21.0", "+  comfort: 22.5"]
    assert entry.runtime_data.config.zones[0].targets.comfort == 21.0
    assert (await action(hass, "import_configuration", {"yaml": changed, "dry_run": False}))["applied"] is True
    await hass.async_block_till_done()
    assert entry.runtime_data.config.zones[0].targets.comfort == 22.5


async def test_import_adds_zones_and_keeps_omitted_ones(hass: HomeAssistant, heated: Heated) -> None:
    entry, _, _ = heated
    answer = await action(hass, "import_configuration", {"yaml": BATH, "dry_run": False})
    assert answer["applied"] is True
    await hass.async_block_till_done()
    assert [zone.name for zone in entry.runtime_data.config.zones] == ["Living room", "Bath"]
    assert entry.options["price"]["fixed_price"] == 0.25, "a text without options leaves them alone"
    assert [line for line in answer["changes"] if line.startswith("-")] == ["--- now"]
    assert hass.states.get("climate.bath") is not None


async def test_unknown_user_and_user_without_the_zones(
    hass: HomeAssistant, heated: Heated, hass_read_only_user: MockUser
) -> None:
    with pytest.raises(UnknownUser):
        await action(hass, "set_profile", {"profile": "eco"}, context=Context(user_id="nobody"))
    hass_read_only_user.mock_policy({"entities": {"domains": {"climate": {"control": True}}}})
    answer = await action(hass, "set_profile", {"profile": "eco"}, context=Context(user_id=hass_read_only_user.id))
    assert answer["profile"] == "eco"


@pytest.mark.parametrize(
    "kind", ["driver_failed", "driver_recovered", "profile_changed", "budget_low", "savings_report_ready"]
)
async def test_triggers_fire_for_their_event(hass: HomeAssistant, heated: Heated, kind: str) -> None:
    entry, _, _ = heated
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "trigger": {"trigger": f"{DOMAIN}.{kind}", "options": {"config_entry_id": entry.entry_id}},
                "action": {"event": "done", "event_data": {"what": "{{ trigger.type }}"}},
            }
        },
    )
    fired = async_capture_events(hass, "done")
    entry.runtime_data.events.fire("something_else", {})
    entry.runtime_data.events.fire(kind, {})
    hass.bus.async_fire(f"{DOMAIN}_event", {"type": kind, "entry_id": "another"})
    await hass.async_block_till_done()
    assert [event.data["what"] for event in fired] == [kind]


async def test_diagnostics_contain_no_secret(hass: HomeAssistant, heated: Heated) -> None:
    entry, _, _ = heated
    found = await async_get_config_entry_diagnostics(hass, entry)
    text = str(found)
    viessmann = entry.subentries[owner(entry, "viessmann")].data
    for secret in (viessmann["refresh_token"], "7571381700000000", "demo-client"):
        assert secret not in text
    # What the devices sent last is there as they sent it.
    for unit in entry.runtime_data.sources.values():
        unit.poller.poll_soon()
    await idle(entry)
    raw = (await async_get_config_entry_diagnostics(hass, entry))["last_messages"]
    messages = {name: {item["channel"]: json.loads(item["text"]) for item in found} for name, found in raw.items()}
    assert messages["E3_Vitocal_16"].keys() == {"GET features"}
    assert {"summary", "pools"} <= messages["MicroBT M50S_VH30"].keys()
    assert messages["MicroBT M50S_VH30"]["pools"]["POOLS"][0]["User"] == "<secret>"
    for secret in (viessmann["refresh_token"], "7571381700000000", "demo-client"):
        assert secret not in str(raw)
    # scripts/decode reads them from a support bundle.
    path = await bundle.async_write(hass, await bundle.async_collect(hass))
    decoded = await hass.async_add_executor_job(lambda: list(decode.decode_bundle(path)))
    lines = {key: value for key, value, _ in decoded}
    assert "proof_of_heat.1.last.E3_Vitocal_16.GET features.outdoor_temperature" in lines
    assert '"SUMMARY"' in lines["proof_of_heat.1.last.MicroBT M50S_VH30.summary.raw"]
    assert {item["kind"] for item in found["sources"]} == {"miner", "viessmann"}
    assert found["subentries"][1]["data"]["password"] == REDACTED


async def test_diagnostics_of_an_entry_that_never_started(hass: HomeAssistant) -> None:
    entry = system()
    entry.add_to_hass(hass)
    assert "sources" not in await async_get_config_entry_diagnostics(hass, entry)


async def test_exhausted_budget_is_reported_once(
    hass: HomeAssistant, heated: Heated, freezer: FrozenDateTimeFactory
) -> None:
    from homeassistant.helpers import issue_registry as ir

    entry, _, _ = heated
    unit = next(unit for unit in entry.runtime_data.sources.values() if unit.type_key == "viessmann")
    events = async_capture_events(hass, f"{DOMAIN}_event")
    unit.budget.record_refusal(1450, None, "ViCare day limit")
    for _ in range(3):
        await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    assert [event.data["type"] for event in events] == ["budget_low"]
    assert ir.async_get(hass).async_get_issue(DOMAIN, f"budget_low_{unit.subentry_id}") is not None


async def test_details_of_a_decision_do_not_fill_the_database(hass: HomeAssistant, heated: Heated) -> None:
    entry, _, _ = heated
    decision = state(hass, "sensor", entry.entry_id, "decision")
    assert {"mix", "words", "limits", "worth_kwh"} <= decision.attributes.keys()
    assert {"mix", "words", "limits", "id", "time", "notes", "codes"} <= decision.state_info["unrecorded_attributes"]
