"""The outlet's image behind a radio channel, on a pseudo terminal that a controller opens as its serial port.

A thread runs the simulation at a multiple of real time. If the machine is too busy for it, the outlet is slower than
a real one; answers that arrive too late count as lost on the side of the controller.
"""

from collections.abc import Callable
from contextlib import suppress
import os
from pathlib import Path
import pty
import random
import threading
import time
import tty
from typing import Self

from firmware.outlet.build import Image

from .outlet_bench import ERASED, OutletBench
from .radio_channel import FaultRates, RadioChannel

_POLL_S = 0.001
_END_OF_TRANSMISSION_S = 0.004
"""Silence after which the bytes of the outlet are one transmission."""
_LONGEST_STEP_S = 0.02


class RadioOutlet:
    """An outlet on a pseudo terminal; a context manager.

    Attributes:
        port: Path of the serial port of the controller.
        relays: Relays A and B, as driven by the pins.
        to_outlet: Channel from the controller.
        to_controller: Channel from the outlet.
        collisions: Transmissions that were lost because both sides sent at the same time.
        load_a: RMS current of the appliance at socket A, in A.
        error: Exception that ended the simulation.
        on_relays: Called from the thread of the simulation when a relay has switched.
    """

    def __init__(self, image: Image, folder: Path, rates: FaultRates, *, seed: int = 0, speed: float = 2.0) -> None:
        """Initialize the outlet; ``speed`` is the ratio of simulated to real time."""
        rng = random.Random(seed)
        self.to_outlet = RadioChannel(rates, rng)
        self.to_controller = RadioChannel(rates, rng)
        self.relays = (False, False)
        self.collisions = 0
        self.load_a = 0.0
        self.on_relays: Callable[[tuple[bool, bool]], None] | None = None
        self._power_is_cut = False
        self._image = image
        self._folder = folder
        self._speed = speed
        self._terminal, self._end = pty.openpty()
        tty.setraw(self._terminal)
        tty.setraw(self._end)
        os.set_blocking(self._terminal, False)
        self.port = os.ttyname(self._end)
        self._ending = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outlet simulation")
        self.error: BaseException | None = None

    def __enter__(self) -> Self:
        """Power the outlet on and wait until it receives."""
        self._thread.start()
        if not self._ready.wait(120.0):
            raise TimeoutError("The outlet did not start")
        return self

    def __exit__(self, *_: object) -> None:
        """End the simulation."""
        self._ending.set()
        self._thread.join(120.0)
        os.close(self._terminal)
        os.close(self._end)
        if self.error is not None:
            raise self.error

    def cut_power(self) -> None:
        """Cut the power of the outlet at any time, also within a byte; it returns at once, with its EEPROM."""
        self._power_is_cut = True

    def _run(self) -> None:
        eeprom = ERASED
        try:
            while not self._ending.is_set():
                with OutletBench(self._image, self._folder, eeprom) as bench:
                    self._power_is_cut = False
                    self._read()  # what was sent to the outlet while it was off is lost
                    self._ready.set()
                    self._simulate(bench)
                    eeprom = bench.gpsim.eeprom()
        except BaseException as err:  # noqa: BLE001  # raised again by the context manager
            self.error = err
            self._ready.set()

    def _simulate(self, bench: OutletBench) -> None:
        started, offset = time.monotonic(), bench.now_s
        last_sent_s = 0.0
        while not (self._ending.is_set() or self._power_is_cut):
            received = self._read()
            if received and bench.sent:
                # Half-duplex: neither side receives the other.
                self.collisions += 1
                bench.fetch_sent()
            elif received:
                bench.send(self.to_outlet.carry(received))
            bench.load_a = self.load_a
            behind_s = (time.monotonic() - started) * self._speed - (bench.now_s - offset)
            count = len(bench.sent)
            bench.advance(min(max(behind_s, 0.0005), _LONGEST_STEP_S))
            if len(bench.sent) > count:
                last_sent_s = bench.now_s
            if bench.sent and bench.now_s - last_sent_s > _END_OF_TRANSMISSION_S:
                self._write(self.to_controller.carry(bench.fetch_sent()))
            self._note_relays(bench.relays)
            if behind_s < _POLL_S:
                time.sleep(_POLL_S)

    def _note_relays(self, relays: tuple[bool, bool]) -> None:
        if relays != self.relays:
            self.relays = relays
            if self.on_relays is not None:
                self.on_relays(relays)

    def _read(self) -> bytes:
        with suppress(BlockingIOError):
            return os.read(self._terminal, 256)
        return b""

    def _write(self, data: bytes) -> None:
        with suppress(BlockingIOError):
            os.write(self._terminal, data)
