"""Devices other than power stations: an inverter, a plug, a refrigerator and an unknown model."""

from collections.abc import Mapping
from typing import Any, Final, override

from .devices import SimDevice, Station, Values
from .plant import NOMINAL_V, Plant

_MAX_FEED_W: Final = 800.0


class PowerStream(Station):
    """A PowerStream: everything in tenths under 20_1. It feeds in by its sun and its battery, between two levels."""

    PRODUCT = "PowerStream"

    def __init__(self, sn: str, name: str, plant: Plant | None = None) -> None:
        """Create a device with the factory settings."""
        super().__init__(sn, name, plant or Plant(1024, 55, 600, 0, 0, 0))
        self.settings = {
            "20_1.permanentWatts": 1500,
            "20_1.supplyPriority": 0,
            "20_1.invBrightness": 1023,
            "20_1.lowerLimit": 10,
            "20_1.upperLimit": 95,
        }
        self._noise = 0.0
        self.feed_w = 0.0

    @property
    def battery_w(self) -> float:
        """The battery power, negative while discharging."""
        return self.plant.solar_w - self.feed_w

    @override
    def step(self, seconds: float, sun: float, noise: float) -> None:
        self._noise = noise
        plant = self.plant
        plant.sun, plant.solar_w = sun, plant.solar_peak_w * sun * (1 + 0.02 * noise)
        wanted_w = self.settings["20_1.permanentWatts"] / 10
        if plant.soc <= self.settings["20_1.lowerLimit"]:
            wanted_w = min(wanted_w, plant.solar_w)
        elif plant.soc >= self.settings["20_1.upperLimit"]:
            wanted_w = max(wanted_w, plant.solar_w)
        self.feed_w = min(wanted_w, _MAX_FEED_W)
        level = plant.soc + self.battery_w * seconds / 3600 / plant.capacity_wh * 100
        plant.soc = min(100.0, max(0.0, level))

    @override
    def report(self) -> Values:
        solar_w, feed_w = self.plant.solar_w, self.feed_w
        return self.settings | {
            "20_1.batSoc": round(self.plant.soc),
            "20_1.batInputWatts": round((feed_w - solar_w) * 10),
            "20_1.batInputVolt": round(NOMINAL_V * 10),
            "20_1.batTemp": 260,
            "20_1.pv1InputWatts": round(solar_w * 6),
            "20_1.pv1InputVolt": 331,
            "20_1.pv1InputCur": round(solar_w * 0.6 / 33.1 * 10),
            "20_1.pv1Temp": 280,
            "20_1.pv2InputWatts": round(solar_w * 4),
            "20_1.pv2InputVolt": 329,
            "20_1.pv2InputCur": round(solar_w * 0.4 / 32.9 * 10),
            "20_1.pv2Temp": 275,
            "20_1.invOutputWatts": round(feed_w * 10),
            # The house has another solar system behind the same meter, which exports by day.
            "20_1.gridConsWatts": round((450.0 - feed_w - 2600.0 * self.plant.sun) * 10),
            "20_1.invFreq": 500,
            "20_1.invOnOff": 1,
            # At night no other value changes.
            "20_1.espTempsensor": 0,
            "20_1.invTemp": 410 + round(5 * self._noise),
            "20_1.ratedPower": 8000,
            "20_1.chgRemainTime": 5939,
            "20_1.dsgRemainTime": 420,
            "20_1.wifiRssi": -61 + round(2 * self._noise),
            "20_1.updateTime": "2026-01-01 00:00:00",
        }

    @override
    def messages(self, changed: Values, time_ms: int) -> list[dict[str, Any]]:
        bare = {name.partition(".")[2]: value for name, value in changed.items()}
        return [{"cmdFunc": 20, "cmdId": 1, "timestamp": time_ms, "param": bare}] if bare else []

    @override
    def apply_command(self, body: Mapping[str, Any]) -> bool:
        names = {
            "WN511_SET_PERMANENT_WATTS_PACK": ("permanentWatts", "20_1.permanentWatts"),
            "WN511_SET_SUPPLY_PRIORITY_PACK": ("supplyPriority", "20_1.supplyPriority"),
            "WN511_SET_BRIGHTNESS_PACK": ("brightness", "20_1.invBrightness"),
            "WN511_SET_BAT_LOWER_PACK": ("lowerLimit", "20_1.lowerLimit"),
            "WN511_SET_BAT_UPPER_PACK": ("upperLimit", "20_1.upperLimit"),
        }
        wire = names.get(str(body.get("cmdCode")))
        params = body.get("params")
        if wire is None or not isinstance(params, Mapping) or wire[0] not in params:
            return False
        self.settings[wire[1]] = params[wire[0]]
        return True


class SmartPlug(SimDevice):
    """A smart plug."""

    PRODUCT = "Smart Plug"

    def __init__(self, sn: str, name: str) -> None:
        """Create a plug that is on."""
        super().__init__(sn, name)
        self.settings = {"2_1.switchSta": True, "2_1.brightness": 1023}
        self._watts, self._noise = 0.0, 0.0

    @override
    def step(self, seconds: float, sun: float, noise: float) -> None:
        self._noise = noise
        self._watts = 74.0 + 3 * noise if self.settings["2_1.switchSta"] else 0.0

    @override
    def report(self) -> Values:
        return self.settings | {
            "2_1.watts": round(self._watts * 10),
            "2_1.volt": 231,
            "2_1.current": round(self._watts / 231 * 1000),
            "2_1.freq": 50,
            "2_1.temp": 30 + round(self._noise),
            "2_1.errCode": 0,
        }

    @override
    def messages(self, changed: Values, time_ms: int) -> list[dict[str, Any]]:
        bare = {name.partition(".")[2]: value for name, value in changed.items()}
        return [{"cmdFunc": 2, "cmdId": 1, "timestamp": time_ms, "param": bare}] if bare else []

    @override
    def apply_command(self, body: Mapping[str, Any]) -> bool:
        match body:
            case {"cmdCode": "WN511_SOCKET_SET_PLUG_SWITCH_MESSAGE", "params": {"plugSwitch": on}}:
                self.settings["2_1.switchSta"] = bool(on)
            case {"cmdCode": "WN511_SOCKET_SET_BRIGHTNESS_PACK", "params": {"brightness": level}}:
                self.settings["2_1.brightness"] = level
            case _:
                return False
        return True


class Glacier(SimDevice):
    """A GLACIER with two zones, an ice maker and a battery."""

    PRODUCT = "GLACIER"

    def __init__(self, sn: str, name: str) -> None:
        """Create a refrigerator with the factory settings."""
        super().__init__(sn, name)
        self.settings = {"pd.tmpLSet": 4, "pd.tmpRSet": -12, "pd.tmpMSet": 4, "pd.coolMode": 0, "pd.beepEn": 1}
        self.settings |= {"pd.iceMkMode": 0, "pd.blTime": 60}
        self._noise = 0.0

    @override
    def step(self, seconds: float, sun: float, noise: float) -> None:
        self._noise = noise

    @override
    def report(self) -> Values:
        return self.settings | {
            "pd.tmpL": self.settings["pd.tmpLSet"] * 10 + round(self._noise * 3),
            "pd.tmpR": self.settings["pd.tmpRSet"] * 10,
            "pd.flagTwoZone": 1,
            "pd.doorStat": 0,
            "pd.batFlag": 1,
            "pd.batPct": 81,
            "pd.motorWat": 43,
            "pd.motorSpeed": 1800,
            "pd.icePercent": 0,
            "pd.ambientTmp": 240,
            "pd.errCode": 0,
        }

    @override
    def messages(self, changed: Values, time_ms: int) -> list[dict[str, Any]]:
        bare = {name.partition(".")[2]: value for name, value in changed.items()}
        return [{"moduleType": "1", "typeCode": "pdStatus", "timestamp": time_ms, "params": bare}] if bare else []

    @override
    def apply_command(self, body: Mapping[str, Any]) -> bool:
        match body:
            case {"operateType": "temp", "params": {"tmpL": left, "tmpR": right, "tmpM": single}}:
                self.settings |= {"pd.tmpLSet": left, "pd.tmpRSet": right, "pd.tmpMSet": single}
            case {"operateType": "ecoMode", "params": {"mode": mode}}:
                self.settings["pd.coolMode"] = mode
            case {"operateType": "beepEn", "params": {"flag": on}}:
                self.settings["pd.beepEn"] = on
            case {"operateType": "blTime", "params": {"time": seconds}}:
                self.settings["pd.blTime"] = seconds
            case {"operateType": "iceMake", "params": {"enable": on, "iceShape": shape}}:
                self.settings["pd.iceMkMode"] = shape + 2 if on else shape
            case {"operateType": "deIce", "params": {"enable": 1}}:
                pass
            case _:
                return False
        return True


class Unknown(SimDevice):
    """A device of an unknown model."""

    PRODUCT = "NOVA 9"

    def __init__(self, sn: str, name: str) -> None:
        """Create a device with a few values."""
        super().__init__(sn, name)
        self._steps = 0

    @override
    def step(self, seconds: float, sun: float, noise: float) -> None:
        self._steps += 1

    @override
    def report(self) -> Values:
        return {
            "nova.soc": 50,
            "nova.outWatts": 100 + self._steps % 7,
            "nova.mode": "auto",
            "nova.list": [1, 2],
            # Its battery packs are named by their serial numbers.
            "bp_addr.HJ32ZDH4ZF7E0042.bpPwr": -40,
            "bp_addr.HJ32ZDH4ZF7E0042.bpSn": "HJ32ZDH4ZF7E0042",
        }

    @override
    def messages(self, changed: Values, time_ms: int) -> list[dict[str, Any]]:
        return [{"id": time_ms % 1_000_000_000, "timestamp": time_ms, "params": changed}] if changed else []

    @override
    def apply_command(self, body: Mapping[str, Any]) -> bool:
        return False
