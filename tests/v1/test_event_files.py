"""Event files, `FileWriter`, and TensorBoard's own reader over them."""

import glob
import os
import threading
import warnings

import numpy as np
import pytest

pytest.importorskip("tensorboard")

from google.protobuf import text_format
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto import config_pb2, event_pb2, graph_pb2, summary_pb2

import onevar
import onevar.v1 as tf
from onevar.core.stages import stages_of
from onevar.v1.export import exported


@pytest.fixture(autouse=True)
def graph():
    with onevar.use_backend("numpy"), tf.Graph().as_default() as made:
        yield made


def events(folder):
    (path,) = glob.glob(f"{folder}/events.out.tfevents.*")
    return [event_pb2.Event.FromString(data) for data in RawEventFileLoader(path).Load()]


def number(tag, value):
    return summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag=tag, simple_value=value)])


def test_what_a_writer_writes(tmp_path, graph):
    a = tf.constant(1.0, name="a")
    tf.add(a, a, name="b")
    writer = tf.summary.FileWriter(str(tmp_path), graph)
    writer.add_session_log(tf.SessionLog(status=tf.SessionLog.START), 1)
    writer.add_summary(number("x", 2.0).SerializeToString(), np.int64(5))
    writer.add_summary(number("x", 3.0), global_step=6)
    report = config_pb2.RunMetadata()
    report.step_stats.dev_stats.add(device="here")
    writer.add_run_metadata(report, "run", 7)
    with pytest.raises(ValueError, match="The provided tag was already used for this event type"):
        writer.add_run_metadata(report, "run", 8)
    writer.add_event(tf.Event(wall_time=1.0, step=9))
    writer.close()
    found = events(tmp_path)
    assert found[0].file_version == "brain.Event:2"
    assert graph_pb2.GraphDef.FromString(found[1].graph_def) == graph.as_graph_def(add_shapes=True)
    assert found[2].meta_graph_def
    assert found[3].session_log.status == tf.SessionLog.START
    assert [(e.step, e.summary.value[0].simple_value) for e in found[4:6]] == [(5, 2.0), (6, 3.0)]
    assert config_pb2.RunMetadata.FromString(found[6].tagged_run_metadata.run_metadata) == report
    assert (found[7].wall_time, found[7].step) == (1.0, 9)
    assert [e.step for e in exported("train.summary_iterator")(writer.event_writer._thread._file.path)][3:] == [
        1, 5, 6, 7, 9,
    ]  # fmt: skip


def test_tensorboard_reads_it(tmp_path, graph):
    x = tf.placeholder(tf.float32, [None, 4, 4, 3])
    tf.summary.scalar("average", tf.reduce_mean(x))
    tf.summary.histogram("spread", x)
    tf.summary.image("picture", x, max_outputs=2)
    tf.summary.audio("sound", tf.zeros([1, 8]), 8000.0)
    tf.summary.text("said", tf.constant("hello"))
    merged = tf.summary.merge_all()
    with tf.Session() as session, tf.summary.FileWriter(str(tmp_path), session.graph) as writer:
        for step in range(3):
            writer.add_summary(session.run(merged, {x: np.full([2, 4, 4, 3], step, np.float32)}), step)
    read = EventAccumulator(str(tmp_path))
    read.Reload()
    assert [(e.step, e.value) for e in read.Scalars("average")] == [(0, 0.0), (1, 1.0), (2, 2.0)]
    assert read.Histograms("spread")[-1].histogram_value.num == 96
    assert [read.Images(f"picture/image/{i}")[0].width for i in range(2)] == [4, 4]
    assert read.Audio("sound/audio/0")[0].length_frames == 8
    assert read.Tensors("said")[0].tensor_proto.string_val == [b"hello"]
    assert {node.name for node in read.Graph().node} >= {"average", "spread", "picture", "Merge/MergeSummary"}


def test_metadata_are_written_once(tmp_path):
    writer = tf.summary.FileWriter(str(tmp_path))
    for _ in range(2):
        summary = number("x", 1.0)
        summary.value[0].metadata.plugin_data.plugin_name = "p"
        writer.add_summary(summary)
    writer.close()
    assert [e.summary.value[0].HasField("metadata") for e in events(tmp_path)[1:]] == [True, False]


def test_a_closed_writer_says_so_and_opens_again(tmp_path):
    writer = tf.summary.FileWriter(str(tmp_path), filename_suffix=".end")
    writer.close()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        writer.add_summary(number("x", 1.0))
        writer.flush()
    assert [w.category for w in said] == [UserWarning, UserWarning]
    writer.reopen()
    writer.add_summary(number("x", 2.0))
    writer.close()
    written = [e for path in glob.glob(f"{tmp_path}/*.end") for e in exported("train.summary_iterator")(path)]
    assert [e.summary.value[0].simple_value for e in written if e.summary.value] == [2.0]


def test_graphs_that_are_none(tmp_path, graph):
    writer = tf.summary.FileWriter(str(tmp_path))
    with pytest.raises(TypeError, match="The passed graph must be an instance of `Graph`"):
        writer.add_graph("no graph")
    with pytest.raises(ValueError, match="Please pass only graph, or graph_def"):
        writer.add_graph(graph, graph_def=graph.as_graph_def())
    writer.close()


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(tf.errors.FailedPreconditionError):
        tf.summary.FileWriter(str(tmp_path / "file" / "folder"))


def test_an_error_of_the_writing_thread_reaches_the_program(tmp_path):
    writer = tf.summary.FileWriter(str(tmp_path))
    writer.add_summary(number("x", 1.0))
    writer.flush()
    os.close(writer.event_writer._thread._file._file.fileno())
    writer.add_summary(number("x", 2.0))
    with pytest.raises(tf.errors.OpError):
        writer.flush()
    with pytest.raises(OSError, match="Bad file descriptor"):
        writer.close()


def test_many_threads_write(tmp_path):
    writer = tf.summary.FileWriter(str(tmp_path), max_queue=2)

    def write(start):
        for step in range(start, start + 50):
            writer.add_summary(number("x", step), step)

    threads = [threading.Thread(target=write, args=(50 * i,), daemon=True) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    writer.close()
    assert sorted(e.step for e in events(tmp_path)[1:]) == list(range(200))


def test_one_writer_a_folder(tmp_path):
    cache = tf.summary.FileWriterCache
    first, other = cache.get(str(tmp_path / "a")), cache.get(str(tmp_path / "b"))
    assert cache.get(str(tmp_path / "a")) is first
    assert other is not first
    cache.clear()
    assert cache.get(str(tmp_path / "a")) is not first
    cache.clear()


@pytest.mark.parametrize("backend", ["torch", "jax", "tensorflow"])
def test_summaries_do_not_split_the_step(backend):
    pytest.importorskip(backend)
    with onevar.use_backend(backend):
        x = tf.placeholder(tf.float32, [None, 3])
        w = tf.Variable(np.ones([3, 2], np.float32))
        tf.summary.histogram("weights", w)
        loss = tf.reduce_mean(tf.square(tf.matmul(x, w)))
        tf.summary.scalar("loss", loss)
        train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
        tf.summary.histogram("product", tf.matmul(x, w))
        merged = tf.summary.merge_all()
        with tf.Session() as session:
            session.run(w.initializer)
            seen = []
            for _ in range(3):
                _, serialized = session.run([train, merged], {x: np.ones([4, 3], np.float32)})
                seen.append(summary_pb2.Summary.FromString(serialized).value[0].histo.max)
            # The report on a variable is made of what it was when its turn came, compiled or not.
            assert seen[0] == 1.0 > seen[1] > seen[2]
            (executable,) = (e for e in session._plans.values() if e.runs == 3)
            assert sum(bool(stage.device) for stage in stages_of(executable.plan)) == 1


def test_projector_configuration(tmp_path):
    projector = exported("contrib.tensorboard.plugins.projector.ProjectorConfig")()
    projector.embeddings.add(tensor_name="words", metadata_path="words.tsv")
    writer = tf.summary.FileWriter(str(tmp_path))
    exported("contrib.tensorboard.plugins.projector.visualize_embeddings")(writer, projector)
    writer.close()
    text = (tmp_path / "projector_config.pbtxt").read_text()
    assert text_format.Parse(text, type(projector)()) == projector


def test_a_traced_run(tmp_path):
    import json

    x = tf.placeholder(tf.float32, [2])
    y = tf.add(x, x, name="double")
    report = tf.RunMetadata()
    with tf.Session() as session:
        options = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE, output_partition_graphs=True)
        session.run(y, {x: [1.0, 2.0]}, options=options, run_metadata=report)
        labels = [node.timeline_label for device in report.step_stats.dev_stats for node in device.node_stats]
        assert "double = AddV2(Placeholder, Placeholder)" in labels
        assert {node.name for node in report.partition_graphs[0].node} == {"Placeholder", "double"}
        session.run(y, {x: [1.0, 2.0]}, run_metadata=report)
        assert not report.HasField("step_stats")
        session.run(y, {x: [1.0, 2.0]}, options, report)
    trace = json.loads(exported("python.client.timeline.Timeline")(report.step_stats).generate_chrome_trace_format())
    assert {event["name"] for event in trace["traceEvents"] if event["ph"] == "X"} == {"AddV2"}
