"""Calls of Keras's functions on tensors of a v1 graph: each is one operation, that calls the function when it runs.

A function is rehearsed on stand-ins first, which tells what comes out and which variables it reads and writes. The
operation takes the variables' values as inputs, so that gradients flow to them, and hands out the new ones.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import keras
import numpy as np

from onevar.core.native_calls import NativeFunction, native_call
from onevar.core.operation import Tensor
from onevar.keras import internals
from onevar.keras.current import keras_adapter
from onevar.keras.graph_arguments import Arguments, outlines
from onevar.keras.native_mode import Native


class Watching(keras.StatelessScope):
    """Keras's scope without side effects; knows which variables were read and written.

    Args:
        values: Pairs of a variable and its value.

    Attributes:
        read: Variables by id.
        written: Variables by id.
        carried: Ids of variables that are written because what a tracked call returns depends on it.
        waiting: Ids of variables that a tracked call's `UPDATE_OPS` write.
    """

    def __init__(self, values: Sequence[tuple[Any, Any]] = ()):
        super().__init__(state_mapping=values, collect_losses=True, initialize_variables=False)
        self.read: dict[int, Any] = {}
        self.written: dict[int, Any] = {}
        self.carried: set[int] = set()
        self.waiting: set[int] = set()

    def get_current_value(self, variable: Any) -> Any:
        """Return the value that a variable has here, or None.

        Args:
            variable: A `keras.Variable`.
        """
        self.read.setdefault(id(variable), variable)
        return super().get_current_value(variable)

    def add_update(self, update: tuple[Any, Any]) -> None:
        """Take note of a write.

        Args:
            update: The variable and the value.
        """
        self.written.setdefault(id(update[0]), update[0])
        super().add_update(update)


class Results:
    """What a function returned, in parts: tensors with their masks, and what is no tensor.

    Args:
        structure: The value.
    """

    def __init__(self, structure: Any):
        leaves = keras.tree.flatten(structure)
        self.structure = structure
        self.leaves = leaves
        self.places = [at for at, leaf in enumerate(leaves) if _is_tensor(leaf)]
        self.tensors = [leaves[at] for at in self.places]
        self.masks = [internals.get_keras_mask(leaf) for leaf in self.tensors]

    def everything(self) -> list[Any]:
        """Return the tensors, then the masks that there are."""
        return [*self.tensors, *(mask for mask in self.masks if mask is not None)]

    def filled(self, values: Sequence[Any]) -> Any:
        """Return the structure with tensors of a graph, which have their masks.

        Args:
            values: One for each of `everything()`.
        """
        leaves = list(self.leaves)
        rest = iter(values[len(self.tensors) :])
        for at, value, mask in zip(self.places, values, self.masks, strict=False):
            if mask is not None:
                value._keras_mask = next(rest)
            leaves[at] = value
        return keras.tree.pack_sequence_as(self.structure, leaves)


def _is_tensor(leaf: Any) -> bool:
    return isinstance(leaf, keras.KerasTensor | keras.Variable) or keras.ops.is_tensor(leaf)


class Rehearsal:
    """One call of a function on stand-ins.

    Args:
        function: Called with `args` and `kwargs`, out of `arguments`.
        arguments: Of the structure `(args, kwargs)`.
        known: The outputs as stand-ins, where somebody knows more of their shapes than comes out here; or None.

    Attributes:
        results: What it returns, with stand-ins.
        losses: Stand-ins for what it adds with `add_loss`.
        scope: Which variables it reads and writes.
    """

    results: Results
    scope: Watching

    def __init__(self, function: Callable[..., Any], arguments: Arguments, known: Any = None):
        counts: list[int] = []

        def called(*values: Any) -> list[Any]:
            # Keras's stand-ins for NumPy are whatever is in memory, and no rows of an embedding have such numbers.
            args, kwargs = arguments.filled([np.zeros_like(v) if isinstance(v, np.ndarray) else v for v in values])
            with Native(), Watching() as scope:
                results = Results(function(*args, **kwargs))
            self.results, self.scope = results, scope
            tensors = [*map(_value, results.everything()), *scope.losses]
            counts[:] = [len(results.tensors), len(results.everything())]
            return tensors

        with np.errstate(all="ignore"):  # Keras rehearses on whatever is in memory, where it computes with NumPy
            found = internals.backend.compute_output_spec(called, *arguments.stand_ins())
        plain, masked = counts
        self.losses = found[masked:]
        self.scope.losses, self.scope.state_mapping = [], {}  # tensors of a trace that is over
        results = self.results
        if known is not None:
            better = [leaf for leaf in keras.tree.flatten(known) if isinstance(leaf, keras.KerasTensor)]
            found[:plain] = better if len(better) == plain else found[:plain]
        results.tensors = found[:plain]
        rest = iter(found[plain:masked])
        results.masks = [None if mask is None else next(rest) for mask in results.masks]
        results.leaves = [None if at in results.places else leaf for at, leaf in enumerate(results.leaves)]


def variable_stand_in(variable: Any) -> Any:
    """Return a `KerasTensor` for what a `keras.Variable` keeps.

    Args:
        variable: The variable.
    """
    return keras.KerasTensor(variable.shape, dtype=keras.backend.standardize_dtype(variable._dtype))


def _value(x: Any) -> Any:
    return x.value if isinstance(x, keras.Variable) else x


class Recording:
    """What an operation does when it runs.

    Args:
        function: What is called.
        arguments: Of the structure `(args, kwargs)`, or with a third part, keyword arguments that are host values.
        variables: What the function reads; their values are inputs, after the arguments'.
        written: Variables whose new values are results.
        moved: For each of these whether the difference to the old value is wanted.
        drawn: Variables that the operation itself writes.
    """

    def __init__(
        self, function: Callable[..., Any], arguments: Arguments, host: Arguments, variables: Sequence[Any],
        written: Sequence[Any] = (), moved: Sequence[bool] = (), drawn: Sequence[Any] = (),
    ):  # fmt: skip
        self.function, self.arguments, self.host = function, arguments, host
        self.variables, self.written, self.moved, self.drawn = variables, written, moved, drawn
        #: Where Keras has no 64-bit types now, it has none when the operation runs: random numbers depend on that.
        self.narrow = _is_narrow()
        self.foreseen = {id(variable) for variable in (*written, *drawn)}
        self.dtypes: list[str] = []
        self.losses = 0

    def __call__(self, inputs: list[Any], host: list[Any], state: list[Any]) -> list[Any]:
        """Call the function.

        Args:
            inputs: Values of the arguments' tensors and of the variables.
            host: Values of the arguments that are host values.
            state: References to the variables that are drawn from.
        """
        count = len(self.arguments.tensors)
        if self.narrow:
            inputs = [_narrowed(value) for value in inputs]
        args, kwargs = self.arguments.filled(inputs[:count])
        kwargs = {**kwargs, **self.host.filled([_scalar(value) for value in host])}
        with getattr(keras_adapter(), "narrow", nullcontext)() if self.narrow else nullcontext():
            found, scope = self._called(args, kwargs, inputs[count:], state)
        found = [_cast(value, dtype) for value, dtype in zip(found, self.dtypes, strict=True)]
        for variable, ref in zip(self.drawn, state, strict=True):
            if id(variable) in scope.written:
                ref.write(scope.get_current_value(variable))
        self._write_unforeseen(scope)
        return found

    def _called(
        self, args: tuple, kwargs: dict[str, Any], held: list[Any], state: list[Any]
    ) -> tuple[list[Any], Watching]:
        before = dict(zip(map(id, self.variables), held, strict=True))
        values = list(zip(self.variables, held, strict=True))
        values.extend((variable, ref.read()) for variable, ref in zip(self.drawn, state, strict=True))
        with Native(), Watching(values) as scope:
            results = Results(self.function(*args, **kwargs))
            found = [*map(_value, results.everything()), *self._losses(scope)]
            for variable, move in zip(self.written, self.moved, strict=True):
                new = scope.get_current_value(variable)
                found.append(keras.ops.subtract(new, before[id(variable)]) if move else new)
        return found, scope

    def _write_unforeseen(self, scope: Watching) -> None:
        """Write what the rehearsal did not: on torch's device without values nothing random is drawn.

        Raises:
            RuntimeError: It is no random generator that was written to.
        """
        if len(scope.written) <= len(self.foreseen) and scope.written.keys() <= self.foreseen:
            return
        for key, variable in scope.written.items():
            if key in self.foreseen:
                continue
            if variable.name != internals.SEED_STATE:
                raise RuntimeError(
                    f"{variable.path} is assigned in this run, and was not when the graph was built: a layer of a "
                    "graph has to update the same variables each time. Assign it in every call, or with tf.assign."
                )
            variable.assign(scope.get_current_value(variable))

    def _losses(self, scope: Watching) -> list[Any]:
        """Return as many losses as there are at most: some are added in training only."""
        return [*scope.losses, *(0.0 for _ in range(self.losses - len(scope.losses)))]

    def recorded(self, stand_ins: Sequence[Any], inputs: Sequence[Tensor], state: Sequence[Tensor], name: str) -> list:
        """Make the operation; return its results.

        Args:
            stand_ins: Of all results.
            inputs: Tensors of the variables.
            state: Handles of the variables that are drawn from.
            name: Of the operation.
        """
        what = outlines(stand_ins)
        self.dtypes = [dtype for _, dtype in what]
        function = NativeFunction(self, keras.backend.backend(), what, f"Keras ({name})")
        return native_call(function, [*self.arguments.tensors, *inputs], self.host.tensors, state, name)


def _is_narrow() -> bool:
    """Say whether Keras has no 64-bit types, though its framework may."""
    if not hasattr(keras_adapter(), "narrow"):
        return False
    return keras.backend.standardize_dtype(keras.ops.convert_to_tensor(np.zeros((), "int64")).dtype) != "int64"


_HALVES = {"int64": "int32", "uint64": "uint32", "float64": "float32"}


def _narrowed(value: Any) -> Any:
    dtype = _HALVES.get(keras.backend.standardize_dtype(value.dtype))
    return value if dtype is None else keras_adapter().astype(value, dtype)


def _scalar(value: Any) -> Any:
    """Return a host value as Python's own where it is one number: what Keras branches on."""
    return value.item() if value.ndim == 0 else value.tolist() if value.ndim == 1 else value


def _cast(value: Any, dtype: str) -> Any:
    value = keras.ops.convert_to_tensor(value, sparse=False)
    return value if keras.backend.standardize_dtype(value.dtype) == dtype else keras.ops.cast(value, dtype)
