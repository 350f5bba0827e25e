"""Grid outages: event and triggers."""

from homeassistant.const import STATE_UNAVAILABLE, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.ecoflow.const import DOMAIN

from .conftest import DELTA_2, DELTA_PRO, CloudThread, Settle, entity_of


async def grid(cloud: CloudThread, present: bool, sn: str = DELTA_PRO) -> None:
    cloud.do("grid", sn=sn, present=present)
    cloud.report(sn)


def last_event(hass: HomeAssistant, entry: MockConfigEntry, sn: str = DELTA_PRO) -> str | None:
    state = hass.states.get(entity_of(hass, entry, sn, "grid", Platform.EVENT))
    assert state is not None
    return state.attributes.get("event_type")


async def test_the_event_reports_loss_and_restoration(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread, settle: Settle
) -> None:
    assert last_event(hass, account) is None
    await grid(cloud, present=False)
    await settle(lambda: last_event(hass, account) == "lost")
    await grid(cloud, present=True)
    await settle(lambda: last_event(hass, account) == "restored")


async def test_an_offline_device_triggers_no_event(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread, settle: Settle
) -> None:
    station = account.runtime_data.devices.devices[DELTA_PRO]
    cloud.do("online", sn=DELTA_PRO, online=False)
    await settle(lambda: not station.is_fresh)
    cloud.do("online", sn=DELTA_PRO, online=True)
    await settle(lambda: station.is_fresh)
    assert last_event(hass, account) is None


async def test_triggers_by_entity_and_by_device(
    hass: HomeAssistant, account: MockConfigEntry, cloud: CloudThread, settle: Settle
) -> None:
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, DELTA_PRO), account.entry_id)
    assert device is not None
    event = entity_of(hass, account, DELTA_PRO, "grid", Platform.EVENT)
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": [
                {
                    "alias": "lost",
                    "triggers": {"trigger": f"{DOMAIN}.grid_lost", "target": {"entity_id": event}},
                    "actions": {"event": "grid_is_lost"},
                },
                {
                    "alias": "restored",
                    "triggers": {"trigger": f"{DOMAIN}.grid_restored", "target": {"device_id": device.id}},
                    "actions": {"event": "grid_is_back"},
                },
            ]
        },
    )
    await hass.async_block_till_done()
    lost, back = async_capture_events(hass, "grid_is_lost"), async_capture_events(hass, "grid_is_back")
    await grid(cloud, present=False, sn=DELTA_2)
    await settle(lambda: last_event(hass, account, DELTA_2) == "lost")
    assert not lost, "event of another station"
    await grid(cloud, present=False)
    await settle(lambda: lost)
    assert not back
    await grid(cloud, present=True)
    await settle(lambda: back)
    assert (len(lost), len(back)) == (1, 1)

    def is_unavailable() -> bool:
        state = hass.states.get(event)
        return state is not None and state.state == STATE_UNAVAILABLE

    cloud.do("online", sn=DELTA_PRO, online=False)
    await settle(is_unavailable)
    cloud.do("online", sn=DELTA_PRO, online=True)
    await grid(cloud, present=False)
    await settle(lambda: last_event(hass, account) == "lost")
    await hass.async_block_till_done()
    assert (len(lost), len(back)) == (2, 1), "lost while the station was offline, as the router was without power too"
