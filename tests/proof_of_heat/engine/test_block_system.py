"""The block form of a plan's program: Cholesky factors, the optimum of HiGHS, no stalls with several sources."""

from dataclasses import replace
from typing import Any, NoReturn

from hypothesis import example, given, settings, strategies as st
import numpy as np
import pytest

from custom_components.proof_of_heat.engine.planning import linear_program
from custom_components.proof_of_heat.engine.planning.block_system import BlockForm
from custom_components.proof_of_heat.engine.planning.linear_program import LinearProgram, solve


def plan_like(seed: int, cells: int, sources: int, spread: float = 0.0) -> LinearProgram:
    """A program of a plan's form; `spread`: how many powers of ten the penalties differ by, up and down."""
    rng = np.random.default_rng(seed)
    cell = np.tile(np.arange(cells), sources)
    weight = rng.uniform(0.5, 8.0, sources).repeat(cells) * rng.choice([1.0, 0.0], cells * sources, p=[0.9, 0.1])
    shared = np.tril(np.exp(-np.subtract.outer(np.arange(cells), np.arange(cells)) / 9.0)) * rng.uniform(0.2, 1.0)
    limited = np.flatnonzero(rng.random(cells) < 0.4)
    local = -rng.uniform(0.5, 5.0, sources).repeat(cells) * (limited[:, None] == cell)
    rows = np.concatenate([shared[:, cell] * weight, local])
    price = np.round(rng.uniform(0.05, 0.4, cells), 2)  # equal prices: many plans are equally cheap
    return LinearProgram(
        cost=np.concatenate([price * rng.uniform(0.3, 3.0) for _ in range(sources)]),
        most=np.ones(len(cell)),
        rows=rows,
        low=np.concatenate([rng.uniform(0.0, 6.0, cells), np.full(len(limited), -3.0)]),
        penalty=rng.uniform(0.05, 5.0, len(rows)) * 10.0 ** rng.uniform(-spread, spread, len(rows)),
        cells=BlockForm.of(cell, weight, shared, local),
    )


def best(program: LinearProgram) -> float:
    """The optimum by HiGHS."""
    linprog = pytest.importorskip("scipy.optimize").linprog
    rows = len(program.low)
    found = linprog(
        np.concatenate([program.cost, program.penalty]),
        A_ub=np.concatenate([-program.rows, -np.eye(rows)], axis=1),
        b_ub=-program.low,
        bounds=[(0, most) for most in program.most] + [(0, None)] * rows,
        method="highs",
    )
    return float(found.fun)


def check(seed: int, cells: int) -> None:
    program = plan_like(seed, cells, 3 + seed % 2, spread=seed % 3)
    found = linear_program._solve(program)  # the block form alone, without the fallback
    assert found.converged, seed
    assert found.objective == pytest.approx(best(program), rel=2e-4, abs=2e-4), seed


def test_plans_of_three_and_four_sources_are_as_cheap_as_those_of_highs() -> None:
    for seed in range(24):
        check(seed, 6 + seed % 12)


@pytest.mark.slow
def test_a_thousand_plans_of_three_and_four_sources_are_as_cheap_as_those_of_highs() -> None:
    for seed in range(1000):
        check(seed, 4 + seed % 29)


def test_both_forms_factorize_by_cholesky(monkeypatch: pytest.MonkeyPatch) -> None:
    """A general solver would not notice that a matrix is no longer positive definite."""

    def forbidden(*_: Any) -> NoReturn:
        raise AssertionError("a general solver was used")

    monkeypatch.setattr(np.linalg, "solve", forbidden)
    program = plan_like(5, 12, 4)
    assert linear_program._solve(program).converged
    assert linear_program._solve(replace(program, cells=None)).converged


@settings(max_examples=40, deadline=None)
@example(seed=1, cells=30, sources=4, magnitude=8.0)
@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 6), st.floats(0.0, 8.0))
def test_a_badly_scaled_system_is_solved(seed: int, cells: int, sources: int, magnitude: float) -> None:
    """Near the optimum the diagonal and the weights differ by many powers of ten."""
    program = plan_like(seed, cells, sources)
    rng = np.random.default_rng(seed)
    size, rows = len(program.cost), len(program.low)
    diagonal = 10.0 ** rng.uniform(-1, magnitude, size)
    weight = 10.0 ** rng.uniform(-magnitude, 1, rows)
    right = rng.normal(size=size)
    assert program.cells is not None
    found = program.cells.system(diagonal, weight).solve(right)
    matrix = (program.rows.T * weight) @ program.rows + np.diag(diagonal)
    assert matrix @ found == pytest.approx(right, abs=1e-6)


def test_a_block_that_is_not_positive_definite_is_refused_and_the_whole_form_solved(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = plan_like(7, 10, 3)
    assert program.cells is not None
    with pytest.raises(np.linalg.LinAlgError):
        program.cells.system(np.full(len(program.cost), -1.0), np.ones(len(program.low)))

    def fails(self: BlockForm, *_: Any) -> NoReturn:
        raise np.linalg.LinAlgError("not positive definite")

    monkeypatch.setattr(BlockForm, "system", fails)
    caplog.set_level("DEBUG")
    found = solve(program)
    assert found.converged
    assert found.objective == pytest.approx(solve(replace(program, cells=None)).objective, rel=1e-6)
    assert "solving the whole form" in caplog.text
