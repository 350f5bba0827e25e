"""Decoding of form bodies; JSON bodies are decoded by ``device_http``."""

from email import message_from_bytes
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

from .._lib.device_http import ApiError

URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"

_MAX_FIELDS: Final = 20


def read_form(content_type: str, body: bytes) -> dict[str, Any]:
    """Return the fields of a form; a value of digits is converted to an integer.

    Args:
        content_type: The complete header, with the boundary of a multipart form.
        body: Body of the request.

    Raises:
        ApiError: ``bad_json`` if the form cannot be decoded.
    """
    try:
        if content_type.lower().startswith(MULTIPART):
            fields: dict[str, Any] = _multipart(content_type, body)
        else:
            fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS))
    except ValueError as err:
        raise ApiError(HTTPStatus.BAD_REQUEST, "bad_json", "the form cannot be decoded") from err
    value = fields.get("value")
    if isinstance(value, str) and value.isascii() and (digits := value.strip()).isdigit() and len(digits) < 10:
        fields["value"] = int(digits)
    return fields


def _multipart(content_type: str, body: bytes) -> dict[str, Any]:
    """Return the fields of a multipart form.

    Raises:
        ValueError: The body is not a multipart form.
    """
    form = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode("utf-8", "surrogateescape") + body)
    parts = list(form.walk())[1:]
    if form.defects or not parts or len(parts) > _MAX_FIELDS:
        raise ValueError("not a multipart form")
    fields = {}
    for part in parts:
        match part.get_param("name", header="content-disposition"), part.get_payload(decode=True):
            case str() as name, bytes() as text:
                fields[name] = text.decode()
            case _:
                raise ValueError("a part has no name or no text")
    return fields
