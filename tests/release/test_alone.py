"""Each archive works alone in an empty configuration folder, and with its siblings; removing leaves only user data."""

from pathlib import Path

import pytest

from scripts.tooling import release

from .homes import Flows, home, run

DOMAINS = sorted(path.parent.name for path in release.COMPONENTS.glob("*/manifest.json"))
# Measurements belong to the user; the pages of the integrations name these files at "Removal".
KEPT = ("edge_telemetry.db", "iot_heating_sessions.db", "iot_heating_telemetry.db")


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_each_archive_alone_and_all_together(tmp_path: Path, flows: Flows) -> None:
    stage = tmp_path / "dist"
    assert release.main(["--stage", str(stage)]) == 0
    cases = []
    for domains in (*([domain] for domain in DOMAINS), DOMAINS):
        config = home(tmp_path / "-".join(domains), stage, domains)
        first = [["mqtt", flows["mqtt"]]] if "edge_telemetry" in domains else []
        cases.append({"config": str(config), "flows": [*first, *([domain, flows[domain]] for domain in domains)]})
    results = await run(cases, tmp_path)
    for case, result in zip(cases, results, strict=True):
        assert not result["safe"]
        assert result["entries"].keys() == {domain for domain, _ in case["flows"]}
        for domain, entry in result["entries"].items():
            assert entry["state"] == "loaded", f"{domain}: {entry}"
            assert entry["entities"] or domain in ("edge_telemetry", "mqtt"), domain
        assert result["log"] == []
    left = [name for result in results for name in result["left"] if not name.startswith(KEPT)]
    assert left == []
