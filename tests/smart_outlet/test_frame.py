"""Frames: shared vectors and noise."""

from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.smart_outlet.radio.capture import decode_capture
from custom_components.smart_outlet.radio.errors import FrameError
from custom_components.smart_outlet.radio.frame import MAX_PAYLOAD, START, Decoder, Frame, crc16
from custom_components.smart_outlet.radio.messages import (
    Identity,
    State,
    decode_refusal,
    decode_token,
    relay_payload,
    threshold_payload,
)

VECTORS = json.loads((Path(__file__).parents[2] / "docs/vectors/hc12.json").read_text())


def of(section: str) -> Iterator[Any]:
    for vector in VECTORS[section]:
        yield pytest.param(vector, id=vector.get("name") or vector["data"] or "empty")


frames = st.builds(
    Frame,
    destination=st.integers(0, 255),
    source=st.integers(0, 255),
    sequence=st.integers(0, 255),
    command=st.integers(0, 255),
    payload=st.binary(max_size=MAX_PAYLOAD),
)


@pytest.mark.parametrize("vector", of("crc16"))
def test_crc_vectors(vector: dict[str, str]) -> None:
    assert f"{crc16(bytes.fromhex(vector['data'])):04x}" == vector["crc"]


@pytest.mark.parametrize("vector", of("frames"))
def test_frame_vectors_encode_and_decode(vector: dict[str, Any]) -> None:
    frame = Frame(
        vector["destination"],
        vector["source"],
        vector["sequence"],
        vector["command"],
        bytes.fromhex(vector["payload"]),
    )
    assert frame.encode().hex() == vector["frame"]
    assert Decoder().feed(bytes.fromhex(vector["frame"]), 0) == [frame]


@pytest.mark.parametrize("vector", of("frames"))
def test_payload_vectors(vector: dict[str, Any]) -> None:
    meaning = dict(vector["meaning"])
    payload = bytes.fromhex(vector["payload"])
    match meaning.pop("kind"):
        case "state" | "event":
            state = State.decode(payload)
            assert state == State(**meaning)
            assert state.encode() == payload[:7]
        case "identity":
            assert Identity.decode(payload) == Identity(**meaning)
        case "token":
            assert decode_token(payload) == meaning["token"]
        case "nak":
            assert decode_refusal(payload) == (meaning["refused"], meaning["reason"])
        case "relay":
            assert relay_payload(meaning["token"], meaning["relays"]) == payload
        case "threshold":
            assert threshold_payload(meaning["token"], meaning["threshold_ma"]) == payload


@pytest.mark.parametrize("vector", of("streams"))
@pytest.mark.parametrize("chunk", [1, 3, 1000])
def test_stream_vectors_in_any_chunks(vector: dict[str, Any], chunk: int) -> None:
    decoder, data, found = Decoder(), bytes.fromhex(vector["bytes"]), []
    for at in range(0, len(data), chunk):
        found += decoder.feed(data[at : at + chunk], 0)
    # An incomplete frame is dropped after a pause.
    found += decoder.feed(b"", 1)
    assert [frame.encode().hex() for frame in found] == vector["frames"]
    assert decoder.stats.crc_errors == vector["crc_errors"]
    assert decoder.stats.frames == len(vector["frames"])


@pytest.mark.parametrize("frame", [Frame(256, 1, 0, 1), Frame(1, -1, 0, 1), Frame(1, 1, 0, 1, bytes(MAX_PAYLOAD + 1))])
def test_out_of_range_fields_are_refused(frame: Frame) -> None:
    with pytest.raises(FrameError):
        frame.encode()


@pytest.mark.parametrize("decode", [State.decode, Identity.decode, decode_token, decode_refusal])
def test_short_payloads_are_refused(decode: Any) -> None:
    with pytest.raises(FrameError):
        decode(b"\x01")


@given(st.lists(frames, max_size=6), st.integers(1, 40))
def test_frames_are_decoded_in_any_chunks(sent: list[Frame], chunk: int) -> None:
    data = b"".join(frame.encode() for frame in sent)
    decoder, found = Decoder(), []
    for at in range(0, len(data), chunk):
        found += decoder.feed(data[at : at + chunk], 0)
    assert found == sent
    assert decoder.stats.noise_bytes == 0


@given(st.binary(max_size=200), frames)
def test_a_frame_is_decoded_after_any_noise(noise: bytes, frame: Frame) -> None:
    decoder = Decoder()
    found = decoder.feed(noise, 0)
    found += decoder.feed(b"", 1)
    found += decoder.feed(frame.encode(), 2)
    found += decoder.feed(b"", 3)
    assert found[-1:] == [frame]


@given(frames, st.data())
def test_single_and_double_bit_errors_are_detected(frame: Frame, data: st.DataObject) -> None:
    encoded = bytearray(frame.encode())
    bits = data.draw(
        st.lists(st.integers(16, len(encoded) * 8 - 1), min_size=1, max_size=2, unique=True),
        label="flipped",
    )
    for bit in bits:
        encoded[bit // 8] ^= 0x80 >> bit % 8
    decoder = Decoder()
    found = decoder.feed(bytes(encoded), 0) + decoder.feed(b"", 1)
    assert frame not in found


def test_a_lost_byte_does_not_affect_the_next_frame() -> None:
    first, second = Frame(2, 1, 1, 2, b"abcdef"), Frame(2, 1, 2, 2, b"abcdef")
    decoder = Decoder(gap_s=0.05)
    assert decoder.feed(first.encode()[:-1], 0) == []
    assert decoder.feed(second.encode(), 0.2) == [second]


def test_a_capture_is_decoded_with_the_keys_of_the_entities() -> None:
    frames = {vector["name"]: bytes.fromhex(vector["frame"]) for vector in VECTORS["frames"]}
    lines = list(decode_capture(b"\x00\x01" + b"".join(frames.values())))
    assert ("FE.current_a", 1234, "mA") in lines
    assert ("FE.socket_a", True, None) in lines
    assert ("FE.overload", True, None) in lines
    assert ("FE.firmware", "1.4", None) in lines
    assert ("FE.token", "C0DE", None) in lines
    assert ("FE.refused", "command 10, reason 3", None) in lines
    assert ("FE.request", "relay c0de0101", None) in lines
    assert ("FE.request", "event answered", None) in lines
    assert lines[-1] == ("radio_noise_bytes", 2, None)


def test_a_capture_shows_an_unknown_command_in_hex() -> None:
    lines = list(decode_capture(Frame(2, 1, 0, 0x2A, b"x").encode()))
    assert lines[0] == ("02.request", "command 2A 78", None)


def test_a_capture_without_a_frame_is_refused() -> None:
    with pytest.raises(FrameError, match=r"no complete frame found$"):
        list(decode_capture(b"nothing"))


def test_a_capture_with_the_crc_in_the_other_order_is_refused_with_the_reason() -> None:
    frame = Frame(1, 0xFE, 1, 0x82, bytes(7)).encode()
    with pytest.raises(FrameError, match="no complete frame found, 1 with a wrong CRC"):
        list(decode_capture(frame[:-2] + frame[:-3:-1]))


def test_a_short_payload_in_a_capture_does_not_hide_the_other_frames() -> None:
    good = Frame(1, 0xFE, 2, 0x82, bytes.fromhex("0104d2000007d0")).encode()
    lines = list(decode_capture(Frame(1, 0xFD, 1, 0x82, b"\x01").encode() + b"\xa5" + good))
    assert lines[0] == ("FD.error", "state payload has 1 bytes instead of 7", None)
    assert ("FE.current_a", 1234, "mA") in lines


def test_a_tripped_socket_of_a_capture_has_no_current() -> None:
    tripped = Frame(1, 0xFE, 2, 0x40, bytes.fromhex("04ffff000007d0")).encode()
    lines = list(decode_capture(tripped))
    assert ("FE.current_a", None, "mA") in lines
    assert ("FE.overload", True, None) in lines


def test_noise_does_not_accumulate() -> None:
    decoder = Decoder()
    for at in range(1000):
        decoder.feed(bytes((START, 28)) + bytes(20), at * 0.001)
    assert len(decoder._buffer) < 40
