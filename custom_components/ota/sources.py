"""Releases pulled from a URL or from GitHub: the default for Home Assistants that CI cannot reach.

Only signed releases are taken. A source is asked at its interval, with jitter; failures back off.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
import logging
import random
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

from aiohttp import ClientError, ClientTimeout
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.event import async_call_later

from .const import DOMAIN, SUBENTRY_SOURCE
from .importing import Proof
from .rollout.errors import OtaError, ReleaseError
from .rollout.manifest import MAX_BYTES, Channel, Manifest, parse, verify

if TYPE_CHECKING:
    from .coordinator import OtaCoordinator

_LOGGER = logging.getLogger(__name__)

CONF_BETA: Final = "beta"
CONF_INTERVAL_H: Final = "interval_h"
CONF_LOCATION: Final = "location"
GITHUB_API: Final = "https://api.github.com"
MANIFEST_SUFFIX: Final = ".manifest.json"
SIGNATURE_SUFFIX: Final = ".sig"
_SMALL: Final = ClientTimeout(total=30)
_LARGE: Final = ClientTimeout(total=900, sock_connect=20, sock_read=30)
_MAX_LIST: Final = 2 * 1024 * 1024
_FIRST_BACKOFF_S: Final = 300.0
_FAILURES_TO_TELL: Final = 3
_FIRST_CHECK_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Source:
    """Where releases come from: a manifest's URL, or `github:owner/name`."""

    location: str
    beta: bool = False
    interval_s: float = 21_600.0

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Source:
        """From a subentry."""
        return cls(data[CONF_LOCATION], data.get(CONF_BETA, False), float(data.get(CONF_INTERVAL_H, 6)) * 3600)


@dataclass(frozen=True, slots=True)
class Found:
    """A manifest, its signature, and where the files beside it are."""

    manifest_url: str
    signature_url: str
    files: Mapping[str, str]
    """File name -> URL; empty where names are relative to the manifest."""


class SourceError(HomeAssistantError):
    """A source cannot be read."""

    def __init__(self, key: str, error: str) -> None:
        """`key` is a translation key."""
        super().__init__(
            translation_domain=DOMAIN, translation_key=key, translation_placeholders={"error": error[:200]}
        )


class Puller:
    """Reads sources."""

    def __init__(self, coordinator: OtaCoordinator) -> None:
        """Takes releases into the coordinator."""
        self._coordinator = coordinator
        self._session = async_get_clientsession(coordinator.hass)

    async def async_list(self, source: Source) -> list[Found]:
        """The manifests that a source has, oldest first.

        Raises:
            SourceError: It cannot be read.
        """
        if not source.location.startswith("github:"):
            return [Found(source.location, _beside(source.location), {})]
        api, repository = _github(source.location)
        data = await self._async_json(f"{api}/repos/{repository}/releases?per_page=10")
        if not isinstance(data, list):
            raise SourceError("source_unreadable", "no list of releases")
        releases = [r for r in data if isinstance(r, dict) and not r.get("draft")]
        found: list[Found] = []
        for release in reversed(releases):
            if source.beta or not release.get("prerelease"):
                found += _assets(release)
        return found

    async def async_pull(self, source: Source) -> list[str]:
        """Take in what is new; returns the ids of the new releases.

        A release that is refused holds up no newer one. Only when nothing newer made up for it, it is an error: of ten
        releases the older ones may have expired, or be signed by a key of before.

        Raises:
            SourceError: It cannot be read.
            OtaError: A release was refused.
        """
        new: list[str] = []
        refused: dict[str, OtaError] = {}
        for found in await self.async_list(source):
            data = await self._async_bytes(found.manifest_url, MAX_BYTES)
            signature = (await self._async_bytes(found.signature_url, 1024)).decode("ascii", "replace")
            line = _line(data)
            try:
                manifest = verify(data, signature, self._coordinator.settings.keys, now=self._coordinator.now)
                if manifest.channel is Channel.BETA and not source.beta:
                    continue
                if self._is_new(manifest):
                    new.append(await self._async_take(found, manifest, Proof(data, signature)))
                refused.pop(line, None)
            except OtaError as err:
                refused[line] = err
        for error in refused.values():
            raise error
        return new

    async def _async_take(self, found: Found, manifest: Manifest, proof: Proof) -> str:
        """Take in one release; returns its id."""
        chunks = self._async_chunks(_image_url(found, manifest))
        return (await self._coordinator.importer.async_import(chunks, proof, expected=manifest.size)).release_id

    def _is_new(self, manifest: Manifest) -> bool:
        highest = self._coordinator.state.sequences.get(f"{manifest.product}/{manifest.chip}", -1)
        return manifest.sequence > highest

    async def _async_json(self, url: str) -> Any:
        import orjson

        try:
            return orjson.loads(await self._async_bytes(url, _MAX_LIST))
        except orjson.JSONDecodeError as err:
            raise SourceError("source_unreadable", str(err)) from err

    async def _async_bytes(self, url: str, most: int) -> bytes:
        data = bytearray()
        async for chunk in self._async_stream(url, _SMALL):
            data += chunk
            if len(data) > most:
                raise SourceError("source_unreadable", f"{_shown(url)} is too long")
        return bytes(data)

    def _async_chunks(self, url: str) -> AsyncIterator[bytes]:
        return self._async_stream(url, _LARGE)

    async def _async_stream(self, url: str, limits: ClientTimeout) -> AsyncIterator[bytes]:
        try:
            async with self._session.get(url, timeout=limits, headers={"Accept": "*/*"}) as reply:
                if reply.status != 200:
                    raise SourceError("source_unreachable", f"{_shown(url)}: HTTP {reply.status}")
                async for chunk in reply.content.iter_chunked(256 * 1024):
                    yield chunk
        except (ClientError, TimeoutError, ValueError) as err:
            raise SourceError("source_unreachable", f"{_shown(url)}: {str(err) or type(err).__name__}") from err


def _line(data: bytes) -> str:
    """What a manifest says it is for, nobody having checked that: only to tell which refusals a later one makes up."""
    try:
        manifest = parse(data)
    except OtaError:
        return ""
    return f"{manifest.product}/{manifest.chip}"


def _beside(url: str) -> str:
    """Where the signature of a manifest is; what a query opens the one with opens the other."""
    parts = urlsplit(url)
    return parts._replace(path=parts.path + SIGNATURE_SUFFIX).geturl()


def _shown(url: str) -> str:
    """A URL without what may be secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def is_location(text: str) -> bool:
    """Whether a source can be there: a URL, or a repository."""
    if not text.startswith("github:"):
        return _is_url(text)
    api, _, repository = text.removeprefix("github:").rpartition(":")
    return (not api or _is_url(api)) and repository.count("/") == 1 and all(repository.split("/"))


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _github(location: str) -> tuple[str, str]:
    """`github:owner/name`, or `github:https://host/api/v3:owner/name` for a server of one's own."""
    rest = location.removeprefix("github:")
    api, separator, repository = rest.rpartition(":")
    if not separator:
        api, repository = GITHUB_API, rest
    if repository.count("/") != 1 or not all(repository.split("/")):
        raise SourceError("source_unreadable", "owner/name is needed")
    return api.rstrip("/"), repository


def _assets(release: Mapping[str, Any]) -> list[Found]:
    files = {
        str(asset["name"]): str(asset["browser_download_url"])
        for asset in release.get("assets", ())
        if isinstance(asset, dict) and "name" in asset and "browser_download_url" in asset
    }
    return [
        Found(url, files[name + SIGNATURE_SUFFIX], files)
        for name, url in sorted(files.items())
        if name.endswith(MANIFEST_SUFFIX) and name + SIGNATURE_SUFFIX in files
    ]


def _image_url(found: Found, manifest: Manifest) -> str:
    name = manifest.image_url
    if name is None:
        raise ReleaseError("no_image_url", version=manifest.version)
    if found.files:
        if name not in found.files:
            raise ReleaseError("no_image_url", version=manifest.version)
        return found.files[name]
    return urljoin(found.manifest_url, name)


class Sources:
    """All sources of the entry, each at its own pace."""

    def __init__(self, coordinator: OtaCoordinator) -> None:
        """Nothing is asked before `start`."""
        self._coordinator = coordinator
        self._timers: dict[str, Any] = {}
        self._failures: dict[str, int] = {}
        self.last_error: dict[str, str] = {}

    @callback
    def start(self) -> None:
        """Ask each source soon, then at its interval."""
        self._coordinator.entry.async_on_unload(self.stop)
        self.restart()

    @callback
    def stop(self) -> None:
        """Ask no more."""
        for cancel in self._timers.values():
            cancel()
        self._timers.clear()

    @callback
    def restart(self) -> None:
        """Follow the subentries as they are now."""
        wanted = {
            subentry.subentry_id: Source.of(subentry.data)
            for subentry in self._coordinator.entry.subentries.values()
            if subentry.subentry_type == SUBENTRY_SOURCE
        }
        for source_id in self._timers.keys() - wanted.keys():
            self._timers.pop(source_id)()
            self._recovered(source_id)
        for source_id in wanted.keys() - self._timers.keys():
            self._later(source_id, _FIRST_CHECK_S)

    def _later(self, source_id: str, seconds: float) -> None:
        delay = seconds * random.uniform(0.9, 1.1)
        self._timers[source_id] = async_call_later(self._coordinator.hass, delay, partial(self._async_check, source_id))

    async def _async_check(self, source_id: str, _: datetime) -> None:
        subentry = self._coordinator.entry.subentries.get(source_id)
        if subentry is None:
            return
        source = Source.of(subentry.data)
        try:
            await Puller(self._coordinator).async_pull(source)
        except (OtaError, HomeAssistantError) as err:
            self._failed(source_id, subentry.title, str(err))
        else:
            self._recovered(source_id)
        failures = self._failures.get(source_id, 0)
        wait = source.interval_s if not failures else min(source.interval_s, _FIRST_BACKOFF_S * 2**failures)
        if source_id in self._timers:
            self._later(source_id, wait)

    def _failed(self, source_id: str, title: str, error: str) -> None:
        failures = self._failures[source_id] = self._failures.get(source_id, 0) + 1
        self.last_error[source_id] = error
        if failures == 1:
            _LOGGER.warning("Source %s failed: %s", title, error)
        if failures == _FAILURES_TO_TELL:
            ir.async_create_issue(
                self._coordinator.hass,
                DOMAIN,
                f"source_{source_id}",
                is_fixable=False,
                severity=ir.IssueSeverity.WARNING,
                translation_key="source_failing",
                translation_placeholders={"name": title, "error": error},
            )

    def _recovered(self, source_id: str) -> None:
        self.last_error.pop(source_id, None)
        if self._failures.pop(source_id, 0):
            _LOGGER.info("Source %s can be read again", source_id)
        ir.async_delete_issue(self._coordinator.hass, DOMAIN, f"source_{source_id}")
