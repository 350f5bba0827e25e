"""The telemetry fields of both protocol versions, one row each.

Decoding, sensors, updates of entities and diagnostics follow from this table. To add a field, add a row, its name
in ``translations/*.json`` and a line in docs/device-sync.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from .decoders import MAX_SLOTS, Decoder, error_list, image_hashes, number, on_off, text, whole_number
from .lenient import as_is, as_number, as_signal, as_size, as_switch, as_temperature, as_text, as_voltage

# Fields that the integration itself uses, by their names in a report.
BOOT_COUNT: Final = "boot_count"
CAN_ROLL_BACK: Final = "can_roll_back"
CHIP: Final = "chip"
ERRORS: Final = "errors"
FIRMWARE_VERSION: Final = "firmware_version"
FLOW_SETPOINT: Final = "flow_setpoint"
FROST: Final = "frost"
FREE_HEAP: Final = "free_heap"
MODEL: Final = "model"
OUTDOOR: Final = "temp_out"
PRODUCT: Final = "product"
RETURN: Final = "return_temp"
ROOM: Final = "room_temp"
RSSI: Final = "rssi"
RUNNING_SLOT: Final = "running_slot"
SLOTS: Final = "slots"
STATE: Final = "state"
SUPPLY: Final = "supply_temp"
UPTIME: Final = "uptime_s"

_TEMPERATURE_C: Final = number(-60, 120)


class Quantity(StrEnum):
    """What a field measures; selects device class, unit and precision of its sensor."""

    DATA_SIZE = "data_size"
    SIGNAL_STRENGTH = "signal_strength"
    TEMPERATURE = "temperature"
    TEXT = "text"
    VOLTAGE = "voltage"


@dataclass(frozen=True, slots=True)
class FieldSensor:
    """The sensor that shows a field.

    Attributes:
        key: Key of the sensor: part of its unique ID, and its translation key.
        is_diagnostic: Whether it describes the controller instead of the heating.
    """

    key: str
    quantity: Quantity
    is_diagnostic: bool = False


@dataclass(frozen=True, slots=True)
class TelemetryField:
    """One field of a report.

    Attributes:
        name: In the JSON object.
        decode: Validates and converts the value.
        protocol: Version that introduced the field. Sensors of version 2 fields are disabled by default.
        sensor: None where the value has no sensor of its own.
    """

    name: str
    decode: Decoder
    protocol: int = 1
    sensor: FieldSensor | None = None

    @property
    def is_reading(self) -> bool:
        """Whether a sensor of the controller measures it, and can fail."""
        return self.sensor is not None and self.sensor.quantity in (Quantity.TEMPERATURE, Quantity.VOLTAGE)

    @property
    def read(self) -> Callable[[Any], Any]:
        """Reads a value that ``decode`` rejects as it was probably meant."""
        if self.decode is on_off:
            return as_switch
        if self.decode is text:
            return as_text
        if self.decode in (error_list, image_hashes):
            return as_is
        if self.name == FLOW_SETPOINT:
            return as_temperature
        return as_number if self.sensor is None else _READERS.get(self.sensor.quantity, as_number)


_READERS: Final = {
    Quantity.TEMPERATURE: as_temperature,
    Quantity.VOLTAGE: as_voltage,
    Quantity.SIGNAL_STRENGTH: as_signal,
    Quantity.DATA_SIZE: as_size,
}


TELEMETRY_FIELDS: Final = (
    TelemetryField(STATE, on_off),
    TelemetryField(OUTDOOR, _TEMPERATURE_C, 1, FieldSensor("outdoor_temperature", Quantity.TEMPERATURE)),
    TelemetryField(SUPPLY, _TEMPERATURE_C, 1, FieldSensor("supply_temperature", Quantity.TEMPERATURE)),
    TelemetryField("voltage", number(0, 60), 1, FieldSensor("voltage", Quantity.VOLTAGE, is_diagnostic=True)),
    TelemetryField(ERRORS, error_list),
    TelemetryField(RETURN, _TEMPERATURE_C, 2, FieldSensor("return_temperature", Quantity.TEMPERATURE)),
    TelemetryField(ROOM, _TEMPERATURE_C, 2, FieldSensor("room_temperature", Quantity.TEMPERATURE)),
    TelemetryField(FLOW_SETPOINT, number(0, 120), 2),
    TelemetryField(
        RSSI, number(-150, 20), 2, FieldSensor("signal_strength", Quantity.SIGNAL_STRENGTH, is_diagnostic=True)
    ),
    TelemetryField(
        FREE_HEAP, whole_number(0, 2**32), 2, FieldSensor("free_heap", Quantity.DATA_SIZE, is_diagnostic=True)
    ),
    TelemetryField(UPTIME, whole_number(0, 2**53), 2),
    TelemetryField(BOOT_COUNT, whole_number(0, 2**32), 2),
    TelemetryField(FIRMWARE_VERSION, text, 2, FieldSensor("firmware_version", Quantity.TEXT, is_diagnostic=True)),
    TelemetryField(PRODUCT, text, 2),
    TelemetryField(CHIP, text, 2),
    TelemetryField(MODEL, text, 2),
    TelemetryField(SLOTS, image_hashes, 2),
    TelemetryField(RUNNING_SLOT, whole_number(0, MAX_SLOTS - 1), 2),
    TelemetryField(CAN_ROLL_BACK, on_off, 2),
    TelemetryField(FROST, on_off, 2),
)
