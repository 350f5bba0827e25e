"""The interior-point solver agrees with a solver of another make."""

from dataclasses import replace
import logging

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from custom_components.proof_of_heat.engine.arrays import Array
from custom_components.proof_of_heat.engine.planning import linear_program
from custom_components.proof_of_heat.engine.planning.block_system import BlockForm, BlockSystem
from custom_components.proof_of_heat.engine.planning.cholesky import Cholesky
from custom_components.proof_of_heat.engine.planning.linear_program import LinearProgram, objective, solve

pytestmark = pytest.mark.slow  # left out by scripts/test --quick


def _random(seed: int, size: int, rows: int) -> LinearProgram:
    rng = np.random.default_rng(seed)
    decay = np.exp(-np.abs(np.arange(rows)[:, None] - np.arange(size)) / 15)
    return LinearProgram(
        cost=rng.uniform(-0.2, 1.0, size),
        most=rng.uniform(0.2, 2.0, size),
        rows=rng.uniform(-0.3, 1.0, (rows, size)) * decay,
        low=rng.uniform(-1.0, 6.0, rows),
        penalty=rng.uniform(0.05, 5.0, rows),
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 50), st.integers(0, 60))
def test_objective_matches_another_solver(seed: int, size: int, rows: int) -> None:
    linprog = pytest.importorskip("scipy.optimize").linprog
    program = _random(seed, size, rows)
    exact = linprog(
        np.concatenate([program.cost, program.penalty]),
        A_ub=np.concatenate([-program.rows, -np.eye(rows)], axis=1),
        b_ub=-program.low,
        bounds=[(0, most) for most in program.most] + [(0, None)] * rows,
    )
    found = solve(program)
    assert found.objective == pytest.approx(exact.fun, rel=2e-4, abs=2e-4)
    assert (found.amounts >= 0).all()
    assert (found.amounts <= program.most).all()


def test_a_bound_that_is_worth_its_price_is_met() -> None:
    program = LinearProgram(np.array([1.0]), np.array([5.0]), np.array([[1.0]]), np.array([3.0]), np.array([10.0]))
    found = solve(program)
    assert found.amounts[0] == pytest.approx(3.0, abs=1e-3)
    assert found.shadow[0] == pytest.approx(1.0, abs=1e-3)


def test_a_bound_that_is_not_worth_its_price_is_missed() -> None:
    program = LinearProgram(np.array([1.0]), np.array([5.0]), np.array([[1.0]]), np.array([3.0]), np.array([0.5]))
    assert solve(program).amounts[0] == pytest.approx(0.0, abs=1e-3)


def test_out_of_reach_bounds_cost_their_miss() -> None:
    program = LinearProgram(np.array([0.1]), np.array([2.0]), np.array([[1.0]]), np.array([9.0]), np.array([4.0]))
    found = solve(program)
    assert found.objective == pytest.approx(0.1 * 2 + 4.0 * 7, rel=1e-4)
    assert objective(program, np.array([2.0])) == pytest.approx(28.2)


def _by_cells(seed: int, cells: int, sources: int) -> LinearProgram:
    """A program of a plan's form: rows over cells' sums, and rows within one cell; some amounts are missing."""
    rng = np.random.default_rng(seed)
    there = rng.random(cells * sources) < 0.8
    there[0] = True
    cell = np.tile(np.arange(cells), sources)[there]
    weight = rng.choice([0.0, 1.0], cells * sources, p=[0.2, 0.8])[there] * rng.uniform(0.2, 3.0, int(there.sum()))
    shared = np.tril(rng.uniform(0.1, 1.0, (cells, cells)))
    limited = rng.integers(0, cells, cells // 2)
    local = -rng.uniform(0.1, 2.0, (len(limited), len(cell))) * (limited[:, None] == cell)
    rows = np.concatenate([shared[:, cell] * weight, local])
    plain = _random(seed, len(cell), len(rows))
    low = np.concatenate([rng.uniform(0.0, 5.0, cells), rng.uniform(-2.0, -0.1, len(limited))])
    return replace(plain, rows=rows, low=low, cells=BlockForm.of(cell, weight, shared, local))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 6))
def test_solved_cell_by_cell_it_is_the_same_program(seed: int, cells: int, sources: int) -> None:
    program = _by_cells(seed, cells, sources)
    whole = solve(replace(program, cells=None))
    assert solve(program).objective == pytest.approx(whole.objective, rel=1e-4, abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 6))
def test_the_system_solved_cell_by_cell_is_the_systems_solution(seed: int, cells: int, sources: int) -> None:
    program = _by_cells(seed, cells, sources)
    rng = np.random.default_rng(seed)
    size, rows = len(program.cost), len(program.low)
    diagonal, weight, right = rng.uniform(0.1, 5, size), rng.uniform(0.1, 5, rows), rng.normal(size=size)
    matrix = (program.rows.T * weight) @ program.rows + np.diag(diagonal)
    assert program.cells is not None
    assert matrix @ program.cells.system(diagonal, weight).solve(right) == pytest.approx(right, abs=1e-6)


def test_a_solution_reports_that_it_converged() -> None:
    assert solve(_random(1, 20, 20)).converged


@pytest.mark.parametrize("name", ["cost", "most", "rows", "low", "penalty"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(name: str, value: float) -> None:
    program = _random(2, 5, 5)
    broken = np.array(getattr(program, name))
    broken.flat[0] = value
    with pytest.raises(ValueError, match=f"{name} is not finite"):
        solve(replace(program, **{name: broken}))


@pytest.mark.parametrize("failure", [np.linalg.LinAlgError("singular"), None])
def test_block_form_that_does_not_converge_is_solved_as_a_whole(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failure: Exception | None
) -> None:
    program = _by_cells(3, 12, 4)
    whole = solve(replace(program, cells=None))

    def broken(self: BlockSystem, right: Array) -> Array:
        if failure is not None:
            raise failure
        return np.full(len(right), np.nan)

    monkeypatch.setattr(BlockSystem, "solve", broken)
    caplog.set_level(logging.DEBUG)
    found = solve(program)
    assert found.converged
    assert found.objective == pytest.approx(whole.objective)
    assert "solving the whole form" in caplog.text


def test_a_program_that_does_not_converge_is_reported(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(linear_program, "MAX_ITERATIONS", 2)
    found = solve(_random(4, 20, 20))
    assert not found.converged
    assert np.isfinite(found.amounts).all()
    assert "did not converge in 2 iterations" in caplog.text


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 150))
def test_cholesky_solves_a_system(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(size, size))
    matrix, right = rows.T @ rows + np.eye(size), rng.normal(size=size)
    assert matrix @ Cholesky(matrix).solve(right) == pytest.approx(right, abs=1e-6)


def test_cholesky_refuses_an_indefinite_matrix() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        Cholesky(np.array([[1.0, 2.0], [2.0, 1.0]]))


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_random_plans_are_as_cheap_as_those_of_highs(count: int) -> None:
    """HiGHS as oracle, on programs of the form of plans with one to four sources, solved in block form."""
    linprog = pytest.importorskip("scipy.optimize").linprog
    for seed in range(count):
        program = _by_cells(seed, 1 + seed % 14, 1 + seed % 4)
        rows = len(program.low)
        exact = linprog(
            np.concatenate([program.cost, program.penalty]),
            A_ub=np.concatenate([-program.rows, -np.eye(rows)], axis=1),
            b_ub=-program.low,
            bounds=[(0, most) for most in program.most] + [(0, None)] * rows,
            method="highs",
        )
        found = solve(program)
        assert found.converged, seed
        assert found.objective == pytest.approx(exact.fun, rel=2e-4, abs=2e-4), seed


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rows", [0, 3])
def test_a_program_without_amounts(rows: int) -> None:
    solution = solve(_random(1, 0, rows))
    assert len(solution.amounts) == 0
    assert np.isfinite(solution.objective)
