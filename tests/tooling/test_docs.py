"""The documentation: every page is on the site, every link and anchor has a target, every example is loaded."""

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.components.automation.config import async_validate_config_item
from homeassistant.components.script.config import async_validate_config_item as async_validate_script
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.template import Template
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
from homeassistant.util.yaml.loader import Secrets
from markdown_it import MarkdownIt
import pytest
import yaml

from custom_components.proof_of_heat.prices.http_price import parse_price
from custom_components.proof_of_heat.prices.series import hash_unit
from custom_components.proof_of_heat.prices.units import is_plausible_hashprice
from custom_components.proof_of_heat.system_config import HttpPriceConfig
from scripts.tooling.addresses import Addresses
from scripts.tooling.docs_site import with_absolute_links

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md"))
DOMAINS = sorted(path.parent.name for path in (ROOT / "custom_components").glob("*/manifest.json"))
_OTHERS = ("README.md", "info.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md", "CHANGELOG.md")
FILES = [*PAGES, *(ROOT / name for name in _OTHERS)]
_ANCHOR_DROPPED = re.compile(r"[^\w\- ]")
_PARSER = MarkdownIt().enable("table")
ADDRESSES = Addresses.load()


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def headings(path: Path) -> set[str]:
    """Return the anchors of a page, as GitHub and the site make them."""
    found: dict[str, int] = {}
    tokens = _PARSER.parse(path.read_text("utf-8"))
    anchors = set()
    for token, inline in pairwise(tokens):
        if token.type == "heading_open":
            text = "".join(child.content for child in inline.children or [] if child.type in ("text", "code_inline"))
            slug = _ANCHOR_DROPPED.sub("", text.lower()).strip().replace(" ", "-")
            count = found[slug] = found.get(slug, -1) + 1
            anchors.add(f"{slug}-{count}" if count else slug)
    return anchors


def links(path: Path) -> list[str]:
    found = []
    for token in _PARSER.parse(path.read_text("utf-8")):
        for child in token.children or []:
            target = child.attrs.get("href") or child.attrs.get("src")
            if target:
                found.append(str(target))
    return found


def examples(language: str) -> list[Any]:
    found = []
    for path in FILES:
        number = 0
        for token in _PARSER.parse(path.read_text("utf-8")):
            if token.type == "fence" and token.info.split(" ")[0] in (language, {"yaml": "yml"}.get(language)):
                number += 1
                found.append(pytest.param(token.content, id=f"{path.stem}-{number}"))
    return found


@pytest.mark.parametrize("path", FILES, ids=named)
def test_every_link_has_a_target(path: Path) -> None:
    site = ADDRESSES
    for link in links(path):
        target, _, anchor = link.partition("#")
        if link.startswith(f"{site.docs}/"):
            page = target.removeprefix(f"{site.docs}/").strip("/")
            file = DOCS / f"{page or 'index'}.md"
        elif link.startswith(f"{site.source}/blob/main/"):
            file = ROOT / target.removeprefix(f"{site.source}/blob/main/")
        elif re.match(r"[a-z]+:", link):
            assert link.startswith(("https://", "mailto:")) or "localhost" in link, link
            continue
        else:
            file = (path.parent / target).resolve() if target else path
        assert file.exists(), link
        if anchor and file.suffix == ".md":
            assert anchor in headings(file), link


def test_the_site_has_each_page_once() -> None:
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    loaded = yaml.load(text, Loader=_Tolerant)  # noqa: S506 - a subclass of SafeLoader

    def pages(item: Any) -> list[str]:
        if isinstance(item, str):
            return [item]
        parts = item.values() if isinstance(item, dict) else item
        return [page for part in parts for page in pages(part)]

    listed = pages(loaded["nav"])
    assert len(listed) == len(set(listed))
    assert [page for page in listed if not (DOCS / page).is_file()] == []
    assert {f"{domain}.md" for domain in DOMAINS} <= set(listed)
    assert {str(path.relative_to(DOCS)) for path in DOCS.glob("*/*.md")} <= set(listed)
    assert loaded["strict"] is True
    assert loaded["site_url"].rstrip("/") == ADDRESSES.docs
    assert loaded["repo_url"] == ADDRESSES.source
    assert all((ROOT / hook).is_file() for hook in loaded["hooks"])


class _Tolerant(yaml.SafeLoader):
    """MkDocs' own tags stand for Python objects."""


_Tolerant.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_manifest_points_to_its_page(domain: str) -> None:
    manifest = json.loads((ROOT / "custom_components" / domain / "manifest.json").read_text())
    page = manifest["documentation"].removeprefix(ADDRESSES.docs).strip("/")
    assert (DOCS / f"{page}.md").is_file()


def test_cards_link_their_chapters_on_the_site() -> None:
    sources = {path.name: path.read_text("utf-8") for path in (ROOT / "frontend" / "src").rglob("*.ts")}
    assert f'const DOCS = "{ADDRESSES.docs}";' in sources["docs.ts"]
    linked = {link for text in sources.values() for link in re.findall(r'(?:docs: |docsPage\()"([^"]+)"', text)}
    assert len(linked) > 6
    for link in linked:
        page, _, anchor = link.partition("#")
        assert (DOCS / page).is_file(), link
        assert not anchor or anchor in headings(DOCS / page), link
    assert not [name for name, text in sources.items() if "/blob/main/" in text]


@pytest.mark.parametrize(
    ("link", "page", "expected"),
    [
        ("[a](../firmware/README.md#pins)", "ota.md", "[a](R/blob/main/firmware/README.md#pins)"),
        ("[a](../../SECURITY.md)", "guides/support.md", "[a](R/blob/main/SECURITY.md)"),
        ("[a](vectors/hc12.json)", "hc12-frame.md", "[a](R/blob/main/docs/vectors/hc12.json)"),
        ("[a](../ota.md#x) [b](#y) [c](https://x)", "guides/support.md", None),
    ],
)
def test_links_that_leave_the_site(link: str, page: str, expected: str | None) -> None:
    assert with_absolute_links(link, page, "R") == (expected or link)


async def test_sources_of_the_hashprice_give_a_plausible_one(hass: HomeAssistant) -> None:
    """With replies of December 2025: 41 million USD a day for 1,050 EH/s."""
    page = (DOCS / "guides" / "miner.md").read_text("utf-8")
    ((url, path, factor),) = re.findall(r"URL `(\S+)`, JSON path `(\S+)`, factor `(\d+)`", page)
    reply = b'{"hash_price": 0.039, "hash_value": 4e-7}'
    assert parse_price(reply, HttpPriceConfig(url, path, 0.92 * float(factor))) == pytest.approx(35.88)
    (text,) = (str(item.values[0]) for item in examples("yaml") if str(item.id).startswith("miner-"))
    loaded: Any = parse_yaml(text)
    (rest,) = loaded["rest"]
    (sensor,) = rest["sensor"]
    stats = {"miners_revenue_usd": 41_000_000.0, "hash_rate": 1_050_000_000_000.0}
    price = Template(sensor["value_template"], hass).async_render({"value_json": stats})
    assert price == 35.92
    assert hash_unit(sensor["unit_of_measurement"]).factor == 1
    assert is_plausible_hashprice(price, "EUR")


_SHOWN_ELSEWHERE = {  # by Home Assistant or a device, or not on a screen
    *("Add integration", "Download diagnostics", "Numeric state", "HACS", "⋮", "Custom repositories"),
    *("RPC status notifications", "Generic status update", "Switch 0", "STATION: Surplus charging"),
    *(
        "bare",
        "bare with an ID",
        "cannot compare",
        "shutdown",
        "auto-off",
        "unverified",
        "Tank volume",
        "L1 Power",
        "Removal",
    ),
}


def test_names_in_italics_are_on_the_screen() -> None:
    """A page that names a field, an entity or a repair uses its present name; `…` replaces a placeholder."""
    texts = [path.read_text("utf-8") for path in ROOT.glob("custom_components/*/translations/en.json")]
    texts += [
        path.read_text("utf-8") for path in (*ROOT.glob("blueprints/**/*.yaml"), *ROOT.glob("frontend/src/**/*.ts"))
    ]
    shown = "\n".join(texts).lower()
    unknown = []
    for path in (*PAGES, ROOT / "README.md", ROOT / "info.md"):
        for token in _PARSER.parse(path.read_text("utf-8")):
            parts = token.children or []
            starts = [number for number, part in enumerate(parts) if part.type == "em_open"]
            for start in starts:
                end = next(n for n in range(start, len(parts)) if parts[n].type == "em_close")
                text = "".join(part.content or " " for part in parts[start + 1 : end])
                for name in re.split(r" (?:>|→) ", text):
                    pattern = re.sub(r"…|\\\.\\\.\\\.", r"\\{\\w+\\}", re.escape(name.lower()))
                    if not (name in _SHOWN_ELSEWHERE or name.startswith("(") or re.search(pattern, shown)):
                        unknown.append((named(path), name))
    assert unknown == []


_MENUS = {  # of Home Assistant, HACS and others; titles of integrations; words that are only emphasized
    *("⋮", "Custom repositories", "Add integration", "Settings", "Devices & services", "Developer tools", "Actions"),
    *("Add", "Download", "Download diagnostics", "Configure", "Dashboards", "Add dashboard", "Security"),
    *(
        "Account",
        "Sessions",
        "Personal tokens",
        "MQTT",
        "Proof of Heat",
        "Edge Telemetry",
        "Heat suite",
        "newer",
        "site",
    ),
}


def test_names_in_bold_in_guides_are_on_the_screen() -> None:
    """A guide names menus, fields and entities as they are shown, also with capitals."""
    files = (*ROOT.glob("custom_components/*/translations/en.json"), *ROOT.glob("frontend/src/localize/**/en.json"))
    shown = {value for path in files for value in texts_in(json.loads(path.read_text("utf-8")))}
    shown |= _MENUS
    unknown = []
    for path in sorted(DOCS.glob("guides/*.md")):
        for token in _PARSER.parse(path.read_text("utf-8")):
            parts = token.children or []
            for start in (number for number, part in enumerate(parts) if part.type == "strong_open"):
                name = parts[start + 1].content
                unknown += [(path.name, word) for word in name.split(" > ") if word not in shown]
    assert unknown == []


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("path", FILES, ids=named)
def test_no_table_is_torn_apart(path: Path) -> None:
    """A row after an empty line is not a table for Markdown."""
    lines = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL).splitlines()
    starts = [
        number for number, line in enumerate(lines) if line.strip().startswith("|") and not lines[number - 1].strip()
    ]
    assert [lines[number] for number in starts if not re.match(r"\s*\|[\s|:-]+$", lines[number + 1])] == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_page_names_the_repository_for_hacs(domain: str) -> None:
    page = (DOCS / f"{domain}.md").read_text("utf-8")
    assert f"`{ADDRESSES.repository(domain)}`" in page
    assert f"`scripts/install CONFIG_DIR {domain}`" in page


def test_named_actions_triggers_and_conditions_exist() -> None:
    known = {"edge_telemetry.db", "ota.py", "proof_of_heat.py"}  # files
    for domain in DOMAINS:
        folder = ROOT / "custom_components" / domain
        translated = json.loads((folder / "translations" / "en.json").read_text("utf-8"))
        for group in ("services", "triggers", "conditions"):
            known |= {f"{domain}.{name}" for name in translated.get(group, {})}
    written = re.compile(rf"`((?:{'|'.join(DOMAINS)})\.[a-z_0-9]+)`")
    found = {name for path in FILES for name in written.findall(path.read_text("utf-8"))}
    assert len(found) > 30
    assert found - known == set()


@pytest.mark.parametrize("text", examples("json"))
def test_json_is_valid(text: str) -> None:
    """A block may contain several messages, one a line."""
    try:
        json.loads(text)
    except ValueError:
        for line in text.splitlines():
            json.loads(line)


@pytest.fixture
async def suite(hass: HomeAssistant) -> HomeAssistant:
    """Home Assistant with what the examples use."""
    for domain in ("homeassistant", "automation", "script"):
        assert await async_setup_component(hass, domain, {})
    for domain in DOMAINS:
        if domain != "edge_telemetry":  # needs a broker
            assert await async_setup_component(hass, domain, {})
    return hass


@pytest.mark.parametrize("text", examples("yaml"))
async def test_home_assistant_loads_every_example(suite: HomeAssistant, text: str, socket_enabled: None) -> None:
    loaded = parse_yaml(text, _Secret(ROOT))
    for item in loaded if isinstance(loaded, list) else [loaded]:
        assert isinstance(item, dict), item
        await check(suite, item)


class _Secret(Secrets):
    """Answers every `!secret`."""

    def get(self, requester_path: str, secret: str) -> str:
        """Return a value for any secret."""
        return secret


async def check(hass: HomeAssistant, item: dict[str, Any]) -> None:
    """Load one example as what it is."""
    if "triggers" in item or ("trigger" in item and "action" not in item):
        if "actions" not in item:  # only the trigger is shown
            item = {"triggers": item.get("triggers", item), "actions": []}
        result = await async_validate_config_item(hass, "example", {"alias": "example", **item})
        assert result is not None
        assert result.validation_status == "ok", result.validation_error
    elif "sequence" in item:
        assert await async_validate_script(hass, "example", item) is not None
    elif "action" in item:
        cv.SERVICE_SCHEMA(item)
        domain, name = item["action"].split(".")
        assert domain not in DOMAINS or domain == "edge_telemetry" or hass.services.has_service(domain, name), item
    elif "strategy" in item or str(item.get("type", "")).startswith("custom:"):
        kind = str(item.get("type") or item["strategy"]["type"]).removeprefix("custom:")
        sources = "".join(path.read_text("utf-8") for path in (ROOT / "frontend" / "src").rglob("*.ts"))
        assert f'"{kind}"' in sources or f"-{kind}" in sources, kind
