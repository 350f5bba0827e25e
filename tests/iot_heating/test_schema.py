"""The API as an OpenAPI document: schemathesis makes calls that keep to it and calls that break it; none gets a 5xx."""

import json
from typing import Any, Final

from aiohttp.test_utils import TestClient
from homeassistant.core import HomeAssistant
from hypothesis import HealthCheck, Phase, given, settings
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
import schemathesis
from schemathesis import GenerationMode

from custom_components.iot_heating._lib.device_http import BODY_LIMIT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

CASES: Final = 500
_TEMPERATURE: Final = {"type": ["number", "null"], "minimum": -60, "maximum": 120}
_REPORT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "state": {"enum": ["on", "off", True, False, None]},
        "temp_out": _TEMPERATURE,
        "supply_temp": _TEMPERATURE,
        "voltage": {"type": ["number", "null"], "minimum": 0, "maximum": 60},
        "errors": {"type": ["array", "null"], "items": {"type": ["string", "object"]}, "maxItems": 100},
        "protocol_version": {"type": "integer", "minimum": 1, "maximum": 3},
        "rssi": {"type": ["number", "null"], "minimum": -150, "maximum": 20},
        "room_temp": _TEMPERATURE,
        "uptime_s": {"type": ["integer", "null"], "minimum": 0, "maximum": 2**53},
        "firmware_version": {"type": ["string", "null"], "pattern": "^[0-9a-z.]{1,64}$"},
        "acks": {
            "type": "array",
            "maxItems": 50,
            "items": {
                "type": "object",
                "required": ["id", "ok"],
                "properties": {"id": {"type": "string"}, "ok": {"type": "boolean"}},
                "additionalProperties": False,
            },
        },
    },
}
_SETTINGS: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "curve_value": {"type": "number", "minimum": 0, "maximum": 100},
        "min_external_temp": {"type": "number", "minimum": -30, "maximum": 30},
        "iot_enabled": {"type": "boolean"},
        "schedule": {
            "type": "array",
            "maxItems": 5,
            "items": {
                "type": "object",
                "required": ["day", "slots"],
                "properties": {
                    "day": {"enum": ["Mon-Fri", "Sat", "Sat,Sun", "Daily"]},
                    "slots": {"type": "array", "maxItems": 3, "items": {"enum": ["06:30-09:30", "22:00-05:00"]}},
                    "target": {"enum": ["22", "22C", "71.6F", 21.5]},
                    "mode": {"enum": ["Auto", "Eco", "Manual"]},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}


def _operation(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"200": {"description": "taken"}},
    }


SYNC: Final = "/api/iot/device/ESP32-001/sync/"
BUILDING: Final = "/api/iot/buildings/1/settings/"
SCHEMA: Final = schemathesis.openapi.from_dict(
    {
        "openapi": "3.1.0",
        "info": {"title": "Device sync", "version": "2"},
        "paths": {SYNC: {"post": _operation(_REPORT)}, BUILDING: {"patch": _operation(_SETTINGS)}},
    }
)


def bodies(path: str, method: str, mode: GenerationMode) -> list[bytes]:
    """What schemathesis would send."""
    found: list[bytes] = []

    @settings(
        max_examples=CASES,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(SCHEMA[path][method].as_strategy(generation_mode=mode))
    def collect(case: schemathesis.Case) -> None:
        body = case.body
        found.append(body if isinstance(body, bytes) else json.dumps(body, default=str).encode())

    collect()
    return found


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize(("method", "path"), [("POST", SYNC), ("PATCH", BUILDING)])
async def test_what_the_schema_allows_is_taken_and_nothing_gets_a_5xx(
    hass: HomeAssistant,
    building: MockConfigEntry,
    key: str,
    hass_client: ClientSessionGenerator,
    method: str,
    path: str,
    mode: GenerationMode,
) -> None:
    client: TestClient = await hass_client()
    sent = bodies(path, method, mode)
    assert len(sent) > CASES / 5, "a schema this small may have fewer different bodies, but not that few"
    statuses: dict[int, int] = {}
    for body in sent:
        reply = await client.request(method, path, data=body, headers={"X-Device-Key": key})
        if len(body) > BODY_LIMIT:
            assert reply.status == 413
            continue
        statuses[reply.status] = statuses.get(reply.status, 0) + 1
        if mode is GenerationMode.POSITIVE:
            assert reply.status == 200, (body, await reply.text())
        assert reply.status < 500, body
    assert sum(statuses.values()) > 0.9 * len(sent), "few bodies are over the limit"
    if mode is GenerationMode.NEGATIVE and path == BUILDING:
        assert statuses.get(400, 0) > len(sent) / 3
    if path == SYNC:
        assert statuses.keys() <= {200, 400}, "one bad reading never costs the configuration"
    await hass.async_block_till_done()
