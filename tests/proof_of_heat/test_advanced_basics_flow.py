"""Advanced sections of the basic forms: system, price with fees by time, presence; through to what they change."""

from datetime import UTC, datetime, timedelta
import math
from typing import Any
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat.comfort.profiles import Profile
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.engine.decision_record import ControlMode
from custom_components.proof_of_heat.inputs.presence import AwayDelay
from custom_components.proof_of_heat.prices.series import PriceSeries, Slot, Surcharges
from custom_components.proof_of_heat.prices.tariff import Tariff, TariffError, parse

from .ha import HEATER, OUTDOOR, ROOM, source, start, system, thermometer, zone

NOW = datetime(2026, 1, 21, 11, 15, tzinfo=UTC)
HELSINKI = ZoneInfo("Europe/Helsinki")
BASICS = {"name": "Home", "outdoor": OUTDOOR, "emitter": "underfloor"}
ADVANCED = {"override_hours": 6.0, "frost_room": 10.0, "fallback_flow": 35.0}
WINTER_DAY = {
    "months": ["nov", "dec", "jan", "feb", "mar"],
    "days": ["mon", "tue", "wed", "thu", "fri", "sat"],
    "start": "07:00:00",
    "end": "22:00:00",
    "price": 0.06,
}


@pytest.fixture
async def home(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> MockConfigEntry:
    await hass.config.async_set_time_zone("Europe/Helsinki")
    freezer.move_to(NOW)
    thermometer(hass, ROOM, 9.0)
    thermometer(hass, OUTDOOR, 2.0)
    hass.states.async_set(HEATER, "off", {"friendly_name": "Heater"})
    assert await async_setup_component(hass, DOMAIN, {})
    data = {"entity": HEATER, "source_kind": "direct_electric", "number_is": "power", "nominal_power": 3000}
    made = system(zone(), await source(hass, "entity", data))
    await start(hass, made)
    return made


async def reconfigure(hass: HomeAssistant, entry: MockConfigEntry, values: dict[str, Any]) -> Any:
    result = await entry.start_reconfigure_flow(hass)
    result = await hass.config_entries.flow.async_configure(result["flow_id"], values)
    await hass.async_block_till_done()
    return result


async def options(hass: HomeAssistant, entry: MockConfigEntry, form: str, values: dict[str, Any]) -> Any:
    result = await hass.config_entries.options.async_init(entry.entry_id)
    result = await hass.config_entries.options.async_configure(result["flow_id"], {"next_step_id": form})
    result = await hass.config_entries.options.async_configure(result["flow_id"], values)
    await hass.async_block_till_done()
    return result


def section_of(result: Any) -> dict[str, Any]:
    """The suggested values of a form's section."""
    (section,) = [value for key, value in result["data_schema"].schema.items() if key == "advanced"]
    assert section.options["collapsed"]
    return {str(key): (key.description or {}).get("suggested_value") for key in section.schema.schema}


async def test_a_new_system_begins_with_the_short_form(hass: HomeAssistant) -> None:
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": "user"})
    assert [str(key) for key in result["data_schema"].schema] == ["name", "outdoor", "weather", "emitter"]


async def test_settings_of_the_system_are_kept_and_can_be_cleared(hass: HomeAssistant, home: MockConfigEntry) -> None:
    usual = home.runtime_data.config.basics
    assert (usual.override_hours, usual.frost_room_c, usual.fallback_flow_c) == (3.0, 7.0, 30.0)
    result = await reconfigure(hass, home, {**BASICS, "advanced": ADVANCED})
    assert result["reason"] == "reconfigure_successful"
    assert home.data == {**BASICS, "advanced": ADVANCED}
    assert section_of(await home.start_reconfigure_flow(hass)) == ADVANCED
    safety = home.runtime_data.engine.config.safety
    assert (safety.frost_room_c, safety.fallback_flow_c) == (10.0, 35.0)
    await reconfigure(hass, home, {**BASICS, "advanced": {}})
    assert home.data == BASICS
    assert home.runtime_data.config.basics == usual


@pytest.mark.parametrize(
    ("field", "value"), [("frost_room", 4.5), ("frost_room", 16), ("override_hours", 0), ("fallback_flow", 70)]
)
async def test_value_out_of_range_names_the_field(
    hass: HomeAssistant, home: MockConfigEntry, field: str, value: float
) -> None:
    with pytest.raises(InvalidData) as caught:
        await reconfigure(hass, home, {**BASICS, "advanced": {field: value}})
    assert field in str(caught.value.path)


async def test_frost_protection_begins_at_the_entered_temperature(
    hass: HomeAssistant, home: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    async def mode() -> ControlMode:
        """The mode after the read-only time of a start."""
        for _ in range(2):
            freezer.tick(70)
            thermometer(hass, ROOM, 9.0)
            await home.runtime_data.coordinator.async_refresh()
        return home.runtime_data.coordinator.data.decision.record.control_mode

    await home.runtime_data.user.async_set_profile(Profile.ANTIFREEZE)
    assert await mode() not in {ControlMode.FROST, ControlMode.STARTING}, "9 °C is above 7 °C"
    await reconfigure(hass, home, {**BASICS, "advanced": {"frost_room": 10.0}})
    assert await mode() == ControlMode.FROST
    (climate,) = hass.states.async_entity_ids("climate")
    shown = hass.states.get(climate)
    assert shown is not None
    assert shown.attributes["temperature"] == 10.0


@pytest.mark.parametrize(("advanced", "hours"), [({}, 3.0), ({"override_hours": 6.0}, 6.0)])
async def test_boost_and_thermostat_last_as_long_as_entered(
    hass: HomeAssistant, home: MockConfigEntry, advanced: dict[str, float], hours: float
) -> None:
    await reconfigure(hass, home, {**BASICS, "advanced": advanced})
    (climate,) = hass.states.async_entity_ids("climate")
    boost = er.async_get(hass).async_get_entity_id("button", DOMAIN, f"{home.entry_id}_boost")
    assert boost is not None
    await hass.services.async_call("button", "press", {"entity_id": boost}, blocking=True)
    data = {"entity_id": climate, "temperature": 22.0}
    await hass.services.async_call("climate", "set_temperature", data, blocking=True)
    ends = {item.until for item in home.runtime_data.user.comfort.overrides}
    assert ends == {NOW + timedelta(hours=hours)}


async def test_fees_by_time_are_part_of_price_and_forecast(
    hass: HomeAssistant, home: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    rows = [
        {"start": (NOW.replace(minute=0) + timedelta(hours=i)).isoformat(), "price": 0.10 + i / 100} for i in range(24)
    ]
    hass.states.async_set("sensor.price", "0.10", {"unit_of_measurement": "EUR/kWh", "prices": rows})
    values = {"price_entity": "sensor.price", "fees": 0.02, "tax": 25.0}
    assert (await options(hass, home, "price", values))["type"] is FlowResultType.CREATE_ENTRY
    snapshot = home.runtime_data.coordinator.data.snapshot
    assert snapshot.price_kwh == pytest.approx(0.12 * 1.25)
    reloaded = home.runtime_data
    result = await options(hass, home, "price", {**values, "advanced": {"fee_windows": [WINTER_DAY]}})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert home.runtime_data is reloaded, "in place"
    snapshot = home.runtime_data.coordinator.data.snapshot
    assert snapshot.price_kwh == pytest.approx(0.16 * 1.25), "at once"
    # It is 13:15 in Helsinki: up to 22:00 the fee of the day, then the usual fees.
    quarters = snapshot.forecast.price_kwh
    hours = [int((13.25 + index / 4) // 1) for index in range(44)]
    expected = [(0.10 + (hour - 13) / 100 + (0.06 if hour < 22 else 0.02)) * 1.25 for hour in hours]
    assert list(quarters[:44]) == pytest.approx(expected)
    assert section_of(await options_form(hass, home, "price")) == {"fee_windows": [WINTER_DAY]}
    await options(hass, home, "tariff", {"base_price": 0.3})
    assert home.options["price"]["advanced"] == {"fee_windows": [WINTER_DAY]}, "another form of the subject keeps it"
    await options(hass, home, "price", {**values, "advanced": {}})
    assert "advanced" not in home.options["price"]


async def options_form(hass: HomeAssistant, entry: MockConfigEntry, form: str) -> Any:
    result = await hass.config_entries.options.async_init(entry.entry_id)
    return await hass.config_entries.options.async_configure(result["flow_id"], {"next_step_id": form})


async def test_prices_published_before_do_not_keep_old_fees(hass: HomeAssistant, home: MockConfigEntry) -> None:
    rows = [{"start": (NOW.replace(minute=0) + timedelta(hours=i)).isoformat(), "price": 0.1} for i in range(24)]
    attributes = {"unit_of_measurement": "EUR/kWh"}
    hass.states.async_set("sensor.price", "0.10", {**attributes, "prices": rows})
    await options(hass, home, "price", {"price_entity": "sensor.price", "fees": 0.02, "tax": 0.0})
    await home.runtime_data.coordinator.async_refresh()
    hass.states.async_set("sensor.price", "0.10", attributes)
    await options(hass, home, "price", {"price_entity": "sensor.price", "fees": 0.05, "tax": 0.0})
    snapshot = home.runtime_data.coordinator.data.snapshot
    assert snapshot.price_kwh == pytest.approx(0.15)
    forecast = () if snapshot.forecast is None else snapshot.forecast.price_kwh
    assert {round(price, 4) for price in forecast if not math.isnan(price)} <= {0.15}


@pytest.mark.parametrize(
    "window", [{**WINTER_DAY, "end": "07:00:00"}, {"start": "07:00:00", "end": "07:00:00", "price": 0.1}]
)
async def test_impossible_fees_are_an_error(hass: HomeAssistant, home: MockConfigEntry, window: Any) -> None:
    values = {"fees": 0.0, "tax": 0.0, "advanced": {"fee_windows": [window]}}
    assert (await options(hass, home, "price", values))["errors"] == {"base": "fee_windows_invalid"}


async def test_stored_fees_that_are_invalid_are_ignored(
    hass: HomeAssistant, home: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    price = {"fees": 0.02, "tax": 0.0, "fixed_price": 0.2, "advanced": {"fee_windows": [{"price": "x"}]}}
    hass.config_entries.async_update_entry(home, options={"price": price})
    await hass.async_block_till_done()
    assert home.runtime_data.config.fee_tariff is None
    assert "The list of fees by time is invalid and ignored" in caplog.text


@pytest.mark.parametrize(
    ("local", "fee"),
    [
        ("2026-01-21T06:59", 0.02),
        ("2026-01-21T07:00", 0.06),
        ("2026-01-21T22:00", 0.02),
        ("2026-01-18T12:00", 0.02),  # a Sunday
        ("2026-04-01T12:00", 0.02),
        ("2026-03-31T12:00", 0.06),
        ("2026-11-02T12:00", 0.06),
    ],
)
def test_season_of_a_window(local: str, fee: float) -> None:
    assert parse(0.02, [WINTER_DAY]).at(datetime.fromisoformat(local).replace(tzinfo=HELSINKI)) == fee


@pytest.mark.parametrize(
    ("months", "nights"), [(["mar"], [0.1, 0.1, 0.0]), ("Mar,apr", [0.1, 0.1, 0.1]), ([], [0.1] * 3)]
)
def test_night_belongs_to_the_month_in_which_it_begins(months: Any, nights: list[float]) -> None:
    tariff = parse(0.0, [{"months": months, "start": "22:00", "end": "06:00", "price": 0.1}])
    moments = ("2026-03-31T23:00+03:00", "2026-04-01T05:00+03:00", "2026-04-01T23:00+03:00")
    assert [tariff.at(datetime.fromisoformat(moment)) for moment in moments] == nights


@pytest.mark.parametrize("months", [["winter"], 5, [13]])
def test_unknown_month_is_an_error(months: Any) -> None:
    with pytest.raises(TariffError, match="window 1"):
        parse(0.0, [{**WINTER_DAY, "months": months}])


def test_slots_are_divided_where_the_fees_change() -> None:
    """Over the change of the clock as well: local 01:30 is once at +2 and, after the change, never again."""
    begin = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)
    tariff: Tariff = parse(0.0, [{"start": "02:30", "end": "04:30", "price": 0.05}])
    surcharges = Surcharges(tax=0.1, fees_at=lambda when: tariff.at(when.astimezone(HELSINKI)))
    series = PriceSeries((Slot(begin, begin + timedelta(hours=3), 100.0),)).priced(0.001, surcharges)
    spans = [((slot.start - begin) / timedelta(minutes=1), round(slot.price, 4)) for slot in series.slots]
    # 00:30 UTC is 02:30 (+2); 01:00 UTC is 04:00 (+3), so that the window ends at 01:30 UTC.
    assert spans == [(0, 0.11), (30, 0.165), (90, 0.11)]
    assert series.end == begin + timedelta(hours=3)


async def test_away_temperature_waits_for_the_delay(
    hass: HomeAssistant, home: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set("person.anna", "home")
    values = {"persons": ["person.anna"], "advanced": {"away_delay": 30}}
    assert (await options(hass, home, "presence", values))["type"] is FlowResultType.CREATE_ENTRY
    assert home.runtime_data.config.away_delay_s == 1800.0
    assert section_of(await options_form(hass, home, "presence")) == {"away_delay": 30}

    async def is_away(minutes: float, state: str) -> bool:
        hass.states.async_set("person.anna", state)
        freezer.tick(60 * minutes)
        await home.runtime_data.coordinator.async_refresh()
        return home.runtime_data.user.comfort.away

    assert not await is_away(1, "home")
    assert not await is_away(0, "not_home")
    assert not await is_away(29, "Work")
    assert await is_away(1, "not_home")
    assert not await is_away(0, "home"), "a return applies at once"
    assert not await is_away(0, "not_home")
    assert not await is_away(20, "home")
    assert not await is_away(0, "not_home")
    assert not await is_away(20, "not_home"), "a short return begins the delay again"
    assert await is_away(10, "not_home")
    await options(hass, home, "presence", {"persons": ["person.anna"], "advanced": {}})
    assert "advanced" not in home.options["presence"]
    assert not await is_away(0, "home")
    assert await is_away(0, "not_home"), "no delay by default"


def test_restart_does_not_heat_an_empty_home() -> None:
    delay = AwayDelay()
    assert not delay.is_over(away=False, home=False, now_s=0.0, delay_s=600.0), "not known yet"
    assert delay.is_over(away=True, home=False, now_s=1.0, delay_s=600.0)
    assert not delay.is_over(away=False, home=False, now_s=2.0, delay_s=600.0), "a tracker is unavailable"
    assert delay.is_over(away=True, home=False, now_s=3.0, delay_s=600.0)
