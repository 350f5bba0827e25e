"""How much the sun may give: from its height and the clouds. No Home Assistant here.

Position: low-precision formulas of the Astronomical Almanac (within 0.3 degrees for this century). Radiation on the
horizontal: Kasten and Czeplak 1980, `(910 sin h - 30) (1 - 0.75 N^3.4)` W/m2 with N the share of clouds.
"""

from datetime import UTC, datetime
import math
from typing import Final

_J2000: Final = datetime(2000, 1, 1, 12, tzinfo=UTC)


def height_sine(when: datetime, latitude: float, longitude: float) -> float:
    """Sine of the sun's height above the horizon (below 0: night). Degrees, east and north positive."""
    days = (when - _J2000).total_seconds() / 86400.0
    mean = math.radians((280.460 + 0.9856474 * days) % 360)
    anomaly = math.radians((357.528 + 0.9856003 * days) % 360)
    ecliptic = mean + math.radians(1.915) * math.sin(anomaly) + math.radians(0.020) * math.sin(2 * anomaly)
    tilt = math.radians(23.439 - 4e-7 * days)
    right = math.atan2(math.cos(tilt) * math.sin(ecliptic), math.cos(ecliptic))
    declination = math.asin(math.sin(tilt) * math.sin(ecliptic))
    sidereal = math.radians((280.46062 + 360.98564737 * days + longitude) % 360)
    latitude = math.radians(latitude)
    return math.sin(latitude) * math.sin(declination) + math.cos(latitude) * math.cos(declination) * math.cos(
        sidereal - right
    )


def radiation_w_m2(sine: float, cloud_share: float = 0.0) -> float:
    """Global radiation for a height and a share of clouds 0..1."""
    clouds = min(1.0, max(0.0, cloud_share))
    return max(0.0, 910.0 * sine - 30.0) * (1.0 - 0.75 * float(clouds**3.4))
