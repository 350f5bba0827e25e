"""Options: one form per subject; prices have three."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.const import UnitOfPower, UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    ObjectSelector,
    ObjectSelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
    TimeSelector,
)
import probatio as vol

from ..const import (
    CONF_AWAY_CALENDAR,
    CONF_BASE_PRICE,
    CONF_CURVE,
    CONF_FEES,
    CONF_FIXED_PRICE,
    CONF_HASHPRICE,
    CONF_HASHPRICE_ENTITY,
    CONF_HASHPRICE_FACTOR,
    CONF_HASHPRICE_PATH,
    CONF_HASHPRICE_URL,
    CONF_LEVEL,
    CONF_LIMITS,
    CONF_MAX_FLOW,
    CONF_PERSONS,
    CONF_POOL_FEE,
    CONF_PRESENCE,
    CONF_PRICE,
    CONF_PRICE_ENTITY,
    CONF_QUIET_FROM,
    CONF_QUIET_LEVEL,
    CONF_QUIET_TO,
    CONF_SITE_METER,
    CONF_SITE_POWER,
    CONF_SLOPE,
    CONF_TARIFF_WINDOWS,
    CONF_TAX,
    CONF_WAY_ZONES,
    DEFAULT_LEVEL,
    DEFAULT_POOL_FEE,
    DEFAULT_QUIET_LEVEL,
    DEFAULT_SLOPE,
)
from ..prices.http_price import WebPriceError, ask
from ..prices.tariff import DAYS, TariffError, parse as parse_tariff
from ..system_config import Settings, WebPrice, read
from .fields import number, with_currency

type Problems = dict[str, str]
type Look = Callable[[Mapping[str, Any]], Problems]
type Check = Callable[[HomeAssistant, Mapping[str, Any]], Awaitable[Problems]]
type Now = Callable[[Settings], Mapping[str, Any]]

_MONEY: Final = number(-1, 100, None, "any")
_WINDOWS: Final = ObjectSelector(
    ObjectSelectorConfig(
        multiple=True,
        label_field="start",
        description_field="price",
        translation_key="tariff_window",
        fields={
            "days": {
                "selector": SelectSelector(
                    SelectSelectorConfig(
                        options=list(DAYS), multiple=True, mode=SelectSelectorMode.DROPDOWN, translation_key="days"
                    )
                ),
            },
            "start": {"required": True, "selector": TimeSelector()},
            "end": {"required": True, "selector": TimeSelector()},
            "price": {"required": True, "selector": _MONEY},
        },
    )
)


def _fine(values: Mapping[str, Any]) -> Problems:
    return {}


def _as_stored(settings: Settings) -> Mapping[str, Any]:
    return {}


def curve_now(settings: Settings) -> Mapping[str, Any]:
    """The curve in use: its limit depends on the emitters."""
    return {CONF_SLOPE: settings.slope, CONF_LEVEL: settings.level, CONF_MAX_FLOW: settings.max_flow_c}


async def _nothing_to_try(hass: HomeAssistant, values: Mapping[str, Any]) -> Problems:
    return {}


def tariff_problems(values: Mapping[str, Any]) -> Problems:
    """The windows can be read, and there is a price outside of them."""
    rows = values.get(CONF_TARIFF_WINDOWS)
    if not rows:
        return {}
    if CONF_BASE_PRICE not in values:
        return {CONF_BASE_PRICE: "base_price_missing"}
    try:
        parse_tariff(values[CONF_BASE_PRICE], rows)
    except TariffError:
        return {CONF_TARIFF_WINDOWS: "tariff_invalid"}
    return {}


def mining_problems(values: Mapping[str, Any]) -> Problems:
    """An address is one of the web."""
    url = values.get(CONF_HASHPRICE_URL)
    fits = not url or str(url).startswith(("http://", "https://"))
    return {} if fits else {CONF_HASHPRICE_URL: "url_invalid"}


async def try_mining(hass: HomeAssistant, values: Mapping[str, Any]) -> Problems:
    """The address is asked once."""
    url = values.get(CONF_HASHPRICE_URL)
    if not url:
        return {}
    where = WebPrice(str(url), str(values.get(CONF_HASHPRICE_PATH, "")), float(values[CONF_HASHPRICE_FACTOR]))
    try:
        await ask(async_get_clientsession(hass), where)
    except WebPriceError:
        return {CONF_HASHPRICE_PATH: "path_invalid"}
    except aiohttp.ClientError, TimeoutError, ValueError:
        return {CONF_HASHPRICE_URL: "cannot_connect"}
    return {}


def limits_problems(values: Mapping[str, Any]) -> Problems:
    """Quiet hours have a begin and an end."""
    begin, end = values.get(CONF_QUIET_FROM), values.get(CONF_QUIET_TO)
    if (begin is None) == (end is None):
        return {}
    return {CONF_QUIET_TO if end is None else CONF_QUIET_FROM: "quiet_incomplete"}


@dataclass(frozen=True, slots=True)
class OptionForm:
    """A form over a part of the options of a subject.

    `problems`: what is wrong by itself; `trial`: tried out; `now`: what counts where nothing was set yet.
    """

    subject: str
    schema: vol.Schema
    problems: Look = _fine
    trial: Check = _nothing_to_try
    now: Now = _as_stored


OPTION_FORMS: Final[dict[str, OptionForm]] = {
    "curve": OptionForm(
        CONF_CURVE,
        vol.Schema(
            {
                vol.Required(CONF_SLOPE, default=DEFAULT_SLOPE): number(0.1, 3.5, None, 0.05),
                vol.Required(CONF_LEVEL, default=DEFAULT_LEVEL): number(-13, 40, UnitOfTemperature.KELVIN, 0.5),
                vol.Required(CONF_MAX_FLOW): number(25, 80, UnitOfTemperature.CELSIUS),
            }
        ),
        now=curve_now,
    ),
    "price": OptionForm(
        CONF_PRICE,
        vol.Schema(
            {
                vol.Optional(CONF_PRICE_ENTITY): EntitySelector(EntitySelectorConfig(domain=["sensor", "event"])),
                vol.Required(CONF_FEES, default=0.0): _MONEY,
                vol.Required(CONF_TAX, default=0.0): number(0, 100, "%", "any"),
                vol.Optional(CONF_FIXED_PRICE): _MONEY,
            }
        ),
    ),
    "tariff": OptionForm(
        CONF_PRICE,
        vol.Schema({vol.Optional(CONF_BASE_PRICE): _MONEY, vol.Optional(CONF_TARIFF_WINDOWS): _WINDOWS}),
        tariff_problems,
    ),
    "mining": OptionForm(
        CONF_PRICE,
        vol.Schema(
            {
                vol.Optional(CONF_HASHPRICE_ENTITY): EntitySelector(
                    EntitySelectorConfig(domain=["sensor", "input_number"])
                ),
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
        vol.Schema(
            {
                vol.Optional(CONF_PERSONS): EntitySelector(
                    EntitySelectorConfig(domain=["person", "device_tracker", "group", "input_boolean"], multiple=True)
                ),
                vol.Optional(CONF_WAY_ZONES): EntitySelector(EntitySelectorConfig(domain="zone", multiple=True)),
                vol.Optional(CONF_AWAY_CALENDAR): EntitySelector(EntitySelectorConfig(domain="calendar")),
            }
        ),
    ),
    "limits": OptionForm(
        CONF_LIMITS,
        vol.Schema(
            {
                vol.Optional(CONF_SITE_METER): EntitySelector(
                    EntitySelectorConfig(domain="sensor", device_class="power")
                ),
                vol.Optional(CONF_SITE_POWER): number(500, 100_000, UnitOfPower.WATT, 100),
                vol.Optional(CONF_QUIET_FROM): TimeSelector(),
                vol.Optional(CONF_QUIET_TO): TimeSelector(),
                vol.Required(CONF_QUIET_LEVEL, default=DEFAULT_QUIET_LEVEL): number(0, 100, "%", 5),
            }
        ),
        limits_problems,
    ),
}
# What a configuration that is imported may hold; it is taken as it is, without the forms' defaults.
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
    """What is wrong with the options of a subject that did not come from a form."""
    found: Problems = {}
    for form in OPTION_FORMS.values():
        if form.subject == subject:
            found |= form.problems(values)
    return found


class ProofOfHeatOptionsFlow(OptionsFlow):
    """A menu of forms."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the subject."""
        return self.async_show_menu(step_id="init", menu_options=list(OPTION_FORMS))

    async def async_step_curve(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """The heating curve."""
        return await self._edit("curve", user_input)

    async def async_step_price(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Electricity."""
        return await self._edit("price", user_input)

    async def async_step_tariff(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """A tariff by the clock."""
        return await self._edit("tariff", user_input)

    async def async_step_mining(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """What mining earns."""
        return await self._edit("mining", user_input)

    async def async_step_presence(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Who is home."""
        return await self._edit("presence", user_input)

    async def async_step_limits(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Power and noise."""
        return await self._edit("limits", user_input)

    async def _edit(self, name: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Show a form; what it does not show of its subject stays as it is."""
        form, options = OPTION_FORMS[name], dict(self.config_entry.options)
        stored: Mapping[str, Any] = options.get(form.subject, {})
        errors: Problems = {}
        if user_input is not None:
            errors = form.problems(user_input) or await form.trial(self.hass, user_input)
        if user_input is not None and not errors:
            shown = {str(key) for key in form.schema.schema}
            rest = {key: value for key, value in stored.items() if key not in shown}
            return self.async_create_entry(data={**options, form.subject: {**rest, **user_input}})
        shown_now = {**form.now(read(self.config_entry)), **stored}
        offered = with_currency(self.hass, form.schema)
        schema = self.add_suggested_values_to_schema(offered, shown_now if user_input is None else user_input)
        return self.async_show_form(step_id=name, data_schema=schema, errors=errors)
