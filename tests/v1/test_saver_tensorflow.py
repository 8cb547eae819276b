"""`tf.train.Saver` beside the TensorFlow that is installed: the same graphs, and checkpoints in both directions."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import saver_programs as programs
from saver_interchange import CASES

pytest.importorskip("tensorflow")


@pytest.mark.parametrize("name", programs.GRAPHS)
def test_operations_are_tensorflows(both, name):
    found = []
    for tf in (both.ours, both.theirs):
        with tf.Graph().as_default() as graph:
            programs.GRAPHS[name](tf)
        found.append([described(op) for op in graph.get_operations() if "/Initializer/" not in op.name])
    assert found[0] == found[1]


def described(op):
    return op.type, op.name, [t.name for t in op.inputs], sorted(c.name for c in op.control_inputs), op.device


def test_saver_defs_are_tensorflows(both):
    found = []
    for tf in (both.ours, both.theirs):
        with tf.Graph().as_default():
            tf.get_variable("a", [2])
            found.append(tf.train.Saver(sharded=True, max_to_keep=3, keep_checkpoint_every_n_hours=0.1).saver_def)
    assert str(found[0]) == str(found[1])
    assert found[0].SerializeToString() == found[1].SerializeToString()
    assert type(found[0]).FromString(found[1].SerializeToString()) == found[0]
    assert type(found[1]).FromString(found[0].SerializeToString()) == found[1]


def save(tf, contents, path, resource, sharded):
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
        saver = tf.train.Saver(programs.declare(tf, contents, resource), sharded=sharded)
        session.run(tf.global_variables_initializer())
        saver.save(session, str(path))


def restore(tf, contents, path, resource):
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
        variables = programs.declare(tf, contents, resource, zero=True)
        tf.train.Saver(variables).restore(session, str(path))
        return session.run(variables)


@pytest.mark.parametrize("backend", ["numpy", "torch", "jax", "tensorflow"])
def test_both_directions(both, tmp_path, backend):
    pytest.importorskip(backend)
    contents = programs.values()
    for case, (resource, sharded) in CASES.items():
        save(both.theirs, contents, tmp_path / f"theirs-{case}", resource, sharded)
    script = Path(__file__).with_name("saver_interchange.py")
    subprocess.run([sys.executable, str(script), backend, str(tmp_path)], check=True)
    for case, (resource, _) in CASES.items():
        found = restore(both.theirs, contents, tmp_path / f"ours-{case}", not resource)
        mine = pickle.loads((tmp_path / f"theirs-{case}.pickle").read_bytes())
        for name, value in contents.items():
            programs.equal(found[name], value)
            programs.equal(mine[name], value)
    assert not [entry for entry in tmp_path.iterdir() if "temp" in entry.name]


@pytest.mark.parametrize("resource", [False, True], ids=["reference", "resource"])
@pytest.mark.parametrize("into", [1, 2, 3])
@pytest.mark.parametrize("parts", [1, 2, 4])
def test_partitioned(both, tmp_path, parts, into, resource):
    whole = np.arange(20, dtype=np.float32).reshape(5, 4)

    def variable(tf, count, initial):
        partitioner = tf.fixed_size_partitioner(count) if count > 1 else None
        return tf.get_variable("w", initializer=tf.constant(initial), partitioner=partitioner, use_resource=resource)

    def run(tf, count, initial, act):
        with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
            found = variable(tf, count, initial)
            saver = tf.train.Saver()
            session.run(tf.global_variables_initializer())
            act(saver, session)
            return session.run(tf.convert_to_tensor(found))

    for writer, reader in ((both.ours, both.theirs), (both.theirs, both.ours), (both.ours, both.ours)):
        path = str(tmp_path / "model")
        run(writer, parts, whole, lambda saver, session, path=path: saver.save(session, path))
        found = run(reader, into, 0 * whole, lambda saver, session, path=path: saver.restore(session, path))
        np.testing.assert_array_equal(found, whole)
        assert both.ours.train.load_variable(path, "w").tolist() == whole.tolist()
        assert both.theirs.train.load_variable(path, "w").tolist() == whole.tolist()


def test_files_of_the_folder(both, tmp_path):
    """The file `checkpoint` and the names, through saving more than are kept."""
    found = []
    for tf in (both.ours, both.theirs):
        folder = tmp_path / tf.__name__
        folder.mkdir()
        with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
            tf.get_variable("a", [2])
            saver = tf.train.Saver(max_to_keep=2, pad_step_number=True, save_relative_paths=True)
            session.run(tf.global_variables_initializer())
            states = []
            for step in (1, 2, 1, 3):
                saver.save(session, str(folder / "m"), step, latest_filename="latest", write_meta_graph=False)
                states.append(((folder / "latest").read_text(), sorted(p.name for p in folder.iterdir())))
            found.append(states)
    assert found[0] == found[1]


def test_a_checkpoint_of_tensorflow_2(both, tmp_path):
    """`tf.train.Checkpoint` names tensors by paths of objects; variables are found by their names, as in TensorFlow."""
    script = (
        "import sys, tensorflow as tf\n"
        "v = tf.Variable([1.0, 2.0], name='v'); w = tf.Variable(b'text', name='w')\n"
        "print(tf.train.Checkpoint(one=v, two=w).save(sys.argv[1]))\n"
    )
    out = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "o")], capture_output=True, text=True, check=True
    )
    path = out.stdout.split()[-1]
    for tf in (both.ours, both.theirs):
        with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
            v, w = tf.get_variable("v", [2]), tf.Variable("", name="w")
            saver = tf.train.Saver([v, w])
            saver.restore(session, path)
            assert session.run(v).tolist() == [1.0, 2.0]
            assert session.run(w) == b"text"
    tf = both.ours
    for declared, error, words in (
        ({"v": [3]}, tf.errors.InvalidArgumentError, "lhs shape= \\[3\\] rhs shape= \\[2\\]"),
        ({"v": [2], "q": [2]}, tf.errors.NotFoundError, "Existing variables not in the checkpoint: q"),
    ):
        with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
            for name, shape in declared.items():
                tf.get_variable(name, shape)
            with pytest.raises(error, match=words):
                tf.train.Saver().restore(session, path)
            assert not any(session.run([tf.is_variable_initialized(v) for v in tf.global_variables()]))
