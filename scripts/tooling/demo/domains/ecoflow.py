"""ecoflow in the demo: power stations in the simulated EcoFlow cloud, one of them with surplus charging."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
import random
import tempfile
from typing import Any

from simulators.ecoflow_cloud.cloud import ACCESS_KEY, SECRET_KEY
from simulators.ecoflow_cloud.models import MODELS, SERIAL_PREFIXES
from simulators.ecoflow_cloud.plant import Plant
from simulators.world.weather import weather_at

from ...ports import free_port
from ..client import HomeAssistant
from ..plugin import Device, Entities, Provisioned, Series, SimulatorSpec, World
from ..process import reachable

_DOMAIN = "ecoflow"
_SIMULATOR = "ecoflow_cloud"
_MODELS = ("delta_pro", "delta_2", "powerstream", "smart_plug")
_HOST = "127.0.0.1"
_PAST = timedelta(days=4)
_SAMPLE = timedelta(minutes=5)


def _serial(number: int, model: str) -> str:
    return f"{SERIAL_PREFIXES[model]}SIM{number:06d}"


_SERIALS = {model: _serial(number, model) for number, model in enumerate(_MODELS, 1)}
_STATION = _SERIALS["delta_pro"]
_NAMES = {
    "delta_pro": "House battery",
    "delta_2": "Camping battery",
    "powerstream": "Balcony inverter",
    "smart_plug": "Desk plug",
}


class EcoflowDemo:
    """See plugin.DomainDemo."""

    def __init__(self) -> None:
        """Start without ports; they are chosen at provisioning and kept."""
        self._ports: tuple[int, int] | None = None

    def simulators_first(self, world: World) -> list[SimulatorSpec]:
        """Return the cloud, which the config flow connects to."""
        if self._ports is None:
            self._ports = (free_port(), free_port())
        port, broker_port = self._ports
        arguments = ["--port", str(port), "--broker-port", str(broker_port), "--folder", str(self._folder())]
        for model in _MODELS:
            arguments += ["--device", model]
        return [
            SimulatorSpec(
                _SIMULATOR, "ecoflow_cloud", arguments, (_HOST, port), (str(self._folder() / "server-key.pem"),)
            )
        ]

    def _folder(self) -> Path:
        """Return the folder of the cloud's certificates."""
        assert self._ports is not None
        return Path(tempfile.gettempdir()) / f"heat-suite-ecoflow-{self._ports[0]}"

    async def provision(self, ha: HomeAssistant, world: World) -> Provisioned:
        """Add an account of the simulated cloud, verified with the cloud's certificate authority."""
        spec = self.simulators_first(world)[0]
        assert spec.address is not None
        made = Provisioned()
        async with reachable(spec):
            entry = await ha.add_entry(
                _DOMAIN,
                {
                    "access_key": ACCESS_KEY,
                    "secret_key": SECRET_KEY,
                    "region": "eu",
                    "custom_endpoint": {
                        "url": f"https://{_HOST}:{spec.address[1]}",
                        "ca_file": str(self._folder() / "ca.pem"),
                    },
                },
            )
            entry_id = entry["result"]["entry_id"]
            made.entries.append(entry_id)
            await self._add_surplus(ha, entry_id)
        for model, sn in _SERIALS.items():
            made.devices.append(
                Device(
                    _DOMAIN,
                    sn,
                    "power_station",
                    None,
                    entry_id,
                    simulator=_SIMULATOR,
                    address=spec.address,
                    name=_NAMES[model],
                )
            )
        return made

    async def _add_surplus(self, ha: HomeAssistant, entry_id: str) -> None:
        """Add surplus charging for the DELTA Pro."""
        unique_id = f"{entry_id}_{_SERIALS['powerstream']}_grid_consumption_power"
        grid = next(
            (item["entity_id"] for item in await ha.entity_keys() if item["unique_id"] == unique_id),
            f"sensor.powerstream_{_MODELS.index('powerstream') + 1}_grid_power",
        )
        await ha.add_subentry(
            entry_id,
            "surplus",
            {
                "device_sn": _STATION,
                "grid_power": grid,
                "grid_inverted": False,
                "min_power": 200,
                "max_power": 1500,
                "margin": 50,
                "hysteresis": 100,
                "write_interval": 30,
                "start_delay": 30,
                "stop_delay": 60,
                "reserve_level": 20,
                "reserve_power": 400,
                "target_level": 95,
                "tariff": {"tariff_power": 1000},
            },
        )

    def history(self, world: World, provisioned: Provisioned) -> list[Series]:
        """Return four days of the two stations, simulated with the demo's weather."""
        return [series for sn, plant in _plants() for series in _past(sn, plant, world.now)]

    def views(self, provisioned: Provisioned, entities: Entities) -> list[dict[str, Any]]:
        """Return one view: a section for each station and one for the smaller devices."""
        account = entities[provisioned.entries[0]]
        sections = [
            _station_section(MODELS[model].PRODUCT, entities[_SERIALS[model]]) for model in ("delta_pro", "delta_2")
        ]
        sections.append(_others_section(entities, account))
        return [
            {
                "title": "Power stations",
                "path": "power-stations",
                "icon": "mdi:battery-charging",
                "type": "sections",
                "max_columns": 3,
                "sections": sections,
            }
        ]


def _plants() -> list[tuple[str, Plant]]:
    return [
        (_STATION, Plant(charge_setting_w=0.0)),
        (_SERIALS["delta_2"], Plant(1024, 60, 220, 60, 0, 1200, 95, 5, solar_wh=18_000)),
    ]


def _past(sn: str, plant: Plant, now: datetime) -> list[Series]:
    """Return the past values of a station: charged by the sun, held at its initial level at night."""
    rng = random.Random(sn)
    values: dict[str, list[tuple[datetime, str]]] = {
        key: [] for key in ("battery_level", "solar_power", "ac_output_power", "battery_power")
    }
    when, floor = now - _PAST, plant.soc
    while when < now - _SAMPLE:
        sun = min(1.0, weather_at(when).solar_w_m2 / 850)
        plant.grid_present = plant.soc < floor
        plant.charge_setting_w = 300.0 if plant.grid_present else 0.0
        plant.step(_SAMPLE.total_seconds(), sun, rng.uniform(-1, 1))
        when += _SAMPLE
        values["battery_level"].append((when, f"{plant.soc:.1f}"))
        values["solar_power"].append((when, f"{plant.solar_w:.1f}"))
        values["ac_output_power"].append((when, f"{plant.ac_out_w:.1f}"))
        values["battery_power"].append((when, f"{plant.battery_w:.1f}"))
    return [
        Series(
            sn, f"{key}", points, "%" if key == "battery_level" else "W", None if key == "battery_level" else "power"
        )
        for key, points in values.items()
    ]


def _tile(keys: Mapping[str, str], key: str, name: str, **more: Any) -> dict[str, Any]:
    return {"type": "tile", "entity": keys[key], "name": name, **more}


def _station_section(name: str, keys: Mapping[str, str]) -> dict[str, Any]:
    trend = {"features": [{"type": "trend-graph"}]}
    slider = {"features": [{"type": "numeric-input", "style": "slider"}], "grid_options": {"columns": 12}}
    return {
        "type": "grid",
        "cards": [
            {"type": "heading", "heading": name, "icon": "mdi:battery-charging-high"},
            _tile(keys, "battery_level", "Battery", **trend),
            _tile(keys, "solar_power", "Solar", **trend),
            _tile(keys, "ac_input_power", "AC input"),
            _tile(keys, "ac_output_power", "Load", **trend),
            _tile(keys, "grid_present", "Grid"),
            _tile(keys, "ac_output", "AC output"),
            _tile(keys, "charge_power", "Charge power", **slider),
            {
                "type": "history-graph",
                "title": "Battery",
                "hours_to_show": 48,
                "entities": [{"entity": keys["battery_level"], "name": "Battery"}],
                "grid_options": {"columns": 12},
            },
        ],
    }


def _others_section(entities: Entities, account: Mapping[str, str]) -> dict[str, Any]:
    stream, plug = entities[_SERIALS["powerstream"]], entities[_SERIALS["smart_plug"]]
    return {
        "type": "grid",
        "cards": [
            {"type": "heading", "heading": "PowerStream and smart plug", "icon": "mdi:solar-power"},
            _tile(stream, "solar_power", "Balcony solar"),
            _tile(stream, "inverter_output_power", "Inverter output"),
            _tile(stream, "grid_consumption_power", "Grid"),
            _tile(plug, "plug_output", "Smart plug"),
            _tile(plug, "plug_power", "Plug power"),
            _tile(account, "broker", "MQTT connection"),
        ],
    }


DEMO = EcoflowDemo()
