"""Programs about graphs, sessions, and the Variables themselves."""

from collections import namedtuple
from typing import Any

import numpy as np

from onevar.conformance.v1_table import error, program, started, thrice

Pair = namedtuple("Pair", "first second")


def _built(graph: Any) -> list[list[str]]:
    return [[op.type, op.name] for op in graph.get_operations()]


@program("V1-01")
def names_of_operations(tf: Any) -> Any:
    """Automatic names, name scopes, and what operators are called."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    with tf.name_scope("layer"):
        y = tf.matmul(x, tf.ones([3, 2])) + tf.constant([1.0, 2.0])
        with tf.name_scope("inner") as scope:
            z = tf.nn.sigmoid(y * 2.0, name="s") - y
    with tf.name_scope("layer"):
        w = tf.reduce_sum(z, axis=[0], name="total")
    again = tf.identity(w, name="layer/given")
    return [_built(x.graph), [t.name for t in (x, y, z, w, again)], scope]


@program("V1-01", kinds=True)
def names_of_variables(tf: Any, resource: bool) -> Any:
    """What a Variable builds, and what it is called."""
    with tf.name_scope("a"):
        w = tf.Variable([1.0, 2.0], name="w", use_resource=resource)
        v = tf.Variable(lambda: tf.ones([2]), name="w", use_resource=resource)
    step = w.assign_add(v)
    loss = tf.reduce_sum(w * 2.0 - v)
    return [_built(w.graph), [w.name, v.name, w.op.name, step.name, loss.name, w.initializer.name]]


@program("V1-02")
def lookups(tf: Any) -> Any:
    """`get_tensor_by_name` and its kin, and what they refuse."""
    graph = tf.get_default_graph()
    x = tf.constant([1, 2], name="x")
    y = tf.add(x, x, name="scope/y")
    return [
        graph.get_tensor_by_name("x:0") is x,
        graph.get_operation_by_name("scope/y") is y.op,
        graph.as_graph_element("scope/y:0") is y,
        graph.as_graph_element("x") is x.op,
        tf.get_default_graph() is x.graph,
        error(graph.get_tensor_by_name, "x", words="tensor name"),
        error(graph.get_tensor_by_name, "nothing:0"),
        error(graph.get_operation_by_name, "nothing"),
        error(graph.get_tensor_by_name, "x:1"),
        [op.name for op in y.op.inputs[0].consumers()],
        y.op.type,
        y.op.get_attr("T").name,
        y.graph is graph,
    ]


@program("V1-02")
def graphs_apart(tf: Any) -> Any:
    """The default graph nests; operations of two graphs do not mix; a finalized graph takes none."""
    first, second = tf.Graph(), tf.Graph()
    with first.as_default():
        x = tf.constant(1.0)
        with second.as_default():
            y = tf.constant(2.0)
        z = tf.constant(3.0)
    mixed = error(lambda: tf.add(x, y), words="same graph")
    first.finalize()
    with first.as_default():
        refused = error(tf.constant, 1.0, words="finalized")
    return [[op.name for op in first.get_operations()], y.graph is second, z.graph is first, mixed, refused]


@program("V1-02")
def control_inputs(tf: Any) -> Any:
    """Control dependencies are recorded, nest, and are cleared by None."""
    a, b = tf.no_op(name="a"), tf.constant(1, name="b")
    with tf.control_dependencies([a]):
        c = tf.constant(2, name="c")
        with tf.control_dependencies([b]):
            d = tf.add(c, c, name="d")
        with tf.control_dependencies(None):
            e = tf.identity(b, name="e")
    group = tf.group(c, d.op, name="group")
    return [[op.name, sorted(o.name for o in op.control_inputs)] for op in (c.op, d.op, e.op, group)]


@program("V1-03")
def static_shapes(tf: Any) -> Any:
    """Static shapes and dtypes, as far as they are known."""
    x = tf.placeholder(tf.float32, [None, 4])
    u = tf.placeholder(tf.int64)
    made = [
        x, u, tf.matmul(x, tf.ones([4, 2])), tf.reshape(x, [-1, 2, 2]), tf.reshape(x, [tf.shape(x)[0], 4, 1]),
        tf.concat([x, tf.zeros([3, 4])], 0), tf.concat([x, x], 1), tf.expand_dims(x, 1), tf.reduce_mean(x, 1),
        tf.transpose(x), tf.stack([x, x]), x[:, 1:3], x[0], x[..., None], tf.cast(u, tf.float32), tf.shape(x),
        tf.tile(x, [2, 3]), tf.gather(x, [0, 1, 1]), tf.argmax(x, 1), tf.where(x > 0.0, x, x), tf.one_hot(u, 5),
        tf.boolean_mask(x, [True, False]), tf.size(x), tf.ones_like(x), tf.squeeze(x[0:1]),
    ]  # fmt: skip
    found = [[t.dtype.name, None if t.shape.rank is None else t.shape.as_list()] for t in made]
    x.set_shape([7, None])
    refused = error(lambda: tf.matmul(x, tf.ones([3, 2])), words="Dimensions must be equal")
    return [*found, x.shape.as_list(), refused, error(x.set_shape, [6, 4]), error(lambda: tf.ones([2]) + tf.ones([3]))]


@program("V1-04")
def fetches_of_every_structure(tf: Any) -> Any:
    """Nests, names, operations, Variables and repeated fetches."""
    a, b = tf.constant([1.0, 2.0], name="a"), tf.constant(3, name="b")
    v = tf.Variable([True, False])
    nothing = tf.no_op()
    fetches = [
        a,
        "a:0",
        [a],
        (a, b),
        {"x": a, "y": [b, nothing]},
        Pair(b, [a, a]),
        [],
        {},
        nothing,
        v,
        v.initializer,
        [[["b:0"]]],
        "b",
        a.op,
    ]
    with started(tf) as session:
        found = [thrice(session, fetch) for fetch in fetches]
        kinds = [type(value).__name__ for value in session.run([a, b, v])]
        kinds += [type(session.run(b)).__name__, type(session.run(tf.constant(b"s"))).__name__]
        refused = [error(session.run, None), error(session.run, "nothing:0"), error(session.run, 1.5)]
        return [found, kinds, refused]


@program("V1-04")
def sparse_fetches(tf: Any) -> Any:
    """IndexedSlices and sparse tensors come back as TensorFlow's values."""
    rows = tf.IndexedSlices(tf.constant([[1.0], [2.0]]), tf.constant([2, 0]), tf.constant([3, 1]))
    sparse = tf.SparseTensor([[0, 1], [2, 0]], [1.0, 2.0], [3, 2])
    with tf.Session() as session:
        return thrice(session, [rows, sparse, tf.convert_to_tensor(rows)])


@program("V1-05")
def feeds_of_any_tensor(tf: Any) -> Any:
    """Placeholders, defaults, and tensors in the middle are fed; values are cast as NumPy casts Python's."""
    x, d = tf.placeholder(tf.float32, [None]), tf.placeholder_with_default([1.0], [None])
    middle = x * 2.0
    y = middle + d
    i = tf.placeholder(tf.int32)
    flag = tf.placeholder(tf.bool)
    with tf.Session() as session:
        return [
            thrice(session, [y, middle], {x: [1.0, 2.0]}),
            thrice(session, y, {middle: [5.0], d: [0.5]}),
            thrice(session, [x, d], {x: np.arange(3), d: np.array([0.25])}),
            thrice(session, y, {"Placeholder:0": [3]}),
            thrice(session, [i, tf.shape(i)], {i: [[1], [2]]}),
            session.run([i, flag], {i: 3, flag: True}),
            thrice(session, x, {x: np.arange(6.0)[::-2]}),
            session.run(tf.constant(1.0) + 1.0, {}),
        ]


@program("V1-05")
def refused_feeds(tf: Any) -> Any:
    """Feeds that TensorFlow refuses, with its types of errors."""
    x, i = tf.placeholder(tf.float32, [2, None], name="x"), tf.placeholder(tf.int32, name="i")
    y = x + 1.0
    with tf.Graph().as_default():
        foreign = tf.placeholder(tf.float32)
    with tf.Session() as session:
        cases = [
            error(session.run, y, {x: [1.0, 2.0]}, words="Cannot feed value of shape (2,) for Tensor"),
            error(session.run, y, {x: [[1.0]]}, words="Cannot feed value of shape (1, 1) for Tensor"),
            error(session.run, y, {x: "text"}),
            error(session.run, y, {x: None}),
            error(session.run, i, {i: [[1], [2, 3]]}),
            error(session.run, y, {foreign: 1.0}),
            error(session.run, y, {"nothing:0": 1.0}),
            error(session.run, y, {x: tf.constant(1.0)}),
            error(session.run, i, {i: 1.5}),
            error(session.run, i, {i: 2**40}),
        ]
        return [*cases, thrice(session, y, {x: [[1.0], [2.0]]})]


@program("V1-06", kinds=True)
def not_there_yet(tf: Any, resource: bool) -> Any:
    """Variables without a value, and placeholders that nobody fed."""
    v = tf.Variable([1.0, 2.0], name="v", use_resource=resource)
    x = tf.placeholder(tf.float32, name="x")
    step = v.assign_add([1.0, 1.0])
    words = None if resource else "Attempting to use uninitialized value v"
    with tf.Session() as session:
        # TensorFlow's resource variables say NotFoundError of an update: a read is what is promised.
        fetches = (v, v * 2.0) if resource else (v, v * 2.0, step)
        found = [[error(session.run, f, words=words) for f in fetches] for _ in range(3)]
        found.append([error(session.run, x + 1.0, words="You must feed a value for placeholder tensor 'x'")] * 3)
        session.run(v.initializer)
        return [*found, thrice(session, [v * 2.0]), thrice(session, step), error(v.eval)]


@program("V1-07")
def ends_of_sessions(tf: Any) -> Any:
    """Closed sessions, sessions of another graph, evaluation without one."""
    x = tf.constant(2.0)
    session = tf.Session()
    first = session.run(x)
    session.close()
    closed = error(session.run, x, words="closed Session")
    with tf.Graph().as_default(), tf.Session() as other:
        empty = error(other.run, [], words="empty")
        tf.constant(1.0)
        foreign = error(other.run, x)
        wrong = error(x.eval)
    without = error(x.eval, words="No default session")
    with tf.Session() as outer:
        with tf.Session() as inner:
            nested = tf.get_default_session() is inner
        found = [nested, tf.get_default_session() is outer, x.eval(), outer.graph is x.graph]
    return [first, closed, empty, foreign, wrong, without, *found, tf.get_default_session() is None]


@program("V1-08")
def callables(tf: Any) -> Any:
    """`make_callable` gives what `run` gives."""
    x, y = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.int32, [])
    v = tf.Variable(0)
    step = tf.group(v.assign_add(y))
    with started(tf) as session:
        call = session.make_callable({"a": x * 2.0, "b": [y]}, [x, y])
        add = session.make_callable(step, feed_list=[y])
        constant = session.make_callable(tf.constant([1, 2]))
        four = np.array([4.0], "float32")
        found = [call([1.0, 2.0], 3), call(four, 5), call([], 0), [add(2), add(3), add(4)], session.run(v)]
        return [*found, constant(), constant(), error(session.make_callable, x, x), error(call, [[1.0]], 3)]


@program("V1-09", kinds=True)
def sessions_apart(tf: Any, resource: bool) -> Any:
    """Each session has values of its own for the variables of one graph."""
    v = tf.Variable([1.0, 2.0], use_resource=resource)
    step = v.assign_add(v)
    with tf.Session() as first, tf.Session() as second:
        first.run(v.initializer)
        found = [thrice(first, step), error(second.run, v), error(second.run, step)]
        second.run(v.initializer)
        return [*found, second.run(v), thrice(second, step), first.run(v), second.run(v)]


@program("V1-18", kinds=True)
def properties(tf: Any, resource: bool) -> Any:
    """What a Variable says of itself."""
    w = tf.Variable([[1, 2]], name="w", trainable=False, dtype=tf.int64, use_resource=resource)
    c = tf.Variable(lambda: tf.zeros([3]), constraint=tf.abs, use_resource=resource, collections=["mine"])
    found = [[v.name, v.op.name, v.dtype.base_dtype.name, v.shape.as_list(), v.get_shape().as_list(), v.trainable,
              v.initial_value.dtype.name, v.constraint is tf.abs, v.device, v.op.type] for v in (w, c)]  # fmt: skip
    listed = [[v.name for v in tf.get_collection(key)] for key in ("variables", "trainable_variables", "mine")]
    refused = [
        error(tf.Variable, use_resource=resource),
        error(tf.Variable, 1, trainable=True, collections="mine"),
        error(tf.Variable, [1.0, "a"], use_resource=resource),
        error(tf.Variable, 1.5, dtype=tf.int32, use_resource=resource),
        error(tf.Variable, tf.placeholder(tf.float32), use_resource=resource),
    ]
    return [found, listed, refused, [v.name for v in tf.global_variables()]]


@program("V1-19", kinds=True)
def operators(tf: Any, resource: bool) -> Any:
    """Operators with TensorFlow's strict dtypes."""
    w = tf.Variable([[1.0, -2.0], [3.0, 4.0]], use_resource=resource)
    i, b = tf.Variable([7, -7], use_resource=resource), tf.Variable([True, False], use_resource=resource)
    made = [
        w + 1.0,
        1.0 - w,
        w * w,
        2.0 / w,
        w // 2.0,
        w % 3.0,
        w**2.0,
        2.0**w,
        w @ w,
        -w,
        abs(w),
        w < 1.0,
        w >= w,
        i / 2,
        i // 2,
        i % 4,
        2 - i,
        ~b,
        b & [True, True],
        b | b,
        b ^ True,
        w[0],
        w[:, 1],
        w[::-1, None, 0],
        tf.add(w, w),
        i < [8, -8],
    ]
    same = [w == w, w != i, w == 1.0, len({w, w, i}), w in [i, w], hash(w) == hash(w)]
    refused = [error(lambda: w + i), error(lambda: w + 1j), error(lambda: i + 1.5), error(bool, w), error(iter, w),
               error(lambda: w & w), error(lambda: i**0.5), error(list, w), error(len, w)]  # fmt: skip
    with started(tf) as session:
        return [thrice(session, made), same, refused]


@program("V1-22")
def collections_of_variables(tf: Any) -> Any:
    """Collections, initializers, and reports of what has no value."""
    w = tf.Variable([1.0], name="w")
    local = tf.Variable(2, name="l", collections=[tf.GraphKeys.LOCAL_VARIABLES])
    frozen = tf.Variable(3.0, name="f", trainable=False)
    tf.add_to_collection("mine", w)
    report, flag = tf.report_uninitialized_variables(), tf.is_variable_initialized(frozen)
    listed = [
        [v.name for v in found] for found in (tf.global_variables(), tf.local_variables(), tf.trainable_variables())
    ]
    with tf.Session() as session:
        found = [sorted(session.run(report).tolist()), thrice(session, flag)]
        session.run(w.initializer)
        found.append(sorted(session.run(report).tolist()))
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        found += [thrice(session, report), thrice(session, flag), session.run([w, local, frozen])]
    return [listed, found, tf.get_collection("mine")[0] is w, tf.get_collection("nothing")]


@program("V1-23", kinds=True)
def shared_variables(tf: Any, resource: bool) -> Any:
    """`get_variable` and `variable_scope`: names, reuse, defaults, and what is refused."""

    def layer(x: Any, units: int) -> Any:
        w = tf.get_variable("w", [x.shape[-1], units], initializer=tf.ones_initializer())
        return tf.matmul(x, w) + tf.get_variable("b", [units], initializer=tf.constant_initializer([0.5, 1.5]))

    x = tf.ones([1, 3])
    with tf.variable_scope("net", use_resource=resource):
        y = layer(x, 2)
    with tf.variable_scope("net", reuse=True):
        again = layer(x * 2.0, 2)
    with tf.variable_scope("net", reuse=tf.AUTO_REUSE), tf.variable_scope("deep", initializer=tf.zeros_initializer()):
        new = tf.get_variable("n", [2], dtype=tf.float64)
        same = tf.get_variable("n", [2], dtype=tf.float64)
    with tf.variable_scope("net", reuse=True) as scope:
        refused = [error(tf.get_variable, "w", [3, 5]), error(tf.get_variable, "none", [1]),
                   error(tf.get_variable, "w", [3, 2], dtype=tf.int32)]  # fmt: skip
    with tf.variable_scope("net"):
        refused += [error(tf.get_variable, "w", [3, 2], words="already exists"), error(tf.get_variable, "q")]
    with tf.variable_scope(None, "net"):
        unique = tf.get_variable("w", [1], initializer=tf.zeros_initializer())
    names = [v.name for v in tf.global_variables()]
    with started(tf) as session:
        return [
            thrice(session, [y, again, new]),
            names,
            new is same,
            refused,
            unique.name,
            y.name,
            again.name,
            scope.name,
        ]


@program("V1-24")
def partitioned(tf: Any) -> Any:
    """A partitioned variable is one tensor, made of parts."""
    with tf.variable_scope("p", partitioner=tf.fixed_size_partitioner(3)):
        w = tf.get_variable("w", [6, 2], initializer=tf.random_uniform_initializer(seed=5))
    with tf.variable_scope("p", reuse=True, partitioner=tf.fixed_size_partitioner(3)):
        same = tf.get_variable("w", [6, 2])
    whole = tf.convert_to_tensor(w)
    step = list(w)[1].assign_add([[10.0, 10.0], [20.0, 20.0]])
    with started(tf) as session:
        found = [
            thrice(session, [whole, tf.reduce_sum(w), tf.matmul(w, tf.ones([2, 1]))]),
            thrice(session, step),
            session.run(whole),
        ]
    return [
        *found,
        [v.name for v in tf.global_variables()],
        w.get_shape().as_list(),
        [v.shape.as_list() for v in w],
        same is w,
        w.name,
        len(w),
    ]
