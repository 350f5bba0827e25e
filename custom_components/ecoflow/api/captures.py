"""Decoding of captured replies with the integration's own decoder (`scripts/decode ecoflow FILE`)."""

from collections.abc import Iterator, Mapping
from typing import Any

from .errors import BadReplyError
from .families import family_of, product_of_type
from .families.specs import Family
from .messages import normalize
from .models import Device
from .wire_values import Decoded


def decode_capture(capture: Any, product: str = "") -> Iterator[tuple[str, Decoded, str]]:
    """Yield (entity key, value, unit) of a capture; the unit may be "", an unknown value is None.

    Accepts the HTTP reply of quota/all, the latest quotas of a device, a merged MQTT capture and MQTT values grouped
    by module. `product` names the model if the capture does not. Raises BadReplyError for anything else.
    """
    values, family = read_capture(capture, product)
    yield from family.decode(values)


def read_capture(capture: Any, product: str = "") -> tuple[dict[str, Any], Family]:
    """Return the values of a capture and the family that decodes them; raises BadReplyError if there are none."""
    if not isinstance(capture, Mapping):
        raise BadReplyError("the capture is not a JSON object")
    code = str(capture.get("code", "0"))
    if code != "0":
        raise BadReplyError(f"the capture is an error reply: code {code}, {capture.get('message', '')}")
    values = normalize(capture)
    if not any("." in name or name[:3] in ("cms", "bms", "pow") for name in values):
        raise BadReplyError("the capture contains no EcoFlow values")
    device = Device(sn=_serial_number(capture), name="", product=product or _product(capture), online=True)
    return values, family_of(device, values)


def _serial_number(capture: Mapping[str, Any]) -> str:
    data = capture.get("data")
    for part in (data, capture):
        if isinstance(part, Mapping) and isinstance(sn := part.get("sn"), str):
            return sn
    return ""


def _product(capture: Mapping[str, Any]) -> str:
    """Return the model for the product type in a capture, "" if there is none."""
    return next((name for part in _parts(capture) if (name := product_of_type(part.get("productType")))), "")


def _parts(capture: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    data = capture.get("data")
    if isinstance(data, Mapping):
        yield data
    for replies in (capture.get("get_reply"), capture.get("set_reply")):
        for reply in replies if isinstance(replies, list) else ():
            if isinstance(reply, Mapping) and isinstance(inner := reply.get("data"), Mapping):
                yield inner
