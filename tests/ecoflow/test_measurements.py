"""The archive of measurements: its options, rows, permissions, retention, and a database that is away."""

from datetime import timedelta
import logging
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock, patch

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import Context, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser, async_fire_time_changed

from custom_components.ecoflow._lib.archive import Archive
from custom_components.ecoflow.const import DOMAIN
from custom_components.ecoflow.diagnostics import async_get_config_entry_diagnostics
from custom_components.ecoflow.flows import options as options_module

from .conftest import DELTA_2, DELTA_PRO, Settle

ISSUE = "archive_unavailable_{}"
BASE = {"poll_interval": 60, "max_age": 300, "use_mqtt": True}
RETENTION = {"raw_days": 7, "fine_days": 0, "max_megabytes": 100}
SQLITE = {"archive": "sqlite", "archive_url": "ecoflow_measurements.db", "archive_table": "ecoflow_measurements"}


@pytest.fixture(autouse=True)
def folder(hass: HomeAssistant, tmp_path: Path) -> None:
    """The file is in a folder of the test's own."""
    hass.config.config_dir = str(tmp_path)


@pytest.fixture
def archived(entry: MockConfigEntry, hass: HomeAssistant) -> None:
    """The measurements of the account are archived in a file."""
    hass.config_entries.async_update_entry(entry, options={**BASE, **SQLITE, **RETENTION})


async def change(hass: HomeAssistant, entry: MockConfigEntry, *inputs: dict[str, Any]) -> Any:
    """Go through the options."""
    result = await hass.config_entries.options.async_init(entry.entry_id)
    for user_input in inputs:
        result = await hass.config_entries.options.async_configure(result["flow_id"], user_input)
    return result


async def query(hass: HomeAssistant, context: Context | None = None, **data: Any) -> Any:
    start = dt_util.utcnow() - timedelta(hours=1)
    end = dt_util.utcnow() + timedelta(hours=1)
    call = {"start": start.isoformat(), "end": end.isoformat(), **data}
    return await hass.services.async_call(
        DOMAIN, "query_measurements", call, blocking=True, return_response=True, context=context
    )


async def test_the_options_turn_an_archive_in_a_file_on_and_off(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    result = await change(hass, entry, {**BASE, "archive": "sqlite"})
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "sqlite")
    result = await hass.config_entries.options.async_configure(result["flow_id"], RETENTION)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {**BASE, **SQLITE, **RETENTION}
    # Its file stays, and another account gets its own.
    await change(hass, entry, {**BASE, "archive": "sqlite"}, RETENTION)
    assert entry.options["archive_url"] == "ecoflow_measurements.db"
    other = MockConfigEntry(domain=DOMAIN, data=dict(entry.data), unique_id="other")
    other.add_to_hass(hass)
    await change(hass, other, {**BASE, "archive": "sqlite"}, RETENTION)
    assert other.options["archive_url"] == "ecoflow_measurements_2.db"
    await change(hass, entry, {**BASE, "archive": "off"})
    assert entry.options == BASE


async def test_a_database_is_checked_before_it_is_used(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    database = {"archive_url": "mysql://x", "archive_table": "ecoflow_measurements", **RETENTION}
    result = await change(hass, entry, {**BASE, "archive": "postgresql"}, database)
    assert result["errors"] == {"archive_url": "url_invalid"}
    database["archive_url"] = "postgresql://user:hidden1@127.0.0.1:1/x"
    with patch.object(options_module, "check_database", return_value=({}, "")) as check:
        result = await hass.config_entries.options.async_configure(result["flow_id"], database)
    check.assert_called_once_with(database["archive_url"], "ecoflow_measurements", ("device_sn",))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {**BASE, "archive": "postgresql", **database}
    other = MockConfigEntry(domain=DOMAIN, data=dict(entry.data), unique_id="other")
    other.add_to_hass(hass)
    result = await change(hass, other, {**BASE, "archive": "postgresql"}, database)
    assert result["errors"] == {"archive_table": "archive_in_use"}
    found = await async_get_config_entry_diagnostics(hass, entry)
    assert "hidden1" not in str(found)


@pytest.mark.usefixtures("archived")
async def test_what_devices_send_is_archived_and_read_by_those_who_may(
    hass: HomeAssistant, account: MockConfigEntry, settle: Settle
) -> None:
    data = account.runtime_data
    archive: Archive = data.archive.archive
    data.archive.add_rows()
    data.archive.add_rows()  # nothing has arrived since
    await settle(lambda: archive.status.written >= 2)
    assert archive.status.written == 2, "one row a device"
    found = await query(hass, aggregation="raw")
    assert {row["device_sn"] for row in found["rows"]} == {DELTA_PRO, DELTA_2}
    row = next(row for row in found["rows"] if row["device_sn"] == DELTA_2)
    values = {key: value for key, value, _ in data.client.family(DELTA_2).decode(data.client.states[DELTA_2].values)}
    assert row["metrics"] == {key: value for key, value in values.items() if value is not None}
    # One device, one metric, and means.
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, DELTA_2), account.entry_id)
    assert device is not None
    found = await query(hass, device_id=device.id, metrics=["battery_level"])
    (mean,) = found["rows"]
    assert (mean["device_sn"], mean["metric"], mean["n"], mean["mean"]) == (
        DELTA_2, "battery_level", 1, values["battery_level"],
    )  # fmt: skip
    assert (await query(hass, aggregation="raw", metrics=["nothing"]))["rows"] == []
    assert (await query(hass, aggregation="raw", limit=1))["truncated"] is True
    # A user reads what the entities show.
    user = MockUser(system_generated=False).add_to_hass(hass)
    with pytest.raises(Unauthorized):
        await query(hass, Context(user_id=user.id))
    entity_id = next(
        state.entity_id for state in hass.states.async_all("sensor") if state.entity_id.endswith("battery_level")
    )
    user.mock_policy({"entities": {"entity_ids": {entity_id: {"read": True}}}})
    for aggregation in ("raw", "hour"):
        found = await query(hass, Context(user_id=user.id), aggregation=aggregation)
        (row,) = found["rows"]
        assert "battery_level" in (row.get("metric"), *row.get("metrics", ()))
        assert len(row.get("metrics", [0])) == 1
    found = await async_get_config_entry_diagnostics(hass, account)
    assert found["account"]["archive"]["written"] == 2
    with pytest.raises(ServiceValidationError, match="after"):
        await query(hass, end="2020-01-01 00:00:00")
    with pytest.raises(ServiceValidationError, match="Select a device"):
        await query(hass, device_id="unknown")
    await hass.config_entries.async_unload(account.entry_id)
    assert data.archive.archive is None


async def test_without_an_archive_the_action_fails(hass: HomeAssistant, account: MockConfigEntry) -> None:
    account.runtime_data.archive.add_rows()
    with pytest.raises(ServiceValidationError, match="not archived"):
        await query(hass)


async def test_a_database_that_stays_away_is_a_repair_issue(
    hass: HomeAssistant, entry: MockConfigEntry, settle: Settle
) -> None:
    database = {"archive": "postgresql", "archive_url": "postgresql://x@127.0.0.1:1/x", "archive_table": "t"}
    hass.config_entries.async_update_entry(entry, options={**BASE, **database, **RETENTION})
    assert await hass.config_entries.async_setup(entry.entry_id)
    archive = entry.runtime_data.archive
    await settle(lambda: archive.archive.status.last_error is not None)
    await hass.async_block_till_done()
    issues = ir.async_get(hass)
    assert issues.async_get_issue(DOMAIN, ISSUE.format(entry.entry_id)) is None
    with pytest.raises(HomeAssistantError, match="not available"):
        await query(hass)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=301))
    await hass.async_block_till_done()
    issue = issues.async_get_issue(DOMAIN, ISSUE.format(entry.entry_id))
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["account"] == entry.title
    await hass.config_entries.async_unload(entry.entry_id)
    assert issues.async_get_issue(DOMAIN, ISSUE.format(entry.entry_id)) is None


@pytest.mark.usefixtures("archived")
async def test_a_database_that_is_back_in_time_raises_no_issue(
    hass: HomeAssistant, account: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    archive = account.runtime_data.archive
    real, issues = archive.archive, ir.async_get(hass)
    status = MagicMock(connected=False, last_error="no route")
    archive.archive = MagicMock(status=status)

    async def later(seconds: float) -> None:
        async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=seconds))
        await hass.async_block_till_done()

    archive._changed()
    archive._changed()
    status.connected = True
    archive._changed()
    await later(301)
    assert issues.async_get_issue(DOMAIN, ISSUE.format(account.entry_id)) is None
    # It is away again when the account is unloaded.
    status.connected = False
    archive._changed()
    archive.archive = real
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    assert archive.archive is None
    archive._changed()
    archive.add_rows()
    await later(602)
    assert issues.async_get_issue(DOMAIN, ISSUE.format(account.entry_id)) is None
    await hass.config_entries.async_unload(account.entry_id)
    # A cloud that is asked again after the skipped time may be late: its coordinator reports that for debugging.
    assert not [record for record in caplog.records if record.exc_info and record.levelno > logging.DEBUG]
