"""Programs about partitioned variables, slots, moving averages and `tf.group`: see `scope_programs`."""

import numpy as np
from scope_programs import PROGRAMS as OTHERS
from scope_programs import collections, error, initialized, names, ops

PROGRAMS = {}


def program(function):
    assert function.__name__ not in OTHERS
    PROGRAMS[function.__name__] = function
    return function


def parts(whole):
    return [
        [part.name, part.shape.as_list(), info.full_name, info.full_shape, info.var_offset, info.var_shape, info.spec]
        for part in whole
        for info in [part._get_save_slice_info()]
    ]


@program
def partitioned(tf):
    with tf.variable_scope("s", partitioner=tf.fixed_size_partitioner(3)):
        v = tf.get_variable("v", [7, 2], initializer=tf.ones_initializer())
        scalar = tf.get_variable("scalar", [], initializer=tf.ones_initializer())
        w = tf.get_variable("w", [2, 4], tf.int64, partitioner=tf.fixed_size_partitioner(2, axis=1))
        single = tf.get_variable("single", [1, 3], initializer=tf.ones_initializer())
    out = [[x.name, str(x.shape), x.dtype.name, len(x), list(x._get_partitions()), parts(x)] for x in (v, w, single)]
    before = ops(tf)
    total = tf.reduce_sum(v)
    tensors = [tf.convert_to_tensor(v), v.as_tensor(), single.as_tensor(), w.as_tensor()]
    values = initialized(tf, [total, *tensors])
    return [out, scalar.name, before, ops(tf), names(tensors), collections(tf), values]


@program
def partitioned_from_values(tf):
    value = np.arange(12, dtype=np.float32).reshape(4, 3)
    half = tf.fixed_size_partitioner(2)
    a = tf.get_variable("a", initializer=tf.constant(value), partitioner=half)

    def place(shape, dtype, partition_info):
        return tf.fill(shape, tf.cast(partition_info.var_offset[0] * 100 + partition_info.full_shape[0], dtype))

    b = tf.get_variable("b", [4, 3], initializer=place, partitioner=half)
    c = tf.get_variable("c", [4], tf.float64, partitioner=half, use_resource=True)
    listed = error(tf.get_variable, "d", [2], initializer=[1.0, 2.0], partitioner=half)
    return [
        parts(a), parts(b), c._get_variable_list()[0].op.type, listed, ops(tf),
        initialized(tf, [a.as_tensor(), b.as_tensor()]),
    ]  # fmt: skip


@program
def partitioned_reuse(tf):
    half = tf.fixed_size_partitioner(2)
    v = tf.get_variable("v", [4, 2], partitioner=half)
    plain = tf.get_variable("plain", [4])
    out = [
        error(tf.get_variable, "v", [4, 2], partitioner=half),
        error(tf.get_variable, "v", [4, 2]),
        error(tf.get_variable, "plain", [4], partitioner=half),
        error(tf.get_variable, "v/part_0", [2, 2]),
    ]
    with tf.variable_scope("", reuse=True):
        out += [
            tf.get_variable("v", [4, 2], partitioner=half) is v,
            tf.get_variable("v", [4, 2]) is v,
            tf.get_variable("v/part_1") is list(v)[1],
            error(tf.get_variable, "v", [4, 3], partitioner=half),
            error(tf.get_variable, "v", [4, 2], tf.int32, partitioner=half),
            error(tf.get_variable, "v", [4, 2], partitioner=tf.fixed_size_partitioner(4)),
            error(tf.get_variable, "other", [4, 2], partitioner=half),
            tf.get_variable("plain") is plain,
        ]
    with tf.variable_scope("", reuse=tf.AUTO_REUSE):
        out.append(tf.get_variable("v", [4, 2], partitioner=half) is v)
    return [out, collections(tf)]


@program
def bad_partitioners(tf):
    def bad(answer, shape=(4, 2)):
        return error(tf.get_variable, "v", shape, partitioner=lambda shape, dtype: answer)

    return [
        bad(3), bad([2]), bad([0, 1]), bad([2, 2]), bad([2, 1], [None, 2]), bad([2, 1], None),
        error(tf.get_variable, "v", tf.TensorShape([]), partitioner=lambda **_: []),
    ]  # fmt: skip


@program
def partitioners(tf):
    def of(partitioner, shape, dtype=tf.float32):
        return partitioner(shape=tf.TensorShape(shape), dtype=dtype)

    axis_size, min_max = tf.variable_axis_size_partitioner, tf.min_max_variable_partitioner
    return [
        of(axis_size(64), [8, 8]), of(axis_size(1), [8, 8]), of(axis_size(100), [9, 3]),
        of(axis_size(64, axis=1), [4, 8]), of(axis_size(64), [4, 8], tf.string), of(axis_size(64), [4, 8], tf.float64),
        of(axis_size(64, max_shards=3), [8, 8]), of(axis_size(10**9), [8, 8]),
        of(min_max(max_partitions=100, min_slice_size=2 << 10), [2048]), of(min_max(3, min_slice_size=1), [8, 8]),
        of(min_max(100, 1, 64), [8, 8], tf.string), of(min_max(100, 0, 64, 4), [8, 8], tf.string), of(min_max(), [9]),
        of(tf.fixed_size_partitioner(5), [3, 2]), of(tf.fixed_size_partitioner(2, axis=1), [3, 2]),
        error(axis_size, 0), error(axis_size, 4, bytes_per_string_element=0), error(axis_size, 4, max_shards=-1),
        error(of, min_max(axis=1), [4]), error(axis_size(4), shape=[3], dtype=tf.float32),
        error(of, axis_size(4), [None]),
    ]  # fmt: skip


@program
def create_partitioned(tf):
    rnd = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    a = tf.create_partitioned_variables([3, 2], [2, 1], tf.constant(rnd))
    b = tf.create_partitioned_variables([3, 2], [1, 2], tf.zeros_initializer(), name="named", trainable=False)
    c = tf.create_partitioned_variables([3, 2], [1, 1], tf.zeros_initializer(), dtype=tf.int32, collections=["mine"])
    with tf.variable_scope("hi"):
        d = tf.create_partitioned_variables([3, 2], [3, 1], tf.constant(rnd))
    again = tf.create_partitioned_variables([3, 2], [1, 2], tf.zeros_initializer(), name="named", reuse=True)
    out = [
        error(tf.create_partitioned_variables, [3], [1, 1], tf.zeros_initializer()),
        error(tf.create_partitioned_variables, [], [], tf.zeros_initializer()),
        error(tf.create_partitioned_variables, [3, 2], [2, 2], tf.zeros_initializer()),
        error(tf.create_partitioned_variables, [3, 2], [5, 1], tf.zeros_initializer())[0],
    ]
    with tf.variable_scope("g", custom_getter=lambda getter, *a, **k: getter(*a, **k)):
        out.append(error(tf.create_partitioned_variables, [3, 2], [2, 1], tf.zeros_initializer())[0])
    return [
        parts(a),
        parts(b),
        parts(c),
        parts(d),
        all(x is y for x, y in zip(b, again, strict=True)),
        out,
        collections(tf),
    ]


@program
def assign_partitioned(tf):
    v = tf.get_variable("v", [4, 2], initializer=tf.zeros_initializer(), partitioner=tf.fixed_size_partitioner(2))
    w = tf.get_variable("w", [4, 2], initializer=tf.ones_initializer(), partitioner=tf.fixed_size_partitioner(2))
    value = tf.constant(np.arange(8.0).reshape(4, 2), tf.float32)
    steps = [v.assign(value), v.assign_add([np.ones([2, 2]), np.ones([2, 2])]), v.assign_sub(w), v.assign(value * 2)]
    out = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for step in steps:
            sess.run(step)
            out.append(sess.run(v.as_tensor()).tolist())
        out.append(sess.run(list(v)[1]).tolist())
    return [out, ops(tf)]


# -- slots and averages -----------------------------------------------------------------------------


@program
def moving_average_of_values(tf):
    out = []
    for name, debias in (("plain", False), ("debiased", True)):
        v = tf.get_variable(name, [2], initializer=tf.zeros_initializer() if debias else tf.constant_initializer(2.0))
        averages = tf.train.ExponentialMovingAverage(0.25, zero_debias=debias)
        x = tf.placeholder(tf.float32, [2], name=f"{name}_x")
        update = averages.apply([v])
        tensor_update = averages.apply([x])
        shadow = averages.average(x)
        out += [update.name, update.type, shadow.name, averages.average(v).name, averages.average_name(v)]
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            sess.run(v.assign([4.0, 8.0]))
            for _ in range(3):
                sess.run([update, tensor_update], {x: [1.0, 3.0]})
                out.append([np.round(value, 4).tolist() for value in sess.run([averages.average(v), shadow])])
    return [out, collections(tf), [[v.name, v.trainable, v.shape.as_list()] for v in tf.global_variables()]]


@program
def moving_average_options(tf):
    count = tf.Variable(3, name="count", trainable=False)
    v = tf.Variable([1.0, 2.0], name="v")
    w = tf.Variable(5.0, name="w", dtype=tf.float64)
    averages = tf.train.ExponentialMovingAverage(0.9, num_updates=count, name="mine")
    before = averages.average_name(v), averages.average(v) is None
    update = averages.apply()
    again = averages.apply([v])
    restore = {key: value.name for key, value in averages.variables_to_restore().items()}
    few = {key: value.name for key, value in averages.variables_to_restore([v]).items()}
    out = [before, averages.name, averages.average_name(v), averages.average_name(w), sorted(restore.items())]
    out += [sorted(few.items()), names([update, again]), error(averages.apply, [count])]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(v.assign_add([1.0, 1.0]))
        sess.run(update)
        out += [np.round(sess.run(averages.average(x)), 4).tolist() for x in (v, w)]
    return [out, collections(tf)]


@program
def moving_average_updates(tf):
    """The operations of the update itself."""
    out = []
    for use_resource in (False, True):
        with tf.variable_scope(f"s{int(use_resource)}"):
            x = tf.constant([3.0, 1.0])
            averages = tf.train.ExponentialMovingAverage(0.5, zero_debias=True)
            with tf.variable_scope("vars", use_resource=use_resource):
                out.append(averages.apply([x]).name)
                out.append(averages.average(x).op.type)
    return [out, ops(tf), collections(tf)]


@program
def group_and_tuple(tf):
    a, b = tf.constant(1.0, name="a"), tf.constant(2.0, name="b")
    slices = tf.IndexedSlices(a * [[1.0]], tf.constant([0]))
    with tf.device("/cpu:0"):
        c = tf.constant(3.0, name="c")
    nothing = tf.group()
    named = tf.group(a, b, name="both")
    nested = tf.group([a, {"x": b}], (a.op,))
    two = tf.group(a, c)
    pair = tf.tuple([a, None, b])
    gated = tf.tuple([a, slices, named], name="gate", control_inputs=[c, b.op])
    made = [[op.name, sorted(x.name for x in op.control_inputs), op.device] for op in (nothing, named, nested, two)]
    out = [
        made, names(x for x in pair if x is not None), pair[1] is None, gated[0].name, gated[1].values.name,
        gated[2].name, [x.name for x in gated[0].op.control_inputs],
        error(tf.group, a, other=1), error(tf.group, 3), error(tf.tuple, [None]),
        error(tf.tuple, [a], control_inputs=[1]), tf.no_op().name, tf.no_op("nop").name,
    ]  # fmt: skip
    return [out, ops(tf)]


@program
def grouped_assignments(tf):
    v = tf.get_variable("v", initializer=1.0)
    w = tf.get_variable("w", initializer=1.0, use_resource=True)
    both = tf.group(v.assign_add(1.0), w.assign_add(2.0), v.initializer.name and v)
    with tf.control_dependencies([both]):
        after = tf.tuple([v.read_value(), w.read_value()])
    out = []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        out.append(sess.run(both) is None)
        out.append([float(x) for x in sess.run([v, w])])
        out.append([float(x) for x in sess.run(after)])
    return out


@program
def averages_of_one_variable(tf):
    from_module = modules(tf)
    out = []
    for use_resource in (False, True):
        name = f"v{int(use_resource)}"
        v = tf.get_variable(name, [2], initializer=tf.zeros_initializer(), use_resource=use_resource)
        x = tf.placeholder(tf.float32, [2])
        plain = from_module.assign_moving_average(v, x, 0.25, zero_debias=False)
        debiased = from_module.assign_moving_average(v, x, 0.25)
        named = from_module.assign_moving_average(v, x, tf.constant(0.5, tf.float64), name="named")
        weighted = from_module.weighted_moving_average(x, 0.5, tf.constant(2.0))
        out += [plain.name, debiased.name, named.name, weighted.name]
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            for update in (plain, debiased, debiased, weighted):
                out.append([round(float(value), 4) for value in sess.run(update, {x: [1.0, 3.0]})])
    return [out, [op for op in ops(tf) if "Read" not in op[0]], names(tf.global_variables())]


@program
def slots(tf):
    slot_creator = modules(tf, "slot_creator")
    out = []
    for use_resource in (False, True):
        v = tf.get_variable(f"v{int(use_resource)}", [2, 3], use_resource=use_resource, dtype=tf.float64)
        for name, dtype in (("first", None), ("second", tf.float32), ("first", None)):
            slot = slot_creator.create_zeros_slot(v, name, dtype)
            out.append([slot.name, slot.op.type, slot.dtype.name, slot.shape.as_list(), slot.trainable])
        slot = slot_creator.create_slot_with_initializer(
            v, tf.ones_initializer(), tf.TensorShape([4]), tf.int32, "third", colocate_with_primary=False
        )
        out.append([slot.name, slot.dtype.name, slot.shape.as_list()])
    with tf.variable_scope("inside", partitioner=tf.fixed_size_partitioner(2)):
        whole = tf.get_variable("w", [4, 3])
        made = [slot_creator.create_zeros_slot(part, "slot") for part in whole]
        short = slot_creator.create_slot(list(whole)[1], tf.constant([1.0, 2.0]), "short")
    again = [slot_creator.create_zeros_slot(part, "slot") for part in whole]
    of_tensor = slot_creator.create_slot(tf.constant([1.0], name="c"), tf.constant([5.0]), "slot")
    return [out, parts(made), parts([short]), parts(again), of_tensor.name, ops(tf)]


@program
def steps_read_and_incremented(tf):
    steps = modules(tf, "training_util")
    out = [error(steps._increment_global_step, 1), steps._get_or_create_global_step_read() is None]
    step = tf.train.create_global_step()
    read, one, three = (
        steps._get_or_create_global_step_read(), steps._increment_global_step(1), steps._increment_global_step(3),
    )  # fmt: skip
    out.append([read.name, one.name, three.name, steps._get_or_create_global_step_read() is read])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for fetches in ([read, one], [read, three], [read, step]):
            out.append(int(sess.run(fetches)[0]))
    return out


def modules(tf, name="moving_averages"):
    """The module of TensorFlow's, or what it is here."""
    if tf.__name__ != "onevar.v1":
        from tensorflow.python import training

        return __import__(f"{training.__name__}.{name}", fromlist=["x"])
    from onevar.v1 import global_steps, moving_averages, slot_creator

    return {"moving_averages": moving_averages, "slot_creator": slot_creator, "training_util": global_steps}[name]
