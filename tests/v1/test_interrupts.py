"""Ctrl-C in a step is heard after it, and the variables are there to be saved."""

import signal

import numpy as np
import pytest

import onevar
import onevar.v1 as tf
from onevar.core import executable
from onevar.core.interrupts import WHOLE


@pytest.fixture(autouse=True)
def _python_hears_signals():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupted(*actions):
    """Run actions inside `WHOLE`, and say which were reached when Ctrl-C was heard."""
    reached = []

    def run():
        for action in actions:
            action()
            reached.append(action)

    with pytest.raises(KeyboardInterrupt), WHOLE:
        run()
    return len(reached)


def ctrl_c():
    signal.raise_signal(signal.SIGINT)


def test_it_waits_and_a_second_one_does_not():
    assert interrupted(ctrl_c, int, int) == 3
    assert interrupted(ctrl_c, int, ctrl_c, int) == 2
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_within_another_one():
    def inner():
        with WHOLE:
            ctrl_c()

    assert interrupted(inner, int) == 2


def test_handlers_of_the_program_wait_too():
    heard = []
    signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    with WHOLE:
        ctrl_c()
        assert not heard
    assert heard == [signal.SIGINT]


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_the_step_is_done(backend, monkeypatch):
    pytest.importorskip(backend)
    with onevar.use_backend(backend), tf.Graph().as_default(), tf.Session() as session:
        v = tf.get_variable("v", [3], initializer=tf.zeros_initializer())
        step = tf.train.GradientDescentOptimizer(1.0).minimize(tf.reduce_sum(v))
        session.run(tf.global_variables_initializer())
        for _ in range(3):
            session.run(step)
        called = executable.Executable._called

        def interrupting(*args):
            ctrl_c()
            return called(*args)

        # Where steps are traced, they go through this method.
        monkeypatch.setattr(executable.tracing, "ACTIVE", [None])
        monkeypatch.setattr(executable.Executable, "_called", staticmethod(interrupting))
        with pytest.raises(KeyboardInterrupt):
            session.run(step)
        monkeypatch.undo()
        np.testing.assert_array_equal(session.run(v), np.float32([-4.0] * 3))
