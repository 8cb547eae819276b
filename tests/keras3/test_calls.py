"""Calls of TensorFlow 1 and what they become in Keras 3 give the same numbers: TensorFlow 1.15's are recorded."""

from pathlib import Path

import numpy as np
import pytest
from call_cases import CASES, inputs
from keras import ops, random
from rewriting import STRIDE, Rewriting

GOLDEN = np.load(Path(__file__).parent / "golden" / "calls.npz")


@pytest.fixture(scope="module")
def values():
    found = {name: ops.convert_to_tensor(array) for name, array in inputs().items()}
    return {**found, "seed": random.SeedGenerator(1)}


def flat(value):
    """Return the arrays in a value, in order; a shape is one array."""
    if isinstance(value, list | tuple) and not all(isinstance(item, int) for item in value):
        return [array for item in value for array in flat(item)]
    return [np.asarray(value if isinstance(value, int | float | tuple | list) else ops.convert_to_numpy(value))]


def check(text, found):
    """Compare an expression's values with the recorded ones."""
    wanted = [GOLDEN[f"{text}|{part}"] for part in range(sum(key.startswith(f"{text}|") for key in GOLDEN.files))]
    assert len(found) == len(wanted) > 0
    for ours, theirs in zip(found, wanted, strict=True):
        assert ours.shape == theirs.shape
        assert ours.dtype.kind == theirs.dtype.kind
        np.testing.assert_allclose(ours.astype("float64"), theirs.astype("float64"), rtol=1e-5, atol=1e-5)


def difference(text, values):
    """Return what is wrong with what an expression becomes; None: nothing."""
    result = Rewriting(text)
    if result.left or "tf." in result.text:
        return f"{text} stays: {result}"
    names = dict(values)
    for line in result.imports:
        exec(line, names)
    try:
        with np.errstate(all="ignore"):
            check(text, flat(eval(result.text, names)))
    except Exception as error:  # noqa: BLE001 - all that is wrong is said at once
        return f"{text} -> {result.text}: {type(error).__name__}: {error}"
    return None


# A test of its own for each would spend most of the time between them.
@pytest.mark.parametrize("part", range(8))
def test_calls_and_what_they_become_are_equal(part, values):
    wrong = [difference(text, values) for text in CASES[part :: 8 * STRIDE]]
    assert not [one for one in wrong if one]
