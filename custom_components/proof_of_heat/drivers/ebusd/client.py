"""The command port of ebusd (8888): a line of text per command; a reply ends with an empty line.

Source: john30/ebusd, src/ebusd/mainloop.cpp (commands) and src/lib/ebus/result.cpp (errors), version 26.1.
"""

import asyncio
from collections.abc import Sequence
import re
from typing import Final

from ..._lib.last_messages import record
from ..._lib.request_errors import reason_of
from ..errors import BadReplyError, DriverError, RefusedError, UnreachableError

PORT: Final = 8888
_MAX_REPLY: Final = 1_048_576
_END: Final = b"\n\n"
_NAME: Final = re.compile(r"[\w.#-]+", re.ASCII)
_ERROR: Final = "ERR:"
_DONE: Final = "done"
_NO_BUS: Final = ("no signal", "generic device error", "generic I/O error", "send error")
"""The daemon answers, but its adapter has no connection to the bus."""
_REFUSALS: Final = ("element not found", "not authorized", "argument value out of valid range", "invalid argument")


class BusError(DriverError):
    """One message could not be exchanged on the bus now: a collision, or no answer of the device."""


class EbusdClient:
    """Sends commands to one daemon, over one connection per call."""

    def __init__(self, host: str, port: int = PORT, *, timeout_s: float = 10.0) -> None:
        self._host = host
        self._port = port
        self._timeout_s = timeout_s

    async def names(self, *, writable: bool) -> set[tuple[str, str]]:
        """Return the circuit and name of the messages that can be read or written; raises DriverError."""
        kind = "-w" if writable else "-r"
        (text,) = await self._exchange([f"find {kind} -F circuit,name"])
        if isinstance(text, DriverError):
            if isinstance(text, RefusedError):
                return set()
            raise text
        rows = (line.split(",") for line in text.splitlines())
        return {(row[0], row[1]) for row in rows if len(row) > 1 and all(map(_NAME.fullmatch, row[:2]))}

    async def read(self, messages: Sequence[tuple[str, str, int]]) -> list[str | DriverError]:
        """Return the fields of messages, or why one has none; raises UnreachableError or BadReplyError.

        `messages`: circuit, name, and the age in seconds up to which a value that the daemon knows is used.
        """
        return await self._exchange([f"read -m {age_s} -c {circuit} {name}" for circuit, name, age_s in messages])

    async def write(self, circuit: str, name: str, value: str) -> None:
        """Write a message; raises DriverError unless the daemon confirms it."""
        (text,) = await self._exchange([f"write -c {circuit} {name} {value}"])
        if isinstance(text, DriverError):
            raise text
        if not text.startswith(_DONE):
            raise BadReplyError(f"{name}: {text[:80]}")

    async def _exchange(self, commands: Sequence[str]) -> list[str | DriverError]:
        replies: list[str | DriverError] = []
        try:
            async with asyncio.timeout(self._timeout_s):
                reader, writer = await asyncio.open_connection(self._host, self._port, limit=_MAX_REPLY)
            try:
                for command in commands:
                    writer.write(f"{command}\n".encode())
                    async with asyncio.timeout(self._timeout_s):
                        await writer.drain()
                        raw = await reader.readuntil(_END)
                    record(command, raw)
                    replies.append(_result(command, raw))
            finally:
                writer.close()
        except TimeoutError as err:
            raise UnreachableError("timed out") from err
        except asyncio.IncompleteReadError as err:
            if _is_text(bytes(err.partial)):
                raise UnreachableError("the connection was closed") from err
            raise BadReplyError("not a reply of ebusd") from err
        except asyncio.LimitOverrunError as err:
            raise BadReplyError("the reply is too long") from err
        except (OSError, ValueError) as err:  # ValueError: no name of a host
            raise UnreachableError(reason_of(err)) from err
        return replies


def _is_text(raw: bytes) -> bool:
    """Return whether these bytes may be the beginning of a reply."""
    return b"\0" not in raw and not raw.startswith(b"HTTP/")


def _result(command: str, raw: bytes) -> str | DriverError:
    """Return the text of a reply, or the error that it reports.

    Raises:
        UnreachableError: the daemon has no connection to the bus.
        BadReplyError: the reply is not one of ebusd.
    """
    if not _is_text(raw):
        raise BadReplyError("not a reply of ebusd")
    text = raw.decode("utf-8", "replace").strip()
    if not text.startswith(_ERROR):
        return text
    reason = text.removeprefix(_ERROR).strip()
    if reason.startswith(_NO_BUS):
        raise UnreachableError(f"ebusd: {reason}")
    if reason.startswith(_REFUSALS):
        return RefusedError(f"{command}: {reason}")
    return BusError(f"{command}: {reason}")
