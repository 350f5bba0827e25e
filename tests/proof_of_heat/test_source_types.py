"""A heat-source type is registered in one place, and gets a form, a source and its sensors from there."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, override

from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import CONF_TOKEN, EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.selector import TextSelector
from homeassistant.setup import async_setup_component
import probatio as vol
import pytest

from custom_components.proof_of_heat._lib.heat_source import (
    Capabilities,
    Command,
    Control,
    Health,
    SourceKind,
    SourceState,
)
from custom_components.proof_of_heat.config_transfer import export
from custom_components.proof_of_heat.const import CONF_CAPABILITIES, CONF_NOMINAL_POWER, DOMAIN
from custom_components.proof_of_heat.diagnostics import async_get_config_entry_diagnostics
from custom_components.proof_of_heat.drivers.base import SourceBase
from custom_components.proof_of_heat.drivers.capabilities import capabilities_to_dict
from custom_components.proof_of_heat.drivers.device_settings import Settings
from custom_components.proof_of_heat.flows.fields import SECRET, WATTS
from custom_components.proof_of_heat.flows.form import DeviceCandidate, FieldError, SourceForm
from custom_components.proof_of_heat.sensors.base import SourceSensorDescription, extra_value
from custom_components.proof_of_heat.sources import registry
from custom_components.proof_of_heat.sources.source_type import CreatedSource, SourceContext, SourceType

from . import ha

CAPABILITIES = Capabilities(kind=SourceKind.BOILER, controls=frozenset({Control.ON_OFF}))


class ToyBoiler(SourceBase):
    """A boiler that has one additional reading."""

    on = False

    @override
    async def _read(self) -> SourceState:
        return SourceState(at=datetime.now(UTC), health=Health.OK, on=self.on, extra={"pellet_level": 80.0})

    @override
    async def _write(self, wanted: Command, state: SourceState) -> None:
        self.on = bool(wanted.on)

    @override
    def _rest(self, settings: Settings) -> Settings:
        return {"on": False}


async def schema(_: HomeAssistant) -> vol.Schema:
    return vol.Schema(
        {
            vol.Required("serial"): TextSelector(),
            vol.Required(CONF_TOKEN): SECRET,
            vol.Optional(CONF_NOMINAL_POWER): WATTS,
        }
    )


async def connect(_: HomeAssistant, data: dict[str, Any]) -> list[DeviceCandidate]:
    if data["serial"] == "unknown":
        raise FieldError("serial", "not_supported")
    stored = {**data, CONF_CAPABILITIES: capabilities_to_dict(CAPABILITIES)}
    return [DeviceCandidate("Toy boiler", f"toy_{data['serial']}", stored)]


async def create(context: SourceContext) -> CreatedSource:
    source = ToyBoiler(context.source_id, context.subentry.title, context.capabilities)
    return CreatedSource(source, close=source.close)


TOY = SourceType(
    key="toy",
    menu_order=55,
    forms={"toy": SourceForm(schema, connect, {"": "serial"}, secrets=(CONF_TOKEN,))},
    create=create,
    poll_interval_s=7.0,
    secrets=frozenset({CONF_TOKEN, "toy_pin"}),
    redacted=frozenset({"serial"}),
    required_secrets=(CONF_TOKEN,),
    sensors=(
        SourceSensorDescription(
            key="pellet_level",
            native_unit_of_measurement="%",
            entity_category=EntityCategory.DIAGNOSTIC,
            value_fn=extra_value("pellet_level"),
        ),
    ),
    device=lambda data, source: DeviceInfo(manufacturer="Toy works", model=f"Toy {data['serial']}"),
    budget_key=lambda data: f"toy-{data['serial']}",
)


@pytest.fixture
def toy() -> Iterator[SourceType]:
    registry.register(TOY)
    yield TOY
    del registry.SOURCE_TYPES[TOY.key]


async def test_a_registered_type_has_a_form_a_source_a_device_and_sensors(hass: HomeAssistant, toy: SourceType) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    ha.thermometer(hass, ha.ROOM, 20.0)
    entry = ha.system(ha.zone())
    await ha.start(hass, entry)
    flows = hass.config_entries.subentries
    result: Any = await flows.async_init((entry.entry_id, "source"), context={"source": SOURCE_USER})
    menu = result["menu_options"]
    assert menu.index("modbus_serial") < menu.index("toy") < menu.index("entity"), "in the order of the types"
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "toy"})
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "toy")
    result = await flows.async_configure(result["flow_id"], {"serial": "unknown", "token": "secret"})
    assert result["errors"] == {"serial": "not_supported"}
    assert result["description_placeholders"]["add_device_url"].endswith("/add-a-device/")
    values = {"serial": "T1", "token": "secret", "nominal_power": 5000.0}
    result = await flows.async_configure(result["flow_id"], values)
    assert (result["type"], result["title"]) == (FlowResultType.CREATE_ENTRY, "Toy boiler")
    assert result["data"]["kind"] == "toy"
    await hass.async_block_till_done()

    (managed,) = entry.runtime_data.sources.values()
    assert isinstance(managed.source, ToyBoiler)
    await managed.source.refresh()
    await hass.async_block_till_done()
    assert managed.poller.delay_s() == pytest.approx(7.0, rel=0.11)
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, managed.subentry_id), entry.entry_id)
    assert device is not None
    assert (device.manufacturer, device.model) == ("Toy works", "Toy T1")
    registered = er.async_entries_for_device(er.async_get(hass), device.id)
    assert {"health", "pellet_level"} <= {item.translation_key for item in registered}
    (sensor,) = (item.entity_id for item in registered if item.translation_key == "pellet_level")
    state = hass.states.get(sensor)
    assert state is not None
    assert float(state.state) == 80.0


async def test_secrets_of_a_registered_type_are_neither_shown_nor_exported(
    hass: HomeAssistant, toy: SourceType
) -> None:
    ha.thermometer(hass, ha.OUTDOOR, 0.0)
    entry = ha.system(ha.zone(), await ha.source(hass, "toy", {"serial": "T1", "token": "secret"}))
    await ha.start(hass, entry)
    (exported,) = export(entry)["sources"]
    assert "token" not in exported
    diagnostics = await async_get_config_entry_diagnostics(hass, entry)
    (shown,) = (item["data"] for item in diagnostics["subentries"] if item["type"] == "source")
    assert (shown["token"], shown["serial"]) == ("**REDACTED**", "**REDACTED**")
    assert registry.budget_keys(entry) == {"toy-T1"}
    assert registry.lacks_secrets({"kind": "toy"})


def test_a_type_or_form_that_exists_is_refused(toy: SourceType) -> None:
    with pytest.raises(ValueError, match="toy is registered already"):
        registry.register(toy)


def test_every_type_names_its_stored_secrets() -> None:
    """A secret of a form is either stored, and then redacted, or not stored at all (the password of a cloud)."""
    for source_type in registry.SOURCE_TYPES.values():
        assert set(source_type.required_secrets) <= source_type.secrets
        for form in source_type.forms.values():
            assert set(form.secrets) <= source_type.secrets
    assert list(registry.forms()) == [
        "miner",
        "viessmann_sign_in",
        "viessmann",
        "vicare",
        "modbus",
        "modbus_serial",
        "ebusd",
        "entity",
        "external",
        "nicehash",
        "hiveos",
    ]
