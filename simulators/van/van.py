"""The van's computers on the broker: data, state, last will, and what they do with commands."""

import argparse
import asyncio
from datetime import UTC, datetime
import json
import logging
from typing import Any, ClassVar, Final, override

from simulators.framework import Simulator, end_task
from simulators.mqtt_link import MqttLink, add_broker_arguments

from .model import VanModel

_LOGGER = logging.getLogger(__name__)

# Device -> system, and the commands that it knows in addition to ping.
COMPUTERS: Final = {
    "battery": ("power", ["restart"]),
    "cabin": ("climate", ["restart", "identify", "set_target"]),
    "tank": ("water", []),
}


class Computer:
    """One computer of the van."""

    def __init__(self, van: Van, name: str, rng: Any) -> None:
        system, commands = COMPUTERS[name]
        self.van = van
        self.name = name
        self.base = f"{van.args.site}/{system}/{name}"
        self.commands = ["ping", *commands]
        self.sequence = 0
        self.published = 0
        self.started = van.clock.elapsed()
        self.done: dict[str, str] = {}
        self.received: list[str] = []
        self._rng = rng
        self._held: tuple[str, str] | None = None
        self.link = MqttLink(van.args, f"sim-van-{name}", will=(f"{self.base}/availability", "offline"))

    async def open(self) -> None:
        """Connect and introduce ourselves, now and after every loss."""
        self.link.subscribe(f"{self.base}/cmd", self._command)
        self.link.on_connect(self._introduce)
        await self.link.open()

    def _introduce(self) -> None:
        self.link.publish(f"{self.base}/availability", "online", retain=True)
        about = {"online": True, "model": "Van computer", "fw": "1.4.2", "commands": self.commands}
        self.link.publish(f"{self.base}/state", json.dumps(about), retain=True)

    def publish(self) -> None:
        """One message of data, with the faults that are on."""
        faults = self.van.faults
        if "silent" in faults:
            return
        self.sequence += 1 + int(faults.number("skip", 0))
        metrics: dict[str, Any] = getattr(self.van.model, self.name)()
        metrics |= {"rssi": round(self._rng.gauss(-58, 2)), "uptime_s": round(self.van.clock.elapsed() - self.started)}
        if "new_metric" in faults:
            metrics["surprise"] = self.sequence
        if "text_number" in faults:
            metrics = {key: str(value) for key, value in metrics.items()}
        if "wrong_type" in faults:
            metrics["rssi"] = ["far"]
            metrics["uptime_s"] = "long"
        stamp = datetime.now(UTC).timestamp() + faults.number("clock", 0.0)
        text = json.dumps(
            {
                "ts": datetime.fromtimestamp(stamp, UTC).isoformat(timespec="milliseconds"),
                "seq": self.sequence,
                "metrics": metrics,
            }
        )
        if "nan" in faults:
            text = text.replace(f'"rssi": {metrics["rssi"]}', '"rssi": nan')
        if "byte_order_mark" in faults:
            text = f"\ufeff{text}"
        if "not_json" in faults:
            text = text[: len(text) // 2]
        self._send(f"{self.base}/data", text)

    def _send(self, topic: str, text: str) -> None:
        faults = self.van.faults
        if "reorder" in faults:
            waiting = self._held
            if waiting is None:
                self._held = (topic, text)
                return
            self._held = None
            self._out(topic, text)
            self._out(*waiting)
            return
        for _ in range(2 if "duplicate" in faults else 1):
            self._out(topic, text)

    def _out(self, topic: str, text: str) -> None:
        self.link.publish(topic, text)
        self.published += 1

    def _command(self, _topic: str, payload: bytes) -> None:
        faults = self.van.faults
        command = json.loads(payload)
        id_, name = command["id"], command["cmd"]
        self.received.append(id_)
        if "deaf" in faults:
            return
        if id_ not in self.done:
            expired = datetime.fromisoformat(command["expires_at"]) < datetime.now(UTC)
            self.done[id_] = "expired" if expired else self._obey(name, command.get("params") or {})
        if "no_ack" in faults:
            return
        status = "error" if "nack" in faults else self.done[id_]
        ack = {"id": id_, "status": status, "message": f"{name}: {status}"}
        delay = faults.number("late_ack", 0.0)
        asyncio.get_running_loop().call_later(delay, self._acknowledge, ack)

    def _acknowledge(self, ack: dict[str, str]) -> None:
        if "ack_on_state" in self.van.faults:
            self.link.publish(f"{self.base}/state", json.dumps({"online": True, "ack": ack}))
        else:
            self.link.publish(f"{self.base}/event/ack", json.dumps(ack))

    def _obey(self, name: str, params: dict[str, Any]) -> str:
        _LOGGER.info("%s: %s %s", self.name, name, params)
        if name not in self.commands:
            return "unknown"
        if name == "restart":
            self.started, self.sequence = self.van.clock.elapsed(), 0
        elif name == "set_target":
            try:
                self.van.model.target_c = float(params["target_c"])
            except KeyError, TypeError, ValueError:
                return "rejected"
        return "ok"


class Van(Simulator):
    """The van with its computers."""

    NAME = "van"
    FAULTS: ClassVar[dict[str, str]] = {
        "silent": "publishes no data",
        "not_json": "messages break off in the middle",
        "nan": "a reading that fails is printed as nan, which is not JSON",
        "byte_order_mark": "messages begin with a byte order mark",
        "wrong_type": "some values are of a wrong kind",
        "text_number": "all values come as text",
        "duplicate": "every message comes twice",
        "reorder": "every second message comes before the first",
        "skip": "this many sequence numbers are left out each time (1)",
        "clock": "time stamps are off by this many seconds",
        "new_metric": "a metric appears that was not there before",
        "deaf": "commands are not obeyed nor answered",
        "no_ack": "commands are obeyed, but not answered",
        "nack": "commands are answered with an error",
        "late_ack": "answers come this many seconds late",
        "ack_on_state": "answers come on /state instead of /event/ack",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.model = VanModel(self.clock.now())
        self.computers: dict[str, Computer] = {}
        self._task: asyncio.Task[None] | None = None

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        add_broker_arguments(parser)
        parser.add_argument("--site", default="van", help="first level of the topics")
        parser.add_argument("--period", type=float, default=5.0, help="seconds between two messages of a computer")

    @override
    async def start(self) -> dict[str, Any]:
        self.computers = {name: Computer(self, name, self.rng) for name in COMPUTERS}
        for computer in self.computers.values():
            await computer.open()
        self._task = asyncio.create_task(self._live())
        return {"devices": [computer.base for computer in self.computers.values()]}

    @override
    async def stop(self) -> None:
        await end_task(self._task)
        for computer in self.computers.values():
            await computer.link.close()

    @override
    def state(self) -> dict[str, Any]:
        return {
            "target_c": self.model.target_c,
            "computers": {
                name: {"published": one.published, "sequence": one.sequence, "received": one.received, "done": one.done}
                for name, one in self.computers.items()
            },
        }

    @override
    async def do(self, name: str, arguments: dict[str, Any]) -> Any:
        """`lose {"computer": "cabin"}`: it is cut off, the broker publishes its last will; `publish`: now."""
        if name == "lose":
            await self.computers[arguments["computer"]].link.close(lost=True)
            return None
        if name == "publish":
            self.publish()
            return None
        return await super().do(name, arguments)

    def publish(self) -> None:
        """A message of every computer."""
        self.model.advance(self.clock.now(), self.rng)
        for computer in self.computers.values():
            computer.publish()

    async def _live(self) -> None:
        while True:
            self.publish()
            await self.clock.sleep(self.args.period)
