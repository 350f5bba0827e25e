"""What benchmarks measure of a Home Assistant in another process."""

import os
from pathlib import Path
from typing import Any, Final

import aiohttp

PROBE: Final = Path(__file__).with_name("probe")
"""The integration that measures within Home Assistant; its folder is named PROBE_DOMAIN."""
PROBE_DOMAIN: Final = "suite_probe"
_TICKS: Final = os.sysconf("SC_CLK_TCK")


async def read_probe(url: str, *, census: bool = False) -> dict[str, Any]:
    """Return what the probe measured since it was read last; ``census``: also what is in memory."""
    address = f"{url}/api/{PROBE_DOMAIN}{'?census' if census else ''}"
    async with aiohttp.ClientSession() as session, session.get(address) as reply:
        measurements: dict[str, Any] = await reply.json()
        return measurements


def cpu_s(stat: Path) -> float:
    """Return the CPU time in user and kernel mode of a process or thread; ``stat``: its file in /proc."""
    fields = stat.read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def process_cpu_s(pid: int) -> float:
    """Return the CPU time of a process so far."""
    return cpu_s(Path(f"/proc/{pid}/stat"))
