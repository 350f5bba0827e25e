"""What the flow knows of single kinds: serial lines, ViCare's entities, sources of others, secrets that stay."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import probatio as vol
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.drivers.modbus.template import FOLDER, load_builtin
from lib.heat_source import Command
from simulators.framework import running
from simulators.modbus_boiler.boiler import ModbusBoiler
from simulators.shelly_pro3em.meter import ShellyPro3Em

from .flow import accept, add, begin, change, device, go_on
from .ha import OUTDOOR, ROOM, start, system, thermometer
from .test_third_party import Stove, offer

pytestmark = pytest.mark.slow  # left out by scripts/test --quick


@pytest.fixture(autouse=True)
async def ready(hass: HomeAssistant, socket_enabled: None) -> None:
    thermometer(hass, ROOM, 20.0)
    thermometer(hass, OUTDOOR, 3.0)


@pytest.fixture
async def entry(hass: HomeAssistant) -> MockConfigEntry:
    assert await async_setup_component(hass, DOMAIN, {})
    made = system()
    await start(hass, made)
    return made


# --- Modbus on a serial line --------------------------------------------------------------------------------


async def test_serial_boiler_is_added_and_its_serial_settings_changed(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    async with running(ModbusBoiler, ["--port", "0", "--device", "daikin", "--rtu"]) as boiler:
        values = {
            "template": "daikin_home_hub",
            "device": boiler.device_path,
            "baudrate": "19200",
            "parity": "none",
            "stopbits": "1",
            "unit_id": 1,
        }
        result = await add(hass, entry, "modbus_serial", {**values, "device": "/dev/none"})
        assert result["errors"] == {"device": "cannot_connect"}
        result = await accept(hass, await go_on(hass, result, values))
        assert result["type"] is FlowResultType.CREATE_ENTRY, result
        await hass.async_block_till_done()
        (unit,) = entry.runtime_data.sources.values()
        state = await unit.source.refresh()
        assert state.flow_c == pytest.approx(boiler.flow_c, abs=0.1), state.detail
        # The line is held by our own entry: it lets go while other settings are tried out.
        result = await change(hass, entry, "source")
        suggested = {str(key): (key.description or {}).get("suggested_value") for key in result["data_schema"].schema}
        assert (suggested["device"], suggested["parity"]) == (boiler.device_path, "none")
        boiler.faults.set("silent")
        result = await go_on(hass, result, {**values, "baudrate": "9600"})
        assert result["errors"] == {"device": "cannot_connect"}
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED, "it continues as it was"
        boiler.faults.clear("silent")
        result = await go_on(hass, result, {**values, "baudrate": "9600"})
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
        await hass.async_block_till_done()
        (unit,) = entry.runtime_data.sources.values()
        assert (await unit.source.refresh()).health == "ok"
        assert entry.subentries[unit.subentry_id].data["baudrate"] == "9600"
        # A second boiler on this line with settings that do not fit is refused.
        result = await add(hass, entry, "modbus_serial", {**values, "unit_id": 2})
        assert result["errors"] == {"baudrate": "link_in_use"}
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(("template", "unit_id"), [("froeling_lambdatronic", 2), ("lambda_eu", 1)])
async def test_empty_unit_id_uses_the_manufacturers_default(
    hass: HomeAssistant, entry: MockConfigEntry, template: str, unit_id: int
) -> None:
    async with running(
        ModbusBoiler, ["--port", "0", "--device", template.partition("_")[0], "--unit-id", f"{unit_id}"]
    ) as boiler:
        result = await begin(hass, entry, "source")
        result = await go_on(hass, result, {"next_step_id": "modbus"})
        (key,) = [key for key in result["data_schema"].schema if key == "unit_id"]
        assert isinstance(key.default, vol.Undefined), "nothing that would have to be taken away"
        values = {"template": template, "address": "127.0.0.1", "port": boiler.port}
        result = await accept(hass, await go_on(hass, result, values))
        assert result["type"] is FlowResultType.CREATE_ENTRY, result
        await hass.async_block_till_done()
        (subentry,) = entry.subentries.values()
        assert (subentry.data["unit_id"], subentry.unique_id) == (
            unit_id,
            f"modbus_127.0.0.1_{boiler.port}_{unit_id}",
        )
        # A change shows it.
        result = await change(hass, entry, "source")
        suggested = {str(key): (key.description or {}).get("suggested_value") for key in result["data_schema"].schema}
        assert suggested["unit_id"] == unit_id
        await hass.config_entries.async_unload(entry.entry_id)


async def test_invalid_address_is_reported(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    values = {"template": "idm_navigator", "address": "/dev/ttyUSB0 fast", "port": 502, "unit_id": 1}
    result = await add(hass, entry, "modbus", values)
    assert result["errors"] == {"address": "address_invalid"}


@pytest.mark.parametrize("kind", ["modbus", "modbus_serial"])
async def test_form_lists_broken_templates_with_their_errors(
    hass: HomeAssistant, entry: MockConfigEntry, tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / DOMAIN / "templates"
    folder.mkdir(parents=True)
    good = (FOLDER / "lambda_eu.yaml").read_text().replace("id: lambda_eu", "id: mine")
    (folder / "broken.yaml").write_text("format: 1\nid: broken\n")
    (folder / "mine.yaml").write_text(good)
    (folder / "twin.yaml").write_text(good)
    (folder / "yaml.yaml").write_text("format: [1\nid: {")
    hass.config.config_dir = str(tmp_path)
    result = await begin(hass, entry, "source")
    result = await go_on(hass, result, {"next_step_id": kind})
    assert (result["type"], result["errors"]) == (FlowResultType.FORM, {"base": "template_broken"})
    errors = result["description_placeholders"]["broken"]
    assert "registers: is required" in errors
    assert "twin.yaml: id: mine is already used by another file" in errors
    assert "yaml.yaml: " in errors
    assert "\n" not in errors
    (selector,) = [value for key, value in result["data_schema"].schema.items() if key == "template"]
    offered = [option["value"] for option in selector.config["options"]]
    assert sorted(offered) == sorted([*load_builtin(), "mine"])
    labels = [option["label"].casefold() for option in selector.config["options"]]
    assert labels == sorted(labels)
    marked = {option["value"] for option in selector.config["options"] if option["label"].endswith(" (experimental)")}
    assert marked == {key for key, template in load_builtin().items() if template.is_experimental}


async def test_valid_template_is_accepted_while_another_file_is_broken(
    hass: HomeAssistant, entry: MockConfigEntry, tmp_path: Path, loopback: Callable[[], str]
) -> None:
    folder = tmp_path / DOMAIN / "templates"
    folder.mkdir(parents=True)
    (folder / "broken.yaml").write_text("format: 1\nid: broken\n")
    hass.config.config_dir = str(tmp_path)
    async with device("modbus", loopback) as (_, values):
        result = await add(hass, entry, "modbus", {**values, "address": "/dev/ttyUSB0 fast"})
        assert result["errors"] == {"address": "address_invalid", "base": "template_broken"}
        result = await accept(hass, await go_on(hass, result, values))
        assert result["type"] == FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()
        await hass.config_entries.async_unload(entry.entry_id)


async def test_missing_template_is_reported(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    from custom_components.proof_of_heat.flows.form import FieldError
    from custom_components.proof_of_heat.sources.registry import forms

    with pytest.raises(FieldError) as caught:
        await forms()["modbus"].connect(
            hass, {"template": "gone", "kind": "modbus", "address": "127.0.0.1", "port": 502, "unit_id": 1}
        )
    assert forms()["modbus"].errors(caught.value) == {"template": "template_gone"}


# --- ViCare's own entities ----------------------------------------------------------------------------------


@pytest.fixture
def heat_pump(hass: HomeAssistant) -> str:
    """A heat pump as Home Assistant's ViCare integration registers it; its device id."""
    vicare = MockConfigEntry(domain="vicare", title="ViCare")
    vicare.add_to_hass(hass)
    found = dr.async_get(hass).async_get_or_create(
        config_entry_id=vicare.entry_id, identifiers={("vicare", "gateway_serial")}, name="Vitocal"
    )
    keys = {
        "heating_curve_slope-0": ("number", "heating_curve_slope", "0.6", {"min": 0.2, "max": 3.5}),
        "heating_curve_slope-1": ("number", "heating_curve_slope", "2.0", {"min": 0.2, "max": 3.5}),
        "heating_curve_shift-0": ("number", "heating_curve_shift", "4", {"min": -13, "max": 40}),
        "compressor_active-0": ("binary_sensor", "compressor", "on", {}),
        "supply_temperature-0": ("sensor", "supply_temperature", "33.5", {"unit_of_measurement": "°C"}),
        "outside_temperature": ("sensor", "outside_temperature", "-2.0", {"unit_of_measurement": "°C"}),
        "hot_gas_temperature": ("sensor", "hot_gas_temperature", "60", {"unit_of_measurement": "°C"}),
    }
    for key, (domain, translation_key, value, attributes) in keys.items():
        entity = er.async_get(hass).async_get_or_create(
            domain,
            "vicare",
            f"gateway_serial-{key}",
            config_entry=vicare,
            device_id=found.id,
            translation_key=translation_key,
            object_id_base=f"vitocal {key}",
        )
        hass.states.async_set(entity.entity_id, value, attributes)
    return found.id


def state_of(hass: HomeAssistant, key: str) -> str:
    domain = "number" if "curve" in key else "binary_sensor" if "compressor" in key else "sensor"
    found = er.async_get(hass).async_get_entity_id(domain, "vicare", f"gateway_serial-{key}")
    assert found is not None
    return found


async def test_vicare_heat_pump_is_read_and_its_curve_set_one_value_at_a_time(
    hass: HomeAssistant, entry: MockConfigEntry, heat_pump: str
) -> None:
    written: list[tuple[str, float]] = []

    async def set_value(call: ServiceCall) -> None:
        entity_id, value = call.data["entity_id"], call.data["value"]
        written.append((entity_id, value))
        before = hass.states.get(entity_id)
        assert before is not None
        hass.states.async_set(entity_id, str(value), before.attributes)

    hass.services.async_register("number", "set_value", set_value)
    result = await add(hass, entry, "vicare", {"device": heat_pump, "nominal_power": 2500})
    assert (result["type"], result["title"]) == (FlowResultType.CREATE_ENTRY, "Vitocal")
    await hass.async_block_till_done()
    (unit,) = entry.runtime_data.sources.values()
    source = unit.source
    caps = source.capabilities
    assert (caps.kind, caps.controls, caps.reads_power) == ("heat_pump", {"curve"}, False)
    assert (caps.min_slope, caps.max_slope, caps.min_level, caps.max_level) == (0.2, 3.5, -13, 40)
    state = await source.refresh()
    assert (state.health, state.on, state.power_w) == ("ok", True, 2500)
    assert (state.slope, state.level, state.flow_c, state.outdoor_c) == (0.6, 4, 33.5, -2.0)
    # ViCare's integration writes both values of the curve, the other one from its cache: never two in one go.
    command = Command(id="c", on=True, slope=0.8, level=7.4, lease_s=600)
    source.timing = type(source.timing)(verify_s=0.0, verify_step_s=0.1, fresh_s=0.0)
    assert (await source.apply(command)).outcome == "pending"
    assert written == [(state_of(hass, "heating_curve_slope-0"), 0.8)]
    assert (await source.apply(command)).outcome == "deferred"
    source._written_at = -1e9
    assert (await source.apply(command)).outcome == "applied"
    assert written[1:] == [(state_of(hass, "heating_curve_shift-0"), 7)]
    assert (await source.apply(command)).outcome == "unchanged"
    # Compressor off: no power. Compressor state unknown: power unknown.
    hass.states.async_set(state_of(hass, "compressor_active-0"), "off")
    assert ((state := await source.refresh()).on, state.power_w) == (False, 0.0)
    hass.states.async_set(state_of(hass, "compressor_active-0"), "unavailable")
    assert ((state := await source.refresh()).on, state.power_w) == (None, None)
    # The user's values come back when control ends, again one value at a time.
    assert [(await source.release()).outcome for _ in range(2)] == ["pending", "applied"]
    assert written[2:] == [
        (state_of(hass, "heating_curve_slope-0"), 0.6),
        (state_of(hass, "heating_curve_shift-0"), 4),
    ]
    hass.states.async_set(state_of(hass, "heating_curve_shift-0"), "unavailable")
    assert (await source.refresh()).health == "failing"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_vicare_rejected_write(hass: HomeAssistant, entry: MockConfigEntry, heat_pump: str) -> None:
    result = await add(hass, entry, "vicare", {"device": heat_pump})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    (unit,) = entry.runtime_data.sources.values()

    async def refuse(call: ServiceCall) -> None:
        raise HomeAssistantError("limit of calls")

    hass.services.async_register("number", "set_value", refuse)
    result = await unit.source.apply(Command(id="c", level=9.0))
    assert result.outcome == "refused"
    assert "limit of calls" in result.detail
    await hass.config_entries.async_unload(entry.entry_id)


async def test_viessmann_account_whose_devices_cannot_be_commanded(
    hass: HomeAssistant, entry: MockConfigEntry, loopback: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from custom_components.proof_of_heat.sources.types import viessmann
    from lib.heat_source import Capabilities, SourceKind

    nothing = Capabilities(kind=SourceKind.HEAT_PUMP, controls=frozenset())
    monkeypatch.setattr(viessmann, "capabilities_of", lambda _: nothing)
    async with device("viessmann", loopback) as (_, values):
        result = await add(hass, entry, "viessmann", values)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "nothing_found")


async def test_unusable_vicare_device_is_reported(hass: HomeAssistant, entry: MockConfigEntry, heat_pump: str) -> None:
    hass.states.async_set(state_of(hass, "heating_curve_slope-0"), "unavailable")
    result = await add(hass, entry, "vicare", {"device": heat_pump})
    assert result["errors"] == {"device": "cannot_connect"}
    er.async_get(hass).async_update_entity(
        state_of(hass, "heating_curve_shift-0"), disabled_by=er.RegistryEntryDisabler.USER
    )
    result = await go_on(hass, result, {"device": heat_pump})
    assert result["errors"] == {"device": "no_curve"}
    result = await go_on(hass, result, {"device": "gone"})
    assert result["errors"] == {"device": "entity_gone"}


@pytest.mark.parametrize("kind", ["vicare", "external"])
async def test_source_type_without_candidates_aborts(hass: HomeAssistant, entry: MockConfigEntry, kind: str) -> None:
    result = await begin(hass, entry, "source")
    result = await go_on(hass, result, {"next_step_id": kind})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "nothing_offered")


# --- sources of other integrations --------------------------------------------------------------------------


async def test_source_removed_while_the_form_is_open_is_reported(hass: HomeAssistant) -> None:
    stoves = [Stove()]
    await offer(hass, stoves)
    assert await async_setup_component(hass, DOMAIN, {})
    entry = system()
    await start(hass, entry)
    result = await begin(hass, entry, "source")
    result = await go_on(hass, result, {"next_step_id": "external"})
    schema = result["data_schema"]
    from custom_components.proof_of_heat.sources.external import DIRECTORY

    stoves.clear()
    await hass.data[DIRECTORY].async_refresh()
    stoves.append(type("Other", (Stove,), {"source_id": "stove:2"})())
    await hass.data[DIRECTORY].async_refresh()
    assert schema is not None
    result = await go_on(hass, result, {"reference": "stove:1"})
    assert result["errors"] == {"reference": "not_offered"}
    result = await go_on(hass, result, {"reference": "stove:2"})
    assert (result["type"], result["title"]) == (FlowResultType.CREATE_ENTRY, "Stove")
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(entry.entry_id)


# --- secrets ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "secret"), [("nicehash", "api_secret"), ("hiveos", "token"), ("miner", "password")])
async def test_change_without_the_secret_keeps_it_and_never_shows_it(
    hass: HomeAssistant, entry: MockConfigEntry, loopback: Callable[[], str], kind: str, secret: str
) -> None:
    async with device(kind, loopback) as (_, values):
        result = await add(hass, entry, kind, values)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()
        result = await change(hass, entry, "source")
        suggested = {str(key): (key.description or {}).get("suggested_value") for key in result["data_schema"].schema}
        assert suggested[secret] is None
        assert str(values[secret]) not in str(suggested)
        from custom_components.proof_of_heat.sources.registry import forms

        open_values = {key: value for key, value in values.items() if key not in forms()[kind].secrets}
        extra = {"efficiency_j_th": 26.5} if kind == "miner" else {"nominal_power": 900}
        entered = {"advanced": extra} if kind == "miner" else extra
        result = await go_on(hass, result, {**open_values, **entered})
        assert result["reason"] == "reconfigure_successful", result
        await hass.async_block_till_done()
        (subentry,) = entry.subentries.values()
        assert subentry.data[secret] == values[secret]
        assert extra.items() <= subentry.data.items()
        await hass.config_entries.async_unload(entry.entry_id)


async def test_viessmann_is_changed_without_its_password_and_without_a_call(
    hass: HomeAssistant, entry: MockConfigEntry, loopback: Callable[[], str]
) -> None:
    async with device("viessmann", loopback) as (cloud, values):
        await add(hass, entry, "viessmann", values)
        await hass.async_block_till_done()
        (before,) = entry.subentries.values()
        await hass.config_entries.async_unload(entry.entry_id)
        calls = cloud.state()["calls"]
        result = await change(hass, entry, "source")
        change_of = {"client_id": "demo-client", "day_limit": 3000, "nominal_heat": 8000}
        result = await go_on(hass, result, {**change_of, "host": "http://127.0.0.1:1"})
        assert result["errors"] == {"password": "password_needed"}
        # The stored token belongs to the stored client; a half-entered account is not ignored.
        for wrong, error in (
            ({"client_id": "another"}, {"password": "password_needed"}),
            ({"client_id": " "}, {"client_id": "client_id_empty"}),
            ({"password": "p"}, {"username": "password_needed"}),
            ({"username": "u"}, {"password": "password_needed"}),
        ):
            result = await go_on(hass, result, change_of | wrong)
            assert result["errors"] == error
        result = await go_on(hass, result, {**change_of, "client_id": " demo-client "})
        assert result["reason"] == "reconfigure_successful"
        (after,) = entry.subentries.values()
        assert cloud.state()["calls"] == calls
        assert {key: after.data[key] for key in change_of} == change_of
        for key in ("refresh_token", "info", "capabilities"):
            assert after.data[key] == before.data[key]


async def test_viessmann_without_credentials_is_not_added(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    from custom_components.proof_of_heat.flows.form import FieldError
    from custom_components.proof_of_heat.sources.registry import forms

    with pytest.raises(FieldError, match="password_needed"):
        await forms()["viessmann"].connect(hass, {"kind": "viessmann", "client_id": "c", "day_limit": 1450})


async def test_meter_whose_password_changed_is_asked_for_it(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    async with running(ShellyPro3Em, ["--port", "0", "--password", "old"]) as shelly:
        port = shelly.port
        values = {"name": "Grid", "host": "127.0.0.1", "port": port, "scan_interval": 2, "inverted": False}
        result = await begin(hass, entry, "meter")
        await go_on(hass, result, {**values, "password": "old"})
        await hass.async_block_till_done()
    async with running(ShellyPro3Em, ["--port", str(port), "--password", "new"]):
        await entry.runtime_data.meters[0].async_refresh()
        await entry.runtime_data.meters[0].async_refresh()
        await hass.async_block_till_done()
        (flow,) = hass.config_entries.flow.async_progress()
        assert flow["step_id"] == "reauth_confirm"
        result = await hass.config_entries.flow.async_configure(flow["flow_id"], {"password": "no"})
        assert result["errors"] == {"password": "invalid_auth"}
        assert [str(key) for key in result["data_schema"].schema] == ["password"]
        result = await hass.config_entries.flow.async_configure(flow["flow_id"], {"password": "new"})
        assert result["reason"] == "reauth_successful"
        await hass.async_block_till_done()
        assert entry.runtime_data.meters[0].last_update_success
        # Changed without the password: it stays, and is not shown.
        result = await change(hass, entry, "meter")
        assert "new" not in str([key.description for key in result["data_schema"].schema])
        result = await go_on(hass, result, {**values, "password": "no"})
        assert result["errors"] == {"password": "invalid_auth"}
        result = await go_on(hass, result, {**values, "inverted": True})
        assert result["reason"] == "reconfigure_successful"
        await hass.async_block_till_done()
        (meter,) = entry.subentries.values()
        assert (meter.data["password"], meter.data["inverted"]) == ("new", True)
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("entity_id", "attributes"),
    [
        ("number.brightness", {"min": 0, "max": 100, "unit_of_measurement": "lx"}),
        ("number.share", {"min": 0, "max": 100, "unit_of_measurement": "%"}),
        ("select.song", {"options": ["a", "b"]}),
    ],
)
async def test_entity_without_a_control_is_not_added(
    hass: HomeAssistant, entry: MockConfigEntry, entity_id: str, attributes: dict[str, Any]
) -> None:
    hass.states.async_set(entity_id, "5", attributes)
    values = {"entity": entity_id, "source_kind": "direct_electric", "number_is": "power"}
    result = await add(hass, entry, "entity", values)
    assert result["errors"] == {"entity": "not_commanded"}
    if entity_id == "number.share":
        result = await go_on(hass, result, {**values, "nominal_power": 2000})
        assert result["type"] == FlowResultType.CREATE_ENTRY
        # The entry is reloaded with its source; unloading stops what the reload started.
        await hass.async_block_till_done()
        await hass.config_entries.async_unload(entry.entry_id)


async def test_price_fields_show_their_currency(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    priced = ("fuel_price", "fixed_price", "base_price", "hashprice")

    def units(result: Any) -> dict[str, str]:
        fields = result["data_schema"].schema.items()
        return {str(key): value.config["unit_of_measurement"] for key, value in fields if str(key) in priced}

    hass.config.currency = "CHF"
    result = await begin(hass, entry, "source")
    assert units(await go_on(hass, result, {"next_step_id": "modbus"})) == {"fuel_price": "CHF/kWh"}
    for form, wanted in (
        ("price", {"fixed_price": "CHF/kWh"}),
        ("tariff", {"base_price": "CHF/kWh"}),
        ("mining", {"hashprice": "CHF/PH/s/d"}),
    ):
        options = await hass.config_entries.options.async_init(entry.entry_id)
        assert (
            units(await hass.config_entries.options.async_configure(options["flow_id"], {"next_step_id": form}))
            == wanted
        )
