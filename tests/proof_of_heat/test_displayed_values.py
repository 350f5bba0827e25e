"""Requested, commanded, measured and estimated values are displayed separately, and what is displayed is true."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    async_fire_time_changed,
    mock_integration,
    mock_platform,
)

from custom_components.proof_of_heat.const import DOMAIN
from lib.heat_source import Capabilities, Command, CommandResult, Control, Health, Outcome, SourceKind, SourceState

from . import ha

BEGIN = datetime(2026, 12, 1, 11, 0, tzinfo=UTC)
PRICE = 0.25


@dataclass
class Pump:
    """A heat pump that counts in steps of 0.1 kWh, as the cloud of its maker reports it; it may idle at will."""

    source_id: str = "pump"
    name: str = "Heat pump"
    device_id: str | None = None
    watts: float = 92.0
    heat_w: float = 0.0
    true_kwh: float = 1200.04
    true_heat_kwh: float = 4000.07
    commands: int = 0

    def __post_init__(self) -> None:
        self.capabilities = Capabilities(
            kind=SourceKind.HEAT_PUMP, controls=frozenset({Control.ON_OFF, Control.FLOW}), min_flow_c=20, max_flow_c=55
        )
        self.listeners: list[Any] = []
        self.state = SourceState(at=BEGIN, health=Health.OK, on=True)
        self.reports_compressor = False

    def run(self, at: datetime, seconds: float) -> None:
        """Let time pass."""
        self.true_kwh += self.watts * seconds / 3.6e6
        self.true_heat_kwh += self.heat_w * seconds / 3.6e6
        extra = {"compressor_active": self.heat_w > 0} if self.reports_compressor else {}
        self.state = SourceState(
            at=at,
            health=Health.OK,
            on=True,
            flow_c=35.0,
            electricity_kwh=int(self.true_kwh * 10) / 10,
            heat_kwh=int(self.true_heat_kwh * 10) / 10,
            extra=extra,
        )
        for listener in self.listeners:
            listener()

    async def refresh(self) -> SourceState:
        return self.state

    async def apply(self, command: Command) -> CommandResult:
        self.commands += 1
        return CommandResult(command_id=command.id, outcome=Outcome.APPLIED, state=self.state)

    async def release(self) -> None:
        """It stays as it is."""

    def subscribe(self, listener: Any) -> Any:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)


@dataclass
class Shown:
    """A running home with one heat pump and one room."""

    hass: HomeAssistant
    freezer: FrozenDateTimeFactory
    entry: MockConfigEntry
    pump: Pump
    room_c: float = 19.0
    now: datetime = BEGIN

    async def pass_time(self, minutes: int) -> None:
        for minute in range(minutes):
            self.now += timedelta(minutes=1)
            self.freezer.move_to(self.now)
            for entity_id, value in ((ha.ROOM, self.room_c), (ha.OUTDOOR, 0.0)):
                ha.thermometer(self.hass, entity_id, round(value + 0.01 * (minute % 2), 2))
            self.pump.run(self.now, 60)
            async_fire_time_changed(self.hass, self.now)
            await ha.cycles_end(self.hass)

    def state(self, key: str, owner: str | None = None, domain: str = "sensor") -> Any:
        unique_id = f"{owner or self.entry.entry_id}_{key}"
        entity_id = er.async_get(self.hass).async_get_entity_id(domain, DOMAIN, unique_id)
        return None if entity_id is None else self.hass.states.get(entity_id)

    @property
    def zone(self) -> Any:
        key = next(key for key, item in self.entry.subentries.items() if item.subentry_type == "zone")
        return self.state("zone", key, "climate")


@pytest.fixture
async def shown(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> AsyncGenerator[Shown]:
    """Control is on; the first minute is over."""
    freezer.move_to(BEGIN)
    pump = Pump()
    platform = ModuleType("maker.proof_of_heat")

    async def async_get_heat_sources(_: HomeAssistant) -> list[Pump]:
        return [pump]

    platform.async_get_heat_sources = async_get_heat_sources  # type: ignore[attr-defined]
    mock_integration(hass, MockModule("maker"))
    mock_platform(hass, f"maker.{DOMAIN}", platform)
    for domain in ("maker", DOMAIN):
        assert await async_setup_component(hass, domain, {})
    ha.thermometer(hass, ha.ROOM, 19.0)
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    source = await ha.source(hass, "external", {"reference": "pump", "nominal_heat": 8000.0})
    entry = ha.system(ha.zone(), source)
    await ha.start(hass, entry)
    await entry.runtime_data.user.async_set_active(True)
    home = Shown(hass, freezer, entry, pump)
    await home.pass_time(3)
    yield home
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


async def test_measuring_a_pump_that_idles_claims_no_heat_and_no_cost(shown: Shown) -> None:
    """It is commanded to deliver 8 kW, and draws 92 W: its counter moves once in an hour."""
    await shown.pass_time(25)
    decision = shown.state("decision")
    assert decision.state == "commissioning"
    assert decision.attributes["mix"][0]["heat_w"] == 8000, "this is what is commanded"
    assert shown.pump.commands > 0
    power, cost, heat = (shown.state(key) for key in ("power", "cost_per_hour", "heat_power"))
    assert float(power.state) < 300
    assert power.attributes["estimated"]
    assert power.attributes["estimated_sources"] == ["Heat pump"]
    assert float(cost.state) < 300 / 1000 * PRICE
    assert cost.attributes["estimated"]
    assert cost.attributes["commanded"] == pytest.approx(8 / 3 * PRICE, rel=0.1)
    assert heat.state == "unknown" or float(heat.state) < 1000
    assert shown.zone.attributes["hvac_action"] == "idle"
    (delivery,) = decision.attributes["delivery"]
    assert (delivery["source"], delivery["heating"], delivery["power_estimated"]) == ("Heat pump", False, True)


@pytest.mark.slow
async def test_a_running_pump_is_shown_by_its_counters(shown: Shown) -> None:
    shown.pump.watts, shown.pump.heat_w = 2000.0, 6000.0
    await shown.pass_time(75)
    for key, truth in (("power", 2000.0), ("heat_power", 6000.0), ("cost_per_hour", 2.0 * PRICE)):
        state = shown.state(key)
        assert float(state.state) == pytest.approx(truth, rel=0.05 if not state.attributes["estimated"] else 0.25), key
    assert shown.zone.attributes["hvac_action"] == "heating"
    before = shown.pump.true_kwh, float(shown.state("cost").state)
    await shown.pass_time(60)
    spent = float(shown.state("cost").state) - before[1]
    assert spent == pytest.approx((shown.pump.true_kwh - before[0]) * PRICE, rel=0.06)


async def test_a_reported_compressor_decides_whether_it_heats(shown: Shown) -> None:
    shown.pump.reports_compressor = True
    shown.pump.watts, shown.pump.heat_w = 2000.0, 6000.0
    await shown.pass_time(2)
    assert shown.zone.attributes["hvac_action"] == "heating"
    shown.pump.watts, shown.pump.heat_w = 92.0, 0.0
    await shown.pass_time(2)
    assert shown.zone.attributes["hvac_action"] == "idle"
    assert float(shown.state("heat_power").state) < 6000


async def test_a_zone_above_its_target_is_idle(shown: Shown) -> None:
    shown.pump.reports_compressor = True
    shown.pump.watts, shown.pump.heat_w = 2000.0, 6000.0
    shown.room_c = 22.0
    await shown.pass_time(3)
    assert shown.zone.attributes["hvac_action"] == "idle"
    assert shown.state("decision").state != "commissioning"
    shown.room_c = 20.0
    await shown.pass_time(3)
    assert shown.zone.attributes["hvac_action"] == "heating"


@pytest.mark.slow
async def test_a_counter_that_reads_zero_once_changes_nothing(shown: Shown) -> None:
    shown.pump.watts, shown.pump.heat_w = 2000.0, 7000.0
    await shown.pass_time(150)
    cop = float(shown.state("cop_day").state)
    assert cop == pytest.approx(3.5, rel=0.05)
    cost, kwh = float(shown.state("cost").state), shown.pump.true_kwh
    for electricity, heat in ((0.0, None), (None, 0.0)):
        true = shown.pump.true_kwh, shown.pump.true_heat_kwh
        if electricity is not None:
            shown.pump.true_kwh = electricity
        if heat is not None:
            shown.pump.true_heat_kwh = heat
        await shown.pass_time(1)
        shown.pump.true_kwh, shown.pump.true_heat_kwh = true[0] + 2 / 60, true[1] + 7 / 60
        await shown.pass_time(4)
    power = shown.state("power")
    assert power.state == "unknown" or float(power.state) == pytest.approx(2000, rel=0.25)
    spent = float(shown.state("cost").state) - cost
    assert spent == pytest.approx((shown.pump.true_kwh - kwh) * PRICE, abs=0.15 * PRICE)
    await shown.pass_time(30)
    assert float(shown.state("cop_day").state) == pytest.approx(3.5, rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("frozen", ["true_kwh", "true_heat_kwh"])
async def test_a_frozen_counter_gives_no_wrong_cop(shown: Shown, frozen: str) -> None:
    """For three hours; then it either continues or catches up."""
    shown.pump.watts, shown.pump.heat_w = 2000.0, 7000.0
    await shown.pass_time(100)
    rate = shown.pump.watts if frozen == "true_kwh" else shown.pump.heat_w
    held = getattr(shown.pump, frozen)
    for _ in range(180):
        setattr(shown.pump, frozen, held)
        await shown.pass_time(1)
        for key in ("cop_now", "cop_day"):
            state = shown.state(key).state
            assert state == "unknown" or float(state) == pytest.approx(3.5, rel=0.07)
    setattr(shown.pump, frozen, held + rate * 3 / 1000)
    await shown.pass_time(90)
    assert float(shown.state("cop_day").state) == pytest.approx(3.5, rel=0.07)


@pytest.mark.slow
async def test_coarse_counters_show_no_cop_before_they_counted_enough(shown: Shown) -> None:
    shown.pump.watts, shown.pump.heat_w = 600.0, 2100.0
    for _ in range(20):
        await shown.pass_time(12)
        for key in ("cop_now", "cop_day"):
            state = shown.state(key).state
            assert state == "unknown" or float(state) == pytest.approx(3.5, rel=0.06)
    assert shown.state("cop_day").state != "unknown"


@pytest.mark.slow
async def test_an_override_shows_its_end(shown: Shown) -> None:
    assert shown.zone.attributes["override_until"] is None
    answer = await shown.hass.services.async_call(
        DOMAIN, "override", {"temperature": 23.0, "duration": {"hours": 2}}, blocking=True, return_response=True
    )
    await shown.pass_time(1)
    assert answer is not None
    assert shown.zone.attributes["override_until"] == answer["until"]
    end = shown.hass.states.get("sensor.living_room_override_end")
    assert end is not None
    assert datetime.fromisoformat(end.state) == datetime.fromisoformat(answer["until"]).replace(microsecond=0)
    await shown.pass_time(121)
    assert shown.zone.attributes["override_until"] is None
    end = shown.hass.states.get("sensor.living_room_override_end")
    assert end is not None
    assert end.state == "unknown"


@pytest.mark.slow
async def test_a_preset_has_no_end(shown: Shown) -> None:
    """It lasts until the user selects another one: no date a year ahead."""
    entity_id = shown.zone.entity_id
    for preset, stored_until in (("eco", None), ("antifreeze", None)):
        await shown.hass.services.async_call(
            "climate", "set_preset_mode", {"entity_id": entity_id, "preset_mode": preset}, blocking=True
        )
        await shown.pass_time(1)
        assert shown.zone.attributes["preset_mode"] == preset
        assert shown.zone.attributes["override_until"] is stored_until
        end = shown.hass.states.get("sensor.living_room_override_end")
        assert end is not None
        assert end.state == "unknown"
    await shown.pass_time(60 * 24)
    assert shown.zone.attributes["preset_mode"] == "antifreeze"


async def test_plan_action_agrees_with_the_sensors(shown: Shown) -> None:
    answer: Any = await shown.hass.services.async_call(DOMAIN, "get_plan", {}, blocking=True, return_response=True)
    assert answer["followed"] is (answer["control_mode"] == "plan")
    assert answer["control_mode"] == shown.state("way").state == shown.state("decision").attributes["way"]
    (price,) = answer["heat_prices"]
    assert price["source"] == "Heat pump"
    assert 0 < price["price_kwh"] < PRICE


async def test_learning_shows_its_progress_and_expected_end(shown: Shown) -> None:
    await shown.pass_time(61)
    learning = shown.state("model_error").attributes
    assert 5 <= learning["progress"] <= 11
    expected = datetime.fromisoformat(learning["expected"])
    assert timedelta(hours=8.5) < expected - shown.now < timedelta(hours=10)
