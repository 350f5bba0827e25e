"""Actions: cut all power, list and dismiss alerts."""

import asyncio
from contextlib import suppress
from typing import Any, Final

from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import (
    Context,
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_config_entry
import probatio as vol

from .access import alert_entity, async_require, cut_entity
from .const import DOMAIN
from .coordinator import RunningHub, SmartOutletConfigEntry
from .hubs import HUBS
from .model.alerts import Alert
from .model.cut import CutRun
from .snapshot import timestamp

SERVICE_CUT_ALL_POWER: Final = "cut_all_power"
SERVICE_DISMISS_ALERT: Final = "dismiss_alert"
SERVICE_LIST_ALERTS: Final = "list_alerts"
ATTR_ALERT_ID: Final = "alert_id"
ATTR_INCLUDE_DISMISSED: Final = "include_dismissed"
ATTR_INCLUDE_PROTECTED: Final = "include_protected"
ATTR_WAIT: Final = "wait"

_HUB: Final = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}
_CUT_SCHEMA: Final = vol.Schema(
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
    """Register the actions; once per start."""
    services = hass.services
    services.async_register(
        DOMAIN,
        SERVICE_CUT_ALL_POWER,
        _async_cut,
        schema=_CUT_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
    services.async_register(
        DOMAIN, SERVICE_LIST_ALERTS, _async_list, schema=_LIST_SCHEMA, supports_response=SupportsResponse.ONLY
    )
    services.async_register(DOMAIN, SERVICE_DISMISS_ALERT, _async_dismiss, schema=_DISMISS_SCHEMA)


def _meant(call: ServiceCall) -> list[RunningHub]:
    """The hubs that an action is about: the one that is named, or all that run.

    Raises:
        ServiceValidationError: it is not there or not set up.
    """
    if (entry_id := call.data.get(ATTR_CONFIG_ENTRY_ID)) is None:
        return list(call.hass.data[HUBS].running.values())
    entry: SmartOutletConfigEntry = async_get_config_entry(call.hass, DOMAIN, entry_id)
    return [entry.runtime_data]


# The power cut


async def _async_cut(call: ServiceCall) -> ServiceResponse:
    """Cut at once everywhere; then wait for the confirmations, never longer than asked."""
    hubs = _meant(call)
    for hub in hubs:
        await async_require(call.hass, call.context, cut_entity(call.hass, hub), POLICY_CONTROL)
    reports = await async_cut(hubs, include_protected=call.data[ATTR_INCLUDE_PROTECTED], wait_s=call.data[ATTR_WAIT])
    return {"hubs": reports}


async def async_cut(hubs: list[RunningHub], *, include_protected: bool, wait_s: float) -> list[Any]:
    """Cut the power of several hubs at the same time and report what each socket did."""
    loop = asyncio.get_running_loop()
    until = loop.time() + wait_s
    done = [_Finished(hub) for hub in hubs]
    try:
        runs = await asyncio.gather(*(hub.async_cut(include_protected=include_protected) for hub in hubs))
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await asyncio.gather(*(each.wait(run) for each, run in zip(done, runs, strict=True)))
    finally:
        for each in done:
            each.close()
    return [
        {"entry_id": hub.entry.entry_id, "name": hub.entry.title} | run.report()
        for hub, run in zip(hubs, runs, strict=True)
    ]


class _Finished:
    """Waits until a hub's cut has nothing pending."""

    def __init__(self, hub: RunningHub) -> None:
        self._event = asyncio.Event()
        self._hub = hub
        hub.cut_listeners.append(self._told)

    def _told(self, _run: CutRun) -> None:
        self._event.set()

    async def wait(self, run: CutRun) -> None:
        """Return when the run is finished."""
        while run.finished is None:
            self._event.clear()
            await self._event.wait()

    def close(self) -> None:
        """Stop to listen."""
        self._hub.cut_listeners.remove(self._told)


# Alerts


async def _async_list(call: ServiceCall) -> ServiceResponse:
    alerts: list[Any] = []
    for hub in _meant(call):
        if not await _may(call.hass, call.context, hub, POLICY_READ):
            continue
        alerts += [
            alert_json(hub, alert)
            for alert in hub.hub.alerts.all()
            if call.data[ATTR_INCLUDE_DISMISSED] or not alert.dismissed
        ]
    alerts.sort(key=lambda alert: alert["created"], reverse=True)
    return {"alerts": alerts}


async def _may(hass: HomeAssistant, context: Context, hub: RunningHub, policy: str) -> bool:
    try:
        await async_require(hass, context, alert_entity(hass, hub), policy)
    except Unauthorized:
        return False
    return True


def alert_json(hub: RunningHub, alert: Alert) -> dict[str, Any]:
    """An alert as the action, the websocket and the card have it."""
    outlet = hub.hub.outlets.get(alert.place.device_id or "")
    return alert.as_dict() | {
        "entry_id": hub.entry.entry_id,
        "hub": hub.entry.title,
        "outlet": outlet.config.name if outlet is not None else None,
        "created": timestamp(alert.created),
        "cleared": timestamp(alert.cleared),
    }


async def _async_dismiss(call: ServiceCall) -> None:
    hubs = _meant(call)
    for hub in hubs:
        await async_require(call.hass, call.context, alert_entity(call.hass, hub))
    await async_dismiss(hubs, call.data.get(ATTR_ALERT_ID))


async def async_dismiss(hubs: list[RunningHub], alert_id: str | None) -> None:
    """Dismiss one alert, or all; on disk when this returns.

    Raises:
        ServiceValidationError: there is no alert of that id.
    """
    found = False
    for hub in hubs:
        log = hub.hub.alerts
        ids = [alert.id for alert in log.all()] if alert_id is None else [alert_id]
        dismissed = [ident for ident in ids if log.dismiss(ident)]
        if dismissed:
            found = True
            await hub.async_commit()
    if alert_id is not None and not found:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="no_such_alert",
            translation_placeholders={"alert_id": alert_id},
        )
