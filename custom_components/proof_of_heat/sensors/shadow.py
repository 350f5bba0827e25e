"""Sensors of shadow mode: what control would have saved."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import PERCENTAGE

from ..data import HeatingSystem
from ..engine.shadow.savings import ShadowReport
from ..runtime.shadow_mode import WEEK_DAYS
from .base import known
from .system import SystemSensorDescription


def _report(system: HeatingSystem) -> tuple[ShadowReport | None, bool]:
    """Return the simulated savings, and whether they are those of the history before the first simulated day."""
    report = system.shadow.report()
    return (report, False) if report is not None else (system.shadow.past(WEEK_DAYS), True)


def _saved(system: HeatingSystem) -> float | None:
    report, _ = _report(system)
    return None if report is None else known(round(report.saved, 2))


def _percent(system: HeatingSystem) -> float | None:
    report, _ = _report(system)
    return None if report is None else known(round(report.percent, 1))


def _saved_details(system: HeatingSystem) -> Mapping[str, Any]:
    """Return the interval, and the two costs that are compared."""
    report, from_history = _report(system)
    if report is None:
        return {"simulated": True}
    return {
        "simulated": True,
        "from_history": from_history,
        "days": report.days,
        "low": known(round(report.saved_low, 2)),
        "high": known(round(report.saved_high, 2)),
        "cost": known(round(report.cost, 2)),
        "actual_cost": known(round(report.real_cost, 2)),
        "estimated": report.estimated,
    }


def _percent_details(system: HeatingSystem) -> Mapping[str, Any]:
    """Return the interval, and how much too cold it was and would have been."""
    report, from_history = _report(system)
    if report is None:
        return {"simulated": True}
    return {
        "simulated": True,
        "from_history": from_history,
        "days": report.days,
        "low": known(round(report.percent_low, 1)),
        "high": known(round(report.percent_high, 1)),
        "below_comfort_kh": round(report.below_kh, 1),
        "actual_below_comfort_kh": round(report.real_below_kh, 1),
    }


SHADOW_SENSORS: Final = (
    SystemSensorDescription(
        key="simulated_savings",
        device_class=SensorDeviceClass.MONETARY,
        suggested_display_precision=2,
        money="",
        value_fn=_saved,
        attributes_fn=_saved_details,
    ),
    SystemSensorDescription(
        key="simulated_savings_percent",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        value_fn=_percent,
        attributes_fn=_percent_details,
    ),
)
