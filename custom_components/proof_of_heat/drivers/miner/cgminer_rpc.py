"""The socket of the cgminer family (port 4028): one request and one reply per connection, limited in time and size."""

import asyncio
import contextlib
import json
from typing import Any, Final

from ..._lib.last_messages import record
from ..._lib.request_errors import reason_of
from ..errors import BadReplyError, UnreachableError

RPC_PORT: Final = 4028
_MAX_REPLY: Final = 262_144
_TAIL: Final = b"\0\n\r "


async def exchange(
    host: str, command: str, parameter: str | None = None, *, port: int = RPC_PORT, timeout_s: float = 5.0
) -> dict[str, Any]:
    """Return the reply to a command; raises UnreachableError or BadReplyError."""
    request = {"command": command} if parameter is None else {"command": command, "parameter": parameter}
    try:
        async with asyncio.timeout(timeout_s):
            raw = await _send(host, port, json.dumps(request).encode())
    except TimeoutError as err:
        raise UnreachableError(f"{command}: timed out") from err
    except (OSError, ValueError) as err:  # ValueError: no name of a host
        raise UnreachableError(f"{command}: {reason_of(err)}") from err
    if not raw:
        raise UnreachableError(f"{command}: no answer")
    record(command, raw)
    try:
        reply = json.loads(raw.rstrip(_TAIL), strict=False)  # firmware leaves line breaks in texts
    except (ValueError, RecursionError) as err:
        raise BadReplyError(f"{command}: not JSON") from err
    if not isinstance(reply, dict):
        raise BadReplyError(f"{command}: not an object")
    return reply


async def _send(host: str, port: int, request: bytes) -> bytearray:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(request)
        await writer.drain()
        raw = bytearray()
        while len(raw) < _MAX_REPLY and not _complete(raw) and (more := await reader.read(_MAX_REPLY)):
            raw += more
        return raw
    finally:
        writer.close()


def _complete(raw: bytearray) -> bool:
    """Return whether this is a complete JSON object: not every miner closes the connection after it."""
    text = raw.rstrip(_TAIL)
    if not text.endswith(b"}"):
        return False
    with contextlib.suppress(ValueError, RecursionError):
        json.loads(text, strict=False)
        return True
    return False
