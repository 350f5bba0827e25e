"""A heat pump that follows its curve in the weather of a typical year, and its features in the form of the cloud."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
import math
from typing import Any

from simulators.world.house import House
from simulators.world.weather import weather_at

_STEP_S = 60.0
_LOSS_W_K = 190.0
_ROOM_C = 20.5
_FULL_W = 9000.0
_LEAST = 0.25
_CATCH_UP_S = 900.0
_START_K, _STOP_K = 2.0, 3.0


@dataclass(slots=True)
class HeatPump:
    """Heat follows the load at the flow temperature of the curve; COP is half of Carnot's."""

    now: datetime
    slope: float = 0.6
    shift: float = 0.0
    mode: str = "heating"
    dhw_mode: str = "efficient"
    outdoor_c: float = 0.0
    flow_c: float = 30.0
    power_w: float = 0.0
    heat_w: float = 0.0
    starts: int = 2650
    hours: float = 9100.0
    dhw_c: float = 48.0
    energy: dict[str, float] = field(
        default_factory=lambda: {"el_heating": 1015.5, "el_dhw": 540.2, "th_heating": 4120.0, "th_dhw": 1612.9}
    )
    today: dict[str, float] = field(default_factory=dict)
    circuit: int = 0
    """The only enabled heating circuit."""
    is_boiler: bool = False
    """A burner instead of a compressor."""
    hot_water: bool = False
    """It heats hot water: the sensors of its supply and of the direct heating circuit both show that."""
    charge_left_s: float = 0.0
    """The rest of a one-time charge of hot water."""
    in_house: bool = False
    """Its heat goes into the water of a simulated house, which then rules its time (`heat_into`)."""
    counter_digits: int = 1
    """Digits of its counters after the point, in kWh."""
    level: float | None = None
    """In a house: driven by a thermostat at this share of its full heat instead of by its curve."""

    def advance(self, until: datetime) -> None:
        """Let time pass."""
        if self.in_house:
            return
        while (left := (until - self.now).total_seconds()) > 0:
            step = min(_STEP_S, left)
            if self.now.date() != (after := self.now + (until - self.now) * (step / left)).date():
                self.today.clear()
            self._step(step)
            self.now = after

    def _step(self, seconds: float) -> None:
        self.outdoor_c = weather_at(self.now).outdoor_c
        dhw = self.hot_water = self.charge_left_s > 0 or (self.dhw_mode != "off" and self.now.hour == 13)
        self.charge_left_s = max(0.0, self.charge_left_s - seconds)
        heating = self.mode == "heating" and self.outdoor_c < 17 and not dhw
        lift = max(0.0, 20.0 - self.outdoor_c)
        target = 20 + self.shift + self.slope * lift * (1.4347 - 0.021 * lift + 0.0002479 * lift * lift)
        target = 52.0 if dhw else min(max(target, 22.0), 60.0)
        was = self.power_w > 50
        load = (
            3000.0 if dhw else max(0.0, _LOSS_W_K * (_ROOM_C - self.outdoor_c) * (target - 20) / max(1.0, lift * 0.9))
        )
        self.heat_w = min(9000.0, load) if heating or dhw else 0.0
        self.flow_c += (target - self.flow_c) * min(1.0, seconds / 900) if self.heat_w else (21 - self.flow_c) * 0.02
        condensing, evaporating = self.flow_c + 276.15, self.outdoor_c - 6 + 273.15
        cop = max(1.2, 0.5 * condensing / max(5.0, condensing - evaporating))
        self.power_w = self.heat_w / cop if self.heat_w else 8.0
        self.starts += int(not was and self.power_w > 50)
        self.hours += seconds / 3600 if self.heat_w else 0.0
        self.dhw_c = 50.0 - 3 * math.sin(self.now.hour / 24 * 2 * math.pi)
        kind = "dhw" if dhw else "heating"
        for key, watts in ((f"el_{kind}", self.power_w), (f"th_{kind}", self.heat_w)):
            self.energy[key] += watts * seconds / 3.6e6
            self.today[key] = self.today.get(key, 0.0) + watts * seconds / 3.6e6

    def full_heat_w(self) -> float:
        """At full speed in this weather."""
        return _FULL_W * (1 + 0.02 * (self.outdoor_c - 2))

    def heat_into(self, house: House, seconds: float) -> float:
        """Heat the water of a house for a while; the mean power in W. Hot water is left out."""
        if self.now.date() != house.now.date():
            self.today.clear()
        self.now, self.outdoor_c, self.flow_c = house.now, house.weather.outdoor_c, house.flow_c
        full = self.full_heat_w()
        was = self.heat_w > 0
        self.heat_w = self._by_curve(house, full) if self.level is None else max(0.0, min(1.0, self.level)) * full
        condensing, evaporating = self.flow_c + 276.15, self.outdoor_c - 6 + 273.15
        cop = max(1.2, 0.5 * condensing / max(5.0, condensing - evaporating))
        self.power_w = self.heat_w / cop if self.heat_w else 8.0
        self.starts += int(self.heat_w > 0 and not was)
        self.hours += seconds / 3600 if self.heat_w else 0.0
        for key, watts in (("el_heating", self.power_w), ("th_heating", self.heat_w)):
            self.energy[key] += watts * seconds / 3.6e6
            self.today[key] = self.today.get(key, 0.0) + watts * seconds / 3.6e6
        return self.heat_w

    def _by_curve(self, house: House, full: float) -> float:
        """The inverter holds the water at the curve's temperature; below its minimum speed it switches on and off."""
        lift = max(0.0, 20.0 - self.outdoor_c)
        target = 20 + self.shift + self.slope * lift * (1.4347 - 0.021 * lift + 0.0002479 * lift * lift)
        target = min(max(target, 20.0), 60.0)
        excess = self.flow_c - target
        if self.mode != "heating" or excess > (_STOP_K if self.heat_w else -_START_K):
            return 0.0
        taken = house.data.radiator_w_k * max(0.0, target - house.room_c)
        return min(full, max(_LEAST * full, taken - excess * house.data.water_j_k / _CATCH_UP_S))

    def features(self, prefix: str) -> Iterator[dict[str, Any]]:
        """The bulk reply's list; `prefix`: address of the device's features."""
        when = self.now.strftime("%Y-%m-%dT%H:%M:%S.000Z")

        def feature(name: str, properties: dict[str, Any], commands: dict[str, Any] | None = None) -> dict[str, Any]:
            for key, command in (commands or {}).items():
                command |= {
                    "name": key,
                    "isExecutable": command.get("isExecutable", True),
                    "uri": f"{prefix}/{name}/commands/{key}",
                }
            return {
                "apiVersion": 1,
                "commands": commands or {},
                "deviceId": "0",
                "feature": name,
                "isEnabled": True,
                "isReady": True,
                "properties": properties,
                "timestamp": when,
                "uri": f"{prefix}/{name}",
            }

        for name, value in self._temperatures():
            yield feature(name, {"status": _text("connected"), "value": _number(value, "celsius")})
        yield feature("heating.bufferCylinder.sensors.temperature.main", {"status": _text("notConnected")})
        yield feature(
            f"heating.circuits.{self.circuit}.heating.curve",
            {"shift": _number(self.shift, ""), "slope": _number(self.slope, "")},
            {"setCurve": {"params": {"shift": _range(-13, 40, 1), "slope": _range(0.2, 3.5, 0.1)}}},
        )
        yield self._mode_feature(
            feature, f"heating.circuits.{self.circuit}.operating.modes.active", self.mode, ["heating", "standby"]
        )
        yield self._mode_feature(
            feature, "heating.dhw.operating.modes.active", self.dhw_mode, ["efficient", "eco", "comfort", "off"]
        )
        running = self.heat_w > 0
        phase = "heating" if running else "ready"
        yield feature("heating.dhw.charging", {"active": _flag(self.hot_water)})
        active = self.charge_left_s > 0
        yield feature(
            "heating.dhw.oneTimeCharge",
            {"active": _flag(active)},
            {"activate": {"params": {}}, "deactivate": {"params": {}, "isExecutable": active}},
        )
        yield from self._generator(feature, running, phase)
        yield feature("heating.dhw.temperature.main", {"value": _number(50, "celsius")})
        for name, key in (
            ("heating.power.consumption.summary.heating", "el_heating"),
            ("heating.power.consumption.summary.dhw", "el_dhw"),
            ("heating.heat.production.summary.heating", "th_heating"),
            ("heating.heat.production.summary.dhw", "th_dhw"),
        ):
            day, year = self._counter(self.today.get(key, 0.0)), self._counter(self.energy[key])
            yield feature(name, {"currentDay": day, "currentYear": year})
        total = (self.energy["th_heating"] + self.energy["th_dhw"]) / (
            self.energy["el_heating"] + self.energy["el_dhw"]
        )
        yield feature("heating.spf.total", {"value": _number(total, "")})

    def _generator(self, feature: Any, running: bool, phase: str) -> Iterator[dict[str, Any]]:
        """The part that makes heat; families of parts that are not there are listed without any."""
        none = {"enabled": {"type": "array", "value": []}}
        one = {"enabled": {"type": "array", "value": ["0"]}}
        yield feature("heating.circuits", {"enabled": {"type": "array", "value": [str(self.circuit)]}})
        for other in {0, 1, 2} - {self.circuit}:
            yield feature(f"heating.circuits.{other}", {})
            yield feature(f"heating.circuits.{other}.temperature", {"value": _number(0, "celsius")})
        yield feature("heating.burners", one if self.is_boiler else none)
        yield feature("heating.compressors", none if self.is_boiler else one)
        hours = _number(self.hours, "hour")
        if self.is_boiler:
            yield feature("heating.burners.0", {"active": _flag(running)})
            yield feature("heating.burners.0.statistics", {"hours": hours, "starts": _number(self.starts, "")})
            yield feature("heating.compressors.0", {})
            return
        yield feature("heating.compressors.0", {"active": _flag(running), "phase": _text(phase)})
        yield feature("heating.compressors.0.statistics", {"hours": hours, "starts": _number(self.starts, "")})
        speed = round(self.power_w / 45) if running else 0
        yield feature("heating.compressors.0.speed.current", {"value": _number(speed, "revolutionsPerSecond")})

    def _temperatures(self) -> Iterator[tuple[str, float]]:
        yield "heating.sensors.temperature.outside", self.outdoor_c
        yield f"heating.circuits.{self.circuit}.sensors.temperature.supply", self.flow_c
        yield "heating.secondaryCircuit.sensors.temperature.supply", self.flow_c + 0.2
        yield "heating.sensors.temperature.return", self.flow_c - (4.0 if self.heat_w else 0.5)
        yield "heating.dhw.sensors.temperature.dhwCylinder", self.dhw_c

    def _counter(self, kwh: float) -> dict[str, Any]:
        return {"type": "number", "value": round(kwh, self.counter_digits), "unit": "kilowattHour"}

    @staticmethod
    def _mode_feature(feature: Any, name: str, mode: str, modes: list[str]) -> Any:
        params = {"mode": {"type": "string", "required": True, "constraints": {"enum": modes}}}
        return feature(name, {"value": _text(mode)}, {"setMode": {"params": params}})


def _number(value: float, unit: str) -> dict[str, Any]:
    return {"type": "number", "value": round(value, 1), "unit": unit}


def _text(value: str) -> dict[str, Any]:
    return {"type": "string", "value": value}


def _flag(value: bool) -> dict[str, Any]:
    return {"type": "boolean", "value": value}


def _range(low: float, high: float, step: float) -> dict[str, Any]:
    return {"type": "number", "required": True, "constraints": {"min": low, "max": high, "stepping": step}}
