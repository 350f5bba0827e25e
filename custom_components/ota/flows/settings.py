"""The form fields of the settings."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
import probatio as vol

from ..const import (
    CONF_KEEP_RELEASES,
    CONF_POLL_S,
    CONF_REQUIRE_SIGNATURE,
    CONF_SIGNING_KEYS,
    CONF_UPLOAD_LIMIT,
    DEFAULT_KEEP_RELEASES,
    DEFAULT_POLL_S,
    DEFAULT_UPLOAD_LIMIT_MIB,
)
from ..rollout.errors import OtaError
from ..rollout.manifest import PublicKey


def _number(low: int, high: int, unit: str | None = None) -> NumberSelector:
    config = NumberSelectorConfig(min=low, max=high, step=1, mode=NumberSelectorMode.BOX)
    if unit:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)


SIGNING_FIELDS: Final = {
    vol.Required(CONF_REQUIRE_SIGNATURE, default=True): BooleanSelector(),
    vol.Optional(CONF_SIGNING_KEYS, default=list): TextSelector(TextSelectorConfig(multiple=True)),
}
SETTINGS_SCHEMA: Final = vol.Schema(
    {
        **SIGNING_FIELDS,
        vol.Required(CONF_POLL_S, default=DEFAULT_POLL_S): _number(30, 86_399, "s"),
        vol.Required(CONF_UPLOAD_LIMIT, default=DEFAULT_UPLOAD_LIMIT_MIB): _number(1, 96, "MiB"),
        vol.Required(CONF_KEEP_RELEASES, default=DEFAULT_KEEP_RELEASES): _number(1, 100),
    }
)


def validate_options(user_input: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the options and the errors of the form."""
    options = dict(user_input)
    keys = [key.strip() for key in options.get(CONF_SIGNING_KEYS, []) if key.strip()]
    options[CONF_SIGNING_KEYS] = keys
    for name in (CONF_POLL_S, CONF_UPLOAD_LIMIT, CONF_KEEP_RELEASES):
        if name in options:
            options[name] = int(options[name])
    try:
        for key in keys:
            PublicKey.parse(key)
    except OtaError as err:
        return options, {CONF_SIGNING_KEYS: err.code}
    return options, {}
