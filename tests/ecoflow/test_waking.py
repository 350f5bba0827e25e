"""A device that has just been switched on reports placeholders and leaves out values: what is unknown stays unknown.

End to end: the simulated cloud sends them by HTTP and by MQTT, and the states of Home Assistant are checked.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ecoflow.const import DOMAIN
from simulators.ecoflow_cloud.models import MODELS

from .conftest import DELTA_2, DELTA_PRO, CloudThread, Settle, account_data, state_of

# As many reports as there are literals of a kind, so that each value holds each of them.
REPORTS = 7
NOT_KNOWN = {STATE_UNKNOWN, STATE_UNAVAILABLE}


@asynccontextmanager
async def connected(hass: HomeAssistant, cloud: CloudThread, settle: Settle) -> AsyncIterator[MockConfigEntry]:
    """An account of the cloud with all its entities, connected to the broker."""
    entry = MockConfigEntry(domain=DOMAIN, title="waking", data=account_data(cloud), unique_id=cloud.cloud.account)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    data = entry.runtime_data
    await settle(lambda: data.coordinator.is_mqtt_connected)
    await settle(lambda: cloud.is_subscribed(*data.client.states))
    yield entry
    assert await hass.config_entries.async_unload(entry.entry_id)


async def report(hass: HomeAssistant, entry: MockConfigEntry, cloud: CloudThread, sn: str, settle: Settle) -> None:
    """Let the device report, and write all states as Home Assistant then knows them, without their usual pace."""
    data = entry.runtime_data
    values = data.client.states[sn].values
    expected = cloud.device(sn).sent()
    cloud.report(sn)
    await settle(lambda: all(values.get(name) == value for name, value in expected.items()), 30)
    await data.devices.async_save_counters()
    for entity in tuple(data.devices.devices[sn].entities):
        entity.publish_now()
    await hass.async_block_till_done()


async def know(hass: HomeAssistant, entry: MockConfigEntry, cloud: CloudThread, sn: str, settle: Settle) -> None:
    """Let the world of the device move once, and keep it as it is then: all states are known."""
    cloud.fault("frozen")
    for noise in (0.5, 0.6):
        cloud.device(sn).step(1.0, 0.9, noise)
        await report(hass, entry, cloud, sn, settle)


def shown(hass: HomeAssistant, entry: MockConfigEntry, sn: str) -> dict[str, str]:
    """Return the states of a device's entities by key."""
    prefix = f"{entry.entry_id}_{sn}_"
    return {
        f"{entity.domain}.{entity.unique_id.removeprefix(prefix)}": state.state
        for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if entity.unique_id.startswith(prefix) and (state := hass.states.get(entity.entity_id)) is not None
    }


@pytest.mark.parametrize("model", sorted(MODELS))
async def test_no_state_is_a_placeholder(
    hass: HomeAssistant, make_cloud: Callable[..., CloudThread], settle: Settle, model: str
) -> None:
    """While a device starts, each state is unknown or what it is afterwards; the world does not change meanwhile."""
    cloud = make_cloud("--device", model, "--wake-up", str(REPORTS), "--fault", "frozen")
    (sn,) = cloud.cloud.devices
    seen: list[dict[str, str]] = []
    async with connected(hass, cloud, settle) as entry:
        seen.append(shown(hass, entry, sn))
        for left in range(REPORTS, 0, -1):
            assert cloud.device(sn).waking == left
            await report(hass, entry, cloud, sn, settle)
            seen.append(shown(hass, entry, sn))
        await report(hass, entry, cloud, sn, settle)
        final = shown(hass, entry, sn)
        wrong = {
            (key, state, final.get(key))
            for states in seen
            for key, state in states.items()
            if state not in NOT_KNOWN and state != final.get(key)
        }
        assert wrong == set()


async def test_a_restart_of_a_device_moves_no_counter_and_signals_no_outage(
    hass: HomeAssistant, cloud: CloudThread, settle: Settle
) -> None:
    """Counters that read 0, 4294967295 or nothing for a while: energy continues from its last value."""
    energies = [f"sensor.{key}" for key in ("ac_input_energy", "solar_input_energy", "ac_output_energy")]
    async with connected(hass, cloud, settle) as entry:
        for sn in (DELTA_PRO, DELTA_2):
            await know(hass, entry, cloud, sn, settle)
            before = shown(hass, entry, sn)
            assert float(before["sensor.ac_input_energy"]) == pytest.approx(118, abs=0.1)
            assert float(before["sensor.battery_level"]) > 40
            cloud.do("wake", sn=sn, reports=REPORTS)
            unknown: set[str] = set()
            for _ in range(REPORTS):
                await report(hass, entry, cloud, sn, settle)
                now = shown(hass, entry, sn)
                assert {key: now[key] for key in energies} == {key: before[key] for key in energies}
                unknown |= {key for key, state in now.items() if state == STATE_UNKNOWN}
            assert {
                f"sensor.{key}"
                for key in ("battery_level", "battery_power", "solar_power", "ac_input_power", "total_input_power")
            } <= unknown
            assert {"binary_sensor.grid_present", "number.charge_power", "switch.ac_output"} <= unknown
            await report(hass, entry, cloud, sn, settle)
            assert shown(hass, entry, sn) == before, "also the grid event: there was no outage"


async def test_a_sum_with_an_unknown_part_is_unknown(
    hass: HomeAssistant, make_cloud: Callable[..., CloudThread], settle: Settle
) -> None:
    cloud = make_cloud("--device", "powerstream")
    (sn,) = cloud.cloud.devices
    async with connected(hass, cloud, settle) as entry:
        await know(hass, entry, cloud, sn, settle)

        def value(key: str) -> str:
            return state_of(hass, entry, sn, key, Platform.SENSOR)

        total = value("solar_power")
        assert float(total) == pytest.approx(float(value("solar_1_power")) + float(value("solar_2_power")))
        energy = value("solar_energy")
        for placeholder in (65_535, 32_767, 4_294_967_295, -32_768, "", "n/a"):
            cloud.do("values", sn=sn, values={"20_1.pv1InputWatts": placeholder})
            await report(hass, entry, cloud, sn, settle)
            assert (value("solar_1_power"), value("solar_power")) == (STATE_UNKNOWN, STATE_UNKNOWN), placeholder
            assert float(value("solar_2_power")) > 0
            assert value("solar_energy") == energy
        cloud.do("values", sn=sn, values={})
        await report(hass, entry, cloud, sn, settle)
        assert value("solar_power") == total


@pytest.mark.parametrize("minutes", [5_939, 5_999, 143_999, -1, -5_999, 65_535, 32_767, 4_294_967_295, None])
async def test_no_remaining_time_is_unknown(
    hass: HomeAssistant, make_cloud: Callable[..., CloudThread], settle: Settle, minutes: int | None
) -> None:
    """A battery that charges has a time to full; a placeholder is unknown, in both directions."""
    names = ("bms_emsStatus.chgRemainTime", "bms_emsStatus.dsgRemainTime")
    cloud = make_cloud("--device", "delta_2", "--fault", "frozen")
    (sn,) = cloud.cloud.devices
    cloud.do("values", sn=sn, values=dict.fromkeys(names, minutes))
    async with connected(hass, cloud, settle) as entry:
        assert float(state_of(hass, entry, sn, "battery_power", Platform.SENSOR)) > 100
        keys = {f"sensor.{key}_remaining_time" for key in ("charge", "discharge")}
        known = {key: state for key, state in shown(hass, entry, sn).items() if key in keys}
        assert set(known.values()) <= {STATE_UNKNOWN}
        assert bool(known) == (minutes is not None)
        cloud.do("values", sn=sn, values={})
        await report(hass, entry, cloud, sn, settle)
        assert float(state_of(hass, entry, sn, "charge_remaining_time", Platform.SENSOR)) > 1


@pytest.mark.parametrize("fault", ["duplicate_keys", "heartbeats", "duplicate"])
async def test_partial_and_repeated_messages_change_nothing(
    hass: HomeAssistant, cloud: CloudThread, settle: Settle, fault: str
) -> None:
    async with connected(hass, cloud, settle) as entry:
        await know(hass, entry, cloud, DELTA_2, settle)
        before = shown(hass, entry, DELTA_2)
        cloud.fault(fault)
        for watts in (0, 65_535, 45):
            cloud.do("values", sn=DELTA_2, values={"inv.outputWatts": watts, "pd.wattsOutSum": watts})
            for _ in range(2):
                await report(hass, entry, cloud, DELTA_2, settle)
            output = state_of(hass, entry, DELTA_2, "ac_output_power", Platform.SENSOR)
            assert output == (STATE_UNKNOWN if watts == 65_535 else f"{watts}.0")
        cloud.do("values", sn=DELTA_2, values={})
        cloud.clear(fault)
        await report(hass, entry, cloud, DELTA_2, settle)
        assert shown(hass, entry, DELTA_2) == before
