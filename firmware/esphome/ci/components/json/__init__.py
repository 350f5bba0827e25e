"""Replacement for ESPHome's `json`, whose ArduinoJson comes from a registry that these builds cannot access.

`http_request` refers to its types, but no tested code calls it: the client reads the manifest itself.
"""

import esphome.codegen as cg
import esphome.config_validation as cv

json_ns = cg.esphome_ns.namespace("json")
CONFIG_SCHEMA = cv.Schema({})


async def to_code(config):  # type: ignore[no-untyped-def]
    """Generate the namespace."""
    cg.add_global(json_ns.using)


def enable_arena():  # type: ignore[no-untyped-def]
    """Nothing to enable."""
