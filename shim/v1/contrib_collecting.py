"""What the functions of `tf.contrib.layers` share: collections of outputs and variables, names, sizes."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from onevar.core.constant import constant_value as static_value
from onevar.core.default_graph import add_to_collection, add_to_collections, get_collection, get_default_graph
from onevar.core.tensor_shape import TensorShape
from onevar.v1.common import dtype_of, is_tensor
from onevar.v1.contrib_variables import model_variable
from onevar.v1.control_flow_ops import cond
from onevar.v1.export import export
from onevar.v1.layers_state import parts_of
from onevar.v1.variables import Variable


@export("contrib.layers.utils.NamedOutputs")
class NamedOutputs(NamedTuple):
    """An output and its name."""

    name: str
    outputs: Any


@export("contrib.layers.utils.append_tensor_alias", "contrib.slim.utils.append_tensor_alias")
def append_tensor_alias(tensor: Any, alias: str) -> Any:
    """Give a tensor one more name, and return it.

    Args:
        tensor: The tensor.
        alias: The name; a last `/` is left out.
    """
    found = getattr(tensor, "aliases", None)
    if found is None:
        found = tensor.aliases = []
    found.append(alias.removesuffix("/"))
    return tensor


@export("contrib.layers.utils.get_tensor_aliases", "contrib.slim.utils.get_tensor_aliases")
def get_tensor_aliases(tensor: Any) -> list[str]:
    """Return the names that a tensor was given; its own if there are none.

    Args:
        tensor: The tensor.
    """
    return getattr(tensor, "aliases", None) or [tensor.name.removesuffix(":0")]


@export("contrib.layers.utils.gather_tensors_aliases", "contrib.slim.utils.gather_tensors_aliases")
def gather_tensors_aliases(tensors: Sequence[Any]) -> list[str]:
    """Return the names of all tensors.

    Args:
        tensors: The tensors.
    """
    return [alias for tensor in tensors for alias in get_tensor_aliases(tensor)]


@export("contrib.layers.utils.convert_collection_to_dict", "contrib.slim.utils.convert_collection_to_dict")
def convert_collection_to_dict(collection: str, clear_collection: bool = False) -> "OrderedDict[str, Any]":
    """Return the tensors of a collection by their names.

    Args:
        collection: The collection's name.
        clear_collection: Whether the collection is empty afterwards.
    """
    found = OrderedDict((alias, one) for one in get_collection(collection) for alias in get_tensor_aliases(one))
    if clear_collection:
        get_default_graph().clear_collection(collection)
    return found


@export("contrib.layers.utils.collect_named_outputs", "contrib.slim.utils.collect_named_outputs")
def collect_named_outputs(collections: Any, alias: str, outputs: Any) -> Any:
    """Add outputs to collections under a name, and return them.

    Args:
        collections: The collections' names, or None.
        alias: The name.
        outputs: A tensor.
    """
    if collections:
        append_tensor_alias(outputs, alias)
        add_to_collections(collections, outputs)
    return outputs


@export("contrib.layers.utils.get_variable_collections", "contrib.slim.utils.get_variable_collections")
def get_variable_collections(variables_collections: Any, name: str) -> Any:
    """Return the collections for one variable.

    Args:
        variables_collections: The collections, or a dictionary of them by the variables' names.
        name: Of the variable.
    """
    return variables_collections.get(name) if isinstance(variables_collections, dict) else variables_collections


@export("contrib.layers.utils.constant_value", "contrib.slim.utils.constant_value")
def constant_value(value_or_tensor_or_var: Any, dtype: Any = None) -> Any:
    """Return a value that is known now; None for a tensor or Variable that is not.

    Args:
        value_or_tensor_or_var: The value.
        dtype: What a tensor has to be of.

    Raises:
        ValueError: There is no value, or a tensor of another dtype.
    """
    value = value_or_tensor_or_var
    if value is None:
        raise ValueError("value_or_tensor_or_var cannot be None")
    if not is_tensor(value):
        return value
    if dtype and dtype_of(value) != dtype:
        raise ValueError(f"It has the wrong type {value.dtype} instead of {dtype}")
    return None if isinstance(value, Variable) else static_value(value)


@export("contrib.layers.utils.static_cond", "contrib.slim.utils.static_cond")
def static_cond(pred: Any, fn1: Callable[[], Any], fn2: Callable[[], Any]) -> Any:
    """Return what one of two functions returns.

    Args:
        pred: Which.
        fn1: The one.
        fn2: The other.

    Raises:
        TypeError: One cannot be called.
    """
    for name, function in (("fn1", fn1), ("fn2", fn2)):
        if not callable(function):
            raise TypeError(f"{name} must be callable.")
    return fn1() if pred else fn2()


@export("contrib.layers.utils.smart_cond", "contrib.slim.utils.smart_cond")
def smart_cond(pred: Any, fn1: Callable[[], Any], fn2: Callable[[], Any], name: str | None = None) -> Any:
    """As `static_cond` where `pred` is known now, otherwise as `tf.cond`.

    Args:
        pred: Which.
        fn1: The one.
        fn2: The other.
        name: For `tf.cond`.
    """
    known = constant_value(pred)
    return cond(pred, fn1, fn2, name=name) if known is None else static_cond(known, fn1, fn2)


def _size(shape: TensorShape, axis: int, min_rank: int) -> int:
    if shape.rank is None:
        raise ValueError("dims of shape must be known but is None")
    if shape.rank < min_rank:
        raise ValueError(f"rank of shape must be at least {min_rank} not: {shape.rank}")
    size = shape.as_list()[axis]
    if size is None:
        raise ValueError(f"dimension {axis} of shape must be known but is None: {shape}")
    return size


@export("contrib.layers.utils.channel_dimension", "contrib.slim.utils.channel_dimension")
def channel_dimension(shape: TensorShape, data_format: str, min_rank: int = 1) -> int:
    """Return the number of channels.

    Args:
        shape: A shape.
        data_format: `"channels_first"` or another.
        min_rank: How many axes there have to be.

    Raises:
        ValueError: It is not known, or there are fewer axes.
    """
    return _size(shape, 1 if data_format == "channels_first" else -1, min_rank)


@export("contrib.layers.utils.last_dimension", "contrib.slim.utils.last_dimension")
def last_dimension(shape: TensorShape, min_rank: int = 1) -> int:
    """Return the size of the last axis.

    Args:
        shape: A shape.
        min_rank: How many axes there have to be.

    Raises:
        ValueError: It is not known, or there are fewer axes.
    """
    return _size(shape, -1, min_rank)


@export("contrib.layers.utils.two_element_tuple", "contrib.slim.utils.two_element_tuple")
def two_element_tuple(int_or_tuple: Any) -> tuple[int, int]:
    """Return two integers.

    Args:
        int_or_tuple: Two, or one for both.

    Raises:
        ValueError: There are others.
    """
    if isinstance(int_or_tuple, int):
        return int_or_tuple, int_or_tuple
    if isinstance(int_or_tuple, list | tuple):
        if len(int_or_tuple) != 2:
            raise ValueError(f"Must be a list with 2 elements: {int_or_tuple}")
        return int(int_or_tuple[0]), int(int_or_tuple[1])
    if isinstance(int_or_tuple, TensorShape) and int_or_tuple.rank == 2:
        first, second = int_or_tuple.as_list()
        return first, second  # type: ignore[return-value]
    raise ValueError("Must be an int, a list with 2 elements or a TensorShape of length 2")


@export("contrib.layers.utils.n_positive_integers", "contrib.slim.utils.n_positive_integers")
def n_positive_integers(n: int, value: Any) -> tuple[int, ...]:
    """Return `n` integers.

    Args:
        n: How many.
        value: As many, or one for all.

    Raises:
        ValueError: There are others, or not all positive.
    """
    if int(n) < 1 or int(n) != n:
        raise ValueError("n must be a positive integer")
    try:
        values = (int(value),) * int(n)
    except (TypeError, ValueError):
        problem = f"Expected sequence of {int(n)} positive integers, but received {value!r}"
        try:
            values = tuple(int(x) for x in value)
        except (TypeError, ValueError):
            raise ValueError(problem) from None
        if len(values) != n:
            raise ValueError(problem) from None
    for x in values:
        if x < 1:
            raise ValueError(f"expected positive integer, but received {x}")
    return values


# -- what is not in contrib's own `utils` -----------------------------------------------------------


def model_getter(rename: dict[str, str] | None = None) -> Callable[..., Any]:
    """Return a custom getter that makes a layer's variables model variables, by contrib's names.

    Args:
        rename: The layer's names to contrib's.
    """

    def layer_getter(getter: Callable[..., Any], name: str, *args: Any, **kwargs: Any) -> Any:
        scope, _, last = name.rpartition("/")
        if rename and last in rename:
            name = f"{scope}/{rename[last]}" if scope else rename[last]
        for unused in ("reuse", "validate_shape", "constraint"):
            kwargs.pop(unused, None)
        make: Any = model_variable
        return make(name, *args, custom_getter=getter, **kwargs)

    return layer_getter


def collect_variable(variable: Any, collections: Any, name: str) -> None:
    """Add a variable, or its parts, to the collections for it, once.

    Args:
        variable: The variable.
        collections: As for `get_variable_collections`.
        name: The same.
    """
    for collection in get_variable_collections(collections, name) or ():
        for part in parts_of(variable):
            if not any(part is other for other in get_collection(collection)):
                add_to_collection(collection, part)


def finished(outputs: Any, activation_fn: Any, collections: Any, alias: str) -> Any:
    """Return outputs after their activation, as members of collections.

    Args:
        outputs: A tensor.
        activation_fn: A function of it, or None.
        collections: The collections' names, or None.
        alias: The name for them.
    """
    return collect_named_outputs(collections, alias, outputs if activation_fn is None else activation_fn(outputs))


def keras_data_format(data_format: str | None) -> str:
    """Return `"channels_first"` or `"channels_last"`.

    Args:
        data_format: `"NCHW"` and the like.
    """
    return "channels_first" if data_format and data_format.startswith("NC") else "channels_last"


def check_data_format(data_format: str, *allowed: str) -> None:
    """Raise where a data format is none of two.

    Args:
        data_format: The argument.
        *allowed: The two.

    Raises:
        ValueError: It is something else.
    """
    if data_format not in allowed:
        raise ValueError(f"data_format has to be either {' or '.join(allowed)}.")
