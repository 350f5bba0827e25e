"""Driver of gpsim's command line over a pseudo terminal.

gpsim 0.31 (Debian 12) and 0.32 are supported. Facts found by running them: a cycle breakpoint at exactly 20000 never
returns, so every command has a timeout; a reset inside the interrupt routine leaves the interrupts of the simulated
processor off, so ``reset`` first runs on to the main program; a reset while a byte is on the line often leaves the UART
deaf or busy for good, so an outage at any time is another gpsim with the same EEPROM; a gpsim whose terminal was closed
does not end by itself, so its CPU time is limited, and it ends with the process that started it.
"""

from contextlib import suppress
import os
from pathlib import Path
import pty
import re
import select
import shutil
import subprocess
import time
import tty
from typing import Self

_PROMPT = b"gpsim> "
_POSITION = re.compile(r"^0x([0-9A-F]{16}) \S+ 0x([0-9A-F]+)", re.MULTILINE)
_VALUE = re.compile(r"= 0x([0-9a-f]+)")
_EEPROM_ROW = re.compile(r"^00([0-9a-f]0):((?:\s+[0-9a-f]{2}){16})", re.MULTILINE)
_BAD_CYCLE = 20000
_CPU_LIMIT_S = 3600
# Other programs of a busy machine take precedence; no gpsim runs forever or outlives its test.
_LIMITED = ("nice", "-n", "5", "prlimit", f"--cpu={_CPU_LIMIT_S}", "setpriv", "--pdeathsig", "KILL")


class GpsimError(Exception):
    """gpsim did not answer, or refused a command."""


def is_installed() -> bool:
    """Return whether gpsim can be started."""
    return shutil.which("gpsim") is not None


def _can_limit() -> bool:
    """Return whether util-linux is installed, which is essential in Debian."""
    return shutil.which("prlimit") is not None and shutil.which("setpriv") is not None


class Gpsim:
    """A running gpsim with one PIC16F88.

    Attributes:
        cycle: Instruction cycles since the start.
        address: Address of the last executed instruction.
        stop: gpsim's description of the last stop.
        watchdog_resets: Number of watchdog resets so far.
        terminal: File descriptor of the terminal of its command line.
    """

    def __init__(self, program: Path, folder: Path, timeout_s: float = 60.0) -> None:
        """Start gpsim in a folder, which receives its files, and load a program with its symbols.

        Raises:
            GpsimError: gpsim did not start or could not load the program.
        """
        folder.mkdir(parents=True, exist_ok=True)
        # gpsim truncates long paths, so every file is named relative to its folder.
        shutil.copy(program, folder / program.name)
        self._folder = folder
        self.cycle = 0
        self.address = 0
        self.stop = ""
        self.watchdog_resets = 0
        self._timeout_s = timeout_s
        self.terminal, end = pty.openpty()
        tty.setraw(self.terminal)
        tty.setraw(end)
        self._process = subprocess.Popen(
            [*(_LIMITED if _can_limit() else ()), "gpsim", "-i", "-p", "pic16f88"],
            stdin=end,
            stdout=end,
            stderr=end,
            cwd=folder,
            env={**os.environ, "TERM": "dumb"},
            start_new_session=True,
        )
        os.close(end)
        self._read("the start")
        self.command(f"load s {program.name}")

    @property
    def pid(self) -> int:
        """Return the ID of its process."""
        return self._process.pid

    def __enter__(self) -> Self:
        """Return the running simulator."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop gpsim."""
        self.close()

    def close(self) -> None:
        """Stop gpsim; files that it records are complete afterwards."""
        if self._process.poll() is None:
            with suppress(OSError):
                os.write(self.terminal, b"quit\n")
            try:
                self._process.wait(2.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        with suppress(OSError):
            os.close(self.terminal)

    def command(self, text: str) -> str:
        """Execute a command, or several lines of them at once, and return their output.

        Raises:
            GpsimError: gpsim reported an error or did not answer in time.
        """
        os.write(self.terminal, text.encode() + b"\n")
        output = self._read(text, text.count("\n") + 1)
        if "ERROR" in output:
            raise GpsimError(f"{text}: {output.strip()}")
        return output

    def _read(self, what: str, prompts: int = 1) -> str:
        output = b""
        end = time.monotonic() + self._timeout_s
        while not output.endswith(_PROMPT) or output.count(_PROMPT) < prompts:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.terminal], [], [], left)[0]:
                raise GpsimError(f"gpsim did not answer {what} within {self._timeout_s:g} s: {output[-500:]!r}")
            try:
                output += os.read(self.terminal, 65536)
            except OSError as err:
                raise GpsimError(f"gpsim ended during {what}: {output[-500:]!r}") from err
        return output[: -len(_PROMPT)].decode(errors="replace")

    def run_until(self, cycle: int, *before: str) -> str:
        """Run until a cycle or an earlier breakpoint, after some commands; returns gpsim's description of the stop."""
        return self.run(*before, f"break c {cycle + (cycle == _BAD_CYCLE)}")

    def run(self, *before: str) -> str:
        """Run until a breakpoint, after some commands; returns gpsim's description of the stop."""
        output = self.command("\n".join((*before, "run")))
        if "WDT expired" in output:
            self.watchdog_resets += 1
        if (found := _POSITION.search(output)) is None:
            raise GpsimError(f"gpsim stopped without a position: {output!r}")
        self.stop = output
        self.cycle, self.address = int(found[1], 16), int(found[2], 16)
        return output

    def register(self, name: str) -> int:
        """Return the value of a register."""
        if (found := _VALUE.search(output := self.command(name))) is None:
            raise GpsimError(f"{name} has no value: {output!r}")
        return int(found[1], 16)

    def set_register(self, name: str, value: int) -> None:
        """Write a register."""
        self.command(f"{name} = {value}")

    def eeprom(self) -> bytes:
        """Return the 256 bytes of the EEPROM."""
        rows = _EEPROM_ROW.findall(self.command("dump e"))
        return b"".join(bytes.fromhex(values) for _, values in rows)

    def load_eeprom(self, content: bytes) -> None:
        """Replace the EEPROM."""
        (self._folder / "eeprom.hex").write_text(_intel_hex(content))
        self.command('load e p16f88 "eeprom.hex"')

    def reset(self, main_address: int) -> None:
        """Reset the processor, as after a brown-out; ``main_address`` is the first one after the interrupt routine."""
        while self.address < main_address or "Interrupt" in self.stop:
            self.run_until(self.cycle + 50)
        self.command("reset")


def _intel_hex(content: bytes) -> str:
    lines = []
    for start in range(0, len(content), 16):
        row = content[start : start + 16]
        record = bytes([len(row), start >> 8, start & 0xFF, 0]) + row
        lines.append(f":{(record + bytes([-sum(record) & 0xFF])).hex().upper()}")
    return "\n".join([*lines, ":00000001FF", ""])
