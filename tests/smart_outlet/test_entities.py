"""Snapshots of all entities."""

from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.smart_outlet.const import PLATFORMS

from .conftest import MakeCcu, outlet_data


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize("platform", PLATFORMS)
async def test_the_entities_of_a_ccu(
    hass: HomeAssistant,
    make_ccu: MakeCcu,
    snapshot: SnapshotAssertion,
    platform: Platform,
    freezer: FrozenDateTimeFactory,
) -> None:
    freezer.move_to("2026-11-21 10:00:00+00:00")
    with (
        patch("custom_components.smart_outlet.PLATFORMS", (platform,)),
        patch("custom_components.smart_outlet.setup.ulid_now", return_value="01JDFIXEDID"),
    ):
        ccu = await make_ccu("01", (outlet_data("FE", "Kitchen"),))
        await ccu.report(current_a=65535, is_overload=True)
        await ccu.post("/api/breaker-data/", {"ccu_id": "01", "current_ma": 7321})
        await snapshot_platform(hass, er.async_get(hass), snapshot, ccu.entry.entry_id)
