"""Tags in places: outside, in a cabin, in a fridge, in a tank; each publishes its series."""

import argparse
import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
import json
from math import pi, sin
from typing import Any, ClassVar, override

from simulators.framework import Simulator
from simulators.mqtt_link import MqttLink, add_broker_arguments
from simulators.world.weather import Weather, weather_at

from .rawv2 import Reading, advertisement, encode

GATEWAY = "C8:25:2D:8E:9C:2C"


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


class Ruuvi(Simulator):
    """Tags and what relays them."""

    NAME = "ruuvi"
    FAULTS: ClassVar[dict[str, str]] = {
        "silent": "publishes nothing",
        "gateway_offline": "the gateway reports that it is offline, and publishes nothing",
        "not_json": "messages break off in the middle",
        "bad_hex": "advertisements hold letters that are not hexadecimal",
        "other_format": "tags broadcast data format 3",
        "no_sensor": "the tags' temperature, humidity and pressure sensors are missing",
        "low_battery": "the cells are at this voltage in mV (2100)",
        "duplicate": "every message comes twice",
        "clock": "time stamps are off by this many seconds (-86400)",
        "skip": "this many sequence numbers are left out each time (5)",
        "text_number": "JSON numbers come as text",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.tags = [Tag(place, number, self.rng) for number, place in enumerate(PLACES[: args.tags])]
        self.published = 0
        self.last: dict[str, dict[str, Any]] = {}
        self._link: MqttLink | None = None
        self._task: asyncio.Task[None] | None = None

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        add_broker_arguments(parser)
        parser.add_argument("--mode", choices=("gateway", "json", "legacy"), default="gateway", help="who relays")
        parser.add_argument("--site", default="van", help="first level of JSON topics")
        parser.add_argument("--tags", type=int, default=3, help=f"how many, 1 to {len(PLACES)}")
        parser.add_argument("--period", type=float, default=5.0, help="seconds between two messages of a tag")

    @override
    async def start(self) -> dict[str, Any]:
        status = f"ruuvi/{GATEWAY}/gw_status"
        will = (status, json.dumps({"state": "offline"})) if self.args.mode == "gateway" else None
        self._link = link = MqttLink(self.args, f"sim-ruuvi-{self.args.mode}", will=will)
        await link.open()
        if will is not None:
            link.publish(status, json.dumps({"state": "online"}), retain=True)
        self._task = asyncio.create_task(self._publish_on())
        return {"devices": [tag.id for tag in self.tags]}

    @override
    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        if self._link is not None:
            await self._link.close()

    @override
    def state(self) -> dict[str, Any]:
        return {"published": self.published, "last": self.last}

    async def _publish_on(self) -> None:
        while True:
            for tag in self.tags:
                self.publish(tag)
                await self.clock.sleep(self.args.period / len(self.tags))

    def publish(self, tag: Tag) -> None:
        """One message of a tag, with the faults that are on."""
        if self._link is None or "silent" in self.faults or "gateway_offline" in self.faults:
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
        topic, payload = self._as_gateway(tag, reading) if self.args.mode == "gateway" else self._as_json(tag, reading)
        if "not_json" in self.faults:
            payload = payload[: len(payload) // 2]
        for _ in range(2 if "duplicate" in self.faults else 1):
            self._link.publish(topic, payload)
            self.published += 1

    @override
    async def do(self, name: str, arguments: dict[str, Any]) -> Any:
        """`gateway {"online": false}`: the gateway comes or goes."""
        if name != "gateway" or self._link is None:
            return await super().do(name, arguments)
        online = bool(arguments.get("online", True))
        if online:
            self.faults.clear("gateway_offline")
        else:
            self.faults.set("gateway_offline")
        status = json.dumps({"state": "online" if online else "offline"})
        self._link.publish(f"ruuvi/{GATEWAY}/gw_status", status, retain=True)
        return status

    def _stamp(self) -> float:
        # Time stamps are real: speed belongs to the world, not to Home Assistant's clock.
        return datetime.now(UTC).timestamp() + self.faults.number("clock", 0.0)

    def _as_gateway(self, tag: Tag, reading: Reading) -> tuple[str, str]:
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
        return f"ruuvi/{GATEWAY}/{tag.id}", json.dumps(message)

    def _as_json(self, tag: Tag, reading: Reading) -> tuple[str, str]:
        legacy = self.args.mode == "legacy"
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
        if legacy:
            flat = {"sensor_id": tag.place.name, "timestamp": stamp, **values}
            return f"paku/ruuvi/{tag.place.name}", json.dumps(flat)
        message = {"ts": stamp, "seq": reading.sequence, "metrics": values}
        return f"{self.args.site}/ruuvi/{tag.place.name}/data", json.dumps(message)


def _rest(reading: Reading) -> tuple[Any, ...]:
    return reading.acceleration_mg, reading.battery_mv, reading.movements, reading.sequence
