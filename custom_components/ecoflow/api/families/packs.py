"""Battery packs, told alike by several families."""

from collections.abc import Iterable
from functools import partial

from ..quantities import Quantity, Values, lookup, number
from .base import Proof, Reading, amp_hours, celsius, count, percent, share, volts, watts

# A pack at less than one volt does not exist, nor one above 1000 V: what is small is volts, what is large
# is millivolts.
# River 2 firmwares report V and A where their siblings report mV and mA.
_VOLTS_BELOW = 1000.0


def pack_voltage(values: Values, prefix: str) -> float | None:
    """Return a pack's voltage in V from mV, or from V where the firmware tells so."""
    raw = number(lookup(values, f"{prefix}.vol"))
    if raw is None or raw <= 0:
        return None
    return round(raw if raw < _VOLTS_BELOW else raw / 1000, 3)


def pack_current(values: Values, prefix: str) -> float | None:
    """Return a pack's current in A (positive charges), in the unit that goes with its voltage."""
    raw_volts, raw = number(lookup(values, f"{prefix}.vol")), number(lookup(values, f"{prefix}.amp"))
    if raw is None or raw_volts is None or raw_volts <= 0:
        return None
    return round(raw if raw_volts < _VOLTS_BELOW else raw / 1000, 3)


def pack_power(values: Values, prefix: str) -> float | None:
    """Return the power into a pack in W (negative: out of it).

    V x A where the wire has mV and mA. Whole amperes are too coarse: there the pack's own watts count.
    """
    volts_now, amps_now = pack_voltage(values, prefix), pack_current(values, prefix)
    if volts_now is None or amps_now is None:
        return None
    if volts_now == number(lookup(values, f"{prefix}.vol")):
        power_in = number(lookup(values, f"{prefix}.inputWatts"))
        power_out = number(lookup(values, f"{prefix}.outputWatts"))
        if power_in is not None and power_out is not None:
            return power_in - power_out
    return volts_now * amps_now


def packs_power(values: Values, prefixes: Iterable[str]) -> float | None:
    """Return the power into all packs together in W (negative: out of them)."""
    powers = [power for prefix in prefixes if (power := pack_power(values, prefix)) is not None]
    return round(sum(powers), 1) if powers else None


def battery_power(prefixes: tuple[str, ...]) -> Reading:
    """Return the signed battery power of all packs together."""
    return Reading(
        key="battery_power",
        source=tuple(f"{prefix}.vol" for prefix in prefixes),
        needs=tuple(f"{prefix}.{name}" for prefix in prefixes for name in ("amp", "inputWatts", "outputWatts")),
        quantity=Quantity.POWER,
        proof=Proof.MEASURED,
        derive=partial(packs_power, prefixes=prefixes),
    )


def pack(prefix: str, name: str) -> tuple[Reading, ...]:
    """Return the readings of one pack; `name` is main, extra1 or extra2."""
    extra = name != "main"
    quiet = {"diagnostic": True, "enabled": False}
    return (
        percent(f"{name}_battery_level", (f"{prefix}.f32ShowSoc", f"{prefix}.soc"), enabled=extra),
        Reading(
            key=f"{name}_battery_voltage",
            source=f"{prefix}.vol",
            quantity=Quantity.VOLTAGE,
            proof=Proof.MEASURED,
            derive=partial(pack_voltage, prefix=prefix),
            diagnostic=True,
            enabled=not extra,
        ),
        Reading(
            key=f"{name}_battery_current",
            source=f"{prefix}.amp",
            needs=(f"{prefix}.vol",),
            quantity=Quantity.CURRENT,
            proof=Proof.MEASURED,
            derive=partial(pack_current, prefix=prefix),
            diagnostic=True,
            enabled=not extra,
        ),
        watts(f"{name}_battery_input_power", f"{prefix}.inputWatts", proof=Proof.MEASURED, enabled=extra),
        watts(f"{name}_battery_output_power", f"{prefix}.outputWatts", proof=Proof.MEASURED, enabled=extra),
        celsius(f"{name}_battery_temperature", f"{prefix}.temp", proof=Proof.MEASURED),
        celsius(f"{name}_cell_temperature_max", f"{prefix}.maxCellTemp", proof=Proof.MEASURED, **quiet),
        celsius(f"{name}_cell_temperature_min", f"{prefix}.minCellTemp", proof=Proof.MEASURED, **quiet),
        celsius(f"{name}_mos_temperature_max", f"{prefix}.maxMosTemp", proof=Proof.MEASURED, **quiet),
        volts(f"{name}_cell_voltage_max", f"{prefix}.maxCellVol", 0.001, proof=Proof.MEASURED, **quiet),
        volts(f"{name}_cell_voltage_min", f"{prefix}.minCellVol", 0.001, proof=Proof.MEASURED, **quiet),
        amp_hours(f"{name}_battery_full_capacity", f"{prefix}.fullCap", proof=Proof.MEASURED, **quiet),
        amp_hours(f"{name}_battery_remaining_capacity", f"{prefix}.remainCap", proof=Proof.MEASURED, **quiet),
        amp_hours(f"{name}_battery_design_capacity", f"{prefix}.designCap", proof=Proof.MEASURED, **quiet),
        count(f"{name}_battery_cycles", f"{prefix}.cycles", diagnostic=True),
        # 0 % health is what firmwares without the measurement report.
        share(f"{name}_battery_health", f"{prefix}.soh", none_at=(0,), diagnostic=True),
    )
