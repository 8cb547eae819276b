"""Candidate samplers draw what TensorFlow's draw, and the losses over them are TensorFlow's."""

import numpy as np
import pytest
from nn_sampling_programs import ERRORS, LOSSES, RUN_ERRORS, SAMPLERS

ALL = {**SAMPLERS, **LOSSES}


@pytest.mark.parametrize("name", ALL)
def test_same_graph(both, name):
    both.same_graph(ALL[name])


@pytest.mark.parametrize("name", ALL)
def test_same_values(both, name):
    both.same(ALL[name], graph=False, rtol=2e-6 if name in SAMPLERS else 2e-5)


@pytest.mark.parametrize("sampler", ["learned_unigram", "log_uniform", "uniform"])
def test_runs_go_on(both, sampler):
    found = []
    for tf in (both.ours, both.theirs):
        with tf.Graph().as_default(), tf.Session() as session:
            true = tf.placeholder(tf.int64, [None, 2])
            drawn = getattr(tf.nn, f"{sampler}_candidate_sampler")(true, 2, 5, True, 9, seed=3)
            runs = [session.run(drawn, {true: rows}) for rows in ([[1, 2]], [[1, 2], [3, 1]], [[0, 8]], [[1, 7]])]
            found.append(runs)
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_allclose(ours[1], theirs[1], rtol=2e-6)
        np.testing.assert_allclose(ours[2], theirs[2], rtol=2e-6)


def test_a_file_of_frequencies(both, tmp_path):
    path = tmp_path / "words.csv"
    path.write_text("the,10\nof,3.5\nzebra,1e-1\n")

    def program(tf):
        options = {"vocab_file": str(path), "distortion": 0.5, "seed": 5}
        return tuple(tf.nn.fixed_unigram_candidate_sampler([[1]], 1, 30, False, 3, **options))

    both.same(program, rtol=2e-6)


@pytest.mark.parametrize("name", ERRORS)
def test_same_errors(both, name):
    both.same_error(ERRORS[name])


@pytest.mark.parametrize("name", RUN_ERRORS)
def test_same_errors_of_runs(both, name):
    def run(tf):
        with tf.Session() as session:
            session.run(RUN_ERRORS[name](tf))

    both.same_error(run)
