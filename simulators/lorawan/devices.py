"""Devices on LoRaWAN: what they measure, as their payload formatters name it, and the bytes that they send.

Names, units and the marks of missing sensors are those of the makers' formatters: Dragino LHT65N (327.67 °C without a
probe), Dragino LDDS75 ("Invalid Reading" without an echo), Milesight WS301, and Cayenne LPP, which numbers channels.
"""

from abc import ABC, abstractmethod
from datetime import datetime
import struct
from typing import Any, ClassVar, override

from simulators.world.weather import weather_at

type Payload = dict[str, Any]

NO_PROBE_C = 327.67


class Node(ABC):
    """A device: its identity, and its next uplink."""

    NAME: ClassVar[str]
    PROFILE: ClassVar[str]
    PORT: ClassVar[int] = 2
    battery_percent: float | None = None
    """What it answers to the server's question for its status; None: it does not know its battery."""
    external_power = False

    def __init__(self, number: int, rng: Any) -> None:
        self.eui = f"A84041FFFF{number:06X}"
        self.address = f"260B{number:04X}"
        self.count = 0
        self.joined = False
        self.rng = rng

    @abstractmethod
    def measure(self, when: datetime, faults: Any) -> tuple[Payload, bytes]:
        """Return the decoded payload of the next uplink and its bytes."""


class CellarSensor(Node):
    """A Dragino LHT65N with an external probe."""

    NAME, PROFILE = "cellar-lht65n", "LHT65N"
    battery_percent = 87.402

    @override
    def measure(self, when: datetime, faults: Any) -> tuple[Payload, bytes]:
        inside, humidity = 11.4 + self.rng.gauss(0, 0.05), 71.3 + self.rng.gauss(0, 0.3)
        probe = NO_PROBE_C if "no_probe" in faults else round(weather_at(when).outdoor_c, 2)
        payload = {
            "BatV": 3.051,
            "Bat_status": 3,
            "Ext_sensor": "Temperature Sensor",
            "Hum_SHT": round(humidity, 1),
            "TempC_DS": probe,
            "TempC_SHT": round(inside, 2),
        }
        raw = struct.pack(">HhHBh", 0xCBEB, round(inside * 100), round(humidity * 10), 1, round(probe * 100))
        return payload, raw + b"\x7f\xff"


class TankSensor(Node):
    """A Dragino LDDS75: the distance to the water; its formatter writes units and, without an echo, a word."""

    NAME, PROFILE = "cistern-ldds75", "LDDS75"
    battery_percent = 64.173

    @override
    def measure(self, when: datetime, faults: Any) -> tuple[Payload, bytes]:
        distance = 0 if "no_echo" in faults else round(840 + self.rng.gauss(0, 3))
        text = f"{distance} mm" if distance else "Invalid Reading"
        payload = {"Bat": "3.447 V", "Distance": text, "Interrupt_flag": 0, "Sensor_flag": int(distance > 0)}
        return payload, struct.pack(">HHB", 3447, distance, 0)


class DoorSensor(Node):
    """A Milesight WS301: reports on change; its battery is a whole number in percent."""

    NAME, PROFILE, PORT = "shed-ws301", "WS301", 85
    open = False

    @override
    def measure(self, when: datetime, faults: Any) -> tuple[Payload, bytes]:
        payload = {"battery": 92, "magnet_status": "open" if self.open else "closed", "tamper_status": "installed"}
        return payload, bytes((0x01, 0x75, 92, 0x03, 0x00, int(self.open), 0x04, 0x00, 0x00))


class Weather(Node):
    """A station with Cayenne LPP, on mains: two temperatures, air pressure, light, and a power meter."""

    NAME, PROFILE, PORT = "roof-lpp", "Cayenne LPP station", 1
    external_power = True

    @override
    def measure(self, when: datetime, faults: Any) -> tuple[Payload, bytes]:
        weather = weather_at(when)
        light = round(weather.solar_w_m2 * 110)
        payload = {
            "temperature_1": round(weather.outdoor_c, 1),
            "relative_humidity_2": round(weather.humidity_percent * 2) / 2,
            "barometric_pressure_3": 1013.2,
            "luminosity_4": light,
            "temperature_5": 21.5,
        }
        raw = struct.pack(">BBh", 1, 0x67, round(weather.outdoor_c * 10)) + bytes((2, 0x68))
        raw += bytes((round(weather.humidity_percent * 2) & 0xFF,)) + struct.pack(">BBH", 3, 0x73, 10132)
        raw += struct.pack(">BBH", 4, 0x65, min(light, 65535)) + struct.pack(">BBh", 5, 0x67, 215)
        return payload, raw


NODES: tuple[type[Node], ...] = (CellarSensor, TankSensor, DoorSensor, Weather)
