"""Statements that share a line with `;` are converted like those on lines of their own."""

import json

import pytest

pytest.importorskip("libcst")

from onevar.migrate.rewrite import project
from onevar.migrate.rewrite.context import Options

SHARED = """\
import numpy as np; import tensorflow as tf
import os; os.environ.get("HOME")
x = tf.placeholder(tf.float32, [None, 3]); y = tf.placeholder(tf.float32, [None, 1])
w = tf.Variable(tf.zeros([3, 1])) ;b = tf.Variable(0.1); pred = tf.matmul(x, w) + b
loss = tf.reduce_mean(tf.square(pred - y)); train = tf.train.GradientDescentOptimizer(0.1).minimize(
    loss); print("a;b")
sess = tf.Session(); \\
    sess.run(tf.global_variables_initializer())
for i in range(5):
\tX = np.ones([4, 3]); _, l = sess.run([train, loss], {x: X, y: X[:, :1]}); print(i, l);
sess.close();
"""
ALONE = """\
import numpy as np; import tensorflow as tf
import os; os.environ.get("HOME")
x = tf.placeholder(tf.float32, [None, 3])
y = tf.placeholder(tf.float32, [None, 1])
w = tf.Variable(tf.zeros([3, 1]))
b = tf.Variable(0.1)
pred = tf.matmul(x, w) + b
loss = tf.reduce_mean(tf.square(pred - y))
train = tf.train.GradientDescentOptimizer(0.1).minimize(
    loss)
print("a;b")
sess = tf.Session()
sess.run(tf.global_variables_initializer())
for i in range(5):
\tX = np.ones([4, 3])
\t_, l = sess.run([train, loss], {x: X, y: X[:, :1]})
\tprint(i, l);
sess.close();
"""


def migrated(text, tmp_path, stage):
    file = tmp_path / "program.py"
    file.write_bytes(text.encode())
    (found,) = project.migrate(file, Options(stage=stage)).rewritings
    return found


@pytest.mark.parametrize("stage", ["eager", "keras3"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_they_become_what_they_would_alone(stage, end, tmp_path):
    shared, alone = (migrated(one.replace("\n", end), tmp_path, stage) for one in (SHARED, ALONE))
    assert b"class Model(keras.Model)" in shared.after
    assert shared.after == alone.after
    assert [one.status for one in shared.findings] == [one.status for one in alone.findings]


@pytest.mark.parametrize("text", [SHARED, SHARED.replace("loss = ", "c = tf.assign(b, 1.0); loss = ")])
def test_the_report_has_the_places_that_the_file_had(text, tmp_path):
    found, plain = (migrated(text, tmp_path, stage) for stage in ("keras3", "shim"))
    assert [(one.line, one.column, one.text) for one in found.findings] == [
        (one.line, one.column, one.text) for one in plain.findings
    ]


def test_a_file_that_stays_keeps_its_lines_and_says_why(tmp_path):
    found = migrated(SHARED.replace("loss = ", "c = tf.assign(b, 1.0); loss = "), tmp_path, "keras3")
    assert found.after == migrated(found.before.decode(), tmp_path, "shim").after
    (why,) = {one.reason for one in found.findings if one.status == "left"}
    assert "an assignment is an operation to run" in why
    assert why.endswith("(line 5)")


def notebook(parts):
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": one.splitlines(True)} for one in parts]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 2}, indent=1)


def cells_of(text):
    return ["".join(cell["source"]) for cell in json.loads(text)["cells"]]


def test_a_notebook_of_many_cells_becomes_what_its_script_would(tmp_path):
    lines = SHARED.rstrip().split("\n")
    parts = ["\n".join(lines[a:b]) for a, b in ((0, 2), (2, 4), (4, 6), (6, 8), (8, 10), (10, 11))]
    parts[0] += "\n%matplotlib inline"
    (tmp_path / "n.ipynb").write_text(notebook(parts))
    (found,) = project.migrate(tmp_path / "n.ipynb", Options()).rewritings
    script = migrated(SHARED, tmp_path, "keras3").after.decode()
    made = cells_of(found.after)
    assert len(made) == len(parts)
    assert "%matplotlib inline" in made[0]
    assert made[1] == ""
    assert made[2].startswith("class Model(keras.Model)")
    code = "\n".join(made).replace("%matplotlib inline", "")
    assert [line for line in code.split("\n") if line] == [line for line in script.split("\n") if line]
    assert found.findings[-1].place == "n.ipynb[4]:2:14"


def test_a_notebook_that_stays_says_in_which_cell(tmp_path):
    parts = [SHARED.split("loss = ")[0], "loss = tf.assign(b, 1.0);\nx", "sess = tf.Session(); sess.run(loss, {x: 1})"]
    (tmp_path / "n.ipynb").write_text(notebook(parts))
    (found,) = project.migrate(tmp_path / "n.ipynb", Options()).rewritings
    assert cells_of(found.after) == [parts[0].replace("tensorflow", "onevar.v1"), *parts[1:]]
    (why,) = {one.reason for one in found.findings if one.status == "left"}
    assert why.endswith("(cell 2, line 1)")
