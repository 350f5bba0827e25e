"""Offers to turn on control once its simulation shows savings."""

from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from ..repairs import OFFER_ISSUE, clear_issue, raise_issue
from .shadow_mode import ShadowMode

KEY: Final = "control_offer"


class ControlOffer:
    """Raises a repair whose fix turns on control; withdraws it when the simulation does not support it any more."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, shadow: ShadowMode) -> None:
        self._hass = hass
        self._entry = entry
        self._shadow = shadow
        self._checked: object = None

    @callback
    def check(self) -> None:
        """Check after each simulated day."""
        report = self._shadow.report()
        if report == self._checked and self._checked is not None:
            return
        self._checked = report
        issue = OFFER_ISSUE + self._entry.entry_id
        if report is None or not self._shadow.is_offered:
            clear_issue(self._hass, issue)
            return
        placeholders = {
            "name": self._entry.title,
            "percent": f"{report.percent:.0f}",
            "low": f"{report.percent_low:.0f}",
            "high": f"{report.percent_high:.0f}",
            "saved": f"{report.saved:.2f} {self._hass.config.currency}",
            "cold": f"{report.below_kh:.1f}",
            "cold_now": f"{report.real_below_kh:.1f}",
        }
        raise_issue(self._hass, issue, KEY, placeholders, self._entry.entry_id)
