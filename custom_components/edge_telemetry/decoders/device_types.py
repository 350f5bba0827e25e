"""Registry of telemetry device types.

A device type is one module in `types/` that calls `register`. It states how its messages and topics are recognized, how
a message is decoded, what follows from its values, and which metrics it adds to the common ones. Names of metrics are
in `translations/`, their icons in `icons.json`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .errors import DecodeError
from .message import Message, Value
from .metrics import Metric, add_metrics
from .topics import Address


def _derive_nothing(metrics: dict[str, Value]) -> dict[str, Value]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceType:
    """A type of device.

    Attributes:
        key: Stored with a device; never changes.
        is_message: Whether a JSON object is a message of this type; None: recognized by the topic alone.
        decode: Decodes such an object; raises DecodeError.
        capture: Decodes recorded data that is not a message (raw bytes of an advertisement, a gateway's history).
        topic_systems: Systems (a level of the topic, lower case) whose devices are of this type.
        derive: Returns values that follow from a message's metrics.
        sources: Metrics from which others are derived; without a value of one of these, those are unknown.
        derived: The metrics that are derived.
        metrics: Added to the table of metrics.
        manufacturer: Shown on the device page; None if unknown. A format or network is not one.
        model: Shown on the device page unless the device reports another one.
        sequence_modulus: Where sequence numbers start again at zero; None: never.
        reports_losses: Whether a gap in the sequence numbers is a lost message.
        trusts_availability: Whether the broker reports that a device is offline, so that it has no timeout.
        timeout_s: Time without a message after which a device is offline, if that is more than the option; or None.
        answers_within_s: Time within which a device that is asked regularly answers; it is offline after that. Or None.
        battery_timeout_s: Time without a message after which a device that reports a battery is offline: "offline" on
            the broker only means that it sleeps. Or None.
        time_is_age: Whether the time in a message is when the device sent it to a hub that publishes it again later.
        accepts_commands: Whether the device can receive commands.
        gateway_status: Last level of the topic on which a gateway of such devices reports its own state.
    """

    key: str
    is_message: Callable[[Mapping[str, Any]], bool] | None = None
    decode: Callable[[Mapping[str, Any]], Message] | None = None
    capture: Callable[[Any], list[tuple[str, Message | DecodeError]] | None] | None = None
    topic_systems: frozenset[str] = frozenset()
    derive: Callable[[dict[str, Value]], dict[str, Value]] = _derive_nothing
    sources: frozenset[str] = frozenset()
    derived: frozenset[str] = frozenset()
    metrics: tuple[Metric, ...] = field(default=())
    manufacturer: str | None = None
    model: str | None = None
    sequence_modulus: int | None = None
    reports_losses: bool = True
    trusts_availability: bool = False
    timeout_s: float | None = None
    answers_within_s: float | None = None
    battery_timeout_s: float | None = None
    time_is_age: bool = False
    accepts_commands: bool = True
    gateway_status: str | None = None


DEVICE_TYPES: Final[dict[str, DeviceType]] = {}


def register(device_type: DeviceType) -> DeviceType:
    """Add a device type.

    Raises:
        ValueError: There is another one with this key, or a metric of it is defined differently.
    """
    if device_type.key in DEVICE_TYPES:
        raise ValueError(f"device type {device_type.key} is registered twice")
    add_metrics(device_type.metrics)
    DEVICE_TYPES[device_type.key] = device_type
    return device_type


GENERIC: Final = register(DeviceType(key="generic"))
"""Any device that publishes JSON telemetry."""


def type_of_message(found: Mapping[str, Any]) -> DeviceType:
    """Return the device type whose message an object is."""
    for device_type in DEVICE_TYPES.values():
        if device_type.is_message is not None and device_type.is_message(found):
            return device_type
    return GENERIC


def type_of_device(address: Address, message: Message) -> DeviceType:
    """Return the type of a device by its first message, or else by its topic."""
    if message.device_type != GENERIC.key:
        return DEVICE_TYPES[message.device_type]
    system = address.system.casefold()
    return next((found for found in DEVICE_TYPES.values() if system in found.topic_systems), GENERIC)


def gateway_status_levels() -> frozenset[str]:
    """Return the topic levels on which gateways report their own state."""
    return frozenset(found.gateway_status for found in DEVICE_TYPES.values() if found.gateway_status is not None)
