"""The simulated home of shadow mode.

The copy differs from the real home only by the response of the learned house to the difference in heat. Weather,
people, open windows and everything that the model does not know are therefore the same in both, as measured. A second
engine controls the copy with all its limits; it sees the simulated temperatures and sources. An ensemble of houses
within the uncertainty of the fit gives the interval.
"""

from collections.abc import Mapping
from dataclasses import replace
import math
from typing import Any, Final, override

import numpy as np

from ..arrays import Array
from ..config import EngineConfig
from ..decision_record import Decision, SourceCommand
from ..engine import Engine
from ..jobs import Job, JobResult
from ..learning import LearnedModel
from ..model.house_fit import draw_parameters
from ..model.network import HEAT, MASS, NAMES, ROOM, STATES, discretise
from ..model.observer import HouseState, Observer
from ..model.reference_house import MEMBERS
from ..reconfiguration import configure
from ..savings import FirstDay, first_day
from ..snapshot import SensorReading, Snapshot, ZoneSnapshot
from .savings import KEEP_DAYS, ShadowDay, ShadowReport, dump, report, restore
from .sources import Output, is_shared, output, real_output, simulated

DAY_S: Final = 86400.0
MAX_STEP_S: Final = 900.0
"""After a longer gap between two cycles, the copy approaches the real home, and nothing is counted."""
TRACKING_PER_LOSS: Final = 5.0
"""How strongly the members follow the room temperature of the best estimate: W per W/K of loss and kelvin."""
TRACKING_S: Final = 6 * 3600.0
_CAPACITIES: Final = ("emitter_j_k", "room_j_k", "mass_j_k")


class ShadowEngine(Engine):
    """An engine that controls the simulated home with the model that the real one has learned."""

    def __init__(self, config: EngineConfig) -> None:
        super().__init__(_simulated_config(config))

    def follow(self, learned: LearnedModel, state: HouseState) -> None:
        """Use a model from now on, in this state of the simulated house."""
        self._since_learning.clear()
        self.adopt(JobResult(learned=learned))
        self._observer = Observer(learned.fitted.parameters, state)

    @override
    def job(self, snapshot: Snapshot) -> Job | None:
        """Return a plan that is due; the model is learned from the real home only."""
        self._learn_at_h = math.inf
        self._since_learning.clear()
        return super().job(snapshot)


class ShadowHome:
    """The simulated home and its control."""

    def __init__(self, real: Engine) -> None:
        self._real = real
        self._applied = real.config
        self.engine = ShadowEngine(real.config)
        self.days: list[ShadowDay] = []
        self.first_counted = -math.inf
        """The number of the first day of the home as it is now: those before it are of another one."""
        self._learned: LearnedModel | None = None
        self._offset_k = np.zeros((MEMBERS, STATES))
        """Temperatures of the simulated house above those of the real one."""
        self._integral_k = np.zeros(MEMBERS)
        self._stored_kwh: Array | None = None
        self._map_error = np.zeros(MEMBERS)
        self._parameters = np.zeros((MEMBERS, len(NAMES)))
        self._step: tuple[int, Array, Array] | None = None
        self._commands: Mapping[str, SourceCommand] = {}
        self._last_s: float | None = None

    def observe(self, snapshot: Snapshot) -> Snapshot | None:
        """Simulate the time since the last cycle of the real home, which has processed ``snapshot``.

        Returns the snapshot of the simulated home; None while no trusted model is known.
        """
        if self._real.config is not self._applied:
            self._applied = self._real.config
            configure(self.engine, _simulated_config(self._applied))
        learned, state, inputs = self._real.learned, self._real.state, self._real.inputs
        if learned is None or state is None or inputs is None or not self._real.predicting:
            self._last_s = None
            return None
        if learned is not self._learned:
            self._use(learned, state)
        elapsed_s = 0.0 if self._last_s is None else snapshot.now_s - self._last_s
        self._last_s = snapshot.now_s
        counts = 0 < elapsed_s <= MAX_STEP_S
        emitter_c = state.emitter_c + float(self._offset_k[0, 0])
        made = self._outputs(snapshot, emitter_c, inputs.outdoor_c)
        real_w = sum(real_output(self._real.configs, item, inputs.outdoor_c).heat_w for item in snapshot.sources)
        heat_w = sum(part.heat_w for part in made.values())
        more_w = self._follow_best(elapsed_s) if counts else np.zeros(MEMBERS)
        self._advance(heat_w - real_w + more_w if counts else more_w, elapsed_s)
        copy = self._copy(snapshot, made, emitter_c)
        self.engine.observe(copy)
        if counts:
            self._count(snapshot, copy, elapsed_s, heat_w, more_w)
        return copy

    def decide(self, copy: Snapshot) -> Decision:
        """Let the engine command the simulated home until the next cycle."""
        decision = self.engine.decide(copy)
        now = {command.source_id: command for command in decision.commands if not command.hold}
        self._commands = {**self._commands, **now}
        return decision

    def report(self, last_days: int | None = None) -> ShadowReport | None:
        """Return the simulated savings over the last whole days; None without any."""
        days = [day for day in self.days if day.day >= self.first_counted]
        return report(days, self._map_error, last_days)

    def begin_at(self, local_s: float) -> None:
        """Count from the first whole day after a time of local standard time: the home was another one before."""
        self.first_counted = (local_s - MAX_STEP_S) // DAY_S + 1

    def first_day(self, local_s: float) -> FirstDay | None:
        """Return how far the first whole day is; None while nothing is simulated."""
        if self._last_s is None:
            return None
        number = int(local_s // DAY_S)
        if number < self.first_counted:
            return FirstDay(0.0, 2 * DAY_S - local_s % DAY_S)
        today = self.days[-1] if self.days and self.days[-1].day == number else None
        return first_day(local_s, 0.0 if today is None else today.seconds)

    def _use(self, learned: LearnedModel, state: HouseState) -> None:
        first = self._learned is None
        self._learned = learned
        self._parameters = draw_parameters(learned.fitted, MEMBERS, 1)
        self._step = self._stored_kwh = None
        error = learned.pump.error if learned.pump is not None else 0.0
        self._map_error = np.random.default_rng(2).standard_normal(MEMBERS) * error
        self._map_error[0] = 0.0
        if first:
            self.engine.demand_control.restore(self._real.demand_control.dump())
            self.engine.short_cycle.restore(self._real.short_cycle.dump())
            self.engine.zones.restore(self._real.zones.dump())
        emitter_k, room_k, mass_k = (float(value) for value in self._offset_k[0])
        self.engine.follow(
            learned,
            replace(
                state,
                emitter_c=state.emitter_c + emitter_k,
                room_c=state.room_c + room_k,
                mass_c=state.mass_c + mass_k,
            ),
        )

    def _outputs(self, snapshot: Snapshot, emitter_c: float, outdoor_c: float) -> dict[str, Output]:
        """Return what each source of the simulated home has delivered since the last cycle."""
        assert self._learned is not None
        maps = self._real.source_selector.maps(self._learned)
        made: dict[str, Output] = {}
        for reading in snapshot.sources:
            source = self.engine.configs.get(reading.source_id)
            command = self._commands.get(reading.source_id)
            if is_shared(reading):
                made[reading.source_id] = real_output(self._real.configs, reading, outdoor_c)
            elif source is not None and command is not None:
                made[reading.source_id] = output(
                    source,
                    command,
                    maps.get(reading.source_id),
                    house=self._learned.fitted.parameters,
                    emitter_c=emitter_c,
                    outdoor_c=outdoor_c,
                )
        return made

    def _copy(self, snapshot: Snapshot, made: Mapping[str, Output], emitter_c: float) -> Snapshot:
        """Return the snapshot of the simulated home."""
        assert self._learned is not None
        house, offset_k = self._learned.fitted.parameters, float(self._room_k()[0])
        sources = tuple(
            reading
            if is_shared(reading)
            else simulated(
                reading,
                made.get(reading.source_id, Output()),
                command.level if (command := self._commands.get(reading.source_id)) is not None else 0.0,
                house=house,
                emitter_c=emitter_c,
            )
            for reading in snapshot.sources
        )
        return replace(
            snapshot,
            zones=tuple(_shifted(zone, offset_k) for zone in snapshot.zones),
            sources=sources,
            active=True,
        )

    def _room_k(self) -> Array:
        """Return by how much the room sensor of each member would show more than the real one."""
        share = self._parameters[:, NAMES.index("sensor_mass_share")]
        room: Array = self._offset_k[:, ROOM]
        result: Array = room + share * (self._offset_k[:, MASS] - room)
        return result

    def _follow_best(self, elapsed_s: float) -> Array:
        """Return the heat in W that each member needs in addition, for the room temperature of the best estimate."""
        assert self._learned is not None
        room_k = self._room_k()
        error_k: Array = room_k[0] - room_k
        self._integral_k += error_k * (elapsed_s / TRACKING_S)
        gain_w_k = TRACKING_PER_LOSS * self._learned.fitted.parameters.total_loss_w_k
        result: Array = gain_w_k * (error_k + self._integral_k)
        return result

    def _advance(self, more_w: Array, elapsed_s: float) -> None:
        """Let the temperatures respond to heat in addition to that of the real home."""
        if elapsed_s <= 0:
            return
        seconds = max(1, round(elapsed_s))
        if self._step is None or self._step[0] != seconds:
            self._step = (seconds, *discretise(self._parameters, float(seconds)))
        _, forward, drive = self._step
        self._offset_k = (forward @ self._offset_k[:, :, None])[:, :, 0] + drive[:, :, HEAT] * more_w[:, None]

    def _count(self, snapshot: Snapshot, copy: Snapshot, elapsed_s: float, heat_w: float, more_w: Array) -> None:
        """Add the time since the last cycle to its day, if the cost of the real home is known."""
        real, ours = self._real, self.engine
        stored = self._stored_kwh
        capacities = self._parameters[:, [NAMES.index(name) for name in _CAPACITIES]]
        self._stored_kwh = (self._offset_k * capacities).sum(axis=1) / 3.6e6
        if not real.cost.complete or not math.isfinite(snapshot.price_kwh):
            return
        number = int(snapshot.local_s // DAY_S)
        if not self.days or self.days[-1].day != number:
            self.days.append(ShadowDay(number))
            del self.days[:-KEEP_DAYS]
        day, hours = self.days[-1], elapsed_s / 3600
        day.seconds += elapsed_s
        day.real_cost += real.spent.last
        day.real_kwh += real.cost.power_w * hours / 1000
        day.cost += ours.spent.last
        day.kwh += ours.cost.power_w * hours / 1000
        day.heat_kwh += heat_w * hours / 1000
        day.estimated = day.estimated or real.cost.estimated
        day.more_heat_kwh += more_w * hours / 1000
        if stored is not None:
            day.stored_kwh += self._stored_kwh - stored
        day.real_below_kh += _below_k(snapshot) * hours
        day.below_kh += _below_k(copy) * hours

    def dump(self) -> dict[str, Any]:
        """Return the state that survives a restart, as JSON values."""
        return {"days": dump(self.days), "offset_k": self._offset_k.tolist()}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Restore what ``dump`` returned; invalid parts are skipped."""
        self.days = restore(saved.get("days"))
        try:
            offset_k = np.array(saved.get("offset_k"), dtype=float)
        except TypeError, ValueError:
            return
        if offset_k.shape == self._offset_k.shape and np.isfinite(offset_k).all():
            self._offset_k = offset_k


def _simulated_config(config: EngineConfig) -> EngineConfig:
    """Return the configuration for the simulated home, in which no source has to be measured."""
    return replace(config, commission=False)


def _shifted(zone: ZoneSnapshot, offset_k: float) -> ZoneSnapshot:
    return replace(zone, room=SensorReading(zone.room.value + offset_k, zone.room.age_s))


def _below_k(snapshot: Snapshot) -> float:
    """Return by how many kelvin the rooms are below their lower comfort bounds, as the mean of all zones."""
    below = [
        max(0.0, (zone.band or snapshot.band).now[0] - zone.room.value) for zone in snapshot.zones if zone.room.known
    ]
    return sum(below) / len(below) if below else 0.0
