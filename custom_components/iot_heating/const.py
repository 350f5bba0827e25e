"""Names that several modules of the integration use."""

from dataclasses import dataclass, field
from typing import Any, Final, Self

from homeassistant.const import Platform

from .protocol.control import Comfort

DOMAIN: Final = "iot_heating"
MANUFACTURER: Final = "Smart Heating"
PLATFORMS: Final = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CALENDAR,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
]

EVENT_DISCOVERED: Final = f"{DOMAIN}_controller_discovered"
"""Bus event: a controller that is not registered called for the first time."""

SUBENTRY_CONTROLLER: Final = "controller"
SUBENTRY_LINKED: Final = "linked"

CONF_DEVICE_ID: Final = "device_id"
CONF_ENERGY_ENTITY: Final = "energy_entity"
CONF_LINKED: Final = "linked_entity"
CONF_POWER_ENTITY: Final = "power_entity"
CONF_RATED_POWER: Final = "rated_power"

CONF_ALLOW_QUERY: Final = "allow_query_key"
CONF_ECO_REDUCTION: Final = "eco_reduction"
CONF_LEASE: Final = "lease"
CONF_LOG: Final = "telemetry_log"
CONF_LOG_DAYS: Final = "log_days"
CONF_LOG_MB: Final = "log_mb"
CONF_OUTDOOR_ENTITY: Final = "outdoor_entity"
CONF_POLL_INTERVAL: Final = "poll_interval"
CONF_PRICE: Final = "price"
CONF_PRICE_ENTITY: Final = "price_entity"
CONF_SETBACK: Final = "setback_temperature"
CONF_WEATHER_ENTITY: Final = "weather_entity"


@dataclass(frozen=True, slots=True)
class Options:
    """A building's options, with what counts where the user has set none."""

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

    @classmethod
    def of(cls, options: dict[str, Any]) -> Self:
        """From a config entry."""
        base = cls()
        return cls(
            allow_query_key=options.get(CONF_ALLOW_QUERY, base.allow_query_key),
            comfort=Comfort(
                options.get(CONF_SETBACK, base.comfort.setback_c),
                options.get(CONF_ECO_REDUCTION, base.comfort.eco_reduction_k),
            ),
            lease_s=int(options.get(CONF_LEASE, base.lease_s)),
            poll_interval_s=int(options.get(CONF_POLL_INTERVAL, base.poll_interval_s)),
            log=options.get(CONF_LOG, base.log),
            log_days=int(options.get(CONF_LOG_DAYS, base.log_days)),
            log_mb=int(options.get(CONF_LOG_MB, base.log_mb)),
            price=options.get(CONF_PRICE),
            price_entity=options.get(CONF_PRICE_ENTITY),
            outdoor_entity=options.get(CONF_OUTDOOR_ENTITY),
            weather_entity=options.get(CONF_WEATHER_ENTITY),
        )
