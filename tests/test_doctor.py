"""`onevar doctor`: what it finds, what it says, and that it is not fooled. Needs NumPy alone."""

import io
import json
import sys

import numpy as np
import pytest

from onevar import doctor
from onevar.adapters.numpy import NumpyAdapter
from onevar.core import registry
from onevar.dtypes import DTYPES
from onevar.errors import CopyRequired, FrameworkMissing


class Mirror(NumpyAdapter):
    """Another adapter over NumPy's arrays, to have a pair where only NumPy is installed."""

    name = "mirror"
    lacks = {"gradients": "it is a mirror"}


class Copycat(Mirror):
    """Copies where it says that it borrows."""

    def borrow(self, array):
        return array.copy()


class Narrow(Mirror):
    """Knows no 64-bit types."""

    def convert(self, x, dtype=None, device=None):
        if dtype in ("int64", "float64", "uint64", "complex128"):
            raise ValueError(f"dtype {dtype!r}: no [wide] types here")
        return super().convert(x, dtype, device)

    def borrow(self, array):
        if array.dtype.name in ("int64", "float64", "uint64", "complex128"):
            raise CopyRequired("borrow(array)", f"it would narrow {array.dtype.name}", "Widen [it]")
        return array


class Ill(Mirror):
    """Is installed, and does not work."""

    def devices(self):
        raise RuntimeError("driver too old")


@pytest.fixture
def beside(monkeypatch):
    """Let the doctor see NumPy and one other adapter, and return what it finds."""
    added = []

    def examine(kind):
        instance = kind()
        registry.register(instance)
        added.append(instance.name)
        monkeypatch.setattr(registry, "known", lambda: ("numpy", instance.name))
        return doctor.doctor()

    yield examine
    monkeypatch.undo()
    for name in added:
        registry.unregister(name)


def _outcomes(data, source, target):
    (pair,) = [p for p in data["exchange"] if (p["source"], p["target"]) == (source, target)]
    return {dtype: cell["outcome"] for dtype, cell in pair["cells"].items()}


def _text(data, width=80):
    from rich.console import Console

    out = io.StringIO()
    doctor.render(data, Console(file=out, width=width, highlight=False))
    return out.getvalue()


def test_everything_crosses(beside):
    data = beside(Mirror)
    assert set(_outcomes(data, "numpy", "mirror").values()) == {"zero-copy"}
    assert list(_outcomes(data, "numpy", "mirror")) == list(DTYPES) == data["dtypes"]
    assert not doctor.is_ill(data)
    assert json.loads(json.dumps(data)) == data
    entry = data["frameworks"][0]
    assert (entry["name"], entry["status"], entry["devices"]) == ("numpy", "found", ["cpu:0"])
    assert entry["version"] == np.__version__
    text = _text(data)
    assert "Everything crosses without a copy." in text
    assert f"✓ {len(DTYPES)}" in text
    assert "gradients: it is a mirror" in text


def test_a_silent_copy_is_found(beside):
    data = beside(Copycat)
    assert set(_outcomes(data, "numpy", "mirror").values()) == {"wrong"}
    assert doctor.is_ill(data)
    assert f"✗ {len(DTYPES)} wrong" in _text(data)
    assert "numpy → mirror" in _text(data)


def test_refusals_and_gaps_have_their_reasons(beside):
    data = beside(Narrow)
    assert _outcomes(data, "numpy", "mirror")["float64"] == "refused"
    assert _outcomes(data, "mirror", "numpy")["float64"] == "absent"
    assert _outcomes(data, "mirror", "numpy")["float32"] == "zero-copy"
    assert not doctor.is_ill(data)
    text = " ".join(_text(data).split())
    assert "13 of 17" in text
    assert "✓ 13" in text
    assert "numpy → mirror: it would narrow them. Widen [it]. (uint64, int64, float64, complex128)" in text
    assert "mirror: mirror has no such tensors as it is configured now." in text


def test_what_does_not_work_is_said(beside):
    data = beside(Ill)
    assert data["frameworks"][1]["status"] == "broken"
    assert "driver too old" in data["frameworks"][1]["cure"]
    assert data["exchange"] == []
    assert doctor.is_ill(data)
    assert "driver too old" in _text(data)


def test_what_is_missing_is_said(monkeypatch):
    monkeypatch.setattr(registry, "known", lambda: ("numpy", "absent"))
    monkeypatch.setattr(registry, "installed", lambda: ("numpy",))
    load = registry.adapter

    def adapter(name):
        if name == "absent":
            raise FrameworkMissing(
                "backend 'absent' needs the module absent: pip install \"onevar[absent]\". Installed here: numpy."
            )
        return load(name)

    monkeypatch.setattr(registry, "adapter", adapter)
    data = doctor.doctor()
    assert data["frameworks"][1]["status"] == "missing"
    assert data["frameworks"][1]["cure"].endswith('pip install "onevar[absent]"')
    assert not doctor.is_ill(data)
    assert 'pip install "onevar[absent]"' in _text(data, 100)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_fits_the_terminal(beside, width):
    assert max(map(len, _text(beside(Narrow), width).splitlines())) <= width


def test_main(beside, capsys):
    beside(Mirror)
    assert doctor.main(json=True) == 0
    assert json.loads(capsys.readouterr().out)["edition"] == doctor.EDITION
    assert doctor.main() == 0
    assert "Exchange on cpu:0" in capsys.readouterr().out


def test_main_of_an_ill_machine(beside, capsys):
    beside(Copycat)
    assert doctor.main(json=True) == 1
    assert "another address" in capsys.readouterr().out


def test_without_rich(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "rich", None)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert doctor.main() == 2
    assert 'pip install "onevar[conformance]"' in capsys.readouterr().err
    with pytest.raises(ImportError, match="onevar\\[conformance\\]"):
        doctor.render({})
