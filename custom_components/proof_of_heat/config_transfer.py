"""Export and import of the configuration as YAML: without secrets, with a checksum, validated, with a diff."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
import difflib
import hashlib
import json
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_NAME, CONF_PASSWORD
from homeassistant.core import HomeAssistant, callback
import probatio as vol
from yarl import URL

from ._lib.local_week import english_week
from ._lib.user_text import UserTextError, parse_yaml
from ._lib.week_schedule import ScheduleError, WeekSchedule
from .const import (
    CONF_ADVANCED,
    CONF_CAPABILITIES,
    CONF_HASHPRICE_URL,
    CONF_INFO,
    CONF_KIND,
    CONF_PRICE,
    CONF_WEEK,
    DOMAIN,
    SUBENTRY_METER,
    SUBENTRY_SOURCE,
    SUBENTRY_ZONE,
)
from .drivers.capabilities import capabilities_from_dict
from .flows.advanced import fields_of, source_advanced
from .flows.basics import FULL_SCHEMA, problems_of as system_problems
from .flows.meter import METER_SCHEMA
from .flows.options import SUBJECTS, problems_of as option_problems
from .flows.zone import ZONE_SCHEMA, name_key, problems_of as zone_problems
from .sources import registry

FORMAT: Final = 1
MASK: Final = "***"
_LISTS: Final = {"zones": SUBENTRY_ZONE, "sources": SUBENTRY_SOURCE, "meters": SUBENTRY_METER}
_SECRET_WORDS: Final = ("auth", "key", "pass", "secret", "sig", "token")


class ConfigTransferError(ValueError):
    """An invalid text, with the reason."""


@dataclass(frozen=True, slots=True)
class ConfigPart:
    """A zone, heat source or meter. `subentry_id` None: a new one."""

    kind: str
    title: str
    unique_id: str | None
    data: Mapping[str, Any]
    subentry_id: str | None = None


@dataclass(frozen=True, slots=True)
class ConfigDraft:
    """An entry as it is, or as it would be."""

    data: Mapping[str, Any]
    options: Mapping[str, Any]
    parts: tuple[ConfigPart, ...]


def _secrets() -> frozenset[str]:
    return registry.secrets() | {CONF_PASSWORD}


def draft_of(entry: ConfigEntry) -> ConfigDraft:
    """Return the entry as it is."""
    parts = (
        ConfigPart(item.subentry_type, item.title, item.unique_id, item.data, item.subentry_id)
        for item in entry.subentries.values()
    )
    return ConfigDraft(entry.data, entry.options, tuple(parts))


def export(entry: ConfigEntry) -> dict[str, Any]:
    """Return the entry as data."""
    return as_data(draft_of(entry))


def as_data(draft: ConfigDraft) -> dict[str, Any]:
    """Return a draft as data without secrets, with a checksum."""
    rows = {name: [_row(part) for part in draft.parts if part.kind == kind] for name, kind in _LISTS.items()}
    body = {
        "format": FORMAT,
        "domain": DOMAIN,
        "name": draft.data.get(CONF_NAME),
        "system": dict(draft.data),
        "options": redact_options(draft.options),
        **rows,
    }
    return {**body, "checksum": checksum(body)}


def _row(part: ConfigPart) -> dict[str, Any]:
    data = {key: value for key, value in part.data.items() if key not in _secrets()}
    return data if part.kind == SUBENTRY_ZONE else {"id": part.unique_id, "title": part.title, **data}


def redact_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options without keys that are part of an address."""
    redacted = {subject: dict(values) for subject, values in options.items()}
    if url := redacted.get(CONF_PRICE, {}).get(CONF_HASHPRICE_URL):
        redacted[CONF_PRICE][CONF_HASHPRICE_URL] = redact_url(str(url))
    return redacted


def redact_url(address: str) -> str:
    """Return an address without password and keys."""
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
    """Return the SHA-256 of everything except itself; the order does not matter."""
    content = {key: value for key, value in body.items() if key != "checksum"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def to_yaml(body: Mapping[str, Any]) -> str:
    """Return the data as YAML."""
    import yaml

    text: str = yaml.safe_dump(json.loads(json.dumps(body, default=str)), sort_keys=True, allow_unicode=True)
    return text


def parse(text: str) -> dict[str, Any]:
    """Parse and validate a text; raises ConfigTransferError."""
    return validate(load(text))


def load(text: str) -> Any:
    """Parse a text; raises ConfigTransferError. Blocking: a long text takes seconds."""
    try:
        return parse_yaml(text)
    except UserTextError as err:
        raise ConfigTransferError(str(err)) from err


def validate(body: Any) -> dict[str, Any]:
    """Validate a parsed text; raises ConfigTransferError. The checksum of an edited text has to be removed."""
    if not isinstance(body, dict) or body.get("format") != FORMAT or body.get("domain") != DOMAIN:
        raise ConfigTransferError(f"must be a configuration of {DOMAIN} in format {FORMAT}")
    if (stated := body.get("checksum")) is not None and stated != checksum(body):
        raise ConfigTransferError("checksum: does not match; remove it if the text was edited on purpose")
    checks = {"system": _system, "options": _options, "zones": _zones, "sources": _devices, "meters": _devices}
    return {**body, **{name: check(body[name], name) for name, check in checks.items() if name in body}}


def _system(values: Any, _: str) -> dict[str, Any]:
    try:
        checked: dict[str, Any] = FULL_SCHEMA(values)
    except vol.Invalid as err:
        raise ConfigTransferError(f"system: {err}") from err
    for field, problem in system_problems(checked).items():
        raise ConfigTransferError(f"system.{field}: {problem}")
    return checked


def _options(options: Any, _: str) -> dict[str, Any]:
    if not isinstance(options, dict):
        raise ConfigTransferError("options: must be a mapping")
    if unknown := set(options) - set(SUBJECTS):
        raise ConfigTransferError(f"options: unknown key {', '.join(sorted(unknown))}")
    checked = {}
    for subject, values in options.items():
        try:
            checked[subject] = SUBJECTS[subject](values)
        except vol.Invalid as err:
            raise ConfigTransferError(f"options.{subject}: {err}") from err
        for field, problem in option_problems(subject, checked[subject]).items():
            raise ConfigTransferError(f"options.{subject}.{field}: {problem}")
    return checked


def _rows(rows: Any, name: str) -> list[dict[str, Any]]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigTransferError(f"{name}: must be a list of mappings")
    return rows


def _zones(zones: Any, name: str) -> list[dict[str, Any]]:
    checked = []
    for index, zone in enumerate(_rows(zones, name)):
        try:
            checked.append(ZONE_SCHEMA({key: value for key, value in zone.items() if key != CONF_WEEK}))
        except vol.Invalid as err:
            raise ConfigTransferError(f"zones[{index}]: {err}") from err
        for field, problem in zone_problems(checked[-1]).items():
            raise ConfigTransferError(f"zones[{index}].{field}: {problem}")
        if CONF_WEEK in zone:
            checked[-1][CONF_WEEK] = _week(zone[CONF_WEEK], f"zones[{index}].{CONF_WEEK}")
    _each_once([zone["name"].strip() for zone in checked], name, name_key)
    return checked


def _week(rows: Any, where: str) -> Any:
    """Return a weekly schedule with English days; people also write those of their language."""
    week = english_week(rows)
    try:
        WeekSchedule.parse(week)
    except ScheduleError as err:
        raise ConfigTransferError(f"{where}{err.field}: {err.message}") from err
    return week


def _devices(rows: Any, name: str) -> list[dict[str, Any]]:
    """Check the common fields of sources and meters; `check_devices` checks the others."""
    for index, row in enumerate(_rows(rows, name)):
        for key in ("id", "title"):
            if not isinstance(row.get(key), str) or not row[key].strip():
                raise ConfigTransferError(f"{name}[{index}].{key}: is required")
        if found := _secrets() & row.keys():
            raise ConfigTransferError(f"{name}[{index}]: must not contain secrets: {', '.join(sorted(found))}")
    _each_once([row["id"] for row in rows], name)
    return list(rows)


def _each_once(names: list[str], where: str, key: Callable[[str], str] = str) -> None:
    keys = [key(name) for name in names]
    if twice := {name for name in names if keys.count(key(name)) > 1}:
        raise ConfigTransferError(f"{where}: duplicate {', '.join(sorted(twice))}")


async def check_devices(hass: HomeAssistant, body: Mapping[str, Any]) -> None:
    """Validate each field with the form of its source type; raises ConfigTransferError."""
    for index, row in enumerate(body.get("sources", ())):
        where = f"sources[{index}]"
        if row.get(CONF_KIND) not in registry.SOURCE_TYPES:
            raise ConfigTransferError(f"{where}.kind: unknown heat-source type")
        try:
            form = registry.form_of(row)
            schema = await form.schema(hass)
            capabilities_from_dict(row[CONF_CAPABILITIES])
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            raise ConfigTransferError(f"{where}.capabilities: invalid") from err
        if not isinstance(row.get(CONF_INFO, {}), dict):
            raise ConfigTransferError(f"{where}.info: must be a mapping")
        try:
            _fields(schema, row, where)
            _fields(source_advanced(row[CONF_KIND]), _advanced(row, where), f"{where}.{CONF_ADVANCED}")
        except ConfigTransferError as err:
            warning = "" if form.warning is None else await form.warning(hass)
            raise ConfigTransferError(f"{err}; {warning}" if warning else str(err)) from err
    for index, row in enumerate(body.get("meters", ())):
        _fields(METER_SCHEMA, row, f"meters[{index}]")


def _advanced(row: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """Return the advanced settings of a source."""
    advanced = row.get(CONF_ADVANCED, {})
    if not isinstance(advanced, dict):
        raise ConfigTransferError(f"{where}.{CONF_ADVANCED}: must be a mapping")
    if unknown := advanced.keys() - set(fields_of(row[CONF_KIND])):
        raise ConfigTransferError(f"{where}.{CONF_ADVANCED}: unknown key {', '.join(sorted(map(str, unknown)))}")
    return advanced


def _fields(schema: vol.Schema, row: Mapping[str, Any], where: str) -> None:
    for key, selector in schema.schema.items():
        name = str(key)
        if name in row:
            try:
                selector(row[name])
            except vol.Invalid as err:
                raise ConfigTransferError(f"{where}.{name}: {err}") from err
        elif isinstance(key, vol.Required) and key.default is vol.UNDEFINED and name not in _secrets():
            raise ConfigTransferError(f"{where}.{name}: is required")


def merged(entry: ConfigEntry, body: Mapping[str, Any]) -> ConfigDraft:
    """Return the entry changed by the text; omitted parts and secrets stay. Raises ConfigTransferError."""
    now = draft_of(entry)
    parts = list(now.parts)
    for name, kind in _LISTS.items():
        for row in body.get(name, ()):
            _merge_part(parts, _part(kind, row))
    # The name stays, because it identifies the entry.
    data = {**body["system"], CONF_NAME: now.data[CONF_NAME]} if "system" in body else now.data
    options = _with_keys(body["options"], now.options) if "options" in body else now.options
    return ConfigDraft(data, options, tuple(parts))


def _part(kind: str, row: Mapping[str, Any]) -> ConfigPart:
    if kind == SUBENTRY_ZONE:
        name = row[CONF_NAME].strip()
        return ConfigPart(kind, name, f"{row['temperature']}_{name}", row)
    return ConfigPart(
        kind, row["title"].strip(), row["id"], {key: row[key] for key in row if key not in ("id", "title")}
    )


def _merge_part(parts: list[ConfigPart], part: ConfigPart) -> None:
    """Replace the zone of the same name or the device of the same id, else add the part."""
    for index, known in enumerate(parts):
        is_zone = part.kind == SUBENTRY_ZONE
        same = name_key(known.title) == name_key(part.title) if is_zone else known.unique_id == part.unique_id
        if known.kind == part.kind and same:
            secrets = {key: value for key, value in known.data.items() if key in _secrets()}
            parts[index] = replace(known, title=part.title, data={**part.data, **secrets})
            return
    parts.append(part)


def _with_keys(options: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Restore the keys in addresses, which the text does not contain."""
    restored = {subject: dict(values) for subject, values in options.items()}
    url = str(restored.get(CONF_PRICE, {}).get(CONF_HASHPRICE_URL, ""))
    if MASK in url:
        known = str(stored.get(CONF_PRICE, {}).get(CONF_HASHPRICE_URL, ""))
        if redact_url(known) != url:
            raise ConfigTransferError(f"options.{CONF_PRICE}.{CONF_HASHPRICE_URL}: its key is missing in the text")
        restored[CONF_PRICE][CONF_HASHPRICE_URL] = known
    return restored


def difference(now: Mapping[str, Any], then: Mapping[str, Any]) -> list[str]:
    """Return the changes as lines of a unified diff."""
    keys = ("system", "options", *_LISTS)
    before = to_yaml({key: now.get(key) for key in keys}).splitlines()
    after = to_yaml({key: then.get(key) for key in keys}).splitlines()
    return list(difflib.unified_diff(before, after, "now", "then", lineterm="", n=1))


@callback
def apply_draft(hass: HomeAssistant, entry: ConfigEntry, draft: ConfigDraft) -> None:
    """Change the entry, which reloads it. The secrets of new sources are then requested."""
    for part in draft.parts:
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
    hass.config_entries.async_update_entry(entry, data=dict(draft.data), options=dict(draft.options))
