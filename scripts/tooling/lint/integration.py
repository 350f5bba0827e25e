"""An integration's folder, loaded once for all checks."""

from collections.abc import Iterator
from dataclasses import dataclass, field
import json
from pathlib import Path
from typing import Any

import homeassistant.components as core_components
import yaml

CORE = Path(core_components.__path__[0])
ROOT = Path(__file__).resolve().parents[3]
COMPONENTS = ROOT / "custom_components"

type Json = dict[str, Any]
type Findings = Iterator[str]


@dataclass
class Integration:
    """One folder below custom_components/."""

    path: Path
    broken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.domain = self.path.name
        self.manifest = self.load("manifest.json")
        self.english = self.load("translations/en.json")
        self.icons = self.load("icons.json")

    def load(self, name: str) -> Json:
        """Load a JSON or YAML file as an object; empty if it is missing or invalid (the latter is reported)."""
        file = self.path / name
        if not file.is_file():
            return {}
        try:
            text = file.read_text("utf-8")
            data = json.loads(text) if name.endswith(".json") else yaml.safe_load(text)
        except (ValueError, yaml.YAMLError) as err:
            self.broken.append(f"{name}: {err}")
            return {}
        return data if isinstance(data, dict) else {}

    def modules(self) -> list[Path]:
        """Return its Python files, without the generated ones."""
        return [file for file in sorted(self.path.rglob("*.py")) if "_lib" not in file.parts]


def integrations() -> list[Integration]:
    """Return all integrations of the suite."""
    return [Integration(path.parent) for path in sorted(COMPONENTS.glob("*/manifest.json"))]
