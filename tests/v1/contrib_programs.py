"""Programs about the rest of `tf.contrib`: each takes `tf` and says what it saw.

Recorded in TensorFlow 1.15, the last one with `tf.contrib`, on Python 3.7: no newer syntax here.
"""

import numpy as np

PROGRAMS = {}
SYMBOLS = [np.array(row, np.int32) for row in ([1, 4, 0, 2], [3, 3, 1, 0], [2, 0, 4, 4])]
STEPS = [np.cos(np.arange(12, dtype=np.float32) * (step + 1)).reshape(4, 3) for step in range(3)]
POTENTIALS = np.sin(np.arange(120, dtype=np.float32) * 1.3).reshape(4, 6, 5)
TAGS = (np.arange(24) * 7 % 5).astype(np.int32).reshape(4, 6)
LENGTHS = np.array([6, 3, 1, 2], np.int32)


def program(function):
    PROGRAMS[function.__name__] = function
    return function


def shown(variables):
    return [[v.name, v.shape.as_list()] for v in variables]


def started(tf, session):
    """Give every trainable variable its value."""
    session.run(tf.global_variables_initializer())
    for variable in tf.trainable_variables():
        shape = variable.shape.as_list()
        session.run(variable.assign(np.cos(np.arange(np.prod(shape)).reshape(shape) * 1.7)))


def dense(value):
    return value.values if hasattr(value, "dense_shape") else value


def all_of(tf, outputs):
    """The variables, what is put out, and how large each gradient is."""
    loss = tf.add_n([tf.reduce_sum(tf.square(tf.cast(output, tf.float32))) for output in outputs])
    gradients = tf.gradients(loss, tf.trainable_variables())
    sizes = [tf.reduce_sum(tf.abs(tf.convert_to_tensor(g))) for g in gradients if g is not None]
    with tf.Session() as session:
        started(tf, session)
        values, norms = session.run([outputs, sizes])
    return [
        shown(tf.trainable_variables()),
        [np.asarray(v, np.float64).tolist() for v in values],
        list(map(float, norms)),
    ]


def flat(outputs, state):
    return list(outputs) + (list(state) if isinstance(state, tuple) else [state])


def constants(tf, values):
    return [tf.constant(value) for value in values]


def lstm(tf):
    return tf.nn.rnn_cell.BasicLSTMCell(3)


def gru(tf):
    return tf.nn.rnn_cell.GRUCell(3)


# -- legacy_seq2seq -----------------------------------------------------------------------------------------


@program
def basic_and_tied(tf):
    legacy = tf.contrib.legacy_seq2seq
    first = legacy.basic_rnn_seq2seq(constants(tf, STEPS), constants(tf, STEPS), lstm(tf))
    second = legacy.tied_rnn_seq2seq(constants(tf, STEPS), constants(tf, STEPS), lstm(tf))
    return all_of(tf, flat(*first) + flat(*second))


@program
def embeddings_fed_back(tf):
    return all_of(tf, flat(*tf.contrib.legacy_seq2seq.embedding_rnn_seq2seq(
        constants(tf, SYMBOLS), constants(tf, SYMBOLS), gru(tf), 5, 5, 4, feed_previous=True
    )))  # fmt: skip


@program
def attention_fed_back(tf):
    return all_of(tf, flat(*tf.contrib.legacy_seq2seq.embedding_attention_seq2seq(
        constants(tf, SYMBOLS), constants(tf, SYMBOLS), lstm(tf), 5, 5, 4, num_heads=2, feed_previous=True
    )))  # fmt: skip


@program
def attention_fed_back_by_a_tensor(tf):
    return all_of(tf, flat(*tf.contrib.legacy_seq2seq.embedding_attention_seq2seq(
        constants(tf, SYMBOLS), constants(tf, SYMBOLS), gru(tf), 5, 5, 4, feed_previous=tf.constant(True),
        initial_state_attention=True,
    )))  # fmt: skip


@program
def buckets(tf):
    legacy = tf.contrib.legacy_seq2seq

    def model(given, wanted):
        return legacy.embedding_tied_rnn_seq2seq(given, wanted, gru(tf), 5, 4)

    symbols = constants(tf, SYMBOLS)
    weights = constants(tf, [np.ones(4, np.float32)] * 3)
    _, losses = legacy.model_with_buckets(symbols, symbols, symbols, weights, [(2, 2), (3, 3)], model)
    with tf.variable_scope(tf.get_variable_scope(), reuse=True):
        _, each = legacy.model_with_buckets(symbols, symbols, symbols, weights, [(3, 3)], model, per_example_loss=True)
    return all_of(tf, losses + each)


# -- crf ------------------------------------------------------------------------------------------------------


@program
def crf_likelihood(tf):
    found, _ = tf.contrib.crf.crf_log_likelihood(tf.constant(POTENTIALS), tf.constant(TAGS), tf.constant(LENGTHS))
    return all_of(tf, [found])


@program
def crf_likelihood_of_any_length(tf):
    potentials = tf.placeholder_with_default(POTENTIALS, [None, None, 5])
    tags = tf.placeholder_with_default(TAGS, [None, None])
    found, _ = tf.contrib.crf.crf_log_likelihood(potentials, tags, tf.constant(LENGTHS))
    return all_of(tf, [found])


@program
def crf_decoded(tf):
    crf, scores = tf.contrib.crf, POTENTIALS[0, :5]
    outputs = list(crf.crf_decode(tf.constant(POTENTIALS), tf.constant(scores), LENGTHS))
    outputs += list(
        crf.crf_decode(tf.placeholder_with_default(POTENTIALS, [None, None, 5]), tf.constant(scores), LENGTHS)
    )
    outputs.append(crf.crf_multitag_sequence_score(tf.constant(POTENTIALS), POTENTIALS < 0.3, LENGTHS, scores))
    tags, best = crf.viterbi_decode(POTENTIALS[1], scores)
    with tf.Session() as session:
        values = session.run(outputs)
    return [[np.asarray(v, np.float64).tolist() for v in values], [int(tag) for tag in tags], float(best)]


# -- beams ----------------------------------------------------------------------------------------------------


def beams(tf, attentive, length_penalty, coverage_penalty):
    seq2seq = tf.contrib.seq2seq
    batch, width, size = 3, 4, 6
    memory = tf.constant(np.sin(np.arange(90, dtype=np.float32)).reshape(batch, 5, size))
    state = tuple(np.cos(np.arange(18, dtype=np.float32) * k).reshape(batch, size) for k in (2, 3))
    state = tf.nn.rnn_cell.LSTMStateTuple(*map(tf.constant, state))
    memory, lengths, state = (seq2seq.tile_batch(value, width) for value in (memory, tf.constant([5, 3, 4]), state))
    cell = tf.nn.rnn_cell.BasicLSTMCell(size)
    if attentive:
        mechanism = seq2seq.LuongAttention(size, memory, memory_sequence_length=lengths)
        cell = seq2seq.AttentionWrapper(cell, mechanism, attention_layer_size=size)
        state = cell.zero_state(batch * width, tf.float32).clone(cell_state=state)
    decoder = seq2seq.BeamSearchDecoder(
        cell, tf.constant(np.sin(np.arange(35, dtype=np.float32) * 2).reshape(7, 5)), tf.fill([batch], 1), 2, state,
        width, output_layer=tf.layers.Dense(7, use_bias=False), length_penalty_weight=length_penalty,
        coverage_penalty_weight=coverage_penalty,
    )  # fmt: skip
    outputs, final, lengths = seq2seq.dynamic_decode(decoder, maximum_iterations=6)
    fetches = [
        outputs.predicted_ids,
        outputs.beam_search_decoder_output.scores,
        lengths,
        final.log_probs,
        final.lengths,
    ]
    with tf.Session() as session:
        started(tf, session)
        values = session.run(fetches)
    return [shown(tf.trainable_variables()), [np.asarray(value, np.float64).tolist() for value in values]]


@program
def beam_search(tf):
    return beams(tf, False, 0.7, 0.0)


@program
def beam_search_with_attention(tf):
    return beams(tf, True, 0.5, 0.3)


# -- layers, cells and networks -------------------------------------------------------------------------------


@program
def conv_lstm(tf):
    cell = tf.contrib.rnn.ConvLSTMCell(2, [4, 4, 2], 3, [3, 3], skip_connection=True)
    inputs = tf.constant(np.sin(np.arange(2 * 3 * 32, dtype=np.float32)).reshape(2, 3, 4, 4, 2))
    outputs, state = tf.nn.dynamic_rnn(tf.contrib.rnn.Conv2DLSTMCell(
        input_shape=[4, 4, 2], output_channels=3, kernel_shape=[3, 3]), inputs, dtype=tf.float32)  # fmt: skip
    return [str(cell.output_size), all_of(tf, [outputs, state.c, state.h])]


@program
def optimized_loss(tf):
    weights = tf.get_variable("w", [3, 2])
    loss = tf.reduce_mean(tf.square(tf.matmul(tf.constant(STEPS[0]), weights) - 1.0))
    step = tf.train.get_or_create_global_step()
    seen = []
    for optimizer, given in (
        ("SGD", {"clip_gradients": 0.5}),
        ("Adam", {"gradient_multipliers": {weights: 2.0}}),
        (tf.train.MomentumOptimizer(0.1, 0.5), {"increment_global_step": False}),
        (lambda rate: tf.train.GradientDescentOptimizer(rate), {"gradient_noise_scale": 0.0}),
    ):
        train = tf.contrib.layers.optimize_loss(
            loss, step, 0.1, optimizer, summaries=[], name="opt_" + str(len(seen)),
            learning_rate_decay_fn=lambda rate, at: tf.train.exponential_decay(rate, at, 1, 0.5), **given
        )  # fmt: skip
        with tf.Session() as session:
            started(tf, session)
            losses = [float(session.run(train)) for _ in range(3)]
            seen.append([losses, int(session.run(step)), session.run(weights).tolist()])
    return [seen, shown(tf.global_variables())]


@program
def networks(tf):
    if not hasattr(tf.contrib.slim, "nets"):  # TensorFlow 1.15 has it once it was imported
        from tensorflow.contrib.slim.nets import alexnet, overfeat, resnet_v1, resnet_v2, vgg
    else:
        nets = tf.contrib.slim.nets
        alexnet, overfeat, resnet_v1, resnet_v2, vgg = (
            nets.alexnet, nets.overfeat, nets.resnet_v1, nets.resnet_v2, nets.vgg
        )  # fmt: skip
    seen = []
    for network, scope, size, given in (
        (vgg.vgg_16, vgg.vgg_arg_scope(), 224, {"num_classes": 10, "is_training": False}),
        (alexnet.alexnet_v2, alexnet.alexnet_v2_arg_scope(), 224, {}),
        (overfeat.overfeat, overfeat.overfeat_arg_scope(), 231, {"spatial_squeeze": False}),
        (resnet_v1.resnet_v1_50, resnet_v1.resnet_arg_scope(), 65, {"num_classes": 7}),
        (resnet_v2.resnet_v2_50, resnet_v2.resnet_arg_scope(), 65, {"output_stride": 8, "global_pool": False}),
    ):
        with tf.Graph().as_default(), tf.contrib.slim.arg_scope(scope):
            net, layers = network(tf.placeholder(tf.float32, [2, size, size, 3]), **given)
            counts = [len(tf.get_collection(key)) for key in ("regularization_losses", "update_ops")]
            ends = [[name, layer.shape.as_list()] for name, layer in layers.items()]
            seen.append([net.shape.as_list(), shown(tf.global_variables()), ends, counts])
    return seen
