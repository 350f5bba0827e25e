"""Log lines about the health of sources."""

import logging
from typing import Final

from .._lib.heat_source import Health, SourceState

_LOGGER = logging.getLogger(__name__)

_FAULTS: Final = {
    Health.DEGRADED: "%s has a problem: %s",
    Health.FAILING: "%s is unavailable: %s",
    Health.AUTH: "%s rejected the authentication: %s",
    Health.LIMITED: "%s is not updated because of a call limit: %s",
}


def log_health(name: str, state: SourceState) -> None:
    """Log that the health of a source has changed."""
    if state.health == Health.OK:
        _LOGGER.info("%s is available again", name)
    else:
        _LOGGER.warning(_FAULTS[state.health], name, state.detail or "no details")
