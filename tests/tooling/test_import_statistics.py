"""``scripts/import-history run`` against a recorder."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from scripts.tooling import import_history
from scripts.tooling.import_history.hours import Target
from scripts.tooling.import_history.readers import Source

from .test_import_history import START, WEBAPP, database


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: None, enable_custom_integrations: None) -> None:
    """The recorder has to be there before Home Assistant."""


async def test_history_gets_into_the_statistics_and_own_hours_stay(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert await async_setup_component(hass, "config", {})
    registry = er.async_get(hass)
    registry.async_get_or_create("sensor", "smart_outlet", "fe_a", suggested_object_id="kitchen_a")
    socket = await hass_ws_client()

    class Client:
        @classmethod
        @asynccontextmanager
        async def connect(cls, url: str, token: str = "") -> AsyncGenerator[Any]:
            assert (url, token) == ("http://ha", "abc")
            yield cls()

        async def call(self, kind: str, **data: Any) -> Any:
            await socket.send_json_auto_id({"type": kind, **data})
            answer = await socket.receive_json()
            assert answer["success"], answer
            return answer["result"]

    monkeypatch.setattr(import_history, "HomeAssistant", Client)
    monkeypatch.setenv("HASS_TOKEN", "abc")
    source = Source(database(tmp_path, WEBAPP))
    targets = {"FE/a/current": Target("sensor.kitchen_a", "A", 0.001), "no/such": Target("sensor.no", "A")}
    for _ in range(2):
        status = await import_history.to_statistics("smart-outlet-webapp", source, targets, "http://ha/", dry_run=False)
        assert status == 1
        assert "no/such: not in the source" in capsys.readouterr().err
        await async_wait_recording_done(hass)
        found = await hass.async_add_executor_job(
            statistics_during_period, hass, dt_util.utc_from_timestamp(0), None, {"sensor.kitchen_a"}, "hour", None,
            {"mean", "min", "max"},
        )  # fmt: skip
        (row,) = found["sensor.kitchen_a"]
        assert (row["start"], row["mean"], row["min"], row["max"]) == (START.timestamp(), 1.5, 1.0, 2.0)
