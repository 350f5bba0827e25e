"""Firmware that offers ready-made power settings: watts become the name of one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ..._lib.heat_source import Capabilities, Control, SourceKind
from ..errors import RefusedError

_SETTLE_S: Final = 600.0
_WRITE_INTERVAL_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class PowerPreset:
    """One setting. `tuned`: the chips were measured for it; another one costs hours of tuning first."""

    name: str
    watts: float
    tuned: bool


class PowerPresets:
    """The settings of one miner, by power. Where some are tuned, only those are offered."""

    def __init__(self, presets: Iterable[PowerPreset] = ()) -> None:
        known = sorted(presets, key=lambda preset: preset.watts)
        self._watts: Mapping[str, float] = {preset.name: preset.watts for preset in known}
        tuned = [preset for preset in known if preset.tuned]
        self._offered = tuple({preset.watts: preset for preset in tuned or known}.values())

    @property
    def steps_w(self) -> tuple[float, ...]:
        """The powers on offer, ascending."""
        return tuple(preset.watts for preset in self._offered)

    def watts_of(self, name: object) -> float | None:
        """The power of the setting of that name."""
        return self._watts.get(str(name))

    def name_for(self, watts: float) -> str:
        """The strongest setting within `watts`, the weakest where none is; RefusedError where there are none."""
        if not self._offered:
            raise RefusedError("the miner offers no power settings")
        fitting = [preset for preset in self._offered if preset.watts <= watts + 1]
        return fitting[-1].name if fitting else self._offered[0].name

    def capabilities(self) -> Capabilities:
        """On, off, and watts in steps. A change restarts the hash boards: it is not made often."""
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
