"""The linear program behind a plan, solved by an interior-point method in numpy.

    minimize    c.u + sum(penalty * max(0, low - G u))
    subject to  0 <= u <= most

Comfort is a set of soft bounds: the program is always feasible, and violations have a price. Their slack variables are
eliminated analytically, so that each iteration factorizes one matrix of the size of u. The method is Mehrotra's
predictor-corrector (1992, "On the implementation of a primal-dual interior point method", SIAM J. Optimization 2(4)).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
import logging
from typing import Self

import numpy as np

from ..arrays import Array
from .block_system import BlockForm
from .cholesky import Cholesky

_LOGGER = logging.getLogger(__name__)

MAX_ITERATIONS = 40
GAP = 1e-5
STEP_SHARE = 0.99
"""Share of the largest feasible step that is taken."""
REGULARIZATION = 1e-9


@dataclass(frozen=True, slots=True)
class LinearProgram:
    """A program with rows ``G u + slack >= low`` (an upper bound is a row with inverted signs)."""

    cost: Array
    most: Array
    rows: Array
    low: Array
    penalty: Array
    cells: BlockForm | None = None
    """The block form of a large program."""


@dataclass(frozen=True, slots=True)
class Solution:
    """The amounts, the objective and each row's shadow price."""

    amounts: Array
    objective: float
    shadow: Array
    iterations: int
    converged: bool = True
    """Whether the gap to the optimum is closed; else the amounts are feasible, but not the cheapest."""


@dataclass(frozen=True, slots=True)
class _Iterate:
    """Amounts u and rows' surplus and slack, with the duals of 0 <= u, u <= most and of the rows.

    The slack's dual is penalty - row by construction.
    """

    u: Array
    over: Array
    slack: Array
    row: Array
    at_zero: Array
    at_most: Array

    def moved(self, step: Self, primal: float, dual: float) -> _Iterate:
        """Return the iterate after a step with these lengths in the amounts and in the duals."""
        return _Iterate(
            self.u + primal * step.u,
            self.over + primal * step.over,
            self.slack + primal * step.slack,
            self.row + dual * step.row,
            self.at_zero + dual * step.at_zero,
            self.at_most + dual * step.at_most,
        )

    def products(self, program: LinearProgram) -> tuple[Array, Array, Array, Array]:
        """Return the complementary products, which converge to zero."""
        return (
            self.u * self.at_zero,
            (program.most - self.u) * self.at_most,
            self.over * self.row,
            self.slack * (program.penalty - self.row),
        )


def _start(program: LinearProgram) -> _Iterate:
    """Return a start with each amount at half of its maximum, dual feasible."""
    u, row = program.most / 2, program.penalty / 2
    miss = program.low - program.rows @ u
    scale = max(1.0, float(np.abs(miss).mean())) if len(miss) else 1.0
    slack = np.maximum(miss, 0) + scale
    tilt = program.cost - program.rows.T @ row
    mean = (float(np.abs(tilt).mean()) if len(tilt) else 0.0) + 1e-9
    return _Iterate(u, slack - miss, slack, row, np.maximum(tilt, 0) + mean, np.maximum(-tilt, 0) + mean)


class _Newton:
    """The linear system of an iteration, factorized once for both of its steps."""

    def __init__(self, program: LinearProgram, at: _Iterate) -> None:
        self.program, self.at = program, at
        self.room, self.spare = program.most - at.u, program.penalty - at.row
        self.dual = program.cost - program.rows.T @ at.row - at.at_zero + at.at_most
        self.primal = program.rows @ at.u - program.low + at.slack - at.over
        self.weight = 1.0 / (at.over / at.row + at.slack / self.spare)
        diagonal = at.at_zero / at.u + at.at_most / self.room + REGULARIZATION
        self.solved = self._by_cells(program.cells, diagonal) if program.cells else self._whole(diagonal)

    def _by_cells(self, cells: BlockForm, diagonal: Array) -> Callable[[Array], Array]:
        return cells.system(diagonal, self.weight).solve

    def _whole(self, diagonal: Array) -> Callable[[Array], Array]:
        matrix = (self.program.rows.T * self.weight) @ self.program.rows
        matrix[np.diag_indices(len(diagonal))] += diagonal
        return Cholesky(matrix).solve

    def step(self, zero: Array, most: Array, over: Array, slack: Array) -> _Iterate:
        """Return the step that changes the complementary products by these amounts."""
        at, rows = self.at, self.program.rows
        shift = over / at.row - slack / self.spare - self.primal
        right = zero / at.u - most / self.room + rows.T @ (self.weight * shift) - self.dual
        d_u = self.solved(right)
        d_row = self.weight * (shift - rows @ d_u)
        return _Iterate(
            d_u,
            (over - at.over * d_row) / at.row,
            (slack + at.slack * d_row) / self.spare,
            d_row,
            (zero - at.at_zero * d_u) / at.u,
            (most + at.at_most * d_u) / self.room,
        )

    def reach(self, step: _Iterate) -> tuple[float, float]:
        """Return the maximum step lengths until the first amount, and the first dual, reaches zero."""
        at = self.at
        primal = _furthest(((at.u, step.u), (self.room, -step.u), (at.over, step.over), (at.slack, step.slack)))
        dual = _furthest(
            ((at.row, step.row), (self.spare, -step.row), (at.at_zero, step.at_zero), (at.at_most, step.at_most))
        )
        return primal, dual


def _furthest(pairs: tuple[tuple[Array, Array], ...]) -> float:
    furthest = 1.0
    for value, change in pairs:
        if len(value):
            worst = float((change / value).min())
            if worst < 0:
                furthest = min(furthest, -STEP_SHARE / worst)
    return furthest


def objective(program: LinearProgram, amounts: Array) -> float:
    """Return the cost of amounts, including the penalties of violated bounds."""
    missed = np.maximum(program.low - program.rows @ amounts, 0)
    return float(program.cost @ amounts + program.penalty @ missed)


def solve(program: LinearProgram) -> Solution:
    """Return the cheapest amounts. All ``most`` and ``penalty`` must be positive.

    A program in block form that does not converge is solved again as a whole, which is slower and more accurate.

    Raises:
        ValueError: a number of the program is not finite.
    """
    _check(program)
    found = _solve(program)
    if not found.converged and program.cells is not None:
        _LOGGER.debug("block form did not converge in %d iterations, solving the whole form", found.iterations)
        whole = _solve(replace(program, cells=None))
        found = whole if whole.converged or whole.objective < found.objective else found
    if not found.converged:
        _LOGGER.warning("planning did not converge in %d iterations; the plan may cost more", found.iterations)
    return found


def _check(program: LinearProgram) -> None:
    for name in ("cost", "most", "rows", "low", "penalty"):
        if not np.isfinite(getattr(program, name)).all():
            raise ValueError(f"linear program: {name} is not finite")


def _next(program: LinearProgram, at: _Iterate, products: tuple[Array, Array, Array, Array], gap: float) -> _Iterate:
    """Return the next iterate; ``gap`` is the sum of the complementary products."""
    newton = _Newton(program, at)
    plain = newton.step(*(-product for product in products))
    predicted = at.moved(plain, *newton.reach(plain)).products(program)
    mean = gap / (2 * (len(program.cost) + len(program.low)))
    aim = mean * (float(sum(product.sum() for product in predicted)) / gap) ** 3
    step = newton.step(
        aim - products[0] - plain.u * plain.at_zero,
        aim - products[1] + plain.u * plain.at_most,
        aim - products[2] - plain.over * plain.row,
        aim - products[3] + plain.slack * plain.row,
    )
    return at.moved(step, *newton.reach(step))


def _solve(program: LinearProgram) -> Solution:
    at = _start(program)
    converged = False
    worth = objective(program, at.u)
    iteration = 0
    while iteration < MAX_ITERATIONS:
        products = at.products(program)
        gap = float(sum(product.sum() for product in products))
        worth = objective(program, at.u)
        if gap < GAP * (1 + abs(worth)):
            converged = True
            break
        iteration += 1
        try:
            following = _next(program, at, products, gap)
        except np.linalg.LinAlgError:  # no longer positive definite in floating point
            break
        if not np.isfinite(following.u).all():
            break
        at = following
    else:
        gap = float(sum(product.sum() for product in at.products(program)))
        worth = objective(program, at.u)
        converged = gap < GAP * (1 + abs(worth))
    return Solution(at.u, worth, at.row, iteration, converged)
