"""Keys: none is lost or brought back when several change at once."""

import asyncio
from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest

from custom_components.ota._lib.device_keys import KeyMatch
from custom_components.ota.devices.key_store import ROTATION_GRACE, IssuedSecrets, KeyStore
from custom_components.ota.storage import OtaStore

NOW = dt_util.utcnow()


@pytest.fixture(autouse=True)
def a_disk_takes_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's store answers at once, which no disk does."""
    save = OtaStore.async_save_durably

    async def slow(self: OtaStore, data: dict[str, Any]) -> None:
        await asyncio.sleep(0.01)
        await save(self, data)

    monkeypatch.setattr(OtaStore, "async_save_durably", slow)


def match(keys: KeyStore, uid: str, key: str, now: Any = NOW) -> KeyMatch:
    ring = keys.header_keys(uid)
    assert ring is not None
    return ring.match(key, now)


async def again(hass: HomeAssistant) -> KeyStore:
    """As after a restart."""
    keys = KeyStore(hass)
    await keys.async_load()
    return keys


async def test_changes_at_once_do_not_undo_each_other(hass: HomeAssistant, hass_storage: dict[str, Any]) -> None:
    keys = KeyStore(hass)
    await keys.async_set_secrets("old", IssuedSecrets("old-key", "old-url"))
    made = await asyncio.gather(
        keys.async_set_secrets("new", IssuedSecrets("new-key", "new-url")),
        keys.async_confirm("old"),
        keys.async_issue("other", NOW),
        keys.async_issue_upload(),
    )
    for known in (keys, await again(hass)):
        assert known.devices.keys() == {"old", "new", "other"}
        assert known.devices["old"].confirmed
        assert match(known, "new", "new-key") is KeyMatch.CURRENT
        assert match(known, "other", made[2].key) is KeyMatch.CURRENT
        assert known.upload.match(made[3], NOW) is KeyMatch.CURRENT
        found = known.find_by_url_token("new-url", NOW)
        assert found is not None
        assert found[0] == "new"


async def test_a_removed_device_is_not_restored(hass: HomeAssistant, hass_storage: dict[str, Any]) -> None:
    keys = KeyStore(hass)
    await keys.async_set_secrets("a", IssuedSecrets("key", "url"))
    await asyncio.gather(keys.async_revoke("a"), keys.async_confirm("a"))
    assert not keys.devices
    assert not (await again(hass)).devices
    assert keys.find_by_url_token("url", NOW) is None


async def test_the_key_in_use_survives_two_rotations(hass: HomeAssistant, hass_storage: dict[str, Any]) -> None:
    keys = KeyStore(hass)
    await keys.async_set_secrets("a", IssuedSecrets("first", "u"))
    second = (await keys.async_issue("a", NOW)).key
    third = (await keys.async_issue("a", NOW + timedelta(days=3))).key
    assert match(keys, "a", "first") is KeyMatch.PREVIOUS
    assert match(keys, "a", second) is KeyMatch.NONE  # it was never used
    assert match(keys, "a", third) is KeyMatch.CURRENT
    assert match(keys, "a", "first", NOW + timedelta(days=3) + ROTATION_GRACE) is KeyMatch.NONE
    await keys.async_key_used("a", KeyMatch.CURRENT, url=False)
    assert match(keys, "a", "first") is KeyMatch.NONE
    fourth = (await keys.async_issue("a", NOW + timedelta(days=30))).key
    assert (match(keys, "a", third), match(keys, "a", fourth)) == (KeyMatch.PREVIOUS, KeyMatch.CURRENT)


async def test_a_rotation_during_the_first_use_of_a_key_keeps_it(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    keys = KeyStore(hass)
    await keys.async_set_secrets("a", IssuedSecrets("first", "u"))
    second = (await keys.async_issue("a", NOW)).key
    third, _ = await asyncio.gather(keys.async_issue("a", NOW), keys.async_key_used("a", KeyMatch.CURRENT, url=False))
    assert match(keys, "a", third.key) is KeyMatch.CURRENT
    assert match(keys, "a", second) is KeyMatch.PREVIOUS


async def test_what_could_not_be_saved_is_not_valid(
    hass: HomeAssistant, hass_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = KeyStore(hass)

    async def fail(_: Any) -> None:
        raise HomeAssistantError("full")

    monkeypatch.setattr(keys._store, "async_save_durably", fail)
    with pytest.raises(HomeAssistantError):
        await keys.async_set_secrets("a", IssuedSecrets("key", "url"))
    assert not keys.devices
