"""Week schedule, outlet panel, rollouts and the built dashboard in the browser, by mouse, touch and keyboard."""

from contextlib import closing
import json
from typing import Any

from playwright.sync_api import Browser, Locator, expect
import pytest

from tests.running_demo import RunningDemo

from .conftest import ALONE, Visit, arrive, steady, truth, violations
from .gestures import click, drag_by_mouse, press, step_by_key, tap, until, value_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser"), pytest.mark.timeout(900)]
SCHEDULE, PANEL, ROLLOUTS = "iot-heating-week-schedule", "smart-outlet-panel", "ota-rollouts"
CARDS = [("heating", SCHEDULE), ("outlets", PANEL), ("firmware", ROLLOUTS)]
CONTENT = {SCHEDULE: ".block", PANEL: ".outlet", ROLLOUTS: ".rollout"}
"""What a card shows when its data has arrived."""


def schedule_of(demo: RunningDemo) -> list[dict[str, Any]]:
    """Return the schedule by which the simulated controller heats."""
    schedule: list[dict[str, Any]] = truth(demo, "ESP32-001")["schedule"]
    return schedule


def schedule_card(visit: Visit) -> Locator:
    """Open the week schedule, and wait for its blocks."""
    card = visit.card(SCHEDULE)
    card.locator(".block").first.wait_for()
    return card


def is_saved(card: Locator) -> bool:
    return card.locator(".live", has_text="Saved").is_visible()


def save_button(card: Locator) -> Locator:
    return card.get_by_role("button", name="Save", exact=True)


def end_of(card: Locator, day: str) -> Locator:
    """Select the first block of a day; return the handle of its end."""
    handle = card.get_by_role("slider", name="End")
    click(card.locator("button.face", has_text=day).first, handle.is_visible)
    return handle


def ends_at(demo: RunningDemo, day: str, minute: float) -> bool:
    """Return whether the simulated controller heats on a day until this minute."""
    end = f"{int(minute) // 60:02d}:{int(minute) % 60:02d}"
    return any(entry["day"].startswith(day) and f"-{end}" in json.dumps(entry) for entry in schedule_of(demo))


@pytest.mark.parametrize("tag", CONTENT)
def test_a_card_has_no_accessibility_violation(visit: Visit, tag: str) -> None:
    visit.card(tag).locator(CONTENT[tag]).first.wait_for()
    assert violations(visit.page.locator(tag).first) == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 400)])
def test_screenshots_of_the_cards(visit: Visit, scheme: str, width: int) -> None:
    """The pictures of the documentation are made of them."""
    visit.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    visit.page.set_viewport_size({"width": width, "height": 1800})
    for view, tag in CARDS:
        card = visit.open(f"{ALONE}/{view}", tag)
        card.locator(CONTENT[tag]).first.wait_for()
        visit.page.wait_for_timeout(1000)
        picture = visit.screenshot(f"view_{view}_{scheme}_{width}").with_name(f"{tag}_{scheme}_{width}.png")
        steady(lambda card=card, picture=picture: card.screenshot(path=picture))  # type: ignore[misc]
        visit.fits_the_window()


def test_every_view_of_the_built_dashboard_opens(visit: Visit) -> None:
    for view in ("overview", "heating", "outlets", "energy", "devices", "firmware"):
        visit.open(f"heat-suite/{view}", "hui-section")
        visit.page.wait_for_timeout(1500)
        # A card may show for a moment that its entity is loading.
        expect(visit.page.locator("hui-error-card, hui-warning"), view).to_have_count(0)


def test_a_schedule_is_changed_by_the_keyboard_alone(visit: Visit) -> None:
    card = schedule_card(visit)
    handle = card.get_by_role("slider", name="End")
    press(card.locator("button.face", has_text="Monday").first, handle.is_visible)
    before = value_of(handle)
    step_by_key(handle, "ArrowLeft", 2)
    assert value_of(handle) == before - 30
    press(save_button(card), lambda: is_saved(card))
    visit.wait_until(lambda: ends_at(visit.demo, "Mon", before - 30))


def test_an_edge_is_dragged_with_the_mouse(visit: Visit) -> None:
    card = schedule_card(visit)
    handle = end_of(card, "Wednesday")
    before = value_of(handle)
    bar = card.locator(".bar").first.bounding_box()
    assert bar is not None
    until(visit.page, lambda: value_of(handle) != before, lambda: drag_by_mouse(handle, -bar["width"] / 12, 0))
    after = value_of(handle)
    assert before - 150 <= after <= before - 90, "two hours, give or take a step"
    click(save_button(card), lambda: is_saved(card))
    visit.wait_until(lambda: ends_at(visit.demo, "Wed", after))


def test_the_second_of_two_browsers_gets_a_clear_conflict(visit: Visit, chromium: Browser, demo: RunningDemo) -> None:
    other = arrive(demo, chromium)
    with closing(other.context):
        first, second = schedule_card(visit), schedule_card(other)
        for card, day in ((first, "Saturday"), (second, "Friday")):
            step_by_key(end_of(card, day), "ArrowLeft")
        click(save_button(first), lambda: is_saved(first))
        conflict = second.get_by_role("alert")
        expect(conflict).to_contain_text("Someone else saved a change")
        click(second.get_by_role("button", name="Show their change"), lambda: conflict.count() == 0)
        other.check()


def test_a_socket_is_switched_by_touch(phone: Visit) -> None:
    """Home Assistant and the outlet itself follow."""
    demo = phone.demo
    entity_id = demo.device("FE")["entities"]["socket_a"]
    demo.request("POST", "/api/services/switch/turn_on", {"entity_id": entity_id})
    phone.wait_until(lambda: truth(demo, "FE")["outlets"]["FE"]["relay_a"])
    socket = phone.card(PANEL).get_by_role("switch", name="Kitchen outlet A")
    for on in (False, True):
        expect(socket).to_have_attribute("aria-checked", str(not on).lower())
        expect(socket).to_contain_text("Off" if on else "On")
        tap(socket, lambda on=on: truth(demo, "FE")["outlets"]["FE"]["relay_a"] is on)  # type: ignore[misc]
        demo.wait_for(entity_id, "on" if on else "off")


def test_a_short_press_does_not_switch_everything_off(visit: Visit) -> None:
    entity = visit.demo.device("FE")["entities"]["socket_a"]
    visit.demo.request("POST", "/api/services/switch/turn_on", {"entity_id": entity})
    visit.demo.wait_for(entity, "on")
    button = visit.card(PANEL).get_by_role("button", name="Switch everything off")
    expect(button).to_be_enabled()
    # Both at once: a busy machine may keep a key down for long.
    button.evaluate(
        """(button) => ["keydown", "keyup"].forEach((type) =>
            button.dispatchEvent(new KeyboardEvent(type, { key: "Enter", bubbles: true, composed: true })))"""
    )
    visit.page.wait_for_timeout(1500)
    assert visit.demo.state(entity) == "on"


@pytest.mark.parametrize("tag", CONTENT)
def test_the_readonly_user_sees_disabled_controls(visit: Visit, tag: str) -> None:
    card = visit.card(tag, "guest")
    card.locator(CONTENT[tag]).first.wait_for()
    expect(card.locator("button:not([disabled])")).to_have_count(0)
