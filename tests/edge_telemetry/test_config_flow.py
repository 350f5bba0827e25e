"""The flows, to the end and through every error."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant import config_entries
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo
import psycopg
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import MqttMockHAClient

from custom_components.edge_telemetry.const import DEFAULT_PATTERNS, DOMAIN
from custom_components.edge_telemetry.data import EdgeData
from tests.lib.conftest import postgresql, postgresql_url  # noqa: F401

from .conftest import Publish, entity_id, set_up, settle, state, take_down

TOPICS = {"name": "Van", "patterns": ["{site_id}/{system}/{device_id}/data"], "default_site": "home", "archive": "off"}


@pytest.fixture(autouse=True)
async def _mqtt(hass: HomeAssistant, mqtt_mock: MqttMockHAClient) -> AsyncGenerator[None]:
    """The mqtt integration is there; afterwards every entry is taken down."""
    yield
    await settle(hass)


async def begin(hass: HomeAssistant, source: str = "user", **context: Any) -> dict[str, Any]:
    """Start a flow."""
    return await hass.config_entries.flow.async_init(DOMAIN, context={"source": source, **context})


async def go_on(hass: HomeAssistant, result: dict[str, Any], user_input: dict[str, Any]) -> dict[str, Any]:
    """Fill in a form."""
    return await hass.config_entries.flow.async_configure(result["flow_id"], user_input)


async def test_an_entry_with_a_file_as_archive(hass: HomeAssistant) -> None:
    result = await begin(hass)
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "user")
    result = await go_on(hass, result, {**TOPICS, "name": " Van ", "archive": "sqlite"})
    assert (result["type"], result["title"]) == (FlowResultType.CREATE_ENTRY, "Van")
    assert result["data"] == {
        "patterns": TOPICS["patterns"],
        "default_site": "home",
        "archive": "sqlite",
        "archive_url": "edge_telemetry.db",
        "archive_table": "measurements",
    }
    await hass.async_block_till_done()
    # a second entry has topics and a file of its own
    result = await go_on(hass, await begin(hass), {**TOPICS, "patterns": ["other/{device}"], "archive": "sqlite"})
    assert result["data"]["archive_url"] == "edge_telemetry_2.db"


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"name": "  "}, {"name": "name_required"}),
        ({"default_site": " "}, {"default_site": "name_required"}),
        ({"patterns": []}, {"patterns": "pattern_required"}),
        ({"patterns": ["a/#"]}, {"patterns": "pattern_invalid"}),
        ({"patterns": ["{site}/data"]}, {"patterns": "pattern_invalid"}),
    ],
)
async def test_invalid_input_is_reported_and_can_be_corrected(
    hass: HomeAssistant, wrong: dict[str, Any], error: dict[str, str]
) -> None:
    result = await go_on(hass, await begin(hass), {**TOPICS, **wrong})
    assert (result["type"], result["errors"]) == (FlowResultType.FORM, error)
    result = await go_on(hass, result, TOPICS)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_two_entries_do_not_listen_to_the_same_topics(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    entry.add_to_hass(hass)
    for same in (DEFAULT_PATTERNS[0], "{site}/{system}/{device}/data", "/+/+/{device_id}/data/"):
        result = await go_on(hass, await begin(hass), {**TOPICS, "patterns": [same]})
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("{site_id}/{system}/{device_id}/data", "boat/{system}/{device_id}/data"),
        ("boat/{system}/{device_id}/data", "{site_id}/{system}/{device_id}/data"),
        ("boat/env/cellar/data", "{site_id}/{system}/{device_id}/data"),
        ("+/{device_id}", "boat/{device_id}"),
        ("boat/+/{device_id}", "{site}/env/{device_id}/"),
        ("tele/{device_id}/SENSOR", "tele/{device_id}/STATE"),
        ("tele/plug/SENSOR", "tasmota: tele/{device_id}/+"),
        ("zigbee2mqtt/{device_id}", "zigbee2mqtt/kitchen"),
    ],
)
async def test_topics_within_those_of_another_entry_are_refused(
    hass: HomeAssistant, entry: MockConfigEntry, theirs: str, ours: str
) -> None:
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, "patterns": ["other/{device_id}", theirs]})
    result = await go_on(hass, await begin(hass), {**TOPICS, "patterns": ["own/x/y/z/{device_id}", ours]})
    if result["type"] is FlowResultType.ABORT:  # the same topics
        assert result["reason"] == "already_configured"
        return
    assert (result["type"], result["errors"]) == (FlowResultType.FORM, {"patterns": "topics_overlap"})
    placeholders = result["description_placeholders"]
    assert (placeholders["title"], set(placeholders)) == ("Edge", {"topic", "other", "title"})
    result = await go_on(hass, result, {**TOPICS, "patterns": ["own/x/y/z/{device_id}"]})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    # Nor can it be changed to such topics later.
    flow = await begin(hass, "reconfigure", entry_id=result["result"].entry_id)
    again = await go_on(hass, flow, {**TOPICS, "patterns": [ours]})
    assert (again["type"], again["errors"]) == (FlowResultType.FORM, {"patterns": "topics_overlap"})


async def test_entries_with_roots_of_their_own_have_their_own_devices(
    hass: HomeAssistant, mqtt_mock: Any, publish: Publish
) -> None:
    entries = []
    for root in ("home", "boat"):
        topics = {**TOPICS, "archive": "sqlite", "patterns": [f"{root}/{{system}}/{{device_id}}/data"]}
        result = await go_on(hass, await begin(hass), topics)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        entries.append(result["result"])
    await hass.async_block_till_done()
    await publish("home/env/one/data", {"temperature_c": 5})
    await publish("boat/env/one/data", {"temperature_c": 6})
    parts = [entry.runtime_data for entry in entries]
    assert [[device.id for device in each.devices.values()] for each in parts] == [["home/env/one"], ["boat/env/one"]]
    assert [each.archive.archive.url.database.rpartition("/")[2] for each in parts] == [
        "edge_telemetry.db",
        "edge_telemetry_2.db",
    ]
    await settle(hass)


async def test_without_mqtt_the_flow_shows_an_error(hass: HomeAssistant) -> None:
    (mqtt,) = hass.config_entries.async_entries("mqtt")
    await hass.config_entries.async_set_disabled_by(mqtt.entry_id, config_entries.ConfigEntryDisabler.USER)
    result = await go_on(hass, await begin(hass), TOPICS)
    assert result["errors"] == {"base": "mqtt_not_available"}
    await hass.config_entries.async_set_disabled_by(mqtt.entry_id, None)
    await hass.async_block_till_done()
    result = await go_on(hass, result, TOPICS)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_ruuvi_gateway_on_the_broker_is_discovered(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    topic = "ruuvi/C8:25:2D:8E:9C:2C/gw_status"
    found = MqttServiceInfo(topic, "{}", 0, False, "ruuvi/+/gw_status", 0.0)
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": "mqtt"}, data=found)
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "user")
    result = await go_on(hass, result, {**TOPICS, "patterns": DEFAULT_PATTERNS})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    again = await hass.config_entries.flow.async_init(DOMAIN, context={"source": "mqtt"}, data=found)
    assert (again["type"], again["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_a_discovered_gateway_is_not_offered_once_an_entry_subscribes(hass: HomeAssistant) -> None:
    found = MqttServiceInfo("ruuvi/C8:25:2D:8E:9C:2C/gw_status", "{}", 0, False, "ruuvi/+/gw_status", 0.0)
    await hass.config_entries.flow.async_init(DOMAIN, context={"source": "mqtt"}, data=found)
    assert len(hass.config_entries.flow.async_progress_by_handler(DOMAIN)) == 1
    open_elsewhere = await begin(hass)
    result = await go_on(hass, await begin(hass), TOPICS)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (left,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert left["flow_id"] == open_elsewhere["flow_id"], "the dialog of another flow stays open"


@pytest.mark.slow
async def test_a_postgresql_archive_is_tried_before_it_is_taken(hass: HomeAssistant, postgresql_url: str) -> None:  # noqa: F811
    result = await go_on(hass, await begin(hass), {**TOPICS, "archive": "postgresql"})
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "postgresql")
    for wrong, errors in (
        ({"archive_url": "nonsense"}, {"archive_url": "url_invalid"}),
        ({"archive_url": "sqlite:////tmp/x.db"}, {"archive_url": "url_invalid"}),
        ({"archive_table": "1; drop"}, {"archive_table": "table_invalid"}),
        ({"archive_url": postgresql_url.replace("suite@", "nobody@")}, {"base": "cannot_connect"}),
        ({"archive_table": "foreign"}, {"archive_table": "table_foreign"}),
    ):
        with psycopg.connect(postgresql_url, autocommit=True) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS foreign_ (x int)")
            connection.execute('CREATE TABLE IF NOT EXISTS "foreign" (x int)')
        result = await go_on(hass, result, {"archive_url": postgresql_url, "archive_table": "measurements", **wrong})
        assert result["errors"] == errors
        assert "nobody" not in str(result["description_placeholders"]["error"]) or errors == {"base": "cannot_connect"}
    right = {"archive_url": postgresql_url, "archive_table": "measurements"}
    result = await go_on(hass, result, right)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["archive_url"] == postgresql_url
    await hass.async_block_till_done()
    # another entry may not write to the same table
    result = await go_on(hass, await begin(hass), {**TOPICS, "patterns": ["other/{device}"], "archive": "postgresql"})
    result = await go_on(hass, result, right)
    assert result["errors"] == {"archive_table": "archive_in_use"}


async def test_topics_and_archive_can_be_changed(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await set_up(hass, entry)
    result = await begin(hass, "reconfigure", entry_id=entry.entry_id)
    assert result["step_id"] == "reconfigure"
    result = await go_on(hass, result, {**TOPICS, "patterns": ["a/{device}", "a/{device}"], "archive": "sqlite"})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert entry.title == "Van"
    assert entry.data["patterns"] == ["a/{device}"]
    assert entry.data["archive_url"] == "edge_telemetry.db"
    result = await begin(hass, "reconfigure", entry_id=entry.entry_id)
    result = await go_on(hass, result, {**TOPICS, "archive": "postgresql"})
    assert result["step_id"] == "postgresql"


async def test_an_archive_can_be_taken_away_and_given_back(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await set_up(hass, entry)
    for archive, file in (("off", None), ("sqlite", "edge_telemetry.db")):
        result = await begin(hass, "reconfigure", entry_id=entry.entry_id)
        result = await go_on(hass, result, {**TOPICS, "archive": archive})
        assert result["reason"] == "reconfigure_successful"
        await hass.async_block_till_done()
        assert entry.data.get("archive_url") == file
        known = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        assert any("archive" in item.unique_id for item in known) is (file is not None), "nothing stays behind"


# Options


async def options(hass: HomeAssistant, entry: MockConfigEntry, step: str) -> dict[str, Any]:
    """Open a step of the options."""
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["type"] is FlowResultType.MENU
    assert step in result["menu_options"]
    return await hass.config_entries.options.async_configure(result["flow_id"], {"next_step_id": step})


async def fill(hass: HomeAssistant, result: dict[str, Any], user_input: dict[str, Any]) -> dict[str, Any]:
    """Fill in a form of the options."""
    done = await hass.config_entries.options.async_configure(result["flow_id"], user_input)
    await hass.async_block_till_done()
    return done


async def test_limits_can_be_set(hass: HomeAssistant, data: EdgeData, entry: MockConfigEntry) -> None:
    limits = {"timeout_s": 60, "max_devices": 3, "max_metrics": 5, "raw_days": 0, "fine_days": 10, "max_megabytes": 0}
    result = await fill(hass, await options(hass, entry, "limits"), limits)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    again: EdgeData = entry.runtime_data
    assert again is not data
    assert (again.options["timeout_s"], again.options["max_devices"]) == (60, 3)
    assert again.archive.archive is not None
    assert (again.archive.archive.retention.raw_days, again.archive.archive.retention.max_bytes) == (None, None)


async def test_without_metrics_there_are_only_limits(
    hass: HomeAssistant, data: EdgeData, entry: MockConfigEntry
) -> None:
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["menu_options"] == ["limits", "mapping_device", "mappings_text"]


@pytest.mark.parametrize("whose", ["odd", "van/env/one:odd"])
async def test_name_unit_and_kind_can_be_overridden_and_given_back(
    hass: HomeAssistant, data: EdgeData, entry: MockConfigEntry, publish: Publish, *, whose: str
) -> None:
    await publish("van/env/one/data", {"odd": 5, "flag": True})
    result = await fill(hass, await options(hass, entry, "choose_metric"), {"metric": whose})
    assert result["step_id"] == "metric"
    told = {"name": "Pool", "unit_of_measurement": "°C", "device_class": "temperature"}
    await fill(hass, result, told)
    assert entry.options["overrides"] == {whose: {"name": "Pool", "unit": "°C", "device_class": "temperature"}}
    await publish("van/env/one/data", {"odd": 6})
    shown = hass.states.get(entity_id(hass, "sensor", "odd", "van/env/one"))
    assert shown.attributes["unit_of_measurement"] == "°C"
    assert shown.attributes["device_class"] == "temperature"
    assert shown.attributes["friendly_name"] == "One Pool"
    result = await fill(hass, await options(hass, entry, "choose_metric"), {"metric": whose})
    await fill(hass, result, {})
    assert entry.options["overrides"] == {}


@pytest.mark.parametrize(
    ("key", "told", "units"),
    [
        ("odd", {"device_class": "temperature"}, "K, °C, °F"),
        ("odd", {"device_class": "power", "unit_of_measurement": "kWh"}, "GW, MW, TW, W, kW, mW"),
        ("temperature_c", {"device_class": "humidity"}, "%"),
        ("odd", {"device_class": "aqi", "unit_of_measurement": "x"}, "-"),
    ],
)
async def test_a_device_class_that_does_not_allow_the_unit_is_rejected_with_the_allowed_units(
    hass: HomeAssistant, data: EdgeData, entry: MockConfigEntry, publish: Publish, *, key: str, told: Any, units: str
) -> None:
    await publish("van/env/one/data", {key: 5})
    result = await fill(hass, await options(hass, entry, "choose_metric"), {"metric": key})
    result = await fill(hass, result, told)
    assert result["errors"] == {"unit_of_measurement": "unit_mismatch"}
    assert result["description_placeholders"]["units"] == units
    await fill(hass, result, {"name": "So be it"})
    assert entry.options["overrides"] == {key: {"name": "So be it"}}


@pytest.mark.parametrize(
    ("value", "fields", "wrong_kind"),
    [
        (5, {"name", "unit_of_measurement", "device_class"}, "timestamp"),
        (True, {"name", "device_class"}, "temperature"),
        ("text", {"name"}, None),
    ],
)
async def test_only_what_a_metric_can_be_is_offered(
    hass: HomeAssistant,
    data: EdgeData,
    entry: MockConfigEntry,
    publish: Publish,
    *,
    value: Any,
    fields: set[str],
    wrong_kind: str | None,
) -> None:
    await publish("van/env/one/data", {"odd": value})
    result = await fill(hass, await options(hass, entry, "choose_metric"), {"metric": "odd"})
    assert {str(field) for field in result["data_schema"].schema} == fields
    if wrong_kind is not None:
        with pytest.raises(InvalidData):
            await fill(hass, result, {"device_class": wrong_kind})


@pytest.mark.parametrize(("value", "kind", "name"), [(5, "energy", "Energie"), (True, "door", "Tür")])
async def test_kinds_have_home_assistants_own_names(
    hass: HomeAssistant,
    data: EdgeData,
    entry: MockConfigEntry,
    publish: Publish,
    *,
    value: Any,
    kind: str,
    name: str,
) -> None:
    hass.config.language = "de"
    await publish("van/env/one/data", {"odd": value})
    result = await fill(hass, await options(hass, entry, "choose_metric"), {"metric": "odd"})
    offered = result["data_schema"].schema["device_class"].config["options"]
    assert {"value": kind, "label": name} in offered


async def test_an_energy_by_choice_is_ready_for_the_energy_dashboard(
    hass: HomeAssistant, data: EdgeData, entry: MockConfigEntry, publish: Publish, caplog: pytest.LogCaptureFixture
) -> None:
    await publish("van/env/one/data", {"meter": 5})
    result = await fill(hass, await options(hass, entry, "choose_metric"), {"metric": "meter"})
    await fill(hass, result, {"device_class": "energy", "unit_of_measurement": "kWh"})
    await publish("van/env/one/data", {"meter": 6})
    shown = hass.states.get(entity_id(hass, "sensor", "meter", "van/env/one"))
    assert shown.attributes["state_class"] == "total_increasing"
    assert "impossible" not in caplog.text


@pytest.mark.parametrize("kind", ["timestamp", "enum", "nonsense"])
async def test_a_kind_from_elsewhere_that_no_number_can_have_costs_nothing(
    hass: HomeAssistant, mqtt_mock: Any, entry: MockConfigEntry, publish: Publish, *, kind: str
) -> None:
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, options={"overrides": {"odd": {"device_class": kind}}})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await publish("van/env/one/data", {"odd": 5})
    assert state(hass, "odd", "van/env/one") == "5"
    await take_down(hass, entry)


async def test_a_unit_alone_that_contradicts_the_kind_takes_the_kind_away(
    hass: HomeAssistant, data: EdgeData, entry: MockConfigEntry, publish: Publish
) -> None:
    await publish("van/env/one/data", {"temperature_c": 5})
    result = await fill(hass, await options(hass, entry, "choose_metric"), {"metric": "temperature_c"})
    await fill(hass, result, {"unit_of_measurement": "bananas"})
    await publish("van/env/one/data", {"temperature_c": 6})
    shown = hass.states.get(entity_id(hass, "sensor", "temperature_c", "van/env/one"))
    assert shown.attributes["unit_of_measurement"] == "bananas"
    assert "device_class" not in shown.attributes


async def test_stale_metrics_can_be_removed_and_return(
    hass: HomeAssistant, data: EdgeData, entry: MockConfigEntry, publish: Publish
) -> None:
    await publish("van/env/one/data", {"gone": 5, "here": 1})
    result = await options(hass, entry, "remove_metrics")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "no_stale_metrics")
    assert await hass.config_entries.async_reload(entry.entry_id)
    await publish("van/env/one/data", {"here": 2})
    result = await fill(hass, await options(hass, entry, "remove_metrics"), {"metrics": ["van/env/one:gone"]})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    registry = er.async_get(hass)
    assert registry.async_get_entity_id("sensor", DOMAIN, "01EDGE_van/env/one_gone") is None
    assert state(hass, "here", "van/env/one") is not None
    await publish("van/env/one/data", {"gone": 7})
    assert state(hass, "gone", "van/env/one") == "7"


async def test_a_metric_that_becomes_stale_can_be_removed_with_its_settings(
    hass: HomeAssistant, data: EdgeData, entry: MockConfigEntry, publish: Publish, freezer: FrozenDateTimeFactory
) -> None:
    await publish("van/env/one/data", {"gone": 5, "here": 1})
    for whose in ("gone", "van/env/one:gone"):
        result = await fill(hass, await options(hass, entry, "choose_metric"), {"metric": whose})
        await fill(hass, result, {"name": "Pool"})
        await publish("van/env/one/data", {"gone": 5, "here": 1})
    freezer.tick(901)
    await publish("van/env/one/data", {"here": 2})
    result = await fill(hass, await options(hass, entry, "remove_metrics"), {"metrics": ["van/env/one:gone"]})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert er.async_get(hass).async_get_entity_id("sensor", DOMAIN, "01EDGE_van/env/one_gone") is None
    assert entry.options["overrides"] == {"gone": {"name": "Pool"}}


async def test_the_archives_file_lies_in_the_configuration_folder(
    hass: HomeAssistant, data: EdgeData, tmp_path: Path
) -> None:
    assert data.archive.archive is not None
    assert data.archive.archive.url.database == str(tmp_path / "edge_telemetry.db")
