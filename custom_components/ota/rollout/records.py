"""The state as records of the journal, and back."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from .codec import decode
from .journal import Key, Op
from .models import HISTORY_LENGTH, Device, DeviceEvent, Release
from .plan import Rollout

if TYPE_CHECKING:
    from .state import State


class Kind(StrEnum):
    """What is saved, record by record."""

    RELEASE = "release"
    SEQUENCE = "sequence"
    DEVICE = "device"
    """Without its log, which is long and changes on its own."""
    HISTORY = "history"
    """A line of a device's log, as `uid/slot`: a new line takes the place of the oldest."""
    ROLLOUT = "rollout"
    JOB = "job"
    NEXT_JOB = "next_job"


def record_of(state: State, kind: str, name: str) -> Any:
    """What is known under a key now; None where it is gone."""
    match kind:
        case Kind.RELEASE:
            return state.releases.get(name)
        case Kind.SEQUENCE:
            return state.sequences.get(name)
        case Kind.DEVICE:
            device = state.devices.get(name)
            return replace(device, history=()) if device is not None else None
        case Kind.HISTORY:
            return _line_in(state, *name.rsplit("/", 1))
        case Kind.ROLLOUT:
            return state.rollouts.get(name)
        case Kind.JOB:
            return state.jobs.get(int(name))
        case _:
            return state.next_job


def _line_in(state: State, uid: str, slot: str) -> tuple[int, DeviceEvent] | None:
    """The line that is in a slot of a device's log, with its number."""
    device = state.devices.get(uid)
    if device is None or not device.history:
        return None
    last = state.lines.get(uid, 0) - 1
    back = (last - int(slot)) % HISTORY_LENGTH
    return (last - back, device.history[-1 - back]) if back < len(device.history) else None


def everything(state: State) -> Iterator[Op]:
    """All records there are."""
    for kind, name in _keys(state):
        if (record := record_of(state, kind, name)) is not None:
            yield kind, name, record


def _keys(state: State) -> Iterator[Key]:
    yield Kind.NEXT_JOB, ""
    for kind, names in (
        (Kind.RELEASE, state.releases),
        (Kind.SEQUENCE, state.sequences),
        (Kind.DEVICE, state.devices),
        (Kind.ROLLOUT, state.rollouts),
        (Kind.JOB, state.jobs),
    ):
        yield from ((kind, str(name)) for name in names)
    for uid in state.devices:
        yield from ((Kind.HISTORY, f"{uid}/{slot}") for slot in range(HISTORY_LENGTH))


def read_logs_into(state: State, records: Mapping[Key, Any]) -> None:
    """The devices' logs, line by line, once the devices are there."""
    logs: dict[str, list[tuple[int, DeviceEvent]]] = {}
    for (kind, name), raw in records.items():
        if kind == Kind.HISTORY:
            number, line = raw
            logs.setdefault(name.rsplit("/", 1)[0], []).append((decode(int, number), decode(DeviceEvent, line)))
    for uid, lines in logs.items():
        if uid in state.devices:
            lines.sort(key=lambda numbered: numbered[0])
            state.lines[uid] = lines[-1][0] + 1
            state.devices[uid] = replace(state.devices[uid], history=tuple(line for _, line in lines))


def read_into(state: State, kind: str, name: str, raw: Any) -> None:
    """One record that stands alone; a kind that a newer version wrote is none of ours."""
    match kind:
        case Kind.RELEASE:
            state.releases[name] = decode(Release, raw)
        case Kind.SEQUENCE:
            state.sequences[name] = decode(int, raw)
        case Kind.DEVICE:
            state.devices[name] = decode(Device, raw)
        case Kind.ROLLOUT:
            state.rollouts[name] = decode(Rollout, raw)
        case Kind.NEXT_JOB:
            state.next_job = decode(int, raw)
