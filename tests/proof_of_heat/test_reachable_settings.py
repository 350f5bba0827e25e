"""Every field of the engine's configuration and input is reachable by a form, or named here with the reason."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Final

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat._lib.heat_source import Capabilities, Control, SourceKind
from custom_components.proof_of_heat.engine import config as engine_settings
from custom_components.proof_of_heat.engine.snapshot import Forecast, Snapshot, ZoneSnapshot
from custom_components.proof_of_heat.flows.advanced import source_advanced
from custom_components.proof_of_heat.flows.basics import SYSTEM_ADVANCED
from custom_components.proof_of_heat.flows.option_schemas import CURVE_ADVANCED
from custom_components.proof_of_heat.flows.options import OPTION_FORMS
from custom_components.proof_of_heat.runtime.engine_config import engine_config, source_config
from custom_components.proof_of_heat.system_config import read_config

from .ha import system

PUMP: Final = Capabilities(kind=SourceKind.HEAT_PUMP, controls=frozenset({Control.FLOW}))
GAS: Final = Capabilities(kind=SourceKind.BOILER, controls=frozenset({Control.FLOW}), fuel="gas")
MINER: Final = Capabilities(kind=SourceKind.MINER, controls=frozenset({Control.POWER}), power_steps_w=(800.0, 1600.0))

# A value of each field of the forms that differs from its default.
OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "curve": {"slope": 0.9, "level": 3.0, "max_flow": 50.0},
    "limits": {"site_power": 4000.0, "quiet_level": 30},
    "mining": {"pool_fee": 1.0},
    "phases": {"phase_power": 4600.0},
    "planning": {
        "comfort_weight": 60,
        "peak_policy": "none",
        "start_cost": 0.3,
        "co2_price": 0.1,
        "measure": False,
    },
}
CURVE: Final[Mapping[str, Any]] = {
    "curve_type": "radiator",
    "curve_value": 70,
    "min_external": -20,
    "design_outdoor": -14,
    "design_flow": 45,
    "design_return": 30,
    "exponent": 1.2,
    "coefficient": 1.5,
    "damping": 12,
    "heating_limit": 6,
    "room_correction": 2,
}
BASICS: Final[Mapping[str, Any]] = {"override_hours": 6, "frost_room": 10, "fallback_flow": 35}
POINTS: Final = [{"outdoor": -15, "flow": 45}, {"outdoor": 15, "flow": 25}]
SOURCE: Final[Mapping[str, Any]] = {
    "fuel_efficiency": 95.0,
    "heat_share": 70.0,
    "cop": 4.0,
    "min_level": 40.0,
    "flow_limit": 38.0,
    "priority": 0.02,
    "min_on": 20,
    "min_off": 30,
    "max_starts": 2,
    "ramp": 500.0,
    "phase": "l2",
}
SOURCE_DATA: Final[Mapping[str, Any]] = {
    "nominal_heat": 8000.0,
    "nominal_power": 2500.0,
    "fuel_price": 0.12,
    "efficiency_j_th": 20.0,
    "source_kind": "boiler",
}
ALLOWED: Final[Mapping[str, str]] = {
    "EngineConfig.sources": "a tuple of the sources, whose fields are checked one by one",
    "EngineConfig.curve": "checked field by field",
    "EngineConfig.site": "checked field by field",
    "EngineConfig.weights": "checked field by field",
    "EngineConfig.safety": "checked field by field",
    "EngineConfig.reference": "the reference of the savings is one thermostat for all homes",
    "EngineConfig.prediction_error_limit_k": "the gate of predictions: safety, tuned in the benchmark",
    "SourceConfig.source_id": "the subentry",
    "SourceConfig.steering": "follows from what the source can do",
    "SourceConfig.steps_w": "reported by the device",
    "SourceConfig.reboot_s": "reported by the driver",
    "SourceConfig.size_assumed": "follows from the rated power",
    "SourceConfig.zones": "follows from the room of a heater",
    "SourceConfig.can_stop": "follows from what the source can do",
    "CurveConfig.underfloor": "the heat emitters of the heating system",
    "CurveConfig.heating_limit_hysteresis_k": "a hysteresis against short changes, not a preference",
    "CurveConfig.trim_integral_s": "a controller constant, tuned in the benchmark",
    "CurveConfig.trim_limit_k": "the limit of a correction: safety",
    "CurveConfig.too_warm_k": "the limit of overheating: safety",
    "Weights.margin_k": "a margin for the model error, tuned in the benchmark",
    "Weights.sun_doubt": "a margin for the forecast error, tuned in the benchmark",
    "Weights.upper_price_share": "tuned in the benchmark, with the weight of comfort",
    "Weights.stored_heat_share": "numerical: the end of the plan",
    "Weights.peak_days": "part of the policy for power peaks",
    "Weights.peak_share": "part of the policy for power peaks",
    "Weights.peak_floor": "part of the policy for power peaks",
    **{
        f"ReferenceControl.{item.name}": "the reference of the savings is one thermostat for all homes"
        for item in fields(engine_settings.ReferenceControl)
    },
    **{
        f"SafetyLimits.{item.name}": "safety: published limits, docs/control.md"
        for item in fields(engine_settings.SafetyLimits)
        if item.name not in {"max_flow_c", "frost_room_c", "fallback_flow_c"}
    },
}
INPUTS_ALLOWED: Final[Mapping[str, str]] = {
    "Forecast.people": "people are forecast from the last day",
    "Forecast.emission_kg_kwh": "no integration of Home Assistant publishes a forecast of the CO2 intensity",
}


def config_of(
    options: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    capabilities: Capabilities = PUMP,
    emitter: str = "underfloor",
    basics: Mapping[str, Any] | None = None,
) -> engine_settings.EngineConfig:
    """The engine's configuration of stored options and a stored source."""
    entry = system(
        options=dict(options or {"price": {"fixed_price": 0.25}}), emitter=emitter, advanced=dict(basics or {})
    )
    settings = read_config(entry)
    return engine_config(settings, (source_config("a", capabilities, data or {}, settings),))


def differences(one: Any, other: Any) -> set[str]:
    """The fields that differ, as "Class.field"."""
    found: set[str] = set()
    for item in fields(one):
        mine, theirs = getattr(one, item.name), getattr(other, item.name)
        if mine == theirs:
            continue
        found.add(f"{type(one).__name__}.{item.name}")
        for a, b in zip(mine, theirs, strict=False) if isinstance(mine, tuple) else [(mine, theirs)]:
            if is_dataclass(a) and is_dataclass(b):
                found |= differences(a, b)
    return found


def reached() -> set[str]:
    """The fields that some field of a form changes."""
    found: set[str] = set()
    for subject, values in OPTIONS.items():
        for name, value in values.items():
            stored = {"price" if subject == "mining" else subject: {name: value}}
            found |= differences(config_of(), config_of(stored))
    for name, value in CURVE.items():
        found |= differences(config_of(), config_of({"curve": {"advanced": {name: value}}}))
    found |= differences(
        config_of(), config_of({"curve": {"advanced": {"curve_type": "points", "curve_points": POINTS}}})
    )
    found |= differences(config_of(), config_of(emitter="radiator"))
    for name, value in BASICS.items():
        found |= differences(config_of(), config_of(basics={name: value}))
    for capabilities in (PUMP, GAS, MINER):
        for name, value in SOURCE_DATA.items():
            found |= differences(config_of(capabilities=capabilities), config_of(None, {name: value}, capabilities))
        for name, value in SOURCE.items():
            changed = config_of(None, {"advanced": {name: value}}, capabilities)
            found |= differences(config_of(capabilities=capabilities), changed)
    return found


def test_every_field_of_the_configuration_is_reachable_or_has_a_reason() -> None:
    classes = [
        engine_settings.EngineConfig,
        engine_settings.SourceConfig,
        engine_settings.CurveConfig,
        engine_settings.SiteLimits,
        engine_settings.Weights,
        engine_settings.ReferenceControl,
        engine_settings.SafetyLimits,
    ]
    every = {f"{of.__name__}.{item.name}" for of in classes for item in fields(of)}
    assert every - reached() - ALLOWED.keys() == set(), "neither in a form nor in the list"
    assert ALLOWED.keys() - every == set(), "in the list, but not in the configuration any more"
    assert all(ALLOWED.values())


def test_every_field_of_the_forms_is_tried() -> None:
    shown = {str(key) for key in source_advanced("modbus").schema}
    assert shown == set(SOURCE)
    assert {str(key) for key in SYSTEM_ADVANCED.schema} == set(BASICS)
    assert {str(key) for key in CURVE_ADVANCED.schema} == {*CURVE, "curve_points"}
    assert {str(key) for key in OPTION_FORMS["planning"].schema.schema} == {*OPTIONS["planning"], "co2_entity"}


def test_every_input_is_filled_or_has_a_reason() -> None:
    """The snapshot's fields that its builder passes."""
    from inspect import getsource

    from custom_components.proof_of_heat.runtime import snapshot_builder

    source = getsource(snapshot_builder)
    for of in (Snapshot, Forecast, ZoneSnapshot):
        missing = {item.name for item in fields(of) if f"{item.name}=" not in source}
        assert {f"{of.__name__}.{name}" for name in missing} <= INPUTS_ALLOWED.keys(), of


@pytest.mark.parametrize(
    ("name", "value", "capabilities", "field", "expected"),
    [
        ("fuel_efficiency", 95.0, GAS, "efficiency", 0.95),
        ("heat_share", 70.0, MINER, "efficiency", 0.7),
        ("min_level", 40.0, PUMP, "min_modulation", 0.4),
        ("min_on", 20, PUMP, "min_on_s", 1200.0),
        ("min_on", 2, PUMP, "min_on_s", 600.0),
        ("min_on", 2, MINER, "min_on_s", 120.0),
        ("min_off", 0, MINER, "min_off_s", 0.0),
        ("max_starts", 10, PUMP, "max_starts_h", 3),
        ("max_starts", 10, GAS, "max_starts_h", 10),
        ("phase", "l3", PUMP, "phase", 2),
    ],
)
def test_values_have_the_units_of_the_engine(
    name: str, value: Any, capabilities: Capabilities, field: str, expected: float
) -> None:
    (source,) = config_of(None, {"advanced": {name: value}}, capabilities).sources
    assert getattr(source, field) == expected


def test_co2_makes_gas_dearer_by_its_emission() -> None:
    gas, pump = (
        config_of({"planning": {"co2_price": 0.1}}, capabilities=capabilities).sources[0]
        for capabilities in (GAS, PUMP)
    )
    assert gas.priority == pytest.approx(-0.1 * 0.201 / 0.9)
    assert pump.priority == 0.0


def test_points_that_are_not_a_curve_leave_slope_and_level() -> None:
    rising = [{"outdoor": -15, "flow": 25}, {"outdoor": 15, "flow": 45}]
    assert config_of({"curve": {"advanced": {"curve_type": "points", "curve_points": rising}}}).curve.kind == "slope"


async def test_zones_are_weighted_by_their_area(hass: HomeAssistant) -> None:
    from .ha import zone

    def weights(*areas: float | None) -> list[float]:
        made: MockConfigEntry = system(
            *(zone(f"Zone {i}", **({"advanced": {"area": area}} if area else {})) for i, area in enumerate(areas))
        )
        return [item.weight for item in read_config(made).zones]

    assert weights(None, None) == [1.0, 1.0]
    assert weights(10.0, None, 30.0) == [10.0, 20.0, 30.0]
