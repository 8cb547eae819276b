"""`tf.losses`, `tf.metrics`, `tf.confusion_matrix` and `tf.sets` against what TensorFlow built and computed."""

import json
from pathlib import Path

import loss_programs
import metric_programs
import numpy as np
import pytest
import stepping

import onevar
import onevar.v1 as tf
from onevar.core.context import eager_mode
from onevar.core.plan import Plan
from onevar.core.stages import stages_of

GOLDEN = Path(__file__).parent / "golden"
CHAPTERS = {
    "losses": (loss_programs.PROGRAMS, loss_programs.REFUSED),
    "metrics": (
        {name: lambda tf, name=name: metric_programs.built(tf, name) for name in metric_programs.PROGRAMS},
        metric_programs.REFUSED,
    ),
}
RECORDED = {name: json.loads((GOLDEN / f"{name}.json").read_text()) for name in CHAPTERS}
VALUES = {name: np.load(GOLDEN / f"{name}.npz") for name in CHAPTERS}
ALL = [pytest.param(c, n, id=f"{c}-{n}") for c, (programs, _) in CHAPTERS.items() for n in programs]
REFUSED = [pytest.param(c, n, id=f"{c}-{n}") for c, (_, refused) in CHAPTERS.items() for n in refused]


def alike(mine, real, where):
    mine = mine.astype("S") if mine.dtype == object else mine
    assert (mine.dtype.kind, mine.shape) == (real.dtype.kind, real.shape), where
    if mine.dtype.kind == "f":
        assert mine.dtype == real.dtype, where
        np.testing.assert_allclose(mine, real, rtol=2e-5, atol=1e-6, err_msg=where)
    else:
        np.testing.assert_array_equal(mine, real, err_msg=where)


def known(mine, real):
    """Whether we know of a shape what TensorFlow does, or more."""
    if real is None:
        return True
    return mine is not None and len(mine) == len(real) and all(n in (None, m) for m, n in zip(mine, real, strict=True))


@pytest.mark.parametrize(("chapter", "name"), ALL)
def test_programs(chapter, name):
    with onevar.use_backend("numpy"):
        program = CHAPTERS[chapter][0][name]
        built, values = stepping.run(tf, program, loss_programs.feeds, loss_programs.STEPS, gradients=False)
    real = RECORDED[chapter]["programs"][name]
    assert built["operations"] == stepping.kept(real["operations"])
    assert (built["variables"], built["listed"]) == (real["variables"], real["listed"])
    for mine, theirs in zip(built["shapes"], real["shapes"], strict=True):
        assert known(mine, theirs), (mine, theirs)
    for step, found in enumerate(values):
        for index, value in enumerate(found):
            where = f"{name}/{step}/{index}"
            if value is not None:
                alike(value, VALUES[chapter][where], where)


def shown(message):
    """A message without how the node and a set are written."""
    return message.split(" for '{{node")[0].split("frozenset")[0]


@pytest.mark.parametrize(("chapter", "name"), REFUSED)
def test_refused(chapter, name):
    with onevar.use_backend("numpy"):
        mine = stepping.refused(tf, CHAPTERS[chapter][1][name])
    real = RECORDED[chapter]["errors"][name]
    assert (mine[0], shown(mine[1])) == (real[0], shown(real[1]))


@pytest.mark.parametrize("name", loss_programs.FLOATS)
def test_eagerly(name):
    given = loss_programs.feeds(0)
    with onevar.use_backend("numpy"), eager_mode():
        loss = getattr(tf.losses, name)(given["y"], given["x"], **loss_programs.FLOATS[name])
        zero = getattr(tf.losses, name)(given["y"], given["x"], weights=0.0, **loss_programs.FLOATS[name])
    alike(np.asarray(loss), VALUES["losses"][f"{name}_sum_by_nonzero_weights/0/0"], name)
    assert zero == 0


def test_metrics_refuse_to_be_eager():
    message = "tf.metrics.mean is not supported when eager execution is enabled."
    with eager_mode(), pytest.raises(RuntimeError, match=message):
        tf.metrics.mean(np.ones(3))


def test_a_check_that_follows_from_shapes_is_done_while_compiling():
    """Weights of unknown shape take no plan apart, with gradients or without."""
    with tf.Graph().as_default():
        x, weights = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.float32, [None])
        labels = tf.placeholder(tf.int64, [None])
        loss = tf.losses.sparse_softmax_cross_entropy(labels, x, weights)
        for fetches in ([loss], [loss, tf.gradients(loss, x)[0]]):
            plan = Plan(fetches, [], [x, weights, labels])
            (stage,) = stages_of(plan)
            assert stage.whole
            assert not stage.host
