"""GLACIER refrigerator with ice maker: modules `pd` and the battery's `bms_*`."""

from collections.abc import Callable
from functools import partial
from typing import Any

from ..units import Quantity
from ..wire_values import Values
from .battery_flow import BatteryFlow, difference
from .builders import (
    battery_level,
    celsius,
    count,
    error_code,
    percentage,
    volts,
    watts,
)
from .decoders import current_value, is_set
from .options import NO_REMAINING_TIME
from .specs import (
    BinarySensorSpec,
    ButtonSpec,
    Command,
    CommandFormat,
    Family,
    NumberSpec,
    SelectSpec,
    SensorSpec,
    SwitchSpec,
)


def _set(operation: str, path: str, name: str) -> Callable[[Any, Values], Command]:
    def build(wire: Any, _values: Values) -> Command:
        body = {"moduleType": 1, "operateType": operation, "params": {name: wire}}
        return Command(body, {path: wire})

    return build


_ZONES = {"tmpR": "pd.tmpRSet", "tmpL": "pd.tmpLSet", "tmpM": "pd.tmpMSet"}


def _zone(wire: Any, values: Values, *, name: str) -> Command:
    """One command carries the setpoints of all three zones."""
    params = {zone: current_value(values, path) for zone, path in _ZONES.items()} | {name: wire}
    return Command({"moduleType": 1, "operateType": "temp", "params": params}, {_ZONES[name]: wire})


def _zone_setting(key: str, name: str) -> NumberSpec:
    return NumberSpec(
        key=key,
        source=_ZONES[name],
        quantity=Quantity.TEMPERATURE,
        min_value=-25,
        max_value=25,
        command=partial(_zone, name=name),
    )


def _ice(params: dict[str, int], _values: Values) -> Command:
    return Command({"moduleType": 1, "operateType": "iceMake", "params": params})


def _release_ice(_values: Values) -> Command:
    return Command({"moduleType": 1, "operateType": "deIce", "params": {"enable": 1}})


_BATTERY = ("bms_bmsStatus.inWatts", "bms_bmsStatus.outWatts")
_FLOW = BatteryFlow(power=difference(*_BATTERY), power_sources=_BATTERY)

GLACIER = Family(
    name="glacier",
    model="GLACIER",
    command_format=CommandFormat.MODULE,
    product_names=("GLACIER",),
    serial_prefixes=("BX11",),
    product_types=(46,),
    sensors=(
        battery_level("battery_level", ("pd.batPct", "bms_emsStatus.lcdSoc", "bms_bmsStatus.soc")),
        celsius("left_zone_temperature", "pd.tmpL", 0.1),
        celsius("right_zone_temperature", "pd.tmpR", 0.1),
        celsius("single_zone_temperature", "pd.tmpAver", 0.1),
        celsius("ambient_temperature", "pd.ambientTmp", 0.1, diagnostic=True),
        celsius("main_battery_temperature", "bms_bmsStatus.tmp", diagnostic=True),
        volts("main_battery_voltage", "bms_bmsStatus.vol", 0.001, diagnostic=True),
        watts("battery_input_power", "bms_bmsStatus.inWatts"),
        watts("battery_output_power", "bms_bmsStatus.outWatts"),
        watts("compressor_power", "pd.motorWat"),
        SensorSpec(
            key="compressor_speed",
            source="pd.motorSpeed",
            quantity=Quantity.ROTATION_SPEED,
            diagnostic=True,
            enabled=False,
        ),
        _FLOW.charge_time("bms_emsStatus.chgRemain", unknown_values=NO_REMAINING_TIME),
        _FLOW.discharge_time("bms_emsStatus.dsgRemain", unknown_values=NO_REMAINING_TIME),
        percentage("ice_progress", "pd.icePercent"),
        percentage("main_battery_health", "bms_bmsStatus.soh", unknown_values=(0,), diagnostic=True),
        count("main_battery_cycles", "bms_bmsStatus.cycles", diagnostic=True),
        error_code("system_error", "pd.errCode"),
    ),
    binary_sensors=(
        BinarySensorSpec(key="lid_open", source="pd.doorStat", device_class="door"),
        BinarySensorSpec(key="two_zones", source="pd.flagTwoZone", diagnostic=True, test=is_set),
        BinarySensorSpec(key="battery_inserted", source="pd.batFlag", device_class="connectivity", diagnostic=True),
    ),
    switches=(
        SwitchSpec(key="eco_mode", config=False, source="pd.coolMode", command=_set("ecoMode", "pd.coolMode", "mode")),
        SwitchSpec(key="beeper", source="pd.beepEn", command=_set("beepEn", "pd.beepEn", "flag")),
    ),
    numbers=(
        _zone_setting("left_zone_target", "tmpL"),
        _zone_setting("right_zone_target", "tmpR"),
        _zone_setting("single_zone_target", "tmpM"),
    ),
    selects=(
        SelectSpec(
            key="screen_off_time",
            source="pd.blTime",
            options={"never": 0, "10_s": 10, "30_s": 30, "1_min": 60, "5_min": 300, "30_min": 1800},
            command=_set("blTime", "pd.blTime", "time"),
        ),
    ),
    buttons=(
        ButtonSpec(key="make_small_ice", requires="pd.iceMkMode", command=partial(_ice, {"enable": 1, "iceShape": 0})),
        ButtonSpec(key="make_large_ice", requires="pd.iceMkMode", command=partial(_ice, {"enable": 1, "iceShape": 1})),
        ButtonSpec(key="stop_ice", requires="pd.iceMkMode", command=partial(_ice, {"enable": 0, "iceShape": 0})),
        ButtonSpec(key="detach_ice", requires="pd.iceMkMode", command=_release_ice),
    ),
    identifying_values=("pd.iceMkMode",),
)

FAMILIES = (GLACIER,)
