"""Plain data that passes between the parts of this package."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

REGIONS: dict[str, str] = {
    "eu": "https://api-e.ecoflow.com",
    "us": "https://api-a.ecoflow.com",
    "global": "https://api.ecoflow.com",
}


@dataclass(frozen=True, slots=True)
class Device:
    """One device of the account, as the device list names it."""

    sn: str
    name: str
    product: str
    online: bool


@dataclass(frozen=True, slots=True)
class Certification:
    """Where and as whom to connect to the MQTT broker."""

    account: str
    password: str = field(repr=False)
    host: str
    port: int


class Source(StrEnum):
    """How a value reached us."""

    HTTP = "http"
    MQTT = "mqtt"
    ACK = "ack"


@dataclass(frozen=True, slots=True)
class QuotaMessage:
    """Values that a device reported; `time_ms` is the sender's time, where it tells one."""

    sn: str
    values: dict[str, Any]
    time_ms: int | None = None


@dataclass(frozen=True, slots=True)
class StatusMessage:
    """The cloud says that a device came or went."""

    sn: str
    online: bool


@dataclass(frozen=True, slots=True)
class SetReply:
    """A device's answer to a command."""

    sn: str
    id: str
    ok: bool
    detail: str
    data: dict[str, Any] = field(default_factory=dict)


type Message = QuotaMessage | StatusMessage | SetReply
