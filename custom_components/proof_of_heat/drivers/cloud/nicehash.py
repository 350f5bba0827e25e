"""NiceHash: rigs that NiceHash manages, over its signed API v2.

Facts: nicehash/rest-clients-demo. HMAC-SHA256 over NUL-separated key, time (ms), nonce, empty, organisation,
empty, method, path, query and, where there is one, the body; header `X-Auth: key:digest`.
"""

from collections.abc import Callable
import hashlib
import hmac
import time
from typing import Any, Final, override
from urllib.parse import urlencode
import uuid

import aiohttp

from ..errors import BadReplyError, RefusedError
from ..http import JsonHttp, dumps
from ..values import at, highest, number, number_at, rows_at
from .account import CloudAccount, Rig

BASE_URL: Final = "https://api2.nicehash.com"
MODES: Final = ("LOW", "MEDIUM", "HIGH")
_RIGS: Final = "/main/api/v2/mining/rigs2"
_STATUS: Final = "/main/api/v2/mining/rigs/status2"
_PAGE: Final = 100
_MAX_PAGES: Final = 20
_ON: Final = frozenset({"MINING", "BENCHMARKING", "PENDING", "STARTING"})
_OFF: Final = frozenset({"STOPPED", "STOPPING", "DISABLED", "INACTIVE"})
_SI: Final = {"H": 1e-12, "KH": 1e-9, "MH": 1e-6, "GH": 1e-3, "TH": 1.0, "PH": 1e3, "EH": 1e6}


def signature(
    secret: str,
    key: str,
    *,
    when_ms: str,
    nonce: str,
    organisation: str,
    method: str,
    path: str,
    query: str,
    body: bytes,
) -> str:
    """Return the digest of a request, in hexadecimal."""
    parts = [key, when_ms, nonce, "", organisation, "", method, path, query]
    message = "\0".join(parts).encode()
    if body:
        message += b"\0" + body
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


class NiceHashAccount(CloudAccount):
    """The rigs of an organization."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        key: str,
        secret: str,
        organisation: str,
        *,
        base_url: str = BASE_URL,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self._http = JsonHttp(session, base_url, 15.0)
        self._key = key
        self._secret = secret
        self._organisation = organisation
        self._wall_clock = wall_clock

    async def _call(self, method: str, path: str, query: dict[str, int] | None = None, body: bytes = b"") -> Any:
        text = urlencode(query or {})
        when, nonce = str(int(self._wall_clock() * 1000)), str(uuid.uuid4())
        digest = signature(
            self._secret,
            self._key,
            when_ms=when,
            nonce=nonce,
            organisation=self._organisation,
            method=method,
            path=path,
            query=text,
            body=body,
        )
        headers = {
            "X-Time": when,
            "X-Nonce": nonce,
            "X-Auth": f"{self._key}:{digest}",
            "X-Organization-Id": self._organisation,
            "X-Request-Id": str(uuid.uuid4()),
        }
        return await self._http.request(method, f"{path}?{text}" if text else path, body=body or None, headers=headers)

    @override
    async def _fetch(self) -> dict[str, Rig]:
        rigs: dict[str, Rig] = {}
        for page in range(_MAX_PAGES):
            reply = await self._call("GET", _RIGS, {"page": page, "size": _PAGE})
            rows = at(reply, "miningRigs")
            if not isinstance(rows, list):
                raise BadReplyError("the reply has no list of rigs")
            rigs.update((rig.id, rig) for row in rows if (rig := decode_rig(row)) is not None)
            if page + 1 >= (number_at(reply, "pagination", "totalPageCount") or 1):
                break
        return rigs

    @override
    async def set_running(self, rig_id: str, running: bool) -> None:
        await self._act({"rigId": rig_id, "action": "START" if running else "STOP"})

    @override
    async def set_mode(self, rig_id: str, mode: str) -> None:
        await self._act({"rigId": rig_id, "action": "POWER_MODE", "options": [mode]})

    async def _act(self, action: dict[str, object]) -> None:
        reply = await self._call("POST", _STATUS, body=dumps(action))
        if at(reply, "success") is not True:
            raise RefusedError(str(at(reply, "message") or "declined"))


def decode_rig(row: object) -> Rig | None:
    """Return the rig of an entry of `miningRigs`. Unmanaged rigs (an ASIC that only uses the pool) are read-only."""
    rig_id = at(row, "rigId")
    if not isinstance(rig_id, str) or not rig_id:
        return None
    status = str(at(row, "minerStatus") or "UNKNOWN")
    devices = rows_at(row, "devices")
    watts = [w for device in devices if (w := number_at(device, "powerUsage")) is not None and w >= 0]
    mode = at(row, "rigPowerMode")
    managed = at(row, "type") == "MANAGED"
    return Rig(
        id=rig_id,
        name=str(at(row, "name") or rig_id),
        mining=True if status in _ON else False if status in _OFF else None,
        online=status not in ("OFFLINE", "UNKNOWN", "ERROR"),
        power_w=sum(watts) if watts else None,
        hashrate_ths=_hashrate(devices),
        mode=str(mode) if mode in MODES else None,
        controllable=managed,
        modes=MODES if managed else (),
        chip_c=highest([_warm(device) for device in devices]),
        profitability_btc_day=number_at(row, "profitability"),
        detail="" if status in _ON | _OFF else status.lower(),
    )


def _warm(device: object) -> float | None:
    """Return the temperature of a device; large values have the hot spot in their upper bits (x % 65536)."""
    value = number_at(device, "temperature")
    if value is None or value < 0:
        return None
    return value % 65536 if value >= 65536 else value


def _hashrate(devices: list[object]) -> float | None:
    rates = []
    for device in devices:
        for speed in rows_at(device, "speeds"):
            value = number(at(speed, "speed"))
            factor = _SI.get(str(at(speed, "displaySuffix") or "").upper())
            if value is not None and factor is not None:
                rates.append(value * factor)
    return round(sum(rates), 9) if rates else None
