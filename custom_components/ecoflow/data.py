"""The runtime data of an account."""

from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntry

from .api.client import EcoflowClient
from .coordinator import EcoflowCoordinator
from .repairs import SharedKeyMonitor
from .runtime.device import Account
from .runtime.device_manager import DeviceManager
from .runtime.measurement_archive import MeasurementArchive
from .runtime.store import EcoflowStore
from .runtime.surplus_charging import SurplusCharging

type EcoflowConfigEntry = ConfigEntry[EcoflowData]


@dataclass(slots=True)
class EcoflowData:
    """The parts of a loaded account."""

    account: Account
    archive: MeasurementArchive
    coordinator: EcoflowCoordinator
    devices: DeviceManager
    shared_key: SharedKeyMonitor
    store: EcoflowStore
    surplus: dict[str, SurplusCharging]

    @property
    def client(self) -> EcoflowClient:
        """The client of the account."""
        return self.account.client
