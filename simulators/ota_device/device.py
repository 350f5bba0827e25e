"""A device that checks for updates and installs them, with the faults of real devices.

It only makes outgoing connections. Its board holds the true state: version, boot count, hash of the installed image.
"""

import argparse
import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Any, ClassVar, override

import aiohttp

from simulators.framework import Simulator, end_task

from .board import BadImageError, Board
from .clients import CLIENTS, Client, Download, RefusedError

_LOGGER = logging.getLogger(__name__)
_TIMEOUT = aiohttp.ClientTimeout(total=300, sock_read=30)


class OtaDevice(Simulator):
    """One device."""

    NAME = "ota_device"
    FAULTS: ClassVar[dict[str, str]] = {
        "silent": "stops checking for updates",
        "wrong_key": "sends a wrong secret",
        "bricks": "does not restart after an installation",
        "rolls_back": "the new image does not start; the bootloader rolls back to the old one",
        "fails": "the installation fails and is reported",
        "breaks_off": "the download is aborted after this many bytes (default 1000)",
        "slow": "reads 16 KiB, then waits this many seconds (default 0.1)",
        "boot_loop": "restarts at every check",
        "busy": "reports that it must not restart now (reason; default heat_demand)",
        "no_space": "has no room for an image (arduino)",
        "floods": "posts its status this many times (default 100, native)",
    }

    def __init__(self, args: argparse.Namespace) -> None:
        super().__init__(args)
        self.board = Board(args.chip, args.product, args.version)
        if args.flash is not None:
            self.board = Board.load(args.flash, self.board)
        self.polls = 0
        self.errors: list[str] = []
        self._session: aiohttp.ClientSession | None = None
        self._client: Client | None = None
        self._task: asyncio.Task[None] | None = None

    @classmethod
    @override
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--url", required=True, help="Home Assistant, e.g. http://127.0.0.1:8123")
        parser.add_argument("--mode", choices=sorted(CLIENTS), default="native", help="protocol (native)")
        parser.add_argument("--device-id", default="dev-1")
        parser.add_argument("--key", default="", help="device key (native, ddi)")
        parser.add_argument("--token", default="", help="secret of the URL (esphome, arduino, tasmota)")
        parser.add_argument("--product", default="thermostat")
        parser.add_argument("--chip", default="esp32c3")
        parser.add_argument("--version", default="1.0.0", help="initial firmware version (1.0.0)")
        parser.add_argument(
            "--flash", type=Path, help="file of the flash memory, which survives a restart of the simulator"
        )
        parser.add_argument("--period", type=float, default=60.0, help="seconds between two checks (60)")
        parser.add_argument("--reboot", type=float, default=5.0, help="duration of a restart in seconds (5)")

    @override
    async def start(self) -> dict[str, Any]:
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT)
        args = self.args
        secret = args.token if args.mode in ("esphome", "arduino", "tasmota") else args.key
        self._client = CLIENTS[args.mode](self._session, args.url, args.device_id, secret)
        self._task = asyncio.create_task(self._live())
        return {"device_id": args.device_id, "mode": args.mode}

    @override
    async def stop(self) -> None:
        await end_task(self._task)
        if self._session is not None:
            await self._session.close()

    @override
    def state(self) -> dict[str, Any]:
        board = self.board
        return {
            "version": board.version,
            "boots": board.boots,
            "alive": board.alive,
            "image_sha256": board.image_sha256,
            "polls": self.polls,
            "statuses": {str(k): v for k, v in (self._client.statuses if self._client else {}).items()},
            "errors": self.errors[-10:],
            "log": board.log[-20:],
        }

    @override
    async def do(self, name: str, arguments: dict[str, Any]) -> Any:
        match name:
            case "poll":
                return await self.poll()
            case "restart":
                self.board.restart()
                self._save()
                return self.board.boots
            case _:
                return await super().do(name, arguments)

    async def _live(self) -> None:
        while True:
            if "silent" not in self.faults and self.board.alive:
                await self.poll()
            await self.clock.sleep(self.args.period * self.rng.uniform(0.9, 1.1))

    async def poll(self) -> bool:
        """Check for an update once and install it; return whether a new image runs."""
        assert self._client is not None
        self.polls += 1
        if "boot_loop" in self.faults:
            self.board.restart()
        try:
            if self.board.pending is not None:
                # DDI: the new image reports the success after its start.
                job, self.board.pending = self.board.pending, None
                await self._client.report(job, "running")
                self._save()
            with self._secret():
                download = await self._client.check_for_update(self.board, self._status_fields())
            return download is not None and await self._update(self._client, download)
        except (aiohttp.ClientError, TimeoutError, RefusedError, KeyError, ValueError) as err:
            # A real device keeps its firmware and checks again later.
            self.errors.append(repr(err))
            _LOGGER.warning("poll failed: %r", err)
            return False

    @contextlib.contextmanager
    def _secret(self) -> Any:
        assert self._client is not None
        own = self._client.secret
        if "wrong_key" in self.faults:
            self._client.secret = "not-" + own
        try:
            yield
        finally:
            self._client.secret = own

    def _status_fields(self) -> dict[str, Any]:
        if self.args.mode == "arduino":
            return {"free_space": 100} if "no_space" in self.faults else {}
        if self.args.mode != "native":
            return {}
        fields: dict[str, Any] = {"metrics": {"free_heap": 180_000 + self.rng.randrange(2000)}}
        if "busy" in self.faults:
            value = self.faults.active["busy"]
            fields["busy"] = value if isinstance(value, str) else "heat_demand"
        return fields

    async def _update(self, client: Client, download: Download) -> bool:
        if "floods" in self.faults:
            for _ in range(int(self.faults.number("floods", 100) or 100)):
                await client.report(download.job, "downloading", progress=1)
        cut = int(self.faults.number("breaks_off") or 1000) if "breaks_off" in self.faults else None
        pause = (self.faults.number("slow") or 0.1) if "slow" in self.faults else 0.0
        try:
            image = await client.fetch(download, cut_at=cut, pause_s=pause)
            version = self.board.check(image) or download.version
        except BadImageError as err:
            self.errors.append(str(err))
            if cut is None:
                await client.report(download.job, "failed", reason=str(err))
            return False
        await client.report(download.job, "installing")
        if "fails" in self.faults:
            await client.report(download.job, "failed", reason="flash write failed")
            return False
        await client.report(download.job, "rebooting")
        await self.clock.sleep(self.args.reboot)
        return self._boot(download, image, version)

    def _boot(self, download: Download, image: bytes, version: str) -> bool:
        board = self.board
        if "bricks" in self.faults:
            board.alive = False
            board.log.append("dead")
            self._save()
            return False
        if "rolls_back" in self.faults:
            board.restart()
            board.restart()
            self._save()
            return False
        board.install(image, version)
        board.pending = download.job if self.args.mode == "ddi" else None
        self._save()
        return True

    def _save(self) -> None:
        if self.args.flash is not None:
            self.board.save(self.args.flash)
