"""The progress of uploads: those in progress, and the last ones that ended."""

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
import re
import secrets
from typing import Any, Final

from ..rollout.errors import OtaError, ReleaseError
from ..rollout.models import Release

MAX_UPLOADS_KEPT: Final = 32
UPLOAD_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Phase(StrEnum):
    """The phase of an upload."""

    RECEIVING = "receiving"
    CHECKING = "checking"
    STORED = "stored"
    REFUSED = "refused"


@dataclass(slots=True, kw_only=True)
class UploadProgress:
    """The progress of one upload."""

    upload_id: str
    received: int = 0
    size: int | None = None
    phase: Phase = Phase.RECEIVING
    release_id: str | None = None
    error: str | None = None

    @property
    def ended(self) -> bool:
        """Return whether the upload was stored or rejected."""
        return self.phase in (Phase.STORED, Phase.REFUSED)

    def as_dict(self) -> dict[str, Any]:
        """Return the progress as the API shows it."""
        percent = None if not self.size else min(100, self.received * 100 // self.size)
        return {
            "upload": self.upload_id,
            "phase": self.phase.value,
            "received": self.received,
            "size": self.size,
            "percent": percent,
            "release_id": self.release_id,
            "error": self.error,
        }

    async def count(self, chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        """Yield the chunks and count their bytes."""
        async for chunk in chunks:
            self.received += len(chunk)
            yield chunk
        self.phase = Phase.CHECKING

    def set_stored(self, release: Release) -> None:
        """Mark the upload as stored."""
        self.phase, self.release_id = Phase.STORED, release.release_id

    def set_rejected(self, err: BaseException) -> None:
        """Mark the upload as rejected or interrupted."""
        self.phase, self.error = Phase.REFUSED, err.code if isinstance(err, OtaError) else "upload_broken"


class UploadTracker:
    """The uploads by ID; those that ended first are removed first."""

    def __init__(self) -> None:
        """Start without uploads."""
        self._uploads: dict[str, UploadProgress] = {}

    def begin(self, upload_id: str | None, size: int | None = None) -> UploadProgress:
        """Start an upload with the ID that its client chose, or a generated one.

        Raises:
            ReleaseError: `bad_upload_id`; `upload_exists` while an upload with this ID is in progress.
        """
        if upload_id is None:
            upload_id = secrets.token_hex(8)
        if not UPLOAD_ID.fullmatch(upload_id):
            raise ReleaseError("bad_upload_id")
        previous = self._uploads.get(upload_id)
        if previous is not None and not previous.ended:
            raise ReleaseError("upload_exists")
        self._uploads.pop(upload_id, None)
        progress = self._uploads[upload_id] = UploadProgress(upload_id=upload_id, size=size)
        ended = [upload.upload_id for upload in self._uploads.values() if upload.ended]
        for old in ended[: max(0, len(self._uploads) - MAX_UPLOADS_KEPT)]:
            del self._uploads[old]
        return progress

    def get(self, upload_id: str) -> UploadProgress | None:
        """Return an upload."""
        return self._uploads.get(upload_id)

    def all(self) -> list[UploadProgress]:
        """Return all uploads, the oldest first."""
        return list(self._uploads.values())
