"""Each archive works alone in an empty configuration folder, and with all its siblings; a removal leaves nothing."""

import asyncio
from collections.abc import AsyncGenerator
import json
from pathlib import Path
import sys
from typing import Any
import zipfile

import pytest

from scripts.tooling import release
from scripts.tooling.demo import broker, folder as config_folder
from scripts.tooling.demo.process import Children
from scripts.tooling.ports import free_port
from simulators.ecoflow_cloud.cloud import ACCESS_KEY, SECRET_KEY

DOMAINS = sorted(path.parent.name for path in release.COMPONENTS.glob("*/manifest.json"))
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


def home(folder: Path, stage: Path, domains: list[str]) -> Path:
    """Create a configuration folder that contains the archives of some integrations."""
    for domain in domains:
        with zipfile.ZipFile(stage / f"{domain}.zip") as packed:
            packed.extractall(folder / "custom_components" / domain)
    (folder / "configuration.yaml").write_text("")
    stored = config_folder._http(free_port())
    (folder / ".storage").mkdir()
    (folder / ".storage" / "http").write_text(
        json.dumps(
            {
                "version": 2,
                "minor_version": 2,
                "key": "http",
                "data": {"stable": stored, "pending": None, "yaml_migration_done": True},
            }
        )
    )
    return folder


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
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("boot.py")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": config_folder.python_path(), "HOME": str(tmp_path)},
    )
    output, errors = await process.communicate(json.dumps(cases).encode())
    results = [json.loads(line) for line in output.splitlines()]
    assert len(results) == len(cases), errors.decode()[-4000:]
    for case, result in zip(cases, results, strict=True):
        assert "error" not in result, f"{case}: {result['error']}"
        assert not result["safe"]
        assert result["entries"].keys() == {domain for domain, _ in case["flows"]}
        for domain, entry in result["entries"].items():
            assert entry["state"] == "loaded", f"{domain}: {entry}"
            assert entry["entities"] or domain in ("edge_telemetry", "mqtt"), domain
        assert result["log"] == []
        assert result["left"] == []
