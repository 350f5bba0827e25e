"""The cards of proof_of_heat in the demo: read, dragged, typed and saved; the result is read from Home Assistant."""

from collections.abc import Generator
from typing import Any

from playwright.sync_api import Locator, expect
import pytest

from tests.running_demo import RunningDemo

from .conftest import ALONE, ARTIFACTS, OVERVIEW, Visit, steady, truth, violations
from .gestures import click, drag_by_mouse, drag_by_touch, happens, press, step_by_key, tap, until, value_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser"), pytest.mark.timeout(1800)]
PUMP = "viessmann_7571381700000000_0"
PLAN_S = 600
"""The first plan takes some minutes after a start."""
CURVE = "proof-of-heat-curve-card"
COP = "proof-of-heat-cop-card"
FLOW = "proof-of-heat-energy-flow-card"
HOUSE = "proof-of-heat-house-card"
WEEK = "proof-of-heat-week-schedule"
SLOPE, LEVEL, MAX_FLOW = (
    f"number.house_{key}" for key in ("heating_curve_slope", "heating_curve_level", "maximum_flow_temperature")
)


@pytest.fixture
def curve(demo: RunningDemo) -> dict[str, float]:
    """The curve of a test, which is the same after any other test."""
    values = {SLOPE: 0.6, LEVEL: 0.0, MAX_FLOW: 40.0}
    for entity_id, value in values.items():
        demo.request("POST", "/api/services/number/set_value", {"entity_id": entity_id, "value": value})
    for entity_id, value in values.items():
        demo.wait_for(entity_id, lambda state, value=value: float(state) == value)
    return values


@pytest.fixture
def without_override(demo: RunningDemo) -> Generator[None]:
    """A home whose setpoints are those of its schedule after any other test."""
    clear = ("POST", "/api/services/proof_of_heat/clear_override", {})
    assert demo.request(*clear)[0] == 200
    demo.wait_for("binary_sensor.house_override", "off")
    yield
    assert demo.request(*clear)[0] == 200


def card(visit: Visit, tag: str, username: str = "demo", width: int = 0) -> Locator:
    """Open the card, and wait for its content."""
    found = visit.card(tag, username, width)
    found.locator("h2").first.wait_for()
    found.scroll_into_view_if_needed()
    return found


def _look(visit: Visit, tag: str, name: str) -> tuple[list[tuple[str, list[str]]], bool]:
    """Return a card's violations and whether it is as narrow as its place; save its picture."""
    shown = visit.page.locator(tag).first
    shown.locator("h2, strong").first.wait_for()
    shown.scroll_into_view_if_needed()
    visit.page.wait_for_timeout(300)
    problems = violations(shown)
    fits = happens(visit.page, lambda: bool(shown.evaluate("(card) => card.scrollWidth <= card.clientWidth + 1")), 20)
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    shown.screenshot(path=ARTIFACTS / f"{name}.png")
    return problems, fits


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("dark", 400), ("light", 400)])
def test_cards_are_accessible_and_fit(visit: Visit, scheme: str, width: int) -> None:
    """All cards of a view, which is opened once; their pictures are those of the documentation."""
    visit.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    # So high that the toolbar does not cover a card.
    visit.page.set_viewport_size({"width": width, "height": 1800})
    visit.open(f"{ALONE}/heating", f"{OVERVIEW} h2")
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
    shown = card(visit, OVERVIEW)
    for name in ("Vitocal 16", "MicroBT M50S VH30", "Fröling boiler"):
        expect(shown.get_by_text(name).first).to_be_visible()
    expect(shown.get_by_text("ct/kWh").first).to_be_visible()
    expect(shown).to_contain_text("planned at", timeout=PLAN_S * 1000)


def test_the_next_day_is_read_by_keyboard(visit: Visit) -> None:
    slider = card(visit, OVERVIEW).locator("proof-of-heat-next-day [role=slider]")
    slider.wait_for(timeout=PLAN_S * 1000)
    before = slider.get_attribute("aria-valuetext")
    step_by_key(slider, "ArrowRight", 4)
    expect(slider).to_have_attribute("aria-valuenow", "4")
    expect(slider).not_to_have_attribute("aria-valuetext", before or "")


def test_an_override_is_set_and_ended_by_keyboard(visit: Visit, without_override: None) -> None:
    panel = card(visit, OVERVIEW).locator("proof-of-heat-override")

    def chosen() -> float:
        return float((panel.locator("output").text_content() or "nan").split()[0])

    for _ in range(2):
        before = chosen()
        press(panel.locator("button.up"), lambda before=before: chosen() > before)  # type: ignore[misc]
    wanted = chosen()
    end = panel.locator("button.end")
    press(panel.locator("button.set"), end.first.is_visible)
    visit.demo.wait_for("binary_sensor.house_override", "on")

    def targets() -> list[float | None]:
        _, states = visit.demo.request("GET", "/api/states")
        return [item["attributes"].get("temperature") for item in states if item["entity_id"].startswith("climate.")]

    visit.wait_until(lambda: wanted in targets())
    press(end.first, lambda: end.count() == 0)
    visit.demo.wait_for("binary_sensor.house_override", "off")


def test_the_curve_is_changed_by_keyboard_and_saved(visit: Visit, curve: dict[str, float]) -> None:
    shown = card(visit, CURVE, width=400)
    step_by_key(shown.locator(".handle.slope"), "ArrowUp", 2)
    expect(shown).to_contain_text("Unsaved changes")
    assert float(visit.demo.state(SLOPE)) == curve[SLOPE], "a draft is not sent"
    press(shown.locator(".save .main"), shown.get_by_text("Saved", exact=True).is_visible)
    visit.demo.wait_for(SLOPE, lambda state: float(state) == pytest.approx(curve[SLOPE] + 0.1))


@pytest.fixture
def heating(demo: RunningDemo) -> Generator[None]:
    """A home that heats now: a device confirms a new curve with its next command."""
    warmer = {"temperature": 26, "duration": {"hours": 1}}
    assert demo.request("POST", "/api/services/proof_of_heat/override", warmer)[0] == 200
    yield
    assert demo.request("POST", "/api/services/proof_of_heat/clear_override", {})[0] == 200


_FIRST_MESSAGE = """(message) => new Promise((done) => {
    const { connection } = document.querySelector("home-assistant").hass;
    const end = connection.subscribeMessage((data) => { done(data); void end.then((stop) => stop()); }, message);
})"""


def first_message(visit: Visit, **message: str) -> Any:
    """Return what a subscription sends first."""
    return visit.page.evaluate(_FIRST_MESSAGE, message)


def test_the_curve_is_typed_and_the_heat_pump_confirms(visit: Visit, curve: dict[str, float], heating: None) -> None:
    """The card shows the curve that the simulated heat pump has, and that it has confirmed its command."""
    shown = card(visit, CURVE)
    level, handle = shown.locator("input[name=level]"), shown.locator(".handle.level")

    def typed() -> None:
        level.fill("6")
        level.press("Tab")

    until(visit.page, lambda: value_of(handle) == 6, typed)
    click(shown.locator(".save .main"), lambda: float(visit.demo.state(LEVEL)) == 6)
    expect(shown.locator("li.confirmed").first).to_be_visible(timeout=600_000)

    def is_what_the_pump_has() -> bool:
        (pump,) = first_message(visit, type="proof_of_heat/curve/subscribe")["devices"]
        device = truth(visit.demo, PUMP)
        return bool((pump["slope"], pump["level"]) == (device["slope"], device["shift"]))

    visit.wait_until(is_what_the_pump_has, 600)


def test_the_curve_is_dragged_by_mouse_and_undone(visit: Visit, curve: dict[str, float]) -> None:
    shown = card(visit, CURVE)
    handle = shown.locator(".handle.level")
    expect(handle).to_have_attribute("aria-valuenow", f"{curve[LEVEL]:g}")
    until(visit.page, lambda: value_of(handle) > curve[LEVEL], lambda: drag_by_mouse(handle.locator(".knob"), 0, -30))
    assert float(visit.demo.state(LEVEL)) == curve[LEVEL], "a draft is not sent"
    click(shown.locator(".undo"), lambda: value_of(handle) == curve[LEVEL])
    assert float(visit.demo.state(LEVEL)) == curve[LEVEL]


def test_the_curve_is_dragged_by_touch_and_saved(phone: Visit, curve: dict[str, float]) -> None:
    shown = card(phone, CURVE)
    handle = shown.locator(".handle.level")
    expect(handle).to_have_attribute("aria-valuenow", f"{curve[LEVEL]:g}")
    until(phone.page, lambda: value_of(handle) > curve[LEVEL], lambda: drag_by_touch(handle.locator(".knob"), 0, -30))
    level = value_of(handle)
    assert float(phone.demo.state(LEVEL)) == curve[LEVEL], "a draft is not sent"
    tap(shown.locator(".save .main"), shown.get_by_text("Saved", exact=True).is_visible)
    phone.demo.wait_for(LEVEL, lambda state: float(state) == level)
    assert float(phone.demo.state(SLOPE)) == curve[SLOPE]


def test_the_week_of_a_room_is_changed_by_keyboard_and_the_thermostat_follows(
    visit: Visit, without_override: None
) -> None:
    """Comfort on another day only: the room is at its eco temperature now, until the week is empty again."""
    shown = card(visit, WEEK, width=400)
    entity_id = shown.evaluate("(card) => card.config.entity")

    def target() -> float:
        _, state = visit.demo.request("GET", f"/api/states/{entity_id}")
        return float(state["attributes"]["temperature"])

    def save() -> None:
        press(shown.get_by_role("button", name="Save", exact=True), shown.locator(".live", has_text="Saved").is_visible)

    def delete() -> None:
        left = blocks.count()
        press(blocks.first, lambda: blocks.count() < left, "Delete")

    shown.locator(".rows").wait_for()
    blocks = shown.locator("button.face")
    while blocks.count():  # of a run that failed
        delete()
    if shown.locator(".footer").count():
        save()
    expect(shown).to_contain_text("always at its comfort temperature")
    # Neither today nor tomorrow, which may begin before the test has ended.
    days = shown.locator(".day").evaluate_all("(days) => days.map((day) => [day.title, day.matches('.today')])")
    today = next(number for number, (_, is_today) in enumerate(days) if is_today)
    other = days[(today + 3) % 7][0]
    edge = shown.get_by_role("slider", name="End")
    press(shown.get_by_role("button", name=f"Add a heating time on {other}"), edge.is_visible)
    step_by_key(edge, "ArrowRight")
    comfort = first_message(visit, type="proof_of_heat/schedule/subscribe", entity_id=entity_id)["comfort_c"]
    visit.wait_until(lambda: target() == comfort)
    save()
    visit.wait_until(lambda: target() < comfort)
    delete()
    save()
    expect(shown).to_contain_text("always at its comfort temperature")
    visit.wait_until(lambda: target() == comfort)


def test_the_flow_shows_other_periods_by_keyboard(visit: Visit) -> None:
    shown = card(visit, FLOW)
    for period in ("Month", "Hour", "Day"):
        button = shown.get_by_role("button", name=period, exact=True)
        pressed = shown.locator("button[aria-pressed=true]", has_text=period)
        press(button, pressed.is_visible)
    for turn, shows in (("Earlier", "Yesterday"), ("Later", "Today")):
        press(shown.get_by_role("button", name=turn), shown.locator(".pager strong", has_text=shows).is_visible)


def test_a_second_browser_gets_a_conflict(visit: Visit, curve: dict[str, float]) -> None:
    shown = card(visit, CURVE)
    step_by_key(shown.locator(".handle.slope"), "ArrowUp")
    body = {"entity_id": LEVEL, "value": 3}
    assert visit.demo.request("POST", "/api/services/number/set_value", body)[0] == 200
    expect(shown).to_contain_text("Someone else saved a change")
    expect(shown.locator(".save .main")).to_have_count(0)
    level = shown.locator(".handle.level")
    click(shown.locator(".undo"), lambda: value_of(level) == 3)


def test_a_person_who_may_only_read_sees_disabled_controls(visit: Visit) -> None:
    panel = card(visit, OVERVIEW, "guest").locator("proof-of-heat-override")
    expect(panel).to_contain_text("You do not have permission")
    expect(panel.locator("button, select").first).to_be_visible()
    expect(panel.locator(":is(button, select):not([disabled])")).to_have_count(0)
    expect(card(visit, CURVE, "guest").locator("[role=slider]")).to_have_count(0)
