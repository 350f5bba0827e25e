"""A Shelly Pro 3EM: RPC over HTTP, and over a websocket with notifications.

Three phases with a household's load, a heater on phase a (settable by `POST /do/load`), and a roof that feeds back.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import math
import secrets
import time
from typing import Any, ClassVar, Final, override

from aiohttp import WSMsgType, web

from simulators.framework import end_task
from simulators.net import NET_FAULTS, Digest, HttpSimulator, http_faults

_PHASES = ("a", "b", "c")
_MODELS: Final = {
    "pro3em": ("Pro3EM", "SPEM-003CEBEU", 2, 3),
    "proem50": ("ProEM50", "SPEM-002CEBEU50", 2, 2),
    "emg3": ("EMG3", "S3EM-002CXCEU", 3, 2),
    "emminig4": ("MiniEMG4", "S4EM-001PXCEU16", 4, 1),
}
"""App, model, generation, and number of single-phase channels."""


class ShellyPro3Em(HttpSimulator):
    """The meter."""

    NAME = "shelly_pro3em"
    DEFAULT_PORT = 80
    FAULTS: ClassVar[dict[str, str]] = {
        **NET_FAULTS,
        "frozen": "keeps reporting the same values and time",
        "null": "power values are null",
        "meter_error": "the last phase or channel reports this error, with a value all the same",
        "null_counter": "the counters of this channel (0, 1, 2) are null after a database error",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.load_w = args.load
        self.solar_w = args.solar
        self.imported_wh = dict.fromkeys(_PHASES, 500_000.0)
        self.exported_wh = dict.fromkeys(_PHASES, args.exported_kwh * 1000 / len(_PHASES))
        self._grid_w: float | None = None
        self._counted = self.clock.elapsed()
        self._frozen: tuple[dict[str, float], float] | None = None
        self._digest = Digest(self.device_id, "admin", args.password or "", "SHA-256")
        self._sockets: set[web.WebSocketResponse] = set()
        self._nonce = 1_700_000_000
        self._pusher: asyncio.Task[None] | None = None

    @property
    def device_id(self) -> str:
        """As it calls itself."""
        return f"shellypro3em-{self.args.mac.lower()}"

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--mac", default="0200000000E1")
        parser.add_argument("--password", help="requires digest authentication (user admin)")
        parser.add_argument("--profile", choices=("triphase", "monophase"), default="triphase")
        parser.add_argument("--model", choices=tuple(_MODELS), default="pro3em", help="the others name no profile")
        parser.add_argument("--load", type=float, default=0.0, help="heater on phase a, W")
        parser.add_argument("--solar", type=float, default=0.0, help="peak of a roof on phase c, W")
        parser.add_argument("--exported-kwh", type=float, default=3.0, help="counted as fed back until now")
        parser.add_argument("--push", type=float, default=1.0, help="seconds between two notifications")

    @override
    def application(self) -> web.Application:
        app = web.Application(middlewares=[http_faults(self.faults), self._authenticate])
        app.add_routes(
            [web.get("/rpc", self._socket), web.post("/rpc", self._post), web.get("/rpc/{method}", self._get)]
        )
        app.add_routes([web.get("/shelly", self._shelly)])
        return app

    @override
    async def start(self) -> dict[str, Any]:
        ready = await super().start()
        self._pusher = asyncio.create_task(self._push())
        return ready

    @override
    async def stop(self) -> None:
        await end_task(self._pusher)
        for socket in list(self._sockets):
            await socket.close()
        await super().stop()

    @override
    def state(self) -> dict[str, Any]:
        powers = self.powers()
        return {"total_w": round(sum(powers.values()), 1), "phases_w": powers, "load_w": self.load_w}

    @override
    async def do(self, name: str, arguments: dict[str, Any]) -> Any:
        """`load`: set the heater's watts (`{"watts": 3000}`); `grid`: set the power at the grid connection."""
        if name == "grid":
            self.powers()
            self._grid_w = float(arguments["watts"])
            return self.state()
        if name != "load":
            return await super().do(name, arguments)
        self.powers()
        self.load_w = float(arguments["watts"])
        return self.state()

    def powers(self) -> dict[str, float]:
        """Active power of the phases; counts energy."""
        now = self.clock.elapsed()
        if "frozen" in self.faults and self._frozen is not None:
            return self._frozen[0]
        hour = self.clock.now().hour + self.clock.now().minute / 60
        sun = max(0.0, math.sin((hour - 6) / 12 * math.pi)) * self.solar_w
        wave = math.sin(now / 37)
        powers = {"a": 180 + 20 * wave + self.load_w, "b": 95 - 15 * wave, "c": 60 + 5 * wave - sun}
        if self._grid_w is not None:
            # The heat pump and the roof are on all phases, the rest is spread unevenly.
            powers = {"a": self._grid_w * 0.4 + 3 * wave, "b": self._grid_w * 0.35 - 4 * wave}
            powers["c"] = self._grid_w - powers["a"] - powers["b"]
        seconds, self._counted = now - self._counted, now
        for phase, watts in powers.items():
            counter = self.imported_wh if watts >= 0 else self.exported_wh
            counter[phase] += abs(watts) * seconds / 3600
        self._frozen = (powers, time.time())
        return powers

    def _now(self) -> float:
        return self._frozen[1] if "frozen" in self.faults and self._frozen else time.time()

    def _em(self) -> dict[str, Any]:
        status: dict[str, Any] = {"id": 0}
        powers = self.powers()
        for phase, watts in powers.items():
            shown = None if "null" in self.faults else round(watts, 1)
            status |= {
                f"{phase}_current": round(abs(watts) / 230, 3),
                f"{phase}_voltage": 230.1,
                f"{phase}_act_power": shown,
                f"{phase}_aprt_power": round(abs(watts) * 1.05, 1),
                f"{phase}_pf": 0.95,
                f"{phase}_freq": 50.0,
            }
        total = None if "null" in self.faults else round(sum(powers.values()), 3)
        if error := self.faults.active.get("meter_error"):
            status |= {"c_errors": [error]} if str(error).startswith("out_of_range") else {"errors": [error]}
        return status | {"n_current": None, "total_current": 2.0, "total_act_power": total, "total_aprt_power": 500.0}

    def _emdata(self) -> dict[str, Any]:
        self.powers()
        data: dict[str, Any] = {"id": 0}
        for phase in _PHASES:
            data[f"{phase}_total_act_energy"] = round(self.imported_wh[phase], 2)
            data[f"{phase}_total_act_ret_energy"] = round(self.exported_wh[phase], 2)
        data["total_act"] = round(sum(self.imported_wh.values()), 2)
        data["total_act_ret"] = round(sum(self.exported_wh.values()), 2)
        return data

    def _em1(self, index: int) -> dict[str, Any]:
        watts = self.powers()[_PHASES[index]]
        error = self.faults.active.get("meter_error") if index == self._channels[-1] else None
        return {
            "id": index,
            "voltage": 230.1,
            "current": round(abs(watts) / 230, 3),
            "act_power": round(watts, 1),
            **({} if error is None else {"errors": [error]}),
        }

    def _em1data(self, index: int) -> dict[str, Any]:
        phase = _PHASES[index]
        if self.faults.number("null_counter", -1) == index:
            nulls = {"total_act_energy": None, "total_act_ret_energy": None}
            return {"id": index, **nulls, "errors": ["database_error"]}
        return {
            "id": index,
            "total_act_energy": round(self.imported_wh[phase], 2),
            "total_act_ret_energy": round(self.exported_wh[phase], 2),
        }

    @property
    def _channels(self) -> range:
        """The single-phase channels; empty with the three-phase profile."""
        if self.args.model == "pro3em":
            return range(3 if self.args.profile == "monophase" else 0)
        return range(_MODELS[self.args.model][3])

    def _info(self) -> dict[str, Any]:
        app, model, gen, _ = _MODELS[self.args.model]
        return {
            "name": None,
            "id": self.device_id,
            "mac": self.args.mac,
            "model": model,
            "gen": gen,
            "fw_id": "20241011-114449/1.4.4-g6d2a586",
            "ver": "1.4.4",
            "app": app,
            "auth_en": self.args.password is not None,
            **({"profile": self.args.profile} if self.args.model == "pro3em" else {}),
        }

    def _call(self, method: str, index: int) -> Any:
        mono = bool(self._channels)
        table: dict[str, Any] = {"Shelly.GetDeviceInfo": self._info, "Shelly.GetStatus": self._status}
        if mono:
            table |= {"EM1.GetStatus": lambda: self._em1(index), "EM1Data.GetStatus": lambda: self._em1data(index)}
        else:
            table |= {"EM.GetStatus": self._em, "EMData.GetStatus": self._emdata}
        if method not in table or index not in (self._channels or range(3)):
            return None
        return table[method]()

    def _status(self) -> dict[str, Any]:
        if channels := self._channels:
            parts = {f"em1:{i}": self._em1(i) for i in channels} | {f"em1data:{i}": self._em1data(i) for i in channels}
        else:
            parts = {"em:0": self._em(), "emdata:0": self._emdata()}
        return {**parts, "sys": {"mac": self.args.mac, "unixtime": int(self._now()), "uptime": 5000}}

    @web.middleware
    async def _authenticate(self, request: web.Request, handler: Any) -> web.StreamResponse:
        # The websocket opens freely; its frames carry the digest.
        free = request.path in ("/shelly", "/rpc/Shelly.GetDeviceInfo") or (
            request.path == "/rpc" and request.method == "GET"
        )
        if self.args.password and not free and not self._digest.allows(request):
            return self._digest.challenge()
        response: web.StreamResponse = await handler(request)
        return response

    async def _shelly(self, _: web.Request) -> web.Response:
        return web.json_response(self._info())

    async def _get(self, request: web.Request) -> web.Response:
        result = self._call(request.match_info["method"], int(request.query.get("id", "0")))
        if result is None:
            return web.json_response({"code": 404, "message": "No handler"}, status=404)
        return web.json_response(result)

    async def _post(self, request: web.Request) -> web.Response:
        return web.json_response(self._frame(await request.json()))

    def _frame(self, request: dict[str, Any]) -> dict[str, Any]:
        result = self._call(str(request.get("method")), int((request.get("params") or {}).get("id", 0)))
        frame = {"id": request.get("id"), "src": self.device_id, "dst": request.get("src")}
        if result is None:
            return {**frame, "error": {"code": 404, "message": f"No handler for {request.get('method')}"}}
        return {**frame, "result": result}

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if self.args.password is None:
            self._sockets.add(socket)
        try:
            async for message in socket:
                if message.type != WSMsgType.TEXT:
                    continue
                request_frame = json.loads(message.data)
                if self._lets_in(request_frame):
                    self._sockets.add(socket)
                    await socket.send_json(self._frame(request_frame))
                else:
                    await socket.send_json(self._challenge(request_frame))
        finally:
            self._sockets.discard(socket)
        return socket

    def _challenge(self, request: dict[str, Any]) -> dict[str, Any]:
        self._nonce += 1
        message = {"auth_type": "digest", "nonce": self._nonce, "nc": 1, "realm": self.device_id}
        error = {"code": 401, "message": json.dumps({**message, "algorithm": "SHA-256"})}
        return {"id": request.get("id"), "src": self.device_id, "dst": request.get("src"), "error": error}

    def _lets_in(self, request: dict[str, Any]) -> bool:
        """HA1 = user:realm:password, HA2 = dummy_method:dummy_uri, as the device's documentation has it."""
        if self.args.password is None:
            return True
        auth = request.get("auth") or {}
        if auth.get("nonce") != self._nonce or auth.get("username") != "admin":
            return False

        def sha(text: str) -> str:
            return hashlib.sha256(text.encode()).hexdigest()

        one, two = sha(f"admin:{self.device_id}:{self.args.password}"), sha("dummy_method:dummy_uri")
        wanted = sha(f"{one}:{self._nonce}:1:{auth.get('cnonce')}:auth:{two}")
        return secrets.compare_digest(str(auth.get("response")), wanted)

    async def _push(self) -> None:
        """Send a full status to a new client, then only changes."""
        known: set[int] = set()
        while True:
            await asyncio.sleep(self.args.push)
            for socket in list(self._sockets):
                full = id(socket) not in known
                known.add(id(socket))
                em = self._em()
                part = {"id": 0, "total_act_power": em["total_act_power"]}
                part |= {f"{phase}_act_power": em[f"{phase}_act_power"] for phase in _PHASES}
                change = {"em1:0": self._em1(0)} if self._channels else {"em:0": part}
                params = self._status() if full else change
                frame = {
                    "src": self.device_id,
                    "dst": "user_1",
                    "method": "NotifyFullStatus" if full else "NotifyStatus",
                    "params": {"ts": self._now(), **params},
                }
                with contextlib.suppress(ConnectionError, RuntimeError):
                    await socket.send_json(frame)
