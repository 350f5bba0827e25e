"""PowerOcean: the battery system of a house. It is read only.

Facts: the names of the open API's quotas (developer.ecoflow.com, PowerOcean) and recorded values of two systems
(github.com/foxthefox/ioBroker.ecoflow-mqtt, test/data2/powerocean.json): load 902.8 W = solar 1215.3 W + grid -0.2 W
- battery 312.2 W, and load 503.0 W = grid 301.2 W - battery -201.9 W. So the battery is positive while charging, and
the grid while importing. Packs and phases are shown with their wire names.
"""

from ..wire_values import Values, number_at, without_minus_zero
from .battery_flow import BatteryFlow
from .builders import battery_level, derived_power, watts
from .specs import CommandFormat, Evidence, Family

_MEASURED = Evidence.MEASURED
_BATTERY = "bpPwr"


def _battery_power(values: Values) -> float | None:
    power = number_at(values, _BATTERY)
    return None if power is None else without_minus_zero(round(power, 1))


_FLOW = BatteryFlow(power=_battery_power, power_sources=(_BATTERY,))

POWER_OCEAN = Family(
    name="power_ocean",
    model="PowerOcean",
    command_format=CommandFormat.FUNCTION,
    product_names=("PowerOcean", "PowerOcean Plus", "PowerOcean DC Fit", "PowerOcean Single Phase"),
    serial_prefixes=(),
    sensors=(
        watts("solar_power", "mpptPwr", evidence=_MEASURED),
        battery_level("battery_level", "bpSoc", evidence=_MEASURED),
        derived_power("battery_power", (_BATTERY,), _battery_power, evidence=_MEASURED),
        _FLOW.sensor(),
        watts("grid_power", "sysGridPwr", evidence=_MEASURED),
        watts("load_power", "sysLoadPwr", evidence=_MEASURED),
    ),
    battery_power="battery_power",
    solar_power="solar_power",
    shows_other_values=True,
)

FAMILIES = (POWER_OCEAN,)
