"""New credentials for a heat source or a meter that rejects those it was set up with."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from homeassistant.config_entries import ConfigFlowResult, ConfigSubentry
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.helpers.config_entry_oauth2_flow import AbstractOAuth2Implementation
import probatio as vol

from ..const import CONF_REFRESH_TOKEN, SUBENTRY_METER
from ..sources import registry
from .form import CONNECTION_ERRORS, DeviceCandidate, FieldError, only, same_device, without_tokens
from .meter import METER_SCHEMA, connect as connect_meter, errors_of as meter_errors
from .sign_in import CONF_SIGN_IN_TOKEN, SignInFlow, SignInRequiredError, async_token


class ReauthSteps(SignInFlow):
    """Asks for the credentials of one subentry, or for a sign-in at the website of its maker."""

    def __init__(self) -> None:
        super().__init__()
        self._subentry_id = ""
        self._implementation: AbstractOAuth2Implementation | None = None
        self._answer: Mapping[str, Any] = {}

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Start when a device rejects its credentials."""
        self._subentry_id = str(entry_data.get("subentry_id", ""))
        subentry = self._subentry
        form = await _reauth_form(self.hass, subentry) if subentry is not None else None
        if form is None or form.sign_in is None:
            return await self.async_step_reauth_confirm()
        if not form.secrets:
            return await self.async_step_reauth_sign_in()
        return await self.async_step_reauth_choice()

    async def async_step_reauth_choice(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Select the website or a password."""
        subentry = self._subentry
        return self.async_show_menu(
            step_id="reauth_choice",
            menu_options=["reauth_sign_in", "reauth_confirm"],
            description_placeholders={"name": "" if subentry is None else subentry.title},
        )

    @property
    def _subentry(self) -> ConfigSubentry | None:
        return self._get_reauth_entry().subentries.get(self._subentry_id)

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Enter new credentials and connect with them."""
        subentry = self._subentry
        if subentry is None:
            return self.async_abort(reason="source_gone")
        form = await _reauth_form(self.hass, subentry)
        errors: dict[str, str] = {}
        if user_input is not None:
            stored = {key: value for key, value in subentry.data.items() if key not in form.secrets}
            try:
                candidates = await form.connect(form.as_entered({**stored, **user_input}))
            except CONNECTION_ERRORS as err:
                errors = form.errors(err)
            else:
                return self._accept(subentry, candidates)
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=form.schema,
            errors=errors,
            description_placeholders={"name": subentry.title},
        )

    async def async_step_reauth_sign_in(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Confirm, then sign in at the website."""
        if user_input is not None:
            return await self._sign_in()
        return self._confirm_sign_in({})

    def _confirm_sign_in(self, errors: dict[str, str]) -> ConfigFlowResult:
        subentry = self._subentry
        if subentry is None:
            return self.async_abort(reason="source_gone")
        return self.async_show_form(
            step_id="reauth_sign_in",
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders={"name": subentry.title},
        )

    async def _sign_in(self, token: dict[str, Any] | None = None) -> ConfigFlowResult:
        subentry = self._subentry
        if subentry is None:
            return self.async_abort(reason="source_gone")
        form = await _reauth_form(self.hass, subentry)
        assert form.sign_in is not None
        stored = {key: value for key, value in subentry.data.items() if key != CONF_REFRESH_TOKEN}
        entered = form.as_entered(stored) | ({} if token is None else {CONF_SIGN_IN_TOKEN: token})
        try:
            return self._accept(subentry, await form.sign_in(entered))
        except SignInRequiredError as err:
            self._implementation = err.sign_in
            url = await err.sign_in.async_generate_authorize_url(self.flow_id)
            return self.async_external_step(step_id="reauth_website", url=url)
        except CONNECTION_ERRORS as err:
            return self._confirm_sign_in({"base": next(iter(form.errors_of(err).values()))})

    async def async_step_reauth_website(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Receive the answer of the website."""
        self._answer = user_input or {}
        return self.async_external_step_done(next_step_id="reauth_signed_in")

    async def async_step_reauth_signed_in(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Connect with the token of the website."""
        assert self._implementation is not None
        try:
            token = await async_token(self._implementation, self._answer)
        except FieldError as err:
            return self._confirm_sign_in({"base": err.key})
        return await self._sign_in(token)

    def _accept(self, subentry: ConfigSubentry, candidates: list[DeviceCandidate]) -> ConfigFlowResult:
        """Store the new credentials of the same device."""
        entry = self._get_reauth_entry()
        match = next((item for item in candidates if same_device(item.unique_id, subentry.unique_id)), None)
        if match is None:
            return self.async_abort(reason="wrong_device")
        same = without_tokens(subentry.data) == without_tokens(match.data)
        self.hass.config_entries.async_update_subentry(entry, subentry, data=match.data)
        if same:  # a renewed token does not reload the entry, new credentials do
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return self.async_abort(reason="reauth_successful")


@dataclass(frozen=True, slots=True)
class _ReauthForm:
    """The form for new credentials. Errors at fields that it does not have are shown at the whole form."""

    schema: vol.Schema
    secrets: tuple[str, ...]
    connect: Callable[[dict[str, Any]], Awaitable[list[DeviceCandidate]]]
    errors_of: Callable[[Exception], dict[str, str]]
    as_entered: Callable[[Mapping[str, Any]], dict[str, Any]] = dict
    sign_in: Callable[[dict[str, Any]], Awaitable[list[DeviceCandidate]]] | None = None
    """Connects after a sign-in at the website, where there is one."""

    def errors(self, err: Exception) -> dict[str, str]:
        """Return the error's text key by field."""
        return {field if field in self.secrets else "base": key for field, key in self.errors_of(err).items()}


async def _reauth_form(hass: HomeAssistant, subentry: ConfigSubentry) -> _ReauthForm:
    if subentry.subentry_type == SUBENTRY_METER:

        async def connect_to_meter(data: dict[str, Any]) -> list[DeviceCandidate]:
            return [await connect_meter(hass, data)]

        return _ReauthForm(only(METER_SCHEMA, (CONF_PASSWORD,)), (CONF_PASSWORD,), connect_to_meter, meter_errors)
    form = registry.form_of(subentry.data)
    website = None if form.sign_in_form is None else registry.forms()[form.sign_in_form]
    return _ReauthForm(
        only(await form.schema(hass), form.secrets),
        form.secrets,
        partial(form.connect, hass),
        form.errors,
        registry.type_of(subentry.data).as_entered,
        None if website is None else partial(website.connect, hass),
    )
