"""What a device reports about itself when it asks for an update, in any protocol."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ..models import Slots

USUAL_POLL_S: Final = 21_600.0
"""How often clients of secret URLs check for an update, if nothing else is known: ESPHome's default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckIn:
    """The check-in of a device; None for values that it does not report."""

    version: str | None = None
    boot_count: int | None = None
    busy: str | None = None
    """Why it must not restart now."""
    metrics: Mapping[str, float] | None = None
    slots: Slots | None = None
    ignored: Mapping[str, str] = field(default_factory=dict)
    """Metrics without a valid value, with the reason."""
