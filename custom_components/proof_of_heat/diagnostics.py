"""Diagnostics of a heating system, without secrets."""

from dataclasses import asdict
from typing import Any, Final

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.const import CONF_HOST, CONF_PASSWORD
from homeassistant.core import HomeAssistant

from ._lib.last_messages import RawMessage, shown_messages
from ._lib.redaction import secrets_in
from .config_transfer import redact_options
from .data import HeatConfigEntry, HeatingSystem
from .drivers.modbus.source import ModbusSource
from .sources import registry
from .sources.managed_source import ManagedSource

_REDACTED_EVERYWHERE: Final = {CONF_HOST, CONF_PASSWORD, "mac", "unique_id"}
_DECISIONS: Final = 20


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: HeatConfigEntry) -> dict[str, Any]:
    """Return the configuration, the state of the sources and the last decisions."""
    redacted = _REDACTED_EVERYWHERE | registry.redacted()
    system: HeatingSystem | None = getattr(entry, "runtime_data", None)
    diagnostics: dict[str, Any] = {
        "data": async_redact_data(dict(entry.data), redacted),
        "options": async_redact_data(redact_options(entry.options), redacted),
        "subentries": [
            {
                "type": item.subentry_type,
                "title": item.title,
                "data": async_redact_data(dict(item.data), redacted),
            }
            for item in entry.subentries.values()
        ],
    }
    if system is None:
        return diagnostics
    engine = system.engine
    raw = {managed.name: managed.poller.messages.newest() for managed in system.sources.values()}
    raw |= {meter.title: meter.messages.newest() for meter in system.meters}
    known = {*secrets_in(dict(entry.data)), *secrets_in(dict(entry.options))}
    known.update(*(secrets_in(dict(item.data)) for item in entry.subentries.values()))
    return {
        **diagnostics,
        "active": system.user.active,
        "wanted": system.user.dump(),
        "sources": [_source(managed) for managed in system.sources.values()],
        "decisions": list(system.journal.rows)[-_DECISIONS:],
        "last_messages": await hass.async_add_executor_job(_shown, raw, known),
        "engine": {
            "history_hours": round(engine.history.hours, 1),
            "trusted": engine.predicting,
            "errors_k": list(engine.learned.errors_k) if engine.learned else [],
        },
    }


def _shown(raw: dict[str, list[RawMessage]], known: set[str]) -> dict[str, Any]:
    """Return the raw messages by source or meter, redacted."""
    return {name: shown_messages(messages, known) for name, messages in raw.items()}


def _source(managed: ManagedSource) -> dict[str, Any]:
    state, capabilities = managed.source.state, managed.source.capabilities
    budget = managed.budget.state() if managed.budget else None
    return {
        "name": managed.name,
        "kind": managed.type_key,
        "health": state.health,
        "detail": state.detail,
        "at": state.at.isoformat(),
        "state": {key: value for key, value in asdict(state).items() if key not in ("at", "detail", "health")},
        "capabilities": asdict(capabilities) | {"controls": sorted(capabilities.controls)},
        "failures": managed.poller.failures,
        "writes_today": managed.source.writes_today if isinstance(managed.source, ModbusSource) else None,
        "restarts": managed.poller.restarts,
        "last_command": None
        if managed.last_result is None
        else {"outcome": managed.last_result.outcome, "detail": managed.last_result.detail},
        "budget": None if budget is None else {"used": budget.used_day, "limit": budget.limit_day},
    }
