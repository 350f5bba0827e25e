"""docs/devices.md: complete, up to date, and no device without a proof."""

from collections import Counter
from pathlib import Path

import pytest

from scripts.tooling import devices
from scripts.tooling.devices.collect import Kind, Row, proofs, rows
from scripts.tooling.devices.page import page
from tests.paths import SHARED
from tests.running_demo import ROOT

ROWS = rows()


def test_the_page_is_what_the_code_knows() -> None:
    assert devices.PAGE.read_text("utf-8") == page(ROWS), "run scripts/build"


def test_every_integration_is_on_the_page() -> None:
    text = devices.PAGE.read_text("utf-8")
    for domain in ("proof_of_heat", "iot_heating", "smart_outlet", "ecoflow", "ota", "edge_telemetry"):
        assert f"`{domain}`" in text


def test_the_counts_are_those_of_the_rows() -> None:
    kinds: Counter[Kind] = Counter()
    for row in ROWS:
        kinds[row.kind] += len(row.models)
    total = " | ".join(str(kinds[kind]) for kind in Kind)
    assert f"| **All** |  | {kinds.total()} | {total} |" in devices.PAGE.read_text("utf-8")


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.section}-{row.key}" for row in ROWS])
def test_every_device_has_a_proof(row: Row) -> None:
    assert row.maker
    assert row.models
    assert row.reads
    assert row.sources or row.kind is Kind.EXPERIMENTAL
    if row.kind is Kind.CAPTURE:
        assert any(text.startswith(("fixtures/", "cases/", "tests/")) for text in row.sources), "which capture?"
    for text in row.sources:
        if text.startswith(("docs/", "tests/")):
            assert (ROOT / text).exists(), text
        elif text.startswith(("fixtures/", "cases/")) and SHARED.is_dir():
            assert (SHARED / text).exists(), text


def test_no_model_is_listed_twice() -> None:
    models = Counter((row.maker, model) for row in ROWS for model in row.models)
    assert [model for model, count in models.items() if count > 1] == []


def test_every_proof_belongs_to_a_device() -> None:
    known = {row.key for row in ROWS}
    assert [proof for proof in sorted(proofs()) if proof[1] not in known] == []


def test_a_page_that_differs_is_found_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "PAGE", tmp_path / "devices.md")
    assert not devices.write(check=True)
    assert not devices.PAGE.exists()
    assert not devices.write(check=False)
    assert devices.write(check=True)
