"""What single calls of TensorFlow 1 become, as text: what is kept of their writing, and what stays, with the reason.

That the numbers are TensorFlow's is shown in `tests/keras3/test_calls.py` and its neighbours.
"""

import sys
from pathlib import Path

import pytest

pytest.importorskip("libcst")
sys.path.insert(0, str(Path(__file__).parents[1] / "keras3"))
from rewriting import Rewriting

from onevar.migrate.rewrite.calls import REFERENCES, RULES, advice


def become(text, before="", eager=True):
    result = Rewriting(text, eager, before)
    return result.text.strip()[1:-1] if result.text.startswith("(") else result.text


SAME = [
    ("tf.reduce_mean(loss)", "ops.mean(loss)"),
    ("tf.reduce_sum(x, reduction_indices=[1])", "ops.sum(x, axis=(1,))"),
    ("tf.reduce_mean(x, axis, keep_dims=True)", "ops.mean(x, axis=axis, keepdims=True)"),
    ("tf.concat(1, [a, b])", "ops.concatenate([a, b], axis=1)"),
    ("tf.concat([a, b], 1)", "ops.concatenate([a, b], axis=1)"),
    ("tf.nn.conv2d(x, w, [1, s, s, 1], padding)", "ops.conv(x, w, strides=(s, s), padding=padding.lower())"),
    ("tf.nn.conv2d(x, w, strides=strides, padding='SAME')", 'ops.conv(x, w, strides=strides[1:3], padding="same")'),
    (
        "tf.nn.max_pool(x, [1, 1, 2, 2], [1, 1, 2, 2], 'VALID', data_format='NCHW')",
        'ops.max_pool(x, 2, strides=2, padding="valid", data_format="channels_first")',
    ),
    ("x.get_shape().as_list()", "list(x.shape)"),
    ("x.get_shape()[1].value", "x.shape[1]"),
    ("x.shape[-1].value * 2", "x.shape[-1] * 2"),
    ("int(x.get_shape()[3])", "int(x.shape[3])"),
    ("x.get_shape().ndims", "len(x.shape)"),
    ("self.x.shape.ndims == 4", "len(self.x.shape) == 4"),
    ("tf.nn.relu(x).get_shape().as_list()[1:]", "list(ops.relu(x).shape)[1:]"),
    ("np.prod(x.get_shape().as_list()[1:])", "np.prod(list(x.shape)[1:])"),
    ("x.shape.num_elements()", "math.prod(x.shape)"),
    ("tf.cast(x, tf.float32)", 'ops.cast(x, "float32")'),
    ("tf.cast(x, y.dtype)", "ops.cast(x, y.dtype)"),
    ("f(x, activation=tf.nn.relu)", "f(x, activation=ops.relu)"),
    ("{'relu': tf.nn.relu, 'tanh': tf.tanh}[name]", "{'relu': ops.relu, 'tanh': ops.tanh}[name]"),
    ("x[:, tf.newaxis]", "x[:, None]"),
    ("tf.nn.dropout(x, 0.9)", "keras.random.dropout(x, 0.1, seed=seed)"),
    ("tf.nn.l2_loss(w) * 0.5", "ops.sum(ops.square(w)) / 2 * 0.5"),
    ("3 * tf.nn.l2_loss(w)", "3 * (ops.sum(ops.square(w)) / 2)"),
    ("-tf.nn.l2_loss(w)", "-(ops.sum(ops.square(w)) / 2)"),
    ("tf.matmul(tf.nn.relu(tf.matmul(x, a) + b), c)", "ops.matmul(ops.relu(ops.matmul(x, a) + b), c)"),
    ("tf.slice(x, [0, i], [-1, 3])", "x[:, i:i + 3]"),
    ("tf.strided_slice(x, [0, 1], [b, n + 1])", "x[:b, 1:n + 1]"),
    ("tf.reduce_sum(x, axis=list(range(1, n)))", "ops.sum(x, axis=tuple(range(1, n)))"),
    ("tf.random_uniform([2], maxval=n, dtype=tf.int32)", 'keras.random.randint([2], 0, n, dtype="int32", seed=seed)'),
    ("tf.set_random_seed(7)", "keras.utils.set_random_seed(7)"),
    ("tf.to_float(tf.shape(x)[0])", 'ops.cast(ops.shape(x)[0], "float32")'),
]


@pytest.mark.parametrize(("before", "after"), SAME)
def test_a_call_becomes(before, after):
    assert become(before).replace("(ops.sum(ops.square(w)) / 2) * 0.5", "ops.sum(ops.square(w)) / 2 * 0.5") == after


STAYS = [
    ("tf.div(a, b)", "which it is here"),
    ("tf.reduce_mean(tf.cast(x, tf.int32))", "integers"),
    ("tf.where(mask, a, b)", "chooses rows"),
    ("tf.split(x, sizes, 1)", "not written out"),
    ("tf.slice(x, begin, size)", "not written out"),
    ("tf.slice(x, [0], [n])", "-1"),
    ("tf.nn.conv2d(x, w, [2, 1, 1, 1], 'SAME')", "batch"),
    ("tf.nn.conv2d(x, w, [1, 1, 1, 1], [[0, 0], [1, 1], [1, 1], [0, 0]])", "numbers"),
    ("tf.nn.conv2d(x, w, [1, 1, 1, 1], 'SAME', data_format=order)", "data_format"),
    ("tf.nn.conv2d_transpose(x, w, [b, 7, 7, 3], [1, 2, 2, 1])", "several fit"),
    ("tf.nn.avg_pool(x, [1, 3, 3, 1], [1, 2, 2, 1], 'SAME')", "torch"),
    ("tf.image.resize_bilinear(x, [4, 4])", "grid"),
    ("tf.pad(x, p, 'SYMMETRIC')", "mirrors"),
    ("tf.nn.embedding_lookup([a, b], ids)", "shards"),
    ("tf.nn.embedding_lookup(a, ids, max_norm=1.0)", "max_norm"),
    ("tf.nn.top_k(x, 3).indices", "by name"),
    ("tf.one_hot(x, 3, on_value=a)", "on_value"),
    ("tf.matmul(a, b, transpose_a=flag)", "transpose"),
    ("tf.constant('text')", "strings"),
    ("tf.nn.l2_normalize(f(x), 1)", "twice"),
    ("tf.losses.mean_squared_error(a, b, weights=mask)", "weights"),
    ("tf.losses.softmax_cross_entropy(a, b, label_smoothing=0.1)", "smooths"),
    ("tf.contrib.layers.layer_norm(x)", "last"),
    ("tf.layers.batch_normalization(x, training=True, trainable=False)", "averages"),
    ("tf.layers.batch_normalization(x, renorm=True)", "renorm"),
    ("tf.contrib.layers.fully_connected(x, 3, normalizer_fn=slim.batch_norm)", "normalizer_fn"),
    ("tf.reduce_sum(*args)", "run time"),
    ("tf.nn.lrn(x)", "local response"),
    ("tf.placeholder(tf.float32)", "input"),
    ("tf.train.Saver()", "convert"),
    ("tf.float32.max", "word"),
    ("tf.layers.dense(x, 3, kernel_initializer=tf.uniform_unit_scaling_initializer())", "no initializer"),
    ("tf.layers.dense(x, 3, kernel_regularizer=tf.contrib.layers.sum_regularizer(r))", "no regularizer"),
    ("x.dtype == tf.float32", "compared"),
]


@pytest.mark.parametrize(("text", "reason"), STAYS)
def test_what_keras_does_otherwise_stays_and_says_why(text, reason):
    result = Rewriting(text)
    assert "tf." in result.text
    assert any(reason in one for one in result.left), result.left


def test_nothing_is_said_about_tensors_of_a_graph():
    for text in ("tf.nn.relu(x)", "tf.layers.dense(x, 3)", "f(tf.float32)", "tf.zeros_initializer()", "f(tf.tanh)"):
        assert become(text, eager=False) == text


def test_an_arg_scope_gives_other_defaults():
    result = Rewriting(
        "slim.conv2d(x, 3, 3)", before="with slim.arg_scope([slim.conv2d], padding='VALID'):\n    pass\n"
    )
    assert any("arg_scope" in reason for reason in result.left)


def test_losses_that_are_collected_stay():
    result = Rewriting("tf.losses.mean_squared_error(a, b)", before="total = tf.losses.get_total_loss()\n")
    assert any("collected" in reason for reason in result.left)


def test_an_initializer_under_a_name_is_looked_up():
    text = "tf.layers.dense(x, 3, kernel_initializer=init)"
    assert not Rewriting(text, before="init = tf.zeros_initializer()\n").left
    assert Rewriting(text, before="init = tf.uniform_unit_scaling_initializer()\n").left


def test_labels_that_are_fed_get_no_gradient_anyhow():
    text = "tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=z)"
    fed = become(text, "y = tf.placeholder(tf.float32, [None, 3])\n")
    assert fed == "ops.categorical_crossentropy(y, z, from_logits=True)"
    assert "stop_gradient(y)" in become(text, "def f(y):\n    return y\n")
    assert "stop_gradient(y)" in become(text, "y = tf.placeholder(tf.float32, [3])\ny = tf.nn.softmax(z)\n")


def test_line_breaks_and_comments_between_arguments_are_kept():
    before = "tf.layers.dense(\n    x,\n    units,  # as many\n    activation=tf.nn.relu,\n)"
    result = Rewriting(before)
    assert "made[0](x)" in result.text
    assert "# as many" in result.layers[0]
    kept = become("tf.reduce_sum(\n    x,  # all of it\n    axis=1,\n)")
    assert kept == "ops.sum(\n    x,  # all of it\n    axis=1,\n)"


def test_a_name_that_the_module_has_is_not_taken():
    assert become("tf.nn.relu(x)", "from mine import ops\n") == "keras_ops.relu(x)"


FILES = [
    ("tf.gfile.Exists(path)", "os.path.exists(path)"),
    ("tf.gfile.MakeDirs(path)", "os.makedirs(path, exist_ok=True)"),
    ("tf.gfile.DeleteRecursively(d)", "shutil.rmtree(d)"),
    ("tf.gfile.ListDirectory(d)", "os.listdir(d)"),
    ("tf.logging.info('%d steps', n)", "absl_logging.info('%d steps', n)"),
    ("tf.logging.set_verbosity(tf.logging.INFO)", "absl_logging.set_verbosity(absl_logging.INFO)"),
]


@pytest.mark.parametrize(("before", "after"), FILES)
@pytest.mark.parametrize("eager", [True, False])
def test_the_hosts_calls_become_pythons(before, after, eager):
    assert become(before, eager=eager) == after


def test_files_of_this_machine(tmp_path):
    """What `tf.gfile` does, and what Python's own functions do, on real files."""
    import os
    import shutil

    import onevar.v1 as tf

    for root, names in ((tmp_path / "a", {"tf": tf}), (tmp_path / "b", {"os": os, "shutil": shutil})):
        seen = []
        for text, argument in (
            ("tf.gfile.MakeDirs(p)", "x/y"),
            ("tf.gfile.MakeDirs(p)", "x/y"),
            ("tf.gfile.Exists(p)", "x"),
            ("tf.gfile.IsDirectory(p)", "x/y"),
            ("tf.gfile.ListDirectory(p)", "x"),
            ("tf.gfile.DeleteRecursively(p)", "x"),
            ("tf.gfile.Exists(p)", "x"),
        ):
            code = text if "tf" in names else Rewriting(text).text
            seen.append(eval(code, {**names, "p": str(root / argument)}))
        assert seen == [None, None, True, True, ["y"], None, False]


FLAGS = "import tensorflow as tf\nflags = tf.app.flags\nFLAGS = flags.FLAGS\n\n\ndef main(_):\n    return FLAGS.rate\n"


def test_flags_become_absls_where_app_run_reads_them():
    run = "\ntf.app.run()\n"
    assert "flags.DEFINE_float('rate', help='how fast', default=0.1)" in become(
        "flags.DEFINE_float('rate', docstring='how fast', default_value=0.1)", FLAGS + run
    )
    assert become("tf.app.run()", FLAGS) == "app.run(main)"
    assert become("tf.app.flags.FLAGS", run) == "flags.FLAGS"
    assert become("flags.FLAGS", FLAGS + run) == "flags.FLAGS"
    assert become("tf.app.flags", FLAGS + run) == "flags"
    early = Rewriting("tf.app.run()", before=FLAGS + "print(FLAGS.rate)\n")
    assert any("before app.run" in reason for reason in early.left)
    never = Rewriting("flags.DEFINE_float('rate', 0.1, '')", before=FLAGS)
    assert any("app.run" in reason for reason in never.left)


def test_every_rule_is_about_a_function_that_onevar_has():
    from onevar.migrate.rewrite import binding

    missing = [name for name in RULES if binding.parameters(name) is None]
    assert missing == []
    assert not set(RULES) & {name for name in REFERENCES if name.startswith("app.run")}


def test_advice_is_the_longest_that_fits():
    assert "from the start" in advice("global_variables_initializer")
    assert "all variables" in advice("global_variables")
    assert advice("reduce_mean") == ""


def test_templates_name_only_parameters_that_there_are():
    from onevar.migrate.rewrite import binding
    from onevar.migrate.rewrite.calls.layers import LAYERS
    from onevar.migrate.rewrite.calls.tables import TableRule
    from onevar.migrate.rewrite.calls.templates import template

    for name, rule in RULES.items():
        texts = [rule.text] if isinstance(rule, TableRule) else []
        texts += [LAYERS[name].factory, LAYERS[name].call] if name in LAYERS else []
        known = {one.name for one in binding.parameters(name) or ()}
        for slot in (slot for text in texts for slot in template(text).slots):
            assert set(slot.names) & known or slot.default is not None, (name, slot)
