"""scripts/firmware: what it signs, ota takes."""

import asyncio
import json
from pathlib import Path
import stat
import sys

import pytest

from custom_components.ota.data import OtaData
from scripts.tooling.firmware import main
from tests.ota.images import PRIVATE, esp32_image, esp8266_image

from .conftest import Client

pytestmark = pytest.mark.slow  # left out by scripts/test --quick


@pytest.fixture
def key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[Path, str]:
    """A private key's file and the public half."""
    path = tmp_path / "signing.key"
    assert main(["key", str(path)]) == 0
    return path, capsys.readouterr().out.strip()


def write(tmp_path: Path, image: bytes, name: str = "thermostat.ota.bin") -> Path:
    path = tmp_path / name
    path.write_bytes(image)
    return path


def test_a_key_is_for_its_owner_only_and_never_overwritten(key: tuple[Path, str]) -> None:
    assert stat.S_IMODE(key[0].stat().st_mode) == 0o600
    assert len(key[1]) == 64
    assert main(["key", str(key[0])]) == 1


def test_a_manifest_is_made_and_verifies(
    tmp_path: Path, key: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    image = write(tmp_path, esp32_image(secure_version=4))
    (tmp_path / "notes.md").write_text("Better.")
    arguments = ["--key", str(key[0]), "--notes", f"@{tmp_path}/notes.md", "--expires-days", "30", "--channel", "beta"]
    assert main(["manifest", str(image), *arguments]) == 0
    manifest = json.loads((tmp_path / "thermostat.ota.bin.manifest.json").read_text())
    assert (manifest["product"], manifest["chip"], manifest["secure_version"]) == ("thermostat", "esp32c3", 4)
    assert (manifest["image_url"], manifest["notes"]) == ("thermostat.ota.bin", "Better.")
    assert manifest["sequence"] > 3_000_000
    assert main(["verify", str(image), "--public", key[1]]) == 0
    assert "valid, signed by" in capsys.readouterr().out
    image.write_bytes(esp32_image(secure_version=5))
    assert main(["verify", str(image), "--public", key[1]]) == 1


def test_a_factory_image_is_not_signed(
    tmp_path: Path, key: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    image = write(tmp_path, esp32_image(descriptor=False))
    assert main(["manifest", str(image), "--key", str(key[0])]) == 1
    assert "no_descriptor" in capsys.readouterr().err
    assert list(tmp_path.glob("*.sig")) == []


def test_image_without_description_must_be_declared(tmp_path: Path, key: tuple[Path, str]) -> None:
    image = write(tmp_path, esp8266_image())
    base = ["manifest", str(image), "--key", str(key[0]), "--chip", "esp8266"]
    assert main(base) == 1
    assert main([*base, "--product", "plug", "--version", "1.0"]) == 0


def test_a_name_inside_that_differs_is_declared(tmp_path: Path, key: tuple[Path, str]) -> None:
    image = write(tmp_path, esp32_image(project="arduino-lib-builder"))
    assert main(["manifest", str(image), "--key", str(key[0]), "--product", "thermostat", "--sequence", "7"]) == 0
    manifest = json.loads((tmp_path / "thermostat.ota.bin.manifest.json").read_text())
    assert (manifest["image_project"], manifest["sequence"]) == ("arduino-lib-builder", 7)


def test_without_a_key_nothing_is_signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTA_SIGNING_KEY", raising=False)
    assert main(["manifest", str(write(tmp_path, esp32_image()))]) == 1


async def test_what_it_signs_and_uploads_is_a_release(
    ota: OtaData, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, socket_enabled: None
) -> None:
    image = write(tmp_path, esp32_image())
    monkeypatch.setenv("OTA_SIGNING_KEY", PRIVATE.hex())
    assert main(["manifest", str(image)]) == 0
    url = str(client.make_url("")).rstrip("/")

    async def upload(key: str) -> int | None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "scripts.tooling.firmware", "upload", str(image), "--url", url),
            env={"OTA_UPLOAD_KEY": key, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        return await process.wait()

    assert await upload("wrong") == 1
    assert await upload(await ota.keys.async_issue_upload()) == 0
    assert "thermostat:esp32c3:1.2.3" in ota.hub.state.releases
