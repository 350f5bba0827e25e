"""The engine: validates a snapshot each cycle, and decides what every heat source does."""

from collections.abc import Callable
from dataclasses import replace
import math
from typing import Any

from .._lib.heat_source import SourceKind
from .commissioning import measuring_share, wants_measuring
from .config import EngineConfig, PeakPolicy, Steering
from .consumption_forecast import ConsumptionForecast, forecast_next_day
from .decision_record import ControlMode, Decision, DecisionRecord, SourceCommand, SourceShare
from .delivery import Delivery, counted, delivery
from .demand import Demand, DemandControl, Target, preheat_offsets_k
from .duty_cycle import DutyCycle
from .flow_control import FlowControl, response
from .horizon import DAY_STEPS
from .input_validation import InputValidator, ValidatedInputs
from .jobs import Job, JobResult, learning, planning
from .learning import FIRST_H, LearnedModel, next_learning_h
from .learning_state import LearningMemory
from .messages import Message, MessageCode, message
from .model.curve_fit import CurveSuggestion, suggest
from .model.history import COLUMNS, History, Row
from .model.meter_check import IdleCheck, MeterProblem
from .model.observer import HouseState, Observer
from .model.operating_history import OperatingHistory
from .plan_request import PlanContext, plan_request
from .planning.commitment import PlanRequest, PlanResult
from .power_excess import PowerExcess
from .row_builder import RowBuilder, make_sample, operating_values
from .running_cost import RunningCost, RunningCostMeter, cost_of
from .safety import Safety
from .savings import SavingsReport, SavingsTracker
from .short_cycle import ShortCycleProtection
from .site_load import SiteLoad
from .snapshot import NAN, ComfortBand, Snapshot
from .source_selection import SourceSelector
from .sources import all_heat_w, delivered_heat_w
from .zones import ZoneOffsets

STATE_VERSION = 1
PLAN_VALID_S = 2700.0
TOO_WARM_K = 0.2
"""Within this distance below the upper bound, no source runs for its revenue alone."""
RISE_K_H = 0.4
"""How fast a typical house warms up; used without a plan only."""


class Engine:
    """The control engine of a home; the package's docstring shows a cycle."""

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        self.history = History()
        self.learned: LearnedModel | None = None
        self.plan: PlanResult | None = None
        self.savings = SavingsTracker(config.reference)
        self.demand_control = DemandControl(config.curve)
        self.short_cycle = ShortCycleProtection()
        self.configs = {source.source_id: source for source in config.sources}
        self.safety = Safety(config.safety, self.configs, self.short_cycle)
        self.source_selector = SourceSelector(config)
        self.zones = ZoneOffsets()
        self.site_load = SiteLoad(config.site)
        self.validator = InputValidator(config.safety)
        self._rows = RowBuilder()
        self._duty_cycle = DutyCycle()
        self._flow_control = FlowControl()
        self._excess = PowerExcess()
        self._idle_check = IdleCheck()
        self._observer: Observer | None = None
        self._since_learning: list[Row] = []
        self._learn_at_h = next_learning_h(0.0)
        self._busy = self._plan_due = self._is_outdated = False
        self._planned_with: tuple[object, ...] | None = None
        self._plan_is_for: tuple[object, ...] | None = None
        self._inputs: ValidatedInputs | None = None
        self._band: ComfortBand | None = None
        self._last_s: float | None = None
        self._elapsed_s = 0.0
        self.spent, self.delivery, self.cost = RunningCostMeter(), Delivery(), RunningCost()
        self._shares: dict[str, SourceShare] = {}
        pumps = [source.source_id for source in config.sources if source.has_performance_map]
        self.pump_id = pumps[0] if pumps else None
        """The source whose performance map is learned from the history of the home."""
        self._measured_at_levels = bool(pumps) and self.configs[pumps[0]].steering is Steering.LEVEL
        self.operating_history = OperatingHistory(pumps[1:])
        self.memory = LearningMemory(self.pump_id)

    @property
    def state(self) -> HouseState | None:
        """The estimated state of the house; None before it was learned."""
        return self._observer.state if self._observer else None

    @property
    def inputs(self) -> ValidatedInputs | None:
        """The validated inputs of the last cycle; None before the first one."""
        return self._inputs

    @property
    def predicting(self) -> bool:
        """Whether the backtest allows planning."""
        return self.learned is not None and self.learned.trusted and self._idle_check.problem is None

    @property
    def is_unmeasured(self) -> bool:
        """Whether the house cannot be learned, because the heat of a source is not known."""
        return self.learned is None and self._rows.is_unmeasured

    @property
    def meter_problem(self) -> MeterProblem | None:
        """Why a meter cannot be that of its heat source; None without such a problem."""
        return (self.learned and self.learned.meter_problem) or self._idle_check.problem

    def observe(self, snapshot: Snapshot) -> None:
        """Process a snapshot: validate the inputs, update the model's state and the history."""
        self._elapsed_s = 0.0 if self._last_s is None else max(0.0, snapshot.now_s - self._last_s)
        self._last_s = snapshot.now_s
        self.site_load.observe(snapshot, self._elapsed_s)
        inputs = self.validator.validate(snapshot)
        self._inputs = inputs = replace(inputs, room_c=self.zones.room_c(inputs.zones, self._elapsed_s))
        self._plan_due |= self._plan_basis(snapshot, inputs) != self._planned_with
        self._band = band = self.zones.band(inputs.zones, snapshot.band)
        delivered_w = all_heat_w(self.configs, snapshot, inputs.outdoor_c)
        self._flow_control.update(self.learned, response(snapshot, delivered_w, self.plan), self._elapsed_s)
        self._idle_check.add(next((s for s in snapshot.sources if s.source_id == self.pump_id), None), self._elapsed_s)
        self.delivery = now = delivery(self.configs, snapshot, inputs.outdoor_c, self._shares)
        self._flow_control.starts.update(self.configs, snapshot, now, self._elapsed_s)
        self.cost = cost_of(now, self.configs, snapshot)
        paid, meanwhile = self.spent.since_last(snapshot, now)
        reference_price = self.source_selector.reference_price(paid)
        spent = cost_of(counted(meanwhile, snapshot, self._elapsed_s), self.configs, paid)
        self.spent.add(spent, self._elapsed_s, reference_price)
        self.operating_history.add(operating_values(snapshot, inputs, self.configs), self._elapsed_s)
        row = self._rows.add(make_sample(snapshot, inputs, self.configs, self.configs.get(self.pump_id or "")))
        if row is None:
            return
        if not self._rows.unknown_rows:
            self.history.add(row)
            self._since_learning.append(row)
        if self._observer is not None:
            self._observer.update(row)
        if snapshot.active and self.plan is not None:
            self._excess.add(row, self.plan.made_s - snapshot.now_s + snapshot.local_s, self.plan.cap_w)
        row_price = self.spent.mean_price(reference_price)
        spent = self.spent.take()
        if snapshot.active:
            self.savings.add_row(row, band, row_price, spent)
        self._plan_due = True

    def job(self, snapshot: Snapshot) -> Job | None:
        """Return slow work that is due (learning or planning), to be called in another thread; None without any.

        Only one job is returned at a time: call ``adopt`` or ``job_failed`` before the next.
        """
        if self._busy or self._inputs is None:
            return None
        snapshot = self.site_load.completed(snapshot)
        if self.history.recorded_h >= self._learn_at_h and (self.learned or self.history.is_heated):
            self._busy = True
            self._since_learning = []
            operations = self.operating_history.operations()
            return learning(self.history, self.memory.last, self.config.prediction_error_limit_k, operations)
        if self._can_plan(snapshot) and self._observer is not None:
            self._busy, self._plan_due = True, False
            self._planned_with = self._plan_basis(snapshot, self._inputs)
            return planning(self._plan_request(snapshot, self._inputs, self._state_now(self._observer)))
        return None

    def _state_now(self, observer: Observer) -> HouseState:
        """Return the state for a plan: the history may have ended an hour ago, or the last row ten minutes ago."""
        return observer.state if (row := self._rows.present) is None else observer.at(row)

    def _plan_basis(self, snapshot: Snapshot, inputs: ValidatedInputs) -> tuple[object, ...]:
        """Return what is planned with: if it changes, a plan of the last quarter of an hour no longer fits.

        After a start, devices are read one after the other; users change setpoints, and open windows.
        """
        zones = ((zone.zone_id, zone.target_c, zone.wants_heat, zone.window_open) for zone in inputs.zones)
        return self.source_selector.available(snapshot), *zones

    def _can_plan(self, snapshot: Snapshot) -> bool:
        """Whether a plan is due and possible: with a trusted model, a room temperature and an available source."""
        known = self._inputs is not None and math.isfinite(self._inputs.room_c)
        return self._plan_due and self.predicting and known and bool(self.source_selector.available(snapshot))

    def adopt(self, result: JobResult) -> None:
        """Use the result of a job."""
        self._busy, outdated, self._is_outdated = False, self._is_outdated, False
        if result.learned is not None and not outdated:
            self._learn_at_h = next_learning_h(self.history.recorded_h)
            kind = self.configs[self.pump_id].kind if self.pump_id else None
            self.learned = learned = result.learned.checked(is_heat_pump=kind is SourceKind.HEAT_PUMP)
            self.memory.last = learned.learning_state
            before, self._observer = self.state, result.learned.observer(self._since_learning)
            reference = learned.pump or self.source_selector.reference_map()
            if reference is not None:
                self.savings.update_model(result.learned.fitted, reference, self._observer.state, before)
            self.plan = self.plan if self.predicting else None
            self._plan_due = True
        if result.plan is not None:
            self.plan, self._plan_is_for = result.plan, self._planned_with

    def adopt_history(self, older: History) -> None:
        """Add a history from before the engine's own; the house is learned again at the next job."""
        self.use_history(self.history.after(older))

    def use_history(self, history: History) -> None:
        """Use another history; a job that learns from the one before has no result."""
        self.history, self._is_outdated = history, self._busy
        if history.hours >= FIRST_H:
            self._learn_at_h = 0.0

    def job_failed(self) -> None:
        """Continue after a job that failed; it is retried when it is due again."""
        self._busy, outdated, self._is_outdated = False, self._is_outdated, False
        if not outdated:
            self._learn_at_h = max(self._learn_at_h, next_learning_h(self.history.recorded_h))
        if self._plan_is_for != self._planned_with:
            self.plan = None  # made for other setpoints or sources
        self._planned_with = None

    def decide(self, snapshot: Snapshot) -> Decision:
        """Return the commands of all sources for this cycle. It is fast and does no I/O."""
        snapshot = self.site_load.completed(snapshot)
        inputs = self._inputs or self.validator.validate(snapshot)
        preheat_k = preheat_offsets_k([zone.band or snapshot.band for zone in inputs.zones], RISE_K_H)
        demand = self.demand_control.update(inputs.zones, inputs.outdoor_c, self._elapsed_s, preheat_k)
        target = self._target(snapshot, inputs, demand)
        frost = self.safety.update_frost(inputs)
        if frost:
            target = replace(target, heat_w=max(target.heat_w, self.source_selector.min_heat_w(self.learned)))
        is_planned = target.control_mode is ControlMode.PLAN
        choice = self.source_selector.choose(
            snapshot,
            inputs,
            target.heat_w,
            learned=self.learned,
            state=self.state,
            locks=self._locks(snapshot),
            frost=frost,
            too_warm=inputs.room_c > (self._band or snapshot.band).now[1] - TOO_WARM_K,
            planned=self.plan.used if is_planned and self.plan else None,
            power_cap_w=self.plan.cap_w if is_planned and self.plan else self._power_cap_w(),
        )
        requested = tuple(part.command(target.flow_c, self.config.safety.lease_s) for part in choice.parts)
        headroom = self.source_selector.headroom(snapshot, self.learned)
        commands, limits = self.safety.apply(requested, snapshot, inputs, headroom)
        self.source_selector.record(commands)
        return self._decision(snapshot, inputs, target, commands, limits + choice.limits + self.site_load.messages())

    def suggest_curve(self, room_c: float) -> CurveSuggestion | None:
        """Return the heating curve that fits the house at a room setpoint in degC; None before it was learned."""
        return suggest(self.learned.fitted, room_c) if self.learned else None

    def consumption_forecast(self) -> ConsumptionForecast | None:
        """Return the expected heating energy of the next 24 hours; None without a plan."""
        if self.learned is None or self.plan is None or self._inputs is None:
            return None
        return forecast_next_day(self.plan.plan, self.learned.fitted, self._inputs.outdoor_c)

    def savings_report(self, last_days: int | None = None) -> SavingsReport | None:
        """Return the savings over the last complete days; None without any."""
        return self.savings.report(last_days)

    def _target(self, snapshot: Snapshot, inputs: ValidatedInputs, demand: Demand) -> Target:
        """Return the heat and flow temperature to request in this cycle, before sources and limits."""
        if inputs.blind:
            safety = self.config.safety
            heat = safety.fallback_share * self.source_selector.design_heat_w(self.learned)
            return Target(ControlMode.BLIND, heat, safety.fallback_flow_c, (message(MessageCode.NOTHING_KNOWN),))
        plan = self.plan
        if plan is not None and self.predicting and snapshot.now_s - plan.made_s <= PLAN_VALID_S:
            asked = any(zone.wants_heat and not zone.window_open for zone in inputs.zones)
            if asked or not inputs.zones:
                flow_c = self._flow_for(plan, demand, snapshot.now_s)
                return Target(ControlMode.PLAN, plan.heat_w, flow_c, plan.messages)
        wanted_w = demand.share * self.source_selector.design_heat_w(self.learned)
        delivered_w = delivered_heat_w(self.configs, snapshot, inputs.outdoor_c)
        may_measure = self.config.commission and self._measured_at_levels and self.learned is None
        may_measure &= not self._rows.is_unmeasured
        if may_measure and wants_measuring(demand, inputs.zones, self.history.hours):
            at_level = measuring_share(self.history.hours) * self.source_selector.full_heat_w(self.pump_id or "", None)
            now = self._duty_cycle.update(wanted_w, at_level, delivered_w, self._elapsed_s)
            heat = at_level if now > 0 else 0.0
            return Target(ControlMode.COMMISSIONING, heat, demand.flow_c, (message(MessageCode.LEARNING),), wanted_w)
        least_w = self.source_selector.min_heat_w(self.learned)
        heat = self._duty_cycle.update(wanted_w, least_w, delivered_w, self._elapsed_s)
        control_mode = ControlMode.CURVE if demand.heating else ControlMode.IDLE
        return Target(control_mode, heat, demand.flow_c, (demand.reason,), wanted_w)

    def _flow_for(self, plan: PlanResult, demand: Demand, now_s: float) -> float:
        """Return the flow temperature that delivers the planned heat now."""
        state, learned = self.state, self.learned
        if state is None or learned is None or plan.heat_w <= 0:
            return min(demand.flow_c, self.config.safety.max_flow_c)
        return self._flow_control.flow_c(learned, state, plan.heat_w, since_s=now_s - plan.made_s, used=plan.used)

    def _locks(self, snapshot: Snapshot) -> dict[str, Any]:
        return {s.source_id: self.short_cycle.locks(s, snapshot.now_s) for s in self.config.sources}

    def _plan_request(self, snapshot: Snapshot, inputs: ValidatedInputs, state: HouseState) -> PlanRequest:
        assert self.learned is not None
        context = PlanContext(
            config=self.config,
            learned=self.learned,
            selector=self.source_selector,
            state=state,
            recent=self.history.recent(DAY_STEPS),
            band=self._band or snapshot.band,
            locks=self._locks(snapshot),
            running={s.source_id: bool(self.short_cycle.cycle(s.source_id).on) for s in self.config.sources},
            emitter_c=self.plan.emitter_c if self.plan else None,
            power_cap_w=self._power_cap_w(),
        )
        return plan_request(snapshot, inputs, context)

    def _power_cap_w(self) -> float:
        """Return the limit of electric power in a plan; infinite without one, and for a source that is on or off."""
        weights, learned, modulates = self.config.weights, self.learned, self._measured_at_levels
        if weights.peak is PeakPolicy.NONE or learned is None or learned.pump is None or not modulates:
            return math.inf
        floor = weights.peak_floor * learned.pump.full_power_w
        cap_w = max(floor, weights.peak_share * self.savings.peak_w(weights.peak_days))
        return cap_w if learned.pump.has_known_level else cap_w / self._excess.factor

    def _decision(
        self,
        snapshot: Snapshot,
        inputs: ValidatedInputs,
        target: Target,
        commands: tuple[SourceCommand, ...],
        limits: tuple[Message, ...],
    ) -> Decision:
        mix = self.source_selector.shares(commands, snapshot)
        cost_h = sum(part.price_kwh * part.heat_w / 1000 for part in mix if part.heat_w > 0)
        self._shares = {part.source_id: part for part in mix}
        band = self._band or snapshot.band
        control_mode, reasons = ControlMode.FROST if self.safety.frost else target.control_mode, target.messages
        if any(limit.code is MessageCode.JUST_STARTED for limit in limits):
            control_mode = ControlMode.STARTING
            # Some sources are not read yet, and the plan does without them.
            reasons = tuple(reason for reason in reasons if reason.code is not MessageCode.TOO_COLD)
        record = DecisionRecord(
            now_s=snapshot.now_s,
            revision=snapshot.revision,
            control_mode=control_mode,
            room_c=inputs.room_c,
            outdoor_c=inputs.outdoor_c,
            lower_c=band.now[0],
            upper_c=band.now[1],
            demand_w=target.heat_w if target.demand_w is None else target.demand_w,
            requested_w=target.heat_w,
            flow_c=target.flow_c,
            mix=mix,
            cost_h=cost_h,
            heat_value_kwh=self.plan.plan.heat_value_kwh if control_mode is ControlMode.PLAN and self.plan else NAN,
            reasons=reasons,
            limits=limits,
            notes=inputs.notes if self.learned else (*inputs.notes, *self._rows.notes),
            next_rise=band.next_rise(),
            active=snapshot.active,
        )
        return Decision(commands, record)

    def dump(self) -> dict[str, Any]:
        """Return the state that survives a restart, as JSON values: about 300 kB after two months, for the history."""
        return {
            "version": STATE_VERSION,
            "demand": self.demand_control.dump(),
            "cycling": self.short_cycle.dump(),
            "columns": list(COLUMNS),
            "history": self.history.dump(),
            "savings": self.savings.dump(),
            "zones": self.zones.dump(),
            "site_load": self.site_load.dump(),
            "traces": self.operating_history.dump(),
            "learned": self.memory.dump(),
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Restore what ``dump`` returned; invalid parts are skipped. The house is learned again from the history."""
        if saved.get("version") != STATE_VERSION:
            return
        parts: tuple[tuple[str, type, Callable[[Any], None]], ...] = (
            ("demand", dict, self.demand_control.restore),
            ("cycling", dict, self.short_cycle.restore),
            ("zones", dict, self.zones.restore),
            ("site_load", list, self.site_load.restore),
            ("traces", dict, self.operating_history.restore),
            ("learned", dict, self.memory.restore),
            ("savings", list, self.savings.restore),
        )
        for key, kind, restore in parts:
            if isinstance(saved.get(key), kind):
                restore(saved[key])
        if saved.get("columns") == list(COLUMNS) and isinstance(rows := saved.get("history"), list):
            self.history.restore(rows)
            self.use_history(self.history)
