"""Steps of flows that several tests take, and simulated devices with what a user would enter."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulators.ebusd.daemon import Ebusd
from simulators.framework import running
from simulators.hiveos.cloud import HiveOs
from simulators.modbus_boiler.boiler import ModbusBoiler
from simulators.nicehash.cloud import NiceHash
from simulators.viessmann_cloud.cloud import ViessmannCloud
from simulators.whatsminer.miner import Whatsminer


async def begin(hass: HomeAssistant, entry: MockConfigEntry, kind: str) -> Any:
    return await hass.config_entries.subentries.async_init((entry.entry_id, kind), context={"source": SOURCE_USER})


async def go_on(hass: HomeAssistant, result: Any, values: dict[str, Any]) -> Any:
    return await hass.config_entries.subentries.async_configure(result["flow_id"], values)


async def change(hass: HomeAssistant, entry: MockConfigEntry, kind: str) -> Any:
    subentry_id = next(key for key, item in entry.subentries.items() if item.subentry_type == kind)
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, kind), context={"source": SOURCE_RECONFIGURE, "subentry_id": subentry_id}
    )


async def add(hass: HomeAssistant, entry: MockConfigEntry, kind: str, values: dict[str, Any]) -> Any:
    """Choose a kind of source and send its form once."""
    result = await begin(hass, entry, "source")
    result = await go_on(hass, result, {"next_step_id": kind})
    assert result["step_id"] == kind, result
    return await accept(hass, await go_on(hass, result, values))


async def accept(hass: HomeAssistant, result: Any) -> Any:
    """Accept the readings that a device shows before it is added."""
    return await go_on(hass, result, {}) if result.get("step_id") == "readings" else result


@asynccontextmanager
async def device(kind: str, loopback: Callable[[], str]) -> AsyncGenerator[tuple[Any, dict[str, Any]]]:
    """A simulated device and what a user would enter."""
    match kind:
        case "miner":
            host = loopback()
            async with running(Whatsminer, ["--host", host, "--boot-s", "0"]) as miner:
                yield miner, {"address": host, "password": "admin", "idle_on_release": True}
        case "viessmann":
            async with running(ViessmannCloud, ["--port", "0"]) as cloud:
                host = f"http://127.0.0.1:{cloud.port}"
                yield (
                    cloud,
                    {
                        "client_id": "demo-client",
                        "username": "demo@example.com",
                        "password": "demo",
                        "day_limit": 1450,
                        "host": host,
                    },
                )
        case "modbus":
            async with running(ModbusBoiler, ["--port", "0", "--device", "idm"]) as boiler:
                yield (
                    boiler,
                    {"template": "idm_navigator", "address": "127.0.0.1", "port": boiler.port, "unit_id": 1},
                )
        case "ebusd":
            async with running(Ebusd, ["--port", "0"]) as daemon:
                yield daemon, {"address": "127.0.0.1", "port": daemon.port}
        case "nicehash":
            async with running(NiceHash, ["--port", "0"]) as cloud:
                host = f"http://127.0.0.1:{cloud.port}"
                keys = {"api_key": "demo-key", "api_secret": "demo-secret", "organisation": "demo-organisation"}
                yield cloud, {**keys, "host": host}
        case "hiveos":
            async with running(HiveOs, ["--port", "0"]) as cloud:
                yield cloud, {"token": "demo-token", "host": f"http://127.0.0.1:{cloud.port}/api/v2"}
