"""Check documents and licenses: links have a target, dependencies have a compatible license."""

import importlib.metadata
import re
import subprocess

from .integration import ROOT, Findings, Integration

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_ANCHOR_DROPPED = re.compile(r"[^\w\- ]")
# Licenses of packages that the integrations install; all OSI-approved and compatible with Apache-2.0.
_LICENSES = ("apache", "mit", "bsd", "isc", "psf", "python software foundation", "mpl", "lgpl", "unlicense")


def check_links() -> Findings:
    """Report relative links in Markdown files whose file or heading does not exist."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.split():
        file = ROOT / name
        if not file.is_file():
            continue
        for link in _LINK.findall(file.read_text("utf-8")):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = (file.parent / path).resolve() if path else file
            if not target.exists():
                yield f"{name}: {link} points to nothing"
            elif anchor and target.suffix == ".md" and anchor not in _anchors(target.read_text("utf-8")):
                yield f"{name}: {link}: there is no such heading"


def _anchors(text: str) -> set[str]:
    headings = (line.lstrip("#").strip().lower() for line in text.splitlines() if line.startswith("#"))
    return {_ANCHOR_DROPPED.sub("", heading).replace(" ", "-") for heading in headings}


def check_license_files() -> Findings:
    """Check the project's own license, and that third-party data has a notice."""
    if "Apache License" not in (ROOT / "LICENSE").read_text("utf-8"):
        yield "LICENSE is not Apache-2.0"
    for data in ROOT.glob("simulators/**/*.csv"):
        if not any((data.parent / name).is_file() for name in ("NOTICE.md", "NOTICE")):
            yield f"{data.relative_to(ROOT)}: there is no NOTICE in its folder"


def check_requirement_licenses(integration: Integration) -> Findings:
    """Check the licenses of an integration's requirements."""
    for requirement in integration.manifest.get("requirements", []):
        name = re.split(r"[=<>\[ ~!]", requirement)[0]
        try:
            metadata = importlib.metadata.metadata(name)
        except importlib.metadata.PackageNotFoundError:
            yield f"manifest: {name} is not installed here"
            continue
        classifiers = [c for c in metadata.get_all("Classifier") or [] if c.startswith("License")]
        words = " ".join([metadata.get("License-Expression") or "", metadata.get("License") or "", *classifiers])
        if not any(name in words.lower() for name in _LICENSES):
            yield f"manifest: {name}: unknown license: {words[:80] or 'none given'}"
