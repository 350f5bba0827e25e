"""proof_of_heat in the demo: a house with a heat pump, two miners, a boiler and a meter at the mains."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
import os
import socket
import sys
from typing import Any, Final

from simulators.home.home import PARTS, entity_id
from simulators.home.rooms import Sample

from ...ports import free_port
from .. import history as past, home
from ..client import HomeAssistant, HomeAssistantError
from ..plugin import Device, Entities, Provisioned, Series, SimulatorSpec, World
from ..process import reachable

_DOMAIN = "proof_of_heat"
_LOOPBACK = "127.0.0.1"
_MINER_PORT = 4028
_ROOMS: Final = {"Living room": ("living_room", 21.5, 19.5), "Bedroom": ("bedroom", 19.0, 18.0)}
"""Name -> key of the thermometer, comfort and eco temperature."""
_PROGRESS: Final = "learning_progress"
_LEARN_WITHIN_S: Final = 120
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
    control_port: int


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


def _parts(lives: Sequence[Sample]) -> list[_Part]:
    """Return the simulated devices of the house. ``lives``: what it has lived until now."""
    miner = _miner_host()
    cloud, bitaxe, boiler, meter = (free_port() for _ in range(4))
    controls = dict(zip(PARTS, (free_port() for _ in PARTS), strict=True))

    def spec(module: str, part: str, port: int, *arguments: str, host: str = _LOOPBACK) -> SimulatorSpec:
        address = ["--host", host, "--port", str(port), "--control-port", str(controls[part])]
        return SimulatorSpec(module, module, [*address, *arguments], (host, port))

    return [
        _Part(
            "viessmann_7571381700000000_0",
            "heat_pump",
            spec("viessmann_cloud", "heat_pump", cloud),
            "viessmann",
            {
                "client_id": "demo-client",
                "username": "demo@example.com",
                "password": "demo",
                "day_limit": 1450,
                "nominal_heat": 8000,
                "meter": entity_id("heat_pump_power"),
                "host": f"http://{_LOOPBACK}:{cloud}",
            },
            controls["heat_pump"],
        ),
        _Part(
            "02:00:00:B0:00:01",
            "miner",
            spec("whatsminer", "miner", _MINER_PORT, "--boot-s", "20", host=miner),
            "miner",
            {"address": miner, "password": "admin", "idle_on_release": True},
            controls["miner"],
        ),
        _Part(
            "02:00:00:D0:00:01",
            "miner",
            spec("bitaxe", "bitaxe", bitaxe),
            "miner",
            {"address": _LOOPBACK, "idle_on_release": True, "advanced": {"port": bitaxe}},
            controls["bitaxe"],
        ),
        _Part(
            f"modbus_{_LOOPBACK}_{boiler}_1",
            "boiler",
            spec("modbus_boiler", "boiler", boiler, "--device", "froeling"),
            "modbus",
            {
                "template": "froeling_lambdatronic",
                "address": _LOOPBACK,
                "port": boiler,
                "unit_id": 1,
                "nominal_heat": 15000,
                "fuel_price": 0.09,
            },
            controls["boiler"],
        ),
        _Part(
            "0200000000E1",
            "meter",
            spec("shelly_pro3em", "meter", meter, "--exported-kwh", f"{home.exported_kwh(lives):.2f}"),
            None,
            {"name": "Mains", "host": _LOOPBACK, "port": meter, "scan_interval": 5, "inverted": False},
            controls["meter"],
        ),
    ]


class ProofOfHeatDemo:
    """See plugin.DomainDemo."""

    def __init__(self) -> None:
        """Ports are taken when the demo is provisioned, and kept from then on."""
        self._made: list[_Part] | None = None
        self._lives: list[Sample] = []
        self._rooms: list[str] = []

    @property
    def _parts(self) -> list[_Part]:
        assert self._made is not None
        return self._made

    def simulators_first(self, world: World) -> list[SimulatorSpec]:
        """All of them: every flow tries its device out, and the sensors have to be there."""
        if self._made is None:
            self._lives = home.samples(world.now)
            self._made = _parts(self._lives)
        return [*(part.simulator for part in self._made), self._home(world)]

    def _home(self, world: World) -> SimulatorSpec:
        kinds = dict(zip(PARTS, (part.control_port for part in self._parts), strict=True))
        return home.simulator(world, kinds)

    async def provision(self, ha: HomeAssistant, world: World) -> Provisioned:
        """A system, its rooms, its sources and its meter; one call at a time, as a user does it."""
        async with home.alive(self._home(world), simulated=world.simulated):
            await home.sensors_of(ha)
            # A home that has had its thermometers and meters for a while before this integration is added.
            if world.has_past:
                await past.fill(ha, home.past(self._lives), {})
            return await self._add(ha, world)

    async def _add(self, ha: HomeAssistant, world: World) -> Provisioned:
        basics = {"name": "House", "outdoor": entity_id("outdoor"), "weather": home.WEATHER, "emitter": "underfloor"}
        entry = await ha.add_entry(_DOMAIN, basics)
        entry_id = entry["result"]["entry_id"]
        made = Provisioned(entries=[entry_id])
        await self._price(ha, entry_id)
        for name, (thermometer, comfort, eco) in _ROOMS.items():
            await ha.add_subentry(
                entry_id,
                "zone",
                {"name": name, "temperature": entity_id(thermometer), "comfort": comfort, "eco": eco, "away": 16.0},
            )
        async with AsyncExitStack() as stack:
            for part in self._parts:
                await stack.enter_async_context(reachable(part.simulator))
            for part in self._parts:
                steps = [part.fields] if part.step is None else [{"next_step_id": part.step}, part.fields]
                if part.step == "modbus":
                    steps.append({})  # accepts the readings
                await ha.add_subentry(entry_id, "meter" if part.step is None else "source", *steps)
                if part.kind == "heat_pump" and world.has_past:
                    await self._learned(ha, entry_id)
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
        """Electricity by the quarter of an hour, mining at a fixed price."""
        for form, answers in (
            ("price", {"price_entity": entity_id("price"), "fixed_price": 0.28, "fees": 0.0, "tax": 0.0}),
            ("mining", {"hashprice": 48.0}),
        ):
            await ha.flow(
                "config/config_entries/options/flow", {"handler": entry_id}, {"next_step_id": form}, dict(answers)
            )

    async def _learned(self, ha: HomeAssistant, entry_id: str) -> None:
        """Wait until the house is learned from its history with the heat pump, and control was simulated over it.

        The other sources are new in the house.
        """
        async with asyncio.timeout(_LEARN_WITHIN_S):
            while True:
                found = [item for item in await ha.entity_keys() if item["unique_id"] == f"{entry_id}_{_PROGRESS}"]
                if found:
                    with suppress(HomeAssistantError):  # the entry is still reloading
                        state = await ha.get(f"states/{found[0]['entity_id']}")
                        status, simulation = (state["attributes"].get(key) for key in ("status", "simulation"))
                        if status == "done" and simulation not in ("waiting", "simulating"):
                            return
                await asyncio.sleep(0.5)

    async def _take_over(self, ha: HomeAssistant, entry_id: str) -> None:
        """Turn control on, as a user does."""
        unique_id = f"{entry_id}_control_active"
        entity_id = next(item["entity_id"] for item in await ha.entity_keys() if item["unique_id"] == unique_id)
        async with asyncio.timeout(120):
            while (state := (await ha.get(f"states/{entity_id}"))["state"]) != "on":
                if state == "off":  # unavailable: the entry is still reloading for the last subentry
                    await ha.post("services/switch/turn_on", {"entity_id": entity_id})
                await asyncio.sleep(0.5)

    def history(self, world: World, provisioned: Provisioned) -> list[Series]:
        """Two weeks of the meter at the mains."""
        return home.grid_past(self._lives, self._parts[-1].id)

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
                "entities": [{"entity": entity_id("outdoor"), "name": "Outdoor"}],
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
