"""A process that saves in a loop is killed again and again: the latest checkpoint is always complete."""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import onevar.v1 as tf

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kills processes")

KILLS = 12
SCRIPT = """
import sys
import numpy as np
import onevar.v1 as tf

folder, sharded, first = sys.argv[1], sys.argv[2] == "sharded", int(sys.argv[3])
step = tf.train.get_or_create_global_step()
a = tf.get_variable("a", initializer=np.zeros(50_000, np.int64))
s = tf.Variable(["0"] * 50, name="s")
go = tf.group(step.assign_add(1), a.assign_add(tf.ones_like(a)))
saver = tf.train.Saver(max_to_keep=2, sharded=sharded)
with tf.Session(backend="numpy") as session:
    session.run(tf.global_variables_initializer())
    latest = tf.train.latest_checkpoint(folder)
    if latest:
        saver.restore(session, latest)
        saver.recover_last_checkpoints(tf.train.get_checkpoint_state(folder).all_model_checkpoint_paths)
    print("ready", flush=True)
    while True:
        session.run(go)
        saver.save(session, folder + "/m", step)
        saver.save(session, folder + "/same")
"""


@pytest.mark.parametrize("layout", ["plain", "sharded"])
def test_kills(tmp_path, layout):
    chance, reached = random.Random(layout), 0
    for _ in range(KILLS):
        process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(tmp_path), layout, "0"], stdout=subprocess.PIPE)
        try:
            assert process.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0.0, 0.15))
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
            process.stdout.close()
        latest = tf.train.latest_checkpoint(tmp_path)
        if latest is None:  # It was killed before the first save.
            assert reached == 0
            continue
        values = loaded(latest)
        assert (values["a"] == values["global_step"]).all()
        assert values["global_step"] >= reached
        reached = int(values["global_step"])
        for entry in tf.train.get_checkpoint_state(tmp_path).all_model_checkpoint_paths:
            assert entry == latest or not tf.train.checkpoint_exists(entry) or loaded(entry)
    assert reached > KILLS


def loaded(path):
    with tf.Graph().as_default() as graph, tf.Session(graph=graph, backend="numpy") as session:
        variables = {
            "global_step": tf.train.get_or_create_global_step(),
            "a": tf.get_variable("a", initializer=np.zeros(50_000, np.int64)),
            "s": tf.Variable(["0"] * 50, name="s"),
        }
        tf.train.Saver().restore(session, path)
        return session.run(variables)
