"""The Viessmann cloud with one heat pump: sign-in (PKCE), features, commands, call limits."""

import argparse
import base64
from collections import deque
from collections.abc import Mapping
import hashlib
import secrets
import time
from typing import Any, ClassVar, Final, override

from aiohttp import BasicAuth, web

from simulators.net import NET_FAULTS, HttpSimulator, http_faults
from simulators.world.house import Surroundings
from simulators.world.weather import in_heating_season

from .heat_pump import HeatPump
from .identity import APP_URI, CODE_S, LOGIN_PAGE, Code, is_valid, redirect, refresh_token

_INSTALLATION: Final = 4242
_GATEWAY: Final = "7571381700000000"
_OFFLINE_GATEWAY: Final = "7571381799999999"
_MODES: Final = {"heating", "standby"}
_CHARGE_S: Final = 2700.0


class ViessmannCloud(HttpSimulator):
    """Identity server and API on one port: `/idp/v3/…` and `/iot/v2/…`."""

    NAME = "viessmann_cloud"
    FAULTS: ClassVar[dict[str, str]] = {
        **NET_FAULTS,
        "limited": "answers 429 as if the limit were reached (value: the reported limit, default 1450)",
        "limited_html": "answers 429 without JSON",
        "expired": "rejects every token with EXPIRED TOKEN",
        "revoked": "rejects every refresh token",
        "offline": "the gateway is offline",
        "error_500": "internal server error",
        "error_502": "an HTML page of a gateway",
        "declined": "declines every command",
        "deaf": "accepts commands and does nothing",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        start = in_heating_season(self.clock.now())
        self._offset = start - self.clock.now()
        self.pump = HeatPump(start, circuit=args.circuit, is_boiler=args.boiler)
        self.calls: deque[float] = deque()
        self.total_calls = 0
        self.over_limit = 0
        self.commands: list[Any] = []
        self._codes: dict[str, Code] = {}
        self._access: dict[str, float] = {}

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--user", default="demo@example.com")
        parser.add_argument("--password", default="demo")
        parser.add_argument("--client-id", default="demo-client")
        parser.add_argument(
            "--redirect-uri",
            action="append",
            default=[],
            help="redirect URI of the client; any if there is none",
        )
        parser.add_argument("--day-limit", type=int, default=1450)
        parser.add_argument("--short-limit", type=int, default=120)
        parser.add_argument("--token-life", type=float, default=3600.0)
        parser.add_argument("--circuit", type=int, default=0, help="the only enabled heating circuit")
        parser.add_argument("--boiler", action="store_true", help="a gas boiler instead of a heat pump")
        parser.add_argument("--second-gateway", action="store_true", help="a second gateway, which is offline")

    @override
    def application(self) -> web.Application:
        app = web.Application(middlewares=[http_faults(self.faults), self._limit])
        device = f"/iot/v2/features/installations/{_INSTALLATION}/gateways/{_GATEWAY}/devices/0/features"
        app.add_routes(
            [
                web.get("/idp/v3/authorize", self._login_page),
                web.post("/idp/v3/authorize", self._authorize),
                web.post("/idp/v3/token", self._token),
                web.get("/iot/v2/equipment/installations", self._installations),
                web.get(
                    f"/iot/v2/features/installations/{{id}}/gateways/{_OFFLINE_GATEWAY}/{{path:.*}}", self._offline
                ),
                web.get(f"{device}/", self._features),
                web.get(f"{device}/{{name}}", self._feature),
                web.post(f"{device}/{{name}}/commands/{{command}}", self._command),
            ]
        )
        return app

    def advance(self) -> None:
        """Bring the heat pump to the world's time."""
        self.pump.advance(self.clock.now() + self._offset)

    @override
    def state(self) -> dict[str, Any]:
        self.advance()
        pump = self.pump
        return {
            "slope": pump.slope,
            "shift": pump.shift,
            "mode": pump.mode,
            "dhw_mode": pump.dhw_mode,
            "power_w": round(pump.power_w),
            "heat_w": round(pump.heat_w),
            "outdoor_c": pump.outdoor_c,
            "calls": self.total_calls,
            "calls_over_limit": self.over_limit,
            "commands": self.commands,
        }

    @override
    async def do(self, name: str, arguments: dict[str, Any]) -> Any:
        """`house`: let ``seconds`` pass in a house with these temperatures (outdoor_c, flow_c, room_c)."""
        if name != "house":
            return await super().do(name, arguments)
        temperatures = {key: float(arguments[key]) for key in ("outdoor_c", "flow_c", "room_c")}
        self.pump.in_house = True
        self.pump.heat_into(Surroundings(self.clock.now() + self._offset, **temperatures), float(arguments["seconds"]))
        return {"heat_w": self.pump.heat_w, "power_w": self.pump.power_w}

    @web.middleware
    async def _limit(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if not request.path.startswith("/iot/"):
            response: web.StreamResponse = await handler(request)
            return response
        self.total_calls += 1
        if (refusal := self._refusal(request)) is not None:
            return refusal
        answer: web.StreamResponse = await handler(request)
        return answer

    def _refusal(self, request: web.Request) -> web.Response | None:
        now = self.clock.elapsed()
        while self.calls and now - self.calls[0] > 86400:
            self.calls.popleft()
        self.calls.append(now)
        if "limited_html" in self.faults:
            return web.Response(status=429, text="<html>Too many requests</html>", content_type="text/html")
        short = sum(1 for stamp in self.calls if now - stamp < 600)
        if "limited" in self.faults:
            return _too_many("ViCare day limit", int(self.faults.number("limited", 1450)))
        for name, count, limit in (
            ("ViCare day limit", len(self.calls), self.args.day_limit),
            ("ViCare minute limit", short, self.args.short_limit),
        ):
            if count > limit:
                self.over_limit += 1
                return _too_many(name, limit)
        return self._unauthorized(request) or self._broken()

    def _unauthorized(self, request: web.Request) -> web.Response | None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        born = self._access.get(token)
        if born is None or "expired" in self.faults or self.clock.elapsed() - born > self.args.token_life:
            return web.json_response({"error": "EXPIRED TOKEN"}, status=401)
        return None

    def _broken(self) -> web.Response | None:
        if "offline" in self.faults:
            return _device_offline("GATEWAY_OFFLINE")
        if "error_500" in self.faults:
            return _error(500, "INTERNAL_ERROR", "Internal server error", {})
        if "error_502" in self.faults:
            return web.Response(status=502, text="<html>Bad gateway</html>", content_type="text/html")
        return None

    def _client_fault(self, query: Mapping[str, str]) -> web.Response | None:
        """Return what the identity server answers to a client that is not registered like this; never a redirect."""
        if query.get("client_id") != self.args.client_id:
            return web.json_response({"error": "invalid_client", "error_description": "unknown"}, status=400)
        if self.args.redirect_uri and query.get("redirect_uri") not in [*self.args.redirect_uri, APP_URI]:
            return web.json_response({"error": "Invalid redirection URI."}, status=400)
        if query.get("code_challenge_method") != "S256" or query.get("response_type") != "code":
            return web.json_response({"error": "invalid_request"}, status=400)
        return None

    async def _login_page(self, request: web.Request) -> web.Response:
        if (fault := self._client_fault(request.query)) is not None:
            return fault
        return web.Response(text=LOGIN_PAGE, content_type="text/html")

    async def _authorize(self, request: web.Request) -> web.Response:
        """Sign in with the login page's form, or with a password in the header as the app does."""
        query = request.query
        if "Authorization" in request.headers:
            try:
                auth = BasicAuth.decode(request.headers["Authorization"])
            except ValueError:
                return web.json_response({"error": "invalid_request"}, status=400)
            if (auth.login, auth.password) != (self.args.user, self.args.password):
                return web.json_response({"error": "access_denied"}, status=401)
        elif (fault := self._client_fault(query)) is not None:
            return fault
        else:
            form = await request.post()
            if "cancel" in form:
                return redirect(query, {"error": "access_denied"})
            if (form.get("isiwebuserid"), form.get("isiwebpasswd")) != (self.args.user, self.args.password):
                return web.Response(text=LOGIN_PAGE, content_type="text/html")
        if (fault := self._client_fault(query)) is not None:
            return fault
        code = secrets.token_hex(8)
        self._codes[code] = Code(
            query.get("code_challenge", ""),
            query.get("redirect_uri", ""),
            "offline_access" in query.get("scope", "").split(),
            self.clock.elapsed(),
        )
        return redirect(query, {"code": code})

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        now = self.clock.now().timestamp()
        if form.get("client_id") != self.args.client_id:
            return web.json_response({"error": "invalid_client", "error_description": "unknown"}, status=401)
        has_refresh = True
        if form.get("grant_type") == "authorization_code":
            verifier = str(form.get("code_verifier", "")).encode()
            challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier).digest()).rstrip(b"=").decode()
            code = self._codes.pop(str(form.get("code")), None)
            if (
                code is None
                or (code.challenge, code.redirect_uri) != (challenge, form.get("redirect_uri"))
                or self.clock.elapsed() - code.issued > CODE_S
            ):
                return web.json_response({"error": "invalid_grant"}, status=400)
            has_refresh = code.has_refresh
        elif form.get("grant_type") != "refresh_token":
            return web.json_response({"error": "unsupported_grant_type"}, status=400)
        elif not is_valid(str(form.get("refresh_token")), now) or "revoked" in self.faults:
            return web.json_response({"error": "invalid_grant", "error_description": "token expired"}, status=400)
        access = secrets.token_hex(8)
        self._access[access] = self.clock.elapsed()
        reply = {"access_token": access, "token_type": "Bearer", "expires_in": 3600}
        if has_refresh:
            reply["refresh_token"] = refresh_token(secrets.token_hex(8), now)
        return web.json_response(reply)

    async def _installations(self, _: web.Request) -> web.Response:
        heating = {
            "id": "0",
            "gatewaySerial": _GATEWAY,
            "modelId": "E3_Vitocal_16",
            "status": "Online",
            "deviceType": "heating",
            "roles": ["type:heatpump", "type:E3"],
        }
        tcu = {
            **heating,
            "id": "gateway",
            "modelId": "E3_TCU300",
            "deviceType": "tcu",
            "roles": ["type:gateway;TCU300"],
        }
        if self.args.boiler:
            heating |= {"modelId": "E3_Vitodens_200_0421", "roles": ["type:boiler", "type:E3"]}
        gateway = {"serial": _GATEWAY, "version": "1.0", "devices": [heating, tcu]}
        homes = [{"id": _INSTALLATION, "description": "home", "gateways": [gateway]}]
        if self.args.second_gateway:
            away = {**heating, "gatewaySerial": _OFFLINE_GATEWAY, "status": "Offline"}
            second = {"serial": _OFFLINE_GATEWAY, "version": "1.0", "devices": [away]}
            homes.insert(0, {"id": _INSTALLATION + 1, "description": "cabin", "gateways": [second]})
        return web.json_response({"data": homes})

    async def _offline(self, _: web.Request) -> web.Response:
        return _device_offline("DEVICE_OFFLINE")

    def _rows(self, request: web.Request) -> list[dict[str, Any]]:
        self.advance()
        return list(self.pump.features(str(request.url.origin()) + request.path.rstrip("/")))

    async def _features(self, request: web.Request) -> web.Response:
        return web.json_response({"data": self._rows(request)})

    async def _feature(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        row = next((row for row in self._rows(request) if row["feature"] == name), None)
        if row is None:
            return _error(404, "FEATURE_NOT_FOUND", "Feature not found", {})
        return web.json_response({"data": row})

    async def _command(self, request: web.Request) -> web.Response:
        body = await request.json()
        name, command = request.match_info["name"], request.match_info["command"]
        if "declined" in self.faults:
            return _error(400, "VALIDATION_ERROR", "Command not executable", {})
        self.advance()
        error = self._execute(name, command, body)
        if error is not None:
            return _error(400, "VALIDATION_ERROR", error, {})
        self.commands.append([name, command, body])
        return web.json_response({"data": {"success": True, "message": None, "reason": "COMMAND_EXECUTED"}})

    def _execute(self, name: str, command: str, body: dict[str, Any]) -> str | None:
        deaf = "deaf" in self.faults
        if name == "heating.dhw.oneTimeCharge":
            return self._charge(command, body, deaf)
        circuit = f"heating.circuits.{self.pump.circuit}."
        match name.removeprefix(circuit) if name.startswith(circuit) else "", command, body:
            case "heating.curve", "setCurve", {"shift": shift, "slope": slope}:
                if not (-13 <= shift <= 40 and 0.2 <= slope <= 3.5):
                    return "value out of range"
                if not deaf:
                    self.pump.shift, self.pump.slope = shift, slope
            case "operating.modes.active", "setMode", {"mode": mode} if mode in _MODES:
                if not deaf:
                    self.pump.mode = mode
            case _:
                return "invalid command or parameters"
        return None

    def _charge(self, command: str, body: dict[str, Any], deaf: bool) -> str | None:
        """Start or stop the one-time charge; a charge that is not active cannot be stopped."""
        if body or command not in ("activate", "deactivate"):
            return "invalid command or parameters"
        if command == "deactivate" and not self.pump.charge_left_s:
            return "Command not executable"
        if not deaf:
            self.pump.charge_left_s = _CHARGE_S if command == "activate" else 0.0
        return None


def _device_offline(reason: str) -> web.Response:
    payload = {"httpStatusCode": "NotFound", "code": "404", "reason": reason}
    return _error(400, "DEVICE_COMMUNICATION_ERROR", "Device communication error", payload)


def _too_many(name: str, limit: int) -> web.Response:
    payload = {
        "name": name,
        "requestCountLimit": limit,
        "clientId": "x",
        "limitReset": int((time.time() + 1800) * 1000),
    }
    message = "API calls rate limit has been exceeded. Please wait until your limit will renew."
    return _error(429, "RATE_LIMIT_EXCEEDED", message, payload)


def _error(status: int, kind: str, message: str, payload: dict[str, Any]) -> web.Response:
    return web.json_response(
        {"viErrorId": "sim", "statusCode": status, "errorType": kind, "message": message, "extendedPayload": payload},
        status=status,
    )
