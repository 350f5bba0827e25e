"""Central Control Units in the fleet that `ota` updates."""

from itertools import count

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant

from custom_components.smart_outlet import ota
from tests.fleet_contract import assert_fleet_contract

from .conftest import MakeCcu, outlet_data


async def test_the_fleet_contract(hass: HomeAssistant, make_ccu: MakeCcu) -> None:
    first = await make_ccu("01", (outlet_data("FE"),), key="the-Key-of-01")
    await make_ccu("02", (outlet_data("FD"),), key="the-Key-of-02")
    versions = count(1)

    async def change() -> None:
        body = {"ccu_id": "01", "current_ma": 1, "firmware": f"2.0.{next(versions)}"}
        assert (await first.post("/api/breaker-data/?v=2", body))[0] == 200

    keys = {"ccu-01": "the-Key-of-01", "ccu-02": "the-Key-of-02"}
    fleet = await assert_fleet_contract(hass, ota, keys=keys, change=change)
    device = fleet.devices()["ccu-01"]
    assert (device.product, device.chip, device.installed_version) == ("smart-outlet-ccu", "esp32", "2.0.2")
    # The chip is the one that the CCU reports; an unknown one is an error of this field alone.
    for sent, known in (("esp32c3", "esp32c3"), ("z80", "esp32c3"), (None, "esp32c3"), ("esp32s3", "esp32s3")):
        body = {"ccu_id": "01", "current_ma": 1, "firmware": "2.0.9", "chip": sent}
        assert (await first.post("/api/breaker-data/?v=2", body))[0] == (400 if sent == "z80" else 200)
        assert fleet.devices()["ccu-01"].chip == known
    assert device.device_registry_id == first.hub.info.device_registry_id


async def test_the_fleet_follows_added_removed_and_calling_ccus(
    hass: HomeAssistant, make_ccu: MakeCcu, freezer: FrozenDateTimeFactory
) -> None:
    ccu = await make_ccu("01")
    fleet = await ota.async_get_fleet(hass)
    heard: list[set[str]] = []
    fleet.subscribe(lambda ids: heard.append(set(ids)))
    await ccu.cycle(FE_a=True)
    assert heard == [{"ccu-01"}]
    await ccu.cycle(FE_a=True)
    assert len(heard) == 1
    freezer.tick(10)
    await ccu.cycle(FE_a=True)
    assert len(heard) == 2
    await ccu.press("cut_all_power", None)
    assert fleet.devices()["ccu-01"].busy == "power_cut"
    assert len(heard) == 3
    await hass.config_entries.async_unload(ccu.entry.entry_id)
    assert fleet.devices() == {}
    assert heard[-1] == {"ccu-01"}
