"""The parts of a loaded config entry."""

from dataclasses import dataclass, field
from typing import Self

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ._lib.device_http import DeviceGuard
from .devices.device_store import DeviceStore
from .devices.fleet_tracker import FleetTracker
from .devices.key_store import KeyStore
from .devices.registry import DevicePlacement
from .hub import OtaHub
from .notifier import Notifier
from .releases.image_library import ImageLibrary
from .releases.importer import ReleaseImporter
from .releases.source_client import SourceClient
from .releases.source_poller import SourcePoller
from .releases.uploads import UploadTracker
from .rollout.models import Device
from .settings import Settings


@dataclass(slots=True)
class OtaData:
    """The runtime data of the config entry."""

    settings: Settings
    hub: OtaHub
    keys: KeyStore
    guard: DeviceGuard
    images: ImageLibrary
    uploads: UploadTracker
    importer: ReleaseImporter
    devices: DeviceStore
    fleets: FleetTracker
    sources: SourcePoller
    notifier: Notifier
    warned: set[tuple[str, str]] = field(default_factory=set)
    """Invalid metrics that were logged, by device and name."""

    @classmethod
    def create(cls, hass: HomeAssistant, entry: ConfigEntry) -> Self:
        """Create the parts; nothing is loaded or started."""
        settings = Settings.from_options(entry.options)
        hub = OtaHub(hass, entry)
        keys = KeyStore(hass)
        images = ImageLibrary(hass, hub, settings)
        importer = ReleaseImporter(hass, hub, images, settings)
        return cls(
            settings=settings,
            hub=hub,
            keys=keys,
            guard=DeviceGuard(),
            images=images,
            uploads=UploadTracker(),
            importer=importer,
            devices=DeviceStore(hass, entry, hub, keys),
            fleets=FleetTracker(hass, entry, hub, keys),
            sources=SourcePoller(hass, entry, SourceClient(hass, hub, importer, settings)),
            notifier=Notifier(hass, hub),
        )

    def placement(self, device: Device) -> DevicePlacement:
        """Return where the entities of a device belong in the device registry."""
        subentry_id = self.devices.subentries.get(device.uid)
        return DevicePlacement(
            owner=subentry_id or f"{self.hub.entry_id}_{device.uid}",
            subentry_id=subentry_id,
            registry_id=self.fleets.registry_id(device.uid),
        )


type OtaConfigEntry = ConfigEntry[OtaData]
