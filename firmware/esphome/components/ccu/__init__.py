"""Central Control Unit: connects outlets with HC-12 radio to the smart_outlet integration."""

import esphome.codegen as cg
from esphome.components import binary_sensor, http_request, sensor, suite_device, uart
import esphome.config_validation as cv
from esphome.const import (
    CONF_ID,
    CONF_KEY,
    CONF_URL,
    DEVICE_CLASS_CONNECTIVITY,
    ENTITY_CATEGORY_DIAGNOSTIC,
    STATE_CLASS_MEASUREMENT,
)

AUTO_LOAD = ["binary_sensor", "sensor", "suite_core", "suite_device"]
DEPENDENCIES = ["http_request", "network", "uart"]

CONF_CCU_ID = "ccu_id"
CONF_CONNECTED = "connected"
CONF_MAIN_CURRENT = "main_current"
CONF_ONLINE_OUTLETS = "online_outlets"
CONF_RADIO_MODE = "radio_mode"

# Maximum transfer delay of the HC-12, docs/hc12-frame.md.
RADIO_MODES = {"FU1": 25, "FU3": 80}

CcuComponent = suite_device.suite_ns.class_("CcuComponent", cg.Component, uart.UARTDevice)

CONFIG_SCHEMA = (
    cv.Schema(
        {
            cv.GenerateID(): cv.declare_id(CcuComponent),
            cv.GenerateID(http_request.CONF_HTTP_REQUEST_ID): cv.use_id(http_request.HttpRequestComponent),
            cv.Required(CONF_URL): cv.templatable(cv.url),
            cv.Required(CONF_CCU_ID): cv.templatable(cv.string_strict),
            cv.Required(CONF_KEY): cv.templatable(cv.sensitive(cv.string_strict)),
            cv.Optional(CONF_RADIO_MODE, default="FU3"): cv.one_of(*RADIO_MODES, upper=True),
            cv.Optional(CONF_MAIN_CURRENT): cv.use_id(sensor.Sensor),
            cv.Optional(CONF_CONNECTED): binary_sensor.binary_sensor_schema(
                device_class=DEVICE_CLASS_CONNECTIVITY, entity_category=ENTITY_CATEGORY_DIAGNOSTIC
            ),
            cv.Optional(CONF_ONLINE_OUTLETS): sensor.sensor_schema(
                accuracy_decimals=0,
                state_class=STATE_CLASS_MEASUREMENT,
                entity_category=ENTITY_CATEGORY_DIAGNOSTIC,
            ),
        }
    )
    .extend(uart.UART_DEVICE_SCHEMA)
    .extend(cv.COMPONENT_SCHEMA)
)
FINAL_VALIDATE_SCHEMA = uart.final_validate_device_schema("ccu", require_rx=True, require_tx=True)


async def to_code(config):
    """Generate the component."""
    var = cg.new_Pvariable(config[CONF_ID])
    await cg.register_component(var, config)
    await uart.register_uart_device(var, config)
    cg.add(var.set_http(await cg.get_variable(config[http_request.CONF_HTTP_REQUEST_ID])))
    for option in (CONF_URL, CONF_CCU_ID, CONF_KEY):
        value = await cg.templatable(config[option], [], cg.std_string)
        cg.add(getattr(var, f"set_{option}")(value))
    cg.add(var.set_version(suite_device.project()[1]))
    cg.add(var.set_chip(suite_device.chip()))
    cg.add(var.set_transfer_delay(RADIO_MODES[config[CONF_RADIO_MODE]]))
    if CONF_MAIN_CURRENT in config:
        cg.add(var.set_main_current(await cg.get_variable(config[CONF_MAIN_CURRENT])))
    if CONF_CONNECTED in config:
        cg.add(var.set_connected(await binary_sensor.new_binary_sensor(config[CONF_CONNECTED])))
    if CONF_ONLINE_OUTLETS in config:
        cg.add(var.set_online_outlets(await sensor.new_sensor(config[CONF_ONLINE_OUTLETS])))
