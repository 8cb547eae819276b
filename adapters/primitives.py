"""The functions that op definitions are written over: part of `onevar.adapters.contract`.

A definition of an op gets an object `k` whose attributes are these functions, on one framework's
tensors. Most are the array API standard's (2024.12), under its names; the rest is what TensorFlow's
ops need beyond it. An adapter supplies them as a table, `Adapter.primitives`; most of it comes from
`onevar.adapters.numpylike.primitives(namespace)` for anything that speaks the standard.

Where the standard leaves room, TensorFlow's op is the rule:

* a dtype is given as its name, `"float32"`; operands have one dtype already, and results keep it:
  `sum` of int32 is int32, and `mean` of integers cuts off; comparisons and predicates are bool;
* one operand of a binary function may be a Python number of the tensor's kind;
* `axis` is an int, a tuple of ints (not repeated, negative ones count from the end), or None for all
  axes; `()` reduces nothing; positions (`argmax`, `argsort`, `searchsorted`) are int64;
* `floor_divide` of floats is `floor(x / y)`; integers divided by zero, or raised to a negative power,
  are a `ZeroDivisionError` or `ValueError` wherever the values are looked at (NumPy, torch on the host);
  `remainder` has the divisor's sign; `sign(nan)` is nan; `round` goes to the even neighbour;
* an index out of bounds is an `IndexError`, where values are looked at.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from onevar.errors import Unsupported

_SIGNATURES = """
# making tensors; `array` is a NumPy array, `shape` a tuple of ints, `value` a number or a scalar tensor
asarray(array)  astype(x, dtype)  zeros(shape, dtype)  ones(shape, dtype)  full(shape, value, dtype)
zeros_like(x)  ones_like(x)  arange(start, stop, step, dtype)  linspace(start, stop, num, dtype)
eye(n_rows, n_cols, dtype)
# `bitcast` to a narrower type adds an axis at the end, to a wider one takes it away
bitcast(x, dtype)  shape(x)  dtype(x)  complex(re, im)
# elementwise, one operand
abs(x)  acos(x)  acosh(x)  asin(x)  asinh(x)  atan(x)  atanh(x)  bitwise_invert(x)  ceil(x)  conj(x)
cos(x)  cosh(x)  exp(x)  expm1(x)  floor(x)  imag(x)  isfinite(x)  isinf(x)  isnan(x)  log(x)  log1p(x)
log2(x)  log10(x)  logical_not(x)  negative(x)  positive(x)  real(x)  reciprocal(x)  round(x)  sign(x)
signbit(x)  sin(x)  sinh(x)  sqrt(x)  square(x)  tan(x)  tanh(x)  trunc(x)
# ... beyond the standard
digamma(x)  erf(x)  erfc(x)  erfinv(x)  lgamma(x)  relu(x)  rsqrt(x)  sigmoid(x)  softplus(x)
stop_gradient(x)
# elementwise, two operands that broadcast
add(x, y)  atan2(x, y)  bitwise_and(x, y)  bitwise_or(x, y)  bitwise_xor(x, y)  bitwise_left_shift(x, y)
bitwise_right_shift(x, y)  copysign(x, y)  divide(x, y)  floor_divide(x, y)  hypot(x, y)
logaddexp(x, y)  maximum(x, y)  minimum(x, y)  multiply(x, y)  nextafter(x, y)  pow(x, y)
remainder(x, y)  subtract(x, y)
equal(x, y)  not_equal(x, y)  less(x, y)  less_equal(x, y)  greater(x, y)  greater_equal(x, y)
logical_and(x, y)  logical_or(x, y)  logical_xor(x, y)
# ... three
clip(x, min=None, max=None)  where(condition, x, y)
# reductions
sum(x, axis=None, keepdims=False)  prod(x, axis=None, keepdims=False)  max(x, axis=None, keepdims=False)
min(x, axis=None, keepdims=False)  mean(x, axis=None, keepdims=False)  any(x, axis=None, keepdims=False)
all(x, axis=None, keepdims=False)  logsumexp(x, axis=None, keepdims=False)
# along one axis; argmax and argmin with None: of all elements in row-major order, the first of several
argmax(x, axis=None, keepdims=False)  argmin(x, axis=None, keepdims=False)
cumulative_sum(x, axis=0)  cumulative_prod(x, axis=0)  softmax(x, axis=-1)  log_softmax(x, axis=-1)
# sorting is stable, descending too; `top_k` along the last axis: values, int32 positions, the first of equals
sort(x, axis=-1, descending=False)  argsort(x, axis=-1, descending=False)  top_k(x, n)
searchsorted(x1, x2, side="left")
# shapes; `widths` is a pair for each axis, `mode` is constant, reflect or symmetric
reshape(x, shape)  permute_dims(x, axes)  expand_dims(x, axis=0)  squeeze(x, axis)  moveaxis(x, source, destination)
broadcast_to(x, shape)  broadcast_arrays(*arrays)  concat(arrays, axis=0)  stack(arrays, axis=0)  unstack(x, axis=0)
flip(x, axis=None)  roll(x, shift, axis=None)  tile(x, repetitions)  repeat(x, repeats, axis=None)
tril(x, k=0)  triu(x, k=0)  pad(x, widths, mode="constant", value=0)
# parts; `index` is a tuple of ints, slices of any step, None and one Ellipsis, within bounds; both leave `x` alone
getitem(x, index)  setitem(x, index, value)
# `indices` have any shape; `take_along_axis` needs the rank of `x`
take(x, indices, axis=0)  take_along_axis(x, indices, axis=-1)
# `scatter`: `x` with `x[indices] op= updates` done, rows of axis 0, updates of shape indices.shape + x.shape[1:];
# mode: set, add, subtract, multiply, divide, max, min; equal indices accumulate, under set the last one wins where
# the framework has an order. `segment_sum`: ids in any order, those outside 0..count-1 are dropped
scatter(x, indices, updates, mode)  segment_sum(x, ids, count)
# linear algebra on the last two axes; `tensordot` takes axes as a number or two sequences
matmul(x, y)  matrix_transpose(x)  tensordot(x, y, axes=2)  vecdot(x, y, axis=-1)  cross(x, y, axis=-1)
einsum(equation, *arrays)
linalg_cholesky(x)  linalg_inv(x)  linalg_det(x)  linalg_slogdet(x)  linalg_solve(x, y)
linalg_qr(x, mode="reduced")  linalg_svd(x, full_matrices=True)  linalg_eigh(x)
linalg_triangular_solve(x, y, lower=True, adjoint=False)
# Windows over the spatial axes: those between batch and channels, or after both. `padding` has a pair for each; what is
# padded counts in no pool. `filters`: spatial axes, input channels of a group, output channels. `sizes`: spatial ones
# of what the gradient of `conv` is for.
conv(x, filters, strides, padding, dilations, groups, channels_first)
conv_input_gradient(gradient, filters, sizes, strides, padding, dilations, groups, channels_first)
conv_filter_gradient(x, gradient, sizes, strides, padding, dilations, groups, channels_first)
max_pool(x, window, strides, padding, channels_first)  avg_pool(x, window, strides, padding, channels_first)
# the normalized tensor, mean and variance (without correction), through which two no gradient need go
batch_norm(x, scale, offset, epsilon, channels_first)
# Fourier transforms over the last axis (or two)
fft(x)  ifft(x)  rfft(x, n=None)  irfft(x, n=None)  fft2(x)  ifft2(x)
# TensorFlow's random bits: see the `philox` module of each adapter for the form of a counter
philox(key, high, counter, blocks)  philox_advance(counter, blocks)  philox_counter(lo, hi)
# ... and what TensorFlow makes of them: vectors of `size` numbers
philox_bits(key, high, counter, size, dtype)  philox_uniform_int(key, high, counter, size, low, limit, dtype)
philox_uniform(key, high, counter, size, dtype)  philox_normal(key, high, counter, size, dtype)
philox_truncated_normal(key, high, counter, size, dtype)
# ... the order that a shuffle of `size` elements makes; (rows, samples) classes, both int64; (samples, parameters) of
# distributions whose parameters are a vector; gamma's numbers have its type and a derivative for it
philox_permutation(key, high, counter, size)  philox_multinomial(key, high, counter, logits, samples)
philox_gamma(key, high, counter, alpha, samples)  philox_poisson(key, high, counter, rate, samples, dtype)
"""


def _parsed(text: str) -> Mapping[str, str]:
    code = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    return MappingProxyType(dict(re.findall(r"(\w+)(\([^)]*\))", code)))


#: Each function that an op definition may call, and its signature.
PRIMITIVES: Mapping[str, str] = _parsed(_SIGNATURES)


class Primitives:
    """An adapter's primitives as attributes: the `k` that op definitions are written over.

    A name of `PRIMITIVES` that the adapter does not have is there too, and raises
    `onevar.errors.Unsupported` when it is called.

    Attributes:
        name: The adapter's name.
        is_shape: False; only the primitives of shape inference say True.
    """

    name: str
    is_shape: bool = False

    def __init__(self, name: str, table: Mapping[str, Callable]) -> None:
        self.__dict__.update({missing: _missing(name, missing) for missing in PRIMITIVES if missing not in table})
        self.__dict__.update(table)
        self.__dict__["name"] = name
        self.__dict__["has"] = frozenset(table)

    has: frozenset[str]

    def __getattr__(self, primitive: str) -> Any:
        raise AttributeError(f"{primitive!r} is no primitive of onevar.adapters.contract.PRIMITIVES")

    def __setattr__(self, primitive: str, value: object) -> None:
        raise AttributeError(f"primitives do not change. Received: {primitive}={value!r}")

    def __iter__(self) -> Iterator[str]:
        return iter(self.has)


def _missing(adapter: str, primitive: str) -> Callable:
    def unsupported(*operands: Any, **attributes: Any) -> Any:
        raise Unsupported(
            f"the {adapter} adapter has no primitive {primitive!r}. Its author supplies it in `Adapter.primitives` "
            f"(signature: {primitive}{PRIMITIVES[primitive]})."
        )

    unsupported.__name__ = primitive
    return unsupported
