"""`onevar run x.ipynb`, `%load_ext onevar`, and programs from NumPy's past."""

import json
import subprocess
import sys

import pytest

from onevar.migrate import jupyter, redirect


def write(folder, *cells):
    data = {"cells": [{"cell_type": "code", "source": text} for text in cells], "nbformat": 4}
    (folder / "x.ipynb").write_text(json.dumps(data))


def run(folder, *words):
    program = [sys.executable, "-c", "from onevar.cli import main; main()", "run", "--backend", "numpy", *words]
    return subprocess.run(program, capture_output=True, text=True, timeout=300, cwd=folder)


def test_a_notebook_runs_cell_by_cell(tmp_path):
    write(
        tmp_path,
        "%matplotlib inline\nimport tensorflow as tf\nfiles = !ls",
        "x = tf.placeholder(tf.float32, [2])\ny = x * 2;",
        "%%time\nprint(files, __file__.endswith('x.ipynb'), __name__)\ntf.Session().run(y, {x: [1, 2]})",
        "%%bash\nexit 1",
        "None",
    )
    done = run(tmp_path, "x.ipynb")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[] True __main__", "array([2., 4.], dtype=float32)"]
    assert done.stderr.splitlines() == [
        "onevar run: x.ipynb[1]: not run: %matplotlib inline",
        "onevar run: x.ipynb[4]: not run: %%bash",
    ]


def test_an_error_in_a_notebook_shows_cell_and_line(tmp_path):
    write(tmp_path, "import tensorflow as tf", "def f():\n    raise ValueError('boom')\nf()")
    done = run(tmp_path, "x.ipynb")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[1].endswith('x.ipynb[2]", line 3, in <module>') and lines[2].strip() == "f()"
    assert lines[3].endswith('x.ipynb[2]", line 2, in f') and lines[-1] == "ValueError: boom"


def test_what_is_no_notebook_is_refused(tmp_path):
    (tmp_path / "x.ipynb").write_text("{}")
    done = run(tmp_path, "x.ipynb")
    assert done.returncode == 2 and "not a Jupyter notebook" in done.stderr


def test_old_numpy(tmp_path):
    (tmp_path / "old.py").write_text(
        "import numpy as np\nprint(np.zeros(2, np.int).dtype, np.float is float, np.NaN)\n"
    )
    refused = run(tmp_path, "old.py")
    assert refused.returncode == 1 and "onevar run: np.int is gone since NumPy 1.24: write int" in refused.stderr
    assert "--old-numpy" in refused.stderr
    done = run(tmp_path, "--old-numpy", "old.py")
    assert (done.returncode, done.stdout) == (0, "int64 True nan\n"), done.stderr


def test_python_2_is_said(tmp_path):
    (tmp_path / "old.py").write_text("print 'x'\n")
    done = run(tmp_path, "old.py")
    assert done.returncode == 1 and "is Python 2 (the print statement)" in done.stderr


class Shell:
    """What the extension needs of IPython's."""

    def __init__(self):
        self.functions = {}
        self.magics_manager = self
        self.magics = {"line": self.functions}

    def register_magic_function(self, function, kind, name):
        self.magics[kind][name] = function


@pytest.fixture
def shell():
    made = Shell()
    yield made
    redirect.uninstall()


def test_load_ext(shell, tmp_path, monkeypatch):
    import onevar

    monkeypatch.chdir(tmp_path)
    onevar.load_ipython_extension(shell)
    notebook = {"__name__": "__main__"}
    exec("import tensorflow as tf\nfound = tf.__name__", notebook)
    assert notebook["found"] == "onevar.v1"
    with onevar.use_backend("numpy"):
        assert shell.functions["onevar"]("") == "numpy"
    with pytest.raises(onevar.errors.FrameworkMissing):
        shell.functions["onevar"]("nonsense")
    assert "%onevar NAME" in jupyter.USAGE
    onevar.unload_ipython_extension(shell)
    assert not shell.functions and not redirect._undo
