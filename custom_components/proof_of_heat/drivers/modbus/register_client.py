"""Requests to one Modbus unit: repeated while it is busy, and with the errors of the drivers."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol

from ..._lib.last_messages import record
from ..errors import BadReplyError, RefusedError, UnreachableError
from .registers import AddressSpace

_MAX_TIMEOUTS: Final = 2
_BUSY_PAUSES_S: Final = (0.3,)
"""Before a request is repeated that the device was too busy to answer, after the library's own attempts."""


class BusyError(UnreachableError):
    """The device is busy: it answers the same request later."""


class DeviceFailureError(UnreachableError):
    """The device answers, but not this request: it failed, or has no value yet (exception 4)."""


class Unit(Protocol):
    """The methods used of a unit of core's shared connection (modbus_connection.ModbusUnit)."""

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        """Read holding registers (function 3)."""

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        """Read input registers (function 4)."""

    async def write_register(self, address: int, value: int) -> None:
        """Write a holding register (function 6)."""

    async def write_registers(self, address: int, values: list[int]) -> None:
        """Write holding registers (function 16)."""

    async def disconnect(self) -> None:
        """Close the connection; the next request opens a new one."""


class RegisterClient:
    """Reads and writes the registers of a unit."""

    def __init__(self, unit: Unit, connection_errors: tuple[type[Exception], ...] = ()) -> None:
        self.unit = unit
        # Exceptions of the owner of the connection, in addition to those of the Modbus library.
        self._connection_errors: tuple[type[Exception], ...] = (OSError, *connection_errors)
        self._timeouts = 0

    async def read(self, space: AddressSpace, address: int, count: int) -> list[int]:
        """Return consecutive registers.

        Raises:
            RefusedError: the device does not have them.
            BusyError: it is too busy to answer.
            DeviceFailureError: it cannot read them now.
            BadReplyError: the reply has another number of registers.
            UnreachableError: there is no usable reply.
        """
        read: Callable[[int, int], Any] = (
            self.unit.read_holding_registers if space == AddressSpace.HOLDING else self.unit.read_input_registers
        )
        words = await self._patiently(lambda: read(address, count))
        if not isinstance(words, list) or len(words) != count:
            raise BadReplyError(f"{space} {address}: the reply does not have {count} registers")
        record(f"{space} {address}", str(words).encode())
        return words

    async def write(self, address: int, words: list[int]) -> None:
        """Write one or several holding registers; raises the same errors."""
        if len(words) == 1:
            await self._patiently(lambda: self.unit.write_register(address, words[0]))
        else:
            await self._patiently(lambda: self.unit.write_registers(address, words))

    async def _patiently(self, request: Callable[[], Any]) -> Any:
        """Repeat a request that the device is too busy to answer."""
        for pause_s in _BUSY_PAUSES_S:
            try:
                return await self._guard(request())
            except BusyError:
                await asyncio.sleep(pause_s)
        return await self._guard(request())

    async def _guard(self, call: Any) -> Any:
        """Convert the errors of core's connection; a rejected address does not mean that the device is unavailable."""
        from modbus_connection import (
            AcknowledgeError,
            IllegalDataAddressError,
            IllegalDataValueError,
            IllegalFunctionError,
            MemoryParityError,
            ModbusError,
            ModbusTimeoutError,
            ServerDeviceBusyError,
            ServerDeviceFailureError,
        )

        try:
            answer = await call
        except ModbusTimeoutError as err:
            await self._count_timeout()
            raise UnreachableError(f"{type(err).__name__}: {err}") from err
        except (AcknowledgeError, ServerDeviceBusyError) as err:
            raise BusyError(f"{type(err).__name__}: {err}") from err
        except (ServerDeviceFailureError, MemoryParityError) as err:
            raise DeviceFailureError(f"{type(err).__name__}: {err}") from err
        except (IllegalDataAddressError, IllegalDataValueError, IllegalFunctionError) as err:
            raise RefusedError(f"{type(err).__name__}: {err}") from err
        except ModbusError as err:
            raise UnreachableError(f"{type(err).__name__}: {err}") from err
        except self._connection_errors as err:
            raise UnreachableError(f"{type(err).__name__}: {err}") from err
        self._timeouts = 0
        return answer

    async def _count_timeout(self) -> None:
        """Reconnect after two timeouts in a row: a half-open connection never answers again."""
        self._timeouts += 1
        if self._timeouts >= _MAX_TIMEOUTS:
            self._timeouts = 0
            await self.unit.disconnect()
