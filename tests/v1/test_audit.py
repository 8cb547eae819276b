"""`onevar audit PATH`: every use of TensorFlow 1 with its place, read without running anything."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from onevar.migrate import audit, judge, limits, old_numpy, python2

TRAIN = """\
import numpy as np
import tensorflow as tf
import tensorflow.contrib.slim as slim
from tensorflow.python.ops import math_ops
from tensorflow.contrib.tpu import TPUEstimator

raise SystemExit("it was run")

def model(x, *, width=(w := 3)):
    match width:
        case 3:
            x = tf.nn.relu(math_ops.add(x, 1.0))
        case _:
            x = tf.keras.layers.CuDNNLSTM(width)(x)
    return slim.flatten(x), np.float(1), tf.no_such_name_ever
"""


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "project"
    (root / "pkg").mkdir(parents=True)
    (root / ".hidden").mkdir()
    (root / "env").mkdir()
    (root / "env" / "pyvenv.cfg").touch()
    for inside in (".hidden", "env"):
        (root / inside / "skipped.py").write_text("import tensorflow as tf\ntf.abs(1)\n")
    (root / "train.py").write_text(TRAIN)
    (root / "pkg" / "__init__.py").write_text("")
    (root / "pkg" / "windows.py").write_bytes(b"\xef\xbb\xbfimport tensorflow as tf\r\n\r\ntf.abs(1)\r\n")
    (root / "pkg" / "latin.py").write_bytes(
        b"# -*- coding: latin-1 -*-\nimport tensorflow as tf\ntf.exp(1.0)  # \xe9\n"
    )
    (root / "pkg" / "old.py").write_text("import tensorflow as tf\nprint 'hello'\n")
    (root / "pkg" / "nul.py").write_bytes(b"x = 1\0")
    (root / "pkg" / "broken.py").write_text("def f(:\n")
    (root / "pkg" / "deep.py").write_text("x = " + "-" * 5000 + "1\n")
    (root / "pkg" / "gone.py").symlink_to(root / "nothing")
    cells = [
        {"cell_type": "markdown", "source": ["tf.nn.softmax\n"]},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "!pip install x\n", "import tensorflow as tf\n"]},
        {"cell_type": "code", "source": "x = 1\ny = tf.sqrt(4.0)"},
    ]
    (root / "figures.ipynb").write_text(json.dumps({"cells": cells, "nbformat": 4}))
    (root / "bad.ipynb").write_text("{")
    return root


def symbols(rows, file):
    return [(row.line, row.symbol, row.level) for row in rows if row.file == file]


def test_every_use_has_its_place(tree):
    found = audit.make(tree)
    assert symbols(found.rows, "train.py") == [
        (2, "tensorflow", judge.SUPPORTED),
        (3, "tf.contrib.slim", judge.SUPPORTED),
        (4, "tf.python.ops.math_ops", judge.SUPPORTED),
        (5, "tf.contrib.tpu.TPUEstimator", judge.NOT),
        (12, "tf.nn.relu", judge.SUPPORTED),
        (12, "tf.python.ops.math_ops.add", judge.SUPPORTED),
        (14, "tf.keras.layers.CuDNNLSTM", judge.NOT),
        (15, "tf.contrib.slim.flatten", judge.SUPPORTED),
        (15, "tf.no_such_name_ever", judge.FOREIGN),
    ]
    assert [row.is_import for row in found.rows if row.file == "train.py"] == [True] * 4 + [False] * 5
    (dense,) = (row for row in found.rows if row.symbol == "tf.keras.layers.CuDNNLSTM")
    assert dense.code == "x = tf.keras.layers.CuDNNLSTM(width)(x)" and "Keras 3" in dense.advice
    assert symbols(found.rows, "pkg/windows.py") == [(1, "tensorflow", "supported"), (3, "tf.abs", "supported")]
    assert symbols(found.rows, "pkg/latin.py") == [(2, "tensorflow", "supported"), (3, "tf.exp", "supported")]
    assert not any("skipped" in row.file for row in found.rows)


def test_a_broken_file_is_a_row(tree):
    found = audit.make(tree)
    reasons = {one.file: (one.line, one.reason) for one in found.unread}
    assert set(reasons) == {f"pkg/{name}.py" for name in ("old", "nul", "broken", "deep", "gone")} | {"bad.ipynb"}
    assert reasons["pkg/old.py"] == (2, "Python 2 (the print statement): convert it with 2to3 first")
    assert reasons["pkg/broken.py"][1].startswith("not Python 3: ")
    assert "not a Jupyter notebook" in reasons["bad.ipynb"][1]
    assert (found.files, found.users, found.complete) == (11, 4, False)


def test_notebooks_are_read_cell_by_cell(tree):
    rows = [row for row in audit.make(tree).rows if row.file == "figures.ipynb"]
    assert [(row.place, row.symbol) for row in rows] == [
        ("figures.ipynb[2]:3", "tensorflow"),
        ("figures.ipynb[3]:2", "tf.sqrt"),
    ]


def test_what_numpy_has_given_up_is_listed_apart(tree):
    (row,) = audit.make(tree).numpy
    assert (row.place, row.symbol) == ("train.py:15", "np.float") and "--old-numpy" in row.advice


def test_totals_are_shares_of_tensorflows_uses(tree):
    found = audit.make(tree)
    counts = found.counts()
    assert counts == {judge.NOT: 2, judge.PARTLY: 0, judge.FOREIGN: 1, judge.SUPPORTED: 12}
    assert found.total == 14 and found.share(judge.NOT) == pytest.approx(100 * 2 / 14)


def command(*words):
    program = [sys.executable, "-c", "from onevar.cli import main; main()", "audit", *map(str, words)]
    return subprocess.run(program, capture_output=True, text=True, timeout=300)


def test_command(tree, tmp_path):
    page = tmp_path / "out" / "audit.html"
    done = command(tree, "--json", "--html", page)
    data = json.loads(done.stdout)
    assert (done.returncode, data["schema"], data["uses"]) == (1, audit.SCHEMA, 14)
    assert data["totals"] == {"not_supported": 2, "partly": 0, "not_TensorFlows": 1, "supported": 12}
    text = page.read_text()
    assert "x = tf.keras.layers.CuDNNLSTM(width)(x)" in text and "Python 2 (the print statement)" in text
    # The page needs nothing else: no address is loaded.
    assert not re.search(r"(?:src|href)\s*=|url\(|@import", text)


def test_command_in_the_terminal(tree):
    listed = command(tree, "--all")
    assert "train.py:12: tf.nn.relu: supported" in listed.stdout
    table = command(tree / "pkg" / "windows.py")
    assert table.returncode == 0
    assert "2 uses of TensorFlow in 1 file: 2 supported (100.0 %)" in " ".join(table.stdout.split())
    missing = command(tree / "no")
    assert missing.returncode == 2 and "there is no file or folder" in missing.stderr


@pytest.mark.parametrize(
    "line",
    [
        "print 'x'", "    print x, y", "print >>sys.stderr, 'a' 'b', x y", "print '%d' % 3", "except ValueError, e:",
        "raise E, 'x'", "exec 'x = 1'", "if a <> b: pass", "x = `y`", "os.chmod(p, 0755)", "n = 10L", "s = ur'x'",
        "def f(a, (b, c)):", "f = lambda (a, b): a",
    ],
)  # fmt: skip
def test_python_2_is_told_from_broken(line):
    text = f"{line}\n    pass\n" if line.endswith(":") and line[0] != "e" else f"{line}\n"
    text = f"try:\n    pass\n{line}\n    pass\n" if line.startswith("except") else text
    with pytest.raises(SyntaxError) as caught:
        compile(text, "x.py", "exec")
    assert python2.is_python2(python2.reason(caught.value, text))


@pytest.mark.parametrize("text", ["x = (1\n", "def f(:\n", "x = 1 +\n", "for x in y\n    pass\n", "print(x\n"])
def test_broken_is_not_called_python_2(text):
    with pytest.raises(SyntaxError) as caught:
        compile(text, "x.py", "exec")
    assert not python2.is_python2(python2.reason(caught.value, text))


def test_old_numpy_names_are_gone_indeed():
    numpy = pytest.importorskip("numpy", "2.0")
    for name in {**old_numpy._SPELLED, **old_numpy._RENAMED, **old_numpy._GONE}:
        assert old_numpy.advice(name) is None or name not in vars(numpy), name
    for name, new in old_numpy._RENAMED.items():
        assert hasattr(numpy, new), name


def test_limits_are_of_names_that_are_supported():
    levels = {name: judge.verdict(name).level for name in limits._PARTLY}
    assert set(levels.values()) == {judge.PARTLY}, levels


def test_the_examples_are_supported():
    """They run, so nothing that they use may be called unsupported."""
    folder = Path(__file__).parents[2] / "examples" / "v1"
    found = audit.make(folder)
    assert found.counts()[judge.NOT] == 0, [row.symbol for row in found.rows if row.level == judge.NOT]
