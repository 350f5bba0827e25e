"""The exceptions of the core package.

`code` is the translation key in Home Assistant and the code in JSON errors.
"""

import errno


class OtaError(Exception):
    """A request was rejected. Nothing of it took effect."""

    def __init__(self, code: str, /, **placeholders: str) -> None:
        """Store the code and the placeholders of its message."""
        super().__init__(f"{code} {placeholders}" if placeholders else code)
        self.code = code
        self.placeholders = placeholders


class ImageError(OtaError):
    """A firmware image is invalid."""


class ManifestError(OtaError):
    """A manifest is invalid, unsigned, signed with another key, expired or does not match its image."""


class ReleaseError(OtaError):
    """A release cannot be added, used or removed."""


class StorageError(OtaError):
    """The storage failed or rejects an image: too large, disk full, damaged."""


class DeviceError(OtaError):
    """A device is unknown, or the operation is not allowed for it."""


class RolloutError(OtaError):
    """A rollout is not possible, or the operation is not allowed in its status."""


class WireError(OtaError):
    """The request of a device is invalid."""

    def __init__(self, code: str, problem: str, /, *, field: str) -> None:
        """Store what is wrong with the field, such as `must be text`, which follows its name in the message."""
        super().__init__(code, field=field)
        self.message = f"{field} {problem}"


def storage_error(err: OSError) -> StorageError:
    """Return the error for a failed file operation."""
    if err.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageError("disk_full")
    return StorageError("storage_failed", error=err.strerror or type(err).__name__)
