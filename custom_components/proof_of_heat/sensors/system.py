"""Sensors of the heating system: decisions, COP, cost, savings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription, SensorStateClass
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfEnergy, UnitOfTemperature
from homeassistant.util import dt as dt_util

from ..data import HeatingSystem
from ..engine.decision_record import ControlMode, DecisionState
from ..engine.delivery import Amount, Delivery
from ..engine.learning import FIRST_H
from .base import POWER, RATIO, TEMPERATURE, Value, known
from .learned_house import heat_loss, house_details, import_details, learning_percent

_WINDOW: Final = timedelta(hours=2)


@dataclass(frozen=True, kw_only=True)
class SystemSensorDescription(SensorEntityDescription):
    """A sensor of the heating system."""

    value_fn: Callable[[HeatingSystem], Value]
    attributes_fn: Callable[[HeatingSystem], Mapping[str, Any]] | None = None
    money: str | None = None
    """The unit after the currency ("/h"); None: no amount of money."""
    published_fn: Callable[[HeatingSystem], object] | None = None
    """What is written when it changes; None: the value."""


def _flow(system: HeatingSystem) -> float | None:
    """Return the flow temperature setpoint, within the limit of the emitters."""
    flow = known(system.coordinator.data.decision.record.flow_c)
    return None if flow is None else min(flow, system.config.max_flow_c)


def _watts(amount: Amount) -> float | None:
    return round(amount.watts, 1) if amount.known else None


def _estimate(amount: Callable[[Delivery], Amount]) -> Callable[[HeatingSystem], Mapping[str, Any]]:
    """Return the function that marks an estimate, with the sources that are estimated or unknown."""

    def attributes(system: HeatingSystem) -> Mapping[str, Any]:
        delivery = system.coordinator.data.delivery
        parts = [(source.source_id, amount(Delivery((source,)))) for source in delivery.sources]
        names = {source_id: managed.name for source_id, managed in system.sources.items()}
        return {
            "estimated": amount(delivery).estimated,
            "estimated_sources": [names.get(key, key) for key, part in parts if part.known and part.estimated],
            "unknown_sources": [names.get(key, key) for key, part in parts if not part.known],
        }

    return attributes


def _is_simulated(system: HeatingSystem) -> Mapping[str, Any]:
    """Return whether the value is that of the simulation: nothing is controlled."""
    return {"simulated": system.shadow.is_on}


def _cost_per_hour(system: HeatingSystem) -> float | None:
    data = system.coordinator.data
    return known(data.cost.cost_h) if data.delivery.power.known else None


def _cost_details(system: HeatingSystem) -> Mapping[str, Any]:
    """Return whether the cost is estimated, and what the last decision was expected to cost."""
    data = system.coordinator.data
    estimated = data.cost.estimated or not data.cost.complete
    return {"estimated": estimated, "commanded": known(round(data.decision.record.cost_h, 4))}


def _cop(name: str) -> Callable[[HeatingSystem], float | None]:
    def value(system: HeatingSystem) -> float | None:
        now = dt_util.utcnow()
        today = dt_util.as_local(now).date()
        match name:
            case "now":
                sums = system.cop.window(now, _WINDOW)
            case "day":
                sums = system.cop.day(today)
            case "month":
                sums = system.cop.month(today)
            case _:
                sums = system.cop.season(today)
        return sums.cop if sums is not None and system.cop.is_enough(sums) else None

    return value


def _cop_details(system: HeatingSystem) -> Mapping[str, Any]:
    day = system.cop.day(dt_util.as_local(dt_util.utcnow()).date())
    return {
        "heating": day.cop_heating,
        "hot_water": day.cop_dhw,
        "running": day.cop_running,
        "standby_kwh": round(day.electricity_standby, 2),
        "defrost_kwh": round(day.defrost, 2),
    }


def _savings(system: HeatingSystem) -> Mapping[str, Any]:
    report = system.engine.savings_report()
    if report is None:
        return {}
    return {
        "days": report.days,
        "low": round(report.saved_low, 2),
        "high": round(report.saved_high, 2),
        "percent": round(report.saved_pct, 1),
        "estimated": report.estimated,
        "cost": round(report.cost, 2),
        "reference_cost": round(report.reference_cost, 2),
    }


def _decision_details(system: HeatingSystem) -> Mapping[str, Any]:
    """Return the decision whose state is shown: the next one may be recorded already."""
    row = system.journal.row(system.coordinator.data.cycle_id)
    return {name: value for name, value in row.items() if name != "state"}


def _saved(system: HeatingSystem) -> float | None:
    report = system.engine.savings_report()
    return None if report is None else round(report.saved, 2)


def _model_error(system: HeatingSystem) -> float | None:
    learned = system.engine.learned
    return known(learned.errors_k[-1]) if learned and learned.errors_k else None


def _learning(system: HeatingSystem) -> Mapping[str, Any]:
    """Return the progress of learning, and when the first model is expected if recording continues."""
    hours = system.engine.history.hours
    missing = timedelta(hours=max(0.0, FIRST_H - hours))
    return {
        "trusted": system.engine.predicting,
        "history_hours": round(hours, 1),
        "progress": learning_percent(system),
        "expected": (dt_util.utcnow() + missing).replace(second=0, microsecond=0).isoformat() if missing else None,
    }


def _consumption(system: HeatingSystem) -> float | None:
    expected = system.coordinator.data.consumption
    return None if expected is None else known(expected.energy_kwh)


def _consumption_interval(system: HeatingSystem) -> Mapping[str, Any]:
    expected = system.coordinator.data.consumption
    if expected is None:
        return _is_simulated(system)
    return {
        **_is_simulated(system),
        "low": known(expected.low_kwh),
        "high": known(expected.high_kwh),
        "heat": known(expected.heat_kwh),
        "cost": known(expected.cost),
    }


SYSTEM_SENSORS: Final = (
    SystemSensorDescription(key="cop_day", **RATIO, value_fn=_cop("day"), attributes_fn=_cop_details),
    SystemSensorDescription(key="cop_month", **RATIO, value_fn=_cop("month")),
    SystemSensorDescription(key="cop_now", **RATIO, value_fn=_cop("now")),
    SystemSensorDescription(
        key="cost_per_hour",
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=3,
        money="/h",
        value_fn=_cost_per_hour,
        attributes_fn=_cost_details,
    ),
    SystemSensorDescription(
        key="decision",
        device_class=SensorDeviceClass.ENUM,
        options=[str(state) for state in DecisionState],
        value_fn=lambda system: str(system.coordinator.data.decision.record.state),
        attributes_fn=_decision_details,
        published_fn=lambda system: system.journal.shown_key,
    ),
    SystemSensorDescription(
        key="demand", **POWER, value_fn=lambda system: known(system.coordinator.data.decision.record.demand_w)
    ),
    SystemSensorDescription(
        key="electricity_price",
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=3,
        money="/kWh",
        value_fn=lambda system: known(system.coordinator.data.snapshot.price_kwh),
        attributes_fn=lambda system: {"estimated": system.coordinator.data.snapshot.price_assumed},
    ),
    SystemSensorDescription(key="flow_setpoint", **TEMPERATURE, value_fn=_flow, attributes_fn=_is_simulated),
    SystemSensorDescription(
        key="forecast_consumption",
        device_class=SensorDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=1,
        value_fn=_consumption,
        attributes_fn=_consumption_interval,
    ),
    SystemSensorDescription(
        key="heat_power",
        **POWER,
        value_fn=lambda system: _watts(system.coordinator.data.delivery.heat),
        attributes_fn=_estimate(lambda delivery: delivery.heat),
    ),
    SystemSensorDescription(
        key="learning_progress",
        entity_category=EntityCategory.DIAGNOSTIC,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        value_fn=learning_percent,
        attributes_fn=import_details,
    ),
    SystemSensorDescription(
        key="heat_loss",
        entity_category=EntityCategory.DIAGNOSTIC,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement="W/K",
        suggested_display_precision=0,
        value_fn=heat_loss,
        attributes_fn=house_details,
    ),
    SystemSensorDescription(
        key="model_error",
        entity_category=EntityCategory.DIAGNOSTIC,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTemperature.KELVIN,
        suggested_display_precision=2,
        value_fn=_model_error,
        attributes_fn=_learning,
    ),
    SystemSensorDescription(
        key="outdoor_temperature",
        **TEMPERATURE,
        value_fn=lambda system: known(system.coordinator.data.decision.record.outdoor_c),
    ),
    SystemSensorDescription(
        key="power",
        **POWER,
        value_fn=lambda system: _watts(system.coordinator.data.delivery.power),
        attributes_fn=_estimate(lambda delivery: delivery.power),
    ),
    SystemSensorDescription(
        key="savings",
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        suggested_display_precision=2,
        money="",
        value_fn=_saved,
        attributes_fn=_savings,
    ),
    SystemSensorDescription(key="spf", **RATIO, value_fn=_cop("season")),
    SystemSensorDescription(
        key="way",
        device_class=SensorDeviceClass.ENUM,
        options=[str(mode) for mode in ControlMode],
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda system: str(system.coordinator.data.decision.record.control_mode),
    ),
)
