"""The pages for contributors: what they name exists, and their examples work with the code as it is."""

from pathlib import Path
import re
from types import MappingProxyType, ModuleType
from typing import Any
from xml.etree import ElementTree

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from markdown_it import MarkdownIt
import pytest

from custom_components.ecoflow.api.families import FAMILIES
from custom_components.ecoflow.api.families.identify import identify
from custom_components.ecoflow.api.models import Device
from custom_components.edge_telemetry.decoders import DEVICE_TYPES, METRICS, DecodeError, Reason, decode
from custom_components.proof_of_heat._lib.heat_source import Command, Outcome
from custom_components.proof_of_heat.const import CONF_ADDRESS
from custom_components.proof_of_heat.flows.form import CONNECTION_ERRORS
from custom_components.proof_of_heat.sources.registry import SOURCE_TYPES
from custom_components.proof_of_heat.sources.source_type import SourceContext, SourceType
from scripts.tooling.lint.structure import CORE_PACKAGES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
COMPONENTS = ROOT / "custom_components"
PAGES = (
    "architecture",
    "add-a-heat-source",
    "add-an-ecoflow-model",
    "add-a-telemetry-decoder",
    "add-a-card",
)
PICTURE = DOCS / "images" / "architecture.svg"
_PATH = re.compile(r"[\w.<>-]+(/[\w.<>-]+)+/?")
_SVG = "{http://www.w3.org/2000/svg}"


def tokens(page: str) -> list[Any]:
    return MarkdownIt().enable("table").parse((DOCS / f"{page}.md").read_text("utf-8"))


def fences(page: str, language: str) -> list[str]:
    return [token.content for token in tokens(page) if token.type == "fence" and token.info == language]


@pytest.mark.parametrize("page", PAGES)
def test_named_files_exist(page: str) -> None:
    texts = [child.content for token in tokens(page) for child in token.children or [] if child.type == "code_inline"]
    texts = [text.partition(" ")[2] if text.startswith("scripts/test ") else text for text in texts]
    paths = [text for text in texts if _PATH.fullmatch(text)]
    assert len(paths) > 3
    # A placeholder is the name of any file: the folder has some.
    assert [path for path in paths if not list(ROOT.glob(re.sub(r"<\w+>", "*", path.rstrip("/"))))] == []


def example(page: str, package: str) -> dict[str, Any]:
    """Run the Python of a page as one module of a package."""
    module = ModuleType(f"custom_components.{package}.example")
    module.__package__ = f"custom_components.{package}"
    exec(compile("\n".join(fences(page, "python")), f"{page}.md", "exec"), module.__dict__)  # noqa: S102 - our own page
    return module.__dict__


class Element:
    """A heating element with the API that the page describes."""

    def __init__(self) -> None:
        self.status: dict[str, Any] = {"on": False, "watts": 0, "limit": 600, "serial": "A1"}
        self.written: list[Any] = []

    async def request(self, method: str, path: str, *, body: bytes = b"") -> Any:
        if (method, path) == ("POST", "/control"):
            self.written.append(body)
            for part in body.decode().strip("{}").split(","):
                name, value = part.replace('"', "").split(":")
                self.status[name] = value == "true" if name == "on" else float(value)
        return dict(self.status)


async def test_the_heat_source(hass: HomeAssistant) -> None:
    found = example("add-a-heat-source", "proof_of_heat.sources.types")
    source_type: SourceType = found["SOURCE_TYPE"]
    assert source_type.key not in SOURCE_TYPES
    device = Element()
    found["http"] = lambda *_: device
    (form,) = source_type.forms.values()
    assert set(map(str, (await form.schema(hass)).schema)) == {CONF_ADDRESS}
    (candidate,) = await form.connect(hass, {CONF_ADDRESS: "192.0.2.7"})
    assert candidate.unique_id == "element_A1"
    subentry = ConfigSubentry(
        data=MappingProxyType(candidate.data),
        subentry_type="source",
        title=candidate.title,
        unique_id=candidate.unique_id,
    )
    created = await source_type.create(SourceContext(hass, None, subentry))
    assert (await created.source.apply(Command(id="1", on=True, power_w=1200.0))).outcome == Outcome.APPLIED
    assert (device.status["on"], device.status["limit"]) == (True, 1200.0)
    # What is so already is not written again, and the user's own settings return.
    assert (await created.source.apply(Command(id="2", on=True, power_w=1200.0))).outcome == Outcome.UNCHANGED
    assert len(device.written) == 1
    assert (await created.source.release()).settled
    assert (device.status["on"], device.status["limit"]) == (False, 600.0)
    assert created.close is not None
    await created.close()
    del device.status["serial"]
    with pytest.raises(CONNECTION_ERRORS):
        await form.connect(hass, {CONF_ADDRESS: "192.0.2.7"})


def test_the_ecoflow_model() -> None:
    (family,) = example("add-an-ecoflow-model", "ecoflow.api.families")["FAMILIES"]
    values = {"3_1.watts": 4312, "3_1.volt": 231, "3_1.temp": 30, "3_1.errCode": 0, "3_1.relay": 1}
    plug = Device("HW99X1", "Plug", "Measuring Plug", online=True)
    assert identify([*FAMILIES, family], plug, values).name == "measuring_plug"
    assert identify(FAMILIES, plug, values).name != "measuring_plug"
    assert {key: value for key, value, _ in family.decode(values)}["plug_power"] == 431.2
    (switch,) = family.switches
    command = switch.write(False, values)
    assert not command.is_confirmed_by(values)
    assert command.is_confirmed_by({**values, "3_1.relay": 0})
    # The keys have texts already.
    keys = {item.key for known in FAMILIES for item in known.entities()}
    assert {item.key for item in family.entities()} <= keys


def test_the_telemetry_decoder() -> None:
    example("add-a-telemetry-decoder", "edge_telemetry.decoders.types")
    try:
        message = decode(b'{"scale": "0A28013C", "bat": 87}')
        assert message.device_type == "hive_scale"
        assert message.metrics == {"hive_weight_kg": 26.0, "temperature_c": 31.6, "battery_percent": 87}
        assert decode(b'{"scale": "0A288000"}').metrics["temperature_c"] is None
        short = decode(b'{"scale": "0A", "bat": 87}')
        assert (short.metrics, short.rejected) == ({"battery_percent": 87}, {"hive_weight_kg": Reason.BAD_VALUE})
        with pytest.raises(DecodeError):
            decode(b'{"scale": "no bytes"}')
    finally:
        del DEVICE_TYPES["hive_scale"], METRICS["hive_weight_kg"]


def test_the_card_imports_what_there_is() -> None:
    (text,) = fences("add-a-card", "ts")
    imports = re.findall(r'import (?:type )?\{([^}]+)\} from "([^"]+)";', text)
    assert len(imports) > 5
    for names, module in imports:
        if module == "lit":
            continue
        source = (ROOT / "frontend/src/cards/loss" / module.replace(".js", ".ts")).resolve().read_text("utf-8")
        for name in names.split(","):
            exported = rf"export (?:abstract )?(?:const|class|interface|type) {name.strip().removeprefix('type ')}\b"
            assert re.search(exported, source), f"{module}: {name}"
    house = (ROOT / "frontend/src/cards/house/card.ts").read_text("utf-8")
    assert (command := re.search(r'"(proof_of_heat/[\w/]+)"', text))
    assert command[1] in house
    # What Home Assistant and the base class ask every card for; the base class has a grid size of its own.
    base = (ROOT / "frontend/src/lib/card.ts").read_text("utf-8")
    for method in ("getStubConfig", "getConfigForm", "readConfig", "getCardSize", "getGridOptions", "render"):
        assert method in text
        assert method in (base if method == "getGridOptions" else house)


def names_in(text: ElementTree.Element) -> list[str]:
    """Return the names of modules in a text of the picture."""
    parts = [text, *text.iter(f"{_SVG}tspan")]
    found = [part.text or "" for part in parts if "mono" in part.get("class", "").split()]
    return [name for part in found for name in part.split(", ")]


def test_the_picture_shows_what_there_is() -> None:
    assert PICTURE.stat().st_size < 30_000
    text = PICTURE.read_text("utf-8")
    assert "prefers-color-scheme:dark" in text
    assert "<script" not in text
    assert "href" not in text
    picture = ElementTree.fromstring(text)  # noqa: S314 - our own file
    elements = list(picture.iter())
    names: set[str] = set()
    core: set[str] = set()
    for index, element in enumerate(elements):
        if element.tag == f"{_SVG}text":
            names.update(names_in(element))
        if element.tag == f"{_SVG}rect" and element.get("class") == "core":
            core.update(names_in(elements[index + 1]))
    roots = (ROOT, ROOT / "lib", COMPONENTS, *(COMPONENTS / domain for domain in CORE_PACKAGES))
    files = {str(path.relative_to(root).with_suffix("")) for root in roots for path in root.glob("*.py")}
    there = {name for name in names if name in files or any((root / name).exists() for root in roots)}
    assert names - there == set()
    assert names >= CORE_PACKAGES.keys()
    packages = {name.partition("/")[0] for name in core}
    assert packages == {name for listed in CORE_PACKAGES.values() for name in listed} - {"comfort"}
