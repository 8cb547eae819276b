"""Programs about `tf.contrib.rnn` and `tf.contrib.seq2seq`: each takes `tf` and says what it saw.

Recorded in TensorFlow 1.15, the last one with `tf.contrib`, on Python 3.7: no newer syntax here.
"""

import numpy as np

PROGRAMS = {}
INPUTS = np.linspace(-1.0, 1.0, 2 * 5 * 3, dtype=np.float32).reshape(2, 5, 3)
LENGTHS = [2, 5]


def program(function):
    PROGRAMS[function.__name__] = function
    return function


def shown(variables):
    return [[v.name, v.shape.as_list()] for v in variables]


def error(function, *args, **kwargs):
    """The type and the first line of what is raised."""
    try:
        function(*args, **kwargs)
    except Exception as problem:  # noqa: BLE001 (whatever it is, it is what we compare)
        return [type(problem).__name__, str(problem).partition("\n")[0]]
    return ["nothing"]


def ran(tf, fetches, feeds=None):
    """Run twice: the first time may be another way than the second."""
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return [numbers(session.run(fetches, feeds)) for _ in range(2)]


def numbers(found):
    if isinstance(found, dict):
        return [numbers(found[key]) for key in sorted(found)]
    if isinstance(found, (list, tuple)):
        return [numbers(item) for item in found]
    return np.asarray(found).tolist()


def scope(tf, name, seed=1):
    return tf.variable_scope(name, initializer=tf.random_uniform_initializer(-0.5, 0.5, seed=seed))


def two_steps(tf, name, cell, x=None):
    """Two steps, and the gradients of them."""
    x = tf.constant(INPUTS[:, 0]) if x is None else x
    with scope(tf, name):
        state = cell.zero_state(2, tf.float32)
        for step in range(2):
            if step:
                tf.get_variable_scope().reuse_variables()
            output, state = cell(x, state)
    variables = tf.trainable_variables(name + "/")
    loss = tf.reduce_sum(tf.square(output))
    gradients = tf.gradients(loss, variables) if variables else []
    gradients = [tf.convert_to_tensor(g) for g in gradients if g is not None]
    return [shown(tf.global_variables(name + "/"))], [output, state, gradients]


def all_of(tf, made):
    names, fetches = [], []
    for key in sorted(made):
        name, found = two_steps(tf, key, made[key])
        names.append([key, name])
        fetches.append(found)
    return [names, ran(tf, fetches)]


@program
def layer_normalized_cells(tf):
    kind = tf.contrib.rnn
    return all_of(
        tf,
        {
            "layer_norm": kind.LayerNormBasicLSTMCell(4),
            "set": kind.LayerNormBasicLSTMCell(4, 0.5, activation=tf.nn.relu, norm_gain=0.9, norm_shift=0.1),
            "plain": kind.LayerNormBasicLSTMCell(4, layer_norm=False),
            "dropped": kind.LayerNormBasicLSTMCell(4, dropout_keep_prob=0.5, dropout_prob_seed=3),
        },
    )


@program
def other_cells(tf):
    kind = tf.contrib.rnn
    return all_of(
        tf,
        {
            "coupled": kind.CoupledInputForgetGateLSTMCell(4),
            "coupled_all": kind.CoupledInputForgetGateLSTMCell(
                4, True, num_proj=3, proj_clip=0.1, num_unit_shards=2, layer_norm=True
            ),
            "coupled_one": kind.CoupledInputForgetGateLSTMCell(4, state_is_tuple=False),
            "ugrnn": kind.UGRNNCell(4),
            "nas": kind.NASCell(4),
            "nas_projected": kind.NASCell(4, num_proj=3, use_bias=True),
        },
    )


@program
def cells_around_cells(tf):
    kind = tf.contrib.rnn
    return all_of(
        tf,
        {
            "highway": kind.HighwayWrapper(kind.GRUCell(3)),
            "highways": kind.HighwayWrapper(kind.GRUCell(3), False, 0.5),
            "projected_in": kind.InputProjectionWrapper(kind.GRUCell(4), 5, tf.tanh),
            "projected_out": kind.OutputProjectionWrapper(kind.BasicLSTMCell(4), 2),
            "attention": kind.AttentionCellWrapper(kind.GRUCell(4), 3),
            "attention_tuple": kind.AttentionCellWrapper(kind.BasicLSTMCell(4), 2, 3, 5, 2),
            "attention_one": kind.AttentionCellWrapper(kind.GRUCell(4), 3, state_is_tuple=False),
        },
    )


@program
def embedded_classes(tf):
    kind = tf.contrib.rnn
    cell = kind.EmbeddingWrapper(kind.GRUCell(4), 7, 3)
    names, found = two_steps(tf, "embedded", cell, tf.constant([[1], [6]]))
    return [names, ran(tf, found)]


@program
def block_cells(tf):
    kind = tf.contrib.rnn
    return all_of(
        tf,
        {
            "lstm": kind.LSTMBlockCell(4),
            "lstm_all": kind.LSTMBlockCell(4, 0.5, 0.05, True),
            "gru": kind.GRUBlockCell(4),
            "gru_second": kind.GRUBlockCellV2(num_units=4),
        },
    )


@program
def block_networks(tf):
    kind = tf.contrib.rnn
    x = tf.constant(np.transpose(INPUTS, [1, 0, 2]).copy())
    found = []
    with scope(tf, "net"):
        found.append(kind.LSTMBlockFusedCell(4, name="a")(x, dtype=tf.float32))
        state = (tf.ones([2, 4]), tf.zeros([2, 4]))
        cell = kind.LSTMBlockFusedCell(4, 0.5, 0.9, True, name="b")
        found.append(cell(x, initial_state=state, sequence_length=LENGTHS))
        reverse = kind.TimeReversedFusedRNN(kind.LSTMBlockFusedCell(4, name="c"))
        found.append(reverse(x, dtype=tf.float32, sequence_length=LENGTHS))
    loss = tf.add_n([tf.reduce_sum(tf.square(outputs)) for outputs, _ in found[:3]])
    gradients = tf.gradients(loss, [x, *tf.trainable_variables()[:8]])
    return [shown(tf.global_variables()), ran(tf, [found, gradients])]


@program
def adapted_networks(tf):
    kind = tf.contrib.rnn
    x = tf.constant(np.transpose(INPUTS, [1, 0, 2]).copy())
    found = []
    with scope(tf, "net"):
        for dynamic in (False, True):
            cell = kind.FusedRNNCellAdaptor(kind.GRUCell(3), use_dynamic_rnn=dynamic)
            backward = kind.TimeReversedFusedRNN(cell)
            found.append(backward(x, dtype=tf.float32, sequence_length=LENGTHS, scope=f"s{dynamic:d}"))
    return [shown(tf.global_variables()), ran(tf, found)]


@program
def stacks_both_ways(tf):
    kind = tf.contrib.rnn
    x = tf.constant(INPUTS)

    def cells():
        return [kind.GRUCell(2), kind.BasicLSTMCell(3)]

    with scope(tf, "static"):
        static = kind.stack_bidirectional_rnn(cells(), cells(), tf.unstack(x, axis=1), dtype=tf.float32)
    with scope(tf, "dynamic"):
        states = [[tf.ones([2, 2]), tf.zeros([2, 2])] for _ in range(2)]
        dynamic = kind.stack_bidirectional_dynamic_rnn(
            cells(), cells(), x, dtype=tf.float32, sequence_length=tf.constant(LENGTHS)
        )
        given = kind.stack_bidirectional_dynamic_rnn(
            [kind.GRUCell(2) for _ in range(2)],
            [kind.GRUCell(2) for _ in range(2)],
            x,
            initial_states_fw=states[0],
            initial_states_bw=states[1],
            scope="given",
        )
    problems = [
        error(kind.stack_bidirectional_rnn, [], cells(), [x]),
        error(kind.stack_bidirectional_rnn, tuple(cells()), cells(), [x]),
        error(kind.stack_bidirectional_dynamic_rnn, cells(), cells()[:1], x),
        error(kind.stack_bidirectional_dynamic_rnn, cells(), cells(), x, states[0][:1]),
    ]
    return [shown(tf.global_variables()), problems, ran(tf, [static, dynamic, given])]


@program
def aliases(tf):
    """The names of `tf.nn` under `tf.contrib.rnn`."""
    kind = tf.contrib.rnn
    same = [
        "BasicRNNCell",
        "BasicLSTMCell",
        "GRUCell",
        "LSTMCell",
        "LSTMStateTuple",
        "MultiRNNCell",
        "DropoutWrapper",
        "ResidualWrapper",
        "DeviceWrapper",
        "RNNCell",
    ]
    functions = ["static_rnn", "static_bidirectional_rnn", "static_state_saving_rnn"]
    x = tf.constant(INPUTS)
    return [
        [getattr(kind, name) is getattr(tf.nn.rnn_cell, name) for name in same],
        [getattr(kind, name) is getattr(tf.nn, name) for name in functions],
        kind.transpose_batch_time(x).shape.as_list(),
        kind.best_effort_input_batch_size([x]),
    ]


@program
def what_cells_refuse(tf):
    kind = tf.contrib.rnn
    return [
        error(kind.EmbeddingWrapper, kind.GRUCell(2), 0, 3),
        error(kind.OutputProjectionWrapper, kind.GRUCell(2), 0),
        error(kind.AttentionCellWrapper, kind.GRUCell(2), 0),
        error(kind.AttentionCellWrapper, kind.GRUCell(2), -1),
        error(kind.GRUBlockCell, 3, cell_size=3),
        error(kind.GRUBlockCell(3), tf.zeros([2, 2]), tf.zeros([2, 2]))[0],
        error(kind.LSTMBlockFusedCell(3), tf.zeros([2, 2, 2]))[0],
    ]


# -- seq2seq ------------------------------------------------------------------------------------------


@program
def losses_of_sequences(tf):
    function = tf.contrib.seq2seq.sequence_loss
    logits = tf.placeholder_with_default(np.sin(np.arange(30, dtype=np.float32)).reshape(2, 3, 5), [None, None, 5])
    targets = tf.constant([[1, 2, 3], [4, 0, 1]])
    weights = tf.constant([[1.0, 1.0, 0.0], [0.5, 0.0, 0.0]])
    ways = [(True, True), (True, False), (False, True), (False, False)]
    found = [function(logits, targets, weights, time, batch) for time, batch in ways]
    found += [function(logits, targets, weights, False, False, time, batch) for time, batch in ways[:3]]
    found.append(function(logits, targets, weights, True, False, False, True))
    found.append(function(logits, targets, weights * 0.0))
    found.append(
        function(
            logits, targets, weights, softmax_loss_function=lambda labels, logits: tf.cast(labels, tf.float32), name="n"
        )
    )
    gradient = tf.gradients(found[0], logits)
    problems = [
        error(function, logits[0], targets, weights),
        error(function, logits, targets[0], weights),
        error(function, logits, targets, weights[0]),
        error(function, logits, targets, weights, True, True, True),
        error(function, logits, targets, weights, True, True, False, True),
    ]
    return [problems, found[0].name, found[-1].name, ran(tf, [found, gradient])]


@program
def trained_decoders(tf):
    seq = tf.contrib.seq2seq
    x = tf.placeholder_with_default(INPUTS, [None, None, 3])
    lengths = tf.placeholder_with_default(np.array(LENGTHS, np.int32), [None])
    found, sizes = [], []
    for impute in (False, True):
        with scope(tf, f"n{impute:d}"):
            helper = seq.TrainingHelper(x, lengths)
            cell = tf.nn.rnn_cell.BasicLSTMCell(4)
            layer = tf.layers.Dense(5, name="out")
            decoder = seq.BasicDecoder(cell, helper, cell.zero_state(tf.shape(x)[0], tf.float32), layer)
            outputs, state, ends = seq.dynamic_decode(decoder, impute_finished=impute)
            sizes.append([outputs.rnn_output.shape.as_list(), outputs.sample_id.shape.as_list()])
            loss = tf.reduce_sum(tf.square(outputs.rnn_output))
            gradients = tf.gradients(loss, tf.trainable_variables(f"n{impute:d}"))
            found.append([outputs.rnn_output, outputs.sample_id, state, ends, gradients])
    return [shown(tf.global_variables()), sizes, ran(tf, found)]


@program
def decoders_that_go_on(tf):
    seq = tf.contrib.seq2seq
    with scope(tf, "net", 3):
        table = tf.get_variable("table", [6, 3])
        found = []
        cell = tf.nn.rnn_cell.GRUCell(4)
        layer = tf.layers.Dense(6, name="out")
        start = tf.ones([3, 4])
        helpers = [
            seq.GreedyEmbeddingHelper(table, tf.constant([1, 2, 3]), 5),
            seq.GreedyEmbeddingHelper(lambda ids: tf.gather(table, ids) * 2.0, [0, 2, 4], tf.constant(0)),
            seq.InferenceHelper(
                lambda out: out[:, :3], [3], tf.float32, tf.ones([3, 3]), lambda ids: tf.reduce_sum(ids, 1) > 1.0
            ),
            seq.CustomHelper(
                lambda: (tf.zeros([3], tf.bool), tf.ones([3, 3])),
                lambda time, outputs, state: tf.cast(tf.argmax(outputs, 1), tf.int32),
                lambda time, outputs, state, sample_ids: (time + tf.range(3) >= 3, outputs[:, :3], state * 0.9),
            ),
        ]
        for number, helper in enumerate(helpers):
            decoder = seq.BasicDecoder(cell, helper, start, layer)
            with tf.variable_scope("decode", reuse=tf.AUTO_REUSE):
                found.append(
                    seq.dynamic_decode(
                        decoder,
                        maximum_iterations=4 + number,
                        output_time_major=number == 1,
                        impute_finished=number > 1,
                    )
                )
    return [shown(tf.global_variables()), ran(tf, [[tuple(f[0]), f[1], f[2]] for f in found])]


@program
def drawn_classes(tf):
    seq = tf.contrib.seq2seq
    with scope(tf, "net", 3):
        table = tf.get_variable("table", [6, 3])
        cell = tf.nn.rnn_cell.GRUCell(6)
        found = []
        for temperature in (None, 0.5):
            helper = seq.SampleEmbeddingHelper(table, [1, 2, 3], 5, temperature, seed=7)
            decoder = seq.BasicDecoder(cell, helper, tf.ones([3, 6]))
            with tf.variable_scope("decode", reuse=tf.AUTO_REUSE):
                found.append(seq.dynamic_decode(decoder, maximum_iterations=6, parallel_iterations=1))
    return ran(tf, [[tuple(f[0]), f[1], f[2]] for f in found])


@program
def attention(tf):
    seq = tf.contrib.seq2seq
    memory = tf.constant(np.cos(np.arange(24, dtype=np.float32)).reshape(2, 4, 3))
    lengths = tf.placeholder_with_default(np.array([2, 4], np.int32), [None])
    x = tf.constant(INPUTS)
    mechanisms = [
        lambda: seq.LuongAttention(4, memory, lengths, name="a"),
        lambda: seq.LuongAttention(4, memory, scale=True),
        lambda: seq.BahdanauAttention(5, memory, lengths),
        lambda: seq.BahdanauAttention(5, memory, normalize=True, probability_fn=seq.hardmax),
    ]
    found, sizes = [], []
    for number, mechanism in enumerate(mechanisms):
        with scope(tf, f"n{number}"):
            cell = seq.AttentionWrapper(
                tf.nn.rnn_cell.BasicLSTMCell(4),
                mechanism(),
                attention_layer_size=None if number == 1 else 3,
                alignment_history=number == 2,
                output_attention=number != 3,
            )
            decoder = seq.BasicDecoder(cell, seq.TrainingHelper(x, LENGTHS), cell.zero_state(2, tf.float32))
            outputs, state, _ = seq.dynamic_decode(decoder)
            sizes.append(outputs.rnn_output.shape.as_list())
            history = state.alignment_history
            kept = [history.stack()] if number == 2 else []
            gradients = tf.gradients(tf.reduce_sum(outputs.rnn_output), tf.trainable_variables(f"n{number}"))
            # Where the maximum is has no gradient: TensorFlow says None, and here it is zero.
            gradients = [] if number == 3 else gradients
            found.append([outputs.rnn_output, state.alignments, state.attention, state.time, kept, gradients])
    return [shown(tf.global_variables()), sizes, ran(tf, found)]


@program
def attention_to_several(tf):
    seq = tf.contrib.seq2seq
    memory = tf.constant(np.cos(np.arange(24, dtype=np.float32)).reshape(2, 4, 3))
    tiled = seq.tile_batch(memory, 2)
    with scope(tf, "net"):
        mechanisms = [seq.LuongAttention(4, tiled), seq.BahdanauAttention(5, tiled)]
        cell = seq.AttentionWrapper(
            tf.nn.rnn_cell.GRUCell(4), mechanisms, [3, 2], initial_cell_state=tf.ones([4, 4]), name="mine"
        )
        state = cell.zero_state(4, tf.float32)
        state = state.clone(attention=tf.ones([4, 5]))
        for _ in range(2):
            output, state = cell(tf.ones([4, 2]), state)
    refused = [
        error(seq.AttentionWrapper, cell, 3),
        error(seq.AttentionWrapper, cell, [mechanisms[0], 3]),
        error(seq.AttentionWrapper, cell, mechanisms, 3),
        error(seq.AttentionWrapper, cell, mechanisms[0], cell_input_fn=3),
        error(seq.LuongAttention(3, memory), tf.ones([2, 4]), None)[0],
    ]
    return [
        shown(tf.global_variables()),
        refused,
        tiled.shape.as_list(),
        ran(tf, [tiled, output, state.cell_state, state.attention, state.alignments, seq.hardmax(tf.ones([2, 3]))]),
    ]


@program
def what_decoders_refuse(tf):
    seq = tf.contrib.seq2seq
    cell = tf.nn.rnn_cell.GRUCell(3)
    helper = seq.TrainingHelper(tf.constant(INPUTS), LENGTHS)
    decoder = seq.BasicDecoder(cell, helper, tf.ones([2, 3]))
    return [
        error(seq.dynamic_decode, 3)[0],
        error(seq.dynamic_decode, decoder, maximum_iterations=[1, 2]),
        error(seq.BasicDecoder, 3, helper, None)[0],
        error(seq.BasicDecoder, cell, 3, None)[0],
        error(seq.BasicDecoder, cell, helper, None, 3)[0],
        error(seq.TrainingHelper, tf.constant(INPUTS), [[1]]),
        error(seq.GreedyEmbeddingHelper, tf.ones([3, 2]), [[1]], 0),
        error(seq.GreedyEmbeddingHelper, tf.ones([3, 2]), [1], [0]),
        error(lambda: seq.CustomHelper(None, None, None).batch_size),
        error(seq.Decoder)[0],
        error(seq.Helper)[0],
    ]
