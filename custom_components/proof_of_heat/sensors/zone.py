"""Sensors of zones."""

from datetime import datetime
from typing import Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription
from homeassistant.util import dt as dt_util

from ..entity import ZoneEntity

OVERRIDE_END: Final = SensorEntityDescription(key="override_end", device_class=SensorDeviceClass.TIMESTAMP)


class OverrideEndSensor(ZoneEntity, SensorEntity):
    """When the override of a zone ends; unknown without one, and for one that lasts until it is changed."""

    @property
    @override
    def native_value(self) -> datetime | None:
        """The end of the zone's own override, else of that of the whole home."""
        current = self.system.user.comfort.override(self.zone.zone_id, dt_util.utcnow())
        return None if current is None else current.until

    @property
    @override
    def published_value(self) -> object:
        """What is written when it changes."""
        return self.native_value
