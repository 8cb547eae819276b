"""`tf.train.Saver` beside the TensorFlow that is installed: the same graphs, and checkpoints in both directions."""

import numpy as np
import pytest
import saver_programs as programs

pytest.importorskip("tensorflow")

BACKENDS = ("numpy", "torch", "jax", "tensorflow")


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


def save(tf, contents, path, resource=False, sharded=False, **session):
    with tf.Graph().as_default() as graph:
        variables = programs.declare(tf, contents, resource)
        saver = tf.train.Saver(variables, sharded=sharded)
        with tf.Session(graph=graph, **session) as run:
            run.run(tf.global_variables_initializer())
            return saver.save(run, str(path), global_step=3)


def restore(tf, contents, path, resource=False, times=1, **session):
    with tf.Graph().as_default() as graph:
        variables = programs.declare(tf, contents, resource, zero=True)
        saver = tf.train.Saver(variables)
        with tf.Session(graph=graph, **session) as run:
            for _ in range(times):
                saver.restore(run, path)
            return run.run(variables)


def held(backend):
    """What the framework can hold of all values."""
    contents = programs.values()
    if backend == "jax":  # Without x64 it has no 64-bit types.
        import jax

        if not jax.config.jax_enable_x64:
            wide = ("float64", "int64", "uint64", "complex128")
            contents = {name: value for name, value in contents.items() if value.dtype.name not in wide}
    return contents


@pytest.mark.parametrize("resource", [False, True], ids=["reference", "resource"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_both_directions(both, tmp_path, backend, resource):
    pytest.importorskip(backend)
    contents = held(backend)
    path = save(both.ours, contents, tmp_path / "ours", resource, backend=backend)
    theirs = restore(both.theirs, contents, path, not resource)
    other = save(both.theirs, contents, tmp_path / "theirs", resource)
    # The second time the plan is compiled.
    ours = restore(both.ours, contents, other, resource, times=2, backend=backend)
    for name, value in contents.items():
        programs.equal(theirs[name], value)
        programs.equal(ours[name], value)


@pytest.mark.parametrize("backend", BACKENDS)
def test_sharded_in_both_directions(both, tmp_path, backend):
    pytest.importorskip(backend)
    contents = {"a": np.arange(3, dtype=np.float32), "s": np.array([b"x"], object)}
    path = save(both.ours, contents, tmp_path / "ours", sharded=True, backend=backend)
    other = save(both.theirs, contents, tmp_path / "theirs", sharded=True)
    for tf, at in ((both.theirs, path), (both.ours, other)):
        found = restore(tf, contents, at)
        for name, value in contents.items():
            programs.equal(found[name], value)
    assert not [entry for entry in tmp_path.iterdir() if "temp" in entry.name]


@pytest.mark.parametrize("resource", [False, True], ids=["reference", "resource"])
@pytest.mark.parametrize("into", [1, 2, 3])
@pytest.mark.parametrize("parts", [1, 2, 4])
def test_partitioned(both, tmp_path, parts, into, resource):
    whole = np.arange(20, dtype=np.float32).reshape(5, 4)

    def variable(tf, count, initial):
        partitioner = tf.fixed_size_partitioner(count) if count > 1 else None
        return tf.get_variable(
            "w", initializer=tf.constant(initial), partitioner=partitioner, use_resource=resource
        )

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
    import subprocess
    import sys

    script = (
        "import sys, tensorflow as tf\n"
        "v = tf.Variable([1.0, 2.0], name='v'); w = tf.Variable(b'text', name='w')\n"
        "print(tf.train.Checkpoint(one=v, two=w).save(sys.argv[1]))\n"
    )
    out = subprocess.run([sys.executable, "-c", script, str(tmp_path / "o")], capture_output=True, text=True, check=True)
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
