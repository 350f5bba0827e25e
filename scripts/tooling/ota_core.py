"""ota's core package without Home Assistant, so that CI needs nothing but `cryptography` to sign a release."""

from importlib.util import find_spec
from pathlib import Path
import sys
from types import ModuleType


def _stand_in() -> None:
    """The core package needs no Home Assistant, but its parent's `__init__` does."""
    if find_spec("homeassistant") is None:
        parent = ModuleType("custom_components.ota")
        parent.__path__ = [str(Path(__file__).resolve().parents[2] / "custom_components" / "ota")]
        sys.modules[parent.__name__] = parent


_stand_in()

from custom_components.ota.rollout.errors import OtaError  # noqa: E402
from custom_components.ota.rollout.image import CHIP_IDS, ImageInfo, inspect  # noqa: E402
from custom_components.ota.rollout.manifest import PublicKey, parse, sign, verify  # noqa: E402

__all__ = ["CHIP_IDS", "ImageInfo", "OtaError", "PublicKey", "inspect", "parse", "sign", "verify"]
