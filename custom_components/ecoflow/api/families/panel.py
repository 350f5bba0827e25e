"""Smart Home Panel: two stations, ten circuits, command set 11."""

from collections.abc import Callable
from functools import partial
from typing import Any

from ..quantities import Quantity, Values, lookup
from .base import (
    Choice,
    Command,
    Condition,
    Family,
    Reading,
    Setting,
    Style,
    Toggle,
    celsius,
    hertz,
    minutes,
    percent,
    volts,
    watts,
)
from .common import above, current

_NO_TIME = (5939, 5999, 143_999)
_CIRCUITS = 10
_CIRCUIT_MODES: dict[str, tuple[int, int]] = {
    "auto": (0, 0),
    "grid": (1, 0),
    "battery": (1, 1),
    "off": (1, 2),
}


def _panel(command_id: int, path: str, name: str) -> Callable[[Any, Values], Command]:
    def build(wire: Any, _values: Values) -> Command:
        return Command({"operateType": "TCP", "params": {"cmdSet": 11, "id": command_id, name: wire}}, {path: wire})

    return build


def _panel_limits(wire: Any, values: Values, *, name: str) -> Command:
    """Charge and discharge limits travel together."""
    limits = {
        "forceChargeHigh": current(values, "backupChaDiscCfg.forceChargeHigh", 100),
        "discLower": current(values, "backupChaDiscCfg.discLower", 0),
        name: wire,
    }
    body = {"operateType": "TCP", "params": {"cmdSet": 11, "id": 29, **limits}}
    return Command(body, {f"backupChaDiscCfg.{name}": wire})


def _circuit_mode(values: Values, *, index: int) -> str | None:
    base = f"heartbeat.loadCmdChCtrlInfos[{index}]"
    mode, chosen = lookup(values, f"{base}.ctrlMode"), lookup(values, f"{base}.ctrlSta")
    if mode == 0:
        return "auto"
    return next((name for name, wire in _CIRCUIT_MODES.items() if wire == (mode, chosen)), None)


def _set_circuit(wire: tuple[int, int], values: Values, *, index: int) -> Command:
    mode, chosen = wire
    params = {"cmdSet": 11, "id": 16, "ch": index, "ctrlMode": mode, "sta": chosen}
    channels = lookup(values, "heartbeat.loadCmdChCtrlInfos")
    expect: dict[str, Any] = {}
    if isinstance(channels, list) and index < len(channels) and isinstance(channels[index], dict):
        changed = [dict(channel) if isinstance(channel, dict) else channel for channel in channels]
        changed[index] |= {"ctrlMode": mode, "ctrlSta": chosen}
        expect = {"heartbeat.loadCmdChCtrlInfos": changed}
    return Command({"operateType": "TCP", "params": params}, expect)


SMART_HOME_PANEL = Family(
    name="smart_home_panel",
    model="Smart Home Panel",
    style=Style.TCP,
    products=("Smart Home Panel",),
    prefixes=("SP10",),
    readings=(
        percent("battery_level", "heartbeat.backupBatPer"),
        minutes("charge_remaining_time", "heartbeat.backupChaTime", none_at=_NO_TIME),
        volts("grid_voltage", "gridInfo.gridVol", diagnostic=True),
        hertz("grid_frequency", "gridInfo.gridFreq", diagnostic=True),
        Reading(
            key="grid_energy_today",
            source="heartbeat.gridDayWatth",
            quantity=Quantity.ENERGY,
            scale=0.001,
            counter=True,
        ),
        Reading(
            key="backup_energy_today",
            source="heartbeat.backupDayWatth",
            quantity=Quantity.ENERGY,
            scale=0.001,
            counter=True,
        ),
        *(
            reading
            for n in (1, 2)
            for reading in (
                percent(f"station_{n}_battery_level", f"heartbeat.energyInfos[{n - 1}].batteryPercentage"),
                watts(f"station_{n}_input_power", f"heartbeat.energyInfos[{n - 1}].lcdInputWatts"),
                watts(f"station_{n}_output_power", f"heartbeat.energyInfos[{n - 1}].outputPower"),
                celsius(f"station_{n}_temperature", f"heartbeat.energyInfos[{n - 1}].emsBatTemp", diagnostic=True),
                minutes(
                    f"station_{n}_charge_time",
                    f"heartbeat.energyInfos[{n - 1}].chargeTime",
                    none_at=_NO_TIME,
                    diagnostic=True,
                ),
                minutes(
                    f"station_{n}_discharge_time",
                    f"heartbeat.energyInfos[{n - 1}].dischargeTime",
                    none_at=_NO_TIME,
                    diagnostic=True,
                ),
            )
        ),
        *(watts(f"circuit_{n}_power", f"channelPower.infoList[{n - 1}].chWatt") for n in range(1, _CIRCUITS + 1)),
    ),
    conditions=(
        Condition(key="grid_present", source="heartbeat.gridSta", kind="power", test=above(0)),
        *(
            Condition(
                key=f"station_{n}_connected",
                source=f"heartbeat.energyInfos[{n - 1}].stateBean.isConnect",
                kind="connectivity",
                diagnostic=True,
            )
            for n in (1, 2)
        ),
    ),
    toggles=(Toggle(key="eps_mode", source="epsModeInfo.eps", command=_panel(24, "epsModeInfo.eps", "eps")),),
    settings=(
        Setting(
            key="charge_limit",
            source="backupChaDiscCfg.forceChargeHigh",
            quantity=Quantity.SHARE,
            low=50,
            high=100,
            command=partial(_panel_limits, name="forceChargeHigh"),
        ),
        Setting(
            key="discharge_limit",
            source="backupChaDiscCfg.discLower",
            quantity=Quantity.SHARE,
            low=0,
            high=30,
            command=partial(_panel_limits, name="discLower"),
        ),
    ),
    choices=tuple(
        Choice(
            key=f"circuit_{n}_mode",
            source=f"heartbeat.loadCmdChCtrlInfos[{n - 1}].ctrlMode",
            options=_CIRCUIT_MODES,
            command=partial(_set_circuit, index=n - 1),
            derive=partial(_circuit_mode, index=n - 1),
        )
        for n in range(1, _CIRCUITS + 1)
    ),
    telltale=("heartbeat.backupBatPer",),
)
