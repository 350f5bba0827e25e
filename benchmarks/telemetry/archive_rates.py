"""Archive: rows per second, and a day queried by hour."""

from datetime import UTC, datetime, timedelta
import time

import orjson

from lib.archive import Aggregation, Archive, Range, Retention, Row

_KEEP = Retention(raw_days=None, fine_days=None)
_OTHERS = {"humidity_percent": 50.5, "pressure_hpa": 1000.25, "battery_mv": 2900, "power_w": 1.5}


def measure(url: str, rows: int) -> dict[str, float]:
    """Write through the whole archive, queue and thread included; then ask for a day by hour."""
    archive = Archive(url, retention=_KEEP, queue_rows=rows)
    archive.start()
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    start = end - timedelta(days=1)
    step = 86_400 / rows
    prepared = []
    for number in range(rows):
        metrics = {"temperature_c": 20 + number % 90 * 0.1, **_OTHERS}
        text = orjson.dumps({"metrics": metrics}).decode()
        prepared.append(Row(start.timestamp() + number * step, ("site", "sys", f"d{number % 20}"), text, metrics))
    while not archive.status.connected:
        time.sleep(0.01)
    began, cpu = time.perf_counter(), time.process_time()
    for row in prepared:
        archive.put(row)
    while archive.status.written < rows:
        time.sleep(0.002)
    wrote, cpu = time.perf_counter() - began, time.process_time() - cpu
    began = time.perf_counter()
    buckets = archive.buckets(Range(start=start, end=end), Aggregation.HOUR)
    asked = time.perf_counter() - began
    archive.close()
    if len(buckets) != 24 * 20 * 5 or sum(bucket.n for bucket in buckets) != rows * 5:
        raise AssertionError(f"the hours do not add up: {len(buckets)}")
    return {"rows_per_s": rows / wrote, "cpu_us_per_row": cpu / rows * 1e6, "day_by_hour_ms": asked * 1000}
