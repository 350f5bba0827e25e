"""Device IDs of controllers."""

import re
from typing import Final

_DEVICE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", re.ASCII)


def is_valid_device_id(text: str) -> bool:
    """Whether a text can be a device ID. Device IDs are part of URLs."""
    return _DEVICE_ID.fullmatch(text) is not None
