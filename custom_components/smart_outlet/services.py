"""Actions: switch everything off, list and dismiss alerts, correct energy statistics."""

import asyncio
from contextlib import suppress
from typing import Any, Final

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_config_entry
import probatio as vol

from ._lib.archive_access import async_reader
from ._lib.energy_dashboard import EnergyRoles, async_register_energy_action
from ._lib.energy_statistics import async_register_correct_energy
from .const import CONF_DEVICE_ID, CONF_PROTECTED, DOMAIN
from .data import HubData, SmartOutletConfigEntry
from .domain.parts import DOMAIN_PARTS
from .model.alerts import Alert
from .model.commands import SOCKETS
from .model.power_off import EmergencyPowerOff
from .permissions import alert_entity, async_require, power_off_entity
from .status import timestamp

SERVICE_CUT_ALL_POWER: Final = "cut_all_power"
"""Former name of ``switch_everything_off``, for existing automations."""
SERVICE_DISMISS_ALERT: Final = "dismiss_alert"
SERVICE_LIST_ALERTS: Final = "list_alerts"
SERVICE_SWITCH_EVERYTHING_OFF: Final = "switch_everything_off"
ATTR_ALERT_ID: Final = "alert_id"
ATTR_INCLUDE_DISMISSED: Final = "include_dismissed"
ATTR_INCLUDE_PROTECTED: Final = "include_protected"
ATTR_WAIT: Final = "wait"

_MAX_KW: Final = 20.0
"""More than the currents that an outlet or a Central Control Unit can report."""
_POWER_KEYS: Final = {
    "energy_a": ("power_a", False),
    "energy_b": ("power_b", False),
    "main_energy": ("main_power", False),
}
_HUB: Final = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}
_POWER_OFF_SCHEMA: Final = vol.Schema(
    {
        **_HUB,
        vol.Optional(ATTR_INCLUDE_PROTECTED, default=False): cv.boolean,
        vol.Optional(ATTR_WAIT, default=5): vol.All(vol.Coerce(float), vol.Range(min=0, max=30)),
    }
)
_LIST_SCHEMA: Final = vol.Schema({**_HUB, vol.Optional(ATTR_INCLUDE_DISMISSED, default=False): cv.boolean})
_DISMISS_SCHEMA: Final = vol.Schema({**_HUB, vol.Optional(ATTR_ALERT_ID): cv.string})


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    async_register_energy_action(hass, DOMAIN, EnergyRoles(parts=("energy_a", "energy_b")))
    services = hass.services
    for name in (SERVICE_SWITCH_EVERYTHING_OFF, SERVICE_CUT_ALL_POWER):
        services.async_register(
            DOMAIN,
            name,
            _async_handle_power_off,
            schema=_POWER_OFF_SCHEMA,
            supports_response=SupportsResponse.OPTIONAL,
        )
    services.async_register(
        DOMAIN, SERVICE_LIST_ALERTS, _async_handle_list, schema=_LIST_SCHEMA, supports_response=SupportsResponse.ONLY
    )
    services.async_register(DOMAIN, SERVICE_DISMISS_ALERT, _async_handle_dismiss, schema=_DISMISS_SCHEMA)
    async_register_correct_energy(hass, DOMAIN, _POWER_KEYS, max_kw=_MAX_KW)


def _target_hubs(call: ServiceCall) -> list[HubData]:
    """Return the hub of the given config entry, or all loaded hubs.

    Raises:
        ServiceValidationError: The config entry does not exist or is not loaded.
    """
    if (entry_id := call.data.get(ATTR_CONFIG_ENTRY_ID)) is None:
        return list(call.hass.data[DOMAIN_PARTS].directory.hubs.values())
    entry: SmartOutletConfigEntry = async_get_config_entry(call.hass, DOMAIN, entry_id)
    return [entry.runtime_data]


# Emergency power-off


async def _async_handle_power_off(call: ServiceCall) -> ServiceResponse:
    hubs = _target_hubs(call)
    if not hubs:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_hub")
    for hub in hubs:
        await async_require(call.hass, call.context, power_off_entity(call.hass, hub), POLICY_CONTROL)
    include_protected = call.data[ATTR_INCLUDE_PROTECTED]
    reports = await async_switch_everything_off(hubs, include_protected=include_protected, wait_s=call.data[ATTR_WAIT])
    if ATTR_CONFIG_ENTRY_ID not in call.data:
        reports += not_loaded_reports(call.hass, include_protected=include_protected)
    return {"hubs": reports}


async def async_switch_everything_off(hubs: list[HubData], *, include_protected: bool, wait_s: float) -> list[Any]:
    """Switch off the sockets of several hubs at once and return the result of each socket.

    Args:
        hubs: The hubs.
        include_protected: Switch off protected sockets too.
        wait_s: Maximum time to wait for confirmations.
    """
    deadline = asyncio.get_running_loop().time() + wait_s
    waiters = [_FinishWaiter(hub) for hub in hubs]
    try:
        power_offs = await asyncio.gather(
            *(hub.commands.async_switch_everything_off(include_protected=include_protected) for hub in hubs)
        )
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                await asyncio.gather(
                    *(waiter.wait(power_off) for waiter, power_off in zip(waiters, power_offs, strict=True))
                )
    finally:
        for waiter in waiters:
            waiter.close()
    return [
        {"entry_id": hub.info.entry_id, "name": hub.info.title} | power_off.report()
        for hub, power_off in zip(hubs, power_offs, strict=True)
    ]


def not_loaded_reports(hass: HomeAssistant, *, include_protected: bool) -> list[Any]:
    """Return the results of the hubs that are not loaded: nothing was sent to their sockets."""
    hubs = hass.data[DOMAIN_PARTS].directory.hubs
    reports: list[Any] = []
    for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False, include_disabled=False):
        if entry.entry_id in hubs:
            continue
        report: dict[str, Any] = {"confirmed": [], "pending": [], "protected": [], "unreachable": []}
        for outlet in entry.subentries.values():
            device_id, protected = outlet.data[CONF_DEVICE_ID], outlet.data.get(CONF_PROTECTED, ())
            for socket in SOCKETS:
                result = "protected" if socket in protected and not include_protected else "unreachable"
                report[result].append(f"{device_id}/{socket}")
        reports.append({"entry_id": entry.entry_id, "name": entry.title, "id": None, "finished": True} | report)
    return reports


class _FinishWaiter:
    """Waits until the emergency power-off of a hub is finished."""

    def __init__(self, hub: HubData) -> None:
        self._event = asyncio.Event()
        self._listeners = hub.notifier.power_off_listeners
        self._listeners.append(self._on_finished)

    def _on_finished(self, _power_off: EmergencyPowerOff) -> None:
        self._event.set()

    async def wait(self, power_off: EmergencyPowerOff) -> None:
        """Return when the power-off is finished."""
        while power_off.finished is None:
            self._event.clear()
            await self._event.wait()

    def close(self) -> None:
        """Unsubscribe."""
        self._listeners.remove(self._on_finished)


# Alerts


async def _async_handle_list(call: ServiceCall) -> ServiceResponse:
    reader = await async_reader(call.hass, call.context)
    hubs = [hub for hub in _target_hubs(call) if reader.may_read(alert_entity(call.hass, hub))]
    return {"alerts": alerts_json(hubs, include_dismissed=call.data[ATTR_INCLUDE_DISMISSED])}


def alerts_json(hubs: list[HubData], *, include_dismissed: bool) -> list[Any]:
    """Return the alerts of several hubs as the action and the WebSocket API return them, newest first."""
    alerts = [
        _alert_json(hub, alert)
        for hub in hubs
        for alert in hub.model.alerts.all()
        if include_dismissed or not alert.dismissed
    ]
    return sorted(alerts, key=lambda alert: alert["created"], reverse=True)


def _alert_json(hub: HubData, alert: Alert) -> dict[str, Any]:
    outlet = hub.model.outlets.get(alert.source.device_id or "")
    return hub.alerts.as_dict(alert) | {
        "entry_id": hub.info.entry_id,
        "hub": hub.info.title,
        "outlet": outlet.settings.name if outlet is not None else None,
        "created": timestamp(alert.created),
        "cleared": timestamp(alert.cleared),
    }


async def _async_handle_dismiss(call: ServiceCall) -> None:
    hubs = _target_hubs(call)
    for hub in hubs:
        await async_require(call.hass, call.context, alert_entity(call.hass, hub))
    await async_dismiss_alerts(hubs, call.data.get(ATTR_ALERT_ID))


async def async_dismiss_alerts(hubs: list[HubData], alert_id: str | None) -> None:
    """Dismiss one alert or all; the change is on disk on return, or as soon as the disk accepts it.

    Raises:
        ServiceValidationError: There is no alert with this ID.
    """
    found = False
    for hub in hubs:
        log = hub.model.alerts
        alert_ids = [alert.id for alert in log.all()] if alert_id is None else [alert_id]
        dismissed = [each for each in alert_ids if log.dismiss(each)]
        if dismissed:
            found = True
            await hub.store.async_save_or_retry()
    if alert_id is not None and not found:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="unknown_alert",
            translation_placeholders={"alert_id": alert_id},
        )
