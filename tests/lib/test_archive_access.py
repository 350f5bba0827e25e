"""Who may read stored data."""

from homeassistant.auth.models import Group, User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized, UnknownUser
import pytest

from lib.archive_access import async_reader

FIELDS = {"temperature": "sensor.temperature", "pressure": "sensor.pressure", "latitude": None}


def restrict(user: User, *entity_ids: str) -> None:
    """Let a user read some entities only."""
    policy = {"entities": {"entity_ids": {entity_id: {"read": True} for entity_id in entity_ids}}}
    user.groups = [Group(name="Guests", policy=policy)]
    user.invalidate_cache()


async def test_home_assistant_administrators_and_the_read_only_group_read_everything(
    hass: HomeAssistant, hass_admin_user: User, hass_read_only_user: User
) -> None:
    for user_id in (None, hass_admin_user.id, hass_read_only_user.id):
        reader = await async_reader(hass, Context(user_id=user_id))
        assert reader.reads_all
        assert reader.may_read("sensor.temperature")
        assert reader.may_read(None)
        assert reader.fields(FIELDS) is None
        assert reader.fields(FIELDS, ["heap"]) == ["heap"]
        reader.require(None)


async def test_others_read_what_their_entities_show(hass: HomeAssistant, hass_read_only_user: User) -> None:
    restrict(hass_read_only_user, "sensor.temperature")
    reader = await async_reader(hass, Context(user_id=hass_read_only_user.id))
    assert reader.may_read("sensor.temperature")
    assert not reader.may_read("sensor.pressure")
    assert not reader.may_read(None), "no entity shows it"
    assert reader.fields(FIELDS) == ["temperature"]
    assert reader.fields(FIELDS, ["pressure", "temperature", "latitude", "heap"]) == ["temperature"]
    for wanted in (["latitude"], ["heap"], ["pressure"]):
        with pytest.raises(Unauthorized):
            reader.fields(FIELDS, wanted)
    with pytest.raises(Unauthorized):
        reader.require("sensor.pressure")


async def test_a_user_without_rights_and_an_unknown_one(hass: HomeAssistant, hass_read_only_user: User) -> None:
    restrict(hass_read_only_user)
    reader = await async_reader(hass, Context(user_id=hass_read_only_user.id))
    with pytest.raises(Unauthorized):
        reader.fields(FIELDS)
    with pytest.raises(UnknownUser):
        await async_reader(hass, Context(user_id="somebody"))
