"""The catalog of releases: what is accepted as a release, and which releases are deleted."""

from dataclasses import dataclass, replace
from typing import Final

from .errors import ReleaseError
from .image import ImageInfo
from .image_store import Digests
from .manifest import Channel, Manifest, check_product
from .models import Release
from .plan import ENDED, Rollout, Status, Target, releases_by_arm
from .state import State
from .versions import is_identical, same_version, version_key

KEEP: Final = 5
"""Releases kept for each product and chip in addition to those in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredImage:
    """What an administrator declares about an unsigned image; None: as in the image."""

    chip: str
    product: str | None = None
    version: str | None = None
    channel: Channel = Channel.STABLE
    notes: str = ""


def build_manifest(declared: DeclaredImage, info: ImageInfo, digests: Digests, sequence: int) -> Manifest:
    """Return a manifest for an unsigned image.

    Raises:
        ReleaseError: `not_declared` (neither the image nor the declaration has product and version), `bad_version`,
            `version_mismatch`, `product_mismatch`.
    """
    product = declared.product or info.project
    version = declared.version or info.version
    if not product or not version:
        raise ReleaseError("not_declared", chip=declared.chip)
    version_key(version)
    return Manifest(
        product=check_product(product),
        chip=declared.chip,
        version=version,
        sequence=sequence,
        size=digests.size,
        sha256=digests.sha256,
        key_id="",
        channel=declared.channel,
        secure_version=info.secure_version,
        notes=declared.notes,
        image_project=info.project,
        image_version=info.version,
    )


def next_sequence(state: State, product: str, chip: str) -> int:
    """Return the sequence for an unsigned release."""
    return state.sequences.get(f"{product}/{chip}", 0) + 1


def check(manifest: Manifest, info: ImageInfo, digests: Digests) -> None:
    """Compare a manifest with its image.

    Raises:
        ReleaseError: `size_mismatch`, `hash_mismatch`, `version_mismatch`, `product_mismatch`,
            `secure_version_mismatch`.
    """
    if manifest.size != digests.size:
        raise ReleaseError("size_mismatch", expected=str(manifest.size), found=str(digests.size))
    if manifest.sha256 != digests.sha256:
        raise ReleaseError("hash_mismatch")
    project = manifest.image_project or manifest.product
    if info.project is not None and info.project != project:
        raise ReleaseError("product_mismatch", expected=project, found=info.project)
    version = manifest.image_version or manifest.version
    if info.version is not None and info.version != version and not same_version(info.version, version):
        raise ReleaseError("version_mismatch", expected=version, found=info.version)
    if manifest.secure_version != info.secure_version and manifest.secure_version:
        raise ReleaseError("secure_version_mismatch")


def add_release(
    state: State,
    manifest: Manifest,
    info: ImageInfo,
    digests: Digests,
    now: float,
    *,
    signed: tuple[bytes, str] | None,
    force: bool = False,
) -> Release:
    """Add a checked image to the state. For an identical image the existing release is returned.

    Args:
        state: The state to add the release to.
        manifest: Verified, or made by `build_manifest`.
        info: The data in the image.
        digests: The digests of the stored file.
        now: Unix time.
        signed: Manifest bytes and signature; None for an unsigned release.
        force: Accept a sequence older than the highest accepted one.

    Raises:
        ReleaseError: As `check`; `release_exists` (same version, other content), `older_sequence`.
    """
    check(manifest, info, digests)
    if (known := find_identical(state, manifest, digests, force=force)) is not None:
        return known
    slot = f"{manifest.product}/{manifest.chip}"
    release = _release(manifest, info, digests, now, signed)
    state.accept_sequence(slot, manifest.sequence)
    state.set_release(release)
    return release


def find_identical(state: State, manifest: Manifest, digests: Digests, *, force: bool = False) -> Release | None:
    """Return the existing release with this image; None if the image is new.

    Raises:
        ReleaseError: `release_exists`, `older_sequence`: it would be rejected.
    """
    for known in state.releases.values():
        same = known.product == manifest.product and known.chip == manifest.chip
        if same and is_identical(known.version, manifest.version):
            if known.sha256 == digests.sha256:
                return known
            raise ReleaseError("release_exists", version=manifest.version)
    highest = state.sequences.get(f"{manifest.product}/{manifest.chip}", -1)
    if manifest.sequence <= highest and not force:
        raise ReleaseError("older_sequence", sequence=str(manifest.sequence), highest=str(highest))
    return None


def _release(
    manifest: Manifest, info: ImageInfo, digests: Digests, now: float, signed: tuple[bytes, str] | None
) -> Release:
    return Release(
        release_id=f"{manifest.product}:{manifest.chip}:{manifest.version}",
        product=manifest.product,
        chip=manifest.chip,
        version=manifest.version,
        sequence=manifest.sequence,
        size=digests.size,
        sha256=digests.sha256,
        md5=digests.md5,
        sha1=digests.sha1,
        created=now,
        channel=manifest.channel,
        secure_version=max(manifest.secure_version, info.secure_version),
        expires=manifest.expires,
        notes=manifest.notes,
        release_url=manifest.release_url,
        key_id=manifest.key_id if signed else None,
        manifest=signed[0].decode() if signed else None,
        signature=signed[1].strip() if signed else None,
        image_version=_image_version(manifest, info),
    )


def _image_version(manifest: Manifest, info: ImageInfo) -> str | None:
    version = info.version or manifest.image_version
    return version if version != manifest.version else None


def get(state: State, release_id: str) -> Release:
    """Return a release.

    Raises:
        ReleaseError: `unknown_release_id`.
    """
    found = state.releases.get(release_id)
    if found is None:
        raise ReleaseError("unknown_release_id", release=release_id[:96])
    return found


def withdraw(state: State, release_id: str) -> None:
    """Stop offering a release.

    Raises:
        ReleaseError: `unknown_release`.
    """
    state.set_release(replace(get(state, release_id), withdrawn=True, known_good=False))


def remove(state: State, release_id: str) -> Release:
    """Remove a release that is not in use. Its image can be deleted unless another release has it.

    Raises:
        ReleaseError: `unknown_release`, `release_in_use`.
    """
    release = get(state, release_id)
    if release_id in in_use(state):
        raise ReleaseError("release_in_use", version=release.version)
    state.remove_release(release_id)
    return release


def in_use(state: State) -> set[str]:
    """Return the releases of active rollouts and open jobs."""
    used = {state.jobs[number].release_id for number in state.open}
    for rollout in state.rollouts.values():
        if rollout.status not in ENDED and not _superseded(state, rollout):
            used |= {release.release_id for release in releases_by_arm(rollout, state.releases.values()).values()}
    return used


def _superseded(state: State, rollout: Rollout) -> bool:
    """Return whether a later succeeded rollout includes all devices that this one would still update."""
    if rollout.status is not Status.SUCCEEDED:
        return False
    chips = _chips(state, rollout)
    return any(
        later.created > rollout.created
        and later.status is Status.SUCCEEDED
        and later.product == rollout.product
        and later.target in (Target(), rollout.target)
        and later.late_joiners
        and later.waves[-1].percent == 100
        and chips <= _chips(state, later)
        for later in state.rollouts.values()
    )


def _chips(state: State, rollout: Rollout) -> set[str]:
    return {chip for _, chip in releases_by_arm(rollout, state.releases.values())}


def prunable(state: State, keep: int = KEEP) -> list[str]:
    """Return the releases beyond the newest `keep` of their product and chip that are not in use or installed."""
    needed = in_use(state)
    running = {(device.product, device.chip, device.installed_version) for device in state.devices.values()}
    slots: dict[tuple[str, str], list[Release]] = {}
    for release in state.releases.values():
        slots.setdefault((release.product, release.chip), []).append(release)
    found = []
    for releases in slots.values():
        releases.sort(key=lambda release: release.sequence, reverse=True)
        good = next((release.release_id for release in releases if release.known_good), None)
        found += [
            release.release_id
            for release in releases[keep:]
            if release.release_id not in needed
            and release.release_id != good
            and (release.product, release.chip, release.version) not in running
        ]
    return found


def image_hashes(state: State) -> set[str]:
    """Return the hashes of the images that belong to a release."""
    hashes = {release.sha256 for release in state.releases.values()}
    return hashes | {release.factory_sha256 for release in state.releases.values() if release.factory_sha256}


def set_factory_image(state: State, release_id: str, sha256: str) -> None:
    """Set the image for first installations.

    Raises:
        ReleaseError: `unknown_release`.
    """
    state.set_release(replace(get(state, release_id), factory_sha256=sha256))
