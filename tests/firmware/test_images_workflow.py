"""The workflow that builds the images: its rules, and its shell steps run as GitHub does, with replaced tools.

The tools write their files where the pinned ESPHome writes them; the images themselves are not built here.
"""

import json
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
from typing import Any

import pytest
import yaml

from firmware.web.manifest import CHIPS, PRODUCTS
from scripts.tooling.addresses import Addresses

ROOT = Path(__file__).parents[2]
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/firmware-images.yml").read_text())
SITE = yaml.safe_load((ROOT / ".github/workflows/docs.yml").read_text())
ESPHOME = """#!/bin/sh
cp "$2" "$SEEN"
mkdir -p .esphome/build/device/$FOLDER
for kind in factory ota; do echo "$kind" > .esphome/build/device/$FOLDER/firmware.$kind.bin; done
"""
GH = """#!/bin/sh
echo "$@" >> "$GH_LOG"
case "$1 $2" in
  "run download") cp -r "$ARTIFACTS" downloaded ;;
  "release list") echo "$NEWEST" ;;
  "release view") [ -n "$NEWEST" ] ;;
  "release download") mkdir -p "$5"; cp "$RELEASE"/* "$5" ;;
esac
"""


def steps(job: str, workflow: dict[str, Any]) -> dict[str, Any]:
    """Return the shell steps of a job by name."""
    return {step["name"]: step for step in workflow["jobs"][job]["steps"] if "run" in step}


def execute(job: str, name: str, folder: Path, workflow: dict[str, Any] = WORKFLOW, /, **environment: str) -> None:
    """Run a step as the runner does."""
    step = steps(job, workflow)[name]
    assert set(step.get("env", {})) <= environment.keys() | {"GH_TOKEN"}
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=folder,
        env={"PATH": path, "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def tool(path: Path, text: str) -> None:
    """Write a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def test_the_workflow_builds_every_product_for_every_board_with_few_rights() -> None:
    jobs = WORKFLOW["jobs"]
    assert WORKFLOW["permissions"] == {}
    assert jobs["build"]["strategy"]["matrix"] == {"product": [*PRODUCTS], "board": [*CHIPS]}
    assert jobs["build"]["permissions"] == {"contents": "read"}
    assert jobs["site"]["needs"] == "build"
    for job in jobs.values():
        assert job["timeout-minutes"] <= 60
        for step in job["steps"]:
            if uses := step.get("uses"):
                assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", uses), uses
            # What a tag or an image contains reaches the shell by variables only.
            assert "${{" not in step.get("run", "")


@pytest.mark.parametrize("folder", ["build", ".pioenvs/device"])
@pytest.mark.parametrize("key", ["", "-----BEGIN RSA PRIVATE KEY-----"])
def test_an_image_is_built_from_its_configuration(tmp_path: Path, folder: str, key: str) -> None:
    shutil.copytree(ROOT / "firmware/esphome", tmp_path / "firmware/esphome")
    tool(tmp_path / ".venv-esphome/bin/esphome", ESPHOME)
    seen = tmp_path / "seen.yaml"
    execute("build", "Image", tmp_path, PRODUCT="ccu", BOARD="esp32c6", SIGNING_KEY=key, SEEN=str(seen), FOLDER=folder)
    assert (tmp_path / "images/ccu-esp32c6.factory.bin").read_text() == "factory\n"
    assert (tmp_path / "images/ccu-esp32c6.ota.bin").read_text() == "ota\n"
    built = seen.read_text()
    assert "packages/boards/esp32c6.yaml" in built
    assert "/ccu-esp32c6.manifest.json" in built
    assert "/devices/ccu-esp32c6.yaml@main" in built
    assert ("packages/signed.yaml" in built, "signing_key: key.pem" in built) == (bool(key), bool(key))
    assert not list(tmp_path.rglob("key.pem")), "the key is removed"


def test_the_site_contains_the_images_of_all_boards(tmp_path: Path) -> None:
    for product in PRODUCTS:
        for board in CHIPS:
            artifact = tmp_path / "artifacts" / f"image-{product}-{board}"
            artifact.mkdir(parents=True)
            for kind in ("factory", "ota"):
                (artifact / f"{product}-{board}.{kind}.bin").write_text(f"{product} {board} {kind}")
    (tmp_path / "firmware").symlink_to(ROOT / "firmware")
    tool(tmp_path / "bin/gh", GH)
    tool(tmp_path / "bin/python3", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    environment = {"ARTIFACTS": str(tmp_path / "artifacts"), "GH_LOG": str(tmp_path / "log"), "TAG": "firmware-1.4.0"}
    execute("site", "Images, manifests and flashing page", tmp_path, RUN="7", **environment)
    manifests = sorted((tmp_path / "site").glob("*.manifest.json"))
    assert len(manifests) == len(PRODUCTS) * len(CHIPS)
    for path in manifests:
        found = json.loads(path.read_text())
        # What esp-web-tools and ESPHome's `update: http_request` read.
        assert found["version"] == "1.4.0"
        assert found["name"] in PRODUCTS.values()
        (build,) = found["builds"]
        assert build["chipFamily"] in {"ESP32", "ESP32-S3", "ESP32-C3", "ESP32-C6"}
        (part,) = build["parts"]
        assert part["offset"] == 0
        assert (path.parent / part["path"]).is_file()
        assert re.fullmatch(r"[0-9a-f]{32}", build["ota"]["md5"])
        assert (path.parent / build["ota"]["path"]).is_file()
    for newest, creates in (("firmware-1.4.0", False), ("", True)):  # a tag may be pushed before there is a release
        (tmp_path / "log").unlink(missing_ok=True)
        execute("site", "Attach to the release", tmp_path, **environment, NEWEST=newest)
        log = (tmp_path / "log").read_text()
        assert "release upload firmware-1.4.0 site/" in log
        assert ("release create firmware-1.4.0 --verify-tag" in log) is creates


@pytest.mark.parametrize("newest", ["firmware-1.4.0", ""])
def test_the_site_publishes_the_flashing_page_where_images_look_for_updates(tmp_path: Path, newest: str) -> None:
    # The site is one deployment: another one would remove the documentation.
    addresses = Addresses.load()
    assert addresses.firmware == f"{addresses.docs}/firmware"
    assert not (ROOT / "docs/firmware.md").exists()
    assert not (ROOT / "docs/firmware").exists()
    for product in PRODUCTS:
        config = (ROOT / f"firmware/esphome/{product}.factory.yaml").read_text()
        assert f"  manifest_url: {addresses.firmware}/{product}-esp32.manifest.json\n" in config
    released = tmp_path / "released"
    released.mkdir()
    for name in ("index.html", "heating-esp32.manifest.json", "heating-esp32.ota.bin"):
        (released / name).write_text(name)
    tool(tmp_path / "bin/gh", GH)
    log = tmp_path / "log"
    environment = {"GH_LOG": str(log), "NEWEST": newest, "RELEASE": str(released)}
    execute("build", "Flashing page", tmp_path, SITE, **environment)
    assert 'startswith("firmware-")' in log.read_text()
    assert "--exclude-pre-releases" in log.read_text()
    published = {path.name for path in tmp_path.glob("site/firmware/*")}
    assert published == ({path.name for path in released.iterdir()} if newest else set())
    # Between the step that builds the pages and the one that uploads them, in every run for main.
    names = [step.get("name") or step["uses"].partition("@")[0] for step in SITE["jobs"]["build"]["steps"]]
    assert names[-3:] == ["Site", "Flashing page", "actions/upload-pages-artifact"]
    page, upload = SITE["jobs"]["build"]["steps"][-2:]
    assert page["if"] == upload["if"] == "github.ref == 'refs/heads/main'"
    assert upload["with"]["path"] == "site"


def test_a_firmware_release_has_the_site_published(tmp_path: Path) -> None:
    assert "workflow_dispatch" in SITE[True], "YAML reads `on` as true"
    job = WORKFLOW["jobs"]["publish"]
    assert job["needs"] == "site"
    assert job["permissions"] == {"actions": "write"}
    tool(tmp_path / "bin/gh", GH)
    log = tmp_path / "log"
    execute("publish", "Publish the flashing page", tmp_path, GH_LOG=str(log), REPOSITORY="o/r")
    assert log.read_text() == "workflow run docs.yml --repo o/r --ref main\n"
    # A release of images is none of the integrations.
    release = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
    assert release["jobs"]["release"]["if"] == "${{ !startsWith(github.event.release.tag_name, 'firmware-') }}"


@pytest.mark.parametrize("product", PRODUCTS)
def test_an_image_looks_for_updates_where_the_flashing_page_is(product: str) -> None:
    text = (ROOT / f"firmware/esphome/{product}.factory.yaml").read_text()
    assert f"/{product}-esp32.manifest.json" in text, "the workflow puts the board there"
    page = (ROOT / "firmware/web/index.html").read_text()
    assert "`${product}-${board}.manifest.json`" in page
    assert re.search(r"esp-web-tools@\d+\.\d+\.\d+/", page), "a pinned version"
