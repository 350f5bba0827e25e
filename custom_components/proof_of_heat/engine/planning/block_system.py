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

PAIRWISE = 8
"""From this number of slots on, numpy can add the amounts of a cell in pairs, which is more accurate."""


@dataclass(frozen=True, slots=True)
class BlockForm:
    """The block form of a program: its first rows depend on weighted sums of cells, the others on one cell each.

    Tables have the shape (slots, cells), so that numpy calculates along all cells at once.
    """

    place: Index
    """Place of each amount in a flattened table."""
    weight: Array
    """Table of each amount's contribution to its cell's sum."""
    shared: Array
    """Contribution of each cell's sum to the first rows, (rows, cells)."""
    unit: Array
    """Unit matrices (cells, slots, slots), the blocks of unused slots."""
    diagonal_place: Index
    """Place of each amount's own element in the flattened blocks."""
    pairs: RowPairs

    @classmethod
    def of(cls, cell: Index, weight: Array, shared: Array, local: Array) -> Self:
        """Return the form for each amount's cell and weight, the shared rows by cell, and the local rows by amount."""
        order = np.argsort(cell, kind="stable")
        begin = np.searchsorted(cell[order], cell[order])
        slot = np.empty(len(cell), dtype=np.intp)
        slot[order] = np.arange(len(cell)) - begin
        slots, cells = int(slot.max(initial=0)) + 1, shared.shape[1]
        table = np.zeros((slots, cells))
        table[slot, cell] = weight
        unit = np.broadcast_to(np.eye(slots), (cells, slots, slots))
        diagonal_place = (cell * slots + slot) * slots + slot
        return cls(slot * cells + cell, table, shared, unit, diagonal_place, RowPairs.of(cell, slot, slots, local))

    def system(self, diagonal: Array, weight: Array) -> BlockSystem:
        """Return the factorized matrix with this diagonal and a weight per row.

        Raises:
            numpy.linalg.LinAlgError: it is not positive definite in floating point.
        """
        shared_rows = len(self.shared)
        blocks = self.unit.copy()
        elements = blocks.reshape(-1)
        elements[self.diagonal_place] = diagonal
        self.pairs.add_to(elements, weight[shared_rows:])
        lower = np.ascontiguousarray(np.linalg.cholesky(blocks).transpose(1, 2, 0))
        reach = _solved(lower, self.weight)
        total = _sums(self.weight * reach)
        coupling = (self.shared * total) @ self.shared.T
        coupling.reshape(-1)[:: shared_rows + 1] += 1.0 / weight[:shared_rows]
        return BlockSystem(self, lower, reach, Cholesky(coupling))


@dataclass(frozen=True, slots=True)
class RowPairs:
    """All pairs of amounts in the same local row, which contribute to their cell's block."""

    row: Index
    place: Index
    """Place of the pair's element in the flattened blocks."""
    one: Array
    other: Array
    """The row's entries of both amounts."""

    @classmethod
    def of(cls, cell: Index, slot: Index, slots: int, local: Array) -> Self:
        """Return the pairs for each amount's cell and slot, and the local rows by amount."""
        row, amount = np.nonzero(local != 0.0)  # of a mask, several times as fast as of numbers
        packed, row_cell = np.zeros((len(local), slots)), np.zeros(len(local), dtype=np.intp)
        packed[row, slot[amount]] = local[row, amount]
        row_cell[row] = cell[amount]
        used = packed != 0.0
        row, one, other = np.nonzero(used[:, :, None] & used[:, None, :])
        return cls(row, (row_cell[row] * slots + one) * slots + other, packed[row, one], packed[row, other])

    def add_to(self, elements: Array, weight: Array) -> None:
        """Add the rows' contributions with their weights to the flattened blocks."""
        np.add.at(elements, self.place, self.one * weight[self.row] * self.other)


@dataclass(frozen=True, slots=True)
class BlockSystem:
    """A factorized system."""

    form: BlockForm
    lower: Array
    """The factors of the blocks, (slots, slots, cells)."""
    reach: Array
    coupling: Cholesky

    def solve(self, right: Array) -> Array:
        """Return the amounts that solve the system for a right-hand side."""
        form = self.form
        table = np.zeros(form.weight.shape)
        table.reshape(-1)[form.place] = right
        alone = _solved(self.lower, table)
        sums = _sums(form.weight * alone)
        joint = form.shared.T @ self.coupling.solve(form.shared @ sums)
        answer: Array = (alone - self.reach * joint).reshape(-1)[form.place]
        return answer


def _solved(lower: Array, right: Array) -> Array:
    """Return the solutions of the blocks with these factors: forward and backward substitution in all of them."""
    found = right.copy()
    slots = len(found)
    for slot in range(slots):
        amounts = found[slot]
        if slot > 0:
            amounts -= _sums(lower[slot, :slot] * found[:slot])
        amounts /= lower[slot, slot]
    for slot in reversed(range(slots)):
        amounts = found[slot]
        if slot + 1 < slots:
            amounts -= _sums(lower[slot + 1 :, slot] * found[slot + 1 :])
        amounts /= lower[slot, slot]
    return found


def _sums(table: Array) -> Array:
    """Return each cell's sum."""
    in_pairs = len(table) >= PAIRWISE  # numpy adds only numbers in a row in pairs
    sums: Array = np.add.reduce(table.T.copy(), axis=1) if in_pairs else np.add.reduce(table, axis=0)
    return sums
