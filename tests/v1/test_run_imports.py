"""Who gets `onevar.v1` for `import tensorflow`: the program's own modules, in every way of importing; nobody else."""

import importlib
import importlib.metadata
import importlib.util
import sys

import pytest
from programs import ONEVAR, WITH_TENSORFLOW, onevar, write

import onevar.v1 as v1
from onevar.migrate import children, paths, redirect, virtual
from onevar.migrate.program import Program

WAYS = {
    "import as": "import tensorflow as tf",
    "import": "import tensorflow; tf = tensorflow",
    "compat": "import tensorflow.compat.v1 as tf",
    "from compat": "from tensorflow.compat import v1 as tf",
    "dotted": "import tensorflow.compat.v1; tf = tensorflow",
    "try compat": "try:\n    import tensorflow.compat.v1 as tf\nexcept ImportError:\n    tf = None",
    "name": "from tensorflow import float32, Graph\nimport tensorflow as tf\nassert float32 is tf.float32",
    "deep name": """
        from tensorflow.compat.v1.errors import NotFoundError as e
        import tensorflow as tf
        assert e is tf.errors.NotFoundError
        """,
    "namespace": "import tensorflow.logging as l, tensorflow as tf\nassert l is tf.logging",
    "from namespace": "from tensorflow.compat.v1 import logging as l\nimport tensorflow as tf\nassert l is tf.logging",
    "star": "from tensorflow import *\nfloat32, Graph, logging.info\nimport tensorflow as tf",
    "namespace star": "from tensorflow.logging import *\ninfo, WARN\nimport tensorflow as tf",
    "dunder": "tf = __import__('tensorflow')",
    "dunder in a builtin": "tf = list(map(__import__, ['tensorflow']))[0]",
    "import_module": "import importlib\ntf = importlib.import_module('tensorflow')",
    "from importlib": "from importlib import import_module\ntf = import_module('tensorflow.compat.v1')",
    "exec": "ns = {}\nexec('import tensorflow as tf', ns)\ntf = ns['tf']",
    "exec, later": "ns = {}\nexec('def f():\\n    import tensorflow as tf\\n    return tf', ns)\ntf = ns['f']()",
    "eval": "tf = eval('__import__(\"tensorflow\")')",
    "function": "def f():\n    import tensorflow as tf\n    return tf\ntf = f()",
    "class": "class A:\n    import tensorflow as tf\ntf = A.tf",
    "thread": """
        import threading
        found = []
        def f():
            import tensorflow as tf
            found.append(tf)
        t = threading.Thread(target=f); t.start(); t.join()
        tf = found[0]
        """,
    "executor": """
        from concurrent.futures import ThreadPoolExecutor
        import importlib
        def f():
            return importlib.import_module("tensorflow")
        tf = ThreadPoolExecutor().submit(f).result()
        """,
    "mock": """
        from unittest import mock
        import tensorflow as tf
        with mock.patch("tensorflow.Graph", 5):
            assert tf.Graph == 5
        """,
    "hasattr": "import tensorflow as tf\nassert not hasattr(tf, 'nosuch') and getattr(tf, 'nosuch', 3) == 3",
    "except": """
        import tensorflow as tf
        try:
            from tensorflow.contrib.nosuch import thing
        except ImportError as e:
            assert "tensorflow.contrib.nosuch" in str(e)
        try:
            from tensorflow import nosuch
        except ImportError as e:
            assert "tensorflow" == e.name and "nosuch" in str(e)
        try:
            import tensorflow.train.nosuch
        except ModuleNotFoundError as e:
            assert e.name == "tensorflow.train.nosuch"
        try:
            tf.train.nosuch
        except AttributeError as e:
            assert "nosuch" in str(e)
        """,
    "internal": """
        import tensorflow as tf
        from tensorflow.python.framework import ops, dtypes
        import tensorflow.python.framework.ops as again
        import tensorflow.python.platform.gfile
        from tensorflow.python.ops import math_ops
        assert ops is again and ops.Graph is tf.Graph and dtypes.float32 is tf.float32
        assert tensorflow.python.platform.gfile.GFile is tf.gfile.GFile
        assert "add" in dir(math_ops) and not hasattr(math_ops, "nosuch")
        from tensorflow.python.client import device_lib
        assert device_lib.list_local_devices()[0].device_type == "CPU"
        from tensorflow.python.framework.dtypes import *
        assert float32 is tf.float32
        """,
    "versions": """
        import importlib.metadata, importlib.util, tensorflow as tf
        assert tf.__version__ == tf.VERSION == importlib.metadata.version("tensorflow") == "1.15.5"
        assert importlib.metadata.distribution("tensorflow").version == "1.15.5"
        assert importlib.util.find_spec("tensorflow") and importlib.util.find_spec("tensorflow.train.nosuch") is None
        """,
}


def test_every_way_of_importing(tmp_path):
    """One process for all: each way is a module of the program."""
    names = [f"way_{index}" for index in range(len(WAYS))]
    write(tmp_path, **dict(zip(names, WAYS.values(), strict=True)))
    write(
        tmp_path,
        script=f"""
            import importlib, traceback, onevar.v1, sys
            for name, way in zip({names!r}, {list(WAYS)!r}):
                try:
                    assert importlib.import_module(name).tf is onevar.v1, "not onevar.v1"
                except Exception as error:
                    print(way, repr(error))
                    traceback.print_exc()
            assert "tensorflow" not in sys.modules
            """,
    )
    done = onevar("script.py", cwd=tmp_path)
    assert (done.stdout, done.returncode) == ("", 0), done.stdout + done.stderr


def test_modules_of_the_programs_folders(tmp_path):
    write(
        tmp_path,
        app_in_script="""
            import os, sys
            sys.path.append(os.path.join(os.path.dirname(__file__), "lib"))
            import deep, pkg, pkg.sub.leaf, namespace.mod, importlib, pickle, onevar.v1
            for module in (deep, pkg, pkg.sub.leaf, namespace.mod, importlib.reload(deep)):
                assert module.tf is onevar.v1, module
            assert pickle.loads(pickle.dumps(deep.Thing())).__class__ is deep.Thing
            print("fine")
            """,
        app_in_lib_in_deep="import tensorflow as tf\nclass Thing: pass",
        app_in_pkg_INIT="from .sub import tf",
        app_in_pkg_in_sub_INIT="from .leaf import tf",
        app_in_pkg_in_sub_in_leaf="import tensorflow as tf",
        app_in_namespace_in_mod="import tensorflow as tf",
    )
    done = onevar("app/script.py", cwd=tmp_path)
    assert done.stdout == "fine\n", done.stderr


OUTSIDE = """
try:
    import tensorflow
    seen = tensorflow.__name__
except ModuleNotFoundError as error:
    seen = str(error)
import importlib, importlib.util
def again():
    try:
        return importlib.import_module("tensorflow").__name__
    except ModuleNotFoundError as error:
        return str(error)
here = importlib.util.find_spec("tensorflow") is not None
"""
ASK = "import outside, tensorflow\nprint(outside.seen, outside.again(), outside.here, tensorflow.__name__)"


@pytest.mark.parametrize("installed", [False, True])
def test_what_is_installed_sees_the_real_one(installed, tmp_path):
    """A folder called site-packages inside the program's, as of an environment, is not the program's."""
    write(tmp_path, script="import sys\nsys.path.insert(0, 'env/site-packages')\n" + ASK)
    write(tmp_path / "env" / "site-packages", outside=OUTSIDE, **({"tensorflow_INIT": ""} if installed else {}))
    done = onevar("script.py", cwd=tmp_path, program=WITH_TENSORFLOW if installed else ONEVAR)
    real = "tensorflow tensorflow True" if installed else " ".join(["No module named 'tensorflow'"] * 2) + " False"
    assert done.stdout == f"{real} onevar.v1\n", done.stderr


def test_packages_from_elsewhere(tmp_path):
    write(tmp_path / "app", script=ASK, dotted="import big.own, big.other; print(big.own.seen, big.other.seen)")
    write(tmp_path / "lib", outside=OUTSIDE, big_INIT="", big_in_own=OUTSIDE, big_in_other=OUTSIDE)
    path = {"PYTHONPATH": str(tmp_path / "lib")}
    done = onevar("--also", "outside", "app/script.py", cwd=tmp_path, env=path)
    assert done.stdout == "onevar.v1 onevar.v1 True onevar.v1\n", done.stderr
    done = onevar("--also", "big.own", "app/dotted.py", cwd=tmp_path, env=path)
    assert done.stdout == "onevar.v1 No module named 'tensorflow'\n", done.stderr


def test_an_outsider_that_needs_it_is_named(tmp_path):
    write(tmp_path / "app", script="import big.own")
    write(tmp_path / "lib", big_INIT="", big_in_own="import tensorflow")
    done = onevar("app/script.py", cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "lib")})
    assert done.returncode == 1
    assert "onevar run: big.own imports TensorFlow, and is not one of the program's own modules" in done.stderr
    assert "onevar run --also big" in done.stderr


def test_a_module_from_another_folder_that_gets_the_real_one_is_mentioned_once(tmp_path):
    write(tmp_path / "app", script="import loose, loose_too, library")
    write(tmp_path / "src", loose="import tensorflow, tensorflow", loose_too="", tensorflow_INIT="")
    write(tmp_path / "site-packages", library="import tensorflow")
    path = {"PYTHONPATH": f"{tmp_path / 'src'}:{tmp_path / 'site-packages'}"}
    done = onevar("app/script.py", cwd=tmp_path, env=path, program=WITH_TENSORFLOW)
    assert done.stderr.count("onevar run: ") == 1 and "onevar run --also loose ..." in done.stderr


def test_a_missing_symbol_is_explained_at_the_end(tmp_path):
    write(
        tmp_path,
        script="import helper\nhelper.run()",
        helper="import tensorflow as tf\n\n\ndef run():\n    return tf.logging.warnin('x')\n",
        importing="from tensorflow.contrib.layers import no_such_layer",
    )
    done = onevar("script.py", cwd=tmp_path)
    trace, _, words = done.stderr.partition("\nonevar run: ")
    assert done.returncode == 1 and words.startswith("tf.logging.warnin is not supported.")
    assert f"at       {tmp_path / 'helper.py'}:5" in words and "tf.logging.warning" in words and "what now" in words
    assert [line for line in trace.splitlines() if "File" in line] == [
        f'  File "{tmp_path / name}", line {line}, in {where}'
        for name, line, where in (("script.py", 2, "<module>"), ("helper.py", 5, "run"))
    ]
    done = onevar("importing.py", cwd=tmp_path)
    assert done.returncode == 1
    assert "onevar run: tf.contrib.layers.no_such_layer is not supported." in done.stderr
    assert f"at       {tmp_path / 'importing.py'}:1" in done.stderr


def test_errors_of_the_programs_own_are_not_explained(tmp_path):
    write(tmp_path, script="import math\nmath.nosuch")
    assert "onevar" not in onevar("script.py", cwd=tmp_path).stderr


# -- in this process ---------------------------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Imports of modules in a folder are redirected during the test."""
    monkeypatch.syspath_prepend(tmp_path)
    with redirect.redirected(Program(str(tmp_path))):
        yield tmp_path


def test_in_process(own):
    write(own, own_module_of_this_test="import tensorflow as tf")
    assert importlib.import_module("own_module_of_this_test").tf is v1
    with pytest.raises(RuntimeError, match="redirected already"):
        redirect.install(Program("."))


def test_uninstall_takes_everything_back():
    def current():
        return (
            __import__,
            importlib.import_module,
            importlib.util.find_spec,
            importlib.metadata.version,
            importlib.metadata.distribution,
        )

    before = current()
    with redirect.redirected(Program(".")):
        assert all(now is not old for now, old in zip(current(), before, strict=True))
    assert current() == before


def test_tests_own_imports_are_not_redirected(own):
    assert redirect._path("tensorflow") == "" and redirect._path("tensorflow.x") == "x"
    assert redirect._path("tensorflow_hub") is None and redirect._path("tensorflowx") is None
    assert importlib.util.find_spec("json") is not None
    assert "tensorflow" not in vars(sys.modules[__name__])


def test_whose_file_it_is(tmp_path):
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    program = Program(str(tmp_path), ("far", "big.own"))
    for file, answer in {
        tmp_path / "a.py": True,
        tmp_path / "b" / "c.py": True,
        tmp_path / "venv" / "lib" / "d.py": False,
        tmp_path / "site-packages" / "d.py": False,
        tmp_path.parent / "e.py": False,
        importlib.__file__: None,
        virtual.__file__: None,
        v1.__file__: False,
        pytest.__file__: False,
    }.items():
        assert program.owns({"__name__": "x", "__file__": str(file)}) is answer, file
    for name, answer in {"far": True, "far.x": True, "farther": None, "big": None, "big.own.x": True}.items():
        assert program.owns({"__name__": name}) is answer, name
    assert program.owns({"__name__": "x", "__file__": "<string>"}) is None


def test_a_program_can_be_handed_to_another_process(tmp_path):
    program = Program(str(tmp_path), ("far",))
    kind, arguments = program.__reduce__()
    assert vars(kind(*arguments))["root"] == program.root and children._Install(program).__reduce__()[1] == (program,)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("reduce_sum", "reduce_sum"),
        ("compat.v1.train.Saver", "train.Saver"),
        ("python.ops.math_ops.reduce_sum", "reduce_sum"),
        ("python.ops.control_flow_ops.while_loop", "while_loop"),
        ("python.framework.ops.IndexedSlices", "IndexedSlices"),
        ("python.ops.rnn_cell.BasicLSTMCell", "nn.rnn_cell.BasicLSTMCell"),
        ("python.ops.rnn_cell_impl.LSTMStateTuple", "nn.rnn_cell.LSTMStateTuple"),
        ("python.layers.core.Dense", "layers.Dense"),
        ("python.training.adam.AdamOptimizer", "train.AdamOptimizer"),
        ("python.pywrap_tensorflow.NewCheckpointReader", "train.NewCheckpointReader"),
        ("python.platform.flags.DEFINE_string", "app.flags.DEFINE_string"),
        ("python.keras.layers.Dense", "keras.layers.Dense"),
        ("python.util.nest.map_structure", "nest.map_structure"),
        ("core.framework.graph_pb2.GraphDef", "GraphDef"),
        ("core.framework.summary_pb2.Summary", "Summary"),
        ("core.protobuf.config_pb2.ConfigProto", "ConfigProto"),
        ("contrib.rnn.BasicLSTMCell", "nn.rnn_cell.BasicLSTMCell"),
        ("contrib.rnn.python.ops.core_rnn_cell.BasicRNNCell", "nn.rnn_cell.BasicRNNCell"),
        ("contrib.layers.python.layers.layers.fully_connected", "contrib.layers.fully_connected"),
        ("contrib.slim.fully_connected", "contrib.layers.fully_connected"),
        ("contrib.learn.python.learn.datasets.mnist.DataSet", "contrib.learn.datasets.mnist.DataSet"),
        ("contrib.layers.xavier_initializer", "contrib.layers.xavier_initializer"),
        ("python.ops.rnn.rnn_cell_impl.LSTMStateTuple", "nn.rnn_cell.LSTMStateTuple"),
        ("python.ops.rnn.math_ops.reduce_sum", "reduce_sum"),
        ("python.training.adam.ops.GraphKeys", "GraphKeys"),
        ("contrib.slim.initializers.xavier_initializer", "contrib.layers.xavier_initializer"),
        ("contrib.slim.regularizers.l2_regularizer", "contrib.layers.l2_regularizer"),
        ("python.data.ops.dataset_ops.nest.flatten", "python.data.util.nest.flatten"),
    ],
)
def test_public_names(path, name):
    assert name in paths.public_names(path)


def test_public_names_of_what_nobody_published():
    assert paths.public_names("python.ops.math_ops.nosuch") == ("python.ops.math_ops.nosuch",)
    assert paths.is_module("python.ops") and paths.is_module("contrib.layers.python.layers.utils")
    assert not paths.is_module("python.nosuch") and not paths.is_module("python.ops.rnn.nosuch")
    assert v1.contrib.slim.initializers.xavier_initializer is v1.contrib.layers.xavier_initializer
    assert virtual.lookup("python.ops.rnn.rnn_cell_impl") is virtual.module("python.ops.rnn_cell_impl")
    assert "train.Saver" in paths.published()
