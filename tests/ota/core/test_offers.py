"""What a device is offered, and why not."""

from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from custom_components.ota.rollout.engine import Engine
from custom_components.ota.rollout.errors import DeviceError
from custom_components.ota.rollout.manifest import Channel
from custom_components.ota.rollout.models import JobState
from custom_components.ota.rollout.offers import Reason
from custom_components.ota.rollout.plan import Mode, Wave
from custom_components.ota.rollout.schedule import Window

from .fleet import T0, add, canary, fail, fleet, offered, plan, policy, poll, release, start, update


def reason(engine: Engine, uid: str = "d0", now: float = T0 + 60) -> Reason:
    return engine.offer(uid, now).reason


def test_without_a_rollout_nothing_is_offered() -> None:
    assert reason(fleet(1)) is Reason.NO_ROLLOUT


def test_a_rollout_offers_its_release_and_the_offer_stays_the_same_job() -> None:
    engine = fleet(1)
    start(engine, plan())
    first, second = poll(engine, "d0"), poll(engine, "d0", T0 + 120)
    assert first is not None
    assert first == second
    assert (first.version, first.from_version) == ("2.0.0", "1.0.0")


def test_an_unknown_device_is_an_error() -> None:
    with pytest.raises(DeviceError, match="unknown_device"):
        fleet(0).offer("nobody", T0)


def test_a_device_on_the_target_is_up_to_date() -> None:
    engine = fleet(2)
    engine.heartbeat("d0", T0, version="v2.0")
    start(engine, plan())
    assert reason(engine) is Reason.UP_TO_DATE


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"may_update": False}, Reason.NOT_ALLOWED),
        ({"pinned_version": "1.0.0"}, Reason.PINNED),
        ({"pinned_version": "2.0.0"}, Reason.OFFERED),
        ({"window": Window("03:00", "04:00")}, Reason.WINDOW),
    ],
)
def test_permissions_of_the_device(changes: dict[str, object], expected: Reason) -> None:
    engine = fleet(1)
    assert engine.zone is UTC
    start(engine, plan())
    policy(engine, "d0", **changes)
    assert reason(engine) is expected


def test_a_window_is_respected_and_the_release_is_visible_meanwhile() -> None:
    engine = fleet(1)
    start(engine, plan())
    policy(engine, "d0", window=Window("08:00", "09:00"))  # T0 is 08:00 UTC
    assert reason(engine, now=T0 + 1800) is Reason.OFFERED
    offer = engine.offer("d0", T0 + 2 * 3600)
    assert offer.reason is Reason.WINDOW
    assert offer.visible is not None
    assert offer.visible.version == "2.0.0"


def test_beta_is_offered_on_the_beta_channel_only() -> None:
    engine = fleet(2)
    engine.state.set_release(release(channel=Channel.BETA))
    policy(engine, "d1", channel=Channel.BETA)
    start(engine, plan())
    assert reason(engine, "d0") is Reason.CHANNEL
    assert reason(engine, "d1") is Reason.OFFERED


def test_expired_release_is_not_offered() -> None:
    engine = fleet(1)
    engine.state.set_release(release(expires=T0 + 50))
    start(engine, plan())
    assert reason(engine) is Reason.EXPIRED


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"pinned_version": "1.0.0"}, Reason.PINNED),
        ({"channel": Channel.STABLE}, Reason.CHANNEL),
        ({"may_update": False}, Reason.NOT_ALLOWED),
    ],
)
def test_open_offer_ends_with_its_permission(changes: dict[str, Any], expected: Reason) -> None:
    engine = fleet(1)
    engine.state.set_release(release(channel=Channel.BETA))
    policy(engine, "d0", channel=Channel.BETA)
    start(engine, plan())
    job = poll(engine, "d0")
    assert job is not None
    policy(engine, "d0", **{"channel": Channel.BETA, **changes})
    offer = engine.offer("d0", T0 + 70)
    assert (offer.reason, offer.visible) == (expected, None)
    policy(engine, "d0", channel=Channel.BETA)
    engine.report("d0", job.job_id, JobState.DOWNLOADING, T0 + 80)
    policy(engine, "d0", pinned_version="1.0.0")
    assert reason(engine, now=T0 + 90) is Reason.OFFERED  # it is at it


def test_open_offer_ends_with_its_release_but_a_rollback_does_not() -> None:
    engine = fleet(2)
    engine.state.set_release(release(expires=T0 + 500))
    engine.state.set_release(release("1.0.0", 10, known_good=True, expires=T0 + 500))
    start(engine, plan())
    update(engine, "d1")
    assert poll(engine, "d0") is not None
    assert reason(engine, now=T0 + 501) is Reason.EXPIRED
    engine.install("d0", None, T0 + 400)
    assert reason(engine, now=T0 + 499) is Reason.OFFERED
    assert reason(engine, now=T0 + 501) is Reason.EXPIRED  # a person's wish does not make it younger
    engine.rollouts.rollback("r1", T0 + 502)
    assert reason(engine, "d1", T0 + 503) is Reason.OFFERED


def test_a_requested_version_stays_offered_despite_a_pin() -> None:
    engine = fleet(1)
    policy(engine, "d0", pinned_version="1.0.0")
    engine.install("d0", "2.0.0", T0)
    assert reason(engine) is Reason.OFFERED


def test_another_product_or_chip_gets_no_offer() -> None:
    engine = fleet(1)
    add(engine, "other", product="q")
    add(engine, "c3", chip="esp32c3")
    start(engine, plan())
    assert reason(engine, "other") is Reason.NO_ROLLOUT
    assert reason(engine, "c3") is Reason.NO_ROLLOUT


def test_each_chip_gets_its_own_image() -> None:
    engine = fleet(1)
    add(engine, "c3", chip="esp32c3")
    engine.state.set_release(release(chip="esp32c3", sha256="c" * 64))
    start(engine, plan())
    found = engine.offer("c3", T0).release
    assert found is not None
    assert found.sha256 == "c" * 64


def test_device_with_newer_version_is_not_rolled_back() -> None:
    engine = fleet(2)
    engine.state.set_release(release("3.0.0", 30))
    engine.heartbeat("d0", T0, version="3.0.0")
    engine.heartbeat("d1", T0, version="9.9")  # a version we do not have
    start(engine, plan())
    assert reason(engine, "d0") is Reason.DOWNGRADE
    assert reason(engine, "d1") is Reason.DOWNGRADE


def test_a_device_with_heat_demand_is_not_interrupted() -> None:
    engine = fleet(1)
    start(engine, plan())
    engine.heartbeat("d0", T0 + 1, version="1.0.0", busy="heat_demand")
    assert reason(engine) is Reason.BUSY
    engine.heartbeat("d0", T0 + 70, version="1.0.0")
    assert reason(engine, now=T0 + 80) is Reason.OFFERED


def test_heat_demand_withdraws_an_offer_until_it_is_accepted() -> None:
    engine = fleet(1)
    start(engine, plan())
    job = poll(engine, "d0")
    assert job is not None
    engine.heartbeat("d0", T0 + 61, version="1.0.0", busy="heat_demand")
    assert reason(engine, now=T0 + 62) is Reason.BUSY
    engine.report("d0", job.job_id, JobState.DOWNLOADING, T0 + 63)
    assert reason(engine, now=T0 + 64) is Reason.OFFERED


def test_one_device_of_a_zone_at_a_time() -> None:
    engine = fleet(3, zone="cellar")
    start(engine, plan())
    assert poll(engine, "d0") is not None
    assert reason(engine, "d1") is Reason.ZONE
    assert reason(engine, "d1", T0 + 60 + 901) is Reason.OFFERED  # d0 never took it
    update(engine, "d0", T0 + 100)
    assert reason(engine, "d1", T0 + 110) is Reason.OFFERED


def test_moved_device_counts_in_its_new_zone() -> None:
    engine = fleet(2)
    start(engine, plan())
    poll(engine, "d0")
    for uid in ("d0", "d1"):
        engine.register(replace(engine.device(uid), zone="attic"), T0)
    assert reason(engine, "d1") is Reason.ZONE
    engine.register(replace(engine.device("d0"), zone=None), T0)
    assert reason(engine, "d1") is Reason.OFFERED


def test_simultaneous_updates_are_limited() -> None:
    engine = fleet(5)
    start(engine, plan(max_in_flight=2))
    assert poll(engine, "d0")
    assert poll(engine, "d1")
    assert reason(engine, "d2") is Reason.IN_FLIGHT
    update(engine, "d0", T0 + 70)
    assert reason(engine, "d2", T0 + 80) is Reason.OFFERED


def test_default_limits_simultaneous_updates_and_ignores_old_offers() -> None:
    engine = fleet(200)
    start(engine, plan())
    assert len(offered(engine)) == 8  # 4 % of 200
    assert len(offered(engine, T0 + 60 + 901)) == 16


def test_on_request_shows_the_release_and_waits_for_the_user() -> None:
    engine = fleet(1)
    start(engine, plan(mode=Mode.ON_REQUEST))
    offer = engine.offer("d0", T0)
    assert offer.reason is Reason.ON_REQUEST
    assert offer.visible is not None
    job = engine.install("d0", None, T0)
    assert job.rollout_id == "r1"
    assert reason(engine) is Reason.OFFERED


def test_no_offer_before_the_start_or_outside_the_wave() -> None:
    engine = fleet(2)
    start(engine, plan(waves=(Wave(devices=("d0",)), Wave(percent=100)), rollout_id="r1"))
    assert reason(engine, "d0") is Reason.OFFERED
    later = engine.offer("d1", T0)
    assert (later.reason, later.visible) == (Reason.LATER_WAVE, None)


def test_a_scheduled_rollout_waits() -> None:
    engine = fleet(1)
    start(engine, plan(waves=(Wave(percent=100, not_before=T0 + 1000),)))
    assert reason(engine) is Reason.SCHEDULED
    engine.tick(T0 + 1000)
    assert reason(engine, now=T0 + 1000) is Reason.OFFERED


def test_the_earlier_rollout_applies_outside_the_canary() -> None:
    engine = fleet(5)
    engine.heartbeat("d0", T0, version="0.9")
    start(engine, plan(rollout_id="old", versions=("1.0.0",)))
    start(engine, plan(waves=(Wave(devices=("d1",)), Wave(percent=100))))
    offer = engine.offer("d0", T0 + 60)
    assert offer.release is not None
    assert offer.release.version == "1.0.0"


def test_a_failed_device_is_not_offered_again_by_itself() -> None:
    engine = fleet(20)
    start(engine, plan())
    fail(engine, "d0")
    assert reason(engine) is Reason.FAILED


def test_reason_why_a_device_gets_no_second_offer() -> None:
    engine = fleet(20)
    start(engine, plan())
    poll(engine, "d0")
    engine.cancel("d0", T0 + 61)
    assert reason(engine) is Reason.CANCELED
    update(engine, "d1")
    engine.heartbeat("d1", T0 + 9e6, version="2.0.0-3-gabc")
    assert reason(engine, "d1") is Reason.LEFT


def test_a_withdrawn_release_is_not_served() -> None:
    engine = fleet(1)
    start(engine, plan())
    poll(engine, "d0")
    engine.state.set_release(release(withdrawn=True))
    assert reason(engine) is Reason.WITHDRAWN


def test_paused_rollout_holds_offers_that_were_not_accepted() -> None:
    engine = fleet(2)
    start(engine, canary(100))
    job = poll(engine, "d0")
    engine.rollouts.pause("r1")
    assert reason(engine) is Reason.PAUSED
    assert reason(engine, "d1") is Reason.PAUSED
    assert job is not None
    engine.report("d0", job.job_id, JobState.DOWNLOADING, T0 + 62)
    assert reason(engine, now=T0 + 63) is Reason.OFFERED  # a device that has begun continues
