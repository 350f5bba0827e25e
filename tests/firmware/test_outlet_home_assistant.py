"""The exact image of the outlet in gpsim, switched from a real Home Assistant with 20 % lost frames.

A switch is turned on in Home Assistant, the frame goes by radio to the outlet, its relay closes, and the report
confirms the state in Home Assistant: with a radio of Home Assistant, and with the compiled Central Control Unit in
between.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smart_outlet.const import DOMAIN
from custom_components.smart_outlet.domain.parts import async_get_parts
from firmware.outlet.build import Image
from firmware.sim.host_program import HostProgram, powered
from firmware.sim.network import Network, network
from firmware.sim.radio_channel import FaultRates
from firmware.sim.radio_outlet import RadioOutlet
from tests.smart_outlet.conftest import KEY, Ccu, ccu_entry, outlet_data

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), pytest.mark.xdist_group("esphome host")]

LOSSY = FaultRates(loss=0.2)
_AGAIN = 4
RADIO: dict[str, Any] = {
    "kind": "radio",
    "name": "Stick",
    "baud": 9600,
    "radio_address": 1,
    "set_pin": "none",
    "mode": "FU1",
    "channel": 1,
    "power": 8,
}


@asynccontextmanager
async def outlet_on_the_air(image: Image, folder: Path) -> AsyncGenerator[RadioOutlet]:
    """Run the outlet behind a channel that loses 20 % of the frames."""
    loop = asyncio.get_running_loop()
    outlet = RadioOutlet(image, folder / "outlet", LOSSY, seed=3, speed=1.0)
    await loop.run_in_executor(None, outlet.__enter__)
    try:
        yield outlet
    finally:
        await loop.run_in_executor(None, outlet.__exit__, None, None, None)


async def until(condition: Callable[[], object], view: Ccu, timeout_s: float = 120.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - another process is observed
            await asyncio.sleep(0.02)
    await view.settle()


async def switch(view: Ccu, outlet: RadioOutlet, socket: str, *, on: bool) -> None:
    """Switch a socket until its relay follows.

    The radio and the outlet run in real time. On a busy machine a command can be given up before the outlet had the
    time to answer, or the outlet is offline meanwhile: it is then switched again, as a person does.
    """
    place = "ab".index(socket)
    for is_last in (*[False] * _AGAIN, True):
        with suppress(*(() if is_last else (TimeoutError, HomeAssistantError))):
            await view.act("switch", "turn_on" if on else "turn_off", "switch", f"socket_{socket}")
            await until(lambda: outlet.relays[place] is on, view, 40.0)
            return
        await asyncio.sleep(1.0)


async def switch_there_and_back(view: Ccu, outlet: RadioOutlet) -> None:
    """Switch both sockets in Home Assistant; each state is confirmed by the outlet."""
    relays = [False, False]
    for place, socket in ((0, "a"), (1, "b"), (0, "a"), (1, "b")):
        relays[place] = not relays[place]
        await switch(view, outlet, socket, on=relays[place])
        assert outlet.relays == tuple(relays)
        expected = "on" if relays[place] else "off"
        await until(lambda: view.state("switch", f"socket_{socket}") == expected, view)  # noqa: B023 - called at once
    assert outlet.to_outlet.faults + outlet.to_controller.faults > 0


async def test_a_radio_of_home_assistant_switches_the_outlet(hass: HomeAssistant, image: Image, tmp_path: Path) -> None:
    await async_setup_component(hass, "http", {})
    async with outlet_on_the_air(image, tmp_path) as outlet:
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="Stick",
            data={**RADIO, "port": outlet.port},
            subentries_data=(outlet_data("FE", "Kitchen"),),
        )
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        view = Ccu(hass, None, entry)  # type: ignore[arg-type]
        await until(lambda: view.hub.model.outlets["FE"].online, view)
        await switch_there_and_back(view, outlet)
        # An appliance that draws too much: the outlet trips, and Home Assistant shows it.
        await view.act("number", "set_value", "number", "threshold", value=3000)
        # Switches are sent before it, and a load slows the simulation down until the outlet trips.
        await until(lambda: view.hub.model.outlets["FE"].device_threshold == 3000, view)
        await switch(view, outlet, "a", on=True)
        outlet.load_a = 6.0
        await until(lambda: view.hub.model.outlets["FE"].is_overload, view)
        assert outlet.relays == (False, False)
        await hass.config_entries.async_unload(entry.entry_id)


@dataclass
class House:
    """A Central Control Unit between Home Assistant and the outlet."""

    view: Ccu
    outlet: RadioOutlet
    device: HostProgram
    network: Network


@pytest.fixture
async def house(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    program: Path,
    image: Image,
    tmp_path: Path,
    socket_enabled: None,
) -> AsyncGenerator[House]:
    await async_setup_component(hass, "http", {})
    entry = ccu_entry("01", (outlet_data("FE", "Kitchen"),))
    await (await async_get_parts(hass)).keys.async_set_key("01", entry.title, KEY)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    client = await hass_client_no_auth()
    assert client.server.port is not None
    async with outlet_on_the_air(image, tmp_path) as outlet, network(client.server.port) as net:
        device = HostProgram(
            program,
            tmp_path / "ccu",
            SUITE_URL=net.url,
            SUITE_CCU_ID="01",
            SUITE_KEY=KEY,
            SUITE_RADIO=outlet.port,
        )
        view = Ccu(hass, client, entry)
        async with powered(device):
            await device.until(lambda: view.hub.model.outlets["FE"].online, "the outlet is not online")
            yield House(view, outlet, device, net)


async def test_the_compiled_control_unit_switches_the_outlet(house: House) -> None:
    view = house.view
    await switch_there_and_back(view, house.outlet)
    # Firmware and chip are reported without a reading of the main current too.
    await until(lambda: view.hub.info.firmware, view)
    assert (view.hub.info.firmware, view.hub.info.chip) == ("1.0.0", "generic")
    assert view.hub.model.main_current_ma is None
    for current_a, current_ma in ((7.321, 7321), (None, None)):
        house.device.set_sensor("main_current", current_a)
        await until(lambda: view.hub.model.main_current_ma == current_ma, view)  # noqa: B023 - called at once
    await view.act("number", "set_value", "number", "threshold", value=2500)
    await until(lambda: view.hub.model.outlets["FE"].device_threshold == 2500, view)
    # A refused key: the outlet stays as it is, and the unit returns once its key is accepted again.
    relays = house.outlet.relays
    keys = (await async_get_parts(view.hass)).keys
    await keys.async_set_key("01", "Main house", "another key of the control unit")
    await keys.async_end_rotation("01")
    await house.device.until(lambda: any("refuses the key" in line for line in house.device.output), "not refused")
    await keys.async_set_key("01", "Main house", KEY)
    house.device.pass_time(60)
    await switch(view, house.outlet, "a", on=True)
    assert house.outlet.relays == (True, relays[1])
    await until(lambda: view.state("switch", "socket_a") == "on", view)
    # Replies that cannot be used: the unit keeps its outlets and continues.
    for reply in (
        b"x" * 20_000,
        b'{"devices": [' + b'"FD", ' * 2000,
        b"[" * 40,
        b'{"devices": ["F',
        b"<html>502</html>",
    ):
        house.network.reply = reply
        count = house.network.connections
        house.device.pass_time(2)
        await until(lambda: house.network.connections > count + 4, view)  # noqa: B023 - called at once
        # The time that passed may be longer than a reply of the outlet takes here; it stays known, and answers again.
        await until(lambda: house.device.states["online_outlets"] == "1.0", view)
    house.network.reply = None
    await switch(view, house.outlet, "a", on=False)
    assert house.outlet.relays == (False, relays[1])
    await until(lambda: view.state("switch", "socket_a") == "off", view)
    assert house.device.starts == 1


async def test_the_control_unit_resumes_after_home_assistant_was_away_and_after_a_power_outage(house: House) -> None:
    view = house.view
    await switch(view, house.outlet, "a", on=True)
    await house.network.down()
    house.outlet.cut_power()  # it is off then
    await until(lambda: house.outlet.relays == (False, False), view)
    await house.device.cut_power()
    await house.device.until(lambda: house.device.starts == 2, "no restart")
    await house.device.settle()
    await house.network.up()
    house.device.pass_time(60)
    await until(lambda: view.state("switch", "socket_a") == "off", view)
    await switch_there_and_back(view, house.outlet)
