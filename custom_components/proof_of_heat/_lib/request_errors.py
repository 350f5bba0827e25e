# Generated from lib/request_errors.py by scripts/build: edit that file, not this one.
"""Why a request failed, in words a user understands, for logs and the reasons that Home Assistant shows.

The text of an exception names internals (an SSL context, a connection pool) and the address, which may hold a secret.
"""

import aiohttp


def reason_of(err: Exception) -> str:
    """Return why a request failed."""
    match err:
        case TimeoutError():
            return "the request timed out"
        case aiohttp.ClientConnectorDNSError():
            return "the host name could not be resolved"
        case aiohttp.ClientConnectorCertificateError():
            detail = getattr(err.certificate_error, "verify_message", "")
            return f"the certificate is not valid: {detail}" if detail else "the certificate is not valid"
        case aiohttp.ClientSSLError():
            return "the secure connection failed"
        case aiohttp.ClientConnectorError() | ConnectionRefusedError():
            return "could not connect"
        case aiohttp.ServerDisconnectedError() | ConnectionError():
            return "the connection was closed"
        case aiohttp.ClientPayloadError():
            return "the reply was incomplete"
    return type(err).__name__


def reason_in(text: str) -> str:
    """Return the reason in words, of a text that holds the representation of an exception of urllib3."""
    if "timed out" in text:
        return "the request timed out"
    return "could not connect" if "ConnectionPool(" in text or "Connection aborted" in text else text
