"""Sizes of the core's objects for microcontrollers: ``python -m firmware.core.size``.

Objects only: without a C library nothing is linked. RV32 is the instruction set of ESP32-C3 and C6. Xtensa needs a
clang with that target.
"""

from dataclasses import dataclass
from pathlib import Path
import shutil
import struct
import subprocess
import tempfile

from .build import CORE

_FREESTANDING = ("-std=c++17", "-Os", "-ffreestanding", "-fno-exceptions", "-fno-rtti", "-nostdinc++")
TARGETS = {
    "rv32imc": ("--target=riscv32-unknown-elf", "-march=rv32imc", "-mabi=ilp32"),
    "xtensa": ("--target=xtensa", "-mcpu=esp32"),
}
_SECTION = struct.Struct("<10I")


@dataclass(frozen=True, slots=True)
class Size:
    """Size of an object in bytes: code and constants, and variables."""

    flash: int
    ram: int


def missing_tool() -> str | None:
    """Return the name of a tool that is needed and not installed."""
    return None if shutil.which("clang++") else "clang++"


def measure(target: str) -> dict[str, Size] | None:
    """Return the size of each source of the core, None if clang does not have this target."""
    sizes = {}
    with tempfile.TemporaryDirectory() as folder:
        for source in sorted(CORE.glob("src/*.cpp")):
            path = Path(folder, "object.o")
            command = ["clang++", *TARGETS[target], *_FREESTANDING, f"-I{CORE / 'freestanding'}"]
            done = subprocess.run(
                [*command, "-c", str(source), "-o", str(path)], capture_output=True, text=True, check=False, timeout=400
            )
            if "unknown target" in done.stderr or "No available targets" in done.stderr:
                return None
            if done.returncode:
                raise RuntimeError(done.stderr)
            sizes[source.stem] = _size(path.read_bytes())
    return sizes


def _size(image: bytes) -> Size:
    """Sum the allocated sections of a 32-bit little-endian ELF object."""
    offset, count = struct.unpack_from("<I", image, 32)[0], struct.unpack_from("<H", image, 48)[0]
    flash = ram = 0
    for number in range(count):
        _, _, flags, _, _, size, *_ = _SECTION.unpack_from(image, offset + number * _SECTION.size)
        if flags & 2:  # SHF_ALLOC
            if flags & 1:  # SHF_WRITE
                ram += size
            else:
                flash += size
    return Size(flash, ram)


def main() -> None:
    """Print a table per target."""
    for target in TARGETS:
        sizes = measure(target)
        if sizes is None:
            print(f"{target}: not a target of this clang")
            continue
        for name, size in sizes.items():
            print(f"{target}  {name:20} {size.flash:6} {size.ram:6}")
        print(f"{target}  {'total':20} {sum(s.flash for s in sizes.values()):6} {sum(s.ram for s in sizes.values()):6}")


if __name__ == "__main__":
    main()
