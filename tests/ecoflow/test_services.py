"""Actions: charge power, refresh, raw commands."""

from typing import Any

from homeassistant.auth.const import GROUP_ID_READ_ONLY, GROUP_ID_USER
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, Unauthorized, UnknownUser
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.ecoflow.const import DOMAIN

from .conftest import DELTA_PRO, CloudThread


@pytest.fixture
def device_id(hass: HomeAssistant, account: MockConfigEntry) -> str:
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, DELTA_PRO), account.entry_id)
    assert device is not None
    return device.id


async def call(hass: HomeAssistant, service: str, context: Context | None = None, **data: Any) -> Any:
    wants_reply = service == "send_raw"
    return await hass.services.async_call(
        DOMAIN, service, data, blocking=True, context=context, return_response=wants_reply
    )


async def test_charge_power(hass: HomeAssistant, cloud: CloudThread, device_id: str) -> None:
    await call(hass, "set_charge_power", device_id=device_id, power=1300)
    assert cloud.device(DELTA_PRO).report()["inv.cfgSlowChgWatts"] == 1300


async def test_charge_power_out_of_the_models_range(hass: HomeAssistant, device_id: str) -> None:
    with pytest.raises(HomeAssistantError) as raised:
        await call(hass, "set_charge_power", device_id=device_id, power=100)
    assert raised.value.translation_key == "out_of_range"
    assert raised.value.translation_placeholders == {"value": "100", "minimum": "200", "maximum": "2900"}


async def test_charge_power_of_a_device_without_one(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread
) -> None:
    sn = cloud.do("add", model="smart_plug")
    await account.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, sn), account.entry_id)
    assert device is not None
    with pytest.raises(HomeAssistantError) as raised:
        await call(hass, "set_charge_power", device_id=device.id, power=500)
    assert raised.value.translation_key == "no_charge_power"


async def test_refresh(hass: HomeAssistant, cloud: CloudThread, device_id: str) -> None:
    before = cloud.cloud.api.requests["GET /device/quota/all"]
    await call(hass, "refresh", device_id=device_id)
    assert cloud.cloud.api.requests["GET /device/quota/all"] == before + 1


async def test_a_raw_command_returns_the_devices_answer(
    hass: HomeAssistant, cloud: CloudThread, device_id: str
) -> None:
    command = {"params": {"cmdSet": 32, "id": 39, "lcdTime": 60}}
    assert await call(hass, "send_raw", device_id=device_id, command=command) == {"reply": {"ack": 0}}
    assert cloud.device(DELTA_PRO).report()["pd.lcdOffSec"] == 60
    await hass.services.async_call(DOMAIN, "send_raw", {"device_id": device_id, "command": command}, blocking=True)


@pytest.mark.parametrize("command", [{}, {"sn": "OTHER", "params": {}}])
async def test_a_raw_command_must_not_contain_reserved_fields(
    hass: HomeAssistant, device_id: str, command: dict[str, Any]
) -> None:
    with pytest.raises(HomeAssistantError) as raised:
        await call(hass, "send_raw", device_id=device_id, command=command)
    assert raised.value.translation_key == "raw_command"


async def test_other_devices_are_rejected(hass: HomeAssistant, account: MockConfigEntry, device_id: str) -> None:
    hub = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, account.entry_id), account.entry_id)
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    foreign = dr.async_get(hass).async_get_or_create(config_entry_id=other.entry_id, identifiers={("other", "1")})
    assert hub is not None
    for wrong in ("nonsense", hub.id, foreign.id):
        with pytest.raises(HomeAssistantError) as raised:
            await call(hass, "refresh", device_id=wrong)
        assert raised.value.translation_key == "no_device"


async def test_a_device_of_an_account_that_is_not_loaded(
    hass: HomeAssistant, account: MockConfigEntry, device_id: str
) -> None:
    await hass.config_entries.async_unload(account.entry_id)
    with pytest.raises(HomeAssistantError) as raised:
        await call(hass, "refresh", device_id=device_id)
    assert raised.value.translation_key == "not_loaded"


@pytest.mark.parametrize(
    ("service", "data"),
    [
        ("set_charge_power", {"power": 500}),
        ("refresh", {}),
        ("send_raw", {"command": {"params": {"cmdSet": 32, "id": 39, "lcdTime": 60}}}),
    ],
)
async def test_users_without_permission_are_rejected(
    hass: HomeAssistant, device_id: str, service: str, data: dict[str, Any]
) -> None:
    reader = MockUser(groups=[await hass.auth.async_get_group(GROUP_ID_READ_ONLY)]).add_to_hass(hass)
    with pytest.raises(Unauthorized):
        await call(hass, service, Context(user_id=reader.id), device_id=device_id, **data)
    with pytest.raises(UnknownUser):
        await call(hass, service, Context(user_id="nobody"), device_id=device_id, **data)


async def test_raw_commands_need_an_administrator(
    hass: HomeAssistant, cloud: CloudThread, device_id: str, hass_admin_user: MockUser
) -> None:
    user = MockUser(groups=[await hass.auth.async_get_group(GROUP_ID_USER)]).add_to_hass(hass)
    command = {"params": {"cmdSet": 32, "id": 39, "lcdTime": 60}}
    with pytest.raises(Unauthorized):
        await call(hass, "send_raw", Context(user_id=user.id), device_id=device_id, command=command)
    await call(hass, "set_charge_power", Context(user_id=user.id), device_id=device_id, power=800)
    await call(hass, "send_raw", Context(user_id=hass_admin_user.id), device_id=device_id, command=command)
    assert cloud.device(DELTA_PRO).report()["pd.lcdOffSec"] == 60
