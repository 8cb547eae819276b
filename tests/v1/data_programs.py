"""Programs of tf.data, for TensorFlow and for onevar alike: each returns a dataset of `tf` (`tf.compat.v1` or ours)."""

from collections.abc import Callable
from typing import Any

import numpy as np

PROGRAMS: dict[str, Callable[[Any, str], Any]] = {}
#: How many elements are asked for.
MOST = 40


def program(function: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    """Register a program: called with `tf` and a folder with files in it."""
    PROGRAMS[function.__name__] = function
    return function


def _add(name: str, function: Callable[[Any], Any]) -> None:
    PROGRAMS[name] = lambda tf, folder: function(tf)


_add("slices", lambda tf: tf.data.Dataset.from_tensor_slices(np.arange(6.0)))
_add("slices_dict", lambda tf: tf.data.Dataset.from_tensor_slices({"b": [1, 2], "a": ["x", "y"]}).batch(2))
_add("tensors_nested", lambda tf: tf.data.Dataset.from_tensors((1, {"c": [1.0, 2.0]}, (b"x", np.int64(3)))))
_add("range_step", lambda tf: tf.data.Dataset.range(10, 0, -3))
_add("range_int32", lambda tf: tf.data.Dataset.range(4, output_type=tf.int32))
_add("zip_nested", lambda tf: tf.data.Dataset.zip((tf.data.Dataset.range(3), {"a": tf.data.Dataset.range(5)})))
_add("concatenate", lambda tf: tf.data.Dataset.range(2).concatenate(tf.data.Dataset.range(3)))
_add("take_skip", lambda tf: tf.data.Dataset.range(9).skip(2).take(3))
_add("take_all", lambda tf: tf.data.Dataset.range(3).take(-1))
_add("skip_all", lambda tf: tf.data.Dataset.range(3).skip(-1))
_add("shard", lambda tf: tf.data.Dataset.range(10).shard(3, 1))
_add("repeat_0", lambda tf: tf.data.Dataset.range(3).repeat(0))
_add("repeat_2", lambda tf: tf.data.Dataset.range(3).repeat(2))
_add("repeat_forever", lambda tf: tf.data.Dataset.range(3).repeat())
_add("repeat_nothing", lambda tf: tf.data.Dataset.range(0).repeat())
_add("batch", lambda tf: tf.data.Dataset.range(7).batch(3))
_add("batch_drop", lambda tf: tf.data.Dataset.range(7).batch(3, drop_remainder=True))
_add("batch_parallel", lambda tf: tf.data.Dataset.range(7).batch(3, num_parallel_calls=2))
_add("shuffle_1", lambda tf: tf.data.Dataset.range(20).shuffle(5, seed=1))
_add("shuffle_big", lambda tf: tf.data.Dataset.range(20).shuffle(100, seed=7))
_add("shuffle_repeat", lambda tf: tf.data.Dataset.range(10).shuffle(10, seed=3).repeat(3))
_add("shuffle_same", lambda tf: tf.data.Dataset.range(10).shuffle(10, 3, reshuffle_each_iteration=False).repeat(3))
_add("repeat_shuffle", lambda tf: tf.data.Dataset.range(10).repeat(3).shuffle(4, seed=3))
_add("shuffle_and_repeat", lambda tf: tf.data.Dataset.range(10).apply(tf.data.experimental.shuffle_and_repeat(5, 3, 2)))
_add("shuffle_and_repeat_all", lambda tf: _forever(tf))
_add("cache_repeat", lambda tf: tf.data.Dataset.range(3).map(lambda x: x * 2).cache().repeat(2))
_add("map_pair", lambda tf: tf.data.Dataset.range(3).map(lambda x: (x + 1, tf.as_string(x))))
_add("map_list", lambda tf: tf.data.Dataset.range(3).map(lambda x: [x, x * x]))
_add("map_dict", lambda tf: tf.data.Dataset.range(3).map(lambda x: {"x": x, "y": (x, x)}))
_add(
    "map_of_dict",
    lambda tf: tf.data.Dataset.from_tensor_slices({"a": [1, 2], "b": [3, 4]}).map(lambda d: d["a"] + d["b"]),
)
_add("map_star", lambda tf: tf.data.Dataset.from_tensor_slices(([1, 2], [3, 4])).map(lambda a, b: a * b))
_add("map_parallel", lambda tf: tf.data.Dataset.range(9).map(lambda x: x * 2, num_parallel_calls=3))
_add("map_capture", lambda tf: _captured(tf))
_add("map_cond", lambda tf: tf.data.Dataset.range(5).map(lambda x: tf.cond(x > 2, lambda: x * 10, lambda: x)))
_add(
    "map_while", lambda tf: tf.data.Dataset.range(5).map(lambda x: tf.while_loop(lambda i: i < 7, lambda i: i + 3, [x]))
)
_add("map_py_func", lambda tf: tf.data.Dataset.range(4).map(lambda x: tf.py_func(lambda v: v * 3, [x], tf.int64)))
_add("map_random", lambda tf: tf.data.Dataset.range(4).map(lambda x: tf.random_uniform([2], seed=5)).repeat(2))
_add("map_random_graph_seed", lambda tf: _graph_seeded(tf))
_add("map_end", lambda tf: tf.data.Dataset.range(9).map(lambda x: _stops(tf, x)))
_add("filter", lambda tf: tf.data.Dataset.range(9).filter(lambda x: tf.equal(x % 3, 0)))
_add("flat_map", lambda tf: tf.data.Dataset.range(4).flat_map(lambda x: tf.data.Dataset.from_tensors(x).repeat(x)))
for _c, _b, _p in ((1, 1, None), (2, 2, None), (3, 1, None), (2, 3, 2), (3, 2, 1), (2, 1, 2)):
    _add(f"interleave_{_c}_{_b}_{_p}", lambda tf, c=_c, b=_b, p=_p: tf.data.Dataset.range(5).interleave(
        lambda x: tf.data.Dataset.from_tensors(x).repeat(x), c, b, p))  # fmt: skip
_add("parallel_interleave", lambda tf: tf.data.Dataset.range(5).apply(tf.data.experimental.parallel_interleave(
    lambda x: tf.data.Dataset.from_tensors(x).repeat(x), 2, 2)))  # fmt: skip
_add("window", lambda tf: tf.data.Dataset.range(7).window(3, 2).flat_map(lambda d: d.batch(3)))
_add("window_stride", lambda tf: tf.data.Dataset.range(9).window(3, 1, 2, True).flat_map(lambda d: d.batch(3)))
_add("window_pair", lambda tf: tf.data.Dataset.range(4).map(lambda x: (x, -x)).window(2).flat_map(
    lambda a, b: tf.data.Dataset.zip((a.batch(2), b.batch(2)))))  # fmt: skip
_add("enumerate", lambda tf: tf.data.Dataset.from_tensor_slices(["a", "b"]).enumerate(5))
_add("unbatch", lambda tf: tf.data.Dataset.range(6).batch(4).unbatch())
_add("prefetch", lambda tf: tf.data.Dataset.range(6).prefetch(2))
_add("scan", lambda tf: tf.data.Dataset.range(5).scan(np.int64(0), lambda s, x: (s + x, (s, x))))
_add("take_while", lambda tf: tf.data.Dataset.range(9).take_while(lambda x: x < 4))
_add("unique", lambda tf: tf.data.Dataset.from_tensor_slices([1, 2, 1, 3, 2]).unique())
_add("ignore_errors", lambda tf: tf.data.Dataset.from_tensor_slices([1.0, 0.0, 2.0]).map(
    lambda x: tf.check_numerics(1.0 / x, "no")).apply(tf.data.experimental.ignore_errors()))  # fmt: skip
_add("error_goes_on", lambda tf: tf.data.Dataset.from_tensor_slices([1.0, 0.0, 2.0]).map(
    lambda x: tf.check_numerics(1.0 / x, "no")))  # fmt: skip
_add("error_batch", lambda tf: tf.data.Dataset.range(3).map(lambda x: tf.fill([x + 1], x)).batch(3))
_add("padded", lambda tf: tf.data.Dataset.range(5).map(lambda x: tf.fill([x], x)).padded_batch(2, [None]))
_add("padded_value", lambda tf: tf.data.Dataset.range(5).map(lambda x: (tf.fill([x], x), tf.as_string(tf.fill([x], x)))
    ).padded_batch(2, ([6], [None]), (np.int64(-1), "?")))  # fmt: skip
_add("padded_small", lambda tf: tf.data.Dataset.range(5).map(lambda x: tf.fill([x], x)).padded_batch(5, [2]))
_add("padded_default", lambda tf: tf.data.Dataset.range(4).map(lambda x: tf.fill([x, 2], x)).padded_batch(3))
_add("group_by_window", lambda tf: tf.data.Dataset.range(11).apply(tf.data.experimental.group_by_window(
    lambda x: x % 3, lambda k, d: d.batch(2), 2)))  # fmt: skip
_add("bucket", lambda tf: _lengths(tf).apply(tf.data.experimental.bucket_by_sequence_length(
    lambda x: tf.shape(x)[0], [2, 4], [2, 2, 3])))  # fmt: skip
_add("bucket_boundary", lambda tf: _lengths(tf).apply(tf.data.experimental.bucket_by_sequence_length(
    lambda x: tf.size(x), [3, 6], [2, 2, 2], pad_to_bucket_boundary=True)))  # fmt: skip
_add("map_and_batch", lambda tf: tf.data.Dataset.range(7).apply(tf.data.experimental.map_and_batch(
    lambda x: (x, x * 2), 3, num_parallel_calls=2)))  # fmt: skip
_add("group_by_reducer", lambda tf: tf.data.Dataset.range(10).apply(tf.data.experimental.group_by_reducer(
    lambda x: x % 3, tf.data.experimental.Reducer(lambda _: np.int64(0), lambda s, x: s + x, lambda s: s
    ))))  # fmt: skip
_add("sample", lambda tf: tf.data.experimental.sample_from_datasets(
    [tf.data.Dataset.from_tensors(i).repeat(5) for i in range(3)], [0.2, 0.3, 0.5], seed=4))  # fmt: skip
_add("sample_uniform", lambda tf: tf.data.experimental.sample_from_datasets(
    [tf.data.Dataset.from_tensors(i).repeat(5) for i in range(3)], seed=4))  # fmt: skip
_add("choose", lambda tf: tf.data.experimental.choose_from_datasets(
    [tf.data.Dataset.from_tensors(i).repeat(3) for i in range(3)],
    tf.data.Dataset.from_tensor_slices(np.array([0, 1, 2, 2, 2, 2, 1], np.int64))))  # fmt: skip
_add("random_dataset", lambda tf: tf.data.experimental.RandomDataset(7).take(6))
_add("counter", lambda tf: tf.data.experimental.Counter(3, 2).take(4))
_add("rejection", lambda tf: tf.data.Dataset.from_tensor_slices(np.arange(30)).apply(
    tf.data.experimental.rejection_resample(lambda x: tf.cast(x % 2, tf.int32), [0.2, 0.8], [0.5, 0.5], seed=3
    )))  # fmt: skip
_add("sparse_slices", lambda tf: tf.data.Dataset.from_tensor_slices(_sparse(tf)))
_add("sparse_batch", lambda tf: tf.data.Dataset.from_tensor_slices(_sparse(tf)).batch(2))
_add("sparse_map", lambda tf: tf.data.Dataset.from_tensors(_sparse(tf)).map(lambda s: tf.sparse_tensor_to_dense(s)))
_add("sparse_out", lambda tf: tf.data.Dataset.range(3).map(lambda x: tf.SparseTensor([[0]], [x], [2])).batch(2))
_add(
    "sparse_parts",
    lambda tf: tf.data.Dataset.from_sparse_tensor_slices(tf.SparseTensor([[0, 0], [2, 1]], [1, 2], [3, 2])),
)
_add("dense_to_sparse", lambda tf: _lengths(tf).apply(tf.data.experimental.dense_to_sparse_batch(3, [7])))
_add("generator", lambda tf: tf.data.Dataset.from_generator(_count, tf.int64))
_add("generator_shapes", lambda tf: tf.data.Dataset.from_generator(_pairs, (tf.int32, tf.float32), ([], [None])))
_add(
    "generator_args", lambda tf: tf.data.Dataset.from_generator(lambda n: iter(range(n)), tf.int32, [], (3,)).repeat(2)
)
_add("generator_strings", lambda tf: tf.data.Dataset.from_generator(lambda: iter(["a", "bc"]), tf.string, []))
_add("generator_dict", lambda tf: tf.data.Dataset.from_generator(
    lambda: iter([{"a": 1, "b": [1.0]}]), {"a": tf.int32, "b": tf.float32}, {"a": [], "b": [1]}))  # fmt: skip
_add("generator_wrong_type", lambda tf: tf.data.Dataset.from_generator(lambda: iter([1, "x"]), tf.int64, []))
_add("generator_wrong_shape", lambda tf: tf.data.Dataset.from_generator(lambda: iter([[1], [1, 2]]), tf.int64, [1]))
_add("generator_raises", lambda tf: tf.data.Dataset.from_generator(_raising, tf.int64))
_add("reduce", lambda tf: tf.data.Dataset.from_tensors(
    tf.data.Dataset.range(5).reduce((np.int64(0), np.int64(1)), lambda s, x: (s[0] + x, s[1] * 2))))  # fmt: skip
_add("cardinality", lambda tf: tf.data.Dataset.from_tensors(tf.stack([
    tf.data.experimental.cardinality(d) for d in _sized(tf)])))  # fmt: skip
_add("single", lambda tf: tf.data.Dataset.from_tensors(
    tf.data.experimental.get_single_element(tf.data.Dataset.range(9).batch(9))))  # fmt: skip


@program
def text_lines(tf: Any, folder: str) -> Any:
    return tf.data.TextLineDataset([f"{folder}/a.txt", f"{folder}/b.txt"]).skip(1)


@program
def text_files(tf: Any, folder: str) -> Any:
    names = tf.data.Dataset.list_files(f"{folder}/*.txt", shuffle=False)
    return names.interleave(lambda name: tf.data.TextLineDataset(name), cycle_length=2)


@program
def list_shuffled(tf: Any, folder: str) -> Any:
    names = tf.data.Dataset.list_files(f"{folder}/*.txt", seed=3)
    return names.map(lambda name: tf.string_split([name], "/").values[-1])


@program
def records(tf: Any, folder: str) -> Any:
    return tf.data.TFRecordDataset(f"{folder}/x.tfrecord").repeat(2)


@program
def records_parallel(tf: Any, folder: str) -> Any:
    return tf.data.TFRecordDataset([f"{folder}/x.tfrecord", f"{folder}/y.tfrecord"], "", None, 2)


@program
def records_gzip(tf: Any, folder: str) -> Any:
    return tf.data.TFRecordDataset(f"{folder}/z.gz", compression_type="GZIP")


@program
def fixed(tf: Any, folder: str) -> Any:
    return tf.data.FixedLengthRecordDataset(f"{folder}/f.bin", 3, 2, 1)


@program
def csv(tf: Any, folder: str) -> Any:
    return tf.data.experimental.CsvDataset(f"{folder}/t.csv", [tf.int32, 0.5, [""]], header=True)


@program
def csv_made(tf: Any, folder: str) -> Any:
    return tf.data.experimental.make_csv_dataset(
        f"{folder}/t.csv", 2, label_name="c", shuffle=False, num_epochs=1, column_defaults=[1, 0.5, ""]
    )


@program
def missing_file(tf: Any, folder: str) -> Any:
    return tf.data.TextLineDataset(f"{folder}/none")


def write_files(folder: str, writer: Any, gzip: Any) -> None:
    """Write the files that programs read; `writer(path, options)` writes TFRecords, `gzip` are the options for it."""
    contents = {
        "a.txt": b"one\ntwo\r\n\nfour", "b.txt": b"x\ny\n", "f.bin": b"hhabcdeff",
        "t.csv": b'a,b,c\n1,,x\n2,3.5,"y,z"\n',
    }  # fmt: skip
    for name, content in contents.items():
        with open(f"{folder}/{name}", "wb") as file:
            file.write(content)
    for name, records_, options in (
        ("x.tfrecord", (b"1", b"22"), None),
        ("y.tfrecord", (b"3",), None),
        ("z.gz", (b"g",), gzip),
    ):
        with writer(f"{folder}/{name}", options) as file:
            for record in records_:
                file.write(record)


def _forever(tf: Any) -> Any:
    return tf.data.Dataset.range(4).apply(tf.data.experimental.shuffle_and_repeat(6, seed=2))


def _captured(tf: Any) -> Any:
    outside = tf.constant(10, tf.int64)
    return tf.data.Dataset.range(3).map(lambda x: x + outside)


def _graph_seeded(tf: Any) -> Any:
    tf.set_random_seed(11)
    first = tf.data.Dataset.range(4).shuffle(4)
    second = tf.data.Dataset.range(4).map(lambda x: (tf.random_uniform([]), tf.random_normal([])))
    return tf.data.Dataset.zip((first, second))


def _stops(tf: Any, x: Any) -> Any:
    def value(v: Any) -> Any:
        if v == 3:
            raise StopIteration
        return v

    return tf.py_func(value, [x], tf.int64)


def _lengths(tf: Any) -> Any:
    lengths = np.array([1, 5, 2, 3, 1, 4, 5, 2, 2, 1], np.int64)
    return tf.data.Dataset.from_tensor_slices(lengths).map(lambda n: tf.fill([n], n))


def _sparse(tf: Any) -> Any:
    return tf.SparseTensorValue(
        np.array([[0, 0], [1, 1], [1, 2]], np.int64), np.array([1.0, 2.0, 3.0]), np.array([3, 3])
    )


def _count() -> Any:
    yield from range(4)


def _pairs() -> Any:
    for i in range(3):
        yield i, [float(i)] * i


def _raising() -> Any:
    yield 1
    raise ValueError("broken")


def _sized(tf: Any) -> list[Any]:
    base = tf.data.Dataset.range(10)
    return [
        base, base.repeat(), base.filter(lambda x: x > 1), base.batch(3), base.batch(3, True), base.take(4),
        base.skip(4), base.concatenate(base), base.shard(3, 0), base.window(3), base.repeat(3), base.map(lambda x: x),
        base.shuffle(3),
        base.prefetch(1), base.flat_map(lambda x: tf.data.Dataset.range(x)), tf.data.Dataset.zip((base, base.take(2))),
    ]  # fmt: skip


def outcome(tf: Any, name: str, folder: str, session: Callable[..., Any]) -> dict[str, Any]:
    """Return what a program's dataset gives, and what it is made of."""
    with tf.Graph().as_default() as graph:
        dataset = PROGRAMS[name](tf, folder)
        operations = [(op.type, op.name) for op in graph.get_operations()]
        spec = [str(tf.data.get_output_types(dataset)), str(tf.data.get_output_shapes(dataset))]
        following = tf.data.make_initializable_iterator(dataset)
        element = following.get_next()
        values: list[Any] = []
        with session(graph=graph) as running:
            running.run(following.initializer)
            for _ in range(MOST):
                try:
                    values.append(_plain(running.run(element)))
                except tf.errors.OutOfRangeError:
                    values.append("END")
                    break
                except tf.errors.OpError as error:
                    values.append([type(error).__name__, _said(error.message)])
                    if len(values) > 6:
                        break
    return {"operations": operations, "spec": spec, "values": values}


def _said(message: str) -> str:
    """Return what an error says, without where in whose code it happened."""
    lines = [line for line in message.splitlines() if line[:1] not in (" ", "\t", "")]
    return "\n".join(line for line in lines if not line.startswith(("Detected at", "Graph execution", "Traceback")))


def agree(ours: Any, theirs: Any) -> bool:
    """Whether two outcomes are the same; of errors TensorFlow's may say more."""
    pairs = isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs) == 2
    if pairs and str(ours[0]).endswith("Error"):
        return ours[0] == theirs[0] and ours[1].splitlines()[0] in theirs[1]
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(agree, ours, theirs))
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return set(ours) == set(theirs) and all(agree(ours[key], theirs[key]) for key in ours)
    return ours == theirs


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(value[key]) for key in sorted(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    array = np.asarray(value)
    if array.dtype.kind == "f":
        return [str(array.dtype), np.asarray(array, np.float64).round(6).tolist()]
    if array.dtype.kind in "OSU":
        return [
            "str",
            np.vectorize(lambda s: s.decode() if isinstance(s, bytes) else str(s), otypes=[object])(array).tolist()
            if array.size
            else [],
        ]
    return [str(array.dtype), array.tolist()]
