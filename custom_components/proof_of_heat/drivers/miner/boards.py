"""Hash boards that the user switches singly.

A board that is switched off is not a fault. Its heat is missing from the measured power, from which the heat of a miner
follows. The switches are the user's: they are none of the settings that control changes or restores.
"""

import asyncio
from typing import override

from ..._lib.heat_source import Command, CommandResult, FaultReason, Health, Outcome
from ..base import SourceBase
from ..errors import RefusedError, UnreachableError
from ..operations import BoardSwitches
from .models import MinerClient, MinerReading
from .readings import BoardReading


class BoardSource(SourceBase, BoardSwitches):
    """A miner whose boards are switched by its client."""

    _client: MinerClient
    size_share: float = 1.0
    """The share of its power that it has with the boards that are up, as far as it was seen to mine."""
    _counted: tuple[int, int] | None = None
    """The boards that are up, and all, for which this share is."""
    _boards: tuple[BoardReading, ...] = ()
    """As they were read last."""

    @property
    @override
    def switchable_boards(self) -> frozenset[int]:
        return frozenset(
            number
            for number, board in enumerate(self._boards, start=1)
            if board.board_id is not None and board.on is not None
        )

    @override
    def is_board_on(self, number: int) -> bool | None:
        return self._boards[number - 1].on if 0 < number <= len(self._boards) else None

    def _update_size(self, reading: MinerReading, power_w: float | None) -> None:
        """Update the share: by the number of boards, or by what it draws where the others make up for a missing one.

        The tuner of some firmware works for its power target with the boards that it has.
        """
        up, boards = reading.boards_up, reading.boards
        if not (reading.mining and reading.hashrate_ths and up and boards):
            return
        share, most_w = min(1.0, up / boards), self._capabilities.max_power_w
        if share < 1.0 and power_w is not None and most_w:
            share = min(1.0, max(share, power_w / most_w))
        if self._counted == (up, boards):
            share = max(share, self.size_share)
        self._counted, self.size_share = (up, boards), round(share, 2)

    @override
    async def switch_board(self, number: int, on: bool) -> CommandResult:
        command = Command(id="user")
        async with self._lock:
            return await self._as_result(command, self._switch_board(command, number, on))

    async def _switch_board(self, command: Command, number: int, on: bool) -> CommandResult:
        await self._refresh()
        if not self._answers():
            return self._result(command, Outcome.FAILED, self._state.detail, self._state.reason)
        if number not in self.switchable_boards:
            raise RefusedError(f"the miner reports no board {number} that can be switched")
        if self.is_board_on(number) is on:
            return self._result(command, Outcome.UNCHANGED, "")
        board_id = self._boards[number - 1].board_id
        assert board_id is not None
        await self._write_board(board_id, on)
        if await self._wait_until(lambda: self.is_board_on(number) is on):
            return self._result(command, Outcome.APPLIED, "")
        if self._answers():
            return self._result(command, Outcome.PENDING, "sent, not yet confirmed")
        detail = f"not confirmed by the device: {self._state.detail}"
        return self._result(command, Outcome.FAILED, detail, self._state.reason or FaultReason.NOT_CONFIRMED)

    def _answers(self) -> bool:
        return self._state.health not in (Health.FAILING, Health.AUTH)

    async def _write_board(self, board_id: str, on: bool) -> None:
        """Write the switch. The boards start again: control waits as long as after a command of its own."""
        self._written_at, before = self._clock(), self._written_at
        try:
            async with asyncio.timeout(self.timing.write_s):
                await self._checked(self._client.switch_board(board_id, on))
        except RefusedError:
            self._written_at = before
            raise
        except TimeoutError as err:
            raise UnreachableError(f"board {board_id}: the request timed out") from err


def lacks_boards(reading: MinerReading) -> bool:
    """Return whether boards are down that are not switched off."""
    if not reading.boards or reading.boards_up is None:
        return False
    switched_off = sum(1 for board in reading.board_readings if board.on is False)
    return reading.boards_up + switched_off < reading.boards
