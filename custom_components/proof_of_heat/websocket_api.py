"""WebSocket API of the cards: subscriptions to a heating system, and changes by users."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.components import websocket_api
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import probatio as vol

from .cards.cop import cop
from .cards.curve import curve, revision, set_curve
from .cards.energy_flow import MAX_OFFSET, Period, async_energy_flow
from .cards.house import async_house
from .cards.overview import overview
from .cards.schedule import schedule, schedule_revision, set_schedule
from .cards.subscription import CardSubscription
from .comfort.week_grid import WeekError, parse_week
from .const import DOMAIN, LEVEL_RANGE_K, MAX_FLOW_RANGE_C, SLOPE_RANGE
from .data import HeatConfigEntry, HeatingSystem
from .messages.formatter import async_load_texts
from .system_config import read_config

_ENTRY: Final[dict[str | vol.Marker, Any]] = {vol.Optional("entry_id"): str}
_LANGUAGE: Final[dict[str | vol.Marker, Any]] = {vol.Optional("language"): vol.All(str, vol.Length(min=2, max=16))}


def _number(limits: tuple[float, float]) -> Callable[[object], float]:
    """Return the validator of a number within limits; texts, true and false are not numbers."""
    low, high = limits

    def validate(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise vol.Invalid("must be a number")
        if not low <= value <= high:
            raise vol.Invalid(f"must be between {low:g} and {high:g}")
        return float(value)

    return validate


@callback
def async_register_commands(hass: HomeAssistant) -> None:
    """Register the commands."""
    for command in _COMMANDS:
        websocket_api.async_register_command(hass, command)


def _may_read(hass: HomeAssistant, user: User, entry: HeatConfigEntry) -> bool:
    """Return whether a user may read the decision, which names all that the cards show."""
    entity_id = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{entry.entry_id}_decision")
    return user.permissions.check_entity(entity_id or "", POLICY_READ)


def _thermostats(hass: HomeAssistant, entry: HeatConfigEntry) -> dict[str, str]:
    """Return the climate entities of the zones by zone."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return {entity.config_subentry_id or "": entity.entity_id for entity in entities if entity.domain == "climate"}


def _may_control(hass: HomeAssistant, user: User, entry: HeatConfigEntry) -> bool:
    """Return whether a user may control all zones; without zones, whether they are an administrator."""
    thermostats = _thermostats(hass, entry).values()
    if not thermostats:
        return user.is_admin
    return all(user.permissions.check_entity(entity_id, POLICY_CONTROL) for entity_id in thermostats)


def _readable(hass: HomeAssistant, user: User) -> list[HeatConfigEntry]:
    entries: list[HeatConfigEntry] = hass.config_entries.async_entries(DOMAIN, include_disabled=False)
    return [entry for entry in entries if _may_read(hass, user, entry)]


def _find(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> HeatConfigEntry | None:
    """Return the entry of a command, the first one if none is given; send an error if there is none."""
    entries = _readable(hass, connection.user)
    wanted = msg.get("entry_id")
    entry = next((item for item in entries if wanted in (None, item.entry_id)), None)
    if entry is None:
        connection.send_error(msg["id"], websocket_api.ERR_NOT_FOUND, "unknown heating system, or no permission")
    return entry


@websocket_api.websocket_command({vol.Required("type"): "proof_of_heat/systems"})
@callback
def ws_systems(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Return the heating systems that the user may read."""
    entries = _readable(hass, connection.user)
    connection.send_result(
        msg["id"], {"systems": [{"entry_id": entry.entry_id, "name": entry.title} for entry in entries]}
    )


@websocket_api.websocket_command({vol.Required("type"): "proof_of_heat/overview/subscribe", **_ENTRY, **_LANGUAGE})
@websocket_api.async_response
async def ws_overview(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Send the overview of a heating system now and after every change."""
    if (entry := _find(hass, connection, msg)) is None:
        return
    texts = await async_load_texts(hass, msg.get("language"))

    def content(system: HeatingSystem) -> dict[str, Any]:
        return overview(system, texts, _thermostats(hass, entry), dt_util.utcnow())

    _subscribe(hass, connection, msg, entry, content)


@websocket_api.websocket_command({vol.Required("type"): "proof_of_heat/curve/subscribe", **_ENTRY, **_LANGUAGE})
@websocket_api.async_response
async def ws_curve(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Send the heating curve of a system now and after every change."""
    if (entry := _find(hass, connection, msg)) is None:
        return
    texts = await async_load_texts(hass, msg.get("language"))
    _subscribe(hass, connection, msg, entry, lambda system: curve(system, texts, dt_util.utcnow()))


@websocket_api.websocket_command(
    {
        vol.Required("type"): "proof_of_heat/curve/set",
        **_ENTRY,
        vol.Required("revision"): str,
        vol.Required("slope"): _number(SLOPE_RANGE),
        vol.Required("level"): _number(LEVEL_RANGE_K),
        vol.Required("max_flow_c"): _number(MAX_FLOW_RANGE_C),
    }
)
@callback
def ws_set_curve(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Set the heating curve, unless it was changed since the revision that the user saw."""
    if (entry := _find(hass, connection, msg)) is None:
        return
    if not _may_control(hass, connection.user, entry):
        connection.send_error(msg["id"], websocket_api.ERR_UNAUTHORIZED, "control permission is required")
        return
    if entry.state is not ConfigEntryState.LOADED:
        connection.send_error(msg["id"], websocket_api.ERR_NOT_FOUND, "the heating system is not loaded")
        return
    if msg["revision"] != revision(read_config(entry)):
        connection.send_error(msg["id"], "conflict", "the heating curve was changed in the meantime")
        return
    set_curve(hass, entry, slope=msg["slope"], level=msg["level"], max_flow_c=msg["max_flow_c"])
    connection.send_result(msg["id"], {"revision": revision(read_config(entry))})


@websocket_api.websocket_command({vol.Required("type"): "proof_of_heat/cop/subscribe", **_ENTRY})
@callback
def ws_cop(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Send the COP of a system's heat pump now and after every change."""
    if (entry := _find(hass, connection, msg)) is not None:
        _subscribe(hass, connection, msg, entry, lambda system: cop(system, dt_util.utcnow()))


@websocket_api.websocket_command(
    {
        vol.Required("type"): "proof_of_heat/energy_flow/get",
        **_ENTRY,
        vol.Optional("period", default=Period.DAY): vol.Coerce(Period),
        vol.Optional("offset", default=0): vol.All(int, vol.Range(min=0, max=MAX_OFFSET)),
    }
)
@websocket_api.async_response
async def ws_energy_flow(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Return the energy flows of an hour, a day or a month, which ends `offset` periods before the present one."""
    if (entry := _find(hass, connection, msg)) is None:
        return

    async def content(system: HeatingSystem) -> dict[str, Any]:
        return await async_energy_flow(hass, system, msg["period"], msg["offset"], dt_util.utcnow())

    await _async_answer(connection, msg, entry, content)


@websocket_api.websocket_command({vol.Required("type"): "proof_of_heat/house/get", **_ENTRY})
@websocket_api.async_response
async def ws_house(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Return the report of the learned house."""
    if (entry := _find(hass, connection, msg)) is not None:
        await _async_answer(connection, msg, entry, lambda system: async_house(hass, system, dt_util.utcnow()))


def _zone(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any], policy: str
) -> tuple[HeatConfigEntry, ConfigSubentry] | None:
    """Return entry and zone of a thermostat; send an error if there is none, or the user may not use it."""
    entity = er.async_get(hass).async_get(msg["entity_id"])
    entry: HeatConfigEntry | None = None
    if entity is not None and entity.platform == DOMAIN and entity.domain == "climate":
        entry = hass.config_entries.async_get_entry(entity.config_entry_id or "")
    zone = None if entry is None or entity is None else entry.subentries.get(entity.config_subentry_id or "")
    permissions = connection.user.permissions
    if entry is None or zone is None or not permissions.check_entity(msg["entity_id"], POLICY_READ):
        connection.send_error(msg["id"], websocket_api.ERR_NOT_FOUND, "unknown zone, or no permission")
        return None
    if not permissions.check_entity(msg["entity_id"], policy):
        connection.send_error(msg["id"], websocket_api.ERR_UNAUTHORIZED, "control permission is required")
        return None
    return entry, zone


@websocket_api.websocket_command(
    {vol.Required("type"): "proof_of_heat/schedule/subscribe", vol.Required("entity_id"): str}
)
@callback
def ws_schedule(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Send the week of a zone now and after every change."""
    if (found := _zone(hass, connection, msg, POLICY_READ)) is None:
        return
    entry, zone = found

    def message(system: HeatingSystem) -> dict[str, Any]:
        subentry = entry.subentries.get(zone.subentry_id)
        may_control = connection.user.permissions.check_entity(msg["entity_id"], POLICY_CONTROL)
        shown = {"available": False} if subentry is None else schedule(hass, system, subentry)
        return {"entry_id": entry.entry_id, "can_control": may_control, **shown}

    _start(hass, connection, msg, entry, message)


@websocket_api.websocket_command(
    {
        vol.Required("type"): "proof_of_heat/schedule/set",
        vol.Required("entity_id"): str,
        vol.Required("revision"): str,
        vol.Required("week"): list,
    }
)
@callback
def ws_set_schedule(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Set the week of a zone, unless it was changed since the revision that the user saw."""
    if (found := _zone(hass, connection, msg, POLICY_CONTROL)) is None:
        return
    entry, zone = found
    try:
        week = parse_week(msg["week"])
    except WeekError as err:
        connection.send_error(msg["id"], websocket_api.ERR_INVALID_FORMAT, str(err))
        return
    if msg["revision"] != schedule_revision(zone):
        connection.send_error(msg["id"], "conflict", "the schedule was changed in the meantime")
        return
    set_schedule(hass, entry, zone, week)
    connection.send_result(msg["id"], {"revision": schedule_revision(entry.subentries[zone.subentry_id])})


async def _async_answer(
    connection: ActiveConnection,
    msg: dict[str, Any],
    entry: HeatConfigEntry,
    content: Callable[[HeatingSystem], Awaitable[dict[str, Any]]],
) -> None:
    """Send what a card shows once; the card asks again."""
    answer: dict[str, Any] = {"available": False}
    if entry.state is ConfigEntryState.LOADED:
        answer = await content(entry.runtime_data)
    connection.send_result(msg["id"], {"entry_id": entry.entry_id, **answer})


def _subscribe(
    hass: HomeAssistant,
    connection: ActiveConnection,
    msg: dict[str, Any],
    entry: HeatConfigEntry,
    content: Callable[[HeatingSystem], dict[str, Any]],
) -> None:
    """Subscribe to a system; each message names its entry and whether the user may control it."""

    def message(system: HeatingSystem) -> dict[str, Any]:
        may_control = _may_control(hass, connection.user, entry)
        return {"entry_id": entry.entry_id, "can_control": may_control, **content(system)}

    _start(hass, connection, msg, entry, message)


def _start(
    hass: HomeAssistant,
    connection: ActiveConnection,
    msg: dict[str, Any],
    entry: HeatConfigEntry,
    message: Callable[[HeatingSystem], dict[str, Any]],
) -> None:
    subscription = CardSubscription(hass, connection, msg["id"], entry, message)
    connection.subscriptions[msg["id"]] = subscription.close
    connection.send_result(msg["id"])
    subscription.start()


_COMMANDS: Final = (
    ws_systems,
    ws_overview,
    ws_curve,
    ws_set_curve,
    ws_cop,
    ws_energy_flow,
    ws_house,
    ws_schedule,
    ws_set_schedule,
)
