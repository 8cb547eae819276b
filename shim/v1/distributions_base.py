"""`tf.distributions.Distribution`: what all distributions have in common, and divergences between two of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.constant import constant_value
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.core.tensor_shape import TensorShape, as_shape
from onevar.v1.array_ops_index import where_v2
from onevar.v1.array_ops_shape import concat, reshape
from onevar.v1.array_ops_shape import rank as rank_op
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.common import rank_of, set_shape, shape_of
from onevar.v1.export import export, export_value
from onevar.v1.math_ops_elementwise import UNARY, exp, log, sqrt, square
from onevar.v1.math_ops_reduce import reduce_prod


@export("distributions.ReparameterizationType", "contrib.distributions.ReparameterizationType")
class ReparameterizationType:
    """Whether samples have a derivative for the parameters.

    Args:
        rep_type: A word for it.
    """

    def __init__(self, rep_type: str):
        self._rep_type = rep_type

    def __repr__(self) -> str:
        return f"<Reparameterization Type: {self._rep_type}>"

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__


FULLY_REPARAMETERIZED = ReparameterizationType("FULLY_REPARAMETERIZED")
NOT_REPARAMETERIZED = ReparameterizationType("NOT_REPARAMETERIZED")
for _kind in ("FULLY_REPARAMETERIZED", "NOT_REPARAMETERIZED"):
    export_value(f"distributions.{_kind}", globals()[_kind])
    export_value(f"contrib.distributions.{_kind}", globals()[_kind])


def _first_of(*attempts: Callable[[], Any]) -> Any:
    """What the first of several ways gives that is implemented; the error of the first if none is."""
    first: NotImplementedError | None = None
    for attempt in attempts:
        try:
            return attempt()
        except NotImplementedError as error:
            first = first or error
    assert first is not None
    raise first


def _lacking(method: str) -> Callable[..., Any]:
    def missing(self: "Distribution", *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{method} is not implemented: {type(self).__name__}")

    return missing


@export("distributions.Distribution", "contrib.distributions.Distribution")
class Distribution:
    """A distribution of random numbers, or a batch of such.

    A subclass defines `_log_prob`, `_sample_n` and what else there is, without scopes and conversion.

    Args:
        dtype: Of samples.
        reparameterization_type: Whether samples have a derivative for the parameters.
        validate_args: Whether parameters are checked at run time.
        allow_nan_stats: Whether statistics that do not exist are NaN; otherwise they are errors.
        parameters: The arguments of the subclass.
        graph_parents: Tensors that it is made of.
        name: Of the scope of its operations.
    """

    def __init__(
        self,
        dtype: Any,
        reparameterization_type: ReparameterizationType,
        validate_args: bool,
        allow_nan_stats: bool,
        parameters: dict[str, Any] | None = None,
        graph_parents: list[Any] | None = None,
        name: str | None = None,
    ):
        if not name or not name.endswith("/"):
            with name_scope(name or type(self).__name__) as name:
                self._name = name
        self._name = str(name)
        self._dtype, self._reparameterization_type = dtype, reparameterization_type
        self._validate_args, self._allow_nan_stats = validate_args, allow_nan_stats
        self._parameters = {key: value for key, value in (parameters or {}).items() if key != "self"}
        self._graph_parents = list(graph_parents or [])

    name = property(lambda self: self._name)
    dtype = property(lambda self: self._dtype)
    reparameterization_type = property(lambda self: self._reparameterization_type)
    allow_nan_stats = property(lambda self: self._allow_nan_stats)
    validate_args = property(lambda self: self._validate_args)
    parameters = property(lambda self: {k: v for k, v in self._parameters.items() if not k.startswith("__")})

    def copy(self, **override_parameters_kwargs: Any) -> "Distribution":
        """Return another of the class.

        Args:
            **override_parameters_kwargs: Arguments that are different.
        """
        return type(self)(**{**self.parameters, **override_parameters_kwargs})

    @contextmanager
    def _scope(self, name: str, values: list[Any] | None = None) -> Iterator[str]:
        with name_scope(self._name), name_scope(name, values=[*(values or []), *self._graph_parents]) as scope:
            yield scope

    # -- shapes -----------------------------------------------------------------------------------

    _batch_shape_tensor = _lacking("batch_shape_tensor")

    def _batch_shape(self) -> TensorShape:
        return TensorShape(None)

    def _event_shape(self) -> TensorShape:
        return TensorShape([])

    def _event_shape_tensor(self) -> Any:
        return convert_to_tensor([], dtypes.int32, "Const")

    @property
    def batch_shape(self) -> TensorShape:
        """What is known of the shape of one sample without that of an event."""
        return as_shape(self._batch_shape())

    @property
    def event_shape(self) -> TensorShape:
        """What is known of the shape of an event."""
        return as_shape(self._event_shape())

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Any:
        """Return the shape of one sample without that of an event."""
        with self._scope(name):
            known = self.batch_shape
            if known.is_fully_defined():
                return convert_to_tensor(known.as_list(), dtypes.int32, "batch_shape")
            return self._batch_shape_tensor()

    def event_shape_tensor(self, name: str = "event_shape_tensor") -> Any:
        """Return the shape of an event."""
        with self._scope(name):
            known = self.event_shape
            if known.is_fully_defined():
                return convert_to_tensor(known.as_list(), dtypes.int32, "event_shape")
            return self._event_shape_tensor()

    def _is_scalar(self, known: TensorShape, shape: Callable[[], Any], name: str) -> Any:
        with self._scope(name):
            if known.rank is not None:
                return convert_to_tensor(known.rank == 0, name=name)
            return convert_to_tensor(op("Equal", x=shape_op(shape())[0], y=0), name=name)

    def is_scalar_event(self, name: str = "is_scalar_event") -> Any:
        """Return whether an event is a scalar."""
        return self._is_scalar(self.event_shape, self.event_shape_tensor, name)

    def is_scalar_batch(self, name: str = "is_scalar_batch") -> Any:
        """Return whether it is one distribution and no batch."""
        return self._is_scalar(self.batch_shape, self.batch_shape_tensor, name)

    # -- samples ----------------------------------------------------------------------------------

    _sample_n = _lacking("sample_n")

    def sample(self, sample_shape: Any = (), seed: int | None = None, name: str = "sample") -> Any:
        """Return random numbers.

        Args:
            sample_shape: How many of each: the first dimensions of the result.
            seed: The op's own seed.
            name: Of the operations.
        """
        with self._scope(name, [sample_shape]):
            sizes = convert_to_tensor(sample_shape, dtypes.int32, "sample_shape")
            sizes, count = _as_vector(sizes)
            numbers = self._sample_n(count, seed)
            shape = concat([sizes, shape_op(numbers)[1:]], 0)
            numbers = reshape(numbers, shape)
            first = TensorShape(constant_value(sizes))
            if first.rank is not None and self.batch_shape.rank is not None and self.event_shape.rank is not None:
                set_shape(numbers, first.concatenate(self.batch_shape).concatenate(self.event_shape))
            return numbers

    # -- statistics -------------------------------------------------------------------------------

    _log_prob, _prob = _lacking("log_prob"), _lacking("prob")
    _log_cdf, _cdf = _lacking("log_cdf"), _lacking("cdf")
    _log_survival_function, _survival_function = _lacking("log_survival_function"), _lacking("survival_function")
    _quantile, _entropy, _mean, _mode = map(_lacking, ("quantile", "entropy", "mean", "mode"))
    _variance, _stddev, _covariance = map(_lacking, ("variance", "stddev", "covariance"))

    def _of_value(self, value: Any, name: str, *attempts: Callable[[Any], Any]) -> Any:
        with self._scope(name, [value]):
            value = convert_to_tensor(value, name="value", preferred_dtype=self.dtype)
            return _first_of(*(lambda attempt=attempt: attempt(value) for attempt in attempts))

    def log_prob(self, value: Any, name: str = "log_prob") -> Any:
        """Return the logarithm of the density, or of the probability."""
        return self._of_value(value, name, self._log_prob, lambda x: log(self._prob(x)))

    def prob(self, value: Any, name: str = "prob") -> Any:
        """Return the density, or the probability."""
        return self._of_value(value, name, self._prob, lambda x: exp(self._log_prob(x)))

    def log_cdf(self, value: Any, name: str = "log_cdf") -> Any:
        """Return the logarithm of the probability of a number up to `value`."""
        return self._of_value(value, name, self._log_cdf, lambda x: log(self._cdf(x)))

    def cdf(self, value: Any, name: str = "cdf") -> Any:
        """Return the probability of a number up to `value`."""
        return self._of_value(value, name, self._cdf, lambda x: exp(self._log_cdf(x)))

    def log_survival_function(self, value: Any, name: str = "log_survival_function") -> Any:
        """Return the logarithm of the probability of a number above `value`."""
        return self._of_value(value, name, self._log_survival_function, lambda x: UNARY["Log1p"](-self.cdf(x)))

    def survival_function(self, value: Any, name: str = "survival_function") -> Any:
        """Return the probability of a number above `value`."""
        return self._of_value(value, name, self._survival_function, lambda x: 1.0 - self.cdf(x))

    def quantile(self, value: Any, name: str = "quantile") -> Any:
        """Return the number that is not exceeded with the probability `value`."""
        return self._of_value(value, name, self._quantile)

    def _statistic(self, name: str, *attempts: Callable[[], Any]) -> Any:
        with self._scope(name):
            return _first_of(*attempts)

    def entropy(self, name: str = "entropy") -> Any:
        """Return the entropy in nats."""
        return self._statistic(name, self._entropy)

    def mean(self, name: str = "mean") -> Any:
        """Return the mean."""
        return self._statistic(name, self._mean)

    def mode(self, name: str = "mode") -> Any:
        """Return the most likely number."""
        return self._statistic(name, self._mode)

    def variance(self, name: str = "variance") -> Any:
        """Return the variance."""
        return self._statistic(name, self._variance, lambda: square(self._stddev()))

    def stddev(self, name: str = "stddev") -> Any:
        """Return the standard deviation."""
        return self._statistic(name, self._stddev, lambda: sqrt(self._variance()))

    def covariance(self, name: str = "covariance") -> Any:
        """Return the covariance of the parts of an event."""
        return self._statistic(name, self._covariance)

    def cross_entropy(self, other: "Distribution", name: str = "cross_entropy") -> Any:
        """Return the cross entropy with another distribution."""
        from onevar.v1.distributions_divergence import cross_entropy

        return self._statistic(name, lambda: cross_entropy(self, other, allow_nan_stats=self.allow_nan_stats))

    def kl_divergence(self, other: "Distribution", name: str = "kl_divergence") -> Any:
        """Return the Kullback-Leibler divergence from another distribution."""
        from onevar.v1.distributions_divergence import kl_divergence

        return self._statistic(name, lambda: kl_divergence(self, other, allow_nan_stats=self.allow_nan_stats))

    def _described(self) -> tuple[str, str]:
        return type(self).__name__, self.name

    def __repr__(self) -> str:
        kind, name = self._described()
        shapes = f"batch_shape={self.batch_shape} event_shape={self.event_shape}"
        return f"<tfp.distributions.{kind} '{name}' {shapes} dtype={dtypes.as_dtype(self.dtype).name}>"


def _as_vector(sizes: Any) -> tuple[Any, Any]:
    """A shape given as a vector or a number, and how many samples it asks for."""
    known = constant_value(sizes)
    count = reduce_prod(sizes) if known is None else np.prod(known, dtype=np.int32)
    rank = rank_of(sizes)
    if rank is None:
        found = rank_op(sizes)
        vector = where_v2(op("Equal", x=found, y=0), np.array([1], np.int32), shape_op(sizes))
        return reshape(sizes, vector), count
    if rank > 1:
        raise ValueError("Input is neither scalar nor vector.")
    if rank == 0:
        if known is not None:
            return convert_to_tensor(np.array([known], np.int32), name="sample_shape"), count
        return reshape(sizes, [1]), count
    return sizes, count


def static_batch(*tensors: Any) -> TensorShape:
    """Return what is known of the shape that tensors broadcast to.

    Args:
        *tensors: The parameters of a batch of distributions.
    """
    from onevar.v1.array_ops_shape import broadcast_static_shape

    found = shape_of(tensors[0])
    for tensor in tensors[1:]:
        found = broadcast_static_shape(found, shape_of(tensor))
    return found
