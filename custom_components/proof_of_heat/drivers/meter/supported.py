"""The electricity meters that are polled directly."""

from typing import Final

from ..supported import Evidence, SupportedDevice

_READS: Final = ("power", "power_a", "power_b", "power_c", "imported_energy", "exported_energy")
SUPPORTED: Final = (
    SupportedDevice(
        key="shelly_3em",
        maker="Shelly",
        models=("Pro 3EM",),
        reads=_READS,
        evidence=Evidence.CAPTURE,
        sources=("fixtures/shelly/pro_3em_fw1.1.0.json", "Shelly, API documentation, components EM and EM1"),
    ),
    SupportedDevice(
        key="shelly_em",
        maker="Shelly",
        models=("Pro EM-50",),
        reads=_READS,
        evidence=Evidence.CAPTURE,
        sources=("cases/heating/shelly_proem50.json", "Shelly, API documentation, component EM1"),
    ),
    SupportedDevice(
        key="shelly_gen1",
        maker="Shelly",
        models=("3EM", "EM"),
        reads=_READS,
        sources=("Shelly, Gen1 API documentation (shelly-api-docs.shelly.cloud/gen1), Shelly 3EM and EM, /status",),
    ),
    SupportedDevice(
        key="shelly_others",
        maker="Shelly",
        models=("Pro 3EM-400", "3EM Gen3", "3EM-63 Gen3", "EM Gen3", "EM Gen4", "EM Mini Gen4"),
        reads=_READS,
        sources=("Shelly, API documentation (shelly-api-docs.shelly.cloud/gen2), components EM and EM1",),
    ),
    SupportedDevice(
        key="shelly_pm",
        maker="Shelly",
        models=("1PM Gen4", "1PM Mini Gen4", "Plug S Gen4", "Plug S Gen3", "PM Mini Gen3"),
        reads=("power", "imported_energy", "exported_energy"),
        sources=("Shelly, API documentation (shelly-api-docs.shelly.cloud/gen2), components Switch and PM1",),
    ),
)
