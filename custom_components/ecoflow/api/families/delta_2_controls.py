"""Controls of DELTA 2, DELTA 2 Max and RIVER 2: commands have a module, an operation and parameters."""

from collections.abc import Callable
from functools import partial
from typing import Any

from ..units import Quantity
from ..wire_values import Values
from .decoders import current_value
from .options import NEVER_TO_24_H, SCREEN_TIMEOUTS
from .specs import Command, NumberSpec, SelectSpec, SwitchSpec

_EMS = "bms_emsStatus"

# Numbers of the modules in commands.
PD, BMS, INV, MPPT = 1, 2, 3, 5
# Keeps a setting unchanged in a command with several settings.
_KEEP = 255


def _set(module: int, operation: str, path: str, name: str, **fixed: Any) -> Callable[[Any, Values], Command]:
    """Return a builder for commands that send one value as `name` and report it at `path`."""

    def build(wire: Any, _values: Values) -> Command:
        params = {name: wire, **fixed}
        return Command({"moduleType": module, "operateType": operation, "params": params}, {path: wire})

    return build


def _ac(wire: Any, _values: Values, *, module: int, name: str, path: str) -> Command:
    params = {"enabled": _KEEP, "xboost": _KEEP, "out_voltage": -1, "out_freq": _KEEP, name: wire}
    return Command({"moduleType": module, "operateType": "acOutCfg", "params": params}, {path: wire})


def _always_on(wire: Any, values: Values) -> Command:
    level = int(current_value(values, f"{_EMS}.minDsgSoc", 0)) + 5
    params = {"acAutoOutConfig": wire, "minAcOutSoc": level}
    return Command({"moduleType": PD, "operateType": "acAutoOutConfig", "params": params}, {"pd.acAutoOutConfig": wire})


def _backup(enabled: Any, soc: Any, expect: dict[str, Any]) -> Command:
    params = {"isConfig": enabled, "bpPowerSoc": soc, "minDsgSoc": 0, "minChgSoc": 0}
    return Command({"moduleType": PD, "operateType": "watthConfig", "params": params}, expect)


def _backup_enabled(wire: Any, values: Values) -> Command:
    return _backup(wire, current_value(values, "pd.bpPowerSoc", 50), {"pd.watchIsConfig": wire})


def _backup_level(wire: Any, _values: Values) -> Command:
    return _backup(1, wire, {"pd.bpPowerSoc": wire, "pd.watchIsConfig": 1})


def pause(paused: bool, values: Values) -> Command:
    """Return the command that pauses or resumes AC charging (DELTA 2, RIVER 2)."""
    params = {"chgWatts": current_value(values, "mppt.cfgChgWatts", _KEEP), "chgPauseFlag": int(paused)}
    body = {"moduleType": MPPT, "operateType": "acChgCfg", "params": params}
    return Command(body, {"mppt.chgPauseFlag": int(paused)})


def pause_max(paused: bool, values: Values) -> Command:
    """Return the command that pauses or resumes AC charging (DELTA 2 Max)."""
    params = {
        "slowChgWatts": current_value(values, "inv.SlowChgWatts", _KEEP),
        "fastChgWatts": current_value(values, "inv.FastChgWatts", _KEEP),
        "chgPauseFlag": int(paused),
    }
    return Command({"moduleType": INV, "operateType": "acChgCfg", "params": params}, {"inv.chgPauseFlag": int(paused)})


def power_max(wire: Any, values: Values) -> Command:
    """Return the command that sets the AC charge power (DELTA 2 Max)."""
    params = {
        "slowChgWatts": wire,
        "fastChgWatts": current_value(values, "inv.FastChgWatts", 2000),
        "chgPauseFlag": 0,
    }
    return Command({"moduleType": INV, "operateType": "acChgCfg", "params": params}, {"inv.SlowChgWatts": wire})


LIMITS = (
    NumberSpec(
        key="charge_limit",
        source=f"{_EMS}.maxChargeSoc",
        quantity=Quantity.PERCENTAGE,
        min_value=50,
        max_value=100,
        command=_set(BMS, "upsConfig", f"{_EMS}.maxChargeSoc", "maxChgSoc"),
    ),
    NumberSpec(
        key="discharge_limit",
        source=f"{_EMS}.minDsgSoc",
        quantity=Quantity.PERCENTAGE,
        min_value=0,
        max_value=30,
        command=_set(BMS, "dsgCfg", f"{_EMS}.minDsgSoc", "minDsgSoc"),
    ),
    NumberSpec(
        key="backup_reserve",
        source="pd.bpPowerSoc",
        quantity=Quantity.PERCENTAGE,
        min_value=5,
        max_value=100,
        command=_backup_level,
    ),
)


def generator(start: str, stop: str) -> tuple[NumberSpec, NumberSpec]:
    """Return the start and stop level of a generator with the wire names of a model."""
    return (
        NumberSpec(
            key="generator_start_level",
            source=f"{_EMS}.{start}",
            quantity=Quantity.PERCENTAGE,
            min_value=0,
            max_value=30,
            enabled=False,
            command=_set(BMS, "openOilSoc", f"{_EMS}.{start}", "openOilSoc"),
        ),
        NumberSpec(
            key="generator_stop_level",
            source=f"{_EMS}.{stop}",
            quantity=Quantity.PERCENTAGE,
            min_value=50,
            max_value=100,
            enabled=False,
            command=_set(BMS, "closeOilSoc", f"{_EMS}.{stop}", "closeOilSoc"),
        ),
    )


def charge_power(low: int, high: int, step: int) -> NumberSpec:
    """Return the AC charge power with the limits of a model (DELTA 2, RIVER 2)."""
    return NumberSpec(
        key="charge_power",
        source="mppt.cfgChgWatts",
        quantity=Quantity.POWER,
        min_value=low,
        max_value=high,
        step=step,
        command=_set(MPPT, "acChgCfg", "mppt.cfgChgWatts", "chgWatts", chgPauseFlag=_KEEP),
    )


def ac_switches(module: int, prefix: str) -> tuple[SwitchSpec, SwitchSpec]:
    """Return AC output and X-Boost, which share a command, for the module of a model."""
    enabled, xboost = f"{prefix}.cfgAcEnabled", f"{prefix}.cfgAcXboost"
    return (
        SwitchSpec(
            key="ac_output",
            config=False,
            source=enabled,
            command=partial(_ac, module=module, name="enabled", path=enabled),
        ),
        SwitchSpec(key="xboost", source=xboost, command=partial(_ac, module=module, name="xboost", path=xboost)),
    )


DC_SWITCH = SwitchSpec(
    key="dc_output",
    config=False,
    source=("mppt.carState", "pd.carState"),
    command=_set(MPPT, "mpptCar", "mppt.carState", "enabled"),
)
USB_SWITCH = SwitchSpec(
    key="usb_output", config=False, source="pd.dcOutState", command=_set(PD, "dcOutCfg", "pd.dcOutState", "enabled")
)
BACKUP_SWITCH = SwitchSpec(key="backup_reserve_enabled", source="pd.watchIsConfig", command=_backup_enabled)
ALWAYS_ON_SWITCH = SwitchSpec(key="ac_always_on", source="pd.acAutoOutConfig", command=_always_on, enabled=False)
# The wire value is inverted: 1 means quiet.
BEEPER = SwitchSpec(
    key="beeper",
    source="mppt.beepState",
    on=0,
    off=1,
    command=_set(MPPT, "quietMode", "mppt.beepState", "enabled"),
)
BEEPER_MAX = SwitchSpec(
    key="beeper", source="pd.beepMode", on=0, off=1, command=_set(PD, "quietCfg", "pd.beepMode", "enabled")
)


def _choice(key: str, source: str, options: dict[str, int], write: tuple[int, str, str]) -> SelectSpec:
    module, operation, name = write
    return SelectSpec(key=key, source=source, options=options, command=_set(module, operation, source, name))


_DC_CURRENT = _choice(
    "dc_input_current",
    "mppt.dcChgCurrent",
    {"4_a": 4000, "6_a": 6000, "8_a": 8000},
    (MPPT, "dcChgCfg", "dcChgCfg"),
)
_SCREEN = SelectSpec(
    key="screen_off_time",
    source="pd.lcdOffSec",
    options=SCREEN_TIMEOUTS,
    command=_set(PD, "lcdCfg", "pd.lcdOffSec", "delayOff", brighLevel=_KEEP),
)
DELTA_2_SELECTS = (
    _choice("unit_standby_time", "pd.standbyMin", NEVER_TO_24_H, (PD, "standbyTime", "standbyMin")),
    _choice("ac_standby_time", "mppt.acStandbyMins", NEVER_TO_24_H, (MPPT, "standbyTime", "standbyMins")),
    _choice("dc_standby_time", "mppt.carStandbyMin", NEVER_TO_24_H, (MPPT, "carStandby", "standbyMins")),
    _SCREEN,
    _DC_CURRENT,
)
DELTA_2_MAX_SELECTS = (
    _choice("unit_standby_time", "inv.standbyMin", NEVER_TO_24_H, (PD, "standbyTime", "standbyMin")),
    _choice("dc_standby_time", "mppt.carStandbyMin", NEVER_TO_24_H, (MPPT, "standbyTime", "standbyMins")),
    _SCREEN,
)
RIVER_2_SELECTS = (
    _choice("unit_standby_time", "mppt.powStandbyMin", NEVER_TO_24_H, (MPPT, "standby", "standbyMins")),
    _choice("ac_standby_time", "mppt.acStandbyMins", NEVER_TO_24_H, (MPPT, "acStandby", "standbyMins")),
    SelectSpec(
        key="screen_off_time",
        source="mppt.scrStandbyMin",
        options=SCREEN_TIMEOUTS,
        command=_set(MPPT, "lcdCfg", "mppt.scrStandbyMin", "delayOff", brighLevel=_KEEP),
    ),
    _DC_CURRENT,
    _choice(
        "dc_input_type",
        "mppt.cfgChgType",
        {"auto": 0, "solar": 1, "adapter": 2},
        (MPPT, "chaType", "chaType"),
    ),
)
SOLAR_FIRST = SwitchSpec(
    key="solar_priority",
    source="pd.pvChgPrioSet",
    command=_set(PD, "pvChangePrio", "pd.pvChgPrioSet", "pvChangeSet"),
)
