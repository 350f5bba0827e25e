# Generated from lib/cards.py by scripts/build: edit that file, not this one.
"""The Lovelace resource with the cards of an integration.

Lovelace waits for its resources before it creates cards; it does not wait for modules that are added to the page
(``add_extra_js_url``), so that those cards are often unknown when a dashboard is shown. Where resources are kept in
YAML, nothing can be added to them and the module is the fallback. Without a frontend there is nothing to do.

What the bundles of all integrations share (Lit and more) is the file ``runtime.js``. Each integration contains it, so
that it is complete alone; a bundle imports it by a URL with the hash of its content, so that browsers load it once and
bundles of different versions each get their own.

Both files are served as they were when the entry was set up. An update that replaces the files on disk therefore takes
effect with a reload or restart, as its Python code does: until then the old bundle still finds the old runtime.

Put ``frontend`` and ``lovelace`` into the manifest's ``after_dependencies`` and ``http`` into its ``dependencies``.
Call ``async_add_cards`` at the set-up of each entry and ``async_remove_cards`` when an entry is removed.
"""

import asyncio
from dataclasses import dataclass, field
import hashlib
import logging
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.util.hass_dict import HassKey

_LOGGER = logging.getLogger(__name__)
_VERSION_DIGITS: Final = 12
_FRONTEND: Final = {"frontend", "lovelace"}
_RUNTIME: Final = "runtime.js"
_SERVED: Final[HassKey[set[str]]] = HassKey("heat_suite_static")
"""The folders of URLs that are served, by any integration."""
_FILES: Final[HassKey[dict[str, bytes]]] = HassKey("heat_suite_files")
"""What is served at each URL. An earlier runtime stays: pages that are open may still load it."""
_HEADERS: Final = {"Cache-Control": f"public, max-age={31 * 86400}"}


@dataclass(slots=True)
class _Cards:
    """The bundle of one integration, while Home Assistant runs."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Entries are set up at the same time, and the resource has to exist once."""
    module_url: str | None = None
    """URL of the module that was added to the page, where resources are kept in YAML."""


async def async_add_cards(hass: HomeAssistant, entry: ConfigEntry, folder: Path) -> None:
    """Serve the bundle ``<domain>-cards.js`` of a folder and the runtime, and register the bundle. It may be repeated.

    The resource of an earlier version is updated: its URL contains a hash of the bundle, because browsers keep the
    bundle for a month.
    """
    if not hass.config.components >= _FRONTEND:
        return
    domain = entry.domain
    cards = _cards(hass, domain)
    async with cards.lock:
        file = folder / f"{domain}-cards.js"
        try:
            content = await hass.async_add_executor_job(file.read_bytes)
            runtime = await hass.async_add_executor_job((folder / _RUNTIME).read_bytes)
        except OSError as err:
            _LOGGER.warning("%s: the cards are not available: %s. Install the integration again", domain, err)
            return
        _serve(hass, "/heat_suite_static", f"runtime-{_version(runtime)}.js", runtime)
        _serve(hass, f"/{domain}_static", f"{domain}-cards.js", content)
        await _async_register(hass, cards, f"{_path(domain)}?v={_version(content)}")


async def async_remove_cards(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Remove the resource if the entry is the last one of its integration."""
    if any(other.entry_id != entry.entry_id for other in hass.config_entries.async_entries(entry.domain)):
        return
    if not hass.config.components >= _FRONTEND:
        return
    cards = _cards(hass, entry.domain)
    async with cards.lock:
        if cards.module_url is not None:
            from homeassistant.components.frontend import remove_extra_js_url

            remove_extra_js_url(hass, cards.module_url)
            cards.module_url = None
        if (resources := _storage(hass)) is None:
            return
        for item in await _async_items(resources, _path(entry.domain)):
            await resources.async_delete_item(item["id"])


class _FilesView(HomeAssistantView):
    """The scripts of a folder. Browsers load scripts without a token."""

    requires_auth = False

    def __init__(self, folder: str, files: dict[str, bytes]) -> None:
        self.url = f"{folder}/{{name}}"
        self.name = f"heat_suite:{folder}"
        self._folder = folder
        self._files = files

    async def get(self, request: web.Request, name: str) -> web.Response:
        """Return a script."""
        if (content := self._files.get(f"{self._folder}/{name}")) is None:
            raise web.HTTPNotFound
        return web.Response(body=content, content_type="text/javascript", charset="utf-8", headers=_HEADERS)


def _serve(hass: HomeAssistant, folder: str, name: str, content: bytes) -> None:
    """Serve a script of a folder from now on."""
    files, served = hass.data.setdefault(_FILES, {}), hass.data.setdefault(_SERVED, set())
    files[f"{folder}/{name}"] = content
    if folder not in served:
        served.add(folder)
        hass.http.register_view(_FilesView(folder, files))


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_VERSION_DIGITS]


async def _async_register(hass: HomeAssistant, cards: _Cards, url: str) -> None:
    if (resources := _storage(hass)) is None:
        if cards.module_url is None:
            from homeassistant.components.frontend import add_extra_js_url

            add_extra_js_url(hass, url)
            cards.module_url = url
        return
    items = await _async_items(resources, url.partition("?")[0])
    if not items:
        await resources.async_create_item({"res_type": "module", "url": url})
        return
    first, *duplicates = items
    if first["url"] != url:
        await resources.async_update_item(first["id"], {"res_type": "module", "url": url})
    for item in duplicates:
        await resources.async_delete_item(item["id"])


def _storage(hass: HomeAssistant) -> Any:
    """Return the collection of the resources, or None if they are kept in YAML."""
    from homeassistant.components.lovelace.const import LOVELACE_DATA, MODE_STORAGE

    data = hass.data.get(LOVELACE_DATA)
    return data.resources if data is not None and data.resource_mode == MODE_STORAGE else None


async def _async_items(resources: Any, path: str) -> list[dict[str, Any]]:
    """Return the resources with a path. The collection is empty until it was asked for information once."""
    await resources.async_get_info()
    return [item for item in resources.async_items() if item["url"].partition("?")[0] == path]


def _cards(hass: HomeAssistant, domain: str) -> _Cards:
    return hass.data.setdefault(HassKey[_Cards](f"{domain}_cards"), _Cards())


def _path(domain: str) -> str:
    return f"/{domain}_static/{domain}-cards.js"
