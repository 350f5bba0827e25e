"""State shared by the steps of the config flow."""

from typing import Any

from homeassistant.config_entries import ConfigFlow


class HubFlow(ConfigFlow):
    """Config flow that collects the data of a hub over several steps."""

    def __init__(self) -> None:
        self._data: dict[str, Any] = {}
