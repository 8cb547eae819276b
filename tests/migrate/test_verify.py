"""`onevar verify` on whole programs: recording, playing back, comparing, and what is written."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from onevar.migrate import verify as package
from onevar.migrate.verify import CannotVerify, Report, Row, matching, report_text, targets, tolerances, verify
from onevar.migrate.verify.tape import Tape, plain
from onevar.migrate.verify.trace import Trace

FOLDER = Path(package.__file__).parent

EVALUATES = """
import numpy as np
import tensorflow as tf
x = tf.placeholder(tf.float32, [None, 3], name="x")
w = tf.get_variable("w", [3, 2], initializer=tf.random_normal_initializer(seed=1))
y = tf.nn.{activation}(tf.matmul(x, w), name="y")
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for batch in range(3):
        print(sess.run(y, {{x: np.random.randn(4, 3)}}))
"""

TRAINS = """
import sys
import numpy as np
import tensorflow as tf
x = tf.placeholder(tf.float32, [None, 6], name="x")
y = tf.placeholder(tf.int32, [None], name="y")
keep = tf.placeholder_with_default(1.0, [], name="keep")
hidden = tf.nn.dropout(tf.layers.dense(x, 8, tf.nn.relu), keep)
logits = tf.layers.dense(hidden, 2)
loss = tf.losses.sparse_softmax_cross_entropy(y, logits)
train = tf.train.AdamOptimizer(float(sys.argv[1]) if sys.argv[1:] else 0.01).minimize(loss)
saver = tf.train.Saver()
X = np.random.randn(64, 6)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(20):
        rows = np.random.randint(0, 64, 16)
        _, value = sess.run([train, loss], {x: X[rows], y: X[rows].sum(1) > 0, keep: 0.7})
        saver.save(sess, "checkpoint/model", global_step=step)
    saver.restore(sess, "checkpoint/model-19")
"""

KERAS = """
import keras
import numpy as np
model = keras.Sequential([keras.Input([6]), keras.layers.Dense(8, "relu"), keras.layers.Dropout(0.3)])
model.add(keras.layers.Dense(2))
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.Adam(0.01, epsilon=1e-8), loss=loss)
model.fit(np.random.randn(64, 6), np.zeros(64, int), batch_size=16, epochs=3, verbose=0)
model.save_weights("new.weights.h5")
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def program(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def command(*words, folder, **environment):
    done = subprocess.run(
        [sys.executable, "-m", "onevar", "verify", *map(str, words)], cwd=folder, capture_output=True, text=True,
        check=False, env={**os.environ, "COLUMNS": "150", **environment},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


# -- whole programs -------------------------------------------------------------------------------


def test_one_script_on_one_framework_is_the_same(here):
    old = program(here, "old.py", EVALUATES.format(activation="tanh"))
    report = verify(old, old, old_backend="numpy", backend="numpy")
    assert report.agrees
    assert report.new["runtime"] == "onevar on numpy"
    assert {row.kind for row in report.rows} == {"feeds", "layers", "outputs"}
    assert [row.old for row in report.rows if row.kind == "outputs"] == ["y:0"] * 3
    assert all(row.old == row.new for row in report.rows)


def test_where_programs_part_is_named_with_status_1(here):
    old = program(here, "old.py", EVALUATES.format(activation="leaky_relu"))
    new = program(here, "new.py", EVALUATES.format(activation="relu"))
    words = "--old-backend", "numpy", "--backend", "numpy", "--json", "out.json", "--html", "out.html"
    status, out, err = command(old, new, *words, folder=here)
    assert (status, err) == (1, "")
    assert "They part at evaluate after 0: y:0 1: layer y:0" in " ".join(out.split())
    assert "The slope is 0.2 in the old program, 0 in the new one" in " ".join(out.split())
    data = json.loads((here / "out.json").read_text())
    assert data["schema"] == 1
    assert not data["agrees"]
    assert data["first"]["old"] == "y:0"
    assert data["causes"][0]["key"] == "leaky slope"
    page = (here / "out.html").read_text()
    assert "leaky_relu has another slope" in page
    assert page.count("<svg") == 1  # layers; without training there are no curves
    assert "src=" not in page
    assert "href=" not in page


def test_recorded_run_is_used_again_and_nothing_is_left_behind(here):
    pytest.importorskip("torch")
    old = program(here, "old.py", TRAINS)
    report = verify(old, old, steps=3, old_backend="torch", backend="torch", keep=here / "kept")
    assert report.agrees
    assert report.steps == 3
    assert {row.kind for row in report.rows} == {"feeds", "random", "layers", "losses", "gradients", "weights", "slots"}
    assert all(row.difference == 0 for row in report.rows)
    assert sorted(path.name for path in here.iterdir() if path.name != "__pycache__") == ["kept", "old.py"]
    faster = verify(here / "kept" / "old", old, steps=3, backend="torch", arguments=["0.05"])
    assert not faster.agrees
    assert faster.first.kind == "weights"
    assert [cause.key for cause in faster.causes if cause.visible] == ["learning rate"]
    with pytest.raises(CannotVerify, match="not empty"):
        verify(old, old, keep=here / "kept")


def test_keras_script_gets_feeds_values_and_dropout_masks_of_the_old_one(here):
    pytest.importorskip("torch")
    pytest.importorskip("keras")
    old, new = program(here, "old.py", TRAINS), program(here, "new.py", KERAS)
    status, out, err = command(
        old, new, "--old-backend", "torch", "--backend", "torch", "--steps", 4, "--html", "out.html", folder=here
    )
    assert (status, err) == (0, ""), out + err
    assert "over 4 training steps" in out
    assert (here / "out.html").read_text().count("<svg") == 3
    assert not (here / "new.weights.h5").exists()
    assert not (here / "checkpoint").exists()


def test_factories_of_keras_and_torch_are_driven(here):
    pytest.importorskip("torch")
    pytest.importorskip("keras")
    old = program(here, "old.py", TRAINS.replace("keep: 0.7", "keep: 1.0"))
    program(
        here, "models.py",
        "import torch\n\n"
        "def network():\n"
        "    m = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))\n"
        "    return {'module': m, 'batch': lambda f: (f['x'], f['y'].long()), 'loss': torch.nn.CrossEntropyLoss(),\n"
        "            'optimizer': torch.optim.Adam(m.parameters(), lr=0.01)}\n",
    )  # fmt: skip
    program(
        here, "nets.py",
        "import keras\n\n"
        "def network():\n"
        "    m = keras.Sequential([keras.Input([6]), keras.layers.Dense(8, 'relu'), keras.layers.Dense(2)])\n"
        "    m.compile(keras.optimizers.Adam(0.01, epsilon=1e-8), keras.losses.SparseCategoricalCrossentropy(True))\n"
        "    return m\n",
    )  # fmt: skip
    of_torch = verify(old, "models:network", steps=3, old_backend="torch", keep=here / "kept")
    assert of_torch.agrees, of_torch.first
    assert ("dense/kernel", "0.weight") in [pair[:2] for pair in of_torch.mapping]
    of_keras = verify(here / "kept" / "old", "nets:network", backend="torch")
    assert of_keras.agrees, of_keras.first


def test_tensorflow_itself_runs_the_old_program(here):
    pytest.importorskip("tensorflow")
    pytest.importorskip("torch")
    pytest.importorskip("tf_keras")
    old = program(here, "old.py", TRAINS)
    report = verify(old, old, steps=3, old_runtime="tensorflow", backend="torch")
    assert report.agrees, report.first
    assert report.old["runtime"].startswith("TensorFlow ")
    assert report.worst("layers") < 1e-5


# -- what cannot be compared ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import tensorflow as tf\nraise ValueError('no data here')", "no data here"),
        ("print('nothing')", "never computes in Session.run"),
        ("import sys; sys.exit(3)", "left with status 3"),
    ],
)
def test_program_that_fails_or_does_nothing_is_status_2(here, text, words):
    old = program(here, "old.py", text)
    status, out, err = command(old, old, "--old-backend", "numpy", folder=here)
    assert (status, out) == (2, "")
    assert err.startswith("onevar verify: ")
    assert words in err


def test_program_that_takes_too_long_is_ended(here):
    old = program(here, "old.py", "import time; print('waiting', flush=True); time.sleep(60)")
    with pytest.raises(CannotVerify, match=r"still running after 8 seconds(.|\n)*waiting"):
        verify(old, old, old_backend="numpy", timeout=8)


@pytest.mark.parametrize("wrong", ["missing.py", "no_such_module:make", "missing.keras"])
def test_what_is_not_there_is_said(here, wrong):
    with pytest.raises(CannotVerify, match="no such|no module"):
        verify(wrong, wrong)


def test_map_without_tabs_is_refused(here):
    old = program(here, "old.py", EVALUATES.format(activation="tanh"))
    (here / "names.tsv").write_text("# old\tnew\nw -> v\n")
    with pytest.raises(CannotVerify, match=r"names.tsv, line 2"):
        verify(old, old, names=here / "names.tsv", old_backend="numpy", backend="numpy")


def test_early_end_of_the_program_is_noted(here):
    text = EVALUATES.format(activation="tanh") + "raise RuntimeError('disk is full')\n"
    old = program(here, "old.py", text)
    report = verify(old, old, old_backend="numpy", backend="numpy")
    assert report.agrees
    assert any("RuntimeError: disk is full" in note for note in report.notes)


# -- parts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(FOLDER.glob("tape*.py")), ids=lambda path: path.name)
def test_recorder_is_python_3_7(path):
    # It runs beside TensorFlow 1, in a Python of that time.
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 7))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    ours = {name for name in imported if name.startswith("onevar") and name not in ("onevar.core", "onevar.migrate")}
    assert all(name.startswith("onevar.migrate.verify") for name in ours)
    assert not [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and any(k.arg == "strict" for k in node.keywords)
    ]


@pytest.mark.parametrize(
    ("source", "runtime"),
    [
        ("import tensorflow as tf\ntf.Session()", "onevar"),
        ("import keras\nmodel.fit(x)", "keras"),
        ("from keras import layers", "keras"),
        ("import keras\nimport onevar.v1 as tf\ntf.Session()", "onevar"),
        ("import onevar.keras\nimport onevar.v1 as tf\nmodel.train_on_batch(x)", "keras"),
        ("import torch", "torch"),
        ("print 'Python 2'", "onevar"),
    ],
)
def test_runtime_is_found_in_what_a_program_imports(tmp_path, source, runtime):
    path = tmp_path / "program.py"
    path.write_text(source)
    assert targets.target(str(path), None).runtime == runtime


def test_inputs_are_found_by_name_value_and_shape():
    x, labels = np.arange(12.0).reshape(4, 3), np.array([0, 1, 2, 1])
    feeds = {"x:0": x, "labels:0": labels, "keep_prob:0": np.float64(0.5)}
    results, notes = matching.feeding(
        feeds, [("labels", None, np.zeros(2, "int64")), ("x", None, np.zeros((2, 3), "f"))]
    )
    assert [result.tolist() for result in results] == [labels.tolist(), x.tolist()]
    assert results[1].dtype == np.float32
    assert not notes
    pictures = np.random.rand(2, 4, 5, 3)
    results, _ = matching.feeding({"p:0": pictures}, [("", None, np.zeros((7, 3, 4, 5)))])
    assert np.array_equal(results[0], np.moveaxis(pictures, -1, 1))
    results, _ = matching.feeding({"y:0": np.eye(3)[labels]}, [("y", None, np.zeros(9, "int32"))])
    assert results[0].tolist() == labels.tolist()
    results, notes = matching.feeding({"x:0": x}, [("z", None, np.zeros((2, 7)))])
    assert results == [None]
    assert "none of the old feeds (x:0)" in notes[0]


def test_tape_keeps_numbers_and_only_numbers(tmp_path):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    tape = Tape(str(tmp_path))
    half = tape.put(np.array([1.5, 2.5], ml_dtypes.bfloat16))
    whole = tape.put(np.float64(3))
    assert tape.put("text") is None
    assert tape.put(np.array([b"a"], object)) is None
    assert plain(None) is None
    tape.close()
    trace = Trace(tmp_path)
    assert half["dtype"] == "bfloat16"
    assert trace.array(half).tolist() == [1.5, 2.5]
    assert trace.array(whole) == 3
    assert whole["shape"] == []
    (tmp_path / "tape.json").write_text('{"format": 99}')
    with pytest.raises(ValueError, match="format 99"):
        Trace(tmp_path)


def test_variables_are_compared_by_how_they_moved():
    start = np.full(4, 100.0)
    assert tolerances.moved_apart(start, start + 1, start, start + 1) == 0
    assert tolerances.moved_apart(start, start + 1, start, start) == pytest.approx(1.0)
    assert tolerances.moved_apart(start, start + 1, start, start + 2) == pytest.approx(1.0)
    # What float32 cannot tell apart is no difference.
    assert tolerances.moved_apart(start, start + 1e-6, start, start) == 0
    assert tolerances.moved_apart(start, start, start, start[:2]) == float("inf")


def test_gradients_that_rounding_left_of_zero_do_not_count():
    assert tolerances.is_rounding(np.array([1e-9, -2e-9]), 0.1)
    assert not tolerances.is_rounding(np.array([1e-9, 1e-3]), 0.1)
    assert not tolerances.is_rounding(None, 0.1)


def test_report_without_anything_that_counts_does_not_agree():
    row = Row("train 1", 1, "feeds", "x:0", "x", 0.0, 1e-4, "equal")
    report = Report({"program": "a", "runtime": "b"}, {"program": "c", "runtime": "d"}, [row])
    assert not report.agrees
    assert report.first is None
    assert "Nothing that counts" in report_text.verdict(report)
    lost = Row("train 1", 0, "weights", "w", "", float("inf"), 0.0, "only in old")
    report.rows.append(lost)
    assert report.first is lost
    assert report.as_data()["rows"][1]["difference"] == "inf"
