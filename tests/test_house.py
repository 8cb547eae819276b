"""Rules of the house that no linter has."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = [
    path
    for folder in ("shim", "adapters", "conformance", "examples", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_are_small(path):
    assert len(path.read_text().splitlines()) <= 450, "split it: one subject a file"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_say_what_they_are(path):
    assert ast.get_docstring(ast.parse(path.read_text())), "no module docstring"


def test_nothing_is_called_utils():
    assert not [p for p in SOURCES if "util" in p.stem or "helper" in p.stem]
