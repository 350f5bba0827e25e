"""The heating engine."""

from .._lib.heat_source import SourceKind
from .config import (
    CurveConfig,
    EngineConfig,
    PeakPolicy,
    ReferenceControl,
    SafetyLimits,
    SiteLimits,
    SourceConfig,
    Steering,
    Weights,
)
from .decision import Decision, DecisionRecord, Share, SourceCommand, Way
from .engine import Engine, JobResult
from .savings import Proof
from .snapshot import Band, Forecast, Reading, Snapshot, SourceSnapshot, ZoneSnapshot

__all__ = [
    "Band",
    "CurveConfig",
    "Decision",
    "DecisionRecord",
    "Engine",
    "EngineConfig",
    "Forecast",
    "JobResult",
    "PeakPolicy",
    "Proof",
    "Reading",
    "ReferenceControl",
    "SafetyLimits",
    "Share",
    "SiteLimits",
    "Snapshot",
    "SourceCommand",
    "SourceConfig",
    "SourceKind",
    "SourceSnapshot",
    "Steering",
    "Way",
    "Weights",
    "ZoneSnapshot",
]
