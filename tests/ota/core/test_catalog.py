"""What becomes a release, and what is thrown away again."""

from dataclasses import replace
import hashlib
from typing import Any

import pytest

from custom_components.ota.rollout import catalog
from custom_components.ota.rollout.catalog import DeclaredImage
from custom_components.ota.rollout.errors import ManifestError, OtaError, ReleaseError
from custom_components.ota.rollout.image import inspect
from custom_components.ota.rollout.image_store import Digests
from custom_components.ota.rollout.manifest import Manifest, verify
from custom_components.ota.rollout.models import Release
from custom_components.ota.rollout.plan import Status, Target, Wave
from custom_components.ota.rollout.state import State
from tests.ota.images import esp32_image, esp8266_image, public_key, signed

from .fleet import T0, fleet, plan, poll, release, start

IMAGE = esp32_image(secure_version=2)
KEY = public_key()


def digests(data: bytes) -> Digests:
    return Digests(
        len(data),
        hashlib.sha256(data).hexdigest(),
        hashlib.sha1(data, usedforsecurity=False).hexdigest(),
        hashlib.md5(data, usedforsecurity=False).hexdigest(),
    )


def manifest(image: bytes = IMAGE, **changes: Any) -> tuple[Manifest, tuple[bytes, str]]:
    pair = signed(image, **changes)
    return verify(*pair, {KEY.key_id: KEY}, now=T0), pair


def add_release(state: State, image: bytes = IMAGE, *, force: bool = False, **changes: Any) -> Release:
    found, pair = manifest(image, **changes)
    info = inspect(image, chip=found.chip)
    return catalog.add_release(state, found, info, digests(image), T0, signed=pair, force=force)


def test_signed_release_is_added_with_its_signature() -> None:
    state = State()
    found = add_release(state)
    assert found.release_id == "thermostat:esp32c3:1.2.3"
    assert (found.secure_version, found.key_id) == (2, KEY.key_id)
    assert found.manifest is not None
    assert found.signature is not None
    again, _ = verify(found.manifest.encode(), found.signature, {KEY.key_id: KEY}, now=T0), None
    assert again.sha256 == found.sha256


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"size": len(IMAGE) - 1}, "size_mismatch"),
        ({"sha256": "0" * 64}, "hash_mismatch"),
        ({"product": "oven"}, "product_mismatch"),
        ({"version": "1.2.4"}, "version_mismatch"),
        ({"secure_version": 3}, "secure_version_mismatch"),
        ({"image_project": "esphome"}, "product_mismatch"),
    ],
)
def test_a_manifest_that_does_not_match_its_image_is_rejected(changes: dict[str, Any], code: str) -> None:
    state = State()
    with pytest.raises(ReleaseError, match=code):
        add_release(state, **changes)
    assert not state.releases
    assert not state.sequences


def test_an_image_with_another_project_name_can_be_declared() -> None:
    """ESPHome and Arduino write names of their own into the descriptor."""
    image = esp32_image(project="arduino-lib-builder", version="esp-idf: v5")
    found = add_release(State(), image, image_project="arduino-lib-builder", image_version="esp-idf: v5")
    assert (found.product, found.version) == ("thermostat", "1.2.3")


def test_the_same_image_again_is_the_same_release() -> None:
    state = State()
    assert add_release(state) == add_release(state)
    assert len(state.releases) == 1


def test_other_content_under_the_same_version_is_refused() -> None:
    state = State()
    add_release(state)
    with pytest.raises(ReleaseError, match="release_exists"):
        add_release(state, esp32_image(payload=b"\1\2\3\4"), sequence=11)


def test_a_replayed_older_sequence_is_refused_even_after_the_newer_was_removed() -> None:
    state = State()
    newer = add_release(state, esp32_image(version="2.0.0"), version="2.0.0", sequence=12)
    state.remove_release(newer.release_id)
    with pytest.raises(ReleaseError, match="older_sequence"):
        add_release(state, sequence=11)
    assert add_release(state, sequence=11, force=True).sequence == 11
    assert state.sequences["thermostat/esp32c3"] == 12


def declare(data: bytes = IMAGE, chip: str = "esp32c3", **changes: Any) -> Manifest:
    declared = DeclaredImage(chip=chip, **changes)
    return catalog.build_manifest(declared, inspect(data, chip=chip), digests(data), 1)


def test_an_unsigned_image_is_described_by_its_header() -> None:
    made = declare()
    assert (made.product, made.version, made.sequence) == ("thermostat", "1.2.3", 1)
    state = State()
    found = catalog.add_release(state, made, inspect(IMAGE, chip="esp32c3"), digests(IMAGE), T0, signed=None)
    assert found.key_id is None
    assert catalog.next_sequence(state, "thermostat", "esp32c3") == 2


def test_an_esp8266_image_has_to_be_declared() -> None:
    with pytest.raises(ReleaseError, match="not_declared"):
        declare(esp8266_image(), "esp8266")
    assert declare(esp8266_image(), "esp8266", product="plug", version="1.0").product == "plug"


@pytest.mark.parametrize("changes", [{"version": "newest"}, {"product": "../x"}])
def test_a_bad_declaration_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises((ReleaseError, ManifestError)):
        declare(**changes)


def test_removing_withdrawing_and_what_is_in_use() -> None:
    engine = fleet(2)
    start(engine, plan())
    poll(engine, "d0")
    state = engine.state
    with pytest.raises(ReleaseError, match="release_in_use"):
        catalog.remove(state, "p:esp32:2.0.0")
    catalog.withdraw(state, "p:esp32:2.0.0")
    assert state.releases["p:esp32:2.0.0"].withdrawn
    assert catalog.remove(state, "p:esp32:1.0.0").version == "1.0.0"
    for operation in (catalog.get, catalog.withdraw, catalog.remove):
        with pytest.raises(OtaError, match="unknown_release"):
            operation(state, "p:esp32:9.9")


def test_retention_keeps_newest_good_used_and_installed_releases() -> None:
    engine = fleet(2)
    state = engine.state
    for number in range(3, 13):
        state.set_release(release(f"{number}.0.0", number * 10, sha256=f"{number:064x}"))
    state.set_release(replace(state.releases["p:esp32:3.0.0"], known_good=True))
    state.set_release(replace(state.releases["p:esp32:1.0.0"], known_good=False))
    engine.heartbeat("d0", T0, version="4.0.0")
    start(engine, plan(versions=("5.0.0",)))
    gone = set(catalog.prunable(state, 5))
    assert gone == {f"p:esp32:{v}.0.0" for v in (2, 6, 7)}  # 1 runs on d1, 3 is good, 4 runs on d0, 5 is rolled out


def test_retention_drops_releases_replaced_by_a_later_rollout() -> None:
    engine = fleet(1)
    state = engine.state
    state.releases.clear()
    for number in range(2, 9):
        state.set_release(release(f"{number}.0.0", number * 10))
        start(engine, plan(rollout_id=f"r{number}", versions=(f"{number}.0.0",), created=T0 + number))
        state.set_rollout(replace(state.rollouts[f"r{number}"], status=Status.SUCCEEDED))
    engine.heartbeat("d0", T0, version="8.0.0")
    gone = {f"p:esp32:{v}.0.0" for v in (2, 3, 4, 5)}
    assert set(catalog.prunable(state, 3)) == gone
    for change in ({"late_joiners": False}, {"waves": (Wave(percent=50),)}, {"target": Target(groups=("lab",))}):
        for number in range(3, 9):  # none of these covers all devices of the first
            state.set_rollout(replace(plan(versions=(f"{number}.0.0",), created=T0 + number), rollout_id=f"r{number}",
                                      status=Status.SUCCEEDED, **change))  # fmt: skip
        assert "p:esp32:2.0.0" not in catalog.prunable(state, 3), change


def test_image_hashes_include_factory_images() -> None:
    engine = fleet(0)
    catalog.set_factory_image(engine.state, "p:esp32:2.0.0", "f" * 64)
    images = {release.sha256 for release in engine.state.releases.values()}
    assert catalog.image_hashes(engine.state) == {*images, "f" * 64}
