"""What the v1 engine does around NumPy's primitives."""

from contextlib import AbstractContextManager
from typing import Any

import numpy as np


def computing() -> AbstractContextManager[Any]:
    """Return a context without floating-point warnings: TensorFlow divides by zero in silence."""
    return np.errstate(all="ignore")
