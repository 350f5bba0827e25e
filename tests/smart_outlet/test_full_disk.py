"""A full disk: every call is answered, an emergency power-off is carried out, and what changed is saved later."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from datetime import timedelta
from http import HTTPStatus
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.smart_outlet.const import DOMAIN
from custom_components.smart_outlet.domain.parts import DOMAIN_PARTS
from tests.full_disk import full_disk, read_only_disk

from .conftest import DATA, Ccu

REAL_WRITE = Store._async_write_data
BREAKER = {"ccu_id": "01", "current_ma": 7321}


@pytest.fixture(autouse=True)
def real_files(hass: HomeAssistant, tmp_path: Path) -> Generator[None]:
    """Stores are files, as in Home Assistant; the test plugin keeps them in memory."""
    hass.config.config_dir = str(tmp_path)
    with patch.object(Store, "_async_write_data", REAL_WRITE):
        yield


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Home Assistant's stores write what is left when it stops."""
    return True


@pytest.fixture
async def rest_api(hass: HomeAssistant) -> None:
    """Home Assistant's own REST API."""
    assert await async_setup_component(hass, "api", {})


def issues(hass: HomeAssistant) -> list[str]:
    return [issue_id for domain, issue_id in ir.async_get(hass).issues if domain == DOMAIN]


def stored(hass: HomeAssistant, key: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(Path(hass.config.path(".storage", key)).read_text())["data"]
    return content


def modes(hass: HomeAssistant) -> dict[str, int]:
    files = Path(hass.config.path(".storage")).glob("smart_outlet*")
    return {file.name: file.stat().st_mode & 0o777 for file in files}


async def later(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float = 70) -> None:
    freezer.tick(timedelta(seconds=seconds))
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


async def all_calls(ccu: Ccu) -> None:
    """Send each request of a CCU; all are answered."""
    for version in ("", "?v=2"):
        ccu.version = version
        assert await ccu.get("/api/devices/") == (200, {"success": True, "devices": ["FE", "FD"]})
        status, answer = await ccu.get("/api/commands/FE/")
        assert (status, answer["success"]) == (200, True)
        acks = {"acks": [{"id": each["id"], "ok": True} for each in answer["commands"] if "id" in each] or [{}]}
        if acks["acks"] != [{}]:
            assert (await ccu.post("/api/commands/FE/ack/", acks))[0] == 200
        assert await ccu.post("/api/data/", DATA) == (200, {"success": True})
        assert await ccu.post("/api/breaker-data/", BREAKER) == (200, {"success": True})
    ccu.version = ""


async def test_every_call_of_a_ccu_is_answered_with_one_repair_issue(
    hass: HomeAssistant, ccu: Ccu, freezer: FrozenDateTimeFactory
) -> None:
    await ccu.report()
    await ccu.act("button", "press", "button", "ping")
    with full_disk():
        for _ in range(3):
            await all_calls(ccu)
        await later(hass, freezer, 2)
        await all_calls(ccu)
        assert issues(hass) == ["storage_failed"]
        await later(hass, freezer)
        assert issues(hass) == ["storage_failed"], "still full"
    assert len(stored(hass, f"smart_outlet.{ccu.entry.entry_id}")["commands"]) == 1, "as before the disk was full"
    await later(hass, freezer)
    assert issues(hass) == []
    assert stored(hass, f"smart_outlet.{ccu.entry.entry_id}")["commands"] == []


async def test_the_first_use_of_a_rotated_key(hass: HomeAssistant, ccu: Ccu, freezer: FrozenDateTimeFactory) -> None:
    keys = hass.data[DOMAIN_PARTS].keys
    await keys.async_set_key("01", "Unit 01", "new-key")
    old, ccu.key = ccu.key, "new-key"
    with full_disk():
        for _ in range(3):
            await all_calls(ccu)
        assert issues(hass) == ["storage_failed"]
        ccu.key = old
        assert (await ccu.get("/api/devices/"))[0] == 401
    assert stored(hass, DOMAIN)["units"]["01"]["keys"]["previous"] is not None
    await later(hass, freezer)
    assert stored(hass, DOMAIN)["units"]["01"]["keys"]["previous"] is None
    assert issues(hass) == []


@pytest.mark.parametrize(
    ("disk", "status"),
    [(full_disk, HTTPStatus.INSUFFICIENT_STORAGE), (read_only_disk, HTTPStatus.SERVICE_UNAVAILABLE)],
)
@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("relay_on", {"socket": "b"}),
        ("relay_off", {"socket": "a"}),
        ("set_threshold", {"value": 4000}),
        ("ping", {}),
        ("read_sensors", {}),
    ],
)
async def test_an_order_is_refused_as_json_and_has_no_effect(
    hass: HomeAssistant,
    ccu: Ccu,
    hass_client: ClientSessionGenerator,
    disk: Callable[[], AbstractContextManager[None]],
    status: HTTPStatus,
    command: str,
    body: dict[str, Any],
) -> None:
    await ccu.report()
    await ccu.act("number", "set_value", "number", "threshold", value=5000)
    await ccu.commands()
    user = await hass_client()
    with disk():
        reply = await user.post(f"/api/commands/FE/{command}/", json=body)
    assert (reply.status, reply.content_type) == (status, "application/json")
    answer = await reply.json()
    assert (answer["success"], answer["error"], answer["field"]) == (False, "storage_failed", None)
    assert await ccu.commands() == []
    assert ccu.hub.model.outlets["FE"].threshold == 5000
    assert issues(hass) == ["storage_failed"]
    assert (await user.post(f"/api/commands/FE/{command}/", json=body)).status == HTTPStatus.OK
    assert issues(hass) == []


async def test_a_refused_order_leaves_the_one_before_it_open(ccu: Ccu, hass_client: ClientSessionGenerator) -> None:
    await ccu.report()
    user = await hass_client()
    assert (await user.post("/api/commands/FE/relay_off/", json={"socket": "a"})).status == HTTPStatus.OK
    with full_disk():
        refused = await user.post("/api/commands/FE/relay_on/", json={"socket": "a"})
    assert refused.status == HTTPStatus.INSUFFICIENT_STORAGE
    assert await ccu.commands() == [{"command": "relay_off", "socket": "a", "value": None}]


async def test_an_order_that_was_fetched_before_its_record_failed_is_not_called_refused(
    ccu: Ccu, hass_client: ClientSessionGenerator
) -> None:
    await ccu.report()
    user = await hass_client()
    model = ccu.hub.model

    async def fetch_and_fail(*_: Any) -> None:
        assert len(model.fetch_commands("FE", model.outlets["FE"].last_seen or 0.0, acknowledges=False)) == 1
        raise OSError(28, "No space left on device")

    with patch.object(Store, "_async_write_data", fetch_and_fail):
        reply = await user.post("/api/commands/FE/relay_off/", json={"socket": "a"})
    assert reply.status == HTTPStatus.OK
    assert (await reply.json())["status"] == "delivered"


@pytest.mark.parametrize("action", ["switch_everything_off", "cut_all_power"])
async def test_a_power_off_by_the_rest_api_is_carried_out_and_reported_as_done(
    hass: HomeAssistant, rest_api: None, ccu: Ccu, hass_client: ClientSessionGenerator, action: str
) -> None:
    await ccu.cycle(FE_a=True)
    user = await hass_client()
    with full_disk():
        reply = await user.post(f"/api/services/{DOMAIN}/{action}?return_response", json={"wait": 0})
        assert reply.status == HTTPStatus.OK, await reply.text()
        (hub,) = (await reply.json())["service_response"]["hubs"]
        assert hub["pending"] == ["FE/a", "FE/b", "FD/a"]
        assert [each["command"] for each in await ccu.commands()] == ["relay_off", "relay_off"]
        await ccu.report(current_a=0, relay_a=False)
        assert ccu.hub.model.power_off.report()["confirmed"] == ["FE/a", "FE/b"]
    assert issues(hass) == ["storage_failed"]


@pytest.mark.parametrize("command", ["smart_outlet/switch_everything_off", "smart_outlet/cut_all_power"])
async def test_a_power_off_by_websocket_or_button(
    hass: HomeAssistant, ccu: Ccu, hass_ws_client: WebSocketGenerator, command: str
) -> None:
    await ccu.cycle()
    client = await hass_ws_client()
    with full_disk():
        await client.send_json_auto_id({"type": command})
        answer = await client.receive_json()
        assert answer["success"], answer
        assert answer["result"]["hubs"][0]["pending"] == ["FE/a", "FE/b", "FD/a"]
        await ccu.press("cut_all_power", None)
    assert len(await ccu.commands()) == 2


async def test_the_record_of_a_power_off_follows(hass: HomeAssistant, ccu: Ccu, freezer: FrozenDateTimeFactory) -> None:
    await ccu.cycle()
    with full_disk():
        await ccu.press("cut_all_power", None)
    await later(hass, freezer, 6)
    assert stored(hass, f"smart_outlet.{ccu.entry.entry_id}")["cut"]["sockets"][0] == ["FE", "a", "pending"]
    assert issues(hass) == []


async def test_settings_are_refused_and_as_before(hass: HomeAssistant, ccu: Ccu) -> None:
    await ccu.report()
    await ccu.act("number", "set_value", "number", "threshold", value=5000)
    await ccu.act("number", "set_value", "number", "main_threshold", None, value=16000)
    with full_disk():
        for key, device_id in (("threshold", "FE"), ("main_threshold", None)):
            with pytest.raises(HomeAssistantError, match="could not be saved"):
                await ccu.act("number", "set_value", "number", key, device_id, value=100)
    await ccu.settle()
    assert ccu.state("number", "threshold") == "5000"
    assert ccu.state("number", "main_threshold", None) == "16000"


async def test_an_alert_is_dismissed_at_once(hass: HomeAssistant, ccu: Ccu, freezer: FrozenDateTimeFactory) -> None:
    await ccu.report(current_a=65535)
    with full_disk():
        await hass.services.async_call(DOMAIN, "dismiss_alert", blocking=True)
        assert ccu.hub.model.alerts.all()[0].dismissed
    await later(hass, freezer, 6)
    assert stored(hass, f"smart_outlet.{ccu.entry.entry_id}")["alerts"][0]["dismissed"]


async def test_a_reload_continues_with_what_could_not_be_saved(
    hass: HomeAssistant, ccu: Ccu, freezer: FrozenDateTimeFactory
) -> None:
    await ccu.cycle()
    with full_disk():
        await ccu.press("cut_all_power", None)
        assert await hass.config_entries.async_reload(ccu.entry.entry_id)
        assert len(await ccu.commands()) == 2
        assert issues(hass) == ["storage_failed"]
    await later(hass, freezer, 8)
    assert issues(hass) == []
    assert len(stored(hass, f"smart_outlet.{ccu.entry.entry_id}")["commands"]) == 3


async def test_removing_a_hub_ends_its_retries(hass: HomeAssistant, ccu: Ccu, freezer: FrozenDateTimeFactory) -> None:
    await ccu.cycle()
    with full_disk():
        await ccu.press("cut_all_power", None)
        await hass.config_entries.async_remove(ccu.entry.entry_id)
        assert (await ccu.get("/api/devices/"))[0] == 401
    await later(hass, freezer)
    assert issues(hass) == []
    assert stored(hass, DOMAIN)["units"] == {}
    assert set(modes(hass)) == {DOMAIN, f"{DOMAIN}.meters"}


async def test_a_key_that_cannot_be_saved_is_not_shown_as_valid(hass: HomeAssistant, ccu: Ccu) -> None:
    flow = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": "reconfigure", "entry_id": ccu.entry.entry_id}
    )
    flow = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"name": "Unit 01", "new_key": True, "accept_without_key": False}
    )
    key = flow["description_placeholders"]["device_key"]
    with full_disk():
        flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {})
        assert (flow["type"], flow["errors"]) == (FlowResultType.FORM, {"base": "storage_failed"})
        assert hass.data[DOMAIN_PARTS].keys.find(key) is None
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {})
    assert flow["reason"] == "reconfigure_successful"
    assert hass.data[DOMAIN_PARTS].keys.find(key) is not None


async def test_a_key_of_a_new_ccu_that_cannot_be_saved(hass: HomeAssistant, ccu: Ccu) -> None:
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": "user"})
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {"next_step_id": "ccu"})
    flow = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"name": "Barn", "ccu_id": "07", "accept_without_key": False}
    )
    with full_disk():
        flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {})
        assert flow["errors"] == {"base": "storage_failed"}
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {})
    assert flow["type"] is FlowResultType.CREATE_ENTRY


async def test_files_are_private(hass: HomeAssistant, ccu: Ccu, freezer: FrozenDateTimeFactory) -> None:
    await ccu.cycle()
    await ccu.press("cut_all_power", None)
    await later(hass, freezer)
    names = (DOMAIN, f"{DOMAIN}.meters", f"{DOMAIN}.{ccu.entry.entry_id}")
    assert modes(hass) == dict.fromkeys(names, 0o600)
