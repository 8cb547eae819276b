"""Calls of op types on sparse tensors: indices, values and a dense shape."""

from onevar.conformance.golden.op_arrays import I64, case, f, v

_SPARSE = v([0, 1], [1, 0], [1, 3], dtype=I64), f(3), v(3, 4, dtype=I64)
for _dense in (f(3, 4), f(3, 1), f(4)):
    case("SparseDenseCwiseMul", *_SPARSE, _dense)
case("SparseTensorDenseMatMul", *_SPARSE, f(4, 2))
case("SparseTensorDenseMatMul", *_SPARSE, f(5, 3), adjoint_a=True, adjoint_b=True)
case("SparseSoftmax", *_SPARSE)
case("SparseSoftmax", v([0, 0, 1], [0, 0, 2], [1, 1, 0], dtype=I64), f(3), v(2, 2, 3, dtype=I64))
case("SparseReshape", _SPARSE[0], _SPARSE[2], v(2, -1, dtype=I64))
case("SparseReshape", _SPARSE[0], _SPARSE[2], v(2, 3, 2, dtype=I64))
case("SparseToDense", _SPARSE[0], _SPARSE[2], _SPARSE[1], 0.5)
case("SparseToDense", v(0, 2), v(4), 1.0, 0.0)
case("SparseTensorDenseAdd", *_SPARSE, f(3, 4))
case("SparseAdd", *_SPARSE, v([0, 1], [2, 2], dtype=I64), f(2), v(3, 4, dtype=I64), 0.0)
case("SparseAdd", *_SPARSE, v([0, 1], [2, 2], dtype=I64), f(2), v(3, 4, dtype=I64), 0.9)
case("SparseReorder", v([1, 3], [0, 1], [1, 0], dtype=I64), f(3), v(3, 4, dtype=I64))
case("SparseReduceSum", *_SPARSE, v(0))
case("SparseReduceSum", *_SPARSE, v(-1), keep_dims=True)
case("SparseReduceSum", *_SPARSE, v())
