"""What the history of a home depends on, and when it is the history of another home."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat.engine.model.history import COLUMNS, Row
from custom_components.proof_of_heat.learning.history_entities import key_of
from custom_components.proof_of_heat.learning.home_key import HomeChange, HomeKey, Link, Part
from custom_components.proof_of_heat.learning.import_state import Earlier, ImportState, Partial
from custom_components.proof_of_heat.system_config import read_config

from .ha import system, zone

NOW = datetime(2027, 1, 20, 18, 0, tzinfo=UTC)
DAYS = 8
PUMP = {"kind": "entity", "source_kind": "heat_pump", "entity": "switch.pump", "meter": "sensor.meter"}
PRICE = {"price": {"price_entity": "sensor.price", "fees": 0.0, "tax": 0.0}}


def heat_source(number: int = 1, **data: Any) -> ConfigSubentry:
    return ConfigSubentry(
        data=MappingProxyType({**PUMP, **data}),
        subentry_id=f"source_{number}",
        subentry_type="source",
        title=f"Source {number}",
        unique_id=f"{number}",
    )


def home(
    *sources: ConfigSubentry, rooms: Mapping[str, str] | None = None, options: Any = None, **data: Any
) -> MockConfigEntry:
    zones = [zone(name, temperature=room) for name, room in (rooms or {"Living room": "sensor.room"}).items()]
    return system(*zones, *(sources or (heat_source(),)), options=options or PRICE, weather="weather.home", **data)


def key(hass: HomeAssistant, entry: MockConfigEntry) -> HomeKey:
    return key_of(hass, entry, read_config(entry))


SOLAR = {"solar": {"export_meter": "sensor.export", "feed_in_price": 0.08}}


@pytest.mark.parametrize(
    ("changed", "parts", "sources"),
    [
        (lambda: home(heat_source(meter="sensor.other")), {Part.SOURCES}, {"source_1"}),
        (lambda: home(heat_source(meter=None)), {Part.SOURCES}, {"source_1"}),
        (lambda: home(heat_source(source_kind="direct_electric")), {Part.SOURCES}, {"source_1"}),
        (lambda: home(heat_source(), heat_source(2)), {Part.SOURCES}, {"source_2"}),
        (lambda: home(heat_source(2)), {Part.SOURCES}, {"source_1", "source_2"}),
        (lambda: home(rooms={"Living room": "sensor.other"}), {Part.ROOMS}, set()),
        (lambda: home(rooms={"Living room": "sensor.room", "Bath": "sensor.bath"}), {Part.ROOMS}, set()),
        (lambda: home(outdoor="sensor.north"), {Part.OUTDOOR}, set()),
        (lambda: home(outdoor=None), {Part.OUTDOOR}, set()),
        (lambda: home(options={"price": {**PRICE["price"], "price_entity": "sensor.spot"}}), {Part.PRICE}, set()),
        (lambda: home(options={"price": {"fixed_price": 0.3, "fees": 0.0, "tax": 0.0}}), {Part.PRICE}, set()),
        (lambda: home(options={**PRICE, **SOLAR}), {Part.GRID}, set()),
        (lambda: home(rooms={"Parlor": "sensor.room"}), set(), set()),
        (lambda: home(heat_source(entity="switch.other", nominal_power_w=900.0)), set(), set()),
        (
            lambda: home(options={"price": {**PRICE["price"], "fees": 0.2}, "limits": {"site_power": 9000}}),
            set(),
            set(),
        ),
    ],
    ids=[
        "meter",
        "no meter",
        "type",
        "another source",
        "source replaced",
        "room",
        "zone",
        "outdoor",
        "outdoor by weather",
        "price sensor",
        "fixed price",
        "solar",
        "name",
        "size",
        "fees and limits",
    ],
)
def test_key_differs_in_what_is_measured_otherwise(
    hass: HomeAssistant, changed: Callable[[], MockConfigEntry], parts: set[Part], sources: set[str]
) -> None:
    before, now = key(hass, home()), key(hass, changed())
    assert now.change_from(before) == HomeChange(frozenset(parts), frozenset(sources))
    assert before.change_from(now) == HomeChange(frozenset(parts), frozenset(sources))


def test_another_weather_entity_matters_where_it_provides_the_outdoor_temperature(hass: HomeAssistant) -> None:
    entry = home()
    now = key(hass, system(zone(temperature="sensor.room"), heat_source(), options=PRICE, weather="weather.other"))
    assert now.change_from(key(hass, entry)).parts == {Part.WEATHER}
    assert now.change_from(key(hass, entry)).cause is None, "in the history of the house, it is the same"
    without = key(hass, system(zone(temperature="sensor.room"), heat_source(), options=PRICE))
    assert without.change_from(now).parts == {Part.WEATHER}
    provides, other = (
        key(hass, system(zone(), heat_source(), options=PRICE, outdoor=None, weather=entity_id))
        for entity_id in ("weather.home", "weather.other")
    )
    assert other.change_from(provides).cause is Part.OUTDOOR


def test_order_of_zones_and_sources_does_not_matter(hass: HomeAssistant) -> None:
    rooms = {"Bath": "sensor.bath", "Living room": "sensor.room"}
    one = key(hass, home(heat_source(), heat_source(2), rooms=rooms))
    other = key(hass, home(heat_source(2), heat_source(), rooms=dict(reversed(rooms.items()))))
    assert one != other
    assert not one.change_from(other).parts


def test_renamed_entity_is_the_same(hass: HomeAssistant) -> None:
    registry = er.async_get(hass)
    meter = registry.async_get_or_create("sensor", "test", "meter", suggested_object_id="meter")
    before = key(hass, home())
    assert before.sources[0].registry_id == meter.id
    registry.async_update_entity("sensor.meter", new_entity_id="sensor.heat_pump")
    renamed = key(hass, home(heat_source(meter="sensor.heat_pump")))
    assert not renamed.change_from(before).parts
    taken = registry.async_get_or_create("sensor", "test", "another", suggested_object_id="meter")
    assert taken.entity_id == "sensor.meter"
    assert key(hass, home()).change_from(renamed).parts == {Part.SOURCES}, "its old name is that of another one now"


def test_entity_that_is_registered_later_or_set_up_again_is_the_same(hass: HomeAssistant) -> None:
    """The recorder continues under its entity ID."""
    registry = er.async_get(hass)
    without = key(hass, home())
    registry.async_get_or_create("sensor", "test", "meter", suggested_object_id="meter")
    registered = key(hass, home())
    registry.async_remove("sensor.meter")
    registry.async_get_or_create("sensor", "other", "meter", suggested_object_id="meter")
    again = key(hass, home())
    assert again.sources[0].registry_id != registered.sources[0].registry_id
    assert not registered.change_from(without).parts
    assert not again.change_from(registered).parts
    assert not without.change_from(again).parts


def test_key_survives_storing(hass: HomeAssistant) -> None:
    registry = er.async_get(hass)
    registry.async_get_or_create("sensor", "test", "meter", suggested_object_id="meter")
    found = key(hass, home(heat_source(), heat_source(2, meter=None), options={**PRICE, **SOLAR}))
    assert HomeKey.restored(json.loads(json.dumps(found.dump()))) == found


GOOD = HomeKey(rooms=(Link("sensor.room"),)).dump()


@pytest.mark.parametrize(
    "saved",
    [
        None,
        [],
        {},
        {**GOOD, "rooms": None},
        {**GOOD, "rooms": ["sensor.room"]},
        {**GOOD, "rooms": [["sensor.room", 3, "", ""]]},
        {**GOOD, "rooms": [[None, None, "", ""]]},
        {name: links for name, links in GOOD.items() if name != "grid"},
    ],
)
def test_invalid_key_is_none(saved: object) -> None:
    assert HomeKey.restored(saved) is None


@pytest.mark.parametrize(
    "saved", [None, [], {}, {"parts": "rooms"}, {"parts": ["cellar"]}, {"parts": [3], "sources": []}]
)
def test_invalid_change_is_none(saved: object) -> None:
    assert HomeChange.restored(saved) is None


def test_most_important_change_is_the_cause() -> None:
    assert HomeChange(frozenset(Part)).cause is Part.SOURCES
    assert HomeChange(frozenset({Part.PRICE, Part.GRID, Part.WEATHER})).cause is None
    both = HomeChange(frozenset({Part.ROOMS})) | HomeChange(frozenset({Part.SOURCES}), frozenset({"a"}))
    assert both == HomeChange(frozenset({Part.ROOMS, Part.SOURCES}), frozenset({"a"}))
    assert HomeChange.restored(json.loads(json.dumps(both.dump()))) == both


def key_with(room: str, **parts: str) -> HomeKey:
    return HomeKey(rooms=(Link(room),), **{name: (Link(entity_id),) for name, entity_id in parts.items()})


A, B, C = key_with("sensor.a"), key_with("sensor.b"), key_with("sensor.c", outdoor="sensor.outdoor")
DONE = ImportState(A, NOW - timedelta(days=30), done="2027-01-01T00:00:00+00:00", count=500)


def test_another_home_asks_for_its_history() -> None:
    changed = DONE.of_home(B, NOW, has_rows=True)
    assert (changed.key, changed.since, changed.is_asked) == (B, NOW, True)
    assert changed.change == HomeChange(frozenset({Part.ROOMS}))
    later = changed.of_home(C, NOW + timedelta(hours=1), has_rows=True)
    assert (later.key, later.since) == (C, NOW + timedelta(hours=1))
    assert later.change == HomeChange(frozenset({Part.ROOMS, Part.OUTDOOR}))
    assert later.earlier == changed.earlier == Earlier(A, DONE.since, NOW)
    done = later.finished(NOW + timedelta(hours=2), 700, is_mixed=False)
    assert done == ImportState(C, later.since, "2027-01-20T20:00:00+00:00", 700)
    assert done.of_home(C, NOW + timedelta(days=9), has_rows=True) == done
    mixed = later.finished(NOW, 0, is_mixed=True).of_home(A, NOW, has_rows=True)
    assert mixed.is_mixed
    assert mixed.of_home(C, NOW, has_rows=True) == replace(done, done=NOW.isoformat(), count=0, is_mixed=True)
    assert not mixed.finished(NOW, 700, is_mixed=False).has_old_rows


@pytest.mark.parametrize(
    ("minutes", "through", "asked"), [(14, B, False), (16, B, True), (-60, B, True), (14, C, False), (16, C, True)]
)
def test_change_that_is_undone_at_once_is_none(minutes: int, through: HomeKey, asked: bool) -> None:
    """After a quarter of an hour, a row of the history was recorded by the other thermometer."""
    changed = DONE.of_home(B, NOW, has_rows=True).of_home(through, NOW, has_rows=True)
    back = changed.of_home(A, NOW + timedelta(minutes=minutes), has_rows=True)
    assert back.is_asked is asked
    if asked:
        assert (back.key, back.since) == (A, NOW + timedelta(minutes=minutes))
        assert back.change is not None
        assert Part.ROOMS in back.change.parts
    else:
        assert back == DONE


def test_home_without_a_recorded_row_begins_as_it_is_now() -> None:
    """While it is being set up, sources are added one after the other."""
    begun = replace(DONE, partial=Partial(NOW, 3, []))
    assert begun.of_home(B, NOW, has_rows=False) == ImportState(B)


def test_change_of_the_price_sensor_does_not_change_the_history() -> None:
    spot = key_with("sensor.a", price="sensor.spot")
    assert DONE.of_home(spot, NOW, has_rows=True) == replace(DONE, key=spot)


def restored(data: Any) -> ImportState:
    return ImportState.restored(json.loads(json.dumps(data)), C, DAYS)


def test_state_survives_storing() -> None:
    changed = DONE.of_home(B, NOW, has_rows=True)
    row = Row(**{name: float(place) for place, name in enumerate(COLUMNS)})
    mixed = changed.finished(NOW, 5, is_mixed=True)
    assert (DONE.has_old_rows, changed.has_old_rows, mixed.has_old_rows) == (False, True, True)
    for state in (DONE, ImportState(A), changed, mixed, replace(changed, partial=Partial(NOW, 5, [row]))):
        assert restored(state.dump()) == state
    assert ImportState.restored(None, C, DAYS) == ImportState(C)


@pytest.mark.parametrize(
    ("damage", "valid"),
    [
        ({"key": 3}, {"key": C}),
        ({"since": "yesterday"}, {"since": None}),
        ({"since": "2027-01-20T18:00:00"}, {"since": None}),
        ({"since": 5}, {"since": None}),
        ({"done": 3}, {"done": None}),
        ({"count": "many"}, {"count": 0}),
        ({"mixed": 1}, {"is_mixed": False}),
        ({"again": "yes"}, {"is_asked": False}),
        ({"change": []}, {"change": None}),
        ({"earlier": []}, {"earlier": None}),
        ({"earlier": {"key": A.dump(), "since": None}}, {"earlier": None}),
    ],
)
def test_invalid_parts_of_the_state_are_omitted(damage: dict[str, Any], valid: dict[str, Any]) -> None:
    state = DONE.of_home(B, NOW, has_rows=True)
    assert restored({**state.dump(), **damage}) == replace(state, **valid)
