"""Forms as browsers and scripts send them; JSON is read in device_http."""

from email.message import Message
from http import HTTPStatus
import re
from typing import Any, Final
from urllib.parse import parse_qsl

from ._lib.device_http import ApiError

URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"

_MAX_FIELDS: Final = 20
_NAME: Final = re.compile(rb'\bname="([^"]{0,64})"')


def read_form(content_type: str, body: bytes) -> dict[str, Any]:
    """The fields of a form; its numbers come as text.

    Args:
        content_type: The whole header, with the boundary of a multipart form.
        body: Of the request.

    Raises:
        ApiError: ``bad_json``: it is not readable.
    """
    try:
        if content_type.lower().startswith(MULTIPART):
            fields: dict[str, Any] = _multipart(content_type, body)
        else:
            fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS))
    except ValueError as err:
        raise ApiError(HTTPStatus.BAD_REQUEST, "bad_json", "the form is not readable") from err
    value = fields.get("value")
    if isinstance(value, str) and value.isascii() and value.strip().isdigit() and len(value) < 10:
        fields["value"] = int(value)
    return fields


def _multipart(content_type: str, body: bytes) -> dict[str, Any]:
    """The fields of a form in parts.

    Raises:
        ValueError: it is not one.
    """
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_boundary()
    if not boundary:
        raise ValueError("no boundary")
    _, *parts, end = (b"\r\n" + body).split(b"\r\n--" + boundary.encode("ascii"), _MAX_FIELDS + 2)
    if not end.startswith(b"--"):
        raise ValueError("no end")
    fields = {}
    for part in parts:
        head, _, text = part.partition(b"\r\n\r\n")
        if (name := _NAME.search(head)) is None:
            raise ValueError("no name")
        fields[name[1].decode()] = text.decode()
    return fields
