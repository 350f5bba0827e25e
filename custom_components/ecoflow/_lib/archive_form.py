# Generated from lib/archive_form.py by scripts/build: edit that file, not this one.
"""The form of an archive: its fields, and the check of a database before it is used.

errors, detail = await hass.async_add_executor_job(check_database, url, table)
"""

from collections.abc import Container
from itertools import chain, count
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from .archive import ArchiveSchemaError, ArchiveSpec, parse_url
from .archive_store import Store, make_engine

CONF_ARCHIVE: Final = "archive"
CONF_ARCHIVE_URL: Final = "archive_url"
CONF_ARCHIVE_TABLE: Final = "archive_table"
CONF_RAW_DAYS: Final = "raw_days"
CONF_FINE_DAYS: Final = "fine_days"
CONF_MAX_MEGABYTES: Final = "max_megabytes"

ARCHIVE_OFF: Final = "off"
ARCHIVE_SQLITE: Final = "sqlite"
ARCHIVE_POSTGRESQL: Final = "postgresql"
URL_EXAMPLE: Final = "postgresql://user:password@host:5432/database"


def unused_file(stem: str, taken: Container[object]) -> str:
    """Return the name of the first file of an archive that is not taken, of `stem.db`, `stem_2.db` and so on."""
    names = chain([f"{stem}.db"], (f"{stem}_{number}.db" for number in count(2)))
    return next(name for name in names if name not in taken)


def check_database(url: str, table: str, keys: tuple[str, ...] = ArchiveSpec().keys) -> tuple[dict[str, str], str]:
    """Connect and create the tables; return the form errors and the message of the database. Blocking."""
    try:
        spec = ArchiveSpec(table, keys)
    except ValueError:
        return {CONF_ARCHIVE_TABLE: "table_invalid"}, ""
    try:
        parsed = parse_url(url)
    except ValueError:
        return {CONF_ARCHIVE_URL: "url_invalid"}, ""
    if parsed.drivername == "sqlite":
        return {CONF_ARCHIVE_URL: "url_invalid"}, ""
    store = None
    try:
        store = Store(make_engine(parsed), spec)
        store.prepare()
    except ArchiveSchemaError as err:
        return {CONF_ARCHIVE_TABLE: "table_foreign"}, str(err)
    except (SQLAlchemyError, ImportError) as err:
        message = f"{getattr(err, 'orig', None) or err}".strip().partition("\n")[0]
        return {"base": "cannot_connect"}, message
    finally:
        if store is not None:
            store.close()
    return {}, ""
