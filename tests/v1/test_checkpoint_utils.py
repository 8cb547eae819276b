"""Looking into checkpoints, and beginning with what they have: `load_checkpoint`, `init_from_checkpoint`."""

import numpy as np
import pytest

import onevar
import onevar.v1 as tf
from onevar.core.bundle import grouped, write


@pytest.fixture(autouse=True)
def graph():
    with onevar.use_backend("numpy"), tf.Graph().as_default() as graph:
        yield graph


W = np.arange(8, dtype=np.float32).reshape(4, 2)


@pytest.fixture
def folder(tmp_path):
    names = ["var1", "useful/var2", "useful/deep/var3", "string", "sliced", "sliced"]
    specs = ["", "", "", "", "4 2 0,1:-", "4 2 1,3:-"]
    arrays = [np.ones(2, np.float32), 2 * W, np.float64(3), np.array(b"text", object), W[:1], W[1:]]
    write(tmp_path / "model-1", grouped(names, specs, arrays))
    tf.train.update_checkpoint_state(str(tmp_path), str(tmp_path / "model-1"))
    return str(tmp_path)


def initialised(*variables):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return [v.tolist() for v in session.run([tf.convert_to_tensor(v) for v in variables])]


# -- readers ----------------------------------------------------------------------------------------


def test_a_reader(folder):
    for reader in (tf.train.load_checkpoint(folder), tf.train.NewCheckpointReader(f"{folder}/model-1")):
        assert reader.has_tensor("var1")
        assert not reader.has_tensor("var")
        assert reader.get_tensor("sliced").tolist() == W.tolist()
        assert reader.get_tensor("string") == b"text"
        assert reader.get_variable_to_shape_map()["useful/var2"] == [4, 2]
        assert reader.get_variable_to_dtype_map()["useful/deep/var3"] == tf.float64
        assert b"useful/var2 (DT_FLOAT) [4,2]\n" in reader.debug_string()
        with pytest.raises(tf.errors.NotFoundError, match="Key nothing not found in checkpoint"):
            reader.get_tensor("nothing")


def test_lists_and_values(folder):
    assert tf.train.list_variables(folder) == [
        ("sliced", [4, 2]), ("string", []), ("useful/deep/var3", []), ("useful/var2", [4, 2]), ("var1", [2]),
    ]  # fmt: skip
    assert tf.train.load_variable(folder, "var1:0").tolist() == [1, 1]


def test_where_there_is_none(tmp_path):
    with pytest.raises(ValueError, match="Couldn't find 'checkpoint' file or checkpoints in given directory"):
        tf.train.load_checkpoint(tmp_path)
    for call in (tf.train.load_checkpoint, tf.train.NewCheckpointReader, tf.train.list_variables):
        with pytest.raises(tf.errors.NotFoundError, match="Failed to find any matching files"):
            call(str(tmp_path / "nothing"))


# -- init_from_checkpoint -----------------------------------------------------------------------------


@pytest.mark.parametrize("resource", [False, True])
@pytest.mark.parametrize("by", [lambda v: v, lambda v: v.op.name], ids=["variable", "name"])
def test_one_to_one(folder, resource, by):
    with tf.variable_scope("scope"):
        v = tf.get_variable("v", [2], use_resource=resource)
    tf.train.init_from_checkpoint(folder, {"var1": by(v)})
    assert initialised(v) == [[1, 1]]


def test_several_for_one_tensor(folder):
    a, b = tf.get_variable("a", [2]), tf.get_variable("b", [2])
    tf.train.init_from_checkpoint(folder, [("var1", a), ("var1", "b")])
    assert initialised(a, b) == [[1, 1], [1, 1]]


@pytest.mark.parametrize(
    ("mapping", "names"),
    [
        ({"useful/": "mine/"}, ["mine/var2", "mine/deep/var3"]),
        ({"useful/": "/"}, ["var2", "deep/var3"]),
        ({"/": "/"}, ["useful/var2", "useful/deep/var3"]),
        ({"/": "mine/"}, ["mine/useful/var2", "mine/useful/deep/var3"]),
        ({"useful/deep/": "x/", "useful/": "y/"}, ["y/var2", "x/var3"]),
    ],
)
def test_scopes(folder, mapping, names):
    a = tf.get_variable(names[0], [4, 2])
    b = tf.get_variable(names[1], [], tf.float64)
    tf.train.init_from_checkpoint(folder, mapping)
    assert initialised(a, b) == [(2 * W).tolist(), 3.0]


@pytest.mark.parametrize("resource", [False, True])
@pytest.mark.parametrize("form", ["name", "slices", "variable", "scope"])
def test_partitioned_variables(folder, form, resource):
    with tf.variable_scope("scope"):
        v = tf.get_variable("sliced", [4, 2], partitioner=tf.fixed_size_partitioner(3), use_resource=resource)
    forms = {"name": "scope/sliced", "slices": list(v), "variable": v, "scope": "scope/"}
    tf.train.init_from_checkpoint(folder, {"/" if form == "scope" else "sliced": forms[form]})
    assert initialised(v) == [W.tolist()]


def test_other_values_stay(folder):
    v, w = tf.get_variable("v", [2]), tf.get_variable("w", initializer=5.0)
    tf.train.init_from_checkpoint(folder, {"var1": v})
    v.load([7, 7], session := tf.Session())
    assert session.run(v).tolist() == [7, 7]
    assert initialised(w) == [5]
    with tf.Session() as session:
        assert session.run(v.initialized_value()).tolist() == [1, 1]


def test_dtypes_are_checked_when_it_runs(folder):
    v = tf.get_variable("v", [2], tf.float64)
    tf.train.init_from_checkpoint(folder, {"var1": v})
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match="expected dtype double"):
        session.run(v.initializer)


@pytest.mark.parametrize(
    ("mapping", "kind", "words"),
    [
        ({"nothing": "v"}, ValueError, "Tensor nothing is not found in .* checkpoint"),
        ({"var1": "other"}, ValueError, "Assignment map with scope only name"),
        ({"var1": "v/"}, ValueError, "should map to scope only var1"),
        ({"useful/var2": "v"}, ValueError, r"Shape of variable v:0 \(\(2,\)\) doesn't match .*/var2 \(\[4, 2\]\)"),
        ({"sliced": "p"}, ValueError, "Shape of variable p"),
        ({"useful/": "/"}, ValueError, "is not found in"),
        ({"useful/": "nowhere/"}, ValueError, "made none there"),
        ({"var1": 3}, TypeError, "for a Variable"),
        ({3: "v"}, TypeError, "names in the checkpoint are strings"),
    ],
)
def test_what_does_not_fit(folder, mapping, kind, words):
    v = tf.get_variable("v", [2])
    tf.get_variable("p", [5, 2], partitioner=tf.fixed_size_partitioner(2))
    before = v.initializer
    with pytest.raises(kind, match=words):
        tf.train.init_from_checkpoint(folder, {"var1": v, **mapping})
    assert v.initializer is before


def test_a_variable_called_like_a_part(folder, tmp_path):
    write(tmp_path / "other", {"x/part_of_speech": np.ones(2, np.float32)})
    v = tf.get_variable("y/part_of_speech", [2])
    tf.train.init_from_checkpoint(str(tmp_path / "other"), {"x/": "y/"})
    assert initialised(v) == [[1, 1]]


# -- warm_start -------------------------------------------------------------------------------------


@pytest.fixture
def words(tmp_path):
    def write_words(name, *lines):
        (tmp_path / name).write_text("\n".join(lines))
        return str(tmp_path / name)

    return write_words


def test_warm_start_by_pattern(folder):
    v, w = tf.get_variable("var1", [2]), tf.get_variable("w", initializer=5.0, trainable=False)
    tf.train.warm_start(folder)
    assert initialised(v, w) == [[1, 1], 5]


def test_warm_start_by_variables_and_other_names(folder):
    v = tf.get_variable("new", [4, 2], partitioner=tf.fixed_size_partitioner(2))
    tf.train.warm_start(folder, list(v), var_name_to_prev_var_name={"new": "sliced"})
    assert initialised(v) == [W.tolist()]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vars_to_warm_start": "nothing"}, "no variable matches"),
        ({"vars_to_warm_start": ["var1", "nothing"]}, "no variable matches 'nothing'"),
        ({"vars_to_warm_start": 3}, "must be a `list` or `str`"),
        ({"var_name_to_prev_var_name": {"nothing": "var1"}}, "var_name_to_prev_var_name that were not used"),
        ({"var_name_to_vocab_info": {"nothing": None}}, "var_name_to_vocab_info that were not used"),
    ],
)
def test_warm_start_refuses(folder, options, message):
    tf.get_variable("var1", [2])
    with pytest.raises(ValueError, match=message):
        tf.train.warm_start(folder, **options)


@pytest.mark.parametrize("parts", [1, 2, 3])
@pytest.mark.parametrize("resource", [False, True])
def test_warm_start_with_words(folder, words, parts, resource):
    old = words("old", "apple", "banana", "guava", "orange")
    new = words("new", "orange", "guava", "banana", "apple", "raspberry")
    partitioner = tf.fixed_size_partitioner(parts) if parts > 1 else None
    v = tf.get_variable("sliced", [6, 2], partitioner=partitioner, use_resource=resource)
    info = tf.train.VocabInfo(new, 5, 1, old, backup_initializer=tf.ones_initializer())
    tf.train.warm_start(folder, None, {"sliced": info})
    assert initialised(v) == [[*W[::-1].tolist(), [1, 1], [1, 1]]]


def test_warm_start_with_words_of_columns(folder, words):
    old, new = words("old", "apple", "orange"), words("new", "orange", "apple", "pear")
    v = tf.get_variable("sliced", [4, 4], partitioner=tf.fixed_size_partitioner(2))
    tf.train.warm_start(folder, "sliced", {"sliced": tf.train.VocabInfo(new, 3, 1, old, axis=1)})
    assert initialised(v) == [[[b, a, 0, 0] for a, b in W.tolist()]]


def test_fewer_old_words(folder, words):
    old, new = words("old", "a", "b", "c", "d"), words("new", "d", "c", "b", "a")
    v = tf.get_variable("sliced", [4, 2])
    tf.train.warm_start(folder, "sliced", {"sliced": tf.train.VocabInfo(new, 4, 0, old, old_vocab_size=2)})
    assert initialised(v) == [[[0, 0], [0, 0], *W[1::-1].tolist()]]


@pytest.mark.parametrize(
    ("size", "shape", "axis", "kind", "message"),
    [
        (3, [6, 2], 0, ValueError, "would exceed expected total row count"),
        (3, [4, 2], 1, ValueError, "Unexpected number of columns"),
        (9, [9, 2], 0, tf.errors.InvalidArgumentError, "last new vocab entry's line"),
        (0, [4, 2], 0, ValueError, "Must provide all of"),
    ],
)
def test_words_that_do_not_fit(folder, words, size, shape, axis, kind, message):
    old, new = words("old", "a", "b", "c", "d"), words("new", "d", "c", "b", "a")
    v = tf.get_variable("sliced", shape)

    def begin():
        tf.train.warm_start(folder, "sliced", {"sliced": tf.train.VocabInfo(new, size, 0, old, axis=axis)})
        initialised(v)

    with pytest.raises(kind, match=message):
        begin()


def test_the_axis_is_a_row_or_a_column():
    with pytest.raises(ValueError, match="The only supported values for the axis argument are 0 and 1"):
        tf.train.VocabInfo("new", 1, 0, "old", axis=2)
