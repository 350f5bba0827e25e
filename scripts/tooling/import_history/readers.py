"""Read the measurements of former systems from their databases or from CSV files."""

from collections.abc import Callable, Iterator, Mapping
import csv
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
import json
import math
from pathlib import Path
import re
from typing import Any

from sqlalchemy import URL, MetaData, Table, create_engine, make_url, select
from sqlalchemy.exc import SQLAlchemyError

_TIMES = ("timestamp", "ts", "created_at", "_time", "time", "measured_at", "received_at")
_OVERLOAD_MA = 0xFFFF
_NO_VALUE = ("", None)


class SourceError(Exception):
    """The source cannot be read; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A measured value.

    Attributes:
        key: What was measured, for example `FE/a/current`.
        when: UTC.
        value: In the unit of the former system.
    """

    key: str
    when: datetime
    value: float


type Row = Mapping[str, Any]


class Source:
    """Tables of a database, or a folder with one CSV file per table, or one CSV file."""

    def __init__(self, location: str, zone: tzinfo = UTC) -> None:
        self._location = location
        self.zone = zone

    def rows(self, suffix: str) -> Iterator[Row]:
        """Return the rows of the tables whose name ends with a suffix (Django prefixes the app's name).

        Raises:
            SourceError: The source cannot be read.
        """
        if "://" in self._location:
            yield from self._from_database(suffix)
            return
        path = Path(self._location)
        files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
        if not path.exists():
            raise SourceError(f"{path} does not exist")
        for file in files:
            if not path.is_dir() or file.stem.lower().endswith(suffix):
                yield from _from_csv(file)

    def _from_database(self, suffix: str) -> Iterator[Row]:
        try:
            url = make_url(re.sub("^postgres(ql)?://", "postgresql+psycopg://", self._location))
        except (SQLAlchemyError, ValueError) as err:
            raise SourceError("the address of the database is not valid") from err
        if url.drivername == "sqlite" and not Path(url.database or "").is_file():
            raise SourceError(f"{url.database} does not exist")  # SQLite would create it
        try:
            engine = create_engine(url)
            metadata = MetaData()
            metadata.reflect(engine, only=lambda name, _: name.lower().endswith(suffix))
            with engine.connect() as connection:
                for table in metadata.sorted_tables:
                    yield from map(
                        dict, connection.execution_options(yield_per=5000).execute(_ordered(table)).mappings()
                    )
            engine.dispose()
        except SQLAlchemyError as err:
            raise SourceError(f"the database cannot be read: {type(err).__name__}{_reason(err, url)}") from err

    def time(self, row: Row) -> datetime | None:
        """Return the time of a row in UTC; times without a zone are in the zone of the former system."""
        found = next((row[name] for name in _TIMES if row.get(name) not in _NO_VALUE), None)
        if isinstance(found, int | float):
            return datetime.fromtimestamp(found / 1000 if found > 1e11 else found, UTC)
        if isinstance(found, str):
            try:
                found = datetime.fromisoformat(found.strip())
            except ValueError:
                return None
        if not isinstance(found, datetime):
            return None
        return (found if found.tzinfo else found.replace(tzinfo=self.zone)).astimezone(UTC)


def _ordered(table: Table) -> Any:
    name = next((name for name in _TIMES if name in table.c), None)
    return select(table) if name is None else select(table).order_by(table.c[name])


def _reason(err: SQLAlchemyError, url: URL) -> str:
    """Return what the database reported, without the password of its address."""
    lines = str(getattr(err, "orig", None) or "").strip().splitlines()
    if not lines:
        return ""
    return ": " + (lines[0].replace(url.password, "…") if url.password else lines[0])


def _from_csv(file: Path) -> Iterator[Row]:
    """Read a CSV file; annotations of InfluxDB (#group, #datatype, #default) and repeated headers are skipped."""
    with file.open(encoding="utf-8-sig", newline="") as opened:
        header: list[str] = []
        for line in csv.reader(opened):
            if not line or not any(line) or line[0].startswith("#"):
                header = [] if header and not any(line) else header
                continue
            if not header or line == header:
                header = line
                continue
            yield dict(zip(header, line, strict=False))


def number(value: Any) -> float | None:
    """Return a number, None for anything else."""
    if isinstance(value, bool):
        return float(value)
    try:
        read = float(value)
    except TypeError, ValueError:
        return None
    return read if math.isfinite(read) else None


def smart_outlet_webapp(source: Source) -> Iterator[Sample]:
    """SensorData of each outlet and MainBreakerReading, in mA. 0xFFFF means overload and is not a current."""
    outlets = {str(row.get("id")): str(row.get("device_id")).upper() for row in source.rows("outlet")}
    for row in source.rows("sensordata"):
        when = source.time(row)
        owner = str(row.get("outlet_id", row.get("outlet")))
        for socket in "ab":
            value = number(row.get(f"current_{socket}"))
            if when is not None and value is not None and 0 <= value < _OVERLOAD_MA:
                yield Sample(f"{outlets.get(owner, owner)}/{socket}/current", when, value)
    for row in source.rows("mainbreakerreading"):
        when, value = source.time(row), number(row.get("current_ma"))
        if when is not None and value is not None and 0 <= value < _OVERLOAD_MA:
            yield Sample(f"{row.get('ccu_id')}/main_current", when, value)


def django_heating(source: Source) -> Iterator[Sample]:
    """TelemetryLog: the numbers of each report."""
    devices = {str(row.get("id")): str(row.get("device_id")) for row in source.rows("heatingdevice")}
    for row in source.rows("telemetrylog"):
        when = source.time(row)
        owner = str(row.get("device_id", row.get("device")))
        payload = _object(row.get("payload", row.get("data", row.get("raw"))))
        for name, value in payload.items():
            read = {"on": 1.0, "off": 0.0}.get(str(value)) if name == "state" else number(value)
            if when is not None and read is not None:
                yield Sample(f"{devices.get(owner, owner)}/{name}", when, read)


def heat_pump_monitoring(source: Source) -> Iterator[Sample]:
    """An export of InfluxDB 2: one row per value."""
    for row in source.rows(""):
        when, value = source.time(row), number(row.get("_value", row.get("value")))
        if when is not None and value is not None:
            names = (row.get("_measurement"), row.get("_field", row.get("field")))
            yield Sample("/".join(str(name) for name in names if name), when, value)


def paku_messages(source: Source) -> Iterator[tuple[datetime, tuple[str, str, str], dict[str, Any]]]:
    """Return time, site, system, device and metrics of each message; old rows have one sensor and fixed columns."""
    skipped = {
        "id",
        "raw",
        "sensor_id",
        "site_id",
        "site",
        "system",
        "device_id",
        "device",
        "metrics",
        "schema",
        *_TIMES,
    }
    for row in source.rows("measurements"):
        when = source.time(row)
        if when is None:
            continue
        metrics = _object(row.get("metrics")) or {
            name: value for name, raw in row.items() if name not in skipped and (value := number(raw)) is not None
        }
        sn = row.get("device_sn", row.get("sn"))
        if sn:
            origin = ("home", "ecoflow", str(sn))
        elif row.get("sensor_id"):
            origin = ("paku", "ruuvi", str(row["sensor_id"]))
        else:
            site, device = row.get("site_id", row.get("site")), row.get("device_id", row.get("device"))
            origin = (str(site), str(row.get("system")), str(device))
        yield when, origin, metrics


def paku_iot(source: Source) -> Iterator[Sample]:
    """Measurements and EcoFlow measurements: the numbers of each message."""
    for when, origin, metrics in paku_messages(source):
        for name, raw in metrics.items():
            if (value := number(raw)) is not None:
                yield Sample("/".join((*origin, name)), when, value)


def _object(value: Any) -> dict[str, Any]:
    """Return the JSON object of a column, which a database may have decoded already."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}


READERS: dict[str, Callable[[Source], Iterator[Sample]]] = {
    "smart-outlet-webapp": smart_outlet_webapp,
    "django-heating": django_heating,
    "heat-pump-monitoring": heat_pump_monitoring,
    "paku-iot": paku_iot,
}
