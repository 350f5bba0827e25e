"""The last decisions as texts and numbers, for people, automations and the log."""

from collections import deque
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.util import dt as dt_util

from .._lib.slices import in_slices
from ..engine.decision_record import DecisionRecord
from ..engine.delivery import Delivery
from .formatter import ENGLISH, MessageFormatter, MessageTexts, rounded
from .shown_decision import ShownDecision

MAX_DECISIONS: Final = 200
NO_DELIVERY: Final = Delivery()


@dataclass(frozen=True, slots=True)
class _Decision:
    cycle_id: str
    record: DecisionRecord
    names: dict[str, str]
    currency: str
    delivery: Delivery

    def texts(self, texts: MessageTexts) -> dict[str, Any]:
        """Return the fields that depend on the language."""
        formatter = MessageFormatter(texts, self.names, self.currency)
        return {
            "words": formatter.decision(self.record),
            "limits": [formatter.format(message) for message in self.record.limits],
            "notes": [formatter.format(message) for message in self.record.notes],
        }

    def row(self, texts: MessageTexts) -> dict[str, Any]:
        """Return the decision as plain data."""
        record, names = self.record, self.names
        formatter = MessageFormatter(texts, names, self.currency)
        return {
            "id": self.cycle_id,
            "time": dt_util.utc_from_timestamp(record.now_s).isoformat(),
            "state": str(record.state),
            "simulated": not record.active and record.shadow,
            "way": record.control_mode,
            **self.texts(texts),
            "room_c": rounded(record.room_c),
            "outdoor_c": rounded(record.outdoor_c),
            "demand_w": rounded(record.demand_w),
            "flow_c": rounded(record.flow_c),
            "cost_h": rounded(record.cost_h),
            "worth_kwh": rounded(record.heat_value_kwh),
            "codes": {
                "wanted": formatter.as_data(record.reasons),
                "limits": formatter.as_data(record.limits),
                "notes": formatter.as_data(record.notes),
            },
            "mix": [
                {
                    "source": names.get(part.source_id, part.source_id),
                    "heat_w": rounded(part.heat_w),
                    "power_w": rounded(part.power_w),
                    "price_kwh": rounded(part.price_kwh),
                }
                for part in record.mix
            ],
            "delivery": [
                {
                    "source": names.get(part.source_id, part.source_id),
                    "heat_w": rounded(part.heat.watts),
                    "heat_estimated": part.heat.estimated,
                    "power_w": rounded(part.power.watts),
                    "power_estimated": part.power.estimated,
                    "heating": part.is_heating,
                }
                for part in self.delivery.sources
            ],
        }


class DecisionJournal:
    """The last decisions in the language of Home Assistant, newest last."""

    def __init__(self) -> None:
        self.rows: deque[dict[str, Any]] = deque(maxlen=MAX_DECISIONS)
        self.texts = ENGLISH
        self.shown_key: object = None
        """Changes when a decision differs from the ones before by more than small movements of its numbers."""
        self._shown = ShownDecision()
        self._decisions: deque[_Decision] = deque(maxlen=MAX_DECISIONS)

    def row(self, cycle_id: str) -> dict[str, Any]:
        """Return the decision of a cycle; an empty one if it is not kept."""
        return next((row for row in reversed(self.rows) if row["id"] == cycle_id), {})

    def add(
        self,
        cycle_id: str,
        record: DecisionRecord,
        names: dict[str, str],
        currency: str,
        delivery: Delivery = NO_DELIVERY,
    ) -> None:
        """Add the decision of a cycle, with what the sources did before it."""
        decision = _Decision(cycle_id, record, names, currency, delivery)
        self._decisions.append(decision)
        self.shown_key = self._shown.key(record, delivery)
        self.rows.append(decision.row(self.texts))

    async def async_set_texts(self, texts: MessageTexts) -> None:
        """Change the language of all decisions, newest first."""
        self.texts = texts
        pairs = list(zip(self._decisions, self.rows, strict=True))
        async for decision, row in in_slices(reversed(pairs)):
            row.update(decision.texts(texts))

    def log_line(self) -> str:
        """Return the last decision in English."""
        row = self._decisions[-1].row(ENGLISH)
        keys = ("way", "room_c", "outdoor_c", "demand_w", "flow_c", "cost_h")
        return " ".join(f"{key}={row[key]}" for key in keys) + f" words={row['words']!r}"
