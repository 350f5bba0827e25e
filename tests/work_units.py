"""How the tests of a run are distributed over its workers."""

from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling

SLOW_MARK = "mark.slow"


class ByFile(LoadGroupScheduling):
    """Gives a worker all quick tests of a file at once, and slow tests one at a time.

    A worker that gets single tests waits for the next one after each, and repeats what is done once per file.
    Tests with an `xdist_group` share what they started, and stay on one worker.
    """

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        """Take over the options of the run."""
        super().__init__(config, log)
        self._has_slow_tests = "not slow" not in config.option.markexpr

    def _split_scope(self, nodeid: str) -> str:
        group: str = super()._split_scope(nodeid)
        file = nodeid.partition("::")[0]
        return group if group != nodeid or (self._has_slow_tests and _marks_tests_as_slow(file)) else file


@cache
def _marks_tests_as_slow(file: str) -> bool:
    """Whether tests of this file, relative to the root of the repository, are marked as slow."""
    return SLOW_MARK in (Path(__file__).parents[1] / file).read_text(encoding="utf-8")
