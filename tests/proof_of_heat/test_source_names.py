"""Heat sources have the names that their users give them, else readable ones."""

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.flows.form import DeviceCandidate

from .ha import HEATER, OUTDOOR, ROOM, start, system, thermometer, zone

FIELDS = {"entity": HEATER, "source_kind": "direct_electric", "nominal_power": 1500, "number_is": "power"}


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("E3_Vitocal_16", "Vitocal 16"),
        ("E3_Vitocal", "Vitocal"),
        ("CU401B_S", "CU401B S"),
        ("02:00:00:D0:00:01", "Heat source"),
        ("0200000000E1", "Heat source"),
        ("Controller (AA-BB-CC-DD-EE-FF)", "Controller"),
        ("Bitaxe Gamma", "Bitaxe Gamma"),
        ("Fröling boiler (Lambdatronic 3200)", "Fröling boiler (Lambdatronic 3200)"),
    ],
)
def test_default_names_are_readable(title: str, name: str) -> None:
    assert DeviceCandidate(title, "id", {}).readable_title == name


async def test_name_is_asked_for_kept_and_changed(hass: HomeAssistant) -> None:
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 0.0)
    hass.states.async_set(HEATER, "off")
    assert await async_setup_component(hass, DOMAIN, {})
    entry = system(zone())
    await start(hass, entry)
    flows = hass.config_entries.subentries
    flow = await flows.async_init((entry.entry_id, "source"), context={"source": SOURCE_USER})
    flow = await flows.async_configure(flow["flow_id"], {"next_step_id": "entity"})
    assert "name" in flow["data_schema"].schema
    flow = await flows.async_configure(flow["flow_id"], {"name": " Bathroom ", **FIELDS})
    assert flow["title"] == "Bathroom"
    await hass.async_block_till_done()
    source = next(item for item in entry.subentries.values() if item.subentry_type == "source")
    assert "name" not in source.data
    flow = await entry.start_subentry_reconfigure_flow(hass, source.subentry_id)
    flow = await flows.async_configure(flow["flow_id"], {"name": "Towel heater", **FIELDS})
    assert flow["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.subentries[source.subentry_id].title == "Towel heater"
    (managed,) = entry.runtime_data.sources.values()
    assert managed.name == "Towel heater"
    flow = await entry.start_subentry_reconfigure_flow(hass, source.subentry_id)
    await flows.async_configure(flow["flow_id"], FIELDS)
    assert entry.subentries[source.subentry_id].title == "Towel heater", "an empty name changes nothing"
