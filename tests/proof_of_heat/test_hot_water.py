"""Hot water is the device's own: its temperatures are never taken for those of the heating circuit."""

from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.proof_of_heat.drivers.viessmann.features import decode
from custom_components.proof_of_heat.engine import SourceConfig, SourceKind
from custom_components.proof_of_heat.sources.source_snapshot import source_snapshot
from lib.heat_source import Health, SourceState

from .test_modbus import boiler
from .test_viessmann import cloud


@pytest.mark.parametrize("device", ["lambda", "idm", "daikin", "gtw08"])
async def test_modbus_device_that_heats_hot_water(device: str, socket_enabled: None) -> None:
    async with boiler(device) as (simulator, source):
        assert (await source.refresh()).hot_water is False
        simulator.faults.set("hot_water")
        source._read_at = -1e9
        state = await source.refresh()
        assert state.hot_water is True
        assert state.flow_c == pytest.approx(56.0)
        if device in ("lambda", "idm"):
            assert state.circuit_c is not None
            assert state.circuit_c < 40.0
        else:
            assert state.circuit_c is None


@pytest.mark.parametrize(
    ("capture", "charging"),
    [("Vitocal333G.json", True), ("Vitocal200S.json", False), ("Vitocal222S.json", False)],
)
def test_captured_heat_pump_that_heats_hot_water(captures: Path, capture: str, charging: bool) -> None:
    reading = decode(json.loads((captures / "viessmann" / capture).read_text()))
    assert reading.values["dhw_charging"] is charging


@pytest.mark.parametrize(
    ("feature", "properties", "charging"),
    [
        ("heating.dhw.charging", {"active": True}, True),
        ("heating.dhw.charging", {"active": False}, False),
        ("heating.valves.fourThreeWay.position", {"value": "domesticHotWater"}, True),
        ("heating.valves.fourThreeWay.position", {"value": "climateCircuitOne"}, False),
        ("heating.compressors.0", {"phase": "dhw"}, True),
        ("heating.sensors.temperature.outside", {"value": 3.0}, None),
    ],
)
def test_flags_of_hot_water(feature: str, properties: dict[str, Any], charging: bool | None) -> None:
    wrapped = {key: {"value": value} for key, value in properties.items()}
    reading = decode({"data": [{"feature": feature, "properties": wrapped}]})
    assert reading.values.get("dhw_charging") is charging


async def test_viessmann_state_has_the_circuit_and_hot_water(socket_enabled: None) -> None:
    async with cloud() as setup:
        setup.cloud.pump.in_house = setup.cloud.pump.hot_water = True  # its time stops
        source = await setup.source()
        state = await source.refresh()
        assert state.hot_water is True
        assert state.circuit_c == pytest.approx(setup.cloud.pump.flow_c, abs=0.1)


def test_engine_sees_both() -> None:
    state = SourceState(
        at=datetime(2026, 1, 1, tzinfo=UTC), health=Health.OK, flow_c=56.0, circuit_c=31.0, hot_water=True
    )

    class Source:
        source_id = "pump"

        def __init__(self) -> None:
            self.state = state
            self.capabilities = type("Caps", (), {"controls": frozenset()})()

    config = SourceConfig(source_id="pump", kind=SourceKind.HEAT_PUMP)
    seen = source_snapshot(Source(), config, state.at)  # type: ignore[arg-type]
    assert (seen.flow_c, seen.circuit_c, seen.hot_water) == (56.0, 31.0, True)
