"""Diagnostics: everything that helps, nothing that identifies. Serial numbers are replaced throughout."""

from typing import Any, Final

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.core import HomeAssistant

from .const import CONF_ACCESS_KEY, CONF_DEVICE_SN, CONF_SECRET_KEY
from .coordinator import EcoflowConfigEntry, EcoflowCoordinator

TO_REDACT: Final = {CONF_ACCESS_KEY, CONF_SECRET_KEY, CONF_DEVICE_SN, "unique_id"}
# Wire names whose values are serial numbers, addresses or places.
_PRIVATE: Final = ("sn", "mac", "ip", "town", "country", "ssid", "productinfodetails", "kitinfo", "meshid", "chname")


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: EcoflowConfigEntry) -> dict[str, Any]:
    """Return what is known of an account, a half-loaded one too."""
    coordinator: EcoflowCoordinator | None = getattr(entry, "runtime_data", None)
    return {
        "entry": async_redact_data(
            {"data": dict(entry.data), "options": dict(entry.options), "unique_id": entry.unique_id}, TO_REDACT
        ),
        "subentries": [async_redact_data(dict(subentry.data), TO_REDACT) for subentry in entry.subentries.values()],
        "account": None if coordinator is None else _account(coordinator),
        "devices": [] if coordinator is None else _devices(coordinator),
    }


def _account(coordinator: EcoflowCoordinator) -> dict[str, Any]:
    client = coordinator.client
    link = client.link
    return {
        "last_update_success": coordinator.last_update_success,
        "requests": client.rest.requests,
        "clock_offset_s": round(client.rest.clock_offset_s),
        "broker": None
        if link is None
        else {
            "state": link.state,
            "connects": link.connects,
            "dropped": link.dropped,
            "unreadable": link.unreadable,
            "failed": link.failed,
        },
        "states_offered": coordinator.publisher.counters.offered,
        "states_written": coordinator.publisher.counters.written,
        "surplus": [
            {"reason": surplus.decision.reason, "writes": surplus.writes, **surplus.inputs}
            for surplus in coordinator.surplus.values()
        ],
    }


def _devices(coordinator: EcoflowCoordinator) -> list[dict[str, Any]]:
    """All devices; one may name others, so all serial numbers are taken out of each."""
    sns = tuple(coordinator.client.states)
    return [_without(_device(coordinator, sn), sns) for sn in sns]


def _device(coordinator: EcoflowCoordinator, sn: str) -> dict[str, Any]:
    client = coordinator.client
    state, family = client.states[sn], coordinator.family(sn)
    return {
        "serial_prefix": sn[:4],
        "product": state.device.product,
        "family": family.name,
        "online": state.online,
        "fresh": client.is_fresh(sn),
        "messages": {name: getattr(state.counters, name) for name in ("mqtt", "http", "late", "empty")},
        "error": type(client.errors[sn]).__name__ if sn in client.errors else None,
        "entities": {key: value for key, value, _ in family.decode(state.values)},
        "values": dict(sorted(state.values.items())),
    }


def _without(value: Any, sns: tuple[str, ...]) -> Any:
    """Return a value without private names and serial numbers, however deep they lie."""
    match value:
        case dict():
            return {
                name: _without(inner, sns)
                for name, inner in value.items()
                if not _is_private(name) and not any(sn in name for sn in sns)
            }
        case list():
            return [_without(item, sns) for item in value]
        case str() if any(sn in value for sn in sns):
            return REDACTED
    return value


def _is_private(name: str) -> bool:
    last = name.rpartition(".")[2].lower()
    return last.endswith(_PRIVATE) or last.startswith(("packsn", "wifi_ssid"))
