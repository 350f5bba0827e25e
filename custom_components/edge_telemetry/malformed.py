"""Malformed messages: counted, kept with a sample, logged once per device and reason."""

from collections import Counter
import logging
from typing import Any, Final

from ._lib.redaction import Redactor
from .decoders import Reason

_LOGGER = logging.getLogger(__name__)

_MAX_SAMPLE: Final = 120
# Redacted before it is cut: half of a secret is not recognized.
_MAX_READ: Final = 1000
# Many broken devices must not fill the memory or the log: further ones are counted together.
_MAX_ORIGINS: Final = 500
_OTHERS: Final = "(others)"


class MalformedLog:
    """Malformed messages by origin and reason."""

    def __init__(self) -> None:
        self.total = 0
        self._counts: Counter[tuple[str, Reason]] = Counter()
        self._samples: dict[tuple[str, Reason], str] = {}

    def note(self, origin: str, reason: Reason, payload: object, detail: str = "") -> None:
        """Count a message of a device, or of a topic without a device."""
        self.total += 1
        key = (origin, reason)
        if key in self._counts:
            self._counts[key] += 1
            return
        if len(self._counts) >= _MAX_ORIGINS:
            self._counts[_OTHERS, reason] += 1
            return
        self._counts[key] = 1
        self._samples[key] = sample = _sample(payload)
        _LOGGER.warning(
            "%s: malformed message (%s%s): %s; further ones are only counted",
            origin,
            reason,
            f", {detail}" if detail else "",
            sample,
        )

    def of(self, origin: str) -> int:
        """Return the number of malformed messages of a device."""
        return sum(count for (other, _), count in self._counts.items() if other == origin)

    def as_list(self) -> list[dict[str, Any]]:
        """Return them for diagnostics, most frequent first."""
        return [
            {"origin": origin, "reason": reason, "count": count, "sample": self._samples.get((origin, reason))}
            for (origin, reason), count in self._counts.most_common()
        ]


def _sample(payload: object) -> str:
    """Return the beginning of a message without positions and secrets."""
    if isinstance(payload, bytes):
        payload = payload[:_MAX_READ].decode("utf-8", "backslashreplace")
    text = payload[:_MAX_READ] if isinstance(payload, str) else repr(payload)[:_MAX_READ]
    return repr(Redactor(numbered=False).text(text)[:_MAX_SAMPLE])
