"""What is stored of an import: of which home the history is, how far the import is, and whether it was asked for."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import logging
import math
from typing import Any, Final, Self, override

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..engine.model.history import COLUMNS, STEP_S, Row
from .home_key import HomeChange, HomeKey

_LOGGER = logging.getLogger(__name__)

STORE_VERSION: Final = 1
STORE_MINOR_VERSION: Final = 2
"""Since 2, with the key of the home."""
UNDONE_WITHIN: Final = timedelta(seconds=STEP_S)
"""A change that is undone within this time was not recorded."""


class KeyedStore(Store[dict[str, Any]]):
    """A store whose data has the key of a home since its second minor version."""

    def __init__(self, hass: HomeAssistant, name: str, entry_id: str) -> None:
        super().__init__(hass, STORE_VERSION, f"{DOMAIN}.{name}.{entry_id}", minor_version=STORE_MINOR_VERSION)

    async def async_save_if_possible(self, data: dict[str, Any]) -> None:
        """Store while a system is set up, which a full disk must not prevent: it is tried again later."""
        try:
            await self.async_save(data)
        except OSError as err:
            _LOGGER.warning("%s: could not be written: %s", self.key, err)

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the data of any minor version; without a key, that of the present home is adopted."""
        return {"key": None, **old_data}


@dataclass(frozen=True, slots=True)
class Partial:
    """An import that is not complete."""

    end: datetime
    next_day: int
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Earlier:
    """The home before a change whose history was not imported yet."""

    key: HomeKey
    since: datetime | None
    until: datetime


@dataclass(frozen=True, slots=True)
class ImportState:
    """The state of an import."""

    key: HomeKey
    since: datetime | None = None
    """Since when the home is measured like that; None: as long as is known."""
    done: str | None = None
    count: int = 0
    is_asked: bool = False
    """Whether it is imported although that was done before."""
    change: HomeChange | None = None
    """What has changed since the last import."""
    earlier: Earlier | None = None
    partial: Partial | None = None
    is_mixed: bool = False
    """Whether the history before the last change is used until there is enough since then."""

    @property
    def has_old_rows(self) -> bool:
        """Whether what was recorded before ``since`` was measured otherwise."""
        return self.is_mixed or self.change is not None

    def of_home(self, key: HomeKey, now: datetime, *, has_rows: bool) -> ImportState:
        """Return the state for the present home. ``has_rows``: whether anything of the last one was recorded."""
        change = key.change_from(self.key)
        if change.cause is None:
            return replace(self, key=key)
        if not has_rows:
            return ImportState(key)
        earlier = self.earlier or Earlier(self.key, self.since, now)
        is_undone = key.change_from(earlier.key).cause is None and timedelta() <= now - earlier.until < UNDONE_WITHIN
        if is_undone:
            return ImportState(key, earlier.since, self.done, self.count, is_mixed=self.is_mixed)
        change = change if self.change is None else self.change | change
        return ImportState(
            key, now, self.done, self.count, is_asked=True, change=change, earlier=earlier, is_mixed=self.is_mixed
        )

    def finished(self, now: datetime, count: int, *, is_mixed: bool) -> ImportState:
        """Return the state after the history was imported."""
        return ImportState(self.key, self.since, now.isoformat(), count, is_mixed=is_mixed)

    def dump(self) -> dict[str, Any]:
        """Return JSON values."""
        data: dict[str, Any] = {"key": self.key.dump()}
        if self.since is not None:
            data["since"] = self.since.isoformat()
        if self.done is not None:
            data |= {"done": self.done, "count": self.count}
        if self.is_asked:
            data["again"] = True
        if self.is_mixed:
            data["mixed"] = True
        if self.change is not None:
            data["change"] = self.change.dump()
        if self.earlier is not None:
            earlier = self.earlier
            since = None if earlier.since is None else earlier.since.isoformat()
            data["earlier"] = {"key": earlier.key.dump(), "since": since, "until": earlier.until.isoformat()}
        if self.partial is not None:
            data |= _dump_partial(self.partial)
        return data

    @classmethod
    def restored(cls, saved: dict[str, Any] | None, key: HomeKey, days: int) -> Self:
        """Return what ``dump`` returned, without invalid parts. ``key``: adopted if none is stored."""
        saved = saved or {}
        done, count = saved.get("done"), saved.get("count")
        return cls(
            key=HomeKey.restored(saved.get("key")) or key,
            since=_time(saved.get("since")),
            done=done if isinstance(done, str) else None,
            count=count if isinstance(count, int) else 0,
            is_asked=saved.get("again") is True,
            change=HomeChange.restored(saved.get("change")),
            earlier=_earlier(saved.get("earlier")),
            partial=_partial(saved, days),
            is_mixed=saved.get("mixed") is True,
        )


def _time(saved: object) -> datetime | None:
    found = dt_util.parse_datetime(saved) if isinstance(saved, str) else None
    return None if found is None or found.tzinfo is None else found


def _earlier(saved: object) -> Earlier | None:
    if not isinstance(saved, dict):
        return None
    key, until = HomeKey.restored(saved.get("key")), _time(saved.get("until"))
    return None if key is None or until is None else Earlier(key, _time(saved.get("since")), until)


def _dump_partial(partial: Partial) -> dict[str, Any]:
    rows = [[None if math.isnan(v := getattr(row, name)) else round(v, 3) for name in COLUMNS] for row in partial.rows]
    return {"end": partial.end.isoformat(), "next_day": partial.next_day, "columns": list(COLUMNS), "rows": rows}


def _partial(saved: dict[str, Any], days: int) -> Partial | None:
    """Return rows, end and next day of an interrupted import; None if they are invalid."""
    end, day = _time(saved.get("end")), saved.get("next_day")
    if end is None or not isinstance(day, int) or not 0 <= day < days or saved.get("columns") != list(COLUMNS):
        return None
    try:
        rows = [Row(*(math.nan if value is None else float(value) for value in row)) for row in saved["rows"]]
    except TypeError, ValueError, KeyError:
        return None
    return Partial(end, day, rows)
