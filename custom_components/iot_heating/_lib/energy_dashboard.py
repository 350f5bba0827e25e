# Generated from lib/energy_dashboard.py by scripts/build: edit that file, not this one.
"""The action that adds the energies of an integration to Home Assistant's Energy dashboard.

    async_register_energy_action(hass, DOMAIN, EnergyRoles(batteries=(("battery_discharged", "battery_charged"),)))

It adds what is missing and changes nothing that is there: a grid connection only if there is none yet, a source or a
device only if its meter is not in use. It can therefore be repeated, for example after a device was added. The response
lists the statistics that were added and those that were there.

Keys are the translation keys of the integration's sensors. Put ``energy`` into the manifest's ``after_dependencies``.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.service import async_register_admin_service
import probatio as vol

ACTION: Final = "set_up_energy_dashboard"
_ENERGY: Final = "energy"


@dataclass(frozen=True, slots=True)
class EnergyRoles:
    """What the sensors of an integration measure, by their translation keys.

    Attributes:
        grid: Energy from the grid and into the grid.
        price: Price of energy from the grid.
        solar: Energy of solar panels; of a device's sensors, the first that exists counts.
        batteries: Energy out of and into a battery.
        devices: Energy of a device whose name is clear.
        parts: Energy of a part of a device, whose own name is clear.
    """

    grid: tuple[str, str] | None = None
    price: str | None = None
    solar: tuple[str, ...] = ()
    battery: tuple[str, str] | None = None
    devices: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


@dataclass(slots=True)
class _Preferences:
    """The configuration of the Energy dashboard, to which missing parts are added."""

    sources: list[Any]
    devices: list[Any]
    added: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def add_source(self, source: Mapping[str, Any], *, once: bool = False) -> None:
        """Add a source whose meters are not in use; ``once``: only if there is none of its type."""
        meters = _meters(source)
        used = {meter for other in self.sources for meter in _meters(other)}
        if used.intersection(meters) or (once and any(other["type"] == source["type"] for other in self.sources)):
            self.kept += meters
            return
        self.sources.append(dict(source))
        self.added += meters

    def add_device(self, entity_id: str, name: str | None) -> None:
        """Add an individual device."""
        if any(device["stat_consumption"] == entity_id for device in self.devices):
            self.kept.append(entity_id)
            return
        self.devices.append({"stat_consumption": entity_id, **({"name": name} if name else {})})
        self.added.append(entity_id)


@callback
def async_register_energy_action(hass: HomeAssistant, domain: str, roles: EnergyRoles) -> None:
    """Register the action ``<domain>.set_up_energy_dashboard``, for administrators."""

    async def set_up(call: ServiceCall) -> ServiceResponse:
        return await _async_set_up(call.hass, domain, roles)

    async_register_admin_service(
        hass, domain, ACTION, set_up, schema=vol.Schema({}), supports_response=SupportsResponse.OPTIONAL
    )


async def _async_set_up(hass: HomeAssistant, domain: str, roles: EnergyRoles) -> ServiceResponse:
    if _ENERGY not in hass.config.components:
        raise ServiceValidationError(translation_domain=domain, translation_key="energy_not_set_up")
    from homeassistant.components.energy.data import async_get_manager

    manager = await async_get_manager(hass)
    now: Any = manager.data or manager.default_preferences()
    preferences = _Preferences(list(now["energy_sources"]), list(now["device_consumption"]))
    for name, sensors in _devices(hass, domain):
        _add_device(preferences, roles, name, sensors, _price(hass, domain, roles.price))
    if preferences.added:
        update: Any = {"energy_sources": preferences.sources, "device_consumption": preferences.devices}
        await manager.async_update(update)
    return {"added": list(preferences.added), "kept": list(preferences.kept)}


def _add_device(
    preferences: _Preferences, roles: EnergyRoles, name: str, sensors: Mapping[str, str], price: str | None
) -> None:
    if roles.grid is not None and roles.grid[0] in sensors:
        preferences.add_source(_grid(sensors[roles.grid[0]], sensors.get(roles.grid[1]), price), once=True)
    if panels := next((sensors[key] for key in roles.solar if key in sensors), None):
        source = {"type": "solar", "stat_energy_from": panels, "config_entry_solar_forecast": None}
        preferences.add_source({**source, "name": name})
    if roles.battery is not None and all(key in sensors for key in roles.battery):
        out, into = (sensors[key] for key in roles.battery)
        preferences.add_source({"type": "battery", "stat_energy_from": out, "stat_energy_to": into, "name": name})
    for key in roles.devices:
        if key in sensors:
            preferences.add_device(sensors[key], name)
    for key in roles.parts:
        if key in sensors:
            preferences.add_device(sensors[key], None)


def _grid(imported: str, exported: str | None, price: str | None) -> dict[str, Any]:
    return {
        "type": "grid",
        "stat_energy_from": imported,
        "stat_energy_to": exported,
        "stat_cost": None,
        "entity_energy_price": price,
        "number_energy_price": None,
        "stat_compensation": None,
        "entity_energy_price_export": None,
        "number_energy_price_export": None,
        "cost_adjustment_day": 0.0,
    }


def _meters(source: Mapping[str, Any]) -> list[str]:
    return [str(source[key]) for key in ("stat_energy_from", "stat_energy_to") if source.get(key)]


def _enabled(hass: HomeAssistant, domain: str) -> Iterator[er.RegistryEntry]:
    registry = er.async_get(hass)
    for entry in hass.config_entries.async_entries(domain):
        for item in er.async_entries_for_config_entry(registry, entry.entry_id):
            if item.disabled_by is None and item.platform == domain and item.domain == "sensor":
                yield item


def _devices(hass: HomeAssistant, domain: str) -> list[tuple[str, dict[str, str]]]:
    """Return the name of each device, and its sensors by their keys; unnamed devices have the name of their entry."""
    sensors: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for item in _enabled(hass, domain):
        if item.device_id is not None and item.translation_key is not None:
            sensors[item.device_id][item.translation_key] = item.entity_id
    devices = dr.async_get(hass)
    named = []
    for device_id, found in sensors.items():
        device = devices.async_get(device_id)
        named.append(((device and (device.name_by_user or device.name)) or domain, found))
    return named


def _price(hass: HomeAssistant, domain: str, key: str | None) -> str | None:
    if key is None:
        return None
    return next((item.entity_id for item in _enabled(hass, domain) if item.translation_key == key), None)
