"""Hot water of Viessmann devices: its one-time charge, its state and its setpoints."""

from collections.abc import Callable
import json
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.drivers.viessmann.features import decode
from lib.heat_source import Outcome
from tests.paths import SHARED

from . import ha
from .flow import device
from .test_viessmann import cloud

CAPTURES = SHARED / "fixtures" / "viessmann"
# Of each capture: charging, setpoint, second setpoint.
HOT_WATER: dict[str, tuple[Any, ...]] = {
    "Vitocal111S": (False, 48, 50),
    "Vitocal200": (False, 50, 50),
    "Vitocal200S": (False, 40, 60),
    "Vitocal200S_E8NEV": (None, 50, None),
    "Vitocal222S": (None, 52, None),
    "Vitocal252": (None, 50, None),
    "Vitocal300G_CU401B": (False, 50, 60),
    "Vitocal333G": (True, 50, 60),
}


@pytest.mark.skipif(not CAPTURES.is_dir(), reason=f"the captures are absent: {CAPTURES}")
@pytest.mark.parametrize("name", HOT_WATER)
def test_every_capture_has_a_one_time_charge_that_is_not_active(name: str) -> None:
    reading = decode(json.loads((CAPTURES / f"{name}.json").read_text()))
    charging, setpoint, second = HOT_WATER[name]
    assert reading.can_charge_hot_water
    assert reading.values["dhw_one_time_charge"] is False
    if charging is not None:
        assert reading.values["dhw_charging"] is charging
    assert reading.number("dhw_setpoint") == setpoint
    assert reading.number("dhw_second_setpoint") == second


@pytest.mark.skipif(not CAPTURES.is_dir(), reason=f"the captures are absent: {CAPTURES}")
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Vitocal111S", {"program": "eco", "program_temperature": 20, "circuit_max_temperature": 37, "holiday": False}),
        ("Vitocal200S", {"program": "standby", "program_temperature": None, "circuit_min_temperature": 15}),
        (
            "Vitocal222S",
            {
                "program_temperature": 22,
                "hot_gas_temperature": 32.8,
                "evaporator_temperature": 8.7,
                "condenser_temperature": 26.1,
                "boiler_pump_load": 94,
                "secondary_circuit_state": "heating",
                "volume_flow_temperature": 25.7,
            },
        ),
        (
            "Vitocal300G_CU401B",
            {"hot_gas_temperature": 79.5, "suction_gas_temperature": 7.1, "liquid_gas_temperature": 36, "overheat": 4},
        ),
    ],
)
def test_programs_and_the_refrigerant_circuit_are_read(name: str, values: dict[str, Any]) -> None:
    reading = decode(json.loads((CAPTURES / f"{name}.json").read_text()))
    assert {key: reading.values.get(key) for key in values} == values


@pytest.mark.skipif(not CAPTURES.is_dir(), reason=f"the captures are absent: {CAPTURES}")
def test_a_gateway_without_a_heat_pump_has_no_one_time_charge() -> None:
    assert not decode(json.loads((CAPTURES / "VitoconnectOpto1.json").read_text())).can_charge_hot_water


async def test_the_charge_is_started_shown_and_stopped(socket_enabled: None) -> None:
    async with cloud() as setup:
        source = await setup.source()
        await source.refresh()
        assert source.can_charge_hot_water
        calls = setup.cloud.total_calls
        result = await source.charge_hot_water(True)
        assert (result.outcome, setup.cloud.commands) == (
            Outcome.APPLIED,
            [["heating.dhw.oneTimeCharge", "activate", {}]],
        )
        assert setup.cloud.total_calls - calls == 2
        assert result.state.extra["dhw_one_time_charge"] is True
        assert result.state.hot_water
        result = await source.charge_hot_water(False)
        assert (result.outcome, result.state.extra["dhw_one_time_charge"]) == (Outcome.APPLIED, False)
        # It ended by itself meanwhile: the cloud refuses to stop it again.
        result = await source.charge_hot_water(False)
        assert result.outcome == Outcome.REFUSED


@pytest.mark.parametrize(
    ("fault", "outcome"), [("deaf", Outcome.PENDING), ("declined", Outcome.REFUSED), ("limited", Outcome.DEFERRED)]
)
async def test_a_charge_that_does_not_start_is_not_shown_as_active(
    fault: str, outcome: Outcome, socket_enabled: None
) -> None:
    async with cloud() as setup:
        source = await setup.source()
        await source.refresh()
        setup.cloud.faults.set(fault)
        result = await source.charge_hot_water(True)
        assert result.outcome == outcome
        assert source.state.extra["dhw_one_time_charge"] is False


async def test_a_device_without_it_is_not_asked(socket_enabled: None) -> None:
    async with cloud() as setup:
        source = await setup.source()
        source._can_charge = False
        result = await source.charge_hot_water(True)
        assert (result.outcome, setup.cloud.commands) == (Outcome.REFUSED, [])


async def test_the_switch_starts_the_charge(
    hass: HomeAssistant, loopback: Callable[[], str], entity_registry: er.EntityRegistry
) -> None:
    async with device("viessmann", loopback) as (simulator, values):
        ha.thermometer(hass, ha.ROOM, 20.0)
        ha.thermometer(hass, ha.OUTDOOR, 3.0)
        assert await async_setup_component(hass, DOMAIN, {})
        entry = ha.system(await ha.source(hass, "viessmann", values))
        await ha.start(hass, entry)
        (pump,) = entry.runtime_data.sources.values()
        await pump.source.refresh()
        entity_id = next(
            item.entity_id
            for item in er.async_entries_for_config_entry(entity_registry, entry.entry_id)
            if item.domain == "switch" and item.unique_id.endswith("dhw_one_time_charge")
        )

        async def turn(action: str) -> None:
            await hass.services.async_call("switch", f"turn_{action}", {"entity_id": entity_id}, blocking=True)
            await hass.async_block_till_done()

        await turn("on")
        state = hass.states.get(entity_id)
        assert state is not None
        assert state.state == "on"
        assert simulator.pump.charge_left_s > 0
        await turn("off")
        state = hass.states.get(entity_id)
        assert state is not None
        assert state.state == "off"
        simulator.faults.set("declined")
        with pytest.raises(HomeAssistantError) as caught:
            await turn("on")
        assert caught.value.translation_key == "hot_water_not_changed"
        await ha.idle(entry)
        await hass.config_entries.async_unload(entry.entry_id)
