"""Loops, maps, scans and second derivatives, in graphs and eagerly: programs by name that return tensors."""

from collections import namedtuple

ANYWHERE, GRAPHS = {}, {}
Pair = namedtuple("Pair", "first second")


def anywhere(function):
    ANYWHERE[function.__name__] = function
    return function


def graphs(function):
    GRAPHS[function.__name__] = function
    return function


def _rows(tf):
    return tf.placeholder_with_default(tf.constant([[0.1, 0.2], [0.3, 0.5], [0.4, 0.9], [-0.5, 0.6]]), [None, 2])


# -- maps and folds -----------------------------------------------------------------------------------


@anywhere
def maps_of_structures(tf):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    named = tf.map_fn(
        lambda d: {"u": d["a"] + 1.0, "v": d["b"]}, {"a": x, "b": x * 2.0}, dict.fromkeys("uv", tf.float32)
    )
    pair = tf.map_fn(lambda p: Pair(p.second, p.first), Pair(x, x * 3.0))
    deep = tf.map_fn(lambda d: (d[0] + d[1][0], [d[1][1]]), (x, [x, x]), dtype=(tf.float32, [tf.float32]))
    return named["u"], named["v"], pair.first, pair.second, deep


@anywhere
def maps_to_other_dtypes(tf):
    x = tf.constant([1, 2, 3])
    return (
        tf.map_fn(lambda i: i * i, x),
        tf.map_fn(lambda i: tf.cast(i, tf.float64) / 2.0, x, dtype=tf.float64),
        tf.map_fn(lambda i: (i > 1, -i), x, dtype=(tf.bool, tf.int32), parallel_iterations=2, name="mine"),
        tf.map_fn(lambda i: tf.range(3) * i, x, swap_memory=True),
        tf.map_fn(lambda s: tf.strings.join([s, "!"]), tf.constant(["a", "b"])),
        tf.map_fn(lambda i: 7.0, x, fn_output_signature=tf.float32),
    )


@anywhere
def maps_of_lists(tf):
    return tf.map_fn(lambda i: i + 1, [1, 2, 3])


@anywhere
def maps_of_several(tf):
    return tf.map_fn(lambda p: p[0] - p[1], [tf.constant([5, 6]), tf.constant([1, 2])], dtype=tf.int32)


@anywhere
def map_of_nothing(tf):
    return tf.map_fn(lambda row: row * 2.0, tf.zeros([0, 3]))


@anywhere
def map_of_a_number(tf):
    return tf.map_fn(lambda row: row, tf.constant(1.0))


@anywhere
def map_of_unlike_sizes(tf):
    return tf.map_fn(lambda p: p[0], (tf.zeros([2]), tf.zeros([3])), dtype=tf.float32)


@anywhere
def map_to_another_structure(tf):
    return tf.map_fn(lambda row: (row, row), tf.zeros([2]))


@anywhere
def map_to_another_dtype_unsaid(tf):
    return tf.map_fn(lambda row: tf.cast(row, tf.int32), tf.zeros([2]))


@anywhere
def map_of_what_cannot_be_called(tf):
    return tf.map_fn(3, tf.zeros([2]))


@anywhere
def map_to_unlike_shapes(tf):
    return tf.map_fn(tf.range, tf.constant([1, 2]))


@anywhere
def map_of_no_tensors(tf):
    return tf.map_fn(lambda row: row, [])


@anywhere
def scans(tf):
    x = tf.constant([1, 2, 3, 4])
    pair = tf.scan(lambda a, b: (a[0] + b[0], a[1] * b[1]), (x, x))
    fibonacci = tf.scan(lambda a, _: (a[1], a[0] + a[1]), tf.range(6), initializer=(0, 1))
    named = tf.scan(lambda a, b: {"m": a["m"] + b}, x, initializer={"m": tf.constant(10)})
    return (
        tf.scan(lambda a, b: a + b, x), tf.scan(lambda a, b: a - b, x, reverse=True), pair, fibonacci, named["m"],
        tf.scan(lambda a, b: a + b, x, initializer=tf.constant(100), reverse=True, name="mine"),
        tf.scan(lambda a, b: a * tf.cast(b, tf.float32), x, initializer=0.5, parallel_iterations=1),
        tf.scan(lambda a, b: tf.matmul(a, b), tf.constant([[[1.0, 2.0], [0.0, 1.0]]] * 3)),
    )  # fmt: skip


@anywhere
def scan_to_another_structure(tf):
    return tf.scan(lambda a, b: (a, b), tf.zeros([2]))


@anywhere
def scan_to_another_dtype(tf):
    return tf.scan(lambda a, b: tf.cast(a, tf.int32), tf.zeros([2]))


@anywhere
def scan_of_a_number(tf):
    return tf.scan(lambda a, b: a, tf.constant(1.0))


@anywhere
def scan_of_what_cannot_be_called(tf):
    return tf.scan(3, tf.zeros([2]))


@anywhere
def scan_of_one(tf):
    return tf.scan(lambda a, b: a + b, tf.constant([[5.0, 6.0]]))


@anywhere
def folds(tf):
    x = tf.constant([1.0, 2.0, 3.0, 4.0])
    found = []
    for fold in (tf.foldl, tf.foldr):
        found += [
            fold(lambda a, b: a * 0.5 + b, x), fold(lambda a, b: a * 0.5 - b, x, initializer=tf.constant(8.0)),
            fold(lambda a, b: a + b[0] * b[1], (x, x + 1.0), initializer=tf.constant(0.0)),
            fold(lambda a, b: tf.concat([a, [b]], 0)[1:], x, initializer=tf.zeros([3])),
            fold(lambda a, b: a + 1, x, initializer=0, back_prop=False, swap_memory=True, name="mine"),
            fold(lambda a, b: a + b, tf.constant([[7.0]])),
        ]  # fmt: skip
    return found


@anywhere
def folds_of_structures(tf):
    x = tf.constant([1.0, 2.0, 3.0, 4.0])
    return tf.foldl(lambda a, b: (a[0] + b, a[1] * b), x, (tf.constant(0.0), tf.constant(1.0)))


@anywhere
def fold_to_another_dtype(tf):
    return tf.foldl(lambda a, b: tf.cast(a, tf.int32), tf.zeros([3]))


@anywhere
def fold_of_a_number(tf):
    return tf.foldr(lambda a, b: a, tf.constant(1.0))


@anywhere
def vectorized(tf):
    x, w = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), tf.constant([[1.0, 0.5], [0.25, 2.0]])
    return (
        tf.vectorized_map(lambda row: row * row, x), tf.vectorized_map(lambda row: (row, tf.reduce_sum(row)), x),
        tf.vectorized_map(lambda row: tf.squeeze(tf.matmul(row[None], w), 0), x),
        tf.vectorized_map(lambda p: p[0] * p[1], (x, tf.constant([1.0, 2.0, 3.0]))),
        tf.vectorized_map(lambda d: {"s": d["a"] + 1.0}, {"a": x})["s"],
        tf.vectorized_map(lambda row: tf.cast(row > 2.0, tf.int32), x),
        tf.vectorized_map(lambda i: tf.gather(x, i), tf.constant([2, 0])),
    )  # fmt: skip


@anywhere
def vectorized_over_nothing(tf):
    return tf.vectorized_map(lambda row: row, tf.zeros([0, 2]))


@graphs
def slopes_of_maps(tf):
    x, w = _rows(tf), tf.Variable([0.5, -0.25], use_resource=True)
    mapped = tf.map_fn(lambda row: tf.reduce_sum(row * w) * row, x)
    scanned = tf.scan(lambda a, row: (a[0] * 0.5 + row, a[1] + tf.reduce_sum(a[0])), x, (w, tf.constant(0.0)))
    folded = tf.foldr(lambda a, row: tf.tanh(a * w + row), x)
    cut = tf.map_fn(lambda row: row * w, x, back_prop=False)
    return [tf.gradients(y, [x, w]) for y in (mapped, scanned[0], scanned[1], folded)], tf.gradients(cut, x)


@graphs
def vectorized_slopes(tf):
    x, w = _rows(tf), tf.Variable([0.5, -0.25], use_resource=True)
    vector = tf.vectorized_map(lambda row: tf.exp(row) * w, x)
    inside = tf.map_fn(lambda row: tf.reduce_sum(tf.vectorized_map(lambda e: e * row[0] * w[1], row)), x)
    return vector, inside, tf.gradients(vector, [x, w]), tf.gradients(inside, [x, w])


# -- loops --------------------------------------------------------------------------------------------


@anywhere
def structures_of_loops(tf):
    one = tf.while_loop(lambda d: d["i"] < 3, lambda d: [{"i": d["i"] + 1, "s": d["s"] * 2.0}],
                        [{"i": tf.constant(0), "s": tf.constant(1.0)}])  # fmt: skip
    pair = tf.while_loop(lambda i, p: i < 3, lambda i, p: (i + 1, Pair(p.second, p.first + 1)), (0, Pair(1, 10)))
    nest = tf.while_loop(lambda i, v: i < 2, lambda i, v: [i + 1, [v[0] + 1.0, (v[1][0] * 2.0,)]], [0, [1.0, (3.0,)]])
    kinds = [type(x).__name__ for x in (one, pair, nest, pair[1], nest[1], nest[1][1])]
    one = one[0] if isinstance(one, (list, tuple)) else one
    return one["i"], one["s"], pair[0], pair[1].first, pair[1].second, nest, kinds


@anywhere
def single_variables_of_loops(tf):
    kinds = [
        tf.while_loop(lambda i: i < 3, lambda i: i + 1, [0]), tf.while_loop(lambda i: i < 3, lambda i: [i + 1], [0]),
        tf.while_loop(lambda i: i < 3, lambda i: (i + 1,), (0,)), tf.while_loop(lambda i: i < 3, lambda i: i + 1, (0,)),
        tf.while_loop(lambda i: i < 3, lambda i: [i + 1], [0], return_same_structure=True),
        tf.while_loop(lambda i: i < 3, lambda i: (i + 1,), (0,), return_same_structure=True),
    ]  # fmt: skip
    return kinds, [type(k).__name__ if isinstance(k, (list, tuple)) else "one" for k in kinds]


@anywhere
def limited_loops(tf):
    def body(i, s):
        return i + 1, s + i

    return [
        tf.while_loop(lambda i, s: i < 5, body, (0, 0), maximum_iterations=n)
        for n in (0, 3, 9, tf.constant(2), tf.constant(4, tf.int64))
    ]  # fmt: skip


@anywhere
def loops_in_loops(tf):
    def outer(i, total):
        _, inner = tf.while_loop(lambda j, s: j < i, lambda j, s: (j + 1, s + j * i), (0, 0), maximum_iterations=3)
        return i + 1, total + inner

    return tf.while_loop(lambda i, _: i < 6, outer, (0, 0))


@anywhere
def growing_variables(tf):
    shapes = [tf.TensorShape([]), tf.TensorShape([None])]
    return tf.while_loop(
        lambda i, v: i < 4, lambda i, v: (i + 1, tf.concat([v, [i]], 0)), [0, tf.constant([9])], shapes
    )


@anywhere
def growing_unsaid(tf):
    return tf.while_loop(lambda i, v: i < 4, lambda i, v: (i + 1, tf.concat([v, [i]], 0)), (0, tf.constant([9])))


@anywhere
def invariants_of_structures(tf):
    start = {"a": tf.constant([1.0]), "i": tf.constant(0)}
    shapes = [{"a": tf.TensorShape([None]), "i": tf.TensorShape([])}]
    found = tf.while_loop(
        lambda d: d["i"] < 2, lambda d: [{"a": tf.concat([d["a"], d["a"]], 0), "i": d["i"] + 1}], [start], shapes
    )
    found = found[0] if isinstance(found, (list, tuple)) else found
    return found["a"], found["i"]


@anywhere
def sparse_variables(tf):
    sparse = tf.SparseTensor([[0, 1], [2, 0]], [1.0, 2.0], [3, 4])
    _, found = tf.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, s * 2.0), (0, sparse))
    return found.indices, found.values, found.dense_shape


@anywhere
def branches_in_loops(tf):
    def body(i, n):
        return i + 1, tf.cond(tf.equal(n % 2, 0), lambda: n // 2, lambda: 3 * n + 1)

    return tf.while_loop(lambda i, n: tf.not_equal(n, 1), body, (0, 27))


@anywhere
def loop_in_a_branch(tf):
    x = tf.constant(3)
    return tf.cond(x > 2, lambda: tf.while_loop(lambda i: i < 10, lambda i: i + x, [0]), lambda: x)


@anywhere
def text_in_loops(tf):
    return tf.while_loop(lambda i, s: i < 3, lambda i, s: (i + 1, tf.strings.join([s, "ab"])), (0, "<"))


@anywhere
def logic_in_loops(tf):
    return tf.while_loop(lambda i, go: tf.logical_and(i < 10, go), lambda i, go: (i + 1, tf.not_equal(i, 4)), (0, True))


@anywhere
def no_variables(tf):
    return tf.while_loop(lambda: True, lambda: (), [])


@anywhere
def no_condition(tf):
    return tf.while_loop(True, lambda i: i, [0])


@anywhere
def no_body(tf):
    return tf.while_loop(lambda i: i < 1, 3, [0])


@anywhere
def parallel_in_words(tf):
    return tf.while_loop(lambda i: i < 1, lambda i: i + 1, [0], parallel_iterations="many")


@graphs
def body_of_another_length(tf):
    return tf.while_loop(lambda i, j: i < 1, lambda i, j: (i, j, j), [0, 1])


@graphs
def body_of_another_dtype(tf):
    return tf.while_loop(lambda i: i < 1, lambda i: tf.cast(i, tf.float32), [0])


@graphs
def narrow_invariant(tf):
    return tf.while_loop(lambda i: True, lambda i: i, [tf.zeros([2])], [tf.TensorShape([3])])


@graphs
def invariants_of_another_length(tf):
    return tf.while_loop(lambda i: True, lambda i: i, [tf.zeros([2])], [tf.TensorShape([2]), tf.TensorShape([])])


@graphs
def inner_values_stay_inside(tf):
    kept = []

    def body(i):
        kept.append(i * 2)
        return i + 1

    tf.while_loop(lambda i: i < 3, body, [0])
    return kept[0] + 1


@graphs
def random_numbers_in_loops(tf):
    tf.set_random_seed(5)

    def body(i, s, t):
        return i + 1, s + tf.random_uniform([3], seed=7), tf.concat([t[1:], tf.random_normal([1])], 0)

    return tf.while_loop(lambda i, *_: i < 4, body, (0, tf.zeros([3]), tf.zeros([4])), parallel_iterations=1)


@graphs
def variables_in_loops(tf):
    count, value = tf.Variable(0, name="count"), tf.Variable(2.0, use_resource=True, name="value")

    def body(i):
        with tf.control_dependencies([tf.assign_add(count, 2), value.assign(value * 1.5)]):
            return tf.identity(i) + 1

    done = tf.while_loop(lambda i: i < 4, body, [0], parallel_iterations=1, back_prop=False)
    with tf.control_dependencies([done]):
        return done, count.read_value(), value.read_value()


@graphs
def checks_in_loops(tf):
    def body(i):
        with tf.control_dependencies([tf.Assert(i < 2, ["too far", i])]):
            return i + 1

    return tf.while_loop(lambda i: i < 5, body, [0])


@graphs
def slopes_of_loops(tf):
    x, w = _rows(tf), tf.Variable([0.5, -0.25])

    def outer(i, a):
        _, a = tf.while_loop(lambda j, _: j < i + 1, lambda j, b: (j + 1, tf.tanh(b * w + x[i])), (0, a))
        return i + 1, tf.cond(tf.not_equal(i, 1), lambda: a * 0.5, lambda: tf.stop_gradient(a) * w)

    _, deep = tf.while_loop(lambda i, _: i < tf.shape(x)[0], outer, (0, w * 2.0))
    _, cut = tf.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, a * w), (0, x), back_prop=False)
    _, first = tf.while_loop(lambda i, _: i < 0, lambda i, a: (i + 1, a * w), (0, x))
    return deep, tf.gradients(deep, [x, w]), tf.gradients(cut + w, [x, w]), tf.gradients(first, x)


# -- second derivatives -------------------------------------------------------------------------------


@graphs
def hessians(tf):
    x, s, m = tf.constant([0.5, -1.0, 2.0]), tf.constant(1.5), tf.Variable([[0.2, 0.4], [-0.3, 0.7]], use_resource=True)
    unknown = tf.placeholder_with_default(tf.constant([0.3, 0.9]), [None])
    labels = tf.constant([[1.0, 0.0], [0.0, 1.0]])
    entropy = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=tf.matmul(labels, m)))
    return (
        tf.hessians(tf.reduce_sum(x**4) + tf.reduce_prod(x), x), tf.hessians(tf.sin(s) * s, s),
        tf.hessians(entropy, m, name="mine"), tf.hessians(tf.reduce_sum(unknown) ** 3, unknown),
        tf.hessians([tf.reduce_sum(x * x) * s * s, tf.reduce_sum(x**3)], [x, s]),
        tf.hessians(tf.reduce_sum(tf.matmul(x[None] ** 2, x[:, None])), x),
    )  # fmt: skip


@graphs
def hessian_of_a_line(tf):
    x = tf.constant([1.0, 2.0])
    return tf.hessians(tf.reduce_sum(3.0 * x), x)


@graphs
def hessian_of_nothing(tf):
    return tf.hessians(tf.constant(1.0), tf.constant([1.0, 2.0]))


@graphs
def hessian_through_a_branch(tf):
    x = _rows(tf)
    y = tf.cond(x[0, 0] > 0.0, lambda: tf.reduce_sum(x**3), lambda: tf.reduce_sum(x))
    return tf.hessians(y, x)


# -- gradients of the program's own -------------------------------------------------------------------


@graphs
def own_gradients_in_maps(tf):
    @tf.custom_gradient
    def clipped(a):
        return tf.identity(a), lambda dy: tf.clip_by_value(dy, -0.5, 0.5)

    @tf.custom_gradient
    def both(a, b):
        return (a * b, a + b), lambda p, q: (p * b * 2.0 + q, p * a * 3.0 + q)

    x, w = _rows(tf), tf.constant([0.5, 2.0])
    mapped = tf.map_fn(lambda row: clipped(row * w) * 4.0, x)
    scanned = tf.scan(lambda a, row: both(a, row)[0] + both(row, w)[1], x)
    return [tf.gradients(y, [x, w]) for y in (mapped, scanned)]


@graphs
def own_gradients_of_variables(tf):
    v = tf.get_variable("v", initializer=[1.0, 2.0], use_resource=True)
    x = _rows(tf)

    @tf.custom_gradient
    def straight(a):
        return tf.round(a * 3.0), lambda dy: dy

    def body(i, a):
        branch = tf.cond(x[i, 0] > 0.2, lambda: straight(x[i] * v), lambda: straight(a) * v)
        return i + 1, a * 0.5 + branch

    _, a = tf.while_loop(lambda i, _: i < tf.shape(x)[0], body, (0, tf.zeros([2])))
    return a, tf.gradients(a, [x, v])


@graphs
def overridden_gradients_in_loops(tf):
    name = f"Doubled{id(tf)}{id(tf.get_default_graph())}"

    @tf.RegisterGradient(name)
    def doubled(op, dy):
        return dy * 2.0 * tf.cast(op.outputs[0] > 0.3, tf.float32)

    x = _rows(tf)
    with tf.get_default_graph().gradient_override_map({"Tanh": name}):
        _, a = tf.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, tf.tanh(a + x[i])), (0, x[3]))
    return a, tf.gradients(a, x)


@graphs
def own_gradients_in_inner_loops(tf):
    @tf.custom_gradient
    def square(a):
        return a * a, lambda dy: dy * a * 3.0

    x = _rows(tf)

    def outer(i, a):
        _, b = tf.while_loop(lambda j, _: j < 2, lambda j, b: (j + 1, square(b) * 0.5 + x[j]), (0, a))
        return i + 1, a + b

    _, a = tf.while_loop(lambda i, _: i < 3, outer, (0, x[2]))
    return a, tf.gradients(a, x)


@anywhere
def values_of_own_gradients(tf):
    @tf.custom_gradient
    def square(a):
        return a * a, lambda dy: dy

    x = tf.constant([1.0, 2.0])
    _, a = tf.while_loop(
        lambda i, _: i < 2, lambda i, a: (i + 1, square(a) + tf.grad_pass_through(tf.round)(a)), (0, x)
    )
    return a
