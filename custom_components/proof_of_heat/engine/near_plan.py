"""How exactly a plan is carried out: a source is not started for the last watts of it.

A plan and the dispatch a few minutes later take the heat of a source from the same map, at temperatures that differ a
little. The difference is within the accuracy of both, and the next plan corrects it.
"""

from collections.abc import Iterable
from dataclasses import replace
import math

from .dispatch import DispatchRequest, SourceOption

NEAR_SHARE = 0.1
"""Share of the planned heat by which it may be missed."""
NEAR_FACTOR = 2.0
"""Price of the missing heat, as a multiple of that of the most expensive source: less of what runs is not cheaper."""
LEAST_PRICE = 0.05
"""Used where the heat of all sources is free."""


def near_plan(request: DispatchRequest, options: Iterable[SourceOption], near_share: float) -> DispatchRequest:
    """Return the request with a share of its heat that may be missed at a price of its own."""
    costs = (
        (point.other_cost_h * 1000 + point.power_w * request.price_kwh) / point.heat_w - option.bonus_kwh
        for option in options
        for point in option.points
        if point.level > 0 and point.heat_w > 0
    )
    dearest = max((cost for cost in costs if math.isfinite(cost)), default=0.0)
    price_kwh = min(NEAR_FACTOR * max(dearest, abs(request.price_kwh), LEAST_PRICE), request.short_price_kwh)
    return replace(request, near_w=near_share * request.heat_w, near_price_kwh=price_kwh)
