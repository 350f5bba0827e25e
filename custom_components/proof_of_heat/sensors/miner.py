"""Sensors of a miner's boards, pool and shares: added with the first value, because firmware differs."""

from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory

from ..drivers.miner.readings import POOL_STATES
from .base import TEMPERATURE, SourceSensorDescription, extra_value

_MAX_BOARDS: Final = 4
_HASHRATE: Final[dict[str, Any]] = {
    "native_unit_of_measurement": "TH/s",
    "state_class": SensorStateClass.MEASUREMENT,
    "suggested_display_precision": 2,
}
_OF_BOARD: Final[dict[str, dict[str, Any]]] = {
    "chip_temperature": TEMPERATURE,
    "hashrate": _HASHRATE,
    "temperature": TEMPERATURE,
}


def _board_sensors() -> tuple[SourceSensorDescription, ...]:
    """Return the sensors of each board, disabled by default: they are many."""
    return tuple(
        SourceSensorDescription(
            key=(key := f"board_{board}_{name}"),
            **shape,
            entity_category=EntityCategory.DIAGNOSTIC,
            entity_registry_enabled_default=False,
            added_with_value=True,
            value_fn=extra_value(key),
        )
        for board in range(1, _MAX_BOARDS + 1)
        for name, shape in _OF_BOARD.items()
    )


MINER_SENSORS: Final = (
    SourceSensorDescription(
        key="best_share",
        entity_category=EntityCategory.DIAGNOSTIC,
        suggested_display_precision=0,
        state_class=SensorStateClass.MEASUREMENT,
        added_with_value=True,
        value_fn=extra_value("best_share"),
    ),
    *_board_sensors(),
    SourceSensorDescription(
        key="board_temperature",
        **TEMPERATURE,
        entity_category=EntityCategory.DIAGNOSTIC,
        added_with_value=True,
        value_fn=extra_value("board_temperature"),
    ),
    SourceSensorDescription(
        key="found_blocks",
        entity_category=EntityCategory.DIAGNOSTIC,
        suggested_display_precision=0,
        state_class=SensorStateClass.TOTAL_INCREASING,
        added_with_value=True,
        value_fn=extra_value("found_blocks"),
    ),
    *(
        SourceSensorDescription(
            key=key,
            **TEMPERATURE,
            entity_category=EntityCategory.DIAGNOSTIC,
            added_with_value=True,
            value_fn=extra_value(key),
        )
        for key in ("inlet_temperature", "outlet_temperature")
    ),
    SourceSensorDescription(
        key="pool",
        entity_category=EntityCategory.DIAGNOSTIC,
        added_with_value=True,
        value_fn=extra_value("pool"),
    ),
    SourceSensorDescription(
        key="pool_state",
        device_class=SensorDeviceClass.ENUM,
        options=list(POOL_STATES),
        entity_category=EntityCategory.DIAGNOSTIC,
        added_with_value=True,
        value_fn=extra_value("pool_state"),
    ),
)
