"""Edge cases of the Viessmann client: tokens, identity server, PyViCare's exceptions, removed devices."""

import asyncio
from dataclasses import replace
import threading
import time
from typing import Any

import pytest
from PyViCare import PyViCareUtils
import requests

from custom_components.proof_of_heat.drivers.call_budget import CallBudget, CallLimits
from custom_components.proof_of_heat.drivers.errors import (
    AuthError,
    BadReplyError,
    LimitedError,
    RefusedError,
    UnreachableError,
)
from custom_components.proof_of_heat.drivers.viessmann.client import (
    API_URL,
    Device,
    Token,
    TokenStore,
    ViessmannClient,
    _Session,
    _translated,
)
from custom_components.proof_of_heat.drivers.viessmann.features import decode, lines
from custom_components.proof_of_heat.drivers.viessmann.source import capabilities_of
from lib.heat_source import Command, Health, Outcome
from tests.proof_of_heat.test_viessmann import Setup, cloud, setup

__all__ = ["setup"]


class Reply:
    """What requests gives."""

    def __init__(self, status: int, value: Any) -> None:
        self.status_code = status
        self._value = value

    def json(self) -> Any:
        if isinstance(self._value, Exception):
            raise self._value
        return self._value


class Http:
    """A session whose next reply is known."""

    def __init__(self, reply: Reply | Exception) -> None:
        self.reply = reply

    def post(self, url: str, data: Any, timeout: float) -> Reply:
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply


def keeper(expires_at: float, saved: list[Token] | None = None) -> TokenStore:
    return TokenStore(
        "client",
        Token("old", "refresh", expires_at),
        changed=None if saved is None else saved.append,
        clock=lambda: 1000.0,
    )


def test_a_token_is_refreshed_in_time_and_reported() -> None:
    saved: list[Token] = []
    tokens = keeper(1100.0, saved)  # ends within the two minutes of margin
    assert tokens.access(Http(Reply(200, {"access_token": "new", "expires_in": 3600}))) == "new"
    assert saved == [Token("new", "refresh", 4600.0)]  # a reply without a refresh token keeps the old one
    assert keeper(2000.0).access(None) == "old"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(400, {"error": "invalid_grant", "error_description": "revoked"}), AuthError),
        (Reply(401, {}), AuthError),
        (Reply(400, {"error": "temporarily_unavailable"}), UnreachableError),
        (Reply(403, {"error": "server_error", "error_description": "try again"}), UnreachableError),
        (Reply(400, {"error": "slow_down"}), UnreachableError),
        (Reply(429, {"error": "too many"}), UnreachableError),
        (Reply(400, ["html"]), AuthError),
        (Reply(503, ValueError("html")), BadReplyError),
        (Reply(500, {}), UnreachableError),
        (Reply(200, {}), BadReplyError),
        (Reply(200, {"access_token": 5}), BadReplyError),
        (Reply(200, ValueError("html")), BadReplyError),
        (requests.ConnectionError(), UnreachableError),
        (requests.Timeout(), UnreachableError),
    ],
)
def test_identity_server_errors_are_typed(reply: Reply | Exception, error: type[Exception]) -> None:
    with pytest.raises(error):
        keeper(0.0).renew(Http(reply))


@pytest.mark.parametrize(
    ("err", "error"),
    [
        (PyViCareUtils.PyViCareInvalidCredentialsError(), AuthError),
        (PyViCareUtils.PyViCareInvalidConfigurationError({"error": "x", "error_description": "y"}), AuthError),
        (PyViCareUtils.PyViCareCommandError({"statusCode": 400, "errorType": "x", "message": "no", "viErrorId": 1,
                                             "extendedPayload": {"reason": "r"}}), RefusedError),
        (requests.ConnectionError(), UnreachableError),
        (OSError(), UnreachableError),
        (KeyError("data"), BadReplyError),
    ],
)  # fmt: skip
def test_exceptions_of_the_library_are_typed(err: Exception, error: type[Exception]) -> None:
    assert isinstance(_translated(err), error)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("HTTPConnectionPool(host='h', port=1): Read timed out. (read timeout=20.0)", "the request timed out"),
        ("HTTPSConnectionPool(host='h', port=1): Max retries exceeded with url: /x (…)", "could not connect"),
        ("('Connection aborted.', RemoteDisconnected('Remote end closed connection'))", "could not connect"),
        ("INTERNAL", 'Request failed with status code 0 and message "INTERNAL". ViCare ErrorId: n/a'),
    ],
)
def test_a_lost_cloud_is_reported_in_words(message: str, reason: str) -> None:
    reply = {"statusCode": 0, "message": message, "viErrorId": "n/a"}
    assert str(_translated(PyViCareUtils.PyViCareInternalServerError(reply))) == reason


def test_a_call_without_a_grant_does_not_go_out() -> None:
    session = _Session(keeper(9e9), CallBudget(CallLimits(), time.time), API_URL)
    with pytest.raises(LimitedError, match="not granted"):
        session.get(f"{API_URL}/equipment")
    session.close()


async def test_a_device_that_left_the_account_is_refused(setup: Setup) -> None:
    await setup.client.devices()
    gone = Device("99", "Vitocal", "1", "gateway")
    with pytest.raises(RefusedError, match="no longer has the device"):
        await setup.client.read(gone)
    # The call was not made, so it was given back.
    assert setup.client.budget.state().used_day == setup.cloud.total_calls


async def test_a_command_before_the_first_reading_finds_the_device(setup: Setup) -> None:
    device = (await setup.client.devices())[0]
    fresh = ViessmannClient(setup.client._keeper, setup.client.budget, setup.client._save, setup.client._base_url)
    await fresh.set_curve(device, 1.2, 3.0)
    assert (setup.cloud.pump.slope, setup.cloud.pump.shift) == (1.2, 3)
    await fresh.close()


async def test_closing_a_client_that_never_spoke(socket_enabled: None) -> None:
    client = ViessmannClient(keeper(9e9), CallBudget(CallLimits(), time.time), _nowhere)
    await client.close()


async def _nowhere(_: dict[str, Any]) -> None:
    return


async def test_closing_lets_the_call_under_way_end(socket_enabled: None) -> None:
    """An entry that is reloaded during a call leaves no thread behind."""
    client = ViessmannClient(keeper(0.0), CallBudget(CallLimits(), time.time), _nowhere)
    order: list[str] = []
    began = threading.Event()

    def job(session: _Session) -> None:
        session.close = lambda: order.append("closed")  # type: ignore[method-assign]
        began.set()
        time.sleep(0.1)
        order.append("answered")

    call = asyncio.create_task(client._run(job))
    await asyncio.to_thread(began.wait)
    call.cancel()
    await client.close()
    assert order == ["answered", "closed"]


async def test_off_and_on_again_by_the_modes_of_the_device(setup: Setup) -> None:
    source = await setup.source()
    assert (await source.apply(Command(id="off", on=False))).outcome == Outcome.APPLIED
    assert source.state.on is False
    assert (await source.apply(Command(id="on", on=True))).outcome == Outcome.APPLIED
    assert source.reading.text("mode") == source.state.mode


async def test_a_device_without_a_harmless_off_refuses_it(setup: Setup) -> None:
    source = await setup.source()
    await source.refresh()
    reading = source._reading
    source._reading = replace(reading, modes=())
    with pytest.raises(RefusedError, match="hot water"):
        await source._write(Command(id="off", on=False), source.state)
    source._capabilities = replace(source.capabilities, controls=frozenset())
    with pytest.raises(RefusedError, match="curve"):
        await source._write(Command(id="c", slope=1.0), source.state)
    assert capabilities_of(replace(reading, modes=(), curve_writable=False)).controls == frozenset()


async def test_budget_used_up_in_the_middle_keeps_the_last_report(socket_enabled: None) -> None:
    async with cloud(limits=CallLimits(day=12, short=12, write_reserve=4)) as setup:
        source = await setup.source()
        for _ in range(12):
            state = await source.refresh()
        assert state.health == Health.LIMITED
        assert setup.cloud.total_calls <= 12


def test_power_only_where_it_is_measured_or_certain() -> None:
    def features(**values: Any) -> dict[str, Any]:
        rows = [{"feature": key, "properties": {"value": {"value": value}}} for key, value in values.items()]
        return {"data": rows}

    still = {"data": [{"feature": "heating.compressors.0", "properties": {"active": {"value": False}}}]}
    assert decode(still).values["compressor_active"] is False
    assert decode(features(x=1)).number("inverter_power") is None
    assert lines({"data": []}) == []


async def test_a_dead_cloud_costs_calls_at_the_pace_of_reading_only(setup: Setup) -> None:
    source = await setup.source(poll_s=300.0)
    assert (await source.refresh()).health == Health.OK
    setup.cloud.faults.set("error_500")
    source._asked_at = source._read_at = -1e12
    assert (await source.refresh()).health == Health.FAILING
    calls = setup.cloud.total_calls
    for index in range(10):
        assert (await source.apply(Command(id=str(index), slope=1.2, level=0.0))).outcome == Outcome.FAILED
    assert setup.cloud.total_calls == calls
    setup.cloud.faults.clear("error_500")
    source._asked_at = -1e12
    assert (await source.apply(Command(id="x", slope=1.2, level=0.0))).outcome == Outcome.APPLIED


async def test_after_a_start_without_an_answer_the_cloud_is_asked_again_soon(setup: Setup) -> None:
    """The network may come up after Home Assistant: without the heat pump, another source would heat meanwhile."""
    source = await setup.source(poll_s=300.0)
    setup.cloud.faults.set("error_500")

    async def asked(after_s: float) -> bool:
        calls = setup.cloud.total_calls
        source._asked_at -= after_s
        await source.refresh()
        return setup.cloud.total_calls > calls

    assert await asked(0.0)
    assert [await asked(after_s) for after_s in (8.0, 4.0, 20.0, 40.0, 80.0)] == [False, True, True, True, True]
    assert [await asked(after_s) for after_s in (200.0, 100.0)] == [False, True], "after four times, at the usual pace"
    setup.cloud.faults.clear("error_500")
    assert await asked(300.0)
    assert source.state.health == Health.OK
    setup.cloud.faults.set("error_500")
    assert await asked(300.0)
    assert [await asked(after_s) for after_s in (200.0, 100.0)] == [False, True], "an outage is not a start"


async def test_a_small_contract_is_read_more_seldom(socket_enabled: None) -> None:
    async with cloud(limits=CallLimits(day=100, short=20, write_reserve=14)) as setup:
        source = await setup.source(poll_s=300.0)
        await source.refresh()
        calls = setup.cloud.total_calls
        source._asked_at -= 900.0
        await source.refresh()
        assert setup.cloud.total_calls == calls
        source._asked_at -= 300.0
        await source.refresh()
        assert setup.cloud.total_calls == calls + 1
