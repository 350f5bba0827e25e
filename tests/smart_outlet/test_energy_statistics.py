"""The action that corrects energy statistics, with a real recorder."""

from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.smart_outlet.const import DOMAIN
from tests.energy_history import import_glitch, sums

from .conftest import ccu_entry


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: None, enable_custom_integrations: None) -> None:
    """As in all tests; the recorder starts before Home Assistant."""


async def correct(hass: HomeAssistant, context: Context | None = None, **data: Any) -> Any:
    return await hass.services.async_call(
        DOMAIN, "correct_energy", data, blocking=True, return_response=True, context=context
    )


async def test_sockets_and_the_main_line_are_corrected(hass: HomeAssistant, hass_read_only_user: MockUser) -> None:
    entry = ccu_entry()
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    registry = er.async_get(hass)

    def sensor(unique_id: str) -> str:
        entity_id = registry.async_get_entity_id("sensor", DOMAIN, unique_id)
        assert entity_id, unique_id
        return entity_id

    pairs = {
        sensor("01_FE_energy_a"): sensor("01_FE_power_a"),
        sensor("01_FE_energy_b"): sensor("01_FE_power_b"),
        sensor("unit_01_main_energy"): sensor("unit_01_main_power"),
    }
    for energy, power in pairs.items():
        await import_glitch(hass, energy, power)
    with pytest.raises(Unauthorized):
        await correct(hass, Context(user_id=hass_read_only_user.id), dry_run=False)

    preview = await correct(hass)
    assert preview["dry_run"] is True
    assert {each["entity_id"] for each in preview["statistics"]} == set(pairs)
    (hour,) = preview["statistics"][0]["hours"]
    assert hour == {
        "start": "2026-01-05T02:00:00+00:00",
        "counted_kwh": 240.5,
        "energy_kwh": 0.5,
        "contradicted_by": "power",
        "taken_from": "counter",
    }
    device = registry.entities[sensor("01_FE_energy_a")].device_id
    assert len((await correct(hass, device_id=device))["statistics"]) == 2
    for energy in pairs:
        assert (await sums(hass, energy))[-1] == 242.5, "a dry run changes nothing"

    await correct(hass, dry_run=False)
    for energy in pairs:
        assert await sums(hass, energy) == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert (await correct(hass, dry_run=False))["statistics"] == []
