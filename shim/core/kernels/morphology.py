"""Morphological dilation of images by a filter, and its gradient ops."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from onevar.core import shape_rules as rules
from onevar.core.kernel import kernel
from onevar.core.kernels.convolution import output_size, pads
from onevar.core.spec import Shape, Spec


def _shape(x: Spec, filters: Spec, *, strides: list, rates: list, padding: str) -> Shape:
    shape, window = rules.with_rank(x.shape, 4), rules.with_rank(filters.shape, 3)
    channels = rules.merge_dim(shape[3], window[2])
    sizes = []
    for i in (0, 1):
        extent = None if window[i] is None else (window[i] - 1) * rates[i + 1] + 1  # type: ignore[operator]
        sizes.append(output_size(shape[i + 1], extent, strides[i + 1], padding))
    return (shape[0], *sizes, channels)


class _Windows:
    """The elements of all windows, position by position in row-major order."""

    def __init__(self, k: Any, x: Any, filters: Any, strides: Sequence[int], rates: Sequence[int], padding: str):
        self.k, self.filters = k, filters
        self.sizes, self.window = k.shape(x)[1:3], k.shape(filters)[:2]
        self.strides, self.rates = strides[1:3], rates[1:3]
        extents = [(n - 1) * rate + 1 for n, rate in zip(self.window, self.rates, strict=True)]
        self.padding = pads(padding, self.sizes, extents, self.strides)
        spans = zip(self.sizes, extents, self.strides, self.padding, strict=True)
        self.counts = [(n + sum(pair) - extent) // step + 1 for n, extent, step, pair in spans]
        dtype = k.dtype(x)
        # What is padded never is the greatest; it stays finite so that sums do.
        self.least = float(np.finfo(np.float32).min) if "float" in dtype else int(np.iinfo(dtype).min) // 2
        if dtype == "float16":
            self.least = float(np.finfo(np.float16).min)
        self.x = k.pad(x, ((0, 0), *self.padding, (0, 0)), "constant", self.least) if self.padded() else x

    def padded(self) -> bool:
        """Whether there is any padding."""
        return any(map(any, self.padding))

    def positions(self) -> Iterator[tuple[tuple[int, int], tuple]]:
        """Each position, and the index of what all windows have there."""
        for at in product(*map(range, self.window)):
            parts = [
                slice(i * rate, i * rate + (n - 1) * step + 1, step)
                for i, rate, n, step in zip(at, self.rates, self.counts, self.strides, strict=True)
            ]
            yield at, (slice(None), *parts, slice(None))  # type: ignore[misc]

    def term(self, at: tuple[int, int], part: tuple) -> Any:
        """The sum of elements and filter at one position."""
        return self.k.add(self.k.getitem(self.x, part), self.k.getitem(self.filters, (*at, ...)))

    def chosen(self) -> Iterator[tuple[tuple[int, int], tuple, Any]]:
        """Each position, and whether it is the first of the greatest in its window."""
        k = self.k
        greatest = self.greatest()
        taken: Any = None
        for at, part in self.positions():
            here = k.equal(self.term(at, part), greatest)
            first = here if taken is None else k.logical_and(here, k.logical_not(taken))
            taken = here if taken is None else k.logical_or(taken, here)
            yield at, part, first

    def greatest(self) -> Any:
        """The greatest sum in each window."""
        total: Any = None
        for at, part in self.positions():
            term = self.term(at, part)
            total = term if total is None else self.k.maximum(total, term)
        return total


@kernel("Dilation2D", heavy=True, infer=_shape)
def _dilation(k: Any, x: Any, filters: Any, *, strides: list, rates: list, padding: str) -> Any:
    return _Windows(k, x, filters, strides, rates, padding).greatest()


@kernel("Dilation2DBackpropInput", heavy=True, infer=lambda x, filters, gradient: x.shape)
def _input_gradient(k: Any, x: Any, filters: Any, gradient: Any, *, strides: list, rates: list, padding: str) -> Any:
    windows = _Windows(k, x, filters, strides, rates, padding)
    total, zero = k.zeros(k.shape(windows.x), k.dtype(x)), k.zeros_like(gradient)
    for _, part, first in windows.chosen():
        total = k.setitem(total, part, k.add(k.getitem(total, part), k.where(first, gradient, zero)))
    inside = (slice(pair[0], pair[0] + n) for n, pair in zip(windows.sizes, windows.padding, strict=True))
    return k.getitem(total, (slice(None), *inside, slice(None)))


@kernel("Dilation2DBackpropFilter", heavy=True, infer=lambda x, filters, gradient: filters.shape)
def _filter_gradient(k: Any, x: Any, filters: Any, gradient: Any, *, strides: list, rates: list, padding: str) -> Any:
    windows, zero = _Windows(k, x, filters, strides, rates, padding), k.zeros_like(gradient)
    found = [k.sum(k.where(first, gradient, zero), (0, 1, 2)) for _, _, first in windows.chosen()]
    return k.reshape(k.stack(found, 0), k.shape(filters))
