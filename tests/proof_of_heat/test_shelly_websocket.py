"""A Shelly pushes its power: at once, with a password, through faults and restarts."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import json
from pathlib import Path
import time
from types import MappingProxyType

import aiohttp
from aiohttp import web
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
import pytest

from custom_components.proof_of_heat.drivers.errors import AuthError, BadReplyError, DriverError, UnreachableError
from custom_components.proof_of_heat.drivers.meter.reading import MeterReading
from custom_components.proof_of_heat.drivers.meter.shelly_websocket import ShellyWebSocket, digest
from simulators.framework import running
from simulators.shelly_pro3em.meter import ShellyPro3Em
from tests.proof_of_heat.ha import OUTDOOR, ROOM, start, system, thermometer, zone

pytestmark = pytest.mark.slow  # left out by scripts/test --quick


class Received:
    """The received readings and errors."""

    def __init__(self) -> None:
        self.readings: list[MeterReading] = []
        self.failures: list[DriverError] = []

    async def until(self, watts: float, seconds: float = 120.0) -> None:
        async with asyncio.timeout(seconds):
            while not self.readings or abs((self.readings[-1].power_w or 0) - watts) > 100:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def more(self, count: int) -> None:
        wanted = len(self.readings) + count
        async with asyncio.timeout(120):
            while len(self.readings) < wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def failure(self, seconds: float = 120.0) -> DriverError:
        async with asyncio.timeout(seconds):
            while not self.failures:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return self.failures[-1]


@asynccontextmanager
async def pushing(
    session: aiohttp.ClientSession,
    port: int,
    password: str | None = None,
    silence_s: float = 20.0,
    counters_s: float = 60.0,
) -> AsyncGenerator[Received]:
    heard = Received()
    push = ShellyWebSocket(
        session,
        "127.0.0.1",
        heard.readings.append,
        port=port,
        password=password,
        failed=heard.failures.append,
        first_pause_s=0.05,
        silence_s=silence_s,
        counters_s=counters_s,
    )
    task = asyncio.create_task(push.run())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("profile", ["triphase", "monophase"])
async def test_the_first_status_comes_at_once_with_counters(profile: str, session: aiohttp.ClientSession) -> None:
    argv = ["--port", "0", "--push", "60", "--load", "2000", "--profile", profile]
    async with running(ShellyPro3Em, argv) as device, pushing(session, device.port) as heard:
        await heard.until(2335)
    first = heard.readings[0]
    assert first.imported_kwh == pytest.approx(1500, abs=1)
    assert abs(first.at.timestamp() - time.time()) < 5


async def test_a_change_is_received_within_the_devices_own_interval(session: aiohttp.ClientSession) -> None:
    argv = ["--port", "0", "--push", "0.05"]
    async with running(ShellyPro3Em, argv) as device, pushing(session, device.port) as heard:
        await heard.until(335)
        device.load_w = 3000.0
        began = time.monotonic()
        await heard.until(3335)
        assert time.monotonic() - began < 18, "it was asked for (after 20 s), not pushed"


@pytest.mark.parametrize("password", [None, "s3"])
async def test_a_quiet_device_is_asked_and_stays_connected(
    password: str | None, session: aiohttp.ClientSession
) -> None:
    argv = ["--port", "0", "--push", "60", *(["--password", password] if password else [])]
    async with running(ShellyPro3Em, argv) as device, pushing(session, device.port, password, 0.3) as heard:
        await heard.until(335)
        await heard.more(3)
        assert not heard.failures


@pytest.mark.parametrize("password", [None, "s3"])
async def test_counters_are_asked_for_while_power_is_pushed(
    password: str | None, session: aiohttp.ClientSession
) -> None:
    argv = ["--port", "0", "--push", "0.05", *(["--password", password] if password else [])]
    async with running(ShellyPro3Em, argv) as device, pushing(session, device.port, password, counters_s=0.1) as heard:
        await heard.until(335)
        device.imported_wh["a"] += 5000
        async with asyncio.timeout(120):
            while (heard.readings[-1].imported_kwh or 0) < 1504:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert not heard.failures


async def test_in_home_assistant_a_change_shows_before_the_next_poll(hass: HomeAssistant, socket_enabled: None) -> None:
    async with running(ShellyPro3Em, ["--port", "0", "--push", "0.1", "--load", "2000"]) as device:
        data = {"name": "Grid", "host": "127.0.0.1", "port": device.port, "scan_interval": 60, "inverted": True}
        meter = ConfigSubentry(data=MappingProxyType(data), subentry_type="meter", title="Grid", unique_id="m1")
        entry = system(meter, zone())
        thermometer(hass, ROOM, 20.0)
        thermometer(hass, OUTDOOR, 5.0)
        await start(hass, entry)
        device.load_w = 5000.0
        coordinator = entry.runtime_data.meters[0]
        async with asyncio.timeout(30):  # half of the interval of the polls
            while coordinator.data.power_w > -5000:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


async def test_a_half_open_connection_is_given_up(session: aiohttp.ClientSession) -> None:
    async def mute(request: web.Request) -> web.WebSocketResponse:
        response = web.WebSocketResponse()
        await response.prepare(request)
        async for _ in response:
            pass
        return response

    app = web.Application()
    app.router.add_get("/rpc", mute)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with pushing(session, runner.addresses[0][1], silence_s=0.1) as heard:
            assert "timed out" in str(await heard.failure())
    finally:
        await runner.cleanup()


async def test_with_a_password(session: aiohttp.ClientSession) -> None:
    async with running(ShellyPro3Em, ["--port", "0", "--push", "0.05", "--password", "s3"]) as device:
        async with pushing(session, device.port, "s3") as heard:
            await heard.until(335)
            assert not heard.failures
        for wrong in ("no", None):
            async with pushing(session, device.port, wrong) as heard:
                assert isinstance(await heard.failure(), AuthError)
                assert not heard.readings


async def test_a_device_that_restarts_is_received_again(session: aiohttp.ClientSession) -> None:
    async with running(ShellyPro3Em, ["--port", "0", "--push", "0.05"]) as device:
        port = device.port
        async with pushing(session, port) as heard:
            await heard.until(335)
            await device.stop()
            assert isinstance(await heard.failure(), UnreachableError)
            async with running(ShellyPro3Em, ["--port", str(port), "--push", "0.05", "--load", "1000"]):
                await heard.until(1335)


async def test_values_that_are_null_are_not_a_reading(session: aiohttp.ClientSession) -> None:
    argv = ["--port", "0", "--push", "0.05"]
    async with running(ShellyPro3Em, argv) as device, pushing(session, device.port) as heard:
        await heard.until(335)
        device.faults.set("null")
        await asyncio.sleep(0.2)
        count = len(heard.readings)
        await asyncio.sleep(0.2)
        assert len(heard.readings) <= count + 1
        device.faults.clear("null")
        await heard.more(2)
        assert not heard.failures


@pytest.mark.parametrize(
    ("say", "error"),
    [
        ("{", BadReplyError),
        ("[" * 100_000, BadReplyError),
        (json.dumps({"error": {"code": 500}}), BadReplyError),
        (json.dumps({"error": {"code": 401, "message": "x"}}), BadReplyError),
        (json.dumps({"error": {"code": 401, "message": "{}"}}), BadReplyError),
        ("x" * 400_000, UnreachableError),
        (None, UnreachableError),
    ],
    ids=["cut", "deep", "error", "challenge", "empty challenge", "too long", "closed"],
)
async def test_frames_that_mean_nothing(
    say: str | None, error: type[Exception], session: aiohttp.ClientSession
) -> None:
    async def socket(request: web.Request) -> web.WebSocketResponse:
        response = web.WebSocketResponse()
        await response.prepare(request)
        await response.receive()
        await response.send_bytes(b"binary is passed over")
        if say is not None:
            await response.send_str(say)
            await response.receive()
        return response

    app = web.Application()
    app.router.add_get("/rpc", socket)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with pushing(session, runner.addresses[0][1], "pw") as heard:
            assert isinstance(await heard.failure(), error)
            assert not heard.readings
    finally:
        await runner.cleanup()


async def test_nothing_listens(session: aiohttp.ClientSession) -> None:
    async with pushing(session, 1) as heard:
        assert isinstance(await heard.failure(), UnreachableError)


def test_digest_answers_the_captured_challenge(captures: Path) -> None:
    frame = json.loads((captures / "shelly" / "auth_challenge_401.json").read_text())
    auth = digest(json.loads(frame["error"]["message"]), "secret", "c0ffee")
    assert (auth["realm"], auth["nonce"], auth["username"]) == ("shellyplus2pm-00005e005302", 1725185413, "admin")
    # sha256(sha256("admin:<realm>:secret"):1725185413:1:c0ffee:auth:sha256("dummy_method:dummy_uri")), by hand
    import hashlib

    def sha(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    one = sha("admin:shellyplus2pm-00005e005302:secret")
    assert auth["response"] == sha(f"{one}:1725185413:1:c0ffee:auth:{sha('dummy_method:dummy_uri')}")


@pytest.mark.parametrize(("interval", "quick"), [(1, True), (30, False)])
async def test_an_interval_below_ten_seconds_reaches_the_entity(
    hass: HomeAssistant, socket_enabled: None, interval: int, quick: bool
) -> None:
    """Other states are written every ten seconds at most; who asks a meter every second wants to see it."""
    async with running(ShellyPro3Em, ["--port", "0", "--push", "0.2", "--load", "1000"]) as device:
        data = {"name": "Grid", "host": "127.0.0.1", "port": device.port, "scan_interval": interval, "inverted": False}
        meter = ConfigSubentry(data=MappingProxyType(data), subentry_type="meter", title="Grid", unique_id="m1")
        entry = system(meter, zone())
        thermometer(hass, ROOM, 20.0)
        thermometer(hass, OUTDOOR, 5.0)
        await start(hass, entry)
        await asyncio.sleep(0.3)
        device.load_w = 5000.0

        def shown() -> float:
            state = hass.states.get("sensor.grid_power")
            assert state is not None, hass.states.async_entity_ids("sensor")
            return float(state.state)

        if quick:
            async with asyncio.timeout(120):
                while shown() < 4000:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        else:
            await asyncio.sleep(1.6)
            assert shown() < 4000
        assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()
