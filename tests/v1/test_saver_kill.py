"""A process that saves in a loop is killed again and again: the latest checkpoint is always complete."""

import os
import random
import signal
import time

import numpy as np
import pytest

import onevar.v1 as tf

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes")

KILLS = 40


def train(folder, sharded, ready):
    with tf.Graph().as_default() as graph, tf.Session(graph=graph, backend="numpy") as session:
        variables = declare()
        step, a = variables["global_step"], variables["a"]
        go = tf.group(step.assign_add(1), a.assign_add(tf.ones_like(a)))
        saver = tf.train.Saver(max_to_keep=2, sharded=sharded)
        session.run(tf.global_variables_initializer())
        latest = tf.train.latest_checkpoint(folder)
        if latest:
            saver.restore(session, latest)
            saver.recover_last_checkpoints(tf.train.get_checkpoint_state(folder).all_model_checkpoint_paths)
        os.write(ready, b"!")
        while True:
            session.run(go)
            saver.save(session, folder + "/m", step)
            saver.save(session, folder + "/same")


def declare():
    return {
        "global_step": tf.train.get_or_create_global_step(),
        "a": tf.get_variable("a", initializer=np.zeros(50_000, np.int64)),
        "s": tf.get_variable("s", initializer=["0"] * 50),
    }


def run_and_kill(folder, sharded, seconds):
    ready, child_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            train(folder, sharded, child_end)
        finally:
            os._exit(1)
    os.close(child_end)
    try:
        assert os.read(ready, 1) == b"!"
        time.sleep(seconds)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(ready)


@pytest.mark.parametrize("layout", ["plain", "sharded"])
def test_kills(tmp_path, layout):
    chance, reached = random.Random(layout), 0
    for _ in range(KILLS):
        run_and_kill(str(tmp_path), layout == "sharded", chance.uniform(0.0, 0.1))
        latest = tf.train.latest_checkpoint(tmp_path)
        if latest is None:  # It was killed before the first save.
            assert reached == 0
            continue
        values = loaded(latest)
        assert (values["a"] == values["global_step"]).all()
        assert values["global_step"] >= reached
        reached = int(values["global_step"])
        # One that is being removed has no index any more, or is complete.
        for entry in tf.train.get_checkpoint_state(tmp_path).all_model_checkpoint_paths:
            assert not tf.train.checkpoint_exists(entry) or loaded(entry)
    assert reached >= 3


def loaded(path):
    with tf.Graph().as_default() as graph, tf.Session(graph=graph, backend="numpy") as session:
        variables = declare()
        tf.train.Saver().restore(session, path)
        return session.run(variables)
