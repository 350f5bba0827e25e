"""Solar radiation from the sun's elevation and the cloud cover.

Radiation on a horizontal surface: Kasten and Czeplak 1980, `(910 sin h - 30) (1 - 0.75 N^3.4)` W/m2 with N the cloud
cover. The elevation is astral's, without refraction.
"""

from datetime import datetime
import math

from astral import Observer
from astral.sun import elevation


def elevation_sine(when: datetime, latitude: float, longitude: float) -> float:
    """Return the sine of the sun's elevation, negative at night. Degrees, north and east positive."""
    return math.sin(math.radians(elevation(Observer(latitude, longitude), when, with_refraction=False)))


def radiation_w_m2(sine: float, cloud_cover: float = 0.0) -> float:
    """Return the global radiation for the sine of an elevation and a cloud cover of 0..1."""
    clouds = min(1.0, max(0.0, cloud_cover))
    return max(0.0, 910.0 * sine - 30.0) * (1.0 - 0.75 * float(clouds**3.4))
