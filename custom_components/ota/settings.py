"""The options of the config entry."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from .const import (
    CONF_KEEP_RELEASES,
    CONF_POLL_S,
    CONF_REQUIRE_SIGNATURE,
    CONF_SIGNING_KEYS,
    CONF_UPLOAD_LIMIT,
    DEFAULT_KEEP_RELEASES,
    DEFAULT_POLL_S,
    DEFAULT_UPLOAD_LIMIT_MIB,
)
from .rollout.manifest import PublicKey


@dataclass(slots=True)
class Settings:
    """The options as all parts share them; changed in place when the user saves new ones."""

    require_signature: bool = True
    signing_keys: dict[str, PublicKey] = field(default_factory=dict)
    upload_limit: int = DEFAULT_UPLOAD_LIMIT_MIB * 1024 * 1024
    """Maximum size of an image, bytes."""
    poll_s: int = DEFAULT_POLL_S
    keep_releases: int = DEFAULT_KEEP_RELEASES

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Self:
        """Create the settings from the entry's options."""
        settings = cls()
        settings.update(options)
        return settings

    def update(self, options: Mapping[str, Any]) -> None:
        """Apply the entry's options."""
        keys = [PublicKey.parse(text) for text in options.get(CONF_SIGNING_KEYS, [])]
        self.require_signature = options.get(CONF_REQUIRE_SIGNATURE, True)
        self.signing_keys = {key.key_id: key for key in keys}
        self.upload_limit = int(options.get(CONF_UPLOAD_LIMIT, DEFAULT_UPLOAD_LIMIT_MIB)) * 1024 * 1024
        self.poll_s = int(options.get(CONF_POLL_S, DEFAULT_POLL_S))
        self.keep_releases = int(options.get(CONF_KEEP_RELEASES, DEFAULT_KEEP_RELEASES))
