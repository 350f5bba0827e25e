"""Signed manifests: parsing, signatures and trusted keys."""

import base64
import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ota.rollout.errors import ManifestError
from custom_components.ota.rollout.manifest import Channel, PublicKey, canonical, parse, sign, verify
from tests.ota.images import OTHER_PRIVATE, PRIVATE, esp32_image, fields_for, public_key, signed

IMAGE = esp32_image()
KEY = public_key()
KEYS = {KEY.key_id: KEY}
NOW = 1_800_000_000.0


def code_of(data: bytes, signature: str, **kwargs: Any) -> str:
    with pytest.raises(ManifestError) as caught:
        verify(data, signature, kwargs.pop("keys", KEYS), now=NOW)
    return caught.value.code


def test_a_signed_manifest_is_accepted() -> None:
    data, signature = signed(IMAGE, channel="beta", expires="2027-12-01T00:00:00Z", notes="Better.")
    manifest = verify(data, signature, KEYS, now=NOW)
    assert (manifest.product, manifest.chip, manifest.version) == ("thermostat", "esp32c3", "1.2.3")
    assert manifest.channel is Channel.BETA
    assert manifest.key_id == KEY.key_id


def test_rfc_8032_test_1() -> None:
    """The published Ed25519 vector: an independent signer's signature over our bytes is what we accept."""
    private = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    expected = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert public_key(private).raw.hex() == expected


def test_unsigned_is_refused() -> None:
    data, _ = signed(IMAGE)
    assert code_of(data, "") == "unsigned"
    assert code_of(data, "  \n") == "unsigned"


def test_a_key_that_is_not_pinned_is_refused() -> None:
    assert code_of(*signed(IMAGE, OTHER_PRIVATE)) == "unknown_key"


def test_a_pinned_key_id_with_another_keys_signature_is_refused() -> None:
    data, _ = signed(IMAGE)
    _, other = sign(fields_for(IMAGE), OTHER_PRIVATE)
    assert code_of(data, other) == "bad_signature"


def test_every_changed_byte_is_refused() -> None:
    data, signature = signed(IMAGE)
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1
        assert code_of(bytes(changed), signature) in {"bad_signature", "bad_manifest", "unknown_key"}, at


@pytest.mark.parametrize("signature", ["AAAA", "not base64!", base64.b64encode(bytes(64)).decode()])
def test_a_broken_signature_is_refused(signature: str) -> None:
    assert code_of(signed(IMAGE)[0], signature) == "bad_signature"


def test_an_expired_manifest_is_refused() -> None:
    assert code_of(*signed(IMAGE, expires="2026-01-01T00:00:00Z")) == "expired"


def test_two_keys_are_valid_during_a_rotation() -> None:
    new = public_key(OTHER_PRIVATE)
    both = {**KEYS, new.key_id: new}
    assert verify(*signed(IMAGE), both, now=NOW)
    assert verify(*signed(IMAGE, OTHER_PRIVATE), both, now=NOW)


@pytest.mark.parametrize("name", ["product", "chip", "version", "sequence", "size", "sha256"])
def test_a_missing_field_is_named(name: str) -> None:
    fields = fields_for(IMAGE)
    del fields[name]
    data, signature = sign(fields, PRIVATE)
    with pytest.raises(ManifestError) as caught:
        verify(data, signature, KEYS, now=NOW)
    assert caught.value.placeholders["field"] == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("product", "../../etc"),
        ("product", "a/b"),
        ("product", ""),
        ("product", "x" * 40),
        ("chip", "esp33"),
        ("version", "latest"),
        ("version", "1.2.3.4.5"),
        ("sequence", -1),
        ("sequence", True),
        ("sequence", "7"),
        ("size", 1.5),
        ("sha256", "A" * 64),
        ("sha256", "../" + "a" * 61),
        ("channel", "nightly"),
        ("expires", "tomorrow"),
        ("expires", "2027-01-01T00:00:00"),
        ("notes", 5),
        ("notes", "x" * 20_000),
        ("release_url", "javascript:alert(1)"),
        ("secure_version", 2**32),
    ],
)
def test_a_bad_field_is_named(name: str, value: Any) -> None:
    data, signature = sign({**fields_for(IMAGE), name: value}, PRIVATE)
    with pytest.raises(ManifestError) as caught:
        verify(data, signature, KEYS, now=NOW)
    assert (caught.value.code, caught.value.placeholders["field"]) == ("bad_manifest", name)


def test_duplicate_key_is_rejected() -> None:
    """Two readers must not see two values."""
    data = canonical({"format": 1, **fields_for(IMAGE), "key_id": KEY.key_id})
    with pytest.raises(ManifestError):
        parse(data[:-1] + b',"version":"9.9.9"}')


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"{", b'{"format":2}', b"{" * 100_000, b'{"format":NaN}'])
def test_an_invalid_manifest_is_rejected(data: bytes) -> None:
    with pytest.raises(ManifestError, match="bad_manifest"):
        parse(data)


@given(st.binary(max_size=200) | st.dictionaries(st.text(), st.integers()).map(json.dumps).map(str.encode))
def test_arbitrary_input_is_rejected(data: bytes) -> None:
    with pytest.raises(ManifestError):
        parse(data)


@pytest.mark.parametrize("text", ["", "abc", "zz" * 32, base64.b64encode(bytes(31)).decode()])
def test_an_invalid_key_is_rejected(text: str) -> None:
    with pytest.raises(ManifestError, match="bad_key"):
        PublicKey.parse(text)


def test_a_key_is_read_in_base64_and_hex() -> None:
    assert PublicKey.parse(base64.b64encode(KEY.raw).decode()) == PublicKey.parse(KEY.raw.hex() + "\n")
