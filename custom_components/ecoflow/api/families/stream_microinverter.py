"""STREAM Microinverter: two solar inputs and the grid. It is read only.

Facts: a recorded inverter (github.com/foxthefox/ioBroker.ecoflow-mqtt, test/data2/stream_inverter.json): solar
35.65 V x 2.44 A = 87 W and 36.93 V x 2.16 A = 79.8 W with 99.3 and 84.8 W, which add up to the grid's 184.1 W
(positive: into the grid), 232.6 V x 0.72 A = 167.5 VA a little earlier.
"""

from functools import partial

from .builders import amps, celsius, derived_power, hertz, total, volts, watts
from .specs import CommandFormat, Evidence, Family

_MEASURED = Evidence.MEASURED
_SOLAR = ("powGetPv", "powGetPv2")

STREAM_MICROINVERTER = Family(
    name="stream_microinverter",
    model="STREAM Microinverter",
    command_format=CommandFormat.FUNCTION,
    product_names=("STREAM Microinverter", "STREAM Micro Inverter"),
    serial_prefixes=(),
    sensors=(
        derived_power("solar_power", _SOLAR, partial(total, paths=_SOLAR), evidence=_MEASURED),
        watts("solar_1_power", "powGetPv", evidence=_MEASURED),
        watts("solar_2_power", "powGetPv2", evidence=_MEASURED),
        volts("solar_1_voltage", "plugInInfoPvVol", evidence=_MEASURED, diagnostic=True),
        volts("solar_2_voltage", "plugInInfoPv2Vol", evidence=_MEASURED, diagnostic=True),
        amps("solar_1_current", "plugInInfoPvAmp", evidence=_MEASURED, diagnostic=True),
        amps("solar_2_current", "plugInInfoPv2Amp", evidence=_MEASURED, diagnostic=True),
        watts("inverter_output_power", "gridConnectionPower", evidence=_MEASURED),
        amps("inverter_output_current", "gridConnectionAmp", evidence=_MEASURED, diagnostic=True),
        volts("grid_voltage", "gridConnectionVol", evidence=_MEASURED, diagnostic=True),
        hertz("grid_frequency", "gridConnectionFreq", evidence=_MEASURED, diagnostic=True),
        celsius("inverter_temperature", "invNtcTemp3", diagnostic=True),
    ),
    solar_power="solar_power",
    shows_other_values=True,
)

FAMILIES = (STREAM_MICROINVERTER,)
