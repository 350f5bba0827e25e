"""Psychrometrics against published values, batteries, sequence numbers and topics."""

from hypothesis import given, strategies as st
import pytest

from custom_components.edge_telemetry.decoders import Address, Channel, SequenceTracker, TopicPattern
from custom_components.edge_telemetry.decoders.derived import (
    absolute_humidity_g_m3,
    battery_is_low,
    derive,
    dew_point_c,
    saturation_pressure_hpa,
    vapour_pressure_deficit_kpa,
)

# Saturation vapour pressure over water in hPa (WMO-No. 8, Goff-Gratch table values).
SATURATION = [(-20, 1.2540), (0, 6.1078), (10, 12.272), (20, 23.373), (30, 42.430), (40, 73.777), (50, 123.40)]


@pytest.mark.parametrize(("temperature", "pressure"), SATURATION)
def test_saturation_pressure_is_the_tables(temperature: float, pressure: float) -> None:
    assert saturation_pressure_hpa(temperature) == pytest.approx(pressure, rel=5e-3)


def test_saturated_air_condenses_at_its_own_temperature() -> None:
    assert dew_point_c(18.0, 100.0) == pytest.approx(18.0)


@pytest.mark.parametrize(
    ("temperature", "humidity", "dew_point"), [(20, 50, 9.3), (25, 60, 16.7), (30, 80, 26.2), (0, 70, -4.8)]
)
def test_dew_points_of_known_airs(temperature: float, humidity: float, dew_point: float) -> None:
    assert dew_point_c(temperature, humidity) == pytest.approx(dew_point, abs=0.1)


@pytest.mark.parametrize(("temperature", "grams"), [(0, 4.85), (10, 9.40), (20, 17.3), (30, 30.4)])
def test_saturated_air_holds_the_known_water(temperature: float, grams: float) -> None:
    assert absolute_humidity_g_m3(temperature, 100) == pytest.approx(grams, rel=5e-3)


@given(st.floats(-45, 60), st.floats(0.5, 100))
def test_dew_point_never_exceeds_the_temperature_and_the_deficit_is_never_negative(
    temperature: float, humidity: float
) -> None:
    assert dew_point_c(temperature, humidity) <= temperature + 1e-9
    assert vapour_pressure_deficit_kpa(temperature, humidity) >= 0
    # the same air, cooled to its dew point, is saturated with the same vapour
    assert saturation_pressure_hpa(dew_point_c(temperature, humidity)) == pytest.approx(
        humidity / 100 * saturation_pressure_hpa(temperature), rel=1e-6
    )


@pytest.mark.parametrize("humidity", [0.0, 120.0])
def test_beyond_the_formula_the_derived_values_are_unknown(humidity: float) -> None:
    assert derive({"temperature_c": 20.0, "humidity_percent": humidity})["dew_point_c"] is None


def test_without_humidity_nothing_is_derived() -> None:
    assert derive({"temperature_c": 20.0, "humidity_percent": None}) == {}


@pytest.mark.parametrize(
    ("battery", "temperature", "low"),
    [
        (2499, 20, True),
        (2500, 0, False),
        (2400, -5, False),
        (2299, -5, True),
        (2100, -25, False),
        (1999, -25, True),
        (2499, None, True),
    ],
)
def test_a_cold_cell_may_read_less(battery: float, temperature: float | None, low: bool) -> None:
    assert battery_is_low(battery, temperature) is low
    assert derive({"battery_mv": battery, "temperature_c": temperature})["battery_low"] is low


# Sequence numbers


def track(*numbers: int, modulus: int | None = None) -> tuple[list[bool], int]:
    tracker = SequenceTracker(modulus)
    return [tracker.is_duplicate(number, float(index)) for index, number in enumerate(numbers)], tracker.lost


@pytest.mark.parametrize(
    ("numbers", "duplicates", "lost"),
    [
        ((1, 2, 3), [False, False, False], 0),
        ((1, 1, 2, 1), [False, True, False, True], 0),
        ((1, 5), [False, False], 3),
        ((1, 4, 2), [False, False, False], 1),
        ((500, 0, 1), [False, False, False], 0),
        ((1, 100_000), [False, False], 0),
        # the first two changed places
        ((1, 0, 2), [False, False, False], 0),
        # a straggler of its former life does not come after a restart
        ((1, 5, 0, 1, 2, 3, 4, 5, 6), [False] * 3 + [True] + [False] * 3 + [True, False], 3),
        ((100, 104, 40, 41), [False] * 4, 3),
    ],
)
def test_duplicates_and_losses(numbers: tuple[int, ...], duplicates: list[bool], lost: int) -> None:
    assert track(*numbers) == (duplicates, lost)


def test_a_number_that_begins_again_is_not_a_loss() -> None:
    assert track(65533, 65534, 0, 1, modulus=65535) == ([False] * 4, 0)


def test_the_same_number_much_later_is_a_restart() -> None:
    tracker = SequenceTracker()
    assert not tracker.is_duplicate(0, 0.0)
    assert tracker.is_duplicate(0, 59.0)
    assert not tracker.is_duplicate(0, 61.0)


@given(st.data(), st.integers(20, 250), st.sampled_from([None, 300]))
def test_lost_messages_are_counted_exactly_also_with_duplicates_and_late_ones(
    data: st.DataObject, count: int, modulus: int | None
) -> None:
    """A broker's restart: some numbers are lost, some come twice, some up to twenty places late."""
    start = data.draw(st.integers(0, 299))
    inner = list(range(1, count - 1))
    lost = data.draw(st.sets(st.sampled_from(inner), max_size=60))
    doubled = data.draw(st.sets(st.sampled_from([0, *inner]), max_size=30)) - lost
    late = data.draw(st.dictionaries(st.sampled_from(inner), st.integers(1, 20), max_size=30))
    comes = [(number + late.get(number, 0), number) for number in range(count) if number not in lost]
    comes += [(number + late.get(number, 0) + 5, number) for number in doubled]
    order = [number for _, number in sorted(comes, key=lambda come: (come[0], come[1]))]
    tracker = SequenceTracker(modulus)
    for index, number in enumerate([*order, count]):
        sequence = start + number
        tracker.is_duplicate(sequence if modulus is None else sequence % modulus, index * 0.1)
    assert (tracker.lost, tracker.duplicates) == (len(lost), len(doubled))


@given(st.lists(st.integers(0, 2000), max_size=600))
def test_the_tracker_stays_small(numbers: list[int]) -> None:
    tracker = SequenceTracker()
    for now, number in enumerate(numbers):
        tracker.is_duplicate(number, now * 0.1)
    assert len(tracker._seen) <= 256
    assert len(tracker._missing) <= 1000
    assert tracker.lost >= 0


# Topics


@pytest.mark.parametrize(
    ("pattern", "topic", "address", "base"),
    [
        (
            "{site_id}/{system}/{device_id}/data",
            "van/ruuvi/inside/data",
            ("van", "ruuvi", "inside"),
            "van/ruuvi/inside",
        ),
        ("paku/ruuvi/{device_id}", "paku/ruuvi/van_inside", ("paku", "ruuvi", "van_inside"), "paku/ruuvi/van_inside"),
        ("paku/ruuvi/van_inside", "paku/ruuvi/van_inside", ("paku", "ruuvi", "van_inside"), "paku/ruuvi/van_inside"),
        ("ruuvi/{gateway}/{tag}", "ruuvi/AA:BB/CC:DD", ("home", "ruuvi", "CC:DD"), "ruuvi/AA:BB/CC:DD"),
        ("{device}/data", "pump/data", ("home", "edge", "pump"), "pump"),
        ("root/+/{site}/{system}/{device}/data", "root/x/a/b/c/data", ("a", "b", "c"), "root/x/a/b/c"),
    ],
)
def test_a_topic_identifies_the_device(pattern: str, topic: str, address: tuple[str, ...], base: str) -> None:
    assert TopicPattern(pattern).match(topic, Channel.DATA) == (Address(*address), base)


@pytest.mark.parametrize(
    "topic",
    [
        "van/ruuvi/inside",
        "van/ruuvi/inside/state",
        "van/ruuvi/data",
        "a/b/c/d/data",
        "van//inside/data",
        "v\n/r/i/data",
        f"{'x' * 65}/r/i/data",
    ],
)
def test_other_topics_are_of_no_device(topic: str) -> None:
    assert TopicPattern("{site_id}/{system}/{device_id}/data").match(topic, Channel.DATA) is None


def test_a_fixed_level_has_to_be_the_same() -> None:
    assert TopicPattern("paku/{system}/{device}/data").match("other/ruuvi/x/data", Channel.DATA) is None


@pytest.mark.parametrize("channel", [channel for channel in Channel if channel is not Channel.GATEWAY])
def test_every_channel_is_subscribed_and_recognised(channel: Channel) -> None:
    pattern = TopicPattern("{site_id}/{system}/{device_id}/data")
    (subscription,) = (topic for topic, of in pattern.subscriptions().items() if of is channel)
    topic = subscription.replace("+/+/+", "van/ruuvi/inside")
    assert pattern.match(topic, channel) == (Address("van", "ruuvi", "inside"), "van/ruuvi/inside")


def test_the_gateway_is_known_where_the_pattern_names_it() -> None:
    assert TopicPattern("ruuvi/{gateway}/{tag}").gateway("ruuvi/AA/BB") == "AA"
    assert TopicPattern("paku/ruuvi/{tag}").gateway("paku/ruuvi/x") is None


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "#",
        "a/#",
        "{site}/x",
        "{device}/{device}",
        "{what}/{device}",
        "a//{device}",
        "+",
        "$SYS/{device}",
        "x{device}",
    ],
)
def test_unusable_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        TopicPattern(pattern)
