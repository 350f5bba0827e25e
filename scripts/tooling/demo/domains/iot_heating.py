"""iot_heating in the demo: a house with two controllers in the weather of a typical year."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from simulators.heating_controller.firmware import Settings, burner, flow_setpoint, room_target
from simulators.world.house import House
from simulators.world.weather import in_heating_season

from ..client import HomeAssistant
from ..plugin import Device, Entities, Provisioned, Series, SimulatorSpec, World

_DOMAIN = "iot_heating"
# Device ID, name, protocol version.
_CONTROLLERS = (("ESP32-001", "Cellar", 1), ("ESP32-002", "Annex", 2))
_RATED_POWER_W = 11_000
_PRICE = 0.12
_PAST = timedelta(days=5)
_SAMPLE = timedelta(minutes=5)
_TICK = timedelta(seconds=30)
_CURVE_VALUE = 75
_SCHEDULE = [
    {"day": "Mon-Fri", "slots": ["06:00-09:00", "16:30-22:30"], "target": "21.5C", "mode": "Auto"},
    {"day": "Sat,Sun", "slots": ["07:30-23:00"], "target": "21.5C", "mode": "Auto"},
]
_WHOLE_WEEK = [
    {"day": "Daily", "slots": ["00:00-24:00"], "target": "18C", "mode": "Auto"},
    {"day": "Mon-Fri", "slots": ["09:00-16:30"], "target": "19C", "mode": "Auto"},
    *_SCHEDULE,
]


class IotHeatingDemo:
    """See plugin.DomainDemo."""

    async def provision(self, ha: HomeAssistant, world: World) -> Provisioned:
        """Add a building with two controllers. The flow shows each key once."""
        entry = await ha.add_entry(_DOMAIN, {"name": "Main house"})
        entry_id = entry["result"]["entry_id"]
        provisioned = Provisioned(entries=[entry_id])
        await self._set_options(ha, entry_id)
        for device_id, name, protocol in _CONTROLLERS:
            settings = {"name": name, "device_id": device_id, "rated_power": _RATED_POWER_W}
            results = await ha.add_subentry(entry_id, "controller", settings, {})
            shown = next(step for step in results if step.get("step_id") == "key")
            key = shown["description_placeholders"]["device_key"]
            simulator = f"heating_controller_{device_id.lower().replace('-', '_')}"
            provisioned.devices.append(Device(_DOMAIN, device_id, "controller", key, entry_id, simulator=simulator))
            arguments = ["--url", world.url, "--device-id", device_id, "--key", key, "--period", "5"]
            arguments += ["--protocol", str(protocol)]
            provisioned.simulators.append(SimulatorSpec(simulator, "heating_controller", arguments))
        await self._set_curve(ha, entry_id)
        await self._set_schedule(ha, entry_id)
        subentries = await ha.call("config_entries/subentries/list", entry_id=entry_id)
        ids = {item["unique_id"]: item["subentry_id"] for item in subentries}
        for device in provisioned.devices:
            device.subentry_id = ids[device.id]
        return provisioned

    async def _set_options(self, ha: HomeAssistant, entry_id: str) -> None:
        """Set the options, with an energy price for the cost of sessions."""
        options = {
            "heating": {"setback_temperature": 17, "eco_reduction": 3},
            "cost": {"price": _PRICE},
            "log": {"telemetry_log": True, "log_days": 30, "log_mb": 500},
            "devices": {"allow_query_key": True, "poll_interval": 30, "lease": 900},
        }
        await ha.flow("config/config_entries/options/flow", {"handler": entry_id}, options)

    async def _set_curve(self, ha: HomeAssistant, entry_id: str) -> None:
        """Set the heating curve of the simulated house, like a user."""
        unique_id = f"{entry_id}_curve_value"
        entity_id = next(item["entity_id"] for item in await ha.entity_keys() if item["unique_id"] == unique_id)
        await ha.post("services/number/set_value", {"entity_id": entity_id, "value": _CURVE_VALUE})

    async def _set_schedule(self, ha: HomeAssistant, entry_id: str) -> None:
        """Set a schedule that covers the whole week, like a user."""
        unique_id = f"{entry_id}_curve_value"
        device_id = next(item["device_id"] for item in await ha.entity_keys() if item["unique_id"] == unique_id)
        await ha.post("services/iot_heating/set_schedule", {"device_id": device_id, "schedule": _WHOLE_WEEK})

    def simulators_first(self, world: World) -> list[SimulatorSpec]:
        """Return no simulators: controllers call Home Assistant, so they start after the setup."""
        return []

    def history(self, world: World, provisioned: Provisioned) -> list[Series]:
        """Return five simulated days of each controller's house."""
        return [series for i, device in enumerate(provisioned.devices) for series in _past(device.id, world.now, i)]

    def views(self, provisioned: Provisioned, entities: Entities) -> list[dict[str, Any]]:
        """Return one view: the building, then a section per controller."""
        building = entities[provisioned.entries[0]]
        sections = [_building_section(building)]
        sections += [_controller_section(name, entities[device_id]) for device_id, name, _ in _CONTROLLERS]
        return [
            {
                "title": "Heating",
                "path": "heating",
                "icon": "mdi:radiator",
                "type": "sections",
                "max_columns": 3,
                "sections": sections,
            }
        ]


def _past(device_id: str, now: datetime, number: int) -> list[Series]:
    """Return what a controller would have reported, with the house and firmware of its simulator."""
    zone, settings = ZoneInfo("Europe/Rome"), Settings(curve_value=_CURVE_VALUE, schedule=_SCHEDULE)
    shift = in_heating_season(now) - now
    house = House(now - _PAST + shift, room_c=19.5 - number)
    values: dict[str, list[tuple[datetime, str]]] = {
        key: [] for key in ("outdoor_temperature", "supply_temperature", "voltage", "heating")
    }
    end, next_sample = now + shift - _SAMPLE, house.now
    while house.now < end:
        target = room_target(settings, house.now.astimezone(zone))
        setpoint = flow_setpoint(settings, house.weather.outdoor_c)
        house.heating = burner(house.heating, house.flow_c, setpoint, house.room_c, target)
        house.advance(house.now + _TICK)
        when = house.now - shift
        state = "on" if house.heating else "off"
        if not values["heating"] or values["heating"][-1][1] != state:
            values["heating"].append((when, state))
        if house.now >= next_sample:
            next_sample += _SAMPLE
            values["outdoor_temperature"].append((when, f"{house.weather.outdoor_c:.1f}"))
            values["supply_temperature"].append((when, f"{house.flow_c:.1f}"))
            values["voltage"].append((when, "3.3"))
    return [
        Series(device_id, "outdoor_temperature", values["outdoor_temperature"], "°C", "temperature"),
        Series(device_id, "supply_temperature", values["supply_temperature"], "°C", "temperature"),
        Series(device_id, "voltage", values["voltage"], "V", "voltage"),
        Series(device_id, "heating", values["heating"]),
    ]


def _building_section(building: Mapping[str, str]) -> dict[str, Any]:
    sliders = [("curve_value", "Heating curve value"), ("min_external_temp", "Minimum outdoor temperature")]
    return {
        "type": "grid",
        "cards": [
            {"type": "heading", "heading": "Main house", "icon": "mdi:home-thermometer"},
            *(
                {
                    "type": "tile",
                    "entity": building[key],
                    "name": name,
                    "features": [{"type": "numeric-input", "style": "slider"}],
                    "grid_options": {"columns": 12},
                }
                for key, name in sliders
            ),
            {"type": "tile", "entity": building["iot_enabled"], "name": "Heating", "features": [{"type": "toggle"}]},
            {"type": "tile", "entity": building["flow_setpoint"], "name": "Flow temperature setpoint"},
            {
                "type": "tile",
                "entity": building["mode"],
                "name": "Operating mode",
                "features": [{"type": "select-options"}],
                "grid_options": {"columns": 12},
            },
        ],
    }


def _controller_section(name: str, keys: Mapping[str, str]) -> dict[str, Any]:
    temperatures = [
        {"entity": keys["outdoor_temperature"], "name": "Outdoor"},
        {"entity": keys["supply_temperature"], "name": "Flow"},
    ]
    return {
        "type": "grid",
        "cards": [
            {"type": "heading", "heading": name, "icon": "mdi:radiator"},
            {"type": "tile", "entity": keys["heating"], "name": "Heating", "color": "deep-orange"},
            {"type": "tile", "entity": keys["connectivity"], "name": "Connectivity"},
            {"type": "tile", "entity": keys["energy_today"], "name": "Energy today"},
            {"type": "tile", "entity": keys["cost_month"], "name": "Cost this month"},
            {
                "type": "tile",
                "entity": keys["control"],
                "name": "Control mode",
                "features": [{"type": "select-options"}],
                "grid_options": {"columns": 12},
            },
            *({"type": "tile", **item, "features": [{"type": "trend-graph"}]} for item in temperatures),
            {
                "type": "history-graph",
                "title": "Temperatures",
                "hours_to_show": 24,
                "entities": temperatures,
                "grid_options": {"columns": 12},
            },
            {
                "type": "statistics-graph",
                "title": "Five days",
                "days_to_show": 5,
                "period": "hour",
                "stat_types": ["mean"],
                "entities": temperatures,
                "grid_options": {"columns": 12},
            },
        ],
    }


DEMO = IotHeatingDemo()
