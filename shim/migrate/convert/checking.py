"""`onevar convert --check`: the source's model and the target's, on one random input.

The old side is a function of a TensorFlow 1 program that takes placeholders and returns tensors (it is run by onevar,
with the checkpoint's values), or a function that makes a Keras model or a torch module. The new side is what `like`
makes, loaded as the conversion would load it.
"""

import inspect
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from onevar.migrate.convert import formats
from onevar.migrate.convert.auxiliary import AVERAGE
from onevar.migrate.convert.conversion import load_into
from onevar.migrate.convert.models import is_keras_model, is_torch_module
from onevar.migrate.convert.name_map import dtype_of
from onevar.migrate.convert.spec import ConversionError
from onevar.migrate.program import Program
from onevar.migrate.redirect import redirected

_SEED = 20170215
#: Random whole numbers are below this unless the user says otherwise.
_INTEGERS = 10
_SWITCHES = {"True": True, "False": False}


@dataclass(frozen=True, slots=True)
class Check:
    """How two models compare.

    Attributes:
        difference: The largest difference of any output, relative to the largest number in it.
        tolerance: What it may be.
        outputs: How many outputs were compared.
        reason: Why they could not be compared; "" if they were.
    """

    difference: float
    tolerance: float
    outputs: int
    reason: str = ""

    @property
    def same(self) -> bool:
        """Whether the models put out the same."""
        return not self.reason and self.difference <= self.tolerance

    def __str__(self) -> str:
        if self.reason:
            return f"check: {self.reason}"
        verdict = "the same" if self.same else "NOT the same"
        return (
            f"check: {self.outputs} outputs are {verdict}: largest difference {self.difference:.2g}, allowed "
            f"{self.tolerance:.2g}"
        )


def check(old: Any, new: Any, source: Any, inputs: Sequence[Any], tolerance: float = 1e-4, **options: Any) -> Check:
    """Return how the outputs of two models compare, the old one's and the one that the conversion would make.

    Args:
        old: A function of placeholders, or of nothing that makes a model; or `"module:function"`.
        new: A Keras model or torch module, or `"module:factory"`.
        source: What the weights come from.
        inputs: Arrays, or texts `"2,28,28,1"`, `"2,5:int32"`, `"2,5:int32<1000"` that random ones are made after;
            `"True"` and `"False"` are for the old function alone, as its `is_training`.
        tolerance: The largest difference that is allowed, relative to the largest number of an output.
        **options: Those of `load_into`.

    Raises:
        MappingError: Tensors are not accounted for.
        ConversionError: A model cannot be made or run.
    """
    rng = np.random.default_rng(_SEED)
    arrays = [_input(given, rng) for given in inputs]
    model = formats.made_by(new) if isinstance(new, str) else new
    load_into(model, source, **options)
    got = _run_model(model, arrays)
    want = _run_old(old, source, arrays, options)
    return compared(want, got, tolerance)


def _input(given: Any, rng: np.random.Generator) -> Any:
    if not isinstance(given, str):
        return np.asarray(given)
    if given in _SWITCHES:
        return _SWITCHES[given]
    sizes, _, kind = given.partition(":")
    kind, _, limit = kind.partition("<")
    try:
        shape = tuple(int(size) for size in sizes.split(",") if size.strip())
        dtype = dtype_of(kind or "float32")
        most = int(limit or _INTEGERS)
    except (ValueError, TypeError) as error:
        raise ConversionError(
            f"{given!r} is no input: write SHAPE[:DTYPE[<LIMIT]], 2,28,28,1 or 2,5:int32<1000."
        ) from error
    if dtype.kind in "iu":
        return rng.integers(0, most, shape).astype(dtype)
    return rng.normal(size=shape).astype(dtype)


def compared(want: Sequence[np.ndarray], got: Sequence[np.ndarray], tolerance: float) -> Check:
    """Return how two models' outputs compare.

    Args:
        want: The old model's.
        got: The new model's.
        tolerance: The largest difference that is allowed.
    """
    if len(want) != len(got):
        return Check(np.inf, tolerance, 0, f"the old model has {len(want)} outputs, and the new one {len(got)}")
    largest = 0.0
    for number, (one, other) in enumerate(zip(want, got, strict=True)):
        if one.shape != other.shape and other.ndim > 3:
            other = np.moveaxis(other, 1, -1)
        if one.shape != other.shape:
            return Check(
                np.inf, tolerance, 0, f"output {number} has shape {one.shape}, and {other.shape} in the new one"
            )
        if not np.array_equal(np.isfinite(one), np.isfinite(other)):
            return Check(np.inf, tolerance, 0, f"output {number} is not finite in the same places")
        scale = max(float(np.max(np.abs(one), initial=0.0, where=np.isfinite(one))), 1e-6)
        apart = np.abs(one.astype(np.float64) - other.astype(np.float64))
        largest = max(largest, float(np.max(apart, initial=0.0, where=np.isfinite(apart))) / scale)
    return Check(largest, tolerance, len(want))


# The new model, or an old one of the same kind.


def _run_model(model: Any, inputs: Sequence[Any]) -> list[np.ndarray]:
    arrays = [value for value in inputs if isinstance(value, np.ndarray)]
    if is_keras_model(model):
        to_numpy = sys.modules["keras"].ops.convert_to_numpy
        given = arrays[0] if len(arrays) == 1 else list(arrays)
        return [np.asarray(to_numpy(value)) for value in leaves(model(given, training=False))]
    weight = next(iter(model.state_dict().values()))
    model.eval()
    fed = [weight.new_tensor(np.moveaxis(array, -1, 1) if array.ndim > 3 else array) for array in arrays]
    return [np.asarray(value.detach().cpu().numpy()) for value in leaves(model(*fed))]


def leaves(value: Any) -> list[Any]:
    """Return the tensors in a structure of tuples, lists and dicts, dicts by sorted keys."""
    if isinstance(value, Mapping):
        return [leaf for key in sorted(value) for leaf in leaves(value[key])]
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


# The old model.


def _run_old(old: Any, source: Any, arrays: Sequence[Any], options: Mapping[str, Any]) -> list[np.ndarray]:
    if not isinstance(old, str):
        return _run_function(old, source, arrays, options)
    place, _, name = old.rpartition(":")
    root = os.path.dirname(os.path.abspath(place)) if place.endswith(".py") else os.getcwd()
    with redirected(Program(root)):
        module = formats.module_of(place)
        if not hasattr(module, name):
            raise ConversionError(f"{place} has no {name}.")
        return _run_function(getattr(module, name), source, arrays, options)


def _run_function(
    function: Callable[..., Any], source: Any, arrays: Sequence[Any], options: Mapping[str, Any]
) -> list[np.ndarray]:
    if not _takes_something(function):
        model = function()
        if not is_keras_model(model) and not is_torch_module(model):
            raise ConversionError(
                f"{function} takes no arguments and makes no model: the old side is a function of placeholders that "
                "returns tensors, or one that makes a Keras model or a torch module."
            )
        load_into(model, source)
        return _run_model(model, arrays)
    import onevar.v1 as tf

    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
        given = [
            tf.placeholder(tf.as_dtype(value.dtype.name), value.shape) if isinstance(value, np.ndarray) else value
            for value in arrays
        ]
        outputs = leaves(function(*given))
        _fill(session, tf.global_variables(), source, options)
        feeds = {one: value for one, value in zip(given, arrays, strict=True) if isinstance(value, np.ndarray)}
        return [np.asarray(value) for value in session.run(outputs, feeds)]


def _takes_something(function: Callable[..., Any]) -> bool:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    found = inspect.signature(function).parameters.values()
    return any(each.kind in kinds and each.default is inspect.Parameter.empty for each in found)


def _fill(session: Any, variables: Sequence[Any], source: Any, options: Mapping[str, Any]) -> None:
    with formats.open_source(source, options.get("source_format"), options.get("key")) as opened:
        for variable in variables:
            name = variable.op.name
            shadow = f"{name}/{AVERAGE}"
            if options.get("averages") and shadow in opened.specs:
                name = shadow
            if name not in opened.specs:
                raise ConversionError(
                    f"The old model has a variable {name}, which {opened.path} has not: it is another model, or in "
                    "another scope."
                )
            variable.load(opened.read(name), session)
