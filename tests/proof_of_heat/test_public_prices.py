"""Public sources of prices and of the hashprice: replies as their documents have them, days of 23 and 25 hours."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util
import pytest

from custom_components.proof_of_heat.prices import http_price, public_prices
from custom_components.proof_of_heat.prices.hashprice_sources import (
    HASHPRICE_SOURCES,
    HashpriceError,
    decode_blockchain,
    decode_braiins,
    decode_mempool,
    fetch_hashprice,
)
from custom_components.proof_of_heat.prices.json_fetch import HttpPriceError
from custom_components.proof_of_heat.prices.public_prices import (
    PUBLIC_SOURCES,
    PublicPriceError,
    PublicPrices,
    currency_of,
    decode_awattar,
    decode_energy_charts,
    decode_esios,
    decode_octopus,
    decode_spotova,
    decode_swiss,
    fetch_public,
    needs_area,
)

from . import ha

MIDNIGHT = datetime(2027, 1, 12, 23, tzinfo=UTC)
"""Of 13 January in Central European Time."""
AGILE = "E-1R-AGILE-24-10-01-C"
RATES = f"https://api.octopus.energy/v1/products/AGILE-24-10-01/electricity-tariffs/{AGILE}/standard-unit-rates/"


class Internet:
    """What each address answers: a document, or an error that is raised."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}

    async def fetch(self, _: Any, url: str) -> Any:
        answer = self.answers[url]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch) -> Internet:
    found = Internet()
    monkeypatch.setattr(public_prices, "fetch_json", found.fetch)
    monkeypatch.setattr(http_price, "fetch_json", found.fetch)
    return found


def octopus_rows(count: int = 4, minutes: int = 30) -> dict[str, Any]:
    step = timedelta(minutes=minutes)
    rows = [
        {
            "value_exc_vat": 20.0 + i,
            "value_inc_vat": 21.0 + i,
            "valid_from": f"{MIDNIGHT + i * step:%Y-%m-%dT%H:%M:%SZ}",
            "valid_to": f"{MIDNIGHT + (i + 1) * step:%Y-%m-%dT%H:%M:%SZ}",
            "payment_method": None,
        }
        for i in range(count)
    ]
    return {"count": count, "next": None, "previous": None, "results": rows[::-1]}


def awattar_rows(count: int = 24) -> dict[str, Any]:
    begin = round(MIDNIGHT.timestamp() * 1000)
    rows = [
        {
            "start_timestamp": begin + i * 3_600_000,
            "end_timestamp": begin + (i + 1) * 3_600_000,
            "marketprice": 80.5 - i,
            "unit": "Eur/MWh",
        }
        for i in range(count)
    ]
    return {"object": "list", "data": rows, "url": "/at/v1/marketdata"}


def charts_rows(step_s: int = 900, count: int = 96) -> dict[str, Any]:
    begin = round(MIDNIGHT.timestamp())
    times = [begin + i * step_s for i in range(count)]
    prices: list[float | None] = [100.0 + i for i in range(count)]
    prices[2] = None
    return {
        "license_info": "CC BY 4.0",
        "unix_seconds": times,
        "price": prices,
        "unit": "EUR / MWh",
        "deprecated": False,
    }


def esios_rows(day: str = "13/01/2027", hours: int = 24) -> dict[str, Any]:
    rows = [
        {"Dia": day, "Hora": f"{h:02}-{h + 1:02}", "PCB": f"{100 + h},25", "CYM": f"{100 + h},25", "COF2TD": "0,0001"}
        for h in range(hours)
    ]
    rows[1]["PCB"] = "1.234,50"
    return {"PVPC": rows}


def spotova_rows(hours: int = 24, tomorrow: int = 0) -> dict[str, Any]:
    def day(count: int) -> list[dict[str, Any]]:
        return [
            {
                "hour": i // 4,
                "minute": 15 * (i % 4),
                "priceEur": 90.0 + i,
                "priceCZK": 2250 + 25 * i,
                "level": "low",
                "levelNum": 4,
            }
            for i in range(4 * count)
        ]

    return {"hoursToday": day(hours), "hoursTomorrow": day(tomorrow)}


def test_octopus_rates_are_pounds_with_vat_in_order_of_time() -> None:
    series = decode_octopus(octopus_rows())
    assert [slot.price for slot in series.slots] == pytest.approx([0.21, 0.22, 0.23, 0.24])
    assert series.slots[0].start == MIDNIGHT
    assert series.end == MIDNIGHT + timedelta(hours=2)


def test_octopus_tariff_whose_rates_have_no_end_and_two_ways_of_payment() -> None:
    """Go and Cosy list each payment twice; a fixed rate has no end."""
    row = {
        "value_inc_vat": 8.5,
        "valid_from": "2026-12-31T00:00:00Z",
        "valid_to": None,
        "payment_method": "DIRECT_DEBIT",
    }
    other = {**row, "value_inc_vat": 9.9, "payment_method": "NON_DIRECT_DEBIT"}
    series = decode_octopus({"results": [other, row, {"valid_from": "soon"}]})
    assert [slot.price for slot in series.slots] == pytest.approx([0.085])
    assert series.end is not None
    assert series.end > datetime.now(UTC) + timedelta(days=1)


def test_awattar_prices_are_per_mwh() -> None:
    series = decode_awattar({**awattar_rows(), "data": [*awattar_rows()["data"], {"marketprice": 1.0}]})
    assert len(series.slots) == 24
    assert series.at(MIDNIGHT + timedelta(minutes=59)) == pytest.approx(0.0805)


@pytest.mark.parametrize(("step_s", "count"), [(900, 96), (900, 92), (3600, 24), (3600, 25)])
def test_energy_charts_by_quarters_and_hours_with_a_missing_price(step_s: int, count: int) -> None:
    series = decode_energy_charts(charts_rows(step_s, count))
    assert len(series.slots) == count - 1
    assert series.at(MIDNIGHT + timedelta(seconds=2 * step_s)) is None
    assert series.at(MIDNIGHT + timedelta(seconds=3 * step_s)) == pytest.approx(0.103)
    assert series.end == MIDNIGHT + timedelta(seconds=step_s * count)
    rows = charts_rows(step_s, count)
    for key in ("unix_seconds", "price"):
        del rows[key][10]
    assert decode_energy_charts(rows).at(MIDNIGHT + timedelta(seconds=10.5 * step_s)) is None, "not the price before it"


@pytest.mark.parametrize(
    ("day", "hours", "begin"),
    [
        ("13/01/2027", 24, datetime(2027, 1, 12, 23, tzinfo=UTC)),
        ("31/10/2027", 25, datetime(2027, 10, 30, 22, tzinfo=UTC)),
        ("28/03/2027", 23, datetime(2027, 3, 27, 23, tzinfo=UTC)),
    ],
)
def test_esios_hours_of_spanish_days(day: str, hours: int, begin: datetime) -> None:
    series = decode_esios(esios_rows(day, hours))
    assert len(series.slots) == hours
    assert (series.slots[0].start, series.end) == (begin, begin + timedelta(hours=hours))
    assert [slot.price for slot in series.slots[:3]] == pytest.approx([0.10025, 1.2345, 0.10225])
    rows = [row for row in esios_rows(day, hours)["PVPC"] for _ in range(4)]
    quarters = decode_esios({"PVPC": rows})
    assert (len(quarters.slots), quarters.slots[0].start, quarters.end) == (4 * hours, begin, series.end)


@pytest.mark.parametrize(
    ("day", "hours", "begin"),
    [
        (date(2027, 1, 13), 24, datetime(2027, 1, 12, 23, tzinfo=UTC)),
        (date(2027, 10, 31), 25, datetime(2027, 10, 30, 22, tzinfo=UTC)),
        (date(2027, 3, 28), 23, datetime(2027, 3, 27, 23, tzinfo=UTC)),
    ],
)
def test_czech_quarters_in_either_currency(day: date, hours: int, begin: datetime) -> None:
    series = decode_spotova(spotova_rows(hours, 24), "CZK", day)
    assert len(series.slots) == 4 * (hours + 24)
    assert series.slots[0].start == begin
    assert series.at(begin + timedelta(minutes=16)) == pytest.approx(2.275)
    assert decode_spotova(spotova_rows(hours), "EUR", day).slots[0].price == pytest.approx(0.09)


def test_a_part_of_a_czech_day_is_not_guessed() -> None:
    rows = spotova_rows()
    rows["hoursToday"].pop()
    with pytest.raises(PublicPriceError):
        decode_spotova(rows, "CZK", date(2027, 1, 13))


def swiss_rows(begin: datetime, count: int, parts: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The shape of the replies of EKZ: a monthly fee comes before the price by energy."""
    zurich = ZoneInfo("Europe/Zurich")
    quarter = timedelta(minutes=15)
    rows = [
        {
            "start_timestamp": (begin + i * quarter).astimezone(zurich).isoformat(),
            "end_timestamp": (begin + (i + 1) * quarter).astimezone(zurich).isoformat(),
            "grid": [{"unit": "CHF_kWh", "value": 0.1074}],
            "feed_in": [{"unit": "CHF_kWh", "value": 0.08}],
            "integrated": parts or [{"unit": "CHF_m", "value": 3.0}, {"unit": "CHF_kWh", "value": 0.2 + i / 1000}],
        }
        for i in range(count)
    ]
    return {"publication_timestamp": "2027-01-12T17:50:00+01:00", "prices": rows}


@pytest.mark.parametrize(
    ("begin", "hours"),
    [
        (datetime(2027, 1, 12, 23, tzinfo=UTC), 24),
        (datetime(2027, 10, 30, 22, tzinfo=UTC), 25),
        (datetime(2027, 3, 27, 23, tzinfo=UTC), 23),
    ],
)
def test_swiss_quarters_are_the_whole_price_by_energy(begin: datetime, hours: int) -> None:
    series = decode_swiss(swiss_rows(begin, 4 * hours))
    assert len(series.slots) == 4 * hours
    assert (series.slots[0].start, series.end) == (begin, begin + timedelta(hours=hours))
    assert [slot.price for slot in series.slots[:2]] == pytest.approx([0.2, 0.201])


def test_swiss_rows_without_a_price_are_gaps_and_negative_prices_stay() -> None:
    reply = swiss_rows(MIDNIGHT, 4, [{"unit": "CHF_kWh", "value": -0.031}])
    reply["prices"][1]["integrated"] = []
    reply["prices"][2]["integrated"] = [{"unit": "CHF_kW_1h", "value": 0.4}]
    reply["prices"][3] |= {"start_timestamp": "2027-01-12T23:45Z", "end_timestamp": "2027-01-13T00:00Z"}  # CKW
    series = decode_swiss(reply)
    assert [(slot.start - MIDNIGHT, slot.price) for slot in series.slots] == [
        (timedelta(), -0.031),
        (timedelta(minutes=45), -0.031),
    ]


def test_swiss_addresses_are_days_of_zurich() -> None:
    period = "start_timestamp=2027-01-12T23:00:00Z&end_timestamp=2027-01-14T23:00:00Z&tariff_type=integrated"
    for source, area, name in (
        ("ekz", "400D", "&tariff_name=integrated_400D"),
        ("ekz", "integrated_400D_E", "&tariff_name=integrated_400D_E"),
        ("ckw", "home_dynamic", "&tariff_name=home_dynamic"),
        ("primeo", "NetzDynamisch", "&tariff_name=NetzDynamisch"),
        ("groupe_e", "", ""),
    ):
        (address,) = PUBLIC_SOURCES[source].addresses(area, date(2027, 1, 13))
        assert address.endswith(f"?{period}{name}"), address
    assert needs_area("ekz", "")
    assert needs_area("ekz", "400D&x=1")
    assert not needs_area("groupe_e", "")


@pytest.mark.parametrize("source", list(PUBLIC_SOURCES))
@pytest.mark.parametrize(
    "reply", [None, [], {}, {"data": [], "results": {}, "PVPC": None, "price": "x"}, {"PVPC": [{}]}]
)
def test_anything_else_is_an_error(source: str, reply: Any) -> None:
    with pytest.raises(PublicPriceError):
        PUBLIC_SOURCES[source].decode(reply, "EUR")


@pytest.mark.parametrize(
    ("source", "area", "is_needed"),
    [
        ("octopus", AGILE, False),
        ("octopus", f" {AGILE.lower()} ", False),
        ("octopus", "E-1R-COSY-22-12-08-H", False),
        ("octopus", "E-1R-GO-VAR-22-10-14-P", False),
        ("octopus", "E-2R-VAR-22-11-01-C", True),
        ("octopus", "AGILE", True),
        ("octopus", "E-1R-AGILE/../x-C", True),
        ("energy_charts", "DE-LU", False),
        ("energy_charts", "FI", False),
        ("energy_charts", "IT-North", False),
        ("energy_charts", "", True),
        ("energy_charts", "DE&x=1", True),
        ("awattar_at", "", False),
        ("esios", "", False),
    ],
)
def test_areas(source: str, area: str, is_needed: bool) -> None:
    assert needs_area(source, area) is is_needed


@pytest.mark.parametrize(
    ("source", "area", "address"),
    [
        (
            "octopus",
            AGILE,
            f"{RATES}?period_from=2027-01-12T00:00Z&period_to=2027-01-15T00:00Z&page_size=500",
        ),
        ("awattar_de", "", "https://api.awattar.de/v1/marketdata?start=1799794800000&end=1799967600000"),
        ("energy_charts", "NL", "https://api.energy-charts.info/price?bzn=NL&start=2027-01-13&end=2027-01-14"),
    ],
)
def test_addresses(source: str, area: str, address: str) -> None:
    assert PUBLIC_SOURCES[source].addresses(area, date(2027, 1, 13)) == (address,)


async def test_tomorrow_that_is_not_published_does_not_hide_today(hass: HomeAssistant, internet: Internet) -> None:
    today, tomorrow = PUBLIC_SOURCES["esios"].addresses("", date(2027, 1, 13))
    session: Any = None
    internet.answers = {today: esios_rows(), tomorrow: HttpPriceError("status 404")}
    series = await fetch_public(session, PublicPrices("esios"), date(2027, 1, 13), "EUR")
    assert len(series.slots) == 24
    internet.answers = {today: HttpPriceError("status 500"), tomorrow: {}}
    with pytest.raises(HttpPriceError, match="status 500"):
        await fetch_public(session, PublicPrices("esios"), date(2027, 1, 13), "EUR")


def test_currencies() -> None:
    assert currency_of(PublicPrices("spotovaelektrina"), "EUR") == "EUR"
    assert currency_of(PublicPrices("spotovaelektrina"), "PLN") == "CZK"
    assert currency_of(PublicPrices("octopus", AGILE), "EUR") == "GBP"


async def start_with_prices(hass: HomeAssistant, **price: Any) -> Any:
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    entry = ha.system(options={"price": price})
    await ha.start(hass, entry)
    await hass.async_block_till_done(wait_background_tasks=True)
    await entry.runtime_data.coordinator.async_refresh()
    return entry


async def test_prices_of_a_public_source_are_those_of_the_home(
    hass: HomeAssistant, internet: Internet, freezer: Any
) -> None:
    await hass.config.async_set_time_zone("Europe/Vienna")
    freezer.move_to(MIDNIGHT + timedelta(hours=10, minutes=20))
    url = PUBLIC_SOURCES["awattar_at"].addresses("", dt_util.now().date())[0]
    internet.answers[url] = awattar_rows()
    entry = await start_with_prices(hass, price_source="awattar_at", fees=0.1, tax=20.0, fixed_price=0.4)
    prices = entry.runtime_data.coordinator.cycle.providers.prices
    now = dt_util.utcnow()
    assert prices.at_present(now) == pytest.approx((0.0705 + 0.1) * 1.2)
    assert not prices.is_assumed(now)
    assert prices.other_currency is None
    await hass.config_entries.async_unload(entry.entry_id)


async def test_without_an_answer_the_fixed_price_counts_as_assumed(hass: HomeAssistant, internet: Internet) -> None:
    internet.answers[PUBLIC_SOURCES["octopus"].addresses(AGILE, dt_util.now().date())[0]] = aiohttp.ClientError()
    entry = await start_with_prices(hass, price_source="octopus", price_area=AGILE, fixed_price=0.4)
    prices = entry.runtime_data.coordinator.cycle.providers.prices
    assert prices.at_present(dt_util.utcnow()) == 0.4
    assert prices.is_assumed(dt_util.utcnow())
    assert prices.other_currency is not None
    assert prices.other_currency.placeholders == {"entity": "Octopus Energy", "currency": "GBP", "home": "EUR"}
    await hass.config_entries.async_unload(entry.entry_id)


async def configure(hass: HomeAssistant, step: str, values: dict[str, Any]) -> Any:
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    entry = ha.system()
    await ha.start(hass, entry)
    flow = await hass.config_entries.options.async_init(entry.entry_id)
    flow = await hass.config_entries.options.async_configure(flow["flow_id"], {"next_step_id": step})
    found = await hass.config_entries.options.async_configure(flow["flow_id"], values)
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(entry.entry_id)
    return found


@pytest.mark.parametrize(
    ("source", "area", "answer", "errors"),
    [
        ("octopus", "AGILE", {}, {"price_area": "price_area_invalid"}),
        ("octopus", AGILE, octopus_rows(), None),
        ("octopus", AGILE, HttpPriceError("status 404"), {"price_area": "no_public_prices"}),
        ("esios", "", HttpPriceError("status 500"), {"price_source": "no_public_prices"}),
        ("esios", "", TimeoutError(), {"price_source": "source_unreachable"}),
        ("energy_charts", "FI", charts_rows(), None),
    ],
)
async def test_the_price_form_asks_the_source(
    hass: HomeAssistant,
    internet: Internet,
    source: str,
    area: str,
    answer: Any,
    errors: dict[str, str] | None,
) -> None:
    for address in PUBLIC_SOURCES[source].addresses(area, dt_util.now().date()):
        internet.answers[address] = answer
    values = {"price_source": source, "fees": 0, "tax": 0} | ({"price_area": area} if area else {})
    result = await configure(hass, "price", values)
    if errors is None:
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert result["data"]["price"]["price_source"] == source
    else:
        assert result["errors"] == errors


BRAIINS = {"avg_fees_per_block": 0.015, "current_hashrate": 1094.42, "hash_price": 0.038, "hash_value": 4e-7}
BLOCKCHAIN = {"market_price_usd": 90000.0, "hash_rate": 1.05e12, "miners_revenue_usd": 41_000_000.0}
REWARDS = {"startBlock": 969627, "endBlock": 969770, "totalReward": "45385080294", "totalFee": "385080294"}
HASHRATE = {"hashrates": [], "difficulty": [], "currentHashrate": 962.0e18, "currentDifficulty": 132.7e12}
COIN = {"time": 1796000000, "USD": 84766, "EUR": 72900, "GBP": 63100, "CHF": 67800}


def test_hashprices_in_usd_per_ph_and_day() -> None:
    assert decode_braiins(BRAIINS) == pytest.approx(38.0)
    assert decode_blockchain(BLOCKCHAIN) == pytest.approx(39.05, abs=0.01)
    # 453.85 BTC a day, 962,000 PH/s, 84,766 USD
    assert decode_mempool(REWARDS, HASHRATE, COIN) == pytest.approx(39.99, abs=0.01)
    half = {**REWARDS, "endBlock": 969627 + 71, "totalReward": 45385080294 / 2}
    assert decode_mempool(half, HASHRATE, COIN) == pytest.approx(39.99, abs=0.01)
    for broken in ({}, {"hash_price": None}, [], None, {"hash_rate": 0, "miners_revenue_usd": 1}):
        assert decode_braiins(broken) is None
        assert decode_blockchain(broken) is None
        assert decode_mempool(broken, HASHRATE, COIN) is None


def replies(**changes: Any) -> Callable[[str], Any]:
    table = {
        "stats": BLOCKCHAIN,
        "hashrate-stats": BRAIINS,
        "144": REWARDS,
        "3d": HASHRATE,
        "prices": COIN,
        **changes,
    }

    async def get(url: str) -> Any:
        return table[url.rsplit("/", 1)[1]]

    return get


@pytest.mark.parametrize("key", list(HASHPRICE_SOURCES))
async def test_each_source_in_the_currency_of_the_home(key: str) -> None:
    usd = await fetch_hashprice(replies(), key, "USD")
    assert 37 < usd < 41
    assert await fetch_hashprice(replies(), key, "EUR") == pytest.approx(usd * 72900 / 84766)
    with pytest.raises(HashpriceError, match="bitcoin in SEK"):
        await fetch_hashprice(replies(), key, "SEK")


async def test_a_hashprice_in_another_unit_is_refused() -> None:
    with pytest.raises(HashpriceError, match="no hashprice"):
        await fetch_hashprice(replies(**{"hashrate-stats": {"hash_price": 38.0}}), "braiins", "USD")


async def test_the_mining_form_tries_the_source_and_the_price_is_used(hass: HomeAssistant, internet: Internet) -> None:
    url = HASHPRICE_SOURCES["braiins"].addresses[0]
    internet.answers[url] = HttpPriceError("status 503")
    values = {"hashprice_source": "braiins", "hashprice_factor": 1, "pool_fee": 1}
    assert (await configure(hass, "mining", values))["errors"] == {"hashprice_source": "source_unreachable"}
    internet.answers = {url: BRAIINS, "https://mempool.space/api/v1/prices": COIN}
    result = await configure(hass, "mining", values)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = await start_with_prices(hass, hashprice_source="braiins", hashprice_url="http://127.0.0.1:9/unused")
    hashprice = entry.runtime_data.coordinator.cycle.providers.hashprice
    assert hashprice.at_present(dt_util.utcnow()) == pytest.approx(38.0 * 72900 / 84766)
    stored = hashprice.dump()
    assert stored is not None
    assert stored["from"] == ["braiins", "EUR"]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_source_of_a_later_version_is_ignored(hass: HomeAssistant) -> None:
    entry = await start_with_prices(hass, price_source="moon", hashprice_source="moon", fixed_price=0.3, hashprice=40)
    inputs = entry.runtime_data.coordinator.cycle.providers
    assert inputs.prices.at_present(dt_util.utcnow()) == 0.3
    assert inputs.hashprice.at_present(dt_util.utcnow()) == 40
    await hass.config_entries.async_unload(entry.entry_id)
