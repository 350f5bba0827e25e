"""The configuration as YAML for Git: without secrets, with a checksum, validated, with a diff before it is taken."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
import difflib
import hashlib
import json
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant, callback
import probatio as vol
from yarl import URL

from .const import (
    CONF_CAPABILITIES,
    CONF_HASHPRICE_URL,
    CONF_INFO,
    CONF_KIND,
    CONF_PRICE,
    CONF_REFRESH_TOKEN,
    DOMAIN,
    SUBENTRY_METER,
    SUBENTRY_SOURCE,
    SUBENTRY_ZONE,
)
from .drivers.capabilities import capabilities_from_dict
from .flows.basics import SYSTEM_SCHEMA, problems_of as system_problems
from .flows.meter import METER_SCHEMA
from .flows.options import SUBJECTS, problems_of as option_problems
from .flows.source_forms import FORMS, form_name
from .flows.zone import ZONE_SCHEMA, problems_of as zone_problems

FORMAT: Final = 1
SECRETS: Final = frozenset({"password", "api_key", "api_secret", "token", "username", CONF_REFRESH_TOKEN})
MASK: Final = "***"
_LISTS: Final = {"zones": SUBENTRY_ZONE, "sources": SUBENTRY_SOURCE, "meters": SUBENTRY_METER}
_SECRET_WORDS: Final = ("auth", "key", "pass", "secret", "sig", "token")


class TransferError(ValueError):
    """A text that cannot be taken; says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """A zone, heat source or meter. `subentry_id` None: a new one."""

    kind: str
    title: str
    unique_id: str | None
    data: Mapping[str, Any]
    subentry_id: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """An entry as it is, or as it would be."""

    data: Mapping[str, Any]
    options: Mapping[str, Any]
    parts: tuple[Part, ...]


def plan_of(entry: ConfigEntry) -> Plan:
    """The entry as it is."""
    parts = (
        Part(item.subentry_type, item.title, item.unique_id, item.data, item.subentry_id)
        for item in entry.subentries.values()
    )
    return Plan(entry.data, entry.options, tuple(parts))


def export(entry: ConfigEntry) -> dict[str, Any]:
    """The entry as plain data."""
    return plain(plan_of(entry))


def plain(plan: Plan) -> dict[str, Any]:
    """Without secrets, with a checksum."""
    rows = {name: [_row(part) for part in plan.parts if part.kind == kind] for name, kind in _LISTS.items()}
    body = {
        "format": FORMAT,
        "domain": DOMAIN,
        "name": plan.data.get(CONF_NAME),
        "system": dict(plan.data),
        "options": without_keys(plan.options),
        **rows,
    }
    return {**body, "checksum": checksum(body)}


def _row(part: Part) -> dict[str, Any]:
    data = {key: value for key, value in part.data.items() if key not in SECRETS}
    return data if part.kind == SUBENTRY_ZONE else {"id": part.unique_id, "title": part.title, **data}


def without_keys(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options in which a key inside an address is not told."""
    told = {subject: dict(values) for subject, values in options.items()}
    if url := told.get(CONF_PRICE, {}).get(CONF_HASHPRICE_URL):
        told[CONF_PRICE][CONF_HASHPRICE_URL] = masked(str(url))
    return told


def masked(address: str) -> str:
    """An address without password and keys."""
    try:
        url = URL(address)
        query = [
            (name, MASK if any(word in name.lower() for word in _SECRET_WORDS) else value)
            for name, value in url.query.items()
        ]
        url = url.with_password(MASK) if url.password else url
    except ValueError:
        return MASK
    return str(url.with_query(query)) if MASK in dict(query).values() or url.password else address


def checksum(body: Mapping[str, Any]) -> str:
    """SHA-256 of everything but itself, in a form that no reordering changes."""
    told = {key: value for key, value in body.items() if key != "checksum"}
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def to_yaml(body: Mapping[str, Any]) -> str:
    """As text; blocking only for the CPU."""
    import yaml

    text: str = yaml.safe_dump(json.loads(json.dumps(body, default=str)), sort_keys=True, allow_unicode=True)
    return text


def parse(text: str) -> dict[str, Any]:
    """Text -> the checked parts that it holds; raises TransferError. A changed text needs its checksum removed."""
    import yaml

    try:
        body = yaml.safe_load(text)
    except yaml.YAMLError as err:
        raise TransferError(f"not YAML: {err}") from err
    if not isinstance(body, dict) or body.get("format") != FORMAT or body.get("domain") != DOMAIN:
        raise TransferError(f"not a configuration of {DOMAIN} in format {FORMAT}")
    if (told := body.get("checksum")) is not None and told != checksum(body):
        raise TransferError("the checksum does not fit: remove it if the change is wanted")
    checks = {"system": _system, "options": _options, "zones": _zones, "sources": _devices, "meters": _devices}
    return {**body, **{name: check(body[name], name) for name, check in checks.items() if name in body}}


def _system(values: Any, _: str) -> dict[str, Any]:
    try:
        checked: dict[str, Any] = SYSTEM_SCHEMA(values)
    except vol.Invalid as err:
        raise TransferError(f"system: {err}") from err
    for field, problem in system_problems(checked).items():
        raise TransferError(f"system.{field}: {problem}")
    return checked


def _options(options: Any, _: str) -> dict[str, Any]:
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
        for field, problem in option_problems(subject, checked[subject]).items():
            raise TransferError(f"options.{subject}.{field}: {problem}")
    return checked


def _rows(rows: Any, name: str) -> list[dict[str, Any]]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise TransferError(f"{name}: not a list")
    return rows


def _zones(zones: Any, name: str) -> list[dict[str, Any]]:
    checked = []
    for index, zone in enumerate(_rows(zones, name)):
        try:
            checked.append(ZONE_SCHEMA(zone))
        except vol.Invalid as err:
            raise TransferError(f"zones[{index}]: {err}") from err
        for field, problem in zone_problems(checked[-1]).items():
            raise TransferError(f"zones[{index}].{field}: {problem}")
    _each_once([zone["name"].strip() for zone in checked], name)
    return checked


def _devices(rows: Any, name: str) -> list[dict[str, Any]]:
    """What is the same for sources and meters; their fields are looked at with `check_devices`."""
    for index, row in enumerate(_rows(rows, name)):
        for key in ("id", "title"):
            if not isinstance(row.get(key), str) or not row[key].strip():
                raise TransferError(f"{name}[{index}].{key}: missing")
        if told := SECRETS & row.keys():
            raise TransferError(f"{name}[{index}]: secrets do not belong into the text: {', '.join(sorted(told))}")
    _each_once([row["id"] for row in rows], name)
    return list(rows)


def _each_once(names: list[str], where: str) -> None:
    if twice := {name for name in names if names.count(name) > 1}:
        raise TransferError(f"{where}: {', '.join(sorted(twice))} twice")


async def check_devices(hass: HomeAssistant, body: Mapping[str, Any]) -> None:
    """Look at each field with the form that it came from; raises TransferError."""
    for index, row in enumerate(body.get("sources", ())):
        where = f"sources[{index}]"
        if row.get(CONF_KIND) not in FORMS:
            raise TransferError(f"{where}.kind: unknown")
        try:
            form = FORMS[form_name(row)]
            schema = await form.schema(hass)
            capabilities_from_dict(row[CONF_CAPABILITIES])
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            raise TransferError(f"{where}.capabilities: cannot be read") from err
        if not isinstance(row.get(CONF_INFO, {}), dict):
            raise TransferError(f"{where}.info: not a mapping")
        try:
            _fields(schema, row, where)
        except TransferError as err:
            broken = "" if form.broken is None else await form.broken(hass)
            raise TransferError(f"{err}; {broken}" if broken else str(err)) from err
    for index, row in enumerate(body.get("meters", ())):
        _fields(METER_SCHEMA, row, f"meters[{index}]")


def _fields(schema: vol.Schema, row: Mapping[str, Any], where: str) -> None:
    for key, selector in schema.schema.items():
        name = str(key)
        if name in row:
            try:
                selector(row[name])
            except vol.Invalid as err:
                raise TransferError(f"{where}.{name}: {err}") from err
        elif isinstance(key, vol.Required) and key.default is vol.UNDEFINED and name not in SECRETS:
            raise TransferError(f"{where}.{name}: missing")


def planned(entry: ConfigEntry, body: Mapping[str, Any]) -> Plan:
    """The entry as the text wants it: what the text leaves out stays, secrets stay. Raises TransferError."""
    now = plan_of(entry)
    parts = list(now.parts)
    for name, kind in _LISTS.items():
        for row in body.get(name, ()):
            _put(parts, _part(kind, row))
    # The name is that of the entry, and other entries have theirs.
    data = {**body["system"], CONF_NAME: now.data[CONF_NAME]} if "system" in body else now.data
    options = _with_keys(body["options"], now.options) if "options" in body else now.options
    return Plan(data, options, tuple(parts))


def _part(kind: str, row: Mapping[str, Any]) -> Part:
    if kind == SUBENTRY_ZONE:
        name = row[CONF_NAME].strip()
        return Part(kind, name, f"{row['temperature']}_{name}", row)
    return Part(kind, row["title"].strip(), row["id"], {key: row[key] for key in row if key not in ("id", "title")})


def _put(parts: list[Part], part: Part) -> None:
    """In the place of what it changes (zones by their name, devices by their id), else at the end."""
    for index, known in enumerate(parts):
        same = known.title == part.title if part.kind == SUBENTRY_ZONE else known.unique_id == part.unique_id
        if known.kind == part.kind and same:
            secrets = {key: value for key, value in known.data.items() if key in SECRETS}
            parts[index] = replace(known, title=part.title, data={**part.data, **secrets})
            return
    parts.append(part)


def _with_keys(options: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """With the keys inside an address that the text does not tell."""
    taken = {subject: dict(values) for subject, values in options.items()}
    url = str(taken.get(CONF_PRICE, {}).get(CONF_HASHPRICE_URL, ""))
    if MASK in url:
        known = str(stored.get(CONF_PRICE, {}).get(CONF_HASHPRICE_URL, ""))
        if masked(known) != url:
            raise TransferError(f"options.{CONF_PRICE}.{CONF_HASHPRICE_URL}: its key is not in the text")
        taken[CONF_PRICE][CONF_HASHPRICE_URL] = known
    return taken


def difference(now: Mapping[str, Any], then: Mapping[str, Any]) -> list[str]:
    """What would change, as lines of a unified diff."""
    keys = ("system", "options", *_LISTS)
    before = to_yaml({key: now.get(key) for key in keys}).splitlines()
    after = to_yaml({key: then.get(key) for key in keys}).splitlines()
    return list(difflib.unified_diff(before, after, "now", "then", lineterm="", n=1))


@callback
def carry_out(hass: HomeAssistant, entry: ConfigEntry, plan: Plan) -> None:
    """Change the entry; it is set up anew. Sources that are new ask for their secrets."""
    for part in plan.parts:
        if part.subentry_id is None:
            subentry = ConfigSubentry(
                data=MappingProxyType(dict(part.data)),
                subentry_type=part.kind,
                title=part.title,
                unique_id=part.unique_id,
            )
            hass.config_entries.async_add_subentry(entry, subentry)
        else:
            known = entry.subentries[part.subentry_id]
            hass.config_entries.async_update_subentry(entry, known, title=part.title, data=dict(part.data))
    hass.config_entries.async_update_entry(entry, data=dict(plan.data), options=dict(plan.options))
