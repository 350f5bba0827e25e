"""Week schedule, outlet panel, rollouts and the built dashboard in the browser, by mouse, touch and keyboard."""

import json
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect
import pytest

from tests.running_demo import ROOT, RunningDemo

from .conftest import Visit, steady

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser"), pytest.mark.timeout(900)]
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
SCHEDULE, PANEL, ROLLOUTS = "iot-heating-week-schedule", "smart-outlet-panel", "ota-rollouts"
CARDS = [("heating", SCHEDULE), ("outlets", PANEL), ("firmware", ROLLOUTS)]


def opened(visit: Visit, view: str, tag: str, username: str = "demo") -> Locator:
    """Log in and return the card of a view of the built dashboard."""
    visit.log_in(username, username, f"heat-suite/{view}", tag)
    card = visit.page.locator(tag).first
    card.scroll_into_view_if_needed()
    return card


def schedule_of(demo: RunningDemo) -> list[dict[str, Any]]:
    """Return the schedule that a simulated controller gets."""
    controller = demo.device("ESP32-001")
    headers = {"X-Device-Key": controller["key"]}
    _, answer = demo.request("GET", "/api/iot/device/ESP32-001/sync/", token=None, headers=headers)
    schedule: list[dict[str, Any]] = answer["config"]["schedule"]
    return schedule


def saved(card: Locator) -> None:
    card.get_by_role("button", name="Save", exact=True).click()
    expect(card.locator(".live")).to_have_text("Saved")


@pytest.mark.parametrize(("view", "tag"), CARDS)
def test_a_card_has_no_accessibility_violation(visit: Visit, view: str, tag: str) -> None:
    opened(visit, view, tag)
    visit.page.add_script_tag(path=str(AXE))
    found = visit.page.locator(tag).first.evaluate("element => axe.run(element.shadowRoot.querySelector('ha-card'))")
    assert [(each["id"], each["nodes"][0]["html"][:120]) for each in found["violations"]] == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 400)])
def test_screenshots_of_the_cards(visit: Visit, scheme: str, width: int) -> None:
    """The pictures of the documentation are made of them."""
    visit.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    visit.page.set_viewport_size({"width": width, "height": 1800})
    opened(visit, "overview", "hui-tile-card")
    for view, tag in CARDS:
        visit.page.goto(f"{visit.demo.url}/heat-suite/{view}")
        card = visit.page.locator(tag).first
        expect(card.locator("ha-card")).to_be_visible()
        visit.page.wait_for_timeout(1000)
        picture = visit.screenshot(f"view_{view}_{scheme}_{width}").with_name(f"{tag}_{scheme}_{width}.png")
        steady(lambda card=card, picture=picture: card.screenshot(path=picture))  # type: ignore[misc]
        overflow = visit.page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
        assert overflow <= 0, f"{view} is wider than the window"


def test_every_view_of_the_built_dashboard_opens(visit: Visit) -> None:
    visit.log_in("demo", "demo", "heat-suite/overview")
    for view in ("overview", "heating", "outlets", "energy", "devices", "firmware"):
        visit.page.goto(f"{visit.demo.url}/heat-suite/{view}")
        visit.page.wait_for_selector("hui-section", timeout=60_000)
        visit.page.wait_for_timeout(1500)
        assert visit.page.locator("hui-error-card, hui-warning").count() == 0, view


def test_a_schedule_is_changed_by_the_keyboard_alone(visit: Visit) -> None:
    card = opened(visit, "heating", SCHEDULE)
    block = card.get_by_role("button", name="Monday").first
    block.focus()
    block.press("Enter")
    handle = card.get_by_role("slider", name="End")
    before = int(handle.get_attribute("aria-valuenow") or 0)
    handle.focus()
    handle.press("ArrowLeft")
    handle.press("ArrowLeft")
    expect(handle).to_have_attribute("aria-valuenow", str(before - 30))
    save = card.get_by_role("button", name="Save", exact=True)
    save.focus()
    save.press("Enter")
    expect(card.locator(".live")).to_have_text("Saved")
    end = f"{(before - 30) // 60:02d}:{(before - 30) % 60:02d}"
    monday = [entry for entry in schedule_of(visit.demo) if entry["day"].startswith("Mon") and "00:00" in str(entry)]
    assert f"-{end}" in json.dumps(monday), monday


def test_an_edge_is_dragged_with_the_mouse(visit: Visit) -> None:
    card = opened(visit, "heating", SCHEDULE)
    card.get_by_role("button", name="Wednesday").first.click()
    handle = card.get_by_role("slider", name="End")
    before = int(handle.get_attribute("aria-valuenow") or 0)
    box, bar = handle.bounding_box(), card.locator(".bar").first.bounding_box()
    assert box is not None
    assert bar is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    visit.page.mouse.move(x, y)
    visit.page.mouse.down()
    visit.page.mouse.move(x - bar["width"] / 12, y, steps=6)
    visit.page.mouse.up()
    after = int(handle.get_attribute("aria-valuenow") or 0)
    assert before - 150 <= after <= before - 90, "two hours, give or take a step"
    before_save = schedule_of(visit.demo)
    saved(card)
    assert schedule_of(visit.demo) != before_save


def test_the_second_of_two_browsers_gets_a_clear_conflict(visit: Visit, chromium: Browser, demo: RunningDemo) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    try:
        other = Visit(demo, context, context.new_page())
        first, second = opened(visit, "heating", SCHEDULE), opened(other, "heating", SCHEDULE)
        for card, day in ((first, "Saturday"), (second, "Friday")):
            card.get_by_role("button", name=day).first.click()
            card.get_by_role("slider", name="End").press("ArrowLeft")
        saved(first)
        expect(second.get_by_role("alert")).to_contain_text("Someone else saved a change")
        second.get_by_role("button", name="Show their change").click()
        expect(second.get_by_role("alert")).to_have_count(0)
    finally:
        context.close()


def relay(demo: RunningDemo, key: str) -> str:
    return demo.state(demo.device("FE")["entities"][key])


def test_a_socket_is_switched_by_touch(visit: Visit, chromium: Browser, demo: RunningDemo) -> None:
    context = chromium.new_context(viewport={"width": 400, "height": 850}, has_touch=True)
    try:
        phone = Visit(demo, context, context.new_page())
        card = opened(phone, "outlets", PANEL)
        before = relay(demo, "socket_a")
        card.get_by_role("switch", name="Kitchen outlet A").tap()
        after = "off" if before == "on" else "on"
        demo.wait_for(demo.device("FE")["entities"]["socket_a"], after)
        card.get_by_role("switch", name="Kitchen outlet A").tap()
        demo.wait_for(demo.device("FE")["entities"]["socket_a"], before)
    finally:
        context.close()


def test_everything_is_switched_off_by_holding_a_key_and_on_again(visit: Visit) -> None:
    card = opened(visit, "outlets", PANEL)
    entity = visit.demo.device("FE")["entities"]["socket_a"]
    visit.demo.request("POST", "/api/services/switch/turn_on", {"entity_id": entity})
    visit.demo.wait_for(entity, "on")
    button = card.get_by_role("button", name="Switch everything off")
    button.focus()
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_timeout(1300)
    assert visit.demo.state(entity) == "on", "a short press does nothing"
    visit.page.keyboard.down("Enter")
    visit.page.wait_for_timeout(1300)
    visit.page.keyboard.up("Enter")
    visit.demo.wait_for(entity, "off")
    result = card.locator(".result").first
    expect(result).to_contain_text("Kitchen outlet A")
    again = result.get_by_role("button", name="Switch on again")
    expect(again).to_be_visible(timeout=60_000)
    again.click()
    visit.demo.wait_for(entity, "on")


def test_a_rollout_is_paused_and_resumed(visit: Visit) -> None:
    card = opened(visit, "firmware", ROLLOUTS)
    rollout = card.locator("details.rollout").first
    pause = rollout.get_by_role("button", name="Pause")
    if pause.count() == 0:
        pytest.skip("the demo's rollout has ended")
    pause.click()
    expect(rollout.locator(".chip")).to_have_text("Paused")
    rollout.get_by_role("button", name="Resume").click()
    expect(rollout.locator(".chip")).to_have_text("Running")


def enabled(page: Page, tag: str) -> list[str]:
    return page.locator(f"{tag} button:not([disabled])").all_inner_texts()


@pytest.mark.parametrize(("view", "tag"), CARDS)
def test_the_readonly_user_sees_disabled_controls(visit: Visit, view: str, tag: str) -> None:
    card = opened(visit, view, tag, "guest")
    expect(card.locator("ha-card")).to_be_visible()
    visit.page.wait_for_timeout(1500)
    assert enabled(visit.page, tag) == []
