"""TensorFlow's chapter of ops on arrays; the parts are in the modules `array_ops_*`."""

import onevar.v1.array_ops_batch
import onevar.v1.array_ops_matrix
import onevar.v1.array_ops_space  # noqa: F401 (what they define, they export)
from onevar.v1.array_ops_index import slice_helper

__all__ = ["slice_helper"]
