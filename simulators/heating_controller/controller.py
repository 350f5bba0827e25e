"""An ESP32 heating controller on the device-sync API, protocol 1.

It calls out only: every ``--period`` seconds it posts its telemetry to Home Assistant and obeys the
configuration that comes back. Its house stands in the weather of a typical year.
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

from .firmware import Settings, burner, flow_setpoint, room_target

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
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.house = House(in_heating_season(self.clock.now()))
        self.settings = Settings()
        self.replies: dict[int, int] = {}
        self.last_config: dict[str, Any] | None = None
        self.polls = 0
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
        parser.add_argument("--period", type=float, default=30.0, help="seconds between two calls (30)")
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
            on = burner(house.heating, house.flow_c, setpoint_c, house.room_c, target_c)
            house.heating = on and self.settings.iot_enabled and "burner_stuck" not in self.faults
            house.advance(house.now + min(left, timedelta(seconds=_TICK_S)))

    async def _poll(self) -> None:
        while True:
            if "silent" not in self.faults:
                try:
                    await self.poll()
                except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as err:
                    # A real controller heats on with what it has and tries again at the next period.
                    _LOGGER.warning("sync failed: %r", err)
            await self.clock.sleep(self.args.period * self.rng.uniform(0.95, 1.05))

    async def poll(self) -> int:
        """Call Home Assistant once; returns the HTTP status (503: no connection was made)."""
        assert self._session is not None
        self.polls += 1
        url = f"{self.args.url}/api/iot/device/{quote(self.args.device_id, safe='')}/sync/"
        key = "not-" + self.args.key if "wrong_key" in self.faults else self.args.key
        headers = {"X-Device-Key": key, "Content-Type": "application/json"}
        async with self._session.post(url, data=self.body(), headers=headers) as reply:
            self.replies[reply.status] = self.replies.get(reply.status, 0) + 1
            if reply.status == 200:
                self.last_config = (await reply.json())["config"]
                self.settings.accept(self.last_config)
            else:
                _LOGGER.warning("sync answered %s: %s", reply.status, (await reply.text())[:200])
            return reply.status

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
