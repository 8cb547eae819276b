"""Programs about the graphs of recurrent networks: each builds something; their operations are compared by name."""

PROGRAMS = {}


def program(function):
    PROGRAMS[function.__name__] = function
    return function


def named(operations):
    """Types and names, but for control flow, which TensorFlow 1 spreads over operations of its own."""
    flow = {"Enter", "Merge", "Switch", "NextIteration", "Exit", "LoopCond", "While", "If"}
    return [[op.type, op.name] for op in operations if op.type not in flow]


@program
def lstm_with_everything(tf):
    cell = tf.nn.rnn_cell.LSTMCell(4, use_peepholes=True, num_proj=2, cell_clip=1.0, proj_clip=1.0)
    cell(tf.placeholder(tf.float32, [2, 3], name="x"), cell.zero_state(2, tf.float32))


@program
def states_side_by_side(tf):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    for cell in (
        tf.nn.rnn_cell.LSTMCell(4, num_proj=2, state_is_tuple=False),
        tf.nn.rnn_cell.BasicLSTMCell(4, state_is_tuple=False),
        tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.GRUCell(2), tf.nn.rnn_cell.BasicRNNCell(3)], state_is_tuple=False),
    ):
        cell(x, cell.zero_state(tf.shape(x)[0], tf.float32))


@program
def wrapped_cells(tf):
    kind = tf.nn.rnn_cell
    cell = kind.MultiRNNCell(
        [
            kind.DropoutWrapper(kind.GRUCell(3), 0.5, 0.6, 0.7, seed=3),
            kind.ResidualWrapper(kind.BasicRNNCell(3)),
            kind.DeviceWrapper(kind.BasicRNNCell(3), "/cpu:0"),
        ]
    )
    cell(tf.placeholder(tf.float32, [2, 3], name="x"), cell.zero_state(2, tf.float32))


@program
def dropout_of_all_steps(tf):
    cell = tf.nn.rnn_cell.BasicLSTMCell(3)
    keep = tf.placeholder(tf.float32, [], name="keep")
    cell = tf.nn.rnn_cell.DropoutWrapper(cell, keep, 0.5, 0.5, True, 3, tf.float32, 4)
    tf.nn.static_rnn(cell, [tf.placeholder(tf.float32, [2, 3], name="x")] * 2, dtype=tf.float32)


@program
def resource_variables(tf):
    with tf.variable_scope("net", use_resource=True):
        steps = [tf.placeholder(tf.float32, [2, 3], name="x")] * 2
        tf.nn.static_rnn(tf.nn.rnn_cell.GRUCell(3), steps, dtype=tf.float32)


@program
def static_network(tf):
    steps = tf.unstack(tf.placeholder(tf.float32, [None, 3, 2], name="x"), axis=1)
    tf.nn.static_rnn(tf.nn.rnn_cell.BasicLSTMCell(4), steps, dtype=tf.float32)
    cells = [tf.nn.rnn_cell.GRUCell(3) for _ in range(2)]
    tf.nn.static_bidirectional_rnn(*cells, steps, dtype=tf.float32)


#: Whose operations inside loops are looked up by name: they are no operations of the graph around.
LOOPS = {}


def loop(function):
    LOOPS[function.__name__] = function
    return function


@loop
def dynamic_network(tf):
    x = tf.placeholder(tf.float32, [None, 5, 3], name="x")
    tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(4), x, dtype=tf.float32)


@loop
def dynamic_network_with_lengths(tf):
    x, n = tf.placeholder(tf.float32, [None, None, 3], name="x"), tf.placeholder(tf.int32, [None], name="n")
    tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(4), x, n, dtype=tf.float32)


@loop
def stacked_network(tf):
    x = tf.placeholder(tf.float32, [7, 2, 3], name="x")
    cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.LSTMCell(4) for _ in range(2)])
    tf.nn.dynamic_rnn(cell, x, initial_state=cell.zero_state(2, tf.float32), time_major=True, scope="mine")


@loop
def network_both_ways(tf):
    x, n = tf.placeholder(tf.float32, [2, None, 3], name="x"), tf.placeholder(tf.int32, [2], name="n")
    cells = [tf.nn.rnn_cell.GRUCell(3), tf.nn.rnn_cell.BasicRNNCell(2)]
    tf.nn.bidirectional_dynamic_rnn(*cells, x, n, dtype=tf.float32)
