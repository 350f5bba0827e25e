"""compose.yaml: complete, small enough, and without secrets. It is started where a container runtime exists."""

import json
from pathlib import Path
import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "compose.yaml").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
_VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(:?[-?][^}]*)?\}")
_SIZES = {"M": 1, "G": 1024}


def example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def has_runtime() -> bool:
    if shutil.which("docker") is None:
        return False
    asked = ["docker", "compose", "version"], ["docker", "info"]
    return all(subprocess.run(call, capture_output=True, check=False, timeout=30).returncode == 0 for call in asked)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_limited_watched_and_restarted(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[\w./-]+:\d[\w.-]*", service["image"]), "pinned to a version"
    assert service["restart"] == "unless-stopped"
    assert service["logging"] == {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}}
    assert {"test", "interval", "timeout", "retries", "start_period"} <= service["healthcheck"].keys()
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    assert "no-new-privileges:true" in service["security_opt"]


def test_the_services_fit_two_cores_and_two_gigabytes() -> None:
    limits = [service["deploy"]["resources"]["limits"] for service in SERVICES.values()]
    memory = sum(int(limit["memory"][:-1]) * _SIZES[limit["memory"][-1]] for limit in limits)
    assert memory <= 1850, "the rest is for the system"
    assert all(float(limit["cpus"]) <= 2 for limit in limits)


def test_everything_that_is_mounted_exists() -> None:
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            source, target, *mode = volume.split(":")
            assert target.startswith("/")
            if source.startswith("./"):
                assert (ROOT / source).exists(), f"{name}: {source}"
                assert mode == ["ro"], f"{name}: {source} is not read-only"
            else:
                assert source in COMPOSE["volumes"]
    domains = {path.parent.name for path in (ROOT / "blueprints").glob("*/*/*.yaml")}
    mounted = {volume.split(":")[0] for volume in SERVICES["homeassistant"]["volumes"]}
    assert {f"./{path.parent.relative_to(ROOT)}" for path in (ROOT / "blueprints").glob("*/*/*.yaml")} <= mounted, (
        domains
    )


def test_no_port_is_open_to_others_by_default() -> None:
    for name, service in SERVICES.items():
        for port in service.get("ports", []):
            assert re.match(r"(127\.0\.0\.1|\$\{\w+_BIND:-127\.0\.0\.1\}):\d+:\d+$", port), f"{name}: {port}"


def test_passwords_are_required_and_nowhere_in_git() -> None:
    variables = {name: default or "" for name, default in _VARIABLE.findall(TEXT)}
    values = example()
    assert variables.keys() == values.keys()
    for name, value in values.items():
        if "PASSWORD" in name:
            assert variables[name].startswith(":?"), f"{name}: Compose must refuse to start without it"
            assert value == ""
        else:
            assert variables[name] == f":-{value}"
    ignored = subprocess.run(["git", "check-ignore", "-q", ".env"], cwd=ROOT, check=False)
    assert ignored.returncode == 0
    tracked = subprocess.run(["git", "ls-files", ".env"], cwd=ROOT, check=True, capture_output=True, text=True)
    assert tracked.stdout == ""


def test_a_service_waits_for_healthy_ones() -> None:
    for service in SERVICES.values():
        for needed, how in service.get("depends_on", {}).items():
            assert needed in SERVICES
            assert how == {"condition": "service_healthy"}


def test_grafana_reads_the_database_of_the_stack_and_shows_the_dashboards() -> None:
    folder = ROOT / "compose" / "grafana" / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "suite.yaml").read_text())["datasources"]
    database = SERVICES["timescaledb"]["environment"]
    assert source["url"] == "timescaledb:5432"
    assert (source["user"], source["jsonData"]["database"]) == (database["POSTGRES_USER"], database["POSTGRES_DB"])
    assert source["secureJsonData"] == {"password": "$POSTGRES_PASSWORD"}
    assert "POSTGRES_PASSWORD" in SERVICES["grafana"]["environment"]
    (provider,) = yaml.safe_load((folder / "dashboards" / "suite.yaml").read_text())["providers"]
    (mount,) = [item for item in SERVICES["grafana"]["volumes"] if item.split(":")[1] == provider["options"]["path"]]
    dashboards = list((ROOT / mount.split(":")[0]).glob("*.json"))
    assert dashboards
    for file in dashboards:
        text = file.read_text("utf-8")
        kinds = set(re.findall(r'"type": "([\w-]*datasource)"', text))
        assert kinds <= {source["type"], "datasource"}
        assert json.loads(text)["uid"]


def test_the_broker_reads_its_password_file() -> None:
    folder = ROOT / "compose" / "mosquitto"
    script = (folder / "start.sh").read_text()
    config = dict(line.split(" ", 1) for line in (folder / "mosquitto.conf").read_text().splitlines())
    assert config["allow_anonymous"] == "false"
    assert config["password_file"] in script
    assert subprocess.run(["sh", "-n", folder / "start.sh"], check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_stack_becomes_healthy(tmp_path: Path, socket_enabled: None) -> None:
    if not has_runtime():
        pytest.skip("no container runtime: compose.yaml was checked statically only")
    file = tmp_path / "env"
    file.write_text("MQTT_PASSWORD=a\nPOSTGRES_PASSWORD=b\nGRAFANA_PASSWORD=cdefgh\n")
    command = ["docker", "compose", "--project-name", "suite-test", "--env-file", str(file)]
    try:
        up = subprocess.run(
            [*command, "up", "--detach", "--wait", "--wait-timeout", "900"],
            cwd=ROOT, capture_output=True, text=True, check=False, timeout=1000,
        )  # fmt: skip
        assert up.returncode == 0, up.stderr[-3000:]
    finally:
        subprocess.run([*command, "down", "--volumes"], cwd=ROOT, capture_output=True, check=False, timeout=120)
