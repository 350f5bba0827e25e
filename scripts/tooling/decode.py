"""Decode a captured reply with the product's own decoder; print one line per value: entity key, value, unit.

    scripts/decode [--json] FAMILY FILE-OR-FOLDER
    scripts/decode [--json] modbus TEMPLATE DUMP

Families: miner (a folder of replies, replayed on the wire to the adapter), ecoflow, vicare, shelly, ruuvi, telemetry,
hc12 (frames as hex), sync (the report of a heating controller), bundle (a support bundle), modbus (raw registers of a
heat pump or boiler with a template: its ID or file; docs/add-a-device.md describes dumps). `--json` prints one JSON
object instead. The exit status is 1, with a message, if the capture cannot be decoded. Attach the output to bug
reports; it contains no keys.
"""

import argparse
import asyncio
from collections.abc import Callable, Iterable, Iterator
import importlib
import json
import math
import os
from pathlib import Path
import re
import signal
import sys
from typing import Any
import zipfile

type Line = tuple[str, Any, str | None]


class UnreadableError(Exception):
    """The capture cannot be decoded; the text is the reason."""


def _json(path: Path) -> Any:
    """Return the file's JSON, or its text if it is not JSON (a payload in hex)."""
    text = _text(path)
    try:
        return json.loads(text)
    except ValueError:
        return text.strip()


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as err:
        raise UnreadableError("the file is not UTF-8 text") from err


def _object(path: Path) -> dict[str, Any]:
    data = _json(path)
    if not isinstance(data, dict):
        raise UnreadableError("the file does not contain a JSON object")
    return data


def _from(module: str, function: str) -> Any:
    """Return a function of the product; a checkout may lack an integration."""
    try:
        return getattr(importlib.import_module(f"custom_components.{module}"), function)
    except ModuleNotFoundError as err:
        raise UnreadableError(f"this checkout has no decoder for this family ({err.name} is missing)") from err


def decode_ecoflow(path: Path) -> Iterable[Line]:
    """Decode a reply of the EcoFlow cloud or a merged MQTT capture."""
    lines: Iterable[Line] = _from("ecoflow.api.captures", "decode_capture")(_object(path))
    return lines


def decode_telemetry(path: Path) -> Iterable[Line]:
    """Decode one or several telemetry messages, or Ruuvi payloads."""
    lines: Iterable[Line] = _from("edge_telemetry.decoders.capture", "decode_capture")(_json(path))
    return lines


def decode_miner(path: Path) -> Iterable[Line]:
    """Decode a folder of a miner's replies, replayed on loopback."""
    from simulators.replay import replaying

    # A miner's ports are fixed: use a loopback address that only this process uses.
    number = os.getpid()
    host = f"127.{244 + number % 10}.{number // 10 % 250 + 1}.{number // 2500 % 250 + 1}"

    async def read() -> Iterable[Line]:
        lines: Iterable[Line]
        async with replaying(path, host) as replay:
            port = getattr(replay, "http_port", 80)
            lines = await _from("proof_of_heat.drivers.decode", "decode_miner")(host, http_port=port)
        return lines

    if not path.is_dir():
        raise UnreadableError("a miner's capture is a folder with one file per reply")
    return asyncio.run(read())


def decode_vicare(path: Path) -> Iterable[Line]:
    """Decode the features of a Viessmann device."""
    lines: Iterable[Line] = _from("proof_of_heat.drivers.viessmann.features", "lines")(_object(path))
    return lines


def decode_shelly(path: Path) -> Iterable[Line]:
    """Decode replies or notifications of a Shelly energy meter."""
    lines: Iterable[Line] = _from("proof_of_heat.drivers.meter.shelly", "lines")(_json(path))
    return lines


def decode_hc12(path: Path) -> Iterable[Line]:
    """Decode bytes received by the radio, written as hex."""
    try:
        # Terminal programs write `0xA5, 0x05`, `A5:05` or `\xA5\x05`.
        data = bytes.fromhex(re.sub(r"0[xX]|\\x|[,;:\-]", " ", _text(path)))
    except ValueError as err:
        raise UnreadableError("the file is not hex: only pairs of hexadecimal digits are allowed") from err
    lines: Iterable[Line] = _from("smart_outlet.radio.capture", "decode_capture")(data)
    return lines


def decode_sync(path: Path) -> Iterator[Line]:
    """Decode a report that a heating controller posts to the device-sync API."""
    try:
        data = _from("iot_heating._lib.device_json", "parse_device_object")(path.read_bytes())
    except _from("iot_heating._lib.device_http", "ApiError") as err:
        raise UnreadableError("the file does not contain a JSON object") from err
    report = _from("iot_heating.protocol.report", "decode_report")(data)
    sensors = {field.name: field.sensor for field in _from("iot_heating.protocol.fields", "TELEMETRY_FIELDS")}
    if all(value is None for value in report.values.values()):
        return
    for name, value in report.values.items():
        if value is None:
            continue
        if (sensor := sensors[name]) is not None:
            yield sensor.key, value, _UNITS.get(sensor.quantity)
        elif name in _OTHER_FIELDS:
            key, unit = _OTHER_FIELDS[name]
            yield key, value, unit
        else:
            yield name, len(value) if isinstance(value, tuple) else value, None
    for name, reason in report.ignored.items():
        yield f"ignored.{name}", reason, None


_UNITS = {"temperature": "°C", "voltage": "V", "signal_strength": "dBm", "data_size": "B"}
_OTHER_FIELDS = {"state": ("heating", None), "flow_setpoint": ("flow_setpoint", "°C"), "uptime_s": ("uptime_s", "s")}


def decode_modbus(template: str, path: Path) -> Iterable[Line]:
    """Decode the raw registers of a device with a template: the ID of an included one, or a file."""
    lines: Iterable[Line] = _from("proof_of_heat.drivers.modbus.dump", "decode_dump")(template, _dump_in(path))
    return lines


def missing_in(template: str, path: Path) -> list[str]:
    """Return the registers of a template that have no value in a dump, with the reason."""
    texts: list[str] = _from("proof_of_heat.drivers.modbus.dump", "missing_values")(template, _dump_in(path))
    return texts


def _dump_in(path: Path) -> dict[str, Any] | list[Any] | str:
    is_utf16 = path.is_file() and path.read_bytes()[:2] in (b"\xff\xfe", b"\xfe\xff")
    text = path.read_text("utf-16") if is_utf16 else _text(path)  # PowerShell redirects output as UTF-16
    try:
        dump = json.loads(text)
    except ValueError:
        dump = text  # the output of a Modbus program
    if not isinstance(dump, (dict, list, str)):
        raise UnreadableError("the file does not contain registers")
    return dump


def _shown(value: Any) -> str:
    """Format a value; floats are rounded to nine decimals."""
    if value is None:
        return ""
    return str(_rounded(value))


def _rounded(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return round(value, 9) if math.isfinite(value) else None


_LARGEST_BUNDLE = 400_000_000
"""Bytes of all files. A support bundle contains at most 8 million characters of an entry."""


def _read_bundle(path: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(path) as packed:
            sizes = {info.filename: info.file_size for info in packed.infolist()}
            if sum(sizes.values()) > _LARGEST_BUNDLE:
                raise UnreadableError("this is larger than a support bundle can be")
            files = {name: json.loads(packed.read(name)) for name in sizes}
        _ = files["versions.json"]["entries"], files["issues.json"]
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, RecursionError) as err:
        raise UnreadableError("this is not a support bundle") from err
    return files


def decode_bundle(path: Path) -> Iterable[Line]:
    """Read a support bundle: versions, entries, repairs, the last decisions, the last messages."""
    files = _read_bundle(path)
    versions = files["versions.json"]
    yield from ((key, versions[key], None) for key in ("created", "home_assistant", "python", "time_zone", "currency"))
    yield from ((f"{domain}.version", item["version"], None) for domain, item in versions["integrations"].items())
    numbers: dict[str, int] = {}
    for entry in versions["entries"]:
        number = numbers[entry["domain"]] = numbers.get(entry["domain"], 0) + 1
        for key in ("state", "reason", "version"):
            yield f"{entry['domain']}.{number}.{key}", entry[key], None
    for number, issue in enumerate(files["issues.json"], 1):
        yield f"issues.{number}.{issue['domain']}", issue["translation_key"], None
    for name, rows in files.items():
        if name.startswith("decisions/"):
            for row in rows[-10:]:
                yield f"{name.removesuffix('.json').replace('/', '.')}.{row.get('time')}", row.get("words"), None
    for name, content in files.items():
        if name.startswith("diagnostics/") and isinstance(content, dict):
            domain, _, position = name.removeprefix("diagnostics/").removesuffix(".json").partition("/")
            yield from _last_messages(domain, f"{domain}.{position}.last", content.get("last_messages") or ())


def _last_messages(domain: str, prefix: str, found: Any) -> Iterator[Line]:
    """Decode the last raw messages of an entry; what no decoder knows is printed as it is."""
    sources = found.items() if isinstance(found, dict) else [("", found)]
    for source, messages in sources:
        for message in messages:
            key = ".".join(part for part in (prefix, source) if part)
            try:
                channel = message["channel"]
                key = ".".join(part for part in (prefix, source, channel) if part)
                lines = list(_message(domain, channel, message))
            except Exception as err:  # noqa: BLE001 - each decoder has its own exceptions; the other messages count, too
                lines = [("error", f"{type(err).__name__}: {err}", None)]
            raw = None if lines else message.get("text", message.get("hex"))
            for name, value, unit in lines or [("raw", f"{message['bytes']} bytes" if raw is None else raw, None)]:
                yield f"{key}.{name}", value, unit


def _message(domain: str, channel: str, message: dict[str, Any]) -> Iterable[Line]:
    """Return the values of one raw message."""
    lines: Iterable[Line] = ()
    if domain == "edge_telemetry":
        payload = message.get("text") or message.get("hex", "")
        lines = _from("edge_telemetry.decoders.capture", "decode_capture")({"topic": channel, "payload": payload})
    elif domain == "smart_outlet" and channel == "radio":
        lines = _from("smart_outlet.radio.capture", "decode_capture")(bytes.fromhex(message["hex"]))
    elif domain == "proof_of_heat" and channel == "GET features":
        lines = _from("proof_of_heat.drivers.viessmann.features", "lines")(json.loads(message["text"]))
    elif domain == "proof_of_heat" and "/rpc/" in channel:
        lines = _from("proof_of_heat.drivers.meter.shelly", "lines")(json.loads(message["text"]))
    return lines


FAMILIES: dict[str, Callable[[Path], Iterable[Line]]] = {
    "miner": decode_miner,
    "ecoflow": decode_ecoflow,
    "vicare": decode_vicare,
    "shelly": decode_shelly,
    "ruuvi": decode_telemetry,
    "telemetry": decode_telemetry,
    "hc12": decode_hc12,
    "sync": decode_sync,
    "bundle": decode_bundle,
}
MODBUS = "modbus"


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="scripts/decode", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("family", choices=sorted([*FAMILIES, MODBUS]))
    parser.add_argument(
        "template", nargs="?", metavar="TEMPLATE", help="only for modbus: the ID of a template, or a file"
    )
    parser.add_argument("path", type=Path, metavar="FILE-OR-FOLDER")
    args = parser.parse_args(argv)
    if (args.family == MODBUS) != (args.template is not None):
        parser.error("modbus TEMPLATE DUMP" if args.family == MODBUS else f"{args.family} FILE-OR-FOLDER")
    try:
        args.path.stat()
        if args.family == MODBUS:
            lines = list(decode_modbus(args.template, args.path))
            for text in missing_in(args.template, args.path) if lines else ():
                print(f"scripts/decode: {text}", file=sys.stderr)
        else:
            lines = list(FAMILIES[args.family](args.path))
    except OSError as err:
        print(f"scripts/decode: {err.filename or args.path}: {err.strerror or err}", file=sys.stderr)
        return 1
    except Exception as err:  # noqa: BLE001 - every core package has its own exception tree; all have a text
        text = str(err)
        if " " not in text:
            text = f"the capture cannot be decoded: {text.replace('_', ' ') or type(err).__name__}"
        print(f"scripts/decode: {args.path}: {text}", file=sys.stderr)
        return 1
    if not lines:
        print(f"scripts/decode: {args.path}: no known values found", file=sys.stderr)
        return 1
    if args.json:
        values = [{"key": key, "value": _rounded(value), "unit": unit} for key, value, unit in lines]
        print(json.dumps({"family": args.family, "values": values}, ensure_ascii=False, default=str))
        return 0
    for key, value, unit in lines:
        print(f"{key}\t{_shown(value)}\t{unit or ''}")
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `scripts/decode … | head` is not an error
    sys.exit(main())
