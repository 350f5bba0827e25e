"""Reports of heating controllers, decoded field by field: an invalid reading never costs the rest of the report."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Final

from .commands import Ack
from .decoders import MAX_ERRORS, text, whole_number
from .errors import ProtocolError
from .fields import ERRORS, OUTDOOR, RETURN, ROOM, STATE, SUPPLY, TELEMETRY_FIELDS
from .lenient import as_number, as_switch, as_text

MAX_ACKS: Final = 50
_MAX_VERSION: Final = 2**31
_FIELDS_OF: Final = {
    protocol: tuple((field.name, field.decode) for field in TELEMETRY_FIELDS if field.protocol <= protocol)
    for protocol in (1, 2)
}
_NAMES: Final = frozenset({"protocol_version", "acks", *(field.name for field in TELEMETRY_FIELDS)})
_LENIENT: Final = {field.name: (field.decode, field.read) for field in TELEMETRY_FIELDS}
_READINGS: Final = frozenset(field.name for field in TELEMETRY_FIELDS if field.is_reading)
_decode_version: Final = whole_number(1, _MAX_VERSION)

POWER_ON_C: Final = 85.0
"""What a DS18B20 sensor returns after power-on, until its first conversion has succeeded."""
_POWER_ON_STEP_K: Final = 5.0
# Neither outdoors nor in a room: there it is always the power-on value.
_NEVER_SO_HOT: Final = (OUTDOOR, ROOM)
_CAN_BE_SO_HOT: Final = (SUPPLY, RETURN)
_NO_READING: Final = "has no reading"


@dataclass(frozen=True, slots=True)
class Report:
    """What a controller reported.

    Attributes:
        values: By field name. A field that was reported as null, or whose value is invalid, is None; one that was
            omitted is absent.
        protocol: Version that the controller uses: 1 or 2.
        acks: Answers to commands (protocol 2).
        ignored: Fields without a valid value, with the reason.
    """

    values: Mapping[str, Any]
    protocol: int = 1
    acks: tuple[Ack, ...] = ()
    ignored: Mapping[str, str] = field(default_factory=dict)

    @property
    def heating(self) -> bool | None:
        """Whether the heat source is on; None where it was omitted or has no reading."""
        return self.values.get(STATE)


EMPTY_REPORTS: Final = {protocol: Report({}, protocol) for protocol in (1, 2)}
"""What a controller that only requests its configuration reports."""
_NOTHING: Final[Mapping[str, Any]] = {}


def decode_report(data: dict[str, Any], protocol: int | None = None, previous: Mapping[str, Any] = _NOTHING) -> Report:
    """Decode the report of a controller; unknown fields are ignored, invalid ones named.

    Args:
        data: The JSON object.
        protocol: Version to decode it by; None: the one that the report names.
        previous: The values before, which distinguish a hot flow from a sensor's power-on value.

    Raises:
        ProtocolError: ``state`` is neither on nor off, or ``errors`` is not a list.
    """
    ignored: dict[str, str] = {}
    if unknown := data.keys() - _NAMES:
        data = _with_known_names(data, unknown)
    reported = _reported_version(data, ignored)
    if protocol is None:
        protocol = min(reported, 2)
    values: dict[str, Any] = {}
    for name, decode in _FIELDS_OF[protocol]:
        if name in data:
            try:
                values[name] = decode(data[name], name)
            except ProtocolError as err:
                values[name] = _read_leniently(name, data[name], err, ignored)
    found = values.values()
    if None in found:
        for name in _READINGS & values.keys():
            if values[name] is None:
                ignored.setdefault(name, _NO_READING)
    if POWER_ON_C in found:
        _ignore_power_on_values(values, previous, ignored)
    acks = _decode_acks(data["acks"], ignored) if protocol >= 2 and "acks" in data else ()
    return Report(values, protocol, acks, ignored)


def _with_known_names(data: dict[str, Any], unknown: Set[str]) -> dict[str, Any]:
    """Return a report whose fields in another letter case have their names; of two that differ in case, none has."""
    found: dict[str, list[str]] = {}
    for name in unknown:
        if (known := name.strip().lower()) in _NAMES and known not in data:
            found.setdefault(known, []).append(name)
    names = {spellings[0]: known for known, spellings in found.items() if len(spellings) == 1}
    return {names.get(name, name): value for name, value in data.items()} if names else data


def validate_report(data: dict[str, Any]) -> Report:
    """Decode a report of protocol 1 that a user sends: every value must be valid.

    Raises:
        ProtocolError: A known field has a wrong type or is out of range.
    """
    _version(data)
    return Report({name: decode(data[name], name) for name, decode in _FIELDS_OF[1] if name in data})


def _read_leniently(name: str, raw: Any, error: ProtocolError, ignored: dict[str, str]) -> Any:
    """Return an invalid value as it was probably meant; None where that is not clear."""
    if name == ERRORS:
        return _read_errors(raw, ignored)
    decode, read = _LENIENT[name]
    value = read(raw)
    try:
        return decode(value, name)
    except ProtocolError as err:
        if name == STATE:
            raise
        # The reason of what was sent: a text that holds no number is "must be a number".
        ignored[name] = (error if value is raw else err).message
        return None


def _read_errors(raw: Any, ignored: dict[str, str]) -> tuple[str | dict[str, Any], ...]:
    if not isinstance(raw, list):
        raise ProtocolError(ERRORS, "must be a list")
    if len(raw) > MAX_ERRORS:
        ignored[ERRORS] = f"must have at most {MAX_ERRORS} items"
    items = [as_text(item) for item in raw[:MAX_ERRORS]]
    for i, item in enumerate(items):
        if not isinstance(item, str | dict):
            ignored[f"{ERRORS}[{i}]"] = "must be a text or an object"
    return tuple(item for item in items if isinstance(item, str | dict))


def _ignore_power_on_values(values: dict[str, Any], previous: Mapping[str, Any], ignored: dict[str, str]) -> None:
    """Drop readings of 85 degC that a sensor returns before it has measured.

    A flow can be as hot as that: there it counts unless the value before was far from it, or unknown.
    """
    for name in _NEVER_SO_HOT + _CAN_BE_SO_HOT:
        if values.get(name) != POWER_ON_C:
            continue
        before = previous.get(name) if name in _CAN_BE_SO_HOT else None
        if before is None or abs(before - POWER_ON_C) > _POWER_ON_STEP_K:
            values[name] = None
            ignored[name] = "is the power-on value of the sensor"


def _reported_version(data: dict[str, Any], ignored: dict[str, str]) -> int:
    try:
        return _version(data)
    except ProtocolError as err:
        try:
            return _version({"protocol_version": as_number(data["protocol_version"])})
        except ProtocolError:
            ignored[err.field] = err.message
            return 1


def _version(data: dict[str, Any]) -> int:
    if "protocol_version" not in data:
        return 1
    version: int | None = _decode_version(data["protocol_version"], "protocol_version")
    if version is None:
        raise ProtocolError("protocol_version", "must be a whole number")
    return version


def _decode_acks(value: Any, ignored: dict[str, str]) -> tuple[Ack, ...]:
    if not isinstance(value, list):
        if value is not None:
            ignored["acks"] = "must be a list"
        return ()
    if len(value) > MAX_ACKS:
        ignored["acks"] = f"must have at most {MAX_ACKS} items"
    acks: list[Ack] = []
    for i, item in enumerate(value[:MAX_ACKS]):
        try:
            acks.append(_decode_ack(item, f"acks[{i}]"))
        except ProtocolError as err:
            ignored[err.field] = err.message
    return tuple(acks)


def _decode_ack(item: Any, path: str) -> Ack:
    if not isinstance(item, dict):
        raise ProtocolError(path, "must be an object")
    for name in ("id", "ok"):
        if name not in item:
            raise ProtocolError(f"{path}.{name}", "is required", absent=True)
    if not isinstance(item["id"], str):
        raise ProtocolError(f"{path}.id", "must be a text")
    if not isinstance(ok := as_switch(item["ok"]), bool):
        raise ProtocolError(f"{path}.ok", "must be true or false")
    return Ack(item["id"], ok, _message(item.get("message"), f"{path}.message"))


def _message(value: Any, path: str) -> str | None:
    """Return the controller's explanation; one that is not readable does not cost the answer."""
    try:
        return text(as_text(value), path)
    except ProtocolError:
        return None
