"""How features are to be parsed: `tf.FixedLenFeature`, `tf.VarLenFeature` and others; what an op needs of them."""

import re
from collections import namedtuple
from collections.abc import Iterable, Mapping
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.constant import constant
from onevar.core.conversion import convert_to_tensor
from onevar.core.tensor_shape import TensorShape, as_shape
from onevar.errors import Unsupported
from onevar.v1.array_ops_shape import reshape
from onevar.v1.export import export


@export("VarLenFeature", "io.VarLenFeature")
class VarLenFeature(namedtuple("VarLenFeature", ["dtype"])):
    """A feature with any number of values, which becomes a `SparseTensor`.

    Args:
        dtype: Of the values.
    """

    __slots__ = ()


@export("io.RaggedFeature")
class RaggedFeature(namedtuple("RaggedFeature", ["dtype", "value_key", "partitions", "row_splits_dtype", "validate"])):
    """A feature that TensorFlow makes a `RaggedTensor` of; here it can be described, not parsed.

    Args:
        dtype: Of the values.
        value_key: The feature's name, if it is another.
        partitions: How it is divided further.
        row_splits_dtype: Of the row splits.
        validate: Whether to check them.
    """

    __slots__ = ()
    # TensorFlow's partitions, by the names that programs use.
    RowSplits = namedtuple("RowSplits", ["key"])
    RowLengths = namedtuple("RowLengths", ["key"])
    RowStarts = namedtuple("RowStarts", ["key"])
    RowLimits = namedtuple("RowLimits", ["key"])
    ValueRowIds = namedtuple("ValueRowIds", ["key"])
    UniformRowLength = namedtuple("UniformRowLength", ["length"])

    def __new__(
        cls, dtype: Any, value_key: str | None = None, partitions: Any = (), row_splits_dtype: Any = dtypes.int32,
        validate: bool = False,
    ) -> "RaggedFeature":  # fmt: skip
        """Fill in what is not given."""
        return super().__new__(cls, dtype, value_key, tuple(partitions), row_splits_dtype, validate)


@export("SparseFeature", "io.SparseFeature")
class SparseFeature(namedtuple("SparseFeature", ["index_key", "value_key", "dtype", "size", "already_sorted"])):
    """Two features that become one `SparseTensor`: indices and values.

    Args:
        index_key: The name of the feature with the indices, or a list of names, one for each dimension.
        value_key: The name of the feature with the values.
        dtype: Of the values.
        size: How large the dimension is; a list for a list of names.
        already_sorted: Whether the indices are in order.
    """

    __slots__ = ()

    def __new__(
        cls, index_key: Any, value_key: str, dtype: Any, size: Any, already_sorted: bool = False
    ) -> "SparseFeature":
        """Fill in what is not given."""
        return super().__new__(cls, index_key, value_key, dtype, size, already_sorted)


@export("FixedLenFeature", "io.FixedLenFeature")
class FixedLenFeature(namedtuple("FixedLenFeature", ["shape", "dtype", "default_value"])):
    """A feature with a known number of values, which becomes a dense tensor.

    Args:
        shape: Of an example's values.
        dtype: Of the values.
        default_value: What stands for it in examples that have it not; None: it has to be there.
    """

    __slots__ = ()

    def __new__(cls, shape: Any, dtype: Any, default_value: Any = None) -> "FixedLenFeature":
        """Fill in what is not given."""
        return super().__new__(cls, shape, dtype, default_value)


@export("FixedLenSequenceFeature", "io.FixedLenSequenceFeature")
class FixedLenSequenceFeature(
    namedtuple("FixedLenSequenceFeature", ["shape", "dtype", "allow_missing", "default_value"])
):
    """A feature with any number of rows of one shape, which becomes a dense tensor, padded.

    Args:
        shape: Of a row.
        dtype: Of the values.
        allow_missing: Whether it may be missing.
        default_value: What shorter ones are padded with.
    """

    __slots__ = ()

    def __new__(
        cls, shape: Any, dtype: Any, allow_missing: bool = False, default_value: Any = None
    ) -> "FixedLenSequenceFeature":
        """Fill in what is not given."""
        return super().__new__(cls, shape, dtype, allow_missing, default_value)


Features = Mapping[str, Any]
ALL_KINDS = (VarLenFeature, SparseFeature, FixedLenFeature, FixedLenSequenceFeature, RaggedFeature)


class ParseParams:
    """Names, types, shapes and defaults of features, as ops that parse them take them.

    Args:
        features: By name; None for none.
        kinds: Which kinds of features there may be.

    Attributes:
        sparse_keys: Names of those that become sparse.
        sparse_types: Their dtypes.
        dense_keys: Names of those that become dense.
        dense_types: Their dtypes.
        dense_shapes: Their shapes.
        dense_defaults: What stands for them, by name.

    Raises:
        ValueError: A feature is of another kind, or says too little of itself, or contradicts another.
    """

    def __init__(self, features: Features | None, kinds: tuple[type, ...]):
        self.sparse_keys: list[str] = []
        self.sparse_types: list[Any] = []
        self.dense_keys: list[str] = []
        self.dense_types: list[Any] = []
        self.dense_shapes: list[Any] = []
        self.dense_defaults: dict[str, Any] = {}
        self._types: dict[str, Any] = {}
        for key in sorted(features or {}):
            feature = (features or {})[key]
            if not isinstance(feature, kinds):
                raise ValueError(f"Unsupported {type(feature).__name__} {feature} for key '{key}'")
            _ADDERS[type(feature) if type(feature) in _ADDERS else _kind(feature)](self, key, feature)
        self._check()

    def add_sparse(self, key: str, dtype: Any) -> None:
        """Add a feature that becomes sparse, unless it is there."""
        dtype = dtypes.as_dtype(dtype)
        if key in self.sparse_keys:
            there = self.sparse_types[self.sparse_keys.index(key)]
            if there != dtype:
                raise ValueError(f"Conflicting type {there!r} vs {dtype!r} for feature {key}.")
            return
        self.sparse_keys.append(key)
        self.sparse_types.append(dtype)

    def add_dense(self, key: str, feature: Any, shape: TensorShape) -> None:
        """Add a feature that becomes dense."""
        if key in self.dense_keys:
            raise ValueError(f"Conflicting feature {key}.")
        self.dense_keys.append(key)
        self.dense_types.append(dtypes.as_dtype(feature.dtype))
        self.dense_shapes.append(shape)
        if feature.default_value is not None:
            self.dense_defaults[key] = feature.default_value

    def _check(self) -> None:
        both = set(self.dense_keys) & set(self.sparse_keys)
        if both:
            raise ValueError(
                f"Dense and sparse keys must not intersect; Dense keys: {set(self.dense_keys)}, Sparse keys: "
                f"{set(self.sparse_keys)}, Intersection: {both}"
            )

    def default_tensors(self) -> list[Any]:
        """Return for each dense feature what stands for it where it is missing; empty if it has to be there."""
        each = zip(self.dense_keys, self.dense_types, self.dense_shapes, strict=True)
        return [self._default(key, dtype, shape) for key, dtype, shape in each]

    def _default(self, key: str, dtype: Any, shape: TensorShape) -> Any:
        default = self.dense_defaults.get(key)
        dims = shape.dims
        clean = re.sub(r"[^A-Za-z0-9_.\-/]", "_", key)
        if dims is not None and len(dims) > 0 and dims[0].value is None:
            if default is None:
                return convert_to_tensor("" if dtype == dtypes.string else 0, dtype=dtype)
            return reshape(convert_to_tensor(default, dtype=dtype, name="padding_" + clean), [])
        if default is None:
            return constant([], dtype=dtype)
        value = default if hasattr(default, "op") else convert_to_tensor(default, dtype=dtype, name="key_" + clean)
        return reshape(value, shape)


def _kind(feature: Any) -> type:
    return next(kind for kind in _ADDERS if isinstance(feature, kind))


def _need(condition: Any, what: str, key: str, feature: Any) -> None:
    if not condition:
        raise ValueError(f"Missing {what} for feature {key}. Received feature={feature}.")


def _add_var_len(params: ParseParams, key: str, feature: Any) -> None:
    _need(feature.dtype, "type", key, feature)
    params.add_sparse(key, feature.dtype)


def _add_sparse(params: ParseParams, key: str, feature: Any) -> None:
    if not feature.index_key:
        raise ValueError(f"Missing index_key for SparseFeature {feature}.")
    if not feature.value_key:
        raise ValueError(f"Missing value_key for SparseFeature {feature}.")
    _need(feature.dtype, "type", key, feature)
    names = [feature.index_key] if isinstance(feature.index_key, str) else feature.index_key
    for name in sorted(names):
        params.add_sparse(name, dtypes.int64)
    params.add_sparse(feature.value_key, feature.dtype)


def _add_fixed(params: ParseParams, key: str, feature: Any) -> None:
    _need(feature.dtype, "type", key, feature)
    _need(feature.shape is not None, "shape", key, feature)
    shape = as_shape(feature.shape)
    dims = shape.dims
    if dims is None or (dims and dims[0].value is None):
        raise ValueError(
            f"First dimension of shape for feature {key} unknown. Consider using FixedLenSequenceFeature. Received "
            f"feature={feature}."
        )
    if not shape.is_fully_defined():
        raise ValueError(
            f"All dimensions of shape for feature {key} need to be known but received {shape}. Received "
            f"feature={feature}."
        )
    params.add_dense(key, feature, shape)


def _add_rows(params: ParseParams, key: str, feature: Any) -> None:
    shape = [None, *_dims(feature.shape)]
    whole = FixedLenSequenceFeature(shape, feature.dtype, feature.allow_missing, feature.default_value)
    _need(feature.dtype, "type", key, whole)
    if not feature.allow_missing:
        raise ValueError("Unsupported: FixedLenSequenceFeature requires allow_missing to be True.")
    params.add_dense(key, feature, as_shape(shape))


def _dims(shape: Any) -> Iterable[Any]:
    return shape.as_list() if isinstance(shape, TensorShape) else [shape] if isinstance(shape, int) else list(shape)


def _add_ragged(params: ParseParams, key: str, feature: Any) -> None:
    raise Unsupported(
        f"tf.io.RaggedFeature ({key!r}): there are no ragged tensors here. Parse it as tf.io.VarLenFeature, a "
        "SparseTensor, or as tf.io.FixedLenSequenceFeature(allow_missing=True), which pads."
    )


_ADDERS: dict[type, Any] = {
    VarLenFeature: _add_var_len,
    SparseFeature: _add_sparse,
    FixedLenFeature: _add_fixed,
    FixedLenSequenceFeature: _add_rows,
    RaggedFeature: _add_ragged,
}


def add_list(params: ParseParams, key: str, feature: Any) -> None:
    """Add a list of features of a `SequenceExample`.

    Args:
        params: Where to.
        key: The list's name.
        feature: A `FixedLenSequenceFeature` or `VarLenFeature`.
    """
    _need(feature.dtype, "type", key, feature)
    if isinstance(feature, VarLenFeature):
        params.add_sparse(key, feature.dtype)
        return
    _need(feature.shape is not None, "shape", key, feature)
    params.add_dense(key, feature, as_shape(feature.shape))
