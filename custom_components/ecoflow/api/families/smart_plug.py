"""Smart Plug: all values under `2_1`; commands have codes."""

from collections.abc import Callable
from typing import Any

from ..units import Quantity
from ..wire_values import Values
from .builders import (
    amps,
    celsius,
    error_code,
    hertz,
    volts,
    watts,
)
from .specs import (
    Command,
    CommandFormat,
    Family,
    NumberSpec,
    SwitchSpec,
)


def _set(path: str, command_code: str, name: str) -> Callable[[Any, Values], Command]:
    def build(wire: Any, _values: Values) -> Command:
        return Command({"cmdCode": command_code, "params": {name: wire}}, {path: wire})

    return build


SMART_PLUG = Family(
    name="smart_plug",
    model="Smart Plug",
    command_format=CommandFormat.CODE,
    product_names=("Smart Plug",),
    serial_prefixes=("HW52",),
    sensors=(
        watts("plug_power", "2_1.watts", 0.1),
        volts("plug_voltage", "2_1.volt", diagnostic=True),
        amps("plug_current", "2_1.current", 0.001, diagnostic=True),
        hertz("plug_frequency", "2_1.freq", diagnostic=True, enabled=False),
        celsius("plug_temperature", "2_1.temp", diagnostic=True),
        error_code("system_error", "2_1.errCode"),
    ),
    switches=(
        SwitchSpec(
            key="plug_output",
            config=False,
            source="2_1.switchSta",
            command=_set("2_1.switchSta", "WN511_SOCKET_SET_PLUG_SWITCH_MESSAGE", "plugSwitch"),
        ),
    ),
    numbers=(
        NumberSpec(
            key="indicator_brightness",
            source="2_1.brightness",
            quantity=Quantity.COUNT,
            min_value=0,
            max_value=1023,
            enabled=False,
            command=_set("2_1.brightness", "WN511_SOCKET_SET_BRIGHTNESS_PACK", "brightness"),
        ),
    ),
    identifying_values=("2_1.switchSta",),
)

FAMILIES = (SMART_PLUG,)
