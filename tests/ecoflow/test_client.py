"""The account client with the simulated cloud: MQTT over TLS, HTTP, and commands over both."""

import asyncio
from collections.abc import Callable
import json
import ssl
import time
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
import pytest

from custom_components.ecoflow._lib.slices import SLICE_S
from custom_components.ecoflow.api.client import EcoflowClient, Timing
from custom_components.ecoflow.api.errors import (
    BadReplyError,
    CommandError,
    DeviceOfflineError,
    RateLimitedError,
    UnreachableError,
)
from custom_components.ecoflow.api.families.specs import Command
from custom_components.ecoflow.api.models import Certification, QuotaMessage, StatusMessage
from custom_components.ecoflow.api.mqtt import ConnectionState, MqttConnection
from custom_components.ecoflow.api.state import HOLD_S

from .conftest import DELTA_2, DELTA_PRO, CloudThread, RecordedCallbacks, Until

pytestmark = pytest.mark.slow  # skipped by scripts/test --quick


def charge_power(client: EcoflowClient, sn: str, watts: float) -> Command:
    setting = client.family(sn).number("charge_power")
    assert setting is not None
    return setting.write(watts, client.states[sn].values)


def values(client: EcoflowClient, sn: str) -> dict[str, Any]:
    return {key: value for key, value, _ in client.family(sn).decode(client.states[sn].values)}


@pytest.fixture
async def linked(client: EcoflowClient, cloud: CloudThread, until: Until) -> EcoflowClient:
    """A client that is polled and connected to the broker."""
    await client.poll()
    await client.ensure_connected()
    await until(lambda: client.mqtt is not None and client.mqtt.state is ConnectionState.CONNECTED)
    await until(lambda: cloud.is_subscribed(DELTA_PRO, DELTA_2))
    return client


async def test_poll_reads_devices_and_values(client: EcoflowClient) -> None:
    await client.poll()
    assert set(client.states) == {DELTA_PRO, DELTA_2}
    assert client.family(DELTA_PRO).name == "delta_pro"
    assert client.family(DELTA_2).name == "delta_2"
    assert values(client, DELTA_PRO)["charge_power"] == 600
    assert client.is_fresh(DELTA_PRO)


async def test_devices_are_added_and_removed(client: EcoflowClient, cloud: CloudThread) -> None:
    await client.poll()
    new = cloud.do("add", model="smart_plug")
    cloud.do("remove", sn=DELTA_2)
    await client.poll()
    assert set(client.states) == {DELTA_PRO, new}
    assert client.family(new).name == "smart_plug"


async def test_an_unknown_model_gets_generic_sensors(client: EcoflowClient, cloud: CloudThread) -> None:
    sn = cloud.do("add", model="unknown")
    await client.poll()
    family = client.family(sn)
    assert family.name == "generic"
    assert values(client, sn)["raw_nova_soc"] == 50


async def test_an_mqtt_message_changes_values(
    linked: EcoflowClient, cloud: CloudThread, events: RecordedCallbacks, until: Until
) -> None:
    cloud.do("grid", sn=DELTA_PRO, present=False)
    cloud.report(DELTA_PRO)
    await until(lambda: values(linked, DELTA_PRO)["grid_present"] is False)
    assert any(sn == DELTA_PRO and "inv.acInVol" in names for sn, names in events.values)


async def test_a_delta_2_reports_bare_names(linked: EcoflowClient, cloud: CloudThread, until: Until) -> None:
    cloud.do("load", sn=DELTA_2, watts=333)
    await until(lambda: abs(cloud.device(DELTA_2).report()["inv.outputWatts"] - 333) < 15)
    cloud.report(DELTA_2)
    await until(lambda: abs(values(linked, DELTA_2)["ac_output_power"] - 333) < 15)


async def test_a_device_that_reports_by_mqtt_is_not_polled(
    linked: EcoflowClient, cloud: CloudThread, until: Until
) -> None:
    cloud.report(DELTA_PRO)
    await until(lambda: not linked.needs_reading(DELTA_PRO))
    before = cloud.cloud.api.requests["GET /device/quota/all"]
    await linked.poll()
    assert cloud.cloud.api.requests["GET /device/quota/all"] - before == 1, "only the silent DELTA 2"


async def test_only_the_device_list_is_read_while_all_devices_report_by_mqtt(
    linked: EcoflowClient, cloud: CloudThread
) -> None:
    def report(later: float) -> None:
        linked._clock = lambda: start + later
        for sn in linked.states:
            linked.receive(QuotaMessage(sn, {"pd.soc": 50 + later % 7}))

    start = time.monotonic()
    before = cloud.cloud.api.requests.total()
    for minute in range(1, 5):
        report(60.0 * minute)
        await linked.poll()
    assert cloud.cloud.api.requests.total() == before
    new = cloud.do("add", model="smart_plug")
    report(301)
    await linked.poll()
    assert new in linked.states, "after five minutes"


async def test_status_messages_set_the_device_online_and_offline(
    linked: EcoflowClient, cloud: CloudThread, until: Until
) -> None:
    cloud.do("online", sn=DELTA_PRO, online=False)
    await until(lambda: not linked.is_fresh(DELTA_PRO))
    cloud.do("online", sn=DELTA_PRO, online=True)
    await until(lambda: linked.is_fresh(DELTA_PRO))


async def test_a_command_by_mqtt_is_confirmed(linked: EcoflowClient, cloud: CloudThread) -> None:
    linked.timing = Timing(reply_timeout_s=20.0)
    await linked.write(DELTA_PRO, charge_power(linked, DELTA_PRO, 1200))
    assert cloud.device(DELTA_PRO).report()["inv.cfgSlowChgWatts"] == 1200
    assert [command["by"] for command in cloud.device(DELTA_PRO).commands] == ["mqtt"]
    assert values(linked, DELTA_PRO)["charge_power"] == 1200, "confirmed value"


@pytest.mark.parametrize("fault", ["ignore_mqtt", "no_ack", "refuse"])
async def test_a_command_without_an_answer_is_sent_over_http(
    linked: EcoflowClient, cloud: CloudThread, fault: str
) -> None:
    cloud.fault(fault)
    await linked.write(DELTA_PRO, charge_power(linked, DELTA_PRO, 900))
    assert cloud.device(DELTA_PRO).commands[-1]["by"] == "http"
    assert values(linked, DELTA_PRO)["charge_power"] == 900


async def test_an_unconfirmed_command_fails(linked: EcoflowClient, cloud: CloudThread) -> None:
    cloud.fault("ignore_mqtt")
    cloud.fault("ignore_http")
    with pytest.raises(CommandError, match="did not apply it"):
        await linked.write(DELTA_PRO, charge_power(linked, DELTA_PRO, 900))
    assert values(linked, DELTA_PRO)["charge_power"] == 600, "confirmed value"


async def test_a_command_to_an_offline_device_fails(linked: EcoflowClient, cloud: CloudThread, until: Until) -> None:
    cloud.do("online", sn=DELTA_PRO, online=False)
    await until(lambda: not linked.is_fresh(DELTA_PRO))
    with pytest.raises(DeviceOfflineError):
        await linked.write(DELTA_PRO, charge_power(linked, DELTA_PRO, 900))


async def test_commands_are_sent_over_http_without_a_broker(client: EcoflowClient, cloud: CloudThread) -> None:
    await client.poll()
    await client.write(DELTA_2, charge_power(client, DELTA_2, 500))
    assert cloud.device(DELTA_2).commands[-1]["by"] == "http"
    assert cloud.device(DELTA_2).commands[-1]["operateType"] == "acChgCfg"


async def test_a_late_report_does_not_revert_a_confirmed_value(
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
    assert linked.needs_reading(DELTA_PRO), "a disputed value is read again"


@pytest.mark.parametrize("fault", ["duplicate", "out_of_order"])
async def test_duplicate_and_reordered_messages_keep_the_newest_value(
    linked: EcoflowClient, cloud: CloudThread, until: Until, fault: str
) -> None:
    cloud.fault(fault)
    for watts in (150, 250, 350, 450, 550, 650):
        cloud.do("load", sn=DELTA_PRO, watts=watts)
        await until(lambda watts=watts: abs(cloud.device(DELTA_PRO).report()["inv.outputWatts"] - watts) < 30)
        cloud.report(DELTA_PRO)
    cloud.clear(fault)
    cloud.report(DELTA_PRO)
    truth = cloud.device(DELTA_PRO).report()["inv.cfgSlowChgWatts"]
    await until(lambda: values(linked, DELTA_PRO)["ac_output_power"] > 600)
    assert values(linked, DELTA_PRO)["charge_power"] == truth
    if fault == "out_of_order":
        assert linked.states[DELTA_PRO].counts.late > 0


async def test_invalid_values_are_unknown(linked: EcoflowClient, cloud: CloudThread, until: Until) -> None:
    cloud.fault("nulls")
    cloud.do("load", sn=DELTA_PRO, watts=500)
    await asyncio.sleep(0.4)
    cloud.device(DELTA_PRO).last.clear()
    cloud.report(DELTA_PRO)
    await until(lambda: None in values(linked, DELTA_PRO).values())
    cloud.clear("nulls")
    cloud.device(DELTA_PRO).last.clear()
    cloud.report(DELTA_PRO)
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
async def test_invalid_payloads_are_ignored(
    linked: EcoflowClient, cloud: CloudThread, until: Until, payload: bytes
) -> None:
    for what in ("quota", "status", "set_reply"):
        cloud.publish(DELTA_PRO, what, payload)
    cloud.publish(DELTA_PRO, "quota", b"{" + b'"x": "' + b"y" * 400_000 + b'"}')
    cloud.do("grid", sn=DELTA_PRO, present=False)
    cloud.report(DELTA_PRO)
    await until(lambda: values(linked, DELTA_PRO)["grid_present"] is False)


async def test_reconnects_after_a_broker_outage(
    linked: EcoflowClient, cloud: CloudThread, events: RecordedCallbacks, until: Until
) -> None:
    cloud.fault("broker_down")
    await until(lambda: ConnectionState.CONNECTING in events.connection)
    await asyncio.sleep(3)
    cloud.clear("broker_down")
    await until(lambda: events.connection[-1] is ConnectionState.CONNECTED, 120)
    await until(lambda: cloud.is_subscribed(DELTA_PRO))
    cloud.do("grid", sn=DELTA_PRO, present=False)
    cloud.report(DELTA_PRO)
    await until(lambda: values(linked, DELTA_PRO)["grid_present"] is False)


async def test_reconnects_after_a_dropped_session(
    linked: EcoflowClient, cloud: CloudThread, events: RecordedCallbacks, until: Until
) -> None:
    cloud.do("drop_mqtt")
    await until(lambda: linked.mqtt is not None and linked.mqtt.connects == 2)
    await until(lambda: events.connection[-1] is ConnectionState.CONNECTED)


async def test_refused_broker_credentials_are_renewed(
    linked: EcoflowClient, cloud: CloudThread, events: RecordedCallbacks, until: Until
) -> None:
    cloud.do("new_password", password="rotated")
    await until(lambda: ConnectionState.AUTH_FAILED in events.connection)
    linked._broker_retry_at = 0.0  # the pause before asking again is 30 s
    await linked.ensure_connected()
    await until(lambda: events.connection[-1] is ConnectionState.CONNECTED)


async def test_a_second_client_with_the_same_id_is_detected(
    linked: EcoflowClient, cloud: CloudThread, events: RecordedCallbacks, until: Until, tls: ssl.SSLContext
) -> None:
    """Two clients with one id interrupt each other. The integration pauses its connection."""
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
        assert linked.mqtt is None, "the connection is paused"
    finally:
        other.disconnect()
        other.loop_stop()


async def test_an_answer_to_another_clients_command_is_reported(
    linked: EcoflowClient, cloud: CloudThread, events: RecordedCallbacks, until: Until
) -> None:
    cloud.publish(DELTA_PRO, "set_reply", b'{"id": 4711, "code": "0", "data": {"ack": 0}}')
    await until(lambda: events.unknown_replies == 1)


async def test_a_silent_device_is_polled_and_becomes_stale(
    client: EcoflowClient, cloud: CloudThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cloud repeats the last values of a silent device without end."""
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


async def test_an_error_of_one_device_does_not_affect_the_others(client: EcoflowClient, cloud: CloudThread) -> None:
    cloud.fault("offline", DELTA_PRO)
    await client.poll()
    assert isinstance(client.errors[DELTA_PRO], DeviceOfflineError)
    assert client.is_fresh(DELTA_2)
    assert not client.is_fresh(DELTA_PRO)
    cloud.clear("offline")
    await client.poll()
    assert DELTA_PRO not in client.errors
    assert client.is_fresh(DELTA_PRO)


async def test_missing_broker_credentials_are_requested_again_after_a_delay(
    client: EcoflowClient, cloud: CloudThread
) -> None:
    await client.poll()
    cloud.fault("certification")
    with pytest.raises(UnreachableError):
        await client.ensure_connected()
    asked = cloud.cloud.api.requests["GET /certification"]
    await client.ensure_connected()
    assert cloud.cloud.api.requests["GET /certification"] == asked


async def test_an_oversized_reply_does_not_affect_other_devices(
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


async def test_an_account_error_during_a_poll_is_raised(
    client: EcoflowClient, cloud: CloudThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(sn: str) -> dict[str, Any]:
        raise RateLimitedError("429", "too many requests", 30)

    monkeypatch.setattr(client.rest, "quota_all", refused)
    with pytest.raises(RateLimitedError):
        await client.poll()


async def test_messages_of_unknown_devices_are_ignored(client: EcoflowClient) -> None:
    client.receive(QuotaMessage("GONE", {"a": 1}))
    client.receive(StatusMessage("GONE", online=True))
    await client.read("GONE")
    assert client.states == {}
    assert not client.is_fresh("GONE")


async def test_a_late_answer_is_not_attributed_to_another_client(
    linked: EcoflowClient, cloud: CloudThread, events: RecordedCallbacks
) -> None:
    cloud.fault("no_ack")
    await linked.write(DELTA_PRO, charge_power(linked, DELTA_PRO, 900))
    late = next(command["id"] for command in cloud.device(DELTA_PRO).commands if command["by"] == "mqtt")
    cloud.publish(DELTA_PRO, "set_reply", json.dumps({"id": late, "code": "0", "data": {"ack": 0}}).encode())
    await asyncio.sleep(0.3)
    assert events.unknown_replies == 0


def connection(loop: asyncio.AbstractEventLoop, deliver: Callable[[Any], None]) -> MqttConnection:
    """Return a connection that is not started; messages are passed to it as paho would do."""
    certification = Certification("account", "password", "127.0.0.1", 1)
    tls = ssl.create_default_context()
    return MqttConnection(loop, certification, "client", tls, on_message=deliver, on_state=lambda state: None)


def status(sn: str) -> MQTTMessage:
    """Return a status message as paho delivers it."""
    message = MQTTMessage(topic=f"/open/account/{sn}/status".encode())
    message.payload = b'{"params": {"status": 1}}'
    return message


def test_a_full_queue_drops_the_oldest_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.ecoflow.api.mqtt.QUEUE_SIZE", 3)
    loop = asyncio.new_event_loop()
    received: list[Any] = []
    mqtt = connection(loop, received.append)
    for number in range(5):
        mqtt._received(Client(CallbackAPIVersion.VERSION2), None, status(str(number)))
    loop.call_later(0.05, loop.stop)
    loop.run_forever()
    loop.close()
    assert [message.sn for message in received] == ["2", "3", "4"]
    assert mqtt.dropped == 2
    mqtt._received(Client(CallbackAPIVersion.VERSION2), None, status("after the loop is closed"))


def test_a_failing_message_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.new_event_loop()
    received: list[str] = []

    def deliver(message: Any) -> None:
        if message.sn.startswith("bad"):
            raise RuntimeError("handler error")
        received.append(message.sn)

    mqtt = connection(loop, deliver)
    for sn in ("one", "bad", "two", "bad again"):
        mqtt._received(Client(CallbackAPIVersion.VERSION2), None, status(sn))
    loop.call_later(0.05, lambda: mqtt._received(Client(CallbackAPIVersion.VERSION2), None, status("three")))
    loop.call_later(0.1, loop.stop)
    loop.run_forever()
    loop.close()
    assert received == ["one", "two", "three"]
    assert mqtt.failed == 2
    assert caplog.text.count("MQTT message failed") == 1


async def test_a_device_back_online_does_not_show_old_values(client: EcoflowClient) -> None:
    """The cloud reports the device online, but has no new values yet."""
    await client.poll()
    client.receive(StatusMessage(DELTA_PRO, online=False))
    later = time.monotonic() + client.timing.max_age_s + 1
    client._clock = lambda: later
    client.receive(StatusMessage(DELTA_PRO, online=True))
    assert not client.is_fresh(DELTA_PRO)
    assert client.needs_reading(DELTA_PRO)
    client.receive(QuotaMessage(DELTA_PRO, {"pd.soc": 55}))
    assert client.is_fresh(DELTA_PRO)


async def test_a_generic_family_is_rebuilt_only_for_new_values(client: EcoflowClient, cloud: CloudThread) -> None:
    sn = cloud.do("add", model="unknown")
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
async def test_a_raw_value_that_cannot_be_a_state_is_unknown(
    client: EcoflowClient, cloud: CloudThread, value: Any, shown: Any
) -> None:
    sn = cloud.do("add", model="unknown")
    await client.poll()
    assert values(client, sn)["raw_nova_mode"] == "auto"
    client.receive(QuotaMessage(sn, {"nova.mode": value}))
    assert values(client, sn)["raw_nova_mode"] == shown
    client.receive(QuotaMessage(sn, {"nova.soc": value}))
    assert values(client, sn)["raw_nova_soc"] is None, "a value with a unit is a number"


def test_a_burst_of_messages_does_not_block_the_loop() -> None:
    loop = asyncio.new_event_loop()
    received: list[Any] = []

    def deliver(message: Any) -> None:
        received.append(message)
        time.sleep(0.0001)

    mqtt = connection(loop, deliver)
    client = Client(CallbackAPIVersion.VERSION2)
    for number in range(1000):
        mqtt._received(client, None, status(str(number)))
    turns = 0

    def turn() -> None:
        nonlocal turns
        turns += 1
        if len(received) < 1000:
            loop.call_soon(turn)
        else:
            loop.stop()

    loop.call_soon(turn)
    loop.run_forever()
    loop.close()
    assert turns >= 1000 * 0.0001 / SLICE_S
