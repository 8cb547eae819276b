"""How far apart values may be, by what they are. Stated in the documentation; one number scales all of them.

Outputs, layers and losses are compared relative to the largest value of the tensor, gradients ten times as loosely,
because they add up over a batch. Variables and slots are compared by how far they moved in the step: the length of the
difference, relative to the length of the way. After the first step everything is ten times as loose: differences in
the last bits grow with every step.
"""

import numpy as np

DEFAULT = 1e-4
#: What float32 cannot tell apart, in units of the largest value.
FLOAT_NOISE = 2e-6
_LOOSER = {"gradients": 10.0, "weights": 100.0, "slots": 100.0}
#: A gradient this much smaller than the model's largest is what rounding left of zero.
_NOTHING = 1e-6


def allowed(kind: str, step: int, base: float) -> float:
    """Return how far values may be apart.

    Args:
        kind: Of the row.
        step: Of the training.
        base: What the user chose.
    """
    return base * _LOOSER.get(kind, 1.0) * (10.0 if step > 1 and kind not in _LOOSER else 1.0)


def moved_apart(before: np.ndarray, old: np.ndarray, start: np.ndarray, new: np.ndarray) -> float:
    """Return how differently a variable moved, relative to how far it moved in the old program.

    Args:
        before: The old program's, before the step.
        old: The old program's, after it.
        start: The new program's, before the step.
        new: The new program's, after it.
    """
    if not old.shape == new.shape == start.shape == before.shape:
        return float("inf")
    if old.dtype.kind in "iub":
        return 0.0 if np.array_equal(old - before, new - start) else 1.0
    way, other = (a.astype(np.float64) - b.astype(np.float64) for a, b in ((old, before), (new, start)))
    noise = FLOAT_NOISE * float(np.linalg.norm(old.astype(np.float64)))
    difference, length = float(np.linalg.norm(way - other)), float(np.linalg.norm(way))
    if difference <= noise:
        return 0.0
    return difference / max(length, noise, 1e-30)


def is_rounding(gradient: np.ndarray | None, largest: float) -> bool:
    """Say whether a gradient is what rounding left of zero, so that what an optimizer makes of it means nothing.

    Args:
        gradient: Of a variable.
        largest: The largest of the model's gradients.
    """
    if gradient is None or not gradient.size:
        return False
    size = float(np.abs(gradient).max())
    return size <= _NOTHING * largest
