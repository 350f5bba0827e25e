"""Who may read the archive: what the entities show, positions included."""

from datetime import timedelta
from typing import Any

from homeassistant.auth.models import Group, User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, UnknownUser
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest

from custom_components.edge_telemetry.const import DOMAIN
from custom_components.edge_telemetry.data import EdgeData

from .conftest import Publish
from .test_ingest import query

CABIN = "van/env/cabin/data"


async def rows(hass: HomeAssistant, user: User | None, aggregation: str) -> list[dict[str, Any]]:
    await query(hass)
    answer: Any = await hass.services.async_call(
        DOMAIN,
        "query_measurements",
        {"start": dt_util.utcnow() - timedelta(hours=1), "aggregation": aggregation},
        blocking=True,
        return_response=True,
        context=Context(user_id=None if user is None else user.id),
    )
    return list(answer["rows"])


@pytest.fixture
async def measured(hass: HomeAssistant, data: EdgeData, publish: Publish) -> None:
    """Two devices; one of them has a position."""
    await publish(CABIN, {"temperature_c": 20.0, "latitude": 60.2, "longitude": 24.9})
    await publish("van/env/tank/data", {"temperature_c": 10.0})


@pytest.mark.usefixtures("measured")
async def test_a_user_reads_what_the_entities_show(hass: HomeAssistant, hass_read_only_user: User) -> None:
    for user in (None, hass_read_only_user):
        raw = await rows(hass, user, "raw")
        assert sorted(row["device"] for row in raw) == ["cabin", "tank"]
        assert next(row["metrics"] for row in raw if row["device"] == "cabin")["latitude"] == 60.2


@pytest.mark.usefixtures("measured")
async def test_other_metrics_and_positions_are_not_in_the_answer(
    hass: HomeAssistant, hass_read_only_user: User
) -> None:
    policy = {"entities": {"entity_ids": {"sensor.van_cabin_temperature": {"read": True}}}}
    user = hass_read_only_user
    user.groups = [Group(name="Guests", policy=policy)]
    user.invalidate_cache()
    (raw,) = await rows(hass, user, "raw")
    assert (raw["device"], raw["metrics"]) == ("cabin", {"temperature_c": 20.0})
    hours = await rows(hass, user, "hour")
    assert {(row["device"], row["metric"]) for row in hours} == {("cabin", "temperature_c")}


@pytest.mark.usefixtures("measured")
async def test_a_user_that_does_not_exist_reads_nothing(hass: HomeAssistant) -> None:
    with pytest.raises(UnknownUser):
        await hass.services.async_call(
            DOMAIN,
            "query_measurements",
            {"start": dt_util.utcnow() - timedelta(hours=1)},
            blocking=True,
            return_response=True,
            context=Context(user_id="nobody"),
        )


@pytest.mark.usefixtures("measured")
async def test_deeply_nested_parameters_are_a_clear_error(hass: HomeAssistant) -> None:
    nested: Any = 1
    for _ in range(400):
        nested = {"a": nested}
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, "01EDGE_van/env/cabin"), "01EDGE")
    assert device is not None
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call(
            DOMAIN,
            "send_command",
            {"device_id": device.id, "command": "restart", "params": nested},
            blocking=True,
            return_response=True,
        )
    assert caught.value.translation_key == "params_invalid"
