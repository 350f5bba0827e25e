"""Simulated BTHome and LoRaWAN sensors speak as published: checked against the documents' examples, not our decoder."""

import random

import pytest

from simulators.bthome.encode import Objects, encrypted, service_data
from simulators.lorawan.devices import NODES
from simulators.lorawan.network import without_empty
from simulators.world.clock import WorldClock


@pytest.mark.parametrize(
    ("objects", "buttons", "example"),
    [
        # bthome.io/format: the example of each object.
        ({"battery": 97}, (), "0161"),
        ({"temperature": 25.06}, (), "02ca09"),
        ({"humidity": 50.55}, (), "03bf13"),
        ({"illuminance": 13460.67}, (), "05138a14"),
        ({"window": 1}, (), "2d01"),
        ({"rotation": 307.4}, (), "3f020c"),
        ({"power": -12.78}, (), "5c02fbffff"),
        ({"energy": 344593.170}, (), "4d12138a14"),
        ({"speed": -573.785174}, (), "62aabbccdd"),
        ({"acceleration": 1.0}, (), "6340420f00"),
        ({"light_level": 5}, (), "6405"),
        ({}, ("", "hold_press"), "3a003a80"),
    ],
)
def test_objects_are_encoded_as_published(objects: Objects, buttons: tuple[str, ...], example: str) -> None:
    assert service_data(9, objects, buttons).hex() == ("44" if buttons else "40") + "0009" + example


def test_objects_are_in_ascending_order_and_events_among_them() -> None:
    data = service_data(300, {"light_level": 2, "battery": 98, "temperature": [1.0, -1.0]}, dimmer=("rotate_left", 3))
    assert data.hex() == "44" + "002c" + "0162" + "026400" + "029cff" + "3c0103" + "6402"


def test_encrypted_data_does_not_hold_the_values() -> None:
    data = encrypted(service_data(1, {"temperature": 25.06}))
    assert data[0] == 0x41
    assert b"\x02\xca\x09" not in data


def test_the_things_stack_leaves_out_what_is_empty() -> None:
    assert without_empty(
        {"f_cnt": 0, "f_port": 2, "rx": [{"snr": 0.0, "rssi": -1}], "warnings": [], "x": {"y": ""}}
    ) == {
        "f_port": 2,
        "rx": [{"rssi": -1}],
    }


@pytest.mark.parametrize("node", NODES)
def test_bytes_hold_what_the_formatter_decodes(node: type) -> None:
    payload, raw = node(1, random.Random(1)).measure(WorldClock(1.0, None).now(), {})
    match node.PROFILE:
        case "LHT65N":
            assert int.from_bytes(raw[2:4], "big", signed=True) / 100 == payload["TempC_SHT"]
            assert int.from_bytes(raw[4:6], "big") / 10 == payload["Hum_SHT"]
            assert int.from_bytes(raw[7:9], "big", signed=True) / 100 == payload["TempC_DS"]
        case "LDDS75":
            assert f"{int.from_bytes(raw[2:4], 'big')} mm" == payload["Distance"]
        case "WS301":
            assert raw[2] == payload["battery"]
        case _:
            assert int.from_bytes(raw[2:4], "big", signed=True) / 10 == payload["temperature_1"]
