"""What a controller does with one outlet: read it and change it, exactly once whatever the channel does."""

from collections.abc import Callable
import random

from .errors import NoAnswerError, RefusedError
from .link import Link
from .messages import (
    Identity,
    Opcode,
    Refusal,
    State,
    decode_token,
    relay_payload,
    threshold_payload,
)

CHANGES_PER_TOKEN = 100
"""Changes after which a new token is fetched: well inside the 127 that an 8-bit sequence can tell apart."""
RESYNCS = 3

type _Payload = Callable[[int], bytes]


class OutletSession:
    """Requests to one outlet.

    Queries and changes count their sequence numbers apart, so that an outlet can tell a repeated or old
    change by its number alone.
    """

    def __init__(self, link: Link, address: int, rng: random.Random | None = None) -> None:
        """``address`` is the outlet's."""
        self.address = address
        self._link = link
        rng = rng or random.Random()
        self._query = rng.randrange(256)
        self._change = rng.randrange(256)
        self._token: int | None = None
        self._changes = 0

    async def ping(self, attempts: int | None = None) -> Identity:
        """Ask for the firmware version; raises the errors of Link.request."""
        return Identity.decode(await self._ask(Opcode.PING, attempts))

    async def read(self, attempts: int | None = None) -> State:
        """Ask for the state; raises the errors of Link.request."""
        return State.decode(await self._ask(Opcode.READ, attempts))

    async def set_relays(self, relays: dict[str, bool], attempts: int | None = None) -> State:
        """Switch sockets ("a", "b") and return the state after it; raises the errors of Link.request."""
        return await self._alter(Opcode.RELAY, lambda token: relay_payload(token, relays), attempts)

    async def set_threshold(self, threshold_ma: int, attempts: int | None = None) -> State:
        """Set the trip threshold and return the state after it; raises the errors of Link.request."""
        return await self._alter(Opcode.SET_THRESHOLD, lambda token: threshold_payload(token, threshold_ma), attempts)

    async def _ask(self, command: Opcode, attempts: int | None) -> bytes:
        self._query = (self._query + 1) % 256
        return await self._link.request(self.address, command, self._query, attempts=attempts)

    async def _sync(self, attempts: int | None) -> int:
        """Fetch a token; changes are numbered on from this request."""
        self._change = (self._change + 1) % 256
        answer = await self._link.request(self.address, Opcode.SYNC, self._change, attempts=attempts)
        self._token = decode_token(answer)
        self._changes = 0
        return self._token

    async def _alter(self, command: Opcode, payload: _Payload, attempts: int | None) -> State:
        for _ in range(RESYNCS):
            token = self._token
            if token is None or self._changes >= CHANGES_PER_TOKEN:
                token = await self._sync(attempts)
            self._change = (self._change + 1) % 256
            self._changes += 1
            try:
                return State.decode(
                    await self._link.request(self.address, command, self._change, payload(token), attempts=attempts)
                )
            except RefusedError as err:
                if err.reason not in (Refusal.BAD_TOKEN, Refusal.STALE):
                    raise
                self._token = None
        raise NoAnswerError(f"outlet {self.address:02X} does not keep its token")
