"""Installations as they are: heating circuits other than the first, boilers, gateways that are offline."""

import json
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.proof_of_heat.drivers.errors import RefusedError
from custom_components.proof_of_heat.drivers.viessmann.client import Device
from custom_components.proof_of_heat.drivers.viessmann.features import ViessmannReading, decode
from custom_components.proof_of_heat.drivers.viessmann.source import capabilities_of
from custom_components.proof_of_heat.sources.types.viessmann import _candidate, _readings, connect
from lib.heat_source import Command, Control, Outcome, SourceKind
from simulators.framework import running
from simulators.viessmann_cloud.cloud import ViessmannCloud

from .test_viessmann import cloud


def entered(device: ViessmannCloud) -> dict[str, Any]:
    return {
        "kind": "viessmann",
        "client_id": "demo-client",
        "username": "demo@example.com",
        "password": "demo",
        "host": f"http://127.0.0.1:{device.port}",
    }


def test_circuit_of_a_capture(captures: Path) -> None:
    """The only enabled circuit of this heat pump is 1."""
    reply = json.loads((captures / "viessmann" / "Vitocal300G_CU401B.json").read_text())
    reading = decode(reply)
    assert (reading.circuit, reading.circuits) == (1, (1,))
    assert reading.number("circuit_supply_temperature") == 36.1
    assert reading.number("flow_setpoint") == 40
    assert reading.number("slope") is not None
    assert Control.CURVE in capabilities_of(reading).controls


@pytest.mark.parametrize(
    ("enabled", "circuits"),
    [(["0"], (0,)), (["1"], (1,)), (["2", "1"], (1, 2)), ([], (0,)), (None, (0,)), (["x", "3"], (3,))],
)
def test_enabled_circuits(enabled: list[str] | None, circuits: tuple[int, ...]) -> None:
    rows = [] if enabled is None else [{"feature": "heating.circuits", "properties": {"enabled": {"value": enabled}}}]
    reading = decode({"data": rows})
    assert (reading.circuits, reading.circuit) == (circuits, circuits[0])


async def test_commands_go_to_the_enabled_circuit(socket_enabled: None) -> None:
    async with cloud(["--circuit", "1"]) as setup:
        source = await setup.source()
        assert (await source.refresh()).slope == pytest.approx(0.6)
        assert (await source.apply(Command(id="a", slope=0.8, level=2.0))).outcome == Outcome.APPLIED
        assert (await source.apply(Command(id="b", on=False))).outcome == Outcome.APPLIED
        features = [feature for feature, *_ in setup.cloud.commands]
        assert features == ["heating.circuits.1.heating.curve", "heating.circuits.1.operating.modes.active"]


async def test_every_circuit_can_be_chosen(socket_enabled: None) -> None:
    async with cloud() as setup:
        device = (await setup.client.devices())[0]
        rows = list(setup.cloud.pump.features("x"))
        setup.cloud.pump.circuit = 2
        rows += [row for row in setup.cloud.pump.features("x") if row["feature"].startswith("heating.circuits.2.")]
        for row in rows:
            if row["feature"] == "heating.circuits":
                row["properties"]["enabled"]["value"] = ["0", "2"]
        setup.cloud._rows = lambda _: rows  # type: ignore[method-assign]
        readings = await setup.client.read_circuits(device)
        assert [reading.circuit for reading in readings] == [0, 2]
        assert all(reading.number("slope") == pytest.approx(0.6) for reading in readings)


async def test_an_offline_gateway_hides_no_other_heat_pump(hass: HomeAssistant, socket_enabled: None) -> None:
    async with running(ViessmannCloud, ["--port", "0", "--second-gateway"]) as device:
        (found,) = await connect(hass, entered(device))
        assert found.data["info"]["device"]["gateway"] == "7571381700000000"


async def test_a_boiler_is_a_boiler(hass: HomeAssistant, socket_enabled: None) -> None:
    async with running(ViessmannCloud, ["--port", "0", "--boiler", "--circuit", "1"]) as device:
        (found,) = await connect(hass, entered(device))
        assert found.data["capabilities"]["kind"] == SourceKind.BOILER
        assert found.data["capabilities"]["fuel"] == "gas"
        assert found.data["info"]["circuit"] == 1


def test_captured_heat_pumps_are_not_boilers(captures: Path) -> None:
    for file in (captures / "viessmann").glob("Vitocal*.json"):
        assert not decode(json.loads(file.read_text())).is_boiler, file.name


def feature(name: str, **properties: Any) -> dict[str, Any]:
    return {"feature": name, "properties": {key: {"value": value} for key, value in properties.items()}}


@pytest.mark.parametrize(
    ("rows", "is_boiler"),
    [
        ([feature("heating.burners", enabled=["0"]), feature("heating.compressors", enabled=[])], True),
        ([feature("heating.burners.0", active=True)], True),
        ([feature("heating.burner", active=False)], True),
        ([feature("heating.burners", enabled=["0"]), feature("heating.compressors", enabled=["0"])], False),
        ([feature("heating.burners", enabled=[]), feature("heating.burners.0")], False),
        ([], False),
    ],
)
def test_parts_that_make_heat(rows: list[dict[str, Any]], is_boiler: bool) -> None:
    assert decode({"data": rows}).is_boiler is is_boiler


def test_a_curve_that_cannot_be_written_is_not_control() -> None:
    """An old boiler reports its curve, and its command is not executable or absent."""
    params = {"slope": {"constraints": {"min": 0.2, "max": 3.5}}, "shift": {"constraints": {"min": -13, "max": 40}}}
    curve = feature("heating.circuits.0.heating.curve", slope=1.4, shift=0)
    assert Control.CURVE not in capabilities_of(decode({"data": [curve]})).controls
    locked = {**curve, "commands": {"setCurve": {"isExecutable": False, "params": params}}}
    assert Control.CURVE not in capabilities_of(decode({"data": [locked]})).controls
    free = {**curve, "commands": {"setCurve": {"isExecutable": True, "params": params}}}
    assert Control.CURVE in capabilities_of(decode({"data": [free]})).controls


async def test_installations_whose_gateways_are_all_offline_name_the_reason() -> None:
    device = Device("0", "Vitocal", "1", "g")

    class Client:
        async def devices(self) -> list[Device]:
            return [device]

        async def read_circuits(self, device: Device) -> list[ViessmannReading]:
            raise RefusedError(f"gateway {device.gateway} is offline")

    with pytest.raises(RefusedError, match="offline"):
        await _readings(Client())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("info", "title", "unique_id"),
    [
        ({"circuit": 0}, "Vitocal", "viessmann_g_0"),
        ({"circuit": 1, "circuits": [1]}, "Vitocal", "viessmann_g_0"),
        ({"circuit": 1, "circuits": [1, 2]}, "Vitocal 2", "viessmann_g_0"),
        ({"circuit": 2, "circuits": [1, 2]}, "Vitocal 3", "viessmann_g_0_2"),
    ],
)
def test_a_device_with_several_circuits(info: dict[str, Any], title: str, unique_id: str) -> None:
    candidate = _candidate(Device("0", "Vitocal", "1", "g"), {"info": info})
    assert (candidate.title, candidate.unique_id) == (title, unique_id)
