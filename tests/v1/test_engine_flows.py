"""Sessions, branches, loops and their gradients on every adapter; the numbers are real TensorFlow's."""

import gc
import threading
import weakref

import numpy as np
import pytest

import onevar
import onevar.v1 as tf
from onevar.core.registry import adapter as adapter_of
from onevar.core.stages import stages_of


@pytest.fixture(name="backend", params=["numpy", "torch", "jax", "tensorflow"])
def every_backend(request):
    if request.param != "numpy":
        pytest.importorskip(request.param)
    onevar.set_backend(request.param)  # for the threads of a test too
    with tf.Graph().as_default():
        yield request.param
    onevar.set_backend(None)


@pytest.fixture(name="differentiating")
def with_gradients(backend):
    lacks = adapter_of(backend).lacks
    if "gradients" in lacks:
        pytest.skip(lacks["gradients"])
    return backend


def thrice(session, fetches, feeds=None):
    """Interpreted, compiled, and compiled again."""
    return [session.run(fetches, feeds) for _ in range(3)]


def test_case_takes_the_first_that_holds(backend):
    x = tf.placeholder(tf.int32, [])
    chosen = tf.case([(x < 3, lambda: x * 10), (x < 6, lambda: x * 100)], default=lambda: -x)
    with tf.Session() as session:
        for value, want in ((1, 10), (4, 400), (7, -7)):
            assert thrice(session, chosen, {x: value}) == [want] * 3


def test_case_that_is_exclusive_or_complete_says_so(backend):
    x = tf.placeholder(tf.int32, [])
    pairs = [(x < 3, lambda: tf.constant(1)), (x < 6, lambda: tf.constant(2))]
    exclusive = tf.case(pairs, default=lambda: tf.constant(3), exclusive=True)
    complete = tf.case(pairs)
    with tf.Session() as session:
        for _ in range(3):
            assert session.run([exclusive, complete], {x: 4}) == [2, 2]
            with pytest.raises(tf.errors.InvalidArgumentError, match="more than 1 conditions"):
                session.run(exclusive, {x: 1})
            with pytest.raises(tf.errors.InvalidArgumentError, match="None of conditions"):
                session.run(complete, {x: 9})


def test_switch_case(backend):
    i = tf.placeholder(tf.int32, [])
    chosen = tf.switch_case(i, [lambda: tf.constant(10.0), lambda: tf.constant(20.0)])
    with tf.Session() as session:
        assert [session.run(chosen, {i: n}) for n in (0, 1, 7, -1)] == [10.0, 20.0, 20.0, 20.0]


@pytest.mark.parametrize("pairs", [[], 3, [(True, int)], [("a", "b", "c")]])
def test_case_refuses(pairs):
    with tf.Graph().as_default(), pytest.raises((TypeError, ValueError)):
        tf.case(pairs)


def test_a_limit_of_iterations_may_be_a_tensor(backend):
    n = tf.placeholder(tf.int32, [])
    _, x = tf.while_loop(lambda i, x: i < 30, lambda i, x: (i + 1, x * 2), (0, 1.0), maximum_iterations=n)
    with tf.Session() as session:
        assert [session.run(x, {n: k}) for k in (3, 0, 20, 3)] == [8.0, 1.0, 2.0**20, 8.0]


def test_a_loop_whose_variables_grow(backend):
    n = tf.placeholder(tf.int32, [])
    shapes = [tf.TensorShape([]), tf.TensorShape([None])]
    start = [tf.constant(0), tf.zeros([0], tf.int32)]
    _, grown = tf.while_loop(lambda i, a: i < n, lambda i, a: [i + 1, tf.concat([a, [i]], 0)], start, shapes)
    with tf.Session() as session:
        for length in (0, 3, 20, 3):
            assert session.run(grown, {n: length}).tolist() == list(range(length))


def test_a_loop_of_a_thousand_is_traced_once(backend):
    calls = []
    _, total = tf.while_loop(lambda i, a: i < 1000, lambda i, a: (calls.append(1) or i + 1, a + 0.5), (0, 0.0))
    with tf.Session() as session:
        assert thrice(session, total) == [500.0] * 3
    assert len(calls) == 1


def test_gradient_of_a_long_loop(differentiating):
    x = tf.placeholder(tf.float32, [])
    _, y = tf.while_loop(lambda i, a: i < 200, lambda i, a: (i + 1, a * x), (0, 1.0))
    with tf.Session() as session:
        got = thrice(session, tf.gradients(y, x), {x: 1.01})
    np.testing.assert_allclose(got, [[200 * 1.01**199]] * 3, rtol=1e-4)


def test_own_gradients_are_asked(differentiating):
    @tf.custom_gradient
    def product(a, b):
        return a * b, lambda dy: (dy * 10, dy * 100)

    @tf.custom_gradient
    def clipped(a):
        return tf.identity(a), lambda dy: tf.clip_by_value(dy, -0.1, 0.1)

    x = tf.placeholder(tf.float32, [2])
    last, between = product(x, x * 2), clipped(x * 3) * 5
    with tf.Session() as session:
        for got in thrice(session, [tf.gradients(last, x)[0], tf.gradients(between, x)[0]], {x: [1.0, 2.0]}):
            np.testing.assert_allclose(got, [[210, 210], [0.3, 0.3]], rtol=1e-6)


def test_own_gradients_inside_a_branch_are_asked(differentiating):
    @tf.custom_gradient
    def clipped(a):
        return tf.identity(a), lambda dy: tf.clip_by_value(dy, -0.1, 0.1)

    x = tf.placeholder(tf.float32, [])
    y = tf.cond(x > 0, lambda: clipped(x) * 5, lambda: x)
    with tf.Session() as session:
        for got in thrice(session, tf.gradients(y, x)[0], {x: 2.0}):
            np.testing.assert_allclose(got, 0.1, rtol=1e-6)


def test_stopped_points_have_gradients_of_their_own(differentiating):
    x = tf.placeholder(tf.float32, [2])
    q = x * x
    found = tf.gradients(q * 3, [q, x], stop_gradients=[q])
    assert found[1] is None
    with tf.Session() as session:
        assert session.run(found[0], {x: [3.0, 4.0]}).tolist() == [3.0, 3.0]


def test_gradients_inside_a_branch_for_a_variable_outside(differentiating):
    scale = tf.Variable(3.0)
    p = tf.placeholder(tf.bool, [])
    slope = tf.cond(p, lambda: tf.gradients(scale * scale * 2.0, scale)[0], lambda: 0.0)
    with tf.Session() as session:
        session.run(scale.initializer)
        assert [session.run(slope, {p: b}) for b in (True, False, True)] == [12.0, 0.0, 12.0]


def test_threads_share_a_session(backend):
    count = tf.Variable(0.0, use_resource=True)
    add = count.assign_add(1.0)
    x = tf.placeholder(tf.float32, [None])
    total = tf.reduce_sum(x * 2)
    wrong = []
    with tf.Session() as session:
        session.run(count.initializer)

        def work(k):
            for n in range(20):
                value = np.full(k + 1 + n % 3, k, np.float32)
                if session.run([total, add], {x: value})[0] != 2 * value.sum():
                    wrong.append((k, n))

        threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong
        assert session.run(count) == 80.0


def test_a_later_stage_that_fails_leaves_the_variables(backend):
    v = tf.Variable(1.0)
    x = tf.placeholder(tf.float32, [])

    def judge(value):
        if value > 10:
            raise ValueError("too much")
        return np.float32(value)

    judged = tf.py_func(judge, [x * 2], tf.float32)
    checked = tf.check_numerics(judged / (x - 1), "divided")
    update = v.assign_add(1.0)
    with tf.Session() as session:
        session.run(v.initializer)
        for value, fails in ((2.0, False), (9.0, True), (1.0, True), (9.0, True), (1.0, True), (2.0, False)):
            before = session.run(v)
            if fails:
                with pytest.raises(tf.errors.OpError):
                    session.run([update, checked], {x: value})
            else:
                session.run([update, checked], {x: value})
            assert session.run(v) == before + (not fails)


def test_strings_that_are_fed_are_fetched(backend):
    text, number = tf.placeholder(tf.string, []), tf.placeholder(tf.float32, [])
    with tf.Session() as session:
        for _ in range(3):
            assert session.run([text, number * 2], {text: "abc", number: 2.0}) == [b"abc", 4.0]
            assert session.run(text, {text: "abc"}) == b"abc"
        with pytest.raises(TypeError):
            session.run(text, {text: 3})
        with pytest.raises(TypeError, match="FlattenDictItems"):
            session.run(number, [1])


def test_what_is_inside_a_loop_has_no_value_outside(backend):
    inside = []
    loop = tf.while_loop(lambda i: i < 3, lambda i: inside.append(i * 2) or i + 1, [0])
    with tf.Session() as session:
        assert session.run(loop) == 3
        with pytest.raises(ValueError, match="has been marked as not fetchable"):
            session.run(inside[0])


def test_operations_as_results_of_a_branch(backend):
    v = tf.Variable(1.0)
    p = tf.placeholder(tf.bool, [])
    done = tf.cond(p, lambda: v.assign_add(1.0).op, tf.no_op)
    with tf.Session() as session:
        session.run(v.initializer)
        assert [bool(session.run(done, {p: b})) for b in (True, False, True)] == [True, False, True]
        assert session.run(v) == 3.0


def test_what_a_session_does_not_take():
    for arguments in ({"target": 3}, {"config": 3}, {"graph": "x"}):
        with pytest.raises(TypeError):
            tf.Session(**arguments)


@pytest.mark.filterwarnings("ignore:Session.run on jax")
def test_what_cannot_be_compiled_repeats_no_write_that_went_before(differentiating):
    v = tf.Variable(0.0)
    z = tf.placeholder(tf.float32, [])
    with tf.control_dependencies([v.assign_add(1.0)]):
        seen = tf.py_func(lambda a: a, [v.read_value()], tf.float32)
    seen.set_shape([])
    # How long it runs depends on what a Python function returns.
    grown = tf.while_loop(lambda a: a < 100.0, lambda a: a * z, [z + 0.0 * seen])
    gradient = tf.gradients(grown, z)[0]
    with tf.Session() as session:
        session.run(v.initializer)
        for run in (1.0, 2.0, 3.0):
            assert session.run([grown, gradient, seen], {z: 3.0}) == [243.0, 405.0, run]
            assert session.run(v) == run


def test_what_cannot_be_compiled_is_said():
    pytest.importorskip("jax")
    with tf.Graph().as_default(), tf.Session(backend="jax") as session:
        z = tf.Variable(3.0)
        grown = tf.while_loop(lambda a: a < 100.0, lambda a: a * z, [z * 1.0])
        gradient = tf.gradients(grown, z)[0]
        session.run(z.initializer)
        with pytest.warns(RuntimeWarning, match="cannot be compiled and is computed step by step"):
            assert [session.run(gradient) for _ in range(3)] == [405.0] * 3


def test_gradients_around_a_python_function(differentiating):
    w = tf.Variable([1.0, 2.0])
    hidden = w * 2.0
    seen = tf.py_func(lambda a: a + 1.0, [hidden], tf.float32)
    seen.set_shape([2])
    loss = tf.reduce_sum(seen * hidden)  # no gradient flows through the function
    (gradient,) = tf.gradients(loss, [w])
    with tf.Session() as session:
        session.run(w.initializer)
        for _ in range(3):
            value, slope = session.run([loss, gradient])
            assert (value, slope.tolist()) == (26.0, [6.0, 10.0])


def test_what_one_shape_checks_is_checked_whatever_shape_came_between(backend):
    table = tf.Variable(np.ones((5, 2), np.float32))
    rows = tf.placeholder(tf.int32, [None])
    update = tf.scatter_add(table, rows, tf.ones(tf.stack([tf.size(rows), 2])))
    with tf.Session() as session:
        session.run(table.initializer)
        for _ in range(3):
            session.run(update.op, {rows: [0, 1]})
            session.run(update.op, {rows: []})  # of no rows nothing is checked
        before = session.run(table)
        for _ in range(2):
            with pytest.raises(tf.errors.InvalidArgumentError):
                session.run(update.op, {rows: [0, 9]})
        np.testing.assert_array_equal(session.run(table), before)


def test_a_failed_run_gives_no_variable_a_value_or_shape(backend):
    fresh = tf.Variable([1.0, 2.0], name="fresh")
    grows = tf.Variable([1.0], validate_shape=False, name="grows")
    index = tf.placeholder(tf.int32, [])
    checked = tf.gather(tf.placeholder_with_default([1.0, 2.0, 3.0], [3]), index)
    steps = [fresh.initializer, tf.assign(grows, [1.0, 2.0, 3.0], validate_shape=False).op]
    reset = grows.initializer
    with tf.Session() as session:
        for _ in range(3):
            session.run(reset)
            with pytest.raises(tf.errors.InvalidArgumentError):
                session.run([*steps, checked], {index: 7})
            assert not session.run(tf.is_variable_initialized(fresh))
            assert session.run(grows).tolist() == [1.0]


def test_arrays_that_are_fed_are_not_kept(backend):
    x = tf.placeholder(tf.float32, [None])
    w = tf.Variable(2.0)
    y = tf.py_func(lambda a: a, [x * w], tf.float32)  # a stage of the host: feeds are not only a compiled program's
    alive = []

    with tf.Session() as session:
        session.run(w.initializer)
        for _ in range(4):
            array = np.ones(3, np.float32)
            array.flags.writeable = False
            alive.append(weakref.ref(array))
            session.run(y, {x: array})
        del array
        gc.collect()
        assert [reference() for reference in alive] == [None] * 4


def test_a_fetched_reference_is_read_after_writes_that_wait_for_the_host(backend):
    x = tf.placeholder(tf.float32, [2])
    step, w = tf.Variable(0), tf.Variable([1.0, 2.0])
    change = tf.py_func(lambda v: v, [tf.reduce_sum(x) * w], tf.float32)
    change.set_shape([2])
    with tf.control_dependencies([tf.assign_sub(w, change)]):
        count = tf.assign_add(step, 1)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        got = [session.run([count.op, step, w], {x: [0.25, 0.25]})[1:] for _ in range(3)]
    assert [int(at) for at, _ in got] == [1, 2, 3]
    assert [value.tolist() for _, value in got] == [[0.5, 1.0], [0.25, 0.5], [0.125, 0.25]]


def test_a_slice_that_begins_where_a_queue_says_is_no_part_of_a_key(backend):
    data = tf.constant(np.arange(40.0, dtype=np.float32).reshape(2, 20))
    at = tf.placeholder(tf.int32, [])
    said = tf.py_func(lambda v: v, [at], tf.int32)
    said.set_shape([])
    part = tf.strided_slice(data, [0, said * 4], [2, (said + 1) * 4])
    total = tf.reduce_sum(tf.square(part))
    with tf.Session() as session:
        assert [float(session.run(total, {at: i})) for i in range(3)] == [1868.0, 2732.0, 3852.0]
        (executable,) = session._plans.values()
        assert not any(stage.static_slots for stage in stages_of(executable.plan))
