"""A private PostgreSQL server from the machine's own binaries, for tests and benchmarks."""

from collections.abc import Generator
from contextlib import contextmanager
import os
from pathlib import Path
import pwd
import shutil
import subprocess
import tempfile

from scripts.tooling.ports import free_port


class UnavailableError(Exception):
    """No PostgreSQL server can be started on this machine; the message is the reason."""


class PostgresServer:
    """One server with its own data folder and port on loopback."""

    def __init__(self, binaries: Path, folder: Path, user: str | None) -> None:
        self._binaries = binaries
        self._data = folder / "data"
        self._folder = folder
        self._user = user
        self.port = free_port()
        self.url = f"postgresql://suite@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        """Create the data folder."""
        self._run("initdb", "-D", str(self._data), "-U", "suite", "--auth=trust", "-E", "UTF8", "--no-sync")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder}"
        self._run(
            "pg_ctl", "-D", str(self._data), "-w", "-t", "60", "-l", str(self._folder / "log"), "-o", options, "start"
        )

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server; "immediate" corresponds to a crash."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", mode, "stop")

    def _run(self, program: str, *args: str) -> None:
        subprocess.run(
            [str(self._binaries / program), *args],
            user=self._user,
            cwd=self._folder,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=120,
        )


def _binaries() -> Path:
    if (found := shutil.which("initdb")) is not None:
        return Path(found).resolve().parent
    if debian := sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return debian[-1].parent
    raise UnavailableError("PostgreSQL's server programs are not installed")


@contextmanager
def postgres_server() -> Generator[PostgresServer]:
    """Run a server and delete its data afterwards.

    Raises:
        UnavailableError: No server can be started on this machine.
    """
    binaries, user = _binaries(), None
    folder = Path(tempfile.mkdtemp(prefix="suite-pg-"))
    try:
        if os.geteuid() == 0:  # the server refuses to run as root
            try:
                user = pwd.getpwnam("postgres").pw_name
            except KeyError:
                raise UnavailableError("PostgreSQL does not run as root, and there is no user postgres") from None
            shutil.chown(folder, user)
        server = PostgresServer(binaries, folder, user)
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
