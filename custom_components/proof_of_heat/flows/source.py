"""The subentry flow of heat sources: one step per form of the registered types."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final, override

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntryState, ConfigSubentry, SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.helpers.selector import BooleanSelector, SelectOptionDict, TextSelector
import probatio as vol

from ..const import CONF_ADDRESS, CONF_ADVANCED, CONF_ENTITY, CONF_KIND, CONF_REFRESH_TOKEN, DOMAIN
from ..sources import registry
from ..sources.types import miner
from ..sources.viessmann_sign_in import PORTAL_URL
from .advanced import source_advanced, with_moved, with_section, without_empty, without_moved
from .fields import select, with_currency
from .form import (
    CONNECTION_ERRORS,
    GUIDE_LINK,
    DeviceCandidate,
    FieldError,
    SourceForm,
    only,
    same_device,
    without_tokens,
)
from .guide import GUIDE, GUIDED, GuideSteps
from .sign_in import (
    CONF_SIGN_IN,
    CONF_SIGN_IN_TOKEN,
    SignedIn,
    SignInRequiredError,
    SignInSteps,
    redirect_uri,
)

CONF_CHOICE: Final = "choice"
_STEP: Final = "async_step_"
_SCAN: Final = "scan"


class SourceSubentryFlow(SignInSteps, GuideSteps):
    """Adds or changes a heat source after a connection attempt."""

    def __init__(self) -> None:
        super().__init__()
        self._candidates: list[DeviceCandidate] = []
        self._name = ""
        self._is_guided = False
        self._is_paused = False
        self._shown: DeviceCandidate | None = None
        self._entered: tuple[str, dict[str, Any]] = ("", {})
        """The form that was sent last, with its values."""

    def __getattr__(self, name: str) -> Callable[..., Awaitable[SubentryFlowResult]]:
        """Return the step of a registered form; Home Assistant looks steps up by their name."""
        form = name.removeprefix(_STEP)
        if name.startswith(_STEP) and form in registry.forms():
            return partial(self._edit, form)
        raise AttributeError(name)

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Select the type, with the search for miners after their form. A new system begins with its first zone."""
        if user_input == GUIDED:
            self._is_guided = True
            return await self.async_step_guide()
        menu: list[str] = []
        for name in registry.forms():
            menu += [name, _SCAN] if name == miner.KEY else [name]
        return self.async_show_menu(step_id="user", menu_options=menu)

    @override
    async def async_step_miner(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the form of a miner, also after a search."""
        return await self._edit(miner.KEY, user_input)

    async def async_step_choose(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Select one of several devices of an account."""
        if user_input is not None:
            return await self._create(
                next(item for item in self._candidates if item.unique_id == user_input[CONF_CHOICE])
            )
        options = [SelectOptionDict(value=item.unique_id, label=item.title) for item in self._candidates]
        return self.async_show_form(
            step_id="choose", data_schema=vol.Schema({vol.Required(CONF_CHOICE): select(options)})
        )

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show the form with which the source was added."""
        data = self._get_reconfigure_subentry().data
        return await self._edit(registry.type_of(data).form_of(data), user_input, step="reconfigure")

    async def _edit(
        self,
        name: str,
        user_input: dict[str, Any] | None = None,
        *,
        step: str | None = None,
        signed_in: SignedIn | None = None,
    ) -> SubentryFlowResult:
        form = registry.forms()[name]
        if form.is_empty is not None and form.is_empty(self.hass):
            return self.async_abort(reason="nothing_offered")
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            self._entered = name, user_input
            self._name = user_input.get(CONF_NAME, "").strip()
            try:
                self._candidates = await self._connected(name, user_input, step, signed_in)
            except SignInRequiredError as err:
                return await self._sign_in(err.sign_in, partial(self._edit, name, user_input, step=step))
            except CONNECTION_ERRORS as err:
                errors = form.errors(err)
                placeholders |= err.placeholders if isinstance(err, FieldError) else {}
            else:
                return await self._on_connected(step)
            finally:
                self._resume_entry()
        warning = "" if form.warning is None else await form.warning(self.hass)
        if warning:
            errors.setdefault("base", "template_broken")
        stored = {} if step is None else self._get_reconfigure_subentry().data
        schema = with_currency(self.hass, form.without_useless(await form.schema(self.hass), stored))
        if step is not None:
            schema = form.with_optional_secrets(schema)
            if form.sign_in_form is not None:
                schema = vol.Schema({**schema.schema, vol.Optional(CONF_SIGN_IN, default=False): BooleanSelector()})
        schema = vol.Schema({vol.Optional(CONF_NAME): TextSelector(), **schema.schema})
        advanced = with_currency(self.hass, source_advanced(registry.type_of_form(name).key))
        schema = with_section(schema, advanced, form.advanced)
        values = self._suggested(form, step) if user_input is None else user_input
        return self.async_show_form(
            step_id=step or name,
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors,
            description_placeholders={
                **GUIDE_LINK,
                "portal_url": PORTAL_URL,
                "redirect_uri": redirect_uri(self.hass),
                "broken": warning,
                **placeholders,
            },
        )

    async def _connected(
        self, name: str, user_input: dict[str, Any], step: str | None, signed_in: SignedIn | None
    ) -> list[DeviceCandidate]:
        """Connect with the values of a form and return what is found, as it would be stored."""
        form = registry.forms()[name]
        kept = form.kept(self._get_reconfigure_subentry().data) if step else {}
        fields = without_moved(user_input, form.advanced)
        fields.pop(CONF_NAME, None)
        entered = {**kept, **fields, CONF_KIND: registry.type_of_form(name).key}
        advanced = {CONF_ADVANCED: entered.pop(CONF_ADVANCED, None)}
        if form.sign_in_form is not None and entered.pop(CONF_SIGN_IN, False):
            form = registry.forms()[form.sign_in_form]
            entered.pop(CONF_REFRESH_TOKEN, None)
        if signed_in is not None:
            entered[CONF_SIGN_IN_TOKEN] = await signed_in()
        found = await self._connect(form, entered)
        return [replace(item, data=without_empty({**item.data, **advanced})) for item in found]

    def _suggested(self, form: SourceForm, step: str | None) -> Mapping[str, Any]:
        if step is None:
            return {CONF_ADDRESS: self.address} if self.address else {}
        subentry = self._get_reconfigure_subentry()
        stored = {key: value for key, value in subentry.data.items() if key not in form.secrets}
        return {CONF_NAME: subentry.title, **with_moved(stored, form.advanced)}

    async def _connect(self, form: SourceForm, data: dict[str, Any]) -> list[DeviceCandidate]:
        """Connect to the device. A serial port in use by this entry is freed by unloading the entry meanwhile."""
        try:
            return await form.connect(self.hass, data)
        except FieldError as err:
            entry = self._get_entry()
            is_own = self.source == SOURCE_RECONFIGURE and entry.state is ConfigEntryState.LOADED
            if err.key != "link_in_use" or not is_own:
                raise
        await self.hass.config_entries.async_unload(entry.entry_id)
        self._is_paused = True
        return await form.connect(self.hass, data)

    def _resume_entry(self) -> None:
        """Set up an unloaded entry again, with the changes made meanwhile."""
        if self._is_paused:
            self._is_paused = False
            self.hass.config_entries.async_schedule_reload(self._get_entry().entry_id)

    async def _on_connected(self, step: str | None) -> SubentryFlowResult:
        if step is not None:
            return self._change()
        # Two heating systems that command one device would undo each other's commands.
        entries = self.hass.config_entries.async_entries(DOMAIN)
        configured = [item for entry in entries for item in entry.subentries.values()]
        new = [item for item in self._candidates if not any(_is_candidate(one, item) for one in configured)]
        if not new:
            return self.async_abort(reason="already_configured" if self._candidates else "nothing_found")
        self._candidates = new
        return await self._create(new[0]) if len(new) == 1 else await self.async_step_choose()

    async def async_step_readings(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show what the device reads before it is added."""
        assert self._shown is not None
        if user_input is not None:
            return self._added(self._shown)
        return self.async_show_form(
            step_id="readings",
            data_schema=vol.Schema({}),
            description_placeholders={"name": self._name or self._shown.readable_title, **(self._shown.readings or {})},
        )

    async def async_step_details(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Enter what the device does not report itself; all of it is optional."""
        assert self._shown is not None
        name, entered = self._entered
        form = registry.forms()[name]
        errors: dict[str, str] = {}
        if user_input == {}:
            return self._added(self._shown)
        if user_input is not None:
            try:
                (candidate,) = await self._connected(name, {**entered, **user_input}, None, None)
            except CONNECTION_ERRORS as err:
                errors["base"] = next(iter(form.errors(err).values()))
            else:
                return self._added(candidate)
        schema = with_currency(self.hass, only(await form.schema(self.hass), _missing(form, self._shown)))
        return self.async_show_form(
            step_id="details",
            data_schema=self.add_suggested_values_to_schema(schema, user_input),
            errors=errors,
            description_placeholders={**GUIDE_LINK, "name": self._name or self._shown.readable_title},
        )

    async def _create(self, candidate: DeviceCandidate) -> SubentryFlowResult:
        if _missing(registry.forms()[self._entered[0]], candidate):
            self._shown = candidate
            return await self.async_step_details()
        if candidate.readings is None:
            return self._added(candidate)
        self._shown = candidate
        return await self.async_step_readings()

    def _added(self, candidate: DeviceCandidate) -> SubentryFlowResult:
        title = self._name or candidate.readable_title
        return self.async_create_entry(
            title=title,
            data=candidate.data,
            unique_id=candidate.unique_id,
            description=GUIDE if self._is_guided else None,
            description_placeholders={"name": title},
        )

    def _change(self) -> SubentryFlowResult:
        subentry = self._get_reconfigure_subentry()
        match = next((item for item in self._candidates if _is_candidate(subentry, item)), None)
        if match is None:
            return self.async_abort(reason="wrong_device")
        title = self._name or subentry.title
        if without_tokens(subentry.data) == without_tokens(match.data) and title == subentry.title:
            self.hass.config_entries.async_schedule_reload(self._get_entry().entry_id)
        return self.async_update_and_abort(self._get_entry(), subentry, title=title, data=match.data)


def _missing(form: SourceForm, candidate: DeviceCandidate) -> tuple[str, ...]:
    """Return the fields for what a found device does not report, and what was not entered."""
    return tuple(name for name in form.missing(candidate.data) if name not in candidate.data)


def _is_candidate(subentry: ConfigSubentry, candidate: DeviceCandidate) -> bool:
    """Return whether a source is the found device. The unique ID of an entity is that before it was renamed."""
    entity_id = candidate.data.get(CONF_ENTITY)
    if entity_id is not None and subentry.data.get(CONF_ENTITY) is not None:
        return bool(subentry.data[CONF_ENTITY] == entity_id)
    return same_device(candidate.unique_id, subentry.unique_id)
