"""Sensors that every source may have: readings, the price of its heat, the call budget."""

from collections.abc import Callable, Mapping
import math
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory
from homeassistant.util import dt as dt_util

from .._lib.heat_source import Health, SourceKind
from ..engine.heat_price import MORE_EXPENSIVE, NO_DEMAND, NOT_NEEDED, OFF
from ..sources.managed_source import ManagedSource
from .base import POWER, RATIO, TEMPERATURE, SourceSensorDescription, Value, extra_value, state_value


def _is(kind: SourceKind) -> Callable[[ManagedSource], bool]:
    return lambda managed: managed.config.kind == kind


def _budget(managed: ManagedSource) -> bool:
    return managed.budget is not None


def _left(managed: ManagedSource) -> Value:
    return managed.budget.state().left_day if managed.budget else None


def _health(managed: ManagedSource) -> Value:
    return None if managed.is_unread else str(managed.source.state.health)


def _windows(managed: ManagedSource) -> Mapping[str, Any]:
    """Return both limits, and the remaining calls of the short one, which a burst of changes uses."""
    if managed.budget is None:
        return {}
    state = managed.budget.state()
    return {
        "limit": state.limit_day,
        "reserved_for_commands": state.write_reserve,
        "ten_minutes_limit": state.limit_short,
        "ten_minutes_left": max(0, state.limit_short - state.used_short),
        "blocked_until": state.blocked_until,
    }


def _used(managed: ManagedSource) -> Value:
    return managed.budget.state().used_day if managed.budget else None


def heat_price_details(managed: ManagedSource) -> Mapping[str, Any]:
    """Return why a source does not heat, and the economics of a miner."""
    price = managed.heat_price
    if price is None:
        return {}
    details: dict[str, Any] = {
        "commanded": price.running,
        "reason": price.reason or None,
        "estimated": price.estimated,
    }
    if managed.config.fuel_price_assumed:
        details["assumed_fuel_price"] = managed.config.fuel_kwh_price
    if not math.isnan(price.break_even_kwh):
        details["break_even_price"] = round(price.break_even_kwh, 4)
        details["cope"] = round(price.cope, 2) if math.isfinite(price.cope) else None
    return details


def _is_estimated(managed: ManagedSource) -> Mapping[str, Any]:
    power = managed.power(dt_util.utcnow())
    return {} if power is None else {"estimated": power[1]}


def _cope(managed: ManagedSource) -> Value:
    """Return the economic COP of a miner; None without a price or a hashprice, and where its heat costs nothing."""
    price = managed.heat_price
    return price.cope if price is not None and math.isfinite(price.cope) else None


def _break_even(managed: ManagedSource) -> Value:
    price = managed.heat_price
    return price.break_even_kwh if price is not None and math.isfinite(price.break_even_kwh) else None


HEATING, LIMITED = "heating", "limited"
_REASONS: Final = (NO_DEMAND, MORE_EXPENSIVE, NOT_NEEDED, OFF)


def _heat_reason(managed: ManagedSource) -> Value:
    """Return why a source heats or not; a limit is named in the attributes."""
    price = managed.heat_price
    if price is None:
        return None
    if price.running:
        return HEATING
    return price.reason if price.reason in _REASONS else LIMITED


def _heat_limit(managed: ManagedSource) -> Mapping[str, Any]:
    price = managed.heat_price
    is_limited = price is not None and not price.running and price.reason not in _REASONS
    return {"limit": price.reason if price is not None and is_limited else None}


SOURCE_SENSORS: Final = (
    SourceSensorDescription(
        key="api_calls_left",
        entity_category=EntityCategory.DIAGNOSTIC,
        state_class=SensorStateClass.MEASUREMENT,
        exists_fn=_budget,
        value_fn=_left,
        when_failing=True,
        attributes_fn=_windows,
    ),
    SourceSensorDescription(
        key="api_calls_used",
        entity_category=EntityCategory.DIAGNOSTIC,
        state_class=SensorStateClass.MEASUREMENT,
        exists_fn=_budget,
        value_fn=_used,
        when_failing=True,
    ),
    SourceSensorDescription(
        key="break_even_price",
        entity_category=EntityCategory.DIAGNOSTIC,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=3,
        money="/kWh",
        exists_fn=_is(SourceKind.MINER),
        value_fn=_break_even,
        when_failing=True,
    ),
    SourceSensorDescription(
        key="chip_temperature", **TEMPERATURE, exists_fn=_is(SourceKind.MINER), value_fn=extra_value("chip_temperature")
    ),
    SourceSensorDescription(
        key="cope",
        **RATIO,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=_is(SourceKind.MINER),
        value_fn=_cope,
        when_failing=True,
    ),
    SourceSensorDescription(
        key="efficiency",
        native_unit_of_measurement="J/TH",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        suggested_display_precision=1,
        exists_fn=_is(SourceKind.MINER),
        value_fn=extra_value("efficiency"),
    ),
    SourceSensorDescription(
        key="flow_temperature",
        **TEMPERATURE,
        exists_fn=lambda managed: (
            managed.config.kind in (SourceKind.HEAT_PUMP, SourceKind.BOILER, SourceKind.CONTROLLER)
        ),
        value_fn=state_value("flow_c"),
    ),
    SourceSensorDescription(
        key="hashrate",
        native_unit_of_measurement="TH/s",
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=2,
        exists_fn=_is(SourceKind.MINER),
        value_fn=state_value("hashrate_ths"),
    ),
    SourceSensorDescription(
        key="health",
        device_class=SensorDeviceClass.ENUM,
        options=[str(item) for item in Health],
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_health,
        when_failing=True,
    ),
    SourceSensorDescription(
        key="heat_reason",
        entity_category=EntityCategory.DIAGNOSTIC,
        device_class=SensorDeviceClass.ENUM,
        options=[HEATING, LIMITED, *_REASONS],
        value_fn=_heat_reason,
        attributes_fn=_heat_limit,
        when_failing=True,
    ),
    SourceSensorDescription(
        key="last_command",
        entity_category=EntityCategory.DIAGNOSTIC,
        device_class=SensorDeviceClass.ENUM,
        options=["applied", "unchanged", "pending", "deferred", "refused", "failed"],
        value_fn=lambda managed: str(managed.last_result.outcome) if managed.last_result else None,
        when_failing=True,
    ),
    SourceSensorDescription(
        key="power",
        **POWER,
        added_with_value=True,
        value_fn=lambda managed: managed.power_w(dt_util.utcnow()),
        attributes_fn=_is_estimated,
    ),
    SourceSensorDescription(
        key="power_limit",
        **POWER,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=_is(SourceKind.MINER),
        value_fn=state_value("power_limit_w"),
    ),
    SourceSensorDescription(
        key="price_of_heat",
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=3,
        money="/kWh",
        value_fn=lambda managed: managed.heat_price_kwh,
        attributes_fn=heat_price_details,
        when_failing=True,
    ),
)
