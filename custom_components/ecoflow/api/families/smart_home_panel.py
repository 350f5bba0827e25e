"""Smart Home Panel: two stations and ten circuits, command set 11."""

from collections.abc import Callable
from functools import partial
from typing import Any

from ..units import Quantity
from ..wire_values import Values, as_bool, lookup
from .battery_flow import BatteryFlow, difference
from .builders import (
    battery_level,
    celsius,
    hertz,
    volts,
    watts,
)
from .decoders import current_value, is_set
from .options import NO_REMAINING_TIME
from .specs import (
    BinarySensorSpec,
    Command,
    CommandFormat,
    Family,
    NumberSpec,
    SelectSpec,
    SensorSpec,
    SwitchSpec,
)

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
    """One command carries the charge and the discharge limit."""
    limits = {
        "forceChargeHigh": current_value(values, "backupChaDiscCfg.forceChargeHigh", 100),
        "discLower": current_value(values, "backupChaDiscCfg.discLower", 0),
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


def _station(number: int) -> BatteryFlow:
    """Return the direction of a station's power, which the panel reports as input and output."""
    base = f"heartbeat.energyInfos[{number - 1}]"
    sources = (f"{base}.lcdInputWatts", f"{base}.outputPower")
    return BatteryFlow(power=difference(*sources), power_sources=sources)


def _is_connected(values: Values, *, number: int) -> bool:
    """Whether a station is connected; the panel reports zeros for one that is not."""
    return as_bool(lookup(values, f"heartbeat.energyInfos[{number - 1}].stateBean.isConnect")) is not False


_STATIONS = (_station(1), _station(2))


def _stations_power(values: Values) -> float | None:
    powers = [power for station in _STATIONS if (power := station.power(values)) is not None]
    return sum(powers) if powers else None


_PANEL = BatteryFlow(
    power=_stations_power, power_sources=tuple(path for station in _STATIONS for path in station.power_sources)
)

SMART_HOME_PANEL = Family(
    name="smart_home_panel",
    model="Smart Home Panel",
    command_format=CommandFormat.TCP,
    product_names=("Smart Home Panel",),
    serial_prefixes=("SP10",),
    product_types=(40,),
    sensors=(
        battery_level("battery_level", "heartbeat.backupBatPer"),
        _PANEL.charge_time("heartbeat.backupChaTime", unknown_values=NO_REMAINING_TIME),
        volts("grid_voltage", "gridInfo.gridVol", diagnostic=True),
        hertz("grid_frequency", "gridInfo.gridFreq", diagnostic=True),
        SensorSpec(
            key="grid_energy_today",
            source="heartbeat.gridDayWatth",
            quantity=Quantity.ENERGY,
            scale=0.001,
            counter=True,
        ),
        SensorSpec(
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
                battery_level(
                    f"station_{n}_battery_level",
                    f"heartbeat.energyInfos[{n - 1}].batteryPercentage",
                    present=partial(_is_connected, number=n),
                ),
                watts(f"station_{n}_input_power", f"heartbeat.energyInfos[{n - 1}].lcdInputWatts"),
                watts(f"station_{n}_output_power", f"heartbeat.energyInfos[{n - 1}].outputPower"),
                celsius(
                    f"station_{n}_temperature",
                    f"heartbeat.energyInfos[{n - 1}].emsBatTemp",
                    diagnostic=True,
                    present=partial(_is_connected, number=n),
                ),
                _STATIONS[n - 1].charge_time(
                    f"heartbeat.energyInfos[{n - 1}].chargeTime",
                    f"station_{n}_charge_time",
                    unknown_values=NO_REMAINING_TIME,
                    diagnostic=True,
                ),
                _STATIONS[n - 1].discharge_time(
                    f"heartbeat.energyInfos[{n - 1}].dischargeTime",
                    f"station_{n}_discharge_time",
                    unknown_values=NO_REMAINING_TIME,
                    diagnostic=True,
                ),
            )
        ),
        *(watts(f"circuit_{n}_power", f"channelPower.infoList[{n - 1}].chWatt") for n in range(1, _CIRCUITS + 1)),
    ),
    binary_sensors=(
        BinarySensorSpec(key="grid_present", source="heartbeat.gridSta", device_class="power", test=is_set),
        *(
            BinarySensorSpec(
                key=f"station_{n}_connected",
                source=f"heartbeat.energyInfos[{n - 1}].stateBean.isConnect",
                device_class="connectivity",
                diagnostic=True,
            )
            for n in (1, 2)
        ),
    ),
    switches=(
        SwitchSpec(
            key="eps_mode", config=False, source="epsModeInfo.eps", command=_panel(24, "epsModeInfo.eps", "eps")
        ),
    ),
    numbers=(
        NumberSpec(
            key="charge_limit",
            source="backupChaDiscCfg.forceChargeHigh",
            quantity=Quantity.PERCENTAGE,
            min_value=50,
            max_value=100,
            command=partial(_panel_limits, name="forceChargeHigh"),
        ),
        NumberSpec(
            key="discharge_limit",
            source="backupChaDiscCfg.discLower",
            quantity=Quantity.PERCENTAGE,
            min_value=0,
            max_value=30,
            command=partial(_panel_limits, name="discLower"),
        ),
    ),
    selects=tuple(
        SelectSpec(
            key=f"circuit_{n}_mode",
            config=False,
            source=f"heartbeat.loadCmdChCtrlInfos[{n - 1}].ctrlMode",
            options=_CIRCUIT_MODES,
            command=partial(_set_circuit, index=n - 1),
            derive=partial(_circuit_mode, index=n - 1),
        )
        for n in range(1, _CIRCUITS + 1)
    ),
    identifying_values=("heartbeat.backupBatPer",),
)

FAMILIES = (SMART_HOME_PANEL,)
