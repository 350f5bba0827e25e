"""The controllers as heat sources of proof_of_heat."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final, override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ._lib.heat_source import (
    Capabilities,
    Command,
    CommandResult,
    Control,
    Health,
    HeatSource,
    Outcome,
    SourceKind,
    SourceState,
    Unsubscribe,
)
from .const import DOMAIN
from .data import IotHeatingConfigEntry, IotHeatingData
from .protocol.configuration import Force, Override, curve_value_for
from .protocol.fields import FLOW_SETPOINT, RETURN
from .runtime.change_listeners import CHANGE_LISTENERS
from .runtime.command_dispatcher import COMMAND_OF, confirmed_force, pending_force
from .runtime.controller import ALL_TOPICS, Controller, Topic, subscribe
from .storage.device_records import ControllerKind, DeviceRecord

_TIMEOUT_S: Final = 10.0
_FLOW_RANGE_C: Final = (20.0, 55.0)
# A lease is renewed when less than this share of it is left.
_RENEW_AT: Final = 0.5


async def async_get_heat_sources(hass: HomeAssistant) -> list[HeatSource]:
    """Return the heat sources: one object per controller for its lifetime."""
    known = hass.data.setdefault(HEAT_SOURCES, {})
    entries: list[IotHeatingConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    sources: dict[str, ControllerHeatSource] = {}
    for entry in entries:
        data = entry.runtime_data
        for controller in data.hub.controllers.values():
            if not data.hub.is_controllable(controller):
                continue
            source = known.get(controller.subentry_id)
            if source is None or source.controller is not controller:
                source = ControllerHeatSource(hass, data, controller)
            sources[controller.subentry_id] = source
    known.clear()
    known.update(sources)
    return list(sources.values())


def async_subscribe_heat_sources(hass: HomeAssistant, listener: Callable[[], None]) -> Unsubscribe:
    """Call ``listener`` when controllers are added or removed."""
    return subscribe(hass.data[CHANGE_LISTENERS].heat_sources, listener)


class ControllerHeatSource(HeatSource):
    """A controller as a heat source: forced on or off, or its curve shifted to reach a flow temperature.

    A lease is an override with an end. It is part of the controller's configuration and ends there unless it is
    renewed.
    """

    def __init__(self, hass: HomeAssistant, data: IotHeatingData, controller: Controller) -> None:
        self._hass = hass
        self._building = data.building
        self._commands = data.commands
        self.controller = controller

    @property
    @override
    def source_id(self) -> str:
        """ID by the subentry, which is never reused."""
        return f"{DOMAIN}:{self.controller.subentry_id}"

    @property
    @override
    def name(self) -> str:
        """Name of the controller."""
        return self.controller.name

    @property
    @override
    def device_id(self) -> str | None:
        """ID in the device registry."""
        device = dr.async_get(self._hass).async_get_device_by_identifier(
            (DOMAIN, self.controller.subentry_id), self._building.entry_id
        )
        return device.id if device else None

    @property
    @override
    def capabilities(self) -> Capabilities:
        """On and off; controllers with a curve also accept a flow temperature."""
        linked = self.controller.kind is ControllerKind.LINKED
        energy = self.controller.energy
        return Capabilities(
            kind=SourceKind.DIRECT_ELECTRIC if linked else SourceKind.CONTROLLER,
            controls=frozenset({Control.ON_OFF}) if linked else frozenset({Control.ON_OFF, Control.FLOW}),
            max_power_w=energy.rated_w,
            min_flow_c=None if linked else _FLOW_RANGE_C[0],
            max_flow_c=None if linked else _FLOW_RANGE_C[1],
            reads_power=energy.power_entity is not None,
            settle_s=5.0 if linked else 3 * self.controller.interval_s,
            lease_in_device=self.controller.protocol >= 2,
        )

    @property
    @override
    def state(self) -> SourceState:
        """The last reported state."""
        controller = self.controller
        if not controller.online or controller.last_seen is None:
            at = controller.last_seen or dt_util.utcnow()
            return SourceState(at=at, health=Health.FAILING, detail="offline")
        return SourceState(
            at=controller.last_seen,
            health=Health.DEGRADED if controller.errors else Health.OK,
            detail=", ".join(str(error) for error in controller.errors[:3]),
            on=controller.heating,
            power_w=self._power_w(),
            flow_c=controller.flow_c,
            flow_setpoint_c=controller.values.get(FLOW_SETPOINT),
            return_c=controller.values.get(RETURN),
            outdoor_c=controller.outdoor_c,
            electricity_kwh=controller.tracker.total.energy_kwh,
        )

    def _power_w(self) -> float | None:
        """Return the power now; None while it is unknown whether it heats."""
        if not self.controller.heating:
            return None if self.controller.heating is None else 0.0
        return self.controller.energy.read(self._hass, self._building.options).power_w

    @override
    async def refresh(self) -> SourceState:
        """Return the last report: controllers call Home Assistant and cannot be polled."""
        return self.state

    @override
    async def apply(self, command: Command) -> CommandResult:
        """Change the controller's configuration; its next reports confirm the change."""
        controller = self.controller
        record = self._record
        if record is None:
            return self._result(command.id, Outcome.FAILED, "the controller was removed")
        now = dt_util.utcnow()
        current = record.override.at(now)
        override = self._override_for(command, current)
        if isinstance(override, str):
            return self._result(command.id, Outcome.REFUSED, override)
        lease = timedelta(seconds=command.lease_s)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                if (override.force, override.curve_value) == (current.force, current.curve_value):
                    await self._renew(record, lease)
                    return self._result(command.id, self._progress(record))
                if override.force is not current.force:
                    await self._commands.async_send(controller, COMMAND_OF[override.force], duration=lease)
                await self._set_override(replace(override, since=now, until=now + lease))
        except (HomeAssistantError, TimeoutError) as err:
            return self._result(command.id, Outcome.FAILED, str(err))
        return self._result(command.id, Outcome.PENDING)

    def _override_for(self, command: Command, current: Override) -> Override | str:
        """Return the override for a command, or the text of why it is refused."""
        if command.power_w is not None or command.mode is not None or command.slope is not None:
            return "only on, off and a flow temperature are supported"
        override = current
        if command.on is not None:
            override = replace(override, force=Force.ON if command.on else Force.OFF)
        if command.flow_c is not None:
            if self.controller.kind is ControllerKind.LINKED:
                return "a linked entity has no flow temperature"
            outdoor_c = self._building.outdoor_c
            if outdoor_c is None:
                return "the outdoor temperature is unknown"
            curve_value = curve_value_for(self._building.profile, command.flow_c, outdoor_c)
            override = replace(override, curve_value=curve_value)
        return override

    async def _renew(self, record: DeviceRecord, lease: timedelta) -> None:
        """Extend the lease once half of it has passed."""
        until = record.override.until
        now = dt_util.utcnow()
        if until is not None and until - now < _RENEW_AT * lease and not record.override.is_empty:
            await self._set_override(replace(record.override, until=now + lease))

    async def _set_override(self, override: Override) -> None:
        await self._commands.async_set_override(self.controller.device_id, override)

    def _progress(self, record: DeviceRecord) -> Outcome:
        return Outcome.PENDING if pending_force(record) is not None else Outcome.UNCHANGED

    @override
    async def release(self) -> CommandResult:
        """Release control: the controller heats by its profile again."""
        record = self._record
        now = dt_util.utcnow()
        if record is None or record.override.at(now).is_empty:
            return self._result("release", Outcome.UNCHANGED)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._commands.async_send(self.controller, COMMAND_OF[Force.AUTO])
        except (HomeAssistantError, TimeoutError) as err:
            return self._result("release", Outcome.FAILED, str(err))
        record = self._record
        done = record is not None and confirmed_force(record, now) is Force.AUTO and pending_force(record) is None
        return self._result("release", Outcome.APPLIED if done else Outcome.PENDING)

    @override
    def subscribe(self, listener: Callable[[], None]) -> Unsubscribe:
        """Call ``listener`` with each report, loss of connection and change of a command."""
        subscriptions = [self.controller.subscribe(topic, listener) for topic in ALL_TOPICS if topic is not Topic.USAGE]

        def unsubscribe() -> None:
            for end in subscriptions:
                end()

        return unsubscribe

    @property
    def _record(self) -> DeviceRecord | None:
        return self._commands.record(self.controller.device_id)

    def _result(self, command_id: str, outcome: Outcome, detail: str = "") -> CommandResult:
        return CommandResult(command_id=command_id, outcome=outcome, detail=detail, state=self.state)


HEAT_SOURCES: HassKey[dict[str, ControllerHeatSource]] = HassKey(f"{DOMAIN}_heat_sources")
