"""The Shelly Pro 3EM: captures, polling with and without a password, notifications."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from custom_components.proof_of_heat._lib.last_messages import LastMessages
from custom_components.proof_of_heat.drivers.errors import AuthError, BadReplyError, DriverError, UnreachableError
from custom_components.proof_of_heat.drivers.meter.reading import MeterReading
from custom_components.proof_of_heat.drivers.meter.shelly import NotificationDecoder, ShellyMeter, decode_status, lines
from simulators.framework import running
from simulators.shelly_pro3em.meter import ShellyPro3Em
from tests.skipped_waits import skipped_waits

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)


def test_capture_values(captures: Path) -> None:
    status = json.loads((captures / "shelly" / "pro_3em_fw1.1.0.json").read_text())["status"]
    reading = decode_status(status, NOW)
    assert reading.power_w == 558.965
    assert reading.phases_w == (375.5, 170.8, 12.7)
    assert reading.imported_kwh == 2589.77339
    assert reading.exported_kwh == 1.02661
    assert reading.at == datetime.fromtimestamp(1707326927, UTC)


def test_capture_lines_for_decode(captures: Path) -> None:
    found = {
        key: (value, unit)
        for key, value, unit in lines(json.loads((captures / "shelly" / "pro_3em_fw1.1.0.json").read_text()))
    }
    assert found["power"] == (558.965, "W")
    assert found["voltage_c"] == (229.2, "V")
    assert found["imported_energy"] == (2589.77339, "kWh")
    assert "neutral_current" not in found


def test_notifications_merge_over_the_last_full_status(captures: Path) -> None:
    frames = json.loads((captures / "shelly" / "notify_examples.json").read_text())["frames"]
    notifications = NotificationDecoder()
    full, partial, energy, event = (notifications.feed(frame) for frame in frames)
    assert full is not None
    assert full.power_w == 558.965
    assert partial is not None
    assert (partial.power_w, partial.phases_w) == (-512.3, (-600.0, 170.8, 12.7))
    assert partial.at == datetime.fromtimestamp(1700000001.5, UTC)
    assert energy is not None
    assert energy.power_w == -512.3
    assert event is None


@pytest.mark.parametrize("status", [{}, {"em:0": {}}, {"em:0": {"total_act_power": None}}, {"em1:0": {"id": 0}}])
def test_status_without_power_is_not_a_reading(status: dict[str, object]) -> None:
    with pytest.raises(BadReplyError):
        decode_status(status, NOW)


def test_wrong_way_round() -> None:
    reading = MeterReading(at=NOW, power_w=-800.0, phases_w=(-900.0, None, 100.0), imported_kwh=1.0, exported_kwh=7.0)
    turned = reading.inverted()
    assert (turned.power_w, turned.phases_w) == (800.0, (900.0, None, -100.0))
    assert (turned.imported_kwh, turned.exported_kwh) == (7.0, 1.0)


@asynccontextmanager
async def meter(
    session: aiohttp.ClientSession, *argv: str, password: str | None = None, timeout_s: float = 60.0
) -> AsyncGenerator[tuple[ShellyPro3Em, ShellyMeter]]:
    async with running(ShellyPro3Em, ["--port", "0", "--load", "3000", *argv]) as device:
        yield device, ShellyMeter(session, "127.0.0.1", port=device.port, password=password, timeout_s=timeout_s)


@pytest.mark.parametrize("argv", [(), ("--profile", "monophase")])
async def test_polled_reading_is_the_meters(session: aiohttp.ClientSession, argv: tuple[str, ...]) -> None:
    async with meter(session, *argv) as (device, shelly):
        messages = LastMessages()
        with messages.recording():
            reading = await shelly.read()
        raw = {item.channel: json.loads(item.payload or b"") for item in messages.newest()}
        assert any("act_power" in str(reply) or "apower" in str(reply) for reply in raw.values()), raw
        truth = device.state()
        assert reading.power_w == pytest.approx(truth["total_w"], abs=5)
        assert reading.phases_w[0] == pytest.approx(truth["phases_w"]["a"], abs=5)
        assert reading.imported_kwh == pytest.approx(1500, abs=1)


async def test_a_channel_that_does_not_measure_is_not_a_zero() -> None:
    status: dict[str, Any] = {f"em1:{index}": {"act_power": 1000.0} for index in range(3)}
    assert decode_status(status, NOW).power_w == 3000.0
    with pytest.raises(BadReplyError, match="channel 1 has no power"):
        decode_status({**status, "em1:1": {"act_power": None, "errors": ["power_meter_failure"]}}, NOW)


async def test_a_profile_that_is_changed_is_found_at_the_next_reading(session: aiohttp.ClientSession) -> None:
    async with meter(session) as (device, shelly):
        await shelly.read()
        device.args.profile = "monophase"
        with pytest.raises(DriverError):
            await shelly.read()
        assert (await shelly.read()).phases_w[0] is not None


async def test_password(session: aiohttp.ClientSession) -> None:
    async with meter(session, "--password", "s3", password="s3") as (_, shelly):
        assert (await shelly.read(energy=False)).power_w is not None
    async with meter(session, "--password", "s3", password="no") as (_, shelly):
        with pytest.raises(AuthError):
            await shelly.read()
    async with meter(session, "--password", "s3") as (_, shelly):
        with pytest.raises(AuthError):
            await shelly.read()


@pytest.mark.parametrize("fault", ["refused", "silent", "garbage", "cut", "null"])
async def test_fault_is_an_error_in_time(session: aiohttp.ClientSession, fault: str) -> None:
    async with skipped_waits(), meter(session, timeout_s=2.0 if fault == "silent" else 60.0) as (device, shelly):
        await shelly.read()
        device.faults.set(fault)
        with pytest.raises(DriverError):
            await shelly.read(energy=False)
        device.faults.clear(fault)
        assert (await shelly.read()).power_w is not None


async def test_something_else_at_the_address(session: aiohttp.ClientSession) -> None:
    shelly = ShellyMeter(session, "127.0.0.1", port=1)
    with pytest.raises(UnreachableError):
        await shelly.identify()


async def test_pushed_frames_follow_the_load(session: aiohttp.ClientSession) -> None:
    async with meter(session, "--push", "0.05") as (device, _):
        notifications = NotificationDecoder()
        async with session.ws_connect(f"http://127.0.0.1:{device.port}/rpc") as socket:
            first = notifications.feed(await socket.receive_json(timeout=120))
            device.load_w = 0.0
            later = first
            for _ in range(5):
                later = notifications.feed(await socket.receive_json(timeout=120))
    assert first is not None
    assert later is not None
    assert first.power_w is not None
    assert later.power_w is not None
    assert first.power_w - later.power_w == pytest.approx(3000, abs=100)
