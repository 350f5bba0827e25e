"""CycloneDX 1.6 bill of materials of one integration.

It names what the archive contains (the integration, the libraries bundled into its cards) and what Home Assistant
installs for it, in the versions of requirements.lock that the tests ran with. It contains no date and no random number.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
import hashlib
import importlib.metadata
import json
from pathlib import Path
import re
from typing import Any
import uuid

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ..addresses import Addresses

ROOT = Path(__file__).resolve().parents[3]
# Home Assistant OS; markers must not depend on the machine that releases.
_ENVIRONMENT = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.14.2",
    "python_version": "3.14",
    "sys_platform": "linux",
}
_TYPE_ONLY = "@types/"


def bill(domain: str, manifest: Mapping[str, Any], folder: Path, addresses: Addresses) -> dict[str, Any]:
    """Return the bill of materials."""
    name, version = str(manifest["name"]), str(manifest["version"])
    main = f"pkg:github/{'/'.join(addresses.repository(domain).rsplit('/', 2)[1:])}@{version}"
    python, edges = python_packages(manifest.get("requirements", []))
    bundled = list(npm_packages()) if list(folder.glob("frontend/*.js")) else []
    components = sorted([*python, *bundled], key=lambda item: str(item["bom-ref"]))
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes())
    direct = [_purl(requirement) for requirement in manifest.get("requirements", [])]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{main}#{digest.hexdigest()}')}",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "build"}],
            "tools": {"components": [{"type": "application", "name": "scripts/release", "version": version}]},
            "component": {
                "type": "application",
                "bom-ref": main,
                "name": domain,
                "version": version,
                "description": f"{name} for Home Assistant",
                "licenses": [{"license": {"id": "Apache-2.0"}}],
                "purl": main,
                "externalReferences": [
                    {"type": "vcs", "url": addresses.source},
                    {"type": "documentation", "url": addresses.page(domain)},
                    {"type": "issue-tracker", "url": addresses.issues},
                ],
            },
        },
        "components": components,
        "dependencies": sorted(
            [
                {"ref": main, "dependsOn": sorted({*direct, *(str(item["bom-ref"]) for item in bundled)})},
                *({"ref": ref, "dependsOn": sorted(needs)} for ref, needs in edges.items()),
                *({"ref": str(item["bom-ref"]), "dependsOn": []} for item in bundled),
            ],
            key=lambda item: str(item["ref"]),
        ),
    }


def python_packages(requirements: Iterable[str]) -> tuple[list[dict[str, Any]], dict[str, set[str]]]:
    """Return the packages that requirements install, and what each needs (by purl)."""
    found: dict[str, dict[str, Any]] = {}
    edges: dict[str, set[str]] = {}
    waiting = [Requirement(text) for text in requirements]
    done: set[tuple[str, str]] = set()
    while waiting:
        requirement = waiting.pop()
        purl = _purl(str(requirement))
        found.setdefault(purl, _package(requirement.name, purl))
        for extra in ("", *requirement.extras):
            if (purl, extra) in done:
                continue
            done.add((purl, extra))
            for needed in _needs(requirement.name, extra):
                edges.setdefault(purl, set()).add(_purl(str(needed)))
                waiting.append(needed)
        edges.setdefault(purl, set())
    return list(found.values()), edges


def _needs(name: str, extra: str) -> Iterator[Requirement]:
    """Return what a package needs, with an extra or without one."""
    for text in importlib.metadata.requires(name) or []:
        needed = Requirement(text)
        plain = needed.marker is None or needed.marker.evaluate({**_ENVIRONMENT, "extra": ""})
        chosen = needed.marker is None or needed.marker.evaluate({**_ENVIRONMENT, "extra": extra})
        if (plain if not extra else chosen and not plain) and _is_installed(needed.name):
            yield needed


def _is_installed(name: str) -> bool:
    # What the lock does not contain on this platform (psycopg-binary may have no wheel) is not named as tested.
    return canonicalize_name(name) in locked()


@cache
def locked() -> Mapping[str, str]:
    """Return package -> version of requirements.lock."""
    lines = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    pins = (re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", line) for line in lines)
    return {canonicalize_name(pin[1]): pin[2] for pin in pins if pin is not None}


def _purl(requirement: str) -> str:
    name = canonicalize_name(Requirement(requirement).name)
    return f"pkg:pypi/{name}@{locked()[name]}"


def _package(name: str, purl: str) -> dict[str, Any]:
    metadata = importlib.metadata.metadata(name)
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": str(canonicalize_name(name)),
        "version": purl.rpartition("@")[2],
        "scope": "required",
        "purl": purl,
    }
    if expression := metadata.get("License-Expression"):
        component["licenses"] = [{"expression": expression}]
    elif text := _license_name(metadata.get("License"), metadata.get_all("Classifier") or []):
        component["licenses"] = [{"license": {"name": text}}]
    return component


def _license_name(field: str | None, classifiers: list[str]) -> str | None:
    for classifier in classifiers:
        if classifier.startswith("License :: OSI Approved :: "):
            return classifier.rpartition(" :: ")[2]
    return field.strip().splitlines()[0][:100] if field and field.strip() else None


def npm_packages() -> Iterator[dict[str, Any]]:
    """Return the libraries that are bundled into the cards."""
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text("utf-8"))
    for path, package in sorted(lock["packages"].items()):
        name = path.rpartition("node_modules/")[2]
        if not path or package.get("dev") or name.startswith(_TYPE_ONLY):
            continue
        purl = f"pkg:npm/{name.replace('@', '%40')}@{package['version']}"
        yield {
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": package["version"],
            "scope": "required",
            "licenses": [{"license": {"id": package["license"]}}],
            "purl": purl,
        }
