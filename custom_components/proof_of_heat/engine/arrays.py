"""The array types of the engine. numpy's own stubs widen too many results for an exact element type to help."""

from typing import Any

import numpy.typing as npt

type Array = npt.NDArray[Any]
"""Of floats."""
type Mask = npt.NDArray[Any]
type Index = npt.NDArray[Any]
