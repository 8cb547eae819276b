"""Adapters that break the v1 engine's promises turn the conformance suite red where they should."""

import json
from functools import cache
from pathlib import Path

import pytest
from broken_engines import BROKEN, Broken, sound

import onevar.conformance
from onevar.core import registry

SUITE = Path(onevar.conformance.__file__).parent


@pytest.fixture(scope="module")
def verdict(tmp_path_factory):
    """Return what the suite says about one requirement of an adapter, which is registered meanwhile."""
    folder = tmp_path_factory.mktemp("conformance")

    def ask(kind, requirement):
        adapter, result = kind(), folder / f"{kind.__name__}.json"
        modules = [path for path in SUITE.glob("test_*.py") if f'"{requirement}"' in path.read_text()]
        options = ["-p", "onevar.conformance.plugin", "-p", "no:cacheprovider", "-q", "--tb=line"]
        target = ["--backend", adapter.name, "--requirement", requirement, "--onevar-json", str(result)]
        registry.register(adapter)
        try:
            pytest.main([*options, *target, "--rootdir", str(SUITE), *map(str, modules)])
        finally:
            registry.unregister(adapter.name)
        rows = json.loads(result.read_text())["results"]
        return next(row["verdict"] for row in rows if row["requirement"] == requirement)

    return ask


@pytest.fixture(scope="module")
def control(verdict):
    """Return what the suite says about a framework's own adapter under another name."""
    return cache(lambda framework, requirement: verdict(sound(framework), requirement))


@pytest.mark.parametrize("broken", BROKEN, ids=lambda b: b.name)
def test_broken_engine_is_caught(verdict, control, broken: Broken):
    pytest.importorskip(broken.framework)
    assert control(broken.framework, broken.requirement) == "passed", "the sound adapter fails: red would prove nothing"
    assert verdict(broken.kind(), broken.requirement) == "failed"
