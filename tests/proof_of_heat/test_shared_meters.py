"""Power sensors that several sources share, and a site meter whose unit jumps."""

import math
from types import MappingProxyType
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat._lib.heat_source import SourceKind
from custom_components.proof_of_heat.engine.config import SourceConfig
from custom_components.proof_of_heat.sources.shared_meters import meter_shares
from custom_components.proof_of_heat.sources.source_type import SourceContext

from . import ha
from .flow import add

METER, SITE, SECOND = "sensor.heaters", "sensor.site", "input_boolean.second"
WATTS = {"unit_of_measurement": "W", "device_class": "power"}


async def _home(hass: HomeAssistant, *sources: dict[str, Any]) -> MockConfigEntry:
    ha.thermometer(hass, ha.OUTDOOR, -5.0)
    ha.thermometer(hass, ha.ROOM, 18.0)
    made = []
    for data in sources:
        hass.states.async_set(data["entity"], "on")
        made.append(await ha.source(hass, "entity", {"source_kind": "direct_electric", **data}))
    limits = {"site_power": 6000.0, "site_meter": SITE}
    entry = ha.system(ha.zone(), *made, options={"price": {"fixed_price": 0.25}, "limits": limits})
    await ha.start(hass, entry)
    return entry


@pytest.mark.parametrize(
    ("rated", "shares"),
    [((3000.0, 3000.0), (0.5, 0.5)), ((1000.0, 3000.0), (0.25, 0.75)), ((2000.0,), (1.0,))],
)
async def test_one_meter_of_several_sources_is_counted_once(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, rated: tuple[float, ...], shares: tuple[float, ...]
) -> None:
    freezer.move_to("2026-01-15T11:00:00+00:00")
    hass.states.async_set(METER, "2000", WATTS)
    hass.states.async_set(SITE, "2500", WATTS)
    entities = (ha.HEATER, SECOND)
    entry = await _home(
        hass,
        *(
            {"entity": entity, "nominal_power": watts, "meter": METER}
            for entity, watts in zip(entities, rated, strict=False)
        ),
    )
    coordinator = entry.runtime_data.coordinator
    await coordinator.async_refresh()
    delivery, snapshot = coordinator.data.delivery, coordinator.data.snapshot
    assert [part.power.watts for part in delivery.sources] == pytest.approx([2000.0 * share for share in shares])
    assert [part.power.estimated for part in delivery.sources] == [len(rated) > 1] * len(rated)
    assert delivery.power.watts == pytest.approx(2000.0)
    assert coordinator.data.cost.cost_h == pytest.approx(0.5)
    assert snapshot.other_load_w == pytest.approx(500.0)
    freezer.tick(60)
    hass.states.async_set(METER, "2000", WATTS, force_update=True)
    await coordinator.async_refresh()
    assert coordinator.data.spent == pytest.approx(0.5 / 60, rel=0.02)


@pytest.mark.parametrize(
    ("shown", "others"),
    [
        ([("2.5", "kW"), ("2500", "W"), ("2.6", "kW")], [2500.0, 2500.0, 2600.0]),
        ([("2500", "W"), ("2.5", "W"), ("2.5", "kW")], [2500.0, None, 2500.0]),
        ([("2500", "W"), ("2.3", "W"), ("2.9", "W"), ("2.8", "kW")], [2500.0, None, None, 2800.0]),
        ([("2.5", "kW"), ("2500", "kW"), ("2500", "W")], [2500.0, None, 2500.0]),
        ([("-2500", "W"), ("-2.5", "W"), ("-2.5", "kW")], [0.0, None, 0.0]),
        ([("2500", "W"), ("20", "W"), ("0", "W")], [2500.0, 20.0, 0.0]),
        ([("300", "W"), ("0.3", "W")], [300.0, 0.3]),
    ],
)
async def test_site_meter_whose_unit_jumps(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    shown: list[tuple[str, str]],
    others: list[float | None],
) -> None:
    freezer.move_to("2026-01-15T11:00:00+00:00")
    hass.states.async_set(SITE, shown[0][0], {**WATTS, "unit_of_measurement": shown[0][1]})
    entry = await _home(hass)
    found = []
    for value, unit in shown:
        freezer.tick(60)
        hass.states.async_set(SITE, value, {**WATTS, "unit_of_measurement": unit})
        await entry.runtime_data.coordinator.async_refresh()
        found.append(entry.runtime_data.coordinator.data.snapshot.other_load_w)
    expected = [math.nan if watts is None else watts for watts in others]
    assert found == pytest.approx(expected, nan_ok=True)


async def test_a_source_knows_whether_its_meter_is_its_own(hass: HomeAssistant) -> None:
    """Miners behind one plug: each uses its own reading rather than that of the plug."""
    rows = [{"meter": METER, "entity": "a"}, {"meter": METER, "entity": "b"}, {"meter": SITE}, {}, {}]
    entry = ha.system(
        *(
            ConfigSubentry(data=MappingProxyType(row), subentry_type="source", title=str(index), unique_id=str(index))
            for index, row in enumerate(rows)
        )
    )
    contexts = [SourceContext(hass, entry, item) for item in entry.subentries.values()]
    assert [context.shares_meter for context in contexts] == [True, True, False, False, False]
    assert not SourceContext(hass, None, contexts[0].subentry).shares_meter


async def test_device_of_another_system_is_not_added(hass: HomeAssistant) -> None:
    """Two systems that command one heater would undo each other's commands."""
    entry = await _home(hass, {"entity": ha.HEATER, "nominal_power": 3000.0})
    other = ha.system(ha.zone("Cabin"), name="Cabin")
    await ha.start(hass, other)
    values = {"source_kind": "direct_electric", "nominal_power": 3000.0}
    result = await add(hass, other, "entity", {"entity": ha.HEATER, **values})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    hass.states.async_set(SECOND, "off")
    result = await add(hass, other, "entity", {"entity": SECOND, **values})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()  # it is loaded again with the new source
    for system in (entry, other):
        assert await hass.config_entries.async_unload(system.entry_id)


@pytest.mark.parametrize(
    ("meters", "rated", "shares"),
    [
        ({"a": "m", "b": "m", "c": None}, {"a": 1000.0, "b": None, "c": 500.0}, {"a": 0.5, "b": 0.5, "c": 1.0}),
        ({"a": "m", "b": "n"}, {"a": 1000.0, "b": 2000.0}, {"a": 1.0, "b": 1.0}),
        ({"a": "m", "b": "m", "c": "m"}, {"a": 1e3, "b": 1e3, "c": 2e3}, {"a": 0.25, "b": 0.25, "c": 0.5}),
        ({}, {}, {}),
    ],
)
def test_shares(meters: dict[str, str | None], rated: dict[str, float | None], shares: dict[str, float]) -> None:
    configs = {
        key: SourceConfig(source_id=key, kind=SourceKind.DIRECT_ELECTRIC, nominal_power_w=watts)
        for key, watts in rated.items()
    }
    assert meter_shares(meters, configs) == shares
