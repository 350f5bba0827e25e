"""Any input of a device or user gets an answer of the table, never a 5xx."""

from collections.abc import Awaitable, Callable
import json
import random
from typing import Any

from aiohttp.test_utils import TestClient
from homeassistant.core import HomeAssistant
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.iot_heating.protocol.errors import ProtocolError
from custom_components.iot_heating.protocol.report import decode_report

from . import TELEMETRY

pytestmark = pytest.mark.slow  # left out by scripts/test --quick

ANSWERS = {200, 400, 401, 404, 409, 413, 429}
SETTINGS = {
    "curve_value": 60,
    "min_external_temp": 8,
    "schedule": [{"day": "Mon-Fri", "slots": ["06:30-09:30"], "target": "22C", "mode": "Auto"}],
    "iot_enabled": True,
    "revision": 1,
}
REPORT = {
    **TELEMETRY,
    "protocol_version": 2,
    "rssi": -61,
    "firmware_version": "1.4.2",
    "acks": [{"id": "a", "ok": True}],
}
ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    1e308,
    2**63,
    2**64,
    -(2**70),
    "",
    "20",
    "\x00",
    "\ud83d\ude00",
    [],
    {},
    [[[]]],
    {"a": {}},
    "24:00-24:00",
    "Mon-",
    "99999999999999999999C",
]


def mutated(rng: random.Random, body: dict[str, Any]) -> bytes:
    """A good body with one to three things wrong."""
    made: Any = json.loads(json.dumps(body))
    for _ in range(rng.randint(1, 3)):
        place: Any = made
        while isinstance(place, dict | list) and place:
            key = rng.choice(list(place)) if isinstance(place, dict) else rng.randrange(len(place))
            if not isinstance(place[key], dict | list) or rng.random() < 0.5:
                place[key] = rng.choice(ODD)
                break
            place = place[key]
    text = json.dumps(made).encode()
    match rng.randrange(6):
        case 0:
            return text[: rng.randrange(len(text))]
        case 1:
            at = rng.randrange(len(text))
            return text[:at] + bytes([rng.randrange(256)]) + text[at + 1 :]
        case _:
            return text


type Send = Callable[[str, str, bytes], Awaitable[int]]


@pytest.fixture
async def send(building: MockConfigEntry, key: str, hass_client: ClientSessionGenerator) -> Send:
    """Sends a body as the controller, or as an administrator."""
    client: TestClient = await hass_client()

    async def request(method: str, path: str, body: bytes) -> int:
        reply = await client.request(method, path, data=body, headers={"X-Device-Key": key})
        if reply.status != 200:
            answer = json.loads(await reply.read())
            assert {"error", "message", "field"} == set(answer)
        return reply.status

    return request


@pytest.mark.parametrize(
    ("method", "path", "good"),
    [
        ("POST", "/api/iot/device/ESP32-001/sync/", REPORT),
        ("PATCH", "/api/iot/buildings/1/settings/", SETTINGS),
        ("POST", "/api/iot/devices/1/report_status/", TELEMETRY),
    ],
)
async def test_mutated_bodies(hass: HomeAssistant, send: Send, method: str, path: str, good: dict[str, Any]) -> None:
    rng = random.Random(7)
    for _ in range(500):
        body = mutated(rng, good)
        assert await send(method, path, body) in ANSWERS, body
    await hass.async_block_till_done()


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/api/iot/device/ESP32-001/sync/"), ("PATCH", "/api/iot/buildings/1/settings/")]
)
async def test_random_bodies(hass: HomeAssistant, send: Send, method: str, path: str) -> None:
    rng = random.Random(8)
    for _ in range(500):
        body = rng.randbytes(rng.randrange(60)) if rng.random() < 0.5 else json.dumps(rng.choice(ODD)).encode()
        assert await send(method, path, body) in ANSWERS, body
    await hass.async_block_till_done()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=8,
)


@settings(phases=[Phase.generate, Phase.shrink], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from([*REPORT, "uptime_s", "boot_count", "free_heap", "room_temp", "x"]), JSON))
def test_any_report_of_protocol_2_is_read_or_refused(data: dict[str, Any]) -> None:
    refused = None
    try:
        decode_report(data, 2)
    except ProtocolError as err:
        refused = err.field.split("[")[0]
    assert refused is None or refused in data
