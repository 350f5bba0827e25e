# Generated from lib/redaction.py by scripts/build: edit that file, not this one.
"""Replace secrets in nested data and texts.

    redactor = Redactor(["a known password"])
    redactor.data({"token": "x", "state": "ok"})   # {"token": "<secret 2>", "state": "ok"}

The same value always gets the same replacement.
"""

from collections.abc import Iterable, Mapping
import ipaddress
import re
from typing import Any, Final

_SECRET_KEY: Final = re.compile(
    r"passw|pass$|passphrase|secret|token|api_?key|access_?key|private_?key|device_?key|credential|authorization|cookie"
    r"|user$|user_?name|worker_?name|wallet|e_?mail|client_id|account|bearer|webhook|ssid|stratum_?url|serial(_?(no|number))?$"
    r"|^(installation|gateway)(_?id|_?serial)$|^key$|^pin$|^psk$|_url$|^url$|^uri$|^host$|^host_?name$|^address$|^ip(v4|v6)?$"
    r"|^mac(_?addr(ess)?)?$",
    re.IGNORECASE,
)
_POSITION_KEY: Final = re.compile(
    r"^(lat|lon|lng|altitude|gps.*|position|location)$|_(lat|lon|lng)$|(latitude|longitude)$", re.IGNORECASE
)
_SHORTEST: Final = 4
"""Shorter values (a PIN of two digits) would be replaced in unrelated texts; they are replaced at their key only."""
_PATTERNS: Final = (
    ("url", re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>]*", re.IGNORECASE)),
    ("mail", re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")),
    ("mac", re.compile(r"\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b", re.IGNORECASE)),
    ("token", re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]+)+")),
    ("secret", re.compile(r"\b(?:[0-9a-f]{32,}|(?=[^\s]*\d)(?=[^\s]*[A-Z])[A-Za-z0-9+/_-]{40,}={0,2})(?![\w+/-])")),
    ("address", re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")),
    ("mac", re.compile(r"\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{12}\b", re.IGNORECASE)),
)
_IPV6: Final = re.compile(r"(?<![\w:])[0-9a-f]*:[0-9a-f]*:[0-9a-f:]*(?![\w:])", re.IGNORECASE)
_LABELED: Final = re.compile(
    r"(?<!<)\b(bearer|basic|password|passwd|token|secret|api[_-]?key)(\s*[:=]\s*|\s+)(\"?)([^\s\"',;&]+)", re.IGNORECASE
)
_FIELD: Final = re.compile(  # of a text that is no JSON: cut off, or of another format
    r"([\w-]*(?:pass|password|passwd|token|secret|ssid|user|api[_-]?key))(\"?\s*[:=]\s*)(\"?)([^\s\"',;&{}\[\]]+)",
    re.IGNORECASE,
)
_POSITION_IN_TEXT: Final = re.compile(
    r"(?<![a-z])((?:lat|lon|lng)(?:itude|gitude)?\W{1,4})[-+]?\d[\d.]*", re.IGNORECASE
)
_OWN: Final = re.compile(r"<[a-z]+(?: \d+)?>")


class Redactor:
    """Replaces what may not leave the home.

    Args:
        known: Secrets that are known exactly, for example the passwords of config entries and serial numbers.
        numbered: Whether each value gets a replacement of its own, so that it can be followed.
    """

    def __init__(self, known: Iterable[str] = (), *, numbered: bool = True) -> None:
        self._numbered = numbered
        self._names: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        for value in sorted({item for item in known if len(item) >= _SHORTEST}, key=len, reverse=True):
            self._name("secret", value)
        self._known = re.compile("|".join(re.escape(value) for value in self._names) or r"(?!)", re.IGNORECASE)

    def _name(self, kind: str, value: str) -> str:
        key = value.lower()
        if key not in self._names:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._names[key] = f"<{kind} {self._counts[kind]}>" if self._numbered else f"<{kind}>"
        return self._names[key]

    def data(self, value: Any, key: str = "") -> Any:
        """Return nested data without secrets; keys are redacted, too."""
        if isinstance(value, Mapping):
            return {self.text(str(name)): self.data(item, str(name)) for name, item in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self.data(item, key) for item in value]
        if _POSITION_KEY.search(key) and value not in (None, "", True, False):
            return "<position>"
        if value is None or isinstance(value, (bool, int, float)):
            is_secret = _SECRET_KEY.search(key) is not None and not isinstance(value, bool) and value is not None
            return "<secret>" if is_secret else value
        text = str(value)
        if _SECRET_KEY.search(key) and text and not _OWN.fullmatch(text):
            return self._name("secret", text)
        return self.text(text)

    def text(self, value: str) -> str:
        """Return a text without secrets."""
        value = self._known.sub(lambda match: self._name("secret", match[0]), value)
        value = _IPV6.sub(lambda match: self._name("address", match[0]) if _is_ipv6(match[0]) else match[0], value)
        value = _POSITION_IN_TEXT.sub(r"\1<position>", value)
        value = _LABELED.sub(lambda match: f"{match[1]}{match[2]}{match[3]}{self._masked(match[4])}", value)
        value = _FIELD.sub(lambda match: f"{match[1]}{match[2]}{match[3]}{self._masked(match[4])}", value)
        for kind, pattern in _PATTERNS:
            value = pattern.sub(lambda match, kind=kind: self._name(kind, match[0]), value)  # type: ignore[misc]
        return value

    def _masked(self, value: str) -> str:
        return value if value.startswith("<") else self._name("secret", value)


def _is_ipv6(text: str) -> bool:
    """Return whether a text is an address; a time (20:15:30) is not."""
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def secrets_in(value: Any, key: str = "") -> Iterable[str]:
    """Return the values of nested data whose key names a secret."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from secrets_in(item, str(name))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from secrets_in(item, key)
    elif isinstance(value, str) and _SECRET_KEY.search(key):
        yield value
