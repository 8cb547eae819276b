"""What must not become a tensor in silence."""

import numpy as np
import pytest

import onevar

MASKED = np.ma.array([1.0, 2.0], mask=[True, False])


def test_the_mask_of_a_masked_array_is_not_dropped():
    v = onevar.Variable([0.0, 0.0], backend="numpy")
    for call in (
        lambda: onevar.Variable(MASKED, backend="numpy"),
        lambda: v.assign(MASKED),
        lambda: v.assign_sub(MASKED),
    ):
        with pytest.raises(TypeError, match="the mask of a masked array would be lost"):
            call()
    assert v.numpy().tolist() == [0.0, 0.0]
