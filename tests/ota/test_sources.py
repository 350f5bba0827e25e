"""Releases pulled from a web server and from GitHub's API, spoken by a server on loopback."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.ota.data import OtaData
from custom_components.ota.releases.source_client import ReleaseSource, SourceError, is_location
from custom_components.ota.rollout.errors import OtaError
from tests.ota.images import OTHER_PRIVATE, esp32_image, signed


@dataclass
class Site:
    """Files by path, with a status to answer all with."""

    files: dict[str, bytes] = field(default_factory=dict)
    status: int = 200
    url: str = ""
    asked: list[str] = field(default_factory=list)
    queries: list[tuple[str, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        self.queries.append((request.path, request.query_string))
        if self.status != 200 or request.path not in self.files:
            return web.Response(status=404 if self.status == 200 else self.status)
        return web.Response(body=self.files[request.path])

    def put(self, version: str, sequence: int, folder: str = "", private: bytes | None = None, **changes: Any) -> None:
        """Publish a release: image, manifest, signature."""
        image = esp32_image(version=version)
        name = f"thermostat-{version}.ota.bin"
        args = (image,) if private is None else (image, private)
        data, signature = signed(*args, version=version, sequence=sequence, image_url=name, **changes)
        self.files |= {
            f"{folder}/{name}": image,
            f"{folder}/thermostat.manifest.json": data,
            f"{folder}/thermostat.manifest.json.sig": signature.encode(),
        }

    def github(self, *releases: tuple[str, bool]) -> None:
        """List releases, the newest first, as GitHub does."""
        import json

        listing = [
            {
                "draft": False,
                "prerelease": beta,
                "assets": [
                    {"name": path.rpartition("/")[2], "browser_download_url": f"{self.url}{path}"}
                    for path in self.files
                    if path.startswith(f"/{tag}/")
                ],
            }
            for tag, beta in releases
        ]
        self.files["/api/repos/heat-suite/firmware/releases"] = json.dumps(listing).encode()

    @property
    def repository(self) -> str:
        return f"github:{self.url}/api:heat-suite/firmware"


@pytest.fixture
async def site(socket_enabled: None) -> AsyncIterator[Site]:
    made = Site()
    app = web.Application()
    app.router.add_get("/{tail:.*}", made.answer)
    server = TestServer(app)
    await server.start_server()
    made.url = str(server.make_url("")).rstrip("/")
    yield made
    await server.close()


async def test_a_release_is_pulled_from_a_url_once(ota: OtaData, site: Site) -> None:
    site.put("2.0.0", 20)
    source = ReleaseSource(f"{site.url}/thermostat.manifest.json")
    puller = ota.sources.client
    assert await puller.async_pull(source) == ["thermostat:esp32c3:2.0.0"]
    site.asked.clear()
    assert await puller.async_pull(source) == []
    assert not any(path.endswith(".bin") for path in site.asked)


async def test_github_releases_oldest_first_and_beta_only_if_enabled(ota: OtaData, site: Site) -> None:
    site.put("1.0.0", 10, "/v1")
    site.put("2.0.0", 20, "/v2")
    site.put("3.0.0", 30, "/v3", channel="beta")
    site.github(("v3", True), ("v2", False), ("v1", False))
    puller = ota.sources.client
    assert await puller.async_pull(ReleaseSource(site.repository)) == [
        "thermostat:esp32c3:1.0.0",
        "thermostat:esp32c3:2.0.0",
    ]
    assert await puller.async_pull(ReleaseSource(site.repository, beta=True)) == ["thermostat:esp32c3:3.0.0"]


async def test_an_older_release_that_is_refused_holds_up_no_newer_one(ota: OtaData, site: Site) -> None:
    """After a change of keys, or when old releases expired, the list still has them."""
    site.put("1.0.0", 10, "/v1", private=OTHER_PRIVATE)
    site.put("1.5.0", 15, "/v15", expires="2020-01-01T00:00:00Z")
    site.put("2.0.0", 20, "/v2")
    site.github(("v2", False), ("v15", False), ("v1", False))
    puller = ota.sources.client
    assert await puller.async_pull(ReleaseSource(site.repository)) == ["thermostat:esp32c3:2.0.0"]
    assert await puller.async_pull(ReleaseSource(site.repository)) == []
    site.put("3.0.0", 30, "/v3", private=OTHER_PRIVATE)
    site.put("1.0.0", 10, "/w", product="plug", image_project="thermostat")
    site.github(("v3", False), ("w", False), ("v2", False))
    with pytest.raises(OtaError, match="unknown_key"):
        await puller.async_pull(ReleaseSource(site.repository))
    assert set(ota.hub.state.releases) == {"thermostat:esp32c3:2.0.0", "plug:esp32c3:1.0.0"}


async def test_a_manifest_behind_a_query_has_its_signature_behind_the_same(ota: OtaData, site: Site) -> None:
    site.put("2.0.0", 20)
    found = await ota.sources.client.async_pull(ReleaseSource(f"{site.url}/thermostat.manifest.json?token=a%2Fb"))
    assert found == ["thermostat:esp32c3:2.0.0"]
    assert all("token" in query for path, query in site.queries if ".manifest.json" in path)


async def test_a_manifest_of_the_beta_channel_is_left_by_a_stable_source(ota: OtaData, site: Site) -> None:
    site.put("3.0.0", 30, channel="beta")
    assert await ota.sources.client.async_pull(ReleaseSource(f"{site.url}/thermostat.manifest.json")) == []


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda site: site.put("2.0.0", 20, private=OTHER_PRIVATE), "unknown_key"),
        (lambda site: site.files.update({"/thermostat.manifest.json.sig": b""}), "unsigned"),
        (lambda site: site.files.update({"/thermostat-2.0.0.ota.bin": b"\xe9" + bytes(600)}), "wrong_chip"),
        (lambda site: site.files.update({"/thermostat-2.0.0.ota.bin": bytes(17_000_000)}), "not_an_image|too_large"),
        (lambda site: site.files.update({"/thermostat.manifest.json": b"{" + bytes(70_000)}), "source_unreadable"),
        (lambda site: site.files.pop("/thermostat-2.0.0.ota.bin"), "source_unreachable"),
        (lambda site: setattr(site, "status", 500), "source_unreachable"),
    ],
)
async def test_invalid_values_are_rejected(ota: OtaData, site: Site, spoil: Any, error: str) -> None:
    site.put("2.0.0", 20)
    spoil(site)
    with pytest.raises((OtaError, SourceError)) as caught:
        await ota.sources.client.async_pull(ReleaseSource(f"{site.url}/thermostat.manifest.json"))
    code = getattr(caught.value, "code", None) or caught.value.translation_key  # type: ignore[union-attr]
    assert code in error.split("|")
    assert not ota.hub.state.releases
    assert not list((ota.images.store.folder / "incoming").iterdir())


@pytest.mark.parametrize(
    ("listing", "location", "code"),
    [
        (b"{}", "{repository}", "source_unreadable"),
        (b"not json", "{repository}", "source_unreadable"),
        (b"[]", "github:nothing", "source_unreadable"),
    ],
)
async def test_a_repository_that_cannot_be_read(
    ota: OtaData, site: Site, listing: bytes, location: str, code: str
) -> None:
    site.files["/api/repos/heat-suite/firmware/releases"] = listing
    with pytest.raises(SourceError) as caught:
        await ota.sources.client.async_pull(ReleaseSource(location.replace("{repository}", site.repository)))
    assert caught.value.translation_key == code


async def test_a_manifest_without_a_place_for_its_image(ota: OtaData, site: Site) -> None:
    image = esp32_image()
    for extra in ({}, {"image_url": "elsewhere.bin"}):
        data, signature = signed(image, **extra)
        site.files = {"/v1/a.manifest.json": data, "/v1/a.manifest.json.sig": signature.encode()}
        site.github(("v1", False))
        with pytest.raises(OtaError, match="no_image_url"):
            await ota.sources.client.async_pull(ReleaseSource(site.repository))


async def test_no_devices(ota: OtaData, socket_enabled: None) -> None:
    with pytest.raises(SourceError) as caught:
        await ota.sources.client.async_pull(ReleaseSource("http://127.0.0.1:9/x.manifest.json"))
    assert caught.value.translation_key == "source_unreachable"


async def add(hass: HomeAssistant, entry: MockConfigEntry, location: str) -> Any:
    result = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "source"), context={"source": SOURCE_USER}
    )
    values = {"name": "Ours", "location": location, "beta": False, "interval_h": 6}
    return await hass.config_entries.subentries.async_configure(result["flow_id"], values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.org/a.manifest.json", True),
        ("http://[::1]:8080/a.manifest.json", True),
        ("github:owner/name", True),
        ("github:https://host/api/v3:owner/name", True),
        ("github:owner", False),
        ("github:owner/", False),
        ("github:nonsense:owner/name", False),
        ("nonsense", False),
        ("https:///a", False),
        ("http://[", False),
        ("ftp://example.org/a", False),
    ],
)
def test_where_a_source_can_be(text: str, *, expected: bool) -> None:
    assert is_location(text) is expected


async def test_the_flow_tries_the_source_first(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, site: Site
) -> None:
    site.put("2.0.0", 20, private=OTHER_PRIVATE)
    location = f"{site.url}/thermostat.manifest.json"
    result = await add(hass, entry, location)
    assert result["errors"] == {"base": "unknown_key"}
    site.status = 500
    values = {"name": "Ours", "location": f" {location} ", "beta": False, "interval_h": 6}
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], {**values, "location": "github:x"})
    assert result["errors"] == {"location": "bad_location"}
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], values)
    assert result["errors"] == {"base": "source_unreachable"}
    assert result["description_placeholders"]["error"] == f"{location}: HTTP 500"
    site.status = 200
    site.put("2.0.0", 20)
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], values)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert len(ota.hub.state.releases) == 1
    assert (await add(hass, entry, location))["reason"] == "already_configured"


async def test_a_source_is_changed(hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, site: Site) -> None:
    site.put("2.0.0", 20)
    await add(hass, entry, f"{site.url}/thermostat.manifest.json")
    (subentry,) = entry.subentries.values()
    result = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "source"),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": subentry.subentry_id},
    )
    assert result["step_id"] == "reconfigure"
    values = {"name": "Other", "location": subentry.data["location"], "beta": True, "interval_h": 12}
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], values)
    assert result["reason"] == "reconfigure_successful"
    assert entry.subentries[subentry.subentry_id].title == "Other"


async def test_sources_are_polled_and_failures_reported(
    hass: HomeAssistant, ota: OtaData, entry: MockConfigEntry, site: Site
) -> None:
    site.put("2.0.0", 20)
    await add(hass, entry, f"{site.url}/thermostat.manifest.json")
    await hass.async_block_till_done()
    (subentry_id,) = entry.subentries
    issue = f"source_{subentry_id}"
    site.put("3.0.0", 30)
    await _later(hass, 30)
    assert "thermostat:esp32c3:3.0.0" in ota.hub.state.releases
    site.status = 503
    now = 6.7 * 3600
    for _ in range(3):
        await _later(hass, now)
        now += 6 * 3600
    registry = ir.async_get(hass)
    assert registry.async_get_issue("ota", issue) is not None
    assert ota.sources.last_error
    site.status = 200
    await _later(hass, now + 6 * 3600)
    assert registry.async_get_issue("ota", issue) is None
    hass.config_entries.async_remove_subentry(entry, subentry_id)
    await hass.async_block_till_done()
    site.asked.clear()
    await _later(hass, now + 40 * 3600)
    assert not site.asked


async def _later(hass: HomeAssistant, seconds: float) -> None:
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=seconds))
    await hass.async_block_till_done(wait_background_tasks=True)
