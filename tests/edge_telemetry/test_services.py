"""Actions, buttons and the downlink."""

import csv
from datetime import timedelta
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_mqtt_message,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.typing import MqttMockHAClient

from custom_components.edge_telemetry.const import DOMAIN
from custom_components.edge_telemetry.data import EdgeData

from .conftest import Publish, entity_id, state, take_down
from .test_ingest import ADVERTISEMENT, TAG, TAG_ID, query

pytestmark = pytest.mark.slow  # left out by scripts/test --quick

TOPIC = "van/env/cabin/data"
CABIN = "van/env/cabin"


def device_id(hass: HomeAssistant, device: str = CABIN) -> str:
    found = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, f"01EDGE_{device}"), "01EDGE")
    assert found is not None
    return found.id


def sent(mqtt_mock: MqttMockHAClient) -> list[tuple[str, dict[str, Any]]]:
    """Commands that went to the broker."""
    calls = [call.args for call in mqtt_mock.async_publish.call_args_list]
    return [(args[0], json.loads(args[1])) for args in calls if args[0].endswith("/cmd")]


PUBLISH = "custom_components.edge_telemetry.command_sender.mqtt.async_publish"


async def send(hass: HomeAssistant, *, context: Context | None = None, **data: Any) -> dict[str, Any]:
    answer = await hass.services.async_call(
        DOMAIN,
        "send_command",
        {"device_id": device_id(hass), "command": "blink", **data},
        blocking=True,
        return_response=True,
        context=context,
    )
    await hass.async_block_till_done()
    assert answer is not None
    return dict(answer)


# Queries


async def test_a_query_answers_messages_and_periods(hass: HomeAssistant, data: EdgeData, publish: Publish) -> None:
    for value in (20.0, 22.0):
        await publish(TOPIC, {"metrics": {"temperature_c": value, "humidity_percent": 50, "mode": "eco"}})
    rows = await query(hass, aggregation="raw", metrics=["temperature_c"])
    assert [row["metrics"] for row in rows] == [{"temperature_c": 20.0}, {"temperature_c": 22.0}]
    assert rows[0]["site"] == "van"
    for aggregation in ("5min", "hour", "day"):
        (row,) = await query(hass, aggregation=aggregation, metrics=["temperature_c"], site="van", system="env")
        assert {key: row[key] for key in ("metric", "n", "mean", "min", "max")} == {
            "metric": "temperature_c", "n": 2, "mean": 21.0, "min": 20.0, "max": 22.0,
        }  # fmt: skip
        always = {"start": "0001-01-01 00:00:00", "end": "9999-12-31 23:59:59"}
        assert await query(hass, aggregation=aggregation, metrics=["temperature_c"], **always) == [row]
    assert await query(hass, device="nobody") == []


async def test_a_long_response_is_truncated_and_marked(hass: HomeAssistant, data: EdgeData, publish: Publish) -> None:
    for value in range(5):
        await publish(TOPIC, {"metrics": {"temperature_c": float(value)}})
    await query(hass)
    answer = await hass.services.async_call(
        DOMAIN,
        "query_measurements",
        {"start": dt_util.now() - timedelta(hours=1), "aggregation": "raw", "limit": 3},
        blocking=True,
        return_response=True,
    )
    assert answer is not None
    assert (answer["count"], answer["truncated"], len(answer["rows"])) == (3, True, 3)


async def test_messages_without_a_metric_that_is_asked_for_are_not_an_answer(
    hass: HomeAssistant, data: EdgeData, publish: Publish
) -> None:
    for value in range(6):
        await publish(TOPIC, {"temperature_c": value} if value % 2 else {"humidity_percent": value})
    rows = await query(hass, aggregation="raw", metrics=["temperature_c"], limit=2)
    assert [row["metrics"] for row in rows] == [{"temperature_c": 1}, {"temperature_c": 3}]
    assert len(await query(hass, aggregation="raw", metrics=["temperature_c"], limit=10)) == 3


async def test_a_range_that_ends_before_it_begins_is_refused(hass: HomeAssistant, data: EdgeData) -> None:
    with pytest.raises(ServiceValidationError, match="must be after the start"):
        await query_once(hass, start=dt_util.now(), end=dt_util.now() - timedelta(hours=1))


async def query_once(hass: HomeAssistant, **data: Any) -> Any:
    return await hass.services.async_call(DOMAIN, "query_measurements", data, blocking=True, return_response=True)


async def test_an_entry_without_an_archive_cannot_be_asked(
    hass: HomeAssistant, mqtt_mock: MqttMockHAClient, entry: MockConfigEntry
) -> None:
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, "archive": "off"})
    assert await hass.config_entries.async_setup(entry.entry_id)
    with pytest.raises(ServiceValidationError, match="has no archive"):
        await query_once(hass, start="2026-01-01 00:00:00")
    await take_down(hass, entry)


async def test_a_dead_database_is_named_and_raises_a_repair_issue_that_goes_again(
    hass: HomeAssistant, mqtt_mock: MqttMockHAClient, entry: MockConfigEntry, tmp_path: Path, issue_registry: Any
) -> None:
    folder = tmp_path / "away"
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, "archive_url": str(folder / "a.db")})
    await set_up_again(hass, entry)
    while entry.runtime_data.archive._cancel_repair is None:  # the thread's news have come through
        await hass.async_add_executor_job(lambda: None)
    with pytest.raises(HomeAssistantError, match="is not available"):
        await query_once(hass, start="2026-01-01 00:00:00")
    assert state(hass, "archive", "", "binary_sensor") == "off"
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=301))
    await hass.async_block_till_done()
    assert issue_registry.async_get_issue(DOMAIN, "archive_unavailable_01EDGE")
    folder.mkdir()
    while state(hass, "archive", "", "binary_sensor") != "on":
        await hass.async_add_executor_job(lambda: None)
    assert issue_registry.async_get_issue(DOMAIN, "archive_unavailable_01EDGE") is None
    await take_down(hass, entry)


async def set_up_again(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


# Exports


@pytest.mark.parametrize("aggregation", ["raw", "hour"])
async def test_an_export_is_a_file_of_lines(
    hass: HomeAssistant, data: EdgeData, publish: Publish, tmp_path: Path, *, aggregation: str
) -> None:
    for value in (20.0, 22.0):
        await publish(TOPIC, {"metrics": {"temperature_c": value, "humidity_percent": 50.0}})
    await query(hass)
    answers = {}
    for form in ("csv", "jsonl"):
        answers[form] = await hass.services.async_call(
            DOMAIN,
            "export",
            {
                "start": dt_util.now() - timedelta(days=1),
                "format": form,
                "filename": "../my März.txt",
                "aggregation": aggregation,
            },
            blocking=True,
            return_response=True,
        )
    folder = tmp_path / "edge_telemetry_exports"
    assert sorted(path.name for path in folder.iterdir()) == ["my_marz.csv", "my_marz.jsonl"]
    lines = list(csv.reader((folder / "my_marz.csv").open()))
    rows = [json.loads(line) for line in (folder / "my_marz.jsonl").read_text().splitlines()]
    assert answers["csv"]["path"] == str(folder / "my_marz.csv")
    if aggregation == "raw":
        assert lines[0] == ["ts", "site", "system", "device", "metric", "value"]
        assert [line[4:] for line in lines[1:3]] == [["temperature_c", "20.0"], ["humidity_percent", "50.0"]]
        assert (len(lines), len(rows), answers["csv"]["count"]) == (5, 2, 2)
    else:
        assert lines[0][4:] == ["metric", "n", "mean", "min", "max"]
        assert len(lines) == 1 + len(rows) == 3


async def test_an_export_that_cannot_be_written_raises_and_leaves_nothing(
    hass: HomeAssistant, data: EdgeData, publish: Publish, tmp_path: Path
) -> None:
    await publish(TOPIC, {"temperature_c": 1.0})
    await query(hass)
    (tmp_path / "edge_telemetry_exports").touch()
    with pytest.raises(HomeAssistantError, match="could not be written"):
        await export(hass)
    with pytest.raises(ServiceValidationError, match="must contain a letter or digit"):
        await export(hass, filename="...")
    (tmp_path / "edge_telemetry_exports").unlink()
    await export(hass, start="0001-01-01 00:00:00", end="9999-12-31 23:59:59", filename="always")
    assert (tmp_path / "edge_telemetry_exports" / "always.csv").exists()


async def test_an_over_long_filename_is_an_error_of_the_call(hass: HomeAssistant, data: EdgeData) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await export(hass, filename="x" * 300)
    assert caught.value.translation_key == "filename_too_long"


async def export(hass: HomeAssistant, **data: Any) -> Any:
    return await hass.services.async_call(DOMAIN, "export", {"start": "2026-01-01 00:00:00", **data}, blocking=True)


async def test_only_an_administrator_exports(hass: HomeAssistant, data: EdgeData, hass_read_only_user: User) -> None:
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN,
            "export",
            {"start": "2026-01-01 00:00:00"},
            blocking=True,
            context=Context(user_id=hass_read_only_user.id),
        )


# Commands


async def test_a_command_is_pending_until_the_device_confirms_it(
    hass: HomeAssistant, data: EdgeData, publish: Publish, mqtt_mock: MqttMockHAClient
) -> None:
    await publish(TOPIC, {"temperature_c": 20})
    answer = await send(hass, params={"times": 3}, expires_in=60)
    assert answer["status"] == "pending"
    ((topic, command),) = sent(mqtt_mock)
    assert topic == "van/env/cabin/cmd"
    assert (command["id"], command["cmd"], command["params"]) == (answer["id"], "blink", {"times": 3})
    assert state(hass, "last_command", CABIN) == "pending"
    await publish("van/env/cabin/event/ack", {"id": "another"})
    assert state(hass, "last_command", CABIN) == "pending"
    await publish("van/env/cabin/event/ack", {"id": answer["id"], "status": "done", "message": "3 times"})
    assert state(hass, "last_command", CABIN) == "confirmed"
    shown = hass.states.get(entity_id(hass, "sensor", "last_command", CABIN))
    assert (shown.attributes["command"], shown.attributes["message"]) == ("blink", "3 times")


@pytest.mark.parametrize("ack", ["not json", "[]", {"status": "ok"}, {"id": "x", "status": "perhaps"}, {"id": True}])
async def test_an_acknowledgement_that_is_none_is_counted(
    hass: HomeAssistant, data: EdgeData, publish: Publish, *, ack: Any
) -> None:
    await publish(TOPIC, {"temperature_c": 20})
    await publish("van/env/cabin/event/ack", ack)
    assert data.malformed.total == 1


async def test_waiting_for_an_answer_returns_the_answer(
    hass: HomeAssistant, data: EdgeData, publish: Publish, mqtt_mock: MqttMockHAClient
) -> None:
    await publish(TOPIC, {"temperature_c": 20})
    waiting = hass.async_create_task(send(hass, wait=10))
    while not sent(mqtt_mock):
        await hass.async_add_executor_job(lambda: None)
    await publish("van/env/cabin/state", {"online": True, "ack": {"id": sent(mqtt_mock)[0][1]["id"], "ok": True}})
    assert (await waiting)["status"] == "confirmed"
    refused = hass.async_create_task(send(hass, wait=10))
    while len(sent(mqtt_mock)) < 2:
        await hass.async_add_executor_job(lambda: None)
    await publish(
        "van/env/cabin/event/ack", {"id": sent(mqtt_mock)[1][1]["id"], "status": "error", "message": "no lamp"}
    )
    with pytest.raises(HomeAssistantError, match="no lamp"):
        await refused


async def test_waiting_ends_with_the_time_or_with_the_entry(
    hass: HomeAssistant, data: EdgeData, entry: MockConfigEntry, publish: Publish, mqtt_mock: MqttMockHAClient
) -> None:
    await publish(TOPIC, {"temperature_c": 20})
    assert (await send(hass, wait=1))["status"] == "pending"
    waiting = hass.async_create_task(send(hass, wait=60))
    while not data.commands._waiters:
        await hass.async_add_executor_job(lambda: None)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert (await waiting)["status"] == "pending"


async def test_a_repetition_that_fails_is_not_an_error(
    hass: HomeAssistant,
    data: EdgeData,
    publish: Publish,
    *,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await publish(TOPIC, {"temperature_c": 20})
    await send(hass)
    freezer.tick(6)
    with patch(
        PUBLISH,
        side_effect=HomeAssistantError("no broker"),
    ):
        await publish(TOPIC, {"temperature_c": 21})
    assert state(hass, "last_command", CABIN) == "pending"
    assert "no broker" not in "".join(record.message for record in caplog.records if record.levelname == "ERROR")


async def test_a_command_without_an_answer_expires(
    hass: HomeAssistant, data: EdgeData, publish: Publish, mqtt_mock: MqttMockHAClient, freezer: FrozenDateTimeFactory
) -> None:
    await publish(TOPIC, {"temperature_c": 20})
    await send(hass, expires_in=30)
    freezer.tick(41)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert state(hass, "last_command", CABIN) == "expired"
    # too late
    await publish("van/env/cabin/event/ack", {"id": sent(mqtt_mock)[0][1]["id"]})
    assert state(hass, "last_command", CABIN) == "expired"


async def test_an_unanswered_command_is_sent_again_with_the_next_message(
    hass: HomeAssistant, data: EdgeData, publish: Publish, mqtt_mock: MqttMockHAClient, freezer: FrozenDateTimeFactory
) -> None:
    await publish(TOPIC, {"temperature_c": 20})
    await send(hass)
    await publish(TOPIC, {"temperature_c": 21})
    assert len(sent(mqtt_mock)) == 1
    for _ in range(8):
        freezer.tick(6)
        async_fire_mqtt_message(hass, TOPIC, '{"temperature_c": 23}', 1)
        await publish(TOPIC, {"temperature_c": 22})
    assert len(sent(mqtt_mock)) == 5
    assert len({command["id"] for _, command in sent(mqtt_mock)}) == 1


async def test_a_pending_command_survives_a_restart(
    hass: HomeAssistant, data: EdgeData, entry: MockConfigEntry, publish: Publish, hass_storage: dict[str, Any]
) -> None:
    await publish(TOPIC, {"temperature_c": 20})
    answer = await send(hass)
    # on disk before the action answered
    stored = hass_storage["edge_telemetry.01EDGE.commands"]["data"][CABIN]["commands"]
    assert [command["id"] for command in stored] == [answer["id"]]
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert state(hass, "last_command", CABIN) == "pending"
    await publish("van/env/cabin/event/ack", {"id": answer["id"]})
    assert state(hass, "last_command", CABIN) == "confirmed"


async def test_a_broker_that_takes_nothing_makes_the_command_fail(
    hass: HomeAssistant, data: EdgeData, publish: Publish, mqtt_mock: MqttMockHAClient
) -> None:
    await publish(TOPIC, {"temperature_c": 20})
    with (
        patch(
            PUBLISH,
            side_effect=HomeAssistantError("no broker"),
        ),
        pytest.raises(HomeAssistantError, match="no broker"),
    ):
        await send(hass)
    await hass.async_block_till_done()
    assert state(hass, "last_command", CABIN) == "failed"


async def test_while_the_broker_is_away_a_command_fails_at_once_and_is_not_sent_later(
    hass: HomeAssistant, data: EdgeData, publish: Publish, mqtt_mock: MqttMockHAClient
) -> None:
    await publish(TOPIC, {"temperature_c": 20})
    mqtt_mock.connected = False
    with pytest.raises(HomeAssistantError, match="not connected to the MQTT broker"):
        await send(hass)
    assert sent(mqtt_mock) == []
    mqtt_mock.connected = True
    assert (await send(hass))["status"] == "pending"


async def test_a_full_disk_keeps_no_command_from_its_device(
    hass: HomeAssistant,
    data: EdgeData,
    publish: Publish,
    mqtt_mock: MqttMockHAClient,
    freezer: FrozenDateTimeFactory,
) -> None:
    await publish(TOPIC, {"temperature_c": 20.0})
    issues = ir.async_get(hass)
    with patch.object(data.commands._store, "async_save", side_effect=OSError(28, "No space left on device")):
        for _ in range(2):
            response = await send(hass, command="restart")
            assert (response["status"], response["message"]) == ("pending", None)
        issue = issues.async_get_issue(DOMAIN, "storage_failed_01EDGE")
        assert issue is not None
        assert "No space left" in (issue.translation_placeholders or {})["error"]
        assert len(sent(mqtt_mock)) == 2
    freezer.tick(61)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert issues.async_get_issue(DOMAIN, "storage_failed_01EDGE") is None


@pytest.mark.parametrize(("status", "shown"), [("OK", "confirmed"), (" Done ", "confirmed"), ("ERROR", "failed")])
async def test_the_case_of_an_acknowledgement_does_not_matter(
    hass: HomeAssistant, data: EdgeData, publish: Publish, *, status: str, shown: str
) -> None:
    await publish(TOPIC, {"temperature_c": 20})
    answer = await send(hass)
    await publish("van/env/cabin/event/ack", {"id": answer["id"], "status": status})
    assert state(hass, "last_command", CABIN) == shown


async def test_a_devices_word_counts_though_the_broker_seemed_not_to_take_the_command(
    hass: HomeAssistant, data: EdgeData, publish: Publish
) -> None:
    await publish(TOPIC, {"temperature_c": 20})
    with (
        patch(PUBLISH, side_effect=HomeAssistantError("late")),
        pytest.raises(HomeAssistantError, match="late"),
    ):
        await send(hass)
    command = data.commands.last(CABIN)
    assert command is not None
    await publish("van/env/cabin/event/ack", {"id": command.id, "status": "ok"})
    assert state(hass, "last_command", CABIN) == "confirmed"


async def test_too_many_waiting_commands_are_refused(hass: HomeAssistant, data: EdgeData, publish: Publish) -> None:
    await publish(TOPIC, {"temperature_c": 20})
    for _ in range(20):
        await send(hass)
    with pytest.raises(HomeAssistantError, match="Too many commands"):
        await send(hass)
    ids = [command.id for command in data.commands._queues.queue(CABIN)]
    for id_ in ids:
        await publish("van/env/cabin/event/ack", {"id": id_})
    for _ in range(5):
        await send(hass)
    assert len(data.commands._queues.queue(CABIN)) == 10


@pytest.mark.parametrize("params", [{"x": "y" * 9000}, {"x": {1, 2}}])
async def test_parameters_that_cannot_be_sent_are_refused(
    hass: HomeAssistant, data: EdgeData, publish: Publish, *, params: dict[str, Any]
) -> None:
    await publish(TOPIC, {"temperature_c": 20})
    with pytest.raises(ServiceValidationError, match="must be JSON"):
        await send(hass, params=params)


async def test_a_tag_and_a_hub_take_no_commands(hass: HomeAssistant, data: EdgeData, publish: Publish) -> None:
    await publish(TAG, {"gw_mac": "C8:25:2D:8E:9C:2C", "rssi": -26, "data": ADVERTISEMENT})
    hub_device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, "01EDGE"), "01EDGE")
    assert hub_device is not None
    for target in (device_id(hass, TAG_ID), hub_device.id):
        with pytest.raises(ServiceValidationError, match="does not accept commands"):
            await hass.services.async_call(
                DOMAIN, "send_command", {"device_id": target, "command": "x"}, blocking=True, return_response=True
            )


async def test_who_may_not_control_may_not_command(
    hass: HomeAssistant, data: EdgeData, publish: Publish, *, hass_read_only_user: User, hass_admin_user: User
) -> None:
    await publish(TOPIC, {"temperature_c": 20})
    with pytest.raises(Unauthorized):
        await send(hass, context=Context(user_id=hass_read_only_user.id))
    with pytest.raises(UnknownUser):
        await send(hass, context=Context(user_id="nobody"))
    assert (await send(hass, context=Context(user_id=hass_admin_user.id)))["status"] == "pending"


async def test_a_device_announces_its_buttons(
    hass: HomeAssistant, data: EdgeData, publish: Publish, mqtt_mock: MqttMockHAClient
) -> None:
    await publish(TOPIC, {"temperature_c": 20})
    assert entity_id(hass, "button", "command_ping", CABIN)
    for _ in range(2):
        await publish("van/env/cabin/state", {"commands": ["restart", "open_hatch", "open_hatch", "", 5, "x" * 40]})
    buttons = {key for key in ("ping", "restart", "open_hatch") if entity_id(hass, "button", f"command_{key}", CABIN)}
    assert buttons == {"ping", "restart", "open_hatch"}
    hatch = entity_id(hass, "button", "command_open_hatch", CABIN)
    assert hass.states.get(hatch).attributes["friendly_name"] == "Cabin Open hatch"
    await hass.services.async_call("button", "press", {"entity_id": hatch}, blocking=True)
    assert sent(mqtt_mock)[-1][1]["cmd"] == "open_hatch"


async def test_a_state_before_the_first_data_is_applied_later(
    hass: HomeAssistant, data: EdgeData, publish: Publish
) -> None:
    await publish("van/env/cabin/state", {"commands": ["identify"], "fw": "9"}, retain=True)
    await publish("van/env/cabin/availability", "offline", retain=True)
    await publish(TOPIC, {"temperature_c": 20})
    assert entity_id(hass, "button", "command_identify", CABIN)
    assert state(hass, "temperature_c", CABIN) == "20"
