"""What a user enters in the flow of each integration, and what two of them need for it."""

from collections.abc import AsyncGenerator
from pathlib import Path
import sys

import pytest

from scripts.tooling import release
from scripts.tooling.demo import broker
from scripts.tooling.demo.process import Children
from scripts.tooling.ports import free_port
from simulators.ecoflow_cloud.cloud import ACCESS_KEY, SECRET_KEY

from .homes import Flows


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
