"""The formulas of optimizers, once for whole variables and for rows of them.

A rule takes the primitives, the values of the variable and of its slots, the gradient and the hyperparameters by
TensorFlow's names, and returns the new values; None for one that stays as it is. What is written here is what
TensorFlow's kernels compute, rounding aside: where the epsilon is, and what is multiplied by the learning rate.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Values = tuple[Any, ...]
Hyper = Mapping[str, Any]


class Rule(NamedTuple):
    """How one kind of update is computed.

    Attributes:
        kind: The op types' common part: `Adam` of `ApplyAdam` and `ResourceApplyAdam`.
        width: How many variables it changes, slots included.
        compute: `compute(k, values, grad, hyper)` to the new values.
        by_row: Whether the sparse op types apply it to the rows that the indices name.
    """

    kind: str
    width: int
    compute: Callable[[Any, Values, Any, Hyper], Values]
    by_row: bool = True


#: All rules, by `kind`.
RULES: dict[str, Rule] = {}


def _rule(kind: str, count: int) -> Callable[[Callable], Callable]:
    def register(compute: Callable) -> Callable:
        RULES[kind] = Rule(kind, count, compute)
        return compute

    return register


# -- plain ------------------------------------------------------------------------------------------


@_rule("GradientDescent", 1)
def _gradient_descent(k: Any, values: Values, grad: Any, h: Hyper) -> Values:
    return (values[0] - grad * h["alpha"],)


@_rule("ProximalGradientDescent", 1)
def _proximal_gradient_descent(k: Any, values: Values, grad: Any, h: Hyper) -> Values:
    alpha = h["alpha"]
    return (_proximal(k, values[0] - grad * alpha, alpha, h["l1"], h["l2"]),)


def _proximal(k: Any, moved: Any, rate: Any, l1: Any, l2: Any) -> Any:
    """Shrink towards zero: `l1` by an amount, where it is positive, `l2` by a factor."""
    zero = k.zeros_like(moved)
    shrunk = k.sign(moved) * k.maximum(k.abs(moved) - rate * l1, zero)
    return k.where(k.greater(l1, k.zeros_like(l1)), shrunk, moved) / (1 + l2 * rate)


# -- momentum ---------------------------------------------------------------------------------------


@_rule("Momentum", 2)
def _momentum(k: Any, values: Values, grad: Any, h: Hyper) -> Values:
    var, accum = values
    accum = accum * h["momentum"] + grad
    if h["use_nesterov"]:
        return var - (grad * h["lr"] + accum * h["momentum"] * h["lr"]), accum
    return var - accum * h["lr"], accum


@_rule("KerasMomentum", 2)
def _keras_momentum(k: Any, values: Values, grad: Any, h: Hyper) -> Values:
    var, accum = values
    accum = accum * h["momentum"] - grad * h["lr"]
    return var + (accum * h["momentum"] - grad * h["lr"] if h["use_nesterov"] else accum), accum


# -- Adam and its kin -------------------------------------------------------------------------------


@_rule("Adam", 3)
def _adam(k: Any, values: Values, grad: Any, h: Hyper) -> Values:
    var, m, v = values
    m = m + (grad - m) * (1 - h["beta1"])
    v = v + (grad * grad - v) * (1 - h["beta2"])
    direction = grad * (1 - h["beta1"]) + h["beta1"] * m if h["use_nesterov"] else m
    return var - direction * _adam_rate(k, h) / (k.sqrt(v) + h["epsilon"]), m, v


def _adam_rate(k: Any, h: Hyper) -> Any:
    return h["lr"] * k.sqrt(1 - h["beta2_power"]) / (1 - h["beta1_power"])


@_rule("AdamWithAmsgrad", 4)
def _amsgrad(k: Any, values: Values, grad: Any, h: Hyper) -> Values:
    var, m, v, vhat = values
    m = m + (grad - m) * (1 - h["beta1"])
    v = v + (grad * grad - v) * (1 - h["beta2"])
    vhat = k.maximum(vhat, v)
    return var - m * _adam_rate(k, h) / (k.sqrt(vhat) + h["epsilon"]), m, v, vhat


@_rule("AdaMax", 3)
def _ada_max(k: Any, values: Values, grad: Any, h: Hyper) -> Values:
    var, m, v = values
    m = m + (grad - m) * (1 - h["beta1"])
    v = k.maximum(h["beta2"] * v, k.abs(grad))
    return var - h["lr"] / (1 - h["beta1_power"]) * (m / (v + h["epsilon"])), m, v


# -- sums of squares --------------------------------------------------------------------------------


@_rule("Adagrad", 2)
def _adagrad(k: Any, values: Values, grad: Any, h: Hyper) -> Values:
    var, accum = values
    if h["update_slots"]:
        accum = accum + grad * grad
    return var - grad * h["lr"] * k.rsqrt(accum), accum if h["update_slots"] else None


@_rule("AdagradV2", 2)
def _adagrad_v2(k: Any, values: Values, grad: Any, h: Hyper) -> Values:
    var, accum = values
    if h["update_slots"]:
        accum = accum + grad * grad
    return var - grad * h["lr"] / (k.sqrt(accum) + h["epsilon"]), accum if h["update_slots"] else None


@_rule("ProximalAdagrad", 2)
def _proximal_adagrad(k: Any, values: Values, grad: Any, h: Hyper) -> Values:
    var, accum = values
    accum = accum + grad * grad
    rate = h["lr"] * k.rsqrt(accum)
    return _proximal(k, var - grad * rate, rate, h["l1"], h["l2"]), accum


@_rule("AdagradDA", 3)
def _adagrad_da(k: Any, values: Values, grad: Any, h: Hyper) -> Values:
    _, total, squares = values
    total = total + grad
    squares = squares + grad * grad
    lr, l1 = h["lr"], h["l1"]
    steps = k.astype(h["global_step"], k.dtype(lr))
    shrunk = k.sign(total) * k.maximum(k.abs(total) - l1 * steps, k.zeros_like(total))
    direction = k.where(k.greater(l1, k.zeros_like(l1)), shrunk, total)
    return -lr * direction / (h["l2"] * steps * lr + k.sqrt(squares)), total, squares


@_rule("Adadelta", 3)
def _adadelta(k: Any, values: Values, grad: Any, h: Hyper) -> Values:
    var, accum, updates = values
    rho, epsilon = h["rho"], h["epsilon"]
    accum = accum * rho + grad * grad * (1 - rho)
    update = k.sqrt(updates + epsilon) * k.rsqrt(accum + epsilon) * grad
    return var - update * h["lr"], accum, updates * rho + update * update * (1 - rho)


@_rule("RMSProp", 3)
def _rms_prop(k: Any, values: Values, grad: Any, h: Hyper) -> Values:
    var, squares, momentum = values
    squares = squares + (grad * grad - squares) * (1 - h["rho"])
    momentum = momentum * h["momentum"] + grad * h["lr"] * k.rsqrt(squares + h["epsilon"])
    return var - momentum, squares, momentum


@_rule("CenteredRMSProp", 4)
def _centered_rms_prop(k: Any, values: Values, grad: Any, h: Hyper) -> Values:
    var, mean, squares, momentum = values
    squares = squares + (grad * grad - squares) * (1 - h["rho"])
    mean = mean + (grad - mean) * (1 - h["rho"])
    spread = squares - mean * mean + h["epsilon"]
    momentum = momentum * h["momentum"] + grad * h["lr"] * k.rsqrt(spread)
    return var - momentum, mean, squares, momentum


# -- follow the regularized leader ------------------------------------------------------------------


@_rule("Ftrl", 3)
def _ftrl(k: Any, values: Values, grad: Any, h: Hyper) -> Values:
    return _leader(k, values, grad, grad, h)


@_rule("FtrlV2", 3)
def _ftrl_v2(k: Any, values: Values, grad: Any, h: Hyper) -> Values:
    return _leader(k, values, grad, grad + 2 * h["l2_shrinkage"] * values[0], h)


def _leader(k: Any, values: Values, grad: Any, shrunk: Any, h: Hyper) -> Values:
    """`shrunk` is the gradient with the shrinkage in it, which the sum of squares has no part in."""
    var, accum, linear = values
    lr, l1, l2 = h["lr"], h["l1"], h["l2"]
    after = accum + grad * grad
    root, root_before = k.pow(after, -h["lr_power"]), k.pow(accum, -h["lr_power"])
    if h["multiply_linear_by_lr"]:
        linear = linear + shrunk * lr - (root - root_before) * var
        threshold, scale = l1 * lr, root + 2 * l2 * lr
    else:
        linear = linear + shrunk - (root - root_before) / lr * var
        threshold, scale = l1, root / lr + 2 * l2
    beyond = k.greater(k.abs(linear), threshold)
    moved = (threshold * k.sign(linear) - linear) / scale
    return k.where(beyond, moved, k.zeros_like(moved)), after, linear


# -- signs ------------------------------------------------------------------------------------------


@_rule("AddSign", 2)
def _add_sign(k: Any, values: Values, grad: Any, h: Hyper) -> Values:
    var, m = values
    m = m * h["beta"] + grad * (1 - h["beta"])
    agreement = k.sign(grad) * k.sign(m)
    return var - h["lr"] * (h["alpha"] + h["sign_decay"] * agreement) * grad, m


@_rule("PowerSign", 2)
def _power_sign(k: Any, values: Values, grad: Any, h: Hyper) -> Values:
    var, m = values
    m = m * h["beta"] + grad * (1 - h["beta"])
    agreement = k.sign(grad) * k.sign(m)
    return var - h["lr"] * k.exp(h["logbase"] * h["sign_decay"] * agreement) * grad, m
