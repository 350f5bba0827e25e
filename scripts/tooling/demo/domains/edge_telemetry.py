"""edge_telemetry in the demo: a van with three computers, RuuviTags, and sensors of LoRaWAN and BTHome."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
import json
import random
from typing import Any

from simulators.ruuvi.rawv2 import advertisement, encode
from simulators.ruuvi.tags import GATEWAY, PLACES, Tag
from simulators.van.model import VanModel
from simulators.van.van import COMPUTERS
from simulators.world.weather import weather_at

from ..client import HomeAssistant
from ..plugin import Device, Entities, Provisioned, Series, SimulatorSpec, World

_DOMAIN = "edge_telemetry"
_SITE = "van"
_TAGS = 3
# The last one is that of older firmware: it may publish to the demo, too.
_PATTERNS = [
    "{site_id}/{system}/{device_id}/data",
    "ruuvi/{gateway}/{tag}",
    "v3/{gateway}/devices/{device_id}/up",
    "home/{gateway}/BTtoMQTT/{device_id}",
    "paku/ruuvi/{device_id}",
]
_PAST = timedelta(days=5)
_SAMPLE = timedelta(minutes=5)
_LAST_MADE = "online"
_TAG_NAMES = {"van_inside": "Inside", "van_outside": "Outside", "fridge": "Fridge"}
_UNITS = {
    "temperature_c": ("°C", "temperature"),
    "humidity_percent": ("%", None),
    "pressure_hpa": ("hPa", "pressure"),
    "soc_percent": ("%", None),
    "solar_power_w": ("W", "power"),
    "power_w": ("W", "power"),
    "water_level_percent": ("%", None),
}


class EdgeTelemetryDemo:
    """See plugin.DomainDemo."""

    async def provision(self, ha: HomeAssistant, world: World) -> Provisioned:
        """An entry; the devices introduce themselves by their first messages."""
        if world.broker is None:
            return Provisioned()
        flow = {
            "name": "Van",
            "patterns": _PATTERNS,
            "default_site": _SITE,
            "archive": "sqlite",
        }
        entry_id = (await ha.add_entry(_DOMAIN, flow))["result"]["entry_id"]
        made = Provisioned(entries=[entry_id])
        broker = world.broker
        connection = ["--broker-port", str(broker["port"])]
        connection += ["--username", broker["username"], f"--password={broker['password']}"]
        address = (broker["host"], broker["port"])
        made.simulators = [
            SimulatorSpec("van", "van", [*connection, "--site", _SITE, "--period", "5"], address),
            SimulatorSpec("ruuvi", "ruuvi", [*connection, "--tags", str(_TAGS), "--period", "5"], address),
            # Their devices appear with their first messages, as those of a radio do.
            SimulatorSpec("lorawan", "lorawan", [*connection, "--period", "60"], address),
            SimulatorSpec("bthome", "bthome", [*connection, "--period", "20"], address),
        ]
        made.devices = [_device(entry_id, f"{_SITE}/{system}/{name}", "van") for name, (system, _) in COMPUTERS.items()]
        made.devices += [
            _device(entry_id, f"{_SITE}/ruuvi/{tag.id}", "ruuvi", tag.place.name.replace("_", " ").capitalize())
            for tag in _tags()
        ]
        await self._introduce(ha, world.now, entry_id, [device.id for device in made.devices])
        return made

    async def _introduce(self, ha: HomeAssistant, now: datetime, entry_id: str, ids: list[str]) -> None:
        """Publish the first messages of each device until Home Assistant has subscribed and has their entities."""
        for _ in range(20):
            for topic, payload in _first_messages(now):
                await ha.post("services/mqtt/publish", {"topic": topic, "payload": payload, "qos": "1"})
            await asyncio.sleep(0.5)
            known = {item["unique_id"] for item in await ha.entity_keys()}
            if all(f"{entry_id}_{id_}_{_LAST_MADE}" in known for id_ in ids):
                return
        raise TimeoutError("the van's devices did not appear")

    def simulators_first(self, world: World) -> list[SimulatorSpec]:
        """Devices publish whenever they like: none has to be there before."""
        return []

    def history(self, world: World, provisioned: Provisioned) -> list[Series]:
        """Five days of the van and of its tags, simulated."""
        return [*_van_past(world.now), *_tags_past(world.now)] if provisioned.entries else []

    def views(self, provisioned: Provisioned, entities: Entities) -> list[dict[str, Any]]:
        """One view: energy, cabin and water, tags, and what the ingest has seen."""
        if not provisioned.entries:
            return []
        battery, cabin, tank = (entities[f"{_SITE}/{system}/{name}"] for name, (system, _) in COMPUTERS.items())
        hub = entities[provisioned.entries[0]]
        tags = {tag.place.name: entities[f"{_SITE}/ruuvi/{tag.id}"] for tag in _tags()}
        return [
            {
                "title": "Van",
                "path": "van",
                "icon": "mdi:van-utility",
                "type": "sections",
                "max_columns": 3,
                "sections": [
                    _battery_section(battery),
                    _cabin_section(cabin, tank),
                    _tags_section(tags),
                    _ingest_section(hub),
                ],
            }
        ]


def _device(entry_id: str, id_: str, simulator: str, name: str | None = None) -> Device:
    return Device(_DOMAIN, id_, "edge", None, entry_id, simulator=simulator, name=name)


def _tags() -> list[Tag]:
    """The tags as their simulator has them, from the same seed."""
    rng = random.Random(1)
    return [Tag(place, number, rng) for number, place in enumerate(PLACES[:_TAGS])]


def _first_messages(now: datetime) -> list[tuple[str, str]]:
    """Return the first messages of each device."""
    model, stamp = VanModel(now), now.isoformat()
    messages = []
    for name, (system, commands) in COMPUTERS.items():
        base = f"{_SITE}/{system}/{name}"
        metrics = {**getattr(model, name)(), "rssi": -58, "uptime_s": 0}
        about = {"model": "Van computer", "fw": "1.4.2", "commands": ["ping", *commands]}
        messages.append((f"{base}/data", json.dumps({"ts": stamp, "seq": 0, "metrics": metrics})))
        messages.append((f"{base}/state", json.dumps(about)))
    for tag in _tags():
        data = advertisement(encode(tag.measure(now, weather_at(now)), tag.mac)).hex().upper()
        message = {"gw_mac": GATEWAY, "rssi": -60, "ts": int(now.timestamp()), "data": data}
        messages.append((f"ruuvi/{GATEWAY}/{tag.id}", json.dumps(message)))
    return messages


def _van_past(now: datetime) -> list[Series]:
    rng, model = random.Random(2), VanModel(now - _PAST)
    points: dict[tuple[str, str], list[tuple[datetime, str]]] = {}
    while model.now < now - _SAMPLE:
        model.advance(model.now + _SAMPLE, rng)
        for name in COMPUTERS:
            for key, value in getattr(model, name)().items():
                if key in _UNITS:
                    points.setdefault((name, key), []).append((model.now, f"{value}"))
    ids = {name: f"{_SITE}/{system}/{name}" for name, (system, _) in COMPUTERS.items()}
    return [Series(ids[name], key, values, *_UNITS[key]) for (name, key), values in points.items()]


def _tags_past(now: datetime) -> list[Series]:
    series = []
    for tag in _tags():
        keys = ("temperature_c", "humidity_percent", "pressure_hpa")
        points: dict[str, list[tuple[datetime, str]]] = {key: [] for key in keys}
        when = now - _PAST
        while when < now - _SAMPLE:
            when += _SAMPLE
            reading = tag.measure(when, weather_at(when))
            points["temperature_c"].append((when, f"{reading.temperature_c:.2f}"))
            points["humidity_percent"].append((when, f"{reading.humidity_percent:.1f}"))
            points["pressure_hpa"].append((when, f"{(reading.pressure_pa or 0) / 100:.1f}"))
        series += [Series(f"{_SITE}/ruuvi/{tag.id}", key, values, *_UNITS[key]) for key, values in points.items()]
    return series


def _grid(heading: str, icon: str, *cards: dict[str, Any]) -> dict[str, Any]:
    return {"type": "grid", "cards": [{"type": "heading", "heading": heading, "icon": icon}, *cards]}


def _tile(entity: str, name: str, *, trend: bool = False) -> dict[str, Any]:
    card: dict[str, Any] = {"type": "tile", "entity": entity, "name": name}
    return card | {"features": [{"type": "trend-graph"}]} if trend else card


def _graph(title: str, *entities: tuple[str, str]) -> dict[str, Any]:
    return {
        "type": "history-graph",
        "title": title,
        "hours_to_show": 24,
        "entities": [{"entity": entity, "name": name} for entity, name in entities],
        "grid_options": {"columns": 12},
    }


def _battery_section(battery: Mapping[str, str]) -> dict[str, Any]:
    return _grid(
        "Battery and sun",
        "mdi:solar-power-variant",
        _tile(battery["soc_percent"], "State of charge", trend=True),
        _tile(battery["solar_power_w"], "Solar", trend=True),
        _graph("Power", (battery["solar_power_w"], "Solar"), (battery["power_w"], "Load")),
    )


def _cabin_section(cabin: Mapping[str, str], tank: Mapping[str, str]) -> dict[str, Any]:
    return _grid(
        "Cabin and water",
        "mdi:van-utility",
        _tile(cabin["temperature_c"], "Cabin", trend=True),
        _tile(tank["water_level_percent"], "Water", trend=True),
        _tile(cabin["door_open"], "Door"),
        _tile(cabin["heater_mode"], "Heater"),
        _tile(cabin["command_ping"], "Ping"),
        _tile(cabin["last_command"], "Last command"),
    )


def _tags_section(tags: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    named = [(keys["temperature_c"], _TAG_NAMES[place]) for place, keys in tags.items()]
    tiles = [_tile(entity, name) for entity, name in named]
    return _grid("RuuviTags", "mdi:bluetooth-transfer", *tiles, _graph("Temperatures", *named))


def _ingest_section(hub: Mapping[str, str]) -> dict[str, Any]:
    return _grid(
        "Ingest",
        "mdi:database-import",
        _tile(hub["archive"], "Archive"),
        _tile(hub["archive_written"], "Rows written"),
        _tile(hub["messages"], "Messages"),
        _tile(hub["malformed"], "Malformed"),
    )


DEMO = EdgeTelemetryDemo()
