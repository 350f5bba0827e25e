"""Mappings that users make: paths, values, the form with a preview, export and import."""

import json
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.edge_telemetry.data import EdgeData
from custom_components.edge_telemetry.decoders import (
    MappingError,
    Mappings,
    Message,
    MetricMapping,
    Reason,
    format_path,
    leaves_of,
    preview,
)
from custom_components.edge_telemetry.decoders.mappings import parse_path, value_at

from .conftest import Publish, entity_id, state

METER = {"SML": {"Power_curr": -0.34, "total_in": 1234.5}, "phases": [{"p": 1}, {"p": 2}], "a.b": {'q"': 7}, "on": True}
DEVICE = "van/env/inside"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "steps", "value"),
    [
        ("SML.Power_curr", ("SML", "Power_curr"), -0.34),
        ("$.SML.total_in", ("SML", "total_in"), 1234.5),
        ("phases[1].p", ("phases", 1, "p"), 2),
        ('["a.b"]["q\\""]', ("a.b", 'q"'), 7),
        (" on ", ("on",), True),
    ],
)
def test_a_path_names_members_and_positions(text: str, steps: tuple[Any, ...], value: Any) -> None:
    assert parse_path(text) == steps
    assert parse_path(format_path(steps)) == steps
    assert value_at(METER, steps) == value


@pytest.mark.parametrize("text", ["", ".", "$", "a..b", "a[", "a[x]", "a]", "x" * 300, ".".join("abcdefghij")])
def test_other_texts_are_not_paths(text: str) -> None:
    with pytest.raises(MappingError, match="path_invalid"):
        parse_path(text)


@pytest.mark.parametrize("text", ["SML.other", "phases[2].p", "SML[0]", "on.x", "phases.p"])
def test_a_path_may_lead_nowhere(text: str) -> None:
    with pytest.raises(KeyError):
        value_at(METER, parse_path(text))
    assert preview(MetricMapping("*", text, "power_w"), json.dumps(METER)) == (None, "W")


def test_every_value_of_a_message_has_a_path() -> None:
    paths = {format_path(steps): value for steps, value in leaves_of(METER)}
    assert paths == {
        "SML.Power_curr": -0.34,
        "SML.total_in": 1234.5,
        "phases[0].p": 1,
        "phases[1].p": 2,
        '["a.b"]["q\\""]': 7,
        "on": True,
    }
    assert len(list(leaves_of({"x": list(range(1000))}))) == 200


@pytest.mark.parametrize(
    ("path", "metric", "unit", "expected"),
    [
        ("SML.Power_curr", "power_w", "kW", (-340.0, "W")),
        ("SML.Power_curr", "power_w", "", (-0.34, "W")),
        ("SML.total_in", "import_kwh", "kWh", (1234.5, None)),
        ("SML.total_in", "flow", "L/h", (1234.5, "L/h")),
        ("phases[1].p", "temperature_c", "°F", (-16.666667, "°C")),
        ("on", "door_open", "", (True, None)),
        ("SML", "power_w", "", (None, "W")),
    ],
)
def test_a_value_is_converted_to_the_unit_of_its_metric(
    path: str, metric: str, unit: str, expected: tuple[Any, Any]
) -> None:
    assert preview(MetricMapping("*", path, metric, unit), json.dumps(METER)) == expected


def test_a_mapping_takes_precedence_over_what_was_decoded() -> None:
    mappings = Mappings([{"device": DEVICE, "path": "p", "metric": "power_w"}, {"path": "n.x", "metric": "power_w"}])
    message = Message({"power_w": 5.0, "humidity_percent": 40})
    mappings.apply(DEVICE, message, b'{"p": 7, "power_w": 5.0}')
    assert message.metrics == {"power_w": 7, "humidity_percent": 40}
    mappings.apply("a/b/c", message, b'{"p": 9}')
    assert message.metrics["power_w"] == 7
    mappings.apply(DEVICE, message, b'{"p": "bad"}')
    assert message.rejected == {"power_w": Reason.BAD_VALUE}
    mappings.apply(DEVICE, message, b"not json")
    assert not Mappings()


@pytest.mark.parametrize(
    ("stored", "error"),
    [
        (3, "mapping_invalid"),
        ({"path": 3, "metric": "x"}, "mapping_invalid"),
        ({"path": "a", "metric": "x", "device": "a/b"}, "device_invalid"),
        ({"path": "a", "metric": "!"}, "metric_invalid"),
        ({"path": "a", "metric": "pressure_pa"}, "metric_invalid"),
        ({"path": "a..b", "metric": "x"}, "path_invalid"),
        ({"metric": "x"}, "path_invalid"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused(stored: Any, error: str) -> None:
    with pytest.raises(MappingError, match=error):
        MetricMapping.create(stored)


async def step(hass: HomeAssistant, flow_id: str, user_input: dict[str, Any]) -> dict[str, Any]:
    """Submit a form."""
    return dict(await hass.config_entries.options.async_configure(flow_id, user_input))


async def open_menu(hass: HomeAssistant, entry: MockConfigEntry, choice: str) -> dict[str, Any]:
    """Open the options and select a step."""
    flow = await hass.config_entries.options.async_init(entry.entry_id)
    return await step(hass, flow["flow_id"], {"next_step_id": choice})


async def test_the_form_shows_the_newest_message_and_what_a_mapping_reads(
    hass: HomeAssistant, data: EdgeData, entry: MockConfigEntry, publish: Publish
) -> None:
    await publish("van/env/inside/data", METER)
    form = await open_menu(hass, entry, "mapping_device")
    flow_id = form["flow_id"]
    assert (await step(hass, flow_id, {"device": "nowhere"}))["errors"] == {"device": "device_invalid"}
    form = await step(hass, flow_id, {"device": DEVICE})
    assert '"Power_curr"' in form["description_placeholders"]["message"]
    (path_field,) = (field for field in form["data_schema"].schema if field == "path")
    options = form["data_schema"].schema[path_field].config["options"]
    assert {"value": "SML.Power_curr", "label": "SML.Power_curr: -0.34"} in options
    bad = {"path": "a..b", "metric": "power_w"}
    assert (await step(hass, flow_id, bad))["errors"] == {"path": "path_invalid"}
    bad = {"path": "SML.Power_curr", "metric": "!"}
    assert (await step(hass, flow_id, bad))["errors"] == {"metric": "metric_invalid"}
    entered = {"path": "SML.Power_curr", "metric": "grid_flow", "unit_of_measurement": "kW"}
    form = await step(hass, flow_id, entered | {"device_class": "temperature"})
    assert form["errors"] == {"device_class": "class_mismatch"}
    form = await step(hass, flow_id, entered | {"device_class": "power"})
    assert form["step_id"] == "mapping_preview"
    assert form["description_placeholders"] == {"path": "SML.Power_curr", "metric": "grid_flow", "value": "-0.34 kW"}
    done = await step(hass, flow_id, {})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.options["mappings"] == [
        {"device": DEVICE, "path": "SML.Power_curr", "metric": "grid_flow", "unit": "kW"}
    ]
    await publish("van/env/inside/data", METER)
    found = hass.states.get(entity_id(hass, "sensor", "grid_flow", DEVICE) or "")
    assert found is not None
    assert found.state == "-0.34"
    assert found.attributes["unit_of_measurement"] == "kW"
    assert found.attributes["device_class"] == "power"


async def test_a_message_that_only_mappings_can_read(
    hass: HomeAssistant, data: EdgeData, entry: MockConfigEntry, publish: Publish
) -> None:
    message = [{"v": 21.5}]
    payload = {"metrics": message}
    await publish("van/env/inside/data", payload)
    assert len(data.devices) == 0
    form = await open_menu(hass, entry, "mapping_device")
    form = await step(hass, form["flow_id"], {"device": "*"})
    assert form["description_placeholders"]["message"] == "-"
    form = await step(hass, form["flow_id"], {"path": "metrics[0].v", "metric": "temperature_c"})
    assert form["description_placeholders"]["value"] == "-"
    await step(hass, form["flow_id"], {})
    await hass.async_block_till_done()
    await publish("van/env/inside/data", payload)
    assert state(hass, "temperature_c", DEVICE) == "21.5"
    await publish("van/env/other/data", {"metrics": []})
    assert len(entry.runtime_data.devices) == 1


async def test_mappings_are_exported_and_imported(hass: HomeAssistant, data: EdgeData, entry: MockConfigEntry) -> None:
    form = await open_menu(hass, entry, "mappings_text")
    flow_id = form["flow_id"]
    for text, error in (
        ("{", "json_invalid"),
        ("{}", "mapping_invalid"),
        ("[" * 100 + "]" * 100, "json_invalid"),
        ('[{"path": "a"}]', "metric_invalid"),
        (json.dumps([{"path": "a", "metric": "x"}] * 201), "mapping_invalid"),
    ):
        form = await step(hass, flow_id, {"text": text})
        assert form["errors"] == {"text": error}
    mappings = [{"device": "*", "path": "a.b", "metric": "x"}, {"device": DEVICE, "path": "c", "metric": "power_w"}]
    done = await step(hass, flow_id, {"text": json.dumps(mappings)})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.options["mappings"] == mappings
    form = await open_menu(hass, entry, "mappings_text")
    (field,) = form["data_schema"].schema
    assert json.loads(field.description["suggested_value"]) == mappings
    await step(hass, form["flow_id"], {"text": ""})
    await hass.async_block_till_done()
    assert entry.options["mappings"] == []


async def test_a_message_that_is_not_json_has_no_paths(
    hass: HomeAssistant, data: EdgeData, entry: MockConfigEntry, publish: Publish
) -> None:
    await publish("van/env/inside/data", METER)
    device = next(iter(data.devices.values()))
    device.newest = b"on"  # as a dialect with a value per topic receives it
    form = await open_menu(hass, entry, "mapping_device")
    form = await step(hass, form["flow_id"], {"device": DEVICE})
    assert form["description_placeholders"]["message"] == "on"
    (path_field,) = (field for field in form["data_schema"].schema if field == "path")
    assert form["data_schema"].schema[path_field].config["options"] == []
