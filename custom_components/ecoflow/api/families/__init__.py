"""The model lines that are known, and how a device finds its own."""

from ..models import Device
from ..quantities import Values
from .appliances import GLACIER, SMART_PLUG, WAVE_2
from .base import (
    Action,
    ChargeControl,
    Choice,
    Command,
    Condition,
    Family,
    Point,
    Proof,
    Reading,
    Setting,
    Style,
    Toggle,
)
from .delta_2 import DELTA_2, DELTA_2_MAX, RIVER_2, RIVER_2_MAX, RIVER_2_PRO
from .delta_3 import DELTA_3, DELTA_3_MAX, DELTA_PRO_3
from .delta_pro import DELTA_MAX, DELTA_PRO
from .generic import GENERIC_NAME, generic_family
from .panel import SMART_HOME_PANEL
from .powerstream import POWERSTREAM

# Those with the more particular telltale first.
FAMILIES: tuple[Family, ...] = (
    DELTA_PRO_3,
    DELTA_3_MAX,
    DELTA_3,
    DELTA_MAX,
    DELTA_PRO,
    DELTA_2_MAX,
    RIVER_2_PRO,
    RIVER_2_MAX,
    RIVER_2,
    DELTA_2,
    POWERSTREAM,
    SMART_PLUG,
    SMART_HOME_PANEL,
    WAVE_2,
    GLACIER,
)


def family_of(device: Device, values: Values) -> Family:
    """Return a device's family: by product name, serial number, what it reports, else a generic one."""
    return (
        _by_product(device.product or device.name)
        or _by_serial(device.sn)
        or _by_values(values)
        or generic_family(device.product, values)
    )


def _by_product(product: str) -> Family | None:
    """Return the family with the longest name that the product begins with, as a whole word."""
    wanted = product.casefold().removeprefix("ecoflow ").strip()
    matches = [
        (len(name), family) for family in FAMILIES for name in family.products if _is_model(wanted, name.casefold())
    ]
    return max(matches, key=lambda match: match[0])[1] if matches else None


def _is_model(wanted: str, name: str) -> bool:
    """Whether a product is this model and not a bigger sibling ("DELTA 2 Max" is no "DELTA 2")."""
    if not wanted.startswith(name):
        return False
    rest = wanted[len(name) :]
    return not rest or (not rest[0].isalnum() and rest.strip(" -_").split(" ")[0] not in _SIBLINGS)


_SIBLINGS = frozenset({"max", "pro", "plus", "ultra", "mini", "air", "classic", "2", "3", "x"})


def _by_serial(sn: str) -> Family | None:
    matches = [(len(prefix), family) for family in FAMILIES for prefix in family.prefixes if sn.startswith(prefix)]
    return max(matches, key=lambda match: match[0])[1] if matches else None


def _by_values(values: Values) -> Family | None:
    for family in FAMILIES:
        if family.telltale and all(name in values for name in family.telltale):
            return family
    return None


__all__ = [
    "FAMILIES",
    "GENERIC_NAME",
    "Action",
    "ChargeControl",
    "Choice",
    "Command",
    "Condition",
    "Family",
    "Point",
    "Proof",
    "Reading",
    "Setting",
    "Style",
    "Toggle",
    "family_of",
    "generic_family",
]
