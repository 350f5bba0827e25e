"""The linear system of a plan with many sources, solved cell by cell.

In a plan comfort sees only the heat of each cell, and power limits see only one cell at a time. So the system is a
block per cell, joined by one number per cell (its heat): the blocks are inverted by themselves, and what joins them is
a system of the size of the cells (the Woodbury identity). Its work grows with the sources instead of their cube.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from ..arrays import Array, Index


@dataclass(frozen=True, slots=True)
class BlockForm:
    """The form of a program: its first rows see cells' weighted sums, the others one cell each."""

    cell: Index
    slot: Index
    """Place of each amount within its cell."""
    weight: Array
    """(cells, slots); what an amount adds to its cell's sum."""
    shared: Array
    """(rows, cells); what a cell's sum adds to each of the first rows."""
    local: Array
    """(rows, slots) of the other rows."""
    local_cell: Index

    @classmethod
    def of(cls, cell: Index, weight: Array, shared: Array, local: Array) -> Self:
        """From each amount's cell and weight, the shared rows by cell and the local rows by amount."""
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
        """The matrix with a diagonal and a weight for each row, ready to be solved."""
        shared_rows = len(self.shared)
        cells, slots = self.weight.shape
        blocks = np.zeros((cells, slots, slots))
        places = np.arange(slots)
        blocks[:, places, places] = 1.0
        blocks[self.cell, self.slot, self.slot] = diagonal
        scaled = self.local * weight[shared_rows:, None]
        np.add.at(blocks, self.local_cell, scaled[:, :, None] * self.local[:, None, :])
        inverse = np.linalg.inv(blocks)
        reach = np.einsum("cij,cj->ci", inverse, self.weight)
        joined = (self.shared.T * weight[:shared_rows]) @ self.shared
        total = (self.weight * reach).sum(axis=1)
        core = np.linalg.solve(np.eye(cells) + joined * total, joined)
        return BlockSystem(self, inverse, reach, core)


@dataclass(frozen=True, slots=True)
class BlockSystem:
    """A factorised system."""

    cells: BlockForm
    inverse: Array
    reach: Array
    core: Array

    def solve(self, right: Array) -> Array:
        """The amounts that give the right side."""
        form = self.cells
        grid = np.zeros(form.weight.shape)
        grid[form.cell, form.slot] = right
        alone = np.einsum("cij,cj->ci", self.inverse, grid)
        joint = self.core @ (form.weight * alone).sum(axis=1)
        answer: Array = (alone - self.reach * joint[:, None])[form.cell, form.slot]
        return answer
