"""Tags in places: outside, in a cabin, in a fridge, in a tank; each publishes its series."""

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime
import json
from math import pi, sin
from typing import Any, ClassVar, override

from simulators.mqtt_simulator import Availability, MqttSensors
from simulators.world.weather import Weather, weather_at

from .rawv2 import Reading, advertisement, encode

GATEWAY = "C8:25:2D:8E:9C:2C"
GATEWAY_STATUS = Availability(
    f"ruuvi/{GATEWAY}/gw_status", json.dumps({"state": "online"}), json.dumps({"state": "offline"})
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tag lies: how much of the weather reaches it, and what it has of its own."""

    name: str
    own_c: float
    weather_share: float
    humidity_percent: float
    cycle_c: float = 0.0
    cycle_s: float = 1800.0


PLACES = (
    Place("van_inside", 18.0, 0.15, 48.0, cycle_c=0.8, cycle_s=2700),
    Place("van_outside", 0.0, 1.0, 0.0),
    Place("fridge", 4.5, 0.02, 62.0, cycle_c=0.7, cycle_s=1500),
    Place("water_tank", 12.0, 0.3, 80.0),
)


class Tag:
    """One RuuviTag."""

    def __init__(self, place: Place, number: int, rng: Any) -> None:
        self.place = place
        self.mac = bytes((0xF4, 0x1F, 0x0C, 0x28, 0xCB, number))
        self.sequence = rng.randrange(60_000)
        self.movements = rng.randrange(250)
        self.battery_mv = 2980.0
        self._rng = rng
        self._phase = rng.uniform(0, 2 * pi)

    @property
    def id(self) -> str:
        """As gateways write it."""
        return self.mac.hex(":").upper()

    def measure(self, when: datetime, weather: Weather) -> Reading:
        """The next reading."""
        place, noise = self.place, self._rng.gauss
        self.sequence = (self.sequence + 1) % 65535
        self.battery_mv -= 0.0005
        if self._rng.random() < 0.01:
            self.movements = (self.movements + 1) % 255
        own = place.own_c + place.cycle_c * sin(2 * pi * when.timestamp() / place.cycle_s + self._phase)
        temperature = own * (1 - place.weather_share) + weather.outdoor_c * place.weather_share + noise(0, 0.02)
        humidity = place.humidity_percent or weather.humidity_percent
        swing = 700 * sin(2 * pi * when.timestamp() / (5.3 * 86400)) + 120 * sin(2 * pi * when.timestamp() / 43200)
        return Reading(
            temperature,
            min(100.0, max(0.0, humidity + noise(0, 0.15))),
            100_800 + swing + noise(0, 3),
            (round(noise(12, 4)), round(noise(-8, 4)), round(noise(1012, 4))),
            round(self.battery_mv + min(0.0, temperature) * 6 + noise(0, 3)),
            self.movements,
            self.sequence,
        )


class Ruuvi(MqttSensors):
    """Tags and what relays them."""

    NAME = "ruuvi"
    PERIOD_S = 5.0
    FAULTS: ClassVar[dict[str, str]] = MqttSensors.FAULTS | {
        "gateway_offline": "the gateway reports that it is offline, and publishes nothing",
        "bad_hex": "advertisements hold letters that are not hexadecimal",
        "other_format": "tags broadcast data format 3",
        "no_sensor": "the tags' temperature, humidity and pressure sensors are missing",
        "low_battery": "the cells are at this voltage in mV (2100)",
        "clock": "time stamps are off by this many seconds (-86400)",
        "skip": "this many sequence numbers are left out each time (5)",
        "text_number": "JSON numbers come as text",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.tags = [Tag(place, number, self.rng) for number, place in enumerate(PLACES[: args.tags])]

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--mode", choices=("gateway", "json", "legacy"), default="gateway", help="who relays")
        parser.add_argument("--site", default="van", help="first level of JSON topics")
        parser.add_argument("--tags", type=int, default=3, help=f"how many, 1 to {len(PLACES)}")

    @property
    @override
    def client_id(self) -> str:
        return f"sim-ruuvi-{self.args.mode}"

    @property
    @override
    def availability(self) -> Availability | None:
        return GATEWAY_STATUS if self.args.mode == "gateway" else None

    @property
    @override
    def device_ids(self) -> list[str]:
        return [tag.id for tag in self.tags]

    @override
    async def run(self) -> None:
        """Publish the tags' messages evenly spaced."""
        while True:
            for tag in self.tags:
                self.publish_tag(tag)
                await self.clock.sleep(self.args.period / len(self.tags))

    @override
    def publish(self) -> None:
        for tag in self.tags:
            self.publish_tag(tag)

    def publish_tag(self, tag: Tag) -> None:
        """Publish a message of a tag, with the faults that are on."""
        if "silent" in self.faults or "gateway_offline" in self.faults:
            return
        if "skip" in self.faults:
            tag.sequence += int(self.faults.number("skip", 5))
        if "low_battery" in self.faults:
            tag.battery_mv = self.faults.number("low_battery", 2100)
        when = self.clock.now()
        reading = tag.measure(when, weather_at(when))
        if "no_sensor" in self.faults:
            reading = Reading(None, None, None, *_rest(reading))
        self.last[tag.place.name] = {"id": tag.id, "temperature_c": reading.temperature_c, "sequence": reading.sequence}
        topic, message = self._as_gateway(tag, reading) if self.args.mode == "gateway" else self._as_json(tag, reading)
        self.send(topic, message)

    @override
    async def do(self, name: str, arguments: dict[str, Any]) -> Any:
        """`gateway {"online": false}`: the gateway comes or goes."""
        if name != "gateway" or self.link is None:
            return await super().do(name, arguments)
        online = bool(arguments.get("online", True))
        if online:
            self.faults.clear("gateway_offline")
        else:
            self.faults.set("gateway_offline")
        status = GATEWAY_STATUS.online if online else GATEWAY_STATUS.offline
        self.link.publish(GATEWAY_STATUS.topic, status, retain=True)
        return status

    def _stamp(self) -> float:
        # Time stamps are real: speed belongs to the world, not to Home Assistant's clock.
        return datetime.now(UTC).timestamp() + self.faults.number("clock", 0.0)

    def _as_gateway(self, tag: Tag, reading: Reading) -> tuple[str, dict[str, Any]]:
        payload = bytearray(encode(reading, tag.mac))
        if "other_format" in self.faults:
            payload[0] = 3
        data = advertisement(bytes(payload)).hex().upper()
        if "bad_hex" in self.faults:
            data = data.replace("0", "X", 1)
        stamp = int(self._stamp())
        message = {
            "gw_mac": GATEWAY,
            "rssi": round(self.rng.gauss(-62, 3)),
            "aoa": [],
            "gwts": stamp,
            "ts": stamp,
            "data": data,
            "coords": "",
        }
        return f"ruuvi/{GATEWAY}/{tag.id}", message

    def _as_json(self, tag: Tag, reading: Reading) -> tuple[str, dict[str, Any]]:
        values: dict[str, Any] = {
            "temperature_c": reading.temperature_c,
            "humidity_percent": reading.humidity_percent,
            "pressure_hpa": None if reading.pressure_pa is None else reading.pressure_pa / 100,
            "battery_mv": reading.battery_mv,
        }
        values = {key: round(value, 3) if isinstance(value, float) else value for key, value in values.items()}
        if "text_number" in self.faults:
            values = {key: str(value) for key, value in values.items()}
        stamp = datetime.fromtimestamp(self._stamp(), UTC).isoformat(timespec="milliseconds")
        if self.args.mode == "legacy":
            return f"paku/ruuvi/{tag.place.name}", {"sensor_id": tag.place.name, "timestamp": stamp, **values}
        message = {"ts": stamp, "seq": reading.sequence, "metrics": values}
        return f"{self.args.site}/ruuvi/{tag.place.name}/data", message


def _rest(reading: Reading) -> tuple[Any, ...]:
    return reading.acceleration_mg, reading.battery_mv, reading.movements, reading.sequence
