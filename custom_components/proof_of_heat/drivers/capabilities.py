"""Capabilities as JSON. They are read when a source is set up, and known at a start before the device answers."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from .._lib.heat_source import Capabilities, Control, SourceKind


def capabilities_to_dict(capabilities: Capabilities) -> dict[str, Any]:
    """Return the capabilities as JSON values for the config entry."""
    values = {spec.name: getattr(capabilities, spec.name) for spec in fields(Capabilities)}
    values["controls"] = sorted(str(control) for control in capabilities.controls)
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def capabilities_from_dict(data: Mapping[str, Any]) -> Capabilities:
    """Return the capabilities of a config entry; keys and controls of a newer version are ignored."""
    known = {spec.name for spec in fields(Capabilities)}
    values = {key: value for key, value in data.items() if key in known}
    values["kind"] = SourceKind(data["kind"])
    values["controls"] = frozenset(Control(name) for name in data.get("controls", []) if name in set(Control))
    for name in ("power_steps_w", "modes"):
        values[name] = tuple(data.get(name, ()))
    return Capabilities(**values)
