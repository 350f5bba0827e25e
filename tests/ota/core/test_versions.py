"""Versions as they are found in the field."""

from dataclasses import replace

from hypothesis import given, settings, strategies as st
from packaging.version import Version as Pep440
import pytest

from custom_components.ota.rollout.errors import ReleaseError
from custom_components.ota.rollout.models import JobState
from custom_components.ota.rollout.offers import Reason
from custom_components.ota.rollout.versions import compare, is_identical, is_newer, same_version, version_key

from .fleet import T0, add, fleet, plan, poll, release, start


@pytest.mark.parametrize(
    "ascending",
    [
        # The example of semver.org, section 11.
        "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0",
        "1.0.0-x-y-z.1 1.0.0",
        "1.9.0+b7 2.0.0+b1",
        # As Tasmota reports itself, with the name of the build, and with a line end.
        "14.2.0(release-tasmota) 14.3.0(tasmota32) 14.10.0(release-sensors)\n",
        "1.9.0 2.0.0+b7 2.0.1",
        "2.0.0-rc1 2.0.0-rc1-3-gabc1234 2.0.0 2.0.0-3-gabc1234 2.0.0-11-gdef5678 2.0.1",
        "v2.0.0 v2.0.0-1-g0123abc-dirty V2.0.1",
        "1.9.0 2.0.0-dirty 2.1.0",
        "2026.11.0.dev1 2026.11.0a1 2026.11.0b2 2026.11.0rc1 2026.11.0 2026.11.0.post1 2026.12.0",
        "2026.11.0b2.dev1 2026.11.0b2 2026.11.0b2.post1",
        "2026.10.3 2026.11.0b2 2026.11.0",
        "2.0.1.dev3+gabc1234 2.0.1",
        "2.0 1!1.0",
        "14.2.0 14.2.0.1",
    ],
)
def test_versions_are_ordered(ascending: str) -> None:
    versions = ascending.split(" ")
    for number, older in enumerate(versions):
        for newer in versions[number + 1 :]:
            assert (compare(older, newer), compare(newer, older)) == (-1, 1), (older, newer)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("v1.2", "1.2.0"),
        ("2.0.0", "2.0.0+b7"),
        ("1.0.0b2", "1.0.0-beta.2"),
        ("1.0.0rc1", "1.0.0c1"),
        ("2.0.0-3-gabc1234", "v2.0.0-3-gabc12345f"),
        ("2.0.0", "2.0.0-0-gabc1234"),
        ("2026.11.0B2", "2026.11.0b2"),
        ("14.3.0(tasmota)", "14.3.0"),
        ("1.2.3-gabc1234", "v1.2.3-gabc12345f"),
        (" 1.2.3\r\n", "v1.2.3"),
    ],
)
def test_versions_that_are_written_differently_are_the_same(left: str, right: str) -> None:
    assert compare(left, right) == compare(right, left) == 0
    assert same_version(left, right)


@pytest.mark.parametrize("other", ["1.2.3", "1.2.3-4-gabc1234", "1.2.3-g1234abc", "1.2.3+b7"])
def test_a_commit_without_a_number_has_no_order_within_its_version(other: str) -> None:
    assert compare("1.2.3-gabc1234", other) is compare(other, "1.2.3-gabc1234") is None
    assert compare("1.2.3-gabc1234", "1.2.4") == -1
    assert compare("1.2.3-gabc1234", "1.2.2") == 1


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("2.0.0+b7", "2.0.0+b8"),
        ("2.0.0-3-gabc1234", "2.0.0-3-gdef5678"),
        ("2.0.0", "2.0.0-dirty"),
        ("14.3.0(tasmota)", "14.3.0(release-sensors)"),
        ("release-1.2.3", "1.2.3"),
        ("1.0.0-dev", "1.0.0-beta"),  # the grammars disagree
        ("1.0.0-post1", "1.0.0"),
        ("1.0.0-alpha.beta", "1.0.0a2"),  # each fits only one grammar
        ("abc1234", "1.0.0"),
        ("latest", "1.0.0"),
        ("", "1.0.0"),
    ],
)
def test_versions_that_cannot_be_compared(left: str, right: str) -> None:
    assert compare(left, right) is compare(right, left) is None
    assert not is_newer(left, right)
    assert not is_newer(right, left)
    assert not same_version(left, right)


@pytest.mark.parametrize("bad", ["abc1234", "1.0.0+", "1.0.0-", "1.0.0+a+b", "1.0.0-ä", "-3-gabc1234", "1.0.0-a..b"])
def test_other_texts_are_not_versions(bad: str) -> None:
    with pytest.raises(ReleaseError, match="bad_version"):
        version_key(bad)


def test_builds_of_a_version_are_not_identical() -> None:
    assert is_identical("v1.2", "1.2.0")
    assert not is_identical("1.2.0", "1.2.0+b7")
    assert not is_identical("latest", "1.2.0")


numbers = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
semver_pre = st.sampled_from(["", "-alpha", "-beta.2", "-beta.11", "-rc1", "-1", "-x-y"])
describe = st.sampled_from(
    ["", "-0-gabc1234", "-3-gabc1234", "-3-gdef5678", "-12-gabc1234-dirty", "-dirty", "+b7", "+b8"]
)
pep440_suffix = st.sampled_from(["", "a1", "b2", "rc1", ".dev1", ".post1", "b2.dev3", ".post1.dev2"])
git_versions = st.builds(lambda *parts: "".join(parts), numbers, semver_pre, describe)
pep440_versions = st.builds(lambda *parts: "".join(parts), numbers, pep440_suffix)
versions = git_versions | pep440_versions | st.text(max_size=12)


@settings(max_examples=300, deadline=None)
@given(versions, versions, versions)
def test_the_order_is_consistent(a: str, b: str, c: str) -> None:
    assert compare(a, a) == 0
    forth, back = compare(a, b), compare(b, a)
    assert (forth is None) == (back is None)
    assert forth is None or back is None or forth == -back
    if compare(a, b) == compare(b, c) == 1:
        assert compare(a, c) != -1


@settings(max_examples=200, deadline=None)
@given(pep440_versions, pep440_versions)
def test_pep_440_has_the_order_of_the_reference(a: str, b: str) -> None:
    left, right = Pep440(a), Pep440(b)
    assert compare(a, b) == (left > right) - (left < right)


@settings(max_examples=200, deadline=None)
@given(versions, versions)
def test_what_is_offered_is_never_older(installed: str, offered: str) -> None:
    engine = fleet(0)
    engine.state.set_release(release(offered, 30))
    add(engine, "d0", installed_version=installed or None)
    try:
        start(engine, plan(versions=(offered,)))
    except ReleaseError:
        return
    if poll(engine, "d0") is not None:
        assert not installed or compare(installed, offered) == -1


@pytest.mark.parametrize(
    ("installed", "rolled_out", "reason"),
    [
        ("2.0.0+b7", "1.9.0", Reason.DOWNGRADE),
        ("2.0.0-3-gabc1234", "1.9.0", Reason.DOWNGRADE),
        ("2026.11.0b2", "1.9.0", Reason.DOWNGRADE),
        ("2.0.0-3-gabc1234", "2.0.0", Reason.DOWNGRADE),
        ("2.0.0+b7", "2.0.0", Reason.UP_TO_DATE),
        ("2.0.0-dirty", "2.0.0", Reason.CANNOT_COMPARE),
        ("custom", "1.9.0", Reason.CANNOT_COMPARE),
        ("abc1234", "1.9.0", Reason.CANNOT_COMPARE),
        ("1.8.0+b7", "1.9.0", Reason.OFFERED),
        ("1.9.0b3", "1.9.0", Reason.OFFERED),
        (None, "1.9.0", Reason.OFFERED),
    ],
)
def test_what_is_not_newer_is_not_offered_by_itself(installed: str | None, rolled_out: str, reason: Reason) -> None:
    engine = fleet(0)
    engine.state.set_release(replace(release(rolled_out, 30), release_id="r"))
    for known in ("p:esp32:1.0.0", "p:esp32:2.0.0"):
        engine.state.remove_release(known)
    add(engine, "d0", installed_version=installed)
    start(engine, plan(versions=(rolled_out,)))
    assert engine.offer("d0", T0 + 60).reason is reason
    assert (poll(engine, "d0") is not None) is (reason is Reason.OFFERED)
    if reason is Reason.CANNOT_COMPARE:  # a user may install it
        assert engine.install("d0", rolled_out, T0 + 70).version == rolled_out


def test_the_version_of_the_image_verifies_the_release() -> None:
    engine = fleet(1)
    engine.state.set_release(replace(release("3.0.0", 30), image_version="3.0.0-4-gabc1234"))
    start(engine, plan(versions=("3.0.0",)))
    job = poll(engine, "d0")
    assert job is not None
    engine.report("d0", job.job_id, JobState.REBOOTING, T0 + 70)
    engine.heartbeat("d0", T0 + 80, version="3.0.0-4-gabc1234", boots=2)
    assert engine.state.jobs[job.job_id].state is JobState.VERIFIED
    assert engine.device("d0").installed_version == "3.0.0"
    assert engine.offer("d0", T0 + 90).reason is Reason.UP_TO_DATE


def test_the_same_version_in_several_images_means_none_of_them() -> None:
    engine = fleet(1)
    for number in (3, 4):
        engine.state.set_release(replace(release(f"{number}.0.0", number * 10), image_version="7"))
    add(engine, "d1", installed_version="3.0.0")
    engine.heartbeat("d1", T0 + 10, version="7")
    assert engine.device("d1").installed_version == "3.0.0"
    start(engine, plan(versions=("4.0.0",)))
    job = poll(engine, "d1")
    assert job is not None
    engine.report("d1", job.job_id, JobState.REBOOTING, T0 + 70)
    engine.heartbeat("d1", T0 + 80, version="7", boots=2)
    assert engine.state.jobs[job.job_id].state is JobState.FAILED


@pytest.mark.parametrize(
    ("version", "reason"),
    [("1.0.0", "rolled_back_by_device"), ("1.7.0", "another_version_runs"), ("x", "another_version_runs")],
)
def test_another_version_after_the_update_is_named(version: str, reason: str) -> None:
    engine = fleet(1)
    start(engine, plan())
    job = poll(engine, "d0")
    assert job is not None
    engine.report("d0", job.job_id, JobState.REBOOTING, T0 + 70)
    engine.heartbeat("d0", T0 + 80, version=version, boots=2)
    assert engine.state.jobs[job.job_id].reason == reason
