"""Compile and run the tests of the portable core: ``python -m firmware.core.build``."""

import argparse
import os
from pathlib import Path
import shutil
import subprocess
import sys

CORE = Path(__file__).parent
VECTORS = CORE.parents[1] / "docs/vectors"
WARNINGS = ("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
LANGUAGE = ("-std=c++17", "-fno-exceptions", "-fno-rtti", f"-I{CORE / 'src'}", f"-I{CORE / 'tests'}")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer")


class BuildError(Exception):
    """The core does not compile; the text is the output of the compiler."""


def missing_tool() -> str | None:
    """Return the name of a tool that is needed and not installed."""
    return None if shutil.which("g++") else "g++"


def build(output: Path, options: tuple[str, ...] = ("-O1", "-g", *SANITIZERS)) -> Path:
    """Compile the tests with the core into one program and return its path.

    Raises:
        BuildError: The compiler failed.
    """
    output.mkdir(parents=True, exist_ok=True)
    objects = []
    for source in sorted((*CORE.glob("src/*.cpp"), *CORE.glob("tests/*.cpp"))):
        objects.append(str(output / f"{source.stem}.o"))
        _run(["g++", *LANGUAGE, *WARNINGS, *options, "-c", str(source), "-o", objects[-1]])
    program = output / "core_tests"
    _run(["g++", *options, *objects, "-o", str(program)])
    return program


def run(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a test program with the shared vectors and return its result."""
    environment = {**os.environ, "SUITE_VECTORS": str(VECTORS)}
    command = [str(program), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=240)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    if done.returncode:
        raise BuildError(f"{' '.join(command)}\n{done.stderr}")


def main() -> int:
    """Compile and run the tests."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("build/core"))
    parser.add_argument("filter", nargs="?", help="run only tests whose name contains this text")
    options = parser.parse_args()
    result = run(build(options.output), *([options.filter] if options.filter else []))
    print(result.stdout, result.stderr, sep="", end="")
    return result.returncode


if __name__ == "__main__":
    sys.exit(main())
