"""Programs about recurrent networks: cells, what is around them, and loops over them."""

from typing import Any

import numpy as np

from onevar.conformance.v1_table import error, program, started, thrice

INPUTS = np.linspace(-1.0, 1.0, 2 * 5 * 3, dtype=np.float32).reshape(2, 5, 3)
LENGTHS = np.array([2, 4], np.int32)


def shown(variables: Any) -> list[Any]:
    """Return names, dtypes and shapes."""
    return [[v.name, v.dtype.base_dtype.name, v.shape.as_list()] for v in variables]


def seeded(tf: Any, seed: int = 5) -> Any:
    """Return the scope in which variables start from a seeded initializer."""
    return tf.variable_scope("net", initializer=tf.random_uniform_initializer(-0.5, 0.5, seed=seed))


def cells(tf: Any) -> dict[str, Any]:
    """Return cells of three units, of every kind."""
    kind = tf.nn.rnn_cell
    return {
        "basic": kind.BasicRNNCell(3),
        "relu": kind.BasicRNNCell(3, activation=tf.nn.relu, name="mine"),
        "gru": kind.GRUCell(3),
        "gru_set": kind.GRUCell(3, "sigmoid", None, tf.ones_initializer(), tf.constant_initializer(0.25)),
        "basic_lstm": kind.BasicLSTMCell(3),
        "basic_lstm_one": kind.BasicLSTMCell(3, 0.5, state_is_tuple=False, activation="relu"),
        "lstm": kind.LSTMCell(3),
        "lstm_all": kind.LSTMCell(
            3, True, 0.3, tf.random_normal_initializer(0.1, 0.5, seed=2), 2, 0.2, forget_bias=0.0
        ),
        "lstm_one": kind.LSTMCell(3, True, num_proj=2, state_is_tuple=False),
        "lstm_parts": kind.LSTMCell(3, num_unit_shards=2, num_proj=4, num_proj_shards=2),
    }


@program("V1-70")
def cells_by_themselves(tf: Any) -> Any:
    """Every cell: variables, outputs, states."""
    found = []
    for key, cell in cells(tf).items():
        with tf.variable_scope(key, initializer=tf.random_uniform_initializer(-0.5, 0.5, seed=1)):
            x = tf.constant(INPUTS[:, 0])
            state = cell.zero_state(2, tf.float32)
            for _ in range(2):
                output, state = cell(x, state)
            found.append([key, cell.state_size, cell.output_size, shown(cell.weights), [output, state]])
    with started(tf) as session:
        return [[*item[:-1], session.run(item[-1])] for item in found]


@program("V1-70", needs=("gradients",))
def gradients_of_cells(tf: Any) -> Any:
    """Gradients through two steps of every cell, to its inputs and variables."""
    losses = []
    for key, cell in cells(tf).items():
        with tf.variable_scope(key, initializer=tf.random_uniform_initializer(-0.5, 0.5, seed=1)):
            x = tf.constant(INPUTS[:, 0])
            state = cell.zero_state(2, tf.float32)
            for _ in range(2):
                output, state = cell(x, state)
            weights = [w for w in cell.trainable_weights if not hasattr(w, "as_tensor")]
            losses.append(tf.gradients(tf.reduce_sum(tf.square(output)), [x, *weights]))
    with started(tf) as session:
        return session.run(losses)


@program("V1-70")
def cells_of_cells(tf: Any) -> Any:
    """Stacked cells, with residuals, on devices, with states side by side."""
    kind = tf.nn.rnn_cell
    x = tf.constant(INPUTS[:, 0])
    made = {
        "tuple": kind.MultiRNNCell([kind.GRUCell(3), kind.ResidualWrapper(kind.BasicLSTMCell(3))]),
        "list": kind.MultiRNNCell([kind.GRUCell(4), kind.BasicRNNCell(3)], state_is_tuple=False),
        "device": kind.DeviceWrapper(kind.LSTMCell(3, num_proj=2), "/cpu:0"),
        "residual": kind.ResidualWrapper(kind.BasicRNNCell(3), lambda i, o: i * 2.0 - o),
    }
    found = []
    for key, cell in made.items():
        with tf.variable_scope(key, initializer=tf.random_uniform_initializer(-0.5, 0.5, seed=1)):
            output, state = cell(x, cell.zero_state(2, tf.float32))
            found.append([cell.state_size, cell.output_size, shown(cell.trainable_weights), [output, state]])
    names = [v.name for v in tf.global_variables()]
    with started(tf) as session:
        return [names, [[*item[:-1], session.run(item[-1])] for item in found]]


@program("V1-70")
def dropout_around_cells(tf: Any) -> Any:
    """Dropped units are TensorFlow's, step by step and run by run."""
    kind = tf.nn.rnn_cell
    x = tf.ones([2, 3])
    keep = tf.placeholder_with_default(0.5, [])
    made = [
        kind.DropoutWrapper(kind.BasicLSTMCell(3), 0.6, 0.7, 0.5, seed=3),
        kind.DropoutWrapper(kind.GRUCell(3), 0.6, keep, 0.5, seed=4),
        kind.DropoutWrapper(kind.GRUCell(3), 0.6, 0.7, 0.5, True, 3, tf.float32, 5),
        kind.DropoutWrapper(
            kind.MultiRNNCell([kind.BasicLSTMCell(3), kind.GRUCell(3)]), 1.0, 1.0, keep, True, dtype=tf.float32, seed=6
        ),
        kind.DropoutWrapper(
            kind.LSTMCell(3), state_keep_prob=0.4, seed=7,
            dropout_state_filter_visitor=lambda s: kind.LSTMStateTuple(True, False) if isinstance(s, tuple) else True,
        ),
    ]  # fmt: skip
    found = []
    for number, cell in enumerate(made):
        with tf.variable_scope(f"n{number}", initializer=tf.random_uniform_initializer(0.5, 0.6, seed=1)):
            state = cell.zero_state(2, tf.float32)
            steps = []
            for _ in range(2):
                output, state = cell(x, state)
                steps.append(output)
            found.append([steps, state])
    with started(tf) as session:
        return thrice(session, found)


@program("V1-70")
def cells_of_ones_own(tf: Any) -> Any:
    """A cell of one's own that makes its variables by `get_variable`, with and without calling the base."""

    class Own(tf.nn.rnn_cell.RNNCell):
        state_size = 2
        output_size = 3

        def call(self, inputs: Any, state: Any) -> Any:
            w = tf.get_variable("w", [3, 2], initializer=tf.ones_initializer())
            b = tf.get_variable("b", [2], trainable=False, initializer=tf.ones_initializer())
            new = tf.tanh(tf.matmul(inputs, w) + b + state)
            return tf.concat([new, new[:, :1]], 1), new

    class Older(tf.nn.rnn_cell.RNNCell):
        def __init__(self, units: Any) -> None:
            self._units = units

        @property
        def state_size(self) -> Any:
            return self._units

        @property
        def output_size(self) -> Any:
            return self._units

        def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
            with tf.variable_scope(scope or type(self).__name__):
                w = tf.get_variable("w", [3, self._units], initializer=tf.ones_initializer())
                new = tf.matmul(inputs, w) - state
            return new, new

    x = tf.constant(INPUTS[:, 0])
    own, older = Own(name="mine"), Older(2)
    first = own(x, own.zero_state(2, tf.float32))
    again = own(x, first[1])
    other = older(x, older.zero_state(2, tf.float32))
    weights = [shown(own.trainable_weights), shown(own.non_trainable_weights), shown(tf.global_variables())]
    with started(tf) as session:
        return [weights, session.run([first, again, other])]


@program("V1-70")
def what_cells_refuse(tf: Any) -> Any:
    """Errors of cells."""
    kind = tf.nn.rnn_cell
    unknown = tf.placeholder(tf.float32, [2, None])
    x = tf.constant(INPUTS[:, 0])
    return [
        error(kind.MultiRNNCell, [], words="at least one cell"),
        error(kind.MultiRNNCell, 3, words="must be a list or tuple"),
        error(kind.MultiRNNCell, [kind.BasicLSTMCell(2)], False, words="Some cells return tuples of states"),
        error(kind.DropoutWrapper, 3, words="is not an RNNCell"),
        error(kind.DropoutWrapper, kind.GRUCell(2), 1.5, words="Parameter input_keep_prob must be between 0 and 1"),
        error(kind.DropoutWrapper, kind.GRUCell(2), variational_recurrent=True, words="dtype must be provided"),
        error(kind.DropoutWrapper, kind.GRUCell(2), 0.5, 1.0, 1.0, True, None, tf.float32, words="input_size must be"),
        error(kind.BasicLSTMCell(2), unknown, kind.BasicLSTMCell(2).zero_state(2, tf.float32), words="to be known"),
        error(kind.GRUCell(2), tf.constant([[1, 2]]), tf.constant([[1, 2]]), words="only supports floating point"),
        error(kind.GRUCell, 2, dtype=tf.int32, words="only supports floating point"),
        error(kind.BasicRNNCell(2), x[0], tf.zeros([2, 2])),
        error(kind.GRUCell(2).get_initial_state, words="batch_size and dtype cannot be None"),
        error(kind.GRUCell(2).get_initial_state, x, 3, words="batch size from input tensor is different"),
        error(tf.nn.static_rnn, 3, [x], words="is not an RNNCell"),
        error(tf.nn.static_rnn, kind.GRUCell(2), x, words="must be a sequence"),
        error(tf.nn.static_rnn, kind.GRUCell(2), [], words="must not be empty"),
        error(tf.nn.static_rnn, kind.GRUCell(2), [x], words="argument `dtype` must be specified"),
        error(tf.nn.static_rnn, kind.GRUCell(2), [unknown], dtype=tf.float32, words="accessible via shape inference"),
        error(tf.nn.static_rnn, kind.GRUCell(2), [x], None, tf.float32, [[1]], words="must be a vector"),
    ]


@program("V1-70")
def scopes_of_cells(tf: Any) -> Any:
    """A cell keeps to the scope of its first call; `reuse` and `name` share variables."""
    kind = tf.nn.rnn_cell
    x = tf.constant(INPUTS[:, 0])
    cell = kind.GRUCell(2)
    with tf.variable_scope("a"):
        cell(x, cell.zero_state(2, tf.float32))
    with tf.variable_scope("b"):
        cell(x, cell.zero_state(2, tf.float32))
    again = kind.GRUCell(2, reuse=True)
    with tf.variable_scope("a"):
        again(x, again.zero_state(2, tf.float32))
        problem = error(kind.GRUCell(2, name="gru_cell"), x, cell.zero_state(2, tf.float32), words="already exists")
    named = kind.GRUCell(2, name="named")
    named(x, cell.zero_state(2, tf.float32), scope="given")
    return [shown(tf.global_variables()), problem, [v.name for v in again.variables]]


# -- networks without a loop --------------------------------------------------------------------------


@program("V1-71")
def static_networks(tf: Any) -> Any:
    """`static_rnn` with and without lengths, from zeros and from a state."""
    kind = tf.nn.rnn_cell
    steps = tf.unstack(tf.constant(INPUTS), axis=1)
    lengths = tf.placeholder(tf.int32, [None])
    with seeded(tf):
        whole = tf.nn.static_rnn(kind.BasicLSTMCell(4), steps, dtype=tf.float32, scope="whole")
        start = tf.ones([2, 4])
        given = tf.nn.static_rnn(kind.GRUCell(4), steps, start, sequence_length=lengths, scope="given")
        cut = tf.nn.static_rnn(
            kind.MultiRNNCell([kind.GRUCell(3), kind.BasicLSTMCell(2)]), steps, dtype=tf.float32,
            sequence_length=lengths,
        )  # fmt: skip
    names = shown(tf.global_variables())
    with started(tf) as session:
        runs = [session.run([whole, given, cut], {lengths: n}) for n in ([2, 4], [5, 5], [0, 3], [1, 1])]
        return [names, runs]


@program("V1-71", needs=("gradients",))
def gradients_of_static_networks(tf: Any) -> Any:
    """Through steps that some sequences do not take."""
    kind = tf.nn.rnn_cell
    x = tf.constant(INPUTS)
    lengths = tf.placeholder(tf.int32, [None])
    with seeded(tf):
        outputs, state = tf.nn.static_rnn(
            kind.LSTMCell(4, True), tf.unstack(x, axis=1), dtype=tf.float32, sequence_length=lengths
        )
    loss = tf.reduce_sum(tf.square(tf.stack(outputs))) + tf.reduce_sum(state.c * state.h)
    gradients = tf.gradients(loss, [x, *tf.trainable_variables()])
    with started(tf) as session:
        return [session.run([loss, gradients], {lengths: n}) for n in ([2, 4], [5, 5], [0, 3])]


@program("V1-71")
def static_networks_both_ways(tf: Any) -> Any:
    """`static_bidirectional_rnn`."""
    kind = tf.nn.rnn_cell
    steps = tf.unstack(tf.constant(INPUTS), axis=1)
    with seeded(tf):
        plain = tf.nn.static_bidirectional_rnn(kind.BasicRNNCell(2), kind.GRUCell(3), steps, dtype=tf.float32)
        cut = tf.nn.static_bidirectional_rnn(
            kind.BasicLSTMCell(2), kind.BasicLSTMCell(2), steps, dtype=tf.float32, sequence_length=tf.constant(LENGTHS),
            scope="cut",
        )  # fmt: skip
    names = shown(tf.global_variables())
    with started(tf) as session:
        return [names, thrice(session, [plain, cut])]


@program("V1-71")
def saved_states(tf: Any) -> Any:
    """`static_state_saving_rnn` goes on where the last run ended."""

    class Saver:
        def __init__(self) -> None:
            self.kept: dict[str, Any] = {}

        def state(self, name: Any) -> Any:
            self.kept[name] = tf.get_variable(f"saved_{name}", [2, 3], initializer=tf.zeros_initializer())
            return self.kept[name].read_value()

        def save_state(self, name: Any, value: Any) -> Any:
            return tf.assign(self.kept[name], value)

    kind = tf.nn.rnn_cell
    steps = tf.unstack(tf.constant(INPUTS), axis=1)
    with seeded(tf):
        one = tf.nn.static_state_saving_rnn(kind.GRUCell(3), steps, Saver(), "s", scope="one")
        two = tf.nn.static_state_saving_rnn(kind.BasicLSTMCell(3), steps, Saver(), ("c", "h"), LENGTHS, scope="two")
    problems = [
        error(tf.nn.static_state_saving_rnn, kind.GRUCell(3), steps, Saver(), ("c", "h"), words="the same type"),
        error(tf.nn.static_state_saving_rnn, kind.LSTMCell(3), steps, Saver(), ("c",), words="mismatched"),
    ]
    with started(tf) as session:
        return [problems, thrice(session, [one[0][-1], one[1], two[0][-1], two[1]])]
