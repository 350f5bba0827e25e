"""The registry of device types."""

from collections.abc import Generator

import pytest

from custom_components.edge_telemetry.decoders import (
    DEVICE_TYPES,
    GENERIC,
    METRICS,
    Address,
    DeviceType,
    Message,
    Metric,
    decode,
    gateway_status_levels,
    type_of_device,
)
from custom_components.edge_telemetry.decoders.device_types import register
from custom_components.edge_telemetry.device import DeviceRecord

ADDRESS = Address("home", "env", "cellar")


@pytest.fixture
def scale() -> Generator[DeviceType]:
    """A device type that only this test registers."""
    scale = register(
        DeviceType(
            key="scale",
            is_message=lambda found: "kg" in found,
            decode=lambda found: Message({"hive_weight_kg": found["kg"]}, device_type="scale"),
            topic_systems=frozenset({"hives"}),
            derive=lambda metrics: {"weight_g": float(str(metrics["hive_weight_kg"])) * 1000},
            metrics=(Metric("hive_weight_kg", "weight", "kg", decimals=1),),
            manufacturer="Beekeeper",
        )
    )
    yield scale
    del DEVICE_TYPES["scale"]
    del METRICS["hive_weight_kg"]


def test_one_registration_is_enough_for_a_new_device_type(scale: DeviceType) -> None:
    message = decode(b'{"kg": 41.5}')
    assert message.metrics == {"hive_weight_kg": 41.5}
    assert METRICS["hive_weight_kg"].unit == "kg"
    assert type_of_device(ADDRESS, message) is scale
    assert scale.derive(message.metrics) == {"weight_g": 41_500.0}


def test_a_topic_decides_where_the_message_does_not(scale: DeviceType) -> None:
    plain = Message({"temperature_c": 20.0})
    assert type_of_device(Address("garden", "Hives", "one"), plain) is scale
    assert type_of_device(ADDRESS, plain) is GENERIC
    assert type_of_device(Address("van", "ruuvi", "inside"), plain).key == "ruuvi"


def test_a_key_or_a_metric_cannot_be_registered_twice() -> None:
    with pytest.raises(ValueError, match="registered twice"):
        register(DeviceType(key="ruuvi"))
    with pytest.raises(ValueError, match="defined twice"):
        register(DeviceType(key="odd", metrics=(Metric("temperature_c", "temperature", "K"),)))
    assert "odd" not in DEVICE_TYPES


def test_gateways_report_their_state_on_a_level_of_their_type() -> None:
    assert gateway_status_levels() == {"gw_status"}


@pytest.mark.parametrize(("ruuvi", "key"), [(True, "ruuvi"), (False, "generic")])
def test_devices_stored_before_there_were_types_keep_theirs(ruuvi: bool, key: str) -> None:
    stored = {
        "address": list(ADDRESS),
        "base": "home/env/cellar",
        "metrics": {"temperature_c": "number"},
        "info": {},
        "commands": [],
        "ruuvi": ruuvi,
    }
    record = DeviceRecord.from_dict(stored)
    assert record.device_type.key == key
    assert record.as_dict() == stored | {"type": key}
    assert DeviceRecord.from_dict(record.as_dict()) == record


def test_a_device_of_a_type_that_is_no_longer_known_is_generic() -> None:
    stored = DeviceRecord(ADDRESS, "home/env/cellar").as_dict() | {"type": "scale"}
    assert DeviceRecord.from_dict(stored).device_type is GENERIC
