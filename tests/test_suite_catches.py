"""Deliberately broken adapters turn the conformance suite red where they should; a sound one leaves it green."""

import json
from functools import cache
from pathlib import Path

import pytest
from broken_adapters import BROKEN, Broken, Sound

import onevar.conformance
from onevar.core import registry

SUITE = Path(onevar.conformance.__file__).parent


def _named(kind: type[Sound]) -> Sound:
    """An instance under its own name: `WrongCast` is `"wrongcast"`."""
    return type(kind.__name__, (kind,), {"name": kind.__name__.lower()})()


@pytest.fixture(scope="module")
def conformance(tmp_path_factory):
    """Run the suite in this process on an adapter that is registered meanwhile; return status and results."""
    folder = tmp_path_factory.mktemp("conformance")

    def run(kind, *arguments):
        adapter, result = _named(kind), folder / f"{kind.__name__}.json"
        registry.register(adapter)
        try:
            options = ["-p", "onevar.conformance.plugin", "-p", "no:cacheprovider", "-q", "--tb=line"]
            target = ["--backend", adapter.name, "--onevar-json", str(result), "--rootdir", str(SUITE)]
            status = pytest.main([*options, *target, *map(str, arguments)])
        finally:
            registry.unregister(adapter.name)
        return status, json.loads(result.read_text())

    return run


@pytest.fixture(scope="module")
def verdict(conformance):
    """Return what the suite says about one requirement of an adapter."""

    def ask(kind, requirement):
        modules = [path for path in SUITE.glob("test_*.py") if f'"{requirement}"' in path.read_text()]
        _, result = conformance(kind, "--requirement", requirement, *modules)
        return next(row["verdict"] for row in result["results"] if row["requirement"] == requirement)

    return ask


@pytest.fixture(scope="module")
def control(verdict):
    """Return what the suite says about the sound adapter; each requirement is asked once."""
    return cache(lambda requirement: verdict(Sound, requirement))


@pytest.mark.parametrize("broken", BROKEN, ids=lambda b: b.adapter.__name__)
def test_broken_adapter_is_caught(verdict, control, monkeypatch, broken: Broken):
    assert control(broken.requirement) in ("passed", "skipped"), "the sound adapter fails: red would prove nothing"
    if broken.patch is not None:
        broken.patch(monkeypatch)
    assert verdict(broken.adapter, broken.requirement) == "failed"


def test_sound_adapter_is_green(conformance):
    """The control: what the broken ones are made from has no defect that the suite sees."""
    # Exchange takes a subclass of ndarray for NumPy's own, and has broken borders in tests of its own.
    status, result = conformance(Sound, *(p for p in SUITE.glob("test_*.py") if "exchange" not in p.name))
    failed = {
        row["requirement"]: [t["reason"].splitlines()[0] for t in row["tests"] if t["outcome"] == "failed"]
        for row in result["results"]
        if row["verdict"] == "failed"
    }
    assert (status, failed) == (pytest.ExitCode.OK, {})


def test_there_are_enough_of_them():
    assert len(BROKEN) >= 10
    assert len({b.adapter for b in BROKEN}) == len(BROKEN)
