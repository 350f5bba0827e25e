"""Chromium before a running demo. Everything skips, with the reason, where Chromium is not installed."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
import shutil
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, expect, sync_playwright
import pytest
import pytest_socket

from tests.running_demo import ROOT, RunningDemo, running

ARTIFACTS = ROOT / "artifacts" / "screenshots"
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=30_000)
# Playwright's sync API keeps an event loop running in its thread, which pytest-asyncio's fixtures do not bear:
# browser and tests live in a thread of their own.
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
    """Nothing of Home Assistant runs in this process."""


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """These tests talk to other processes."""


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningDemo]:
    """A running demo."""
    if shutil.which("chromium") is None:
        pytest.skip("Chromium is not installed (scripts/setup says how)")
    pytest_socket.enable_socket()
    folder: Path = tmp_path_factory.mktemp("browser") / "config"
    with running(folder) as started:
        yield started


@pytest.fixture(scope="session")
def chromium(demo: RunningDemo) -> Generator[Browser]:
    """The browser."""
    playwright = _BROWSER_THREAD.submit(lambda: sync_playwright().start()).result()
    path = shutil.which("chromium")
    browser = _BROWSER_THREAD.submit(lambda: playwright.chromium.launch(executable_path=path, args=_FLAGS)).result()
    yield browser
    _BROWSER_THREAD.submit(browser.close).result()
    _BROWSER_THREAD.submit(playwright.stop).result()


@dataclass
class Visit:
    """A visitor: a browser context that is watched."""

    demo: RunningDemo
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def log_in(self, username: str, password: str) -> None:
        """Through the login page, as a person does."""
        self.page.goto(f"{self.demo.url}/heat-suite/heating")
        self.page.fill("input[name=username]", username)
        self.page.fill("input[name=password]", password)
        self.page.press("input[name=password]", "Enter")
        self.page.wait_for_selector("hui-tile-card", timeout=60_000)

    def screenshot(self, name: str) -> Path:
        """A picture for people, in artifacts/screenshots/."""
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        file = ARTIFACTS / f"{name}.png"
        self.page.screenshot(path=file)
        return file


@pytest.fixture
def visit(demo: RunningDemo, chromium: Browser) -> Generator[Visit]:
    """A visitor with a desktop window; at the end no console error of ours and no call to the outside."""
    visit = _BROWSER_THREAD.submit(_arrive, demo, chromium).result()
    yield visit
    _BROWSER_THREAD.submit(visit.context.close).result()
    assert not visit.complaints
    assert not visit.strangers


def _arrive(demo: RunningDemo, chromium: Browser) -> Visit:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    visit = Visit(demo, context, context.new_page())

    def guard(route: Route) -> None:
        if urlsplit(route.request.url).hostname in ("127.0.0.1", "localhost"):
            route.continue_()
        else:
            visit.strangers.append(route.request.url)
            route.abort()

    def console(message: ConsoleMessage) -> None:
        if message.type == "error":
            visit.complaints.append(f"{message.text} ({message.location.get('url')})")

    context.route("**/*", guard)
    visit.page.on("console", console)
    visit.page.on("pageerror", lambda error: visit.complaints.append(f"page error: {error}"))
    return visit
