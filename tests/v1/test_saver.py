"""`tf.train.Saver`: what it saves, restores, keeps and refuses."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

import onevar
import onevar.v1 as tf
from onevar.core.bundle import Reader, files
from onevar.v1.saveables import SaveableObject, SaveSpec
from onevar.v1.saver_builder import BaseSaverBuilder


@pytest.fixture(autouse=True)
def graph():
    with onevar.use_backend("numpy"), tf.Graph().as_default() as graph:
        yield graph


@pytest.fixture
def session(graph):
    with tf.Session(graph=graph) as session:
        yield session


def start(session):
    session.run(tf.global_variables_initializer())


def path(tmp_path, name="model"):
    return str(tmp_path / name)


def variables(**values):
    return [tf.get_variable(name, initializer=np.asarray(value, np.float32)) for name, value in values.items()]


# -- round trips ------------------------------------------------------------------------------------


def test_values_come_back_without_initialisation(graph, tmp_path):
    variables(a=[1, 2], b=3)
    saver = tf.train.Saver()
    with tf.Session(graph=graph) as session:
        start(session)
        assert saver.save(session, path(tmp_path), global_step=7) == path(tmp_path, "model-7")
    with tf.Session(graph=graph) as session:
        saver.restore(session, tf.train.latest_checkpoint(tmp_path))
        assert [v.tolist() for v in session.run(tf.global_variables())] == [[1, 2], 3]


@pytest.mark.parametrize("sharded", [False, True])
def test_only_what_was_asked_for(session, tmp_path, sharded):
    a, b = variables(a=[1, 2], b=3)
    saver = tf.train.Saver({"x": a}, sharded=sharded)
    start(session)
    saver.save(session, path(tmp_path))
    assert tf.train.list_variables(path(tmp_path)) == [("x", [2])]
    session.run([a.assign([5, 5]), b.assign(6)])
    saver.restore(session, path(tmp_path))
    assert [v.tolist() for v in session.run([a, b])] == [[1, 2], 6]


def test_reshape(session, tmp_path):
    variables(a=[[1, 2, 3], [4, 5, 6]])
    start(session)
    tf.train.Saver().save(session, path(tmp_path))
    for resource in (False, True):
        with tf.Graph().as_default() as graph, tf.Session(graph=graph) as other:
            a = tf.get_variable("a", [3, 2], use_resource=resource)
            with pytest.raises(tf.errors.InvalidArgumentError):
                tf.train.Saver().restore(other, path(tmp_path))
            tf.train.Saver(reshape=True).restore(other, path(tmp_path))
            assert other.run(a).tolist() == [[1, 2], [3, 4], [5, 6]]


def test_a_saveable_of_ones_own(session, tmp_path):
    a, b = variables(a=[1, 2], b=[3])

    class Both(SaveableObject):
        def __init__(self):
            specs = [SaveSpec(a.value(), "", "one"), SaveSpec(lambda: b.value() * 2.0, "", "two", dtype=tf.float32)]
            super().__init__(self, specs, "both")

        def restore(self, restored_tensors, restored_shapes):
            return tf.group(a.assign(restored_tensors[0]), b.assign(restored_tensors[1]))

    mine = Both()
    tf.add_to_collection(tf.GraphKeys.SAVEABLE_OBJECTS, mine)
    saver = tf.train.Saver([mine])
    start(session)
    saver.save(session, path(tmp_path))
    assert [name for name, _ in tf.train.list_variables(path(tmp_path))] == ["one", "two"]
    session.run(a.assign([0, 0]))
    saver.restore(session, path(tmp_path))
    assert [v.tolist() for v in session.run([a, b])] == [[1, 2], [6]]
    with pytest.raises(ValueError, match="The same saveable will be restored with two names: both"):
        tf.train.Saver({"x": mine, "y": mine})


def test_an_own_builder(session, tmp_path):
    (a,) = variables(a=[1, 2])
    saver = tf.train.Saver([a], builder=BaseSaverBuilder())
    start(session)
    saver.save(session, path(tmp_path))
    session.run(a.assign([0, 0]))
    saver.restore(session, path(tmp_path))
    assert session.run(a).tolist() == [1, 2]


def test_a_saver_of_existing_operations(graph, session, tmp_path):
    (a,) = variables(a=[1, 2])
    first = tf.train.Saver(max_to_keep=3)
    start(session)
    count = len(graph.get_operations())
    for second in (tf.train.Saver(saver_def=first.as_saver_def()), tf.train.Saver.from_proto(first.to_proto())):
        a.load([1, 2], session)
        second.save(session, path(tmp_path))
        a.load([0, 0], session)
        second.restore(session, path(tmp_path))
        assert session.run(a).tolist() == [1, 2]
        assert second.as_saver_def().max_to_keep == 3
    assert len(graph.get_operations()) == count
    assert first.to_proto("save").restore_op_name == "restore_all"
    assert first.to_proto("elsewhere") is None


def test_a_finalized_graph(graph, session, tmp_path):
    variables(a=[1, 2])
    saver, init = tf.train.Saver(), tf.global_variables_initializer()
    graph.finalize()
    session.run(init)
    saver.restore(session, saver.save(session, path(tmp_path)))


def test_eagerly(tmp_path):
    from onevar.core.context import eager_mode

    with eager_mode():
        v = tf.Variable([1.0, 2.0], name="v")
        saver = tf.train.Saver([v])
        at = saver.save(None, path(tmp_path), global_step=1)
        v.assign([0.0, 0.0])
        saver.restore(None, at)
        assert v.numpy().tolist() == [1, 2]
        with pytest.raises(tf.errors.InvalidArgumentError, match="wrong shape"):
            tf.train.Saver({"v": tf.Variable(1.0)}).restore(None, at)
        with pytest.raises(tf.errors.NotFoundError, match="Key w not found"):
            tf.train.Saver({"w": v}).restore(None, at)
        with pytest.raises(RuntimeError, match="`var_list` must specify"):
            tf.train.Saver()
    assert dict(tf.train.list_variables(at)) == {"v": [2]}


def test_file_urls(session, tmp_path):
    variables(a=1)
    saver = tf.train.Saver()
    start(session)
    assert saver.save(session, f"file://{path(tmp_path)}") == path(tmp_path)
    saver.restore(session, f"file://{path(tmp_path)}")
    with pytest.raises(tf.errors.UnimplementedError, match="gs"):
        saver.save(session, "gs://bucket/model")


# -- which checkpoints are kept -----------------------------------------------------------------------


def test_max_to_keep(session, tmp_path):
    variables(a=1)
    saver = tf.train.Saver(max_to_keep=2)
    start(session)
    paths = [saver.save(session, path(tmp_path), step) for step in range(4)]
    assert saver.last_checkpoints == paths[2:]
    assert [tf.train.checkpoint_exists(p) for p in paths] == [False, False, True, True]
    assert tf.train.get_checkpoint_state(tmp_path).all_model_checkpoint_paths == paths[2:]
    later = tf.train.Saver(max_to_keep=2)
    later.recover_last_checkpoints([*paths])
    assert later.last_checkpoints == paths[2:]
    later.save(session, path(tmp_path), 9)
    assert not tf.train.checkpoint_exists(paths[2])


@pytest.mark.parametrize("keep", [None, 0])
def test_all_are_kept(session, tmp_path, keep):
    variables(a=1)
    saver = tf.train.Saver(max_to_keep=keep)
    start(session)
    assert all(tf.train.checkpoint_exists(p) for p in [saver.save(session, path(tmp_path), step) for step in range(7)])
    assert saver.last_checkpoints == []


def test_one_in_some_hours_is_kept(session, tmp_path, monkeypatch):
    variables(a=1)
    now = [1e9]
    monkeypatch.setattr(time, "time", lambda: now[0])
    saver = tf.train.Saver(max_to_keep=1, keep_checkpoint_every_n_hours=1)
    start(session)
    paths = []
    for step in range(6):
        now[0] += 1801
        paths.append(saver.save(session, path(tmp_path), step))
    assert [step for step, at in enumerate(paths) if tf.train.checkpoint_exists(at)] == [1, 3, 5]


def test_nothing_is_recorded_without_write_state(session, tmp_path):
    variables(a=1)
    saver = tf.train.Saver()
    start(session)
    saver.save(session, path(tmp_path), write_state=False)
    assert tf.train.latest_checkpoint(tmp_path) is None
    assert saver.last_checkpoints == []


def test_the_graph_is_written_beside(session, tmp_path):
    pytest.importorskip("tensorboard")
    variables(a=1)
    start(session)
    saver = tf.train.Saver()
    saver.save(session, path(tmp_path))
    files = ["checkpoint", "model.data-00000-of-00001", "model.index", "model.meta"]
    assert sorted(os.listdir(tmp_path)) == files
    with tf.Graph().as_default(), tf.Session() as fresh:
        tf.train.import_meta_graph(path(tmp_path) + ".meta").restore(fresh, path(tmp_path))
        assert fresh.run("a:0") == 1


# -- refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda a, p: tf.train.Saver([]), ValueError, "No variables to save"),
        (lambda a, p: tf.train.Saver([a], defer_build=True), ValueError, "build cannot be deferred"),
        (lambda a, p: tf.train.Saver([a, a]), ValueError, "At least two variables have the same name: a"),
        (lambda a, p: tf.train.Saver({"x": a, "y": a}), ValueError, "restored with two names: y"),
        (lambda a, p: tf.train.Saver([a.value()]), TypeError, "Variable to save is not a Variable"),
        (lambda a, p: tf.train.Saver({"x": tf.constant(1)}), TypeError, "Not a variable"),
        (lambda a, p: tf.train.Saver({3: a}), TypeError, "Name is not a string: 3"),
        (lambda a, p: tf.train.Saver(3), TypeError, "should be passed in a dict or a list"),
        (lambda a, p: tf.train.Saver({"x": [a]}), ValueError, "Slices must all be slices"),
        (lambda a, p: tf.train.Saver({"x": [p[0], a]}), ValueError, "Slices must all be slices"),
        (lambda a, p: tf.train.Saver({"x": [tf.constant(1)]}), ValueError, "Slices must all be Variables"),
        (lambda a, p: tf.train.Saver(saver_def=3), ValueError, "saver_def must be"),
        (lambda a, p: tf.train.Saver(saver_def=tf.train.SaverDef()), ValueError, "must specify the save_tensor_name"),
    ],
)
def test_what_cannot_be_saved(make, kind, words):
    (a,) = variables(a=[1, 2])
    parts = list(tf.get_variable("p", [4], partitioner=tf.fixed_size_partitioner(2)))
    with pytest.raises(kind, match=words):
        make(a, parts)


def test_slices_of_two_variables():
    parts = [next(iter(tf.get_variable(n, [4], partitioner=tf.fixed_size_partitioner(2)))) for n in "pq"]
    with pytest.raises(ValueError, match="Slices must all be from the same tensor: p != q"):
        tf.train.Saver({"x": parts})


def test_deferred_build(session, tmp_path):
    saver = tf.train.Saver(defer_build=True)
    variables(a=1)
    start(session)
    with pytest.raises(RuntimeError, match="should be called before save"):
        saver.save(session, path(tmp_path))
    saver.build()
    at = saver.save(session, path(tmp_path))
    with pytest.raises(RuntimeError, match="should be called before restore"):
        tf.train.Saver(defer_build=True).restore(session, at)


def test_nothing_to_save_is_allowed_if_asked_for(session, tmp_path):
    tf.constant(1)
    saver = tf.train.Saver(allow_empty=True)
    assert saver.save(session, path(tmp_path)) is None
    saver.restore(session, path(tmp_path))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"save_path": "checkpoint"}, ValueError, "collides with"),
        ({"save_path": "m", "latest_filename": "a/b"}, ValueError, "must not contain path components"),
        ({"save_path": "no/such/m"}, ValueError, "Parent directory of .*no/such/m doesn't exist, can't save."),
        ({"save_path": "m", "sess": "x"}, TypeError, "'sess' must be a Session; x"),
        ({"save_path": "m", "global_step": 1.5}, TypeError, "invalid type"),
    ],
)
def test_where_it_cannot_be_saved(session, tmp_path, arguments, kind, words):
    variables(a=1)
    saver = tf.train.Saver()
    start(session)
    arguments = {"sess": session, **arguments, "save_path": path(tmp_path, arguments["save_path"])}
    with pytest.raises(kind, match=words):
        saver.save(**arguments)
    with pytest.raises(ValueError, match="no path"):
        saver.save(session, "")
    assert os.listdir(tmp_path) == []


def test_an_uninitialised_variable_is_not_saved(session, tmp_path):
    variables(a=1, b=2)
    saver = tf.train.Saver()
    start(session)
    at = saver.save(session, path(tmp_path))
    with tf.Session() as other, pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value a"):
        saver.save(other, path(tmp_path))
    saver.restore(session, at)


# -- all or nothing ---------------------------------------------------------------------------------


def damaged(prefix):
    data = Path(files.data_name(prefix, 0, 1))
    content = bytearray(data.read_bytes())
    content[-1] ^= 1
    data.write_bytes(content)


def without_data(prefix):
    os.unlink(files.data_name(prefix, 0, 1))


RESTORE = "Restoring from checkpoint failed.*"


@pytest.mark.parametrize("backend", ["numpy", "torch", "jax"])
@pytest.mark.parametrize("layout", ["plain", "sharded", "one by one"])
@pytest.mark.parametrize("resource", [False, True], ids=["reference", "resource"])
@pytest.mark.parametrize("initialised", [False, True], ids=["fresh", "initialised"])
def test_a_failed_restore_changes_nothing(tmp_path, backend, layout, resource, initialised):
    pytest.importorskip(backend)
    options = {"sharded": layout == "sharded", "builder": BaseSaverBuilder() if layout == "one by one" else None}
    at = path(tmp_path)
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
        variables(a=[1, 2], b=[3, 4], c=[5, 6])
        start(session)
        tf.train.Saver().save(session, at)
    errors = tf.errors
    cases = [
        ({"b": [3]}, None, errors.InvalidArgumentError, RESTORE),
        ({"b": [2], "d": [2]}, None, errors.NotFoundError, "Key d not found in checkpoint"),
        ({"c": [2]}, damaged, errors.DataLossError, "Checksum does not match"),
        ({"c": [2]}, without_data, errors.NotFoundError, "No such file"),
    ]
    for more, spoil, kind, words in cases:
        if spoil is not None:
            spoil(at)
        with tf.Graph().as_default() as graph, tf.Session(graph=graph, backend=backend) as session:
            for name, shape in {"a": [2], **more}.items():
                tf.get_variable(name, shape, use_resource=resource, initializer=tf.zeros_initializer())
            saver, known = tf.train.Saver(**options), tf.global_variables()
            if initialised:
                start(session)
            for _ in range(2):
                with pytest.raises(kind, match=words):
                    saver.restore(session, at)
            there = [bool(session.run(tf.is_variable_initialized(v))) for v in known]
            assert there == [initialised] * len(known)
            assert all(not session.run(v).any() for v in known if initialised)


def test_the_dtype_is_checked(session, tmp_path):
    variables(a=[1, 2])
    start(session)
    at = tf.train.Saver().save(session, path(tmp_path))
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as other:
        tf.get_variable("a", [2], tf.float64)
        with pytest.raises(
            tf.errors.InvalidArgumentError, match="expected dtype double does not equal original dtype float"
        ):
            tf.train.Saver().restore(other, at)


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        (None, ValueError, "Can't load save_path when it is None."),
        ("", ValueError, "not a valid checkpoint"),
        ("nowhere", ValueError, "The passed save_path is not a valid checkpoint: nowhere"),
    ],
)
def test_what_is_no_checkpoint(session, given, kind, words):
    variables(a=1)
    with pytest.raises(kind, match=words):
        tf.train.Saver().restore(session, given)


def test_names_that_are_nearly_right(session, tmp_path):
    variables(weights=1)
    start(session)
    at = tf.train.Saver().save(session, path(tmp_path))
    for wrong, words in ((f"{at}.index", f"Give the checkpoint's prefix, {at}"), (str(tmp_path), "It is a folder")):
        with pytest.raises(tf.errors.NotFoundError, match=words):
            tf.train.Saver().restore(session, wrong)
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as other:
        tf.get_variable("weight", [])
        with pytest.raises(tf.errors.NotFoundError, match="nearest to it: weights"):
            tf.train.Saver().restore(other, at)


def test_a_failed_save_leaves_the_old_checkpoint(session, tmp_path, monkeypatch):
    (a,) = variables(a=[1, 2])
    saver = tf.train.Saver()
    start(session)
    at = saver.save(session, path(tmp_path))
    session.run(a.assign([3, 4]))

    def full(*arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(tf.errors.ResourceExhaustedError):
            saver.save(session, path(tmp_path))
    with Reader(at) as reader:
        assert reader.read("a").tolist() == [1, 2]
