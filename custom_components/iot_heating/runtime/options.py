"""Options of a building."""

from dataclasses import dataclass, field
from typing import Any, Self

from ..const import (
    CONF_ALLOW_QUERY,
    CONF_ECO_REDUCTION,
    CONF_LEASE,
    CONF_LOG,
    CONF_LOG_DAYS,
    CONF_LOG_MB,
    CONF_OUTDOOR_ENTITY,
    CONF_POLL_INTERVAL,
    CONF_PRICE,
    CONF_PRICE_ENTITY,
    CONF_SETBACK,
    CONF_WEATHER_ENTITY,
)
from ..protocol.configuration import Comfort
from ..storage.telemetry_archive import ArchiveLimits


@dataclass(frozen=True, slots=True)
class BuildingOptions:
    """Options of a building, with their defaults."""

    allow_query_key: bool = True
    comfort: Comfort = field(default_factory=Comfort)
    lease_s: int = 900
    poll_interval_s: int = 30
    log: bool = True
    log_days: int = 30
    log_mb: int = 500
    price: float | None = None
    price_entity: str | None = None
    outdoor_entity: str | None = None
    weather_entity: str | None = None

    @property
    def archive_limits(self) -> ArchiveLimits | None:
        """Limits of the telemetry archive; None where reports are not archived."""
        return ArchiveLimits(self.log_days, self.log_mb) if self.log else None

    @classmethod
    def from_entry(cls, options: dict[str, Any]) -> Self:
        """Return the options of a config entry."""
        default = cls()
        return cls(
            allow_query_key=options.get(CONF_ALLOW_QUERY, default.allow_query_key),
            comfort=Comfort(
                options.get(CONF_SETBACK, default.comfort.setback_c),
                options.get(CONF_ECO_REDUCTION, default.comfort.eco_reduction_k),
            ),
            lease_s=int(options.get(CONF_LEASE, default.lease_s)),
            poll_interval_s=int(options.get(CONF_POLL_INTERVAL, default.poll_interval_s)),
            log=options.get(CONF_LOG, default.log),
            log_days=int(options.get(CONF_LOG_DAYS, default.log_days)),
            log_mb=int(options.get(CONF_LOG_MB, default.log_mb)),
            price=options.get(CONF_PRICE),
            price_entity=options.get(CONF_PRICE_ENTITY),
            outdoor_entity=options.get(CONF_OUTDOOR_ENTITY),
            weather_entity=options.get(CONF_WEATHER_ENTITY),
        )
