"""Convert the state to stored records and back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from .codec import decode
from .models import HISTORY_LENGTH, Device, DeviceEvent, DeviceEventKind, Job, Release
from .plan import Rollout
from .record_types import RecordChange, RecordKey, RecordType
from .state import State, job_event


def pop_changes(state: State) -> list[RecordChange]:
    """Return the changes to save now. Records are immutable, so another thread may write them."""
    keys, state.dirty = state.dirty, {}
    for key in keys:
        state.unsaved_contacts.pop(key, None)
    return [(kind, record_id, record_of(state, kind, record_id)) for kind, record_id in keys]


def restore_changes(state: State, changes: Sequence[RecordChange]) -> None:
    """Mark changes as unsaved again, because they could not be written."""
    state.dirty = {(kind, record_id): None for kind, record_id, _ in changes} | state.dirty


def stored_form(changes: Sequence[RecordChange]) -> list[RecordChange]:
    """Return changes as they would be read again after they were saved."""
    return [(kind, record_id, orjson.loads(orjson.dumps(record, default=dict))) for kind, record_id, record in changes]


def with_changes(records: Mapping[RecordKey, Any], changes: Sequence[RecordChange]) -> Mapping[RecordKey, Any]:
    """Return stored records with changes that could not be saved; None removes a record."""
    changed = {**records}
    for kind, record_id, record in changes:
        if record is None:
            changed.pop((kind, record_id), None)
        else:
            changed[kind, record_id] = record
    return changed


def all_records(state: State) -> Iterator[RecordChange]:
    """Return all records of a state."""
    for kind, record_id in _keys(state):
        if (record := record_of(state, kind, record_id)) is not None:
            yield kind, record_id, record


def record_of(state: State, kind: str, record_id: str) -> Any:
    """Return the current record of a key; None if it was removed."""
    match kind:
        case RecordType.RELEASE:
            return state.releases.get(record_id)
        case RecordType.SEQUENCE:
            return state.sequences.get(record_id)
        case RecordType.DEVICE:
            device = state.devices.get(record_id)
            return replace(device, history=()) if device is not None else None
        case RecordType.HISTORY:
            return _event_in_slot(state, *record_id.rsplit("/", 1))
        case RecordType.CONTACTS:
            return _contacts(state)
        case RecordType.ROLLOUT:
            return state.rollouts.get(record_id)
        case RecordType.JOB:
            return state.jobs.get(int(record_id))
        case _:
            return state.next_job


def _event_in_slot(state: State, uid: str, slot: str) -> tuple[int, DeviceEvent] | None:
    """Return the event in a slot of a device's log, with its number."""
    device = state.devices.get(uid)
    if device is None or not device.history:
        return None
    last = state.history_counts.get(uid, 0) - 1
    back = (last - int(slot)) % HISTORY_LENGTH
    return (last - back, device.history[-1 - back]) if back < len(device.history) else None


def _keys(state: State) -> Iterator[RecordKey]:
    yield RecordType.NEXT_JOB, ""
    for kind, ids in (
        (RecordType.RELEASE, state.releases),
        (RecordType.SEQUENCE, state.sequences),
        (RecordType.DEVICE, state.devices),
        (RecordType.ROLLOUT, state.rollouts),
        (RecordType.JOB, state.jobs),
    ):
        yield from ((kind, str(record_id)) for record_id in ids)
    for uid in state.devices:
        yield from ((RecordType.HISTORY, f"{uid}/{slot}") for slot in range(HISTORY_LENGTH))


def load_state(state: State, records: Mapping[RecordKey, Any]) -> None:
    """Fill an empty state from stored records.

    Raises:
        DecodeError: A record is damaged.
    """
    for (kind, record_id), raw in records.items():
        _load_record(state, kind, record_id, raw)
    _load_contacts(state, records.get((RecordType.CONTACTS, ""), {}))
    _load_history(state, records)
    for (kind, _), raw in records.items():
        if kind == RecordType.JOB:
            job = decode(Job, raw)
            if job.uid in state.devices:
                state.index_job(job)
    for number in state.last_job.values():
        _restore_event(state, state.jobs[number])
    state.events.clear()
    state.next_job = max([state.next_job, *(number + 1 for number in state.jobs)])


def _load_record(state: State, kind: str, record_id: str, raw: Any) -> None:
    """Load a record that does not depend on others; types of a newer version are ignored."""
    match kind:
        case RecordType.RELEASE:
            state.releases[record_id] = _with_image_version(decode(Release, raw))
        case RecordType.SEQUENCE:
            state.sequences[record_id] = decode(int, raw)
        case RecordType.DEVICE:
            state.devices[record_id] = decode(Device, raw)
        case RecordType.ROLLOUT:
            state.rollouts[record_id] = decode(Rollout, raw)
        case RecordType.NEXT_JOB:
            state.next_job = decode(int, raw)


def _contacts(state: State) -> dict[str, tuple[float, float]]:
    """Return last contact and expected poll interval of all devices that were seen."""
    expected_s = state.liveness.expected_s
    return {
        uid: (device.last_seen, expected_s.get(uid, 0.0))
        for uid, device in state.devices.items()
        if device.last_seen is not None
    }


def _load_contacts(state: State, raw: Any) -> None:
    """Apply the last contacts to the devices, which are saved less often."""
    for uid, (last_seen, expected_s) in decode(dict[str, tuple[float, ...]], raw).items():
        device = state.devices.get(uid)
        if device is None:
            continue
        state.liveness.expected_s[uid] = expected_s
        if last_seen > (device.last_seen or 0.0):
            state.devices[uid] = replace(device, last_seen=last_seen)


def _with_image_version(release: Release) -> Release:
    """Add what earlier versions stored only in the signed manifest."""
    if release.image_version is not None or release.manifest is None:
        return release
    version = orjson.loads(release.manifest).get("image_version")
    return replace(release, image_version=version) if version not in (None, release.version) else release


def _load_history(state: State, records: Mapping[RecordKey, Any]) -> None:
    """Load the event logs of the devices, which have to be loaded before."""
    logs: dict[str, list[tuple[int, DeviceEvent]]] = {}
    for (kind, record_id), raw in records.items():
        if kind == RecordType.HISTORY:
            number, event = raw
            logs.setdefault(record_id.rsplit("/", 1)[0], []).append((decode(int, number), decode(DeviceEvent, event)))
    for uid, events in logs.items():
        if uid in state.devices:
            events.sort(key=lambda numbered: numbered[0])
            state.history_counts[uid] = events[-1][0] + 1
            state.devices[uid] = replace(state.devices[uid], history=tuple(event for _, event in events))


def _restore_event(state: State, job: Job) -> None:
    """Add the log event of a job again if it was lost: jobs are saved at once, events a little later."""
    kind = DeviceEventKind(job.state.value)
    history = state.devices[job.uid].history
    if not any(event.kind is kind and event.version == job.version for event in history[-8:]):
        state.log(job.uid, job_event(job))
