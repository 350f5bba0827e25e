"""A simulated EcoFlow cloud on loopback: the signed HTTPS API, the MQTT broker (TLS) and devices.

    python -m simulators.ecoflow_cloud --port 8443 --folder /tmp/ecoflow --device delta_pro --device delta_2

The folder receives `ca.pem`, the certificate authority of both servers, which clients need to verify them.

Actions (POST /do/NAME): drop_mqtt; report {sn?}: report by MQTT now; online {sn, online}; grid {sn, present};
solar, load {sn, watts}; soc {sn, percent}; add {model, sn?}; remove {sn}; new_password {password}; wake {sn, reports?}:
switch the device off and on; values {sn, values}: what it reports instead, null for nothing.

A device that has just been switched on reports placeholders and leaves out values, as real ones do (`waking`), until a
client has received some reports.
"""

import argparse
import asyncio
from contextlib import suppress
import json
from pathlib import Path
import tempfile
from typing import Any, ClassVar, override

from aiohttp import web

from simulators.framework import Simulator
from simulators.world.weather import weather_at

from .api import OpenApi
from .broker import CloudBroker, Realm
from .certificates import Certificates, certificates
from .devices import SimDevice, Station
from .models import MODELS, SERIAL_PREFIXES

TICK_S = 0.2
ACCESS_KEY = "SimAccessKey0123456789abcd"
SECRET_KEY = "SimSecretKey0123456789abcdefghij"  # noqa: S105 - of the simulation, on loopback


def _level(text: str) -> tuple[str, float]:
    """Return the model and the level of ``MODEL=PERCENT``."""
    model, _, percent = text.partition("=")
    if model not in MODELS:
        raise ValueError(model)
    return model, float(percent)


class EcoflowCloud(Simulator):
    """The cloud with one account."""

    NAME = "ecoflow_cloud"
    DEFAULT_PORT = 0
    FAULTS: ClassVar[dict[str, str]] = {
        "signature": "refuse the signature of each request (8521)",
        "signature_once": "refuse the next N signatures (8521), as the cloud does occasionally",
        "keys_revoked": "refuse the access key (8513)",
        "offline": "device is offline (6012): its serial number, or all",
        "not_allowed": "device cannot be read (1006): its serial number, or all",
        "rate_limited": "too many requests (HTTP 429, Retry-After: value in s)",
        "server_error": "HTTP 503 without JSON",
        "slow": "answer after this many seconds",
        "garbage": "answer with HTML",
        "huge": "answer with 3 MB of JSON",
        "clock_skew": "the cloud's clock is ahead by this many seconds",
        "broker_down": "the MQTT broker is down",
        "silent": "online devices send nothing by MQTT: a serial number, or all",
        "frozen": "values of devices do not change: a serial number, or all",
        "duplicate": "each MQTT message is sent twice",
        "duplicate_keys": "each value is twice in an MQTT message, first as a placeholder",
        "heartbeats": "MQTT messages alternate with heartbeats, which hold one value or none",
        "out_of_order": "every second MQTT message is sent after newer ones",
        "nulls": "MQTT values are null, lists or text instead of numbers",
        "ignore_mqtt": "devices do not receive commands by MQTT (HTTP works)",
        "no_ack": "devices apply commands by MQTT but do not answer",
        "refuse": "devices refuse commands by MQTT",
        "ignore_http": "the cloud accepts commands by HTTP but does not forward them",
        "certification": "broker credentials are unavailable (HTTP 503)",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        """Create an account with the devices of the command line."""
        super().__init__(args)
        self.access_key: str = args.access_key
        self.secret_key: str = args.secret_key
        self.account = "open-sim0123456789"
        self.devices: dict[str, SimDevice] = {}
        for model in args.device or ["delta_pro"]:
            self.add(model)
        for model, level in args.level or ():
            for device in self.devices.values():
                if isinstance(device, Station) and isinstance(device, MODELS[model]):
                    device.plant.soc = level
        self.api = OpenApi(self)
        self.broker: CloudBroker | None = None
        self.files: Certificates | None = None
        self.period_s: float = args.period
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._runner: web.AppRunner | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._late: list[tuple[str, bytes]] = []
        self._sent = 0

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--broker-port", type=int, default=0, help="port of the MQTT broker; 0: any free port")
        parser.add_argument("--folder", type=Path, help="folder of the certificates; temporary by default")
        parser.add_argument(
            "--device", action="append", choices=sorted(MODELS), help="device of the account; may be repeated"
        )
        parser.add_argument(
            "--level", action="append", type=_level, help="MODEL=PERCENT: where the batteries of a model start"
        )
        parser.add_argument("--access-key", default=ACCESS_KEY)
        parser.add_argument("--secret-key", default=SECRET_KEY)
        parser.add_argument("--tick", type=float, default=TICK_S, help="seconds between two simulation steps")
        parser.add_argument("--period", type=float, default=2.0, help="seconds between a device's MQTT reports")
        parser.add_argument(
            "--wake-up", type=int, default=3, help="reports of a device that has just been switched on; 0: none"
        )

    # Devices ----------------------------------------------------------------------------------------------------------

    def add(self, model: str, sn: str = "", name: str = "") -> SimDevice:
        """Add a device to the account."""
        number = len(self.devices) + 1
        sn = sn or f"{SERIAL_PREFIXES[model]}SIM{number:06d}"
        device = MODELS[model](sn, name or f"{MODELS[model].PRODUCT} {number}")
        device.step(1.0, self.sun(), 0.0)
        device.wake(self.args.wake_up)
        self.devices[sn] = device
        return device

    def sun(self) -> float:
        """Return the solar irradiance, 0 to 1, in the weather that all simulators share."""
        return min(1.0, weather_at(self.clock.now()).solar_w_m2 / 850)

    def fault_applies(self, fault: str, sn: str) -> bool:
        """Whether a fault is active for a device, alone or with all others."""
        value = self.faults.active.get(fault)
        return value is True or value in ("all", sn)

    # Simulation -------------------------------------------------------------------------------------------------------

    @override
    async def start(self) -> dict[str, Any]:
        if self.args.folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="ecoflow-cloud-")
        folder = Path(self._folder.name) if self._folder else self.args.folder
        self.files = await asyncio.to_thread(certificates, folder, self.args.host)
        self._runner = web.AppRunner(self.api.app(), access_log=None)
        await self._runner.setup()
        context = await asyncio.to_thread(self.files.server_context)
        site = web.TCPSite(self._runner, self.args.host, self.args.port, ssl_context=context, shutdown_timeout=1.0)
        await site.start()
        realm = Realm(self.account, "sim-password-0123456789", self._received)
        self.broker = CloudBroker(self.args.host, self.args.broker_port, self.files, realm)
        await self.broker.start()
        self._tasks = [asyncio.create_task(self._simulate()), asyncio.create_task(self._report_periodically())]
        return {
            "host": self.args.host,
            "port": self._runner.addresses[0][1],
            "broker_port": self.broker.port,
            "ca_file": str(self.files.authority),
            "devices": sorted(self.devices),
        }

    @override
    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.broker is not None:
            await self.broker.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._folder is not None:
            self._folder.cleanup()

    async def _simulate(self) -> None:
        """Step the devices, and stop or start the broker with its fault."""
        before = self.clock.elapsed()
        while True:
            await asyncio.sleep(self.args.tick)
            now = self.clock.elapsed()
            for sn, device in list(self.devices.items()):
                if not self.fault_applies("frozen", sn):
                    device.step(now - before, self.sun(), self.rng.uniform(-1, 1))
            before = now
            await self.update_broker()

    async def update_broker(self) -> None:
        """Stop or start the broker according to its fault."""
        assert self.broker is not None
        if "broker_down" in self.faults and self.broker.up:
            await self.broker.stop()
        elif "broker_down" not in self.faults and not self.broker.up:
            await self.broker.start()

    async def _report_periodically(self) -> None:
        while True:
            await asyncio.sleep(self.period_s)
            for sn in list(self.devices):
                await self.report(sn)

    # MQTT -------------------------------------------------------------------------------------------------------------

    async def report(self, sn: str) -> None:
        """Let a device report its changed values by MQTT."""
        device = self.devices[sn]
        if not device.online or self.fault_applies("offline", sn) or self.fault_applies("silent", sn):
            return
        for message in device.messages(device.changed(), self.time_ms()):
            await self._send_quota(sn, message)
            if "heartbeats" in self.faults:
                await self._send_quota(sn, _heartbeat(message, self._sent))
        if self.broker is not None and self.broker.is_subscribed(f"/open/{self.account}/{sn}/quota"):
            device.reported()

    async def _send_quota(self, sn: str, message: dict[str, Any]) -> None:
        if "nulls" in self.faults:
            message = _with_invalid_values(message)
        text = _with_duplicate_keys(message) if "duplicate_keys" in self.faults else json.dumps(message)
        topic, payload = f"/open/{self.account}/{sn}/quota", text.encode()
        self._sent += 1
        if "out_of_order" in self.faults and self._sent % 2:
            self._late.append((topic, payload))
            return
        await self.publish(topic, payload)
        if "duplicate" in self.faults:
            await self.publish(topic, payload)
        for late_topic, late_payload in self._late:
            await self.publish(late_topic, late_payload)
        self._late.clear()

    async def publish(self, topic: str, payload: bytes) -> None:
        """Send a message to the subscribers."""
        if self.broker is not None:
            with suppress(Exception):
                await self.broker.publish(topic, payload)

    def time_ms(self) -> int:
        """Return the cloud's time in ms."""
        return int(self.api.now() * 1000)

    async def _received(self, topic: str, payload: bytes) -> None:
        """Process a client's message: a command."""
        *_, sn, what = topic.split("/")
        device = self.devices.get(sn)
        if what != "set" or device is None or not device.online or "ignore_mqtt" in self.faults:
            return
        try:
            body = json.loads(payload)
        except ValueError:
            return
        device.commands.append({"by": "mqtt", **body})
        ok = "refuse" not in self.faults and device.apply_command(body)
        if "no_ack" in self.faults:
            return
        reply = {
            "id": body.get("id"),
            "version": "1.0",
            "code": "0",
            "operateType": body.get("operateType"),
            "data": device.ack(body, ok),
        }
        await self.publish(f"/open/{self.account}/{sn}/set_reply", json.dumps(reply).encode())
        if ok:
            await self.report(sn)

    async def set_online(self, sn: str, online: bool) -> None:
        """Set a device online or offline, and publish it."""
        device = self.devices[sn]
        if online and not device.online:
            device.wake(self.args.wake_up)
        device.online = online
        status = {"id": 1, "version": "1.0", "timestamp": self.time_ms(), "params": {"status": int(online)}}
        await self.publish(f"/open/{self.account}/{sn}/status", json.dumps(status).encode())

    # Control ----------------------------------------------------------------------------------------------------------

    @override
    def state(self) -> dict[str, Any]:
        return {
            "devices": {
                sn: {
                    "product": device.PRODUCT,
                    "online": device.online,
                    "waking": device.waking,
                    "values": device.report(),
                    "commands": device.commands[-20:],
                }
                for sn, device in self.devices.items()
            },
            "requests": dict(self.api.requests),
            "broker": {"up": self.broker is not None and self.broker.up, "port": self.broker and self.broker.port},
        }

    @override
    async def do(self, name: str, arguments: dict[str, Any]) -> Any:
        """Run an action of the module's description."""
        match name:
            case "drop_mqtt":
                assert self.broker is not None
                await self.broker.drop()
            case "online":
                await self.set_online(arguments["sn"], bool(arguments["online"]))
            case "grid" | "solar" | "load" | "soc":
                self._plant(name, arguments)
            case "wake" | "values":
                self._change(name, arguments)
            case "report":
                for sn in [arguments["sn"]] if "sn" in arguments else list(self.devices):
                    await self.report(sn)
            case "add":
                return self.add(arguments["model"], arguments.get("sn", "")).sn
            case "remove":
                del self.devices[arguments["sn"]]
            case "new_password":
                assert self.broker is not None
                self.broker.realm.password = arguments["password"]
                await self.broker.drop()
            case _:
                raise KeyError(f"no action {name}")
        return True

    def _change(self, name: str, arguments: dict[str, Any]) -> None:
        """Change what a device reports."""
        device = self.devices[arguments["sn"]]
        if name == "wake":
            device.wake(int(arguments.get("reports", self.args.wake_up or 1)))
        else:
            device.overrides = dict(arguments["values"])

    def _plant(self, name: str, arguments: dict[str, Any]) -> None:
        device = self.devices[arguments["sn"]]
        if not isinstance(device, Station):
            raise KeyError(f"{device.sn} is not a station")
        if name == "grid":
            device.plant.grid_present = bool(arguments["present"])
        elif name == "solar":
            device.plant.solar_peak_w = float(arguments["watts"])
        elif name == "soc":
            device.plant.soc = float(arguments["percent"])
        else:
            device.plant.load_w = float(arguments["watts"])


def _heartbeat(message: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a message like another one with one of its values, or with none."""
    return message | {
        part: dict(list(message[part].items())[: number % 4 < 2]) for part in ("params", "param") if part in message
    }


def _with_duplicate_keys(message: dict[str, Any]) -> str:
    """Return the JSON text of a message in which each value has two entries, of which the second one is right."""
    parts = []
    for name, value in message.items():
        text = json.dumps(value)
        if name in ("params", "param"):
            pairs = [
                f"{json.dumps(key)}: {shown}" for key, right in value.items() for shown in (65535, json.dumps(right))
            ]
            text = "{" + ", ".join(pairs) + "}"
        parts.append(f"{json.dumps(name)}: {text}")
    return "{" + ", ".join(parts) + "}"


def _with_invalid_values(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message with invalid values."""
    invalid: tuple[Any, ...] = (None, [1, 2], "n/a", {"a": None}, True)
    changed = dict(message)
    for part in ("params", "param"):
        if part in changed:
            changed[part] = {name: invalid[index % 5] for index, name in enumerate(changed[part])}
    return changed
