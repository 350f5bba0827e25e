"""Shelly energy meters over RPC: polling by HTTP, decoding of status and notifications.

Facts: three-phase profile `em:0`/`emdata:0`, single-phase profile `em1:0..2`/`em1data:0..2`; meters with one or two
clamps (Pro EM-50, EM Gen3, EM Mini Gen4) have `em1` channels and name no profile. Relays and plugs with a meter have
`switch` or `pm1` components with `apower`, `aenergy.total` (both directions) and `ret_aenergy.total`. Power is signed
W, counters are in Wh, n_current may be null, counters are null after a database error. Authentication: digest
with SHA-256, user admin.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp

from ..errors import AuthError, BadReplyError, DriverError, RefusedError
from ..http import JsonHttp
from ..source_parts import utcnow
from ..values import at, number_at, rows_at, scaled
from .reading import MeterReading
from .shelly_gen1 import MODELS as GEN1_MODELS, decode_gen1_status, is_gen1_status

_PHASES: Final = ("a", "b", "c")
_MODELS: Final = {
    "Pro3EM": "Pro 3EM",
    "Pro3EM400": "Pro 3EM-400",
    "ProEM": "Pro EM-50",
    "ProEM50": "Pro EM-50",
    "EMG3": "EM Gen3",
    "EMG4": "EM Gen4",
    "3EMG3": "3EM Gen3",
    "3EM63G3": "3EM-63 Gen3",
    "MiniEMG4": "EM Mini Gen4",
    "EMMiniG4": "EM Mini Gen4",
    "S1PMG4": "1PM Gen4",
    "Mini1PMG4": "1PM Mini Gen4",
    "MiniPMG3": "PM Mini Gen3",
    "PlugSG4": "Plug S Gen4",
    "PlugSG3": "Plug S Gen3",
}
"""By the `app` of the device info. The same model has another one in some firmware."""
_COUNTERS: Final = ("emdata:", "em1data:")
_COUNTING_STOPPED: Final = "count_disabled"
_FAILURES: Final = ("power_meter_failure", "ct_type_not_set")
_RANGE: Final = "out_of_range:"
_MEASURED: Final = ("act_power", "active_power", "apower", "current")
"""What makes the power wrong where it is out of range, as the components EM, EM1, PM1 and Switch name it."""
_DATABASE_ERROR: Final = "database_error"
_METERED: Final = {"pm1": "PM1", "switch": "Switch"}
"""Components of relays and plugs with a meter: name in a status -> name of its methods."""
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
    """A Shelly energy meter that is polled directly."""

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
        self._basic = f"Basic {base64.b64encode(f'admin:{password}'.encode()).decode()}" if password else None
        self._is_gen1 = False
        self._now = now
        self._channels: tuple[int, ...] | None = None
        """Of single-phase channels; empty: one three-phase meter; None: not known yet."""
        self._component = "em1"
        """The component of the single-phase channels."""
        self.model: str | None = None
        """The name of the model; available after `identify`."""

    async def identify(self) -> dict[str, Any]:
        """Return `Shelly.GetDeviceInfo` and store which channels the device has; raises DriverError.

        A device of the first generation answers with `/shelly`.
        """
        try:
            reply = await self._rpc("Shelly.GetDeviceInfo")
        except (RefusedError, AuthError) as err:
            return await self._identify_gen1(err)
        self._is_gen1 = False
        if at(reply, "app") is None or at(reply, "mac") is None:
            raise BadReplyError("the device is not a Shelly")
        self.model = _MODELS.get(str(reply["app"]), str(reply["app"]))
        profile, self._component = at(reply, "profile"), "em1"
        if profile == "monophase":
            self._channels = (0, 1, 2)
        elif profile == "triphase":
            self._channels = ()
        else:  # most meters have one profile only, and do not name it
            self._component, self._channels = _channels_of(await self._rpc("Shelly.GetStatus"))
        info: dict[str, Any] = reply
        return info

    async def _identify_gen1(self, err: DriverError) -> dict[str, Any]:
        """Identify a device of the first generation, which names its type; raises `err` for any other."""
        try:
            reply: dict[str, Any] = await self._http.request("GET", "/shelly")
        except RefusedError:
            raise err from None
        if at(reply, "type") is None:
            raise err
        model = GEN1_MODELS.get(str(at(reply, "type")))
        if model is None or at(reply, "mac") is None:
            raise BadReplyError("the device is not an energy meter")
        self.model, self._is_gen1, self._channels = model, True, ()
        return reply

    @property
    def can_push(self) -> bool:
        """Whether it sends notifications; known after `identify`."""
        return not self._is_gen1

    async def read(self, *, energy: bool = True) -> MeterReading:
        """Return the power (and, with one more request, the counters); raises DriverError."""
        try:
            return await self._read(energy=energy)
        except RefusedError:  # an unknown method: the profile may have been changed
            self._channels = None
            raise

    async def _read(self, *, energy: bool) -> MeterReading:
        if self._channels is None:
            await self.identify()
        if self._is_gen1:
            headers = {"Authorization": self._basic} if self._basic else None
            return decode_gen1_status(await self._http.request("GET", "/status", headers=headers), self._now())
        if (channels := self._channels) and (methods := _METERED.get(self._component)) is not None:
            status = {f"{self._component}:{i}": await self._rpc(f"{methods}.GetStatus?id={i}") for i in channels}
        elif channels:
            status = {f"em1:{i}": await self._rpc(f"EM1.GetStatus?id={i}") for i in channels}
            if energy:
                status |= {f"em1data:{i}": await self._rpc(f"EM1Data.GetStatus?id={i}") for i in channels}
        else:
            status = {"em:0": await self._rpc("EM.GetStatus?id=0")}
            if energy:
                status["emdata:0"] = await self._rpc("EMData.GetStatus?id=0")
        return decode_status(status, self._now())

    async def _rpc(self, call: str) -> Any:
        return await self._http.request("GET", f"/rpc/{call}", middlewares=self._middlewares)


def decode_status(status: Mapping[str, Any], now: datetime) -> MeterReading:
    """Return the reading for a `Shelly.GetStatus` reply (or parts of it); a missing time is `now`.

    Raises:
        BadReplyError: the status has no power, or a channel does not measure.
    """
    status = _with_metered(status)
    unix = number_at(status, "sys", "unixtime")
    when = datetime.fromtimestamp(unix, UTC) if unix else now
    if (em := status.get("em:0")) is not None:
        total = number_at(em, "total_act_power")
        if total is None:
            raise BadReplyError("the total power is missing")
        if missing_phase := [phase for phase in _PHASES if _is_null(em, f"{phase}_act_power")]:
            raise BadReplyError(f"phase {missing_phase[0]} has no power, so that the total is unknown")
        if (failure := _failure_of(em)) is not None:
            raise BadReplyError(f"the meter reports a failure of its measurement: {failure}")
        data = None if _is_not_counting(em) else status.get("emdata:0")
        return MeterReading(
            at=when,
            power_w=total,
            phases_w=tuple(number_at(em, f"{phase}_act_power") for phase in _PHASES),
            imported_kwh=scaled(_counter(data, "total_act"), _KILO, 5),
            exported_kwh=scaled(_counter(data, "total_act_ret"), _KILO, 5),
            counted_at=None if data is None else when,
        )
    rows = [status.get(f"em1:{i}") for i in range(3)]
    phases = tuple(number_at(row, "act_power") for row in rows)
    known = [phase for phase in phases if phase is not None]
    if not known:
        raise BadReplyError("the status has no energy meter")
    if missing := [index for index, phase in enumerate(phases) if phase is None and f"em1:{index}" in status]:
        raise BadReplyError(f"channel {missing[0]} has no power, so that the total is unknown")
    for index, row in enumerate(rows):
        if (failure := _failure_of(row)) is not None:
            raise BadReplyError(f"channel {index} reports a failure of its measurement: {failure}")
    counters = [None if _is_not_counting(row) else status.get(f"em1data:{i}") for i, row in enumerate(rows)]
    return MeterReading(
        at=when,
        power_w=round(sum(known), 3),
        phases_w=phases,
        imported_kwh=_sum(rows, counters, "total_act_energy"),
        exported_kwh=_sum(rows, counters, "total_act_ret_energy"),
        counted_at=when if any(counter is not None for counter in counters) else None,
    )


def _channels_of(status: object) -> tuple[str, tuple[int, ...]]:
    """Return the component and its channels in a status; no channels for a three-phase meter."""
    found = status if isinstance(status, dict) else {}
    if "em:0" in found:
        return "em", ()
    for component in ("em1", *_METERED):
        rows = {index: found.get(f"{component}:{index}") for index in range(len(_PHASES))}
        channels = tuple(
            index
            for index, row in rows.items()
            if row is not None and (component == "em1" or at(row, "apower") is not None)
        )
        if channels:
            return component, channels
    raise BadReplyError("the device is not an energy meter")


def _with_metered(status: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a status in which relays and plugs with a meter have the form of single-phase channels."""
    if any(name.startswith("em") for name in status):
        return status
    found = dict(status)
    for component in _METERED:
        for index in range(len(_PHASES)):
            row = status.get(f"{component}:{index}")
            if not isinstance(row, Mapping) or "apower" not in row:
                continue
            found[f"em1:{index}"] = {"act_power": row["apower"], "errors": row.get("errors")}
            total, returned = number_at(row, "aenergy", "total"), number_at(row, "ret_aenergy", "total")
            if "ret_aenergy" not in row:
                returned = 0.0  # without a second counter, it does not export
            if total is not None and returned is not None:  # the first one counts both directions
                found[f"em1data:{index}"] = {"total_act_energy": total - returned, "total_act_ret_energy": returned}
    return found


def _is_null(row: object, key: str) -> bool:
    return isinstance(row, dict) and key in row and number_at(row, key) is None


def _failure_of(row: object) -> str | None:
    """Return the error of a channel or phase that makes its power wrong; None if it is right."""
    names = ("errors", *(f"{phase}_errors" for phase in _PHASES))
    errors = (str(error) for name in names for error in rows_at(row, name))
    return next((error for error in errors if error in _FAILURES or _is_out_of_range(error)), None)


def _is_out_of_range(error: str) -> bool:
    return error.startswith(_RANGE) and error.endswith(_MEASURED)


def _is_not_counting(row: object) -> bool:
    """Return whether the counters of a channel stand still, because counting is disabled."""
    return _COUNTING_STOPPED in rows_at(row, "flags")


def _counter(data: object, key: str) -> float | None:
    """Return a counter; None if it is negative, or after an error of the database, which may show an old value."""
    value = None if _DATABASE_ERROR in rows_at(data, "errors") else number_at(data, key)
    return None if value is None or value < 0 else value


def _sum(channels: list[Any], counters: list[Any], key: str) -> float | None:
    """Return the sum of a counter of all channels; None if one of them is missing: the rest is not the total."""
    present = [counter for channel, counter in zip(channels, counters, strict=True) if channel is not None]
    known = [value for counter in present if (value := _counter(counter, key)) is not None]
    return round(sum(known) * _KILO, 5) if known and len(known) == len(present) else None


class NotificationDecoder:
    """Decodes notifications: full statuses, and partial ones that are merged into the last full one."""

    def __init__(self) -> None:
        self._status: dict[str, Any] = {}
        self._counted_at: datetime | None = None

    @property
    def status(self) -> dict[str, Any]:
        """The merged status, in the form of a `Shelly.GetStatus` reply; empty before the first full status."""
        return self._status

    def feed(self, frame: object) -> MeterReading | None:
        """Return the reading after a frame; None for a frame without a meter value."""
        method, params = at(frame, "method"), at(frame, "params")
        if not isinstance(params, dict) or method not in ("NotifyStatus", "NotifyFullStatus"):
            return None
        parts = {key: value for key, value in params.items() if isinstance(value, dict)}
        if method == "NotifyFullStatus":
            self._status = parts
        else:
            for key, value in parts.items():
                self._status[key] = {**self._status.get(key, {}), **value}
        if not any(key.startswith("em") for key in _with_metered(self._status)):
            return None
        stamp = number_at(params, "ts")
        when = datetime.fromtimestamp(stamp, UTC) if stamp else utcnow()
        if any(key.startswith(_COUNTERS) or "aenergy" in value for key, value in parts.items()):
            self._counted_at = when
        return replace(decode_status({**self._status, "sys": {}}, when), counted_at=self._counted_at)


def _status_of(capture: object) -> object:
    frames = at(capture, "frames") or (capture if isinstance(capture, list) else [capture])
    pushed = NotificationDecoder()
    for frame in frames if isinstance(frames, list) else []:
        pushed.feed(frame)
    return pushed.status or at(capture, "status") or at(capture, "result") or capture


def lines(capture: object) -> list[tuple[str, float | str | bool, str | None]]:
    """Return (entity key, value, unit) rows for `scripts/decode shelly`.

    `capture` is a `Shelly.GetStatus` reply, a capture that contains one, or notifications in order.

    Raises:
        BadReplyError: the capture is an error, or has no status.
    """
    status = _status_of(capture)
    if (code := at(capture, "error", "code")) is not None:
        raise BadReplyError(f"the meter requires a password ({code})" if code == _UNAUTHORIZED else f"error {code}")
    if not isinstance(status, dict):
        raise BadReplyError("the capture is not a status")
    reading = decode_gen1_status(status, utcnow()) if is_gen1_status(status) else decode_status(status, utcnow())
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
