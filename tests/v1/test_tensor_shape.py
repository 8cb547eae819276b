"""TensorShape and Dimension against TensorFlow's own (its version 1 behaviour)."""

import operator
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onevar.core import tensor_shape as ours

SIZES = st.none() | st.integers(0, 4)
DIMS = st.none() | st.lists(SIZES, max_size=4)
KEYS = st.integers(-5, 5) | st.slices(5)
_BINARY = "add sub mul floordiv mod lt le gt ge eq ne truediv"
BINARY = [getattr(operator, name) for name in _BINARY.split()]


@pytest.fixture(scope="module")
def theirs():
    pytest.importorskip("tensorflow")
    from tensorflow.python.framework import common_shapes, tensor_shape

    tensor_shape.disable_v2_tensorshape()
    tensor_shape.broadcast_shape = common_shapes.broadcast_shape
    tensor_shape.is_broadcast_compatible = common_shapes.is_broadcast_compatible
    yield tensor_shape
    tensor_shape.enable_v2_tensorshape()


def plain(value):
    if isinstance(value, list):
        return [plain(v) for v in value]
    return repr(value) if type(value).__name__ in ("TensorShape", "Dimension") else value


def outcome(function, *args):
    try:
        return plain(function(*args))
    except (TypeError, ValueError, ZeroDivisionError) as error:
        return type(error).__name__, str(error)
    except IndexError:  # Python's own words about a list or a tuple
        return "IndexError"


def same(theirs, use, *args):
    assert outcome(use, ours, *args) == outcome(use, theirs, *args)


UNARY = {
    "str": str,
    "repr": repr,
    "len": len,
    "bool": bool,
    "list": list,
    "rank": lambda s: s.rank,
    "ndims": lambda s: s.ndims,
    "dims": lambda s: s.dims,
    "as_list": lambda s: s.as_list(),
    "num_elements": lambda s: s.num_elements(),
    "is_fully_defined": lambda s: s.is_fully_defined(),
    "assert_is_fully_defined": lambda s: s.assert_is_fully_defined(),
    "again": lambda s: type(s)(s),
}


@given(dims=DIMS)
def test_one_shape(theirs, dims):
    for use in UNARY.values():
        same(theirs, lambda m, use=use: use(m.TensorShape(dims)))


@given(dims=DIMS, key=KEYS)
def test_indexing(theirs, dims, key):
    same(theirs, lambda m: m.TensorShape(dims)[key])
    if isinstance(key, int):
        same(theirs, lambda m: m.dimension_at_index(m.TensorShape(dims), key))


METHODS = (
    "merge_with concatenate assert_same_rank is_compatible_with assert_is_compatible_with __add__ "
    "most_specific_compatible_shape is_subtype_of"
)


@given(a=DIMS, b=DIMS)
def test_two_shapes(theirs, a, b):
    for name in METHODS.split():
        same(theirs, lambda m, n=name: getattr(m.TensorShape(a), n)(m.TensorShape(b)))
    same(theirs, lambda m: m.TensorShape(a) == m.TensorShape(b))
    same(theirs, lambda m: m.TensorShape(a) != b)
    same(theirs, lambda m: b + m.TensorShape(a))
    same(theirs, lambda m: m.TensorShape(a).most_specific_common_supertype([m.TensorShape(b)]))
    same(theirs, lambda m: m.broadcast_shape(m.TensorShape(a), m.TensorShape(b)))
    same(theirs, lambda m: m.is_broadcast_compatible(m.TensorShape(a), m.TensorShape(b)))
    assert (hash(ours.TensorShape(a)) == hash(ours.TensorShape(b))) or a != b


@given(dims=DIMS, rank=st.integers(0, 5))
def test_ranks(theirs, dims, rank):
    for name in ("with_rank", "with_rank_at_least", "with_rank_at_most", "assert_has_rank"):
        same(theirs, lambda m, n=name: getattr(m.TensorShape(dims), n)(rank))
    same(theirs, lambda m: m.unknown_shape(rank=rank))
    same(theirs, lambda m: m.unknown_shape(ndims=rank))


@given(a=SIZES, b=SIZES)
def test_dimensions(theirs, a, b):
    for use in BINARY:
        same(theirs, lambda m, use=use: use(m.Dimension(a), m.Dimension(b)))
        same(theirs, lambda m, use=use: use(m.Dimension(a), b))
        same(theirs, lambda m, use=use: use(a, m.Dimension(b)))
    for name in ("is_compatible_with", "assert_is_compatible_with", "merge_with"):
        same(theirs, lambda m, n=name: getattr(m.Dimension(a), n)(m.Dimension(b)))
    for use in (str, repr, bool, int, m_value := (lambda d: d.value)):
        same(theirs, lambda m, use=use: use(m.Dimension(a)))
    assert m_value(ours.Dimension(a)) == ours.dimension_value(ours.Dimension(a)) == ours.dimension_value(a)


@pytest.mark.parametrize("bad", [-1, [-1], "ab", [2, "x"], 1.5, [1.5], object(), {1: 2}, 7, range(3), [[1]]])
def test_what_cannot_be_a_shape(theirs, bad):
    same(theirs, lambda m: m.TensorShape(bad))
    same(theirs, lambda m: m.Dimension(bad))
    same(theirs, lambda m: m.TensorShape([1]) == bad)
    same(theirs, lambda m: m.Dimension(1) == bad)


@pytest.mark.parametrize("use", [lambda m: hash(m.Dimension(1)), lambda m: m.unknown_shape(x=1)])
def test_refused(theirs, use):
    same(theirs, use)


def test_protos(theirs):
    for dims in (None, [], [1, None, 3]):
        proto = theirs.TensorShape(dims).as_proto()
        assert ours.TensorShape(proto) == ours.TensorShape(dims)
        assert type(proto)(**ours.TensorShape(dims).as_proto()) == proto


def test_the_fast_way_in_and_out():
    assert ours.TensorShape.of((1, None)).tuple == ours.TensorShape([1, None]).tuple == (1, None)
    assert ours.TensorShape.of(None).tuple is None
    assert ours.TensorShape([ours.Dimension(3)]).tuple == (3,)


def test_the_small_constructors():
    assert ours.scalar() == []
    assert ours.vector(3) == [3]
    assert ours.matrix(3, None) == [3, None]
    assert ours.as_shape(4) == [4]


@pytest.mark.parametrize("value", [ours.TensorShape([1, None]), ours.TensorShape(None)])
def test_pickle(value):
    assert pickle.loads(pickle.dumps(value)) == value
    assert pickle.loads(pickle.dumps(ours.Dimension(3))).value == 3
