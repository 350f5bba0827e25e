"""The driver of gpsim: a simulator neither outlives its test nor runs forever."""

import os
from pathlib import Path
import signal
import subprocess
import sys
import time

from firmware.outlet.build import Image

ROOT = Path(__file__).parents[2]
_PROGRAM = """
import os, sys
from pathlib import Path
from firmware.sim.gpsim import Gpsim
gpsim = Gpsim(Path(sys.argv[1]), Path(sys.argv[2]))
print(gpsim.pid, flush=True)
os.write(gpsim.terminal, b"run\\n")
sys.stdin.read()
"""


def test_a_killed_test_leaves_no_simulator_behind(image: Image, tmp_path: Path) -> None:
    """Without a limit, a gpsim whose terminal was closed computes forever."""
    command = [sys.executable, "-c", _PROGRAM, str(image.cod_path), str(tmp_path / "gpsim")]
    parent = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert is_running(pid)
    assert os.getpriority(os.PRIO_PROCESS, pid) >= 5, "other programs take precedence"
    parent.send_signal(signal.SIGKILL)
    parent.wait(60.0)
    end = time.monotonic() + 60.0
    while is_running(pid):
        assert time.monotonic() < end
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """Return whether a process exists and has not ended."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"
