"""The simulated home in the demo: its simulator, its sensors in Home Assistant, and the two weeks that it has lived."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from simulators.home.home import COUNTERS_KWH, SENSORS, entity_id
from simulators.home.rooms import Sample, lived
from simulators.home.tariff import retail_price
from simulators.home.wire import is_silent

from .client import HomeAssistant
from .folder import TIME_ZONE
from .plugin import Series, SimulatorSpec, World
from .process import running

DAYS: Final = timedelta(days=14)
METER_KWH: Final = 1500.0
EXPORTED_KWH: Final = 3.0
"""Where the counters of the meter at the grid start."""
WEATHER: Final = "weather.home_forecast"
_SAMPLE: Final = timedelta(minutes=10)
_SETTLE: Final = timedelta(days=3)


def simulator(world: World, parts: Mapping[str, int]) -> SimulatorSpec:
    """Return the home's simulator; ``parts``: the control ports of its devices."""
    assert world.broker is not None
    broker = world.broker
    arguments = ["--broker", broker["host"], "--broker-port", str(broker["port"])]
    arguments += ["--username", broker["username"], "--password", broker["password"], "--time-zone", TIME_ZONE]
    for name, port in parts.items():
        arguments += ["--part", f"{name}={port}"]
    return SimulatorSpec("home", "home", arguments)


async def sensors_of(ha: HomeAssistant) -> None:
    """Wait until Home Assistant has discovered the home's sensors and has a value of each."""
    wanted = {entity_id(key) for key in SENSORS}
    for _ in range(150):
        states = {item["entity_id"]: item["state"] for item in await ha.get("states")}
        if all(states.get(sensor, "unknown") not in ("unknown", "unavailable") for sensor in wanted):
            return
        await asyncio.sleep(0.2)
    raise TimeoutError("the sensors of the simulated home did not appear")


@asynccontextmanager
async def alive(spec: SimulatorSpec, *, simulated: bool) -> AsyncGenerator[None]:
    """Have the home there for provisioning, also when the demo leaves the device side to the caller."""
    if simulated:
        yield
        return
    async with running(spec):
        yield


def samples(now: datetime) -> list[Sample]:
    """Return the two weeks up to ``now``, every ten minutes."""
    return [sample for sample, _, _ in lived(now - DAYS - _SETTLE, now, _SAMPLE) if sample.when >= now - DAYS]


def past(lives: Sequence[Sample]) -> list[Series]:
    """Return the history of the home's sensors."""
    solar, pump = _counter(lives, "solar_energy"), _counter(lives, "heat_pump_energy")
    zone = ZoneInfo(TIME_ZONE)
    measured: dict[str, list[tuple[datetime, str]]] = {
        "living_room": [(s.when, f"{s.living_room_c:.1f}") for s in lives],
        "bedroom": [(s.when, f"{s.bedroom_c:.1f}") for s in lives],
        "outdoor": [(s.when, f"{s.outdoor_c:.1f}") for s in lives],
        "solar": [(s.when, f"{s.solar_w:.0f}") for s in lives],
        "heat_pump_power": [(s.when, f"{s.heat_pump_w:.0f}") for s in lives],
        "price": [(s.when, f"{retail_price(s.when.astimezone(zone))}") for s in lives],
    }
    series = [_series(key, _received(key, points)) for key, points in measured.items()]
    series += [
        _series(key, points, mean=False) for key, points in (("solar_energy", solar), ("heat_pump_energy", pump))
    ]
    return series


def grid_past(lives: Sequence[Sample], device: str) -> list[Series]:
    """Return the history of the meter at the grid: power, imported and exported energy."""
    drawn, fed = _energy(lives, lambda s: max(0.0, s.grid_w)), _energy(lives, lambda s: max(0.0, -s.grid_w))
    energy = {
        "imported_energy": [(s.when, METER_KWH - drawn[-1] + kwh) for s, kwh in zip(lives, drawn, strict=True)],
        "exported_energy": [(s.when, EXPORTED_KWH + kwh) for s, kwh in zip(lives, fed, strict=True)],
    }
    series = [Series(device, "power", [(s.when, f"{s.grid_w:.0f}") for s in lives[:-1]], "W", "power")]
    return series + [
        Series(device, key, [(when, f"{kwh:.2f}") for when, kwh in points[:-1]], "kWh", "energy", mean=False)
        for key, points in energy.items()
    ]


def exported_kwh(lives: Sequence[Sample]) -> float:
    """Return what the meter has counted as fed into the grid at the end."""
    return EXPORTED_KWH + _energy(lives, lambda s: max(0.0, -s.grid_w))[-1]


async def energy_dashboard(ha: HomeAssistant, mains: Mapping[str, str]) -> None:
    """Configure Home Assistant's Energy dashboard: grid, roof and heat pump."""
    grid = {
        "type": "grid",
        "stat_energy_from": mains["imported_energy"],
        "stat_energy_to": mains["exported_energy"],
        "entity_energy_price": entity_id("price"),
        "cost_adjustment_day": 0.0,
    }
    solar = {"type": "solar", "stat_energy_from": entity_id("solar_energy"), "config_entry_solar_forecast": None}
    pump = {"stat_consumption": entity_id("heat_pump_energy"), "name": "Heat pump"}
    await ha.call("energy/save_prefs", energy_sources=[grid, solar], device_consumption=[pump])


def _series(key: str, points: list[tuple[datetime, str]], *, mean: bool = True) -> Series:
    _, unit, device_class = SENSORS[key]
    return Series("home", key, points[:-1], unit, device_class, mean=mean, entity_id=entity_id(key))


def _received(key: str, points: list[tuple[datetime, str]]) -> list[tuple[datetime, str]]:
    """Return what was received of the true values: some are missing."""
    return [(when, value) for when, value in points if not is_silent(key, when)]


def _counter(lives: Sequence[Sample], key: str) -> list[tuple[datetime, str]]:
    kwh = _energy(lives, lambda s: s.solar_w if key == "solar_energy" else s.heat_pump_w)
    begin = COUNTERS_KWH[key] - kwh[-1]
    return [(s.when, f"{begin + energy:.2f}") for s, energy in zip(lives, kwh, strict=True)]


def _energy(lives: Sequence[Sample], power_w: Any) -> list[float]:
    total, energies = 0.0, []
    for sample in lives:
        energies.append(total)
        total += power_w(sample) * _SAMPLE.total_seconds() / 3.6e6
    return energies
