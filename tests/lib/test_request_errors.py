"""Reasons of failed requests in words."""

import ssl
from unittest.mock import Mock

import aiohttp
import pytest

from lib.request_errors import reason_in, reason_of


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (aiohttp.ClientConnectorError(Mock(), OSError(111, "refused")), "could not connect"),
        (ConnectionRefusedError(), "could not connect"),
        (aiohttp.ClientConnectorDNSError(Mock(), OSError()), "the host name could not be resolved"),
        (aiohttp.ClientConnectorCertificateError(Mock(), ssl.SSLError()), "the certificate is not valid"),
        (
            aiohttp.ClientConnectorCertificateError(Mock(), Mock(verify_message="certificate has expired")),
            "the certificate is not valid: certificate has expired",
        ),
        (aiohttp.ClientConnectorSSLError(Mock(), OSError()), "the secure connection failed"),
        (aiohttp.ServerDisconnectedError(), "the connection was closed"),
        (ConnectionResetError(), "the connection was closed"),
        (aiohttp.ClientPayloadError(), "the reply was incomplete"),
        (aiohttp.ServerTimeoutError(), "the request timed out"),
        (aiohttp.ConnectionTimeoutError(), "the request timed out"),
        (TimeoutError(), "the request timed out"),
        (aiohttp.InvalidURL("http://secret@a..b"), "InvalidURL"),
    ],
)
def test_reason_of_a_failed_request_is_in_words(error: Exception, reason: str) -> None:
    assert reason_of(error) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("HTTPSConnectionPool(host='h', port=1): Read timed out. (read timeout=20.0)", "the request timed out"),
        ("HTTPSConnectionPool(host='h', port=1): Max retries exceeded with url: /x", "could not connect"),
        ("('Connection aborted.', RemoteDisconnected('closed'))", "could not connect"),
        ("Device communication error. Reason: OFFLINE", "Device communication error. Reason: OFFLINE"),
    ],
)
def test_reason_in_a_text_of_another_library(text: str, reason: str) -> None:
    assert reason_in(text) == reason
