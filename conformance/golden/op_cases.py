"""Calls of op types, by type: what the definitions are compared with TensorFlow on."""

from importlib import import_module
from pathlib import Path

import numpy as np

from onevar.conformance.golden.op_arrays import BF16, C64, CASES, F16, F64, I64, U8, B, Case, case, f, n, s, v

__all__ = ["CASES", "Case", "f", "v"]

SPECIAL = v(np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5, 1e30, dtype=np.float32)
TRUE = v(True, False, True, dtype=B)

# -- elementwise ------------------------------------------------------------------------------------
for _type in (
    "Abs", "Atan", "Asinh", "Ceil", "Cos", "Erf", "Erfc", "Exp", "Expm1", "Floor", "IsFinite", "IsInf", "IsNan", "Neg",
    "Rint", "Round", "Sigmoid", "Sign", "Sin", "Square", "Tan", "Tanh", "Softplus", "Relu", "Relu6", "Elu", "Selu",
    "LeakyRelu", "Softsign", "Sinh", "Cosh", "Inv", "Reciprocal",
):  # fmt: skip
    case(_type, f(2, 3))
    case(_type, SPECIAL if _type not in ("Sin", "Cos", "Tan") else SPECIAL[3:-1])
    case(_type, f(4, dtype=F64))
    if _type not in ("Inv", "Reciprocal", "Rint"):
        case(_type, f(5, dtype=F16))
for _type in ("Acos", "Asin", "Atanh", "Erfinv"):
    case(_type, f(2, 3, low=-0.95, high=0.95))
    case(_type, f(5, dtype=F64, low=-0.95, high=0.95))
for _type in ("Log", "Log1p", "Sqrt", "Rsqrt", "Acosh", "Digamma", "Lgamma"):
    case(_type, f(2, 3, low=1.1, high=5))
    case(_type, f(5, dtype=F64, low=1.1, high=5))
for _type in ("Log", "Sqrt", "Log1p"):
    case(_type, SPECIAL)
for _type in ("Lgamma", "Digamma"):
    case(_type, f(6, low=-3.9, high=-3.1))
case("Ndtri", f(5, low=0.05, high=0.95))
for _type in ("Abs", "Neg", "Sign", "Square"):
    case(_type, n(2, 3))
    case(_type, n(4, dtype=I64))
for _type in ("Exp", "Neg", "Sigmoid", "Sqrt", "Square", "Tanh", "Sign", "Conj", "Log", "Inv"):
    case(_type, f(2, 2, dtype=C64))
for _type in ("Real", "Imag", "ComplexAbs", "Angle"):
    case(_type, f(2, 2, dtype=C64))
case("Complex", f(2, 3), f(3))
case("Round", v(0.5, 1.5, 2.5, -0.5, -1.5, 2.4999, dtype=np.float32))
for _type in ("Invert", "PopulationCount"):
    case(_type, n(5))
    case(_type, n(5, dtype=U8, low=0, high=255))
case("LogicalNot", TRUE)
for _type in ("StopGradient", "PreventGradient", "Identity", "Snapshot", "ZerosLike", "OnesLike"):
    case(_type, f(2, 3))
case("ZerosLike", TRUE)
case("ZerosLike", s(b"a", b"b"))
case("OnesLike", n(2, dtype=I64))
case("OnesLike", TRUE)
case("IdentityN", [f(2), n(3)])

for _type in ("Add", "AddV2", "Sub", "Mul", "Maximum", "Minimum", "SquaredDifference", "RealDiv", "Div", "Atan2",
              "DivNoNan", "MulNoNan", "Xdivy", "FloorDiv", "FloorMod", "Mod", "NextAfter"):  # fmt: skip
    case(_type, f(2, 3), f(3))
    case(_type, f(2, 1, 3), f(4, 1, low=0.5))
    case(_type, f(2, 3, dtype=F64), f(2, 3, dtype=F64))
for _type in ("Xlogy", "Xlog1py", "Pow"):
    case(_type, f(2, 3, low=0), f(3, low=0.1))
    case(_type, v(0.0, 0.0, 2.0, dtype=np.float32), v(0.0, 3.0, 0.5, dtype=np.float32))
for _type in ("DivNoNan", "MulNoNan", "Xdivy"):
    case(_type, v(0, 1, np.nan, np.inf, 2, 0, dtype=np.float32), v(0, 0, 0, 0, 4, 5, dtype=np.float32))
for _type in ("Add", "AddV2", "Sub", "Mul", "Maximum", "Minimum", "SquaredDifference"):
    case(_type, n(2, 3), n(3))
    case(_type, n(2, 3, dtype=I64), n(dtype=I64))
for _type in ("AddV2", "Sub", "Mul", "RealDiv", "SquaredDifference", "Pow", "DivNoNan"):
    case(_type, f(2, 3, dtype=C64), f(3, dtype=C64))
for _type in ("AddV2", "Mul", "Maximum", "RealDiv"):
    case(_type, f(2, 3, dtype=BF16), f(3, dtype=BF16))
    case(_type, f(2, 3, dtype=F16), f(3, dtype=F16))
_A, _B = v(7, -7, 7, -7, 6, 0, -1), v(3, 3, -3, -3, 2, 5, 4)
for _type in ("Div", "TruncateDiv", "FloorDiv", "FloorMod", "Mod", "TruncateMod"):
    case(_type, _A, _B)
    case(_type, _A.astype(I64), _B.astype(I64))
for _type in ("FloorDiv", "FloorMod", "Mod"):
    case(_type, _A.astype(np.float32) + 0.5, _B.astype(np.float32))
for _type in ("TruncateDiv", "FloorDiv", "Div"):
    case(_type, v(7, 200, 3, dtype=U8), v(2, 7, 5, dtype=U8))
case("Pow", v(2, -3, 0, 5), v(3, 3, 0, 2))
case("Pow", v(-8.0, 4.0, 0.0, -2.0, dtype=np.float32), v(2.0, 0.5, 0.0, 3.0, dtype=np.float32))
_NAN = v(np.nan, 1.0, np.nan, 2.0, dtype=np.float32), v(1.0, np.nan, np.nan, 3.0, dtype=np.float32)
for _type in ("Maximum", "Minimum", "Equal", "NotEqual", "Less", "GreaterEqual"):
    case(_type, *_NAN)
for _type in ("BitwiseAnd", "BitwiseOr", "BitwiseXor"):
    case(_type, n(6), n(6, low=0))
case("LeftShift", v(1, 5, -3, 7), v(0, 3, 2, 31))
case("LeftShift", v(1, 5, 7, dtype=U8), v(9, 3, 7, dtype=U8))
case("RightShift", v(1, 50, -30, 7), v(0, 3, 2, 31))
for _type in ("Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual"):
    if _type in ("Equal", "NotEqual"):
        case(_type, s(b"a", b"b", b"c"), s(b"a", b"x", b"c"))
        case(_type, TRUE, TRUE[::-1].copy())
        case(_type, f(2, 2, dtype=C64), f(2, 2, dtype=C64))
    case(_type, n(2, 6), n(6))
    case(_type, f(2, 3), f(2, 3))
case("ApproximateEqual", v(1.0, 2.0, dtype=np.float32), v(1.05, 2.3, dtype=np.float32), tolerance=0.1)
for _type in ("LogicalAnd", "LogicalOr"):
    case(_type, v([True], [False], dtype=B), TRUE)
case("ClipByValue", f(2, 3), -0.5, 0.5)
case("ClipByValue", v(np.nan, 3, -3, dtype=np.float32), -1.0, 1.0)
case("ClipByValue", n(6), -2, 3)
case("AddN", [f(2, 3), f(2, 3), f(2, 3)])
case("AddN", [n(3)])
case("AccumulateNV2", [f(2), f(2)], shape=(2,))
_CASTED = v(1.7, -1.7, 0.0, 3e9, -3e9, np.nan, dtype=np.float32)
for _to in ("int32", "int64", "float64", "bool", "float16", "bfloat16", "complex64"):
    case("Cast", _CASTED if _to not in ("int32", "int64") else _CASTED[:3], DstT=_to)

case("Cast", v(1, 300, -1), DstT="uint8")
case("Cast", TRUE, DstT="float32")
case("Cast", f(3, dtype=C64), DstT="float32")
case("Bitcast", f(3), type="int32")
case("Bitcast", f(3), type="uint8")
case("Bitcast", n(3, 4, dtype=U8, low=0, high=255), type="float32")
case("CheckNumerics", f(3), message="here")
for _type in ("SigmoidGrad", "TanhGrad", "SqrtGrad", "RsqrtGrad", "InvGrad", "ReciprocalGrad", "ReluGrad", "Relu6Grad",
              "SoftplusGrad", "SoftsignGrad", "EluGrad", "SeluGrad", "LeakyReluGrad"):  # fmt: skip
    case(_type, f(2, 5, high=8), f(2, 5)[::-1].copy())

# -- reductions -------------------------------------------------------------------------------------
for _type in ("Sum", "Prod", "Mean", "Max", "Min", "EuclideanNorm"):
    case(_type, f(2, 3, 4), v(1))
    case(_type, f(2, 3, 4), v(-1, 0), keep_dims=True)
    case(_type, f(2, 3, 4), v())
    case(_type, f(2, 3), v(0, 1))
    case(_type, f(5, dtype=F64), 0)
for _type in ("Sum", "Prod", "Mean", "Max", "Min"):
    case(_type, n(2, 5), v(1))
    case(_type, n(2, 5, dtype=I64), v(0, dtype=I64))
for _type in ("Sum", "Prod", "Mean"):
    case(_type, f(2, 3, dtype=C64), v(0))
    case(_type, f(0, 3), v(0))
    case(_type, f(4, 5, dtype=F16), v(1))
case("Max", f(0, 3), v(0))
case("Min", f(0, 3), v(0))
case("Sum", f(0, 3), v(1))
for _type in ("All", "Any"):
    case(_type, n(3, 4) > 0, v(1))
    case(_type, n(3, 4) > 0, v(0, 1), keep_dims=True)
    case(_type, n(0, 4) > 0, v(0))
for _type in ("ArgMax", "ArgMin"):
    case(_type, f(2, 3, 4), 1)
    case(_type, n(3, 8), -1, output_type="int32")
    case(_type, v(1.0, 3.0, 3.0, dtype=np.float32), 0)
for _type in ("Cumsum", "Cumprod"):
    for _exclusive in (False, True):
        for _reverse in (False, True):
            case(_type, f(3, 4), 1, exclusive=_exclusive, reverse=_reverse)
    case(_type, n(5), -1)
case("Cumsum", f(0, 2), 0, exclusive=True)
case("Bincount", v(1, 1, 0, 7, 3), 5, f(5))
case("Bincount", v(1, 1, 0, 7, 3), 5, v(dtype=np.float32))
case("DenseBincount", v(1, 1, 0, 3), 5, f(4), binary_output=False)
case("DenseBincount", v([1, 1, 0], [3, 3, 9]), 5, v(dtype=np.float32), binary_output=False)
case("DenseBincount", v([1, 1, 0], [3, 3, 4]), 5, v(dtype=np.float32), binary_output=True)
case("L2Loss", f(3, 4))

# -- shapes -----------------------------------------------------------------------------------------
case("Shape", f(2, 3))
case("Shape", f(), out_type="int64")
case("ShapeN", [f(2, 3), f(4)])
case("Size", f(2, 3))
case("Rank", f(2, 3))
case("Reshape", f(2, 6), v(3, -1))
case("Reshape", f(2, 6), v(4, 3, dtype=I64))
case("Reshape", f(1), v())
case("Reshape", f(0, 3), v(-1, 3))
case("ExpandDims", f(2, 3), 1)
case("ExpandDims", f(2, 3), -1)
case("ExpandDims", f(2, 3), v(0))
case("Squeeze", f(1, 2, 1))
case("Squeeze", f(1, 2, 1), squeeze_dims=[-1])
case("Transpose", f(2, 3, 4), v(2, 0, 1))
case("Transpose", f(), v())
case("ConjugateTranspose", f(2, 3, dtype=C64), v(1, 0))
case("ConjugateTranspose", f(2, 3), v(1, 0))
case("EnsureShape", f(2, 3), shape=(None, 3))
case("BroadcastTo", f(3, 1), v(2, 3, 4))
case("BroadcastTo", f(), v(2))
case("BroadcastArgs", v(3, 1), v(2, 3, 4))
case("BroadcastGradientArgs", v(3, 1), v(2, 3, 4))
case("BroadcastGradientArgs", v(2, 3), v(2, 3))
case("BroadcastGradientArgs", v(1, 3, 1), v(1, 1))
case("BroadcastGradientArgs", v(), v(4, 1))
case("InvertPermutation", v(2, 0, 3, 1))
case("ConcatV2", [f(2, 3), f(1, 3)], 0)
case("ConcatV2", [f(2, 3), f(2, 1), f(2, 2)], -1)
case("Concat", 1, [f(2, 3), f(2, 1)])
case("ConcatV2", [s(b"a"), s(b"b", b"c")], 0)
case("ConcatOffset", 1, [v(2, 3), v(2, 4), v(2, 1)])
case("Pack", [f(2), f(2), f(2)])
case("Pack", [f(2, 3), f(2, 3)], axis=1)
case("Pack", [n(), n()], axis=-1)
case("Unpack", f(2, 3), num=3, axis=1)
case("Unpack", f(2, 3), num=2, axis=-2)
case("Split", 1, f(2, 6), num_split=3)
case("Split", -2, f(2, 6), num_split=2)
case("SplitV", f(6, 2), v(1, 3, 2), 0, num_split=3)
case("SplitV", f(2, 6), v(1, -1, dtype=I64), -1, num_split=2)
case("Tile", f(2, 3), v(2, 1))
case("Tile", f(2, 3), v(1, 0))
case("Tile", s(b"a", b"b"), v(2))
case("Pad", f(2, 3), v([1, 2], [0, 1]))
case("PadV2", f(2, 3), v([1, 2], [0, 1]), 7.5)
case("PadV2", n(2, 3), v([1, 2], [0, 1]), 7)
case("MirrorPad", f(3, 3), v([1, 2], [0, 1]), mode="REFLECT")
case("MirrorPad", f(3, 3), v([1, 2], [3, 1]), mode="SYMMETRIC")
case("ReverseV2", f(2, 3, 4), v(0, -1))
case("ReverseV2", f(2, 3), v())
case("Reverse", f(2, 3), v(True, False, dtype=B))
case("ReverseSequence", f(3, 4, 2), v(2, 4, 0), seq_dim=1, batch_dim=0)
case("ReverseSequence", f(4, 3), v(2, 4, 1, dtype=I64), seq_dim=0, batch_dim=1)
case("Roll", f(3, 4), v(1, -2), v(0, 1))
case("Roll", f(3, 4), 5, 1)

# -- slices -----------------------------------------------------------------------------------------
case("Slice", f(3, 4), v(1, 0), v(2, 3))
case("Slice", f(3, 4), v(1, 2, dtype=I64), v(-1, -1, dtype=I64))
case("StridedSlice", f(4, 5), v(1, 0), v(3, 5), v(1, 2))
case("StridedSlice", f(4, 5), v(0, 0), v(0, 0), v(1, 1), begin_mask=3, end_mask=3)
case("StridedSlice", f(4, 5), v(-1), v(0), v(1), shrink_axis_mask=1)
case("StridedSlice", f(4, 5), v(3, 4), v(0, 1), v(-1, -2), end_mask=1)
case("StridedSlice", f(4, 5), v(0, 0, 1), v(0, 0, 2), v(1, 1, 1), ellipsis_mask=1, new_axis_mask=2, shrink_axis_mask=4)
case("StridedSlice", f(2, 3, 4), v(0, 0, 1), v(0, 0, 3), v(1, 1, 1), begin_mask=1, end_mask=1, ellipsis_mask=2)
case("StridedSlice", f(4, 5), v(0, 2), v(0, 3), v(1, 1), new_axis_mask=1, shrink_axis_mask=2)
case("StridedSlice", f(4), v(-10), v(10), v(3))
case("StridedSlice", f(4), v(3), v(-10), v(-1))
case("StridedSlice", f(4), v(2), v(1), v(1))
case("StridedSlice", f(4, 3), v(), v(), v())
case("StridedSlice", f(2, 3, 4), v(1, 2, dtype=I64), v(2, 3, dtype=I64), v(1, 1, dtype=I64), shrink_axis_mask=3)
case("StridedSlice", s(b"a", b"b", b"c"), v(1), v(3), v(1))
case("StridedSlice", f(2, 3), v(1, 0), v(2, 0), v(1, 1), end_mask=2, begin_mask=3, shrink_axis_mask=1)
case("StridedSlice", f(2, 3), v(0, 0), v(0, 0), v(1, 1), new_axis_mask=3)

# -- made from nothing ------------------------------------------------------------------------------
case("Fill", v(2, 3), 1.5)
case("Fill", v(), 2)
case("Fill", v(2, dtype=I64), True)
case("Fill", v(2), b"x")
case("Range", 2, 11, 3)
case("Range", 0.5, 2.0, 0.3)
case("Range", 5, 0, -2)
case("Range", v(1, dtype=I64).reshape(()), v(4, dtype=I64).reshape(()), v(1, dtype=I64).reshape(()))
case("Range", 0.0, 100.0, 0.7)
case("Range", 0.0, 0.3, 0.1)
case("Range", 1.0, 1.6, 0.2)
case("LinSpace", 0.0, 1.0, 7)
case("LinSpace", -3.0, 2.0, 1)
case("OneHot", v(0, 2, 5, -1), 4, 1.0, 0.0)
case("OneHot", v([0, 1], [2, 3], dtype=I64), 3, 5, -1, axis=0)
case("OneHot", v(0, 2, dtype=U8), 3, 1.0, 0.0, axis=1)

# -- matrices ---------------------------------------------------------------------------------------
case("MatMul", f(2, 3), f(3, 4))
case("MatMul", f(3, 2), f(4, 3), transpose_a=True, transpose_b=True)
case("MatMul", n(2, 3), n(3, 4))
case("MatMul", f(2, 3, dtype=C64), f(4, 3, dtype=C64), transpose_b=True)
case("BatchMatMul", f(2, 2, 3), f(2, 3, 4))
case("BatchMatMulV2", f(2, 1, 2, 3), f(3, 4, 3), adj_y=True)
case("BatchMatMulV2", f(2, 3, 2, dtype=C64), f(2, 3, 4, dtype=C64), adj_x=True)
case("BatchMatMulV3", f(2, 3, 2), f(2, 2, 4), Tout="float32")
case("Einsum", [f(2, 3), f(3, 4)], equation="ij,jk->ik")
case("Einsum", [f(2, 3, 4), f(2, 4, 5)], equation="bij,bjk->bik")
case("Einsum", [f(2, 3, 3)], equation="bii->b")
case("Einsum", [f(2, 3, 4), f(4, 5)], equation="...i,ij->...j")
case("Einsum", [f(2, 3)], equation="ij->")
case("Cross", f(2, 3), f(2, 3)[::-1].copy())
_M = f(2, 3, 3)
_SPD = np.matmul(_M, _M.transpose(0, 2, 1)) + 3 * np.eye(3, dtype=np.float32)
case("Cholesky", _SPD)
case("MatrixInverse", _SPD)
case("MatrixInverse", _M + 2 * np.eye(3, dtype=np.float32), adjoint=True)
case("MatrixDeterminant", _SPD)
case("LogMatrixDeterminant", -_SPD)
case("MatrixSolve", _SPD, f(2, 3, 2))
case("MatrixSolve", _M + 3 * np.eye(3, dtype=np.float32), f(2, 3, 2), adjoint=True)
case("MatrixTriangularSolve", np.tril(_SPD), f(2, 3, 2))
case("MatrixTriangularSolve", np.triu(_SPD), f(2, 3, 2), lower=False, adjoint=True)
case("Qr", f(4, 3))
case("Qr", f(3, 4), full_matrices=True)
case("Svd", f(4, 3))
case("Svd", f(3, 4), full_matrices=True)
case("Svd", f(2, 3, 4), compute_uv=False)
case("SelfAdjointEigV2", _SPD)
case("SelfAdjointEigV2", _SPD, compute_v=False)
for _type in ("FFT", "IFFT", "FFT2D", "IFFT2D"):
    case(_type, f(2, 4, 4, dtype=C64))

# -- diagonals --------------------------------------------------------------------------------------
case("Diag", f(3))
case("Diag", f(2, 2))
case("DiagPart", f(3, 3))
case("DiagPart", f(2, 3, 2, 3))
case("MatrixDiag", f(2, 3))
case("MatrixDiagPart", f(2, 3, 4))
case("MatrixSetDiag", f(2, 3, 4), f(2, 3))
case("MatrixBandPart", f(2, 4, 5), 1, 0)
case("MatrixBandPart", f(4, 4), -1, 0)
case("MatrixBandPart", f(4, 3), v(0, dtype=I64).reshape(()), v(-1, dtype=I64).reshape(()))
case("MatrixDiagV2", f(2, 3), v(1), -1, -1, 0.0)
case("MatrixDiagPartV2", f(2, 3, 4), v(-1, 1), 9.0)
case("MatrixSetDiagV2", f(2, 3, 4), f(2, 3, 3), v(-1, 1))
for _align in ("RIGHT_LEFT", "LEFT_RIGHT", "LEFT_LEFT", "RIGHT_RIGHT"):
    case("MatrixDiagPartV3", f(2, 3, 4), v(-2, 1), 9.0, align=_align)
    case("MatrixDiagPartV3", f(4, 3), v(-1, 2), 9.0, align=_align)
    case("MatrixSetDiagV3", f(2, 3, 4), f(2, 4, 3), v(-2, 1), align=_align)
    case("MatrixDiagV3", f(2, 3, 3), v(-1, 1), 3, 4, 7.0, align=_align)
case("MatrixDiagPartV3", f(3, 4), 2, 0.0)
case("MatrixDiagPartV3", f(3, 4), v(1, 2), 0.0)
case("MatrixDiagV3", f(2, 3), 0, -1, -1, 0.0)
case("MatrixDiagV3", f(3), v(-1), -1, -1, 0.0)
case("MatrixDiagV3", f(3), v(1), 3, 5, 2.0)
case("MatrixDiagV3", f(2, 3), v(0, 1), -1, -1, 0.0)
case("MatrixSetDiagV3", f(3, 4), f(3), v(1))

# -- positions --------------------------------------------------------------------------------------
case("Gather", f(4, 3), v([0, 2], [3, 0]))
case("GatherV2", f(4, 3), v(0, 2), 0)
case("GatherV2", f(4, 3, 2), v([0, 2], [1, 0]), 1)
case("GatherV2", f(4, 3), 1, -1)
case("GatherV2", f(2, 4, 3), v([0, 2, 3], [1, 0, 1]), 1, batch_dims=1)
case("GatherV2", f(2, 3, 4, 2), v([0, 2], [1, 3]), 2, batch_dims=1)
case("GatherV2", f(2, 3, 4), v([[0], [1], [3]], [[2], [2], [0]]), 2, batch_dims=-1)
case("GatherV2", s(b"a", b"b", b"c"), v(2, 0), 0)
case("GatherNd", f(3, 4), v([0, 1], [2, 3]))
case("GatherNd", f(3, 4, 2), v([[0], [2]], [[1], [1]]))
case("GatherNd", f(3, 4), np.zeros((2, 0), np.int32))
case("ScatterNd", v([1], [3], [1]), f(3, 2), v(5, 2))
case("ScatterNd", v([1, 0], [3, 1], dtype=I64), f(2), v(5, 2, dtype=I64))
for _type in ("TensorScatterUpdate", "TensorScatterAdd", "TensorScatterSub", "TensorScatterMax", "TensorScatterMin"):
    case(_type, f(5, 2), v([1], [3]), f(2, 2))
    case(_type, f(3, 4), v([1, 2], [0, 0]), f(2))
case("TensorScatterAdd", f(5, 2), v([1], [1]), f(2, 2))
case("DynamicStitch", [v(0, 3), v([1, 2], [4, 5])], [f(2, 2), f(2, 2, 2)])
case("DynamicStitch", [v(0, 1), v(1, 2)], [f(2), f(2) + 10])
case("DynamicPartition", f(5, 2), v(0, 1, 2, 0, 1), num_partitions=3)
case("DynamicPartition", f(2, 2), v([0, 1], [1, 1]), num_partitions=2)

# -- choices ----------------------------------------------------------------------------------------
case("Select", v([True, False], [False, True], dtype=B), f(2, 2), f(2, 2) + 5)
case("Select", v(True, False, dtype=B), f(2, 3), f(2, 3) + 5)
case("Select", True, f(2, 3), f(2, 3) + 5)
case("SelectV2", v([True], [False], dtype=B), f(3), f(2, 3) + 5)
case("SelectV2", TRUE, s(b"a", b"b", b"c"), s(b"x", b"y", b"z"))
case("Where", v([True, False], [True, True], dtype=B))
case("Where", v(0.0, 2.0, np.nan, dtype=np.float32))
case("TopKV2", f(2, 5), 2)
case("TopKV2", v(1, 3, 3, 2, 3), 4)
case("TopKV2", f(2, 5), 2, index_type="int64")
case("InTopK", f(3, 4), v(0, 2, 9), k=2)
case("InTopKV2", f(3, 4), v(0, 2, 3), 1)
case("InTopKV2", v([1.0, 1.0, 0.0], [np.nan, 1.0, 2.0], [np.inf, 1.0, 0.0], dtype=np.float32), v(1, 2, 1), 1)
case("Unique", v(3, 1, 3, 2, 1))
case("Unique", s(b"b", b"a", b"b"), out_idx="int64")
case("UniqueWithCounts", v(3, 1, 3, 2, 1))
case("UniqueV2", v([1, 2], [3, 4], [1, 2]), v(0))
case("UniqueV2", v([1, 2, 1], [3, 4, 3]), v(1))
case("UniqueV2", v(5, 4, 5), v())
case("UniqueWithCountsV2", v([1, 2], [3, 4], [1, 2]), v(0))
case("ListDiff", v(1, 2, 3, 4, 2), v(2, 5))
case("ListDiff", s(b"a", b"b"), s(b"b"))

# -- blocks -----------------------------------------------------------------------------------------
case("SpaceToBatchND", f(2, 4, 6, 3), v(2, 3), v([0, 0], [0, 0]))
case("SpaceToBatchND", f(2, 3, 5), v(2), v([1, 0]))
case("SpaceToBatchND", f(1, 3, 5), v(2, 2), v([1, 0], [0, 1]))
case("BatchToSpaceND", f(12, 2, 2, 3), v(2, 3), v([0, 0], [0, 0]))
case("BatchToSpaceND", f(8, 2, 3, 1), v(2, 2), v([1, 0], [0, 2]))
case("SpaceToBatch", f(1, 4, 3, 2), v([0, 0], [1, 0]), block_size=2)
case("BatchToSpace", f(4, 2, 2, 1), v([0, 1], [1, 0]), block_size=2)
case("SpaceToDepth", f(2, 4, 6, 3), block_size=2)
case("DepthToSpace", f(2, 2, 3, 8), block_size=2)

# -- segments ---------------------------------------------------------------------------------------
for _type in ("SegmentSum", "SegmentMean", "SegmentProd", "SegmentMax", "SegmentMin"):
    case(_type, f(5, 2), v(0, 0, 1, 3, 3))
    case(_type, f(4), v(0, 1, 1, 2, dtype=I64))
for _type in ("UnsortedSegmentSum", "UnsortedSegmentProd", "UnsortedSegmentMax", "UnsortedSegmentMin"):
    case(_type, f(5, 2), v(3, 0, -1, 3, 0), 5)
    case(_type, f(2, 3, 2), v([1, 0, 1], [2, 2, 0]), 3)
    case(_type, n(4), v(0, 2, 2, 0), 4)
for _type in ("SparseSegmentSum", "SparseSegmentMean", "SparseSegmentSqrtN"):
    case(_type, f(5, 2), v(4, 0, 1, 1), v(0, 0, 2, 2))
    case(_type + "WithNumSegments", f(5, 2), v(4, 0, 1, 1), v(0, 0, 2, 2), 4)

# -- neural networks --------------------------------------------------------------------------------
for _type in ("Softmax", "LogSoftmax"):
    case(_type, f(3, 4))
    case(_type, f(2, 3, 4, low=-100, high=100))
case("BiasAdd", f(2, 3, 4), f(4))
case("BiasAdd", f(2, 4, 3, 2), f(4), data_format="NCHW")
case("BiasAddV1", f(2, 4), f(4))
case("BiasAddGrad", f(2, 3, 4))
case("BiasAddGrad", f(2, 3, 4, 5), data_format="NCHW")
case("SoftmaxCrossEntropyWithLogits", f(3, 4), np.eye(4, dtype=np.float32)[[1, 0, 3]])
case("SoftmaxCrossEntropyWithLogits", f(3, 4, high=50), f(3, 4, low=0))
case("SoftmaxCrossEntropyWithLogits", f(3, 4), f(1, 4, low=0))
case("SparseSoftmaxCrossEntropyWithLogits", f(3, 4), v(1, 0, 3))
case("SparseSoftmaxCrossEntropyWithLogits", f(3, 4, dtype=F64, high=90), v(1, 0, 3, dtype=I64))

# -- strings ----------------------------------------------------------------------------------------
_TEXT = s(b" Hello World ", b"a,b,,c", b"", b"x-1.5e3")
for _type in ("StringStrip", "EncodeBase64", "StringLower", "StringUpper", "StringLength"):
    case(_type, _TEXT)
case("StringLength", s("äöü".encode()), unit="UTF8_CHAR")
case("StringUpper", s("äöü".encode()), encoding="utf-8")
case("DecodeBase64", s(b"YWJj", b"_-8", b""))
case("StringJoin", [s(b"a", b"b"), s(b"c", b"d"), b"e"], separator="-")
case("StringJoin", [b"x"])
case("ReduceJoin", s([b"a", b"b"], [b"c", b"d"]), v(0))
case("ReduceJoin", s([b"a", b"b"], [b"c", b"d"]), v(1, 0), separator=" ")
case("ReduceJoin", s([b"a", b"b"], [b"c", b"d"]), v(-1), keep_dims=True)
case("AsString", v(1, -20, 3))
case("AsString", v(1, -20, 3), width=5, fill="0")
case("AsString", v(1.5, -2e10, np.nan, np.inf, dtype=np.float32))
case("AsString", v(1.5, -2e10, 1e-7, dtype=np.float32), precision=3)
case("AsString", v(1.5, -2e10, 1e-7, dtype=np.float32), scientific=True)
case("AsString", v(1.5, -2e10, 1e-7, 0.1, dtype=np.float32), shortest=True)
case("AsString", TRUE)
case("AsString", f(2, dtype=C64))
case("StringToNumber", s(b"1.5", b" -2e3", b"inf", b"7"))
case("StringToNumber", s(b"15", b"-2"), out_type="int32")
case("StringToNumber", s(b"1.25"), out_type="float64")
case("Substr", s(b"Hello", b"World"), v(1, -2), v(3, 9))
case("Substr", s([b"ten", b"eleven"], [b"seven", b"eight"]), 1, 2)
case("Substr", s("äöüß".encode()), 1, 2, unit="UTF8_CHAR")
case("StringSplit", s(b"hello world", b"a b  c", b""), b" ")
case("StringSplit", s(b"a,b;c", b",x"), b",;", skip_empty=False)
case("StringSplit", s(b"ab", b"c"), b"")
case("StringSplitV2", s(b"hello  world", b" a b "), b"")
case("StringSplitV2", s(b"1<>2<><>3", b""), b"<>")
case("StringSplitV2", s(b"a b c d"), b" ", maxsplit=2)
case("RegexReplace", _TEXT, b"([a-z])", b"<\\1>")
case("RegexReplace", _TEXT, b"[a-z]", b"[\\0]", replace_global=False)
case("StaticRegexReplace", _TEXT, pattern="l+", rewrite="L")
case("RegexFullMatch", _TEXT, b".*[,].*")
case("StaticRegexFullMatch", _TEXT, pattern=".*W.*")
case("DecodeRaw", s(b"\x01\x00\x02\x00", b"\xff\xff\x00\x01"), out_type="int16")
case("DecodeRaw", s(b"\x01\x00\x02\x00"), out_type="uint16", little_endian=False)
case("DecodeRaw", s(b"abc"), out_type="uint8")

for _file in sorted(Path(__file__).parent.glob("*_cases.py")):
    import_module(f"{__name__.rpartition('.')[0]}.{_file.stem}")
