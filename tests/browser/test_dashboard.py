"""The suite's dashboard in the browser."""

import re

from playwright.sync_api import expect
import pytest

from tests.running_demo import ROOT

from .conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser"), pytest.mark.timeout(900)]
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [("light", "light", 1280), ("dark", "dark", 1280), ("phone", "light", 400), ("phone_dark", "dark", 400)],
)
def test_screenshots(visit: Visit, name: str, scheme: str, width: int) -> None:
    visit.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    visit.page.set_viewport_size({"width": width, "height": 850})
    visit.log_in("demo", "demo")
    visit.page.wait_for_selector("hui-history-graph-card canvas", state="attached", timeout=60_000)
    visit.page.wait_for_timeout(1500)
    picture = visit.screenshot(f"dashboard_{name}")
    assert picture.stat().st_size > 20_000
    overflow = visit.page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
    assert overflow <= 0, "nothing is wider than the window"


def test_a_person_logs_in_and_sees_a_value_change(visit: Visit) -> None:
    visit.log_in("demo", "demo")
    controller = visit.demo.device("ESP32-001")
    entity_id = controller["entities"]["curve_value"]
    shown = visit.page.locator("hui-tile-card", has_text=re.compile("curve value", re.IGNORECASE)).first
    for value in (63, 58):
        body = {"entity_id": entity_id, "value": value}
        assert visit.demo.request("POST", "/api/services/number/set_value", body)[0] == 200
        expect(shown).to_contain_text(str(value), timeout=60_000)


def test_a_person_moves_the_slider_and_the_controller_gets_it(visit: Visit) -> None:
    visit.log_in("demo", "demo")
    controller = visit.demo.device("ESP32-001")
    entity_id = controller["entities"]["curve_value"]
    visit.demo.request("POST", "/api/services/number/set_value", {"entity_id": entity_id, "value": 50})
    slider = visit.page.locator("hui-tile-card", has_text=re.compile("curve value", re.IGNORECASE)).first.locator(
        "[role=slider]"
    )
    slider.focus()
    slider.press("ArrowRight")
    visit.demo.wait_for(entity_id, lambda state: float(state) > 50)
    headers = {"X-Device-Key": controller["key"]}
    _, answer = visit.demo.request("GET", "/api/iot/device/ESP32-001/sync/", token=None, headers=headers)
    assert answer["config"]["curve"]["value"] > 50


def test_the_live_value_of_a_controller_arrives(visit: Visit) -> None:
    """The simulated controller reports every five seconds; the page follows without a reload."""
    visit.log_in("demo", "demo")
    controller = visit.demo.device("ESP32-001")
    control = "http://{host}:{port}".format(**controller["simulator"]["control"])
    visit.demo.request("PUT", "/faults/outdoor_c", 17.5, url=control, token=None)
    try:
        shown = visit.page.locator("hui-tile-card", has_text=re.compile(r"^\s*Outdoor")).first
        expect(shown).to_contain_text("17.5", timeout=60_000)
    finally:
        visit.demo.request("DELETE", "/faults/outdoor_c", url=control, token=None)


def test_every_view_opens(visit: Visit) -> None:
    """One view per integration, none with an error card."""
    visit.log_in("demo", "demo")
    for number in range(len(visit.demo.info["entries"])):
        visit.page.goto(f"{visit.demo.url}/heat-suite-details/{number}")
        visit.page.wait_for_selector("hui-tile-card", timeout=60_000)
        visit.page.wait_for_timeout(3000)
        visit.screenshot(f"view_{number}")
        assert visit.page.locator("hui-error-card, hui-warning").count() == 0, f"view {number}"


def test_the_device_page_shows_the_controller(visit: Visit) -> None:
    visit.log_in("demo", "demo")
    controller = visit.demo.device("ESP32-001")
    visit.page.goto(f"{visit.demo.url}/config/devices/device/{controller['device_registry_id']}")
    expect(visit.page.get_by_text("Flow temperature").first).to_be_visible(timeout=60_000)
    visit.page.wait_for_timeout(1000)
    visit.screenshot("device_controller")


def test_the_readonly_user_sees_the_dashboard(visit: Visit) -> None:
    visit.log_in("guest", "guest")
    expect(visit.page.get_by_text("Main house").first).to_be_visible()
