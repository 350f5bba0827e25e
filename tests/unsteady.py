"""Names the tests of a full run that passed only when they were tried again (``--reruns``), with the first failure.

Hundreds of tests talk to real processes, brokers and browsers on a machine that does other things, too. One that fails
is tried once more, so that a whole run is not lost to one late packet; but it is told, and several are a failure.
"""

from collections.abc import Generator

import pytest

MOST = 3
_SECTION_LINES = 40


class Unsteady:
    """A plugin beside pytest-rerunfailures, in the process that collects the reports."""

    def __init__(self) -> None:
        self.first_failures: dict[str, pytest.TestReport] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the failure that led to another try, until that fails too."""
        outcome: str = report.outcome  # the plugin adds "rerun" to pytest's own
        if outcome == "rerun":
            self.first_failures.setdefault(report.nodeid, report)
        elif report.failed:
            self.first_failures.pop(report.nodeid, None)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Fail a run in which too many tests needed a second try."""
        result = yield
        session.testsfailed += len(self.first_failures) > MOST
        return result

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name them, each with the end of its first failure."""
        if not self.first_failures:
            return
        terminalreporter.section(f"unsteady: {len(self.first_failures)} passed at the second try ({MOST} are let pass)")
        for nodeid, report in self.first_failures.items():
            terminalreporter.write_line(f"{nodeid} ({report.when})", yellow=True)
            for line in report.longreprtext.splitlines()[-_SECTION_LINES:]:
                terminalreporter.write_line(f"    {line}")


def register(config: pytest.Config) -> None:
    """Watch a run in which failed tests are tried again."""
    if not hasattr(config, "workerinput") and config.getoption("reruns", None):
        config.pluginmanager.register(Unsteady())
