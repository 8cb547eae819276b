"""Programs about optimizers: what twenty steps make of variables and slots, names, and what users build on them."""

from typing import Any

import numpy as np

from onevar.conformance.v1_table import program, started


def _optimizers(tf: Any, step: Any) -> dict[str, Any]:
    """One of each, with arguments that take every branch of its formula."""
    train = tf.train
    strengths = {"l1_regularization_strength": 0.01, "l2_regularization_strength": 0.02}
    return {
        "descent": train.GradientDescentOptimizer(0.1),
        "momentum": train.MomentumOptimizer(0.1, 0.9),
        "nesterov": train.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
        "adam": train.AdamOptimizer(0.01),
        "adam_slow": train.AdamOptimizer(0.01, beta1=0.0, beta2=0.9, epsilon=0.1, name="Slow"),
        "rms": train.RMSPropOptimizer(0.01),
        "rms_momentum": train.RMSPropOptimizer(0.01, decay=0.8, momentum=0.5, epsilon=1e-3),
        "rms_centered": train.RMSPropOptimizer(0.01, centered=True, momentum=0.3),
        "adagrad": train.AdagradOptimizer(0.1),
        "adadelta": train.AdadeltaOptimizer(1.0, rho=0.9, epsilon=1e-6),
        "proximal": train.ProximalGradientDescentOptimizer(0.1, **strengths),
        "proximal_plain": train.ProximalGradientDescentOptimizer(0.1, l2_regularization_strength=0.02),
        "proximal_adagrad": train.ProximalAdagradOptimizer(0.1, **strengths),
        "dual": train.AdagradDAOptimizer(0.1, step, **strengths),
        "dual_plain": train.AdagradDAOptimizer(0.1, step),
        "ftrl": train.FtrlOptimizer(0.1, initial_accumulator_value=0.2, **strengths),
        "ftrl_power": train.FtrlOptimizer(0.1, learning_rate_power=-0.3, beta=0.1),
        "ftrl_shrinkage": train.FtrlOptimizer(0.1, l2_shrinkage_regularization_strength=0.03, accum_name="A"),
    }


def _trained(tf: Any, resource: bool, dtype: Any, chosen: Any = None) -> Any:
    """Twenty steps with given gradients, of whole variables and of rows that are named more than once."""
    step = tf.train.get_or_create_global_step()
    rng = np.random.RandomState(0)
    dense, rows = tf.placeholder(dtype, [3, 2]), tf.placeholder(dtype, [None, 2])
    which = tf.placeholder(tf.int32, [None])
    done, watched, names = [], [], {}
    for name, optimizer in _optimizers(tf, step).items():
        if chosen is not None and name not in chosen:
            continue
        with tf.variable_scope(name):
            first = [rng.randn(3, 2), rng.randn(5, 2)]
            w, table = (
                tf.get_variable(own, initializer=tf.constant(value, dtype), use_resource=resource)
                for own, value in zip(("w", "table"), first, strict=True)
            )
            slices = tf.IndexedSlices(rows, which, tf.constant([5, 2]))
            done.append(optimizer.apply_gradients([(dense, w), (slices, table)]))
        slots = [optimizer.get_slot(v, slot) for v in (w, table) for slot in optimizer.get_slot_names()]
        watched.append([w, table, *slots])
        names[name] = [optimizer.get_slot_names(), [v.name for v in optimizer.variables()]]
    with tf.control_dependencies(done):
        train = tf.assign_add(step, 1)
    seen = []
    with started(tf) as session:
        for at in range(20):
            feeds = {dense: rng.randn(3, 2), rows: rng.randn(4, 2), which: rng.randint(0, 5, 4)}
            session.run(train.op, feeds)
            if at in (0, 1, 5, 19):
                seen.append(session.run(watched))
        return [names, [[np.asarray(v) for each in at_once for v in each] for at_once in seen]]


@program("V1-78", kinds=True)
def twenty_steps(tf: Any, resource: bool) -> Any:
    """Every optimizer makes of variables and slots what TensorFlow's does, for dense and for sparse gradients."""
    return _trained(tf, resource, tf.float32)


@program("V1-78", needs=("64bit",), kinds=True)
def twenty_steps_in_float64(tf: Any, resource: bool) -> Any:
    """The same in float64, where hyperparameters are cast."""
    chosen = ("descent", "nesterov", "adam", "rms_centered", "adagrad", "adadelta", "dual", "ftrl")
    return _trained(tf, resource, tf.float64, chosen)


def _network(tf: Any, resource: bool = False) -> Any:
    x, y = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.float32, [None, 1])
    which = tf.placeholder(tf.int32, [None])
    rng = np.random.RandomState(1)

    def variable(name: str, *shape: int) -> Any:
        first = (rng.randn(*shape) * 0.5).astype(np.float32)
        return tf.get_variable(name, initializer=tf.constant(first), use_resource=resource)

    table, w, b, v = variable("table", 6, 3), variable("w", 3, 4), variable("b", 4), variable("v", 4, 1)
    hidden = tf.tanh(tf.matmul(x + tf.gather(table, which), w) + b)
    loss = tf.reduce_mean(tf.square(tf.matmul(hidden, v) - y))
    data = rng.randn(8, 3)
    return loss, {x: data, y: data.sum(axis=1, keepdims=True), which: rng.randint(0, 6, 8)}


@program("V1-79", needs=("gradients",), kinds=True)
def minimized(tf: Any, resource: bool) -> Any:
    """`minimize` makes the loss smaller as TensorFlow's does, counts steps, and remembers the operation."""
    step = tf.train.get_or_create_global_step()
    chosen = ("descent", "momentum", "adam", "rms_momentum", "adagrad")
    made: list[Any] = []
    saw: list[Any] = []
    for name, optimizer in _optimizers(tf, step).items():
        if name in chosen:
            with tf.variable_scope(name):
                loss, feeds = _network(tf, resource)
                variables = tf.trainable_variables(f"{name}/")
                made.append((loss, optimizer.minimize(loss, global_step=step, var_list=variables), feeds))
    with started(tf) as session:
        losses, trains = [loss for loss, _, _ in made], [train for _, train, _ in made]
        everything = {key: value for _, _, feeds in made for key, value in feeds.items()}
        saw.extend(session.run([losses, trains], everything)[0] for _ in range(12))
        return [saw, session.run(step), [op.name for op in tf.get_collection(tf.GraphKeys.TRAIN_OP)]]


@program("V1-79", needs=("gradients",))
def clipped_and_gated(tf: Any) -> Any:
    """Gradients are computed, clipped and applied in three steps, with any gate; None goes along."""
    loss, feeds = _network(tf)
    unused = tf.get_variable("unused", [2], initializer=tf.zeros_initializer())
    rate = tf.placeholder_with_default(0.1, [])
    saw = []
    for gate in (tf.train.Optimizer.GATE_NONE, tf.train.Optimizer.GATE_OP, tf.train.Optimizer.GATE_GRAPH):
        optimizer = tf.train.GradientDescentOptimizer(rate, name=f"Gate{gate}")
        pairs = optimizer.compute_gradients(
            loss, gate_gradients=gate, aggregation_method=tf.AggregationMethod.ADD_N, colocate_gradients_with_ops=True
        )
        saw.append([grad is None for grad, _ in pairs])
        clipped, norm = tf.clip_by_global_norm([grad for grad, _ in pairs], 0.5)
        train = optimizer.apply_gradients(list(zip(clipped, [v for _, v in pairs], strict=True)))
        with started(tf) as session:
            saw.append([session.run([loss, norm, train], {**feeds, rate: 0.3})[:2] for _ in range(4)])
            saw.append(session.run([*tf.trainable_variables(), unused]))
    return saw


@program("V1-79", needs=("gradients",))
def weighted_loss(tf: Any) -> Any:
    """`grad_loss` weighs the losses of a batch; a function may stand for the loss."""
    w = tf.get_variable("w", initializer=tf.constant([1.0, 2.0, 3.0]), use_resource=True)
    optimizer = tf.train.GradientDescentOptimizer(1.0)
    ((grad, _),) = optimizer.compute_gradients(tf.square(w), [w], grad_loss=tf.constant([1.0, 0.0, -1.0]))
    ((called, found),) = optimizer.compute_gradients(lambda: tf.reduce_sum(tf.square(w)))
    with started(tf) as session:
        return [*session.run([grad, called]), found is w]


@program("V1-80", needs=("gradients",), kinds=True)
def constrained(tf: Any, resource: bool) -> Any:
    """A variable's constraint is applied after every update."""
    w = tf.get_variable(
        "w", initializer=tf.constant([0.5, -0.5]), constraint=lambda v: tf.clip_by_value(v, -1.0, 1.0),
        use_resource=resource,
    )  # fmt: skip
    train = tf.train.MomentumOptimizer(0.4, 0.5).minimize(tf.reduce_sum(w * tf.constant([1.0, -2.0])))
    with started(tf) as session:
        return [[session.run(train), session.run(w)][1] for _ in range(4)]


@program("V1-80")
def optimizer_of_ones_own(tf: Any) -> Any:
    """A subclass that overrides TensorFlow's methods has slots, state of its own, and sums rows of one index."""

    class Halving(tf.train.Optimizer):
        """Steps that are half as long each time."""

        def __init__(self) -> None:
            super().__init__(use_locking=False, name="Halving")

        def _create_slots(self, var_list: Any) -> None:
            first = min(var_list, key=lambda v: v.name)
            self._create_non_slot_variable(initial_value=1.0, name="rate", colocate_with=first)
            for v in var_list:
                self._zeros_slot(v, "sum", self._name)
                self._get_or_make_slot(v, tf.ones_like(v.initialized_value()) * 2.0, "two", "Two")

        def _prepare(self) -> None:
            self.rate = self._get_non_slot_variable("rate", graph=tf.get_default_graph())

        def _apply_dense(self, grad: Any, var: Any) -> Any:
            total = tf.assign_add(self.get_slot(var, "sum"), grad)
            return tf.assign_sub(var, self.rate * total * self.get_slot(var, "two"))

        def _apply_sparse(self, grad: Any, var: Any) -> Any:
            return tf.scatter_sub(var, grad.indices, grad.values * self.rate)

        def _finish(self, update_ops: Any, name_scope: Any) -> Any:
            with tf.control_dependencies(update_ops):
                halved = tf.assign(self.rate, self.rate / 2.0)
            return tf.group(*update_ops, halved, name=name_scope)

    w, table = (tf.Variable(tf.ones([n, 2]), name=name, use_resource=False) for name, n in (("w", 2), ("table", 3)))
    optimizer = Halving()
    slices = tf.IndexedSlices(tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([1, 1]), tf.constant([3, 2]))
    train = optimizer.apply_gradients([(tf.constant([[1.0, 2.0], [3.0, 4.0]]), w), (slices, table), (None, table)])
    with started(tf) as session:
        saw = [[session.run(train), session.run([w, table, *optimizer.variables()])][1] for _ in range(3)]
        return [saw, [v.name for v in optimizer.variables()], optimizer.get_slot_names(), optimizer.get_name()]


@program("V1-80")
def slots_in_scopes(tf: Any) -> Any:
    """Slots are named after their variables, Adam's powers after the scope of names, or a scope of their own."""
    w = tf.get_variable("layer/w", [2], initializer=tf.zeros_initializer())
    grad = tf.constant([1.0, -1.0])
    first, second = tf.train.AdamOptimizer(), tf.train.AdamOptimizer(use_own_namescope_for_non_slot_vars=True)
    with tf.name_scope("train"):
        first.apply_gradients([(grad, w)])
        again = first.apply_gradients([(grad, w)], name="again")
    second.apply_gradients([(grad, w)])
    with tf.variable_scope("v"):
        third = tf.train.RMSPropOptimizer(0.1)
        third.apply_gradients([(grad, w)])
    found = [[v.name for v in optimizer.variables()] for optimizer in (first, second, third)]
    return [found, again.name, first.get_slot(w, "x"), [v.name for v in tf.global_variables()]]


_SCHEDULES = {
    "exponential": lambda train, step: train.exponential_decay(0.1, step, 10, 0.9),
    "stairs": lambda train, step: train.exponential_decay(0.1, step, 10, 0.9, staircase=True),
    "natural": lambda train, step: train.natural_exp_decay(0.1, step, 10, 0.9),
    "natural_stairs": lambda train, step: train.natural_exp_decay(0.1, step, 10, 0.9, True),
    "inverse": lambda train, step: train.inverse_time_decay(0.1, step, 10, 0.9),
    "inverse_stairs": lambda train, step: train.inverse_time_decay(0.1, step, 10, 0.9, True),
    "pieces": lambda train, step: train.piecewise_constant(step, [5, 15, 30], [1.0, 0.5, 0.2, 0.1]),
    "two_pieces": lambda train, step: train.piecewise_constant_decay(step, [5], [1.0, 0.5]),
    "polynomial": lambda train, step: train.polynomial_decay(0.1, step, 10, power=2.0),
    "cycle": lambda train, step: train.polynomial_decay(0.1, step, 10, 0.01, cycle=True),
    "cosine": lambda train, step: train.cosine_decay(0.1, step, 20, 0.1),
    "restarts": lambda train, step: train.cosine_decay_restarts(0.1, step, 10, 2.0, 0.9, 0.1),
    "even_restarts": lambda train, step: train.cosine_decay_restarts(0.1, step, 10, 1.0),
    "linear_cosine": lambda train, step: train.linear_cosine_decay(0.1, step, 20),
}


@program("V1-81")
def schedules(tf: Any) -> Any:
    """Learning rates follow the global step, between its values and beyond the last."""
    step = tf.placeholder(tf.int64, [])
    rates = [make(tf.train, step) for make in _SCHEDULES.values()]
    noise = tf.train.noisy_linear_cosine_decay(0.1, step, 20, initial_variance=0.0)
    with tf.Session() as session:
        return [session.run([*rates, noise], {step: at}) for at in (0, 1, 5, 6, 10, 15, 16, 25, 31, 70, 1000)]


@program("V1-81", needs=("gradients",))
def scheduled_training(tf: Any) -> Any:
    """An optimizer takes its rate from a schedule over the step that it counts; averages follow its variables."""
    step = tf.train.get_or_create_global_step()
    loss, feeds = _network(tf)
    rate = tf.train.exponential_decay(0.2, step, 3, 0.5, staircase=True)
    train = tf.train.MomentumOptimizer(rate, 0.5).minimize(loss, global_step=step)
    average = tf.train.ExponentialMovingAverage(0.9, num_updates=step)
    with tf.control_dependencies([train]):
        both = average.apply(tf.trainable_variables())
    saw = []
    with started(tf) as session:
        for _ in range(8):
            session.run(both, feeds)
            saw.append(session.run([loss, rate, step], feeds))
        return [saw, session.run([average.average(v) for v in tf.trainable_variables()])]


def _refused(call: Any) -> list[str]:
    try:
        call()
    except Exception as error:  # noqa: BLE001 (which one is what is recorded)
        return [type(error).__name__, str(error)]
    return ["nothing"]


@program("V1-80")
def refusals(tf: Any) -> Any:
    """What is wrong is refused with TensorFlow's words."""
    train = tf.train
    w = tf.get_variable("w", [2], initializer=tf.zeros_initializer())
    counter = tf.get_variable("n", [], tf.int32, initializer=tf.zeros_initializer(), trainable=False)
    descent = train.GradientDescentOptimizer(0.1)
    held = tf.get_variable("h", [3, 2], initializer=tf.zeros_initializer(), constraint=lambda v: v)
    slices = tf.IndexedSlices(tf.ones([1, 2]), tf.constant([0]), tf.constant([3, 2]))
    return [
        _refused(lambda: train.Optimizer(False, "")),
        _refused(lambda: descent.apply_gradients([])),
        _refused(lambda: descent.compute_gradients(tf.reduce_sum(w), [w], gate_gradients=7)),
        _refused(lambda: descent.compute_gradients(tf.constant(1.0), [])),
        _refused(lambda: descent.apply_gradients([(slices, held)])),
        _refused(lambda: descent.apply_gradients([(tf.ones([2]), tf.ones([2]))])[1]),
        _refused(lambda: train.AdagradOptimizer(0.1, initial_accumulator_value=0.0)),
        _refused(lambda: train.ProximalAdagradOptimizer(0.1, initial_accumulator_value=-1.0)),
        _refused(lambda: train.FtrlOptimizer(0.1, learning_rate_power=0.5)),
        _refused(lambda: train.FtrlOptimizer(0.1, l1_regularization_strength=-0.5)),
        _refused(lambda: train.piecewise_constant(tf.constant(1.0), [1, 2], [1.0, 2.0, 3.0])),
        _refused(lambda: train.piecewise_constant(counter, [1, 2], [1.0, 2.0])),
        _refused(lambda: train.Optimizer(False, "x").apply_gradients([(tf.ones([2]), w)])),
    ]


@program("V1-82")
def rows_out_of_range(tf: Any) -> Any:
    """An index beyond the variable is an error, whatever is done with rows that are there."""
    table = tf.get_variable("table", initializer=tf.ones([3, 2]), use_resource=False)
    which = tf.placeholder(tf.int32, [None])
    saw = []
    train = tf.train
    for optimizer in (train.AdagradOptimizer(0.1), train.AdamOptimizer(0.1), train.MomentumOptimizer(0.1, 0.9)):
        slices = tf.IndexedSlices(tf.ones([2, 2]), which, tf.constant([3, 2]))
        updated = optimizer.apply_gradients([(slices, table)])
        with started(tf) as session:
            session.run(updated, {which: [0, 1]})
            session.run(updated, {which: [1, 1]})
            saw.append(session.run(table))
            for wrong in ([0, 3], [-1, 0]):
                try:
                    session.run(updated, {which: wrong})
                except tf.errors.InvalidArgumentError:
                    saw.append("InvalidArgumentError")
    return saw
