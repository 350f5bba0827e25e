"""A running scripts/demo, for tests that drive it from outside."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
import json
from pathlib import Path
import select
import signal
import subprocess
import time
from typing import Any
import urllib.error
import urllib.request

from scripts.tooling.ports import free_port

ROOT = Path(__file__).resolve().parents[1]
_READY_WITHIN_S = 400


@dataclass
class RunningDemo:
    """A demo that is ready."""

    process: subprocess.Popen[str]
    info: dict[str, Any]
    folder: Path

    @property
    def url(self) -> str:
        """URL of Home Assistant."""
        url: str = self.info["url"]
        return url

    def device(self, device_id: str) -> dict[str, Any]:
        """Return a device of the JSON line."""
        return next(device for device in self.info["devices"] if device["id"] == device_id)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = "",
        headers: dict[str, str] | None = None,
        url: str | None = None,
    ) -> tuple[int, Any]:
        """Send an HTTP request; return status and JSON (or text). ``token``: "" for the admin token, None for none."""
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token or self.info['token']}"
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        request = urllib.request.Request((url or self.url) + path, data, sent, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310
                return reply.status, _decoded(reply.read())
        except urllib.error.HTTPError as err:
            return err.code, _decoded(err.read())

    def state(self, entity_id: str) -> str:
        """Return the state of an entity."""
        _, answer = self.request("GET", f"/api/states/{entity_id}")
        state: str = answer["state"]
        return state

    def wait_for(self, entity_id: str, expected: Any, timeout_s: float = 180) -> str:
        """Wait until an entity's state is ``expected`` (a value, or a function of the state); return it."""
        end = time.monotonic() + timeout_s
        while True:
            state = self.state(entity_id)
            if expected(state) if callable(expected) else state == expected:
                return state
            if time.monotonic() > end:
                raise AssertionError(f"{entity_id} is {state}, not {expected}")
            time.sleep(0.2)

    def wait_until(self, condition: Callable[[], bool], timeout_s: float = 180) -> None:
        """Wait until a condition is true."""
        end = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.2)

    def logs(self, name: str = "home-assistant") -> str:
        """Return the log of a child process."""
        return (self.folder / "logs" / f"{name}.log").read_text("utf-8", "replace")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop the demo; return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=120)


def _decoded(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode("utf-8", "replace")


def ended(pids: list[int], within_s: float = 90) -> bool:
    """Wait until none of the processes runs; return False if one still does."""
    end = time.monotonic() + within_s
    while any(_runs(pid) for pid in pids):
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def _runs(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


@contextmanager
def running(folder: Path, *options: str, port: int | None = None) -> Generator[RunningDemo]:
    """Run ``scripts/demo --headless --json`` while the context is open."""
    port = port or free_port()
    command = [str(ROOT / "scripts" / "demo"), "--headless", "--json", "--port", str(port), "--config", str(folder)]
    with (folder.parent / f"{folder.name}.err").open("w+") as errors:
        process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT)
        try:
            assert process.stdout is not None
            readable, _, _ = select.select([process.stdout], [], [], _READY_WITHIN_S)
            line = process.stdout.readline() if readable else ""
            if not line:
                errors.seek(0)
                raise AssertionError(f"the demo did not become ready:\n{errors.read()[-4000:]}")
            yield RunningDemo(process, json.loads(line), folder)
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(timeout=120)
                except subprocess.TimeoutExpired:
                    process.kill()
            assert process.stdout is not None
            process.stdout.close()
