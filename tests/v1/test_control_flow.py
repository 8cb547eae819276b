"""Branches and loops: at once, recorded by a compiler, and differentiated."""

import numpy as np
import pytest
from frameworks import array, differentiating_adapter, every_adapter, load, modes, values  # noqa: F401

from onevar.errors import Unsupported


@pytest.mark.parametrize("mode", [0, 1], ids=["now", "compiled"])
def test_cond(any_adapter, mode):
    k = any_adapter.k
    x, y = any_adapter.convert(array(2.0)), any_adapter.convert(array(5.0))

    def run(x, y):
        taken = any_adapter.cond(
            k.less(x, y), lambda x, y: [k.add(x, y), x], lambda x, y: [k.subtract(x, y), y], [x, y]
        )
        other = any_adapter.cond(k.less(y, x), lambda x, y: [k.add(x, y)], lambda x, y: [k.subtract(x, y)], [x, y])
        assert type(taken) is list and any_adapter.cond(k.less(x, y), list, list, []) == []
        return [*taken, *other]

    assert values(any_adapter, modes(any_adapter)[mode](run, x, y)) == [7.0, 2.0, -3.0]


@pytest.mark.parametrize("mode", [0, 1], ids=["now", "compiled"])
def test_cond_is_differentiable(adapter, mode):
    k = adapter.k

    def fn(x):
        return adapter.cond(k.less(x, 0.0), lambda x: [k.negative(x)], lambda x: [k.square(x)], [x]), None

    def run(x):
        (y,), _, pullback = adapter.vjp(fn, [x])
        return pullback([k.ones_like(y)])

    for x, slope in ((-3.0, -1.0), (3.0, 6.0)):
        assert values(adapter, modes(adapter)[mode](run, adapter.convert(array(x)))) == [slope]


@pytest.mark.parametrize("mode", [0, 1], ids=["now", "compiled"])
@pytest.mark.parametrize(("bound", "total"), [(None, 45.0), (5, 10.0), (100, 45.0), (0, 0.0)])
def test_while(any_adapter, mode, bound, total):
    k = any_adapter.k

    def run(n):
        start = [k.full((), 0, "int32"), k.full((), 0.0, "float64")]
        return any_adapter.while_loop(
            lambda i, s: k.less(i, n), lambda i, s: [k.add(i, 1), k.add(s, k.astype(i, "float64"))], start, bound
        )

    n = any_adapter.convert(np.array(10, np.int32))
    assert values(any_adapter, modes(any_adapter)[mode](run, n))[1] == total


@pytest.mark.parametrize("mode", [0, 1], ids=["now", "compiled"])
@pytest.mark.parametrize("order", [1, 2])
def test_a_bounded_loop_is_differentiable(adapter, mode, order):
    k = adapter.k

    def loop(x):
        # x^(2^i) until it is more than 100: the iterations depend on the value.
        return adapter.while_loop(lambda y: k.less(y, 100.0), lambda y: [k.square(y)], [x], 6, differentiable=True)

    def run(x):
        if order == 1:
            ys, _, pullback = adapter.vjp(lambda x: (loop(x), None), [x])
            return [*ys, *pullback([k.ones_like(ys[0])])]

        def first(x):
            ys, _, pullback = adapter.vjp(lambda x: (loop(x), None), [x])
            return pullback([k.ones_like(ys[0])]), None

        ys, _, pullback = adapter.vjp(first, [x])
        return [*ys, *pullback([k.ones_like(ys[0])])]

    got = values(adapter, modes(adapter)[mode](run, adapter.convert(array(2.0))))
    assert got == ([256.0, 8 * 2.0**7] if order == 1 else [8 * 2.0**7, 56 * 2.0**6])


def test_a_masked_step_leaves_no_nan():
    adapter = load("jax")
    with adapter.computing():
        k = adapter.k

        def loop(x):  # after the loop's end, sqrt would see a negative number
            return adapter.while_loop(
                lambda y: k.greater(y, 0.0), lambda y: [k.subtract(k.sqrt(y), 1.0)], [x], 8, differentiable=True
            )

        def run(x):
            ys, _, pullback = adapter.vjp(lambda x: (loop(x), None), [x])
            return [*ys, *pullback([k.ones_like(ys[0])])]

        assert np.isfinite(values(adapter, modes(adapter)[1](run, adapter.convert(array(9.0))))).all()


def test_an_unbounded_loop_under_a_static_compiler_says_what_to_do():
    adapter = load("jax")
    with adapter.computing():
        k = adapter.k

        def run(x):
            fn = lambda x: (  # noqa: E731
                adapter.while_loop(lambda y: k.less(y, 9.0), lambda y: [k.square(y)], [x], differentiable=True),
                None,
            )
            return adapter.vjp(fn, [x])[0]

        with pytest.raises(Unsupported, match="Pass maximum_iterations"):
            modes(adapter)[1](run, adapter.convert(array(2.0)))
        assert values(adapter, run(adapter.convert(array(2.0)))) == [16.0], "not compiled, it just runs"
