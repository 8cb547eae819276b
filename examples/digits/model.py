"""A classifier of two layers, written once, for every framework that has an adapter.

It needs Python's operators on `onevar.Variable`s and a few kernels of the adapter (`exp`, `log`,
`tanh`, ...). The gradient is written out by hand, so that NumPy, which has no automatic
differentiation, can train too; `training.check_gradient` compares it with the framework's own.
"""

from typing import Any

from onevar import Variable, initializers
from onevar.core.registry import adapter

Tensor = Any
PIXELS, HIDDEN, CLASSES = 64, 48, 10
DEVICE = "cpu:0"


class Classifier:
    """`softmax(tanh(x @ w1 + b1) @ w2 + b2)`, trained by gradient descent with momentum.

    Args:
        backend: Name of the framework that holds the weights and computes.
        seed: Of the initial weights; the same seed gives the same weights on every framework.
    """

    def __init__(self, backend: str, *, seed: int = 0):
        self.k = adapter(backend).kernels
        draw = initializers.GlorotUniform
        made = {
            "w1": Variable(draw(seed), (PIXELS, HIDDEN), name="w1", backend=backend, device=DEVICE),
            "b1": Variable("zeros", (HIDDEN,), name="b1", backend=backend, device=DEVICE),
            "w2": Variable(draw(seed + 1), (HIDDEN, CLASSES), name="w2", backend=backend, device=DEVICE),
            "b2": Variable("zeros", (CLASSES,), name="b2", backend=backend, device=DEVICE),
        }
        self.w1, self.b1, self.w2, self.b2 = made.values()
        self.weights: list[Variable] = list(made.values())
        self.velocities: list[Variable] = [
            Variable("zeros", w.shape, trainable=False, name=f"{w.name}_velocity", backend=backend, device=DEVICE)
            for w in self.weights
        ]

    def features(self, x: Tensor) -> Tensor:
        """Return `(n, 48)` features of `(n, 64)` pixels."""
        return self.k["tanh"](x @ self.w1 + self.b1)

    def logits(self, features: Tensor) -> Tensor:
        """Return `(n, 10)` scores of `(n, 48)` features."""
        return features @ self.w2 + self.b2

    def predict(self, x: Tensor) -> Tensor:
        """Return `(n,)` class numbers of `(n, 64)` pixels."""
        return self.k["argmax"](self.logits(self.features(x)), 1)

    def loss(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the mean cross entropy, a scalar, for `(n, 64)` pixels and `(n, 10)` one-hot classes."""
        return self._cross_entropy(self._log_softmax(self.logits(self.features(x))), y)

    def loss_and_gradients(self, x: Tensor, y: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the loss, and its gradient for each of `weights`, by the chain rule written out."""
        k, count = self.k, x.shape[0]
        features = self.features(x)
        log_p = self._log_softmax(self.logits(features))
        d_logits = (k["exp"](log_p) - y) / float(count)
        d_features = d_logits @ _transposed(k, self.w2.value)
        d_hidden = d_features * (1.0 - features * features)
        gradients = [
            _transposed(k, x) @ d_hidden,
            k["sum"](d_hidden, 0),
            _transposed(k, features) @ d_logits,
            k["sum"](d_logits, 0),
        ]
        return self._cross_entropy(log_p, y), gradients

    def step(self, x: Tensor, y: Tensor, *, rate: float, momentum: float) -> Tensor:
        """Move the weights once down the gradient, in place; return the loss before it."""
        loss, gradients = self.loss_and_gradients(x, y)
        for weight, velocity, gradient in zip(self.weights, self.velocities, gradients, strict=True):
            velocity.assign(velocity * momentum + gradient)
            weight.assign_sub(velocity * rate)
        return loss

    def _log_softmax(self, logits: Tensor) -> Tensor:
        k = self.k
        shifted = logits - k["max"](logits, 1, True)  # or exp would overflow for large scores
        return shifted - k["log"](k["sum"](k["exp"](shifted), 1, True))

    def _cross_entropy(self, log_p: Tensor, y: Tensor) -> Tensor:
        return self.k["mean"](self.k["sum"](-(y * log_p), 1))


def _transposed(k: Any, matrix: Tensor) -> Tensor:
    return k["permute_dims"](matrix, (1, 0))
