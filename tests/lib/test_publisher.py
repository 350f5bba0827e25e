"""The publisher: the rules on a clock, and on Home Assistant's own loop and entities."""

from datetime import timedelta
from typing import Any, override

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.components.lock import LockEntity
from homeassistant.components.number import NumberEntity
from homeassistant.components.select import SelectEntity
from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription, SensorStateClass
from homeassistant.components.switch import SwitchEntity
from homeassistant.const import STATE_UNAVAILABLE, EntityCategory, UnitOfTemperature
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockEntityPlatform,
    async_capture_events,
    async_fire_time_changed,
)

from lib.publish_rules import Threshold
from lib.publisher import PublishedEntity, Publisher
from tests.lib.stepped_loop import SteppedLoop


class Shown(Entity):
    """An entity that notes its state writes."""

    def __init__(self, loop: SteppedLoop, name: str = "sensor.one", cost_s: float = 0.0) -> None:
        self.entity_id = name
        self.value: object = None
        self.shown: list[tuple[float, object]] = []
        self.broken = False
        self._loop = loop
        self._cost_s = cost_s

    @override
    def async_write_ha_state(self) -> None:  # type: ignore[misc]
        self._loop.now += self._cost_s
        if self.broken:
            raise ValueError("not a number")
        self.shown.append((self._loop.now - 1000.0, self.value))


@pytest.fixture
async def loop() -> SteppedLoop:
    return SteppedLoop()


@pytest.fixture
def publisher(loop: SteppedLoop) -> Publisher:
    return Publisher(loop, clock=loop.time)  # type: ignore[arg-type]


@pytest.fixture
def entity(loop: SteppedLoop, publisher: Publisher) -> Shown:
    entity = Shown(loop)
    publisher.attach(entity, Threshold(0.2))
    return entity


def offer(publisher: Publisher, entity: Shown, value: object) -> None:
    entity.value = value
    publisher.offer(entity, value)


def test_a_significant_change_is_shown_in_the_next_loop_iteration(
    loop: SteppedLoop, publisher: Publisher, entity: Shown
) -> None:
    offer(publisher, entity, 20.0)
    assert entity.shown == []
    loop.iterate()
    assert entity.shown == [(0.0, 20.0)]


def test_changes_within_ten_seconds_end_in_one_write_of_the_newest(
    loop: SteppedLoop, publisher: Publisher, entity: Shown
) -> None:
    for value in (20.0, 21.0, 22.0, 23.0):
        offer(publisher, entity, value)
        loop.advance(2)
    loop.advance(100)
    assert entity.shown == [(0.0, 20.0), (10.0, 23.0)]


def test_the_first_value_of_an_entity_that_showed_unknown_does_not_wait(
    loop: SteppedLoop, publisher: Publisher, entity: Shown
) -> None:
    offer(publisher, entity, None)
    loop.advance(1)
    offer(publisher, entity, 20.0)
    loop.iterate()
    assert entity.shown == [(0.0, None), (1.0, 20.0)]


def test_a_small_change_is_shown_after_five_minutes(loop: SteppedLoop, publisher: Publisher, entity: Shown) -> None:
    offer(publisher, entity, 20.0)
    loop.advance(30)
    offer(publisher, entity, 20.1)
    loop.advance(269)
    assert len(entity.shown) == 1
    loop.advance(2)
    assert entity.shown[1:] == [(300.0, 20.1)]


def test_a_blip_that_is_over_before_its_turn_leaves_no_row(
    loop: SteppedLoop, publisher: Publisher, entity: Shown
) -> None:
    offer(publisher, entity, 20.0)
    loop.advance(1)
    offer(publisher, entity, 25.0)
    loop.advance(1)
    offer(publisher, entity, 20.0)
    loop.advance(1000)
    assert len(entity.shown) == 1


def test_a_blip_that_ends_in_a_small_change_waits_for_the_five_minutes(
    loop: SteppedLoop, publisher: Publisher, entity: Shown
) -> None:
    offer(publisher, entity, 20.0)
    loop.advance(1)
    offer(publisher, entity, 25.0)
    offer(publisher, entity, 20.1)
    loop.advance(1000)
    assert entity.shown == [(0.0, 20.0), (300.0, 20.1)]


def test_a_significant_change_overtakes_a_small_one(loop: SteppedLoop, publisher: Publisher, entity: Shown) -> None:
    offer(publisher, entity, 20.0)
    loop.advance(1)
    offer(publisher, entity, 20.1)
    loop.advance(1)
    offer(publisher, entity, 25.0)
    loop.advance(1000)
    assert entity.shown == [(0.0, 20.0), (10.0, 25.0)]


def test_a_silent_source_is_not_refreshed(loop: SteppedLoop, publisher: Publisher, entity: Shown) -> None:
    offer(publisher, entity, 20.0)
    loop.advance(10_000)
    assert len(entity.shown) == 1


def test_losing_and_regaining_a_device_is_shown_at_once(loop: SteppedLoop, publisher: Publisher, entity: Shown) -> None:
    offer(publisher, entity, 20.0)
    loop.advance(1)
    publisher.offer(entity, None, available=False)
    loop.advance(1)
    publisher.offer(entity, 20.0)
    loop.advance(1)
    assert [at for at, _ in entity.shown] == [0.0, 1.0, 2.0]


def test_the_answer_to_a_command_is_shown_at_once(loop: SteppedLoop, publisher: Publisher, entity: Shown) -> None:
    offer(publisher, entity, True)
    loop.advance(1)
    offer(publisher, entity, False)
    publisher.write_now(entity)
    publisher.write_now(entity)
    loop.advance(100)
    assert entity.shown == [(0.0, True), (1.0, False)]


def test_writes_are_cut_into_slices(loop: SteppedLoop, publisher: Publisher) -> None:
    entities = [Shown(loop, f"sensor.n{n}", cost_s=2**-10) for n in range(12)]
    for entity in entities:
        publisher.attach(entity)
        publisher.offer(entity, 1)
    written = []
    while loop.soon:
        loop.iterate()
        written.append(sum(len(entity.shown) for entity in entities))
    assert written == [5, 10, 12]
    assert publisher.counters.longest_slice_s == 5 * 2**-10 < 0.005


def test_values_offered_while_a_write_waits_in_the_queue_cost_no_second_write(
    loop: SteppedLoop, publisher: Publisher, entity: Shown
) -> None:
    offer(publisher, entity, 20.0)
    offer(publisher, entity, 30.0)
    loop.advance(100)
    assert entity.shown == [(0.0, 30.0)]


def test_subscribers_get_every_value_until_they_leave(publisher: Publisher, entity: Shown) -> None:
    got: list[tuple[Entity, object, bool]] = []
    unsubscribe = publisher.subscribe(lambda *what: got.append(what))
    publisher.offer(entity, 20.0)
    publisher.offer(entity, 20.01)
    publisher.offer(entity, None, available=False)
    unsubscribe()
    unsubscribe()
    publisher.offer(entity, 20.02)
    assert got == [(entity, 20.0, True), (entity, 20.01, True), (entity, None, False)]


def test_a_failing_subscriber_is_removed_and_the_state_is_written(
    loop: SteppedLoop, publisher: Publisher, entity: Shown, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("socket closed")

    publisher.subscribe(fail)
    offer(publisher, entity, 20.0)
    offer(publisher, entity, 21.0)
    loop.advance(1)
    assert entity.shown == [(0.0, 21.0)]
    assert caplog.text.count("a subscriber raised an error and was removed") == 1


def test_an_entity_that_cannot_be_written_does_not_stop_the_others_and_is_logged_once(
    loop: SteppedLoop, publisher: Publisher, entity: Shown, caplog: pytest.LogCaptureFixture
) -> None:
    other = Shown(loop, "sensor.two")
    publisher.attach(other)
    entity.broken = True
    for value in (1, 2, 3):
        offer(publisher, entity, value)
        offer(publisher, other, value)
        loop.advance(20)
    assert len(other.shown) == 3
    assert caplog.text.count("sensor.one: writing the state failed") == 1
    assert (publisher.counters.failed, publisher.counters.written) == (3, 3)


def test_a_detached_entity_is_not_written_any_more(loop: SteppedLoop, publisher: Publisher, entity: Shown) -> None:
    offer(publisher, entity, 20.0)
    loop.advance(1)
    offer(publisher, entity, 30.0)
    publisher.detach(entity)
    publisher.detach(entity)
    loop.advance(1000)
    offer(publisher, entity, 40.0)
    publisher.attach(entity)
    offer(publisher, entity, 50.0)
    publisher.detach(entity)
    loop.advance(1000)
    assert entity.shown == [(0.0, 20.0)]


def test_closing_leaves_no_timer_and_no_write(loop: SteppedLoop, publisher: Publisher, entity: Shown) -> None:
    offer(publisher, entity, 20.0)
    loop.advance(1)
    offer(publisher, entity, 30.0)
    assert loop.timers == 1
    publisher.write_now(entity)
    publisher.close()
    publisher.close()
    assert loop.timers == 0
    publisher.attach(entity)
    offer(publisher, entity, 40.0)
    loop.advance(1000)
    assert entity.shown == [(0.0, 20.0)]


def test_counters_and_pending_count_offers_and_writes(loop: SteppedLoop, publisher: Publisher, entity: Shown) -> None:
    offer(publisher, entity, 20.0)
    assert publisher.pending == 1
    loop.advance(1)
    offer(publisher, entity, 30.0)
    assert publisher.pending == 1
    loop.advance(20)
    assert publisher.pending == 0
    assert (publisher.counters.offered, publisher.counters.written, publisher.counters.slices) == (2, 2, 2)


def test_a_wavering_value_does_not_pile_up_timers(loop: SteppedLoop, publisher: Publisher, entity: Shown) -> None:
    for step in range(1000):
        offer(publisher, entity, 20.0 + step % 2)
        loop.now += 0.001
        loop.iterate()
    assert loop.timers == 1
    assert len(publisher._wakes) == 1


# On Home Assistant itself


class Room(PublishedEntity, SensorEntity):
    """A temperature sensor on a publisher."""

    _attr_device_class = SensorDeviceClass.TEMPERATURE
    _attr_native_unit_of_measurement = UnitOfTemperature.CELSIUS
    _attr_name = "Room"

    def __init__(self, publisher: Publisher) -> None:
        self.publisher = publisher

    def show(self, value: float | None) -> None:
        self._attr_native_value = value
        self._attr_available = value is not None
        self.publish()


class Pump(PublishedEntity, BinarySensorEntity):
    """A binary sensor on a publisher."""

    _attr_name = "Pump"

    def __init__(self, publisher: Publisher) -> None:
        self.publisher = publisher


async def added(hass: HomeAssistant, entity: Entity, domain: str) -> Entity:
    await MockEntityPlatform(hass, domain=domain).async_add_entities([entity])
    return entity


@pytest.fixture
async def entry(hass: HomeAssistant) -> MockConfigEntry:
    entry = MockConfigEntry(domain="publisher_test")
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
async def changes(hass: HomeAssistant) -> list[Event]:
    return async_capture_events(hass, "state_changed")


async def test_a_sensor_follows_the_rules_in_home_assistant(
    hass: HomeAssistant, entry: MockConfigEntry, changes: list[Event]
) -> None:
    room = Room(Publisher.for_entry(hass, entry))
    await added(hass, room, "sensor")
    for value in (20.0, 20.5, 20.6):
        room.show(value)
        await hass.async_block_till_done()
    assert hass.states.get("sensor.room").state == "20.0"
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=10.5))
    await hass.async_block_till_done()
    assert hass.states.get("sensor.room").state == "20.6"
    room.show(None)
    await hass.async_block_till_done()
    assert hass.states.get("sensor.room").state == STATE_UNAVAILABLE
    assert [event.data["new_state"].state for event in changes] == ["unknown", "20.0", "20.6", "unavailable"]
    room.publisher.close()


async def test_the_five_minutes_hold_on_home_assistants_clock(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    room = Room(Publisher.for_entry(hass, entry))
    await added(hass, room, "sensor")
    room.show(20.0)
    await hass.async_block_till_done()
    room.show(20.1)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=200))
    await hass.async_block_till_done()
    assert hass.states.get("sensor.room").state == "20.0"
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=301))
    await hass.async_block_till_done()
    assert hass.states.get("sensor.room").state == "20.1"
    room.publisher.close()


class Creeping(PublishedEntity, SensorEntity):
    """A sensor whose value rises all the time."""

    def __init__(self, loop: SteppedLoop, publisher: Publisher, options: dict[str, Any]) -> None:
        self.publisher = publisher
        self.written: list[float] = []
        self._loop = loop
        for name, value in options.items():
            setattr(self, f"_attr_{name}", value)

    @override
    def async_write_ha_state(self) -> None:  # type: ignore[misc]
        self.written.append(self._loop.now)


@pytest.mark.parametrize(
    ("options", "writes"),
    [
        ({"device_class": SensorDeviceClass.POWER, "state_class": SensorStateClass.MEASUREMENT}, 30),
        ({"device_class": SensorDeviceClass.ENERGY, "state_class": SensorStateClass.TOTAL_INCREASING}, 5),
        ({"device_class": SensorDeviceClass.MONETARY, "state_class": SensorStateClass.TOTAL}, 5),
        ({"state_class": SensorStateClass.TOTAL_INCREASING}, 5),
        (
            {
                "device_class": SensorDeviceClass.SIGNAL_STRENGTH,
                "state_class": SensorStateClass.MEASUREMENT,
                "entity_category": EntityCategory.DIAGNOSTIC,
            },
            5,
        ),
        ({"entity_category": EntityCategory.DIAGNOSTIC}, 30),
    ],
)
def test_what_only_creeps_is_written_once_a_minute(
    loop: SteppedLoop, publisher: Publisher, options: dict[str, Any], writes: int
) -> None:
    """Five minutes in which a value changes significantly every two seconds; a power stays at its ten seconds."""
    sensor = Creeping(loop, publisher, options)
    publisher.attach(sensor)
    for number in range(150):
        publisher.offer(sensor, 10.0 * number)
        loop.advance(2.0)
    assert writes <= len(sensor.written) <= writes + 1


def test_a_corrected_sum_is_written_at_once(loop: SteppedLoop, publisher: Publisher) -> None:
    """A sum falls when it was corrected or another day begins."""
    sensor = Creeping(loop, publisher, {"state_class": SensorStateClass.TOTAL})
    publisher.attach(sensor)
    for value in (241.0, 245.0, 1.0, 5.0):
        publisher.offer(sensor, value)
        loop.advance(2.0)
    assert len(sensor.written) == 2, "the first value and the fall"


async def test_a_confirmed_command_is_shown_past_the_limit(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    pump = Pump(Publisher.for_entry(hass, entry))
    await added(hass, pump, "binary_sensor")
    for on in (True, False, True):
        pump._attr_is_on = on
        pump.publish_now()
        await hass.async_block_till_done()
        assert hass.states.get("binary_sensor.pump").state == ("on" if on else "off")
    pump.publisher.close()


async def test_on_and_off_are_shown_at_once_regardless_of_earlier_writes(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    pump = Pump(Publisher.for_entry(hass, entry))
    await added(hass, pump, "binary_sensor")
    for on, state in ((True, "on"), (False, "off"), (None, "unknown"), (True, "on")):
        pump._attr_is_on = on
        pump.publish()
        await hass.async_block_till_done()
        assert hass.states.get("binary_sensor.pump").state == state
    pump.publisher.close()


@pytest.mark.parametrize(
    ("entity_class", "attribute", "values"),
    [
        (SensorEntity, "native_value", ("idle", "fault")),
        (NumberEntity, "native_value", (10.0, 11.0)),
        (SelectEntity, "current_option", ("idle", "fault")),
        (SwitchEntity, "is_on", (False, True)),
        (LockEntity, "is_locked", (False, True)),
    ],
)
async def test_modes_settings_and_switches_are_shown_at_once(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    entity_class: type[Entity],
    attribute: str,
    values: tuple[object, object],
) -> None:
    kind = type("Kind", (PublishedEntity, entity_class), {"_attr_options": ["idle", "fault"]})
    if entity_class is SensorEntity:
        kind._attr_device_class = SensorDeviceClass.ENUM
    shown = kind(Publisher.for_entry(hass, entry), "mode", "outlet_7")
    shown._attr_name = "Mode"
    await added(hass, shown, "test")
    written = []
    for value in (*values, values[0]):
        setattr(shown, f"_attr_{attribute}", value)
        shown.publish()
        await hass.async_block_till_done()
        written.append(hass.states.get("test.mode").state)
    assert written[0] == written[2] != written[1]
    shown.publisher.close()


async def test_a_removed_entity_leaves_the_publisher(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    room = Room(Publisher.for_entry(hass, entry))
    await added(hass, room, "sensor")
    room.show(20.0)
    await hass.async_block_till_done()
    room.show(30.0)
    assert room.publisher.pending == 1
    await room.async_remove()
    assert room.publisher.pending == 0
    room.publisher.close()


async def test_unloading_the_entry_closes_its_publisher(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    room = Room(Publisher.for_entry(hass, entry))
    await added(hass, room, "sensor")
    room.show(20.0)
    await hass.async_block_till_done()
    room.show(30.0)
    await entry._async_process_on_unload(hass)
    assert room.publisher.pending == 0
    await hass.async_block_till_done()
    assert hass.states.get("sensor.room").state == "20.0"


class Relay(PublishedEntity, SensorEntity):
    """A relay's power, whose on/off attribute is shown without delay."""

    power_w = 0.0
    is_on = False

    @property
    @override
    def native_value(self) -> float:
        return self.power_w

    @property
    @override
    def immediate_value(self) -> object:
        return self.is_on


async def test_a_change_of_the_immediate_value_is_written_past_the_pace(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    platform = MockEntityPlatform(hass)
    description = SensorEntityDescription(key="relay_power", name="Power")
    relay = Relay(Publisher.for_entry(hass, entry), description, "outlet_7")
    await platform.async_add_entities([relay])
    relay.publish()
    await hass.async_block_till_done()
    states = async_capture_events(hass, "state_changed")
    relay.power_w = 50.0
    relay.publish()
    await hass.async_block_till_done()
    assert states == []
    relay.is_on = True
    relay.publish()
    await hass.async_block_till_done()
    assert [event.data["new_state"].state for event in states] == ["50.0"]
    relay.publisher.close()


async def test_an_entity_is_named_by_its_description(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    publisher, info = Publisher.for_entry(hass, entry), DeviceInfo(identifiers={("test", "7")})
    relay = Relay(publisher, SensorEntityDescription(key="power"), "outlet_7", info)
    assert (relay.unique_id, relay.translation_key, relay.device_info) == ("outlet_7_power", "power", info)
    other = Relay(publisher, SensorEntityDescription(key="power", translation_key="relay_power"), "outlet_7")
    assert (other.unique_id, other.translation_key) == ("outlet_7_power", "relay_power")
