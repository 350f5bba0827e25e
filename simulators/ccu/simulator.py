"""A Central Control Unit (ESP32) with outlets, with the protocol of field units (protocol 1).

Every 2 s: ``GET /api/devices/``, for each outlet ``GET /api/commands/<id>/`` and ``POST /api/data/``, then
``POST /api/breaker-data/``; requests time out after 5 s. Outlets that Home Assistant lists are added, as a
field unit does. With ``--protocol 2`` commands are acknowledged by ID.
"""

import argparse
import asyncio
import contextlib
import json
import logging
from typing import Any, ClassVar, override

import aiohttp

from simulators.framework import Simulator

from .unit import Outlet, Socket

_LOGGER = logging.getLogger(__name__)
_TIMEOUT = aiohttp.ClientTimeout(total=5)
_MAIN_OFFSET_MA = 400


def _as_text(value: Any) -> Any:
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    return float(value) if isinstance(value, int) else value


class Ccu(Simulator):
    """One CCU."""

    NAME = "ccu"
    FAULTS: ClassVar[dict[str, str]] = {
        "silent": "stops calling",
        "dead": "comma-separated IDs of outlets without power: no commands reach them and they do not report",
        "deaf": "comma-separated IDs of outlets that report but execute no commands",
        "flood": "calls without a pause over this many connections (default 20)",
        "half_json": "bodies are truncated",
        "negative": "reports negative currents",
        "absurd": "reports currents of 70000 mA",
        "bad_id": "reports an outlet 1FF",
        "foreign": "reports this outlet of another CCU (default AA)",
        "replay": "sends each report twice, the second time with the values of ten cycles ago",
        "lost_reply": "share of lost command responses, 0 to 1 (default 0.5)",
        "wrong_key": "presents a wrong key",
        "no_key": "presents no key",
        "texts": 'reports numbers as floats and states as text ("ON"), as some firmware does',
        "bad_flag": "reports a state of socket B that cannot be read",
        "null_relays": "reports unknown relays as null instead of false (firmware after v1.0.0)",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.outlets: dict[str, Outlet] = {}
        self.replies: dict[str, int] = {}
        self.cycles = 0
        self.reboots = 0
        self._old: dict[str, list[dict[str, Any]]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None
        for device_id in filter(None, args.outlets.split(",")):
            self._add_outlet(device_id)

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--url", required=True, help="Home Assistant, e.g. http://127.0.0.1:8123")
        parser.add_argument("--ccu-id", default="01", help="two hex digits (01)")
        parser.add_argument("--key", default="", help="key of the CCU; empty for a field unit without one")
        parser.add_argument("--outlets", default="", help="IDs of its outlets at the start; Home Assistant adds more")
        parser.add_argument("--on", default="", help="sockets that are on at the start, e.g. FE/a,FD/b")
        parser.add_argument("--period", type=float, default=2.0, help="seconds between two cycles (2)")
        parser.add_argument("--protocol", type=int, choices=(1, 2), default=1)

    @override
    async def start(self) -> dict[str, Any]:
        # A field unit opens a new connection per request.
        connector = aiohttp.TCPConnector(force_close=True)
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT, connector=connector)
        self._tasks = [asyncio.create_task(self._run())]
        return {"ccu_id": self.args.ccu_id}

    @override
    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    @override
    def state(self) -> dict[str, Any]:
        return {
            "cycles": self.cycles,
            "reboots": self.reboots,
            "replies": self.replies,
            "outlets": {device_id: outlet.truth() for device_id, outlet in self.outlets.items()},
        }

    @override
    async def do(self, name: str, arguments: dict[str, Any]) -> Any:
        """``reboot`` {}; ``load`` {outlet, a, b}; ``press`` {outlet, socket, on} (at the outlet); ``cycle`` {}."""
        match name:
            case "reboot":
                self.reboot()
            case "load":
                for letter in set("ab") & arguments.keys():
                    self.outlets[arguments["outlet"]].sockets[letter].load_ma = int(arguments[letter])
            case "press":
                socket = self.outlets[arguments["outlet"]].sockets[arguments["socket"]]
                socket.on = bool(arguments["on"])
            case "cycle":
                await self.cycle()
            case _:
                return await super().do(name, arguments)
        return self.state()

    def reboot(self) -> None:
        """Reboot: the acknowledged relay states are lost."""
        self.reboots += 1
        for outlet in self.outlets.values():
            outlet.reset_known()

    def _add_outlet(self, device_id: str) -> None:
        if device_id in self.outlets:
            return
        on = self.args.on.split(",")
        sockets = {}
        for socket, load_ma in (("a", 400 + self.rng.randrange(3000)), ("b", 50 + self.rng.randrange(800))):
            is_on = f"{device_id}/{socket}" in on
            sockets[socket] = Socket(load_ma, on=is_on, known=1 if is_on else -1)
        self.outlets[device_id] = Outlet(device_id, sockets)

    def _is(self, fault: str, device_id: str) -> bool:
        return device_id in str(self.faults.active.get(fault, "")).upper().split(",")

    async def _run(self) -> None:
        while True:
            if "flood" in self.faults:
                await asyncio.gather(*(self._flood() for _ in range(int(self.faults.number("flood", 20)))))
                continue
            if "silent" not in self.faults:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError, ValueError, KeyError):
                    await self.cycle()
            await self.clock.sleep(self.args.period)

    async def _flood(self) -> None:
        for device_id in tuple(self.outlets):
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                await self._call("POST", "data", self.outlets[device_id].report(self.rng))

    # The cycle of a CCU, every two seconds

    async def cycle(self) -> None:
        """Send the requests of one cycle in the order of a field unit."""
        self.cycles += 1
        status, answer = await self._call("GET", "devices")
        if status == 200 and answer.get("success"):
            for device_id in answer["devices"]:
                self._add_outlet(device_id)
        for outlet in tuple(self.outlets.values()):
            await self._serve(outlet)
        if "foreign" in self.faults:
            foreign = self.faults.active["foreign"]
            await self._report({"device_id": "AA" if foreign is True else foreign})
        await self._call(
            "POST", "breaker-data", {"ccu_id": self.args.ccu_id, "current_ma": self._main_ma(), **self._version()}
        )

    def _version(self) -> dict[str, str]:
        return {"firmware": "2.0.0"} if self.args.protocol == 2 else {}

    def _main_ma(self) -> int:
        sockets = [socket for outlet in self.outlets.values() for socket in outlet.sockets.values()]
        return _MAIN_OFFSET_MA + sum(socket.load_ma for socket in sockets if socket.on)

    async def _serve(self, outlet: Outlet) -> None:
        """Fetch and execute the commands of an outlet, then report it."""
        status, answer = await self._call("GET", f"commands/{outlet.device_id}")
        if self._is("dead", outlet.device_id):
            return
        lost = "lost_reply" in self.faults and self.rng.random() < self.faults.number("lost_reply", 0.5)
        if status == 200 and not lost and not self._is("deaf", outlet.device_id):
            await self._execute(outlet, answer["commands"])
        outlet.trip_on_overload(self.rng)
        await self._report(outlet.report(self.rng) | self._null_relays(outlet) | self._reported_threshold(outlet))

    def _null_relays(self, outlet: Outlet) -> dict[str, Any]:
        if "null_relays" not in self.faults and self.args.protocol == 1:
            return {}
        return {f"relay_{name}": None for name, socket in outlet.sockets.items() if socket.known == -1}

    def _reported_threshold(self, outlet: Outlet) -> dict[str, Any]:
        return {"threshold": outlet.threshold} if self.args.protocol == 2 else {}

    async def _execute(self, outlet: Outlet, commands: list[dict[str, Any]]) -> None:
        acks = []
        for command in commands:
            outlet.execute(command["command"], command["socket"], command["value"])
            acks.append({"id": command.get("id"), "ok": True})
        if acks and self.args.protocol == 2:
            await self._call("POST", f"commands/{outlet.device_id}/ack", {"acks": acks})

    async def _report(self, report: dict[str, Any]) -> None:
        report = {"current_a": 0, "current_b": 0, "relay_a": False, "relay_b": False, "is_overload": False} | report
        if "negative" in self.faults:
            report["current_a"] = -5
        if "absurd" in self.faults:
            report["current_a"] = 70_000
        if "bad_id" in self.faults:
            report["device_id"] = "1FF"
        if "bad_flag" in self.faults:
            report["relay_b"] = "maybe"
        if "texts" in self.faults:
            report = {name: _as_text(value) for name, value in report.items()}
        await self._call("POST", "data", report)
        old = self._old.setdefault(report["device_id"], [])
        old.append(report)
        del old[:-10]
        if "replay" in self.faults:
            await self._call("POST", "data", old[0])

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        assert self._session is not None
        headers = {}
        if self.args.key and "no_key" not in self.faults:
            headers["X-Device-Key"] = self.args.key + ("x" if "wrong_key" in self.faults else "")
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            text = json.dumps(body)
            data = text[: len(text) // 2] if "half_json" in self.faults else text
        url = f"{self.args.url}/api/{path}/" + ("?v=2" if self.args.protocol == 2 else "")
        async with self._session.request(method, url, data=data, headers=headers) as reply:
            name = f"{path.split('/', maxsplit=1)[0]} {reply.status}"
            self.replies[name] = self.replies.get(name, 0) + 1
            if reply.status != 200:
                _LOGGER.info("%s: status %s: %s", url, reply.status, (await reply.text())[:200])
                return reply.status, {}
            answer: dict[str, Any] = await reply.json()
            return reply.status, answer
