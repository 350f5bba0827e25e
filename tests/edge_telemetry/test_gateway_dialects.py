"""Dialects of gateways and firmwares, by recorded messages and the makers' documents.

Sources: docs.openmqttgateway.com, decoder.theengs.io and messages in public issues (1technophile/OpenMQTTGateway#358,
#601); merbanan/rtl_433 docs/DATA_FORMAT.md; shelly-api-docs.shelly.cloud (Gen1 and Gen2 pages, their example objects);
xoseperez/espurna wiki (MQTT); bthome.io/format (example of each object); victronenergy/dbus-flashmq README.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.edge_telemetry.decoders import Address, Channel, DecodeError, TopicPattern, decode_capture
from custom_components.edge_telemetry.decoders.types.bthome import decode_service_data


def read(topic: str, payload: Any) -> dict[str, tuple[Any, str | None]]:
    """Return the readings of a message, without the ID of its device."""
    wrapped = {"topic": topic, "payload" if isinstance(payload, dict) else "text": payload}
    return {key.rpartition(".")[2]: (value, unit) for key, value, unit in decode_capture(wrapped)}


def device(topic: str, payload: Any) -> str:
    """Return the ID of the device of a message that contains it."""
    wrapped = {"topic": topic, "payload": payload}
    return next(iter(decode_capture(wrapped)))[0].rpartition(".")[0]


@pytest.mark.parametrize(
    ("pattern", "key", "topic", "address", "filters"),
    [
        (
            "home/{gateway}/BTtoMQTT/{device_id}", "theengs", "home/OMG/BTtoMQTT/A4C1386E4AE8",
            ("home", "theengs", "A4C1386E4AE8"),
            {"home/+/BTtoMQTT/+", "home/+/SYStoMQTT", "home/+/LWT"},
        ),
        (
            "home/TheengsGateway/BTtoMQTT/{device_id}", "theengs", "home/TheengsGateway/BTtoMQTT/A4C1386E4AE8",
            ("home", "theengs", "A4C1386E4AE8"),
            {"home/TheengsGateway/BTtoMQTT/+", "home/TheengsGateway/SYStoMQTT", "home/TheengsGateway/LWT"},
        ),
        (
            "rtl_433/{gateway}/events", "rtl_433", "rtl_433/attic/events", ("home", "rtl_433", "attic"),
            {"rtl_433/+/events", "rtl_433/+/availability"},
        ),
        (
            "{device_id}/events/rpc", "shelly", "shellypro3em-a0/events/rpc", ("home", "shelly", "shellypro3em-a0"),
            {"+/status/+", "+/events/rpc", "+/online"},
        ),
        (
            "{device_id}/status/+", "shelly", "shellyplus1pm-x/status/switch:0", ("home", "shelly", "shellyplus1pm-x"),
            {"+/status/+", "+/events/rpc", "+/online"},
        ),
        (
            "shelly: cellar/{device_id}", "shelly", "cellar/pump/status/switch:0", ("cellar", "shelly", "pump"),
            {"cellar/+/status/+", "cellar/+/events/rpc", "cellar/+/online"},
        ),
        (
            "shellies/{device_id}", "shellies", "shellies/shellyem-B9E151/emeter/0/power",
            ("home", "shelly", "shellyem-B9E151"), {"shellies/+/#", "shellies/+/online"},
        ),
        (
            "espurna: {device_id}", "espurna", "ESPURNA-AB12CD/relay/0", ("home", "espurna", "ESPURNA-AB12CD"),
            {"+/#", "+/status"},
        ),
        (
            "N/{gateway}/{system}/{device_id}", "victron", "N/c0619ab12345/battery/256/Dc/0/Voltage",
            ("home", "battery", "256"), {"N/+/+/+/#"},
        ),
        ("bthome/{gateway}/{device_id}", "bthome", "bthome/hall/3C2EF5AABBCC", ("home", "bthome", "3C2EF5AABBCC"),
         {"bthome/+/+"}),
    ],
)  # fmt: skip
def test_a_pattern_selects_its_dialect_and_topics(
    pattern: str, key: str, topic: str, address: tuple[str, ...], filters: set[str]
) -> None:
    found = TopicPattern(pattern)
    assert found.dialect.key == key
    match = found.find(topic, Channel.DATA)
    assert match is not None
    assert match.address == Address(*address)
    assert set(found.subscriptions()) == filters


ATC = {"id": "A4:C1:38:6E:4A:E8", "mac_type": 0, "name": "ATC_6E4AE8", "rssi": -91, "brand": "Xiaomi",
       "model": "LYWSD03MMC", "model_id": "LYWSD03MMC_ATC", "tempc": 14.2, "tempf": 57.56, "hum": 56, "batt": 75,
       "volt": 2.887}  # fmt: skip
BLE = "home/OpenMQTTGateway/BTtoMQTT/A4C1386E4AE8"
EVENTS = "rtl_433/attic/events"


@pytest.mark.parametrize(
    ("topic", "payload", "expected"),
    [
        (BLE, ATC, {
            "temperature_c": (14.2, "°C"), "humidity_percent": (56, "%"), "battery_percent": (75, "%"),
            "battery_v": (2.887, "V"), "rssi": (-91, "dBm"),
        }),
        (BLE, {"id": "A4:C1:38:6E:4A:E8", "model_id": "x", "tempf": 50, "tempc2": -4.5, "lux": 253, "moi": 31,
               "fer": 412, "pres": 1000.44, "weight": 71.2, "unit": "lb"}, {
            "temperature_c": (10.0, "°C"), "sensor_2_temperature_c": (-4.5, "°C"), "illuminance_lux": (253, "lx"),
            "moisture_percent": (31, "%"), "conductivity_us_cm": (412, "μS/cm"), "pressure_hpa": (1000.44, "hPa"),
            "weight": (71.2, "lb"),
        }),
        (BLE, {"id": "A4:C1:38:6E:4A:E8", "model_id": "TPMS", "pres": 2.4, "tempc": 20.0, "batt": 90}, {
            "pressure_bar": (2.4, "bar"), "temperature_c": (20.0, "°C"), "battery_percent": (90, "%"),
        }),
        (BLE, {"id": "A4:C1:38:6E:4A:E8", "model_id": "PLUG", "power": 23.4, "volt": 12.8, "current": 1.83,
               "energy": 3.2}, {
            "power_w": (23.4, "W"), "current_a": (1.83, "A"), "energy_kwh": (3.2, "kWh"), "voltage_v": (12.8, "V"),
        }),
        (BLE, {"id": "A4:C1:38:6E:4A:E8", "model_id": "DOOR", "open": True, "lowbatt": False, "lux": 3}, {
            "door_open": (True, None), "battery_low": (False, None), "illuminance_lux": (3, "lx"),
        }),
        (BLE, {"id": "A4:C1:38:6E:4A:E8", "rssi": -60, "servicedatauuid": "0xfcd2", "servicedata": "4002c40903bf13"}, {
            "temperature_c": (25.0, "°C"), "humidity_percent": (50.55, "%"), "rssi": (-60, "dBm"),
        }),
        ("home/OMG_Garage/SYStoMQTT", {"uptime": 120, "version": "v0.9.4beta", "freeMem": 53216, "rssi": -24,
                                       "SSID": "net", "modules": "BT"}, {
            "uptime_s": (120, "s"), "heap_bytes": (53216, "B"), "rssi": (-24, "dBm"),
        }),
        ("home/OMG/RTL_433toMQTT", {"model": "Acurite-Tower", "id": 1234, "channel": "A", "battery_ok": 1,
                                    "temperature_C": 21.3, "humidity": 45}, {
            "battery_low": (False, None), "temperature_c": (21.3, "°C"), "humidity_percent": (45, "%"),
        }),
        (EVENTS, {"time": "2026-11-28 10:00:00", "model": "Bresser-5in1", "id": 42, "battery_ok": 0,
                  "temperature_C": -3.2, "humidity": 81, "wind_max_m_s": 5.5, "wind_avg_m_s": 2.1,
                  "wind_dir_deg": 225.0, "rain_mm": 12.4, "mic": "CHECKSUM"}, {
            "battery_low": (True, None), "temperature_c": (-3.2, "°C"), "humidity_percent": (81, "%"),
            "wind_gust_ms": (5.5, "m/s"), "wind_speed_ms": (2.1, "m/s"), "wind_direction": (225.0, "°"),
            "rain_mm": (12.4, "mm"),
        }),
        (EVENTS, {"model": "Acurite-5n1", "id": 12, "temperature_F": 68.0, "wind_avg_mi_h": 10, "wind_max_km_h": 36,
                  "rain_in": 0.1, "rain_rate_in_h": 1, "pressure_inHg": 29.92, "battery_V": 3.0, "battery_ok": 0.7,
                  "setpoint_C": 20, "storm_dist_km": 4, "strike_count": 2, "uvi": 3.1, "light_lux": 120}, {
            "temperature_c": (20.0, "°C"), "wind_speed_ms": (4.4704, "m/s"), "wind_gust_ms": (10.0, "m/s"),
            "rain_mm": (2.54, "mm"), "rain_rate_mm_h": (25.4, "mm/h"), "pressure_hpa": (1013.207589, "hPa"),
            "battery_v": (3.0, "V"), "battery_percent": (70.0, "%"), "setpoint_temperature_c": (20, "°C"),
            "storm_distance_km": (4, "km"), "strike_count": (2, None), "uv_index": (3.1, None),
            "illuminance_lux": (120, "lx"),
        }),
        (EVENTS, {"model": "Schrader", "type": "TPMS", "id": "1A2B", "pressure_PSI": 32.5, "temperature_C": 20}, {
            "pressure_psi": (32.5, "psi"), "temperature_c": (20, "°C"),
        }),
        (EVENTS, {"model": "CurrentCost-TX", "id": 1, "power_W": 120.5, "energy_kWh": 3.2, "current_A": 0.5,
                  "voltage_V": 231, "pm2_5_ug_m3": 12, "co2_ppm": 512, "temperature_1_C": 1.5, "humidity_2": 40}, {
            "power_w": (120.5, "W"), "energy_kwh": (3.2, "kWh"), "current_a": (0.5, "A"), "voltage_v": (231, "V"),
            "pm25_ug_m3": (12, "μg/m³"), "co2_ppm": (512, "ppm"), "sensor_1_temperature_c": (1.5, "°C"),
            "sensor_2_humidity_percent": (40, "%"),
        }),
        ("rtl_433/attic/events", {"model": "Fineoffset-WH51", "id": "00c8f1", "battery_ok": 1, "battery_mV": 1600,
                                  "moisture": 37, "ad_raw": 160, "boost": 0}, {
            "battery_low": (False, None), "battery_v": (1.6, "V"), "moisture_percent": (37, "%"),
            "ad_raw": (160, None), "boost": (0, None),
        }),
        ("rtl_433/attic/events", {"model": "LaCrosse-TX141W", "id": 1, "radiation_W_m2": 77, "strike_count": 3}, {
            "radiation_w_m2": (77, "W/m²"), "strike_count": (3, None),
        }),
    ],
)  # fmt: skip
def test_radio_gateways(topic: str, payload: Any, expected: dict[str, Any]) -> None:
    assert read(topic, payload) == expected


def test_a_sensor_is_the_same_behind_every_gateway() -> None:
    assert device(BLE, ATC) == device("home/other/BTtoMQTT/A4C1386E4AE8", ATC) == "A4C1386E4AE8"
    event = {"model": "Acurite-Tower", "id": 1234, "channel": "A", "temperature_C": 1.0}
    assert device(EVENTS, event) == device("home/OMG/RTL_433toMQTT", event) == "Acurite-Tower-A-1234"
    assert device(EVENTS, {"model": "X/Y", "subtype": "s", "id": 0, "humidity": 5}) == "X_Y-s-0"


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        (BLE, {"id": "69:d9:a1:be:3f:43", "rssi": -89, "distance": 21.5}),
        (BLE, {"id": "4f:26:2f:cb:0c:3b", "mac_type": 1, "rssi": -88, "name": "phone", "manufacturerdata": "4c00"}),
        (EVENTS, {"time": "2026-11-28 10:00:00", "model": "Generic-Remote", "id": 4, "cmd": None, "rssi": -1.2}),
        ("home/OMG/433toMQTT", {"value": 5393, "protocol": 1, "length": 24, "delay": 350}),
        ("shellyplus1pm-x/events/rpc", {"method": "NotifyEvent", "params": {"ts": 1, "events": []}}),
        ("shellies/shellyem-1/emeter/0/energy", "12"),
        ("N/c0619ab12345/vebus/257/Hub4/L1/AcPowerSetpoint", {"value": 0}),
    ],
)
def test_what_is_not_a_reading_adds_no_device(topic: str, payload: Any) -> None:
    with pytest.raises(DecodeError):
        list(decode_capture({"topic": topic, "payload" if isinstance(payload, dict) else "text": payload}))


SWITCH = {"id": 0, "source": "MQTT", "output": True, "apower": 8.9, "voltage": 237.5, "freq": 50, "current": 0.4,
          "pf": 0.9, "aenergy": {"total": 6.532, "by_minute": [45.199, 47.141, 88.397], "minute_ts": 1626935779},
          "temperature": {"tC": 23.5, "tF": 74.4}}  # fmt: skip


@pytest.mark.parametrize(
    ("topic", "payload", "expected"),
    [
        ("shellyplus1pm-x/status/switch:0", SWITCH, {
            "switch_0_output_on": (True, None), "switch_0_power_w": (8.9, "W"), "switch_0_voltage_v": (237.5, "V"),
            "switch_0_frequency_hz": (50, "Hz"), "switch_0_current_a": (0.4, "A"),
            "switch_0_power_factor": (0.9, None), "switch_0_energy_wh": (6.532, "Wh"),
            "switch_0_device_temperature_c": (23.5, "°C"),
        }),
        # aenergy counts what was returned, too.
        ("x/status/pm1:0", {"id": 0, "apower": -50.0, "aenergy": {"total": 10.0}, "ret_aenergy": {"total": 9.5}}, {
            "pm1_0_power_w": (-50.0, "W"), "pm1_0_returned_energy_wh": (9.5, "Wh"), "pm1_0_energy_wh": (0.5, "Wh"),
        }),
        ("x/status/switch:1", {"id": 1, "aenergy": {"total": 10.0}, "ret_aenergy": {"total": None}}, {
            "switch_1_energy_wh": (None, "Wh"),
        }),
        ("x/status/em1data:1", {"id": 1, "total_act_energy": 2776.8, "total_act_ret_energy": 571.2}, {
            "em1_1_energy_wh": (2776.8, "Wh"), "em1_1_returned_energy_wh": (571.2, "Wh"),
        }),
        ("x/status/em1:1", {"id": 1, "current": 4.0, "voltage": 240, "act_power": 951.2, "aprt_power": 960.1,
                            "pf": 1, "freq": 50, "calibration": "factory"}, {
            "em1_1_current_a": (4.0, "A"), "em1_1_voltage_v": (240, "V"), "em1_1_power_w": (951.2, "W"),
            "em1_1_apparent_power_va": (960.1, "VA"), "em1_1_power_factor": (1, None), "em1_1_frequency_hz": (50, "Hz"),
        }),
        ("ht/status/temperature:0", {"id": 0, "tC": 22.4, "tF": 72.3}, {"temperature_0_temperature_c": (22.4, "°C")}),
        ("ht/status/humidity:0", {"id": 0, "rh": 67.8}, {"humidity_0_humidity_percent": (67.8, "%")}),
        ("ht/status/devicepower:0", {"id": 0, "battery": {"V": 6.03, "percent": 88}, "external": {"present": False}}, {
            "battery_v": (6.03, "V"), "battery_percent": (88, "%"),
        }),
        ("x/status/input:2", {"id": 2, "state": True}, {"input_2_active": (True, None)}),
        ("x/status/input:100", {"id": 100, "counts": {"total": 34, "xtotal": 3.4}, "freq": 2.5}, {
            "input_100_count": (34, None), "input_100_frequency_hz": (2.5, "Hz"),
        }),
        ("x/status/cover:0", {"id": 0, "state": "opening", "current_pos": 40, "apower": 101.0}, {
            "cover_0_state": ("opening", None), "cover_0_position_percent": (40, "%"), "cover_0_power_w": (101.0, "W"),
        }),
        ("x/status/smoke:0", {"id": 0, "alarm": False, "mute": False}, {"smoke_detected": (False, None)}),
        ("x/status/sys", {"mac": "A8", "uptime": 11081, "ram_free": 146516, "unixtime": 1}, {
            "uptime_s": (11081, "s"), "heap_bytes": (146516, "B"),
        }),
        ("x/status/wifi", {"sta_ip": "1.2.3.4", "status": "got ip", "ssid": "n", "rssi": -52}, {"rssi": (-52, "dBm")}),
        ("x/events/rpc", {"src": "x", "dst": "x/events", "method": "NotifyStatus", "params": {"ts": 1626935779.4,
                          "switch:0": {"id": 0, "apower": 0.0}}}, {"switch_0_power_w": (0.0, "W")}),
        ("shellies/shellyem-1/emeter/0/power", "340.31", {"emeter_0_power_w": (340.31, "W")}),
        ("shellies/shellyem-1/emeter/0/total", "34031.2", {"emeter_0_energy_wh": (34031.2, "Wh")}),
        ("shellies/shellyem-1/emeter/1/total_returned", "12", {"emeter_1_returned_energy_wh": (12, "Wh")}),
        ("shellies/shellyem3-1/emeter/2/pf", "-0.71", {"emeter_2_power_factor": (-0.71, None)}),
        ("shellies/shellyplug-s-1/relay/0", "on", {"relay_0_output_on": (True, None)}),
        ("shellies/shellyplug-s-1/relay/0/energy", "6000", {"relay_0_energy_wh": (100.0, "Wh")}),
        ("shellies/shellyplug-s-1/temperature", "33.12", {"device_temperature_c": (33.12, "°C")}),
        ("shellies/shellyplug-s-1/overtemperature", "0", {"overtemperature_detected": (False, None)}),
        ("shellies/shellyht-1/sensor/temperature", "21.5", {"temperature_c": (21.5, "°C")}),
        ("shellies/shellyht-1/sensor/temperature", "999", {"temperature_c": (None, "°C")}),
        ("shellies/shellyht-1/sensor/battery", "88", {"battery_percent": (88, "%")}),
        ("shellies/shellydw2-1/sensor/state", "close", {"door_open": (False, None)}),
        ("shellies/shellyflood-1/sensor/flood", "true", {"water_leak_detected": (True, None)}),
        ("shellies/shelly1-1/ext_temperature/0", "19.2", {"external_0_temperature_c": (19.2, "°C")}),
        ("shellies/shelly1-1/ext_switch/0", "1", {"external_0_active": (True, None)}),
        ("shellies/shelly1-1/input/0", "1", {"input_0_active": (True, None)}),
        ("shellies/shellyswitch25-1/roller/0", "stop", {"roller_0_state": ("stop", None)}),
        ("shellies/shellyswitch-1/relay/power", "120.5", {"power_w": (120.5, "W")}),
        ("shellies/shellyswitch-1/relay/energy", "6000", {"energy_wh": (100.0, "Wh")}),
        ("shellies/shelly1pm-1/relay/0/overpower_value", "2410", {"relay_0_overpower_w": (2410, "W")}),
        ("shellies/shellygas-1/sensor/gas", "mild", {"gas_detected": (True, None)}),
        ("shellies/shellygas-1/sensor/gas", "none", {"gas_detected": (False, None)}),
        ("shellies/shellygas-1/sensor/gas", "unknown", {"gas_detected": (None, None)}),
        ("shellies/shellygas-1/sensor/concentration", "25", {"gas_concentration_ppm": (25, "ppm")}),
        ("shellies/shellygas-1/sensor/operation", "normal", {"operation_state": ("normal", None)}),
        ("shellies/shellydw2-1/sensor/illumination", "twilight", {"illuminance_level": ("twilight", None)}),
        ("shellies/shellydw2-1/sensor/tilt", "37", {"tilt_degrees": (37, "°")}),
        ("shellies/shellyht-1/sensor/ext_power", "false", {"external_power": (False, None)}),
        ("shellies/shellyuni-1/adc/0", "11.93", {"adc_0_voltage_v": (11.93, "V")}),
        ("shellies/shellydimmer2-1/light/0/status", {
            "ison": True, "source": "input", "has_timer": False, "mode": "white", "brightness": 48, "transition": 0,
        }, {"light_0_output_on": (True, None), "light_0_brightness_percent": (48, "%")}),
        ("shellies/shellyrgbw2-1/white/2/status", {"ison": False, "brightness": 0, "power": 0.0}, {
            "white_2_output_on": (False, None), "white_2_brightness_percent": (0, "%"), "white_2_power_w": (0.0, "W"),
        }),
        ("shellies/shellymotionsensor-1/status", {
            "motion": True, "timestamp": 1617813312, "active": True, "vibration": False, "lux": 87, "bat": 98,
        }, {
            "motion": (True, None), "vibration_detected": (False, None), "illuminance_lux": (87, "lx"),
            "battery_percent": (98, "%"),
        }),
        ("shellies/shellytrv-1/info", {
            "bat": {"value": 88, "voltage": 3.98},
            "thermostats": [{"pos": 34.2, "target_t": {"enabled": True, "value": 21.0, "units": "C"},
                             "tmp": {"value": 19.8, "units": "C", "is_valid": True}, "window_open": False}],
        }, {
            "temperature_c": (19.8, "°C"), "target_temperature_c": (21.0, "°C"),
            "valve_position_percent": (34.2, "%"), "window_open": (False, None), "battery_percent": (88, "%"),
        }),
        ("shellies/shellytrv-1/status", {
            "target_t": {"value": 68.0, "units": "F"}, "tmp": {"value": 999, "units": "F", "is_valid": False}, "pos": 0,
        }, {"target_temperature_c": (pytest.approx(20.0), "°C"), "valve_position_percent": (0, "%")}),
        ("shellies/shellyswitch25-1/roller/0/pos", "35", {"roller_0_position_percent": (35, "%")}),
    ],
)  # fmt: skip
def test_shelly(topic: str, payload: Any, expected: dict[str, Any]) -> None:
    assert read(topic, payload) == expected


def test_the_recorded_meter_of_shelly_has_the_values_of_its_status(captures: Path) -> None:
    recorded = json.loads((captures / "shelly" / "pro_3em_fw1.1.0.json").read_text("utf-8"))
    status = recorded["shelly.getstatus"] if "shelly.getstatus" in recorded else recorded["status"]
    message = {"method": "NotifyFullStatus", "params": {"ts": 1.0, **status}}
    readings = read("shellypro3em-x/events/rpc", message)
    meter, counters = status["em:0"], status["emdata:0"]
    for phase, name in (("a", "l1"), ("b", "l2"), ("c", "l3")):
        assert readings[f"{name}_power_w"] == (meter[f"{phase}_act_power"], "W")
        assert readings[f"{name}_voltage_v"] == (meter[f"{phase}_voltage"], "V")
        assert readings[f"{name}_current_a"] == (meter[f"{phase}_current"], "A")
        assert readings[f"{name}_energy_wh"] == (counters[f"{phase}_total_act_energy"], "Wh")
        assert readings[f"{name}_returned_energy_wh"] == (counters[f"{phase}_total_act_ret_energy"], "Wh")
    assert readings["power_w"] == (meter["total_act_power"], "W")
    assert readings["energy_wh"] == (counters["total_act"], "Wh")
    assert readings["neutral_current_a"] == (meter["n_current"], "A")


@pytest.mark.parametrize(
    ("topic", "payload", "expected"),
    [
        ("ESPURNA-AB12CD/data", {"temperature": "21.0", "humidity": "45.2", "relay/0": "1", "host": "ESPURNA-AB12CD",
                                 "time": "2026-01-01 10:00:00", "energy": "1.234", "factor": 48, "id": 12}, {
            "temperature_c": (21.0, "°C"), "humidity_percent": (45.2, "%"), "channel_0_output_on": (True, None),
            "energy_counter": (1.234, None), "power_factor_percent": (48, "%"),
        }),
        ("ESPURNA-AB12CD/power", "149", {"power_w": (149, "W")}),
        ("ESPURNA-AB12CD/apparent", "307", {"apparent_power_va": (307, "VA")}),
        ("ESPURNA-AB12CD/vcc", "3125", {"supply_voltage_mv": (3125, "mV")}),
        ("ESPURNA-AB12CD/temperature/1", "-0.5", {"sensor_1_temperature_c": (-0.5, "°C")}),
        ("ESPURNA-AB12CD/relay/1", "0", {"channel_1_output_on": (False, None)}),
        ("ESPURNA-AB12CD/power", "nan", {"power_w": (None, "W")}),
        ("ESPURNA-AB12CD/distance", "0.52", {"distance_m": (0.52, "m")}),
        ("ESPURNA-AB12CD/co", "3", {"co_ppm": (3, "ppm")}),
        ("ESPURNA-AB12CD/hcho", "0.02", {"formaldehyde_ppm": (0.02, "ppm")}),
        ("ESPURNA-AB12CD/uvi", "4", {"uv_index": (4, None)}),
        ("ESPURNA-AB12CD/ph", "7.02", {"ph": (7.02, None)}),
        ("ESPURNA-AB12CD/ldr_uSvh", "0.11", {"radiation_usv_h": (0.11, "μSv/h")}),
        ("ESPURNA-AB12CD/ldr_cpm/1", "17", {"sensor_1_radiation_cpm": (17, None)}),
        ("ESPURNA-AB12CD/resistance", "1200", {"resistance_ohm": (1200, "Ω")}),
        ("ESPURNA-AB12CD/lux_2", "310", {"sensor_2_illuminance_lux": (310, "lx")}),
    ],
)  # fmt: skip
def test_espurna(topic: str, payload: Any, expected: dict[str, Any]) -> None:
    assert read(topic, payload) == expected


GX = "N/c0619ab12345"


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("pvinverter/20/Ac/Power", 936, {"power_w": (936, "W")}),
        ("battery/512/History/ChargedEnergy", 3230.5, {"charged_energy_kwh": (3230.5, "kWh")}),
        ("battery/512/History/DischargedEnergy", 2800.1, {"discharged_energy_kwh": (2800.1, "kWh")}),
        ("battery/512/History/DischargedEnergy", [], {"discharged_energy_kwh": (None, "kWh")}),
        ("battery/512/History/TotalAhDrawn", -12345.6, {"total_drawn_ah": (-12345.6, "Ah")}),
        ("alternator/291/History/EnergyOut", 3.3, {"output_energy_kwh": (3.3, "kWh")}),
        ("multi/0/Energy/SolarToBattery", 71.2, {"solar_to_battery_energy_kwh": (71.2, "kWh")}),
        ("vebus/276/Energy/AcIn2ToAcOut", 4.5, {"input_2_to_output_energy_kwh": (4.5, "kWh")}),
        ("meteo/21/Irradiance", 611.2, {"radiation_w_m2": (611.2, "W/m²")}),
        ("meteo/21/WindSpeed", 3.4, {"wind_speed_ms": (3.4, "m/s")}),
        ("generator/0/Runtime", 3600, {"runtime_s": (3600, "s")}),
        ("pvinverter/20/Ac/L2/Power", None, {"l2_power_w": (None, "W")}),
        ("battery/256/Dc/0/Voltage", 26.43, {"dc_voltage_v": (26.43, "V")}),
        ("battery/256/Dc/0/Current", -12.5, {"dc_current_a": (-12.5, "A")}),
        ("battery/256/Dc/0/Power", -330, {"dc_power_w": (-330, "W")}),
        ("battery/256/Dc/0/Temperature", [], {"battery_temperature_c": (None, "°C")}),
        ("battery/256/Soc", 87.5, {"soc_percent": (87.5, "%")}),
        ("battery/256/TimeToGo", 86400, {"time_to_go_s": (86400, "s")}),
        ("battery/256/ConsumedAmphours", -24.1, {"consumed_ah": (-24.1, "Ah")}),
        ("vebus/257/Ac/ActiveIn/L1/P", -31, {"input_l1_power_w": (-31, "W")}),
        ("vebus/257/Ac/Out/L1/V", 230.1, {"output_l1_voltage_v": (230.1, "V")}),
        ("vebus/257/Ac/Out/L1/F", 49.98, {"output_l1_frequency_hz": (49.98, "Hz")}),
        ("vebus/257/Ac/Out/L1/S", 512, {"output_l1_apparent_power_va": (512, "VA")}),
        ("vebus/257/Ac/ActiveIn/Connected", 1, {"grid_connected": (True, None)}),
        ("grid/30/Ac/Energy/Forward", 123.4, {"energy_kwh": (123.4, "kWh")}),
        ("grid/30/Ac/L1/Energy/Reverse", 1.5, {"l1_returned_energy_kwh": (1.5, "kWh")}),
        ("solarcharger/279/Yield/Power", 412, {"solar_power_w": (412, "W")}),
        ("solarcharger/279/Pv/V", 72.3, {"solar_voltage_v": (72.3, "V")}),
        ("solarcharger/279/History/Daily/0/Yield", 1.2, {"yield_today_kwh": (1.2, "kWh")}),
        ("solarcharger/279/Load/I", 0.4, {"load_current_a": (0.4, "A")}),
        ("tank/21/Level", 45.0, {"level_percent": (45.0, "%")}),
        ("tank/21/Remaining", 0.12, {"remaining_m3": (0.12, "m³")}),
        ("temperature/24/Temperature", 4.5, {"temperature_c": (4.5, "°C")}),
        ("system/0/Dc/Battery/Power", -45, {"battery_power_w": (-45, "W")}),
        ("system/0/Ac/Consumption/L1/Power", 245, {"consumption_l1_power_w": (245, "W")}),
        ("system/0/Ac/Grid/L3/Power", 20, {"grid_l3_power_w": (20, "W")}),
        ("system/0/Ac/PvOnGrid/L1/Power", 20, {"solar_on_grid_l1_power_w": (20, "W")}),
        ("gps/1/Position/Latitude", 60.17, {"latitude": (60.17, "°")}),
    ],
)
def test_victron(path: str, value: Any, expected: dict[str, Any]) -> None:
    assert read(f"{GX}/{path}", {"value": value}) == expected


@pytest.mark.parametrize(
    ("pattern", "topic", "request_topic"),
    [
        ("N/{gateway}/{system}/{device_id}", "N/c0619ab12345/system/0/Serial", "R/c0619ab12345/keepalive"),
        ("N/c0619ab12345/{system}/{device_id}", None, "R/c0619ab12345/keepalive"),
        ("N/{gateway}/{system}/{device_id}", None, None),
        ("victron: venus/N/{gateway}/{system}/{device_id}", "venus/N/c0/a/0/b", "venus/R/c0/keepalive"),
        ("{device_id}/events/rpc", "x/events/rpc", None),
    ],
)
def test_a_venus_device_is_asked_for_its_values(pattern: str, topic: str | None, request_topic: str | None) -> None:
    assert TopicPattern(pattern).keepalive(topic) == request_topic


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        # The examples of bthome.io/format.
        ("0161", {"battery_percent": 97}), ("12e204", {"co2_ppm": 1250}), ("0960", {"count": 96}),
        ("3d0960", {"count": 24585}), ("3e2a2c0960", {"count": 1611213866}), ("59ea", {"count": -22}),
        ("434e34", {"current_a": 13.39}), ("5d02ea", {"current_a": -5.63}), ("08ca06", {"dew_point_c": 17.38}),
        ("400c00", {"distance_mm": 12}), ("414e00", {"distance_m": 7.8}), ("424e3400", {"duration_s": 13.39}),
        ("4d12138a14", {"energy_kwh": 344593.17}), ("0a138a14", {"energy_kwh": 1346.067}),
        ("4b138a14", {"gas_m3": 1346.067}), ("4c41018a01", {"gas_m3": 25821.505}),
        ("03bf13", {"humidity_percent": 50.55}), ("2e23", {"humidity_percent": 35}),
        ("05138a14", {"illuminance_lux": 13460.67}), ("065e1f", {"weight_kg": 80.3}), ("073e1d", {"weight_lb": 74.86}),
        ("14020c", {"moisture_percent": 30.74}), ("2f23", {"moisture_percent": 35}),
        ("0d120c", {"pm25_ug_m3": 3090}), ("0e021c", {"pm10_ug_m3": 7170}),
        ("04138a01", {"pressure_hpa": 1008.83}), ("44 4e34", {"speed_ms": 133.9}), ("45 1101", {"temperature_c": 27.3}),
        ("02ca09", {"temperature_c": 25.06}), ("57ea", {"temperature_c": -22}), ("58ea", {"temperature_c": -7.7}),
        ("133301", {"tvoc_ug_m3": 307}), ("0c020c", {"voltage_v": 3.074}), ("4a020c", {"voltage_v": 307.4}),
        ("4e87562a01", {"volume_l": 19551.879}), ("4f87562a01", {"water_l": 19551.879}), ("4632", {"uv_index": 5.0}),
        ("0b021b00", {"power_w": 69.14}), ("5c02fbffff", {"power_w": -12.78}), ("56e803", {"conductivity_us_cm": 1000}),
        ("1501", {"battery_low": True}), ("1a00", {"door_open": False}), ("2d01", {"window_open": True}),
        ("2101", {"motion": True}), ("1001", {"output_on": True}), ("3f020c", {"rotation_deg": 307.4}),
        # Several objects of a type, a packet number, a text to skip, and one that is not known.
        ("0009 02ca09 02 cb09", {"temperature_c": 25.06, "sensor_2_temperature_c": 25.07}),
        ("53 03 616263 0161", {"battery_percent": 97}), ("0161 ee 02ca09", {"battery_percent": 97}),
        ("02ca09 0c02", {"temperature_c": 25.06}), ("3a01 0161", {"button_event": "press", "battery_percent": 97}),
        # Events: a device with several buttons reports those that were not pressed as well; or nothing happened.
        ("3a00 3a80", {"sensor_2_button_event": "hold_press"}), ("3c0103", {"dimmer_event": "rotate_left 3"}),
        ("3a00 3c0000", {}),
        ("f001 00 f100020304", {}), ("62aabbccdd", {"speed_ms": -573.785174}), ("6405", {"light_level": 5}),
        ("63 40420f00", {"acceleration_m_s2": 1.0}),
    ],
)  # fmt: skip
def test_the_objects_of_bthome(data: str, expected: dict[str, Any]) -> None:
    message = decode_service_data(bytes.fromhex("40" + data))
    assert message.metrics == expected
    assert message.seq == (9 if data.startswith("0009") else None)


@pytest.mark.parametrize("data", ["", "41a47266c95f730011223378237214", "2002ca09", "40", "40ee01"])
def test_bthome_that_cannot_be_read_is_an_error(data: str) -> None:
    with pytest.raises(DecodeError):
        decode_service_data(bytes.fromhex(data))


@pytest.mark.parametrize(
    ("topic", "payload", "expected"),
    [
        ("shelly/blu/events", {"encryption": False, "BTHome_version": 2, "pid": 12, "battery": 100, "illuminance": 9,
                               "window": 0, "rotation": 1.5, "rssi": -60, "address": "3c:2e:f5:aa:bb:cc"}, {
            "battery_percent": (100, "%"), "illuminance_lux": (9, "lx"), "window_open": (False, None),
            "rotation_deg": (1.5, "°"), "rssi": (-60, "dBm"),
        }),
        ("bthome/hall/x", {"mac": "3C:2E:F5:AA:BB:CC", "service_data": {"0000fcd2-0000-1000-8000-00805f9b34fb":
                           "4002ca09"}}, {"temperature_c": (25.06, "°C")}),
        ("bthome/hall/x", {"service_data": "0x4002ca09", "rssi": -70}, {
            "temperature_c": (25.06, "°C"), "rssi": (-70, "dBm"),
        }),
        ("any/topic/data", {"BTHome_version": 2, "temperature": [21.5, 4.0], "humidity": 40}, {
            "temperature_c": (21.5, "°C"), "sensor_2_temperature_c": (4.0, "°C"), "humidity_percent": (40, "%"),
        }),
    ],
)  # fmt: skip
def test_bthome_gateways(topic: str, payload: Any, expected: dict[str, Any]) -> None:
    assert read(topic, payload) == expected


@pytest.mark.parametrize("payload", [
    {"BTHome_version": 2, "encryption": True}, {"service_data": "4102ca09"}, {"service_data": "zz", "uuid": "fcd2"},
])  # fmt: skip
def test_encrypted_bthome_is_named(payload: dict[str, Any]) -> None:
    with pytest.raises(DecodeError):
        list(decode_capture({"topic": "bthome/hall/x", "payload": payload}))
