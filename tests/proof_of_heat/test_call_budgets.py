"""One budget per account: the cloud's limit holds for all users, however often a heat pump is added."""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
import pytest

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.drivers.call_budget import CallBudget, CallLimits
from custom_components.proof_of_heat.flows.form import FieldError
from custom_components.proof_of_heat.sources.call_budgets import async_account_budget
from custom_components.proof_of_heat.sources.registry import forms

from . import ha
from .flow import device

API = "http://cloud/iot/v2"


async def test_one_account_has_one_account(hass: HomeAssistant) -> None:
    one = await async_account_budget(hass, "client", API, CallLimits())
    assert await async_account_budget(hass, "client", API, CallLimits(day=3000)) is one
    assert await async_account_budget(hass, "other", API, CallLimits()) is not one
    assert await async_account_budget(hass, "client", "http://other/iot/v2", CallLimits()) is not one


async def test_the_lowest_limit_of_its_holders_counts(hass: HomeAssistant) -> None:
    account = await async_account_budget(hass, "client", API, CallLimits())
    account.add_user("a", CallLimits(day=3000))
    account.add_user("b", CallLimits(day=1000))
    assert (account.budget.limit_day, account.budget.sharers) == (1000, 2)
    await async_account_budget(hass, "client", API, CallLimits(day=9000))
    assert account.budget.limit_day == 1000, "a form changes nothing for those who use it"
    account.remove_user("b")
    assert (account.budget.limit_day, account.budget.sharers) == (3000, 1)


async def test_forms_and_two_heat_pumps_of_an_account_are_counted_together(
    hass: HomeAssistant, loopback: Callable[[], str], hass_storage: dict[str, Any]
) -> None:
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    async with device("viessmann", loopback) as (cloud, values):
        first = await ha.source(hass, "viessmann", values)
        assert cloud.total_calls > 0
        account = await async_account_budget(hass, values["client_id"], first.data["info"]["api_url"], CallLimits())
        assert account.budget.state().used_day == cloud.total_calls, "the form's calls count"
        again = await ha.source(hass, "viessmann", values)
        second = ConfigSubentry(
            data=MappingProxyType(dict(again.data)), subentry_type="source", title="Second", unique_id="second"
        )
        entry = ha.system(first, second)
        await ha.start(hass, entry)
        units = list(entry.runtime_data.sources.values())
        assert [unit.budget for unit in units] == [account.budget, account.budget]
        for unit in units:
            await unit.source.refresh()
        used = account.budget.state().used_day
        assert used == cloud.total_calls
        key = next(key for key in hass_storage if key.startswith(f"{DOMAIN}.budget."))
        assert len(hass_storage[key]["data"]["calls"]) >= used, "on disk before a call goes out"
        # Removed and added again: today's calls still count.
        await hass.config_entries.async_remove(entry.entry_id)
        await hass.async_block_till_done()
        assert key not in hass_storage
        same = await async_account_budget(hass, values["client_id"], first.data["info"]["api_url"], CallLimits())
        assert same.budget.state().used_day == used


def test_a_raised_user_limit_applies_until_the_next_refusal() -> None:
    budget = CallBudget(CallLimits(day=1450), lambda: 1e9)
    budget.record_refusal(800, None, "day limit")
    assert budget.limit_day == 800
    saved = budget.dump()
    budget.configure(CallLimits(day=1450))
    assert budget.limit_day == 800, "the configured limit did not change"
    budget.configure(CallLimits(day=3000))
    assert budget.limit_day == 3000, "another contract"
    restarted = CallBudget(CallLimits(day=3000), lambda: 1e9)
    restarted.load(saved)
    assert restarted.limit_day == 3000, "also if the limit is raised during a restart"
    restarted.record_refusal(2000, None, "day limit")
    assert restarted.limit_day == 2000


def test_a_small_budget_is_spread_over_the_day() -> None:
    budget = CallBudget(CallLimits(day=100, short=20, write_reserve=14), lambda: 1e9)
    assert 86_400 / budget.spread_s < 86
    budget.sharers = 2
    assert 2 * 86_400 / budget.spread_s < 86


async def test_the_strictest_of_each_limit_counts(hass: HomeAssistant) -> None:
    account = await async_account_budget(hass, "client", API, CallLimits())
    account.add_user("a", CallLimits(day=3000, short=60))
    account.add_user("b", CallLimits(day=1000, short=300))
    assert (account.budget.limit_day, account.budget.limit_short) == (1000, 60)
    account.remove_user("a")
    assert (account.budget.limit_day, account.budget.limit_short) == (1000, 300)


def test_a_raised_ten_minute_user_limit_applies_until_the_next_refusal() -> None:
    budget = CallBudget(CallLimits(short=120), lambda: 1e9)
    budget.record_refusal(60, None, "minute limit")
    saved = budget.dump()
    budget.configure(CallLimits(short=120))
    assert budget.limit_short == 60, "the configured limit did not change"
    budget.configure(CallLimits(short=400))
    assert budget.limit_short == 400, "another contract"
    restarted = CallBudget(CallLimits(short=400), lambda: 1e9)
    restarted.load(saved)
    assert restarted.limit_short == 400, "also if the limit is raised during a restart"
    same = CallBudget(CallLimits(short=120), lambda: 1e9)
    same.load(saved)
    assert same.limit_short == 60


def test_an_unnamed_refusal_applies_to_the_nearest_limit() -> None:
    budget = CallBudget(CallLimits(day=1450, short=800), lambda: 1e9)
    budget.record_refusal(700, None)
    assert (budget.limit_day, budget.limit_short) == (1450, 700)
    budget.record_refusal(1400, None)
    assert (budget.limit_day, budget.limit_short) == (1400, 700)


async def test_the_forms_limits_are_those_of_the_account(hass: HomeAssistant, loopback: Callable[[], str]) -> None:
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    async with device("viessmann", loopback) as (_, values):
        found = await ha.source(hass, "viessmann", {**values, "day_limit": 900, "short_limit": 45})
        entry = ha.system(found)
        await ha.start(hass, entry)
        (unit,) = entry.runtime_data.sources.values()
        assert unit.budget is not None
        assert (unit.budget.limit_day, unit.budget.limit_short) == (900, 45)
        with pytest.raises(FieldError) as caught:
            await ha.source(hass, "viessmann", {**values, "day_limit": 900, "short_limit": 901})
        assert forms()["viessmann"].errors(caught.value) == {"short_limit": "short_above_day"}


async def test_a_heat_pump_of_before_has_the_usual_ten_minute_limit(
    hass: HomeAssistant, loopback: Callable[[], str]
) -> None:
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    async with device("viessmann", loopback) as (_, values):
        found = await ha.source(hass, "viessmann", values)
        old = {key: value for key, value in found.data.items() if key != "short_limit"}
        entry = ha.system(
            ConfigSubentry(
                data=MappingProxyType(old), subentry_type="source", title=found.title, unique_id=found.unique_id
            )
        )
        await ha.start(hass, entry)
        (unit,) = entry.runtime_data.sources.values()
        assert unit.budget is not None
        assert unit.budget.limit_short == 120
