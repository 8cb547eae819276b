"""`tf.nn` against TensorFlow: the same operations, static shapes, values and errors."""

import pytest
from nn_programs import ACTIVATIONS, DROPOUT, EMBEDDING, ERRORS, FEEDS, LOSSES, OTHER_GRAPH, SAFE

ALL = {
    f"{chapter}-{name}": one
    for chapter, programs in {
        "activations": ACTIVATIONS,
        "losses": LOSSES,
        "dropout": DROPOUT,
        "embedding": EMBEDDING,
        "other": {**OTHER_GRAPH, **SAFE},
    }.items()
    for name, one in programs.items()
}


@pytest.mark.parametrize("name", [name for name in ALL if not name.startswith("other-")])
def test_same_graph(both, name):
    both.same_graph(ALL[name])


@pytest.mark.parametrize("name", ALL)
def test_same_values(both, name):
    both.same(ALL[name], FEEDS, graph=False, rtol=2e-5, atol=2e-6)


WORDS = "bias_format softmax_axis softmax_both dropout_rate dropout_keep dropout_none no_labels sigmoid_shapes"


@pytest.mark.parametrize("name", ERRORS)
def test_same_errors(both, name):
    ours, theirs = both.same_error(ERRORS[name])
    if name in WORDS.split():
        assert str(ours) == str(theirs)
