"""`tf.signal`: frames, Fourier transforms of real signals, spectrograms."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.core import dtype as dtypes
from onevar.core.build import op
from onevar.core.constant import constant_value
from onevar.core.conversion import convert_to_tensor
from onevar.core.name_scope import name_scope
from onevar.errors import Unsupported
from onevar.v1.array_ops_create import constant
from onevar.v1.array_ops_index import gather
from onevar.v1.array_ops_shape import concat, expand_dims, pad, reshape, roll, tile, transpose
from onevar.v1.array_ops_shape import shape as shape_op
from onevar.v1.common import dims_of, dtype_of, rank_of
from onevar.v1.export import export, export_value, exported
from onevar.v1.math_ops_elementwise import cast, maximum, square
from onevar.v1.math_ops_make import range_
from onevar.v1.math_ops_matmul import tensordot
from onevar.v1.math_ops_reduce import reduce_sum
from onevar.v1.signal_windows import hann_window


def _value(tensor: Any) -> Any:
    """Return the int that something is known to be, or itself."""
    if isinstance(tensor, int | np.integer):
        return int(tensor)
    known = constant_value(convert_to_tensor(tensor))
    return tensor if known is None else int(known)


def _size(tensor: Any, axis: int) -> Any:
    known = (dims_of(tensor) or {axis: None})[axis]
    return shape_op(tensor)[axis] if known is None else known


# -- Fourier ------------------------------------------------------------------------------------------------


def _real(op_type: str, rank: int, name: str) -> Callable[..., Any]:
    is_back = op_type.startswith("I")

    def transform(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
        with name_scope(name, function_name, [input_tensor, fft_length]) as scope:
            # What comes in decides the precision: complex128 is of float64.
            input_tensor = convert_to_tensor(input_tensor, preferred_dtype="complex64" if is_back else "float32")
            wide = dtype_of(input_tensor).name in ("float64", "complex128")
            if fft_length is None:
                sizes = [_size(input_tensor, at - rank) for at in range(rank)]
                if is_back:
                    sizes[-1] = (
                        maximum(0, 2 * (sizes[-1] - 1))
                        if not isinstance(sizes[-1], int)
                        else max(0, 2 * (sizes[-1] - 1))
                    )
                fft_length = sizes
            fft_length = convert_to_tensor(fft_length, dtype=dtypes.int32)
            kinds = {"Treal": "float64" if wide else "float32", "Tcomplex": "complex128" if wide else "complex64"}
            return op(op_type, input=input_tensor, fft_length=fft_length, name=scope, **kinds)

    function_name = name
    transform.__name__ = transform.__qualname__ = name
    transform.__doc__ = f"Return the transform `{op_type}` of the last axes; see `tf.signal.{name}`."
    return export(f"signal.{name}", f"spectral.{name}")(transform)


rfft, irfft = _real("RFFT", 1, "rfft"), _real("IRFFT", 1, "irfft")
for _suffix, _rank in (("2d", 2), ("3d", 3)):
    _real(f"RFFT{_suffix.upper()}", _rank, f"rfft{_suffix}")
    _real(f"IRFFT{_suffix.upper()}", _rank, f"irfft{_suffix}")


def _shifted(x: Any, axes: Any, sign: int, name: str | None) -> Any:
    with name_scope(name, "fftshift" if sign > 0 else "ifftshift"):
        x = convert_to_tensor(x)
        rank = rank_of(x)
        if axes is None:
            axes = list(range(rank or 0))
        axes = [axes] if isinstance(axes, int) else list(axes)
        halves = [_size(x, axis) // 2 for axis in axes]
        return roll(x, [sign * half for half in halves], axes)


@export("signal.fftshift")
def fftshift(x: Any, axes: Any = None, name: str | None = None) -> Any:
    """Return what a Fourier transform gives with the zero frequency in the middle.

    Args:
        x: A tensor.
        axes: Which are shifted; None means all.
        name: Of the scope.
    """
    return _shifted(x, axes, 1, name)


@export("signal.ifftshift")
def ifftshift(x: Any, axes: Any = None, name: str | None = None) -> Any:
    """Take `fftshift` back.

    Args:
        x: A tensor.
        axes: Which are shifted; None means all.
        name: Of the scope.
    """
    return _shifted(x, axes, -1, name)


# -- frames -------------------------------------------------------------------------------------------------


@export("signal.frame")
def frame(
    signal: Any, frame_length: Any, frame_step: Any, pad_end: bool = False, pad_value: Any = 0, axis: Any = -1,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return windows of a signal, two axes in place of one.

    Args:
        signal: A tensor.
        frame_length: The length of a window.
        frame_step: How far apart windows begin.
        pad_end: Whether windows may go past the end.
        pad_value: What is there.
        axis: Along which.
        name: Of the scope.
    """
    with name_scope(name, "frame", [signal, frame_length, frame_step, pad_value]):
        signal = convert_to_tensor(signal)
        rank = rank_of(signal)
        axis = _value(axis)
        if rank is None:
            raise Unsupported("tf.signal.frame: the signal's number of axes is not known. Set its shape.")
        axis %= rank
        length, step, total = _value(frame_length), _value(frame_step), _size(signal, axis)
        if pad_end:
            count = -(-total // step)
            missing = maximum(0, length + step * (count - 1) - total)
            missing = _value(missing)
            signal = pad(signal, [[0, missing if at == axis else 0] for at in range(rank)], constant_values=pad_value)
        else:
            count = _value(maximum(0, 1 + (total - length) // step))
        places = expand_dims(range_(count) * step, 1) + expand_dims(range_(length), 0)
        # Of rows a gradient would be IndexedSlices: a signal has a dense one.
        return gather(expand_dims(signal, 0), places, axis=axis + 1)[0]


@export("signal.overlap_and_add")
def overlap_and_add(signal: Any, frame_step: Any, name: str | None = None) -> Any:
    """Return the sum of windows, each in its place.

    Args:
        signal: Windows `(..., frames, frame_length)`.
        frame_step: How far apart they begin.
        name: Of the scope.

    Raises:
        ValueError: There are fewer than two axes, or `frame_step` is no integer scalar.
    """
    with name_scope(name, "overlap_and_add", [signal, frame_step]):
        signal = convert_to_tensor(signal, name="signal")
        rank = rank_of(signal)
        if rank is not None and rank < 2:
            raise ValueError("signal must have rank at least 2.")
        step_tensor = convert_to_tensor(frame_step, name="frame_step")
        if rank_of(step_tensor) not in (None, 0):
            raise ValueError("frame_step must be a scalar.")
        if not dtype_of(step_tensor).is_integer:
            raise ValueError(f"frame_step must be an integer. Got {dtype_of(step_tensor)}")
        step, frames, length = _value(frame_step), _size(signal, -2), _size(signal, -1)
        total = (frames - 1) * step + length
        places = expand_dims(range_(frames) * step, 1) + expand_dims(range_(length), 0)
        outer = shape_op(signal)[:-2]
        rows = transpose(reshape(signal, [-1, frames * length]))
        added = exported("math.unsorted_segment_sum")(rows, reshape(places, [-1]), total)
        result = reshape(transpose(added), concat([outer, [total]], 0))
        known = dims_of(signal)
        if known is not None and hasattr(result, "set_shape"):
            result.set_shape([*known[:-2], total if isinstance(total, int) else None])
        return result


# -- spectrograms -------------------------------------------------------------------------------------------


def _enclosing(length: Any) -> int:
    known = _value(length)
    if not isinstance(known, int):
        raise Unsupported("tf.signal.stft: frame_length is not known; give fft_length.")
    return int(2 ** math.ceil(math.log(known) / math.log(2.0)))


@export("signal.stft")
def stft(
    signals: Any, frame_length: Any, frame_step: Any, fft_length: Any = None, window_fn: Any = hann_window,
    pad_end: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """Return the Fourier transforms of windows of a signal.

    Args:
        signals: Signals `(..., samples)`.
        frame_length: The length of a window.
        frame_step: How far apart windows begin.
        fft_length: Of the transform; None means the next power of two.
        window_fn: From a length and a dtype to a window; None: there is none.
        pad_end: Whether windows may go past the end.
        name: Of the scope.
    """
    with name_scope(name, "stft", [signals, frame_length, frame_step]):
        signals = convert_to_tensor(signals, name="signals")
        fft_length = _enclosing(frame_length) if fft_length is None else fft_length
        framed = frame(signals, frame_length, frame_step, pad_end=pad_end)
        if window_fn is not None:
            framed = framed * window_fn(frame_length, dtype=dtype_of(framed))
        return rfft(framed, [fft_length])


@export("signal.inverse_stft_window_fn")
def inverse_stft_window_fn(
    frame_step: Any, forward_window_fn: Any = hann_window, name: str | None = None
) -> Callable[..., Any]:
    """Return the window with which `inverse_stft` gives the signal back.

    Args:
        frame_step: How far apart windows begin.
        forward_window_fn: What `stft` was given.
        name: Of the scope.
    """

    def window_fn(frame_length: Any, dtype: Any) -> Any:
        with name_scope(name, "inverse_stft_window_fn", [frame_step]):
            length, step = _value(frame_length), _value(frame_step)
            window = forward_window_fn(length, dtype=dtype)
            overlaps = -(-length // step)
            total = pad(square(window), [(0, overlaps * step - length)])
            total = reduce_sum(reshape(total, [overlaps, step]), 0, keepdims=True)
            total = reshape(tile(total, [overlaps, 1]), [overlaps * step])
            return window / total[:length]

    return window_fn


@export("signal.inverse_stft")
def inverse_stft(
    stfts: Any, frame_length: Any, frame_step: Any, fft_length: Any = None, window_fn: Any = hann_window,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return the signal whose windows have these Fourier transforms.

    Args:
        stfts: Transforms `(..., frames, fft_length // 2 + 1)`.
        frame_length: The length of a window.
        frame_step: How far apart windows begin.
        fft_length: Of the transform; None means the next power of two.
        window_fn: From a length and a dtype to a window; None: there is none.
        name: Of the scope.
    """
    with name_scope(name, "inverse_stft", [stfts]):
        stfts = convert_to_tensor(stfts, name="stfts")
        size = _enclosing(frame_length) if fft_length is None else _value(fft_length)
        length = _value(frame_length)
        frames = irfft(stfts, [size])
        rank = rank_of(frames) or 2
        if size < length:
            frames = pad(frames, [[0, 0]] * (rank - 1) + [[0, length - size]])
        elif size > length:
            frames = frames[..., :length]
        if window_fn is not None:
            frames = frames * window_fn(length, dtype=dtype_of(frames))
        return overlap_and_add(frames, frame_step)


def _mel(hertz: Any) -> Any:
    return 1127.0 * np.log1p(np.asarray(hertz, np.float64) / 700.0)


@export("signal.linear_to_mel_weight_matrix")
def linear_to_mel_weight_matrix(
    num_mel_bins: int = 20, num_spectrogram_bins: int = 129, sample_rate: Any = 8000,
    lower_edge_hertz: float = 125.0, upper_edge_hertz: float = 3800.0, dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return the matrix that makes mel bins of a spectrogram's.

    Args:
        num_mel_bins: How many mel bins there are.
        num_spectrogram_bins: How many the spectrogram has.
        sample_rate: Samples per second.
        lower_edge_hertz: The lowest frequency.
        upper_edge_hertz: The highest frequency.
        dtype: Of the matrix.
        name: Of the scope.

    Raises:
        ValueError: A number is not positive, or the frequencies are not in order.
    """
    rate = float(_value(sample_rate)) if not isinstance(sample_rate, float) else sample_rate
    for what, bad in (
        (f"num_mel_bins must be positive. Got: {num_mel_bins}", num_mel_bins <= 0),
        (f"lower_edge_hertz must be non-negative. Got: {lower_edge_hertz}", lower_edge_hertz < 0.0),
        (
            f"lower_edge_hertz {lower_edge_hertz:.1f} >= upper_edge_hertz {upper_edge_hertz:.1f}",
            lower_edge_hertz >= upper_edge_hertz,
        ),
        (f"sample_rate must be positive. Got: {rate}", rate <= 0.0),
        (
            f"upper_edge_hertz must not be larger than the Nyquist frequency (sample_rate / 2). Got {upper_edge_hertz} "
            f"for sample_rate: {rate}",
            upper_edge_hertz > rate / 2,
        ),
        (f"dtype must be a floating point type. Got: {dtype}", not dtypes.as_dtype(dtype).is_floating),
    ):
        if bad:
            raise ValueError(what)
    with name_scope(name, "linear_to_mel_weight_matrix"):
        bins = _mel(np.linspace(0.0, rate / 2, num_spectrogram_bins)[1:])[:, None]
        edges = np.linspace(_mel(lower_edge_hertz), _mel(upper_edge_hertz), num_mel_bins + 2)
        lower, center, upper = edges[:-2], edges[1:-1], edges[2:]
        slopes = np.minimum((bins - lower) / (center - lower), (upper - bins) / (upper - center))
        weights = np.pad(np.maximum(0.0, slopes), [[1, 0], [0, 0]])
        return constant(weights, dtype=dtype)


# -- cosine transforms --------------------------------------------------------------------------------------


def _cosines(kind: int, n: int, norm: str | None) -> Any:
    """Return the matrix of a cosine transform: outputs by inputs."""
    i, o = np.arange(n)[None, :], np.arange(n)[:, None]
    if kind == 1:
        matrix = 2 * np.cos(np.pi * o * i / (n - 1))
        matrix[:, [0, -1]] /= 2
    elif kind == 4:
        matrix = 2 * np.cos(np.pi * (2 * o + 1) * (2 * i + 1) / (4 * n))
        return matrix / np.sqrt(2 * n) if norm else matrix
    else:
        matrix = 2 * np.cos(np.pi * (2 * i + 1) * o / (2 * n))
        if norm:
            matrix = matrix / np.sqrt(2 * n)
            matrix[0] /= np.sqrt(2)
        elif kind == 3:
            matrix[0] /= 2
        matrix = matrix.T if kind == 3 else matrix
    return matrix


@export("signal.dct", "spectral.dct")
def dct(
    input: Any, type: int = 2, n: int | None = None, axis: int = -1, norm: str | None = None, name: str | None = None
) -> Any:
    """Return the cosine transform of the last axis.

    Args:
        input: Real numbers.
        type: 1, 2, 3 or 4.
        n: The length: what is longer is cut off, what is shorter gets zeros.
        axis: -1.
        norm: `"ortho"`, or None.
        name: Of the scope.

    Raises:
        NotImplementedError: The axis is another one.
        ValueError: There is no such type or norm.
    """
    if axis != -1:
        raise NotImplementedError(f"axis must be -1. Got: {axis}")
    if n is not None and n < 1:
        raise ValueError("n should be a positive integer or None")
    if type not in (1, 2, 3, 4):
        raise ValueError("Types I, II, III and IV (I)DCT are supported.")
    if norm not in (None, "ortho"):
        raise ValueError(f"Unknown normalization. Expected None or 'ortho', got: {norm}")
    if type == 1 and norm == "ortho":
        raise ValueError("Normalization is not supported for the Type-I DCT.")
    with name_scope(name, "dct"):
        input = convert_to_tensor(input)
        size = (dims_of(input) or (None,))[-1]
        if size is None:
            raise Unsupported("tf.signal.dct: the size of the last axis is not known. Set the input's shape.")
        if n is not None and n < size:
            input = input[..., :n]
        elif n is not None and n > size:
            input = pad(input, [[0, 0]] * ((rank_of(input) or 1) - 1) + [[0, n - size]])
        length = size if n is None else n
        if type == 1 and length < 2:
            raise ValueError("DCT-I requires the dimension to be greater than one.")
        matrix = constant(_cosines(type, length, norm).T, dtype=dtype_of(input))
        return tensordot(input, matrix, [[-1], [0]])


@export("signal.idct", "spectral.idct")
def idct(
    input: Any, type: int = 2, n: int | None = None, axis: int = -1, norm: str | None = None, name: str | None = None
) -> Any:
    """Return the cosine transform that takes back the one of a type; without a norm it is not scaled.

    Args:
        input: Real numbers.
        type: 1, 2, 3 or 4.
        n: As for `dct`.
        axis: -1.
        norm: `"ortho"`, or None.
        name: Of the scope.

    Raises:
        NotImplementedError: The axis is another one.
        ValueError: There is no such type or norm.
    """
    if type not in (1, 2, 3, 4):
        raise ValueError("Types I, II, III and IV (I)DCT are supported.")
    return dct(input, type={1: 1, 2: 3, 3: 2, 4: 4}[type], n=n, axis=axis, norm=norm, name=name)


@export("signal.mfccs_from_log_mel_spectrograms")
def mfccs_from_log_mel_spectrograms(log_mel_spectrograms: Any, name: str | None = None) -> Any:
    """Return the cepstrum of spectrograms.

    Args:
        log_mel_spectrograms: Logarithms of mel bins, on the last axis.
        name: Of the scope.

    Raises:
        ValueError: There are no mel bins.
    """
    with name_scope(name, "mfccs_from_log_mel_spectrograms", [log_mel_spectrograms]):
        spectrograms = convert_to_tensor(log_mel_spectrograms)
        bins = (dims_of(spectrograms) or (None,))[-1]
        if bins == 0:
            raise ValueError(f"num_mel_bins must be positive. Got: {spectrograms}")
        bins = shape_op(spectrograms)[-1] if bins is None else bins
        scale = op("Rsqrt", x=cast(bins, dtype_of(spectrograms)) * 2.0)
        return dct(spectrograms, type=2) * scale


export_value("python.ops.signal.window_ops.hann_window", hann_window)
