"""Programs that are interrupted: what they leave can be continued from, and what went wrong is said."""

import os
import re
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parents[1] / "examples" / "programs"
sys.path.append(str(PROGRAMS / "tools"))

import running  # noqa: E402
from table import BY_NAME  # noqa: E402

BACKEND = next((name for name in ("torch", "jax", "tensorflow") if find_spec(name)), None)
pytestmark = pytest.mark.skipif(BACKEND is None, reason="no framework is here that can train")
SESSION_LOOP = """
import sys
import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 3])
w = tf.get_variable("w", [3, 2000], initializer=tf.ones_initializer())
same = tf.get_variable("same", [], initializer=tf.zeros_initializer())
step = tf.train.get_or_create_global_step()
with tf.control_dependencies([tf.assign_add(same, 1.0)]):
    train = tf.train.GradientDescentOptimizer(1e-3).minimize(tf.reduce_sum(tf.matmul(x, w)), global_step=step)
saver = tf.train.Saver(max_to_keep=3)
folder = sys.argv[1]
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    latest = tf.train.latest_checkpoint(folder)
    if latest:
        saver.restore(sess, latest)
        print("restored %d %d" % tuple(sess.run([step, same])), flush=True)
        if len(sys.argv) > 2:
            sys.exit(0)
    while True:
        sess.run(train, {x: np.ones([2, 3])})
        path = saver.save(sess, folder + "/model", global_step=step)
        print("saved", path, flush=True)
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    for module in ("sklearn", "tensorboard", "six"):
        pytest.importorskip(module)
    return running.prepare(tmp_path_factory.mktemp("data") / "data")


def start(folder, script, *arguments):
    """Start a program, its output and its errors in one pipe."""
    return subprocess.Popen(
        [sys.executable, "-m", "onevar", "run", "--backend", BACKEND, str(script), *map(str, arguments)],
        cwd=folder, env={**os.environ, **running.ENVIRONMENT}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, preexec_fn=_heeding_interrupts,
    )  # fmt: skip


def _heeding_interrupts():
    """Undo what shells do to what runs in the background, and children inherit: it would ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def until(process, text):
    """Read what a process prints, to the line in which a pattern is found."""
    seen = []
    for line in process.stdout:
        seen.append(line)
        if re.search(text, line):
            return "".join(seen)
    raise AssertionError(f"{text!r} never came:\n{''.join(seen)}")


def finish(process):
    out, _ = process.communicate(timeout=300)
    return process.returncode, out


def gan(folder, steps):
    return start(folder, BY_NAME["dcgan_monitored"].path, "--max_steps", steps)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_a_monitored_session_goes_on_where_it_was_stopped(number, data, tmp_path):
    process = gan(tmp_path, 100000)
    try:
        until(process, "step 30: d ")
        process.send_signal(number)
        status, out = finish(process)
    finally:
        process.kill()
    assert status != 0
    assert "Traceback" in out if number == signal.SIGINT else status == -number
    status, out = finish(gan(tmp_path, 50))
    assert status == 0, out
    first = int(re.search(r"session made at step (\d+)", out)[1])
    assert 20 <= first < 100 and first % 20 == 0  # it saves every 20 steps
    assert "restored model.ckpt-" in out


def test_kill_while_saving_leaves_a_whole_checkpoint(tmp_path):
    script = tmp_path / "loop.py"
    script.write_text(SESSION_LOOP)
    last = 0
    for seconds in (0.0, 0.013, 0.031):
        process = start(tmp_path, script, tmp_path / "saved")
        try:
            if last:
                # Both variables are of one step, and nothing that had been saved is lost.
                found = until(process, "restored")
                step, same = map(int, re.search(r"restored (\d+) (\d+)", found).groups())
                assert step == same >= last
            for _ in range(3):
                last = int(re.search(r"model-(\d+)", until(process, "saved"))[1])
            time.sleep(seconds)
        finally:
            process.kill()
            process.communicate(timeout=60)
    status, out = finish(start(tmp_path, script, tmp_path / "saved", "look"))
    assert status == 0 and "restored" in out, out


def test_a_full_disk_is_an_error_and_old_checkpoints_stay(tmp_path):
    resource = pytest.importorskip("resource")
    script = tmp_path / "loop.py"
    script.write_text(SESSION_LOOP)
    saved = tmp_path / "saved"
    process = start(tmp_path, script, saved)
    try:
        until(process, "saved")
    finally:
        process.kill()
        process.communicate(timeout=60)
    before = (saved / "checkpoint").read_text()
    # Where no file may grow beyond 8 kB, its data do not fit; nobody is sent a signal for that.
    limited = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)); "
        "from onevar.cli import main; main()"
    )
    assert resource.getrlimit(resource.RLIMIT_FSIZE)
    done = subprocess.run(
        [sys.executable, "-c", limited, "run", "--backend", BACKEND, str(script), str(saved)],
        cwd=tmp_path, env={**os.environ, **running.ENVIRONMENT, "PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True,
        text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert re.search(r"File too large|No space left", done.stderr), done.stderr
    assert str(saved) in done.stderr
    assert (saved / "checkpoint").read_text() == before
    status, out = finish(start(tmp_path, script, saved, "look"))
    assert status == 0 and "restored" in out, out


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    script = tmp_path / "loop.py"
    script.write_text(SESSION_LOOP)
    (tmp_path / "file").write_text("not a folder")
    status, out = finish(start(tmp_path, script, tmp_path / "file" / "saved"))
    assert status == 1
    assert str(tmp_path / "file") in out.splitlines()[-1] or str(tmp_path / "file") in out
    assert "Error" in out
    assert (tmp_path / "file").read_text() == "not a folder"


def test_an_error_in_a_reader_thread_reaches_the_program(data, tmp_path):
    broken = tmp_path / "data" / "iris"
    broken.mkdir(parents=True)
    for path in (data / "iris").iterdir():
        (broken / path.name).write_bytes(path.read_bytes())
    lines = (broken / "iris_training.csv").read_text().splitlines()
    lines[80] = "5.0,3.4,1.5"
    (broken / "iris_training.csv").write_text("\n".join(lines))
    status, out = finish(start(tmp_path, BY_NAME["iris_csv_queue"].path))
    assert status == 1
    assert "Expect 5 fields but have 3 in record 0" in out
    assert "InvalidArgumentError" in out
