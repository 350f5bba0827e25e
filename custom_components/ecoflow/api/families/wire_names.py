"""Wire names of models that no family describes: readable names, and the units that the names carry."""

from dataclasses import dataclass
import re
from typing import Final

from ..privacy import mask, serial_numbers
from ..units import Quantity

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# Measures of both generations whose letters and digits belong together.
_JOINED: Final = re.compile(
    r"(?i)(?<![a-z])(f32|pv\d|qcusb\d|usb\d|typec\d|typea\d|12v|24v|5p8|4p8|ac2dc|dc2ac|ac2|l[123](?!\d))"
)

_WORDS: Final[dict[str, str]] = {
    "ac": "AC",
    "accu": "total",
    "addr": "",
    "act": "active",
    "amp": "current",
    "apperent": "apparent",
    "amps": "current",
    "avg": "average",
    "batt": "battery",
    "bat": "battery",
    "bms": "BMS",
    "bp": "battery pack",
    "bright": "brightness",
    "cap": "capacity",
    "cel": "",
    "celsius": "",
    "cfg": "setting",
    "chg": "charge",
    "cms": "system",
    "conn": "connected",
    "cur": "current",
    "curr": "current",
    "dc": "DC",
    "dev": "device",
    "dsg": "discharge",
    "emp": "EMS",
    "feed": "feed-in",
    "ems": "EMS",
    "en": "enabled",
    "env": "ambient",
    "err": "error",
    "errcode": "error code",
    "f32": "",
    "feq": "frequency",
    "freq": "frequency",
    "get": "",
    "in": "input",
    "humi": "humidity",
    "info": "",
    "l1": "L1",
    "l2": "L2",
    "l3": "L3",
    "inv": "inverter",
    "lcd": "display",
    "max": "maximum",
    "min": "minimum",
    "ma": "",
    "mah": "",
    "mos": "MOSFET",
    "mppt": "MPPT",
    "mv": "",
    "num": "number",
    "out": "output",
    "pcs": "inverter",
    "pd": "PD",
    "pow": "power",
    "pv": "solar",
    "pwr": "power",
    "react": "reactive",
    "rem": "remaining",
    "remain": "remaining",
    "rssi": "signal strength",
    "soc": "level",
    "soh": "health",
    "sta": "state",
    "sys": "system",
    "temp": "temperature",
    "tmp": "temperature",
    "usb": "USB",
    "ver": "version",
    "vol": "voltage",
    "volt": "voltage",
    "w": "power",
    "watt": "power",
    "watth": "energy",
    "watts": "power",
    "wave": "",
    "wh": "energy",
    "wifi": "Wi-Fi",
}
# What a value measures comes last in its readable name.
_MEASURES: Final = frozenset(
    {"power", "energy", "voltage", "current", "temperature", "level", "health", "frequency", "capacity", "humidity"}
)
_POWER_WORDS: Final = frozenset({"watts", "watt", "w", "pwr", "pow", "power"})
# What may follow a power word: `wattsInSum` is a power, `powConsumptionMeasurement` is not.
_POWER_TAIL: Final = frozenset({"in", "out", "sum", "max", "min", "total", "limit", "set", "avg", "l1", "l2", "l3"})
# A percentage, and what is not a power in W.
_NO_POWER_WORDS: Final = frozenset({"remain", "remaining", "factor"})
_REACTIVE_WORDS: Final = frozenset({"react", "reactive"})
_APPARENT_WORDS: Final = frozenset({"apparent", "apperent"})
# What follows the word of a temperature in the name of a setting, such as its unit.
_NO_TEMPERATURE_WORDS: Final = frozenset(
    {"num", "flag", "state", "type", "unit", "mode", "enable", "enabled", "ctrl", "switch", "warning", "status"}
)
_PHASE: Final = re.compile(r"(?<=[a-z])L(?=[123](?!\d))")
_POWER_STARTS: Final = (("pow", "get"), ("pow", "sys"), ("pow", "in"), ("pow", "out"))
# `chgPowerAC` and `dsgPowerDC`, `chgSunPower` are energy counters of the first generation.
_COUNTER: Final = re.compile(r"(?:chg|dsg)(?:sun)?power(?:ac|dc)?$")
# Modules in which powers are in tenths of a watt on the models that are known.
_TENTHS: Final = re.compile(r"^(?:mppt|\d+_\d+)\.")

_NUMBERED_MODULE: Final = re.compile(r"^\d+_\d+\.(?=.)")


@dataclass(frozen=True, slots=True)
class WireUnit:
    """The quantity and scale that a wire name carries."""

    quantity: Quantity
    scale: float = 1.0


_SUFFIXES: Final[dict[str, WireUnit]] = {
    "wh": WireUnit(Quantity.ENERGY, 0.001),
    "watth": WireUnit(Quantity.ENERGY, 0.001),
    "kwh": WireUnit(Quantity.ENERGY),
    "mv": WireUnit(Quantity.VOLTAGE, 0.001),
    "ma": WireUnit(Quantity.CURRENT, 0.001),
    "mah": WireUnit(Quantity.CAPACITY, 0.001),
    "soc": WireUnit(Quantity.PERCENTAGE),
    "soh": WireUnit(Quantity.PERCENTAGE),
    "percent": WireUnit(Quantity.PERCENTAGE),
    "percentage": WireUnit(Quantity.PERCENTAGE),
    "pct": WireUnit(Quantity.PERCENTAGE),
    "cel": WireUnit(Quantity.TEMPERATURE),
    "celsius": WireUnit(Quantity.TEMPERATURE),
    "hz": WireUnit(Quantity.FREQUENCY),
    "rpm": WireUnit(Quantity.ROTATION_SPEED),
    "rssi": WireUnit(Quantity.SIGNAL_STRENGTH),
    "sec": WireUnit(Quantity.DURATION, 1 / 60),
    "mins": WireUnit(Quantity.DURATION),
    "minutes": WireUnit(Quantity.DURATION),
}


def words_of(text: str) -> list[str]:
    """Return the words of a wire name in small letters: `powGetPvSum` -> pow, get, pv, sum."""
    spaced = _JOINED.sub(lambda match: f" {match.group().lower()} ", _PHASE.sub(" l", text))
    found: list[str] = []
    for part in re.split(r"[^A-Za-z0-9]+", spaced):
        if _JOINED.fullmatch(part):
            found.append(part)
        else:
            found.extend(word.lower() for word in _WORD.findall(part))
    return found


def unit_of(wire_name: str) -> WireUnit | None:
    """Return the quantity and scale that a wire name carries, None if it carries none."""
    last = wire_name.rpartition(".")[2]
    words = words_of(last)
    if not words or _COUNTER.search(last.lower()):
        return None
    # A name of one word such as `sec` is a part of a time of day.
    if (suffix := _SUFFIXES.get(words[-1])) is not None and (
        len(words) > 1 or suffix.quantity is not Quantity.DURATION
    ):
        return suffix
    if _is_power(words):
        return None if _TENTHS.match(wire_name) else WireUnit(_power_quantity(words))
    return None


def _power_quantity(words: list[str]) -> Quantity:
    if not _REACTIVE_WORDS.isdisjoint(words):
        return Quantity.REACTIVE_POWER
    return Quantity.POWER if _APPARENT_WORDS.isdisjoint(words) else Quantity.APPARENT_POWER


def _is_power(words: list[str]) -> bool:
    if not _NO_POWER_WORDS.isdisjoint(words):
        return False
    if tuple(words[:2]) in _POWER_STARTS:
        return True
    for index, word in enumerate(words):
        if word in _POWER_WORDS and all(rest in _POWER_TAIL or rest in _POWER_WORDS for rest in words[index + 1 :]):
            return True
    return False


def is_remaining_time(wire_name: str) -> bool:
    """Whether a wire name is a remaining time, for which devices send placeholders."""
    words = words_of(wire_name.rpartition(".")[2])
    return "time" in words and bool({"rem", "remain"} & set(words))


def is_temperature(wire_name: str) -> bool:
    """Whether a wire name is a temperature, not a setting of how temperatures are shown."""
    words = words_of(wire_name.rpartition(".")[2])
    return not {"temp", "tmp"}.isdisjoint(words) and _NO_TEMPERATURE_WORDS.isdisjoint(words)


def is_health(wire_name: str) -> bool:
    """Whether a wire name is a battery's health, of which firmwares without the measurement report 0 %."""
    return words_of(wire_name.rpartition(".")[2])[-1:] == ["soh"]


def readable_name(wire_name: str, numbers: dict[str, str] | None = None) -> str:
    """Return a name for people: `powGetPvSum` -> "Solar sum power". Serial numbers become `numbers`."""
    masked = mask(
        _NUMBERED_MODULE.sub("", wire_name), {serial: f"#{number}" for serial, number in (numbers or {}).items()}
    )
    names: list[str] = []
    for part in re.split(r"[^A-Za-z0-9#]+", masked):
        names.extend([part] if part.startswith("#") else [_WORDS.get(word, word) for word in words_of(part)])
    unique = list(dict.fromkeys(name for name in names if name))
    measures = [name for name in unique if name in _MEASURES and "factor" not in unique]
    text = " ".join([*(name for name in unique if name not in measures), *measures])
    return text[:1].upper() + text[1:]


def serials_in(wire_names: list[str]) -> dict[str, str]:
    """Return the number of each serial number in the wire names, counted in their order."""
    found = sorted({serial for name in wire_names for serial in serial_numbers(name)})
    return {serial: str(number) for number, serial in enumerate(found, 1)}
