"""The Viessmann devices whose replies are proven."""

from typing import Final

from ..supported import Evidence, SupportedDevice
from .features import READINGS

_READS: Final = tuple(dict.fromkeys(key for _, _, key, _ in READINGS))
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
)
