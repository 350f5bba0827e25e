"""Versions, windows, ranks, records to JSON and back."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import orjson
import pytest

from custom_components.ota.rollout.codec import DecodeError, decode
from custom_components.ota.rollout.cohort import arm_index, cohort_size, rank_devices
from custom_components.ota.rollout.errors import DeviceError, ReleaseError
from custom_components.ota.rollout.manifest import Channel
from custom_components.ota.rollout.models import Device, DeviceEvent, DeviceEventKind, Policy
from custom_components.ota.rollout.schedule import Window
from custom_components.ota.rollout.versions import is_newer, same_version, version_key
from custom_components.ota.rollout.wire.esphome import chip_family

ROME = ZoneInfo("Europe/Rome")


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.2.3", "1.2.4"),
        ("1.9", "1.10"),
        ("1.0.0-beta.2", "1.0.0"),
        ("1.0.0-beta.2", "1.0.0-beta.10"),
        ("1.0.0-1", "1.0.0-a"),
        ("v2.0", "2.0.1"),
        ("2025.12.1", "2026.1.0"),
    ],
)
def test_versions_are_ordered(older: str, newer: str) -> None:
    assert is_newer(newer, older)
    assert not is_newer(older, newer)


def test_versions_that_are_written_differently_are_the_same() -> None:
    assert same_version("v1.2", "1.2.0")
    assert not same_version("1.2", None)
    assert same_version(" 1.2\n", "1.2")
    assert same_version("custom", "custom")
    assert not same_version("custom", "1.0")


@pytest.mark.parametrize("bad", ["", "1..2", "1.\n2", "latest", "1.2.3.4.5", "9" * 40, "1.2-"])
def test_an_invalid_version_is_rejected(bad: str) -> None:
    with pytest.raises(ReleaseError, match="bad_version"):
        version_key(bad)
    assert not is_newer(bad, "1.0")


@pytest.mark.parametrize(
    ("local", "is_open"),
    [
        ("2026-11-23T21:59", False),
        ("2026-11-23T22:00", True),
        ("2026-11-24T04:59", True),
        ("2026-11-24T05:00", False),
        ("2026-11-22T23:00", False),
        ("2026-11-24T23:00", False),
    ],
)
def test_a_window_over_midnight_belongs_to_the_day_it_starts(local: str, is_open: bool) -> None:
    window = Window("22:00", "05:00", ("mon",))
    assert window.is_open(datetime.fromisoformat(local).replace(tzinfo=ROME).timestamp(), ROME) is is_open


def test_a_window_follows_the_wall_clock_over_a_clock_change() -> None:
    window = Window("02:30", "03:30")
    after = datetime(2026, 3, 29, 3, 15, tzinfo=ROME)  # 02:30 does not exist that night
    assert window.is_open(after.timestamp(), ROME)


def test_equal_ends_mean_the_whole_day() -> None:
    assert Window("00:00", "00:00").is_open(0.0, ROME)


@pytest.mark.parametrize(
    "args", [("24:00", "05:00"), ("1:00", "2:00"), ("01:00", "02:00", ()), ("01:00", "02:00", ("x",))]
)
def test_a_bad_window_is_refused(args: tuple[str, str]) -> None:
    with pytest.raises(DeviceError, match="bad_window"):
        Window(*args)


uids = st.lists(st.text(min_size=1, max_size=8), unique=True, min_size=1, max_size=60)


@given(uids, st.floats(0.01, 100), st.floats(0.01, 100), st.text(max_size=5))
def test_larger_percentage_only_adds_devices(ids: list[str], a: float, b: float, salt: str) -> None:
    small, large = sorted((a, b))
    order = rank_devices(salt, ids)
    first, more = order[: cohort_size(small, len(ids))], order[: cohort_size(large, len(ids))]
    assert first
    assert set(first) <= set(more)


@given(uids, st.text(max_size=5))
def test_the_choice_does_not_depend_on_the_order_of_the_registry(ids: list[str], salt: str) -> None:
    assert rank_devices(salt, ids) == rank_devices(salt, reversed(ids))


@given(uids, st.text(min_size=1, max_size=3))
def test_a_new_device_does_not_reshuffle_the_others(ids: list[str], new: str) -> None:
    before = rank_devices("s", ids)
    after = [uid for uid in rank_devices("s", {*ids, "new" + new}) if uid != "new" + new]
    assert [uid for uid in before if uid != "new" + new] == after


def test_independent_salts_choose_independently() -> None:
    ids = [f"d{i}" for i in range(10_000)]
    first, second = (set(rank_devices(salt, ids)[:1000]) for salt in ("a", "b"))
    assert 60 < len(first & second) < 140  # 100 expected


@pytest.mark.parametrize(
    ("percent", "total", "count"),
    [(7, 100, 7), (10, 5, 1), (0, 5, 0), (100, 5, 5), (50, 3, 2), (1, 10_000, 100), (33.3, 10, 4), (5, 0, 0)],
)
def test_counts_of_percentages(percent: float, total: int, count: int) -> None:
    assert cohort_size(percent, total) == count


def test_arms_are_assigned_by_weight_and_stay() -> None:
    ids = [f"d{i}" for i in range(4000)]
    arms = [arm_index("s", uid, (3.0, 1.0)) for uid in ids]
    assert 0.21 < sum(arms) / len(arms) < 0.29
    assert arms == [arm_index("s", uid, (3.0, 1.0)) for uid in ids]


def test_records_survive_json() -> None:
    device = Device(
        uid="d1",
        name="One",
        product="p",
        chip="esp32",
        tags=("a", "b"),
        metadata={"k": "v"},
        policy=Policy(channel=Channel.BETA, window=Window("22:00", "05:00")),
        last_seen=5.0,
        history=(DeviceEvent(1.0, DeviceEventKind.VERSION, "1.0"),),
    )
    assert decode(Device, orjson.loads(orjson.dumps(device))) == device


@pytest.mark.parametrize(
    "change",
    [{"uid": None}, {"tags": "a"}, {"policy": {"channel": "x"}}, {"policy": 5}, {"metadata": []}, {"last_seen": "x"},
     {"last_seen": True}, {"policy": {"window": {"start": "99:00", "end": "01:00"}}}],
)  # fmt: skip
def test_damaged_records_are_refused(change: dict[str, object]) -> None:
    data = orjson.loads(orjson.dumps(Device(uid="d", name="n", product="p", chip="c")))
    with pytest.raises(DecodeError):
        decode(Device, {**data, **change})


def test_a_missing_required_field_is_reported_and_unknown_ones_are_ignored() -> None:
    with pytest.raises(DecodeError, match="chip"):
        decode(Device, {"uid": "d", "name": "n", "product": "p"})
    device = decode(Device, {"uid": "d", "name": "n", "product": "p", "chip": "c", "future": 1, "last_seen": 3})
    assert device == replace(device, last_seen=3.0)


@pytest.mark.parametrize(
    ("chip", "family"),
    [
        ("esp32", "ESP32"),
        ("esp32c3", "ESP32-C3"),
        ("esp32s31", "ESP32-S31"),
        ("esp8266", "ESP8266"),
        ("generic", "GENERIC"),
    ],
)
def test_chips_as_esphome_names_them(chip: str, family: str) -> None:
    assert chip_family(chip) == family
