"""The request signature with EcoFlow's test vector and independent ones."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ecoflow.api.signing import Keys, data_string, flatten, sign, signed_headers, string_to_sign
from simulators.ecoflow_cloud.signature import expected, parameters


@pytest.fixture(scope="module")
def vectors(captures: Path) -> dict[str, Any]:
    return json.loads((captures / "ecoflow/signature_vectors.json").read_text())  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", ["official", "no_params"])
def test_signature_of_the_documented_example(vectors: dict[str, Any], name: str) -> None:
    vector = vectors[name]
    keys = Keys(vector["accessKey"], vector["secretKey"])
    arguments = (vector["nonce"], vector["timestamp"])
    assert string_to_sign(vector["params"], keys.access, *arguments) == vector["string_to_sign"]
    assert sign(vector["params"], keys, *arguments) == vector["sign"]


def test_flattened_strings(vectors: dict[str, Any]) -> None:
    for vector in vectors["flatten_strings"]:
        assert data_string(vector["params"]) == vector["data_string"], vector["source"]


def test_flattening(vectors: dict[str, Any]) -> None:
    for vector in vectors["flatten"]:
        assert flatten(vector["value"]) == vector["flat"]


def test_nonce_has_six_digits_and_time_is_in_ms() -> None:
    headers = signed_headers({}, Keys("a", "s"), 42, 1671171709.428)
    assert (headers["nonce"], headers["timestamp"]) == ("000042", "1671171709428")


def test_keys_are_not_in_the_repr() -> None:
    keys = Keys("my-access", "my-secret")
    assert "my-" not in repr(keys)
    assert "my-" not in keys.fingerprint


_SCALARS = st.none() | st.booleans() | st.integers(-(2**31), 2**31) | st.text("abcXYZ09_ äß", max_size=8)
_NAMES = st.text("abcdefXYZ", min_size=1, max_size=6)
_BODIES = st.dictionaries(
    _NAMES,
    st.recursive(
        _SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=5,
)


@given(_BODIES)
def test_a_server_computes_the_same_signature_from_the_body(body: dict[str, Any]) -> None:
    flat = parameters({}, json.dumps(body).encode())
    assert sign(body, Keys("key", "secret"), "123456", "1") == expected(flat, "key", "secret", "123456", "1")
