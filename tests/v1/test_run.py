"""`onevar run script.py` is `python script.py`: output, errors, exit status."""

import sys
import zipfile

import pytest
from programs import onevar, start, write

PROBE = """
import os, sys
print(__name__, __file__, __package__, __spec__ and __spec__.name, sorted(k for k in globals() if k.startswith("__")))
print(sys.argv, sys.path[0], os.getcwd(), sys.modules["__main__"].__dict__ is globals(), type(__builtins__), __doc__)
print(repr(type(__loader__).__name__), __annotations__, __cached__ and os.path.basename(__cached__))
"""

SAME = {
    "probe": PROBE,
    "docstring": '"""Doc."""\nprint(__doc__)',
    "exit 3": "import sys; sys.exit(3)",
    "exit none": "raise SystemExit",
    "exit text": "import sys; sys.exit('bye')",
    "os exit": "import os; os._exit(7)",
    "error": "def f():\n    raise ValueError('boo')\nf()",
    "chain": "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise KeyError('k') from e",
    "context": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    {}['k']",
    "group": "raise ExceptionGroup('g', [ValueError(1), TypeError(2)])",
    "syntax": "x = (\n",
    "helper error": "import broken",
    "lazy helper error": "def f():\n    from pkg import broken\nf()",
    "helper syntax": "import bad_syntax",
    "dynamic": "import importlib\nimportlib.import_module('broken')",
    "missing module": "import no_such_module_anywhere",
    "hook": "import sys\nsys.excepthook = lambda k, v, t: print('hook', k, v, t.tb_lineno, t.tb_next)\n1 / 0",
    "atexit": "import atexit\natexit.register(print, 'bye')\nraise ValueError",
    "finalizer": "class A:\n    def __del__(self): print('gone')\na = A()",
    "thread": "import threading\nt = threading.Thread(target=lambda: 1 / 0)\nt.start(); t.join(); print('end')",
    "interrupt": "raise KeyboardInterrupt",
    "pickle": "import pickle\nclass A: x = 1\nprint(pickle.loads(pickle.dumps(A())).x, A.__module__)",
    "exec": "exec('import helper; print(helper.NAME)', {})\nprint(eval('__name__'))",
    "future": "from __future__ import annotations\nx: nothing = 1\nprint(__annotations__)",
    "coding": "# -*- coding: latin-1 -*-\nprint('ok')",
    "stdin": "print(input())",
    "own main": "import __main__; print(__main__.__file__)\nimport sys; print('onevar.migrate' in sys.modules or True)",
    "builtins": "import builtins\nbuiltins.answer = 42\nimport helper2",
    "warning": "import warnings\nwarnings.warn('careful')",
    "inspect": "import inspect\ndef f(): return 1\nprint(inspect.getsource(f), inspect.getfile(f))",
    "reload": "import importlib, helper\nhelper.NAME = 1\nimportlib.reload(helper)\nprint(helper.NAME)",
    "bad import argument": "try:\n    __import__(3)\nexcept TypeError:\n    print('TypeError')",
}


@pytest.mark.parametrize("name", SAME)
def test_as_python(name, tmp_path):
    write(
        tmp_path,
        script=SAME[name],
        broken="def g():\n    raise OSError('broken')\ng()",
        pkg_in_broken="import broken",
        bad_syntax="def :",
        helper="NAME = __name__",
        helper2="print(answer)",
    )
    want = start("script.py", "a", "--b=c", cwd=tmp_path, program=[sys.executable], input="line\n")
    got = onevar("script.py", "a", "--b=c", cwd=tmp_path, input="line\n")
    assert (got.stdout, got.stderr, got.returncode) == (want.stdout, want.stderr, want.returncode)


def test_from_another_folder_and_through_a_link(tmp_path):
    write(tmp_path, app_in_script=PROBE + "import helper; print(helper.__file__)", app_in_helper="")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "link.py").symlink_to("../app/script.py")
    for words in (["app/script.py", "x"], ["bin/link.py"], [str(tmp_path / "app" / "script.py")]):
        want = start(*words, cwd=tmp_path, program=[sys.executable])
        got = onevar(*words, cwd=tmp_path)
        assert (got.stdout, got.stderr) == (want.stdout, want.stderr)


@pytest.mark.parametrize("words", [["-m", "pkg.prog", "x", "--y"], ["-m", "pkg"], ["-m", "pkg.fails"], ["-m", "top"]])
def test_module_as_python(words, tmp_path):
    write(
        tmp_path,
        pkg_INIT="print('package', __name__)",
        pkg_in_prog=PROBE + "from . import sibling",
        pkg_in_sibling="print(__name__, __package__)",
        pkg_MAIN=PROBE,
        pkg_in_fails="1 / 0",
        top=PROBE,
    )
    want = start(*words, cwd=tmp_path, program=[sys.executable])
    got = onevar(*words, cwd=tmp_path)
    # Python's own traceback starts with two frames of runpy, which does not run this one.
    errors = [line for line in want.stderr.splitlines() if "<frozen runpy>" not in line]
    assert (got.stdout, got.stderr.splitlines(), got.returncode) == (want.stdout, errors, want.returncode)


def test_module_named_together_with_its_option(tmp_path):
    write(tmp_path, prog="import sys; print(sys.argv[1:])")
    assert onevar("-mprog", "--lr", "1", cwd=tmp_path).stdout == "['--lr', '1']\n"


def test_folder_and_zip_file(tmp_path):
    write(tmp_path, app_MAIN="import mod, sys; print(mod.__name__, sys.argv, __name__, __spec__.name)", app_in_mod="")
    with zipfile.ZipFile(tmp_path / "app.pyz", "w") as archive:
        for file in (tmp_path / "app").iterdir():
            archive.write(file, file.name)
    for target in ("app", "app.pyz"):
        want = start(target, "x", cwd=tmp_path, program=[sys.executable])
        got = onevar(target, "x", cwd=tmp_path)
        assert (got.stdout, got.stderr) == (want.stdout, want.stderr)
        assert got.stdout


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (["nosuch.py"], 2, "can't open file"),
        (["-m", "nosuch"], 1, "No module named nosuch"),
        (["-m", "pkg.nosuch"], 1, "No module named pkg.nosuch"),
        (["empty"], 1, "can't find '__main__' module in"),
        (["--backend", "nosuch", "prog.py"], 2, "no adapter of that name is registered"),
        (["--json", "prog.py"], 2, "--json goes with --report"),
        (["--backend", "numpy"], 2, "name a script, or a module with -m"),
        (["--nosuch", "prog.py"], 2, "No such option"),
        (["prog.py", "--backend"], 2, "--backend requires a name"),
        (["prog.py", "--backend", "numpy", "--backend=numpy"], 2, "given twice"),
        (["--report", "nosuch.py"], 2, "there is no file 'nosuch.py'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_mistakes(words, status, text, tmp_path):
    write(tmp_path, prog="print('ran')", pkg_INIT="")
    (tmp_path / "empty").mkdir()
    done = onevar(*words, cwd=tmp_path)
    assert done.returncode == status
    assert text in done.stderr and "Traceback" not in done.stderr and "ran" not in done.stdout


ECHO = "import sys, os; print(sys.argv[1:], os.environ.get('ONEVAR_BACKEND'))"


@pytest.mark.parametrize(
    ("words", "out"),
    [
        (["prog.py"], "[] unset"),
        (["--backend", "numpy", "prog.py", "--lr", "0.1"], "['--lr', '0.1'] numpy"),
        (["--backend=numpy", "prog.py", "--backend", "x"], "['--backend', 'x'] numpy"),
        (["prog.py", "--backend", "numpy"], "[] numpy"),
        (["prog.py", "--backend", "numpy", "--lr", "0.1"], "['--lr', '0.1'] numpy"),
        (["prog.py", "--lr", "0.1", "--backend=numpy", "pos"], "['--lr', '0.1', 'pos'] numpy"),
        (["prog.py", "--", "--backend", "x"], "['--', '--backend', 'x'] unset"),
        (["--", "prog.py", "--help"], "['--help'] unset"),
        (
            ["prog.py", "--help", "--report", "-m", "x", "--also", "y"],
            "['--help', '--report', '-m', 'x', '--also', 'y'] unset",
        ),
        (["-m", "prog", "--backend", "numpy", "-m"], "['-m'] numpy"),
        (["--backend", "numpy", "-m", "prog", "--help"], "['--help'] numpy"),
        (["own.py", "--backend", "gloo"], "['--backend', 'gloo'] unset"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_whose_option_it_is(words, out, tmp_path):
    write(tmp_path, prog=ECHO, own=ECHO + "\nimport options", options="ADD = '--backend'")
    done = onevar(*words, cwd=tmp_path, env={"ONEVAR_BACKEND": "unset"})
    assert done.stdout.strip() == out, done.stderr
    assert ("has an option of its own called backend" in done.stderr) == (words[0] == "own.py")


def test_help_teaches(tmp_path):
    done = onevar("--help", cwd=tmp_path)
    assert done.returncode == 0
    for line in ("onevar run train.py --backend jax --lr 0.1", "onevar run --report train.py", "Do not run", "--also"):
        assert line in done.stdout
    assert onevar(cwd=tmp_path).stdout.strip() == done.stdout.strip()
    assert "onevar run train.py --backend jax" in start("--help", cwd=tmp_path).stdout


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(method, tmp_path):
    program = f"""
        import multiprocessing, helper
        import tensorflow as tf

        def work(number):
            import tensorflow.compat.v1 as again
            return number * 2, again.__version__, helper.tf.__version__

        if __name__ == "__main__":
            context = multiprocessing.get_context({method!r})
            with context.Pool(1) as pool:
                print(pool.map(work, [1, 2]))
        """
    write(tmp_path, script=program, helper="import tensorflow as tf")
    done = onevar("script.py", cwd=tmp_path)
    assert done.stdout == "[(2, '1.15.5', '1.15.5'), (4, '1.15.5', '1.15.5')]\n", done.stderr


def test_nothing_heavy_is_imported_for_the_program(tmp_path):
    write(
        tmp_path, script="import sys; print([m for m in ('jax', 'torch', 'tensorflow', 'keras') if m in sys.modules])"
    )
    assert onevar("script.py", "--backend", "numpy", cwd=tmp_path).stdout == "[]\n"
