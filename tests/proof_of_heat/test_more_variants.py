"""Further variants of reported cases, each set up as by a user with that device."""

from datetime import UTC, datetime, timedelta
import math
from typing import Any
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.util.unit_system import US_CUSTOMARY_SYSTEM
import pytest

from custom_components.proof_of_heat.inputs.states import energy_kwh, power, temperature
from custom_components.proof_of_heat.inputs.weather import fetch_forecast

from .test_price_cases import NOW, issues, made, publish, shown

BERLIN = ZoneInfo("Europe/Berlin")
BEGIN = NOW.replace(minute=0, second=0, microsecond=0)

# --- prices: what a sensor shows, and the price of a kWh that its user rightly expects ------------------------------


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("31,4", "ct/kWh", 0.314),
        ("0,2963", "EUR/kWh", 0.2963),
        ("-12.5", "öre/kWh", -0.125),
        ("24.86", "p/kWh", 0.2486),
        ("24.86", "pence per kWh", 0.2486),
        ("-120.55", "EUR/MWh", -0.12055),
        ("314", "€ / MWh", 0.314),
        ("0.000314", "EUR/Wh", 0.314),
        ("31.4", "Cent/kWh", 0.314),
        ("31.4 ct/kWh", "ct/kWh", 0.314),
        ("2147483647", "EUR/kWh", None),
        ("65535", "ct/kWh", None),
        ("-999", "EUR/MWh", -0.999),
        ("-999", "EUR/kWh", None),
        ("Infinity", "EUR/kWh", None),
        ("NaN", "EUR/kWh", None),
        ("", "EUR/kWh", None),
        ("none", "EUR/kWh", None),
    ],
)
async def test_the_state_of_a_price_sensor(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, text: str, unit: str, expected: float | None
) -> None:
    publish(hass, text, unit=unit)
    home = await made(hass, freezer, fixed_price=0.77)
    assert shown(home)[0] == pytest.approx(0.77 if expected is None else expected)
    assert home.coordinator.data.snapshot.price_assumed is (expected is None)


def quarters(day: datetime) -> list[dict[str, Any]]:
    """Rows of 15 minutes of a local day of 23 to 25 hours; the price is the number of the quarter."""
    start = day.replace(hour=0, minute=0).astimezone(UTC)
    end = (day.replace(hour=0, minute=0) + timedelta(days=1)).astimezone(UTC)
    count = round((end - start) / timedelta(minutes=15))
    return [
        {"start": (start + index * timedelta(minutes=15)).isoformat(), "price": index / 1000} for index in range(count)
    ]


@pytest.mark.parametrize(
    "name",
    [
        "prices", "Prices", "hourly_prices", "electricity_prices", "price_data", "spotprices", "rates", "marketdata",
        "market_data", "forecast_prices", "price_list", "pricesToday", "today_prices", "schedule", "entries", "items",
        "records", "prices_15min", "net_prices",
    ],
)  # fmt: skip
async def test_lists_in_attributes_of_other_names(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, name: str
) -> None:
    rows = [
        {"start": (BEGIN + index * timedelta(minutes=15)).isoformat(), "price": 0.2 + index / 1000}
        for index in range(48)
    ]
    publish(hass, "0.2", **{name: rows})
    home = await made(hass, freezer)
    assert shown(home) == (pytest.approx(0.2), 48)


@pytest.mark.parametrize(("day", "count"), [((2026, 3, 29), 92), ((2026, 10, 25), 100), ((2026, 11, 28), 96)])
@pytest.mark.parametrize("form", ["rows", "numbers", "clock"])
async def test_days_of_quarters_when_the_clock_changes(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, day: tuple[int, int, int], count: int, form: str
) -> None:
    """The price of each quarter is that of its row: in rows, as numbers alone, and with clock times alone."""
    rows = quarters(datetime(*day, tzinfo=BERLIN))
    assert len(rows) == count
    lists: dict[str, list[Any]] = {
        "rows": rows,
        "numbers": [row["price"] for row in rows],
        "clock": [
            {"time": f"{datetime.fromisoformat(row['start']).astimezone(BERLIN):%H:%M}", "price": row["price"]}
            for row in rows
        ],
    }
    publish(hass, "unknown", today=lists[form])
    home = await made(hass, freezer)
    start = datetime.fromisoformat(rows[0]["start"])
    wrong = []
    for index in (0, 3, 7, 8, 9, 11, 12, 13, 15, 16, 40, count - 1):
        freezer.move_to(start + index * timedelta(minutes=15, seconds=1))
        await home.coordinator.async_refresh()
        if shown(home)[0] != pytest.approx(index / 1000):
            wrong.append((index, shown(home)[0]))
    assert wrong == []


@pytest.mark.parametrize("broken", ["", "NaN", "Infinity", None, "unknown", 2147483647, -999, 65535.0, "n/a", {}, []])
async def test_a_broken_row_is_a_gap_and_voids_no_other(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, broken: Any
) -> None:
    rows = [{"start": (BEGIN + timedelta(hours=index)).isoformat(), "price": 0.2} for index in range(12)]
    rows[5]["price"] = broken
    publish(hass, "0.2", data=rows)
    home = await made(hass, freezer)
    price = home.coordinator.data.snapshot.forecast.price_kwh
    assert shown(home)[0] == 0.2
    assert len(price) >= 20, "at least until the gap"
    assert {value for value in price if math.isfinite(value)} == {0.2}
    assert issues(hass) == set()


# --- sensors: text, unit, and what a person reads from it ----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "unit", "celsius"),
    [
        ("68", "°F", 20.0),
        ("68", "F", 20.0),
        ("68.0", "ºF", 20.0),
        ("68", "℉", 20.0),
        ("68", "deg F", 20.0),
        ("68", "Fahrenheit", 20.0),
        ("20.5", "C", 20.5),
        ("20.5", "ºC", 20.5),
        ("20.5", "℃", 20.5),
        ("20.5", "°c", 20.5),
        ("20.5", "Celsius", 20.5),
        ("293.65", "K", 20.5),
        ("20,5", "°C", 20.5),
        ("20.5", "degC", 20.5),
        ("20.5", "deg. C", 20.5),
        ("20.5", "Cel", 20.5),
        ("20.5", "Grad Celsius", 20.5),
        ("20.5", "degrees Celsius", 20.5),
        ("20.5", "°\u0421", 20.5),
        ("68", "degF", 20.0),
        ("\u22123.5", "°C", -3.5),
        ("20.5", "grade", None),
        ("20.5", "deg", None),
        ("-3,2", "°C", -3.2),
        ("55", "%", None),
        ("1013", "hPa", None),
        ("2147483647", "°C", None),
        ("-3276.8", "°C", None),
        ("-999", "°F", None),
        ("6553.5", "°F", None),
        ("1e400", "°C", None),
        ("-Infinity", "°C", None),
        ("unknown", "°C", None),
        ("--", "°C", None),
    ],
)
def test_a_temperature_sensor(hass: HomeAssistant, text: str, unit: str, celsius: float | None) -> None:
    hass.states.async_set("sensor.t", text, {"unit_of_measurement": unit})
    found = temperature(hass, "sensor.t")
    assert found.known is (celsius is not None)
    assert celsius is None or found.value == pytest.approx(celsius)


@pytest.mark.parametrize(
    ("entity_id", "attributes"),
    [
        ("sensor.t", {}),
        ("climate.t", {"current_temperature": "68"}),
        ("climate.t", {"current_temperature": 68}),
        ("weather.t", {"temperature": 68, "temperature_unit": "°F"}),
        ("weather.t", {"temperature": "68"}),
    ],
)
def test_a_home_in_fahrenheit(hass: HomeAssistant, entity_id: str, attributes: dict[str, Any]) -> None:
    hass.config.units = US_CUSTOMARY_SYSTEM
    hass.states.async_set(entity_id, "68", attributes)
    assert temperature(hass, entity_id).value == pytest.approx(20.0)


@pytest.mark.parametrize(
    ("text", "unit", "watts"),
    [
        ("1.503", "kW", 1503.0),
        ("1,5", "kW", 1500.0),
        ("1.5", "kw", 1500.0),
        ("1.5", "KW", 1500.0),
        ("1503", "w", 1503.0),
        ("1503", "Watt", 1503.0),
        ("1503", "\u0412\u0442", 1503.0),
        ("1.503", "\u043a\u0412\u0442", 1503.0),
        ("1.503", "kilo-watt", 1503.0),
        ("\u221220", "W", -20.0),
        ("1503", "W/h", None),
        ("1503", "var", None),
        ("0.0015", "MW", 1500.0),
        ("1500000", "mW", 1500.0),
        ("1.5", "mw", None),
        ("1,503", "W", None),
        ("5118", "BTU/h", 1499.9),
        ("1503", "VA", None),
        ("0x7FFFFFFF", "W", None),
        ("2147483647", "W", None),
        ("65535", "W", None),
        ("6553.5", "kW", None),
        ("inf", "W", None),
        ("", "W", None),
    ],
)
def test_a_power_sensor(hass: HomeAssistant, text: str, unit: str, watts: float | None) -> None:
    hass.states.async_set("sensor.p", text, {"unit_of_measurement": unit})
    found = power(hass, "sensor.p")
    assert found.known is (watts is not None)
    assert watts is None or found.value == pytest.approx(watts, rel=1e-3)


@pytest.mark.parametrize(
    ("text", "unit", "kwh"),
    [
        ("12345.6", "kWh", 12345.6),
        ("12345,6", "kWh", 12345.6),
        ("12345.6", "KWh", 12345.6),
        ("12345.6", "kwh", 12345.6),
        ("12345600", "Wh", 12345.6),
        ("12.3456", "MWh", 12345.6),
        ("44444.16", "MJ", 12345.6),
        ("44.44416", "GJ", 12345.6),
        ("44.44416", "gj", 12345.6),
        ("12345.6", "\u043a\u0412\u0442\u00b7\u0447", 12345.6),
        ("12345.6", "\u043a\u0412\u0442\u22c5\u0447", 12345.6),
        ("12345.6", "\u043a\u0412\u0442*\u0447", 12345.6),
        ("12345.6", "\u043a\u0412\u0442\u0433\u043e\u0434", 12345.6),
        ("12345600", "\u0412\u0442\u00b7\u0447", 12345.6),
        ("12345600", "W·h", 12345.6),
        ("12345.6", "kW⋅h", 12345.6),
        ("12345.6", "kilowatt-hours", 12345.6),
        ("12345.6", "kWhr", 12345.6),
        ("12.3", "\u041c\u0412\u0442", None),
        ("12345.6", "kVAh", None),
        ("12345.6", "kvarh", None),
        ("12.3", "mwh", None),
        ("4294967.295", "kWh", None),
        ("4294967295", "Wh", None),
        ("2147483647", "kWh", None),
        ("-1", "kWh", None),
        ("1e9", "MWh", None),
        ("NaN", "kWh", None),
        ("12345.6", "m³", None),
        ("12345.6", None, None),
    ],
)
def test_an_energy_counter(hass: HomeAssistant, text: str, unit: str | None, kwh: float | None) -> None:
    hass.states.async_set("sensor.e", text, {"unit_of_measurement": unit})
    found = energy_kwh(hass, "sensor.e")
    assert found is None if kwh is None else found == pytest.approx(kwh)


# --- weather -------------------------------------------------------------------------------------------------------


async def forecast(hass: HomeAssistant, rows: list[dict[str, Any]], unit: str = "°C") -> Any:
    """A weather entity with these hours, asked as the product asks it."""
    await hass.config.async_set_time_zone("Europe/Berlin")

    async def reply(call: ServiceCall) -> ServiceResponse:
        return {"weather.w": {"forecast": rows}}

    hass.services.async_register("weather", "get_forecasts", reply, supports_response=SupportsResponse.ONLY)
    hass.states.async_set("weather.w", "cloudy", {"temperature_unit": unit})
    return await fetch_forecast(hass, "weather.w")


@pytest.mark.parametrize(
    ("rows", "unit", "first_c"),
    [
        ([{"datetime": "2027-01-10T06:00:00+00:00", "temperature": "-1.5"}], "°C", -1.5),
        ([{"datetime": "2027-01-10 07:00:00+01:00", "temperature": 29.3}], "°F", -1.5),
        ([{"datetime": "2027-01-10T06:00:00Z", "temperature": -1.5, "templow": "unknown"}], "°C", -1.5),
        ([{"datetime": "2027-01-10T06:00:00Z", "temperature": -1.5}, {"datetime": None, "temperature": 3}], "°C", -1.5),
        ([None, {"datetime": "2027-01-10T06:00:00Z", "temperature": -1.5}], "°C", -1.5),
    ],
)
async def test_hours_of_a_forecast(hass: HomeAssistant, rows: list[dict[str, Any]], unit: str, first_c: float) -> None:
    found = await forecast(hass, rows, unit)
    assert found.start == datetime(2027, 1, 10, 6, tzinfo=UTC)
    assert found.temperatures_c == (pytest.approx(first_c),)


@pytest.mark.parametrize("temperature_c", [-999, 65535, -3276.8, 2147483647, "NaN", "Infinity", "", "unknown", 9999.9])
async def test_an_hour_of_a_forecast_without_a_temperature(hass: HomeAssistant, temperature_c: Any) -> None:
    rows = [
        {"datetime": f"2027-01-10T{hour:02}:00:00+00:00", "temperature": temperature_c if hour == 8 else hour}
        for hour in range(6, 11)
    ]
    assert (await forecast(hass, rows)).temperatures_c == (6.0, 7.0)


@pytest.mark.parametrize("coverage", [-999, 999, 65535, 101, "unknown", None, "NaN", ""])
async def test_clouds_that_cannot_be_meant_are_those_of_the_condition(hass: HomeAssistant, coverage: Any) -> None:
    def row(clouds: Any) -> list[dict[str, Any]]:
        when = "2027-06-10T11:00:00+00:00"
        return [{"datetime": when, "temperature": 20, "cloud_coverage": clouds, "condition": "cloudy"}]

    assert (await forecast(hass, row(coverage))).solar_w_m2 == (await forecast(hass, row(90))).solar_w_m2
