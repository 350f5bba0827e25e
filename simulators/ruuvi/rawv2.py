"""Ruuvi's data format 5 (RAWv2) from its published description: what a tag broadcasts."""

from dataclasses import dataclass
import struct


@dataclass(frozen=True, slots=True)
class Reading:
    """What a tag measures; None where its sensor is missing."""

    temperature_c: float | None
    humidity_percent: float | None
    pressure_pa: float | None
    acceleration_mg: tuple[int, int, int]
    battery_mv: int
    movements: int
    sequence: int


def encode(reading: Reading, mac: bytes, tx_power_dbm: int = 4) -> bytes:
    """The 24 bytes of a broadcast; values beyond the format's range are cut to it."""
    temperature = -32768 if reading.temperature_c is None else _cut(reading.temperature_c / 0.005, -32767, 32767)
    humidity = 65535 if reading.humidity_percent is None else _cut(reading.humidity_percent / 0.0025, 0, 40000)
    pressure = 65535 if reading.pressure_pa is None else _cut(reading.pressure_pa - 50000, 0, 65534)
    battery = _cut(reading.battery_mv - 1600, 0, 2046)
    power = (tx_power_dbm + 40) // 2
    return struct.pack(
        ">BhHHhhhHBH6s",
        5,
        temperature,
        humidity,
        pressure,
        *reading.acceleration_mg,
        battery << 5 | power,
        reading.movements % 255,
        reading.sequence % 65535,
        mac,
    )


def advertisement(payload: bytes) -> bytes:
    """The Bluetooth advertisement around a payload: flags, then manufacturer data of company 0x0499."""
    return bytes((2, 1, 6, len(payload) + 3, 0xFF, 0x99, 0x04)) + payload


def _cut(value: float, low: int, high: int) -> int:
    return min(max(round(value), low), high)
