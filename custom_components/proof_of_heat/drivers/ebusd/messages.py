"""The messages of Vaillant devices (also Saunier Duval, Bulex, AWB, Glow-worm, Protherm) and what they mean.

Names and fields as in john30/ebusd-configuration, src/vaillant: 15.ctlv2, 15.ctlv3, 15.basv2, 15.basv3, 15.700
(controllers), 08.bai and bai.308523_inc (boilers), 08.hmu (heat pumps), hcmode_inc, errors_inc. Their spelling differs
between versions in upper and lower case.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ..values import number

MODE: Final = "z1opmode"
ROOM: Final = "z1daytemp"
OFF: Final = "off"
AUTO: Final = "auto"
MODES: Final = (OFF, AUTO, "day", "night", "manual")
"""0 off, 1 automatic, 2 day (in some definitions: manual), 3 night. Off keeps frost protection and hot water."""
HOT_WATER: Final = "heating_water"
PUMP_FOR_HOT_WATER: Final = "hwc"
_NO_VALUE: Final = ("-", "", "null")
_BROKEN: Final = ("circuit", "cutoff")
"""States of a sensor: short circuit, interrupted."""
HEAT_PUMP: Final = "hmu"
COUNTER: Final = "consumptiontotal"
BOILER: Final = "bai"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A value: in which field of which message it is, and of which device. None: any circuit."""

    key: str
    message: str
    device: str | None = None
    field: int = 0
    unit: str | None = None
    factor: float = 1.0
    max_age_s: int = 60


READINGS: Final = (
    Reading(key="flow_temperature", message="status01", field=0, unit="°C"),
    Reading(key="return_temperature", message="status01", field=1, unit="°C"),
    Reading(key="flow_temperature", message="flowtemp", device=BOILER, unit="°C"),
    Reading(key="return_temperature", message="returntemp", device=BOILER, unit="°C"),
    Reading(key="outdoor_temperature", message="displayedoutsidetemp", unit="°C", max_age_s=300),
    Reading(key="outdoor_temperature", message="status01", field=2, unit="°C"),
    Reading(key="circuit_supply_temperature", message="hc1flowtemp", unit="°C"),
    Reading(key="flow_setpoint", message="hc1actualflowtempdesired", unit="°C"),
    Reading(key="room_temperature", message="z1roomtemp", unit="°C", max_age_s=300),
    Reading(key="dhw_temperature", message="hwcstoragetemp", unit="°C", max_age_s=300),
    Reading(key="dhw_temperature", message="status01", field=4, unit="°C"),
    Reading(key="dhw_setpoint", message="hwctempdesired", unit="°C", max_age_s=900),
    Reading(key="system_pressure", message="waterpressure", unit="bar", max_age_s=900),
    Reading(key="burner_modulation", message="modulationtempdesired", device=BOILER, unit="%"),
    Reading(key="compressor_load", message="currentcompressorutil", device=HEAT_PUMP, unit="%"),
    Reading(key="power", message="currentconsumedpower", device=HEAT_PUMP, unit="W", factor=1000.0),
    Reading(key="environment_power", message="currentyieldpower", device=HEAT_PUMP, unit="W", factor=1000.0),
    Reading(key="electricity", message=COUNTER, device=HEAT_PUMP, unit="kWh", max_age_s=900),
    Reading(key="volume_flow", message="waterthroughput", device=HEAT_PUMP, unit="l/h"),
)
"""By preference: the first that has a value counts."""
STATUS: Final = "status01"
"""Flow, return, outdoor, hot water and storage temperature, and the state of the pump."""
STATE: Final = "state"
"""Of a heat pump: energy, on or off, and what it does."""
FAULTS: Final = "currenterror"
SETTINGS: Final = (MODE, ROOM)
UNITS: Final[Mapping[str, str | None]] = {
    reading.key: reading.unit for reading in READINGS if reading.key != "environment_power"
}


@dataclass(frozen=True, slots=True)
class Bus:
    """The messages of one installation: (circuit, name) by the name in lower case, and the device."""

    readable: Mapping[str, tuple[tuple[str, str], ...]]
    writable: Mapping[str, tuple[str, str]]
    is_heat_pump: bool

    @property
    def is_known(self) -> bool:
        """Return whether it has a device that heats, or a controller."""
        return any(name in self.readable for name in ("status01", "flowtemp", "hc1flowtemp", MODE))

    @property
    def counts_electricity(self) -> bool:
        """Return whether a heat pump counts its electricity; the definitions of older ones have no counter."""
        return self.find(COUNTER, HEAT_PUMP) is not None

    def find(self, message: str, device: str | None = None) -> tuple[str, str] | None:
        """Return the circuit and name of a message; of one device, or of the first."""
        rows = self.readable.get(message, ())
        return next((row for row in rows if device is None or row[0].casefold().startswith(device)), None)


def bus_of(readable: Iterable[tuple[str, str]], writable: Iterable[tuple[str, str]]) -> Bus:
    """Return the messages that the daemon offers."""
    reads: dict[str, tuple[tuple[str, str], ...]] = {}
    for circuit, name in sorted(readable, key=_order):
        reads[name.casefold()] = (*reads.get(name.casefold(), ()), (circuit, name))
    writes = {name.casefold(): (circuit, name) for circuit, name in sorted(writable, key=_order, reverse=True)}
    circuits = {row[0].casefold() for rows in reads.values() for row in rows}
    return Bus(reads, writes, any(circuit.startswith(HEAT_PUMP) for circuit in circuits))


def _order(row: tuple[str, str]) -> tuple[bool, str]:
    """Heat pumps before boilers: of two devices with the same message, the one that heats first."""
    return not row[0].casefold().startswith(HEAT_PUMP), row[0].casefold()


def fields_of(text: str) -> list[str]:
    """Return the fields of a reply."""
    return [part.strip() for part in text.split(";")]


def value_of(fields: list[str], field: int) -> float | None:
    """Return the number in a field; None without one, or of a sensor that the device reports as broken."""
    if len(fields) <= field or fields[field].casefold() in _NO_VALUE:
        return None
    if any(part.casefold() in _BROKEN for part in fields):
        return None
    return number(fields[field])


def faults_of(fields: list[str]) -> str:
    """Return the numbers of the current faults as a text; empty without one."""
    return ", ".join(part for part in fields if part.isdecimal() and int(part) > 0)
