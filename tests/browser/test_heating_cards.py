"""The cards of proof_of_heat in the demo: read, dragged, typed and saved; the result is read from Home Assistant."""

from collections.abc import Callable, Generator
import time
from typing import Any

from playwright.sync_api import Browser, Locator, expect
import pytest

from tests.running_demo import RunningDemo

from .conftest import ARTIFACTS, Visit, steady
from .test_dashboard import AXE

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser"), pytest.mark.timeout(900)]
OVERVIEW = "proof-of-heat-overview-card"
CURVE = "proof-of-heat-curve-card"
COP = "proof-of-heat-cop-card"
FLOW = "proof-of-heat-energy-flow-card"
HOUSE = "proof-of-heat-house-card"
WEEK = "proof-of-heat-week-schedule"
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
    found = element.evaluate("async (card) => (await axe.run(card, { resultTypes: ['violations'] })).violations")
    return [{"id": item["id"], "nodes": [node["html"][:200] for node in item["nodes"]]} for item in found]


def _look(visit: Visit, tag: str, name: str) -> tuple[list[dict[str, Any]], bool]:
    """Return a card's violations and whether it is as narrow as its place; save its picture."""
    shown = visit.page.locator(tag).first
    shown.locator("h2, strong").first.wait_for(timeout=60_000)
    shown.scroll_into_view_if_needed()
    visit.page.wait_for_timeout(300)
    problems = violations(shown)
    fits = bool(shown.evaluate("(card) => card.scrollWidth <= card.clientWidth + 1"))
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    shown.screenshot(path=ARTIFACTS / f"{name}.png")
    return problems, fits


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("dark", 400), ("light", 400)])
def test_cards_are_accessible_and_fit(visit: Visit, scheme: str, width: int) -> None:
    """All cards of a view, which is opened once; their pictures are those of the documentation."""
    visit.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    visit.log_in("demo", "demo")
    # So high that the toolbar does not cover a card.
    visit.page.set_viewport_size({"width": width, "height": 1800})
    card(visit, OVERVIEW)
    visit.page.add_script_tag(path=str(AXE))
    found, outside = {}, []
    for tag in (OVERVIEW, CURVE, COP, FLOW, HOUSE, WEEK):
        problems, fits = steady(lambda tag=tag: _look(visit, tag, f"{tag}_{scheme}_{width}"))  # type: ignore[misc]
        if problems:
            found[tag] = problems
        if not fits:
            outside.append(tag)
    assert found == {}
    assert outside == [], "nothing is wider than its card"


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
    visit.page.set_viewport_size({"width": 400, "height": 850})
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


@pytest.fixture
def heating(demo: RunningDemo) -> Generator[None]:
    """A home that heats now: a device confirms a new curve with its next command."""
    warmer = {"temperature": 26, "duration": {"hours": 1}}
    assert demo.request("POST", "/api/services/proof_of_heat/override", warmer)[0] == 200
    yield
    assert demo.request("POST", "/api/services/proof_of_heat/clear_override", {})[0] == 200


def test_the_curve_is_typed_and_the_boiler_gets_its_flow_temperature(
    visit: Visit, curve: dict[str, float], heating: None
) -> None:
    """What is saved arrives in the register of the simulated boiler, which confirms it."""
    visit.log_in("demo", "demo")
    shown = card(visit, CURVE)
    shown.locator("input[name=level]").fill("6")
    shown.locator("input[name=level]").press("Tab")
    shown.locator(".save .main").click()
    visit.demo.wait_for(LEVEL, lambda state: float(state) == 6)
    expect(shown.locator("li.confirmed").first).to_be_visible(timeout=600_000)


def test_the_curve_is_dragged_by_mouse_and_undone(visit: Visit, curve: dict[str, float]) -> None:
    visit.log_in("demo", "demo")
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


def test_the_curve_is_dragged_by_touch_and_saved(demo: RunningDemo, chromium: Browser, curve: dict[str, float]) -> None:
    context = chromium.new_context(viewport={"width": 400, "height": 850}, has_touch=True, is_mobile=True)
    try:
        phone = Visit(demo, context, context.new_page())
        phone.log_in("demo", "demo")
        shown = card(phone, CURVE)
        handle = shown.locator(".handle.level")
        box = handle.locator(".knob").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        finger = context.new_cdp_session(phone.page)

        def touch(kind: str, *points: tuple[float, float]) -> None:
            places = [{"x": left, "y": top} for left, top in points]
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

        touch("touchStart", (x, y))
        for step in range(1, 6):
            touch("touchMove", (x, y - 6 * step))
        touch("touchEnd")
        level = float(handle.get_attribute("aria-valuenow") or 0)
        assert level > curve[LEVEL]
        assert float(demo.state(LEVEL)) == curve[LEVEL], "a draft is not sent"
        shown.locator(".save .main").tap()
        expect(shown).to_contain_text("Saved")
        demo.wait_for(LEVEL, lambda state: float(state) == level)
        assert float(demo.state(SLOPE)) == curve[SLOPE]
    finally:
        context.close()


def test_the_week_of_a_room_is_changed_by_keyboard_and_the_thermostat_follows(visit: Visit) -> None:
    """Comfort on another day only: the room is at its eco temperature now, until the week is empty again."""
    visit.log_in("demo", "demo")
    visit.page.set_viewport_size({"width": 400, "height": 850})
    shown = card(visit, WEEK)
    shown.scroll_into_view_if_needed()

    def target() -> float:
        _, state = visit.demo.request("GET", "/api/states/climate.living_room")
        return float(state["attributes"]["temperature"])

    def save() -> None:
        shown.get_by_role("button", name="Save", exact=True).focus()
        visit.page.keyboard.press("Enter")
        expect(shown.locator(".live")).to_have_text("Saved")

    while (left := shown.locator("button.face")).count():  # of a run that failed
        left.first.press("Delete")
    if shown.locator(".footer").count():
        save()
    expect(shown).to_contain_text("always at its comfort temperature")
    comfort = target()
    today = shown.locator(".day.today").get_attribute("title")
    days = [day for day in ("Tuesday", "Friday") if day != today]
    shown.get_by_role("button", name=f"Add a heating time on {days[0]}").focus()
    visit.page.keyboard.press("Enter")
    edge = shown.get_by_role("slider", name="End")
    edge.press("ArrowRight")
    save()
    _wait(visit, lambda: target() < comfort)
    block = shown.locator("button.face").first
    block.focus()
    block.press("Delete")
    save()
    expect(shown).to_contain_text("always at its comfort temperature")
    _wait(visit, lambda: target() == comfort)


def test_the_flow_shows_other_periods_by_keyboard(visit: Visit) -> None:
    visit.log_in("demo", "demo")
    shown = card(visit, FLOW)
    for period in ("Month", "Hour", "Day"):
        button = shown.get_by_role("button", name=period, exact=True)
        button.focus()
        button.press("Enter")
        expect(button).to_have_attribute("aria-pressed", "true")
    shown.get_by_role("button", name="Earlier").press("Enter")
    expect(shown.locator(".pager strong")).to_have_text("Yesterday")
    shown.get_by_role("button", name="Later").press("Enter")
    expect(shown.locator(".pager strong")).to_have_text("Today")


def _wait(visit: Visit, reached: Callable[[], bool], timeout_s: float = 90) -> None:
    end = time.monotonic() + timeout_s
    while not reached():
        assert time.monotonic() < end
        visit.page.wait_for_timeout(300)


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
