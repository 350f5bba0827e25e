"""Service data of BTHome v2 by bthome.io/format: object IDs in ascending order, little endian."""

from collections.abc import Iterable
from typing import Final

DEVICE_INFORMATION: Final = 0x40
"""Version 2, not encrypted, sends regularly."""
TRIGGERED: Final = 0x44
"""Version 2, not encrypted, sends when something happens."""
_ENCRYPTED: Final = 0x41

# Object -> object ID, bytes, counts per unit, signed.
_NUMBERS: Final[dict[str, tuple[int, int, float, bool]]] = {
    "battery": (0x01, 1, 1, False),
    "temperature": (0x02, 2, 100, True),
    "humidity": (0x03, 2, 100, False),
    "illuminance": (0x05, 3, 100, False),
    "window": (0x2D, 1, 1, False),
    "rotation": (0x3F, 2, 10, True),
    "power": (0x5C, 4, 100, True),
    "energy": (0x4D, 4, 1000, False),
    "direction": (0x5E, 2, 100, False),
    "precipitation": (0x5F, 2, 10, False),
    "speed": (0x62, 4, 1e6, True),
    "acceleration": (0x63, 4, 1e6, True),
    "light_level": (0x64, 1, 1, False),
}
PACKET: Final = 0x00
BUTTON: Final = 0x3A
DIMMER: Final = 0x3C
PRESSES: Final = {"": 0, "press": 1, "double_press": 2, "triple_press": 3, "long_press": 4, "hold_press": 0x80}
TURNS: Final = {"": 0, "rotate_left": 1, "rotate_right": 2}

type Objects = dict[str, float | list[float]]


def service_data(
    packet: int, objects: Objects, buttons: Iterable[str] = (), dimmer: tuple[str, int] | None = None
) -> bytes:
    """Return the data after the UUID; several values of an object are those of several sensors."""
    parts = [(PACKET, bytes((PACKET, packet & 0xFF)))]
    for name, values in objects.items():
        object_id, size, counts, signed = _NUMBERS[name]
        for value in values if isinstance(values, list) else [values]:
            encoded = round(value * counts).to_bytes(size, "little", signed=signed)
            parts.append((object_id, bytes((object_id,)) + encoded))
    parts += [(BUTTON, bytes((BUTTON, PRESSES[press]))) for press in buttons]
    if dimmer is not None:
        parts.append((DIMMER, bytes((DIMMER, TURNS[dimmer[0]], dimmer[1]))))
    parts.sort(key=lambda part: part[0])
    head = TRIGGERED if any(buttons) or dimmer is not None else DEVICE_INFORMATION
    return bytes((head,)) + b"".join(data for _, data in parts)


def encrypted(data: bytes) -> bytes:
    """Return data whose objects cannot be read: as of a device with a bind key."""
    return bytes((_ENCRYPTED,)) + bytes(byte ^ 0xA5 for byte in data[1:]) + bytes(8)
