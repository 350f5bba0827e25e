"""Device families and the lookup of a device's family.

To add a model, add it to a module of this package, or add a module that defines `FAMILIES`; nothing else registers
it. A module lists its more specific model first where one model reports the identifying values of another.
"""

from importlib import import_module
from pkgutil import iter_modules

from ..models import Device
from ..wire_values import Values
from .generic import with_other_values
from .identify import identify
from .specs import Family


def _discover() -> tuple[Family, ...]:
    """Return the families of all modules in this package."""
    modules = (import_module(f".{module.name}", __name__) for module in iter_modules(__path__))
    return tuple(family for module in modules for family in getattr(module, "FAMILIES", ()))


FAMILIES: tuple[Family, ...] = _discover()


def family_of(device: Device, values: Values, product_type: int | None = None) -> Family:
    """Return the family of a device, a generic one for a model that no family describes.

    A family that only the reported values suggest has no controls.
    """
    family = with_other_values(identify(FAMILIES, device, values, product_type), values)
    return family if family.is_certain else family.without_controls()
