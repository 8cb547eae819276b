"""Static shapes against those that TensorFlow infers, and contents that are known before anything runs."""

import numpy as np
import pytest
from golden.op_variants import variants
from golden.recordings import every
from golden.size_programs import PROGRAMS
from kernel_calls import dtype_name, infer_shapes

from onevar.conformance.golden.op_cases import CASES, Case
from onevar.core.infer import infer
from onevar.core.spec import ShapeError, Spec


def _spec(known, x):
    if isinstance(x, list):
        return [_spec(k, y) for k, y in zip(known, x, strict=True)]
    if isinstance(known, np.ndarray):
        return Spec(known.shape, dtype_name(known), known)
    return Spec(None if known is None else tuple(known), dtype_name(x))


def inferred(one: Case, known: list) -> list | str:
    specs = [_spec(k, x) for k, x in zip(known, one.inputs, strict=True)]
    try:
        found = infer_shapes(one.type, specs, one.attrs, one.inputs)
    except ShapeError as error:
        return str(error)
    return [None if spec.shape is None else list(spec.shape) for spec in found]


def finer(ours, theirs) -> bool:
    """Whether ours knows what theirs knows, or more, and nothing else."""
    if theirs is None or ours == theirs:
        return True
    return (
        ours is not None
        and len(ours) == len(theirs)
        and all(n is None or m == n for m, n in zip(ours, theirs, strict=True))
    )


# Where TensorFlow's own answer is wrong, or it refuses what it then computes.
_UNKNOWN_AS_MINUS_ONE = "TensorFlow computes with -1 where a size is unknown"
_TENSORFLOW_IS_WRONG = {
    "MatrixDiagV2": _UNKNOWN_AS_MINUS_ONE,
    "MatrixDiagV3": _UNKNOWN_AS_MINUS_ONE,
    "MatrixSetDiagV2": "TensorFlow refuses several diagonals for a batch of unknown size",
    "MatrixSetDiagV3": "TensorFlow refuses several diagonals for a batch of unknown size",
    "ExtractVolumePatches": "TensorFlow forgets an axis where it knows no size",
    "GatherV2-5": "TensorFlow adds a negative batch_dims to the rank",
}


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)
def test_shapes(one):
    for name, known in variants(one):
        ours, theirs = inferred(one, known), every("op_shapes")[one.name][name]
        if name != "known" and (one.type in _TENSORFLOW_IS_WRONG or one.name in _TENSORFLOW_IS_WRONG):
            theirs = [None for _ in ours]
        if isinstance(theirs, str):
            assert isinstance(ours, str) and ours in theirs, (name, ours, theirs)
            continue
        assert len(ours) == len(theirs), (name, ours, theirs)
        assert all(map(finer, ours, theirs)), f"{name}: {ours}, TensorFlow: {theirs}"
        if ours != theirs:
            real = inferred(one, next(v for _, v in variants(one)))
            assert all(map(finer, real, ours)), f"{name}: {ours} is not what comes out: {real}"


def our_shape(program) -> list | None:
    def op(type, *inputs, **attrs):
        return infer(type, inputs, attrs)[0]

    def const(value):
        array = np.asarray(value)
        return infer("Const", [], {"value": array, "dtype": array.dtype.name})[0]

    shape = program(op, lambda shape: Spec(tuple(shape), "float32"), const).shape
    return None if shape is None else list(shape)


# What we know before it runs, and TensorFlow does not.
KNOWN_EARLIER = {
    "flattened_rest": [None, 12],
    "half_of_a_size": [3, 3],
    "gathered_sizes": [6, 4],
    "sliced_by_a_size": [None, 5],
    "greater_of_two": [9],
}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_sizes_computed_from_sizes(program):
    ours, theirs = our_shape(program), every("op_shapes")[program.__name__]
    assert ours == KNOWN_EARLIER.get(program.__name__, theirs)
    assert finer(ours, theirs)


def test_messages_are_tensorflows():
    a, b = Spec((2, 3), "float32"), Spec((4, 5), "float32")
    with pytest.raises(ShapeError, match="^Dimensions must be equal, but are 3 and 4$"):
        infer("MatMul", [a, b], {"transpose_a": False, "transpose_b": False})
    with pytest.raises(ShapeError, match="^Dimensions must be equal, but are 2 and 4$"):
        infer("AddV2", [a, b], {})
    with pytest.raises(ShapeError, match="^Shape must be rank 2 but is rank 1$"):
        infer("MatMul", [Spec((3,), "float32"), a], {"transpose_a": False, "transpose_b": False})
    axis = Spec((), "int32", np.array(2, np.int32))
    with pytest.raises(ShapeError, match="^Invalid reduction dimension 2 for input with 2 dimensions.$"):
        infer("Sum", [a, axis], {"keep_dims": False})
    with pytest.raises(ShapeError, match=r"are 2 and 4. Shapes are \[2,3\] and \[4,5\].\n\tFrom merging shape 0 with"):
        infer("AddN", [[a, b]], {})
    sizes = Spec((2,), "int32", np.array([4, 2], np.int32))
    with pytest.raises(ShapeError, match=r"^Cannot reshape a tensor with 6 elements to shape \[4,2\] \(8 elements\)$"):
        infer("Reshape", [a, sizes], {})


def test_dtypes_follow_the_signature():
    x = Spec((2,), "float64")
    assert infer("Less", [x, x], {"T": "float64"})[0].dtype == "bool"
    assert infer("Cast", [x], {"SrcT": "float64", "DstT": "int32"})[0].dtype == "int32"
    assert [s.dtype for s in infer("TopKV2", [x, Spec((), "int32")], {"T": "float64"})] == ["float64", "int32"]
    assert [s.dtype for s in infer("IdentityN", [x, Spec((), "bool")], {"T": ["float64", "bool"]})] == [
        "float64",
        "bool",
    ]
    # No definition here, and yet a signature.
    assert [s.dtype for s in infer("FractionalAvgPool", [x], {"T": "float64"})] == ["float64", "int64", "int64"]
