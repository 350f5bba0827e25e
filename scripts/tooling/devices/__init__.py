"""The page of supported devices, generated from the integrations."""

from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "devices.md"


def write(*, check: bool) -> bool:
    """Write the page, or only compare it; return whether it was up to date."""
    from .collect import rows
    from .page import page

    text = page(rows())
    same = PAGE.is_file() and PAGE.read_text("utf-8") == text
    if not same and not check:
        PAGE.write_text(text, "utf-8")
    return same
