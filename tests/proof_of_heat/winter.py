"""A home in winter on Home Assistant's test clock: a house, machines as simulators on their wires, prices, weather.

Time is the test clock's for all: the simulators run in this process and read the same (frozen) clock. Machines heat the
water of one simulated house; the room sensor comes back as a state. Costs are calculated here from the state of
the machines, not from values of the integration.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time as clock_time, timedelta
import math
from pathlib import Path
import random
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.proof_of_heat.data import HeatingSystem
from custom_components.proof_of_heat.inputs.sun import elevation_sine, radiation_w_m2
from custom_components.proof_of_heat.sources.managed_source import ManagedSource
from simulators.gas_boiler.boiler import EFFICIENCY, GasBoiler
from simulators.viessmann_cloud.cloud import ViessmannCloud
from simulators.viessmann_cloud.heat_pump import HeatPump
from simulators.whatsminer.miner import Whatsminer
from simulators.world.home import HeatedHome
from simulators.world.house import House
from simulators.world.weather import weather_at

from .ha import OUTDOOR, ROOM, cycles_end, real_pause, source, start, system, thermometer, zone

START = datetime(2027, 1, 4, 23, 0, tzinfo=UTC)
"""Midnight in Rome."""
PRICE = "sensor.price"
WEATHER = "weather.home"
PUMP_METER = "sensor.heat_pump_energy"
STEP_S = 300.0
GAS_KWH = 0.12
HASHPRICE = 45.0
MINER_J_TH = 26.0
FEES, TAX = 0.05, 0.19
COMFORT, ECO = 21.0, 19.5
DAY_FROM, DAY_TO = clock_time(6), clock_time(22)
WEEK = [{"day": "Daily", "slots": ["06:00-22:00"]}]
TEMPLATE = """
format: 1
id: my_boiler
name: My boiler
manufacturer: Example
kind: boiler
registers:
  flow_temperature: {at: 40, in: input, type: int16, scale: 0.1, unit: °C, invalid: [32767], min: -20, max: 110}
  heat_power: {at: 41, in: input, type: uint16, scale: 10, unit: W}
  flow_setpoint: {at: 0, type: int16, scale: 1, min: 5, max: 80}
  running: {at: 3, on_values: [1]}
  switch: {at: 3}
controls:
  flow: {register: flow_setpoint, min: 25, max: 60, step: 1}
  on_off: {register: switch, value_on: 1, value_off: 0}
fallback: {flow_setpoint: 35, switch: 1}
write: {min_interval_s: 300, max_per_day: 200}
"""


def spot(when: datetime) -> float:
    """A day-ahead price by the hour in EUR/kWh: two peaks, a dip at noon, some windy nights near nothing."""
    local = dt_util.as_local(when)
    day = random.Random(local.date().toordinal())
    level, wind = day.uniform(0.75, 1.25), day.random() < 0.4
    hour = local.hour
    shape = 0.085 + 0.055 * math.exp(-(((hour - 8) / 2.0) ** 2)) + 0.085 * math.exp(-(((hour - 18.5) / 2.2) ** 2))
    shape -= 0.045 * math.exp(-(((hour - 3) / 3.0) ** 2)) + 0.02 * math.exp(-(((hour - 13) / 2.0) ** 2))
    return round(level * shape - (0.05 if wind and hour < 6 else 0.0), 5)


def retail(when: datetime) -> float:
    """What the home pays."""
    return (spot(when) + FEES) * (1 + TAX)


def target(when: datetime) -> float:
    """The temperature that the schedule asks for."""
    return COMFORT if DAY_FROM <= dt_util.as_local(when).time() < DAY_TO else ECO


@dataclass
class Bill:
    """What was spent and how it felt. `below_kh`: kelvin-hours below the comfort band."""

    cost: float = 0.0
    electricity_kwh: float = 0.0
    gas_kwh: float = 0.0
    mined: float = 0.0
    below_kh: float = 0.0
    coldest_c: float = math.inf
    warmest_c: float = -math.inf
    heat_kwh: dict[str, float] = field(default_factory=dict)

    def room(self, room_c: float, wanted_c: float, hours: float) -> None:
        self.below_kh += max(0.0, wanted_c - 0.3 - room_c) * hours
        self.coldest_c, self.warmest_c = min(self.coldest_c, room_c), max(self.warmest_c, room_c)

    def buy(self, watts: float, price: float, hours: float) -> None:
        self.electricity_kwh += watts * hours / 1000
        self.cost += watts * hours / 1000 * price

    def heat(self, name: str, watts: float, hours: float) -> None:
        self.heat_kwh[name] = self.heat_kwh.get(name, 0.0) + watts * hours / 1000

    def __str__(self) -> str:
        heat = ", ".join(f"{name} {kwh:.0f}" for name, kwh in self.heat_kwh.items())
        return (
            f"cost {self.cost:.2f} EUR (electricity {self.electricity_kwh:.0f} kWh, gas {self.gas_kwh:.0f} kWh, "
            f"mined {self.mined:.2f} EUR), below the band {self.below_kh:.2f} K h, room {self.coldest_c:.1f}.."
            f"{self.warmest_c:.1f} degC; heat kWh: {heat}"
        )


class MinerHeat:
    """The miner in the house: a heat exchanger brings its heat to the water."""

    def __init__(self, miner: Whatsminer) -> None:
        self._miner = miner

    def heat_into(self, house: House, seconds: float) -> float:
        """All its power."""
        return self._miner.machine.power_w


def _under_way(unit: ManagedSource) -> bool:
    """Whether a device is being talked to: by its poller, or by a lease that hands it back."""
    talking = getattr(unit.source, "_lock", None)
    return unit.poller.is_busy or (talking is not None and talking.locked())


def _is_calling(hass: HomeAssistant) -> bool:
    """Whether a thread of Home Assistant is at work."""
    executor = hass.loop._default_executor  # type: ignore[attr-defined]
    return len(executor._threads) > executor._idle_semaphore._value + executor._work_queue.qsize()


@dataclass
class Winter:
    """The home under control."""

    hass: HomeAssistant
    freezer: FrozenDateTimeFactory
    entry: MockConfigEntry
    miner: Whatsminer
    cloud: ViessmannCloud
    boiler: GasBoiler
    home: HeatedHome
    bill: Bill = field(default_factory=Bill)
    sensors: dict[str, Callable[[float], float | str]] = field(default_factory=dict)
    """Sensor faults: functions from the true value to the state of the sensor."""
    each_step: list[Callable[[], None]] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    counted: dict[str, float] = field(init=False)
    """What the machines had counted at the last step."""

    def __post_init__(self) -> None:
        self.counted = self.totals()

    @property
    def system(self) -> HeatingSystem:
        found: HeatingSystem = self.entry.runtime_data
        return found

    @property
    def now(self) -> datetime:
        return dt_util.utcnow()

    async def step(self, seconds: float = STEP_S) -> None:
        """Let time pass, for the house and for Home Assistant."""
        before = self.now
        self.freezer.tick(seconds)
        self.home.advance(self.now)
        self._count(before, seconds / 3600)
        self.publish()
        async_fire_time_changed(self.hass)
        await self.quiet()
        for look in self.each_step:
            look()

    async def quiet(self) -> None:
        """Until nothing is under way any more; commands that look again after a while get their time.

        Learning and the calls of packages that block take the machine's time: the test clock waits for them.
        """
        await cycles_end(self.hass)
        for spin in range(2000):
            await asyncio.sleep(0)
            while self.system.coordinator.cycle.jobs.is_busy or _is_calling(self.hass):
                await real_pause()
            if spin > 4 and not any(_under_way(unit) for unit in self.system.sources.values()):
                break
            if spin % 100 == 99:
                self.freezer.tick(0.5)
        await self.hass.async_block_till_done()

    def _count(self, when: datetime, hours: float) -> None:
        """Add what the machines themselves counted since the last step."""
        bill, price = self.bill, retail(when)
        before, self.counted = self.counted, self.totals()
        used = {name: total - before[name] for name, total in self.counted.items()}
        bill.room(self.home.house.room_c, target(when), hours)
        bill.buy((used["pump"] + used["miner"]) * 1000 / hours, price, hours)
        mined = used["hashed"] / 1000 * HASHPRICE / 86_400 * 0.98
        bill.mined += mined
        bill.gas_kwh += used["gas"]
        bill.cost += used["gas"] * GAS_KWH - mined
        bill.heat("heat pump", used["pump_heat"] * 1000 / hours, hours)
        bill.heat("miner", used["miner"] * 1000 / hours, hours)
        bill.heat("boiler", used["gas"] * EFFICIENCY * 1000 / hours, hours)

    def totals(self) -> dict[str, float]:
        """What the machines have consumed and made so far: kWh, hashes in TH."""
        pump, machine = self.cloud.pump.energy, self.miner.machine
        return {
            "pump": pump["el_heating"] + pump["el_dhw"],
            "pump_heat": pump["th_heating"] + pump["th_dhw"],
            "miner": machine.energy_kwh,
            "hashed": machine.hashed_th,
            "gas": self.boiler.gas_kwh,
        }

    def publish(self) -> None:
        """Publish the states of the sensors."""
        house = self.home.house
        for entity_id, value in ((ROOM, house.room_c), (OUTDOOR, house.weather.outdoor_c)):
            shown = self.sensors.get(entity_id, lambda truth: round(truth, 1))(value)
            if shown != "silent":
                thermometer(self.hass, entity_id, shown)
        if "price" not in self.gone:
            publish_price(self.hass, self.now)
        if "meter" in self.gone:
            return
        self.hass.states.async_set(
            PUMP_METER,
            f"{self.cloud.pump.energy['el_heating']:.3f}",
            {"unit_of_measurement": "kWh", "device_class": "energy", "state_class": "total_increasing"},
            force_update=True,
        )


def publish_price(hass: HomeAssistant, now: datetime) -> None:
    """A sensor as the Nord Pool integration of HACS makes it: tomorrow's prices from 13:00 on."""
    local = dt_util.as_local(now)
    midnight = dt_util.start_of_local_day(local)

    def day(begin: datetime) -> list[dict[str, Any]]:
        hours = [begin.astimezone(UTC) + timedelta(hours=hour) for hour in range(24)]
        return [{"start": h, "end": h + timedelta(hours=1), "value": spot(h)} for h in hours]

    attributes = {
        "unit_of_measurement": "EUR/kWh",
        "raw_today": day(midnight),
        "raw_tomorrow": day(midnight + timedelta(days=1)) if local.hour >= 13 else [],
    }
    hass.states.async_set(PRICE, str(spot(now)), attributes)


def weather_service(hass: HomeAssistant, gone: set[str]) -> None:
    """Hourly forecasts with an error that grows to about a kelvin and a half in a day."""
    rng = random.Random(5)

    async def forecasts(call: ServiceCall) -> ServiceResponse:
        if "weather" in gone:
            raise RuntimeError("the weather service is down")
        hour = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
        wrong, rows = 0.0, []
        for index in range(48):
            when = hour + timedelta(hours=index)
            wrong = 0.97 * wrong + rng.gauss(0, 0.3)
            truth = weather_at(when + timedelta(minutes=30))
            sine = elevation_sine(when + timedelta(minutes=30), hass.config.latitude, hass.config.longitude)
            clear = radiation_w_m2(sine)
            lack = min(1.0, max(0.0, 1 - truth.solar_w_m2 / clear)) / 0.75 if clear > 50 else 0.5
            clouds = min(1.0, lack) ** (1 / 3.4)
            rows.append(
                {
                    "datetime": when.isoformat(),
                    "temperature": round(truth.outdoor_c + wrong, 1),
                    "cloud_coverage": round(100 * clouds),
                }
            )
        return {WEATHER: {"forecast": rows}}

    hass.services.async_register("weather", "get_forecasts", forecasts, supports_response=SupportsResponse.ONLY)
    hass.states.async_set(WEATHER, "cloudy", {"temperature_unit": "°C"})


def write_template(folder: Path) -> None:
    """The boiler's registers, as a user would describe them."""
    templates = folder / "proof_of_heat" / "templates"
    templates.mkdir(parents=True)
    (templates / "my_boiler.yaml").write_text(TEMPLATE, encoding="utf-8")


async def sources_of(hass: HomeAssistant, miner: Whatsminer, cloud: ViessmannCloud, boiler: GasBoiler) -> list[Any]:
    """The three sources as the flow makes them, really connected to."""
    heat_pump = {
        "client_id": "demo-client",
        "username": "demo@example.com",
        "password": "demo",
        "day_limit": 1450,
        "nominal_heat": 9000.0,
        "nominal_power": 3200.0,
        "meter": PUMP_METER,
        "host": f"http://127.0.0.1:{cloud.port}",
    }
    gas = {
        "template": "my_boiler",
        "address": "127.0.0.1",
        "port": boiler.port,
        "unit_id": 1,
        "nominal_heat": 11_000.0,
        "fuel_price": GAS_KWH,
    }
    miner_data = {"address": miner.args.host, "password": "admin", "port": 80, "efficiency_j_th": MINER_J_TH}
    return [
        await source(hass, "viessmann", heat_pump),
        await source(hass, "miner", miner_data),
        await source(hass, "modbus", gas),
    ]


async def set_up(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    miner: Whatsminer,
    cloud: ViessmannCloud,
    boiler: GasBoiler,
    *,
    active: bool = True,
    **more: Any,
) -> Winter:
    """Everything wired, control switched on unless not ``active``."""
    house = House(START, room_c=20.5)
    cloud.pump.in_house, cloud.pump.slope = True, 1.2
    machine = miner.machine
    machine.set_running(False)
    home = HeatedHome(house, cloud.pump, MinerHeat(miner), boiler)
    gone: set[str] = set()
    weather_service(hass, gone)
    thermometer(hass, ROOM, 20.5)
    thermometer(hass, OUTDOOR, round(house.weather.outdoor_c, 1))
    publish_price(hass, START)
    hass.states.async_set(PUMP_METER, "1015.500", {"unit_of_measurement": "kWh", "device_class": "energy"})
    found = await sources_of(hass, miner, cloud, boiler)
    options = {
        "price": {"price_entity": PRICE, "fees": FEES, "tax": 100 * TAX, "hashprice": HASHPRICE, "fixed_price": 0.17},
        "curve": {"slope": 1.2, "level": 0.0, "max_flow": 60.0},
        **more,
    }
    entry = system(
        zone(week=WEEK, comfort=COMFORT, eco=ECO), *found, options=options, emitter="radiator", weather=WEATHER
    )
    await start(hass, entry)
    winter = Winter(hass, freezer, entry, miner, cloud, boiler, home, gone=gone)
    await winter.quiet()
    if active:
        await winter.system.user.async_set_active(True)
    return winter


def thermostat_week(begin: House, days: float, setpoint: Callable[[datetime], float]) -> tuple[Bill, House]:
    """The same days with the heat pump under a PI thermostat (0.6 per K, 8000 s), its inverter driven directly."""
    pump = HeatPump(begin.now, in_house=True, level=0.0)
    home, bill, integral, step = HeatedHome(begin, pump), Bill(), 0.0, 180.0
    for _ in range(round(days * 86400 / step)):
        when = begin.now
        error = setpoint(when) - begin.room_c
        wanted = 0.6 * (error + integral)
        pump.level = min(1.0, max(0.0, wanted))
        integral += step / 8000.0 * (error - (wanted - pump.level) / (0.6 * 0.9))
        home.advance(when + timedelta(seconds=step))
        bill.room(begin.room_c, target(when), step / 3600)
        bill.buy(pump.power_w, retail(when), step / 3600)
        bill.heat("heat pump", pump.heat_w, step / 3600)
    return bill, begin


def stored_kwh(house: House) -> float:
    """Heat in the house against 20 degC, to settle what a week begins and ends with."""
    data = house.data
    joules = (
        data.air_j_k * (house.room_c - 20) + data.mass_j_k * (house.mass_c - 20) + data.water_j_k * (house.flow_c - 20)
    )
    return joules / 3.6e6
