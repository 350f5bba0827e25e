"""The hand-over of every source type against its simulator.

Each is commanded, fails in the middle, and Home Assistant is killed in the middle. Control ends while the device does
not answer, and Home Assistant is killed again. At the end the device has the user's own settings.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
import json
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat._lib.backoff import RetryPolicy
from custom_components.proof_of_heat._lib.heat_source import Command, Outcome
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.sources import releaser
from simulators.antminer.miner import Antminer
from simulators.bitaxe.miner import Bitaxe
from simulators.braiins.miner import Braiins
from simulators.framework import Simulator, running
from simulators.hiveos.cloud import HiveOs
from simulators.luxos.miner import Luxos
from simulators.modbus_boiler.boiler import ModbusBoiler
from simulators.nicehash.cloud import NiceHash
from simulators.viessmann_cloud.cloud import ViessmannCloud
from simulators.vnish.miner import Vnish
from simulators.whatsminer.miner import Whatsminer

from . import ha
from .test_hand_over import STORE, Thermostat, forget_memory, issues

pytestmark = pytest.mark.slow

PATIENCE_S = 60.0


@dataclass
class Rig:
    """A device with settings that a user made, what a user enters for it, and commands that change all of them."""

    form: str
    values: dict[str, Any]
    settings: Callable[[], Any]
    commands: tuple[Command, ...]
    fail: Callable[[bool], None]
    ready: Callable[[], None] = lambda: None
    """After the set-up of the integrations that the zones load."""


type MakeRig = Callable[[HomeAssistant, Callable[[], str]], AbstractAsyncContextManager[Rig]]


def _faulty(device: Simulator, fault: str) -> Callable[[bool], None]:
    return lambda fails: device.faults.set(fault) if fails else device.faults.clear(fault)


# --- miners -----------------------------------------------------------------------------------------------


def _limited(device: Any) -> None:
    device.machine.set_limit(2900.0)


def _miner(
    simulator: type[Simulator],
    argv: list[str],
    prepare: Callable[[Any], None],
    settings: Callable[[Any], Any],
    *commands: Command,
    **values: Any,
) -> MakeRig:
    @asynccontextmanager
    async def make(_: HomeAssistant, loopback: Callable[[], str]) -> AsyncGenerator[Rig]:
        host = loopback()
        async with running(simulator, ["--host", host, *argv]) as device:
            prepare(device)
            password = device.args.v3_password if "v3" in argv else getattr(device.args, "password", "admin")
            entered = {"address": host, "password": password, "port": 80, "idle_on_release": False, **values}
            seen = (Command(id="on", on=True, power_w=2400.0), Command(id="off", on=False))
            yield Rig("miner", entered, lambda: settings(device), commands or seen, _faulty(device, "refused"))

    return make


def _set(**values: Any) -> Callable[[Any], None]:
    def prepare(device: Any) -> None:
        for name, value in values.items():
            setattr(device, name, value)

    return prepare


def _machine(device: Any) -> tuple[bool, float]:
    return device.machine.running, round(device.machine.limit_w)


_FREQUENCIES = (Command(id="mode", on=True, mode="450"), Command(id="off", on=False))
_MODES = (Command(id="mode", on=True, mode="low"), Command(id="off", on=False))

# --- clouds and heat pumps --------------------------------------------------------------------------------


@asynccontextmanager
async def _nicehash(_: HomeAssistant, __: Callable[[], str]) -> AsyncGenerator[Rig]:
    async with running(NiceHash, ["--port", "0"]) as cloud:
        cloud.mode = "MEDIUM"
        keys = {"api_key": "demo-key", "api_secret": "demo-secret", "organisation": "demo-organisation"}
        values = {**keys, "host": f"http://127.0.0.1:{cloud.port}"}
        commands = (Command(id="mode", on=True, mode="LOW"), Command(id="off", on=False))
        yield Rig("nicehash", values, lambda: cloud.mode, commands, _faulty(cloud, "refused"))


@asynccontextmanager
async def _hiveos(_: HomeAssistant, __: Callable[[], str]) -> AsyncGenerator[Rig]:
    async with running(HiveOs, ["--port", "0"]) as cloud:
        values = {"token": "demo-token", "host": f"http://127.0.0.1:{cloud.port}/api/v2"}
        modes = (Command(id="mode", on=True, mode="quiet"), Command(id="off", on=False))
        yield Rig("hiveos", values, lambda: cloud.profile, modes, _faulty(cloud, "refused"))


@asynccontextmanager
async def _viessmann(_: HomeAssistant, __: Callable[[], str]) -> AsyncGenerator[Rig]:
    async with running(ViessmannCloud, ["--port", "0"]) as cloud:
        cloud.pump.slope, cloud.pump.shift = 0.9, 3.0
        values = {
            "client_id": "demo-client",
            "username": "demo@example.com",
            "password": "demo",
            "day_limit": 1450,
            "host": f"http://127.0.0.1:{cloud.port}",
        }
        commands = (Command(id="curve", on=True, slope=1.4, level=9.0), Command(id="off", on=False))

        def settings() -> Any:
            return cloud.pump.slope, cloud.pump.shift, cloud.pump.mode

        yield Rig("viessmann", values, settings, commands, _faulty(cloud, "error_500"))


def _modbus(device: str, template: str, prepare: Callable[[Any], None], *commands: Command) -> MakeRig:
    @asynccontextmanager
    async def make(_: HomeAssistant, __: Callable[[], str]) -> AsyncGenerator[Rig]:
        unit = {"froeling": 2, "gtw08": 100}.get(device, 1)
        async with running(ModbusBoiler, ["--port", "0", "--device", device, "--unit-id", str(unit)]) as boiler:
            prepare(boiler)
            values = {"template": template, "address": "127.0.0.1", "port": boiler.port, "unit_id": unit}

            def settings() -> Any:
                return boiler.mode, boiler.setpoint_c, boiler.level_k, boiler.room_setpoint_c

            yield Rig("modbus", values, settings, commands, _faulty(boiler, "busy"))

    return make


# --- entities of Home Assistant ---------------------------------------------------------------------------


class Entities:
    """Entities whose actions change their states; unavailable while their device does not answer."""

    def __init__(self, hass: HomeAssistant, states: dict[str, tuple[str, dict[str, Any]]]) -> None:
        self.hass, self.known = hass, {name: [state, dict(attributes)] for name, (state, attributes) in states.items()}
        self.fails = False
        self.show()
        self.ready()

    def ready(self) -> None:
        for entity_id in self.known:
            domain = entity_id.partition(".")[0]
            for service in (
                "set_value",
                "select_option",
                "turn_on",
                "turn_off",
                "set_temperature",
                "set_operation_mode",
                "set_hvac_mode",
            ):
                self.hass.services.async_register(domain, service, self._act)

    def fail(self, fails: bool) -> None:
        self.fails = fails
        self.show()

    def show(self) -> None:
        for entity_id, (state, attributes) in self.known.items():
            self.hass.states.async_set(
                entity_id, "unavailable" if self.fails else state, {} if self.fails else attributes
            )

    async def _act(self, call: ServiceCall) -> None:
        if self.fails:
            raise HomeAssistantError("no radio contact")
        names = call.data["entity_id"]
        for entity_id in [names] if isinstance(names, str) else names:
            self._change(self.known[entity_id], call)
        self.show()

    @staticmethod
    def _change(row: list[Any], call: ServiceCall) -> None:
        if "temperature" in call.data and row[1].get("target_temp_low") is not None:
            raise HomeAssistantError("this thermostat has no single setpoint")
        if call.service in ("turn_on", "turn_off"):
            row[0] = call.service.removeprefix("turn_")
        for name in ("value", "option", "operation_mode", "hvac_mode"):
            row[0] = str(call.data.get(name, row[0]))
        setpoints = ("temperature", "target_temp_low", "target_temp_high")
        row[1] |= {name: call.data[name] for name in setpoints if name in call.data}

    @property
    def settings(self) -> dict[str, Any]:
        keys = ("temperature", "target_temp_low", "target_temp_high")
        return {
            name: (state, *(attributes[key] for key in keys if attributes.get(key) is not None))
            for name, (state, attributes) in self.known.items()
        }


def _entity(entity_id: str, state: str, attributes: dict[str, Any], *commands: Command, **values: Any) -> MakeRig:
    @asynccontextmanager
    async def make(hass: HomeAssistant, _: Callable[[], str]) -> AsyncGenerator[Rig]:
        device = Entities(hass, {entity_id: (state, attributes)})
        entered = {"entity": entity_id, "source_kind": "boiler", "number_is": "flow", "fuel_price": 0.1, **values}
        yield Rig("entity", entered, lambda: device.settings, commands, device.fail, device.ready)

    return make


@asynccontextmanager
async def _thermostat(hass: HomeAssistant, _: Callable[[], str]) -> AsyncGenerator[Rig]:
    device = Thermostat(hass)

    def fail(fails: bool) -> None:
        device.failures = 10**6 if fails else 0

    values = {"entity": "climate.hall", "source_kind": "boiler", "number_is": "power", "fuel_price": 0.1}
    commands = (Command(id="room", on=True, room_c=26.0), Command(id="off", on=False))
    yield Rig("entity", values, lambda: device.settings, commands, fail, device.register)


@asynccontextmanager
async def _vicare(hass: HomeAssistant, _: Callable[[], str]) -> AsyncGenerator[Rig]:
    from homeassistant.helpers import device_registry as dr, entity_registry as er

    owner = MockConfigEntry(domain="vicare", title="ViCare")
    owner.add_to_hass(hass)
    found = dr.async_get(hass).async_get_or_create(
        config_entry_id=owner.entry_id, identifiers={("vicare", "gateway_serial")}, name="Vitocal"
    )
    states = {}
    for key, value, low, high in (("slope", "0.6", 0.2, 3.5), ("shift", "4", -13, 40)):
        entity = er.async_get(hass).async_get_or_create(
            "number",
            "vicare",
            f"gateway_serial-heating_curve_{key}-0",
            config_entry=owner,
            device_id=found.id,
            translation_key=f"heating_curve_{key}",
            object_id_base=f"vitocal {key}",
        )
        states[entity.entity_id] = (value, {"min": low, "max": high})
    device = Entities(hass, states)

    def settings() -> Any:
        return [float(state) for state, _ in device.known.values()]

    commands = (Command(id="slope", slope=1.1, level=9.0), Command(id="level", slope=1.1, level=9.0))
    yield Rig("vicare", {"device": found.id}, settings, commands, device.fail, device.ready)


_CLIMATE = {"hvac_modes": ["off", "heat", "heat_cool"], "min_temp": 5, "max_temp": 30, "target_temp_step": 0.5}
_RANGE = {**_CLIMATE, "temperature": None, "target_temp_low": 19.5, "target_temp_high": 25.0, "supported_features": 386}
_ESPHOME = {
    "hvac_modes": ["off", "heat", "auto"],
    "min_temp": 7.0,
    "max_temp": 30.0,
    "target_temp_step": 0.1,
    "temperature": 19.3,
    "preset_mode": "home",
    "preset_modes": ["home", "away", "sleep"],
    "supported_features": 401,
}
_ROOM = (Command(id="room", on=True, room_c=23.0), Command(id="off", on=False))
RIGS: dict[str, MakeRig] = {
    "whatsminer_v2": _miner(
        Whatsminer,
        ["--boot-s", "0", "--api", "v2"],
        _limited,
        _machine,
    ),
    "whatsminer_v3": _miner(Whatsminer, ["--boot-s", "0", "--api", "v3"], _limited, _machine),
    "whatsminer_mode": _miner(
        Whatsminer, ["--boot-s", "0", "--api", "v2"], _set(mode="high"), lambda d: (d.mode, d.machine.running), *_MODES
    ),
    "braiins": _miner(Braiins, ["--boot-s", "0"], _limited, _machine),
    "luxos": _miner(Luxos, ["--boot-s", "0", "--atm"], _set(), lambda d: (d.profile, d.atm, d.machine.running)),
    "vnish": _miner(Vnish, ["--boot-s", "0"], _set(), lambda d: (d.preset, d.machine.running)),
    "bitaxe": _miner(
        Bitaxe, [], _set(frequency=490), lambda d: (d.frequency, d.voltage, d.machine.running), *_FREQUENCIES
    ),
    "antminer": _miner(Antminer, ["--boot-s", "0"], _set(), lambda d: (d.mode, _machine(d)), *_MODES),
    "nicehash": _nicehash,
    "hiveos": _hiveos,
    "viessmann": _viessmann,
    "lambda": _modbus(
        "lambda",
        "lambda_eu",
        _set(mode=3, level_k=1.5, room_setpoint_c=20.5),
        Command(id="level", on=True, level=6.0, room_c=23.0),
        Command(id="off", on=False),
    ),
    "idm": _modbus(
        "idm", "idm_navigator", _set(mode=5), Command(id="flow", on=True, flow_c=45.0), Command(id="off", on=False)
    ),
    "daikin": _modbus(
        "daikin",
        "daikin_home_hub",
        _set(setpoint_c=38.0),
        Command(id="flow", on=True, flow_c=45.0),
        Command(id="off", on=False),
    ),
    "froeling": _modbus("froeling", "froeling_lambdatronic", _set(mode=1), Command(id="off", on=False)),
    "gtw08": _modbus("gtw08", "bdr_gtw08", _set(mode=0), Command(id="off", on=False)),
    "thermostat": _thermostat,
    "climate_range": _entity("climate.hall", "heat_cool", _RANGE, *_ROOM),
    "number": _entity(
        "number.flow",
        "33.0",
        {"min": 20, "max": 60, "step": 0.5, "unit_of_measurement": "°C"},
        Command(id="f", flow_c=45.0),
    ),
    "select": _entity(
        "select.rod", "2000 W", {"options": ["0 W", "1000 W", "2000 W", "3000 W"]}, Command(id="p", power_w=1000.0)
    ),
    "switch": _entity("switch.pump", "off", {}, Command(id="on", on=True)),
    "water_heater": _entity(
        "water_heater.tank",
        "gas",
        {"min_temp": 30.0, "max_temp": 60.0, "temperature": 47.0, "supported_features": 1},
        Command(id="flow", on=True, flow_c=55.0),
    ),
    "vicare": _vicare,
    # What ESPHome makes of its thermostat, PID climate, number and output components.
    "esphome_thermostat": _entity("climate.esphome_floor", "heat", _ESPHOME, *_ROOM),
    "esphome_pid": _entity("climate.esphome_pid", "off", {**_ESPHOME, "hvac_modes": ["off", "heat"]}, *_ROOM),
    "esphome_number": _entity(
        "number.esphome_flow",
        "31.5",
        {"min": 15.0, "max": 55.0, "step": 0.1, "mode": "box", "unit_of_measurement": "°C"},
        Command(id="flow", flow_c=41.3),
    ),
    "esphome_percent": _entity(
        "number.esphome_heater",
        "40.0",
        {"min": 0, "max": 100, "step": 1.0, "unit_of_measurement": "%"},
        Command(id="power", power_w=2400.0),
        source_kind="direct_electric",
        number_is="power",
        nominal_power=3000.0,
    ),
    "esphome_select": _entity(
        "select.esphome_stage", "off", {"options": ["off", "1000 W", "2000 W"]}, Command(id="p", power_w=2000.0)
    ),
}


async def _kill(hass: HomeAssistant, entry: MockConfigEntry, disk: str) -> None:
    """Home Assistant dies and starts again: only what was on disk is left."""
    from homeassistant.helpers.storage import get_internal_store_manager

    await hass.config_entries.async_unload(entry.entry_id)
    forget_memory(hass)
    hass.data["hass_storage"][STORE] = json.loads(disk)
    get_internal_store_manager(hass).async_invalidate(STORE)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


def _impatient(entry: MockConfigEntry) -> Any:
    """The source with short waits; its device answers at once."""
    (managed,) = entry.runtime_data.sources.values()
    source = managed.source
    source.timing = replace(source.timing, read_s=4.0, write_s=4.0, fresh_s=0.0, verify_s=0.4, verify_step_s=0.05)
    source._capabilities = replace(source._capabilities, settle_s=0.0, min_write_interval_s=0.0)
    source._written_at = source._asked_at = -1e9
    source._poll_s = 0.0
    return source


async def _until(holds: Callable[[], bool]) -> None:
    for _ in range(round(PATIENCE_S / 0.1)):
        if holds():
            return
        await asyncio.sleep(0.1)


async def _applied(source: Any, command: Command) -> None:
    outcomes = []
    for _ in range(100):
        result = await source.apply(command)
        outcomes.append((str(result.outcome), result.detail))
        if result.settled:
            return
        source._written_at = -1e9
        await asyncio.sleep(0.1)
    raise AssertionError(outcomes)


@pytest.mark.parametrize("name", list(RIGS))
async def test_the_device_has_the_users_settings_at_the_end(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    loopback: Callable[[], str],
    port_80: None,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.setattr(releaser, "RETRY", RetryPolicy(first_s=0.1, max_s=0.2))
    hass.data["hass_storage"] = hass_storage
    ha.thermometer(hass, ha.ROOM, 20.0)
    ha.thermometer(hass, ha.OUTDOOR, 3.0)
    async with RIGS[name](hass, loopback) as rig:
        assert await async_setup_component(hass, DOMAIN, {})
        entry = ha.system(ha.zone(), await ha.source(hass, rig.form, rig.values))
        await ha.start(hass, entry)
        rig.ready()
        await ha.idle(entry)
        users = rig.settings()
        await entry.runtime_data.user.async_set_active(True)
        source = _impatient(entry)
        await source.refresh()
        await _applied(source, rig.commands[0])
        assert rig.settings() != users, "the command changed what the user had set"
        rig.fail(True)
        failed = await source.apply(replace(rig.commands[-1], id="during the fault"))
        assert failed.outcome in (Outcome.FAILED, Outcome.REFUSED, Outcome.DEFERRED, Outcome.UNCHANGED)
        rig.fail(False)
        await _kill(hass, entry, json.dumps(hass_storage[STORE]))
        source = _impatient(entry)
        await source.refresh()
        for command in reversed(rig.commands):
            await _applied(source, command)
        rig.fail(True)
        await entry.runtime_data.user.async_set_active(False)
        await _until(lambda: bool(issues(hass)) or rig.settings() == users)
        await _kill(hass, entry, json.dumps(hass_storage[STORE]))
        rig.fail(False)
        _impatient(entry)
        await _until(lambda: rig.settings() == users and not releaser.releaser(hass)._tasks)
        assert rig.settings() == users
        assert not hass_storage[STORE]["data"]["devices"]
        assert not issues(hass)
        await ha.idle(entry)
        await hass.config_entries.async_unload(entry.entry_id)
