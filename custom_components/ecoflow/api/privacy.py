"""What must not leave the home: serial numbers, addresses and places in wire names and values.

Wire names contain serial numbers where a device reports its parts, such as `bp_addr.HJ32ZDH4ZF7E0042.bpPwr`.
"""

from collections.abc import Iterable, Mapping
import hashlib
import re
from typing import Any

REDACTED = "**REDACTED**"

# A run of capital (or only small) letters, digits and hyphens is a serial number if it has this form.
_CANDIDATE = re.compile(r"(?<![A-Za-z0-9])(?:[A-Z0-9]+(?:-[A-Z0-9]+)*|[a-z0-9]+(?:-[a-z0-9]+)*)(?![A-Za-z0-9])")
_MIN_LENGTH = 10
_MIN_DIGITS = 3
# Small letters followed by a number are the name of a value: `unknown618`.
_NUMBERED_WORD = re.compile(r"[a-z]+\d{1,4}")
_MAC = re.compile(r"\b[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}\b")
# Last words of wire names whose values are serial numbers, addresses or places.
_PRIVATE_WORDS = frozenset(
    {"sn", "mac", "ip", "town", "country", "ssid", "meshid", "lat", "lng", "lon", "latitude", "longitude"}
)
_PRIVATE_ENDS = ("sn", "mac", "ssid", "productinfodetails", "kitinfo", "meshid", "chname", "ipaddr", "timezoneid")
_PRIVATE_STARTS = ("packsn", "wifi_ssid", "wifissid")
_CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def is_private(wire_name: str) -> bool:
    """Whether the value of a wire name is a serial number, an address or a place."""
    last = wire_name.rpartition(".")[2]
    lower = last.lower()
    if lower.endswith(_PRIVATE_ENDS) or lower.startswith(_PRIVATE_STARTS):
        return True
    words = re.split(r"[^a-z0-9]+", _CAMEL_CASE.sub("_", last).lower())
    return bool(words) and words[-1] in _PRIVATE_WORDS


def is_serial_number(text: str) -> bool:
    """Whether a text as a whole has the form of a serial number."""
    return _CANDIDATE.fullmatch(text) is not None and _has_serial_form(text)


def _has_serial_form(text: str) -> bool:
    plain = text.replace("-", "")
    if _NUMBERED_WORD.fullmatch(plain):
        return False
    digits = sum(character.isdigit() for character in plain)
    return len(plain) >= _MIN_LENGTH and _MIN_DIGITS <= digits < len(plain)


def serial_numbers(text: str) -> list[str]:
    """Return the serial numbers in a text, in their order."""
    return [match.group() for match in _CANDIDATE.finditer(text) if _has_serial_form(match.group())]


def token_of(serial_number: str) -> str:
    """Return a short text in place of a serial number: always the same, and not reversible."""
    return hashlib.sha256(serial_number.encode()).hexdigest()[:6]


def mask(text: str, replacements: Mapping[str, str] | None = None) -> str:
    """Return a text with each serial number replaced by its replacement, or by its token."""

    def replace(match: re.Match[str]) -> str:
        found = match.group()
        if not _has_serial_form(found):
            return found
        return (replacements or {}).get(found) or token_of(found)

    return _CANDIDATE.sub(replace, text)


def redacted(value: Any, private: Iterable[str] = ()) -> Any:
    """Return a value without private names, serial numbers and the texts in `private`, at any depth."""
    texts = tuple(private)
    match value:
        case Mapping():
            return {
                _without(mask(str(name)), texts): redacted(inner, texts)
                for name, inner in value.items()
                if not is_private(str(name))
            }
        case list() | tuple():
            return [redacted(item, texts) for item in value]
        case str():
            if any(text in value for text in texts) or serial_numbers(value) or _MAC.search(value):
                return REDACTED
    return value


def _without(name: str, texts: tuple[str, ...]) -> str:
    for text in texts:
        name = name.replace(text, token_of(text))
    return name
