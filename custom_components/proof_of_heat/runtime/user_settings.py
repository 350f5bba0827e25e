"""What users want, as it survives a restart."""

from dataclasses import dataclass, field
from typing import Any

from ..comfort.profiles import Override, Profile, Wishes


@dataclass(slots=True)
class Wanted:
    """What survives a restart besides the engine's own state."""

    active: bool = False
    wishes: Wishes = field(default_factory=Wishes)

    def dump(self) -> dict[str, Any]:
        """For the store."""
        return {
            "active": self.active,
            "profile": self.wishes.profile,
            "overrides": [item.to_dict() for item in self.wishes.overrides],
        }

    def load(self, data: dict[str, Any]) -> None:
        """From the store."""
        self.active = bool(data.get("active", False))
        if data.get("profile") in set(Profile):
            self.wishes.profile = Profile(data["profile"])
        rows = data.get("overrides")
        items = [Override.from_dict(row) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        self.wishes.overrides = [item for item in items if item is not None]
