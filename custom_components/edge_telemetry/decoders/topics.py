"""Topics, and the site, system and device that they contain."""

import re
from typing import Final, NamedTuple

from .dialects import Channel, select_dialect

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
MAX_LEVEL: Final = 64


class Address(NamedTuple):
    """A device: its site, its system and its own ID."""

    site: str
    system: str
    device: str

    @property
    def id(self) -> str:
        """Return all three as one text."""
        return "/".join(self)


class Match(NamedTuple):
    """The device of a topic, its base topic, and what the dialect calls the topic."""

    address: Address
    base: str
    kind: str


class TopicPattern:
    """A pattern such as `{site_id}/{system}/{device_id}/data`.

    Levels may be fixed words, one of the placeholders, or `+`. What no placeholder names is taken from the fixed
    words before the last placeholder (or before the last level): of `paku/ruuvi/{device_id}` the site is `paku` and
    the system `ruuvi`. What is not there either is `default_site` or `edge`. The words select the dialect, or its key
    in front does: `zigbee2mqtt: attic/{device_id}`.

    Raises:
        ValueError: It is not a usable pattern.
    """

    def __init__(self, pattern: str, default_site: str = "home") -> None:
        self.pattern = pattern = pattern.strip().strip("/")
        self.dialect, pattern = select_dialect(pattern)
        levels = tuple(pattern.strip("/").split("/"))
        meanings = [meaning for level in levels if (meaning := _check(level)) is not None]
        if len(meanings) != len(set(meanings)):
            raise ValueError("a placeholder is used twice")
        body = self.dialect.body(levels)
        fixed = [level for level in body if level != "+" and not _PLACEHOLDER.fullmatch(level)]
        fixed = [level for level in fixed if level not in self.dialect.words]
        self._fixed_device: str | None = None
        system = self.dialect.system
        gateway = fixed[-1] if fixed else ""
        if "device" not in meanings:
            if not self.dialect.is_fixed and (not fixed or (meanings and not self.dialect.lists)):
                raise ValueError("a pattern needs {device_id}")
            # Otherwise the messages contain the device, or it is the gateway itself.
            self._fixed_device = None if "gateway" in meanings else fixed.pop() if fixed else system
        self._fixed_system = None if "system" in meanings else system or (fixed.pop() if fixed else "edge")
        self._fixed_site = None if "site" in meanings else (fixed.pop(0) if fixed else default_site)
        self._body = len(body)
        self._kind_from = len(body) - self.dialect.context(levels)
        self._levels = levels
        self._gateway_name = gateway
        self._forms = self.dialect.forms(levels)
        self._gateway = levels.index("{gateway}") if "{gateway}" in levels else None

    def subscriptions(self) -> dict[str, Channel]:
        """Return the topic filters to subscribe to, and the channel of each."""
        return {
            "/".join("+" if _PLACEHOLDER.fullmatch(level) else level for level in form.levels): form.channel
            for form in self._forms
        }

    def match(self, topic: str, channel: Channel) -> tuple[Address, str] | None:
        """Return the device of a topic and its base topic; None if the topic does not match the pattern."""
        found = self.find(topic, channel)
        return None if found is None else found[:2]

    def find(self, topic: str, channel: Channel) -> Match | None:
        """Return the device of a topic, its base topic and its kind; None if the topic does not match the pattern."""
        levels = topic.split("/")
        for form in self._forms:
            if form.channel is channel and (places := _places(form.levels, levels)) is not None:
                address = Address(
                    self._fixed_site or places.get("site", ""),
                    self._fixed_system or places.get("system", ""),
                    self._fixed_device or places.get("device") or places.get("gateway") or self._gateway_name,
                )
                kind = "/".join(levels[self._kind_from :]) if form.kind is None else form.kind
                return Match(address, "/".join(levels[: self._body]), kind)
        return None

    def is_ignored(self, topic: str) -> bool:
        """Return whether a topic is of no device, though it matches."""
        return self.dialect.ignores(topic.split("/"))

    def keepalive(self, topic: str | None = None) -> str | None:
        """Return the topic of the requests to the gateway of a topic; without one, of a gateway that is fixed."""
        if self.dialect.keepalive is None:
            return None
        return self.dialect.keepalive(list(self._levels) if topic is None else topic.split("/"))

    def gateway(self, topic: str) -> str | None:
        """Return the gateway in a topic, if the pattern has a placeholder for it."""
        levels = topic.split("/")
        return levels[self._gateway] if self._gateway is not None and self._gateway < len(levels) else None


def _check(level: str) -> str | None:
    """Return the meaning of a placeholder; None for another level."""
    if (found := _PLACEHOLDER.fullmatch(level)) is not None:
        if (meaning := _MEANINGS.get(found[1])) is None:
            raise ValueError(f"{level} is not a placeholder")
        return meaning
    if level != "+" and (not level or any(sign in level for sign in "+#{}$\0")):
        raise ValueError(f"{level!r} cannot be a level of a topic")
    return None


def _places(pattern: tuple[str, ...], levels: list[str]) -> dict[str, str] | None:
    """Return what the placeholders of a pattern are in a topic; None if it does not match."""
    if pattern[-1] == "#":
        pattern = pattern[:-1]
        if len(levels) <= len(pattern):
            return None
    elif len(pattern) != len(levels):
        return None
    places: dict[str, str] = {}
    for expected, level in zip(pattern, levels, strict=False):
        if not 0 < len(level) <= MAX_LEVEL or not level.isprintable():
            return None
        if (found := _PLACEHOLDER.fullmatch(expected)) is not None:
            places[_MEANINGS[found[1]]] = level
        elif expected not in ("+", level):
            return None
    return places


def overlap(first: str, second: str) -> bool:
    """Return whether a topic exists that matches both topic filters.

    `#` also matches the level above it; the prefix of a shared subscription (`$share/group/`) is not part of a filter.
    """
    return _overlap(_filter(first), _filter(second))


def _filter(text: str) -> list[str]:
    levels = text.strip().rstrip("/").split("/")
    return levels[2:] if levels[0] == "$share" else levels


def _overlap(first: list[str], second: list[str]) -> bool:
    for index in range(max(len(first), len(second)) + 1):
        ours = first[index] if index < len(first) else None
        other = second[index] if index < len(second) else None
        if "#" in {ours, other} or ours is other is None:
            return True
        if ours is None or other is None or ("+" not in {ours, other} and ours != other):
            return False
    return True
