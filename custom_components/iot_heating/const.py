"""Constants of the integration."""

from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "iot_heating"
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
"""Bus event: an unregistered controller called for the first time."""

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
