"""Screenshots of ten screens of a running demo in several languages.

    scripts/demo --headless --json --port N --config DIR          prints the URL and the token
    python -m scripts.tooling.screens URL TOKEN FOLDER [--dark] [--width 400] [--language de]

Needs Debian's chromium. The files are FOLDER/<language>/<screen>.png. The language is that of the token's user and of
the system; both are restored at the end. While the screenshots are taken, one entity is disabled, which creates a
repair issue.
"""

import argparse
import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
from pathlib import Path
import shutil
import sys
from typing import Any, Final

from playwright.async_api import Browser, Error, Page, async_playwright

from .demo.client import HomeAssistant, HomeAssistantError

LANGUAGES: Final = ("en", "de", "fi", "ru")
DOMAINS: Final = ("ecoflow", "edge_telemetry", "iot_heating", "ota", "proof_of_heat", "smart_outlet")
HEIGHT: Final = 900
TIMEOUT_MS: Final = 60_000
# Dialogs and cards are animated and load their translations after they are attached.
SETTLE_MS: Final = 1_000
_FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
_FLOW_DIALOG: Final = "step-flow-form, step-flow-menu, step-flow-abort"


@dataclass(frozen=True, slots=True)
class Targets:
    """What the screens show, found in the registries of the demo."""

    device_id: str
    entry_id: str
    decision_entity_id: str


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen: the name of its file, and how to open it."""

    name: str
    open: Callable[[Page, str, Targets], Awaitable[None]]


def flow_screen(domain: str) -> Screen:
    """Return the screen with the first step of an integration's config flow."""

    async def show(page: Page, url: str, _targets: Targets) -> None:
        await page.goto(f"{url}/config/integrations/dashboard/add?domain={domain}")
        # Home Assistant asks for a confirmation before it starts a flow from a link.
        confirm = page.locator("dialog-box").get_by_role("button").last
        single = page.locator("dialog-data-entry-flow, ha-dialog").get_by_role("button").last
        await confirm.or_(single).first.wait_for(timeout=TIMEOUT_MS)
        if not await confirm.is_visible():
            return  # the dialog of an integration that allows one entry only
        await confirm.click()
        await page.locator(_FLOW_DIALOG).first.wait_for(timeout=TIMEOUT_MS)

    return Screen(f"flow_{domain}", show)


async def show_device(page: Page, url: str, targets: Targets) -> None:
    """Open the page of a device."""
    await page.goto(f"{url}/config/devices/device/{targets.device_id}")
    await page.locator("ha-device-entities-card").first.wait_for(timeout=TIMEOUT_MS)


async def show_repair(page: Page, url: str, _targets: Targets) -> None:
    """Open the first repair."""
    await page.goto(f"{url}/config/repairs")
    await page.locator("ha-config-repairs ha-list-item-button").first.click(timeout=TIMEOUT_MS)
    # A repair that can be fixed opens a flow.
    dialog = page.locator("dialog-repairs-issue, step-flow-form").first
    await dialog.wait_for(state="attached", timeout=TIMEOUT_MS)


async def show_options(page: Page, url: str, targets: Targets) -> None:
    """Open the options form of proof_of_heat."""
    await page.goto(f"{url}/config/integrations/integration/proof_of_heat#config_entry={targets.entry_id}")
    row = page.locator("ha-config-entry-row").first
    await row.wait_for(timeout=TIMEOUT_MS)
    # The first button expands the entry, the second one opens its options.
    await row.locator("ha-icon-button").nth(1).click()
    await page.locator(_FLOW_DIALOG).first.wait_for(timeout=TIMEOUT_MS)


async def show_decision(page: Page, url: str, targets: Targets) -> None:
    """Open the more-info dialog of the decision sensor."""
    await page.goto(f"{url}/config/devices/dashboard?more-info-entity-id={targets.decision_entity_id}")
    await page.locator("ha-more-info-info").wait_for(timeout=TIMEOUT_MS)


SCREENS: Final = (
    *(flow_screen(domain) for domain in DOMAINS),
    Screen("device", show_device),
    Screen("repair", show_repair),
    Screen("options", show_options),
    Screen("decision", show_decision),
)


async def find_targets(ha: HomeAssistant) -> Targets:
    """Return the device, the entry and the entity that the screens show."""
    entities = await ha.entity_keys()
    decision = _find(entities, "proof_of_heat", "decision")
    station = _find(entities, "ecoflow", "charge_power")
    return Targets(station["device_id"], decision["config_entry_id"], decision["entity_id"])


def _find(entities: list[dict[str, Any]], platform: str, key: str) -> dict[str, Any]:
    found = (entity for entity in entities if (entity["platform"], entity["translation_key"]) == (platform, key))
    if (entity := next(found, None)) is None:
        raise HomeAssistantError(f"no entity {key} of {platform}: this is not a demo of the suite")
    return entity


@asynccontextmanager
async def repair_issue(ha: HomeAssistant) -> AsyncGenerator[None]:
    """Ensure that there is a repair issue: disable the grid power sensor of EcoFlow's surplus charging."""
    if (await ha.call("repairs/list_issues"))["issues"]:
        yield
        return
    entity_id = _find(await ha.entity_keys(), "ecoflow", "grid_consumption_power")["entity_id"]
    update = "config/entity_registry/update"
    await ha.call(update, entity_id=entity_id, disabled_by="user")
    try:
        yield
    finally:
        await ha.call(update, entity_id=entity_id, disabled_by=None)


@asynccontextmanager
async def language_setting(ha: HomeAssistant) -> AsyncGenerator[Callable[[str], Awaitable[None]]]:
    """Yield a function that sets the language of the user and of the system; the previous ones are restored.

    Entity names are in the language that the system had when their entry was loaded, so the entries are reloaded.
    """
    profile = (await ha.call("frontend/get_user_data", key="language"))["value"] or {"language": "en"}
    system: str = (await ha.get("config"))["language"]

    async def apply(value: dict[str, Any], language: str) -> None:
        await ha.call("frontend/set_user_data", key="language", value=value)
        await ha.call("config/core/update", language=language)
        for entry in await ha.call("config_entries/get"):
            if entry["domain"] in DOMAINS:
                await ha.post(f"config/config_entries/entry/{entry['entry_id']}/reload", {})

    async def select(language: str) -> None:
        await apply({**profile, "language": language}, language)

    try:
        yield select
    finally:
        await apply(profile, system)


async def take_screenshots(browser: Browser, args: argparse.Namespace, language: str, targets: Targets) -> list[str]:
    """Take the screenshots of one language and return the names of the screens that failed."""
    context = await browser.new_context(
        viewport={"width": args.width, "height": HEIGHT},
        color_scheme="dark" if args.dark else "light",
        locale=language,
    )
    tokens = {
        "access_token": args.token,
        "token_type": "Bearer",
        "refresh_token": "",
        "expires_in": 10**9,
        "expires": 10**13,
        "hassUrl": args.url,
        "clientId": f"{args.url}/",
    }
    storage = {"hassTokens": json.dumps(tokens), "selectedLanguage": json.dumps(language)}
    await context.add_init_script(f"Object.assign(localStorage, {json.dumps(storage)})")
    folder: Path = args.folder / language
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    failed = []
    for screen in SCREENS:
        page = await context.new_page()
        try:
            await screen.open(page, args.url, targets)
            await page.wait_for_timeout(SETTLE_MS)
        except Error as err:  # the other screens are independent of this one
            print(f"{language}/{screen.name}: {str(err).splitlines()[0]}", file=sys.stderr)
            failed.append(f"{language}/{screen.name}")
        await page.screenshot(path=folder / f"{screen.name}.png")
        await page.close()
    await context.close()
    return failed


async def run(args: argparse.Namespace, chromium: str) -> int:
    """Take all screenshots; returns the exit status."""
    failed: list[str] = []
    async with (
        HomeAssistant.connect(args.url, args.token) as ha,
        language_setting(ha) as select_language,
        repair_issue(ha),
        async_playwright() as playwright,
    ):
        targets = await find_targets(ha)
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        for language in args.language or LANGUAGES:
            await select_language(language)
            failed += await take_screenshots(browser, args, language, targets)
        await browser.close()
    print(f"screenshots in {args.folder}" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="screens", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("url", help="URL of the demo")
    parser.add_argument("token", help="access token of an administrator")
    parser.add_argument("folder", type=Path, help="folder of the screenshots")
    parser.add_argument("--dark", action="store_true", help="dark theme")
    parser.add_argument("--width", type=int, default=1280, help="width of the window in pixels")
    parser.add_argument("--language", action="append", choices=LANGUAGES, help="one language; may be repeated")
    args = parser.parse_args()
    args.url = args.url.rstrip("/")
    if (chromium := shutil.which("chromium")) is None:
        print("Chromium is not installed (apt install chromium)", file=sys.stderr)
        return 2
    return asyncio.run(run(args, chromium))


if __name__ == "__main__":
    sys.exit(main())
