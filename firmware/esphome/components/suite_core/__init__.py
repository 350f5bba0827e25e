"""The portable core of the suite's controllers: C++17 without heap, exceptions or a framework."""

import esphome.config_validation as cv

CONFIG_SCHEMA = cv.Schema({})


async def to_code(config):
    """Generate nothing: the sources are compiled."""
