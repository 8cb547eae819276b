"""Connectionist temporal classification against TensorFlow: losses, their gradients, decoders."""

import numpy as np
import pytest
from nn_ctc_programs import DECODERS, DENSE_LOSSES, ERRORS, FEEDS, LOSSES, RUN_ERRORS, x

from onevar import use_backend

ALL = {**LOSSES, **DENSE_LOSSES}
OTHER_GRAPH = {"unique", "collapse"}  # loops; how often a shape is asked for


@pytest.mark.parametrize("name", LOSSES)
def test_same_graph(both, name):
    both.same_graph(lambda tf: LOSSES[name](tf, x(tf)))


@pytest.mark.parametrize("name", [name for name in DECODERS if name not in OTHER_GRAPH])
def test_same_graph_of_decoders(both, name):
    both.same_graph(DECODERS[name])


@pytest.mark.parametrize("name", ALL)
def test_same_loss(both, name):
    both.same(lambda tf: ALL[name](tf, x(tf)), FEEDS, graph=False, rtol=1e-2 if name == "half" else 2e-5)


@pytest.mark.parametrize("name", DECODERS)
def test_same_decoded(both, name):
    both.same(DECODERS[name], FEEDS, graph=False, rtol=2e-5)


#: What a gradient is computed of: of everything, but JAX compiles each function that it meets.
GRADIENTS = {"torch": [name for name in ALL if name != "half"], "jax": ["plain", "not_merged"]}


@pytest.mark.parametrize("backend", GRADIENTS)
def test_same_gradients(both, backend):
    pytest.importorskip(backend)
    found = []
    for tf in (both.ours, both.theirs):
        with use_backend(backend), tf.Graph().as_default(), tf.Session() as session:
            fed = x(tf)
            losses = [tf.cast(ALL[name](tf, fed), tf.float32) * [1.0, 2.0, 3.0] for name in GRADIENTS[backend]]
            gradients = [tf.gradients(loss, fed)[0] for loss in losses]
            found.append(session.run(losses + gradients, {fed: FEEDS["x"]}))
    for mine, real in zip(*found, strict=True):
        np.testing.assert_allclose(mine, real, rtol=2e-5, atol=5e-6)


@pytest.mark.parametrize("name", ERRORS)
def test_same_errors(both, name):
    both.same_error(ERRORS[name])


@pytest.mark.parametrize("name", RUN_ERRORS)
def test_same_errors_of_runs(both, name):
    def run(tf):
        with tf.Session() as session:
            session.run(RUN_ERRORS[name](tf))

    both.same_error(run)
