"""Decisions in words, for people, automations and the log."""

from collections import deque
from collections.abc import Mapping
import math
from typing import Any, Final

from homeassistant.util import dt as dt_util

from .engine.decision import Decision

KEPT_DECISIONS: Final = 200


class Journal:
    """The last decisions. The engine speaks of ids; users know names."""

    def __init__(self) -> None:
        self.rows: deque[dict[str, Any]] = deque(maxlen=KEPT_DECISIONS)

    def note(self, cycle_id: str, decision: Decision, names: Mapping[str, str], currency: str) -> None:
        """Write a decision down."""
        record = decision.record
        self.rows.append(
            {
                "id": cycle_id,
                "time": dt_util.utc_from_timestamp(record.now_s).isoformat(),
                "way": record.way,
                "words": sentence(named(record.words, names), currency),
                "room_c": _finite(record.room_c),
                "outdoor_c": _finite(record.outdoor_c),
                "demand_w": _finite(record.demand_w),
                "flow_c": _finite(record.flow_c),
                "cost_h": _finite(record.cost_h),
                "worth_kwh": _finite(record.worth_kwh),
                "limits": [named(text, names) for text in record.limits],
                "notes": [named(text, names) for text in record.notes],
                "mix": [
                    {
                        "source": names.get(part.source_id, part.source_id),
                        "heat_w": _finite(part.heat_w),
                        "power_w": _finite(part.power_w),
                        "price_kwh": _finite(part.price_kwh),
                    }
                    for part in record.mix
                ],
            }
        )

    def line(self) -> str:
        """The last decision for the log."""
        last = self.rows[-1]
        keys = ("way", "room_c", "outdoor_c", "demand_w", "flow_c", "cost_h")
        return " ".join(f"{key}={last[key]}" for key in keys) + f" words={last['words']!r}"


def sentence(words: str, currency: str) -> str:
    """With a capital letter, prices in a currency."""
    priced = words.replace("/kWh", f" {currency}/kWh")
    return priced[:1].upper() + priced[1:]


def named(text: str, names: Mapping[str, str]) -> str:
    """A text of the engine with names in the place of ids."""
    for source_id, name in names.items():
        text = text.replace(source_id, name)
    return text


def _finite(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None
