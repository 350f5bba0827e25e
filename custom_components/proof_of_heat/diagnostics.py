"""Diagnostics: what helps to find a fault, without secrets."""

from dataclasses import asdict
from typing import Any, Final

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.core import HomeAssistant

from .config_transfer import without_keys
from .coordinator import HeatConfigEntry, HeatingSystem, SourceUnit
from .drivers.modbus.source import ModbusSource

_REDACTED: Final = {
    "address",
    "api_key",
    "api_secret",
    "client_id",
    "gateway",
    "host",
    "installation",
    "mac",
    "organisation",
    "password",
    "refresh_token",
    "serial",
    "token",
    "unique_id",
    "username",
}
_DECISIONS: Final = 20


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: HeatConfigEntry) -> dict[str, Any]:
    """Settings, sources, the last decisions."""
    system: HeatingSystem | None = getattr(entry, "runtime_data", None)
    found: dict[str, Any] = {
        "data": async_redact_data(dict(entry.data), _REDACTED),
        "options": async_redact_data(without_keys(entry.options), _REDACTED),
        "subentries": [
            {
                "type": item.subentry_type,
                "title": item.title,
                "data": async_redact_data(dict(item.data), _REDACTED),
            }
            for item in entry.subentries.values()
        ],
    }
    if system is None:
        return found
    engine = system.engine
    return {
        **found,
        "active": system.wanted.active,
        "wanted": system.wanted.dump(),
        "sources": [_source(unit) for unit in system.units.values()],
        "decisions": list(system.decisions)[-_DECISIONS:],
        "engine": {
            "history_hours": round(engine.history.hours, 1),
            "trusted": engine.predicting,
            "errors_k": list(engine.learned.errors_k) if engine.learned else [],
        },
    }


def _source(unit: SourceUnit) -> dict[str, Any]:
    state = unit.source.state
    budget = unit.budget.state() if unit.budget else None
    return {
        "name": unit.name,
        "kind": unit.kind,
        "health": state.health,
        "detail": state.detail,
        "at": state.at.isoformat(),
        "state": {key: value for key, value in asdict(state).items() if key not in ("at", "detail", "health")},
        "capabilities": asdict(unit.source.capabilities) | {"controls": sorted(unit.source.capabilities.controls)},
        "failures": unit.poller.failures,
        "writes_today": unit.source.writes_today if isinstance(unit.source, ModbusSource) else None,
        "restarts": unit.poller.restarts,
        "last_command": None
        if unit.outcome is None
        else {"outcome": unit.outcome.outcome, "detail": unit.outcome.detail},
        "budget": None if budget is None else {"used": budget.used_day, "limit": budget.limit_day},
    }
