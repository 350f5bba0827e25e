"""A user in a browser: counts dialogs, clicks and typed fields, and keeps screenshots."""

from dataclasses import dataclass, field
from pathlib import Path
import time
from typing import Any

from playwright.async_api import Locator, Page

_TIMEOUT_MS = 90_000


@dataclass
class Visitor:
    """One user with one page."""

    page: Page
    pictures: Path
    dialogs: int = 0
    clicks: int = 0
    fields: int = 0
    begun: float = field(default_factory=time.monotonic)
    steps: list[dict[str, Any]] = field(default_factory=list)

    async def click(self, target: Locator) -> None:
        """Click an element."""
        await target.first.click(timeout=_TIMEOUT_MS)
        self.clicks += 1

    async def enter(self, target: Locator, text: str) -> None:
        """Type into a field."""
        await target.first.fill(text, timeout=_TIMEOUT_MS)
        self.fields += 1

    async def choose(self, number: int, option: str) -> None:
        """Select an entity in the picker with a number: one click to open it, one to select."""
        await self.click(self.dialog.locator("ha-entity-picker").nth(number))
        await self.click(self.page.locator("ha-combo-box-item", has_text=option))

    @property
    def dialog(self) -> Locator:
        """The dialog of a flow."""
        return self.page.locator("dialog-data-entry-flow")

    def box(self, number: int) -> Locator:
        """A text field of the dialog, by its number."""
        return self.dialog.locator("ha-selector-text input").nth(number)

    async def form(self, title: str) -> None:
        """Wait for a form."""
        await self.dialog.get_by_text(title, exact=True).first.wait_for(timeout=_TIMEOUT_MS)
        await self.dialog.locator(
            "ha-selector, ha-list-item, ha-md-list-item, ha-list-item-base, step-flow-menu"
        ).first.wait_for(timeout=_TIMEOUT_MS)
        self.dialogs += 1

    async def start_flow(self, url: str, domain: str, title: str) -> None:
        """Open the link that adds an integration, confirm it if asked, and wait for the first form."""
        await self.page.goto(f"{url}/config/integrations/dashboard/add?domain={domain}")
        confirm = self.page.locator("ha-dialog").get_by_role("button", name="OK")
        await confirm.or_(self.dialog.get_by_text(title, exact=True)).first.wait_for(timeout=_TIMEOUT_MS)
        if await confirm.count():
            self.dialogs += 1
            await self.click(confirm)
        await self.form(title)

    async def submit(self) -> None:
        """Send a form."""
        await self.click(self.dialog.get_by_role("button", name="Submit"))

    async def picture(self, name: str) -> None:
        """Keep a screenshot."""
        self.pictures.mkdir(parents=True, exist_ok=True)
        number = len(self.steps) + 1
        file = self.pictures / f"{number:02d}-{name}.png"
        await self.page.screenshot(path=file)
        self.steps.append(
            {
                "step": name,
                "seconds": round(time.monotonic() - self.begun, 1),
                "clicks": self.clicks,
                "fields": self.fields,
                "dialogs": self.dialogs,
                "screenshot": file.name,
            }
        )
