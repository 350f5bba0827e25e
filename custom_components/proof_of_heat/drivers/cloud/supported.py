"""The services through which miners are supported."""

from typing import Final

from ..supported import SupportedDevice

_READS: Final = ("power", "hashrate", "fault")
SUPPORTED: Final = (
    SupportedDevice(
        key="nicehash",
        maker="NiceHash",
        models=("Rigs that NiceHash manages",),
        reads=_READS,
        commands=("on_off", "mode"),
        sources=("NiceHash, nicehash/rest-clients-demo python/nicehash.py",),
    ),
    SupportedDevice(
        key="hiveos",
        maker="Hiveon",
        models=("Workers of HiveOS",),
        reads=_READS,
        commands=("on_off",),
        sources=("Hiveon, API 2 (api2.hiveos.farm/api/v2), swagger document",),
    ),
)
