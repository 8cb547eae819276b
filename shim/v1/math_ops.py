"""TensorFlow's chapter of mathematics; the parts are in the modules `math_ops_*`."""

import onevar.v1.clip_ops
import onevar.v1.linalg_ops
import onevar.v1.math_ops_segment  # noqa: F401 (what they define, they export)
from onevar.core.operation import install_operators
from onevar.v1.math_ops_operators import OPERATORS

__all__ = ["OPERATORS"]

install_operators(OPERATORS)
