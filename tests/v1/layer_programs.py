"""Programs that use `tf.layers.Layer` and `tf.contrib.layers`; TensorFlow's answers are in `golden/layers.json`.

Those about contrib run in TensorFlow 1.15, with Python 3.7.
"""

import copy

import numpy as np

KEYS = ("variables", "trainable_variables", "model_variables", "regularization_losses", "update_ops", "mine", "outs")


def rows(tf):
    return tf.placeholder(tf.float32, [None, 4])


def shown(tensor):
    rank = tensor.shape.ndims
    return [tensor.name, tensor.dtype.name, None if rank is None else tensor.shape.as_list()]


def members(tf):
    return {key: [item.name for item in tf.get_collection(key)] for key in KEYS}


def about(layer):
    names = [v.name for v in layer.weights], [v.name for v in layer.trainable_weights]
    return [layer.name, layer.scope_name, layer.dtype, *names, layer.built]


def attempts(*calls):
    found = []
    for call in calls:
        try:
            made = call()
            found.append(shown(made) if hasattr(made, "dtype") else str(made))
        except (TypeError, ValueError, AttributeError) as error:
            found.append(type(error).__name__)
    return found


def own_class(tf, **options):
    class MyDense(tf.layers.Layer):
        def build(self, input_shape):
            self.kernel = self.add_variable("kernel", [int(input_shape[-1]), 3], **options)
            super().build(input_shape)

        def call(self, inputs):
            return tf.matmul(inputs, self.kernel)

    return MyDense


# -- tf.layers.Layer ----------------------------------------------------------------------------------


def scopes(tf):
    kind, x = own_class(tf), rows(tf)
    first, second = kind(), kind()
    first(x), first(x), second(x)
    with tf.variable_scope("s"):
        named = kind(name="q")
        named(x)
    with tf.name_scope("n"):
        kind()(x), first(x)
    given = kind(_scope="abc")
    given(x)
    again = kind(_scope="abc", _reuse=True)
    again(x)
    late = kind()
    late(x, scope="zz")
    with tf.variable_scope("o") as scope:
        inside = kind(_scope=scope, name="nm")
        inside(x)
    copied = copy.deepcopy(kind(name="c"))
    copied(x)
    return [about(one) for one in (first, second, named, given, again, late, inside, copied)]


def variables(tf):
    kind, x = own_class(tf), rows(tf)

    def frozen(getter, *args, **kwargs):
        kwargs["trainable"] = False
        return getter(*args, **kwargs)

    made = []
    choices = (
        {"custom_getter": frozen},
        {"partitioner": tf.fixed_size_partitioner(2)},
        {"initializer": tf.ones_initializer(), "use_resource": True, "regularizer": tf.reduce_max},
    )
    for number, options in enumerate(choices):
        with tf.variable_scope(f"v{number}", **options):
            made.append(kind())
            made[-1](x)
    made.append(kind(trainable=False))
    made[-1](x)
    regular = own_class(tf, regularizer=tf.reduce_sum)
    made += [regular(name="r"), regular(name="r", _reuse=True)]
    made[-2](x), made[-1](x)
    return [[about(one) for one in made], members(tf), [loss.name for loss in made[-2].losses]]


def weights(tf):
    class Many(tf.layers.Layer):
        def build(self, input_shape):
            self.add_weight("a", (2, 3), initializer="ones", constraint="non_neg")
            self.add_weight("b", [], initializer="zeros", dtype=tf.int32)
            self.add_weight("c", [2], dtype=tf.int64)
            self.add_weight("d", [2], dtype=tf.bool)
            self.add_weight("e", [3], trainable=True, use_resource=True)
            self.add_weight(name="f", shape=[1], trainable=False)
            self.built = True

        def call(self, inputs):
            return inputs

    many = Many()
    many(rows(tf))
    return [about(many), [str(v.dtype) for v in many.weights], many.count_params()]


def refusals(tf):
    kind, x, spec = own_class(tf), rows(tf), tf.layers.InputSpec

    class Nothing(tf.layers.Layer):
        def call(self, inputs):
            return None

    def wanting(wanted):
        layer = kind()
        layer.input_spec = wanted
        return layer(x)

    return attempts(
        lambda: Nothing()(x),
        lambda: kind()(),
        lambda: kind(unknown=1),
        lambda: kind().scope_name,
        lambda: kind().count_params(),
        lambda: kind().add_weight("a", [1], unknown=1),
        lambda: kind().output,
        lambda: wanting(3),
        lambda: wanting(spec(ndim=3)),
        lambda: wanting(spec(min_ndim=3)),
        lambda: wanting(spec(max_ndim=1)),
        lambda: wanting(spec(axes={-1: 5})),
        lambda: wanting(spec(shape=(None, 3))),
        lambda: wanting(spec(dtype="int32")),
        lambda: wanting([spec(), spec()]),
        lambda: wanting(spec(shape=(None, 4, 1), allow_last_axis_squeeze=True)),
        lambda: spec(axes={3: 1}, ndim=2),
        lambda: repr(spec(shape=(None, 4), axes={-1: 4})),
        lambda: kind(name="x").get_config(),
        lambda: kind.from_config({"name": "q", "trainable": False}).trainable,
    )


def names(tf):
    found = []
    for name in ("HTTPServer2D", "LSTM", "_Private", "MyOwnLayer", "Dense"):
        layer = type(name, (tf.layers.Layer,), {"call": lambda self, inputs: inputs + 1.0})()
        layer.apply(rows(tf))
        found.append([layer.name, layer.scope_name])
    return found


LAYERS = (scopes, variables, weights, refusals, names)


def network(tf, x):
    """A convolution, batch normalization and a dense layer."""
    h = tf.layers.conv2d(x, 3, 3, padding="same", kernel_initializer=tf.random_uniform_initializer(-1.0, 1.0, seed=1))
    h = tf.layers.batch_normalization(h, training=tf.placeholder_with_default(True, []), momentum=0.5)
    h = tf.layers.flatten(tf.layers.max_pooling2d(tf.nn.relu(h), 2, 2))
    return tf.layers.dense(h, 2, kernel_initializer=tf.random_uniform_initializer(-1.0, 1.0, seed=2), name="last")


# -- tf.contrib.layers --------------------------------------------------------------------------------


def contrib_dense(tf):
    layers, x, l2 = tf.contrib.layers, rows(tf), tf.contrib.layers.l2_regularizer
    cube = tf.placeholder(tf.float32, [2, 3, 4])
    labels = tf.placeholder(tf.int32, [3])
    full = layers.fully_connected
    found = attempts(
        lambda: full(x, 3),
        lambda: full(x, 3, None, scope="fc", weights_regularizer=l2(0.1), biases_regularizer=l2(0.2)),
        lambda: full(x, 3, scope="fc", reuse=True),
        lambda: full(x, 3, biases_initializer=None, variables_collections=["mine"], outputs_collections="outs"),
        lambda: full(x, 3, normalizer_fn=layers.batch_norm, normalizer_params={"scale": True}),
        lambda: full(x, 3, trainable=False, variables_collections={"weights": ["mine"]}),
        lambda: full(cube, 3, tf.nn.tanh),
        lambda: full(x, 3.0),
        lambda: layers.linear(x, 2),
        lambda: layers.relu6(x, 2),
        lambda: layers.bias_add(x, tf.nn.relu, regularizer=l2(0.5)),
        lambda: layers.dropout(x, 0.7, is_training=False, scope="dr", outputs_collections="outs"),
        lambda: layers.flatten(cube),
        lambda: layers.one_hot_encoding(labels, 4),
        lambda: layers.softmax(cube),
        lambda: layers.maxout(x, 2),
        lambda: layers.maxout(x, 3),
        lambda: layers.unit_norm(cube, 1),
        lambda: layers.repeat(x, 2, full, 5),
        lambda: layers.stack(x, full, [3, 4], scope="st"),
        lambda: layers.stack(x, full, [[3, tf.nn.tanh]]),
        lambda: layers.legacy_fully_connected(cube, 3, tf.nn.relu, weight_regularizer=l2(0.1)),
        lambda: layers.layer_norm(x),
        lambda: layers.layer_norm(cube, activation_fn=tf.nn.relu, begin_norm_axis=2, center=False),
        lambda: layers.layer_norm(cube, begin_params_axis=1),
        lambda: layers.layer_norm(tf.placeholder(tf.float32, [2, None])),
        lambda: layers.embed_sequence(labels, 7, 3, regularizer=l2(0.1)),
        lambda: layers.embed_sequence(labels),
        lambda: layers.apply_regularization(l2(0.1), tf.trainable_variables()[:2]),
    )
    with tf.contrib.framework.arg_scope([full], activation_fn=tf.nn.elu, weights_initializer=tf.zeros_initializer()):
        found.append(shown(full(x, 2)))
    return [found, members(tf)]


def contrib_images(tf):
    layers, x = tf.contrib.layers, tf.placeholder(tf.float32, [None, 9, 8, 4])
    series, norm = tf.placeholder(tf.float32, [None, 9, 3]), layers.batch_norm
    found = attempts(
        lambda: layers.conv2d(x, 4, 3),
        lambda: layers.convolution2d(x, 4, [3, 2], stride=2, padding="VALID", activation_fn=None, scope="c"),
        lambda: layers.conv2d(x, 4, 3, normalizer_fn=norm, variables_collections=["mine"]),
        lambda: layers.conv2d(x, 4, 3, rate=2, biases_initializer=None),
        lambda: layers.conv2d(series, 3, 2),
        lambda: layers.convolution(series, 3, 2),
        lambda: layers.conv2d(x, 3, 3, data_format="X"),
        lambda: layers.conv2d_transpose(x, 2, 3, stride=2, normalizer_fn=norm),
        lambda: layers.separable_conv2d(x, 4, 3, 2, weights_regularizer=layers.l2_regularizer(0.1)),
        lambda: layers.separable_conv2d(x, None, 3, 2),
        lambda: layers.conv2d_in_plane(x, 3),
        lambda: layers.max_pool2d(x, [3, 2], 1, "SAME", scope="mp", outputs_collections="outs"),
        lambda: layers.avg_pool2d(x, 2),
        lambda: layers.spatial_softmax(x),
        lambda: layers.instance_norm(x),
        lambda: layers.group_norm(x, 2),
        lambda: layers.group_norm(x, 3),
        lambda: norm(x),
        lambda: norm(x, is_training=False, scale=True, scope="b"),
        lambda: norm(x, scale=True, scope="b", reuse=True),
        lambda: norm(x, updates_collections=None),
        lambda: norm(x, updates_collections="mine", fused=False),
        lambda: norm(x, zero_debias_moving_mean=True),
        lambda: norm(x, renorm=True, updates_collections=None),
        lambda: norm(x, activation_fn=tf.nn.relu, variables_collections=["mine"], trainable=False),
    )
    return [found, members(tf)]


def contrib_values(tf):
    layers, training = tf.contrib.layers, tf.placeholder_with_default(True, [])
    x, w = tf.placeholder(tf.float32, [2, 6, 5, 4]), tf.placeholder(tf.float32, [2])
    y = tf.reshape(x, [12, 20])
    seeded = [layers.fully_connected, layers.conv2d, layers.conv2d_transpose, layers.separable_conv2d]
    with tf.contrib.framework.arg_scope(seeded, weights_initializer=layers.xavier_initializer(seed=3)):
        outputs = [
            layers.fully_connected(y, 3),
            layers.conv2d(x, 3, 3, normalizer_fn=layers.batch_norm),
            layers.conv2d_transpose(x, 2, 3, 2),
            layers.separable_conv2d(x, 3, 3, 2),
        ]
    outputs += [
        layers.layer_norm(x),
        layers.layer_norm(y),
        layers.batch_norm(y, updates_collections=None, decay=0.5),
        layers.batch_norm(x, batch_weights=w, updates_collections=None),
        layers.batch_norm(x, zero_debias_moving_mean=True, decay=0.8),
        layers.batch_norm(y, is_training=training, decay=0.7),
        layers.instance_norm(x),
        layers.group_norm(x, 2),
        layers.spatial_softmax(x),
        layers.unit_norm(y, 1),
        layers.maxout(y, 5),
    ]
    values = np.sin(np.arange(240, dtype=np.float32)).reshape(2, 6, 5, 4)
    sums = [tf.reduce_sum(v) for v in tf.global_variables()]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found = []
        for k in (1.0, 2.0):
            made, _ = session.run([outputs, tf.get_collection("update_ops")], {x: values * k, w: [1.0, 3.0]})
            found.append([[float(np.sum(np.square(a))), float(np.sum(a[0]))] for a in made])
        return [*found, [float(a) for a in session.run(sums)]]


CONTRIB = (contrib_dense, contrib_images, contrib_values)
