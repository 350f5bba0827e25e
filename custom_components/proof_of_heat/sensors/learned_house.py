"""What was learned of the house: for sensors and the action `get_learned_house`."""

from collections.abc import Mapping
from datetime import timedelta
import math
import time
from typing import Any

from homeassistant.util import dt as dt_util

from ..data import HeatingSystem
from ..engine.learning import progress_percent
from ..engine.model.house_report import HouseReport, house_report
from ..engine.model.performance_map import full_cop
from ..learning.history_import import ImportStatus


def learning_percent(system: HeatingSystem) -> int:
    """Return the progress of the import while it runs, else that of learning from what is recorded."""
    imported = system.history_import.progress
    if imported.status is ImportStatus.IMPORTING:
        return imported.percent
    engine = system.engine
    return progress_percent(engine.history.hours, is_learned=engine.learned is not None)


def import_details(system: HeatingSystem) -> Mapping[str, Any]:
    """Return how far the import of the recorded history is, why it is done again, and when it is expected to end."""
    progress = system.history_import.progress
    left_s = progress.left_s(time.monotonic())
    expected = None if left_s is None else dt_util.utcnow() + timedelta(seconds=left_s)
    return {
        "status": str(progress.status),
        "reason": None if (cause := system.history_import.cause) is None else str(cause),
        "expected_end": None if expected is None else expected.replace(microsecond=0).isoformat(),
        "days_imported": round(progress.rows / 96, 1),
        "simulation": str(system.history_replay.status),
    }


def _report(system: HeatingSystem) -> HouseReport | None:
    learned = system.engine.learned
    return None if learned is None else house_report(learned.fitted)


def heat_loss(system: HeatingSystem) -> float | None:
    """Return the heat loss of the house in W/K; None before it was learned."""
    learned = system.engine.learned
    return None if learned is None else round(learned.fitted.parameters.total_loss_w_k, 1)


def house_details(system: HeatingSystem) -> Mapping[str, Any]:
    """Return the learned house, each value with its standard deviation, and the backtest."""
    learned, report = system.engine.learned, _report(system)
    if learned is None or report is None:
        return {"trusted": False}
    details: dict[str, Any] = {}
    for name in ("loss_w_k", "time_constant_h", "solar_gain_m2"):
        estimate = getattr(report, name)
        details[name], details[f"{name}_sd"] = round(estimate.value, 1), round(estimate.sd, 1)
    tested = learned.tested
    details["trusted"] = system.engine.predicting
    details["learned_from_days"] = round(learned.fitted.steps / 96, 1)
    details["backtest_error_k"] = {str(hours): round(error, 2) for hours, error in tested.rmse_k.items()}
    details["persistence_error_k"] = {str(hours): round(error, 2) for hours, error in tested.persistence_k.items()}
    details["backtest_errors_12h_k"] = [round(error, 2) for error in learned.errors_k if math.isfinite(error)]
    details["backtest_limit_k"] = system.engine.config.prediction_error_limit_k
    details["loss_history_w_k"] = [round(loss, 1) for loss in learned.losses_w_k]
    details["drift_pct"] = None if learned.drift is None else round(100 * learned.drift, 1)
    details["meter_doubt"] = None if (problem := system.engine.meter_problem) is None else str(problem)
    pump = learned.pump
    details["full_power_w"] = None if pump is None else round(pump.full_power_w)
    details["full_load_cop"] = None if pump is None else round(full_cop(pump), 2)
    return details
