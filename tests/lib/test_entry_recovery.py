"""Config entries and subentries that a crash lost."""

from datetime import timedelta
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_IMPORT, ConfigFlow
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    async_fire_time_changed,
    mock_config_flow,
    mock_integration,
    mock_platform,
)

from lib.entry_recovery import (
    CONFIRM_AFTER_S,
    RecoveryPlan,
    confirm_later,
    reconcile,
    restore_entry,
    restore_subentry,
)


def test_records_are_compared_with_the_configuration() -> None:
    confirmed = {"new": False, "lost": False, "deleted": True, "known": True}
    assert reconcile(confirmed, configured={"new", "known", "other"}) == RecoveryPlan(
        restore=("lost",), forget=("deleted",), unconfirmed=("new",)
    )


def test_nothing_to_do_without_records() -> None:
    assert reconcile({}, configured={"a"}) == RecoveryPlan()


@given(st.dictionaries(st.integers(0, 9), st.booleans()), st.frozensets(st.integers(0, 9)))
def test_each_record_is_restored_forgotten_or_kept(confirmed: dict[int, bool], configured: frozenset[int]) -> None:
    plan = reconcile(confirmed, configured)
    planned = (*plan.restore, *plan.forget, *plan.unconfirmed)
    assert len(planned) == len(set(planned))
    assert set(confirmed) - set(planned) == {key for key in configured if confirmed.get(key)}
    assert not configured & {*plan.restore, *plan.forget}


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    entry = MockConfigEntry(domain="sample", title="Home")
    entry.add_to_hass(hass)
    return entry


async def test_a_record_is_confirmed_once_the_entry_has_been_written(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    confirmed: list[bool] = []

    async def confirm() -> None:
        confirmed.append(True)

    confirm_later(hass, entry, confirm)
    await hass.async_block_till_done()
    assert confirmed == []
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=CONFIRM_AFTER_S + 1))
    await hass.async_block_till_done()
    assert confirmed == [True]


async def test_unloading_cancels_the_confirmation(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    async def confirm() -> None:
        pytest.fail("confirmed after the entry was unloaded")

    confirm_later(hass, entry, confirm)
    await entry._async_process_on_unload(hass)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=CONFIRM_AFTER_S + 1))
    await hass.async_block_till_done()


async def test_a_lost_subentry_is_created_again(
    hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    subentry = restore_subentry(hass, entry, "device", "Cellar", {"device_id": "a1"}, unique_id="a1")
    assert entry.subentries == {subentry.subentry_id: subentry}
    assert (subentry.subentry_type, subentry.title, subentry.unique_id) == ("device", "Cellar", "a1")
    assert dict(subentry.data) == {"device_id": "a1"}
    assert "Restoring device Cellar, which was added just before a crash" in caplog.text


async def test_a_lost_entry_is_created_again_by_the_import_step(hass: HomeAssistant) -> None:
    mock_integration(hass, MockModule("sample"))
    mock_platform(hass, "sample.config_flow", None)

    class SampleFlow(ConfigFlow):
        """Creates an entry of what is imported."""

        async def async_step_import(self, import_data: dict[str, str]) -> object:
            return self.async_create_entry(title=import_data["name"], data=import_data)

    with mock_config_flow("sample", SampleFlow), patch("homeassistant.config_entries.ConfigEntry.async_setup"):
        restore_entry(hass, "sample", "Unit 01", {"name": "Unit 01"})
        await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries("sample")
    assert (entry.source, entry.title, dict(entry.data)) == (SOURCE_IMPORT, "Unit 01", {"name": "Unit 01"})
