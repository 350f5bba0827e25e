"""Options: limits, names and units of metrics, metrics to forget."""

import time
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.const import CONF_DEVICE_CLASS, CONF_NAME, CONF_UNIT_OF_MEASUREMENT, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
from homeassistant.helpers.translation import async_get_translations
import probatio as vol

from .const import (
    CONF_FINE_DAYS,
    CONF_MAX_DEVICES,
    CONF_MAX_MEGABYTES,
    CONF_MAX_METRICS,
    CONF_OVERRIDES,
    CONF_RAW_DAYS,
    CONF_TIMEOUT,
    DEFAULT_OPTIONS,
)
from .decoders import Metric, describe
from .device import Form
from .kinds import device_classes, numeric_class, units_of

CONF_METRIC: Final = "metric"
CONF_METRICS: Final = "metrics"


def _number(minimum: int, maximum: int, unit: str | None = None) -> vol.All[Any]:
    config = NumberSelectorConfig(min=minimum, max=maximum, mode=NumberSelectorMode.BOX)
    if unit is not None:
        config["unit_of_measurement"] = unit
    return vol.All(NumberSelector(config), vol.Coerce(int))


LIMITS_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_TIMEOUT): _number(30, 604_800, "s"),
        vol.Required(CONF_MAX_DEVICES): _number(1, 5000),
        vol.Required(CONF_MAX_METRICS): _number(1, 256),
        vol.Required(CONF_RAW_DAYS): _number(0, 36_500, "d"),
        vol.Required(CONF_FINE_DAYS): _number(0, 36_500, "d"),
        vol.Required(CONF_MAX_MEGABYTES): _number(0, 10_000_000, "MB"),
    }
)
_PLATFORMS: Final = {Form.NUMBER: Platform.SENSOR, Form.FLAG: Platform.BINARY_SENSOR}
_STORED: Final = {CONF_NAME: "name", CONF_UNIT_OF_MEASUREMENT: "unit", CONF_DEVICE_CLASS: "device_class"}


async def _kinds(hass: HomeAssistant, forms: set[Form]) -> list[SelectOptionDict]:
    """The device classes for these forms, by the names that Home Assistant has for them."""
    names = await async_get_translations(hass, hass.config.language, "entity_component", set(_PLATFORMS.values()))
    found: dict[str, str] = {}
    for form, platform in _PLATFORMS.items():
        for name in device_classes(form) if form in forms else ():
            found.setdefault(name, names.get(f"component.{platform}.entity_component.{name}.name", name))
    return [SelectOptionDict(value=name, label=label) for name, label in found.items()]


def _metric_schema(forms: set[Form], kinds: list[SelectOptionDict]) -> vol.Schema:
    """What can be said of a metric of these forms."""
    fields: dict[Any, Any] = {vol.Optional(CONF_NAME): TextSelector()}
    if Form.NUMBER in forms:
        fields[vol.Optional(CONF_UNIT_OF_MEASUREMENT)] = TextSelector()
    if kinds:
        fields[vol.Optional(CONF_DEVICE_CLASS)] = SelectSelector(
            SelectSelectorConfig(options=kinds, mode=SelectSelectorMode.DROPDOWN, sort=True)
        )
    return vol.Schema(fields)


def _allowed_units(metric: Metric, told: dict[str, str]) -> str | None:
    """The units that a chosen kind allows where the unit is none of them; None where all is well."""
    name, unit = told.get("device_class"), told.get("unit") or metric.unit
    if name not in device_classes(Form.NUMBER) or numeric_class(name, unit) is not None:
        return None
    return ", ".join(sorted(allowed or "-" for allowed in units_of(SensorDeviceClass(name), {unit})))


class EdgeOptionsFlow(OptionsFlowWithReload):
    """Change what an entry does with what it hears."""

    def __init__(self) -> None:
        self._metric = ""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose."""
        menu = ["limits"]
        if self._metrics():
            menu += ["choose_metric", "forget"]
        return self.async_show_menu(step_id="init", menu_options=menu)

    async def async_step_limits(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """When a device counts as gone, how many there may be, what the archive keeps."""
        if user_input is not None:
            return self.async_create_entry(data={**self.config_entry.options, **user_input})
        return self.async_show_form(
            step_id="limits",
            data_schema=self.add_suggested_values_to_schema(
                LIMITS_SCHEMA, {**DEFAULT_OPTIONS, **self.config_entry.options}
            ),
        )

    async def async_step_choose_metric(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Which metric: of one device, or wherever it comes from."""
        if user_input is not None:
            self._metric = user_input[CONF_METRIC]
            return await self.async_step_metric()
        everywhere = sorted({key for _, key in self._metrics()})
        options = everywhere + [f"{device_id}:{key}" for device_id, key in self._metrics()]
        return self.async_show_form(
            step_id="choose_metric", data_schema=vol.Schema({vol.Required(CONF_METRIC): _dropdown(options)})
        )

    async def async_step_metric(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Its name, unit and kind; nothing filled in goes back to what its own name says."""
        overrides = dict(self.config_entry.options.get(CONF_OVERRIDES, {}))
        told, units = overrides.get(self._metric, {}), None
        forms = self._forms(self._metric)
        if user_input is not None:
            told = {name: text for key, name in _STORED.items() if (text := user_input.get(key, "").strip())}
            if Form.NUMBER in forms:
                units = _allowed_units(describe(self._metric.rpartition(":")[2]), told)
            if units is None:
                overrides.pop(self._metric, None)
                if told:
                    overrides[self._metric] = told
                return self.async_create_entry(data={**self.config_entry.options, CONF_OVERRIDES: overrides})
        return self.async_show_form(
            step_id="metric",
            data_schema=self.add_suggested_values_to_schema(
                _metric_schema(forms, await _kinds(self.hass, forms)),
                {key: told[name] for key, name in _STORED.items() if name in told},
            ),
            errors={} if units is None else {CONF_UNIT_OF_MEASUREMENT: "unit_mismatch"},
            description_placeholders={"metric": self._metric, "units": units or ""},
        )

    def _forms(self, metric: str) -> set[Form]:
        """The forms in which a metric comes, from the one device or wherever it comes from."""
        return {
            form
            for device in self.config_entry.runtime_data.devices.values()
            for key, form in device.record.metrics.items()
            if metric in (key, f"{device.id}:{key}")
        }

    async def async_step_forget(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Metrics that are not sent any more."""
        silent = self._metrics(silent=True)
        names = [f"{device_id}:{key}" for device_id, key in silent]
        if user_input is not None:
            chosen = set(user_input[CONF_METRICS])
            self._forget({pair for pair, name in zip(silent, names, strict=True) if name in chosen})
            options = dict(self.config_entry.options)
            if overrides := options.get(CONF_OVERRIDES):
                options[CONF_OVERRIDES] = {whose: told for whose, told in overrides.items() if whose not in chosen}
            return self.async_create_entry(data=options)
        if not names:
            return self.async_abort(reason="nothing_to_forget")
        return self.async_show_form(
            step_id="forget", data_schema=vol.Schema({vol.Required(CONF_METRICS): _dropdown(names, multiple=True)})
        )

    def _metrics(self, *, silent: bool = False) -> list[tuple[str, str]]:
        """Device ids and metric keys; `silent`: those that were not heard of since the start, or for long."""
        hub = getattr(self.config_entry, "runtime_data", None)
        if hub is None:
            return []
        long_ago = time.time() - hub.options[CONF_TIMEOUT]
        return [
            (device.id, key)
            for device in hub.devices.values()
            for key in device.record.metrics
            if not silent or device.metric_seen.get(key, 0.0) < long_ago
        ]

    def _forget(self, pairs: set[tuple[str, str]]) -> None:
        registry, hub = er.async_get(self.hass), self.config_entry.runtime_data
        unique_ids = {f"{self.config_entry.entry_id}_{device_id}_{key}" for device_id, key in pairs}
        for device in hub.devices.values():
            if keys := {key for device_id, key in pairs if device_id == device.id}:
                hub.forget_metrics(device, keys)
        for entry in er.async_entries_for_config_entry(registry, self.config_entry.entry_id):
            if entry.unique_id in unique_ids:
                registry.async_remove(entry.entity_id)


def _dropdown(options: list[str], *, multiple: bool = False) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=option, label=option) for option in options],
            mode=SelectSelectorMode.DROPDOWN,
            multiple=multiple,
        )
    )
