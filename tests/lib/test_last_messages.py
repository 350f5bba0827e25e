"""What devices sent last is kept within bounds and shown without secrets."""

import asyncio

import pytest

from lib.last_messages import LastMessages, RawMessage, record, shown_messages
from lib.redaction import Redactor


def channels(messages: LastMessages) -> list[str]:
    return [message.channel for message in messages.newest()]


def test_the_newest_of_each_channel_is_kept() -> None:
    messages = LastMessages(channels=2, total_bytes=100)
    messages.note("a", b"1")
    messages.note("b", b"2")
    messages.note("a", bytearray(b"3"))
    assert [(message.channel, message.payload) for message in messages.newest()] == [("a", b"3"), ("b", b"2")]
    messages.note("c", b"4")
    assert channels(messages) == ["c", "a"]


def test_the_bytes_of_all_together_are_limited() -> None:
    messages = LastMessages(channels=100, total_bytes=100)
    for number in range(1000):
        messages.note(str(number), b"x" * 40)
        assert sum(len(message.payload or b"") for message in messages.newest()) <= 100
    assert channels(messages) == ["999", "998"]
    messages.note("999", b"x" * 51)
    (last, _) = messages.newest()
    assert (last.payload, last.length) == (None, 51)
    assert shown_messages([last])[0].keys() == {"channel", "at", "bytes"}


async def test_what_a_block_and_its_tasks_receive_is_recorded() -> None:
    messages, other = LastMessages(), LastMessages()

    async def later() -> None:
        await asyncio.sleep(0)
        record("task", b"2")

    record("before", b"0")
    with messages.recording():
        record("block", b"1")
        task = asyncio.create_task(later())
        with other.recording():
            record("inner", b"3")
    record("after", b"4")
    await task
    assert channels(messages) == ["task", "block"]
    assert channels(other) == ["inner"]


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        (b'{"power": 5.0, "password": "hunter2"}', {"text": '{"power":5.0,"password":"<secret>"}'}),
        (b'{"wifiPass": "abc", "ssid": "home", "stratumUser": "bc1q.x"}\0',
         {"text": '{"wifiPass":"<secret>","ssid":"<secret>","stratumUser":"<secret>"}'}),
        (b'{"gps_lat": 45.1, "home_longitude": 8.5, "latency": 5}',
         {"text": '{"gps_lat":"<position>","home_longitude":"<position>","latency":5}'}),
        (b'{"installationId": 12345, "gatewaySerial": "7571381700000000", "slope": 1.4}',
         {"text": '{"installationId":"<secret>","gatewaySerial":"<secret>","slope":1.4}'}),
        (b'[{"URL": "stratum+tcp://pool.example.org:3333", "User": "wallet.1", "MAC": "c4:5b:be:00:11:22"}]',
         {"text": '[{"URL":"<secret>","User":"<secret>","MAC":"<secret>"}]'}),
        # Cut off, so that its keys are known as text only.
        (b'{"gps": {"lat": 45.125, "longitude": "-8.502", "wifi_password": "abc", "t": 2',
         {"text": '{"gps": {"lat": <position>, "longitude": "<position>", "wifi_password": "<secret>", "t": 2'}),
        (b"key SN4711 of 192.168.1.20", {"text": "key <secret> of <address>"}),
        (b"\xa5\x05\x01\xfc", {"hex": "a50501fc"}),
        (b"\x01\x02", {"hex": "0102"}),
        (b"", {"text": ""}),
    ],
)  # fmt: skip
def test_content_is_shown_without_secrets(payload: bytes, shown: dict[str, str]) -> None:
    (found,) = shown_messages([RawMessage("a", 1_800_000_000.0, payload, len(payload))], ["SN4711"])
    assert found == {"channel": "a", "at": "2027-01-15T08:00:00+00:00", "bytes": len(payload), **shown}
    # Another redactor, that of the support bundle, leaves it as it is.
    assert Redactor(["SN4711"]).data(found) == found


def test_values_can_be_followed() -> None:
    redactor = Redactor()
    assert redactor.data({"token": "abcd", "text": "token=abcd, pass=efgh"}) == {
        "token": "<secret 1>",
        "text": "token=<secret 1>, pass=<secret 2>",
    }
