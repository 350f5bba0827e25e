"""AT commands of an HC-12 module (V2.4 manual)."""

import re

MODES = ("1", "2", "3", "4")
BAUDS = ("1200", "2400", "4800", "9600", "19200", "38400", "57600", "115200")
DBM = (-1, 2, 5, 8, 11, 14, 17, 20)


class Module:
    """Settings of a module, and its answers while the SET pin is low."""

    def __init__(self) -> None:
        self.mode, self.baud, self.channel, self.power = "3", "9600", "001", 8
        self._line = b""

    def push(self, data: bytes) -> bytes:
        """Handle bytes in command mode; returns the answers."""
        self._line += data
        *lines, self._line = re.split(rb"\r?\n", self._line)
        return b"".join(self._answer(line.decode("ascii", "replace").strip()) for line in lines if line.strip())

    def _answer(self, line: str) -> bytes:
        if line == "AT":
            return b"OK\r\n"
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
        elif (found := re.fullmatch(r"AT\+B(\d+)", line)) and found[1] in BAUDS:
            self.baud = found[1]
        elif (found := re.fullmatch(r"AT\+C(\d{3})", line)) and 1 <= int(found[1]) <= 127:
            self.channel = found[1]
        elif (found := re.fullmatch(r"AT\+P([1-8])", line)) is not None:
            self.power = int(found[1])
        else:
            return None
        return "OK" + line.removeprefix("AT")
