"""GraphQL of Braiins OS before 25.05: queries without a login, commands with a session.

Facts: captures of the releases 22.08 to 25.03, and the calls of the firmware's own web page as public programs send
them (256foundation/asic-rs, Braiins of 22.08.1 and 24.09). The login sets the cookie `session_id`. While mining is
stopped, the statistics are an error "UNAVAILABLE"; the configuration is still reported. The result of a command is
a union: only its error has a `message`.
"""

from dataclasses import replace
from typing import Any, Final

import aiohttp

from ..errors import AuthError, BadReplyError, RefusedError
from ..http import JsonHttp, dumps
from ..operations import Operation
from ..values import at, first, highest, lowest, number, number_at, rows_at, scaled
from .models import MinerFamily, MinerInfo, MinerReading
from .readings import BoardReading, PoolReading, pool_in_use

GRAPHQL: Final = "graphql"
"""The variant of these releases."""
DEFAULT_PASSWORD: Final = "root"  # noqa: S105  the factory default
_PATH: Final = "/graphql"
_COOKIE: Final = "session_id"
_IDENTITY_QUERY: Final = "{bos{info{version{full}}}}"
_MODEL_QUERY: Final = "{bosminer{info{modelName}}}"
_POOL_QUERY: Final = "{bosminer{info{poolGroups{pools{url status active}}}}}"
_CONFIG_QUERY: Final = "{bosminer{config{...on BosminerConfig{autotuning{mode powerTarget}}}}}"
_QUERY: Final = (
    "{bos{hostname faultLight info{version{full}} uptime{durationS}} bosminer{info{summary{power"
    "{approxConsumptionW limitW}} fans{name rpm speed} workSolver{nominalMhs realHashrate{mhs5S}"
    " childSolvers{name realHashrate{mhs5S} temperatures{name degreesC}}}}}}"
)
_LOGIN: Final = (
    "mutation($username:String!,$password:String!){auth{login(username:$username,password:$password)"
    "{__typename ...on AuthError{message}}}}"
)
_RUN: Final = "mutation{{bosminer{{{name}{{__typename ...on BosminerError{{message}}}}}}}}"
_REBOOT: Final = "mutation{bos{reboot{__typename ...on BosError{message}}}}"
_LIGHT: Final = "mutation($enable:Boolean!){bos{setFaultLight(enable:$enable){__typename}}}"
_POWER: Final = (
    "mutation($input:AutotuningIn!){bosminer{config{updateAutotuning(input:$input,apply:true)"
    "{__typename ...on AutotuningError{message} ...on AttributeError{message}}}}}"
)
_UNAVAILABLE: Final = "unavailable"
_NOT_LOGGED_IN: Final = ("unauthorized", "unauthenticated", "not authorized", "permission denied", "access denied")
_POWER_MODES: Final = (None, "POWER_TARGET")


class GraphqlApi:
    """The interface of a miner. Raises DriverError."""

    def __init__(self, http: JsonHttp, password: str) -> None:
        self._http = http
        self._password = password
        self._session: str | None = None

    async def identify(self) -> MinerInfo:
        """Return model and firmware, which are reported while mining is stopped, too."""
        info = decode_graphql_info(await self._ask(_IDENTITY_QUERY))
        model = at(await self._optional(_MODEL_QUERY), "data", "bosminer", "info", "modelName")
        return info if not isinstance(model, str) or not model else replace(info, model=model)

    async def read(self) -> MinerReading:
        """Return the reading of three queries; a field that a release does not have is missing alone."""
        reading = decode_graphql(await self._ask(_QUERY), await self._optional(_CONFIG_QUERY))
        return replace(reading, pool=decode_graphql_pools(await self._optional(_POOL_QUERY)))

    async def login(self) -> None:
        """Start a session; raises AuthError if the password is wrong. A new installation has none."""
        self._session = None
        try:
            self._session = await self._login(self._password)
        except AuthError:
            if self._password != DEFAULT_PASSWORD:
                raise
            self._session = await self._login("")

    async def _login(self, password: str) -> str:
        found: list[str] = []

        async def keep_cookie(
            request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            response = await handler(request)
            found.extend(morsel.value for name, morsel in response.cookies.items() if name == _COOKIE)
            return response

        body = dumps({"query": _LOGIN, "variables": {"username": "root", "password": password}})
        reply = await self._http.request("POST", _PATH, body=body, middlewares=(keep_cookie,))
        reason = _message(at(reply, "data")) or _errors(reply)
        if reason:
            raise AuthError(f"login: {reason}")
        if not found or not found[0]:
            raise BadReplyError("this release of Braiins OS has no login, update it to 25.05 or later")
        return found[0]

    async def set_running(self, running: bool) -> None:
        """Start or stop mining; the controller keeps running."""
        await self._change(_RUN.format(name="start" if running else "stop"))

    async def set_power(self, watts: float) -> None:
        """Set the power target of the tuner."""
        await self._change(_POWER, {"input": {"mode": "POWER_TARGET", "powerTarget": round(watts)}})

    async def operate(self, operation: Operation) -> None:
        """Restart, or switch the light."""
        match operation:
            case Operation.REBOOT:
                await self._change(_REBOOT)
            case Operation.RESTART_MINING:
                await self._change(_RUN.format(name="restart"))
            case _:
                await self._change(_LIGHT, {"enable": operation is Operation.LOCATE})

    async def _change(self, mutation: str, variables: dict[str, Any] | None = None) -> None:
        """Send a command; a session that has ended is started again once."""
        for attempt in (0, 1):
            if self._session is None:
                await self.login()
            try:
                reply = await self._post(mutation, variables)
            except AuthError:
                if attempt:
                    raise
                self._session = None
                continue
            if reason := _message(at(reply, "data")) or _errors(reply):
                raise RefusedError(reason)
            if at(reply, "data") is None:
                raise BadReplyError("the reply to the command has no result")
            return

    async def _ask(self, query: str) -> Any:
        """Return the reply to a query; a miner that requires it gets a login."""
        try:
            return await self._post(query)
        except AuthError:
            await self.login()
        return await self._post(query)

    async def _optional(self, query: str) -> Any:
        """Return the reply to a query that a release may not know."""
        try:
            return await self._ask(query)
        except RefusedError, BadReplyError:
            return None

    async def _post(self, query: str, variables: dict[str, Any] | None = None) -> Any:
        body = dumps({"query": query} if variables is None else {"query": query, "variables": variables})
        headers = None if self._session is None else {"Cookie": f"{_COOKIE}={self._session}"}
        reply = await self._http.request("POST", _PATH, body=body, headers=headers)
        reason = _errors(reply)
        if any(word in reason.lower() for word in _NOT_LOGGED_IN):
            raise AuthError(reason)
        return reply


def _errors(reply: object) -> str:
    """Return the errors of a reply with their codes; empty without one."""
    texts = []
    for row in rows_at(reply, "errors"):
        parts = (at(row, "message"), at(row, "extensions", "code"))
        texts.append(" ".join(str(part) for part in parts if part))
    return "; ".join(text for text in texts if text)


def _message(result: object) -> str:
    """Return the message of the error in a result, however deep it is; empty without one."""
    if not isinstance(result, dict):
        return ""
    if isinstance(message := result.get("message"), str):
        return message or str(result.get("__typename", "refused"))
    if str(result.get("__typename", "")).endswith("Error"):
        return str(result["__typename"])
    return next((found for part in result.values() if (found := _message(part))), "")


def decode_graphql_info(reply: object) -> MinerInfo:
    """Return the firmware of a GraphQL reply (it has no model in the oldest releases)."""
    if not isinstance(at(reply, "data", "bos"), dict):
        raise BadReplyError("the reply is not from Braiins OS")
    return MinerInfo(
        family=MinerFamily.BRAIINS,
        make="Braiins OS",
        model="Antminer",
        firmware=at(reply, "data", "bos", "info", "version", "full"),
        variant=GRAPHQL,
    )


def decode_graphql_pools(reply: object) -> PoolReading:
    """Return the pool in use of a GraphQL reply."""
    groups = rows_at(reply, "data", "bosminer", "info", "poolGroups")
    rows = [row for group in groups for row in rows_at(group, "pools")]
    return pool_in_use((at(row, "url"), at(row, "status"), at(row, "active") is True) for row in rows)


def decode_graphql(reply: object, config: object = None) -> MinerReading:
    """Return the reading of a GraphQL reply, and of one to the query of the configuration. Rates are in MH/s.

    Raises:
        BadReplyError: There are no statistics, for another reason than that mining is stopped.
    """
    info = at(reply, "data", "bosminer", "info")
    if info is None and _UNAVAILABLE not in _errors(reply).lower():
        raise BadReplyError(_errors(reply) or "the reply is not from Braiins OS")
    solvers = rows_at(info, "workSolver", "childSolvers")
    mining = at(info, "workSolver") is not None
    rows = tuple(_board(solver) for solver in solvers)
    tuned_w = number_at(info, "summary", "power", "limitW")
    tuning = at(config, "data", "bosminer", "config", "autotuning")
    target_w = number_at(tuning, "powerTarget") if at(tuning, "mode") in _POWER_MODES else None
    lit = at(reply, "data", "bos", "faultLight")
    return MinerReading(
        mining=mining,
        power_w=number_at(info, "summary", "power", "approxConsumptionW") if mining else None,
        power_limit_w=first(tuned_w if mining else target_w, target_w),
        hashrate_ths=scaled(number_at(info, "workSolver", "realHashrate", "mhs5S"), 1e-6),
        expected_ths=scaled(number_at(info, "workSolver", "nominalMhs"), 1e-6),
        chip_c=highest([row.chip_c for row in rows]),
        board_c=highest([row.board_c for row in rows]),
        inlet_c=lowest([row.inlet_c for row in rows]),
        outlet_c=highest([row.outlet_c for row in rows]),
        fan_rpm=highest([number_at(fan, "rpm") for fan in rows_at(info, "fans")]),
        uptime_s=number_at(reply, "data", "bos", "uptime", "durationS"),
        locating=lit if isinstance(lit, bool) else None,
        boards=len(solvers) or None,
        boards_up=sum(1 for solver in solvers if number_at(solver, "realHashrate", "mhs5S")) or None,
        board_readings=rows,
    )


def _board(solver: object) -> BoardReading:
    """Return a board: names are "Board" and "Chip", newer ones "Max Board", "Max Chip", "Inlet" and "Outlet"."""
    found: dict[str, list[float | None]] = {"Board": [], "Chip": [], "Inlet": [], "Outlet": []}
    for row in rows_at(solver, "temperatures"):
        place = next((name for name in found if name in str(at(row, "name"))), "Board")
        found[place].append(number(at(row, "degreesC")))
    return BoardReading(
        hashrate_ths=scaled(number_at(solver, "realHashrate", "mhs5S"), 1e-6),
        board_c=highest(found["Board"]),
        chip_c=highest(found["Chip"]),
        inlet_c=lowest(found["Inlet"]),
        outlet_c=highest(found["Outlet"]),
    )
