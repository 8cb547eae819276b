"""`Example`s as tensors: ops on the host, over `onevar.core.records.parsing`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from onevar.core import op_errors
from onevar.core.kernel import kernel
from onevar.core.records.parsing import Dense, Ragged, invalid, listed, parse_batch, parse_one
from onevar.core.spec import Shape, ShapeError, Spec

Arrays = list[np.ndarray]


def texts(x: np.ndarray) -> list[bytes]:
    """Return the strings of an array, in row-major order.

    Args:
        x: Of any shape.
    """
    return np.asarray(x).reshape(-1).tolist()


def _dense(keys: Sequence[bytes], types: Sequence[str], shapes: Sequence[Any], defaults: Arrays) -> list[Dense]:
    made: list[Dense] = []
    for key, dtype, shape, default in zip(keys, types, shapes, defaults, strict=True):
        feature = Dense(key, dtype, tuple(shape), default)
        if not feature.is_variable and default.size and default.shape != feature.shape:
            invalid(
                f"dense_defaults[{len(made)}].shape() == {list(default.shape)} is not compatible with dense_shapes_"
                f"[{len(made)}] == {list(feature.shape)}"
            )
        if feature.is_variable and default.size > 1:
            invalid(
                f"dense_shape[{len(made)}] is a variable length shape: {list(feature.shape)}, therefore def_value"
                f"[{len(made)}] must contain a single element ( the padding element).  But its shape is: "
                f"{list(default.shape)}"
            )
        made.append(feature)
    return made


def _parsed(
    serialized: np.ndarray, names: np.ndarray, dense: list[Dense], others: list[Ragged]
) -> tuple[Arrays, list[tuple[np.ndarray, ...]]]:
    if serialized.ndim == 0:
        return parse_one(serialized.item(), dense, others)
    if serialized.ndim != 1:
        invalid(f"Expected serialized to be a scalar or vector, got shape: {list(serialized.shape)}")
    if names.size and names.shape != serialized.shape:
        invalid(
            "Expected names have the same shape as serialized: "
            f"name.shape={listed(names.shape)}, serialized.shape={listed(serialized.shape)}"
        )
    return parse_batch(texts(serialized), texts(names), dense, others)


def flat(*lists: Arrays) -> Arrays:
    """Return all outputs of an op whose outputs are lists.

    Args:
        *lists: Its outputs.
    """
    return [array for arrays in lists for array in arrays]


def _columns(rows: Sequence[tuple[np.ndarray, ...]], count: int) -> list[Arrays]:
    """Lists of first, second, ... entries."""
    return [[row[i] for row in rows] for i in range(count)]


def _is_known(serialized: Spec) -> tuple[int | None, ...] | None:
    return serialized.shape


def example_shapes(serialized: Spec, sparse: int, dense_shapes: Sequence[Any], ragged: int = 0) -> list[Shape]:
    """Return the shapes of what an op that parses examples makes.

    Args:
        serialized: The examples.
        sparse: How many sparse features.
        dense_shapes: Of the dense ones.
        ragged: How many ragged ones.
    """
    ahead = serialized.shape
    if ahead is not None and len(ahead) > 1:
        raise ShapeError(f"Shape must be at most rank 1 but is rank {len(ahead)}")
    rank = None if ahead is None else len(ahead) + 1
    found: list[Shape] = [(None, rank)] * sparse + [(None,)] * sparse + [(rank,)] * sparse
    for shape in dense_shapes:
        variable = tuple(None if i == 0 and n is None else n for i, n in enumerate(shape))
        found.append(None if ahead is None else (*ahead, *variable))
    splits: Shape = (None,) if ahead is None else (None if ahead[0] is None else ahead[0] + 1,) if ahead else (0,)
    return found + [(None,)] * ragged + [splits] * ragged


def _v2_shapes(
    serialized: Spec, names: Spec, sparse_keys: Spec, dense_keys: Spec, ragged_keys: Spec, defaults: list[Spec],
    *, num_sparse: int, dense_shapes: list[Any], ragged_value_types: list[str],
) -> list[Shape]:  # fmt: skip
    return example_shapes(serialized, num_sparse, dense_shapes, len(ragged_value_types))


@kernel("ParseExampleV2", on_host=True, infer=_v2_shapes)
def _parse_example_v2(
    k: Any, serialized: np.ndarray, names: np.ndarray, sparse_keys: np.ndarray, dense_keys: np.ndarray,
    ragged_keys: np.ndarray, dense_defaults: Arrays,
    *, Tdense: list[str], sparse_types: list[str], ragged_value_types: list[str],  # noqa: N803
    ragged_split_types: list[str], dense_shapes: list[Any],
) -> Arrays:  # fmt: skip
    sparse = [Ragged(*pair) for pair in zip(texts(sparse_keys), sparse_types, strict=True)]
    ragged = [Ragged(*row) for row in zip(texts(ragged_keys), ragged_value_types, ragged_split_types, strict=True)]
    dense = _dense(texts(dense_keys), Tdense, dense_shapes, dense_defaults)
    arrays, others = _parsed(serialized, names, dense, [*sparse, *ragged])
    last = others[len(sparse) :]
    # One example alone has no row splits: TensorFlow gives empty ones.
    splits = [row[1] if len(row) > 1 else np.zeros(0, of.splits) for row, of in zip(last, ragged, strict=True)]
    return flat(*_columns(others[: len(sparse)], 3), arrays, [row[0] for row in last], splits)


def _v1_shapes(
    serialized: Spec, names: Spec, sparse_keys: list[Spec], dense_keys: list[Spec], defaults: list[Spec],
    *, Nsparse: int, dense_shapes: list[Any],  # noqa: N803
) -> list[Shape]:  # fmt: skip
    return example_shapes(serialized, Nsparse, dense_shapes)


@kernel("ParseExample", on_host=True, infer=_v1_shapes)
def _parse_example(
    k: Any, serialized: np.ndarray, names: np.ndarray, sparse_keys: Arrays, dense_keys: Arrays, dense_defaults: Arrays,
    *, Tdense: list[str], sparse_types: list[str], dense_shapes: list[Any],  # noqa: N803
) -> Arrays:  # fmt: skip
    sparse = [Ragged(key.item(), dtype) for key, dtype in zip(sparse_keys, sparse_types, strict=True)]
    dense = _dense([key.item() for key in dense_keys], Tdense, dense_shapes, dense_defaults)
    if serialized.ndim != 1:
        invalid(f"Expected serialized to be a vector, got shape: {list(serialized.shape)}")
    arrays, others = _parsed(serialized, names, dense, sparse)
    return flat(*_columns(others, 3), arrays)


def _one_shapes(serialized: Spec, defaults: list[Spec], *, num_sparse: int, dense_shapes: list[Any]) -> list[Shape]:
    return example_shapes(serialized, num_sparse, dense_shapes)


@kernel("ParseSingleExample", on_host=True, infer=_one_shapes)
def _parse_single_example(
    k: Any, serialized: np.ndarray, dense_defaults: Arrays,
    *, sparse_keys: list[Any], dense_keys: list[Any], sparse_types: list[str], Tdense: list[str],  # noqa: N803
    dense_shapes: list[Any],
) -> Arrays:  # fmt: skip
    sparse = [Ragged(encoded(key), dtype) for key, dtype in zip(sparse_keys, sparse_types, strict=True)]
    dense = _dense([encoded(key) for key in dense_keys], Tdense, dense_shapes, dense_defaults)
    arrays, others = _parsed(serialized, np.empty(0, object), dense, sparse)
    return flat(*_columns(others, 3), arrays)


def encoded(key: Any) -> bytes:
    """Return an attribute that is a string as bytes.

    Args:
        key: Text or bytes.
    """
    return key.encode() if isinstance(key, str) else key


@kernel("DecodeJSONExample", on_host=True, infer=lambda x: x.shape)
def _decode_json_example(k: Any, x: np.ndarray) -> np.ndarray:
    from google.protobuf import json_format

    from onevar.core.records.messages import message_class

    example = message_class("Example")
    made = np.empty(x.size, object)
    for i, text in enumerate(texts(x)):
        try:
            made[i] = json_format.Parse(text.decode(), example()).SerializeToString()
        except (json_format.ParseError, UnicodeDecodeError) as error:
            raise op_errors.InvalidArgumentError(None, None, f"Error while parsing JSON: {error}") from None
    return made.reshape(x.shape)
