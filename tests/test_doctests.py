"""The examples in docstrings do what they say."""

import doctest
import importlib
import pkgutil

import pytest

import onevar

MODULES = [
    info.name
    for info in pkgutil.walk_packages(onevar.__path__, "onevar.")
    if not info.name.startswith(("onevar.adapters.", "onevar.conformance", "onevar.cli", "onevar.doctor"))
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder()
    found = [t for name in MODULES for t in finder.find(importlib.import_module(name)) if t.examples]
    assert len(found) >= 4
