"""Each archive works alone in an empty configuration folder, and with its siblings; removing leaves only user data."""

from collections.abc import AsyncGenerator
from pathlib import Path
import sys
from typing import Any

import pytest

from scripts.tooling import release
from scripts.tooling.demo import broker
from scripts.tooling.demo.process import Children
from scripts.tooling.ports import free_port
from simulators.ecoflow_cloud.cloud import ACCESS_KEY, SECRET_KEY

from .homes import home, run

DOMAINS = sorted(path.parent.name for path in release.COMPONENTS.glob("*/manifest.json"))
# Measurements belong to the user; the pages of the integrations name these files at "Removal".
KEPT = ("edge_telemetry.db", "iot_heating_sessions.db", "iot_heating_telemetry.db")
type Flows = dict[str, list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Allow connections to other processes."""


@pytest.fixture
async def flows(tmp_path: Path) -> AsyncGenerator[Flows]:
    """Return what a user enters, with the broker and the cloud that two of the integrations need."""
    children = Children(tmp_path / "logs")
    try:
        queue = await broker.start(children, tmp_path, free_port(), "secret")
        command = [sys.executable, "-m", "simulators.ecoflow_cloud", "--port", "0", "--broker-port", str(free_port())]
        command += ["--folder", str(tmp_path / "cloud"), "--device", "delta_pro"]
        cloud = await children.start("cloud", command, cwd=release.ROOT, pipe=True)
        port = (await cloud.ready_line(120))["port"]
        endpoint = {"url": f"https://127.0.0.1:{port}", "ca_file": str(tmp_path / "cloud" / "ca.pem")}
        yield {
            "ecoflow": [
                {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY, "region": "eu", "custom_endpoint": endpoint}
            ],
            "edge_telemetry": [{"name": "Van", "patterns": ["{site}/{system}/{device}/data"], "archive": "sqlite"}],
            "iot_heating": [{"name": "Main house"}],
            "mqtt": [
                {
                    "broker": queue["host"],
                    "port": queue["port"],
                    "protocol": broker.protocol(),
                    "username": queue["username"],
                    "password": queue["password"],
                    "other_settings": {"set_client_cert": False, "set_ca_cert": "off"},
                }
            ],
            "ota": [{"require_signature": False}],
            "proof_of_heat": [{"name": "House", "outdoor": "sensor.outdoor", "emitter": "radiator"}],
            "smart_outlet": [{"next_step_id": "ccu"}, {"name": "Cellar", "ccu_id": "01"}],
        }
    finally:
        await children.stop()


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
