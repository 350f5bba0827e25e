"""The heat sources of this integration: its controllers, steered by proof_of_heat under a lease."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final, override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util

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
from .commands import NAME_OF, confirmed_force, pending_force
from .const import DOMAIN
from .controller import Controller, Topic, subscribe
from .coordinator import Building, IotHeatingConfigEntry
from .linked import commandable
from .protocol.control import Force, Override, curve_value_for
from .records import DeviceRecord, Kind
from .sources import SOURCES

_TIMEOUT_S: Final = 10.0
_FLOW_RANGE_C: Final = (20.0, 55.0)
_RENEW_AT: Final = 0.5


async def async_get_heat_sources(hass: HomeAssistant) -> list[HeatSource]:
    """The controllers that exist now; the same object for the same controller as long as it lives."""
    known = hass.data[SOURCES].known
    entries: list[IotHeatingConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    found: dict[str, ControllerSource] = {}
    for entry in entries:
        building = entry.runtime_data
        for controller in building.controllers.values():
            if controller.kind is Kind.LINKED and not commandable(hass, controller.device_id):
                continue
            source = known.get(controller.subentry_id)
            if not isinstance(source, ControllerSource) or source.controller is not controller:
                source = ControllerSource(building, controller)
            found[controller.subentry_id] = source
    known.clear()
    known.update(found)
    return list(found.values())


def async_subscribe_heat_sources(hass: HomeAssistant, listener: Callable[[], None]) -> Unsubscribe:
    """Call ``listener`` when controllers come or go."""
    return subscribe(hass.data[SOURCES].listeners, listener)


class ControllerSource(HeatSource):
    """One controller. It is forced on or off, or its curve is moved so that it gives a flow temperature.

    A lease is an override with an end: it is in the configuration that the controller gets, and ends there by
    itself when nobody renews it.
    """

    def __init__(self, building: Building, controller: Controller) -> None:
        self._building = building
        self.controller = controller

    @property
    @override
    def source_id(self) -> str:
        """By the subentry, which is never used again."""
        return f"{DOMAIN}:{self.controller.subentry_id}"

    @property
    @override
    def name(self) -> str:
        """What the user calls it."""
        return self.controller.name

    @property
    @override
    def device_id(self) -> str | None:
        """In the device registry."""
        device = dr.async_get(self._building.hass).async_get_device_by_identifier(
            (DOMAIN, self.controller.subentry_id), self._building.entry.entry_id
        )
        return device.id if device else None

    @property
    @override
    def capabilities(self) -> Capabilities:
        """On and off; a controller with a curve also takes a flow temperature."""
        linked = self.controller.kind is Kind.LINKED
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
        """What it last reported."""
        controller = self.controller
        if not controller.online or controller.last_seen is None:
            at = controller.last_seen or dt_util.utcnow()
            return SourceState(at=at, health=Health.FAILING, detail="does not call")
        setpoint = controller.extras.get("flow_setpoint")
        return SourceState(
            at=controller.last_seen,
            health=Health.DEGRADED if controller.errors else Health.OK,
            detail=", ".join(str(error) for error in controller.errors[:3]),
            on=controller.heating,
            power_w=self._power_w(),
            flow_c=controller.supply_c,
            flow_setpoint_c=setpoint if isinstance(setpoint, float) else None,
            return_c=_number(controller.extras.get("return_temp")),
            outdoor_c=controller.outdoor_c,
            electricity_kwh=controller.ledger.total.energy_kwh,
        )

    def _power_w(self) -> float | None:
        """What it draws; not known while nobody knows whether it heats."""
        if not self.controller.heating:
            return None if self.controller.heating is None else 0.0
        return self.controller.energy.reading(self._building.hass, self._building.options).power_w

    @override
    async def refresh(self) -> SourceState:
        """Controllers call us: the last report is the newest there is."""
        return self.state

    @override
    async def apply(self, command: Command) -> CommandResult:
        """Put the wish into the controller's configuration; it is confirmed by what the controller reports."""
        controller = self.controller
        record = self._record
        if record is None:
            return self._result(command.id, Outcome.FAILED, "the controller was removed")
        now = dt_util.utcnow()
        wanted = self._wanted(command, record.override.at(now))
        if isinstance(wanted, str):
            return self._result(command.id, Outcome.REFUSED, wanted)
        lease = timedelta(seconds=command.lease_s)
        current = record.override.at(now)
        same = (wanted.force, wanted.curve_value) == (current.force, current.curve_value)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                if same:
                    await self._renew(record, lease)
                    return self._result(command.id, self._progress(record))
                if wanted.force is not current.force:
                    await self._building.commands.async_send(controller, NAME_OF[wanted.force], duration=lease)
                await self._set(replace(wanted, since=now, until=now + lease))
        except (HomeAssistantError, TimeoutError) as err:
            return self._result(command.id, Outcome.FAILED, str(err))
        return self._result(command.id, Outcome.PENDING)

    def _wanted(self, command: Command, current: Override) -> Override | str:
        """The override that a command asks for; a text: why not."""
        if command.power_w is not None or command.mode is not None or command.slope is not None:
            return "takes on, off and a flow temperature only"
        wanted = current
        if command.on is not None:
            wanted = replace(wanted, force=Force.ON if command.on else Force.OFF)
        if command.flow_c is not None:
            if self.controller.kind is Kind.LINKED:
                return "a linked entity has no flow temperature"
            outdoor_c = self._building.outdoor_c
            if outdoor_c is None:
                return "the outdoor temperature is not known"
            wanted = replace(wanted, curve_value=curve_value_for(self._building.profile, command.flow_c, outdoor_c))
        return wanted

    async def _renew(self, record: DeviceRecord, lease: timedelta) -> None:
        """Move the end of the lease, not with each command: half of it is always left."""
        until = record.override.until
        now = dt_util.utcnow()
        if until is not None and until - now < _RENEW_AT * lease and not record.override.empty:
            await self._set(replace(record.override, until=now + lease))

    async def _set(self, override: Override) -> None:
        await self._building.registry.async_change_device(
            self.controller.device_id, lambda record: replace(record, override=override)
        )

    def _progress(self, record: DeviceRecord) -> Outcome:
        return Outcome.PENDING if pending_force(record) is not None else Outcome.UNCHANGED

    @override
    async def release(self) -> CommandResult:
        """Give the controller back to its own profile."""
        record = self._record
        now = dt_util.utcnow()
        if record is None or record.override.at(now).empty:
            return self._result("release", Outcome.UNCHANGED)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._building.commands.async_send(self.controller, NAME_OF[Force.AUTO])
        except (HomeAssistantError, TimeoutError) as err:
            return self._result("release", Outcome.FAILED, str(err))
        record = self._record
        done = record is not None and confirmed_force(record, now) is Force.AUTO and pending_force(record) is None
        return self._result("release", Outcome.APPLIED if done else Outcome.PENDING)

    @override
    def subscribe(self, listener: Callable[[], None]) -> Unsubscribe:
        """Call ``listener`` with each report, each loss and each step of a command."""
        ends = [self.controller.follow(topic, listener) for topic in Topic if topic is not Topic.USAGE]

        def unsubscribe() -> None:
            for end in ends:
                end()

        return unsubscribe

    @property
    def _record(self) -> DeviceRecord | None:
        return self._building.registry.devices.get(self.controller.device_id)

    def _result(self, command_id: str, outcome: Outcome, detail: str = "") -> CommandResult:
        return CommandResult(command_id=command_id, outcome=outcome, detail=detail, state=self.state)


def _number(value: float | str | None) -> float | None:
    return float(value) if isinstance(value, int | float) else None
