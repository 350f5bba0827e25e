"""Constants."""

from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "edge_telemetry"
PLATFORMS: Final = [Platform.BINARY_SENSOR, Platform.BUTTON, Platform.EVENT, Platform.SENSOR]

# Entry data
CONF_PATTERNS: Final = "patterns"
CONF_DEFAULT_SITE: Final = "default_site"
CONF_ARCHIVE: Final = "archive"
CONF_ARCHIVE_URL: Final = "archive_url"
CONF_ARCHIVE_TABLE: Final = "archive_table"

ARCHIVE_OFF: Final = "off"
ARCHIVE_SQLITE: Final = "sqlite"
ARCHIVE_POSTGRESQL: Final = "postgresql"
ARCHIVES: Final = [ARCHIVE_SQLITE, ARCHIVE_POSTGRESQL, ARCHIVE_OFF]

# Options
CONF_TIMEOUT: Final = "timeout_s"
CONF_MAX_DEVICES: Final = "max_devices"
CONF_MAX_METRICS: Final = "max_metrics"
CONF_RAW_DAYS: Final = "raw_days"
CONF_FINE_DAYS: Final = "fine_days"
CONF_MAX_MEGABYTES: Final = "max_megabytes"
CONF_MAPPINGS: Final = "mappings"
CONF_OVERRIDES: Final = "overrides"

DEFAULT_PATTERNS: Final = ["{site_id}/{system}/{device_id}/data", "paku/ruuvi/{device_id}", "ruuvi/{gateway}/{tag}"]
DEFAULT_SITE: Final = "home"
DEFAULT_TABLE: Final = "measurements"
DEFAULT_OPTIONS: Final = {
    CONF_TIMEOUT: 900,
    CONF_MAX_DEVICES: 500,
    CONF_MAX_METRICS: 64,
    CONF_RAW_DAYS: 30,
    CONF_FINE_DAYS: 400,
    CONF_MAX_MEGABYTES: 2000,
}
