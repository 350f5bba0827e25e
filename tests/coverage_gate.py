"""Fails a full run (``--cov``) where a module is covered less than the quality scale demands."""

from collections.abc import Generator
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULE_PERCENT = 95.0
FLOW_PERCENT = 100.0
_REPORT = ROOT / "artifacts" / "coverage.json"


class CoverageGate:
    """A plugin beside pytest-cov."""

    def __init__(self) -> None:
        self.below: list[str] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Look at the modules once pytest-cov, which wraps nearer to the tests, has combined its data."""
        result = yield
        plugin = session.config.pluginmanager.getplugin("_cov")
        controller = getattr(plugin, "cov_controller", None)
        if controller is not None and controller.cov is not None and not session.testsfailed:
            self._look(controller.cov)
            session.testsfailed += bool(self.below)
        return result

    def _look(self, coverage: object) -> None:
        _REPORT.parent.mkdir(exist_ok=True)
        coverage.json_report(outfile=str(_REPORT))  # type: ignore[attr-defined]
        for name, data in json.loads(_REPORT.read_text("utf-8"))["files"].items():
            percent = data["summary"]["percent_covered"]
            wanted = FLOW_PERCENT if name.endswith("config_flow.py") else MODULE_PERCENT
            if data["summary"]["num_statements"] and percent < wanted:
                self.below.append(f"{name}: {percent:.1f} % covered, {wanted:g} % wanted")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name the modules."""
        if self.below:
            terminalreporter.section("coverage too low")
            for line in self.below:
                terminalreporter.write_line(line)


def register(config: pytest.Config) -> None:
    """Have the gate in the process that combines the coverage, in full runs only."""
    full = not config.args or all(Path(arg).name == "tests" for arg in config.args)
    if not hasattr(config, "workerinput") and config.getoption("cov_source", None) and full:
        config.pluginmanager.register(CoverageGate())
