"""A bench for the outlet's image: gpsim with a UART, two current sensors and the mains.

The sensors give 100 mV/A around 2.5 V. Their voltage is set every millisecond, 20 times per period. A load
draws its current only while the pin of its relay is high, which is read every 10 ms. Without a current, the simulation
takes steps of 10 ms, and is as fast as without loads.

Sent bytes are read where the firmware writes them to TXREG, as the receiver of gpsim 0.31 returns nothing. The pin
itself is recorded to a file, see ``recorded_bytes``.
"""

from bisect import bisect_right
from collections.abc import Callable
import math
from pathlib import Path
import re
from typing import Self

from firmware.outlet.build import Image

from .gpsim import Gpsim

CYCLES_PER_S = 2_000_000
"""Instruction cycles at 8 MHz."""
BIT_CYCLES = CYCLES_PER_S / 9615
"""Of the UART's actual baud rate."""
MAINS_HZ = 50.0
SENSOR_V_PER_A = 0.1
SENSOR_ZERO_V = 2.5
ERASED = bytes([0xFF]) * 256
_RECORDING = "tx_pin.txt"
_STEP_CYCLES = 2000
_PIN_SET_UP_CYCLES = 1000
_RELAY_CYCLES = 20_000
_WITHOUT_LOAD_CYCLES = 20_000
_LONGEST_CYCLES = CYCLES_PER_S
_SENT = re.compile(r"Wrote: 0x00([0-9A-F]{2}) to txreg")
_START_CYCLES = 300_001
"""The outlet has loaded its EEPROM and receives."""


class OutletBench:
    """The image of an outlet, running.

    Attributes:
        load_a: RMS current of the appliance at socket A, in A.
        load_b: RMS current of the appliance at socket B, in A.
        mains_hz: Frequency of the mains.
        has_welded_contacts: The loads draw their current regardless of the relays.
        sent: Sent bytes that were not fetched, with the cycle in which they were written to TXREG.
        on_step: Called after each step of the simulation.
    """

    def __init__(self, image: Image, folder: Path, eeprom: bytes = ERASED) -> None:
        """Power the outlet on and wait until it receives.

        Args:
            image: The image to run.
            folder: Receives the files of the simulator.
            eeprom: Content of the EEPROM at power-on.
        """
        self.load_a = 0.0
        self.load_b = 0.0
        self.has_welded_contacts = False
        self.mains_hz = MAINS_HZ
        self.sent: list[tuple[int, int]] = []
        self.on_step: Callable[[], None] | None = None
        self._image = image
        self._folder = folder
        self._voltages = [SENSOR_ZERO_V, SENSOR_ZERO_V]
        self.gpsim = Gpsim(image.cod_path, folder)
        self._set_up()
        self.gpsim.load_eeprom(eeprom)
        self.gpsim.run_until(2001)
        self.gpsim.command("break w txreg")
        self._run_to(_START_CYCLES)

    def _set_up(self) -> None:
        for command in (
            "module lib libgpsim_modules",
            "module load usart U1",
            "U1.rxbaud = 9600",
            "U1.txbaud = 9600",
            "node NTX",
            "node NRX",
            "attach NTX portb5 U1.RXPIN",
            "attach NRX portb2 U1.TXPIN",
            "module load fr F1",
            "F1.digital = true",
            f'F1.file = "{_RECORDING}"',
            "attach NTX F1.pin",
        ):
            self.gpsim.command(command)
        for pin, sensor in ((0, "SA"), (1, "SB")):
            self.gpsim.command(f"module load pullup {sensor}")
            self.gpsim.command(f"node N{sensor}")
            self.gpsim.command(f"attach N{sensor} porta{pin} {sensor}.pin")
            self.gpsim.command(f"{sensor}.resistance = 100")
            self.gpsim.command(f"{sensor}.voltage = {SENSOR_ZERO_V}")

    def __enter__(self) -> Self:
        """Return the running bench."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the simulator."""
        self.gpsim.close()

    @property
    def now_s(self) -> float:
        """Return the simulated time since power-on."""
        return self.gpsim.cycle / CYCLES_PER_S

    @property
    def main_address(self) -> int:
        """Return the first program address after the interrupt routine."""
        return self._image.main_address

    @property
    def relays(self) -> tuple[bool, bool]:
        """Return whether the pins of the relays A and B are driven high."""
        driven = self.gpsim.register("portb") & ~self.gpsim.register("trisb")
        return bool(driven & 1), bool(driven & 2)

    def send(self, data: bytes) -> None:
        """Queue bytes for the outlet's RX pin; they arrive at 9600 baud."""
        for byte in data:
            self.gpsim.command(f"U1.tx = {byte}")

    def advance(self, seconds: float) -> None:
        """Simulate a time."""
        self._run_to(self.gpsim.cycle + round(seconds * CYCLES_PER_S))

    def fetch_sent(self) -> bytes:
        """Return the bytes sent since the last call."""
        sent, self.sent = self.sent, []
        return bytes(byte for _, byte in sent)

    def exchange(self, data: bytes, seconds: float = 0.2) -> bytes:
        """Send bytes and return what the outlet sends within a time."""
        self.fetch_sent()
        self.send(data)
        self.advance(seconds)
        return self.fetch_sent()

    def reset(self) -> None:
        """Reset the processor, as a brown-out does; the EEPROM keeps its content."""
        self.gpsim.reset(self.main_address)
        self._run_to(self.gpsim.cycle + _START_CYCLES)

    def set_eeprom(self, content: bytes) -> None:
        """Replace the content of the EEPROM."""
        self.gpsim.load_eeprom(content)

    def recorded_bytes(self) -> bytes:
        """Stop the simulator and decode what was on the TX pin."""
        # Another file name closes the file; gpsim loses what is buffered when it ends.
        self.gpsim.command('F1.file = "unused.txt"')
        self.gpsim.close()
        return decode_uart((self._folder / _RECORDING).read_text())

    def _run_to(self, cycle: int) -> None:
        relays, relays_until = (False, False), 0
        while self.gpsim.cycle < cycle - 2:
            loads = (self.load_a, self.load_b)
            if any(loads) and self.gpsim.cycle >= relays_until:
                relays, relays_until = self.relays, self.gpsim.cycle + _RELAY_CYCLES
            closed = (True, True) if self.has_welded_contacts else relays
            currents = [load if contact else 0.0 for load, contact in zip(loads, closed, strict=True)]
            end = min(cycle, self.gpsim.cycle + self._step_cycles(has_current=any(currents)))
            self._step(max(end, self.gpsim.cycle + 3), self._voltage_commands(currents))
            if self.on_step is not None:
                self.on_step()

    def _step_cycles(self, *, has_current: bool) -> int:
        """Return how long the simulation may continue by itself: each command costs more than a thousand cycles."""
        if has_current:
            return _STEP_CYCLES
        if self.load_a or self.load_b:
            return _RELAY_CYCLES
        return _WITHOUT_LOAD_CYCLES if self.on_step is not None else _LONGEST_CYCLES

    def _step(self, cycle: int, before: list[str]) -> None:
        stop = self.gpsim.run_until(cycle, *before)
        while self.gpsim.cycle < cycle - 2:
            if (found := _SENT.search(stop)) is not None:
                self.sent.append((self.gpsim.cycle, int(found[1], 16)))
            stop = self.gpsim.run()

    def _voltage_commands(self, currents: list[float]) -> list[str]:
        """Return the commands that set the voltages of the sensors to RMS currents in A, at this time."""
        wave = math.sqrt(2) * math.sin(2 * math.pi * self.mains_hz * self.now_s)
        commands = []
        for place, (sensor, current) in enumerate(zip(("SA", "SB"), currents, strict=True)):
            voltage = min(5.0, max(0.0, SENSOR_ZERO_V + current * wave * SENSOR_V_PER_A))
            if voltage != self._voltages[place]:
                self._voltages[place] = voltage
                commands.append(f"{sensor}.voltage = {voltage:.6f}")
        return commands


def decode_uart(recording: str) -> bytes:
    """Decode a recording of gpsim's file recorder as 9600 8N1.

    Each line starts with the cycle of a change. The recorder of gpsim 0.31 notes wrong levels, so the line counts as
    high after the start and every change inverts it.
    """
    cycles = {int(line.split()[0]) for line in recording.splitlines() if line.strip()}
    edges = sorted(cycle for cycle in cycles if cycle > _PIN_SET_UP_CYCLES)
    found = bytearray()
    busy_until = 0.0
    for start in edges[::2]:
        if start < busy_until:
            continue
        bits = [_is_high(edges, start + (bit + 1.5) * BIT_CYCLES) for bit in range(9)]
        if bits[8]:
            found.append(sum(1 << place for place, bit in enumerate(bits[:8]) if bit))
        busy_until = start + 9.5 * BIT_CYCLES
    return bytes(found)


def _is_high(edges: list[int], cycle: float) -> bool:
    return bisect_right(edges, cycle) % 2 == 0
