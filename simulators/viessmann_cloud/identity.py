"""Tokens, codes and the login page of the identity server."""

from collections.abc import Mapping
from dataclasses import dataclass
import hmac
from typing import Final

from aiohttp import web
from yarl import URL

_SIGNING_KEY: Final = b"viessmann_cloud"
"""A refresh token outlives the process, as one outlives a restart of the real cloud."""


APP_URI: Final = "vicare://oauth-callback/everest"
"""Redirect URI that the app uses, and sign-in with a password."""
_REFRESH_DAYS: Final = 180
CODE_S: Final = 20.0
"""Life of an authorization code."""
LOGIN_PAGE: Final = """<!doctype html><title>Viessmann</title><form method="post">
<input name="isiwebuserid"><input name="isiwebpasswd" type="password"><button>Login</button></form>"""


def refresh_token(nonce: str, issued: float) -> str:
    """Return a signed token with the day of its issue."""
    text = f"{nonce}-{int(issued // 86400)}"
    return f"{text}.{hmac.digest(_SIGNING_KEY, text.encode(), 'sha256').hex()[:16]}"


def is_valid(token: str, now: float) -> bool:
    """Return whether a refresh token was issued here and is not older than 180 days."""
    nonce, _, day = token.partition(".")[0].partition("-")
    if not day.isdecimal() or token != refresh_token(nonce, int(day) * 86400.0):
        return False
    return now - int(day) * 86400.0 <= _REFRESH_DAYS * 86400.0


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code, and what it was issued for."""

    challenge: str
    redirect_uri: str
    has_refresh: bool
    issued: float


def redirect(query: Mapping[str, str], answer: dict[str, str]) -> web.Response:
    """Send the browser back with the answer and the client's own state."""
    fields = answer | ({"state": query["state"]} if "state" in query else {})
    return web.Response(status=302, headers={"Location": str(URL(query.get("redirect_uri", "")).update_query(fields))})
