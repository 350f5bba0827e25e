"""Readings of one Modbus device: in blocks, and individually where it refuses a block."""

from collections.abc import Callable, Mapping

from ..errors import BadReplyError, DriverError, RefusedError
from .availability import RegisterAvailability
from .register_client import BusyError, DeviceFailureError, RegisterClient
from .registers import Register
from .template_schema import MAX_REGISTERS
from .word_order import WordOrder

type Values = dict[str, float | bool | None]


class RegisterReader:
    """Reads all registers of a template that the device has."""

    def __init__(
        self,
        client: RegisterClient,
        registers: Mapping[str, Register],
        clock: Callable[[], float],
        max_registers: int = MAX_REGISTERS,
    ) -> None:
        self._client = client
        self.availability = RegisterAvailability(registers.values(), clock, max_registers)
        self._word_order = WordOrder()
        self.values: Values = {}
        """The last reading; None for a register without a valid value."""
        self._has_answered = False
        self._failed: dict[str, DeviceFailureError] = {}

    async def read(self) -> Values:
        """Return the values of all registers that are due.

        Raises:
            BadReplyError: no register has a valid value.
            DriverError: the device does not answer, or answers nothing but failures.
        """
        self._has_answered, self._failed = False, {}
        values: Values = {}
        for block in self.availability.blocks():
            values |= await self._read_block(block)
        if not self._has_answered and self._failed:
            raise next(iter(self._failed.values()))  # the device, and not a register, has failed
        for key in self._failed:
            self.availability.refuse(key)
        if all(value is None for value in values.values()):
            raise BadReplyError("no register of the template holds a valid value")
        self.values = values
        return values

    async def _read_block(self, block: list[Register]) -> Values:
        first, last = block[0], block[-1]
        try:
            words = await self._client.read(first.space, first.address, last.address + last.words - first.address)
        except (RefusedError, BusyError, DeviceFailureError) as err:
            return await self._refused_block(block, err)
        self._has_answered = True
        found = {}
        for register in block:
            at = register.address - first.address
            found[register.key] = self._decoded(register, words[at : at + register.words])
        self.availability.has_read_block(found)
        return found

    async def _refused_block(self, block: list[Register], err: DriverError) -> Values:
        """Read registers individually: a device rejects a whole block because of one unknown address.

        A device that refuses what it has answered before is busy: its last reading is used for a while.
        """
        keys = [register.key for register in block]
        if isinstance(err, BusyError) or self.availability.is_temporary(keys):
            if isinstance(err, DeviceFailureError):
                self._failed |= dict.fromkeys(keys, err)
            return self._last_reading(keys, err)
        read: Values = {}
        for register in block:
            try:
                words = await self._client.read(register.space, register.address, register.words)
            except RefusedError, BusyError:
                self.availability.refuse(register.key)
            except DeviceFailureError as failure:
                self._failed[register.key] = failure
            else:
                self._has_answered = True
                read[register.key] = self._decoded(register, words)
        self.availability.has_read(read)
        self.availability.separate(read)
        refused = [key for key in keys if key not in read]
        return read | self._last_reading([key for key in refused if key in self.values], err)

    def _last_reading(self, keys: list[str], err: DriverError) -> Values:
        """Return the last values while they are recent, else unknown ones; a device never read is not available."""
        if not self.values and isinstance(err, BusyError):
            raise err
        return {key: self.values.get(key) if self.availability.is_recent(key) else None for key in keys}

    def _decoded(self, register: Register, words: list[int]) -> float | bool | None:
        if not register.any_word_order:
            return register.decode(words)
        return register.decode(words, low_word_first=self._word_order.judge(register.key, words))
