"""Causes inside a layer: from what it was given, the old program's value comes one way, the new one's another."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import product

import numpy as np

from onevar.migrate.verify import numerics
from onevar.migrate.verify.case import Case, Seen, close, distinct, told_apart, wide


def _same_shape(case: Case) -> Iterator[np.ndarray]:
    """Yield what the layers were given that has the shape of their value."""
    values = case.values
    if values is not None and values[0].shape == values[1].shape:
        yield from (x for x in case.given if x.shape == values[0].shape and x.size > 1)


def _preactivations(case: Case) -> Iterator[np.ndarray]:
    """Yield the same, and what a dense layer computes before its activation."""
    yield from _same_shape(case)
    values = case.values
    for x, kernel in product(case.given, case.parameters):
        if values is None or x.ndim < 2 or kernel.ndim != 2 or x.shape[-1] != kernel.shape[0]:
            continue
        if (*x.shape[:-1], kernel.shape[1]) == values[0].shape:
            product_ = x @ kernel
            yield product_
            yield from (product_ + b for b in case.parameters if b.shape == (kernel.shape[1],) and np.any(b))


def leaky(case: Case) -> Seen | None:
    """Slopes of leaky_relu, read off where the input is negative."""
    for x in _preactivations(case):
        old, new = case.values or (x, x)
        slopes = [_slope(x, value) for value in (old, new)]
        if None not in slopes and abs(slopes[0] - slopes[1]) > 1e-4:  # type: ignore[operator]
            relu = " (0 is relu)" if 0.0 in slopes else ""
            return Seen(f"The slope is {slopes[0]:.4g} in the old program, {slopes[1]:.4g} in the new one{relu}.")
    return None


def _slope(x: np.ndarray, y: np.ndarray) -> float | None:
    negative = x < -1e-6
    if not negative.any() or not close(y[~negative], x[~negative]):
        return None
    slope = float(np.median(y[negative] / x[negative]))
    return slope if 0 <= slope < 1 and close(np.where(negative, slope * x, x), y) else None


def gelu(case: Case) -> Seen | None:
    """GELU exactly, or by tanh."""
    for x in _preactivations(case):
        if case.values is None or x.size > 200_000:
            continue
        ways = {"exactly": lambda x=x: numerics.gelu(x, False), "by tanh": lambda x=x: numerics.gelu(x, True)}
        found = told_apart(ways, *case.values)
        if found:
            return Seen(f"The old program computes it {found[0]}, the new one {found[1]}.")
    return None


def softmax_axis(case: Case) -> Seen | None:
    """Softmax along another axis."""
    for x in _preactivations(case):
        ways: dict[str, Callable[[], np.ndarray | None]] = {}
        for axis in range(x.ndim):
            ways[f"axis {axis}"] = partial(numerics.softmax, x, axis)
            ways[f"axis {axis} (logarithm)"] = partial(numerics.log_softmax, x, axis)
        found = told_apart(ways, *(case.values or (x, x)))
        if found:
            return Seen(f"{found[0].capitalize()} in the old program, {found[1]} in the new one, of shape {x.shape}.")
    return None


def activation(case: Case) -> Seen | None:
    """Other functions of the same values."""
    for x in _preactivations(case):
        ways = {name: lambda x=x, f=function: f(x) for name, function in numerics.ACTIVATIONS.items()}
        found = told_apart(ways, *(case.values or (x, x)))
        if found:
            return Seen(f"{found[0].capitalize()} in the old program, {found[1]} in the new one.")
    return None


def _shares(case: Case) -> tuple[float, float] | None:
    """Return which shares of their input both values keep."""
    for x in _same_shape(case):
        old, new = (_kept(x, value) for value in case.values or (x, x))
        if old is not None and new is not None and abs(old - new) > 1e-3:
            return old, new
    return None


def dropout_active(case: Case) -> Seen | None:
    """Something is thinned out on one side only, here or in what comes in."""
    shares = _shares(case)
    if shares is not None:
        if max(shares) < _ALL:
            return None
        which = "old" if shares[0] < shares[1] else "new"
        return Seen(f"The {which} program keeps {min(shares):.3g} of the values, the other one all.")
    old, new = case.inputs()
    for one, other in product(old, new):
        if one.shape != other.shape or one.ndim < 2:
            continue
        for whole, thinned, which in ((other, one, "old"), (one, other, "new")):
            kept = _kept(whole, thinned)
            if kept is not None and kept < _ALL:
                return Seen(f"The {which} program keeps {kept:.3g} of what comes in here, the other one all.")
    return None


def dropout(case: Case) -> Seen | None:
    """Shares that are kept, from the factor of what is left."""
    shares = _shares(case)
    if shares is None or max(shares) >= _ALL:
        return None
    return Seen(f"The old program keeps {shares[0]:.3g} of the values, the new one {shares[1]:.3g}.")


#: A share that nobody drops the rest of.
_ALL = 0.98


def _kept(x: np.ndarray, y: np.ndarray) -> float | None:
    """Return which share is kept: what is left is divided by it, the rest is zero; all of it where nothing is done."""
    there = (np.abs(x) > 1e-6) & (y != 0)
    if not there.any():
        return None
    factor = float(np.median(y[there] / x[there]))
    if factor < 1 - 1e-4 or not close(np.where(y != 0, x * factor, 0.0), y):
        return None
    if close(y, x):
        return 1.0
    share = float((y[np.abs(x) > 1e-6] != 0).mean())
    return 1 / factor if abs(share - 1 / factor) < 0.2 + 2 / np.sqrt(there.size) else None


#: No layer has a larger one.
_LARGEST_EPSILON = 0.05

# -- normalization --------------------------------------------------------------------------------


def _incoming(case: Case) -> list[np.ndarray]:
    """Return the new layer's input where it is known, else all that the value was computed from."""
    found = list(_same_shape(case))
    given = [x for x in case.inputs()[1] if any(x is one or np.array_equal(x, one) for one in found)]
    return given if case.pair is not None and case.pair.new.data.get("given") else found


def _statistics(case: Case) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    """Yield a layer's input with means and variances that may normalize it: the batch's, a row's, moving ones."""
    for x in _incoming(case):
        if x.ndim < 2:
            continue
        batch = tuple(range(x.ndim - 1))
        yield "the batch's", x, x.mean(batch), x.var(batch)
        if x.ndim == 4:
            yield "each picture's", x, x.mean((1, 2), keepdims=True), x.var((1, 2), keepdims=True)
            yield "each row's", x, x.mean((1, 2, 3), keepdims=True), x.var((1, 2, 3), keepdims=True)
        yield "each row's", x, x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        kept = [p for p in case.variables(False) if p.shape == x.shape[-1:]]
        for mean, variance in product(kept, kept):
            if variance.min() > 0 and (len(kept) == 1 or mean is not variance):
                yield "the moving", x, mean, variance


def _affine(case: Case, x: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield what may be the scale and the offset of a normalization."""
    flat = [p for p in case.variables(True) if p.shape == x.shape[-1:]]
    one, zero = np.ones(x.shape[-1:]), np.zeros(x.shape[-1:])
    scales = distinct([one, *flat])
    yield from product(scales, distinct([zero, *flat]))


def _normalized(case: Case, which: int) -> Iterator[tuple[str, float]]:
    """Yield by which statistics and epsilon a value is its input, normalized."""
    if case.values is None:
        return
    y = case.values[which]
    for label, x, mean, variance in _statistics(case):
        centred = x - mean
        for gamma, beta in _affine(case, x):
            epsilon = _epsilon(centred, variance, gamma, y - beta)
            if epsilon is not None:
                yield label, epsilon


def _epsilon(centred: np.ndarray, variance: np.ndarray, gamma: np.ndarray, y: np.ndarray) -> float | None:
    """Return the epsilon for which `y = gamma * centred / sqrt(variance + epsilon)`, if there is one."""
    numerator = gamma * centred
    there = (np.abs(y) > 1e-3) & (np.abs(numerator) > 1e-9)
    if not there.any():
        return None
    with np.errstate(all="ignore"):
        found = (numerator / y) ** 2 - variance
    epsilon = float(np.median(found[there]))
    tried = [epsilon, *(known for known in (1e-3, 1e-5, 1e-6, 1e-7, 1e-8, 1e-12, 0.0) if abs(known - epsilon) < 2e-6)]
    for one in tried:
        if 0 <= one < _LARGEST_EPSILON and close(numerator / np.sqrt(variance + max(one, 1e-30)), y):
            return one
    return None


def normalization_mode(case: Case) -> Seen | None:
    """The batch's statistics against moving ones."""
    old, new = (list(_normalized(case, which)) for which in (0, 1))
    labels = {label for label, _ in old}, {label for label, _ in new}
    if not old or not new or labels[0] & labels[1]:
        return None
    return Seen(f"The old program takes {old[0][0]} statistics, the new one {new[0][0]}.")


def normalization_epsilon(case: Case) -> Seen | None:
    """Another epsilon, with the same statistics."""
    new = list(_normalized(case, 1))
    for label, epsilon in _normalized(case, 0):
        for other_label, other in new:
            if label == other_label and abs(epsilon - other) > max(1e-7, 0.05 * max(epsilon, other)):
                return Seen(f"Epsilon is {epsilon:.2g} in the old program, {other:.2g} in the new one.")
    return None


# -- windows --------------------------------------------------------------------------------------


def _strides(case: Case, x: np.ndarray, y: np.ndarray) -> Iterable[tuple[int, int]]:
    said = {tuple(s[1:3]) if len(s) == 4 else tuple(s) for s in case.setting("strides") if isinstance(s, list)}
    said |= {(s, s) for s in case.setting("strides", "stride") if isinstance(s, int)}
    likely = {(max(round(x.shape[1] / y.shape[1]), 1), max(round(x.shape[2] / y.shape[2]), 1))}
    return [s for s in said | likely if len(s) == 2]


def padding(case: Case) -> Seen | None:
    """Convolutions and maxima with borders padded in all known ways."""
    if case.values is None or case.values[0].ndim != 4:
        return None
    y = case.values[0]
    for x in (x for x in case.given if x.ndim == 4 and x.shape[0] == y.shape[0]):
        for ways in _padded(case, x, y):
            found = told_apart(ways, *case.values)
            if found:
                return Seen(f"The old program pads {found[0]}; the new one: {found[1]}.")
    return None


def _padded(case: Case, x: np.ndarray, y: np.ndarray) -> Iterator[dict[str, Callable[[], np.ndarray | None]]]:
    kernels = [k for k in _kernels(case) if k.shape[2] == x.shape[3] and k.shape[3] == y.shape[3]]
    biases = [None, *(b for b in case.parameters if b.shape == y.shape[3:])]
    for strides in _strides(case, x, y):
        for kernel, bias, active in product(kernels, biases, (False, True)):
            pads = numerics.paddings(x.shape[1:3], kernel.shape[:2], strides)
            yield {label: partial(_convolved, x, kernel, strides, pad, bias, active) for label, pad in pads.items()}
        for size in _sizes(case) if x.shape[3] == y.shape[3] else ():
            pads = numerics.paddings(x.shape[1:3], size, strides)
            yield {label: partial(numerics.pooled, x, size, strides, pad, "max") for label, pad in pads.items()}


def _convolved(
    x: np.ndarray, kernel: np.ndarray, strides: tuple[int, int], pads: list[tuple[int, int]], bias: np.ndarray | None,
    active: bool,
) -> np.ndarray | None:  # fmt: skip
    return _active(numerics.convolution(x, kernel, strides, pads, bias), active)


def _active(value: np.ndarray | None, active: bool) -> np.ndarray | None:
    return np.maximum(value, 0) if active and value is not None else value


def _kernels(case: Case) -> Iterator[np.ndarray]:
    """Yield kernels as TensorFlow has them, from either framework."""
    for p in case.parameters:
        if p.ndim == 4:
            yield p
            yield np.transpose(p, (2, 3, 1, 0))


def _sizes(case: Case) -> list[tuple[int, int]]:
    said = [
        tuple(s[1:3]) if len(s) == 4 else tuple(s) for s in case.setting("ksize", "pool_size") if isinstance(s, list)
    ]
    said += [(s, s) for s in case.setting("kernel_size", "pool_size") if isinstance(s, int)]
    return list(dict.fromkeys(said)) or [(2, 2), (3, 3)]


def pool_border(case: Case) -> Seen | None:
    """Means of windows, with and without the padding."""
    if case.values is None or case.values[0].ndim != 4:
        return None
    y = case.values[0]
    for x in (x for x in case.given if x.ndim == 4 and x.shape[3] == y.shape[3]):
        for size, strides in product(_sizes(case), _strides(case, x, y)):
            ways = {}
            for how, (label, pads) in product(
                ("mean of what is there", "mean with the padding"),
                numerics.paddings(x.shape[1:3], size, strides).items(),
            ):
                ways[f"{how}, {label}"] = lambda x=x, z=size, s=strides, p=pads, h=how: numerics.pooled(x, z, s, p, h)
            found = told_apart(ways, *case.values)
            if found:
                return Seen(f"The old program: {found[0]}; the new one: {found[1]}.")
    return None


def resize(case: Case) -> Seen | None:
    """Pictures resized on three grids, in two ways."""
    if case.values is None or case.values[0].ndim != 4:
        return None
    y = case.values[0]
    for x in (x for x in case.given if x.ndim == 4 and (x.shape[0], x.shape[3]) == (y.shape[0], y.shape[3])):
        ways = {
            f"{method}, {grid.replace('_', ' ')}": lambda x=x, g=grid, m=method: numerics.resized(x, y.shape[1:3], g, m)
            for method, grid in product(("bilinear", "nearest"), ("legacy", "align_corners", "half_pixel"))
        }
        found = told_apart(ways, *case.values)
        if found:
            return Seen(f"The old program: {found[0]}; the new one: {found[1]}.")
    return None


# -- layouts --------------------------------------------------------------------------------------


def lstm(case: Case) -> Seen | None:
    """An LSTM over a sequence, with the gates in both orders and the forget gate's bias in and out."""
    if case.values is None:
        return None
    y = case.values[0]
    for x, kernel, bias in _cells(case):
        ways: dict[str, Callable[[], np.ndarray | None]] = {}
        for order, forget in product(("ijfo", "ifjo"), (1.0, 0.0)):
            name = "i, j, f, o" if order == "ijfo" else "i, f, c, o"
            label = f"{name} with {forget:g} added to the forget gate"
            ways[label] = partial(_run_over, x, kernel, bias, order, forget, y)
        found = told_apart(ways, *case.values)
        if found:
            return Seen(_gates(*found))
    return None


def _run_over(
    x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, order: str, forget: float, y: np.ndarray
) -> np.ndarray | None:
    return _shown(numerics.lstm(x, kernel, bias, order, forget), y)


def _gates(old: str, new: str) -> str:
    orders, biases = zip(*(text.split(" with ") for text in (old, new)), strict=True)
    if orders[0] != orders[1]:
        return f"The old program: {old}; the new one: {new}."
    return (
        f"The forget gate: {biases[0].split()[0]} is added in the old program, {biases[1].split()[0]} in the new one."
    )


def _cells(case: Case) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield sequences, kernels and biases that go together, from the layer or from the whole model."""
    arrays = [*case.parameters, *(wide(v) for v in case.event.new.before.values())]
    sequences = [x for x in (*case.given, *map(wide, case.feeds())) if x.ndim == 3]
    biases = [b for b in arrays if b.ndim == 1 and b.shape[0] % 4 == 0]
    for x, bias in product(sequences, biases):
        units = bias.shape[0] // 4
        for kernel in arrays:
            if kernel.shape == (x.shape[2] + units, 4 * units):
                yield x, kernel, bias
            for recurrent in arrays if kernel.shape == (x.shape[2], 4 * units) else ():
                if recurrent.shape == (units, 4 * units) and recurrent is not kernel:
                    yield x, np.concatenate([kernel, recurrent]), bias


def _shown(outputs: np.ndarray, y: np.ndarray) -> np.ndarray | None:
    """Return the outputs in the form of a value: all of them, time first, or the last."""
    for form in (outputs, np.swapaxes(outputs, 0, 1), outputs[:, -1], outputs[:, 0]):
        if form.shape == y.shape:
            return form
    return None


def transposed(case: Case) -> Seen | None:
    """A product with a kernel, or with its transpose, where both have the same shape."""
    if case.values is None:
        return None
    y = case.values[0]
    biases: list[np.ndarray | None] = [None, *(b for b in case.parameters if b.shape == y.shape[-1:])]
    for x, kernel, bias in product(case.given, case.parameters, biases):
        if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or x.shape != y.shape or x.ndim < 2:
            continue
        if x.shape[-1] != kernel.shape[0]:
            continue
        offset = 0.0 if bias is None else bias
        for activation in numerics.ACTIVATIONS.values():
            ways = {
                "kernel": lambda x=x, k=kernel, b=offset, a=activation: a(x @ k + b),
                "transposed kernel": lambda x=x, k=kernel, b=offset, a=activation: a(x @ k.T + b),
            }
            found = told_apart(ways, *case.values)
            if found:
                return Seen(f"The old program multiplies with the {found[0]}, the new one with the {found[1]}.")
    return None


def flattened(case: Case) -> Seen | None:
    """Pictures flattened with channels last, or first."""
    if case.values is None or case.values[0].ndim != 2:
        return None
    for x in (x for x in case.given if x.ndim in (3, 4)):
        last = x
        for source, name in ((last, "given"), (np.moveaxis(last, 1, -1), "channels first")):
            ways = {
                f"as {name}": lambda s=source: s.reshape(s.shape[0], -1),
                f"channels before rows, from {name}": lambda s=source: np.moveaxis(s, -1, 1).reshape(s.shape[0], -1),
            }
            found = told_apart(ways, *case.values)
            if found:
                return Seen(f"The old program flattens {found[0]}, the new one {found[1]}.")
    return None


def integer_division(case: Case) -> Seen | None:
    """A value that is the other one's, rounded down."""
    if case.values is None or case.values[0].shape != case.values[1].shape:
        return None
    old, new = case.values
    if case.pair is None or case.pair.old.dtype != case.pair.new.dtype:
        return None
    for whole, other, which in ((old, new, "old"), (new, old, "new")):
        rounds = np.allclose(whole, np.floor(other + 1e-6)) or np.allclose(whole, np.trunc(other + 1e-6))
        if rounds and np.any(whole) and not np.allclose(other, np.round(other)):
            return Seen(
                f"The {which} program's values are whole, the other one's are not; rounded down they are the same."
            )
    return None
