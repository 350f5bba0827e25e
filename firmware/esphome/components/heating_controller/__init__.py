"""Heating controller: synchronizes with the iot_heating integration and heats by its last configuration without it."""

from esphome import automation
import esphome.codegen as cg
from esphome.components import binary_sensor, http_request, sensor, suite_device, switch, text_sensor
import esphome.config_validation as cv
from esphome.const import (
    CONF_ID,
    CONF_KEY,
    CONF_MODEL,
    CONF_URL,
    DEVICE_CLASS_CONNECTIVITY,
    DEVICE_CLASS_HEAT,
    DEVICE_CLASS_TEMPERATURE,
    ENTITY_CATEGORY_DIAGNOSTIC,
    STATE_CLASS_MEASUREMENT,
    UNIT_CELSIUS,
)

AUTO_LOAD = ["binary_sensor", "sensor", "suite_core", "suite_device", "text_sensor"]
DEPENDENCIES = ["http_request", "network"]

CONF_CONNECTED = "connected"
CONF_DEVICE_ID = "device_id"
CONF_FLOW_SETPOINT = "flow_setpoint"
CONF_HEATING = "heating"
CONF_HEAT_SWITCH = "heat_switch"
CONF_HEATING_FEEDBACK = "heating_feedback"
CONF_CONTROL_MODE = "control_mode"
CONF_ON_IDENTIFY = "on_identify"

HeatingController = suite_device.suite_ns.class_("HeatingController", cg.Component)

# Option -> name in C++.
READINGS = {
    "outdoor_temperature": "outdoor",
    "supply_temperature": "flow",
    "return_temperature": "return",
    "room_temperature": "room",
    "supply_voltage": "voltage",
}

ENTITIES = {
    CONF_FLOW_SETPOINT: sensor.new_sensor,
    CONF_HEATING: binary_sensor.new_binary_sensor,
    CONF_CONNECTED: binary_sensor.new_binary_sensor,
    CONF_CONTROL_MODE: text_sensor.new_text_sensor,
}

CONFIG_SCHEMA = cv.Schema(
    {
        cv.GenerateID(): cv.declare_id(HeatingController),
        cv.GenerateID(http_request.CONF_HTTP_REQUEST_ID): cv.use_id(http_request.HttpRequestComponent),
        cv.Required(CONF_URL): cv.templatable(cv.url),
        cv.Required(CONF_DEVICE_ID): cv.templatable(cv.string_strict),
        cv.Required(CONF_KEY): cv.templatable(cv.sensitive(cv.string_strict)),
        cv.Optional(CONF_MODEL, default=""): cv.All(cv.string_strict, cv.Length(max=64)),
        **{cv.Optional(option): cv.use_id(sensor.Sensor) for option in READINGS},
        cv.Optional(CONF_HEAT_SWITCH): cv.use_id(switch.Switch),
        cv.Optional(CONF_HEATING_FEEDBACK): cv.use_id(binary_sensor.BinarySensor),
        cv.Optional(CONF_FLOW_SETPOINT): sensor.sensor_schema(
            unit_of_measurement=UNIT_CELSIUS,
            accuracy_decimals=1,
            device_class=DEVICE_CLASS_TEMPERATURE,
            state_class=STATE_CLASS_MEASUREMENT,
        ),
        cv.Optional(CONF_HEATING): binary_sensor.binary_sensor_schema(device_class=DEVICE_CLASS_HEAT),
        cv.Optional(CONF_CONNECTED): binary_sensor.binary_sensor_schema(
            device_class=DEVICE_CLASS_CONNECTIVITY, entity_category=ENTITY_CATEGORY_DIAGNOSTIC
        ),
        cv.Optional(CONF_CONTROL_MODE): text_sensor.text_sensor_schema(),
        cv.Optional(CONF_ON_IDENTIFY): automation.validate_automation(single=True),
    }
).extend(cv.COMPONENT_SCHEMA)


async def to_code(config):
    """Generate the component."""
    var = cg.new_Pvariable(config[CONF_ID])
    await cg.register_component(var, config)
    cg.add(var.set_http(await cg.get_variable(config[http_request.CONF_HTTP_REQUEST_ID])))
    for option, setter in ((CONF_URL, "url"), (CONF_DEVICE_ID, "device_id"), (CONF_KEY, "key")):
        value = await cg.templatable(config[option], [], cg.std_string)
        cg.add(getattr(var, f"set_{setter}")(value))
    name, version = suite_device.project()
    cg.add(var.set_facts(name, version, suite_device.chip(), config[CONF_MODEL]))
    for option, reading in READINGS.items():
        if option in config:
            cg.add(getattr(var, f"set_{reading}")(await cg.get_variable(config[option])))
    for option in (CONF_HEAT_SWITCH, CONF_HEATING_FEEDBACK):
        if option in config:
            cg.add(getattr(var, f"set_{option}")(await cg.get_variable(config[option])))
    for option, create in ENTITIES.items():
        if option in config:
            cg.add(getattr(var, f"set_{option}")(await create(config[option])))
    if CONF_ON_IDENTIFY in config:
        await automation.build_automation(var.get_identify_trigger(), [], config[CONF_ON_IDENTIFY])
