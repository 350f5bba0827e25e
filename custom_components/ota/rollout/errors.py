"""What can go wrong, as one tree.

`code` is the translation key in Home Assistant and the code in JSON handle_errors.
"""

import errno


class OtaError(Exception):
    """Something was refused. Nothing of it took effect."""

    def __init__(self, code: str, /, **placeholders: str) -> None:
        """Keep the code and what its message names."""
        super().__init__(f"{code} {placeholders}" if placeholders else code)
        self.code = code
        self.placeholders = placeholders


class ImageError(OtaError):
    """A firmware image is not what it should be."""


class ManifestError(OtaError):
    """A manifest is malformed, unsigned, wrongly signed, expired or does not fit its image."""


class ReleaseError(OtaError):
    """A release cannot be added, used or removed."""


class StorageError(OtaError):
    """The image storage refuses: too large, no room, broken off."""


class DeviceError(OtaError):
    """A device is unknown or may not do this."""


class RolloutError(OtaError):
    """A rollout is impossible or not in a state for this."""


class WireError(OtaError):
    """A request of a device is malformed."""


def storage_error(err: OSError) -> StorageError:
    """What the disk said."""
    if err.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageError("disk_full")
    return StorageError("storage_failed", error=err.strerror or type(err).__name__)
