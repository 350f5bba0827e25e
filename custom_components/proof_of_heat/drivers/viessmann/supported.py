"""The Viessmann devices whose replies are proven."""

from typing import Final

from ..supported import Evidence, SupportedDevice
from .features import UNITS

_READS: Final = tuple(UNITS)
SUPPORTED: Final = (
    SupportedDevice(
        key="vitocal",
        maker="Viessmann",
        models=("Vitocal 111-S", "200", "200-S", "222-S", "252-A", "300-G", "333-G"),
        reads=_READS,
        commands=("on_off", "curve"),
        evidence=Evidence.CAPTURE,
        sources=("fixtures/viessmann",),
    ),
    SupportedDevice(
        key="vitodens",
        maker="Viessmann",
        models=("Vitodens", "Vitocrossal", "Vitoladens", "Vitola"),
        reads=(
            "outdoor_temperature",
            "circuit_supply_temperature",
            "burner_modulation",
            "burner_hours",
            "gas_heating_today",
        ),
        commands=("on_off", "curve"),
        sources=("Viessmann, API data points (documentation.viessmann.com/static/iot/data-points)",),
    ),
)
