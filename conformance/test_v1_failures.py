"""V1: runs that fail leave the state alone; what a run returned is the caller's; threads; missing gradients."""

import threading

import numpy as np
import pytest

from onevar.conformance.marks import requirement
from onevar.conformance.v1_table import started

KINDS = pytest.mark.parametrize("resource", [False, True], ids=["reference", "resource"])


def _raises():
    raise ValueError("planned")


def _failing(tf, v, w, fed, bad):
    """What can fail in a run that also writes both variables."""
    unset = tf.Variable([1.0, 2.0], name="unset", collections=[])
    return {
        "py_func": (tf.py_func(_raises, [], tf.float32, name="f"), {}),
        "assert": (tf.Assert(tf.reduce_all(fed < 100.0), [fed]), {fed: [1000.0, 1.0]}),
        "uninitialised": (unset.read_value() + 1.0, {}),
        "index": (tf.gather(v, bad), {bad: [7]}),
        "shape": (tf.reshape(fed, [bad[0], 2]), {bad: [5]}),
        "check": (tf.check_numerics(fed, "planned"), {fed: [float("nan"), 1.0]}),
        "unfed": (tf.placeholder(tf.float32, name="nobody") * 2.0, {}),
        "assigned shape": (tf.assign(w, tf.reshape(fed, [1, 2])[:, : bad[0]], validate_shape=False).op, {bad: [-9]}),
    }


@requirement("V1-15")
@KINDS
@pytest.mark.parametrize("what", ["py_func", "assert", "uninitialised", "index", "shape", "check", "unfed"])
def test_v1_failed_runs_change_nothing(v1, what, resource):
    v = v1.Variable([1.0, 2.0], use_resource=resource)
    w = v1.Variable([[5.0, 6.0]], use_resource=resource)
    fed, bad = v1.placeholder(v1.float32, [2]), v1.placeholder(v1.int32, [1])
    target, feeds = _failing(v1, v, w, fed, bad)[what]
    steps = [v.assign_add(fed), w.assign(w * 2.0), v1.group(v1.assign_sub(w, [[1.0, 1.0]]))]
    feeds = {fed: [1.0, 1.0], bad: [0], **feeds}
    with started(v1) as session:
        for _ in range(3):
            for fetches in ([*steps, target], [target, *steps]):
                with pytest.raises(v1.errors.OpError):
                    session.run(fetches, feeds)
                assert session.run(v).tolist() == [1.0, 2.0], what
                assert session.run(w).tolist() == [[5.0, 6.0]], what


@requirement("V1-15")
@KINDS
def test_v1_failed_scatters_change_nothing(v1, resource):
    v = v1.Variable([[1.0], [2.0], [3.0]], use_resource=resource)
    rows = v1.placeholder(v1.int32, [None])
    steps = [v1.scatter_add(v, rows, [[1.0], [1.0]]), v1.scatter_update(v, rows, [[9.0], [9.0]])]
    with started(v1) as session:
        for step in steps:
            for _ in range(3):
                with pytest.raises(v1.errors.InvalidArgumentError):
                    session.run(step, {rows: [0, 3]})
                assert session.run(v).tolist() == [[1.0], [2.0], [3.0]]


@requirement("V1-15")
def test_v1_refused_feeds_change_nothing(v1):
    v, x = v1.Variable([1.0, 2.0]), v1.placeholder(v1.float32, [2])
    step = v.assign_add(x)
    with started(v1) as session:
        for bad in ([1.0], [[1.0, 2.0]], "text"):
            with pytest.raises(ValueError):
                session.run(step, {x: bad})
        assert [session.run(step, {x: [1.0, 0.0]}).tolist() for _ in range(3)] == [[2.0, 2.0], [3.0, 2.0], [4.0, 2.0]]


@requirement("V1-16")
@KINDS
def test_v1_writes_ordered_before_a_failure_stay(v1, resource):
    v = v1.Variable([1.0, 2.0], use_resource=resource)
    limit = v1.placeholder(v1.float32, [])
    step = v.assign_add([1.0, 1.0])
    with v1.control_dependencies([step]):
        total = v1.reduce_sum(v.read_value())
        check = v1.Assert(total < limit, [total])
    with started(v1) as session:
        for k in range(1, 4):
            with pytest.raises(v1.errors.InvalidArgumentError):
                session.run(check, {limit: 0.0})
            assert session.run(v).tolist() == [1.0 + k, 2.0 + k]
        session.run(check, {limit: 100.0})
        assert session.run(v).tolist() == [5.0, 6.0]


@requirement("V1-16")
@KINDS
def test_v1_sessions_work_on_after_failures(v1, resource):
    v = v1.Variable([1.0, 2.0], use_resource=resource)
    x = v1.placeholder(v1.float32, [2])
    with v1.control_dependencies([v1.Assert(v1.reduce_all(x > 0.0), [x])]):
        step = v.assign_add(x)
    seen = []
    with started(v1) as session:
        for k in range(6):
            if k % 2:
                with pytest.raises(v1.errors.InvalidArgumentError):
                    session.run(step, {x: [1.0, -1.0]})
            else:
                seen.append(session.run(step, {x: [1.0, 10.0]}).tolist())
        assert seen == [[2.0, 12.0], [3.0, 22.0], [4.0, 32.0]]
        assert session.run(v).tolist() == [4.0, 32.0]


@requirement("V1-11")
@KINDS
def test_v1_results_are_the_callers(v1, resource):
    v = v1.Variable([1.0, 2.0], use_resource=resource)
    x, c = v1.placeholder(v1.float32, [2]), v1.constant([5.0, 6.0])
    fetches = [v, v * 1.0, c, x, v1.identity(x), v.read_value()]
    step = v.assign_add([1.0, 1.0])
    given = np.array([7.0, 8.0], np.float32)
    with started(v1) as session:
        results = [session.run(fetches, {x: given}) for _ in range(3)]
        session.run(step)
        session.run(step)
        assert [[a.tolist() for a in found] for found in results] == [
            [[1.0, 2.0], [1.0, 2.0], [5.0, 6.0], [7.0, 8.0], [7.0, 8.0], [1.0, 2.0]]
        ] * 3
        for found in results:
            for array in found:
                array[:] = -1.0
        assert given.tolist() == [7.0, 8.0]
        assert [a.tolist() for a in session.run([v, c])] == [[3.0, 4.0], [5.0, 6.0]]
        given[:] = 0.0
        assert session.run(v1.identity(v.assign(x)), {x: [1.0, 1.0]}).tolist() == [1.0, 1.0]
        kept = session.run(v.assign(x), {x: given})
        given[:] = 9.0
        assert session.run(v).tolist() == [0.0, 0.0] == kept.tolist()


def _together(count, work):
    errors = []

    def run(k):
        try:
            work(k)
        except Exception as error:  # noqa: BLE001 - shown by the test
            errors.append(error)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors


@requirement("V1-10")
def test_v1_threads_have_graphs_of_their_own(v1):
    found = {}

    def work(k):
        with v1.Graph().as_default() as graph:
            v = v1.Variable(float(k), name="v")
            x = v1.placeholder(v1.float32, [])
            step = v.assign_add(x * 2.0, name="step")
            with started(v1) as session:
                values = [float(session.run(step, {x: 1.0})) for _ in range(5)]
            found[k] = (values, v.name, step.name, len(graph.get_operations()))

    _together(4, work)
    assert {k: values for k, (values, *_) in found.items()} == {k: [k + 2.0 * i for i in range(1, 6)] for k in range(4)}
    assert len({rest for _, *rest in ((v, *map(str, r)) for v, *r in found.values()) for rest in [tuple(rest)]}) == 1


@requirement("V1-10")
@KINDS
def test_v1_threads_share_a_session(v1, resource):
    v = v1.Variable([0.0] * 64, use_resource=resource)
    step, total = v.assign_add([1.0] * 64), v1.reduce_sum(v)
    with started(v1) as session:
        session.run([step, total])

        def work(k):
            for _ in range(25):
                session.run(step)
                value = session.run(v)
                assert (value == value[0]).all(), value

        _together(4, work)
        assert session.run(v).tolist() == [101.0] * 64


@requirement("V1-36")
def test_v1_missing_gradients_are_said(v1, adapter):
    x = v1.Variable([1.0, 2.0])
    (gradient,) = v1.gradients(v1.reduce_sum(x * x), x)
    with started(v1) as session:
        if "gradients" not in adapter.lacks:
            assert [session.run(gradient).tolist() for _ in range(3)] == [[2.0, 4.0]] * 3
            return
        for _ in range(3):
            with pytest.raises(Exception, match="lacks 'gradients'") as caught:
                session.run(gradient)
            assert adapter.name in str(caught.value) and adapter.lacks["gradients"] in str(caught.value)
            assert "Session(backend=" in str(caught.value)
        assert session.run(x).tolist() == [1.0, 2.0]


@requirement("V1-34")
def test_v1_second_order_through_loops(v1):
    """TensorFlow 1 has no second derivative of a loop: closed forms are the oracle."""
    x = v1.Variable(1.5, use_resource=True)
    power = v1.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * x), [0, x])[1]
    (first,) = v1.gradients(power, x)
    (second,) = v1.gradients(first, x)
    with started(v1) as session:
        for _ in range(3):
            found = session.run([power, first, second])
            np.testing.assert_allclose(found, [1.5**4, 4 * 1.5**3, 12 * 1.5**2], rtol=1e-5)
