"""Topics, payloads and merging of values."""

import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ecoflow.api.families.specs import CommandFormat
from custom_components.ecoflow.api.messages import MAX_KEYS, MAX_LIST, MAX_TEXT, normalize, parse_message, parse_topic
from custom_components.ecoflow.api.models import Device, QuotaMessage, SetReply, StatusMessage
from custom_components.ecoflow.api.mqtt import TAKEOVER_SESSIONS, TakeoverDetector
from custom_components.ecoflow.api.payloads import MessageIds, http_payload, mqtt_payload
from custom_components.ecoflow.api.state import HOLD_S, UNCHANGED_VALID_S, DeviceState

TOPIC = "/open/account/SN1"


def message(what: str, content: Any) -> Any:
    return parse_message(f"{TOPIC}/{what}", json.dumps(content).encode())


@pytest.mark.parametrize("topic", ["", "/app/account/SN1/quota", "open/account/SN1/quota", "/open/account/SN1"])
def test_other_topics_are_ignored(topic: str) -> None:
    assert parse_topic(topic) is None
    assert parse_message(topic, b"{}") is None


def test_an_unknown_message_type_is_ignored() -> None:
    assert message("get_reply", {"id": 1}) is None


@pytest.mark.parametrize(
    ("content", "values"),
    [
        ({"params": {"pd.soc": 5}}, {"pd.soc": 5}),
        ({"typeCode": "pdStatus", "params": {"soc": 5}}, {"pd.soc": 5}),
        ({"typeCode": "emsStatus", "params": {"lcdShowSoc": 5}}, {"bms_emsStatus.lcdShowSoc": 5}),
        ({"typeCode": "novelStatus", "params": {"x": 5}}, {"novelStatus.x": 5}),
        ({"cmdFunc": 20, "cmdId": 1, "param": {"batSoc": 5}}, {"20_1.batSoc": 5}),
        ({"cmdFunc": 254, "cmdId": 21, "params": {"cmsBattSoc": 5}}, {"cmsBattSoc": 5}),
        (
            {"params": {"cmdSet": 11, "id": 23, "gridVol": 230}},
            {"gridInfo.cmdSet": 11, "gridInfo.id": 23, "gridInfo.gridVol": 230},
        ),
        ({"params": {"infoList": [1]}}, {"channelPower.infoList": [1]}),
        ({"data": {"quotaMap": {"a.b": 1}}}, {"a.b": 1}),
        ({"code": "0", "message": "Success", "data": {"a.b": 1}}, {"a.b": 1}),
        ({"pd": {"pd.soc": 5, "latestTimeStamp": 1}}, {"pd.soc": 5}),
        ({"heartbeat": {"gridSta": 1, "time": {"min": 3}}}, {"heartbeat.gridSta": 1, "heartbeat.time.min": 3}),
    ],
)
def test_every_payload_shape_is_normalized(content: dict[str, Any], values: dict[str, Any]) -> None:
    assert normalize(content) == values


def test_values_are_limited() -> None:
    assert len(normalize({"params": {f"k{n}": n for n in range(MAX_KEYS + 500)}})) == MAX_KEYS
    long = normalize({"params": {"a.text": "x" * 5000, "a.list": list(range(5000))}})
    assert len(long["a.text"]) == MAX_TEXT
    assert len(long["a.list"]) == MAX_LIST
    deep: dict[str, Any] = {"leaf": 1}
    for _ in range(30):
        deep = {"d": deep}
    assert normalize({"params": deep}) == {}


@pytest.mark.parametrize(
    ("content", "online"),
    [({"params": {"status": 1}}, True), ({"params": {"status": 0}}, False), ({"status": "1"}, True)],
)
def test_status_messages(content: dict[str, Any], online: bool) -> None:
    assert message("status", content) == StatusMessage("SN1", online)


@pytest.mark.parametrize("content", [{"params": {"status": 7}}, {"params": 3}, {}])
def test_invalid_status_messages(content: dict[str, Any]) -> None:
    assert message("status", content) is None


@pytest.mark.parametrize(
    ("data", "ok"),
    [
        ({"ack": 0}, True),
        ({"ack": 1}, False),
        ({"result": 0, "ack": 0}, True),
        ({"result": 1, "ack": 0}, False),
        ({"configOk": True}, True),
        ({"configOk": False}, False),
        ({}, True),
    ],
)
def test_command_replies(data: dict[str, Any], ok: bool) -> None:
    reply = message("set_reply", {"id": 9, "code": "0", "data": data})
    assert isinstance(reply, SetReply)
    assert (reply.id, reply.ok) == ("9", ok)
    assert bool(reply.detail) is not ok


def test_replies_with_an_error_code_are_refusals() -> None:
    reply = message("set_reply", {"id": 9, "code": "6012", "message": "offline"})
    assert isinstance(reply, SetReply)
    assert (reply.ok, reply.detail) == (False, "offline")
    assert message("set_reply", {"code": "0"}) is None


@given(st.sampled_from(["quota", "status", "set_reply"]), st.binary(max_size=200))
def test_no_payload_raises(what: str, payload: bytes) -> None:
    parse_message(f"{TOPIC}/{what}", payload)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
)


@given(st.sampled_from(["quota", "status", "set_reply"]), _JSON)
def test_no_json_raises(what: str, content: Any) -> None:
    message(what, content)


# Merging


def push(sent_ms: int | None = None, **values: Any) -> QuotaMessage:
    return QuotaMessage("SN1", values, sent_ms)


@pytest.fixture
def state() -> DeviceState:
    return DeviceState(Device("SN1", "x", "", online=True))


def test_partial_messages_are_merged(state: DeviceState) -> None:
    assert state.apply_message(push(a=1, b=2), 0) == {"a", "b"}
    assert state.apply_message(push(b=3), 1) == {"b"}
    assert state.values == {"a": 1, "b": 3}


def test_an_older_message_only_adds_missing_values(state: DeviceState) -> None:
    state.apply_message(push(2_000_000_005_000, a=2), 0)
    assert state.apply_message(push(2_000_000_000_000, a=1, b=1), 1) == {"b"}
    assert state.values == {"a": 2, "b": 1}
    assert state.counts.late == 1


def test_a_message_after_a_clock_change_is_accepted(state: DeviceState) -> None:
    state.apply_message(push(2_000_000_000_000, a=2), 0)
    assert state.apply_message(push(1_900_000_000_000, a=1), 1) == {"a"}


def test_a_late_message_does_not_renew_the_age(state: DeviceState) -> None:
    state.apply_message(push(2_000_000_005_000, a=2), 0)
    state.apply_message(push(2_000_000_000_000, a=1), 100)
    assert state.age(100) == 100
    state.apply_message(push(), 100)
    assert state.age(100) == 100
    assert state.counts.empty == 1


def test_a_reply_requested_before_a_message_does_not_overwrite_it(state: DeviceState) -> None:
    state.apply_message(push(a=2), 10)
    state.apply_reply({"a": 1, "b": 1}, 9, 11, online=True)
    assert state.values == {"a": 2, "b": 1}


def test_unchanged_replies_renew_the_age_for_a_limited_time(state: DeviceState) -> None:
    for now in range(0, 3000, 60):
        state.apply_reply({"a": 1}, now, now, online=True)
    assert state.last_seen == UNCHANGED_VALID_S
    state.apply_reply({"a": 2}, 3000, 3000, online=True)
    assert state.last_seen == 3000


def test_replies_of_an_offline_device_do_not_renew_the_age(state: DeviceState) -> None:
    state.apply_reply({"a": 1}, 0, 0, online=False)
    assert state.last_seen is None
    assert state.age(5) is None
    assert not state.is_fresh(5, 300)


def test_a_confirmed_value_is_held(state: DeviceState) -> None:
    state.apply_message(push(a=1), 0)
    state.confirm({"a": 2}, 10)
    state.apply_message(push(a=1), 10 + HOLD_S / 2)
    assert state.values["a"] == 2
    state.apply_message(push(a=1), 10 + HOLD_S)
    assert state.values["a"] == 1


def test_a_repeated_confirmed_value_is_released(state: DeviceState) -> None:
    state.confirm({"a": 2}, 10)
    state.apply_message(push(a=2), 11)
    state.apply_message(push(a=3), 12)
    assert state.values["a"] == 3
    assert not state.is_disputed(10 + HOLD_S)


def test_a_late_report_is_ignored_even_after_a_newer_one(state: DeviceState) -> None:
    state.apply_message(push(a=1), 0)
    state.confirm({"a": 2}, 10)
    state.apply_message(push(a=2), 11)
    state.apply_message(push(a=1), 12)
    assert state.values["a"] == 2


def test_a_contradicted_command_is_disputed_until_the_next_read(state: DeviceState) -> None:
    """It may have reverted the command, and a device that reports only changes would not report it again."""
    state.apply_message(push(a=1), 0)
    state.confirm({"a": 2}, 10)
    state.apply_message(push(a=1), 11)
    end = 10 + HOLD_S
    assert not state.is_disputed(11)
    assert state.is_disputed(end)
    state.apply_reply({"a": 1}, end, end + 1, online=True)
    assert state.values["a"] == 1
    assert not state.is_disputed(end + 1)


def test_the_number_of_values_is_limited(state: DeviceState) -> None:
    for start in range(0, 3 * MAX_KEYS, 1000):
        state.apply_message(push(**{f"k{n}": n for n in range(start, start + 1000)}), 0)
    assert len(state.values) == MAX_KEYS


# Commands and sessions


def test_message_ids_increase_within_31_bits() -> None:
    ids = MessageIds(2_147_483_645)
    taken = [ids.next_id() for _ in range(5)]
    assert len(set(taken)) == 5
    assert all(0 < number < 2**31 for number in taken)
    assert MessageIds().next_id() > 0


def test_command_payloads() -> None:
    assert mqtt_payload(CommandFormat.TCP, {"params": {"id": 1}}, "SN", 7) == {
        "moduleType": 0,
        "operateType": "TCP",
        "id": 7,
        "version": "1.0",
        "sn": "SN",
        "params": {"id": 1},
    }
    assert http_payload(CommandFormat.TCP, {"params": {"id": 1}}, "SN", 7) == {"sn": "SN", "params": {"id": 1}}
    assert http_payload(CommandFormat.CODE, {"cmdCode": "X"}, "SN", 7) == {"sn": "SN", "cmdCode": "X"}
    assert http_payload(CommandFormat.MODULE, {"moduleType": 1}, "SN", 7)["id"] == 7


def test_repeated_short_sessions_are_a_takeover() -> None:
    watch = TakeoverDetector()
    verdicts = []
    for n in range(TAKEOVER_SESSIONS):
        watch.connected(n * 2.0)
        verdicts.append(watch.disconnected(n * 2.0 + 1))
    assert verdicts == [False] * (TAKEOVER_SESSIONS - 1) + [True]


def test_an_unstable_broker_is_not_a_takeover() -> None:
    watch = TakeoverDetector()
    for n in range(20):
        watch.connected(n * 4.0)
        assert not watch.disconnected(n * 4.0 + 1)
        watch.failed()


def test_long_sessions_are_not_a_takeover() -> None:
    watch = TakeoverDetector()
    for n in range(20):
        watch.connected(n * 100.0)
        assert not watch.disconnected(n * 100.0 + 60)
