"""The offer to turn on control follows the simulation, a day at a time."""

from dataclasses import replace
import math
from typing import Any, cast

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.proof_of_heat.const import DOMAIN
from custom_components.proof_of_heat.engine.shadow.savings import ShadowReport
from custom_components.proof_of_heat.runtime.control_offer import ControlOffer
from custom_components.proof_of_heat.runtime.shadow_mode import ShadowMode

REPORT = ShadowReport(
    days=7,
    real_cost=42.0,
    cost=28.0,
    saved=14.0,
    saved_low=10.0,
    saved_high=18.0,
    percent=33.3,
    percent_low=23.8,
    percent_high=42.9,
    real_kwh=168.0,
    kwh=140.0,
    real_below_kh=14.0,
    below_kh=1.4,
    estimated=False,
)


class Simulation:
    """The simulated control, as the offer sees it."""

    def __init__(self) -> None:
        self.found: ShadowReport | None = None
        self.is_offered = False

    def report(self) -> ShadowReport | None:
        return self.found


@pytest.fixture
def simulation() -> Simulation:
    """A simulation that knows nothing yet."""
    return Simulation()


@pytest.fixture
def offer(hass: HomeAssistant, simulation: Simulation) -> ControlOffer:
    """The offer of a home."""
    hass.config.currency = "EUR"
    entry = MockConfigEntry(domain=DOMAIN, title="Home", entry_id="01HOME")
    return ControlOffer(hass, entry, cast("ShadowMode", simulation))


def issue(hass: HomeAssistant) -> Any:
    return ir.async_get(hass).async_get_issue(DOMAIN, "control_offer_01HOME")


def test_nothing_is_offered_before_the_simulation_shows_savings(
    hass: HomeAssistant, simulation: Simulation, offer: ControlOffer
) -> None:
    offer.check()
    assert issue(hass) is None
    simulation.found = REPORT
    offer.check()
    assert issue(hass) is None, "not convincing"


def test_the_offer_names_what_would_be_saved(hass: HomeAssistant, simulation: Simulation, offer: ControlOffer) -> None:
    simulation.found, simulation.is_offered = REPORT, True
    offer.check()
    found = issue(hass)
    assert (found.translation_key, found.is_fixable) == ("control_offer", True)
    assert found.translation_placeholders == {
        "name": "Home",
        "percent": "33",
        "low": "24",
        "high": "43",
        "saved": "14.00 EUR",
        "cold": "1.4",
        "cold_now": "14.0",
    }


def test_the_offer_is_raised_once_a_day(hass: HomeAssistant, simulation: Simulation, offer: ControlOffer) -> None:
    simulation.found, simulation.is_offered = REPORT, True
    offer.check()
    ir.async_delete_issue(hass, DOMAIN, issue(hass).issue_id)
    simulation.found = replace(REPORT)
    offer.check()
    assert issue(hass) is None, "the same days"
    simulation.found = replace(REPORT, saved=15.0)
    offer.check()
    assert issue(hass).translation_placeholders["saved"] == "15.00 EUR"


@pytest.mark.parametrize(
    "later", [None, replace(REPORT, saved_low=-1.0), replace(REPORT, percent=math.nan)], ids=["none", "less", "free"]
)
def test_the_offer_is_withdrawn_when_it_is_not_supported_any_more(
    hass: HomeAssistant, simulation: Simulation, offer: ControlOffer, later: ShadowReport | None
) -> None:
    simulation.found, simulation.is_offered = REPORT, True
    offer.check()
    assert issue(hass) is not None
    simulation.found, simulation.is_offered = later, False
    offer.check()
    assert issue(hass) is None
