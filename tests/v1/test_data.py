"""tf.data: what TensorFlow makes of the same programs, and what a program meets around them."""

import json
import threading
from functools import partial
from pathlib import Path

import data_programs
import numpy as np
import pytest
from frameworks import DIFFERENTIATING

import onevar.v1 as tf

GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("data.json").read_text())
Dataset = tf.data.Dataset
session = partial(tf.Session, backend="numpy")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("data"))
    gzip = tf.python_io.TFRecordOptions(tf.python_io.TFRecordCompressionType.GZIP)
    data_programs.write_files(path, lambda name, options: tf.python_io.TFRecordWriter(name, options), gzip)
    return path


@pytest.fixture(autouse=True)
def _graph():
    with tf.Graph().as_default():
        yield


@pytest.mark.parametrize("name", data_programs.PROGRAMS)
def test_like_tensorflow(name, folder):
    found = data_programs.outcome(tf, name, folder, session)
    found = json.loads(json.dumps(found).replace(folder, "FOLDER"))
    for what in ("values", "spec", "operations"):
        assert data_programs.agree(found[what], GOLDEN[name][what]), what


def elements(dataset, most=20):
    element = dataset.make_one_shot_iterator().get_next()
    found = []
    with session() as running:
        for _ in range(most):
            try:
                found.append(running.run(element))
            except tf.errors.OutOfRangeError:
                break
    return found


# -- iterators -----------------------------------------------------------------------------------------


def test_the_message_at_the_end():
    element = Dataset.range(0).make_one_shot_iterator().get_next(name="following")
    with session() as running, pytest.raises(tf.errors.OutOfRangeError) as caught:
        running.run(element)
    assert caught.value.message == "End of sequence\n\t [[{{node following}}]]"
    assert caught.value.op is element.op


def test_an_iterator_must_be_initialized():
    element = Dataset.range(3).make_initializable_iterator().get_next()
    with session() as running, pytest.raises(tf.errors.FailedPreconditionError, match="has not been initialized"):
        running.run(element)


def test_initialized_again_with_other_feeds():
    given = tf.placeholder(tf.float32, [None])
    iterator = Dataset.from_tensor_slices(given).make_initializable_iterator()
    element = iterator.get_next()
    with session() as running:
        running.run(iterator.initializer, {given: [1.0, 2.0]})
        assert running.run(element) == 1
        running.run(iterator.initializer, {given: [5.0]})
        assert running.run(element) == 5
        with pytest.raises(tf.errors.OutOfRangeError):
            running.run(element)


def test_one_structure_and_several_datasets():
    iterator = tf.data.Iterator.from_structure(tf.int64, [])
    element = iterator.get_next()
    first, second = iterator.make_initializer(Dataset.range(3)), iterator.make_initializer(Dataset.range(7, 9))
    with session() as running:
        running.run(first)
        assert running.run(element) == 0
        running.run(second)
        assert running.run(element) == 7
    with pytest.raises(TypeError, match="Expected output types"):
        iterator.make_initializer(Dataset.from_tensors(1.0))


def test_feedable():
    handle = tf.placeholder(tf.string, [])
    element = tf.data.Iterator.from_string_handle(handle, tf.int64, []).get_next()
    train, test = Dataset.range(5).make_one_shot_iterator(), Dataset.range(9, 11).make_initializable_iterator()
    with session() as running:
        of_train, of_test = running.run([train.string_handle(), test.string_handle()])
        running.run(test.initializer)
        assert [running.run(element, {handle: h}) for h in (of_train, of_test, of_train, of_test)] == [0, 9, 1, 10]
        with pytest.raises(tf.errors.InvalidArgumentError):
            running.run(element, {handle: b"nothing"})


def test_a_handle_of_other_elements():
    handle = tf.placeholder(tf.string, [])
    element = tf.data.Iterator.from_string_handle(handle, (tf.int64, tf.float32), ([], [])).get_next()
    iterator = Dataset.range(5).make_one_shot_iterator()
    with session() as running:
        fed = running.run(iterator.string_handle())
        with pytest.raises(tf.errors.InvalidArgumentError, match="expected 2 types but got 1"):
            running.run(element, {handle: fed})


def test_sessions_have_their_own():
    element = Dataset.range(5).make_one_shot_iterator().get_next()
    with session() as one:
        assert [one.run(element), one.run(element)] == [0, 1]
        with session() as other:
            assert other.run(element) == 0


def test_one_shot_takes_no_placeholder_and_no_state():
    with pytest.raises(ValueError, match="Cannot capture a placeholder"):
        Dataset.range(tf.placeholder(tf.int64, [])).make_one_shot_iterator()
    variable = tf.Variable(1, dtype=tf.int64)
    with pytest.raises(ValueError, match="make_initializable_iterator"):
        Dataset.range(3).map(lambda x: x + variable).make_one_shot_iterator()


def test_a_resource_variable_is_read_at_each_element():
    variable = tf.get_variable("v", initializer=np.int64(3), use_resource=True)
    iterator = Dataset.range(3).map(lambda x: x + variable).make_initializable_iterator()
    element, change = iterator.get_next(), variable.assign(10)
    with session() as running:
        running.run(variable.initializer)
        running.run(iterator.initializer)
        assert running.run(element) == 3
        running.run(change)
        assert running.run(element) == 11


def test_the_end_leaves_variables_as_they_were():
    element = Dataset.range(1).make_one_shot_iterator().get_next()
    variable = tf.Variable(0, dtype=tf.int64)
    step = tf.group(variable.assign_add(1 + element))
    other = variable.assign_add(100)
    with session() as running:
        running.run(variable.initializer)
        running.run(step)
        with pytest.raises(tf.errors.OutOfRangeError):
            running.run([other, step])
        assert running.run(variable) == 1


def test_graph_of_another_graph():
    with tf.Graph().as_default():
        dataset = Dataset.range(3)
    with pytest.raises(ValueError, match="is different from the graph"):
        dataset.make_one_shot_iterator()


def test_optional():
    following = tf.data.experimental.get_next_as_optional(Dataset.range(1).make_one_shot_iterator())
    has, value = following.has_value(), following.get_value()
    with session() as running:
        assert running.run([has, value]) == [True, 0]
        assert not running.run(has)
        with pytest.raises(tf.errors.InvalidArgumentError, match="does not have a value"):
            running.run(value)


def test_nested_structures_and_what_describes_them():
    dataset = Dataset.from_tensor_slices({"a": [1, 2], "b": (np.ones((2, 3), np.float32), ["x", "y"])})
    assert dataset.output_types == {"a": tf.int32, "b": (tf.float32, tf.string)}
    assert dataset.element_spec["b"][0] == tf.TensorSpec([3], tf.float32)
    iterator = dataset.batch(2, drop_remainder=True).make_one_shot_iterator()
    assert iterator.output_shapes["b"][0].as_list() == [2, 3]
    assert iterator.get_next()["a"].shape.as_list() == [2]
    assert iterator.output_classes["a"] is tf.Tensor


# -- errors of programs --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Dataset.range(), ValueError, "between 1 and 3"),
        (lambda: Dataset.range(3).filter(lambda x: x), ValueError, "must return a `tf.bool` scalar"),
        (lambda: Dataset.range(3).flat_map(lambda x: x), TypeError, "must return a `Dataset` object"),
        (lambda: Dataset.range(3).map(lambda x: object()), TypeError, "Unsupported return value"),
        (lambda: Dataset.zip([Dataset.range(3)]), TypeError, "you should use `tuple`"),
        (lambda: Dataset.range(3).concatenate(Dataset.from_tensors(1.0)), TypeError, "Incompatible dataset elements"),
        (lambda: Dataset.range(3).unbatch(), ValueError, "Cannot unbatch an input with scalar components"),
        (lambda: Dataset.range(3).apply(lambda d: 1), TypeError, "must return a `tf.data.Dataset`"),
        (lambda: Dataset.from_tensor_slices(([1], [1, 2])), ValueError, "not compatible"),
        (lambda: Dataset.from_generator(3, tf.int64), TypeError, "must be a Python callable"),
        (lambda: Dataset.range(3).padded_batch(2, [3]), ValueError, "not compatible with the shape"),
        (lambda: Dataset.range(3).scan(np.int64(0), lambda s, x: x), TypeError, "should return a pair"),
        (lambda: Dataset.range(3).reduce(np.int64(0), lambda s, x: 1.0), TypeError, "types for the new state"),
        (lambda: tf.data.TFRecordDataset(1), TypeError, "must contain `tf.string`"),
        (lambda: iter(Dataset.range(3)), RuntimeError, "only supports Python-style iteration in eager mode"),
        (lambda: Dataset.range(3).take(1, name="no name"), ValueError, "valid identifier"),
    ],
)
def test_wrong_from_the_start(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Dataset.range(3).batch(0), "Batch size must be greater than zero"),
        (lambda: Dataset.range(3).shard(2, 2), "Index must be between 0 and 1"),
        (lambda: Dataset.range(3).shuffle(0), "must be greater than zero"),
        (lambda: Dataset.range(3).prefetch(-2), "buffer_size"),
        (lambda: Dataset.range(0, 3, 0), "step must be a non-zero"),
        (lambda: Dataset.range(3).window(0), "greater than zero"),
        (lambda: Dataset.range(3).interleave(Dataset.range, 0, 1), "greater than zero"),
    ],
)
def test_wrong_when_it_runs(make, words):
    iterator = make().make_initializable_iterator()
    with session() as running, pytest.raises(tf.errors.InvalidArgumentError, match=words):
        running.run(iterator.initializer)


def test_an_error_of_a_python_function_names_both_operations():
    def bad(_):
        raise ValueError("boo")

    element = Dataset.range(3).map(lambda x: tf.py_func(bad, [x], tf.int64)).make_one_shot_iterator().get_next()
    with session() as running, pytest.raises(tf.errors.InvalidArgumentError, match="boo") as caught:
        running.run(element)
    assert "{{node PyFunc}}" in caught.value.message
    assert "{{node IteratorGetNext}}" in caught.value.message
    assert caught.value.op is element.op


# -- threads -------------------------------------------------------------------------------------------


def test_prefetch_runs_ahead():
    seen, ahead = [], threading.Event()

    def numbers():
        for i in range(10):
            seen.append(i)
            if i == 3:
                ahead.set()
            yield i

    element = Dataset.from_generator(numbers, tf.int64, []).prefetch(4).make_one_shot_iterator().get_next()
    with session() as running:
        assert running.run(element) == 0
        assert ahead.wait(10)
        assert len(seen) < 8


def test_calls_at_the_same_time():
    both = threading.Barrier(2, timeout=10)

    def meet(x):
        both.wait()
        return x

    dataset = Dataset.range(4).map(lambda x: tf.py_func(meet, [x], tf.int64), num_parallel_calls=2)
    assert elements(dataset) == [0, 1, 2, 3]


def test_closing_the_session_wakes_who_waits():
    stop = threading.Event()

    def numbers():
        yield 1
        stop.wait(20)

    element = Dataset.from_generator(numbers, tf.int64, []).prefetch(1).make_one_shot_iterator().get_next()
    running, outcome, started = session(), [], threading.Event()
    assert running.run(element) == 1

    def wait():
        started.set()
        try:
            running.run(element)
        except tf.errors.OpError as error:
            outcome.append(type(error))

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    started.wait(10)
    threading.Event().wait(0.1)
    running.close()
    thread.join(10)
    stop.set()
    assert outcome == [tf.errors.CancelledError]


def test_time_runs_out():
    stop = threading.Event()

    def numbers():
        yield 1
        stop.wait(20)

    element = Dataset.from_generator(numbers, tf.int64, []).prefetch(1).make_one_shot_iterator().get_next()
    with session() as running:
        running.run(element)
        with pytest.raises(tf.errors.DeadlineExceededError):
            running.run(element, options=tf.RunOptions(timeout_in_ms=50))
        stop.set()


def test_a_generator_may_use_the_session():
    constant = tf.constant(5)
    running = session()
    made = Dataset.from_generator(lambda: (running.run(constant) for _ in range(2)), tf.int32, [])
    element = made.make_one_shot_iterator().get_next()
    assert [running.run(element), running.run(element)] == [5, 5]


def test_a_generator_that_nobody_goes_on_with_is_let_go():
    let_go = threading.Event()

    def numbers():
        try:
            while True:
                yield 1
        finally:
            let_go.set()

    element = Dataset.from_generator(numbers, tf.int64, []).make_one_shot_iterator().get_next()
    with session() as running:
        running.run(element)
    assert let_go.wait(10)


# -- on the frameworks ---------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", DIFFERENTIATING)
def test_training(backend):
    pytest.importorskip(backend)
    x = np.random.RandomState(0).rand(50, 3).astype(np.float32)
    y = x @ np.array([[1.0], [2.0], [3.0]], np.float32)
    dataset = Dataset.from_tensor_slices((x, y)).shuffle(50, seed=1).repeat().batch(10).prefetch(1)
    features, labels = dataset.make_one_shot_iterator().get_next()
    weights = tf.Variable(tf.zeros([3, 1]))
    loss = tf.reduce_mean(tf.square(tf.matmul(features, weights) - labels))
    step = tf.train.GradientDescentOptimizer(0.3).minimize(loss)
    with tf.Session(backend=backend) as running:
        running.run(tf.global_variables_initializer())
        losses = [running.run([loss, step])[0] for _ in range(60)]
    assert losses[0] > 5
    assert losses[-1] < 0.05


# -- files ---------------------------------------------------------------------------------------------


def test_cache_in_a_file(tmp_path):
    calls = []

    def counted(x):
        calls.append(int(x))
        return x

    prefix = str(tmp_path / "cache")
    dataset = Dataset.range(3).map(lambda x: tf.py_func(counted, [x], tf.int64)).cache(prefix)
    assert elements(dataset) == elements(dataset) == [0, 1, 2]
    assert calls == [0, 1, 2]
    assert (tmp_path / "cache.index").exists()


def test_written_and_read(tmp_path):
    path = str(tmp_path / "x.tfrecord")
    write = tf.data.experimental.TFRecordWriter(path).write(Dataset.from_tensor_slices(["a", "b"]))
    with session() as running:
        running.run(write)
    assert elements(tf.data.TFRecordDataset(path)) == [b"a", b"b"]


def test_features_of_files(tmp_path):
    path = str(tmp_path / "x.tfrecord")
    with tf.python_io.TFRecordWriter(path) as writer:
        for i in range(4):
            value = tf.train.Feature(int64_list=tf.train.Int64List(value=[i]))
            writer.write(tf.train.Example(features=tf.train.Features(feature={"x": value})).SerializeToString())
    made = tf.data.experimental.make_batched_features_dataset(
        path, 2, {"x": tf.FixedLenFeature([], tf.int64)}, shuffle=False, num_epochs=1
    )
    assert [batch["x"].tolist() for batch in elements(made)] == [[0, 1], [2, 3]]
