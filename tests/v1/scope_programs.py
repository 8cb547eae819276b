"""Programs about variable scopes: each takes `tf` and says what it saw, the same in TensorFlow and here.

Each runs in a graph of its own. What it returns is made of what JSON knows.
"""

import numpy as np

PROGRAMS = {}


def program(function):
    PROGRAMS[function.__name__] = function
    return function


def ops(tf):
    return [[op.type, op.name] for op in tf.get_default_graph().get_operations()]


def names(items):
    return [item.name for item in items]


def error(function, *args, **kwargs):
    """The type and the first line of what is raised."""
    try:
        value = function(*args, **kwargs)
    except Exception as problem:  # noqa: BLE001 (whatever it is, it is what we compare)
        return [type(problem).__name__, str(problem).partition("\n")[0]]
    return ["nothing", str(type(value).__name__)]


def opened(tf, *args, **kwargs):
    with tf.variable_scope(*args, **kwargs) as scope:
        return scope.name


def collections(tf):
    graph = tf.get_default_graph()
    keys = set(graph.get_all_collection_keys()) - {"cond_context"}  # which is about how TensorFlow keeps `cond`
    return {key: names(graph.get_collection(key)) for key in sorted(keys)}


def initialized(tf, fetches):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(tf.local_variables_initializer())
        return [np.asarray(value).tolist() for value in sess.run(fetches)]


# -- names and scopes -------------------------------------------------------------------------------


@program
def nested_scopes(tf):
    with tf.variable_scope("a") as a:
        x = tf.get_variable("x", [2])
        with tf.variable_scope("b") as b:
            y = tf.get_variable("y", [2], initializer=tf.zeros_initializer())
            c = tf.constant(1.0, name="c")
        with tf.variable_scope("b"):
            d = tf.constant(1.0, name="c")
    return [names([x, y, c, d]), a.name, b.name, a.original_name_scope, b.original_name_scope, ops(tf), collections(tf)]


@program
def names_with_slashes(tf):
    with tf.variable_scope("a/b") as scope:
        x = tf.get_variable("c/x", [1])
        op = tf.constant(1)
    with tf.variable_scope("a"):
        y = tf.get_variable("b/y", [1])
    with tf.variable_scope("a/b/", reuse=None) as slash:
        z = tf.get_variable("z", [1])
    return [names([x, y, z, op]), scope.name, slash.name, scope.original_name_scope, slash.original_name_scope]


@program
def default_names(tf):
    out = []
    for _ in range(3):
        with tf.variable_scope(None, "layer") as scope:
            out.append([scope.name, tf.get_variable("w", []).name, tf.constant(0).name, scope.original_name_scope])
            for _ in range(2):
                with tf.variable_scope(None, default_name="inner") as inner:
                    out.append([inner.name, tf.get_variable("w", []).name])
    with tf.variable_scope("layer_3") as explicit:
        out.append([explicit.name, tf.get_variable("w", []).name])
    with tf.variable_scope(None, "layer") as scope:
        out.append([scope.name, tf.get_variable("w", []).name, tf.constant(0).name])
    with tf.variable_scope("outer"), tf.variable_scope(None, "layer") as scope:
        out.append([scope.name, tf.get_variable("w", []).name])
    with tf.variable_scope("outer"), tf.variable_scope(None, "layer") as scope:
        out.append([scope.name, tf.constant(0).name])
    with tf.variable_scope("given", "not_used") as scope:
        out.append([scope.name])
    return out


@program
def default_names_and_name_scopes(tf):
    out = []
    with tf.name_scope("n"):
        for _ in range(2):
            with tf.variable_scope(None, "v") as scope:
                out.append([scope.name, scope.original_name_scope, tf.get_variable("w", []).name, tf.constant(0).name])
    with tf.variable_scope(None, "v") as scope:
        out.append([scope.name, scope.original_name_scope, tf.constant(0).name])
        with tf.name_scope("n"):
            out.append([tf.get_variable("u", []).name, tf.Variable(1.0, name="t").name, tf.constant(0).name])
    return out


@program
def unique_names_after_reentry(tf):
    out = []
    with tf.variable_scope("outer") as outer:
        for _ in range(2):
            out.append(opened(tf, None, "inner"))
    with tf.variable_scope(outer):
        out.append(opened(tf, None, "inner"))
    with tf.variable_scope(outer, reuse=True):
        out.append(opened(tf, None, "inner"))
        with tf.variable_scope("deeper"):
            out.append(opened(tf, None, "inner"))
    with tf.variable_scope("outer"):
        out.append(opened(tf, None, "inner"))
    with tf.variable_scope(None, "outer") as scope:
        out.append(scope.name)
    return out


@program
def reentry_by_object(tf):
    with tf.variable_scope("a") as a, tf.variable_scope("b") as b:
        tf.get_variable("x", [1])
    out = []
    with tf.variable_scope("elsewhere"):
        with tf.variable_scope(b) as again:
            out.append([again.name, again.original_name_scope, tf.get_variable("y", [1]).name, tf.constant(0).name])
        with tf.variable_scope(b, reuse=True) as again:
            out.append([tf.get_variable("x", [1]).name, str(again.reuse), str(b.reuse), tf.constant(0).name])
            with tf.name_scope(again.original_name_scope):
                out.append(tf.constant(0).name)
        out.append(tf.get_variable("z", [1]).name)
    with tf.variable_scope(a), tf.variable_scope("b") as second:
        out.append([second.name, second.original_name_scope, tf.constant(0).name])
    root = tf.get_variable_scope()
    with tf.variable_scope("q"), tf.variable_scope(root) as again:
        out.append([again.name, tf.get_variable("top", []).name, tf.constant(0).name])
    return [out, ops(tf)]


@program
def same_object_entered_again(tf):
    manager = tf.variable_scope("m")
    out = []
    for number in range(3):
        with manager as scope:
            out.append([scope.name, scope.original_name_scope, tf.constant(0).name])
            out.append(tf.get_variable(f"v{number}", []).name)
    default = tf.variable_scope(None, "d")
    for _ in range(2):
        with default as scope:
            out.append([scope.name, tf.constant(0).name])
    return out


@program
def without_auxiliary_name_scope(tf):
    out = []
    with tf.variable_scope("a") as a:
        out.append(tf.constant(0).name)
    with tf.variable_scope(a, auxiliary_name_scope=False) as again:
        out.append([again.name, tf.constant(0).name, tf.get_variable("x", []).name])
        with tf.name_scope(again.original_name_scope):
            out.append(tf.constant(0).name)
    with tf.name_scope("n"), tf.variable_scope("v", auxiliary_name_scope=False) as scope:
        out.append([scope.name, scope.original_name_scope, tf.constant(0).name, tf.get_variable("x", []).name])
    with tf.name_scope("n"), tf.variable_scope(None, "v", auxiliary_name_scope=False) as scope:
        out.append([scope.name, scope.original_name_scope, tf.constant(0).name])
    with tf.variable_scope("root", auxiliary_name_scope=False) as scope:
        out.append([scope.name, scope.original_name_scope, tf.constant(0).name])
    out.append(error(tf.variable_scope, "a", auxiliary_name_scope="no"))
    return [out, ops(tf)]


@program
def names_ignore_case_and_name_scopes(tf):
    out = []
    with tf.name_scope("Foo"):
        out.append(tf.get_variable("w", []).name)
        out.append(tf.Variable(0.0, name="w").name)
    with tf.variable_scope("foo"):
        out.append(tf.get_variable("w", []).name)
        out.append(tf.Variable(0.0, name="w").name)
        out.append(tf.Variable(0.0, name="w").name)
    tf.constant(0, name="taken")
    out.append(tf.get_variable("taken", []).name)
    out.append(error(tf.get_variable, "taken", []))
    return [out, ops(tf)]


# -- reuse ------------------------------------------------------------------------------------------


@program
def reuse_and_sharing(tf):
    out = []
    with tf.variable_scope("s"):
        v = tf.get_variable("v", [2, 3])
        out.append(error(tf.get_variable, "v", [2, 3]))
        tf.get_variable_scope().reuse_variables()
        out.append(tf.get_variable("v") is v)
        out.append(tf.get_variable("v", [2, None]) is v)
        out.append(error(tf.get_variable, "v", [3, 2]))
        out.append(error(tf.get_variable, "v", [2, 3], tf.int32))
        out.append(error(tf.get_variable, "w", [2]))
        with tf.variable_scope("inner") as inner:
            out.append(str(inner.reuse))
        with tf.variable_scope("inner", reuse=False) as inner:
            out.append(str(inner.reuse))
    with tf.variable_scope("s") as scope:
        out.append([str(scope.reuse), error(tf.get_variable, "v", [2, 3])])
    with tf.variable_scope("s", reuse=True):
        out.append(tf.get_variable("v", [2, 3]) is v)
    return [out, len(ops(tf))]


@program
def auto_reuse(tf):
    out = []
    for _ in range(2):
        with tf.variable_scope("s", reuse=tf.AUTO_REUSE) as scope:
            v = tf.get_variable("v", [2])
            with tf.variable_scope("inner") as inner:
                out.append([str(scope.reuse), str(inner.reuse), tf.get_variable("w", [1]).name, v.name])
    out.append(error(opened, tf, None, "x", reuse=True))
    out.append(error(opened, tf, None, "x", reuse=tf.AUTO_REUSE))
    out.append(error(opened, tf, None))
    out.append(error(opened, tf, "x", reuse="yes"))
    out.append(error(opened, tf, "x", reuse=1))
    out.append(error(opened, tf, 5))
    out.append(opened(tf, None, "x", reuse=False))
    return [out, collections(tf)]


@program
def get_variable_errors(tf):
    return [
        error(tf.get_variable, "a"),
        error(tf.get_variable, "a", [2], initializer=tf.constant([1.0, 2.0])),
        error(tf.get_variable, "a", initializer=tf.zeros_initializer()),
        error(tf.get_variable, "a", [None, 2]),
        error(tf.get_variable, "a", [2], tf.complex64),
        error(tf.get_variable, "a", dtype=tf.float64, initializer=tf.constant(1.0)),
        error(tf.get_variable, "a", dtype=tf.int32, initializer=1.5),
        error(tf.get_variable, "a", [2], custom_getter=3),
        error(tf.get_variable, "a", [2], partitioner=3),
        error(tf.get_variable, "a", [2], aggregation=17),
        error(tf.get_variable, "a", [2], synchronization=17),
        error(tf.get_variable, "a", [2], collections="variables"),
    ]


@program
def initializers(tf):
    class Ones:
        def __init__(self):
            self.calls = 0

        def __call__(self, shape, dtype=None, partition_info=None):
            return tf.ones(shape, dtype=dtype) * 3

    made = [
        tf.get_variable("value", initializer=[1.0, 2.0]),
        tf.get_variable("tensor", initializer=tf.constant([[1, 2]])),
        tf.get_variable("array", initializer=np.arange(3)),
        tf.get_variable("function", initializer=lambda: tf.fill([2], 7)),
        tf.get_variable("shape_and_dtype", [2], tf.int32, initializer=lambda shape, dtype: tf.ones(shape, dtype) * 2),
        tf.get_variable("keywords", [2], initializer=lambda shape, **kwargs: tf.fill(shape, 4.0)),
        tf.get_variable("a_class", [2], initializer=tf.ones_initializer),
        tf.get_variable("own_class", [2], initializer=Ones),
        tf.get_variable("own_object", (1, 2), initializer=Ones()),
        tf.get_variable("constant", [2, 2], initializer=tf.constant_initializer([[1, 2], [3, 4]])),
        tf.get_variable("scalar", (), initializer=tf.constant_initializer(5)),
        tf.get_variable("shape_object", tf.TensorShape([2]), initializer=tf.zeros_initializer()),
    ]
    return [[[v.name, v.dtype.name, v.shape.as_list()] for v in made], ops(tf), initialized(tf, made)]


@program
def default_initializers(tf):
    made = {}
    for dtype in (tf.float32, tf.float64, tf.float16, tf.int32, tf.int64, tf.uint8, tf.bool, tf.string):
        made[dtype.name] = tf.get_variable(dtype.name, [2], dtype)
    return [[[key, v.dtype.name, v.initial_value.op.type] for key, v in made.items()], ops(tf)]


@program
def shapes_of_integers(tf):
    return [
        tf.get_variable("a", 3).shape.as_list(),
        tf.get_variable("b", tf.Dimension(3)).shape.as_list(),
        tf.get_variable("c", [tf.Dimension(3), 2]).shape.as_list(),
        tf.get_variable("d", np.int64(4)).shape.as_list(),
        tf.get_variable("e", np.array([4, 2])).shape.as_list(),
        tf.get_variable("f", []).shape.as_list(),
    ]


@program
def unknown_shapes(tf):
    x = tf.placeholder(tf.float32, [None, 2])
    v = tf.get_variable("v", initializer=x, validate_shape=False)
    return [str(v.shape), error(tf.get_variable, "w", initializer=x), ops(tf)]


# -- defaults ---------------------------------------------------------------------------------------


@program
def inherited_defaults(tf):
    def describe(scope):
        return [
            scope.name, str(scope.reuse), scope.dtype.name, scope.use_resource, scope.initializer is None,
            scope.regularizer is None, scope.caching_device, scope.partitioner is None, scope.constraint is None,
            scope.custom_getter is None,
        ]  # fmt: skip

    out = [describe(tf.get_variable_scope())]
    with tf.variable_scope(
        "a", initializer=tf.constant_initializer(0.5), dtype=tf.float64, use_resource=True, constraint=abs,
        regularizer=tf.no_regularizer, caching_device="/cpu:0",
    ) as a:  # fmt: skip
        out.append(describe(a))
        v = tf.get_variable("v", [2])
        w = tf.get_variable("w", [2], tf.float32, initializer=tf.ones_initializer(), use_resource=False)
        with tf.variable_scope("b") as b:
            out.append(describe(b))
        with tf.variable_scope("b", initializer=tf.zeros_initializer(), dtype=tf.int32, use_resource=False) as b:
            out.append(describe(b))
            u = tf.get_variable("u", [2])
    with tf.variable_scope(a) as again:
        out.append(describe(again))
    with tf.variable_scope(a, dtype=tf.float16) as again:
        out.append(describe(again))
    out.append([[x.name, x.dtype.name, x.op.type, x.constraint is None] for x in (v, w, u)])
    return [out, initialized(tf, [v, w, u])]


@program
def setting_defaults(tf):
    with tf.variable_scope("a") as scope:
        scope.set_initializer(tf.constant_initializer(2))
        scope.set_dtype(tf.int64)
        scope.set_use_resource(True)
        scope.set_regularizer(None)
        scope.set_caching_device(None)
        scope.set_partitioner(None)
        scope.set_custom_getter(None)
        v = tf.get_variable("v", [2])
        with tf.variable_scope("b"):
            w = tf.get_variable("w", [])
    return [[[x.name, x.dtype.name, x.op.type] for x in (v, w)], initialized(tf, [v, w]), ops(tf)]


@program
def resource_switch(tf):
    made = [tf.get_variable("a", [])]
    tf.enable_resource_variables()
    try:
        made.append(tf.get_variable("b", []))
        with tf.variable_scope("s", use_resource=False):
            made.append(tf.get_variable("c", []))
            made.append(tf.Variable(1.0, name="d"))
            made.append(tf.Variable(1.0, name="e", use_resource=True))
    finally:
        tf.disable_resource_variables()
    with tf.variable_scope("s", use_resource=True):
        made.append(tf.Variable(1.0, name="f"))
    return [[v.name, v.op.type] for v in made]


@program
def custom_getters(tf):
    calls = []

    def outer(getter, name, *args, **kwargs):
        calls.append(["outer", name, sorted(kwargs), list(args)])
        return tf.identity(getter(name, *args, **kwargs), name="outer")

    def inner(getter, name, shape=None, *args, **kwargs):
        calls.append(["inner", name, shape])
        return getter(name + "_inner", shape, *args, **kwargs)

    def narrow(getter, name, shape, dtype, initializer, regularizer, reuse, trainable, collections, caching_device,
               partitioner, validate_shape, use_resource, synchronization, aggregation):  # fmt: skip
        calls.append(["narrow", name, str(reuse), trainable, str(synchronization), str(aggregation)])
        return getter(name, shape, dtype, initializer)

    with tf.variable_scope("s", custom_getter=outer) as scope:
        a = tf.get_variable("a", [1])
        with tf.variable_scope("t", custom_getter=inner):
            b = tf.get_variable("b", [1])
            c = tf.get_variable("c", [1], custom_getter=narrow)
    with tf.variable_scope(scope, custom_getter=inner):
        d = tf.get_variable("d", [1])
    e = tf.get_variable("e", [1], custom_getter=lambda getter, *args, **kwargs: getter(*args, **kwargs))
    return [names([a, b, c, d, e]), calls, collections(tf), ops(tf)]


@program
def regularizers(tf):
    def regularizer(v):
        return tf.reduce_sum(tf.square(v), name="loss")

    with tf.variable_scope("a", regularizer=regularizer):
        v = tf.get_variable("v", [2], initializer=tf.ones_initializer())
        w = tf.get_variable("w", [2], initializer=tf.ones_initializer(), regularizer=tf.no_regularizer)
        u = tf.get_variable("u", [3], initializer=tf.ones_initializer(), use_resource=True)
    with tf.variable_scope("a", reuse=True):
        tf.get_variable("v", [2], regularizer=regularizer)
    losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    before = ops(tf)
    total = tf.add_n(losses)
    half = losses[0] / 2 + losses[1]
    found = [[loss.name, loss.dtype.name, str(loss.shape), loss.op.type] for loss in losses]
    return [names([v, w, u]), found, before, ops(tf), initialized(tf, [total, half, losses[0]])]


@program
def collections_of_scopes(tf):
    with tf.variable_scope("a") as a:
        tf.get_variable("v", [])
        tf.get_variable("n", [], trainable=False)
        tf.get_local_variable("l", [])
        tf.get_local_variable("m", [], collections=["mine"])
        tf.get_variable("o", [], collections=["other"])
        tf.get_variable("p", [], collections=["other"], trainable=False)
        with tf.variable_scope("b") as b:
            tf.get_variable("v", [])
        inside = names(tf.get_variable_scope().global_variables())
    tf.get_variable("ab", [])
    root = tf.get_variable_scope()
    return [
        [names(s.global_variables()), names(s.trainable_variables()), names(s.local_variables())] for s in (root, a, b)
    ] + [names(a.get_collection("other")), inside, collections(tf), names(tf.global_variables("a/b"))]


@program
def deprecated_scopes(tf):
    x = tf.constant(1.0)
    out = []
    with tf.variable_op_scope([x], None, "op") as scope:
        out.append([scope.name, tf.get_variable("w", []).name])
    with tf.variable_op_scope([x], "named", reuse=None, dtype=tf.float64) as scope:
        out.append([scope.name, tf.get_variable("w", []).dtype.name])
    with tf.op_scope([x], "n", "default") as name:
        out.append(name)
    return out


@program
def values_choose_the_graph(tf):
    other = tf.Graph()
    with other.as_default():
        x = tf.constant(1.0, name="x")
    with tf.variable_scope("s", values=[x, 3, None]):
        v = tf.get_variable("v", [])
        inside = tf.get_default_graph() is other
    y = tf.constant(2.0, name="y")
    problem = error(tf.variable_scope, "s", values=[x, y])
    return [inside, v.graph is other, problem[0], len(ops(tf)), tf.get_variable_scope().name]


@program
def creators(tf):
    calls = []

    def first(following, **kwargs):
        keys = sorted(kwargs.keys() - {"experimental_enable_variable_lifting"})  # which TensorFlow 1 did not have
        calls.append(["first", kwargs["name"], keys, kwargs["trainable"], kwargs["use_resource"]])
        return following(**kwargs)

    def second(following, **kwargs):
        calls.append(["second", kwargs["name"]])
        kwargs["name"] = "renamed"
        return following(**kwargs)

    with tf.variable_creator_scope(first):
        a = tf.get_variable("a", [])
        with tf.variable_creator_scope(second), tf.variable_scope("s"):
            b = tf.get_variable("b", [])
            c = tf.Variable(1.0, name="c")
    d = tf.get_variable("d", [])
    with tf.variable_scope("s", reuse=True):
        found = tf.get_variable("b", []) is b
    return [names([a, b, c, d]), calls, found]


@program
def improper_nesting(tf):
    first, second = tf.variable_scope("a"), tf.variable_scope("b")
    first.__enter__()
    second.__enter__()
    return error(first.__exit__, None, None, None)


@program
def failing_inside(tf):
    out = []
    for name, default in (("a", None), (None, "a")):
        out.append(error(_failing, tf, name, default))
        out.append([tf.get_variable_scope().name, tf.constant(0).name])
    with tf.variable_scope(None, "a") as scope:
        out.append(scope.name)
    return out


def _failing(tf, name, default):
    with tf.variable_scope(name, default):
        raise KeyError("inside")


# -- templates --------------------------------------------------------------------------------------


@program
def templates(tf):
    def layer(x, size=1):
        w = tf.get_variable("w", [size], initializer=tf.ones_initializer())
        return x * w

    out = []
    shared = tf.make_template("shared", layer)
    out.append([shared.name, shared.variable_scope is None, names(shared.variables)])
    out += names([shared(1.0), shared(2.0)])
    other = tf.make_template("shared", layer, size=2)
    out += names([other(1.0), other(1.0)])
    out.append([shared.variable_scope.name, other.variable_scope.name, other.var_scope.name])
    now = tf.make_template("now", layer, create_scope_now_=True)
    out.append(now.variable_scope.name)
    with tf.variable_scope("elsewhere"):
        out += names([now(1.0), now(2.0)])
        later = tf.make_template("later", layer)
    out += names([later(1.0), later(2.0)])
    unique = tf.make_template("ignored", layer, unique_name_="fixed")
    out += names([unique(1.0), unique(1.0)])
    out.append(error(tf.make_template("ignored", layer, unique_name_="fixed"), 1.0))
    out.append(error(tf.make_template, None, layer))
    out.append([names(getattr(other, kind)) for kind in (
        "variables", "trainable_variables", "non_trainable_variables", "global_variables", "local_variables", "weights",
        "trainable_weights", "non_trainable_weights",
    )])  # fmt: skip
    return [out, collections(tf), ops(tf)]


@program
def template_variables(tf):
    def made_by_class(x):
        tf.get_variable("w", [])
        return tf.Variable(1.0, name="own") * x

    def not_trainable(x):
        tf.get_variable("n", [], trainable=False)
        tf.get_local_variable("l", [])
        return tf.Variable(1.0, trainable=False, name="own") * x

    first = tf.make_template("t", made_by_class)
    out = [first(1.0).name, error(first, 1.0)]
    second = tf.make_template("t", not_trainable)
    out += [second(1.0).name, second(1.0).name, names(second.variables), names(second.local_variables)]
    out.append([names(second.trainable_variables), names(second.non_trainable_variables)])
    return out


@program
def nested_templates(tf):
    def inner():
        return tf.get_variable("w", [])

    def outer():
        a = tf.make_template("inner", inner)
        b = tf.make_template("inner", inner)
        return [a().name, a().name, b().name]

    first, second = tf.make_template("outer", outer), tf.make_template("outer", outer)
    return [first(), first(), second(), second(), collections(tf)]


@program
def template_fails_at_first(tf):
    def shy(fail):
        v = tf.get_variable("v", [])
        if fail:
            raise ValueError("not yet")
        return v

    template = tf.make_template("t", shy)
    getter = tf.make_template(
        "g", lambda: tf.get_variable("w", []), custom_getter_=lambda getter, name, *a, **k: getter(name + "_x", *a, **k)
    )
    return [error(template, True), error(template, False), template.variable_scope_name, getter().name, getter().name]


# -- the global step --------------------------------------------------------------------------------


@program
def global_steps(tf):
    out = [tf.train.get_global_step() is None]
    with tf.name_scope("n"), tf.control_dependencies([tf.constant(1)]):
        step = tf.train.create_global_step()
    out += [step.name, step.dtype.name, step.shape.as_list(), step.trainable, str(step.aggregation)]
    out.append(error(tf.train.create_global_step))
    out.append(tf.train.get_or_create_global_step() is step)
    out.append(tf.train.get_global_step(tf.get_default_graph()) is step)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        out.append(tf.train.global_step(sess, step))
        out.append(tf.train.global_step(sess, "global_step:0"))
    tf.add_to_collection(tf.GraphKeys.GLOBAL_STEP, step)
    out.append(tf.train.get_global_step() is None)
    return [out, ops(tf), collections(tf)]


@program
def global_steps_by_name(tf):
    v = tf.Variable(7, name="global_step", trainable=False)
    found = tf.train.get_global_step()
    return [
        found.name, type(found).__name__ == type(v).__name__, error(tf.train.assert_global_step, tf.constant(1.0)),
        error(tf.train.assert_global_step, tf.constant([1])), error(tf.train.assert_global_step, 3)[0],
        error(tf.train.assert_global_step, tf.placeholder(tf.int32)), error(tf.train.create_global_step),
    ]  # fmt: skip
