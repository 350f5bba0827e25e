"""Triggers and conditions that apply to an integration's own entities, on Home Assistant itself."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

from homeassistant.const import CONF_ENTITY_ID, CONF_TARGET, STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.condition import ConditionConfig
from homeassistant.helpers.trigger import TriggerConfig
import pytest

from lib.own_entities import OwnEntities, event_trigger, own_entities, state_condition, transition_trigger


@pytest.fixture
def entities(entity_registry: er.EntityRegistry) -> dict[str, str]:
    """An own entity with the key, one with another key, one of another integration."""
    made: dict[str, str] = {}
    for name, platform, key in (("own", "ours", "offline"), ("key", "ours", "battery"), ("other", "theirs", "offline")):
        for domain in ("binary_sensor", "event"):
            made[f"{domain}.{name}"] = entity_registry.async_get_or_create(
                domain,
                platform,
                f"{domain}_{name}",
                suggested_object_id=name,
                translation_key=key,
                entity_category=None if name != "own" else er.EntityCategory.DIAGNOSTIC,
            ).entity_id
    return made


def test_only_own_entities_with_the_key_count(hass: HomeAssistant, entities: dict[str, str]) -> None:
    all_of_them = {*entities, "binary_sensor.unregistered"}
    assert own_entities(hass, all_of_them, "ours", "offline") == {"binary_sensor.own", "event.own"}


def test_the_mixin_restricts_what_the_base_class_finds(hass: HomeAssistant, entities: dict[str, str]) -> None:
    class Base:
        """A base class like HA's."""

        def __init__(self) -> None:
            self._hass = hass

        def entity_filter(self, found: set[str]) -> set[str]:
            return {entity_id for entity_id in found if entity_id.startswith("event.")}

    class Own(OwnEntities, Base, integration="ours", key="offline"):
        """Both."""

    class Sub(Own):
        """Inherits the integration and the key."""

    assert Own().entity_filter(set(entities)) == Sub().entity_filter(set(entities)) == {"event.own"}


async def test_a_condition_is_met_while_an_own_entity_is_in_the_state(
    hass: HomeAssistant, entities: dict[str, str]
) -> None:
    kind = state_condition("ours", "binary_sensor", "offline", STATE_ON)
    config = await kind.async_validate_config(hass, {CONF_TARGET: {CONF_ENTITY_ID: list(entities)}})
    condition = kind(hass, ConditionConfig(target=config[CONF_TARGET], options=config.get("options", {})))
    await condition.async_setup()
    check: Any = condition.async_check
    for entity_id in ("binary_sensor.key", "binary_sensor.other"):
        hass.states.async_set(entity_id, STATE_ON)
    hass.states.async_set("binary_sensor.own", STATE_OFF)
    assert not check()
    hass.states.async_set("binary_sensor.own", STATE_ON)
    assert check()


@pytest.fixture
def fired() -> Mock:
    return Mock()


async def attach(hass: HomeAssistant, kind: Any, entities: dict[str, str], fired: Mock) -> Any:
    config = await kind.async_validate_config(hass, {CONF_TARGET: {CONF_ENTITY_ID: list(entities)}})
    trigger = kind(hass, TriggerConfig(key="t", target=config[CONF_TARGET], options=config.get("options", {})))
    return await trigger.async_attach_runner(lambda *args, **kwargs: fired(args[0]["entity_id"]))


async def test_a_transition_of_an_own_entity_fires(hass: HomeAssistant, entities: dict[str, str], fired: Mock) -> None:
    kind = transition_trigger("ours", "binary_sensor", "offline", STATE_OFF, STATE_ON)
    for entity_id in entities:
        hass.states.async_set(entity_id, STATE_OFF)
    detach = await attach(hass, kind, entities, fired)
    for entity_id in entities:
        hass.states.async_set(entity_id, STATE_ON)
    await hass.async_block_till_done()
    hass.states.async_set("binary_sensor.own", STATE_OFF)
    await hass.async_block_till_done()
    assert [call.args[0] for call in fired.call_args_list] == ["binary_sensor.own"]
    detach()


def event_states() -> Iterator[tuple[str, dict[str, str]]]:
    """Two events in the same millisecond, one of another type, one later."""
    yield "2026-11-29T00:00:00.000+00:00", {"event_type": "overload", "id": "1"}
    yield "2026-11-29T00:00:00.000+00:00", {"event_type": "overload", "id": "2"}
    yield "2026-11-29T00:00:01.000+00:00", {"event_type": "offline", "id": "3"}
    yield "2026-11-29T00:00:02.000+00:00", {"event_type": "tripped"}
    yield "2026-11-29T00:00:02.000+00:00", {"event_type": "tripped", "icon": "mdi:alert"}


async def test_each_own_event_of_the_types_fires_once(
    hass: HomeAssistant, entities: dict[str, str], fired: Mock
) -> None:
    kind = event_trigger("ours", "offline", "overload", "tripped")
    for entity_id in entities:
        hass.states.async_set(entity_id, "unknown")
    detach = await attach(hass, kind, entities, fired)
    for state, attributes in event_states():
        for entity_id in ("event.own", "event.key", "event.other"):
            hass.states.async_set(entity_id, state, attributes)
        await hass.async_block_till_done()
    assert [call.args[0] for call in fired.call_args_list] == ["event.own"] * 3
    detach()
