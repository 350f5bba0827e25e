"""Names that several modules of the integration use."""

from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "iot_heating"
PLATFORMS: Final = [Platform.BINARY_SENSOR, Platform.NUMBER, Platform.SENSOR]
SUBENTRY_CONTROLLER: Final = "controller"
CONF_DEVICE_ID: Final = "device_id"
MANUFACTURER: Final = "Smart Heating"
