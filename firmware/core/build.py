"""Compile and run the tests of the portable core: ``python -m firmware.core.build``."""

import argparse
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys

CORE = Path(__file__).parent
VECTORS = CORE.parents[1] / "docs/vectors"
WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
LANGUAGE = ("-std=c++17", "-fno-exceptions", "-fno-rtti", f"-I{CORE / 'src'}", f"-I{CORE / 'tests'}")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer")
CHECKED = ("-O0", "-g1", "--coverage", *SANITIZERS)
"""With ASan and UBSan, and counting the executed lines."""


class BuildError(Exception):
    """The core does not compile; the text is the output of the compiler."""


def missing_tool() -> str | None:
    """Return the name of a tool that is needed and not installed."""
    return None if shutil.which("g++") else "g++"


def missing_for_tests() -> str | None:
    """Return what the tests need and is not installed."""
    if (tool := missing_tool()) is not None:
        return tool
    command = ["g++", "-E", "-x", "c++", "-include", "doctest/doctest.h", "/dev/null"]
    found = subprocess.run(command, capture_output=True, check=False, timeout=400).returncode == 0
    return None if found else "doctest (Debian package doctest-dev)"


def compile_core(output: Path, options: tuple[str, ...] = CHECKED) -> Path:
    """Compile the core as one unit and return its object file.

    Raises:
        BuildError: The compiler failed.
    """
    output.mkdir(parents=True, exist_ok=True)
    unit = output / "core.cpp"
    unit.write_text("".join(f'#include "{source}"\n' for source in sources()))
    target = output / "core.o"
    target.with_suffix(".gcda").unlink(missing_ok=True)  # counts of another program
    run_compiler([*LANGUAGE, *WARNINGS, *options, "-c", str(unit), "-o", str(target)])
    return target


def sources() -> list[Path]:
    """Return the sources of the core."""
    return sorted((CORE / "src").glob("*.cpp"))


def build(output: Path) -> Path:
    """Compile the tests with the core into one program and return its path.

    Raises:
        BuildError: The compiler failed.
    """
    objects = [str(compile_core(output))]
    for source in sorted((CORE / "tests").glob("*.cpp")):
        objects.append(str(output / f"{source.stem}.o"))
        sanitizers = () if source.name == "main.cpp" else SANITIZERS
        run_compiler([*LANGUAGE, *WARNINGS, "-O0", "-g1", *sanitizers, "-c", str(source), "-o", objects[-1]])
    program = output / "core_tests"
    run_compiler([*CHECKED, *objects, "-o", str(program)])
    return program


def executed_lines(output: Path) -> dict[str, tuple[float, int]]:
    """Return the percentage of executed lines, and their number, of each source after a run of its tests."""
    command = ["gcov", "-n", "-o", str(output), "core.cpp"]
    done = subprocess.run(command, cwd=output, check=True, capture_output=True, text=True, timeout=400)
    found = re.findall(r"File '[^']*/core/src/([^']*\.cpp)'\nLines executed:([\d.]+)% of (\d+)", done.stdout)
    return {name: (float(percent), int(count)) for name, percent, count in found}


def run(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a test program with the shared vectors and return its result."""
    environment = {**os.environ, "SUITE_VECTORS": str(VECTORS)}
    command = [str(program), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=400)


def run_compiler(arguments: list[str]) -> None:
    """Run g++.

    Raises:
        BuildError: It failed.
    """
    done = subprocess.run(["g++", *arguments], capture_output=True, text=True, check=False, timeout=400)
    if done.returncode:
        raise BuildError(f"g++ {' '.join(arguments)}\n{done.stderr}")


def main() -> int:
    """Compile and run the tests."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("build/core"))
    parser.add_argument("filter", nargs="?", help="run only tests whose name contains this text")
    options = parser.parse_args()
    if (tool := missing_for_tests()) is not None:
        parser.error(f"{tool} is not installed")
    result = run(build(options.output), *([f"--test-case=*{options.filter}*"] if options.filter else []))
    print(result.stdout, result.stderr, sep="", end="")
    if not options.filter and shutil.which("gcov"):
        for name, (percent, count) in executed_lines(options.output).items():
            print(f"{name:24} {percent:6.2f} % of {count} lines")
    return result.returncode


if __name__ == "__main__":
    sys.exit(main())
