"""Array types of the engine. numpy's stubs widen too many results for an exact element type to help."""

from typing import Any

import numpy.typing as npt

type Array = npt.NDArray[Any]
"""An array of floats."""
type Mask = npt.NDArray[Any]
type Index = npt.NDArray[Any]
