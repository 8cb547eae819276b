"""Programs about control flow, gradients, and values on the host in the middle of a plan."""

from typing import Any

import numpy as np

from onevar.conformance.v1_table import error, program, started, thrice


@program("V1-29")
def branches(tf: Any) -> Any:
    """`cond`: values, structures, nesting; only the branch taken runs."""
    p, x = tf.placeholder(tf.bool, []), tf.placeholder(tf.float32, [None])
    ran = tf.Variable([0, 0], use_resource=True)

    def branch(k: int) -> Any:
        def build() -> Any:
            with tf.control_dependencies([tf.scatter_add(ran, [k], [1])]):
                return {"a": x * (k + 2.0), "b": [tf.reduce_sum(x) - k]}

        return build

    pair = tf.cond(p, branch(0), branch(1))
    nested = tf.cond(p, lambda: tf.cond(x[0] > 0.0, lambda: x + 1.0, lambda: x - 1.0), lambda: tf.zeros_like(x))
    refused = [error(tf.cond, True, lambda: x, lambda: x), error(tf.cond, p, lambda: x, lambda: tf.constant(1)),
               error(tf.cond, p, lambda: [x, x], lambda: [x]), error(tf.cond, p, x, lambda: x)]  # fmt: skip
    with started(tf) as session:
        found = []
        for flag, data in ((True, [1.0, 2.0]), (False, [1.0, 2.0]), (True, [-1.0]), (False, [9.0, 1.0, 2.0])):
            found.append([thrice(session, [pair, nested], {p: flag, x: data}), session.run(ran)])
        return [found, refused]


@program("V1-29")
def cases(tf: Any) -> Any:
    """`case` takes the first that holds, or the default."""
    x = tf.placeholder(tf.float32, [None])
    choices = [
        (x[0] < 0.0, lambda: tf.constant(1)),
        (x[0] > 5.0, lambda: tf.constant(2)),
        (x[0] > 4.0, lambda: tf.constant(4)),
    ]
    first = tf.case(choices, default=lambda: tf.constant(3))
    named = tf.case({x[0] < 0.0: lambda: x * 2.0, x[0] > 5.0: lambda: x[:1]}, default=lambda: -x, exclusive=True)
    with tf.Session() as session:
        return [thrice(session, [first, named], {x: data}) for data in ([1.0, 2.0], [-1.0], [9.0, 1.0], [4.5])]


@program("V1-29")
def branches_of_other_shapes(tf: Any) -> Any:
    """Branches may give other shapes."""
    p, x = tf.placeholder(tf.bool, []), tf.placeholder(tf.float32, [None])
    y = tf.cond(p, lambda: tf.concat([x, x], 0), lambda: x[:1])
    with tf.Session() as session:
        return [thrice(session, [y, tf.shape(y)], {p: flag, x: [1.0, 2.0, 3.0]}) for flag in (True, False)]


@program("V1-30")
def loops(tf: Any) -> Any:
    """Loops: known trip counts, trip counts that depend on data, several variables, none at all, nested."""
    n, x = tf.placeholder(tf.int32, []), tf.placeholder(tf.float32, [2])
    known = tf.while_loop(lambda i, s: i < 5, lambda i, s: (i + 1, s + x * tf.cast(i, tf.float32)), [0, tf.zeros([2])])
    fed = tf.while_loop(lambda i, s: i < n, lambda i, s: [i + 2, s * 2], [tf.constant(1), tf.constant(3)])
    data = tf.while_loop(lambda y: tf.reduce_sum(y) < 50.0, lambda y: y * y + 1.0, [x])
    bounded = tf.while_loop(lambda i: i < 100, lambda i: i + n, [0], maximum_iterations=4)

    def outer(i: Any, total: Any) -> Any:
        inner = tf.while_loop(lambda j, t: j < i, lambda j, t: (j + 1, t + i * 10 + j), [0, total])
        return i + 1, inner[1]

    nested = tf.while_loop(lambda i, t: i < n, outer, [0, 0])
    with tf.Session() as session:
        found = [thrice(session, [known, fed, data, bounded, nested], {n: k, x: [k * 0.5, 1.0]}) for k in (4, 0, 3)]
        return [found, error(session.run, fed, {x: [1.0, 1.0]})]


@program("V1-30")
def loops_that_grow(tf: Any) -> Any:
    """Shape invariants let a variable of the loop grow."""
    n = tf.placeholder(tf.int32, [])
    grown = tf.while_loop(
        lambda i, v: i < n, lambda i, v: [i + 1, tf.concat([v, v[-1:] * 2.0], 0)], [0, tf.ones([1])],
        shape_invariants=[tf.TensorShape([]), tf.TensorShape([None])],
    )  # fmt: skip
    refused = error(tf.while_loop, lambda v: True, lambda v: tf.concat([v, v], 0), [tf.ones([1])])
    with tf.Session() as session:
        return [[session.run(grown, {n: k}) for k in (2, 3, 0, 3)], grown[1].shape.as_list(), refused]


@program("V1-31", kinds=True)
def state_in_loops(tf: Any, resource: bool) -> Any:
    """Loops and branches read variables and what is outside of them."""
    w, k = tf.Variable([[0.5, 0.25], [1.0, -0.5]], use_resource=resource), tf.Variable(3, use_resource=resource)
    start = tf.constant([[1.0, 2.0]])
    powers = tf.while_loop(lambda i, v: i < k, lambda i, v: (i + 1, tf.matmul(v, w)), [0, start])
    chosen = tf.cond(tf.reduce_sum(w) > 1.0, lambda: w * 1.0, lambda: -w)
    step = tf.group(w.assign_add([[0.5, 0.0], [0.0, 0.0]]), k.assign_add(1))
    with started(tf) as session:
        return [[thrice(session, [powers, chosen]), session.run(step)] for _ in range(3)]


# -- gradients --------------------------------------------------------------------------------------

GRADIENTS = ("gradients",)


@program("V1-32", needs=GRADIENTS, kinds=True)
def first_order(tf: Any, resource: bool) -> Any:
    """Gradients for variables, placeholders and tensors in the middle; None where nothing depends."""
    w, b = (
        tf.Variable([[1.0, -2.0], [0.5, 3.0]], use_resource=resource),
        tf.Variable([0.5, -0.5], use_resource=resource),
    )
    unused = tf.Variable(1.0, use_resource=resource)
    x = tf.placeholder(tf.float32, [None, 2])
    hidden = tf.tanh(tf.matmul(x, w) + b)
    loss = tf.reduce_mean(tf.square(hidden) * [1.0, 2.0])
    found = tf.gradients(loss, [w, b, x, hidden, unused])
    zero = tf.gradients(loss, [unused], unconnected_gradients="zero")
    with started(tf) as session:
        runs = [
            thrice(session, [loss, *found[:4], zero], {x: data}) for data in ([[1.0, 2.0]], [[0.1, 0.2], [-1.0, 0.0]])
        ]
        return [runs, found[4] is None, [g.shape.as_list() for g in found[:2]], tf.gradients(loss, [tf.constant(1.0)])]


@program("V1-32", needs=GRADIENTS)
def weighted_and_stopped(tf: Any) -> Any:
    """`grad_ys`, several ys, stop_gradients, stop_gradient, integers."""
    x, y = tf.constant([1.0, 2.0]), tf.constant([3.0, 5.0])
    a = x * y
    b = a * x + tf.stop_gradient(a) * 10.0
    i = tf.constant(2)
    made = [
        tf.gradients([a, b], [x, y]), tf.gradients(b, [x, y], grad_ys=[tf.constant([1.0, 0.5])]),
        tf.gradients([a, b], [x], grad_ys=[None, tf.constant([2.0, 2.0])]), tf.gradients(b, [x], stop_gradients=[a]),
        tf.gradients(tf.cast(i, tf.float32) * x, x), tf.gradients(b, a),
    ]  # fmt: skip
    none = [tf.gradients(tf.cast(x, tf.int32), x), tf.gradients(tf.stop_gradient(x), x), tf.gradients(tf.argmax(x), x)]
    refused = [error(tf.gradients, b, [x], grad_ys=[tf.constant(1), None]), error(tf.gradients, b, x, grad_ys=[1, 2])]
    with tf.Session() as session:
        return [thrice(session, made), none, refused]


@program("V1-32", needs=GRADIENTS)
def ties_and_edges(tf: Any) -> Any:
    """Where a derivative has a choice, it is TensorFlow's."""
    x = tf.constant([-1.0, 0.0, 0.0, 2.0, 2.0])
    y = tf.constant([-1.0, 0.0, 1.0, 2.0, 1.0])
    made = [
        tf.abs(x),
        tf.maximum(x, y),
        tf.minimum(x, y),
        tf.reduce_max(x),
        tf.reduce_min(x),
        tf.sqrt(tf.abs(y)),
        tf.clip_by_value(x, 0.0, 2.0),
        tf.where(x > 0.0, x * x, x),
        tf.sign(x),
        tf.floor(x) * x,
        tf.reduce_prod(x + 3.0),
        tf.square(x) / (y + 2.0),
        tf.div_no_nan(x, y),
        tf.pow(x + 2.0, y),
        tf.cumsum(x) * y,
        tf.round(x) + x,
    ]
    found = [tf.gradients(made_of, x)[0] for made_of in made]
    present = [g is not None for g in found]
    with tf.Session() as session:
        return [thrice(session, [g for g in found if g is not None]), present]


@program("V1-32", needs=GRADIENTS)
def through_shapes(tf: Any) -> Any:
    """Gradients through broadcasting, slicing, gathering, joining, reducing."""
    x = tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    weights = tf.constant([[1.0, -1.0, 0.5], [2.0, 0.0, 3.0]])
    made = [
        x[0] * weights,
        tf.concat([x, weights], 1) ** 2.0,
        tf.stack([x, weights])[0] * weights,
        tf.transpose(x) * 2.0,
        tf.reshape(x, [3, 2])[1:],
        tf.reduce_mean(x, 1) * [1.0, 2.0],
        tf.tile(x, [2, 2]),
        x[:, ::-1] * weights,
        tf.pad(x, [[1, 0], [0, 2]]) * 3.0,
        tf.gather_nd(x, [[0, 1], [0, 1], [1, 2]]),
        tf.reduce_max(x, 0),
        tf.split(x, 3, 1)[1],
        tf.expand_dims(x[:, 0], 0) + weights[:, :1],
        tf.matmul(x, weights, transpose_b=True),
        tf.unstack(x)[1] * x[0],
        tf.strided_slice(x, [0, 2], [2, 0], [1, -1]),
        tf.cast(tf.cast(x, tf.float32), tf.float32),
    ]
    with tf.Session() as session:
        return thrice(session, [tf.gradients(y, x)[0] for y in made])


@program("V1-33", needs=GRADIENTS, kinds=True)
def second_order(tf: Any, resource: bool) -> Any:
    """Gradients of gradients, and of their functions."""
    x = tf.Variable([1.0, 2.0, -0.5], use_resource=resource)
    y = tf.reduce_sum(x**3.0) * x[0] + tf.reduce_sum(tf.sin(x))
    (first,) = tf.gradients(y, x)
    (second,) = tf.gradients(first, x)
    rows = [tf.gradients(first[i], x)[0] for i in range(3)]
    penalty = tf.reduce_sum(tf.square(first))
    (mixed,) = tf.gradients(y * 0.1 + penalty, x)
    (third,) = tf.gradients(tf.gradients(tf.gradients(x**4.0, x)[0], x)[0], x)
    with started(tf) as session:
        return thrice(session, [first, second, rows, mixed, third])


@program("V1-34", needs=GRADIENTS)
def through_control_flow(tf: Any) -> Any:
    """Gradients through branches and loops of known, fed and data-dependent trip counts."""
    p, n = tf.placeholder(tf.bool, []), tf.placeholder(tf.int32, [])
    w = tf.Variable([0.5, 1.5], use_resource=True)
    x = tf.constant([2.0, -1.0])
    chosen = tf.cond(p, lambda: tf.reduce_sum(w * w * x), lambda: tf.reduce_sum(w * 3.0))
    powers = tf.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * w), [0, x])[1]
    fed = tf.while_loop(lambda i, v: i < n, lambda i, v: (i + 1, v * w + x), [0, x])[1]
    data = tf.while_loop(lambda v: tf.reduce_sum(v) < 20.0, lambda v: v * 2.0 + w, [w * w])
    made = [chosen, powers, fed, data]
    with started(tf) as session:
        runs = [thrice(session, [tf.gradients(y, [w])[0] for y in made], {p: k > 2, n: k}) for k in (2, 4, 0)]
        return [runs, thrice(session, made, {p: True, n: 2})]


@program("V1-34", needs=GRADIENTS)
def twice_through_branches(tf: Any) -> Any:
    """Second-order gradients through a branch; TensorFlow 1 has none through a loop."""
    p = tf.placeholder(tf.bool, [])
    x = tf.Variable(1.5, use_resource=True)
    chosen = tf.cond(p, lambda: x**3.0, lambda: x**2.0)
    second = tf.gradients(tf.gradients(chosen, x)[0] * x, x)[0]
    with started(tf) as session:
        return [thrice(session, second, {p: flag}) for flag in (True, False)]


@program("V1-35", needs=GRADIENTS, kinds=True)
def sparse_gradients(tf: Any, resource: bool) -> Any:
    """The gradient of rows that were looked up is IndexedSlices, which an update may scatter."""
    table = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], use_resource=resource)
    rows = tf.placeholder(tf.int32, [None])
    loss = tf.reduce_sum(tf.square(tf.gather(table, rows)))
    (sparse,) = tf.gradients(loss, table)
    both = tf.gradients(loss + tf.reduce_sum(table), table)[0]
    is_sparse = isinstance(sparse, tf.IndexedSlices)
    dense = tf.convert_to_tensor(sparse)
    step = tf.scatter_sub(table, sparse.indices, sparse.values * 0.1)
    with started(tf) as session:
        found = [thrice(session, [dense, tf.convert_to_tensor(both)], {rows: [0, 2, 0]})]
        return [*found, is_sparse, [session.run(step, {rows: [1, 1]}) for _ in range(3)]]


@program("V1-37", needs=GRADIENTS)
def gradients_of_ones_own(tf: Any) -> Any:
    """`custom_gradient` decides."""

    @tf.custom_gradient
    def clipped(x: Any) -> Any:
        return x * 2.0, lambda dy: tf.clip_by_value(dy, -1.0, 1.0) * 7.0

    x = tf.constant([1.0, 2.0])
    y = clipped(x)
    with tf.Session() as session:
        return thrice(session, [y, tf.gradients(y * [5.0, 0.5], x)[0]])


@program("V1-52", needs=GRADIENTS, kinds=True)
def training(tf: Any, resource: bool) -> Any:
    """Thirty steps of training by hand, with momentum and decay, give TensorFlow's numbers."""
    tf.set_random_seed(7)
    x = tf.placeholder(tf.float32, [None, 4])
    target = tf.placeholder(tf.float32, [None, 1])
    w = tf.get_variable("w", [4, 8], initializer=tf.glorot_uniform_initializer(seed=3), use_resource=resource)
    b = tf.get_variable("b", [8], initializer=tf.zeros_initializer(), use_resource=resource)
    u = tf.get_variable(
        "u", [8, 1], initializer=tf.random_normal_initializer(stddev=0.3, seed=5), use_resource=resource
    )
    output = tf.matmul(tf.nn.sigmoid(tf.matmul(x, w) + b), u)
    loss = tf.reduce_mean(tf.squared_difference(output, target))
    rate = tf.Variable(0.5, trainable=False, use_resource=resource)
    trained = tf.trainable_variables()
    grads = tf.gradients(loss, trained)
    slots = [tf.Variable(tf.zeros_like(v.initial_value), trainable=False, use_resource=resource) for v in trained]
    steps = []
    for v, g, m in zip(trained, grads, slots, strict=True):
        with tf.control_dependencies(grads):
            momentum = m.assign(m * 0.5 + g)
        steps.append(v.assign_sub(rate * momentum))
    with tf.control_dependencies(steps):
        train = tf.group(rate.assign(rate * 0.97))
    data = np.sin(np.arange(64.0)).reshape(16, 4)
    wanted = data[:, :1] * data[:, 1:2]
    with started(tf) as session:
        losses = [session.run([loss, train], {x: data[k % 3 :: 2], target: wanted[k % 3 :: 2]})[0] for k in range(30)]
        return [losses, session.run([*trained, rate]), session.run(output, {x: data[:3]})]


# -- values on the host -----------------------------------------------------------------------------


@program("V1-38")
def shapes_as_values(tf: Any) -> Any:
    """Shapes are values: of placeholders, variables, results; each run may have others."""
    x = tf.placeholder(tf.float32)
    m = tf.placeholder(tf.float32, [None, None])
    n = tf.placeholder(tf.int32, [])
    rows = tf.shape(m)[0]
    made = [
        tf.reshape(m, [rows * tf.shape(m)[1]]),
        tf.reshape(m, [tf.shape(m)[1], -1]),
        tf.zeros([n, rows]),
        tf.range(n),
        tf.fill(tf.stack([n, 2]), tf.reduce_sum(m)),
        tf.size(x),
        tf.rank(x),
        tf.shape(x),
        tf.reduce_mean(m) * tf.cast(rows, tf.float32),
        tf.tile(m, [1, n]),
        m[: n - 1, :],
        tf.broadcast_to(m[:1], [n, tf.shape(m)[1]]),
        tf.linspace(0.0, 1.0, n),
        tf.one_hot(n - 1, n),
        tf.slice(m, [rows - 1, 0], [1, -1]),
        tf.split(tf.concat([m, m], 0), 2)[1],
    ]
    with tf.Session() as session:
        shapes = (((2, 3), 2, [1.0]), ((1, 4), 3, [[1.0, 2.0]]), ((2, 3), 2, 5.0), ((2, 3), 4, [1.0]))
        return [
            session.run(made, {m: np.arange(float(np.prod(s))).reshape(s), n: k, x: data})
            for s, k, data in shapes
            for _ in range(2)
        ]


@program("V1-39")
def sizes_that_data_decide(tf: Any) -> Any:
    """Results whose shapes depend on values."""
    x = tf.placeholder(tf.float32, [None])
    v = tf.Variable([3.0, -1.0, 2.0])
    kept = tf.boolean_mask(x, x > 1.0)
    values, index = tf.unique(x)
    made = [
        tf.where(x > 1.0),
        kept,
        kept * 2.0 + tf.reduce_sum(kept),
        values,
        index,
        tf.size(kept),
        tf.gather(x, tf.where(x > 1.0)[:, 0]),
        tf.boolean_mask(v * 2.0, v > 0.0),
        tf.dynamic_partition(x, tf.cast(x > 1.0, tf.int32), 2),
        tf.setdiff1d(x, [1.0]),
        tf.where(x > 1.0, x, -x),
    ]
    with started(tf) as session:
        return [thrice(session, made, {x: data}) for data in ([1.0, 2.0, 3.0, 2.0], [0.0], [5.0, 1.0], [5.0, 6.0, 7.0])]


@program("V1-40")
def python_in_the_middle(tf: Any) -> Any:
    """`py_func` gets arrays and gives them back, between parts that are compiled."""
    x = tf.placeholder(tf.float32, [None])
    v = tf.Variable([1.0, 2.0])
    before = tf.tanh(x) * 2.0 + v
    middle = tf.py_func(
        lambda a, n: (np.sort(a)[::-1].copy(), np.int64(n + a.size)), [before, tf.size(x)], [tf.float32, tf.int64]
    )
    middle[0].set_shape([2])
    after = tf.reduce_sum(middle[0] * [1.0, 10.0]) + tf.cast(middle[1], tf.float32)
    with tf.control_dependencies([after]):
        step = v.assign_add(middle[0])
    text = tf.py_func(lambda s: s.upper() + b"!", [tf.constant("abc")], tf.string)
    wrong = tf.py_func(lambda a: a.astype(np.float64), [x], tf.float32)
    with started(tf) as session:
        found = [session.run([before, middle, after, step], {x: [0.1 * k, -0.2]}) for k in range(4)]
        return [found, thrice(session, text), error(session.run, wrong, {x: [1.0]})]


@program("V1-40")
def strings_in_the_middle(tf: Any) -> Any:
    """Strings are computed on the host; what is made of them is computed with."""
    s = tf.placeholder(tf.string, [None])
    x = tf.placeholder(tf.float32, [None])
    numbers = tf.string_to_number(s)
    joined = tf.string_join([s, tf.as_string(tf.cast(x, tf.int32))], "-")
    bucket = tf.string_to_hash_bucket_fast(s, 10)
    total = tf.reduce_sum(numbers * x) + tf.cast(tf.size(joined), tf.float32)
    made = [numbers, joined, total, bucket, tf.strings.length(joined), tf.equal(s, "2"), tf.reduce_join(joined, 0)]
    with tf.Session() as session:
        return [thrice(session, made, {s: a, x: b}) for a, b in ((["1.5", "2"], [1.0, 2.0]), (["3"], [4.0]))]


@program("V1-40")
def printing(tf: Any) -> Any:
    """`Print` hands its input on, in values and gradients of what follows."""
    x = tf.placeholder(tf.float32, [2])
    y = tf.Print(x * 2.0, [tf.reduce_sum(x), tf.constant("s")], message="seen: ") + 1.0
    with tf.Session() as session:
        return [session.run([y, tf.reduce_sum(y)], {x: [k, 1.0]}) for k in range(3)]
