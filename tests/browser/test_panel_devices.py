"""What is done on the outlet panel and the rollout card, on 400 px, arrives at the simulated devices."""

import base64
from collections.abc import Callable, Generator
import random
import time
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect
import pytest

from scripts.tooling.demo.domains.ota import CHIP, PRODUCT, signed_release
from simulators.ota_device.image import build
from tests.running_demo import RunningDemo

from .conftest import Visit
from .test_panels import AXE, PANEL, ROLLOUTS, opened

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser"), pytest.mark.timeout(900)]
HELD_MS = 1300
VERSION = "1.6.0"


def truth(demo: RunningDemo, device_id: str) -> Any:
    """Return what the simulator of a device knows about itself."""
    control = "http://{host}:{port}".format(**demo.device(device_id)["simulator"]["control"])
    return demo.request("GET", "/state", url=control, token=None)[1]


def wait_until(condition: Callable[[], bool], timeout_s: float = 120) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.25)


def sockets(demo: RunningDemo) -> dict[str, bool]:
    """Return the relays of the CCU's outlets as they are."""
    outlets = truth(demo, "FE")["outlets"]
    return {f"{name}/{letter}": outlets[name][f"relay_{letter}"] for name in ("FE", "FD") for letter in "ab"}


def hold_by_mouse(page: Page, button: Locator) -> None:
    box = button.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(HELD_MS)
    page.mouse.up()


def hold_by_touch(page: Page, button: Locator) -> None:
    box = button.bounding_box()
    assert box is not None
    session = page.context.new_cdp_session(page)
    point = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    page.wait_for_timeout(HELD_MS)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def hold_by_keyboard(page: Page, button: Locator) -> None:
    button.focus()
    page.keyboard.down("Space")
    page.wait_for_timeout(HELD_MS)
    page.keyboard.up("Space")


@pytest.mark.parametrize("hold", [hold_by_mouse, hold_by_touch, hold_by_keyboard])
def test_everything_is_switched_off_at_the_devices_and_restored(
    demo: RunningDemo, chromium: Browser, hold: Callable[[Page, Locator], None]
) -> None:
    switched = demo.device("FE")["entities"]["socket_a"]
    demo.request("POST", "/api/services/switch/turn_on", {"entity_id": switched})
    wait_until(lambda: sockets(demo)["FE/a"])
    before = sockets(demo)
    context = chromium.new_context(viewport={"width": 400, "height": 850}, has_touch=True)
    try:
        page = context.new_page()
        card = opened(Visit(demo, context, page), "outlets", PANEL)
        button = card.get_by_role("button", name="Switch everything off")
        button.scroll_into_view_if_needed()
        hold(page, button)
        wait_until(lambda: not any(on for name, on in sockets(demo).items() if name != "FE/b"))
        assert sockets(demo)["FE/b"] is before["FE/b"], "a protected socket stays as it is"
        result = card.locator(".result").first
        expect(result).to_contain_text("Kitchen outlet A")
        result.get_by_role("button", name="Switch on again").click()
        wait_until(lambda: sockets(demo) == before)
    finally:
        context.close()


def accessibility(card: Locator) -> list[Any]:
    """Return what axe finds within a card."""
    card.page.add_script_tag(path=str(AXE))
    found = card.evaluate("element => axe.run(element.shadowRoot.querySelector('ha-card'))")
    return [(each["id"], each["nodes"][0]["html"][:120]) for each in found["violations"]]


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
        wait_until(lambda: truth(demo, "FE")["outlets"]["FE"]["threshold"] == 0)
        # A socket that tripped is switched off before it is switched on again.
        if truth(demo, "FE")["outlets"]["FE"]["tripped"]:
            demo.request("POST", "/api/services/switch/turn_off", {"entity_id": entities["socket_a"]})
            wait_until(lambda: not truth(demo, "FE")["outlets"]["FE"]["tripped"])
        demo.request("POST", "/api/services/switch/turn_on", {"entity_id": entities["socket_a"]})
        wait_until(lambda: sockets(demo)["FE/a"])
        demo.request("POST", "/api/services/smart_outlet/dismiss_alert", {})

    control = "http://{host}:{port}".format(**demo.device("FE")["simulator"]["control"])
    assert demo.request("POST", "/do/load", {"outlet": "FE", "a": 2000, "b": 100}, url=control, token=None)[0] == 200
    begin()
    yield entities
    begin()


def test_a_threshold_trips_the_outlet_and_its_alert_is_dismissed(
    demo: RunningDemo, chromium: Browser, kettle: dict[str, str]
) -> None:
    """On a phone: typed and dismissed by keyboard, removed by touch; the outlet has each threshold."""
    context = chromium.new_context(viewport={"width": 400, "height": 850}, has_touch=True)
    try:
        page = context.new_page()
        card = opened(Visit(demo, context, page), "outlets", PANEL)
        outlet = card.get_by_role("group", name="Kitchen outlet")
        limit, field = outlet.locator("button.limit"), outlet.get_by_role("textbox")
        limit.focus()
        page.keyboard.press("Enter")
        expect(field).to_be_focused()
        field.fill("0,5")
        assert accessibility(card) == []
        field.press("Enter")
        wait_until(lambda: truth(demo, "FE")["outlets"]["FE"]["threshold"] == 500)
        wait_until(lambda: not sockets(demo)["FE/a"])
        assert sockets(demo)["FE/b"], "a socket below the threshold stays on"
        expect(limit).to_contain_text("0.5")
        message = "Kitchen outlet: socket A tripped on overload"
        dismiss = card.get_by_role("button", name=f"Dismiss: {message}", exact=True)
        expect(dismiss).to_be_visible()
        assert message in open_alerts(demo)
        dismiss.focus()
        page.keyboard.press("Enter")
        expect(dismiss).to_have_count(0)
        wait_until(lambda: message not in open_alerts(demo))
        limit.tap()
        field.fill("")
        outlet.get_by_role("button", name="Save").tap()
        wait_until(lambda: truth(demo, "FE")["outlets"]["FE"]["threshold"] == 0)
        expect(limit).to_contain_text("No limit")
    finally:
        context.close()


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
    page.set_viewport_size({"width": 400, "height": 850})
    card = opened(visit, "firmware", ROLLOUTS)
    expect(card.locator(".drop")).to_be_visible()
    card.locator("ha-card").evaluate(_DROP, release_files(VERSION, 16)[:1])
    expect(card.locator(".live")).to_contain_text("The manifest (.json) is missing")
    card.locator("ha-card").evaluate(_DROP, release_files(VERSION, 16))
    expect(card.locator(".live")).to_have_text(f"{PRODUCT} {VERSION} is stored.")
    roll_out = card.locator(".release.new").get_by_role("button", name="Roll out now")
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        assert accessibility(card) == [], scheme
    roll_out.focus()
    page.keyboard.press("Enter")
    rollout = card.locator("details.rollout", has_text=VERSION).first
    rollout.get_by_role("button", name="Pause").click()
    expect(rollout.locator(".chip")).to_have_text("Paused")
    rollout.get_by_role("button", name="Resume").click()
    expect(rollout.locator(".chip")).to_have_text("Running")
    wait_until(lambda: any(truth(demo, device)["version"] == VERSION for device in devices))
    abort = rollout.get_by_role("button", name="Abort")
    abort.focus()
    page.keyboard.press("Enter")
    sure = rollout.get_by_role("button", name="Press again: Abort")
    sure.focus()
    page.keyboard.press("Enter")
    expect(rollout.locator(".chip")).to_have_text("Aborted")
    assert sum(truth(demo, device)["version"] == VERSION for device in devices) < len(devices)
    _, states = demo.request("GET", "/api/states")
    status = [
        item["state"] for item in states if item["entity_id"].startswith("sensor.") and "1_6" in item["entity_id"]
    ]
    assert "aborted" in status, "Home Assistant shows the same"
