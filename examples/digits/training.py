"""Trains the same program on one framework after the other, and compares what came out."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from data import Digits, batches
from model import DEVICE, Classifier

from onevar import functionalize
from onevar.core.registry import adapter, installed
from onevar.errors import Unsupported

#: In the order of the tables; the first is what the others are compared with.
FRAMEWORKS = ("numpy", "torch", "jax", "tensorflow")
SEED, EPOCHS, BATCH, RATE, MOMENTUM = 0, 30, 64, 0.1, 0.9


@dataclass(slots=True)
class Run:
    """What one framework made of it.

    Attributes:
        backend: The framework.
        seconds: Of the training loop alone; imports, and a first epoch on another model to warm up, are not in it.
        losses: One for each step.
        final_loss: Of all the training images, after the last step.
        accuracy: Share of the test images that are classified rightly.
        predictions: `(n,)` class numbers of the test images.
        weights: Name to the final value.
        gradient: Largest difference between the gradient by hand and the framework's own, or None.
        lacks: Why there is no gradient of the framework's own, or `""`.
        model: The trained model.
    """

    backend: str
    seconds: float
    losses: np.ndarray
    final_loss: float
    accuracy: float
    predictions: np.ndarray
    weights: dict[str, np.ndarray]
    gradient: float | None
    lacks: str
    model: Classifier = field(repr=False)


def missing() -> dict[str, str]:
    """Return the frameworks that are not installed, each with what to do about it."""
    here = installed()
    return {name: f'not installed: pip install "onevar[{name}]"' for name in FRAMEWORKS if name not in here}


def steps(train: Digits) -> int:
    """Return the number of steps that `run` takes."""
    return EPOCHS * (len(train) // BATCH)


def run(backend: str, train: Digits, test: Digits, on_step: Callable[[], object]) -> Run:
    """Train on one framework.

    Args:
        backend: Name of the framework.
        train: To learn from.
        test: To judge by.
        on_step: Called after each step.
    """
    a = adapter(backend)

    def tensor(x: np.ndarray) -> Any:
        return a.convert(x, device=DEVICE)

    def number(x: Any) -> float:
        return float(a.to_numpy(x))

    warm_up = Classifier(backend, seed=SEED)
    for x, y in batches(train, size=BATCH, epochs=1):
        warm_up.step(tensor(x), tensor(y), rate=RATE, momentum=MOMENTUM)

    model = Classifier(backend, seed=SEED)
    x, y = tensor(train.pixels), tensor(train.one_hot)
    gradient, lacks = check_gradient(model, x, y)
    losses = []
    clock = time.perf_counter()
    for batch_x, batch_y in batches(train, size=BATCH, epochs=EPOCHS):
        losses.append(number(model.step(tensor(batch_x), tensor(batch_y), rate=RATE, momentum=MOMENTUM)))
        on_step()
    seconds = time.perf_counter() - clock
    predictions = a.to_numpy(model.predict(tensor(test.pixels)))
    return Run(
        backend=backend,
        seconds=seconds,
        losses=np.array(losses),
        final_loss=number(model.loss(x, y)),
        accuracy=float((predictions == test.labels).mean()),
        predictions=predictions,
        weights={w.name: w.numpy() for w in model.weights},
        gradient=gradient,
        lacks=lacks,
        model=model,
    )


def check_gradient(model: Classifier, x: Any, y: Any) -> tuple[float | None, str]:
    """Return the largest difference between the gradient by hand and the framework's own.

    Where the framework has none: None, and the adapter's sentence that says why.
    """
    a = adapter(model.w1.backend)
    pure = functionalize(model.loss, model.weights)
    try:
        _, own = a.value_and_grad(lambda *values: pure(values, x, y)[0], [w.value for w in model.weights])
    except Unsupported:
        return None, a.lacks["gradients"]
    _, by_hand = model.loss_and_gradients(x, y)
    return largest(a.to_numpy(mine) - a.to_numpy(theirs) for mine, theirs in zip(by_hand, own, strict=True)), ""


def largest(differences: Any) -> float:
    """Return the largest absolute value in any of the arrays."""
    return max(float(np.abs(d).max()) for d in differences)


def weights_apart(one: Run, other: Run) -> float:
    """Return the largest difference between the final weights of two runs."""
    return largest(one.weights[name] - other.weights[name] for name in one.weights)


def losses_apart(one: Run, other: Run) -> float:
    """Return the largest difference between the losses of two runs, over all steps."""
    return largest([one.losses - other.losses])
