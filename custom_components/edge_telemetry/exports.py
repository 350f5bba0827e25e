"""Rows of the archive, and files of them."""

from collections.abc import Iterator, Mapping
import csv
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, Final, TextIO

import orjson

from ._lib.archive import Aggregation, Archive, Bucket, Message, Range

KEYS: Final = ("site", "system", "device")


type Readable = Mapping[tuple[str, ...], frozenset[str]]
"""Metrics by site, system and device."""


class Format(StrEnum):
    """Format of an export file."""

    CSV = "csv"
    JSONL = "jsonl"


def archive_rows(
    archive: Archive, selection: Range, aggregation: Aggregation, zone: Any, limit: int | None
) -> Iterator[dict[str, Any]]:
    """Yield messages, or count, mean and extremes per period. Blocking: for the executor."""
    if aggregation is Aggregation.RAW:
        # Messages without any of the requested metrics are skipped: only the caller can count the rows.
        for message in archive.messages(selection, None if selection.metrics else limit):
            row = _message_row(message, zone, selection.metrics)
            if row["metrics"] or not selection.metrics:
                yield row
        return
    for bucket in islice(archive.each_bucket(selection, aggregation, zone=zone), limit):
        yield _bucket_row(bucket)


def readable_rows(rows: Iterator[dict[str, Any]], readable: Readable) -> Iterator[dict[str, Any]]:
    """Yield what a user may read of the rows: metrics of whose entities the user may read the states."""
    for row in rows:
        allowed = readable.get(tuple(row[key] for key in KEYS), frozenset())
        if "metric" in row:
            if row["metric"] in allowed:
                yield row
        elif metrics := {key: value for key, value in row["metrics"].items() if key in allowed}:
            yield {**row, "metrics": metrics}


def _message_row(message: Message, zone: Any, metrics: tuple[str, ...]) -> dict[str, Any]:
    found = message.payload.get("metrics") if isinstance(message.payload, dict) else None
    values = found if isinstance(found, dict) else {}
    if metrics:
        values = {key: value for key, value in values.items() if key in metrics}
    return {"ts": message.ts.astimezone(zone).isoformat(), **message.keys, "metrics": values}


def _bucket_row(bucket: Bucket) -> dict[str, Any]:
    return {
        "ts": bucket.ts.isoformat(),
        **bucket.keys,
        "metric": bucket.metric,
        "n": bucket.n,
        "mean": bucket.mean,
        "min": bucket.minimum,
        "max": bucket.maximum,
    }


def _write_csv(file: TextIO, rows: Iterator[dict[str, Any]]) -> int:
    """Write a line per value: a message has as many lines as metrics."""
    count, writer = 0, csv.writer(file)
    for row in rows:
        if "metrics" not in row:
            if count == 0:
                writer.writerow(row)
            writer.writerow(row.values())
        else:
            if count == 0:
                writer.writerow(("ts", *KEYS, "metric", "value"))
            head = [row["ts"], *(row[key] for key in KEYS)]
            writer.writerows([*head, metric, value] for metric, value in row["metrics"].items())
        count += 1
    return count


def _write_jsonl(file: TextIO, rows: Iterator[dict[str, Any]]) -> int:
    count = 0
    for row in rows:
        file.write(f"{orjson.dumps(row).decode()}\n")
        count += 1
    return count


_WRITERS: Final = {Format.CSV: _write_csv, Format.JSONL: _write_jsonl}


def write_file(path: Path, file_format: Format, rows: Iterator[dict[str, Any]]) -> int:
    """Write rows to a file, which appears when it is complete; return their number."""
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix(".part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            count = _WRITERS[file_format](file, rows)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return count
