"""Requests of the controller to one outlet; each change is executed exactly once despite losses and repetitions."""

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
"""Changes per token; well below the 127 that an 8-bit sequence number can distinguish."""
MAX_SYNCS = 3

type _Payload = Callable[[int], bytes]


class OutletSession:
    """Requests to one outlet.

    Queries and changes have separate sequence numbers, so that an outlet recognizes a repeated or old change by its
    number alone.
    """

    def __init__(self, link: Link, address: int, rng: random.Random | None = None) -> None:
        """Initialize the session with the address of the outlet."""
        self.address = address
        self._link = link
        rng = rng or random.Random()
        self._query_number = rng.randrange(256)
        self._change_number = rng.randrange(256)
        self._token: int | None = None
        self._changes = 0

    async def ping(self, attempts: int | None = None) -> Identity:
        """Return the firmware version; raises the errors of ``Link.request``."""
        return Identity.decode(await self._send_query(Opcode.PING, attempts))

    async def read(self, attempts: int | None = None) -> State:
        """Return the state; raises the errors of ``Link.request``."""
        return State.decode(await self._send_query(Opcode.READ, attempts))

    async def set_relays(self, relays: dict[str, bool], attempts: int | None = None) -> State:
        """Switch sockets ("a", "b") and return the new state; raises the errors of ``Link.request``."""
        return await self._send_change(Opcode.RELAY, lambda token: relay_payload(token, relays), attempts)

    async def set_threshold(self, threshold_ma: int, attempts: int | None = None) -> State:
        """Set the trip threshold and return the new state; raises the errors of ``Link.request``."""
        return await self._send_change(
            Opcode.SET_THRESHOLD, lambda token: threshold_payload(token, threshold_ma), attempts
        )

    async def _send_query(self, command: Opcode, attempts: int | None) -> bytes:
        self._query_number = (self._query_number + 1) % 256
        return await self._link.request(self.address, command, self._query_number, attempts=attempts)

    async def _sync(self, attempts: int | None) -> int:
        """Request a token; the numbers of changes continue from this request."""
        self._change_number = (self._change_number + 1) % 256
        answer = await self._link.request(self.address, Opcode.SYNC, self._change_number, attempts=attempts)
        self._token = decode_token(answer)
        self._changes = 0
        return self._token

    async def _send_change(self, command: Opcode, payload: _Payload, attempts: int | None) -> State:
        for _ in range(MAX_SYNCS):
            token = self._token
            if token is None or self._changes >= CHANGES_PER_TOKEN:
                token = await self._sync(attempts)
            self._change_number = (self._change_number + 1) % 256
            self._changes += 1
            try:
                return State.decode(
                    await self._link.request(
                        self.address, command, self._change_number, payload(token), attempts=attempts
                    )
                )
            except RefusedError as err:
                if err.reason not in (Refusal.BAD_TOKEN, Refusal.STALE):
                    raise
                self._token = None
        raise NoAnswerError(f"outlet {self.address:02X} refused {MAX_SYNCS} new tokens")
