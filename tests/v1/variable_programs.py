"""Programs about variables: each takes `tf` and a kind and says what it saw, the same in TensorFlow and here.

The kind is `use_resource`. Each runs in a graph of its own; what it returns is made of what JSON knows.
"""

import numpy as np

GRAPHS = {}
VALUES = {}


def graph(function):
    GRAPHS[function.__name__] = function
    return function


def value(function):
    VALUES[function.__name__] = function
    return function


def seen(tf, function, resource):
    """Run a program in a new graph; return what it saw and, for one about graphs, what it built."""
    with tf.Graph().as_default() as graph:
        found = plain(function(tf, resource))
        if function.__name__ in VALUES:
            return found
        operations = [describe(op) for op in graph.get_operations()]
        keys = sorted(key for key in graph.get_all_collection_keys() if not key.endswith("_context"))
        collections = {key: [item.name for item in graph.get_collection(key)] for key in keys}
        return {"found": found, "operations": operations, "collections": collections}


def describe(op):
    try:
        colocated = [name.decode() for name in op.get_attr("_class")]
    except ValueError:
        colocated = []
    controls = sorted(other.name for other in op.control_inputs)
    outputs = [[tensor.dtype.name, str(tensor.shape)] for tensor in op.outputs]
    return [op.type, op.name, controls, colocated, op.device, outputs]


def plain(found):
    """What JSON knows, with the last bits of floats rounded away."""
    if isinstance(found, list | tuple):
        return [plain(item) for item in found]
    if isinstance(found, np.ndarray | np.generic):
        return plain(found.tolist())
    if isinstance(found, bytes):
        return found.decode()
    return round(found, 5) if isinstance(found, float) else found


def error(function, *args, **kwargs):
    """The type and the detail of what is raised: without TensorFlow's listing of the node's attributes."""
    try:
        function(*args, **kwargs)
    except Exception as problem:  # noqa: BLE001 (what it is is the question)
        message = getattr(problem, "message", None) or str(problem)
        return [type(problem).__name__, message.partition(" for '{{node")[0]]
    return ["nothing", ""]


def failure(session, *args):
    """The type of what a run raises, and TensorFlow's words among all that it puts around them."""
    try:
        session.run(*args)
    except Exception as problem:  # noqa: BLE001 (what it is is the question)
        lines = [line.strip() for line in problem.message.splitlines()]
        return [type(problem).__name__, lines]
    return ["nothing", []]


# -- graphs -----------------------------------------------------------------------------------------


@graph
def kinds_of_values(tf, resource):
    made = [
        tf.Variable([1.0, 2.0], name="w", use_resource=resource),
        tf.Variable(lambda: tf.ones([2]), name="c", dtype=tf.float32, use_resource=resource),
        tf.Variable(np.ones([2], "float64"), use_resource=resource),
        tf.Variable(tf.zeros([2, 2]), use_resource=resource),
        tf.Variable(["a", "b"], use_resource=resource),
        tf.Variable(True, use_resource=resource),
        tf.Variable(1, dtype=tf.int64, use_resource=resource),
        tf.Variable([[1, 2], [3, 4]], dtype="float32", use_resource=resource),
        tf.Variable(lambda: [1, 2], dtype=tf.float16, name="f", use_resource=resource),
    ]
    return [[str(v), v.name, v.op.name, v.initializer.name, v.initial_value.name, v.shape.as_list()] for v in made]


@graph
def names(tf, resource):
    with tf.name_scope("a"):
        first = tf.Variable(1.0, name="w", use_resource=resource)
        second = tf.Variable(1.0, name="w", use_resource=resource)
        third = tf.Variable(lambda: 1.0, use_resource=resource)
    return [first.name, second.name, third.name]


@graph
def assignments(tf, resource):
    w = tf.Variable([1.0, 2.0], name="w", use_resource=resource)
    results = [
        w.assign([3.0, 4.0]), w.assign_add([1.0, 1.0]), w.assign_sub([1.0, 1.0]), tf.assign(w, [1.0, 2.0]),
        tf.assign_add(w, [1.0, 2.0]), tf.assign_sub(w, [1.0, 2.0]), w.assign([1.0, 2.0], name="mine"),
        w[0:1].assign([3.0]), w[0].assign(2.0), w[::-1].assign([1.0, 2.0]),
    ]  # fmt: skip
    w.assign([1.0, 2.0], read_value=False)
    return [[result.name, result.op.name, result.dtype.name, str(result)] for result in results]


@graph
def scatters(tf, resource):
    w = tf.Variable([1.0, 2.0], name="w", use_resource=resource)
    delta = tf.IndexedSlices(tf.constant([1.0]), tf.constant([0]))
    for name in ("add", "sub", "mul", "div", "min", "max", "update"):
        getattr(w, f"scatter_{name}")(delta)
        getattr(tf, f"scatter_{name}")(w, [0], [2.0])
    for name in ("add", "sub", "update"):
        getattr(w, f"scatter_nd_{name}")([[0]], [2.0])
        getattr(tf, f"scatter_nd_{name}")(w, [[0]], [2.0])
    for name in ("min", "max"):
        getattr(w, f"scatter_nd_{name}")([[0]], [2.0])


@graph
def operators(tf, resource):
    w = tf.Variable([[1.0, 2.0], [3.0, 4.0]], name="w", use_resource=resource)
    i = tf.Variable([1, 2], name="i", use_resource=resource)
    b = tf.Variable([True], name="b", use_resource=resource)
    made = [
        w + 1.0, 1.0 + w, w - w, 2.0 - w, w * w, 2.0 * w, w / w, 1.0 / w, w // 2.0, w % 2.0, w**2.0, 2.0**w, w @ w, -w,
        abs(w), w < 1.0, w <= 1.0, w > 1.0, w >= 1.0, i / 2, i // 2, i % 2, ~b, b & b, b | True, b ^ b, w[0], w[:, 1],
        w[..., None],
    ]  # fmt: skip
    same = [w == w, w == 1.0, w != w, w in {w}, hash(w) == hash(w), w.ref() == w.ref(), w.ref().deref() is w]
    return [[t.name, t.dtype.name, str(t.shape)] for t in made], same


@graph
def reading(tf, resource):
    w = tf.Variable([1.0, 2.0], name="w", use_resource=resource)
    tensors = [w.value(), w.read_value(), tf.convert_to_tensor(w), tf.identity(w), tf.is_variable_initialized(w)]
    return [[t.name, t.dtype.name] for t in tensors]


@graph
def caching(tf, resource):
    w = tf.Variable([1.0, 2.0], name="w", use_resource=resource, caching_device="/cpu:0")
    w.assign_add([1.0, 1.0])
    w[0:1].assign([3.0])
    return [(w + 1.0).name, w.read_value().device, w.value().device, w.assign([1.0, 2.0]).name]


@graph
def controls_and_devices(tf, resource):
    with tf.control_dependencies([tf.no_op(name="dep")]), tf.device("/gpu:1"):
        w = tf.Variable([1.0, 2.0], use_resource=resource)
        i = tf.Variable(3, use_resource=resource)
        counts = [i.count_up_to(5).name, tf.count_up_to(i, 5).name]
    with tf.control_dependencies([w.assign([1.0, 1.0])]):
        tf.no_op(name="after")
    return [w.device, counts]


@graph
def colocation(tf, resource):
    w = tf.Variable([1.0, 2.0], name="w", use_resource=resource)
    with tf.colocate_with(w):
        m = tf.Variable([1.0, 2.0], name="m", use_resource=resource)
        w + 1.0
    return [w.op.colocation_groups()[0].decode(), m.op.colocation_groups()[0].decode()]


@graph
def initializers(tf, resource):
    w = tf.Variable([1.0, 2.0], use_resource=resource)
    local = tf.Variable(1, trainable=False, use_resource=resource, collections=[tf.GraphKeys.LOCAL_VARIABLES])
    read = tf.Variable(1, use_resource=resource, synchronization=tf.VariableSynchronization.ON_READ)
    both = tf.Variable(1, use_resource=resource, synchronization=tf.VariableSynchronization.ON_READ, trainable=True)
    operations = [
        tf.global_variables_initializer(), tf.local_variables_initializer(), tf.initialize_all_variables(),
        tf.initialize_local_variables(), tf.variables_initializer([]), tf.variables_initializer([w], name="q"),
        tf.initialize_variables([w]),
    ]  # fmt: skip
    lists = [tf.global_variables(), tf.trainable_variables(), tf.local_variables(), tf.all_variables(),
             tf.model_variables(), tf.moving_average_variables(), tf.global_variables("Variable_2")]  # fmt: skip
    return [
        [op.name for op in operations], [[v.name for v in found] for found in lists],
        [local.trainable, read.trainable, both.trainable], w.synchronization.name, w.aggregation.name,
    ]  # fmt: skip


@graph
def reports(tf, resource):
    tf.Variable([1.0, 2.0], use_resource=resource)
    tf.Variable(3, use_resource=resource)
    return [tf.report_uninitialized_variables().name, tf.assert_variables_initialized().name]


@graph
def any_shape(tf, resource):
    fed = tf.placeholder(tf.float32, [None])
    first = tf.Variable(fed, validate_shape=False, use_resource=resource)
    second = tf.Variable([1.0], shape=tf.TensorShape(None), use_resource=resource)
    third = tf.Variable([1.0, 2.0], shape=[None], use_resource=resource)
    first.assign([1.0, 2.0])
    second.assign([1.0, 2.0, 3.0])
    shapes = [str(v.shape) for v in (first, second, third)] + [str(v.value().shape) for v in (first, second, third)]
    second.set_shape([3])
    return [*shapes, str(second.get_shape())]


@graph
def partial_reads(tf, resource):
    m = tf.Variable([[1.0, 2.0], [3.0, 4.0]], use_resource=resource)
    return [tf.gather(m, [0]).name, tf.gather_nd(m, [[0]]).name]


@graph
def creators(tf, resource):
    calls = []

    def inner(following, **kwargs):
        calls.append(["inner", sorted(kwargs), kwargs["name"]])
        return following(**{**kwargs, "name": "inner"})

    def outer(following, **kwargs):
        calls.append(["outer", sorted(kwargs), kwargs["name"]])
        return following(**kwargs)

    with tf.variable_creator_scope(outer), tf.variable_creator_scope(inner):
        v = tf.Variable(1.0, name="v", use_resource=resource)
    return [calls, v.name]


@graph
def slices_of_larger_ones(tf, resource):
    info = tf.Variable.SaveSliceInfo("a", [2, 2], [0, 1], [1, 2])
    back = tf.Variable.SaveSliceInfo.from_spec(info.spec)
    wrong = [error(tf.Variable.SaveSliceInfo.from_spec, text) for text in ("2", "x 0,1", "2 0", "2 a,1", "2 0,b")]
    return [info.spec, back.full_shape, back.var_offset, back.var_shape, wrong]


@graph
def refused(tf, resource):
    def make(*args, **kwargs):
        return tf.Variable(*args, use_resource=resource, **kwargs)

    w, i = make([1.0, 2.0], name="w"), make([1, 2], name="i")
    return [
        error(make), error(make, 1, collections="a"), error(make, 1, constraint=3),
        error(make, 1, synchronization="x", name="q"), error(make, 1, aggregation="x", name="q"),
        error(w.assign, [1.0, 2.0, 3.0]), error(tf.assign, w, [1.0, 2.0, 3.0]), error(w.assign_add, 1.0),
        error(w.assign_add, [1.0, 2.0, 3.0]), error(tf.scatter_add, w, [0, 1], [1.0]),
        error(tf.scatter_nd_add, w, [[0], [1]], [1.0]), error(w.scatter_add, 3), error(lambda: w + i),
        error(tf.convert_to_tensor, w, tf.int32), error(w.load, [1.0, 2.0]), error(w.eval), error(len, w),
        error(w.assign_add, "a")[:1], error(iter, w)[:1],
        error(w.sparse_read if resource else lambda: w.sparse_read([0]), [0] if resource else [])[:1],
    ]  # fmt: skip


@graph
def refused_for_references(tf, resource):
    w = tf.Variable([1.0, 2.0], name="w")
    fed = tf.placeholder(tf.float32)
    return [
        error(tf.Variable, fed), error(w.assign, tf.constant([1, 2])), error(w.assign_add, tf.constant([1, 2])),
        error(tf.scatter_add, w, [0], tf.constant([1])), error(tf.Variable([True]).assign_add, [True]), bool(w),
    ]  # fmt: skip


@graph
def refused_for_resources(tf, resource):
    w = tf.Variable([1.0, 2.0], name="w", use_resource=True)

    def add_in_place():
        nonlocal w
        w += 1.0

    def multiply_in_place():
        nonlocal w
        w *= 2.0

    return [error(add_in_place)[:1], error(multiply_in_place)[:1], error(bool, w)[:1], w.handle.name]


# -- values -----------------------------------------------------------------------------------------


def started(tf):
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    return session


@value
def assigned(tf, resource):
    w = tf.Variable([1.0, 2.0], use_resource=resource)
    steps = [w.assign_add([1.0, 1.0]), w.assign_sub([0.5, 0.0]), w.assign([7.0, 8.0]), w[0].assign(3.0),
             w[::-1].assign([1.0, 2.0]), tf.assign_add(w, [1.0, 1.0])]  # fmt: skip
    with started(tf) as session:
        first = session.run(w)
        return [first, *([session.run(step), session.run(w)] for step in steps for _ in range(3))]


@value
def slices_assigned(tf, resource):
    m = tf.Variable(np.arange(12.0, dtype="float32").reshape(3, 4), use_resource=resource)
    fed = tf.placeholder(tf.float32)
    parts = [m[0], m[:, 1], m[::2, 1:3], m[::-1, ::-1], m[..., -1], m[1:2], m[:, None, 0], m[2:0:-1, 3:]]
    with started(tf) as session:
        return [session.run([part.assign(fed), m], {fed: 10.0 * k + 1.0})[0] for k, part in enumerate(parts)]


@value
def scattered(tf, resource):
    m = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], use_resource=resource)
    rows = tf.placeholder(tf.int32)
    with started(tf) as session:
        found = []
        for name in ("add", "sub", "mul", "div", "min", "max", "update"):
            step = getattr(tf, f"scatter_{name}")(m, rows, tf.cast(tf.stack([rows, rows], -1), tf.float32) + 2.0)
            found += [session.run(step, {rows: index}) for index in ([0, 2], [1, 1], [])]
            found.append(session.run(getattr(tf, f"scatter_{name}")(m, [2, 0], 3.0)))
        return found


@value
def scattered_at_points(tf, resource):
    m = tf.Variable(np.ones([2, 3], "float32"), use_resource=resource)
    with started(tf) as session:
        found = []
        for name in ("add", "sub", "update"):
            step = getattr(tf, f"scatter_nd_{name}")
            found.append(session.run(step(m, [[0, 1], [1, 2], [0, 1]] if name != "update" else [[0, 1]],
                                          [2.0, 3.0, 4.0] if name != "update" else [9.0])))  # fmt: skip
            found.append(session.run(step(m, [[1]], [[5.0, 6.0, 7.0]])))
            found.append(session.run(step(m, [[[0, 0]], [[1, 1]]], [[1.0], [2.0]])))
        found.append(session.run(m.scatter_nd_max([[0, 0]], [100.0])))
        found.append(session.run(m.scatter_nd_min([[0, 0]], [-100.0])))
        return found


@value
def batches_scattered(tf, resource):
    m = tf.Variable([[1.0, 2.0], [3.0, 4.0]], use_resource=resource)
    with started(tf) as session:
        first = session.run(tf.batch_scatter_update(m, [[0], [1]], [[7.0], [8.0]]))
        delta = tf.IndexedSlices(tf.constant([[1.0], [2.0]]), tf.constant([[1], [0]]))
        return [first, session.run(m.batch_scatter_update(delta))]


@value
def counted(tf, resource):
    found = []
    for dtype in (tf.int32, tf.int64):
        i = tf.Variable(tf.constant(3, dtype), use_resource=resource)
        count = i.count_up_to(5)
        with started(tf) as session:
            found += [session.run(count), session.run(count), session.run(i)]
            kind, lines = failure(session, count)
            found += [kind, any("Reached limit of 5" in line for line in lines), session.run(i)]
    return found


@value
def initialized(tf, resource):
    w = tf.Variable([1.0], use_resource=resource, name="w")
    v = tf.Variable(2, use_resource=resource, name="v", collections=[tf.GraphKeys.LOCAL_VARIABLES])
    s = tf.Variable(["a", "b"], use_resource=resource, name="s")
    names, state = tf.report_uninitialized_variables(), tf.is_variable_initialized(w)
    with tf.Session() as session:
        found = [sorted(plain(session.run(names))), session.run(state)]
        found.append(failure(session, w.value())[0])
        session.run(tf.global_variables_initializer())
        found += [plain(session.run(names)), session.run(state), session.run([w, s])]
        session.run(tf.local_variables_initializer())
        return [*found, session.run(names), session.run(v), w.eval(session=session)]


@value
def out_of_bounds(tf, resource):
    w = tf.Variable([[1.0], [2.0]], use_resource=resource)
    rows, points = tf.placeholder(tf.int32), tf.placeholder(tf.int32)
    words = {
        "indices[1] = -1 is not in [0, 2)": (tf.scatter_update(w, rows, 1.0), {rows: [0, -1]}),
        "indices[0] = 5 is not in [0, 2)": (tf.scatter_update(w, rows, 1.0), {rows: [5]}),
        "indices[0] = [5] does not index into shape [2,1]": (tf.scatter_nd_add(w, points, [[1.0]]), {points: [[5]]}),
        "indices[1] = [0, -1] does not index into shape [2,1]": (
            tf.scatter_nd_update(w, points, [1.0, 1.0]), {points: [[0, 0], [0, -1]]},
        ),
    }  # fmt: skip
    with started(tf) as session:
        found = []
        for text, (step, feeds) in words.items():
            kind, lines = failure(session, step, feeds)
            found.append([kind, any(text in line for line in lines)])
        return found


@value
def any_shape_assigned(tf, resource):
    w = tf.Variable([1.0], use_resource=resource, validate_shape=False, shape=tf.TensorShape(None))
    fed = tf.placeholder(tf.float32)
    step = tf.assign(w, fed, validate_shape=False)
    with started(tf) as session:
        found = [session.run([step, tf.shape(w)], {fed: data})[0] for data in ([1.0, 2.0], [[3.0]], 4.0)]
        return [*found, session.run(w), session.run(w.value() * 2.0)]


@value
def other_shapes_refused(tf, resource):
    w = tf.Variable([1.0, 2.0], use_resource=resource)
    fed = tf.placeholder(tf.float32)
    with started(tf) as session:
        return [
            failure(session, w.assign(fed), {fed: [1.0]})[0], failure(session, w.assign_add(fed), {fed: 1.0})[0],
            failure(session, w[0:1].assign(fed), {fed: [1.0, 2.0]})[0],
            failure(session, tf.scatter_add(w, [0, 1], fed), {fed: [1.0]})[0], session.run(w),
        ]  # fmt: skip


@value
def initial_values_of_others(tf, resource):
    w = tf.Variable([1.0, 2.0], name="w")
    double = tf.Variable(w * 2.0)
    twice = tf.Variable(w.initialized_value() + double.initialized_value())
    with tf.Session() as session:
        # One after the other: all at once is a race in TensorFlow, which only the second of them is safe from.
        for variable in (w, double, twice):
            session.run(variable.initializer)
        return [session.run([w, double, twice])]


@value
def random_initial_value_is_drawn_once(tf, resource):
    w = tf.Variable(tf.random_uniform([3]), name="w")
    same = tf.Variable(w.initialized_value())
    with started(tf) as session:
        first, second = session.run([w, same])
        return (first == second).tolist()


@value
def made_in_branches(tf, resource):
    first = tf.Variable(0, name="v0", use_resource=resource)
    made = {}

    def branch(name, start):
        def build():
            made[name] = tf.Variable(lambda: start, name=name, use_resource=resource, dtype=tf.int32)
            return made[name] + first

        return build

    total = tf.cond(tf.less(first, 10), branch("v1", 1), branch("v2", 2))
    with tf.Session() as session:
        session.run([made["v1"].initializer, made["v2"].initializer])
        found = [session.run([made["v1"], made["v2"]]), failure(session, total)[0]]
        session.run(first.initializer)
        return [*found, session.run(total), made["v1"].name]


@value
def assigned_in_branches(tf, resource):
    w = tf.Variable([1.0, 2.0], use_resource=resource)
    flag = tf.placeholder(tf.bool, [])

    def changed():
        with tf.control_dependencies([w.assign_add([10.0, 10.0])]):
            return tf.constant(1.0)

    chosen = tf.cond(flag, changed, lambda: tf.constant(0.0))
    with started(tf) as session:
        found = []
        for truth in (False, True, True, False):
            found += [session.run(chosen, {flag: truth}), session.run(w)]
        return found


@value
def assigned_in_loops(tf, resource):
    w = tf.Variable(1.0, use_resource=resource)
    times = tf.placeholder(tf.int32, [])

    def body(i):
        with tf.control_dependencies([tf.assign_add(w, 2.0)]):
            return i + 1

    loop = tf.while_loop(lambda i: i < times, body, [0], parallel_iterations=1)
    with started(tf) as session:
        found = []
        for count in (0, 3, 1):
            found += [session.run(loop, {times: count}), session.run(w)]
        return found


@value
def read_and_written_in_a_loop(tf, resource):
    w = tf.Variable([1.0, 1.0], use_resource=True)

    def body(i):
        with tf.control_dependencies([w.assign(w.read_value() * 2.0)]):
            return i + 1

    loop = tf.while_loop(lambda i: i < 4, body, [0], parallel_iterations=1)
    with started(tf) as session:
        return [session.run(loop), session.run(w), session.run(loop), session.run(w)]


@value
def from_inside_a_loop(tf, resource):
    def body(i):
        tf.Variable(tf.zeros([2]), use_resource=resource)
        return i + 1

    kind, message = error(tf.while_loop, lambda i: i < 3, body, [0])
    return [kind, "inside a control-flow" in message]


@value
def loaded(tf, resource):
    w = tf.Variable([1.0, 2.0], use_resource=resource)
    with started(tf) as session:
        w.load([5.0, 6.0], session)
        with session.as_default():
            first = w.eval()
            w.load([7.0, 8.0])
        return [first, session.run(w)]


@value
def empty_ones(tf, resource):
    w = tf.Variable(tf.zeros([0, 2]), use_resource=resource)
    s = tf.Variable(tf.zeros([0], tf.string), use_resource=resource)
    with started(tf) as session:
        return [session.run(tf.matmul(tf.ones([2, 0]), w)), session.run(s.assign(s.value())).tolist(), session.run(w)]


@value
def order_by_controls(tf, resource):
    w = tf.Variable(1.0, use_resource=True)  # a read of a reference may be an alias in TensorFlow
    with tf.control_dependencies([w.assign_add(10.0)]):
        after = w.read_value()
    with tf.control_dependencies([after]):
        last = w.assign(0.0)
    with started(tf) as session:
        return [session.run([after, last]), session.run(w), session.run(after)]


@value
def chained(tf, resource):
    w = tf.Variable(1.0, use_resource=True)
    last = w.assign_add(1.0).assign_add(2.0).assign_sub(0.5)
    with started(tf) as session:
        return [session.run(last), session.run(w), session.run(w.assign(3.0) + 1.0)]


@value
def two_sessions(tf, resource):
    w = tf.Variable(1.0, use_resource=resource)
    add = w.assign_add(1.0)
    first, second = started(tf), started(tf)
    found = [first.run(add), first.run(add), second.run(w)]
    first.close()
    second.close()
    return found


@value
def parts_read(tf, resource):
    m = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], use_resource=resource)
    rows = tf.placeholder(tf.int32)
    with started(tf) as session:
        found = [session.run(tf.gather(m, rows), {rows: index}) for index in ([2, 0], [[1], [1]], 2)]
        found += [session.run(tf.gather_nd(m, [[0, 1], [2, 0]])), session.run(tf.gather_nd(m, [[1]]))]
        return [*found, failure(session, tf.gather(m, rows), {rows: [3]})[0]]


@value
def other_dtypes(tf, resource):
    found = []
    for dtype in ("int32", "int64", "float64", "uint8", "complex64"):
        v = tf.Variable(np.array([1, 2, 3], dtype), use_resource=resource)
        step = tf.scatter_add(v, [0, 0], np.array([1, 2], dtype))
        with started(tf) as session:
            for result in (session.run(step), session.run(v.assign_add(np.array([1, 1, 1], dtype)))):
                found.append([str(result.dtype), result.real])
    flag = tf.Variable([True, False], use_resource=resource)
    with started(tf) as session:
        found.append(session.run(flag.assign([False, False])))
    return found
