"""Import the history of a former system into Home Assistant's statistics, or into the archive of Edge Telemetry.

    scripts/import-history list SYSTEM SOURCE                     what it contains: key, values, first and last time
    scripts/import-history run SYSTEM SOURCE --map FILE --url URL import into the statistics (token in $HASS_TOKEN)
    scripts/import-history archive paku-iot SOURCE --database URL import into the archive of Edge Telemetry

Systems: smart-outlet-webapp, django-heating, heat-pump-monitoring, paku-iot. SOURCE is the URL of a database
(postgresql://… or sqlite:///…), a folder with one CSV file per table, or a CSV file. The map is JSON:

    {"FE/a/current": {"sensor": "sensor.kitchen_socket_a_current", "unit": "A", "factor": 0.001},
     "power/total_energy": {"sensor": "sensor.heat_pump_energy", "unit": "kWh", "counter": true}}

Hours that Home Assistant recorded itself are not changed, and a second `run` has the same result. `archive` adds
messages each time. The retention of the archive applies to imported messages, too.
"""

import argparse
import asyncio
from datetime import UTC, datetime
import json
import os
from pathlib import Path
import sys
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import aiohttp

from ..demo.client import HomeAssistant, HomeAssistantError
from .hours import Target, collect, metadata, rows
from .readers import READERS, Source, SourceError, number, paku_messages

_BATCH = 2000


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="scripts/import-history", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["list", "run", "archive"])
    parser.add_argument("system", choices=sorted(READERS))
    parser.add_argument("source", metavar="SOURCE")
    parser.add_argument("--map", type=Path, help="which sensor each key belongs to")
    parser.add_argument("--url", default="http://homeassistant.local:8123", help="Home Assistant")
    parser.add_argument("--database", help="database of the archive, as in the settings of Edge Telemetry")
    parser.add_argument("--time-zone", default="UTC", help="of times without a zone (UTC)")
    parser.add_argument("--dry-run", action="store_true", help="only print what would be imported")
    args = parser.parse_args(argv)
    try:
        source = Source(args.source, ZoneInfo(args.time_zone))
        if args.command == "list":
            return list_keys(args.system, source)
        if args.command == "archive":
            if args.system != "paku-iot" or not args.database:
                parser.error("the archive is for paku-iot, and needs --database")
            print(f"{to_archive(source, args.database, dry_run=args.dry_run)} messages")
            return 0
        if args.map is None:
            parser.error("run needs --map; `list` shows the keys")
        if not os.environ.get("HASS_TOKEN"):
            parser.error("run needs a long-lived access token of Home Assistant in HASS_TOKEN")
        targets = read_map(args.map)
        return asyncio.run(to_statistics(args.system, source, targets, args.url, dry_run=args.dry_run))
    except (SourceError, ZoneInfoNotFoundError, OSError, HomeAssistantError, aiohttp.ClientError) as err:
        print(f"Not imported: {err}", file=sys.stderr)
        return 1


def list_keys(system: str, source: Source) -> int:
    """Print the keys of a source."""
    found: dict[str, tuple[int, datetime, datetime]] = {}
    for sample in READERS[system](source):
        count, first, last = found.get(sample.key, (0, sample.when, sample.when))
        found[sample.key] = (count + 1, min(first, sample.when), max(last, sample.when))
    for key, (count, first, last) in sorted(found.items()):
        print(f"{key}\t{count}\t{first.isoformat()}\t{last.isoformat()}")
    if not found:
        print("Nothing found. Check the system and the source.", file=sys.stderr)
    return 0 if found else 1


def read_map(file: Path) -> dict[str, Target]:
    """Read the map.

    Raises:
        SourceError: It is not complete.
    """
    try:
        content = json.loads(file.read_text("utf-8"))
        return {
            key: Target(
                str(item["sensor"]), item.get("unit"), float(item.get("factor", 1.0)), bool(item.get("counter", False))
            )
            for key, item in content.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as err:
        raise SourceError(f"{file} is not a map: {err!r}") from err


async def to_statistics(system: str, source: Source, targets: dict[str, Target], url: str, *, dry_run: bool) -> int:
    """Import into Home Assistant; print a line per key and return the exit status."""
    hours = collect(READERS[system](source), targets)
    missing = [key for key, found in hours.items() if not found]
    async with HomeAssistant.connect(url.rstrip("/"), os.environ.get("HASS_TOKEN", "")) as ha:
        for key, target in targets.items():
            before, sum_then = await _present(ha, target)
            wanted = rows(hours[key], target, before, sum_then)
            for start in range(0, 0 if dry_run else len(wanted), _BATCH):
                await ha.call(
                    "recorder/import_statistics", metadata=metadata(target), stats=wanted[start : start + _BATCH]
                )
            print(f"{key}\t{target.statistic_id}\t{len(wanted)} hours")
    for key in missing:
        print(f"{key}: not in the source", file=sys.stderr)
    return 1 if missing else 0


async def _present(ha: HomeAssistant, target: Target) -> tuple[datetime | None, float]:
    """Return the first hour that Home Assistant compiled itself, with its sum at the start of that hour."""
    state = await _recorded_since(ha, target.statistic_id)
    if state is None:
        return None, 0.0
    answer: dict[str, list[dict[str, Any]]] = await ha.call(
        "recorder/statistics_during_period",
        start_time=state.isoformat(),
        statistic_ids=[target.statistic_id],
        period="hour",
        types=["sum", "state", "change"],
    )
    found = answer.get(target.statistic_id, [])
    if not found:
        return None, 0.0
    first = datetime.fromtimestamp(found[0]["start"] / 1000, UTC)
    return first, (number(found[0].get("sum")) or 0.0) - (number(found[0].get("change")) or 0.0)


async def _recorded_since(ha: HomeAssistant, entity_id: str) -> datetime | None:
    """Return when the entity was added to Home Assistant: statistics before that were imported."""
    for item in await ha.call("config/entity_registry/list"):
        if item["entity_id"] == entity_id:
            created = datetime.fromtimestamp(float(item["created_at"]), UTC)
            return created.replace(minute=0, second=0, microsecond=0)
    return None


def to_archive(source: Source, database: str, *, dry_run: bool) -> int:
    """Import into the archive of Edge Telemetry; return the number of messages."""
    from lib.archive import Archive, ArchiveSpec, Retention, Row

    count = 0
    keep_all = Retention(raw_days=None, fine_days=None)  # the archive itself applies the limits of its settings
    archive = Archive(database, ArchiveSpec(), retention=keep_all, queue_rows=1_000_000_000)
    if not dry_run:
        archive.start()
    for when, origin, metrics in paku_messages(source):
        numbers = {name: value for name, raw in metrics.items() if (value := number(raw)) is not None}
        if not dry_run:
            archive.put(Row(when.timestamp(), origin, json.dumps({"metrics": metrics}), numbers))
        count += 1
    if not dry_run:
        archive.close(timeout_s=3600)
        status = archive.status
        if status.written != count:
            raise SourceError(
                f"{status.written} of {count} messages were written: {status.last_error or 'see the database'}"
            )
    return count
