"""Images on disk."""

from collections.abc import Callable
import errno
import hashlib
import os
from pathlib import Path
import threading
from typing import Any

import pytest

from custom_components.ota.rollout.errors import StorageError
from custom_components.ota.rollout.image_store import ImageStore

DATA = bytes(range(256)) * 100
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    made = ImageStore(tmp_path / "images", limit=100_000, keep_free=0)
    made.prepare()
    return made


def put(store: ImageStore, data: bytes = DATA) -> Path:
    upload = store.begin(len(data))
    for at in range(0, len(data), 1000):
        upload.write(data[at : at + 1000])
    return store.commit(upload, upload.close())


def incoming(store: ImageStore) -> list[Path]:
    return list((store.folder / "incoming").iterdir())


def test_an_image_is_named_by_its_hash_and_cannot_be_written(store: ImageStore) -> None:
    path = put(store)
    assert path.name == f"{SHA}.bin"
    assert path.read_bytes() == DATA
    assert path.stat().st_mode & 0o222 == 0
    assert store.present() == {SHA}
    assert incoming(store) == []


def test_hashes_are_calculated_while_writing(store: ImageStore) -> None:
    upload = store.begin()
    upload.write(DATA)
    digests = upload.close()
    assert (digests.size, digests.sha256) == (len(DATA), SHA)
    assert digests.md5 == hashlib.md5(DATA, usedforsecurity=False).hexdigest()
    assert digests.sha1 == hashlib.sha1(DATA, usedforsecurity=False).hexdigest()
    with upload.mapped() as view:
        assert bytes(view) == DATA
    upload.abort()


def test_an_empty_upload_can_be_inspected(store: ImageStore) -> None:
    upload = store.begin()
    assert upload.close().size == 0
    with upload.mapped() as view:
        assert len(view) == 0
    upload.abort()


def test_limit_applies_to_declared_and_received_size(store: ImageStore) -> None:
    with pytest.raises(StorageError, match="too_large"):
        store.begin(100_001)
    upload = store.begin(10)
    for _ in range(100):
        upload.write(bytes(1000))
    with pytest.raises(StorageError, match="too_large"):
        upload.write(b"x")
    assert incoming(store) == []


def test_an_aborted_upload_leaves_nothing(store: ImageStore) -> None:
    upload = store.begin()
    upload.write(DATA)
    upload.abort()
    upload.abort()
    assert incoming(store) == []
    assert store.present() == set()


def test_leftovers_of_a_crash_are_removed_at_startup(store: ImageStore) -> None:
    upload = store.begin()
    upload.write(DATA)
    again = ImageStore(store.folder)
    again.prepare()
    assert incoming(again) == []
    upload.abort()


def test_two_uploads_of_the_same_and_of_different_images_at_once(store: ImageStore) -> None:
    first, second, other = store.begin(), store.begin(), store.begin()
    for upload, data in ((first, DATA), (other, DATA[:500]), (second, DATA)):
        upload.write(data)
    threads = [threading.Thread(target=lambda u=u: store.commit(u, u.close())) for u in (first, second, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.present() == {SHA, hashlib.sha256(DATA[:500]).hexdigest()}
    assert incoming(store) == []


@pytest.mark.parametrize("name", ["../secrets", "a" * 63, "A" * 64, "", "a" * 64 + "/..", "..", "a" * 64 + "\n"])
def test_only_a_hash_becomes_a_path(store: ImageStore, name: str) -> None:
    for operation in (store.path, store.verified, store.remove):
        with pytest.raises(StorageError, match="no_such_image"):
            operation(name)


def test_an_image_that_changed_on_disk_is_not_served(store: ImageStore) -> None:
    path = put(store)
    assert store.verified(SHA) == path
    path.chmod(0o644)
    path.write_bytes(DATA[:-1] + b"!")
    with pytest.raises(StorageError, match="damaged_image"):
        store.verified(SHA)


def test_a_damaged_image_is_replaced_by_a_good_upload(store: ImageStore) -> None:
    path = put(store)
    path.chmod(0o644)
    path.write_bytes(b"rotten")
    assert put(store).read_bytes() == DATA


def test_it_is_hashed_again_after_a_restart_and_only_once(store: ImageStore, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store)
    again = ImageStore(store.folder)
    calls: list[Any] = []
    real: Callable[..., Any] = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda *args: calls.append(1) or real(*args))
    again.verified(SHA)
    again.verified(SHA)
    assert len(calls) == 1


def test_missing_image_is_reported(store: ImageStore) -> None:
    with pytest.raises(StorageError, match="no_such_image"):
        store.verified(SHA)
    put(store)
    store.remove(SHA)
    store.remove(SHA)
    assert store.present() == set()


def test_insufficient_space_is_detected_before_writing(tmp_path: Path) -> None:
    store = ImageStore(tmp_path, keep_free=2**60)
    store.prepare()
    with pytest.raises(StorageError, match="disk_full"):
        store.begin(10)


def test_a_disk_that_fills_up_while_writing_leaves_nothing(store: ImageStore) -> None:
    """/dev/full fails as a full disk does."""
    upload = store.begin()
    upload._file = open("/dev/full", "wb", buffering=0)  # noqa: PTH123, SIM115
    with pytest.raises(StorageError, match="disk_full"):
        upload.write(DATA)
    assert incoming(store) == []


@pytest.mark.parametrize(("code", "name"), [(errno.ENOSPC, "disk_full"), (errno.EROFS, "storage_failed")])
def test_a_disk_that_fails_at_the_end_leaves_nothing(
    store: ImageStore, monkeypatch: pytest.MonkeyPatch, code: int, name: str
) -> None:
    def broken(_: int) -> None:
        raise OSError(code, os.strerror(code))

    upload = store.begin()
    upload.write(DATA)
    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(StorageError, match=name):
        upload.close()
    assert incoming(store) == []
    monkeypatch.undo()
    upload = store.begin()
    upload.write(DATA)
    digests = upload.close()
    monkeypatch.setattr(Path, "replace", lambda *_: broken(0))
    with pytest.raises(StorageError, match=name):
        store.commit(upload, digests)
    assert incoming(store) == []


def test_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    store = ImageStore(tmp_path / "file" / "images")
    with pytest.raises(StorageError, match="storage_failed"):
        store.prepare()
    with pytest.raises(StorageError, match="storage_failed"):
        store.begin()
