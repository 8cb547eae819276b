"""DType against TensorFlow's own, over all types and all pairs of them."""

import copy
import pickle

import ml_dtypes
import numpy as np
import pytest

from onevar import v1
from onevar.core import dtype as dtypes

ALL = [dtypes.DType(enum) for enum in [*range(1, 34), *range(101, 134)]]
VALUES = [
    *(d.name for d in ALL),
    *(np.dtype(n) for n in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "c8", "c16", "?")),
    *(getattr(ml_dtypes, n) for n in ("bfloat16", "float8_e5m2", "float8_e4m3fn", "int4", "uint4")),
    *(np.dtype(getattr(ml_dtypes, n)) for n in ("bfloat16", "float8_e5m2", "int4")),
    *(1, 101, 28, 0, 34, 1000, 1.5, None, True, False, [1], (), list, type(None), "abc", "", "f4", "<f4", ">f4"),
    *(float, int, bool, complex, str, bytes, object, "half", "double", "float", "int", "str", "half_ref", "bool_"),
    *(np.float32, np.str_, np.bytes_, np.bool_, np.int_, np.intc, np.longlong, np.ulonglong, np.object_, np.void),
    *(np.dtype("S3"), np.dtype("U3"), np.dtype("O"), np.dtype(">f4"), np.dtype("datetime64[s]"), np.dtype("m8")),
    *(np.dtype([("qint8", "i1")]), np.dtype([("a", "f4")]), np.array(1.0), np.int32(3), np.array(["a"]).dtype),
]
PLAIN = (
    "name as_datatype_enum size is_bool is_complex is_floating is_integer is_numeric is_numpy_compatible is_quantized "
    "is_unsigned _is_ref_dtype min max limits as_numpy_dtype"
)


def outcome(function):
    try:
        return function()
    except (TypeError, KeyError, ValueError) as error:
        return type(error), str(error)


@pytest.fixture(scope="module")
def tf():
    return pytest.importorskip("tensorflow")


def test_every_attribute_is_tensorflows(tf):
    for ours in ALL:
        theirs = tf.as_dtype(ours.as_datatype_enum)
        for name in PLAIN.split():
            assert outcome(lambda n=name, o=ours: getattr(o, n)) == outcome(lambda n=name, t=theirs: getattr(t, n)), (
                f"{ours.name}.{name}"
            )
        for name in ("base_dtype", "real_dtype", "_as_ref"):
            assert getattr(ours, name).name == getattr(theirs, name).name
        assert (str(ours), repr(ours), hash(ours), int(ours)) == (str(theirs), repr(theirs), hash(theirs), int(theirs))


def test_as_dtype_accepts_what_tensorflow_accepts(tf):
    for value in VALUES:
        ours, theirs = outcome(lambda v=value: dtypes.as_dtype(v)), outcome(lambda v=value: tf.as_dtype(v))
        assert getattr(ours, "name", ours) == getattr(theirs, "name", theirs), repr(value)


def test_equality_is_tensorflows(tf):
    for ours in ALL:
        theirs = tf.as_dtype(ours.name)
        for value in VALUES:
            assert (ours == value) is (theirs == value), (ours, value)
            assert (ours != value) is (theirs != value), (ours, value)


def test_every_pair(tf):
    for a in ALL:
        for b in ALL:
            x, y = tf.as_dtype(a.name), tf.as_dtype(b.name)
            assert a.is_compatible_with(b) is x.is_compatible_with(y)
            assert (a == b) is (x == y) is (a is b)


def test_exported_names_are_tensorflows(tf):
    names = {n for n in dir(tf.compat.v1) if isinstance(getattr(tf.compat.v1, n), tf.DType)}
    assert {n for n in names if not isinstance(getattr(dtypes, n, None), dtypes.DType)} == set()
    assert {d.name for d in dtypes.QUANTIZED_DTYPES} == {d.name for d in tf.compat.v1.QUANTIZED_DTYPES}


@pytest.mark.parametrize("dtype", ALL, ids=lambda d: d.name)
def test_a_type_is_one_object(dtype):
    assert pickle.loads(pickle.dumps(dtype)) is dtype
    assert copy.deepcopy(dtype) is copy.copy(dtype) is dtype
    assert dtypes.DType(int(dtype)) is dtypes.as_dtype(dtype.name) is dtypes.as_dtype(dtype) is dtype
    assert {dtype: 1}[dtypes.DType(int(dtype))] == 1


def test_keys_are_the_names_without_ref():
    assert dtypes.float32.key == dtypes.float32._as_ref.key == "float32"
    assert dtypes.as_dtype("half").key == "float16"


def test_an_object_with_a_dtype_stands_for_it():
    class Holder:
        dtype = "f4"

    assert dtypes.as_dtype(Holder) is dtypes.as_dtype(Holder()) is dtypes.float32


def test_asking_twice_for_strings_of_any_length_keeps_nothing():
    before = len(dtypes._by_any)
    assert {dtypes.as_dtype(np.dtype(f"S{n}")) for n in range(1, 50)} == {dtypes.string}
    assert len(dtypes._by_any) == before


@pytest.mark.parametrize("bad", [0, 34, 134, "x", None])
def test_no_type_of_that_number(bad):
    with pytest.raises(TypeError):
        dtypes.DType(bad)


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (True, "float32", 1.0),
        ([True, False], "complex64", [1, 0]),
        ([True, 2], "int32", [1, 2]),
        (0xFFFFFFFF, "int32", -1),
        ([1, 2**32 + 5], "int32", [1, 5]),
        (300, "uint8", 44),
    ],
)
def test_constants_of_other_python_values_are_those_of_tensorflow(value, dtype, expected):
    tensorflow = pytest.importorskip("tensorflow").compat.v1
    for tf in (v1, tensorflow):
        with tf.Graph().as_default(), tf.Session() as session:
            found = session.run(tf.constant(value, dtype))
            assert (found.dtype, found.tolist()) == (np.dtype(dtype), expected)


def test_constants_that_no_dtype_holds_say_so():
    with v1.Graph().as_default():
        with pytest.raises(ValueError, match="too large to convert to int64"):
            v1.constant(2**63, v1.int64)
        with pytest.raises(TypeError, match="got None of type 'NoneType'"):
            v1.constant([True, None], v1.float32)
        with pytest.raises(TypeError, match=r"got 1\.5 of type 'float'"):
            v1.constant([True, 1.5], v1.int32)
