"""Calls of op types that make other elements of those of sparse tensors, and of their gradients."""

import numpy as np

from onevar.conformance.golden.op_arrays import F64, I64, case, f, v

_A = v([0, 1], [1, 0], [1, 3], dtype=I64), v(1.5, -2.0, 0.5, dtype=F64), v(3, 4, dtype=I64)
_B = v([0, 0], [1, 0], [2, 3], dtype=I64), v(1.0, 3.0, -1.0, dtype=F64), v(3, 4, dtype=I64)
_CUBE = (
    v([0, 0, 1], [0, 2, 0], [1, 0, 1], [1, 1, 1], [1, 2, 0], dtype=I64),
    v(-1.5, -2.0, 0.5, 3.0, -0.25, dtype=F64),
    v(2, 3, 2, dtype=I64),
)
_NONE = v(dtype=I64).reshape(0, 2), v(dtype=F64), v(3, 4, dtype=I64)
for _type in ("SparseSparseMaximum", "SparseSparseMinimum"):
    case(_type, *_A, *_B)
    case(_type, *_A, *_NONE)
for _axes in (v(0), v(-1), v(0, 2), v(0, 1, 2), v(1, -1)):
    for _keep in (False, True):
        case("SparseReduceMax", *_CUBE, _axes, keep_dims=_keep)
        case("SparseReduceMaxSparse", *_CUBE, _axes, keep_dims=_keep)
        case("SparseReduceSumSparse", *_CUBE, _axes, keep_dims=_keep)
case("SparseReduceMax", *_NONE, v(1))
case("SparseReduceMaxSparse", *_NONE, v(1))
for _parts, _axis in ((2, 0), (2, 1), (3, 1), (4, 1)):
    case("SparseSplit", np.array(_axis, I64), *_A, num_split=_parts)
case("SparseSplit", np.array(-1, I64), *_CUBE, num_split=2)
for _type in ("SparseDenseCwiseAdd", "SparseDenseCwiseDiv"):
    case(_type, *_A, f(3, 4, dtype=F64))
    case(_type, *_A, f(4, dtype=F64))
case("SparseAddGrad", f(5, dtype=F64), _A[0], _B[0], v([0, 0], [0, 1], [1, 0], [1, 3], [2, 3], dtype=I64))
case("SparseSliceGrad", f(2, dtype=F64), _A[0], v(1, 0, dtype=I64), v([0, 0], [0, 3], dtype=I64))
case("SparseFillEmptyRowsGrad", v(2, 0, 3, dtype=I64), f(5, dtype=F64))
_WORDS = v([0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 0, 1], dtype=I64), v(4, 7, 1, 9, dtype=I64), v(2, 1, 2, dtype=I64)
_TRUTH = v([0, 0, 0], [0, 0, 1], [0, 0, 2], [1, 0, 0], dtype=I64), v(4, 8, 7, 9, dtype=I64), v(2, 2, 3, dtype=I64)
case("EditDistance", *_WORDS, *_TRUTH)
case("EditDistance", *_TRUTH, *_WORDS)
case("EditDistance", *_WORDS, *_TRUTH, normalize=False)
_COUNTED = v([0, 0], [0, 2], [1, 1], [1, 3], dtype=I64), v(3, 3, 1, 5, dtype=I64), v(2, 4, dtype=I64)
for _limits in ((-1, -1, False), (8, -1, False), (-1, 4, False), (-1, -1, True)):
    _given = dict(zip(("minlength", "maxlength", "binary_output"), _limits, strict=True))
    case("SparseCountSparseOutput", *_COUNTED, v(dtype=I64), **_given)
    case("DenseCountSparseOutput", v([1, 2, 2], [0, 2, 5]), v(dtype=I64), **_given)
case("SparseCountSparseOutput", *_COUNTED, f(4), binary_output=False)
case("DenseCountSparseOutput", v([1, 2, 2], [0, 2, 5]), f(2, 3), binary_output=False)
case("DenseCountSparseOutput", v(1, 2, 2), v(dtype=I64), binary_output=False)
case("RandomGammaGrad", f(5, low=0.2, high=5.0), f(5, low=0.1, high=4.0))
