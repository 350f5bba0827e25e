"""Poll the release sources of a config entry, each at its own interval and with backoff after failures."""

from datetime import datetime
from functools import partial
import logging
import random
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later

from .. import repairs
from .._lib.backoff import RetryPolicy
from ..const import SUBENTRY_SOURCE
from ..rollout.errors import OtaError
from .source_client import ReleaseSource, SourceClient

_LOGGER = logging.getLogger(__name__)

_FIRST_POLL_S: Final = 20.0
_FIRST_RETRY_S: Final = 600.0
_FAILURES_BEFORE_ISSUE: Final = 3


class SourcePoller:
    """Polls all release sources."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, client: SourceClient) -> None:
        """Create the poller; `start` begins to poll."""
        self.client = client
        self._hass = hass
        self._entry = entry
        self._timers: dict[str, CALLBACK_TYPE] = {}
        self._failures: dict[str, int] = {}
        self.last_error: dict[str, str] = {}

    @callback
    def start(self) -> None:
        """Start to poll until the entry is unloaded."""
        self._entry.async_on_unload(self.stop)
        self.sync()

    @callback
    def stop(self) -> None:
        """Stop polling."""
        for cancel in self._timers.values():
            cancel()
        self._timers.clear()

    @callback
    def sync(self) -> None:
        """Follow the subentries: poll new sources soon, stop polling removed ones."""
        sources = {
            subentry.subentry_id
            for subentry in self._entry.subentries.values()
            if subentry.subentry_type == SUBENTRY_SOURCE
        }
        for source_id in self._timers.keys() - sources:
            self._timers.pop(source_id)()
            self._clear_failures(source_id)
        for source_id in sources - self._timers.keys():
            self._schedule(source_id, _FIRST_POLL_S)

    def _schedule(self, source_id: str, seconds: float) -> None:
        delay = seconds * random.uniform(0.9, 1.1)
        self._timers[source_id] = async_call_later(self._hass, delay, partial(self._async_poll, source_id))

    async def _async_poll(self, source_id: str, _: datetime) -> None:
        subentry = self._entry.subentries.get(source_id)
        if subentry is None:
            return
        source = ReleaseSource.from_subentry(subentry.data)
        try:
            await self.client.async_pull(source)
        except (OtaError, HomeAssistantError) as err:
            self._on_failure(source_id, subentry.title, str(err))
        else:
            if self._clear_failures(source_id):
                _LOGGER.info("%s: release source is available again", subentry.title)
        if source_id in self._timers:
            failures = self._failures.get(source_id, 0)
            retry = RetryPolicy(min(_FIRST_RETRY_S, source.interval_s), source.interval_s, jitter=(1.0, 1.0))
            self._schedule(source_id, retry.delay_s(failures) or source.interval_s)

    def _on_failure(self, source_id: str, title: str, error: str) -> None:
        failures = self._failures[source_id] = self._failures.get(source_id, 0) + 1
        self.last_error[source_id] = error
        if failures == 1:
            _LOGGER.warning("%s: reading the release source failed: %s", title, error)
        if failures == _FAILURES_BEFORE_ISSUE:
            repairs.create_source_issue(self._hass, source_id, title, error)

    def _clear_failures(self, source_id: str) -> bool:
        """Return whether the source had failed before."""
        self.last_error.pop(source_id, None)
        repairs.delete_source_issue(self._hass, source_id)
        return bool(self._failures.pop(source_id, 0))
