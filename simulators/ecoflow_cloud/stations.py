"""Power stations of the first two generations."""

from collections.abc import Mapping
from typing import Any, ClassVar, override

from .devices import Station, Values, by_module
from .plant import Plant


class DeltaPro(Station):
    """A DELTA Pro, 230 V. Its solar values are in 0.1 W, 0.1 V and 0.01 A."""

    PRODUCT = "DELTA Pro"

    def __init__(self, sn: str, name: str, plant: Plant | None = None) -> None:
        """Create a station with the factory settings."""
        super().__init__(sn, name, plant)
        self.settings = {
            "inv.cfgAcXboost": 0,
            "pd.beepState": 0,
            "pd.lcdOffSec": 300,
            "pd.standByMode": 120,
            "inv.cfgStandbyMin": 720,
            "mppt.cfgDcChgCurrent": 8000,
            "mppt.cfgChgType": 0,
            "pd.watthisconfig": 0,
            "pd.bppowerSoc": 50,
            "ems.minOpenOilEbSoc": 0,
            "ems.maxCloseOilEbSoc": 100,
            "pd.acautooutConfig": 0,
            "pd.minAcoutSoc": 255,
            "inv.acPassByAutoEn": 0,
        }

    @override
    def report(self) -> Values:
        plant = self.plant
        mains_mv = 231_400 if plant.grid_present else 0
        solar_v = 68.0 if plant.solar_w else 4.8
        amps = plant.battery_w / plant.voltage_v
        level = round(plant.soc, 4)
        return self.settings | {
            "bmsMaster.f32ShowSoc": level,
            "bmsMaster.soc": round(plant.soc),
            "bmsMaster.vol": round(plant.voltage_v * 1000),
            "bmsMaster.amp": round(amps * 1000),
            "bmsMaster.inputWatts": max(0, round(plant.battery_w)),
            "bmsMaster.outputWatts": max(0, round(-plant.battery_w)),
            "bmsMaster.temp": 25,
            "bmsMaster.maxCellTemp": 26,
            "bmsMaster.minCellTemp": 24,
            "bmsMaster.maxMosTemp": 27,
            "bmsMaster.maxCellVol": round(plant.voltage_v * 1000 / 15) + 2,
            "bmsMaster.minCellVol": round(plant.voltage_v * 1000 / 15) - 2,
            "bmsMaster.fullCap": 76_000,
            "bmsMaster.designCap": 80_000,
            "bmsMaster.remainCap": round(760 * plant.soc),
            "bmsMaster.cycles": 87,
            "bmsMaster.soh": 99,
            "bmsMaster.errCode": 0,
            "ems.f32LcdShowSoc": level,
            "ems.lcdShowSoc": round(plant.soc),
            "ems.maxChargeSoc": round(plant.charge_limit),
            "ems.minDsgSoc": round(plant.discharge_limit),
            "ems.chgRemainTime": 143_999 if plant.minutes_to_full is None else plant.minutes_to_full,
            "ems.dsgRemainTime": 143_999 if plant.minutes_to_empty is None else plant.minutes_to_empty,
            "ems.fanLevel": 0,
            "ems.bms1Online": 0,
            "ems.bms2Online": 0,
            "mppt.carTemp": 0,
            "ems.chgVol": 51_400,
            "inv.inputWatts": round(plant.ac_in_w),
            "inv.outputWatts": round(plant.ac_out_w),
            "inv.acInVol": mains_mv,
            "inv.acInAmp": round(plant.ac_in_w / 231.4 * 1000) if mains_mv else 0,
            "inv.acInFreq": 50 if mains_mv else 0,
            "inv.invOutVol": 230_100 if plant.ac_enabled else 0,
            "inv.invOutAmp": round(plant.ac_out_w / 230.1 * 1000),
            "inv.invOutFreq": 50 if plant.ac_enabled else 0,
            "inv.cfgAcEnabled": int(plant.ac_enabled),
            "inv.cfgSlowChgWatts": round(plant.charge_setting_w),
            "inv.outTemp": 31,
            "inv.dcInTemp": 29,
            "inv.errCode": 0,
            "mppt.inWatts": round(plant.solar_w * 10),
            "mppt.inVol": round(solar_v * 10),
            "mppt.inAmp": round(plant.solar_w / solar_v * 100),
            "mppt.outWatts": round(plant.solar_w * 9.7),
            "mppt.outVol": round(plant.voltage_v * 10),
            "mppt.outAmp": round(plant.solar_w * 0.97 / plant.voltage_v * 100),
            "mppt.carState": int(plant.dc_enabled),
            "mppt.carOutWatts": round(plant.dc_out_w * 10),
            "mppt.mpptTemp": 33,
            "mppt.faultCode": 0,
            "pd.wattsInSum": round(plant.ac_in_w + plant.solar_w),
            "pd.wattsOutSum": round(plant.ac_out_w + plant.dc_out_w),
            "pd.soc": round(plant.soc),
            "pd.sysChgDsgState": 2 if plant.battery_w > 5 else 1 if plant.battery_w < -5 else 0,
            "pd.chgPowerAc": int(plant.ac_in_wh),
            "pd.chgPowerDc": 0,
            "pd.chgSunPower": int(plant.solar_wh),
            "pd.dsgPowerAc": int(plant.ac_out_wh),
            "pd.dsgPowerDc": 640,
            "pd.usb1Watts": 0,
            "pd.typec1Watts": 0,
            "pd.errCode": 0,
            "pd.iconSolarPanelState": int(plant.solar_w > 0),
            "pd.wifiRssi": 0,
        }

    @override
    def messages(self, changed: Values, time_ms: int) -> list[dict[str, Any]]:
        return [
            {"id": time_ms % 1_000_000_000, "version": "1.0", "timestamp": time_ms, "params": values}
            for values in by_module(changed).values()
        ]

    @override
    def apply_command(self, body: Mapping[str, Any]) -> bool:
        params = body.get("params")
        if not isinstance(params, Mapping) or params.get("cmdSet") != 32:
            return False
        plant = self.plant
        match params:
            case {"id": 69, "slowChgPower": power} if 200 <= power <= 2900:
                plant.charge_setting_w = power
            case {"id": 49, "maxChgSoc": level}:
                plant.charge_limit = level
            case {"id": 51, "minDsgSoc": level}:
                plant.discharge_limit = level
            case {"id": 66, "enabled": enabled, "xboost": xboost}:
                plant.ac_enabled = bool(enabled)
                self.settings["inv.cfgAcXboost"] = xboost
            case {"id": 81, "enabled": enabled}:
                plant.dc_enabled = bool(enabled)
            case {"id": 94, "isConfig": on, "bpPowerSoc": level}:
                self.settings |= {"pd.watthisconfig": on, "pd.bppowerSoc": level}
            case {"id": int(number)} if (plain := _DELTA_PRO_PLAIN.get(number)) and plain[0] in params:
                self.settings[plain[1]] = params[plain[0]]
            case _:
                return False
        return True


_DELTA_PRO_PLAIN: dict[int, tuple[str, str]] = {
    33: ("standByMode", "pd.standByMode"),
    38: ("enabled", "pd.beepState"),
    39: ("lcdTime", "pd.lcdOffSec"),
    52: ("openOilSoc", "ems.minOpenOilEbSoc"),
    53: ("closeOilSoc", "ems.maxCloseOilEbSoc"),
    71: ("currMa", "mppt.cfgDcChgCurrent"),
    82: ("chgType", "mppt.cfgChgType"),
    84: ("enabled", "inv.acPassByAutoEn"),
    95: ("acautooutConfig", "pd.acautooutConfig"),
    153: ("standByMins", "inv.cfgStandbyMin"),
}


class Delta2(Station):
    """A DELTA 2: bare names with a type code, everything in W, mV, mA.

    Its state is 0 while it discharges or rests and 1 while it charges, remaining times without meaning hold 5939, and
    sensors that it does not have report 0 °C, as in captures of real devices.
    """

    PRODUCT = "DELTA 2"
    _TYPES: ClassVar[dict[str, tuple[str, str]]] = {
        "pd": ("1", "pdStatus"),
        "bms_bmsStatus": ("2", "bmsStatus"),
        "bms_emsStatus": ("2", "emsStatus"),
        "inv": ("3", "invStatus"),
        "mppt": ("5", "mpptStatus"),
    }

    def __init__(self, sn: str, name: str, plant: Plant | None = None) -> None:
        """Create a station with the factory settings."""
        super().__init__(sn, name, plant or Plant(1024, 48, 220, 60, 400, 1200))
        self.settings = {
            "mppt.cfgAcXboost": 1,
            "mppt.beepState": 0,
            "pd.dcOutState": 1,
            "pd.pvChgPrioSet": 0,
            "pd.watchIsConfig": 0,
            "pd.bpPowerSoc": 50,
            "pd.acAutoOutConfig": 0,
            "pd.standbyMin": 720,
            "pd.lcdOffSec": 60,
            "mppt.acStandbyMins": 720,
            "mppt.carStandbyMin": 720,
            "mppt.dcChgCurrent": 8000,
            "bms_emsStatus.minOpenOilEb": 20,
            "bms_emsStatus.maxCloseOilEb": 100,
        }

    @override
    def report(self) -> Values:
        plant = self.plant
        solar_v = 34.0 if plant.solar_w else 1.4
        return self.settings | {
            "bms_bmsStatus.f32ShowSoc": round(plant.soc, 1),
            "bms_bmsStatus.soc": round(plant.soc),
            "bms_bmsStatus.vol": round(plant.voltage_v * 1000),
            "bms_bmsStatus.amp": round(plant.battery_w / plant.voltage_v * 1000),
            "bms_bmsStatus.temp": 27,
            "bms_bmsStatus.cycles": 41,
            "bms_bmsStatus.soh": 100,
            "bms_bmsStatus.fullCap": 20_000,
            "bms_emsStatus.f32LcdShowSoc": round(plant.soc, 1),
            "bms_emsStatus.lcdShowSoc": round(plant.soc),
            "bms_emsStatus.maxChargeSoc": round(plant.charge_limit),
            "bms_emsStatus.minDsgSoc": round(plant.discharge_limit),
            "bms_emsStatus.chgRemainTime": 5939 if plant.minutes_to_full is None else plant.minutes_to_full,
            "bms_emsStatus.dsgRemainTime": 5939 if plant.minutes_to_empty is None else plant.minutes_to_empty,
            "bms_emsStatus.bmsIsConnt": [3, 0, 0],
            "inv.inputWatts": round(plant.ac_in_w),
            "inv.outputWatts": round(plant.ac_out_w),
            "inv.acInVol": 229_800 if plant.grid_present else 0,
            "inv.acInFreq": 50 if plant.grid_present else 0,
            "inv.invOutVol": 229_700 if plant.ac_enabled else 0,
            "inv.invOutFreq": 50 if plant.ac_enabled else 0,
            "inv.outTemp": 30,
            "inv.dcInTemp": 0,
            "pd.typec1Temp": 0,
            "pd.typec2Temp": 0,
            "inv.errCode": 0,
            "mppt.inWatts": round(plant.solar_w),
            "mppt.inVol": round(solar_v * 1000),
            "mppt.inAmp": round(plant.solar_w / solar_v * 1000),
            "mppt.mpptTemp": 28,
            "mppt.carState": int(plant.dc_enabled),
            "mppt.cfgAcEnabled": int(plant.ac_enabled),
            "mppt.cfgChgWatts": round(plant.charge_setting_w),
            "mppt.chgPauseFlag": int(plant.paused),
            "pd.wattsInSum": round(plant.ac_in_w + plant.solar_w),
            "pd.wattsOutSum": round(plant.ac_out_w + plant.dc_out_w),
            "pd.carWatts": round(plant.dc_out_w),
            "pd.chgDsgState": int(plant.battery_w > 5),
            "pd.remainTime": plant.minutes_to_full or -(plant.minutes_to_empty or 5939),
            "pd.chgPowerAC": int(plant.ac_in_wh),
            "pd.chgSunPower": int(plant.solar_wh),
            "pd.dsgPowerAC": int(plant.ac_out_wh),
            "pd.icoBytes": [0, 0, 4, 0, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            "pd.errCode": 0,
        }

    @override
    def messages(self, changed: Values, time_ms: int) -> list[dict[str, Any]]:
        found = []
        for module, values in by_module(changed).items():
            module_type, type_code = self._TYPES[module]
            bare = {name.partition(".")[2]: value for name, value in values.items()}
            found.append(
                {
                    "id": time_ms % 1_000_000_000,
                    "version": "1.0",
                    "timestamp": time_ms,
                    "moduleType": module_type,
                    "typeCode": type_code,
                    "params": bare,
                }
            )
        return found

    @override
    def apply_command(self, body: Mapping[str, Any]) -> bool:
        plant = self.plant
        match body:
            case {"moduleType": 5, "operateType": "acChgCfg", "params": {"chgWatts": power, "chgPauseFlag": pause}}:
                if power != 255:
                    plant.charge_setting_w = power
                if pause != 255:
                    plant.paused = bool(pause)
            case {"moduleType": 2, "operateType": "upsConfig", "params": {"maxChgSoc": level}}:
                plant.charge_limit = level
            case {"moduleType": 2, "operateType": "dsgCfg", "params": {"minDsgSoc": level}}:
                plant.discharge_limit = level
            case {"moduleType": 5, "operateType": "acOutCfg", "params": {"enabled": on, "xboost": xboost}}:
                plant.ac_enabled = plant.ac_enabled if on == 255 else bool(on)
                if xboost != 255:
                    self.settings["mppt.cfgAcXboost"] = xboost
            case {"moduleType": 1, "operateType": "watthConfig", "params": {"isConfig": on, "bpPowerSoc": level}}:
                self.settings |= {"pd.watchIsConfig": on, "pd.bpPowerSoc": level}
            case {"moduleType": int(module), "operateType": str(operation), "params": dict(params)}:
                return self._plain(module, operation, params)
            case _:
                return False
        return True

    def _plain(self, module: int, operation: str, params: dict[str, Any]) -> bool:
        if (module, operation) == (5, "mpptCar"):
            self.plant.dc_enabled = bool(params.get("enabled"))
            return True
        plain = _DELTA_2_PLAIN.get((module, operation))
        if plain is None or plain[0] not in params:
            return False
        self.settings[plain[1]] = params[plain[0]]
        return True


_DELTA_2_PLAIN: dict[tuple[int, str], tuple[str, str]] = {
    (1, "dcOutCfg"): ("enabled", "pd.dcOutState"),
    (1, "pvChangePrio"): ("pvChangeSet", "pd.pvChgPrioSet"),
    (1, "standbyTime"): ("standbyMin", "pd.standbyMin"),
    (1, "lcdCfg"): ("delayOff", "pd.lcdOffSec"),
    (1, "acAutoOutConfig"): ("acAutoOutConfig", "pd.acAutoOutConfig"),
    (2, "openOilSoc"): ("openOilSoc", "bms_emsStatus.minOpenOilEb"),
    (2, "closeOilSoc"): ("closeOilSoc", "bms_emsStatus.maxCloseOilEb"),
    (5, "quietMode"): ("enabled", "mppt.beepState"),
    (5, "standbyTime"): ("standbyMins", "mppt.acStandbyMins"),
    (5, "carStandby"): ("standbyMins", "mppt.carStandbyMin"),
    (5, "dcChgCfg"): ("dcChgCfg", "mppt.dcChgCurrent"),
}
