"""What draws in TensorFlow 1 draws by the same law in Keras: quantiles of 60000 numbers, TensorFlow 1.15's recorded."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops
from law_cases import DRAWS, INITIALIZERS, SHAPED, SHAPES
from rewriting import STRIDE, Rewriting

GOLDEN = np.load(Path(__file__).parent / "golden" / "laws.npz")
LEVELS = [0.1, *(1.3 + 2.5 * step for step in range(40)), 99.9]


def wrong(text, wanted, drawn):
    """Return what is wrong with a sample, by its quantiles; the outermost ones are chance where a law has no end."""
    found = np.percentile(drawn, LEVELS)
    spread = max(wanted[30] - wanted[10], 1e-6)
    far = np.abs(found - wanted)[1:-1].max() / spread
    bounded = not ("random_normal" in text or "orthogonal" in text or "untruncated" in text)
    ends = np.abs(found - wanted)[[0, -1]].max() / spread if bounded else 0.0
    return None if far < 0.04 and ends < 0.04 else f"{text}: {far:.3f} of the spread, at the ends {ends:.3f}"


def rewritten(text):
    result = Rewriting(text)
    assert not result.left, result
    names = {"seed": keras.random.SeedGenerator(2), "ones": ops.ones((200, 300)), "keep": 0.75}
    for line in result.imports:
        exec(line, names)
    return result, names


@pytest.mark.parametrize("number", range(len(SHAPES)))
def test_initializers_have_tensorflows_laws(number):
    keras.utils.set_random_seed(3)
    problems = []
    for text in (SHAPED if number else INITIALIZERS)[::STRIDE]:
        result, names = rewritten(text)
        value = ops.convert_to_numpy(eval(result.text, names)(SHAPES[number], dtype="float32"))
        problems.append(wrong(text, GOLDEN[f"{text}|{number}"], value))
    assert not [problem for problem in problems if problem]


def test_draws_have_tensorflows_laws():
    problems = []
    for text in DRAWS:
        result, names = rewritten(text)
        problems.append(wrong(text, GOLDEN[text], ops.convert_to_numpy(eval(result.text, names))))
    assert not [problem for problem in problems if problem]


def test_a_dropout_whose_rate_is_fed_is_compiled(backend):
    """`keep_prob` is a placeholder in most programs of 2016; Keras's own dropout wants a number."""
    if backend != "jax":
        pytest.skip("only JAX compiles here")
    import jax

    result, names = rewritten("tf.nn.dropout(ones, keep)")
    drop = jax.jit(lambda keep, ones: eval(result.text, {**names, "keep": keep, "ones": ones, "seed": 1}))
    assert set(np.unique(drop(0.5, np.ones((20, 20), "float32")))) == {0.0, 2.0}
