"""The linear system of a plan with many sources, solved block by block.

In a plan, comfort depends only on the total heat of each cell, and a power limit on a single cell. The system
therefore has one block per cell, coupled by one number per cell (its heat). The blocks are solved separately, and
the coupling is a system of the size of the number of shared rows (Woodbury identity, in the form that subtracts
nothing). The work is linear in the number of sources, not cubic. All matrices are symmetric and positive definite and
are factorized by Cholesky's method.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from ..arrays import Array, Index
from .cholesky import Cholesky


@dataclass(frozen=True, slots=True)
class BlockForm:
    """The block form of a program: its first rows depend on weighted sums of cells, the others on one cell each."""

    cell: Index
    slot: Index
    """Position of each amount within its cell."""
    weight: Array
    """Contribution of each amount to its cell's sum, (cells, slots)."""
    shared: Array
    """Contribution of each cell's sum to the first rows, (rows, cells)."""
    local: Array
    """The other rows, (rows, slots)."""
    local_cell: Index

    @classmethod
    def of(cls, cell: Index, weight: Array, shared: Array, local: Array) -> Self:
        """Return the form for each amount's cell and weight, the shared rows by cell, and the local rows by amount."""
        order = np.argsort(cell, kind="stable")
        begin = np.searchsorted(cell[order], cell[order])
        slot = np.empty(len(cell), dtype=np.intp)
        slot[order] = np.arange(len(cell)) - begin
        slots = int(slot.max(initial=0)) + 1
        grid = np.zeros((shared.shape[1], slots))
        grid[cell, slot] = weight
        row, amount = np.nonzero(local)
        packed, local_cell = np.zeros((len(local), slots)), np.zeros(len(local), dtype=np.intp)
        packed[row, slot[amount]] = local[row, amount]
        local_cell[row] = cell[amount]
        return cls(cell, slot, grid, shared, packed, local_cell)

    def system(self, diagonal: Array, weight: Array) -> BlockSystem:
        """Return the factorized matrix with this diagonal and a weight per row.

        Raises:
            numpy.linalg.LinAlgError: it is not positive definite in floating point.
        """
        shared_rows = len(self.shared)
        cells, slots = self.weight.shape
        blocks = np.zeros((cells, slots, slots))
        places = np.arange(slots)
        blocks[:, places, places] = 1.0
        blocks[self.cell, self.slot, self.slot] = diagonal
        scaled = self.local * weight[shared_rows:, None]
        np.add.at(blocks, self.local_cell, scaled[:, :, None] * self.local[:, None, :])
        lower: Array = np.linalg.cholesky(blocks)
        reach = _solved(lower, self.weight)
        total = (self.weight * reach).sum(axis=1)
        coupling = (self.shared * total) @ self.shared.T
        coupling[np.diag_indices(shared_rows)] += 1.0 / weight[:shared_rows]
        return BlockSystem(self, lower, reach, Cholesky(coupling))


@dataclass(frozen=True, slots=True)
class BlockSystem:
    """A factorized system."""

    cells: BlockForm
    lower: Array
    """The factors of the blocks, (cells, slots, slots)."""
    reach: Array
    coupling: Cholesky

    def solve(self, right: Array) -> Array:
        """Return the amounts that solve the system for a right-hand side."""
        form = self.cells
        grid = np.zeros(form.weight.shape)
        grid[form.cell, form.slot] = right
        alone = _solved(self.lower, grid)
        sums = (form.weight * alone).sum(axis=1)
        joint = form.shared.T @ self.coupling.solve(form.shared @ sums)
        answer: Array = (alone - self.reach * joint[:, None])[form.cell, form.slot]
        return answer


def _solved(lower: Array, right: Array) -> Array:
    """Return the solutions of the blocks with these factors: forward and backward substitution in all of them."""
    found = right.copy()
    slots = found.shape[1]
    for slot in range(slots):
        found[:, slot] -= (lower[:, slot, :slot] * found[:, :slot]).sum(axis=1)
        found[:, slot] /= lower[:, slot, slot]
    for slot in reversed(range(slots)):
        found[:, slot] -= (lower[:, slot + 1 :, slot] * found[:, slot + 1 :]).sum(axis=1)
        found[:, slot] /= lower[:, slot, slot]
    return found
