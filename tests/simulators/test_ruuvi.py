"""The simulated tags speak Ruuvi's format: checked against the published vectors, not against our decoder."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
import random

import pytest

from simulators.ruuvi.rawv2 import Reading, advertisement, encode
from simulators.ruuvi.tags import PLACES, Tag
from simulators.van.model import VanModel
from simulators.world.weather import weather_at

MAC = bytes.fromhex("CBB8334C884F")
START = datetime(2026, 1, 10, tzinfo=UTC)

# docs.ruuvi.com, data format 5: valid data, maximum values, minimum values
VECTORS = [
    (Reading(24.3, 53.49, 100044, (4, -4, 1036), 2977, 66, 205), 4, "0512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F"),
    (Reading(-163.835, 0.0, 50000, (-32767,) * 3, 1600, 0, 0), -40, "058001000000008001800180010000000000CBB8334C884F"),
]


@pytest.mark.parametrize(("reading", "tx_power", "vector"), VECTORS)
def test_a_reading_is_encoded_as_published(reading: Reading, tx_power: int, vector: str) -> None:
    assert encode(reading, MAC, tx_power).hex().upper() == vector


def test_missing_sensors_have_the_published_marks() -> None:
    data = encode(Reading(None, None, None, (0, 0, 0), 3000, 0, 0), MAC)
    assert data[1:7].hex() == "8000ffffffff"


def test_an_advertisement_is_a_chain_of_records() -> None:
    data = advertisement(encode(VECTORS[0][0], MAC))
    lengths, at = [], 0
    while at < len(data):
        lengths.append(data[at])
        at += 1 + data[at]
    assert (lengths, at) == ([2, 27], len(data))
    assert data.hex().upper().startswith("0201061BFF990405")


def test_a_tags_series_is_like_a_real_one() -> None:
    tag = Tag(PLACES[2], 2, random.Random(5))
    readings = [tag.measure(when, weather_at(when)) for when in (START + timedelta(minutes=5 * n) for n in range(288))]
    temperatures = [reading.temperature_c for reading in readings if reading.temperature_c is not None]
    assert 2 < min(temperatures) < max(temperatures) < 8
    assert [b.sequence - a.sequence for a, b in pairwise(readings)].count(1) >= 286


def test_a_winter_day_in_the_van_is_plausible() -> None:
    van, rng = VanModel(START), random.Random(3)
    cabin, charge = [], []
    for hour in range(96):
        van.advance(START + timedelta(hours=hour + 1), rng)
        cabin.append(van.cabin_c)
        charge.append(van.battery()["soc_percent"])
        assert 10 < van.battery()["voltage_v"] < 15
    assert 14 < min(cabin[3:]) < max(cabin) < 26
    assert 5 < min(charge) < max(charge) <= 100
