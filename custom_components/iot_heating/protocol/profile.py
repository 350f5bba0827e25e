"""The control profile of a building and the configuration that its controllers get."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
import math
from typing import Any, Final, Self

from .._lib.heating_curve import HeatingCurve
from .._lib.week_schedule import ScheduleError, WeekSchedule
from .errors import ProtocolError

CURVE_VALUE_RANGE: Final = (0, 100)
MIN_EXTERNAL_RANGE_C: Final = (-30, 30)
PROTOCOL_VERSION: Final = 1
PATCHABLE: Final = ("curve_value", "min_external_temp", "schedule", "iot_enabled")


def utc_text(when: datetime) -> str:
    """ISO 8601 in UTC with seconds and ``Z``."""
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Profile:
    """How a building is heated.

    Attributes:
        curve_value: 0..100, the share of the flow lift available at the minimum external temperature.
        min_external_temp: -30..30 degC; the curve is level where it is colder.
        schedule: As it was written (lossless).
        iot_enabled: Whether the controllers shall heat by this profile.
        revision: Grows with every change.
        updated_at: Of the last change, UTC.
    """

    curve_value: float
    min_external_temp: float
    schedule: WeekSchedule
    iot_enabled: bool
    revision: int
    updated_at: datetime

    @classmethod
    def initial(cls, now: datetime) -> Self:
        """The profile of a new building: a moderate curve, no schedule."""
        return cls(50, -15, WeekSchedule.parse([]), True, 1, now)

    @property
    def curve(self) -> HeatingCurve:
        """The heating curve that the two numbers stand for."""
        return HeatingCurve.from_value(self.curve_value, self.min_external_temp)

    def patched(self, patch: dict[str, Any], now: datetime) -> Self:
        """The profile with some of its fields changed; itself where nothing differs. Other keys are passed over.

        Raises:
            ProtocolError: Names the field at fault; no field is changed then.
        """
        fields: dict[str, Any] = {}
        if "curve_value" in patch:
            fields["curve_value"] = _number(patch["curve_value"], "curve_value", CURVE_VALUE_RANGE)
        if "min_external_temp" in patch:
            value = _number(patch["min_external_temp"], "min_external_temp", MIN_EXTERNAL_RANGE_C)
            fields["min_external_temp"] = value
        if "schedule" in patch:
            fields["schedule"] = _schedule(patch["schedule"])
        if "iot_enabled" in patch:
            if not isinstance(patch["iot_enabled"], bool):
                raise ProtocolError("iot_enabled", "has to be true or false")
            fields["iot_enabled"] = patch["iot_enabled"]
        if all(getattr(self, name) == value for name, value in fields.items()):
            return self
        return replace(self, **fields, revision=self.revision + 1, updated_at=now)

    def as_dict(self) -> dict[str, Any]:
        """For storage and for the settings API."""
        return {
            "curve_value": self.curve_value,
            "min_external_temp": self.min_external_temp,
            "schedule": list(self.schedule.raw),
            "iot_enabled": self.iot_enabled,
            "updated_at": utc_text(self.updated_at),
            "revision": self.revision,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """From storage."""
        return cls(
            data["curve_value"],
            data["min_external_temp"],
            WeekSchedule.parse(data["schedule"]),
            data["iot_enabled"],
            data["revision"],
            datetime.fromisoformat(data["updated_at"]),
        )


def device_config(profile: Profile, device_id: str, building_id: int, now: datetime) -> dict[str, Any]:
    """The reply to a controller's sync, protocol 1."""
    return {
        "config": {
            "protocol_version": PROTOCOL_VERSION,
            "device_id": device_id,
            "building_id": building_id,
            "iot_enabled": profile.iot_enabled,
            "curve": {"value": profile.curve_value, "min_external_temp": profile.min_external_temp},
            "schedule": profile.schedule.raw,
            "updated_at": utc_text(profile.updated_at),
            "server_time": utc_text(now),
        }
    }


def _number(value: Any, field: str, limits: tuple[float, float]) -> float:
    """A finite number in its limits, whole ones without a fraction (60, not 60.0)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ProtocolError(field, "has to be a number")
    if not limits[0] <= value <= limits[1]:
        raise ProtocolError(field, f"{value:g} is not in {limits[0]}..{limits[1]}")
    return int(value) if value == int(value) else value


def _schedule(raw: Any) -> WeekSchedule:
    try:
        return WeekSchedule.parse(raw)
    except ScheduleError as err:
        raise ProtocolError(f"schedule{err.field}", err.message, absent=err.absent) from err
