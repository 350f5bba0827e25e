"""The tree of one integration's HACS repository."""

from collections.abc import Callable, Mapping
import json
from pathlib import Path
import re
import shutil
import subprocess
from typing import Any

from ..addresses import Addresses

ROOT = Path(__file__).resolve().parents[3]
COMPONENTS = ROOT / "custom_components"
DOCS = ROOT / "docs"
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
_WORKFLOW = Path(__file__).parent / "validate.yml"


def tag_problem(tag: str, manifests: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return what is wrong with a tag: HACS shows the tag, Home Assistant the version of the manifest."""
    wrong = [domain for domain, manifest in manifests.items() if manifest["version"] != tag.removeprefix("v")]
    return f"the tag is {tag}, but another version is in the manifest of {', '.join(sorted(wrong))}" if wrong else None


def stage(domain: str, manifest: Mapping[str, Any], target: Path, addresses: Addresses) -> Path:
    """Write the tree of an integration; return the integration's folder in it."""
    tree = target / domain
    shutil.rmtree(tree, ignore_errors=True)
    folder = tree / "custom_components" / domain
    for name in tracked(domain):
        copy = folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(COMPONENTS / domain / name, copy)
    _write(tree / "hacs.json", json.dumps(hacs(domain, manifest), indent=2))
    shutil.copyfile(ROOT / "LICENSE", tree / "LICENSE")
    page = (DOCS / f"{domain}.md").read_text("utf-8")
    _write(tree / "README.md", readme(page, addresses, _copier(tree)))
    _write(tree / "info.md", info(page, domain, addresses))
    _write(tree / "CHANGELOG.md", changelog((ROOT / "CHANGELOG.md").read_text("utf-8"), domain))
    workflow = tree / ".github" / "workflows" / "validate.yml"
    workflow.parent.mkdir(parents=True)
    shutil.copyfile(_WORKFLOW, workflow)
    return folder


def hacs(domain: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return hacs.json: HACS downloads the archive of a release, never a branch."""
    whole = json.loads((ROOT / "hacs.json").read_text("utf-8"))
    return {
        **whole,
        "name": manifest["name"],
        "zip_release": True,
        "filename": f"{domain}.zip",
        "hide_default_branch": True,
    }


def tracked(domain: str) -> list[str]:
    """Return the files of an integration that git tracks (no caches, no untracked files)."""
    command = ["git", "ls-files", "-z", f"custom_components/{domain}"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    prefix = f"custom_components/{domain}/"
    return sorted(name.removeprefix(prefix) for name in listed.split("\0") if name)


def _copier(tree: Path) -> Callable[[str], None]:
    def copy(name: str) -> None:
        (tree / "images").mkdir(exist_ok=True)
        shutil.copyfile(DOCS / "images" / name, tree / "images" / name)

    return copy


def readme(page: str, addresses: Addresses, copy_image: Callable[[str], None]) -> str:
    """Return the page of an integration for a repository without the other pages: links become absolute."""

    def link(match: re.Match[str]) -> str:
        picture, text, target = match.groups()
        path, _, anchor = target.partition("#")
        if not path or re.match(r"[a-z]+:", target):
            return match[0]
        if picture and path.startswith("images/"):
            copy_image(path.removeprefix("images/"))
            return match[0]
        return f"{picture}[{text}]({absolute(path, addresses)}{f'#{anchor}' if anchor else ''})"

    return _LINK.sub(link, page).rstrip("\n")


def absolute(path: str, addresses: Addresses) -> str:
    """Return the address of a file that a page in docs/ links to."""
    target = (DOCS / path).resolve().relative_to(ROOT)
    if target.suffix == ".md" and target.parts[0] == "docs":
        return addresses.page(str(Path(*target.parts[1:]).with_suffix("")))
    return f"{addresses.source}/blob/main/{target}"


def info(page: str, domain: str, addresses: Addresses) -> str:
    """Return the text that HACS shows before the download: title, first paragraph, where to read on."""
    title, _, rest = page.partition("\n\n")
    paragraph = rest.partition("\n\n")[0]
    read_on = f"[Documentation]({addresses.page(domain)}) · [Issues]({addresses.issues}) · [Source]({addresses.source})"
    return f"{title}\n\n{paragraph}\n\n{read_on}"


def changelog(whole: str, domain: str) -> str:
    """Return the changes of an integration: its own lines and those of all integrations."""
    kept = []
    for line in whole.splitlines():
        item = re.match(r"- `(\w+)`: ", line)
        if item is None or item[1] in (domain, "all"):
            kept.append(line)
    return "\n".join(kept).rstrip("\n")


def _write(file: Path, text: str) -> None:
    file.write_text(text + "\n", "utf-8")
