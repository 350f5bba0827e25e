"""Files of rows of the archive."""

from collections.abc import Iterator
import csv
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TextIO

import orjson

from .telemetry_archive import KEYS


class Format(StrEnum):
    """Format of an export file."""

    CSV = "csv"
    JSONL = "jsonl"


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
