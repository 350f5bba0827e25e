"""The visual editor of each card: opened by its button, changed and saved."""

from typing import Any, Final

from playwright.sync_api import expect
import pytest

from .conftest import OVERVIEW, Visit
from .gestures import click, until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser"), pytest.mark.timeout(900)]
CARDS: Final[dict[str, dict[str, Any]]] = {
    "proof-of-heat-overview-card": {},
    "proof-of-heat-curve-card": {},
    "proof-of-heat-cop-card": {},
    "proof-of-heat-energy-flow-card": {},
    "proof-of-heat-house-card": {},
    "proof-of-heat-week-schedule": {"entity": "climate.living_room"},
    "iot-heating-week-schedule": {"entity": "calendar.main_house_heating_schedule"},
    "smart-outlet-panel": {},
    "ota-rollouts": {},
}
_DASHBOARD: Final = "card-editors"
_CREATE: Final = """async ([url_path, cards]) => {
    const { hass } = document.querySelector("home-assistant");
    const dashboards = await hass.callWS({ type: "lovelace/dashboards/list" });
    if (!dashboards.some((each) => each.url_path === url_path)) {
        await hass.callWS({
            type: "lovelace/dashboards/create", url_path, title: "Editors", mode: "storage", show_in_sidebar: false,
        });
    }
    await hass.callWS({ type: "lovelace/config/save", url_path, config: { views: [{ type: "masonry", cards }] } });
}"""
_STORED: Final = """async (url_path) => {
    const { hass } = document.querySelector("home-assistant");
    return (await hass.callWS({ type: "lovelace/config", url_path, force: true })).views[0].cards;
}"""


def test_the_editor_of_each_card_changes_its_title(visit: Visit) -> None:
    """What is typed is shown by the card and stored in the dashboard; all else stays as it was."""
    page = visit.page
    visit.open("heat-suite/overview", OVERVIEW)
    page.wait_for_function("(tags) => tags.every((tag) => customElements.get(tag))", arg=list(CARDS))
    cards = [{"type": f"custom:{tag}", **config} for tag, config in CARDS.items()]
    page.evaluate(_CREATE, [_DASHBOARD, cards])
    visit.open(f"{_DASHBOARD}/0?edit=1", "hui-card-options")
    for tag in CARDS:
        card = page.locator("hui-card-options").filter(has=page.locator(tag))
        expect(card.locator("ha-card").first).to_be_visible()
        dialog = page.locator("hui-dialog-edit-card")
        title, preview = dialog.get_by_role("textbox", name="Title"), dialog.locator(tag, has_text=f"My {tag}")
        click(card.get_by_text("Edit", exact=True), title.is_visible)
        until(page, preview.first.is_visible, lambda tag=tag, title=title: title.fill(f"My {tag}"))  # type: ignore[misc]
        click(dialog.get_by_text("Save", exact=True), lambda title=title: title.count() == 0)  # type: ignore[misc]
        expect(page.locator("hui-card-options").locator(tag)).to_contain_text(f"My {tag}")
    wished = [{**card, "title": f"My {tag}"} for card, tag in zip(cards, CARDS, strict=True)]
    visit.wait_until(lambda: page.evaluate(_STORED, _DASHBOARD) == wished)
