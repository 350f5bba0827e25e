"""The pictures and results of docs/tour.md, from a running demo.

    scripts/demo --headless --json --port N --config DIR          prints the URL and the token
    python -m scripts.tooling.tour URL TOKEN [--folder FOLDER] [--only NAME]

Walks through the demo in a browser, takes a picture at each stop, and checks each of the suite's cards with axe.
Without ``--folder`` the pictures in docs/images/ and the table in docs/tour.md are replaced. The status is 1 if a stop
could not be opened, a card has an accessibility violation, or the browser logged an error.
"""

import argparse
import asyncio
from dataclasses import dataclass, field
import gzip
import io
import json
from pathlib import Path
import shutil
import sys
from typing import Any, Final

from PIL import Image
from playwright.async_api import Browser, BrowserContext, Error, Page, async_playwright

from .demo.client import HomeAssistant

ROOT: Final = Path(__file__).resolve().parents[2]
IMAGES: Final = ROOT / "docs" / "images"
PAGE: Final = ROOT / "docs" / "tour.md"
AXE: Final = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
BEGIN, END = "<!-- results -->", "<!-- end of results -->"
TIMEOUT_MS: Final = 60_000
ATTEMPTS: Final = 3
PLAN_MS: Final = 600_000
# Charts are animated, and load their data after they are attached.
SETTLE_MS: Final = 3_000
_FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
OVERVIEW, CURVE, COP = (f"proof-of-heat-{name}-card" for name in ("overview", "curve", "cop"))
SCHEDULE, OUTLETS, ROLLOUTS = "iot-heating-week-schedule", "smart-outlet-panel", "ota-rollouts"
_SELECTION: Final = {
    "one": ("smart_outlet",),
    "three": ("iot_heating", "smart_outlet", "ota"),
}
"""Name of a dashboard -> the integrations of an installation whose dashboard it is."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop of the tour.

    Attributes:
        name: Of its picture, after ``tour-``.
        path: Of the page in Home Assistant.
        shown: What has to be on the page.
        element: Picture of this element alone; None: of the window.
        cards: The suite's cards that axe checks.
        press: Name of a button that is pressed first.
    """

    name: str
    path: str
    shown: str
    element: str | None = None
    cards: tuple[str, ...] = ()
    width: int = 1280
    height: int = 860
    dark: bool = False
    press: str | None = None


STOPS: Final = (
    Stop("overview", "heat-suite/overview", OVERVIEW, cards=(OVERVIEW,)),
    Stop("heating", "heat-suite/heating", f"{OVERVIEW} h2", element=OVERVIEW),
    Stop("curve", "heat-suite/heating", f"{CURVE} h2", element=CURVE, cards=(CURVE,)),
    Stop("cop", "heat-suite/heating", f"{COP} h2", element=COP, cards=(COP,)),
    Stop("schedule", "heat-suite/heating", f"{SCHEDULE} ha-card", element=SCHEDULE, cards=(SCHEDULE,)),
    Stop("outlets", "heat-suite/outlets", f"{OUTLETS} ha-card", cards=(OUTLETS,)),
    # A whole day: today may have begun an hour ago.
    Stop("energy", "heat-suite/energy", "hui-energy-usage-graph-card", press="Previous"),
    Stop("devices", "heat-suite/devices", "hui-tile-card"),
    Stop("firmware", "heat-suite/firmware", f"{ROLLOUTS} ha-card", cards=(ROLLOUTS,)),
    Stop("activity", "logbook", "ha-logbook"),
    Stop("phone", "heat-suite/overview", f"{OVERVIEW} h2", cards=(OVERVIEW,), width=400, dark=True),
    Stop("one", "tour-one/overview", "hui-section", height=600),
    Stop("three", "tour-three/overview", "hui-section"),
)


@dataclass(slots=True)
class Results:
    """What was found on the way."""

    failed: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    checked: set[str] = field(default_factory=set)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is to be reported."""
        return not (self.failed or self.violations or self.console)


async def visit(context: BrowserContext, url: str, stop: Stop, results: Results) -> bytes:
    """Open a stop, check its cards and return its picture."""
    page = await context.new_page()
    page.on(
        "console",
        lambda message: results.console.append(f"{stop.name}: {message.text}") if message.type == "error" else None,
    )
    page.on("pageerror", lambda error: results.console.append(f"{stop.name}: {error}"))
    try:
        await page.set_viewport_size({"width": stop.width, "height": stop.height})
        await page.emulate_media(color_scheme="dark" if stop.dark else "light", reduced_motion="reduce")
        await page.goto(f"{url}/{stop.path}")
        await page.locator(stop.shown).first.wait_for(timeout=TIMEOUT_MS)
        if stop.press is not None:
            await page.get_by_role("button", name=stop.press).first.click()
        await page.wait_for_timeout(SETTLE_MS)
        for card in stop.cards:
            results.checked.add(card)
            results.violations += await violations(page, stop, card)
        if stop.element is None:
            return await page.screenshot()
        element = page.locator(stop.element).first
        await element.scroll_into_view_if_needed()
        return await element.screenshot()
    finally:
        await page.close()


async def violations(page: Page, stop: Stop, card: str) -> list[str]:
    """Return what axe finds within a card."""
    await page.add_script_tag(path=AXE)
    found = await page.locator(card).first.evaluate(
        "async (card) => (await axe.run(card, { resultTypes: ['violations'] })).violations"
    )
    return [f"{stop.name}, {card}: {item['id']} ({item['nodes'][0]['html'][:120]})" for item in found]


async def selections(page: Page, ha: HomeAssistant) -> None:
    """Create the dashboards of installations with fewer integrations, as the strategy builds them for those."""
    present = {item["url_path"] for item in await ha.call("lovelace/dashboards/list")}
    for name, domains in _SELECTION.items():
        config: dict[str, Any] = await page.evaluate(
            """async (domains) => {
                const { hass } = document.querySelector("home-assistant");
                const entities = Object.fromEntries(
                    Object.entries(hass.entities).filter(([, entity]) => domains.includes(entity.platform)));
                const strategy = customElements.get("ll-strategy-dashboard-heat-suite");
                const cards = window.customCards;
                const prefixes = domains.map((domain) => domain.replaceAll("_", "-"));
                // The cards of an integration that is not installed are not there.
                window.customCards = cards.filter(({ type }) => prefixes.some((prefix) => type.startsWith(prefix)));
                try {
                    return await strategy.generate({}, Object.assign(Object.create(hass), { entities }));
                } finally {
                    window.customCards = cards;
                }
            }""",
            list(domains),
        )
        path = f"tour-{name}"
        if path not in present:
            await ha.call(
                "lovelace/dashboards/create",
                url_path=path,
                title=f"Tour: {name}",
                mode="storage",
                show_in_sidebar=False,
                require_admin=True,
            )
        await ha.call("lovelace/config/save", url_path=path, config=config)


async def walk(browser: Browser, url: str, token: str, folder: Path, only: list[str]) -> Results:
    """Walk through the demo; the pictures are ``tour-<name>.webp`` in the folder."""
    context = await browser.new_context()
    tokens = {
        "access_token": token,
        "token_type": "Bearer",
        "refresh_token": "",
        "expires_in": 10**9,
        "expires": 10**13,
        "hassUrl": url,
        "clientId": f"{url}/",
    }
    await context.add_init_script(f"localStorage.setItem('hassTokens', {json.dumps(json.dumps(tokens))})")
    results = Results()
    page = await context.new_page()
    await page.goto(f"{url}/heat-suite/overview")
    # The first minutes after a start are without a plan.
    await page.locator(OVERVIEW).get_by_text("planned at").first.wait_for(timeout=PLAN_MS)
    async with HomeAssistant.connect(url, token) as ha:
        await selections(page, ha)
    await page.close()
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    for stop in STOPS:
        if only and stop.name not in only:
            continue
        for attempt in range(ATTEMPTS):
            try:
                picture = await visit(context, url, stop, results)
            except Error as err:  # a card may be replaced while it is checked
                if attempt + 1 == ATTEMPTS:
                    results.failed.append(f"{stop.name}: {str(err).splitlines()[0]}")
                continue
            await asyncio.to_thread(save, picture, folder / f"tour-{stop.name}.webp")
            break
    await context.close()
    return results


def save(picture: bytes, file: Path) -> None:
    """Save a picture in a format that suits charts and text."""
    Image.open(io.BytesIO(picture)).convert("RGB").save(file, "WEBP", quality=82, method=6)


def sizes() -> dict[str, float]:
    """Return the compressed size of each bundle in KB; the runtime is shared."""
    files = {file.name: file for file in (ROOT / "custom_components").glob("*/frontend/*.js")}
    return {name: len(gzip.compress(file.read_bytes(), 9, mtime=0)) / 1024 for name, file in sorted(files.items())}


def table(results: Results) -> str:
    """Return the results as Markdown."""
    compressed = sizes()
    rows = [f"| `{name}` | {size:.1f} KB |" for name, size in compressed.items()]
    rows.append(f"| **All together** | **{sum(compressed.values()):.1f} KB** of 60 KB |")
    found = [*results.violations, *results.console, *results.failed]
    lines = [
        "| Bundle, compressed with gzip | Size |",
        "| --- | --- |",
        *rows,
        "",
        f"axe found {len(results.violations) or 'no'} violations in {len(results.checked)} cards: "
        + ", ".join(f"`{card}`" for card in sorted(results.checked))
        + ".",
        f"The browser logged {'no error' if not results.console else f'{len(results.console)} errors'}.",
        *(f"- {line}" for line in found),
    ]
    return "\n".join(lines)


def update_page(results: Results) -> None:
    """Replace the results in docs/tour.md."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(results)}\n{END}{after}", "utf-8")


async def run(args: argparse.Namespace, chromium: str) -> int:
    """Walk through the demo and print what was found; returns the exit status."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        results = await walk(browser, args.url, args.token, args.folder or IMAGES, args.only)
        await browser.close()
    if args.folder is None and not args.only:
        await asyncio.to_thread(update_page, results)
    print(table(results))
    return 0 if results.is_clean else 1


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="tour", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("url", type=lambda text: text.rstrip("/"), help="URL of the demo")
    parser.add_argument("token", help="access token of an administrator")
    parser.add_argument("--folder", type=Path, help="folder of the pictures, instead of docs/images")
    parser.add_argument("--only", action="append", default=[], help="name of a stop; may be repeated")
    args = parser.parse_args()
    if (chromium := shutil.which("chromium")) is None:
        print("Chromium is not installed (apt install chromium)", file=sys.stderr)
        return 2
    return asyncio.run(run(args, chromium))


if __name__ == "__main__":
    sys.exit(main())
