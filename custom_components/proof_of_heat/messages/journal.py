"""Decisions in words, for people, automations and the log."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.util import dt as dt_util

from ..engine.decision_record import DecisionRecord
from ..wording import ENGLISH, Language, Teller, finite

KEPT_DECISIONS: Final = 200
_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class _Kept:
    cycle_id: str
    record: DecisionRecord
    names: dict[str, str]
    currency: str

    def words(self, language: Language) -> dict[str, Any]:
        """What a language changes."""
        teller = Teller(language, self.names, self.currency)
        return {
            "words": teller.decision(self.record),
            "limits": [teller.tell(phrase) for phrase in self.record.limits],
            "notes": [teller.tell(phrase) for phrase in self.record.notes],
        }

    def row(self, language: Language) -> dict[str, Any]:
        """In words and numbers."""
        record, names = self.record, self.names
        teller = Teller(language, names, self.currency)
        return {
            "id": self.cycle_id,
            "time": dt_util.utc_from_timestamp(record.now_s).isoformat(),
            "way": record.control_mode,
            **self.words(language),
            "room_c": finite(record.room_c),
            "outdoor_c": finite(record.outdoor_c),
            "demand_w": finite(record.demand_w),
            "flow_c": finite(record.flow_c),
            "cost_h": finite(record.cost_h),
            "worth_kwh": finite(record.heat_value_kwh),
            "codes": {
                "wanted": teller.coded(record.wanted),
                "limits": teller.coded(record.limits),
                "notes": teller.coded(record.notes),
            },
            "mix": [
                {
                    "source": names.get(part.source_id, part.source_id),
                    "heat_w": finite(part.heat_w),
                    "power_w": finite(part.power_w),
                    "price_kwh": finite(part.price_kwh),
                }
                for part in record.mix
            ],
        }


class Journal:
    """The last decisions, as they are told in a language."""

    def __init__(self) -> None:
        self.rows: deque[dict[str, Any]] = deque(maxlen=KEPT_DECISIONS)
        self.language = ENGLISH
        self._kept: deque[_Kept] = deque(maxlen=KEPT_DECISIONS)

    def note(self, cycle_id: str, record: DecisionRecord, names: dict[str, str], currency: str) -> None:
        """Write a decision down."""
        kept = _Kept(cycle_id, record, names, currency)
        self._kept.append(kept)
        self.rows.append(kept.row(self.language))

    async def speak(self, language: Language) -> None:
        """Tell all of them in a language, the last ones first."""
        self.language = language
        told = list(zip(self._kept, self.rows, strict=True))
        for place, (kept, row) in enumerate(reversed(told), 1):
            row.update(kept.words(language))
            if place % _AT_ONCE == 0:
                await asyncio.sleep(0)

    def line(self) -> str:
        """The last decision for the log, in English."""
        row = self._kept[-1].row(ENGLISH)
        keys = ("way", "room_c", "outdoor_c", "demand_w", "flow_c", "cost_h")
        return " ".join(f"{key}={row[key]}" for key in keys) + f" words={row['words']!r}"
