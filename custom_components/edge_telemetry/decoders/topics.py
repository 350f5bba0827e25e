"""Topics, and the site, system and device that they contain."""

from enum import StrEnum
import re
from typing import Final, NamedTuple

_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_MEANINGS: Final = {
    "site": "site",
    "site_id": "site",
    "system": "system",
    "device": "device",
    "device_id": "device",
    "tag": "device",
    "gateway": "gateway",
}
_MAX_LEVEL: Final = 64


class Channel(StrEnum):
    """Topics below the base topic of a device."""

    DATA = "data"
    STATE = "state"
    AVAILABILITY = "availability"
    STATUS = "status"
    ACK = "event/ack"


class Address(NamedTuple):
    """A device: its site, its system and its own ID."""

    site: str
    system: str
    device: str

    @property
    def id(self) -> str:
        """Return all three as one text."""
        return "/".join(self)


class TopicPattern:
    """A pattern such as `{site_id}/{system}/{device_id}/data`.

    Levels may be fixed words, one of the placeholders, or `+`. What no placeholder names is taken from the fixed
    words before the last placeholder (or before the last level): of `paku/ruuvi/{device_id}` the site is `paku` and
    the system `ruuvi`. What is not there either is `default_site` or `edge`.

    Raises:
        ValueError: It is not a usable pattern.
    """

    def __init__(self, pattern: str, default_site: str = "home") -> None:
        self.pattern = pattern = pattern.strip().strip("/")
        self._levels = levels = pattern.split("/")
        self._default_site = default_site
        self._places: dict[str, int] = {}
        for index, level in enumerate(levels):
            if (found := _PLACEHOLDER.fullmatch(level)) is not None:
                meaning = _MEANINGS.get(found[1])
                if meaning is None or meaning in self._places:
                    raise ValueError(f"{level} is not a placeholder, or is used twice")
                self._places[meaning] = index
            elif level != "+" and (not level or any(sign in level for sign in "+#{}$\0")):
                raise ValueError(f"{level!r} cannot be a level of a topic")
        self._suffix = levels[-1] == Channel.DATA and len(levels) > 1
        body = levels[:-1] if self._suffix else levels
        fixed = [level for level in body if level != "+" and not _PLACEHOLDER.fullmatch(level)]
        if "device" not in self._places:
            if self._places or not fixed:
                raise ValueError("a pattern needs {device_id}")
            self._fixed_device: str | None = fixed.pop()
        else:
            self._fixed_device = None
        self._fixed_system = None if "system" in self._places else (fixed.pop() if fixed else "edge")
        self._fixed_site = None if "site" in self._places else (fixed.pop(0) if fixed else default_site)
        self._body = len(body)

    def subscriptions(self) -> dict[str, Channel]:
        """Return the topic filters to subscribe to, and the channel of each."""
        base = "/".join("+" if _PLACEHOLDER.fullmatch(level) else level for level in self._levels[: self._body])
        data = f"{base}/{Channel.DATA}" if self._suffix else base
        return {data: Channel.DATA} | {
            f"{base}/{channel}": channel for channel in Channel if channel is not Channel.DATA
        }

    def match(self, topic: str, channel: Channel) -> tuple[Address, str] | None:
        """Return the device of a topic and its base topic; None if the topic does not match the pattern."""
        levels = topic.split("/")
        ending = [] if channel is Channel.DATA and not self._suffix else channel.split("/")
        base = levels[: self._body]
        if levels[self._body :] != ending or len(base) != self._body:
            return None
        for pattern, level in zip(self._levels, base, strict=False):
            if not _PLACEHOLDER.fullmatch(pattern) and pattern not in ("+", level):
                return None
        if not all(0 < len(level) <= _MAX_LEVEL and level.isprintable() for level in base):
            return None
        address = Address(
            self._fixed_site or base[self._places["site"]],
            self._fixed_system or base[self._places["system"]],
            self._fixed_device or base[self._places["device"]],
        )
        return address, "/".join(base)

    def gateway(self, topic: str) -> str | None:
        """Return the gateway in a topic, if the pattern has a placeholder for it."""
        place = self._places.get("gateway")
        levels = topic.split("/")
        return levels[place] if place is not None and place < len(levels) else None
