"""A heat-source type: everything that the integration has to know about one kind of device or service."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceInfo

from .._lib.heat_source import Capabilities, HeatSource
from ..const import CONF_ADDRESS, CONF_CAPABILITIES, CONF_INFO, CONF_METER, DOMAIN, SUBENTRY_SOURCE
from ..drivers.call_budget import CallBudget
from ..drivers.capabilities import capabilities_from_dict
from ..flows.form import SourceForm
from ..sensors.base import SourceSensorDescription


@dataclass(frozen=True, slots=True)
class SourceContext:
    """The subentry for which a source is created."""

    hass: HomeAssistant
    entry: ConfigEntry | None
    """None: the source was removed or disabled and is to be released."""
    subentry: ConfigSubentry

    @property
    def data(self) -> Mapping[str, Any]:
        """The subentry's data."""
        return self.subentry.data

    @property
    def source_id(self) -> str:
        """The source's id in the engine."""
        return f"{DOMAIN}:{self.subentry.subentry_id}"

    @property
    def shares_meter(self) -> bool:
        """Whether its power sensor measures another source of the system too."""
        meter = self.data.get(CONF_METER)
        others = () if self.entry is None or meter is None else self.entry.subentries.values()
        return any(
            item.subentry_type == SUBENTRY_SOURCE
            and item.subentry_id != self.subentry.subentry_id
            and item.data.get(CONF_METER) == meter
            for item in others
        )

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities that the flow determined."""
        return capabilities_from_dict(self.subentry.data[CONF_CAPABILITIES])


@dataclass(frozen=True, slots=True)
class CreatedSource:
    """A source and what belongs to it."""

    source: HeatSource
    budget: CallBudget | None = None
    close: Callable[[], Awaitable[None]] | None = None
    counters: frozenset[str] = frozenset()
    """Which of "electricity" and "heat" the device counts itself; the rest is integrated from power."""
    poll_interval_s: float | None = None
    """How often this device is read; None: as its type."""


def device_from_info(data: Mapping[str, Any], source: HeatSource) -> DeviceInfo:
    """Describe a device by what it reported in the flow."""
    info = data.get(CONF_INFO) or {}
    return DeviceInfo(
        manufacturer=info.get("make"),
        model=info.get("model"),
        sw_version=info.get("firmware"),
        serial_number=info.get("serial"),
    )


def device_with_web_page(data: Mapping[str, Any], source: HeatSource) -> DeviceInfo:
    """Describe a device that has a web page at its address."""
    device = device_from_info(data, source)
    if address := data.get(CONF_ADDRESS):
        device["configuration_url"] = f"http://{address}"
    return device


def _first(forms: Mapping[str, SourceForm]) -> str:
    return next(iter(forms))


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceType:
    """A heat-source type. Its texts are in translations/*.json, under the names of its forms."""

    key: str
    """Stored in the subentry as its kind."""
    forms: Mapping[str, SourceForm]
    """By step id, in the order of the menu."""
    create: Callable[[SourceContext], Awaitable[CreatedSource]]
    menu_order: int = 100
    poll_interval_s: float = 30.0
    secrets: frozenset[str] = frozenset()
    """Stored fields that are redacted in diagnostics and never exported."""
    redacted: frozenset[str] = frozenset()
    """Further fields that are redacted in diagnostics: addresses, account and serial numbers."""
    required_secrets: tuple[str, ...] = ()
    """Secrets without which the source cannot be created; the user is asked for them."""
    sensors: tuple[SourceSensorDescription, ...] = ()
    """Sensors in addition to those that every source has."""
    device: Callable[[Mapping[str, Any], HeatSource], DeviceInfo] = device_from_info
    budget_key: Callable[[Mapping[str, Any]], str] | None = None
    """The account whose calls are limited, as the key of its stored budget."""
    form_name: Callable[[Mapping[str, Any]], str] | None = None
    """The form with which stored data was entered, where there are several."""
    as_entered: Callable[[Mapping[str, Any]], dict[str, Any]] = dict
    """Stored data as the form would return it."""
    has_credentials: bool = True
    """Whether the user can be asked for credentials here, not at another integration."""
    modes_are_choices: bool = True
    """Whether the user chooses a power mode where the controller does not use it for power steps."""
    restores_write_times: bool = True
    """Whether the time of the last write is restored after a restart; else the driver counts writes itself."""

    def form_of(self, data: Mapping[str, Any]) -> str:
        """Return the step id of the form with which stored data was entered."""
        return _first(self.forms) if self.form_name is None else self.form_name(data)
