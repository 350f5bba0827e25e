"""A captured reply, run through the decoder that the product uses (`scripts/decode ecoflow FILE`)."""

from collections.abc import Iterator, Mapping
from typing import Any

from .errors import BadReplyError
from .families import FAMILIES, Family, family_of
from .messages import normalise
from .models import Device
from .quantities import Decoded

# The product type numbers in the device's own replies.
_PRODUCT_TYPES = {
    13: "DELTA Max",
    14: "DELTA Pro",
    40: "Smart Home Panel",
    45: "WAVE 2",
    70: "RIVER 2",
    71: "RIVER 2 Max",
    72: "RIVER 2 Pro",
    80: "DELTA 2",
    81: "DELTA 2 Max",
}
_NO_DEVICE = Device(sn="", name="", product="", online=True)


def decode_capture(capture: Any, product: str = "") -> Iterator[tuple[str, Decoded, str]]:
    """Yield (entity key, value, unit) of a capture, "" where there is no unit and None for an unknown value.

    Reads the HTTP reply of quota/all, a device's latest quotas, a merged MQTT capture and MQTT values grouped
    by module. `product` names the model where the capture does not. Raises BadReplyError for anything else.
    """
    values, family = read_capture(capture, product)
    yield from family.decode(values)


def read_capture(capture: Any, product: str = "") -> tuple[dict[str, Any], Family]:
    """Return a capture's values and the family that decodes them; raises BadReplyError when it has none."""
    if not isinstance(capture, Mapping):
        raise BadReplyError("a capture is a JSON object")
    code = str(capture.get("code", "0"))
    if code != "0":
        raise BadReplyError(f"the capture holds a refusal: code {code}, {capture.get('message', '')}")
    values = normalise(capture)
    if not any("." in name or name[:3] in ("cms", "bms", "pow") for name in values):
        raise BadReplyError("the capture holds no EcoFlow values")
    device = Device(sn=_serial(capture), name="", product=product or _product(capture), online=True)
    return values, family_of(device, values)


def _serial(capture: Mapping[str, Any]) -> str:
    data = capture.get("data")
    for place in (data, capture):
        if isinstance(place, Mapping) and isinstance(sn := place.get("sn"), str):
            return sn
    return ""


def _product(capture: Mapping[str, Any]) -> str:
    """Return the model that a capture's own product type tells, "" when it tells none."""
    for place in _places(capture):
        if (name := _PRODUCT_TYPES.get(place.get("productType", -1))) is not None:
            return name
    return ""


def _places(capture: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    data = capture.get("data")
    if isinstance(data, Mapping):
        yield data
    for replies in (capture.get("get_reply"), capture.get("set_reply")):
        for reply in replies if isinstance(replies, list) else ():
            if isinstance(reply, Mapping) and isinstance(inner := reply.get("data"), Mapping):
                yield inner


__all__ = ["FAMILIES", "decode_capture", "read_capture"]
