"""The status that a Ruuvi Gateway posts about itself. Its numbers are text, and its names in capital letters."""

from collections.abc import Mapping
from typing import Any, Final

from ..errors import Reason
from ..message import Message, Value
from ..reading import MAX_TEXT

MODEL: Final = "Ruuvi Gateway"
_ADDRESS: Final = "device_addr"
_MARKS: Final = frozenset({"esp_fw", "nrf_fw", "uptime", "reset_cnt", "sensors_seen"})
_NUMBERS: Final = {
    "uptime": "uptime_s",
    "num_conn_lost": "lost_connections",
    "num_mic_failure": "mic_failures",
    "reset_cnt": "resets",
    "sensors_seen": "sensors_seen",
}
_TEXTS: Final = {
    "connection": "connection",
    "nrf_fw": "radio_firmware",
    "reset_reason": "reset_reason",
    "reset_info": "reset_info",
}
_LISTS: Final = {"active_sensors": "active_sensors", "inactive_sensors": "inactive_sensors"}


def _members(message: Mapping[str, Any]) -> dict[str, Any]:
    return {name.casefold(): value for name, value in message.items()}


def is_status(message: Mapping[str, Any]) -> bool:
    """Return whether an object is the status of a gateway."""
    if len(message) < 3:
        return False
    names = {name.casefold() for name in message}
    return _ADDRESS in names and not _MARKS.isdisjoint(names)


def decode_status(message: Mapping[str, Any], device_type: str) -> Message:
    """Decode the status of a gateway; what has no value is omitted, as is its nonce."""
    members = _members(message)
    metrics: dict[str, Value] = {}
    rejected: dict[str, Reason] = {}
    for name, key in _NUMBERS.items():
        if (value := members.get(name)) in (None, ""):
            continue
        if (number := _count(value)) is None:
            rejected[key] = Reason.BAD_VALUE
        else:
            metrics[key] = number
    for name, key in _TEXTS.items():
        if isinstance(value := members.get(name), str) and value:
            metrics[key] = value[:MAX_TEXT]
    if isinstance(value := members.get("nrf_status"), bool):
        metrics["radio_online"] = value
    for name, key in _LISTS.items():
        if isinstance(value := members.get(name), list):
            metrics[key] = len(value)
    info = {"model": MODEL}
    if isinstance(firmware := members.get("esp_fw"), str) and firmware:
        info["sw_version"] = firmware[:MAX_TEXT]
    return Message(metrics, info=info, rejected=rejected, original=message, device_type=device_type)


def _count(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        count = int(value)
    except ValueError:
        return None
    return count if 0 <= count < 2**53 else None
