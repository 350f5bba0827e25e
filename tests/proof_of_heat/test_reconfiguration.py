"""Changed settings take effect in the running system: without a reload, calls of the cloud, or lost decisions."""

from typing import Any

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.runtime.reconfiguration import IN_PLACE

from .ha import HEATER, OUTDOOR, ROOM, source, start, system, thermometer, zone

TARIFF = [{"start": "22:00:00", "end": "06:00:00", "price": 0.15}]


@pytest.fixture
async def entry(hass: HomeAssistant) -> MockConfigEntry:
    thermometer(hass, ROOM, 19.0)
    thermometer(hass, OUTDOOR, 0.0)
    hass.states.async_set(HEATER, "off", {"friendly_name": "Heater"})
    assert await async_setup_component(hass, DOMAIN, {})
    data = {"entity": HEATER, "source_kind": "direct_electric", "number_is": "power", "nominal_power": 3000}
    made = system(zone(), await source(hass, "entity", data))
    await start(hass, made)
    return made


def entity_id(hass: HomeAssistant, domain: str, entry: MockConfigEntry, key: str) -> str:
    found = er.async_get(hass).async_get_entity_id(domain, DOMAIN, f"{entry.entry_id}_{key}")
    assert found is not None
    return found


async def test_five_changes_in_one_script_all_take_effect(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    running, before = entry.runtime_data, len(entry.runtime_data.journal.rows)
    lost: list[str] = []
    hass.bus.async_listen(
        "state_changed",
        lambda event: (
            lost.append(event.data["entity_id"])
            if (new := event.data["new_state"]) is None or new.state == STATE_UNAVAILABLE
            else None
        ),
    )
    wanted = {"slope": 1.1, "level": 3, "max_flow": 45, "power_limit": 2500}
    sequence: list[dict[str, Any]] = [
        {
            "action": "number.set_value",
            "target": {"entity_id": entity_id(hass, "number", entry, key)},
            "data": {"value": value},
        }
        for key, value in wanted.items()
    ]
    profile = {"entity_id": entity_id(hass, "select", entry, "profile")}
    sequence.append({"action": "select.select_option", "target": profile, "data": {"option": "eco"}})
    assert await async_setup_component(hass, "script", {"script": {"five": {"sequence": sequence}}})
    await hass.services.async_call("script", "five", blocking=True)
    states = {key: hass.states.get(entity_id(hass, "number", entry, key)).state for key in wanted}  # type: ignore[union-attr]
    assert {key: float(value) for key, value in states.items()} == wanted, "at once"
    assert hass.states.get(profile["entity_id"]).state == "eco"  # type: ignore[union-attr]
    await hass.async_block_till_done()
    assert entry.runtime_data is running, "not reloaded"
    assert not lost
    assert len(running.journal.rows) >= before
    engine = running.engine
    assert (engine.config.curve.slope, engine.config.curve.level_k) == (1.1, 3)
    assert (engine.demand_control.config.slope, engine.safety.limits.max_flow_c) == (1.1, 45)
    assert (engine.config.site.power_w, engine.source_selector.config.site.power_w) == (2500, 2500)
    assert entry.options["curve"] == {"slope": 1.1, "level": 3, "max_flow": 45}


async def test_a_power_limit_that_changes_every_50_s_does_not_keep_the_heater_off(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: Any
) -> None:
    await entry.runtime_data.user.async_set_active(True)
    limit = entity_id(hass, "number", entry, "power_limit")
    commands = []
    for index in range(30):
        freezer.tick(50)
        thermometer(hass, ROOM, 16.0 + 0.001 * index)
        thermometer(hass, OUTDOOR, 0.001 * index)
        await hass.services.async_call(
            "number", "set_value", {"entity_id": limit, "value": 3500 + 100 * (index % 3)}, blocking=True
        )
        for managed in entry.runtime_data.sources.values():
            await managed.source.refresh()
        await entry.runtime_data.coordinator.async_refresh()
        commands += [
            command.on for command in entry.runtime_data.coordinator.data.decision.commands if not command.hold
        ]
    assert any(commands), "it heats"


@pytest.mark.parametrize(
    ("options", "in_place"),
    [
        ({"limits": {"quiet_from": "22:00:00", "quiet_to": "06:00:00", "quiet_level": 30}}, True),
        ({"price": {"fixed_price": 0.4, "fees": 0.02, "tax": 20}}, True),
        ({"price": {"base_price": 0.3, "tariff_windows": TARIFF, "pool_fee": 3}}, True),
        ({"presence": {"persons": ["person.anna"]}}, True),
        ({"price": {"price_entity": "sensor.price"}}, False),
        ({"limits": {"site_meter": "sensor.grid"}}, False),
        ({"presence": {"away_calendar": "calendar.away"}}, False),
    ],
)
async def test_only_what_creates_parts_reloads(
    hass: HomeAssistant, entry: MockConfigEntry, options: dict[str, Any], *, in_place: bool
) -> None:
    running = entry.runtime_data
    hass.config_entries.async_update_entry(entry, options={**entry.options, **options})
    await hass.async_block_till_done()
    assert (entry.runtime_data is running) is in_place
    config = entry.runtime_data.config
    if "quiet_level" in options.get("limits", {}):
        (managed,) = running.sources.values()
        assert managed.config.quiet_level == 0.3
        assert running.engine.safety.sources[managed.source.source_id].quiet_level == 0.3
        assert config.quiet_from is not None
    if "persons" in options.get("presence", {}):
        assert config.persons == ("person.anna",)


def test_what_is_applied_in_place_exists() -> None:
    from custom_components.proof_of_heat.system_config import SystemConfig

    assert set(SystemConfig.__slots__) >= IN_PLACE  # type: ignore[attr-defined]
