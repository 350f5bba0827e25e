"""Link the core with its tests for 32-bit RISC-V and run them: ``python -m firmware.core.riscv.build``.

RV32IMAC with floating point in software is what an ESP32-C6 executes (an ESP32-C3 has no atomic instructions). The
program has no operating system library below it: `runtime.cpp` is all there is. QEMU answers its system calls.
"""

import argparse
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys

from ..build import CORE, VECTORS, BuildError, sources

HERE = Path(__file__).parent
COMPILER = "riscv64-unknown-elf-g++"
EMULATOR = "qemu-riscv32"
_PACKAGES = {COMPILER: "gcc-riscv64-unknown-elf", EMULATOR: "qemu-user"}
_TARGET = ("-march=rv32imac", "-mabi=ilp32")
_OPTIONS = (
    *("-std=c++17", "-Os", "-ffreestanding", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", "-nostdinc++"),
    *("-ffunction-sections", "-fdata-sections", "-fno-tree-loop-distribute-patterns", "-Wall", "-Wextra", "-Werror"),
    *("-DSUITE_BARE", f"-I{CORE / 'src'}", f"-I{CORE / 'tests'}", f"-I{HERE}", f"-I{CORE / 'freestanding'}"),
)


def missing_tool() -> str | None:
    """Return the name of a tool that is needed and not installed."""
    for tool, package in _PACKAGES.items():
        if shutil.which(tool) is None:
            return f"{tool} (Debian package {package})"
    return None


def build(output: Path) -> Path:
    """Compile and link the core, its tests and the runtime; return the program.

    Raises:
        BuildError: The compiler or the linker failed.
    """
    output.mkdir(parents=True, exist_ok=True)
    tests = (source for source in sorted((CORE / "tests").glob("*.cpp")) if source.name != "main.cpp")
    objects = []
    for source in (*sources(), *sorted(HERE.glob("*.cpp")), *tests):
        objects.append(str(output / f"{source.parent.name}-{source.stem}.o"))
        _compile([*_OPTIONS, "-c", str(source), "-o", objects[-1]])
    program = output / "core_tests_riscv"
    _compile(["-nostdlib", "-nostartfiles", "-static", "-Wl,--gc-sections", *objects, "-lgcc", "-o", str(program)])
    return program


def _compile(arguments: list[str]) -> None:
    done = subprocess.run([COMPILER, *_TARGET, *arguments], capture_output=True, text=True, check=False, timeout=400)
    if done.returncode:
        raise BuildError(done.stderr)


def run(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program in the emulator with the shared vectors."""
    environment = {**os.environ, "SUITE_VECTORS": str(VECTORS)}
    command = [EMULATOR, str(program), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=400)


def linked_bytes(program: Path) -> dict[str, int]:
    """Return the bytes of code and constants in the linked program: of the core, and all."""
    command = ["riscv64-unknown-elf-nm", "--demangle", "--print-size", str(program)]
    symbols = subprocess.run(command, check=True, capture_output=True, text=True, timeout=400).stdout
    found = re.findall(r"^[0-9a-f]+ ([0-9a-f]+) [TtRrW] (.*)$", symbols, re.MULTILINE)
    return {
        "core": sum(int(size, 16) for size, name in found if name.startswith("suite::")),
        "all": sum(int(size, 16) for size, _ in found),
    }


def main() -> int:
    """Build, run and print the sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("build/core-riscv"))
    options = parser.parse_args()
    if (tool := missing_tool()) is not None:
        parser.error(f"{tool} is not installed")
    program = build(options.output)
    result = run(program)
    print(result.stdout, result.stderr, sep="", end="")
    for name, size in linked_bytes(program).items():
        print(f"{name:5} {size:7} bytes of code and constants")
    return result.returncode


if __name__ == "__main__":
    sys.exit(main())
