"""Graphs as TensorFlow's messages: written, read back, and read by TensorFlow itself."""

import subprocess
import sys
from pathlib import Path

import graph_programs
import numpy as np
import pytest

import onevar.v1 as tf
from onevar.errors import FrameworkMissing

pytest.importorskip("tensorboard")
from google.protobuf import text_format

CONST = """
node { name: '%s' op: 'Const' attr { key: 'dtype' value { type: DT_%s } }
       attr { key: 'value' value { tensor { dtype: DT_%s tensor_shape {} %s_val: 3 } } } }
"""
A, F = CONST % ("A", "INT32", "INT32", "int"), CONST % ("A", "FLOAT", "FLOAT", "float")


def neg(*inputs, extra="", dtype="INT32"):
    given = " ".join(f"input: '{name}'" for name in inputs)
    return f"node {{ name: 'B' op: 'Neg' {given} {extra} attr {{ key: 'T' value {{ type: DT_{dtype} }} }} }}"


def message(text, producer=24):
    found = text_format.Parse(text, tf.GraphDef())
    found.versions.producer = producer
    return found


def imported(text, **options):
    return tf.import_graph_def(message(text), **options)


@pytest.fixture(autouse=True)
def fresh_graph(monkeypatch):
    monkeypatch.setenv("ONEVAR_BACKEND", "numpy")
    with tf.Graph().as_default() as graph:
        yield graph


# -- what TensorFlow says of messages that are wrong --------------------------------------------------


@pytest.mark.parametrize(
    ("text", "options", "kind", "words"),
    [
        (neg("A:0"), {}, ValueError, "Node 'B': Unknown input node 'A:0'"),
        (A + neg("A:B"), {}, ValueError, "Node 'B': Unknown input node 'A:B'"),
        (A + neg("A", "^C"), {}, ValueError, r"Node 'B': Unknown input node '\^C'"),
        (A + neg("A:1"), {}, ValueError, "Node 'B': Connecting to invalid output 1 of source node A which has 1 outp"),
        (A + neg("A", "A"), {}, ValueError, "NodeDef expected inputs 'int32' do not match 2 inputs specified"),
        (F + neg("A"), {}, ValueError, "Input 0 of node import/B was passed float from import/A:0 incompatible with"),
        (A + A, {}, ValueError, "Node 'A' is not unique"),
        (A, {"return_elements": ["B"]}, ValueError, "Requested return node 'B' not found in graph def"),
        (A, {"return_elements": ["A:1"]}, ValueError, r"Invalid return output 1 of node 'A', which has 1 output\(s\)"),
        (A, {"return_elements": ["B:0"]}, ValueError, "Requested return tensor 'B:0' not found in graph def"),
        (A, {"return_elements": ["A:B:0"]}, ValueError, "Cannot convert 'A:B:0' to a tensor name."),
        (A, {"return_elements": [7]}, TypeError, "Argument `return_elements` must be a list of strings."),
        (A, {"input_map": {"B:0": 1}}, ValueError, r"Attempted to map inputs that were not found in graph_def: \[B:0"),
        (A, {"input_map": {"A:2": 1}}, ValueError, r"Attempted to map inputs that were not found in graph_def: \[A:2"),
        (A + neg("A"), {"input_map": {"A": 1.0}}, ValueError, "was passed float from .* incompatible with"),
        (A, {"input_map": [1]}, TypeError, "Argument `input_map` must be a dictionary."),
        ("node { name: 'A' op: 'Nonesuch' }", {}, tf.errors.NotFoundError, "Op type not registered 'Nonesuch'"),
        ("node { name: 'A' op: 'Placeholder' }", {}, ValueError, "NodeDef missing attr 'dtype' from Op<name=Placehold"),
        (A + neg("A", dtype="STRING"), {}, ValueError, "Value for attr 'T' of string is not in the list of"),
        (A + neg("A", extra="attr { key: '_class' value { list { s: 'loc:@C' } } }"), {}, ValueError,
         "Node 'B' expects to be colocated with unknown node 'C'"),
        (A.replace("'A'", "'_A'"), {}, ValueError, "Node '_A': Node name contains invalid characters"),
        (neg("C") + neg("B").replace("name: 'B'", "name: 'C'"), {}, ValueError, "cycle"),
    ],
)  # fmt: skip
def test_refusals(text, options, kind, words):
    with pytest.raises(kind, match=words):
        imported(text, **options)


def test_versions_and_kinds(fresh_graph):
    with pytest.raises(TypeError, match="Argument `graph_def` must be a GraphDef proto."):
        tf.import_graph_def("hello")
    with pytest.raises(ValueError, match="GraphDef producer version -1 below min producer 0"):
        tf.import_graph_def(message(A, -1))
    assert fresh_graph.graph_def_versions.producer == 134
    imported(A)
    assert fresh_graph.graph_def_versions.producer == 24


# -- names, devices, control inputs: as recorded from TensorFlow 2.21 ---------------------------------


def test_names(fresh_graph):
    found = [imported(A, name=n, return_elements=["A"])[0].name for n in (None, None, "x", "x", "x/", "", "")]
    assert found == ["import/A", "import_1/A", "x/A", "x_1/A", "x/A_1", "A", "A_1"]
    assert tf.constant(1, name="A").op.name == "A_2"
    with tf.name_scope("s"):
        assert [imported(A, name=n, return_elements=["A"])[0].name for n in ("x", "")] == ["s/x/A", "A_3"]


def test_devices_controls_and_colocation(fresh_graph):
    at = neg("A", extra="device: '/job:w' attr { key: '_class' value { list { s: 'loc:@A' } } }")
    first = tf.constant(1, name="c").op
    with tf.device("/gpu:1"), tf.control_dependencies([first]):
        a, b = imported(A + at, return_elements=["A", "B"])
    assert [a.device, b.device] == ["/device:GPU:1", "/job:w/device:GPU:1"]
    assert a.control_inputs == [first]
    assert b.get_attr("_class") == b.colocation_groups() == [b"loc:@import/A"]


def test_input_map(fresh_graph):
    c = tf.constant(7)
    a, b, out = imported(A + neg("A", "^A"), input_map={b"A:0": c}, return_elements=["A", "B", "A:0"])
    assert b.inputs[0] is out is c
    assert b.control_inputs == [a] and a.name == "import/A"
    assert imported(A, input_map={"A:0": c}) is None


# -- tensors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        np.float32(3), np.arange(6.0).reshape(2, 3), np.array([1, -2], np.int8), np.array([True, False]),
        np.array([1 + 2j]), np.array([2**40]), np.array([b"a\0", b""], object), np.zeros((0, 3), np.float16),
        np.array([1.5, 2.5], np.float16), np.array(7, np.uint64),
    ],
    ids=str,
)  # fmt: skip
def test_arrays_there_and_back(value):
    found = tf.make_ndarray(tf.make_tensor_proto(value))
    np.testing.assert_array_equal(found, value)
    assert found.dtype == value.dtype


def test_tensor_messages():
    assert tf.make_tensor_proto([1.0, 2.0]).tensor_content == np.array([1, 2], np.float32).tobytes()
    assert list(tf.make_tensor_proto("x", shape=[2]).string_val) == [b"x"]
    assert tf.make_ndarray(tf.make_tensor_proto(3.0, shape=[2, 2])).tolist() == [[3, 3], [3, 3]]
    assert tf.make_tensor_proto(2**40).dtype == 9
    for call, kind, words in (
        (lambda: tf.make_tensor_proto(None), ValueError, "None values not supported"),
        (lambda: tf.make_tensor_proto([1, 2, 3], shape=[2]), ValueError, "Too many elements provided"),
        (lambda: tf.make_tensor_proto([1, 2], shape=[1, 2], verify_shape=True), TypeError, "Expected Tensor's shape"),
        (lambda: tf.make_tensor_proto([1.5], dtype=tf.int32), TypeError, "int32"),
    ):
        with pytest.raises(kind, match=words):
            call()


# -- a whole program ----------------------------------------------------------------------------------


def test_there_and_back_with_training(tmp_path, monkeypatch):
    """A checkpoint and its .meta file are all that a fresh process needs to train on."""
    pytest.importorskip("torch")
    monkeypatch.setenv("ONEVAR_BACKEND", "torch")
    feeds = {"x:0": graph_programs.X}
    fetches, train = graph_programs.build(tf)
    names = [t.name for t in fetches]
    saver = tf.train.Saver()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(train, feeds)
        prefix = saver.save(session, str(tmp_path / "m"), global_step=1)
        session.run(train, feeds)
        expected = session.run(names, feeds)
    for _ in range(2):  # what was imported is exported again
        with tf.Graph().as_default() as graph, tf.Session() as session:
            saver = tf.train.import_meta_graph(f"{prefix}.meta")
            saver.restore(session, prefix)
            prefix = saver.save(session, str(tmp_path / "again"))
            assert tf.get_collection("outputs") == [graph.get_tensor_by_name("loss:0")]
            assert [v.name for v in tf.trainable_variables()] == ["w:0", "v:0"]
            session.run("train", feeds)
            for found, value in zip(session.run(names, feeds), expected, strict=True):
                np.testing.assert_allclose(found, value, rtol=1e-5)
            assert session.run("global_step:0") == 2


READER = """
import sys, numpy, tensorflow
tf = tensorflow.compat.v1
tf.disable_v2_behavior()
sys.path.insert(0, {here!r})
import graph_programs
saver = tf.train.import_meta_graph({prefix!r} + ".meta")
with tf.Session() as session:
    saver.restore(session, {prefix!r})
    names = {names!r}
    feeds = {{"x:0": graph_programs.X}}
    numpy.savez({out!r}, *session.run(names, feeds))
    try:
        session.run("train", feeds)
    except tf.errors.OpError as error:
        assert "call_tf_gradients_again_in_TensorFlow" in str(error)
    else:
        raise AssertionError("TensorFlow ran a gradient of onevar's")
model = {model!r}
with tf.Session(graph=tf.Graph()) as session:
    meta = tf.saved_model.load(session, ["serve"], model)
    given = meta.signature_def["serving_default"]
    numpy.save({out!r} + ".npy", session.run(given.outputs["y"].name, {{given.inputs["x"].name: graph_programs.X}}))
"""


def test_tensorflow_reads_what_is_written(tmp_path):
    """Real TensorFlow computes the forward graph, and says what to do about gradients made here."""
    pytest.importorskip("tensorflow")
    feeds = {"x:0": graph_programs.X}
    fetches, _ = graph_programs.build(tf)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        prefix = tf.train.Saver().save(session, str(tmp_path / "m"))
        expected = session.run(fetches, feeds)
        graph = tf.get_default_graph()
        inputs = {"x": graph.get_tensor_by_name("x:0")}
        tf.saved_model.simple_save(session, str(tmp_path / "model"), inputs, {"y": fetches[2]})
    out = str(tmp_path / "out.npz")
    script = READER.format(
        here=str(Path(__file__).parent), prefix=prefix, names=[t.name for t in fetches], out=out,
        model=str(tmp_path / "model"),
    )  # fmt: skip
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(out) as found:
        for name, value in zip(found.files, expected, strict=True):
            np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.load(out + ".npy"), expected[2], rtol=1e-5, atol=1e-6)


# -- meta graphs, frozen graphs, SavedModels ------------------------------------------------------------


def test_import_scopes_and_missing_files(tmp_path):
    v = tf.Variable([1.0, 2.0], name="v")
    saver = tf.train.Saver()
    with tf.Session() as session:
        session.run(v.initializer)
        prefix = saver.save(session, str(tmp_path / "m"))
    with tf.Graph().as_default(), tf.Session() as session:
        for scope in ("a", "a"):
            saver = tf.train.import_meta_graph(f"{prefix}.meta", import_scope=scope)
            saver.restore(session, prefix)
        assert [x.name for x in tf.global_variables()] == ["a/v:0", "a_1/v:0"]
        assert session.run(["a/v:0", "a_1/v:0"])[1].tolist() == [1, 2]
    with pytest.raises(OSError, match="File does not exist. Received: nonesuch.meta."):
        tf.train.import_meta_graph("nonesuch.meta")
    (tmp_path / "bad.meta").write_text("hello")
    with pytest.raises(OSError, match="Cannot parse file"):
        tf.train.import_meta_graph(str(tmp_path / "bad.meta"))


def test_frozen_and_cut(tmp_path):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    table = tf.get_variable("table", [5, 3], use_resource=True, initializer=tf.ones_initializer())
    w = tf.get_variable("w", [3, 2], initializer=tf.ones_initializer())
    y = tf.identity(tf.matmul(x + tf.nn.embedding_lookup(table, [1]), w), name="y")
    graph_def = tf.get_default_graph().as_graph_def()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        expected = session.run(y, {x: graph_programs.X})
        frozen = tf.graph_util.convert_variables_to_constants(session, graph_def, ["y"])
        kept = tf.graph_util.convert_variables_to_constants(session, graph_def, ["y"], variable_names_blacklist=["w"])
    assert not {"VarHandleOp", "VariableV2", "ReadVariableOp", "ResourceGather"} & {node.op for node in frozen.node}
    assert [node.op for node in kept.node if node.name == "w"] == ["VariableV2"]
    smaller = tf.graph_util.remove_training_nodes(frozen, protected_nodes=["y"])
    assert len(smaller.node) < len(frozen.node)
    for found in (frozen, smaller):
        with tf.Graph().as_default(), tf.Session() as session:
            (out,) = tf.import_graph_def(found, return_elements=["y:0"], name="")
            np.testing.assert_array_equal(session.run(out, {"x:0": graph_programs.X}), expected)
    assert [node.name for node in tf.graph_util.extract_sub_graph(graph_def, ["x"]).node] == ["x"]
    with pytest.raises(AssertionError, match="nothing is not in graph"):
        tf.graph_util.extract_sub_graph(graph_def, ["nothing"])
    with pytest.raises(TypeError, match="`dest_nodes` must be a list"):
        tf.graph_util.extract_sub_graph(graph_def, "x")


def test_saved_model_with_assets_and_an_init_op(tmp_path):
    (tmp_path / "vocabulary.txt").write_text("a b")
    folder = str(tmp_path / "model")
    v = tf.Variable(3.0, name="v")
    local = tf.Variable(5.0, name="local", collections=["local_variables"])
    path = tf.constant(str(tmp_path / "vocabulary.txt"), name="path")
    read = tf.identity(path, name="read")
    signature = tf.saved_model.predict_signature_def({"x": v.value()}, {"y": read})
    builder = tf.saved_model.Builder(folder)
    with tf.Session() as session:
        session.run(v.initializer)
        with pytest.raises(AssertionError, match="has not been saved yet"):
            builder.add_meta_graph(["x"])
        builder.add_meta_graph_and_variables(
            session, ["serve", "test"], {"serving_default": signature}, [path], main_op=local.initializer
        )
        with pytest.raises(AssertionError, match="has already been saved"):
            builder.add_meta_graph_and_variables(session, ["x"])
    assert builder.save().endswith(b"saved_model.pb")
    assert tf.saved_model.contains_saved_model(folder)
    with tf.Session(graph=tf.Graph()) as session:
        meta = tf.saved_model.load(session, ["test", "serve"], folder)
        assert session.run(["v:0", "local:0"]) == [3, 5]
        assert tf.saved_model.is_valid_signature(meta.signature_def["serving_default"])
        assert tf.saved_model.get_tensor_from_tensor_info(meta.signature_def["serving_default"].outputs["y"]).name == (
            "read:0"
        )
        with pytest.raises(RuntimeError, match="could not be found in SavedModel, with available tags"):
            tf.saved_model.load(session, ["serve"], folder)
    assert (tmp_path / "model" / "assets" / "vocabulary.txt").read_text() == "a b"
    with pytest.raises(AssertionError, match="already exists, and isn't empty"):
        tf.saved_model.Builder(folder)
    with pytest.raises(OSError, match="SavedModel file does not exist at"):
        tf.saved_model.load(None, ["serve"], str(tmp_path / "nothing"))


def test_without_tensorboard(monkeypatch, tmp_path):
    """Checkpoints are written all the same; messages say what to install."""
    from onevar.core import graph_def

    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.graph_pb2", None)
    graph_def.protos.cache_clear()
    try:
        v = tf.Variable(1.0, name="v")
        with pytest.raises(FrameworkMissing, match=r'pip install "onevar\[migrate\]"'):
            tf.get_default_graph().as_graph_def()
        with tf.Session() as session:
            session.run(v.initializer)
            prefix = tf.train.Saver().save(session, str(tmp_path / "m"))
        assert not Path(f"{prefix}.meta").exists() and Path(f"{prefix}.index").exists()
    finally:
        graph_def.protos.cache_clear()
