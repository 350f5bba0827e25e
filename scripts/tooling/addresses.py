"""The public addresses of the project: one setting, ``[tool.suite.addresses]`` in pyproject.toml.

    python -m scripts.tooling.addresses                                    list them
    python -m scripts.tooling.addresses --source URL --docs URL …
                                                                           change them in every file

Manifests, documents, blueprints, workflows and cards contain the addresses as text, because each file is complete
by itself. This command replaces them in all tracked files; afterwards `scripts/build` builds the cards again.
"""

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
import re
import subprocess
import sys
import tomllib
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
_BINARY = (".png", ".webp", ".gz", ".bin", ".zip", ".ico", ".db", ".lock")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Public addresses, without a trailing slash.

    Attributes:
        source: Repository of the suite.
        docs: Documentation site.
        firmware: Page that flashes controllers, with the manifests of their images.
        repositories: Address of one integration's HACS repository, with `{domain}`.
    """

    source: str
    docs: str
    firmware: str
    repositories: str

    @classmethod
    def load(cls, root: Path = ROOT) -> Self:
        """Return the setting of pyproject.toml."""
        with (root / "pyproject.toml").open("rb") as file:
            return cls(**tomllib.load(file)["tool"]["suite"]["addresses"])

    @property
    def owner(self) -> str:
        """Owner of the repository, which the manifests name as code owner."""
        return self.source.rsplit("/", 2)[1]

    @property
    def issues(self) -> str:
        """Issue tracker of all integrations."""
        return f"{self.source}/issues"

    def page(self, name: str) -> str:
        """Return the address of a page of the documentation (`ecoflow`, `guides/backup`)."""
        return f"{self.docs}/{name}/"

    def repository(self, domain: str) -> str:
        """Return the address of an integration's HACS repository."""
        return self.repositories.format(domain=domain)


def replaced(text: str, old: Addresses, new: Addresses) -> str:
    """Return a text with the new addresses, also where an address is given as `owner/name`."""
    pairs = [
        (old.docs, new.docs),
        (old.firmware, new.firmware),
        (old.source, new.source),
        (old.repositories.removesuffix("{domain}"), new.repositories.removesuffix("{domain}")),
        (_slug(old.source), _slug(new.source)),
        (f"@{old.owner}", f"@{new.owner}"),
    ]
    # Longest first, each place once: an address may begin with another one.
    table = dict(sorted(pairs, key=lambda pair: -len(pair[0])))
    pattern = re.compile("|".join(re.escape(key) + r"(?![\w-])" if key[-1] != "/" else re.escape(key) for key in table))
    return pattern.sub(lambda match: table[match[0]], text)


def _slug(url: str) -> str:
    return "/".join(url.rsplit("/", 2)[1:])


def texts(root: Path = ROOT) -> Iterator[Path]:
    """Return the tracked text files."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True).stdout
    for name in listed.split("\0"):
        file = root / name
        if name and file.is_file() and not file.is_symlink() and file.suffix not in _BINARY:
            yield file


def apply(new: Addresses, root: Path = ROOT) -> list[Path]:
    """Replace the addresses in all tracked files; return the changed ones."""
    old = Addresses.load(root)
    changed = []
    for file in texts(root):
        try:
            before = file.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        if (after := replaced(before, old, new)) != before:
            file.write_text(after, "utf-8")
            changed.append(file)
    return changed


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    present = asdict(Addresses.load())
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in present.items():
        parser.add_argument(f"--{name}", default=value, metavar="URL", help=value)
    wanted = {name: str(value).rstrip("/") for name, value in vars(parser.parse_args(argv)).items()}
    if "{domain}" not in wanted["repositories"]:
        parser.error("--repositories must contain {domain}")
    if wanted == present:
        for name, value in present.items():
            print(f"{name}: {value}")
        return 0
    for file in apply(Addresses(**wanted)):
        print(file.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
