"""The control profile of a building: the settings that its users change."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
import math
from typing import Any, Final, Self

from .._lib.heating_curve import HeatingCurve
from .._lib.week_schedule import Mode, ScheduleError, WeekSchedule, parse_mode
from .errors import OutOfRangeError, ProtocolError

CURVE_VALUE_RANGE: Final = (0, 100)
MIN_EXTERNAL_RANGE_C: Final = (-30, 30)


def utc_text(when: datetime) -> str:
    """Return a time as ISO 8601 in UTC with seconds and ``Z``."""
    if when.tzinfo is not UTC:
        when = when.astimezone(UTC)
    return when.isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Profile:
    """How a building is heated.

    Attributes:
        curve_value: 0..100, the share of the flow lift available at the minimum external temperature.
        min_external_temp: -30..30 degC; the curve is constant below it.
        schedule: Exactly as its author wrote it.
        iot_enabled: Whether the controllers heat by this profile.
        revision: Incremented by every change.
        updated_at: Of the last change, UTC.
        mode: Auto follows the schedule; Eco and Manual override the modes of its entries.
    """

    curve_value: float
    min_external_temp: float
    schedule: WeekSchedule
    iot_enabled: bool
    revision: int
    updated_at: datetime
    mode: Mode = Mode.AUTO

    @classmethod
    def initial(cls, now: datetime) -> Self:
        """Return the profile of a new building: a moderate curve and no schedule."""
        return cls(50, -15, WeekSchedule.parse([]), True, 1, now)

    @property
    def curve(self) -> HeatingCurve:
        """The heating curve that the two numbers define."""
        return HeatingCurve.from_value(self.curve_value, self.min_external_temp)

    def patched(self, patch: dict[str, Any], now: datetime) -> Self:
        """Return the profile with some fields changed, or itself where nothing differs. Other keys are ignored.

        Raises:
            ProtocolError: A field is invalid. Nothing is changed then.
        """
        fields = {name: validate(patch[name]) for name, validate in _VALIDATORS.items() if name in patch}
        if all(getattr(self, name) == value for name, value in fields.items()):
            return self
        return replace(self, **fields, revision=self.revision + 1, updated_at=now)

    def settings(self) -> dict[str, Any]:
        """Return the object of the settings API, which has no mode."""
        return {
            "curve_value": self.curve_value,
            "min_external_temp": self.min_external_temp,
            "schedule": list(self.schedule.raw),
            "iot_enabled": self.iot_enabled,
            "updated_at": utc_text(self.updated_at),
            "revision": self.revision,
        }

    def as_dict(self) -> dict[str, Any]:
        """Return the stored form."""
        return {**self.settings(), "mode": self.mode.value}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Restore a profile from its stored form."""
        return cls(
            data["curve_value"],
            data["min_external_temp"],
            WeekSchedule.parse(data["schedule"]),
            data["iot_enabled"],
            data["revision"],
            datetime.fromisoformat(data["updated_at"]),
            Mode(data.get("mode", Mode.AUTO)),
        )


def validate_number(value: Any, field: str, limits: tuple[float, float]) -> float:
    """Return a number within limits, whole ones without a fraction (60, not 60.0).

    Raises:
        ProtocolError: It is not a number, or out of range.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ProtocolError(field, "must be a number")
    if not limits[0] <= value <= limits[1]:
        raise OutOfRangeError(field, *limits)
    return int(value) if value == int(value) else value


def _validate_schedule(raw: Any) -> WeekSchedule:
    try:
        return WeekSchedule.parse(raw)
    except ScheduleError as err:
        raise ProtocolError(f"schedule{err.field}", err.message, absent=err.absent) from err


def _validate_mode(value: Any) -> Mode:
    try:
        return parse_mode(value, "mode")
    except ScheduleError as err:
        raise ProtocolError("mode", err.message) from err


def _validate_enabled(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ProtocolError("iot_enabled", "must be true or false")
    return value


_VALIDATORS: Final[dict[str, Callable[[Any], Any]]] = {
    "curve_value": lambda value: validate_number(value, "curve_value", CURVE_VALUE_RANGE),
    "min_external_temp": lambda value: validate_number(value, "min_external_temp", MIN_EXTERNAL_RANGE_C),
    "schedule": _validate_schedule,
    "iot_enabled": _validate_enabled,
    "mode": _validate_mode,
}
