"""Fuzz the core under ASan and UBSan: ``python -m firmware.core.fuzz --seconds 1800``.

The input of the target is a byte that selects the reader, and what it reads. The seeds are the replies and frames of
the protocol references. With clang and its runtime it is a libFuzzer; else random changes of the seeds are run.
"""

import argparse
from pathlib import Path
import re
import subprocess
import sys

from .build import CORE, LANGUAGE, SANITIZERS, VECTORS, compile_core, run_compiler, sources

_DOCS = VECTORS.parent
_READERS = 5


def build(output: Path, core: Path | None = None) -> Path:
    """Compile the program with g++, with a compiled core if there is one, and return its path."""
    output.mkdir(parents=True, exist_ok=True)
    program = output / "fuzz_core"
    objects = [str(core or compile_core(output, ("-O1", "-g", *SANITIZERS)))]
    targets = [str(source) for source in sorted(CORE.glob("fuzz/*.cpp"))]
    run_compiler([*LANGUAGE, "-O1", "-g1", "--coverage", *SANITIZERS, *targets, *objects, "-o", str(program)])
    return program


def build_libfuzzer(output: Path) -> Path | None:
    """Compile the program as a libFuzzer; None if clang or its runtime is not installed."""
    output.mkdir(parents=True, exist_ok=True)
    program = output / "libfuzz_core"
    parts = [*sources(), CORE / "fuzz/fuzz_core.cpp"]
    options = [*LANGUAGE, "-O1", "-g", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"]
    command = ["clang++", *options, *map(str, parts), "-o", str(program)]
    try:
        done = subprocess.run(command, check=False, capture_output=True, timeout=600)
    except FileNotFoundError:
        return None
    return program if done.returncode == 0 else None


def write_seeds(folder: Path) -> int:
    """Write the seeds into a folder and return their number."""
    folder.mkdir(parents=True, exist_ok=True)
    texts: list[bytes] = []
    for name in ("device-sync.md", "ccu-http.md", "ota-protocol.md"):
        page = (_DOCS / name).read_text()
        texts += [found.encode() for found in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
        texts += [found.encode() for found in re.findall(r"`(\{.*?\})`", page)]
    frames = (VECTORS / "hc12.json").read_text()
    texts += [bytes.fromhex(found) for found in re.findall(r'"((?:[0-9a-fA-F]{2}){8,})"', frames)]
    count = 0
    for reader in range(_READERS):
        for number, text in enumerate(texts):
            (folder / f"seed{reader}_{number}").write_bytes(bytes([reader]) + text)
            count += 1
    return count


def main() -> int:
    """Fuzz from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=1800)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=Path("build/fuzz"))
    options = parser.parse_args()
    write_seeds(options.output / "seeds")
    if (program := build_libfuzzer(options.output)) is not None:
        limits = [f"-max_total_time={options.seconds}", f"-seed={options.seed}", "-max_len=8192", "-timeout=5"]
        command = [program, *limits, options.output / "seeds"]
    else:
        command = [build(options.output), options.output / "seeds", str(options.seconds), str(options.seed)]
    return subprocess.run(list(map(str, command)), check=False, timeout=options.seconds * 3 + 600).returncode


if __name__ == "__main__":
    sys.exit(main())
