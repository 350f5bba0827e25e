"""The cards of proof_of_heat in the demo: read, dragged, typed and saved; the result is read from Home Assistant."""

from collections.abc import Generator
from typing import Any

from playwright.sync_api import Locator, expect
import pytest

from tests.running_demo import RunningDemo

from .conftest import Visit
from .test_dashboard import AXE

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser"), pytest.mark.timeout(900)]
OVERVIEW = "proof-of-heat-overview-card"
CURVE = "proof-of-heat-curve-card"
SLOPE, LEVEL, MAX_FLOW = (
    f"number.house_{key}" for key in ("heating_curve_slope", "heating_curve_level", "maximum_flow_temperature")
)


@pytest.fixture
def curve(demo: RunningDemo) -> Generator[dict[str, float]]:
    """The curve before a test, which is restored."""
    before = {entity_id: float(demo.state(entity_id)) for entity_id in (SLOPE, LEVEL, MAX_FLOW)}
    yield before
    for entity_id, value in before.items():
        demo.request("POST", "/api/services/number/set_value", {"entity_id": entity_id, "value": value})


def card(visit: Visit, tag: str) -> Locator:
    """Open the view with the card, and wait for the card's content."""
    found = visit.page.locator(tag).first
    visit.page.goto(f"{visit.demo.url}/heat-suite/heating")
    found.wait_for(timeout=60_000)
    found.locator("h2").first.wait_for(timeout=60_000)
    found.scroll_into_view_if_needed()
    return found


def violations(element: Locator) -> list[dict[str, Any]]:
    """Return what axe finds within a card."""
    element.page.add_script_tag(path=str(AXE))
    found = element.evaluate("async (card) => (await axe.run(card, { resultTypes: ['violations'] })).violations")
    return [{"id": item["id"], "nodes": [node["html"][:200] for node in item["nodes"]]} for item in found]


@pytest.mark.parametrize("tag", [OVERVIEW, CURVE])
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 400)])
def test_cards_are_accessible_and_fit(visit: Visit, tag: str, scheme: str, width: int) -> None:
    visit.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    visit.log_in("demo", "demo")
    visit.page.set_viewport_size({"width": width, "height": 900})
    shown = card(visit, tag)
    expect(shown.locator("[role=slider]").first).to_be_visible()
    visit.page.wait_for_timeout(500)
    assert violations(shown) == []
    inside = shown.evaluate("(card) => card.scrollWidth <= card.clientWidth + 1")
    assert inside, "nothing is wider than the card"
    shown.screenshot(path=visit.screenshot(f"{tag}_{scheme}_{width}"))


def test_the_overview_shows_sources_with_their_price(visit: Visit) -> None:
    visit.log_in("demo", "demo")
    shown = card(visit, OVERVIEW)
    for name in ("Vitocal 16", "MicroBT M50S VH30", "Fröling boiler"):
        expect(shown.get_by_text(name).first).to_be_visible()
    expect(shown.get_by_text("ct/kWh").first).to_be_visible()
    expect(shown).to_contain_text("planned at", timeout=60_000)


def test_the_next_day_is_read_by_keyboard(visit: Visit) -> None:
    visit.log_in("demo", "demo")
    slider = card(visit, OVERVIEW).locator("proof-of-heat-next-day [role=slider]")
    before = slider.get_attribute("aria-valuetext")
    slider.focus()
    for _ in range(4):
        slider.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuenow", "4")
    assert slider.get_attribute("aria-valuetext") != before


def test_an_override_is_set_and_ended_by_keyboard(visit: Visit) -> None:
    visit.log_in("demo", "demo")
    panel = card(visit, OVERVIEW).locator("proof-of-heat-override")
    panel.locator("button.up").focus()
    visit.page.keyboard.press("Enter")
    visit.page.keyboard.press("Enter")
    wanted = float((panel.locator("output").text_content() or "").split()[0])
    panel.locator("button.set").focus()
    visit.page.keyboard.press("Enter")
    end = panel.locator("button.end").first
    expect(end).to_be_visible(timeout=60_000)
    _, states = visit.demo.request("GET", "/api/states")
    thermostats = [item for item in states if item["entity_id"].startswith("climate.")]
    assert any(item["attributes"].get("temperature") == wanted for item in thermostats)
    assert visit.demo.state("binary_sensor.house_override") == "on"
    end.focus()
    visit.page.keyboard.press("Enter")
    expect(panel.locator("button.end")).to_have_count(0, timeout=60_000)
    visit.demo.wait_for("binary_sensor.house_override", "off")


def test_the_curve_is_changed_by_keyboard_and_saved(visit: Visit, curve: dict[str, float]) -> None:
    visit.log_in("demo", "demo")
    shown = card(visit, CURVE)
    slope = shown.locator(".handle.slope")
    slope.focus()
    slope.press("ArrowUp")
    slope.press("ArrowUp")
    expect(shown).to_contain_text("Unsaved changes")
    assert float(visit.demo.state(SLOPE)) == curve[SLOPE], "a draft is not sent"
    shown.locator(".save .main").focus()
    visit.page.keyboard.press("Enter")
    expect(shown).to_contain_text("Saved")
    visit.demo.wait_for(SLOPE, lambda state: float(state) == pytest.approx(curve[SLOPE] + 0.1))


def test_the_curve_is_typed_and_the_boiler_gets_its_flow_temperature(visit: Visit, curve: dict[str, float]) -> None:
    """What is saved arrives in the register of the simulated boiler, which confirms it."""
    visit.log_in("demo", "demo")
    shown = card(visit, CURVE)
    shown.locator("input[name=level]").fill("6")
    shown.locator("input[name=level]").press("Tab")
    shown.locator(".save .main").click()
    visit.demo.wait_for(LEVEL, lambda state: float(state) == 6)
    expect(shown.locator("li.confirmed").first).to_be_visible(timeout=120_000)


@pytest.mark.parametrize("width", [1280, 400])
def test_the_curve_is_dragged_by_mouse_and_undone(visit: Visit, curve: dict[str, float], width: int) -> None:
    visit.log_in("demo", "demo")
    visit.page.set_viewport_size({"width": width, "height": 900})
    shown = card(visit, CURVE)
    handle = shown.locator(".handle.level")
    before = handle.get_attribute("aria-valuenow")
    box = handle.locator(".knob").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    visit.page.mouse.move(x, y)
    visit.page.mouse.down()
    visit.page.mouse.move(x, y - 30, steps=4)
    visit.page.mouse.up()
    assert float(handle.get_attribute("aria-valuenow") or 0) > float(before or 0)
    shown.locator(".undo").click()
    expect(handle).to_have_attribute("aria-valuenow", before or "")
    assert float(visit.demo.state(LEVEL)) == curve[LEVEL]


def test_a_second_browser_gets_a_conflict(visit: Visit, curve: dict[str, float]) -> None:
    visit.log_in("demo", "demo")
    shown = card(visit, CURVE)
    shown.locator(".handle.slope").press("ArrowUp")
    body = {"entity_id": LEVEL, "value": 3}
    assert visit.demo.request("POST", "/api/services/number/set_value", body)[0] == 200
    expect(shown).to_contain_text("Someone else saved a change", timeout=60_000)
    expect(shown.locator(".save .main")).to_have_count(0)
    shown.locator(".undo").click()
    expect(shown.locator(".handle.level")).to_have_attribute("aria-valuenow", "3")


def test_a_person_who_may_only_read_sees_disabled_controls(visit: Visit) -> None:
    visit.log_in("guest", "guest")
    panel = card(visit, OVERVIEW).locator("proof-of-heat-override")
    expect(panel).to_contain_text("You do not have permission")
    enabled = "(el) => [...el.shadowRoot.querySelectorAll('button, select')].filter((each) => !each.disabled).length"
    assert panel.evaluate(enabled) == 0
    assert card(visit, CURVE).locator("[role=slider]").count() == 0
