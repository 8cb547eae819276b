"""Calls of convolutions, pools and normalizations."""

from itertools import product

from onevar.conformance.golden.op_arrays import BF16, F16, F64, I64, case, f, n, v

_ONE = [1, 1, 1, 1]

# -- convolutions -----------------------------------------------------------------------------------
for _padding, _stride, _size in product(("SAME", "VALID"), (1, 2, 3), ((7, 6), (8, 5))):
    for _window in ((3, 2), (1, 1), (4, 3)):
        case("Conv2D", f(2, *_size, 3), f(*_window, 3, 4), strides=[1, _stride, _stride, 1], padding=_padding)
case("Conv2D", f(1, 9, 10, 2), f(3, 3, 2, 3), strides=_ONE, padding="SAME", dilations=[1, 2, 3, 1])
case("Conv2D", f(1, 9, 10, 2), f(3, 3, 2, 3), strides=_ONE, padding="VALID", dilations=[1, 3, 2, 1])
case("Conv2D", f(1, 6, 5, 2), f(2, 2, 2, 3), strides=[1, 2, 1, 1], padding="EXPLICIT",
     explicit_paddings=[0, 0, 1, 2, 0, 3, 0, 0])  # fmt: skip
case("Conv2D", f(2, 5, 5, 4), f(3, 3, 2, 6), strides=_ONE, padding="SAME")
case("Conv2D", f(2, 5, 5, 12), f(3, 3, 12, 9), strides=_ONE, padding="SAME")
case("Conv2D", f(2, 7, 7, 10), f(1, 1, 10, 9), strides=[1, 2, 2, 1], padding="SAME")
case("Conv2D", f(0, 5, 5, 2), f(3, 3, 2, 4), strides=_ONE, padding="SAME")
case("Conv2D", f(1, 5, 5, 2, dtype=F64), f(3, 3, 2, 4, dtype=F64), strides=_ONE, padding="SAME")
case("Conv2D", f(1, 5, 5, 2, dtype=F16), f(3, 3, 2, 4, dtype=F16), strides=_ONE, padding="SAME")
case("Conv2D", f(1, 5, 5, 2, dtype=BF16), f(3, 3, 2, 4, dtype=BF16), strides=_ONE, padding="SAME")
case("Conv2D", n(1, 5, 5, 2), n(3, 3, 2, 4), strides=_ONE, padding="SAME")
for _padding, _stride, _size, _window in product(("SAME", "VALID"), (1, 2), ((7, 6), (8, 9)), ((3, 2), (1, 1), (2, 5))):
    _out = [
        -(-m // _stride) if _padding == "SAME" else (m - k) // _stride + 1 for m, k in zip(_size, _window, strict=True)
    ]
    _how = {"strides": [1, _stride, _stride, 1], "padding": _padding}
    case("Conv2DBackpropInput", v(2, *_size, 3), f(*_window, 3, 4), f(2, *_out, 4), **_how)
    case("Conv2DBackpropFilter", f(2, *_size, 3), v(*_window, 3, 4), f(2, *_out, 4), **_how)
for _padding, _stride in product(("SAME", "VALID"), (1, 2)):
    _out = [-(-m // _stride) if _padding == "SAME" else (m - 2) // _stride + 1 for m in (4, 5, 6)]
    _how = {"strides": [1, _stride, _stride, _stride, 1], "padding": _padding}
    case("Conv3D", f(1, 4, 5, 6, 2), f(2, 2, 2, 2, 3), **_how)
    case("Conv3DBackpropInputV2", v(1, 4, 5, 6, 2), f(2, 2, 2, 2, 3), f(1, *_out, 3), **_how)
    case("Conv3DBackpropFilterV2", f(1, 4, 5, 6, 2), v(2, 2, 2, 2, 3), f(1, *_out, 3), **_how)
for _padding, _stride, _times in product(("SAME", "VALID"), (1, 2), (1, 2)):
    _out = [-(-m // _stride) if _padding == "SAME" else (m - 3) // _stride + 1 for m in (7, 6)]
    _how = {"strides": [1, _stride, _stride, 1], "padding": _padding}
    case("DepthwiseConv2dNative", f(2, 7, 6, 3), f(3, 3, 3, _times), **_how)
    case("DepthwiseConv2dNativeBackpropInput", v(2, 7, 6, 3), f(3, 3, 3, _times), f(2, *_out, 3 * _times), **_how)
    case("DepthwiseConv2dNativeBackpropFilter", f(2, 7, 6, 3), v(3, 3, 3, _times), f(2, *_out, 3 * _times), **_how)

# -- pools ------------------------------------------------------------------------------------------
for _padding, _stride, _window, _size in product(("SAME", "VALID"), (1, 2, 3), ((2, 2), (3, 2)), ((7, 6), (8, 5))):
    _how = {"ksize": [1, *_window, 1], "strides": [1, _stride, _stride, 1], "padding": _padding}
    case("MaxPool", f(2, *_size, 3), **_how)
    case("AvgPool", f(2, *_size, 3), **_how)
_POOL = {"ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "SAME"}
for _type, _dtypes in (("MaxPool", (F64, F16, BF16)), ("AvgPool", (F64, F16, BF16))):
    for _dtype in _dtypes:
        case(_type, f(1, 5, 4, 2, dtype=_dtype), **_POOL)
case("MaxPool", n(1, 5, 4, 2), **_POOL)
case("MaxPool", n(1, 5, 4, 2, dtype=I64), **_POOL)
case("MaxPool", f(1, 5, 4, 2), ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="EXPLICIT",
     explicit_paddings=[0, 0, 1, 0, 0, 1, 0, 0])  # fmt: skip
case("MaxPool", f(1, 3, 3, 6), ksize=[1, 1, 1, 3], strides=[1, 1, 1, 3], padding="VALID")
case("MaxPoolV2", f(1, 7, 6, 2), v(1, 3, 2, 1), v(1, 2, 2, 1), padding="SAME")
case("MaxPoolWithArgmax", f(2, 7, 6, 2), ksize=[1, 3, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
case("MaxPoolWithArgmax", f(2, 4, 6, 2), ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID",
     include_batch_in_index=True, Targmax="int32")  # fmt: skip
for _padding, _stride in product(("SAME", "VALID"), (1, 2)):
    _how = {"ksize": [1, 2, 3, 2, 1], "strides": [1, _stride, _stride, _stride, 1], "padding": _padding}
    case("MaxPool3D", f(1, 4, 5, 6, 2), **_how)
    case("AvgPool3D", f(1, 4, 5, 6, 2), **_how)
_X = n(2, 5, 4, 2, low=0, high=4).astype("float32")
_Y = _X.copy()[:, :3, :2]
for _i, _j in product(range(3), range(2)):
    _Y[:, _i, _j] = _X[:, 2 * _i : 2 * _i + 2, 2 * _j : 2 * _j + 2].max((1, 2))
case("MaxPoolGrad", _X, _Y, f(2, 3, 2, 2), **_POOL)
case("MaxPoolGradV2", _X, _Y, f(2, 3, 2, 2), v(1, 2, 2, 1), v(1, 2, 2, 1), padding="SAME")
case("MaxPoolGradGrad", _X, _Y, f(2, 5, 4, 2), **_POOL)
case("MaxPoolGradGradV2", _X, _Y, f(2, 5, 4, 2), v(1, 2, 2, 1), v(1, 2, 2, 1), padding="SAME")
case("MaxPoolGradWithArgmax", f(2, 2, 2, 1), f(2, 1, 1, 1), v([[[3]]], [[[1]]], dtype=I64), **_POOL)
case("MaxPoolGradWithArgmax", f(2, 2, 2, 1), f(2, 1, 1, 1), v([[[3]]], [[[5]]], dtype=I64), **_POOL,
     include_batch_in_index=True)  # fmt: skip
for _padding in ("SAME", "VALID"):
    _out = (3, 2) if _padding == "SAME" else (2, 2)
    _how = {"ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": _padding}
    case("AvgPoolGrad", v(2, 5, 4, 2), f(2, *_out, 2), **_how)
    _how = {"ksize": [1, 2, 2, 2, 1], "strides": [1, 2, 2, 2, 1], "padding": _padding}
    case("AvgPool3DGrad", v(1, 5, 4, 4, 2), f(1, *_out, 2, 2), **_how)
case("MaxPool3DGrad", f(1, 2, 2, 2, 1), f(1, 2, 2, 2, 1).max((1, 2, 3), keepdims=True), f(1, 1, 1, 1, 1),
     ksize=[1, 2, 2, 2, 1], strides=[1, 2, 2, 2, 1], padding="VALID")  # fmt: skip

# -- normalizations ---------------------------------------------------------------------------------
_SCALE, _OFFSET, _MEAN, _VARIANCE = f(3, low=0.5), f(3), f(3, low=-1, high=1), f(3, low=0.5)
_NONE = f(0)
for _type in ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"):
    case(_type, f(2, 3, 4, 3), _SCALE, _OFFSET, _NONE, _NONE, epsilon=0.001)
    case(_type, f(2, 3, 4, 3), _SCALE, _OFFSET, _MEAN, _VARIANCE, epsilon=0.01, is_training=False)
    case(_type, f(2, 3, 4, 3), _SCALE, _OFFSET, _MEAN, _VARIANCE, exponential_avg_factor=0.25)
case("FusedBatchNormV3", f(2, 3, 4, 3, dtype=F16), _SCALE, _OFFSET, _NONE, _NONE, epsilon=0.001)
case("FusedBatchNormV3", f(2, 3, 4, 3, dtype=BF16), _SCALE, _OFFSET, _MEAN, _VARIANCE, is_training=False)
for _type in ("FusedBatchNormGrad", "FusedBatchNormGradV2"):
    case(_type, f(2, 3, 4, 3), f(2, 3, 4, 3) * 2, _SCALE, _MEAN, _VARIANCE, epsilon=0.001)
    case(_type, f(2, 3, 4, 3), f(2, 3, 4, 3) * 2, _SCALE, _MEAN, _VARIANCE, epsilon=0.001, is_training=False)
case("FusedBatchNormGradV3", f(2, 3, 4, 3), f(2, 3, 4, 3) * 2, _SCALE, _MEAN, _VARIANCE, _NONE, epsilon=0.001)
case("LRN", f(2, 3, 2, 7))
case("LRN", f(2, 3, 2, 7), depth_radius=2, bias=1.5, alpha=0.5, beta=0.75)
case("LRN", f(2, 3, 2, 12), depth_radius=2, bias=0.5, alpha=0.1, beta=1.0)
case("LRNGrad", f(2, 3, 2, 7), f(2, 3, 2, 7) + 1, f(2, 3, 2, 7) - 1, depth_radius=2, bias=1.5, alpha=0.5, beta=0.75)

# -- morphology, and images of another size ---------------------------------------------------------
for _padding in ("SAME", "VALID"):
    _how = {"strides": [1, 2, 1, 1], "rates": [1, 1, 2, 1], "padding": _padding}
    _out = (4, 6) if _padding == "SAME" else (3, 4)
    case("Dilation2D", f(2, 7, 6, 3), f(3, 2, 3), **_how)
    case("Dilation2DBackpropInput", f(2, 7, 6, 3), f(3, 2, 3), f(2, *_out, 3), **_how)
    case("Dilation2DBackpropFilter", f(2, 7, 6, 3), f(3, 2, 3), f(2, *_out, 3), **_how)
for _type in ("ResizeNearestNeighbor", "ResizeBilinear", "ResizeBicubic"):
    for _new in ((3, 9), (10, 4), (5, 6), (1, 13)):
        case(_type, f(2, 5, 6, 3), v(*_new))
        case(_type, f(2, 5, 6, 3), v(*_new), align_corners=True)
        case(_type, f(2, 5, 6, 3), v(*_new), half_pixel_centers=True)
    case(_type, n(1, 4, 4, 2, low=0), v(7, 3))
for _new in ((3, 9), (10, 4), (2, 3)):
    case("ResizeArea", f(2, 5, 6, 3), v(*_new))
    case("ResizeArea", f(2, 5, 6, 3), v(*_new), align_corners=True)
for _how in ({}, {"align_corners": True}, {"half_pixel_centers": True}):
    case("ResizeNearestNeighborGrad", f(2, 5, 9, 3), v(7, 4), **_how)
    case("ResizeBilinearGrad", f(2, 5, 9, 3), f(2, 7, 4, 3), **_how)
    case("ResizeBicubicGrad", f(2, 5, 9, 3), f(2, 7, 4, 3), **_how)
