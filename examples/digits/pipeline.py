"""One classification that crosses from framework to framework, with what each border copied.

The addresses on both sides are asked of the frameworks themselves, not of onevar.
"""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from data import Digits
from model import DEVICE
from training import FRAMEWORKS, Run

import onevar
from onevar.core.registry import adapter


@dataclass(frozen=True, slots=True)
class Border:
    """What happened where a tensor crossed.

    Attributes:
        what: The tensor.
        source: The framework that it came from.
        target: The framework that it went to.
        nbytes: Its size in bytes.
        copied: Bytes that were copied: 0 if the address is the same on both sides.
        address: On the source's side.
        said: What `onevar.explain` had said before.
        microseconds: Of the crossing, the best of several calls.
    """

    what: str
    source: str
    target: str
    nbytes: int
    copied: int
    address: int
    said: str
    microseconds: float


@dataclass(frozen=True, slots=True)
class Mixed:
    """What the mixed pipeline found.

    Attributes:
        stages: `(framework, what it did)`, in order.
        borders: In order.
        predictions: `(n,)` class numbers.
        probabilities: `(n, 10)`.
    """

    stages: list[tuple[str, str]]
    borders: list[Border]
    predictions: np.ndarray
    probabilities: np.ndarray

    @property
    def copied(self) -> int:
        """Bytes copied at all borders together."""
        return sum(border.copied for border in self.borders)


def address(x: Any) -> int:
    """Return where the first element of a tensor lies, in the framework's own words."""
    if hasattr(x, "data_ptr"):
        return x.data_ptr()  # torch
    if hasattr(x, "unsafe_buffer_pointer"):
        return x.unsafe_buffer_pointer()  # jax
    return np.asarray(x).__array_interface__["data"][0]  # NumPy, and TensorFlow's view for NumPy


def cross(what: str, x: Any, target: str, borders: list[Border]) -> Any:
    """Give `x`, a tensor or Variable, to the framework `target`, and note what happened.

    Where the memory cannot be shared (NumPy's own arrays may lie less aligned than others demand) it is
    copied, and the note says so.
    """
    said = onevar.explain(x, target)
    held = x.value if isinstance(x, onevar.Variable) else x
    send = onevar.share if said.zero_copy else onevar.copy
    shared = send(x, target)
    times = []
    for _ in range(20):
        clock = time.perf_counter()
        send(x, target)
        times.append(time.perf_counter() - clock)
    nbytes = int(np.prod(said.shape)) * np.dtype(said.dtype).itemsize
    here, there = address(held), address(shared)
    copied = 0 if here == there else nbytes
    route = f"zero-copy ({said.route})" if said.zero_copy else f"copy: {said.reason}"
    borders.append(Border(what, said.source, target, nbytes, copied, here, route, min(times) * 1e6))
    return shared


def classify(runs: dict[str, Run], test: Digits) -> Mixed:
    """Prepare the images in one framework, compute features in a second, scores in a third, classes in a fourth.

    The weights come from a model that was trained in yet another framework, and cross too. With
    fewer frameworks installed, those that are here take turns.
    """
    here = [name for name in FRAMEWORKS if name in runs]
    prepare, extract, score, decide = (here[i % len(here)] for i in range(4))
    borders: list[Border] = []

    # State held in NumPy lies aligned, as JAX and TensorFlow want it, so that it can always be lent.
    pixels = onevar.Variable(test.pixels, name="pixels", backend=prepare, device=DEVICE, trainable=False)

    x = cross("pixels", pixels, extract, borders)
    w1 = cross("w1", runs[score].model.w1, extract, borders)
    b1 = cross("b1", runs[score].model.b1, extract, borders)
    features = adapter(extract).kernels["tanh"](x @ w1 + b1)

    features = cross("features", features, score, borders)
    w2 = cross("w2", runs[decide].model.w2, score, borders)
    b2 = cross("b2", runs[decide].model.b2, score, borders)
    logits = features @ w2 + b2

    logits = cross("scores", logits, decide, borders)
    k = adapter(decide).kernels
    exponents = k["exp"](logits - k["max"](logits, 1, True))
    probabilities = exponents / k["sum"](exponents, 1, True)

    back = cross("probabilities", probabilities, prepare, borders)
    result = adapter(prepare).to_numpy(back)
    stages = [
        (prepare, "holds the pixels"),
        (extract, f"features, with weights trained in {score}"),
        (score, f"scores, with weights trained in {decide}"),
        (decide, "probabilities"),
        (prepare, "classes"),
    ]
    return Mixed(stages, borders, result.argmax(1), result)
