"""The rest of the evening: the other five integrations, and three blueprints."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
import time
from typing import Any
from urllib.parse import quote

from simulators.ecoflow_cloud.cloud import ACCESS_KEY, SECRET_KEY

from ..demo.client import HomeAssistant
from .visitor import Visitor

BLUEPRINTS = ("proof_of_heat/heating_failure", "proof_of_heat/cheap_hour", "proof_of_heat/window_open")
_TIMEOUT_MS = 90_000


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The simulated EcoFlow cloud."""

    url: str
    ca_file: Path


@dataclass(frozen=True, slots=True)
class Form:
    """The first form of an integration's dialog."""

    domain: str
    title: str
    fill: Callable[[Visitor, Endpoint], Awaitable[None]]


async def add_all(user: Visitor, ha: HomeAssistant, url: str, cloud: Endpoint) -> list[dict[str, Any]]:
    """Add each integration in the browser; return its counts."""
    return [await _add(user, ha, url, form, cloud) for form in _FORMS]


async def _add(user: Visitor, ha: HomeAssistant, url: str, form: Form, cloud: Endpoint) -> dict[str, Any]:
    domain = form.domain
    before = (user.clicks, user.fields, user.dialogs, time.monotonic())
    await user.start_flow(url, domain, form.title)
    await form.fill(user, cloud)
    await user.picture(domain)
    await user.submit()
    finish = user.dialog.get_by_role("button", name="Finish")
    if domain == "smart_outlet":  # the key is shown once
        await user.dialog.get_by_text("Key of CCU").first.wait_for(timeout=_TIMEOUT_MS)
        user.dialogs += 1
        await user.submit()
    await finish.first.wait_for(timeout=_TIMEOUT_MS)
    user.dialogs += 1
    await user.click(finish)
    (entry,) = await ha.call("config_entries/get", domain=domain)
    if entry["state"] != "loaded":
        raise RuntimeError(f"{domain} is {entry['state']}: {entry.get('reason')}")
    clicks, fields, dialogs, begun = before
    return {
        "domain": domain,
        "clicks": user.clicks - clicks,
        "fields": user.fields - fields,
        "dialogs": user.dialogs - dialogs,
        "seconds": round(time.monotonic() - begun, 1),
    }


async def _building(user: Visitor, _: Endpoint) -> None:
    await user.enter(user.box(0), "Main house")


async def _ccu(user: Visitor, _: Endpoint) -> None:
    await user.click(user.dialog.get_by_text("Central Control Unit", exact=True))
    await user.form("Central Control Unit")
    for label, text in (("Name", "Cellar"), ("CCU ID", "01")):
        await user.enter(user.dialog.get_by_role("textbox", name=label), text)


async def _ecoflow(user: Visitor, cloud: Endpoint) -> None:
    await user.enter(user.box(0), ACCESS_KEY)
    await user.enter(user.box(1), SECRET_KEY)
    # Only for the simulated cloud.
    await user.click(user.dialog.get_by_text("Custom API endpoint", exact=True))
    await user.enter(user.box(2), cloud.url)
    await user.enter(user.box(3), str(cloud.ca_file))


async def _nothing(_: Visitor, __: Endpoint) -> None:
    """What is filled in is enough."""


async def _unsigned(user: Visitor, _: Endpoint) -> None:
    """The own images are not signed."""
    await user.click(user.dialog.locator("ha-selector-boolean ha-switch"))


_FORMS = (
    Form("iot_heating", "Add building", _building),
    Form("smart_outlet", "Select the connection of the outlets", _ccu),
    Form("ecoflow", "Connect to EcoFlow", _ecoflow),
    Form("edge_telemetry", "Set up Edge Telemetry", _nothing),
    Form("ota", "Firmware updates", _unsigned),
)


async def import_blueprints(user: Visitor, ha: HomeAssistant, url: str, files: str) -> list[str]:
    """Import blueprints as their badges in the documentation do; return those that Home Assistant lists afterwards.

    Home Assistant asks for one more click than for the badges: these files do not come from GitHub.
    """
    for name in BLUEPRINTS:
        address = quote(f"{files}/automation/{name}.yaml", safe="")
        await user.page.goto(f"{url}/config/blueprint/dashboard/import?blueprint_url={address}")
        dialog = user.page.locator("ha-dialog-import-blueprint")
        save = dialog.get_by_role("button", name="Import blueprint")
        await user.click(dialog.get_by_role("button", name="Preview"))
        await save.first.wait_for(timeout=_TIMEOUT_MS)
        user.dialogs += 1
        await user.picture(f"blueprint-{Path(name).name.replace('_', '-')}")
        await user.click(save)
        await save.first.wait_for(state="detached", timeout=_TIMEOUT_MS)
    listed = await ha.call("blueprint/list", domain="automation")
    return [name for name in BLUEPRINTS if any(path.endswith(f"/{Path(name).name}.yaml") for path in listed)]
