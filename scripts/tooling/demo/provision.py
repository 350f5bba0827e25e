"""Set up a new Home Assistant for the demo: users, config entries, history and dashboard."""

import asyncio
from collections.abc import Mapping
import importlib
import pkgutil
from typing import Any, cast

from . import domains as domain_modules, history as past, home
from .client import HomeAssistant
from .folder import ROOT, State
from .plugin import Device, DomainDemo, Entities, Provisioned, SimulatorSpec, World, place

DASHBOARD = "heat-suite"
DETAILS = "heat-suite-details"
_ENTITIES_WITHIN_S = 60
_ADD_ENERGIES = ("ecoflow", "smart_outlet")
# Order of the views on the dashboard.
_VIEW_ORDER = ["proof_of_heat", "iot_heating", "smart_outlet", "ecoflow", "edge_telemetry", "ota"]


def domains() -> dict[str, DomainDemo]:
    """Return the integrations of this checkout that have a demo."""
    found: dict[str, DomainDemo] = {}
    for module in pkgutil.iter_modules(domain_modules.__path__):
        if (ROOT / "custom_components" / module.name / "manifest.json").is_file():
            demo = importlib.import_module(f"{domain_modules.__name__}.{module.name}")
            found[module.name] = cast("DomainDemo", demo.DEMO)
    return found


def simulators_first(world: World) -> dict[str, list[SimulatorSpec]]:
    """Return the simulators that have to run before an integration is configured, by domain."""
    return {domain: demo.simulators_first(world) for domain, demo in domains().items()}


async def users(ha: HomeAssistant) -> tuple[str, str]:
    """Create the users demo and guest (read-only); return a long-lived token of each."""
    await ha.onboard("Demo", "demo", "demo")
    admin = await ha.long_lived_token("demo")
    made = await ha.call("config/auth/create", name="Guest", group_ids=["system-read-only"])
    await ha.call(
        "config/auth_provider/homeassistant/create",
        user_id=made["user"]["id"],
        username="guest",
        password="guest",  # noqa: S106 - the demo's, on loopback
    )
    async with HomeAssistant.connect(ha.url) as guest:
        guest.token = await guest.log_in("guest", "guest")
        readonly = await guest.long_lived_token("demo")
    ha.token = admin
    await ha.close_socket()
    return admin, readonly


async def mqtt_entry(ha: HomeAssistant, broker: Mapping[str, Any], protocol: str) -> None:
    """Add Home Assistant's own MQTT integration."""
    await ha.add_entry(
        "mqtt",
        {
            "broker": broker["host"],
            "port": broker["port"],
            "protocol": protocol,
            "username": broker["username"],
            "password": broker["password"],
            "other_settings": {"set_client_cert": False, "set_ca_cert": "off"},
        },
    )


async def entities_of(ha: HomeAssistant, devices: list[Device]) -> dict[str, dict[str, str]]:
    """Return device ID (and entry ID) -> key -> entity ID, once every device has its entities.

    The key of an entity is the end of its unique ID, after ``<subentry ID or entry ID>_``; if one entry has several
    devices, after ``<entry ID>_<device ID>_``.
    """
    found: dict[str, dict[str, str]] = {}
    seen = -1
    for _ in range(_ENTITIES_WITHIN_S * 5):
        registry = await ha.entity_keys()
        found = {}
        for device in devices:
            found.setdefault(device.entry_id, _keys(registry, device.entry_id, None))
            found[device.id] = _keys(registry, device.entry_id, device.subentry_id, device.id)
        for device in devices:
            of_entry = found[device.entry_id]
            # Keep those of the entry itself, not of this device or of a device of another integration's fleet.
            found[device.entry_id] = {
                key: entity
                for key, entity in of_entry.items()
                if not key.startswith(f"{device.id}_") and ":" not in key
            }
        count = sum(map(len, found.values()))
        # All devices have entities, and none was added since the last check.
        if all(found[device.id] for device in devices) and count == seen:
            return found
        seen = count
        await asyncio.sleep(0.2)
    silent = [device.id for device in devices if not found[device.id]]
    raise TimeoutError(f"no entities appeared for {', '.join(silent)}")


async def names(ha: HomeAssistant, devices: list[Device], entities: Entities) -> None:
    """Give devices the names that a user would give them."""
    registry = {item["entity_id"]: item["device_id"] for item in await ha.entity_keys()}
    for device in devices:
        if device.name is not None:
            device_id = registry[next(iter(entities[device.id].values()))]
            await ha.call("config/device_registry/update", device_id=device_id, name_by_user=device.name)


def _keys(
    registry: list[dict[str, Any]], entry_id: str, subentry_id: str | None, device_id: str = ""
) -> dict[str, str]:
    prefix = f"{subentry_id or entry_id}_"
    if device_id and any(item["unique_id"].startswith(f"{prefix}{device_id}_") for item in registry):
        prefix = f"{prefix}{device_id}_"
    return {
        item["unique_id"].removeprefix(prefix): item["entity_id"]
        for item in registry
        if item["config_entry_id"] == entry_id and item["unique_id"].startswith(prefix)
    }


async def described(ha: HomeAssistant, state: State, entities: Entities) -> list[dict[str, Any]]:
    """Return the devices as in the JSON line; entities of the entry itself are listed with each of its devices."""
    registry = {item["entity_id"]: item for item in await ha.entity_keys()}
    shown = []
    for device in state.devices:
        own = entities[device.id]
        shown.append(
            {
                "domain": device.domain,
                "id": device.id,
                "key": device.key,
                "kind": device.kind,
                "entry_id": device.entry_id,
                "subentry_id": device.subentry_id,
                "device_registry_id": registry[next(iter(own.values()))]["device_id"] if own else None,
                "entities": {**entities[device.entry_id], **own},
                "simulator": place(device.address),
                "simulator_name": device.simulator,
            }
        )
    return shown


async def history(ha: HomeAssistant, world: World, made: Mapping[str, Provisioned], entities: Entities) -> int:
    """Fill the history of all integrations; return the number of states."""
    demos = domains()
    return sum([await past.fill(ha, demos[domain].history(world, done), entities) for domain, done in made.items()])


async def energy_dashboard(ha: HomeAssistant, devices: list[Device], entities: Entities) -> None:
    """Configure the Energy dashboard with the meter at the grid, and add what the integrations measure.

    The heat pump and the grid have meters of their own, so that proof_of_heat has nothing to add; the controllers of
    iot_heating switch burners, whose fuel does not come from the grid.
    """
    for device in devices:
        if device.kind == "meter":
            await home.energy_dashboard(ha, entities[device.id])
    for domain in _ADD_ENERGIES:
        if domain in {device.domain for device in devices}:
            await ha.post(f"services/{domain}/set_up_energy_dashboard", {})


async def dashboard(ha: HomeAssistant, made: Mapping[str, Provisioned], entities: Entities) -> None:
    """Create two dashboards: the one that the suite builds, which is the default, and one with all values."""
    strategy = {"strategy": {"type": "custom:heat-suite"}}
    await _dashboard(ha, DASHBOARD, "Heat suite", "mdi:home-heart", strategy)
    await ha.call("frontend/set_system_data", key="core", value={"default_panel": DASHBOARD})
    demos = domains()
    ordered = sorted(made, key=_VIEW_ORDER.index)
    views = [view for domain in ordered for view in demos[domain].views(made[domain], entities)]
    await _dashboard(ha, DETAILS, "All values", "mdi:format-list-bulleted", {"title": "All values", "views": views})


async def _dashboard(ha: HomeAssistant, path: str, title: str, icon: str, config: dict[str, Any]) -> None:
    await ha.call(
        "lovelace/dashboards/create",
        url_path=path,
        title=title,
        icon=icon,
        mode="storage",
        show_in_sidebar=True,
        require_admin=False,
    )
    await ha.call("lovelace/config/save", url_path=path, config=config)
