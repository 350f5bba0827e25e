"""smart_outlet in the demo: a field CCU with two outlets and an HC-12 radio with another one."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
import math
import os
from pathlib import Path
import tempfile
from typing import Any
from urllib.parse import urlsplit

from ..client import HomeAssistant
from ..plugin import Device, Entities, Provisioned, Series, SimulatorSpec, World

_DOMAIN = "smart_outlet"
_CCU_ID = "01"
_CCU = "ccu_01"
_RADIO = "hc12"
_OUTLETS: tuple[dict[str, Any], ...] = (
    {"name": "Kitchen outlet", "device_id": "FE", "location": "Kitchen", "protected": ["b"]},
    {"name": "Workshop outlet", "device_id": "FD", "location": "Workshop"},
)
_RADIO_OUTLET = {"name": "Garden outlet", "device_id": "FC", "location": "Garden"}
_PAST = timedelta(days=5)
_SAMPLE = timedelta(minutes=5)
_VOLTAGE = 230


class SmartOutletDemo:
    """Demo of smart_outlet, see ``plugin.DomainDemo``."""

    async def provision(self, ha: HomeAssistant, world: World) -> Provisioned:
        """Add a CCU, whose key is shown once by its flow, and a radio on the simulated port."""
        made = Provisioned()
        await self._add_ccu(ha, world, made)
        with _placeholder_port(_port(world)):
            await self._add_radio(ha, world, made)
        for device in made.devices:
            if device.kind == "outlet":
                listed = await ha.call("config_entries/subentries/list", entry_id=device.entry_id)
                device.subentry_id = next(i["subentry_id"] for i in listed if i["unique_id"] == device.id)
        return made

    async def _add_ccu(self, ha: HomeAssistant, world: World, made: Provisioned) -> None:
        steps: tuple[dict[str, Any], ...] = (
            {"next_step_id": "ccu"},
            {"name": "Fuse box", "ccu_id": _CCU_ID, "accept_without_key": False},
            {},
        )
        results = await ha.flow_results("config/config_entries/flow", {"handler": _DOMAIN}, *steps)
        key_step = next(step for step in results if step.get("step_id") == "key")
        key = key_step["description_placeholders"]["device_key"]
        entry_id = results[-1]["result"]["entry_id"]
        made.entries.append(entry_id)
        made.devices.append(Device(_DOMAIN, _CCU_ID, "ccu", key, entry_id, simulator=_CCU))
        for outlet in _OUTLETS:
            await ha.add_subentry(entry_id, "outlet", outlet)
            made.devices.append(Device(_DOMAIN, outlet["device_id"], "outlet", None, entry_id, simulator=_CCU))
        arguments = ["--url", world.url, "--ccu-id", _CCU_ID, "--key", key, "--outlets", "FE,FD"]
        made.simulators.append(SimulatorSpec(_CCU, "ccu", [*arguments, "--on", "FE/a,FE/b,FD/a"]))

    async def _add_radio(self, ha: HomeAssistant, world: World, made: Provisioned) -> None:
        port = str(_port(world))
        steps: tuple[dict[str, Any], ...] = (
            {"next_step_id": "radio"},
            {"name": "HC-12 stick", "port": port, "baud": "9600", "radio_address": "01"},
            {"set_pin": "none", "mode": "FU3", "channel": 1, "power": 4, "write_module": False},
        )
        entry_id = (await ha.add_entry(_DOMAIN, *steps))["result"]["entry_id"]
        made.entries.append(entry_id)
        made.devices.append(Device(_DOMAIN, port, "radio", None, entry_id, simulator=_RADIO))
        await ha.add_subentry(entry_id, "outlet", _RADIO_OUTLET)
        made.devices.append(Device(_DOMAIN, "FC", "outlet", None, entry_id, simulator=_RADIO))

    def simulators_first(self, world: World) -> list[SimulatorSpec]:
        """Start the radio first: its port must exist when the flow opens it."""
        return [SimulatorSpec(_RADIO, "hc12", ["--link", str(_port(world)), "--outlets", "FC", "--loads", "900,150"])]

    def history(self, world: World, provisioned: Provisioned) -> list[Series]:
        """Return five days of history of the outlets and of the CCU's main meter."""
        mains = _mains_history(provisioned.entries[0], world.now)
        return mains + [
            series
            for number, outlet in enumerate((*_OUTLETS, _RADIO_OUTLET))
            for socket in "ab"
            for series in _history(outlet["device_id"], socket, world.now, number)
        ]

    def views(self, provisioned: Provisioned, entities: Entities) -> list[dict[str, Any]]:
        """Return one view with a section for the CCU and one per outlet."""
        names = {outlet["device_id"]: outlet["name"] for outlet in (*_OUTLETS, _RADIO_OUTLET)}
        sections = [_hub_section(entities[provisioned.entries[0]])]
        sections += [_outlet_section(name, entities[device_id]) for device_id, name in names.items()]
        return [
            {
                "title": "Outlets",
                "path": "outlets",
                "icon": "mdi:power-socket-eu",
                "type": "sections",
                "max_columns": 4,
                "sections": sections,
            }
        ]


def _port(world: World) -> Path:
    """Return the path of the simulated serial port; one per demo."""
    return Path(tempfile.gettempdir()) / f"heat-suite-hc12-{urlsplit(world.url).port}"


@contextmanager
def _placeholder_port(link: Path) -> Generator[None]:
    """Provide a port for the flow if there are no simulators; the entry then waits for the caller's port."""
    if link.exists():
        yield
        return
    master, slave = os.openpty()
    link.unlink(missing_ok=True)
    link.symlink_to(os.ttyname(slave))
    try:
        yield
    finally:
        link.unlink(missing_ok=True)
        os.close(master)
        os.close(slave)


def _load_ma(when: datetime, socket: str, number: int) -> int:
    """Return a load: a boiler in the morning and evening, a fridge on socket B; in the garden a pump and lights."""
    if number == len(_OUTLETS):
        on, load = (9 <= when.hour < 15, 900) if socket == "a" else (16 <= when.hour < 22, 150)
        return load if on else 0
    if socket == "a":
        busy = when.hour in (6, 7, 17, 18, 19, 20) if number == 0 else 8 <= when.hour < 16
        return 3200 + 150 * number + round(90 * math.sin(when.minute / 4)) if busy else 0
    return 620 if (when.minute // 15 + number) % 2 else 35


def _history(device_id: str, socket: str, now: datetime, number: int) -> list[Series]:
    when = now - _PAST
    rows: dict[str, list[tuple[datetime, str]]] = {name: [] for name in ("current", "power", "energy")}
    energy_kwh = 0.0
    while when < now:
        current_ma = _load_ma(when, socket, number)
        power_w = current_ma * _VOLTAGE / 1000
        rows["current"].append((when, str(current_ma)))
        rows["power"].append((when, f"{power_w:.1f}"))
        rows["energy"].append((when, f"{energy_kwh:.3f}"))
        energy_kwh += power_w * _SAMPLE.total_seconds() / 3.6e6
        when += _SAMPLE
    return [
        Series(device_id, f"current_{socket}", rows["current"], "mA", "electric_current"),
        Series(device_id, f"power_{socket}", rows["power"], "W", "power"),
        # The counters start again with the demo, as after an outlet was replaced.
        Series(device_id, f"energy_{socket}", rows["energy"], "kWh", "energy", mean=False),
    ]


def _mains_history(entry_id: str, now: datetime) -> list[Series]:
    """Return what all sockets draw together, measured at the main breaker."""
    times = [now - _PAST + _SAMPLE * number for number in range(_PAST // _SAMPLE)]
    currents = [
        sum(_load_ma(when, socket, number) for number in range(len(_OUTLETS)) for socket in "ab") for when in times
    ]
    rows = {
        "main_current": [(when, str(current)) for when, current in zip(times, currents, strict=True)],
        "main_power": [(when, f"{ma * _VOLTAGE / 1000:.1f}") for when, ma in zip(times, currents, strict=True)],
    }
    return [
        Series(entry_id, "main_current", rows["main_current"], "mA", "electric_current"),
        Series(entry_id, "main_power", rows["main_power"], "W", "power"),
    ]


def _hub_section(hub: Mapping[str, str]) -> dict[str, Any]:
    return {
        "type": "grid",
        "cards": [
            {"type": "heading", "heading": "Fuse box", "icon": "mdi:fuse"},
            {
                "type": "tile",
                "entity": hub["main_current"],
                "name": "Main current",
                "features": [{"type": "trend-graph"}],
            },
            {"type": "tile", "entity": hub["main_power"], "name": "Main power"},
            {"type": "tile", "entity": hub["main_overload"], "name": "Main current threshold"},
            {"type": "tile", "entity": hub["connectivity"], "name": "Connection"},
            {
                "type": "button",
                "entity": hub["cut_all_power"],
                "name": "Switch everything off",
                "icon": "mdi:power-plug-off",
                "tap_action": {
                    "action": "perform-action",
                    "perform_action": "button.press",
                    "target": {"entity_id": hub["cut_all_power"]},
                    "confirmation": {"text": "Switch off all sockets except protected ones?"},
                },
                "grid_options": {"columns": 6, "rows": 2},
            },
            {"type": "tile", "entity": hub["cut_state"], "name": "Emergency power-off"},
        ],
    }


def _outlet_section(name: str, keys: Mapping[str, str]) -> dict[str, Any]:
    sockets = [{"type": "tile", "entity": keys[f"socket_{s}"], "name": f"Socket {s.upper()}"} for s in "ab"]
    currents = [{"entity": keys[f"current_{s}"], "name": f"Socket {s.upper()}"} for s in "ab"]
    return {
        "type": "grid",
        "cards": [
            {"type": "heading", "heading": name, "icon": "mdi:power-socket-eu"},
            *sockets,
            *({"type": "tile", **item} for item in currents),
            {"type": "tile", "entity": keys["overload"], "name": "Overload"},
            {"type": "tile", "entity": keys["threshold"], "name": "Trip threshold"},
            {
                "type": "history-graph",
                "title": "Currents",
                "hours_to_show": 24,
                "entities": currents,
                "grid_options": {"columns": 12},
            },
        ],
    }


DEMO = SmartOutletDemo()
