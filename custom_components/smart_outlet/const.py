"""Constants of smart_outlet."""

from enum import StrEnum
from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "smart_outlet"
PLATFORMS: Final = (
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SENSOR,
    Platform.SWITCH,
)

CONF_KIND: Final = "kind"
CONF_CCU_ID: Final = "ccu_id"
CONF_NEW_KEY: Final = "new_key"
CONF_ACCEPT_WITHOUT_KEY: Final = "accept_without_key"
CONF_SOURCE_ADDRESS: Final = "source_address"

CONF_PORT: Final = "port"
CONF_RADIO_ADDRESS: Final = "radio_address"
CONF_BAUD: Final = "baud"
CONF_MODE: Final = "mode"
CONF_CHANNEL: Final = "channel"
CONF_POWER: Final = "power"
CONF_SET_PIN: Final = "set_pin"
CONF_WRITE_MODULE: Final = "write_module"

CONF_VOLTAGE: Final = "voltage"
CONF_POWER_FACTOR: Final = "power_factor"
CONF_OFFLINE_AFTER: Final = "offline_after"
DEFAULT_VOLTAGE: Final = 230.0
DEFAULT_POWER_FACTOR: Final = 1.0
DEFAULT_OFFLINE_AFTER_S: Final = 15.0

CONF_DEVICE_ID: Final = "device_id"
CONF_LOCATION: Final = "location"
CONF_PROTECTED: Final = "protected"

SUBENTRY_OUTLET: Final = "outlet"

EVENT_ALERT: Final = "smart_outlet_alert"
EVENT_POWER_OFF_FINISHED: Final = "smart_outlet_cut_finished"
POWER_OFF_EVENT_TYPES: Final = ("complete", "incomplete")


class HubKind(StrEnum):
    """Kinds of hubs, the config entries."""

    CCU = "ccu"
    RADIO = "radio"
