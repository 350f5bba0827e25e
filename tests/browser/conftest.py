"""Chromium with a running demo. All tests are skipped, with the reason, if Chromium is not installed."""

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
import json
from pathlib import Path
import shutil
import time
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Request,
    TimeoutError,  # noqa: A004 - that of Playwright
    expect,
    sync_playwright,
)
import pytest
import pytest_socket

from tests.running_demo import ROOT, RunningDemo, running

_AXE: Final = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
_TRANSITION_S: Final = 20
ARTIFACTS = ROOT / "artifacts" / "screenshots"
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Other hosts are not found. An interceptor of requests instead of this would delay each of them.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
# All waits are for something that must happen; a busy machine needs long for it.
WAIT_S: Final = 180
WAIT_MS: Final = WAIT_S * 1000
expect.set_options(timeout=WAIT_MS)
ALONE: Final = "card-tests"
"""The dashboard with a view per card, and with the views of the built dashboard as they are at the start."""
OVERVIEW: Final = "proof-of-heat-overview-card"
TAGS: Final = (
    OVERVIEW,
    *(
        f"proof-of-heat-{name}"
        for name in ("curve-card", "cop-card", "energy-flow-card", "house-card", "week-schedule")
    ),
    "iot-heating-week-schedule",
    "smart-outlet-panel",
    "ota-rollouts",
)
_CARDS_ALONE: Final = """async ([url_path, tags]) => {
    const { hass } = document.querySelector("home-assistant");
    const { views } = await customElements.get("ll-strategy-dashboard-heat-suite").generate({}, hass);
    const cards = views.slice(1).flatMap(({ sections }) => sections.flatMap(({ cards }) => cards));
    const wide = (tag) => ({
        ...cards.find(({ type }) => type === `custom:${tag}`),
        grid_options: { columns: "full" },
    });
    const alone = tags.map((tag) => ({
        title: tag,
        path: tag,
        type: "sections",
        sections: [{ type: "grid", column_span: 2, cards: [wide(tag)] }],
    }));
    const options = { title: "Cards", mode: "storage", show_in_sidebar: false };
    const dashboards = await hass.callWS({ type: "lovelace/dashboards/list" });
    if (!dashboards.some((each) => each.url_path === url_path)) {
        await hass.callWS({ type: "lovelace/dashboards/create", url_path, ...options });
    }
    await hass.callWS({ type: "lovelace/config/save", url_path, config: { views: [...views, ...alone] } });
}"""
# Playwright's sync API keeps an event loop running in its thread, which conflicts with pytest-asyncio's fixtures:
# browser and tests run in a separate thread.
_BROWSER_THREAD = ThreadPoolExecutor(max_workers=1, thread_name_prefix="browser")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool:
    """Run the test in the browser's thread."""
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    _BROWSER_THREAD.submit(pyfuncitem.obj, **arguments).result()
    return True


@pytest.fixture(autouse=True)
def verify_cleanup() -> None:
    """Disable the plugin's check of lingering tasks: Home Assistant runs in another process."""


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Allow connections to other processes."""


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningDemo]:
    """A running demo."""
    if shutil.which("chromium") is None:
        pytest.skip("Chromium is not installed (see scripts/setup)")
    pytest_socket.enable_socket()
    folder: Path = tmp_path_factory.mktemp("browser") / "config"
    with running(folder) as started:
        yield started


@pytest.fixture(scope="package")
def chromium(demo: RunningDemo) -> Generator[Browser]:
    """The browser; the demo has the dashboard with the cards."""
    playwright = _BROWSER_THREAD.submit(lambda: sync_playwright().start()).result()
    path = shutil.which("chromium")
    browser = _BROWSER_THREAD.submit(
        lambda: playwright.chromium.launch(executable_path=path, args=_FLAGS, timeout=WAIT_MS)
    ).result()
    _BROWSER_THREAD.submit(_create_cards_alone, demo, browser).result()
    yield browser
    _BROWSER_THREAD.submit(browser.close).result()
    _BROWSER_THREAD.submit(playwright.stop).result()


def _create_cards_alone(demo: RunningDemo, chromium: Browser) -> None:
    """Create a dashboard with a view per card of the built dashboard.

    The built one is built again when an entity appears, which ends what a person was doing with a card, and its cards
    move while others above them load.
    """
    visit = arrive(demo, chromium)
    visit.open("heat-suite/overview", OVERVIEW)
    visit.page.wait_for_function("(tags) => tags.every((tag) => customElements.get(tag))", arg=list(TAGS))
    visit.page.evaluate(_CARDS_ALONE, [ALONE, TAGS])
    visit.context.close()


_REPLACED: Final = ("not attached", "Execution context was destroyed", "detached", "No elements found")
"""Parts of the errors that Playwright and axe report for an element that was replaced."""


def steady[T](look: Callable[[], T]) -> T:
    """Look again where the dashboard was built again meanwhile, as after an entity was added."""
    for _ in range(9):
        try:
            return look()
        except Error as err:
            if not any(part in str(err) for part in _REPLACED):
                raise
    return look()


def wait_until(page: Page, condition: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
    """Wait for a condition; the page lives on meanwhile."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end
        page.wait_for_timeout(250)


def truth(demo: RunningDemo, device_id: str) -> Any:
    """Return what the simulator of a device knows about itself."""
    return demo.request("GET", "/state", url=control(demo, device_id), token=None)[1]


def control(demo: RunningDemo, device_id: str) -> str:
    """Return the URL at which a simulator is asked and given faults."""
    return "http://{host}:{port}".format(**demo.device(device_id)["simulator"]["control"])


def violations(card: Locator) -> list[tuple[str, list[str]]]:
    """Return the rules that axe finds broken within a card, with their elements.

    Colors change in transitions, such as after a change of the scheme: what is found has to last.
    """
    card.page.add_script_tag(path=str(_AXE))
    end = time.monotonic() + _TRANSITION_S
    while True:
        found = card.evaluate("async (card) => (await axe.run(card, { resultTypes: ['violations'] })).violations")
        if not found or time.monotonic() > end:
            return [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found]
        time.sleep(0.5)


@dataclass
class Visit:
    """A browser context that records console errors and requests to other hosts."""

    demo: RunningDemo
    context: BrowserContext
    page: Page
    console_errors: list[str] = field(default_factory=list)
    outside_requests: list[str] = field(default_factory=list)
    username: str = ""

    def log_in(self, username: str, password: str, path: str, shown: str) -> None:
        """Log in through the login page and wait for an element of a dashboard."""
        self.page.goto(f"{self.demo.url}/{path}")
        self.page.fill("input[name=username]", username)
        self.page.fill("input[name=password]", password)
        self.page.press("input[name=password]", "Enter")
        self.page.wait_for_selector(shown)

    def open(self, path: str, shown: str = "hui-tile-card", username: str = "demo") -> Locator:
        """Open a page as a user who has logged in before; return the first element of a kind."""
        if self.username != username:
            self.username = username
            token = self.demo.info["token" if username == "demo" else "readonly_token"]
            self.context.add_init_script(f"localStorage.setItem('hassTokens', {json.dumps(self._stored(token))})")
        found = self.page.locator(shown).first
        for is_last in (False, False, True):
            self.page.goto(f"{self.demo.url}/{path}")
            try:
                found.wait_for(timeout=WAIT_MS / 2)
            except TimeoutError:
                # Home Assistant gives a page five seconds to load what builds a dashboard, and does not try again.
                if is_last:
                    raise
            else:
                break
        return found

    def _stored(self, token: str) -> str:
        url = self.demo.url
        lasting = {"expires_in": 10**9, "expires": 10**13}
        return json.dumps(
            {"access_token": token, "token_type": "Bearer", "refresh_token": "", "hassUrl": url, **lasting}
            | {"clientId": f"{url}/"}
        )

    def card(self, tag: str, username: str = "demo", width: int = 0) -> Locator:
        """Open the view that has this card alone."""
        if width:
            self.page.set_viewport_size({"width": width, "height": 850})
        return self.open(f"{ALONE}/{tag}", tag, username)

    def wait_until(self, condition: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
        """Wait for a condition; the page lives on meanwhile."""
        wait_until(self.page, condition, timeout_s)

    def screenshot(self, name: str) -> Path:
        """Save a screenshot in artifacts/screenshots/."""
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        file = ARTIFACTS / f"{name}.png"
        self.page.screenshot(path=file)
        return file

    def fits_the_window(self) -> None:
        """Wait until nothing is wider than the window."""
        self.page.wait_for_function("document.scrollingElement.scrollWidth <= document.scrollingElement.clientWidth")

    def check(self) -> None:
        """End the visit: there was no error in the console and no request to another host."""
        self.context.close()
        assert not self.console_errors
        assert not self.outside_requests


@pytest.fixture
def visit(demo: RunningDemo, chromium: Browser) -> Generator[Visit]:
    """A visit with a desktop window; fails on console errors and on requests to other hosts."""
    visit = _BROWSER_THREAD.submit(arrive, demo, chromium).result()
    yield visit
    _BROWSER_THREAD.submit(visit.check).result()


@pytest.fixture
def phone(demo: RunningDemo, chromium: Browser) -> Generator[Visit]:
    """A visit with a phone of 400 px that is touched."""
    size = {"width": 400, "height": 850}
    visit = _BROWSER_THREAD.submit(arrive, demo, chromium, viewport=size, has_touch=True, is_mobile=True).result()
    yield visit
    _BROWSER_THREAD.submit(visit.check).result()


def arrive(demo: RunningDemo, chromium: Browser, **options: Any) -> Visit:
    """Open a browser context."""
    context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    context.set_default_timeout(WAIT_MS)
    visit = Visit(demo, context, context.new_page())

    def console(message: ConsoleMessage) -> None:
        if message.type == "error":
            visit.console_errors.append(f"{message.text} ({message.location.get('url')})")

    def requested(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in ("127.0.0.1", "localhost"):
            visit.outside_requests.append(request.url)

    visit.page.on("request", requested)
    visit.page.on("console", console)
    visit.page.on("pageerror", lambda error: visit.console_errors.append(f"page error: {error}"))
    return visit
