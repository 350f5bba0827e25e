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


async def test_a_switch_is_not_a_meter(session: aiohttp.ClientSession) -> None:
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
def test_a_relay_without_a_reading_is_not_a_meter(status: dict[str, Any]) -> None:
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


# Errors as the documents of the components name them: EM by phase, EM1, PM1 and Switch by channel.
EM = {"a_act_power": 100.0, "b_act_power": 20.0, "c_act_power": 30.0, "total_act_power": 150.0, "n_current": None}
EM1 = {"em1:0": {"act_power": 10.0}, "em1:1": {"act_power": 20.0}}
EM1_DATA = {f"em1data:{i}": {"total_act_energy": 5000.0, "total_act_ret_energy": 100.0} for i in range(2)}
EM_DATA = {"emdata:0": {"total_act": 9000.0, "total_act_ret": 200.0}}


@pytest.mark.parametrize(
    "status",
    [
        {"em:0": {**EM, "errors": ["power_meter_failure"]}},
        {"em:0": {**EM, "errors": ["phase_sequence", "ct_type_not_set"]}},
        {"em:0": {**EM, "b_errors": ["out_of_range:active_power"]}},
        {"em:0": {**EM, "c_errors": ["out_of_range:voltage", "out_of_range:current"]}},
        {**EM1, "em1:1": {"act_power": 20.0, "errors": ["out_of_range:act_power"]}},
        {**EM1, "em1:0": {"act_power": 10.0, "errors": ["out_of_range:current"]}},
        {**EM1, "em1:0": {"act_power": 10.0, "errors": ["ct_type_not_set"]}},
        {"pm1:0": {**PM1, "errors": ["out_of_range:apower"]}},
        {"pm1:0": {**PM1, "errors": ["power_meter_failure"]}},
        {"switch:0": {**SWITCH, "errors": ["overtemp", "power_meter_failure"]}},
        {**EM1, "em1:1": None},
        {**EM1, "em1:1": {"id": 1}},
    ],
)
def test_a_power_that_is_not_measured_is_unknown(status: dict[str, Any]) -> None:
    with pytest.raises(BadReplyError, match=r"reports|has no power"):
        decode_status(status, NOW)


@pytest.mark.parametrize(
    ("status", "power_w"),
    [
        ({"em:0": {**EM, "errors": ["phase_sequence"]}}, 150.0),
        ({"em:0": {**EM, "n_errors": ["out_of_range:current"]}}, 150.0),
        ({"em:0": {**EM, "a_errors": ["out_of_range:apparent_power"], "b_errors": None, "errors": [5]}}, 150.0),
        ({**EM1, "em1:0": {"act_power": 10.0, "errors": ["out_of_range:aprt_power"]}}, 30.0),
        ({"switch:0": {**SWITCH, "errors": ["overtemp", "undervoltage"]}}, 1503.2),
        ({"pm1:0": {**PM1, "errors": None}}, -412.0),
    ],
)
def test_other_errors_leave_the_power_known(status: dict[str, Any], power_w: float) -> None:
    assert decode_status(status, NOW).power_w == pytest.approx(power_w)


def test_counters_that_stand_still_are_unknown() -> None:
    """Counting is disabled in the device: a counter that stays would not be consumption."""
    flags = {"flags": ["count_disabled"]}
    reading = decode_status({"em:0": {**EM, **flags}, **EM_DATA}, NOW)
    assert (reading.power_w, reading.imported_kwh, reading.exported_kwh, reading.counted_at) == (150.0, *3 * (None,))
    reading = decode_status({**EM1, **EM1_DATA, "em1:1": {"act_power": 20.0, **flags}}, NOW)
    assert (reading.power_w, reading.imported_kwh, reading.exported_kwh) == (30.0, None, None)
    assert decode_status({**EM1, **EM1_DATA}, NOW).imported_kwh == 10.0


@pytest.mark.parametrize("data", [{}, {"total_act": None, "total_act_ret": None, "errors": ["database_error"]}])
def test_an_export_that_is_not_counted_is_not_zero(data: dict[str, Any]) -> None:
    reading = decode_status({"em:0": EM, "emdata:0": data}, NOW)
    assert (reading.power_w, reading.imported_kwh, reading.exported_kwh) == (150.0, None, None)
    reading = decode_status({"em:0": EM, "emdata:0": {"total_act": 0.0, "total_act_ret": None}}, NOW)
    assert (reading.imported_kwh, reading.exported_kwh) == (0.0, None)


@pytest.mark.parametrize(("name", "row"), [("switch", SWITCH), ("pm1", PM1)])
def test_notifications_of_a_plug(name: str, row: dict[str, Any]) -> None:
    pushed = NotificationDecoder()
    full = {"method": "NotifyFullStatus", "params": {"ts": 1768046400.0, f"{name}:0": row, "wifi": {"rssi": -60}}}
    first = pushed.feed(full)
    assert first is not None
    assert (first.power_w, first.counted_at) == (row["apower"], first.at)
    changed = pushed.feed({"method": "NotifyStatus", "params": {"ts": 1768046460.0, f"{name}:0": {"apower": 7.5}}})
    assert changed is not None
    assert (changed.power_w, changed.imported_kwh, changed.counted_at) == (7.5, first.imported_kwh, first.at)


@pytest.mark.parametrize("profile", ["triphase", "monophase"])
@pytest.mark.parametrize("error", ["out_of_range:current", "power_meter_failure", "ct_type_not_set"])
async def test_an_error_of_the_simulated_meter(session: aiohttp.ClientSession, profile: str, error: str) -> None:
    async with meter(session, "--profile", profile) as (device, shelly):
        device.faults.set("meter_error", error)
        with pytest.raises(BadReplyError, match="reports"):
            await shelly.read()
        device.faults.clear("meter_error")
        assert (await shelly.read()).power_w is not None
