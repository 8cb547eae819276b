"""What one can do with a `tf.TensorArray`, in a graph and eagerly: one-liners by name.

Each returns tensors or what TensorFlow says of the array; an error is a result as well.
"""


def _array(tf, size=3, dtype=None, **more):
    return tf.TensorArray(dtype or tf.float32, size, **more)


def _read_twice(tf, **more):
    array = _array(tf, 2, **more).write(0, 1.5)
    first = array.read(0)
    with tf.control_dependencies([first]):
        return first, array.read(0)


def _filled(tf, **more):
    return _array(tf, 3, **more).unstack([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])


def _written_in_a_loop(tf, **more):
    start = tf.constant(0), _array(tf, **more), tf.constant([1.0, 2.0])
    return tf.while_loop(lambda i, *_: i < 3, lambda i, a, h: (i + 1, a.write(i, h), h * 2.0), start)


def _filtered(tf):
    array = tf.TensorArray(tf.int32, 0, dynamic_size=True)
    values = tf.constant([5, 2, 7, 8, 1])

    def step(i, array):
        return i + 1, tf.cond(values[i] > 4, lambda: array.write(array.size(), values[i]), lambda: array)

    return tf.while_loop(lambda i, _: i < 5, step, (0, array))[1].stack()


def _summed(tf):
    array = _filled(tf, clear_after_read=False)
    return tf.while_loop(lambda i, s: i < array.size(), lambda i, s: (i + 1, s + array.read(i)), (0, tf.zeros([2])))


def _list_of_arrays(tf):
    arrays = [_array(tf, 2), _array(tf, 2, tf.int32)]

    def step(i, arrays):
        return i + 1, [arrays[0].write(i, 0.5), arrays[1].write(i, i * 3)]

    _, arrays = tf.while_loop(lambda i, _: i < 2, step, (0, arrays))
    return [array.stack() for array in arrays]


#: By name: functions of `tf`.
ANYWHERE = {
    "write": lambda tf: _array(tf).write(0, 1.0).write(2, 3.0).write(1, 2.0).stack(),
    "write a number for int64": lambda tf: _array(tf, 1, tf.int64).write(0, 7).stack(),
    "write numpy's default": lambda tf: _array(tf, 1, tf.float64).write(0, [1.5, 2.5]).read(0),
    "write bool": lambda tf: _array(tf, 2, tf.bool).write(0, True).write(1, False).stack(),
    "write strings": lambda tf: _array(tf, 2, tf.string).write(0, "a").write(1, "bc").stack(),
    "write complex": lambda tf: _array(tf, 1, tf.complex64).write(0, [1 + 2j]).stack(),
    "write behind": lambda tf: _array(tf, 2).write(3, 1.0).stack(),
    "write before": lambda tf: _array(tf, 2, dynamic_size=True).write(-1, 1.0).stack(),
    "write twice": lambda tf: _array(tf, 2).write(0, 1.0).write(0, 2.0).write(1, 2.0).stack(),
    "write another dtype": lambda tf: _array(tf, 2).write(0, tf.constant(1)).stack(),
    "write another shape": lambda tf: _array(tf, 2).write(0, 1.0).write(1, [1.0]).stack(),
    "write any shape": lambda tf: _array(tf, 2, infer_shape=False).write(0, 1.0).write(1, [1.0]).read(1),
    "write against the declared": lambda tf: _array(tf, 2, element_shape=[2]).write(0, [1.0, 2.0, 3.0]).stack(),
    "write grown": lambda tf: (lambda a: (a.size(), a.stack()))(
        _array(tf, 0, dynamic_size=True).write(3, 1.0).write(0, 2.0)
    ),
    "write at a tensor": lambda tf: _array(tf, 2).write(tf.constant(1), 4.0).write(tf.constant(0), 1.0).stack(),
    "read": lambda tf: _filled(tf).read(1),
    "read at a tensor": lambda tf: _filled(tf).read(tf.constant(2)),
    "read behind": lambda tf: _filled(tf).read(3),
    "read before": lambda tf: _filled(tf).read(-1),
    "read the unwritten": lambda tf: _array(tf, 2).read(1),
    "read the unwritten of known shape": lambda tf: _array(tf, 2, element_shape=[2]).read(1),
    "read the unwritten of an array in use": lambda tf: _array(tf, 2).write(0, [1.0, 2.0]).read(1),
    "read twice": _read_twice,
    "read twice what is kept": lambda tf: _read_twice(tf, clear_after_read=False),
    "read twice what is not kept": lambda tf: _read_twice(tf, clear_after_read=True),
    "stack": lambda tf: _filled(tf).stack(),
    "stack nothing of known shape": lambda tf: _array(tf, 0, element_shape=[2]).stack(),
    "stack nothing": lambda tf: _array(tf, 0).stack(),
    "stack with gaps": lambda tf: _array(tf).write(1, [1.0, 2.0]).stack(),
    "stack mixed shapes": lambda tf: _array(tf, 2, infer_shape=False).write(0, 1.0).write(1, [1.0]).stack(),
    "stack partly known": lambda tf: _array(tf, 2, element_shape=[None, 2]).write(0, [[1.0, 2.0]]).stack(),
    "unstack too much": lambda tf: _array(tf, 2).unstack([1.0, 2.0, 3.0]).stack(),
    "unstack too little": lambda tf: _array(tf, 4).unstack([1.0, 2.0, 3.0]).stack(),
    "unstack grown": lambda tf: _array(tf, 1, dynamic_size=True).unstack([1.0, 2.0, 3.0]).stack(),
    "unstack a number": lambda tf: _array(tf, 1).unstack(1.0).stack(),
    "unstack another shape": lambda tf: _array(tf, 2, element_shape=[3]).unstack(tf.zeros([2, 2])).stack(),
    "scatter": lambda tf: _array(tf).scatter([2, 0], [[1.0, 2.0], [3.0, 4.0]]).stack(),
    "scatter too few": lambda tf: _array(tf).scatter([0, 2, 1], [1.0, 2.0]).stack(),
    "scatter too many": lambda tf: _array(tf).scatter([0], [1.0, 2.0]).stack(),
    "scatter twice to one": lambda tf: _array(tf).scatter([1, 1, 0], [1.0, 2.0, 3.0]).read(1),
    "scatter grown": lambda tf: _array(tf, 0, dynamic_size=True).scatter([1, 0, 3], [1.0, 2.0, 3.0]).stack(),
    "scatter behind": lambda tf: _array(tf).scatter([1, 5], [1.0, 2.0]).stack(),
    "gather": lambda tf: _filled(tf).gather([2, 0]),
    "gather some twice": lambda tf: _filled(tf, clear_after_read=False).gather([2, 0, 2]),
    "gather none": lambda tf: _filled(tf).gather(tf.zeros([0], tf.int32)),
    "gather behind": lambda tf: _filled(tf).gather([0, 3]),
    "gather before": lambda tf: _filled(tf).gather([-1]),
    "split": lambda tf: _array(tf, 2, infer_shape=False).split([1.0, 2.0, 3.0], [1, 2]).read(1),
    "split evenly": lambda tf: _array(tf, 2).split([[1.0], [2.0], [3.0], [4.0]], [2, 2]).concat(),
    "split short": lambda tf: _array(tf, 2, infer_shape=False).split([1.0, 2.0, 3.0], [1, 1]).concat(),
    "split in too many": lambda tf: _array(tf, 2, infer_shape=False).split([1.0, 2.0, 3.0], [1, 1, 1]).concat(),
    "split in too few": lambda tf: _array(tf, 4, infer_shape=False).split([1.0, 2.0, 3.0], [1, 2]).concat(),
    "split in unlike parts": lambda tf: _array(tf, 2).split([1.0, 2.0, 3.0], [1, 2]).concat(),
    "split grown": lambda tf: _array(tf, 1, dynamic_size=True).split([1.0, 2.0, 3.0], [1, 1, 1]).concat(),
    "split an empty part": lambda tf: _array(tf, 2, infer_shape=False).split([1.0, 2.0], [0, 2]).concat(),
    "split a number": lambda tf: _array(tf, 1).split(1.0, [1]).concat(),
    "concat": lambda tf: _array(tf, 2, infer_shape=False).write(0, [[1.0, 2.0]]).write(1, tf.ones([2, 2])).concat(),
    "concat unlike": lambda tf: _array(tf, 2, infer_shape=False).write(0, [[1.0, 2.0]]).write(1, [[1.0]]).concat(),
    "concat numbers": lambda tf: _array(tf, 2).write(0, 1.0).write(1, 2.0).concat(),
    "concat partly known": lambda tf: (
        _array(tf, 2, element_shape=[None, 2], infer_shape=False)
        .write(0, [[1.0, 2.0]])
        .write(1, tf.zeros([0, 2]))
        .concat()
    ),
    "size": lambda tf: (_array(tf).size(), _array(tf, tf.constant(4)).size(), _filled(tf).size()),
    "size of the grown": lambda tf: _array(tf, 1, dynamic_size=True).write(6, 1.0).size(),
    "without a size": lambda tf: tf.TensorArray(tf.float32),
    "close": lambda tf: _filled(tf).close() is None or None,
    "identity": lambda tf: _filled(tf).identity().stack(),
    "properties": lambda tf: (lambda a: (a.dtype.name, a.dynamic_size, a.element_shape.as_list()))(
        _array(tf, 2, element_shape=[None, 3], dynamic_size=True)
    ),
    "shape learned": lambda tf: _array(tf, 2, element_shape=[None, 2]).write(0, [[1.0, 2.0]]).element_shape.as_list(),
    "shape not learned": lambda tf: str(_array(tf, 2, infer_shape=False).write(0, [1.0, 2.0]).element_shape),
    "dtype by name": lambda tf: tf.TensorArray("float64", 1).write(0, 1.0).stack(),
    "dtype as keyword": lambda tf: tf.TensorArray(dtype=tf.int32, size=2, name="mine").unstack([1, 2]).stack("now"),
    "in a loop": lambda tf: (lambda r: (r[0], r[1].stack(), r[2]))(_written_in_a_loop(tf)),
    "growing in a loop": lambda tf: _written_in_a_loop(tf, size=0, dynamic_size=True)[1].stack(),
    "with room left by a loop": lambda tf: _written_in_a_loop(tf, size=5, element_shape=[2])[1].stack(),
    "too small for a loop": lambda tf: _written_in_a_loop(tf, size=2)[1].stack(),
    "joined after a loop": lambda tf: _written_in_a_loop(tf)[1].concat(),
    "what holds": _filtered,
    "read in a loop": _summed,
    "several in a loop": _list_of_arrays,
    "in a branch": lambda tf: (lambda a: tf.cond(tf.constant(2) > 1, lambda: a.write(0, 5.0), lambda: a).stack())(
        _array(tf, 2, element_shape=[])
    ),
}


def _sums_of_gradients(tf):
    array = _filled(tf)
    other = array.grad("mine").write(0, [1.0, 2.0]).write(0, [10.0, 20.0]).write(2, [5.0, 6.0])
    return other.read(0), other.read(2)


def _sliced_gradient(tf):
    x = tf.placeholder_with_default(tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), [None, 2])
    array = tf.TensorArray(tf.float32, tf.shape(x)[0], clear_after_read=False).unstack(x)
    y = array.read(1) ** 2.0 + array.read(1) * array.read(0)
    return y, tf.gradients(y, x)


def _joined_gradient(tf):
    x, z = tf.constant([[1.0, 2.0]]), tf.constant([[3.0, 4.0], [5.0, 6.0]])
    array = tf.TensorArray(tf.float32, 2, infer_shape=False).write(0, x).write(1, z * z)
    y = array.concat()
    return y, tf.gradients(y * tf.constant([[1.0], [2.0], [3.0]]), [x, z])


def _cut_gradient(tf):
    x = tf.constant([1.0, 2.0, 3.0, 4.0])
    parts = tf.TensorArray(tf.float32, 2, infer_shape=False, clear_after_read=False).split(x, [1, 3])
    return tf.gradients(tf.reduce_sum(parts.read(1) ** 2.0) * parts.read(0)[0], x)


def _placed_gradient(tf):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    array = tf.TensorArray(tf.float32, 4, element_shape=[2], clear_after_read=False).scatter([3, 1], x)
    y = array.gather([1, 1, 3])
    return y, tf.gradients(y * y, x)


def _unused_gradient(tf):
    x = tf.constant([1.0, 2.0, 3.0])
    array = tf.TensorArray(tf.float32, 3).unstack(x)
    return tf.gradients(array.read(1) * 3.0, x)


def _again_by_handle(tf):
    array = _filled(tf)
    again = tf.TensorArray(tf.float32, handle=array.handle, flow=array.flow)
    return again.read(2), again.size()


#: In graphs only.
GRAPHS = {
    "grad": _sums_of_gradients,
    "gradient of read": _sliced_gradient,
    "gradient of concat": _joined_gradient,
    "gradient of split": _cut_gradient,
    "gradient of scatter": _placed_gradient,
    "gradient of what is not read": _unused_gradient,
    "by handle": _again_by_handle,
    "handle and size": lambda tf: tf.TensorArray(tf.float32, 2, handle=_array(tf).handle),
    "handle and name": lambda tf: tf.TensorArray(tf.float32, handle=_array(tf).handle, tensor_array_name="q"),
    "handle and shape": lambda tf: tf.TensorArray(tf.float32, handle=_array(tf).handle, element_shape=[1]),
    "handle and growth": lambda tf: tf.TensorArray(tf.float32, handle=_array(tf).handle, dynamic_size=True),
    "handle and clearing": lambda tf: tf.TensorArray(tf.float32, handle=_array(tf).handle, clear_after_read=True),
    "no handle": lambda tf: tf.TensorArray(tf.float32, handle=3),
    "shape of parts": lambda tf: _array(tf, 2).split(tf.zeros([4, 1]), [2, 2]).element_shape.as_list(),
    "shape of concat": lambda tf: str(_array(tf, 2, element_shape=[None, 3]).concat().shape),
    "shape of stack": lambda tf: str(
        tf.TensorArray(tf.float32, tf.placeholder_with_default(2, []), element_shape=[3]).stack().shape
    ),
    "unknown rows": lambda tf: (
        tf.TensorArray(tf.float32, tf.placeholder_with_default(2, []))
        .unstack(tf.placeholder_with_default([[1.0], [2.0]], None))
        .stack()
    ),
    "named": lambda tf: (
        tf.TensorArray(tf.float32, 1, tensor_array_name="mine", name="mine").write(0, 1.0, "put").read(0, "get")
    ),
}

#: Eagerly only.
EAGERLY = {
    "handle": lambda tf: str(_array(tf).handle),
    "grad": lambda tf: _array(tf).grad("mine"),
    "flow": lambda tf: _array(tf).flow,
    "is changed itself": lambda tf: (lambda a: (a.write(0, 5.0).size(), a.write(1, 6.0).size(), a.stack()))(
        _array(tf, 2)
    ),
    "stack twice": lambda tf: (lambda a: (a.stack(), a.stack()))(_filled(tf)),
    "stack twice what is kept": lambda tf: (lambda a: (a.stack(), a.stack()))(_filled(tf, clear_after_read=False)),
    "gather twice": lambda tf: (lambda a: (a.gather([1]), a.gather([1])))(_filled(tf)),
    "write after read": lambda tf: (lambda a: (a.read(0), a.write(0, [7.0, 8.0]).read(0)))(_filled(tf)),
    "unstack again": lambda tf: (lambda a: (a.stack(), a.unstack([[9.0, 9.0]] * 3).stack()))(_filled(tf)),
    "read after close": lambda tf: (lambda a: (a.close(), a.read(0)))(_filled(tf)),
    "size after close": lambda tf: (lambda a: (a.close(), a.size()))(_filled(tf)),
}
