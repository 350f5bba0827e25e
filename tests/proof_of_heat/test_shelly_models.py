"""Shelly meters with one, two or three clamps, and sums in which a part is missing."""

from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest

from custom_components.proof_of_heat.drivers.errors import BadReplyError
from custom_components.proof_of_heat.drivers.meter.shelly import NotificationDecoder, ShellyMeter, decode_status

from .test_shelly import meter

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)


def case(captures: Path, name: str) -> Any:
    return json.loads((captures.parent / "cases" / "heating" / f"{name}.json").read_text())


@pytest.mark.parametrize(
    ("model", "name", "channels"),
    [("proem50", "Pro EM-50", 2), ("emg3", "EM Gen3", 2), ("emminig4", "EM Mini Gen4", 1)],
)
async def test_meter_without_a_profile_is_read(
    session: aiohttp.ClientSession, model: str, name: str, channels: int
) -> None:
    async with meter(session, "--model", model) as (device, shelly):
        reading = await shelly.read()
        truth = list(device.powers().values())[:channels]
        assert reading.power_w == pytest.approx(sum(truth), abs=5)
        assert [phase for phase in reading.phases_w if phase is not None] == pytest.approx(truth, abs=5)
        assert reading.imported_kwh == pytest.approx(500 * channels, abs=1)
        assert shelly.model == name


async def test_notifications_of_a_meter_with_two_clamps(session: aiohttp.ClientSession) -> None:
    async with meter(session, "--model", "emg3", "--push", "0.05") as (device, _):
        notifications = NotificationDecoder()
        async with session.ws_connect(f"http://127.0.0.1:{device.port}/rpc") as socket:
            reading = notifications.feed(await socket.receive_json(timeout=120))
    assert reading is not None
    assert reading.power_w == pytest.approx(sum(list(device.powers().values())[:2]), abs=50)


def test_case_of_two_clamps(captures: Path) -> None:
    reading = decode_status(case(captures, "shelly_proem50"), NOW)
    assert reading.power_w == pytest.approx(501.8)
    assert reading.imported_kwh == pytest.approx(0.003)


def test_sum_of_three_clamps(captures: Path) -> None:
    reading = decode_status(case(captures, "shelly_mono_ok"), NOW)
    assert reading.imported_kwh == pytest.approx(132.07403)
    assert reading.exported_kwh == pytest.approx(0.31)
    assert reading.power_w == pytest.approx(352.3)


def test_sum_without_a_part_is_unknown(captures: Path) -> None:
    reading = decode_status(case(captures, "shelly_mono_null"), NOW)
    assert (reading.imported_kwh, reading.exported_kwh) == (None, None)
    assert reading.power_w == pytest.approx(352.3)


def test_three_phases_that_export(captures: Path) -> None:
    reading = decode_status(case(captures, "shelly_tri_export"), NOW)
    assert (reading.power_w, reading.phases_w) == (-246.0, (-113.0, -164.0, 31.0))


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_any_missing_counter_makes_the_sum_unknown(missing: int) -> None:
    status: dict[str, Any] = {f"em1:{i}": {"act_power": 1.0} for i in range(3)}
    status |= {f"em1data:{i}": {"total_act_energy": 1000.0, "total_act_ret_energy": 1.0} for i in range(3)}
    assert decode_status(status, NOW).imported_kwh == pytest.approx(3.0)
    for broken in ({"total_act_energy": None, "total_act_ret_energy": 1.0}, {}, None):
        found = decode_status({**status, f"em1data:{missing}": broken}, NOW)
        assert found.imported_kwh is None
        assert found.power_w == 3.0


def test_three_phase_total_without_a_phase_is_unknown() -> None:
    phases = {"a_act_power": 100.0, "b_act_power": None, "c_act_power": 50.0}
    with pytest.raises(BadReplyError, match="phase b has no power"):
        decode_status({"em:0": {**phases, "total_act_power": 150.0}}, NOW)


async def test_counter_of_the_simulated_meter_that_is_lost(session: aiohttp.ClientSession) -> None:
    async with meter(session, "--profile", "monophase") as (device, shelly):
        device.faults.set("null_counter", 1)
        assert (await shelly.read()).imported_kwh is None
        device.faults.clear("null_counter")
        assert (await shelly.read()).imported_kwh == pytest.approx(1500, abs=1)


async def test_a_switch_is_no_meter(session: aiohttp.ClientSession) -> None:
    async with meter(session, "--model", "emg3") as (device, shelly):
        device._status = lambda: {"switch:0": {"id": 0}}  # type: ignore[method-assign]
        with pytest.raises(BadReplyError, match="not an energy meter"):
            await shelly.read()


# A relay and a meter module as in Shelly's API documentation, components Switch and PM1.
SWITCH = {
    "id": 0,
    "output": True,
    "apower": 1503.2,
    "voltage": 231.4,
    "current": 6.51,
    "aenergy": {"total": 81250.5, "by_minute": [25000.0, 25100.0, 25050.0], "minute_ts": 1768046400},
    "temperature": {"tC": 41.2, "tF": 106.1},
}
PM1 = {
    "id": 0,
    "apower": -412.0,
    "voltage": 230.1,
    "aenergy": {"total": 53000.0},  # both directions
    "ret_aenergy": {"total": 52000.0},
}


@pytest.mark.parametrize(
    ("status", "power_w", "imported", "exported"),
    [
        ({"switch:0": SWITCH}, 1503.2, 81.2505, 0.0),
        ({"pm1:0": PM1}, -412.0, 1.0, 52.0),
        ({"switch:0": {**SWITCH, "aenergy": {"total": None}}}, 1503.2, None, None),
        ({"pm1:0": {**PM1, "ret_aenergy": {"total": None}}}, -412.0, None, None),
        ({"switch:0": SWITCH, "switch:1": {**SWITCH, "apower": 96.8}}, 1600.0, 162.501, 0.0),
    ],
)
def test_relays_and_plugs_with_a_meter(
    status: dict[str, Any], power_w: float, imported: float | None, exported: float | None
) -> None:
    reading = decode_status(status, NOW)
    assert reading.power_w == pytest.approx(power_w)
    assert reading.imported_kwh == (None if imported is None else pytest.approx(imported))
    assert reading.exported_kwh == (None if exported is None else pytest.approx(exported))


@pytest.mark.parametrize(
    "status", [{"switch:0": {"id": 0, "output": True}}, {"switch:0": {**SWITCH, "apower": None}}, {"light:0": {}}]
)
def test_a_relay_without_a_reading_is_no_meter(status: dict[str, Any]) -> None:
    with pytest.raises(BadReplyError):
        decode_status(status, NOW)


@pytest.mark.parametrize(
    ("app", "name", "component", "row"),
    [("PlugSG4", "Plug S Gen4", "switch", SWITCH), ("MiniPMG3", "PM Mini Gen3", "pm1", PM1)],
)
async def test_a_plug_is_polled(
    session: aiohttp.ClientSession, app: str, name: str, component: str, row: dict[str, Any]
) -> None:
    asked: list[str] = []
    replies = {
        "Shelly.GetDeviceInfo": {"app": app, "mac": "AABBCC", "profile": None},
        "Shelly.GetStatus": {f"{component}:0": row, "sys": {}, "wifi": {}},
        f"{'PM1' if component == 'pm1' else 'Switch'}.GetStatus": row,
    }

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.match_info["method"])
        return web.json_response(replies[request.match_info["method"]])

    app_ = web.Application()
    app_.router.add_get("/rpc/{method}", answer)
    async with TestServer(app_) as server:
        shelly = ShellyMeter(session, str(server.host), port=int(server.port or 0))
        reading = await shelly.read()
        again = await shelly.read()
    assert (shelly.model, reading.power_w, again.power_w) == (name, row["apower"], row["apower"])
    assert len(asked) == 4, "identified once"


async def test_a_relay_without_a_meter_is_refused(session: aiohttp.ClientSession) -> None:
    async def answer(request: web.Request) -> web.Response:
        is_info = request.match_info["method"] == "Shelly.GetDeviceInfo"
        return web.json_response({"app": "S1G4", "mac": "AABBCC"} if is_info else {"switch:0": {"output": False}})

    app = web.Application()
    app.router.add_get("/rpc/{method}", answer)
    async with TestServer(app) as server:
        with pytest.raises(BadReplyError, match="not an energy meter"):
            await ShellyMeter(session, str(server.host), port=int(server.port or 0)).read()
