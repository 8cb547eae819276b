"""Programs about what stands around a training loop: each takes `tf` and says what it saw.

Recorded in TensorFlow 1.15, the last one with `tf.contrib`, on Python 3.7: no newer syntax here.
"""

import glob
import logging
import os
import shutil
import tempfile
import threading
from contextlib import contextmanager
from unittest import mock

PROGRAMS = {}


def program(function):
    PROGRAMS[function.__name__] = function
    return function


def error(function, *args, **kwargs):
    """The type and the first line of what is raised."""
    try:
        function(*args, **kwargs)
    except Exception as problem:  # noqa: BLE001 (whatever it is, it is what we compare)
        return [type(problem).__name__, str(problem).partition("\n")[0]]
    return ["nothing"]


@contextmanager
def folder():
    path = tempfile.mkdtemp()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def logged():
    """What is logged at level INFO, without folders."""
    lines = []

    class Keep(logging.Handler):
        def emit(self, record):
            lines.append(record.getMessage())

    logger, handler = logging.getLogger("tensorflow"), Keep()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def files(path):
    return sorted(name for name in os.listdir(path) if "tfevents" not in name)


def events(tf, path):
    """The events of a folder: which kind, and the tags and values of summaries."""
    tf.summary.FileWriterCache.clear()
    found = []
    for name in sorted(glob.glob(os.path.join(path, "*tfevents*"))):
        for event in tf.train.summary_iterator(name):
            values = [[v.tag, round(float(v.simple_value), 4)] for v in event.summary.value]
            found.append([event.WhichOneof("what"), event.step, event.session_log.status, values])
    return found


def counting(tf, by=1):
    """The global step, and an operation that counts it on."""
    step = tf.train.get_or_create_global_step()
    return step, tf.assign_add(step, by)


def spy(tf, said):
    class Spy(tf.train.SessionRunHook):
        def __init__(self, name):
            self.name = name

        def begin(self):
            said.append([self.name, "begin"])

        def after_create_session(self, session, coord):
            said.append([self.name, "after_create_session", type(coord).__name__])

        def before_run(self, run_context):
            said.append([self.name, "before_run", run_context.original_args.feed_dict is None])
            return tf.train.SessionRunArgs({"three": tf.get_default_graph().get_tensor_by_name("three:0")})

        def after_run(self, run_context, run_values):
            said.append([self.name, "after_run", int(run_values.results["three"]), run_context.stop_requested])

        def end(self, session):
            said.append([self.name, "end"])

    return Spy


@program
def hooks_are_called_in_order(tf):
    said = []
    tf.constant(3, name="three")
    with tf.train.MonitoredSession(hooks=[spy(tf, said)(name) for name in "ab"]) as session:
        session.run("three:0")
        said.append(session.should_stop())
    said.append(session.should_stop())
    said.append(error(session.close))
    return said


@program
def an_exception_skips_the_end(tf):
    said = []
    tf.constant(3, name="three")

    def run():
        with tf.train.MonitoredSession(hooks=[spy(tf, said)("a")]):
            raise KeyError("mine")

    return [error(run), said]


@program
def the_end_of_the_input_is_no_error(tf):
    tf.constant(3, name="three")
    said = []
    for end in (StopIteration("enough"), tf.errors.OutOfRangeError(None, None, "no more")):
        with tf.train.MonitoredSession(hooks=[spy(tf, said)("a")]):
            raise end
    return said


@program
def stopping_at_a_step(tf):
    found = []
    step, count = counting(tf)
    for hook in (tf.train.StopAtStepHook(num_steps=4), tf.train.StopAtStepHook(last_step=7)):
        with tf.train.SingularMonitoredSession(hooks=[hook]) as session:
            runs = 0
            while not session.should_stop():
                session.run(count)
                runs += 1
            found.append([runs, int(session.raw_session().run(step)), error(session.run, count)])
    return [found, error(tf.train.StopAtStepHook), error(tf.train.StopAtStepHook, 1, 2)]


@program
def a_lost_session_is_made_again(tf):
    with folder() as path:
        _, count = counting(tf)

        class Loses(tf.train.SessionRunHook):
            left = 3

            def before_run(self, run_context):
                self.left -= 1
                if self.left == 0:
                    raise tf.errors.AbortedError(None, None, "gone")

        scaffold = tf.train.Scaffold()
        hooks = [Loses(), tf.train.CheckpointSaverHook(path, save_steps=1, scaffold=scaffold)]
        creator = tf.train.ChiefSessionCreator(scaffold, checkpoint_dir=path)
        with tf.train.MonitoredSession(creator, hooks) as session:
            return [int(session.run(count)) for _ in range(5)]


@program
def feeds_that_collide(tf):
    x = tf.placeholder(tf.float32, [], name="x")

    def feeding(value):
        return tf.train.FeedFnHook(lambda: {x: value})

    with tf.train.MonitoredSession(hooks=[feeding(2.0)]) as session:
        found = [float(session.run(x)), error(session.run, x, {x: 1.0})[0]]
    with tf.train.MonitoredSession(hooks=[feeding(2.0), feeding(3.0)]) as session:
        found.append(error(session.run, x)[0])
    return found


@program
def checkpoints_and_events_of_a_training_session(tf):
    with folder() as path:
        _, count = counting(tf)
        tf.summary.scalar("count", tf.constant(5.0))
        with tf.train.MonitoredTrainingSession(
            checkpoint_dir=path, save_checkpoint_steps=3, save_summaries_steps=None, log_step_count_steps=None
        ) as session:
            for _ in range(7):
                session.run(count)
        first = files(path)
        with tf.train.MonitoredTrainingSession(checkpoint_dir=path, log_step_count_steps=None) as session:
            again = int(session.run(tf.get_default_graph().get_tensor_by_name("global_step:0")))
        kinds = [event[0] for event in events(tf, path)]
        return [first, again, files(path), sorted(set(kinds))]


@program
def listeners(tf):
    said = []

    class Listener(tf.train.CheckpointSaverListener):
        def begin(self):
            said.append("begin")

        def before_save(self, session, global_step_value):
            said.append(["before", int(global_step_value)])

        def after_save(self, session, global_step_value):
            said.append(["after", int(global_step_value)])
            return global_step_value >= 4

        def end(self, session, global_step_value):
            said.append(["end", int(global_step_value)])

    with folder() as path:
        _, count = counting(tf)
        scaffold = tf.train.Scaffold()
        hook = tf.train.CheckpointSaverHook(path, save_steps=2, scaffold=scaffold, listeners=[Listener()])
        with tf.train.MonitoredSession(tf.train.ChiefSessionCreator(scaffold), [hook]) as session:
            while not session.should_stop():
                session.run(count)
    return [
        said,
        error(tf.train.CheckpointSaverHook, "x"),
        error(tf.train.CheckpointSaverHook, "x", 1, 2),
        error(tf.train.CheckpointSaverHook, "x", 1, saver=1, scaffold=2),
    ]


@program
def lines_of_a_log(tf):
    x = tf.constant([1.5, 1e-7], name="x")
    y = tf.constant(0.1, name="y")
    hooks = [
        tf.train.LoggingTensorHook([x, y], every_n_iter=2),
        tf.train.LoggingTensorHook({"why": "y:0", "ex": "x"}, at_end=True),
        tf.train.LoggingTensorHook(["y"], every_n_iter=3, formatter=lambda values: str(round(float(values["y"]), 2))),
    ]
    with logged() as lines, tf.train.MonitoredSession(hooks=hooks) as session:
        for _ in range(3):
            session.run(x)
    return [
        [line.partition(" (")[0] for line in lines if "=" in line or line == "0.1"],
        error(tf.train.LoggingTensorHook, ["x"]),
        error(tf.train.LoggingTensorHook, ["x"], 1, 1),
        error(tf.train.LoggingTensorHook, ["x"], 0),
    ]


@program
def steps_per_second(tf):
    with folder() as path, mock.patch("time.time") as clock:
        clock.return_value = 1000.0
        _, count = counting(tf)
        hook = tf.train.StepCounterHook(output_dir=path, every_n_steps=5)
        with tf.train.MonitoredSession(hooks=[hook]) as session:
            for _ in range(12):
                clock.return_value += 0.25
                session.run(count)
        return [event for event in events(tf, path) if event[3]]


@program
def summaries_every_so_often(tf):
    with folder() as path:
        _, count = counting(tf)
        summary = tf.summary.scalar("one", tf.constant(1.0))
        hook = tf.train.SummarySaverHook(save_steps=4, output_dir=path, summary_op=summary)
        with tf.train.MonitoredSession(hooks=[hook]) as session:
            for _ in range(3):
                session.run(count)
        return [
            [event[:3] for event in events(tf, path)][1:3],
            error(tf.train.SummarySaverHook),
            error(tf.train.SummarySaverHook, 1, 2, summary_op=3),
        ]


@program
def a_loss_that_is_no_number(tf):
    loss = tf.constant(1.0) * float("nan")
    with tf.train.MonitoredSession(hooks=[tf.train.NanTensorHook(loss, fail_on_nan_loss=False)]) as session:
        session.run(loss)
        stopped = session.should_stop()

    def run():
        with tf.train.MonitoredSession(hooks=[tf.train.NanTensorHook(loss)]) as session:
            session.run(loss)

    return [stopped, error(run)]


@program
def final_values_and_steps_of_several_runs(tf):
    x = tf.placeholder(tf.int64, [], name="x")
    final = tf.train.FinalOpsHook([x + 1, x * 2], {x: 3})
    with tf.train.MonitoredSession(hooks=[final]) as session:
        before = final.final_ops_values
        ran = int(session.run_step_fn(lambda step_context: step_context.run_with_hooks(x, {x: 5})))
        raw = int(session.run_step_fn(lambda step_context: step_context.session.run(x, {x: 6})))
        wrong = error(session.run_step_fn, lambda context: None)
        end = error(session.run_step_fn, lambda step_context: step_context.request_stop())
    return [before, ran, raw, wrong, end, [int(value) for value in final.final_ops_values]]


@program
def what_a_scaffold_makes(tf):
    tf.Variable(1, name="mine")
    tf.Variable(2, name="local", collections=[tf.GraphKeys.LOCAL_VARIABLES])
    scaffold = tf.train.Scaffold().finalize()
    with tf.Session() as session:
        missing = [sorted(x.decode() for x in session.run(op)) for op in (
            scaffold.ready_op, scaffold.ready_for_local_init_op)]  # fmt: skip
        session.run([scaffold.init_op, scaffold.local_init_op])
        missing.append(session.run(scaffold.ready_op).tolist())
    names = [op.name for op in tf.get_default_graph().get_operations() if not op.name.startswith("save")]
    return [missing, names, error(tf.constant, 1), error(tf.train.Scaffold, copy_from_scaffold=3)]


@program
def a_session_that_is_not_ready(tf):
    v = tf.Variable(1, name="v")
    tf.Variable(2, name="w")
    ready = tf.report_uninitialized_variables()
    manager = tf.train.SessionManager(ready_op=ready, recovery_wait_secs=0.01)
    session, restored = manager.recover_session("")
    session.close()
    return [
        error(manager.prepare_session, ""),
        error(manager.prepare_session, "", init_op=v.initializer)[0],
        restored,
        error(manager.wait_for_session, "", max_wait_secs=0.03),
        error(tf.train.SessionManager, ready_for_local_init_op=ready)[0],
    ]


@program
def a_supervised_program(tf):
    with folder() as path:
        step, count = counting(tf)
        tf.summary.scalar("one", tf.constant(1.0))
        supervisor = tf.train.Supervisor(logdir=path, summary_op=None, save_model_secs=0, save_summaries_secs=0)
        merged = tf.get_default_graph().get_collection(tf.GraphKeys.SUMMARIES)[0]
        with supervisor.managed_session() as session:
            for _ in range(4):
                session.run(count)
            supervisor.summary_computed(session, session.run(merged))
            supervisor.saver.save(session, supervisor.save_path, global_step=supervisor.global_step)
        kinds = events(tf, path)
        with supervisor.managed_session(start_standard_services=False) as session:
            again = int(session.run(step))
        return [kinds, again, files(path), supervisor.should_stop()]


@program
def a_supervisor_that_fails(tf):
    v = tf.Variable(1, name="v")
    tf.Variable(2, name="w")
    supervisor = tf.train.Supervisor(init_op=v.initializer)

    def run():
        with supervisor.managed_session():
            raise AssertionError("not reached")

    found = [error(run)[0], error(supervisor.summary_computed, None, b"")]

    def user():
        with tf.train.Supervisor(graph=tf.Graph()).managed_session(start_standard_services=False):
            raise KeyError("mine")

    return [*found, error(user)]


@program
def threads_that_stop_together(tf):
    coord = tf.train.Coordinator()

    def work(problem):
        with coord.stop_on_exception():
            if problem:
                raise problem
            coord.wait_for_stop()

    threads = [threading.Thread(target=work, args=(p,), daemon=True) for p in (None, KeyError("first"))]
    for thread in threads:
        thread.start()
    found = [error(coord.join, threads), coord.joined]
    coord.clear_stop()
    coord.request_stop(tf.errors.OutOfRangeError(None, None, "done"))
    found += [error(coord.join, threads), coord.should_stop()]
    calls = []
    coord = tf.train.Coordinator()
    looper = tf.train.LooperThread.loop(coord, 0.001, target=lambda: (calls.append(1), coord.request_stop()))
    coord.join([looper])
    return [
        *found,
        len(calls) > 0,
        error(tf.train.LooperThread, None, 1),
        error(tf.train.LooperThread, coord, 1, args=[1]),
    ]


def _short(seconds):
    threading.Event().wait(0.01)


@program
def waiting_for_a_step(tf):
    step, _ = counting(tf)
    hook = tf.train.GlobalStepWaiterHook(wait_until_step=5)
    with tf.Session() as session, mock.patch("time.sleep", _short):
        hook.begin()
        session.run(tf.assign(step, 2))
        context = tf.train.SessionRunContext(None, session)
        waiter = threading.Thread(target=hook.before_run, args=(context,), daemon=True)
        waiter.start()
        waits = waiter.is_alive()
        session.run(tf.assign(step, 6))
        waiter.join(10)
        return [waits, waiter.is_alive()]
