"""Distributions of classes: Bernoulli's and the categorical one."""

from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.core.tensor_shape import TensorShape
from onevar.v1.array_ops_create import constant, ones, ones_like, sequence_mask, zeros_like
from onevar.v1.array_ops_index import where
from onevar.v1.array_ops_shape import concat, identity, reshape, transpose
from onevar.v1.array_ops_shape import rank as rank_op
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.check_ops import assert_less_equal, assert_near, assert_non_negative
from onevar.v1.common import dtype_of, rank_of, set_shape, shape_of
from onevar.v1.distributions_base import NOT_REPARAMETERIZED, Distribution
from onevar.v1.distributions_divergence import RegisterKL
from onevar.v1.export import export
from onevar.v1.grouping_ops import with_dependencies
from onevar.v1.math_ops_elementwise import UNARY, cast, log, softplus
from onevar.v1.math_ops_reduce import argmax, reduce_sum
from onevar.v1.nn_activations import log_softmax, softmax
from onevar.v1.nn_loss import sigmoid_cross_entropy_with_logits, sparse_softmax_cross_entropy_with_logits
from onevar.v1.random_ops import multinomial, random_uniform


def _logits_and_probs(logits: Any, probs: Any, validate: bool, name: str, many: bool = False) -> tuple[Any, Any]:
    """Both of which one is given."""
    with name_scope(name, values=[probs, logits]):
        if (probs is None) == (logits is None):
            raise ValueError("Must pass probs or logits, but not both.")
        given, label = (logits, "logits") if probs is None else (probs, "probs")
        given = convert_to_tensor(given, name=label)
        if not dtype_of(given).is_floating:
            raise TypeError(f"{label} must having floating type.")
        if probs is None:
            return given, softmax(given, name="probs") if many else UNARY["Sigmoid"](given, name="probs")
        if validate:
            given = _checked(given, many)
        with name_scope("logits"):
            if many:
                return log(given), given
            return log(given) - UNARY["Log1p"](-1.0 * given), given


def _checked(probs: Any, many: bool) -> Any:
    with name_scope("validate_probs"):
        one = constant(1.0, dtype_of(probs))
        checks = [assert_non_negative(probs)]
        if many:
            checks.append(assert_near(reduce_sum(probs, -1), one, message="probs does not sum to 1."))
        else:
            checks.append(assert_less_equal(probs, one, message="probs has components greater than 1."))
        return with_dependencies(checks, probs)


@export("distributions.Bernoulli", "contrib.distributions.Bernoulli")
class Bernoulli(Distribution):
    """One with some probability, or zero.

    Args:
        logits: Log-odds of one.
        probs: Its probabilities, in place of `logits`.
        dtype: Of samples.
        validate_args: Whether parameters are checked at run time.
        allow_nan_stats: Whether statistics that do not exist are NaN.
        name: Of the scope of its operations.

    Raises:
        ValueError: Both of `logits` and `probs` are given, or none.
    """

    def __init__(
        self, logits: Any = None, probs: Any = None, dtype: Any = dtypes.int32, validate_args: bool = False,
        allow_nan_stats: bool = True, name: str = "Bernoulli",
    ):  # fmt: skip
        given = {key: value for key, value in locals().items() if key not in ("self", "__class__")}
        with name_scope(name) as scope:
            self._logits, self._probs = _logits_and_probs(logits, probs, validate_args, scope)
        parents = [self._logits, self._probs]
        dtype = dtypes.as_dtype(dtype)
        super().__init__(dtype, NOT_REPARAMETERIZED, validate_args, allow_nan_stats, given, parents, scope)

    logits = property(lambda self: self._logits)
    probs = property(lambda self: self._probs)

    def _batch_shape_tensor(self) -> Any:
        return shape_op(self._logits)

    def _batch_shape(self) -> TensorShape:
        return shape_of(self._logits)

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        shape = concat([[n], self.batch_shape_tensor()], 0)
        numbers = random_uniform(shape, seed=seed, dtype=dtype_of(self.probs))
        return cast(op("Less", x=numbers, y=self.probs), self.dtype)

    def _log_prob(self, event: Any) -> Any:
        logits = self.logits
        event = cast(event, dtype_of(logits))
        known = shape_of(event)
        if not (known.is_fully_defined() and shape_of(logits).is_fully_defined() and known == shape_of(logits)):
            logits, event = ones_like(event) * logits, ones_like(logits) * event
        return -sigmoid_cross_entropy_with_logits(labels=event, logits=logits)

    def _entropy(self) -> Any:
        return -self.logits * (UNARY["Sigmoid"](self.logits) - 1) + softplus(-self.logits)

    def _mean(self) -> Any:
        return identity(self.probs)

    def _variance(self) -> Any:
        return self._mean() * (1.0 - self.probs)

    def _mode(self) -> Any:
        return cast(self.probs > 0.5, self.dtype)


@RegisterKL(Bernoulli, Bernoulli)
def _bernoulli_from_bernoulli(a: Bernoulli, b: Bernoulli, name: str | None = None) -> Any:
    with name_scope(name, "kl_bernoulli_bernoulli", [a.logits, b.logits]):
        zeros = softplus(-b.logits) - softplus(-a.logits)
        ones_ = softplus(b.logits) - softplus(a.logits)
        return UNARY["Sigmoid"](a.logits) * zeros + UNARY["Sigmoid"](-a.logits) * ones_


@export("distributions.Categorical", "contrib.distributions.Categorical")
class Categorical(Distribution):
    """The number of a class.

    Args:
        logits: Unnormalised log-probabilities of the classes, which are the last dimension.
        probs: Their probabilities, in place of `logits`.
        dtype: Of samples.
        validate_args: Whether parameters are checked at run time.
        allow_nan_stats: Whether statistics that do not exist are NaN.
        name: Of the scope of its operations.

    Raises:
        ValueError: Both of `logits` and `probs` are given, or none.
    """

    def __init__(
        self, logits: Any = None, probs: Any = None, dtype: Any = dtypes.int32, validate_args: bool = False,
        allow_nan_stats: bool = True, name: str = "Categorical",
    ):  # fmt: skip
        given = {key: value for key, value in locals().items() if key not in ("self", "__class__")}
        with name_scope(name, values=[logits, probs]) as scope:
            self._logits, self._probs = _logits_and_probs(logits, probs, validate_args, scope, many=True)
            self._sizes()
        parents = [self._logits, self._probs]
        dtype = dtypes.as_dtype(dtype)
        super().__init__(dtype, NOT_REPARAMETERIZED, validate_args, allow_nan_stats, given, parents, scope)

    def _sizes(self) -> None:
        known = shape_of(self._logits).with_rank_at_least(1)
        if known.rank is not None:
            self._batch_rank = convert_to_tensor(known.rank - 1, dtypes.int32, "batch_rank")
        else:
            with name_scope("batch_rank"):
                self._batch_rank = rank_op(self._logits) - 1
        sizes = shape_op(self._logits, name="logits_shape")
        dims = known.tuple
        if dims is not None and dims[-1] is not None:
            self._event_size = convert_to_tensor(dims[-1], dtypes.int32, "event_size")
        else:
            with name_scope("event_size"):
                self._event_size = sizes[self._batch_rank]
        if dims is not None and None not in dims[:-1]:
            self._batch_shape_val = constant(list(dims[:-1]), dtype=dtypes.int32, name="batch_shape")
        else:
            with name_scope("batch_shape"):
                self._batch_shape_val = sizes[:-1]

    logits = property(lambda self: self._logits)
    probs = property(lambda self: self._probs)
    event_size = property(lambda self: self._event_size)

    def _batch_shape_tensor(self) -> Any:
        return identity(self._batch_shape_val)

    def _batch_shape(self) -> TensorShape:
        return shape_of(self._logits)[:-1]

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        rows = self.logits if rank_of(self.logits) == 2 else reshape(self.logits, [-1, self.event_size])
        kind = dtypes.int64 if self.dtype.size > 4 else dtypes.int32
        drawn = multinomial(rows, n, seed=seed, output_dtype=kind)
        drawn = reshape(transpose(drawn), concat([[n], self.batch_shape_tensor()], 0))
        return cast(drawn, self.dtype)

    def _with_classes(self, k: Any, parameters: Any) -> tuple[Any, Any]:
        """Classes as integers, and parameters, both of one batch shape."""
        if not dtype_of(k).is_integer:
            k = cast(k, dtypes.int64 if self.dtype.size > 4 else dtypes.int32)
        known, wanted = shape_of(k), shape_of(parameters)[:-1]
        if known.is_fully_defined() and wanted.is_fully_defined() and known == wanted:
            return k, parameters
        parameters = parameters * ones_like(k[..., None], dtype=dtype_of(parameters))
        wide = shape_op(parameters)[:-1]
        k = k * ones(wide, dtype=dtype_of(k))
        rank = rank_of(parameters)
        if rank is not None:
            set_shape(k, [None] * (rank - 1))
        return k, parameters

    def _log_prob(self, k: Any) -> Any:
        k, logits = self._with_classes(convert_to_tensor(k, name="k"), self.logits)
        return -sparse_softmax_cross_entropy_with_logits(labels=k, logits=logits)

    def _cdf(self, k: Any) -> Any:
        k, probs = self._with_classes(convert_to_tensor(k, name="k"), self.probs)
        rows = reshape(probs, (-1, self._event_size))
        before = sequence_mask(reshape(k, [-1]), self._event_size)
        total = reduce_sum(where(before, rows, zeros_like(rows)), axis=-1)
        return reshape(total, shape_op(k))

    def _entropy(self) -> Any:
        return -reduce_sum(log_softmax(self.logits) * self.probs, axis=-1)

    def _mode(self) -> Any:
        found = cast(argmax(self.logits, axis=self._batch_rank), self.dtype)
        set_shape(found, self.batch_shape)
        return found


@RegisterKL(Categorical, Categorical)
def _categorical_from_categorical(a: Categorical, b: Categorical, name: str | None = None) -> Any:
    with name_scope(name, "kl_categorical_categorical", [a.logits, b.logits]):
        difference = log_softmax(a.logits) - log_softmax(b.logits)
        return reduce_sum(softmax(a.logits) * difference, axis=-1)
