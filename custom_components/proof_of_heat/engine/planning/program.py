"""The linear program behind a plan, solved by an interior-point method in numpy.

    minimise    c.u + sum(penalty * max(0, low - G u)) + sum(penalty * max(0, G u - high))
    subject to  0 <= u <= most

Soft bounds are what comfort is: always feasible, and the price of missing them is a number. Their slack variables are
eliminated by hand, so that each iteration factorises one matrix of the size of u. Mehrotra's predictor and corrector
(1992, "On the implementation of a primal-dual interior point method", SIAM J. Optimization 2(4)).
"""

from dataclasses import dataclass

import numpy as np

from ..arrays import Array

MAX_ITERATIONS = 40
GAP = 1e-5
SHORT_OF_WALL = 0.99
REGULAR = 1e-9


@dataclass(frozen=True, slots=True)
class Program:
    """One program: rows ``G u + slack >= low`` (an upper bound is a row with both signs turned)."""

    cost: Array
    most: Array
    rows: Array
    low: Array
    penalty: Array


@dataclass(frozen=True, slots=True)
class Solution:
    """The amounts, the objective and each row's shadow price."""

    amounts: Array
    objective: float
    shadow: Array
    iterations: int


def solve(program: Program) -> Solution:
    """The cheapest amounts. All ``most`` and ``penalty`` must be positive."""
    cost, most, rows, low, penalty = program.cost, program.most, program.rows, program.low, program.penalty
    n, m = len(cost), len(low)
    # Primal: u in (0, most); over = Gu - low + slack > 0, slack > 0. Dual: row in (0, penalty), at_zero, at_most > 0.
    u, row = most / 2, penalty / 2
    miss = low - rows @ u
    scale = max(1.0, float(np.abs(miss).mean())) if m else 1.0
    slack = np.maximum(miss, 0) + scale
    over = slack - miss
    tilt = cost - rows.T @ row
    mean = float(np.abs(tilt).mean()) + 1e-9
    at_zero = np.maximum(tilt, 0) + mean
    at_most = np.maximum(-tilt, 0) + mean
    count = 2 * (n + m)
    iteration = 0
    for iteration in range(1, MAX_ITERATIONS + 1):  # noqa: B007
        room, spare = most - u, penalty - row
        # stationarity; rows hold by construction; slack's dual is penalty - row by construction
        dual = cost - rows.T @ row - at_zero + at_most
        primal = rows @ u - low + slack - over
        mu = (u @ at_zero + room @ at_most + over @ row + slack @ spare) / count
        objective = float(cost @ u + penalty @ np.maximum(low - rows @ u, 0))
        if mu * count < GAP * (1 + abs(objective)):
            break
        weight = 1.0 / (over / row + slack / spare)
        matrix = (rows.T * weight) @ rows
        diagonal = at_zero / u + at_most / room + REGULAR
        matrix[np.diag_indices(n)] += diagonal
        inverse = np.linalg.inv(matrix)

        def step(targets: tuple[Array, Array, Array, Array]) -> tuple[Array, ...]:
            """The Newton step towards complementarities ``targets``."""
            t_zero, t_most, t_over, t_slack = targets
            # d_over = (t_over - over*d_row)/row, d_slack = (t_slack + slack*d_row)/spare
            shift = t_over / row - t_slack / spare - primal
            right = -dual + t_zero / u - t_most / room + rows.T @ (weight * shift)
            d_u = inverse @ right
            d_row = weight * (shift - rows @ d_u)
            d_zero = (t_zero - at_zero * d_u) / u
            d_most = (t_most + at_most * d_u) / room
            d_over = (t_over - over * d_row) / row
            d_slack = (t_slack + slack * d_row) / spare
            return d_u, d_row, d_zero, d_most, d_over, d_slack

        plain = (-u * at_zero, -room * at_most, -over * row, -slack * spare)
        d_u, d_row, d_zero, d_most, d_over, d_slack = step(plain)
        first, second = _reach(
            ((u, d_u), (room, -d_u), (over, d_over), (slack, d_slack)),
            ((row, d_row), (spare, -d_row), (at_zero, d_zero), (at_most, d_most)),
        )
        ahead = (
            (u + first * d_u) @ (at_zero + second * d_zero)
            + (room - first * d_u) @ (at_most + second * d_most)
            + (over + first * d_over) @ (row + second * d_row)
            + (slack + first * d_slack) @ (spare - second * d_row)
        ) / count
        aim = mu * (ahead / mu) ** 3
        targets = (
            aim + plain[0] - d_u * d_zero,
            aim + plain[1] + d_u * d_most,
            aim + plain[2] - d_over * d_row,
            aim + plain[3] + d_slack * d_row,
        )
        d_u, d_row, d_zero, d_most, d_over, d_slack = step(targets)
        first, second = _reach(
            ((u, d_u), (room, -d_u), (over, d_over), (slack, d_slack)),
            ((row, d_row), (spare, -d_row), (at_zero, d_zero), (at_most, d_most)),
        )
        first, second = min(1.0, SHORT_OF_WALL * first), min(1.0, SHORT_OF_WALL * second)
        u, over, slack = u + first * d_u, over + first * d_over, slack + first * d_slack
        row, at_zero, at_most = row + second * d_row, at_zero + second * d_zero, at_most + second * d_most
    return Solution(u, float(cost @ u + penalty @ np.maximum(low - rows @ u, 0)), row, iteration)


type _Pairs = tuple[tuple[Array, Array], ...]


def _reach(primal: _Pairs, dual: _Pairs) -> tuple[float, float]:
    """How far one may go until the first variable of each kind touches zero."""
    return _one_reach(primal), _one_reach(dual)


def _one_reach(pairs: _Pairs) -> float:
    furthest = 1.0 / SHORT_OF_WALL
    for value, change in pairs:
        if len(value):
            worst = float((change / value).min())
            if worst < 0:
                furthest = min(furthest, -1.0 / worst)
    return furthest
