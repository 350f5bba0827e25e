"""What a patient person does: looks until a thing can be pressed, presses it, looks what became of it, presses again.

A press can miss on a busy machine: the dashboard may be built again, or what is above the element may move it, between
the look and the press. A gesture that has no effect three times is a fault of the product.
"""

from collections.abc import Callable
import time
from typing import Final

from playwright.sync_api import Error, Locator, Page

from .conftest import WAIT_S, steady

TRIES: Final = 3
_LOOK_MS: Final = 250
_TRY_S: Final = WAIT_S / TRIES
_TRY_MS: Final = _TRY_S * 1000


def happens(page: Page, effect: Callable[[], bool], within_s: float) -> bool:
    """Return whether an effect is seen in time; the page lives on meanwhile."""
    end = time.monotonic() + within_s
    while not steady(effect):
        if time.monotonic() > end:
            return False
        page.wait_for_timeout(_LOOK_MS)
    return True


def until(page: Page, effect: Callable[[], bool], gesture: Callable[[], object]) -> None:
    """Make a gesture, and make it again if it has no effect; one that could not even be made had none."""
    failure: Error | None = None
    for _ in range(TRIES):
        try:
            gesture()
        except Error as err:
            failure = err
        if happens(page, effect, _TRY_S):
            return
    raise AssertionError(f"No effect after {TRIES} gestures") from failure


def middle(element: Locator) -> tuple[float, float]:
    """Return the middle of an element that can be pressed: it is shown, does not move, and nothing covers it."""
    element.scroll_into_view_if_needed()
    element.click(trial=True, timeout=_TRY_MS)
    box = element.bounding_box()
    if box is None:
        raise Error("Element is not attached")
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag_by_mouse(element: Locator, right: float, down: float) -> None:
    """Drag an element by its middle."""
    mouse = element.page.mouse
    x, y = middle(element)
    mouse.move(x, y)
    mouse.down()
    try:
        mouse.move(x + right, y + down, steps=6)
    finally:
        mouse.up()


def drag_by_touch(element: Locator, right: float, down: float) -> None:
    """Drag an element by its middle with a finger."""
    finger = element.page.context.new_cdp_session(element.page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": left, "y": top} for left, top in points]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    x, y = middle(element)
    touch("touchStart", (x, y))
    for step in range(1, 7):
        touch("touchMove", (x + right * step / 6, y + down * step / 6))
    touch("touchEnd")
    finger.detach()


def value_of(slider: Locator) -> float:
    """Return the value of a slider."""
    return float(slider.get_attribute("aria-valuenow") or "nan")


def step_by_key(slider: Locator, key: str, times: int = 1) -> None:
    """Move a slider by a key, one step after the other, each when the one before is shown."""
    for _ in range(times):
        before = value_of(slider)
        until(slider.page, lambda before=before: value_of(slider) != before, lambda: slider.press(key, timeout=_TRY_MS))  # type: ignore[misc]


def press(button: Locator, effect: Callable[[], bool], key: str = "Enter") -> None:
    """Press a button by keyboard, once it is enabled."""

    def pressed() -> None:
        button.click(trial=True, timeout=_TRY_MS)
        button.press(key, timeout=_TRY_MS)

    until(button.page, effect, pressed)


def click(button: Locator, effect: Callable[[], bool]) -> None:
    """Press a button by mouse."""
    until(button.page, effect, lambda: button.click(timeout=_TRY_MS))


def tap(button: Locator, effect: Callable[[], bool]) -> None:
    """Press a button by touch."""
    until(button.page, effect, lambda: button.tap(timeout=_TRY_MS))
