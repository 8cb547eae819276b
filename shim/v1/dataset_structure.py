"""Elements of datasets: nested structures in which a list is a tensor, not a structure; and their flat tensors."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.dtype import DType, as_dtype
from onevar.core.literals import array_of
from onevar.core.name_scope import name_scope
from onevar.core.operation import Tensor
from onevar.core.registry import adapter_of
from onevar.core.tensor_shape import TensorShape
from onevar.v1.sparse_types import SparseTensor, SparseTensorValue
from onevar.v1.type_specs import SparseTensorSpec, TensorSpec, TypeSpec, spec_of


def nested(value: Any) -> bool:
    """Whether a value is a structure: a tuple, a namedtuple or a mapping.

    Args:
        value: Anything.
    """
    return (isinstance(value, tuple | Mapping) and not isinstance(value, SparseTensorValue)) or _has_attrs(value)


def _has_attrs(value: Any) -> bool:
    """Whether it is an instance of a class of the package attrs."""
    return hasattr(type(value), "__attrs_attrs__")


def flat(structure: Any) -> list[Any]:
    """Return the leaves of a structure, in order.

    Args:
        structure: The structure.
    """
    if not nested(structure):
        return [structure]
    return [leaf for item in _items(structure) for leaf in flat(item)]


def _items(structure: Any) -> list[Any]:
    if isinstance(structure, Mapping):
        return [structure[key] for key in sorted(structure)]
    if _has_attrs(structure):
        return [getattr(structure, attr.name) for attr in type(structure).__attrs_attrs__]
    return list(structure)


def packed(structure: Any, leaves: Sequence[Any]) -> Any:
    """Return a structure like `structure` of other leaves.

    Args:
        structure: The structure.
        leaves: As many as it has.

    Raises:
        ValueError: There are more or fewer of them.
    """
    wanted = len(flat(structure))
    if wanted != len(leaves):
        raise ValueError(
            f"Could not pack sequence. Structure had {wanted} elements, but flat_sequence had {len(leaves)} elements. "
            f"Structure: {structure}, flat_sequence: {leaves}."
        )
    remaining = iter(leaves)
    return _packed(structure, remaining)


def _packed(structure: Any, leaves: Any) -> Any:
    if not nested(structure):
        return next(leaves)
    if isinstance(structure, Mapping):
        made = {key: _packed(structure[key], leaves) for key in sorted(structure)}
        ordered = {key: made[key] for key in structure}
        return _mapping_like(structure, ordered)
    items = [_packed(item, leaves) for item in _items(structure)]
    if _has_attrs(structure):
        return type(structure)(*items)
    return type(structure)(*items) if hasattr(structure, "_fields") else type(structure)(items)


def _mapping_like(structure: Mapping, items: dict) -> Any:
    if type(structure) is dict:
        return items
    if hasattr(structure, "default_factory"):
        return type(structure)(structure.default_factory, items)  # type: ignore[call-arg]
    return type(structure)(items)  # type: ignore[call-arg]


def mapped(function: Callable[..., Any], structure: Any, *others: Any, check_types: bool = True) -> Any:
    """Return a structure of `function` of each leaf and of what is in its place in `others`.

    Args:
        function: Of the leaves.
        structure: The structure.
        *others: Structures that reach at least as deep.
        check_types: Accepted.
    """
    columns = [flat(structure), *(flat_up_to(structure, other) for other in others)]
    return packed(structure, [function(*leaves) for leaves in zip(*columns, strict=True)])


def flat_up_to(shallow: Any, structure: Any) -> list[Any]:
    """Return what is in `structure` where `shallow` has leaves.

    Args:
        shallow: A structure.
        structure: One that reaches at least as deep.

    Raises:
        TypeError: A sequence or mapping is missing where `shallow` has one.
        ValueError: One has another length or other keys.
    """
    if not nested(shallow):
        return [structure]
    if isinstance(structure, list) and not isinstance(shallow, Mapping):
        structure = tuple(structure)
    if not nested(structure) or isinstance(structure, Mapping) != isinstance(shallow, Mapping):
        raise TypeError(
            f"If shallow structure is a sequence, input must also be a sequence. Input has type: "
            f"'{type(structure).__name__}'."
        )
    sizes = len(_items(structure)), len(_items(shallow))
    if sizes[0] != sizes[1]:
        raise ValueError(
            f"The two structures don't have the same sequence length. Input structure has length {sizes[0]}, "
            f"while shallow structure has length {sizes[1]}."
        )
    if isinstance(shallow, Mapping):
        if set(shallow) != set(structure):
            raise ValueError(
                f"The two structures don't have the same keys. Input structure has keys {list(structure)}, while "
                f"shallow structure has keys {list(shallow)}."
            )
        pairs = [(shallow[key], structure[key]) for key in sorted(shallow)]
    else:
        pairs = list(zip(_items(shallow), _items(structure), strict=True))
    return [leaf for inner, outer in pairs for leaf in flat_up_to(inner, outer)]


_UNLIKE = "The two structures don't have the same nested structure.\n\nFirst structure: {}\n\nSecond structure: {}"


def mapped_up_to(shallow: Any, function: Callable[..., Any], *structures: Any) -> Any:
    """Return a structure like `shallow` of `function` of what is in the place of each of its leaves.

    Args:
        shallow: A structure.
        function: Of what is there.
        *structures: Structures that reach at least as deep.
    """
    columns = [flat_up_to(shallow, structure) for structure in structures]
    made = [function(*leaves) for leaves in zip(*columns, strict=True)]
    return packed(shallow, made) if nested(shallow) else made[0]


def check_same(first: Any, second: Any, check_types: bool = True) -> None:
    """Raise where two structures are not alike.

    Args:
        first: The one.
        second: The other.
        check_types: Whether their types have to be the same.

    Raises:
        TypeError: A sequence of one is of another type than that of the other.
        ValueError: They have other numbers of leaves or levels.
    """
    if nested(first) != nested(second):
        raise ValueError(_UNLIKE.format(first, second))
    if not nested(first):
        return
    maps = isinstance(first, Mapping) and isinstance(second, Mapping)
    if check_types and type(first) is not type(second) and not maps:
        raise TypeError(_UNLIKE.format(first, second))
    items = list(zip(_items(first), _items(second), strict=False))
    if len(_items(first)) != len(_items(second)) or (isinstance(first, Mapping) and set(first) != set(second)):
        raise ValueError(_UNLIKE.format(first, second))
    for one, other in items:
        check_same(one, other, check_types)


def tensor_of(value: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Return a value as a tensor of the graph; eagerly as an array, for datasets are made on the host.

    Args:
        value: What makes a tensor.
        dtype: Its dtype, or None.
        name: Of the tensor.
    """
    if not executing_eagerly():
        return convert_to_tensor(value, dtype, name=name)
    if isinstance(value, np.ndarray) and dtype is None and value.dtype == object:
        return value
    owner = None if isinstance(value, np.ndarray | np.generic | list | tuple) else adapter_of(value)
    if owner is None:
        return array_of(value, None if dtype is None else as_dtype(dtype))
    array = owner.to_numpy(value)
    return array if dtype is None else array.astype(as_dtype(dtype).as_numpy_dtype)


# -- elements and what describes them ------------------------------------------------------------------


def normalized(element: Any, signature: Any = None) -> Any:
    """Return an element whose leaves are tensors, sparse tensors or datasets.

    Args:
        element: The element.
        signature: What describes it, or None.
    """
    specs = None if signature is None else flat(signature)
    leaves = flat(element) if signature is None else flat_up_to(signature, element)
    made = []
    with name_scope("normalize_element", "normalize_element"):
        for at, leaf in enumerate(leaves):
            made.append(_normalized(leaf, at, None if specs is None else specs[at]))
    return packed(element if signature is None else signature, made)


def _normalized(leaf: Any, at: int, spec: Any) -> Any:
    found = spec_of(leaf)
    if isinstance(found, SparseTensorSpec):
        return _sparse_again(leaf)
    if found is not None and not isinstance(found, TensorSpec):
        return leaf
    return tensor_of(leaf, getattr(spec, "dtype", None), name=f"component_{at}")


def _sparse_again(value: Any) -> SparseTensor:
    if isinstance(value, SparseTensorValue):
        return SparseTensor.from_value(value)
    return SparseTensor(value.indices, value.values, value.dense_shape)


def spec_of_element(element: Any) -> Any:
    """Return the structure of descriptions of an element.

    Args:
        element: The element.

    Raises:
        TypeError: Something in it cannot be described.
    """
    specs = [_leaf_spec(leaf) for leaf in flat(element)]
    return packed(element, specs) if nested(element) else specs[0]


def _leaf_spec(leaf: Any) -> TypeSpec:
    found = spec_of(leaf)
    if found is not None:
        return found
    try:
        tensor = tensor_of(leaf)
    except (TypeError, ValueError):
        raise TypeError(f"Could not build a `TypeSpec` for {leaf} with type {type(leaf).__name__}") from None
    return (
        TensorSpec(tensor.shape, tensor.dtype.base_dtype)
        if isinstance(tensor, Tensor)
        else TensorSpec.from_tensor(tensor)
    )


def flat_types(spec: Any) -> list[DType]:
    """Return the dtypes of the flat tensors of elements.

    Args:
        spec: What describes them.
    """
    return [dtype for leaf in flat(spec) for dtype in leaf._flat_types]


def flat_shapes(spec: Any) -> list[TensorShape]:
    """Return what is known of the shapes of the flat tensors of elements.

    Args:
        spec: What describes them.
    """
    return [shape for leaf in flat(spec) for shape in leaf._flat_shapes]


def to_flat(spec: Any, element: Any, rows: bool = False) -> list[Any]:
    """Return the flat tensors of an element.

    Args:
        spec: What describes it.
        element: The element.
        rows: Whether it is many elements, one for each row.

    Raises:
        ValueError: A tensor is not of the described kind.
    """
    out: list[Any] = []
    for leaf_spec, leaf in zip(flat(spec), flat_up_to(spec, element), strict=True):
        if isinstance(leaf_spec, TensorSpec):
            leaf = _checked(leaf_spec, leaf)
        out.extend(leaf_spec._to_flat_batch(leaf) if rows else leaf_spec._to_flat(leaf))
    return out


def _checked(spec: TensorSpec, value: Any) -> Any:
    try:
        tensor = tensor_of(value, spec.dtype)
    except (TypeError, ValueError):
        tensor = None
    if tensor is None or (isinstance(tensor, Tensor) and not tensor.shape.is_compatible_with(spec.shape)):
        raise ValueError(
            f"Value {value} is not convertible to a tensor with dtype {spec.dtype} and shape {spec.shape}."
        )
    return tensor


def from_flat(spec: Any, tensors: Sequence[Any]) -> Any:
    """Return the element of some flat tensors.

    Args:
        spec: What describes it.
        tensors: The tensors.

    Raises:
        ValueError: There are more or fewer of them than there should be.
    """
    leaves = flat(spec)
    wanted = sum(len(leaf._flat_types) for leaf in leaves)
    if wanted != len(tensors):
        raise ValueError(f"Expected {wanted} tensors but got {len(tensors)}.")
    remaining = iter(tensors)
    made = [leaf._from_flat([next(remaining) for _ in leaf._flat_types]) for leaf in leaves]
    return packed(spec, made) if nested(spec) else made[0]


def compatible(first: Any, second: Any) -> bool:
    """Whether two descriptions of elements may describe the same element.

    Args:
        first: The one.
        second: The other.
    """
    try:
        pairs = list(zip(flat(first), flat_up_to(first, second), strict=True))
    except (TypeError, ValueError):
        return False
    return all(isinstance(b, TypeSpec) and a.is_compatible_with(b) and b.is_compatible_with(a) for a, b in pairs)


def from_legacy(types: Any, shapes: Any = None, classes: Any = None) -> Any:
    """Return the description of elements by their dtypes, shapes and classes.

    Args:
        types: A structure of dtypes.
        shapes: One of shapes, or None: nothing is known.
        classes: One of classes, or None: all are tensors.

    Raises:
        TypeError: There is a class that datasets do not hold.
    """
    leaves = flat(types)
    all_shapes = [None] * len(leaves) if shapes is None else flat_up_to(types, shapes)
    all_classes = [Tensor] * len(leaves) if classes is None else flat_up_to(types, classes)
    made = [_by_class(*parts) for parts in zip(leaves, all_shapes, all_classes, strict=True)]
    return packed(types, made) if nested(types) else made[0]


def _by_class(dtype: Any, shape: Any, kind: Any) -> TypeSpec:
    if isinstance(kind, TypeSpec):
        return kind
    if isinstance(kind, type) and issubclass(kind, SparseTensor):
        return SparseTensorSpec(shape, dtype)
    if isinstance(kind, type) and issubclass(kind, Tensor):
        return TensorSpec(shape, dtype)
    raise TypeError(
        f"Could not build a structure for output class {getattr(kind, '__name__', kind)}. Make sure any component "
        "class in `output_classes` inherits from one of the following classes: `tf.TypeSpec`, "
        "`tf.sparse.SparseTensor`, `tf.Tensor`, `tf.TensorArray`."
    )


def legacy(spec: Any, what: str) -> Any:
    """Return the `"types"`, `"shapes"` or `"classes"` of elements.

    Args:
        spec: What describes them.
        what: Which of these.
    """
    return mapped(lambda leaf: leaf._legacy(what), spec)


def TensorStructure(dtype: Any, shape: Any) -> TensorSpec:  # noqa: N802 (TensorFlow's name)
    """Return `TensorSpec(shape, dtype)`.

    Args:
        dtype: The dtype.
        shape: The shape.
    """
    return TensorSpec(shape, dtype)


def SparseTensorStructure(dtype: Any, shape: Any) -> SparseTensorSpec:  # noqa: N802 (TensorFlow's name)
    """Return `SparseTensorSpec(shape, dtype)`.

    Args:
        dtype: The dtype.
        shape: The shape.
    """
    return SparseTensorSpec(shape, dtype)
