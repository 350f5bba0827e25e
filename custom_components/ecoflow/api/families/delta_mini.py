"""DELTA mini: a station of the generation of the DELTA Pro. It is read only.

Facts: recorded values of a DELTA mini (github.com/tolwi/hassio-ecoflow-cloud, diag/delta_mini.json): battery 58.171 V
x -0.117 A = -6.8 W while nothing is connected, 16.2 Ah of 17.5 Ah. EcoFlow's document does not describe it.
"""

from .delta_pro import BINARY_SENSORS, SENSORS
from .specs import CommandFormat, Family

DELTA_MINI = Family(
    name="delta_mini",
    model="DELTA mini",
    command_format=CommandFormat.TCP,
    product_names=("DELTA mini",),
    serial_prefixes=(),
    sensors=SENSORS,
    binary_sensors=BINARY_SENSORS,
    battery_power="battery_power",
    solar_power="solar_power",
    shows_other_values=True,
)

FAMILIES = (DELTA_MINI,)
