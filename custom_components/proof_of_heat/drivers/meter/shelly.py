"""Shelly Pro 3EM over its own RPC: polling by HTTP, decoding of status and of notifications.

Facts: three-phase profile `em:0`/`emdata:0`, single-phase profile `em1:0..2`/`em1data:0..2`; act_power is signed W,
counters are Wh, n_current may be null. Authentication: digest with SHA-256, user admin.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp

from ..base import utcnow
from ..errors import BadReplyError, RefusedError
from ..http import JsonHttp
from ..values import at, number_at, scaled
from .reading import MeterReading

_PHASES: Final = ("a", "b", "c")
_UNAUTHORIZED: Final = 401
_KILO: Final = 1e-3
_VALUES: Final = (
    ("voltage", "V"),
    ("current", "A"),
    ("act_power", "W"),
    ("aprt_power", "VA"),
    ("pf", None),
    ("freq", "Hz"),
)


class ShellyMeter:
    """One Shelly Pro 3EM, asked directly."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        host: str,
        *,
        port: int = 80,
        password: str | None = None,
        timeout_s: float = 3.0,
        now: Callable[[], datetime] = utcnow,
    ) -> None:
        self._http = JsonHttp(session, f"http://{host}:{port}", timeout_s)
        self._middlewares = (aiohttp.DigestAuthMiddleware("admin", password),) if password else None
        self._now = now
        self._profile: str | None = None

    async def identify(self) -> dict[str, Any]:
        """`Shelly.GetDeviceInfo`; remembers the profile. Raises DriverError."""
        reply = await self._rpc("Shelly.GetDeviceInfo")
        if at(reply, "app") is None or at(reply, "mac") is None:
            raise BadReplyError("not a Shelly")
        self._profile = str(at(reply, "profile") or "triphase")
        info: dict[str, Any] = reply
        return info

    async def read(self, *, energy: bool = True) -> MeterReading:
        """Power (and counters, one request more)."""
        try:
            return await self._read(energy=energy)
        except RefusedError:  # it does not know the question: set to the other profile meanwhile?
            self._profile = None
            raise

    async def _read(self, *, energy: bool) -> MeterReading:
        if self._profile is None:
            await self.identify()
        if self._profile == "monophase":
            status = {f"em1:{i}": await self._rpc(f"EM1.GetStatus?id={i}") for i in range(3)}
            if energy:
                status |= {f"em1data:{i}": await self._rpc(f"EM1Data.GetStatus?id={i}") for i in range(3)}
        else:
            status = {"em:0": await self._rpc("EM.GetStatus?id=0")}
            if energy:
                status["emdata:0"] = await self._rpc("EMData.GetStatus?id=0")
        return decode_status(status, self._now())

    async def _rpc(self, call: str) -> Any:
        return await self._http.request("GET", f"/rpc/{call}", middlewares=self._middlewares)


def decode_status(status: Mapping[str, Any], now: datetime) -> MeterReading:
    """`Shelly.GetStatus` (or its parts) -> reading. A missing time counts as now."""
    unix = number_at(status, "sys", "unixtime")
    when = datetime.fromtimestamp(unix, UTC) if unix else now
    if (em := status.get("em:0")) is not None:
        total = number_at(em, "total_act_power")
        if total is None:
            raise BadReplyError("no total power")
        data = status.get("emdata:0")
        return MeterReading(
            at=when,
            power_w=total,
            phases_w=tuple(number_at(em, f"{phase}_act_power") for phase in _PHASES),
            imported_kwh=scaled(number_at(data, "total_act"), _KILO, 5),
            exported_kwh=scaled(number_at(data, "total_act_ret"), _KILO, 5),
        )
    rows = [status.get(f"em1:{i}") for i in range(3)]
    phases = tuple(number_at(row, "act_power") for row in rows)
    known = [phase for phase in phases if phase is not None]
    if not known:
        raise BadReplyError("no energy meter in the status")
    if mute := [index for index, row in enumerate(rows) if row is not None and phases[index] is None]:
        raise BadReplyError(f"channel {mute[0]} does not measure: the sum of the others is not the power")
    counters = [status.get(f"em1data:{i}") for i in range(3)]
    return MeterReading(
        at=when,
        power_w=round(sum(known), 3),
        phases_w=phases,
        imported_kwh=_sum(counters, "total_act_energy"),
        exported_kwh=_sum(counters, "total_act_ret_energy"),
    )


def _sum(rows: list[Any], key: str) -> float | None:
    known = [value for row in rows if (value := number_at(row, key)) is not None]
    return round(sum(known) * _KILO, 5) if known else None


class NotificationDecoder:
    """What a Shelly pushes: full statuses, and partial ones to be merged over the last full one."""

    def __init__(self) -> None:
        self._status: dict[str, Any] = {}

    @property
    def status(self) -> dict[str, Any]:
        """All that was told so far, as a `Shelly.GetStatus` reply would say it; empty before the first full status."""
        return self._status

    def feed(self, frame: object) -> MeterReading | None:
        """One frame -> the reading after it; None for frames that change no meter value."""
        method, params = at(frame, "method"), at(frame, "params")
        if not isinstance(params, dict) or method not in ("NotifyStatus", "NotifyFullStatus"):
            return None
        parts = {key: value for key, value in params.items() if isinstance(value, dict)}
        if method == "NotifyFullStatus":
            self._status = parts
        else:
            for key, value in parts.items():
                self._status[key] = {**self._status.get(key, {}), **value}
        if not any(key.startswith("em") for key in self._status):
            return None
        stamp = number_at(params, "ts")
        when = datetime.fromtimestamp(stamp, UTC) if stamp else utcnow()
        return decode_status({**self._status, "sys": {}}, when)


def _status_of(capture: object) -> object:
    frames = at(capture, "frames") or (capture if isinstance(capture, list) else [capture])
    pushed = NotificationDecoder()
    for frame in frames if isinstance(frames, list) else []:
        pushed.feed(frame)
    return pushed.status or at(capture, "status") or at(capture, "result") or capture


def lines(capture: object) -> list[tuple[str, float | str | bool, str | None]]:
    """For `scripts/decode shelly`: a `Shelly.GetStatus` reply, a capture that holds one, or pushed frames in order."""
    status = _status_of(capture)
    if (code := at(capture, "error", "code")) is not None:
        raise BadReplyError(f"the meter asks for a password ({code})" if code == _UNAUTHORIZED else f"error {code}")
    if not isinstance(status, dict):
        raise BadReplyError("not a status")
    reading = decode_status(status, utcnow())
    found: list[tuple[str, float | str | bool, str | None]] = []
    for key, value, unit in (
        ("power", reading.power_w, "W"),
        ("imported_energy", reading.imported_kwh, "kWh"),
        ("exported_energy", reading.exported_kwh, "kWh"),
        *((f"power_{phase}", value, "W") for phase, value in zip(_PHASES, reading.phases_w, strict=False)),
        *(
            (f"{name}_{phase}", number_at(status, "em:0", f"{phase}_{name}"), unit)
            for name, unit in _VALUES
            for phase in _PHASES
            if name != "act_power"
        ),
        ("neutral_current", number_at(status, "em:0", "n_current"), "A"),
    ):
        if value is not None:
            found.append((key, value, unit))
    return found
