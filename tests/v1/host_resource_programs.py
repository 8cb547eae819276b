"""Programs about queues, readers and tables: each takes `tf`, a folder and a Session, and says what it saw."""

import os
import re

import numpy as np

PROGRAMS = {}


def program(function):
    PROGRAMS[function.__name__] = function
    return function


def write_files(folder):
    """The files that the programs read."""
    contents = {
        "a.txt": b"h1\nl1\r\nl2\n\nlast", "b.txt": b"h2\nb1\n", "e.txt": b"", "cr.txt": b"a\rb\r\nc\r\r\n\r\n",
        "f.bin": b"HH" + bytes(range(10)) + b"FFF", "v.txt": b"brain\nsalad\nsurgery\n",
        "v2.txt": b"brain\t300\t1\nsalad\t20\t2\nsurgery\t7\t3\n", "hole.txt": b"a\n\nb",
    }  # fmt: skip
    for name, data in contents.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)


def plain(value, folder):
    """What JSON can hold of it; names that count up, and the folder, are left out."""
    if isinstance(value, dict):
        return {key: plain(item, folder) for key, item in sorted(value.items())}
    if hasattr(value, "_asdict") or isinstance(value, (list, tuple)):
        return [plain(item, folder) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist(), folder)
    if isinstance(value, bytes):
        value = value.decode("latin1")
    if isinstance(value, (bool, int, float, str)) or value is None:
        return re.sub(r"'_\d+_", "'_", value.replace(folder, "DIR")) if isinstance(value, str) else value
    return str(value)


def failed(error):
    """The type of an error, and what it says without the parts that name the node."""
    message = getattr(error, "message", None) or str(error)
    kept = [x for x in message.split("\n") if "[[{{" not in x and "defined at" not in x and not x.startswith("Node:")]
    return [type(error).__name__, kept[-1][:300]]


def tried(session, fetches):
    try:
        return session.run(fetches)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is what we compare)
        return failed(error)


def refused(function):
    try:
        function()
    except Exception as error:  # noqa: BLE001
        return failed(error)
    return None


def drained(tf, session, fetches, limit=30):
    """All values until the queues are empty."""
    session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    coordinator = tf.train.Coordinator()
    threads = tf.train.start_queue_runners(session, coordinator)
    seen = []
    try:
        while len(seen) < limit and not coordinator.should_stop():
            seen.append(session.run(fetches))
    except tf.errors.OutOfRangeError as error:
        # How much of a batch was there when the queue was closed is a matter of time.
        seen.append(re.sub(r"\(requested.*", "", failed(error)[1]))
    finally:
        coordinator.request_stop()
        coordinator.join(threads)
    return seen


@program
def fifo(tf, folder, session):
    queue = tf.FIFOQueue(10, [tf.float32, tf.int32], shapes=[[2], []], names=None)
    enqueue = queue.enqueue_many([np.arange(20, dtype=np.float32).reshape(10, 2), np.arange(10)])
    many, some, one = queue.dequeue_many(3), queue.dequeue_up_to(4), queue.dequeue()
    session.run(enqueue)
    seen = [many[0].shape, some[0].shape, one[1].shape, session.run(many), session.run(one), session.run(queue.size())]
    session.run(queue.close())
    seen += [session.run(some), session.run(some), session.run(queue.is_closed())]
    return seen + [tried(session, x) for x in (one, enqueue, many, some)]


@program
def kinds_of_queues(tf, folder, session):
    tf.set_random_seed(3)
    shuffled = tf.RandomShuffleQueue(100, 2, tf.int32, shapes=[()], seed=7)
    session.run(shuffled.enqueue_many([list(range(20))]))
    seen = [session.run(shuffled.dequeue_many(10)), session.run(shuffled.dequeue_many(8))]
    padded = tf.PaddingFIFOQueue(10, [tf.string, tf.float32], shapes=[(None,), (None, 2)])
    session.run(padded.enqueue([["a", "b"], [[1.0, 2.0]]]))
    session.run(padded.enqueue([["c"], [[3.0, 4.0], [5.0, 6.0]]]))
    seen.append(session.run(padded.dequeue_many(2)))
    first = tf.PriorityQueue(10, tf.string, shapes=[()])
    session.run(first.enqueue_many([[3, 1, 2], ["c", "a", "b"]]))
    seen.append(session.run(first.dequeue_many(3)))
    named = tf.FIFOQueue(10, [tf.int32, tf.string], names=["i", "s"])
    session.run(named.enqueue({"s": "x", "i": 4}))
    seen.append(session.run(named.dequeue()))
    other = tf.FIFOQueue(10, tf.int32)
    session.run(other.enqueue(5))
    seen.append(session.run(tf.QueueBase.from_list(tf.constant(1), [shuffled, other]).dequeue()))
    return seen


@program
def what_queues_refuse(tf, folder, session):
    queue = tf.FIFOQueue(10, [tf.float32, tf.int32], shapes=[(2,), ()])
    loose = tf.FIFOQueue(10, tf.float32)
    named = tf.FIFOQueue(10, [tf.int32], names=["i"])
    wild = tf.placeholder_with_default([1.0, 2.0, 3.0], None)
    seen = [
        refused(lambda: queue.enqueue(([1.0, 2.0, 3.0], 1))),
        refused(lambda: queue.enqueue_many(([[1.0, 2.0]], [1, 2]))),
        refused(lambda: named.enqueue(1)),
        refused(lambda: named.enqueue({"j": 1})),
        refused(lambda: queue.enqueue({"i": 1})),
        refused(lambda: tf.FIFOQueue(10, [tf.int32], shapes=[(None,)])),
        refused(lambda: tf.FIFOQueue(10, [tf.int32], shapes=[(), ()])),
        refused(lambda: tf.FIFOQueue(10, [tf.int32], names=["a", "b"])),
        refused(lambda: tf.PaddingFIFOQueue(10, [tf.int32], shapes=())),
        refused(lambda: tf.QueueBase.from_list(0, [])),
        refused(lambda: tf.QueueBase.from_list(0, [queue, loose])),
    ]
    seen += [tried(session, x) for x in (queue.enqueue((wild, 1)), loose.dequeue_many(1), loose.dequeue_many(0))]
    shared = [tf.FIFOQueue(capacity, tf.int32, shared_name="q") for capacity in (10, 15)]
    seen += [tried(session, q.size()) for q in shared]
    seen.append(tried(session, tf.RandomShuffleQueue(10, 2, tf.int32, shared_name="q").size()))
    return seen + [tried(session, tf.RandomShuffleQueue(10, least, tf.int32).size()) for least in (10, 9)]


@program
def producers(tf, folder, session):
    strings = tf.train.string_input_producer(["a", "b", "c"], num_epochs=2, seed=3)
    return drained(tf, session, strings.dequeue())


@program
def slices(tf, folder, session):
    both = tf.train.slice_input_producer([np.arange(6).reshape(3, 2), ["x", "y", "z"]], num_epochs=1, shuffle=False)
    return drained(tf, session, both)


@program
def batches(tf, folder, session):
    x = tf.train.range_input_producer(7, num_epochs=1, shuffle=False).dequeue()
    return drained(tf, session, tf.train.batch([x, tf.cast(x, tf.float32) * 2], 3, allow_smaller_final_batch=True))


@program
def shuffled_batches(tf, folder, session):
    tf.set_random_seed(11)
    x = tf.train.range_input_producer(12, num_epochs=1, seed=5).dequeue()
    return drained(tf, session, tf.train.shuffle_batch({"x": x}, 4, 50, 11, seed=9))


@program
def padded_batches(tf, folder, session):
    x = tf.train.range_input_producer(5, num_epochs=1, shuffle=False).dequeue()
    y = tf.range(x)
    y.set_shape([None])
    return drained(tf, session, tf.train.batch([y], 5, dynamic_pad=True))


@program
def chosen_batches(tf, folder, session):
    x = tf.train.range_input_producer(8, num_epochs=1, shuffle=False).dequeue_many(4)
    return drained(tf, session, tf.train.maybe_batch([x], tf.equal(x % 2, 0), 2, enqueue_many=True))


@program
def sparse_batches(tf, folder, session):
    x = tf.train.range_input_producer(4, num_epochs=1, shuffle=False).dequeue()
    sparse = tf.SparseTensor(tf.cast([[x]], tf.int64), [x], tf.constant([10], tf.int64))
    return drained(tf, session, tf.train.batch_join([[sparse, x]], 2))


@program
def what_batches_refuse(tf, folder, session):
    return [
        refused(lambda: tf.train.batch([tf.placeholder(tf.float32)], 2)),
        refused(lambda: tf.train.batch([tf.placeholder(tf.float32, [None])], 2)),
        refused(lambda: tf.train.batch([], 2)),
        refused(lambda: tf.train.shuffle_batch([1], 2, 10, 10)),
        refused(lambda: tf.train.batch_join([], 2)),
        refused(lambda: tf.train.maybe_batch([1], [True], 2)),
        refused(lambda: tf.train.string_input_producer([])),
        refused(lambda: tf.train.limit_epochs(1, 0)),
    ]


def read_all(tf, session, reader, files, up_to=None):
    queue = tf.FIFOQueue(10, tf.string, shapes=())
    pair = reader.read(queue) if up_to is None else reader.read_up_to(queue, up_to)
    session.run(queue.enqueue_many([files]))
    session.run(queue.close())
    seen = []
    for _ in range(15):
        seen.append(tried(session, [pair[0], pair[1]]))
        if isinstance(seen[-1][0], str):
            break
        seen.append(session.run([reader.num_records_produced(), reader.num_work_units_completed()]))
    return seen


@program
def readers(tf, folder, session):
    a, b, e, f, cr = [os.path.join(folder, name) for name in ("a.txt", "b.txt", "e.txt", "f.bin", "cr.txt")]
    return [
        read_all(tf, session, tf.TextLineReader(), [a, e, b, cr]),
        read_all(tf, session, tf.TextLineReader(skip_header_lines=1), [a, b]),
        read_all(tf, session, tf.WholeFileReader(), [a, e]),
        read_all(tf, session, tf.FixedLengthRecordReader(3, header_bytes=2, footer_bytes=3), [f]),
        read_all(tf, session, tf.FixedLengthRecordReader(4, header_bytes=2, footer_bytes=3, hop_bytes=2), [f]),
        read_all(tf, session, tf.IdentityReader(), ["x", "y"]),
        read_all(tf, session, tf.TextLineReader(), [a, b], up_to=3),
        read_all(tf, session, tf.FixedLengthRecordReader(5), [f, f], up_to=2),
        read_all(tf, session, tf.TextLineReader(), [os.path.join(folder, "nowhere")]),
    ]


@program
def records(tf, folder, session):
    path = os.path.join(folder, "r.tfr")
    with tf.python_io.TFRecordWriter(path) as writer:
        for i in range(3):
            writer.write(b"rec%d" % i)
    return read_all(tf, session, tf.TFRecordReader(), [path]), read_all(tf, session, tf.TFRecordReader(), [path], 2)


@program
def states_of_readers(tf, folder, session):
    reader, queue = tf.IdentityReader(), tf.FIFOQueue(10, tf.string)
    session.run(queue.enqueue_many([["X", "Y"]]))
    key, _ = reader.read(queue)
    seen = [session.run(reader.serialize_state()), session.run(key)]
    state = session.run(reader.serialize_state())
    seen += [state, session.run(key), session.run(reader.restore_state(state))]
    seen += [session.run(reader.num_records_produced()), session.run(reader.reset())]
    seen += [session.run(reader.serialize_state()), tried(session, reader.restore_state("bogus"))]
    lines = tf.TextLineReader()
    return seen + [tried(session, x) for x in (lines.serialize_state(), lines.restore_state(""))]


@program
def whole_files(tf, folder, session):
    made = os.path.join(folder, "new", "sub", "x")
    nowhere = os.path.join(folder, "nowhere")
    return [
        tried(session, tf.matching_files(os.path.join(folder, "[abe].t?t"))),
        tried(session, tf.matching_files([os.path.join(folder, "v*"), os.path.join(folder, "f*")])),
        tried(session, tf.matching_files(os.path.join(nowhere, "*"))),
        tried(session, tf.write_file(made, "abc\0\0")),
        tried(session, tf.read_file(made)),
        tried(session, tf.read_file(nowhere)),
    ]


def by_key(pair):
    keys, values = pair
    order = sorted(range(len(keys)), key=lambda i: keys[i])
    return [[keys[i], values[i]] for i in order]


@program
def static_tables(tf, folder, session):
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a", "b"], [1, 2]), -1)
    found = table.lookup(tf.constant([["a", "x"]]))
    seen = [tried(session, found), tried(session, table.export())]
    session.run(tf.tables_initializer())
    session.run(table.initializer)
    sparse = table.lookup(tf.SparseTensor([[0, 1], [2, 0]], ["b", "q"], [3, 3]))
    seen += [session.run(found), found.shape, session.run(table.size()), by_key(session.run(table.export()))]
    seen += [session.run(sparse), session.run(table[tf.constant("b")])]
    twice = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a", "a"], [1, 2]), -1)
    return [*seen, tried(session, twice.initializer), tried(session, twice.size())]


@program
def tables_of_files(tf, folder, session):
    index, text = tf.lookup.TextFileIndex, tf.lookup.TextFileInitializer
    v, v2 = os.path.join(folder, "v.txt"), os.path.join(folder, "v2.txt")
    makers = [
        lambda: text(v, tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER),
        lambda: text(v, tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER, vocab_size=2),
        lambda: text(v, tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER, vocab_size=4),
        lambda: text(v2, tf.string, 0, tf.int64, 1),
        lambda: text(v2, tf.string, 0, tf.int64, 7),
        lambda: text(v2, tf.string, 1, tf.int64, 0),
        lambda: text(v2, tf.string, 0, tf.int64, 1, delimiter="ab"),
        lambda: text(os.path.join(folder, "hole.txt"), tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER),
        lambda: text(os.path.join(folder, "e.txt"), tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER),
        lambda: text(os.path.join(folder, "nowhere"), tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER),
        lambda: text(v, tf.int64, index.LINE_NUMBER, tf.int64, index.LINE_NUMBER, value_index_offset=5),
        lambda: text("", tf.string, 0, tf.int64, 1),
        lambda: text("x", tf.string, index.LINE_NUMBER, tf.int64, 1),
        lambda: text("x", tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER, vocab_size=0),
    ]
    seen = []
    for make in makers:
        wrong = refused(make)
        if wrong is not None:
            seen.append(wrong)
            continue
        table = tf.lookup.StaticHashTable(make(), -1)
        done = tried(session, table.initializer)
        seen.append(done if done is not None else by_key(session.run(table.export())))
    return seen


@program
def vocabularies(tf, folder, session):
    path = os.path.join(folder, "v2.txt")
    table = tf.lookup.StaticVocabularyTable(tf.lookup.TextFileInitializer(path, tf.string, 0, tf.int64, 1), 2)
    found = table.lookup(tf.constant(["q", "brain", "r"]))
    alone = tf.lookup.StaticVocabularyTable(None, 3).lookup(tf.constant(["q", "r"]))
    session.run(table.initializer)
    return session.run(found), session.run(table.size()), session.run(alone)


@program
def mutable_tables(tf, folder, session):
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    session.run(table.insert(tf.constant(["a", "b"]), tf.constant([1, 2], tf.int64)))
    found = table.lookup(tf.constant([["a", "z"]]))
    seen = [found.shape, session.run(found), session.run(table.size()), by_key(session.run(table.export()))]
    session.run(table.remove(tf.constant(["a", "z"])))
    seen += [session.run(found), session.run(table.size())]
    rows = tf.lookup.experimental.MutableHashTable(tf.int64, tf.float32, [-1.0, -2.0])
    session.run(rows.insert(tf.constant([3, 4], tf.int64), tf.constant([[1.0, 2.0], [3.0, 4.0]])))
    return [*seen, session.run(rows.lookup(tf.constant([[4], [5]], tf.int64)))]


@program
def dense_tables(tf, folder, session):
    table = tf.lookup.experimental.DenseHashTable(tf.int64, tf.int64, -1, 0, -1, initial_num_buckets=4)
    session.run(table.insert(tf.constant([11, 12, 13, 14], tf.int64), tf.constant([0, 1, 2, 3], tf.int64)))
    session.run(table.remove(tf.constant([12, 15], tf.int64)))
    keys, values = session.run(table.export())
    pairs = sorted(zip(keys.reshape(-1).tolist(), values.reshape(-1).tolist(), strict=True))
    seen = [keys.shape, values.shape, pairs, session.run(table.size())]
    seen.append(session.run(table.lookup(tf.constant([11, 12], tf.int64))))
    bad = [
        table.lookup(tf.constant([-1], tf.int64)),
        table.insert(tf.constant([0], tf.int64), [tf.constant(1, tf.int64)]),
    ]
    return seen + [tried(session, x) for x in bad]


@program
def accumulators(tf, folder, session):
    mean = tf.ConditionalAccumulator(tf.float32, shape=(2,))
    applied = [mean.apply_grad([1.0, 2.0], local_step=step) for step in (0, 1, 0)]
    taken = mean.take_grad(2)
    session.run(applied)
    seen = [taken.shape, session.run(mean.num_accumulated()), session.run(taken), session.run(mean.num_accumulated())]
    session.run(applied)
    seen += [session.run(mean.num_accumulated()), tried(session, mean.take_grad(0))]
    sparse = tf.SparseConditionalAccumulator(tf.float32, shape=(None, 2))
    session.run(sparse.apply_grad([0, 2], [[1.0, 2.0], [3.0, 4.0]], [4, 2]))
    session.run(sparse.apply_grad([1, 2], [[1.0, 2.0], [3.0, 5.0]]))
    bad = [sparse.apply_grad([0, 1], [[1.0, 2.0]]), sparse.apply_grad([0], [[1.0, 2.0, 3.0]])]
    return seen + [tried(session, x) for x in bad] + list(session.run(sparse.take_indexed_slices_grad(2)))
