"""Send an image with sendfile in pieces, so that the progress is known and the event loop is not blocked."""

import asyncio
from collections.abc import Callable
import logging
from pathlib import Path
from typing import BinaryIO, Final

from aiohttp import hdrs, web

from ..rollout.wire.ranges import Slice

_LOGGER = logging.getLogger(__name__)

PIECE: Final = 64 * 1024
TOTAL_BYTES_PER_S: Final = 64 * 1024 * 1024
"""The rate of all downloads together: more than any ESP can receive, and low enough for the event loop."""
STALL_S: Final = 60.0
"""A client that receives no piece in this time is disconnected."""

MAX_WAIT_S: Final = 30.0
"""Longer than 20,000 simultaneous downloads would have to wait for a turn."""

type ProgressCallback = Callable[[int], None]


class RateLimit:
    """Limits the rate of all downloads together."""

    def __init__(self, bytes_per_s: float) -> None:
        """Create the limiter."""
        self._rate = bytes_per_s
        self._available_at = 0.0

    async def async_acquire(self, size: int) -> None:
        """Wait until this many bytes may be sent."""
        now = asyncio.get_running_loop().time()
        if self._available_at > now + MAX_WAIT_S:  # a queue is never that long: the clock of the loop was set back
            self._available_at = now
        turn = max(self._available_at, now)
        self._available_at = turn + size / self._rate
        if turn > now:
            await asyncio.sleep(turn - now)


RATE_LIMIT: Final = RateLimit(TOTAL_BYTES_PER_S)


class ImageResponse(web.StreamResponse):
    """A part of a file. `on_progress` is called after each piece with the position in the file."""

    _send_headers_immediately = True  # sendfile bypasses the writer: the headers have to be sent before

    def __init__(
        self,
        path: Path,
        part: Slice,
        etag: str,
        *,
        headers: dict[str, str],
        on_progress: ProgressCallback | None = None,
    ) -> None:
        """Prepare to send `part` of the file at `path`."""
        super().__init__(status=part.status, headers={**part.headers(etag), **headers})
        self._path = path
        self._part = part
        self._on_progress = on_progress
        self.content_type = "application/octet-stream"
        self.headers[hdrs.CACHE_CONTROL] = "private, no-transform"
        self.content_length = part.count

    async def async_send(self, request: web.Request) -> web.StreamResponse:
        """Send the part; a client that disconnected or stopped reading is aborted."""
        loop = asyncio.get_running_loop()
        if request.method == hdrs.METH_HEAD or self._part.count == 0:
            await self.prepare(request)
            await self.write_eof()
            return self
        file = await loop.run_in_executor(None, self._open)
        try:
            await self.prepare(request)
            await self._send(request, file)
            await self.write_eof()
        except ConnectionError, TimeoutError:
            _LOGGER.debug("%s did not receive the whole image", request.remote)
            self.force_close()
            if request.transport is not None:
                request.transport.abort()
        finally:
            await loop.run_in_executor(None, file.close)
        return self

    def _open(self) -> BinaryIO:
        return self._path.open("rb")

    async def _send(self, request: web.Request, file: BinaryIO) -> None:
        loop = asyncio.get_running_loop()
        position, end = self._part.start, self._part.start + self._part.count
        while position < end:
            transport = request.transport
            if transport is None or transport.is_closing():
                raise ConnectionResetError("the client disconnected")
            size = min(PIECE, end - position)
            await RATE_LIMIT.async_acquire(size)
            async with asyncio.timeout(STALL_S):
                sent = await loop.sendfile(transport, file, position, size)
            if not sent:
                raise ConnectionResetError("the image ended early")
            position += sent
            if self._on_progress is not None:
                self._on_progress(position)
