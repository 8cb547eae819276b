"""`onevar run --report`: every name that a program mentions, by reading it."""

import json

import pytest
from programs import onevar, start, write

from onevar.migrate import report, scan, sources
from onevar.migrate.script import Request


@pytest.fixture
def names(tmp_path, monkeypatch):
    """Returns a function from the texts of modules to the names found in them, and how often."""
    monkeypatch.chdir(tmp_path)

    def find(script, **files):
        write(tmp_path, script=script, **files)
        found = scan.scan(sources.of(Request("script.py")))
        return {symbol.name: len(symbol.places) for symbol in found.symbols.values()}

    return find


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("import tensorflow as tf\ntf.float32, tf.float32.name", {"float32": 2}),
        ("import tensorflow as tf\ntf.train.Saver().save(1)", {"train.Saver": 1}),
        ("import tensorflow\ntensorflow.train.Saver", {"train.Saver": 1}),
        ("import tensorflow.compat.v1 as tf\ntf.Session().run", {"Session": 1}),
        ("import tensorflow as tf\ntf.compat.v1.Session", {"Session": 1}),
        ("from tensorflow.compat import v1 as tf\ntf.nn.relu(1)", {"nn.relu": 1}),
        ("from tensorflow import float32 as f, nn\nf, nn.relu", {"float32": 2, "nn.relu": 1}),
        ("from tensorflow.contrib import rnn\nrnn.BasicLSTMCell(3)", {"contrib.rnn.BasicLSTMCell": 1}),
        ("import tensorflow.contrib.layers as l\nl.flatten", {"contrib.layers.flatten": 1}),
        ("from tensorflow.contrib.layers import flatten", {"contrib.layers.flatten": 1}),
        ("import tensorflow as tf\ntf.app.flags.DEFINE_string('a', 'b', 'c')", {"app.flags.DEFINE_string": 1}),
        (
            "import tensorflow as tf\nflags = tf.app.flags\nF = flags.FLAGS\nF.lr\nflags.DEFINE_bool",
            {"app.flags.FLAGS": 1, "app.flags.DEFINE_bool": 1},
        ),
        ("import tensorflow as tf\nslim = tf.contrib.slim\nslim.arg_scope(1)", {"contrib.slim.arg_scope": 1}),
        ("import importlib\ntf = importlib.import_module('tensorflow')\ntf.abs(1)", {"abs": 1}),
        ("tf = __import__('tensorflow')\ntf.abs(1)", {"abs": 1}),
        ("import tensorflow as tf\ngetattr(tf, 'abs')(getattr(tf.nn, 'relu'))", {"abs": 1, "nn.relu": 1}),
        ("def f():\n    import tensorflow as tf\n    return lambda: tf.abs(1)", {"abs": 1}),
        ("import tensorflow as tf\ndef f(tf):\n    return tf.abs", {}),
        ("from tensorflow.contrib import rnn\ndef f():\n    rnn = []\n    rnn.append(1)", {"contrib.rnn": 1}),
        ("import tensorflow as tf\nclass A(tf.train.Saver):\n    x = tf.abs(1)", {"train.Saver": 1, "abs": 1}),
        ("import tensorflow as tf\n@tf.custom_gradient\ndef f(x: tf.Tensor = tf.abs(1)): pass",
         {"custom_gradient": 1, "Tensor": 1, "abs": 1}),
        ("import tensorflow as tf\nf'{tf.abs(1)}', [tf.abs(x) for x in y]", {"abs": 2}),
        ("import tensorflow as tf\ntf.nosuch.Thing.method(1)", {"nosuch.Thing": 1}),
        ("try:\n    import tensorflow as tf\nexcept ImportError:\n    tf = None\ntf.abs(1)", {"abs": 1}),
        ("import tensorflow_hub as hub\nhub.Module, numpy.abs", {}),
        ("from tensorflow.python.ops import math_ops\nmath_ops.add(1)", {"python.ops.math_ops.add": 1}),
        ("print('import tensorflow')", {}),
    ],
)  # fmt: skip
def test_names(script, found, names):
    assert names(script) == found


def test_names_go_from_module_to_module(names):
    found = names(
        "import a, pkg.b, outside\nfrom c import *\nfrom pkg import tf as t\na.tf.abs(1)\ntf.exp(1)\nt.log(1)",
        a="import tensorflow as tf\ntf.sin(1)",
        c="import tensorflow as tf",
        pkg_INIT="from .b import tf",
        pkg_in_b="from ..c import tf\nimport tensorflow as tf",
        pkg_in_not_imported="import tensorflow as tf\ntf.tan(1)",
    )
    assert found == {"sin": 1, "exp": 1, "log": 1, "abs": 1}


def test_files_that_are_not_python_3_are_rows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(
        tmp_path,
        script="import old, tensorflow as tf\nfrom tensorflow import *\ntf.abs(1)",
        old="x = 1\nprint 'hello'\n",
    )
    made = report.make(Request("script.py"))
    ((file, line, reason),) = made.unreadable
    assert (file, line) == ("old.py", 2) and reason.startswith("Python 2 (the print statement)")
    assert made.stars == (("tensorflow", "script.py", 2),)
    assert not made.complete and [row.symbol for row in made.rows] == ["abs"]


PROGRAM = {
    "train": """
        import tensorflow as tf
        from tensorflow.contrib.tpu import TPUEstimator
        from lib import model
        raise SystemExit("it was run")
        """,
    "lib_INIT": "",
    "lib_in_model": """
        import tensorflow as tf
        from tensorflow.python.framework import ops


        def build(x):
            g = ops.Graph()
            return tf.add(tf.add(x, 1), tf.ad(2))
        """,
}


def test_as_json(tmp_path):
    write(tmp_path, **PROGRAM)
    done = onevar("--report", "--json", "train.py", cwd=tmp_path)
    data = json.loads(done.stdout)
    rows = {row["symbol"]: row for row in data["symbols"]}
    assert done.returncode == 1 and data["schema"] == report.SCHEMA and data["files"] == 3 and not data["complete"]
    assert rows["add"] == {
        "symbol": "add", "name": "add", "supported": True, "uses": 2, "file": "lib/model.py", "line": 8, "nearest": [],
    }  # fmt: skip
    assert rows["python.framework.ops.Graph"]["name"] == "Graph" and rows["python.framework.ops.Graph"]["supported"]
    assert not rows["ad"]["supported"] and "add" in rows["ad"]["nearest"]
    assert not rows["contrib.tpu.TPUEstimator"]["supported"]
    assert [row["supported"] for row in data["symbols"]] == sorted(row["supported"] for row in data["symbols"])


def test_as_a_table(tmp_path):
    write(tmp_path, **PROGRAM)
    done = onevar("--report", "train.py", "--lr", "1", cwd=tmp_path)
    assert done.returncode == 1 and "it was run" not in done.stdout + done.stderr
    for text in ("tf.contrib.tpu.TPUEstimator", "tf.ad ", "lib/model.py:8", "nearest: tf.", "2 of 4 symbols supported",
                 "in 3 files", "The program was not run."):  # fmt: skip
        assert text in done.stdout, done.stdout


@pytest.mark.parametrize(
    ("script", "status", "text"),
    [
        ("import tensorflow as tf\ntf.add(1, 2)", 0, "1 of 1 symbol supported, in 1 file."),
        ("print(1)", 0, "no mention of TensorFlow in 1 file."),
        ("print 1", 1, "Python 2 (the print"),
    ],
)
def test_exit_status(script, status, text, tmp_path):
    write(tmp_path, script=script)
    done = onevar("--report", "script.py", cwd=tmp_path)
    assert done.returncode == status and text in done.stdout


def test_modules_and_packages_from_elsewhere(tmp_path):
    write(
        tmp_path / "app", pkg_INIT="", pkg_in_prog="import far.away, tensorflow as tf; tf.sin", script="import far.away"
    )
    write(
        tmp_path / "lib",
        far_INIT="",
        far_in_away="import tensorflow as tf; tf.cos",
        far_in_other="import tensorflow as tf; tf.tan",
    )
    path = {"PYTHONPATH": str(tmp_path / "lib")}

    def symbols(*words):
        done = start("run", "--report", "--json", *words, cwd=tmp_path / "app", env=path)
        return {row["symbol"] for row in json.loads(done.stdout)["symbols"]}

    assert symbols("-m", "pkg.prog") == {"sin"}
    assert symbols("script.py") == set()
    assert symbols("--also", "far", "script.py") == {"cos", "tan"}
    assert symbols("--also", "far.away", "-m", "pkg.prog") == {"sin", "cos"}
    done = start("run", "--report", "--also", "nowhere", "script.py", cwd=tmp_path / "app")
    assert done.returncode == 2 and "--also nowhere" in done.stderr
