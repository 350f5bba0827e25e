"""The contract of ``scripts/demo --headless --json``, tested from outside."""

import asyncio
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
import signal
import socket
import time
from typing import Any

import pytest

from scripts.tooling.demo.client import HomeAssistant
from scripts.tooling.ports import free_port
from tests.running_demo import RunningDemo, ended, running

pytestmark = [pytest.mark.demo, pytest.mark.slow, pytest.mark.xdist_group("demo"), pytest.mark.timeout(900)]
CONTROLLER = "ESP32-001"
STATION = "DCABZSIM000001"


def sync(demo: RunningDemo, device_id: str, key: str, body: Any = None, method: str = "POST") -> tuple[int, Any]:
    headers = {"X-Device-Key": key}
    return demo.request(method, f"/api/iot/device/{device_id}/sync/", body, token=None, headers=headers)


def test_the_json_line_keeps_its_contract(demo: RunningDemo) -> None:
    info = demo.info
    assert {"url", "token", "readonly_token", "entries", "devices", "broker", "simulators", "pids", "seconds"} <= set(
        info
    )
    assert {"host", "port", "username", "password"} <= set(info["broker"])
    for device in info["devices"]:
        assert {
            "domain",
            "id",
            "key",
            "kind",
            "entry_id",
            "subentry_id",
            "device_registry_id",
            "entities",
            "simulator",
        } <= set(device)
        assert device["entities"], device["id"]
        assert device["entry_id"] in info["entries"][device["domain"]]
    for pid in info["pids"]:
        os.kill(pid, 0)
    for place in [*info["simulators"].values(), *(device["simulator"] for device in info["devices"])]:
        assert isinstance(place["port"], int)
        # Whatsminers have fixed ports and so an address each, which tests may not reach.
        if place["host"] == "127.0.0.1":
            socket.create_connection((place["host"], place["port"]), 60).close()


def test_home_assistant_runs_with_every_entry_loaded(demo: RunningDemo) -> None:
    status, config = demo.request("GET", "/api/config")
    assert (status, config["state"]) == (200, "RUNNING")

    def states() -> dict[str, str]:
        _, entries = demo.request("GET", "/api/config/config_entries/entry")
        return {entry["entry_id"]: entry["state"] for entry in entries if entry["domain"] in demo.info["entries"]}

    assert {entry for ids in demo.info["entries"].values() for entry in ids} == set(states())
    # On a busy machine a device may have answered late, and its entry is loaded again.
    demo.wait_until(lambda: set(states().values()) == {"loaded"})


def test_the_log_is_clean(demo: RunningDemo) -> None:
    """The log contains no error, no deprecation warning of the suite, and no key."""
    log = demo.logs()
    ours = [
        line
        for line in log.splitlines()
        if "custom_components" in line and ("ERROR" in line or "deprecated" in line or "Detected" in line)
    ]
    assert not ours
    assert "does not generate unique IDs" not in log
    assert not [device["id"] for device in demo.info["devices"] if device["key"] and device["key"] in log]


def test_the_read_only_user_reads_and_cannot_change(demo: RunningDemo) -> None:
    token = demo.info["readonly_token"]
    entity_id = demo.device(CONTROLLER)["entities"]["curve_value"]
    assert demo.request("GET", f"/api/states/{entity_id}", token=token)[0] == 200
    body = {"entity_id": entity_id, "value": 12}
    assert demo.request("POST", "/api/services/number/set_value", body, token=token)[0] == 401
    assert demo.state(entity_id) != "12"


def test_a_controller_sees_a_number_that_was_set(demo: RunningDemo) -> None:
    device = demo.device(CONTROLLER)
    entity_id = device["entities"]["curve_value"]
    for value in (61, 55):
        demo.request("POST", "/api/services/number/set_value", {"entity_id": entity_id, "value": value})
        status, answer = sync(demo, CONTROLLER, device["key"], method="GET")
        assert (status, answer["config"]["curve"]["value"]) == (200, value)
        assert demo.wait_for(entity_id, str(value))


def test_telemetry_becomes_states(demo: RunningDemo) -> None:
    """The simulated controller reports its own weather; the state follows it."""
    device = demo.device(CONTROLLER)
    control = "http://{host}:{port}".format(**device["simulator"]["control"])

    def follows(state: str) -> bool:
        """Whether a state is the present weather; another test may have reported its own just before."""
        _, truth = demo.request("GET", "/state", url=control, token=None)
        return state not in ("unknown", "unavailable") and float(state) == pytest.approx(truth["outdoor_c"], abs=0.5)

    demo.wait_for(device["entities"]["outdoor_temperature"], follows)
    assert demo.wait_for(device["entities"]["connectivity"], "on")


def test_the_simulated_controller_applies_the_number(demo: RunningDemo) -> None:
    device = demo.device(CONTROLLER)
    control = "http://{host}:{port}".format(**device["simulator"]["control"])
    entity_id = device["entities"]["min_external_temp"]
    demo.request("POST", "/api/services/number/set_value", {"entity_id": entity_id, "value": -11})
    demo.request("POST", "/do/poll", {}, url=control, token=None)

    def applied() -> bool:
        """Whether it is so; a call that was under way may end with what it got before."""
        _, truth = demo.request("GET", "/state", url=control, token=None)
        return bool(truth["min_external_temp"] == -11)

    demo.wait_until(applied)


def test_a_power_station_that_starts_shows_nothing_that_it_does_not_know(demo: RunningDemo) -> None:
    """No state is a placeholder, its energy stays where it was, and the grid was not lost."""
    device = demo.device(STATION)
    entities = device["entities"]
    control = "http://{host}:{port}".format(**device["simulator"]["control"])
    energy = [entities[key] for key in ("ac_input_energy", "ac_output_energy", "solar_input_energy")]
    demo.wait_for(entities["battery_level"], lambda state: state not in ("unknown", "unavailable"))
    demo.wait_until(lambda: all(demo.state(entity_id) not in ("unknown", "unavailable") for entity_id in energy))
    grid, before = demo.state(entities["grid"]), [float(demo.state(entity_id)) for entity_id in energy]
    demo.request("POST", "/do/wake", {"sn": STATION, "reports": 30}, url=control, token=None)
    for key in ("battery_level", "battery_power", "ac_input_power", "grid_present", "ac_output"):
        demo.wait_for(entities[key], "unknown")
    assert [float(demo.state(entity_id)) for entity_id in energy] == pytest.approx(before, abs=0.05)
    demo.wait_for(entities["grid_present"], "on")
    for key, low, high in (("battery_level", 5, 100), ("ac_output_power", 50, 400)):
        assert demo.wait_for(
            entities[key], lambda state, low=low, high=high: state != "unknown" and low <= float(state) <= high
        )
    assert [float(demo.state(entity_id)) for entity_id in energy] == pytest.approx(before, abs=0.1)
    assert demo.state(entities["grid"]) == grid, "no outage was signaled"


def test_sensors_of_radio_gateways_appear_by_themselves(demo: RunningDemo) -> None:
    """A LoRaWAN sensor and a Bluetooth mast, with their units; a press of a button is an event."""

    def found(ending: str) -> dict[str, Any] | None:
        states = demo.request("GET", "/api/states")[1]
        return next((state for state in states if state["entity_id"].endswith(ending)), None)

    demo.wait_until(lambda: found("cellar_lht65n_sht_temperature") is not None)
    cellar = found("cellar_lht65n_sht_temperature") or {}
    assert 10 < float(cellar["state"]) < 13
    assert cellar["attributes"]["unit_of_measurement"] == "°C"
    demo.wait_until(lambda: found("3c2ef5aabb03_speed") is not None)
    assert float((found("3c2ef5aabb03_speed") or {})["state"]) == pytest.approx(-0.482, abs=0.001)
    control = "http://{host}:{port}".format(**demo.info["simulators"]["bthome"]["control"])
    demo.request("POST", "/do/press", {"button": 1, "press": "double_press"}, url=control, token=None)
    demo.wait_until(lambda: (found("3c2ef5aabb02_button") or {"state": "unknown"})["state"] != "unknown")
    assert (found("3c2ef5aabb02_button") or {})["attributes"]["event_type"] == "double_press"


def test_values_that_only_creep_are_disabled_by_default(demo: RunningDemo) -> None:
    """Each change of one would be a line on the Activity page."""
    shown = {state["entity_id"] for state in demo.request("GET", "/api/states")[1]}
    creeping = [
        entity_id
        for device in demo.info["devices"]
        for key, entity_id in device["entities"].items()
        if key.endswith("last_seen")
    ]
    assert len(creeping) >= 10
    assert shown.isdisjoint(creeping)


def test_history_is_there(demo: RunningDemo) -> None:
    entity_id = demo.device(CONTROLLER)["entities"]["supply_temperature"]
    start = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() - 3 * 86400))
    path = f"/api/history/period/{start.replace('+', '%2B')}?filter_entity_id={entity_id}&minimal_response"
    status, answer = demo.request("GET", path)
    assert status == 200
    assert len(answer[0]) > 200, "a day, every five minutes"


def test_the_energy_dashboard_is_filled(demo: RunningDemo) -> None:
    """Every source and device of it has been counted for days, and the recorder continues from there."""

    async def statistics() -> tuple[dict[str, Any], dict[str, list[dict[str, float]]]]:
        async with HomeAssistant.connect(demo.url, demo.info["token"]) as ha:
            preferences = await ha.call("energy/get_prefs")
            sources, devices = preferences["energy_sources"], preferences["device_consumption"]
            meters = [source.get(key) for source in sources for key in ("stat_energy_from", "stat_energy_to")]
            meters += [device["stat_consumption"] for device in devices]
            start = datetime.now(UTC) - timedelta(days=15)
            asked = {"start_time": start.isoformat(), "period": "hour", "types": ["change"]}
            found = await ha.call(
                "recorder/statistics_during_period", statistic_ids=[meter for meter in meters if meter], **asked
            )
            return dict.fromkeys(filter(None, meters)), found

    meters, found = asyncio.run(statistics())
    assert len(meters) >= 18
    for meter in meters:
        changes = [row["change"] for row in found[meter]]
        assert len(changes) > 100, meter
        assert min(changes) >= 0, meter
        assert max(changes) < 10, meter
        assert sum(changes) > 0.5, meter


@pytest.mark.parametrize("case", ["no key", "empty", "prefix", "wrong", "unknown device", "other device's key"])
def test_unauthenticated_requests_are_rejected(demo: RunningDemo, case: str) -> None:
    """All get the same answer, and Home Assistant counts no failed login."""
    key = demo.device(CONTROLLER)["key"]
    other = demo.device("ESP32-002")["key"]
    device_id, presented = {
        "no key": (CONTROLLER, None),
        "empty": (CONTROLLER, ""),
        "prefix": (CONTROLLER, key[:-1]),
        "wrong": (CONTROLLER, "x" * 43),
        "unknown device": ("ESP32-999", key),
        "other device's key": (CONTROLLER, other),
    }[case]
    headers = {} if presented is None else {"X-Device-Key": presented}
    status, answer = demo.request(
        "POST", f"/api/iot/device/{device_id}/sync/", {"temp_out": 1}, token=None, headers=headers
    )
    assert status == 401
    assert answer == {"error": "unauthorized", "message": "no valid key was presented", "field": None}
    assert "Requested URL: '/api/iot" not in demo.logs(), "it was counted as a failed login"


def test_a_killed_home_assistant_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    """Kill Home Assistant, start again, and kill the demo itself: nothing is lost, and no child stays."""
    folder, port = tmp_path / "config", free_port()
    with running(folder, "--no-history", port=port) as first:
        private_key = Path(first.info["simulators"]["ecoflow_cloud"]["ca_file"]).with_name("server-key.pem")
        assert private_key.exists()
        device = first.device(CONTROLLER)
        entity_id = device["entities"]["curve_value"]
        status, _ = first.request("POST", "/api/services/number/set_value", {"entity_id": entity_id, "value": 73})
        assert status == 200
        os.kill(first.info["pids"][0], signal.SIGKILL)
        assert first.process.wait(timeout=120) == 1, "the demo reports that Home Assistant ended"
        assert ended(first.info["pids"])
        assert not private_key.exists()
    with running(folder, port=port) as second:
        assert second.info["token"] == first.info["token"]
        assert second.info["entries"] == first.info["entries"]
        status, answer = sync(second, CONTROLLER, device["key"], method="GET")
        assert (status, answer["config"]["curve"]["value"]) == (200, 73)
        assert second.wait_for(entity_id, "73")
        second.stop(signal.SIGKILL)
        assert ended(second.info["pids"])


def test_without_simulators_the_caller_is_the_device(tmp_path: Path) -> None:
    with running(tmp_path / "config", "--no-simulators", "--no-history") as own:
        device = own.device(CONTROLLER)
        entities = device["entities"]
        assert device["simulator"] == {"host": None, "port": None}
        assert {"host", "port"} == set.intersection(*map(set, own.info["simulators"].values()))
        assert own.state(entities["outdoor_temperature"]) == "unknown"
        body = {"state": "on", "temp_out": 8.7, "supply_temp": 61.5, "voltage": 3.3, "errors": []}
        status, answer = sync(own, CONTROLLER, device["key"], body)
        assert (status, answer["config"]["device_id"]) == (200, CONTROLLER)
        assert own.wait_for(entities["outdoor_temperature"], "8.7")
        assert own.wait_for(entities["supply_temperature"], "61.5")
        assert own.wait_for(entities["heating"], "on")
        assert own.stop() == 0
        assert ended(own.info["pids"])


def test_a_foreign_folder_is_not_touched(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "configuration.yaml").write_text("default_config:\n")
    with pytest.raises(AssertionError, match="was not created by the demo"), running(folder):
        pass
    assert [path.name for path in folder.iterdir()] == ["configuration.yaml"]
