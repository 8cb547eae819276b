"""Calls of op types on sets: the last dimension of a tensor is one."""

import numpy as np

from onevar.conformance.golden.op_arrays import I64, case, n, v

_PACKED = v([0, 0], [1, 1], [1, 3], dtype=I64), v(4, 1, 1), v(2, 4, dtype=I64)
_OTHER = v([0, 1], [1, 0], dtype=I64), v(4, 2), v(2, 3, dtype=I64)
for _operation in ("a-b", "b-a", "intersection", "union", "A-B"):
    case("DenseToDenseSetOperation", n(2, 4), n(2, 3), set_operation=_operation)
    case("DenseToSparseSetOperation", n(2, 4), *_PACKED, set_operation=_operation)
    case("SparseToSparseSetOperation", *_PACKED, *_OTHER, set_operation=_operation)
case("DenseToDenseSetOperation", n(2, 3, 4, dtype=np.int16), n(2, 3, 2, dtype=np.int16), set_operation="union")
case("DenseToDenseSetOperation", n(0, 4), n(0, 3), set_operation="union")
case("DenseToDenseSetOperation", n(2, 0), n(2, 0), set_operation="a-b")
case("SetSize", *_PACKED)
case("SetSize", _PACKED[0], v(1, 2, 3), v(3, 4, dtype=I64), validate_indices=False)
