"""The entities from whose history a heating system is learned."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..const import DOMAIN
from ..engine.config import SourceConfig
from ..sources.managed_source import ManagedSource
from ..system_config import SystemConfig
from .quantity import Quantity
from .recorder_series import Found
from .rows import HomeSeries, SourceSeries


@dataclass(frozen=True, slots=True)
class SourceLinks:
    """The entities of a source: its meter, and its own sensors from before."""

    config: SourceConfig
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
class HomeLinks:
    """The entities of a home."""

    rooms: tuple[str, ...]
    outdoor: str | None
    weather: str | None
    sources: tuple[SourceLinks, ...]

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

    def _shared(self, source: SourceLinks, found: Found, quantity: Quantity) -> list[tuple[float, float]]:
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


def links_of(hass: HomeAssistant, config: SystemConfig, sources: Collection[ManagedSource]) -> HomeLinks:
    """Return the entities of a home."""
    registry = er.async_get(hass)

    def own(managed: ManagedSource, key: str) -> str | None:
        return registry.async_get_entity_id(SENSOR_DOMAIN, DOMAIN, f"{managed.subentry_id}_{key}")

    return HomeLinks(
        rooms=tuple(zone.temperature for zone in config.zones),
        outdoor=config.outdoor,
        weather=config.weather,
        sources=tuple(
            SourceLinks(
                config=managed.config,
                meter=managed.meter,
                power=own(managed, "power"),
                heat=own(managed, "heat"),
                flow=own(managed, "flow_temperature"),
                returned=own(managed, "return_temperature"),
            )
            for managed in sources
        ),
    )


def standard_time_s(local: datetime) -> float:
    """Return seconds of local standard time, continuous over changes of the clock."""
    offset, saving = local.utcoffset(), local.dst()
    seconds = 0.0 if offset is None else offset.total_seconds()
    return local.timestamp() + seconds - (0.0 if saving is None else saving.total_seconds())
