"""What all recurrent cells have in common: `tf.nn.rnn_cell.RNNCell`, states of zeros, `LSTMStateTuple`."""

import collections
from collections.abc import Callable, Iterable
from typing import Any

from onevar.core.constant import constant_value
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.dtype import as_dtype, int32
from onevar.core.name_scope import name_scope
from onevar.core.nest import flatten, map_structure
from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_create import constant, zeros
from onevar.v1.array_ops_shape import concat, expand_dims, shape
from onevar.v1.common import dims_of, dtype_of, is_tensor, rank_of, set_shape
from onevar.v1.export import export
from onevar.v1.layers_base import Layer
from onevar.v1.partitioned_variable import PartitionedVariable
from onevar.v1.scope_object import get_variable_scope
from onevar.v1.variable_collections import trainable_variables
from onevar.v1.variable_scopes import variable_scope

#: The names of a cell's variables, as checkpoints have them.
KERNEL, BIAS = "kernel", "bias"


def joined(prefix: Any, suffix: Any) -> Any:
    """Return the shape `prefix + suffix` as a tensor.

    Args:
        prefix: The first sizes: an int, a TensorShape, or a scalar or vector tensor.
        suffix: The last ones.

    Raises:
        ValueError: A tensor is neither scalar nor vector, or a size is not known and no tensor.
    """
    first, last = _as_vector(prefix, "Prefix"), _as_vector(suffix, "suffix")
    if first is None or last is None:
        raise ValueError(f"Prefix or suffix can't be None. Received prefix = {prefix} and suffix = {suffix}")
    return concat((first, last), 0)


def _as_vector(size: Any, which: str) -> Any:
    if is_tensor(size):
        rank = rank_of(size)
        if rank == 0:
            return expand_dims(size, 0)
        if rank != 1:
            raise ValueError(f"{which} tensor must be either a scalar or vector, but received tensor: {size}")
        return size
    known = TensorShape(size)
    return constant(known.as_list(), int32) if known.is_fully_defined() else None


def joined_statically(prefix: Any, suffix: Any) -> list[int | None] | None:
    """Return what is known of the shape `prefix + suffix` while the graph is built.

    Args:
        prefix: As for `joined`, or None: one size that is not known.
        suffix: As for `joined`.
    """
    # TensorFlow makes the tensors here, too, and drops them: later operations are numbered accordingly.
    first, last = (_known(size, which) for size, which in ((prefix, "Prefix"), (suffix, "suffix")))
    both = TensorShape(first).concatenate(last)
    return None if both.rank is None else both.as_list()


def _known(size: Any, which: str) -> list[int | None] | None:
    _as_vector(size, which)
    if is_tensor(size):
        value = constant_value(size)
        return None if value is None else [int(n) for n in value.reshape(-1)]
    known = TensorShape(size)
    return None if known.rank is None else known.as_list()


def zero_state_tensors(state_size: Any, batch_size: Any, dtype: Any) -> Any:
    """Return zeros of the structure of a cell's `state_size`.

    Args:
        state_size: Ints, TensorShapes, or structures of them.
        batch_size: An int or a scalar tensor.
        dtype: Of the zeros.
    """
    return map_structure(lambda size: _zeros(batch_size, size, dtype), state_size)


def _zeros(batch_size: Any, size: Any, dtype: Any) -> Any:
    result = zeros(joined(batch_size, size), dtype=dtype)
    if not executing_eagerly():
        set_shape(result, joined_statically(batch_size, size))
    return result


def check_supported_dtypes(*dtypes: Any) -> None:
    """Raise where a cell cannot compute in one of `dtypes`.

    Args:
        *dtypes: What `as_dtype` takes; None is passed over.

    Raises:
        ValueError: One is neither real nor complex floating point.
    """
    for given in dtypes:
        if given is None:
            continue
        dtype = as_dtype(given)
        if not (dtype.is_floating or dtype.is_complex):
            raise ValueError(f"RNN cell only supports floating point inputs, but received dtype: {dtype}")


def check_inputs(inputs: Any) -> None:
    """Raise where a cell is given tensors that it cannot compute with.

    Args:
        inputs: A structure of tensors.
    """
    check_supported_dtypes(*[dtype_of(tensor) for tensor in flatten(inputs)])


def input_depth(input_shape: Any) -> int:
    """Return the last size of a shape that a cell is built for.

    Args:
        input_shape: What `TensorShape` takes.

    Raises:
        ValueError: It is not known.
    """
    dims = TensorShape(input_shape)
    sizes = None if dims.rank is None else dims.as_list()
    if not sizes or sizes[-1] is None:
        raise ValueError(f"Expected inputs.shape[-1] to be known, received shape: {_shown(sizes)}")
    return sizes[-1]


def _shown(sizes: Iterable[int | None] | None) -> Any:
    return None if sizes is None else tuple(sizes)


def assert_like_rnncell(cell_name: str, cell: Any) -> None:
    """Raise where something lacks what a recurrent cell has.

    Args:
        cell_name: The argument that it was given for.
        cell: The cell.

    Raises:
        TypeError: It is no cell.
    """
    missing = [
        said
        for there, said in (
            (hasattr(cell, "output_size"), "'output_size' property is missing"),
            (hasattr(cell, "state_size"), "'state_size' property is missing"),
            (
                hasattr(cell, "get_initial_state") or hasattr(cell, "zero_state"),
                "either 'zero_state' or 'get_initial_state' method is required",
            ),
            (callable(cell), "is not callable"),
        )
        if not there
    ]
    if missing:
        raise TypeError(f"The argument {cell_name!r} ({cell}) is not an RNNCell: {', '.join(missing)}.")


_Pair = collections.namedtuple("LSTMStateTuple", ("c", "h"))  # type: ignore[name-match]


@export("nn.rnn_cell.LSTMStateTuple", "contrib.rnn.LSTMStateTuple")
class LSTMStateTuple(_Pair):
    """The state of an LSTM cell: what it remembers, `c`, and what it put out last, `h`."""

    __slots__ = ()

    @property
    def dtype(self) -> Any:
        """The dtype of both.

        Raises:
            TypeError: They differ.
        """
        c, h = self
        if c.dtype != h.dtype:
            raise TypeError(f"Inconsistent dtypes for internal state: {c.dtype} vs {h.dtype}")
        return c.dtype


@export("nn.rnn_cell.RNNCell", "contrib.rnn.RNNCell")
class RNNCell(Layer):
    """A recurrent cell: `output, new_state = cell(inputs, state)`.

    A class of one's own has the properties `state_size` and `output_size` and a method `call(inputs, state)`, which
    may make variables by `tf.get_variable`.

    Args:
        trainable: Whether its variables are.
        name: Of the layer.
        dtype: Of its variables; None takes that of the first input.
        **kwargs: What the base of all layers takes.
    """

    def __init__(self, trainable: bool = True, name: str | None = None, dtype: Any = None, **kwargs: Any):
        super().__init__(trainable=trainable, name=name, dtype=dtype, **kwargs)
        # TensorFlow's own wrappers and layers tell cells of this kind from Keras' by it.
        self._is_tf_rnn_cell = True

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:  # type: ignore[override]
        """Take one step.

        Args:
            inputs: Tensor of shape `(batch, depth)`.
            state: A structure of tensors like `state_size`, each of shape `(batch, size)`.
            scope: A variable scope for the variables, or its name.

        Returns:
            What the cell puts out, and its new state.
        """
        if scope is not None:
            with variable_scope(scope, custom_getter=self._rnn_get_variable) as entered:
                return super().__call__(inputs, state, scope=entered)
        kept = getattr(self, "rnncell_scope", None)
        if kept is None:
            # Made once: where the cell was called first is where its variables are.
            kept = self.rnncell_scope = variable_scope(get_variable_scope(), custom_getter=self._rnn_get_variable)
        with kept:
            return super().__call__(inputs, state)

    def _rnn_get_variable(self, getter: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Keep a list of the variables that `tf.get_variable` makes in the cell."""
        variable = getter(*args, **kwargs)
        trainable = _is_trainable(variable)
        known = self._trainable_weights if trainable else self._non_trainable_weights
        if all(variable is not other for other in known):
            known.append(variable)
        return variable

    @property
    def state_size(self) -> Any:
        """The sizes of the states: an int, a TensorShape, or a structure of them.

        Raises:
            NotImplementedError: The class has none.
        """
        raise NotImplementedError("Abstract method")

    @property
    def output_size(self) -> Any:
        """The size of what it puts out: an int or a TensorShape.

        Raises:
            NotImplementedError: The class has none.
        """
        raise NotImplementedError("Abstract method")

    def get_initial_state(self, inputs: Any = None, batch_size: Any = None, dtype: Any = None) -> Any:
        """Return `zero_state`, for the batch and dtype of `inputs` where there are any.

        Args:
            inputs: A tensor of shape `(batch, ...)`.
            batch_size: An int or a scalar tensor.
            dtype: Of the state.

        Raises:
            ValueError: Batch size or dtype are missing, or are others than those of `inputs`.
        """
        if inputs is not None:
            batch_size, dtype = _of_inputs(inputs, batch_size, dtype)
        if batch_size is None or dtype is None:
            raise ValueError(
                "batch_size and dtype cannot be None while constructing initial state: "
                f"batch_size={batch_size}, dtype={dtype}"
            )
        return self.zero_state(batch_size, dtype)

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Return a state of zeros.

        Args:
            batch_size: An int or a scalar tensor.
            dtype: Of the state.
        """
        with name_scope(f"{type(self).__name__}ZeroState"):
            return zero_state_tensors(self.state_size, batch_size, dtype)


def _is_trainable(variable: Any) -> bool:
    if executing_eagerly():
        return bool(variable.trainable)
    known = trainable_variables()
    first = next(iter(variable)) if isinstance(variable, PartitionedVariable) else variable
    return any(first is other for other in known)


def _of_inputs(inputs: Any, batch_size: Any, dtype: Any) -> tuple[Any, Any]:
    inputs = convert_to_tensor(inputs, name="inputs")
    dims = dims_of(inputs)
    first = dims[0] if dims else None
    if batch_size is not None:
        known = constant_value(batch_size) if is_tensor(batch_size) else batch_size
        if first != (None if known is None else int(known)):
            raise ValueError(
                "batch size from input tensor is different from the input param. "
                f"Input tensor batch: {first}, batch_size: {batch_size}"
            )
    if dtype is not None and dtype_of(inputs) != as_dtype(dtype):
        raise ValueError(
            "dtype from input tensor is different from the input param. "
            f"Input tensor dtype: {dtype_of(inputs)}, dtype: {dtype}"
        )
    return first or shape(inputs)[0], dtype_of(inputs)


class LayerRNNCell(RNNCell):
    """A cell whose variables are made by `build`, as any layer's are, not by `tf.get_variable` in `call`."""

    def __call__(self, inputs: Any, state: Any, scope: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Take one step; see `RNNCell`.

        Args:
            inputs: The same.
            state: The same.
            scope: The same.
            *args: Handed to `call`.
            **kwargs: The same.
        """
        return Layer.__call__(self, inputs, state, *args, scope=scope, **kwargs)
