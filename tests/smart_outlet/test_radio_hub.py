"""A radio in Home Assistant with a simulated channel on a pseudo-terminal."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
import os
from pathlib import Path
import shutil
import signal
import socket
from typing import Any

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from serialx import create_serial_connection

from custom_components.smart_outlet._lib.backoff import RetryPolicy
from custom_components.smart_outlet.const import DOMAIN
from custom_components.smart_outlet.diagnostics import async_get_config_entry_diagnostics
from custom_components.smart_outlet.radio.capture import decode_capture
from simulators.framework import running
from simulators.hc12.simulator import Hc12

from .conftest import DATA, Ccu, MakeCcu, outlet_data

FAST_RECONNECT = RetryPolicy(first_s=0.02, max_s=0.1, jitter=(0.5, 1.0))
pytestmark = pytest.mark.slow  # skipped by scripts/test --quick

STICK: dict[str, Any] = {
    "kind": "radio",
    "name": "Stick",
    "baud": 115200,
    "radio_address": 1,
    "set_pin": "none",
    "mode": "FU3",
    "channel": 1,
    "power": 8,
}


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncGenerator[Hc12]:
    async with running(Hc12, ["--speed", "10", "--link", str(tmp_path / "radio")]) as device:
        yield device


@pytest.fixture
async def radio(hass: HomeAssistant, simulator: Hc12, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Ccu]:
    monkeypatch.setattr("custom_components.smart_outlet.radio.controller.RECONNECT_POLICY", FAST_RECONNECT)
    await async_setup_component(hass, "http", {})
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Stick",
        data={**STICK, "port": str(simulator.args.link)},
        subentries_data=(outlet_data("FE", "Kitchen"), outlet_data("FD", "Garage")),
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    view = Ccu(hass, None, entry)  # type: ignore[arg-type]
    await until(view, lambda: all(outlet.online for outlet in view.hub.model.outlets.values()))
    yield view
    await hass.config_entries.async_unload(entry.entry_id)


async def until(view: Ccu, condition: Callable[[], object], seconds: float = 120.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)
    await view.settle()


def is_port_open(view: Ccu) -> bool | None:
    assert view.hub.radio is not None
    return view.hub.radio.port.is_open if view.hub.radio.port is not None else None


async def test_the_outlets_are_polled_and_trusted(radio: Ccu) -> None:
    assert radio.state("switch", "socket_a") == "off"
    assert radio.state("sensor", "current_a") == "0"
    assert radio.state("binary_sensor", "connectivity", None) == "on"
    await until(radio, lambda: radio.state("sensor", "radio_round_trip") not in (STATE_UNKNOWN, "0"))


async def test_a_socket_is_switched_by_radio(radio: Ccu, simulator: Hc12) -> None:
    await radio.act("switch", "turn_on", "switch", "socket_b")
    await until(radio, lambda: simulator.outlets["FE"].relays == [False, True])
    await until(radio, lambda: radio.state("switch", "socket_b") == "on")
    await radio.act("number", "set_value", "number", "threshold", value=250)
    await until(radio, lambda: simulator.outlets["FE"].threshold == 250)
    # The load of 300 mA exceeds the threshold: the outlet trips and sends an event.
    await until(radio, lambda: radio.hub.model.outlets["FE"].is_overload)
    await until(radio, lambda: radio.attributes("event", "alert").get("event_type") == "overload")
    assert radio.hub.model.main_current_ma == 0


async def test_everything_is_switched_off_by_radio(radio: Ccu, simulator: Hc12) -> None:
    for outlet in simulator.outlets.values():
        outlet.relays = [True, True]
    await radio.press("cut_all_power", None)
    await until(radio, lambda: radio.state("sensor", "cut_state", None) == "complete")
    assert not any(any(outlet.relays) for outlet in simulator.outlets.values())


async def test_a_lost_port_is_logged_once_and_recovers(
    radio: Ccu, simulator: Hc12, caplog: pytest.LogCaptureFixture
) -> None:
    simulator.faults.set("unplugged")
    await until(radio, lambda: is_port_open(radio) is False)
    await asyncio.sleep(0.3)
    assert caplog.text.count("serial port is not available") == 1
    simulator.faults.clear("unplugged")
    await until(radio, lambda: is_port_open(radio))
    await radio.act("switch", "turn_on", "switch", "socket_a")
    await until(radio, lambda: simulator.outlets["FE"].relays[0])
    assert caplog.text.count("serial port opened") == 1


async def test_an_outlet_reported_by_a_radio_and_a_ccu_is_an_issue(radio: Ccu, make_ccu: MakeCcu) -> None:
    unit = await make_ccu("01", (outlet_data("FE"),))
    await unit.report()
    issue = f"outlet_claimed_twice_{DATA['device_id']}"
    await until(radio, lambda: ir.async_get(radio.hass).async_get_issue(DOMAIN, issue))


async def test_link_quality_is_reported(radio: Ccu, simulator: Hc12, hass: HomeAssistant) -> None:
    simulator.faults.set("loss", 0.5)
    await until(radio, lambda: radio.hub.radio and radio.hub.radio.stats.peer(0xFE).retries > 0)
    simulator.faults.clear("loss")
    data = await async_get_config_entry_diagnostics(hass, radio.entry)
    assert data["radio"]["peers"][0xFE]["retries"] > 0
    assert data["serial_port"]["is_open"] is True
    (raw,) = data["last_messages"]
    assert {key: value for key, value, _ in decode_capture(bytes.fromhex(raw["hex"]))}["FE.socket_a"] is False
    for key in ("radio_retries", "radio_failures", "radio_round_trip"):
        assert radio.state("sensor", key) not in (STATE_UNAVAILABLE, STATE_UNKNOWN)
    assert radio.state("sensor", "radio_crc_errors", None) == "0"
    noise = er.async_get(hass).async_get(radio.entity_id("sensor", "radio_noise_bytes", None))
    assert noise is not None
    assert noise.disabled


async def test_colliding_events_are_recovered_by_the_next_poll(radio: Ccu, simulator: Hc12) -> None:
    for outlet in simulator.outlets.values():
        outlet.relays, outlet.threshold = [True, False], 1000
    # Both outlets trip at the same time and their events collide; the next poll reads the trips.
    await until(radio, lambda: simulator.frames["collided"] >= 2)
    await until(radio, lambda: all(outlet.is_overload for outlet in radio.hub.model.outlets.values()))
    await radio.act("switch", "turn_on", "switch", "socket_b")
    await until(radio, lambda: simulator.outlets["FE"].relays[1])


async def test_a_radio_behind_a_tcp_bridge_works_like_a_local_one(
    hass: HomeAssistant, simulator: Hc12, monkeypatch: pytest.MonkeyPatch, socket_enabled: None
) -> None:
    """The serial port is on the network through socat."""
    monkeypatch.setattr("custom_components.smart_outlet.radio.controller.RECONNECT_POLICY", FAST_RECONNECT)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    await async_setup_component(hass, "http", {})
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Stick",
        data={**STICK, "port": f"socket://127.0.0.1:{port}"},
        subentries_data=(outlet_data("FE", "Kitchen"), outlet_data("FD", "Garage")),
    )
    entry.add_to_hass(hass)
    view = Ccu(hass, None, entry)  # type: ignore[arg-type]
    async with bridge(simulator, port):
        assert await hass.config_entries.async_setup(entry.entry_id)
        await until(view, lambda: all(outlet.online for outlet in view.hub.model.outlets.values()))
        await view.act("switch", "turn_on", "switch", "socket_b")
        await until(view, lambda: simulator.outlets["FE"].relays == [False, True])
        await until(view, lambda: view.state("switch", "socket_b") == "on")
    # The bridge stops and starts again.
    await until(view, lambda: is_port_open(view) is False)
    async with bridge(simulator, port):
        await until(view, lambda: is_port_open(view))
        await view.act("switch", "turn_off", "switch", "socket_b")
        await until(view, lambda: simulator.outlets["FE"].relays == [False, False])
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("known", [True, False])
async def test_an_esphome_port_is_retried_until_it_is_available(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, simulator: Hc12, known: bool
) -> None:
    """Until ESPHome has loaded, its URLs are unknown or raise ConfigEntryNotReady."""
    monkeypatch.setattr("custom_components.smart_outlet.radio.controller.RECONNECT_POLICY", FAST_RECONNECT)
    tries: list[str] = []

    async def open_port(loop: Any, factory: Any, url: str, **options: Any) -> Any:
        tries.append(url)
        if len(tries) > 2:
            return await create_serial_connection(loop, factory, str(simulator.args.link), **options)
        if known:
            raise ConfigEntryNotReady("ESPHome has not loaded yet")
        return await create_serial_connection(loop, factory, url, **options)

    monkeypatch.setattr("custom_components.smart_outlet.radio.port.create_serial_connection", open_port)
    await async_setup_component(hass, "http", {})
    data = {**STICK, "port": "esphome-hass://esphome/entry?port_name=hc12"}
    entry = MockConfigEntry(domain=DOMAIN, title="Stick", data=data, subentries_data=(outlet_data("FE", "Kitchen"),))
    entry.add_to_hass(hass)
    view = Ccu(hass, None, entry)  # type: ignore[arg-type]
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(view, lambda: view.hub.model.outlets["FE"].online)
    assert len(tries) == 3
    await hass.config_entries.async_unload(entry.entry_id)


@asynccontextmanager
async def bridge(simulator: Hc12, port: int) -> AsyncGenerator[None]:
    """Run socat between the simulator's serial port and a TCP port."""
    if (socat := shutil.which("socat")) is None:
        pytest.skip("socat is not installed")
    process = await asyncio.create_subprocess_exec(
        socat,
        f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork",
        f"FILE:{simulator.args.link},raw,echo=0",
        start_new_session=True,
    )
    try:
        yield
    finally:
        # Including its child, which holds the connection.
        os.killpg(process.pid, signal.SIGTERM)
        await process.wait()
