"""Databases for the archive's tests."""

from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest
import pytest_socket

from lib.archive import Archive, ArchiveSpec, parse_url
from lib.archive_store import Store, make_engine
from tests.lib.archives import KEEP_ALL
from tests.postgresql import PostgresServer, UnavailableError, postgres_server


@pytest.fixture(scope="session")
def postgresql() -> Generator[PostgresServer]:
    """A real PostgreSQL server."""
    pytest_socket.enable_socket()  # for a free port; the next test is closed in again
    try:
        with postgres_server() as server:
            yield server
    except UnavailableError as err:
        pytest.skip(str(err))


@pytest.fixture
def postgresql_url(postgresql: PostgresServer) -> str:
    """The address of an empty PostgreSQL database."""
    with psycopg.connect(postgresql.url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return postgresql.url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'archive.db'}"
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture
def archive(database_url: str) -> Generator[Archive]:
    archive = Archive(database_url, retention=KEEP_ALL)
    archive.start()
    yield archive
    archive.close()


@pytest.fixture
def store(database_url: str) -> Generator[Store]:
    store = Store(make_engine(parse_url(database_url)), ArchiveSpec())
    store.prepare()
    yield store
    store.close()
