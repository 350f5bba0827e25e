"""Config flow: a heating system; its zones and heat sources are subentries."""

from collections.abc import Mapping
from typing import Any, Literal, override

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    OptionsFlow,
    SubentryFlowResult,
)
from homeassistant.const import (
    CONF_HOST,
    CONF_NAME,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_SCAN_INTERVAL,
    UnitOfPower,
    UnitOfTemperature,
    UnitOfTime,
)
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
    TimeSelector,
)
import probatio as vol

from .const import (
    CONF_AWAY_CALENDAR,
    CONF_CURVE,
    CONF_EMITTER,
    CONF_FEES,
    CONF_FIXED_PRICE,
    CONF_HASHPRICE,
    CONF_HASHPRICE_ENTITY,
    CONF_KIND,
    CONF_LEVEL,
    CONF_LIMITS,
    CONF_MAX_FLOW,
    CONF_OUTDOOR,
    CONF_PERSONS,
    CONF_PRESENCE,
    CONF_PRICE,
    CONF_PRICE_ENTITY,
    CONF_QUIET_FROM,
    CONF_QUIET_LEVEL,
    CONF_QUIET_TO,
    CONF_SCHEDULE,
    CONF_SITE_METER,
    CONF_SITE_POWER,
    CONF_SLOPE,
    CONF_TAX,
    CONF_TEMPERATURE,
    CONF_WEATHER,
    CONF_WINDOWS,
    DEFAULT_LEVEL,
    DEFAULT_SLOPE,
    DOMAIN,
    SUBENTRY_METER,
    SUBENTRY_SOURCE,
    SUBENTRY_ZONE,
)
from .flow_forms import CAUGHT, FORMS, Choice, error_of
from .meters import CONF_INVERTED, DEFAULT_INTERVAL_S, meter_of

CONF_CHOICE = "choice"


def _number(low: float, high: float, step: float | Literal["any"], unit: str | None = None) -> NumberSelector:
    config = NumberSelectorConfig(min=low, max=high, step=step, mode=NumberSelectorMode.BOX)
    if unit is not None:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)


_TEMPERATURE = EntitySelector(
    EntitySelectorConfig(
        filter=[{"domain": "sensor", "device_class": "temperature"}, {"domain": ["climate", "weather"]}]
    )
)
_SYSTEM = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Optional(CONF_OUTDOOR): _TEMPERATURE,
        vol.Optional(CONF_WEATHER): EntitySelector(EntitySelectorConfig(domain="weather")),
        vol.Required(CONF_EMITTER, default="underfloor"): SelectSelector(
            SelectSelectorConfig(options=["underfloor", "radiator"], translation_key="emitter")
        ),
    }
)
ZONE_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_TEMPERATURE): _TEMPERATURE,
        vol.Optional(CONF_WINDOWS): EntitySelector(EntitySelectorConfig(domain="binary_sensor", multiple=True)),
        vol.Optional(CONF_SCHEDULE): EntitySelector(
            EntitySelectorConfig(domain=["schedule", "input_boolean", "binary_sensor"])
        ),
        vol.Required("comfort", default=21.0): _number(5, 28, 0.5, UnitOfTemperature.CELSIUS),
        vol.Required("eco", default=18.5): _number(5, 28, 0.5, UnitOfTemperature.CELSIUS),
        vol.Required("away", default=16.0): _number(5, 28, 0.5, UnitOfTemperature.CELSIUS),
    }
)
_METER = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_HOST): TextSelector(),
        vol.Required(CONF_PORT, default=80): _number(1, 65535, 1),
        vol.Optional(CONF_PASSWORD): TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD)),
        vol.Required(CONF_SCAN_INTERVAL, default=DEFAULT_INTERVAL_S): _number(2, 60, 1, UnitOfTime.SECONDS),
        vol.Required(CONF_INVERTED, default=False): BooleanSelector(),
    }
)
OPTION_FORMS: dict[str, vol.Schema] = {
    CONF_CURVE: vol.Schema(
        {
            vol.Required(CONF_SLOPE, default=DEFAULT_SLOPE): _number(0.1, 3.5, 0.05),
            vol.Required(CONF_LEVEL, default=DEFAULT_LEVEL): _number(-13, 40, 0.5, UnitOfTemperature.KELVIN),
            vol.Required(CONF_MAX_FLOW, default=40.0): _number(25, 80, 1, UnitOfTemperature.CELSIUS),
        }
    ),
    CONF_PRICE: vol.Schema(
        {
            vol.Optional(CONF_PRICE_ENTITY): EntitySelector(EntitySelectorConfig(domain=["sensor", "event"])),
            vol.Optional(CONF_FIXED_PRICE): _number(-1, 100, "any"),
            vol.Required(CONF_FEES, default=0.0): _number(-1, 100, "any"),
            vol.Required(CONF_TAX, default=0.0): _number(0, 100, "any", "%"),
            vol.Optional(CONF_HASHPRICE): _number(0, 10_000, "any"),
            vol.Optional(CONF_HASHPRICE_ENTITY): EntitySelector(
                EntitySelectorConfig(domain=["sensor", "input_number"])
            ),
        }
    ),
    CONF_PRESENCE: vol.Schema(
        {
            vol.Optional(CONF_PERSONS): EntitySelector(
                EntitySelectorConfig(domain=["person", "device_tracker", "group", "input_boolean"], multiple=True)
            ),
            vol.Optional(CONF_AWAY_CALENDAR): EntitySelector(EntitySelectorConfig(domain="calendar")),
        }
    ),
    CONF_LIMITS: vol.Schema(
        {
            vol.Optional(CONF_SITE_METER): EntitySelector(EntitySelectorConfig(domain="sensor", device_class="power")),
            vol.Optional(CONF_SITE_POWER): _number(500, 100_000, 100, UnitOfPower.WATT),
            vol.Optional(CONF_QUIET_FROM): TimeSelector(),
            vol.Optional(CONF_QUIET_TO): TimeSelector(),
            vol.Required(CONF_QUIET_LEVEL, default=100): _number(0, 100, 5, "%"),
        }
    ),
}


class ProofOfHeatConfigFlow(ConfigFlow, domain=DOMAIN):
    """Add a heating system."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        self._subentry_id = ""

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """Zones, heat sources and meters."""
        return {
            SUBENTRY_METER: MeterSubentryFlow,
            SUBENTRY_SOURCE: SourceSubentryFlow,
            SUBENTRY_ZONE: ZoneSubentryFlow,
        }

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Curve, prices, presence, limits."""
        return ProofOfHeatOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Name the system and say where the outdoor temperature comes from."""
        errors: dict[str, str] = {}
        if user_input is not None and not (errors := self._check(user_input)):
            name = user_input[CONF_NAME].strip()
            self._async_abort_entries_match({CONF_NAME: name})
            return self.async_create_entry(title=name, data={**user_input, CONF_NAME: name})
        return self._form("user", user_input, errors)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change it."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        if user_input is not None and not (errors := self._check(user_input)):
            name = user_input[CONF_NAME].strip()
            return self.async_update_and_abort(entry, title=name, data={**user_input, CONF_NAME: name})
        return self._form("reconfigure", user_input or entry.data, errors)

    @staticmethod
    def _check(user_input: dict[str, Any]) -> dict[str, str]:
        if not user_input[CONF_NAME].strip():
            return {CONF_NAME: "name_empty"}
        if not user_input.get(CONF_OUTDOOR) and not user_input.get(CONF_WEATHER):
            return {CONF_OUTDOOR: "outdoor_missing"}
        return {}

    def _form(self, step: str, values: Mapping[str, Any] | None, errors: dict[str, str]) -> ConfigFlowResult:
        return self.async_show_form(
            step_id=step, data_schema=self.add_suggested_values_to_schema(_SYSTEM, values), errors=errors
        )

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """A device refuses our credentials."""
        self._subentry_id = str(entry_data.get("subentry_id", ""))
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for its secrets anew and try them out."""
        entry = self._get_reauth_entry()
        subentry = entry.subentries.get(self._subentry_id)
        if subentry is None:
            return self.async_abort(reason="source_gone")
        form = FORMS[subentry.data[CONF_KIND]]
        full = await form.schema(self.hass)
        schema = vol.Schema({key: value for key, value in full.schema.items() if str(key) in form.secrets})
        errors: dict[str, str] = {}
        if user_input is not None:
            data = {**subentry.data, **user_input}
            try:
                choices = await form.connect(self.hass, _as_entered(data))
            except CAUGHT as err:
                errors["base"] = error_of(err)
            else:
                match = next((item for item in choices if item.unique_id == subentry.unique_id), None)
                if match is None:
                    return self.async_abort(reason="wrong_device")
                self.hass.config_entries.async_update_subentry(entry, subentry, data=match.data)
                return self.async_abort(reason="reauth_successful")
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=schema,
            errors=errors,
            description_placeholders={"name": subentry.title},
        )


def _as_entered(data: Mapping[str, Any]) -> dict[str, Any]:
    """Stored data as a form would give it: the address of a simulated cloud is kept apart there."""
    entered = dict(data)
    api_url = data.get("info", {}).get("api_url", "") if isinstance(data.get("info"), Mapping) else ""
    if data[CONF_KIND] == "viessmann" and api_url.endswith("/iot/v2"):
        entered["host"] = api_url.removesuffix("/iot/v2")
        if "viessmann-climatesolutions.com" in api_url:
            entered.pop("host")
    return entered


class ProofOfHeatOptionsFlow(OptionsFlow):
    """One form per subject."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the subject."""
        return self.async_show_menu(step_id="init", menu_options=list(OPTION_FORMS))

    async def async_step_curve(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """The heating curve."""
        return self._subject(CONF_CURVE, user_input)

    async def async_step_price(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Electricity and mining prices."""
        return self._subject(CONF_PRICE, user_input)

    async def async_step_presence(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Who is home."""
        return self._subject(CONF_PRESENCE, user_input)

    async def async_step_limits(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Power and noise."""
        return self._subject(CONF_LIMITS, user_input)

    def _subject(self, subject: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        options = dict(self.config_entry.options)
        if user_input is not None:
            return self.async_create_entry(data={**options, subject: user_input})
        schema = self.add_suggested_values_to_schema(OPTION_FORMS[subject], options.get(subject))
        return self.async_show_form(step_id=subject, data_schema=schema)


class ZoneSubentryFlow(ConfigSubentryFlow):
    """Add or change a zone."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Its sensor, its windows, its temperatures."""
        errors: dict[str, str] = {}
        if user_input is not None and not (errors := self._check(user_input)):
            return self.async_create_entry(
                title=user_input[CONF_NAME].strip(),
                data=user_input,
                unique_id=f"{user_input[CONF_TEMPERATURE]}_{user_input[CONF_NAME].strip()}",
            )
        return self._form("user", user_input, errors)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change it."""
        subentry = self._get_reconfigure_subentry()
        errors: dict[str, str] = {}
        if user_input is not None and not (errors := self._check(user_input)):
            return self.async_update_and_abort(
                self._get_entry(), subentry, title=user_input[CONF_NAME].strip(), data=user_input
            )
        return self._form("reconfigure", user_input or subentry.data, errors)

    @staticmethod
    def _check(user_input: dict[str, Any]) -> dict[str, str]:
        if not user_input[CONF_NAME].strip():
            return {CONF_NAME: "name_empty"}
        if not user_input["comfort"] >= user_input["eco"] >= user_input["away"]:
            return {"base": "temperatures_disordered"}
        return {}

    def _form(self, step: str, values: Mapping[str, Any] | None, errors: dict[str, str]) -> SubentryFlowResult:
        return self.async_show_form(
            step_id=step, data_schema=self.add_suggested_values_to_schema(ZONE_SCHEMA, values), errors=errors
        )


class MeterSubentryFlow(ConfigSubentryFlow):
    """Add or change a meter that is asked directly; it is tried out before it is taken."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Where it is."""
        errors: dict[str, str] = {}
        if user_input is not None:
            mac = await self._try(user_input, errors)
            if not errors:
                if any(item.unique_id == mac for item in self._get_entry().subentries.values()):
                    return self.async_abort(reason="already_configured")
                return self.async_create_entry(title=user_input[CONF_NAME].strip(), data=user_input, unique_id=mac)
        return self._form("user", user_input, errors)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change it."""
        subentry = self._get_reconfigure_subentry()
        errors: dict[str, str] = {}
        if user_input is not None:
            mac = await self._try(user_input, errors)
            if not errors and mac != subentry.unique_id:
                return self.async_abort(reason="wrong_device")
            if not errors:
                return self.async_update_and_abort(
                    self._get_entry(), subentry, title=user_input[CONF_NAME].strip(), data=user_input
                )
        return self._form("reconfigure", user_input or subentry.data, errors)

    async def _try(self, user_input: dict[str, Any], errors: dict[str, str]) -> str:
        if not user_input[CONF_NAME].strip():
            errors[CONF_NAME] = "name_empty"
            return ""
        meter = meter_of(self.hass, user_input)
        try:
            info = await meter.identify()
            await meter.read()
        except CAUGHT as err:
            errors["base"] = error_of(err)
            return ""
        return str(info["mac"])

    def _form(self, step: str, values: Mapping[str, Any] | None, errors: dict[str, str]) -> SubentryFlowResult:
        return self.async_show_form(
            step_id=step, data_schema=self.add_suggested_values_to_schema(_METER, values), errors=errors
        )


class SourceSubentryFlow(ConfigSubentryFlow):
    """Add or change a heat source; it is tried out before it is taken."""

    def __init__(self) -> None:
        self._choices: list[Choice] = []

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose the kind."""
        return self.async_show_menu(step_id="user", menu_options=list(FORMS))

    async def async_step_miner(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """A miner on the LAN."""
        return await self._kind("miner", user_input)

    async def async_step_viessmann(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """A Viessmann heat pump."""
        return await self._kind("viessmann", user_input)

    async def async_step_modbus(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """A boiler or heat pump on Modbus."""
        return await self._kind("modbus", user_input)

    async def async_step_entity(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """An entity of Home Assistant."""
        return await self._kind("entity", user_input)

    async def async_step_external(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """A source that another integration offers."""
        return await self._kind("external", user_input)

    async def async_step_nicehash(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """A rig at NiceHash."""
        return await self._kind("nicehash", user_input)

    async def async_step_hiveos(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """A worker at HiveOS."""
        return await self._kind("hiveos", user_input)

    async def async_step_choose(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """An account has several."""
        if user_input is not None:
            return self._take(next(item for item in self._choices if item.unique_id == user_input[CONF_CHOICE]))
        options = [SelectOptionDict(value=item.unique_id, label=item.title) for item in self._choices]
        schema = vol.Schema({vol.Required(CONF_CHOICE): SelectSelector(SelectSelectorConfig(options=options))})
        return self.async_show_form(step_id="choose", data_schema=schema)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change a source: the form of its kind, with what is set."""
        return await self._kind(self._get_reconfigure_subentry().data[CONF_KIND], user_input, step="reconfigure")

    async def _kind(
        self, kind: str, user_input: dict[str, Any] | None, *, step: str | None = None
    ) -> SubentryFlowResult:
        form = FORMS[kind]
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                self._choices = await form.connect(self.hass, {**user_input, CONF_KIND: kind})
            except CAUGHT as err:
                errors["base"] = error_of(err)
            else:
                return await self._chosen(step)
        values: Mapping[str, Any] | None = user_input
        if values is None and step is not None:
            values = {
                key: value for key, value in self._get_reconfigure_subentry().data.items() if key not in form.secrets
            }
        schema = self.add_suggested_values_to_schema(await form.schema(self.hass), values)
        return self.async_show_form(step_id=step or kind, data_schema=schema, errors=errors)

    async def _chosen(self, step: str | None) -> SubentryFlowResult:
        if step is not None:
            return self._change()
        taken = {subentry.unique_id for subentry in self._get_entry().subentries.values()}
        free = [item for item in self._choices if item.unique_id not in taken]
        if not free:
            return self.async_abort(reason="already_configured" if self._choices else "nothing_found")
        self._choices = free
        return self._take(free[0]) if len(free) == 1 else await self.async_step_choose()

    def _take(self, choice: Choice) -> SubentryFlowResult:
        return self.async_create_entry(title=choice.title, data=choice.data, unique_id=choice.unique_id)

    def _change(self) -> SubentryFlowResult:
        subentry = self._get_reconfigure_subentry()
        match = next((item for item in self._choices if item.unique_id == subentry.unique_id), None)
        if match is None:
            return self.async_abort(reason="wrong_device")
        return self.async_update_and_abort(self._get_entry(), subentry, data=match.data)
