"""An ESP32 heating controller on the device-sync API, protocol 1 or 2.

Every ``--period`` seconds it posts its telemetry to Home Assistant and applies the configuration of the reply. Its
house is simulated in the weather of a typical year.
"""

import argparse
import asyncio
import contextlib
from datetime import timedelta
import json
import logging
from typing import Any, ClassVar, override
from urllib.parse import quote
from zoneinfo import ZoneInfo

import aiohttp

from simulators.framework import Simulator
from simulators.world.house import House
from simulators.world.weather import in_heating_season

from .firmware import Settings, burner, flow_setpoint, forced, room_target

_LOGGER = logging.getLogger(__name__)
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_TICK_S = 10.0


class HeatingController(Simulator):
    """One controller in its house."""

    NAME = "heating_controller"
    FAULTS: ClassVar[dict[str, str]] = {
        "silent": "does not call any more (the device is dead or off the network)",
        "wrong_key": "presents a key that is not its own",
        "not_json": "sends a body that breaks off in the middle",
        "nan": "sends NaN as the outdoor temperature",
        "outdoor_c": "outdoor sensor stuck at this value (85: power-on value, -127: no sensor)",
        "text_number": "sends the supply temperature as text",
        "huge": "sends a body of this many bytes (default 100000)",
        "unknown_fields": "adds fields that the server does not know",
        "error": "reports this error code",
        "burner_stuck": "the burner does not start",
        "lost_reply": "does not get the server's reply (protocol 2: commands come again)",
        "refuse": "refuses commands, with this message",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.house = House(in_heating_season(self.clock.now()))
        self.settings = Settings()
        self.replies: dict[int, int] = {}
        self.last_config: dict[str, Any] | None = None
        self.polls = 0
        self.key: str = args.key
        self.boot_count = 1
        self.identified = 0
        self.commands: list[dict[str, Any]] = []
        self.last_reply: dict[str, Any] | None = None
        self._done: dict[str, dict[str, Any]] = {}
        self._acks: list[dict[str, Any]] = []
        self._booted_s = self.clock.elapsed()
        self._answered_s = self.clock.elapsed()
        self._zone = ZoneInfo(args.time_zone)
        self._offset = self.house.now - self.clock.now()
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--url", required=True, help="Home Assistant, e.g. http://127.0.0.1:8123")
        parser.add_argument("--device-id", required=True)
        parser.add_argument("--key", required=True, help="the device key that Home Assistant showed")
        parser.add_argument(
            "--period", type=float, default=30.0, help="seconds between two calls (30); 0: the interval of the server"
        )
        parser.add_argument("--protocol", type=int, choices=(1, 2), default=1, help="of the device-sync API (1)")
        parser.add_argument("--time-zone", default="Europe/Rome", help="of the controller's own clock")

    @override
    async def start(self) -> dict[str, Any]:
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT)
        self._tasks = [asyncio.create_task(self._live()), asyncio.create_task(self._poll())]
        return {"device_id": self.args.device_id}

    @override
    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self._session:
            await self._session.close()

    @override
    def state(self) -> dict[str, Any]:
        house, settings = self.house, self.settings
        return {
            "world_time": house.now.isoformat(),
            "heating": house.heating,
            "outdoor_c": house.weather.outdoor_c,
            "room_c": house.room_c,
            "flow_c": house.flow_c,
            "flow_setpoint_c": flow_setpoint(settings, house.weather.outdoor_c),
            "heat_kwh": house.heat_j / 3.6e6,
            "curve_value": settings.curve_value,
            "min_external_temp": settings.min_external_temp,
            "iot_enabled": settings.iot_enabled,
            "schedule": settings.schedule,
            "polls": self.polls,
            "replies": {str(status): count for status, count in self.replies.items()},
            "last_config": self.last_config,
            "force": settings.force,
            "commands": self.commands,
            "boot_count": self.boot_count,
            "identified": self.identified,
        }

    @override
    async def do(self, name: str, arguments: dict[str, Any]) -> Any:
        if name != "poll":
            return await super().do(name, arguments)
        return await self.poll()

    async def _live(self) -> None:
        """The house and the burner."""
        while True:
            self.live_until_now()
            await self.clock.sleep(_TICK_S)

    def live_until_now(self) -> None:
        """Bring the house to the world's time; the burner is looked at every 10 s."""
        until = self.clock.now() + self._offset
        house = self.house
        while (left := until - house.now).total_seconds() > 0:
            local = house.now.astimezone(self._zone)
            target_c = room_target(self.settings, local)
            setpoint_c = flow_setpoint(self.settings, house.weather.outdoor_c)
            house.heating = self._burner(setpoint_c, target_c) and "burner_stuck" not in self.faults
            house.advance(house.now + min(left, timedelta(seconds=_TICK_S)))

    def _burner(self, setpoint_c: float, target_c: float) -> bool:
        settings, house = self.settings, self.house
        if settings.force != "auto":
            if self.clock.elapsed() - self._answered_s > settings.lease_s:
                settings.force = "auto"  # the lease is over: back to its own control
            else:
                return forced(settings, house.heating, house.flow_c, setpoint_c)
        return settings.iot_enabled and burner(house.heating, house.flow_c, setpoint_c, house.room_c, target_c)

    async def _poll(self) -> None:
        while True:
            if "silent" not in self.faults:
                try:
                    await self.poll()
                except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as err:
                    # A real controller heats on with what it has and tries again at the next period.
                    _LOGGER.warning("sync failed: %r", err)
            period = self.args.period or self.settings.poll_interval_s or 30.0
            await self.clock.sleep(period * self.rng.uniform(0.95, 1.05))

    async def poll(self) -> int:
        """Call Home Assistant once; returns the HTTP status (503: no connection was made)."""
        assert self._session is not None
        self.polls += 1
        url = f"{self.args.url}/api/iot/device/{quote(self.args.device_id, safe='')}/sync/"
        key = "not-" + self.key if "wrong_key" in self.faults else self.key
        headers = {"X-Device-Key": key, "Content-Type": "application/json"}
        async with self._session.post(url, data=self.body(), headers=headers) as reply:
            self.replies[reply.status] = self.replies.get(reply.status, 0) + 1
            if reply.status == 200:
                answer = await reply.json()
                if "lost_reply" not in self.faults:
                    self.accept(answer)
            else:
                _LOGGER.warning("sync answered %s: %s", reply.status, (await reply.text())[:200])
            return reply.status

    def accept(self, answer: dict[str, Any]) -> None:
        """Take over what the server answered."""
        self._answered_s = self.clock.elapsed()
        self._acks.clear()
        self.last_reply = answer
        self.last_config = answer["config"]
        self.settings.accept(answer["config"])
        self.key = answer.get("new_key", self.key)
        for command in answer.get("commands", []):
            # A command that comes again was done already: only its answer was lost.
            if command["id"] not in self._done:
                self.commands.append(command)
                self._done[command["id"]] = self._do_command(command)
            self._acks.append(self._done[command["id"]])

    def _do_command(self, command: dict[str, Any]) -> dict[str, Any]:
        if "refuse" in self.faults:
            return {"id": command["id"], "ok": False, "message": str(self.faults.active["refuse"])}
        settings, args = self.settings, command["args"]
        match command["name"]:
            case "force_on" | "force_off":
                settings.force = command["name"].removeprefix("force_")
            case "auto":
                settings.force = "auto"
            case "set_curve":
                settings.curve_value = float(args["value"])
                settings.min_external_temp = float(args.get("min_external_temp", settings.min_external_temp))
            case "reboot":
                self.boot_count += 1
                self._booted_s = self.clock.elapsed()
            case "identify":
                self.identified += 1
            case name:
                return {"id": command["id"], "ok": False, "message": f"unknown command {name}"}
        return {"id": command["id"], "ok": True}

    def extras(self) -> dict[str, Any]:
        """What protocol 2 adds to a report."""
        return {
            "protocol_version": 2,
            "firmware_version": "1.4.2",
            "product": "heating_controller",
            "chip": "esp32",
            "model": "Simulated board",
            "return_temp": round((self.house.flow_c + self.house.room_c) / 2, 1),
            "room_temp": round(self.house.room_c, 1),
            "flow_setpoint": round(flow_setpoint(self.settings, self.house.weather.outdoor_c), 1),
            "rssi": round(self.rng.gauss(-61, 2)),
            "free_heap": 182_344,
            "uptime_s": int(self.clock.elapsed() - self._booted_s),
            "boot_count": self.boot_count,
            "acks": list(self._acks),
        }

    def telemetry(self) -> dict[str, Any]:
        """What the controller measures, as the protocol names it."""
        house, faults = self.house, self.faults
        data: dict[str, Any] = {
            "state": "on" if house.heating else "off",
            "temp_out": round(house.weather.outdoor_c + self.rng.gauss(0, 0.05), 1),
            "supply_temp": round(house.flow_c + self.rng.gauss(0, 0.1), 1),
            "voltage": round(3.3 + self.rng.gauss(0, 0.01), 2),
            "errors": [],
        }
        if self.args.protocol == 2:
            data |= self.extras()
        if "outdoor_c" in faults:
            data["temp_out"] = faults.number("outdoor_c", 85.0)
        if "text_number" in faults:
            data["supply_temp"] = str(data["supply_temp"])
        if "unknown_fields" in faults:
            data |= {"rssi": -61, "heap": 182_344, "nested": {"a": [1, 2]}}
        if "error" in faults:
            data["errors"] = [str(faults.active["error"])]
        if "huge" in faults:
            data["padding"] = "x" * int(faults.number("huge", 100_000))
        return data

    def body(self) -> bytes:
        """The request's body, with the faults that spoil it."""
        data = self.telemetry()
        if "nan" in self.faults:
            data["temp_out"] = float("nan")
        text = json.dumps(data)  # writes NaN bare, as a careless firmware does
        return text[: len(text) // 2].encode() if "not_json" in self.faults else text.encode()
