"""Databases for the archive's tests."""

from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest
import pytest_socket

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
