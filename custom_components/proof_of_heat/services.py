"""Actions of the integration."""

from datetime import timedelta
from typing import Any, Final

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.util import dt as dt_util
import probatio as vol

from ._lib.action_fields import entity_ids, positive_time_period
from ._lib.energy_dashboard import EnergyRoles, async_register_energy_action
from .comfort.profiles import MAX_C, MIN_C, Override, Profile
from .config_transfer import (
    ConfigTransferError,
    apply_draft,
    as_data,
    check_devices,
    difference,
    export,
    load,
    merged,
    to_yaml,
    validate,
)
from .const import DOMAIN
from .data import HeatConfigEntry, HeatingSystem
from .engine.decision_record import ControlMode
from .engine.messages import Message, MessageCode, message
from .engine.model.history import STEP_S
from .messages.formatter import MessageFormatter
from .runtime.curve_advice import apply_curve
from .runtime.cycle import display_names
from .runtime.savings_report import report_data
from .runtime.shadow_mode import WEEK_DAYS
from .sensors.learned_house import house_details, import_details
from .sensors.source import heat_price_details
from .support.bundle import async_collect, async_write

ATTR_COUNT: Final = "count"
ATTR_DRY_RUN: Final = "dry_run"
ATTR_DURATION: Final = "duration"
ATTR_PROFILE: Final = "profile"
ATTR_TEMPERATURE: Final = "temperature"
ATTR_YAML: Final = "yaml"

_SHORTEST: Final = timedelta(minutes=1)
_LONGEST: Final = timedelta(days=366)
_ENTRY: Final = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}
_PROFILES: Final = vol.In([str(profile) for profile in Profile])


_ENERGY: Final = EnergyRoles(
    grid=("imported_energy", "exported_energy"), price="electricity_price", devices=("electricity",)
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions. The config entry may be omitted if there is only one."""
    async_register_energy_action(hass, DOMAIN, _ENERGY)

    def register(name: str, handler: Any, schema: dict[Any, Any], response: SupportsResponse) -> None:
        hass.services.async_register(
            DOMAIN, name, handler, schema=vol.Schema({**_ENTRY, **schema}), supports_response=response
        )

    register("set_profile", _set_profile, {vol.Required(ATTR_PROFILE): _PROFILES}, SupportsResponse.OPTIONAL)
    register(
        "override",
        _override,
        {
            vol.Optional(ATTR_ENTITY_ID): entity_ids,
            vol.Exclusive(ATTR_PROFILE, "profile, temperature"): _PROFILES,
            vol.Exclusive(ATTR_TEMPERATURE, "profile, temperature"): vol.All(
                vol.Coerce(float), vol.Range(min=MIN_C, max=MAX_C)
            ),
            vol.Required(ATTR_DURATION): vol.All(positive_time_period, vol.Range(min=_SHORTEST, max=_LONGEST)),
        },
        SupportsResponse.OPTIONAL,
    )
    register("clear_override", _clear_override, {vol.Optional(ATTR_ENTITY_ID): entity_ids}, SupportsResponse.OPTIONAL)
    register("apply_curve_suggestion", _apply_curve, {}, SupportsResponse.OPTIONAL)
    register("get_plan", _get_plan, {}, SupportsResponse.ONLY)
    register("get_learned_house", _get_learned_house, {}, SupportsResponse.ONLY)
    register(
        "get_decisions",
        _get_decisions,
        {vol.Optional(ATTR_COUNT, default=20): vol.All(vol.Coerce(int), vol.Range(min=1, max=200))},
        SupportsResponse.ONLY,
    )
    register("export_configuration", _export, {}, SupportsResponse.ONLY)
    register("create_support_bundle", _create_support_bundle, {}, SupportsResponse.ONLY)
    register(
        "import_configuration",
        _import,
        {vol.Required(ATTR_YAML): cv.string, vol.Optional(ATTR_DRY_RUN, default=True): cv.boolean},
        SupportsResponse.ONLY,
    )


async def _system(call: ServiceCall, *, control: bool = False, admin: bool = False) -> HeatingSystem:
    """Return the system of the config entry, if the user has the permission."""
    entry: HeatConfigEntry = async_get_config_entry(call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID))
    if call.context.user_id is not None:
        user = await call.hass.auth.async_get_user(call.context.user_id)
        if user is None:
            raise UnknownUser(context=call.context)
        if admin and not user.is_admin:
            raise Unauthorized(context=call.context)
        if control and not all(
            user.permissions.check_entity(entity.entity_id, POLICY_CONTROL)
            for entity in er.async_entries_for_config_entry(er.async_get(call.hass), entry.entry_id)
            if entity.domain == "climate"
        ):
            raise Unauthorized(context=call.context, permission=POLICY_CONTROL)
    return entry.runtime_data


def _zone_ids(call: ServiceCall, system: HeatingSystem) -> list[str | None]:
    """Return the zones of the climate entities; [None], which means all, without entities."""
    if ATTR_ENTITY_ID not in call.data:
        return [None]
    registry, zones = er.async_get(call.hass), {zone.zone_id for zone in system.config.zones}
    found: list[str | None] = []
    for entity_id in call.data[ATTR_ENTITY_ID]:
        entity = registry.async_get(entity_id)
        if entity is None or entity.config_subentry_id not in zones:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="not_a_zone", translation_placeholders={"entity": entity_id}
            )
        found.append(entity.config_subentry_id)
    return found


async def _get_learned_house(call: ServiceCall) -> ServiceResponse:
    system = await _system(call)
    return {"house": dict(house_details(system)), "import": dict(import_details(system))}


async def _set_profile(call: ServiceCall) -> ServiceResponse:
    system = await _system(call, control=True)
    before = system.user.comfort.profile
    await system.user.async_set_profile(Profile(call.data[ATTR_PROFILE]))
    return {"profile": str(system.user.comfort.profile), "before": str(before)}


async def _override(call: ServiceCall) -> ServiceResponse:
    system = await _system(call, control=True)
    profile, target = call.data.get(ATTR_PROFILE), call.data.get(ATTR_TEMPERATURE)
    if profile is None and target is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="override_empty")
    duration: timedelta = call.data[ATTR_DURATION]
    until = dt_util.utcnow() + duration
    chosen = None if profile is None else Profile(profile)
    for zone_id in _zone_ids(call, system):
        await system.user.async_override(Override(until=until, zone_id=zone_id, profile=chosen, target_c=target))
    return {"until": until.isoformat()}


async def _clear_override(call: ServiceCall) -> ServiceResponse:
    system = await _system(call, control=True)
    before = len(system.user.comfort.overrides)
    for zone_id in _zone_ids(call, system):
        await system.user.async_clear_override(zone_id)
    return {"cleared": before - len(system.user.comfort.overrides)}


async def _apply_curve(call: ServiceCall) -> ServiceResponse:
    system = await _system(call, control=True)
    advice = system.curve_advisor.advice()
    if advice is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_curve_suggestion")
    before: dict[str, Any] = {"slope": system.config.slope, "level": system.config.level}
    apply_curve(call.hass, system.coordinator.config_entry, system.config, advice)
    return {
        "slope": advice.slope,
        "level": advice.level,
        "confidence": advice.confidence,
        "before": before,
    }


def _text(system: HeatingSystem, *messages: Message) -> str:
    """Return messages about the plan as text in the language of Home Assistant."""
    names, currency = display_names(system.config, system.sources), system.coordinator.hass.config.currency
    return MessageFormatter(system.journal.texts, names, currency).join(
        messages, status=system.coordinator.data.decision.record.status
    )


async def _get_plan(call: ServiceCall) -> ServiceResponse:
    system = await _system(call)
    plan = system.engine.plan
    mode = str(system.coordinator.data.decision.record.control_mode)
    prices: list[Any] = [
        {"source": managed.name, "price_kwh": managed.heat_price_kwh, **heat_price_details(managed)}
        for managed in system.sources.values()
    ]
    common: dict[str, Any] = {
        "control_mode": mode,
        "followed": mode == ControlMode.PLAN,
        "heat_prices": prices,
        "active": system.user.active,
        "simulated": system.shadow.is_on,
    }
    if system.shadow.is_on:
        common["savings"] = report_data(system.engine, system.shadow, WEEK_DAYS)
    if plan is None:
        reason = _text(system, message(MessageCode.NO_PLAN))
        return {"plan": None, "reason": reason, **common}
    return {
        **common,
        "made": dt_util.utc_from_timestamp(plan.made_s).isoformat(),
        "words": _text(system, *plan.messages),
        "start": [
            dt_util.utc_from_timestamp(plan.made_s + float(step) * STEP_S).isoformat() for step in plan.plan.grid.begin
        ],
        "heat_w": [round(float(value)) for value in plan.plan.heat_w],
        "power_w": [round(float(value)) for value in plan.plan.power_w],
        "room_c": [round(float(value), 2) for value in plan.plan.room_c],
        "worth_kwh": round(float(plan.plan.heat_value_kwh), 4),
    }


async def _get_decisions(call: ServiceCall) -> ServiceResponse:
    system = await _system(call)
    rows: list[Any] = list(system.journal.rows)[-call.data[ATTR_COUNT] :]
    return {"decisions": rows}


async def _export(call: ServiceCall) -> ServiceResponse:
    system = await _system(call, admin=True)
    body = export(system.coordinator.config_entry)
    return {"yaml": to_yaml(body), "checksum": body["checksum"]}


async def _import(call: ServiceCall) -> ServiceResponse:
    system = await _system(call, admin=True)
    entry = system.coordinator.config_entry
    try:
        body = validate(await call.hass.async_add_executor_job(load, call.data[ATTR_YAML]))
        await check_devices(call.hass, body)
        draft = merged(entry, body)
    except ConfigTransferError as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="import_invalid", translation_placeholders={"error": str(err)}
        ) from err
    changes = difference(export(entry), as_data(draft))
    if not call.data[ATTR_DRY_RUN] and changes:
        apply_draft(call.hass, entry, draft)
    lines: list[Any] = list(changes)
    return {"changes": lines, "applied": bool(changes) and not call.data[ATTR_DRY_RUN]}


async def _create_support_bundle(call: ServiceCall) -> ServiceResponse:
    """Write a file for bug reports: of all integrations of the suite, without secrets."""
    if call.context.user_id is not None:
        user = await call.hass.auth.async_get_user(call.context.user_id)
        if user is None:
            raise UnknownUser(context=call.context)
        if not user.is_admin:
            raise Unauthorized(context=call.context)
    files = await async_collect(call.hass)
    try:
        path = await async_write(call.hass, files)
    except OSError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="bundle_not_written",
            translation_placeholders={"error": str(err)},
        ) from err
    names: list[Any] = sorted(files)
    return {"path": str(path), "files": names}
