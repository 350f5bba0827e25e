"""Fail a full run (``--cov``) if a module has less coverage than the quality scale requires."""

from collections.abc import Generator
import json
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
MODULE_PERCENT = 95.0
FLOW_PERCENT = 100.0
_REPORT = ROOT / "artifacts" / "coverage.json"


class CoverageGate:
    """A plugin that uses the results of pytest-cov."""

    def __init__(self) -> None:
        self.below: list[str] = []
        self.unclaimed: list[str] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Check the modules after pytest-cov, whose wrapper is the inner one, has combined its data."""
        result = yield
        plugin = session.config.pluginmanager.getplugin("_cov")
        controller = getattr(plugin, "cov_controller", None)
        if controller is not None and controller.cov is not None:
            self._check(controller.cov)
            session.testsfailed += bool(self.below)
        return result

    def _check(self, coverage: object) -> None:
        _REPORT.parent.mkdir(exist_ok=True)
        coverage.json_report(outfile=str(_REPORT))  # type: ignore[attr-defined]
        for name, data in json.loads(_REPORT.read_text("utf-8"))["files"].items():
            percent = data["summary"]["percent_covered"]
            flow = name.endswith("config_flow.py")
            required = FLOW_PERCENT if flow else MODULE_PERCENT
            if data["summary"]["num_statements"] and percent < required:
                line = f"{name}: {percent:.1f} % covered, {required:g} % required"
                claimed = claims(name, "config-flow-test-coverage" if flow else "test-coverage")
                (self.below if claimed else self.unclaimed).append(line)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the modules with too little coverage."""
        for title, lines in (
            ("coverage below the goal (todo in the quality scale)", self.unclaimed),
            ("coverage too low", self.below),
        ):
            if lines:
                terminalreporter.section(title)
                for line in lines:
                    terminalreporter.write_line(line)


def claims(name: str, rule: str) -> bool:
    """Return whether the module's integration claims the rule; modules outside integrations have to meet it."""
    parts = Path(name).parts
    if parts[0] != "custom_components" or len(parts) < 3:
        return True
    file = ROOT / "custom_components" / parts[1] / "quality_scale.yaml"
    value = yaml.safe_load(file.read_text("utf-8"))["rules"].get(rule, "todo") if file.is_file() else "todo"
    return (value.get("status") if isinstance(value, dict) else value) != "todo"


def register(config: pytest.Config) -> None:
    """Register the gate in the process that combines the coverage, in full runs only."""
    full = not config.args or all(Path(arg).name == "tests" for arg in config.args)
    if not hasattr(config, "workerinput") and config.getoption("cov_source", None) and full:
        config.pluginmanager.register(CoverageGate())
