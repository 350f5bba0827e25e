"""GraphQL of a miner with Braiins OS before 25.05.

Queries need no login, commands the cookie of a session. While mining is stopped, the statistics are an error
"UNAVAILABLE" and make the whole `info` null. A command that is refused is a result with a `message`, or, without a
session, an entry in `errors`; the status is always 200.
"""

from collections.abc import Callable
from itertools import pairwise
import json
import re
import secrets
from typing import Any, Final

from aiohttp import web

from simulators.asic import Machine
from simulators.framework import Faults

_SESSION_LIFE_S: Final = 3600
_PARTS: Final = ("bos", "bosminer")


class GraphqlSide:
    """The interface; `writes` are the commands that it accepted."""

    def __init__(self, machine: Machine, faults: Faults, elapsed: Callable[[], float], **identity: Any) -> None:
        self._machine = machine
        self._faults = faults
        self._elapsed = elapsed
        self._release: str = identity["release"]
        self._password: str = identity["password"]
        self._model: str = identity["model"]
        self._pool: str = identity["pool"]
        self._range: tuple[float, float] = identity["range_w"]
        self._sessions: dict[str, float] = {}
        self.blinks = False
        self.logins = 0
        self.writes: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a request."""
        try:
            body = json.loads(await request.read())
            query, variables = str(body["query"]), body.get("variables") or {}
        except ValueError, KeyError, TypeError:
            return web.Response(status=400, text="Invalid request")
        if query.lstrip().startswith("mutation"):
            return self._mutation(request, query, variables)
        return web.json_response(self._query(query))

    def _query(self, query: str) -> dict[str, Any]:
        data: dict[str, Any] = {}
        errors: list[dict[str, Any]] = []
        if "bos{" in query:
            data["bos"] = {
                "faultLight": self.blinks,
                "hostname": "Antminer",
                "info": {"version": {"full": f"2024-10-17-0-51mu1a7e-{self._release}-plus"}},
                "uptime": {"durationS": self._machine.elapsed_s},
            }
        if "config{" in query:
            tuning = {"mode": "POWER_TARGET", "powerTarget": round(self._machine.limit_w)}
            data["bosminer"] = {"config": {"autotuning": tuning}}
        elif "modelName" in query:
            data["bosminer"] = {"info": {"modelName": self._model}}
        elif "poolGroups" in query:
            pool = {"url": self._pool, "status": "ALIVE", "active": True}
            data["bosminer"] = {"info": {"poolGroups": [{"name": "g", "pools": [pool]}]}}
        elif "bosminer{info{" in query and not self._machine.running:
            data["bosminer"] = {"info": None}
            errors.append({"message": "Miner is not running", "extensions": {"code": "UNAVAILABLE"}})
        elif "bosminer{info{" in query:
            data["bosminer"] = {"info": self._statistics()}
        return {"data": data, "errors": errors} if errors else {"data": data}

    def _statistics(self) -> dict[str, Any]:
        machine = self._machine
        watts = min(machine.limit_w, self._faults.number("scaled", 2431.0) if "scaled" in self._faults else 1e9)
        return {
            "fans": [{"name": str(index), "rpm": 5400, "speed": 80} for index in range(4)],
            "summary": {"power": {"approxConsumptionW": round(machine.power_w), "limitW": round(watts)}},
            "workSolver": {
                "nominalMhs": machine.ths * 1e6,
                "realHashrate": {"mhs5S": machine.hash_ths * 1e6},
                "childSolvers": [
                    {
                        "name": str(index),
                        "realHashrate": {"mhs5S": machine.hash_ths * 1e6 / 3},
                        "temperatures": [
                            {"name": "Max Board", "degreesC": machine.chip_c(index) - 8},
                            {"name": "Max Chip", "degreesC": machine.chip_c(index)},
                            {"name": "Inlet", "degreesC": 24.0 + index},
                            {"name": "Outlet", "degreesC": machine.chip_c(index) - 8},
                        ],
                    }
                    for index in range(3)
                ],
            },
        }

    def _mutation(self, request: web.Request, query: str, variables: dict[str, Any]) -> web.Response:
        if "login(" in query:
            return self._login(variables)
        if "token_expired" in self._faults:
            self._sessions.clear()
            self._faults.clear("token_expired")
        born = self._sessions.get(request.cookies.get("session_id", ""))
        if born is None or self._elapsed() - born > _SESSION_LIFE_S:
            return web.json_response({"data": None, "errors": [{"message": "Unauthorized"}]})
        part, name, result = self._command(query, variables)
        found: dict[str, Any] = {name: result}
        if name == "updateAutotuning":
            found = {"config": found}
        return web.json_response({"data": {part: found}})

    def _login(self, variables: dict[str, Any]) -> web.Response:
        self.logins += 1
        if (variables.get("username"), variables.get("password")) != ("root", self._password):
            result = {"__typename": "AuthError", "message": "Invalid username or password"}
            return web.json_response({"data": {"auth": {"login": result}}})
        token = secrets.token_hex(8)
        self._sessions[token] = self._elapsed()
        response = web.json_response({"data": {"auth": {"login": {"__typename": "VoidResult"}}}})
        response.set_cookie("session_id", token, httponly=True)
        return response

    def _command(self, query: str, variables: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
        names = [name for name in re.findall(r"(\w+)[({]", query) if name not in ("mutation", "config")]
        part, name = next((one, two) for one, two in pairwise(names) if one in _PARTS)
        is_deaf = "deaf" in self._faults
        match name:
            case "updateAutotuning":
                watts = float(variables["input"]["powerTarget"])
                low, high = self._range
                if not low <= watts <= high:
                    return part, name, {"__typename": "AutotuningError", "message": f"{watts:.0f} is out of range"}
                self.writes.append(f"power-target {watts:.0f}")
                if not is_deaf:
                    self._machine.set_limit(watts, restarts=False)
            case "setFaultLight":
                self.blinks = bool(variables["enable"]) if not is_deaf else self.blinks
            case "start" | "stop":
                self.writes.append(name)
                if not is_deaf:
                    self._machine.set_running(name == "start")
            case _:
                self.writes.append(name)
                self._machine.restart()
        return part, name, {"__typename": "VoidResult"}
