"""Downloads, reports and registry of devices in the engine."""

import pytest

from custom_components.ota.rollout.engine import MAX_ATTEMPTS, SAME_ATTEMPT_S
from custom_components.ota.rollout.errors import DeviceError
from custom_components.ota.rollout.models import DeviceEventKind, JobState
from custom_components.ota.rollout.plan import Wave

from .fleet import (
    HOUR,
    T0,
    add,
    fleet,
    plan,
    policy,
    poll,
    start,
    update,
)

# -- images


def test_a_device_gets_only_the_image_of_its_job() -> None:
    engine = fleet(2)
    start(engine, plan(waves=(Wave(devices=("d0",)), Wave(percent=100))))
    sha = engine.state.releases["p:esp32:2.0.0"].sha256
    for uid in ("d0", "d1"):
        with pytest.raises(DeviceError, match="not_offered"):
            engine.image_requested(uid, sha, T0)  # not yet polled; not in the wave
    poll(engine, "d0")
    with pytest.raises(DeviceError, match="not_offered"):
        engine.image_requested("d0", engine.state.releases["p:esp32:1.0.0"].sha256, T0)
    assert engine.image_requested("d0", sha, T0).version == "2.0.0"


def test_serving_advances_the_job_of_a_client_without_reports() -> None:
    engine = fleet(1)
    start(engine, plan())
    job = poll(engine, "d0")
    assert job is not None
    sha = engine.state.releases["p:esp32:2.0.0"].sha256
    engine.image_requested("d0", sha, T0 + 61)
    engine.image_served("d0", job.job_id, T0 + 62, sent=400, size=1000)
    assert engine.state.jobs[job.job_id].progress == 40
    engine.image_served("d0", job.job_id, T0 + 63, sent=1000, size=1000)
    assert engine.state.jobs[job.job_id].state is JobState.INSTALLING
    engine.image_served("d0", 99, T0 + 63, sent=1, size=1000)
    engine.heartbeat("d0", T0 + 90, version="2.0.0")
    assert engine.state.jobs[job.job_id].state is JobState.VERIFIED


def test_resumed_download_continues_and_repeated_restarts_fail() -> None:
    engine = fleet(1)
    start(engine, plan())
    job = poll(engine, "d0")
    assert job is not None
    sha = engine.state.releases["p:esp32:2.0.0"].sha256
    engine.image_requested("d0", sha, T0 + 61)
    engine.image_requested("d0", sha, T0 + 62, resumed=True)
    assert engine.state.jobs[job.job_id].attempt == 1
    now = T0 + 61
    for _ in range(2, MAX_ATTEMPTS + 1):
        now += SAME_ATTEMPT_S
        engine.image_requested("d0", sha, now)
    with pytest.raises(DeviceError, match="not_offered"):
        engine.image_requested("d0", sha, now + SAME_ATTEMPT_S)
    assert engine.state.jobs[job.job_id].reason == "too_many_attempts"


def test_parallel_image_requests_count_as_one_attempt() -> None:
    engine = fleet(1)
    start(engine, plan())
    job = poll(engine, "d0")
    assert job is not None
    sha = engine.state.releases["p:esp32:2.0.0"].sha256
    engine.image_requested("d0", sha, T0 + 61)
    engine.image_served("d0", job.job_id, T0 + 61.2, sent=1000, size=1000)
    for request in range(3 * MAX_ATTEMPTS):
        engine.image_requested("d0", sha, T0 + 62 + request / 4)
    updated = engine.state.jobs[job.job_id]
    assert (updated.state, updated.progress, updated.attempt) == (JobState.DOWNLOADING, 0, 1)


def test_reports_of_another_job_are_rejected() -> None:
    engine = fleet(2)
    start(engine, plan())
    job = poll(engine, "d0")
    assert job is not None
    with pytest.raises(DeviceError, match="unknown_job"):
        engine.report("d1", job.job_id, JobState.FAILED, T0)
    with pytest.raises(DeviceError, match="unknown_job"):
        engine.report("d0", 77, JobState.FAILED, T0)


def test_a_client_that_rejects_the_offer_ends_it() -> None:
    engine = fleet(1)
    start(engine, plan())
    job = poll(engine, "d0")
    assert job is not None
    assert engine.report("d0", job.job_id, JobState.CANCELED, T0).reason == "rejected_by_device"


# -- registry and log


def test_device_log_contains_all_events() -> None:
    engine = fleet(1)
    start(engine, plan())
    update(engine, "d0")
    kinds = [event.kind for event in engine.device("d0").history]
    assert kinds == [
        DeviceEventKind.REGISTERED,
        DeviceEventKind.OFFERED,
        DeviceEventKind.DOWNLOADING,
        DeviceEventKind.REBOOTING,
        DeviceEventKind.VERSION,
        DeviceEventKind.VERIFIED,
    ]
    for number in range(200):
        engine.log_event("d0", T0 + number, DeviceEventKind.KEY, "rotated")
    assert len(engine.device("d0").history) == 50


def test_removing_a_device_removes_its_jobs() -> None:
    engine = fleet(2)
    start(engine, plan())
    poll(engine, "d0")
    engine.remove("d0")
    assert engine.state.job_of("d0") is None
    engine.tick(T0 + 10 * HOUR)
    assert {job.uid for job in engine.state.jobs.values()} == set()


def test_repeated_registration_keeps_policy_and_history() -> None:
    engine = fleet(1)
    policy(engine, "d0", pinned_version="1.0.0")
    engine.heartbeat("d0", T0 + 5, version="1.0.0", boots=7)
    add(engine, "d0", name="New name", boot_count=None, installed_version=None)
    device = engine.device("d0")
    assert (device.name, device.boot_count, device.policy.pinned_version) == ("New name", 7, "1.0.0")


def test_the_poll_interval_is_learned_from_polls_only() -> None:
    engine = fleet(1)
    now = T0
    for _ in range(20):
        now += 300
        for wait in (0, 2, 3):
            engine.mark_seen("d0", now + wait)
    assert 285 < engine.device("d0").interval_s < 301
