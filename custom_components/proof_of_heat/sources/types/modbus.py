"""Heat pumps and boilers with Modbus, over TCP or a serial port, described by templates."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from textwrap import shorten
from typing import Any, Final, Literal

from homeassistant.const import CONF_DEVICE, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.selector import SelectOptionDict, SelectSelector, SerialPortSelector, TextSelector
import probatio as vol

from ..._lib.heat_source import HeatSource
from ...const import (
    CONF_ADDRESS,
    CONF_BAUDRATE,
    CONF_CAPABILITIES,
    CONF_FUEL_PRICE,
    CONF_METER,
    CONF_NOMINAL_HEAT,
    CONF_NOMINAL_POWER,
    CONF_PARITY,
    CONF_STOPBITS,
    CONF_TEMPLATE,
    CONF_UNIT_ID,
)
from ...drivers.capabilities import capabilities_to_dict
from ...drivers.errors import UnreachableError
from ...drivers.modbus.connection import AddressError, SerialSettings, connection_params
from ...drivers.modbus.source import ModbusSource
from ...drivers.modbus.template import DeviceTemplate
from ...drivers.modbus.template_match import TemplateMatch, match_template
from ...drivers.modbus.template_schema import POLL_S
from ...drivers.viessmann.features import UNITS
from ...flows.fields import FUEL_PRICE, PORT, POWER_METER, WATTS, number, select
from ...flows.form import DeviceCandidate, FieldError, SourceForm
from ...sensors.readings import (
    COUNTERS,
    HEAT_PUMP_READINGS,
    RETURN_TEMPERATURE,
    TEMPLATE_READINGS,
    reading_sensors,
)
from ..modbus_templates import async_template, async_template_names, async_templates
from ..source_type import CreatedSource, SourceContext, SourceType
from ..write_counter import write_counters

KEY: Final = "modbus"
SERIAL: Final = "modbus_serial"
PARITIES: Final[Mapping[str, Literal["N", "E", "O"]]] = {"none": "N", "even": "E", "odd": "O"}
BAUDRATES: Final = ["1200", "2400", "4800", "9600", "19200", "38400", "57600", "115200"]
DEFAULT_BAUDRATE: Final = "9600"
_MAX_ERROR_LENGTH: Final = 240
READINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "flow": ("flow_temperature", "circuit_supply_temperature", "boiler_temperature"),
    "return": ("return_temperature",),
    "outdoor": ("outdoor_temperature",),
    "hot_water": ("dhw_temperature",),
    "power": ("power",),
    "mode": ("mode",),
    "fault": ("fault",),
}
"""What is shown before a device is added: placeholder -> the readings of which the first plausible one is shown."""
_COMMON_FIELDS: Final = {
    vol.Optional(CONF_UNIT_ID): number(0, 255),  # empty: the manufacturer's default, as in the template
    vol.Optional(CONF_NOMINAL_HEAT): WATTS,
    vol.Optional(CONF_NOMINAL_POWER): WATTS,
    vol.Optional(CONF_FUEL_PRICE): FUEL_PRICE,
    vol.Optional(CONF_METER): POWER_METER,
}


async def tcp_schema(hass: HomeAssistant) -> vol.Schema:
    """Return the form of a device on Modbus TCP."""
    return vol.Schema(
        {
            vol.Required(CONF_TEMPLATE): await _template_selector(hass),
            vol.Required(CONF_ADDRESS): TextSelector(),
            vol.Required(CONF_PORT, default=502): PORT,
            **_COMMON_FIELDS,
        }
    )


async def serial_schema(hass: HomeAssistant) -> vol.Schema:
    """Return the form of a device on a serial port (Modbus RTU)."""
    return vol.Schema(
        {
            vol.Required(CONF_TEMPLATE): await _template_selector(hass),
            vol.Required(CONF_DEVICE): SerialPortSelector(),
            vol.Required(CONF_BAUDRATE, default=DEFAULT_BAUDRATE): select(BAUDRATES),
            vol.Required(CONF_PARITY, default="none"): select(list(PARITIES), "parity"),
            vol.Required(CONF_STOPBITS, default="1"): select(["1", "2"]),
            **_COMMON_FIELDS,
        }
    )


async def _template_selector(hass: HomeAssistant) -> SelectSelector:
    templates, _ = await async_templates(hass)
    names = await async_template_names(hass, *templates.values())
    rows = sorted(names.items(), key=lambda item: item[1].casefold())
    return select([SelectOptionDict(value=key, label=name) for key, name in rows])


async def invalid_templates(hass: HomeAssistant) -> str:
    """Return the errors of the user's templates that cannot be offered; empty where all are valid."""
    _, errors = await async_templates(hass)
    return "; ".join(shorten(text, _MAX_ERROR_LENGTH, placeholder=" …") for text in errors)


async def connect(hass: HomeAssistant, data: dict[str, Any]) -> list[DeviceCandidate]:
    """Read the device once with the template."""
    from homeassistant.components.modbus import async_get_temporary_unit

    templates, _ = await async_templates(hass)
    if (template := templates.get(data[CONF_TEMPLATE])) is None:
        raise FieldError(CONF_TEMPLATE, "template_gone")
    unit_id = int(data.get(CONF_UNIT_ID, template.unit_id))
    is_serial = CONF_BAUDRATE in data
    stored = {**data, CONF_UNIT_ID: unit_id}
    if is_serial:
        stored[CONF_ADDRESS] = end = str(stored[CONF_DEVICE]).strip()
    else:
        stored[CONF_ADDRESS], stored[CONF_PORT] = str(data[CONF_ADDRESS]).strip(), int(data[CONF_PORT])
        end = f"{stored[CONF_ADDRESS]}_{stored[CONF_PORT]}"
    try:
        params = connection_of(stored, template)
    except AddressError as err:
        raise FieldError(CONF_DEVICE if is_serial else CONF_ADDRESS, "address_invalid") from err
    async with AsyncExitStack() as stack:
        try:
            unit = await stack.enter_async_context(async_get_temporary_unit(hass, params, unit_id))
        except HomeAssistantError as err:
            raise FieldError(CONF_BAUDRATE if is_serial else CONF_PORT, "link_in_use") from err
        unit.require_timeout(template.timeout_s)
        source = ModbusSource("flow:modbus", template.name, unit, template, connection_errors=(HomeAssistantError,))
        state = await source.refresh()
    match = match_template(template, source.values, source.absent)
    readings = readings_of(match)
    if state.health == "failing" and not source.absent:
        raise UnreachableError(state.detail)
    if not match.is_match:
        raise FieldError(CONF_TEMPLATE, "template_unfit", readings)
    stored[CONF_CAPABILITIES] = capabilities_to_dict(source.capabilities)
    return [DeviceCandidate(template.name, f"modbus_{end}_{unit_id}", stored, readings)]


def readings_of(match: TemplateMatch) -> dict[str, str]:
    """Return what the device reads, as placeholders of a text, each marked as plausible or not."""
    found = {}
    for name, keys in READINGS.items():
        lines = [line for key in keys if (line := match.line(key)) is not None and line.plausible is not None]
        line = next((item for item in lines if item.plausible), lines[0] if lines else None)
        if line is None:
            found[name] = "-"
            continue
        value = "?" if line.value is None else f"{line.value:g} {line.unit or ''}".strip()
        found[name] = f"{value} {_mark(line.plausible)}"
    return found | {"valid": f"{match.valid} / {match.answered} {_mark(match.is_mostly_valid)}"}


def _mark(is_plausible: bool | None) -> str:
    return "✓" if is_plausible else "✗"


def connection_of(data: Mapping[str, Any], template: DeviceTemplate | None = None) -> Any:
    """Return the connection settings: those of a serial port as entered, else as in the template."""
    serial = template.serial if template is not None else None
    if CONF_BAUDRATE in data:
        serial = SerialSettings(
            baudrate=int(data[CONF_BAUDRATE]),
            parity=PARITIES[data.get(CONF_PARITY, "none")],
            stopbits=2 if str(data.get(CONF_STOPBITS)) == "2" else 1,
        )
    return connection_params(str(data[CONF_ADDRESS]), int(data.get(CONF_PORT, 502)), serial)


async def create(context: SourceContext) -> CreatedSource:
    """Create the source; raises TemplateError for a template that was removed."""
    from homeassistant.components.modbus import async_get_temporary_unit, async_get_unit

    hass, data, subentry = context.hass, context.data, context.subentry
    template = await async_template(hass, str(data[CONF_TEMPLATE]))
    params, unit_id = connection_of(data, template), int(data.get(CONF_UNIT_ID, template.unit_id))
    stack = AsyncExitStack()
    if context.entry is None:
        unit = await stack.enter_async_context(async_get_temporary_unit(hass, params, unit_id))
    else:
        unit = async_get_unit(hass, context.entry, params, unit_id)
    unit.require_timeout(template.timeout_s)
    if template.spacing_s:
        unit.set_message_spacing(template.spacing_s)
    writes = await write_counters(hass).async_of(subentry.unique_id or subentry.subentry_id)
    names = await async_template_names(hass, template)
    source = ModbusSource(
        context.source_id,
        subentry.title,
        unit,
        template,
        model=names[template.id],
        writes=writes,
        connection_errors=(HomeAssistantError,),
    )

    async def close() -> None:
        await source.close()
        await stack.aclose()

    return CreatedSource(
        source, close=close, counters=COUNTERS & template.registers.keys(), poll_interval_s=template.poll_s
    )


def device(data: Mapping[str, Any], source: HeatSource) -> DeviceInfo:
    """Describe the device by its template."""
    assert isinstance(source, ModbusSource)
    return DeviceInfo(manufacturer=source.template.manufacturer, model=source.model)


def form_name(data: Mapping[str, Any]) -> str:
    """Return the form with which stored data was entered."""
    return SERIAL if CONF_BAUDRATE in data else KEY


SOURCE_TYPE: Final = SourceType(
    key=KEY,
    menu_order=40,
    forms={
        KEY: SourceForm(
            tcp_schema, connect, {"": CONF_ADDRESS, "not_supported": CONF_TEMPLATE}, warning=invalid_templates
        ),
        SERIAL: SourceForm(
            serial_schema, connect, {"": CONF_DEVICE, "not_supported": CONF_TEMPLATE}, warning=invalid_templates
        ),
    },
    create=create,
    poll_interval_s=POLL_S,
    redacted=frozenset({CONF_ADDRESS}),
    sensors=(
        RETURN_TEMPERATURE,
        *reading_sensors({**{key: UNITS.get(key) for key in HEAT_PUMP_READINGS}, **TEMPLATE_READINGS}),
    ),
    device=device,
    form_name=form_name,
    restores_write_times=False,
)
