"""Decoding of captured replies with the integration's own decoder (`scripts/decode ecoflow FILE`)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
import re
from typing import Any

from .errors import BadReplyError
from .families import FAMILIES
from .families.generic import with_other_values
from .families.identify import identify
from .families.specs import Family
from .families.wire_names import unit_of, words_of
from .messages import normalize
from .models import Device
from .wire_values import Decoded, as_number

# Fewer names of EcoFlow's devices in a JSON object may be there by chance.
_MIN_KNOWN = 3
# The same for names that no family has, but that look like EcoFlow's.
_MIN_SIMILAR = 6
_GROUP = re.compile(r"^(?:Display|Runtime)PropertyUpload\.|^[BC]MSHeartBeatReport\.")
_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")
_TYPICAL_WORDS = frozenset(
    {"soc", "bms", "cms", "ems", "mppt", "inv", "pd", "chg", "dsg", "pow", "pwr", "watts", "pv", "batt", "bat", "bp"}
)


@dataclass(frozen=True, slots=True)
class _Captured:
    """The values of one device, and what the capture shows about its model."""

    values: dict[str, Any]
    sn: str = ""
    product: str = ""
    product_type: int | None = None
    # The capture has a form that only EcoFlow's cloud or this integration uses.
    has_envelope: bool = False


def decode_capture(capture: Any, product: str = "") -> Iterator[tuple[str, Decoded, str]]:
    """Yield (entity key, value, unit) of a capture; the unit may be "", an unknown value is None.

    Accepts the HTTP reply of quota/all, the latest quotas of a device, a merged MQTT capture, MQTT values grouped by
    module, and the diagnostics that Home Assistant downloads. With several devices each key starts with the model.
    `product` names the model if the capture does not. Raises BadReplyError for anything else.
    """
    devices = _devices(capture)
    prefixes: dict[str, int] = {}
    for device in devices:
        family = _family(device, product)
        prefix = ""
        if len(devices) > 1:
            name = _NOT_IN_SLUG.sub("_", (family.model or family.name).lower()).strip("_")
            prefixes[name] = prefixes.get(name, 0) + 1
            prefix = f"{name}{'' if prefixes[name] == 1 else f'_{prefixes[name]}'}/"
        for key, value, unit in family.decode(device.values):
            yield f"{prefix}{key}", value, unit


def read_capture(capture: Any, product: str = "") -> tuple[dict[str, Any], Family]:
    """Return the values of a capture and the family that decodes them; raises BadReplyError if there are none.

    Of a capture with several devices, those of the first one.
    """
    device = _devices(capture)[0]
    return device.values, _family(device, product)


def _family(captured: _Captured, product: str) -> Family:
    device = Device(sn=captured.sn, name="", product=product or captured.product, online=True)
    return with_other_values(identify(FAMILIES, device, captured.values, captured.product_type), captured.values)


def _devices(capture: Any) -> list[_Captured]:
    """Return the devices of a capture; raises BadReplyError if there is none."""
    if not isinstance(capture, Mapping):
        raise BadReplyError("the capture is not a JSON object")
    code = str(capture.get("code", "0"))
    if code != "0":
        raise BadReplyError(f"the capture is an error reply: code {code}, {capture.get('message', '')}")
    devices = [device for device in _captured(capture) if _is_ecoflow(device)]
    if not devices:
        raise BadReplyError("the capture contains no EcoFlow values")
    return devices


def _captured(capture: Mapping[str, Any]) -> Iterator[_Captured]:
    data = capture.get("data")
    inner = data if isinstance(data, Mapping) else capture
    devices = inner.get("devices")
    if isinstance(devices, list):
        yield from _of_diagnostics(devices)
    elif isinstance(data, Mapping) and isinstance(data.get("params"), Mapping):
        yield from _captured(data)
    elif parts := [part for parts in inner.values() if isinstance(parts, list) for part in parts if _has_params(part)]:
        for part in parts:
            yield from _captured(part)
    else:
        yield _Captured(
            _without_groups(normalize(capture)),
            _serial_number(capture),
            product_type=_product_type(capture),
            has_envelope=_has_envelope(capture),
        )


def _has_params(part: Any) -> bool:
    if not isinstance(part, Mapping) or "device" not in part:
        return False
    return isinstance(params := part.get("params"), Mapping) and len(params) >= _MIN_KNOWN


def _without_groups(values: dict[str, Any]) -> dict[str, Any]:
    """Return values by the names that devices of the newer generation use: without the name of their message."""
    return {_GROUP.sub("", name).replace("_12v", "12v").replace("_24v", "24v"): value for name, value in values.items()}


def _of_diagnostics(devices: list[Any]) -> Iterator[_Captured]:
    """Yield the devices of this integration's diagnostics."""
    for device in devices:
        if isinstance(device, Mapping) and isinstance(values := device.get("values"), Mapping):
            yield _Captured(
                normalize({"data": values}),
                str(device.get("serial_prefix") or ""),
                str(device.get("product") or ""),
                has_envelope="family" in device,
            )


def _has_envelope(capture: Mapping[str, Any]) -> bool:
    data = capture.get("data")
    if not isinstance(data, Mapping):
        return False
    return isinstance(data.get("quotaMap"), Mapping) or str(capture.get("code")) == "0"


def _is_ecoflow(device: _Captured) -> bool:
    """Whether the values are those of an EcoFlow device and not any JSON."""
    names = list(device.values)
    known = sum(_is_known(name) for name in names)
    if known >= _MIN_KNOWN or (device.has_envelope and 0 < known == len(names)):
        return True
    similar = sum(bool(_TYPICAL_WORDS & set(words_of(name))) or unit_of(name) is not None for name in names)
    return similar >= (_MIN_KNOWN if device.has_envelope else _MIN_SIMILAR)


@cache
def _known_names() -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the wire names that families describe, and the patterns of those."""
    names = {name for family in FAMILIES for spec in family.entities() for name in spec.value_names}
    ignored = {name for family in FAMILIES for name in family.ignored_values}
    # Short patterns match anything.
    patterns = tuple(sorted(name for name in ignored if "*" in name and len(name) > 6))
    return frozenset(names | {name for name in ignored if "*" not in name}), patterns


@cache
def _is_known(wire_name: str) -> bool:
    names, patterns = _known_names()
    return wire_name in names or any(fnmatchcase(wire_name, pattern) for pattern in patterns)


def _serial_number(capture: Mapping[str, Any]) -> str:
    data = capture.get("data")
    for part in (data, capture):
        if isinstance(part, Mapping) and isinstance(sn := part.get("sn"), str):
            return sn
    return ""


def _product_type(capture: Mapping[str, Any]) -> int | None:
    """Return the product type in a capture, None if there is none."""
    for part in _parts(capture):
        number = as_number(part.get("productType"))
        if number is not None and number > 0:
            return int(number)
    return None


def _parts(capture: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    data = capture.get("data")
    if isinstance(data, Mapping):
        yield data
    for replies in (capture.get("get_reply"), capture.get("set_reply")):
        for reply in replies if isinstance(replies, list) else ():
            if isinstance(reply, Mapping) and isinstance(inner := reply.get("data"), Mapping):
                yield inner
