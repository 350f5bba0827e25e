"""All kinds of sources."""

from typing import Final

from homeassistant.const import CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME

from ..const import CONF_API_KEY, CONF_API_SECRET
from .base import Form
from .heat_pumps import modbus, modbus_schema, viessmann, viessmann_schema
from .miners import hiveos_schema, miner, miner_schema, nicehash_schema, rigs
from .present import entity, entity_schema, external, external_schema

FORMS: Final[dict[str, Form]] = {
    "miner": Form(miner_schema, miner, (CONF_PASSWORD,)),
    "viessmann": Form(viessmann_schema, viessmann, (CONF_USERNAME, CONF_PASSWORD)),
    "modbus": Form(modbus_schema, modbus),
    "entity": Form(entity_schema, entity),
    "external": Form(external_schema, external),
    "nicehash": Form(nicehash_schema, rigs, (CONF_API_KEY, CONF_API_SECRET)),
    "hiveos": Form(hiveos_schema, rigs, (CONF_TOKEN,)),
}
