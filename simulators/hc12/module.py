"""AT commands of an HC-12 module (V2.4 manual), with the behavior of real modules.

- FU2 and FU4 lower a baud rate that they do not support, without a word in the answer.
- A new baud rate applies once the SET pin is released; until then the module answers at the old one.
- Bytes at another baud rate arrive as other bytes, and so do the answers.
- A module of a used system may be on any channel to 127, or in a state in which it refuses everything but AT+DEFAULT.
"""

import random
import re

MODES = ("1", "2", "3", "4")
BAUDS = ("1200", "2400", "4800", "9600", "19200", "38400", "57600", "115200")
DBM = (-1, 2, 5, 8, 11, 14, 17, 20)
_FASTEST = {"2": "4800", "4": "1200"}


class Module:
    """Settings of a module, and its answers while the SET pin is low."""

    def __init__(self, rng: random.Random | None = None) -> None:
        self.mode, self.baud, self.channel, self.power = "3", "9600", "001", 8
        self.active_baud = "9600"
        self.is_confused = False
        self._line = b""
        self._rng = rng or random.Random(0)

    def settings(self) -> dict[str, object]:
        """Return the settings by name."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def push(self, data: bytes, host_baud: int | None = None) -> bytes:
        """Handle bytes in command mode; returns the answers as they arrive at the host's baud rate."""
        is_garbled = self.is_garbled(host_baud)
        self._line = (self._line + (self.garbled(data) if is_garbled else data))[-256:]
        *lines, self._line = re.split(rb"\r?\n", self._line)
        answers = b"".join(self._answer(line.decode("ascii", "replace").strip()) for line in lines if line.strip())
        return self.garbled(answers) if is_garbled else answers

    def is_garbled(self, host_baud: int | None) -> bool:
        """Return whether the host uses another baud rate."""
        return host_baud is not None and str(host_baud) != self.active_baud

    def garbled(self, data: bytes) -> bytes:
        """Return bytes as they arrive at another baud rate."""
        return self._rng.randbytes(len(data))

    def leave(self) -> None:
        """Restart after the SET pin was released."""
        self.active_baud, self._line = self.baud, b""

    def _answer(self, line: str) -> bytes:
        if line == "AT":
            return b"OK\r\n"
        if line == "AT+DEFAULT":
            self.mode, self.baud, self.channel, self.power = "3", "9600", "001", 8
            self.is_confused = False
            return b"OK+DEFAULT\r\n"
        if self.is_confused:
            return b"ERROR\r\n"
        if line == "AT+RX":
            return self._settings()
        if line == "AT+V":
            return b"www.hc01.com  HC-12_V2.4\r\n"
        return (self._set(line) or "ERROR").encode() + b"\r\n"

    def _settings(self) -> bytes:
        rows = (f"OK+FU{self.mode}", f"OK+B{self.baud}", f"OK+C{self.channel}", f"OK+RP:{DBM[self.power - 1]:+03}dBm")
        return "".join(f"{row}\r\n" for row in rows).encode()

    def _set(self, line: str) -> str | None:
        if (found := re.fullmatch(r"AT\+FU([1-4])", line)) and found[1] in MODES:
            self.mode = found[1]
            self._lower_baud()
        elif (found := re.fullmatch(r"AT\+B(\d+)", line)) and found[1] in BAUDS:
            self.baud = found[1]
            self._lower_baud()
        elif (found := re.fullmatch(r"AT\+C(\d{3})", line)) and 1 <= int(found[1]) <= 127:
            self.channel = found[1]
        elif (found := re.fullmatch(r"AT\+P([1-8])", line)) is not None:
            self.power = int(found[1])
        else:
            return None
        return "OK" + line.removeprefix("AT")

    def _lower_baud(self) -> None:
        fastest = _FASTEST.get(self.mode, BAUDS[-1])
        if int(self.baud) > int(fastest):
            self.baud = fastest
