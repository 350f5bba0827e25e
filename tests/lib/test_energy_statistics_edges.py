"""The `correct_energy` action of an integration's energy sensors, and statistics without anything to correct."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr, entity_registry as er
import probatio as vol
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from lib.energy_statistics import (
    SERVICE_CORRECT_ENERGY,
    EnergyStatistic,
    async_find_jumps,
    async_register_correct_energy,
    is_recording,
)
from tests.energy_history import START, import_glitch, import_rows, sums

DOMAIN = "plugs"
SPOILED = [0.0, 0.5, 241.0, 241.5, 242.0, 242.5]
RIGHT = [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: None, enable_custom_integrations: None) -> None:
    """As in all tests; the recorder starts before Home Assistant."""


@pytest.fixture(autouse=True)
def clock(auto_enable_custom_integrations: None, freezer: FrozenDateTimeFactory) -> None:
    """Six hours after the first row."""
    freezer.move_to(START + timedelta(hours=6, minutes=20))


@pytest.fixture
async def device_id(hass: HomeAssistant) -> str:
    """A plug of 500 W whose energy was counted wrongly, and the action that corrects it."""
    await hass.config.async_set_time_zone("UTC")
    entry = MockConfigEntry(domain=DOMAIN)
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, identifiers={(DOMAIN, "1")})
    for key in ("energy", "power"):
        er.async_get(hass).async_get_or_create(
            "sensor",
            DOMAIN,
            f"1_{key}",
            suggested_object_id=key,
            config_entry=entry,
            device_id=device.id,
            original_device_class=key,
        )
    await import_glitch(hass, "sensor.energy", "sensor.power")
    async_register_correct_energy(hass, DOMAIN, {"energy": ("power", False)}, max_kw=3.6)
    return device.id


async def correct(hass: HomeAssistant, context: Context | None = None, **data: Any) -> dict[str, Any]:
    reply = await hass.services.async_call(
        DOMAIN, SERVICE_CORRECT_ENERGY, data, blocking=True, return_response=True, context=context
    )
    assert isinstance(reply, dict)
    return reply


async def test_the_action_previews_by_default(hass: HomeAssistant, device_id: str) -> None:
    preview = await correct(hass)
    assert preview["dry_run"] is True
    (found,) = preview["statistics"]
    assert (found["entity_id"], found["correction_kwh"]) == ("sensor.energy", -240.0)
    assert "correction_cost" not in found["hours"][0]
    assert await sums(hass, "sensor.energy") == SPOILED

    assert await correct(hass, dry_run=False) == {"dry_run": False, "statistics": [found]}
    assert await sums(hass, "sensor.energy") == RIGHT
    assert (await correct(hass, dry_run=False))["statistics"] == []


async def test_the_action_corrects_only_the_devices_and_the_time_it_is_given(
    hass: HomeAssistant, device_id: str
) -> None:
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    another = dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, identifiers={(DOMAIN, "2")})
    assert (await correct(hass, device_id=another.id))["statistics"] == []
    assert (await correct(hass, start="2026-01-05 03:00:00"))["statistics"] == []
    assert (await correct(hass, end="2026-01-05 02:00:00"))["statistics"] == []
    asked: dict[str, Any] = {"start": "2026-01-05 02:00:00", "end": "2026-01-05 03:00:00"}
    assert len((await correct(hass, device_id=[device_id], **asked))["statistics"]) == 1
    assert await sums(hass, "sensor.energy") == SPOILED


async def test_a_device_of_another_integration_is_refused(hass: HomeAssistant, device_id: str) -> None:
    entry = MockConfigEntry(domain="another")
    entry.add_to_hass(hass)
    foreign = dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, identifiers={("another", "1")})
    for unknown in ("another", foreign.id):
        with pytest.raises(ServiceValidationError) as refused:
            await correct(hass, device_id=[device_id, unknown], dry_run=False)
        assert refused.value.translation_key == "unknown_device"
        assert refused.value.translation_placeholders == {"device_id": unknown}
    assert await sums(hass, "sensor.energy") == SPOILED


async def test_the_maximum_power_is_the_one_of_the_action(hass: HomeAssistant, device_id: str) -> None:
    """Energy without a power, 5 kWh in each hour: too much for 4 kW, and not for 6 kW."""
    er.async_get(hass).async_remove("sensor.power")
    other = [{"state": 10.0 + kwh, "sum": kwh} for kwh in (0.0, 5.0, 10.0)]
    await import_rows(hass, "sensor.energy", "kWh", other, timedelta(hours=1), "energy")
    limited = (await correct(hass, max_power=4000, end="2026-01-05 03:00:00"))["statistics"]
    assert [hour["contradicted_by"] for hour in limited[0]["hours"]] == ["maximum", "maximum"]
    assert (await correct(hass, max_power=6000, end="2026-01-05 03:00:00"))["statistics"] == []
    always = {"start": "0001-01-01 00:00:00", "end": "9999-12-31 23:59:59"}
    assert len((await correct(hass, max_power=4000, **always))["statistics"]) == 1


@pytest.mark.parametrize("end", ["2026-01-05 02:00:00", "2026-01-05 01:00:00", "0001-01-01 00:00:00"])
async def test_an_empty_range_is_refused(hass: HomeAssistant, device_id: str, end: str) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await correct(hass, start="2026-01-05 02:00:00", end=end, dry_run=False)
    assert (refused.value.translation_domain, refused.value.translation_key) == (DOMAIN, "empty_range")
    assert await sums(hass, "sensor.energy") == SPOILED


async def test_without_a_recorder_there_is_nothing_to_correct(hass: HomeAssistant, device_id: str) -> None:
    hass.config.components.remove("recorder")
    assert not is_recording(hass)
    with pytest.raises(ServiceValidationError) as refused:
        await correct(hass)
    assert refused.value.translation_key == "no_recorder"
    hass.config.components.add("recorder")


async def test_only_administrators_correct(hass: HomeAssistant, device_id: str, hass_read_only_user: MockUser) -> None:
    with pytest.raises(Unauthorized):
        await correct(hass, Context(user_id=hass_read_only_user.id), dry_run=False)
    assert await sums(hass, "sensor.energy") == SPOILED


async def test_a_maximum_power_below_one_watt_is_refused(hass: HomeAssistant, device_id: str) -> None:
    with pytest.raises(vol.Invalid):
        await correct(hass, max_power=0)


async def test_a_statistic_without_sums_or_without_rows_has_no_jumps(hass: HomeAssistant) -> None:
    """A sensor that was recorded as a measurement has means only."""
    means = [{"mean": 240.0, "min": 0.0, "max": 480.0}] * 3
    await import_rows(hass, "sensor.measured", "kWh", means, timedelta(minutes=5), "energy")
    await async_wait_recording_done(hass)
    statistics = [EnergyStatistic(name, 1.0) for name in ("sensor.measured", "sensor.never_recorded")]
    assert await async_find_jumps(hass, statistics) == []
