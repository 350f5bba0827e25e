"""Names that several modules of the integration use."""

from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "ota"
PLATFORMS: Final = [Platform.BUTTON, Platform.EVENT, Platform.SENSOR, Platform.UPDATE]
MANUFACTURER: Final = "ESP"

SUBENTRY_DEVICE: Final = "device"
SUBENTRY_SOURCE: Final = "source"

CONF_CHANNEL: Final = "channel"
CONF_CHIP: Final = "chip"
CONF_GROUP: Final = "group"
CONF_KEEP_RELEASES: Final = "keep_releases"
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

EVENT_UPDATE: Final = "ota_update"
"""Bus event: the state of a device's update changed."""
EVENT_ROLLOUT: Final = "ota_rollout"
"""Bus event: a rollout was created or changed its status or wave."""
EVENT_RELEASE: Final = "ota_release"
"""Bus event: a release was added."""
