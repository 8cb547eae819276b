"""Connectionist temporal classification against TensorFlow: losses, their gradients, decoders."""

import numpy as np
import pytest
from nn_ctc_programs import DECODERS, DENSE_LOSSES, ERRORS, FEEDS, LOSSES, RUN_ERRORS, x

from onevar import use_backend

OTHER_GRAPH = {"unique", "collapse"}  # loops; how often a shape is asked for


@pytest.mark.parametrize("name", LOSSES)
def test_same_graph(both, name):
    both.same_graph(lambda tf: LOSSES[name](tf, x(tf)))


@pytest.mark.parametrize("name", [name for name in DECODERS if name not in OTHER_GRAPH])
def test_same_graph_of_decoders(both, name):
    both.same_graph(DECODERS[name])


@pytest.mark.parametrize("name", [*LOSSES, *DENSE_LOSSES])
def test_same_loss(both, name):
    program = {**LOSSES, **DENSE_LOSSES}[name]
    both.same(lambda tf: program(tf, x(tf)), FEEDS, graph=False, rtol=1e-2 if name == "half" else 2e-5)


@pytest.mark.parametrize("name", DECODERS)
def test_same_decoded(both, name):
    both.same(DECODERS[name], FEEDS, graph=False, rtol=2e-5)


@pytest.mark.parametrize("name", [name for name in (*LOSSES, *DENSE_LOSSES) if name != "half"])
@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_same_gradient(both, name, backend):
    pytest.importorskip(backend)
    program = {**LOSSES, **DENSE_LOSSES}[name]
    found = []
    for tf in (both.ours, both.theirs):
        with use_backend(backend), tf.Graph().as_default(), tf.Session() as session:
            fed = x(tf)
            weighted = program(tf, fed) * [1.0, 2.0, 3.0]
            found.append(session.run([weighted, tf.gradients(weighted, fed)[0]], {fed: FEEDS["x"]}))
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
