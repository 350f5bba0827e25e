"""Home Assistant with the integration set up, a fleet of stand-alone devices, signed releases."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
import shutil
import sqlite3
import tempfile
from types import MappingProxyType
from typing import Any

from aiohttp import FormData
from aiohttp.test_utils import TestClient
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ota.data import OtaData
from custom_components.ota.devices.key_store import IssuedSecrets
from custom_components.ota.rollout.record_store import RecordStore
from tests.ota.images import esp32_image, public_key, signed

DOMAIN = "ota"
type Client = TestClient[Any, Any]


@pytest.fixture(autouse=True)
def config_folder(request: pytest.FixtureRequest) -> None:
    """Images are stored below the configuration folder: give each test its own."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("hass").config.config_dir = str(request.getfixturevalue("tmp_path"))


@pytest.fixture(autouse=True)
def unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """No dialog has to see a progress."""
    monkeypatch.setattr("custom_components.ota.flows.upload.MIN_PROGRESS_S", 0)


@pytest.fixture
def all_enabled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entities that are disabled by default are enabled."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)


@pytest.fixture
def options() -> dict[str, Any]:
    """The entry's options; override for others."""
    return {"require_signature": True, "signing_keys": [public_key().raw.hex()]}


@pytest.fixture
def entry(hass: HomeAssistant, options: dict[str, Any]) -> MockConfigEntry:
    """The entry, added and not set up."""
    made = MockConfigEntry(domain=DOMAIN, title="OTA", options=options)
    made.add_to_hass(hass)
    return made


@pytest.fixture
async def ota(hass: HomeAssistant, entry: MockConfigEntry) -> OtaData:
    """The entry, set up."""
    for component in ("http", "websocket_api", "repairs"):
        assert await async_setup_component(hass, component, {})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass)
    found: OtaData = entry.runtime_data
    return found


@pytest.fixture
async def client(ota: OtaData, hass_client_no_auth: ClientSessionGenerator) -> Client:
    """HTTP without Home Assistant's authentication, as devices call."""
    return await hass_client_no_auth()


@pytest.fixture
async def admin(ota: OtaData, hass_client: ClientSessionGenerator) -> Client:
    """HTTP as an administrator."""
    return await hass_client()


@dataclass(frozen=True)
class Registered:
    """A stand-alone device with its secrets, and how it calls."""

    uid: str
    issued: IssuedSecrets
    client: Client

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Device-Key": self.issued.key}

    async def check(self, **said: Any) -> dict[str, Any]:
        """Ask for an update."""
        reply = await self.client.post(f"/api/ota/v1/devices/{self.uid}/check/", json=said, headers=self.headers)
        assert reply.status == 200, await reply.text()
        result: dict[str, Any] = await reply.json()
        return result

    async def status(self, job: str, state: str, **said: Any) -> dict[str, Any]:
        """Report."""
        body = {"job": job, "state": state, **said}
        reply = await self.client.post(f"/api/ota/v1/devices/{self.uid}/status/", json=body, headers=self.headers)
        return {"status": reply.status, **await reply.json()}

    async def update(self, version: str, boots: int = 2) -> dict[str, Any]:
        """Go the whole way."""
        update = (await self.check(version="1.0.0", boot_count=boots - 1))["update"]
        assert update is not None
        reply = await self.client.get(update["url"], headers=self.headers)
        assert reply.status == 200
        await reply.read()
        await self.status(update["job"], "rebooting")
        await self.check(version=version, boot_count=boots)
        return dict(update)


type AddDevice = Callable[..., Awaitable[Registered]]


@pytest.fixture
def add_device(hass: HomeAssistant, entry: MockConfigEntry, ota: OtaData, client: Client) -> AddDevice:
    """Register a stand-alone device as the flow does."""

    async def add(uid: str = "dev-1", **data: Any) -> Registered:
        issued = await ota.keys.async_issue(uid, dt_util.utcnow())
        facts = {"device_id": uid, "product": "thermostat", "chip": "esp32c3", **data}
        subentry = ConfigSubentry(
            data=MappingProxyType(facts), subentry_type="device", title=uid.title(), unique_id=uid
        )
        hass.config_entries.async_add_subentry(entry, subentry)
        await hass.async_block_till_done()
        return Registered(uid, issued, client)

    return add


def form(image: bytes | None, **fields: str) -> FormData:
    """An upload's body: fields first, the image last."""
    data = FormData()
    for name, value in fields.items():
        data.add_field(name, value)
    if image is not None:
        data.add_field("image", image, filename="firmware.bin", content_type="application/octet-stream")
    return data


type FullDisk = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> FullDisk:
    """A context in which the database cannot be written."""

    @contextmanager
    def full() -> Iterator[None]:
        def refuse(*_: object) -> None:
            err = sqlite3.OperationalError("database or disk is full")
            err.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise err

        with monkeypatch.context() as patched:
            patched.setattr("custom_components.ota.rollout.database._write", refuse)
            yield

    return full


def state_folder(hass: HomeAssistant) -> Path:
    """Where the state is stored."""
    return Path(hass.config.path(".storage/ota.state"))


def stored(hass: HomeAssistant) -> dict[tuple[str, str], Any]:
    """What a start after kill -9 reads: the files as they are now."""
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(state_folder(hass), Path(folder, "state"))
        records = RecordStore(copy)
        found = dict(records.read({}))
        records.database.close()
        return found


type Release = Callable[..., Awaitable[bytes]]


@pytest.fixture
def release(admin: Client) -> Release:
    """Upload a signed release; returns the image."""

    async def upload(
        version: str = "2.0.0", sequence: int = 20, *, payload: bytes = b"", chip_id: int = 5, **changes: Any
    ) -> bytes:
        image = esp32_image(version=version, payload=payload, chip_id=chip_id)
        manifest, signature = signed(image, version=version, sequence=sequence, **changes)
        reply = await admin.post(
            "/api/ota/releases/", data=form(image, manifest=manifest.decode(), signature=signature)
        )
        assert reply.status == 201, await reply.text()
        return image

    return upload


async def settled(hass: HomeAssistant) -> None:
    """States are written some turns of the loop after what they show."""
    for _ in range(3):
        await hass.async_block_till_done()
        await asyncio.sleep(0)
        for entry in hass.config_entries.async_loaded_entries(DOMAIN):
            while len(entry.runtime_data.hub.dispatcher._pending):  # noqa: ASYNC110 - it ends within some turns of the loop
                await asyncio.sleep(0)


async def act(hass: HomeAssistant, action: str, *, response: bool = False, **data: Any) -> Any:
    """Call an action of ours."""
    return await hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=response)


async def rollout(hass: HomeAssistant, version: str = "2.0.0", **data: Any) -> str:
    """Create a rollout to all; returns its id."""
    data = {"strategy": "all", "product": "thermostat", "version": version, **data}
    reply = await act(hass, "create_rollout", response=True, **data)
    found: str = reply["rollout"]
    await settled(hass)
    return found
