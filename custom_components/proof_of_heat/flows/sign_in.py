"""Sign-in at the website of a maker, as an external step of the flows of a heat source.

Home Assistant passes the answer of the website to a config flow only. A subentry flow therefore starts one, which hands
the answer over.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
import logging
from typing import Any, Final, Protocol, override

from aiohttp import ClientError
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import UnknownFlow
from homeassistant.exceptions import HomeAssistantError, OAuth2TokenRequestReauthError
from homeassistant.helpers.config_entry_oauth2_flow import (
    MY_AUTH_CALLBACK_PATH,
    AbstractOAuth2Implementation,
    async_get_redirect_uri,
)

from ..const import DOMAIN
from .form import FieldError

_LOGGER = logging.getLogger(__name__)

TOKEN_TIMEOUT_S: Final = 30.0
CONF_SIGN_IN: Final = "sign_in"
"""Field of a change: sign in (again) at the website."""
CONF_SIGN_IN_TOKEN: Final = "sign_in_token"  # noqa: S105  the name of a field
"""Where a form finds the reply of the token endpoint after the sign-in. It is not stored."""

type SignedIn = Callable[[], Awaitable[dict[str, Any]]]
"""Returns the reply of the token endpoint after a sign-in; raises FieldError."""


class _Continue(Protocol):
    def __call__(self, *, signed_in: SignedIn) -> Awaitable[SubentryFlowResult]:
        """Continue with the form after the sign-in."""


class SignInRequiredError(HomeAssistantError):
    """The user has to sign in at a website before the connection is attempted."""

    def __init__(self, sign_in: AbstractOAuth2Implementation) -> None:
        super().__init__("sign-in required")
        self.sign_in = sign_in


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """What a config flow gets that waits for the answer of the website for a subentry flow."""

    sign_in: AbstractOAuth2Implementation
    subentry_flow_id: str


async def async_begin(hass: HomeAssistant, sign_in: AbstractOAuth2Implementation, flow_id: str) -> tuple[str, str]:
    """Start the config flow that waits for the answer; return its ID and the address of the website."""
    flow = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}, data=SignInRequest(sign_in, flow_id)
    )
    return flow["flow_id"], str(flow["url"])


def async_end(hass: HomeAssistant, flow_id: str) -> None:
    """Remove the config flow that waited for the answer."""
    with suppress(UnknownFlow):
        hass.config_entries.flow.async_abort(flow_id)


async def async_token(sign_in: AbstractOAuth2Implementation, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the reply of the token endpoint for the answer of the website.

    Raises:
        FieldError: the user declined, or the website does not accept the sign-in; it can be repeated.
    """
    if "error" in answer:
        raise FieldError("base", "sign_in_declined")
    try:
        async with asyncio.timeout(TOKEN_TIMEOUT_S):
            token: dict[str, Any] = await sign_in.async_resolve_external_data(answer)
    except OAuth2TokenRequestReauthError as err:
        raise FieldError("base", "sign_in_rejected") from err
    except (HomeAssistantError, ClientError, TimeoutError) as err:
        _LOGGER.debug("The sign-in failed: %s", type(err).__name__)
        raise FieldError("base", "cannot_connect") from err
    return token


def redirect_uri(hass: HomeAssistant) -> str:
    """Return the address that has to be entered with the client ID at the maker."""
    try:
        return async_get_redirect_uri(hass)
    except RuntimeError:  # without My Home Assistant and without a browser
        return MY_AUTH_CALLBACK_PATH


class SignInSteps(ConfigSubentryFlow):
    """The sign-in within a subentry flow."""

    _pending: _Continue
    _answer: Mapping[str, Any]
    _implementation: AbstractOAuth2Implementation
    _url = ""
    _waiting = ""
    """The config flow that waits for the answer of the website."""

    async def _sign_in(self, implementation: AbstractOAuth2Implementation, pending: _Continue) -> SubentryFlowResult:
        """Open the website; then continue with `pending`."""
        self._implementation, self._pending = implementation, pending
        self._waiting, self._url = await async_begin(self.hass, implementation, self.flow_id)
        return await self.async_step_sign_in()

    async def async_step_sign_in(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Wait for the website."""
        if user_input is None:
            return self.async_external_step(step_id="sign_in", url=self._url)
        self._answer = user_input
        return self.async_external_step_done(next_step_id="signed_in")

    async def async_step_signed_in(self, _: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Connect with the token of the website."""
        self._end()
        return await self._pending(signed_in=partial(async_token, self._implementation, self._answer))

    def _end(self) -> None:
        if self._waiting:
            async_end(self.hass, self._waiting)
            self._waiting = ""

    @override
    def async_remove(self) -> None:
        """Stop to wait when the dialog is closed."""
        self._end()
        super().async_remove()


class SignInFlow(ConfigFlow):
    """Waits for the answer of the website for a subentry flow."""

    _request: SignInRequest

    async def async_wait(self, request: SignInRequest) -> ConfigFlowResult:
        """Return the external step; its ID is in the address of the website."""
        self._request = request
        url = await request.sign_in.async_generate_authorize_url(self.flow_id)
        return self.async_external_step(step_id="sign_in", url=url)

    async def async_step_sign_in(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Hand the answer over; the subentry flow ends this one."""
        await self.hass.config_entries.subentries.async_configure(self._request.subentry_flow_id, user_input or {})
        return self.async_external_step_done(next_step_id="signed_in")

    async def async_step_signed_in(self, _: dict[str, Any] | None = None) -> ConfigFlowResult:
        """End: nothing was added here."""
        return self.async_abort(reason="signed_in")
