"""Check manifest.json, hacs.json and the brand images, as hassfest and HACS do."""

import json
import re
import struct
import tomllib

from awesomeversion import AwesomeVersion, AwesomeVersionException, AwesomeVersionStrategy as Strategy
from homeassistant.loader import Manifest
from homeassistant.util import slugify

from .integration import COMPONENTS, CORE, ROOT, Findings, Integration, Json

_REQUIRED = (
    "domain",
    "name",
    "codeowners",
    "config_flow",
    "documentation",
    "integration_type",
    "iot_class",
    "issue_tracker",
    "requirements",
    "version",
)
_IOT_CLASSES = {"assumed_state", "calculated", "cloud_polling", "cloud_push", "local_polling", "local_push"}
_VERSIONS = [Strategy.CALVER, Strategy.SEMVER, Strategy.SIMPLEVER, Strategy.BUILDVER, Strategy.PEP440]
# Packages that Home Assistant rejects now or soon, with their replacement.
_REPLACED = {
    "pyserial": "serialx",
    "pyserial-asyncio": "serialx",
    "pyserial-asyncio-fast": "serialx",
    "pymodbus": "core's modbus",
    "voluptuous": "probatio",
    "requests": "core's aiohttp session",
}


def check(integration: Integration) -> Findings:
    """Return all findings about one manifest."""
    manifest = integration.manifest
    yield from _keys(manifest)
    yield from _identity(integration, manifest)
    yield from _dependencies(manifest)
    yield from _requirements(manifest)
    yield from _brand(integration)


def _keys(manifest: Json) -> Findings:
    rest = [key for key in manifest if key not in ("domain", "name")]
    if list(manifest) != ["domain", "name", *sorted(rest)]:
        yield "manifest: the keys have to be in the order domain, name, then alphabetical"
    for key in _REQUIRED:
        if key not in manifest:
            yield f"manifest: {key} is missing"
    for key in manifest.keys() - Manifest.__annotations__.keys():
        yield f"manifest: unknown key {key}"


def _identity(integration: Integration, manifest: Json) -> Findings:
    domain = str(manifest.get("domain"))
    if domain != integration.domain or slugify(domain) != domain:
        yield "manifest: the domain has to be a slug and the folder's name"
    if (CORE / domain).is_dir():
        yield "manifest: the domain is one of Home Assistant's own"
    yield from _prefixes(domain)
    if manifest.get("iot_class") not in _IOT_CLASSES:
        yield "manifest: bad iot_class"
    try:
        AwesomeVersion(manifest.get("version", ""), ensure_strategy=_VERSIONS)
    except AwesomeVersionException as err:
        yield f"manifest: version: {err}"
    owners = manifest.get("codeowners") or []
    if not owners or any(not owner.startswith("@") for owner in owners):
        yield "manifest: codeowners have to be there and begin with @"
    for key in ("documentation", "issue_tracker"):
        if not str(manifest.get(key)).startswith("https://"):
            yield f"manifest: {key} has to be an https address"
    if bool(manifest.get("config_flow")) != (integration.path / "config_flow.py").is_file():
        yield "manifest: config_flow and config_flow.py disagree"


def _prefixes(domain: str) -> Findings:
    for other in COMPONENTS.glob("*/manifest.json"):
        name = other.parent.name
        if name != domain and name.startswith(domain):
            yield f"manifest: {domain} is a prefix of {name}: HACS would match both"


def _dependencies(manifest: Json) -> Findings:
    for name in manifest.get("dependencies", []):
        if (COMPONENTS / name).is_dir():
            yield f"manifest: {name} is a sibling, which may not be installed"
        elif not (CORE / name).is_dir():
            yield f"manifest: there is no integration {name}"
    for name in manifest.get("after_dependencies", []):
        if not (CORE / name).is_dir() and not (COMPONENTS / name).is_dir():
            yield f"manifest: there is no integration {name}"


def _requirements(manifest: Json) -> Findings:
    with (ROOT / "pyproject.toml").open("rb") as file:
        groups = tomllib.load(file)["dependency-groups"]
    ours = {_name(item): item for group in ("ha", "integrations") for item in groups[group]}
    core = _constraints()
    for requirement in manifest.get("requirements", []):
        name = _name(requirement)
        if name in _REPLACED:
            yield f"manifest: {name} should be {_REPLACED[name]}"
        if name in core and "==" in requirement:
            yield f"manifest: {requirement}: Home Assistant pins {name} itself, to another version each month"
        if name not in ours:
            yield f"manifest: {requirement} is not in pyproject.toml's group integrations"


def _name(requirement: str) -> str:
    return re.split(r"[=<>\[ ~!]", requirement)[0].lower().replace("_", "-")


def _constraints() -> set[str]:
    """Return the packages that Home Assistant constrains or pins for a core integration."""
    lines = (CORE.parent / "package_constraints.txt").read_text("utf-8").splitlines()
    return {_name(line) for line in lines if line and not line.startswith("#")}


def _brand(integration: Integration) -> Findings:
    for name, size in (("icon.png", 256), ("icon@2x.png", 512)):
        file = integration.path / "brand" / name
        if not file.is_file():
            yield f"brand/{name} is missing"
            continue
        head = file.read_bytes()[:24]
        if head[:8] != b"\x89PNG\r\n\x1a\n" or struct.unpack(">II", head[16:24]) != (size, size):
            yield f"brand/{name} has to be a PNG of {size}x{size}"


def check_hacs() -> Findings:
    """Check hacs.json in the root folder."""
    known = {"name", "content_in_root", "zip_release", "filename", "hide_default_branch", "homeassistant", "hacs"}
    known |= {"country", "persistent_directory", "render_readme"}
    try:
        data = json.loads((ROOT / "hacs.json").read_text("utf-8"))
    except (OSError, ValueError) as err:
        yield f"hacs.json: {err}"
        return
    for key in data.keys() - known:
        yield f"hacs.json: unknown key {key}"
    if "name" not in data:
        yield "hacs.json: name is missing"
    if data.get("zip_release") and "filename" not in data:
        yield "hacs.json: zip_release needs filename"
