"""Calls of op types on images: colours, boxes, patches, projections, other sizes."""

import numpy as np

from onevar.conformance.golden.op_arrays import I64, U8, case, f, n, v

_IMAGES = f(2, 5, 6, 3, low=0, high=1)
_ONE = f(4, 5, 3, low=0, high=1)
_GRAYS = np.repeat(f(2, 3, 1, low=0, high=1), 3, axis=2)
_F32 = np.float32

case("RGBToHSV", _ONE)
case("RGBToHSV", np.concatenate([_GRAYS, np.zeros((2, 1, 3), _F32), np.ones((2, 1, 3), _F32)], axis=1))
case("HSVToRGB", _ONE)
case("AdjustHue", _IMAGES, 0.3)
case("AdjustSaturation", _IMAGES, 0.4)
case("AdjustContrastv2", _IMAGES, 1.7)

_BOXES = v([0, 0, 1, 1], [0.1, 0.2, 0.6, 0.7], [-0.2, -0.1, 0.55, 1.3], [0.8, 0.9, 0.2, 0.1], dtype=_F32)
case("CropAndResize", _IMAGES, _BOXES, v(0, 1, 1, 0), v(4, 3), extrapolation_value=0.5)
case("CropAndResize", _IMAGES, _BOXES[1:2], v(1), v(3, 4), method="nearest")
case("CropAndResize", n(2, 5, 6, 1, dtype=U8, low=0, high=256), _BOXES, v(1, 1, 0, 0), v(1, 1))

case("ExtractImagePatches", _IMAGES, ksizes=[1, 3, 2, 1], strides=[1, 2, 2, 1], rates=[1, 1, 2, 1], padding="SAME")
case("ExtractImagePatches", _IMAGES, ksizes=[1, 2, 3, 1], strides=[1, 1, 2, 1], rates=[1, 2, 1, 1], padding="VALID")
case("ExtractImagePatches", n(1, 4, 4, 2, dtype=I64), ksizes=[1, 3, 3, 1], strides=[1, 5, 5, 1], rates=[1, 1, 1, 1],
     padding="SAME")  # fmt: skip
case("ExtractVolumePatches", f(1, 4, 5, 4, 2), ksizes=[1, 2, 3, 2, 1], strides=[1, 2, 1, 2, 1], padding="SAME")

_PROJECTION = v([1.1, 0.2, -1, 0.1, 0.9, 1.3, 0.01, -0.02], [1, 0, -1.5, 0, 1, 0.7, 0, 0], dtype=_F32)
for _how in ("NEAREST", "BILINEAR"):
    case("ImageProjectiveTransformV2", _IMAGES, _PROJECTION, v(5, 6), interpolation=_how)
for _mode in ("REFLECT", "WRAP", "NEAREST"):
    case("ImageProjectiveTransformV3", _IMAGES, _PROJECTION, v(6, 6), 0.25, interpolation="BILINEAR", fill_mode=_mode)

for _window in ("lanczos3", "gaussian", "triangle", "mitchellcubic"):
    _scale = v(0.6, 1.5, dtype=_F32), v(0.2, -0.3, dtype=_F32)
    case("ScaleAndTranslate", _IMAGES, v(3, 9), *_scale, kernel_type=_window, antialias=_window != "triangle")

_SCORES = v(0.3, 0.9, 0.9, 0.5, 0.1, dtype=_F32)
_SOME = v([0, 0, 1, 1], [0, 0.1, 1, 1.1], [0, -0.1, 1, 0.9], [0, 10, 1, 11], [1, 11, 0, 10], dtype=_F32)
case("NonMaxSuppression", _SOME, _SCORES, 3, iou_threshold=0.5)
case("NonMaxSuppressionV2", _SOME, _SCORES, 4, 0.9)
case("NonMaxSuppressionV3", _SOME, _SCORES, 4, 0.5, 0.2)
case("NonMaxSuppressionV4", _SOME, _SCORES, 4, 0.5, 0.2, pad_to_max_output_size=True)
case("NonMaxSuppressionV5", _SOME, _SCORES, 5, 0.5, 0.0, 0.5)
case("NonMaxSuppressionWithOverlaps", f(5, 5, low=0, high=1), _SCORES, 3, 0.5, 0.2)
case("CombinedNonMaxSuppression", _SOME[None, :, None], f(1, 5, 2, low=0, high=1), 2, 3, 0.5, 0.1)
case("DrawBoundingBoxes", _IMAGES, np.stack([_BOXES[:2], _BOXES[1:3]]))
case("DrawBoundingBoxesV2", _IMAGES, np.stack([_BOXES[:2], _BOXES[1:3]]), f(1, 3, low=0, high=1))
