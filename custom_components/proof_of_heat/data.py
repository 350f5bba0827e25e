"""The runtime data of a config entry: the parts of a loaded heating system."""

from collections.abc import Mapping
from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntry

from ._lib.publisher import Publisher
from .coordinator import HeatCoordinator
from .engine.engine import Engine
from .learning.history_import import HistoryImport
from .learning.history_replay import HistoryReplay
from .messages.journal import DecisionJournal
from .metering.coordinator import MeterCoordinator
from .metering.system_cop import SystemCop
from .runtime.curve_advice import CurveAdvisor
from .runtime.events import EventNotifier
from .runtime.listeners import Listeners
from .runtime.persistence import StateStore
from .runtime.reconfiguration import Reconfiguration
from .runtime.shadow_mode import ShadowMode
from .runtime.user_control import UserControl
from .runtime.zone_targets import ZoneTargets
from .sources.managed_source import ManagedSource
from .sources.supervisor import SourceSupervisor
from .system_config import SystemConfig

type HeatConfigEntry = ConfigEntry[HeatingSystem]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatingSystem:
    """The parts of one heating system. A part that needs others receives them, never this whole."""

    config: SystemConfig
    device_id: str
    publisher: Publisher
    engine: Engine
    coordinator: HeatCoordinator
    """Runs the control cycle; its data is the last cycle's snapshot and decision."""
    sources: Mapping[str, ManagedSource]
    """By source id."""
    supervisor: SourceSupervisor
    source_updates: Listeners
    """Called when a source reports or a command has a result."""
    meters: tuple[MeterCoordinator, ...]
    user: UserControl
    user_changes: Listeners
    """Called when a user changed something: the entities of the system are written at once."""
    targets: ZoneTargets
    cop: SystemCop
    journal: DecisionJournal
    store: StateStore
    reconfiguration: Reconfiguration
    curve_advisor: CurveAdvisor
    shadow: ShadowMode
    events: EventNotifier
    history_import: HistoryImport
    history_replay: HistoryReplay
