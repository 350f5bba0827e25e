"""The Lovelace resource with the cards of an integration."""

import asyncio
import hashlib
from http import HTTPStatus
from pathlib import Path
from typing import Any

from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL
from homeassistant.components.lovelace.const import LOVELACE_DATA
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from lib.cards import async_add_cards, async_remove_cards

PATH = "/suite_demo_static/suite_demo-cards.js"
OTHER = {"res_type": "module", "url": "/hacsfiles/other.js?v=1"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "suite_demo-cards.js").write_text("export const one = 1;\n")
    (tmp_path / "runtime.js").write_text("export const lit = 3;\n")
    return tmp_path


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    entry = MockConfigEntry(domain="suite_demo")
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
async def lovelace(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "frontend", {})


@pytest.fixture
async def yaml_lovelace(hass: HomeAssistant) -> None:
    yaml = {"lovelace": {"resource_mode": "yaml", "resources": []}}
    assert await async_setup_component(hass, "lovelace", yaml)
    assert await async_setup_component(hass, "frontend", yaml)


async def resources(hass: HomeAssistant) -> list[dict[str, Any]]:
    collection = hass.data[LOVELACE_DATA].resources
    await collection.async_get_info()
    return list(collection.async_items())


def urls(items: list[dict[str, Any]]) -> list[str]:
    return [item["url"] for item in items]


@pytest.mark.usefixtures("lovelace")
async def test_the_resource_is_created_and_the_bundle_is_served(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: MockConfigEntry, folder: Path
) -> None:
    await async_add_cards(hass, entry, folder)
    [item] = await resources(hass)
    assert item["type"] == "module"
    path, _, version = item["url"].partition("?v=")
    assert path == PATH
    assert len(version) == 12
    client = await hass_client()
    answer = await client.get(item["url"])
    assert answer.status == HTTPStatus.OK
    assert await answer.text() == "export const one = 1;\n"
    assert "max-age=2678400" in answer.headers["Cache-Control"], "a month: the URL has to change with the content"


@pytest.mark.usefixtures("lovelace")
async def test_the_runtime_is_served_once_for_all_integrations_and_by_its_hash(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: MockConfigEntry, folder: Path, tmp_path: Path
) -> None:
    other = MockConfigEntry(domain="suite_other")
    other.add_to_hass(hass)
    newer = tmp_path / "newer"
    newer.mkdir()
    for name, content in (("suite_other-cards.js", ""), ("runtime.js", "export const lit = 4;\n")):
        (newer / name).write_text(content)
    await async_add_cards(hass, entry, folder)
    await async_add_cards(hass, other, newer)
    client = await hass_client()
    for content in ("export const lit = 3;\n", "export const lit = 4;\n"):
        version = hashlib.sha256(content.encode()).hexdigest()[:12]
        answer = await client.get(f"/heat_suite_static/runtime-{version}.js")
        assert (answer.status, await answer.text()) == (HTTPStatus.OK, content)
    # The same content again, in another integration: the path is served already.
    (newer / "runtime.js").write_text("export const lit = 3;\n")
    await async_add_cards(hass, other, newer)


@pytest.mark.usefixtures("lovelace")
async def test_files_replaced_by_an_update_take_effect_with_a_reload(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: MockConfigEntry, folder: Path
) -> None:
    """Until then old bundle and old runtime belong together; the old runtime stays for pages that are open."""
    old, new = "export const lit = 3;\n", "export const lit = 5;\n"
    runtimes = [
        f"/heat_suite_static/runtime-{hashlib.sha256(text.encode()).hexdigest()[:12]}.js" for text in (old, new)
    ]
    await async_add_cards(hass, entry, folder)
    client = await hass_client()

    async def get(url: str) -> tuple[int, str]:
        answer = await client.get(url)
        return answer.status, await answer.text()

    (folder / "suite_demo-cards.js").write_text("export const two = 2;\n")
    (folder / "runtime.js").write_text(new)
    assert await get(PATH) == (HTTPStatus.OK, "export const one = 1;\n")
    assert await get(runtimes[0]) == (HTTPStatus.OK, old)
    await async_add_cards(hass, entry, folder)
    assert await get(PATH) == (HTTPStatus.OK, "export const two = 2;\n")
    assert [await get(url) for url in runtimes] == [(HTTPStatus.OK, old), (HTTPStatus.OK, new)]
    assert (await get("/heat_suite_static/runtime-0.js"))[0] == HTTPStatus.NOT_FOUND
    for file in ("suite_demo-cards.js", "runtime.js"):
        (folder / file).unlink()
    assert await get(runtimes[1]) == (HTTPStatus.OK, new), "an update that is under way"


@pytest.mark.usefixtures("lovelace")
async def test_the_same_bundle_is_registered_once(hass: HomeAssistant, entry: MockConfigEntry, folder: Path) -> None:
    """Entries are set up at the same time, and again after a reload."""
    second = MockConfigEntry(domain="suite_demo")
    second.add_to_hass(hass)
    await asyncio.gather(async_add_cards(hass, entry, folder), async_add_cards(hass, second, folder))
    before = await resources(hass)
    await async_add_cards(hass, entry, folder)
    assert await resources(hass) == before
    assert len(before) == 1


@pytest.mark.usefixtures("lovelace")
async def test_an_update_changes_the_url_and_keeps_the_resource(
    hass: HomeAssistant, entry: MockConfigEntry, folder: Path
) -> None:
    await async_add_cards(hass, entry, folder)
    [before] = await resources(hass)
    (folder / "suite_demo-cards.js").write_text("export const two = 2;\n")
    await async_add_cards(hass, entry, folder)
    [after] = await resources(hass)
    assert after["id"] == before["id"]
    assert after["url"] != before["url"]


@pytest.mark.usefixtures("lovelace")
async def test_duplicates_are_removed_and_other_resources_are_kept(
    hass: HomeAssistant, entry: MockConfigEntry, folder: Path
) -> None:
    collection = hass.data[LOVELACE_DATA].resources
    for item in (OTHER, {"res_type": "module", "url": PATH}, {"res_type": "js", "url": f"{PATH}?v=old"}):
        await collection.async_create_item(item)
    await async_add_cards(hass, entry, folder)
    items = await resources(hass)
    assert len(items) == 2
    assert urls(items)[0] == OTHER["url"]
    assert (items[1]["type"], items[1]["url"][: len(PATH) + 3]) == ("module", f"{PATH}?v=")


@pytest.mark.usefixtures("lovelace")
async def test_the_last_entry_takes_the_resource_with_it(
    hass: HomeAssistant, entry: MockConfigEntry, folder: Path
) -> None:
    second = MockConfigEntry(domain="suite_demo")
    second.add_to_hass(hass)
    await hass.data[LOVELACE_DATA].resources.async_create_item(OTHER)
    await async_add_cards(hass, entry, folder)
    await async_remove_cards(hass, second)
    assert len(await resources(hass)) == 2, "another entry needs it"
    await hass.config_entries.async_remove(second.entry_id)
    await async_remove_cards(hass, entry)
    assert urls(await resources(hass)) == [OTHER["url"]]
    await async_add_cards(hass, entry, folder)
    assert len(await resources(hass)) == 2, "added again without a restart"


@pytest.mark.usefixtures("yaml_lovelace")
async def test_with_resources_in_yaml_the_module_is_added_to_the_page(
    hass: HomeAssistant, entry: MockConfigEntry, folder: Path
) -> None:
    await async_add_cards(hass, entry, folder)
    await async_add_cards(hass, entry, folder)
    [module] = hass.data[DATA_EXTRA_MODULE_URL].urls
    assert module.startswith(f"{PATH}?v=")
    await async_remove_cards(hass, entry)
    assert not hass.data[DATA_EXTRA_MODULE_URL].urls
    await async_remove_cards(hass, entry)


async def test_without_a_frontend_nothing_is_done(hass: HomeAssistant, entry: MockConfigEntry, folder: Path) -> None:
    await async_add_cards(hass, entry, folder)
    await async_remove_cards(hass, entry)
    assert LOVELACE_DATA not in hass.data


@pytest.mark.usefixtures("lovelace")
async def test_a_missing_bundle_is_reported_and_breaks_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await async_add_cards(hass, entry, tmp_path)
    assert not await resources(hass)
    assert "suite_demo: the cards are not available" in caplog.text
