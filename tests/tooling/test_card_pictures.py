"""The pictures of the cards in the documentation."""

from pathlib import Path

from PIL import Image
import pytest

from scripts.tooling import card_pictures


@pytest.mark.slow
def test_pictures_of_a_card_are_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = tmp_path / "images"
    images.mkdir()
    monkeypatch.setattr(card_pictures, "IMAGES", images)
    monkeypatch.setattr(card_pictures, "CARDS", {"one-card": "card-one", "two-card": "card-two"})
    for view, size in zip(card_pictures.VIEWS, ((960, 1280), (960, 500), (400, 300)), strict=True):
        Image.effect_noise(size, 90).save(tmp_path / f"one-card_{view}.png")
    assert card_pictures.main(tmp_path) == 1, "one card has no screenshots"
    with Image.open(images / "card-one.webp") as sheet:
        assert sheet.size == (480 + 960 + 400 + 2 * card_pictures.GAP, 640)
    assert not (images / "card-two.webp").exists()


def test_a_picture_is_saved_within_its_limit_where_possible(tmp_path: Path) -> None:
    plain = Image.new("RGB", (800, 600), (10, 20, 30))
    assert card_pictures.save(plain, tmp_path / "plain.webp") < 5_000


@pytest.mark.parametrize("name", card_pictures.CARDS.values())
def test_the_committed_pictures_are_small(name: str) -> None:
    file = card_pictures.IMAGES / f"{name}.webp"
    assert file.stat().st_size <= card_pictures.MAX_BYTES
