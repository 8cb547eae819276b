"""Kullback-Leibler divergences between distributions, by their classes: `tf.distributions.kl_divergence`."""

import inspect
from collections.abc import Callable
from typing import Any

from onevar.core.default_graph import control_dependencies
from onevar.core.name_scope import name_scope
from onevar.v1.array_ops_shape import identity
from onevar.v1.check_ops import assert_
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import UNARY
from onevar.v1.math_ops_reduce import reduce_all

_KNOWN: dict[tuple[type, type], Callable] = {}


@export("distributions.RegisterKL", "contrib.distributions.RegisterKL")
class RegisterKL:
    """Decorate `f(a, b, name)` as the divergence of one class from another.

    Args:
        dist_cls_a: The class of `a`.
        dist_cls_b: The class of `b`.
    """

    def __init__(self, dist_cls_a: type, dist_cls_b: type):
        self._key = (dist_cls_a, dist_cls_b)

    def __call__(self, kl_fn: Callable) -> Callable:
        """Register the function.

        Raises:
            TypeError: It cannot be called.
            ValueError: There is one for the classes.
        """
        if not callable(kl_fn):
            raise TypeError(f"kl_fn must be callable, received: {kl_fn}")
        if self._key in _KNOWN:
            first, second = self._key
            raise ValueError(
                f"KL({first.__name__} || {second.__name__}) has already been registered to: {_KNOWN[self._key]}"
            )
        _KNOWN[self._key] = kl_fn
        return kl_fn


def _nearest(first: type, second: type) -> Callable | None:
    """The function of the closest classes that these descend from."""
    best: tuple[int, Callable] | None = None
    for i, one in enumerate(inspect.getmro(first)):
        for j, other in enumerate(inspect.getmro(second)):
            found = _KNOWN.get((one, other))
            if found is not None and (best is None or i + j < best[0]):
                best = i + j, found
    return None if best is None else best[1]


@export("distributions.kl_divergence", "contrib.distributions.kl_divergence")
def kl_divergence(
    distribution_a: Any, distribution_b: Any, allow_nan_stats: bool = True, name: str | None = None
) -> Any:
    """Return the divergence of a distribution from another.

    Args:
        distribution_a: The first.
        distribution_b: The other.
        allow_nan_stats: Whether it may be NaN; otherwise that is an error at run time.
        name: Of the operations.

    Raises:
        NotImplementedError: Nobody registered one for the classes.
    """
    function = _nearest(type(distribution_a), type(distribution_b))
    if function is None:
        raise NotImplementedError(
            "No KL(distribution_a || distribution_b) registered for distribution_a type "
            f"{type(distribution_a).__name__} and distribution_b type {type(distribution_b).__name__}"
        )
    with name_scope("KullbackLeibler"):
        result = function(distribution_a, distribution_b, name=name)
        if allow_nan_stats:
            return result
        result = identity(result, name="kl")
        whole = reduce_all(UNARY["LogicalNot"](UNARY["IsNan"](result)))
        text = (
            f"KL calculation between {distribution_a.name} and {distribution_b.name} returned NaN values "
            "(and was called with allow_nan_stats=False). Values:"
        )
        with control_dependencies([assert_(whole, [text, result])]):
            return identity(result, name="checked_kl")


def cross_entropy(ref: Any, other: Any, allow_nan_stats: bool = True, name: str | None = None) -> Any:
    """Return the cross entropy of a distribution with another.

    Args:
        ref: The first.
        other: The other.
        allow_nan_stats: Whether it may be NaN.
        name: Of the operations.
    """
    with name_scope(name, "cross_entropy"):
        return ref.entropy() + kl_divergence(ref, other, allow_nan_stats=allow_nan_stats)
