"""Check of a database before it is used. Blocking: run it in the executor."""

from sqlalchemy.exc import SQLAlchemyError

from .._lib.archive import ArchiveSchemaError, ArchiveSpec, parse_url
from .._lib.archive_store import Store, make_engine
from ..const import CONF_ARCHIVE_TABLE, CONF_ARCHIVE_URL


def check_database(url: str, table: str) -> tuple[dict[str, str], str]:
    """Connect and create the tables; return the form errors and the message of the database."""
    try:
        spec = ArchiveSpec(table)
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
