"""Options: one form per subject, three for prices."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, UnitOfPower, UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
    TimeSelector,
)
from homeassistant.util import dt as dt_util
import probatio as vol

from .._lib.money import UnknownUnitError, is_plausible_price
from ..const import (
    CONF_AWAY_CALENDAR,
    CONF_CO2_ENTITY,
    CONF_CURVE,
    CONF_FEES,
    CONF_FIXED_PRICE,
    CONF_HASHPRICE,
    CONF_HASHPRICE_ENTITY,
    CONF_HASHPRICE_FACTOR,
    CONF_HASHPRICE_PATH,
    CONF_HASHPRICE_SOURCE,
    CONF_HASHPRICE_URL,
    CONF_LEVEL,
    CONF_LIMITS,
    CONF_MAX_FLOW,
    CONF_PERSONS,
    CONF_PHASES,
    CONF_PLANNING,
    CONF_POOL_FEE,
    CONF_PRESENCE,
    CONF_PRICE,
    CONF_PRICE_AREA,
    CONF_PRICE_ENTITY,
    CONF_PRICE_SOURCE,
    CONF_PRICE_UNIT,
    CONF_PV_FORECAST,
    CONF_QUIET_FROM,
    CONF_QUIET_LEVEL,
    CONF_QUIET_TO,
    CONF_SITE_METER,
    CONF_SITE_POWER,
    CONF_SLOPE,
    CONF_SOLAR,
    CONF_TAX,
    CONF_WAY_ZONES,
    DEFAULT_LEVEL,
    DEFAULT_POOL_FEE,
    DEFAULT_QUIET_LEVEL,
    DEFAULT_SLOPE,
    LEVEL_RANGE_K,
    MAX_FLOW_RANGE_C,
    POWER_LIMIT_RANGE_W,
    SLOPE_RANGE,
)
from ..inputs.emissions import emission_kg_kwh
from ..inputs.pv_forecast import fetch_forecast
from ..inputs.states import known, number_of
from ..prices.hashprice_sources import HASHPRICE_SOURCES
from ..prices.http_price import fetch_configured
from ..prices.json_fetch import HttpPriceError
from ..prices.public_prices import PUBLIC_SOURCES, PublicPriceError, PublicPrices, fetch_public, needs_area
from ..prices.units import SELECTABLE, unit_of
from ..system_config import HttpPriceConfig, SystemConfig, read_config
from .advanced import with_section, without_empty
from .fields import POWER, number, select, with_currency
from .option_schemas import CURVE_ADVANCED, PLANNING, PRESENCE_ADVANCED, SOLAR, curve_problems
from .phases import PHASES, phases_problems
from .price_windows import MONEY, PRICE_ADVANCED, TARIFF, price_problems, tariff_problems

type Problems = dict[str, str]
type Validator = Callable[[Mapping[str, Any]], Problems]
type Trial = Callable[[HomeAssistant, Mapping[str, Any]], Awaitable[Problems]]
type CurrentValues = Callable[[SystemConfig], Mapping[str, Any]]


def _no_problems(values: Mapping[str, Any]) -> Problems:
    return {}


def _nothing_current(config: SystemConfig) -> Mapping[str, Any]:
    return {}


def current_curve(config: SystemConfig) -> Mapping[str, Any]:
    """Return the curve in use: its default limit depends on the emitters."""
    return {CONF_SLOPE: config.slope, CONF_LEVEL: config.level, CONF_MAX_FLOW: config.max_flow_c}


async def _no_trial(hass: HomeAssistant, values: Mapping[str, Any]) -> Problems:
    return {}


async def try_price(hass: HomeAssistant, values: Mapping[str, Any]) -> Problems:
    """Read the price sensor once: its unit is known or selected, and its price can be meant. Else ask the source."""
    entity_id = values.get(CONF_PRICE_ENTITY)
    if not entity_id and (source := values.get(CONF_PRICE_SOURCE)):
        return await _try_public_prices(hass, source, str(values.get(CONF_PRICE_AREA, "")))
    state = known(hass, entity_id)
    if state is None:
        return {}
    try:
        unit = unit_of(state, values.get(CONF_PRICE_UNIT))
    except UnknownUnitError as err:
        return {CONF_PRICE_ENTITY: "price_unit_unknown"} if err.unit else {CONF_PRICE_UNIT: "price_unit_missing"}
    value = number_of(state)
    if value is not None and not is_plausible_price(value * unit.factor, unit.currency or hass.config.currency):
        return {
            CONF_PRICE_ENTITY
            if state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
            else CONF_PRICE_UNIT: "price_implausible"
        }
    return {}


async def _try_public_prices(hass: HomeAssistant, source: str, area: str) -> Problems:
    """Fetch the prices once."""
    if needs_area(source, area):
        return {CONF_PRICE_AREA: "price_area_invalid"}
    today = dt_util.now().date()
    try:
        await fetch_public(async_get_clientsession(hass), PublicPrices(source, area), today, hass.config.currency)
    except PublicPriceError, HttpPriceError:
        return {CONF_PRICE_AREA if PUBLIC_SOURCES[source].area else CONF_PRICE_SOURCE: "no_public_prices"}
    except aiohttp.ClientError, TimeoutError:
        return {CONF_PRICE_SOURCE: "source_unreachable"}
    return {}


def mining_problems(values: Mapping[str, Any]) -> Problems:
    """Validate the address."""
    url = values.get(CONF_HASHPRICE_URL)
    is_valid = not url or str(url).startswith(("http://", "https://"))
    return {} if is_valid else {CONF_HASHPRICE_URL: "url_invalid"}


async def try_mining(hass: HomeAssistant, values: Mapping[str, Any]) -> Problems:
    """Fetch the price once. A public source takes precedence over an address."""
    if source := values.get(CONF_HASHPRICE_SOURCE):
        try:
            await fetch_configured(hass, str(source))
        except aiohttp.ClientError, TimeoutError, ValueError:
            return {CONF_HASHPRICE_SOURCE: "source_unreachable"}
        return {}
    url = values.get(CONF_HASHPRICE_URL)
    if not url:
        return {}
    config = HttpPriceConfig(str(url), str(values.get(CONF_HASHPRICE_PATH, "")), float(values[CONF_HASHPRICE_FACTOR]))
    try:
        await fetch_configured(hass, config)
    except HttpPriceError:
        return {CONF_HASHPRICE_PATH: "path_invalid"}
    except aiohttp.ClientError, TimeoutError, ValueError:
        return {CONF_HASHPRICE_URL: "cannot_connect"}
    return {}


async def try_solar(hass: HomeAssistant, values: Mapping[str, Any]) -> Problems:
    """Request the forecast once."""
    try:
        await fetch_forecast(hass, values.get(CONF_PV_FORECAST, ()))
    except Exception:  # noqa: BLE001  any integration may be asked
        return {CONF_PV_FORECAST: "no_solar_forecast"}
    return {}


async def try_planning(hass: HomeAssistant, values: Mapping[str, Any]) -> Problems:
    """Check the unit of the CO2 intensity."""
    entity_id = values.get(CONF_CO2_ENTITY)
    if known(hass, entity_id) is None or emission_kg_kwh(hass, entity_id) > 0:
        return {}
    return {CONF_CO2_ENTITY: "no_co2_intensity"}


def limits_problems(values: Mapping[str, Any]) -> Problems:
    """Validate that the quiet hours have a start and an end."""
    start, end = values.get(CONF_QUIET_FROM), values.get(CONF_QUIET_TO)
    if (start is None) == (end is None):
        return {}
    return {CONF_QUIET_TO if end is None else CONF_QUIET_FROM: "quiet_incomplete"}


@dataclass(frozen=True, slots=True)
class OptionForm:
    """A form for some options of a subject.

    `problems` validates the values, `trial` uses them once, `current` returns the values in use without any stored.
    """

    subject: str
    schema: vol.Schema
    problems: Validator = _no_problems
    trial: Trial = _no_trial
    current: CurrentValues = _nothing_current


OPTION_FORMS: Final[dict[str, OptionForm]] = {
    "curve": OptionForm(
        CONF_CURVE,
        with_section(
            vol.Schema(
                {
                    vol.Required(CONF_SLOPE, default=DEFAULT_SLOPE): number(*SLOPE_RANGE, None, 0.05),
                    vol.Required(CONF_LEVEL, default=DEFAULT_LEVEL): number(
                        *LEVEL_RANGE_K, UnitOfTemperature.KELVIN, 0.5
                    ),
                    vol.Required(CONF_MAX_FLOW): number(*MAX_FLOW_RANGE_C, UnitOfTemperature.CELSIUS),
                }
            ),
            CURVE_ADVANCED,
        ),
        curve_problems,
        current=current_curve,
    ),
    "price": OptionForm(
        CONF_PRICE,
        with_section(
            vol.Schema(
                {
                    vol.Optional(CONF_PRICE_ENTITY): EntitySelector(EntitySelectorConfig(domain=["sensor", "event"])),
                    vol.Optional(CONF_PRICE_UNIT): select(list(SELECTABLE), CONF_PRICE_UNIT),
                    vol.Optional(CONF_PRICE_SOURCE): select(list(PUBLIC_SOURCES), CONF_PRICE_SOURCE),
                    vol.Optional(CONF_PRICE_AREA): TextSelector(),
                    vol.Required(CONF_FEES, default=0.0): MONEY,
                    vol.Required(CONF_TAX, default=0.0): number(0, 100, "%", "any"),
                    vol.Optional(CONF_FIXED_PRICE): MONEY,
                }
            ),
            PRICE_ADVANCED,
        ),
        price_problems,
        trial=try_price,
    ),
    "tariff": OptionForm(
        CONF_PRICE,
        TARIFF,
        tariff_problems,
    ),
    "mining": OptionForm(
        CONF_PRICE,
        vol.Schema(
            {
                vol.Optional(CONF_HASHPRICE_ENTITY): EntitySelector(
                    EntitySelectorConfig(domain=["sensor", "input_number"])
                ),
                vol.Optional(CONF_HASHPRICE_SOURCE): select(list(HASHPRICE_SOURCES), CONF_HASHPRICE_SOURCE),
                vol.Optional(CONF_HASHPRICE_URL): TextSelector(TextSelectorConfig(type=TextSelectorType.URL)),
                vol.Optional(CONF_HASHPRICE_PATH): TextSelector(),
                vol.Required(CONF_HASHPRICE_FACTOR, default=1.0): number(0, 1e12, None, "any"),
                vol.Optional(CONF_HASHPRICE): number(0, 10_000, None, "any"),
                vol.Required(CONF_POOL_FEE, default=DEFAULT_POOL_FEE): number(0, 100, "%", "any"),
            }
        ),
        mining_problems,
        try_mining,
    ),
    "presence": OptionForm(
        CONF_PRESENCE,
        with_section(
            vol.Schema(
                {
                    vol.Optional(CONF_PERSONS): EntitySelector(
                        EntitySelectorConfig(
                            domain=["person", "device_tracker", "group", "input_boolean"], multiple=True
                        )
                    ),
                    vol.Optional(CONF_WAY_ZONES): EntitySelector(EntitySelectorConfig(domain="zone", multiple=True)),
                    vol.Optional(CONF_AWAY_CALENDAR): EntitySelector(EntitySelectorConfig(domain="calendar")),
                }
            ),
            PRESENCE_ADVANCED,
        ),
    ),
    "limits": OptionForm(
        CONF_LIMITS,
        vol.Schema(
            {
                vol.Optional(CONF_SITE_METER): POWER,
                vol.Optional(CONF_SITE_POWER): number(*POWER_LIMIT_RANGE_W, UnitOfPower.WATT, 100),
                vol.Optional(CONF_QUIET_FROM): TimeSelector(),
                vol.Optional(CONF_QUIET_TO): TimeSelector(),
                vol.Required(CONF_QUIET_LEVEL, default=DEFAULT_QUIET_LEVEL): number(0, 100, "%", 5),
            }
        ),
        limits_problems,
    ),
    "phases": OptionForm(CONF_PHASES, PHASES, phases_problems),
    "solar": OptionForm(CONF_SOLAR, SOLAR, trial=try_solar),
    "planning": OptionForm(CONF_PLANNING, PLANNING, trial=try_planning),
}
# Schemas for imported configurations, without the defaults of the forms.
SUBJECTS: Final[dict[str, vol.Schema]] = {
    subject: vol.Schema(
        {
            vol.Optional(str(key)): value
            for form in OPTION_FORMS.values()
            if form.subject == subject
            for key, value in form.schema.schema.items()
        }
    )
    for subject in dict.fromkeys(form.subject for form in OPTION_FORMS.values())
}


def problems_of(subject: str, values: Mapping[str, Any]) -> Problems:
    """Validate the options of a subject that were not entered in a form."""
    found: Problems = {}
    for form in OPTION_FORMS.values():
        if form.subject == subject:
            found |= form.problems(values)
    return found


class ProofOfHeatOptionsFlow(OptionsFlow):
    """A menu of the forms."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Select the settings to change."""
        return self.async_show_menu(step_id="init", menu_options=list(OPTION_FORMS))

    async def async_step_curve(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """The heating curve."""
        return await self._edit("curve", user_input)

    async def async_step_price(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """The electricity price."""
        return await self._edit("price", user_input)

    async def async_step_tariff(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """The time-of-use tariff."""
        return await self._edit("tariff", user_input)

    async def async_step_mining(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """The mining revenue."""
        return await self._edit("mining", user_input)

    async def async_step_presence(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Presence."""
        return await self._edit("presence", user_input)

    async def async_step_limits(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Power limit and quiet hours."""
        return await self._edit("limits", user_input)

    async def async_step_solar(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Solar power."""
        return await self._edit("solar", user_input)

    async def async_step_phases(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Power limit per phase."""
        return await self._edit("phases", user_input)

    async def async_step_planning(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Comfort, power peaks and CO2."""
        return await self._edit("planning", user_input)

    async def _edit(self, name: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Show a form; options of its subject that it does not show stay as they are."""
        form, options = OPTION_FORMS[name], dict(self.config_entry.options)
        stored: Mapping[str, Any] = options.get(form.subject, {})
        errors: Problems = {}
        if user_input is not None:
            errors = form.problems(user_input) or await form.trial(self.hass, user_input)
        if user_input is not None and not errors:
            shown = {str(key) for key in form.schema.schema}
            rest = {key: value for key, value in stored.items() if key not in shown}
            return self.async_create_entry(data={**options, form.subject: without_empty({**rest, **user_input})})
        current = {**form.current(read_config(self.config_entry)), **stored}
        offered = with_currency(self.hass, form.schema)
        schema = self.add_suggested_values_to_schema(offered, current if user_input is None else user_input)
        return self.async_show_form(step_id=name, data_schema=schema, errors=errors)
