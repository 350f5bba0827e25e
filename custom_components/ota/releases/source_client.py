"""Read release sources: a signed manifest at a URL, or the releases of a GitHub repository.

Only signed releases are imported.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import urljoin, urlsplit

from aiohttp import ClientError, ClientTimeout
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .._lib.request_errors import reason_of
from ..const import CONF_BETA, CONF_INTERVAL_H, CONF_LOCATION, DOMAIN
from ..hub import OtaHub
from ..rollout.errors import OtaError, ReleaseError
from ..rollout.manifest import MAX_BYTES, Channel, Manifest, parse, verify
from ..settings import Settings
from .importer import ReleaseImporter, SignedManifest

GITHUB_API: Final = "https://api.github.com"
MANIFEST_SUFFIX: Final = ".manifest.json"
SIGNATURE_SUFFIX: Final = ".sig"
_METADATA_TIMEOUT: Final = ClientTimeout(total=30)
_IMAGE_TIMEOUT: Final = ClientTimeout(total=900, sock_connect=20, sock_read=30)
_MAX_LIST_BYTES: Final = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ReleaseSource:
    """A release source: the URL of a manifest, or `github:owner/name`."""

    location: str
    beta: bool = False
    interval_s: float = 21_600.0

    @classmethod
    def from_subentry(cls, data: Mapping[str, Any]) -> Self:
        """Create the source that a subentry describes."""
        return cls(data[CONF_LOCATION], data.get(CONF_BETA, False), float(data.get(CONF_INTERVAL_H, 6)) * 3600)


@dataclass(frozen=True, slots=True)
class SourceManifest:
    """The URLs of a manifest, its signature and the files published with it."""

    manifest_url: str
    signature_url: str
    files: Mapping[str, str]
    """File name -> URL; empty if names are relative to the manifest."""


class SourceError(HomeAssistantError):
    """A release source cannot be read."""

    def __init__(self, key: str, error: str) -> None:
        """Create the error with a translation key."""
        super().__init__(
            translation_domain=DOMAIN, translation_key=key, translation_placeholders={"error": error[:200]}
        )


class SourceClient:
    """Reads release sources and imports their new releases."""

    def __init__(self, hass: HomeAssistant, hub: OtaHub, importer: ReleaseImporter, settings: Settings) -> None:
        """Create the client of a config entry."""
        self._hub = hub
        self._importer = importer
        self._settings = settings
        self._session = async_get_clientsession(hass)

    async def async_list(self, source: ReleaseSource) -> list[SourceManifest]:
        """Return the manifests of a source, the oldest first.

        Raises:
            SourceError: It cannot be read.
        """
        if not source.location.startswith("github:"):
            return [SourceManifest(source.location, _signature_url(source.location), {})]
        api, repository = _github_repository(source.location)
        data = await self._async_json(f"{api}/repos/{repository}/releases?per_page=10")
        if not isinstance(data, list):
            raise SourceError("source_unreadable", "no list of releases")
        releases = [r for r in data if isinstance(r, dict) and not r.get("draft")]
        manifests: list[SourceManifest] = []
        for release in reversed(releases):
            if source.beta or not release.get("prerelease"):
                manifests += _manifests_in(release)
        return manifests

    async def async_pull(self, source: ReleaseSource) -> list[str]:
        """Import the new releases of a source and return their IDs.

        A rejected release does not prevent newer ones. It is an error only if no newer one for the same product and
        chip was accepted: of ten releases the older ones may have expired, or be signed by a previous key.

        Raises:
            SourceError: The source cannot be read.
            OtaError: A release was rejected.
        """
        imported: list[str] = []
        rejected: dict[str, OtaError] = {}
        for source_manifest in await self.async_list(source):
            data = await self._async_bytes(source_manifest.manifest_url, MAX_BYTES)
            signature = (await self._async_bytes(source_manifest.signature_url, 1024)).decode("ascii", "replace")
            slot = _unverified_slot(data)
            try:
                manifest = verify(data, signature, self._settings.signing_keys, now=self._hub.now)
                if manifest.channel is Channel.BETA and not source.beta:
                    continue
                if self._is_new(manifest):
                    chunks = self._async_stream(_image_url(source_manifest, manifest), _IMAGE_TIMEOUT)
                    signed = SignedManifest(data, signature)
                    release = await self._importer.async_import(chunks, signed, expected_size=manifest.size)
                    imported.append(release.release_id)
                rejected.pop(slot, None)
            except OtaError as err:
                rejected[slot] = err
        for error in rejected.values():
            raise error
        return imported

    def _is_new(self, manifest: Manifest) -> bool:
        highest = self._hub.state.sequences.get(f"{manifest.product}/{manifest.chip}", -1)
        return manifest.sequence > highest

    async def _async_json(self, url: str) -> Any:
        import orjson

        try:
            return orjson.loads(await self._async_bytes(url, _MAX_LIST_BYTES))
        except orjson.JSONDecodeError as err:
            raise SourceError("source_unreadable", str(err)) from err

    async def _async_bytes(self, url: str, limit: int) -> bytes:
        data = bytearray()
        async for chunk in self._async_stream(url, _METADATA_TIMEOUT):
            data += chunk
            if len(data) > limit:
                raise SourceError("source_unreadable", f"{_redacted(url)} is too long")
        return bytes(data)

    async def _async_stream(self, url: str, limits: ClientTimeout) -> AsyncIterator[bytes]:
        try:
            async with self._session.get(url, timeout=limits, headers={"Accept": "*/*"}) as response:
                if response.status != 200:
                    raise SourceError("source_unreachable", f"{_redacted(url)}: HTTP {response.status}")
                async for chunk in response.content.iter_chunked(256 * 1024):
                    yield chunk
        except (ClientError, TimeoutError, ValueError) as err:
            raise SourceError("source_unreachable", f"{_redacted(url)}: {reason_of(err)}") from err


def _unverified_slot(data: bytes) -> str:
    """Return `product/chip` of a manifest before its signature is checked; only used to group rejections."""
    try:
        manifest = parse(data)
    except OtaError:
        return ""
    return f"{manifest.product}/{manifest.chip}"


def _signature_url(url: str) -> str:
    """Return the URL of a manifest's signature; a query with credentials is kept."""
    parts = urlsplit(url)
    return parts._replace(path=parts.path + SIGNATURE_SUFFIX).geturl()


def _redacted(url: str) -> str:
    """Return a URL without credentials and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def is_location(text: str) -> bool:
    """Return whether the text is a URL or a GitHub repository."""
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


def _github_repository(location: str) -> tuple[str, str]:
    """Return API URL and repository of `github:owner/name` or `github:https://host/api/v3:owner/name`."""
    rest = location.removeprefix("github:")
    api, separator, repository = rest.rpartition(":")
    if not separator:
        api, repository = GITHUB_API, rest
    if repository.count("/") != 1 or not all(repository.split("/")):
        raise SourceError("source_unreadable", "owner/name is required")
    return api.rstrip("/"), repository


def _manifests_in(release: Mapping[str, Any]) -> list[SourceManifest]:
    """Return the signed manifests among the assets of a GitHub release."""
    files = {
        str(asset["name"]): str(asset["browser_download_url"])
        for asset in release.get("assets", ())
        if isinstance(asset, dict) and "name" in asset and "browser_download_url" in asset
    }
    return [
        SourceManifest(url, files[name + SIGNATURE_SUFFIX], files)
        for name, url in sorted(files.items())
        if name.endswith(MANIFEST_SUFFIX) and name + SIGNATURE_SUFFIX in files
    ]


def _image_url(source_manifest: SourceManifest, manifest: Manifest) -> str:
    name = manifest.image_url
    if name is None or (source_manifest.files and name not in source_manifest.files):
        raise ReleaseError("no_image_url", version=manifest.version)
    return source_manifest.files[name] if source_manifest.files else urljoin(source_manifest.manifest_url, name)
