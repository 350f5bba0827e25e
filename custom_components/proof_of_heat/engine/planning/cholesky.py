"""Cholesky factorization of a symmetric positive definite matrix, and its solution by blocked substitution."""

import numpy as np

from ..arrays import Array

BLOCK = 48


class Cholesky:
    """A factorized matrix. Raises numpy.linalg.LinAlgError if it is not positive definite."""

    def __init__(self, matrix: Array) -> None:
        self._lower = np.linalg.cholesky(matrix)
        self._begins = range(0, len(matrix), BLOCK)
        # Only the small triangles on the diagonal are inverted, which is stable.
        self._diagonal = [np.linalg.inv(self._lower[b : b + BLOCK, b : b + BLOCK]) for b in self._begins]

    def solve(self, right: Array) -> Array:
        """Return the solution for a right-hand side."""
        lower, found = self._lower, np.array(right, dtype=float)
        for begin, inverse in zip(self._begins, self._diagonal, strict=True):
            end = begin + BLOCK
            found[begin:end] = inverse @ (found[begin:end] - lower[begin:end, :begin] @ found[:begin])
        for begin, inverse in zip(reversed(self._begins), reversed(self._diagonal), strict=True):
            end = begin + BLOCK
            found[begin:end] = inverse.T @ (found[begin:end] - lower[end:, begin:end].T @ found[end:])
        return found
