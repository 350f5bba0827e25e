"""The action that corrects energy statistics, with a real recorder."""

from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.ecoflow.api.families import FAMILIES
from custom_components.ecoflow.const import DOMAIN
from custom_components.ecoflow.runtime.energy_meter import POWER_KEYS
from tests.energy_history import import_glitch, sums


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: None, enable_custom_integrations: None) -> None:
    """As in all tests; the recorder starts before Home Assistant."""


async def correct(hass: HomeAssistant, context: Context | None = None, **data: Any) -> Any:
    return await hass.services.async_call(
        DOMAIN, "correct_energy", data, blocking=True, return_response=True, context=context
    )


async def test_each_energy_is_judged_by_its_power(hass: HomeAssistant, hass_read_only_user: MockUser) -> None:
    """Discharged energy by the negative power of the battery; a counter whose power is not known by the maximum."""
    assert await async_setup_component(hass, DOMAIN, {})
    registry = er.async_get(hass)

    def sensor(key: str, device_class: str) -> str:
        return registry.async_get_or_create(
            "sensor", DOMAIN, f"SN1_{key}", original_device_class=device_class
        ).entity_id

    battery, solar = sensor("battery_power", "power"), sensor("solar_power", "power")
    discharged, sun = sensor("battery_discharged_energy", "energy"), sensor("solar_input_energy", "energy")
    other = sensor("dc_output_energy", "energy")
    await import_glitch(hass, discharged, battery, power_w=-500.0)
    await import_glitch(hass, sun, solar)
    await import_glitch(hass, other, solar)
    with pytest.raises(Unauthorized):
        await correct(hass, Context(user_id=hass_read_only_user.id), dry_run=False)
    preview = await correct(hass)
    by = {each["entity_id"]: each["hours"][0]["contradicted_by"] for each in preview["statistics"]}
    assert by == {discharged: "power", sun: "power", other: "maximum"}
    await correct(hass, dry_run=False)
    for energy in (discharged, sun, other):
        assert await sums(hass, energy) == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert (await correct(hass))["statistics"] == []


def test_the_powers_are_those_of_the_families() -> None:
    keys = {sensor.key for family in FAMILIES for sensor in family.sensors}
    assert {power for power, _ in POWER_KEYS.values()} <= keys
