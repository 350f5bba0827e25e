"""The suite's dashboard in the browser."""

import re

from playwright.sync_api import expect
import pytest

from .conftest import Visit, control, truth
from .gestures import step_by_key

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser"), pytest.mark.timeout(900)]
DETAILS = "heat-suite-details/heating"


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [("light", "light", 1280), ("dark", "dark", 1280), ("phone", "light", 400), ("phone_dark", "dark", 400)],
)
def test_screenshots(visit: Visit, name: str, scheme: str, width: int) -> None:
    visit.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    visit.page.set_viewport_size({"width": width, "height": 850})
    visit.open(DETAILS)
    visit.page.wait_for_selector("hui-history-graph-card canvas", state="attached")
    visit.page.wait_for_timeout(1500)
    # More than an empty page or a sign that turns.
    visit.wait_until(lambda: visit.screenshot(f"dashboard_{name}").stat().st_size > 20_000)
    visit.fits_the_window()


def test_a_person_logs_in_and_sees_a_value_change(visit: Visit) -> None:
    visit.log_in("demo", "demo", DETAILS, "hui-tile-card")
    controller = visit.demo.device("ESP32-001")
    entity_id = controller["entities"]["curve_value"]
    shown = visit.page.locator("hui-tile-card", has_text=re.compile("curve value", re.IGNORECASE)).first
    for value in (63, 58):
        body = {"entity_id": entity_id, "value": value}
        assert visit.demo.request("POST", "/api/services/number/set_value", body)[0] == 200
        expect(shown).to_contain_text(str(value))


def test_a_person_moves_the_slider_and_the_controller_gets_it(visit: Visit) -> None:
    visit.open(DETAILS)
    demo = visit.demo
    entity_id = demo.device("ESP32-001")["entities"]["curve_value"]
    demo.request("POST", "/api/services/number/set_value", {"entity_id": entity_id, "value": 50})
    slider = visit.page.locator("hui-tile-card", has_text=re.compile("curve value", re.IGNORECASE)).first.locator(
        "[role=slider]"
    )
    expect(slider).to_have_attribute("aria-valuenow", "50")
    visit.wait_until(lambda: truth(demo, "ESP32-001")["curve_value"] == 50)
    step_by_key(slider, "ArrowRight")
    visit.wait_until(lambda: float(demo.state(entity_id)) == truth(demo, "ESP32-001")["curve_value"] > 50)


def test_the_live_value_of_a_controller_arrives(visit: Visit) -> None:
    """The simulated controller reports every five seconds; the page follows without a reload."""
    visit.open(DETAILS)
    url = control(visit.demo, "ESP32-001")
    visit.demo.request("PUT", "/faults/outdoor_c", 17.5, url=url, token=None)
    try:
        shown = visit.page.locator("hui-tile-card", has_text=re.compile(r"^\s*Outdoor")).first
        expect(shown).to_contain_text("17.5")
    finally:
        visit.demo.request("DELETE", "/faults/outdoor_c", url=url, token=None)


def test_every_view_opens(visit: Visit) -> None:
    """One view per integration, none with an error card."""
    for number in range(len(visit.demo.info["entries"])):
        visit.open(f"heat-suite-details/{number}")
        visit.page.wait_for_timeout(3000)
        visit.screenshot(f"view_{number}")
        # A card may show for a moment that its entity is loading.
        expect(visit.page.locator("hui-error-card, hui-warning"), f"view {number}").to_have_count(0)


def test_the_device_page_shows_the_controller(visit: Visit) -> None:
    controller = visit.demo.device("ESP32-001")
    visit.open(f"config/devices/device/{controller['device_registry_id']}", "ha-device-entities-card")
    expect(visit.page.get_by_text("Flow temperature").first).to_be_visible()
    visit.page.wait_for_timeout(1000)
    visit.screenshot("device_controller")


def test_the_readonly_user_sees_the_dashboard(visit: Visit) -> None:
    visit.log_in("guest", "guest", DETAILS, "hui-tile-card")
    expect(visit.page.get_by_text("Main house").first).to_be_visible()
