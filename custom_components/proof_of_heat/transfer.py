"""The configuration as YAML for Git: without secrets, with a checksum, validated, with a diff before it is taken."""

from collections.abc import Mapping
import difflib
import hashlib
import json
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
import probatio as vol

from .const import CONF_REFRESH_TOKEN, DOMAIN, SUBENTRY_SOURCE, SUBENTRY_ZONE
from .flows.options import SUBJECTS
from .flows.zone import ZONE_SCHEMA

FORMAT: Final = 1
SECRETS: Final = frozenset({"password", "api_key", "api_secret", "token", "username", CONF_REFRESH_TOKEN})


class TransferError(ValueError):
    """A text that cannot be taken; says why."""


def export(entry: ConfigEntry) -> dict[str, Any]:
    """The entry as plain data."""
    body = {
        "format": FORMAT,
        "domain": DOMAIN,
        "name": entry.title,
        "system": dict(entry.data),
        "options": {key: dict(value) for key, value in entry.options.items()},
        "zones": [dict(item.data) for item in entry.subentries.values() if item.subentry_type == SUBENTRY_ZONE],
        "sources": [
            {"title": item.title, **{key: value for key, value in item.data.items() if key not in SECRETS}}
            for item in entry.subentries.values()
            if item.subentry_type == SUBENTRY_SOURCE
        ],
    }
    return {**body, "checksum": checksum(body)}


def checksum(body: Mapping[str, Any]) -> str:
    """SHA-256 of everything but itself, in a form that no reordering changes."""
    plain = {key: value for key, value in body.items() if key != "checksum"}
    return hashlib.sha256(json.dumps(plain, sort_keys=True, default=str).encode()).hexdigest()


def to_yaml(body: Mapping[str, Any]) -> str:
    """As text; blocking only for the CPU."""
    import yaml

    text: str = yaml.safe_dump(json.loads(json.dumps(body, default=str)), sort_keys=True, allow_unicode=True)
    return text


def parse(text: str, *, check: bool = True) -> dict[str, Any]:
    """Text -> checked data; raises TransferError. A changed text needs its checksum removed, or `check` off."""
    import yaml

    try:
        body = yaml.safe_load(text)
    except yaml.YAMLError as err:
        raise TransferError(f"not YAML: {err}") from err
    if not isinstance(body, dict) or body.get("format") != FORMAT or body.get("domain") != DOMAIN:
        raise TransferError(f"not a configuration of {DOMAIN} in format {FORMAT}")
    if check and (told := body.get("checksum")) is not None and told != checksum(body):
        raise TransferError("the checksum does not fit: remove it if the change is wanted")
    return {**body, "options": _options(body.get("options", {})), "zones": _zones(body.get("zones", []))}


def _options(options: Any) -> dict[str, Any]:
    if not isinstance(options, dict):
        raise TransferError("options: not a mapping")
    if unknown := set(options) - set(SUBJECTS):
        raise TransferError(f"options: unknown {', '.join(sorted(unknown))}")
    checked = {}
    for subject, values in options.items():
        try:
            checked[subject] = SUBJECTS[subject](values)
        except vol.Invalid as err:
            raise TransferError(f"options.{subject}: {err}") from err
    return checked


def _zones(zones: Any) -> list[dict[str, Any]]:
    if not isinstance(zones, list):
        raise TransferError("zones: not a list")
    checked = []
    for index, zone in enumerate(zones):
        try:
            checked.append(ZONE_SCHEMA(zone))
        except vol.Invalid as err:
            raise TransferError(f"zones[{index}]: {err}") from err
    return checked


def difference(now: Mapping[str, Any], then: Mapping[str, Any]) -> list[str]:
    """What would change, as lines of a unified diff (sources are not imported: their secrets are not in the text)."""
    keys = ("options", "zones")
    before = to_yaml({key: now.get(key) for key in keys}).splitlines()
    after = to_yaml({key: then.get(key) for key in keys}).splitlines()
    return list(difflib.unified_diff(before, after, "now", "then", lineterm="", n=1))
