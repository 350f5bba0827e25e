"""The HTTP client with the simulated cloud."""

from collections.abc import Awaitable, Callable
import ssl
import time

import aiohttp
import pytest

from custom_components.ecoflow.api.errors import (
    ApiError,
    BadReplyError,
    ClockSkewError,
    DeviceOfflineError,
    EcoflowError,
    InvalidKeysError,
    NotAllowedError,
    RateLimitedError,
    UnreachableError,
    error_from_code,
)
from custom_components.ecoflow.api.models import Device
from custom_components.ecoflow.api.rest import RestClient, _data
from custom_components.ecoflow.api.signing import Keys

from .conftest import DELTA_PRO, KEYS, CloudThread


async def test_device_list(rest: RestClient) -> None:
    devices = await rest.device_list()
    assert devices[0] == Device(DELTA_PRO, "DELTA Pro 1", "DELTA Pro", online=True)
    assert [device.product for device in devices] == ["DELTA Pro", "DELTA 2"]


@pytest.mark.parametrize("access", ["key\0", "key\r\nX-Other: 1", "ke\ny"])
async def test_an_access_key_that_no_header_can_hold(rest: RestClient, cloud: CloudThread, access: str) -> None:
    rest._keys = Keys(access, KEYS.secret)
    with pytest.raises(InvalidKeysError, match="control characters"):
        await rest.device_list()
    assert rest.requests == 0


async def test_all_values_of_a_device(rest: RestClient) -> None:
    values = await rest.quota_all(DELTA_PRO)
    assert values["inv.cfgSlowChgWatts"] == 600
    assert len(values) > 70


async def test_named_values_with_a_signed_body(rest: RestClient) -> None:
    assert set(await rest.quota(DELTA_PRO, ["pd.soc", "inv.acInVol", "no.such"])) == {"pd.soc", "inv.acInVol"}


async def test_a_command(rest: RestClient, cloud: CloudThread) -> None:
    body = {"sn": DELTA_PRO, "params": {"cmdSet": 32, "id": 69, "slowChgPower": 1500}}
    assert await rest.set_quota(body) == {"result": True}
    assert cloud.device(DELTA_PRO).report()["inv.cfgSlowChgWatts"] == 1500


async def test_certification(rest: RestClient, cloud: CloudThread) -> None:
    certification = await rest.certification()
    assert certification.account == cloud.cloud.account
    assert (certification.host, certification.port) == ("127.0.0.1", cloud.ready["broker_port"])
    assert certification.password not in repr(certification)


@pytest.mark.parametrize(
    ("fault", "value", "error"),
    [
        ("signature", True, InvalidKeysError),
        ("keys_revoked", True, InvalidKeysError),
        ("offline", DELTA_PRO, DeviceOfflineError),
        ("not_allowed", DELTA_PRO, NotAllowedError),
        ("rate_limited", 7, RateLimitedError),
        ("server_error", True, UnreachableError),
        ("garbage", True, BadReplyError),
        ("huge", True, BadReplyError),
    ],
)
async def test_each_fault_raises_its_error(
    rest: RestClient, cloud: CloudThread, fault: str, value: object, error: type[EcoflowError]
) -> None:
    cloud.fault(fault, value)
    with pytest.raises(error) as raised:
        await rest.quota_all(DELTA_PRO)
    assert KEYS.access not in str(raised.value)
    assert KEYS.secret not in str(raised.value)
    cloud.clear(fault)
    assert await rest.quota_all(DELTA_PRO)


async def test_rate_limit_includes_the_retry_time(rest: RestClient, cloud: CloudThread) -> None:
    cloud.fault("rate_limited", 7)
    with pytest.raises(RateLimitedError) as raised:
        await rest.device_list()
    assert raised.value.retry_after_s == 7


async def test_a_wrong_secret_key_is_invalid_keys(
    session: aiohttp.ClientSession, cloud: CloudThread, tls: ssl.SSLContext
) -> None:
    rest = RestClient(session, cloud.url, Keys(KEYS.access, "wrong"), ssl_context=tls)
    with pytest.raises(InvalidKeysError):
        await rest.device_list()


async def test_a_signature_refused_once_is_retried(rest: RestClient, cloud: CloudThread) -> None:
    cloud.fault("signature_once")
    assert await rest.device_list()
    assert rest.requests == 2


async def test_a_wrong_clock_is_corrected_with_the_clouds(rest: RestClient, cloud: CloudThread) -> None:
    cloud.fault("clock_skew", 3600)
    assert await rest.device_list()
    assert rest.clock_offset_s == pytest.approx(3600, abs=3)
    assert await rest.device_list()
    assert rest.requests == 3, "the offset is kept"


async def test_wrong_keys_with_a_wrong_clock_are_invalid_keys(
    session: aiohttp.ClientSession, cloud: CloudThread, tls: ssl.SSLContext
) -> None:
    rest = RestClient(session, cloud.url, Keys(KEYS.access, "wrong"), ssl_context=tls, clock=lambda: time.time() - 7200)
    with pytest.raises(InvalidKeysError) as raised:
        await rest.device_list()
    assert not isinstance(raised.value, ClockSkewError)


async def test_a_slow_cloud_is_unreachable(
    session: aiohttp.ClientSession, cloud: CloudThread, tls: ssl.SSLContext
) -> None:
    cloud.fault("slow", 2)
    rest = RestClient(session, cloud.url, KEYS, ssl_context=tls, timeout_s=0.2)
    with pytest.raises(UnreachableError, match="the request timed out"):
        await rest.device_list()


async def test_an_untrusted_endpoint_is_rejected(session: aiohttp.ClientSession, cloud: CloudThread) -> None:
    rest = RestClient(session, cloud.url, KEYS)
    with pytest.raises(UnreachableError, match="ertificate"):
        await rest.device_list()


@pytest.mark.parametrize(
    ("code", "message", "error"),
    [
        ("1006", "x", NotAllowedError),
        ("6012", "x", DeviceOfflineError),
        ("8513", "x", InvalidKeysError),
        ("9999", "Device is not online", DeviceOfflineError),
        ("9999", "no permission to do it", NotAllowedError),
        ("9999", "signature is wrong", InvalidKeysError),
        ("9999", "operation is too frequent", RateLimitedError),
        ("9999", "something else", ApiError),
    ],
)
def test_errors_by_code_and_text(code: str, message: str, error: type[ApiError]) -> None:
    assert type(error_from_code(code, message)) is error


@pytest.mark.parametrize("data", [{"not": "a list"}, "text", 7, None])
async def test_an_invalid_device_list_is_rejected(
    rest: RestClient, monkeypatch: pytest.MonkeyPatch, data: object
) -> None:
    monkeypatch.setattr(rest, "_call", _answer(data))
    with pytest.raises(BadReplyError):
        await rest.device_list()


async def test_invalid_entries_of_the_device_list_are_omitted(
    rest: RestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = {"sn": "R331X", "online": "1", "productName": "undefined"}
    monkeypatch.setattr(rest, "_call", _answer([None, 7, {}, {"sn": 5}, {"sn": ""}, good]))
    assert await rest.device_list() == [Device("R331X", "EcoFlow 331X", "", online=True)]


@pytest.mark.parametrize("data", [[1], "text", 7])
async def test_values_that_are_not_an_object_are_rejected(
    rest: RestClient, monkeypatch: pytest.MonkeyPatch, data: object
) -> None:
    monkeypatch.setattr(rest, "_call", _answer(data))
    with pytest.raises(BadReplyError):
        await rest.quota_all("X")


async def test_missing_values_are_empty(rest: RestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "_call", _answer(None))
    assert await rest.quota_all("X") == {}
    assert await rest.set_quota({"sn": "X"}) == {}


@pytest.mark.parametrize("data", [{}, {"certificateAccount": "a", "certificatePassword": "p", "url": "u", "port": "x"}])
async def test_invalid_broker_credentials_are_rejected(
    rest: RestClient, monkeypatch: pytest.MonkeyPatch, data: object
) -> None:
    monkeypatch.setattr(rest, "_call", _answer(data))
    with pytest.raises(BadReplyError):
        await rest.certification()


@pytest.mark.parametrize("body", [b"[]", b"{}", b"null", b"[" * 100_000])
def test_replies_without_a_code_are_rejected(body: bytes) -> None:
    with pytest.raises(BadReplyError):
        _data(200, {}, body, 0)


def test_an_invalid_date_header_is_ignored() -> None:
    body = b'{"code": "8521", "message": "signature is wrong"}'
    for headers in ({}, {"Date": "yesterday"}):
        with pytest.raises(InvalidKeysError):
            _data(200, headers, body, 0)


def _answer(data: object) -> Callable[..., Awaitable[object]]:
    async def call(*_args: object, **_more: object) -> object:
        return data

    return call
