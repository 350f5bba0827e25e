"""Data types of the API."""

from dataclasses import dataclass, field
from typing import Any

REGIONS: dict[str, str] = {
    "eu": "https://api-e.ecoflow.com",
    "us": "https://api-a.ecoflow.com",
    "global": "https://api.ecoflow.com",
}


@dataclass(frozen=True, slots=True)
class Device:
    """A device of the account, as in the device list."""

    sn: str
    name: str
    product: str
    online: bool


@dataclass(frozen=True, slots=True)
class Certification:
    """Address and credentials of the MQTT broker."""

    account: str
    password: str = field(repr=False)
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class QuotaMessage:
    """Values that a device reported; `time_ms` is the sender's time, if the message has one."""

    sn: str
    values: dict[str, Any]
    time_ms: int | None = None


@dataclass(frozen=True, slots=True)
class StatusMessage:
    """The cloud reports that a device went online or offline."""

    sn: str
    online: bool


@dataclass(frozen=True, slots=True)
class SetReply:
    """The answer of a device to a command."""

    sn: str
    id: str
    ok: bool
    detail: str
    data: dict[str, Any] = field(default_factory=dict)


type Message = QuotaMessage | StatusMessage | SetReply
