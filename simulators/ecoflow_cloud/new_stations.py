"""Power stations of the newer generation: names without a module, function 254."""

from collections.abc import Mapping
from typing import Any, ClassVar, override

from .devices import Station, Values
from .plant import Plant

# A port that is on or off, as captures show it: the upper bits differ by port and moment.
PORT_ON, PORT_OFF = 14, 4
# The remaining time of the direction that the battery does not have keeps a number.
PARKED_MINUTES = 12927


class NewStation(Station):
    """A station that names its values without a module, and answers commands with `configOk`.

    Powers that leave it are negative, and the remaining times of both directions are always numbers.
    """

    # The settings in the plant and in `settings` by the name in a command.
    PLANT_COMMANDS: ClassVar[dict[str, str]] = {
        "cfgPlugInInfoAcInChgPowMax": "charge_setting_w",
        "cfgMaxChgSoc": "charge_limit",
        "cfgMinDsgSoc": "discharge_limit",
        "cfgDc12vOutOpen": "dc_enabled",
    }
    PLAIN_COMMANDS: ClassVar[dict[str, str]] = {
        "cfgXboostEn": "xboostEn",
        "cfgBeepEn": "enBeep",
        "cfgScreenOffTime": "screenOffTime",
        "cfgAcStandbyTime": "acStandbyTime",
        "cfgDevStandbyTime": "devStandbyTime",
    }

    def __init__(self, sn: str, name: str, plant: Plant) -> None:
        """Create a station with the factory settings."""
        super().__init__(sn, name, plant)
        self.settings = {"xboostEn": 0, "enBeep": 1, "screenOffTime": 300, "acStandbyTime": 720, "devStandbyTime": 0}

    @override
    def report(self) -> Values:
        plant = self.plant
        amps = round(plant.battery_w / plant.voltage_v, 3)
        return self.settings | {
            "cmsBattSoc": round(plant.soc, 2),
            "bmsBattSoc": round(plant.soc, 2),
            "cmsBattVol": round(plant.voltage_v, 3),
            "cmsBattAmp": amps,
            "bmsBattVol": round(plant.voltage_v, 3),
            "bmsBattAmp": amps,
            "powGetBms": float(round(plant.battery_w)),
            "cmsMaxChgSoc": round(plant.charge_limit),
            "cmsMinDsgSoc": round(plant.discharge_limit),
            "cmsChgRemTime": PARKED_MINUTES if plant.minutes_to_full is None else plant.minutes_to_full,
            "cmsDsgRemTime": PARKED_MINUTES if plant.minutes_to_empty is None else plant.minutes_to_empty,
            "cmsChgDsgState": 2 if plant.battery_w > 5 else 1 if plant.battery_w < -5 else 0,
            "powInSumW": round(plant.ac_in_w + plant.solar_w, 1),
            "powOutSumW": round(plant.ac_out_w + plant.dc_out_w, 1),
            "powGetAcIn": round(plant.ac_in_w, 1),
            "powGet12v": -round(plant.dc_out_w, 1),
            "plugInInfoAcInFlag": int(plant.grid_present),
            "plugInInfoAcInFeq": 50 if plant.grid_present else 0,
            "plugInInfoAcInVol": 230.4 if plant.grid_present else 7.4,
            # The current of the charger only; it does not belong to the input power.
            "plugInInfoAcInAmp": 0.354,
            "plugInInfoAcInChgPowMax": round(plant.charge_setting_w),
            "flowInfoAcIn": 15 if plant.grid_present else 12,
            "flowInfo12v": PORT_ON if plant.dc_enabled else PORT_OFF,
            "bmsMaxCellTemp": 28,
            "bmsMinCellTemp": 27,
            "temp": 28,
            "tempPcsAc": 37.0 if plant.ac_enabled else 0.0,
            "tempPcsDc": 35.0 if plant.ac_enabled else 0.0,
            "bmsSn": self.sn[::-1],
            "errcode": 0,
        }

    @override
    def messages(self, changed: Values, time_ms: int) -> list[dict[str, Any]]:
        if not changed:
            return []
        return [{"cmdFunc": 254, "cmdId": 21, "id": time_ms % 1_000_000_000, "timestamp": time_ms, "params": changed}]

    @override
    def ack(self, body: Mapping[str, Any], ok: bool) -> dict[str, Any]:
        return {"configOk": ok, "actionId": 1}

    @override
    def apply_command(self, body: Mapping[str, Any]) -> bool:
        params = body.get("params")
        if (body.get("cmdFunc"), body.get("cmdId")) != (254, 17) or not isinstance(params, Mapping):
            return False
        known = [name for name in params if name in self.PLANT_COMMANDS or name in self.PLAIN_COMMANDS]
        for name in known:
            if name in self.PLANT_COMMANDS:
                setattr(self.plant, self.PLANT_COMMANDS[name], params[name])
            else:
                self.settings[self.PLAIN_COMMANDS[name]] = int(params[name])
        return bool(known)


class DeltaPro3(NewStation):
    """A DELTA Pro 3."""

    PRODUCT = "DELTA Pro 3"
    PLANT_COMMANDS: ClassVar[dict[str, str]] = {**NewStation.PLANT_COMMANDS, "cfgHvAcOutOpen": "ac_enabled"}

    def __init__(self, sn: str, name: str, plant: Plant | None = None) -> None:
        """Create a station with the factory settings."""
        super().__init__(sn, name, plant or Plant(4096, 71, 600, 200, 800, 2900))

    @override
    def report(self) -> Values:
        plant = self.plant
        return super().report() | {
            "powGetAcHvOut": -round(plant.ac_out_w, 1),
            "powGetAcLvOut": 0.0,
            "powGetPvH": round(plant.solar_w, 1),
            "powGetPvL": 0.0,
            "flowInfoAcHvOut": PORT_ON if plant.ac_enabled else PORT_OFF,
            "tempPvH": 32,
            "tempPvL": 29,
        }


class Delta3(NewStation):
    """A DELTA 3 Plus."""

    PRODUCT = "DELTA 3 Plus"
    PLANT_COMMANDS: ClassVar[dict[str, str]] = {**NewStation.PLANT_COMMANDS, "cfgAcOutOpen": "ac_enabled"}

    def __init__(self, sn: str, name: str, plant: Plant | None = None) -> None:
        """Create a station with the factory settings."""
        super().__init__(sn, name, plant or Plant(1024, 64, 300, 150, 500, 1500))

    @override
    def report(self) -> Values:
        plant = self.plant
        return super().report() | {
            "powGetAcOut": -round(plant.ac_out_w, 5),
            "powGetAc": 0.0,
            "powGetPv": round(plant.solar_w, 1),
            "powGetPv2": 0.0,
            "plugInInfoPvVol": 38.2 if plant.solar_w else 1.35,
            "plugInInfoPv2Vol": 0.0,
            "flowInfoAcOut": PORT_ON if plant.ac_enabled else PORT_OFF,
            "tempPv": 35.0,
            "tempPv2": 36.0,
            "productType": 77,
        }
