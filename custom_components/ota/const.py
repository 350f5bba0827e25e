"""Constants of the OTA integration."""

from datetime import timedelta
from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "ota"
PLATFORMS: Final = [Platform.BUTTON, Platform.EVENT, Platform.SENSOR, Platform.UPDATE]

SUBENTRY_DEVICE: Final = "device"
SUBENTRY_SOURCE: Final = "source"

CONF_BETA: Final = "beta"
CONF_CHANNEL: Final = "channel"
CONF_CHIP: Final = "chip"
CONF_DEVICE_ID: Final = "device_id"
CONF_GROUP: Final = "group"
CONF_INTERVAL_H: Final = "interval_h"
CONF_KEEP_RELEASES: Final = "keep_releases"
CONF_LOCATION: Final = "location"
CONF_MAY_ROLL_BACK: Final = "may_roll_back"
CONF_MAY_UPDATE: Final = "may_update"
CONF_METADATA: Final = "metadata"
CONF_MODEL: Final = "model"
CONF_PINNED_VERSION: Final = "pinned_version"
CONF_POLL_S: Final = "poll_s"
CONF_PRODUCT: Final = "product"
CONF_REQUIRE_SIGNATURE: Final = "require_signature"
CONF_SIGNING_KEYS: Final = "signing_keys"
CONF_TAGS: Final = "tags"
CONF_UPLOAD_LIMIT: Final = "upload_limit_mib"
CONF_WINDOW_DAYS: Final = "window_days"
CONF_WINDOW_END: Final = "window_end"
CONF_WINDOW_START: Final = "window_start"
CONF_ZONE: Final = "zone"

DEFAULT_POLL_S: Final = 300
DEFAULT_UPLOAD_LIMIT_MIB: Final = 16
DEFAULT_KEEP_RELEASES: Final = 5

INSTALL_LINK_VALIDITY: Final = timedelta(hours=1)

EVENT_UPDATE: Final = "ota_update"
"""Fired when the state of a device's update changes."""
EVENT_ROLLOUT: Final = "ota_rollout"
"""Fired when a rollout is created or changes its status or wave."""
EVENT_RELEASE: Final = "ota_release"
"""Fired when a release is added."""
