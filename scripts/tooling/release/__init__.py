"""Stage the HACS repositories: one tree, one archive and one bill of materials per integration.

    scripts/release --stage DIR [--tag v1.2.3]

HACS manages one integration per repository, so each integration is published as a repository of its own:

    DIR/<domain>/           its tree: the integration, hacs.json, README, info.md, changelog, license
    DIR/<domain>.zip        the content of its folder, which HACS downloads
    DIR/<domain>.cdx.json   CycloneDX bill of materials: what the archive contains and what it needs
    DIR/SHA256SUMS          checksums of archives and bills

Two runs of the same commit create the same bytes.
"""

import argparse
import hashlib
import json
from pathlib import Path
import sys
from typing import Any
import zipfile

from ..addresses import Addresses
from . import repository, sbom

ROOT = Path(__file__).resolve().parents[3]
COMPONENTS = ROOT / "custom_components"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="scripts/release", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stage", type=Path, required=True, metavar="DIR", help="folder for trees and archives")
    parser.add_argument("--tag", help="refuse to stage integrations whose manifest has another version")
    args = parser.parse_args(argv)
    target: Path = args.stage
    manifests = {file.parent.name: json.loads(file.read_text("utf-8")) for file in COMPONENTS.glob("*/manifest.json")}
    if args.tag is not None and (problem := repository.tag_problem(args.tag, manifests)):
        print(f"Not staged: {problem}", file=sys.stderr)
        return 1
    try:
        if (problem := occupied(target)) is not None:
            print(f"Not staged: {problem}", file=sys.stderr)
            return 1
        target.mkdir(parents=True, exist_ok=True)
        stage(target, manifests)
    except OSError as err:
        print(f"Not staged: {err.filename or target}: {err.strerror or err}", file=sys.stderr)
        return 1
    return 0


def stage(target: Path, manifests: dict[str, dict[str, Any]]) -> None:
    """Write the tree, the archive and the bill of materials of each integration, and the checksums."""
    addresses = Addresses.load()
    for domain, manifest in sorted(manifests.items()):
        folder = repository.stage(domain, manifest, target, addresses)
        archive(folder, target / f"{domain}.zip")
        bill = sbom.bill(domain, manifest, folder, addresses)
        (target / f"{domain}.cdx.json").write_text(json.dumps(bill, indent=2, ensure_ascii=False) + "\n", "utf-8")
        print(f"{domain}: {target / domain}, {target / domain}.zip, {target / domain}.cdx.json")
    checksums(target, sorted(manifests))


def occupied(target: Path) -> str | None:
    """Return why a folder cannot be used: staging replaces what it staged before, and nothing else."""
    if not target.exists() or not any(target.iterdir()) or (target / "SHA256SUMS").is_file():
        return None
    return f"{target} contains other files; choose an empty folder"


def archive(folder: Path, file: Path) -> None:
    """Zip a folder's content in a fixed order and with fixed timestamps."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = _UNIX
            info.external_attr = 0o100644 << 16
            packed.writestr(info, path.read_bytes())


def checksums(target: Path, domains: list[str]) -> None:
    """Write SHA256SUMS, which `sha256sum --check` reads."""
    names = [f"{domain}.{suffix}" for domain in domains for suffix in ("cdx.json", "zip")]
    lines = [f"{hashlib.sha256((target / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (target / "SHA256SUMS").write_text("".join(lines), "utf-8")
