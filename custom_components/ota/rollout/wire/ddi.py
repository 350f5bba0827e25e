"""hawkBit's Direct Device Integration (DDI) API, as far as SWUpdate, RAUC and Zephyr use it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..errors import WireError
from ..models import Device, Job, JobState, Release
from . import fields

TENANT: Final = "DEFAULT"
_PROCEEDING: Final = {
    "proceeding": JobState.DOWNLOADING,
    "scheduled": JobState.DOWNLOADING,
    "resumed": JobState.DOWNLOADING,
    "download": JobState.DOWNLOADING,
    "downloaded": JobState.INSTALLING,
}
_EXECUTIONS: Final = frozenset({*_PROCEEDING, "canceled", "rejected", "closed"})
_FINISHED: Final = frozenset({"success", "failure", "none"})
MAX_ATTRIBUTES: Final = 100


@dataclass(frozen=True, slots=True)
class Feedback:
    """The feedback of a client on an action. `state` None: it does not change the job."""

    job_id: int
    state: JobState | None
    progress: int | None
    reason: str | None


def polling(seconds: int) -> str:
    """Return seconds as `HH:MM:SS`, limited to less than a day."""
    seconds = max(1, min(seconds, 86_399))
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def base(
    root: str, *, poll_s: int, job: Job | None, cancel: Job | None, ask_config: bool, is_zephyr: bool = False
) -> dict[str, Any]:
    """Return the response to a poll. `root` is the URL of the controller.

    Zephyr's client (as rewritten in 2024) skips the first character of the number of a cancel action, and stops if the
    rest is not a number: for it, the number begins with a zero.
    """
    links: dict[str, Any] = {}
    if cancel is not None:
        zero = "0" if is_zephyr else ""
        links["cancelAction"] = {"href": f"{root}/cancelAction/{zero}{cancel.job_id}"}
    elif job is not None:
        links["deploymentBase"] = {"href": f"{root}/deploymentBase/{job.job_id}"}
    if ask_config:
        links["configData"] = {"href": f"{root}/configData"}
    return {"config": {"polling": {"sleep": polling(poll_s)}}, "_links": links}


def companions(releases: Iterable[Release], device: Device, release: Release) -> list[Release]:
    """Return the further artifacts of a release by product: releases of `PRODUCT.NAME` with the same version.

    Each is for the chip of the device or for any. The newest one counts where there are several.
    """
    found: dict[str, Release] = {}
    for other in sorted(releases, key=lambda each: each.sequence):
        is_part = other.product.startswith(f"{release.product}.") and other.version == release.version
        if (
            is_part
            and other.chip in (device.chip, "generic")
            and not other.withdrawn
            and other.sha256 != release.sha256
        ):
            found[other.product] = other
    return [found[product] for product in sorted(found)]


def deployment(
    root: str, device: Device, job: Job, release: Release, *, part: str, more: Iterable[Release] = ()
) -> dict[str, Any]:
    """Return a deployment with one chunk: the artifact of the release, and `more` of them.

    RAUC's and Zephyr's clients accept only one artifact; Zephyr's refuses a deployment unless it has exactly one chunk
    with one artifact. `part` is the type of the chunk: Zephyr accepts only `bApp`.
    """
    extension = ".swu" if device.chip == "generic" else ".bin"
    artifacts = []
    for each in (release, *more):
        filename = f"{each.sha256}{extension}"
        href = f"{root}/softwaremodules/{job.job_id}/artifacts/{filename}"
        artifacts.append(
            {
                "filename": filename,
                "hashes": {"sha1": each.sha1, "md5": each.md5, "sha256": each.sha256},
                "size": each.size,
                "_links": {"download": {"href": href}, "download-http": {"href": href}},
            }
        )
    chunk = {"part": part, "version": release.version, "name": release.product, "artifacts": artifacts}
    steps = {"download": "forced", "update": "forced", "chunks": [chunk]}
    return {"id": str(job.job_id), "deployment": steps}


def cancel_action(job: Job) -> dict[str, Any]:
    """Return the request to cancel an action."""
    return {"id": str(job.job_id), "cancelAction": {"stopId": str(job.job_id)}}


def feedback(data: Mapping[str, Any], action: int) -> Feedback:
    """Parse a feedback. `closed` with `none` is a success, as in hawkBit.

    Raises:
        WireError: `bad_value` or `missing` with the `field`.
    """
    _check_id(data, action)
    status = _object(data, "status", "status")
    execution = fields.required(fields.text(status, "execution", longest=20), "status.execution")
    if execution not in _EXECUTIONS:
        raise WireError("bad_value", f"must be one of {', '.join(sorted(_EXECUTIONS))}", field="status.execution")
    result = _object(status, "result", "status.result")
    finished = fields.required(fields.text(result, "finished", longest=20), "status.result.finished")
    if finished not in _FINISHED:
        raise WireError("bad_value", f"must be one of {', '.join(sorted(_FINISHED))}", field="status.result.finished")
    reason = _details(status)
    match execution:
        case "closed":
            state = JobState.FAILED if finished == "failure" else JobState.VERIFIED
            return Feedback(action, state, None, reason if finished == "failure" else None)
        case "rejected" | "canceled":
            return Feedback(action, JobState.CANCELED, None, reason or execution)
        case _:
            return Feedback(action, _PROCEEDING[execution], _progress(result), None)


def _check_id(data: Mapping[str, Any], action: int) -> None:
    """Check that the ID in the body, a number or text, is the one of the URL (hawkBit accepts a missing one)."""
    number = data.get("id")
    if number is not None and (isinstance(number, bool) or str(number) != str(action)):
        raise WireError("bad_value", "must be the ID of the action", field="id")


def _object(data: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    value = data.get(name)
    if not isinstance(value, Mapping):
        if value is None:
            raise WireError("missing", "is required", field=where)
        raise WireError("bad_value", "must be an object", field=where)
    return value


def _details(status: Mapping[str, Any]) -> str | None:
    details = status.get("details")
    if not isinstance(details, list):
        return None
    texts = [detail for detail in details if isinstance(detail, str)]
    return texts[-1][: fields.MAX_TEXT] if texts else None


def _progress(result: Mapping[str, Any]) -> int | None:
    progress = result.get("progress")
    if not isinstance(progress, Mapping):
        return None
    count, of = progress.get("cnt"), progress.get("of")
    if not isinstance(count, int) or not isinstance(of, int) or of <= 0:
        return None
    return max(0, min(100, count * 100 // of))


def config_data(data: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, str]:
    """Merge the attributes that a client reports into the known ones.

    Raises:
        WireError: `bad_value` or `missing` with the `field`.
    """
    mode = fields.text(data, "mode", longest=10) or "merge"
    values = _object(data, "data", "data")
    for key, value in values.items():
        if not isinstance(value, str) or len(value) > 128 or len(key) > 32:
            raise WireError(
                "bad_value",
                "must be text of at most 128 characters, with a name of at most 32",
                field=f"data.{key[:32]}",
            )
    match mode:
        case "merge":
            merged = {**known, **values}
        case "replace":
            merged = dict(values)
        case "remove":
            merged = {key: value for key, value in known.items() if key not in values}
        case _:
            raise WireError("bad_value", "must be merge, replace or remove", field="mode")
    if len(merged) > MAX_ATTRIBUTES:
        raise WireError("bad_value", f"must leave at most {MAX_ATTRIBUTES} attributes", field="data")
    return merged
