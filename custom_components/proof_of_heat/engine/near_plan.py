"""A plan is carried out by the sources that it uses: no other one is started for the last watts.

A plan and the dispatch some minutes later take the heat of a source from the same map, at temperatures that differ a
little. The difference is within the accuracy of both, and the next plan corrects it.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from .allocation import Allocation, DispatchRequest
from .dispatch import dispatch
from .operating_points import SourceOption

NEAR_SHARE = 0.1
"""Share of the planned heat that may be missing without another source."""
ROUNDING_W = 1e-3


def carry_out(options: Sequence[SourceOption], request: DispatchRequest, planned: Collection[str] | None) -> Allocation:
    """Return the cheapest allocation to the sources of a plan; to all sources if these are not enough.

    ``planned``: the sources that the plan uses now; None without a plan.
    """
    if planned is None:
        return dispatch(options, request)
    own = [
        option if option.source_id in planned or _earns(option, request) else _without_start(option)
        for option in options
    ]
    enough_w = (1 - NEAR_SHARE) * request.heat_w
    if _most_heat_w(own) < enough_w - ROUNDING_W:
        return dispatch(options, request)
    found = dispatch(own, request)
    if found.short_w <= NEAR_SHARE * request.heat_w:
        return replace(found, short_w=0.0)
    return found if own == list(options) else dispatch(options, request)


def _most_heat_w(options: Sequence[SourceOption]) -> float:
    return sum([max([point.heat_w for point in option.points]) for option in options])


def _earns(option: SourceOption, request: DispatchRequest) -> bool:
    """Return whether the heat of a source costs nothing now: by revenue, or by surplus that came after the plan."""
    for point in option.points:
        own_w = min(point.power_w, request.surplus_w)
        cost_h = (own_w * request.surplus_price_kwh + (point.power_w - own_w) * request.price_kwh) / 1000
        if point.level > 0 and cost_h + point.other_cost_h <= option.bonus_kwh * point.heat_w / 1000:
            return True
    return False


def _without_start(option: SourceOption) -> SourceOption:
    """Return the option at rest; one that has to run stays as it is."""
    rests = tuple(point for point in option.points if point.level <= 0)
    return replace(option, points=rests) if rests else option
