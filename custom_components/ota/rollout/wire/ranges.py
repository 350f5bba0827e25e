"""HTTP ranges and conditions for images, whose ETag is their SHA-256 (RFC 9110, sections 13 and 14).

aiohttp's own file response ignores an ETag in If-Range, so that a resumed download could mix two images.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
import re
from typing import Final

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True, slots=True)
class Slice:
    """The part to send: status, and `count` bytes from `start` of `size`."""

    status: HTTPStatus
    start: int
    count: int
    size: int

    def headers(self, etag: str) -> dict[str, str]:
        """Return the headers of the part."""
        headers = {"ETag": f'"{etag}"', "Accept-Ranges": "bytes"}
        if self.status is HTTPStatus.PARTIAL_CONTENT:
            headers["Content-Range"] = f"bytes {self.start}-{self.start + self.count - 1}/{self.size}"
        elif self.status is HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            headers["Content-Range"] = f"bytes */{self.size}"
        return headers


def select(headers: Mapping[str, str], etag: str, size: int, *, method: str = "GET") -> Slice:
    """Return the requested part. Unsupported forms and multiple ranges return the whole image."""
    if _matches(headers.get("If-None-Match"), etag):
        return Slice(HTTPStatus.NOT_MODIFIED, 0, 0, size)
    if "If-Match" in headers and not _matches(headers["If-Match"], etag):
        return Slice(HTTPStatus.PRECONDITION_FAILED, 0, 0, size)
    whole = Slice(HTTPStatus.OK, 0, size, size)
    text = headers.get("Range")
    # A date in If-Range never matches: images have no modification date.
    if text is None or method != "GET" or ("If-Range" in headers and headers["If-Range"].strip() != f'"{etag}"'):
        return whole
    match = _RANGE.fullmatch(text.strip())
    if match is None or match[0] == "bytes=-":
        return whole
    first, last = match[1], match[2]
    if not first:
        count = min(int(last), size)
        return _partial(size - count, count, size)
    if last and int(last) < int(first):
        return whole
    end = min(int(last) + 1, size) if last else size
    return _partial(int(first), end - int(first), size)


def _partial(start: int, count: int, size: int) -> Slice:
    if count <= 0 or start >= size:
        return Slice(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, 0, 0, size)
    return Slice(HTTPStatus.PARTIAL_CONTENT, start, count, size)


def _matches(header: str | None, etag: str) -> bool:
    if header is None:
        return False
    if header.strip() == "*":
        return True
    return any(part.strip().removeprefix("W/") == f'"{etag}"' for part in header.split(","))
