"""Keras optimizers that take TensorFlow 1's: twenty steps of both from one start stay together.

What TensorFlow 1.15 did is in `golden/optimizers.json`; `golden/record_optimizers.py` recorded it.
"""

import importlib
import json
from pathlib import Path

import keras
import numpy as np
import pytest

from onevar.errors import Unsupported
from onevar.keras import optimizers as own
from onevar.migrate.optimizers import KERAS_OPTIMIZERS, REQUIRED, keras_optimizer
from onevar.migrate.schedules import KERAS_SCHEDULES, keras_schedule

GOLDEN = json.loads((Path(__file__).parent / "golden" / "optimizers.json").read_text())
CASES = GOLDEN["optimizers"]
DATA = {name: np.array(GOLDEN[name], np.float32) for name in "xywbet"}
#: The rows of the embedding that some step looks up.
TOUCHED = [0, 2, 5, 6]


def made(written):
    """Return what a call of Keras's makes."""
    module, _, name = written.path.rpartition(".")
    return getattr(importlib.import_module(module), name)(**written.arguments)


def decay():
    arguments = {"learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.7, "staircase": True}
    return made(keras_schedule("train.exponential_decay", arguments))


def optimizer_of(case, *, rows):
    arguments = dict(case["arguments"])
    moving = arguments.get("learning_rate") == "decay"
    if moving:
        arguments["learning_rate"] = decay()
    if "AdagradDA" in case["name"]:
        arguments["global_step"] = "global_step"
    written = keras_optimizer(case["name"], arguments, moving_rate=moving, rows=rows)
    if rows and written.path.startswith("onevar."):
        written.arguments["sparse"] = ["embedding"]
    return made(written)


def gradients(w, b, e, ids):
    residual = DATA["x"] @ w + b - DATA["y"]
    scale = np.float32(2 / residual.size)
    rows = np.zeros_like(e)
    np.add.at(rows, ids, (e[ids] - DATA["t"]) * np.float32(2 / DATA["t"].size))
    return scale * DATA["x"].T @ residual, scale * residual.sum(0), rows


def trajectory(optimizer, steps=20):
    variables = [keras.Variable(DATA[key], name=name) for key, name in (("w", "w"), ("b", "b"), ("e", "embedding"))]
    optimizer.build(variables)
    kept = {}
    for step in range(steps):
        values = [keras.ops.convert_to_numpy(v.value) for v in variables]
        optimizer.apply([keras.ops.convert_to_tensor(g) for g in gradients(*values, GOLDEN["ids"][step % 2])])
        if str(step + 1) in CASES["sgd"]["values"]:
            kept[str(step + 1)] = [keras.ops.convert_to_numpy(v.value) for v in variables]
    return kept


def far(ours, theirs, which=slice(None)):
    """Return the largest difference."""
    apart = [
        float(np.abs(mine - np.array(golden)).max())
        for step, values in ours.items()
        for mine, golden in zip(values[which], theirs[step][which], strict=True)
    ]
    return max(apart)


# One test for all cases: what each test costs, clearing Keras's session above all, is more than a case.


def test_rows_of_an_embedding_follow_the_trajectories_of_tensorflow_1(backend):
    # jax takes its time over each operation: there the long way is for those that programs have.
    steps = {k: 5 if backend == "jax" and "train." not in case["name"] else 20 for k, case in CASES.items()}
    apart = {k: far(trajectory(optimizer_of(v, rows=True), steps[k]), v["values"]) for k, v in CASES.items()}
    assert max(apart.values()) < 1e-5, apart


def test_whole_variables_follow_the_trajectories_of_tensorflow_1():
    """Where Keras's own optimizer takes whole variables, and another one rows."""
    cases = {k: case for k, case in CASES.items() if KERAS_OPTIMIZERS[case["name"]].rows}
    plain = slice(0, 2)
    apart = {k: far(trajectory(optimizer_of(case, rows=False)), case["values"], plain) for k, case in cases.items()}
    assert max(apart.values()) < 1e-5, apart


def test_every_optimizer_has_a_case_or_a_reason():
    recorded = {case["name"] for case in CASES.values()}
    for name, rule in KERAS_OPTIMIZERS.items():
        if rule.keras is None:
            with pytest.raises(Unsupported, match="."):
                keras_optimizer(name, {k: 1.0 for k, v in rule.parameters.items() if v is REQUIRED})
        else:
            assert name in recorded


def test_rules_have_the_parameters_of_v1():
    import inspect

    import onevar.v1 as tf

    for name, rule in {**KERAS_OPTIMIZERS, **KERAS_SCHEDULES}.items():
        if rule.keras is None:
            continue
        target = tf
        for part in name.split("."):
            target = getattr(target, part)
        real = {k: p.default for k, p in inspect.signature(target).parameters.items()}
        assert list(rule.parameters) == list(real), name
        for key, default in rule.parameters.items():
            assert default is REQUIRED if real[key] is inspect.Parameter.empty else default == real[key], (name, key)


def test_rules_write_arguments_that_keras_has():
    import inspect

    for rule in KERAS_OPTIMIZERS.values():
        for path in filter(None, (rule.keras, rule.moving_rate, rule.rows)):
            module, _, name = path.rpartition(".")
            known = inspect.signature(getattr(importlib.import_module(module), name).__init__).parameters
            assert {*rule.arguments.values(), *rule.written} - {"name"} <= known.keys(), path


def test_rmsprop_differs_silently(backend):
    """Keras's RMSprop with the same hyper-parameters is another trajectory; ours is TensorFlow 1's."""
    case = CASES["rmsprop"]
    theirs = trajectory(keras.optimizers.RMSprop(learning_rate=0.02, rho=0.9, epsilon=1e-10))
    assert np.abs(theirs["20"][0] - np.array(case["values"]["20"][0])).max() > 0.05
    written = keras_optimizer(case["name"], case["arguments"])
    assert written.path == "onevar.keras.optimizers.RMSprop"
    assert "begins at one" in written.note


def test_adam_epsilon():
    """The epsilon is written out: Keras's default is another one."""
    written = keras_optimizer("train.AdamOptimizer", {"learning_rate": 1e-4})
    assert written.arguments == {"learning_rate": 1e-4, "epsilon": 1e-8}
    small = np.full(4, 1e-8, np.float32)  # as large as the epsilon
    moved = []
    for optimizer in (made(written), keras.optimizers.Adam(1e-4)):
        v = keras.Variable(np.zeros(4, np.float32))
        optimizer.apply([keras.ops.convert_to_tensor(small)], [v])
        moved.append(-keras.ops.convert_to_numpy(v.value)[0])
    # lr * g / (g + epsilon / sqrt(1 - beta2)): the root of the correction is in the rate, "epsilon hat".
    expected = [1e-4 * 1e-8 / (1e-8 + epsilon / np.sqrt(1e-3)) for epsilon in (1e-8, 1e-7)]
    np.testing.assert_allclose(moved, expected, rtol=2e-3)


def test_schedules_have_the_rates_of_tensorflow_1():
    steps = keras.ops.arange(26)  # at once: each is computed for itself
    for key, case in GOLDEN["schedules"].items():
        schedule = made(keras_schedule(case["name"], case["arguments"]))
        whole = "piecewise" not in case["name"]  # Keras adds in place there
        rates = schedule(steps) if whole else keras.ops.stack([schedule(step) for step in steps])
        rates = keras.ops.convert_to_numpy(rates)
        np.testing.assert_allclose(rates, case["rates"], rtol=2e-5, atol=1e-8, err_msg=key)
        again = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(schedule))
        assert type(again) is type(schedule)
        assert again.get_config() == schedule.get_config()


def test_own_optimizers_are_serializable():
    for name in set(own.__all__) - {"LinearCosineDecay"}:
        cls = getattr(own, name)
        before = cls(learning_rate=0.25, clipnorm=1.0)
        again = keras.optimizers.deserialize(keras.optimizers.serialize(before))
        assert type(again) is cls
        assert again.get_config() == before.get_config()


def test_weight_decay_can_be_kept_off_some(backend):
    optimizer = own.AdamW(weight_decay=0.5, learning_rate=0.0)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    pair = [keras.Variable(np.ones(2, np.float32), name=name) for name in ("kernel", "bias")]
    optimizer.apply([keras.ops.ones(2)] * 2, pair)
    assert [float(keras.ops.convert_to_numpy(v.value)[0]) for v in pair] == [0.5, 1.0]


def test_rows_of_a_keras_embedding_in_fit(trains, backend):
    """Rows that are never looked up stay, and so do their slots; on tensorflow without a word about it."""
    given = {} if backend == "tensorflow" else {"sparse": ["embedding"]}
    table = keras.layers.Embedding(6, 2, name="embedding")
    model = keras.Sequential([keras.Input((2,), dtype="int32"), table, keras.layers.Flatten(), keras.layers.Dense(1)])
    before = keras.ops.convert_to_numpy(table.embeddings.value)
    model.compile(own.Momentum(0.1, 0.9, **given), "mse")
    ids = np.array([[0, 2], [2, 4]], np.int32)
    model.fit(ids, np.ones((2, 1), np.float32), epochs=2, verbose=0)
    moved = np.abs(keras.ops.convert_to_numpy(table.embeddings.value) - before).max(1) > 0
    assert moved.tolist() == [True, False, True, False, True, False]


def test_slots_are_where_the_rules_say():
    for rule in KERAS_OPTIMIZERS.values():
        if rule.keras is None:
            continue
        arguments = {k: 0.5 for k, v in rule.parameters.items() if v is REQUIRED}
        for slots, more in ((rule.slots, {"momentum": 0.5}), (rule.centered, {"momentum": 0.5, "centered": True})):
            given = {**arguments, **{k: v for k, v in more.items() if k in rule.parameters}}
            optimizer = made(keras_optimizer(rule.name, given))
            optimizer.build([keras.Variable(np.zeros(3, np.float32), name="w")])
            paths = [v.path.rpartition("w_")[2] for v in optimizer.variables]
            assert {slot.keras for slot in slots if slot.keras} <= set(paths), rule.name


def test_missing_and_unknown_parameters():
    with pytest.raises(TypeError, match="missing \\['momentum'\\]"):
        keras_optimizer("train.MomentumOptimizer", {"learning_rate": 0.1})
    with pytest.raises(TypeError, match="unknown \\['beta_1'\\]"):
        keras_optimizer("train.AdamOptimizer", {"beta_1": 0.1})
    with pytest.raises(TypeError, match="missing"):
        keras_schedule("train.exponential_decay", {"learning_rate": 0.1})
    with pytest.raises(Unsupported, match="noise"):
        keras_schedule("train.noisy_linear_cosine_decay", {"learning_rate": 0.1, "decay_steps": 3})
    assert keras_optimizer("train.MomentumOptimizer", {"learning_rate": 1, "momentum": 0}).arguments == {
        "learning_rate": 1.0,
        "momentum": 0.0,
    }
