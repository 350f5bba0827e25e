"""PyViCare with a call budget: every request is granted first, limited in time, and counted.

PyViCare is synchronous and runs in an executor. It repeats requests after an expired token and has no timeout for
writes. It therefore gets a session (`_Session`) that uses the grant, limits the time, evaluates status 429 and sends to
`base_url` (the real cloud, or a simulator).
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
import hashlib
import json
import re
import secrets
import threading
import time
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from ..._lib.last_messages import record
from ..._lib.request_errors import reason_in
from ..call_budget import CallBudget, CallGrant
from ..errors import AuthError, BadReplyError, DriverError, LimitedError, RefusedError, UnreachableError
from ..values import at, number_at
from .features import ViessmannReading, decode

API_URL: Final = "https://api.viessmann-climatesolutions.com/iot/v2"
IAM_URL: Final = "https://iam.viessmann-climatesolutions.com/idp/v3"
REDIRECT_URI: Final = "vicare://oauth-callback/everest"
SCOPES: Final = "IoT offline_access"
_TIMEOUT_S: Final = 20.0
_PASSING: Final = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
"""Errors of the identity server (RFC 6749) that do not reject the sign-in."""
_EARLY_S: Final = 120.0
_CLOSE_S: Final = 5.0
_FEATURES: Final = re.compile(r"/devices/[^/]+/(features.*)")
"""Of a device. Replies about installations contain the address of the home."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and its refresh token. `expires_at`: wall-clock seconds."""

    access: str
    refresh: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class Device:
    """A heating device of an installation."""

    id: str
    model: str
    installation: str
    gateway: str


class TokenStore:
    """Holds the token and refreshes it; calls to the identity server are not part of the call budget."""

    def __init__(
        self,
        client_id: str,
        token: Token,
        *,
        iam_url: str = IAM_URL,
        changed: Callable[[Token], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client_id = client_id
        self._iam_url = iam_url
        self._changed = changed
        self._clock = clock
        self.token = token

    def access(self, http: Any) -> str:
        """Return a valid token; it is refreshed before it expires."""
        if self._clock() > self.token.expires_at - _EARLY_S:
            self.renew(http)
        return self.token.access

    def renew(self, http: Any) -> None:
        """Request a new token; AuthError if the refresh token is rejected."""
        fields = {"grant_type": "refresh_token", "client_id": self._client_id, "refresh_token": self.token.refresh}
        self.token = _token_of(_post_form(http, f"{self._iam_url}/token", fields), self.token.refresh, self._clock())
        if self._changed is not None:
            self._changed(self.token)


def _post_form(http: Any, url: str, fields: dict[str, str]) -> Any:
    import requests

    try:
        reply = http.post(url, data=fields, timeout=_TIMEOUT_S)
        value = reply.json()
    except requests.RequestException as err:
        raise UnreachableError(f"identity server: {type(err).__name__}") from err
    except ValueError as err:
        raise BadReplyError("identity server: not JSON") from err
    if reply.status_code != 200 and (error := str(at(value, "error"))) in _PASSING:
        raise UnreachableError(f"identity server: {error}")
    if reply.status_code in (400, 401, 403):
        raise AuthError(str(at(value, "error_description") or at(value, "error") or reply.status_code))
    if reply.status_code != 200:
        raise UnreachableError(f"identity server: {reply.status_code}")
    return value


def _token_of(value: object, refresh: str, now: float) -> Token:
    access = at(value, "access_token")
    if not isinstance(access, str):
        raise BadReplyError("identity server: the reply has no token")
    return Token(access, str(at(value, "refresh_token") or refresh), now + (number_at(value, "expires_in") or 3600))


def token_of(reply: object) -> Token:
    """Return the token of a reply of the identity server to an authorization code.

    Raises:
        AuthError: it has no refresh token, with which it would end after an hour.
    """
    token = _token_of(reply, "", time.time())
    if not token.refresh:
        raise AuthError("identity server: the reply has no refresh token")
    return token


def sign_in(client_id: str, username: str, password: str, iam_url: str = IAM_URL) -> Token:
    """Return a token for a password (PKCE, S256). Blocking; the password is not stored."""
    import requests

    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    query = urlencode(
        {
            "client_id": client_id,
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            "scope": SCOPES,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
    )
    with requests.Session() as http:
        try:
            reply = http.post(
                f"{iam_url}/authorize?{query}",
                auth=requests.auth.HTTPBasicAuth(username.encode(), password.encode()),
                allow_redirects=False,
                timeout=_TIMEOUT_S,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            )
        except requests.RequestException as err:
            raise UnreachableError(f"identity server: {type(err).__name__}") from err
        codes = parse_qs(urlsplit(reply.headers.get("Location", "")).query).get("code")
        if reply.status_code != 302 or not codes:
            raise AuthError(f"sign-in failed ({reply.status_code})")
        fields = {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": verifier,
            "code": codes[0],
        }
        return _token_of(_post_form(http, f"{iam_url}/token", fields), "", time.time())


class _Session:
    """The OAuth session of PyViCare."""

    def __init__(self, keeper: TokenStore, budget: CallBudget, base_url: str) -> None:
        import requests

        self._http = requests.Session()
        self._keeper = keeper
        self._budget = budget
        self._base_url = base_url.rstrip("/")
        self.grant: CallGrant | None = None
        self.renewals = 0
        self.received: list[tuple[str, bytes]] = []
        """Request and reply of this job's calls."""

    def get(self, url: str, timeout: float | None = None) -> Any:
        """Send PyViCare's GET request with a shorter timeout."""
        return self._send("GET", url, None)

    def post(self, url: str, data: Any, headers: dict[str, str] | None = None) -> Any:
        """Send PyViCare's POST request."""
        return self._send("POST", url, data, headers)

    def renew(self) -> None:
        """Refresh the token; a second refresh in the same job means that tokens are rejected."""
        self.renewals += 1
        if self.renewals > 1:
            raise AuthError("the cloud rejects the token")
        self._keeper.renew(self._http)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _send(self, method: str, url: str, data: Any, headers: dict[str, str] | None = None) -> Any:
        if self.grant is None:
            raise LimitedError("a call was not granted")
        bearer = {"Authorization": f"Bearer {self._keeper.access(self._http)}"}
        self.grant.use()
        response = self._http.request(
            method,
            self._base_url + url.removeprefix(API_URL),
            data=data,
            headers={**(headers or {}), **bearer},
            timeout=_TIMEOUT_S,
            allow_redirects=False,
        )
        if (found := _FEATURES.search(url)) is not None:
            self.received.append((f"{method} {found[1].strip('/')}", response.content))
        if response.status_code == 429:
            self._learn(response)
        return response

    def _learn(self, response: Any) -> None:
        try:
            payload = at(response.json(), "extendedPayload")
        except ValueError:
            payload = None
        limit = number_at(payload, "requestCountLimit")
        name = str(at(payload, "name") or "")
        self._budget.record_refusal(None if limit is None else int(limit), number_at(payload, "limitReset"), name)
        until = self._budget.state().blocked_until
        raise LimitedError(f"{name or 'call limit'} reached", until)


def _manager(session: _Session) -> Any:
    from PyViCare.PyViCareAbstractOAuthManager import AbstractViCareOAuthManager

    class Manager(AbstractViCareOAuthManager):  # type: ignore[misc]
        """The interface of PyViCare for other sessions."""

        def __init__(self) -> None:
            super().__init__(session)

        def renewToken(self) -> None:  # noqa: N802  PyViCare's name
            session.renew()

    return Manager()


class ViessmannClient:
    """An account. `save` stores the call budget and returns when it is on disk."""

    def __init__(
        self,
        keeper: TokenStore,
        budget: CallBudget,
        save: Callable[[dict[str, Any]], Awaitable[None]],
        base_url: str = API_URL,
    ) -> None:
        self.budget = budget
        self._keeper = keeper
        self._save = save
        self._base_url = base_url
        self._session: _Session | None = None
        self._api: Any = None
        self._lock = asyncio.Lock()
        self._worker = threading.Lock()

    async def devices(self) -> list[Device]:
        """Return the heating devices of the account; one call."""

        def load(session: _Session) -> list[Device]:
            from PyViCare.PyViCare import PyViCare

            api = PyViCare()
            api.setCacheDuration(0)
            api.initWithExternalOAuth(_manager(session))
            self._api = api
            return [
                Device(str(d.accessor.device_id), str(d.device_model), str(d.accessor.id), str(d.accessor.serial))
                for d in api.devices
                if d.device_type == "heating"
            ]

        found: list[Device] = await self._run(load)
        return found

    async def read(self, device: Device, circuit: int | None = None) -> ViessmannReading:
        """Return the reading of a device and heating circuit (the first enabled one); one call."""
        return decode(await self._features(device), circuit)

    async def read_circuits(self, device: Device) -> list[ViessmannReading]:
        """Return the readings of all enabled heating circuits of a device; one call."""
        reply = await self._features(device)
        first = decode(reply)
        return [first, *(decode(reply, number) for number in first.circuits[1:])]

    async def _features(self, device: Device) -> Any:
        def fetch(_: _Session) -> Any:
            config = self._config(device)
            return config.service.fetch_all_features(config.accessor)

        if self._api is None:
            await self.devices()
        return await self._run(fetch)

    async def set_curve(self, device: Device, slope: float, level: float, circuit: int = 0) -> None:
        """Write slope and level together; one call."""
        values = {"shift": round(level), "slope": round(slope, 1)}
        await self._command(device, f"heating.circuits.{circuit}.heating.curve", "setCurve", values)

    async def set_mode(self, device: Device, mode: str, circuit: int = 0) -> None:
        """Write the heating circuit's mode; one call."""
        await self._command(device, f"heating.circuits.{circuit}.operating.modes.active", "setMode", {"mode": mode})

    async def charge_hot_water(self, device: Device, active: bool) -> None:
        """Start or stop the one-time charge of hot water; one call."""
        await self._command(device, "heating.dhw.oneTimeCharge", "activate" if active else "deactivate", {})

    async def close(self) -> None:
        """Close the connections after the current call, at the latest after 5 s; the call then ends by its timeout."""
        if self._session is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._close)

    def _close(self) -> None:
        over = self._worker.acquire(timeout=_CLOSE_S)
        try:
            if self._session is not None:
                self._session.close()
        finally:
            if over:
                self._worker.release()

    async def _command(self, device: Device, feature: str, action: str, values: dict[str, Any]) -> None:
        def write(_: _Session) -> Any:
            config = self._config(device)
            return config.service.setProperty(config.accessor, feature, action, json.dumps(values))

        if self._api is None:
            await self.devices()
        await self._run(write, write=True)

    def _config(self, device: Device) -> Any:
        for config in self._api.devices:
            if (str(config.accessor.device_id), str(config.accessor.serial)) == (device.id, device.gateway):
                return config
        raise RefusedError(f"the account no longer has the device {device.model}")

    async def _run(self, job: Callable[[_Session], Any], *, write: bool = False) -> Any:
        """Run a job of at most two calls (the second one after a token refresh)."""
        async with self._lock:
            grant = self.budget.grant(2, write=write)
            try:
                await self._save(self.budget.dump())
            except BaseException:
                grant.close()
                raise
            # The thread ends by its timeouts; until then, shielding keeps the grant and the lock.
            future = asyncio.get_running_loop().run_in_executor(None, self._work, job, grant)
            future.add_done_callback(lambda done: None if done.cancelled() else done.exception())
            try:
                return await asyncio.shield(future)
            finally:
                for request, reply in self._session.received if self._session is not None else ():
                    record(request, reply)

    def _work(self, job: Callable[[_Session], Any], grant: CallGrant) -> Any:
        with self._worker:  # a job whose caller was canceled may still be running
            if self._session is None:
                self._session = _Session(self._keeper, self.budget, self._base_url)
            self._session.grant, self._session.renewals, self._session.received = grant, 0, []
            try:
                return job(self._session)
            except DriverError:
                raise
            except Exception as err:
                raise _translated(err) from err
            finally:
                self._session.grant = None
                grant.close()


def _translated(err: Exception) -> DriverError:
    """Return the DriverError for an exception of PyViCare or requests; any other one is a bad reply."""
    from PyViCare import PyViCareUtils
    import requests

    text = str(getattr(err, "message", "") or err)
    match err:
        case PyViCareUtils.PyViCareRateLimitError():
            return LimitedError(text)
        case PyViCareUtils.PyViCareInvalidCredentialsError() | PyViCareUtils.PyViCareInvalidConfigurationError():
            return AuthError(text)
        case PyViCareUtils.PyViCareCommandError() | PyViCareUtils.PyViCareNotPaidForError():
            return RefusedError(text)
        case PyViCareUtils.PyViCareDeviceCommunicationError() | PyViCareUtils.PyViCareInternalServerError():
            return UnreachableError(reason_in(text))
        case requests.RequestException() | OSError():
            return UnreachableError(type(err).__name__)
    return BadReplyError(f"{type(err).__name__}: {text}")
