"""Compile the controllers as a program of this machine: ``python -m firmware.esphome.build``.

ESPHome generates the sources; they are compiled in a few large units, which takes a tenth of the time of ESPHome's own
build. The program is cached under ``build/`` by the content of its sources, so it is compiled once per change.
"""

from collections.abc import Callable
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
_OPTIONS = ("-std=gnu++20", "-O0", "-w", "-fno-exceptions", "-DUSE_HOST", "-DESPHOME_LOG_LEVEL=ESPHOME_LOG_LEVEL_INFO")
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
        BuildError: ESPHome or the compiler failed.
    """
    _CACHE.mkdir(parents=True, exist_ok=True)
    program = _CACHE / f"host-{_fingerprint()}"
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            shutil.rmtree(_CACHE / "data", ignore_errors=True)
            esphome("compile", "--only-generate", str(CONFIGURATION), data=_CACHE / "data")
            built = _compile(_CACHE / "data/build/suite-host")
            for old in _CACHE.glob("host-*"):
                old.unlink()
            built.rename(program)
    return program


# Sources that repeat a definition of another one of their unit are in units of their own.
_UNITS: dict[str, Callable[[Path], bool]] = {
    "main": lambda source: source.name == "main.cpp",
    "api": lambda source: source.parent.name == "api" and "plaintext" not in source.name,
    "rest": lambda _: True,
}


def _compile(folder: Path) -> Path:
    """Compile the generated sources and return the program."""
    sources = sorted((folder / "src").rglob("*.cpp"))
    running = []
    for unit, belongs in _UNITS.items():
        chosen = [source for source in sources if belongs(source)]
        sources = [source for source in sources if source not in chosen]
        path = folder / f"{unit}.cpp"
        # Each source has a constant TAG.
        path.write_text("".join(f'#define TAG TAG_{n}\n#include "{s}"\n#undef TAG\n' for n, s in enumerate(chosen)))
        command = ["g++", *_OPTIONS, "-I", str(folder / "src"), "-c", str(path), "-o", str(path.with_suffix(".o"))]
        running.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
    errors = "".join(process.communicate(timeout=580)[1] for process in running)
    if any(process.returncode for process in running):
        raise BuildError(errors[:6000])
    program = folder / "program"
    objects = [str(folder / f"{unit}.o") for unit in _UNITS]
    done = subprocess.run(
        ["g++", *objects, "-pthread", "-o", str(program)], capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode:
        raise BuildError(done.stderr[-6000:])
    return program


def _fingerprint() -> str:
    digest = hashlib.sha256((ROOT / "requirements-esphome.lock").read_bytes() + Path(__file__).read_bytes())
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
