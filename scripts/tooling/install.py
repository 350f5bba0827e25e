"""Copy integrations of the suite into a Home Assistant configuration folder.

    scripts/install CONFIG_DIR              all integrations
    scripts/install CONFIG_DIR DOMAIN...    only these

Replaced files are moved to CONFIG_DIR/heat_suite_backups/TIME, in the same layout; files that are already up
to date are not touched. An integration includes its blueprints. Restart Home Assistant afterwards to load the new code.

Other projects publish integrations with the domains `ecoflow` and `ota`. A folder of another project is never
replaced, unless you add --replace-foreign; it is moved to the backup then. A newer version of the suite is only
replaced with --allow-downgrade: Home Assistant does not load entries that a newer version has changed.
"""
# Runs on the Python of the user's machine (3.10 or later), with nothing installed.

import argparse
import contextlib
import errno
import json
import os
from pathlib import Path
import re
import shutil
import sys
import time

ROOT = Path(__file__).resolve().parents[2]
COMPONENTS = ROOT / "custom_components"
BACKUPS = "heat_suite_backups"
# The folder of an integration of the suite contains this, even where the addresses in its manifest were changed.
_OURS = "copied from lib/ by scripts/build"
_IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc")


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    known = sorted(manifest.parent.name for manifest in COMPONENTS.glob("*/manifest.json"))
    parser = argparse.ArgumentParser(
        prog="scripts/install", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", type=Path, metavar="CONFIG_DIR", help="folder that contains configuration.yaml")
    parser.add_argument("domains", nargs="*", default=[], metavar="DOMAIN", help=", ".join(known))
    parser.add_argument(
        "--replace-foreign",
        action="store_true",
        help="also replace an integration of another project with the same domain",
    )
    parser.add_argument("--allow-downgrade", action="store_true", help="also replace newer versions of the suite")
    args = parser.parse_args(argv)
    if unknown := [domain for domain in args.domains if domain not in known]:
        parser.error(f"unknown integration: {', '.join(unknown)}; choose from {', '.join(known)}")
    if not args.config.is_dir():
        parser.error(f"{args.config} is not a folder")
    components = args.config / "custom_components"
    if os.path.lexists(components) and not components.is_dir():
        broken = f" (a link to {components.readlink()})" if components.is_symlink() else ""
        parser.error(f"{components}{broken} is not a folder")
    if not (args.config / "configuration.yaml").exists():
        print(f"{args.config} has no configuration.yaml: is it a Home Assistant configuration folder?", file=sys.stderr)
    domains = list(dict.fromkeys(args.domains)) or known
    if not args.replace_foreign and (found := foreign(args.config, domains)):
        for domain, description in found.items():
            print(refusal(args.config, domain, description), file=sys.stderr)
        return 1
    if not args.allow_downgrade and (ahead := newer(args.config, domains)):
        for domain, (installed, ours) in ahead.items():
            print(
                f"Nothing was installed: {domain} {installed} is newer than this version, {ours}. Get a newer copy"
                " of the suite, or add --allow-downgrade: Home Assistant may refuse to load its entries then.",
                file=sys.stderr,
            )
        return 1
    try:
        install(args.config, domains)
    except OSError as err:
        print(f"Not installed: {err}", file=sys.stderr)
        return 1
    return 0


def foreign(config: Path, domains: list[str]) -> dict[str, str]:
    """Return domain -> description of the integrations of other projects that are installed under our domains."""
    found = {}
    for domain in domains:
        folder = config / "custom_components" / domain
        if (folder / "manifest.json").is_file() and not _is_ours(folder):
            found[domain] = _described(folder)
    return found


def newer(config: Path, domains: list[str]) -> dict[str, tuple[str, str]]:
    """Return domain -> (installed version, this version) of what a newer suite has installed."""
    found = {}
    for domain in domains:
        folder = config / "custom_components" / domain
        if not (folder / "manifest.json").is_file() or not _is_ours(folder):
            continue
        installed = str(_manifest(folder).get("version") or "0")
        ours = str(_manifest(COMPONENTS / domain)["version"])
        if _release(installed) > _release(ours):
            found[domain] = (installed, ours)
    return found


def _release(version: str) -> list[int]:
    """Return the numbers of a version; what follows them (b1, .dev0) does not count."""
    match = re.match(r"v?(\d+(?:\.\d+)*)", version)
    return [int(number) for number in match[1].split(".")] if match else []


def _is_ours(folder: Path) -> bool:
    marker = folder / "_lib" / "__init__.py"
    if marker.is_file() and _OURS in marker.read_text("utf-8", "replace"):
        return True
    ours = _manifest(COMPONENTS / folder.name)
    return _manifest(folder).get("issue_tracker") == ours["issue_tracker"]


def _manifest(folder: Path) -> dict[str, str]:
    """Return a manifest; empty if it cannot be read."""
    with contextlib.suppress(OSError, ValueError):
        read = json.loads((folder / "manifest.json").read_text("utf-8"))
        if isinstance(read, dict):
            return read
    return {}


def _described(folder: Path) -> str:
    manifest = _manifest(folder)
    if not manifest:
        return "its manifest.json cannot be read"
    where = manifest.get("documentation") or manifest.get("issue_tracker") or "no address"
    return f"{manifest.get('name') or 'no name'} {manifest.get('version') or ''}".strip() + f" ({where})"


def refusal(config: Path, domain: str, description: str) -> str:
    """Return what to do about an integration of another project."""
    return (
        f"Nothing was installed: {config / 'custom_components' / domain} belongs to another project: {description}.\n"
        f"Home Assistant can run only one integration with the domain '{domain}'. To use this one, delete the entries"
        " of the other one in Settings > Devices & services, remove it (in HACS if it is from there), restart Home"
        " Assistant and run this again. To keep the other one, name the integrations to install without it."
        " --replace-foreign moves the other one to the backup and installs this one."
    )


def install(config: Path, domains: list[str]) -> None:
    """Copy the integrations and print what was done.

    Raises:
        OSError: A file could not be read or written; what could not be replaced is unchanged.
    """
    backup = config / BACKUPS / _free_name(config / BACKUPS)
    changed = False
    for domain in domains:
        for source in [COMPONENTS / domain, *sorted((ROOT / "blueprints").glob(f"*/{domain}/*.yaml"))]:
            name = source.relative_to(ROOT)
            result = replace(source, config / name, backup / name)
            changed |= result is not None
            print(f"{name}: {result or 'already up to date'}")
    if changed:
        print("Restart Home Assistant to load the new code." + (f" Backup: {backup}" if backup.exists() else ""))


def _free_name(backups: Path) -> str:
    stamp = time.strftime("%Y-%m-%d_%H%M%S")
    names = (stamp if not number else f"{stamp}_{number}" for number in range(1000))
    return next(name for name in names if not (backups / name).exists())


def replace(source: Path, target: Path, backup: Path) -> str | None:
    """Replace a file or folder by a copy, completely or not at all; return what was done, None if nothing.

    Args:
        source: File or folder of the suite.
        target: Where the copy is installed.
        backup: Where the current content of `target` is moved.
    """
    before = os.path.lexists(target)
    if before and _content(source) == _content(target):
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    # Next to the target, so on the same disk: `custom_components` may be a link to another one.
    fresh, old = (target.with_name(f".heat_suite_{name}") for name in ("new", "old"))
    _remove(fresh)
    try:
        if source.is_dir():
            shutil.copytree(source, fresh, ignore=_IGNORED)
        else:
            shutil.copyfile(source, fresh)
        if before:
            backup.parent.mkdir(parents=True, exist_ok=True)
            _set_aside(target, backup, old)
        try:
            fresh.rename(target)
        except OSError:
            if before:
                (old if os.path.lexists(old) else backup).rename(target)
            raise
        _remove(old)
    except shutil.Error as err:  # of several files
        raise OSError("; ".join(str(reason) for _, _, reason in err.args[0])) from err
    finally:
        with contextlib.suppress(OSError):
            _remove(fresh)
    return "replaced" if before else "installed"


def _set_aside(target: Path, backup: Path, old: Path) -> None:
    """Move the target to its backup; to `old` where that is on another disk, after it was copied there."""
    try:
        target.rename(backup)
    except OSError as err:
        if err.errno != errno.EXDEV:
            raise
        if target.is_dir() and not target.is_symlink():
            shutil.copytree(target, backup, symlinks=True)
        else:
            shutil.copy2(target, backup, follow_symlinks=False)
        _remove(old)
        target.rename(old)


def _content(path: Path) -> dict[str, bytes]:
    """Return name -> content of the files of a folder, or of one file, without caches."""
    if path.is_file():
        return {"": path.read_bytes()}
    files = (file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
