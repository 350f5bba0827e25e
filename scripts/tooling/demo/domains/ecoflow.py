"""ecoflow in the demo: power stations in the simulated EcoFlow cloud, one of them with surplus charging."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
import random
import tempfile
from typing import Any, Final, cast

from simulators.ecoflow_cloud.appliances import PowerStream
from simulators.ecoflow_cloud.cloud import ACCESS_KEY, SECRET_KEY
from simulators.ecoflow_cloud.devices import Station
from simulators.ecoflow_cloud.models import MODELS, SERIAL_PREFIXES
from simulators.world.weather import weather_at

from ...ports import free_port
from ..client import HomeAssistant
from ..plugin import Device, Entities, Provisioned, Series, SimulatorSpec, World
from ..process import reachable

_DOMAIN = "ecoflow"
_SIMULATOR = "ecoflow_cloud"
_MODELS = ("delta_pro", "delta_2", "powerstream", "smart_plug")
_HOST = "127.0.0.1"
_PAST: Final = timedelta(days=14)
_MEASURED_PAST: Final = timedelta(days=4)
"""Two weeks of energy for the Energy dashboard, and some days of what is measured every few minutes."""
_SAMPLE: Final = timedelta(minutes=5)
_COUNTED_EVERY: Final = 6
"""Samples between two states of a counter."""
_NIGHT_UNTIL: Final = 5
"""Hour (UTC) at which charging from the grid ends."""
_NIGHT_CHARGE_W: Final = 400.0
_LOW, _FULL = 45.0, 80.0
_STATION_POWERS: Final = ("battery_level", "solar_power", "ac_output_power", "battery_power")
_BATTERY: Final = ("battery_charged_energy", "battery_discharged_energy")
_OWN: Final = ("solar_input_energy", "ac_input_energy", "ac_output_energy")
_MEASURED: Final = {
    "delta_pro": _STATION_POWERS,
    "delta_2": _STATION_POWERS,
    "powerstream": ("battery_level", "solar_power", "battery_power"),
}
_COUNTED: Final = {
    "delta_pro": (*_BATTERY, *_OWN),
    "delta_2": (*_BATTERY, *_OWN, "solar_energy"),
    "powerstream": (*_BATTERY, "solar_energy"),
}
"""Keys of the histories by model."""


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
        self._lives: list[_Lived] = []

    def simulators_first(self, world: World) -> list[SimulatorSpec]:
        """Return the cloud, which the config flow connects to."""
        if self._ports is None:
            self._ports = (free_port(), free_port())
            self._lives = [_lived(model, world.now) for model in _COUNTED]
        port, broker_port = self._ports
        arguments = ["--port", str(port), "--broker-port", str(broker_port), "--folder", str(self._folder())]
        for model in _MODELS:
            arguments += ["--device", model]
        for lived in self._lives:
            arguments += ["--level", f"{lived.model}={lived.level:.1f}"]
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
        # If the caller runs the simulators, the stations are there for a moment only: they have been on for long.
        async with reachable(replace(spec, arguments=[*spec.arguments, "--wake-up", "0"])):
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
            await self._wait_for_entities(ha, entry_id)
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

    async def _wait_for_entities(self, ha: HomeAssistant, entry_id: str) -> None:
        """Wait until the entities with a history are there: a station that has just started reports a part of them."""
        keys = [(model, key) for table in (_MEASURED, _COUNTED) for model, found in table.items() for key in found]
        expected = {f"{entry_id}_{_SERIALS[model]}_{key}" for model, key in keys}
        for _ in range(120):
            if expected <= {item["unique_id"] for item in await ha.entity_keys()}:
                return
            await asyncio.sleep(0.5)
        raise TimeoutError("the power stations did not report all values")

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
        """Return what the stations have lived until now, in the demo's weather."""
        return [series for lived in self._lives for series in lived.series()]

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


@dataclass(slots=True)
class _Lived:
    """What a station has lived: its histories by key, and the level of its battery at the end."""

    model: str
    level: float
    measured: dict[str, list[tuple[datetime, str]]]
    counted: dict[str, list[tuple[datetime, float]]]

    def series(self) -> list[Series]:
        """Return the history; the device's own counters end where the simulated device begins."""
        sn = _SERIALS[self.model]
        found = [
            Series(sn, key, points, *(("%", None) if key == "battery_level" else ("W", "power")))
            for key, points in self.measured.items()
        ]
        begins = _own_counters(cast("Station", MODELS[self.model](sn, "")))
        for key, points in self.counted.items():
            # The others are counted by the integration, which has just been added: they start again, as after that.
            offset = begins[key] - points[-1][1] if key in begins else 0.0
            states = [(when, f"{kwh + offset:.4f}") for when, kwh in points]
            found.append(Series(sn, key, states, "kWh", "energy", mean=False))
        return found


def _own_counters(station: Station) -> dict[str, float]:
    """Return the energy counters of a device in kWh, by key."""
    if isinstance(station, PowerStream):
        return {}
    plant = station.plant
    watt_hours = {
        "solar_input_energy": plant.solar_wh,
        "ac_input_energy": plant.ac_in_wh,
        "ac_output_energy": plant.ac_out_wh,
    }
    return {key: wh / 1000 for key, wh in watt_hours.items()}


def _lived(model: str, now: datetime) -> _Lived:
    """Return two weeks of a station: charged by the sun, a DELTA also at night; it then supplies its load."""
    sn = _SERIALS[model]
    rng, station = random.Random(sn), cast("Station", MODELS[model](sn, ""))
    plant = station.plant
    kwh = dict.fromkeys(_COUNTED[model], 0.0)
    lived = _Lived(model, plant.soc, {key: [] for key in _MEASURED[model]}, {key: [] for key in kwh})
    hours = _SAMPLE / timedelta(hours=1)
    for number in range(1, _PAST // _SAMPLE):
        when = now - _PAST + _SAMPLE * number
        at_night = when.hour < _NIGHT_UNTIL
        plant.grid_present = at_night or plant.soc < _LOW
        plant.charge_setting_w = _NIGHT_CHARGE_W if at_night and plant.soc < _FULL else 0.0
        station.step(_SAMPLE.total_seconds(), min(1.0, weather_at(when).solar_w_m2 / 850), rng.uniform(-1, 1))
        battery_w = station.battery_w if isinstance(station, PowerStream) else plant.battery_w
        powers = {
            "battery_charged_energy": max(0.0, battery_w),
            "battery_discharged_energy": max(0.0, -battery_w),
            "solar_energy": plant.solar_w,
            "solar_input_energy": plant.solar_w,
            "ac_input_energy": plant.ac_in_w,
            "ac_output_energy": plant.ac_out_w,
        }
        for key in kwh:
            kwh[key] += powers[key] * hours / 1000
        if number % _COUNTED_EVERY == 0 or number == _PAST // _SAMPLE - 1:
            for key, points in lived.counted.items():
                points.append((when, kwh[key]))
        if when >= now - _MEASURED_PAST:
            values = {
                "battery_level": plant.soc,
                "solar_power": plant.solar_w,
                "ac_output_power": plant.ac_out_w,
                "battery_power": battery_w,
            }
            for key, states in lived.measured.items():
                states.append((when, f"{values[key]:.1f}"))
    lived.level = plant.soc
    return lived


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
