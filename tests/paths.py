"""Folders that tests read and that are not part of the repository; a test skips where they are absent."""

from pathlib import Path
from typing import Final

SHARED: Final = Path(__file__).resolve().parents[2] / "shared"
CASES: Final = SHARED / "cases"
FIXTURES: Final = SHARED / "fixtures"
