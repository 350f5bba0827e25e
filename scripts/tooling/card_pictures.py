"""Pictures of the cards for the documentation, from the screenshots of the browser tests.

    .venv/bin/python -m pytest -n 0 tests/browser -k 'fit or screenshots'
    python -m scripts.tooling.card_pictures [FOLDER]

Each picture shows a card on a light and a dark dashboard and on a phone of 400 px, all of the running demo.
"""

from pathlib import Path
import sys
from typing import Final

from PIL import Image

ROOT: Final = Path(__file__).resolve().parents[2]
SCREENSHOTS: Final = ROOT / "artifacts" / "screenshots"
IMAGES: Final = ROOT / "docs" / "images"
CARDS: Final = {
    "proof-of-heat-overview-card": "card-overview",
    "proof-of-heat-curve-card": "card-curve",
    "proof-of-heat-cop-card": "card-cop",
    "proof-of-heat-energy-flow-card": "card-energy-flow",
    "proof-of-heat-house-card": "card-house",
    "proof-of-heat-week-schedule": "card-week-room",
    "iot-heating-week-schedule": "card-week-schedule",
    "smart-outlet-panel": "card-outlet-panel",
    "ota-rollouts": "card-rollouts",
}
VIEWS: Final = ("light_1280", "dark_1280", "light_400")
MAX_BYTES: Final = 80_000
HEIGHT: Final = 640
GAP: Final = 12
BACKGROUND: Final = (128, 128, 128)


def side_by_side(pictures: list[Image.Image]) -> Image.Image:
    """Return pictures side by side; a high one is made smaller."""
    scaled = [
        picture if picture.height <= HEIGHT else picture.resize((picture.width * HEIGHT // picture.height, HEIGHT))
        for picture in pictures
    ]
    width = sum(picture.width for picture in scaled) + GAP * (len(scaled) - 1)
    sheet = Image.new("RGB", (width, max(picture.height for picture in scaled)), BACKGROUND)
    left = 0
    for picture in scaled:
        sheet.paste(picture, (left, 0))
        left += picture.width + GAP
    return sheet


def save(sheet: Image.Image, file: Path) -> int:
    """Save a picture within the limit of its size; return the size."""
    for quality in (82, 74, 66, 58, 50):
        sheet.save(file, quality=quality, method=6)
        if file.stat().st_size <= MAX_BYTES:
            break
    return file.stat().st_size


def main(folder: Path) -> int:
    """Write the picture of each card of which there are screenshots; name the others."""
    missing = []
    for tag, name in CARDS.items():
        files = [folder / f"{tag}_{view}.png" for view in VIEWS]
        if not all(file.exists() for file in files):
            missing.append(tag)
            continue
        size = save(side_by_side([Image.open(file).convert("RGB") for file in files]), IMAGES / f"{name}.webp")
        print(f"{name}.webp: {size // 1000} kB")
    if missing:
        print(f"no screenshots of {', '.join(missing)} in {folder}")
    return len(missing)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else SCREENSHOTS))
