"""RIVER 3: the small stations of the generation of the DELTA 3. They are read only.

Facts: a recorded RIVER 3 (github.com/foxthefox/ioBroker.ecoflow-mqtt, test/data2/river3.json): battery 19.72 V x
-0.114 A = -2.2 W with powGetBms -2; AC input 16.9 W = output 16.9 W, which has a minus on the wire; 17 W in total. At
the same time the voltage, the frequency and the flag of the AC input are 0, so the power shows that the grid is there.
EcoFlow's document does not describe its commands, so it has no controls.
"""

from typing import Final

from ..wire_values import Values, as_bool, lookup, number_at
from .builders import output_watts, volts
from .delta_3 import SENSORS, solar
from .specs import BinarySensorSpec, CommandFormat, Evidence, Family
from .temperatures import without_absent_temperatures

_FLAG: Final = "plugInInfoAcInFlag"
_AC_INPUT: Final = "powGetAcIn"
_GRID_W: Final = 1.0
_UNPROVED: Final = ("ac_input_voltage", "ac_input_frequency")


def _grid_present(values: Values) -> bool | None:
    power_w = number_at(values, _AC_INPUT)
    if power_w is not None and power_w > _GRID_W:
        return True
    return as_bool(lookup(values, _FLAG))


RIVER_3 = Family(
    name="river_3",
    model="RIVER 3",
    command_format=CommandFormat.FUNCTION,
    product_names=("RIVER 3", "RIVER 3 Plus", "RIVER 3 Max", "RIVER 3 Max Plus", "RIVER 3 UPS"),
    serial_prefixes=(),
    sensors=without_absent_temperatures(
        (
            solar("powGetPv"),
            volts("solar_1_voltage", "plugInInfoPvVol", diagnostic=True, enabled=False),
            output_watts("ac_output_power", "powGetAcOut", evidence=Evidence.MEASURED),
            *(spec for spec in SENSORS if spec.key not in _UNPROVED),
        )
    ),
    binary_sensors=(
        BinarySensorSpec(
            key="grid_present",
            source=(_FLAG, _AC_INPUT),
            depends_on=(_AC_INPUT,),
            device_class="power",
            derive=_grid_present,
        ),
    ),
    battery_power="battery_power",
    solar_power="solar_power",
    shows_other_values=True,
)

FAMILIES = (RIVER_3,)
