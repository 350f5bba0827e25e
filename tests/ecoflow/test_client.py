"""One account against the simulated cloud: MQTT over TLS, HTTP, and commands on both ways."""

import asyncio
import json
import ssl
import time
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
import pytest

from custom_components.ecoflow.api.client import EcoflowClient, Timing
from custom_components.ecoflow.api.errors import (
    BadReplyError,
    CommandError,
    DeviceOfflineError,
    RateLimitedError,
    UnreachableError,
)
from custom_components.ecoflow.api.families.specs import Command
from custom_components.ecoflow.api.models import QuotaMessage, StatusMessage
from custom_components.ecoflow.api.mqtt import SLICE_MESSAGES, ConnectionState, MessageQueue
from custom_components.ecoflow.api.state import HOLD_S

from .conftest import DELTA_2, DELTA_PRO, CloudThread, RecordedCallbacks, Until

pytestmark = pytest.mark.slow  # left out by scripts/test --quick


def charge_power(client: EcoflowClient, sn: str, watts: float) -> Command:
    setting = client.family(sn).number("charge_power")
    assert setting is not None
    return setting.write(watts, client.states[sn].values)


def values(client: EcoflowClient, sn: str) -> dict[str, Any]:
    return {key: value for key, value, _ in client.family(sn).decode(client.states[sn].values)}


@pytest.fixture
async def linked(client: EcoflowClient, cloud: CloudThread, until: Until) -> EcoflowClient:
    """A client that has polled once and is connected to the broker."""
    await client.poll()
    await client.ensure_connected()
    await until(lambda: client.mqtt is not None and client.mqtt.state is ConnectionState.CONNECTED)
    await until(lambda: cloud.is_heard(DELTA_PRO, DELTA_2))
    return client


async def test_a_poll_finds_devices_and_their_values(client: EcoflowClient) -> None:
    await client.poll()
    assert set(client.states) == {DELTA_PRO, DELTA_2}
    assert client.family(DELTA_PRO).name == "delta_pro"
    assert client.family(DELTA_2).name == "delta_2"
    assert values(client, DELTA_PRO)["charge_power"] == 600
    assert client.is_fresh(DELTA_PRO)


async def test_new_devices_come_and_removed_ones_go(client: EcoflowClient, cloud: CloudThread) -> None:
    await client.poll()
    new = cloud.do("add", kind="smart_plug")
    cloud.do("remove", sn=DELTA_2)
    await client.poll()
    assert set(client.states) == {DELTA_PRO, new}
    assert client.family(new).name == "smart_plug"


async def test_an_unknown_product_has_generic_readings(client: EcoflowClient, cloud: CloudThread) -> None:
    sn = cloud.do("add", kind="unknown")
    await client.poll()
    family = client.family(sn)
    assert family.name == "generic"
    assert values(client, sn)["raw_nova_soc"] == 50


async def test_a_push_changes_values(
    linked: EcoflowClient, cloud: CloudThread, events: RecordedCallbacks, until: Until
) -> None:
    cloud.do("grid", sn=DELTA_PRO, present=False)
    cloud.tell(DELTA_PRO)
    await until(lambda: values(linked, DELTA_PRO)["grid_present"] is False)
    assert any(sn == DELTA_PRO and "inv.acInVol" in names for sn, names in events.values)


async def test_a_delta_2_pushes_bare_names(linked: EcoflowClient, cloud: CloudThread, until: Until) -> None:
    cloud.do("load", sn=DELTA_2, watts=333)
    await until(lambda: abs(cloud.device(DELTA_2).report()["inv.outputWatts"] - 333) < 15)
    cloud.tell(DELTA_2)
    await until(lambda: abs(values(linked, DELTA_2)["ac_output_power"] - 333) < 15)


async def test_the_cloud_is_not_asked_while_mqtt_is_fresh(
    linked: EcoflowClient, cloud: CloudThread, until: Until
) -> None:
    cloud.tell(DELTA_PRO)
    await until(lambda: not linked.needs_reading(DELTA_PRO))
    before = cloud.cloud.api.requests["GET /device/quota/all"]
    await linked.poll()
    assert cloud.cloud.api.requests["GET /device/quota/all"] - before == 1, "the silent DELTA 2 only"


async def test_while_mqtt_tells_of_all_devices_the_cloud_is_left_in_peace(
    linked: EcoflowClient, cloud: CloudThread
) -> None:
    def tell(later: float) -> None:
        linked._clock = lambda: start + later
        for sn in linked.states:
            linked.receive(QuotaMessage(sn, {"pd.soc": 50 + later % 7}))

    start = time.monotonic()
    before = cloud.cloud.api.requests.total()
    for minute in range(1, 5):
        tell(60.0 * minute)
        await linked.poll()
    assert cloud.cloud.api.requests.total() == before
    new = cloud.do("add", kind="smart_plug")
    tell(301)
    await linked.poll()
    assert new in linked.states, "after five minutes at the latest"


async def test_status_messages_tell_coming_and_going(linked: EcoflowClient, cloud: CloudThread, until: Until) -> None:
    cloud.do("online", sn=DELTA_PRO, online=False)
    await until(lambda: not linked.is_fresh(DELTA_PRO))
    cloud.do("online", sn=DELTA_PRO, online=True)
    await until(lambda: linked.is_fresh(DELTA_PRO))


async def test_a_command_by_mqtt_is_confirmed_by_the_device(linked: EcoflowClient, cloud: CloudThread) -> None:
    linked.timing = Timing(reply_timeout_s=20.0)
    await linked.write(DELTA_PRO, charge_power(linked, DELTA_PRO, 1200))
    assert cloud.device(DELTA_PRO).report()["inv.cfgSlowChgWatts"] == 1200
    assert [command["by"] for command in cloud.device(DELTA_PRO).commands] == ["mqtt"]
    assert values(linked, DELTA_PRO)["charge_power"] == 1200, "shown as confirmed"


@pytest.mark.parametrize("fault", ["deaf", "no_ack", "refuse"])
async def test_without_an_answer_http_takes_over(linked: EcoflowClient, cloud: CloudThread, fault: str) -> None:
    cloud.fault(fault)
    await linked.write(DELTA_PRO, charge_power(linked, DELTA_PRO, 900))
    assert cloud.device(DELTA_PRO).commands[-1]["by"] == "http"
    assert values(linked, DELTA_PRO)["charge_power"] == 900


async def test_a_command_that_nobody_confirms_fails(linked: EcoflowClient, cloud: CloudThread) -> None:
    cloud.fault("deaf")
    cloud.fault("ignore_http")
    with pytest.raises(CommandError, match="did not apply it"):
        await linked.write(DELTA_PRO, charge_power(linked, DELTA_PRO, 900))
    assert values(linked, DELTA_PRO)["charge_power"] == 600, "what is shown is what the device confirmed"


async def test_a_command_to_a_device_that_is_away_fails(
    linked: EcoflowClient, cloud: CloudThread, until: Until
) -> None:
    cloud.do("online", sn=DELTA_PRO, online=False)
    await until(lambda: not linked.is_fresh(DELTA_PRO))
    with pytest.raises(DeviceOfflineError):
        await linked.write(DELTA_PRO, charge_power(linked, DELTA_PRO, 900))


async def test_commands_go_by_http_without_a_broker(client: EcoflowClient, cloud: CloudThread) -> None:
    await client.poll()
    await client.write(DELTA_2, charge_power(client, DELTA_2, 500))
    assert cloud.device(DELTA_2).commands[-1]["by"] == "http"
    assert cloud.device(DELTA_2).commands[-1]["operateType"] == "acChgCfg"


async def test_a_contradicting_report_of_the_moment_before_does_not_flip_a_confirmed_value(
    linked: EcoflowClient, cloud: CloudThread, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    await linked.write(DELTA_PRO, charge_power(linked, DELTA_PRO, 1200))
    later = time.monotonic() + HOLD_S
    late = {"params": {"inv.cfgSlowChgWatts": 600}}
    cloud.publish(DELTA_PRO, "quota", json.dumps(late).encode())
    await until(lambda: linked.states[DELTA_PRO].is_disputed(later))
    assert values(linked, DELTA_PRO)["charge_power"] == 1200
    monkeypatch.setattr(linked, "_clock", lambda: later - HOLD_S)
    assert not linked.needs_reading(DELTA_PRO)
    monkeypatch.setattr(linked, "_clock", lambda: later)
    assert linked.needs_reading(DELTA_PRO), "what does the device mean?"


@pytest.mark.parametrize("fault", ["duplicate", "out_of_order"])
async def test_messages_twice_and_out_of_order_leave_the_newest_value(
    linked: EcoflowClient, cloud: CloudThread, until: Until, fault: str
) -> None:
    cloud.fault(fault)
    for watts in (150, 250, 350, 450, 550, 650):
        cloud.do("load", sn=DELTA_PRO, watts=watts)
        await until(lambda watts=watts: abs(cloud.device(DELTA_PRO).report()["inv.outputWatts"] - watts) < 30)
        cloud.tell(DELTA_PRO)
    cloud.clear(fault)
    cloud.tell(DELTA_PRO)
    truth = cloud.device(DELTA_PRO).report()["inv.cfgSlowChgWatts"]
    await until(lambda: values(linked, DELTA_PRO)["ac_output_power"] > 600)
    assert values(linked, DELTA_PRO)["charge_power"] == truth
    if fault == "out_of_order":
        assert linked.states[DELTA_PRO].counts.late > 0


async def test_nonsense_values_are_unknown_and_break_nothing(
    linked: EcoflowClient, cloud: CloudThread, until: Until
) -> None:
    cloud.fault("nulls")
    cloud.do("load", sn=DELTA_PRO, watts=500)
    await asyncio.sleep(0.4)
    cloud.device(DELTA_PRO).last.clear()
    cloud.tell(DELTA_PRO)
    await until(lambda: None in values(linked, DELTA_PRO).values())
    cloud.clear("nulls")
    cloud.device(DELTA_PRO).last.clear()
    cloud.tell(DELTA_PRO)
    await until(lambda: isinstance(values(linked, DELTA_PRO)["ac_input_power"], float))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{" * 5000,
        b'{"params": 7}',
        b'{"params": {"pd.soc": 1' + b"0" * 400 + b"}}",
        b'{"params": {"a": ' + b"[" * 300 + b"]" * 300 + b"}}",
    ],
)
async def test_payloads_that_make_no_sense_are_passed_over(
    linked: EcoflowClient, cloud: CloudThread, until: Until, payload: bytes
) -> None:
    for what in ("quota", "status", "set_reply"):
        cloud.publish(DELTA_PRO, what, payload)
    cloud.publish(DELTA_PRO, "quota", b"{" + b'"x": "' + b"y" * 400_000 + b'"}')
    cloud.do("grid", sn=DELTA_PRO, present=False)
    cloud.tell(DELTA_PRO)
    await until(lambda: values(linked, DELTA_PRO)["grid_present"] is False)


async def test_the_broker_comes_back_and_so_do_we(
    linked: EcoflowClient, cloud: CloudThread, events: RecordedCallbacks, until: Until
) -> None:
    cloud.fault("broker_down")
    await until(lambda: ConnectionState.CONNECTING in events.connection)
    await asyncio.sleep(3)
    cloud.clear("broker_down")
    back = time.perf_counter()
    await until(lambda: events.connection[-1] is ConnectionState.CONNECTED, 30)
    assert time.perf_counter() - back < 30
    await until(lambda: cloud.is_heard(DELTA_PRO))
    cloud.do("grid", sn=DELTA_PRO, present=False)
    cloud.tell(DELTA_PRO)
    await until(lambda: values(linked, DELTA_PRO)["grid_present"] is False)


async def test_a_dropped_session_is_taken_up_again(
    linked: EcoflowClient, cloud: CloudThread, events: RecordedCallbacks, until: Until
) -> None:
    cloud.do("drop_mqtt")
    await until(lambda: linked.mqtt is not None and linked.mqtt.connects == 2)
    await until(lambda: events.connection[-1] is ConnectionState.CONNECTED)


async def test_new_credentials_are_asked_for_when_the_broker_refuses_ours(
    linked: EcoflowClient, cloud: CloudThread, events: RecordedCallbacks, until: Until
) -> None:
    cloud.do("new_password", password="rotated")
    await until(lambda: ConnectionState.AUTH_FAILED in events.connection)
    linked._broker_retry_at = 0.0  # the pause before asking again is 30 s
    await linked.ensure_connected()
    await until(lambda: events.connection[-1] is ConnectionState.CONNECTED)


async def test_somebody_else_with_our_client_id_is_noticed(
    linked: EcoflowClient, cloud: CloudThread, events: RecordedCallbacks, until: Until, tls: ssl.SSLContext
) -> None:
    """Two that use one id throw each other out for ever. We notice and step back."""
    certification = await linked.rest.certification()
    other = Client(CallbackAPIVersion.VERSION2, client_id="test-client")
    other.username_pw_set(certification.account, certification.password)
    other.tls_set_context(tls)
    other.reconnect_delay_set(1, 1)
    other.connect_async(certification.host, certification.port)
    other.loop_start()
    try:
        await until(lambda: ConnectionState.TAKEN_OVER in events.connection, 60)
        assert linked.mqtt is None
        await linked.ensure_connected()
        assert linked.mqtt is None, "polling goes on alone for a while"
    finally:
        other.disconnect()
        other.loop_stop()


async def test_an_answer_to_somebody_elses_command_is_noticed(
    linked: EcoflowClient, cloud: CloudThread, events: RecordedCallbacks, until: Until
) -> None:
    cloud.publish(DELTA_PRO, "set_reply", b'{"id": 4711, "code": "0", "data": {"ack": 0}}')
    await until(lambda: events.unknown_replies == 1)


async def test_a_silent_device_is_asked_and_becomes_stale_in_the_end(
    client: EcoflowClient, cloud: CloudThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cloud repeats the last values of a silent device for ever: that is no sign of life."""
    now = 0.0
    monkeypatch.setattr(client, "_clock", lambda: now)
    cloud.fault("frozen", DELTA_PRO)
    cloud.fault("silent", DELTA_PRO)
    fresh = []
    for _ in range(40):
        await client.poll()
        fresh.append(client.is_fresh(DELTA_PRO))
        now += 60
    assert fresh[0]
    assert not fresh[-1]
    assert 15 <= fresh.index(False) <= 22


async def test_one_device_in_trouble_does_not_hold_up_the_others(client: EcoflowClient, cloud: CloudThread) -> None:
    cloud.fault("offline", DELTA_PRO)
    await client.poll()
    assert isinstance(client.errors[DELTA_PRO], DeviceOfflineError)
    assert client.is_fresh(DELTA_2)
    assert not client.is_fresh(DELTA_PRO)
    cloud.clear("offline")
    await client.poll()
    assert DELTA_PRO not in client.errors
    assert client.is_fresh(DELTA_PRO)


async def test_a_certification_that_cannot_be_had_waits_for_its_turn(client: EcoflowClient, cloud: CloudThread) -> None:
    await client.poll()
    cloud.fault("certification")
    with pytest.raises(UnreachableError):
        await client.ensure_connected()
    asked = cloud.cloud.api.requests["GET /certification"]
    await client.ensure_connected()
    assert cloud.cloud.api.requests["GET /certification"] == asked


async def test_a_device_with_a_monstrous_reply_does_not_hold_up_the_others(
    client: EcoflowClient, cloud: CloudThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.poll()
    read = client.rest.quota_all

    async def monstrous(sn: str) -> dict[str, Any]:
        if sn == DELTA_PRO:
            raise BadReplyError("larger than allowed")
        return await read(sn)

    monkeypatch.setattr(client.rest, "quota_all", monstrous)
    await client.poll()
    assert isinstance(client.errors[DELTA_PRO], BadReplyError)
    assert client.is_fresh(DELTA_2)


async def test_a_fault_of_the_account_in_the_midst_of_a_poll_is_raised(
    client: EcoflowClient, cloud: CloudThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(sn: str) -> dict[str, Any]:
        raise RateLimitedError("429", "too many requests", 30)

    monkeypatch.setattr(client.rest, "quota_all", refused)
    with pytest.raises(RateLimitedError):
        await client.poll()


async def test_what_concerns_an_unknown_device_is_passed_over(client: EcoflowClient) -> None:
    client.receive(QuotaMessage("GONE", {"a": 1}))
    client.receive(StatusMessage("GONE", online=True))
    await client.read("GONE")
    assert client.states == {}
    assert not client.is_fresh("GONE")


async def test_an_answer_that_comes_too_late_is_ours_all_the_same(
    linked: EcoflowClient, cloud: CloudThread, events: RecordedCallbacks
) -> None:
    cloud.fault("no_ack")
    await linked.write(DELTA_PRO, charge_power(linked, DELTA_PRO, 900))
    late = next(command["id"] for command in cloud.device(DELTA_PRO).commands if command["by"] == "mqtt")
    cloud.publish(DELTA_PRO, "set_reply", json.dumps({"id": late, "code": "0", "data": {"ack": 0}}).encode())
    await asyncio.sleep(0.3)
    assert events.unknown_replies == 0


def test_a_full_inbox_drops_the_oldest() -> None:
    loop = asyncio.new_event_loop()
    got: list[Any] = []
    inbox = MessageQueue(loop, got.append, size=3)
    for number in range(5):
        inbox.put(StatusMessage(str(number), online=True))
    loop.call_later(0.05, loop.stop)
    loop.run_forever()
    loop.close()
    assert [message.sn for message in got] == ["2", "3", "4"]
    assert inbox.dropped == 2
    inbox.put(StatusMessage("after the loop has gone", online=True))


def test_a_message_that_cannot_be_taken_costs_no_other(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.new_event_loop()
    got: list[str] = []

    def take(message: Any) -> None:
        if message.sn.startswith("bad"):
            raise RuntimeError("a fault of ours")
        got.append(message.sn)

    inbox = MessageQueue(loop, take)
    for sn in ("one", "bad", "two", "bad again"):
        inbox.put(StatusMessage(sn, online=True))
    loop.call_later(0.05, lambda: inbox.put(StatusMessage("three", online=True)))
    loop.call_later(0.1, loop.stop)
    loop.run_forever()
    loop.close()
    assert got == ["one", "two", "three"]
    assert inbox.failed == 2
    assert caplog.text.count("MQTT message failed") == 1


async def test_a_device_that_returns_is_not_shown_with_what_it_said_long_ago(client: EcoflowClient) -> None:
    """The cloud says that it is there; what it measures now it has not said."""
    await client.poll()
    client.receive(StatusMessage(DELTA_PRO, online=False))
    later = time.monotonic() + client.timing.max_age_s + 1
    client._clock = lambda: later
    client.receive(StatusMessage(DELTA_PRO, online=True))
    assert not client.is_fresh(DELTA_PRO)
    assert client.needs_reading(DELTA_PRO)
    client.receive(QuotaMessage(DELTA_PRO, {"pd.soc": 55}))
    assert client.is_fresh(DELTA_PRO)


async def test_an_unknown_products_table_is_made_when_its_values_grow_only(
    client: EcoflowClient, cloud: CloudThread
) -> None:
    sn = cloud.do("add", kind="unknown")
    await client.poll()
    family = client.family(sn)
    client.receive(QuotaMessage(sn, {"nova.soc": 51}))
    assert client.family(sn) is family
    client.receive(QuotaMessage(sn, {"nova.new": 1}))
    assert "raw_nova_new" in {reading.key for reading in client.family(sn).sensors}


@pytest.mark.parametrize(
    ("value", "shown"),
    [("x" * 256, None), ("x" * 255, "x" * 255), (10**400, None), (True, True)],
    ids=["too long", "long", "too large", "on"],
)
async def test_an_unknown_value_that_cannot_be_shown_is_unknown(
    client: EcoflowClient, cloud: CloudThread, value: Any, shown: Any
) -> None:
    sn = cloud.do("add", kind="unknown")
    await client.poll()
    assert values(client, sn)["raw_nova_soc"] == 50
    client.receive(QuotaMessage(sn, {"nova.soc": value}))
    assert values(client, sn)["raw_nova_soc"] == shown


def test_a_flood_leaves_the_loop_to_others() -> None:
    loop = asyncio.new_event_loop()
    got: list[Any] = []
    inbox = MessageQueue(loop, got.append)
    for number in range(3000):
        inbox.put(StatusMessage(str(number), online=True))
    turns = 0

    def turn() -> None:
        nonlocal turns
        turns += 1
        if len(got) < 3000:
            loop.call_soon(turn)
        else:
            loop.stop()

    loop.call_soon(turn)
    loop.run_forever()
    loop.close()
    assert turns >= 3000 / SLICE_MESSAGES
