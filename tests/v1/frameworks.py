"""Adapters and ways to run a function, for the tests of differentiation, control flow and compilation."""

import importlib

import numpy as np
import pytest

DIFFERENTIATING = ("torch", "jax", "tensorflow")


def load(name):
    pytest.importorskip(name)
    return importlib.import_module(f"onevar.adapters.{name}").ADAPTER


@pytest.fixture(name="any_adapter", params=["numpy", *DIFFERENTIATING])
def every_adapter(request):
    adapter = load(request.param)
    with adapter.computing():
        yield adapter


@pytest.fixture(name="adapter", params=DIFFERENTIATING)
def differentiating_adapter(request):
    adapter = load(request.param)
    with adapter.computing():
        yield adapter


def modes(adapter):
    """Ways to run a function of tensors: at once, and compiled."""

    def compiled(fn, *xs):
        return adapter.compile(lambda state, args: (fn(*args), []), donate=False)([], list(xs))[0]

    return (lambda fn, *xs: fn(*xs)), compiled


def array(x):
    return np.asarray(x, np.float64)


def values(adapter, xs):
    return [None if x is None else adapter.to_numpy(x).tolist() for x in xs]
