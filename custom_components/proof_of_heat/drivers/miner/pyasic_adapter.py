"""Adapter for pyasic: transport and decoding. pyasic is not used outside this package.

Facts: importing it takes seconds and builds a TLS context, so that it is imported once, in an executor. One invalid
field makes `get_data` fail as a whole, so that fields are read in small groups. A miner that does not answer results in
empty replies and default values instead of an error, so that every client first sends a request whose reply shows that
the miner is available. The return value of a write does not show whether it succeeded, so that `SourceBase` reads back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
import json
import logging
import sys
from typing import Any, Final

from ..._lib.last_messages import record
from ..errors import BadReplyError, UnreachableError
from ..values import highest, number
from .models import MinerReading
from .readings import BoardReading, PoolReading, pool_in_use

_GROUPS: Final = (
    ("hashrate", "wattage", "wattage_limit"),
    ("expected_hashrate", "uptime", "env_temp"),
    ("hashboards", "fans"),
    ("errors",),
)
_WRITE_TIMEOUT_S: Final = 30
_SEND: Final = "_send_bytes"
"""The method of pyasic through which all requests over a socket go."""


@dataclass(frozen=True, slots=True)
class PyasicModules:
    """The imported modules of pyasic."""

    factory: Any
    classes: Any
    types: Any
    modern_antminer: Any
    errors: tuple[type[Exception], ...]


@contextmanager
def own_logger() -> Iterator[None]:
    """Keep the level of the root logger, which pyasic sets to WARNING, and let pyasic log under its own name.

    Home Assistant would log nothing below WARNING any more. What pyasic warns of, a miner without an answer, is logged
    by the source, once per outage.
    """
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    try:
        yield
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers
        for name, module in tuple(sys.modules.items()):
            if not name.startswith("pyasic."):
                continue
            for attribute, used in (("logging", logging), ("logger", root)):
                if getattr(module, attribute, None) is used:
                    setattr(module, attribute, logging.getLogger(name))
        if (pyasic := logging.getLogger("pyasic")).level == logging.NOTSET:
            pyasic.setLevel(logging.CRITICAL)


@cache
def _import() -> PyasicModules:
    import httpx

    with own_logger():
        from pyasic import settings
        from pyasic.errors import APIError
        from pyasic.miners.backends.antminer import AntminerModern
        from pyasic.miners.factory import MINER_CLASSES, MinerFactory, MinerTypes

    settings.update("api_function_timeout", _WRITE_TIMEOUT_S)
    errors = (
        APIError,
        httpx.HTTPError,
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        EOFError,
        ArithmeticError,
    )
    return PyasicModules(MinerFactory(), MINER_CLASSES, MinerTypes, AntminerModern, errors)


async def library() -> PyasicModules:
    """Return pyasic's modules; they are imported in an executor at the first call."""
    return await asyncio.get_running_loop().run_in_executor(None, _import)


def prepared(miner: Any) -> Any:
    """Return a miner whose socket does not look for its commands again at each request, and whose replies are kept."""
    if miner.rpc is not None:
        miner.rpc.get_commands = cache(miner.rpc.get_commands)
        miner.rpc.send_command = _recorded(miner.rpc.send_command)
    return miner


def _recorded(send: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def send_command(command: str, *args: Any, **options: Any) -> Any:
        reply = await send(command, *args, **options)
        record(command, json.dumps(reply, default=str).encode())
        return reply

    return send_command


def model_class(lib: PyasicModules, family: Any, model: str, fallback: Any) -> Any:
    """Return the class for a model, ignoring its spelling; `fallback` for a model that pyasic does not list."""
    return lib.classes[family].get(model.upper(), fallback)


@contextmanager
def one_read(miner: Any) -> Iterator[None]:
    """Send each request over a miner's socket once while the context is open, and use its reply again.

    pyasic sends the same request up to eleven times for one reading, each over a connection of its own; the controller
    of a miner serves few of them. Nothing may be written in the context.
    """
    if (rpc := miner.rpc) is None:
        yield
        return
    outer, send = vars(rpc).get(_SEND), getattr(rpc, _SEND)
    replies: dict[tuple[bytes, int | None], bytes] = {}
    locks: dict[tuple[bytes, int | None], asyncio.Lock] = {}

    async def once(data: bytes, *, port: int | None = None, timeout: int = 100) -> bytes:  # noqa: ASYNC109  pyasic's
        key = (data, port)
        async with locks.setdefault(key, asyncio.Lock()):
            if key not in replies:
                replies[key] = await send(data, port=port, timeout=timeout)
            return replies[key]

    setattr(rpc, _SEND, once)
    try:
        yield
    finally:
        if outer is None:
            delattr(rpc, _SEND)
        else:
            setattr(rpc, _SEND, outer)


async def cancellable[T](call: Awaitable[T]) -> T:
    """Await a call of pyasic, and end with it when the task is cancelled.

    pyasic takes a cancellation for a miner that does not answer, and continues.
    """
    task = asyncio.current_task()
    before = 0 if task is None else task.cancelling()
    try:
        return await call
    finally:
        if task is not None and task.cancelling() > before:
            raise asyncio.CancelledError


async def gather_data(lib: PyasicModules, miner: Any, *further: tuple[str, ...]) -> dict[str, Any]:
    """Return all groups of fields, and further ones, that can be read; a group that fails is omitted."""
    found: dict[str, Any] = {}
    failures: list[str] = []
    with one_read(miner):
        for group in (*_GROUPS, *further):
            try:
                data = await cancellable(miner.get_data(include=list(group)))
            except lib.errors as err:
                failures.append(f"{group[0]}: {err}")
                continue
            found.update({name: getattr(data, name, None) for name in group})
    if not found:
        raise BadReplyError("; ".join(failures) or "no data can be read")
    return found


async def ask(lib: PyasicModules, call: Any, what: str) -> dict[str, Any]:
    """Return a reply that is required; raises DriverError."""
    try:
        reply = await cancellable(call)
    except lib.errors as err:
        raise UnreachableError(f"{what}: {err}") from err
    if not isinstance(reply, dict) or not reply:
        raise UnreachableError(f"{what}: no answer")
    if reply.get("success") is False:
        raise UnreachableError(f"{what}: {reply.get('message', 'no answer')}")
    return reply


def reading_of(data: dict[str, Any], *, mining: bool | None, mode: str | None = None) -> MinerReading:
    """Return the reading of pyasic's fields."""
    boards = [board for board in data.get("hashboards") or [] if board is not None]
    up = [board for board in boards if not getattr(board, "missing", True)]
    rate = _ths(data.get("hashrate"))
    if rate is None and up:
        rates = [_ths(board.hashrate) for board in up]
        rate = sum(value for value in rates if value is not None) if any(v is not None for v in rates) else None
    return MinerReading(
        mining=mining,
        power_w=number(data.get("wattage")),
        power_limit_w=number(data.get("wattage_limit")),
        hashrate_ths=rate,
        expected_ths=_ths(data.get("expected_hashrate")),
        mode=mode,
        board_c=highest([_warm(board.temp) for board in up]),
        chip_c=highest([_warm(board.chip_temp) for board in up]),
        ambient_c=number(data.get("env_temp")),
        fan_rpm=highest([number(fan.speed) for fan in data.get("fans") or []]),
        uptime_s=number(data.get("uptime")),
        # No board reports anything although the miner hashes: this firmware does not report boards.
        boards=len(boards) if up or (boards and not rate) else None,
        boards_up=len(up) if up or (boards and not rate) else None,
        faults=tuple(fault for error in data.get("errors") or [] if (fault := _fault(error))),
    )


def board_readings(data: dict[str, Any]) -> tuple[BoardReading, ...]:
    """Return the boards that answer."""
    boards = [board for board in data.get("hashboards") or [] if board is not None]
    return tuple(
        BoardReading(hashrate_ths=_ths(board.hashrate), board_c=number(board.temp), chip_c=number(board.chip_temp))
        for board in boards
        if not getattr(board, "missing", True)
    )


def pool_of(data: dict[str, Any]) -> PoolReading:
    """Return the pool in use of pyasic's fields."""
    return pool_in_use(
        (
            str(getattr(pool, "url", None) or ""),
            _pool_state(getattr(pool, "alive", None)),
            getattr(pool, "active", None),
        )
        for pool in data.get("pools") or []
    )


def _pool_state(is_alive: bool | None) -> str | None:
    return None if is_alive is None else "alive" if is_alive else "dead"


def _ths(rate: Any) -> float | None:
    if rate is None:
        return None
    try:
        value = number(float(rate.into(rate.unit.TH)))
    except AttributeError, TypeError, ValueError:
        value = number(rate)
    return None if value is None else round(value, 3)


def _warm(value: Any) -> float | None:
    """Return a temperature; pyasic returns 0 for a missing sensor."""
    return number(value) or None


def _fault(error: Any) -> str:
    """Return code and text of an error; empty without both, as some makes report what is not checked."""
    code = getattr(error, "error_code", None) or ""
    return f"{code} {getattr(error, 'error_message', None) or ''}".strip()
