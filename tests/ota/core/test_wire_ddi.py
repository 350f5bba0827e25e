"""DDI's messages: what clients get, and which of what they send is refused."""

from dataclasses import replace
from typing import Any

import pytest

from custom_components.ota.rollout.errors import WireError
from custom_components.ota.rollout.models import Job, JobKind, JobState
from custom_components.ota.rollout.wire import ddi

from .fleet import T0, fleet, release

ROOT = "http://ha.test/api/ota/ddi/DEFAULT/controller/v1/d0"
JOB = Job(
    job_id=7, uid="d0", release_id="p:esp32:2.0.0", version="2.0.0", kind=JobKind.MANUAL, offered_at=T0, updated_at=T0
)


def _links(**changes: Any) -> Any:
    given: dict[str, Any] = {"poll_s": 300, "job": None, "cancel": None, "ask_config": False, **changes}
    return ddi.base(ROOT, **given)["_links"]


def test_a_cancellation_comes_before_a_deployment() -> None:
    assert _links() == {}
    assert _links(job=JOB, ask_config=True) == {
        "deploymentBase": {"href": f"{ROOT}/deploymentBase/7"},
        "configData": {"href": f"{ROOT}/configData"},
    }
    assert _links(job=JOB, cancel=JOB) == {"cancelAction": {"href": f"{ROOT}/cancelAction/7"}}
    assert _links(cancel=JOB, is_zephyr=True) == {"cancelAction": {"href": f"{ROOT}/cancelAction/07"}}
    assert ddi.cancel_action(JOB) == {"id": "7", "cancelAction": {"stopId": "7"}}


def test_further_artifacts_are_of_the_version_and_the_chip() -> None:
    device, main = fleet(1).state.devices["d0"], release()
    part = release(product="p.fs", sequence=30)
    others = [
        main,
        part,
        release(product="p.fs", sequence=29),
        release(product="p.cfg", sequence=31, chip="generic"),
        release("3.0.0", product="p.new", sequence=32),
        release(product="p.gone", sequence=33, withdrawn=True),
        release(product="p.c3", sequence=34, chip="esp32c3"),
        release(product="px", sequence=35),
        replace(main, product="p.same"),
    ]
    found = ddi.companions(others, device, main)
    assert [(each.product, each.sequence) for each in found] == [("p.cfg", 31), ("p.fs", 30)]
    (chunk,) = ddi.deployment(ROOT, device, JOB, main, part="os", more=found)["deployment"]["chunks"]
    assert [each["filename"] for each in chunk["artifacts"]] == [f"{each.sha256}.bin" for each in (main, *found)]
    device = replace(device, chip="generic")
    (chunk,) = ddi.deployment(ROOT, device, JOB, main, part="os")["deployment"]["chunks"]
    assert [each["filename"] for each in chunk["artifacts"]] == [f"{main.sha256}.swu"]


def _feedback(execution: Any, finished: Any = "none", result: Any = None, **status: Any) -> dict[str, Any]:
    return {"status": {"execution": execution, "result": {"finished": finished, **(result or {})}, **status}}


@pytest.mark.parametrize(
    ("said", "state", "progress", "reason"),
    [
        (_feedback("proceeding", result={"progress": {"cnt": 1, "of": 4}}), JobState.DOWNLOADING, 25, None),
        (_feedback("proceeding", result={"progress": {"cnt": 9, "of": 4}}), JobState.DOWNLOADING, 100, None),
        (_feedback("proceeding", result={"progress": {"cnt": 9, "of": 0}}), JobState.DOWNLOADING, None, None),
        (_feedback("proceeding", result={"progress": {"cnt": "9"}}), JobState.DOWNLOADING, None, None),
        (_feedback("downloaded", result={"progress": 5}), JobState.INSTALLING, None, None),
        (_feedback("closed", "success", details=["done"]), JobState.VERIFIED, None, None),
        (_feedback("closed", "none"), JobState.VERIFIED, None, None),
        (_feedback("closed", "failure", details=["one", "two", 3]), JobState.FAILED, None, "two"),
        (_feedback("closed", "failure", details="no list"), JobState.FAILED, None, None),
        (_feedback("closed", "failure", details=[]), JobState.FAILED, None, None),
        (_feedback("rejected"), JobState.CANCELED, None, "rejected"),
        (_feedback("canceled", details=["by hand"]), JobState.CANCELED, None, "by hand"),
    ],
)
@pytest.mark.parametrize("number", [{}, {"id": 7}, {"id": "7"}, {"id": None}])
def test_what_feedback_means(
    said: dict[str, Any], state: JobState, progress: int | None, reason: str | None, number: dict[str, Any]
) -> None:
    assert ddi.feedback({**said, **number}, 7) == ddi.Feedback(7, state, progress, reason)


@pytest.mark.parametrize(
    ("said", "code", "field"),
    [
        ({**_feedback("closed"), "id": "8"}, "bad_value", "id"),
        ({**_feedback("closed"), "id": True}, "bad_value", "id"),
        ({}, "missing", "status"),
        ({"status": None}, "missing", "status"),
        ({"status": "closed"}, "bad_value", "status"),
        ({"status": {"result": {"finished": "none"}}}, "missing", "status.execution"),
        (_feedback("exploded"), "bad_value", "status.execution"),
        ({"status": {"execution": "closed"}}, "missing", "status.result"),
        ({"status": {"execution": "closed", "result": []}}, "bad_value", "status.result"),
        ({"status": {"execution": "closed", "result": {}}}, "missing", "status.result.finished"),
        (_feedback("closed", "maybe"), "bad_value", "status.result.finished"),
    ],
)
def test_feedback_that_is_refused(said: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(WireError) as caught:
        ddi.feedback(said, 7)
    assert (caught.value.code, caught.value.placeholders["field"]) == (code, field)


@pytest.mark.parametrize(
    ("said", "attributes"),
    [
        ({"data": {"b": "3"}}, {"a": "1", "b": "3"}),
        ({"mode": "merge", "data": {"c": "3"}}, {"a": "1", "b": "2", "c": "3"}),
        ({"mode": "replace", "data": {"c": "3"}}, {"c": "3"}),
        ({"mode": "remove", "data": {"b": ""}}, {"a": "1"}),
    ],
)
def test_attributes_are_merged_replaced_or_removed(said: dict[str, Any], attributes: dict[str, str]) -> None:
    assert ddi.config_data(said, {"a": "1", "b": "2"}) == attributes


@pytest.mark.parametrize(
    ("said", "code", "field"),
    [
        ({}, "missing", "data"),
        ({"data": []}, "bad_value", "data"),
        ({"mode": "append", "data": {}}, "bad_value", "mode"),
        ({"data": {"a": 1}}, "bad_value", "data.a"),
        ({"data": {"a": "x" * 129}}, "bad_value", "data.a"),
        ({"data": {"k" * 33: ""}}, "bad_value", f"data.{'k' * 32}"),
        ({"data": {str(number): "" for number in range(ddi.MAX_ATTRIBUTES)}}, "bad_value", "data"),
    ],
)
def test_attributes_that_are_refused(said: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(WireError) as caught:
        ddi.config_data(said, {"known": "1"})
    assert (caught.value.code, caught.value.placeholders["field"]) == (code, field)


def test_a_poll_interval_is_less_than_a_day() -> None:
    assert [ddi.polling(seconds) for seconds in (0, 300, 86_399, 10**9)] == [
        "00:00:01",
        "00:05:00",
        "23:59:59",
        "23:59:59",
    ]
