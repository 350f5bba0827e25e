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
CONF_ADVANCED: Final = "advanced"
CONF_AREA: Final = "area"
CONF_AWAY_CALENDAR: Final = "away_calendar"
CONF_AWAY_DELAY: Final = "away_delay"
CONF_BASE_PRICE: Final = "base_price"
CONF_BAUDRATE: Final = "baudrate"
CONF_CAPABILITIES: Final = "capabilities"
CONF_AUTH_IMPLEMENTATION: Final = "auth_implementation"
CONF_CLIENT_ID: Final = "client_id"
CONF_CURVE: Final = "curve"
CONF_CURVE_POINTS: Final = "curve_points"
CONF_CURVE_TYPE: Final = "curve_type"
CONF_CURVE_VALUE: Final = "curve_value"
CONF_DAMPING: Final = "damping"
CONF_DAY_LIMIT: Final = "day_limit"
CONF_CO2_ENTITY: Final = "co2_entity"
CONF_CO2_PRICE: Final = "co2_price"
CONF_COEFFICIENT: Final = "coefficient"
CONF_COMFORT_WEIGHT: Final = "comfort_weight"
CONF_COP: Final = "cop"
CONF_DESIGN_FLOW: Final = "design_flow"
CONF_DESIGN_OUTDOOR: Final = "design_outdoor"
CONF_DESIGN_RETURN: Final = "design_return"
CONF_EFFICIENCY_J_TH: Final = "efficiency_j_th"
CONF_EMITTER: Final = "emitter"
CONF_ENTITY: Final = "entity"
CONF_EXPONENT: Final = "exponent"
CONF_EXPORT_METER: Final = "export_meter"
CONF_FALLBACK_FLOW: Final = "fallback_flow"
CONF_FEE_WINDOWS: Final = "fee_windows"
CONF_FEED_IN_PRICE: Final = "feed_in_price"
CONF_FEES: Final = "fees"
CONF_FIXED_PRICE: Final = "fixed_price"
CONF_FLOW_LIMIT: Final = "flow_limit"
CONF_FROST_ROOM: Final = "frost_room"
CONF_FUEL_EFFICIENCY: Final = "fuel_efficiency"
CONF_FUEL_PRICE: Final = "fuel_price"
CONF_HASHPRICE: Final = "hashprice"
CONF_HASHPRICE_ENTITY: Final = "hashprice_entity"
CONF_HASHPRICE_FACTOR: Final = "hashprice_factor"
CONF_HASHPRICE_PATH: Final = "hashprice_path"
CONF_HASHPRICE_SOURCE: Final = "hashprice_source"
CONF_HASHPRICE_URL: Final = "hashprice_url"
CONF_HEAT_REQUEST: Final = "heat_request"
CONF_HEAT_SHARE: Final = "heat_share"
CONF_HEATING_LIMIT: Final = "heating_limit"
CONF_IDLE_ON_RELEASE: Final = "idle_on_release"
CONF_INFO: Final = "info"
CONF_KIND: Final = "kind"
CONF_LEVEL: Final = "level"
CONF_LIMITS: Final = "limits"
CONF_MAX_FLOW: Final = "max_flow"
CONF_MAX_STARTS: Final = "max_starts"
CONF_MEASURE: Final = "measure"
CONF_METER: Final = "meter"
CONF_MIN_EXTERNAL: Final = "min_external"
CONF_MIN_LEVEL: Final = "min_level"
CONF_MIN_OFF: Final = "min_off"
CONF_MIN_ON: Final = "min_on"
CONF_NOMINAL_HEAT: Final = "nominal_heat"
CONF_NOMINAL_POWER: Final = "nominal_power"
CONF_NUMBER_IS: Final = "number_is"
CONF_ORGANISATION: Final = "organisation"
CONF_OUTDOOR: Final = "outdoor"
CONF_OVERRIDE_HOURS: Final = "override_hours"
CONF_PARITY: Final = "parity"
CONF_PEAK_POLICY: Final = "peak_policy"
CONF_PERSONS: Final = "persons"
CONF_PHASE: Final = "phase"
CONF_PHASES: Final = "phases"
CONF_PHASE_METERS: Final = ("phase_meter_1", "phase_meter_2", "phase_meter_3")
CONF_PHASE_POWER: Final = "phase_power"
CONF_PLANNING: Final = "planning"
CONF_POOL_FEE: Final = "pool_fee"
CONF_POWER_LOW: Final = "power_low"
CONF_POWER_NORMAL: Final = "power_normal"
CONF_PRESENCE: Final = "presence"
CONF_PRICE: Final = "price"
CONF_PRICE_AREA: Final = "price_area"
CONF_PRICE_ENTITY: Final = "price_entity"
CONF_PRICE_SOURCE: Final = "price_source"
CONF_PRICE_UNIT: Final = "price_unit"
CONF_PRIORITY: Final = "priority"
CONF_PV_FORECAST: Final = "pv_forecast"
CONF_QUIET_FROM: Final = "quiet_from"
CONF_QUIET_LEVEL: Final = "quiet_level"
CONF_QUIET_TO: Final = "quiet_to"
CONF_RAMP: Final = "ramp"
CONF_REFERENCE: Final = "reference"
CONF_REFRESH_TOKEN: Final = "refresh_token"  # noqa: S105
CONF_RIG: Final = "rig"
CONF_ROOM_CORRECTION: Final = "room_correction"
CONF_SCHEDULE: Final = "schedule"
CONF_SHORT_LIMIT: Final = "short_limit"
CONF_SITE_METER: Final = "site_meter"
CONF_SITE_POWER: Final = "site_power"
CONF_SLOPE: Final = "slope"
CONF_SOLAR: Final = "solar"
CONF_SOURCE_KIND: Final = "source_kind"
CONF_START_COST: Final = "start_cost"
CONF_STOPBITS: Final = "stopbits"
CONF_TARIFF_WINDOWS: Final = "tariff_windows"
CONF_TAX: Final = "tax"
CONF_TEMPERATURE: Final = "temperature"
CONF_TEMPLATE: Final = "template"
CONF_UNIT_ID: Final = "unit_id"
CONF_USUAL_LOAD: Final = "usual_load"
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
