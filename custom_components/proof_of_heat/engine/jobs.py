"""The slow work of the engine, for another thread: learning and planning.

A job leaves the interpreter to other threads every few milliseconds, and calculates in its own thread only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .blas_threads import one_thread
from .learning import LearnedModel, learn
from .learning_state import LearningState
from .model.history import History
from .model.performance_map import Operation
from .planning.commitment import PlanRequest, PlanResult, make_plan
from .thread_yield import ThreadYield


@dataclass(frozen=True)
class JobResult:
    """The result of a job, for ``Engine.adopt``."""

    learned: LearnedModel | None = None
    plan: PlanResult | None = None


type Job = Callable[[], JobResult]


def learning(
    history: History,
    before: LearningState | None,
    error_limit_k: float,
    operations: Mapping[str, Operation],
    yield_thread: ThreadYield | None = None,
) -> Job:
    """Return the job that learns from the present history."""
    yield_thread = yield_thread or ThreadYield()
    series = history.series_later(yield_thread)

    def job() -> JobResult:
        with one_thread():
            return JobResult(learned=learn(series(), before, error_limit_k, operations, yield_thread))

    return job


def planning(request: PlanRequest) -> Job:
    """Return the job that makes a plan."""

    def job() -> JobResult:
        with one_thread():
            return JobResult(plan=make_plan(request))

    return job
