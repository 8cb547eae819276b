"""`tf.keras.backend` of TensorFlow 1: functions of graphs, which are v1's own, and the Session of Keras code."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

import onevar.v1 as tf
from onevar.core.context import executing_eagerly
from onevar.errors import Unsupported
from onevar.keras import sessions
from onevar.keras.graph_state import graph_state
from onevar.keras.v1_backend_nn import NAMES as NN_NAMES
from onevar.keras.v1_backend_nn import in_train_phase, static_shape
from onevar.keras.v1_backend_random import NAMES as RANDOM_NAMES

#: Functions of v1's own that take the same arguments in the same order.
_ALIASES = {
    "abs": "abs", "cos": "cos", "cumprod": "cumprod", "cumsum": "cumsum",
    "equal": "equal", "exp": "exp", "foldl": "foldl", "foldr": "foldr",
    "gather": "gather", "greater": "greater", "greater_equal": "greater_equal", "less": "less",
    "less_equal": "less_equal", "log": "log", "map_fn": "map_fn", "maximum": "maximum", "minimum": "minimum",
    "name_scope": "name_scope", "not_equal": "not_equal", "one_hot": "one_hot", "pow": "pow", "reshape": "reshape",
    "round": "round", "shape": "shape", "sigmoid": "sigmoid", "sign": "sign", "sin": "sin",
    "softplus": "nn.softplus", "softsign": "nn.softsign", "square": "square", "squeeze": "squeeze",
    "stack": "stack", "stop_gradient": "stop_gradient", "tanh": "tanh", "tile": "tile",
    "transpose": "transpose", "zeros_like": "zeros_like", "ones_like": "ones_like", "softmax": "nn.softmax",
    "max": "reduce_max", "min": "reduce_min", "prod": "reduce_prod", "sum": "reduce_sum",
}  # fmt: skip


def _alias(path: str) -> Any:
    value: Any = tf
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _floats(x: Any) -> Any:
    tensor = tf.convert_to_tensor(x)
    return tf.cast(tensor, keras.config.floatx()) if _dtype(tensor) in ("bool", "int32", "int64", "uint8") else tensor


def _dtype(x: Any) -> str:
    return keras.backend.standardize_dtype(x.dtype)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the mean; of integers and truth values as floats."""
    return tf.reduce_mean(_floats(x), axis, keepdims)


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the variance."""
    x = _floats(x)
    return tf.reduce_mean(tf.square(x - tf.reduce_mean(x, axis, True)), axis, keepdims)


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the standard deviation."""
    return tf.sqrt(var(x, axis, keepdims))


def all(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Say whether all are true."""
    return tf.reduce_all(tf.cast(x, tf.bool), axis, keepdims)


def any(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Say whether one is true."""
    return tf.reduce_any(tf.cast(x, tf.bool), axis, keepdims)


def sqrt(x: Any) -> Any:
    """Return the square root; of what is below zero, zero."""
    return tf.sqrt(tf.maximum(_floats(x), 0.0))


def argmax(x: Any, axis: int = -1) -> Any:
    """Return where the greatest is."""
    return tf.argmax(x, axis)


def argmin(x: Any, axis: int = -1) -> Any:
    """Return where the least is."""
    return tf.argmin(x, axis)


def expand_dims(x: Any, axis: int = -1) -> Any:
    """Return `x` with one more axis."""
    return tf.expand_dims(x, axis)


def clip(x: Any, min_value: Any, max_value: Any) -> Any:
    """Return `x` within bounds."""
    low = -np.inf if min_value is None else min_value
    high = np.inf if max_value is None else max_value
    return tf.clip_by_value(x, low, high if isinstance(low, tf.Tensor) or high >= low else low)


def cast(x: Any, dtype: Any) -> Any:
    """Return `x` as another dtype."""
    return tf.cast(x, dtype)


def cast_to_floatx(x: Any) -> Any:
    """Return an array, or a tensor, of Keras's dtype of floats."""
    return tf.cast(x, keras.config.floatx()) if isinstance(x, tf.Tensor) else np.asarray(x, keras.config.floatx())


def concatenate(tensors: Sequence[Any], axis: int = -1) -> Any:
    """Return tensors one after the other."""
    return tf.concat([tf.convert_to_tensor(x) for x in tensors], axis)


def flatten(x: Any) -> Any:
    """Return `x` with one axis."""
    return tf.reshape(x, [-1])


def batch_flatten(x: Any) -> Any:
    """Return `x` with one axis besides the batch's."""
    sizes = static_shape(x)[1:]
    return tf.reshape(x, [-1, int(np.prod(sizes)) if None not in sizes else tf.reduce_prod(tf.shape(x)[1:])])


def permute_dimensions(x: Any, pattern: Sequence[int]) -> Any:
    """Return `x` with its axes in another order."""
    return tf.transpose(x, pattern)


def repeat(x: Any, n: int) -> Any:
    """Return a matrix, each row `n` times below itself."""
    return tf.tile(tf.expand_dims(x, 1), [1, n, 1])


def repeat_elements(x: Any, rep: int, axis: int) -> Any:
    """Return `x` with each element along an axis `rep` times."""
    return tf.concat([part for part in tf.split(x, static_shape(x)[axis], axis) for _ in range(rep)], axis)


def reverse(x: Any, axes: Any) -> Any:
    """Return `x` backwards along some axes."""
    return tf.reverse(x, [axes] if isinstance(axes, int) else axes)


def arange(start: Any, stop: Any = None, step: int = 1, dtype: Any = "int32") -> Any:
    """Return numbers one after the other."""
    found = tf.range(start, delta=step) if stop is None else tf.range(start, stop, step)
    return found if dtype == "int32" else tf.cast(found, dtype)


def eye(size: int, dtype: Any = None, name: str | None = None) -> Any:
    """Return the variable that holds an identity matrix."""
    return variable(np.eye(size), dtype, name)


def ones(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Return the variable that holds ones."""
    return variable(np.ones(shape), dtype, name)


def zeros(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Return the variable that holds zeros."""
    return variable(np.zeros(shape), dtype, name)


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Any:
    """Return a constant, of Keras's dtype of floats if nothing is said."""
    return tf.constant(value, keras.config.floatx() if dtype is None else dtype, shape, name or "Const")


def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Any:
    """Return a v1 variable; `get_session` initializes it."""
    made = tf.Variable(
        np.asarray(value, keras.config.floatx() if dtype is None else tf.as_dtype(dtype).as_numpy_dtype),
        name=name, constraint=constraint, use_resource=True,
    )  # fmt: skip
    _own().append(made)
    return made


def _own() -> list[Any]:
    """Return the graph's variables that functions of this module made and no Session has initialized."""
    return tf.get_collection_ref("_keras_backend_variables")


def placeholder(
    shape: Any = None, ndim: int | None = None, dtype: Any = None, sparse: bool = False, name: str | None = None,
    ragged: bool = False,
) -> Any:  # fmt: skip
    """Return a placeholder."""
    if ragged:
        raise Unsupported("tf.keras.backend.placeholder(ragged=True): ragged tensors are not offered.")
    make = tf.sparse_placeholder if sparse else tf.placeholder
    sizes = [None] * ndim if shape is None and ndim is not None else shape
    return make(keras.config.floatx() if dtype is None else dtype, sizes, name)


def get_session(op_input_list: Any = ()) -> Any:
    """Return the Session of `onevar.keras.get_session`; what `variable` made has its initial value there."""
    session, waiting = sessions.get_session(op_input_list), _own()
    if waiting:
        new = [v for v in waiting if not session.slot(v).initialized]
        if new:
            session.run([v.initializer for v in new])
    return session


def get_value(x: Any) -> Any:
    """Return the value of a variable."""
    if isinstance(x, keras.Variable):
        return keras.ops.convert_to_numpy(x.value)
    return keras.ops.convert_to_numpy(x) if executing_eagerly() else get_session().run(x)


def batch_get_value(tensors: Sequence[Any]) -> list[Any]:
    """Return the values of variables."""
    return [get_value(x) for x in tensors]


def set_value(x: Any, value: Any) -> None:
    """Give a variable a value."""
    if isinstance(x, keras.Variable) or executing_eagerly():
        x.assign(value)
    elif not hasattr(x, "load"):
        raise TypeError(f"set_value(x, value): a variable is wanted. Received: {x!r}.")
    else:
        x.load(np.asarray(value, x.dtype.base_dtype.as_numpy_dtype), get_session())


def batch_set_value(tuples: Sequence[tuple[Any, Any]]) -> None:
    """Give variables values: pairs of a variable and its value."""
    for x, value in tuples:
        set_value(x, value)


def count_params(x: Any) -> int:
    """Return how many elements there are."""
    return int(np.prod(static_shape(x)))


def eval(x: Any) -> Any:
    """Return the value of a tensor or variable."""
    return get_value(x)


def update(x: Any, new_x: Any) -> Any:
    """Return what gives a variable a value when it runs."""
    return tf.assign(x, new_x)


def update_add(x: Any, increment: Any) -> Any:
    """Return what adds to a variable when it runs."""
    return tf.assign_add(x, increment)


def update_sub(x: Any, decrement: Any) -> Any:
    """Return what subtracts from a variable when it runs."""
    return tf.assign_sub(x, decrement)


def moving_average_update(x: Any, value: Any, momentum: float) -> Any:
    """Return what moves a variable towards a value when it runs."""
    return tf.assign_sub(x, (x - value) * (1.0 - momentum))


def gradients(loss: Any, variables: Any) -> list[Any]:
    """Return the derivatives of a loss."""
    return tf.gradients(loss, variables)


class Function:
    """What `tf.keras.backend.function` returns: called with values, it runs the Session.

    Args:
        inputs: Tensors that are fed.
        outputs: Tensors, or one, that are returned.
        updates: Operations that run too, or pairs of a variable and its new value.
        name: Accepted.
        **kwargs: Accepted, `options` and the like.
    """

    def __init__(self, inputs: Any, outputs: Any, updates: Any = None, name: str | None = None, **kwargs: Any):
        self.inputs = inputs
        self.single = not isinstance(outputs, list | tuple | dict)
        self.outputs = outputs
        self.updates = [update(*item) if isinstance(item, tuple) else item for item in updates or ()]

    def __call__(self, inputs: Any) -> Any:
        """Return the outputs for some inputs.

        Args:
            inputs: A value for each input; None for what need not be fed.
        """
        keys = self.inputs if isinstance(self.inputs, list | tuple) else [self.inputs]
        values = inputs if isinstance(inputs, list | tuple) else [inputs]
        pairs = zip(keys, values, strict=True)
        feeds = {key: value for key, value in pairs if value is not None and not isinstance(key, bool | int)}
        fetched, _ = get_session().run([self.outputs, self.updates], feeds)
        return fetched


def function(inputs: Any, outputs: Any, updates: Any = None, name: str | None = None, **kwargs: Any) -> Function:
    """Return a function that computes outputs from inputs; see `Function`."""
    return Function(inputs, outputs, updates, name, **kwargs)


def learning_phase() -> Any:
    """Return the placeholder that says whether layers train, or what `set_learning_phase` was given."""
    phase = graph_state().learning_phase()
    return int(phase) if isinstance(phase, bool) else phase


def set_learning_phase(value: Any) -> None:
    """Say for layers that are called from now on whether they train.

    Raises:
        ValueError: It is neither 0 nor 1.
    """
    if value not in (0, 1):
        raise ValueError("Expected learning phase to be 0 or 1.")
    graph_state().phase = bool(value)


class learning_phase_scope:  # noqa: N801 (TensorFlow's name)
    """Says inside a `with` block whether layers train.

    Args:
        value: 0 or 1.
    """

    def __init__(self, value: int):
        self.value = value

    def __enter__(self) -> "learning_phase_scope":
        self._before = graph_state().phase
        set_learning_phase(self.value)
        return self

    def __exit__(self, *error: Any) -> None:
        graph_state().phase = self._before


def dtype(x: Any) -> str:
    """Return the name of a dtype."""
    return _dtype(x)


def is_sparse(tensor: Any) -> bool:
    """Say whether it is a sparse tensor."""
    return isinstance(tensor, tf.SparseTensor)


def to_dense(tensor: Any) -> Any:
    """Return a sparse tensor as a dense one."""
    return tf.sparse_tensor_to_dense(tensor) if is_sparse(tensor) else tensor


def is_placeholder(x: Any) -> bool:
    """Say whether it is a placeholder."""
    return isinstance(x, tf.Tensor) and x.op.type in ("Placeholder", "PlaceholderWithDefault")


def print_tensor(x: Any, message: str = "") -> Any:
    """Return `x`, which is printed when it is computed."""
    return tf.Print(x, [x], message)


def get_graph() -> Any:
    """Return the default graph."""
    return tf.get_default_graph()


def manual_variable_initialization(value: bool) -> None:
    """Accept whether variables are initialized by hand: Keras's are there from the beginning."""


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """Return one of two, by a condition for all or for each element."""
    then, other = (x if callable(x) else (lambda x=x: x) for x in (then_expression, else_expression))
    condition = tf.convert_to_tensor(condition)
    if condition.shape.ndims == 0:
        return tf.cond(tf.cast(condition, tf.bool), then, other)
    chosen, rest = tf.convert_to_tensor(then()), tf.convert_to_tensor(other())
    for _ in range((chosen.shape.ndims or 0) - (condition.shape.ndims or 0)):
        condition = tf.expand_dims(condition, -1)
    return tf.where(tf.logical_and(tf.cast(condition, tf.bool), tf.ones_like(chosen, tf.bool)), chosen, rest)


def random_normal_variable(
    shape: Any, mean: float, scale: float, dtype: Any = None, name: str | None = None, seed: Any = None
) -> Any:
    """Return a variable of numbers of the normal distribution."""
    return variable(np.random.RandomState(seed).normal(mean, scale, shape), dtype, name)


def random_uniform_variable(
    shape: Any, low: float, high: float, dtype: Any = None, name: str | None = None, seed: Any = None
) -> Any:
    """Return a variable of numbers of the uniform distribution."""
    return variable(np.random.RandomState(seed).uniform(low, high, shape), dtype, name)


_CONFIG: dict[str, Callable[..., Any]] = {
    "backend": lambda: "tensorflow",  # which this is, for a program of TensorFlow 1
    "clear_session": sessions.clear_session,
    "epsilon": keras.config.epsilon,
    "floatx": keras.config.floatx,
    "get_uid": keras.backend.get_uid,
    "image_data_format": keras.config.image_data_format,
    "int_shape": lambda x: tuple(static_shape(x)),
    "is_keras_tensor": keras.backend.is_keras_tensor,
    "ndim": lambda x: len(static_shape(x)),
    "reset_uids": keras.utils.clear_session,
    "set_epsilon": keras.config.set_epsilon,
    "set_floatx": keras.config.set_floatx,
    "set_image_data_format": keras.config.set_image_data_format,
    "set_session": sessions.set_session,
}
_OWN = (
    mean, var, std, all, any, sqrt, argmax, argmin, expand_dims, clip, cast, cast_to_floatx, concatenate,
    flatten, batch_flatten,
    permute_dimensions, repeat, repeat_elements, reverse, arange, eye, ones, zeros, constant, variable, placeholder,
    get_session, get_value, batch_get_value, set_value, batch_set_value, count_params, eval, update, update_add,
    update_sub, moving_average_update, gradients, function, learning_phase, set_learning_phase,
    learning_phase_scope, dtype, is_sparse, to_dense, is_placeholder, print_tensor, get_graph,
    manual_variable_initialization, switch,
    random_normal_variable, random_uniform_variable, in_train_phase,
)  # fmt: skip
#: The names below `tf.keras.backend`.
NAMES: dict[str, Any] = {
    **{name: _alias(path) for name, path in _ALIASES.items()},
    **NN_NAMES,
    **RANDOM_NAMES,
    **_CONFIG,
    **{function.__name__: function for function in _OWN},
}
