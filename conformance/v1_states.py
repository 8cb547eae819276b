"""Programs about state: order of reads and writes, assignments, scatters, shapes that change, dtypes."""

from typing import Any

import numpy as np

from onevar.conformance.v1_table import array, error, program, started, thrice


@program("V1-12", kinds=True)
def read_after_write(tf: Any, resource: bool) -> Any:
    """A read that is ordered after a write sees it, and the next write sees both."""
    v = tf.Variable([1.0, 2.0], use_resource=resource)
    with tf.control_dependencies([v.assign_add([10.0, 20.0])]):
        after = v.read_value() * 1.0
    with tf.control_dependencies([after]):
        last = v.assign([0.5, 0.25])
    with started(tf) as session:
        return [[session.run([after, last]), session.run(v)] for _ in range(3)]


@program("V1-12", kinds=True)
def read_before_write(tf: Any, resource: bool) -> Any:
    """A value that was computed before a write stays what it was."""
    v = tf.Variable(3.0, use_resource=resource)
    before = v * 1.0
    with tf.control_dependencies([before]):
        step = v.assign_add(1.0)
    with tf.control_dependencies([step]):
        total = before + v.read_value() * 100.0
    with started(tf) as session:
        return [session.run([before, total]) for _ in range(4)]


@program("V1-12", kinds=True)
def chain_of_controls(tf: Any, resource: bool) -> Any:
    """Writes run in the order that control dependencies give, however they were fetched."""
    v = tf.Variable(1.0, use_resource=resource)
    with tf.control_dependencies([v.assign_add(1.0)]), tf.control_dependencies([v.assign(v.read_value() * 3.0)]):
        third = v.assign_sub(0.5)
    with tf.control_dependencies([third]), tf.control_dependencies([tf.no_op()]):
        done = tf.group(v.assign(v.read_value() * 2.0))
    second = tf.Variable(0.0, use_resource=resource)
    with tf.control_dependencies([done]):
        copied = second.assign(v.read_value())
    with started(tf) as session:
        return [[session.run([copied.op, done])[0], session.run([v, second])] for _ in range(3)]


@program("V1-13", kinds=True)
def outputs_of_assignments(tf: Any, resource: bool) -> Any:
    """What an assignment returns is the new value, and assignments chain."""
    v = tf.Variable([1.0, 2.0], use_resource=resource)
    steps = [v.assign([3.0, 4.0]) * 2.0, v.assign_add([1.0, 1.0]), v.assign_sub(v * 0.5), tf.assign(v, [1.0, 1.0])]
    w = tf.Variable(1.0, use_resource=True)
    chained = w.assign_add(1.0).assign_add(2.0).assign_sub(0.5) if resource else w.assign_add(2.5)
    with started(tf) as session:
        return [[thrice(session, step), session.run(v)] for step in steps] + [thrice(session, chained), session.run(w)]


@program("V1-13", kinds=True)
def swapped(tf: Any, resource: bool) -> Any:
    """Both new values are computed from both old ones where control dependencies say so."""
    a, b = tf.Variable([1.0, 2.0], use_resource=resource), tf.Variable([10.0, 20.0], use_resource=resource)
    old_a, old_b = a * 1.0, b * 1.0
    with tf.control_dependencies([old_a, old_b]):
        swap = tf.group(a.assign(old_b), b.assign(old_a))
    with started(tf) as session:
        return [[session.run(swap), session.run([a, b])] for _ in range(4)]


@program("V1-14", kinds=True)
def writes_in_branches(tf: Any, resource: bool) -> Any:
    """Only the branch that is taken writes; a flag that guards itself works."""
    v, n = tf.Variable(True, use_resource=resource), tf.Variable(0, use_resource=resource)
    first = tf.cond(v, lambda: v.assign(False), lambda: tf.identity(v))
    which = tf.placeholder(tf.bool)
    up = tf.cond(which, lambda: n.assign_add(1) + 0, lambda: n.assign_sub(10) + 0)
    with started(tf) as session:
        found = [
            session.run(v),
            session.run(first),
            session.run(v),
            session.run(first),
            session.run(first),
            session.run(v),
        ]
        return [*found, [session.run(up, {which: flag}) for flag in (True, True, False, True, False)], session.run(n)]


@program("V1-14")
def writes_in_loops(tf: Any) -> Any:
    """A loop's body writes once for each trip."""
    v = tf.Variable([0.0, 0.0], use_resource=True)
    trips = tf.placeholder(tf.int32)

    def body(i: Any) -> Any:
        with tf.control_dependencies([v.assign_add([1.0, 2.0])]):
            return i + 1

    loop = tf.while_loop(lambda i: i < trips, body, [0])
    with tf.control_dependencies([loop]):
        after = v.read_value()
    with started(tf) as session:
        return [[session.run([loop, after], {trips: n}), session.run(v)] for n in (3, 3, 0, 5, 1)]


@program("V1-17", kinds=True)
def shapes_that_change(tf: Any, resource: bool) -> Any:
    """A variable without a static shape takes a value of any shape."""
    v = tf.Variable([1.0], validate_shape=False, shape=tf.TensorShape(None), use_resource=resource)
    x = tf.placeholder(tf.float32)
    step = tf.assign(v, x, validate_shape=False)
    double = v.read_value() * 2.0
    with started(tf) as session:
        found = [v.shape.rank]
        for data in ([1.0, 2.0], [[3.0]], 4.0, [[5.0, 6.0], [7.0, 8.0]], [9.0]):
            found.append([session.run(step, {x: data}), session.run([v, double, tf.shape(v)])])
        return found


@program("V1-17")
def shapes_partly_known(tf: Any) -> Any:
    """Of a shape with an unknown size only that size may change."""
    v = tf.Variable(tf.zeros([1, 2]), shape=[None, 2], use_resource=True)
    x = tf.placeholder(tf.float32, [None, 2])
    step, total = v.assign(x), tf.reduce_sum(v, 0)
    with started(tf) as session:
        found = [v.shape.as_list(), error(v.assign, tf.zeros([1, 3]))]
        for rows in (3, 1, 0, 3):
            found.append([session.run(step, {x: np.ones([rows, 2])}), session.run([total, v])])
        return found


@program("V1-20", kinds=True)
def assignments(tf: Any, resource: bool) -> Any:
    """Assign, add, subtract: methods and functions, over several runs."""
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0]], use_resource=resource)
    x = tf.placeholder(tf.float32, [2, 2])
    steps = [
        v.assign(x),
        v.assign_add(x),
        v.assign_sub(x * 0.5),
        tf.assign(v, x + v),
        tf.assign_add(v, x),
        tf.assign_sub(v, x),
    ]
    with started(tf) as session:
        found = [
            [thrice(session, step, {x: [[k + 1.0, 2.0], [0.5, -k]]}), session.run(v)] for k, step in enumerate(steps)
        ]
        v.load([[7.0, 8.0], [9.0, 0.0]], session)
        return [*found, session.run(v), v.eval(session)]


@program("V1-20", kinds=True)
def slices_assigned(tf: Any, resource: bool) -> Any:
    """Slices of a Variable are assigned to."""
    m = tf.Variable(np.arange(12.0, dtype=np.float32).reshape(3, 4), use_resource=resource)
    x = tf.placeholder(tf.float32)
    steps = [
        part.assign(x + 0.5) for part in (m[0], m[:, 1], m[::2, 1:3], m[::-1, ::-1], m[..., -1], m[1:2], m[2:0:-1, 3:])
    ]
    with started(tf) as session:
        return [session.run(step, {x: float(k)}) for _ in range(2) for k, step in enumerate(steps)]


@program("V1-20", kinds=True)
def scatters(tf: Any, resource: bool) -> Any:
    """Scatter functions by rows, duplicates included."""
    m = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], use_resource=resource)
    rows, x = tf.placeholder(tf.int32), tf.placeholder(tf.float32)
    steps = [getattr(tf, f"scatter_{n}")(m, rows, x) for n in ("add", "sub", "mul", "div", "min", "max", "update")]
    points = [getattr(tf, f"scatter_nd_{n}")(m, [[0, 1], [2, 0]], [2.0, 3.0]) for n in ("add", "sub", "update")]
    delta = tf.IndexedSlices(tf.constant([[1.0, 1.0], [2.0, 2.0]]), tf.constant([1, 1]))
    with started(tf) as session:
        found = []
        for step in steps:
            feeds = [{rows: r, x: d} for r, d in (([0, 2], [[2.0, 1.5], [0.5, 3.0]]), ([1], [[2.0, 2.0]]))]
            found.append([session.run(step, feed) for feed in feeds for _ in range(2)])
        found += [thrice(session, step) for step in points]
        found.append(session.run(steps[0], {rows: [1, 1, 1], x: [[1.0, 0.0]] * 3}))
        return [*found, thrice(session, m.scatter_add(delta)), thrice(session, m.scatter_sub(delta)), session.run(m)]


@program("V1-20", kinds=True)
def counted_up(tf: Any, resource: bool) -> Any:
    """`count_up_to` counts, and stops with OutOfRangeError, with the variable as it was."""
    n = tf.Variable(2, use_resource=resource)
    step = n.count_up_to(6)
    with started(tf) as session:
        found = [session.run(step) for _ in range(4)]
        return [found, [error(session.run, step, words="Reached limit of 6") for _ in range(3)], session.run(n)]


@program("V1-21", kinds=True)
def state_of_every_dtype(tf: Any, resource: bool) -> Any:
    """Numbers of all kinds are kept and computed with in their own dtype."""
    found = []
    for dtype in ("float32", "int32", "uint8", "int8", "int16"):
        v = tf.Variable(array([3, 0, 7], dtype), use_resource=resource)
        step = v.assign_add(array([1, 2, 3], dtype))
        with started(tf) as session:
            found.append([session.run(v), thrice(session, step), v.dtype.base_dtype.name])
    flag = tf.Variable([True, False], use_resource=resource)
    turn = flag.assign(tf.logical_not(flag))
    with started(tf) as session:
        found.append([thrice(session, turn), session.run(tf.reduce_any(flag))])
    return found


@program("V1-21", kinds=True)
def strings_as_state(tf: Any, resource: bool) -> Any:
    """A Variable of strings."""
    s = tf.Variable(["a", "bc"], use_resource=resource)
    n = tf.Variable(0, use_resource=resource)
    x = tf.placeholder(tf.string)
    step = s.assign(tf.string_join([s, tf.fill([2], x)]))
    with tf.control_dependencies([step]):
        both = n.assign_add(tf.reduce_sum(tf.strings.length(s.read_value())))
    with started(tf) as session:
        return [
            session.run(s),
            *[session.run([step, both], {x: "-"}) for _ in range(3)],
            thrice(session, s),
            session.run(n),
        ]


@program("V1-21", needs=("complex",), kinds=True)
def complex_state(tf: Any, resource: bool) -> Any:
    """Complex numbers."""
    v = tf.Variable(np.array([1 + 2j, -1j], np.complex64), use_resource=resource)
    step = v.assign(v * tf.conj(v) + 1j)
    with started(tf) as session:
        return [session.run(step), session.run(step), session.run(tf.abs(v) * 1e-3)]


@program("V1-41", needs=("64bit",), kinds=True)
def wide_state(tf: Any, resource: bool) -> Any:
    """64-bit integers and floats keep their width, in state, feeds, constants and results."""
    i = tf.Variable(np.array([2**40 + 1, -(2**62)], np.int64), use_resource=resource)
    d = tf.Variable(np.array([1.0 + 1e-12, 1e300], np.float64), use_resource=resource)
    x, y = tf.placeholder(tf.int64), tf.placeholder(tf.float64)
    steps = [i.assign_add([1, 2] * x), d.assign_sub([1e-13, 1.0] * y)]
    made = [i + 2**41, d * 2.0, tf.cast(i, tf.float64), tf.cast(d[:1], tf.int64), tf.reduce_sum(i), i // 3, i[:1] / 3,
            tf.constant(2**50), tf.constant(0.1, tf.float64) + y, tf.argmax(d), tf.range(x, x + 3)]  # fmt: skip
    feeds = {x: 2**33 + 1, y: 1.0}
    with started(tf) as session:
        return [thrice(session, made, feeds), thrice(session, steps, feeds), session.run([i, d])]


@program("V1-42", needs=("bfloat16",), kinds=True)
def bfloat16_state(tf: Any, resource: bool) -> Any:
    """bfloat16 is computed in and kept."""
    v = tf.Variable(tf.constant([1.0, 2.5, -3.0], tf.bfloat16), use_resource=resource)
    step = v.assign(v * v + tf.constant(0.5, tf.bfloat16))
    with started(tf) as session:
        return [
            session.run(v),
            session.run(step),
            session.run(step),
            thrice(session, [tf.cast(v, tf.float32), tf.reduce_max(v)]),
        ]


@program("V1-42", needs=("float16",), kinds=True)
def float16_state(tf: Any, resource: bool) -> Any:
    """float16 is computed in and kept."""
    v = tf.Variable(tf.constant([1.0, 2.5, -3.0], tf.float16), use_resource=resource)
    step = v.assign_add(v * tf.constant(0.5, tf.float16))
    with started(tf) as session:
        return [thrice(session, step), thrice(session, [tf.cast(v, tf.float32), tf.matmul(v[None], v[:, None])])]


@program("V1-43")
def dtypes_do_not_mix(tf: Any) -> Any:
    """Tensors are never promoted; Python numbers take the tensor's dtype."""
    f, i, d = tf.constant([1.0]), tf.constant([1]), tf.constant([1.0], tf.float64)
    refused = [
        error(call)
        for call in (
            lambda: f + i,
            lambda: f * d,
            lambda: i + 1.5,
            lambda: tf.matmul(f[None], i[:, None]),
            lambda: tf.concat([f, i], 0),
            lambda: tf.where([True], f, i),
            lambda: tf.constant(1.5, tf.int32),
            lambda: tf.constant("a", tf.float32),
            lambda: tf.add_n([f, d]),
            lambda: tf.convert_to_tensor(f, tf.int32),
            lambda: tf.logical_not(f),
            lambda: tf.gather(f, f),
            lambda: tf.reshape(f, f),
            lambda: tf.cond(i, lambda: f, lambda: f),
        )
    ]
    made = [f + 1, d + 1, i + 1, i / 2, i // 2, f / 2, 1 / d, tf.constant(1), tf.constant(1.0), tf.constant(True),
            tf.constant("a"), tf.constant([1, 2.5]), tf.cast(d, tf.int32), tf.to_float(i)]  # fmt: skip
    return [refused, [t.dtype.name for t in made]]


@program("V1-44", kinds=True)
def outside_of_the_bounds(tf: Any, resource: bool) -> Any:
    """An index outside of the bounds is an error; the variable stays as it was."""
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0]], use_resource=resource)
    rows, points = tf.placeholder(tf.int32), tf.placeholder(tf.int32)
    cases = [
        (tf.gather(v, rows), rows, [0, 2]),
        (tf.gather(tf.constant([1.0, 2.0]), rows), rows, [-1]),
        (tf.scatter_update(v, rows, [[1.0, 1.0]]), rows, [2]),
        (tf.scatter_add(v, rows, [[1.0, 1.0], [1.0, 1.0]]), rows, [-1, 0]),
        (tf.scatter_nd_add(v, points, [1.0]), points, [[0, 2]]),
        (tf.gather_nd(v * 1.0, points), points, [[5, 0]]),
    ]
    with started(tf) as session:
        found = [[error(session.run, step, {fed: bad}) for _ in range(3)] for step, fed, bad in cases]
        return [
            *found,
            session.run(v),
            thrice(session, cases[0][0], {rows: [1, 0, 1]}),
            session.run(cases[2][0], {rows: [1]}),
        ]


@program("V1-45")
def checks(tf: Any) -> Any:
    """Assertions and checks fail when their condition does, and let good values through."""
    x, n = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.int32, [])
    with tf.control_dependencies([tf.assert_positive(x, message="must be positive")]):
        y = x * 2.0
    with tf.control_dependencies([tf.Assert(tf.reduce_all(x < 10.0), [x, "too large"])]):
        z = x + 1.0
    finite = tf.check_numerics(x, "not a number")
    cases = [
        (y, [1.0, 2.0], [1.0, -2.0], "must be positive"),
        (z, [1.0], [11.0], "too large"),
        (finite, [1.0], [1.0, float("nan")], "not a number"),
        (tf.reshape(x, [2, 2]), [1.0] * 4, [1.0] * 3, None),
    ]
    with tf.Session() as session:
        found = []
        for fetch, good, bad, words in cases:
            for _ in range(3):
                found.append([session.run(fetch, {x: good}), error(session.run, fetch, {x: bad}, words=words)])
        return [*found, [error(session.run, 7 // n, {n: 0}) for _ in range(3)], thrice(session, 7 // n, {n: -2})]
