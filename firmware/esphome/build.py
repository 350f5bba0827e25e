"""Compile the controllers as a program of this machine: ``python -m firmware.esphome.build``.

The program is cached under ``build/`` by the content of its sources, so it is compiled once per change.
"""

import fcntl
import hashlib
import os
from pathlib import Path
import shutil
import subprocess

ROOT = Path(__file__).parents[2]
CONFIGURATION = Path(__file__).with_name("ci") / "host.yaml"
COMPONENTS = Path(__file__).with_name("components")
VENV = Path(os.environ.get("ESPHOME_VENV", ROOT / ".venv-esphome"))
_CACHE = ROOT / "build/esphome"
_TAG = hashlib.sha256(str(ROOT).encode()).hexdigest()
# Fixed when the program is compiled, so they differ per working copy.
RADIO_PORT = Path(f"/tmp/heat-suite-radio-{_TAG[:8]}")  # noqa: S108  # ESPHome accepts only such a path
API_PORT = 20_000 + int(_TAG[:4], 16) % 10_000
VERSION = b"1.0.0"


class BuildError(Exception):
    """ESPHome failed; the text is its output."""


def missing_tool() -> str | None:
    """Return the name of a tool that is needed and not installed."""
    if not (VENV / "bin/esphome").exists():
        return f"ESPHome ({VENV.name}, see scripts/setup)"
    return None if shutil.which("g++") else "g++"


def esphome(*arguments: str, data: Path) -> str:
    """Run ESPHome and return its output.

    Raises:
        BuildError: ESPHome failed.
    """
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "ESPHOME_DATA_DIR": str(data), "NO_COLOR": "1"}
    command = ["nice", "-n", "5", str(VENV / "bin/esphome"), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=580)
    if done.returncode:
        raise BuildError(done.stdout[-3000:] + done.stderr[-3000:])
    return done.stdout + done.stderr


def build() -> Path:
    """Compile the program unless it is cached, and return its path.

    Raises:
        BuildError: ESPHome failed.
    """
    _CACHE.mkdir(parents=True, exist_ok=True)
    program = _CACHE / f"host-{_fingerprint()}"
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            substitutions = ("-s", "radio_port", str(RADIO_PORT), "-s", "api_port", str(API_PORT))
            esphome(*substitutions, "compile", str(CONFIGURATION), data=_CACHE / "data")
            for old in _CACHE.glob("host-*"):
                old.unlink()
            shutil.copy2(_CACHE / "data/build/suite-host/.pioenvs/suite-host/program", program)
    return program


def _fingerprint() -> str:
    digest = hashlib.sha256((ROOT / "requirements-esphome.lock").read_bytes())
    for folder in (COMPONENTS, CONFIGURATION.parent):
        for file in sorted(folder.rglob("*")):
            if file.suffix in {".py", ".h", ".cpp", ".yaml"}:
                digest.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def with_version(program: Path, version: str, target: Path, replacements: tuple[tuple[bytes, bytes], ...] = ()) -> Path:
    """Write an image of another version: the same program with other texts of the same length.

    Raises:
        ValueError: A replacement has another length, or its text is not in the program.
    """
    image = program.read_bytes()
    for old, new in ((VERSION, version.encode()), *replacements):
        if len(old) != len(new) or old not in image:
            raise ValueError(f"{old!r} cannot be replaced by {new!r}")
        image = image.replace(old, new)
    target.write_bytes(image)
    target.chmod(0o755)
    return target


if __name__ == "__main__":
    print(build())
