"""Reports of heating controllers: decoded and validated."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .commands import Ack
from .decoders import text, whole_number
from .errors import ProtocolError
from .fields import STATE, TELEMETRY_FIELDS

MAX_ACKS: Final = 50
_MAX_VERSION: Final = 2**31
_FIELDS_OF: Final = {
    protocol: tuple((field.name, field.decode) for field in TELEMETRY_FIELDS if field.protocol <= protocol)
    for protocol in (1, 2)
}
_decode_version: Final = whole_number(1, _MAX_VERSION)


@dataclass(frozen=True, slots=True)
class Report:
    """What a controller reported.

    Attributes:
        values: By field name. A field that was reported as null is None; one that was omitted is absent.
        protocol: Version that the controller uses: 1 or 2.
        acks: Answers to commands (protocol 2).
    """

    values: Mapping[str, Any]
    protocol: int = 1
    acks: tuple[Ack, ...] = ()

    @property
    def heating(self) -> bool | None:
        """Whether the heat source is on; None where it was omitted or has no reading."""
        return self.values.get(STATE)


EMPTY_REPORTS: Final = {protocol: Report({}, protocol) for protocol in (1, 2)}
"""What a controller that only requests its configuration reports."""


def decode_report(data: dict[str, Any], protocol: int | None = None) -> Report:
    """Decode a report; unknown fields are ignored.

    Args:
        data: The JSON object.
        protocol: Version to decode it by; None: the one that the report names.

    Raises:
        ProtocolError: A known field has a wrong type or is out of range.
    """
    reported = _reported_version(data)
    if protocol is None:
        protocol = min(reported, 2)
    values = {name: decode(data[name], name) for name, decode in _FIELDS_OF[protocol] if name in data}
    acks = _decode_acks(data["acks"]) if protocol >= 2 and "acks" in data else ()
    return Report(values, protocol, acks)


def _reported_version(data: dict[str, Any]) -> int:
    if "protocol_version" not in data:
        return 1
    version: int | None = _decode_version(data["protocol_version"], "protocol_version")
    if version is None:
        raise ProtocolError("protocol_version", "must be a whole number")
    return version


def _decode_acks(value: Any) -> tuple[Ack, ...]:
    if not isinstance(value, list):
        raise ProtocolError("acks", "must be a list")
    if len(value) > MAX_ACKS:
        raise ProtocolError("acks", f"must have at most {MAX_ACKS} items")
    return tuple(_decode_ack(item, f"acks[{i}]") for i, item in enumerate(value))


def _decode_ack(item: Any, path: str) -> Ack:
    if not isinstance(item, dict):
        raise ProtocolError(path, "must be an object")
    for name in ("id", "ok"):
        if name not in item:
            raise ProtocolError(f"{path}.{name}", "is required", absent=True)
    if not isinstance(item["id"], str):
        raise ProtocolError(f"{path}.id", "must be a text")
    if not isinstance(item["ok"], bool):
        raise ProtocolError(f"{path}.ok", "must be true or false")
    return Ack(item["id"], item["ok"], text(item.get("message"), f"{path}.message"))
