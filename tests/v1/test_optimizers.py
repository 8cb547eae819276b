"""Training ops and optimizers against TensorFlow; what conformance/v1_optimizers.py does not show."""

import inspect
import json
from pathlib import Path

import contrib_opt_programs
import numpy as np
import pytest
from oracle import Both
from training_cases import cases

import onevar
import onevar.v1 as tf
from onevar import errors
from onevar.core.build import op
from onevar.core.context import eager_mode

GOLDEN = Path(__file__).parent / "golden"
CASES = list(cases())
BACKENDS = ("numpy", "torch", "jax")


@pytest.fixture(scope="module")
def recorded():
    with np.load(GOLDEN / "training.npz") as file:
        return dict(file)


@pytest.fixture(params=BACKENDS)
def backend(request):
    pytest.importorskip(request.param)
    return request.param


def test_training_ops(backend, recorded):
    # All in one plan: what is compiled is compiled once.
    with tf.Graph().as_default():
        done, made = [], {}
        for name, op_type, variables, arguments in CASES:
            held = {key: tf.Variable(value, use_resource=True) for key, value in variables.items()}
            made.update((f"{name}/{key}", v) for key, v in held.items())
            done.append(op(op_type, **{key: v.handle for key, v in held.items()}, **arguments))
        with tf.Session(backend=backend) as session:
            for _ in range(3):  # interpreted, recorded or compiled, replayed
                session.run(tf.global_variables_initializer())
                session.run(done)
                for name, value in session.run(made).items():
                    np.testing.assert_allclose(value, recorded[name], 1e-5, 1e-6, err_msg=name)


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_contrib_optimizers(backend):
    pytest.importorskip(backend)
    wanted = json.loads((GOLDEN / "contrib_opt.json").read_text())
    found = contrib_opt_programs.trained(tf, backend=backend)
    assert found.keys() == wanted.keys()
    for name, (names, values) in wanted.items():
        assert found[name][0] == names
        for own, mine, theirs in zip(names, found[name][1], values, strict=True):
            np.testing.assert_allclose(mine, theirs, 1e-5, 1e-6, err_msg=f"{name} {own}")


def _graph(make, resource, dtype="float32", count=True):
    def program(tf):
        step = tf.train.get_or_create_global_step()
        w, table = (tf.get_variable(n, [3, 2], dtype, use_resource=resource) for n in ("w", "scope/table"))
        dense, rows = tf.placeholder(dtype, [3, 2]), tf.placeholder(dtype, [None, 2])
        slices = tf.IndexedSlices(rows, tf.placeholder(tf.int32, [None]), tf.constant([3, 2]))
        with tf.name_scope("train"):
            optimizer = make(tf, step)
            optimizer.apply_gradients([(dense, w), (slices, table)], global_step=step if count else None)
        return [v.value() for v in optimizer.variables()]

    return program


MAKERS = {
    "descent": lambda tf, step: tf.train.GradientDescentOptimizer(0.1),
    "momentum": lambda tf, step: tf.train.MomentumOptimizer(0.1, 0.9),
    "adam": lambda tf, step: tf.train.AdamOptimizer(use_own_namescope_for_non_slot_vars=True),
    "rms": lambda tf, step: tf.train.RMSPropOptimizer(0.1, centered=True),
    "adagrad": lambda tf, step: tf.train.AdagradOptimizer(tf.train.exponential_decay(0.1, step, 5, 0.5)),
    "adadelta": lambda tf, step: tf.train.AdadeltaOptimizer(),
    "dual": lambda tf, step: tf.train.AdagradDAOptimizer(0.1, step),
    "ftrl": lambda tf, step: tf.train.FtrlOptimizer(0.1, l2_shrinkage_regularization_strength=0.1),
    "proximal": lambda tf, step: tf.train.ProximalGradientDescentOptimizer(0.1),
    "proximal_adagrad": lambda tf, step: tf.train.ProximalAdagradOptimizer(0.1),
}


@pytest.mark.parametrize("name", MAKERS)
def test_graphs_are_tensorflows(name):
    both = Both()
    dtypes = ("float32",) if name.startswith("proximal") else ("float32", "float64")
    with both.in_use():
        for resource in (False, True):
            for dtype in dtypes:
                both.same_graph(_graph(MAKERS[name], resource, dtype, count=dtype == "float32"))


@pytest.mark.parametrize(
    "name",
    [
        "Optimizer", "GradientDescentOptimizer", "MomentumOptimizer", "AdamOptimizer", "RMSPropOptimizer",
        "AdagradOptimizer", "AdagradDAOptimizer", "AdadeltaOptimizer", "FtrlOptimizer", "ProximalAdagradOptimizer",
        "ProximalGradientDescentOptimizer", "SyncReplicasOptimizer", "exponential_decay", "natural_exp_decay",
        "inverse_time_decay", "piecewise_constant", "polynomial_decay", "cosine_decay", "cosine_decay_restarts",
        "linear_cosine_decay", "noisy_linear_cosine_decay",
    ],
)  # fmt: skip
def test_signatures(name):
    theirs = pytest.importorskip("tensorflow").compat.v1

    def described(of):
        return [(p.name, p.default, p.kind) for p in inspect.signature(of).parameters.values()]

    mine, real = getattr(tf.train, name), getattr(theirs.train, name)
    assert described(mine) == described(real)
    if name == "Optimizer":
        for method in ("minimize", "compute_gradients", "apply_gradients", "get_slot", "_zeros_slot"):
            assert described(getattr(mine, method)) == described(getattr(real, method))


@pytest.mark.parametrize("kind", ["Adagrad", "Momentum", "Adam"])
def test_a_failed_update_changes_nothing(backend, kind):
    if backend == "numpy" and kind == "Adam":
        pytest.skip("step by step, Adam's own operations let all rows decay before they look at the indices")
    rate = {"learning_rate": 0.1} | ({"momentum": 0.9} if kind == "Momentum" else {})
    with tf.Graph().as_default():
        table = tf.get_variable("table", initializer=np.ones((5, 2), np.float32))
        other = tf.get_variable("other", initializer=np.ones((5, 2), np.float32))
        which, also = tf.placeholder(tf.int32, [None]), tf.placeholder(tf.int32, [None])
        rows = tf.ones([2, 2])
        optimizer = getattr(tf.train, f"{kind}Optimizer")(**rate)
        shape = tf.constant([5, 2])
        pairs = [(tf.IndexedSlices(rows, which, shape), table), (tf.IndexedSlices(rows, also, shape), other)]
        train = optimizer.apply_gradients(pairs)
        everything = [table, other, *optimizer.variables()]
        with tf.Session(backend=backend) as session:
            session.run(tf.global_variables_initializer())
            for _ in range(3):
                session.run(train, {which: [0, 1], also: [4, 4]})
            before = session.run(everything)
            with pytest.raises(tf.errors.InvalidArgumentError):
                session.run(train, {which: [0, 5], also: [1, 2]})
            if backend == "jax":  # elsewhere the first table has been updated by then, as in TensorFlow
                with pytest.raises(tf.errors.InvalidArgumentError):
                    session.run(train, {which: [0, 1], also: [-1, 2]})
            for was, now in zip(before, session.run(everything), strict=True):
                np.testing.assert_array_equal(was, now)


def test_updates_on_torch_are_in_place():
    pytest.importorskip("torch")
    with tf.Graph().as_default():
        w = tf.get_variable("w", initializer=np.ones((4, 2), np.float32))
        table = tf.get_variable("table", initializer=np.ones((9, 2), np.float32))
        which = tf.placeholder(tf.int32, [None])
        loss = tf.reduce_sum(tf.square(w)) + tf.reduce_sum(tf.square(tf.gather(table, which)))
        optimizers = [tf.train.AdamOptimizer(), tf.train.AdagradOptimizer(0.1), tf.train.MomentumOptimizer(0.1, 0.9)]
        trains = [optimizer.minimize(loss) for optimizer in optimizers]
        with tf.Session(backend="torch") as session:
            session.run(tf.global_variables_initializer())
            for train in trains:
                session.run(train, {which: [1, 1, 2]})
            held = [w, table, *(v for optimizer in optimizers for v in optimizer.variables())]
            for _ in range(2):  # the run that is recorded holds on to what it has read
                session.run(trains, {which: [1, 1, 2]})
            where = [session.native(v).data_ptr() for v in held]
            for _ in range(3):
                session.run(trains, {which: [1, 1, 2]})
            assert [session.native(v).data_ptr() for v in held] == where


def test_a_variable_that_is_looked_at_keeps_its_value():
    torch = pytest.importorskip("torch")
    with tf.Graph().as_default():
        w = tf.get_variable("w", initializer=np.ones(3, np.float32))
        train = tf.train.AdamOptimizer(0.1).minimize(tf.reduce_sum(tf.square(w)))
        with tf.Session(backend="torch") as session:
            session.run(tf.global_variables_initializer())
            session.run(train)
            lent = session.cell(w).snapshot()
            before = lent.clone()
            for _ in range(3):
                session.run(train)
            assert torch.equal(lent, before)
            assert not torch.equal(session.native(w).detach(), before)


def test_gradients_that_share_the_variables_memory(backend):
    # The gradient of w for `w * stop_gradient(w)` is w itself.
    with tf.Graph().as_default():
        w = tf.get_variable("w", initializer=np.array([1.0, 2.0], np.float32))
        train = tf.train.MomentumOptimizer(0.5, 0.9).apply_gradients([(tf.identity(w), w)])
        with tf.Session(backend=backend) as session:
            session.run(tf.global_variables_initializer())
            value, total = np.array([1.0, 2.0]), 0.0
            for _ in range(4):
                session.run(train)
                total = 0.9 * total + value
                value = value - 0.5 * total
                np.testing.assert_allclose(session.run(w), value, 1e-5)


def test_scipy(backend):
    pytest.importorskip("scipy")
    if backend == "numpy":
        pytest.skip("NumPy has no automatic differentiation")
    with tf.Graph().as_default():
        x = tf.get_variable("x", [3], initializer=tf.ones_initializer())
        y = tf.get_variable("y", [2, 2], initializer=tf.zeros_initializer())
        p = tf.placeholder(tf.float32, [])
        loss = tf.reduce_sum((x - p) ** 2) + tf.reduce_sum((y - 1.0) ** 2)
        bounded = tf.contrib.opt.ScipyOptimizerInterface(loss, options={"maxiter": 50}, var_to_bounds={y: (-1, 0.5)})
        limited = tf.contrib.opt.ScipyOptimizerInterface(
            loss, method="SLSQP", equalities=[tf.reduce_sum(x) - 1.0], inequalities=[y[0, 0] - 2.0]
        )
        with tf.Session(backend=backend) as session:
            session.run(tf.global_variables_initializer())
            losses, steps = [], []
            bounded.minimize(session, {p: 3.0}, [loss], step_callback=steps.append, loss_callback=losses.append)
            np.testing.assert_allclose(session.run(x), [3, 3, 3], 1e-5)
            np.testing.assert_allclose(session.run(y), np.full((2, 2), 0.5), 1e-5)
            assert losses[0] == pytest.approx(16.0)
            assert steps[0].shape == (7,)
            limited.minimize(session, {p: 3.0})
            np.testing.assert_allclose(session.run(x), [1 / 3] * 3, 1e-5)
            np.testing.assert_allclose(session.run(y), [[2, 1], [1, 1]], 1e-4)
            with pytest.raises(ValueError, match="var_to_bounds"):
                tf.contrib.opt.ScipyOptimizerInterface(loss, bounds=[]).minimize(session)


def test_loss_scale(backend):
    if backend == "numpy":
        pytest.skip("NumPy has no automatic differentiation")
    with tf.Graph().as_default():
        w = tf.get_variable("w", [2], initializer=tf.ones_initializer(), use_resource=True)
        p = tf.placeholder(tf.float32, [2])
        scale = tf.train.experimental.DynamicLossScale(16.0, 2, 2.0)
        inner = tf.train.MomentumOptimizer(0.1, 0.9)
        optimizer = tf.train.experimental.MixedPrecisionLossScaleOptimizer(inner, scale)
        train = optimizer.minimize(tf.reduce_sum(w * p))
        saw = []
        with tf.Session(backend=backend) as session:
            session.run(tf.global_variables_initializer())
            for value in ([1, 2], [1, np.inf], [2, 1], [3, 1], [np.nan, 1], [1, 1]):
                session.run(train, {p: value})
                saw.append([*session.run(w), *session.run(optimizer.variables()[1:])])
        # TensorFlow's numbers.
        wanted = [
            [0.9, 0.8, 16, 1], [0.9, 0.8, 8, 0], [0.61, 0.52, 8, 1], [0.049, 0.168, 16, 0], [0.049, 0.168, 8, 0],
            [-0.5559, -0.2488, 8, 1],
        ]  # fmt: skip
        np.testing.assert_allclose(saw, wanted, 1e-5, 1e-6)


def test_sync_replicas_says_what_to_use():
    with pytest.raises(errors.Unsupported, match="average the gradients"):
        tf.train.SyncReplicasOptimizer(tf.train.AdamOptimizer(), 2)


def test_mixed_precision_rewrite_says_what_it_does():
    with pytest.warns(UserWarning, match="no operation is moved to float16"), tf.Graph().as_default():
        wrapped = tf.train.experimental.enable_mixed_precision_graph_rewrite(tf.train.AdamOptimizer(), 8)
    with pytest.raises(ValueError, match="must not already be"):
        tf.train.experimental.enable_mixed_precision_graph_rewrite(wrapped)


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_losses_at_once(backend):
    # TensorFlow's numbers after four steps, by eager execution.
    pytest.importorskip(backend)
    wanted = {
        "GradientDescent": ([0.05366399, 0.10732798], 2.394675),
        "Adam": ([0.60561776, 1.6027957], 2.6045864),
        "RMSProp": ([0.34535941, 1.221878], 2.3473389),
        "Adagrad": ([0.74086297, 1.7330742], 2.7386448),
    }
    with onevar.use_backend(backend), eager_mode():
        for name, (first, second) in wanted.items():
            w, b = tf.Variable([1.0, 2.0]), tf.Variable(3.0)
            optimizer = getattr(tf.train, f"{name}Optimizer")(0.1)
            for _ in range(4):
                optimizer.minimize(lambda w=w, b=b: tf.reduce_sum(w * w) * b)
            np.testing.assert_allclose(w.numpy(), first, 1e-5)
            np.testing.assert_allclose(b.numpy(), second, 1e-5)
            assert optimizer.get_slot(w, "nothing") is None
        with pytest.raises(RuntimeError, match="should be a function when eager execution is enabled"):
            optimizer.compute_gradients(tf.constant(1.0), [w])
