"""What the primitives of windows are asked, and what plain loops answer; more data of `test_primitives`."""

from itertools import product

import numpy as np

from onevar.conformance.golden.op_arrays import f

X, FILTERS, GRADIENT = f(2, 5, 4, 4), f(3, 2, 2, 6), f(2, 3, 4, 6)
HOW = ((2, 1), ((1, 1), (1, 0)), (1, 1))
SIZES, KERNEL = (5, 4), (3, 2)


def padded(x, padding, value=0.0):
    return np.pad(x, ((0, 0), *padding, (0, 0)), constant_values=value)


def windows(counts, strides, dilations, kernel):
    """Each window, each position in it, and where that is."""
    for window in product(*map(range, counts)):
        for at in product(*map(range, kernel)):
            where = zip(window, strides, at, dilations, strict=True)
            yield window, at, tuple(w * s + a * d for w, s, a, d in where)


def linear(x, filters, gradient, strides, padding, dilations, groups):
    """The convolution, and its gradients with respect to the input and the filters."""
    kernel, inner, outer = filters.shape[:-2], filters.shape[-2], filters.shape[-1] // groups
    wide = padded(x, padding).astype(np.float64)
    counts = gradient.shape[1:-1]
    y = np.zeros((x.shape[0], *counts, groups * outer))
    for_x, for_filters = np.zeros_like(wide), np.zeros(filters.shape)
    for window, at, where in windows(counts, strides, dilations, kernel):
        for group in range(groups):
            ins, outs = slice(group * inner, (group + 1) * inner), slice(group * outer, (group + 1) * outer)
            index = (slice(None), *where, ins)
            y[(slice(None), *window, outs)] += wide[index] @ filters[(*at, slice(None), outs)]
            upward = gradient[(slice(None), *window, outs)]
            for_x[index] += upward @ filters[(*at, slice(None), outs)].T
            for_filters[(*at, slice(None), outs)] += wide[index].T @ upward
    inside = tuple(slice(before, before + n) for n, (before, _) in zip(x.shape[1:-1], padding, strict=True))
    return [a.astype(np.float32) for a in (y, for_x[(slice(None), *inside)], for_filters)]


def pooled(x, window, strides, padding, reduce):
    wide = padded(x, padding, np.nan)
    counts = [(n - k) // s + 1 for n, k, s in zip(wide.shape[1:-1], window, strides, strict=True)]
    y = np.zeros((x.shape[0], *counts, x.shape[-1]), np.float32)
    for at in product(*map(range, counts)):
        part = tuple(slice(i * s, i * s + k) for i, s, k in zip(at, strides, window, strict=True))
        y[(slice(None), *at)] = reduce(wide[(slice(None), *part)], axis=tuple(range(1, len(window) + 1)))
    return y


def first(x):
    return np.moveaxis(x, -1, 1).copy()


def normalized(x, scale, offset, epsilon):
    mean, variance = x.mean((0, 1, 2), dtype=np.float64), x.var((0, 1, 2), dtype=np.float64)
    y = (x - mean) / np.sqrt(variance + epsilon) * scale + offset
    return tuple(a.astype(np.float32) for a in (y, mean, variance))


_Y, _FOR_X, _FOR_FILTERS = linear(X, FILTERS, GRADIENT, *HOW, 2)
_POOL = ((3, 2), (2, 1), ((1, 1), (1, 0)))
_WHOLE = f(2, 4, 5, 3, low=0.5)
_SCALE, _OFFSET = f(4), f(4, low=0)
_NORMALIZED = normalized(X, _SCALE, _OFFSET, 0.01)
_VOLUME, _CUBE = f(1, 3, 4, 3, 2), f(2, 2, 2, 2, 3)
_STEPS = ((1, 2, 1), ((0, 0), (1, 1), (0, 1)), (1, 1, 2))
_VOLUME_Y = linear(_VOLUME, _CUBE, np.zeros((1, 2, 3, 2, 3), np.float32), *_STEPS, 1)[0]
_LINE = linear(f(2, 9, 3), f(3, 3, 4), f(2, 4, 4), (2,), ((0, 0),), (1,), 1)
_POINT = linear(f(2, 5, 6, 3), f(1, 1, 3, 4), f(2, 3, 2, 4), (2, 3), ((0, 0), (0, 0)), (1, 1), 1)
_POINT_HOW = ((2, 3), ((0, 0), (0, 0)), (1, 1), 1, False)

CASES = [
    ("conv", (X, FILTERS, *HOW, 2, False), _Y),
    ("conv", (first(X), FILTERS, *HOW, 2, True), first(_Y)),
    ("conv", (_VOLUME, _CUBE, *_STEPS, 1, False), _VOLUME_Y),
    ("conv", (f(2, 9, 3), f(3, 3, 4), (2,), ((0, 0),), (1,), 1, False), _LINE[0]),
    ("conv", (f(2, 5, 6, 3), f(1, 1, 3, 4), *_POINT_HOW), _POINT[0]),
    ("conv_input_gradient", (GRADIENT, FILTERS, SIZES, *HOW, 2, False), _FOR_X),
    ("conv_input_gradient", (first(GRADIENT), FILTERS, SIZES, *HOW, 2, True), first(_FOR_X)),
    ("conv_input_gradient", (f(2, 4, 4), f(3, 3, 4), (9,), (2,), ((0, 0),), (1,), 1, False), _LINE[1]),
    ("conv_filter_gradient", (X, GRADIENT, KERNEL, *HOW, 2, False), _FOR_FILTERS),
    ("conv_filter_gradient", (first(X), first(GRADIENT), KERNEL, *HOW, 2, True), _FOR_FILTERS),
    ("conv_filter_gradient", (f(2, 5, 6, 3), f(2, 3, 2, 4), (1, 1), *_POINT_HOW), _POINT[2]),
    ("max_pool", (X, *_POOL, False), pooled(X, *_POOL, np.nanmax)),
    ("max_pool", (first(X), *_POOL, True), first(pooled(X, *_POOL, np.nanmax))),
    ("max_pool", (f(2, 9, 3), (3,), (2,), ((1, 0),), False), pooled(f(2, 9, 3), (3,), (2,), ((1, 0),), np.nanmax)),
    ("avg_pool", (X, *_POOL, False), pooled(X, *_POOL, np.nanmean)),
    ("avg_pool", (first(X), *_POOL, True), first(pooled(X, *_POOL, np.nanmean))),
    ("avg_pool", (_WHOLE, (4, 5), (1, 1), ((0, 0), (0, 0)), False), _WHOLE.mean((1, 2), keepdims=True)),
    ("batch_norm", (X, _SCALE, _OFFSET, 0.01, False), _NORMALIZED),
    ("batch_norm", (first(X), _SCALE, _OFFSET, 0.01, True), (first(_NORMALIZED[0]), *_NORMALIZED[1:])),
]
