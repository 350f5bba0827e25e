"""Stage the HACS repositories: one tree and one archive per integration, reproducible byte for byte.

    scripts/release --stage DIR

HACS manages one integration per repository, so each integration is published as a repository of its own:
DIR/<domain>/ is its tree, DIR/<domain>.zip the content of its folder.
"""

import argparse
import json
from pathlib import Path
import shutil
import subprocess
import sys
import zipfile

ROOT = Path(__file__).resolve().parents[2]
COMPONENTS = ROOT / "custom_components"
_EPOCH = (1980, 1, 1, 0, 0, 0)


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stage", type=Path, required=True, metavar="DIR", help="folder for the trees and archives")
    target: Path = parser.parse_args(argv).stage
    target.mkdir(parents=True, exist_ok=True)
    for manifest in sorted(COMPONENTS.glob("*/manifest.json")):
        domain = manifest.parent.name
        stage(domain, json.loads(manifest.read_text("utf-8")), target)
        print(f"{domain}: {target / domain}, {target / domain}.zip")
    return 0


def stage(domain: str, manifest: dict[str, object], target: Path) -> None:
    """Write the tree and the archive of one integration."""
    tree = target / domain
    shutil.rmtree(tree, ignore_errors=True)
    folder = tree / "custom_components" / domain
    for name in tracked(domain):
        copy = folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(COMPONENTS / domain / name, copy)
    hacs = json.loads((ROOT / "hacs.json").read_text("utf-8"))
    hacs |= {"name": manifest["name"], "zip_release": True, "filename": f"{domain}.zip"}
    (tree / "hacs.json").write_text(json.dumps(hacs, indent=2) + "\n", "utf-8")
    shutil.copyfile(ROOT / "LICENSE", tree / "LICENSE")
    shutil.copyfile(ROOT / "docs" / f"{domain}.md", tree / "README.md")
    archive(folder, target / f"{domain}.zip")


def tracked(domain: str) -> list[str]:
    """Return the files of an integration that git tracks (no caches, no untracked files)."""
    command = ["git", "ls-files", "-z", f"custom_components/{domain}"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    prefix = f"custom_components/{domain}/"
    return sorted(name.removeprefix(prefix) for name in listed.split("\0") if name)


def archive(folder: Path, file: Path) -> None:
    """Zip a folder's content in a fixed order and with fixed timestamps."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            info = zipfile.ZipInfo(str(path.relative_to(folder)), _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            packed.writestr(info, path.read_bytes())


if __name__ == "__main__":
    sys.exit(main())
