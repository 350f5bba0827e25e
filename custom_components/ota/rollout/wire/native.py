"""The native JSON protocol: check in, get an offer, report (docs/ota-protocol.md)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
import re
from typing import Any, Final

from ..errors import WireError
from ..models import Device, Job, JobState, Release, Slots
from ..offers import Offer, Reason
from ..versions import MAX_LENGTH
from . import fields
from .check_in import CheckIn

_STATES: Final = {
    "downloading": JobState.DOWNLOADING,
    "installing": JobState.INSTALLING,
    "rebooting": JobState.REBOOTING,
    "failed": JobState.FAILED,
    "rejected": JobState.CANCELED,
}
_MAX_COUNT: Final = 2**32 - 1
MAX_SLOTS: Final = 4
SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The report of a device about its update."""

    job_id: int
    state: JobState
    progress: int | None = None
    reason: str | None = None
    check_in: CheckIn = field(default_factory=CheckIn)


def check_in(data: Mapping[str, Any]) -> CheckIn:
    """Parse a check-in; unknown fields are ignored.

    Raises:
        WireError: `bad_value` with the `field`.
    """
    version = fields.text(data, "version", longest=MAX_LENGTH)
    if version is not None and not version.strip():
        raise WireError("bad_value", "must not be empty", field="version")
    metrics = fields.readings(data, "metrics", most=16)
    return CheckIn(
        version=version,
        boot_count=fields.integer(data, "boot_count", 0, _MAX_COUNT),
        busy=_busy(data),
        metrics=metrics.values,
        slots=_slots(data),
        ignored=metrics.ignored,
    )


def _slots(data: Mapping[str, Any]) -> Slots | None:
    images = data.get("slots")
    if images is None:
        return None
    if not isinstance(images, list) or len(images) > MAX_SLOTS:
        raise WireError("bad_value", f"must be a list of at most {MAX_SLOTS} hashes", field="slots")
    for number, image in enumerate(images):
        if image is not None and not (isinstance(image, str) and SHA256.fullmatch(image)):
            raise WireError(
                "bad_value", "must be a SHA-256 hash in hexadecimal format, or null", field=f"slots[{number}]"
            )
    can_roll_back = data.get("can_roll_back")
    if can_roll_back is not None and not isinstance(can_roll_back, bool):
        raise WireError("bad_value", "must be true or false", field="can_roll_back")
    return Slots(
        images=tuple((image or "").lower() for image in images),
        running=fields.integer(data, "running_slot", 0, MAX_SLOTS - 1),
        can_roll_back=can_roll_back,
    )


def _busy(data: Mapping[str, Any]) -> str | None:
    value = data.get("busy")
    if isinstance(value, bool):
        return "busy" if value else None
    return fields.text(data, "busy", longest=32) or None


def report(data: Mapping[str, Any]) -> Report:
    """Parse a status report.

    Raises:
        WireError: `bad_value` or `missing` with the `field`.
    """
    job = fields.required(fields.text(data, "job", longest=20), "job")
    if not (job.isascii() and job.isdigit()):
        raise WireError("bad_value", "must be the job of an offer", field="job")
    state = fields.required(fields.text(data, "state", longest=20), "state")
    if state not in _STATES:
        raise WireError("bad_value", f"must be one of {', '.join(_STATES)}", field="state")
    return Report(
        job_id=int(job),
        state=_STATES[state],
        progress=fields.integer(data, "progress", 0, 100),
        reason=fields.text(data, "reason"),
        check_in=check_in(data),
    )


def reply(offer: Offer, device: Device, *, path: str, poll_s: int, ignored: Collection[str] = ()) -> dict[str, Any]:
    """Return the response to a check-in. `path` is the URL path of the image, `ignored` names invalid metrics."""
    update = None
    if offer.reason is Reason.OFFERED and offer.job is not None and offer.release is not None:
        update = _update(offer.job, offer.release, path)
        if device.slots is not None and (slot := device.slots.other_with(offer.release.sha256)) is not None:
            update["slot"] = slot
    found = {"update": update, "reason": offer.reason.value, "poll_s": poll_s}
    return found | {"ignored": list(ignored)} if ignored else found


def _update(job: Job, release: Release, path: str) -> dict[str, Any]:
    return {
        "job": str(job.job_id),
        "version": release.version,
        "size": release.size,
        "sha256": release.sha256,
        "md5": release.md5,
        "url": path,
        "manifest": release.manifest,
        "signature": release.signature,
        "rollback": job.kind.value == "rollback",
    }
