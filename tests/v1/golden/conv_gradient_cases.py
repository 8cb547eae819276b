"""Gradients of convolutions, pools (ties included) and normalizations."""

from golden.gradient_cases import case

from onevar.conformance.golden.op_cases import f, v

TIES = v(*(int(i) for i in f(1, 6, 7, 1, low=0, high=3).ravel())).reshape(1, 6, 7, 1).astype("float32")

for _padding in ("SAME", "VALID"):
    for _stride in (1, 2):
        _how = {"strides": [1, _stride, _stride, 1], "padding": _padding}
        case("Conv2D", f(2, 7, 6, 3), f(3, 2, 3, 4), **_how)
        case("Conv2D", f(2, 7, 6, 9), f(3, 2, 9, 8), **_how)
        case("Conv2D", f(2, 7, 6, 9), f(1, 1, 9, 8), **_how)
        case("DepthwiseConv2dNative", f(2, 7, 6, 3), f(3, 3, 3, 2), **_how)
        case("MaxPool", TIES, ksize=[1, 3, 2, 1], **_how)
        case("MaxPool", f(2, 6, 7, 3), ksize=[1, 2, 2, 1], **_how)
        case("AvgPool", f(2, 6, 7, 3), ksize=[1, 3, 2, 1], **_how)
        _out = [-(-m // _stride) if _padding == "SAME" else (m - 3) // _stride + 1 for m in (7, 6)]
        case("Conv2DBackpropInput", v(2, 7, 6, 3), f(3, 3, 3, 4), f(2, *_out, 4), **_how)
        case("Conv2DBackpropFilter", f(2, 7, 6, 3), v(3, 3, 3, 4), f(2, *_out, 4), **_how)
        _deep = {"strides": [1, _stride, _stride, _stride, 1], "padding": _padding}
        case("Conv3D", f(1, 4, 5, 4, 2), f(2, 2, 2, 2, 3), **_deep)
        case("MaxPool3D", f(1, 4, 5, 4, 2), ksize=[1, 2, 2, 2, 1], **_deep)
        case("AvgPool3D", f(1, 4, 5, 4, 2), ksize=[1, 2, 2, 2, 1], **_deep)
_VECTOR = f(3, low=0.5), f(3)
case("FusedBatchNormV3", f(2, 3, 4, 3), *_VECTOR, f(0), f(0), epsilon=0.001)
case("FusedBatchNormV3", f(2, 3, 4, 3), *_VECTOR, f(3), f(3, low=0.5), epsilon=0.001, is_training=False)
case("LRN", f(2, 3, 2, 7), depth_radius=2, bias=1.5, alpha=0.5, beta=0.75)
