# Generated from lib/redaction.py by scripts/build: edit that file, not this one.
"""Replace secrets in nested data and texts.

    redactor = Redactor(["a known password"])
    redactor.data({"token": "x", "state": "ok"})   # {"token": "<secret 2>", "state": "ok"}

The same value always gets the same replacement.
"""

from collections.abc import Iterable, Mapping
import ipaddress
from itertools import groupby
import re
from typing import Any, Final

_SECRET_KEY: Final = re.compile(
    r"passw|pass$|pass(phrase|code)|secret|token|(api|access|private|device|encryption|pre_?shared)_?key|credential"
    r"|authorization|cookie|user$|user_?(name|id)$|worker(_?name)?$|wallet|e_?mail|client_id|account|bearer|webhook|ssid|stratum_?url"
    r"|serial(_?(no|nr|number|num))?$|(^|_)(sn|imei|imsi|iccid|pwd|pw|pin_?code|uuid)$|payout_?address$"
    r"|^(installation|gateway)(_?id|_?serial)$|^key$|^pin$|^psk$|_url$|^url$|^uri$|^host$|_host$|^host_?name$|^address$|^ip(v4|v6)?$"
    r"|^(mac|hw)(_?addr(ess)?)?$|_mac$",
    re.IGNORECASE,
)
_POSITION_KEY: Final = re.compile(
    r"^(lat|lon|lng|altitude|gps.*|position|location|coord(inate)?s?)$|_(lat|lon|lng)$|(latitude|longitude)$",
    re.IGNORECASE,
)
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SHORTEST: Final = 4
"""Shorter values (a PIN of two digits) would be replaced in unrelated texts; they are replaced at their key only."""
_LEAST_NUMBER: Final = 100_000
"""Smaller numbers are parts of others; they are replaced at their key only."""
_FIRST: Final = (  # before anything else takes a part of them
    ("secret", re.compile(r"-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\Z)", re.DOTALL)),
    ("url", re.compile(r"\b[a-z][a-z0-9+.-]{0,30}://[^\s\"'<>]*", re.IGNORECASE)),
)
_PATTERNS: Final = (
    ("mail", re.compile(r"\b[\w.+-]{1,80}@[\w-]+(?:\.[\w-]+)+\b")),
    ("mac", re.compile(r"\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b|\b(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}\b", re.IGNORECASE)),
    ("id", re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE)),
    ("token", re.compile(r"\beyJ[\w-]{8,2000}(?:\.[\w-]+)+")),
    ("port", re.compile(r"(?<=/dev/serial/by-id/)[^\s\"',;]+")),
    (
        "wallet",
        re.compile(
            r"\bbc1[02-9ac-hj-np-z]{11,87}|\b(?=\w{0,34}[a-z])(?=\w{0,34}[A-Z])[13][1-9A-HJ-NP-Za-km-z]{25,34}\b"
        ),
    ),
    (
        "secret",
        re.compile(r"\b(?:[0-9a-f]{32,}|(?=\S{0,99}\d)(?=\S{0,99}[A-Z])[A-Za-z0-9+/_-]{40,}={0,2})(?![\w+/-])"),
    ),
    ("address", re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")),
    ("mac", re.compile(r"\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{12}\b", re.IGNORECASE)),
    # Serial numbers of EcoFlow and Viessmann; the identifiers of config entries (ULID) are of the same letters.
    (
        "serial",
        re.compile(
            r"\b(?!01[0-9A-HJKMNP-TV-Z]{24}\b)(?=[A-Z0-9]{0,20}\d)[A-Z][A-Z0-9]{13,31}\b|(?<![\d.,:])\d{15,16}(?![\d.,])"
        ),
    ),
    ("host", re.compile(r"\b[a-z0-9][\w-]{0,62}\.(?:local|lan|fritz\.box|home\.arpa)\b", re.IGNORECASE)),
)
_IPV6: Final = re.compile(r"(?<![\w:])[0-9a-f]*:[0-9a-f]*:[0-9a-f:]*(?![\w:])", re.IGNORECASE)
_VALUE: Final = r"(?:\\?(?P<quote>[\"'])(?P<quoted>.{0,2000}?)\\?(?P=quote)|(?P<plain>[^\s\"',;&{}\[\]()<>]+))"
_FIELD: Final = re.compile(  # of a text: a message, a request, or JSON that is cut off
    r"(?<![<\w])(?P<label>[\w-]{0,30}?(?:passw(?:or)?d|pass(?:phrase|code)?|pwd|psk|token|secret|ssid|user(?:_?name)?"
    r"|(?:api|access|secret|private|device|encryption)[_-]?key|account|worker|wallet|cookie|mac|host(?:_?name)?"
    r"|serial(?:[ _-]?(?:no|nr|number))?|sn|imei|(?:installation|gateway|client)(?:[_-]?(?:id|serial))?|pin))"
    r"(?P<gap>\\?[\"']?\s*(?:[:=]|%3D|%3A)\s*)" + _VALUE,
    re.IGNORECASE,
)
_LABELED: Final = re.compile(  # without a sign between them: the value looks like one
    r"(?<![<\w])(?P<label>bearer|basic|password|passwd|token|secret|api[_ -]?key|ssid|wi-?fi|wlan"
    r"|(?:user|account|serial(?: (?:no|nr|number))?|sn|imei|pin|worker|installation|gateway)"
    r"(?=\s+[\"']?(?=\S{4})\S{0,99}\d))"
    r"(?P<gap>\s+)" + _VALUE,
    re.IGNORECASE,
)
_QUOTED_ONLY: Final = re.compile(r"wi-?fi|wlan", re.IGNORECASE)
_COOKIE: Final = re.compile(r"(?<=cookie: )[^\r\n]+", re.IGNORECASE)
_POSITION_IN_TEXT: Final = re.compile(
    r"(?<![a-z])((?:lat|lon|lng)(?:itude|gitude)?\W{1,4})[-+]?\d[\d.]*", re.IGNORECASE
)
_COORDINATES: Final = re.compile(r"(?<![\d.-])-?\d{1,2}\.\d{4,}\s*,\s*-?\d{1,3}\.\d{4,}(?![\d.])")
_CUT: Final = 2500
"""At a place where a text is cut, this many characters more are omitted: a secret may have been cut in two."""
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
        self._exact = frozenset(item for item in known if len(item) >= _SHORTEST)
        lower = {small if len(small := item.lower()) == len(item) else item for item in self._exact}
        self._known = re.compile(_any_of(sorted(lower)) or r"(?!)", re.IGNORECASE)

    def _name(self, kind: str, value: str) -> str:
        key = value.lower()
        if key not in self._names:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._names[key] = f"<{kind} {self._counts[kind]}>" if self._numbered else f"<{kind}>"
        return self._names[key]

    def data(self, value: Any, key: str = "") -> Any:
        """Return nested data without secrets; keys are redacted, too."""
        if isinstance(value, Mapping):
            return {self.text(str(name)): self.data(item, _full(str(name), key)) for name, item in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self.data(item, key) for item in value]
        if value is None or isinstance(value, bool):
            return value
        if _POSITION_KEY.search(key) and value != "":
            return "<position>"
        if isinstance(value, (int, float)):
            return "<secret>" if _SECRET_KEY.search(key) or str(value) in self._exact else value
        text = str(value)
        if _SECRET_KEY.search(key) and text and not _OWN.fullmatch(text):
            return self._name("secret", text)
        return self.text(text)

    def shortened(self, value: str, longest: int) -> str:
        """Return the first and the last characters of a long text, without secrets.

        Patterns are searched for without releasing the interpreter, some microseconds for each character.
        """
        if len(value) <= longest + 2 * _CUT:
            return self.text(value)
        half = longest // 2
        first = self.text(value[: half + _CUT])[:-_CUT]
        last = self.text(value[-half - _CUT :])[_CUT:]
        return f"{first} <{len(value) - len(first) - len(last)} characters omitted> {last}"

    def text(self, value: str) -> str:
        """Return a text without secrets."""
        value = self._known.sub(lambda match: self._name("secret", match[0]), value)
        for kind, pattern in _FIRST:
            value = pattern.sub(lambda match, kind=kind: self._name(kind, match[0]), value)  # type: ignore[misc]
        value = _IPV6.sub(lambda match: self._name("address", match[0]) if _is_ipv6(match[0]) else match[0], value)
        value = _POSITION_IN_TEXT.sub(r"\1<position>", value)
        value = _COORDINATES.sub("<position>", value)
        value = _COOKIE.sub(lambda match: self._name("secret", match[0]), value)
        value = _LABELED.sub(self._labeled, value)
        value = _FIELD.sub(self._labeled, value)
        for kind, pattern in _PATTERNS:
            value = pattern.sub(lambda match, kind=kind: self._name(kind, match[0]), value)  # type: ignore[misc]
        return value

    def _labeled(self, match: re.Match[str]) -> str:
        """Return a field with its value replaced, in the quotes that it has."""
        secret = match["plain"] if match["quote"] is None else match["quoted"]
        bare = match["quote"] is None
        if not secret or "<" in secret or (bare and _QUOTED_ONLY.fullmatch(match["label"])):
            return match[0]
        at = match.start("plain" if bare else "quoted") - match.start()
        return match[0][:at] + self._name("secret", secret) + match[0][at + len(secret) :]


def _any_of(texts: list[str]) -> str:
    """Return a pattern that matches the longest of sorted texts; its alternatives differ in their first character.

    Thousands of alternatives would be tried one by one at each character of a text.
    """
    found = []
    for _, group in groupby(filter(None, texts), key=lambda text: text[0]):
        alike = list(group)
        start = _common_start(alike[0], alike[-1])
        rest = [text[len(start) :] for text in alike]
        end = f"(?:{_any_of(rest)})" if any(rest) else ""
        found.append(re.escape(start) + (f"{end}?" if end and not rest[0] else end))
    return "|".join(found)


def _common_start(first: str, last: str) -> str:
    """Return what two texts begin with; of sorted texts the first and the last one differ most."""
    same = (at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    return first[: next(same, len(first))]


def _full(name: str, parent: str) -> str:
    """Return the name of a field with words separated as in `device_sn`; an `id` is that of what contains it."""
    return _CAMEL.sub("_", f"{parent}_{name}" if name == "id" and parent else name)


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
            yield from secrets_in(item, _full(str(name), key))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from secrets_in(item, key)
    elif isinstance(value, str) and _SECRET_KEY.search(key):
        yield value
    elif type(value) is int and value >= _LEAST_NUMBER and _SECRET_KEY.search(key):
        yield str(value)
