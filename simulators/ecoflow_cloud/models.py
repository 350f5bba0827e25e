"""The simulated models."""

from .appliances import Glacier, PowerStream, SmartPlug, Unknown
from .devices import SimDevice
from .new_stations import Delta3, DeltaPro3
from .stations import Delta2, DeltaPro

MODELS: dict[str, type[SimDevice]] = {
    "delta_pro": DeltaPro,
    "delta_2": Delta2,
    "delta_pro_3": DeltaPro3,
    "delta_3": Delta3,
    "powerstream": PowerStream,
    "smart_plug": SmartPlug,
    "glacier": Glacier,
    "unknown": Unknown,
}
SERIAL_PREFIXES = {
    "delta_pro": "DCABZ",
    "delta_2": "R331Z",
    "delta_pro_3": "MR51Z",
    "delta_3": "P351Z",
    "powerstream": "HW51Z",
    "smart_plug": "HW52Z",
    "glacier": "BX11Z",
    "unknown": "NV90Z",
}
