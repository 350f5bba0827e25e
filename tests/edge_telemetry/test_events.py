"""Events of buttons and dimmers."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.edge_telemetry.data import EdgeData
from custom_components.edge_telemetry.decoders import METRICS, describe, event_types, parse_event

from .conftest import Publish, entity_id, state, take_down

REMOTE = "van/remote/one"
TOPIC = f"{REMOTE}/data"


def shown(hass: HomeAssistant, key: str = "button_event") -> dict[str, Any]:
    """Return the attributes of an event entity."""
    found = hass.states.get(entity_id(hass, "event", key, REMOTE) or "")
    assert found is not None
    return dict(found.attributes)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("button_event", "press", ("press", None)),
        ("sensor_2_button_event", "hold_press", ("hold_press", None)),
        ("dimmer_event", "rotate_left 3", ("rotate_left", 3)),
        ("dimmer_event", "rotate_left", ("rotate_left", None)),
        ("dimmer_event", "rotate_left many", ("rotate_left", None)),
        ("button_event", "rotate_left 3", None),
        ("button_event", "", None),
        ("button_event", None, None),
        ("button_event", 1, None),
        ("temperature_c", "press", None),
    ],
)
def test_the_event_of_a_value(key: str, value: object, expected: tuple[str, int | None] | None) -> None:
    assert parse_event(describe(key), value) == expected


def test_each_event_metric_has_types() -> None:
    events = [metric for key, metric in METRICS.items() if key.endswith("_event")]
    assert len(events) == 2
    assert all(event_types(metric) for metric in events)


async def test_a_button_is_an_event_entity_and_no_sensor(hass: HomeAssistant, data: EdgeData, publish: Publish) -> None:
    await publish(TOPIC, {"button_event": "press", "battery_percent": 98})
    assert shown(hass)["event_type"] == "press", "the first one counts, too"
    assert shown(hass)["device_class"] == "button"
    assert entity_id(hass, "sensor", "button_event", REMOTE) is None
    first = state(hass, "button_event", REMOTE, "event")
    await publish(TOPIC, {"battery_percent": 97})
    assert state(hass, "button_event", REMOTE, "event") == first, "nothing happened"
    await publish(TOPIC, {"button_event": "held down", "battery_percent": 97})
    await publish(TOPIC, {"button_event": 7, "battery_percent": 97})
    assert state(hass, "button_event", REMOTE, "event") == first, "not an event"
    await publish(TOPIC, {"button_event": "double_press"})
    assert shown(hass)["event_type"] == "double_press"
    await publish(TOPIC, {"dimmer_event": "rotate_right 5"})
    assert (shown(hass, "dimmer_event")["event_type"], shown(hass, "dimmer_event")["steps"]) == ("rotate_right", 5)


async def test_a_retained_press_is_over(hass: HomeAssistant, data: EdgeData, publish: Publish) -> None:
    await publish(TOPIC, {"button_event": "press", "temperature_c": 21}, retain=True)
    assert state(hass, "temperature_c", REMOTE) == "21"
    assert entity_id(hass, "event", "button_event", REMOTE) is None
    await publish(TOPIC, {"button_event": "press"})
    assert shown(hass)["event_type"] == "press"


async def test_a_button_is_there_after_a_restart_and_nothing_happened(
    hass: HomeAssistant, data: EdgeData, entry: MockConfigEntry, publish: Publish
) -> None:
    await publish(TOPIC, {"button_event": "press"})
    pressed = state(hass, "button_event", REMOTE, "event")
    await take_down(hass, entry)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert state(hass, "button_event", REMOTE, "event") == pressed, "restored"
    await publish(TOPIC, {"button_event": "press"})
    assert state(hass, "button_event", REMOTE, "event") != pressed


async def test_a_removed_button_returns_with_its_next_event(
    hass: HomeAssistant, data: EdgeData, publish: Publish
) -> None:
    await publish(TOPIC, {"button_event": "press", "battery_percent": 98})
    device = next(iter(data.devices.values()))
    data.devices.remove_metrics(device, ["button_event"])
    await publish(TOPIC, {"battery_percent": 97})
    assert "button_event" not in device.record.metrics
