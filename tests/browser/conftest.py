"""Chromium with a running demo. All tests are skipped, with the reason, if Chromium is not installed."""

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
import shutil
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Request, expect, sync_playwright
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
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
expect.set_options(timeout=60_000)
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
    """The browser."""
    playwright = _BROWSER_THREAD.submit(lambda: sync_playwright().start()).result()
    path = shutil.which("chromium")
    browser = _BROWSER_THREAD.submit(lambda: playwright.chromium.launch(executable_path=path, args=_FLAGS)).result()
    yield browser
    _BROWSER_THREAD.submit(browser.close).result()
    _BROWSER_THREAD.submit(playwright.stop).result()


def steady[T](look: Callable[[], T]) -> T:
    """Look again where the dashboard was built again meanwhile, as after an entity was added."""
    for _ in range(9):
        try:
            return look()
        except Error as err:
            if "not attached" not in str(err) and "Execution context was destroyed" not in str(err):
                raise
    return look()


@dataclass
class Visit:
    """A browser context that records console errors and requests to other hosts."""

    demo: RunningDemo
    context: BrowserContext
    page: Page
    console_errors: list[str] = field(default_factory=list)
    outside_requests: list[str] = field(default_factory=list)

    def log_in(
        self, username: str, password: str, path: str = "heat-suite-details/heating", shown: str = "hui-tile-card"
    ) -> None:
        """Log in through the login page and wait for an element of a dashboard."""
        self.page.goto(f"{self.demo.url}/{path}")
        self.page.fill("input[name=username]", username)
        self.page.fill("input[name=password]", password)
        self.page.press("input[name=password]", "Enter")
        self.page.wait_for_selector(shown, timeout=60_000)

    def screenshot(self, name: str) -> Path:
        """Save a screenshot in artifacts/screenshots/."""
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        file = ARTIFACTS / f"{name}.png"
        self.page.screenshot(path=file)
        return file


@pytest.fixture
def visit(demo: RunningDemo, chromium: Browser) -> Generator[Visit]:
    """A visit with a desktop window; fails on console errors and on requests to other hosts."""
    visit = _BROWSER_THREAD.submit(_arrive, demo, chromium).result()
    yield visit
    _BROWSER_THREAD.submit(visit.context.close).result()
    assert not visit.console_errors
    assert not visit.outside_requests


def _arrive(demo: RunningDemo, chromium: Browser) -> Visit:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    visit = Visit(demo, context, context.new_page())

    def watch(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in ("127.0.0.1", "localhost"):
            visit.outside_requests.append(request.url)

    def console(message: ConsoleMessage) -> None:
        if message.type == "error":
            visit.console_errors.append(f"{message.text} ({message.location.get('url')})")

    context.on("request", watch)
    visit.page.on("console", console)
    visit.page.on("pageerror", lambda error: visit.console_errors.append(f"page error: {error}"))
    return visit
