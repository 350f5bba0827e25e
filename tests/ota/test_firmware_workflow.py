"""The shell steps of the reusable workflow, run as GitHub does, with a `gh` that logs its arguments."""

import json
import os
from pathlib import Path
import subprocess
import sys
from typing import Any

import pytest
import yaml

from custom_components.ota.rollout.manifest import verify
from tests.ota.images import PRIVATE, esp32_image, public_key

pytestmark = pytest.mark.slow  # left out by scripts/test --quick

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / ".github/workflows/firmware-publish.yml"
GH = """#!/bin/sh
echo "$@" >> "$GH_LOG"
case "$1 $2" in
  "run download") mkdir -p images; cp "$ARTIFACTS"/* images/ ;;
  "release view") exit "$VIEW" ;;
esac
"""


def steps() -> dict[str, Any]:
    """The steps that are shell, by name."""
    loaded = yaml.safe_load(WORKFLOW.read_text())
    return {step["name"]: step for step in loaded["jobs"]["publish"]["steps"] if "run" in step}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A runner's folder with the suite checked out and an artifact to download."""
    (tmp_path / "suite").symlink_to(ROOT)
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts/thermostat.ota.bin").write_bytes(esp32_image(version="1.4.0"))
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "gh").write_text(GH)
    (tools / "gh").chmod(0o755)
    return tmp_path


def execute(workspace: Path, name: str, **env: str) -> None:
    """Run a step as the runner does: bash -e, every variable that the workflow names set."""
    step = steps()[name]
    assert set(step.get("env", {})) <= env.keys() | {"GH_TOKEN"}, "a variable that this test does not know"
    paths = f"{workspace / 'bin'}{os.pathsep}{os.environ['PATH']}"
    base = {"PATH": paths, "HOME": str(workspace), "GH_LOG": str(workspace / "gh.log")}
    more = {"ARTIFACTS": str(workspace / "artifacts"), "VIEW": "1"}
    run = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=workspace,
        env={**base, **more, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize(("channel", "exists"), [("stable", False), ("beta", False), ("stable", True)])
def test_images_are_signed_and_attached(workspace: Path, channel: str, exists: bool) -> None:
    execute(workspace, "Images", RUN="7", REPOSITORY="me/fw", ARTIFACT="firmware")
    execute(
        workspace,
        "Signed manifests",
        FIRMWARE_PYTHON=sys.executable,
        OTA_SIGNING_KEY=PRIVATE.hex(),
        CHANNEL=channel,
        NOTES='Warmer, "quietly" $HOME',
    )
    release = {"REPOSITORY": "me/fw", "TAG": "v1.4.0", "CHANNEL": channel, "NOTES": "Warmer"}
    execute(workspace, "GitHub release", **release, VIEW="0" if exists else "1")
    (manifest,) = (workspace / "images").glob("*.manifest.json")
    signature = Path(f"{manifest}.sig").read_text().strip()
    found = verify(manifest.read_bytes(), signature, {public_key().key_id: public_key()}, now=0)
    assert (found.product, found.version, found.channel) == ("thermostat", "1.4.0", channel)
    assert json.loads(manifest.read_bytes())["notes"] == 'Warmer, "quietly" $HOME'
    calls = (workspace / "gh.log").read_text().splitlines()
    assert calls[0] == "run download 7 --repo me/fw --name firmware --dir images"
    assert any(line.startswith("release create v1.4.0") for line in calls) is not exists
    assert any("--prerelease" in line for line in calls) is (channel == "beta")
    assert {Path(name).name for name in calls[-1].split() if name.startswith("images/")} == {
        "thermostat.ota.bin",
        manifest.name,
        f"{manifest.name}.sig",
    }


def test_workflow_has_only_the_required_permissions() -> None:
    loaded = yaml.safe_load(WORKFLOW.read_text())
    assert loaded["permissions"] == {}
    assert loaded["jobs"]["publish"]["permissions"] == {
        "contents": "write",
        "id-token": "write",
        "attestations": "write",
    }
    for step in loaded["jobs"]["publish"]["steps"]:
        assert "${{" not in step.get("run", ""), "an input that becomes shell code"
        if "uses" in step:
            assert len(step["uses"].partition("@")[2]) == 40, "pinned by commit"
