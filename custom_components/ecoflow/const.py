"""Constants of the EcoFlow integration."""

from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "ecoflow"
MANUFACTURER: Final = "EcoFlow"

CONF_ACCESS_KEY: Final = "access_key"
CONF_SECRET_KEY: Final = "secret_key"  # noqa: S105 - a field's name
CONF_REGION: Final = "region"
CONF_ENDPOINT: Final = "custom_endpoint"
CONF_URL: Final = "url"
CONF_CA_FILE: Final = "ca_file"

CONF_POLL_INTERVAL: Final = "poll_interval"
CONF_MAX_AGE: Final = "max_age"
CONF_USE_MQTT: Final = "use_mqtt"
DEFAULT_POLL_INTERVAL: Final = 60
DEFAULT_MAX_AGE: Final = 300

DEFAULT_TABLE: Final = "ecoflow_measurements"
DEFAULT_RAW_DAYS: Final = 30
DEFAULT_FINE_DAYS: Final = 400
DEFAULT_MAX_MEGABYTES: Final = 2000

SUBENTRY_SURPLUS: Final = "surplus"
CONF_DEVICE_SN: Final = "device_sn"
CONF_GRID_POWER: Final = "grid_power"
CONF_GRID_INVERTED: Final = "grid_inverted"
CONF_MIN_POWER: Final = "min_power"
CONF_MAX_POWER: Final = "max_power"
CONF_MARGIN: Final = "margin"
CONF_HYSTERESIS: Final = "hysteresis"
CONF_WRITE_INTERVAL: Final = "write_interval"
CONF_START_DELAY: Final = "start_delay"
CONF_STOP_DELAY: Final = "stop_delay"
CONF_RESERVE_LEVEL: Final = "reserve_level"
CONF_RESERVE_POWER: Final = "reserve_power"
CONF_TARGET_LEVEL: Final = "target_level"
CONF_TARIFF: Final = "tariff"
CONF_TARIFF_POWER: Final = "tariff_power"
CONF_TARIFF_START: Final = "tariff_start"
CONF_TARIFF_END: Final = "tariff_end"
CONF_TARIFF_ENTITY: Final = "tariff_entity"

PLATFORMS: Final = (
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
)
