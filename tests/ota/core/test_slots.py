"""Firmware slots: start the other one by its hash, and leave out devices that cannot roll back."""

from dataclasses import replace

import pytest

from custom_components.ota.rollout.codec import decode
from custom_components.ota.rollout.engine import Engine
from custom_components.ota.rollout.errors import WireError
from custom_components.ota.rollout.models import Device, JobState, Release, Slots
from custom_components.ota.rollout.offers import Reason
from custom_components.ota.rollout.plan import Rollout
from custom_components.ota.rollout.wire import native

OLD, NEW = "a" * 64, "b" * 64


def release(version: str, sha256: str, sequence: int) -> Release:
    return Release(
        release_id=version,
        product="p",
        chip="esp32",
        version=version,
        sequence=sequence,
        size=10,
        sha256=sha256,
        md5="",
        sha1="",
        created=0.0,
        known_good=True,
    )


def engine(slots: Slots | None, **plan: bool) -> Engine:
    """A device with version 1 and a rollout of version 2."""
    made = Engine()
    made.state.set_release(release("1.0.0", OLD, 1))
    made.state.set_release(release("2.0.0", NEW, 2))
    made.register(Device(uid="d", name="D", product="p", chip="esp32"), 0.0)
    made.heartbeat("d", 1.0, version="1.0.0", slots=slots)
    made.rollouts.create(
        Rollout(rollout_id="r", name="R", product="p", versions=("2.0.0",), salt="s", created=2.0, **plan), 2.0
    )
    return made


def reply(made: Engine) -> dict[str, object] | None:
    offer = made.poll("d", 3.0)
    found: dict[str, object] | None = native.reply(offer, made.device("d"), path="/x", poll_s=60)["update"]
    return found


@pytest.mark.parametrize(
    ("slots", "expected"),
    [
        (None, None),
        (Slots(images=(OLD, NEW), running=0, can_roll_back=True), 1),
        (Slots(images=(NEW, OLD), running=1, can_roll_back=True), 0),
        (Slots(images=(OLD, ""), running=0, can_roll_back=True), None),
        (Slots(images=(OLD, NEW), running=1), None),  # it runs that slot
        (Slots(images=(OLD, NEW)), None),  # which one runs is not known
    ],
)
def test_an_image_in_the_other_slot_is_offered_by_its_slot(slots: Slots | None, expected: int | None) -> None:
    update = reply(engine(slots))
    assert update is not None
    assert update.get("slot") == expected
    assert ("slot" in update) == (expected is not None)


@pytest.mark.parametrize(
    ("can_roll_back", "allowed", "reason"),
    [
        (False, False, Reason.NO_ROLLBACK),
        (False, True, Reason.OFFERED),
        (True, False, Reason.OFFERED),
        (None, False, Reason.OFFERED),  # devices that report nothing are updated as before
    ],
)
def test_a_device_that_cannot_roll_back_is_left_out_unless_included(
    can_roll_back: bool | None, allowed: bool, reason: Reason
) -> None:
    slots = Slots(images=(OLD, ""), running=0, can_roll_back=can_roll_back)
    made = engine(slots, allow_without_rollback=allowed)
    assert made.offer("d", 3.0).reason is reason
    assert made.install("d", "2.0.0", 4.0).state is JobState.OFFERED  # a user decides for one device


def test_frost_delays_every_kind_of_update() -> None:
    made = engine(Slots(images=(OLD, NEW), running=0, can_roll_back=True))
    made.heartbeat("d", 3.0, version="1.0.0", busy="frost")
    assert made.offer("d", 3.0).reason is Reason.BUSY
    made.install("d", "2.0.0", 4.0)
    assert made.offer("d", 4.0).reason is Reason.BUSY
    made.heartbeat("d", 5.0, version="1.0.0")
    assert made.offer("d", 5.0).reason is Reason.OFFERED


def test_slots_are_kept_by_contacts_without_them_and_stored() -> None:
    slots = Slots(images=(OLD, ""), running=0, can_roll_back=True)
    made = engine(slots)
    made.heartbeat("d", 5.0, version="1.0.0")
    made.register(replace(made.device("d"), name="E", slots=None), 6.0)
    assert made.device("d").slots == slots
    stored = {"uid": "d", "name": "D", "product": "p", "chip": "esp32", "slots": {"images": [OLD, ""], "running": 0}}
    assert decode(Device, stored).slots == Slots(images=(OLD, ""), running=0)
    assert decode(Device, {name: stored[name] for name in ("uid", "name", "product", "chip")}).slots is None


@pytest.mark.parametrize(
    ("report", "field"),
    [
        ({"slots": "x"}, "slots"),
        ({"slots": [OLD] * 5}, "slots"),
        ({"slots": [OLD, "b" * 63]}, "slots[1]"),
        ({"slots": [7]}, "slots[0]"),
        ({"slots": [OLD], "running_slot": 4}, "running_slot"),
        ({"slots": [OLD], "can_roll_back": "yes"}, "can_roll_back"),
    ],
)
def test_invalid_slots_are_named(report: dict[str, object], field: str) -> None:
    with pytest.raises(WireError) as err:
        native.check_in(report)
    assert err.value.placeholders["field"] == field


def test_slots_are_read_in_any_case() -> None:
    found = native.check_in({"slots": [OLD.upper(), None], "running_slot": 0, "can_roll_back": False}).slots
    assert found == Slots(images=(OLD, ""), running=0, can_roll_back=False)
    assert native.check_in({}).slots is None
