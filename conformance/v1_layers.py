"""Programs about `tf.layers`: the names and variables that layers make, what they compute, and how they train."""

from collections.abc import Callable
from typing import Any

import numpy as np

from onevar.conformance.v1_table import error, program, started, thrice

ROWS = np.linspace(-1.0, 1.0, 12, dtype=np.float32).reshape(3, 4)
SERIES = np.sin(np.arange(2 * 9 * 3, dtype=np.float32)).reshape(2, 9, 3)
IMAGES = np.sin(np.arange(2 * 7 * 6 * 3, dtype=np.float32) / 3.0).reshape(2, 7, 6, 3)
VOLUMES = np.cos(np.arange(1 * 4 * 4 * 5 * 2, dtype=np.float32)).reshape(1, 4, 4, 5, 2)
COLLECTIONS = ("variables", "trainable_variables", "regularization_losses", "update_ops", "losses")


def shown(variables: Any) -> list[Any]:
    """Return names, dtypes and shapes."""
    return [[v.name, v.dtype.base_dtype.name, v.shape.as_list()] for v in variables]


def built(tf: Any, outputs: Any) -> list[Any]:
    """Return what is in the graph and its collections, and the static shapes of outputs."""
    operations = [f"{op.type} {op.name}" for op in tf.get_default_graph().get_operations()]
    members = [[key, [item.name for item in tf.get_collection(key)]] for key in COLLECTIONS]
    return [operations, members, [[y.name, y.dtype.name, y.shape.as_list()] for y in outputs]]


def seeded(tf: Any, seed: int = 3) -> Any:
    """Return the scope in which kernels start from a seeded initializer."""
    return tf.variable_scope("net", initializer=tf.random_uniform_initializer(-0.5, 0.5, seed=seed))


def dense_layers(tf: Any, x: Any) -> list[Any]:
    """Return the outputs of dense layers of every kind."""
    layers, half = tf.layers, tf.constant_initializer(0.5)
    return [
        layers.dense(x, 3),
        layers.dense(x, 3, activation=tf.nn.relu, use_bias=False),
        layers.dense(x, 2, "tanh", bias_initializer=half, name="named"),
        layers.dense(x, 2, name="named", reuse=True),
        layers.dense(x, 2, kernel_regularizer=tf.nn.l2_loss, bias_regularizer=tf.reduce_sum, bias_initializer=half),
        layers.dense(x, 2, activity_regularizer=tf.reduce_sum, trainable=False),
        layers.dense(tf.reshape(x, [3, 2, 2]), 3, kernel_initializer=half),
        layers.flatten(tf.reshape(x, [3, 2, 2])),
        layers.flatten(tf.reshape(x, [3, 2, 2]), data_format="channels_first"),
    ]


def image_layers(tf: Any, x: Any) -> list[Any]:
    """Return the outputs of layers for images, of every kind."""
    layers = tf.layers
    return [
        layers.conv2d(x, 4, 3),
        layers.conv2d(x, 4, (2, 3), strides=2, padding="same", activation=tf.nn.relu, use_bias=False),
        layers.conv2d(x, 2, 2, dilation_rate=2, kernel_regularizer=tf.nn.l2_loss, name="wide"),
        layers.conv2d(x, 2, 3, padding="same", dilation_rate=(2, 1), bias_initializer=tf.ones_initializer()),
        layers.separable_conv2d(x, 4, 3, depth_multiplier=2),
        layers.separable_conv2d(x, 4, 3, strides=2, padding="same", activation=tf.nn.tanh),
        layers.conv2d_transpose(x, 2, 3),
        layers.conv2d_transpose(x, 2, 3, strides=(2, 3), padding="same", activation=tf.nn.sigmoid),
        layers.max_pooling2d(x, 2, 2),
        layers.max_pooling2d(x, (3, 2), (2, 1), padding="same"),
        layers.average_pooling2d(x, 2, 2),
        layers.average_pooling2d(x, 3, 2, padding="same"),
        layers.flatten(x),
    ]


def series_layers(tf: Any, x: Any) -> list[Any]:
    """Return the outputs of layers for series, of every kind."""
    layers = tf.layers
    return [
        layers.conv1d(x, 4, 3),
        layers.conv1d(x, 4, 3, strides=2, padding="same", activation=tf.nn.relu),
        layers.conv1d(x, 2, 2, padding="causal", dilation_rate=2),
        layers.separable_conv1d(x, 4, 3, padding="same"),
        layers.separable_conv1d(x, 4, 3, padding="causal", depth_multiplier=2),
        layers.max_pooling1d(x, 2, 2),
        layers.average_pooling1d(x, 3, 1, padding="same"),
    ]


def volume_layers(tf: Any, x: Any) -> list[Any]:
    """Return the outputs of layers for volumes, of every kind."""
    layers = tf.layers
    return [
        layers.conv3d(x, 3, 2),
        layers.conv3d(x, 3, (1, 2, 3), strides=(1, 2, 2), padding="same", activation=tf.nn.relu),
        layers.conv3d_transpose(x, 2, 2, strides=2),
        layers.conv3d_transpose(x, 2, 3, padding="same", use_bias=False),
        layers.max_pooling3d(x, 2, 2),
        layers.average_pooling3d(x, (1, 2, 3), 1, padding="same"),
    ]


def norm_layers(tf: Any, x: Any, training: Any = True) -> list[Any]:
    """Return the outputs of batch normalization of every kind."""
    norm = tf.layers.batch_normalization
    rows = tf.reshape(x, [28, 9])
    clipping = {"rmax": 1.5, "rmin": 0.5, "dmax": 0.2}
    return [
        norm(x, training=training),
        norm(x, training=training, fused=False, momentum=0.9, epsilon=0.1),
        norm(rows, training=training, gamma_initializer=tf.constant_initializer(1.5), momentum=0.5),
        norm(rows, training=training, center=False, scale=False, name="plain"),
        norm(x, axis=[1, 3], training=training, name="both"),
        norm(rows, training=training, renorm=True, renorm_clipping=clipping, renorm_momentum=0.8, name="renorm"),
        norm(rows, training=training, virtual_batch_size=7, name="virtual"),
        norm(rows, training=training, trainable=False, beta_regularizer=tf.nn.l2_loss, name="fixed"),
    ]


FAMILIES: dict[str, tuple[Callable[..., list[Any]], np.ndarray]] = {
    "dense": (dense_layers, ROWS),
    "image": (image_layers, IMAGES),
    "series": (series_layers, SERIES),
    "volume": (volume_layers, VOLUMES),
    "norm": (norm_layers, IMAGES),
}


def graph_of(tf: Any, family: str) -> list[Any]:
    """Return what the layers of a family put into a graph."""
    layers, values = FAMILIES[family]
    x = tf.placeholder(tf.float32, values.shape if family in ("dense", "norm") else [None, *values.shape[1:]])
    return built(tf, layers(tf, x))


@program("V1-66")
def graphs_of_dense_layers(tf: Any) -> Any:
    """Operations, variables and collections of dense layers."""
    return graph_of(tf, "dense")


@program("V1-66")
def graphs_of_image_layers(tf: Any) -> Any:
    """Operations, variables and collections of layers for images."""
    return graph_of(tf, "image")


@program("V1-66")
def graphs_of_series_layers(tf: Any) -> Any:
    """Operations, variables and collections of layers for series."""
    return graph_of(tf, "series")


@program("V1-66")
def graphs_of_volume_layers(tf: Any) -> Any:
    """Operations, variables and collections of layers for volumes."""
    return graph_of(tf, "volume")


@program("V1-66")
def graphs_of_batch_normalization(tf: Any) -> Any:
    """Operations, variables and collections of batch normalization."""
    return graph_of(tf, "norm")


@program("V1-66")
def layers_refuse(tf: Any) -> Any:
    """Arguments and inputs that make no sense."""
    layers, x = tf.layers, tf.placeholder(tf.float32, [None, 7, 6, 3])
    calls: list[Callable[[], Any]] = [
        lambda: layers.dense(tf.placeholder(tf.float32, [None, None]), 2),
        lambda: layers.dense(tf.placeholder(tf.int32, [2, 2]), 2),
        lambda: layers.dense(x, -1),
        lambda: layers.dense(x, 2, activation="nothing"),
        lambda: layers.dense(x, 2, name="new", reuse=True),
        lambda: layers.dense(x, 2, reuse=True),
        lambda: layers.dropout(x, 1.5),
        lambda: layers.dropout(x, training="yes"),
        lambda: layers.conv2d(x, 0, 3),
        lambda: layers.conv2d(x, 2, (1, 2, 3)),
        lambda: layers.conv2d(x, 2, 3, strides=0),
        lambda: layers.conv2d(x, 2, 3, padding="none"),
        lambda: layers.conv2d(x, 2, 3, padding="causal"),
        lambda: layers.conv2d(x, 2, 3, data_format="NHWC"),
        lambda: layers.conv2d(x, 2, 3, strides=2, dilation_rate=2),
        lambda: layers.conv2d(x, 2, 9),
        lambda: layers.conv1d(x[0, 0, 0], 2, 3),
        lambda: layers.max_pooling2d(x, 2, None),
        lambda: layers.max_pooling2d(x[0], 2, 2),
        lambda: layers.batch_normalization(x, axis=4),
        lambda: layers.batch_normalization(x, axis=[1, 1]),
        lambda: layers.batch_normalization(x, axis="last"),
        lambda: layers.batch_normalization(x, renorm=True, renorm_clipping={"max": 1}),
        lambda: layers.batch_normalization(x, virtual_batch_size=-1),
        lambda: layers.flatten(x, data_format="last"),
        lambda: layers.Dense(2, unknown=1),
        lambda: layers.InputSpec(ndim=2, axes={3: 1}),
        lambda: layers.Dense(2).scope_name,
    ]
    layers.dense(x, 2, name="old")
    return [*(error(call) for call in calls), error(lambda: layers.dense(x, 2, name="old"))]


# -- what they compute --------------------------------------------------------------------------------


def values_of(tf: Any, family: str) -> list[Any]:
    """Return what the layers of a family compute, in three runs."""
    layers, values = FAMILIES[family]
    x = tf.placeholder(tf.float32, values.shape)
    with seeded(tf):
        outputs = layers(tf, x)
    with started(tf) as session:
        runs = thrice(session, [*outputs, *tf.get_collection("regularization_losses")], {x: values})
        # Later runs are compiled ones: said in short.
        return [runs[0], [all(np.allclose(a, b, 1e-5, 1e-5) for a, b in zip(runs[0], r, strict=True)) for r in runs]]


@program("V1-67")
def values_of_dense_layers(tf: Any) -> Any:
    """Outputs and losses of dense layers."""
    return values_of(tf, "dense")


@program("V1-67")
def values_of_image_layers(tf: Any) -> Any:
    """Outputs and losses of layers for images."""
    return values_of(tf, "image")


@program("V1-67")
def values_of_series_layers(tf: Any) -> Any:
    """Outputs of layers for series."""
    return values_of(tf, "series")


@program("V1-67")
def values_of_volume_layers(tf: Any) -> Any:
    """Outputs of layers for volumes."""
    return values_of(tf, "volume")


@program("V1-67")
def moving_averages_of_batches(tf: Any) -> Any:
    """Batch normalization in training, by the batch; the updates; and afterwards by the moving averages."""
    x = tf.placeholder(tf.float32, IMAGES.shape)
    outputs = norm_layers(tf, x)
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.variable_scope("fixed", reuse=True):
        mean = tf.get_variable("moving_mean", [9])
    later = tf.layers.batch_normalization(x, name="batch_normalization", reuse=True)
    averages = [v for v in tf.global_variables() if "moving" in v.name or "renorm_" in v.name]
    with started(tf) as session:
        first = session.run([tf.reduce_sum(tf.square(y), 0) for y in outputs], {x: IMAGES})
        for k in range(3):
            session.run(updates, {x: IMAGES * (1.0 + k)})
        return [first, session.run(averages), session.run([later, mean], {x: IMAGES})]


@program("V1-67")
def training_is_fed(tf: Any) -> Any:
    """Whether it is training may be a tensor: for batch normalization and for dropout."""
    x, training = tf.placeholder(tf.float32, IMAGES.shape), tf.placeholder_with_default(False, [])
    rows = tf.reshape(x, [28, 9])
    outputs = [
        tf.layers.batch_normalization(x, training=training),
        tf.layers.batch_normalization(rows, training=training, momentum=0.5),
        tf.layers.dropout(rows, 0.4, seed=2, training=training),
    ]
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    averages = [v for v in tf.global_variables() if "moving" in v.name]
    with started(tf) as session:
        found = [session.run([outputs, updates], {x: IMAGES, training: mode})[0] for mode in (False, True, True)]
        return [found, session.run(averages), session.run(outputs, {x: IMAGES})]


@program("V1-67")
def dropped_elements(tf: Any) -> Any:
    """Dropout drops what TensorFlow drops for a seed, of the op's or of the graph's."""
    tf.set_random_seed(7)
    x = tf.placeholder(tf.float32, [3, 4])
    layer = tf.layers.Dropout(0.5, seed=5)
    outputs = [
        tf.layers.dropout(x, 0.3, seed=1, training=True),
        tf.layers.dropout(x, 0.5, noise_shape=[None, 1], seed=2, training=True),
        layer(x, training=True),
        layer(x, training=True),
        tf.layers.dropout(x, 0.5, training=True),
        tf.layers.dropout(x),
        tf.layers.dropout(x, 0.0, training=True),
    ]
    with tf.Session() as session:
        return thrice(session, outputs, {x: ROWS + 2.0})


# -- how they train -----------------------------------------------------------------------------------


def few_layers(tf: Any, rows: Any, images: Any) -> list[Any]:
    """Return the outputs of one layer of most kinds."""
    layers, relu = tf.layers, tf.nn.relu
    return [
        layers.dense(rows, 3, tf.nn.tanh, kernel_regularizer=tf.nn.l2_loss),
        layers.dense(tf.reshape(rows, [3, 2, 2]), 2),
        layers.conv2d(images, 3, (2, 3), strides=2, padding="same", activation=relu),
        layers.separable_conv2d(images, 3, 2),
        layers.conv2d_transpose(images, 2, 3, strides=2, padding="same"),
        layers.max_pooling2d(images, 2, 2),
        layers.average_pooling2d(images, 3, 2, padding="same"),
        layers.batch_normalization(images, training=True),
        layers.batch_normalization(rows, training=True),
    ]


@program("V1-68", needs=("gradients",))
def gradients_of_layers(tf: Any) -> Any:
    """Gradients through layers, to their inputs and variables."""
    rows, images = tf.placeholder(tf.float32, [3, 4]), tf.placeholder(tf.float32, IMAGES.shape)
    with seeded(tf):
        outputs = few_layers(tf, rows, images)
    losses = [tf.reduce_sum(tf.square(y)) for y in outputs]
    total = tf.add_n(losses + tf.get_collection("regularization_losses"))
    variables = tf.trainable_variables()
    gradients = tf.gradients(total, [rows, images, *variables])
    with started(tf) as session:
        return [shown(variables), session.run([losses, gradients], {rows: ROWS, images: IMAGES})]


@program("V1-68", needs=("gradients",))
def training_steps(tf: Any) -> Any:
    """Ten steps of a small network: convolution, batch normalization, dropout, dense; its updates run beside them."""
    tf.set_random_seed(3)
    x, labels = tf.placeholder(tf.float32, IMAGES.shape), tf.placeholder(tf.int32, [2])
    training = tf.placeholder(tf.bool, [])
    h = tf.layers.conv2d(x, 4, 3, padding="same", kernel_initializer=tf.glorot_uniform_initializer(seed=1))
    h = tf.nn.relu(tf.layers.batch_normalization(h, momentum=0.9, training=training))
    h = tf.layers.flatten(tf.layers.max_pooling2d(h, 2, 2))
    h = tf.layers.dropout(h, 0.3, seed=8, training=training)
    h = tf.layers.dense(h, 3, kernel_initializer=tf.random_normal_initializer(stddev=0.1, seed=2))
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=h))
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    with started(tf) as session:
        feeds = {x: IMAGES, labels: [0, 2], training: True}
        losses = [session.run([loss, step], feeds)[0] for _ in range(10)]
        return [losses, session.run([v for v in tf.global_variables() if v.shape.rank == 1])]


@program("V1-68")
def layers_as_objects(tf: Any) -> Any:
    """A layer that is called again shares its variables; one of the same name finds them where it may."""
    x = tf.placeholder(tf.float32, [3, 4])
    first = tf.layers.Dense(2, kernel_initializer=tf.ones_initializer(), name="first")
    outputs = [first(x), first(x + 1.0), tf.layers.Dense(2, _scope="first", _reuse=True)(x)]
    with tf.variable_scope("outer", reuse=tf.AUTO_REUSE):
        outputs += [tf.layers.dense(x, 2, name="own"), tf.layers.dense(x, 2, name="own")]
    with tf.variable_scope("outer", use_resource=True, partitioner=tf.fixed_size_partitioner(2)):
        parts = tf.layers.Dense(2, kernel_initializer=tf.ones_initializer())
        outputs.append(parts(x))
    graph = built(tf, outputs)
    with started(tf) as session:
        about = [first.name, first.scope_name, first.dtype, first.built, first.count_params(), first.units]
        same = [y is z for y, z in ((first.weights[0], first.kernel), (first.trainable_weights[1], first.bias))]
        return [
            about,
            same,
            shown(first.variables),
            shown(parts.variables),
            graph,
            session.run([outputs[0] - outputs[2], outputs[3] - outputs[4], outputs[5]], {x: ROWS}),
        ]


def own_layer(tf: Any) -> Any:
    """Return a class of layers as programs write them."""

    class Attention(tf.layers.Layer):
        def __init__(self, units: int, keep: float = 1.0, **kwargs: Any):
            super().__init__(**kwargs)
            self.units, self.keep = units, keep
            self.inner = tf.layers.Dense(units, use_bias=False, kernel_initializer=tf.ones_initializer(), name="inner")

        def build(self, input_shape: Any) -> None:
            width = int(input_shape[-1])
            self.query = self.add_variable(
                "query", [width, self.units], initializer=tf.constant_initializer(0.25), regularizer=tf.nn.l2_loss
            )
            self.seen = self.add_weight("seen", shape=[], initializer=tf.zeros_initializer(), trainable=False)
            super().build(input_shape)

        def call(self, inputs: Any, training: bool = False) -> Any:
            scores = tf.nn.softmax(tf.matmul(inputs, self.query) + self.inner(inputs))
            self.add_update(tf.assign_add(self.seen, 1.0))
            self.add_loss(tf.reduce_mean(scores), inputs=inputs)
            return tf.layers.dropout(scores, 1.0 - self.keep, training=training)

        def compute_output_shape(self, input_shape: Any) -> Any:
            return tf.TensorShape(input_shape)[:-1].concatenate(self.units)

    return Attention


@program("V1-68", needs=("gradients",))
def layers_of_programs(tf: Any) -> Any:
    """A program's own subclass of `tf.layers.Layer`: scopes, losses, updates, other layers in it, gradients."""
    attention, x = own_layer(tf), tf.placeholder(tf.float32, [3, 4])
    one, other = attention(2), attention(2, name="other")
    outputs = [one(x), one(2.0 * x, training=True), other(x)]
    names = [[op.name for op in items] for items in (one.updates, one.get_updates_for(x), one.get_updates_for(None))]
    losses = [[y.name for y in items] for items in (one.losses, one.get_losses_for(x), one.get_losses_for(None))]
    graph = built(tf, outputs)
    gradients = tf.gradients(tf.add_n(tf.get_collection("regularization_losses")), [x, one.query])
    with started(tf) as session:
        session.run(tf.get_collection(tf.GraphKeys.UPDATE_OPS), {x: ROWS})
        shape = one.compute_output_shape([None, 4]).as_list()
        return [
            names,
            losses,
            shape,
            shown(one.variables),
            graph,
            session.run([outputs, gradients, one.seen], {x: ROWS}),
        ]
