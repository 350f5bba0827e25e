"""Power presets of firmware without a free power limit: a power becomes the name of a preset."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ..._lib.heat_source import Capabilities, Control, SourceKind
from ..errors import RefusedError

_SETTLE_S: Final = 600.0
_WRITE_INTERVAL_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class PowerPreset:
    """A preset. `tuned`: the chips are already tuned for it; tuning another one takes hours."""

    name: str
    watts: float
    tuned: bool

    @property
    def label(self) -> str:
        """The name with the power, as users see it."""
        watts = f"{self.watts:.0f}"
        return f"{watts} W" if self.name.removesuffix(" W") == watts else f"{self.name} ({watts} W)"


class PowerPresets:
    """The presets of a miner by power. If some are tuned, only those are used."""

    def __init__(self, presets: Iterable[PowerPreset] = ()) -> None:
        known = sorted(presets, key=lambda preset: preset.watts)
        self._watts: Mapping[str, float] = {preset.name: preset.watts for preset in known}
        tuned = [preset for preset in known if preset.tuned]
        self._offered = tuple({preset.watts: preset for preset in tuned or known}.values())

    @property
    def steps_w(self) -> tuple[float, ...]:
        """The available powers in W, ascending."""
        return tuple(preset.watts for preset in self._offered)

    @property
    def labels(self) -> tuple[str, ...]:
        """The available presets as users see them, by ascending power."""
        return tuple(preset.label for preset in self._offered)

    def label_of(self, name: object) -> str | None:
        """Return what users see of an available preset; None for another one."""
        return next((preset.label for preset in self._offered if preset.name == str(name)), None)

    def watts_of_label(self, label: str) -> float | None:
        """Return the power of an available preset in W; None if it is not available."""
        return next((preset.watts for preset in self._offered if preset.label == label), None)

    def watts_of(self, name: object) -> float | None:
        """Return the power of a preset in W; None if it is unknown."""
        return self._watts.get(str(name))

    def name_for(self, watts: float) -> str:
        """Return the preset with the highest power up to `watts`, else the lowest one; RefusedError without any."""
        if not self._offered:
            raise RefusedError("the miner has no power presets")
        fitting = [preset for preset in self._offered if preset.watts <= watts + 1]
        return fitting[-1].name if fitting else self._offered[0].name

    def capabilities(self) -> Capabilities:
        """Return capabilities for on/off and power steps. A change restarts the hash boards and must be rare."""
        steps = self.steps_w
        return Capabilities(
            kind=SourceKind.MINER,
            controls=frozenset({Control.ON_OFF, Control.POWER} if steps else {Control.ON_OFF}),
            power_steps_w=steps,
            min_power_w=steps[0] if steps else None,
            max_power_w=steps[-1] if steps else None,
            reads_power=True,
            reads_heat=True,
            settle_s=_SETTLE_S,
            min_write_interval_s=_WRITE_INTERVAL_S,
        )


NO_PRESETS: Final = PowerPresets()
