"""Resampling by rejection: elements are left out so that classes come as often as is wanted."""

from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.constant import constant_value
from onevar.core.context import executing_eagerly
from onevar.v1.dataset_core import host_value
from onevar.v1.dataset_structure import nested, tensor_of
from onevar.v1.export import exported

#: After how many elements the estimate of how frequent classes are is looked at again.
_EACH = 32


def resampled(
    dataset: Any, class_func: Callable[..., Any], target_dist: Any, initial_dist: Any = None, seed: Any = None
) -> Any:
    """Return a dataset of pairs of a class and an element, in which classes are as frequent as wanted.

    Args:
        dataset: The dataset.
        class_func: The class of an element, int32.
        target_dist: How frequent each class should be.
        initial_dist: How frequent each is; None finds out.
        seed: Of the choices.
    """
    from onevar.v1.dataset_types import Dataset

    target = tensor_of(target_dist, name="target_dist")
    static = None
    if initial_dist is not None:
        initial = tensor_of(initial_dist, name="initial_dist")
        ratios, proportion = _ratios(initial, target)
        estimates = Dataset.from_tensors(initial).repeat()
        accept = Dataset.from_tensors(ratios).repeat()
        keep = Dataset.from_tensors(proportion).repeat()
        static = _known_proportion(initial, target)
    else:
        estimates = _estimates(dataset.map(class_func), int(target.shape[0]))
        both = estimates.map(lambda estimate: _ratios(estimate, target))
        accept, keep = both.map(lambda ratio, _: ratio), both.map(lambda _, prob: prob)
    filtered = _filtered(dataset, accept, estimates, class_func, seed).prefetch(3)
    if static == 0:
        return filtered
    # Elements as they are, as far as that gives the right proportions anyhow.
    unchanged = dataset.map(lambda *element: (class_func(*element), _whole(dataset, element)))
    if static == 1:
        return unchanged
    weights = keep.map(lambda prob: (prob, 1.0 - prob))
    return Dataset.sample_from_datasets([unchanged, filtered], weights, seed, stop_on_empty_dataset=True)


def _known_proportion(initial: Any, target: Any) -> float | None:
    """Return how many elements may stay as they are, where that is known before it runs."""
    read = host_value if executing_eagerly() else constant_value
    have, want = read(initial), read(target)
    if have is None or want is None:
        return None
    return float(np.min(want / have))


def _whole(dataset: Any, element: tuple) -> Any:
    return element if type(dataset.element_spec) is tuple else element[0]


def _estimates(classes: Any, count: int) -> Any:
    """Return a dataset of how frequent classes are, as far as is known."""
    start = exported("fill")([count], np.int64(_EACH))

    def update(counts: Any, batch: Any) -> Any:
        counts = counts + exported("reduce_sum")(exported("one_hot")(batch, count, dtype=dtypes.int64), 0)
        frequent = exported("cast")(counts / exported("reduce_sum")(counts), dtypes.float32)
        return counts, exported("tile")(exported("expand_dims")(frequent, 0), [_EACH, 1])

    return classes.batch(_EACH).scan(start, update).unbatch()


def _ratios(initial: Any, target: Any) -> tuple[Any, Any]:
    """Return how probably an element of each class is kept, and how many may stay as they are."""
    ratio = target / (initial + np.finfo(initial.dtype.as_numpy_dtype).tiny)
    largest, least = exported("reduce_max")(ratio), exported("reduce_min")(ratio)
    return (ratio - least) / (largest - least), least


def _filtered(dataset: Any, accept: Any, estimates: Any, class_func: Callable[..., Any], seed: Any) -> Any:
    from onevar.v1.dataset_types import Dataset

    def gather(probabilities: Any, *element: Any) -> Any:
        element = element[0] if len(element) == 1 and nested(element[0]) else element
        parts = element if type(element) is tuple else (element,)
        found = class_func(*parts)
        return found, exported("gather")(probabilities, found), _whole(dataset, parts)

    def kept(_: Any, probability: Any, __: Any) -> Any:
        return exported("random_uniform")([], seed=seed, dtype=probability.dtype) < probability

    looked_at = Dataset.zip((accept, estimates)).map(lambda ratio, _: ratio)
    whole = Dataset.zip((looked_at, dataset)).map(gather).filter(kept)
    return whole.map(lambda found, _, element: (found, element))
