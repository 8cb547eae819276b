"""What a Keras model computes on the way: layers, functions of `keras.ops`, operations of onevar.v1; and what it draws.

Random numbers can be given: then each draw takes the next one of its law and shape that another run recorded.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

#: Public namespaces whose functions are seen when a program calls them.
NAMESPACES = ("ops", "ops.image", "ops.numpy", "ops.nn", "activations", "losses", "random")
#: What only moves, names or counts values.
_SILENT = frozenset((
    "convert_to_tensor", "convert_to_numpy", "cast", "shape", "is_tensor", "get", "serialize", "deserialize",
    "stop_gradient", "identity", "zeros_like", "ones_like", "dtype",
))  # fmt: skip
_LAWS = {
    "RandomUniform": "uniform", "RandomStandardNormal": "normal", "TruncatedNormal": "truncated",
    "RandomUniformInt": "integers", "Multinomial": "categorical", "RandomShuffle": "shuffle",
}  # fmt: skip


def array_of(value: Any) -> np.ndarray | None:
    """Return a tensor's value; None where it has none yet, as inside a transformation."""
    if value is None or isinstance(value, str | bytes | keras.KerasTensor):
        return None
    try:
        array = np.asarray(keras.ops.convert_to_numpy(value))
    except (TypeError, ValueError, AttributeError, RuntimeError, NotImplementedError):
        return None  # a tracer, a symbolic tensor, something else
    except Exception as error:
        if type(error).__name__.startswith(("Tracer", "Concretization")):
            return None
        raise
    return array if array.dtype.kind in "fiubcV" else None


def leaves(value: Any, name: str = "") -> list[tuple[str, Any]]:
    """Return the tensors in nested lists and dicts, with where they are."""
    if isinstance(value, dict):
        return [pair for key, item in value.items() for pair in leaves(item, f"{name}/{key}" if name else str(key))]
    if isinstance(value, list | tuple):
        return [pair for i, item in enumerate(value) for pair in leaves(item, f"{name}/{i}" if name else str(i))]
    return [] if value is None else [(name, value)]


class Seen:
    """One output of a layer or function.

    Attributes:
        name: Unique within the run.
        kind: The layer's class, the function's name, or TensorFlow's op type.
        value: The output.
        given: The inputs, as arrays.
        settings: Numbers and words of the layer's configuration.
        weights: Paths of the layer's own variables.
    """

    def __init__(self, name: str, kind: str, value: np.ndarray, given: list[np.ndarray], settings: dict, weights: list):
        self.name, self.kind, self.value, self.given = name, kind, value, given
        self.settings, self.weights = settings, weights


class Watch:
    """Sees what is computed while it is asked to, and gives out random numbers."""

    def __init__(self) -> None:
        self.seen: list[Seen] | None = None
        self.depth = 0
        self.pool: list[list[Any]] | None = None
        self.missed: list[str] = []
        self._names: dict[str, int] = {}
        self._undo: list[tuple[Any, str, Any]] = []

    # -- looking --------------------------------------------------------------------------------

    @contextmanager
    def looking(self) -> Iterator[list[Seen]]:
        """See what is computed in the `with` block."""
        self.seen, self._names, self.depth = [], {}, 0
        self._replace_functions()
        try:
            yield self.seen
        finally:
            self.seen = None
            while self._undo:
                owner, name, real = self._undo.pop()
                setattr(owner, name, real)

    def _replace_functions(self) -> None:
        for path in NAMESPACES:
            owner: Any = keras
            for part in path.split("."):
                owner = getattr(owner, part, None)
            for name in dir(owner) if owner is not None else ():
                real = getattr(owner, name)
                if callable(real) and not isinstance(real, type) and not name.startswith("_") and name not in _SILENT:
                    self._undo.append((owner, name, real))
                    setattr(owner, name, self._watched(real, name))

    def _watched(self, real: Callable[..., Any], name: str) -> Callable[..., Any]:
        def function(*args: Any, **kwargs: Any) -> Any:
            result = real(*args, **kwargs)
            if self.seen is not None:
                numbers = {key: item for key, item in kwargs.items() if isinstance(item, bool | int | float | str)}
                self.note(name, name, result, [args, kwargs], numbers, [])
            return result

        return function

    def note(self, name: str, kind: str, result: Any, given: Any, settings: dict, weights: list) -> None:
        """Keep what something returned, if it is made of floats."""
        if self.seen is None:
            return
        arrays = [array for _, item in leaves(given) for array in [array_of(item)] if array is not None and array.ndim]
        for where, item in leaves(result):
            array = array_of(item)
            if array is not None and (array.dtype.kind in "fcV" or kind in ("argmax", "ArgMax")):
                unique = self._unique(f"{name}:{where}" if where else name)
                self.seen.append(Seen(unique, kind, array, arrays, settings, weights))

    def _unique(self, name: str) -> str:
        count = self._names.get(name, 0)
        self._names[name] = count + 1
        return f"{name}#{count}" if count else name

    # -- drawing --------------------------------------------------------------------------------

    def give(self, drawn: list[tuple[str, np.ndarray, str]] | None) -> None:
        """Give out these numbers from now on, each once: law, numbers, name; None lets the program draw its own."""
        self.pool = None if drawn is None else [[law, array, False, name] for law, array, name in drawn]
        self.missed = []

    def next(self, law: str, shape: tuple, name: str | None = None) -> np.ndarray | None:
        """Return the next recorded numbers of a law and shape; None if there are none.

        Args:
            law: Of the numbers.
            shape: Theirs; None stands for any size.
            name: Of the operation that draws, where it has the old one's; it comes first.
        """
        if self.pool is None:
            return None
        free = [entry for entry in self.pool if entry[0] == law and not entry[2] and _fits(entry[1].shape, shape)]
        for entry in [*(entry for entry in free if entry[3] == name), *free][:1]:
            entry[2] = True
            return entry[1]
        self.missed.append(f"{law} of shape {tuple(shape)}")
        return None

    # -- installing -----------------------------------------------------------------------------

    def install(self) -> None:
        """Put it into Keras, and into what onevar.v1 computes at once."""
        self._install_layers()
        self._install_random()
        self._install_v1()

    def _install_layers(self) -> None:
        real, watch = keras.Layer.__call__, self

        def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807
            result = real(self, *args, **kwargs)
            if watch.seen is not None:
                path = str(getattr(self, "path", None) or self.name)
                own = [str(variable.path) for variable in self.variables]
                watch.note(path, type(self).__name__, result, [args, kwargs], settings_of(self), own)
            return result

        keras.Layer.__call__ = __call__

    def _install_random(self) -> None:
        module, ops = sys.modules["keras.src.backend"].random, keras.ops
        reals = {name: getattr(module, name) for name in ("uniform", "normal", "truncated_normal", "dropout")}

        def uniform(shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
            result = reals["uniform"](shape, minval, maxval, dtype=dtype, seed=seed)
            given = self.next("uniform", tuple(result.shape))
            return result if given is None else ops.cast(ops.convert_to_tensor(given), result.dtype) * (
                maxval - minval
            ) + minval  # fmt: skip

        def scaled(name: str, law: str) -> Callable[..., Any]:
            def draw(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
                result = reals[name](shape, mean, stddev, dtype=dtype, seed=seed)
                given = self.next(law, tuple(result.shape))
                if given is None:
                    return result
                return ops.cast(ops.convert_to_tensor(given), result.dtype) * stddev + mean

            return draw

        def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
            result = reals["dropout"](inputs, rate, noise_shape=noise_shape, seed=seed)
            shape = tuple(inputs.shape)
            if noise_shape is not None:
                shape = tuple(s if n is None else n for s, n in zip(shape, noise_shape, strict=True))
            given = self.next("uniform", shape)
            if given is None:
                return result
            keep = ops.convert_to_tensor(given >= rate)
            return ops.where(keep, inputs / (1 - rate), ops.zeros_like(inputs))

        module.uniform, module.dropout = uniform, dropout
        module.normal, module.truncated_normal = scaled("normal", "normal"), scaled("truncated_normal", "truncated")

    def _install_v1(self) -> None:
        """See what tracked calls compute, whose operations have TensorFlow 1's names, and what is computed at once."""
        from onevar.core import eager
        from onevar.keras import tracked_run
        from onevar.keras.current import symbolic

        real, watch = eager.run_eagerly, self

        def run_eagerly(recipe: Any, arguments: dict[str, Any]) -> Any:
            result = real(recipe, arguments)
            law = _LAWS.get(recipe.type)
            given = watch.next(law, tuple(result.shape)) if law is not None and hasattr(result, "shape") else None
            if given is not None:
                dtype = keras.backend.standardize_dtype(result.dtype)
                result = keras.ops.cast(keras.ops.convert_to_tensor(given), dtype)
            if watch.seen is not None:
                watch.note(recipe.type, recipe.type, result, [arguments], _plain(arguments), [])
            return result

        eager.run_eagerly = run_eagerly
        remember, compute = tracked_run.Run._remember, tracked_run.Run.compute

        def _remember(self: Any, step: Any, frame: Any) -> None:
            remember(self, step, frame)
            if watch.seen is not None:
                watch.note_operation(step.operation, self.known)

        def computing(self: Any, tensors: Any, targets: Any = ()) -> Any:
            targets = list(targets)
            if watch.pool is not None and not symbolic():
                watch.give_operations(self, [*(tensor.op for tensor in tensors), *targets])
            return compute(self, tensors, targets)

        replaced: Any = tracked_run.Run
        replaced._remember, replaced.compute = _remember, computing

    def note_operation(self, operation: Any, known: dict[Any, Any]) -> None:
        """Keep what an operation of a tracked call's graph has computed."""
        given = [known[tensor] for tensor in operation.inputs if tensor in known]
        for tensor in operation.outputs:
            if tensor in known and "float" in tensor.dtype.name and operation.type not in QUIET:
                self.note(tensor.name, operation.type, known[tensor], given, _plain(operation.attrs), [])

    def give_operations(self, run: Any, targets: list[Any]) -> None:
        """Give random operations of a tracked call's graph their numbers."""
        from onevar.core.reach import needed

        running = needed(targets, set(run.known)) if targets else set()
        for operation in sorted(running, key=lambda one: one.serial):
            law, output = _LAWS.get(operation.type), operation.outputs[:1]
            if law is None or output[0] in run.known or output[0].spec.shape is None:
                continue
            given = self.next(law, output[0].spec.shape, output[0].name)
            if given is not None:
                run.known[output[0]] = run.adapter.convert(given.astype(output[0].dtype.as_numpy_dtype), None)
                run._done.add(operation)


#: Operations whose values are constants, variables or what others computed.
QUIET = frozenset((
    "Const", "Identity", "Placeholder", "VariableV2", "VarHandleOp", "ReadVariableOp", "Assign", "AssignSub",
    "AssignAdd", "Shape", "NoOp", "StopGradient", "RandomUniform", "RandomStandardNormal", "TruncatedNormal",
))  # fmt: skip


def _fits(shape: tuple, wanted: tuple) -> bool:
    return len(shape) == len(wanted) and all(w is None or n == w for n, w in zip(shape, wanted, strict=True))


def _plain(arguments: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in arguments.items() if isinstance(value, bool | int | float | str)}


def settings_of(layer: Any) -> dict[str, Any]:
    """Return what of a layer's configuration explains differences: numbers, words, and lists of them."""
    try:
        config = layer.get_config()
    except (NotImplementedError, TypeError, ValueError, AttributeError):
        return {}
    found: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, bool | int | float | str):
            found[key] = value
        elif isinstance(value, list | tuple) and all(isinstance(item, int) for item in value):
            found[key] = list(value)
    return found
