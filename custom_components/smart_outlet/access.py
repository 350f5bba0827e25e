"""Who may do what: Home Assistant's permissions on the entity that stands for the thing."""

from collections.abc import Iterable

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.const import Platform
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized, UnknownUser
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN
from .coordinator import RunningHub
from .model.commands import SOCKETS, CommandName, Order


def _entity_id(hass: HomeAssistant, platform: Platform, owner: str, key: str) -> str:
    """An entity by its key; a name that nobody may control where it is not there (admins may all the same)."""
    unique_id = f"{owner}_{key}"
    return er.async_get(hass).async_get_entity_id(platform, DOMAIN, unique_id) or f"{platform}.{unique_id}"


def outlet_entity(hass: HomeAssistant, hub: RunningHub, device_id: str, order: Order | None = None) -> str:
    """The entity whose permission an order needs; without an order the switch of socket A."""
    owner = hub.subentry_ids.get(device_id, "")
    name = order.name if order is not None else CommandName.RELAY_ON
    match name:
        case CommandName.SET_THRESHOLD:
            return _entity_id(hass, Platform.NUMBER, owner, "threshold")
        case CommandName.PING | CommandName.READ_SENSORS:
            return _entity_id(hass, Platform.BUTTON, owner, name.value)
        case _:
            socket = order.socket if order is not None else "a"
            return _entity_id(hass, Platform.SWITCH, owner, f"socket_{socket}")


def may_order(hass: HomeAssistant, user: User, hubs: Iterable[RunningHub], device_id: str, name: CommandName) -> bool:
    """Whether a user may give such an order to any socket of an outlet of one of these hubs."""
    return any(
        user.permissions.check_entity(outlet_entity(hass, hub, device_id, Order(name, socket)), POLICY_CONTROL)
        for hub in hubs
        for socket in SOCKETS
    )


def cut_entity(hass: HomeAssistant, hub: RunningHub) -> str:
    """The button whose permission a power cut needs."""
    return _entity_id(hass, Platform.BUTTON, hub.entry.entry_id, "cut_all_power")


def alert_entity(hass: HomeAssistant, hub: RunningHub) -> str:
    """The entity whose permission reading and dismissing a hub's alerts needs."""
    return _entity_id(hass, Platform.EVENT, hub.entry.entry_id, "alert")


async def async_user(hass: HomeAssistant, context: Context) -> User | None:
    """The user behind an action; None where an automation or the system acts.

    Raises:
        UnknownUser: the user is gone.
    """
    if context.user_id is None:
        return None
    if (user := await hass.auth.async_get_user(context.user_id)) is None:
        raise UnknownUser(context=context)
    return user


async def async_require(hass: HomeAssistant, context: Context, entity_id: str, policy: str = POLICY_CONTROL) -> None:
    """Check that an action's user may do something with an entity.

    Raises:
        Unauthorized: no.
        UnknownUser: the user is gone.
    """
    user = await async_user(hass, context)
    if user is not None and not user.permissions.check_entity(entity_id, policy):
        raise Unauthorized(context=context, entity_id=entity_id, permission=policy)
