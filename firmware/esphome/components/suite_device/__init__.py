"""What the suite's controllers share on a device: storage, firmware slots, requests to Home Assistant."""

import esphome.codegen as cg
from esphome.components import esp32
import esphome.config_validation as cv
from esphome.core import CORE

AUTO_LOAD = ["suite_core"]
DEPENDENCIES = ["http_request"]

suite_ns = cg.global_ns.namespace("suite")

CONFIG_SCHEMA = cv.Schema({})


async def to_code(config):
    """Add what the sources need."""
    if CORE.is_esp32:
        esp32.include_builtin_idf_component("app_update")
        esp32.include_builtin_idf_component("bootloader_support")


def chip():
    """Return the chip as Home Assistant's firmware updates name it."""
    return esp32.get_esp32_variant().lower() if CORE.is_esp32 else "generic"


def project():
    """Return the name and the version of the ESPHome project, which the image contains too."""
    found = CORE.config["esphome"].get("project")
    return (found["name"], found["version"]) if found else (CORE.name, "0.0.0")
