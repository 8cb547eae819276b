"""Programs about TensorArrays, loops over the first axis of tensors, and derivatives of and in loops."""

from typing import Any

import numpy as np

from onevar.conformance.v1_table import error, program, started, thrice

GRADIENTS = ("gradients",)
#: Longer than what is unrolled.
ROWS = (np.arange(60, dtype=np.float32).reshape(20, 3) / 30).tolist()
SHORT = ROWS[3:8]


def _fed(tf: Any) -> Any:
    return tf.placeholder(tf.float32, [None, 3])


def _runs(tf: Any, fetches: Any, x: Any) -> Any:
    """Fetch three times with many rows, then with few, then with many again."""
    with started(tf) as session:
        return [thrice(session, fetches, {x: rows}) for rows in (ROWS, SHORT, ROWS)]


# -- TensorArrays -------------------------------------------------------------------------------------


@program("V1-74")
def arrays_of_tensors(tf: Any) -> Any:
    """Write, read, stack, gather, scatter, split, concat, size; growing arrays; zeros for what was never written."""
    x = _fed(tf)
    first = tf.TensorArray(tf.float32, 3).write(0, x[0]).write(1, x[1] * 2.0).write(2, x[2])
    kept = tf.TensorArray(tf.float32, tf.shape(x)[0], clear_after_read=False).unstack(x)
    placed = tf.TensorArray(tf.float32, 5, element_shape=[3]).scatter([3, 0], x[:2])
    parts = tf.TensorArray(tf.float32, 2, infer_shape=False).split(x, [1, tf.shape(x)[0] - 1])
    grown = tf.TensorArray(tf.float32, 0, dynamic_size=True).write(3, x[0]).write(1, x[1])
    whole = tf.TensorArray(tf.int64, 2).write(0, [5]).write(1, [6])
    fetches = [first.stack(), kept.read(1), kept.gather([2, 0, 2]), kept.size(), placed.stack(), parts.concat(),
               grown.stack(), grown.size(), whole.concat(), kept.identity().stack(), first.flow]  # fmt: skip
    shapes = [first.element_shape.as_list(), first.stack().shape.as_list(), grown.stack().shape.as_list()]
    return [_runs(tf, fetches, x), shapes]


@program("V1-74")
def arrays_that_refuse(tf: Any) -> Any:
    """Reading twice, writing twice, indices out of bounds, other shapes, other sizes."""
    made: list[Any] = []
    for build in (
        lambda: tf.TensorArray(tf.float32, 2).write(3, 1.0).stack(),
        lambda: tf.TensorArray(tf.float32, 2).write(1, 1.0).read(4),
        lambda: tf.TensorArray(tf.float32, 2).write(1, 1.0).write(1, 2.0).read(1),
        lambda: tf.TensorArray(tf.float32, 2, infer_shape=False).write(0, 1.0).stack(),
        lambda: tf.TensorArray(tf.float32, 2, infer_shape=False).write(0, 1.0).write(1, [1.0]).stack(),
        lambda: tf.TensorArray(tf.float32, 2).unstack(tf.zeros([3, 2])).stack(),
        lambda: tf.TensorArray(tf.float32, 2).split(tf.zeros([2, 2]), [1, 2]).stack(),
        lambda: tf.TensorArray(tf.float32, 2).split(tf.zeros([2, 2]), [1, 1, 0]).stack(),
    ):
        made.append(build())
    once = tf.TensorArray(tf.float32, 1).write(0, 1.0)
    with tf.control_dependencies([once.read(0)]):
        made.append(once.read(0))
    shapes = error(lambda: tf.TensorArray(tf.float32, 2).write(0, 1.0).write(1, [1.0, 2.0]))
    with tf.Session() as session:
        return [[error(session.run, tensor) for tensor in made], shapes, error(tf.TensorArray, tf.float32)]


@program("V1-74", needs=GRADIENTS)
def arrays_in_loops(tf: Any) -> Any:
    """A recurrent network as `dynamic_rnn` has it: arrays read and written in a loop, to the end or not so far."""
    x, w = _fed(tf), tf.Variable([[0.5, -0.2, 0.1], [0.3, 0.4, -0.6], [0.2, 0.1, 0.7]])
    n = tf.shape(x)[0]
    given, last = (
        tf.TensorArray(tf.float32, n, clear_after_read=False).unstack(x),
        tf.minimum(n, tf.cast(tf.reduce_max(x) * 4.0, tf.int32)),
    )

    def step(i: Any, state: Any, out: Any) -> Any:
        state = tf.tanh(tf.matmul(state, w) + given.read(i))
        return i + 1, state, out.write(i, state[0])

    found = []
    for bound in (n, last):
        begin = (tf.constant(0), tf.zeros([1, 3]), tf.TensorArray(tf.float32, n))
        _, state, out = tf.while_loop(lambda i, *_, bound=bound: i < bound, step, begin, maximum_iterations=n)
        rows = out.stack()
        loss = tf.reduce_sum(state) + tf.reduce_sum(rows * rows)
        found.append([rows, state, tf.gradients(loss, [x, w])])
    return _runs(tf, found, x)


@program("V1-74", needs=GRADIENTS)
def arrays_in_branches(tf: Any) -> Any:
    """A branch of a loop writes or leaves an array; indices that are computed; an array that grows."""
    x = _fed(tf)
    n = tf.shape(x)[0]
    given = tf.TensorArray(tf.float32, n, clear_after_read=False).unstack(x)

    def step(i: Any, out: Any) -> Any:
        low = tf.reduce_sum(given.read(i)) > 1.0
        out = tf.cond(low, lambda: out.write(n - 1 - i, given.read(i) * 2.0), lambda: out)
        return i + 1, out

    _, out = tf.while_loop(lambda i, _: i < n, step, (0, tf.TensorArray(tf.float32, n, element_shape=[3])))
    rows = out.stack()
    _, grown, _ = tf.while_loop(
        lambda i, _, total: tf.reduce_sum(total) < 2.0, lambda i, a, total: (i + 1, a.write(i, total), total + x[i]),
        (0, tf.TensorArray(tf.float32, 0, dynamic_size=True), tf.zeros([3])),
    )  # fmt: skip
    return _runs(tf, [rows, tf.gradients(tf.reduce_sum(rows * rows), x), grown.stack(), grown.size()], x)


# -- map_fn, scan, folds ------------------------------------------------------------------------------


@program("V1-75", needs=GRADIENTS)
def mapped(tf: Any) -> Any:
    """`map_fn`: of several tensors, to other dtypes, nested, differentiated."""
    x = _fed(tf)
    two = tf.map_fn(lambda a: (tf.reduce_sum(a[0] * a[1]), a[0]), (x, x * x), dtype=(tf.float32, tf.float32))
    whole = tf.map_fn(lambda row: tf.cast(tf.reduce_sum(row) > 1.0, tf.int32), x, dtype=tf.int32)
    nested = tf.map_fn(lambda row: tf.scan(lambda a, b: a * 0.5 + b, row), x)
    refused = [error(tf.map_fn, lambda a: a, tf.constant(1.0)), error(tf.map_fn, lambda a: (a, a), x)]
    slopes = [tf.gradients(tf.reduce_sum(two[0] * two[0]), x), tf.gradients(tf.reduce_sum(nested * nested), x)]
    shapes = [t.shape.as_list() for t in (two[0], two[1], whole)]
    return [_runs(tf, [two, whole, nested, slopes], x), shapes, refused]


@program("V1-75", needs=GRADIENTS)
def scanned(tf: Any) -> Any:
    """`scan`: from both ends, with and without a first value, of structures."""
    x, w = _fed(tf), tf.constant([0.5, 0.3, 0.2])
    found = []
    for backwards in (False, True):
        for first in (None, tf.constant([1.0, 2.0, 3.0])):
            y = tf.scan(lambda a, b: tf.tanh(a * w + b), x, initializer=first, reverse=backwards)
            found.append([y, tf.gradients(tf.reduce_sum(y * y), [x, w])])
    pair = tf.scan(lambda a, b: (a[0] + b[0], a[1] * b[1]), (x, x + 1.0))
    mixed = tf.scan(lambda a, b: (a[0] + b, a[1] + 1), x, initializer=(tf.zeros([3]), tf.constant(0)))
    return [_runs(tf, [found, pair, mixed], x), error(tf.scan, lambda a, b: tf.zeros([2]), tf.constant([1.0, 2.0]))]


@program("V1-75", needs=GRADIENTS)
def folded(tf: Any) -> Any:
    """`foldl` and `foldr`, with and without a first value."""
    x, w = _fed(tf), tf.constant([0.5, 0.3, 0.2])
    found = []
    for fold in (tf.foldl, tf.foldr):
        for first in (None, tf.constant([1.0, 2.0, 3.0])):
            y = fold(lambda a, b: tf.tanh(a * w + b), x, initializer=first)
            found.append([y, tf.gradients(tf.reduce_sum(y * y), [x, w])])
    return _runs(tf, found, x)


# -- loops --------------------------------------------------------------------------------------------


@program("V1-76", needs=GRADIENTS)
def limits_of_loops(tf: Any) -> Any:
    """`maximum_iterations` as a number and as a tensor; what a loop returns; what it refuses."""
    n, y = tf.placeholder(tf.int32, []), tf.constant(1.1)
    plain = tf.while_loop(lambda i: i < 30, lambda i: i + 1, [5], maximum_iterations=n)
    power = tf.while_loop(lambda i, v: i < 30, lambda i, v: (i + 1, v * y), (5, y), maximum_iterations=n)
    same = tf.while_loop(lambda i: i < 3, lambda i: i + 1, [0], return_same_structure=True)
    refused = [
        error(tf.while_loop, lambda i: i < 3, lambda i: i + 1, [0], parallel_iterations=0),
        error(tf.while_loop, lambda i: i < 3, lambda i: i + 1, [0], maximum_iterations=[1]),
        error(tf.while_loop, lambda i: i, lambda i: i + 1, [0]),
    ]
    with tf.Session() as session:
        found = [thrice(session, [plain, power, tf.gradients(power[1], y)], {n: k}) for k in (2, 3, 100, 18)]
        return [found, session.run(same), refused]


@program("V1-76", needs=GRADIENTS)
def places_in_loops(tf: Any) -> Any:
    """Rows and slices at places that the loop computes."""
    x, w = _fed(tf), tf.Variable([1.0, 2.0, 3.0])

    def step(i: Any, a: Any) -> Any:
        rows = tf.slice(x, [i, 0], [2, 3]) + x[i : i + 2]
        return i + 1, a * 0.9 + w * x[i] * x[i + 1, 1] + x[-i - 1] + rows[1]

    _, a = tf.while_loop(lambda i, _: i < tf.shape(x)[0] - 2, step, [0, tf.zeros([3])])
    return _runs(tf, [a, tf.gradients(tf.reduce_sum(a * a), [x, w])], x)


@program("V1-76", needs=GRADIENTS)
def second_derivatives(tf: Any) -> Any:
    """`tf.hessians`, and gradients in a loop of what was computed outside."""
    x, w = _fed(tf), tf.Variable([[0.1, -0.4], [0.2, 0.3], [-0.5, 0.6]])
    value = tf.reduce_mean(tf.tanh(tf.matmul(x, w)) ** 2)
    point = tf.constant([1.0, 2.0, 3.0])
    cubes = tf.reduce_sum(point**3)
    _, total = tf.while_loop(
        lambda i, _: i < 20, lambda i, a: (i + 1, a + tf.gradients(cubes * tf.cast(i, tf.float32), point)[0]),
        [0, tf.zeros([3])],
    )  # fmt: skip
    return _runs(tf, [tf.hessians(value, w), tf.hessians(cubes, point), total], x)


@program("V1-77", needs=GRADIENTS)
def own_gradients_inside(tf: Any) -> Any:
    """Gradients of the program's own inside branches and loops."""
    x, v = _fed(tf), tf.Variable([0.3, 0.4, 0.5])

    @tf.custom_gradient
    def softplus(a: Any) -> Any:
        e = tf.exp(-a)
        return tf.log(1.0 + e), lambda dy: -dy * e / (1.0 + e) * v

    @tf.custom_gradient
    def square(a: Any) -> Any:
        return a * a, lambda dy: dy * 100.0

    branch = tf.cond(x[0, 0] > 0.2, lambda: square(x) * x, lambda: square(x))
    n = tf.shape(x)[0]
    _, h, out = tf.while_loop(
        lambda i, *_: i < n, lambda i, h, o: (i + 1, softplus(x[i] * h) * v, o.write(i, softplus(h))),
        (0, x[0], tf.TensorArray(tf.float32, n)),
    )  # fmt: skip
    loss = tf.reduce_sum(h) + tf.reduce_sum(out.stack() ** 2)
    return _runs(tf, [branch, tf.gradients(branch, x), loss, tf.gradients(loss, x)], x)


@program("V1-77", needs=GRADIENTS)
def loops_of_unknown_length(tf: Any) -> Any:
    """The gradient of a loop that ends when its values say so."""
    x = _fed(tf)
    i, h = tf.while_loop(lambda i, h: tf.reduce_sum(h) < 30.0, lambda i, h: (i + 1, h * 1.05 + x[1] * x[2]), [0, x[3]])
    return _runs(tf, [i, h, tf.gradients(tf.reduce_sum(h), x)], x)


@program("V1-29")
def unconnected_writes(tf: Any) -> Any:
    """A write in a branch or body happens if a result depends on it, or is the result; not because it stands there."""
    v = tf.Variable(0.0)
    w = tf.Variable(0.0, use_resource=True)
    p = tf.placeholder_with_default(True, [])

    def unconnected() -> Any:
        tf.assign_add(v, 1.0)
        w.assign_add(1.0)
        return tf.constant(3.0)

    def connected() -> Any:
        with tf.control_dependencies([tf.assign_add(v, 100.0)]):
            between = tf.no_op()
        with tf.control_dependencies([between]):
            return tf.constant(7.0)

    def body(i: Any) -> Any:
        tf.assign_add(v, 10.0)
        return i + 1

    fetches = [
        tf.cond(p, unconnected, lambda: tf.constant(0.0)),
        tf.while_loop(lambda i: i < 3, body, [0]),
        tf.cond(p, lambda: tf.assign_add(v, 1.0).op, lambda: tf.no_op()),
        tf.cond(p, lambda: tf.group(tf.assign_add(v, 1.0), w.assign_add(1.0)), lambda: tf.no_op()),
        tf.cond(p, lambda: [tf.constant(1.0), tf.assign_add(v, 5.0).op], lambda: [tf.constant(2.0), tf.no_op()]),
        tf.cond(p, connected, lambda: tf.constant(0.0)),
        tf.cond(p, lambda: tf.cond(p, lambda: tf.assign_add(w, 3.0), lambda: 0.0), lambda: 0.0),
    ]
    with started(tf) as session:
        return [[thrice(session, fetch), session.run([v, w])] for fetch in fetches]
