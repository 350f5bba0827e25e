"""PowerStream micro-inverter: everything under `20_1`, in tenths, written by command codes.

On a capture 29.0 V x 0.3 A = 8.7 W stands beside pv1InputWatts 90, and solar 21.0 W + battery 150.0 W beside
invOutputWatts 1710, so powers are 0.1 W and the battery's is positive while it discharges.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from ..quantities import Quantity, Values
from .base import (
    Choice,
    Command,
    Condition,
    Family,
    Proof,
    Reading,
    Setting,
    Style,
    amps,
    celsius,
    code,
    hertz,
    minutes,
    percent,
    total,
    volts,
    watts,
)
from .common import positive
from .left_out import LEFT_OUT_POWERSTREAM

_NO_TIME = (5939, 5999, 143_999)
_MEASURED = Proof.MEASURED
_P = "20_1"


def _set(path: str, command_code: str, name: str) -> Callable[[Any, Values], Command]:
    def build(wire: Any, _values: Values) -> Command:
        return Command({"cmdCode": command_code, "params": {name: wire}}, {path: wire})

    return build


def _setting(key: str, name: str, command_code: str, low: int, high: int, **more: Any) -> Setting:
    path = f"{_P}.{name}"
    wire_name = more.pop("wire_name", name)
    return Setting(
        key=key,
        source=path,
        quantity=more.pop("quantity", Quantity.SHARE),
        low=low,
        high=high,
        command=_set(path, command_code, wire_name),
        **more,
    )


_READINGS: tuple[Reading, ...] = (
    percent("battery_level", f"{_P}.batSoc"),
    watts("battery_power", f"{_P}.batInputWatts", -0.1, proof=_MEASURED),
    Reading(
        key="solar_power",
        source=(f"{_P}.pv1InputWatts", f"{_P}.pv2InputWatts"),
        needs=(f"{_P}.pv1InputWatts", f"{_P}.pv2InputWatts"),
        quantity=Quantity.POWER,
        proof=_MEASURED,
        derive=partial(total, paths=(f"{_P}.pv1InputWatts", f"{_P}.pv2InputWatts"), scale=0.1),
    ),
    *(
        reading
        for n in (1, 2)
        for reading in (
            watts(f"solar_{n}_power", f"{_P}.pv{n}InputWatts", 0.1, proof=_MEASURED),
            volts(f"solar_{n}_voltage", f"{_P}.pv{n}InputVolt", 0.1, proof=_MEASURED, diagnostic=True),
            amps(f"solar_{n}_current", f"{_P}.pv{n}InputCur", 0.1, proof=_MEASURED, diagnostic=True),
            celsius(f"solar_{n}_temperature", f"{_P}.pv{n}Temp", 0.1, proof=_MEASURED, diagnostic=True),
            code(f"solar_{n}_error", f"{_P}.pv{n}ErrCode"),
        )
    ),
    watts("inverter_output_power", f"{_P}.invOutputWatts", 0.1, proof=_MEASURED),
    watts("inverter_demand_power", f"{_P}.invDemandWatts", 0.1, diagnostic=True),
    watts("smart_plug_power", f"{_P}.invToPlugWatts", 0.1),
    watts("other_loads_power", f"{_P}.invToOtherWatts", 0.1),
    watts("plug_total_power", f"{_P}.plugTotalWatts", 0.1),
    watts("grid_consumption_power", f"{_P}.gridConsWatts", 0.1),
    watts("dynamic_load_power", f"{_P}.dynamicWatts", 0.1, enabled=False),
    watts("rated_power", f"{_P}.ratedPower", 0.1, proof=_MEASURED, diagnostic=True, enabled=False),
    hertz("ac_output_frequency", f"{_P}.invFreq", 0.1, proof=_MEASURED, diagnostic=True),
    volts("inverter_dc_voltage", f"{_P}.invInputVolt", 0.1, proof=_MEASURED, diagnostic=True, enabled=False),
    # The documentation says 0.1 A; 112.6 A out of an 800 W inverter cannot be, so it is mA.
    amps(
        "inverter_output_current",
        f"{_P}.invOutputCur",
        0.001,
        proof=_MEASURED,
        diagnostic=True,
        enabled=False,
    ),
    volts("main_battery_voltage", f"{_P}.batInputVolt", 0.1, proof=_MEASURED, diagnostic=True),
    celsius("main_battery_temperature", f"{_P}.batTemp", 0.1, proof=_MEASURED, diagnostic=True),
    celsius("converter_temperature", f"{_P}.llcTemp", 0.1, proof=_MEASURED, diagnostic=True, enabled=False),
    celsius("inverter_temperature", f"{_P}.invTemp", 0.1, diagnostic=True),
    minutes("charge_remaining_time", f"{_P}.chgRemainTime", none_at=_NO_TIME),
    minutes("discharge_remaining_time", f"{_P}.dsgRemainTime", none_at=_NO_TIME),
    Reading(
        key="wifi_signal",
        source=f"{_P}.wifiRssi",
        quantity=Quantity.SIGNAL,
        proof=_MEASURED,
        diagnostic=True,
        enabled=False,
    ),
    code("inverter_error", f"{_P}.invErrCode"),
    code("battery_error", f"{_P}.batErrCode"),
    code("converter_error", f"{_P}.llcErrCode"),
)

POWERSTREAM = Family(
    name="powerstream",
    model="PowerStream",
    style=Style.CODE,
    products=("PowerStream",),
    prefixes=("HW51",),
    readings=_READINGS,
    conditions=(
        # Operating state 6 is "connected to the grid"; without a grid the inverter has no frequency to
        # follow.
        Condition(key="grid_present", source=f"{_P}.invFreq", kind="power", test=positive),
        Condition(key="inverter_on", source=f"{_P}.invOnOff", kind="running", diagnostic=True),
    ),
    settings=(
        _setting(
            "custom_load_power",
            "permanentWatts",
            "WN511_SET_PERMANENT_WATTS_PACK",
            0,
            800,
            quantity=Quantity.POWER,
            scale=0.1,
        ),
        _setting("discharge_limit", "lowerLimit", "WN511_SET_BAT_LOWER_PACK", 1, 30),
        _setting("charge_limit", "upperLimit", "WN511_SET_BAT_UPPER_PACK", 70, 100),
        _setting(
            "indicator_brightness",
            "invBrightness",
            "WN511_SET_BRIGHTNESS_PACK",
            0,
            1023,
            quantity=Quantity.COUNT,
            wire_name="brightness",
            enabled=False,
        ),
    ),
    choices=(
        Choice(
            key="supply_priority",
            source=f"{_P}.supplyPriority",
            options={"supply": 0, "storage": 1},
            command=_set(f"{_P}.supplyPriority", "WN511_SET_SUPPLY_PRIORITY_PACK", "supplyPriority"),
        ),
    ),
    battery_power="battery_power",
    solar_power="solar_power",
    telltale=("20_1.invOutputWatts",),
    ignored=LEFT_OUT_POWERSTREAM,
)
