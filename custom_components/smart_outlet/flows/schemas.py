"""Schemas of the forms."""

from typing import Final

from homeassistant.const import CONF_NAME
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    SerialPortSelector,
    TextSelector,
)
import probatio as vol

from ..const import (
    CONF_ACCEPT_WITHOUT_KEY,
    CONF_BAUD,
    CONF_CCU_ID,
    CONF_CHANNEL,
    CONF_DEVICE_ID,
    CONF_LOCATION,
    CONF_MODE,
    CONF_NEW_KEY,
    CONF_OFFLINE_AFTER,
    CONF_PORT,
    CONF_POWER,
    CONF_POWER_FACTOR,
    CONF_PROTECTED,
    CONF_RADIO_ADDRESS,
    CONF_SET_PIN,
    CONF_SOURCE_ADDRESS,
    CONF_VOLTAGE,
    CONF_WRITE_MODULE,
    DEFAULT_OFFLINE_AFTER_S,
    DEFAULT_POWER_FACTOR,
    DEFAULT_VOLTAGE,
)
from ..model.commands import SOCKETS
from ..radio.at import CHANNELS, POWERS_DBM
from ..radio.port import SetPin
from ..radio.timing import MODE_BAUDS, Mode


def _number(minimum: float, maximum: float, step: float, unit: str | None = None) -> NumberSelector:
    config = NumberSelectorConfig(min=minimum, max=maximum, step=step, mode=NumberSelectorMode.BOX)
    if unit is not None:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)


def _select(options: list[str], translation_key: str | None = None) -> SelectSelector:
    config = SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN)
    if translation_key is not None:
        config["translation_key"] = translation_key
    return SelectSelector(config)


_ACCESS: Final = {
    vol.Required(CONF_ACCEPT_WITHOUT_KEY, default=False): BooleanSelector(),
    vol.Optional(CONF_SOURCE_ADDRESS): TextSelector(),
}
CCU_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_CCU_ID, default="01"): TextSelector(),
        **_ACCESS,
    }
)
RECONFIGURE_CCU_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_NEW_KEY, default=False): BooleanSelector(),
        **_ACCESS,
    }
)
RADIO_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_PORT): SerialPortSelector(),
        vol.Required(CONF_BAUD, default="9600"): _select([str(baud) for baud in MODE_BAUDS[Mode.FU3]]),
        vol.Required(CONF_RADIO_ADDRESS, default="01"): TextSelector(),
    }
)
MODULE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_SET_PIN, default=SetPin.NONE.value): _select([pin.value for pin in SetPin], "set_pin"),
        vol.Required(CONF_MODE, default=Mode.FU3.value): _select([mode.value for mode in Mode]),
        vol.Required(CONF_CHANNEL, default=1): _number(CHANNELS.start, CHANNELS.stop - 1, 1),
        vol.Required(CONF_POWER, default=8): _number(min(POWERS_DBM), max(POWERS_DBM), 1),
        vol.Required(CONF_WRITE_MODULE, default=False): BooleanSelector(),
    }
)
OPTIONS_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_VOLTAGE, default=DEFAULT_VOLTAGE): _number(50, 500, 0.1, "V"),
        vol.Required(CONF_POWER_FACTOR, default=DEFAULT_POWER_FACTOR): _number(0.1, 1, 0.01),
        vol.Required(CONF_OFFLINE_AFTER, default=DEFAULT_OFFLINE_AFTER_S): _number(5, 3600, 1, "s"),
    }
)

_OUTLET_DETAILS: Final = {
    vol.Optional(CONF_LOCATION): TextSelector(),
    vol.Optional(CONF_PROTECTED, default=list): SelectSelector(
        SelectSelectorConfig(options=list(SOCKETS), multiple=True, translation_key="socket")
    ),
}
OUTLET_SCHEMA: Final = vol.Schema(
    {vol.Required(CONF_NAME): TextSelector(), vol.Required(CONF_DEVICE_ID): TextSelector(), **_OUTLET_DETAILS}
)
RECONFIGURE_OUTLET_SCHEMA: Final = vol.Schema({vol.Required(CONF_NAME): TextSelector(), **_OUTLET_DETAILS})
