"""The support bundle contains what a bug report needs, and no secret."""

import asyncio
import json
import logging
from pathlib import Path
import threading
from typing import Any
from unittest.mock import patch
import zipfile

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.proof_of_heat._lib.redaction import Redactor
from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.support import bundle
from custom_components.proof_of_heat.support.snapshot import snapshot
from scripts.tooling import decode

from .ha import OUTDOOR, ROOM, start, system, thermometer, zone

SECRETS = {
    "password": "hunter2-hunter2",
    "api_key": "A1b2C3d4E5f6",
    "refresh_token": "rt-0123456789",
    "username": "me@example.org",
    "url": "postgresql://suite:pa55word@db.example.org:5432/suite",
    "host": "192.168.17.23",
    "device_key": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
}


@pytest.fixture
async def entry(hass: HomeAssistant, tmp_path: Path, socket_enabled: None) -> MockConfigEntry:
    hass.config.config_dir = str(tmp_path)
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 3.0)
    assert await async_setup_component(hass, "system_log", {"system_log": {}})
    assert await async_setup_component(hass, DOMAIN, {})
    made = system(zone())
    await start(hass, made)
    return made


async def create(hass: HomeAssistant, context: Context | None = None) -> dict[str, Any]:
    answer = await hass.services.async_call(
        DOMAIN, "create_support_bundle", {}, blocking=True, return_response=True, context=context
    )
    assert answer is not None
    return dict(answer)


async def test_planted_secrets_are_in_no_file(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Another integration that returns everything, in values, keys, texts and lists."""
    MockConfigEntry(domain="ota", title="OTA", data=SECRETS).add_to_hass(hass)

    class Careless:
        @staticmethod
        async def async_get_config_entry_diagnostics(*_: Any) -> dict[str, Any]:
            return {
                **SECRETS,
                "text": f"refused {SECRETS['api_key']} of {SECRETS['host']}, password={SECRETS['password']}",
                "nested": [{"x": list(SECRETS.values())}],
                SECRETS["device_key"]: 1,
                "mac": "AA:BB:CC:DD:EE:FF",
                "latitude": 60.1699,
                "message": "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJ4In0.c2lnbmF0dXJl",
            }

    found = bundle.async_get_integration

    async def careless(hass: HomeAssistant, domain: str) -> Any:
        integration = await found(hass, domain)
        if domain == "ota":

            async def platform(_: str) -> type[Careless]:
                return Careless

            return type("Fake", (), {"version": "1", "requirements": [], "async_get_platform": staticmethod(platform)})
        return integration

    ir.async_create_issue(
        hass, "ota", "x", is_fixable=False, severity=ir.IssueSeverity.ERROR, translation_key="x",
        translation_placeholders={"error": f"login of {SECRETS['username']} failed"},
    )  # fmt: skip
    with patch.object(bundle, "async_get_integration", careless):
        answer = await create(hass)
    path = Path(answer["path"])
    assert path.parent == Path(hass.config.path("heat_suite_support"))
    assert await hass.async_add_executor_job(lambda: path.stat().st_mode & 0o077) == 0
    with zipfile.ZipFile(path) as packed:
        assert sorted(packed.namelist()) == answer["files"]
        whole = "\n".join(packed.read(name).decode() for name in packed.namelist())
        diagnostics = json.loads(packed.read("diagnostics/ota/1.json"))
    for value in (*SECRETS.values(), "pa55word", "db.example.org", "AA:BB:CC", "60.1699", "eyJ"):
        assert value.lower() not in whole.lower(), value
    # What belongs together is still recognizable.
    assert diagnostics["api_key"] in diagnostics["text"]
    assert diagnostics["host"] in diagnostics["text"]


async def test_the_content_is_complete(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    answer = await create(hass)
    with zipfile.ZipFile(answer["path"]) as packed:
        content = {name: json.loads(packed.read(name)) for name in packed.namelist()}
    assert content.keys() == {
        "versions.json", "issues.json", "states.json", "log.json",
        "diagnostics/proof_of_heat/1.json", "decisions/1.json",
    }  # fmt: skip
    versions = content["versions.json"]
    assert versions["integrations"][DOMAIN]["version"]
    (shown,) = versions["entries"]
    assert (shown["domain"], shown["title"], shown["state"]) == (DOMAIN, entry.title, "loaded")
    assert (shown["version"], shown["subentries"]) == ("1.1", ["zone"])
    assert content["decisions/1.json"]
    assert any(item["entity_id"].endswith("_setup") and item["state"] for item in content["states.json"])
    assert content["diagnostics/proof_of_heat/1.json"]["data"]["outdoor"] == OUTDOOR


async def test_broken_diagnostics_are_reported_not_raised(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    with patch(
        "custom_components.proof_of_heat.diagnostics.async_get_config_entry_diagnostics",
        side_effect=RuntimeError("password: hunter2"),
    ):
        files = await bundle.async_collect(hass)
    assert files["diagnostics/proof_of_heat/1.json"] == {"error": "RuntimeError: password: <secret 1>"}


async def test_texts_are_searched_outside_the_event_loop(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    threads = []

    class Watched(Redactor):
        def text(self, value: str) -> str:
            threads.append(threading.get_ident())
            return super().text(value)

    with patch.object(bundle, "Redactor", Watched):
        await bundle.async_collect(hass)
    assert threads
    assert threading.get_ident() not in threads


async def test_an_entry_that_is_not_loaded_is_included(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await hass.config_entries.async_unload(entry.entry_id)
    files = await bundle.async_collect(hass)
    assert files["versions.json"]["entries"][0]["state"] == "not_loaded"
    assert "data" in files["diagnostics/proof_of_heat/1.json"]


async def test_only_the_newest_are_kept(hass: HomeAssistant, entry: MockConfigEntry, freezer: Any) -> None:
    for _ in range(7):
        freezer.tick(60)
        await create(hass)
    folder = Path(hass.config.path("heat_suite_support"))
    assert len(await hass.async_add_executor_job(lambda: list(folder.iterdir()))) == 5


async def test_a_full_disk_is_reported(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    with (
        patch.object(bundle, "_write", side_effect=OSError(28, "No space left on device")),
        pytest.raises(HomeAssistantError, match="No space left"),
    ):
        await create(hass)


async def test_nothing_is_left_of_an_archive_that_did_not_fit(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    with (
        patch.object(zipfile.ZipFile, "writestr", side_effect=OSError(28, "No space left on device")),
        pytest.raises(HomeAssistantError, match="No space left"),
    ):
        await create(hass)
    folder = Path(hass.config.path("heat_suite_support"))
    assert await hass.async_add_executor_job(lambda: list(folder.iterdir())) == []


async def test_diagnostics_that_never_end_do_not_stop_the_bundle(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    async def never(*_: Any) -> None:
        await asyncio.Event().wait()

    with (
        patch.object(bundle, "_DIAGNOSTICS_TIMEOUT_S", 0),
        patch("custom_components.proof_of_heat.diagnostics.async_get_config_entry_diagnostics", never),
    ):
        files = await bundle.async_collect(hass)
    assert "took more than" in files["diagnostics/proof_of_heat/1.json"]["error"]
    assert files["states.json"]


async def test_the_home_cannot_be_found_by_it(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.config.latitude, hass.config.longitude = 61.4978, 23.7610
    hass.config.external_url = "https://virtanen.duckdns.org:8123"
    with patch(
        "custom_components.proof_of_heat.diagnostics.async_get_config_entry_diagnostics",
        return_value={"asked": [61.4978, 23.761], "text": "at 61.4978 from virtanen.duckdns.org"},
    ):
        files = await bundle.async_collect(hass)
    shown = json.dumps(files)
    assert not any(value in shown for value in ("61.49", "23.76", "virtanen"))


async def test_only_administrators_create_it(
    hass: HomeAssistant, entry: MockConfigEntry, hass_admin_user: MockUser, hass_read_only_user: MockUser
) -> None:
    with pytest.raises(Unauthorized):
        await create(hass, Context(user_id=hass_read_only_user.id))
    with pytest.raises(HomeAssistantError):
        await create(hass, Context(user_id="unknown"))
    assert await create(hass, Context(user_id=hass_admin_user.id))


async def test_a_bundle_is_read(
    hass: HomeAssistant, entry: MockConfigEntry, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ir.async_create_issue(
        hass, DOMAIN, "x", is_fixable=False, severity=ir.IssueSeverity.ERROR, translation_key="outdoor_dead"
    )
    path = (await create(hass))["path"]
    assert decode.main(["bundle", path]) == 0
    lines = dict(line.split("\t")[:2] for line in capsys.readouterr().out.splitlines())
    assert lines["proof_of_heat.1.state"] == "loaded"
    assert lines["proof_of_heat.1.version"] == "1.1"
    assert lines["proof_of_heat.version"]
    assert lines["issues.1.proof_of_heat"] == "outdoor_dead", lines
    assert any(key.startswith("decisions.1.") for key in lines)
    (tmp_path / "no.zip").write_bytes(b"PK")
    for wrong in ("no.zip", "absent.zip"):
        assert decode.main(["bundle", str(tmp_path / wrong)]) == 1
    assert "not a support bundle" in capsys.readouterr().err


async def test_values_that_json_does_not_know_are_written_as_text(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    with patch(
        "custom_components.proof_of_heat.diagnostics.async_get_config_entry_diagnostics",
        return_value={"object": slice(1, 2), 5: {"x"}},
    ):
        files = await bundle.async_collect(hass)
    assert files["diagnostics/proof_of_heat/1.json"] == {"object": "slice(1, 2, None)", "5": ["x"]}


async def test_huge_records_of_the_log_are_shortened(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Binary garbage and lines of many megabytes: the work stays bounded, and ends are kept without secrets."""
    characters = []

    class Watched(Redactor):
        def text(self, value: str) -> str:
            characters.append(len(value))
            return super().text(value)

    garbage = bytes(range(256)).decode("latin-1") * 8_000
    huge = f"begin password=hunter2-hunter2 {garbage} token: s3cr3tXYZ end"
    logger = logging.getLogger("custom_components.proof_of_heat.test")
    for record in (_refused, _failed):
        record(logger, huge)
    for number in range(12):
        logger.error("%s", f"{number} " + "ab" * 50_000)
    await hass.async_block_till_done()
    with patch.object(bundle, "Redactor", Watched):
        files = await bundle.async_collect(hass)
    assert max(characters) < 20_000
    assert sum(characters) < 2_000_000
    log = files["log.json"]
    assert log[0]["last"] >= log[-1]["last"]
    texts = [text for record in log for text in (*record["message"], record["exception"])]
    assert sum(map(len, texts)) < 600_000
    (message,) = (text for text in texts if text.startswith("refused begin"))
    assert " characters omitted> " in message
    assert message.endswith(" end")
    (exception,) = (text for text in texts if "ValueError" in text)
    assert exception.startswith("Traceback")
    shown = json.dumps(files)
    assert "hunter2" not in shown
    assert "s3cr3tXYZ" not in shown


def _refused(logger: logging.Logger, text: str) -> None:
    logger.error("refused %s", text)


def _failed(logger: logging.Logger, text: str) -> None:
    try:
        raise ValueError(text)
    except ValueError:
        logger.exception("failed")


async def test_a_long_last_message_stays_whole(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """`scripts/decode bundle` reads it as JSON."""
    message = json.dumps({"data": [{"feature": f"heating.{number}", "value": number} for number in range(4_000)]})
    with patch(
        "custom_components.proof_of_heat.diagnostics.async_get_config_entry_diagnostics",
        return_value={"last_messages": {"Pump": [{"channel": "GET features", "text": message}]}},
    ):
        files = await bundle.async_collect(hass)
    assert files["diagnostics/proof_of_heat/1.json"]["last_messages"]["Pump"][0]["text"] == message


async def test_large_diagnostics_are_copied_in_slices(hass: HomeAssistant) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(others())
    data = {"devices": [{"number": number, 5: {"x"}} for number in range(20_000)]}
    copy = await snapshot(data)
    other.cancel()
    assert turns > 3
    data["devices"][0]["number"] = 7
    assert copy["devices"][0] == {"number": 0, "5": ["x"]}
    assert len(copy["devices"]) == 20_000


async def test_diagnostics_are_bounded() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    copy = await snapshot({"deep": deep, "first": "x" * 50, "rest": ["y" * 60, {"z": 1}], "none": None}, largest=600)
    assert json.dumps(copy).count("<omitted>") == 1
    assert copy["first"] == "x" * 50
    copy = await snapshot({"first": "x" * 50, "rest": ["y" * 60, {"z": 1}], "none": None}, largest=60)
    assert copy == {"first": "x" * 50, "rest": "<omitted>", "none": "<omitted>"} or copy["rest"] == ["<omitted>"] * 2
    assert await snapshot({(1, 2): 1, None: 2.5, True: slice(1, 2)}) == {"null": 2.5, "true": "slice(1, 2, None)"}
