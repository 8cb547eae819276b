"""What layers, losses and optimizers compute, in NumPy: each in the ways in which programs are known to differ.

These are hypotheses: a cause is named only if one way gives what the old program computed, and another what the new one
did, from the same inputs.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np


def windows(
    x: np.ndarray, size: Sequence[int], strides: Sequence[int], pads: Sequence[tuple[int, int]], fill: float = 0.0
) -> np.ndarray | None:
    """Return the windows of pictures `[n, h, w, c]`, as `[n, rows, columns, size, size, c]`; None if there are none."""
    padded = np.pad(x, [(0, 0), *pads, (0, 0)], constant_values=fill)
    if any(n < s for n, s in zip(padded.shape[1:3], size, strict=True)):
        return None
    view = np.lib.stride_tricks.sliding_window_view(padded, tuple(size), axis=(1, 2))
    view = view[:, :: strides[0], :: strides[1]]
    return np.moveaxis(view, 3, -1)


def paddings(shape: Sequence[int], size: Sequence[int], strides: Sequence[int]) -> dict[str, list[tuple[int, int]]]:
    """Return the ways in which frameworks pad.

    Args:
        shape: Height and width.
        size: Of the window.
        strides: Of the window.
    """
    same = []
    for n, k, s in zip(shape, size, strides, strict=True):
        total = max((math.ceil(n / s) - 1) * s + k - n, 0)
        same.append((total // 2, total - total // 2))
    return {
        "SAME, as TensorFlow pads (more after than before)": same,
        "SAME, with more before than after": [(after, before) for before, after in same],
        "the same on both sides (padding = size // 2)": [(k // 2, k // 2) for k in size],
        "(size - 1) // 2 on both sides": [((k - 1) // 2, (k - 1) // 2) for k in size],
        "VALID (none)": [(0, 0), (0, 0)],
    }


def convolution(
    x: np.ndarray, kernel: np.ndarray, strides: Sequence[int], pads: Sequence[tuple[int, int]], bias: np.ndarray | None
) -> np.ndarray | None:
    """Return a convolution of `[n, h, w, c]` with `[h, w, c, d]`."""
    view = windows(x, kernel.shape[:2], strides, pads)
    if view is None:
        return None
    result = np.tensordot(view, kernel, axes=([3, 4, 5], [0, 1, 2]))
    return result if bias is None else result + bias


def pooled(
    x: np.ndarray, size: Sequence[int], strides: Sequence[int], pads: Sequence[tuple[int, int]], how: str
) -> np.ndarray | None:
    """Return pooled pictures: `"max"`, `"mean of what is there"`, or `"mean with the padding"`."""
    fill = -np.inf if how == "max" else (np.nan if how == "mean of what is there" else 0.0)
    view = windows(x, size, strides, pads, fill)
    if view is None:
        return None
    if how == "max":
        return view.max(axis=(3, 4))
    return np.nanmean(view, axis=(3, 4)) if how == "mean of what is there" else view.mean(axis=(3, 4))


def resized(x: np.ndarray, size: Sequence[int], grid: str, method: str) -> np.ndarray:
    """Return pictures `[n, h, w, c]` in another size.

    Args:
        x: The pictures.
        size: The new height and width.
        grid: `"legacy"` (TensorFlow 1), `"align_corners"` or `"half_pixel"` (Keras 3, torch).
        method: `"bilinear"` or `"nearest"`.
    """
    for axis, new in ((1, size[0]), (2, size[1])):
        old = x.shape[axis]
        at = np.arange(new, dtype=np.float64)
        if grid == "align_corners" and new > 1:
            at = at * (old - 1) / (new - 1)
        elif grid == "half_pixel":
            at = (at + 0.5) * old / new - (0.5 if method == "bilinear" else 0.0)
        else:
            at = at * old / new
        if method == "nearest":
            index = np.floor(at + (0.5 if grid == "align_corners" else 0.0)).astype(int)
            x = np.take(x, np.clip(index, 0, old - 1), axis=axis)
            continue
        at = np.clip(at, 0, old - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, old - 1)
        share = (at - low).reshape([-1 if a == axis else 1 for a in range(x.ndim)])
        x = np.take(x, low, axis=axis) * (1 - share) + np.take(x, high, axis=axis) * share
    return x


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Return the logistic function."""
    return 0.5 * (np.tanh(0.5 * x) + 1)


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return the softmax along an axis."""
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def log_softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return the logarithm of the softmax along an axis."""
    return np.log(np.maximum(softmax(x, axis), 1e-300))


#: Activations by the names that Keras has for them.
ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "no activation": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: sigmoid(x),
    "tanh": np.tanh,
    "softmax": lambda x: softmax(x),
    "log_softmax": log_softmax,
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0))),
    "relu6": lambda x: np.clip(x, 0, 6),
    "softplus": lambda x: np.logaddexp(x, 0),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "hard_sigmoid of Keras 2": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "silu": lambda x: x * sigmoid(x),
}


def gelu(x: np.ndarray, approximate: bool) -> np.ndarray:
    """Return GELU, exactly or by tanh."""
    if approximate:
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    erf = np.vectorize(math.erf, otypes=[np.float64])
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def lstm(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, order: str, forget_bias: float) -> np.ndarray:
    """Return an LSTM's outputs `[n, time, units]`.

    Args:
        x: `[n, time, size]`.
        kernel: `[size + units, 4 * units]`.
        bias: `[4 * units]`.
        order: Of the gates among the columns, such as `"ijfo"`: input, new input, forget, output.
        forget_bias: Added to the forget gate.
    """
    units = kernel.shape[1] // 4
    h = c = np.zeros((x.shape[0], units))
    outputs = []
    for t in range(x.shape[1]):
        gates = np.concatenate([x[:, t], h], axis=1) @ kernel + bias
        part = {gate: gates[:, k * units : (k + 1) * units] for k, gate in enumerate(order)}
        c = sigmoid(part["f"] + forget_bias) * c + sigmoid(part["i"]) * np.tanh(part["j"])
        h = sigmoid(part["o"]) * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs, axis=1)


# -- optimizers: the first step of each, from a gradient ------------------------------------------


def adam(
    g: np.ndarray, rate: float, b1: float, b2: float, epsilon: float, place: str, t: int, m: np.ndarray, v: np.ndarray
) -> np.ndarray:
    """Return how far Adam moves.

    Args:
        g: The gradient.
        rate: The learning rate.
        b1: Of the first moment.
        b2: Of the second moment.
        epsilon: Epsilon.
        place: `"hat"` adds epsilon as TensorFlow 1 and Keras do, to the root of the uncorrected moment; `"paper"` as
            torch does, to that of the corrected one.
        t: The number of the step, from 1.
        m: The first moment before it.
        v: The second moment before it.
    """
    m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
    if place == "paper":
        return -rate * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + epsilon)
    return -rate * math.sqrt(1 - b2**t) / (1 - b1**t) * m / (np.sqrt(v) + epsilon)


def rmsprop(g: np.ndarray, rate: float, decay: float, epsilon: float, start: float, inside: bool) -> np.ndarray:
    """Return how far the first step of RMSProp goes.

    Args:
        g: The gradient.
        rate: The learning rate.
        decay: Of the mean of squares.
        epsilon: Epsilon.
        start: What the mean of squares starts from.
        inside: Whether epsilon is added under the root.
    """
    square = decay * start + (1 - decay) * g * g
    return -rate * g / (np.sqrt(square + epsilon) if inside else np.sqrt(square) + epsilon)


def adagrad(g: np.ndarray, rate: float, start: float, epsilon: float) -> np.ndarray:
    """Return how far the first step of Adagrad goes."""
    return -rate * g / (np.sqrt(start + g * g + epsilon) if epsilon < 1e-5 else np.sqrt(start + g * g) + epsilon)
