"""IN: initializers by name."""

import math

import numpy as np
import pytest

from onevar.conformance.cases import over
from onevar.conformance.compare import assert_same
from onevar.conformance.marks import requirement
from onevar.dtypes import DTYPES, numpy_dtype

SHAPE = (300, 200)
FAN_IN, FAN_OUT = SHAPE
FAN_AVERAGE = (FAN_IN + FAN_OUT) / 2

#: name -> standard deviation, largest magnitude possible. Keras's truncated normals are cut at two
#: deviations of the normal that is cut, whose own deviation is then 0.8796 of it.
_CUT = 0.87962566103423978
RANDOM = {
    "glorot_uniform": (math.sqrt(1 / FAN_AVERAGE), math.sqrt(3 / FAN_AVERAGE)),
    "he_uniform": (math.sqrt(2 / FAN_IN), math.sqrt(6 / FAN_IN)),
    "lecun_uniform": (math.sqrt(1 / FAN_IN), math.sqrt(3 / FAN_IN)),
    "glorot_normal": (math.sqrt(1 / FAN_AVERAGE), 2 * math.sqrt(1 / FAN_AVERAGE) / _CUT),
    "he_normal": (math.sqrt(2 / FAN_IN), 2 * math.sqrt(2 / FAN_IN) / _CUT),
    "lecun_normal": (math.sqrt(1 / FAN_IN), 2 * math.sqrt(1 / FAN_IN) / _CUT),
    "random_normal": (0.05, math.inf),
    "random_uniform": (0.05 / math.sqrt(3), 0.05),
    "truncated_normal": (0.05 * _CUT, 0.1),
    "variance_scaling": (math.sqrt(1 / FAN_IN), 2 * math.sqrt(1 / FAN_IN) / _CUT),
}


@requirement("IN-01", "IN-05")
@over()
@pytest.mark.parametrize(("name", "value"), [("zeros", 0), ("ones", 1), ("Zeros", 0), ("Ones", 1)])
def test_constant_initializers(make, dtype, name, value):
    v = make(name, shape=(2, 3), dtype=dtype)
    expected = np.full((2, 3), value).astype(numpy_dtype(dtype))
    assert_same(v.numpy(), expected, f"Variable({name!r}, dtype={dtype})", exact=True)


@requirement("IN-02")
@pytest.mark.parametrize("name", RANDOM)
def test_random_initializers(make, name):
    x = make(name, shape=SHAPE).numpy().astype("float64")
    deviation, largest = RANDOM[name]
    # 60,000 draws: the mean's own deviation is sd/245, that of the spread about sd/346.
    assert abs(x.mean()) < 6 * deviation / 245
    assert x.std() == pytest.approx(deviation, rel=0.03)
    assert np.abs(x).max() <= largest * (1 + 1e-6)


@requirement("IN-02")
def test_random_initializers_know_convolutions(make):
    # A kernel (3, 3, 8, 16): fan in 3*3*8, fan out 3*3*16.
    x = make("he_normal", shape=(3, 3, 80, 16)).numpy()
    assert x.std() == pytest.approx(math.sqrt(2 / (9 * 80)), rel=0.05)


@requirement("IN-03")
@pytest.mark.parametrize("shape", [(8, 8), (8, 4), (4, 8), (2, 3, 6)], ids=str)
def test_orthogonal(make, shape):
    x = make("orthogonal", shape=shape).numpy().reshape(-1, shape[-1])
    product = x.T @ x if x.shape[0] >= x.shape[1] else x @ x.T
    np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-5)


@requirement("IN-03")
def test_identity(make):
    assert_same(make("identity", shape=(3, 3)).numpy(), np.eye(3, dtype="float32"), "identity", exact=True)
    with pytest.raises(ValueError, match="2"):
        make("identity", shape=(2, 2, 2))
    with pytest.raises(ValueError, match="orthogonal|Orthogonal|two|2"):
        make("orthogonal", shape=(4,))


@requirement("IN-04")
@pytest.mark.parametrize("name", [*RANDOM, "orthogonal"])
def test_random_initializers_do_not_repeat(make, name):
    first, second = make(name, shape=(8, 8)).numpy(), make(name, shape=(8, 8)).numpy()
    assert not np.array_equal(first, second)


@requirement("IN-05")
@over(["float16", "bfloat16", "float64", "float32"])
@pytest.mark.parametrize("name", [*RANDOM, "orthogonal"])
def test_random_initializers_give_the_dtype(make, name, dtype):
    v = make(name, shape=(4, 4), dtype=dtype)
    assert v.dtype == dtype and v.numpy().dtype == numpy_dtype(dtype)
    assert np.isfinite(v.numpy().astype("float32")).all()


@requirement("IN-06")
@pytest.mark.parametrize("name", ["glorot", "nothing", ""])
def test_unknown_initializer(make, name):
    with pytest.raises(ValueError, match="glorot_uniform"):
        make(name, shape=(2, 2))


@requirement("IN-05")
def test_every_dtype_is_covered():
    assert len(DTYPES) == 17
