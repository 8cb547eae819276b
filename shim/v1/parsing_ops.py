"""`tf.parse_example` and its relatives: `Example`s and `SequenceExample`s as dictionaries of tensors."""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_shape import rank
from onevar.v1.check_ops import assert_
from onevar.v1.common import rank_of
from onevar.v1.export import export
from onevar.v1.grouping_ops import with_dependencies
from onevar.v1.parsing_features import (
    ALL_KINDS,
    Features,
    FixedLenFeature,
    FixedLenSequenceFeature,
    ParseParams,
    RaggedFeature,
    SparseFeature,
    VarLenFeature,
    add_list,
)
from onevar.v1.sparse_shapes import sparse_merge
from onevar.v1.sparse_types import SparseTensor

Tensors = dict[str, Any]


def _scalar(value: Any, name: str) -> Any:
    """Return a tensor that is a scalar, or is checked to be one."""
    found = rank_of(value)
    if found is None:
        check = assert_(op("Equal", x=rank(value), y=0), [f"Input {name} must be a scalar"], name=f"{name}IsScalar")
        return with_dependencies([check], value, name=f"{name}Scalar")
    if found:
        raise ValueError(f"Input {name} must be a scalar")
    return value


def _sparse_tensors(indices: list[Any], values: list[Any], shapes: list[Any]) -> list[SparseTensor]:
    return [SparseTensor(*parts) for parts in zip(indices, values, shapes, strict=True)]


def _names(example_names: Any) -> Any:
    return convert_to_tensor([] if example_names is None else example_names, dtypes.string, "names")


def _strings(keys: list[str], name: str) -> Any:
    return convert_to_tensor(keys, dtypes.string, name)


def _parse(serialized: Any, features: Features, example_names: Any, name: str | None) -> Tensors:
    params = ParseParams(features, ALL_KINDS)
    with name_scope(name, "ParseExample", [serialized, example_names]):
        outputs = op(
            "ParseExampleV2",
            serialized=serialized,
            names=[] if example_names is None else example_names,
            sparse_keys=params.sparse_keys,
            dense_keys=params.dense_keys,
            ragged_keys=[],
            dense_defaults=params.default_tensors(),
            num_sparse=len(params.sparse_keys),
            sparse_types=params.sparse_types,
            ragged_value_types=[],
            ragged_split_types=[],
            dense_shapes=params.dense_shapes,
            name=name,
        )
        sparse = _sparse_tensors(*outputs[:3])
    found = dict(zip([*params.sparse_keys, *params.dense_keys], [*sparse, *outputs[3]], strict=True))
    return composed(features, found)


def composed(features: Features, found: Tensors) -> Tensors:
    """Return the tensors of features, with sparse ones made of their parts.

    Args:
        features: By name.
        found: The tensors that were parsed.
    """
    made: Tensors = {}
    for key in sorted(features):
        feature = features[key]
        if isinstance(feature, SparseFeature):
            keys = feature.index_key
            ids = found[keys] if isinstance(keys, str) else [found[one] for one in keys]
            made[key] = sparse_merge(
                ids, found[feature.value_key], vocab_size=feature.size, already_sorted=feature.already_sorted
            )
    found.update(made)
    return {key: value for key, value in found.items() if key in features}


def _check_features(features: Any) -> None:
    if not features:
        raise ValueError(f"Argument `features` cannot be None or falsy. Got {features}")


@export("parse_example", "io.parse_example")
def parse_example(serialized: Any, features: Features, name: str | None = None, example_names: Any = None) -> Tensors:
    """Parse a batch of serialized `Example`s; see `tf.io.parse_example`.

    Args:
        serialized: A vector of strings, or one string.
        features: What they have: `FixedLenFeature` and so on, by name.
        name: Of the operations.
        example_names: The examples' names, for messages.

    Returns:
        A dictionary of tensors and `SparseTensor`s.

    Raises:
        ValueError: There are no features, or one is described wrongly.
    """
    _check_features(features)
    return _parse(serialized, features, example_names, name)


@export("parse_single_example", "io.parse_single_example")
def parse_single_example(
    serialized: Any, features: Features, name: str | None = None, example_names: Any = None
) -> Tensors:
    """Parse one serialized `Example`; see `tf.io.parse_single_example`.

    Args:
        serialized: A string.
        features: What it has: `FixedLenFeature` and so on, by name.
        name: Of the operations.
        example_names: Its name, for messages.

    Returns:
        A dictionary of tensors and `SparseTensor`s.

    Raises:
        ValueError: There are no features, or one is described wrongly; `serialized` is no scalar.
    """
    _check_features(features)
    with name_scope(name, "ParseSingleExample", [serialized, example_names]):
        serialized = _scalar(convert_to_tensor(serialized, dtypes.string, name="serialized"), "serialized")
        return _parse(serialized, features, example_names, name)


@export("python.ops.parsing_ops.parse_example_v2")
def parse_example_v2(
    serialized: Any, features: Features, example_names: Any = None, name: str | None = None
) -> Tensors:
    """Parse serialized `Example`s, with TensorFlow 2's order of arguments; see `parse_example`."""
    return parse_example(serialized, features, name, example_names)


@export("python.ops.parsing_ops.parse_single_example_v2")
def parse_single_example_v2(
    serialized: Any, features: Features, example_names: Any = None, name: str | None = None
) -> Tensors:
    """Parse one serialized `Example`, with TensorFlow 2's order of arguments; see `parse_single_example`."""
    return parse_single_example(serialized, features, name, example_names)


# -- sequences -----------------------------------------------------------------------------------------

_CONTEXT = (VarLenFeature, FixedLenFeature, RaggedFeature)
_LISTS = (VarLenFeature, FixedLenSequenceFeature, RaggedFeature)


def _list_params(features: Features | None) -> tuple[ParseParams, list[bool]]:
    """What an op needs of lists of features, and which dense ones may be missing."""
    params = ParseParams(None, ())
    may_miss = []
    for key in sorted(features or {}):
        feature = (features or {})[key]
        if not isinstance(feature, _LISTS):
            raise ValueError(f"Unsupported {type(feature).__name__} {feature} for key '{key}'")
        if isinstance(feature, RaggedFeature):
            ParseParams({key: feature}, _LISTS)
        add_list(params, key, feature)
        if isinstance(feature, FixedLenSequenceFeature):
            if feature.default_value is not None:
                raise ValueError(f"Value feature_list.dense_defaults[{key}] must be None")
            may_miss.append(bool(feature.allow_missing))
    return params, may_miss


def _parse_sequence(
    serialized: Any, context: Features | None, lists: Features | None, debug_name: Any, name: str | None
) -> tuple[Tensors, Tensors, Tensors]:
    if not (context or lists):
        raise ValueError("Both context_features and sequence_features are None, but at least one should have values.")
    first = ParseParams(context, _CONTEXT)
    second, may_miss = _list_params(lists)
    with name_scope(name, "ParseSequenceExample", [serialized, debug_name]):
        outputs = op(
            "ParseSequenceExampleV2",
            serialized=serialized,
            debug_name=[] if debug_name is None else debug_name,
            context_sparse_keys=first.sparse_keys,
            context_dense_keys=first.dense_keys,
            context_ragged_keys=[],
            feature_list_sparse_keys=second.sparse_keys,
            feature_list_dense_keys=second.dense_keys,
            feature_list_ragged_keys=[],
            feature_list_dense_missing_assumed_empty=may_miss,
            context_dense_defaults=first.default_tensors(),
            Ncontext_sparse=len(first.sparse_keys),
            Nfeature_list_sparse=len(second.sparse_keys),
            Nfeature_list_dense=len(second.dense_keys),
            context_sparse_types=first.sparse_types,
            context_ragged_value_types=[],
            context_ragged_split_types=[],
            feature_list_dense_types=second.dense_types,
            feature_list_sparse_types=second.sparse_types,
            feature_list_ragged_value_types=[],
            feature_list_ragged_split_types=[],
            context_dense_shapes=first.dense_shapes,
            feature_list_dense_shapes=second.dense_shapes,
            name=name,
        )  # fmt: skip
        context_sparse, list_sparse = _sparse_tensors(*outputs[:3]), _sparse_tensors(*outputs[6:9])
    keys = [*first.sparse_keys, *first.dense_keys]
    contexts = dict(zip(keys, [*context_sparse, *outputs[3]], strict=True))
    steps = dict(zip([*second.sparse_keys, *second.dense_keys], [*list_sparse, *outputs[9]], strict=True))
    return contexts, steps, dict(zip(second.dense_keys, outputs[10], strict=True))


@export("io.parse_sequence_example")
def parse_sequence_example(
    serialized: Any, context_features: Features | None = None, sequence_features: Features | None = None,
    example_names: Any = None, name: str | None = None,
) -> tuple[Tensors, Tensors, Tensors]:  # fmt: skip
    """Parse a batch of serialized `SequenceExample`s; see `tf.io.parse_sequence_example`.

    Args:
        serialized: A vector of strings.
        context_features: What their contexts have, by name.
        sequence_features: Their lists of features, by name.
        example_names: The examples' names, for messages.
        name: Of the operations.

    Returns:
        Three dictionaries: the context's tensors, those of the lists, padded, and the lengths of the latter.

    Raises:
        ValueError: There are no features, or one is described wrongly.
    """
    with name_scope(name, "ParseSequenceExample", [serialized, example_names]):
        return _parse_sequence(serialized, context_features, sequence_features, example_names, name)


@export("parse_single_sequence_example", "io.parse_single_sequence_example")
def parse_single_sequence_example(
    serialized: Any, context_features: Features | None = None, sequence_features: Features | None = None,
    example_name: Any = None, name: str | None = None,
) -> tuple[Tensors, Tensors]:  # fmt: skip
    """Parse one serialized `SequenceExample`; see `tf.io.parse_single_sequence_example`.

    Args:
        serialized: A string.
        context_features: What its context has, by name.
        sequence_features: Its lists of features, by name.
        example_name: Its name, for messages.
        name: Of the operations.

    Returns:
        Two dictionaries: the context's tensors, and those of the lists, steps first.

    Raises:
        ValueError: There are no features, or one is described wrongly; `serialized` is no scalar.
    """
    if not (context_features or sequence_features):
        raise ValueError("Both context_features and sequence_features are None, but at least one should have values.")
    with name_scope(name, "ParseSingleSequenceExample", [serialized, example_name]):
        serialized = _scalar(convert_to_tensor(serialized, dtypes.string, name="serialized"), "serialized")
        return _parse_sequence(serialized, context_features, sequence_features, example_name, name)[:2]
