"""The packages: valid for every board, with exactly the substitutions that Home Assistant shows with a key."""

from itertools import product
import json
from pathlib import Path
import re
import shutil
import subprocess

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
import pytest

from custom_components.iot_heating.flows.provisioning import esphome_substitutions
from custom_components.smart_outlet.flows.ccu import _esphome_substitutions
from firmware.esphome import build
from firmware.web.manifest import CHIPS
from scripts.tooling.addresses import Addresses

FOLDER = Path(build.__file__).parent
ROOT = FOLDER.parents[1]
_GIT = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
_ADOPT = """
import json, sys
from esphome.components.dashboard_import import import_config
for arguments in json.loads(sys.argv[1]):
    import_config(*arguments, encryption=True)
"""
SECRETS = "wifi_ssid: net\nwifi_password: password1\ndevice_key: key\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the packages with secrets."""
    if (tool := build.missing_tool()) is not None:
        pytest.skip(f"{tool} is not installed")
    copy = shutil.copytree(FOLDER, tmp_path / "esphome", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "secrets.yaml").write_text(SECRETS)
    return copy


def valid(folder: Path, name: str) -> str:
    """Return the validated configuration."""
    return build.esphome("config", str(folder / name), data=folder / "data")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_all_configurations_are_valid_for_all_boards(folder: Path) -> None:
    """Packages and images of the flashing page; the latter without secrets."""
    names = {}
    for name, board in product(("heating", "ccu", "heating.factory", "ccu.factory"), CHIPS):
        text = (folder / f"{name}.yaml").read_text()
        assert text.count("boards/esp32.yaml") == 1
        assert ("!secret" in text) != ("factory" in name)
        names[f"{name}-{board}.yaml"] = board
        (folder / f"{name}-{board}.yaml").write_text(text.replace("boards/esp32.yaml", f"boards/{board}.yaml"))
    output = build.esphome("config", *(str(folder / name) for name in names), data=folder / "data")
    for name, board in names.items():
        shown = output.partition(f"Processing {folder / name}")[2].partition("[SUCCESS]")[0]
        wanted = [
            f"variant: {board.upper()}\n",
            "enable_ota_rollback: true",
            "boot_is_good_after: 20min",
            "timeout: 1500ms",
        ]
        wanted += ["name_add_mac_suffix: true", "encryption:"]
        if "factory" in name:
            wanted += ["improv_serial:", "captive_portal:", "dashboard_import:", "update_interval: 24h"]
        for part in wanted:
            assert part in shown, (name, part)


@pytest.fixture
def published(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a user with secrets; the public repository is a local one."""
    repository = folder.parent / "public.git"
    shutil.copytree(FOLDER, repository / "firmware/esphome", ignore=shutil.ignore_patterns("__pycache__"))
    for command in (["init", "--initial-branch", "main"], ["add", "."], ["commit", "--message", "state"]):
        subprocess.run(["git", *_GIT, *command], cwd=repository, check=True, capture_output=True)
    for number, (key, value) in enumerate(_redirections(repository)):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    user = folder.parent / "user"
    user.mkdir()
    (user / "secrets.yaml").write_text(SECRETS)
    return user


def _redirections(repository: Path) -> tuple[tuple[str, str], ...]:
    public = Addresses.load().source
    return (
        (f"url.{repository.as_uri()}.insteadOf", f"{public}.git"),
        (f"url.{repository.as_uri()}.insteadOf", public),
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_three_lines_and_adopted_images_are_valid(published: Path) -> None:
    """With this repository as the only source: neither files nor secrets of a copy."""
    readme = (ROOT / "firmware/README.md").read_text()
    (three_lines,) = re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL)
    assert len(three_lines.splitlines()) == 3
    (published / "three.yaml").write_text(three_lines)
    boards, adopted = {"three": "esp32c3"}, []
    for product_, board in product(("heating", "ccu"), CHIPS):
        factory = (FOLDER / f"{product_}.factory.yaml").read_text()
        (url,) = re.findall(r"package_import_url: (\S+)", factory)
        name = f"{product_}-{board}"
        url = url.replace("-esp32.yaml@", f"-{board}.yaml@")  # as firmware-images.yml does
        adopted.append([str(published / f"{name}.yaml"), name, "Cellar", f"suite.{product_}", url])
        boards[name] = board
    subprocess.run([build.VENV / "bin/python", "-c", _ADOPT, json.dumps(adopted)], check=True, capture_output=True)
    paths = [str(published / f"{name}.yaml") for name in boards]
    output = build.esphome("config", *paths, data=published / "data")
    for name, board in boards.items():
        shown = output.partition(f"Processing {published / name}.yaml")[2].partition("[SUCCESS]")[0]
        assert f"variant: {board.upper()}\n" in shown, name
        assert "enable_ota_rollback: true" in shown
        assert ("heating_controller:" in shown, "\nccu:" in shown) == ("ccu" not in name, "ccu" in name)


@pytest.mark.slow
@pytest.mark.parametrize("board", ["esp32", "esp32c3"])
def test_a_signed_image_is_valid(folder: Path, board: str) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    (folder / "key.pem").write_bytes(pem)
    text = (folder / "heating.yaml").read_text().replace("boards/esp32.yaml", f"boards/{board}.yaml")
    text = text.replace("packages:\n", "packages:\n  signed: !include packages/signed.yaml\n")
    (folder / "heating.yaml").write_text(text.replace("substitutions:\n", "substitutions:\n  signing_key: key.pem\n"))
    assert "signing_scheme: rsa3072" in valid(folder, "heating.yaml")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("heating", esphome_substitutions("http://ha", "Cellar", "A", "k")),
        ("ccu", _esphome_substitutions("Villa", "http://ha", "01", "k")),
    ],
)
def test_the_substitutions_are_those_that_home_assistant_shows(name: str, shown: str) -> None:
    names = set(re.findall(r"^  (\w+):", shown, re.MULTILINE))
    package = (FOLDER / f"packages/{name}.yaml").read_text()
    head = package.partition("\nesphome:")[0].partition("substitutions:")[2]
    assert set(re.findall(r"^  (\w+):", head, re.MULTILINE)) == names | {"name"}
    for each in names:
        assert f"${{{each}}}" in package
    example = (FOLDER / f"{name}.yaml").read_text().partition("packages:")[0]
    assert set(re.findall(r"^  (\w+):", example, re.MULTILINE)) == names
