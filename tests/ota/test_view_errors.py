"""What a device gets when it calls too often, or when Home Assistant fails."""

from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import Unauthorized
import pytest

from custom_components.ota._lib.device_http import RateLimiter
from custom_components.ota.data import OtaData
from custom_components.ota.rollout.engine import Engine
from custom_components.ota.views.base import OtaView, handle_errors

from .conftest import AddDevice

DDI = "/api/ota/ddi/DEFAULT/controller/v1"


@pytest.mark.parametrize(("kind", "status"), [("native", 200), ("url", 404), ("gateway", 200)])
async def test_a_device_that_calls_too_often_waits_and_others_do_not(
    ota: OtaData, add_device: AddDevice, kind: str, status: int
) -> None:
    first, second = await add_device("dev-1"), await add_device("dev-2")
    gateway = {"Authorization": f"GatewayToken {await ota.keys.async_issue_gateway()}"}
    ota.guard.devices = RateLimiter(rate=0.1, burst=1, clock=lambda: 0.0)
    found = []
    for device in (first, first, second):
        url, headers = {
            "native": (f"/api/ota/v1/devices/{device.uid}/check/", device.headers),
            "url": (f"/api/ota/d/{device.issued.url_token}/manifest.json", {}),
            "gateway": (f"{DDI}/{device.uid}", gateway),
        }[kind]
        reply = await device.client.get(url, headers=headers)
        found.append((reply.status, reply.headers.get("Retry-After")))
    assert found == [(status, None), (429, "10"), (status, None)]


async def test_a_failure_that_nothing_handles_is_answered_as_json_and_logged(
    add_device: AddDevice, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the clock struck thirteen")

    device = await add_device()
    with monkeypatch.context() as patched:
        patched.setattr(Engine, "heartbeat", fail)
        reply = await device.client.get("/api/ota/v1/devices/dev-1/check/", headers=device.headers)
    assert (reply.status, (await reply.json())["error"]) == (500, "unexpected")
    assert "the clock struck thirteen" in caplog.text
    assert (await device.check(version="1.0.0"))["reason"] == "no_rollout"


@pytest.mark.parametrize("err", [web.HTTPNotFound(), Unauthorized(), ConnectionResetError()])
async def test_what_home_assistant_answers_itself_is_passed_on(hass: HomeAssistant, err: Exception) -> None:
    class View(OtaView):
        @handle_errors
        async def get(self, request: web.Request) -> web.StreamResponse:
            raise err

    with pytest.raises(type(err)):
        await View(hass).get(make_mocked_request("GET", "/"))
