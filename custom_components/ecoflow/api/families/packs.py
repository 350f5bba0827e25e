"""Battery packs, which several families report in the same form."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from ..units import Quantity
from ..wire_values import Values, lookup, number_at, without_minus_zero
from .builders import (
    amp_hours,
    battery_level,
    celsius,
    count,
    percentage,
    volts,
    wire_names,
)
from .specs import (
    BinarySensorSpec,
    Evidence,
    SensorSpec,
)

# No pack has less than 1 V or more than 1000 V: smaller wire values are volts, larger ones millivolts.
# RIVER 2 firmwares report V and A where the others report mV and mA.
_MAX_VOLTS = 1000.0
# How far the power that a pack reports may be from voltage x current.
_AGREES_W = 5.0
_AGREES = 0.1

# Wire names of a pack without an entity.
_IGNORED = wire_names(
    """
    bmsFault bqSysStatReg cellId num openBmsIdx remainTime sysVer tagChgAmp type errCode allErrCode
    allBmsFault balanceState ecloudOcv OCV mosState sysState chgDsgState chgState cellTemp cellVol
    cellSeriesNum cellNtcNum productType productDetail packSn hwEdition hwVersion loaderVer sysLoaderVer
    bmsHeartbeatVer bmsHeartVer calendarSch caleSoh cycSoh cycleSoh realSoh actSoc diffSoc targetSoc
    maxVolDiff minMosTemp totalChgCap totalDsgCap chgCap dsgCap recv
    """
)


def ignored_pack_values(prefixes: Iterable[str]) -> tuple[str, ...]:
    """Return the wire names of packs that have no entity."""
    return tuple(f"{prefix}.{name}" for prefix in prefixes for name in _IGNORED)


def pack_is_present(values: Values, prefix: str) -> bool:
    """Whether a pack is there: a pack without a voltage is not."""
    voltage = number_at(values, f"{prefix}.vol")
    return voltage is None or voltage > 0


def connected_packs(values: Values, prefixes: tuple[str, ...], flags: tuple[str, ...], count: str) -> tuple[str, ...]:
    """Return the packs that are in use.

    Stations repeat the last values of a removed extra battery without end. `count` is the wire name of the number of
    packs in use, `flags` are those of the connection of each extra battery (3: connected).
    """
    main, *extra = prefixes
    in_use = number_at(values, count)
    if in_use is None or in_use < 1:
        return prefixes
    connected = [prefix for prefix, path in zip(extra, flags, strict=True) if is_linked(values, path)]
    rest = [prefix for prefix in extra if prefix not in connected]
    return (main, *(connected + rest)[: int(in_use) - 1])


def is_linked(values: Values, flag: str) -> bool | None:
    """Return whether the flag of an extra battery means connected, None if there is no flag."""
    value = number_at(values, flag)
    return None if value is None else value > 2


def pack_voltage(values: Values, prefix: str) -> float | None:
    """Return the voltage of a pack in V; the wire value is in mV, or in V with some firmwares."""
    wire_value = number_at(values, f"{prefix}.vol")
    if wire_value is None or wire_value <= 0:
        return None
    return round(wire_value if wire_value < _MAX_VOLTS else wire_value / 1000, 3)


def pack_current(values: Values, prefix: str) -> float | None:
    """Return the current of a pack in A (positive while charging); its wire unit follows that of the voltage."""
    wire_volts, wire_amps = number_at(values, f"{prefix}.vol"), number_at(values, f"{prefix}.amp")
    if wire_amps is None or wire_volts is None or wire_volts <= 0:
        return None
    return round(wire_amps if wire_volts < _MAX_VOLTS else wire_amps / 1000, 3)


def pack_power(values: Values, prefix: str) -> float | None:
    """Return the power into a pack in W (negative while discharging).

    Voltage x current where the wire has mV and mA. Where it has whole amperes, which are too coarse, the pack's
    own input and output power is used.
    """
    voltage_v, current_a = pack_voltage(values, prefix), pack_current(values, prefix)
    if voltage_v is None or current_a is None:
        return None
    if voltage_v == number_at(values, f"{prefix}.vol"):
        input_w = number_at(values, f"{prefix}.inputWatts")
        output_w = number_at(values, f"{prefix}.outputWatts")
        if input_w is not None and output_w is not None:
            return input_w - output_w
    return voltage_v * current_a


def pack_direction_power(values: Values, prefix: str, name: str, sign: int) -> float | None:
    """Return the input (sign 1) or output power (-1) of a pack in W.

    The main battery of several models reports 0 W in both directions at any current: a value that voltage x current
    contradicts is replaced by theirs.
    """
    reported_w, power_w = number_at(values, f"{prefix}.{name}"), pack_power(values, prefix)
    if reported_w is None or power_w is None:
        return None if reported_w is None else abs(reported_w)
    measured_w = max(0.0, power_w * sign)
    difference_w = abs(abs(reported_w) - measured_w)
    agrees = difference_w <= _AGREES_W + _AGREES * measured_w
    return without_minus_zero(round(abs(reported_w) if agrees else measured_w, 1))


def _reports_power(values: Values, prefix: str) -> bool:
    """Whether a pack is there and reports what its power is calculated from, in any form."""
    paths = (f"{prefix}.vol", f"{prefix}.amp")
    return pack_is_present(values, prefix) and any(lookup(values, path) is not None for path in paths)


def _direction_power(key: str, prefix: str, name: str, sign: int, *, enabled: bool) -> SensorSpec:
    return SensorSpec(
        key=key,
        source=f"{prefix}.{name}",
        depends_on=tuple(f"{prefix}.{other}" for other in ("vol", "amp", "inputWatts", "outputWatts")),
        quantity=Quantity.POWER,
        evidence=Evidence.MEASURED,
        derive=partial(pack_direction_power, prefix=prefix, name=name, sign=sign),
        enabled=enabled,
    )


@dataclass(frozen=True, slots=True)
class Packs:
    """The packs of a station, the main one first, and how it reports which extra batteries are connected."""

    prefixes: tuple[str, ...]
    flags: tuple[str, ...]
    count: str

    @property
    def sources(self) -> tuple[str, ...]:
        """The wire names that the power of all packs is calculated from."""
        names = ("vol", "amp", "inputWatts", "outputWatts")
        return (*(f"{prefix}.{name}" for prefix in self.prefixes for name in names), *self.flags, self.count)

    def connected(self, values: Values) -> tuple[str, ...]:
        """Return the packs that are connected."""
        return connected_packs(values, self.prefixes, self.flags, self.count)

    def power(self, values: Values) -> float | None:
        """Return the power into all packs in W (negative while discharging)."""
        powers = {prefix: pack_power(values, prefix) for prefix in self.connected(values)}
        known = [power for power in powers.values() if power is not None]
        if not known or any(power is None and _reports_power(values, prefix) for prefix, power in powers.items()):
            return None
        return without_minus_zero(round(sum(known), 1))

    def is_connected(self, values: Values, *, index: int) -> bool | None:
        """Return whether an extra battery is connected, None if it is unknown."""
        linked = is_linked(values, self.flags[index - 1])
        return linked and self.prefixes[index] in self.connected(values)

    def has_pack(self, values: Values, *, index: int) -> bool:
        """Whether the values of a pack are those of a pack that is there."""
        prefix = self.prefixes[index]
        return pack_is_present(values, prefix) and prefix in self.connected(values)

    def power_sensor(self) -> SensorSpec:
        """Return the sensor of the signed battery power of all packs."""
        return SensorSpec(
            key="battery_power",
            source=tuple(f"{prefix}.vol" for prefix in self.prefixes),
            depends_on=self.sources,
            quantity=Quantity.POWER,
            evidence=Evidence.MEASURED,
            derive=self.power,
        )

    def sensors(self) -> tuple[SensorSpec, ...]:
        """Return the sensors of all packs."""
        return tuple(
            replace(
                sensor,
                present=partial(self.has_pack, index=index),
                depends_on=(*sensor.depends_on, *self.flags, self.count),
            )
            for index, (prefix, name) in enumerate(zip(self.prefixes, ("main", "extra1", "extra2"), strict=True))
            for sensor in pack(prefix, name)
        )

    def connection_sensors(self) -> tuple[BinarySensorSpec, ...]:
        """Return the binary sensors of the extra batteries."""
        return tuple(
            BinarySensorSpec(
                key=f"extra{index}_connected",
                source=flag,
                depends_on=(*self.flags, self.count),
                device_class="connectivity",
                diagnostic=True,
                derive=partial(self.is_connected, index=index),
            )
            for index, flag in enumerate(self.flags, 1)
        )


def pack(prefix: str, name: str) -> tuple[SensorSpec, ...]:
    """Return the sensors of one pack; `name` is main, extra1 or extra2."""
    extra = name != "main"
    hidden = {"diagnostic": True, "enabled": False}
    measured = Evidence.MEASURED
    return (
        battery_level(f"{name}_battery_level", (f"{prefix}.f32ShowSoc", f"{prefix}.soc"), enabled=extra),
        SensorSpec(
            key=f"{name}_battery_voltage",
            source=f"{prefix}.vol",
            quantity=Quantity.VOLTAGE,
            evidence=measured,
            derive=partial(pack_voltage, prefix=prefix),
            diagnostic=True,
            enabled=not extra,
        ),
        SensorSpec(
            key=f"{name}_battery_current",
            source=f"{prefix}.amp",
            depends_on=(f"{prefix}.vol",),
            quantity=Quantity.CURRENT,
            evidence=measured,
            derive=partial(pack_current, prefix=prefix),
            diagnostic=True,
            enabled=not extra,
        ),
        _direction_power(f"{name}_battery_input_power", prefix, "inputWatts", 1, enabled=extra),
        _direction_power(f"{name}_battery_output_power", prefix, "outputWatts", -1, enabled=extra),
        celsius(f"{name}_battery_temperature", f"{prefix}.temp", evidence=measured),
        celsius(f"{name}_cell_temperature_max", f"{prefix}.maxCellTemp", evidence=measured, **hidden),
        celsius(f"{name}_cell_temperature_min", f"{prefix}.minCellTemp", evidence=measured, **hidden),
        celsius(f"{name}_mos_temperature_max", f"{prefix}.maxMosTemp", evidence=measured, **hidden),
        volts(f"{name}_cell_voltage_max", f"{prefix}.maxCellVol", 0.001, evidence=measured, **hidden),
        volts(f"{name}_cell_voltage_min", f"{prefix}.minCellVol", 0.001, evidence=measured, **hidden),
        amp_hours(f"{name}_battery_full_capacity", f"{prefix}.fullCap", evidence=measured, **hidden),
        amp_hours(f"{name}_battery_remaining_capacity", f"{prefix}.remainCap", evidence=measured, **hidden),
        amp_hours(f"{name}_battery_design_capacity", f"{prefix}.designCap", evidence=measured, **hidden),
        count(f"{name}_battery_cycles", f"{prefix}.cycles", diagnostic=True),
        # Firmwares without the measurement report a health of 0 %.
        percentage(f"{name}_battery_health", f"{prefix}.soh", unknown_values=(0,), diagnostic=True),
    )
