"""`onevar verify` does not take a loss of Keras's for that of a model's own training step."""

import keras
import pytest

from onevar.keras.recording import _has_own_loss


class Own(keras.Model):
    def train_step(self, *args):
        return {}


class Computes(Own):
    def compute_loss(self, *args, **kwargs):
        return 0.0


@pytest.mark.parametrize(("kind", "loss", "own"), [(Own, None, True), (Own, "mse", False), (Computes, None, False)])
def test_whose_loss_it_is(kind, loss, own):
    model = kind()
    model.compile("sgd", loss)
    assert _has_own_loss(model) is own
    plain = keras.Sequential([keras.layers.Dense(1)])
    plain.compile("sgd")
    assert not _has_own_loss(plain)
