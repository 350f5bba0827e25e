"""Libraries that take seconds to import are imported when they are needed, and never in the event loop's thread."""

from pathlib import Path
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow  # left out by scripts/test --quick

PROGRAM = """
import asyncio, sys, threading, time

import aiohttp

HEAVY = ("pyasic", "PyViCare", "httpx")
seen = {}

class Watcher:
    def find_spec(self, name, path=None, target=None):
        if name in HEAVY:
            seen.setdefault(name, threading.current_thread() is threading.main_thread())
        return None

sys.meta_path.insert(0, Watcher())

from custom_components.proof_of_heat.sources import registry
from custom_components.proof_of_heat.drivers.call_budget import CallBudget, CallLimits
from custom_components.proof_of_heat.drivers.errors import UnreachableError
from custom_components.proof_of_heat.drivers.miner.antminer import AntminerClient
from custom_components.proof_of_heat.drivers.viessmann.client import Token, TokenStore, ViessmannClient

assert not seen, f"imported at the start: {seen}"

async def nowhere(data):
    pass

async def main():
    tokens = TokenStore("c", Token("a", "r", time.time() + 9999))
    cloud = ViessmannClient(tokens, CallBudget(CallLimits(), time.time), nowhere, "http://127.0.0.1:9/iot/v2")
    async with aiohttp.ClientSession() as session:
        miner = AntminerClient(session, "127.0.0.1", "root", http_port=9)
        for request in (miner.identify(), cloud.devices()):
            try:
                await request
            except UnreachableError:
                continue
            raise AssertionError("nothing listens there")
    await cloud.close()

asyncio.run(main())
assert set(seen) == set(HEAVY), seen
assert not any(seen.values()), f"imported in the loop's thread: {seen}"
"""


def test_heavy_libraries_are_imported_late_and_beside_the_loop() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=root, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
