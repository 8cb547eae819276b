"""Shapes and dtypes of functions that want to know sizes, where Keras rehearses them with sizes that nobody knows.

On jax that is done with a symbol for every size that is not known. v1 functions ask for the number.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import keras

#: Two sizes that are tried in place of one that is not known: what differs in the results is not known either.
_SIZES = (83, 89)


def with_sizes(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return Keras's `compute_output_spec`, which tries sizes where it fails with symbols.

    Args:
        original: Keras's.
    """

    @wraps(original)
    def compute_output_spec(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return original(fn, *args, **kwargs)
        except Exception:  # whatever a function raises for a size that is no number; raised again if it is that not
            leaves = keras.tree.flatten((args, kwargs))
            if not any(isinstance(x, keras.KerasTensor) and None in x.shape for x in leaves):
                raise
            try:
                found = [original(fn, *_sized(args, size), **_sized(kwargs, size)) for size in _SIZES]
            except Exception:  # noqa: BLE001 (the first error is the one that tells)
                found = []
            if not found:
                raise
        return keras.tree.map_structure(_common, *found)

    return compute_output_spec


def _sized(structure: Any, size: int) -> Any:
    def sized(x: Any) -> Any:
        if not isinstance(x, keras.KerasTensor):
            return x
        return keras.KerasTensor([size if n is None else n for n in x.shape], dtype=x.dtype, sparse=x.sparse)

    return keras.tree.map_structure(sized, structure)


def _common(one: Any, other: Any) -> Any:
    if not isinstance(one, keras.KerasTensor):
        return one
    shape = [a if a == b else None for a, b in zip(one.shape, other.shape, strict=True)]
    return keras.KerasTensor(shape, dtype=one.dtype, sparse=one.sparse)
