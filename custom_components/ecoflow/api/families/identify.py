"""Which family describes a device: by product name and serial number, by values only if both are unknown.

A model that no family describes is never taken for a similar one: "RIVER 3" is not a "RIVER 2", and a "STREAM Ultra"
reports the same names as a DELTA 3.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
import re
from typing import Final

from ..models import Device
from ..wire_values import Values, as_number
from .generic import generic_family
from .specs import Family

# The share by which a design capacity may differ from that of the model.
_CAPACITY_TOLERANCE: Final = 0.05
_TOKEN = re.compile(r"[^\W\d_]+|\d+")
_BRACKETS = re.compile(r"[(\[{].*?[)\]}]")
_BRANDS: Final = ("ecoflow", "ef")
# Texts after a model's name that do not change the model: the market, the mains voltage, what it is.
_MARKETS: Final = frozenset({"eu", "us", "uk", "au", "jp", "cn", "ca", "kr", "de", "international", "global"})
_NOUNS: Final = frozenset({"portable", "power", "station", "powerstation", "device"})
# A product name with one of these words names a model, known or not.
_LINES: Final = (
    "delta",
    "river",
    "stream",
    "wave",
    "glacier",
    "ocean",
    "power",
    "smart",
    "alternator",
    "blade",
    "trail",
    "rapid",
    "panel",
    "plug",
    "meter",
    "kit",
    "inverter",
    "pump",
    "shelly",
)


@cache
def model_key(product: str) -> str:
    """Return a product name without brand, market, case and spaces: "EcoFlow DELTA 2 (EU)" -> "delta2"."""
    return "".join(_tokens(product))


def _tokens(product: str) -> list[str]:
    text = _BRACKETS.sub(" ", product.casefold().replace("+", " plus "))
    tokens = _TOKEN.findall(text)
    while tokens and tokens[0] in _BRANDS:
        tokens.pop(0)
    while len(tokens) > 1:
        if tokens[-1] in _MARKETS or (tokens[-1] in _NOUNS and len(tokens) > 2):
            tokens.pop()
        elif tokens[-1] in ("v", "hz") and tokens[-2].isdigit() and len(tokens) > 2:
            del tokens[-2:]
        else:
            break
    return tokens


def _names_a_model(product: str) -> bool:
    """Whether a text names a model of EcoFlow, known or not."""
    return any(token.startswith(_LINES) for token in _tokens(product))


def identify(families: Iterable[Family], device: Device, values: Values, product_type: int | None = None) -> Family:
    """Return the family of a device, a generic one for a model that none describes.

    A family found by the reported values alone is not certain and has no controls.
    """
    families = tuple(families)
    product = device.product.strip()
    # A part of the product name is not evidence: the whole name has to be a known one.
    if product and (family := _by_name(families, product)) is not None:
        return family
    if product and _names_a_model(product):
        return generic_family(product, values)
    if (family := _by_serial_number(families, device.sn)) is not None:
        return family
    if product:
        return generic_family(product, values)
    return _by_other_evidence(families, device, values, product_type)


def _by_other_evidence(
    families: tuple[Family, ...], device: Device, values: Values, product_type: int | None
) -> Family:
    """Return the family of a device without a product name and with an unknown serial number."""
    name = _default_name(device)
    if name and (family := _by_name(families, name)) is not None:
        return family
    if name and _names_a_model(name):
        return generic_family(name, values)
    if product_type is None:
        reported = as_number(values.get("productType"))
        product_type = None if reported is None else int(reported)
    if product_type:
        for family in families:
            if product_type in family.product_types and _reports_any(family, values):
                return family
        return generic_family("", values)
    if (family := _by_values(families, values)) is not None:
        return replace(family, is_certain=False)
    return generic_family("", values)


def _default_name(device: Device) -> str:
    """Return the device name without the end of the serial number that EcoFlow appends: "DELTA 2-0042"."""
    head, hyphen, tail = device.name.strip().rpartition("-")
    is_default = hyphen and len(tail) >= 3 and device.sn.casefold().endswith(tail.casefold())
    return head if is_default else device.name.strip()


def _by_name(families: tuple[Family, ...], product: str) -> Family | None:
    key = model_key(product)
    return next(
        (family for family in families if any(model_key(name) == key for name in family.product_names)),
        None,
    )


def _by_serial_number(families: tuple[Family, ...], sn: str) -> Family | None:
    sn = sn.strip().upper()
    matches = [
        (len(prefix), family) for family in families for prefix in family.serial_prefixes if sn.startswith(prefix)
    ]
    return max(matches, key=lambda match: match[0])[1] if matches else None


def _reports_any(family: Family, values: Values) -> bool:
    """Whether a device reports a value of a family; models of another generation have the same product type."""
    return not values or any(spec.exists(values) for spec in family.entities())


def _by_values(families: tuple[Family, ...], values: Values) -> Family | None:
    for family in families:
        if family.identifying_values and all(name in values for name in family.identifying_values):
            if _has_other_capacity(family, values):
                continue
            return family
    return None


def _has_other_capacity(family: Family, values: Values) -> bool:
    """Whether the battery is not that of the family: a smaller model of the same generation reports the same names."""
    if family.identifying_capacity is None:
        return False
    name, capacities = family.identifying_capacity
    capacity = as_number(values.get(name))
    return capacity is not None and not any(abs(capacity - own) <= _CAPACITY_TOLERANCE * own for own in capacities)
