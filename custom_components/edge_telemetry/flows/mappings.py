"""Form of mappings: a member of a device's newest message becomes a metric."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult, OptionsFlowWithReload
from homeassistant.const import CONF_DEVICE_CLASS, CONF_UNIT_OF_MEASUREMENT
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
import orjson
import probatio as vol

from .._lib.user_text import UserTextError, parse_json
from ..const import CONF_MAPPINGS, CONF_OVERRIDES
from ..decoders import (
    ANY_DEVICE,
    MAX_MAPPINGS,
    DecodeError,
    MappingError,
    MetricMapping,
    describe,
    format_path,
    leaves_of,
    preview,
)
from ..decoders.tolerant_json import parse_json as parse_message
from ..device_classes import device_classes, numeric_class
from ..value_types import ValueType

CONF_DEVICE: Final = "device"
CONF_PATH: Final = "path"
CONF_METRIC: Final = "metric"
CONF_TEXT: Final = "text"
_MAX_SHOWN: Final = 1500
_MAX_LABEL: Final = 60
_NO_MESSAGE: Final = "-"

EXPORT_SCHEMA: Final = vol.Schema({vol.Optional(CONF_TEXT): TextSelector(TextSelectorConfig(multiline=True))})


class MappingSteps(OptionsFlowWithReload):
    """The steps of the options flow that add, show, export and import mappings."""

    def __init__(self) -> None:
        self._device = ANY_DEVICE
        self._mapping = MetricMapping(ANY_DEVICE, "", "")
        self._device_class = ""

    async def async_step_mapping_device(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Select the device whose newest message is shown."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._device = user_input[CONF_DEVICE].strip()
            if self._device == ANY_DEVICE or self._device.count("/") == 2:
                return await self.async_step_mapping()
            errors[CONF_DEVICE] = "device_invalid"
        options = [ANY_DEVICE, *sorted(device.id for device in _devices(self.config_entry).values())]
        return self.async_show_form(
            step_id="mapping_device",
            data_schema=vol.Schema({vol.Required(CONF_DEVICE): _dropdown([(each, each) for each in options])}),
            errors=errors,
        )

    async def async_step_mapping(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Select the member of the message and its metric."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                self._mapping = MetricMapping.create(
                    {
                        "device": self._device,
                        "path": user_input[CONF_PATH],
                        "metric": user_input[CONF_METRIC],
                        "unit": user_input.get(CONF_UNIT_OF_MEASUREMENT, ""),
                    }
                )
            except MappingError as err:
                errors[CONF_METRIC if str(err) == "metric_invalid" else CONF_PATH] = str(err)
            else:
                self._device_class = user_input.get(CONF_DEVICE_CLASS, "")
                if self._fits_class():
                    return await self.async_step_mapping_preview()
                errors[CONF_DEVICE_CLASS] = "class_mismatch"
        message = self._newest()
        return self.async_show_form(
            step_id="mapping",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(
                    {
                        vol.Required(CONF_PATH): _dropdown(_paths(message)),
                        vol.Required(CONF_METRIC): TextSelector(),
                        vol.Optional(CONF_UNIT_OF_MEASUREMENT): TextSelector(),
                        vol.Optional(CONF_DEVICE_CLASS): _dropdown(
                            [(name, name) for name in device_classes(ValueType.NUMBER)], custom=False
                        ),
                    }
                ),
                user_input or {},
            ),
            errors=errors,
            description_placeholders={"device": self._device, "message": _shown(message)},
        )

    async def async_step_mapping_preview(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what the mapping reads from the newest message, and save it."""
        mapping = self._mapping
        if user_input is not None:
            return self._save(mapping)
        value, unit = preview(mapping, self._newest() or b"{}")
        return self.async_show_form(
            step_id="mapping_preview",
            data_schema=vol.Schema({}),
            description_placeholders={
                "path": mapping.path,
                "metric": mapping.metric,
                "value": _NO_MESSAGE if value is None else f"{value} {unit or ''}".strip(),
            },
        )

    async def async_step_mappings_text(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show all mappings as JSON, to copy them; other JSON replaces them."""
        stored = self.config_entry.options.get(CONF_MAPPINGS, [])
        text, errors, placeholders = orjson.dumps(stored, option=orjson.OPT_INDENT_2).decode(), {}, {"error": ""}
        if user_input is not None:
            text = user_input.get(CONF_TEXT, "").strip() or "[]"
            try:
                mappings = _imported(text)
            except UserTextError as err:
                errors[CONF_TEXT], placeholders["error"] = "json_invalid", str(err)
            except MappingError as err:
                errors[CONF_TEXT] = str(err)
            else:
                return self.async_create_entry(data={**self.config_entry.options, CONF_MAPPINGS: mappings})
        return self.async_show_form(
            step_id="mappings_text",
            data_schema=self.add_suggested_values_to_schema(EXPORT_SCHEMA, {CONF_TEXT: text}),
            errors=errors,
            description_placeholders=placeholders,
        )

    def _save(self, mapping: MetricMapping) -> ConfigFlowResult:
        options = dict(self.config_entry.options)
        others = [
            each
            for each in options.get(CONF_MAPPINGS, [])
            if (each["device"], each["metric"]) != (mapping.device, mapping.metric)
        ]
        options[CONF_MAPPINGS] = [*others, mapping.as_dict()][-MAX_MAPPINGS:]
        if self._device_class:
            key = mapping.metric if mapping.device == ANY_DEVICE else f"{mapping.device}:{mapping.metric}"
            overrides: Mapping[str, Any] = options.get(CONF_OVERRIDES, {})
            options[CONF_OVERRIDES] = {
                **overrides,
                key: {**overrides.get(key, {}), "device_class": self._device_class},
            }
        return self.async_create_entry(data=options)

    def _fits_class(self) -> bool:
        """Return whether the device class, if any, allows the unit of the metric."""
        if not self._device_class:
            return True
        unit = describe(self._mapping.metric, self._mapping.unit or None).unit
        return numeric_class(self._device_class, unit) is not None

    def _newest(self) -> bytes | None:
        """Return the newest message of the device, or of any device."""
        devices = _devices(self.config_entry).values()
        found = [device.newest for device in devices if self._device in (ANY_DEVICE, device.id) and device.newest]
        return found[0] if found else None


def _devices(entry: ConfigEntry) -> Mapping[Any, Any]:
    data = getattr(entry, "runtime_data", None)
    devices: Mapping[Any, Any] = {} if data is None else data.devices
    return devices


def _imported(text: str) -> list[dict[str, str]]:
    """Return the mappings in a text.

    Raises:
        UserTextError: It is not JSON.
        MappingError: It is not a list of mappings.
    """
    found = parse_json(text)
    if not isinstance(found, list) or len(found) > MAX_MAPPINGS:
        raise MappingError("mapping_invalid")
    return [MetricMapping.create(each).as_dict() for each in found]


def _paths(message: bytes | None) -> list[tuple[str, str]]:
    """Return the paths in a message, each with its value."""
    if message is None:
        return []
    try:
        found, _ = parse_message(message)
    except DecodeError:
        return []
    paths = [(format_path(steps), str(value)) for steps, value in leaves_of(found)]
    return [(path, f"{path}: {value[:_MAX_LABEL]}") for path, value in paths]


def _shown(message: bytes | None) -> str:
    return _NO_MESSAGE if message is None else message.decode("utf-8", "replace")[:_MAX_SHOWN]


def _dropdown(options: list[tuple[str, str]], *, custom: bool = True) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=value, label=label) for value, label in options],
            mode=SelectSelectorMode.DROPDOWN,
            custom_value=custom,
        )
    )
