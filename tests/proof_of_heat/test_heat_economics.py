"""What a kWh of heat would cost from each source, and why it does not heat: sensors of their own, running or not."""

from dataclasses import replace
import math
from types import SimpleNamespace
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat._lib.heat_source import Capabilities, Control, SourceKind
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.engine.delivery import Amount, Delivery, SourceDelivery
from custom_components.proof_of_heat.engine.heat_price import HeatPrice
from custom_components.proof_of_heat.engine.messages import MessageCode
from custom_components.proof_of_heat.engine.running_cost import cost_of
from custom_components.proof_of_heat.runtime.engine_config import source_config
from custom_components.proof_of_heat.sensors.source import SOURCE_SENSORS, heat_price_details
from custom_components.proof_of_heat.system_config import read_config

from .ha import OUTDOOR, ROOM, source, start, system, thermometer, zone

PRICES = {
    "price_kwh": 0.25,
    "price_assumed": False,
    "hashprice_ph_day": math.nan,
    "surplus_w": 0.0,
    "surplus_price_kwh": 0.0,
}
BY_KEY = {item.key: item for item in SOURCE_SENSORS}
REVENUE_KWH = 48.0 * (3.6e6 / 20.0) / 86_400_000 * 0.98
"""Of a miner with 20 J/TH at 48 per PH/s and day, less the pool's 2 %."""


async def made(hass: HomeAssistant, price: float, room_c: float = 17.0, hashprice: float = 48.0) -> MockConfigEntry:
    assert await async_setup_component(hass, DOMAIN, {})
    thermometer(hass, ROOM, room_c)
    thermometer(hass, OUTDOOR, 0.0)
    for name in ("miner", "heater"):
        hass.states.async_set(f"switch.{name}", "off", {"friendly_name": name})
    sources = [
        await source(hass, "entity", {"entity": "switch.miner", "source_kind": "miner", "nominal_power": 3000.0}),
        await source(
            hass, "entity", {"entity": "switch.heater", "source_kind": "direct_electric", "nominal_power": 3000.0}
        ),
    ]
    entry = system(zone(), *sources, options={"price": {"fixed_price": price, "hashprice": hashprice}})
    await start(hass, entry)
    for managed in entry.runtime_data.sources.values():
        if managed.config.kind == SourceKind.MINER:
            managed.config = replace(managed.config, efficiency_j_th=(20.0,))
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    return entry


def value(hass: HomeAssistant, entry: MockConfigEntry, name: str, key: str) -> Any:
    managed = next(item for item in entry.runtime_data.sources.values() if item.name == name)
    return BY_KEY[key].value_fn(managed)


@pytest.mark.parametrize("price", [0.05, 0.15, 0.25, 0.4])
async def test_the_economics_of_a_miner(hass: HomeAssistant, price: float) -> None:
    entry = await made(hass, price)
    assert value(hass, entry, "miner", "break_even_price") == pytest.approx(REVENUE_KWH)
    cope = value(hass, entry, "miner", "cope")
    if price <= REVENUE_KWH:
        assert cope is None, "its heat costs nothing"
    else:
        assert cope == pytest.approx(1 / (1 - REVENUE_KWH / price))
        assert value(hass, entry, "miner", "price_of_heat") == pytest.approx(price / cope)
    assert value(hass, entry, "heater", "price_of_heat") == pytest.approx(price)


async def test_sensors_exist_for_those_whom_they_concern(hass: HomeAssistant) -> None:
    entry = await made(hass, 0.25)
    registry = er.async_get(hass)
    for managed in entry.runtime_data.sources.values():
        known = {
            key
            for key in ("break_even_price", "cope", "heat_reason", "price_of_heat")
            if registry.async_get_entity_id("sensor", DOMAIN, f"{managed.subentry_id}_{key}")
        }
        economics = {"break_even_price", "cope"} if managed.name == "miner" else set()
        assert known == {"heat_reason", "price_of_heat", *economics}


async def test_a_source_that_does_not_heat_shows_why(hass: HomeAssistant) -> None:
    entry = await made(hass, 0.25)
    assert value(hass, entry, "heater", "heat_reason") == "control_off"
    await entry.runtime_data.user.async_set_active(True)
    await entry.runtime_data.coordinator.async_refresh()
    states = {name: value(hass, entry, name, "heat_reason") for name in ("miner", "heater")}
    assert set(states.values()) <= {"heating", "limited", "more_expensive"}
    assert "heating" in states.values()


async def test_no_source_heats_a_warm_home(hass: HomeAssistant) -> None:
    entry = await made(hass, 0.25, room_c=25.0)
    await entry.runtime_data.user.async_set_active(True)
    await entry.runtime_data.coordinator.async_refresh()
    assert {value(hass, entry, name, "heat_reason") for name in ("miner", "heater")} == {"no_demand"}


@pytest.mark.parametrize(
    ("price", "state", "limit"),
    [
        (HeatPrice("s", 0.2, running=True), "heating", None),
        (HeatPrice("s", 0.2, running=False, reason="not_needed"), "not_needed", None),
        (HeatPrice("s", 0.2, running=False, reason=str(MessageCode.SITE_LOAD_UNKNOWN)), "limited", "site_load_unknown"),
        (None, None, None),
    ],
)
def test_a_limit_is_named(price: HeatPrice | None, state: str | None, limit: str | None) -> None:
    managed: Any = SimpleNamespace(heat_price=price)
    description = BY_KEY["heat_reason"]
    assert description.value_fn(managed) == state
    assert description.attributes_fn is not None
    found = description.attributes_fn(managed)["limit"]
    assert found == (str(MessageCode.SITE_LOAD_UNKNOWN) if limit else None)
    assert BY_KEY["cope"].value_fn(managed) is None
    assert BY_KEY["break_even_price"].value_fn(managed) is None
    assert math.isnan(HeatPrice("s", 0.2, running=False).cope)


@pytest.mark.parametrize("entered", [None, 0.2])
async def test_an_assumed_fuel_price_makes_the_cost_an_estimate(hass: HomeAssistant, entered: float | None) -> None:
    config = source_config(
        "boiler",
        Capabilities(kind=SourceKind.BOILER, controls=frozenset({Control.ON_OFF}), fuel="gas"),
        {} if entered is None else {"fuel_price": entered},
        read_config(system(zone())),
    )
    assert (config.fuel_kwh_price, config.fuel_price_assumed) == ((0.11, True) if entered is None else (0.2, False))
    managed: Any = SimpleNamespace(config=config, heat_price=HeatPrice("boiler", 0.12, running=True))
    assert heat_price_details(managed).get("assumed_fuel_price") == (0.11 if entered is None else None)
    delivered = SourceDelivery("boiler", Amount(0.0, estimated=False), Amount(5000.0, estimated=False), is_heating=True)
    cost = cost_of(Delivery((delivered,)), {"boiler": config}, SimpleNamespace(**PRICES, sources=()))  # type: ignore[arg-type]
    assert cost.estimated is (entered is None)
