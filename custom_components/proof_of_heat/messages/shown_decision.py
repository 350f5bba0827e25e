"""What makes a decision another one to look at: small movements of its numbers do not, so they write no state.

A state with the details of a decision is written when this key changes. Until then, the numbers in its attributes are
those of the decision that was written, and no further from the present ones than the steps below.
"""

from collections.abc import Iterator
import math
from typing import Final

from ..engine.decision_record import DecisionRecord
from ..engine.delivery import Delivery

_RELATIVE: Final = 0.1
_STEPS: Final = {"W": 100.0, "°C": 0.3, "K": 1.0, "/kWh": 0.01, "/h": 0.02, "": 0.5}
"""Smaller movements are none, by unit."""

type Quantities = dict[tuple[str, ...], tuple[str, float]]


class ShownDecision:
    """The key of the last decision that differed from the one before it."""

    def __init__(self) -> None:
        self._codes: object = None
        self._quantities: Quantities = {}
        self._number = 0

    def key(self, record: DecisionRecord, delivery: Delivery) -> object:
        """Return the key of a decision: the last one while it is the same."""
        codes, quantities = _codes(record, delivery), dict(_quantities(record, delivery))
        if codes != self._codes or _differ(self._quantities, quantities):
            self._codes, self._quantities, self._number = codes, quantities, self._number + 1
        return str(record.state), str(self._number)


def _codes(record: DecisionRecord, delivery: Delivery) -> object:
    """Return the state, the codes and the sources that heat, without numbers."""
    messages = ((part.code, part.values.get("source")) for part in (*record.reasons, *record.limits, *record.notes))
    heating = tuple(share.source_id for share in record.mix if share.heat_w > 0)
    delivering = tuple((part.source_id, part.is_heating) for part in delivery.sources)
    return record.state, record.control_mode, tuple(messages), heating, delivering


def _quantities(record: DecisionRecord, delivery: Delivery) -> Iterator[tuple[tuple[str, ...], tuple[str, float]]]:
    yield ("room",), ("°C", record.room_c)
    yield ("outdoor",), ("°C", record.outdoor_c)
    yield ("flow",), ("K", record.flow_c)
    yield ("demand",), ("W", record.demand_w)
    yield ("cost",), ("/h", record.cost_h)
    yield ("worth",), ("/kWh", record.heat_value_kwh)
    for share in record.mix:
        yield ("heat", share.source_id), ("W", share.heat_w)
        yield ("power", share.source_id), ("W", share.power_w)
        yield ("price", share.source_id), ("/kWh", share.price_kwh)
    for part in delivery.sources:
        yield ("delivered", part.source_id), ("W", part.heat.watts)
        yield ("drawn", part.source_id), ("W", part.power.watts)
    for message in (*record.reasons, *record.limits, *record.notes):
        for name, value in message.values.items():
            if isinstance(value, int | float):
                yield ("message", str(message.code), str(message.values.get("source")), name), ("", float(value))


def _differ(before: Quantities, now: Quantities) -> bool:
    return before.keys() != now.keys() or any(
        _moved(unit, before[key][1], now[key][1]) for key, (unit, _) in now.items()
    )


def _moved(unit: str, before: float, now: float) -> bool:
    """Return whether a value moved by more than a tenth and by more than the step of its unit."""
    if not math.isfinite(before) or not math.isfinite(now):
        return math.isfinite(before) is not math.isfinite(now)
    relative = 0.0 if unit in ("°C", "K") else _RELATIVE * max(abs(before), abs(now))
    return abs(now - before) > max(_STEPS[unit], relative)
