"""The array types of the engine."""

import numpy as np
import numpy.typing as npt

type Array = npt.NDArray[np.float64]
type Mask = npt.NDArray[np.bool_]
type Index = npt.NDArray[np.intp]
