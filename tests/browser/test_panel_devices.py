"""What is done on the outlet panel and the rollout card, on 400 px, arrives at the simulated devices."""

import base64
from collections.abc import Callable, Generator
import itertools
import random

from playwright.sync_api import Locator, Page, TimeoutError, expect  # noqa: A004 - that of Playwright
import pytest

from scripts.tooling.demo.domains.ota import CHIP, PRODUCT, signed_release
from simulators.ota_device.image import build
from tests.running_demo import RunningDemo

from .conftest import WAIT_MS, Visit, control, truth, violations
from .test_panels import PANEL, ROLLOUTS

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser"), pytest.mark.timeout(1800)]


def sockets(demo: RunningDemo) -> dict[str, bool]:
    """Return the relays of the CCU's outlets as they are."""
    outlets = truth(demo, "FE")["outlets"]
    return {f"{name}/{letter}": outlets[name][f"relay_{letter}"] for name in ("FE", "FD") for letter in "ab"}


_WATCHED = """(button) => {
    window.heldButton = "";
    new MutationObserver(() => {
        if (button.classList.contains("held")) window.heldButton = "held";
        else if (window.heldButton === "held") window.heldButton = "acts";
    }).observe(button, { attributes: true });
}"""
_PRESSES = 5


def hold_until_it_acts(page: Page, button: Locator, press: Callable[[], None], release: Callable[[], None]) -> None:
    """Hold a button for long enough in the time of the page.

    What is above the button can move it, so that a press on its place does not meet it: it is pressed again then, as a
    person does. A press that arrived has to act, also if the button moves afterwards.
    """
    for _ in range(_PRESSES):
        button.click(trial=True)
        button.evaluate(_WATCHED)
        press()
        try:
            page.wait_for_function("window.heldButton", timeout=WAIT_MS / _PRESSES)
        except TimeoutError:
            release()
            continue
        button.evaluate("(button) => { button.parentElement.style.marginTop = '120px'; }")
        page.wait_for_function("window.heldButton === 'acts'")
        release()
        return
    pytest.fail("No press arrived at the button")


def middle(button: Locator) -> tuple[float, float]:
    box = button.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def hold_by_mouse(page: Page, button: Locator) -> None:
    def press() -> None:
        page.mouse.move(*middle(button))
        page.mouse.down()

    hold_until_it_acts(page, button, press, page.mouse.up)


def hold_by_touch(page: Page, button: Locator) -> None:
    session = page.context.new_cdp_session(page)

    def press() -> None:
        x, y = middle(button)
        session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})

    def release() -> None:
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    hold_until_it_acts(page, button, press, release)


def hold_by_key(key: str) -> Callable[[Page, Locator], None]:
    def hold(page: Page, button: Locator) -> None:
        def press() -> None:
            button.focus()
            page.keyboard.down(key)

        hold_until_it_acts(page, button, press, lambda: page.keyboard.up(key))

    return hold


@pytest.mark.parametrize(
    "hold",
    [hold_by_mouse, hold_by_touch, hold_by_key("Space"), hold_by_key("Enter")],
    ids=["mouse", "touch", "space", "enter"],
)
def test_everything_is_switched_off_at_the_devices_and_restored(
    phone: Visit, hold: Callable[[Page, Locator], None]
) -> None:
    demo = phone.demo
    entities = demo.device("FE")["entities"]
    for socket in ("socket_a", "socket_b"):
        demo.request("POST", "/api/services/switch/turn_on", {"entity_id": entities[socket]})
        demo.wait_for(entities[socket], "on")
    phone.wait_until(lambda: sockets(demo)["FE/a"] and sockets(demo)["FE/b"])
    before = sockets(demo)
    card = phone.card(PANEL)
    button = card.get_by_role("button", name="Switch everything off")
    button.scroll_into_view_if_needed()
    hold(phone.page, button)
    phone.wait_until(lambda: not any(on for name, on in sockets(demo).items() if name != "FE/b"))
    assert sockets(demo)["FE/b"], "a protected socket stays as it is"
    demo.wait_for(entities["socket_a"], "off")
    result = card.locator(".result").first
    expect(result).to_contain_text("Kitchen outlet A")
    result.get_by_role("button", name="Switch on again").click()
    phone.wait_until(lambda: sockets(demo) == before)
    demo.wait_for(entities["socket_a"], "on")


def open_alerts(demo: RunningDemo) -> list[str]:
    """Return the messages of the alerts that were not dismissed."""
    _, answer = demo.request("POST", "/api/services/smart_outlet/list_alerts?return_response", {})
    return [alert["message"] for alert in answer["service_response"]["alerts"]]


@pytest.fixture
def kettle(demo: RunningDemo) -> Generator[dict[str, str]]:
    """A load of 2 A at socket A of the outlet in the kitchen, without a threshold; the entities of the outlet."""
    entities: dict[str, str] = demo.device("FE")["entities"]

    def begin() -> None:
        demo.request("POST", "/api/services/number/set_value", {"entity_id": entities["threshold"], "value": 0})
        demo.wait_until(lambda: truth(demo, "FE")["outlets"]["FE"]["threshold"] == 0)
        # A socket that tripped is switched off before it is switched on again.
        if truth(demo, "FE")["outlets"]["FE"]["tripped"]:
            demo.request("POST", "/api/services/switch/turn_off", {"entity_id": entities["socket_a"]})
            demo.wait_until(lambda: not truth(demo, "FE")["outlets"]["FE"]["tripped"])
        demo.request("POST", "/api/services/switch/turn_on", {"entity_id": entities["socket_a"]})
        demo.wait_until(lambda: sockets(demo)["FE/a"])
        demo.request("POST", "/api/services/smart_outlet/dismiss_alert", {})

    load = {"outlet": "FE", "a": 2000, "b": 100}
    assert demo.request("POST", "/do/load", load, url=control(demo, "FE"), token=None)[0] == 200
    begin()
    yield entities
    begin()


def test_a_threshold_trips_the_outlet_and_its_alert_is_dismissed(phone: Visit, kettle: dict[str, str]) -> None:
    """On a phone: typed and dismissed by keyboard, removed by touch; the outlet has each threshold."""
    demo, page = phone.demo, phone.page
    card = phone.card(PANEL)
    outlet = card.get_by_role("group", name="Kitchen outlet")
    limit, field = outlet.locator("button.limit"), outlet.get_by_role("textbox")
    limit.focus()
    page.keyboard.press("Enter")
    expect(field).to_be_focused()
    field.fill("0,5")
    assert violations(card) == []
    field.press("Enter")
    phone.wait_until(lambda: truth(demo, "FE")["outlets"]["FE"]["threshold"] == 500)
    phone.wait_until(lambda: not sockets(demo)["FE/a"])
    assert sockets(demo)["FE/b"], "a socket below the threshold stays on"
    expect(limit).to_contain_text("0.5")
    message = "Kitchen outlet: socket A tripped on overload"
    dismiss = card.get_by_role("button", name=f"Dismiss: {message}", exact=True)
    expect(dismiss).to_be_visible()
    assert message in open_alerts(demo)
    dismiss.focus()
    page.keyboard.press("Enter")
    expect(dismiss).to_have_count(0)
    phone.wait_until(lambda: message not in open_alerts(demo))
    limit.tap()
    field.fill("")
    outlet.get_by_role("button", name="Save").tap()
    phone.wait_until(lambda: truth(demo, "FE")["outlets"]["FE"]["threshold"] == 0)
    expect(limit).to_contain_text("No threshold")


_NUMBERS = itertools.count(16)
"""A test that is run again uploads another release."""
_DROP = """(element, files) => {
    const transfer = new DataTransfer();
    for (const [name, text] of files) {
        const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
        transfer.items.add(new File([bytes], name));
    }
    for (const type of ["dragover", "drop"]) {
        const options = { dataTransfer: transfer, bubbles: true, cancelable: true, composed: true };
        element.dispatchEvent(new DragEvent(type, options));
    }
}"""


def release_files(version: str, sequence: int) -> list[tuple[str, str]]:
    """Return the files of a release as they are dropped: name and content."""
    image = build(CHIP, PRODUCT, version, random.Random(sequence).randbytes(100_000))
    manifest, signature = signed_release(image, version, sequence)
    files = {"thermostat.bin": image, "thermostat.json": manifest, "thermostat.sig": signature.encode()}
    return [(name, base64.b64encode(content).decode()) for name, content in files.items()]


def test_a_release_is_dropped_rolled_out_paused_resumed_and_aborted(visit: Visit) -> None:
    """The first device of the rollout runs the new version; the others keep theirs."""
    demo, page = visit.demo, visit.page
    devices = [device["id"] for device in demo.info["devices"] if device["kind"] == "ota_device"]
    number = next(_NUMBERS)
    version = f"1.6.{number}"
    files = release_files(version, number)
    card = visit.card(ROLLOUTS, width=400)
    expect(card.locator(".drop")).to_be_visible()
    card.locator("ha-card").evaluate(_DROP, files[:1])
    expect(card.locator(".live")).to_contain_text("The manifest (.json) is missing")
    card.locator("ha-card").evaluate(_DROP, files)
    expect(card.locator(".live")).to_have_text(f"{PRODUCT} {version} is stored.")
    roll_out = card.locator(".release.new").get_by_role("button", name="Roll out now")
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        assert violations(card) == [], scheme
    roll_out.focus()
    page.keyboard.press("Enter")
    # Its first wave is one device, which has to report for half an hour before the next wave begins.
    rollout = card.locator("details.rollout", has_text=version).first
    rollout.get_by_role("button", name="Pause").click()
    expect(rollout.locator(".chip")).to_have_text("Paused")
    rollout.get_by_role("button", name="Resume").click()
    expect(rollout.locator(".chip")).to_have_text("Running")
    visit.wait_until(lambda: any(truth(demo, device)["version"] == version for device in devices), 600)
    abort = rollout.get_by_role("button", name="Abort")
    abort.focus()
    page.keyboard.press("Enter")
    sure = rollout.get_by_role("button", name="Press again: Abort")
    sure.focus()
    page.keyboard.press("Enter")
    expect(rollout.locator(".chip")).to_have_text("Aborted")
    assert sum(truth(demo, device)["version"] == version for device in devices) == 1

    def shown() -> list[str]:
        """Return the states of this rollout in Home Assistant."""
        _, states = demo.request("GET", "/api/states")
        part = version.replace(".", "_")
        return [item["state"] for item in states if part in item["entity_id"]]

    visit.wait_until(lambda: "aborted" in shown())
