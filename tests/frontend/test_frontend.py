"""The cards' own tests pass, and the committed bundles are what their sources make, within their size budgets."""

import gzip
import hashlib
import json
from pathlib import Path
import re
from typing import Any

import pytest

from scripts.tooling import build, frontend
from scripts.tooling.lint.texts import percents

pytestmark = [pytest.mark.xdist_group("frontend"), pytest.mark.timeout(600)]
BUDGET_KB = {"proof_of_heat": 26, "iot_heating": 3, "smart_outlet": 10, "ota": 10, "ecoflow": 3, "edge_telemetry": 3}
"""Compressed size of each bundle; all together, with the runtime that they share, have 60 KB."""
RUNTIME_KB = 21
LANGUAGES = ("en", "de", "fi", "ru")
LOCALIZE = frontend.FRONTEND / "src" / "localize"


@pytest.fixture
def _tools() -> None:
    if (reason := frontend.unavailable()) is not None:
        pytest.skip(reason)


@pytest.mark.slow
@pytest.mark.usefixtures("_tools")
def test_the_tests_of_the_cards() -> None:
    done = frontend.run("node_modules/vitest/vitest.mjs", "run")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("_tools")
def test_the_bundles_are_reproducible_and_up_to_date(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert frontend.build(tmp_path / name) == [], "run scripts/build"
    for file in (tmp_path / "one").glob("*/*"):
        assert file.read_bytes() == (tmp_path / "two" / file.relative_to(tmp_path / "one")).read_bytes()


@pytest.mark.slow
@pytest.mark.usefixtures("_tools")
def test_a_changed_bundle_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(frontend, "COMPONENTS", tmp_path)
    assert len(build.build_cards(check=True)) == 2 * len(frontend.domains())
    assert not list(tmp_path.iterdir()), "a check writes nothing"
    build.build_cards(check=False)
    assert build.build_cards(check=True) == []
    (tmp_path / "gone" / "frontend").mkdir(parents=True)
    stray = tmp_path / "gone" / "frontend" / "gone-cards.js"
    stray.write_text("")
    assert build.build_cards(check=True) == [stray]
    build.build_cards(check=False)
    assert not stray.exists()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_of_a_failed_update_has_a_text(language: str) -> None:
    """Reasons that the server gives itself; what a device reports is shown as it is."""
    sources = (frontend.COMPONENTS / "ota" / "rollout").glob("*.py")
    codes = {
        code
        for file in sources
        for call in re.findall(r"finish\([^\n]*JobState\.\w+, now, ([^\n]*)\)", file.read_text("utf-8"))
        for code in re.findall(r'"([a-z_]+)"', call)
    }
    assert len(codes) >= 6
    texts = json.loads((LOCALIZE / "ota" / f"{language}.json").read_text("utf-8"))["reason"]
    assert codes <= set(texts)


def test_without_node_the_build_names_the_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(frontend, "node", lambda: None)
    assert build.build_cards(check=True) == []
    assert "the cards are not built: no Node.js 20.19 or newer" in capsys.readouterr().out


def kilobytes(file: Path) -> float:
    return len(gzip.compress(file.read_bytes(), 9)) / 1024


def test_the_bundles_fit_their_budgets() -> None:
    sizes = {domain: kilobytes(frontend.folder(domain) / f"{domain}-cards.js") for domain in frontend.domains()}
    assert not {domain: size for domain, size in sizes.items() if size > BUDGET_KB[domain]}
    runtimes = {(frontend.folder(domain) / "runtime.js").read_bytes() for domain in frontend.domains()}
    assert len(runtimes) == 1, "all bundles share one"
    runtime = kilobytes(frontend.folder("proof_of_heat") / "runtime.js")
    assert runtime <= RUNTIME_KB
    assert sum(sizes.values()) + runtime <= 60


def test_every_bundle_imports_the_runtime_of_its_folder_only() -> None:
    for domain in frontend.domains():
        runtime = (frontend.folder(domain) / "runtime.js").read_bytes()
        url = f"/heat_suite_static/runtime-{hashlib.sha256(runtime).hexdigest()[:12]}.js"
        text = (frontend.folder(domain) / f"{domain}-cards.js").read_text("utf-8")
        assert set(re.findall(r'(?:from|import)"([^"]*)"', text)) == {url}
        assert not re.search(r'from"', runtime.decode())


def test_bundles_load_nothing_from_outside() -> None:
    for file in frontend.COMPONENTS.glob("*/frontend/*.js"):
        text = file.read_text("utf-8")
        for forbidden in ("import(", "fetch(", "XMLHttpRequest", "@import", "sourceMappingURL"):
            assert forbidden not in text, f"{file.name}: {forbidden}"


@pytest.mark.parametrize("folder", sorted(LOCALIZE.iterdir()), ids=lambda folder: folder.name)
def test_the_texts_have_the_same_keys_and_placeholders_in_every_language(folder: Path) -> None:
    texts = {language: _flat(json.loads((folder / f"{language}.json").read_text("utf-8"))) for language in LANGUAGES}
    for language in LANGUAGES[1:]:
        assert texts[language].keys() == texts["en"].keys(), language
        for key, text in texts["en"].items():
            assert _placeholders(texts[language][key]) == _placeholders(text), f"{language}: {key}"
            assert texts[language][key], f"{language}: {key} is empty"


@pytest.mark.parametrize("language", LANGUAGES)
def test_percentages_are_written_as_home_assistant_does(language: str) -> None:
    for file in LOCALIZE.glob(f"*/{language}.json"):
        assert not list(percents(json.loads(file.read_text("utf-8")), language)), file.parent.name


@pytest.mark.parametrize("folder", sorted(LOCALIZE.iterdir()), ids=lambda folder: folder.name)
def test_the_bundles_hold_the_texts_of_each_language_in_the_order_of_the_english_ones(folder: Path) -> None:
    bundles = "".join(file.read_text("utf-8") for file in sorted(frontend.COMPONENTS.glob("*/frontend/*.js")))
    assert ".split(`|`)" in bundles
    english = _flat(json.loads((folder / "en.json").read_text("utf-8")))
    for language in LANGUAGES[1:]:
        texts = _flat(json.loads((folder / f"{language}.json").read_text("utf-8")))
        packed = "|".join(texts[key] for key in english)
        written = _latin(packed) if language == "ru" else packed
        quote = '"' if "`" in written else "`"
        assert f"packed:{quote}{written}{quote}" in bundles, language


def _latin(text: str) -> str:
    """Return a Russian text as bundles have it: Cyrillic letters as Latin ones, Latin words between backticks."""
    letters = "абцдефгхийклмнопярстужвьыз"
    table = {letter: chr(97 + place) for place, letter in enumerate(letters)}
    table |= {letter.upper(): latin.upper() for letter, latin in table.items()}
    parts = re.split(r"(\{\w+\}|[A-Za-z]+)", text)
    kept = [part if part.startswith("{") else f"`{part}`" for part in parts[1::2]]
    written = ["".join(table.get(letter, letter) for letter in part) for part in parts[::2]]
    return "".join(part + latin for part, latin in zip(written, [*kept, ""], strict=True))


def _flat(texts: dict[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in texts.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def _placeholders(text: str) -> set[str]:
    return {part.partition("}")[0] for part in text.split("{")[1:]}
