"""Static shapes against those that TensorFlow infers, and contents that are known before anything runs."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from golden.op_cases import CASES, Case
from golden.op_variants import variants
from kernel_calls import dtype_name, infer_shapes
from onevar.core.infer import infer
from onevar.core.spec import ShapeError, Spec

GOLDEN = Path(__file__).parent / "golden"


@cache
def recorded() -> dict:
    return json.loads((GOLDEN / "op_shapes.json").read_text())


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
    return ours is not None and len(ours) == len(theirs) and all(n is None or m == n for m, n in zip(ours, theirs))


# Where TensorFlow's own answer is wrong, or it refuses what it then computes.
_UNKNOWN_AS_MINUS_ONE = "TensorFlow computes with -1 where a size is unknown"
_TENSORFLOW_IS_WRONG = {
    "MatrixDiagV2": _UNKNOWN_AS_MINUS_ONE,
    "MatrixDiagV3": _UNKNOWN_AS_MINUS_ONE,
    "MatrixSetDiagV2": "TensorFlow refuses several diagonals for a batch of unknown size",
    "MatrixSetDiagV3": "TensorFlow refuses several diagonals for a batch of unknown size",
    "GatherV2-5": "TensorFlow adds a negative batch_dims to the rank",
}


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)
def test_shapes(one):
    for name, known in variants(one):
        ours, theirs = inferred(one, known), recorded()[one.name][name]
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
