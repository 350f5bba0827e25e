"""A full disk: heating continues, changes apply, one repair issue, and everything is stored once there is space."""

from collections.abc import Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.proof_of_heat._lib.retried_store import STORAGE_ISSUE
from custom_components.proof_of_heat.comfort.profiles import Profile
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.drivers.call_budget import CallLimits
from custom_components.proof_of_heat.sources.call_budgets import async_account_budget
from custom_components.proof_of_heat.sources.write_counter import write_counters
from tests.full_disk import full_disk_of

from .test_hand_over import STORE, USERS, Thermostat, controlled, passes, thermostat, turn_off

__all__ = ["thermostat"]


def issue(hass: HomeAssistant) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, STORAGE_ISSUE)


async def test_heating_begins_and_ends_while_the_disk_is_full(
    hass: HomeAssistant, thermostat: Thermostat, freezer: FrozenDateTimeFactory, hass_storage: dict[str, Any]
) -> None:
    with full_disk_of(DOMAIN):
        entry = await controlled(hass, thermostat, freezer)
        assert thermostat.settings != USERS, "commanded"
        assert issue(hass) is not None
        assert STORE not in hass_storage
    await passes(hass, freezer, 70)
    assert hass_storage[STORE]["data"]["devices"], "stored once there is space, without a further change"
    assert hass_storage[f"{DOMAIN}.wanted.{entry.entry_id}"]["data"]["active"]
    assert issue(hass) is None
    with full_disk_of(DOMAIN):
        await turn_off(hass, entry)
        await passes(hass, freezer, 20)
        assert thermostat.settings == USERS
        assert issue(hass) is not None
    await passes(hass, freezer, 70)
    assert not hass_storage[STORE]["data"]["devices"]
    assert issue(hass) is None


async def test_a_reload_meanwhile_keeps_what_the_user_chose(
    hass: HomeAssistant, thermostat: Thermostat, freezer: FrozenDateTimeFactory, hass_storage: dict[str, Any]
) -> None:
    entry = await controlled(hass, thermostat, freezer)
    with full_disk_of(DOMAIN):
        await turn_off(hass, entry)
        await entry.runtime_data.user.async_set_profile(Profile.AWAY)
        await passes(hass, freezer, 20)
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        user = entry.runtime_data.user
        assert (user.active, user.comfort.profile) == (False, Profile.AWAY)
    await passes(hass, freezer, 70)
    stored = hass_storage[f"{DOMAIN}.wanted.{entry.entry_id}"]["data"]
    assert (stored["active"], stored["profile"]) == (False, "away")
    assert issue(hass) is None


async def test_a_removed_system_leaves_no_issue(
    hass: HomeAssistant, thermostat: Thermostat, freezer: FrozenDateTimeFactory
) -> None:
    entry = await controlled(hass, thermostat, freezer)
    with full_disk_of(DOMAIN):
        await entry.runtime_data.user.async_set_profile(Profile.AWAY)
        await hass.config_entries.async_remove(entry.entry_id)
        await passes(hass, freezer, 20)
    await passes(hass, freezer, 70)
    assert issue(hass) is None
    assert thermostat.settings == USERS


async def _count_call(hass: HomeAssistant) -> Callable[[], int]:
    account = await async_account_budget(hass, "client", "https://api.example", CallLimits())
    account.add_user("a", CallLimits())
    account.budget.grant(1, write=False)
    await account.async_save(account.budget.dump())
    return lambda: account.budget.state().used_day


async def _count_write(hass: HomeAssistant) -> Callable[[], int]:
    counter = await write_counters(hass).async_of("127.0.0.1_1")
    await counter.reserve(1, 10)
    return lambda: counter.last_day


@pytest.mark.parametrize(
    ("count", "key"), [(_count_call, f"{DOMAIN}.budget."), (_count_write, f"{DOMAIN}.modbus_writes")]
)
async def test_calls_and_writes_are_counted_in_memory(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
    count: Callable[[HomeAssistant], Any],
    key: str,
) -> None:
    """A heat pump must not be left alone because its calls cannot be recorded."""
    with full_disk_of(DOMAIN):
        used = await count(hass)
        assert used() == 1
        assert not [name for name in hass_storage if name.startswith(key)]
        assert issue(hass) is not None
    await passes(hass, freezer, 70)
    assert [name for name in hass_storage if name.startswith(key)]
    assert issue(hass) is None
