"""Several devices on one topic: each message contains the IDs of its devices.

`shared: sensors/all` in the settings. A message is an object with the ID of its device, a list of such objects, or an
object with the ID of each device as the name of a member.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..dialects import Channel, Dialect, Form, Found, register_dialect
from ..errors import DecodeError
from ..json_object import decode_object
from ..message import Message

KEY: Final = "shared"

_IDS: Final = ("device_id", "sensor_id", "deviceId", "sensorId", "device", "id", "mac", "address", "serial", "sn")
# Radio sensors of different models may have the same ID.
_QUALIFIERS: Final = ("model", "channel", "subtype")
_MAX_DEVICES: Final = 200


def read(_kind: str, found: Any) -> Found:
    """Return the messages in a payload; what is of no device is skipped.

    Raises:
        DecodeError: It contains only one message, and that one cannot be decoded.
    """
    items = list(_items(found))[:_MAX_DEVICES]
    for device_id, item in items:
        try:
            yield device_id, _decode(item)
        except DecodeError:
            if len(items) == 1:
                raise


def _items(found: Any) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
    if isinstance(found, list):
        for item in found:
            if isinstance(item, dict) and (device_id := _device_id(item)) is not None:
                yield device_id, item
    elif (device_id := _device_id(found)) is not None or not _is_by_device(found):
        yield device_id, found
    else:
        yield from ((_device_id(item) or name, item) for name, item in found.items())


def _is_by_device(found: Mapping[str, Any]) -> bool:
    return bool(found) and all(isinstance(item, dict) for item in found.values()) and "metrics" not in found


def _device_id(item: Mapping[str, Any]) -> str | None:
    for name in _IDS:
        value = item.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and (text := str(value).strip()):
            if name in {"id", "address"}:
                parts = [str(item[key]) for key in _QUALIFIERS if isinstance(item.get(key), str | int)]
                text = "-".join([*parts, text])
            return text.replace("/", "-")
    return None


def _decode(item: Mapping[str, Any]) -> Message:
    message = decode_object({name: value for name, value in item.items() if name not in _IDS})
    message.original = dict(item)
    return message


register_dialect(
    Dialect(
        key=KEY,
        recognizes=lambda _levels: False,
        body=lambda levels: levels,
        forms=lambda levels: (Form(levels, Channel.DATA),),
        read=read,
        lists=True,
    )
)
