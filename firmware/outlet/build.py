"""Assemble the outlet's image: ``python -m firmware.outlet.build --address FE --output build/outlet``."""

import argparse
from dataclasses import dataclass
from pathlib import Path
import re
import shutil
import subprocess

SOURCE = Path(__file__).with_name("outlet.asm")
LINKER_SCRIPT = Path("/usr/share/gputils/lkr/16f88_g.lkr")
PROGRAM_WORDS = 4096
_SYMBOL = re.compile(r"^\s*(\w+)\s+0x([0-9a-f]+)\s+(?:program|data)", re.MULTILINE)
MA_SCALE = 25000
"""Of a current sensor with 100 mV/A at 5 V."""


class BuildError(Exception):
    """The image cannot be assembled; the text is the output of the assembler."""


@dataclass(frozen=True, slots=True)
class Image:
    """An assembled image.

    Attributes:
        hex_path: Intel HEX file to program into the PIC.
        cod_path: The same program with its symbols, for gpsim.
        words: Used words of program memory.
        symbols: Addresses of labels and registers.
    """

    hex_path: Path
    cod_path: Path
    words: int
    symbols: dict[str, int]

    @property
    def main_address(self) -> int:
        """Return the first program address after the interrupt routine."""
        return self.symbols["start"]


def missing_tool() -> str | None:
    """Return the name of a tool that is needed and not installed."""
    return next((name for name in ("gpasm", "gplink") if shutil.which(name) is None), None)


def build(address: int, output: Path, ma_scale: int = MA_SCALE) -> Image:
    """Assemble the image of the outlet with an address into a folder.

    Args:
        address: Address on the channel, 0x02 to 0xFE.
        output: Folder, created if needed.
        ma_scale: Scale of the current sensors, see ``outlet.asm``.

    Raises:
        BuildError: The assembler or the linker failed.
        ValueError: The address or the scale is out of range.
    """
    if not 0x02 <= address <= 0xFE:
        raise ValueError(f"the address {address:02X} is not in 02 to FE")
    if not 0 < ma_scale <= 0xFFFF:
        raise ValueError(f"the scale {ma_scale} is not in 1 to 65535")
    output.mkdir(parents=True, exist_ok=True)
    defines = [f"-DADDRESS={address}", f"-DMA_SCALE={ma_scale}"]
    # gpasm truncates long paths in the symbol file, so it runs in the folder with a copy of the source.
    shutil.copy(SOURCE, output / SOURCE.name)
    _run(["gpasm", "-c", "-p", "p16f88", "-r", "dec", *defines, SOURCE.name], output)
    linked = _run(["gplink", "-m", "-s", str(LINKER_SCRIPT), "-o", "outlet.hex", "outlet.o"], output)
    symbol_map = (output / "outlet.map").read_text() + linked
    words = re.search(r"(\d+) program addresses used", symbol_map)
    symbols = {name: int(value, 16) for name, value in _SYMBOL.findall(symbol_map)}
    if words is None or "start" not in symbols:
        raise BuildError("the map file does not contain the size of the program")
    return Image(output / "outlet.hex", output / "outlet.cod", int(words[1]), symbols)


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=400)
    if done.returncode:
        raise BuildError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    """Assemble the image from the command line and print its size."""
    parser = argparse.ArgumentParser(description="Assemble the firmware of a smart outlet.")
    parser.add_argument("--address", type=lambda text: int(text, 16), default=0xFE, help="hexadecimal, 02 to FE")
    parser.add_argument("--ma-scale", type=int, default=MA_SCALE, help="scale of the current sensors")
    parser.add_argument("--output", type=Path, default=Path("build/outlet"))
    options = parser.parse_args()
    image = build(options.address, options.output, options.ma_scale)
    print(f"{image.hex_path}: {image.words} of {PROGRAM_WORDS} words ({image.words / PROGRAM_WORDS:.0%})")


if __name__ == "__main__":
    main()
