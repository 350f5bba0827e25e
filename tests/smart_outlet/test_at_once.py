"""Alarms and on/off states follow the report at once, regardless of earlier writes."""

from homeassistant.exceptions import ServiceValidationError
import pytest

from .conftest import Ccu


@pytest.fixture
async def busy(ccu: Ccu) -> Ccu:
    """Return a CCU whose outlet was written just before, with socket A confirmed as on."""
    await ccu.report(current_a=1000)
    await ccu.act("number", "set_value", "number", "threshold", value=5000)
    await ccu.act("switch", "turn_on", "switch", "socket_a")
    await ccu.commands()
    await ccu.report(current_a=1100)
    assert ccu.state("switch", "socket_a") == "on"
    assert ccu.state("binary_sensor", "overload") == "off"
    assert ccu.state("binary_sensor", "threshold_exceeded") == "off"
    return ccu


async def test_an_overload_and_its_end_are_shown_at_once(busy: Ccu) -> None:
    for current, state in ((65535, "on"), (900, "off"), (65535, "on")):
        await busy.report(current_a=current)
        assert busy.state("binary_sensor", "overload") == state
        assert busy.state("sensor", "current_a") == ("unknown" if state == "on" else str(current))


async def test_a_doubtful_off_is_unknown_at_once(busy: Ccu) -> None:
    await busy.report(relay_a=False)
    assert busy.state("switch", "socket_a") == "unknown"
    await busy.report(relay_a=True)
    assert busy.state("switch", "socket_a") == "on"


async def test_a_current_that_rises_through_the_threshold_is_shown_at_once(busy: Ccu) -> None:
    await busy.report(current_a=4900)  # a measured value, at the publisher's pace
    assert busy.state("sensor", "current_a") == "1000"
    await busy.report(current_a=5001)
    assert busy.state("binary_sensor", "threshold_exceeded") == "on"
    assert busy.state("sensor", "current_a") == "5001"
    assert busy.state("sensor", "power_a") == "1150.2"


async def test_a_main_current_that_rises_through_its_threshold_is_shown_at_once(ccu: Ccu) -> None:
    await ccu.act("number", "set_value", "number", "main_threshold", None, value=16000)
    await ccu.report()
    for key, device_id in (("main_threshold", None), ("threshold", "FE")):
        with pytest.raises(ServiceValidationError, match="nan"):
            await ccu.act("number", "set_value", "number", key, device_id, value="nan")
    for current_ma in (9000, 16001):
        await ccu.post("/api/breaker-data/", {"ccu_id": "01", "current_ma": current_ma})
    assert ccu.state("binary_sensor", "main_overload", None) == "on"
    assert ccu.state("sensor", "main_current", None) == "16001"
    assert ccu.state("sensor", "main_power", None) == "3680.2"


async def test_an_unknown_main_current_is_not_shown_as_the_last_one_and_ends_no_alert(ccu: Ccu) -> None:
    ccu.version = "?v=2"
    await ccu.act("number", "set_value", "number", "main_threshold", None, value=16000)
    body = {"ccu_id": "01", "firmware": "1.0.0", "chip": "esp32c3"}
    for current in ({}, {"current_ma": 16001}, {"current_ma": None}):
        assert await ccu.post("/api/breaker-data/", body | current) == (200, {"success": True})
        assert ccu.hub.model.main_current_ma == current.get("current_ma")
        expected = "16001" if current.get("current_ma") else "unknown"
        assert ccu.state("sensor", "main_current", None) == expected
    assert ccu.state("binary_sensor", "main_overload", None) == "on"
    assert (ccu.hub.info.firmware, ccu.hub.info.chip) == ("1.0.0", "esp32c3")
    await ccu.post("/api/breaker-data/", body | {"current_ma": 900})
    assert ccu.state("binary_sensor", "main_overload", None) == "off"


async def test_a_threshold_mismatch_is_shown_at_once(busy: Ccu) -> None:
    busy.version = "?v=2"
    await busy.act("number", "set_value", "number", "threshold", value=5000)
    (_, answer) = await busy.get("/api/commands/FE/")
    await busy.post("/api/commands/FE/ack/", {"id": answer["commands"][0]["id"], "ok": True})
    await busy.report(threshold=5000)
    assert busy.state("binary_sensor", "threshold_mismatch") == "off"
    await busy.report(threshold=4000)
    assert busy.state("binary_sensor", "threshold_mismatch") == "on"
    assert busy.attributes("number", "threshold")["device_threshold"] == 4000
