"""Messages from bug reports of people with these devices: every meaningful value has its unit."""

from typing import Any

import pytest

from custom_components.edge_telemetry.decoders import decode_capture
from custom_components.edge_telemetry.decoders.errors import DecodeError

SENSOR = "tele/{device_id}/SENSOR"
ZIGBEE = "zigbee2mqtt/{device_id}"
RADIO = "rtl_433/host/events"
BLUETOOTH = "home/OMG/BTtoMQTT/A4C138000001"
VENUS = "N/c0619ab/battery/512"


@pytest.mark.parametrize(
    ("topic", "payload", "expected"),
    [
        # Tasmota: the topic of firmware before 5.11 (Tasmota#2229), names of the Smart Meter Interface, other sensors
        ("tele/pow/ENERGY", {"Total": 22.768, "Today": 0.077, "Power": 12, "Voltage": 124},
         {"energy_kwh": (22.768, "kWh"), "energy_today_kwh": (0.077, "kWh"), "power_w": (12, "W"),
          "voltage_v": (124, "V")}),
        (SENSOR, {"Zaehler": {"Power_curr": -514.0, "Total_in": 12345.6, "Total_out": 22.1}},
         {"zaehler_power_curr": (-514.0, "W"), "zaehler_total_in": (12345.6, "kWh"),
          "zaehler_total_out": (22.1, "kWh")}),
        (SENSOR, {"MT175": {"E_in": 8675.309, "E_out": 12.5, "P": -250, "Server_ID": "0a01"}},
         {"mt175_e_in": (8675.309, "kWh"), "mt175_e_out": (12.5, "kWh"), "mt175_p": (-250, "W"),
          "mt175_server_id": ("0a01", None)}),
        (SENSOR, {"SML": {"Total_in": 1, "Volt_p1": 231.4, "Amp_p3": 2.1, "Power_p2": -20, "HZ": 49.98, "Phase": 1}},
         {"sml_total_in": (1, "kWh"), "sml_volt_p1": (231.4, "V"), "sml_amp_p3": (2.1, "A"), "sml_power_p2": (-20, "W"),
          "sml_hz": (49.98, "Hz"), "sml_phase": (1, None)}),
        (SENSOR, {"Rocket": {"P": 3, "Volt_p1": 5}}, {"rocket_p": (3, None), "rocket_volt_p1": (5, None)}),
        (SENSOR, {"MJ_HT_V1-d3f51c": {"Temperature": 23.0, "Battery": 88}},
         {"mj_ht_v1_d3f51c_temperature_c": (23.0, "°C"), "mj_ht_v1_d3f51c_battery": (88, "%")}),
        # Zigbee2MQTT: phases (zigbee2mqtt#32596, domoticz#6200), power factors in percent
        (ZIGBEE, {"current_neutral": 0.03, "power_apparent": 95, "power_apparent_phase_b": 354, "power_reactive": 38,
                  "power_reactive_phase_c": -2, "power_phase_b": 384, "power_factor_phase_b": 0.97},
         {"current_neutral": (0.03, "A"), "power_apparent": (95, "VA"), "power_apparent_phase_b": (354, "VA"),
          "power_reactive": (38, "var"), "power_reactive_phase_c": (-2, "var"), "l2_power_w": (384, "W"),
          "l2_power_factor": (0.97, None)}),
        (ZIGBEE, {"power_a": 100, "power_b": -20, "voltage_a": 230.1, "current_b": 0.5, "energy_c": 1.5,
                  "produced_energy_a": 0.2, "power_factor_a": 95, "power_factor_b": -100, "total_power": 300},
         {"power_a": (100, "W"), "power_b": (-20, "W"), "voltage_a": (230.1, "V"), "current_b": (0.5, "A"),
          "energy_c": (1.5, "kWh"), "produced_energy_a": (0.2, "kWh"), "power_factor_a": (0.95, None),
          "power_factor_b": (-1.0, None), "total_power": (300, "W")}),
        (ZIGBEE, {"temperature_1": 21.5, "external_temperature": -12, "cpu_temperature": 50, "noise": 40, "pm1": 3,
                  "temperature_periodic_report": 10},
         {"temperature_1": (21.5, "°C"), "external_temperature": (-12, "°C"), "cpu_temperature": (50, "°C"),
          "noise": (40, "dB"), "pm1": (3, "μg/m³"), "temperature_periodic_report": (10, None)}),
        (ZIGBEE, {"illuminance": 12000, "illuminance_lux": 120},
         {"illuminance": (12000, None), "illuminance_lux": (120, "lx")}),
        (SENSOR, {"HX711": {"Weight": 1.2}, "BME680": {"Gas": 123.4}},
         {"hx711_weight_kg": (1.2, "kg"), "bme680_gas": (123.4, "kΩ")}),
        # rtl_433: older spellings of the battery (rtl_433#705), doors with two contacts, UV, kilolux
        (RADIO, {"model": "Ambient", "id": 1, "battery": "Low", "temperature_F": 68},
         {"Ambient-1.battery_low": (True, None), "Ambient-1.temperature_c": (20.0, "°C")}),
        (RADIO, {"model": "Hideki", "id": 1, "battery": "OK", "humidity": 65},
         {"Hideki-1.battery_low": (False, None), "Hideki-1.humidity_percent": (65, "%")}),
        (RADIO, {"model": "Honeywell", "id": 8, "contact_open": 1, "reed_open": 0},
         {"Honeywell-8.door_open": (True, None)}),
        (RADIO, {"model": "Honeywell", "id": 8, "contact_open": 0, "reed_open": 1},
         {"Honeywell-8.door_open": (True, None)}),
        (RADIO, {"model": "Honeywell", "id": 8, "reed_open": 0}, {"Honeywell-8.door_open": (False, None)}),
        (RADIO, {"model": "WH65B", "id": 1, "uvi": 2, "uv": 450, "light_klx": 50.1},
         {"WH65B-1.uv_index": (2, None), "WH65B-1.illuminance_lux": (50_100, "lx")}),
        (RADIO, {"model": "Cotech", "id": 1, "uv": 3}, {"Cotech-1.uv_index": (3, None)}),
        (RADIO, {"model": "OWL", "id": 1, "volts": 230, "power_VA": 330, "energy_kWh": 12.5},
         {"OWL-1.voltage_v": (230, "V"), "OWL-1.apparent_power_va": (330, "VA"), "OWL-1.energy_kwh": (12.5, "kWh")}),
        (BLUETOOTH, {"id": "D1", "model": "Curtain", "position": 40, "batt": 90},
         {"position": (40, "%"), "battery_percent": (90, "%")}),
        # Venus OS: limits and cells of a battery (dbus-mqtt-devices#24)
        (f"{VENUS}/Info/MaxChargeCurrent", {"value": 100}, {"charge_limit_current_a": (100, "A")}),
        (f"{VENUS}/Info/MaxChargeVoltage", {"value": 56.4}, {"charge_limit_voltage_v": (56.4, "V")}),
        (f"{VENUS}/System/MinCellVoltage", {"value": 3.31}, {"minimum_cell_voltage_v": (3.31, "V")}),
        (f"{VENUS}/System/MaxCellTemperature", {"value": 21}, {"maximum_cell_temperature_c": (21, "°C")}),
        (f"{VENUS}/InstalledCapacity", {"value": 280}, {"installed_capacity_ah": (280, "Ah")}),
        (f"{VENUS}/Capacity", {"value": []}, {"capacity_ah": (None, "Ah")}),
        # Sensors that do not answer, in the largest or smallest number of their format
        (ZIGBEE, {"battery": 255, "temperature": -327.68, "humidity": 655.35, "soil_moisture": 255, "co2": 65535,
                  "pm25": 65535, "linkquality": 80},
         {"battery_percent": (None, "%"), "temperature_c": (None, "°C"), "humidity_percent": (None, "%"),
          "soil_moisture_percent": (None, "%"), "co2_ppm": (None, "ppm"), "pm25_ug_m3": (None, "μg/m³"),
          "link_quality": (80, "lqi")}),
        (ZIGBEE, {"temperature": -273.15, "humidity": 104.2, "device_temperature": 327.67},
         {"temperature_c": (None, "°C"), "humidity_percent": (104.2, "%"), "device_temperature_c": (None, "°C")}),
        (SENSOR, {"DS18B20-1": {"Id": "01", "Temperature": -196.6}, "TempUnit": "F"},
         {"ds18b20_01_temperature_c": (None, "°C")}),
        (SENSOR, {"DS18B20-1": {"Id": "01", "Temperature": -127.0}, "TempUnit": "F"},
         {"ds18b20_01_temperature_c": (None, "°C")}),
        (SENSOR, {"BMP280": {"Temperature": 21.5, "Pressure": 0.0}, "PressureUnit": "hPa"},
         {"bmp280_temperature_c": (21.5, "°C"), "bmp280_pressure_hpa": (None, "hPa")}),
        (SENSOR, {"BMP280": {"Pressure": 0.98}, "PressureUnit": "bar"}, {"bmp280_pressure_hpa": (980.0, "hPa")}),
        (RADIO, {"model": "WH24", "id": 5, "humidity": 255, "wind_dir_deg": 511, "temperature_C": -40.0},
         {"WH24-5.humidity_percent": (None, "%"), "WH24-5.wind_direction": (None, "°"),
          "WH24-5.temperature_c": (-40.0, "°C")}),
        (BLUETOOTH, {"id": "D1", "hum": -1, "batt": 0, "tempc": 6553.5},
         {"humidity_percent": (None, "%"), "battery_percent": (0, "%"), "temperature_c": (None, "°C")}),
        ("venus/{device_id}/data", {"latitude": 91.0, "longitude": 181.0, "temperature_c": 65535.0, "humidity": 0.0},
         {"latitude": (None, "°"), "longitude": (None, "°"), "temperature_c": (None, "°C"),
          "humidity_percent": (0.0, "%")}),
        ("shelly1/events/rpc",
         {"method": "NotifyStatus", "params": {"temperature:100": {"tC": None, "errors": ["out_of_range"]},
                                               "switch:0": {"apower": None, "output": False}}},
         {"temperature_100_temperature_c": (None, "°C"), "switch_0_power_w": (None, "W"),
          "switch_0_output_on": (False, None)}),
        # Direct current, reactive energy and presence at Tasmota
        (SENSOR, {"INA219": {"Voltage": 12.1, "Current": -0.5, "Power": 6.0},
                  "INA3221": {"Voltage": [5.0, 12.0], "Current": [0.1, 0.2]},
                  "MAX17043": {"Voltage": 3.9, "ChargePercent": 85}},
         {"ina219_voltage": (12.1, "V"), "ina219_current": (-0.5, "A"), "ina219_power": (6.0, "W"),
          "ina3221_1_voltage": (5.0, "V"), "ina3221_2_voltage": (12.0, "V"), "ina3221_1_current": (0.1, "A"),
          "ina3221_2_current": (0.2, "A"), "max17043_voltage": (3.9, "V"), "max17043_chargepercent": (85, "%")}),
        (SENSOR, {"ENERGY": {"ImportReactive": [1.5, 0.5], "ExportReactive": 0.25}},
         {"l1_energy_importreactive": (1.5, "kvarh"), "l2_energy_importreactive": (0.5, "kvarh"),
          "energy_exportreactive": (0.25, "kvarh")}),
        (SENSOR, {"ZbReceived": {"0x1": {"Occupancy": 1, "Illuminance": 20}}},
         {"0x1.occupancy_detected": (True, None), "0x1.illuminance_lux": (20, "lx")}),
        (ZIGBEE, {"pi_heating_demand": 35, "valve_position": 50, "water_consumed": 5.5, "flow": 0.3, "hcho": 0.03,
                  "total_energy": 5, "frequency": 50, "target_distance": 2.5},
         {"pi_heating_demand": (35, "%"), "valve_position": (50, "%"), "water_consumed": (5.5, "m³"),
          "flow": (0.3, "m³/h"), "hcho": (0.03, "mg/m³"), "total_energy": (5, "kWh"), "frequency": (50, "Hz"),
          "target_distance": (2.5, "m")}),
        # Venus OS: the capacity of a tank is a volume; numbers as text
        ("N/c0619ab/tank/3/Capacity", {"value": 0.2}, {"capacity_m3": (0.2, "m³")}),
        ("N/c0619ab/tank/3/Remaining", {"value": 0.12}, {"remaining_m3": (0.12, "m³")}),
        ("N/c0619ab/battery/3/Capacity", {"value": 0.2}, {"capacity_ah": (0.2, "Ah")}),
        (f"{VENUS}/Dc/0/Voltage", {"value": "52.1"}, {"dc_voltage_v": (52.1, "V")}),
        (f"{VENUS}/Dc/0/Voltage", {"value": "off"}, {"dc_voltage_v": ("off", "V")}),
    ],
)  # fmt: skip
def test_a_message_of_the_field(topic: str, payload: dict[str, Any], expected: dict[str, Any]) -> None:
    found = {key: (value, unit) for key, value, unit in decode_capture({"topic": topic, "payload": payload})}
    assert found.keys() == expected.keys()
    for key, (value, unit) in expected.items():
        assert found[key][1] == unit, key
        assert found[key][0] == (pytest.approx(value) if isinstance(value, float) else value), key


PAYLOAD = "0512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F"


@pytest.mark.parametrize(
    "text",
    [
        PAYLOAD.lower(),
        f"0x{PAYLOAD}",
        bytes.fromhex(PAYLOAD).hex(" "),
        bytes.fromhex(PAYLOAD).hex(":"),
        bytes.fromhex(PAYLOAD).hex("-").upper(),
        f"9904{PAYLOAD}",  # with the company, as Bluetooth stacks write manufacturer data
        f"0201061BFF9904{PAYLOAD}",
        bytes.fromhex(f"0201061BFF9904{PAYLOAD}").hex(" "),
        f" {PAYLOAD}\r\n",
    ],
)
def test_ruuvi_bytes_are_read_as_any_program_writes_them(text: str) -> None:
    found = {key: value for key, value, _ in decode_capture(text)}
    assert (found["temperature_c"], found["humidity_percent"], found["battery_mv"]) == (24.3, 53.49, 2977)


@pytest.mark.parametrize("text", ["9904", "0x", "05 12:FC", "05:", "0512F", "zz"])
def test_other_texts_are_not_a_ruuvi_payload(text: str) -> None:
    with pytest.raises(DecodeError):
        list(decode_capture(text))


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"temperature": "21,5 °C", "humidity": "45 %", "power": "1.2kW", "voltage": "3005 mV"},
         {"temperature_c": (21.5, "°C"), "humidity_percent": (45, "%"), "power_w": (1200, "W"),
          "voltage_v": (3.005, "V")}),
        ({"temperature": "70.7 °F", "energy": "1500 Wh", "pressure_hpa": "101325 Pa"},
         {"temperature_c": (21.5, "°C"), "energy_kwh": (1.5, "kWh"), "pressure_hpa": (1013.25, "hPa")}),
        ({"temperature": "12:30", "humidity": "45 apples", "power": "1.2.3 W", "voltage": "230 A"},
         {"temperature_c": (None, "°C"), "humidity_percent": (None, "%"), "power_w": (None, "W"),
          "voltage_v": (None, "V")}),
        ({"pressure_inhg": 29.92, "wind_mph": 10, "tank_mbar": 1010, "tire_psi": 33.5, "outdoor_degC": -3, "way_km": 2},
         {"pressure_inhg": (29.92, "inHg"), "wind_mph": (10, "mph"), "tank_mbar": (1010, "hPa"),
          "tire_psi": (33.5, "psi"), "outdoor_degc": (-3, "°C"), "way_km": (2, "km")}),
    ],
)  # fmt: skip
def test_units_in_texts_and_names(payload: dict[str, Any], expected: dict[str, tuple[Any, str]]) -> None:
    found = {key: (value, unit) for key, value, unit in decode_capture(payload)}
    assert found.keys() == expected.keys()
    for key, (value, unit) in expected.items():
        assert found[key] == (value if value is None else pytest.approx(value, rel=1e-4), unit), key


def test_zero_has_no_sign() -> None:
    assert [str(value) for _, value, _ in decode_capture({"temperature": -0.0, "x": -0.0})] == ["0.0", "0.0"]


@pytest.mark.parametrize(
    ("topic", "text", "expected"),
    [
        ("espurna/kitchen/relay/0", "1", {"channel_0_output_on": True}),
        ("home/espurna/kitchen/power/0", "12", {"sensor_0_power_w": 12}),
        ("venus-home/N/c0619ab/battery/512/Soc", '{"value": 50}', {"soc_percent": 50}),
        ("venus-home/N/c0619ab/tank/1/Capacity", '{"value": 2}', {"capacity_m3": 2}),
        ("espurna/kitchen/temperature/0", "nan", {"sensor_0_temperature_c": None}),
        ("espurna/kitchen/power/1", "-", {"sensor_1_power_w": None}),
        ("shellies/shellyplug-s-1/temperature", "999", {"device_temperature_c": None}),
        ("shellies/shellyswitch25-1/roller/0/pos", "-1", {"roller_0_position_percent": None}),
        ("shellies/shellygas-1/sensor/concentration", "-1", {"gas_concentration_ppm": None}),
        ("shellies/shellyht-1/sensor/battery", "255", {"battery_percent": None}),
    ],
)
def test_a_recorded_topic_needs_no_placeholder(topic: str, text: str, expected: dict[str, Any]) -> None:
    assert {key: value for key, value, _ in decode_capture({"topic": topic, "text": text})} == expected
