"""The devices of all integrations, as rows of the page. Everything but what proves some of them comes from the code."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import import_module
import json
from pathlib import Path
import tomllib
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[3]
_PROOFS: Final = Path(__file__).with_name("proofs.toml")
_ECOFLOW_DOCUMENT: Final = "EcoFlow, open API documentation (developer.ecoflow.com), {model}"


class Kind(StrEnum):
    """What proves a device."""

    CAPTURE = "capture"
    DOCUMENT = "document"
    SPECIFICATION = "specification"
    EXPERIMENTAL = "experimental"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Devices of one maker that are read and commanded in the same way."""

    section: str
    key: str
    maker: str
    models: tuple[str, ...]
    reads: tuple[str, ...]
    commands: tuple[str, ...]
    kind: Kind
    sources: tuple[str, ...]


def rows() -> list[Row]:
    """Return the rows of all integrations, in the order of the page."""
    return [*_heat_sources(), *_iot_heating(), *_smart_outlet(), *_ecoflow(), *_edge_telemetry(), *_ota()]


def _module(name: str) -> Any:
    return import_module(f"custom_components.{name}")


@cache
def _names(domain: str) -> Mapping[str, str]:
    """Return the English names of an integration's entities by key."""
    text = (ROOT / "custom_components" / domain / "translations" / "en.json").read_text("utf-8")
    entities: Mapping[str, Mapping[str, Any]] = json.loads(text).get("entity", {})
    return {key: row["name"] for platform in entities.values() for key, row in platform.items() if row.get("name")}


def _named(domain: str, keys: Iterable[str]) -> tuple[str, ...]:
    """Return keys as words: the entity's name, else the key itself."""
    names = _names(domain)
    found = (_lowered(names.get(key, "")) or key.replace("_", " ") for key in keys)
    return tuple(dict.fromkeys(found))


def _lowered(name: str) -> str:
    """Return a name for the middle of a sentence; abbreviations stay."""
    word = name.split(" ", 1)[0]
    return (
        name
        if not name or word.isupper() or any(letter.isupper() for letter in word[1:])
        else name[0].lower() + name[1:]
    )


@cache
def _proofs() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads(_PROOFS.read_text("utf-8"))


def proofs() -> set[tuple[str, str]]:
    """Return the integration and key of every entry of the file of proofs."""
    return {(domain, key) for domain, entries in _proofs().items() for key in entries}


def _proof(domain: str, key: str, *, default: str | None = None) -> tuple[Kind, tuple[str, ...]]:
    entry = _proofs().get(domain, {}).get(key)
    if entry is not None:
        return Kind(entry["evidence"]), tuple(entry["sources"])
    return (Kind.DOCUMENT, (default,)) if default is not None else (Kind.EXPERIMENTAL, ())


def _heat_sources() -> Iterator[Row]:
    template = _module("proof_of_heat.drivers.modbus.template")
    command_names = _module("proof_of_heat.drivers.supported").COMMAND_NAMES
    templates = sorted(template.load_builtin().values(), key=lambda item: (item.manufacturer.casefold(), item.name))
    sections = (
        ("Heat pumps and boilers with Modbus", [item.supported for item in templates]),
        ("Boilers and heat pumps on the eBUS", _module("proof_of_heat.drivers.ebusd.supported").SUPPORTED),
        ("Viessmann cloud", _module("proof_of_heat.drivers.viessmann.supported").SUPPORTED),
        ("Bitcoin miners", _module("proof_of_heat.drivers.miner.supported").SUPPORTED),
        ("Miners through services", _module("proof_of_heat.drivers.cloud.supported").SUPPORTED),
        ("Electricity meters", _module("proof_of_heat.drivers.meter.supported").SUPPORTED),
        ("Electricity prices", _module("proof_of_heat.prices.supported").SUPPORTED),
    )
    for section, devices in sections:
        for device in devices:
            yield Row(
                section=section,
                key=device.key,
                maker=device.maker,
                models=device.models,
                reads=_named("proof_of_heat", device.reads),
                commands=tuple(command_names.get(key) or _named("proof_of_heat", [key])[0] for key in device.commands),
                kind=Kind(device.evidence),
                sources=device.sources,
            )


def _iot_heating() -> Iterator[Row]:
    fields = _module("iot_heating.protocol.fields").TELEMETRY_FIELDS
    kind, sources = _proof("iot_heating", "controller")
    yield Row(
        section="Heating controllers",
        key="controller",
        maker="Own protocol",
        models=("ESP32 controllers with protocol 1 or 2", "ESPHome firmware of this project"),
        reads=tuple(field.name.replace("_", " ") for field in fields),
        commands=("on and off", "heating curve", "week schedule", "reboot", "identify"),
        kind=kind,
        sources=sources,
    )


def _smart_outlet() -> Iterator[Row]:
    commands = tuple(name.replace("_", " ") for name in _module("smart_outlet.model.commands").CommandName)
    reads = _named("smart_outlet", ("socket_a", "socket_b", "current_a", "current_b", "overload"))
    for key, model, own in (
        ("ccu", "Outlets behind a Central Control Unit (HTTP)", ("main_current", "main_overload")),
        ("hc12", "Outlets with an HC-12 radio (serial port)", ("radio_round_trip", "radio_failures")),
    ):
        kind, sources = _proof("smart_outlet", key)
        yield Row(
            section="Smart outlets",
            key=key,
            maker="Own protocol",
            models=(model,),
            reads=(*reads, *_named("smart_outlet", own)),
            commands=commands,
            kind=kind,
            sources=sources,
        )


def _ecoflow() -> Iterator[Row]:
    for family in _module("ecoflow.api.families").FAMILIES:
        controls = [*family.switches, *family.numbers, *family.selects, *family.buttons]
        kind, sources = _proof("ecoflow", family.name, default=_ECOFLOW_DOCUMENT.format(model=family.model))
        yield Row(
            section="EcoFlow power stations",
            key=family.name,
            maker="EcoFlow",
            models=family.product_names,
            reads=_named("ecoflow", (spec.key for spec in (*family.sensors, *family.binary_sensors) if spec.enabled)),
            commands=_named("ecoflow", (spec.key for spec in controls)),
            kind=kind,
            sources=sources,
        )


def _edge_telemetry() -> Iterator[Row]:
    _module("edge_telemetry.decoders.types")
    for device_type in _module("edge_telemetry.decoders.device_types").DEVICE_TYPES.values():
        kind, sources = _proof("edge_telemetry", device_type.key)
        is_generic = device_type.key == "generic"
        yield Row(
            section="Telemetry over MQTT",
            key=device_type.key,
            maker=device_type.manufacturer or "Any",
            models=("Devices that publish JSON",) if is_generic else (device_type.key.replace("_", " "),),
            reads=("the common metrics", *_named("edge_telemetry", (metric.key for metric in device_type.metrics))),
            commands=("commands of the device",) if device_type.accepts_commands else (),
            kind=kind,
            sources=sources,
        )


def _ota() -> Iterator[Row]:
    for protocol in _module("ota.views.protocols").WIRE_PROTOCOLS:
        kind, sources = _proof("ota", protocol.key)
        yield Row(
            section="Firmware updates",
            key=protocol.key,
            maker=protocol.clients,
            models=tuple(f"`{path}`" for path in protocol.paths.values()),
            reads=("firmware version", "update result"),
            commands=("firmware",),
            kind=kind,
            sources=sources,
        )
