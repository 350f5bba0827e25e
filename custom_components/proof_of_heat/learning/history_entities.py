"""The entities from whose history a heating system is learned."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..const import CONF_KIND, CONF_METER, CONF_SOURCE_KIND, DOMAIN, SUBENTRY_SOURCE
from ..engine.config import SourceConfig
from ..engine.home_change import ChangedHome
from ..sources.managed_source import ManagedSource
from ..system_config import SystemConfig
from .home_key import HomeChange, HomeKey, Link, Part
from .quantity import Quantity
from .recorder_series import Found
from .rows import HomeSeries, SourceSeries


@dataclass(frozen=True, slots=True)
class SourceEntities:
    """The entities of a source: its meter, and its own sensors from before."""

    config: SourceConfig
    subentry_id: str = ""
    meter: str | None = None
    power: str | None = None
    heat: str | None = None
    flow: str | None = None
    returned: str | None = None

    @property
    def electric(self) -> tuple[str, ...]:
        """The meter, else the source's own power sensor."""
        return tuple(entity_id for entity_id in (self.meter or self.power,) if entity_id)


@dataclass(frozen=True, slots=True)
class HomeEntities:
    """The entities of a home."""

    rooms: tuple[str, ...]
    outdoor: str | None
    weather: str | None
    sources: tuple[SourceEntities, ...]
    is_complete: bool = True
    """Whether all heat sources of the home are among them: one of them may not have been set up."""

    def readings(self) -> Iterator[tuple[str, Quantity]]:
        """Yield what has to be read."""
        for entity_id in (*self.rooms, self.outdoor or self.weather):
            if entity_id:
                yield entity_id, Quantity.TEMPERATURE
        if self.weather:
            yield self.weather, Quantity.CLOUDS
        for source in self.sources:
            for entity_id in source.electric:
                yield entity_id, Quantity.POWER
                yield entity_id, Quantity.ENERGY
            if source.heat:
                yield source.heat, Quantity.ENERGY
            for entity_id in (source.flow, source.returned):
                if entity_id:
                    yield entity_id, Quantity.TEMPERATURE

    @property
    def is_measured(self) -> bool:
        """Whether the rooms and each source have a history to learn from."""
        return bool(self.rooms) and bool(self.sources) and all(item.electric or item.heat for item in self.sources)

    def changed_home(self, change: HomeChange, since_s: float) -> ChangedHome:
        """Return what a change means for the engine. ``since_s``: when it was made, in local standard time."""
        present = {item.subentry_id: item.config.source_id for item in self.sources}
        return ChangedHome(
            room=Part.ROOMS in change.parts,
            outdoor=Part.OUTDOOR in change.parts,
            heat=Part.SOURCES in change.parts,
            source_ids=frozenset(present[item] for item in change.sources & present.keys()),
            was_source_removed=bool(change.sources - present.keys()),
            since_s=since_s,
        )

    def _shared(self, source: SourceEntities, found: Found, quantity: Quantity) -> list[tuple[float, float]]:
        """Return the samples of a source's meter; sources on one meter get equal parts of what it measured."""
        parts = sum(source.electric == other.electric for other in self.sources)
        return [
            (at, value / parts) for entity_id in source.electric for at, value in found.get((entity_id, quantity), [])
        ]

    def series(self, found: Found) -> HomeSeries:
        """Return the series of the home."""

        def of(entity_id: str | None, quantity: Quantity) -> list[tuple[float, float]]:
            return found.get((entity_id or "", quantity), [])

        return HomeSeries(
            rooms_c=tuple(of(room, Quantity.TEMPERATURE) for room in self.rooms),
            outdoor_c=of(self.outdoor or self.weather, Quantity.TEMPERATURE),
            clouds=of(self.weather, Quantity.CLOUDS),
            sources=tuple(
                SourceSeries(
                    config=item.config,
                    power_w=self._shared(item, found, Quantity.POWER),
                    energy_kwh=self._shared(item, found, Quantity.ENERGY),
                    heat_kwh=of(item.heat, Quantity.ENERGY),
                    flow_c=of(item.flow, Quantity.TEMPERATURE),
                    return_c=of(item.returned, Quantity.TEMPERATURE),
                )
                for item in self.sources
            ),
        )


def home_entities(
    hass: HomeAssistant, config: SystemConfig, sources: Collection[ManagedSource], *, of_sources: int
) -> HomeEntities:
    """Return the entities of a home. ``of_sources``: how many heat sources it should have."""
    registry = er.async_get(hass)

    def own(managed: ManagedSource, key: str) -> str | None:
        return registry.async_get_entity_id(SENSOR_DOMAIN, DOMAIN, f"{managed.subentry_id}_{key}")

    return HomeEntities(
        rooms=tuple(zone.temperature for zone in config.zones),
        outdoor=config.outdoor,
        weather=config.weather,
        sources=tuple(
            SourceEntities(
                config=managed.config,
                subentry_id=managed.subentry_id,
                meter=managed.meter,
                power=own(managed, "power"),
                heat=own(managed, "heat"),
                flow=own(managed, "flow_temperature"),
                returned=own(managed, "return_temperature"),
            )
            for managed in sources
        ),
        is_complete=len(sources) == of_sources,
    )


def grid_entity(config: SystemConfig) -> tuple[str | None, float]:
    """Return the meter that shows the surplus, and the sign of its power while the home exports; None without solar."""
    if not config.solar.is_used:
        return None, 1.0
    if config.solar.export_meter is not None:
        return config.solar.export_meter, 1.0
    return config.site_meter, -1.0


def key_of(hass: HomeAssistant, entry: ConfigEntry, config: SystemConfig) -> HomeKey:
    """Return what a home is measured with, also if one of its heat sources could not be set up this time."""
    registry = er.async_get(hass)

    def link(entity_id: str | None, source: str = "", kind: str = "") -> Link:
        known = registry.async_get(entity_id) if entity_id else None
        return Link(entity_id or "", None if known is None else known.id, source, kind)

    def links(*entity_ids: str | None) -> tuple[Link, ...]:
        return tuple(link(entity_id) for entity_id in entity_ids if entity_id)

    sources = [item for item in entry.subentries.values() if item.subentry_type == SUBENTRY_SOURCE]
    return HomeKey(
        sources=tuple(
            link(
                item.data.get(CONF_METER),
                item.subentry_id,
                str(item.data.get(CONF_SOURCE_KIND, item.data.get(CONF_KIND))),
            )
            for item in sources
        ),
        rooms=links(*(zone.temperature for zone in config.zones)),
        outdoor=links(config.outdoor or config.weather),
        weather=links(config.weather),
        price=links(config.price_entity),
        grid=links(grid_entity(config)[0]),
    )


def standard_time_s(local: datetime) -> float:
    """Return seconds of local standard time, continuous over changes of the clock."""
    offset, saving = local.utcoffset(), local.dst()
    seconds = 0.0 if offset is None else offset.total_seconds()
    return local.timestamp() + seconds - (0.0 if saving is None else saving.total_seconds())
