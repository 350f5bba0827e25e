"""All kinds of sources."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.const import CONF_DEVICE, CONF_PASSWORD, CONF_TOKEN, CONF_USERNAME

from ..const import (
    CONF_ADDRESS,
    CONF_API_KEY,
    CONF_API_SECRET,
    CONF_BAUDRATE,
    CONF_CLIENT_ID,
    CONF_DAY_LIMIT,
    CONF_ENTITY,
    CONF_KIND,
    CONF_REFERENCE,
    CONF_TEMPLATE,
)
from .form import Form
from .ha_sources import (
    entity,
    entity_schema,
    external,
    external_schema,
    no_vicare,
    nothing_offered,
    vicare,
    vicare_schema,
)
from .heat_pumps import broken_templates, modbus, modbus_schema, serial_schema, viessmann, viessmann_schema
from .miners import hiveos_schema, miner, miner_schema, nicehash_schema, rigs

_TEMPLATE_AT: Final = {"not_supported": CONF_TEMPLATE}

FORMS: Final[dict[str, Form]] = {
    "miner": Form(miner_schema, miner, {"": CONF_ADDRESS, "invalid_auth": CONF_PASSWORD}, (CONF_PASSWORD,)),
    "viessmann": Form(
        viessmann_schema,
        viessmann,
        {"": CONF_CLIENT_ID, "invalid_auth": CONF_PASSWORD, "limited": CONF_DAY_LIMIT},
        (CONF_USERNAME, CONF_PASSWORD),
    ),
    "vicare": Form(vicare_schema, vicare, {"": CONF_DEVICE}, empty=no_vicare),
    "modbus": Form(modbus_schema, modbus, {"": CONF_ADDRESS, **_TEMPLATE_AT}, broken=broken_templates),
    "modbus_serial": Form(
        serial_schema, modbus, {"": CONF_DEVICE, **_TEMPLATE_AT}, broken=broken_templates, kind="modbus"
    ),
    "entity": Form(entity_schema, entity, {"": CONF_ENTITY}),
    "external": Form(external_schema, external, {"": CONF_REFERENCE}, empty=nothing_offered),
    "nicehash": Form(
        nicehash_schema, rigs, {"": CONF_API_KEY, "invalid_auth": CONF_API_SECRET}, (CONF_API_KEY, CONF_API_SECRET)
    ),
    "hiveos": Form(hiveos_schema, rigs, {"": CONF_TOKEN}, (CONF_TOKEN,)),
}


def form_name(data: Mapping[str, Any]) -> str:
    """The form that a source was made with."""
    kind = str(data[CONF_KIND])
    return "modbus_serial" if kind == "modbus" and CONF_BAUDRATE in data else kind
