"""Collect diagnostics, decisions, states, repairs and log of the suite's integrations; write them as one archive."""

import asyncio
from collections.abc import Iterable, Mapping
import json
from pathlib import Path
import platform
from typing import Any, Final
import zipfile

from homeassistant import const
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.loader import IntegrationNotFound, async_get_integration
from homeassistant.util import dt as dt_util
from yarl import URL

from .._lib.redaction import Redactor, secrets_in
from .._lib.slices import in_slices
from ..const import DOMAIN
from .snapshot import snapshot

SUITE: Final = ("ecoflow", "edge_telemetry", "iot_heating", "ota", "proof_of_heat", "smart_outlet")
FOLDER: Final = "heat_suite_support"
_DECISIONS: Final = 200
_DIAGNOSTICS_TIMEOUT_S: Final = 30
_LONGEST_TEXT: Final = 10_000
"""Characters of a text of the log: enough for a traceback. The middle of a longer one is omitted."""
_LONGEST_LOG: Final = 500_000
"""Characters of all texts of the log; older records are omitted."""
_KEPT: Final = 5
"""Older bundles are deleted."""


async def async_collect(hass: HomeAssistant) -> dict[str, Any]:
    """Return file name -> content, redacted."""
    entries = [entry for domain in SUITE for entry in hass.config_entries.async_entries(domain)]
    files: dict[str, Any] = {"versions.json": await _versions(hass, entries), "issues.json": _issues(hass)}
    numbers: dict[str, int] = {}
    for entry in entries:
        numbers[entry.domain] = number = numbers.get(entry.domain, 0) + 1
        files[f"diagnostics/{entry.domain}/{number}.json"] = await _diagnostics(hass, entry)
        journal = getattr(getattr(entry, "runtime_data", None), "journal", None)
        if entry.domain == DOMAIN and journal is not None:
            files[f"decisions/{number}.json"] = await snapshot(list(journal.rows)[-_DECISIONS:])
    files["states.json"] = await _states(hass, entries)
    files["log.json"] = _log(hass)
    return await hass.async_add_executor_job(_redacted, files, await _known_secrets(hass, entries))


async def async_write(hass: HomeAssistant, files: Mapping[str, Any]) -> Path:
    """Write an archive to the configuration folder; return its path. It is readable by Home Assistant's user only."""
    stamp = dt_util.now().strftime("%Y-%m-%d_%H%M%S")
    return await hass.async_add_executor_job(_write, Path(hass.config.path(FOLDER)), f"support_{stamp}.zip", files)


def _write(folder: Path, name: str, files: Mapping[str, Any]) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    fresh = folder / f".{name}"
    try:
        fresh.touch(mode=0o600)
        with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as packed:
            for member, content in sorted(files.items()):
                packed.writestr(member, json.dumps(content, indent=1, ensure_ascii=False))
        path = fresh.rename(folder / name)
    except OSError:
        fresh.unlink(missing_ok=True)  # a part of an archive
        raise
    for old in sorted(folder.glob("support_*.zip"))[:-_KEPT]:
        old.unlink(missing_ok=True)
    return path


async def _versions(hass: HomeAssistant, entries: Iterable[ConfigEntry]) -> dict[str, Any]:
    found = {}
    for domain in SUITE:
        try:
            integration = await async_get_integration(hass, domain)
        except IntegrationNotFound:
            continue
        found[domain] = {"version": str(integration.version), "requirements": integration.requirements}
    return {
        "created": dt_util.utcnow().isoformat(),
        "home_assistant": const.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "time_zone": hass.config.time_zone,
        "currency": hass.config.currency,
        "integrations": found,
        "entries": [
            {
                "domain": entry.domain,
                "title": entry.title,
                "state": entry.state.value,
                "reason": entry.reason,
                "version": f"{entry.version}.{entry.minor_version}",
                "subentries": sorted(item.subentry_type for item in entry.subentries.values()),
            }
            for entry in entries
        ],
    }


async def _diagnostics(hass: HomeAssistant, entry: ConfigEntry) -> Any:
    """Return the diagnostics of an entry, or the error instead: a bundle is wanted when something is broken."""
    try:
        integration = await async_get_integration(hass, entry.domain)
        module = await integration.async_get_platform("diagnostics")
        async with asyncio.timeout(_DIAGNOSTICS_TIMEOUT_S):
            found = await module.async_get_config_entry_diagnostics(hass, entry)
        return await snapshot(found)
    except TimeoutError:
        return {"error": f"The diagnostics took more than {_DIAGNOSTICS_TIMEOUT_S} s"}
    except Exception as err:  # noqa: BLE001  of another integration
        return {"error": f"{type(err).__name__}: {err}"}


def _issues(hass: HomeAssistant) -> list[dict[str, Any]]:
    return [
        {
            "domain": issue.domain,
            "id": issue.issue_id,
            "translation_key": issue.translation_key,
            "severity": issue.severity,
            "placeholders": dict(issue.translation_placeholders or {}),
            "created": issue.created.isoformat(),
        }
        for issue in ir.async_get(hass).issues.values()
        if issue.domain in SUITE and issue.active
    ]


async def _states(hass: HomeAssistant, entries: Iterable[ConfigEntry]) -> list[dict[str, Any]]:
    registry = er.async_get(hass)
    found = []
    for entry in entries:
        async for entity in in_slices(er.async_entries_for_config_entry(registry, entry.entry_id)):
            state = hass.states.get(entity.entity_id)
            found.append(
                {
                    "entity_id": entity.entity_id,
                    "disabled": entity.disabled_by,
                    "state": None if state is None else state.state,
                    "unit": None if state is None else state.attributes.get("unit_of_measurement"),
                    "updated": None if state is None else state.last_updated.isoformat(),
                }
            )
    return found


def _log(hass: HomeAssistant) -> list[Any]:
    """Return the warnings and errors of the suite that Home Assistant's system log kept, the newest first."""
    handler = hass.data.get("system_log")
    records = getattr(handler, "records", {})
    found = [
        {"name": item.name, "level": item.level, "message": list(item.message), "exception": item.exception,
         "count": item.count, "last": item.timestamp}
        for item in getattr(records, "values", list)()
        if "custom_components." in item.name and item.name.split(".")[1] in SUITE
    ]  # fmt: skip
    return sorted(found, key=lambda item: -item["last"])


async def _known_secrets(hass: HomeAssistant, entries: Iterable[ConfigEntry]) -> set[str]:
    """Return the secrets of the entries, what identifies their devices, and where the home is."""
    position = (hass.config.latitude, hass.config.longitude)
    known = {str(number) for number in position if number != round(number, 1)}  # 45.0 is also a temperature
    known.update(
        host for url in (hass.config.internal_url, hass.config.external_url) if url and (host := URL(url).host)
    )
    devices = dr.async_get(hass)
    for entry in entries:
        known.update(secrets_in(dict(entry.data)), secrets_in(dict(entry.options)))
        for subentry in entry.subentries.values():
            known.update(secrets_in(dict(subentry.data)))
        async for device in in_slices(dr.async_entries_for_config_entry(devices, entry.entry_id)):
            known.update(value for _, value in device.connections)
            if device.serial_number:
                known.add(device.serial_number)
    return known


def _redacted(files: Mapping[str, Any], known: set[str]) -> dict[str, Any]:
    """Return file name -> content without secrets. It takes long: not in the event loop."""
    redactor = Redactor(known)
    found = {name: redactor.data(content) for name, content in files.items() if name != "log.json"}
    left, log = _LONGEST_LOG, []
    for record in files["log.json"]:
        if left <= 0:
            break
        texts = [redactor.shortened(text, _LONGEST_TEXT) for text in (*record["message"], record["exception"] or "")]
        left -= sum(map(len, texts))
        log.append({**redactor.data({**record, "message": None, "exception": None}),
                    "message": texts[:-1], "exception": texts[-1]})  # fmt: skip
    return {**found, "log.json": log}
