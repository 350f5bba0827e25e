"""Constants that several modules use."""

from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "proof_of_heat"
PLATFORMS: Final = (
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CLIMATE,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
)

SUBENTRY_METER: Final = "meter"
SUBENTRY_ZONE: Final = "zone"
SUBENTRY_SOURCE: Final = "source"

CONF_ADDRESS: Final = "address"
CONF_API_KEY: Final = "api_key"
CONF_API_SECRET: Final = "api_secret"  # noqa: S105
CONF_AWAY_CALENDAR: Final = "away_calendar"
CONF_BASE_PRICE: Final = "base_price"
CONF_BAUDRATE: Final = "baudrate"
CONF_CAPABILITIES: Final = "capabilities"
CONF_CLIENT_ID: Final = "client_id"
CONF_CURVE: Final = "curve"
CONF_DAY_LIMIT: Final = "day_limit"
CONF_EFFICIENCY_J_TH: Final = "efficiency_j_th"
CONF_EMITTER: Final = "emitter"
CONF_ENTITY: Final = "entity"
CONF_FEES: Final = "fees"
CONF_FIXED_PRICE: Final = "fixed_price"
CONF_FUEL_PRICE: Final = "fuel_price"
CONF_HASHPRICE: Final = "hashprice"
CONF_HASHPRICE_ENTITY: Final = "hashprice_entity"
CONF_HASHPRICE_FACTOR: Final = "hashprice_factor"
CONF_HASHPRICE_PATH: Final = "hashprice_path"
CONF_HASHPRICE_URL: Final = "hashprice_url"
CONF_IDLE_ON_RELEASE: Final = "idle_on_release"
CONF_INFO: Final = "info"
CONF_KIND: Final = "kind"
CONF_LEVEL: Final = "level"
CONF_LIMITS: Final = "limits"
CONF_MAX_FLOW: Final = "max_flow"
CONF_METER: Final = "meter"
CONF_NOMINAL_HEAT: Final = "nominal_heat"
CONF_NOMINAL_POWER: Final = "nominal_power"
CONF_NUMBER_IS: Final = "number_is"
CONF_ORGANISATION: Final = "organisation"
CONF_OUTDOOR: Final = "outdoor"
CONF_PARITY: Final = "parity"
CONF_PERSONS: Final = "persons"
CONF_POOL_FEE: Final = "pool_fee"
CONF_POWER_LOW: Final = "power_low"
CONF_POWER_NORMAL: Final = "power_normal"
CONF_PRESENCE: Final = "presence"
CONF_PRICE: Final = "price"
CONF_PRICE_ENTITY: Final = "price_entity"
CONF_PRICE_UNIT: Final = "price_unit"
CONF_QUIET_FROM: Final = "quiet_from"
CONF_QUIET_LEVEL: Final = "quiet_level"
CONF_QUIET_TO: Final = "quiet_to"
CONF_REFERENCE: Final = "reference"
CONF_REFRESH_TOKEN: Final = "refresh_token"  # noqa: S105
CONF_RIG: Final = "rig"
CONF_SCHEDULE: Final = "schedule"
CONF_SHORT_LIMIT: Final = "short_limit"
CONF_SITE_METER: Final = "site_meter"
CONF_SITE_POWER: Final = "site_power"
CONF_SLOPE: Final = "slope"
CONF_SOURCE_KIND: Final = "source_kind"
CONF_STOPBITS: Final = "stopbits"
CONF_TARIFF_WINDOWS: Final = "tariff_windows"
CONF_TAX: Final = "tax"
CONF_TEMPERATURE: Final = "temperature"
CONF_TEMPLATE: Final = "template"
CONF_UNIT_ID: Final = "unit_id"
CONF_WAY_ZONES: Final = "way_zones"
CONF_WEATHER: Final = "weather"
CONF_WEEK: Final = "week"
CONF_WINDOWS: Final = "windows"

DEFAULT_SLOPE: Final = 0.6
DEFAULT_LEVEL: Final = 0.0
DEFAULT_MAX_FLOW: Final = {"underfloor": 40.0, "radiator": 60.0}
DEFAULT_DAY_LIMIT: Final = 1450
DEFAULT_SHORT_LIMIT: Final = 120
DEFAULT_POOL_FEE: Final = 2.0
DEFAULT_QUIET_LEVEL: Final = 50
DEFAULT_OVERRIDE_HOURS: Final = 3.0

SLOPE_RANGE: Final = (0.1, 3.5)
LEVEL_RANGE_K: Final = (-13.0, 40.0)
MAX_FLOW_RANGE_C: Final = (25.0, 80.0)
POWER_LIMIT_RANGE_W: Final = (500.0, 100_000.0)
