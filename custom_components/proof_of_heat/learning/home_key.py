"""What the history of a home is read from: if that changes, it is the history of another home.

A name, a price or a setpoint does not matter. An entity that is renamed keeps its ID in the entity registry; one that
is set up again keeps its entity ID, under which the recorder continues.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Final, Self


class Part(StrEnum):
    """A part of a home that is measured. The values are those of `HomeKey`, and are stored."""

    SOURCES = "sources"
    ROOMS = "rooms"
    OUTDOOR = "outdoor"
    WEATHER = "weather"
    PRICE = "price"
    GRID = "grid"


IN_HISTORY: Final = (Part.SOURCES, Part.ROOMS, Part.OUTDOOR)
"""The parts that are in the history of the house; the others are only in the simulation over it.

The recorder keeps the clouds of a weather entity for some days only, and they are those over the same home.
"""


@dataclass(frozen=True, slots=True)
class Link:
    """An entity from which a part is read, or a heat source with its meter."""

    entity_id: str = ""
    """Empty: the sensors of the heat source itself."""
    registry_id: str | None = None
    source: str = ""
    """The subentry of the heat source."""
    kind: str = ""

    def is_same(self, other: Link) -> bool:
        """Return whether the same is measured: an entity may have been renamed, or registered meanwhile."""
        if (self.source, self.kind) != (other.source, other.kind):
            return False
        renamed = self.registry_id is not None and self.registry_id == other.registry_id
        return renamed or self.entity_id == other.entity_id

    def is_in(self, others: Iterable[Link]) -> bool:
        """Return whether one of the others measures the same."""
        return any(self.is_same(other) for other in others)


@dataclass(frozen=True, slots=True)
class HomeChange:
    """What differs between two homes."""

    parts: frozenset[Part] = frozenset()
    sources: frozenset[str] = frozenset()
    """The subentries of heat sources that were added, removed or linked to another meter."""

    def __or__(self, other: HomeChange) -> HomeChange:
        return HomeChange(self.parts | other.parts, self.sources | other.sources)

    @property
    def cause(self) -> Part | None:
        """The most important part that changed in the history; None if nothing did."""
        return next((part for part in IN_HISTORY if part in self.parts), None)

    def dump(self) -> dict[str, Any]:
        """Return JSON values."""
        return {"parts": sorted(self.parts), "sources": sorted(self.sources)}

    @classmethod
    def restored(cls, saved: object) -> Self | None:
        """Return what ``dump`` returned; None if it is anything else."""
        if not isinstance(saved, Mapping):
            return None
        parts = frozenset(Part(name) for name in _texts(saved.get("parts")) if name in list(Part))
        return cls(parts, frozenset(_texts(saved.get("sources")))) if parts else None


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeKey:
    """What a home is measured with."""

    sources: tuple[Link, ...] = field(default=())
    rooms: tuple[Link, ...] = field(default=())
    outdoor: tuple[Link, ...] = field(default=())
    weather: tuple[Link, ...] = field(default=())
    price: tuple[Link, ...] = field(default=())
    grid: tuple[Link, ...] = field(default=())
    """The meter that shows the surplus."""

    def change_from(self, before: HomeKey) -> HomeChange:
        """Return what is measured otherwise than before."""
        parts = {part for part in Part if not _same(getattr(self, part), getattr(before, part))}
        new = {link.source for link in self.sources if not link.is_in(before.sources)}
        old = {link.source for link in before.sources if not link.is_in(self.sources)}
        return HomeChange(frozenset(parts), frozenset(new | old))

    def dump(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            item.name: [[link.entity_id, link.registry_id, link.source, link.kind] for link in getattr(self, item.name)]
            for item in fields(self)
        }

    @classmethod
    def restored(cls, saved: object) -> Self | None:
        """Return what ``dump`` returned; None if it is anything else."""
        if not isinstance(saved, Mapping):
            return None
        try:
            return cls(**{part: tuple(_link(*entry) for entry in saved[part]) for part in Part})
        except TypeError, KeyError:
            return None


def _same(now: Collection[Link], before: Collection[Link]) -> bool:
    """Return whether the same is measured, in any order."""
    return (
        len(now) == len(before) and all(link.is_in(before) for link in now) and all(link.is_in(now) for link in before)
    )


def _link(entity_id: str, registry_id: str | None, source: str, kind: str) -> Link:
    if not all(isinstance(text, str) for text in (entity_id, registry_id or "", source, kind)):
        raise TypeError
    return Link(entity_id, registry_id, source, kind)


def _texts(saved: object) -> list[str]:
    return [text for text in saved if isinstance(text, str)] if isinstance(saved, list) else []
