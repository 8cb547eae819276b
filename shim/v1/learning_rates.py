"""Learning rates that follow the global step: `tf.train.exponential_decay` and the like.

In a graph each returns a tensor. Where operations compute at once it returns a function without arguments, which
optimizers call at every step.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.constant import constant
from onevar.core.context import executing_eagerly
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.core.nest import flatten
from onevar.v1.case_ops import case
from onevar.v1.common import dtype_of, shape_of
from onevar.v1.control_flow_ops import cond
from onevar.v1.export import export
from onevar.v1.math_ops_elementwise import add, cast, divide
from onevar.v1.random_ops import random_normal


def _scheduled(rate: Callable[..., Any], *arguments: Any) -> Any:
    """Return the rate now, or what returns it then."""
    return partial(rate, *arguments) if executing_eagerly() else rate(*arguments)


def _first(learning_rate: Any) -> Any:
    return convert_to_tensor(learning_rate, name="initial_learning_rate")


def _below(step: Any, decay_steps: Any) -> Any:
    return op("Minimum", x=step, y=decay_steps)


def _multiplied(x: Any, y: Any, name: str | None = None) -> Any:
    return op("Mul", x=x, y=y, name=name)


@export("train.exponential_decay")
def exponential_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return `learning_rate * decay_rate ** (global_step / decay_steps)`.

    Args:
        learning_rate: At the first step: a float, or a scalar tensor.
        global_step: The number of steps so far.
        decay_steps: After how many steps the rate is multiplied with `decay_rate`.
        decay_rate: A float, or a scalar tensor.
        staircase: Whether the rate changes every `decay_steps` steps only.
        name: Of the operation.
    """
    return _scheduled(_exponential, learning_rate, global_step, decay_steps, decay_rate, staircase, name)


def _exponential(rate: Any, step: Any, decay_steps: Any, decay_rate: Any, staircase: bool, name: str | None) -> Any:
    with name_scope(name or "ExponentialDecay") as scope:
        first = _first(rate)
        dtype = dtype_of(first)
        decay_steps, decay_rate, step = cast(decay_steps, dtype), cast(decay_rate, dtype), cast(step, dtype)
        power = step / decay_steps
        if staircase:
            power = op("Floor", x=power)
        return _multiplied(first, op("Pow", x=decay_rate, y=power), scope)


@export("train.natural_exp_decay")
def natural_exp_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return `learning_rate * exp(-decay_rate * global_step / decay_steps)`.

    Args:
        learning_rate: At the first step.
        global_step: The number of steps so far.
        decay_steps: How many steps count as one.
        decay_rate: A float, or a scalar tensor.
        staircase: Whether the rate changes every `decay_steps` steps only.
        name: Of the operation.
    """
    base = op("Exp", x=op("Neg", x=decay_rate))
    return _scheduled(_exponential, learning_rate, global_step, decay_steps, base, staircase, name)


@export("train.inverse_time_decay")
def inverse_time_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return `learning_rate / (1 + decay_rate * global_step / decay_steps)`.

    Args:
        learning_rate: At the first step.
        global_step: The number of steps so far.
        decay_steps: How many steps count as one.
        decay_rate: A float, or a scalar tensor.
        staircase: Whether the rate changes every `decay_steps` steps only.
        name: Of the operation.
    """
    return _scheduled(_inverse_time, learning_rate, global_step, decay_steps, decay_rate, staircase, name)


def _inverse_time(rate: Any, step: Any, decay_steps: Any, decay_rate: Any, staircase: bool, name: str | None) -> Any:
    with name_scope(name or "InverseTimeDecay") as scope:
        first = _first(rate)
        dtype = dtype_of(first)
        decay_steps, decay_rate, step = cast(decay_steps, dtype), cast(decay_rate, dtype), cast(step, dtype)
        done = step / decay_steps
        if staircase:
            done = op("Floor", x=done)
        one = cast(constant(1), dtype)
        return divide(first, add(one, _multiplied(decay_rate, done)), name=scope)


@export("train.piecewise_constant_decay", "train.piecewise_constant")
def piecewise_constant(x: Any, boundaries: Any, values: Any, name: str | None = None) -> Any:
    """Return the value of the interval that `x` is in; a boundary belongs to the interval below it.

    Args:
        x: The number of steps so far.
        boundaries: In ascending order, of the dtype of `x`.
        values: One more, all of one dtype.
        name: Of the scope of what it makes.

    Raises:
        ValueError: There are not as many values as intervals, or the dtypes do not match.
    """
    limits = [convert_to_tensor(limit) for limit in flatten(boundaries)]
    rates = [convert_to_tensor(value) for value in flatten(values)]
    dtype = dtype_of(convert_to_tensor(x))
    for index, limit in enumerate(limits):
        if dtype_of(limit) == dtype:
            continue
        if dtype_of(limit) != dtypes.int32 or dtype != dtypes.int64:
            raise ValueError(f"Boundaries ({dtype_of(limit)}) must have the same dtype as x ({dtype}).")
        limits[index] = cast(limit, dtype)
    for rate in rates[1:]:
        if dtype_of(rate) != dtype_of(rates[0]):
            raise ValueError(
                f"Values must have elements all with the same dtype ({dtype_of(rates[0])} vs {dtype_of(rate)})."
            )
    if len(limits) != len(rates) - 1:
        raise ValueError("The length of boundaries should be 1 less than the length of values")
    return _scheduled(_piecewise, x, limits, rates, name)


def _piecewise(x: Any, limits: list[Any], rates: list[Any], name: str | None) -> Any:
    with name_scope(name or "PiecewiseConstant"):
        x = convert_to_tensor(x)
        first, last = rates[0], rates[-1]
        pairs: list[tuple[Any, Callable[[], Any]]] = [(x <= limits[0], lambda: first), (x > limits[-1], lambda: last)]
        for low, high, rate in zip(limits[:-1], limits[1:], rates[1:-1], strict=True):
            pairs.append(((x > low) & (x <= high), partial(_itself, rate)))
        return case(pairs, lambda: first, exclusive=True)


def _itself(rate: Any) -> Any:
    return rate


@export("train.polynomial_decay")
def polynomial_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, end_learning_rate: Any = 0.0001, power: Any = 1.0,
    cycle: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """Return what goes from `learning_rate` to `end_learning_rate` in `decay_steps` steps, as a power of what is left.

    Args:
        learning_rate: At the first step.
        global_step: The number of steps so far.
        decay_steps: How many steps it takes.
        end_learning_rate: At the end.
        power: 1.0 is a straight line.
        cycle: Whether it begins again then, from the start and with a longer way; else it stays.
        name: Of the operation.
    """
    arguments = (learning_rate, global_step, decay_steps, end_learning_rate, power, cycle, name)
    return _scheduled(_polynomial, *arguments)


def _polynomial(rate: Any, step: Any, decay_steps: Any, end: Any, power: Any, cycle: bool, name: str | None) -> Any:
    with name_scope(name or "PolynomialDecay") as scope:
        first = _first(rate)
        dtype = dtype_of(first)
        end, power, step, steps = cast(end, dtype), cast(power, dtype), cast(step, dtype), cast(decay_steps, dtype)
        if cycle:
            at_start = op("Equal", x=step, y=0)
            rounds = op("SelectV2", condition=at_start, t=1.0, e=op("Ceil", x=step / decay_steps))
            steps = _multiplied(steps, rounds)
        else:
            step = _below(step, steps)
        done, height = divide(step, steps), first - end
        return add(_multiplied(height, op("Pow", x=1 - done, y=power)), end, name=scope)


# -- along a cosine ---------------------------------------------------------------------------------


def _half_wave(fraction: Any) -> Any:
    return 1.0 + op("Cos", x=constant(math.pi) * fraction)


@export("train.cosine_decay")
def cosine_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, alpha: Any = 0.0, name: str | None = None
) -> Any:
    """Return what falls along half a cosine from `learning_rate` to `alpha * learning_rate`.

    Args:
        learning_rate: At the first step.
        global_step: The number of steps so far.
        decay_steps: How many steps it takes.
        alpha: The fraction that is left at the end.
        name: Of the scope of what it makes.
    """
    return _scheduled(_cosine, learning_rate, global_step, decay_steps, alpha, name)


def _cosine(rate: Any, step: Any, decay_steps: Any, alpha: Any, name: str | None) -> Any:
    with name_scope(name or "CosineDecay"):
        first = _first(rate)
        dtype = dtype_of(first)
        decay_steps, step = cast(decay_steps, dtype), cast(step, dtype)
        wave = 0.5 * _half_wave(_below(step, decay_steps) / decay_steps)
        return _multiplied(first, (1 - alpha) * wave + alpha)


@export("train.cosine_decay_restarts")
def cosine_decay_restarts(
    learning_rate: Any, global_step: Any, first_decay_steps: Any, t_mul: Any = 2.0, m_mul: Any = 1.0,
    alpha: Any = 0.0, name: str | None = None,
) -> Any:  # fmt: skip
    """Return what falls along half a cosine, and begins again at the end.

    Args:
        learning_rate: At the first step.
        global_step: The number of steps so far.
        first_decay_steps: How many steps it takes the first time.
        t_mul: How many times longer it takes each further time.
        m_mul: What the rate is multiplied with at each new beginning.
        alpha: The fraction that is left at the end.
        name: Of the operation.
    """
    return _scheduled(_restarted, learning_rate, global_step, first_decay_steps, t_mul, m_mul, alpha, name)


def _restarted(rate: Any, step: Any, first_steps: Any, t_mul: Any, m_mul: Any, alpha: Any, name: str | None) -> Any:
    with name_scope(name or "SGDRDecay") as scope:
        first = _first(rate)
        dtype = dtype_of(first)
        first_steps, alpha, t_mul = cast(first_steps, dtype), cast(alpha, dtype), cast(t_mul, dtype)
        m_mul, step = cast(m_mul, dtype), cast(step, dtype)
        done = step / first_steps

        def evenly() -> tuple[Any, Any]:
            count = op("Floor", x=done)
            return count, done - count

        def geometrically() -> tuple[Any, Any]:
            count = op("Floor", x=op("Log", x=1.0 - done * (1.0 - t_mul)) / op("Log", x=t_mul))
            before = (1.0 - t_mul**count) / (1.0 - t_mul)
            return count, (done - before) / t_mul**count

        count, fraction = cond(op("Equal", x=t_mul, y=1.0), evenly, geometrically)
        wave = 0.5 * m_mul**count * _half_wave(fraction)
        return _multiplied(first, (1 - alpha) * wave + alpha, scope)


@export("train.linear_cosine_decay")
def linear_cosine_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, num_periods: Any = 0.5, alpha: Any = 0.0,
    beta: Any = 0.001, name: str | None = None,
) -> Any:  # fmt: skip
    """Return `learning_rate * ((alpha + linear) * cosine + beta)`: a line and a wave that fall together.

    Args:
        learning_rate: At the first step.
        global_step: The number of steps so far.
        decay_steps: How many steps it takes.
        num_periods: How many periods the wave has.
        alpha: See the formula.
        beta: The same.
        name: Of the operation.
    """
    arguments = (learning_rate, global_step, decay_steps, num_periods, alpha, beta, None, name)
    return _scheduled(_linear_cosine, *arguments)


@export("train.noisy_linear_cosine_decay")
def noisy_linear_cosine_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, initial_variance: Any = 1.0, variance_decay: Any = 0.55,
    num_periods: Any = 0.5, alpha: Any = 0.0, beta: Any = 0.001, name: str | None = None,
) -> Any:  # fmt: skip
    """Return what `linear_cosine_decay` does, with normal noise on the line.

    Args:
        learning_rate: At the first step.
        global_step: The number of steps so far.
        decay_steps: How many steps it takes.
        initial_variance: Of the noise, at the first step.
        variance_decay: The variance falls as `(1 + global_step) ** -variance_decay`.
        num_periods: As for `linear_cosine_decay`.
        alpha: The same.
        beta: The same.
        name: Of the operation.
    """
    noise = (initial_variance, variance_decay)
    arguments = (learning_rate, global_step, decay_steps, num_periods, alpha, beta, noise, name)
    return _scheduled(_linear_cosine, *arguments)


def _linear_cosine(
    rate: Any, step: Any, decay_steps: Any, num_periods: Any, alpha: Any, beta: Any, noise: tuple[Any, Any] | None,
    name: str | None,
) -> Any:  # fmt: skip
    default = "LinearCosineDecay" if noise is None else "NoisyLinearCosineDecay"
    with name_scope(name or default) as scope:
        first = _first(rate)
        dtype = dtype_of(first)
        decay_steps = cast(decay_steps, dtype)
        spread = None if noise is None else tuple(cast(part, dtype) for part in noise)
        num_periods, alpha, beta, step = (cast(value, dtype) for value in (num_periods, alpha, beta, step))
        step = _below(step, decay_steps)
        line = (decay_steps - step) / decay_steps
        if spread is not None:
            variance = spread[0] / op("Pow", x=1.0 + step, y=spread[1])
            line = line + random_normal(shape_of(line), stddev=op("Sqrt", x=variance))
        done = step / decay_steps
        wave = 0.5 * _half_wave(2.0 * num_periods * done)
        return _multiplied(first, (alpha + line) * wave + beta, scope)
