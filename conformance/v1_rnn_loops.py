"""Programs about recurrent networks as loops: `dynamic_rnn`, both ways, `raw_rnn`."""

from typing import Any

import numpy as np

from onevar.conformance.v1_rnn import INPUTS, LENGTHS, seeded, shown
from onevar.conformance.v1_table import error, program, started, thrice


@program("V1-72")
def dynamic_networks(tf: Any) -> Any:
    """From zeros, from a state, of a known and an unknown number of steps, batch first and time first."""
    kind = tf.nn.rnn_cell
    x = tf.placeholder(tf.float32, [None, None, 3])
    with seeded(tf):
        known = tf.nn.dynamic_rnn(kind.BasicLSTMCell(4), tf.constant(INPUTS), dtype=tf.float32, scope="known")
        fed = tf.nn.dynamic_rnn(kind.GRUCell(4), x, dtype=tf.float32, scope="fed")
        start = kind.LSTMStateTuple(tf.ones([5, 4]), tf.zeros([5, 4]))
        given = tf.nn.dynamic_rnn(kind.LSTMCell(4, True), x, initial_state=start, time_major=True)
    shapes = [known[0].shape.as_list(), fed[0].shape.as_list(), given[0].shape.as_list(), fed[1].shape.as_list()]
    with started(tf) as session:
        first = thrice(session, [known, fed, given], {x: INPUTS})
        return [shown(tf.global_variables()), shapes, first, session.run(fed, {x: INPUTS[:, :2]})]


@program("V1-72")
def lengths_of_sequences(tf: Any) -> Any:
    """After its end a sequence puts out zeros, and its state stays."""
    kind = tf.nn.rnn_cell
    x, n = tf.placeholder(tf.float32, [None, None, 3]), tf.placeholder(tf.int32, [None])
    with seeded(tf):
        one = tf.nn.dynamic_rnn(kind.GRUCell(4), x, n, dtype=tf.float32, scope="one")
        stacked = kind.MultiRNNCell([kind.BasicLSTMCell(2), kind.BasicRNNCell(3)])
        two = tf.nn.dynamic_rnn(stacked, tf.constant(INPUTS), tf.constant(LENGTHS, tf.int64), dtype=tf.float32)
    with started(tf) as session:
        runs = [session.run([one, two], {x: INPUTS, n: lengths}) for lengths in ([2, 4], [5, 5], [0, 3], [0, 0])]
        problem = error(session.run, one, {x: INPUTS, n: [2, 4, 1]}, words="Expected shape for Tensor")
        named = tf.get_default_graph().get_tensor_by_name("net/one/sequence_length:0")
        return [runs, problem, session.run(named, {n: [2, 4]}), shown(tf.global_variables())]


@program("V1-72", needs=("gradients",))
def gradients_of_dynamic_networks(tf: Any) -> Any:
    """Through loops, with and without lengths, to inputs, states and variables."""
    kind = tf.nn.rnn_cell
    x, n = tf.placeholder(tf.float32, [2, None, 3]), tf.placeholder(tf.int32, [None])
    start = tf.fill([2, 4], 0.5)
    with seeded(tf):
        outputs, state = tf.nn.dynamic_rnn(kind.BasicLSTMCell(4), x, n, dtype=tf.float32)
        whole, last = tf.nn.dynamic_rnn(kind.GRUCell(4), x, initial_state=start, scope="whole")
    loss = tf.reduce_sum(tf.square(outputs)) + tf.reduce_sum(state.c) + tf.reduce_mean(whole) + tf.reduce_sum(last)
    gradients = tf.gradients(loss, [x, start, *tf.trainable_variables()])
    with started(tf) as session:
        return [session.run([loss, gradients], {x: INPUTS, n: lengths}) for lengths in ([2, 4], [5, 5], [0, 3])]


@program("V1-72", needs=("gradients",))
def a_trained_network(tf: Any) -> Any:
    """Steps of training of stacked cells with dropout: the numbers of the units dropped are TensorFlow's."""
    kind = tf.nn.rnn_cell
    tf.set_random_seed(7)
    x, y = tf.placeholder(tf.float32, [None, 5, 3]), tf.placeholder(tf.float32, [None, 1])
    keep = tf.placeholder_with_default(0.8, [])
    cells = [kind.DropoutWrapper(kind.BasicLSTMCell(4), output_keep_prob=keep) for _ in range(2)]
    outputs, _ = tf.nn.dynamic_rnn(kind.MultiRNNCell(cells), x, dtype=tf.float32, parallel_iterations=1)
    w = tf.get_variable("w", [4, 1])
    loss = tf.reduce_mean(tf.square(tf.matmul(outputs[:, -1], w) - y))
    step = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    with started(tf) as session:
        feeds = {x: INPUTS, y: [[1.0], [-1.0]]}
        losses = [session.run([loss, step], feeds)[0] for _ in range(4)]
        return [losses, session.run(loss, {**feeds, keep: 1.0}), session.run(tf.trainable_variables())]


@program("V1-72")
def dynamic_networks_both_ways(tf: Any) -> Any:
    """`bidirectional_dynamic_rnn`."""
    kind = tf.nn.rnn_cell
    x, n = tf.constant(INPUTS), tf.placeholder(tf.int32, [None])
    with seeded(tf):
        plain = tf.nn.bidirectional_dynamic_rnn(kind.GRUCell(2), kind.BasicLSTMCell(3), x, dtype=tf.float32)
        cut = tf.nn.bidirectional_dynamic_rnn(
            kind.GRUCell(2), kind.GRUCell(2), tf.transpose(x, [1, 0, 2]), n, dtype=tf.float32, time_major=True,
            scope="cut",
        )  # fmt: skip
    with started(tf) as session:
        return [shown(tf.global_variables()), thrice(session, [plain, cut], {n: LENGTHS})]


@program("V1-72")
def several_inputs(tf: Any) -> Any:
    """Inputs, outputs and states that are structures."""

    class Pair(tf.nn.rnn_cell.RNNCell):
        state_size = (2, tf.TensorShape([3]))
        output_size = (2, 3)

        def call(self, inputs: Any, state: Any) -> Any:
            first, second = inputs
            a, b = state[0] + first[:, :2], state[1] * 0.5 + second
            return (a * 2.0, b), (a, b)

    x = tf.constant(INPUTS)
    outputs, state = tf.nn.dynamic_rnn(Pair(), (x, x * 2.0), [2, 4], dtype=tf.float32)
    with tf.Session() as session:
        return session.run([outputs, state])


@program("V1-72")
def dropout_in_loops(tf: Any) -> Any:
    """The numbers of random ops inside a loop are TensorFlow's, iteration by iteration, run by run.

    TensorFlow draws for several iterations at once, in whatever order, unless it is told not to.
    """
    kind = tf.nn.rnn_cell
    x = tf.ones([2, 20, 3])
    with seeded(tf):
        each = kind.DropoutWrapper(kind.GRUCell(4), 0.5, 0.5, 0.5, seed=3)
        first = tf.nn.dynamic_rnn(each, x, dtype=tf.float32, parallel_iterations=1, scope="each")
        same = kind.DropoutWrapper(kind.BasicLSTMCell(4), 0.5, 0.5, 0.5, True, 3, tf.float32, 4)
        second = tf.nn.dynamic_rnn(same, x, dtype=tf.float32, parallel_iterations=1, scope="same")
    with started(tf) as session:
        return thrice(session, [first[0][:, -3:], first[1], second[1]])


@program("V1-72")
def raw_networks(tf: Any) -> Any:
    """`raw_rnn`: `loop_fn` feeds the inputs, ends sequences, and keeps a state of its own."""
    steps = tf.TensorArray(tf.float32, 5).unstack(tf.transpose(tf.constant(INPUTS), [1, 0, 2]))
    lengths = tf.placeholder(tf.int32, [2])

    def plain(cell: Any, start: Any) -> Any:
        def loop_fn(time: Any, output: Any, state: Any, own: Any) -> Any:
            state = start if output is None else state
            finished = time >= lengths
            given = tf.cond(tf.reduce_all(finished), lambda: tf.zeros([2, 3]), lambda: steps.read(time))
            return finished, given, state, output, None

        return loop_fn

    def emitting(cell: Any, start: Any) -> Any:
        def loop_fn(time: Any, output: Any, state: Any, own: Any) -> Any:
            if output is None:
                return tf.zeros([2], tf.bool), tf.ones([2, 3]), start, tf.zeros([1]), tf.constant(2.0)
            emitted = tf.reduce_sum(output, 1, keepdims=True)
            given = tf.ones([2, 3]) * tf.cast(time, tf.float32)
            return time >= lengths, given, state, emitted, own * 1.5

        return loop_fn

    found = []
    with seeded(tf):
        for number, make in enumerate((plain, emitting)):
            cell = tf.nn.rnn_cell.GRUCell(4)
            loop = make(cell, cell.zero_state(2, tf.float32))
            arrays, state, own = tf.nn.raw_rnn(cell, loop, scope=f"raw{number}")
            found.append([arrays.stack(), state] + ([] if own is None else [own]))
    with started(tf) as session:
        return [session.run(found, {lengths: n}) for n in ([2, 4], [5, 3], [5, 3])]


@program("V1-72", needs=("gradients",))
def gradients_of_raw_networks(tf: Any) -> Any:
    """Through a loop of which nobody knows the number of steps."""
    lengths = tf.placeholder(tf.int32, [2])
    cell = tf.nn.rnn_cell.BasicLSTMCell(4)
    x = tf.constant(INPUTS[:, 0])

    def loop_fn(time: Any, output: Any, state: Any, own: Any) -> Any:
        state = cell.zero_state(2, tf.float32) if output is None else state
        return time >= lengths, x, state, output, None

    with seeded(tf):
        arrays, state, _ = tf.nn.raw_rnn(cell, loop_fn)
    loss = tf.reduce_sum(tf.square(arrays.stack())) + tf.reduce_sum(state.c)
    gradients = tf.gradients(loss, [x, *tf.trainable_variables()])
    with started(tf) as session:
        return [session.run([loss, gradients], {lengths: n}) for n in ([2, 4], [5, 3], [5, 3])]


@program("V1-72")
def what_loops_refuse(tf: Any) -> Any:
    """Errors of `dynamic_rnn` and `raw_rnn`."""
    cell = tf.nn.rnn_cell.GRUCell(2)
    x = tf.constant(INPUTS)
    unknown = tf.placeholder(tf.float32, [2, 5, None])
    run = tf.nn.dynamic_rnn
    return [
        error(run, 3, x, words="is not an RNNCell"),
        error(run, cell, x, words="argument `dtype` must be specified"),
        error(run, cell, unknown, dtype=tf.float32, words="accessible via shape inference"),
        error(run, cell, x, [[1]], dtype=tf.float32, words="must be a vector of length batch_size"),
        error(run, cell, x[0], dtype=tf.float32),
        error(run, cell, (x, x[:, :3]), dtype=tf.float32, words="Time steps is not the same"),
        error(run, cell, (x, x[:1]), dtype=tf.float32, words="Batch_size is not the same"),
        error(tf.nn.raw_rnn, cell, 3, words="must be a callable"),
        error(tf.nn.raw_rnn, 3, lambda *_: None, words="is not an RNNCell"),
    ]


@program("V1-72")
def long_loops(tf: Any) -> Any:
    """Sixty steps, as a compiled loop."""
    values = np.sin(np.arange(2 * 60 * 3, dtype=np.float32)).reshape(2, 60, 3)
    x = tf.placeholder(tf.float32, [None, None, 3])
    with seeded(tf):
        outputs, state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(4), x, [60, 31], dtype=tf.float32)
    with started(tf) as session:
        return thrice(session, [outputs[:, 25:33], state], {x: values})
