"""What names mean for nodes of libcst; the driver of rules; new imports."""

from pathlib import Path

import pytest

pytest.importorskip("libcst")

import libcst as cst

from onevar.migrate import bindings
from onevar.migrate.rewrite import binding, documents, edits, expressions, pipeline
from onevar.migrate.rewrite.context import BaseContext, BoundCall, Options, Refusal
from onevar.migrate.rewrite.documents import parse
from onevar.migrate.rewrite.imports import ModuleImports
from onevar.migrate.sources import Source


def named(text, **given):
    source = Source(Path("main.py"), "main")
    parse(source, text)
    assert source.tree is not None, source.problem
    scopes = {name: bindings.Scope(scope) for name, scope in given.items()}
    return pipeline.named(pipeline.Text(source, text), {**scopes, "main": bindings.at_top(source, scopes)})


def symbols(text, **given):
    return [use.path for use in named(text, **given).uses if not use.is_import]


IMPORTS = {
    "import tensorflow as tf": "tf.nn.relu",
    "import tensorflow": "tensorflow.nn.relu",
    "import tensorflow.compat.v1 as tf": "tf.nn.relu",
    "import tensorflow.compat.v1": "tensorflow.compat.v1.nn.relu",
    "from tensorflow import nn as n": "n.relu",
    "from tensorflow.nn import relu": "relu",
    "from tensorflow.python.ops import nn_ops": "nn_ops.relu",
    "from tensorflow.compat import v1 as t": "t.nn.relu",
    "from tensorflow import compat": "compat.v1.nn.relu",
    "import onevar.v1 as tf": "tf.nn.relu",
    "from onevar import v1": "v1.nn.relu",
    "import onevar.v1": "onevar.v1.nn.relu",
    "import tensorflow as tf\nn = tf.nn": "n.relu",
    "import tensorflow as tf\na = tf\nb = a.nn": "b.relu",
    "from other import tf as t": "t.nn.relu",
    "import other": "other.tf.nn.relu",
    "from other import *": "tf.nn.relu",
    "import importlib\ntf = importlib.import_module('tensorflow')": "tf.nn.relu",
    "try:\n    import tensorflow.compat.v1 as tf\nexcept ImportError:\n    import tensorflow as tf": "tf.nn.relu",
    "try:\n    import tensorflow as tf\nexcept ImportError:\n    tf = None": "tf.nn.relu",
}


@pytest.mark.parametrize("line", IMPORTS)
def test_every_form_of_import(line):
    names = named(f"{line}\nfound = {IMPORTS[line]}\n", other={"tf": ""})
    value = names.module.body[-1].body[0].value
    assert names.name_of(value) == "nn.relu"


@pytest.mark.parametrize(
    "text",
    [
        "def f(tf): return tf.nn.relu",
        "f = lambda tf: tf.nn.relu",
        "def f():\n    tf = object()\n    return tf.nn.relu",
        "def f():\n    for tf in x: tf.nn.relu",
        "def f():\n    with x as tf: tf.nn.relu",
        "def f():\n    try: y\n    except E as tf: tf.nn.relu",
        "def f():\n    import numpy as tf\n    return tf.nn.relu",
        "[tf.nn.relu for tf in x]",
        "(tf, q), *_ = x\ndef f():\n    [tf, nn] = y",
        "{tf.nn: 1 for q, (tf, *r) in x}",
        "class A:\n    tf = 1\n    x = tf.nn.relu",
        "def f():\n    match x:\n        case [tf, *_]: tf.nn.relu",
        "x.tf.nn.relu",
        "f(tf=1)",
    ],
)
def test_what_only_looks_like_tensorflow(text):
    assert symbols(f"import tensorflow as tf\n{text}\n") == []


@pytest.mark.parametrize(
    "text",
    [
        "class A:\n    tf = 1\n    def f(self): return tf.nn.relu",
        "class A:\n    tf = 1\n    x = [tf.nn.relu for _ in y]",
        "def f(x=tf.nn.relu, tf=None): pass",
        "@g(tf.nn.relu)\ndef f(tf): pass",
        "[x for tf in tf.nn.relu]",
        "def f():\n    def g():\n        return tf.nn.relu",
        "f'{tf.nn.relu!r:>{2}}'",
        "def f(x: tf.nn.relu): pass",
        "f(tf, tf.compat.v1, tf.compat.v1.nn.relu)",
        "(lambda: (yield tf.nn.relu))",
        "def f():\n    global tf\n    tf.nn.relu",
    ],
)
def test_what_is_tensorflow(text):
    assert symbols(f"import tensorflow as tf\n{text}\n") == ["nn.relu"]


def test_getattr_is_a_mention_of_both():
    assert symbols("import tensorflow as tf\ngetattr(tf.nn, 'relu')\n") == ["nn", "nn.relu"]


def test_a_name_of_two_meanings_is_counted_and_left():
    names = named("import tensorflow as tf\nlayers = tf.layers\nlayers = layers or []\nlayers.dense(1)\n")
    (use,) = (one for one in names.uses if one.path == "layers.dense")
    assert use.unsure and names.name_of(use.node) is None


def test_arguments_are_bound_by_tensorflows_signature():
    call = binding.bind("layers.dense", cst.parse_expression("f(x, 3, name='a')"))
    assert isinstance(call, BoundCall) and list(call.arguments) == ["inputs", "units", "name"]
    for text in ("f(x, 3, inputs=y)", "f(x, 3, no_such=1)", f"f({'x, ' * 40})"):
        assert isinstance(binding.bind("layers.dense", cst.parse_expression(text)), Refusal)
    assert binding.bind("layers.dense", cst.parse_expression("f(*x)")).star


def converted(text):
    names = named(f"import tensorflow as tf\n{text}\n")
    context = BaseContext(names, ModuleImports(names), eager=True)
    code = expressions.convert_statement(names.module, context).code
    marks = {names.use_of(node).path: mark for node, mark in context.ledger.marks.items() if names.use_of(node)}
    return code.split("\n", 1)[1].rstrip(), marks


def test_parentheses_are_put_where_they_are_needed():
    assert converted("y = -tf.floordiv(a, b) ** 2")[0] == "y = -ops.floor_divide(a, b) ** 2"
    code, _ = converted("y = 2 * (tf.add(a, tf.exp(b))) ** 2")
    assert eval(code[4:], {"a": 1.0, "b": 0.0, "ops": _Ops}) == 8.0
    code, _ = converted("y = 2 * tf.math.squared_difference(a, b) ** 2")
    assert eval(code[4:], {"a": 3.0, "b": 1.0, "ops": _Ops}) == 32.0


class _Ops:
    add = staticmethod(lambda a, b: a + b)
    exp = staticmethod(lambda a: 2.718281828459045**a)
    square = staticmethod(lambda a: a * a)
    subtract = staticmethod(lambda a, b: a - b)


def test_a_name_is_known_by_all_its_spellings():
    assert {converted(f"y = tf.{name}(a, b)")[0] for name in ("add", "math.add", "compat.v1.add")} == {
        "y = ops.add(a, b)"
    }


def test_what_a_call_that_stays_is_given_stays_with_it():
    text = "w = tf.no_such(tf.add(w, 1), [tf.float32], f=tf.nn.relu, i=tf.zeros_initializer(tf.int32))"
    code, marks = converted(text)
    assert code == text.replace("tf.add", "ops.add")
    assert {marks[name].status for name in ("float32", "nn.relu", "zeros_initializer", "int32", "no_such")} == {"left"}


def test_new_imports_get_names_that_are_free():
    imports = ModuleImports(named("import keras\nfrom x import ops\nnp = 1\nf(os=2).shutil\n"))
    assert imports.require("import keras") == "keras" and imports.require("from keras import ops") == "keras_ops"
    assert imports.require("from keras import ops") == "keras_ops"
    assert imports.require("import numpy as np") == "numpy" and imports.require("import os") == "os"
    assert imports.require("import shutil") == "shutil" and imports.fresh("ops") == "ops_2"
    assert imports.lines({"keras_ops", "os"}) == ["import os", "from keras import ops as keras_ops"]
    other = ModuleImports(named("from tensorflow import keras\n"))
    assert other.require("import keras") == "keras3" and other.lines({"keras3"}) == ["import keras as keras3"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("x = 1\nprint(x)", ""),
        ("print(y)", "y would not be defined"),
        ("def f():\n    return y", "y would not be defined"),
        ("def f():\n    global y\n    y = 1\nprint(y)", ""),
        ("x = (", "it would not compile"),
        ("from a import *\nprint(y)", ""),
        ("class A:\n    y = 1\n    z = y", ""),
        ("print([y for y in x], __file__)", ""),
    ],
)
def test_a_rewritten_program_is_checked(text, wrong):
    assert edits.problem(text, "print(x)").startswith(wrong) and bool(edits.problem(text, "print(x)")) == bool(wrong)


def test_new_imports_stand_where_tensorflows_stands():
    text = '"""Doc."""\nfrom __future__ import division\nimport os\nos.sep = ""\n# heading\nimport onevar.v1\n'
    changed = edits.with_imports(cst.parse_module(text), ["import keras"]).code
    assert changed == text.replace("import onevar", "import keras\nimport onevar")
    text = '"""Doc."""\nfrom __future__ import division\n\nimport os\n\ndef f():\n    import tensorflow\n'
    changed = edits.with_imports(cst.parse_module(text), ["import keras"]).code
    assert changed == text.replace("import os\n", "import keras\nimport os\n")
    text = "try:\n    import tensorflow.compat.v1 as tf\nexcept ImportError:\n    import tensorflow as tf\n"
    assert (
        edits.with_imports(cst.parse_module("x = 1\n" + text), ["import keras"]).code == "x = 1\nimport keras\n" + text
    )


def test_a_module_of_flags_becomes_its_import():
    rest = "def main(_):\n    print(flags.FLAGS.a)\n\nif __name__ == '__main__':\n    {}.run(main)\n"
    flags = "flags.DEFINE_integer('a', 1, 'how many')\n\n"
    text = f"import tensorflow as tf\n\n# flags\nflags = tf.app.flags\n{flags}{rest.format('tf.app')}"
    source = Source(Path("main.py"), "main")
    parse(source, text)
    document = documents.Script(Path("main.py"), text.encode(), source, text)
    found = pipeline.rewrite(pipeline.File(document, "main.py", {"main": bindings.at_top(source, {})}), Options())
    new = "from absl import app\nfrom absl import flags\n\n# flags\n"
    assert found.after.decode() == new + flags + rest.format("app")
    assert {one.status for one in found.findings} == {"rewritten"}
