"""LoRaWAN and BTHome on a real broker: simulators in the shapes of network servers and gateways, mosquitto, states."""

from typing import Any

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.edge_telemetry.const import DOMAIN
from custom_components.edge_telemetry.data import EdgeData
from simulators.bthome.gateway import BtHome
from simulators.framework import running
from simulators.lorawan.network import LoRaWan
from tests.mosquitto import Mosquitto, program

from .conftest import DATA, options, state, until

pytestmark = [
    pytest.mark.slow,  # left out by scripts/test --quick
    pytest.mark.skipif(program() is None, reason="mosquitto is not installed"),
    # paho and the mqtt integration keep timers of their own until the connection is closed
    pytest.mark.parametrize("expected_lingering_timers", [True]),
]
PATTERNS = [
    "v3/{gateway}/devices/{device_id}/up",
    "application/{gateway}/device/{device_id}/event/+",
    "home/{gateway}/BTtoMQTT/{device_id}",
    "bthome/{gateway}/{device_id}",
]


@pytest.fixture
def entry() -> MockConfigEntry:
    """An entry with the topics of network servers and Bluetooth gateways."""
    return MockConfigEntry(
        domain=DOMAIN, title="Edge", data={**DATA, "patterns": PATTERNS, "archive": "off"}, entry_id="01EDGE"
    )


@pytest.fixture
async def data(broker_data: EdgeData) -> EdgeData:
    """The entry, connected to the broker."""
    return broker_data


def states(hass: HomeAssistant, address: str) -> dict[str, tuple[Any, str | None]]:
    """Return the states of a device by key, as numbers where they are, with their units; without its own sensors."""
    prefix, found = f"01EDGE_{address}_", {}
    for entity in er.async_entries_for_config_entry(er.async_get(hass), "01EDGE"):
        key = entity.unique_id.removeprefix(prefix)
        if key == entity.unique_id or key in ("last_seen", "online", "device_clock_offset"):
            continue
        if (shown := hass.states.get(entity.entity_id)) is not None:
            found[key] = (_number(shown.state), shown.attributes.get("unit_of_measurement"))
    return found


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def address_of(data: EdgeData, device: str) -> str | None:
    """Return the whole ID of a device by its last part."""
    return next((one.id for one in data.devices.values() if one.address.device == device), None)


async def shown(hass: HomeAssistant, data: EdgeData, device: str, key: str) -> dict[str, tuple[Any, str | None]]:
    """Wait for a device and one of its metrics; return its states."""
    await until(lambda: (address := address_of(data, device)) is not None and key in states(hass, address))
    return states(hass, address_of(data, device) or "")


@pytest.mark.parametrize("server", ["tts", "chirpstack"])
async def test_devices_of_a_network_server(hass: HomeAssistant, broker: Mosquitto, data: EdgeData, server: str) -> None:
    async with running(LoRaWan, options(broker, "--server", server, "--period", "3600")) as network:
        ids = {node.NAME: network.device_id(node) for node in network.nodes}
        await until(lambda: len(network.last) == len(ids))
        reception = {"rssi": (-101.0, "dBm"), "snr_db": (7.5, "dB")}
        cellar = network.last["cellar-lht65n"]
        assert await shown(hass, data, ids["cellar-lht65n"], "battery_percent") == reception | {
            "battery_v": (3.051, "V"),
            "battery_percent": (pytest.approx(87.402), "%"),
            "bat_status": (3.0, None),
            "ext_sensor": ("Temperature Sensor", None),
            "sht_humidity_percent": (cellar["Hum_SHT"], "%"),
            "sht_temperature_c": (cellar["TempC_SHT"], "°C"),
            "ds_temperature_c": (cellar["TempC_DS"], "°C"),
        }
        tank = network.last["cistern-ldds75"]
        found = await shown(hass, data, ids["cistern-ldds75"], "battery_percent")
        assert found == reception | {
            "battery_v": (3.447, "V"),
            "battery_percent": (pytest.approx(64.173), "%"),
            "distance": (float(tank["Distance"].removesuffix(" mm")), "mm"),
            "interrupt_flag": (0.0, None),
            "sensor_flag": (1.0, None),
        }
        assert await shown(hass, data, ids["shed-ws301"], "magnet_status") == reception | {
            # The device reports its battery in its payload; the server knows nothing of it.
            "battery_percent": (92.0, "%"),
            "magnet_status": ("closed", None),
            "tamper_status": ("installed", None),
        }
        roof = network.last["roof-lpp"]
        assert await shown(hass, data, ids["roof-lpp"], "sensor_1_temperature_c") == reception | {
            "sensor_1_temperature_c": (roof["temperature_1"], "°C"),
            "sensor_2_humidity_percent": (roof["relative_humidity_2"], "%"),
            "sensor_3_pressure_hpa": (1013.2, "hPa"),
            "sensor_4_illuminance_lux": (roof["luminosity_4"], "lx"),
            "sensor_5_temperature_c": (21.5, "°C"),
        }
        await network.do("door", {"open": True})
        address = address_of(data, ids["shed-ws301"]) or ""
        await until(lambda: state(hass, "magnet_status", address) == "open")
        for _ in range(5):  # statuses of ChirpStack, too
            await network.do("uplink", {})
        received = network.published - (0 if server == "chirpstack" else len(network.nodes))
        await until(lambda: data.counters.received >= received)
        assert data.malformed.total == 0
        assert state(hass, "battery_percent", address) == "92"
        assert len(data.devices) == 4


async def test_what_lorawan_devices_do_not_know_is_unknown(
    hass: HomeAssistant, broker: Mosquitto, data: EdgeData, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(LoRaWan, options(broker, "--period", "3600")) as network:
        for name, key in (("cellar-lht65n", "ds_temperature_c"), ("cistern-ldds75", "distance")):
            assert isinstance((await shown(hass, data, name, key))[key][0], float)
        network.faults.set("no_probe")
        network.faults.set("no_echo")
        await network.do("uplink", {})
        for name, key in (("cellar-lht65n", "ds_temperature_c"), ("cistern-ldds75", "distance")):
            address = address_of(data, name) or ""
            await until(lambda address=address, key=key: state(hass, key, address) == "unknown")
        network.faults.clear("no_probe")
        network.faults.clear("no_echo")
        rejected = data.malformed.total
        assert rejected == 1, "327.67 °C"
        for fault in ("no_formatter", "formatter_error", "no_gateways", "duplicate"):
            network.faults.set(fault)
            await network.do("uplink", {})
            network.faults.clear(fault)
        network.faults.set("not_json")
        await network.do("uplink", {})
        await until(lambda: data.malformed.total == rejected + len(network.nodes))
        assert state(hass, "sensor_5_temperature_c", address_of(data, "roof-lpp") or "") == "21.5"
        assert data.counters.duplicates == len(network.nodes)
        assert not [record for record in caplog.records if record.levelname == "ERROR"]


RELAYS = ["openmqttgateway", "shelly", "service_data"]


@pytest.mark.parametrize("relay", RELAYS)
async def test_bthome_sensors_of_a_gateway(hass: HomeAssistant, broker: Mosquitto, data: EdgeData, relay: str) -> None:
    async with running(BtHome, options(broker, "--relay", relay, "--period", "3600", "--fault", "strangers")) as hall:
        ids = {name: sensor.id for name, sensor in hall.sensors.items()}
        attic = await shown(hass, data, ids["attic"], "humidity_percent")
        warm, cold = hall.last["attic"]["temperature"]
        assert attic.pop("rssi")[1] == "dBm"
        # The dew point is derived.
        assert {key: value for key, value in attic.items() if not key.startswith(("dew_point", "absolute"))} == {
            "battery_percent": (100.0, "%"),
            "temperature_c": (warm, "°C"),
            "sensor_2_temperature_c": (cold, "°C"),
            "humidity_percent": (55.25, "%"),
        }
        mast = await shown(hass, data, ids["mast"], "light_level")
        mast.pop("rssi")
        assert mast == {
            "wind_direction": (225.5, "°"),
            "rain_mm": (12.4, "mm"),
            "speed_ms": (-0.482113, "m/s"),
            "acceleration_m_s2": (-9.80665, "m/s²"),
            "light_level": (hall.last["mast"]["light_level"], None),
            "power_w": (-12.5, "W"),
            "energy_kwh": (1234.567, "kWh"),
        }
        window = await shown(hass, data, ids["window"], "window_open")
        assert window["window_open"] == ("off", None)
        assert window["rotation_deg"] == (0.0, "°")
        assert window["illuminance_lux"] == (pytest.approx(hall.last["window"]["illuminance"]), "lx")
        await hall.do("window", {"open": True})
        address = address_of(data, ids["window"]) or ""
        await until(lambda: state(hass, "window_open", address, "binary_sensor") == "on")
        assert "69D9A1BE3F43" not in {device.address.device for device in data.devices.values()}, (
            "a phone is not a sensor"
        )
        assert data.malformed.total == 0


@pytest.mark.parametrize("relay", RELAYS)
async def test_each_press_of_a_button_is_an_event(
    hass: HomeAssistant, broker: Mosquitto, data: EdgeData, relay: str
) -> None:
    """Also a second one of the same kind, and the very first one, which adds the entity; a repeated packet is none."""
    happened: list[tuple[str, str, int | None]] = []

    def note(event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        if new is not None and new.domain == "event" and new.state not in ("unknown", "unavailable"):
            entity = er.async_get(hass).async_get(new.entity_id)
            assert entity is not None
            key = entity.unique_id.partition(f"{remote.id}_")[2]
            happened.append((key, new.attributes["event_type"], new.attributes.get("steps")))

    async with running(BtHome, options(broker, "--relay", relay, "--period", "3600")) as hall:
        remote = hall.sensors["remote"]
        hass.bus.async_listen(EVENT_STATE_CHANGED, note)
        await shown(hass, data, remote.id, "battery_percent")
        assert happened == []

        async def act(action: str, **arguments: Any) -> None:
            """Do something, and wait for its event: those of one millisecond are one to Home Assistant."""
            before = len(happened)
            await hall.do(action, arguments)
            await until(lambda: len(happened) > before and data.counters.received >= hall.published)

        await act("press", button=1, press="press")
        hall.faults.set("duplicate")
        await act("press", button=1, press="press")
        await act("press", button=1, press="press")
        hall.faults.clear("duplicate")
        await act("press", button=2, press="long_press")
        assert happened == [("button_event", "press", None)] * 3 + [("sensor_2_button_event", "long_press", None)]
        if relay != "shelly":  # its script does not publish the dimmer
            await act("turn", turn="rotate_left", steps=3)
            await act("turn", turn="rotate_left", steps=3)
            assert happened[4:] == [("dimmer_event", "rotate_left", 3)] * 2
        await hall.do("advertise", {})
        await until(lambda: data.counters.received >= hall.published)
        assert len(happened) == (4 if relay == "shelly" else 6), "nothing happened"
        assert data.malformed.total == 0


@pytest.mark.parametrize("fault", ["encrypted", "cut_off", "unknown_object", "bad_hex", "duplicate", "not_json"])
async def test_no_fault_of_a_bthome_sensor_is_shown_as_a_value(
    hass: HomeAssistant, broker: Mosquitto, data: EdgeData, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(BtHome, options(broker, "--period", "3600")) as hall:
        ids = {name: sensor.id for name, sensor in hall.sensors.items()}
        keys = {"attic": "humidity_percent", "window": "window_open", "mast": "light_level"}
        before = {name: await shown(hass, data, ids[name], key) for name, key in keys.items()}
        hall.faults.set(fault)
        await hall.do("advertise", {})
        await until(lambda: data.counters.received >= hall.published)
        await hass.async_block_till_done()
        for name in keys:
            after = states(hass, address_of(data, ids[name]) or "")
            assert {key: value for key, value in after.items() if key != "rssi"} == {
                key: value for key, value in before[name].items() if key != "rssi"
            }
        assert not [record for record in caplog.records if record.levelname == "ERROR"]
