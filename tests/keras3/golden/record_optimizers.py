"""Record what TensorFlow 1's optimizers and learning rates do: run it with TensorFlow 1.15.

    python record_optimizers.py > optimizers.json

Each optimizer takes 20 steps on least squares with a bias, and on rows of an embedding, some of which are never looked
up and one of which is looked up in some steps only.
"""

import json
import sys

import numpy as np
import tensorflow as tf

STEPS = 20
KEPT = (1, 2, 5, 20)
rng = np.random.RandomState(0)
X, Y = rng.randn(16, 5).astype("float32"), rng.randn(16, 3).astype("float32")
W, B, E = (0.5 * rng.randn(*shape).astype("float32") for shape in ((5, 3), (3,), (7, 3)))
T = rng.randn(4, 3).astype("float32")
IDS = [[0, 2, 2, 5], [0, 2, 5, 5]]  # of even steps, and of odd ones: rows 1, 3, 4, 6 never
IDS[1][0] = 6

CASES = {
    "sgd": ("train.GradientDescentOptimizer", {"learning_rate": 0.1}),
    "momentum": ("train.MomentumOptimizer", {"learning_rate": 0.05, "momentum": 0.9}),
    "nesterov": ("train.MomentumOptimizer", {"learning_rate": 0.05, "momentum": 0.9, "use_nesterov": True}),
    "momentum_decay": ("train.MomentumOptimizer", {"learning_rate": "decay", "momentum": 0.9}),
    "adam": ("train.AdamOptimizer", {"learning_rate": 0.05}),
    "adam_epsilon": ("train.AdamOptimizer", {"learning_rate": 0.05, "beta1": 0.5, "beta2": 0.9, "epsilon": 0.1}),
    "adam_decay": ("train.AdamOptimizer", {"learning_rate": "decay"}),
    "adagrad": ("train.AdagradOptimizer", {"learning_rate": 0.1}),
    "adagrad_first": ("train.AdagradOptimizer", {"learning_rate": 0.1, "initial_accumulator_value": 0.5}),
    "adadelta": ("train.AdadeltaOptimizer", {}),
    "adadelta_fast": ("train.AdadeltaOptimizer", {"learning_rate": 1.0, "rho": 0.9, "epsilon": 1e-4}),
    "ftrl": ("train.FtrlOptimizer", {"learning_rate": 0.2}),
    "ftrl_strong": (
        "train.FtrlOptimizer",
        {
            "learning_rate": 0.2, "learning_rate_power": -0.6, "initial_accumulator_value": 0.2,
            "l1_regularization_strength": 0.01, "l2_regularization_strength": 0.02,
            "l2_shrinkage_regularization_strength": 0.03,
        },
    ),
    "rmsprop": ("train.RMSPropOptimizer", {"learning_rate": 0.02}),
    "rmsprop_momentum": (
        "train.RMSPropOptimizer", {"learning_rate": 0.02, "decay": 0.9, "momentum": 0.9, "epsilon": 1.0},
    ),
    "rmsprop_centered": (
        "train.RMSPropOptimizer", {"learning_rate": 0.02, "centered": True, "epsilon": 0.01, "momentum": 0.5},
    ),
    "proximal_sgd": (
        "train.ProximalGradientDescentOptimizer",
        {"learning_rate": 0.1, "l1_regularization_strength": 0.05, "l2_regularization_strength": 0.1},
    ),
    "proximal_adagrad": (
        "train.ProximalAdagradOptimizer",
        {"learning_rate": 0.1, "l1_regularization_strength": 0.05, "l2_regularization_strength": 0.1},
    ),
    "adagrad_da": (
        "train.AdagradDAOptimizer",
        {"learning_rate": 0.2, "l1_regularization_strength": 0.01, "l2_regularization_strength": 0.1},
    ),
    "adamax": ("contrib.opt.AdaMaxOptimizer", {"learning_rate": 0.05}),
    "nadam": ("contrib.opt.NadamOptimizer", {"learning_rate": 0.05}),
    "lazy_adam": ("contrib.opt.LazyAdamOptimizer", {"learning_rate": 0.05}),
    "adamw": ("contrib.opt.AdamWOptimizer", {"weight_decay": 0.01, "learning_rate": 0.05}),
    "momentumw": ("contrib.opt.MomentumWOptimizer", {"weight_decay": 0.01, "learning_rate": 0.05, "momentum": 0.9}),
    "add_sign": ("contrib.opt.AddSignOptimizer", {"learning_rate": 0.05}),
    "power_sign": ("contrib.opt.PowerSignOptimizer", {"learning_rate": 0.05}),
}  # fmt: skip

SCHEDULES = {
    "exponential": ("train.exponential_decay", {"learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5}),
    "staircase": (
        "train.exponential_decay", {"learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5, "staircase": True},
    ),
    "natural": ("train.natural_exp_decay", {"learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5}),
    "natural_staircase": (
        "train.natural_exp_decay", {"learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5, "staircase": True},
    ),
    "inverse": ("train.inverse_time_decay", {"learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5}),
    "inverse_staircase": (
        "train.inverse_time_decay", {"learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5, "staircase": True},
    ),
    "polynomial": ("train.polynomial_decay", {"learning_rate": 0.1, "decay_steps": 12}),
    "polynomial_cycle": (
        "train.polynomial_decay",
        {"learning_rate": 0.1, "decay_steps": 12, "end_learning_rate": 0.01, "power": 2.0, "cycle": True},
    ),
    "cosine": ("train.cosine_decay", {"learning_rate": 0.1, "decay_steps": 12, "alpha": 0.1}),
    "cosine_restarts": ("train.cosine_decay_restarts", {"learning_rate": 0.1, "first_decay_steps": 5}),
    "cosine_restarts_even": (
        "train.cosine_decay_restarts",
        {"learning_rate": 0.1, "first_decay_steps": 5, "t_mul": 1.0, "m_mul": 0.5, "alpha": 0.01},
    ),
    "linear_cosine": ("train.linear_cosine_decay", {"learning_rate": 0.1, "decay_steps": 12}),
    "linear_cosine_periods": (
        "train.linear_cosine_decay",
        {"learning_rate": 0.1, "decay_steps": 12, "num_periods": 2.0, "alpha": 0.1, "beta": 0.01},
    ),
    "pieces": ("train.piecewise_constant", {"boundaries": [5, 10], "values": [0.1, 0.05, 0.01]}),
}  # fmt: skip


def found(name):
    target = tf
    for part in name.split("."):
        target = getattr(target, part)
    return target


def trained(name, arguments):
    tf.reset_default_graph()
    x, y, ids = tf.constant(X), tf.constant(Y), tf.placeholder(tf.int32, [4])
    w, b, e = tf.Variable(W, name="w"), tf.Variable(B, name="b"), tf.Variable(E, name="e")
    step = tf.train.get_or_create_global_step()
    loss = tf.reduce_mean(tf.square(tf.matmul(x, w) + b - y))
    loss += tf.reduce_mean(tf.square(tf.nn.embedding_lookup(e, ids) - T))
    arguments = dict(arguments)
    if arguments.get("learning_rate") == "decay":
        arguments["learning_rate"] = tf.train.exponential_decay(0.1, step, 3, 0.7, staircase=True)
    if "AdagradDA" in name:
        arguments["global_step"] = step
    optimizer = found(name)(**arguments)
    pairs = optimizer.compute_gradients(loss)
    # Decoupled decay changes a variable whether or not its gradient has been computed: so say it.
    with tf.control_dependencies([g.values if isinstance(g, tf.IndexedSlices) else g for g, _ in pairs]):
        train = optimizer.apply_gradients(pairs, global_step=step)
    kept = {}
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for number in range(STEPS):
            session.run(train, {ids: IDS[number % 2]})
            if number + 1 in KEPT:
                kept[str(number + 1)] = [np.float64(value).round(9).tolist() for value in session.run([w, b, e])]
    return kept


def rates(name, arguments):
    tf.reset_default_graph()
    step = tf.placeholder(tf.int32, [])
    position = {"x": step} if "piecewise" in name else {"global_step": step}
    rate = found(name)(**dict(arguments, **position))
    with tf.Session() as session:
        return [round(float(session.run(rate, {step: number})), 10) for number in range(26)]


def main():
    data = {"tensorflow": tf.__version__}
    for name, value in (("x", X), ("y", Y), ("w", W), ("b", B), ("e", E), ("t", T)):
        data[name] = value.astype("float64").tolist()
    data["ids"] = IDS
    data["optimizers"] = {
        key: {"name": name, "arguments": arguments, "values": trained(name, arguments)}
        for key, (name, arguments) in CASES.items()
    }
    data["schedules"] = {
        key: {"name": name, "arguments": arguments, "rates": rates(name, arguments)}
        for key, (name, arguments) in SCHEDULES.items()
    }
    json.dump(data, sys.stdout, indent=None, separators=(",", ":"))


main()
