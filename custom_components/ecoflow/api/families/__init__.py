"""Device families and the lookup of a device's family.

To add a model, add it to a module of this package, or add a module that defines `FAMILIES`; nothing else registers
it. A module lists its more specific model first where one model reports the identifying values of another.
"""

from importlib import import_module
from pkgutil import iter_modules

from ..models import Device
from ..wire_values import Values
from .generic import generic_family
from .specs import Family

_SIBLING_NAMES = frozenset({"max", "pro", "plus", "ultra", "mini", "air", "classic", "2", "3", "x"})


def _discover() -> tuple[Family, ...]:
    """Return the families of all modules in this package."""
    modules = (import_module(f".{module.name}", __name__) for module in iter_modules(__path__))
    return tuple(family for module in modules for family in getattr(module, "FAMILIES", ()))


FAMILIES: tuple[Family, ...] = _discover()


def family_of(device: Device, values: Values) -> Family:
    """Return the family of a device by product name, serial number or reported values, else a generic one."""
    return (
        _by_product(device.product or device.name)
        or _by_serial_number(device.sn)
        or _by_values(values)
        or generic_family(device.product, values)
    )


def product_of_type(product_type: object) -> str:
    """Return the model name for a `productType` that a device reports, "" for an unknown one."""
    return next((family.model for family in FAMILIES if product_type in family.product_types), "")


def _by_product(product: str) -> Family | None:
    """Return the family with the longest product name that `product` starts with."""
    product = product.casefold().removeprefix("ecoflow ").strip()
    matches = [
        (len(name), family)
        for family in FAMILIES
        for name in family.product_names
        if _is_model(product, name.casefold())
    ]
    return max(matches, key=lambda match: match[0])[1] if matches else None


def _is_model(product: str, name: str) -> bool:
    """Whether a product is this model and not a larger sibling: "DELTA 2 Max" is not a "DELTA 2"."""
    if not product.startswith(name):
        return False
    rest = product[len(name) :]
    return not rest or (not rest[0].isalnum() and rest.strip(" -_").split(" ")[0] not in _SIBLING_NAMES)


def _by_serial_number(sn: str) -> Family | None:
    matches = [
        (len(prefix), family) for family in FAMILIES for prefix in family.serial_prefixes if sn.startswith(prefix)
    ]
    return max(matches, key=lambda match: match[0])[1] if matches else None


def _by_values(values: Values) -> Family | None:
    for family in FAMILIES:
        if family.identifying_values and all(name in values for name in family.identifying_values):
            return family
    return None
