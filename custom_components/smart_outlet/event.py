"""Event entities: every alert, of the hub and of each outlet."""

from functools import partial
from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import Follow, SmartOutletConfigEntry
from .entity import HubEntity, OutletEntity, add_outlet_entities
from .model.alerts import Alert, AlertKind
from .model.cut import CutRun, CutState

PARALLEL_UPDATES = 0

OUTLET_ALERT: Final = EventEntityDescription(
    key="alert",
    event_types=[
        AlertKind.COMMAND_FAILED,
        AlertKind.OFFLINE,
        AlertKind.OVERLOAD,
        AlertKind.THRESHOLD,
        AlertKind.THRESHOLD_MISMATCH,
    ],
)
HUB_ALERT: Final = EventEntityDescription(
    key="alert",
    event_types=[AlertKind.CUT_INCOMPLETE, AlertKind.MAIN_THRESHOLD, AlertKind.OFFLINE],
)
CUT_TYPES: Final = ("complete", "incomplete")
POWER_CUT: Final = EventEntityDescription(key="power_cut", event_types=list(CUT_TYPES))


async def async_setup_entry(
    hass: HomeAssistant, entry: SmartOutletConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the alerts of the hub and of its outlets."""
    running = entry.runtime_data
    async_add_entities([HubAlert(running, HUB_ALERT), PowerCut(running, POWER_CUT)])
    add_outlet_entities(entry, async_add_entities, lambda hub, outlet: [OutletAlert(hub, outlet, OUTLET_ALERT)])


class _AlertEvent(EventEntity):
    """Writes each alert at once, past the publisher: two of them are two states."""

    @callback
    def show(self, alert: Alert) -> None:
        """Show one alert."""
        details = alert.as_dict()
        kept = {name: details[name] for name in ("id", "socket", "message", "value", "limit")}
        self._trigger_event(alert.kind.value, kept)
        self.async_write_ha_state()


class OutletAlert(OutletEntity, _AlertEvent):
    """Alerts of an outlet."""

    follow = Follow.NEVER

    @property
    @override
    def available(self) -> bool:
        """Always: that it is offline is one of them."""
        return True

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the alerts."""
        await super().async_added_to_hass()
        self.running.alert_listeners.append(self._on_alert)
        self.async_on_remove(partial(self.running.alert_listeners.remove, self._on_alert))

    @callback
    def _on_alert(self, alert: Alert) -> None:
        if alert.place.device_id == self.outlet.device_id:
            self.show(alert)


class HubAlert(HubEntity, _AlertEvent):
    """Alerts of the hub itself."""

    follow = Follow.NEVER

    @property
    @override
    def available(self) -> bool:
        """Always: that it is offline is one of them."""
        return True

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the alerts."""
        await super().async_added_to_hass()
        self.running.alert_listeners.append(self._on_alert)
        self.async_on_remove(partial(self.running.alert_listeners.remove, self._on_alert))

    @callback
    def _on_alert(self, alert: Alert) -> None:
        if alert.place.device_id is None:
            self.show(alert)


class PowerCut(HubEntity, EventEntity):
    """A power cut that has nothing pending any more."""

    follow = Follow.NEVER

    @property
    @override
    def available(self) -> bool:
        """Always: outlets that cannot be reached are what it tells."""
        return True

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the cuts."""
        await super().async_added_to_hass()
        self.running.cut_listeners.append(self._on_cut)
        self.async_on_remove(partial(self.running.cut_listeners.remove, self._on_cut))

    @callback
    def _on_cut(self, run: CutRun) -> None:
        complete, incomplete = CUT_TYPES
        report = run.report()
        del report["finished"], report["pending"]
        self._trigger_event(incomplete if run.targets(CutState.UNREACHABLE) else complete, report)
        self.async_write_ha_state()
