"""Fourier transforms of real numbers, and those along three axes."""

from typing import Any

from onevar.core.kernel import kernel
from onevar.core.kernels.matrices import same_shape
from onevar.core.spec import Spec

Shape = tuple[int | None, ...] | None


def _fitted(k: Any, x: Any, axis: int, size: int) -> Any:
    """Return a tensor cut off, or with zeros behind it, along an axis."""
    shape = k.shape(x)
    axis %= len(shape)
    if shape[axis] > size:
        return k.getitem(x, (*(slice(None),) * axis, slice(0, size)))
    if shape[axis] < size:
        widths = [(0, size - shape[axis] if at == axis else 0) for at in range(len(shape))]
        return k.pad(x, widths, "constant", 0)
    return x


def _along(k: Any, name: str, x: Any, axis: int) -> Any:
    rank = len(k.shape(x))
    axis %= rank
    if axis == rank - 1:
        return getattr(k, name)(x)
    order = [*(at for at in range(rank) if at != axis), axis]
    back = sorted(range(rank), key=order.__getitem__)
    return k.permute_dims(getattr(k, name)(k.permute_dims(x, order)), back)


def _real(type: str, rank: int) -> None:
    def shapes(x: Spec, length: Spec, **attrs: Any) -> Shape:
        if x.shape is None:
            return None
        known = length.value if hasattr(length.value, "tolist") else None
        sizes: list[int | None] = [None] * rank if known is None else known.tolist()
        if sizes[-1] is not None:
            sizes[-1] = sizes[-1] // 2 + 1 if sizes[-1] else 0
        return (*x.shape[: len(x.shape) - rank], *sizes)

    @kernel(type, heavy=True, host=("fft_length",), infer=shapes)
    def transform(k: Any, x: Any, length: Any, *, Tcomplex: str) -> Any:  # noqa: N803 (TensorFlow's name)
        sizes = [int(size) for size in length]
        for at, size in enumerate(sizes):
            x = _fitted(k, x, at - rank, size)
        y = k.astype(k.rfft(x), Tcomplex)
        for axis in range(-rank, -1):
            y = _along(k, "fft", y, axis)
        return y


def _back_to_real(type: str, rank: int) -> None:
    def shapes(x: Spec, length: Spec, **attrs: Any) -> Shape:
        if x.shape is None:
            return None
        known = length.value if hasattr(length.value, "tolist") else None
        sizes = (None,) * rank if known is None else tuple(known.tolist())
        return (*x.shape[: len(x.shape) - rank], *sizes)

    @kernel(type, heavy=True, host=("fft_length",), infer=shapes)
    def transform(k: Any, x: Any, length: Any, *, Treal: str) -> Any:  # noqa: N803 (TensorFlow's name)
        sizes = [int(size) for size in length]
        for at, size in enumerate(sizes[:-1]):
            x = _along(k, "ifft", _fitted(k, x, at - rank, size), at - rank)
        return k.astype(k.irfft(_fitted(k, x, -1, sizes[-1] // 2 + 1), n=sizes[-1]), Treal)


for _rank, _suffix in ((1, ""), (2, "2D"), (3, "3D")):
    _real(f"RFFT{_suffix}", _rank)
    _back_to_real(f"IRFFT{_suffix}", _rank)


@kernel("FFT3D", heavy=True, infer=same_shape)
def _fft3(k: Any, x: Any) -> Any:
    return _along(k, "fft", k.fft2(x), -3)


@kernel("IFFT3D", heavy=True, infer=same_shape)
def _ifft3(k: Any, x: Any) -> Any:
    return _along(k, "ifft", k.ifft2(x), -3)
