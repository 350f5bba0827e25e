"""A protocol 1 heating controller and a user script, written from the protocol documentation, against the demo."""

from typing import Any

import pytest

from tests.running_demo import RunningDemo

pytestmark = [pytest.mark.demo, pytest.mark.slow, pytest.mark.xdist_group("demo"), pytest.mark.timeout(900)]
CONTROLLER = "ESP32-001"
V1_CONFIG = {
    "protocol_version",
    "device_id",
    "building_id",
    "iot_enabled",
    "curve",
    "schedule",
    "updated_at",
    "server_time",
}


class Controller:
    """A controller in the field."""

    def __init__(self, demo: RunningDemo) -> None:
        self.demo = demo
        self.device = demo.device(CONTROLLER)

    def sync(self, body: Any = None, *, how: str = "header", slash: str = "/") -> tuple[int, Any]:
        """One call, with the key in one of its three places."""
        key = self.device["key"]
        headers = {"header": {"X-Device-Key": key}, "bearer": {"Authorization": f"Bearer {key}"}}.get(how, {})
        path = f"/api/iot/device/{CONTROLLER}/sync{slash}" + (f"?api_key={key}" if how == "query" else "")
        return self.demo.request("GET" if body is None else "POST", path, body, token=None, headers=headers)


@pytest.fixture
def controller(demo: RunningDemo) -> Controller:
    """The demo's first controller."""
    return Controller(demo)


@pytest.mark.parametrize("how", ["header", "bearer", "query"])
@pytest.mark.parametrize("slash", ["/", ""])
def test_the_configuration_comes_wherever_the_key_is(controller: Controller, how: str, slash: str) -> None:
    status, answer = controller.sync(how=how, slash=slash)
    assert status == 200
    assert set(answer) == {"config"}
    config = answer["config"]
    assert set(config) == V1_CONFIG, "a version 1 device gets no field of version 2"
    assert (config["protocol_version"], config["device_id"]) == (1, CONTROLLER)
    assert isinstance(config["building_id"], int)
    assert set(config["curve"]) == {"value", "min_external_temp"}
    assert config["server_time"].endswith("Z")


def test_a_report_shows_in_the_list_and_in_the_state(controller: Controller) -> None:
    status, _ = controller.sync({"state": "on", "temp_out": 9.1, "supply_temp": 60.5, "voltage": 3.3, "errors": []})
    assert status == 200
    status, answer = controller.demo.request("GET", "/api/iot/devices/")
    assert status == 200
    listed = next(device for device in answer["devices"] if device["device_id"] == CONTROLLER)
    assert {
        "id",
        "device_id",
        "name",
        "building_id",
        "building",
        "kind",
        "current_status",
        "last_seen",
        "online",
    } <= set(listed)
    assert (listed["kind"], listed["online"]) == ("esp32", True)


def test_settings_are_read_and_patched_and_reach_the_controller(controller: Controller) -> None:
    demo = controller.demo
    building = controller.sync()[1]["config"]["building_id"]
    path = f"/api/iot/buildings/{building}/settings/"
    status, before = demo.request("GET", path)
    assert status == 200
    schedule = [{"day": "Mon-Fri", "slots": ["06:30-09:30", "18:00-23:00"], "target": "22C", "mode": "Auto"}]
    status, after = demo.request("PATCH", path, {"curve_value": 64, "min_external_temp": -9, "schedule": schedule})
    assert status == 200
    assert (after["curve_value"], after["min_external_temp"], after["schedule"]) == (64, -9, schedule)
    assert after["revision"] > before["revision"]
    config = controller.sync()[1]["config"]
    assert config["curve"] == {"value": 64, "min_external_temp": -9}
    assert config["schedule"] == schedule
    stale = {"curve_value": 10, "revision": before["revision"]}
    assert demo.request("PATCH", path, stale)[0] == 409
    restored = {"curve_value": before["curve_value"], "schedule": before["schedule"]}
    assert demo.request("PATCH", path, restored)[0] == 200


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"curve_value": 101}, "curve_value"),
        ({"curve_value": "60"}, "curve_value"),
        ({"min_external_temp": -31}, "min_external_temp"),
        ({"iot_enabled": 1}, "iot_enabled"),
        ({"schedule": [{"day": "Mon", "slots": ["25:00-26:00"]}]}, "schedule[0].slots[0]"),
    ],
)
def test_a_bad_setting_names_its_field_and_changes_nothing(
    controller: Controller, patch: dict[str, Any], field: str
) -> None:
    building = controller.sync()[1]["config"]["building_id"]
    path = f"/api/iot/buildings/{building}/settings/"
    before = controller.demo.request("GET", path)[1]
    status, answer = controller.demo.request("PATCH", path, patch)
    assert (status, answer["error"], answer["field"]) == (400, "bad_value", field)
    assert controller.demo.request("GET", path)[1] == before


def test_a_user_without_permission_reads_only(controller: Controller) -> None:
    demo, token = controller.demo, controller.demo.info["readonly_token"]
    building = controller.sync()[1]["config"]["building_id"]
    path = f"/api/iot/buildings/{building}/settings/"
    assert demo.request("GET", path, token=token)[0] == 200
    status, answer = demo.request("PATCH", path, {"curve_value": 1}, token=token)
    assert (status, answer["error"]) == (403, "forbidden")
    assert demo.request("GET", path, token=None)[0] == 401
    assert demo.request("GET", "/api/iot/buildings/99999/settings/")[0] == 404


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        (b"{", 400, "bad_json", None),
        (b"[1]", 400, "bad_json", None),
        (b'{"x": "\xff"}', 400, "bad_json", None),
        (b'{"x":' + b"[" * 20 + b"]" * 20 + b"}", 400, "bad_json", None),
        (b'{"state": "maybe"}', 400, "bad_value", "state"),
        (b'{"errors": "none"}', 400, "bad_value", "errors"),
        (b'{"pad": "' + b"x" * 70_000 + b'"}', 413, "too_large", None),
    ],
    ids=lambda value: value[:24].decode("latin-1") if isinstance(value, bytes) else None,
)
def test_bad_reports(controller: Controller, body: bytes, status: int, code: str, field: str | None) -> None:
    answered, answer = controller.sync(body)
    assert (answered, answer["error"], answer["field"]) == (status, code, field)


@pytest.mark.parametrize(
    "body",
    [
        b'{"temp_out": NaN}',
        b'{"temp_out": Infinity}',
        b'{"temp_out": "20"}',
        b'{"supply_temp": 121}',
        b'{"voltage": true}',
        b'{"temp_out": -127, "supply_temp": 50.5}',
    ],
    ids=lambda body: body.decode(),
)
def test_a_bad_reading_costs_only_itself(controller: Controller, body: bytes) -> None:
    status, answer = controller.sync(body)
    assert (status, set(answer)) == (200, {"config"})


def test_unknown_fields_are_not_an_error(controller: Controller) -> None:
    assert controller.sync({"rssi": -61, "nested": {"a": [1, None]}})[0] == 200
