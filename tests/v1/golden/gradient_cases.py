"""Where gradients are delicate: at kinks, ties, zeros, and where the unused branch of a choice is infinite.

Modules `<thing>_gradient_cases.py` here enter more with `case`; they are found by themselves.
"""

import sys
from importlib import import_module
from pathlib import Path

import numpy as np

from onevar.conformance.golden.op_cases import Case, f, v

CASES: list[Case] = []


def case(type: str, /, *inputs: np.ndarray, **attrs: object) -> None:
    thing = sys._getframe(1).f_globals["__name__"].rpartition(".")[2].removesuffix("gradient_cases").strip("_") or "ops"
    number = sum(c.type == type and c.thing == thing for c in CASES)
    CASES.append(
        Case(type, list(inputs), attrs, f"{type}-{number}" if thing == "ops" else f"{type}-{thing}-{number}", thing)
    )


def by_thing() -> dict[str, list[Case]]:
    """The cases of each file."""
    found: dict[str, list[Case]] = {}
    for one in CASES:
        found.setdefault(one.thing, []).append(one)
    return found


def x(*items: float) -> np.ndarray:
    return v(*items, dtype=np.float32)


def n(item: int) -> np.ndarray:
    return np.array(item, np.int32)


def s(item: float) -> np.ndarray:
    return np.array(item, np.float32)


_KINKS = x(0.0, -1.0, 2.0, 6.0, 7.0, 100.0, -100.0)
for _type in (
    "Relu", "Relu6", "Elu", "Selu", "LeakyRelu", "Softsign", "Softplus", "Sigmoid", "Tanh", "Sign", "Floor", "Round",
    "Square", "StopGradient", "Identity", "LogSoftmax", "Softmax", "L2Loss", "ZerosLike",
):  # fmt: skip
    case(_type, _KINKS)
case("Abs", x(-1.0, 2.0))
for _type in ("Maximum", "Minimum"):
    case(_type, _KINKS, x(0.0, 1.0, 2.0, 6.0, 8.0, 1.0, 1.0))
    case(_type, _KINKS, s(0))
case("ClipByValue", _KINKS, s(-1), s(6))
case("Max", x(1.0, 3.0, 3.0), v(0))
case("Min", x(1.0, 1.0, 3.0), v(0))
case("Max", f(3, 4), v(1), keep_dims=True)
case("Prod", f(2, 3), v(1))
case("Mean", f(2, 3), v(0, 1))
case("Sum", f(2, 3), v(0))
case("Sqrt", x(4.0, 9.0))
case("DivNoNan", x(1.0, 0.0, 2.0), x(0.0, 0.0, 2.0))
case("Xdivy", x(0.0, 0.0, 2.0), x(0.0, 1.0, 2.0))
case("Xlogy", x(0.0, 0.0, 2.0), x(0.0, 1.0, 2.0))
case("Xlog1py", x(0.0, 0.0, 2.0), x(-1.0, 1.0, 2.0))
case("Pow", x(2.0, 3.0), x(3.0, 0.5))
case("SquaredDifference", f(2, 3), f(3))
case("RealDiv", f(2, 3), f(3))
case("FloorMod", x(7.0, -7.0), x(3.0, 3.0))
case("Cumsum", f(3, 4), n(1), exclusive=True, reverse=True)
case("Cumprod", f(4, low=0.5), n(0))
case("MatMul", f(2, 3), f(4, 3), transpose_b=True)
case("BatchMatMulV2", f(2, 1, 2, 3), f(3, 4, 3), adj_y=True)
case("BiasAdd", f(2, 4, 3, 2), f(4), data_format="NCHW")
case("GatherV2", f(4, 3), v([0, 2], [2, 0]), n(0))
case("GatherV2", f(2, 3, 4, 2), v([0, 2], [1, 3]), n(2), batch_dims=1)
case("GatherNd", f(3, 4), v([0, 1], [0, 1]))
case("ScatterNd", v([1], [1]), f(2, 2), v(3, 2))
case("TensorScatterUpdate", f(4, 2), v([1], [3]), f(2, 2))
case("TensorScatterAdd", f(4, 2), v([1], [1]), f(2, 2))
case("Select", v(True, False, dtype=np.bool_), f(2, 3), f(2, 3) + 5)
case("StridedSlice", f(4, 5), v(3, 4), v(0, 1), v(-1, -2))
case("MirrorPad", f(3, 3), v([1, 2], [0, 1]), mode="REFLECT")
case("Tile", f(2, 3), v(2, 2))
case("TopKV2", f(2, 5), n(2))
case("UnsortedSegmentSum", f(4, 2), v(0, 2, 2, -1), n(3))
case("UnsortedSegmentMax", x(1.0, 1.0, 3.0), v(0, 0, 1), n(2))
case("SegmentMean", f(5, 2), v(0, 0, 1, 3, 3))
case("SoftmaxCrossEntropyWithLogits", f(3, 4, high=50), f(3, 4, low=0))
case("SparseSoftmaxCrossEntropyWithLogits", f(3, 4), v(1, 0, 3))
case("MatrixBandPart", f(3, 4), n(1), n(0))
case("MatrixDiagV3", f(2, 3), n(0), n(-1), n(-1), s(1))
case("MatrixInverse", f(3, 3) + 3 * np.eye(3, dtype=np.float32))
case("MatrixSolve", f(3, 3) + 3 * np.eye(3, dtype=np.float32), f(3, 2))

for _file in sorted(Path(__file__).parent.glob("*_gradient_cases.py")):
    import_module(f"golden.{_file.stem}")
