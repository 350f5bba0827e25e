"""proof_of_heat in the demo: a house with a heat pump, two miners, a boiler and a meter at the mains."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
import os
import socket
import sys
from typing import Any, Final

from simulators.world.weather import in_heating_season, weather_at

from ...ports import free_port
from ..client import HomeAssistant
from ..folder import ROOT
from ..plugin import Device, Entities, Provisioned, Series, SimulatorSpec, World

_DOMAIN = "proof_of_heat"
_LOOPBACK = "127.0.0.1"
_MINER_PORT = 4028
_PAST = timedelta(days=4)
_SAMPLE = timedelta(minutes=10)
_ROOMS: Final = {"Living room": (21.2, 0.5), "Bedroom": (19.0, 0.4)}
_TEMPLATE = "{{{{ ({mean} + {swing} * sin((now().hour + now().minute / 60) / 24 * 2 * pi - 2)) | round(2) }}}}"
_OUTDOOR = "Weather station"
_NAMES: Final = {"api_calls_left": "API calls remaining"}


@dataclass(frozen=True, slots=True)
class _Part:
    """A simulated device and its subentry.

    Attributes:
        id: The subentry's unique id; the first part of the fields that its flow is given.
        step: Of the source's menu; None for a meter.
    """

    id: str
    kind: str
    simulator: SimulatorSpec
    step: str | None
    fields: Mapping[str, Any]


def _miner_host() -> str:
    """A loopback address whose miner's port is free: a Whatsminer has its fixed port."""
    if sys.platform != "linux":
        return _LOOPBACK
    # Demos that start at the same time look at different addresses first.
    for last in range(254):
        host = f"127.41.40.{1 + (os.getpid() + last) % 254}"
        try:
            socket.create_server((host, _MINER_PORT)).close()
        except OSError:
            continue
        return host
    return _LOOPBACK


def _parts() -> list[_Part]:
    """Return the simulated devices of the house."""
    miner = _miner_host()
    cloud, bitaxe, boiler, meter = (free_port() for _ in range(4))

    def spec(module: str, port: int, *arguments: str, host: str = _LOOPBACK) -> SimulatorSpec:
        address = ["--host", host, "--port", str(port)]
        return SimulatorSpec(module, module, [*address, *arguments], (host, port))

    return [
        _Part(
            "viessmann_7571381700000000_0",
            "heat_pump",
            spec("viessmann_cloud", cloud),
            "viessmann",
            {
                "client_id": "demo-client",
                "username": "demo@example.com",
                "password": "demo",
                "day_limit": 1450,
                "nominal_heat": 8000,
                "host": f"http://{_LOOPBACK}:{cloud}",
            },
        ),
        _Part(
            "02:00:00:B0:00:01",
            "miner",
            spec("whatsminer", _MINER_PORT, "--boot-s", "20", host=miner),
            "miner",
            {"address": miner, "password": "admin", "port": 80, "idle_on_release": True},
        ),
        _Part(
            "02:00:00:D0:00:01",
            "miner",
            spec("bitaxe", bitaxe),
            "miner",
            {"address": _LOOPBACK, "port": bitaxe, "idle_on_release": True},
        ),
        _Part(
            f"modbus_{_LOOPBACK}_{boiler}_1",
            "boiler",
            spec("modbus_boiler", boiler, "--device", "froeling"),
            "modbus",
            {
                "template": "froeling_lambdatronic",
                "address": _LOOPBACK,
                "port": boiler,
                "unit_id": 1,
                "nominal_heat": 15000,
                "fuel_price": 0.09,
            },
        ),
        _Part(
            "0200000000E1",
            "meter",
            spec("shelly_pro3em", meter, "--load", "1500", "--solar", "4000"),
            None,
            {"name": "Mains", "host": _LOOPBACK, "port": meter, "scan_interval": 5, "inverted": False},
        ),
    ]


class ProofOfHeatDemo:
    """See plugin.DomainDemo."""

    def __init__(self) -> None:
        """Ports are taken when the demo is provisioned, and kept from then on."""
        self._made: list[_Part] | None = None
        self._rooms: list[str] = []

    @property
    def _parts(self) -> list[_Part]:
        if self._made is None:
            self._made = _parts()
        return self._made

    def simulators_first(self, world: World) -> list[SimulatorSpec]:
        """All of them: every flow tries its device out."""
        return [part.simulator for part in self._parts]

    async def provision(self, ha: HomeAssistant, world: World) -> Provisioned:
        """A system, its rooms, its sources and its meter; one call at a time, as a user does it."""
        outdoor = await _sensor(ha, _OUTDOOR, 2.0, 4.0)
        entry = await ha.add_entry(_DOMAIN, {"name": "House", "outdoor": outdoor, "emitter": "underfloor"})
        entry_id = entry["result"]["entry_id"]
        made = Provisioned(entries=[entry_id])
        await self._price(ha, entry_id)
        for name, (mean, swing) in _ROOMS.items():
            thermometer = await _sensor(ha, f"{name} thermometer", mean, swing)
            await ha.add_subentry(
                entry_id,
                "zone",
                {"name": name, "temperature": thermometer, "comfort": 21.5, "eco": 19.0, "away": 16.0},
            )
        async with AsyncExitStack() as stack:
            for spec in self.simulators_first(world):
                await stack.enter_async_context(_there(spec))
            for part in self._parts:
                steps = [part.fields] if part.step is None else [{"next_step_id": part.step}, part.fields]
                if part.step == "modbus":
                    steps.append({})  # accepts the readings
                await ha.add_subentry(entry_id, "meter" if part.step is None else "source", *steps)
        await self._take_over(ha, entry_id)
        self._rooms = [
            str(item["entity_id"])
            for item in await ha.entity_keys()
            if item["config_entry_id"] == entry_id and str(item["entity_id"]).startswith("climate.")
        ]
        subentries = await ha.call("config_entries/subentries/list", entry_id=entry_id)
        ids = {item["unique_id"]: item["subentry_id"] for item in subentries}
        for part in self._parts:
            made.devices.append(
                Device(
                    _DOMAIN,
                    part.id,
                    part.kind,
                    None,
                    entry_id,
                    subentry_id=ids[part.id],
                    simulator=part.simulator.name,
                    address=part.simulator.address,
                )
            )
        return made

    async def _price(self, ha: HomeAssistant, entry_id: str) -> None:
        """Electricity and mining at fixed prices."""
        for form, answers in (
            ("price", {"fixed_price": 0.24, "fees": 0.0, "tax": 0.0}),
            ("mining", {"hashprice": 48.0}),
        ):
            await ha.flow(
                "config/config_entries/options/flow", {"handler": entry_id}, {"next_step_id": form}, dict(answers)
            )

    async def _take_over(self, ha: HomeAssistant, entry_id: str) -> None:
        """Turn control on, as a user does."""
        unique_id = f"{entry_id}_control_active"
        entity_id = next(item["entity_id"] for item in await ha.entity_keys() if item["unique_id"] == unique_id)
        async with asyncio.timeout(30):
            # The entry is still reloading for the last subentry.
            while (await ha.get(f"states/{entity_id}"))["state"] != "on":
                await asyncio.sleep(0.5)
                await ha.post("services/switch/turn_on", {"entity_id": entity_id})

    def history(self, world: World, provisioned: Provisioned) -> list[Series]:
        """Four days of the outdoor temperature that the system steered by."""
        return [_past(provisioned.entries[0], world.now)]

    def views(self, provisioned: Provisioned, entities: Entities) -> list[dict[str, Any]]:
        """One view: what it decides and what that costs, the sources, the meter."""
        system = entities[provisioned.entries[0]]
        pump, whatsminer, bitaxe, boiler, mains = (entities[part.id] for part in self._parts)
        sections = [
            _system_section(system),
            _rooms_section(self._rooms),
            _source_section("Heat pump", "mdi:heat-pump", pump, ("flow_temperature", "heat", "api_calls_left")),
            _source_section("Whatsminer", "mdi:pickaxe", whatsminer, ("power", "hashrate", "chip_temperature")),
            _source_section("Bitaxe", "mdi:pickaxe", bitaxe, ("power", "hashrate", "chip_temperature")),
            _source_section(
                "Pellet boiler", "mdi:fire", boiler, ("boiler_temperature", "buffer_charge", "price_of_heat")
            ),
            {
                "type": "grid",
                "cards": [
                    {"type": "heading", "heading": "Mains", "icon": "mdi:meter-electric"},
                    _tile(mains, "power", "Power", features=[{"type": "trend-graph"}]),
                    _tile(mains, "imported_energy", "Imported"),
                    _tile(mains, "exported_energy", "Exported"),
                ],
            },
        ]
        return [
            {
                "title": "Proof of heat",
                "path": "proof-of-heat",
                "icon": "mdi:fire",
                "type": "sections",
                "max_columns": 3,
                "sections": sections,
            }
        ]


async def _sensor(ha: HomeAssistant, name: str, mean: float, swing: float) -> str:
    """A thermometer that is warm by day: a template sensor of Home Assistant; its entity id."""
    made = await ha.add_entry(
        "template",
        {"next_step_id": "sensor"},
        {
            "name": name,
            "state": _TEMPLATE.format(mean=mean, swing=swing),
            "unit_of_measurement": "°C",
            "device_class": "temperature",
            "state_class": "measurement",
        },
    )
    entry_id = made["result"]["entry_id"]
    async with asyncio.timeout(15):
        while True:
            for item in await ha.entity_keys():
                if item["config_entry_id"] == entry_id:
                    return str(item["entity_id"])
            await asyncio.sleep(0.1)


@asynccontextmanager
async def _there(spec: SimulatorSpec) -> AsyncGenerator[None]:
    """Have a device there for its flow, also when the demo leaves the device side to the caller."""
    assert spec.address is not None
    try:
        _, writer = await asyncio.open_connection(*spec.address)
    except OSError:
        command = [sys.executable, "-m", f"simulators.{spec.module}", *spec.arguments]
        child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
        assert child.stdout is not None
        await child.stdout.readline()
        try:
            yield
        finally:
            child.terminate()
            await child.wait()
    else:
        writer.close()
        yield


def _past(entry_id: str, now: datetime) -> Series:
    points: list[tuple[datetime, str]] = []
    when = now - _PAST
    while when < now - _SAMPLE:
        outdoor_c = weather_at(in_heating_season(when)).outdoor_c
        points.append((when, f"{outdoor_c:.1f}"))
        when += _SAMPLE
    return Series(entry_id, "outdoor_temperature", points, "°C", "temperature")


def _tile(keys: Mapping[str, str], key: str, name: str, **more: Any) -> dict[str, Any]:
    return {"type": "tile", "entity": keys[key], "name": name, **more}


def _system_section(system: Mapping[str, str]) -> dict[str, Any]:
    return {
        "type": "grid",
        "cards": [
            {"type": "heading", "heading": "House", "icon": "mdi:home-thermometer"},
            _tile(system, "profile", "Profile", features=[{"type": "select-options"}]),
            _tile(system, "control_active", "Heating control", features=[{"type": "toggle"}]),
            # A tile cuts a sentence off.
            {
                "type": "markdown",
                "content": f"{{{{ state_attr('{system['decision']}', 'words') }}}}",
                "grid_options": {"columns": 12},
            },
            _tile(system, "demand", "Heat demand"),
            _tile(system, "cost_per_hour", "Cost per hour"),
            _tile(system, "electricity_price", "Electricity price"),
            {
                "type": "statistics-graph",
                "title": "Outdoor temperature",
                "days_to_show": 4,
                "period": "hour",
                "stat_types": ["mean"],
                "entities": [{"entity": system["outdoor_temperature"], "name": "Outdoor"}],
                "grid_options": {"columns": 12},
            },
        ],
    }


def _rooms_section(rooms: Sequence[str]) -> dict[str, Any]:
    cards: list[dict[str, Any]] = [{"type": "heading", "heading": "Rooms", "icon": "mdi:sofa"}]
    features = [{"type": "target-temperature"}, {"type": "climate-preset-modes", "style": "dropdown"}]
    cards += [
        {"type": "tile", "entity": room, "features": features, "state_content": ["hvac_action", "current_temperature"]}
        for room in sorted(rooms)
    ]
    return {"type": "grid", "cards": cards}


def _source_section(name: str, icon: str, keys: Mapping[str, str], shown: tuple[str, ...]) -> dict[str, Any]:
    cards: list[dict[str, Any]] = [
        {"type": "heading", "heading": name, "icon": icon},
        _tile(keys, "running", "Running"),
        _tile(keys, "health", "Health"),
    ]
    cards += [_tile(keys, key, _NAMES.get(key, key.replace("_", " ").capitalize())) for key in shown if key in keys]
    return {"type": "grid", "cards": cards}


DEMO = ProofOfHeatDemo()
