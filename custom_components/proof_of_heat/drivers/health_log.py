"""The health of sources: its reason and its log lines."""

from collections.abc import Callable
from dataclasses import replace
import logging
from typing import Final

from .._lib.heat_source import FaultReason, Health, SourceState

_LOGGER = logging.getLogger(__name__)

_REPEAT_S: Final = 3600.0
_FAULTS: Final = {
    Health.DEGRADED: "%s has a problem: %s",
    Health.FAILING: "%s is unavailable: %s",
    Health.AUTH: "%s rejected the authentication: %s",
    Health.LIMITED: "%s is not updated because of a call limit: %s",
}


def with_reason(state: SourceState) -> SourceState:
    """Return a state whose fault has a reason."""
    if state.health == Health.OK or state.reason is not None:
        return state
    is_answer = state.health == Health.DEGRADED
    return replace(state, reason=FaultReason.DEVICE_FAULT if is_answer else FaultReason.NO_RESPONSE)


class HealthLog:
    """Logs changes of the health of a source.

    A source that can be read but not commanded is available again after each reading. The same fault is a warning only
    once an hour.
    """

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        """`name` is that of the source, `clock` returns monotonic seconds."""
        self._name = name
        self._clock = clock
        self._warned: dict[tuple[Health, str], float] = {}
        self._is_repeated = False

    def __call__(self, state: SourceState) -> None:
        """Log that the health has changed to that of `state`."""
        if state.health == Health.OK:
            _LOGGER.log(logging.DEBUG if self._is_repeated else logging.INFO, "%s is available again", self._name)
            return
        now, fault = self._clock(), (state.health, state.detail)
        self._warned = {known: at for known, at in self._warned.items() if now - at < _REPEAT_S}
        self._is_repeated = fault in self._warned
        if not self._is_repeated:
            self._warned[fault] = now
        level = logging.DEBUG if self._is_repeated else logging.WARNING
        _LOGGER.log(level, _FAULTS[state.health], self._name, state.detail or "no details")
