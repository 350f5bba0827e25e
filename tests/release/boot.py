"""Boot Home Assistant once per case, in configuration folders with unpacked archives only; not imported by tests.

    python boot.py < cases.json

Each case is {"config": folder, "flows": [[domain, [step, …]], …]}, or {"config": folder, "stored": true} for a folder
with entries. Home Assistant is imported once; each case runs in a forked process, in which the integrations come from
the folder. Prints one JSON object per case.
"""

import asyncio
import contextlib
import json
import logging
import os
from pathlib import Path
import sys
import traceback
from typing import Any

from homeassistant import bootstrap, config_entries, loader
from homeassistant.components import (  # noqa: F401 - imported once for all cases
    analytics,
    backup,
    conversation,
    frontend,
    http,
    mqtt,
    recorder,
    system_health,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.runner import RuntimeConfig

_TIMEOUT_S = 400


class Records(logging.Handler):
    """The errors that were logged."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what concerns an integration."""
        text = f"{record.name}: {record.getMessage()}"
        if "custom_components" in text and "has not been tested by Home Assistant" not in text:
            self.lines.append(text if record.exc_text is None else f"{text}\n{record.exc_text}")


async def boot(case: dict[str, Any]) -> dict[str, Any]:
    """Run one case."""
    records = Records()
    logging.getLogger().addHandler(records)
    runtime = RuntimeConfig(config_dir=case["config"], skip_pip=True)
    hass = await bootstrap.async_setup_hass(runtime)
    assert hass is not None
    await hass.async_start()
    hass.states.async_set("sensor.outdoor", "4.5", {"unit_of_measurement": "°C", "device_class": "temperature"})
    result: dict[str, Any] = {"entries": {}, "safe": hass.config.recovery_mode}
    if case.get("stored"):
        result |= await _stored(hass)
        await hass.async_stop()
        return result | {"log": records.lines}
    entries = [await _add(hass, domain, steps) for domain, steps in case["flows"]]
    await hass.async_block_till_done()
    for entry in entries:
        result["entries"][entry.domain] = {
            "state": entry.state.value,
            "entities": len(er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)),
            "reason": entry.reason,
        }
    for entry in entries:
        await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    domains = {entry.domain for entry in entries} - {"mqtt"}
    await hass.async_stop()
    result["left"] = _left(hass, domains)
    result["log"] = records.lines
    return result


async def _stored(hass: HomeAssistant) -> dict[str, Any]:
    """Return what Home Assistant made of a folder with entries of an older version."""
    await asyncio.sleep(5)  # entries that connect to something
    registry, issues = er.async_get(hass), ir.async_get(hass).issues.values()
    entries = {}
    for entry in hass.config_entries.async_entries():
        module = None
        with contextlib.suppress(ImportError):
            integration = await loader.async_get_integration(hass, entry.domain)
            module = await integration.async_get_platform("diagnostics")
        entries[entry.entry_id] = {
            "domain": entry.domain,
            "title": entry.title,
            "state": entry.state.value,
            "reason": entry.reason,
            "subentries": sorted(item.title for item in entry.subentries.values()),
            "diagnostics": module and await module.async_get_config_entry_diagnostics(hass, entry),
        }
    orphans = [
        entity.unique_id
        for entity in registry.entities.values()
        if not entity.disabled_by
        and ((state := hass.states.get(entity.entity_id)) is None or state.attributes.get("restored"))
    ]
    return {
        "entries": entries,
        "entities": [[entity.platform, entity.unique_id] for entity in registry.entities.values()],
        "orphans": orphans,
        "issues": [[issue.domain, issue.translation_key] for issue in issues],
    }


async def _add(hass: HomeAssistant, domain: str, steps: list[dict[str, Any]]) -> config_entries.ConfigEntry:
    flow = await hass.config_entries.flow.async_init(domain, context={"source": config_entries.SOURCE_USER})
    for step in steps:
        assert flow["type"] in ("form", "menu"), flow
        flow = await hass.config_entries.flow.async_configure(flow["flow_id"], step)
    while flow["type"] == "form" and not flow.get("errors"):  # shows something, for example a key
        flow = await hass.config_entries.flow.async_configure(flow["flow_id"], {})
    assert flow["type"] == "create_entry", flow
    entry: config_entries.ConfigEntry = flow["result"]
    return entry


def _left(hass: HomeAssistant, domains: set[str]) -> list[str]:
    """Return what is left of the removed integrations."""
    config = Path(hass.config.config_dir)
    left = [
        str(path.relative_to(config))
        for path in config.rglob("*")
        if path.is_file()
        and "custom_components" not in path.parts
        and any(domain in path.name for domain in domains)
        and _has_content(path)
    ]
    left += [f"issue {issue}" for issue in ir.async_get(hass).issues if issue[0] in domains]
    left += [entity.entity_id for entity in er.async_get(hass).entities.values() if entity.platform in domains]
    left += [str(device.name) for device in dr.async_get(hass).devices if domains & {i[0] for i in device.identifiers}]
    resources = config / ".storage" / "lovelace_resources"
    if resources.is_file():
        urls = [item["url"] for item in json.loads(resources.read_text())["data"]["items"]]
        left += [url for url in urls if any(domain in url for domain in domains)]
    return sorted(left)


def _has_content(path: Path) -> bool:
    """Return whether a file holds anything; an empty store with the next free numbers does not."""
    try:
        data = json.loads(path.read_text("utf-8"))["data"]
    except ValueError, KeyError, TypeError:
        return True
    return (
        any(not isinstance(value, int) and value for value in data.values()) if isinstance(data, dict) else bool(data)
    )


def main() -> int:
    """Run all cases one after the other; return the exit status."""
    for case in json.load(sys.stdin):
        read, write = os.pipe()
        if (child := os.fork()) == 0:
            os.close(read)
            try:
                result = asyncio.run(asyncio.wait_for(boot(case), _TIMEOUT_S))
            except BaseException:  # noqa: BLE001 - reported to the test
                result = {"error": traceback.format_exc()}
            with os.fdopen(write, "w") as pipe:
                json.dump(result, pipe, default=repr)
            os._exit(0)
        os.close(write)
        with os.fdopen(read) as pipe:
            print(pipe.read(), flush=True)
        os.waitpid(child, 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
