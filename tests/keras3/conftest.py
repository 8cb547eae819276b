"""Tests of living inside Keras 3, on the backend that `KERAS_BACKEND` names: run the folder once for each.

KERAS_BACKEND=torch python -m pytest tests/keras3
"""

import os
from importlib.util import find_spec

import pytest

# Keras has one backend a process, and the other tests use several.
if not find_spec("keras") or "KERAS_BACKEND" not in os.environ:
    collect_ignore_glob = ["*"]

BACKEND = os.environ.get("KERAS_BACKEND", "numpy")
#: onevar computes where Keras does.
os.environ["ONEVAR_BACKEND"] = BACKEND


def pytest_report_header():
    return f"Keras's backend: {BACKEND}"


@pytest.fixture
def backend():
    """The name of Keras's backend."""
    return BACKEND


@pytest.fixture
def trains(backend):
    """For tests that train."""
    if backend == "numpy":
        pytest.skip("Keras's NumPy backend has no gradients, and no fit")


@pytest.fixture(autouse=True)
def fresh():
    """Each test has names, graphs and layers of its own."""
    import keras

    import onevar.v1 as tf

    keras.utils.clear_session(free_memory=False)
    tf.reset_default_graph()
