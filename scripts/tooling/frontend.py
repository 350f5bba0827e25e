"""The tools of the cards in frontend/: bundles, type check and tests, run with Node.js."""

from pathlib import Path
import re
import shutil
import subprocess
import sys
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
FRONTEND: Final = ROOT / "frontend"
COMPONENTS: Final = ROOT / "custom_components"
MINIMUM_NODE: Final = (20, 19)


def node() -> Path | None:
    """Return the Node.js of this machine, otherwise the one that PyPI installed, or None."""
    for found in (shutil.which("node"), str(Path(sys.executable).with_name("node"))):
        if found is None or not Path(found).is_file():
            continue
        shown = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
        match = re.match(r"v(\d+)\.(\d+)", shown)
        if match and (int(match[1]), int(match[2])) >= MINIMUM_NODE:
            return Path(found)
    return None


def unavailable() -> str | None:
    """Return why the cards can neither be built nor tested here, or None."""
    if node() is None:
        return "no Node.js {}.{} or newer (see scripts/setup)".format(*MINIMUM_NODE)
    if not (FRONTEND / "node_modules" / "vite").is_dir():
        return "the packages of frontend/ are not installed (see scripts/setup)"
    return None


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a JavaScript file below frontend/ and return its output."""
    program = node()
    assert program is not None, "ask unavailable() first"
    command = [str(program), script, *arguments]
    return subprocess.run(command, cwd=FRONTEND, capture_output=True, text=True, check=False)


def type_check() -> subprocess.CompletedProcess[str]:
    """Check the types of the sources and the tests."""
    return run("node_modules/typescript/bin/tsc", "--noEmit")


def domains() -> list[str]:
    """Return the integrations that have cards."""
    return sorted(file.stem for file in (FRONTEND / "src" / "entries").glob("*.ts"))


def folder(domain: str) -> Path:
    """Return the folder with the built files of an integration: its bundle, and what all bundles share."""
    return COMPONENTS / domain / "frontend"


def files(domain: str) -> tuple[str, ...]:
    """Return the names of the built files of an integration."""
    return f"{domain}-cards.js", "runtime.js"


def build(out: Path) -> list[Path]:
    """Build all bundles into the folders of a folder, one per integration; return the committed files that differ.

    Raises:
        RuntimeError: The sources cannot be built.
    """
    done = run("build.mjs", "--out", str(out))
    if done.returncode:
        raise RuntimeError(f"the cards cannot be built:\n{done.stdout}{done.stderr}")
    built = [(out / domain / name, folder(domain) / name) for domain in domains() for name in files(domain)]
    return [target for source, target in built if not _same(source, target)]


def stray_files() -> list[Path]:
    """Return the built files that have no sources."""
    known = {folder(domain) / name for domain in domains() for name in files(domain)}
    return [file for file in sorted(COMPONENTS.glob("*/frontend/*")) if file not in known]


def _same(left: Path, right: Path) -> bool:
    return right.is_file() and left.read_bytes() == right.read_bytes()
