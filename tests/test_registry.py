"""Finding adapters: by name, by value, by default, and not at all."""

import random
import subprocess
import sys
from importlib import metadata

import numpy as np
import pytest

import onevar
from onevar.adapters.contract import KERNELS, Adapter
from onevar.core import registry
from onevar.errors import AdapterError, FrameworkMissing


@pytest.fixture(autouse=True)
def _no_default(monkeypatch):
    monkeypatch.delenv("ONEVAR_BACKEND", raising=False)
    onevar.set_backend(None)
    yield
    onevar.set_backend(None)


def _like_numpy(**changes):
    base = type(registry.adapter("numpy"))
    return type("Changed", (base,), {"name": "changed", **changes})


def test_unknown_backend_says_what_there_is():
    with pytest.raises(FrameworkMissing, match=r"backend 'theano'.*Known: .*numpy.*Installed here: .*numpy"):
        onevar.Variable(1.0, backend="theano")


def test_missing_framework_says_what_to_install(monkeypatch):
    monkeypatch.setattr(registry, "_is_installed", lambda name: name == "numpy")
    monkeypatch.delitem(registry._loaded, "torch", raising=False)
    with pytest.raises(FrameworkMissing, match=r'needs the module torch: pip install "onevar\[torch\]".*here: numpy'):
        registry.adapter("torch")


def test_order_of_defaults(monkeypatch):
    monkeypatch.setattr(registry, "installed", lambda: ("numpy",))
    monkeypatch.setattr(registry, "_preferred", None)  # another test may have imported Keras
    assert onevar.backend() == "numpy"
    registry.prefer("preferred")
    assert onevar.backend() == "preferred"
    monkeypatch.setenv("ONEVAR_BACKEND", "environment")
    assert onevar.backend() == "environment"
    registry.register(_like_numpy()())
    try:
        onevar.set_backend("changed")
        assert onevar.backend() == "changed"
        with onevar.use_backend("numpy"):
            assert onevar.backend() == "numpy"
            assert onevar.Variable(1.0, backend="changed").backend == "changed"
        assert onevar.Variable(1.0).backend == "changed"
    finally:
        registry.unregister("changed")


def test_a_tensor_brings_its_framework():
    assert onevar.adapter_of(np.ones(2)).name == "numpy"
    assert onevar.adapter_of("text") is None


def test_asking_about_a_value_imports_nothing():
    code = (
        "import onevar, sys, numpy; onevar.adapter_of(numpy.ones(1)); onevar.adapter_of(object());"
        "sys.exit('torch' in sys.modules or 'jax' in sys.modules or 'tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_registering_twice_is_refused():
    registry.register(_like_numpy()())
    try:
        with pytest.raises(AdapterError, match="'changed' is registered already"):
            registry.register(_like_numpy()())
    finally:
        registry.unregister("changed")
    with pytest.raises(AdapterError, match="'numpy' is registered already"):
        registry.register(_like_numpy(name="numpy")())


def test_registering_something_else_is_refused():
    with pytest.raises(AdapterError, match="expected an Adapter"):
        registry.register(object())


def test_registration_drops_what_was_remembered_about_types():
    class Thing:
        pass

    assert onevar.adapter_of(Thing()) is None
    mine = _like_numpy(owns=lambda self, x: isinstance(x, Thing))()
    registry.register(mine)
    try:
        assert onevar.adapter_of(Thing()) is mine
    finally:
        registry.unregister("changed")
    assert onevar.adapter_of(Thing()) is None


def test_two_packages_with_one_name_are_refused(monkeypatch):
    points = [metadata.EntryPoint("x", f"{package}:ADAPTER", registry.GROUP) for package in ("one", "two")]
    monkeypatch.setattr(registry, "_entry_points", None)
    monkeypatch.setattr(registry.metadata, "entry_points", lambda group: points)
    with pytest.raises(AdapterError, match="two packages register an adapter 'x'"):
        registry.known()


def test_an_adapter_without_all_kernels_is_refused():
    partial = {name: None for name in KERNELS if name != "matmul"}
    with pytest.raises(AdapterError, match=r"missing kernels \['matmul'\]"):
        _like_numpy(kernels=partial)()


def test_an_unknown_capability_is_refused():
    with pytest.raises(AdapterError, match=r"unknown capabilities in lacks \['flying'\]"):
        _like_numpy(lacks={"flying": "no wings"})()


def test_an_adapter_that_omits_a_method_cannot_be_made():
    incomplete = type("Incomplete", (Adapter,), {"name": "i", "module": "i", "kernels": dict.fromkeys(KERNELS)})
    with pytest.raises(TypeError, match="abstract"):
        incomplete()


def test_loading_a_framework_leaves_global_generators_alone(monkeypatch):
    class Point:
        name = "changed"
        value = "changed:ADAPTER"

        def load(self):
            np.random.random(3)
            random.random()
            return _like_numpy()()

    monkeypatch.setattr(registry, "_points", lambda: {"changed": Point()})
    monkeypatch.setattr(registry, "_is_installed", lambda name: True)
    random.seed(5)
    np.random.seed(5)
    registry._import("changed")
    drawn = random.random(), np.random.random()
    random.seed(5)
    np.random.seed(5)
    assert drawn == (random.random(), np.random.random())
