# Generated from lib/archive_access.py by scripts/build: edit that file, not this one.
"""Who may read stored data: the one rule of all integrations.

    reader = await async_reader(hass, call.context)
    reader.may_read(entity_id)                 # what an entity shows, now and in the past
    reader.reads_all                           # also what no entity shows

A user reads of an archive what they may read of the entities: a value needs read permission for the entity that shows
it. What no entity shows needs read permission for all entities, which administrators and the read-only group have:
positions and other fields of raw reports, removed devices. Files are written for administrators only. Home Assistant
itself (automations, the system) reads everything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized, UnknownUser


@dataclass(frozen=True, slots=True)
class ArchiveReader:
    """Who reads. `user` is None for Home Assistant itself."""

    user: User | None
    context: Context

    @property
    def reads_all(self) -> bool:
        """Whether everything may be read."""
        return self.user is None or self.user.permissions.access_all_entities(POLICY_READ)

    def may_read(self, entity_id: str | None) -> bool:
        """Whether what an entity shows may be read; None: no entity shows it."""
        if self.user is None:
            return True
        return self.reads_all if entity_id is None else self.user.permissions.check_entity(entity_id, POLICY_READ)

    def require(self, entity_id: str | None) -> None:
        """Check that what an entity shows may be read.

        Raises:
            Unauthorized: It may not.
        """
        if not self.may_read(entity_id):
            raise Unauthorized(context=self.context, entity_id=entity_id, permission=POLICY_READ)

    def fields(self, entities: Mapping[str, str | None], wanted: Iterable[str] = ()) -> list[str] | None:
        """Return which fields may be read of those that are wanted; None: all fields, also unknown ones.

        Args:
            entities: The entity that shows each known field.
            wanted: All fields if empty.

        Raises:
            Unauthorized: None of them may be read.
        """
        wanted = list(wanted)
        if self.reads_all:
            return wanted or None
        readable = [name for name in wanted or entities if self.may_read(entities.get(name))]
        if not readable:
            raise Unauthorized(context=self.context, permission=POLICY_READ)
        return readable


async def async_reader(hass: HomeAssistant, context: Context) -> ArchiveReader:
    """Return who reads in a context.

    Raises:
        UnknownUser: The user does not exist.
    """
    if context.user_id is None:
        return ArchiveReader(None, context)
    if (user := await hass.auth.async_get_user(context.user_id)) is None:
        raise UnknownUser(context=context)
    return ArchiveReader(user, context)
