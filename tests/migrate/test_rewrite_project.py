"""`onevar migrate PATH`: trees, notebooks, faults, and what is written; no stage needs a framework for it."""

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("libcst")

from onevar.migrate import audit
from onevar.migrate.rewrite import documents, pipeline, programs, project, report, writing
from onevar.migrate.rewrite.context import Converted, Left, Options, Plan
from onevar.migrate.rewrite.finding import LEFT, NEEDS_YOU, REWRITTEN

SHIM, KERAS = Options(stage="shim"), Options(stage="keras3")
PLAIN = "import tensorflow as tf\n\nx = tf.nn.relu(1.0)\n"
CELLS = [
    {"cell_type": "markdown", "metadata": {}, "source": ["import tensorflow as tf\n", "é"]},
    {"cell_type": "code", "metadata": {}, "outputs": [{"text": ["kept"]}],
     "source": ["%matplotlib inline\n", "!pip install x\n", "import tensorflow as tf  # here\n", "a = !ls\n", "tf?"]},
    {"cell_type": "code", "metadata": {}, "outputs": [], "source": "%%bash\nimport tensorflow"},
    {"cell_type": "code", "execution_count": 2, "metadata": {}, "outputs": [],
     "source": ["%%time\n", "from tensorflow.contrib import slim\n", "for i in (1, 2):\n", "    %time tf.abs(i)\n"]},
    {"cell_type": "code", "execution_count": 3, "metadata": {}, "outputs": [], "source": []},
]  # fmt: skip


def notebook(indent=1):
    data = {"cells": CELLS, "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 2}
    return json.dumps(data, indent=indent, ensure_ascii=False) + "\n"


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "project"
    for folder in ("pkg", ".git", "env", "node_modules", "pkg/__pycache__"):
        (root / folder).mkdir(parents=True)
    (root / "env" / "pyvenv.cfg").touch()
    for inside in (".git", "env", "node_modules", "pkg/__pycache__"):
        (root / inside / "skipped.py").write_text(PLAIN)
    (root / "train.py").write_text(
        "from pkg.common import tf\nimport pkg.common as c\n\nprint(tf.exp(1.0), c.tf.abs(1))\n"
    )
    (root / "pkg" / "__init__.py").write_text("from .common import tf\n")
    (root / "pkg" / "common.py").write_text("import tensorflow as tf\n")
    (root / "pkg" / "old.py").write_text("import tensorflow as tf\nprint 'hello'\n")
    (root / "pkg" / "tpu.py").write_text(
        PLAIN
        + "from tensorflow.contrib import slim\nfrom tensorflow.contrib.tpu import TPUEstimator\ny = tf.no_such_name\n"
    )
    (root / "figures.ipynb").write_text(notebook())
    (root / "data.txt").write_text("import tensorflow as tf")
    return root


def by_path(found):
    return {one.path: one for one in found.rewritings}


def test_a_tree_is_rewritten_and_its_modules_hand_names_on(tree):
    found = project.migrate(tree, SHIM)
    assert sorted(by_path(found)) == [
        "figures.ipynb", "pkg/__init__.py", "pkg/common.py", "pkg/tpu.py", "train.py",
    ]  # fmt: skip
    assert [one.path for one in found.failures] == ["pkg/old.py"]
    assert found.failures[0].reason.startswith("Python 2") and found.failures[0].line == 2
    assert by_path(found)["pkg/common.py"].after == b"import onevar.v1 as tf\n"
    assert [one.symbol for one in by_path(found)["train.py"].findings] == ["tf.exp", "tf.abs"]
    assert not by_path(found)["train.py"].changed


def test_the_account_is_the_audits(tree):
    for options in (SHIM, KERAS):
        found, audited = project.migrate(tree, options), audit.make(tree)
        rows = sorted((row.file, row.cell, row.line, row.symbol) for row in audited.rows)
        assert sorted((one.path, one.cell, one.line, one.symbol) for one in found.findings) == rows
        assert sum(found.counts().values()) == len(rows)


def test_what_needs_you_says_why(tree):
    found = {one.symbol: one for one in project.migrate(tree, SHIM).findings if one.path == "pkg/tpu.py"}
    assert found["tf.contrib.tpu.TPUEstimator"].status == NEEDS_YOU
    assert "TPU" in found["tf.contrib.tpu.TPUEstimator"].reason
    assert found["tf.no_such_name"].status == NEEDS_YOU
    assert found["tf.contrib.slim"].status == REWRITTEN and found["tf.nn.relu"].status == LEFT


def test_a_notebook_keeps_what_is_not_code(tree):
    (found,) = (one for one in project.migrate(tree, SHIM).rewritings if one.path == "figures.ipynb")
    before, after = json.loads(found.before), json.loads(found.after)
    changed = [(n, m) for n, m in zip(before["cells"], after["cells"], strict=True) if n != m]
    assert [m["source"] for _, m in changed] == [
        ["%matplotlib inline\n", "!pip install x\n", "import onevar.v1 as tf  # here\n", "a = !ls\n", "tf?"],
        ["%%time\n", "from onevar.v1.contrib import slim\n", "for i in (1, 2):\n", "    %time tf.abs(i)\n"],
    ]
    changed_lines = [
        n for n, (a, b) in enumerate(zip(found.before.split(b"\n"), found.after.split(b"\n"), strict=True)) if a != b
    ]
    assert len(changed_lines) == 2
    assert [(one.place, one.symbol) for one in found.findings] == [
        ("figures.ipynb[2]:3:8", "tensorflow"), ("figures.ipynb[4]:2:32", "tf.contrib.slim"),
        ("figures.ipynb[4]:4:5", "tf.abs"),
    ]  # fmt: skip


@pytest.mark.parametrize("indent", [None, 1, 4, "\t"])
def test_a_notebooks_layout_stays(tmp_path, indent):
    path = tmp_path / "x.ipynb"
    path.write_text(notebook(indent))
    document = documents.read(path, "x")
    assert document.back(document.text) == path.read_bytes()


def test_a_command_of_ipython_in_code_that_changes_goes_back_to_the_shim(tree, monkeypatch):
    def plan(names, imports, options):
        loop = next(node for node in names.parents if type(node).__name__ == "For")
        return Plan([Converted("the loop", loop, {loop: loop.with_changes(body=loop.orelse or _suite("y = 1"))})])

    monkeypatch.setattr(programs, "plan", plan, raising=False)
    found = by_path(project.migrate(tree / "figures.ipynb", KERAS))["figures.ipynb"]
    assert "Stage shim only" in found.notes[0] and b"    %time tf.abs(i)" in found.after


def _suite(text):
    import libcst as cst

    return cst.SimpleStatementSuite([cst.parse_statement(text).body[0]])


def test_a_fault_of_a_stage_leaves_the_file_on_the_shim(tree, monkeypatch):
    monkeypatch.setattr(programs, "plan", lambda *a: 1 / 0, raising=False)
    found = by_path(project.migrate(tree, KERAS))
    assert "ZeroDivisionError" in found["pkg/common.py"].notes[0]
    assert found["pkg/common.py"].after == b"import onevar.v1 as tf\n"


def test_a_fault_in_a_file_is_a_row(tree, monkeypatch):
    real = pipeline.rewrite

    def rewrite(file, options):
        if file.shown == "train.py":
            raise KeyError("surprise")
        return real(file, options)

    monkeypatch.setattr(pipeline, "rewrite", rewrite)
    found = project.migrate(tree, SHIM)
    assert [one.path for one in found.failures] == ["pkg/old.py", "train.py"]
    assert "KeyError: 'surprise'" in found.failures[1].reason and "pkg/common.py" in by_path(found)


def test_a_unit_that_would_not_run_stays(tmp_path, monkeypatch):
    (tmp_path / "x.py").write_text(
        "import tensorflow as tf\n\ndef f(x):\n    return tf.abs(x)\n\ndef g(x):\n    return tf.exp(x)\n"
    )

    def plan(names, imports, options):
        units = []
        for node, text in zip(names.module.body[1:], ("return undefined(x)", "return abs(x)"), strict=True):
            statement = node.body.body[0]
            unit = Converted(
                f"function {node.name.value}", node, {statement: statement.with_changes(body=_suite(text).body)}
            )
            unit.ledger.rewritten(statement)
            units.append(unit)
        return Plan(units)

    monkeypatch.setattr(programs, "plan", plan, raising=False)
    found = by_path(project.migrate(tmp_path, KERAS))["x.py"]
    text = found.after.decode()
    assert "return tf.abs(x)" in text and "return abs(x)" in text and "import onevar.v1 as tf" in text
    reasons = {one.symbol: (one.status, one.reason) for one in found.findings}
    assert reasons["tf.abs"] == (LEFT, "function f: rewritten, undefined would not be defined.")
    assert reasons["tf.exp"][0] == REWRITTEN


def test_imports_that_nobody_uses_any_more_go(tmp_path, monkeypatch):
    (tmp_path / "x.py").write_text(
        '"""Doc."""\nimport os\n# the framework\nimport tensorflow as tf\n\nprint(tf.abs(1))\n'
    )
    (tmp_path / "face.py").write_text("import tensorflow as tf\nfrom tensorflow import nn\n")
    (tmp_path / "uses.py").write_text("from face import tf\n\nprint(tf.exp(2.0))\n")

    def plan(names, imports, options):
        ops = imports.require("from keras import ops")
        edits = {u.node: _attribute(f"{ops}.absolute") for u in names.uses if u.path == "abs"}
        unit = Converted("the script", names.module, edits)
        for node in edits:
            unit.ledger.rewritten(node)
        return Plan([unit] if edits else [Left("the module", names.module, "Nothing to do.")])

    monkeypatch.setattr(programs, "plan", plan, raising=False)
    found = by_path(project.migrate(tmp_path, KERAS))
    assert found["x.py"].after.decode() == (
        '"""Doc."""\nimport os\n# the framework\nfrom keras import ops\n\nprint(ops.absolute(1))\n'
    )
    assert {one.status for one in found["x.py"].findings} == {REWRITTEN}
    assert found["face.py"].after == b"import onevar.v1 as tf\n"


def _attribute(text):
    import libcst as cst

    return cst.parse_expression(text)


def test_write_is_whole_or_not_at_all(tree, monkeypatch):
    found = project.migrate(tree, SHIM)
    real = os.fsync
    calls = []

    def full(handle):
        calls.append(handle)
        if len(calls) == len(found.changed) + 2:  # the originals come first
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    made = writing.in_place(tree, found.changed)
    assert [one.reason for one in made.failures] == [
        "It could not be written, and is as it was: No space left on device"
    ]
    failed = made.failures[0].path
    for one in found.changed:
        assert (tree / one.path).read_bytes() == (one.before if one.path == failed else one.after)
    assert not list(tree.rglob("*.onevar")) and len(made.paths) == len(found.changed) - 1


def test_a_full_disk_before_anything_is_written(tree, monkeypatch):
    found = project.migrate(tree, SHIM)

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        writing.in_place(tree, found.changed)
    assert all((tree / one.path).read_bytes() == one.before for one in found.changed)


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.py"
    path.write_text("old")
    path.chmod(0o750)

    def interrupted(handle):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", interrupted)
        with pytest.raises(KeyboardInterrupt):
            writing.replace(path, b"new")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
    writing.replace(path, b"new")
    assert path.read_text() == "new" and path.stat().st_mode & 0o777 == 0o750


def test_an_unreadable_file_is_a_row(tree, monkeypatch):
    real = Path.read_bytes

    def read(path):
        if path.name == "train.py":
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", read)
    found = project.migrate(tree, SHIM)
    assert {one.path: one.reason for one in found.failures}["train.py"] == "Permission denied"
    assert by_path(found)["pkg/common.py"].changed


def test_links(tree, tmp_path):
    outside = tmp_path / "outside.py"
    outside.write_text(PLAIN)
    (tree / "linked.py").symlink_to(outside)
    (tree / "inner.py").symlink_to(tree / "pkg" / "common.py")
    (tree / "gone.py").symlink_to(tree / "nothing.py")
    found = project.migrate(tree, SHIM)
    reasons = {one.path: one.reason for one in found.failures}
    assert "lies outside" in reasons["linked.py"] and reasons["gone.py"] == "No such file or directory"
    writing.in_place(tree, found.changed)
    assert outside.read_text() == PLAIN and (tree / "inner.py").is_symlink()
    assert (tree / "pkg" / "common.py").read_text() == "import onevar.v1 as tf\n"


def command(*words):
    """The command in this process, which has imported everything."""
    import contextlib
    import io

    from onevar import cli

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = cli.build()(["migrate", *map(str, words)], standalone_mode=True)
        except SystemExit as left:
            status = left.code
    return subprocess.CompletedProcess(words, status, out.getvalue(), err.getvalue())


def test_write_and_undo(tree):
    before = {path: path.read_bytes() for path in audit.files(tree)}
    done = command(tree, "--stage", "shim", "--write")
    assert done.returncode == 1 and "3 files written" in done.stdout  # tpu.py needs you
    undo = re.search(r"To undo it: (.*)", done.stdout)[1]
    assert (tree / "pkg" / "common.py").read_text() == "import onevar.v1 as tf\n"
    subprocess.run(undo, shell=True, check=True)
    assert {path: path.read_bytes() for path in audit.files(tree)} == before


def test_what_git_has_is_not_copied(tree):
    def git(*words):
        options = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", *options, *words], cwd=tree, check=True, capture_output=True)

    for file in (tree / ".git").iterdir():
        file.unlink()
    git("init")
    git("add", "train.py", "pkg")
    git("commit", "-m", "one")
    (tree / "pkg" / "tpu.py").write_text(PLAIN)
    found = project.migrate(tree, SHIM)
    made = writing.in_place(tree, found.changed)
    kept = sorted(p.relative_to(tree / ".onevar-undo-1").as_posix() for p in (tree / ".onevar-undo-1").rglob("*.*"))
    assert kept == ["figures.ipynb", "pkg/tpu.py"]
    assert "git checkout -- pkg/common.py" in made.undo
    subprocess.run(made.undo, shell=True, check=True, capture_output=True)
    assert all((tree / one.path).read_bytes() == one.before for one in found.changed)


def test_command(tree, tmp_path):
    page, data, copy = tmp_path / "out" / "page.html", tmp_path / "out" / "data.json", tmp_path / "copy"
    done = command(tree, "--stage", "shim", "--json", data, "--html", page, "--output", copy)
    assert done.returncode == 1, done.stderr
    found = json.loads(data.read_text())
    assert found["schema"] == project.SCHEMA and found["stage"] == "shim"
    assert found["uses"] == sum(found["totals"].values()) == len(found["findings"])
    text = page.read_text()
    assert "import onevar.v1 as tf" in text and "Python 2 (the print statement)" in text
    assert not re.search(r"(?:src|href)\s*=|url\(|@import", text)  # the page needs nothing else
    assert (copy / "data.txt").is_file() and not (copy / ".git").exists() and not (copy / "env").exists()
    assert (copy / "pkg" / "common.py").read_text() == "import onevar.v1 as tf\n"
    assert (tree / "pkg" / "common.py").read_text() == "import tensorflow as tf\n"
    again = command(tree, "--stage", "shim", "--output", copy)
    assert again.returncode == 2 and "not an empty folder" in again.stderr


def test_command_prints_a_patch_that_applies(tree):
    done = command(tree, "--stage", "shim", "--diff")
    assert "needs you" in done.stderr and "\x1b" not in done.stdout
    patch = subprocess.run(
        ["git", "apply", "--check", "-"], cwd=tree, input=done.stdout, text=True, capture_output=True
    )
    assert patch.returncode == 0, patch.stderr


def test_command_refuses(tree, tmp_path):
    assert command(tree / "nothing").returncode == 2
    assert command(tree, "--stage", "other").returncode == 2
    assert command(tree, "--write", "--check").returncode == 2
    inside = command(tree, "--output", tree / "new")
    assert inside.returncode == 2 and "lies in" in inside.stderr and not (tree / "new").exists()


def test_check_says_whether_anything_is_to_be_done(tmp_path):
    (tmp_path / "x.py").write_text(PLAIN)
    assert command(tmp_path, "--stage", "shim", "--check").returncode == 1
    assert command(tmp_path, "--stage", "shim", "--write").returncode == 0
    assert command(tmp_path, "--stage", "shim", "--check").returncode == 0


def test_libcst_missing_says_what_to_install(tree):
    code = "import sys; sys.modules['libcst'] = None; from onevar.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "migrate", str(tree)], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 1 and 'pip install "onevar[migrate]"' in done.stderr


def test_audit_says_what_is_left(tmp_path):
    (tmp_path / "x.py").write_text(
        "import keras\nfrom onevar.keras import track_v1_variables\nprint(keras.ops, track_v1_variables)\n"
    )
    assert audit.make(tmp_path).verdict == "This project no longer uses v1."
    (tmp_path / "y.py").write_text("import onevar.v1 as tf\n\ntf.abs(1)\n")
    found = audit.make(tmp_path)
    assert found.verdict == "v1 is left in 1 of 2 files: 2 uses, next to 2 of Keras (50.0 % left)."
    assert audit.as_data(found)["v1_left_percent"] == 50.0
    (tmp_path / "x.py").unlink()
    (tmp_path / "y.py").write_text("x = 1\n")
    assert audit.make(tmp_path).verdict == ""


def test_bars_are_of_one_length():
    for counts in (
        {REWRITTEN: 1, LEFT: 99, NEEDS_YOU: 1},
        {REWRITTEN: 0, LEFT: 0, NEEDS_YOU: 7},
        {REWRITTEN: 33, LEFT: 33, NEEDS_YOU: 34},
    ):
        assert report._bar(counts).count("━") == 20


@pytest.mark.parametrize("stage", ["shim", "eager", "keras3"])
def test_tf_layers_are_not_renamed_and_not_reported(stage, tmp_path):
    """By `tf_upgrade_v2`, that is, and imports from contrib neither: here each of them has its line in the report."""
    (tmp_path / "net.py").write_text(
        "import tensorflow as tf\nfrom tensorflow.contrib import slim\n\n\n"
        "def net(x):\n    return tf.layers.dense(slim.flatten(tf.layers.conv2d(x, 8, 3)), 10)\n"
    )
    found = project.migrate(tmp_path, Options(stage=stage))
    seen = {(one.line, one.symbol) for one in found.findings}
    assert {
        (2, "tf.contrib.slim"),
        (6, "tf.layers.dense"),
        (6, "tf.layers.conv2d"),
        (6, "tf.contrib.slim.flatten"),
    } <= seen


TRAINER = """\
import tensorflow as tf
x = tf.placeholder(tf.float32, [None, 2])
w = tf.get_variable("w", [2, 1])
loss = tf.reduce_sum(tf.matmul(x, w))
{more}
train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
saver = tf.train.Saver()
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    sess.run(train, {{x: [[1.0, 2.0]]}})
    saver.save(sess, "{folder}/model.ckpt")
"""
EVAL = """\
import tensorflow as tf
x = tf.placeholder(tf.float32, [None, 2])
w = tf.get_variable("w", [2, 1])
p = tf.py_func(abs, [tf.matmul(x, w)], tf.float32)
saver = tf.train.Saver()
with tf.Session() as sess:
    ckpt = tf.train.latest_checkpoint("./logs/")
    if ckpt:
        saver.restore(sess, ckpt)
    print(sess.run(p, {x: [[1.0, 2.0]]}))
"""


def test_files_that_share_checkpoints_stay_together(tmp_path):
    """`if ckpt:` would hide that an eval.py on onevar.v1 finds nothing of what a converted trainer saves."""
    (tmp_path / "train.py").write_text(TRAINER.format(folder="logs", more=""))
    (tmp_path / "other.py").write_text(TRAINER.format(folder="elsewhere", more=""))
    alone = project.migrate(tmp_path, Options())
    assert all(b"keras.Model" in one.after for one in alone.rewritings)
    (tmp_path / "eval.py").write_text(EVAL)
    found = {one.path: one for one in project.migrate(tmp_path, Options()).rewritings}
    assert {path for path, one in found.items() if b"keras.Model" in one.after} == {"other.py"}
    reasons = {one.reason for one in found["train.py"].findings if one.status == "left"}
    assert any(one.startswith("the script: eval.py shares its checkpoints") for one in reasons)
    (tmp_path / "eval.py").write_text(EVAL.replace("tf.py_func(abs, [tf.matmul(x, w)], tf.float32)", "tf.matmul(x, w)"))
    assert all(b"keras.Model" in one.after for one in project.migrate(tmp_path, Options()).rewritings)
