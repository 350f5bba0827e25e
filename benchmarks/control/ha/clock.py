"""The test clock that a home, its devices, Home Assistant and the integration share."""

from dataclasses import dataclass
import time
from typing import Any
import warnings

import freezegun.api
from pytest_homeassistant_custom_component import plugins
import pytest_socket

from custom_components.proof_of_heat.drivers.base import SourceBase
from custom_components.proof_of_heat.drivers.device_settings import DeviceSettings
from custom_components.proof_of_heat.drivers.modbus.write_counter import WriteCounter


@dataclass(slots=True)
class LoopClock:
    """The time of the event loop, which asks for it with every turn: the frozen one inspects its callers each time."""

    now_s: float

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now_s

    def tick(self, seconds: float) -> None:
        """Let time pass."""
        self.now_s += seconds


def patch_clock() -> None:
    """Apply the patches of the test framework that freezing the time needs; sockets stay enabled.

    Only connections to this machine are allowed. Home Assistant looks for its own address by one to another, and copes.
    """
    warnings.filterwarnings("ignore", message="A test tried to use socket")
    plugins.pytest_runtest_setup()
    pytest_socket.enable_socket()
    freezegun.api.call_stack_inspection_limit = 0  # every caller gets the frozen time


def bind_clocks() -> None:
    """Give the drivers the clock of the home: as default arguments, they have that of the machine."""
    settings: Any = DeviceSettings.__init__
    counter: Any = WriteCounter.__init__
    base: Any = SourceBase.__init__
    base.__kwdefaults__["clock"] = time.monotonic
    settings.__defaults__ = (*settings.__defaults__[:-1], time.monotonic)
    counter.__defaults__ = (time.time, time.monotonic)
