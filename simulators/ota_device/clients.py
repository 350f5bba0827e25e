"""The update protocols, written from their specifications. Each check returns a download, or None."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
import hashlib
from typing import Any, override
from urllib.parse import urljoin

import aiohttp

from .board import BadImageError, Board


@dataclass(frozen=True, slots=True)
class Download:
    """An offered image: its URL, hashes and job ID."""

    url: str
    headers: dict[str, str]
    version: str
    job: str | None = None
    sha256: str | None = None
    md5: str | None = None
    size: int | None = None


class RefusedError(Exception):
    """The response does not follow the protocol."""


class Client(ABC):
    """One protocol."""

    def __init__(self, session: aiohttp.ClientSession, base: str, device_id: str, secret: str) -> None:
        self.session = session
        self.base = base.rstrip("/")
        self.device_id = device_id
        self.secret = secret
        self.statuses: dict[int, int] = {}

    def count(self, status: int) -> None:
        """Count the status of a response."""
        self.statuses[status] = self.statuses.get(status, 0) + 1

    @abstractmethod
    async def check_for_update(self, board: Board, extra: dict[str, Any]) -> Download | None:
        """Check for an update once; return None if there is none."""

    async def report(self, job: str | None, state: str, **more: Any) -> None:
        """Report the progress; most protocols do not support this."""
        return

    async def fetch(self, download: Download, *, cut_at: int | None = None, pause_s: float = 0.0) -> bytes:
        """Download the image and verify the hashes of the protocol.

        Raises:
            BadImageError: A hash does not match.
            RefusedError: The status is not 200.
        """
        data = bytearray()
        async with self.session.get(download.url, headers=download.headers) as reply:
            self.count(reply.status)
            if reply.status != 200:
                raise RefusedError(f"{reply.status} for the image")
            async for chunk in reply.content.iter_chunked(16 * 1024):
                data += chunk
                if cut_at is not None and len(data) >= cut_at:
                    raise BadImageError("the download broke off")
                if pause_s:
                    import asyncio

                    await asyncio.sleep(pause_s)
                if download.size:
                    await self.report(download.job, "downloading", progress=len(data) * 100 // download.size)
        if download.sha256 and hashlib.sha256(data).hexdigest() != download.sha256:
            raise BadImageError("SHA-256 mismatch")
        if download.md5 and hashlib.md5(data, usedforsecurity=False).hexdigest() != download.md5:
            raise BadImageError("MD5 mismatch")
        return bytes(data)


class NativeClient(Client):
    """JSON with a device key."""

    @property
    def _headers(self) -> dict[str, str]:
        return {"X-Device-Key": self.secret}

    @override
    async def check_for_update(self, board: Board, extra: dict[str, Any]) -> Download | None:
        body = {"version": board.version, "boot_count": board.boots, **extra}
        url = f"{self.base}/api/ota/v1/devices/{self.device_id}/check/"
        async with self.session.post(url, json=body, headers=self._headers) as reply:
            self.count(reply.status)
            if reply.status != 200:
                raise RefusedError(f"{reply.status} for the check-in")
            update = (await reply.json())["update"]
        if update is None:
            return None
        return Download(
            urljoin(self.base, update["url"]),
            self._headers,
            update["version"],
            update["job"],
            update["sha256"],
            update["md5"],
            update["size"],
        )

    @override
    async def report(self, job: str | None, state: str, **more: Any) -> None:
        url = f"{self.base}/api/ota/v1/devices/{self.device_id}/status/"
        async with self.session.post(url, json={"job": job, "state": state, **more}, headers=self._headers) as reply:
            self.count(reply.status)


class EsphomeClient(Client):
    """ESPHome's `update: http_request`: a manifest at a secret URL, an update if the versions differ."""

    @override
    async def check_for_update(self, board: Board, extra: dict[str, Any]) -> Download | None:
        manifest_url = f"{self.base}/api/ota/d/{self.secret}/manifest.json?version={board.version}"
        async with self.session.get(manifest_url) as reply:
            self.count(reply.status)
            if reply.status != 200 or reply.content_length is None:
                raise RefusedError(f"{reply.status} for the manifest")
            manifest = await reply.json()
        if manifest["version"] == board.version:
            return None
        family = "ESP32" if board.chip == "esp32" else f"ESP32-{board.chip[5:].upper()}"
        for build in manifest["builds"]:
            if build["chipFamily"] == family:
                ota = build["ota"]
                return Download(urljoin(manifest_url, ota["path"]), {}, manifest["version"], md5=ota["md5"])
        return None


class ArduinoClient(Client):
    """HTTPUpdate: one GET; 200 with an image, or 304."""

    @override
    async def check_for_update(self, board: Board, extra: dict[str, Any]) -> Download | None:
        headers = {
            "User-Agent": "ESP32-http-Update",
            "x-ESP32-STA-MAC": "24:0A:C4:00:00:01",
            "x-ESP32-free-space": str(extra.get("free_space", 1_900_000)),
            "x-ESP32-mode": "sketch",
            "x-ESP32-version": board.version,
        }
        url = f"{self.base}/api/ota/d/{self.secret}/update.bin"
        # The real client reads the image from this response; here the shared code fetches it.
        async with self.session.get(url, headers=headers | {"Range": "bytes=0-0"}) as reply:
            self.count(reply.status)
            if reply.status == 304:
                return None
            if reply.status != 206:
                raise RefusedError(f"{reply.status} for the update")
            return Download(url, headers, "", md5=reply.headers.get("x-MD5"))


class TasmotaClient(Client):
    """Tasmota: a rule reports the version with `WebQuery`; `Upgrade 1` fetches `OtaUrl`.

    A standard ESP32 has room for one image only: its `safeboot` image fetches the full one and
    identifies itself as safeboot.
    """

    @override
    async def check_for_update(self, board: Board, extra: dict[str, Any]) -> Download | None:
        query = f"{self.base}/api/ota/d/{self.secret}/manifest.json?version={board.version}(tasmota32)"
        async with self.session.get(query) as reply:
            self.count(reply.status)
            if reply.status != 200:
                raise RefusedError(f"{reply.status} for the query")
            offered = str((await reply.json())["version"])
        if offered == board.version:
            return None
        headers = {
            "User-Agent": "ESP32-http-Update",
            "x-ESP32-STA-MAC": "24:0A:C4:00:00:01",
            "x-ESP32-free-space": "2883584",
            "x-ESP32-mode": "sketch",
            "x-ESP32-version": f"{board.version}(safeboot)",
        }
        return Download(f"{self.base}/api/ota/d/{self.secret}/update.bin", headers, offered)


class DdiClient(Client):
    """hawkBit's Direct Device Integration."""

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"TargetToken {self.secret}"}

    async def _get(self, url: str) -> Any:
        async with self.session.get(url, headers=self._headers) as reply:
            self.count(reply.status)
            if reply.status != 200:
                raise RefusedError(f"{reply.status} for {url.rpartition('/')[2]}")
            return await reply.json()

    @property
    def _root(self) -> str:
        return f"{self.base}/api/ota/ddi/DEFAULT/controller/v1/{self.device_id}"

    @override
    async def check_for_update(self, board: Board, extra: dict[str, Any]) -> Download | None:
        links = (await self._get(self._root))["_links"]
        if "configData" in links:
            body = {"mode": "merge", "data": {"product": board.product, "version": board.version}}
            async with self.session.put(links["configData"]["href"], json=body, headers=self._headers) as reply:
                self.count(reply.status)
        if "cancelAction" in links:
            await self._feedback(links["cancelAction"]["href"], "canceled", "success")
            return None
        if "deploymentBase" not in links:
            return None
        href = links["deploymentBase"]["href"]
        deployment = await self._get(href)
        chunk = deployment["deployment"]["chunks"][0]
        artifact = chunk["artifacts"][0]
        return Download(
            artifact["_links"]["download-http"]["href"],
            self._headers,
            chunk["version"],
            href,
            artifact["hashes"]["sha256"],
            artifact["hashes"]["md5"],
        )

    async def _feedback(self, href: str, execution: str, finished: str, *details: str) -> None:
        status = {"execution": execution, "result": {"finished": finished}, "details": list(details)}
        body = {"id": href.rpartition("/")[2], "status": status}
        async with self.session.post(f"{href}/feedback", json=body, headers=self._headers) as reply:
            self.count(reply.status)

    @override
    async def report(self, job: str | None, state: str, **more: Any) -> None:
        if job is None:
            return
        match state:
            case "failed":
                await self._feedback(job, "closed", "failure", str(more.get("reason", "")))
            case "running":
                await self._feedback(job, "closed", "success")
            case "installing":
                await self._feedback(job, "downloaded", "none")
            case _:
                await self._feedback(job, "proceeding", "none")


CLIENTS: dict[str, type[Client]] = {
    "native": NativeClient,
    "esphome": EsphomeClient,
    "arduino": ArduinoClient,
    "ddi": DdiClient,
    "tasmota": TasmotaClient,
}
