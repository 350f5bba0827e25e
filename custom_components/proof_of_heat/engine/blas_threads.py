"""Limits the threads of numpy's matrix library while the engine learns and plans.

OpenBLAS starts one thread per core for each larger product. If the cores are busy, these threads wait for each other: a
plan takes 100 to 1,000 ms instead of 10. numpy has no function for the limit, so that the loaded library itself is
called.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import ctypes
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Final

_MAPS: Final = Path("/proc/self/maps")
_NAMES: Final = ("openblas", "mkl_rt", "blis")
_SYMBOLS: Final = (
    ("scipy_openblas_get_num_threads64_", "scipy_openblas_set_num_threads64_"),
    ("scipy_openblas_get_num_threads", "scipy_openblas_set_num_threads"),
    ("openblas_get_num_threads64_", "openblas_set_num_threads64_"),
    ("openblas_get_num_threads", "openblas_set_num_threads"),
    ("MKL_Get_Max_Threads", "MKL_Set_Num_Threads"),
    ("bli_thread_get_num_threads", "bli_thread_set_num_threads"),
)

type Library = tuple[Callable[[], int], Callable[[int], None]]
"""Returns and sets the number of threads of a matrix library."""


def paths_in(maps: str) -> list[str]:
    """Return the matrix libraries in the memory map of a process."""
    files = {line.partition("/")[2] for line in maps.splitlines() if "/" in line}
    return sorted(f"/{name}" for name in files if any(word in name.rpartition("/")[2] for word in _NAMES))


def _open(path: str) -> Library | None:
    try:
        loaded = ctypes.CDLL(path)
    except OSError:
        return None  # replaced on disk since it was loaded
    for get_name, set_name in _SYMBOLS:
        if hasattr(loaded, get_name) and hasattr(loaded, set_name):
            setter = getattr(loaded, set_name)
            setter.argtypes, setter.restype = [ctypes.c_int], None
            return getattr(loaded, get_name), setter
    return None


@cache
def libraries() -> tuple[Library, ...]:
    """Return the matrix libraries of this process; none on a system without /proc. Reads a file: not in the loop."""
    try:
        maps = _MAPS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return tuple(found for path in paths_in(maps) if (found := _open(path)) is not None)


class _Limit:
    """A limit that several jobs may need at the same time: the first sets it, the last one removes it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._before: list[int] = []

    def begin(self) -> None:
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._before = [get() for get, _ in libraries()]
                for _, limit in libraries():
                    limit(1)

    def end(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                for (_, limit), count in zip(libraries(), self._before, strict=True):
                    limit(count)


_LIMIT: Final = _Limit()


@contextmanager
def one_thread() -> Iterator[None]:
    """Let the matrix library calculate in the calling thread only, as long as the context lasts."""
    _LIMIT.begin()
    try:
        yield
    finally:
        _LIMIT.end()
